/* The worker's thread against the loop's: jobs submitted from timers, cancelled at random while they wait, run or have
 * just ended, and workers freed with jobs in flight. Plain, for ThreadSanitizer. */
#include "modules/core/worker.h"
#include "modules/crypto/crypto.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SLOTS = 40, ROUNDS = 20, TICKS = 150 };
struct bench;
struct item {
    struct bench *b;
    unsigned slot;
    uint8_t secret[64], pub[CRYPTO_DH_MAX];
    struct dh *dh;
    struct worker_job *job;
};
struct bench {
    struct loop *loop;
    struct worker *w;
    struct timer timer;
    struct item *slot[SLOTS];
    unsigned ticks, submitted, done, dropped, seed;
};

static unsigned chance(struct bench *b)
{
    b->seed = b->seed * 1103515245u + 12345u;
    return b->seed >> 16;
}

static void item_run(void *arg)
{
    struct item *i = arg;
    i->dh = dh_new(1, i->secret, sizeof i->secret);
    if (i->dh)
        dh_public(i->dh, i->pub);
}

static void item_free(struct item *i)
{
    dh_free(i->dh);
    crypto_wipe(i, sizeof *i);
    free(i);
}

static void item_done(void *arg)
{
    struct item *i = arg;
    i->b->done++;
    i->b->slot[i->slot] = NULL;
    item_free(i);
}

static void item_drop(void *arg)
{
    struct item *i = arg;
    i->b->dropped++;
    item_free(i);
}

static void tick(void *arg)
{
    static const struct worker_ops ops = {item_run, item_done, item_drop};
    struct bench *b = arg;
    for (unsigned n = 0; n < 6; n++) {
        unsigned at = chance(b) % SLOTS;
        struct item *i = b->slot[at];
        if (i) {
            b->slot[at] = NULL;
            worker_cancel(b->w, i->job);
        } else if ((i = calloc(1, sizeof *i))) {
            i->b = b;
            i->slot = at;
            memset(i->secret, (int)(at + 1), sizeof i->secret);
            if (worker_submit(b->w, &ops, i, &i->job))
                exit(1);
            b->slot[at] = i;
            b->submitted++;
        }
    }
    if (++b->ticks == TICKS)
        loop_stop(b->loop);
    else
        timer_start(&b->timer, NS_PER_MS / 2);
}

int main(void)
{
    unsigned done = 0, dropped = 0, bad = 0;
    for (unsigned round = 0; round < ROUNDS; round++) {
        struct bench b = {.loop = loop_new_real(), .seed = round};
        b.w = worker_new(b.loop);
        timer_init(&b.timer, b.loop, tick, &b);
        timer_start(&b.timer, 0);
        loop_run(b.loop, INT64_MAX);
        worker_free(b.w); /* with jobs in flight */
        loop_free(b.loop);
        bad += b.submitted != b.done + b.dropped;
        done += b.done;
        dropped += b.dropped;
    }
    printf("%u done, %u dropped\n", done, dropped);
    printf("%s every job is done or dropped, once\n", bad || !done || !dropped ? "not ok" : "ok");
    return bad || !done || !dropped;
}
