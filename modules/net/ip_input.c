/* IPv4 input in vectors: header checks, martians, access lists, then local delivery by protocol or forwarding, frames
 * of one outgoing interface together. Called by ether.c, and by ipsec with decrypted packets. */
#include "modules/core/cursor.h"
#include "modules/net/net_debug.h"

const char *ip_parse(const struct frame *f, struct ip4 *ip)
{
    struct cursor c = cursor_make(f->data, f->len);
    const uint8_t *h = cursor_take(&c, IP_HLEN);
    if (!h)
        return "ip-short";
    if (h[0] >> 4 != 4)
        return "ip-version";
    ip->hlen = (uint8_t)((h[0] & 15) * 4);
    ip->len = be16(h + 2);
    if (ip->hlen < IP_HLEN || ip->len < ip->hlen || ip->len > f->len)
        return "ip-length";
    ip->tos = h[1];
    ip->id = be16(h + 4);
    ip->frag = be16(h + 6);
    ip->ttl = h[8];
    ip->proto = h[9];
    ip->src = be32(h + 12);
    ip->dst = be32(h + 16);
    return ip_checksum(h, ip->hlen) ? "ip-checksum" : NULL;
}

/* RFC 1812 5.3.7 */
bool ip_martian_source(const struct net *net, uint32_t src)
{
    unsigned top = src >> 24;
    if (top == 0 || top == 127 || top >= 224)
        return true;
    const struct local_entry *l = net_local_find(net, src);
    return l != NULL; /* our own address, or a broadcast address */
}

bool ip_martian_destination(uint32_t dst)
{
    unsigned top = dst >> 24;
    return top == 0 || top == 127 || (top >= 240 && dst != UINT32_MAX);
}

/* ---- local ---- */

static bool is_key_exchange(const struct frame *f, const struct ip4 *ip)
{
    if (ip->proto == IPPROTO_ESP_)
        return true;
    struct cursor c = cursor_make(f->data, f->len);
    cursor_skip(&c, ip->hlen + 2u);
    uint16_t port = cursor_u16(&c);
    return ip->proto == IPPROTO_UDP_ && cursor_ok(&c) && (port == 500 || port == 4500);
}

static bool crypto_passes(struct net *net, struct frame *f, const struct ip4 *ip, bool local)
{
    if (!net->crypto || !net->crypto->input_check || !f->in || (f->flags & FRAME_LOCAL_OUT))
        return true;
    if (!(f->flags & FRAME_DECRYPTED) && (!f->in->crypto || (local && is_key_exchange(f, ip))))
        return true;
    return net->crypto->input_check(net->crypto_ctx, f->in, f);
}

/* Consumes. Frames of a vector protocol are gathered in esp for the caller. */
void ip_deliver(struct net *net, struct frame *f, const struct ip4 *first, struct frame_vec *esp)
{
    struct router *r = net->router;
    struct ip4 ip = *first;
    f->len = ip.len;
    if (ip.frag & (IP_MF | IP_OFFMASK)) {
        net->stats.frags_in++;
        f = reass_input(net, f, &ip);
        if (!f || ip_parse(f, &ip)) {
            frame_free(f);
            return;
        }
    }
    if (!crypto_passes(net, f, &ip, true)) {
        ip_drop(r, "crypto-clear-text", f);
        return;
    }
    net->stats.delivered++;
    net_debug_packet(net, f, NULL, 0, f->flags & FRAME_BROADCAST ? "rcvd 2" : "rcvd 3");
    struct ip_proto *p = &net->proto[ip.proto];
    if (p->vec) {
        esp->f[esp->n++] = f;
        if (esp->n == FRAME_VEC) {
            p->vec(p->vec_arg, esp);
            esp->n = 0;
        }
        return;
    }
    struct ip_rx rx = {.src = addr_v4(ip.src),
                       .dst = addr_v4(ip.dst),
                       .proto = ip.proto,
                       .ttl = ip.ttl,
                       .tos = ip.tos,
                       .in = f->in,
                       .header_len = ip.hlen};
    if (ip.proto != IPPROTO_ICMP_ && ip.proto != IPPROTO_UDP_ && !p->fn) {
        icmp_error(r, f, 3, 2, 0); /* protocol unreachable */
        ip_drop(r, "unknown-protocol", f);
        return;
    }
    frame_pull(f, ip.hlen);
    if (ip.proto == IPPROTO_ICMP_)
        icmp_input(net, &rx, f);
    else if (ip.proto == IPPROTO_UDP_)
        udp_input(net, &rx, f);
    else
        p->fn(p->arg, &rx, f);
}

/* Frames of one step that leave through one interface. */
struct batch {
    struct nif *out;
    unsigned n;
    struct frame *f[FRAME_VEC];
    uint32_t hop[FRAME_VEC];
};

static void batch_flush(struct net *net, struct batch *b)
{
    if (b->n)
        ip_output_batch(net, b->out, b->n, b->f, b->hop);
    b->n = 0;
}

