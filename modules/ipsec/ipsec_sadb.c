/* The SA database: pairs by inbound SPI and by peer, flows by ident, SPI reservation, lifetimes, make-before-break.
 * Called by ipsec_key_engine.c, by the data path for lookups, and by ipsec_ha.c for synchronised SAs. */
#include "modules/ipsec/ipsec_internal.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static unsigned spi_bucket(uint32_t spi)
{
    return (spi ^ spi >> 12) % IPSEC_BUCKETS;
}

static unsigned peer_bucket(const struct addr *a)
{
    uint32_t v = addr_v4_get(a);
    return (v ^ v >> 12 ^ v >> 20) % IPSEC_BUCKETS;
}

struct sa *ipsec_sa_by_spi(struct ipsec *st, uint32_t in_spi)
{
    struct sa *s = st->by_spi[spi_bucket(in_spi)];
    while (s != NULL && s->p.in_spi != in_spi)
        s = s->spi_next;
    return s;
}

struct sa *ipsec_sa_of_peer(struct ipsec *st, const struct addr *peer)
{
    return st->by_peer[peer_bucket(peer)];
}

struct sa *ipsec_sa_by_out(struct ipsec *st, const struct addr *peer, uint32_t out_spi)
{
    struct sa *s = st->by_peer[peer_bucket(peer)];
    while (s != NULL && !(s->p.out_spi == out_spi && addr_equal(&s->p.prop.peer, peer)))
        s = s->peer_next;
    return s;
}

/* ---- flows ---- */
/* One by one: the data plane counts meanwhile. */
void ipsec_counters_copy(const struct flow_counters *from, struct flow_counters *to)
{
    typedef _Atomic(uint64_t) counter;
    const counter *f = (const counter *)from;
    counter *t = (counter *)to;
    for (size_t i = 0; i < sizeof *to / sizeof *t; i++)
        STAT_SET(&t[i], f != NULL ? STAT_GET(&f[i]) : 0);
}

struct flow **ipsec_flow_bucket(struct ipsec *st, const struct addr *remote)
{
    return &st->by_remote[peer_bucket(remote)];
}

static struct flow **flow_list(struct ipsec *st, const struct ipsec_ident *id)
{
    return id->remote.len == 32 ? ipsec_flow_bucket(st, &id->remote.addr) : &st->wide;
}

struct flow *ipsec_flow_find(struct ipsec *st, struct binding *b, uint32_t seq, const struct ipsec_ident *ident,
                             const struct addr *peer, bool exact_peer)
{
    for (struct flow *f = *flow_list(st, ident); f != NULL; f = f->hash_next)
        if (f->b == b && f->seq == seq && ipsec_ident_equal(&f->ident, ident) &&
            (!exact_peer || addr_equal(&f->peer, peer)))
            return f;
    return NULL;
}

struct flow *ipsec_flow_get(struct ipsec *st, struct binding *b, uint32_t seq, bool dynamic,
                            const struct ipsec_ident *ident, const struct addr *peer)
{
    struct flow *f = ipsec_flow_find(st, b, seq, ident, peer, true);
    if (f != NULL)
        return f;
    if (st->n_flows >= IPSEC_FLOWS_MAX || (f = calloc(1, sizeof *f)) == NULL)
        return NULL;
    f->b = b;
    f->seq = seq;
    f->dynamic = dynamic;
    f->ident = *ident;
    f->peer = *peer;
    f->peer_port = 500;
    f->prev = st->flows_last;
    *(f->prev != NULL ? &f->prev->next : &st->flows) = f;
    st->flows_last = f;
    f->hash_next = *flow_list(st, ident);
    *flow_list(st, ident) = f;
    st->n_flows++;
    return f;
}

void ipsec_flow_forget(struct ipsec *st, struct flow *f)
{
    struct flow **at = flow_list(st, &f->ident);
    while (*at != f)
        at = &(*at)->hash_next;
    *at = f->hash_next;
    for (struct flow_place *p = st->places; p != NULL; p = p->next)
        if (p->f == f)
            p->f = f->next;
    *(f->prev != NULL ? &f->prev->next : &st->flows) = f->next;
    *(f->next != NULL ? &f->next->prev : &st->flows_last) = f->prev;
    st->n_flows--;
    ipsec_policy_changed(st);
    net_dp_retire(st->r, f, free);
}

void ipsec_flow_choose(struct flow *f)
{
    f->out = NULL;
    for (struct sa *s = f->pairs; s != NULL; s = s->flow_next)
        if (s->enabled && s->active && !s->dying)
            f->out = s; /* the newest */
    ipsec_policy_changed(f->b->st);
}

