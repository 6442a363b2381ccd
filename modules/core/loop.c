/* The part of the loop that both worlds share: a heap of timers ordered by (deadline, arming) and the queue of
 * deferred work. Called by loop_real.c and loop_sim.c, and by every owner of a timer. */
#include "modules/core/frame.h"
#include "modules/core/loop_internal.h"
#include <stdlib.h>

void loop_base_init(struct loop *loop, const struct loop_ops *ops)
{
    loop->ops = ops;
    loop->order = 1;
}

void loop_base_fini(struct loop *loop)
{
    frame_pool_free(loop->frames);
    free(loop->heap);
}

void loop_free(struct loop *loop)
{
    if (loop)
        loop->ops->free(loop);
}

int loop_run(struct loop *loop, nstime until)
{
    loop->stopped = false;
    return loop->ops->run(loop, until);
}

void loop_stop(struct loop *loop)
{
    loop->stopped = true;
    if (loop->ops->stop)
        loop->ops->stop(loop);
}

nstime loop_now(const struct loop *loop)
{
    return loop->now;
}

nstime loop_now_fresh(struct loop *loop)
{
    return loop->ops->fresh(loop);
}

nstime loop_wall(const struct loop *loop)
{
    return loop->ops->wall(loop);
}

nstime loop_cpu(const struct loop *loop)
{
    return loop->ops->cpu ? loop->ops->cpu(loop) : 0;
}

/* ---- turns of other threads ---- */

void loop_enter(struct loop *loop)
{
    if (loop->ops->enter)
        loop->ops->enter(loop, true);
}

bool loop_try_enter(struct loop *loop)
{
    return !loop->ops->enter || loop->ops->enter(loop, false);
}

void loop_leave(struct loop *loop)
{
    if (loop->ops->leave)
        loop->ops->leave(loop);
}

void loop_wake(struct loop *loop)
{
    if (loop->ops->wake)
        loop->ops->wake(loop);
}

void loop_catch_up_set(struct loop *loop, void (*fn)(void *arg), void *arg)
{
    loop->catch_up = fn;
    loop->catch_up_arg = arg;
}

void loop_release(struct loop *loop)
{
    if (loop->ops->release)
        loop->ops->release(loop);
}

void loop_reacquire(struct loop *loop)
{
    if (loop->ops->reacquire)
        loop->ops->reacquire(loop);
}

/* ---- timers ---- */

static bool timer_before(const struct timer *a, const struct timer *b)
{
    return a->deadline != b->deadline ? a->deadline < b->deadline : a->order < b->order;
}

static void heap_put(struct loop *loop, unsigned slot, struct timer *t)
{
    loop->heap[slot] = t;
    t->heap_slot = slot;
}

static void heap_up(struct loop *loop, unsigned slot)
{
    struct timer *t = loop->heap[slot];
    while (slot > 1 && timer_before(t, loop->heap[slot / 2])) {
        heap_put(loop, slot, loop->heap[slot / 2]);
        slot /= 2;
    }
    heap_put(loop, slot, t);
}

static void heap_down(struct loop *loop, unsigned slot)
{
    struct timer *t = loop->heap[slot];
    for (;;) {
        unsigned child = slot * 2;
        if (child > loop->n_heap)
            break;
        if (child < loop->n_heap && timer_before(loop->heap[child + 1], loop->heap[child]))
            child++;
        if (!timer_before(loop->heap[child], t))
            break;
        heap_put(loop, slot, loop->heap[child]);
        slot = child;
    }
    heap_put(loop, slot, t);
}

void timer_init(struct timer *t, struct loop *loop, void (*fire)(void *), void *arg)
{
    *t = (struct timer){.loop = loop, .fire = fire, .arg = arg, .part = (uint8_t)loop->meter.current};
}

void timer_class(struct timer *t, enum timer_class cls)
{
    t->cls = (uint8_t)cls;
}

void timer_start_at(struct timer *t, nstime when)
{
    struct loop *loop = t->loop;
    timer_stop(t);
    if (loop->n_heap + 2 > loop->cap_heap) {
        unsigned cap = loop->cap_heap ? loop->cap_heap * 2 : 64;
        struct timer **heap = realloc(loop->heap, cap * sizeof *heap);
        if (!heap) /* a router that silently loses timers is worse than one that is gone */
            abort();
        loop->heap = heap;
        loop->cap_heap = cap;
    }
    t->deadline = when < loop->now ? loop->now : when;
    t->order = loop->order++;
    loop->n_heap++;
    heap_put(loop, loop->n_heap, t);
    heap_up(loop, loop->n_heap);
}

