/* The links that the data plane's thread reads: added and dropped by the thread itself, between two vectors, when the
 * control plane asks for it. Called by netif.c, vlan.c and net.c. */
#include "modules/net/dp_int.h"
#include <sys/epoll.h>

static void link_add(void *ctx, struct ring_msg *m)
{
    struct dp *dp = ((struct net *)ctx)->dp;
    struct dp_thread *t = dp->thread;
    struct nif *nif = m->a;
    struct link *link = nif->n.link;
    struct dp_link *l = NULL;
    for (unsigned i = 0; i < t->n_links && !l; i++)
        if (!t->links[i].used)
            l = &t->links[i];
    if (!l && t->n_links < DP_LINKS_MAX)
        l = &t->links[t->n_links++];
    if (!l)
        return; /* the control plane counted: it does not come to this */
    *l = (struct dp_link){.nif = nif, .link = link, .fd = link->ops->fd(link), .used = true, .hot = true};
    struct epoll_event ev = {.events = EPOLLIN, .data.ptr = l};
    epoll_ctl(t->epoll_fd, EPOLL_CTL_ADD, l->fd, &ev);
}

static void link_drop(void *ctx, struct ring_msg *m)
{
    struct dp *dp = ((struct net *)ctx)->dp;
    struct dp_thread *t = dp->thread;
    for (unsigned i = 0; i < t->n_links; i++) {
        struct dp_link *l = &t->links[i];
        if (!l->used || l->nif != m->a)
            continue;
        if (l->fd >= 0)
            epoll_ctl(t->epoll_fd, EPOLL_CTL_DEL, l->fd, NULL);
        l->used = l->hot = false;
    }
    fast_flush(dp);
}

void dp_attach(struct nif *nif)
{
    struct dp *dp = nif->net->dp;
    struct link *link = nif->n.link;
    if (!link || !nif->net->started || nif->pulled || loop_is_sim(dp->loop) || !link->ops->rx ||
        link->ops->fd(link) < 0 || dp->n_pulled == DP_LINKS_MAX || (!dp->threaded && !dp_thread_start(dp)))
        return;
    link->ops->pull(link, true);
    nif->pulled = true;
    dp->n_pulled++;
    struct ring_msg m = {.run = link_add, .a = nif};
    net_dp_run(nif->net->router, &m);
}

/* Has the thread do it between two vectors, and waits. */
static void run_between(struct net *net, const struct ring_msg *m)
{
    struct router *r = net->router;
    while (!net_dp_run(r, m)) {
        loop_release(r->loop); /* the ring is full of what it wants our lock for */
        loop_reacquire(r->loop);
    }
    while (ring_used(&net->dp->thread->to_data)) {
        loop_release(r->loop);
        net_dp_quiet(r);
        loop_reacquire(r->loop);
    }
    net_dp_quiet(r);
}

static void nothing(void *ctx, struct ring_msg *m)
{
    (void)m;
    fast_flush(((struct net *)ctx)->dp);
}

void dp_sync(struct net *net)
{
    struct ring_msg m = {.run = nothing};
    if (net->dp && net->dp->threaded)
        run_between(net, &m);
}

void dp_detach(struct nif *nif)
{
    if (!nif->pulled) {
        dp_sync(nif->net); /* it sends there nevertheless */
        return;
    }
    nif->pulled = false;
    nif->net->dp->n_pulled--;
    struct ring_msg m = {.run = link_drop, .a = nif};
    run_between(nif->net, &m);
    nif->n.link->ops->pull(nif->n.link, false);
}

/* Frames may be on their way through the link in the thread's hands: it sets the fault itself, between two vectors. */
static void fault_set(void *ctx, struct ring_msg *m)
{
    struct nif *nif = m->a;
    link_fault_set(nif->n.link, ((struct net *)ctx)->router, nif->fault);
}

void netif_fault(struct netif *n, const struct link_fault_spec *spec)
{
    struct nif *nif = nif_of(n);
    struct ring_msg m = {.run = fault_set, .a = nif};
    nif->fault = spec;
    if (nif->net->dp->threaded)
        run_between(nif->net, &m);
    else
        fault_set(nif->net, &m);
    nif->fault = NULL;
}

void dp_start(struct net *net)
{
    for (unsigned i = 0; i < net->n_nifs; i++)
        dp_attach(net->nifs[i]);
}
