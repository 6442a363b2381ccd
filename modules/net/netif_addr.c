/* What an interface answers to: addresses, virtual router addresses, multicast groups. Called by the interface
 * commands, HSRP and the stack. Control side only. */
#include "modules/net/dp.h"
#include <stdlib.h>

struct addr netif_primary(const struct netif *n)
{
    return n->n_addrs && !n->addrs[0].secondary ? n->addrs[0].addr : (struct addr){0};
}

static bool in_subnet(const struct netif_addr *na, uint32_t ip)
{
    uint32_t mask = mask_from_len(na->len);
    return (addr_v4_get(&na->addr) & mask) == (ip & mask);
}

bool netif_subnet_has(const struct nif *nif, uint32_t ip)
{
    for (unsigned i = 0; i < nif->n.n_addrs; i++)
        if (in_subnet(&nif->n.addrs[i], ip))
            return true;
    return false;
}

bool netif_on_subnet(const struct netif *n, const struct addr *a)
{
    return a->family == ADDR_V4 && netif_subnet_has(nif_of(n), addr_v4_get(a));
}

uint32_t netif_source_for(const struct nif *nif, uint32_t dst)
{
    for (unsigned i = 0; i < nif->n.n_addrs; i++)
        if (in_subnet(&nif->n.addrs[i], dst))
            return addr_v4_get(&nif->n.addrs[i].addr);
    return nif->n.n_addrs ? addr_v4_get(&nif->n.addrs[0].addr) : 0;
}

bool netif_owns(const struct netif *n, const struct addr *a)
{
    for (unsigned i = 0; i < n->n_addrs; i++)
        if (addr_equal(&n->addrs[i].addr, a))
            return true;
    return a->family == ADDR_V4 && netif_vip_of(nif_of(n), addr_v4_get(a));
}

bool net_is_local(struct router *r, const struct addr *a)
{
    struct local_entry *e = a->family == ADDR_V4 ? net_local_find(net_of(r), addr_v4_get(a)) : NULL;
    return e && e->kind == LOCAL_UNICAST;
}

static void addresses_changed(struct nif *nif)
{
    net_local_rebuild(nif->net);
    rib_touch(nif->net);
    if (nif->n.line_up)
        arp_announce(nif);
    netif_event(nif, NETIF_ADDRESS);
}

int netif_addr_add(struct netif *n, const struct addr *a, unsigned len, bool secondary)
{
    struct nif *nif = nif_of(n);
    nif->addr_nvram = n->router->booting;
    for (unsigned i = 0; i < n->n_addrs; i++) {
        bool same = addr_equal(&n->addrs[i].addr, a);
        if (same && n->addrs[i].secondary == secondary && n->addrs[i].len == len)
            return 0;
        if (same || (!secondary && !n->addrs[i].secondary)) { /* changes in place */
            n->addrs[i] = (struct netif_addr){*a, (uint8_t)len, n->addrs[i].secondary};
            addresses_changed(nif);
            return 0;
        }
    }
    if (n->n_addrs == NIF_ADDRS_MAX)
        return -ENOSPC;
    struct netif_addr *list = realloc(n->addrs, (n->n_addrs + 1) * sizeof *list);
    if (!list)
        return -ENOMEM;
    n->addrs = list;
    unsigned at = secondary ? n->n_addrs : 0;
    memmove(&list[at + 1], &list[at], (n->n_addrs - at) * sizeof *list);
    list[at] = (struct netif_addr){*a, (uint8_t)len, secondary};
    n->n_addrs++;
    arp_forget(nif, addr_v4_get(a));
    addresses_changed(nif);
    return 0;
}

int netif_addr_del(struct netif *n, const struct addr *a)
{
    for (unsigned i = 0; i < n->n_addrs; i++) {
        if (!addr_equal(&n->addrs[i].addr, a))
            continue;
        memmove(&n->addrs[i], &n->addrs[i + 1], (n->n_addrs - i - 1) * sizeof *n->addrs);
        n->n_addrs--;
        arp_flush(nif_of(n)->net, nif_of(n), false);
        addresses_changed(nif_of(n));
        return 0;
    }
    return -ENOENT;
}

