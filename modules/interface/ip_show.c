/* What shows the IP stack: routes, the ARP cache, drops. Layouts: ios-cli 11.4, 11.5. The counters of show ip traffic
 * are in ip_traffic.c, CEF and the summary in ip_table.c. */
#include "ip_cmd.h"
#include "modules/net/stack.h"
#include <stdio.h>
#include <stdlib.h>

struct row {
    const struct route *rt;
    const struct nif *out;
};
struct rows {
    struct row *v;
    unsigned n, cap;
    bool connected, other; /* which sources are wanted */
};

static void collect(void *ctx, const struct route *rt, const struct nif *out)
{
    struct rows *rows = ctx;
    bool connected = rt->source == ROUTE_CONNECTED || rt->source == ROUTE_LOCAL;
    if (!(connected ? rows->connected : rows->other))
        return;
    if (rows->n == rows->cap) {
        unsigned cap = rows->cap ? rows->cap * 2 : 64;
        struct row *v = realloc(rows->v, cap * sizeof *v);
        if (!v)
            return;
        rows->v = v;
        rows->cap = cap;
    }
    rows->v[rows->n++] = (struct row){rt, out};
}

static unsigned classful_len(uint32_t ip)
{
    return ip >> 31 == 0 ? 8 : ip >> 30 == 2 ? 16 : 24;
}

static uint32_t net_of_row(const struct row *r)
{
    return addr_v4_get(&r->rt->prefix.addr);
}

/* 0: supernet or default, stands alone. Else the length of the classful network it belongs to. */
static unsigned family_len(const struct row *r)
{
    unsigned c = classful_len(net_of_row(r));
    return r->rt->prefix.len >= c ? c : 0;
}

static bool same_prefix(const struct row *a, const struct row *b)
{
    return prefix_equal(&a->rt->prefix, &b->rt->prefix);
}

static char code_of(const struct route *rt)
{
    return rt->source == ROUTE_CONNECTED ? 'C' : rt->source == ROUTE_LOCAL ? 'L' : 'S';
}

static void route_text(struct cmd *c, const struct row *rows, unsigned n, unsigned indent, bool with_len)
{
    char a[ADDR_STRLEN], head[96];
    const struct route *rt = rows[0].rt;
    int at = snprintf(head, sizeof head, "%c%-*s%s", code_of(rt), (int)indent - 1, rt->prefix.len ? "" : "*",
                      addr_format(&rt->prefix.addr, a));
    if (with_len)
        at += snprintf(head + at, sizeof head - (size_t)at, "/%u", rt->prefix.len);
    for (unsigned i = 0; i < n; i++) {
        rt = rows[i].rt;
        const char *out = rt->ifname[0] ? rt->ifname : "";
        if (i == 0)
            out_text(c->out, "%s", head);
        else
            out_text(c->out, "%*s", at, "");
        if (addr_is_none(&rt->next_hop))
            out_text(c->out, " is directly connected, %s\n", out);
        else
            out_text(c->out, " [%u/0] via %s%s%s\n", rt->distance, addr_format(&rt->next_hop, a), out[0] ? ", " : "",
                     out);
    }
}

/* The rows of one classful network, or one row that stands alone. Returns how many were printed. */
static unsigned family_text(struct cmd *c, const struct row *rows, unsigned n)
{
    unsigned flen = family_len(&rows[0]), count = 0, end = 0, subnets = 0, masks = 0;
    uint64_t seen = 0;
    uint32_t base = net_of_row(&rows[0]) & mask_from_len(flen);
    while (end < n && (end == 0 || (flen && family_len(&rows[end]) == flen &&
                                    (net_of_row(&rows[end]) & mask_from_len(flen)) == base))) {
        if (end == 0 || !same_prefix(&rows[end], &rows[end - 1]))
            subnets++;
        seen |= UINT64_C(1) << rows[end].rt->prefix.len;
        end++;
        if (!flen) {
            while (end < n && same_prefix(&rows[end], &rows[0]))
                end++;
            break;
        }
    }
    for (unsigned i = 0; i <= 32; i++)
        masks += seen >> i & 1;
    bool header = flen && (subnets > 1 || rows[0].rt->prefix.len != flen);
    if (header) {
        char a[ADDR_STRLEN];
        struct addr family = addr_v4(base);
        if (masks > 1)
            out_text(c->out, "      %s/%u is variably subnetted, %u subnets, %u masks\n", addr_format(&family, a), flen,
                     subnets, masks);
        else
            out_text(c->out, "      %s/%u is subnetted, %u subnets\n", addr_format(&family, a), rows[0].rt->prefix.len,
                     subnets);
    }
    while (count < end) {
        unsigned k = 1;
        while (count + k < end && same_prefix(&rows[count], &rows[count + k]))
            k++;
        route_text(c, rows + count, k, header ? 9 : 6, !header || masks > 1);
        count += k;
    }
    return end;
}

