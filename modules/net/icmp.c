/* ICMP (RFC 792, RFC 1812 4.3): answers echo, sends errors within limits and never about what must not be answered,
 * and hands replies and errors to listeners (ping, traceroute, path MTU). Called by ip_input.c and by whoever drops a
 * packet with a reason that its sender should hear. */
#include "modules/core/cursor.h"
#include "modules/net/net_debug.h"

enum { ICMP_HLEN = 8, ICMP_BURST = 20, ICMP_RATE = 100, ICMP_QUOTE = 576 - IP_HLEN - ICMP_HLEN };

int icmp_listen(struct router *r, icmp_listen_fn fn, void *arg)
{
    struct net *net = net_of(r);
    for (unsigned i = 0; i < ICMP_LISTENERS_MAX; i++) {
        if (!net->icmp[i].fn) {
            net->icmp[i] = (struct icmp_listener){fn, arg};
            return 0;
        }
    }
    return -ENOSPC;
}

void icmp_unlisten(struct router *r, icmp_listen_fn fn, void *arg)
{
    struct net *net = net_of(r);
    for (unsigned i = 0; i < ICMP_LISTENERS_MAX; i++)
        if (net->icmp[i].fn == fn && net->icmp[i].arg == arg)
            net->icmp[i].fn = NULL;
}

static void tell_listeners(struct net *net, const struct ip_rx *rx, uint8_t type, uint8_t code, uint32_t rest,
                           const uint8_t *body, size_t len)
{
    for (unsigned i = 0; i < ICMP_LISTENERS_MAX; i++)
        if (net->icmp[i].fn)
            net->icmp[i].fn(net->icmp[i].arg, rx, type, code, rest, body, len);
}

static void echo_reply(struct net *net, const struct ip_rx *rx, struct frame *f)
{
    net->stats.icmp_echo_in++;
    if (f->flags & FRAME_BROADCAST) {
        ip_drop(net->router, "icmp-broadcast-echo", f);
        return;
    }
    f->data[0] = 0;
    put16(f->data + 2, 0);
    put16(f->data + 2, ip_checksum(f->data, f->len));
    struct ip_tx tx = {.src = rx->dst, .dst = rx->src, .proto = IPPROTO_ICMP_, .tos = rx->tos};
    net->stats.icmp_reply_out++;
    net->stats.icmp_out++;
    net_debug_icmp(net, true, addr_v4_get(&tx.src), addr_v4_get(&tx.dst), 0, 0, 0, NULL, 0);
    ip_send(net->router, &tx, f);
}

void icmp_input(struct net *net, const struct ip_rx *rx, struct frame *f)
{
    struct cursor c = cursor_make(f->data, f->len);
    uint8_t type = cursor_u8(&c), code = cursor_u8(&c);
    cursor_skip(&c, 2);
    uint32_t rest = cursor_u32(&c);
    net->stats.icmp_in++;
    if (!cursor_ok(&c) || ip_checksum(f->data, f->len)) {
        net->stats.icmp_bad++;
        ip_drop(net->router, cursor_ok(&c) ? "icmp-checksum" : "icmp-short", f);
        return;
    }
    if (type == 8 && code == 0) {
        echo_reply(net, rx, f);
        return;
    }
    if (type == 0)
        net->stats.icmp_reply_in++;
    else if (type == 3)
        net->stats.icmp_unreach_in++;
    else if (type == 11)
        net->stats.icmp_time_in++;
    else
        net->stats.icmp_other_in++;
    size_t left = cursor_left(&c);
    const uint8_t *body = cursor_take(&c, left);
    net_debug_icmp(net, false, addr_v4_get(&rx->src), addr_v4_get(&rx->dst), type, code, rest, body, left);
    tell_listeners(net, rx, type, code, rest, body, left);
    frame_free(f);
}

/* RFC 1812 4.3.2.7: what must never be answered with an error. */
static bool may_answer(struct net *net, const struct frame *f, struct ip4 *ip)
{
    if (ip_parse(f, ip) && f->len < IP_HLEN)
        return false;
    if ((f->flags & FRAME_BROADCAST) || (ip->frag & IP_OFFMASK) || ip->dst >> 28 == 14 || ip->dst == UINT32_MAX)
        return false;
    if (ip->src == 0 || ip->src >> 24 == 127 || ip->src >> 28 >= 14)
        return false;
    const struct local_entry *l = net_local_find(net, ip->dst);
    if (l && l->kind == LOCAL_BROADCAST)
        return false;
    if (ip->proto != IPPROTO_ICMP_)
        return true;
    struct cursor c = cursor_make(f->data, f->len);
    cursor_skip(&c, ip->hlen);
    uint8_t type = cursor_u8(&c);
    return cursor_ok(&c) && (type == 8 || type == 0 || (type >= 13 && type <= 18));
}

