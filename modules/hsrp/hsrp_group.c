/* One group: drives the state table, does its actions (timers, packets, virtual addresses, gratuitous
 * ARP), keeps who is Active and Standby, decides about pre-emption, publishes the role. Called by hsrp.c
 * (packets, interfaces), hsrp_cmd.c (configuration) and its own timers. */
#include "modules/hsrp/hsrp_internal.h"
#include <stdio.h>
#include <string.h>

/* ---- who is Active, who is Standby ---- */
static const char *peer_text(const struct hsrp_peer *p, char buf[ADDR_STRLEN])
{
    if (p->kind == HSRP_PEER_LOCAL)
        return "local";
    return p->kind == HSRP_PEER_REMOTE ? addr_format(&p->addr, buf) : "unknown";
}

static void set_peer(struct hsrp_group *g, struct hsrp_peer *p, enum hsrp_peer_kind kind, const struct addr *addr,
                     uint8_t priority)
{
    struct hsrp_peer now = {.kind = kind};
    if (kind == HSRP_PEER_REMOTE) {
        now.addr = *addr;
        now.priority = priority;
    }
    bool same = p->kind == kind && (kind != HSRP_PEER_REMOTE || addr_equal(&p->addr, addr));
    struct hsrp_peer was = *p;
    *p = now;
    if (same)
        return;
    char a[ADDR_STRLEN], b[ADDR_STRLEN];
    const char *which = p == &g->active ? "Active" : "Standby";
    if (was.kind == HSRP_PEER_UNKNOWN)
        hsrp_dbg_grp(g, HSRP_DBG_EVENTS, "%s router is %s", which, peer_text(&now, a));
    else
        hsrp_dbg_grp(g, HSRP_DBG_EVENTS, "%s router is %s, was %s", which, peer_text(&now, a), peer_text(&was, b));
    if (p == &g->active && kind == HSRP_PEER_REMOTE && g->state != HSRP_ACTIVE) /* who yields advertises as Passive */
        hsrp_adv_update(g->hif, true); /* reference 1.3: a group learns a new Active router */
}

/* Priority, then interface address (reference 1.6). */
static bool sender_is_better(const struct hsrp_group *g, const struct hsrp_packet *p, const struct addr *from)
{
    if (p->priority != g->priority)
        return p->priority > g->priority;
    return addr_compare(from, &g->hif->source) > 0;
}

/* ---- pre-emption ---- */
nstime hsrp_group_preempt_delay(const struct hsrp_group *g)
{
    uint32_t s = g->preempt_min;
    if (g->boot_preempt && g->preempt_reload > s)
        s = g->preempt_reload;
    return (nstime)s * NS_PER_S;
}

static void forget_preempt(struct hsrp_group *g)
{
    g->preempt_since = -1;
    timer_stop(&g->preempt_timer);
}

static bool may_preempt(struct hsrp_group *g, uint8_t active_priority)
{
    if (!g->preempt || g->priority <= active_priority) {
        forget_preempt(g);
        return false;
    }
    struct router *r = g->hif->h->r;
    nstime now = loop_now(r->loop);
    if (g->preempt_since < 0)
        g->preempt_since = now;
    nstime left = g->preempt_since + hsrp_group_preempt_delay(g) - now;
    if (left > 0) {
        timer_start(&g->preempt_timer, left);
        return false;
    }
    if (role_preempt_held(r, g->name)) { /* I6 */
        nstime limit = g->preempt_since + (nstime)g->preempt_sync * NS_PER_S;
        if (g->preempt_sync == 0 || now < limit) {
            if (g->preempt_sync)
                timer_start(&g->preempt_timer, limit - now);
            return false;
        }
    }
    return true;
}

/* A delay or hold is over: a lower Active that is known is enough, its next hello need not be awaited. */
void hsrp_group_try_preempt(struct hsrp_group *g)
{
    if (g->state < HSRP_LISTEN || g->state > HSRP_STANDBY || g->active.kind != HSRP_PEER_REMOTE)
        return;
    if (may_preempt(g, g->active.priority))
        hsrp_group_event(g, HSRP_EV_H, NULL, NULL, 0);
}

/* ---- virtual addresses ---- */
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

