/* One group: drives the state table, does its actions, keeps who is Active and Standby. Called by hsrp.c
 * (packets, interfaces), hsrp_cmd.c (configuration) and its own timers. */
#include "modules/core/meter.h"
#include "modules/hsrp/hsrp_internal.h"
#include <stdio.h>
#include <string.h>

#define DIFFVIP_PERIOD (10 * NS_PER_S)

/* ---- who is Active, who is Standby ---- */
static const char *peer_text(const struct hsrp_peer *p, char buf[ADDR_STRLEN])
{
    if (p->kind == HSRP_PEER_LOCAL)
        return "local";
    return p->kind == HSRP_PEER_REMOTE ? addr_format(&p->addr, buf) : "unknown";
}

static void set_peer(struct hsrp_group *g, struct hsrp_peer *p, enum hsrp_peer_kind kind, const struct addr *addr,
                     const struct hsrp_packet *pkt)
{
    struct hsrp_peer now = {.kind = kind};
    if (kind == HSRP_PEER_REMOTE) {
        now.addr = *addr;
        now.priority = pkt->priority;
        now.has_mac = pkt->version == 2;
        now.mac = pkt->identifier;
    }
    bool same = p->kind == kind && (kind != HSRP_PEER_REMOTE || addr_equal(&p->addr, addr));
    struct hsrp_peer was = *p;
    *p = now;
    if (same)
        return;
    if (was.kind == HSRP_PEER_REMOTE)
        g->lost[p == &g->active] = was.addr; /* the neighbours hear of it behind the event's own lines */
    char a[ADDR_STRLEN], b[ADDR_STRLEN];
    const char *which = p == &g->active ? "Active" : "Standby";
    if (was.kind == HSRP_PEER_UNKNOWN)
        hsrp_dbg_grp(g, HSRP_DBG_PROTOCOL, "%s router is %s", which, peer_text(&now, a));
    else
        hsrp_dbg_grp(g, HSRP_DBG_PROTOCOL, "%s router is %s, was %s", which, peer_text(&now, a), peer_text(&was, b));
    if (p == &g->active && kind == HSRP_PEER_REMOTE && g->state != HSRP_ACTIVE) /* who yields advertises as Passive */
        hsrp_adv_new_active(g->hif);
}

static void tell_lost(struct hsrp_group *g, enum hsrp_state was)
{
    for (unsigned active = 0; active < 2; active++)
        if (!addr_is_none(&g->lost[active]))
            hsrp_nbr_lost(g, &g->lost[active], active, was);
    memset(g->lost, 0, sizeof g->lost);
}

/* Priority, then interface address (reference 1.6). */
static bool sender_is_better(const struct hsrp_group *g, const struct hsrp_packet *p, const struct addr *from)
{
    if (p->priority != g->priority)
        return p->priority > g->priority;
    return addr_compare(from, &g->hif->source) > 0;
}

/* ---- events ---- */
static void event_text(const struct hsrp_group *g, enum hsrp_event ev, const struct hsrp_packet *p,
                       const struct addr *from, char *buf, size_t len)
{
    static const char *const words[HSRP_EVENTS] = {
        [HSRP_EV_A] = "a/HSRP enabled",
        [HSRP_EV_C] = "c/Active timer expired",
        [HSRP_EV_D] = "d/Standby timer expired",
        [HSRP_EV_E] = "e/Hello timer expired",
        [HSRP_EV_F] = "f/Hello rcvd from higher pri Speak router",
        [HSRP_EV_G] = "g/Hello rcvd from higher pri Active router",
        [HSRP_EV_H] = "h/Hello rcvd from lower pri Active router",
        [HSRP_EV_I] = "i/Resign rcvd",
        [HSRP_EV_J] = "j/Coup rcvd from higher pri router",
        [HSRP_EV_K] = "k/Hello rcvd from higher pri Standby router",
        [HSRP_EV_L] = "l/Hello rcvd from lower pri Standby router",
    };
    char a[ADDR_STRLEN];
    switch (ev) {
    case HSRP_EV_A:
    case HSRP_EV_E:
        snprintf(buf, len, "%s", words[ev]);
        break;
    case HSRP_EV_B:
        snprintf(buf, len, "b/HSRP disabled%s", g->hif->phase == HSRP_IF_DOWN ? " (interface down)" : "");
        break;
    case HSRP_EV_C:
        snprintf(buf, len, "%s (%s)", words[ev], peer_text(&g->active, a));
        break;
    case HSRP_EV_D:
        snprintf(buf, len, "%s (%s)", words[ev], peer_text(&g->standby, a));
        break;
    default:
        if (p)
            snprintf(buf, len, "%s (%u/%s)", words[ev], p->priority, addr_format(from, a));
        else
            snprintf(buf, len, "%s (%u/%s)", words[ev], g->active.priority, peer_text(&g->active, a));
    }
}

