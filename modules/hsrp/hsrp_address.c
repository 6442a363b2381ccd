/* The virtual addresses of a group at its interface: installed with the virtual MAC while Active, announced
 * by gratuitous ARP at 0, 3 and 6 s (reference 1.6). Called by hsrp_group.c and hsrp_cmd.c. */
#include "modules/hsrp/hsrp_internal.h"
#include <string.h>

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

static void vip_tell(struct hsrp_group *g, const struct addr *vip)
{
    char a[ADDR_STRLEN], m[MAC_STRLEN];
    hsrp_dbg_grp(g, HSRP_DBG_ARP, "Added %s to ARP (%s)", addr_format(vip, a), mac_format(&g->vmac, m));
}

void hsrp_address_tell(struct hsrp_group *g)
{
    if (g->hif->h->events_detail)
        each_vip(g, vip_tell);
}

static void vip_garp(struct hsrp_group *g, const struct addr *vip)
{
    arp_send_gratuitous(g->hif->nif, vip, &g->vmac);
}

static void vip_del(struct hsrp_group *g, const struct addr *vip)
{
    char a[ADDR_STRLEN];
    netif_vip_del(g->hif->nif, vip);
    hsrp_dbg_grp(g, HSRP_DBG_ARP, "Removed %s from ARP", addr_format(vip, a));
}

void hsrp_address_install(struct hsrp_group *g)
{
    if (!g->installed)
        each_vip(g, vip_add);
    g->installed = true;
    each_vip(g, vip_garp);
    g->garp_left = g->hif->garp_count;
    timer_start(&g->garp_timer, g->hif->garp_interval);
}

void hsrp_address_uninstall(struct hsrp_group *g)
{
    timer_stop(&g->garp_timer);
    if (g->installed)
        each_vip(g, vip_del);
    g->installed = false;
}

/* Network or broadcast address of a subnet of the interface: nobody's. */
bool hsrp_address_is_edge(const struct netif *nif, const struct addr *addr)
{
    uint32_t ip = addr_v4_get(addr);
    for (unsigned i = 0; i < nif->n_addrs; i++) {
        uint32_t mask = mask_from_len(nif->addrs[i].len), net = addr_v4_get(&nif->addrs[i].addr) & mask;
        if (nif->addrs[i].len < 31 && (ip & mask) == net && (ip == net || ip == (net | ~mask)))
            return true;
    }
    return false;
}

/* For configuration: takes the addresses away; called again after they changed, it puts them back. */
void hsrp_group_reinstall(struct hsrp_group *g)
{
    if (g->installed)
        hsrp_address_uninstall(g);
    else if (g->state == HSRP_ACTIVE)
        hsrp_address_install(g);
}

void hsrp_address_garp(struct hsrp_group *g)
{
    each_vip(g, vip_garp);
}

void hsrp_address_garp_fire(void *arg)
{
    struct hsrp_group *g = arg;
    each_vip(g, vip_garp);
    hsrp_dbg_grp(g, HSRP_DBG_REDUNDANCY, "Redundancy group %s state Active -> Active", g->name);
    if (g->hif->garp_count == 0 || --g->garp_left)
        timer_start(&g->garp_timer, g->hif->garp_interval);
}

/* An arp_proxy_fn. Where HSRP runs, proxy ARP is the Active router's, with its virtual MAC. */
bool hsrp_proxy_arp(void *arg, const struct netif *nif, struct mac *mac)
{
    struct hsrp_if *hif = hsrp_if_find(arg, nif);
    bool runs = false;
    for (const struct hsrp_group *g = hif ? hif->groups : NULL; g; g = g->next) {
        if (g->state == HSRP_ACTIVE) {
            *mac = g->vmac;
            return true;
        }
        runs = runs || g->state >= HSRP_LEARN;
    }
    return !runs;
}

/* `standby use-bia` of an interface holds for its subinterfaces, unless its scope is the interface. */
bool hsrp_if_uses_bia(const struct hsrp_if *hif)
{
    const char *name = hif->nif->name, *dot = strchr(name, '.');
    if (hif->use_bia || !dot)
        return hif->use_bia;
    for (const struct hsrp_if *main = hif->h->ifs; main; main = main->next)
        if (main->use_bia && !main->bia_here && strlen(main->nif->name) == (size_t)(dot - name) &&
            !strncmp(main->nif->name, name, (size_t)(dot - name)))
            return true;
    return false;
}

/* Reference 1.1 and 1.7. */
void hsrp_address_choose_mac(struct hsrp_group *g)
{
    const struct hsrp_if *hif = g->hif;
    struct mac mac = hif->version == 2
                         ? (struct mac){{0x00, 0x00, 0x0c, 0x9f, (uint8_t)(0xf0 | g->number >> 8), (uint8_t)g->number}}
                         : (struct mac){{0x00, 0x00, 0x0c, 0x07, 0xac, (uint8_t)g->number}};
    if (hsrp_if_uses_bia(hif))
        mac = hif->nif->mac;
    else if (g->mac_cfg)
        mac = g->mac;
    if (mac_equal(&mac, &g->vmac))
        return;
    bool installed = g->installed;
    if (g->state > HSRP_INIT)
        hsrp_dbg_grp(g, HSRP_DBG_PROTOCOL, "%s: m/Standby mac address changed", hsrp_state_name(g->state));
    if (installed)
        hsrp_group_reinstall(g);
    g->vmac = mac;
    if (installed)
        hsrp_group_reinstall(g);
}