struct netif *netif_overlap(const struct netif *nif, const struct addr *a, unsigned len)
{
    return netif_overlap_in(nif, nif->vrf, a, len);
}

struct netif *netif_overlap_in(const struct netif *nif, const char *vrf, const struct addr *a, unsigned len)
{
    struct net *net = nif_of(nif)->net;
    uint32_t ip = addr_v4_get(a);
    for (unsigned i = 0; i < net->n_nifs; i++) {
        struct netif *other = &net->nifs[i]->n;
        for (unsigned k = 0; other != nif && !strcmp(other->vrf, vrf) && k < other->n_addrs; k++) {
            uint32_t mask = mask_from_len(other->addrs[k].len < len ? other->addrs[k].len : len);
            if ((addr_v4_get(&other->addrs[k].addr) & mask) == (ip & mask))
                return other;
        }
    }
    return NULL;
}

/* ---- virtual router addresses ---- */

const struct vip *netif_vip_of(const struct nif *nif, uint32_t ip)
{
    for (unsigned i = 0; i < nif->n_vips; i++)
        if (nif->vips[i].ip == ip)
            return &nif->vips[i];
    return NULL;
}

int netif_vip_add(struct netif *n, const struct addr *vip, const struct mac *vmac)
{
    struct nif *nif = nif_of(n);
    uint32_t ip = addr_v4_get(vip);
    for (unsigned i = 0; i < nif->n_vips; i++) {
        if (nif->vips[i].ip == ip) {
            nif->vips[i].mac = *vmac;
            net_changed(n->router);
            return 0;
        }
    }
    if (nif->n_vips == NIF_VIPS_MAX)
        return -ENOSPC;
    struct vip *list = realloc(nif->vips, (nif->n_vips + 1) * sizeof *list);
    if (!list)
        return -ENOMEM;
    nif->vips = list;
    list[nif->n_vips++] = (struct vip){ip, *vmac};
    arp_forget(nif, ip); /* what the former active router answered */
    net_local_rebuild(nif->net);
    return 0;
}

void netif_vip_del(struct netif *n, const struct addr *vip)
{
    struct nif *nif = nif_of(n);
    uint32_t ip = addr_v4_get(vip);
    for (unsigned i = 0; i < nif->n_vips; i++) {
        if (nif->vips[i].ip != ip)
            continue;
        nif->vips[i] = nif->vips[--nif->n_vips];
        net_local_rebuild(nif->net);
        return;
    }
}

/* ---- multicast ---- */

bool netif_joined(const struct nif *nif, uint32_t group)
{
    if (group == 0xe0000001) /* 224.0.0.1: all systems */
        return true;
    for (unsigned i = 0; i < nif->n_groups; i++)
        if (nif->groups[i] == group)
            return true;
    return false;
}

static int accept_group(struct nif *nif, uint32_t ip, bool overheard)
{
    unsigned i = 0;
    while (i < nif->n_groups && nif->groups[i] != ip)
        i++;
    if (i == NIF_GROUPS_MAX)
        return -ENOSPC;
    nif->n_groups += i == nif->n_groups;
    nif->groups[i] = ip;
    nif->overheard[i] = overheard;
    return 0;
}

int ip_join_group(struct netif *n, const struct addr *group)
{
    return accept_group(nif_of(n), addr_v4_get(group), false);
}

int ip_overhear_group(struct netif *n, const struct addr *group)
{
    return accept_group(nif_of(n), addr_v4_get(group), true);
}

void ip_leave_group(struct netif *n, const struct addr *group)
{
    struct nif *nif = nif_of(n);
    for (unsigned i = 0; i < nif->n_groups; i++) {
        if (nif->groups[i] == addr_v4_get(group)) {
            nif->groups[i] = nif->groups[--nif->n_groups];
            nif->overheard[i] = nif->overheard[nif->n_groups];
            return;
        }
    }
}
