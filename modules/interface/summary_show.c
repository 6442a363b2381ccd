/* Interfaces and ports in a line each: show interfaces summary, show protocols, show ip protocols, show ip sockets.
 * Layouts: IOS 15. Called by the parser. */
#include "modules/interface/interface_show.h"
#include "modules/net/stack.h"
#include "shows_cmd.h"
#include <math.h>
#include <stdio.h>

static void summary_row(struct out *o, const struct netif *n)
{
    const struct nif *nif = nif_of(n);
    const struct netif_counters k = netif_counters(nif);
    unsigned long long in_drops = k.in_drops - nif->base.in_drops, out_drops = k.out_drops - nif->base.out_drops;
    out_text(o, "%c %-22s%9u%10llu%10u%10llu%10.0f%10.0f%10.0f%10.0f%10u\n", n->admin_up && n->line_up ? '*' : ' ',
             n->name, 0, in_drops, 0, out_drops, nif->rate[0], nif->rate[1], nif->rate[2], nif->rate[3], 0);
    out_object(o, NULL);
    out_str(o, "interface", n->name);
    out_bool(o, "up", n->admin_up && n->line_up);
    out_int(o, "ihq", 0);
    out_int(o, "iqd", (int64_t)in_drops);
    out_int(o, "ohq", 0);
    out_int(o, "oqd", (int64_t)out_drops);
    out_int(o, "rxbs", (int64_t)round(nif->rate[0]));
    out_int(o, "rxps", (int64_t)round(nif->rate[1]));
    out_int(o, "txbs", (int64_t)round(nif->rate[2]));
    out_int(o, "txps", (int64_t)round(nif->rate[3]));
    out_int(o, "trtl", 0);
    out_end(o);
}

int interface_show_summary(struct cmd *c, struct args_show_interfaces_summary *a)
{
    struct out *o = c->out;
    if (a->has_name && !netif_find(c->router, a->name.text))
        return cmd_error(c, "%%Invalid interface type and number");
    out_text(o,
             "\n *: interface is up\n"
             " IHQ: pkts in input hold queue     IQD: pkts dropped from input queue\n"
             " OHQ: pkts in output hold queue    OQD: pkts dropped from output queue\n"
             " RXBS: rx rate (bits/sec)          RXPS: rx rate (pkts/sec)\n"
             " TXBS: tx rate (bits/sec)          TXPS: tx rate (pkts/sec)\n"
             " TRTL: throttle count\n\n"
             "  Interface                   IHQ       IQD       OHQ       OQD      RXBS      RXPS      TXBS      TXPS "
             "     TRTL\n"
             "-----------------------------------------------------------------------------------------------------"
             "------------\n");
    out_array(o, NULL);
    for (struct netif *n = NULL; (n = netif_next(c->router, n));)
        if (!a->has_name || !strcmp(n->name, a->name.text))
            summary_row(o, n);
    out_end(o);
    return CMD_OK;
}

int interface_show_protocols(struct cmd *c, struct args_show_protocols *a)
{
    char buf[ADDR_STRLEN];
    struct out *o = c->out;
    if (a->has_name && !netif_find(c->router, a->name.text))
        return cmd_error(c, "%%Invalid interface type and number");
    if (!a->has_name)
        out_text(o, "Global values:\n  Internet Protocol routing is enabled\n");
    out_array(o, NULL);
    for (struct netif *n = NULL; (n = netif_next(c->router, n));) {
        if (a->has_name && strcmp(n->name, a->name.text) != 0)
            continue;
        out_text(o, "%s is %s, line protocol is %s\n", n->name, interface_status(n), n->line_up ? "up" : "down");
        out_object(o, NULL);
        out_str(o, "interface", n->name);
        out_str(o, "status", interface_status(n));
        out_str(o, "protocol", n->line_up ? "up" : "down");
        out_array(o, "addresses");
        for (unsigned i = 0; i < n->n_addrs; i++) {
            if (i == 0)
                out_text(o, "  Internet address is %s/%u\n", addr_format(&n->addrs[i].addr, buf), n->addrs[i].len);
            out_fmt(o, NULL, "%s/%u", addr_format(&n->addrs[i].addr, buf), n->addrs[i].len);
        }
        out_end(o);
        out_end(o);
    }
    out_end(o);
    return CMD_OK;
}

/* There is no routing protocol: what IOS prints before the first. */
int interface_show_ip_protocols(struct cmd *c, struct args_show_ip_protocols *a)
{
    (void)a;
    out_text(c->out, "*** IP Routing is NSF aware ***\n\n");
    out_array(c->out, "routing_protocols");
    out_end(c->out);
    return CMD_OK;
}

int interface_show_sockets(struct cmd *c, struct args_show_ip_sockets *a)
{
    const struct net *net = net_of(c->router);
    (void)a;
    out_text(c->out, "Proto    Remote      Port      Local       Port  In Out Stat TTY OutputIF\n");
    out_array(c->out, NULL);
    for (unsigned i = 0; i < net->n_udp; i++) {
        out_text(c->out, " 17   --listen--          --any--         %5u   0   0   11   0\n", net->udp[i].port);
        out_object(c->out, NULL);
        out_int(c->out, "proto", 17);
        out_int(c->out, "local_port", net->udp[i].port);
        out_end(c->out);
    }
    out_end(c->out);
    return CMD_OK;
}

/* What programs that take stock of a box ask before they look for port channels: priority and address. */
int interface_show_lacp(struct cmd *c, struct args_show_lacp_sys_id *a)
{
    struct netif *n = NULL;
    char mac[MAC_STRLEN];
    (void)a;
    while ((n = netif_next(c->router, n)) && n->is_virtual)
        ;
    mac_format(n ? &n->mac : &(struct mac){{0}}, mac);
    out_text(c->out, "32768, %s\n", mac);
    out_int(c->out, "priority", 32768);
    out_str(c->out, "address", mac);
    return CMD_OK;
}
