/* The IKE SA database: creation, lookup, lifetimes, retransmission, end. Every table has a cap. Called by the
 * exchanges, the clear commands, ike_ha.c and ike_sync.c. */
#include "modules/ike/ike_int.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static unsigned bucket_of(const uint8_t ci[8])
{
    uint32_t h = 2166136261u; /* FNV-1a: cookies come from the wire, chains are short by the table's cap */
    for (unsigned i = 0; i < 8; i++)
        h = (h ^ ci[i]) * 16777619u;
    return h % IKE_BUCKETS;
}

unsigned ike_peer_hash(const struct addr *peer)
{
    return addr_v4_get(peer) * 2654435761u >> (32 - IKE_BUCKET_BITS);
}

static struct ike_peer_bucket *peer_bucket(struct ike *k, const struct addr *peer)
{
    return &k->peers[ike_peer_hash(peer)];
}

static void peer_link(struct ike_sa *sa)
{
    struct ike_peer_bucket *b = peer_bucket(sa->ike, &sa->at.peer);
    sa->peer_prev = b->last;
    sa->peer_next = NULL;
    *(b->last ? &b->last->peer_next : &b->first) = sa;
    b->last = sa;
}

static void peer_unlink(struct ike_sa *sa)
{
    struct ike_peer_bucket *b = peer_bucket(sa->ike, &sa->at.peer);
    *(sa->peer_prev ? &sa->peer_prev->peer_next : &b->first) = sa->peer_next;
    *(sa->peer_next ? &sa->peer_next->peer_prev : &b->last) = sa->peer_prev;
}

void ike_sa_moved(struct ike_sa *sa, const struct ike_endpoint *at)
{
    if (addr_equal(&sa->at.peer, &at->peer)) {
        sa->at = *at;
        return;
    }
    peer_unlink(sa);
    sa->at = *at;
    peer_link(sa);
}

static void retransmit_fire(void *arg);
static void life_fire(void *arg);
static void rekey_fire(void *arg);

struct ike_sa *ike_sa_new(struct ike *k, const uint8_t ci[8], const struct ike_endpoint *at, bool initiator)
{
    if (k->n_sas >= IKE_SA_MAX)
        return NULL;
    struct ike_sa *sa = calloc(1, sizeof *sa);
    if (!sa)
        return NULL;
    struct loop *loop = k->r->loop;
    sa->ike = k;
    memcpy(sa->ci, ci, 8);
    sa->at = *at;
    sa->initiator = initiator;
    sa->created = loop_now(loop);
    timer_init(&sa->retransmit, loop, retransmit_fire, sa);
    timer_init(&sa->life, loop, life_fire, sa);
    timer_init(&sa->rekey, loop, rekey_fire, sa);
    timer_init(&sa->dpd, loop, ike_dpd_fire, sa);
    timer_init(&sa->nat_keepalive, loop, ike_natt_keepalive_fire, sa);
    sa->prev = k->last;
    *(k->last ? &k->last->next : &k->first) = sa;
    k->last = sa;
    struct ike_sa **b = &k->bucket[bucket_of(ci)];
    sa->bucket_next = *b;
    *b = sa;
    peer_link(sa);
    k->n_sas++;
    if (!initiator)
        k->n_unproven++;
    return sa;
}

void ike_sa_link(struct ike_sa *sa, const char *ifname, const char *map, const char *group, bool stateful)
{
    snprintf(sa->ifname, sizeof sa->ifname, "%s", ifname);
    snprintf(sa->map, sizeof sa->map, "%s", map);
    snprintf(sa->group, sizeof sa->group, "%s", group);
    sa->stateful = stateful && group[0];
    if (group[0])
        ike_ha_watch(sa->ike, group);
}

struct ike_sa *ike_sa_find(struct ike *k, const uint8_t ci[8], const uint8_t cr[8])
{
    const uint8_t none[8] = {0};
    bool any = memcmp(cr, none, 8) == 0;
    for (struct ike_sa *sa = k->bucket[bucket_of(ci)]; sa; sa = sa->bucket_next)
        if (memcmp(sa->ci, ci, 8) == 0 && !sa->deleting &&
            (any || memcmp(sa->cr, cr, 8) == 0 ||
             (sa->initiator && sa->state <= IKE_I_MM2 && memcmp(sa->cr, none, 8) == 0)))
            return sa;
    return NULL;
}