/* ---- SPIs ---- */
uint32_t ipsec_spi_alloc(struct router *r)
{
    struct ipsec *st = ipsec_of(r);
    nstime now = loop_now(r->loop);
    unsigned n = 0;
    for (unsigned i = 0; i < st->n_spis; i++) /* a negotiation that died takes its reservation along */
        if (st->spis[i].until > now)
            st->spis[n++] = st->spis[i];
    st->n_spis = n;
    if (n >= IPSEC_SPIS_MAX)
        return 0;
    for (;;) {
        uint32_t spi = rng_u32(r, RNG_SPI);
        bool taken = spi <= 255 || ipsec_sa_by_spi(st, spi) != NULL; /* RFC 4303 2.1: 1..255 are IANA's */
        for (unsigned i = 0; i < n && !taken; i++)
            taken = st->spis[i].spi == spi;
        if (taken)
            continue;
        st->spis[st->n_spis++] = (struct spi_reserved){.spi = spi, .until = now + 180 * NS_PER_S};
        return spi;
    }
}

void ipsec_spi_release(struct router *r, uint32_t spi)
{
    struct ipsec *st = ipsec_of(r);
    for (unsigned i = 0; i < st->n_spis; i++)
        if (st->spis[i].spi == spi) {
            memmove(&st->spis[i], &st->spis[i + 1], (st->n_spis - i - 1) * sizeof *st->spis);
            st->n_spis--;
            return;
        }
}

/* ---- lifetimes ---- */
uint32_t ipsec_sa_left_s(const struct sa *s)
{
    nstime left = s->hard_at - loop_now(s->st->r->loop);
    return left > 0 ? (uint32_t)((left + NS_PER_S - 1) / NS_PER_S) : 0;
}

uint32_t ipsec_sa_left_kb(const struct sa *s, bool inbound)
{
    uint64_t used = (inbound ? s->in_bytes : s->out_bytes) / 1024;
    return used < s->p.life_kb ? s->p.life_kb - (uint32_t)used : 0;
}

void ipsec_sa_rekey(struct sa *s, const char *why)
{
    struct ipsec *st = s->st;
    if (s->rekeying || !s->active || s->dying || s->frozen || loop_now(st->r->loop) < s->rekey_after)
        return;
    s->rekeying = true;
    struct sa *newest = s->flow->out; /* a successor is there already */
    if (newest != NULL && newest->serial > s->serial)
        return;
    DEBUG(st, DBG_IPSEC, "IPSEC(key_engine): rekey of spi 0x%X: %s", s->p.in_spi, why);
    if (st->km == NULL || st->km->rekey == NULL)
        return;
    struct ipsec_pair now; /* with the proposal as it is configured today, if it still is */
    ipsec_pair_of(s, &now);
    struct ipsec_proposal agreed = now.prop;
    bool dyn = s->p.prop.dynamic_map[0] != '\0';
    struct crypto_map *m = ipsec_binding_map(s->b), *d = dyn ? ipsec_dynmap_find(st, s->p.prop.dynamic_map) : m;
    struct map_entry *e = m != NULL ? ipsec_entry_find(m, s->p.prop.seq, false) : NULL;
    struct map_entry *tmpl = d != NULL ? ipsec_entry_find(d, dyn ? s->p.prop.dynamic_seq : s->p.prop.seq, false) : NULL;
    if (e != NULL && tmpl != NULL) {
        ipsec_proposal_fill(s->b, e, tmpl, s->p.prop.dynamic_map, &s->p.prop.ident, &s->p.prop.peer, &now.prop);
        now.prop.local = s->p.prop.local;
        if (now.prop.n_transforms == 0)
            now.prop = agreed;
    }
    st->km->rekey(st->km_ctx, &now, why, 0);
    crypto_wipe(&now, sizeof now);
}

/* A rekey that failed is tried again while the pair lives. */
void ipsec_sa_rekey_failed(struct ipsec *st, const struct ipsec_proposal *p)
{
    for (struct sa *s = st->by_peer[peer_bucket(&p->peer)]; s != NULL; s = s->peer_next)
        if (s->rekeying && s->active && !s->dying && s->flow->out == s && s->p.prop.seq == p->seq &&
            ipsec_ident_equal(&s->p.prop.ident, &p->ident)) {
            nstime pause = timer_left(&s->hard) / 3;
            if (pause < NS_PER_S)
                pause = NS_PER_S;
            s->rekeying = false;
            s->rekey_after = loop_now(st->r->loop) + pause;
            timer_start(&s->soft, pause);
        }
}

static void soft_fired(void *arg)
{
    struct sa *s = arg;
    if (!s->active)
        return; /* a standby never acts on soft expiry (state-sync 4.5 (5)) */
    timer_start_at(&s->hard, s->hard_at);
    ipsec_sa_rekey(s, "lifetime (seconds)");
}

