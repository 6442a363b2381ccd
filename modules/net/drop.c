/* Named drop reasons: every discarded frame is counted under one (show drops), and a trace hook sees it. Called by
 * every stage of the frame path and by the protocols. */
#include "modules/net/dp.h"
#include <stdlib.h>

static struct drop_count *drop_find(struct net *net, const char *reason)
{
    for (unsigned i = 0; i < net->n_drops; i++)
        if (net->drops[i].reason == reason)
            return &net->drops[i];
    for (unsigned i = 0; i < net->n_drops; i++)
        if (!strcmp(net->drops[i].reason, reason))
            return &net->drops[i];
    return NULL;
}

void ip_drop_count(struct router *r, const char *reason, unsigned n)
{
    struct net *net = net_of(r);
    if (!net)
        return;
    struct drop_count *d = drop_find(net, reason);
    if (!d) {
        if (net->n_drops == DROP_REASONS_MAX)
            return;
        d = &net->drops[net->n_drops++];
        d->reason = reason;
    }
    d->n += n;
}

void ip_drop(struct router *r, const char *reason, struct frame *f)
{
    struct net *net = net_of(r);
    if (net) {
        ip_drop_count(r, reason, 1);
        if (net->drop_hook)
            net->drop_hook(net->drop_hook_arg, reason, f);
        if (f && f->in)
            f->in->counters.in_drops++;
    }
    frame_free(f);
}

uint64_t ip_drop_get(struct router *r, const char *reason)
{
    struct net *net = net_of(r);
    struct drop_count *d = net ? drop_find(net, reason) : NULL;
    uint64_t n = d ? d->n : 0;
    for (unsigned i = 0; net && i < DROP_REASONS_MAX; i++) {
        const char *have = atomic_load_explicit(&net->dp->drops[i].reason, memory_order_acquire);
        if (!have)
            break;
        n += strcmp(have, reason) ? 0 : STAT_GET(&net->dp->drops[i].n);
    }
    return n;
}

static void snapshot_add(struct drop_count *list, unsigned *n, const char *reason, uint64_t count)
{
    unsigned at = 0;
    while (at < *n && strcmp(list[at].reason, reason) < 0)
        at++;
    if (at < *n && !strcmp(list[at].reason, reason)) {
        list[at].n += count;
        return;
    }
    memmove(&list[at + 1], &list[at], (*n - at) * sizeof *list);
    list[at] = (struct drop_count){reason, count};
    ++*n;
}

unsigned drop_snapshot(struct net *net, struct drop_count **out)
{
    unsigned n = 0;
    struct drop_count *list = *out = calloc(2 * DROP_REASONS_MAX + LINK_DROPS, sizeof *list);
    if (!list)
        return 0;
    for (unsigned i = 0; i < net->n_drops; i++)
        snapshot_add(list, &n, net->drops[i].reason, net->drops[i].n);
    for (unsigned i = 0; i < DROP_REASONS_MAX; i++) {
        const char *reason = atomic_load_explicit(&net->dp->drops[i].reason, memory_order_acquire);
        if (reason)
            snapshot_add(list, &n, reason, STAT_GET(&net->dp->drops[i].n));
    }
    for (unsigned i = 0; i < net->n_nifs; i++)
        for (unsigned k = 0; net->nifs[i]->n.link && k < LINK_DROPS; k++) {
            uint64_t lost = link_drop_get(net->nifs[i]->n.link, k);
            if (lost)
                snapshot_add(list, &n, link_drop_name(k), lost);
        }
    return n;
}

void ip_drop_hook(struct router *r, void (*fn)(void *arg, const char *reason, const struct frame *f), void *arg)
{
    net_of(r)->drop_hook = fn;
    net_of(r)->drop_hook_arg = arg;
}
