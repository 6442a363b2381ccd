/* What loop.c (timers, deferred work), loop_real.c and loop_sim.c share. Nobody else includes it. */
#ifndef TAPIR_CORE_LOOP_INTERNAL_H
#define TAPIR_CORE_LOOP_INTERNAL_H
#include "modules/core/loop.h"
#include "modules/core/meter_internal.h"
#include <stddef.h>

struct frame_pool;
struct loop_ops {
    int (*run)(struct loop *loop, nstime until);
    void (*stop)(struct loop *loop);
    nstime (*fresh)(struct loop *loop);
    nstime (*wall)(const struct loop *loop);
    nstime (*cpu)(const struct loop *loop); /* NULL: none to speak of */
    nstime (*thread_cpu)(pthread_t thread); /* what one thread has used; NULL where the meter is off */
    struct loop_fd *(*fd_add)(struct loop *loop, int fd, unsigned events, bool link,
                              void (*ready)(void *arg, unsigned events), void *arg);
    void (*fd_change)(struct loop_fd *lf, unsigned events);
    void (*fd_del)(struct loop_fd *lf);
    void (*free)(struct loop *loop);
    /* NULL in sim: one thread */
    bool (*enter)(struct loop *loop, bool wait);
    void (*leave)(struct loop *loop);
    void (*wake)(struct loop *loop);
    void (*release)(struct loop *loop);
    void (*reacquire)(struct loop *loop);
};
/* First member of every kind of loop. */
struct loop {
    const struct loop_ops *ops;
    nstime now;
    bool stopped;
    struct timer **heap; /* 1-based */
    unsigned n_heap, cap_heap;
    uint64_t order;
    struct task *task_head, *task_tail;
    unsigned since_move;         /* timers fired and tasks run since `now` moved; only sim looks at it */
    void (*last_ran[2])(void *); /* the last two different ones, newest first */
    struct frame_pool *frames;
    void (*catch_up)(void *arg);
    void *catch_up_arg;
    struct meter meter;
};
struct loop_fd {
    struct loop *loop;
};

void loop_base_init(struct loop *loop, const struct loop_ops *ops);
void loop_base_fini(struct loop *loop);
struct timer *loop_next_timer(const struct loop *loop); /* NULL: none armed */
void loop_fire(struct timer *t);                        /* disarms and calls */
void loop_count(struct loop *loop, void (*fn)(void *));
bool loop_run_tasks(struct loop *loop); /* runs what is queued now, not what that queues; true if any ran */
#endif