static void hard_fired(void *arg)
{
    struct sa *s = arg;
    ipsec_sa_delete(s, s->active ? "lifetime expired" : "lifetime expired on the standby", s->active, true, 0);
}

/* The initiator of the pair rekeys first; the other side only if nothing came (a collision costs two pairs). A
 * standby's soft timer runs so that a takeover finds it armed; its hard timer has some grace, which ends when soft
 * fires. */
void ipsec_sa_start_timers(struct sa *s, nstime life_left)
{
    struct ipsec *st = s->st;
    nstime lead = (s->p.initiator ? IPSEC_SOFT_LEAD : IPSEC_SOFT_LEAD / 2) * NS_PER_S;
    nstime jitter = (nstime)rng_below(st->r, RNG_JITTER, 3000) * NS_PER_MS;
    if (life_left < 3 * lead)
        lead = life_left / 4;
    s->hard_at = loop_now(st->r->loop) + life_left;
    timer_start(&s->soft, life_left - lead + (life_left > 10 * jitter ? jitter : 0));
    timer_start(&s->hard, s->active ? life_left : life_left + IPSEC_STANDBY_GRACE);
}

/* ---- create and delete ---- */
struct sa *ipsec_sa_create(struct ipsec *st, const struct ipsec_pair *p, struct binding *b, int *err)
{
    *err = -EINVAL;
    struct esp_suite suite;
    const struct ipsec_transform *t = &p->prop.transforms[0];
    if (p->in_spi <= 255 || p->out_spi <= 255 || esp_suite_make(&suite, t->cipher, t->key_bits, t->auth) != 0)
        return NULL;
    *err = -EEXIST;
    if (ipsec_sa_by_spi(st, p->in_spi) != NULL)
        return NULL;
    *err = -ENOSPC;
    if (st->n_sas >= IPSEC_SAS_MAX)
        return NULL;
    struct flow *flow =
        ipsec_flow_get(st, b, p->prop.seq, p->prop.dynamic_map[0] != '\0', &p->prop.ident, &p->prop.peer);
    struct sa *s = flow != NULL ? calloc(1, sizeof *s) : NULL;
    if (s == NULL) {
        if (flow != NULL && flow->sas == 0)
            ipsec_flow_forget(st, flow);
        return NULL;
    }
    s->st = st;
    s->b = b;
    s->flow = flow;
    bool kept = ipsec_pair_keep(s, p);
    s->suite = suite;
    s->in_kb_sent = s->out_kb_sent = p->life_kb;
    s->serial = ++st->serial;
    s->conn_out = ++st->conn_next;
    s->conn_in = ++st->conn_next;
    s->open = esp_key_new(&suite, p->in.cipher, p->in.auth, false);
    s->seal = esp_key_new(&suite, p->out.cipher, p->out.auth, true);
    if (!kept || s->open == NULL || s->seal == NULL) {
        esp_key_free(s->open);
        esp_key_free(s->seal);
        ipsec_pair_drop(s);
        crypto_wipe(s, sizeof *s);
        free(s);
        if (flow->sas == 0)
            ipsec_flow_forget(st, flow);
        return NULL;
    }
    const struct map_entry *tmpl = NULL;
    struct crypto_map *m =
        p->prop.dynamic_map[0] != '\0' ? ipsec_dynmap_find(st, p->prop.dynamic_map) : ipsec_binding_map(b);
    if (m != NULL)
        tmpl = ipsec_entry_find(m, p->prop.dynamic_map[0] != '\0' ? p->prop.dynamic_seq : p->prop.seq, false);
    ipsec_replay_init(&s->win,
                      suite.icv_len == 0 ? 0 : ipsec_entry_window(st, tmpl)); /* no ICV: no basis for a window */
    s->ha = b->stateful;
    s->born = loop_now(st->r->loop);
    timer_init(&s->soft, st->r->loop, soft_fired, s);
    timer_init(&s->hard, st->r->loop, hard_fired, s);
    timer_init(&s->push, st->r->loop, (void (*)(void *))ipsec_ha_push, s);
    s->prev = st->last;
    *(st->last != NULL ? &st->last->next : &st->first) = s;
    st->last = s;
    s->spi_next = st->by_spi[spi_bucket(p->in_spi)];
    st->by_spi[spi_bucket(p->in_spi)] = s;
    s->peer_next = st->by_peer[peer_bucket(&p->prop.peer)];
    st->by_peer[peer_bucket(&p->prop.peer)] = s;
    st->n_sas++;
    st->n_ha += s->ha;
    struct sa **tail = &flow->pairs;
    while (*tail != NULL)
        tail = &(*tail)->flow_next;
    *tail = s;
    if (flow->sas++ == 0)
        flow->up_since = s->born;
    flow->peer_port = p->peer_port != 0 ? p->peer_port : 500;
    ipsec_spi_release(st->r, p->in_spi);
    ipsec_sa_keys_record(s);
    *err = 0;
    return s;
}

