/* The loop's meter: lateness by class, whose time it was, the longest turn; nothing of it in sim. */
#include "modules/core/meter.h"
#include <criterion/criterion.h>

struct bench {
    struct loop *loop;
    struct timer timer;
    nstime busy;
    unsigned left;
};

static void burn(struct loop *loop, nstime how_long)
{
    for (nstime end = loop_now_fresh(loop) + how_long; loop_now_fresh(loop) < end;)
        ;
}

static void work(void *arg)
{
    struct bench *b = arg;
    burn(b->loop, b->busy);
    if (--b->left)
        timer_start(&b->timer, NS_PER_MS / 10);
    else
        loop_stop(b->loop);
}

Test(meter, real_loop_counts_lateness_parts_and_turns)
{
    struct bench b = {.loop = loop_new_real(), .busy = 2 * NS_PER_MS, .left = 20};
    unsigned part = meter_part(b.loop, "Burner");
    cr_assert_eq(meter_part(b.loop, "Burner"), part);
    unsigned was = meter_enter(b.loop, part);
    timer_init(&b.timer, b.loop, work, &b);
    meter_leave(b.loop, was);
    timer_class(&b.timer, TIMER_HOLD);
    timer_start(&b.timer, 0);
    meter_sample(b.loop);
    loop_run(b.loop, loop_now_fresh(b.loop) + 10 * NS_PER_S);
    meter_sample(b.loop);
    struct meter_lateness l;
    meter_lateness(b.loop, TIMER_HOLD, &l);
    cr_assert_eq(l.n, 20);
    cr_assert(l.p50 <= l.p99 && l.p99 <= l.p999 && l.p999 <= l.max && l.max > 0);
    struct meter_row row;
    meter_row(b.loop, part, &row);
    cr_assert_geq(row.runs, 20);
    cr_assert_geq(row.longest, 2 * NS_PER_MS);
    cr_assert_geq(row.used, 20 * NS_PER_MS, "%lld ns", (long long)row.used); /* half of it, on a busy machine */
    struct meter_turns t;
    meter_turns(b.loop, &t);
    cr_assert_geq(t.over, 19); /* the last one ended the loop */
    cr_assert_str_eq(t.part, "Burner");
    cr_assert_geq(t.longest, t.part_longest);
    meter_clear(b.loop);
    meter_lateness(b.loop, TIMER_HOLD, &l);
    cr_assert_eq(l.n, 0);
    cr_assert_eq(l.max, 0);
    loop_free(b.loop);
}

static void late(void *arg)
{
    struct bench *b = arg;
    burn(b->loop, b->left == 1 ? 0 : b->busy);
    b->left--;
}

Test(meter, a_timer_behind_a_long_run_is_late_by_it)
{
    struct bench b = {.loop = loop_new_real(), .busy = 5 * NS_PER_MS, .left = 2};
    struct timer second;
    timer_init(&b.timer, b.loop, late, &b);
    timer_init(&second, b.loop, late, &b);
    timer_class(&second, TIMER_HELLO);
    timer_start(&b.timer, NS_PER_MS);
    timer_start(&second, NS_PER_MS + 1);
    loop_run(b.loop, loop_now_fresh(b.loop) + 50 * NS_PER_MS);
    struct meter_lateness l;
    meter_lateness(b.loop, TIMER_HELLO, &l);
    cr_assert_eq(l.n, 1);
    cr_assert_geq(l.max, 49 * NS_PER_MS / 10);
    timer_stop(&second);
    loop_free(b.loop);
}

Test(meter, sim_counts_nothing)
{
    struct bench b = {.loop = loop_new_sim(0), .left = 3};
    timer_init(&b.timer, b.loop, work, &b);
    timer_start(&b.timer, NS_PER_MS);
    loop_run(b.loop, NS_PER_S);
    meter_sample(b.loop);
    struct meter_lateness l;
    meter_lateness(b.loop, TIMER_OTHER, &l);
    cr_assert_eq(l.n, 0);
    for (unsigned i = 0; i < meter_rows(b.loop); i++) {
        struct meter_row row;
        meter_row(b.loop, i, &row);
        cr_assert(row.runs == 0 && row.used == 0 && row.longest == 0);
    }
    loop_free(b.loop);
}
