/* Configuration lines of HSRP: typed arguments to groups (reference 1.7). Called by the parser; what is
 * stored and shown is the parser's business. */
#include "hsrp_cmd.h"
#include "interface_cmd.h"
#include "modules/hsrp/hsrp_internal.h"
#include <stdio.h>
#include <string.h>

struct hsrp_if *hsrp_cmd_iface(struct cmd *c)
{
    struct hsrp *h = module_state(c->router, &hsrp_module);
    const struct args_interface *i = CMD_BLOCK(c, interface, "interface");
    struct netif *nif = h && i ? netif_get(c->router, i->name.text) : NULL;
    bool is_lan = nif && strncmp(nif->name, "Loopback", 8) != 0 && strncmp(nif->name, "Null", 4) != 0;
    struct hsrp_if *hif = is_lan ? hsrp_if_get(h, nif) : NULL;
    if (!hif)
        cmd_error(c, "%% HSRP is not supported on this interface");
    return hif;
}

static int check_number(struct cmd *c, const struct hsrp_if *hif, uint32_t number)
{
    if (c->op == CMD_SET && number >= HSRP_GROUPS_V1 && hif->version == 1)
        return cmd_error(c, "%% Group number %u is out of range for HSRP version 1 (0-255)", number);
    return CMD_OK;
}

struct hsrp_group *hsrp_cmd_group(struct cmd *c, struct hsrp_if *hif, uint32_t number, int *result)
{
    *result = check_number(c, hif, number);
    if (*result != CMD_OK)
        return NULL;
    if (c->op != CMD_SET)
        return hsrp_group_find(hif, number);
    struct hsrp_group *g = hsrp_group_get(hif, number);
    if (!g)
        *result = cmd_error(c, "%% Out of memory");
    return g;
}

/* CMD_OK if addr may be a virtual address of g, else the refusal was printed. */
static int refuse_address(struct cmd *c, struct hsrp_if *hif, const struct hsrp_group *g, uint32_t number,
                          const struct addr *addr)
{
    char a[ADDR_STRLEN];
    addr_format(addr, a);
    uint32_t v = addr_v4_get(addr);
    if (check_number(c, hif, number) != CMD_OK)
        return CMD_ERROR;
    if (v == 0 || v == 0xffffffff || addr_is_multicast(addr) || v >> 24 == 127 || hsrp_address_is_edge(hif->nif, addr))
        return cmd_error(c, "%% Invalid address %s", a);
    for (unsigned i = 0; i < hif->nif->n_addrs; i++)
        if (addr_equal(&hif->nif->addrs[i].addr, addr))
            return cmd_error(c, "%% Address %s is the interface's own address", a);
    for (struct hsrp_group *o = hif->groups; o; o = o->next) {
        bool taken = o != g && addr_equal(&o->vip_cfg, addr);
        for (unsigned i = 0; i < o->n_secondary; i++)
            taken = taken || (o != g && addr_equal(&o->secondary[i], addr));
        if (taken)
            return cmd_error(c, "%% Address %s in group %u is already used by group %u", a, number, o->number);
    }
    if (!netif_on_subnet(hif->nif, addr))
        cmd_note(c, "%% Warning: address is not within a subnet on this interface");
    return CMD_OK;
}

/* The address changes under a group that may be running: an Active group moves at once, the others begin again. */
static void change_vip(struct hsrp_group *g, bool has_ip, const struct addr *vip)
{
    bool active = g->state == HSRP_ACTIVE && has_ip && !addr_is_none(vip) && netif_on_subnet(g->hif->nif, vip);
    if (active && addr_equal(&g->vip, vip)) {
        g->vip_cfg = *vip;
        return;
    }
    g->vip_refused = false;
    if (g->state > HSRP_INIT && has_ip && !addr_is_none(vip) && !addr_equal(&g->vip_cfg, vip))
        hsrp_dbg_grp(g, HSRP_DBG_PROTOCOL, "%s: n/Standby IP address configured", hsrp_state_name(g->state));
    if (active) {
        hsrp_group_reinstall(g);
        g->vip = g->vip_cfg = *vip;
        hsrp_group_reinstall(g);
        hsrp_group_priority_changed(g); /* says hello and publishes */
        return;
    }
    g->has_ip = has_ip;
    if (g->state == HSRP_LEARN && !addr_is_none(vip))
        hsrp_group_event(g, HSRP_EV_B, NULL, NULL, 0);
    g->vip_cfg = has_ip ? *vip : (struct addr){0};
    if (!addr_is_none(&g->vip_cfg) && g->state > HSRP_INIT)
        g->vip = g->vip_cfg;
    hsrp_group_evaluate(g, 0);
    hsrp_group_publish(g);
}

