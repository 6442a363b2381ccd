/* ARP (RFC 826): a cache per router with a cap, one small queue per unresolved neighbour, requests at most once a
 * second, entries that age out after four hours and are probed before they go. Answers for our own addresses and for
 * virtual router addresses with their virtual MAC (reference 1.6). Called by ether.c and by the IP output. */
#include "modules/core/cursor.h"
#include "modules/net/fast.h"
#include "modules/net/net_debug.h"
#include <stdlib.h>

enum { ARP_CAP = 4096, ARP_BUCKETS = 1024, ARP_HELD_PER_ENTRY = 16, ARP_HELD_CAP = 512, ARP_TRIES = 3, ARP_LEN = 28 };
#define ARP_TIMEOUT (4 * 3600 * NS_PER_S)

struct arp_entry {
    struct arp_entry *next; /* in the bucket, newest last */
    struct net *net;
    struct nif *nif;
    uint32_t ip;
    struct mac mac;
    enum arp_state state;
    unsigned tries, n_held;
    nstime updated;
    struct timer timer;
    struct frame *held, **held_tail;
};
struct arp {
    struct arp_entry *bucket[ARP_BUCKETS];
    unsigned n, n_held;
};

int arp_init(struct net *net)
{
    net->arp = calloc(1, sizeof *net->arp);
    return net->arp ? 0 : -ENOMEM;
}

static struct arp_entry **bucket_of(struct arp *arp, const struct nif *nif, uint32_t ip)
{
    return &arp->bucket[((ip ^ (nif->n.index << 20)) * UINT32_C(2654435761)) >> 22];
}

static struct arp_entry *arp_find(struct nif *nif, uint32_t ip)
{
    for (struct arp_entry *e = *bucket_of(nif->net->arp, nif, ip); e; e = e->next)
        if (e->ip == ip && e->nif == nif)
            return e;
    return NULL;
}

static void arp_release(struct arp_entry *e)
{
    struct arp *arp = e->net->arp;
    timer_stop(&e->timer);
    if (e->state != ARP_INCOMPLETE)
        net_changed(e->net->router);
    while (e->held) {
        struct frame *f = e->held;
        e->held = f->next;
        arp->n_held--;
        frame_free(f);
    }
    for (struct arp_entry **pp = bucket_of(arp, e->nif, e->ip); *pp; pp = &(*pp)->next) {
        if (*pp == e) {
            *pp = e->next;
            break;
        }
    }
    arp->n--;
    free(e);
}

void arp_fini(struct net *net)
{
    arp_ask_free_all(net);
    if (!net->arp)
        return;
    for (unsigned i = 0; i < ARP_BUCKETS; i++)
        while (net->arp->bucket[i])
            arp_release(net->arp->bucket[i]);
    free(net->arp);
    net->arp = NULL;
}

/* ---- sending ---- */

static void arp_emit(struct nif *nif, uint16_t op, const struct mac *eth_dst, const struct mac *sha, uint32_t spa,
                     const struct mac *tha, uint32_t tpa)
{
    struct frame *f = frame_alloc(nif->net->loop);
    if (!f)
        return;
    struct builder b = builder_make(frame_put(f, ARP_LEN), ARP_LEN);
    builder_u16(&b, 1);
    builder_u16(&b, ETHERTYPE_IP_);
    builder_u8(&b, 6);
    builder_u8(&b, 4);
    builder_u16(&b, op);
    builder_bytes(&b, sha->b, 6);
    builder_u32(&b, spa);
    builder_bytes(&b, tha->b, 6);
    builder_u32(&b, tpa);
    if (op == 1)
        nif->net->stats.arp_req_out++;
    else
        nif->net->stats.arp_rep_out++;
    net_debug_arp(nif, true, op, sha, spa, tha, tpa);
    ether_send(nif, f, eth_dst, sha, ETHERTYPE_ARP_);
}

static const struct mac mac_all = {{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}}, mac_zero;

static void arp_request(struct arp_entry *e)
{
    uint32_t spa = netif_source_for(e->nif, e->ip);
    e->tries++;
    timer_start(&e->timer, NS_PER_S);
    arp_emit(e->nif, 1, e->state == ARP_PROBE ? &e->mac : &mac_all, &e->nif->n.mac, spa, &mac_zero, e->ip);
}

void arp_request_to(struct nif *nif, uint32_t ip)
{
    arp_emit(nif, 1, &mac_all, &nif->n.mac, netif_source_for(nif, ip), &mac_zero, ip);
}

void arp_send_gratuitous(struct netif *n, const struct addr *vip, const struct mac *mac)
{
    uint32_t ip = addr_v4_get(vip);
    if (n->line_up && n->link)
        arp_emit(nif_of(n), 2, &mac_all, mac, ip, &mac_all, ip);
}

