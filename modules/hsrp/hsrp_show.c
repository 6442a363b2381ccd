/* `show standby` in all its forms, and the debug commands (reference 1.8 and 1.9). Called by the parser. */
#include "hsrp_cmd.h"
#include "modules/hsrp/hsrp_internal.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static struct hsrp *state_of(struct cmd *c)
{
    return module_state(c->router, &hsrp_module);
}

static const char *init_reason(const struct hsrp_group *g)
{
    if (g->state != HSRP_INIT)
        return "";
    if (!g->hif->nif->line_up)
        return " (interface down)";
    struct addr a = netif_primary(g->hif->nif);
    return addr_is_none(&a) ? " (protocol not cfgd)" : "";
}

static const char *peer(const struct hsrp_peer *p, char buf[ADDR_STRLEN])
{
    if (p->kind == HSRP_PEER_LOCAL)
        return "local";
    return p->kind == HSRP_PEER_REMOTE ? addr_format(&p->addr, buf) : "unknown";
}

static void period(char *buf, size_t len, nstime t)
{
    if (t % NS_PER_S == 0)
        snprintf(buf, len, "%" PRId64 " sec", t / NS_PER_S);
    else
        snprintf(buf, len, "%" PRId64 " msec", t / NS_PER_MS);
}

static void show_timers(struct out *o, const struct hsrp_group *g)
{
    char hello[24], hold[24], chello[24], chold[24];
    period(hello, sizeof hello, g->hello);
    period(hold, sizeof hold, g->hold);
    period(chello, sizeof chello, g->hello_cfg);
    period(chold, sizeof chold, g->hold_cfg);
    bool other = g->timers_cfg && (g->hello != g->hello_cfg || g->hold != g->hold_cfg);
    if (other)
        out_text(o, "  Hello time %s (cfgd %s), hold time %s (cfgd %s)\n", hello, chello, hold, chold);
    else
        out_text(o, "  Hello time %s, hold time %s\n", hello, hold);
    if (timer_armed(&g->hello_timer)) {
        nstime left = timer_left(&g->hello_timer) / NS_PER_MS;
        out_text(o, "    Next hello sent in %" PRId64 ".%03" PRId64 " secs\n", left / 1000, left % 1000);
    }
}

static void show_preempt(struct out *o, const struct hsrp_group *g)
{
    if (!g->preempt) {
        out_text(o, "  Preemption disabled\n");
        return;
    }
    const struct {
        const char *word;
        uint32_t s;
    } part[] = {{"min", g->preempt_min}, {"reload", g->preempt_reload}, {"sync", g->preempt_sync}};
    out_text(o, "  Preemption enabled");
    const char *lead = ", delay ";
    for (unsigned i = 0; i < 3; i++)
        if (part[i].s) {
            out_text(o, "%s%s %" PRIu32 " secs", lead, part[i].word, part[i].s);
            lead = ", ";
        }
    out_text(o, "\n");
}

static void show_peer(struct out *o, const char *which, const struct hsrp_peer *p, const struct timer *t)
{
    char a[ADDR_STRLEN];
    out_text(o, "  %s router is %s", which, peer(p, a));
    if (p->kind == HSRP_PEER_REMOTE) {
        nstime left = timer_left(t) / NS_PER_MS;
        out_text(o, ", priority %u (expires in %" PRId64 ".%03" PRId64 " sec)", p->priority, left / 1000, left % 1000);
    }
    out_text(o, "\n");
}

static void show_tracks(struct out *o, const struct hsrp_group *g, bool shutdown)
{
    for (unsigned i = 0; i < g->n_track; i++) {
        const struct hsrp_track *t = &g->track[i];
        if (t->shutdown != shutdown)
            continue;
        if (t->ifname[0])
            out_text(o, "    Track interface %s state %s decrement %u\n", t->ifname,
                     t->state == TRACK_UP ? "Up" : "Down", t->decrement);
        else if (t->state == TRACK_UNKNOWN)
            out_text(o, "    Track object %u (unknown)\n", t->object);
        else if (shutdown)
            out_text(o, "    Track object %u state %s\n", t->object, t->state == TRACK_UP ? "Up" : "Down");
        else
            out_text(o, "    Track object %u state %s decrement %u\n", t->object, t->state == TRACK_UP ? "Up" : "Down",
                     t->decrement);
    }
}