static void table_text(struct cmd *c, const struct rows *rows)
{
    char a[ADDR_STRLEN];
    const struct row *gw = rows->n && rows->v[0].rt->prefix.len == 0 ? &rows->v[0] : NULL;
    out_text(c->out, "Codes: L - local, C - connected, S - static, R - RIP, M - mobile, B - BGP\n"
                     "       D - EIGRP, EX - EIGRP external, O - OSPF, IA - OSPF inter area \n"
                     "       N1 - OSPF NSSA external type 1, N2 - OSPF NSSA external type 2\n"
                     "       E1 - OSPF external type 1, E2 - OSPF external type 2\n"
                     "       i - IS-IS, su - IS-IS summary, L1 - IS-IS level-1, L2 - IS-IS level-2\n"
                     "       ia - IS-IS inter area, * - candidate default, U - per-user static route\n"
                     "       o - ODR, P - periodic downloaded static route, H - NHRP, l - LISP\n"
                     "       + - replicated route, %% - next hop override\n\n");
    if (gw && addr_is_none(&gw->rt->next_hop))
        out_text(c->out, "Gateway of last resort is 0.0.0.0 to network 0.0.0.0\n\n");
    else if (gw)
        out_text(c->out, "Gateway of last resort is %s to network 0.0.0.0\n\n", addr_format(&gw->rt->next_hop, a));
    else
        out_text(c->out, "Gateway of last resort is not set\n\n");
    for (unsigned i = 0; i < rows->n;)
        i += family_text(c, rows->v + i, rows->n - i);
}

static int entry_text(struct cmd *c, const struct rows *rows, const struct addr *addr)
{
    char a[ADDR_STRLEN];
    const struct row *best = NULL;
    uint32_t ip = addr_v4_get(addr);
    bool family = false;
    for (unsigned i = 0; i < rows->n; i++) {
        const struct prefix *p = &rows->v[i].rt->prefix;
        unsigned f = classful_len(ip);
        family |= p->len && ((addr_v4_get(&p->addr) ^ ip) & mask_from_len(f)) == 0;
        if (prefix_contains(p, addr) && (!best || p->len > best->rt->prefix.len))
            best = &rows->v[i];
    }
    if (!best || (best->rt->prefix.len == 0 && ip != 0)) {
        out_text(c->out, "%% %s not in table\n", family ? "Subnet" : "Network");
        return CMD_OK;
    }
    const struct route *rt = best->rt;
    bool connected = rt->source == ROUTE_CONNECTED || rt->source == ROUTE_LOCAL;
    out_text(c->out, "Routing entry for %s/%u%s\n", addr_format(&rt->prefix.addr, a), rt->prefix.len,
             rt->prefix.len ? "" : ", supernet");
    out_text(c->out, "  Known via \"%s\", distance %u, metric 0%s%s\n", connected ? "connected" : "static",
             rt->distance,
             connected ? (rt->source == ROUTE_LOCAL ? " (connected)" : " (connected, via interface)") : "",
             rt->prefix.len ? "" : ", candidate default path");
    out_text(c->out, "  Routing Descriptor Blocks:\n");
    for (const struct row *r = best; r < rows->v + rows->n && same_prefix(r, best); r++) {
        const char *mark = r == best ? "*" : " ";
        if (addr_is_none(&r->rt->next_hop))
            out_text(c->out, "  %s directly connected, via %s\n", mark, r->rt->ifname);
        else
            out_text(c->out, "  %s %s%s%s\n", mark, addr_format(&r->rt->next_hop, a), r->rt->ifname[0] ? ", via " : "",
                     r->rt->ifname);
        out_text(c->out, "      Route metric is 0, traffic share count is 1\n");
    }
    return CMD_OK;
}

