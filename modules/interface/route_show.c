/* show ip route (layout: ios-cli 11.4). What is in force is copied in one turn of the control loop, as rows of a few
 * bytes, and printed in pieces: meanwhile the table may change. Called by the parser. */
#include "ip_cmd.h"
#include "modules/net/stack.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_LEN = sizeof((struct route *)0)->ifname };

struct row {
    uint32_t prefix, next_hop; /* host order; next_hop 0: on the interface */
    uint8_t len, distance;
    enum route_source source;
    uint16_t via, out; /* names of the route's own and of the outgoing interface */
};
struct table {
    bool connected, other; /* which sources are wanted */
    uint32_t net, within;  /* only prefixes inside net/within; 0/0: all */
    uint32_t gateway;      /* of last resort; 0: none */
    bool brief;            /* neither codes nor the gateway of last resort */
    struct row *v;
    unsigned n, cap;
    char (*names)[NAME_LEN];
    unsigned n_names;
    /* where printing stands */
    bool begun, with_len;
    unsigned at, family_end, indent;
};

/* Few and mostly the same as before. */
static uint16_t name_of(struct table *t, const char *name)
{
    for (unsigned i = t->n_names; i-- > 0;)
        if (!strcmp(t->names[i], name))
            return (uint16_t)i;
    char(*v)[NAME_LEN] = t->n_names < UINT16_MAX ? realloc(t->names, (t->n_names + 1) * sizeof *v) : NULL;
    if (!v)
        return 0;
    t->names = v;
    snprintf(v[t->n_names], NAME_LEN, "%s", name);
    return (uint16_t)t->n_names++;
}

static void collect(void *ctx, const struct route *rt, const struct nif *out)
{
    struct table *t = ctx;
    bool connected = rt->source == ROUTE_CONNECTED || rt->source == ROUTE_LOCAL;
    if (!(connected ? t->connected : t->other))
        return;
    if (!rt->prefix.len && !t->gateway && !addr_is_none(&rt->next_hop))
        t->gateway = addr_v4_get(&rt->next_hop);
    if ((addr_v4_get(&rt->prefix.addr) & t->within) != t->net || mask_from_len(rt->prefix.len) < t->within)
        return;
    if (t->n == t->cap) {
        unsigned cap = t->cap ? t->cap * 2 : 64;
        struct row *v = realloc(t->v, cap * sizeof *v);
        if (!v)
            return;
        t->v = v;
        t->cap = cap;
    }
    t->v[t->n++] = (struct row){.prefix = addr_v4_get(&rt->prefix.addr),
                                .next_hop = addr_is_none(&rt->next_hop) ? 0 : addr_v4_get(&rt->next_hop),
                                .len = rt->prefix.len,
                                .distance = rt->distance,
                                .source = rt->source,
                                .via = name_of(t, rt->ifname),
                                .out = name_of(t, out ? out->n.name : rt->ifname)};
}

static unsigned classful_len(uint32_t ip)
{
    return ip >> 31 == 0 ? 8 : ip >> 30 == 2 ? 16 : 24;
}

/* 0: supernet or default, stands alone. Else the length of the classful network it belongs to. */
static unsigned family_len(const struct row *r)
{
    unsigned c = classful_len(r->prefix);
    return r->len >= c ? c : 0;
}

static bool same_prefix(const struct row *a, const struct row *b)
{
    return a->prefix == b->prefix && a->len == b->len;
}

static bool is_connected(const struct row *r)
{
    return r->source == ROUTE_CONNECTED || r->source == ROUTE_LOCAL;
}

static char code_of(const struct row *r)
{
    return r->source == ROUTE_CONNECTED ? 'C' : r->source == ROUTE_LOCAL ? 'L' : 'S';
}

static const char *ip_text(uint32_t ip, char buf[ADDR_STRLEN])
{
    struct addr a = addr_v4(ip);
    return addr_format(&a, buf);
}

