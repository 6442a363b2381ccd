/* The lines of debug arp, debug ip packet, icmp, udp and routing (net_debug.h). */
#include "modules/net/net_debug.h"
#include "modules/core/cursor.h"
#include "modules/core/log.h"
#include "modules/net/super.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct debug_flag net_debug_flags[NET_DEBUG_FLAGS] = {
    [NET_DEBUG_ARP] = {"ARP", "ARP packet debugging is on"},
    [NET_DEBUG_ICMP] = {"Generic IP", "ICMP packet debugging is on"},
    [NET_DEBUG_PACKET] = {"Generic IP", "IP packet debugging is on"},
    [NET_DEBUG_UDP] = {"Generic IP", "UDP packet debugging is on"},
    [NET_DEBUG_ROUTING] = {"IP routing", "IP routing debugging is on"}};

const char *net_debug_note(struct router *r, unsigned bit)
{
    return bit == NET_DEBUG_PACKET ? net_of(r)->debug_note : "";
}

static bool is_on(const struct net *net, unsigned bit)
{
    return log_debug_on(net->router, &net_module, bit);
}

static const char *ip_text(uint32_t ip, char buf[ADDR_STRLEN])
{
    struct addr a = addr_v4(ip);
    return addr_format(&a, buf);
}

/* ---- ARP ---- */

void net_debug_arp(const struct nif *nif, bool sent, uint16_t op, const struct mac *sha, uint32_t spa,
                   const struct mac *tha, uint32_t tpa)
{
    char s[ADDR_STRLEN], d[ADDR_STRLEN], sm[MAC_STRLEN], dm[MAC_STRLEN];
    if (!is_on(nif->net, NET_DEBUG_ARP))
        return;
    if (sent)
        log_debug(nif->net->router, &net_module, NET_DEBUG_ARP,
                  "IP ARP: sent %s src %s %s,\n                 dst %s %s %s", op == 1 ? "req" : "rep", ip_text(spa, s),
                  mac_format(sha, sm), ip_text(tpa, d), mac_format(tha, dm), nif->n.name);
    else
        log_debug(nif->net->router, &net_module, NET_DEBUG_ARP, "IP ARP: rcvd %s src %s %s, dst %s %s",
                  op == 1 ? "req" : "rep", ip_text(spa, s), mac_format(sha, sm), ip_text(tpa, d), nif->n.name);
}

void net_debug_arp_incomplete(const struct nif *nif, uint32_t ip)
{
    char a[ADDR_STRLEN];
    if (is_on(nif->net, NET_DEBUG_ARP))
        log_debug(nif->net->router, &net_module, NET_DEBUG_ARP,
                  "IP ARP: creating incomplete entry for IP address: %s interface %s", ip_text(ip, a), nif->n.name);
}

void net_debug_arp_filtered(const struct nif *nif, uint16_t op, const struct mac *sha, uint32_t spa, uint32_t tpa)
{
    char s[ADDR_STRLEN], d[ADDR_STRLEN], sm[MAC_STRLEN];
    if (is_on(nif->net, NET_DEBUG_ARP))
        log_debug(nif->net->router, &net_module, NET_DEBUG_ARP,
                  "IP ARP %s filtered src %s %s, dst %s 0000.0000.0000 wrong cable, interface %s",
                  op == 1 ? "req" : "rep", ip_text(spa, s), mac_format(sha, sm), ip_text(tpa, d), nif->n.name);
}

/* ---- IP ---- */

/* The header behind IP's; false: a fragment that has none, or too short. */
static bool transport(const struct frame *f, const struct ip4 *ip, struct acl_flow *flow, char *text, size_t cap)
{
    struct cursor c = cursor_make(f->data, f->len);
    cursor_skip(&c, ip->hlen);
    if (flow->fragment)
        return false;
    if (ip->proto == IPPROTO_ICMP_) {
        flow->icmp_type = cursor_u8(&c);
        flow->icmp_code = cursor_u8(&c);
        snprintf(text, cap, "ICMP type=%u, code=%u", flow->icmp_type, flow->icmp_code);
    } else if (ip->proto == IPPROTO_UDP_ || ip->proto == IPPROTO_TCP_) {
        flow->sport = cursor_u16(&c);
        flow->dport = cursor_u16(&c);
        if (ip->proto == IPPROTO_UDP_) {
            snprintf(text, cap, "UDP src=%u, dst=%u", flow->sport, flow->dport);
            return cursor_ok(&c);
        }
        uint32_t seq = cursor_u32(&c), ack = cursor_u32(&c);
        cursor_u8(&c);
        flow->tcp_flags = cursor_u8(&c);
        static const char *const names[] = {" FIN", " SYN", " RST", " PSH", " ACK", " URG"};
        int at = snprintf(text, cap, "TCP src=%u, dst=%u, seq=%u, ack=%u, win=%u", flow->sport, flow->dport, seq, ack,
                          cursor_u16(&c));
        for (unsigned i = 6; i-- > 0;)
            if (flow->tcp_flags >> i & 1)
                at += snprintf(text + at, cap - (size_t)at, "%s", names[i]);
    } else {
        snprintf(text, cap, "proto=%u", ip->proto);
    }
    return cursor_ok(&c);
}

