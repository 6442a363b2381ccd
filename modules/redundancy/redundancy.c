/* The redundancy facility: feeds the state machine (redundancy_rf.c) from the scheme group's role and the session with
 * the peer, and carries out what it says: take over, reload, hold pre-emption. Called by the module list, by the role
 * service and by redundancy_session.c. */
#include "modules/net/netif.h"
#include "modules/redundancy/redundancy_int.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char reload_reason_rf[] = "RF induced self-reload";
static const char reload_reason_split[] = "RF split brain";

struct redundancy *redundancy_of(struct router *r)
{
    return module_state(r, &redundancy_module);
}

bool redundancy_in_force(const struct redundancy *rd)
{
    return rd->scheme[0] != 0;
}

static const struct role_info *scheme_role(const struct redundancy *rd)
{
    return role_get(rd->router, rd->scheme);
}

nstime redundancy_hold_time(const struct redundancy *rd)
{
    nstime hold = redundancy_in_force(rd) ? scheme_role(rd)->hold : 0;
    return hold > 0 ? hold : 10 * NS_PER_S;
}

/* ---- self-reload (reference 2.2 rules 6 and 7, 6.7) ---- */

static void reload_run(void *arg)
{
    struct redundancy *rd = arg;
    if (rd->router->reloading || rd->router->dying)
        return;
    rd->cause = log_syslog(rd->router, rd->cause, "RF_INTERDEV", LOG_WARNING_, "RELOAD",
                           "%% RF induced self-reload. my state = %s peer state = %s", redundancy_rf_name(rd->state),
                           redundancy_rf_name(rd->peer_state));
    log_event(rd->router, rd->cause, "redundancy", "self-reload", "%s",
              rd->split ? reload_reason_split : reload_reason_rf);
    if (rd->reload_discard)
        redundancy_recv_discard(rd, rd->cause);
    router_reload(rd->router, rd->split ? reload_reason_split : reload_reason_rf);
}

/* At the end of the turn: the cause may be in the middle of HSRP's own work. */
static void reload_want(struct redundancy *rd, bool discard, event_id cause)
{
    if (rd->reload_wanted)
        return;
    rd->reload_wanted = true;
    rd->reload_discard = discard;
    if (cause)
        rd->cause = cause;
    loop_defer(rd->router->loop, &rd->reload);
}

/* ---- state changes ---- */

static void note_states(struct redundancy *rd, bool mine, bool peers)
{
    redundancy_note(rd, "%smy state = %s(%d) %speer state = %s(%d)", mine ? "*" : "", redundancy_rf_name(rd->state),
                    rd->state, peers ? "*" : "", redundancy_rf_name(rd->peer_state), rd->peer_state);
}

static void note_progression(struct redundancy *rd)
{
    static const char *const clients[] = {"RF_INTERNAL_MSG(0)", "CHKPT RF(25)", "RF_LAST_CLIENT(65000)"};
    const char *prog = redundancy_rf_progression(rd->state);
    for (unsigned i = 0; prog && i < sizeof clients / sizeof *clients; i++) {
        redundancy_note(rd, "%s %s op=%d rc=11", prog, clients[i], rd->state);
        redundancy_debug(rd, REDUNDANCY_DEBUG_PROGRESSION, "%s %s op=%d rc=11", prog, clients[i], rd->state);
    }
}

static void enter(struct redundancy *rd, enum rf_state next, event_id cause)
{
    enum rf_state before = rd->state;
    if (before == next)
        return;
    rd->state = next;
    rd->since = loop_now(rd->router->loop);
    rd->cause = log_event(rd->router, cause ? cause : rd->cause, "redundancy", "rf-state", "%s -> %s",
                          redundancy_rf_name(before), redundancy_rf_name(next));
    redundancy_debug(rd, REDUNDANCY_DEBUG_STATUS, "RF: my state = %s(%d) -> %s(%d)", redundancy_rf_name(before), before,
                     redundancy_rf_name(next), next);
    if (next == RF_STANDBY_COLD)
        redundancy_note(rd, "RF_EVENT_GO_STANDBY(512) op=0");
    else if (next == RF_ACTIVE_FAST)
        redundancy_note(rd, "RF_EVENT_GO_ACTIVE(511) op=0");
    note_states(rd, true, false);
    note_progression(rd);
    redundancy_hold(rd, !redundancy_rf_is_active(next) && next != RF_STANDBY_HOT);
}