static void show_full(struct out *o, const struct hsrp_group *g)
{
    char a[ADDR_STRLEN], m[MAC_STRLEN], d[DURATION_STRLEN];
    out_text(o, "%s - Group %u\n", g->hif->nif->name, g->number);
    out_text(o, "  State is %s%s\n", hsrp_state_name(g->state), init_reason(g));
    out_text(o, "    %" PRIu32 " state change%s, last state change %s\n", g->changes, g->changes == 1 ? "" : "s",
             duration_format(loop_now(g->hif->h->r->loop) - g->changed_at, d));
    show_tracks(o, g, true);
    const struct addr *vip = addr_is_none(&g->vip) ? &g->vip_cfg : &g->vip;
    out_text(o, "  Virtual IP address is %s%s\n", addr_is_none(vip) ? "unknown" : addr_format(vip, a),
             !addr_is_none(vip) && addr_is_none(&g->vip_cfg) ? " (learnt)" : "");
    for (unsigned i = 0; i < g->n_secondary; i++)
        out_text(o, "    Secondary virtual IP address %s\n", addr_format(&g->secondary[i], a));
    mac_format(&g->vmac, m);
    out_text(o, "  Active virtual MAC address is %s\n", g->active.kind == HSRP_PEER_UNKNOWN ? "unknown" : m);
    out_text(o, "    Local virtual MAC address is %s (v1 default)\n", m);
    show_timers(o, g);
    if (g->auth_cfg)
        out_text(o, "  Authentication text, string \"%.8s\"\n", (const char *)g->auth);
    show_preempt(o, g);
    show_peer(o, "Active", &g->active, &g->active_timer);
    show_peer(o, "Standby", &g->standby, &g->standby_timer);
    if (g->priority_is_cfg && g->priority_cfg != 100)
        out_text(o, "  Priority %u (configured %u)\n", g->priority, g->priority_cfg);
    else
        out_text(o, "  Priority %u (default 100)\n", g->priority);
    show_tracks(o, g, false);
    out_text(o, "  Group name is \"%s\" (%s)\n", g->name, g->name_cfg ? "cfgd" : "default");
}

static void show_json(struct out *o, const struct hsrp_group *g)
{
    char a[ADDR_STRLEN], m[MAC_STRLEN];
    const struct addr *vip = addr_is_none(&g->vip) ? &g->vip_cfg : &g->vip;
    out_object(o, NULL);
    out_str(o, "interface", g->hif->nif->name);
    out_int(o, "group", g->number);
    out_str(o, "state", hsrp_state_name(g->state));
    out_int(o, "priority", g->priority);
    out_int(o, "configured_priority", g->priority_cfg);
    out_bool(o, "preempt", g->preempt);
    out_str(o, "virtual_ip", addr_is_none(vip) ? "unknown" : addr_format(vip, a));
    out_str(o, "virtual_mac", mac_format(&g->vmac, m));
    out_str(o, "active", peer(&g->active, a));
    out_str(o, "standby", peer(&g->standby, a));
    out_int(o, "hello_time", g->hello / NS_PER_MS);
    out_int(o, "hold_time", g->hold / NS_PER_MS);
    out_int(o, "state_changes", g->changes);
    out_int(o, "last_state_change", (loop_now(g->hif->h->r->loop) - g->changed_at) / NS_PER_MS);
    out_str(o, "name", g->name);
    out_array(o, "track");
    for (unsigned i = 0; i < g->n_track; i++) {
        const struct hsrp_track *t = &g->track[i];
        out_object(o, NULL);
        if (t->ifname[0])
            out_str(o, "interface", t->ifname);
        else
            out_int(o, "object", t->object);
        out_str(o, "state", t->state == TRACK_UP ? "Up" : t->state == TRACK_DOWN ? "Down" : "unknown");
        out_int(o, "decrement", t->shutdown ? 0 : t->decrement);
        out_bool(o, "shutdown", t->shutdown);
        out_end(o);
    }
    out_end(o);
    out_end(o);
}

