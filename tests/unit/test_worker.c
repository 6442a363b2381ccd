/* The worker: order, results on the loop, cancelled jobs, a full queue, the end with jobs in flight; both sides. */
#include "modules/core/worker.h"
#include <criterion/criterion.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { JOBS = 200 };
struct shop {
    struct loop *loop;
    struct worker *w;
    unsigned done, dropped, order[WORKER_QUEUE_MAX + 8];
    bool stop_at_end;
    pthread_t loop_thread;
};
struct item {
    struct shop *shop;
    unsigned number, result;
    bool ran_elsewhere;
};

static void item_run(void *arg)
{
    struct item *i = arg;
    i->result = i->number * 3;
    i->ran_elsewhere = !pthread_equal(pthread_self(), i->shop->loop_thread);
    for (volatile unsigned n = 0; n < 20000; n++)
        ;
}

static void item_done(void *arg)
{
    struct item *i = arg;
    struct shop *s = i->shop;
    cr_assert(pthread_equal(pthread_self(), s->loop_thread));
    cr_assert_eq(i->result, i->number * 3);
    cr_assert_eq(i->ran_elsewhere, !loop_is_sim(s->loop));
    s->order[s->done++] = i->number;
    if (s->stop_at_end && s->done + s->dropped == JOBS)
        loop_stop(s->loop);
    free(i);
}

static void item_drop(void *arg)
{
    struct item *i = arg;
    i->shop->dropped++;
    if (i->shop->stop_at_end && i->shop->done + i->shop->dropped == JOBS)
        loop_stop(i->shop->loop);
    free(i);
}

static const struct worker_ops ops = {item_run, item_done, item_drop};

static int submit(struct shop *s, unsigned number, struct worker_job **job)
{
    struct item *i = calloc(1, sizeof *i);
    *i = (struct item){.shop = s, .number = number};
    int rc = worker_submit(s->w, &ops, i, job);
    if (rc)
        free(i);
    return rc;
}

static void open_shop(struct shop *s, bool sim)
{
    memset(s, 0, sizeof *s);
    s->loop = sim ? loop_new_sim(0) : loop_new_real();
    s->w = worker_new(s->loop);
    s->loop_thread = pthread_self();
}

static void close_shop(struct shop *s)
{
    worker_free(s->w);
    loop_free(s->loop);
}

static void all_come_back_in_order(bool sim)
{
    struct shop s;
    struct worker_job *job;
    open_shop(&s, sim);
    s.stop_at_end = !sim;
    for (unsigned n = 0; n < JOBS; n++)
        cr_assert_eq(submit(&s, n, &job), 0);
    cr_assert_eq(s.done, 0, "never inside submit");
    nstime before = loop_now(s.loop);
    loop_run(s.loop, sim ? INT64_MAX : loop_now_fresh(s.loop) + 20 * NS_PER_S);
    cr_assert_eq(s.done, JOBS);
    for (unsigned n = 0; n < JOBS; n++)
        cr_assert_eq(s.order[n], n);
    if (sim)
        cr_assert_eq(loop_now(s.loop), before, "the same instant");
    cr_assert_eq(worker_pending(s.w), 0);
    close_shop(&s);
}

Test(worker, real_jobs_come_back_in_order)
{
    all_come_back_in_order(false);
}

Test(worker, simulated_jobs_come_back_in_order_at_the_same_instant)
{
    all_come_back_in_order(true);
}

static void cancelled_ones_are_dropped(bool sim)
{
    struct shop s;
    struct worker_job *job[JOBS];
    open_shop(&s, sim);
    s.stop_at_end = !sim;
    for (unsigned n = 0; n < JOBS; n++)
        cr_assert_eq(submit(&s, n, &job[n]), 0);
    for (unsigned n = 0; n < JOBS; n += 2)
        worker_cancel(s.w, job[n]); /* the first may be running */
    loop_run(s.loop, sim ? INT64_MAX : loop_now_fresh(s.loop) + 20 * NS_PER_S);
    cr_assert_eq(s.done, JOBS / 2);
    cr_assert_eq(s.dropped, JOBS / 2);
    for (unsigned n = 0; n < s.done; n++)
        cr_assert_eq(s.order[n] % 2, 1);
    close_shop(&s);
}

Test(worker, cancelled_jobs_are_dropped)
{
    cancelled_ones_are_dropped(false);
    cancelled_ones_are_dropped(true);
}

static void queue_has_a_limit(bool sim)
{
    struct shop s;
    struct worker_job *job;
    unsigned taken = 0;
    open_shop(&s, sim);
    while (taken < 2 * WORKER_QUEUE_MAX && submit(&s, taken, &job) == 0)
        taken++;
    cr_assert_eq(taken, WORKER_QUEUE_MAX);
    cr_assert_eq(submit(&s, 0, &job), -EAGAIN);
    close_shop(&s); /* the end with jobs in flight: nothing is done, nothing leaks */
}

Test(worker, queue_has_a_limit_and_the_end_drops_what_is_in_it)
{
    queue_has_a_limit(false);
    queue_has_a_limit(true);
}