static void go_active(struct redundancy *rd, enum rf_state before)
{
    bool takeover = redundancy_rf_is_standby(before) || rd->recv.synced;
    rd->takeover_objects = redundancy_recv_objects(rd);
    rd->term = (rd->session.peer.term > rd->term ? rd->session.peer.term : rd->term) + 1;
    if (takeover) {
        rd->count.takeovers++;
        rd->cause = log_event(rd->router, rd->cause, "redundancy", "takeover", "from %s, term %u, %u objects%s",
                              redundancy_rf_name(before), rd->term, rd->takeover_objects,
                              rd->recv.synced ? "" : ", bulk sync was not complete");
        redundancy_note_switchover(rd, rd->session.goodbye ? "user initiated" : "Active lost GW");
    } else {
        rd->cause = log_event(rd->router, rd->cause, "redundancy", "go-active", "term %u", rd->term);
    }
    redundancy_recv_reset(rd);
    ha_state_set(rd->router, HA_ACTIVE, rd->cause);
}

/* A router that lost a split, booted, and hears by IPC that the winner is well does not believe a silent HSRP group:
 * else a one-way loss of hellos would make it reload for ever. */
static bool go_active_postponed(struct redundancy *rd)
{
    const struct redundancy_session *s = &rd->session;
    if (!rd->strict || !s->up || !redundancy_rf_is_active(rd->peer_state) || !redundancy_peer_wins(rd))
        return false;
    /* Proof of life: heard after HSRP fell silent, which it did a hold time ago. A dead peer never passes. */
    if (loop_now(rd->router->loop) - s->heard > redundancy_hold_time(rd) / 2)
        return false;
    if (!rd->postponed)
        log_event(rd->router, rd->cause, "redundancy", "takeover-postponed",
                  "group %s is Active here, but the peer is reachable over IPC and ACTIVE", rd->scheme);
    rd->postponed = true;
    return true;
}

void redundancy_event(struct redundancy *rd, enum rf_event ev, event_id cause)
{
    if (rd->router->dying || rd->router->reloading || rd->reload_wanted)
        return;
    if (ev == RF_EV_GROUP_ACTIVE && go_active_postponed(rd))
        return;
    enum rf_state before = rd->state;
    struct rf_move m = redundancy_rf_move(before, ev);
    redundancy_debug(rd, REDUNDANCY_DEBUG_FSM, "RF: event %s in state %s(%d): %s(%d)", redundancy_rf_event_name(ev),
                     redundancy_rf_name(before), before, redundancy_rf_name(m.next), m.next);
    enter(rd, m.next, cause);
    switch (m.action) {
    case RF_DO_GO_ACTIVE:
        go_active(rd, before);
        /* fall through */
    case RF_DO_STEP: /* all clients are done at once: the whole progression is one instant */
        redundancy_event(rd, RF_EV_STEP, cause);
        return;
    case RF_DO_RELOAD:
        reload_want(rd, false, cause);
        return;
    case RF_DO_DISCARD_RELOAD:
        reload_want(rd, true, cause);
        return;
    case RF_DO_STALE:
        redundancy_recv_stale(rd);
        break;
    case RF_DO_HOT:
        rd->cause =
            log_event(rd->router, rd->cause, "redundancy", "sync-hot", "%u objects", redundancy_recv_objects(rd));
        break;
    case RF_DO_NOTHING:
        break;
    }
    if (before != rd->state) {
        redundancy_session_role(rd);
        if (rd->state == RF_ACTIVE)
            redundancy_send_snapshot(rd);
    }
}

void redundancy_peer_state(struct redundancy *rd, enum rf_state s)
{
    if (rd->peer_state == s)
        return;
    enum rf_state before = rd->peer_state;
    rd->peer_state = s;
    redundancy_debug(rd, REDUNDANCY_DEBUG_STATUS, "RF: peer state = %s(%d) -> %s(%d)", redundancy_rf_name(before),
                     before, redundancy_rf_name(s), s);
    note_states(rd, false, true);
}

