/* The simulated clock: time stands still while work is done, then jumps to the next timer. Used by `tapir sim` and
 * by unit tests. Order within an instant: what a timer caused (frames on their way, deferred work) is finished
 * before the next timer fires (DESIGN 1). */
#include "modules/core/loop_internal.h"
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

/* The busiest instant that is meant (ten thousand SAs taken over) stays far below. More is a timer or a task that arms
 * itself without delay: time would stand still for ever, so the run ends here and names who it was. */
enum { SIM_INSTANT_MAX = 1000000 };

struct loop_sim {
    struct loop base;
    nstime wall_at_zero;
};

static void who(void (*fn)(void *))
{
    union {
        void (*fn)(void *);
        void *p;
    } at = {.fn = fn};
    Dl_info d;
    if (fn && dladdr(at.p, &d))
        fprintf(stderr, "loop:   %s (addr2line -fe %s %#zx)\n", d.dli_sname ? d.dli_sname : "?", d.dli_fname,
                (size_t)((char *)at.p - (char *)d.dli_fbase));
}

static void stalled(const struct loop *loop)
{
    fprintf(stderr, "loop: %u events and time still stands at %.9f s; the last owners:\n", loop->since_move,
            (double)loop->now / NS_PER_S);
    who(loop->last_ran[0]);
    who(loop->last_ran[1]);
    abort();
}

static int sim_run(struct loop *loop, nstime until)
{
    while (!loop->stopped) {
        while (!loop->stopped && loop_run_tasks(loop))
            if (loop->since_move > SIM_INSTANT_MAX)
                stalled(loop);
        if (loop->stopped)
            break;
        struct timer *t = loop_next_timer(loop);
        if (!t || t->deadline > until) {
            if (until != INT64_MAX && until > loop->now) {
                loop->now = until;
                loop->since_move = 0;
            }
            break;
        }
        if (t->deadline > loop->now) {
            loop->now = t->deadline;
            loop->since_move = 0;
        } else if (loop->since_move > SIM_INSTANT_MAX) {
            stalled(loop);
        }
        loop_fire(t);
    }
    return 0;
}

static nstime sim_fresh(struct loop *loop)
{
    return loop->now;
}

static nstime sim_wall(const struct loop *loop)
{
    return ((const struct loop_sim *)loop)->wall_at_zero + loop->now;
}

static void sim_free(struct loop *loop)
{
    loop_base_fini(loop);
    free(loop);
}

static const struct loop_ops sim_ops = {.run = sim_run, .fresh = sim_fresh, .wall = sim_wall, .free = sim_free};

struct loop *loop_new_sim(nstime wall_at_zero)
{
    struct loop_sim *s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    loop_base_init(&s->base, &sim_ops);
    meter_init(&s->base, false);
    s->wall_at_zero = wall_at_zero;
    return &s->base;
}

bool loop_is_sim(const struct loop *loop)
{
    return loop->ops == &sim_ops;
}
