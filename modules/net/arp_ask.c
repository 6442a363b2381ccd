/* Asks whether a neighbour is there: a few ARP requests in short order, beside the cache, whose own pace (a request a
 * second) is made for other things. Used by the redundancy facility to tell a dead interface from a silent protocol. */
#include "modules/net/stack.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct arp_ask {
    struct net *net;
    char ifname[40]; /* the interface may go in between */
    uint32_t ip;
    unsigned left;
    nstime interval;
    struct timer timer;
    void (*fn)(void *arg, bool alive);
    void *arg;
    struct arp_ask *next;
};

void arp_ask_cancel(struct arp_ask *ask)
{
    if (!ask)
        return;
    struct arp_ask **pp = &ask->net->asks;
    while (*pp && *pp != ask)
        pp = &(*pp)->next;
    if (*pp)
        *pp = ask->next;
    timer_stop(&ask->timer);
    free(ask);
}

static void ask_over(struct arp_ask *ask, bool alive)
{
    void (*fn)(void *arg, bool alive) = ask->fn;
    void *arg = ask->arg;
    arp_ask_cancel(ask);
    fn(arg, alive);
}

static void ask_fire(void *arg)
{
    struct arp_ask *ask = arg;
    struct netif *n = netif_find(ask->net->router, ask->ifname);
    if (!ask->left) {
        ask_over(ask, false);
        return;
    }
    ask->left--;
    timer_start(&ask->timer, ask->interval);
    if (n && n->line_up && n->link)
        arp_request_to(nif_of(n), ask->ip);
}

struct arp_ask *arp_ask(struct netif *n, const struct addr *who, unsigned tries, nstime interval,
                        void (*fn)(void *arg, bool alive), void *arg)
{
    struct arp_ask *ask = calloc(1, sizeof *ask);
    if (!ask)
        return NULL;
    *ask = (struct arp_ask){
        .net = nif_of(n)->net, .ip = addr_v4_get(who), .left = tries, .interval = interval, .fn = fn, .arg = arg};
    snprintf(ask->ifname, sizeof ask->ifname, "%s", n->name);
    timer_init(&ask->timer, ask->net->loop, ask_fire, ask);
    ask->next = ask->net->asks;
    ask->net->asks = ask;
    timer_start(&ask->timer, 0);
    return ask;
}

void arp_ask_heard(struct nif *nif, uint32_t ip)
{
    for (struct arp_ask *ask = nif->net->asks, *next; ask; ask = next) {
        next = ask->next;
        if (ask->ip != ip || strcmp(ask->ifname, nif->n.name) != 0)
            continue;
        ask_over(ask, true);
        return; /* the list may have changed; another ask for the same neighbour has its next answer */
    }
}

void arp_ask_free_all(struct net *net)
{
    while (net->asks)
        arp_ask_cancel(net->asks);
}
