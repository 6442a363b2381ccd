/* The static host table. Filled by `ip host` (modules/interface), asked by ping and traceroute, shown by show hosts. */
#include "modules/net/hosts.h"
#include "modules/net/stack.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

/* Where the name stands, or where it would. */
static struct host **place(struct net *net, const char *name)
{
    struct host **at = &net->hosts;
    while (*at && strcasecmp((*at)->name, name) < 0)
        at = &(*at)->next;
    return at;
}

int host_put(struct router *r, const char *name, const struct addr *addrs, unsigned n)
{
    struct net *net = net_of(r);
    struct host **at = place(net, name), *h = *at;
    if (!h || strcasecmp(h->name, name) != 0) {
        if (net->n_hosts == HOSTS_MAX)
            return -ENOSPC;
        h = calloc(1, sizeof *h);
        if (!h)
            return -ENOMEM;
        snprintf(h->name, sizeof h->name, "%s", name);
        h->next = *at;
        *at = h;
        net->n_hosts++;
    }
    h->n_addrs = n < HOST_ADDRS_MAX ? n : HOST_ADDRS_MAX;
    for (unsigned i = 0; i < h->n_addrs; i++)
        h->addr[i] = addrs[i];
    return 0;
}

void host_drop(struct router *r, const char *name)
{
    struct net *net = net_of(r);
    struct host **at = place(net, name), *h = *at;
    if (!h || strcasecmp(h->name, name) != 0)
        return;
    *at = h->next;
    free(h);
    net->n_hosts--;
}

const struct host *host_find(const struct router *r, const char *name)
{
    const struct host *h = *place(net_of(r), name);
    return h && !strcasecmp(h->name, name) ? h : NULL;
}

const struct host *host_next(const struct router *r, const struct host *prev)
{
    return prev ? prev->next : net_of(r)->hosts;
}

void hosts_fini(struct net *net)
{
    while (net->hosts) {
        struct host *h = net->hosts;
        net->hosts = h->next;
        free(h);
    }
}

bool host_resolve(const struct router *r, const char *text, struct addr *out)
{
    if (addr_parse(text, out))
        return true;
    const struct host *h = host_find(r, text);
    if (!h || !h->n_addrs)
        return false;
    *out = h->addr[0];
    return true;
}
