/* The real clock and descriptors, on libevent. libevent only says which descriptors are ready; the order in which
 * they are served is ours: links first, then other descriptors, then one timer that is due, then deferred work, and
 * round again. So frames that waited are handled before any due timer: a late process must not declare a live
 * neighbour dead (DESIGN 1). Its thread holds the loop's lock except while it waits: other threads take their turns
 * then (loop_enter); the lock inherits priority and hands over in order, so that neither side starves the other. Used
 * by `tapir router`. */
#include "modules/core/loop_internal.h"
#include <errno.h>
#include <event2/event.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#define LINK_ROUNDS                                                                                                    \
    32 /* drains of at most 64 frames in front of a due timer: a flood may delay timers, not stop them */
#define LATE NS_PER_MS /* of a timer: then it looks again at what other threads receive */

struct loop_real_fd {
    struct loop_fd base;
    struct event *ev;
    int fd;
    bool link, dead;
    unsigned part; /* meter.h */
    unsigned events, ready_events;
    void (*ready)(void *arg, unsigned events);
    void *arg;
    struct loop_real_fd *next; /* all, in order of registration */
};

struct loop_real {
    struct loop base;
    struct event_base *eb;
    struct event *alarm;
    struct loop_real_fd *fds, **fds_tail;
    unsigned n_ready_links, n_ready_others;
    bool serving, swept;
    pthread_mutex_t lock;
    nstime caught_at;    /* what had arrived by then is handled */
    nstime sleeps_until; /* what it waits for; 0: it does not wait */
    int wake_fd;
    struct event *wake;
    atomic_bool woken;
};

static nstime clock_read(clockid_t id)
{
    struct timespec ts;
    clock_gettime(id, &ts);
    return (nstime)ts.tv_sec * NS_PER_S + ts.tv_nsec;
}

static void on_event(evutil_socket_t fd, short what, void *arg)
{
    struct loop_real_fd *f = arg;
    struct loop_real *l = (struct loop_real *)f->base.loop;
    (void)fd;
    if (!f->ready_events)
        *(f->link ? &l->n_ready_links : &l->n_ready_others) += 1;
    f->ready_events |= (what & EV_READ ? LOOP_READ : 0) | (what & EV_WRITE ? LOOP_WRITE : 0);
}

static void on_alarm(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what, (void)arg;
}

static void fd_unlink_dead(struct loop_real *l)
{
    struct loop_real_fd **pp = &l->fds;
    while (*pp) {
        struct loop_real_fd *f = *pp;
        if (f->dead) {
            *pp = f->next;
            free(f);
        } else {
            pp = &f->next;
        }
    }
    l->fds_tail = pp;
    l->swept = false;
}

/* Asks the kernel once; waits at most `wait` ns (<0: until something happens). */
static void poll_fds(struct loop_real *l, nstime wait)
{
    int flags = EVLOOP_ONCE;
    meter_turn_end(&l->base);
    if (wait == 0) {
        flags |= EVLOOP_NONBLOCK; /* without ONCE it goes round until nothing is ready, and we have read nothing yet */
    } else if (wait > 0) {
        struct timeval tv = {.tv_sec = wait / NS_PER_S, .tv_usec = wait % NS_PER_S / NS_PER_US + 1};
        event_add(l->alarm, &tv);
    }
    l->sleeps_until = wait < 0 ? INT64_MAX : wait == 0 ? 0 : l->base.now + wait;
    pthread_mutex_unlock(&l->lock);
    event_base_loop(l->eb, flags);
    pthread_mutex_lock(&l->lock);
    l->sleeps_until = 0;
    if (wait > 0)
        event_del(l->alarm);
    l->base.now = clock_read(CLOCK_MONOTONIC);
    meter_turn_begin(&l->base, l->base.now, false);
}

static void serve(struct loop_real *l, bool links)
{
    unsigned *n = links ? &l->n_ready_links : &l->n_ready_others;
    l->serving = true;
    for (struct loop_real_fd *f = l->fds; f && *n; f = f->next) {
        if (f->link != links || !f->ready_events)
            continue;
        unsigned events = f->ready_events;
        f->ready_events = 0;
        *n -= 1;
        if (f->dead)
            continue;
        nstime began = meter_run_begin(&l->base, f->part);
        f->ready(f->arg, events);
        meter_run_end(&l->base, began);
    }
    l->serving = false;
    if (l->swept)
        fd_unlink_dead(l);
}

static void serve_links(struct loop_real *l)
{
    for (unsigned round = 0; l->n_ready_links && round < LINK_ROUNDS && !l->base.stopped; round++) {
        serve(l, true);
        poll_fds(l, 0);
    }
}