void net_debug_packet(struct net *net, const struct frame *f, const struct nif *out, uint32_t gateway, const char *did)
{
    char s[ADDR_STRLEN], d[ADDR_STRLEN], g[ADDR_STRLEN], more[128] = "", via[80] = "", hop[ADDR_STRLEN + 8] = "";
    struct ip4 ip;
    if (!is_on(net, NET_DEBUG_PACKET) || ip_parse(f, &ip))
        return;
    struct acl_flow flow = {.src = addr_v4(ip.src),
                            .dst = addr_v4(ip.dst),
                            .proto = ip.proto,
                            .tos = ip.tos,
                            .fragment = (ip.frag & IP_OFFMASK) != 0};
    bool whole = transport(f, &ip, &flow, more, sizeof more);
    if (net->debug_list[0] && acl_match(net->router, net->debug_list, &flow, false, NULL) != ACL_PERMIT)
        return;
    if (out)
        snprintf(via, sizeof via, " (%s)", out->n.name);
    if (gateway && gateway != ip.dst)
        snprintf(hop, sizeof hop, " g=%s,", ip_text(gateway, g));
    log_debug(net->router, &net_module, NET_DEBUG_PACKET, "IP: s=%s (%s), d=%s%s,%s len %u, %s", ip_text(ip.src, s),
              f->in && !(f->flags & FRAME_LOCAL_OUT) ? f->in->name : "local", ip_text(ip.dst, d), via, hop, ip.len,
              did);
    if (net->debug_detail && whole)
        log_debug(net->router, &net_module, NET_DEBUG_PACKET, "    %s", more);
}

/* ---- ICMP ---- */

static const char *unreachable(uint8_t code)
{
    static const char *const names[] = {
        "net", "host", "protocol", "port", "frag. needed and DF set", "source route failed"};
    return code < sizeof names / sizeof *names ? names[code] : code == 13 ? "administratively prohibited" : "host";
}

void net_debug_icmp(struct net *net, bool sent, uint32_t src, uint32_t dst, uint8_t type, uint8_t code, uint32_t rest,
                    const uint8_t *about, size_t len)
{
    char s[ADDR_STRLEN], d[ADDR_STRLEN], was[ADDR_STRLEN], gw[ADDR_STRLEN];
    if (!is_on(net, NET_DEBUG_ICMP))
        return;
    struct router *r = net->router;
    const char *did = sent ? "sent" : "rcvd", *end = ip_text(sent ? dst : src, d);
    const char *dest = ip_text(about && len >= IP_HLEN ? be32(about + 16) : 0, was);
    ip_text(src, s);
    if (type == 0 || type == 8)
        log_debug(r, &net_module, NET_DEBUG_ICMP, "ICMP: echo%s %s, src %s, dst %s, topology BASE, dscp 0 topoid 0",
                  type ? "" : " reply", did, s, ip_text(dst, gw));
    else if (type == 3)
        log_debug(r, &net_module, NET_DEBUG_ICMP, "ICMP: dst (%s) %s unreachable %s %s", dest, unreachable(code),
                  sent ? "sent to" : "rcv from", end);
    else if (type == 5)
        log_debug(r, &net_module, NET_DEBUG_ICMP, "ICMP: redirect %s %s for dest %s, use gw %s",
                  sent ? "sent to" : "rcvd from", end, dest, ip_text(rest, gw));
    else if (type == 11)
        log_debug(r, &net_module, NET_DEBUG_ICMP, "ICMP: time exceeded (%s) %s %s (dest was %s)",
                  code ? "reassembly" : "time to live", sent ? "sent to" : "rcvd from", end, dest);
    else
        log_debug(r, &net_module, NET_DEBUG_ICMP, "ICMP: type %u, code %u %s, src %s, dst %s", type, code, did, s,
                  ip_text(dst, gw));
}

