/* What shows the IP stack: the ARP cache, drops. Layouts: ios-cli 11.5. Routes are in route_show.c, the counters of
 * show ip traffic in ip_traffic.c, CEF and the summary in ip_table.c. */
#include "ip_cmd.h"
#include "modules/net/stack.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- ARP ---- */

static int arp_text(struct cmd *c, const struct addr *only, const struct ifname *where)
{
    struct arp_view *v;
    unsigned n = arp_snapshot(net_of(c->router), &v);
    out_text(c->out, "Protocol  Address          Age (min)  Hardware Addr   Type   Interface\n");
    out_array(c->out, NULL);
    for (unsigned i = 0; i < n; i++) {
        char ip[ADDR_STRLEN], mac[MAC_STRLEN], age[24] = "-";
        struct addr a = addr_v4(v[i].ip);
        if ((only && !addr_equal(only, &a)) || (where && strcmp(where->text, v[i].nif->n.name) != 0))
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
    return arp_text(c, a->has_addr ? &a->addr : NULL, a->has_name ? &a->name : NULL);
}

int interface_show_ip_arp(struct cmd *c, struct args_show_ip_arp *a)
{
    return arp_text(c, a->has_addr ? &a->addr : NULL, a->has_name ? &a->name : NULL);
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