/* A timer that fires late fires behind what arrived in time: the whole process may have stood still (DESIGN 1). */
static void catch_up(struct loop_real *l, const struct timer *t)
{
    if (!l->base.catch_up || t->deadline + LATE > l->base.now || l->caught_at >= t->deadline)
        return;
    l->caught_at = clock_read(CLOCK_MONOTONIC);
    l->base.catch_up(l->base.catch_up_arg);
    poll_fds(l, 0);
    serve_links(l);
}

static int real_run(struct loop *loop, nstime until)
{
    struct loop_real *l = (struct loop_real *)loop;
    loop->now = clock_read(CLOCK_MONOTONIC);
    while (!loop->stopped && loop->now < until) {
        struct timer *t = loop_next_timer(loop);
        nstime end = t && t->deadline < until ? t->deadline : until;
        nstime wait = loop->task_head ? 0 : end == INT64_MAX ? -1 : end > loop->now ? end - loop->now : 0;
        poll_fds(l, wait);
        serve_links(l);
        if (!loop->stopped && l->n_ready_others)
            serve(l, false);
        t = loop_next_timer(loop);
        if (!loop->stopped && t)
            catch_up(l, t);
        t = loop_next_timer(loop);
        if (!loop->stopped && t && t->deadline <= loop->now)
            loop_fire(t);
        if (!loop->stopped)
            loop_run_tasks(loop);
    }
    return 0;
}

static void real_stop(struct loop *loop)
{
    event_base_loopbreak(((struct loop_real *)loop)->eb);
}

static nstime real_fresh(struct loop *loop)
{
    (void)loop;
    return clock_read(CLOCK_MONOTONIC);
}

static nstime real_wall(const struct loop *loop)
{
    (void)loop;
    return clock_read(CLOCK_REALTIME);
}

static nstime real_cpu(const struct loop *loop)
{
    (void)loop;
    return clock_read(CLOCK_PROCESS_CPUTIME_ID);
}

/* ---- turns of other threads ---- */

static bool real_enter(struct loop *loop, bool wait)
{
    struct loop_real *l = (struct loop_real *)loop;
    if (wait)
        pthread_mutex_lock(&l->lock);
    else if (pthread_mutex_trylock(&l->lock))
        return false;
    loop->now = clock_read(CLOCK_MONOTONIC);
    meter_turn_begin(loop, loop->now, true);
    return true;
}

static void real_wake(struct loop *loop)
{
    struct loop_real *l = (struct loop_real *)loop;
    uint64_t one = 1;
    if (!atomic_exchange(&l->woken, true) && write(l->wake_fd, &one, sizeof one) < 0)
        atomic_store(&l->woken, false);
}

static void real_leave(struct loop *loop)
{
    struct loop_real *l = (struct loop_real *)loop;
    const struct timer *t = loop_next_timer(loop);
    bool wake = l->sleeps_until && (loop->task_head || (t && t->deadline < l->sleeps_until));
    meter_turn_end(loop);
    pthread_mutex_unlock(&l->lock);
    if (wake)
        real_wake(loop);
}

static void real_release(struct loop *loop)
{
    meter_turn_end(loop);
    pthread_mutex_unlock(&((struct loop_real *)loop)->lock);
}

static void real_reacquire(struct loop *loop)
{
    pthread_mutex_lock(&((struct loop_real *)loop)->lock);
    meter_turn_begin(loop, clock_read(CLOCK_MONOTONIC), false);
}

static void on_wake(evutil_socket_t fd, short what, void *arg)
{
    struct loop_real *l = arg;
    uint64_t n;
    (void)what;
    if (read(fd, &n, sizeof n) < 0)
        n = 0;
    atomic_store(&l->woken, false); /* who was kept back in between changed what he changed before: it is seen now */
}

static bool lock_init(struct loop_real *l)
{
    pthread_mutexattr_t a;
    if (pthread_mutexattr_init(&a))
        return false;
    pthread_mutexattr_setprotocol(&a, PTHREAD_PRIO_INHERIT);
    bool ok = pthread_mutex_init(&l->lock, &a) == 0;
    pthread_mutexattr_destroy(&a);
    if (ok)
        pthread_mutex_lock(&l->lock);
    return ok;
}

static nstime real_thread_cpu(pthread_t thread)
{
    clockid_t clock;
    return pthread_getcpuclockid(thread, &clock) ? 0 : clock_read(clock);
}