static void show_brief_head(struct out *o)
{
    out_text(o, "                     P indicates configured to preempt.\n");
    out_text(o, "                     |\n");
    out_text(o, "%-11s %-4s %-3s %c %-7s %-15s %-15s %s\n", "Interface", "Grp", "Pri", 'P', "State", "Active",
             "Standby", "Virtual IP");
}

static void show_brief(struct out *o, const struct hsrp_group *g)
{
    char a[ADDR_STRLEN], s[ADDR_STRLEN], v[ADDR_STRLEN];
    const struct addr *vip = addr_is_none(&g->vip) ? &g->vip_cfg : &g->vip;
    out_text(o, "%-11s %-4d %-3d %c %-7s %-15s %-15s %-15s\n", g->hif->nif->shortname, g->number, g->priority,
             g->preempt ? 'P' : ' ', hsrp_state_name(g->state), peer(&g->active, a), peer(&g->standby, s),
             addr_is_none(vip) ? "unknown" : addr_format(vip, v));
}

struct filter {
    const char *ifname; /* NULL: all */
    bool has_group;
    uint32_t group;
    bool active, init, listen, standby; /* none: all */
    bool all, brief;
};

static bool wanted(const struct filter *f, const struct hsrp_group *g)
{
    if (f->ifname && strcmp(f->ifname, g->hif->nif->name) != 0)
        return false;
    if (f->has_group && f->group != g->number)
        return false;
    if (!f->all && g->state == HSRP_DISABLED)
        return false;
    if (!f->active && !f->init && !f->listen && !f->standby)
        return true;
    return (f->active && g->state == HSRP_ACTIVE) || (f->standby && g->state == HSRP_STANDBY) ||
           (f->init && g->state <= HSRP_INIT) || (f->listen && g->state >= HSRP_LEARN && g->state <= HSRP_SPEAK);
}

static int show(struct cmd *c, const struct filter *f)
{
    struct hsrp *h = state_of(c);
    struct out *o = c->out;
    out_array(o, NULL);
    if (f->brief)
        show_brief_head(o);
    for (struct hsrp_if *hif = h->ifs; hif; hif = hif->next)
        for (struct hsrp_group *g = hif->groups; g; g = g->next) {
            if (!wanted(f, g))
                continue;
            if (f->brief)
                show_brief(o, g);
            else
                show_full(o, g);
            show_json(o, g);
        }
    out_end(o);
    return CMD_OK;
}

int hsrp_show_standby(struct cmd *c, struct args_show_standby *a)
{
    struct filter f = {.ifname = a->has_interface ? a->interface.text : NULL,
                       .has_group = a->has_group,
                       .group = a->group,
                       .active = a->kw_active,
                       .init = a->kw_init,
                       .listen = a->kw_listen,
                       .standby = a->kw_st_standby,
                       .brief = a->kw_brief};
    return show(c, &f);
}

int hsrp_show_all(struct cmd *c, struct args_show_standby_all *a)
{
    struct filter f = {.all = true, .brief = a->kw_brief};
    return show(c, &f);
}

int hsrp_show_delay(struct cmd *c, struct args_show_standby_delay *a)
{
    struct hsrp *h = state_of(c);
    out_text(c->out, "%-18s Minimum Reload \n", "Interface");
    for (struct hsrp_if *hif = h->ifs; hif; hif = hif->next) {
        if ((!hif->groups && !hif->has_delay) || (a->has_interface && strcmp(a->interface.text, hif->nif->name) != 0))
            continue;
        out_text(c->out, "%-18s %-7" PRIu32 " %-7" PRIu32 "\n", hif->nif->name, hif->delay_min, hif->delay_reload);
    }
    return CMD_OK;
}

static void show_bits(struct out *o, const char *which, const uint32_t *bits)
{
    bool any = false;
    for (unsigned g = 0; g < 256; g++)
        if (bits[g / 32] & (UINT32_C(1) << (g % 32))) {
            if (!any)
                out_text(o, "    %c%s groups:", which[0] - 'a' + 'A', which + 1);
            out_text(o, " %u", g);
            any = true;
        }
    if (any)
        out_text(o, "\n");
    else
        out_text(o, "    No %s groups\n", which);
}

