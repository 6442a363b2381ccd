/* The routing table counted (show ip route summary), as forwarding sees it (show ip cef), and interfaces in columns
 * (show interfaces counters, status). Layouts: IOS 15. Called by the parser. */
#include "ip_cmd.h"
#include "modules/net/stack.h"
#include <stdio.h>
#include <stdlib.h>

enum { ROUTE_BYTES = 180, ROUTE_OVERHEAD = 64 }; /* what IOS accounts for one */

struct tally {
    unsigned networks[2], subnets[2]; /* connected, static */
};

static bool is_classful(const struct prefix *p)
{
    uint32_t ip = addr_v4_get(&p->addr);
    return p->len <= (ip >> 31 == 0 ? 8u : ip >> 30 == 2 ? 16u : 24u);
}

static void count(void *ctx, const struct route *rt, const struct nif *out)
{
    struct tally *t = ctx;
    unsigned k = rt->source != ROUTE_CONNECTED && rt->source != ROUTE_LOCAL;
    (void)out;
    if (is_classful(&rt->prefix))
        t->networks[k]++;
    else
        t->subnets[k]++;
}

static void summary_row(struct out *o, const char *name, unsigned networks, unsigned subnets)
{
    unsigned n = networks + subnets;
    out_text(o, "%-15s %-11u %-11u 0           %-11u %u\n", name, networks, subnets, n * ROUTE_OVERHEAD,
             n * ROUTE_BYTES);
    out_object(o, NULL);
    out_str(o, "route_source", name);
    out_int(o, "networks", networks);
    out_int(o, "subnets", subnets);
    out_int(o, "overhead", n * ROUTE_OVERHEAD);
    out_int(o, "memory_bytes", n * ROUTE_BYTES);
    out_end(o);
}

int interface_show_route_summary(struct cmd *c, struct args_show_ip_route_summary *a)
{
    struct tally t = {{0}, {0}};
    struct out *o = c->out;
    (void)a;
    rib_foreach(net_of(c->router), count, &t);
    out_text(o, "IP routing table name is default (0x0)\nIP routing table maximum-paths is 4\n");
    out_text(o, "Route Source    Networks    Subnets     Replicates  Overhead    Memory (bytes)\n");
    out_array(o, NULL);
    summary_row(o, "connected", t.networks[0], t.subnets[0]);
    summary_row(o, "static", t.networks[1], t.subnets[1]);
    summary_row(o, "Total", t.networks[0] + t.networks[1], t.subnets[0] + t.subnets[1]);
    out_end(o);
    return CMD_OK;
}

/* ---- show ip cef ---- */

struct cef {
    struct cmd *c;
    const struct addr *only;
    struct prefix last;
    bool any;
    uint32_t done; /* fixed entries below this have been printed */
    unsigned fixed;
};

static void cef_row(struct cef *x, const char *prefix, const char *hop, const char *out)
{
    out_text(x->c->out, *out ? "%-20s %-20s %s\n" : "%-20s %s\n", prefix, hop, out);
    out_object(x->c->out, NULL);
    out_str(x->c->out, "prefix", prefix);
    out_str(x->c->out, "next_hop", hop);
    out_str(x->c->out, "interface", out);
    out_end(x->c->out);
    x->any = true;
}

/* What every table holds, in its place between the routes. */
static void cef_fixed(struct cef *x, uint32_t before, unsigned len)
{
    static const struct {
        uint32_t ip;
        unsigned len;
        const char *prefix, *hop;
    } fixed[] = {{0, 8, "0.0.0.0/8", "drop"},
                 {0, 32, "0.0.0.0/32", "receive"},
                 {0x7f000000, 8, "127.0.0.0/8", "drop"},
                 {0xe0000000, 4, "224.0.0.0/4", "drop"},
                 {0xe0000000, 24, "224.0.0.0/24", "receive"},
                 {0xf0000000, 4, "240.0.0.0/4", "drop"},
                 {0xffffffff, 32, "255.255.255.255/32", "receive"}};
    for (; x->fixed < sizeof fixed / sizeof *fixed; x->fixed++) {
        uint32_t ip = fixed[x->fixed].ip;
        if (ip > before || (ip == before && fixed[x->fixed].len > len))
            return;
        if (!x->only)
            cef_row(x, fixed[x->fixed].prefix, fixed[x->fixed].hop, "");
    }
}