int hsrp_cmd_ip(struct cmd *c, struct args_standby_ip *a)
{
    struct hsrp_if *hif = hsrp_cmd_iface(c);
    if (!hif)
        return CMD_ERROR;
    struct addr none = {0};
    if (c->op == CMD_SET && a->has_address &&
        refuse_address(c, hif, hsrp_group_find(hif, a->group), a->group, &a->address) != CMD_OK)
        return CMD_ERROR;
    int result;
    struct hsrp_group *g = hsrp_cmd_group(c, hif, a->group, &result);
    if (!g)
        return result;
    change_vip(g, c->op == CMD_SET, c->op == CMD_SET && a->has_address ? &a->address : &none);
    hsrp_adv_update(hif, false);
    hsrp_group_drop_if_empty(g);
    return CMD_OK;
}

int hsrp_cmd_ip_secondary(struct cmd *c, struct args_standby_ip_secondary *a)
{
    struct hsrp_if *hif = hsrp_cmd_iface(c);
    if (!hif)
        return CMD_ERROR;
    struct hsrp_group *g = hsrp_group_find(hif, a->group);
    if (c->op == CMD_SET && refuse_address(c, hif, g, a->group, &a->address) != CMD_OK)
        return CMD_ERROR;
    int result;
    g = hsrp_cmd_group(c, hif, a->group, &result);
    if (!g)
        return result;
    unsigned at = 0;
    while (at < g->n_secondary && !addr_equal(&g->secondary[at], &a->address))
        at++;
    bool have = at < g->n_secondary;
    if (have == (c->op == CMD_SET))
        return CMD_OK;
    if (!have && g->n_secondary == HSRP_MAX_SECONDARY)
        return cmd_error(c, "%% At most %d secondary virtual addresses", HSRP_MAX_SECONDARY);
    bool installed = g->installed;
    if (installed)
        hsrp_group_reinstall(g);
    if (have)
        memmove(&g->secondary[at], &g->secondary[at + 1], (--g->n_secondary - at) * sizeof g->secondary[0]);
    else
        g->secondary[g->n_secondary++] = a->address;
    if (installed)
        hsrp_group_reinstall(g);
    hsrp_group_drop_if_empty(g);
    return CMD_OK;
}

int hsrp_cmd_timers(struct cmd *c, struct args_standby_timers *a)
{
    nstime hello = HSRP_DEFAULT_HELLO, hold = HSRP_DEFAULT_HOLD;
    bool set = c->op == CMD_SET;
    if (set) {
        hello = a->kw_hello_msec ? a->hello_ms * NS_PER_MS : a->hello * NS_PER_S;
        hold = a->kw_hold_msec ? a->hold_ms * NS_PER_MS : a->hold * NS_PER_S;
        nstime least = a->kw_hold_msec ? 3 * hello : hello + 50 * NS_PER_MS; /* reference 1.7 */
        if (hold < least && a->kw_hold_msec)
            return cmd_error(c, "%% Hold time must be at least 3 times the hello time");
        if (hold < least)
            return cmd_error(c, "%% Hold time must be greater than the hello time");
    }
    HSRP_CMD_GROUP(c, a);
    bool changed = g->hello_cfg != hello || g->hold_cfg != hold;
    g->timers_cfg = set;
    g->hello_cfg = hello;
    g->hold_cfg = hold;
    if (changed)
        hsrp_group_timers_changed(g);
    hsrp_group_drop_if_empty(g);
    return CMD_OK;
}