void arp_announce(struct nif *nif)
{
    for (unsigned i = 0; nif->n.line_up && i < nif->n.n_addrs; i++)
        arp_send_gratuitous(&nif->n, &nif->n.addrs[i].addr, &nif->n.mac);
}

/* ---- the cache ---- */

static void arp_timer(void *arg)
{
    struct arp_entry *e = arg;
    struct net *net = e->net;
    net_enter(net);
    if (e->state == ARP_REACHABLE) {
        e->state = ARP_PROBE;
        e->tries = 0;
    }
    if (e->tries < ARP_TRIES) {
        arp_request(e);
    } else {
        struct frame *f = e->held;
        const struct nif *nif = e->nif;
        uint32_t ip = e->ip;
        net->stats.encap_failed += e->n_held;
        net->arp->n_held -= e->n_held;
        e->held = NULL;
        e->held_tail = &e->held;
        arp_release(e);
        while (f) {
            struct frame *next = f->next;
            f->next = NULL;
            icmp_error(net->router, f, 3, 1, 0); /* RFC 1812 5.2.7.1: host unreachable */
            net_debug_packet(net, f, nif, ip, "encapsulation failed");
            ip_drop(net->router, "arp-unresolved", f);
            f = next;
        }
    }
    net_leave(net);
}

/* An entry that was only learned gives way to a new one when the table is full. */
static bool arp_make_room(struct arp *arp)
{
    struct arp_entry *oldest = NULL;
    for (unsigned i = 0; i < ARP_BUCKETS; i++)
        for (struct arp_entry *e = arp->bucket[i]; e; e = e->next)
            if (!oldest || e->updated < oldest->updated)
                oldest = e;
    if (oldest)
        arp_release(oldest);
    return oldest != NULL;
}

static struct arp_entry *arp_create(struct nif *nif, uint32_t ip)
{
    struct arp *arp = nif->net->arp;
    if (arp->n >= ARP_CAP) {
        ip_drop_count(nif->net->router, "arp-table-full", 1);
        if (!arp_make_room(arp))
            return NULL;
    }
    struct arp_entry *e = calloc(1, sizeof *e);
    if (!e)
        return NULL;
    e->net = nif->net;
    e->nif = nif;
    e->ip = ip;
    e->state = ARP_INCOMPLETE;
    e->updated = loop_now(nif->net->loop);
    e->held_tail = &e->held;
    timer_init(&e->timer, nif->net->loop, arp_timer, e);
    struct arp_entry **pp = bucket_of(arp, nif, ip);
    while (*pp)
        pp = &(*pp)->next;
    *pp = e;
    arp->n++;
    return e;
}

static void arp_hold(struct arp_entry *e, struct frame *f)
{
    struct arp *arp = e->net->arp;
    if (e->n_held == ARP_HELD_PER_ENTRY) { /* the newest packets are worth most */
        struct frame *old = e->held;
        e->held = old->next;
        if (!e->held)
            e->held_tail = &e->held;
        e->n_held--;
        arp->n_held--;
        ip_drop(e->net->router, "arp-queue-full", old);
    }
    if (arp->n_held == ARP_HELD_CAP) {
        ip_drop(e->net->router, "arp-queue-full", f);
        return;
    }
    f->next = NULL;
    *e->held_tail = f;
    e->held_tail = &f->next;
    e->n_held++;
    arp->n_held++;
}

/* Frames that carry a virtual address as source leave with its MAC (netif.h). */
const struct mac *arp_source_mac(const struct nif *nif, uint32_t src_ip)
{
    const struct vip *v = nif->n_vips ? netif_vip_of(nif, src_ip) : NULL;
    return v ? &v->mac : &nif->n.mac;
}

static const struct mac *source_mac(const struct nif *nif, const struct frame *f)
{
    return f->len >= IP_HLEN ? arp_source_mac(nif, be32(f->data + 12)) : &nif->n.mac;
}

bool arp_resolved(struct nif *nif, uint32_t ip, struct mac *mac)
{
    const struct arp_entry *e = arp_find(nif, ip);
    const struct local_entry *l = net_local_find(nif->net, ip);
    if (!e || e->state == ARP_INCOMPLETE || (l && l->kind == LOCAL_BROADCAST))
        return false;
    *mac = e->mac;
    return true;
}

