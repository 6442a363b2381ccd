/* debug arp and debug ip ..., and what clear ip resets (grammar/ipdebug.gram). The debug lines are made by modules/net.
 */
#include "ipdebug_cmd.h"
#include "modules/core/log.h"
#include "modules/net/net_debug.h"
#include <stdio.h>
#include <string.h>

static int toggle(struct cmd *c, unsigned bit)
{
    const char *text = net_debug_flags[bit].on_text;
    bool on = c->op != CMD_UNSET;
    log_debug_set(c->router, &net_module, bit, on);
    out_text(c->out, "%.*s%s%s\n", (int)strlen(text) - 2, text, on ? "on" : "off", /* "... is on" */
             on ? net_debug_note(c->router, bit) : "");
    return CMD_OK;
}

int interface_cmd_debug_arp(struct cmd *c, struct args_debug_arp *a)
{
    (void)a;
    return toggle(c, NET_DEBUG_ARP);
}

int interface_cmd_debug_packet(struct cmd *c, struct args_debug_ip_packet *a)
{
    struct net *net = net_of(c->router);
    net->debug_detail = a->kw_detail;
    net->debug_list[0] = '\0';
    if (a->has_list)
        snprintf(net->debug_list, sizeof net->debug_list, "%u", a->list);
    snprintf(net->debug_note, sizeof net->debug_note, "%s%s%s", a->kw_detail ? " (detailed)" : "",
             a->has_list ? " for access list " : "", net->debug_list);
    return toggle(c, NET_DEBUG_PACKET);
}

int interface_cmd_debug_icmp(struct cmd *c, struct args_debug_ip_icmp *a)
{
    (void)a;
    return toggle(c, NET_DEBUG_ICMP);
}

int interface_cmd_debug_udp(struct cmd *c, struct args_debug_ip_udp *a)
{
    (void)a;
    return toggle(c, NET_DEBUG_UDP);
}

int interface_cmd_debug_routing(struct cmd *c, struct args_debug_ip_routing *a)
{
    (void)a;
    if (c->op != CMD_UNSET)
        net_debug_routes_begin(net_of(c->router));
    return toggle(c, NET_DEBUG_ROUTING);
}

/* ---- clear ip ---- */

int interface_clear_ip_arp(struct cmd *c, struct args_clear_ip_arp *a)
{
    for (struct netif *n = NULL; (n = netif_next(c->router, n));)
        if (!n->is_virtual && netif_subnet_has(nif_of(n), addr_v4_get(&a->address)))
            arp_forget(nif_of(n), addr_v4_get(&a->address));
    return CMD_OK;
}

/* Routes are computed anew from what is configured: those that should be there come back at once. */
int interface_clear_ip_route(struct cmd *c, struct args_clear_ip_route *a)
{
    struct route_hit hit;
    if (a->has_all && strcmp(a->all, "*") != 0)
        return cmd_error(c, "%% Invalid destination network or mask");
    if (a->has_network) {
        struct prefix p = prefix_make(&a->network, a->has_mask ? (uint8_t)__builtin_popcount(a->mask) : 32);
        if (a->has_mask ? !route_find(c->router, &p, &hit) : !route_lookup(c->router, &a->network, &hit))
            return cmd_error(c, "%% Network not in table");
    }
    rib_touch(net_of(c->router));
    return CMD_OK;
}

int interface_clear_ip_traffic(struct cmd *c, struct args_clear_ip_traffic *a)
{
    (void)a;
    net_stats_clear(net_of(c->router));
    return CMD_OK;
}