/* All hops of the prefix at rows[0]. */
static void route_text(struct out *o, const struct table *t, const struct row *rows, unsigned n)
{
    char a[ADDR_STRLEN], head[96];
    int at = snprintf(head, sizeof head, "%c%-*s%s", code_of(rows), (int)t->indent - 1, rows->len ? "" : "*",
                      ip_text(rows->prefix, a));
    if (t->with_len)
        at += snprintf(head + at, sizeof head - (size_t)at, "/%u", rows->len);
    for (unsigned i = 0; i < n; i++) {
        const char *via = t->names[rows[i].via];
        if (i == 0)
            out_text(o, "%s", head);
        else
            out_text(o, "%*s", at, "");
        if (!rows[i].next_hop)
            out_text(o, " is directly connected, %s\n", via);
        else
            out_text(o, " [%u/0] via %s%s%s\n", rows[i].distance, ip_text(rows[i].next_hop, a), via[0] ? ", " : "",
                     via);
    }
}

/* The rows of one classful network, or one prefix that stands alone, begin at t->at: its header, and how they are
 * printed. */
static void family_begin(struct out *o, struct table *t)
{
    const struct row *rows = t->v + t->at;
    unsigned n = t->n - t->at, flen = family_len(rows), end = 0, subnets = 0, masks = 0;
    uint64_t seen = 0;
    uint32_t base = rows[0].prefix & mask_from_len(flen);
    while (end < n && (flen ? family_len(&rows[end]) == flen && (rows[end].prefix & mask_from_len(flen)) == base
                            : same_prefix(&rows[end], &rows[0]))) {
        subnets += end == 0 || !same_prefix(&rows[end], &rows[end - 1]);
        seen |= UINT64_C(1) << rows[end].len;
        end++;
    }
    for (unsigned i = 0; i <= 32; i++)
        masks += seen >> i & 1;
    bool header = flen && (subnets > 1 || rows[0].len != flen);
    char a[ADDR_STRLEN];
    if (header && masks > 1)
        out_text(o, "      %s/%u is variably subnetted, %u subnets, %u masks\n", ip_text(base, a), flen, subnets,
                 masks);
    else if (header)
        out_text(o, "      %s/%u is subnetted, %u subnets\n", ip_text(base, a), rows[0].len, subnets);
    t->family_end = t->at + end;
    t->indent = header ? 9 : 6;
    t->with_len = !header || masks > 1;
}

static void head_text(struct out *o, const struct table *t)
{
    char a[ADDR_STRLEN];
    if (t->brief)
        return;
    out_text(o, "Codes: L - local, C - connected, S - static, R - RIP, M - mobile, B - BGP\n"
                "       D - EIGRP, EX - EIGRP external, O - OSPF, IA - OSPF inter area \n"
                "       N1 - OSPF NSSA external type 1, N2 - OSPF NSSA external type 2\n"
                "       E1 - OSPF external type 1, E2 - OSPF external type 2\n"
                "       i - IS-IS, su - IS-IS summary, L1 - IS-IS level-1, L2 - IS-IS level-2\n"
                "       ia - IS-IS inter area, * - candidate default, U - per-user static route\n"
                "       o - ODR, P - periodic downloaded static route, H - NHRP, l - LISP\n"
                "       + - replicated route, %% - next hop override\n\n");
    if (t->gateway || (t->n && t->v[0].len == 0))
        out_text(o, "Gateway of last resort is %s to network 0.0.0.0\n\n", ip_text(t->gateway, a));
    else
        out_text(o, "Gateway of last resort is not set\n\n");
}

static void row_values(struct out *o, const struct table *t, const struct row *r)
{
    char a[ADDR_STRLEN];
    const char code[2] = {code_of(r), 0};
    out_object(o, NULL);
    out_str(o, "protocol", code);
    out_fmt(o, "prefix", "%s/%u", ip_text(r->prefix, a), r->len);
    out_int(o, "distance", r->distance);
    out_int(o, "metric", 0);
    if (r->next_hop)
        out_str(o, "next_hop", ip_text(r->next_hop, a));
    out_str(o, "interface", t->names[r->out]);
    out_end(o);
}