static void route_values(struct cmd *c, const struct rows *rows)
{
    struct out *o = c->out;
    char a[ADDR_STRLEN];
    out_array(o, NULL);
    for (unsigned i = 0; i < rows->n; i++) {
        const struct route *rt = rows->v[i].rt;
        const char code[2] = {code_of(rt), 0};
        out_object(o, NULL);
        out_str(o, "protocol", code);
        out_fmt(o, "prefix", "%s/%u", addr_format(&rt->prefix.addr, a), rt->prefix.len);
        out_int(o, "distance", rt->distance);
        out_int(o, "metric", 0);
        if (!addr_is_none(&rt->next_hop))
            out_addr(o, "next_hop", &rt->next_hop);
        out_str(o, "interface", rows->v[i].out ? rows->v[i].out->n.name : rt->ifname);
        out_end(o);
    }
    out_end(o);
}

int interface_show_ip_route(struct cmd *c, struct args_show_ip_route *a)
{
    struct rows rows = {.connected = !a->kw_static, .other = !a->kw_connected};
    int rc = CMD_OK;
    rib_foreach(net_of(c->router), collect, &rows);
    route_values(c, &rows);
    if (a->has_addr)
        rc = entry_text(c, &rows, &a->addr);
    else if (a->kw_static || a->kw_connected)
        for (unsigned i = 0; i < rows.n;)
            i += family_text(c, rows.v + i, rows.n - i);
    else
        table_text(c, &rows);
    free(rows.v);
    return rc;
}

/* ---- ARP ---- */

static int arp_text(struct cmd *c, const struct addr *only)
{
    struct arp_view *v;
    unsigned n = arp_snapshot(net_of(c->router), &v);
    out_text(c->out, "Protocol  Address          Age (min)  Hardware Addr   Type   Interface\n");
    out_array(c->out, NULL);
    for (unsigned i = 0; i < n; i++) {
        char ip[ADDR_STRLEN], mac[MAC_STRLEN], age[24] = "-";
        struct addr a = addr_v4(v[i].ip);
        if (only && !addr_equal(only, &a))
            continue;
        if (!v[i].own)
            snprintf(age, sizeof age, "%lld", (long long)(v[i].age / (60 * NS_PER_S)));
        bool known = v[i].state != ARP_INCOMPLETE;
        out_text(c->out, "Internet  %-15s %9s   %-14s  ARPA%s%s\n", addr_format(&a, ip), age,
                 known ? mac_format(&v[i].mac, mac) : "Incomplete", known ? "   " : "", known ? v[i].nif->n.name : "");
        out_object(c->out, NULL);
        out_str(c->out, "address", addr_format(&a, ip));
        if (v[i].own)
            out_null(c->out, "age_ms");
        else
            out_int(c->out, "age_ms", v[i].age / NS_PER_MS);
        out_str(c->out, "mac", known ? mac_format(&v[i].mac, mac) : "incomplete");
        out_str(c->out, "interface", v[i].nif->n.name);
        out_end(c->out);
    }
    out_end(c->out);
    free(v);
    return CMD_OK;
}

int interface_show_arp(struct cmd *c, struct args_show_arp *a)
{
    (void)a;
    return arp_text(c, NULL);
}

int interface_show_ip_arp(struct cmd *c, struct args_show_ip_arp *a)
{
    return arp_text(c, a->has_addr ? &a->addr : NULL);
}

int interface_clear_arp(struct cmd *c, struct args_clear_arp_cache *a)
{
    (void)a;
    arp_flush(net_of(c->router), NULL, true);
    for (struct netif *n = NULL; (n = netif_next(c->router, n));)
        arp_announce(nif_of(n));
    return CMD_OK;
}

/* ---- counters ---- */

int interface_show_drops(struct cmd *c, struct args_show_drops *a)
{
    struct drop_count *list;
    unsigned n = drop_snapshot(net_of(c->router), &list);
    (void)a;
    out_text(c->out, "%-28s %12s\n", "Reason", "Frames");
    out_array(c->out, NULL);
    for (unsigned i = 0; i < n; i++) {
        out_text(c->out, "%-28s %12llu\n", list[i].reason, (unsigned long long)list[i].n);
        out_object(c->out, NULL);
        out_str(c->out, "reason", list[i].reason);
        out_int(c->out, "frames", (int64_t)list[i].n);
        out_end(c->out);
    }
    out_end(c->out);
    free(list);
    return CMD_OK;
}