/* Who is who after the event; `next` is the state it leads to. Printed before the state change (reference 1.9). */
static void note_peers(struct hsrp_group *g, enum hsrp_event ev, enum hsrp_state next, const struct hsrp_packet *p,
                       const struct addr *from)
{
    if (next == HSRP_ACTIVE && g->state != HSRP_ACTIVE) {
        set_peer(g, &g->active, HSRP_PEER_LOCAL, NULL, NULL);
        if (g->standby.kind == HSRP_PEER_LOCAL)
            set_peer(g, &g->standby, HSRP_PEER_UNKNOWN, NULL, NULL);
        return;
    }
    if (next == HSRP_STANDBY && g->state != HSRP_STANDBY) {
        set_peer(g, &g->standby, HSRP_PEER_LOCAL, NULL, NULL);
        return;
    }
    switch (ev) {
    case HSRP_EV_B:
        set_peer(g, &g->active, HSRP_PEER_UNKNOWN, NULL, NULL);
        set_peer(g, &g->standby, HSRP_PEER_UNKNOWN, NULL, NULL);
        break;
    case HSRP_EV_C:
    case HSRP_EV_I:
        set_peer(g, &g->active, HSRP_PEER_UNKNOWN, NULL, NULL);
        break;
    case HSRP_EV_D:
        set_peer(g, &g->standby, HSRP_PEER_UNKNOWN, NULL, NULL);
        break;
    case HSRP_EV_F:
        if (g->state == HSRP_STANDBY)
            set_peer(g, &g->standby, HSRP_PEER_UNKNOWN, NULL, NULL);
        break;
    case HSRP_EV_G:
    case HSRP_EV_H:
    case HSRP_EV_J:
        if (p && next != HSRP_ACTIVE) {
            set_peer(g, &g->active, HSRP_PEER_REMOTE, from, p);
            /* The Standby has taken over: it is Standby no more. */
            if (g->standby.kind == HSRP_PEER_REMOTE && addr_equal(&g->standby.addr, from))
                set_peer(g, &g->standby, HSRP_PEER_UNKNOWN, NULL, NULL);
        }
        break;
    case HSRP_EV_K:
    case HSRP_EV_L:
        if (p && (g->state != HSRP_STANDBY || next != HSRP_STANDBY))
            set_peer(g, &g->standby, HSRP_PEER_REMOTE, from, p);
        break;
    default:
        break;
    }
}

/* Action E: timers of the Active override ours; sub-second ones are not on the wire in version 1 and are not learnt,
 * version 2 has them (reference 1.6, 1.7). A virtual address is learnt only where none is configured. */
static void learn(struct hsrp_group *g, const struct hsrp_packet *p)
{
    bool valid = p->hello_ms > 0 && p->hold_ms > p->hello_ms;
    g->hello = valid ? p->hello_ms * NS_PER_MS : g->hello_cfg;
    g->hold = valid ? p->hold_ms * NS_PER_MS : g->hold_cfg;
    if (addr_is_none(&g->vip_cfg) && !addr_is_none(&p->vip) && netif_on_subnet(g->hif->nif, &p->vip) &&
        !netif_owns(g->hif->nif, &p->vip) && !hsrp_address_is_edge(g->hif->nif, &p->vip))
        g->vip = p->vip;
}