static int table_step(struct cmd *c, void *state)
{
    struct table *t = state;
    struct out *o = c->out;
    if (!t->begun) {
        head_text(o, t);
        out_array(o, NULL);
        t->begun = true;
    }
    while (t->at < t->n) {
        const struct row *r = t->v + t->at;
        unsigned k = 1;
        if (t->at == t->family_end)
            family_begin(o, t);
        while (t->at + k < t->family_end && same_prefix(r, r + k))
            k++;
        route_text(o, t, r, k);
        for (unsigned i = 0; i < k; i++)
            row_values(o, t, r + i);
        t->at += k;
        if (cmd_spent(c))
            return CMD_PENDING;
    }
    out_end(o);
    return CMD_OK;
}

static void table_end(void *state)
{
    struct table *t = state;
    free(t->v);
    free(t->names);
    free(t);
}

/* show ip route A.B.C.D */
static void entry_show(struct out *o, const struct table *t, const struct addr *addr)
{
    char a[ADDR_STRLEN];
    const struct row *best = NULL;
    uint32_t ip = addr_v4_get(addr), classful = mask_from_len(classful_len(ip));
    bool family = false;
    for (unsigned i = 0; i < t->n; i++) {
        const struct row *r = &t->v[i];
        family |= r->len && ((r->prefix ^ ip) & classful) == 0;
        if (((r->prefix ^ ip) & mask_from_len(r->len)) == 0 && (!best || r->len > best->len))
            best = r;
    }
    out_array(o, NULL);
    if (!best || (best->len == 0 && ip != 0)) {
        out_text(o, "%% %s not in table\n", family ? "Subnet" : "Network");
        out_end(o);
        return;
    }
    out_text(o, "Routing entry for %s/%u%s\n", ip_text(best->prefix, a), best->len, best->len ? "" : ", supernet");
    out_text(o, "  Known via \"%s\", distance %u, metric 0%s%s\n", is_connected(best) ? "connected" : "static",
             best->distance,
             !is_connected(best)           ? ""
             : best->source == ROUTE_LOCAL ? " (connected)"
                                           : " (connected, via interface)",
             best->len ? "" : ", candidate default path");
    out_text(o, "  Routing Descriptor Blocks:\n");
    for (const struct row *r = best; r < t->v + t->n && same_prefix(r, best); r++) {
        const char *mark = r == best ? "*" : " ", *via = t->names[r->via];
        if (!r->next_hop)
            out_text(o, "  %s directly connected, via %s\n", mark, via);
        else
            out_text(o, "  %s %s%s%s\n", mark, ip_text(r->next_hop, a), via[0] ? ", via " : "", via);
        out_text(o, "      Route metric is 0, traffic share count is 1\n");
        row_values(o, t, r);
    }
    out_end(o);
}

int interface_show_ip_route(struct cmd *c, struct args_show_ip_route *a)
{
    struct table *t = calloc(1, sizeof *t);
    if (!t)
        return cmd_error(c, "%% Out of memory");
    bool none = a->kw_bgp || a->kw_eigrp || a->kw_isis || a->kw_odr || a->kw_ospf || a->kw_rip; /* no such protocol */
    t->connected = !a->kw_static && !none;
    t->other = !a->kw_connected && !none;
    t->brief = a->kw_static || a->kw_connected || none;
    if (a->kw_longer_prefixes) {
        t->within = a->mask;
        t->net = addr_v4_get(&a->addr) & a->mask;
    }
    rib_foreach(net_of(c->router), collect, t);
    if (!a->has_addr || a->kw_longer_prefixes)
        return cmd_steps(c, table_step, table_end, t);
    entry_show(c->out, t, &a->addr);
    table_end(t);
    return CMD_OK;
}
