/* Stateful failover of IPsec SAs: who may use which numbers (DESIGN 4.1), takeover in one pass, the way back, and
 * reverse routes. A standby's SAs are keyed at sync time, so a takeover sets numbers and flips a flag. Called by
 * bindings (role and unit state), by the data path (reservation) and by sadb. */
#include "modules/ipsec/ipsec_internal.h"
#include <stdlib.h>
#include <string.h>

#define OWN_MARGIN (4 * NS_PER_S)

struct sync_key ipsec_ha_key(uint32_t in_spi)
{
    struct sync_key k = {
        .len = 4, .b = {(uint8_t)(in_spi >> 24), (uint8_t)(in_spi >> 16), (uint8_t)(in_spi >> 8), (uint8_t)in_spi}};
    return k;
}

void ipsec_ha_interval(const struct sa *s, uint32_t *n, uint32_t *m)
{
    const struct crypto_map *map = ipsec_binding_map(s->b);
    *n = map != NULL ? map->in_n : IPSEC_INTERVAL_IN;
    *m = map != NULL ? map->out_m : IPSEC_INTERVAL_OUT;
}

nstime ipsec_ha_period(const struct sa *s)
{
    nstime hold = s->b->group[0] != '\0' ? role_get(s->st->r, s->b->group)->hold : 0;
    return hold > 0 && hold / 4 < NS_PER_S ? hold / 4 : NS_PER_S;
}

/* ---- the active side ---- */
void ipsec_ha_push(struct sa *s)
{
    struct sync_key key = ipsec_ha_key(s->p.in_spi);
    timer_stop(&s->push);
    s->push_armed = false;
    if (s->active)
        sync_dirty(s->st->r, &ipsec_sync_replay, &key);
}

void ipsec_ha_gate(struct sa *s)
{
    uint32_t n, m;
    ipsec_ha_interval(s, &n, &m);
    STAT_SET(&s->gate_n, n);
    STAT_SET(&s->gate_m, m);
}

void ipsec_ha_mark(struct sa *s)
{
    uint32_t n, m;
    if (!sync_peer_ready(s->st->r) && s->st->r->sync == NULL)
        return;
    ipsec_ha_interval(s, &n, &m);
    if (ipsec_reserve_wanted(&s->res, s->seq, m) || (n != 0 && s->in_packets - s->synced_in >= n)) {
        ipsec_ha_push(s);
    } else if (!timer_armed(&s->push)) {
        s->push_armed = true;
        timer_start(&s->push, ipsec_ha_period(s));
    }
}

/* Without a peer that is ready a block is granted at a time, so that a record encoded meanwhile covers it. */
enum { GRANT_ALONE = 256 };

bool ipsec_ha_grant(struct sa *s)
{
    struct router *r = s->st->r;
    uint32_t next = s->seq + 1;
    if (s->seq == UINT32_MAX || s->frozen)
        return false;
    if (!s->ha) {
        s->granted = UINT32_MAX;
        return true;
    }
    if (!sync_peer_ready(r)) { /* nobody who could take over holds anything of ours */
        s->granted = next < UINT32_MAX - GRANT_ALONE ? next + GRANT_ALONE : UINT32_MAX;
        return true;
    }
    uint32_t n, m;
    ipsec_ha_interval(s, &n, &m);
    nstime now = loop_now(r->loop);
    uint32_t allowed = ipsec_reserve_allowed(&s->res, now, m);
    if (next > allowed && next > s->res.sent) { /* the block is used up within one turn: hand over the next one now */
        ipsec_ha_push(s);
        sync_flush(r);
        allowed = ipsec_reserve_allowed(&s->res, now, m);
    }
    s->granted = allowed;
    return next <= allowed;
}

void ipsec_ha_freeze(struct ipsec *st, const struct binding *b)
{
    for (struct sa *s = st->first; s != NULL; s = s->next)
        if ((b == NULL || s->b == b) && s->ha && s->active)
            s->frozen = true;
    ipsec_policy_changed(st);
    net_dp_quiet(st->r);
    for (struct sa *s = st->first; s != NULL; s = s->next)
        if ((b == NULL || s->b == b) && s->frozen) {
            s->granted = s->seq;
            ipsec_ha_push(s);
        }
}

unsigned ipsec_ha_count(struct router *r)
{
    return ipsec_of(r)->n_ha;
}

