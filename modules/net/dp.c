/* The data plane's thread and its dealings with the control plane. The thread reads the links, runs fast.c on each
 * vector and sleeps when nothing waits. What it cannot decide goes through a ring to the control plane; what only it
 * may do comes through the other. Between two vectors it passes a quiet point: then nothing that was retired before can
 * still be in its hands. Called by net.c and netif.c; the thread itself calls only fast.c.
 *
 * Locks: the thread takes the loop's lock for a turn (dp_lock) at most a few microseconds long, to classify the first
 * packet of a flow. While it waits for the lock it uses nothing, so that the control plane may wait for a quiet point
 * while it holds the lock; but it has its vector in hand, and nothing that this refers to may be freed. */
#include "modules/core/meter.h"
#include "modules/core/sched.h"
#include "modules/net/dp_int.h"
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define CATCH_UP_MOST (20 * NS_PER_MS)
enum { CATCH_UP_ROUNDS = 32 };
enum { TURN_MESSAGES = 256, POLL_EVERY = 16 };

static void fd_signal(int fd)
{
    uint64_t one = 1;
    if (write(fd, &one, sizeof one) < 0)
        return; /* full: it is signalled already */
}

static void fd_drain(int fd)
{
    uint64_t n;
    if (read(fd, &n, sizeof n) < 0)
        return;
}

nstime dp_now(const struct dp *dp)
{
    return dp->threaded ? dp->now : loop_now(dp->loop);
}

bool dp_threaded(const struct dp *dp)
{
    return dp->threaded;
}

struct frame_pool *dp_pool(struct dp *dp)
{
    return dp->threaded ? dp->pool : loop_frames(dp->loop);
}

struct frame *dp_frame(struct dp *dp, bool big)
{
    return big ? frame_alloc_big_from(dp_pool(dp), dp_now(dp)) : frame_alloc_from(dp_pool(dp), dp_now(dp));
}

struct dp *net_dp(struct router *r)
{
    return net_of(r)->dp;
}

/* ---- turns in the loop ---- */

static void pause_here(struct dp_thread *t)
{
    atomic_fetch_add(&t->pause, 1);
    if (atomic_exchange(&t->wanted, false))
        sem_post(&t->quiet);
}

static void pass_quiet(struct dp_thread *t)
{
    atomic_fetch_add(&t->epoch, 1);
    pause_here(t);
}

void dp_lock(struct dp *dp)
{
    if (dp->locked++ || !dp->threaded)
        return;
    STAT_ADD(&dp->turns, 1);
    if (!loop_try_enter(dp->loop)) {
        struct dp_thread *t = dp->thread;
        fast_flush(dp);
        atomic_store(&t->state, DP_WAITING);
        pause_here(t);
        loop_enter(dp->loop);
        atomic_store(&t->state, DP_BUSY);
    }
    dp->now = loop_now(dp->loop);
    dp->gen = atomic_load(&dp->net->generation);
}

void dp_unlock(struct dp *dp)
{
    if (--dp->locked || !dp->threaded)
        return;
    loop_leave(dp->loop);
}

/* ---- to the control plane ---- */

bool dp_tell(struct dp *dp, const struct ring_msg *m)
{
    if (!dp->threaded) {
        struct ring_msg now = *m;
        now.run(dp->net, &now);
        return true;
    }
    struct dp_thread *t = dp->thread;
    if (!ring_put(&t->to_control, m))
        return false;
    if (!atomic_exchange(&t->told, true))
        fd_signal(t->control_fd);
    return true;
}

void dp_punt(struct dp *dp, struct nif *nif, struct frame *f, void (*run)(void *net, struct ring_msg *m), bool low)
{
    struct ring_msg m = {.run = run, .a = nif, .frame = f};
    STAT_ADD(&dp->punts, 1);
    /* What only wants an ICMP answer leaves half of the ring to the protocols. */
    if ((low && ring_used(&dp->thread->to_control) > RING_SLOTS / 2) || !dp_tell(dp, &m))
        dp_drop(dp, "punt-queue-full", f);
}

/* Whole ESP packets that no SA here takes want a log line at most. The control thread runs before everybody else: a
 * flood of them stays here. */
enum { ESP_PUNTS = 16 }; /* a millisecond */

bool dp_esp_unwanted(struct dp *dp, const uint8_t *ip)
{
    if (ip[9] != IPPROTO_ESP_ || (be16(ip + 6) & (IP_MF | IP_OFFMASK)))
        return false;
    nstime now = dp_now(dp);
    if (now - dp->esp_punt_at >= NS_PER_MS) {
        dp->esp_punt_at = now;
        dp->esp_punts = 0;
    }
    return dp->esp_punts++ >= ESP_PUNTS;
}

static void reap(struct net *net)
{
    struct dp_thread *t = net->dp->thread;
    while (t && t->retired && (atomic_load(&t->state) == DP_IDLE || atomic_load(&t->epoch) > t->retired->epoch)) {
        struct retired *r = t->retired;
        t->retired = r->next;
        if (!t->retired)
            t->retired_tail = &t->retired;
        r->fn(r->p);
        free(r);
    }
}