/* ---- UDP, routes ---- */

void net_debug_udp(struct net *net, bool sent, uint32_t src, uint16_t sport, uint32_t dst, uint16_t dport, size_t len)
{
    char s[ADDR_STRLEN], d[ADDR_STRLEN];
    if (is_on(net, NET_DEBUG_UDP))
        log_debug(net->router, &net_module, NET_DEBUG_UDP, "UDP: %s src=%s(%u), dst=%s(%u), length=%zu",
                  sent ? "sent" : "rcvd", ip_text(src, s), sport, ip_text(dst, d), dport, len);
}

struct route_watch {
    struct route *v; /* what was in force when last looked at, in order of prefix */
    unsigned n;
    struct task task;
};

static void route_text(struct net *net, bool added, const struct route *rt)
{
    char p[ADDR_STRLEN], hop[ADDR_STRLEN];
    const char *kind = rt->source == ROUTE_CONNECTED ? "connected" : rt->source == ROUTE_LOCAL ? "local" : "static";
    log_debug(net->router, &net_module, NET_DEBUG_ROUTING, "RT: %s %s/%u via %s%s%s, %s metric [%u/0]",
              added ? "add" : "del", addr_format(&rt->prefix.addr, p), rt->prefix.len,
              addr_is_none(&rt->next_hop) ? "0.0.0.0" : addr_format(&rt->next_hop, hop), rt->ifname[0] ? ", " : "",
              rt->ifname, kind, rt->distance);
}

static void copy_route(void *ctx, const struct route *rt, const struct nif *out)
{
    struct route_watch *w = ctx;
    struct route *v = w->n % 64 ? w->v : realloc(w->v, (w->n + 64) * sizeof *v);
    (void)out;
    if (!v)
        return;
    w->v = v;
    w->v[w->n++] = *rt;
}

static int route_order(const struct route *a, const struct route *b)
{
    int d = addr_compare(&a->prefix.addr, &b->prefix.addr);
    return d ? d : (int)a->prefix.len - (int)b->prefix.len;
}

static bool route_is_in(const struct route *rt, const struct route *v, unsigned n)
{
    for (unsigned i = 0; i < n && route_order(&v[i], rt) == 0; i++)
        if (addr_equal(&v[i].next_hop, &rt->next_hop) && !strcmp(v[i].ifname, rt->ifname))
            return true;
    return false;
}

/* The hops of b's prefixes that a does not have. */
static void differing(struct net *net, bool added, const struct route_watch *a, const struct route_watch *b)
{
    for (unsigned i = 0, k = 0; i < b->n; i++) {
        while (k < a->n && route_order(&a->v[k], &b->v[i]) < 0)
            k++;
        if (!route_is_in(&b->v[i], a->v + k, a->n - k))
            route_text(net, added, &b->v[i]);
    }
}

static void routes_look(void *arg)
{
    struct net *net = arg;
    struct route_watch *w = net->route_watch, now = {0};
    if (!is_on(net, NET_DEBUG_ROUTING)) {
        net_debug_fini(net);
        return;
    }
    rib_foreach(net, copy_route, &now);
    differing(net, false, &now, w);
    differing(net, true, w, &now);
    free(w->v);
    w->v = now.v;
    w->n = now.n;
}

void net_debug_routes_begin(struct net *net)
{
    if (!net->route_watch && (net->route_watch = calloc(1, sizeof *net->route_watch)))
        net->route_watch->task = (struct task){.run = routes_look, .arg = net};
    struct route_watch *w = net->route_watch;
    if (!w)
        return;
    w->n = 0;
    rib_foreach(net, copy_route, w);
}

void net_debug_routes_changed(struct net *net)
{
    if (net->route_watch)
        loop_defer(net->loop, &net->route_watch->task);
}

void net_debug_fini(struct net *net)
{
    if (!net->route_watch)
        return;
    loop_cancel(net->loop, &net->route_watch->task);
    free(net->route_watch->v);
    free(net->route_watch);
    net->route_watch = NULL;
}