/* ---- takeover ---- */
static void numbers_at_takeover(struct sa *s, nstime since)
{
    uint32_t n, m;
    bool rekey = false;
    ipsec_ha_interval(s, &n, &m);
    if (s->rec_m > m)
        m = s->rec_m;
    if (s->own)
        since += OWN_MARGIN; /* another unit may have been active unheard: it started at the same L */
    s->edge_age = loop_now(s->st->r->loop) - s->record_at;
    if (s->exact) {
        s->takeover_edge = s->win.top;
    } else {
        s->seq = ipsec_successor_out(s->seq, m, since, &rekey);
        s->takeover_edge = n == 0 ? 0 : ipsec_successor_in(s->win.top, n, s->rec_rate, ipsec_ha_period(s));
        if (n == 0)
            ipsec_replay_init(&s->win, s->win.size); /* inbound 0: not protected */
        else
            ipsec_replay_refuse_to(&s->win, s->takeover_edge);
    }
    s->granted = s->res.sent = s->res.acked = s->seq;
    s->res.unacked_at = 0;
    if (rekey || s->seq > IPSEC_SEQ_REKEY)
        ipsec_sa_rekey(s, "sequence number after takeover");
}

/* Returns false if the SA was deleted. */
static bool activate(struct sa *s, nstime since, event_id cause)
{
    nstime now = loop_now(s->st->r->loop), left = s->hard_at - now;
    if (left <= 0) {
        ipsec_sa_delete(s, "lifetime expired on the standby", false, false, cause);
        return false;
    }
    s->active = true;
    s->rekeying = false;
    s->stale = false;
    numbers_at_takeover(s, since);
    s->last_in = now;
    s->synced_in = s->in_packets;
    if (!timer_armed(&s->soft)) /* it fired while nobody listened, or was never set */
        ipsec_sa_start_timers(s, left);
    ipsec_rri_install(s);
    ipsec_flow_choose(s->flow);
    return true;
}

void ipsec_ha_activate(struct sa *s, event_id cause)
{
    nstime heard = sync_last_heard(s->st->r), now = loop_now(s->st->r->loop);
    activate(s, now - (heard > s->record_at ? heard : s->record_at), cause);
}

void ipsec_ha_deactivate(struct sa *s)
{
    uint32_t n, m;
    ipsec_ha_interval(s, &n, &m);
    uint64_t limit = s->seq + (uint64_t)m;
    if (limit < s->res.sent)
        limit = s->res.sent;
    if (limit < s->granted && s->granted != UINT32_MAX)
        limit = s->granted;
    s->granted = 0;
    s->seq = limit > UINT32_MAX ? UINT32_MAX : (uint32_t)limit;
    s->active = s->frozen = s->exact = false;
    s->own = true;
    s->rec_rate = s->rate;
    s->rec_m = m;
    s->record_at = loop_now(s->st->r->loop);
    timer_stop(&s->push);
    s->push_armed = false;
    ipsec_sa_start_timers(s, s->hard_at - s->record_at);
    ipsec_flow_choose(s->flow);
}

static bool rri_far(const struct sa *s);
static void rri_refresh(struct ipsec *st, const struct binding *b);

static void leave(struct ipsec *st, struct binding *b)
{
    /* What we know goes to the other unit first; if it is active already it does not need it. */
    ipsec_ha_freeze(st, b);
    sync_flush(st->r);
    for (struct sa *s = st->first; s != NULL; s = s->next)
        if (s->b == b && s->active)
            ipsec_ha_deactivate(s);
}

static void take_over(struct ipsec *st, struct binding *b, event_id cause)
{
    nstime now = loop_now(st->r->loop), heard = sync_last_heard(st->r), oldest = 0;
    unsigned done = 0, dropped = 0;
    bool far = false;
    for (struct sa *s = st->first, *next; s != NULL; s = next) {
        next = s->next;
        if (s->b != b || s->active)
            continue;
        nstime since = now - (heard > s->record_at ? heard : s->record_at);
        if (since > IPSEC_RECORD_AGE) { /* too old to guess: negotiate anew (DESIGN 4.1) */
            if (since > oldest)
                oldest = since;
            ipsec_sa_delete(s, "state too old at takeover", false, false, cause);
            dropped++;
        } else if (activate(s, since, cause)) {
            done++;
            far |= rri_far(s);
        }
    }
    if (far)
        rri_refresh(st, b);
    st->takeover_at = now;
    st->takeover_sas = done;
    log_event(st->r, cause, "ipsec", "takeover", "map %s: %u SAs active, %u deleted", b->map, done, dropped);
    if (dropped != 0)
        log_syslog(st->r, cause, "CRYPTO_HA_IPSEC", LOG_WARNING_, "STATE_TOO_OLD",
                   "%u IPsec SAs of crypto map %s not taken over: last record %lld s old, limit 60 s", dropped, b->map,
                   (long long)(oldest / NS_PER_S));
}