/* NULL: the frame is in the batch. Else the drop reason; the frame is still the caller's. */
static const char *forward(struct net *net, struct frame *f, const struct ip4 *ip, struct batch *b)
{
    struct router *r = net->router;
    if (f->flags & FRAME_BROADCAST)
        return "not-for-us";
    if (ip->ttl <= 1) {
        net->stats.bad_ttl++;
        icmp_error(r, f, 11, 0, 0);
        return "ttl-expired";
    }
    const struct fib_hop *hop = fib_lookup(net, ip->dst, ip->src);
    if (!hop || !hop->out) {
        net->stats.no_route++;
        net_debug_packet(net, f, NULL, 0, "unroutable");
        icmp_error(r, f, 3, 1, 0);
        return hop ? "null-route" : "no-route";
    }
    if (!crypto_passes(net, f, ip, false))
        return "crypto-clear-text";
    uint32_t gateway = hop->gateway ? hop->gateway : ip->dst;
    struct nif *out = hop->out;
    if (!(f->flags & FRAME_DECRYPTED) && icmp_redirect_due(nif_of(f->in), out, ip->src))
        icmp_redirect(net, f, gateway);
    f->data[8]--;
    /* RFC 1624: HC' = ~(~HC + ~m + m') for a TTL that is one less */
    uint32_t sum = (uint32_t)be16(f->data + 10) + 0x0100;
    put16(f->data + 10, (uint16_t)(sum + (sum >> 16)));
    if (out->n.acl_out[0] && !acl_permits(out, 1, f)) {
        f->data[8]++; /* the quoted header is the one that came */
        put16(f->data + 10, 0);
        put16(f->data + 10, ip_checksum(f->data, ip->hlen));
        net_debug_packet(net, f, out, gateway, "access denied");
        icmp_error(r, f, 3, 13, 0);
        return "acl-denied-out";
    }
    net->stats.forwarded++;
    net_debug_packet(net, f, out, gateway, "forward");
    if (b->n && (b->out != out || b->n == FRAME_VEC))
        batch_flush(net, b);
    b->out = out;
    b->f[b->n] = f;
    b->hop[b->n++] = gateway;
    return NULL;
}

/* NULL: consumed. */
static const char *input_one(struct net *net, struct nif *in, struct frame *f, bool inner, struct frame_vec *esp,
                             struct batch *b)
{
    struct ip4 ip;
    const char *why = ip_parse(f, &ip);
    net->stats.received++;
    net->stats.received_bytes += f->len;
    if (why) {
        if (!strcmp(why, "ip-checksum"))
            net->stats.bad_checksum++;
        else
            net->stats.bad_header++;
        in->n.counters.in_errors++;
        return why;
    }
    f->len = ip.len;
    if (ip_martian_source(net, ip.src)) {
        net->stats.bad_source++;
        return "martian-source";
    }
    if (ip_martian_destination(ip.dst))
        return "martian-destination";
    if (!inner && in->n.acl_in[0] && !acl_permits(in, 0, f)) {
        net_debug_packet(net, f, NULL, 0, "access denied");
        icmp_error(net->router, f, 3, 13, 0);
        return "acl-denied-in";
    }
    if (ip.dst >> 28 == 14) {
        net->stats.mcast_in++;
        if (!netif_joined(in, ip.dst))
            return "multicast-not-joined";
        f->flags |= FRAME_BROADCAST;
        ip_deliver(net, f, &ip, esp);
        return NULL;
    }
    const struct local_entry *l = net_local_find(net, ip.dst);
    if (l || ip.dst == UINT32_MAX) {
        if (!l || l->kind == LOCAL_BROADCAST) {
            net->stats.bcast_in++;
            if (l && l->nif != in)
                return "directed-broadcast";
            f->flags |= FRAME_BROADCAST;
        } else if (f->flags & FRAME_BROADCAST) {
            return "unicast-in-broadcast"; /* RFC 1122 3.3.6 */
        }
        ip_deliver(net, f, &ip, esp);
        return NULL;
    }
    return forward(net, f, &ip, b);
}

static void esp_flush(struct net *net, struct frame_vec *esp)
{
    if (esp->n && net->proto[IPPROTO_ESP_].vec)
        net->proto[IPPROTO_ESP_].vec(net->proto[IPPROTO_ESP_].vec_arg, esp);
    else
        frame_free_vec(esp);
    esp->n = 0;
}

static void input_vec(struct net *net, struct nif *in, struct frame_vec *v, bool inner)
{
    struct frame_vec esp;
    struct batch b;
    esp.n = b.n = 0;
    b.out = NULL;
    unsigned n = v->n;
    v->n = 0;
    net_enter(net);
    for (unsigned i = 0; i < n; i++) {
        struct frame *f = v->f[i];
        struct nif *via = inner ? nif_of(f->in) : in;
        const char *why = via ? input_one(net, via, f, inner, &esp, &b) : "no-interface";
        if (why)
            ip_drop(net->router, why, f);
    }
    batch_flush(net, &b);
    esp_flush(net, &esp);
    net_leave(net);
}

void ip_input(struct nif *in, struct frame_vec *v)
{
    input_vec(in->net, in, v, false);
}

void ip_input_inner(struct router *r, struct frame_vec *v)
{
    for (unsigned i = 0; i < v->n; i++)
        v->f[i]->flags |= FRAME_DECRYPTED;
    input_vec(net_of(r), NULL, v, true);
}