int hsrp_show_neighbors(struct cmd *c, struct args_show_standby_neighbors *a)
{
    struct hsrp *h = state_of(c);
    for (struct hsrp_if *hif = h->ifs; hif; hif = hif->next) {
        if (!hif->nbrs || (a->has_interface && strcmp(a->interface.text, hif->nif->name) != 0))
            continue;
        out_text(c->out, "HSRP neighbors on %s\n", hif->nif->name);
        for (struct hsrp_nbr *n = hif->nbrs; n; n = n->next) {
            char t[ADDR_STRLEN];
            out_text(c->out, "  %s\n", addr_format(&n->addr, t));
            show_bits(c->out, "active", n->active);
            show_bits(c->out, "standby", n->standby);
        }
    }
    return CMD_OK;
}

/* ---- debug ---- */
static void set(struct cmd *c, unsigned bit)
{
    log_debug_set(c->router, &hsrp_module, bit, c->op == CMD_SET);
}

static void clear_kind(struct cmd *c, unsigned from, unsigned to)
{
    for (unsigned b = from; b <= to; b++)
        log_debug_set(c->router, &hsrp_module, b, false);
}

static void say(struct cmd *c, const char *what)
{
    out_text(c->out, "%s debugging is %s\n", what, c->op == CMD_SET ? "on" : "off");
}

int hsrp_debug_all(struct cmd *c, struct args_debug_standby *a)
{
    clear_kind(c, 0, HSRP_DBG_FLAGS - 1);
    set(c, HSRP_DBG_ERRORS);
    set(c, a->kw_terse ? HSRP_DBG_EVENTS_TERSE : HSRP_DBG_EVENTS);
    set(c, a->kw_terse ? HSRP_DBG_PACKETS_TERSE : HSRP_DBG_PACKETS);
    if (a->kw_terse && c->op == CMD_SET) { /* the block of show debugging (ios-cli 11.10) */
        out_text(c->out, "HSRP:\n  %s\n  %s\n  %s\n", hsrp_debug_flags[HSRP_DBG_ERRORS].on_text,
                 hsrp_debug_flags[HSRP_DBG_EVENTS_TERSE].on_text, hsrp_debug_flags[HSRP_DBG_PACKETS_TERSE].on_text);
        return CMD_OK;
    }
    say(c, "HSRP");
    return CMD_OK;
}

int hsrp_debug_errors(struct cmd *c, struct args_debug_standby_errors *a)
{
    (void)a;
    set(c, HSRP_DBG_ERRORS);
    say(c, "HSRP Errors");
    return CMD_OK;
}

int hsrp_debug_events(struct cmd *c, struct args_debug_standby_events *a)
{
    log_debug_set(c->router, &hsrp_module, HSRP_DBG_EVENTS_TERSE, false);
    log_debug_set(c->router, &hsrp_module, HSRP_DBG_EVENTS, false);
    set(c, a->kw_terse ? HSRP_DBG_EVENTS_TERSE : HSRP_DBG_EVENTS);
    say(c, "HSRP Events");
    return CMD_OK;
}

int hsrp_debug_packets(struct cmd *c, struct args_debug_standby_packets *a)
{
    unsigned bit = a->kw_terse       ? HSRP_DBG_PACKETS_TERSE
                   : a->kw_advertise ? HSRP_DBG_ADVERTISE
                   : a->kw_coup      ? HSRP_DBG_COUP
                   : a->kw_hello     ? HSRP_DBG_HELLO
                   : a->kw_resign    ? HSRP_DBG_RESIGN
                                     : HSRP_DBG_PACKETS;
    if (bit == HSRP_DBG_PACKETS)
        clear_kind(c, HSRP_DBG_PACKETS_TERSE, HSRP_DBG_RESIGN);
    set(c, bit);
    say(c, "HSRP Packets");
    return CMD_OK;
}