bool ike_same_peer(const struct ike_sa *sa, const struct addr *local, const struct addr *peer)
{
    return addr_equal(&sa->at.local, local) && addr_equal(&sa->at.peer, peer);
}

struct ike_sa *ike_sa_best(struct ike *k, const struct addr *local, const struct addr *peer)
{
    for (struct ike_sa *sa = peer_bucket(k, peer)->last; sa; sa = sa->peer_prev)
        if (sa->state == IKE_P1_COMPLETE && !sa->standby && !sa->deleting && ike_same_peer(sa, local, peer))
            return sa;
    return NULL;
}

struct ike_sa *ike_sa_starting(struct ike *k, const struct addr *local, const struct addr *peer)
{
    for (struct ike_sa *sa = peer_bucket(k, peer)->last; sa; sa = sa->peer_prev)
        if (sa->initiator && !sa->established && !sa->deleting && ike_same_peer(sa, local, peer))
            return sa;
    return NULL;
}

struct ike_sa *ike_sa_next_of(struct ike *k, struct ike_sa *prev, const struct addr *local, const struct addr *peer)
{
    for (struct ike_sa *sa = prev   ? (peer ? prev->peer_next : prev->next)
                             : peer ? peer_bucket(k, peer)->first
                                    : k->first;
         sa; sa = peer ? sa->peer_next : sa->next)
        if (!sa->deleting && (!local || addr_equal(&sa->at.local, local)) && (!peer || addr_equal(&sa->at.peer, peer)))
            return sa;
    return NULL;
}

void ike_sa_wipe_phase1(struct ike_sa *sa)
{
    ike_dh_end(&sa->dh);
    free(sa->gxi);
    free(sa->gxr);
    free(sa->sai);
    sa->gxi = sa->gxr = sa->sai = NULL;
    crypto_wipe(sa->ni, sizeof sa->ni);
    crypto_wipe(sa->nr, sizeof sa->nr);
}

static void unlink_sa(struct ike_sa *sa)
{
    struct ike *k = sa->ike;
    struct ike_sa **b = &k->bucket[bucket_of(sa->ci)];
    while (*b != sa)
        b = &(*b)->bucket_next;
    *b = sa->bucket_next;
    peer_unlink(sa);
    *(sa->prev ? &sa->prev->next : &k->first) = sa->next;
    *(sa->next ? &sa->next->prev : &k->last) = sa->prev;
    k->n_sas--;
    if (!sa->initiator && !sa->established)
        k->n_unproven--;
}

void ike_sa_delete(struct ike_sa *sa, enum ike_end how, const char *reason, event_id cause)
{
    struct ike *k = sa->ike;
    if (sa->deleting)
        return;
    if (sa->established && !sa->standby && how == IKE_END_NOTIFY) {
        ike_sync_gone(sa, 0); /* state-sync 4.5 (4): queued before DELETE is sent */
        ike_info_send_delete_sa(sa);
    } else if (sa->established && !sa->standby) {
        ike_sync_gone(sa, 0);
    }
    sa->deleting = true;
    ike_dbg(k, "ISAKMP:(%u):deleting SA reason \"%s\" state (%c) %s (peer %s)", sa->conn_id, reason,
            sa->initiator ? 'I' : 'R', ike_state_shown(sa), IKE_ADDR(&sa->at.peer));
    ike_dbg(k, "ISAKMP:(%u):Old State = %s  New State = IKE_DEST_SA \n", sa->conn_id, ike_state_name(sa->state));
    if (sa->established)
        log_event(k->r, cause, "ike", "sa-deleted", "IKE SA %u %s %s: %s", sa->conn_id, IKE_ADDR(&sa->at.local),
                  IKE_ADDR(&sa->at.peer), reason);
    timer_stop(&sa->retransmit);
    timer_stop(&sa->life);
    timer_stop(&sa->rekey);
    timer_stop(&sa->dpd);
    timer_stop(&sa->nat_keepalive);
    while (sa->qms)
        ike_quick_fail(sa->qms, reason);
    struct ike_pending *p = sa->pending;
    sa->pending = NULL;
    unlink_sa(sa);
    ike_sa_wipe_phase1(sa);
    crypto_wipe(&sa->keys, sizeof sa->keys);
    crypto_wipe(sa->iv, sizeof sa->iv);
    crypto_wipe(sa->last_block, sizeof sa->last_block);
    free(sa->tx);
    free(sa);
    while (p) { /* last: may start something new at once */
        struct ike_pending *next = p->next;
        ipsec_acquire_failed(k->r, &p->prop, reason);
        free(p);
        p = next;
    }
}

