/* IPv4 output: headers for what we originate, routing, crypto policy before fragmentation, MTU, and the hand-over to
 * ARP. Called by the protocols (ip_send, udp_send), by ipsec (ip_output) and by the forwarding path (batches). */
#include "modules/core/cursor.h"
#include "modules/net/net_debug.h"

enum { LOOPBACK_MAX = 1024 };

uint16_t ip_ident_next(struct net *net)
{
    return ++net->ident;
}

/* Consumes. false: dropped. */
bool ip_output_packet(struct net *net, struct nif *out, uint32_t next_hop, struct frame *f, const struct mac *src)
{
    if (out->n.is_virtual) {
        ip_drop(net->router, "no-link", f);
        return false;
    }
    if (f->len > out->n.mtu) {
        if (be16(f->data + 6) & IP_DF) {
            net->stats.cant_fragment++;
            icmp_error(net->router, f, 3, 4, out->n.mtu);
            ip_drop(net->router, "df-too-big", f);
            return false;
        }
        ip_fragment(net, out, next_hop, f, src);
        return true;
    }
    arp_send_to(out, next_hop, f, src);
    return true;
}

static uint32_t hop_again(struct net *net, const struct nif *out, const struct frame *f)
{
    uint32_t dst = be32(f->data + 16);
    const struct fib_hop *hop = fib_lookup(net, dst, be32(f->data + 12));
    return hop && hop->out == out && hop->gateway ? hop->gateway : dst;
}

void ip_output_batch(struct net *net, struct nif *out, unsigned n, struct frame **f, const uint32_t *next_hop)
{
    if (!out->n.crypto || !net->crypto) {
        for (unsigned i = 0; i < n; i++)
            ip_output_packet(net, out, next_hop[i], f[i], NULL);
        return;
    }
    struct frame_vec v;
    v.n = 0;
    for (unsigned i = 0; i < n; i++) {
        if (f[i]->flags & FRAME_CRYPTO_DONE)
            ip_output_packet(net, out, next_hop[i], f[i], NULL);
        else
            v.f[v.n++] = f[i];
    }
    if (v.n)
        net->crypto->output(net->crypto_ctx, &out->n, &v);
    for (unsigned i = 0; i < v.n; i++) /* those that the policy leaves in clear */
        ip_output_packet(net, out, hop_again(net, out, v.f[i]), v.f[i], NULL);
}

static void loop_back(struct net *net, struct frame *f)
{
    if (net->n_loop == LOOPBACK_MAX) {
        ip_drop(net->router, "loopback-full", f);
        return;
    }
    f->next = NULL;
    if (net->loop_tail)
        net->loop_tail->next = f;
    else
        net->loop_head = f;
    net->loop_tail = f;
    net->n_loop++;
    loop_defer(net->loop, &net->loop_task);
}

void ip_output(struct router *r, struct frame *f)
{
    struct net *net = net_of(r);
    if (f->len < IP_HLEN) {
        ip_drop(r, "ip-short", f);
        return;
    }
    uint32_t dst = be32(f->data + 16);
    const struct local_entry *l = net_local_find(net, dst);
    if (l && l->kind == LOCAL_UNICAST) {
        f->flags |= FRAME_LOCAL_OUT;
        loop_back(net, f);
        return;
    }
    const struct fib_hop *hop = fib_lookup(net, dst, be32(f->data + 12));
    if (!hop || !hop->out) {
        net->stats.no_route++;
        ip_drop(r, "no-route", f);
        return;
    }
    uint32_t gateway = hop->gateway ? hop->gateway : dst;
    net_enter(net);
    ip_output_batch(net, hop->out, 1, &f, &gateway);
    net_leave(net);
}

static int send_fail(struct net *net, struct frame *f, const char *why, int error)
{
    ip_drop(net->router, why, f);
    return -error;
}

/* Fills in the header in front of the payload. */
static bool write_header(struct net *net, const struct ip_tx *tx, uint32_t src, uint32_t dst, struct frame *f)
{
    if (f->len > 65535 - IP_HLEN || !frame_push(f, IP_HLEN))
        return false;
    struct builder b = builder_make(f->data, IP_HLEN);
    builder_u8(&b, 0x45);
    builder_u8(&b, tx->tos);
    builder_u16(&b, (uint16_t)f->len);
    builder_u16(&b, tx->id_zero ? 0 : ip_ident_next(net));
    builder_u16(&b, tx->df ? IP_DF : 0);
    builder_u8(&b, tx->ttl ? tx->ttl : 255);
    builder_u8(&b, tx->proto);
    builder_u16(&b, 0);
    builder_u32(&b, src);
    builder_u32(&b, dst);
    builder_patch_u16(&b, 10, ip_checksum(f->data, IP_HLEN));
    f->flags = (uint16_t)((f->flags & ~(FRAME_BROADCAST | FRAME_DECRYPTED | FRAME_CRYPTO_DONE)) | FRAME_LOCAL_OUT |
                          (tx->no_crypto ? FRAME_CRYPTO_DONE : 0));
    f->in = NULL;
    return true;
}

int ip_send(struct router *r, const struct ip_tx *tx, struct frame *f)
{
    struct net *net = net_of(r);
    uint32_t dst = addr_v4_get(&tx->dst), src = addr_v4_get(&tx->src), gateway = dst;
    struct nif *out = tx->netif ? nif_of(tx->netif) : NULL;
    const struct local_entry *l = net_local_find(net, dst);
    if (r->dying)
        return send_fail(net, f, "power-off", ENETDOWN);
    if (l && l->kind == LOCAL_UNICAST) {
        if (!write_header(net, tx, src ? src : dst, dst, f))
            return send_fail(net, f, "too-long", EMSGSIZE);
        net->stats.sent++;
        loop_back(net, f);
        return 0;
    }
    if (!out) {
        const struct fib_hop *hop = dst >> 28 == 14 ? NULL : fib_lookup(net, dst, src);
        if (!hop || !hop->out) {
            net->stats.no_route++;
            return send_fail(net, f, "no-route", ENETUNREACH);
        }
        out = hop->out;
        if (hop->gateway)
            gateway = hop->gateway;
    }
    if (!out->n.line_up)
        return send_fail(net, f, "interface-down", ENETDOWN);
    if (!src)
        src = netif_source_for(out, gateway);
    if (!src)
        return send_fail(net, f, "no-source-address", EADDRNOTAVAIL);
    if (!write_header(net, tx, src, dst, f))
        return send_fail(net, f, "too-long", EMSGSIZE);
    if (tx->df && f->len > out->n.mtu && !(out->n.crypto && !tx->no_crypto))
        return send_fail(net, f, "df-too-big", EMSGSIZE);
    net->stats.sent++;
    net_debug_packet(net, f, out, gateway,
                     dst >> 28 == 14 || dst == UINT32_MAX ? "sending broad/multicast" : "sending");
    net_enter(net);
    if (tx->src_mac)
        ip_output_packet(net, out, gateway, f, tx->src_mac);
    else
        ip_output_batch(net, out, 1, &f, &gateway);
    net_leave(net);
    return 0;
}