/* "Start the timer because of a hello" uses that hello's hold time, else our own (reference 1.6). */
static nstime hold_for(const struct hsrp_group *g, const struct hsrp_packet *p)
{
    if (!p)
        return g->hold;
    return p->hold_ms ? p->hold_ms * NS_PER_MS : g->hold_cfg;
}

static bool state_is_logged(enum hsrp_state from, enum hsrp_state to)
{
    return from == HSRP_ACTIVE || to == HSRP_ACTIVE || (from == HSRP_SPEAK && to == HSRP_STANDBY); /* reference 1.10 */
}

void hsrp_group_change_state(struct hsrp_group *g, enum hsrp_event ev, enum hsrp_state next, const char *why,
                             event_id cause)
{
    struct hsrp_if *hif = g->hif;
    struct router *r = hif->h->r;
    enum hsrp_state before = g->state;
    g->state = next;
    if (state_is_logged(before, next)) { /* what `show standby` counts is what the log tells (reference 1.8) */
        g->changes++;
        g->changed_at = loop_now(r->loop);
    }
    g->last_event = log_event(r, cause, "hsrp", "state", "%s group %u %s -> %s: %s", hif->nif->name, g->number,
                              hsrp_state_name(before), hsrp_state_name(next), why);
    if (next >= HSRP_STANDBY)
        g->left_by_itself = false;
    else if (before >= HSRP_STANDBY)
        g->left_by_itself = ev == HSRP_EV_B || g->lowered > 0;
    if (next == HSRP_ACTIVE) {
        g->hello = g->hello_cfg; /* the Active never learns */
        g->hold = g->hold_cfg;
        timer_stop(&g->active_timer);
        hsrp_preempt_forget(g);
        g->boot_preempt = false;
        hsrp_address_install(g);
    }
    hsrp_dbg_grp(g, HSRP_DBG_PROTOCOL, "%s -> %s", hsrp_state_name(before), hsrp_state_name(next));
    if (state_is_logged(before, next))
        log_syslog(r, g->last_event, "HSRP", LOG_NOTICE_, "STATECHANGE", "%s Grp %u state %s -> %s", hif->nif->name,
                   g->number, hsrp_state_name(before), hsrp_state_name(next));
    if (before >= HSRP_STANDBY || next >= HSRP_STANDBY)
        hsrp_dbg_grp(g, HSRP_DBG_REDUNDANCY, "Redundancy \"%s\" state %s -> %s", g->name, hsrp_state_name(before),
                     hsrp_state_name(next));
    if (next == HSRP_ACTIVE)
        hsrp_address_tell(g);
    if (before == HSRP_ACTIVE)
        hsrp_address_uninstall(g);
    if (next < HSRP_SPEAK)
        timer_stop(&g->hello_timer);
    if (next < HSRP_LISTEN)
        hsrp_preempt_forget(g);
}

static void set_timers(struct hsrp_group *g, unsigned actions, const struct hsrp_packet *p)
{
    if (actions & HSRP_ACT_A)
        timer_start(&g->active_timer, hold_for(g, p));
    if (actions & HSRP_ACT_B)
        timer_start(&g->standby_timer, hold_for(g, p));
    if (actions & HSRP_ACT_C)
        timer_stop(&g->active_timer);
    if (actions & HSRP_ACT_D)
        timer_stop(&g->standby_timer);
}

