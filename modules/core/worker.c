/* See worker.h. */
#include "modules/core/worker.h"
#include "modules/core/meter.h"
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define TURN_MAX (300 * NS_PER_US) /* results handed over in one turn of the loop; the rest in the next */

enum job_state { JOB_WAITS, JOB_RUNS, JOB_ENDED };
struct worker_job {
    struct worker_job *next;
    const struct worker_ops *ops;
    void *arg;
    enum job_state state; /* under the lock */
    bool cancelled;       /* the loop's own */
};
struct job_list {
    struct worker_job *first, *last;
};
struct worker {
    struct loop *loop;
    unsigned pending;
    struct task task; /* sim */
    /* real side */
    bool threaded;
    pthread_t thread;
    int fd;
    struct loop_fd *watch;
    unsigned meter;
    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t wake;
    struct job_list waiting, ended;
    bool stop;
};

static void list_add(struct job_list *l, struct worker_job *j)
{
    j->next = NULL;
    *(l->last ? &l->last->next : &l->first) = j;
    l->last = j;
}

static struct worker_job *list_take(struct job_list *l)
{
    struct worker_job *j = l->first;
    if (!j)
        return NULL;
    l->first = j->next;
    if (!l->first)
        l->last = NULL;
    return j;
}

static void list_remove(struct job_list *l, struct worker_job *j)
{
    struct worker_job *before = NULL;
    for (struct worker_job *p = l->first; p != j; p = p->next)
        before = p;
    *(before ? &before->next : &l->first) = j->next;
    if (l->last == j)
        l->last = before;
}

static void deliver(struct worker *w, struct worker_job *j)
{
    const struct worker_ops *ops = j->ops;
    void *arg = j->arg;
    bool cancelled = j->cancelled;
    w->pending--;
    free(j);
    (cancelled ? ops->drop : ops->done)(arg);
}

/* ---- the thread ---- */

static void tell_loop(struct worker *w)
{
    uint64_t one = 1;
    while (write(w->fd, &one, sizeof one) < 0 && errno == EINTR)
        ;
}

static void *worker_main(void *arg)
{
    struct worker *w = arg;
    pthread_mutex_lock(&w->lock);
    while (!w->stop) {
        struct worker_job *j = list_take(&w->waiting);
        if (!j) {
            pthread_cond_wait(&w->wake, &w->lock);
            continue;
        }
        j->state = JOB_RUNS;
        pthread_mutex_unlock(&w->lock);
        j->ops->run(j->arg);
        pthread_mutex_lock(&w->lock);
        j->state = JOB_ENDED;
        list_add(&w->ended, j);
        tell_loop(w);
    }
    pthread_mutex_unlock(&w->lock);
    return NULL;
}

static struct worker_job *take_ended(struct worker *w)
{
    pthread_mutex_lock(&w->lock);
    struct worker_job *j = list_take(&w->ended);
    pthread_mutex_unlock(&w->lock);
    return j;
}

static void on_ended(void *arg, unsigned events)
{
    struct worker *w = arg;
    uint64_t n;
    (void)events;
    if (read(w->fd, &n, sizeof n) < 0)
        return;
    nstime end = loop_now_fresh(w->loop) + TURN_MAX;
    struct worker_job *j;
    while ((j = take_ended(w))) {
        deliver(w, j);
        if (loop_now_fresh(w->loop) >= end) {
            tell_loop(w); /* maybe for nothing: then the next turn finds nothing */
            return;
        }
    }
}

static int thread_start(struct worker *w)
{
    sigset_t all, before;
    if (w->threaded)
        return 0;
    w->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    w->watch = w->fd < 0 ? NULL : loop_fd_add(w->loop, w->fd, LOOP_READ, on_ended, w);
    if (!w->watch)
        goto fail;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before); /* signals are the control thread's */
    int rc = pthread_create(&w->thread, NULL, worker_main, w);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (rc)
        goto fail;
    w->threaded = true;
    w->meter = meter_thread(w->loop, "Crypto Support", w->thread, false);
    return 0;
fail:
    loop_fd_del(w->watch);
    w->watch = NULL;
    if (w->fd >= 0)
        close(w->fd);
    w->fd = -1;
    return -ENOMEM;
}

static void thread_end(struct worker *w)
{
    if (!w->threaded)
        return;
    pthread_mutex_lock(&w->lock);
    w->stop = true;
    pthread_cond_signal(&w->wake);
    pthread_mutex_unlock(&w->lock);
    meter_thread_gone(w->loop, w->meter);
    pthread_join(w->thread, NULL);
    loop_fd_del(w->watch);
    close(w->fd);
}

/* ---- sim: one job a round of deferred work ---- */

static void sim_turn(void *arg)
{
    struct worker *w = arg;
    struct worker_job *j = list_take(&w->waiting);
    if (w->waiting.first)
        loop_defer(w->loop, &w->task);
    if (!j)
        return;
    j->ops->run(j->arg);
    deliver(w, j);
}

/* ---- all ---- */

struct worker *worker_new(struct loop *loop)
{
    struct worker *w = calloc(1, sizeof *w);
    pthread_mutexattr_t a;
    if (!w)
        return NULL;
    w->loop = loop;
    w->fd = -1;
    w->task = (struct task){.run = sim_turn, .arg = w};
    pthread_mutexattr_init(&a);
    pthread_mutexattr_setprotocol(&a, PTHREAD_PRIO_INHERIT); /* the control thread may be a real-time one */
    pthread_mutex_init(&w->lock, &a);
    pthread_mutexattr_destroy(&a);
    pthread_cond_init(&w->wake, NULL);
    return w;
}

void worker_free(struct worker *w)
{
    if (!w)
        return;
    thread_end(w);
    loop_cancel(w->loop, &w->task);
    struct worker_job *j;
    while ((j = list_take(&w->ended)) || (j = list_take(&w->waiting))) {
        j->cancelled = true;
        deliver(w, j);
    }
    pthread_mutex_destroy(&w->lock);
    pthread_cond_destroy(&w->wake);
    free(w);
}

int worker_submit(struct worker *w, const struct worker_ops *ops, void *arg, struct worker_job **job)
{
    bool sim = loop_is_sim(w->loop);
    if (w->pending >= WORKER_QUEUE_MAX)
        return -EAGAIN;
    struct worker_job *j = calloc(1, sizeof *j);
    if (!j || (!sim && thread_start(w))) {
        free(j);
        return -ENOMEM;
    }
    *j = (struct worker_job){.ops = ops, .arg = arg};
    w->pending++;
    *job = j;
    if (sim) {
        list_add(&w->waiting, j);
        loop_defer(w->loop, &w->task);
        return 0;
    }
    pthread_mutex_lock(&w->lock);
    list_add(&w->waiting, j);
    pthread_cond_signal(&w->wake);
    pthread_mutex_unlock(&w->lock);
    return 0;
}

void worker_cancel(struct worker *w, struct worker_job *job)
{
    pthread_mutex_lock(&w->lock);
    bool waits = job->state == JOB_WAITS;
    if (waits)
        list_remove(&w->waiting, job);
    pthread_mutex_unlock(&w->lock);
    job->cancelled = true;
    if (waits)
        deliver(w, job);
}

unsigned worker_pending(const struct worker *w)
{
    return w->pending;
}