/* ---- sending and retransmission ---- */

void ike_sa_store_tx(struct ike_sa *sa, const struct ike_out *o)
{
    free(sa->tx);
    sa->tx = malloc(o->b.len);
    sa->tx_len = sa->tx ? (uint16_t)o->b.len : 0;
    if (sa->tx)
        memcpy(sa->tx, o->buf, o->b.len);
    sa->tries = 0;
}

void ike_sa_send_tx(struct ike_sa *sa)
{
    struct ike *k = sa->ike;
    if (!sa->tx)
        return;
    ike_dbg(k, "ISAKMP:(%u): sending packet to %s my_port %u peer_port %u (%c) %s", sa->conn_id, IKE_ADDR(&sa->at.peer),
            sa->at.lport, sa->at.pport, sa->initiator ? 'I' : 'R', ike_state_shown(sa));
    ike_dbg(k, "ISAKMP:(%u):Sending an IKE IPv4 Packet.", sa->conn_id);
    ike_send_raw(k, &sa->at, sa->tx, sa->tx_len);
}

void ike_sa_retransmit_start(struct ike_sa *sa)
{
    timer_start(&sa->retransmit, IKE_RETRANSMIT);
}

static void retransmit_fire(void *arg)
{
    struct ike_sa *sa = arg;
    struct ike *k = sa->ike;
    if (sa->tries >= IKE_RETRIES) {
        ike_log_bad(k, "IKMP_MODE_FAILURE", 6,
                    "Processing of Main mode failed with peer at %s (no answer: death by retransmission%s)",
                    IKE_ADDR(&sa->at.peer), sa->state == IKE_I_MM5 ? "; do the pre-shared keys agree?" : "");
        ike_dbg(k, "ISAKMP:(%u):peer does not do paranoid keepalives.\n", sa->conn_id);
        ike_sa_delete(sa, IKE_END_SILENT, "Death by retransmission P1", 0);
        return;
    }
    sa->tries++;
    k->count.retransmits++;
    ike_dbg(k, "ISAKMP:(%u): retransmitting phase 1 %s...", sa->conn_id, ike_state_shown(sa));
    ike_dbg(k, "ISAKMP (%u): incrementing error counter on sa, attempt %u of %u: retransmit phase 1", sa->conn_id,
            sa->tries, IKE_RETRIES);
    ike_sa_send_tx(sa);
    timer_start(&sa->retransmit, IKE_RETRANSMIT);
}

/* ---- lifetimes ---- */

/* How long before its end a phase 1 SA is negotiated anew: at most 60..90 s, less for short lives. */
static nstime rekey_margin(const struct ike_sa *sa)
{
    nstime margin = 60 * NS_PER_S, tenth = (nstime)sa->suite.life_s * NS_PER_S / 10;
    return margin < tenth ? margin : tenth;
}

void ike_sa_timers(struct ike_sa *sa, bool takeover)
{
    struct ike *k = sa->ike;
    nstime now = loop_now(k->r->loop), left = sa->life_end - now;
    if (left < 0)
        left = 0;
    if (sa->standby) { /* state-sync 4.5 (5): expiry + grace removes quietly */
        timer_stop(&sa->rekey);
        timer_stop(&sa->dpd);
        timer_stop(&sa->nat_keepalive);
        timer_start(&sa->life, left + 30 * NS_PER_S);
        return;
    }
    nstime soft = left - rekey_margin(sa);
    nstime jitter = (nstime)rng_below(k->r, RNG_JITTER, 30000) * NS_PER_MS;
    if (soft <= 0 && takeover) { /* overdue: spread out, and live long enough for it */
        soft = jitter;
        if (left < 60 * NS_PER_S)
            left = 60 * NS_PER_S;
    } else {
        soft -= jitter < soft / 10 ? jitter : soft / 10;
    }
    timer_start(&sa->life, left);
    if (sa->initiator)
        timer_start(&sa->rekey, soft > 0 ? soft : 0);
    ike_dpd_start(sa);
    ike_natt_keepalive_start(sa);
}

