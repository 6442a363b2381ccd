/* Interfaces: creation by name and removal, states with their log lines and events, loads. Called by the interface
 * commands, HSRP and the frame path. Control side only. */
#include "modules/core/ifname.h"
#include "modules/net/vlan.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

void netif_event(struct nif *nif, enum netif_event ev)
{
    struct router *r = nif->n.router;
    for (unsigned i = 0; i < tapir_modules_count; i++) {
        const struct module *m = tapir_modules[i];
        if (m && m->netif_event)
            m->netif_event(r, r->module_states ? r->module_states[i] : NULL, &nif->n, ev);
    }
}

struct netif *netif_find(struct router *r, const char *canonical_name)
{
    struct net *net = net_of(r);
    for (unsigned i = 0; net && i < net->n_nifs; i++)
        if (!strcmp(net->nifs[i]->n.name, canonical_name))
            return &net->nifs[i]->n;
    return NULL;
}

struct netif *netif_by_index(struct router *r, unsigned index)
{
    struct net *net = net_of(r);
    for (unsigned i = 0; net && i < net->n_nifs; i++)
        if (net->nifs[i]->n.index == index)
            return &net->nifs[i]->n;
    return NULL;
}

struct netif *netif_next(struct router *r, struct netif *prev)
{
    struct net *net = net_of(r);
    if (!net)
        return NULL;
    if (!prev)
        return net->n_nifs ? &net->nifs[0]->n : NULL;
    for (unsigned i = 0; i + 1 < net->n_nifs; i++)
        if (&net->nifs[i]->n == prev)
            return &net->nifs[i + 1]->n;
    return NULL;
}

/* CONTRACT 3: the router's own, locally administered, the same after a restart. FNV-1a over NAME and interface,
 * stirred, so that near names are far apart. */
static struct mac mac_derive(const char *router, const char *ifname)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325);
    for (const char *p = router; *p; p++)
        h = (h ^ (uint8_t)*p) * UINT64_C(0x100000001b3);
    h = (h ^ 0xff) * UINT64_C(0x100000001b3);
    for (const char *p = ifname; *p; p++)
        h = (h ^ (uint8_t)*p) * UINT64_C(0x100000001b3);
    h ^= h >> 33;
    h *= UINT64_C(0xff51afd7ed558ccd);
    h ^= h >> 33;
    struct mac m;
    for (int i = 0; i < 6; i++)
        m.b[i] = (uint8_t)(h >> (8 * i));
    m.b[0] = (uint8_t)((m.b[0] & 0xfc) | 0x02);
    return m;
}

static const struct ifname_type *type_of(const char *name)
{
    for (const struct ifname_type *t = ifname_types; t->name; t++) {
        size_t n = strlen(t->name);
        if (!strncmp(t->name, name, n) && name[n] >= '0' && name[n] <= '9')
            return t;
    }
    return NULL;
}

/* ---- state ---- */

void netif_refresh(struct nif *nif)
{
    struct netif *n = &nif->n;
    struct net *net = nif->net;
    n->link_up = n->is_virtual ? !n->hollow : n->link && n->link->up;
    bool line = net->started && n->admin_up && n->link_up && !n->vrf[0];
    if (line == n->line_up) {
        vlan_refresh_all(nif); /* its link may be up nevertheless (VRFs) */
        return;
    }
    n->line_up = line;
    net_changed(n->router);
    n->line_changed = loop_now(net->loop);
    if (!line) {
        nif->resets++;
        for (unsigned i = 0; i < nif->txv.n; i++)
            frame_free(nif->txv.f[i]);
        nif->txv.n = 0;
    }
    arp_flush(net, nif, false);
    rib_touch(net);
    event_id cause = 0;
    if (n->admin_up && !nif->parent) /* a shutdown says so itself; of subinterfaces IOS says nothing */
        cause = log_syslog(n->router, 0, "LINK", 3, "UPDOWN", "Interface %s, changed state to %s", n->name,
                           line ? "up" : "down");
    if (!nif->parent)
        log_syslog(n->router, cause, "LINEPROTO", 5, "UPDOWN", "Line protocol on Interface %s, changed state to %s",
                   n->name, line ? "up" : "down");
    if (line)
        arp_announce(nif);
    netif_event(nif, line ? NETIF_UP : NETIF_DOWN);
    vlan_refresh_all(nif);
}

static void link_state(void *arg, bool up)
{
    (void)up;
    netif_refresh(arg);
}