static void control_ready(void *arg, unsigned events)
{
    struct net *net = arg;
    struct dp_thread *t = net->dp->thread;
    struct ring_msg m;
    unsigned n = 0;
    (void)events;
    fd_drain(t->control_fd);
    atomic_store(&t->told, false);
    net_enter(net);
    while (n < TURN_MESSAGES && ring_take(&t->to_control, &m)) {
        m.run(net, &m);
        n++;
    }
    net_leave(net);
    if (n == TURN_MESSAGES && !atomic_exchange(&t->told, true))
        fd_signal(t->control_fd);
    reap(net);
}

/* ---- from the control plane ---- */

void net_changed(struct router *r)
{
    struct net *net = net_of(r);
    if (net)
        atomic_fetch_add(&net->generation, 1);
}

bool net_dp_here(struct router *r)
{
    struct dp *dp = net_of(r)->dp;
    return !dp->threaded || pthread_equal(pthread_self(), dp->thread->id);
}

bool net_dp_run(struct router *r, const struct ring_msg *m)
{
    struct net *net = net_of(r);
    struct dp_thread *t = net->dp->thread;
    if (net_dp_here(r)) {
        struct ring_msg now = *m;
        now.run(net, &now);
        return true;
    }
    if (!ring_put(&t->to_data, m))
        return false;
    atomic_thread_fence(memory_order_seq_cst);
    if (atomic_load(&t->state) == DP_IDLE)
        fd_signal(t->wake_fd);
    return true;
}

/* Until the next quiet point, or a millisecond: its sign may be an old one, so callers look again. */
static void wait_quiet(struct dp *dp)
{
    nstime end = loop_now_fresh(dp->loop) + NS_PER_MS;
    struct timespec ts = {.tv_sec = end / NS_PER_S, .tv_nsec = end % NS_PER_S};
    atomic_store(&dp->thread->wanted, true);
    sem_clockwait(&dp->thread->quiet, CLOCK_MONOTONIC, &ts);
}

void net_dp_quiet(struct router *r)
{
    struct dp *dp = net_of(r)->dp;
    struct dp_thread *t = dp->thread;
    if (net_dp_here(r))
        return;
    uint64_t pause = atomic_load(&t->pause);
    while (atomic_load(&t->state) == DP_BUSY && atomic_load(&t->pause) == pause) {
        wait_quiet(dp);
    }
}

void net_dp_retire(struct router *r, void *p, void (*fn)(void *p))
{
    struct net *net = net_of(r);
    if (!net || !net->dp || !net->dp->threaded) {
        fn(p);
        return;
    }
    struct dp_thread *t = net->dp->thread;
    struct retired *e = malloc(sizeof *e);
    if (!e) {
        net_dp_quiet(r);
        fn(p);
        return;
    }
    *e = (struct retired){.p = p, .fn = fn, .epoch = atomic_load(&t->epoch)};
    *t->retired_tail = e;
    t->retired_tail = &e->next;
    reap(net);
}

/* ---- the thread ---- */

static bool serve_link(struct dp *dp, struct dp_link *l)
{
    struct frame_vec v;
    v.n = 0;
    dp_stage_begin(dp);
    unsigned n = l->link->ops->rx(l->link, dp->pool, dp->now, &v);
    l->hot = n == FRAME_VEC;
    dp_stage_end(dp, DP_RX, n);
    if (n)
        fast_input(dp, l->nif, &v);
    else if (l->link->ops->fd(l->link) < 0 && l->used) { /* gone for good: no spin on a dead descriptor */
        epoll_ctl(dp->thread->epoll_fd, EPOLL_CTL_DEL, l->fd, NULL);
        l->fd = -1;
    }
    return n != 0;
}

static void serve_messages(struct dp *dp)
{
    struct ring_msg m;
    if (!ring_used(&dp->thread->to_data))
        return;
    dp_lock(dp);
    while (ring_take(&dp->thread->to_data, &m))
        m.run(dp->net, &m);
    dp_unlock(dp);
    fast_flush(dp);
}

/* Which links have frames; sleeps while none has. */
static void find_ready(struct dp *dp, bool wait)
{
    struct dp_thread *t = dp->thread;
    struct epoll_event ev[32];
    if (wait) {
        STAT_ADD(&dp->idle_waits, 1);
        atomic_fetch_add(&t->idle, 1);
        atomic_store(&t->state, DP_IDLE);
        pass_quiet(t);
        wait = !ring_used(&t->to_data) && !atomic_load(&t->stop);
    }
    int n = epoll_wait(t->epoll_fd, ev, 32, wait ? -1 : 0);
    atomic_store(&t->state, DP_BUSY);
    for (int i = 0; i < n; i++) {
        struct dp_link *l = ev[i].data.ptr;
        if (!l)
            fd_drain(t->wake_fd);
        else if (l->used)
            l->hot = true;
    }
}

