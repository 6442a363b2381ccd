/* The real clock and descriptors, on libevent. libevent only says which descriptors are ready; the order in which
 * they are served is ours: links first, then other descriptors, then one timer that is due, then deferred work, and
 * round again. So frames that waited are handled before any due timer: a late process must not declare a live
 * neighbour dead (DESIGN 1). Used by `tapir router`. */
#include "modules/core/loop_internal.h"
#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <time.h>

#define LINK_ROUNDS                                                                                                    \
    32 /* drains of at most 64 frames in front of a due timer: a flood may delay timers, not stop them */

struct loop_real_fd {
    struct loop_fd base;
    struct event *ev;
    int fd;
    bool link, dead;
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
    if (wait == 0) {
        flags |= EVLOOP_NONBLOCK; /* without ONCE it goes round until nothing is ready, and we have read nothing yet */
    } else if (wait > 0) {
        struct timeval tv = {.tv_sec = wait / NS_PER_S, .tv_usec = wait % NS_PER_S / NS_PER_US + 1};
        event_add(l->alarm, &tv);
    }
    event_base_loop(l->eb, flags);
    if (wait > 0)
        event_del(l->alarm);
    l->base.now = clock_read(CLOCK_MONOTONIC);
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
        if (!f->dead)
            f->ready(f->arg, events);
    }
    l->serving = false;
    if (l->swept)
        fd_unlink_dead(l);
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
        for (unsigned round = 0; l->n_ready_links && round < LINK_ROUNDS && !loop->stopped; round++) {
            serve(l, true);
            poll_fds(l, 0);
        }
        if (!loop->stopped && l->n_ready_others)
            serve(l, false);
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
    event_base_free(l->eb);
    loop_base_fini(loop);
    free(l);
}

static const struct loop_ops real_ops = {.run = real_run,
                                         .stop = real_stop,
                                         .fresh = real_fresh,
                                         .wall = real_wall,
                                         .cpu = real_cpu,
                                         .fd_add = real_fd_add,
                                         .fd_change = real_fd_change,
                                         .fd_del = real_fd_del,
                                         .free = real_free};

struct loop *loop_new_real(void)
{
    struct loop_real *l = calloc(1, sizeof *l);
    struct event_config *config = event_config_new();
    if (!l || !config)
        goto fail;
    event_config_set_flag(config, EVENT_BASE_FLAG_PRECISE_TIMER);
    l->eb = event_base_new_with_config(config);
    l->alarm = l->eb ? event_new(l->eb, -1, 0, on_alarm, NULL) : NULL;
    if (!l->alarm)
        goto fail;
    event_config_free(config);
    l->fds_tail = &l->fds;
    loop_base_init(&l->base, &real_ops);
    l->base.now = clock_read(CLOCK_MONOTONIC);
    return &l->base;
fail:
    if (l && l->eb)
        event_base_free(l->eb);
    if (config)
        event_config_free(config);
    free(l);
    errno = ENOMEM;
    return NULL;
}