void timer_start(struct timer *t, nstime delay)
{
    nstime now = t->loop->now;
    timer_start_at(t, delay <= 0 ? now : delay > INT64_MAX - now ? INT64_MAX : now + delay);
}

void timer_stop(struct timer *t)
{
    unsigned slot = t->heap_slot;
    if (!slot)
        return;
    struct loop *loop = t->loop;
    struct timer *last = loop->heap[loop->n_heap--];
    t->heap_slot = 0;
    if (last == t)
        return;
    heap_put(loop, slot, last);
    heap_up(loop, slot);
    heap_down(loop, last->heap_slot);
}

bool timer_armed(const struct timer *t)
{
    return t->heap_slot != 0;
}

nstime timer_left(const struct timer *t)
{
    if (!t->heap_slot || t->deadline <= t->loop->now)
        return 0;
    return t->deadline - t->loop->now;
}

struct timer *loop_next_timer(const struct loop *loop)
{
    return loop->n_heap ? loop->heap[1] : NULL;
}

void loop_count(struct loop *loop, void (*fn)(void *))
{
    loop->since_move++;
    if (loop->last_ran[0] != fn) {
        loop->last_ran[1] = loop->last_ran[0];
        loop->last_ran[0] = fn;
    }
}

void loop_fire(struct timer *t)
{
    struct loop *loop = t->loop;
    timer_stop(t);
    loop_count(loop, t->fire);
    nstime began = meter_run_begin(loop, t->part);
    meter_timer_fired(loop, t, began);
    t->fire(t->arg);
    meter_run_end(loop, began);
}

/* ---- deferred work ---- */

void loop_defer(struct loop *loop, struct task *task)
{
    if (task->queued)
        return;
    task->queued = true;
    task->next = NULL;
    if (!task->part)
        task->part = (uint8_t)loop->meter.current;
    if (loop->task_tail)
        loop->task_tail->next = task;
    else
        loop->task_head = task;
    loop->task_tail = task;
}

void loop_cancel(struct loop *loop, struct task *task)
{
    if (!task->queued)
        return;
    struct task *prev = NULL;
    for (struct task *t = loop->task_head; t; prev = t, t = t->next) {
        if (t != task)
            continue;
        if (prev)
            prev->next = t->next;
        else
            loop->task_head = t->next;
        if (loop->task_tail == t)
            loop->task_tail = prev;
        break;
    }
    task->queued = false;
    task->next = NULL;
}

bool loop_run_tasks(struct loop *loop)
{
    if (!loop->task_tail)
        return false;
    /* Any queued task may be cancelled meanwhile: a marker of our own bounds this round. */
    struct task mark = {0};
    loop_defer(loop, &mark);
    for (;;) {
        struct task *t = loop->task_head;
        loop->task_head = t->next;
        if (!loop->task_head)
            loop->task_tail = NULL;
        t->queued = false;
        t->next = NULL;
        if (t == &mark)
            return true;
        loop_count(loop, t->run);
        nstime began = meter_run_begin(loop, t->part);
        t->run(t->arg);
        meter_run_end(loop, began);
    }
}

/* ---- descriptors ---- */

struct loop_fd *loop_fd_add(struct loop *loop, int fd, unsigned events, void (*ready)(void *arg, unsigned events),
                            void *arg)
{
    return loop->ops->fd_add ? loop->ops->fd_add(loop, fd, events, false, ready, arg) : NULL;
}

struct loop_fd *loop_fd_add_link(struct loop *loop, int fd, void (*ready)(void *arg, unsigned events), void *arg)
{
    return loop->ops->fd_add ? loop->ops->fd_add(loop, fd, LOOP_READ, true, ready, arg) : NULL;
}

void loop_fd_change(struct loop_fd *lf, unsigned events)
{
    if (lf)
        lf->loop->ops->fd_change(lf, events);
}

void loop_fd_del(struct loop_fd *lf)
{
    if (lf)
        lf->loop->ops->fd_del(lf);
}
