/* `show standby` of groups: full, brief, JSON (reference 1.8). Called by the parser. */
#include "hsrp_cmd.h"
#include "modules/hsrp/hsrp_internal.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char *init_reason(const struct hsrp_group *g)
{
    if (g->state != HSRP_INIT)
        return "";
    if (!g->hif->nif->line_up)
        return " (interface down)";
    struct addr a = netif_primary(g->hif->nif);
    if (addr_is_none(&a))
        return " (protocol not cfgd)";
    return g->track_down ? " (tracking shutdown)" : "";
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
    char a[ADDR_STRLEN], m[MAC_STRLEN];
    out_text(o, "  %s router is %s", which, peer(p, a));
    if (p->kind == HSRP_PEER_REMOTE) {
        nstime left = timer_left(t) / NS_PER_MS;
        out_text(o, ", priority %u (expires in %" PRId64 ".%03" PRId64 " sec)", p->priority, left / 1000, left % 1000);
    }
    out_text(o, "\n");
    if (p->kind == HSRP_PEER_REMOTE && p->has_mac && which[0] == 'A')
        out_text(o, "    MAC address is %s\n", mac_format(&p->mac, m));
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

static void mac_source(const struct hsrp_group *g, char *buf, size_t len)
{
    if (hsrp_if_uses_bia(g->hif))
        snprintf(buf, len, "bia");
    else if (g->mac_cfg)
        snprintf(buf, len, "cfgd");
    else
        snprintf(buf, len, "v%u default", g->hif->version);
}

static void show_auth(struct out *o, const struct hsrp_group *g)
{
    if (g->auth.kind == HSRP_AUTH_KEY_STRING)
        out_text(o, "  Authentication MD5, key-string\n");
    else if (g->auth.kind == HSRP_AUTH_KEY_CHAIN)
        out_text(o, "  Authentication MD5, key-chain \"%s\"\n", g->auth.chain);
    else if (g->auth.cfg)
        out_text(o, "  Authentication text, string \"%.8s\"\n", (const char *)g->auth.text);
}

/* What a group that follows knows of Active and Standby is what the followed one knows. */
static const struct hsrp_group *elector(const struct hsrp_group *g)
{
    const struct hsrp_group *m = g->follow[0] && g->state > HSRP_INIT ? hsrp_follow_master(g) : NULL;
    return m ? m : g;
}

static void show_full(struct out *o, const struct hsrp_group *g)
{
    char a[ADDR_STRLEN], m[MAC_STRLEN], d[DURATION_STRLEN], from[16];
    const struct hsrp_group *e = elector(g);
    out_text(o, "%s - Group %u%s\n", g->hif->nif->name, g->number, g->hif->version == 2 ? " (version 2)" : "");
    out_text(o, "  State is %s%s\n", hsrp_state_name(g->state), init_reason(g));
    if (g->changes)
        out_text(o, "    %" PRIu32 " state change%s, last state change %s\n", g->changes, g->changes == 1 ? "" : "s",
                 duration_format(loop_now(g->hif->h->r->loop) - g->changed_at, d));
    show_tracks(o, g, true);
    const struct addr *vip = addr_is_none(&g->vip) ? &g->vip_cfg : &g->vip;
    out_text(o, "  Virtual IP address is %s%s\n", addr_is_none(vip) ? "unknown" : addr_format(vip, a),
             !addr_is_none(vip) && addr_is_none(&g->vip_cfg) ? " (learnt)" : "");
    for (unsigned i = 0; i < g->n_secondary; i++)
        out_text(o, "    Secondary virtual IP address %s\n", addr_format(&g->secondary[i], a));
    mac_format(&g->vmac, m);
    mac_source(g, from, sizeof from);
    out_text(o, "  Active virtual MAC address is %s\n", e->active.kind == HSRP_PEER_UNKNOWN ? "unknown" : m);
    out_text(o, "    Local virtual MAC address is %s (%s)\n", m, from);
    show_timers(o, g);
    show_auth(o, g);
    show_preempt(o, g);
    show_peer(o, "Active", &e->active, &e->active_timer);
    show_peer(o, "Standby", &e->standby, &e->standby_timer);
    if (g->priority_is_cfg && g->priority_cfg != 100)
        out_text(o, "  Priority %u (configured %u)\n", g->priority, g->priority_cfg);
    else
        out_text(o, "  Priority %u (default 100)\n", g->priority);
    show_tracks(o, g, false);
    out_text(o, "  Group name is \"%s\" (%s)\n", g->name, g->name_cfg ? "cfgd" : "default");
    if (g->follow[0])
        out_text(o, "  Following \"%s\"\n", g->follow);
}

static void json_settings(struct out *o, const struct hsrp_group *g)
{
    out_int(o, "hello_time", g->hello / NS_PER_MS);
    out_int(o, "hold_time", g->hold / NS_PER_MS);
    out_int(o, "configured_hello_time", g->hello_cfg / NS_PER_MS);
    out_int(o, "configured_hold_time", g->hold_cfg / NS_PER_MS);
    if (timer_armed(&g->hello_timer))
        out_int(o, "next_hello", timer_left(&g->hello_timer) / NS_PER_MS);
    out_str(o, "authentication", g->auth.kind == HSRP_AUTH_TEXT ? "text" : "MD5");
    if (g->auth.kind == HSRP_AUTH_KEY_CHAIN)
        out_str(o, "key_chain", g->auth.chain);
    else if (g->auth.kind == HSRP_AUTH_TEXT)
        out_fmt(o, "authentication_string", "%.8s", (const char *)g->auth.text);
    out_int(o, "preempt_delay_minimum", g->preempt_min * INT64_C(1000));
    out_int(o, "preempt_delay_reload", g->preempt_reload * INT64_C(1000));
    out_int(o, "preempt_delay_sync", g->preempt_sync * INT64_C(1000));
}

static void json_tracks(struct out *o, const struct hsrp_group *g)
{
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
}

static void show_json(struct out *o, const struct hsrp_group *g)
{
    char a[ADDR_STRLEN], m[MAC_STRLEN], from[16];
    const struct addr *vip = addr_is_none(&g->vip) ? &g->vip_cfg : &g->vip;
    const struct hsrp_group *e = elector(g);
    mac_source(g, from, sizeof from);
    out_object(o, NULL);
    out_str(o, "interface", g->hif->nif->name);
    out_int(o, "group", g->number);
    out_int(o, "version", g->hif->version);
    out_str(o, "state", hsrp_state_name(g->state));
    if (init_reason(g)[0])
        out_fmt(o, "init_reason", "%.*s", (int)strlen(init_reason(g)) - 3, init_reason(g) + 2);
    out_int(o, "priority", g->priority);
    out_int(o, "configured_priority", g->priority_cfg);
    out_bool(o, "preempt", g->preempt);
    out_str(o, "virtual_ip", addr_is_none(vip) ? "unknown" : addr_format(vip, a));
    out_bool(o, "virtual_ip_learnt", !addr_is_none(vip) && addr_is_none(&g->vip_cfg));
    out_array(o, "secondary_virtual_ips");
    for (unsigned i = 0; i < g->n_secondary; i++)
        out_addr(o, NULL, &g->secondary[i]);
    out_end(o);
    out_str(o, "virtual_mac", mac_format(&g->vmac, m));
    out_str(o, "virtual_mac_source", from);
    out_str(o, "active_virtual_mac", e->active.kind == HSRP_PEER_UNKNOWN ? "unknown" : m);
    out_str(o, "active", peer(&e->active, a));
    if (e->active.kind == HSRP_PEER_REMOTE) {
        out_int(o, "active_priority", e->active.priority);
        out_int(o, "active_expires", timer_left(&e->active_timer) / NS_PER_MS);
        if (e->active.has_mac)
            out_str(o, "active_mac", mac_format(&e->active.mac, m));
    }
    out_str(o, "standby", peer(&e->standby, a));
    if (e->standby.kind == HSRP_PEER_REMOTE) {
        out_int(o, "standby_priority", e->standby.priority);
        out_int(o, "standby_expires", timer_left(&e->standby_timer) / NS_PER_MS);
    }
    json_settings(o, g);
    out_int(o, "state_changes", g->changes);
    out_int(o, "last_state_change", (loop_now(g->hif->h->r->loop) - g->changed_at) / NS_PER_MS);
    out_str(o, "name", g->name);
    out_bool(o, "name_configured", g->name_cfg);
    out_bool(o, "icmp_redirects", !g->hif->redirect_off);
    if (g->follow[0])
        out_str(o, "following", g->follow);
    json_tracks(o, g);
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
    const struct hsrp_group *e = elector(g);
    out_text(o, "%-11s %-4d %-3d %c %-7s %-15s %-15s %-15s\n", g->hif->nif->shortname, g->number, g->priority,
             g->preempt ? 'P' : ' ', hsrp_state_name(g->state), peer(&e->active, a), peer(&e->standby, s),
             addr_is_none(vip) ? "unknown" : addr_format(vip, v));
}

struct filter {
    const char *ifname; /* NULL: all */
    bool has_group;
    uint32_t group;
    bool active, init, learn, listen, speak, standby; /* none: all */
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
    if (!f->active && !f->init && !f->listen && !f->standby && !f->learn && !f->speak)
        return true;
    return (f->learn && g->state == HSRP_LEARN) || (f->speak && g->state == HSRP_SPEAK) ||
           (f->active && g->state == HSRP_ACTIVE) || (f->standby && g->state == HSRP_STANDBY) ||
           (f->init && g->state <= HSRP_INIT) || (f->listen && g->state >= HSRP_LEARN && g->state <= HSRP_SPEAK);
}

static int show(struct cmd *c, const struct filter *f)
{
    struct hsrp *h = module_state(c->router, &hsrp_module);
    struct out *o = c->out;
    for (struct hsrp_if *hif = f->brief ? NULL : h->ifs; hif; hif = hif->next)
        if (hif->redirect_off && hif->groups && (!f->ifname || !strcmp(f->ifname, hif->nif->name))) {
            out_text(o, "HSRP ICMP redirects disabled\n");
            break;
        }
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
                       .learn = a->kw_learn,
                       .listen = a->kw_listen,
                       .speak = a->kw_speak,
                       .standby = a->kw_st_standby,
                       .brief = a->kw_brief};
    return show(c, &f);
}

int hsrp_show_all(struct cmd *c, struct args_show_standby_all *a)
{
    struct filter f = {.all = true, .brief = a->kw_brief};
    return show(c, &f);
}

int hsrp_show_brief_of(struct cmd *c, struct args_show_standby_brief *a)
{
    struct filter f = {.ifname = a->interface.text, .has_group = a->has_group, .group = a->group, .brief = true};
    return show(c, &f);
}
