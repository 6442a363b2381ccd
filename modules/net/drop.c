/* Named drop reasons: every discarded frame is counted under one (show drops), and a trace hook sees it. Called by
 * every stage of the frame path and by the protocols. */
#include "modules/net/stack.h"

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
    struct drop_count *d = net_of(r) ? drop_find(net_of(r), reason) : NULL;
    return d ? d->n : 0;
}

void ip_drop_hook(struct router *r, void (*fn)(void *arg, const char *reason, const struct frame *f), void *arg)
{
    net_of(r)->drop_hook = fn;
    net_of(r)->drop_hook_arg = arg;
}