void hsrp_group_event(struct hsrp_group *g, enum hsrp_event ev, const struct hsrp_packet *p, const struct addr *from,
                      event_id cause)
{
    if (g->state == HSRP_LEARN && p && (ev == HSRP_EV_G || ev == HSRP_EV_H)) {
        learn(g, p);
        if (addr_is_none(&g->vip))
            return; /* an Active router without an address to learn: nothing to listen for */
    }
    uint8_t their = p ? p->priority : g->active.priority;
    bool preempt = ev == HSRP_EV_H && g->state != HSRP_ACTIVE && hsrp_preempt_allowed(g, their);
    if (ev == HSRP_EV_G || ev == HSRP_EV_C)
        hsrp_preempt_forget(g);
    enum hsrp_state before = g->state;
    struct hsrp_step s = hsrp_fsm_step(before, ev, !addr_is_none(&g->vip), preempt);
    bool changed = s.next != before;
    char why[128];
    event_text(g, ev, p, from, why, sizeof why);
    if (changed || (s.actions & HSRP_ACT_G))
        hsrp_dbg_grp(g, HSRP_DBG_PROTOCOL, "%s: %s", hsrp_state_name(before), why);
    note_peers(g, ev, s.next, p, from);
    if ((s.actions & HSRP_ACT_E) && p)
        learn(g, p);
    set_timers(g, s.actions, p);
    if (s.actions & HSRP_ACT_H)
        hsrp_tx(g, HSRP_RESIGN, before); /* while the addresses are still here */
    if (changed) {
        hsrp_group_change_state(g, ev, s.next, why, cause);
        tell_lost(g, before);
        hsrp_group_publish(g);
        if (g->state != s.next)
            return; /* a subscriber's answer moved the group on */
        hsrp_follow_master_changed(g, g->last_event);
        hsrp_adv_update(g->hif, false);
    } else {
        tell_lost(g, before);
    }
    if (s.actions & HSRP_ACT_G)
        hsrp_tx(g, HSRP_COUP, before);
    if (s.actions & HSRP_ACT_F) {
        hsrp_tx(g, HSRP_HELLO, g->state);
        if (changed)
            timer_start(&g->hello_timer, g->hello);
    }
    /* RFC 2281 leaves the Active timer dead when it ran out in Speak; real routers go on to Active at once (reference
     * 1.6, captures). */
    if (changed && g->state == HSRP_STANDBY && !timer_armed(&g->active_timer))
        timer_start(&g->active_timer, 0);
}

/* ---- packets ---- */
static void check_vip(struct hsrp_group *g, const struct hsrp_packet *p, const struct addr *from)
{
    if (addr_is_none(&g->vip_cfg) || addr_is_none(&p->vip) || addr_equal(&p->vip, &g->vip_cfg)) {
        g->diffvip_addr = (struct addr){0};
        return;
    }
    nstime now = loop_now(g->hif->h->r->loop);
    if (addr_equal(&g->diffvip_addr, from) && addr_equal(&g->diffvip_vip, &p->vip))
        return; /* said already */
    if (g->diffvip_at && now - g->diffvip_at < DIFFVIP_PERIOD)
        return; /* two of them in turn, or a flood */
    g->diffvip_at = now ? now : 1;
    g->diffvip_addr = *from;
    g->diffvip_vip = p->vip;
    char theirs[ADDR_STRLEN], ours[ADDR_STRLEN];
    log_syslog(g->hif->h->r, 0, "HSRP", LOG_WARNING_, "DIFFVIP1",
               "%s Grp %u active routers virtual IP address %s is different to the locally configured address %s",
               g->hif->nif->name, g->number, addr_format(&p->vip, theirs), addr_format(&g->vip_cfg, ours));
}

static void no_standby_more(struct hsrp_group *g, const struct addr *from)
{
    if (g->standby.kind == HSRP_PEER_REMOTE && addr_equal(&g->standby.addr, from))
        set_peer(g, &g->standby, HSRP_PEER_UNKNOWN, NULL, NULL);
    tell_lost(g, g->state);
}