static void life_fire(void *arg)
{
    struct ike_sa *sa = arg;
    if (!sa->established)
        ike_sa_delete(sa, IKE_END_SILENT, "Death by timeout: the peer did not finish phase 1", 0);
    else if (sa->standby)
        ike_sa_delete(sa, IKE_END_SILENT, "expired on standby", 0);
    else
        ike_sa_delete(sa, IKE_END_NOTIFY, "IKE SA Lifetime Exceeded", 0);
}

static void rekey_fire(void *arg)
{
    struct ike_sa *sa = arg;
    struct ike *k = sa->ike;
    if (sa->standby || ike_sa_best(k, &sa->at.local, &sa->at.peer) != sa)
        return; /* a younger one is there */
    if (ipsec_pair_count(k->r, &sa->at.local, &sa->at.peer) == 0)
        return; /* nobody needs it */
    sa->rekeyed = true;
    ike_main_reauth(sa);
}

/* CONTRACT 1, lab keys: every SA held since the start, once. */
void ike_lab_key_add(const struct ike_sa *sa)
{
    struct ike *k = sa->ike;
    if (!k->r->lab_keys || k->n_lab_keys >= 10000)
        return;
    for (const struct ike_lab_key *lk = sa->standby ? k->lab_keys : NULL; lk; lk = lk->next) /* own ones are new */
        if (memcmp(lk->ci, sa->ci, 8) == 0)
            return;
    struct ike_lab_key *lk = calloc(1, sizeof *lk);
    if (!lk)
        return;
    memcpy(lk->ci, sa->ci, 8);
    memcpy(lk->ka, sa->keys.ka, sa->keys.key_len);
    lk->key_len = sa->keys.key_len;
    *k->lab_tail = lk;
    k->lab_tail = &lk->next;
    k->n_lab_keys++;
}

void ike_sa_established(struct ike_sa *sa, event_id cause)
{
    struct ike *k = sa->ike;
    timer_stop(&sa->retransmit);
    ike_sa_wipe_phase1(sa);
    if (!sa->initiator)
        k->n_unproven--;
    sa->last_heard = loop_now(k->r->loop);
    ike_lab_key_add(sa);
    log_event(k->r, cause, "ike", "sa-established", "IKE SA %u %s %s (%s)", sa->conn_id, IKE_ADDR(&sa->at.local),
              IKE_ADDR(&sa->at.peer), sa->initiator ? "initiator" : "responder");
    ike_sa_timers(sa, false);
    struct ike_pending *p = sa->pending;
    sa->pending = NULL;
    while (p) {
        struct ike_pending *next = p->next;
        ike_quick_start(sa, &p->prop, p->rekey, p->cause);
        free(p);
        p = next;
    }
}

/* ---- message ids: none is used twice in one IKE SA (state-sync 4.5 (3)) ---- */

bool ike_sa_mid_used(const struct ike_sa *sa, uint32_t mid)
{
    for (unsigned i = 0; i < IKE_MIDS; i++)
        if (sa->mids[i] == mid)
            return true;
    return false;
}

void ike_sa_mid_add(struct ike_sa *sa, uint32_t mid)
{
    sa->mids[sa->mid_next++ % IKE_MIDS] = mid;
    if (sa->stateful && sa->established && !sa->standby) {
        struct sync_key key;
        ike_sync_key(sa, &key);
        sync_dirty(sa->ike->r, &ike_sync_mid, &key);
    }
}

uint32_t ike_sa_mid_new(struct ike_sa *sa)
{
    uint32_t mid;
    do
        mid = rng_u32(sa->ike->r, RNG_MESSAGE_ID);
    while (mid == 0 || ike_sa_mid_used(sa, mid));
    ike_sa_mid_add(sa, mid);
    return mid;
}

/* crypto logging session (reference 5.8) */
void ike_session_check(struct ike *k, const struct ike_endpoint *at, const uint8_t *id, size_t id_len, bool up)
{
    if (!k->log_session)
        return;
    unsigned pairs = ipsec_pair_count(k->r, &at->local, &at->peer);
    if (up ? pairs != 1 : pairs != 0)
        return;
    char peer[ADDR_STRLEN + 8], who[128];
    snprintf(peer, sizeof peer, "%s:%u", IKE_ADDR(&at->peer), at->pport);
    ike_id_text(id, id_len, who, sizeof who);
    log_syslog(k->r, 0, "CRYPTO", LOG_NOTICE_, "SESSION_STATUS", "Crypto tunnel is %s.  Peer %-20s Id: %s",
               up ? "UP  " : "DOWN", peer, who);
}