static void install(struct hsrp_group *g)
{
    if (!g->installed)
        each_vip(g, vip_add);
    g->installed = true;
    each_vip(g, vip_garp);
    g->garp_left = 2;
    timer_start(&g->garp_timer, HSRP_GARP_SPACING);
}

static void uninstall(struct hsrp_group *g)
{
    timer_stop(&g->garp_timer);
    if (g->installed)
        each_vip(g, vip_del);
    g->installed = false;
}

/* For configuration: the caller uninstalled by hsrp_group_reinstall(g) before and after the change of addresses. */
void hsrp_group_reinstall(struct hsrp_group *g)
{
    if (g->installed)
        uninstall(g);
    else if (g->state == HSRP_ACTIVE)
        install(g);
}

static void garp_fire(void *arg)
{
    struct hsrp_group *g = arg;
    each_vip(g, vip_garp);
    hsrp_dbg_grp(g, HSRP_DBG_EVENTS, "Redundancy group %s state Active -> Active", g->name);
    if (--g->garp_left)
        timer_start(&g->garp_timer, HSRP_GARP_SPACING);
}

/* ---- the role of the group's name ---- */
void hsrp_group_publish(struct hsrp_group *g)
{
    struct role_info info = {
        .name = g->name,
        .state = (enum role_state)((int)g->state + ROLE_DISABLED),
        .netif = g->hif->nif,
        .virtual_addr = addr_is_none(&g->vip) ? g->vip_cfg : g->vip,
        .hold = g->hold,
        .priority = g->priority,
        .cause = g->last_event,
        .left_by_itself = g->left_by_itself,
    };
    if (g->active.kind == HSRP_PEER_REMOTE)
        info.peer = g->active.addr;
    else if (g->standby.kind == HSRP_PEER_REMOTE)
        info.peer = g->standby.addr;
    g->publishing = true;
    role_publish(g->hif->h->r, &info);
}

static void released(void *arg, const struct role_info *now, enum role_state before)
{
    (void)now;
    (void)before;
    hsrp_group_try_preempt(arg);
}

static void withdraw(struct hsrp_group *g)
{
    struct router *r = g->hif->h->r;
    if (!g->publishing)
        return;
    role_on_release(r, g->name, NULL, NULL);
    role_withdraw(r, g->name, g->last_event);
    g->publishing = false;
}

void hsrp_group_renamed(struct hsrp_group *g, const char *name)
{
    withdraw(g);
    g->name_cfg = name != NULL;
    if (name)
        snprintf(g->name, sizeof g->name, "%s", name);
    else
        snprintf(g->name, sizeof g->name, "hsrp-%s-%u", g->hif->nif->shortname, g->number);
    hsrp_group_publish(g);
    role_on_release(g->hif->h->r, g->name, released, g);
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
        set_peer(g, &g->active, HSRP_PEER_LOCAL, NULL, 0);
        if (g->standby.kind == HSRP_PEER_LOCAL)
            set_peer(g, &g->standby, HSRP_PEER_UNKNOWN, NULL, 0);
        return;
    }
    if (next == HSRP_STANDBY && g->state != HSRP_STANDBY) {
        set_peer(g, &g->standby, HSRP_PEER_LOCAL, NULL, 0);
        return;
    }
    switch (ev) {
    case HSRP_EV_B:
        set_peer(g, &g->active, HSRP_PEER_UNKNOWN, NULL, 0);
        set_peer(g, &g->standby, HSRP_PEER_UNKNOWN, NULL, 0);
        break;
    case HSRP_EV_C:
    case HSRP_EV_I:
        set_peer(g, &g->active, HSRP_PEER_UNKNOWN, NULL, 0);
        break;
    case HSRP_EV_D:
        set_peer(g, &g->standby, HSRP_PEER_UNKNOWN, NULL, 0);
        break;
    case HSRP_EV_F:
        if (g->state == HSRP_STANDBY)
            set_peer(g, &g->standby, HSRP_PEER_UNKNOWN, NULL, 0);
        break;
    case HSRP_EV_G:
    case HSRP_EV_H:
    case HSRP_EV_J:
        if (p && next != HSRP_ACTIVE) {
            set_peer(g, &g->active, HSRP_PEER_REMOTE, from, p->priority);
            /* The Standby has taken over: it is Standby no more. */
            if (g->standby.kind == HSRP_PEER_REMOTE && addr_equal(&g->standby.addr, from))
                set_peer(g, &g->standby, HSRP_PEER_UNKNOWN, NULL, 0);
        }
        break;
    case HSRP_EV_K:
    case HSRP_EV_L:
        if (p && (g->state != HSRP_STANDBY || next != HSRP_STANDBY))
            set_peer(g, &g->standby, HSRP_PEER_REMOTE, from, p->priority);
        break;
    default:
        break;
    }
}