/* A checked packet of this group (reference 1.6): which event it is. Hellos of other states mean nothing. */
void hsrp_group_receive(struct hsrp_group *g, const struct hsrp_packet *p, const struct addr *from)
{
    bool better = sender_is_better(g, p, from);
    switch (p->opcode) {
    case HSRP_COUP:
        g->coup_in++;
        if (better)
            hsrp_group_event(g, HSRP_EV_J, p, from, 0);
        return;
    case HSRP_RESIGN:
        g->resign_in++;
        if (g->active.kind == HSRP_PEER_REMOTE && addr_equal(&g->active.addr, from))
            hsrp_group_event(g, HSRP_EV_I, p, from, 0);
        else
            no_standby_more(g, from);
        return;
    case HSRP_HELLO:
        break;
    default:
        return;
    }
    g->hello_in++;
    switch (p->state) {
    case HSRP_WIRE_ACTIVE:
        check_vip(g, p, from);
        hsrp_group_event(g, better ? HSRP_EV_G : HSRP_EV_H, p, from, 0);
        break;
    case HSRP_WIRE_STANDBY:
        hsrp_group_event(g, better ? HSRP_EV_K : HSRP_EV_L, p, from, 0);
        break;
    case HSRP_WIRE_SPEAK:
        no_standby_more(g, from);
        if (better)
            hsrp_group_event(g, HSRP_EV_F, p, from, 0);
        break;
    default:
        break;
    }
}

/* ---- timers ---- */
static void hello_fire(void *arg)
{
    struct hsrp_group *g = arg;
    if (g->follow[0]) { /* says so often enough for switches to keep the virtual MAC (reference 1.7) */
        timer_start(&g->hello_timer, (nstime)g->hif->mac_refresh * NS_PER_S);
        hsrp_tx(g, HSRP_HELLO, g->state);
        return;
    }
    nstime now = loop_now(g->hif->h->r->loop), next = g->hello_timer.deadline + g->hello;
    timer_start_at(&g->hello_timer, next > now ? next : now + g->hello);
    hsrp_group_event(g, HSRP_EV_E, NULL, NULL, 0);
}

static event_id missed(struct hsrp_group *g, const char *what, const struct hsrp_peer *p)
{
    char a[ADDR_STRLEN];
    if (p->kind != HSRP_PEER_REMOTE)
        return 0;
    return log_event(g->hif->h->r, 0, "hsrp", "hellos-missing",
                     "%s group %u: no hello from %s router %s for its hold time", g->hif->nif->name, g->number, what,
                     addr_format(&p->addr, a));
}

static void active_fire(void *arg)
{
    struct hsrp_group *g = arg;
    hsrp_group_event(g, HSRP_EV_C, NULL, NULL, missed(g, "Active", &g->active));
}

static void standby_fire(void *arg)
{
    struct hsrp_group *g = arg;
    hsrp_group_event(g, HSRP_EV_D, NULL, NULL, missed(g, "Standby", &g->standby));
}

static void preempt_fire(void *arg)
{
    hsrp_group_try_preempt(arg);
}

/* New timers take effect at once (CONTRACT 3). A group that follows an Active learns that one's again with its next
 * hello; a running hold timer stays, because the Active still says hello at the pace it announced. */
void hsrp_group_timers_changed(struct hsrp_group *g)
{
    g->hello = g->hello_cfg;
    g->hold = g->hold_cfg;
    if (g->state >= HSRP_SPEAK) {
        hsrp_tx(g, HSRP_HELLO, g->state);
        timer_start(&g->hello_timer, g->hello);
    }
    hsrp_group_publish(g);
}

void hsrp_group_priority_changed(struct hsrp_group *g)
{
    if (g->state >= HSRP_SPEAK) /* say it now: a lowered Active is relieved without waiting for its hello timer */
        hsrp_tx(g, HSRP_HELLO, g->state);
    hsrp_group_publish(g);
    hsrp_group_try_preempt(g);
}