static bool token(struct net *net)
{
    nstime now = loop_now(net->loop);
    net->icmp_tokens += (double)(now - net->icmp_refill) * ICMP_RATE / (double)NS_PER_S;
    net->icmp_refill = now;
    if (net->icmp_tokens > ICMP_BURST)
        net->icmp_tokens = ICMP_BURST;
    if (net->icmp_tokens < 1) {
        net->stats.icmp_limited++;
        return false;
    }
    net->icmp_tokens -= 1;
    return true;
}

/* The message itself, quoting f; false: rate limit or memory. */
static bool send_about(struct net *net, const struct frame *f, const struct ip_tx *tx, uint8_t type, uint8_t code,
                       uint32_t rest)
{
    size_t quote = f->len < ICMP_QUOTE ? f->len : ICMP_QUOTE;
    struct frame *e = token(net) ? frame_alloc(net->loop) : NULL;
    uint8_t *p = e ? frame_put(e, (uint32_t)(ICMP_HLEN + quote)) : NULL;
    if (!p) {
        frame_free(e);
        return false;
    }
    struct builder b = builder_make(p, ICMP_HLEN + quote);
    builder_u8(&b, type);
    builder_u8(&b, code);
    builder_u16(&b, 0);
    builder_u32(&b, rest);
    builder_bytes(&b, f->data, quote);
    builder_patch_u16(&b, 2, ip_checksum(p, ICMP_HLEN + quote));
    net->stats.icmp_out++;
    net_debug_icmp(net, true, addr_v4_get(&tx->src), addr_v4_get(&tx->dst), type, code, rest, f->data, quote);
    ip_send(net->router, tx, e);
    return true;
}

/* RFC 1812 5.2.7.2: the sender and the better next hop share the subnet that the packet came in by. */
bool icmp_redirect_due(const struct nif *in, const struct nif *out, uint32_t src)
{
    return in == out && !in->n.no_redirects && !in->n.crypto && netif_subnet_has(in, src);
}

void icmp_redirect(struct net *net, const struct frame *f, uint32_t gateway)
{
    struct ip4 ip;
    struct mac to;
    if (!may_answer(net, f, &ip) || !netif_subnet_has(nif_of(f->in), gateway))
        return;
    memcpy(to.b, f->data - ETHER_HLEN, sizeof to.b);
    struct addr better = addr_v4(gateway);
    struct ip_tx tx = {.dst = addr_v4(ip.src), .proto = IPPROTO_ICMP_, .tos = 0xc0, .netif = f->in};
    tx.src = netif_primary(f->in);
    if (net->on_redirect && !net->on_redirect(net->on_redirect_arg, f->in, &to, &better, &tx.src))
        return;
    net->stats.icmp_redirect_out += send_about(net, f, &tx, 5, 1, addr_v4_get(&better));
}

void ip_on_redirect(struct router *r, ip_redirect_fn fn, void *arg)
{
    net_of(r)->on_redirect = fn;
    net_of(r)->on_redirect_arg = arg;
}

void icmp_error(struct router *r, const struct frame *f, uint8_t type, uint8_t code, uint16_t mtu)
{
    struct net *net = net_of(r);
    struct ip4 ip;
    if (!may_answer(net, f, &ip))
        return;
    size_t quote = f->len < ICMP_QUOTE ? f->len : ICMP_QUOTE;
    const struct local_entry *l = net_local_find(net, ip.src);
    if (l || (f->flags & FRAME_LOCAL_OUT)) { /* our own packet: tell those who wait here */
        const struct local_entry *to = net_local_find(net, ip.dst);
        bool to_us = to && to->kind == LOCAL_UNICAST; /* traceroute to an address of ours */
        struct ip_rx rx = {
            .src = addr_v4(to_us ? ip.dst : ip.src), .dst = addr_v4(ip.src), .proto = IPPROTO_ICMP_, .ttl = 255};
        tell_listeners(net, &rx, type, code, mtu, f->data, quote);
        return;
    }
    struct ip_tx tx = {.dst = addr_v4(ip.src), .proto = IPPROTO_ICMP_, .tos = 0xc0};
    if (l = net_local_find(net, ip.dst), l && l->kind == LOCAL_UNICAST)
        tx.src = addr_v4(ip.dst);
    else if (f->in)
        tx.src = netif_primary(f->in);
    if (!send_about(net, f, &tx, type, code, mtu)) /* RFC 1191 4 */
        return;
    if (type == 3)
        net->stats.icmp_unreach_out++;
    else
        net->stats.icmp_time_out++;
}