static void arp_learned(struct arp_entry *e, const struct mac *mac)
{
    if (e->state == ARP_INCOMPLETE || !mac_equal(&e->mac, mac))
        net_changed(e->net->router);
    e->mac = *mac;
    e->state = ARP_REACHABLE;
    e->tries = 0;
    e->updated = loop_now(e->net->loop);
    timer_start(&e->timer, ARP_TIMEOUT);
    struct frame *f = e->held;
    e->net->arp->n_held -= e->n_held;
    e->held = NULL;
    e->held_tail = &e->held;
    e->n_held = 0;
    while (f) {
        struct frame *next = f->next;
        f->next = NULL;
        ether_send(e->nif, f, &e->mac, source_mac(e->nif, f), ETHERTYPE_IP_);
        f = next;
    }
}

void arp_send_to(struct nif *nif, uint32_t next_hop, struct frame *f, const struct mac *src)
{
    if (!src)
        src = source_mac(nif, f);
    if (next_hop >> 28 == 14) { /* RFC 1112 6.4 */
        struct mac m = {{0x01, 0x00, 0x5e, (next_hop >> 16) & 0x7f, (uint8_t)(next_hop >> 8), (uint8_t)next_hop}};
        ether_send(nif, f, &m, src, ETHERTYPE_IP_);
        return;
    }
    const struct local_entry *l = net_local_find(nif->net, next_hop);
    if (next_hop == UINT32_MAX || (l && l->kind == LOCAL_BROADCAST)) {
        ether_send(nif, f, &mac_all, src, ETHERTYPE_IP_);
        return;
    }
    struct arp_entry *e = arp_find(nif, next_hop);
    if (e && e->state != ARP_INCOMPLETE) {
        ether_send(nif, f, &e->mac, src, ETHERTYPE_IP_);
        return;
    }
    if (!nif->n.line_up) {
        ip_drop(nif->net->router, "interface-down", f);
        return;
    }
    bool fresh = !e;
    if (fresh)
        e = arp_create(nif, next_hop);
    if (!e) {
        ip_drop(nif->net->router, "arp-table-full", f);
        return;
    }
    if (fresh)
        net_debug_arp_incomplete(nif, next_hop);
    arp_hold(e, f);
    if (fresh)
        arp_request(e);
}

void arp_forget(struct nif *nif, uint32_t ip)
{
    struct arp_entry *e = arp_find(nif, ip);
    if (e)
        arp_release(e);
}

void arp_flush(struct net *net, struct nif *nif, bool refresh)
{
    for (unsigned i = 0; net->arp && i < ARP_BUCKETS; i++) {
        struct arp_entry *e = net->arp->bucket[i], *next;
        for (; e; e = next) {
            next = e->next;
            if (nif && e->nif != nif)
                continue;
            if (!refresh) {
                arp_release(e);
            } else if (e->state == ARP_REACHABLE) {
                e->state = ARP_PROBE;
                e->tries = 0;
                arp_request(e);
            }
        }
    }
}

/* ---- receiving ---- */

static void arp_claimed(struct nif *nif, uint32_t ip, const struct mac *by)
{
    struct net *net = nif->net;
    const struct vip *vip = netif_vip_of(nif, ip);
    if (mac_equal(by, &nif->n.mac))
        return; /* our own frame */
    struct addr a = addr_v4(ip);
    bool peer = vip && mac_equal(by, &vip->mac); /* another active router of the group, or a loop: the group decides */
    if (!peer)
        ip_drop_count(net->router, "arp-duplicate-address", 1);
    if (net->on_duplicate)
        net->on_duplicate(net->on_duplicate_arg, &nif->n, &a, by);
    if (vip || !log_ratelimit(net->router, "ip-dupaddr", 1))
        return;
    char abuf[ADDR_STRLEN], mbuf[MAC_STRLEN];
    log_syslog(net->router, 0, "IP", 4, "DUPADDR", "Duplicate address %s on %s, sourced by %s", addr_format(&a, abuf),
               nif->n.name, mac_format(by, mbuf));
    arp_send_gratuitous(&nif->n, &a, &nif->n.mac);
}

/* Proxy ARP (RFC 1027): an address that is reached by another interface is answered for, with our own MAC or, where a
 * virtual router runs, with that one's and only by its active router (reference 1.6). */
static void arp_proxy(struct nif *nif, uint32_t target, const struct mac *asker, uint32_t asker_ip)
{
    struct net *net = nif->net;
    struct addr a = addr_v4(target);
    struct route_hit hit;
    struct mac mac = nif->n.mac;
    const struct local_entry *l = net_local_find(net, target);
    if (nif->n.no_proxy_arp || asker_ip == 0 || ip_martian_destination(target) || target >> 28 == 14 ||
        target == UINT32_MAX || netif_subnet_has(nif, target) || (l && l->kind != LOCAL_UNICAST))
        return;
    if (!l && (!route_lookup(net->router, &a, &hit) || !hit.netif || hit.netif == &nif->n))
        return;
    if (net->on_proxy && !net->on_proxy(net->on_proxy_arg, &nif->n, &mac))
        return;
    net->stats.arp_proxy_out++;
    arp_emit(nif, 2, asker, &mac, target, asker, asker_ip);
}

