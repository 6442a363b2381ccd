/* Interface configuration commands: blocks, addresses, states, access groups. The stack behind them is
 * modules/net; their shows are in the other files of this folder. */
#include "interface_cmd.h"
#include "modules/net/fast.h"
#include "modules/net/stack.h"
#include "modules/net/vlan.h"
#include "vrf_cmd.h"
#include <errno.h>

/* The interface whose block we are in; it exists because the block was opened. */
static struct nif *here(struct cmd *c)
{
    const struct args_interface *i = CMD_BLOCK(c, interface, "interface");
    struct netif *n = i ? netif_find(c->router, i->name.text) : NULL;
    return n ? nif_of(n) : NULL;
}

int interface_cmd_interface(struct cmd *c, struct args_interface *a)
{
    if (c->op == CMD_UNSET) {
        struct netif *n = netif_find(c->router, a->name.text);
        if (!n)
            return CMD_OK;
        if (!n->is_virtual && !n->is_sub && !c->replacing)
            return cmd_error(c, "%% Removal of physical interfaces is not permitted"); /* ios-cli 3.6 */
        if (n->is_sub)
            cmd_note(c, "Not all config may be removed and may reappear after reactivating the sub-interface");
        netif_remove(n); /* not while it has subinterfaces (configure replace) */
        return CMD_OK;
    }
    if (!netif_get(c->router, a->name.text))
        return cmd_error(c, errno == ENOSPC ? "%% Too many interfaces" : "%%Invalid interface type and number");
    return CMD_OK;
}

/* Asked before the lines of a block that `no` names are taken away. */
int interface_guard_interface(struct cmd *c, struct args_interface *a)
{
    struct netif *n = netif_find(c->router, a->name.text);
    if (n && !n->is_virtual && !n->is_sub && !c->replacing)
        return cmd_error(c, "%% Removal of physical interfaces is not permitted");
    return CMD_OK;
}

int interface_cmd_description(struct cmd *c, struct args_if_description *a)
{
    struct nif *nif = here(c);
    if (!nif)
        return CMD_ERROR;
    nif->n.description[0] = 0;
    if (c->op == CMD_SET)
        strncpy(nif->n.description, a->text, sizeof nif->n.description - 1);
    return CMD_OK;
}

/* ios-cli 4.4. 0: fine. */
static int address_check(struct cmd *c, const struct nif *nif, const struct addr *addr, uint32_t mask, int *len)
{
    char buf[ADDR_STRLEN], net[ADDR_STRLEN];
    uint32_t ip = addr_v4_get(addr);
    *len = mask_to_len(mask);
    addr_format(addr, buf);
    if (*len <= 0)
        return cmd_error(c, "Bad mask 0x%X for address %s", mask, buf);
    if (ip >> 28 >= 14 || ip >> 24 == 0 || ip >> 24 == 127)
        return cmd_error(c, "Not a valid host address - %s", buf);
    if (*len < 31 && ((ip & ~mask) == 0 || (ip | mask) == UINT32_MAX))
        return cmd_error(c, "Bad mask /%d for address %s", *len, buf);
    const struct netif *other = netif_overlap(&nif->n, addr, (unsigned)*len);
    if (other) {
        struct prefix p = prefix_make(addr, (unsigned)*len);
        return cmd_error(c, "%% %s overlaps with %s", addr_format(&p.addr, net), other->name);
    }
    return 0;
}

int interface_cmd_ip_address(struct cmd *c, struct args_ip_address *a)
{
    struct nif *nif = here(c);
    int len;
    if (!nif)
        return CMD_ERROR;
    struct addr old = netif_primary(&nif->n);
    if (c->op == CMD_UNSET) {
        if (a->has_addr && !addr_equal(&old, &a->addr))
            return cmd_error(c, "Invalid address");
        if (nif->n.n_addrs > 1 && !c->replacing && !c->emptying)
            return cmd_error(c, "Must delete secondary before deleting primary");
        if (!addr_is_none(&old))
            netif_addr_del(&nif->n, &old);
        return CMD_OK;
    }
    if (vlan_capable(&nif->n) && !nif->vlan)
        return cmd_error(c, "\n%% Configuring IP routing on a LAN subinterface is only allowed if that\n"
                            "subinterface is already configured as part of an IEEE 802.10, IEEE 802.1Q,\n"
                            "or ISL vLAN.\n");
    if (address_check(c, nif, &a->addr, a->mask, &len))
        return CMD_ERROR;
    for (unsigned i = 0; i < nif->n.n_addrs; i++)
        if (nif->n.addrs[i].secondary && addr_equal(&nif->n.addrs[i].addr, &a->addr))
            return cmd_error(c, "%% This address is already a secondary address of this interface");
    int rc = netif_addr_add(&nif->n, &a->addr, (unsigned)len, false);
    return rc ? cmd_error(c, "%% Cannot set the address: %s", rc == -ENOSPC ? "the table is full" : strerror(-rc))
              : CMD_OK;
}