static int fd_arm(struct loop_real_fd *f)
{
    struct loop_real *l = (struct loop_real *)f->base.loop;
    event_del(f->ev);
    if (!f->events)
        return 0;
    short what = (short)(EV_PERSIST | (f->events & LOOP_READ ? EV_READ : 0) | (f->events & LOOP_WRITE ? EV_WRITE : 0));
    return event_assign(f->ev, l->eb, f->fd, what, on_event, f) || event_add(f->ev, NULL) ? -1 : 0;
}

static void fd_forget(struct loop_real_fd *f)
{
    struct loop_real *l = (struct loop_real *)f->base.loop;
    if (f->ready_events)
        *(f->link ? &l->n_ready_links : &l->n_ready_others) -= 1;
    f->ready_events = 0;
}

static void real_fd_del(struct loop_fd *lf)
{
    struct loop_real_fd *f = (struct loop_real_fd *)lf;
    struct loop_real *l = (struct loop_real *)lf->loop;
    event_free(f->ev);
    f->ev = NULL;
    f->dead = true;
    fd_forget(f);
    l->swept = true;
    if (!l->serving)
        fd_unlink_dead(l);
}

static struct loop_fd *real_fd_add(struct loop *loop, int fd, unsigned events, bool link,
                                   void (*ready)(void *arg, unsigned events), void *arg)
{
    struct loop_real *l = (struct loop_real *)loop;
    struct loop_real_fd *f = calloc(1, sizeof *f);
    if (!f)
        return NULL;
    f->base.loop = loop;
    f->fd = fd;
    f->link = link;
    f->part = link ? meter_part(loop, "Net Input") : loop->meter.current;
    f->events = events;
    f->ready = ready;
    f->arg = arg;
    f->ev = event_new(l->eb, fd, EV_PERSIST | EV_READ, on_event, f);
    *l->fds_tail = f;
    l->fds_tail = &f->next;
    if (!f->ev || fd_arm(f)) {
        if (f->ev)
            real_fd_del(&f->base);
        return NULL;
    }
    return &f->base;
}

static void real_fd_change(struct loop_fd *lf, unsigned events)
{
    struct loop_real_fd *f = (struct loop_real_fd *)lf;
    if (f->events == events)
        return;
    fd_forget(f);
    f->events = events;
    fd_arm(f);
}

static void real_free(struct loop *loop)
{
    struct loop_real *l = (struct loop_real *)loop;
    while (l->fds)
        real_fd_del(&l->fds->base);
    event_free(l->alarm);
    event_free(l->wake);
    event_base_free(l->eb);
    close(l->wake_fd);
    pthread_mutex_unlock(&l->lock);
    pthread_mutex_destroy(&l->lock);
    loop_base_fini(loop);
    free(l);
}

static const struct loop_ops real_ops = {.run = real_run,
                                         .stop = real_stop,
                                         .fresh = real_fresh,
                                         .wall = real_wall,
                                         .cpu = real_cpu,
                                         .thread_cpu = real_thread_cpu,
                                         .fd_add = real_fd_add,
                                         .fd_change = real_fd_change,
                                         .fd_del = real_fd_del,
                                         .free = real_free,
                                         .enter = real_enter,
                                         .leave = real_leave,
                                         .wake = real_wake,
                                         .release = real_release,
                                         .reacquire = real_reacquire};

struct loop *loop_new_real(void)
{
    struct loop_real *l = calloc(1, sizeof *l);
    struct event_config *config = event_config_new();
    if (!l || !config)
        goto fail;
    event_config_set_flag(config, EVENT_BASE_FLAG_PRECISE_TIMER);
    l->eb = event_base_new_with_config(config);
    l->alarm = l->eb ? event_new(l->eb, -1, 0, on_alarm, NULL) : NULL;
    l->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    l->wake = l->alarm && l->wake_fd >= 0 ? event_new(l->eb, l->wake_fd, EV_READ | EV_PERSIST, on_wake, l) : NULL;
    if (!l->wake || event_add(l->wake, NULL) || !lock_init(l))
        goto fail;
    event_config_free(config);
    l->fds_tail = &l->fds;
    loop_base_init(&l->base, &real_ops);
    l->base.now = clock_read(CLOCK_MONOTONIC);
    meter_init(&l->base, true);
    return &l->base;
fail:
    if (l && l->wake)
        event_free(l->wake);
    if (l && l->alarm)
        event_free(l->alarm);
    if (l && l->eb)
        event_base_free(l->eb);
    if (l && l->wake_fd > 0)
        close(l->wake_fd);
    if (config)
        event_config_free(config);
    free(l);
    errno = ENOMEM;
    return NULL;
}