/* Last words, HSRP's Resign: what they send must be out before the link goes. */
static void closing(struct nif *nif)
{
    if (!nif->n.line_up)
        return;
    for (struct nif *sub = NULL; (sub = vlan_next(nif, sub));)
        closing(sub);
    netif_event(nif, NETIF_CLOSING);
    ether_flush(nif);
}

void netif_set_admin(struct netif *n, bool up)
{
    struct nif *nif = nif_of(n);
    if (n->admin_up == up)
        return;
    if (!up)
        closing(nif);
    n->admin_up = up;
    if (n->link && n->link->ops->set_carrier)
        n->link->ops->set_carrier(n->link, up);
    if (!up && !nif->parent)
        log_syslog(n->router, 0, "LINK", 5, "CHANGED", "Interface %s, changed state to administratively down", n->name);
    netif_refresh(nif);
}

void netif_set_vrf(struct netif *n, const char *vrf)
{
    struct nif *nif = nif_of(n);
    snprintf(n->vrf, sizeof n->vrf, "%s", vrf);
    netif_refresh(nif);
    net_local_rebuild(nif->net);
    rib_touch(nif->net);
    netif_event(nif, NETIF_ADDRESS);
}

void netif_set_mtu(struct netif *n, uint16_t ip_mtu)
{
    for (struct nif *sub = NULL; (sub = vlan_next(nif_of(n), sub));)
        if (sub->n.mtu == n->mtu) /* it has none of its own */
            sub->n.mtu = ip_mtu;
    n->mtu = ip_mtu;
    net_changed(n->router);
}

/* ---- counters ---- */

struct netif_counters netif_counters(const struct nif *nif)
{
    struct netif_counters c = nif->n.counters;
    c.in_packets += STAT_GET(&nif->fast.in_packets);
    c.in_bytes += STAT_GET(&nif->fast.in_bytes);
    c.in_drops += STAT_GET(&nif->fast.in_drops);
    c.out_packets += STAT_GET(&nif->fast.out_packets);
    c.out_bytes += STAT_GET(&nif->fast.out_bytes);
    return c;
}

nstime netif_last(const struct nif *nif, bool in)
{
    nstime fast = (nstime)STAT_GET(in ? &nif->fast.last_in : &nif->fast.last_out),
           slow = in ? nif->last_in : nif->last_out;
    return fast > slow ? fast : slow;
}

/* ---- creation ---- */

static void load_sample(void *arg)
{
    /* IOS's exponential averages over the load-interval, from samples every 5 s. */
    struct nif *nif = arg;
    const struct netif_counters all = netif_counters(nif), *c = &all;
    double now[4] = {(double)(c->in_bytes - nif->load_in_b) * 8 / 5, (double)(c->in_packets - nif->load_in_p) / 5,
                     (double)(c->out_bytes - nif->load_out_b) * 8 / 5, (double)(c->out_packets - nif->load_out_p) / 5};
    double share = 1 - exp(-5.0 / (nif->load_s ? nif->load_s : 300));
    bool moving = false;
    for (int i = 0; i < 4; i++) {
        nif->rate[i] += (now[i] - nif->rate[i]) * share;
        if (nif->rate[i] < 0.01)
            nif->rate[i] = 0;
        else
            moving = true;
    }
    nif->load_in_b = c->in_bytes, nif->load_in_p = c->in_packets;
    nif->load_out_b = c->out_bytes, nif->load_out_p = c->out_packets;
    /* An idle interface costs no timer, the next frame starts it again: but for frames that the stack does not see. */
    if (moving || nif->pulled || (nif->parent && nif->parent->pulled))
        timer_start(&nif->load, 5 * NS_PER_S);
}

/* A name, a type and no link yet. parent: of a subinterface with VLANs. NULL: out of memory. */
static struct nif *nif_new(struct net *net, const char *name, const struct ifname_type *type, struct nif *parent)
{
    struct nif *nif = calloc(1, sizeof *nif);
    if (!nif)
        return NULL;
    struct netif *n = &nif->n;
    nif->net = net;
    n->router = net->router;
    memcpy(n->name, name, strlen(name) + 1);
    ifname_short(name, n->shortname);
    n->index = ++net->next_index;
    n->is_sub = strchr(name, '.') != NULL;
    n->hollow = type->hollow || (n->is_sub && !parent);
    n->is_virtual = type->is_virtual || n->hollow;
    n->mac = mac_derive(n->router->name, name);
    n->mtu = 1500;
    n->admin_up = true;
    n->line_changed = loop_now(net->loop);
    timer_init(&nif->load, net->loop, load_sample, nif);
    if (parent && !vlan_attach(nif, parent)) {
        free(nif);
        return NULL;
    }
    return nif;
}

