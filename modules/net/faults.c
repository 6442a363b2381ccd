/* Faults between a link and what is plugged into it: seeded loss, reordering, duplication, corruption, delay and cuts,
 * the same on taps and in memory. Called by link.c, which everything that crosses a link passes. */
#include "modules/core/router.h"
#include "modules/net/link.h"
#include <stdlib.h>

enum { FAULT_HELD_MAX = 4096 };

struct held {
    struct held *next;
    struct frame *f;
    nstime at;
    bool out; /* towards the wire */
};
struct link_fault {
    struct link_fault_spec spec;
    struct router *router;
    struct link *link;
    struct held *list, *spare; /* list: by time, then arrival */
    unsigned n;
    struct timer timer;
};

static void put_one(struct link *l, struct frame *f, bool out)
{
    struct frame_vec v;
    v.n = 1;
    v.f[0] = f;
    if (out && l->up)
        l->ops->tx(l, &v);
    else if (!out && l->rx)
        l->rx(l->arg, &v);
    frame_free_vec(&v);
}

static void release_due(void *arg)
{
    struct link_fault *lf = arg;
    while (lf->list && lf->list->at <= loop_now(lf->router->loop)) {
        struct held *h = lf->list;
        struct link *l = lf->link;
        lf->list = h->next;
        lf->n--;
        struct frame *f = h->f;
        bool out = h->out;
        h->next = lf->spare;
        lf->spare = h;
        put_one(l, f, out);
        if (l->fault != lf)
            return; /* cleared by what the frame caused */
    }
    if (lf->list)
        timer_start_at(&lf->timer, lf->list->at);
}

static void hold(struct link_fault *lf, struct frame *f, nstime delay, bool out)
{
    struct held *h = lf->spare;
    if (lf->n == FAULT_HELD_MAX || (!h && !(h = malloc(sizeof *h)))) {
        frame_free(f);
        return;
    }
    if (h == lf->spare)
        lf->spare = h->next;
    *h = (struct held){.f = f, .at = loop_now(lf->router->loop) + delay, .out = out};
    struct held **pp = &lf->list;
    while (*pp && (*pp)->at <= h->at)
        pp = &(*pp)->next;
    h->next = *pp;
    *pp = h;
    lf->n++;
    timer_start_at(&lf->timer, lf->list->at);
}

static bool chance(struct link_fault *lf, double percent)
{
    if (percent <= 0)
        return false;
    return rng_below(lf->router, RNG_FAULT, 1000000) < (uint32_t)(percent * 10000);
}

/* One frame through the fault; consumes it. */
static void suffer(struct link_fault *lf, struct frame *f, bool out)
{
    const struct link_fault_spec *s = &lf->spec;
    if (s->cut || (s->oneway && out) || chance(lf, s->loss)) {
        frame_free(f);
        return;
    }
    if (f->len && chance(lf, s->corrupt)) {
        uint32_t bit = rng_below(lf->router, RNG_FAULT, f->len * 8);
        f->data[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    nstime delay = s->delay_ms * NS_PER_MS;
    if (chance(lf, s->dup)) {
        struct frame *copy = frame_copy(f);
        if (copy)
            hold(lf, copy, delay + NS_PER_MS, out);
    }
    if (chance(lf, s->reorder)) /* late enough that those behind overtake */
        delay += (nstime)(1 + rng_below(lf->router, RNG_FAULT, 20)) * NS_PER_MS;
    if (delay)
        hold(lf, f, delay, out);
    else
        put_one(lf->link, f, out);
}

void link_fault_pass(struct link *l, struct frame_vec *v, bool out)
{
    unsigned n = v->n;
    v->n = 0;
    for (unsigned i = 0; i < n; i++) {
        if (l->fault)
            suffer(l->fault, v->f[i], out);
        else
            put_one(l, v->f[i], out); /* the fault was cleared by what a frame before caused */
    }
}

void link_fault_set(struct link *l, struct router *r, const struct link_fault_spec *spec)
{
    struct link_fault *lf = l->fault;
    if (spec) {
        if (!lf) {
            lf = calloc(1, sizeof *lf);
            if (!lf)
                return;
            lf->link = l;
            lf->router = r;
            timer_init(&lf->timer, r->loop, release_due, lf);
            __atomic_store_n(&l->fault, lf, __ATOMIC_RELEASE); /* the data plane's thread looks at it */
        }
        lf->spec = *spec;
        return;
    }
    if (!lf)
        return;
    l->fault = NULL;
    timer_stop(&lf->timer);
    for (struct held *h; (h = lf->list);) { /* what was under way is lost */
        lf->list = h->next;
        frame_free(h->f);
        free(h);
    }
    for (struct held *h; (h = lf->spare);) {
        lf->spare = h->next;
        free(h);
    }
    free(lf);
}