void arp_on_proxy(struct router *r, arp_proxy_fn fn, void *arg)
{
    net_of(r)->on_proxy = fn;
    net_of(r)->on_proxy_arg = arg;
}

void arp_input(struct nif *nif, struct frame *f)
{
    struct net *net = nif->net;
    struct cursor c = cursor_make(f->data, f->len);
    struct mac sha, tha;
    uint16_t htype = cursor_u16(&c), ptype = cursor_u16(&c);
    uint8_t hlen = cursor_u8(&c), plen = cursor_u8(&c);
    uint16_t op = cursor_u16(&c);
    cursor_bytes(&c, sha.b, 6);
    uint32_t spa = cursor_u32(&c);
    cursor_bytes(&c, tha.b, 6);
    uint32_t tpa = cursor_u32(&c);
    if (!cursor_ok(&c) || htype != 1 || ptype != ETHERTYPE_IP_ || hlen != 6 || plen != 4 || (op != 1 && op != 2) ||
        (sha.b[0] & 1) || spa >> 28 == 14) {
        ip_drop(net->router, "arp-malformed", f);
        return;
    }
    frame_free(f);
    net_debug_arp(nif, false, op, &sha, spa, &tha, tpa);
    if (op == 1)
        net->stats.arp_req_in++;
    else
        net->stats.arp_rep_in++;
    const struct local_entry *claimed = net_local_find(net, spa);
    if (claimed && claimed->kind == LOCAL_UNICAST && claimed->nif == nif) {
        arp_claimed(nif, spa, &sha);
        return;
    }
    const struct local_entry *target = net_local_find(net, tpa);
    bool for_us = target && target->kind == LOCAL_UNICAST && target->nif == nif;
    if (spa != 0 && netif_subnet_has(nif, spa)) {
        struct arp_entry *e = arp_find(nif, spa);
        if (!e && for_us && op == 1)
            e = arp_create(nif, spa); /* RFC 826: it is about to talk to us */
        if (e)
            arp_learned(e, &sha);
        arp_ask_heard(nif, spa);
    } else if (spa != 0) {
        ip_drop_count(net->router, "arp-off-subnet", 1);
        net_debug_arp_filtered(nif, op, &sha, spa, tpa);
        return;
    }
    if (op == 1 && for_us) {
        const struct mac *own = target->vip ? &target->vip->mac : &nif->n.mac;
        arp_emit(nif, 2, &sha, own, tpa, &sha, spa);
    } else if (op == 1) {
        arp_proxy(nif, tpa, &sha, spa);
    }
}

/* ---- show ---- */

static int view_order(const void *a, const void *b)
{
    const struct arp_view *x = a, *y = b;
    if (x->ip != y->ip)
        return x->ip < y->ip ? -1 : 1;
    return x->nif->n.index < y->nif->n.index ? -1 : x->nif->n.index > y->nif->n.index;
}

unsigned arp_snapshot(struct net *net, struct arp_view **out)
{
    unsigned n = 0, cap = net->arp->n;
    for (unsigned i = 0; i < net->n_nifs; i++)
        cap += net->nifs[i]->n.n_addrs + net->nifs[i]->n_vips;
    struct arp_view *v = calloc(cap ? cap : 1, sizeof *v);
    *out = v;
    if (!v)
        return 0;
    for (unsigned i = 0; i < net->n_nifs; i++) {
        struct nif *nif = net->nifs[i];
        if (nif->n.is_virtual || !nif->n.line_up)
            continue;
        for (unsigned k = 0; k < nif->n.n_addrs; k++)
            v[n++] = (struct arp_view){addr_v4_get(&nif->n.addrs[k].addr), nif->n.mac, ARP_REACHABLE, nif, 0, true};
        for (unsigned k = 0; k < nif->n_vips; k++)
            v[n++] = (struct arp_view){nif->vips[k].ip, nif->vips[k].mac, ARP_REACHABLE, nif, 0, true};
    }
    for (unsigned i = 0; i < ARP_BUCKETS; i++)
        for (struct arp_entry *e = net->arp->bucket[i]; e; e = e->next)
            v[n++] = (struct arp_view){e->ip, e->mac, e->state, e->nif, loop_now(net->loop) - e->updated, false};
    qsort(v, n, sizeof *v, view_order);
    return n;
}
