/* What keeps the unit's groups together, the scheme's and those of stateful crypto maps: none of them pre-empts before
 * the bulk sync is complete (I6), and none waits out its hold time for a peer that has just lost another of them and
 * whose interface is dead. Called by redundancy.c and by the role service. */
#include "modules/net/netif.h"
#include "modules/redundancy/redundancy_int.h"
#include <stdio.h>
#include <string.h>

/* A router on the same switch answers ARP within a millisecond; three requests, 25 ms apart, and a verdict after 75. */
#define ASK_TRIES 3
#define ASK_INTERVAL (25 * NS_PER_MS)

/* ---- a takeover of one group asks after the Active of the others ----
 * A router that lost a carrier cannot send a Resign through it. Its partner learns of it elsewhere: another group of
 * the unit is lowered by tracking, or falls silent. Where the Active of a group still answers ARP on its interface,
 * nothing happens: that is a split, and a matter of configuration. */

static bool served_by_peer(const struct redundancy_group *g)
{
    const struct role_info *now = role_get(g->rd->router, g->name);
    return now->state == ROLE_STANDBY && now->netif && !addr_is_none(&now->peer);
}

static void asked(void *arg, bool alive)
{
    struct redundancy_group *g = arg;
    struct router *r = g->rd->router;
    const struct role_info *now = role_get(r, g->name);
    g->ask = NULL;
    if (alive || r->dying || r->reloading || !served_by_peer(g) || !addr_equal(&now->peer, &g->asked))
        return;
    char peer[ADDR_STRLEN];
    event_id e = log_event(r, g->cause, "redundancy", "peer-silent", "%s does not answer on %s: group %s follows",
                           addr_format(&g->asked, peer), now->netif->name, g->name);
    role_peer_gone(r, g->name, &g->asked, e);
}

static void unit_role_changed(void *arg, const struct role_info *now, enum role_state before)
{
    struct redundancy_group *taken = arg;
    struct redundancy *rd = taken->rd;
    if (now->state != ROLE_ACTIVE || before == ROLE_ACTIVE || !rd->started)
        return;
    for (unsigned i = 0; i < rd->units; i++) {
        struct redundancy_group *g = &rd->unit[i];
        if (g == taken || g->ask || !served_by_peer(g))
            continue;
        const struct role_info *there = role_get(rd->router, g->name);
        g->asked = there->peer;
        g->cause = now->cause;
        g->ask = arp_ask(there->netif, &there->peer, ASK_TRIES, ASK_INTERVAL, asked, g);
    }
}

static void group_add(struct redundancy *rd, const char *name)
{
    for (unsigned i = 0; i < rd->units; i++)
        if (!strcmp(rd->unit[i].name, name))
            return;
    if (rd->units == REDUNDANCY_GROUPS)
        return;
    struct redundancy_group *g = &rd->unit[rd->units++];
    g->rd = rd;
    snprintf(g->name, sizeof g->name, "%s", name);
    g->sub = role_subscribe(rd->router, g->name, unit_role_changed, g);
    if (rd->hold)
        role_hold_preempt(rd->router, g->name, "redundancy", true, rd->hold_until - loop_now(rd->router->loop));
}

static void collect(void *ctx, const char *kind, const char *name, const char *text)
{
    (void)text;
    if (!strcmp(kind, "stateful group"))
        group_add(ctx, name);
}

void redundancy_unit_collect(struct redundancy *rd)
{
    group_add(rd, rd->scheme);
    sync_config_lines(rd->router, collect, rd);
}

/* ---- I6: no pre-emption before the bulk sync is complete ---- */

void redundancy_hold(struct redundancy *rd, bool hold)
{
    if (hold == rd->hold || (hold && !redundancy_in_force(rd)))
        return;
    redundancy_debug(rd, REDUNDANCY_DEBUG_TIMER, "RF: pre-emption %s",
                     hold ? "held until bulk sync is complete" : "released");
    if (hold) {
        redundancy_unit_collect(rd); /* the groups of crypto maps must not move before the scheme group either */
        rd->hold_until = loop_now(rd->router->loop) + REDUNDANCY_PREEMPT_LIMIT;
        timer_start(&rd->hold_limit, REDUNDANCY_PREEMPT_LIMIT);
    } else {
        timer_stop(&rd->hold_limit);
    }
    rd->hold = hold;
    for (unsigned i = 0; i < rd->units; i++)
        role_hold_preempt(rd->router, rd->unit[i].name, "redundancy", hold, REDUNDANCY_PREEMPT_LIMIT);
}

static void hold_expired(void *arg)
{
    struct redundancy *rd = arg;
    log_event(rd->router, rd->cause, "redundancy", "preempt-hold-expired",
              "bulk sync not complete after %d s, pre-emption no longer held",
              (int)(REDUNDANCY_PREEMPT_LIMIT / NS_PER_S));
    redundancy_note(rd, "RF_EVENT_CLIENT_PROGRESSION(503) pre-emption hold expired");
    redundancy_hold(rd, false);
}

void redundancy_unit_init(struct redundancy *rd)
{
    timer_init(&rd->hold_limit, rd->router->loop, hold_expired, rd);
}

void redundancy_unit_fini(struct redundancy *rd)
{
    timer_stop(&rd->hold_limit);
    for (unsigned i = 0; i < rd->units; i++) {
        arp_ask_cancel(rd->unit[i].ask);
        role_unsubscribe(rd->router, rd->unit[i].sub);
    }
}
