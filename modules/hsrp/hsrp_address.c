/* The virtual addresses of a group at its interface: installed with the virtual MAC while Active, announced
 * by gratuitous ARP at 0, 3 and 6 s (reference 1.6). Called by hsrp_group.c and hsrp_cmd.c. */
#include "modules/hsrp/hsrp_internal.h"

static void each_vip(struct hsrp_group *g, void (*fn)(struct hsrp_group *g, const struct addr *vip))
{
    if (!addr_is_none(&g->vip))
        fn(g, &g->vip);
    for (unsigned i = 0; i < g->n_secondary; i++)
        fn(g, &g->secondary[i]);
}

static void vip_add(struct hsrp_group *g, const struct addr *vip)
{
    netif_vip_add(g->hif->nif, vip, &g->vmac);
}

static void vip_garp(struct hsrp_group *g, const struct addr *vip)
{
    arp_send_gratuitous(g->hif->nif, vip, &g->vmac);
}

static void vip_del(struct hsrp_group *g, const struct addr *vip)
{
    char a[ADDR_STRLEN];
    netif_vip_del(g->hif->nif, vip);
    hsrp_dbg_grp(g, HSRP_DBG_EVENTS, "Removed %s from ARP", addr_format(vip, a));
}

void hsrp_address_install(struct hsrp_group *g)
{
    if (!g->installed)
        each_vip(g, vip_add);
    g->installed = true;
    each_vip(g, vip_garp);
    g->garp_left = 2;
    timer_start(&g->garp_timer, HSRP_GARP_SPACING);
}

void hsrp_address_uninstall(struct hsrp_group *g)
{
    timer_stop(&g->garp_timer);
    if (g->installed)
        each_vip(g, vip_del);
    g->installed = false;
}

/* For configuration: takes the addresses away; called again after they changed, it puts them back. */
void hsrp_group_reinstall(struct hsrp_group *g)
{
    if (g->installed)
        hsrp_address_uninstall(g);
    else if (g->state == HSRP_ACTIVE)
        hsrp_address_install(g);
}

void hsrp_address_garp_fire(void *arg)
{
    struct hsrp_group *g = arg;
    each_vip(g, vip_garp);
    hsrp_dbg_grp(g, HSRP_DBG_EVENTS, "Redundancy group %s state Active -> Active", g->name);
    if (--g->garp_left)
        timer_start(&g->garp_timer, HSRP_GARP_SPACING);
}
