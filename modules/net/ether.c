/* Ethernet: which frames are for us, what they carry, and the header of those we send. The link calls ether_input
 * with a vector; ARP and IP call ether_send, and frames leave together at the end of the step. */
#include "modules/core/cursor.h"
#include "modules/net/vlan.h"

static const struct mac ether_broadcast = {{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}};

bool ether_is_ours(const struct nif *nif, const uint8_t *dst)
{
    if (!memcmp(dst, nif->n.mac.b, 6))
        return true;
    for (unsigned i = 0; i < nif->n_vips; i++)
        if (!memcmp(dst, nif->vips[i].mac.b, 6))
            return true;
    return false;
}

static void touch_load(struct nif *nif)
{
    if (!timer_armed(&nif->load))
        timer_start(&nif->load, 5 * NS_PER_S);
}

/* Takes the link header off, or says why not. */
static const char *ether_accept(struct nif *nif, struct frame *f, uint16_t *type)
{
    struct netif_counters *c = &nif->n.counters;
    struct cursor cur = cursor_make(f->data, f->len);
    const uint8_t *h = cursor_take(&cur, ETHER_HLEN);
    if (!h) {
        c->in_errors++;
        return "runt";
    }
    c->in_packets++;
    c->in_bytes += f->len;
    f->flags = 0;
    f->sa = 0;
    if (h[6] & 1) {
        c->in_errors++;
        return "bad-source-mac";
    }
    if (h[0] & 1) {
        f->flags |= FRAME_BROADCAST;
        if (memcmp(h, ether_broadcast.b, 6))
            c->in_multicasts++;
        c->in_broadcasts++;
    } else if (!ether_is_ours(nif, h)) {
        return "not-our-mac";
    }
    *type = be16(h + 12);
    f->in = &nif->n;
    if (*type == ETHERTYPE_IP_ || *type == ETHERTYPE_ARP_)
        return NULL;
    nif->in_unknown++;
    return *type == ETHERTYPE_VLAN_ ? "unknown-vlan" : "unknown-ethertype";
}

void ether_input(void *arg, struct frame_vec *v)
{
    struct nif *nif = arg;
    if (nif->net->dp->threaded) /* its link has faults, and so does not go through the data plane's thread */
        ether_slow(nif, v);
    else
        fast_input(nif->net->dp, nif, v);
}

static void count_vlan(struct nif *parent, unsigned packets, uint64_t bytes)
{
    parent->n.counters.in_packets += packets;
    parent->n.counters.in_bytes += bytes;
    parent->last_in = loop_now(parent->net->loop);
}

void ether_slow(struct nif *nif, struct frame_vec *v)
{
    struct net *net = nif->net;
    if (!nif->n.line_up || net->router->dying) {
        frame_free_vec(v);
        return;
    }
    net_enter(net);
    if (nif->vlans)
        vlan_sort(nif, v, ether_slow, count_vlan);
    nif->last_in = loop_now(net->loop);
    touch_load(nif);
    struct frame_vec packets;
    packets.n = 0;
    unsigned n = v->n;
    v->n = 0;
    for (unsigned i = 0; i < n; i++) {
        struct frame *f = v->f[i];
        uint16_t type = 0;
        const char *why = ether_accept(nif, f, &type);
        if (why) {
            ip_drop(net->router, why, f);
            continue;
        }
        frame_pull(f, ETHER_HLEN);
        if (type == ETHERTYPE_IP_) {
            packets.f[packets.n++] = f;
            continue;
        }
        if (packets.n) /* keeps the order of arrival: an ARP reply goes before the packet behind it */
            ip_input(nif, &packets);
        packets.n = 0;
        arp_input(nif, f);
    }
    if (packets.n)
        ip_input(nif, &packets);
    net_leave(net);
}

void ether_flush(struct nif *nif)
{
    struct net *net = nif->net;
    if (nif->tx_dirty) {
        nif->tx_dirty = false;
        net->n_tx_dirty--;
    }
    if (!nif->txv.n)
        return;
    struct frame_vec v = nif->txv;
    nif->txv.n = 0;
    if (nif->n.link && nif->n.line_up && !net->router->dying)
        link_send(nif->n.link, &v);
    else
        frame_free_vec(&v);
}

void ether_send(struct nif *nif, struct frame *f, const struct mac *dst, const struct mac *src, uint16_t type)
{
    struct net *net = nif->net;
    uint8_t *h = NULL;
    if (!nif->n.line_up || !nif->n.link || net->router->dying) {
        nif->n.counters.out_drops++;
        ip_drop(net->router, "interface-down", f);
        return;
    }
    h = frame_push(f, ETHER_HLEN);
    if (!h) {
        ip_drop(net->router, "no-headroom", f);
        return;
    }
    memcpy(h, dst->b, 6);
    memcpy(h + 6, src->b, 6);
    put16(h + 12, type);
    nif->n.counters.out_packets++;
    nif->n.counters.out_bytes += f->len;
    nif->last_out = loop_now(net->loop);
    touch_load(nif);
    if (nif->parent) {
        nif->parent->n.counters.out_packets++;
        nif->parent->n.counters.out_bytes += f->len;
        nif->parent->last_out = nif->last_out;
        touch_load(nif->parent);
    }
    if (!nif->tx_dirty) {
        nif->tx_dirty = true;
        net->n_tx_dirty++;
    }
    nif->txv.f[nif->txv.n++] = f;
    if (nif->txv.n == FRAME_VEC || !net->depth)
        ether_flush(nif);
}
