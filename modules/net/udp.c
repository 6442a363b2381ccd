/* UDP (RFC 768): ports bound by protocols, checksums, port unreachable. Called by HSRP, IKE, ipsec and ip_input.c. */
#include "modules/core/cursor.h"
#include "modules/core/meter.h"
#include "modules/net/net_debug.h"

enum { UDP_HLEN = 8 };

static struct udp_port *udp_find(struct net *net, uint16_t port)
{
    for (unsigned i = 0; i < net->n_udp; i++)
        if (net->udp[i].port == port)
            return &net->udp[i];
    return NULL;
}

int udp_bind(struct router *r, uint16_t port, udp_input_fn fn, void *arg)
{
    struct net *net = net_of(r);
    if (udp_find(net, port))
        return -EEXIST;
    if (net->n_udp == UDP_PORTS_MAX)
        return -ENOSPC;
    net->udp[net->n_udp++] = (struct udp_port){port, fn, arg, meter_current(net->loop)};
    return 0;
}

void udp_unbind(struct router *r, uint16_t port)
{
    struct net *net = net_of(r);
    struct udp_port *u = udp_find(net, port);
    if (u)
        *u = net->udp[--net->n_udp];
}

void udp_other(struct router *r, ip_input_fn fn, void *arg)
{
    net_of(r)->udp_other = fn;
    net_of(r)->udp_other_arg = arg;
}

void udp_input(struct net *net, const struct ip_rx *rx, struct frame *f)
{
    struct router *r = net->router;
    struct cursor c = cursor_make(f->data, f->len);
    uint16_t sport = cursor_u16(&c), dport = cursor_u16(&c), len = cursor_u16(&c), sum = cursor_u16(&c);
    net->stats.udp_in++;
    if (!cursor_ok(&c) || len < UDP_HLEN || len > f->len) {
        net->stats.udp_bad++;
        ip_drop(r, "udp-length", f);
        return;
    }
    f->len = len;
    if (sum) {
        uint64_t s = ip_sum_pseudo(addr_v4_get(&rx->src), addr_v4_get(&rx->dst), IPPROTO_UDP_, len);
        if (ip_sum_fold(ip_sum_add(s, f->data, len))) {
            net->stats.udp_bad++;
            ip_drop(r, "udp-checksum", f);
            return;
        }
    }
    net_debug_udp(net, false, addr_v4_get(&rx->src), sport, addr_v4_get(&rx->dst), dport, len);
    struct udp_port *u = udp_find(net, dport);
    if (!u && net->udp_other && !(f->flags & FRAME_BROADCAST)) {
        net->udp_other(net->udp_other_arg, rx, f);
        return;
    }
    if (!u) {
        net->stats.udp_no_port++;
        if (!(f->flags & FRAME_BROADCAST)) {
            f->data -= rx->header_len; /* the IP header stands right in front */
            f->len += rx->header_len;
            icmp_error(r, f, 3, 3, 0);
        }
        ip_drop(r, "udp-no-port", f);
        return;
    }
    frame_pull(f, UDP_HLEN);
    struct udp_rx urx = {.ip = *rx, .sport = sport, .dport = dport};
    unsigned was = meter_enter(net->loop, u->part);
    u->fn(u->arg, &urx, f);
    meter_leave(net->loop, was);
}

/* The source address decides the checksum, so it is settled before ip_send. */
static uint32_t source_of(struct net *net, const struct ip_tx *tx)
{
    uint32_t src = addr_v4_get(&tx->src), dst = addr_v4_get(&tx->dst);
    if (src)
        return src;
    const struct local_entry *l = net_local_find(net, dst);
    if (l && l->kind == LOCAL_UNICAST)
        return dst;
    if (tx->netif)
        return netif_source_for(nif_of(tx->netif), dst);
    const struct fib_hop *hop = fib_lookup(net, dst, 0);
    return hop && hop->out ? netif_source_for(hop->out, hop->gateway ? hop->gateway : dst) : 0;
}

int udp_send(struct router *r, const struct udp_tx *tx, const void *data, size_t len)
{
    struct net *net = net_of(r);
    if (len > 65535 - IP_HLEN - UDP_HLEN)
        return -EMSGSIZE;
    uint32_t total = (uint32_t)len + UDP_HLEN;
    struct frame *f = total <= FRAME_SLOT - FRAME_HEADROOM ? frame_alloc(net->loop) : frame_alloc_big(net->loop);
    uint8_t *p = f ? frame_put(f, total) : NULL;
    if (!p) {
        frame_free(f);
        return -ENOMEM;
    }
    struct ip_tx ip = tx->ip;
    ip.proto = IPPROTO_UDP_;
    uint32_t src = source_of(net, &ip);
    if (src)
        ip.src = addr_v4(src);
    struct builder b = builder_make(p, total);
    builder_u16(&b, tx->sport);
    builder_u16(&b, tx->dport);
    builder_u16(&b, (uint16_t)total);
    builder_u16(&b, 0);
    builder_bytes(&b, data, len);
    if (!tx->no_checksum) {
        uint16_t sum =
            ip_sum_fold(ip_sum_add(ip_sum_pseudo(src, addr_v4_get(&ip.dst), IPPROTO_UDP_, (uint16_t)total), p, total));
        builder_patch_u16(&b, 6, sum ? sum : 0xffff);
    }
    net->stats.udp_out++;
    net_debug_udp(net, true, src, tx->sport, addr_v4_get(&ip.dst), tx->dport, total);
    return ip_send(r, &ip, f);
}
