/* The simulated clock: time stands still while work is done, then jumps to the next timer. Used by `tapir sim` and
 * by unit tests. Order within an instant: what a timer caused (frames on their way, deferred work) is finished
 * before the next timer fires (DESIGN 1). */
#include "modules/core/loop_internal.h"
#include <stdlib.h>

struct loop_sim {
    struct loop base;
    nstime wall_at_zero;
};

static int sim_run(struct loop *loop, nstime until)
{
    while (!loop->stopped) {
        while (!loop->stopped && loop_run_tasks(loop))
            ;
        if (loop->stopped)
            break;
        struct timer *t = loop_next_timer(loop);
        if (!t || t->deadline > until) {
            if (until != INT64_MAX && until > loop->now)
                loop->now = until;
            break;
        }
        if (t->deadline > loop->now)
            loop->now = t->deadline;
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
    s->wall_at_zero = wall_at_zero;
    return &s->base;
}

bool loop_is_sim(const struct loop *loop)
{
    return loop->ops == &sim_ops;
}