/* ---- configuration and interface decide whether the group runs ---- */
/* A configured address must fit the interface as it is now (reference 1.7); said once. */
static bool vip_fits(struct hsrp_group *g)
{
    struct netif *nif = g->hif->nif;
    struct addr primary = netif_primary(nif);
    char a[ADDR_STRLEN];
    if (addr_is_none(&g->vip_cfg) || addr_is_none(&primary)) {
        g->vip_refused = false;
        return addr_is_none(&g->vip_cfg);
    }
    bool own = false;
    for (unsigned i = 0; i < nif->n_addrs; i++)
        own = own || addr_equal(&nif->addrs[i].addr, &g->vip_cfg);
    bool fits = netif_on_subnet(nif, &g->vip_cfg) && !own && !hsrp_address_is_edge(nif, &g->vip_cfg);
    if (!fits && !g->vip_refused && g->hif->phase == HSRP_IF_UP)
        log_syslog(g->hif->h->r, 0, "HSRP", LOG_WARNING_, own ? "DUPVIP2" : "BADVIP1",
                   own ? "%s Grp %u address %s is already assigned on this interface"
                       : "%s Grp %u address %s is in the wrong subnet for this interface",
                   nif->name, g->number, addr_format(&g->vip_cfg, a));
    g->vip_refused = !fits && (g->vip_refused || g->hif->phase == HSRP_IF_UP);
    return fits;
}

bool hsrp_group_may_run(struct hsrp_group *g)
{
    bool fits = vip_fits(g);
    return g->has_ip && g->hif->phase == HSRP_IF_UP && fits && !g->track_down && !g->hif->h->leaving;
}

void hsrp_group_evaluate(struct hsrp_group *g, event_id cause)
{
    if (g->follow[0]) {
        hsrp_follow_evaluate(g, cause);
        return;
    }
    bool run = hsrp_group_may_run(g);
    if (!run && g->state > HSRP_INIT)
        hsrp_group_event(g, HSRP_EV_B, NULL, NULL, cause);
    if (!g->has_ip && g->state != HSRP_DISABLED) {
        hsrp_group_change_state(g, HSRP_EV_B, HSRP_DISABLED, "disabled by configuration", cause);
        hsrp_group_publish(g);
    }
    if (g->has_ip && g->state == HSRP_DISABLED) {
        hsrp_group_change_state(g, HSRP_EV_A, HSRP_INIT, "configured", cause);
        hsrp_group_publish(g);
    }
    if (run && g->state == HSRP_INIT) {
        g->vip = g->vip_cfg;
        g->hello = g->hello_cfg;
        g->hold = g->hold_cfg;
        hsrp_group_event(g, HSRP_EV_A, NULL, NULL, cause);
    }
}

void hsrp_group_init(struct hsrp_group *g, struct hsrp_if *hif, uint16_t number)
{
    struct router *r = hif->h->r;
    *g = (struct hsrp_group){.hif = hif, .number = number, .priority_cfg = 100, .priority = 100, .preempt_since = -1};
    g->hello = g->hello_cfg = HSRP_DEFAULT_HELLO;
    g->hold = g->hold_cfg = HSRP_DEFAULT_HOLD;
    hsrp_auth_init(&g->auth);
    hsrp_address_choose_mac(g);
    g->changed_at = loop_now(r->loop);
    g->boot_preempt = r->booting && r->from_startup;
    unsigned was = meter_enter(r->loop, module_part(r, &hsrp_module)); /* theirs, not the configuring session's */
    timer_init(&g->hello_timer, r->loop, hello_fire, g);
    timer_init(&g->active_timer, r->loop, active_fire, g);
    timer_init(&g->standby_timer, r->loop, standby_fire, g);
    timer_init(&g->garp_timer, r->loop, hsrp_address_garp_fire, g);
    timer_init(&g->preempt_timer, r->loop, preempt_fire, g);
    timer_init(&g->duplicate_timer, r->loop, hsrp_duplicate_fire, g);
    meter_leave(r->loop, was);
    timer_class(&g->hello_timer, TIMER_HELLO);
    timer_class(&g->active_timer, TIMER_HOLD);
    timer_class(&g->standby_timer, TIMER_HOLD);
    hsrp_group_renamed(g, NULL);
}

void hsrp_group_fini(struct hsrp_group *g)
{
    struct timer *all[] = {&g->hello_timer, &g->active_timer,  &g->standby_timer,
                           &g->garp_timer,  &g->preempt_timer, &g->duplicate_timer};
    for (unsigned i = 0; i < sizeof all / sizeof *all; i++)
        timer_stop(all[i]);
    hsrp_auth_wipe(&g->auth);
    hsrp_role_withdraw(g);
}