/* Both ACTIVE although they talk: HSRP decides by itself within a hold time; if it cannot (its hellos are lost), its
 * own order does (state-sync 4.5.7). */
static void both_active_check(struct redundancy *rd)
{
    struct redundancy_session *s = &rd->session;
    nstime now = loop_now(rd->router->loop);
    if (!s->up || rd->state != RF_ACTIVE || !redundancy_rf_is_active(rd->peer_state)) {
        s->both_active = 0;
        return;
    }
    if (!s->both_active) {
        s->both_active = now;
        s->both_told = false;
    }
    /* They must still talk: a peer that died ACTIVE stays so in our books until its session times out. */
    if (now - s->both_active < redundancy_hold_time(rd) + NS_PER_S ||
        s->heard - s->both_active < redundancy_hold_time(rd))
        return;
    bool peer_wins = redundancy_peer_wins(rd);
    if (!s->both_told)
        log_event(rd->router, rd->cause, "redundancy", "split-brain", "both routers are ACTIVE, %s stays",
                  peer_wins ? "the peer" : "this one");
    s->both_told = true;
    if (!peer_wins)
        return;
    rd->split = true;
    redundancy_event(rd, RF_EV_SPLIT_LOST, 0);
}

void redundancy_peer_changed(struct redundancy *rd)
{
    struct redundancy_session *s = &rd->session;
    if (!redundancy_in_force(rd) || !rd->started)
        return;
    if (s->up && !s->compatible)
        redundancy_event(rd, RF_EV_PEER_REFUSED, 0);
    else if (s->up && redundancy_rf_is_active(rd->peer_state))
        redundancy_event(rd, RF_EV_PEER_ACTIVE, 0);
    else
        redundancy_event(rd, RF_EV_PEER_GONE, 0);
    both_active_check(rd);
    if (rd->postponed && scheme_role(rd)->state == ROLE_ACTIVE && !redundancy_rf_is_active(rd->state)) {
        rd->postponed = false;
        redundancy_event(rd, RF_EV_GROUP_ACTIVE, 0);
    }
}

/* ---- the scheme group ---- */

static void role_changed(void *arg, const struct role_info *now, enum role_state before)
{
    struct redundancy *rd = arg;
    if (!rd->started || now->state == before)
        return;
    redundancy_debug(rd, REDUNDANCY_DEBUG_EHSA, "RF: group %s state %s -> %s", rd->scheme, role_state_name(before),
                     role_state_name(now->state));
    bool down = now->netif && !now->netif->line_up;
    redundancy_unit_collect(rd); /* a map may have come since */
    if (now->state == ROLE_ACTIVE) {
        rd->group_settled = true;
        redundancy_event(rd, RF_EV_GROUP_ACTIVE, now->cause);
        return;
    }
    rd->postponed = false;
    if (now->state == ROLE_STANDBY)
        rd->group_settled = true;
    if (before == ROLE_ACTIVE) {
        /* Taken away by a peer that is active already: what is left here is worth nothing. Left by itself: the peer is
         * not active yet, exact numbers can still be handed over. */
        if (rd->state == RF_ACTIVE && !now->left_by_itself && rd->session.up && redundancy_rf_is_active(rd->peer_state))
            redundancy_event(rd, RF_EV_SPLIT_LOST, now->cause);
        else
            redundancy_event(rd, RF_EV_GROUP_LOST, now->cause);
    } else if (down && rd->group_settled && before >= ROLE_LISTEN) {
        redundancy_event(rd, RF_EV_GROUP_DOWN, now->cause); /* rule 7: this database cannot be trusted any more */
    }
}

/* ---- module ---- */