int hsrp_cmd_priority(struct cmd *c, struct args_standby_priority *a)
{
    HSRP_CMD_GROUP(c, a);
    g->priority_is_cfg = c->op == CMD_SET;
    g->priority_cfg = c->op == CMD_SET ? (uint8_t)a->value : 100;
    hsrp_track_evaluate(g, 0);
    hsrp_group_drop_if_empty(g);
    return CMD_OK;
}

int hsrp_cmd_preempt(struct cmd *c, struct args_standby_preempt *a)
{
    HSRP_CMD_GROUP(c, a);
    bool set = c->op == CMD_SET;
    if (!set && a->kw_delay && g->preempt) { /* takes the delays, or the one that is named; preempt stays */
        bool all = !a->kw_minimum && !a->kw_reload && !a->kw_sync;
        a->min_s = all || a->kw_minimum ? 0 : g->preempt_min;
        a->reload_s = all || a->kw_reload ? 0 : g->preempt_reload;
        a->sync_s = all || a->kw_sync ? 0 : g->preempt_sync;
        a->has_min_s = a->kw_minimum = a->min_s != 0;
        a->has_reload_s = a->kw_reload = a->reload_s != 0;
        a->has_sync_s = a->kw_sync = a->sync_s != 0;
        a->kw_delay = a->has_min_s || a->has_reload_s || a->has_sync_s;
        c->stays = set = true;
    }
    g->preempt = set;
    g->preempt_min = set && a->has_min_s ? a->min_s : 0;
    g->preempt_reload = set && a->has_reload_s ? a->reload_s : 0;
    g->preempt_sync = set && a->has_sync_s ? a->sync_s : 0;
    hsrp_group_try_preempt(g);
    hsrp_group_drop_if_empty(g);
    return CMD_OK;
}

/* Redundancy and crypto maps find a group by its name: two of one name would fight over the role. */
static const struct hsrp_group *named(const struct hsrp_if *hif, const char *name, uint32_t number)
{
    for (const struct hsrp_if *i = hif->h->ifs; i; i = i->next)
        for (const struct hsrp_group *g = i->groups; g; g = g->next)
            if ((i != hif || g->number != number) && !strcmp(g->name, name))
                return g;
    return NULL;
}

int hsrp_cmd_name(struct cmd *c, struct args_standby_name *a)
{
    struct hsrp_if *at = hsrp_cmd_iface(c);
    if (!at)
        return CMD_ERROR;
    const struct hsrp_group *other = c->op == CMD_SET ? named(at, a->group_name, a->group) : NULL;
    if (other)
        return cmd_error(c, "%% Name %s is already used by group %u on %s", a->group_name, other->number,
                         other->hif->nif->name);
    HSRP_CMD_GROUP(c, a);
    struct hsrp *h = g->hif->h;
    hsrp_group_renamed(g, c->op == CMD_SET ? a->group_name : NULL);
    hsrp_group_drop_if_empty(g);
    hsrp_follow_names_changed(h);
    return CMD_OK;
}

static int track(struct cmd *c, uint32_t number, const struct hsrp_track *t)
{
    struct hsrp_if *hif = hsrp_cmd_iface(c);
    if (!hif)
        return CMD_ERROR;
    int result;
    struct hsrp_group *g = hsrp_cmd_group(c, hif, number, &result);
    if (!g)
        return result;
    unsigned at = 0;
    while (at < g->n_track && (g->track[at].object != t->object || strcmp(g->track[at].ifname, t->ifname) != 0))
        at++;
    if (c->op == CMD_UNSET && at < g->n_track) {
        memmove(&g->track[at], &g->track[at + 1], (--g->n_track - at) * sizeof g->track[0]);
    } else if (c->op == CMD_SET) {
        if (at == HSRP_MAX_TRACK)
            return cmd_error(c, "%% At most %d tracked things a group", HSRP_MAX_TRACK);
        g->track[at] = *t;
        if (at == g->n_track)
            g->n_track++;
    }
    hsrp_track_evaluate(g, 0);
    hsrp_group_drop_if_empty(g);
    return CMD_OK;
}