/* Action E: timers of the Active override ours; sub-second ones are not on the wire in version 1 and are not learnt
 * (reference 1.6, 1.7). A virtual address is learnt only where none is configured. */
static void learn(struct hsrp_group *g, const struct hsrp_packet *p)
{
    bool valid = p->hellotime > 0 && p->holdtime > p->hellotime;
    g->hello = valid ? p->hellotime * NS_PER_S : g->hello_cfg;
    g->hold = valid ? p->holdtime * NS_PER_S : g->hold_cfg;
    if (addr_is_none(&g->vip_cfg) && !addr_is_none(&p->vip) && netif_on_subnet(g->hif->nif, &p->vip))
        g->vip = p->vip;
}

/* "Start the timer because of a hello" uses that hello's hold time, else our own (reference 1.6). */
static nstime hold_for(const struct hsrp_group *g, const struct hsrp_packet *p)
{
    if (!p)
        return g->hold;
    return p->holdtime ? p->holdtime * NS_PER_S : g->hold_cfg;
}

static bool state_is_logged(enum hsrp_state from, enum hsrp_state to)
{
    return from == HSRP_ACTIVE || to == HSRP_ACTIVE || (from == HSRP_SPEAK && to == HSRP_STANDBY); /* reference 1.10 */
}

static void change_state(struct hsrp_group *g, enum hsrp_event ev, enum hsrp_state next, const char *why,
                         event_id cause)
{
    struct hsrp_if *hif = g->hif;
    struct router *r = hif->h->r;
    enum hsrp_state before = g->state;
    g->state = next;
    g->changes++;
    g->changed_at = loop_now(r->loop);
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
        forget_preempt(g);
        g->boot_preempt = false;
        install(g);
    }
    hsrp_dbg_grp(g, HSRP_DBG_EVENTS, "%s -> %s", hsrp_state_name(before), hsrp_state_name(next));
    if (state_is_logged(before, next))
        log_syslog(r, g->last_event, "HSRP", LOG_NOTICE_, "STATECHANGE", "%s Grp %u state %s -> %s", hif->nif->name,
                   g->number, hsrp_state_name(before), hsrp_state_name(next));
    if (before >= HSRP_SPEAK || next >= HSRP_SPEAK)
        hsrp_dbg_grp(g, HSRP_DBG_EVENTS, "Redundancy \"%s\" state %s -> %s", g->name, hsrp_state_name(before),
                     hsrp_state_name(next));
    if (before == HSRP_ACTIVE)
        uninstall(g);
    if (next < HSRP_SPEAK)
        timer_stop(&g->hello_timer);
    if (next < HSRP_LISTEN)
        forget_preempt(g);
}