static void sa_unlink(struct sa *s)
{
    struct ipsec *st = s->st;
    struct sa **at = &st->by_spi[spi_bucket(s->p.in_spi)];
    while (*at != s)
        at = &(*at)->spi_next;
    *at = s->spi_next;
    at = &st->by_peer[peer_bucket(&s->p.prop.peer)];
    while (*at != s)
        at = &(*at)->peer_next;
    *at = s->peer_next;
    at = &s->flow->pairs;
    while (*at != s)
        at = &(*at)->flow_next;
    *at = s->flow_next;
    *(s->prev != NULL ? &s->prev->next : &st->first) = s->next;
    *(s->next != NULL ? &s->next->prev : &st->last) = s->prev;
    st->n_sas--;
    st->n_ha -= s->ha;
    ipsec_pair_drop(s);
}

static void sa_free(void *p)
{
    struct sa *s = p;
    esp_key_free(s->open);
    esp_key_free(s->seal);
    crypto_wipe(s, sizeof *s);
    free(s);
}

/* No packet finds it any more; it goes once none has it in hand. */
static void sa_retire(struct sa *s)
{
    timer_stop(&s->soft);
    timer_stop(&s->hard);
    timer_stop(&s->push);
    ipsec_policy_changed(s->st);
    loop_defer(s->st->r->loop, &s->st->forget);
    net_dp_retire(s->st->r, s, sa_free);
}

void ipsec_sa_delete(struct sa *s, const char *reason, bool tell_peer, bool tell_standby, event_id cause)
{
    struct ipsec *st = s->st;
    struct router *r = st->r;
    struct ipsec_pair p;
    struct flow *f = s->flow;
    ipsec_pair_of(s, &p);
    bool was_active = s->active;
    /* Queued before the DELETE leaves: the standby never resurrects a deleted SA (state-sync 4.5 (4)). */
    if (s->ha && was_active && tell_standby) {
        struct sync_key key = ipsec_ha_key(p.in_spi);
        sync_deleted(r, &ipsec_sync_sa, &key, 1);
        DEBUG(st, DBG_HA, "IPSec HA (crypto_ha_ipsec_notify_del_sa): SA 0x%X deleted... notifying HA Mgr", p.in_spi);
        ipsec_debug_ha_bundle(s->st, &p, true, false);
    }
    ipsec_debug_sa_deleted(s, reason);
    ipsec_rri_remove(s);
    sa_unlink(s);
    f->sas--;
    if (f->out == s)
        ipsec_flow_choose(f);
    sa_retire(s);
    if (f->sas == 0 && f->dynamic)
        ipsec_flow_forget(st, f);
    log_event(r, cause, "ipsec", "sa-delete", "spi 0x%X %s", p.in_spi, reason);
    if (tell_peer && was_active && st->km != NULL && st->km->notify_delete != NULL)
        st->km->notify_delete(st->km_ctx, &p.prop.local, &p.prop.peer, p.cookies, &p.in_spi, 1);
    crypto_wipe(&p, sizeof p);
}

/* The entry goes away: so do its SAs, and the peers are told. */
void ipsec_entry_drop_sas(struct ipsec *st, const char *map, uint32_t seq, const char *dynamic)
{
    for (struct sa *s = st->first, *next; s != NULL; s = next) {
        const struct sa_pair *p = &s->p;
        next = s->next;
        if (dynamic != NULL ? strcmp(p->prop.dynamic_map, dynamic) == 0 && p->prop.dynamic_seq == seq
                            : strcmp(p->prop.map, map) == 0 && p->prop.seq == seq)
            ipsec_sa_delete(s, "crypto map entry removed", true, true, 0);
    }
    for (struct flow *f = st->flows, *next; f != NULL; f = next) {
        next = f->next;
        if (map != NULL && f->sas == 0 && f->seq == seq && strcmp(f->b->map, map) == 0)
            ipsec_flow_forget(st, f);
    }
}

void ipsec_sadb_free(struct ipsec *st)
{
    while (st->first != NULL) {
        struct sa *s = st->first;
        ipsec_rri_remove(s); /* its gate is the binding's */
        sa_unlink(s);
        sa_retire(s);
    }
    while (st->flows != NULL) {
        struct flow *f = st->flows;
        st->flows = f->next;
        net_dp_retire(st->r, f, free);
    }
}