/* `no standby G track`: all of the group; the lines themselves are the parser's. */
static int track_none(struct cmd *c, uint32_t number)
{
    struct hsrp_if *hif = hsrp_cmd_iface(c);
    struct hsrp_group *g = hif ? hsrp_group_find(hif, number) : NULL;
    if (g) {
        g->n_track = 0;
        hsrp_track_evaluate(g, 0);
        hsrp_group_drop_if_empty(g);
    }
    return hif ? CMD_OK : CMD_ERROR;
}

int hsrp_cmd_track(struct cmd *c, struct args_standby_track *a)
{
    struct hsrp_track t = {.decrement = 10};
    if (a->has_object) {
        t.object = a->object;
        t.shutdown = a->kw_shutdown;
        t.decrement = a->has_amount ? a->amount : 10;
    } else if (a->has_interface) {
        t.decrement = a->has_decrement ? a->decrement : 10;
        snprintf(t.ifname, sizeof t.ifname, "%s", a->interface.text);
    } else {
        return track_none(c, a->group);
    }
    return track(c, a->group, &t);
}

int hsrp_cmd_mac_address(struct cmd *c, struct args_standby_mac_address *a)
{
    bool set = c->op == CMD_SET;
    static const struct mac none;
    struct hsrp_if *at = hsrp_cmd_iface(c);
    if (!at)
        return CMD_ERROR;
    if (set && ((a->mac.b[0] & 1) || mac_equal(&a->mac, &none)))
        return cmd_error(c, "%% Invalid MAC address");
    if (set && at->use_bia)
        return cmd_error(c, "%% A MAC address cannot be configured together with use-bia");
    HSRP_CMD_GROUP(c, a);
    g->mac_cfg = set;
    g->mac = set ? a->mac : none;
    hsrp_address_choose_mac(g);
    hsrp_group_drop_if_empty(g);
    return CMD_OK;
}

int hsrp_cmd_follow(struct cmd *c, struct args_standby_follow *a)
{
    bool set = c->op == CMD_SET;
    struct hsrp_if *at = hsrp_cmd_iface(c);
    if (!at)
        return CMD_ERROR;
    const struct hsrp_group *old = hsrp_group_find(at, a->group);
    for (struct hsrp_if *i = set ? at->h->ifs : NULL; i; i = i->next)
        for (struct hsrp_group *m = i->groups; m; m = m->next) {
            if (m == old && !strcmp(m->name, a->group_name))
                return cmd_error(c, "%% A group cannot follow itself");
            if (m->follow[0] && !strcmp(m->name, a->group_name))
                return cmd_error(c, "%% Group %s follows another group", a->group_name);
            if (old && m->follow[0] && !strcmp(m->follow, old->name))
                return cmd_error(c, "%% Group %u is followed by another group", a->group);
        }
    HSRP_CMD_GROUP(c, a);
    struct hsrp *h = g->hif->h;
    if (set && !strcmp(g->follow, a->group_name))
        return CMD_OK;
    /* From one kind of group to the other by way of Init. */
    if (g->state > HSRP_INIT && !g->follow[0])
        hsrp_group_event(g, HSRP_EV_B, NULL, NULL, 0);
    else if (g->state > HSRP_INIT)
        hsrp_group_change_state(g, HSRP_EV_B, HSRP_INIT, "follows no more", 0);
    g->active.kind = g->standby.kind = HSRP_PEER_UNKNOWN;
    h->n_follow += set - (g->follow[0] != '\0');
    snprintf(g->follow, sizeof g->follow, "%s", set ? a->group_name : "");
    hsrp_group_evaluate(g, 0);
    hsrp_group_publish(g);
    hsrp_group_drop_if_empty(g);
    return CMD_OK;
}