void hsrp_group_event(struct hsrp_group *g, enum hsrp_event ev, const struct hsrp_packet *p, const struct addr *from,
                      event_id cause)
{
    uint8_t their = p ? p->priority : g->active.priority;
    bool preempt = ev == HSRP_EV_H && g->state != HSRP_ACTIVE && may_preempt(g, their);
    if (ev == HSRP_EV_G || ev == HSRP_EV_C)
        forget_preempt(g);
    enum hsrp_state before = g->state;
    struct hsrp_step s = hsrp_fsm_step(before, ev, !addr_is_none(&g->vip), preempt);
    bool changed = s.next != before;
    char why[128];
    event_text(g, ev, p, from, why, sizeof why);
    if (changed || (s.actions & HSRP_ACT_G))
        hsrp_dbg_grp(g, HSRP_DBG_EVENTS, "%s: %s", hsrp_state_name(before), why);
    note_peers(g, ev, s.next, p, from);
    if ((s.actions & HSRP_ACT_E) && p)
        learn(g, p);
    if (s.actions & HSRP_ACT_A)
        timer_start(&g->active_timer, hold_for(g, p));
    if (s.actions & HSRP_ACT_B)
        timer_start(&g->standby_timer, hold_for(g, p));
    if (s.actions & HSRP_ACT_C)
        timer_stop(&g->active_timer);
    if (s.actions & HSRP_ACT_D)
        timer_stop(&g->standby_timer);
    if (s.actions & HSRP_ACT_H)
        hsrp_tx(g, HSRP_RESIGN, before); /* while the addresses are still here */
    if (changed) {
        change_state(g, ev, s.next, why, cause);
        hsrp_group_publish(g);
        if (g->state != s.next)
            return; /* a subscriber's answer moved the group on */
        hsrp_adv_update(g->hif, false);
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
    if (addr_equal(&g->diffvip_addr, from) && addr_equal(&g->diffvip_vip, &p->vip))
        return; /* said already */
    g->diffvip_addr = *from;
    g->diffvip_vip = p->vip;
    char theirs[ADDR_STRLEN], ours[ADDR_STRLEN];
    log_syslog(g->hif->h->r, 0, "HSRP", LOG_WARNING_, "DIFFVIP1",
               "%s Grp %u active routers virtual IP address %s is different to the locally configured address %s",
               g->hif->nif->name, g->number, addr_format(&p->vip, theirs), addr_format(&g->vip_cfg, ours));
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
        if (g->standby.kind == HSRP_PEER_REMOTE && addr_equal(&g->standby.addr, from))
            set_peer(g, &g->standby, HSRP_PEER_UNKNOWN, NULL, 0); /* it is Standby no more */
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
void hsrp_group_evaluate(struct hsrp_group *g, event_id cause)
{
    struct hsrp_if *hif = g->hif;
    bool valid = addr_is_none(&g->vip_cfg) || netif_on_subnet(hif->nif, &g->vip_cfg);
    bool run = g->has_ip && hif->phase == HSRP_IF_UP && valid && !g->track_down && !hif->h->leaving;
    if (!run && g->state > HSRP_INIT)
        hsrp_group_event(g, HSRP_EV_B, NULL, NULL, cause);
    if (!g->has_ip && g->state != HSRP_DISABLED) {
        change_state(g, HSRP_EV_B, HSRP_DISABLED, "disabled by configuration", cause);
        hsrp_group_publish(g);
    }
    if (g->has_ip && g->state == HSRP_DISABLED) {
        change_state(g, HSRP_EV_A, HSRP_INIT, "configured", cause);
        hsrp_group_publish(g);
    }
    if (run && g->state == HSRP_INIT) {
        g->vip = g->vip_cfg;
        g->hello = g->hello_cfg;
        g->hold = g->hold_cfg;
        hsrp_group_event(g, HSRP_EV_A, NULL, NULL, cause);
    }
}

void hsrp_group_init(struct hsrp_group *g, struct hsrp_if *hif, uint8_t number)
{
    struct router *r = hif->h->r;
    *g = (struct hsrp_group){.hif = hif, .number = number, .priority_cfg = 100, .priority = 100, .preempt_since = -1};
    g->hello = g->hello_cfg = HSRP_DEFAULT_HELLO;
    g->hold = g->hold_cfg = HSRP_DEFAULT_HOLD;
    memcpy(g->auth, "cisco", 5);
    g->vmac = (struct mac){{0x00, 0x00, 0x0c, 0x07, 0xac, number}};
    g->changed_at = loop_now(r->loop);
    g->boot_preempt = r->booting && r->from_startup;
    timer_init(&g->hello_timer, r->loop, hello_fire, g);
    timer_init(&g->active_timer, r->loop, active_fire, g);
    timer_init(&g->standby_timer, r->loop, standby_fire, g);
    timer_init(&g->garp_timer, r->loop, garp_fire, g);
    timer_init(&g->preempt_timer, r->loop, preempt_fire, g);
    hsrp_group_renamed(g, NULL);
}

void hsrp_group_fini(struct hsrp_group *g)
{
    struct timer *all[] = {&g->hello_timer, &g->active_timer, &g->standby_timer, &g->garp_timer, &g->preempt_timer};
    for (unsigned i = 0; i < sizeof all / sizeof *all; i++)
        timer_stop(all[i]);
    withdraw(g);
}