static int redundancy_init(struct router *r, void **state)
{
    struct redundancy *rd = calloc(1, sizeof *rd);
    if (!rd)
        return -ENOMEM;
    rd->router = r;
    rd->ipc = ipc_of(r);
    rd->state = RF_ACTIVE; /* a router without inter-device redundancy is simplex and active, as in IOS */
    rd->peer_state = RF_DISABLED;
    rd->since = loop_now(r->loop);
    rd->switchover_reason = "unsupported";
    rd->reload = (struct task){.run = reload_run, .arg = rd};
    redundancy_split_init(rd);
    redundancy_unit_init(rd);
    redundancy_send_init(rd);
    redundancy_recv_init(rd);
    redundancy_session_init(rd);
    sync_hub_set(r, &redundancy_hub);
    *state = rd;
    return 0;
}

static void redundancy_fini(struct router *r, void *state)
{
    struct redundancy *rd = state;
    sync_hub_set(r, NULL);
    loop_cancel(r->loop, &rd->reload);
    redundancy_split_fini(rd);
    redundancy_unit_fini(rd);
    redundancy_session_fini(rd);
    redundancy_recv_fini(rd);
    redundancy_send_fini(rd);
    role_unsubscribe(r, rd->sub);
    free(rd);
}

static void redundancy_start(struct router *r, void *state)
{
    struct redundancy *rd = state;
    rd->started = true;
    if (!redundancy_in_force(rd))
        return;
    rd->strict = r->reload_reason && !strcmp(r->reload_reason, reload_reason_split);
    redundancy_note(rd, "client added: RF_INTERNAL_MSG(0) seq=0");
    redundancy_note(rd, "client added: CHKPT RF(25) seq=130");
    redundancy_note(rd, "client added: RF_LAST_CLIENT(65000) seq=65000");
    rd->state = RF_DISABLED;
    enter(rd, RF_INITIALIZATION, 0);
    rd->sub = role_subscribe(r, rd->scheme, role_changed, rd);
    redundancy_unit_collect(rd);
    redundancy_event(rd, RF_EV_START, 0);
    redundancy_hold(rd, true);
    redundancy_split_start(rd);
    if (scheme_role(rd)->state == ROLE_ACTIVE)
        role_changed(rd, scheme_role(rd), ROLE_SPEAK);
}

/* A reload with notice: IPsec has marked exact counters dirty; hand over everything, then say goodbye. */
static void redundancy_shutdown(struct router *r, void *state)
{
    struct redundancy *rd = state;
    (void)r;
    if (!redundancy_in_force(rd) || !rd->session.up)
        return;
    if (rd->state == RF_ACTIVE && !rd->reload_discard)
        redundancy_send_all(rd);
    redundancy_session_say(rd, REDUNDANCY_GOODBYE, "reload");
}

static void redundancy_config_lines(struct router *r, void *state,
                                    void (*emit)(void *ctx, const char *kind, const char *name, const char *text),
                                    void *ctx)
{
    struct redundancy *rd = state;
    (void)r;
    if (rd->scheme[0])
        emit(ctx, "redundancy", "scheme", rd->scheme);
}

static void redundancy_audit(struct router *r, void *state,
                             void (*fail)(void *ctx, const char *invariant, const char *text), void *ctx)
{
    struct redundancy *rd = state;
    (void)r;
    if (rd->send.items > REDUNDANCY_ITEMS_MAX)
        fail(ctx, "I8", "synchronisation table above its cap");
    if (rd->started && redundancy_in_force(rd) && !rd->hold && !redundancy_rf_is_active(rd->state) &&
        rd->state != RF_STANDBY_HOT && loop_now(r->loop) < rd->hold_until)
        fail(ctx, "I6", "pre-emption is not held before the bulk sync is complete");
    if ((ha_state_get(r) == HA_ACTIVE) != (redundancy_in_force(rd) && redundancy_rf_is_active(rd->state)) &&
        rd->started)
        fail(ctx, "I1", "objects are active and the facility is not, or the other way round");
}

const struct module redundancy_module = {
    .name = "redundancy",
    .process = "RF Interdev",
    .init = redundancy_init,
    .fini = redundancy_fini,
    .start = redundancy_start,
    .shutdown = redundancy_shutdown,
    .debug = redundancy_debug_flags,
    .n_debug = REDUNDANCY_DEBUG_FLAGS,
    .config_lines = redundancy_config_lines,
    .audit = redundancy_audit,
};