int interface_cmd_ip_address_secondary(struct cmd *c, struct args_ip_address_secondary *a)
{
    struct nif *nif = here(c);
    int len;
    if (!nif)
        return CMD_ERROR;
    if (c->op == CMD_UNSET) {
        netif_addr_del(&nif->n, &a->addr);
        return CMD_OK;
    }
    if (address_check(c, nif, &a->addr, a->mask, &len))
        return CMD_ERROR;
    /* Without a primary too: show running-config of IOS has the secondary ones first. */
    struct addr primary = netif_primary(&nif->n);
    if (addr_equal(&primary, &a->addr))
        return cmd_error(c, "%% Secondary can't be same as primary");
    int rc = netif_addr_add(&nif->n, &a->addr, (unsigned)len, true);
    return rc ? cmd_error(c, "%% Cannot set the address: %s", rc == -ENOSPC ? "the table is full" : strerror(-rc))
              : CMD_OK;
}

/* A VRF is not routed here: its interface stays down, so that nothing of it is mixed with the rest. */
int interface_cmd_vrf(struct cmd *c, struct args_if_vrf *a)
{
    struct nif *nif = here(c);
    if (!nif)
        return CMD_ERROR;
    const struct netif *other = NULL;
    const char *vrf = c->op == CMD_SET ? a->name : "";
    for (unsigned i = 0; !other && !c->replacing && !c->emptying && i < nif->n.n_addrs; i++)
        other = netif_overlap_in(&nif->n, vrf, &nif->n.addrs[i].addr, nif->n.addrs[i].len);
    if (other)
        return cmd_error(c, "%% The address of %s overlaps with %s there: remove it first", nif->n.name, other->name);
    netif_set_vrf(&nif->n, vrf);
    if (c->op == CMD_SET && c->session)
        cmd_note(c, "%% VRF %s is stored; %s stays down, as there is one routing table here", a->name, nif->n.name);
    return CMD_OK;
}

int interface_cmd_ip_access_group(struct cmd *c, struct args_ip_access_group *a)
{
    struct nif *nif = here(c);
    if (!nif)
        return CMD_ERROR;
    char *list = a->kw_in ? nif->n.acl_in : nif->n.acl_out;
    memset(list, 0, sizeof nif->n.acl_in);
    if (c->op == CMD_SET)
        strncpy(list, a->list, sizeof nif->n.acl_in - 1);
    net_changed(nif->n.router);
    nif->acl_gen = 0; /* looked up at the next packet */
    return CMD_OK;
}

int interface_cmd_ip_mtu(struct cmd *c, struct args_ip_mtu *a)
{
    struct nif *nif = here(c);
    if (!nif)
        return CMD_ERROR;
    uint16_t link = nif->n.link && nif->n.link->mtu ? nif->n.link->mtu : 1500;
    if (c->op == CMD_SET && a->mtu > (link > 1500 ? link : 1500))
        return cmd_error(c, "%% The IP MTU of %s is at most %u", nif->n.name, link > 1500 ? link : 1500);
    netif_set_mtu(&nif->n, c->op == CMD_SET ? (uint16_t)a->mtu : 1500);
    return CMD_OK;
}

int interface_cmd_ip_redirects(struct cmd *c, struct args_ip_redirects *a)
{
    struct nif *nif = here(c);
    (void)a;
    if (!nif)
        return CMD_ERROR;
    nif->n.no_redirects = c->op == CMD_UNSET;
    net_changed(c->router);
    return CMD_OK;
}

int interface_cmd_ip_proxy_arp(struct cmd *c, struct args_ip_proxy_arp *a)
{
    struct nif *nif = here(c);
    (void)a;
    if (!nif)
        return CMD_ERROR;
    nif->n.no_proxy_arp = c->op == CMD_UNSET;
    return CMD_OK;
}

int interface_cmd_adjust_mss(struct cmd *c, struct args_ip_tcp_adjust_mss *a)
{
    struct nif *nif = here(c);
    if (!nif)
        return CMD_ERROR;
    nif->n.mss = c->op == CMD_SET ? (uint16_t)a->mss : 0;
    net_changed(c->router);
    return CMD_OK;
}

int interface_cmd_mtu(struct cmd *c, struct args_if_mtu *a)
{
    struct nif *nif = here(c);
    if (!nif)
        return CMD_ERROR;
    uint16_t link = nif->n.link && nif->n.link->mtu ? nif->n.link->mtu : 1500,
             mtu = c->op == CMD_SET ? (uint16_t)a->mtu : 1500;
    if (mtu > link) {
        cmd_note(c, "The link of %s carries at most %u bytes; the MTU is stored", nif->n.name, link);
        mtu = link;
    }
    netif_set_mtu(&nif->n, mtu);
    return CMD_OK;
}

int interface_cmd_shutdown(struct cmd *c, struct args_shutdown *a)
{
    struct nif *nif = here(c);
    (void)a;
    if (!nif)
        return CMD_ERROR;
    netif_set_admin(&nif->n, c->op == CMD_UNSET);
    return CMD_OK;
}

int interface_cmd_load_interval(struct cmd *c, struct args_load_interval *a)
{
    struct nif *nif = here(c);
    if (!nif)
        return CMD_ERROR;
    if (c->op == CMD_SET && a->seconds % 30)
        return cmd_error(c, "%% The load interval is a multiple of 30 seconds");
    nif->load_s = c->op == CMD_SET ? (uint16_t)a->seconds : 0;
    return CMD_OK;
}

int interface_cmd_bandwidth(struct cmd *c, struct args_if_bandwidth *a)
{
    struct nif *nif = here(c);
    if (!nif)
        return CMD_ERROR;
    nif->bandwidth = c->op == CMD_SET ? a->kbit : 0;
    return CMD_OK;
}