static void plug_in(struct nif *nif)
{
    struct netif *n = &nif->n;
    const struct router_host *host = n->router->host;
    if (n->is_virtual || nif->parent || !host || !host->open_link)
        return;
    n->link = host->open_link(host->ctx, n->router, n->name, n->mtu);
    if (!n->link)
        return;
    n->link->rx = ether_input;
    n->link->state = link_state;
    n->link->arg = nif;
    n->link->ops->set_carrier(n->link, true);
}

struct netif *netif_get(struct router *r, const char *name)
{
    struct net *net = net_of(r);
    struct netif *have = netif_find(r, name);
    if (have)
        return have;
    const struct ifname_type *type = type_of(name);
    if (!net || !type || strlen(name) >= sizeof have->name) {
        errno = EINVAL;
        return NULL;
    }
    char parent_name[40];
    bool is_vlan = vlan_parent_name(name, parent_name);
    struct netif *parent = is_vlan ? netif_get(r, parent_name) : NULL;
    if (is_vlan && !parent)
        return NULL;
    if (net->n_nifs == NETIFS_MAX) {
        errno = ENOSPC;
        return NULL;
    }
    struct nif **list = realloc(net->nifs, (net->n_nifs + 1) * sizeof *list);
    if (list)
        net->nifs = list;
    struct nif *nif = list ? nif_new(net, name, type, parent ? nif_of(parent) : NULL) : NULL;
    if (!nif) {
        errno = ENOMEM;
        return NULL;
    }
    unsigned at = net->n_nifs;
    while (at > 0 && ifname_compare(name, net->nifs[at - 1]->n.name) < 0) {
        net->nifs[at] = net->nifs[at - 1];
        at--;
    }
    net->nifs[at] = nif;
    net->n_nifs++;
    plug_in(nif);
    netif_event(nif, NETIF_CREATED);
    netif_refresh(nif);
    dp_attach(nif);
    return &nif->n;
}

/* Longer than any frame that came in there is held: for a neighbour, the rest of a datagram, an SA. */
#define REMEMBERED (120 * NS_PER_S)

static void netif_free(struct nif *nif)
{
    timer_stop(&nif->load);
    free(nif->n.addrs);
    free(nif->vips);
    free(nif->vlans);
    free(nif);
}

static void forget(void *arg)
{
    struct nif *nif = arg, **pp = &nif->net->dead;
    while (*pp != nif)
        pp = &(*pp)->next_dead;
    *pp = nif->next_dead;
    netif_free(nif);
}

static void netif_unplug(struct nif *nif)
{
    timer_stop(&nif->load);
    if (nif->parent)
        vlan_detach(nif);
    dp_detach(nif);
    link_close(nif->n.link);
    nif->n.link = NULL;
    ether_flush(nif); /* without a link: frees what waits */
}

int netif_delete(struct netif *n)
{
    return n->is_virtual || n->is_sub ? netif_remove(n) : -EPERM;
}

int netif_remove(struct netif *n)
{
    struct nif *nif = nif_of(n);
    struct net *net = nif->net;
    if (vlan_next(nif, NULL))
        return -EBUSY;
    netif_set_admin(n, false);
    netif_event(nif, NETIF_DELETED);
    for (unsigned i = 0; i < net->n_nifs; i++) {
        if (net->nifs[i] != nif)
            continue;
        memmove(&net->nifs[i], &net->nifs[i + 1], (net->n_nifs - i - 1) * sizeof *net->nifs);
        net->n_nifs--;
        break;
    }
    arp_flush(net, nif, false);
    n->n_addrs = 0;
    net_local_rebuild(net);
    rib_touch(net);
    netif_unplug(nif);
    nif->next_dead = net->dead; /* frames that came in there still name it */
    net->dead = nif;
    timer_init(&nif->load, net->loop, forget, nif);
    timer_start(&nif->load, REMEMBERED);
    return 0;
}

void netif_free_all(struct net *net)
{
    while (net->n_nifs) {
        struct nif *nif = net->nifs[--net->n_nifs];
        netif_unplug(nif);
        netif_free(nif);
    }
    while (net->dead)
        forget(net->dead);
    free(net->nifs);
    net->nifs = NULL;
}
