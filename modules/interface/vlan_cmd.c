/* encapsulation dot1Q, show vlans. Layout: IOS 15. */
#include "interface_cmd.h"
#include "modules/net/vlan.h"

int interface_cmd_encapsulation(struct cmd *c, struct args_encapsulation_dot1q *a)
{
    const struct args_interface *i = CMD_BLOCK(c, interface, "interface");
    struct netif *n = i ? netif_find(c->router, i->name.text) : NULL;
    if (!n)
        return CMD_ERROR;
    bool takes = vlan_capable(n), tagged = c->op == CMD_SET && a->kw_dot1Q && !a->has_inner;
    if (c->op == CMD_SET && (!takes || !tagged))
        cmd_note(c, "The encapsulation is stored; the line protocol of %s stays down", n->name);
    const struct netif *other = takes ? vlan_set(n, tagged ? (uint16_t)a->vlan : 0, tagged && a->kw_native) : NULL;
    if (other && nif_of(other)->vlan != a->vlan)
        return cmd_error(c, "%% The native VLAN of this interface is already configured on %s.", other->name);
    if (other)
        return cmd_error(c,
                         "%%Configuration of multiple subinterfaces of the same main\n"
                         "interface with the same VID (%u) is not permitted.\n"
                         "This VID is already configured on %s.",
                         a->vlan, other->name);
    return CMD_OK;
}

static void show_one(struct cmd *c, const struct nif *nif)
{
    char buf[ADDR_STRLEN];
    const struct netif_counters k = netif_counters(nif), *b = &nif->base;
    struct addr p = netif_primary(&nif->n);
    unsigned long long in = k.in_packets - b->in_packets, out = k.out_packets - b->out_packets;
    out_text(c->out, "\nVirtual LAN ID:  %u (IEEE 802.1Q Encapsulation)\n\n", nif->vlan);
    out_text(c->out, "   vLAN Trunk Interface:   %s\n\n", nif->n.name);
    if (nif->native)
        out_text(c->out, " This is configured as native Vlan for the following interface(s) :\n%s\n\n",
                 nif->parent->n.name);
    out_text(c->out, "   Protocols Configured:   Address:              Received:        Transmitted:\n");
    if (!addr_is_none(&p))
        out_text(c->out, "           IP              %-18s %12llu %19llu\n", addr_format(&p, buf), in, out);
    out_text(c->out, "\n   %llu packets, %llu bytes input\n   %llu packets, %llu bytes output\n", in,
             (unsigned long long)(k.in_bytes - b->in_bytes), out, (unsigned long long)(k.out_bytes - b->out_bytes));
    out_object(c->out, NULL);
    out_int(c->out, "vlan", nif->vlan);
    out_str(c->out, "interface", nif->n.name);
    out_bool(c->out, "native", nif->native);
    if (!addr_is_none(&p))
        out_addr(c->out, "address", &p);
    out_int(c->out, "packets_input", (int64_t)in);
    out_int(c->out, "packets_output", (int64_t)out);
    out_int(c->out, "bytes_input", (int64_t)(k.in_bytes - b->in_bytes));
    out_int(c->out, "bytes_output", (int64_t)(k.out_bytes - b->out_bytes));
    out_end(c->out);
}

int interface_show_vlans(struct cmd *c, struct args_show_vlans *a)
{
    unsigned any = 0;
    out_array(c->out, "vlans");
    for (struct netif *n = NULL; (n = netif_next(c->router, n));) {
        if (!nif_of(n)->vlan || (a->has_id && nif_of(n)->vlan != a->id))
            continue;
        show_one(c, nif_of(n));
        any++;
    }
    out_end(c->out);
    if (!any)
        out_text(c->out, "\nNo Virtual LANs configured.\n\n");
    return CMD_OK;
}