static void cef_route(void *ctx, const struct route *rt, const struct nif *out)
{
    struct cef *x = ctx;
    char a[ADDR_STRLEN], prefix[ADDR_STRLEN + 4], hop[ADDR_STRLEN];
    if (x->only && !prefix_contains(&rt->prefix, x->only))
        return;
    cef_fixed(x, addr_v4_get(&rt->prefix.addr), rt->prefix.len);
    bool again = x->any && prefix_equal(&x->last, &rt->prefix);
    snprintf(prefix, sizeof prefix, "%s/%u", again ? "" : addr_format(&rt->prefix.addr, a), rt->prefix.len);
    const char *where = out ? out->n.name : rt->ifname;
    if (rt->source == ROUTE_LOCAL)
        cef_row(x, prefix, "receive", where);
    else if (addr_is_none(&rt->next_hop))
        cef_row(x, prefix, "attached", where);
    else
        cef_row(x, again ? "" : prefix, addr_format(&rt->next_hop, hop), where);
    x->last = rt->prefix;
}

int interface_show_cef(struct cmd *c, struct args_show_ip_cef *a)
{
    struct cef x = {.c = c, .only = a->has_addr ? &a->addr : NULL};
    out_text(c->out, "Prefix               Next Hop             Interface\n");
    out_array(c->out, NULL);
    rib_foreach(net_of(c->router), cef_route, &x);
    cef_fixed(&x, UINT32_MAX, 32);
    out_end(c->out);
    return CMD_OK;
}

/* ---- interfaces in columns ---- */

static void counter_values(struct out *o, const char *name, const uint64_t in[4], const uint64_t out[4])
{
    static const char *const keys[2][4] = {{"in_octets", "in_pkts", "in_errors", "in_drops"},
                                           {"out_octets", "out_pkts", "out_errors", "out_drops"}};
    out_object(o, NULL);
    out_str(o, "interface", name);
    for (int k = 0; k < 8; k++)
        out_int(o, keys[k / 4][k % 4], (int64_t)(k < 4 ? in[k] : out[k - 4]));
    out_end(o);
}

int interface_show_counters(struct cmd *c, struct args_show_interfaces_counters *a)
{
    struct out *o = c->out;
    if (a->has_name && !netif_find(c->router, a->name.text))
        return cmd_error(c, "%%Invalid interface type and number");
    out_array(o, NULL);
    for (int dir = 0; dir < 2; dir++) {
        out_text(o, dir ? "\nPort             OutOctets     OutPkts   OutErrors    OutDrops\n"
                        : "\nPort              InOctets      InPkts    InErrors     InDrops\n");
        for (struct netif *n = NULL; (n = netif_next(c->router, n));) {
            const struct netif_counters all = netif_counters(nif_of(n)), *k = &all, *b = &nif_of(n)->base;
            uint64_t v[4] = {k->in_bytes - b->in_bytes, k->in_packets - b->in_packets, k->in_errors - b->in_errors,
                             k->in_drops - b->in_drops};
            uint64_t w[4] = {k->out_bytes - b->out_bytes, k->out_packets - b->out_packets,
                             k->out_errors - b->out_errors, k->out_drops - b->out_drops};
            const uint64_t *u = dir ? w : v;
            if (n->is_virtual || (a->has_name && strcmp(n->name, a->name.text) != 0))
                continue;
            if (!dir)
                counter_values(o, n->name, v, w);
            out_text(o, "%-12s %13llu %11llu %11llu %11llu\n", n->shortname, (unsigned long long)u[0],
                     (unsigned long long)u[1], (unsigned long long)u[2], (unsigned long long)u[3]);
        }
    }
    out_end(o);
    out_text(o, "\n");
    return CMD_OK;
}

int interface_show_status(struct cmd *c, struct args_show_interfaces_status *a)
{
    (void)a;
    out_text(c->out, "\nPort      Name               Status       Vlan       Duplex  Speed Type\n");
    out_array(c->out, NULL);
    for (struct netif *n = NULL; (n = netif_next(c->router, n));) {
        if (n->is_virtual)
            continue;
        const char *status = !n->admin_up ? "disabled" : n->line_up ? "connected" : "notconnect";
        out_text(c->out, "%-9s %-18.18s %-12s routed       auto   auto RJ45\n", n->shortname, n->description, status);
        out_object(c->out, NULL);
        out_str(c->out, "interface", n->name);
        out_str(c->out, "name", n->description);
        out_str(c->out, "status", status);
        out_end(c->out);
    }
    out_end(c->out);
    return CMD_OK;
}