static void *dp_main(void *arg)
{
    struct dp *dp = arg;
    struct dp_thread *t = dp->thread;
    frame_pool_adopt(dp->pool);
    while (!atomic_load(&t->stop)) {
        bool any = false;
        for (unsigned i = 0; i < t->n_links; i++)
            any |= t->links[i].hot;
        if (!any || ++t->rounds % POLL_EVERY == 0)
            find_ready(dp, !any);
        pass_quiet(t);
        dp->now = loop_now_fresh(dp->loop);
        dp->gen = atomic_load(&dp->net->generation);
        serve_messages(dp);
        for (unsigned i = 0; i < t->n_links; i++)
            if (t->links[i].hot)
                serve_link(dp, &t->links[i]);
    }
    fast_flush(dp);
    atomic_store(&t->state, DP_IDLE);
    pass_quiet(t);
    return NULL;
}

/* ---- life ---- */

static void thread_free(struct dp_thread *t)
{
    loop_fd_del(t->control_watch);
    if (t->wake_fd >= 0)
        close(t->wake_fd);
    if (t->control_fd >= 0)
        close(t->control_fd);
    if (t->epoll_fd >= 0)
        close(t->epoll_fd);
    sem_destroy(&t->quiet);
    free(t);
}

/* What waited at the links when it was called is in the ring when it returns: the thread found nothing more twice (the
 * first time it may have been about to sleep), or went round often enough for what was there. */
static void catch_up(void *arg)
{
    struct dp *dp = arg;
    struct dp_thread *t = dp->thread;
    uint64_t idle = atomic_load(&t->idle), epoch = atomic_load(&t->epoch);
    nstime end = loop_now_fresh(dp->loop) + CATCH_UP_MOST;
    loop_release(dp->loop);
    for (unsigned step = 1; step <= 2; step++) {
        fd_signal(t->wake_fd);
        while (atomic_load(&t->idle) < idle + step && atomic_load(&t->epoch) < epoch + CATCH_UP_ROUNDS &&
               loop_now_fresh(dp->loop) < end)
            wait_quiet(dp);
    }
    loop_reacquire(dp->loop);
}

bool dp_thread_start(struct dp *dp)
{
    struct dp_thread *t = aligned_alloc(64, (sizeof *t + 63) & ~(size_t)63);
    if (!t)
        return false;
    memset(t, 0, sizeof *t);
    sem_init(&t->quiet, 0, 0);
    t->retired_tail = &t->retired;
    t->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    t->control_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    t->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    dp->pool = frame_pool_new();
    struct epoll_event ev = {.events = EPOLLIN};
    if (!dp->pool || t->wake_fd < 0 || t->control_fd < 0 || t->epoll_fd < 0 ||
        epoll_ctl(t->epoll_fd, EPOLL_CTL_ADD, t->wake_fd, &ev) ||
        !(t->control_watch = loop_fd_add_link(dp->loop, t->control_fd, control_ready, dp->net)))
        goto fail;
    atomic_store(&t->state, DP_BUSY);
    frame_pool_adopt(loop_frames(dp->loop));
    dp->thread = t;
    dp->threaded = true; /* before the thread looks */
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before); /* signals are the control thread's */
    int rc = pthread_create(&t->id, NULL, dp_main, dp);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (rc == 0) {
        t->meter = meter_thread(dp->loop, "Data Plane", t->id, true);
        sched_control_thread(dp->loop);
        loop_catch_up_set(dp->loop, catch_up, dp);
        return true;
    }
    dp->threaded = false;
    dp->thread = NULL;
fail:
    frame_pool_free(dp->pool);
    dp->pool = NULL;
    thread_free(t);
    return false;
}

int dp_init(struct net *net)
{
    struct dp *dp = net->dp = calloc(1, sizeof *dp);
    if (!dp)
        return -ENOMEM;
    dp->net = net;
    dp->loop = net->loop;
    return 0;
}

static void thread_stop(struct dp *dp)
{
    struct dp_thread *t = dp->thread;
    struct ring_msg m;
    atomic_store(&t->stop, true);
    fd_signal(t->wake_fd);
    loop_release(dp->loop); /* it may wait for a turn */
    pthread_join(t->id, NULL);
    loop_reacquire(dp->loop);
    loop_catch_up_set(dp->loop, NULL, NULL);
    meter_thread_gone(dp->loop, t->meter);
    dp->threaded = false;
    frame_pool_adopt(dp->pool);
    while (ring_take(&t->to_control, &m)) /* too late */
        frame_free(m.frame);
    while (ring_take(&t->to_data, &m))
        frame_free(m.frame);
    atomic_store(&t->state, DP_IDLE);
    reap(dp->net);
}

void dp_stop(struct net *net)
{
    struct dp *dp = net->dp;
    if (!dp || !dp->threaded)
        return;
    thread_stop(dp);
    dp->n_pulled = 0;
    for (unsigned i = 0; i < net->n_nifs; i++)
        if (net->nifs[i]->pulled) {
            net->nifs[i]->pulled = false;
            net->nifs[i]->n.link->ops->pull(net->nifs[i]->n.link, false);
        }
}

void dp_fini(struct net *net)
{
    struct dp *dp = net->dp;
    if (!dp)
        return;
    fast_fini(dp);
    if (dp->thread)
        thread_free(dp->thread);
    frame_pool_free(dp->pool);
    free(dp);
    net->dp = NULL;
}