void ipsec_ha_binding_active(struct binding *b, bool active, event_id cause)
{
    struct ipsec *st = b->st;
    char a[ADDR_STRLEN];
    if (b->group[0] == '\0')
        return;
    if (b->stateful) {
        DEBUG(st, DBG_HA, "IPSec HA (crypto_ha_ipsec_mgr_set_state_common): called for vip %s",
              addr_format(&b->local, a));
        if (active)
            take_over(st, b, cause);
        else
            leave(st, b);
        DEBUG(st, DBG_HA_DETAIL, "IPSec HA (crypto_ha_ipsec_mgr_set_state_common): vip %s state %s",
              addr_format(&b->local, a), active ? "ACTIVE" : "STANDBY");
    } else if (!active) { /* stateless failover: the address is not ours any more, nobody could answer */
        for (struct sa *s = st->first, *next; s != NULL; s = next) {
            next = s->next;
            if (s->b == b)
                ipsec_sa_delete(s, "group no longer active", false, false, cause);
        }
    }
    if (!active)
        ipsec_acquires_drop(st, b);
    route_gates_changed(st->r);
}

/* ---- reverse routes (reference 4.3): to the remote proxy while the SA is active ---- */
static bool wants_route(const struct sa *s)
{
    struct crypto_map *m =
        s->p.prop.dynamic_map[0] != '\0' ? ipsec_dynmap_find(s->st, s->p.prop.dynamic_map) : ipsec_binding_map(s->b);
    struct map_entry *e =
        m == NULL
            ? NULL
            : ipsec_entry_find(m, s->p.prop.dynamic_map[0] != '\0' ? s->p.prop.dynamic_seq : s->p.prop.seq, false);
    return e != NULL && e->rri;
}

/* The neighbour that leads to the peer. */
static struct addr rri_hop(const struct sa *s)
{
    struct route_hit hit;
    if (rri_far(s) && route_lookup(s->st->r, &s->p.prop.peer, &hit) && hit.netif == s->b->nif)
        return hit.next_hop;
    return s->p.prop.peer;
}

static bool rri_far(const struct sa *s)
{
    return !netif_on_subnet(s->b->nif, &s->p.prop.peer);
}

/* The route of a standby's SA stands from the beginning and has no force while the binding is not active, so that a
 * takeover need not touch it. */
void ipsec_rri_install(struct sa *s)
{
    if (s->routed || (!s->active && !s->ha) || !wants_route(s) || s->p.prop.transforms[0].transport)
        return;
    s->route = (struct route){.prefix = s->p.prop.ident.remote,
                              .source = ROUTE_RRI,
                              .distance = 1,
                              .owner = s->p.in_spi,
                              .gate = &s->b->active};
    /* Through the interface: the remote proxy may be the peer itself. */
    memcpy(s->route.ifname, s->b->ifname, sizeof s->route.ifname);
    s->route.next_hop = rri_hop(s);
    s->routed = route_add(s->st->r, &s->route) == 0;
}

void ipsec_rri_remove(struct sa *s)
{
    if (s->routed)
        route_del(s->st->r, &s->route);
    s->routed = false;
}

/* Peers beyond a neighbour: it may be another by now. Looking it up needs the forwarding table, which every change
 * makes stale: all are looked up before the first is changed. */
static void rri_refresh(struct ipsec *st, const struct binding *b)
{
    struct moved {
        struct sa *s;
        struct addr hop;
    } *moved = calloc(st->n_sas, sizeof *moved);
    unsigned n = 0;
    route_gates_changed(st->r);
    for (struct sa *s = st->first; moved != NULL && s != NULL; s = s->next)
        if (s->b == b && s->routed && rri_far(s)) {
            struct addr hop = rri_hop(s);
            if (!addr_equal(&hop, &s->route.next_hop))
                moved[n++] = (struct moved){s, hop};
        }
    for (unsigned i = 0; i < n; i++) {
        ipsec_rri_remove(moved[i].s);
        moved[i].s->route.next_hop = moved[i].hop;
        moved[i].s->routed = route_add(st->r, &moved[i].s->route) == 0;
    }
    free(moved);
}
