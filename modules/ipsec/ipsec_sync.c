/* The sync classes of IPsec (state-sync.md 4.3, 4.4): "ipsec-sa" carries a whole pair with its keys and numbers,
 * "replay" only the numbers; ipsec_record.c has their bytes. Called by the redundancy module. */
#include "modules/ipsec/ipsec_record.h"
#include <stdio.h>
#include <string.h>

static struct sa *by_key(struct ipsec *st, const struct sync_key *key)
{
    if (key->len != 4)
        return NULL;
    struct cursor c = cursor_make(key->b, 4);
    return ipsec_sa_by_spi(st, cursor_u32(&c));
}

static enum sync_result encode_replay(struct router *r, const struct sync_key *key, struct builder *b)
{
    struct ipsec *st = ipsec_of(r);
    struct sa *s = by_key(st, key);
    if (s == NULL || !s->ha)
        return SYNC_GONE;
    ipsec_record_encode_numbers(s, b, &s->handed_replay);
    if (DBG(st, DBG_HA_UPDATE)) {
        char a[ADDR_STRLEN];
        DEBUG(st, DBG_HA_UPDATE, "IPSec HA(check_seq_window): VIP %s spi 0x%X inbound window update sent, last seq %u",
              addr_format(&s->p.prop.local, a), s->p.in_spi, s->win.top);
        DEBUG(st, DBG_HA_UPDATE, "IPSec HA(send_update_struct): spi 0x%X outbound seq %u", s->p.out_spi, s->res.sent);
    }
    return SYNC_OK;
}

static enum sync_result encode_sa(struct router *r, const struct sync_key *key, struct builder *b)
{
    struct sa *s = by_key(ipsec_of(r), key);
    if (s == NULL || !s->ha)
        return SYNC_GONE;
    ipsec_debug_ha_bundle_sent(s);
    ipsec_record_encode(s, b);
    return SYNC_OK;
}

/* ---- apply ---- */
static void apply_numbers(struct sa *s, const struct ipsec_record *rec)
{
    nstime now = loop_now(s->st->r->loop);
    s->exact = rec->exact && rec->has_window;
    if (s->own && rec->limit < s->seq && !s->exact)
        s->exact = false; /* never below what we used ourselves */
    else
        s->seq = rec->limit;
    if (s->exact) {
        s->win.top = rec->edge;
        s->win.floor = rec->floor;
        memcpy(s->win.bits, rec->bits, sizeof s->win.bits);
    } else if (rec->edge > s->win.top || s->win.top == 0) {
        memset(s->win.bits, 0, sizeof s->win.bits);
        s->win.top = rec->edge;
    }
    s->own = false;
    s->stale = false;
    s->rec_rate = rec->rate;
    s->rec_m = rec->m;
    s->rec_n = rec->n;
    s->in_bytes = rec->in_bytes;
    s->out_bytes = rec->out_bytes;
    s->record_at = now;
}

static enum sync_result apply_replay(struct router *r, const struct sync_key *key, struct cursor *c, event_id cause)
{
    struct ipsec *st = ipsec_of(r);
    struct sa *s = by_key(st, key);
    struct ipsec_record rec;
    (void)cause;
    bool good = ipsec_record_decode(c, &rec) && rec.has_numbers;
    /* No SA: refused or expired here. The active has more than we do, which is no reason for a snapshot. */
    if (good && s != NULL && !s->active) {
        apply_numbers(s, &rec);
        DEBUG(st, DBG_HA_UPDATE, "IPSec HA(recv_update_struct): spi 0x%X inbound last seq %u, outbound seq %u%s",
              s->p.in_spi, rec.edge, rec.limit, rec.exact ? " (exact)" : "");
    }
    crypto_wipe(&rec, sizeof rec); /* who sends keys in it has them forgotten */
    return good ? SYNC_OK : SYNC_RESYNC;
}

static enum sync_result refuse(struct ipsec *st, const struct ipsec_pair *p, const char *what, const char *name)
{
    if (log_ratelimit(st->r, "CRYPTO_HA_IPSEC-SA_REFUSED", 2))
        log_syslog(st->r, 0, "CRYPTO_HA_IPSEC", LOG_WARNING_, "SA_REFUSED",
                   "IPsec SA 0x%X of crypto map %s cannot be held here: %s %s", p->in_spi, p->prop.map, what, name);
    return SYNC_REFUSED;
}

static enum sync_result apply_sa(struct router *r, const struct sync_key *key, struct cursor *c, event_id cause)
{
    struct ipsec *st = ipsec_of(r);
    struct ipsec_record rec;
    enum sync_result rc = SYNC_RESYNC;
    struct sync_key want;
    if (!ipsec_record_decode(c, &rec) || !ipsec_record_whole(&rec))
        goto out;
    want = ipsec_ha_key(rec.p.in_spi);
    if (key->len != 4 || memcmp(key->b, want.b, 4) != 0)
        goto out;
    DEBUG(st, DBG_HA, "IPSec HA (crypto_ha_ipsec_mgr_recv_add_sas): HA mgr wants to insert the following bundle");
    ipsec_debug_ha_bundle(st, &rec.p, false, true);
    struct binding *b = ipsec_binding_for_map(st, rec.p.prop.map, rec.p.prop.group);
    struct crypto_map *m = b != NULL ? ipsec_binding_map(b) : NULL;
    struct map_entry *e = m != NULL ? ipsec_entry_find(m, rec.p.prop.seq, false) : NULL;
    if (b == NULL || !b->stateful) {
        rc = refuse(st, &rec.p, "no interface with this map and redundancy group", rec.p.prop.group);
        goto out;
    }
    if (e == NULL || strcmp(e->dynamic, rec.p.prop.dynamic_map) != 0) {
        rc = refuse(st, &rec.p, "no such crypto map entry", "");
        goto out;
    }
    struct sa *s = ipsec_sa_by_spi(st, rec.p.in_spi);
    rc = SYNC_OK;
    if (s != NULL && s->active)
        goto out;
    struct esp_suite suite;
    if (esp_suite_make(&suite, rec.p.prop.transforms[0].cipher, rec.p.prop.transforms[0].key_bits,
                       rec.p.prop.transforms[0].auth) != 0 ||
        suite.key_len != rec.key_len || suite.auth_key_len != rec.auth_key_len) {
        rc = refuse(st, &rec.p, "unknown transform", rec.p.prop.transforms[0].name);
        goto out;
    }
    if (s != NULL && (s->p.out_spi != rec.p.out_spi || memcmp(&s->p.in, &rec.p.in, sizeof rec.p.in) != 0)) {
        ipsec_sa_delete(s, "replaced by the active unit", false, false, cause);
        s = NULL;
    }
    if (s == NULL) {
        int err;
        snprintf(rec.p.prop.interface, sizeof rec.p.prop.interface, "%s", b->ifname);
        rec.p.prop.stateful = true;
        rec.p.prop.n_transforms = 1;
        s = ipsec_sa_create(st, &rec.p, b, &err);
        if (s == NULL) {
            rc = refuse(st, &rec.p, "table full or bad parameters", "");
            goto out;
        }
        s->from_peer = true;
        ipsec_replay_init(&s->win, rec.win_size <= 1024 ? rec.win_size : 1024);
        DEBUG(st, DBG_HA,
              "IPSec HA (crypto_ha_ipsec_mgr_recv_add_sas): This SA is supposed to be insert into crypto map %s",
              b->map);
        log_event(r, cause, "ipsec", "sa-sync", "spi 0x%X out 0x%X", rec.p.in_spi, rec.p.out_spi);
        ipsec_debug_sa_created(s);
    }
    s->enabled = rec.enabled;
    s->p.peer_port = s->flow->peer_port = rec.p.peer_port != 0 ? rec.p.peer_port : 500;
    apply_numbers(s, &rec);
    ipsec_sa_start_timers(s, (nstime)rec.left_ms * NS_PER_MS);
    ipsec_rri_install(s);
    if (b->active) /* the record was on its way when the role changed */
        ipsec_ha_activate(s, cause);
out:
    crypto_wipe(&rec, sizeof rec);
    return rc;
}

static void enumerate(struct router *r, void (*emit)(void *ctx, const struct sync_key *key), void *ctx)
{
    for (struct sa *s = ipsec_of(r)->first; s != NULL; s = s->next)
        if (s->ha) {
            struct sync_key k = ipsec_ha_key(s->p.in_spi);
            emit(ctx, &k);
        }
}

static void acked_sa(struct router *r, const struct sync_key *key)
{
    struct sa *s = by_key(ipsec_of(r), key);
    if (s != NULL)
        ipsec_reserve_acked(&s->res, s->handed_sa, loop_now(r->loop));
}

static void acked_replay(struct router *r, const struct sync_key *key)
{
    struct sa *s = by_key(ipsec_of(r), key);
    if (s != NULL)
        ipsec_reserve_acked(&s->res, s->handed_replay, loop_now(r->loop));
}

static void remove_sa(struct router *r, const struct sync_key *key, uint8_t reason, event_id cause)
{
    struct sa *s = by_key(ipsec_of(r), key);
    (void)reason;
    if (s != NULL && s->ha && !s->active)
        ipsec_sa_delete(s, "deleted by the active unit", false, false, cause);
}

static void mark_stale(struct router *r)
{
    for (struct sa *s = ipsec_of(r)->first; s != NULL; s = s->next)
        if (s->ha && !s->active)
            s->stale = true;
}

static unsigned sweep_stale(struct router *r, event_id cause)
{
    unsigned n = 0;
    for (struct sa *s = ipsec_of(r)->first, *next; s != NULL; s = next) {
        next = s->next;
        if (s->ha && s->stale && !s->active) {
            ipsec_sa_delete(s, "not known to the active unit", false, false, cause);
            n++;
        }
    }
    return n;
}

static void discard_all(struct router *r, event_id cause)
{
    for (struct sa *s = ipsec_of(r)->first, *next; s != NULL; s = next) {
        next = s->next;
        if (s->ha)
            ipsec_sa_delete(s, "discarded: the other unit is active", false, false, cause);
    }
}

static uint32_t version(struct router *r, const struct sync_key *key)
{
    struct sa *s = by_key(ipsec_of(r), key);
    uint32_t h = 2166136261u, v[3];
    if (s == NULL)
        return 0;
    v[0] = s->p.in_spi;
    v[1] = s->p.out_spi;
    v[2] = s->p.message_id;
    for (unsigned i = 0; i < 3; i++)
        h = (h ^ v[i]) * 16777619u;
    return h != 0 ? h : 1;
}

const struct sync_class ipsec_sync_sa = {.name = "ipsec-sa",
                                         .add = 30,
                                         .update = 31,
                                         .del = 32,
                                         .rank = 20,
                                         .snapshot = true,
                                         .enumerate = enumerate,
                                         .count = ipsec_ha_count,
                                         .encode = encode_sa,
                                         .acked = acked_sa,
                                         .apply = apply_sa,
                                         .remove = remove_sa,
                                         .mark_stale = mark_stale,
                                         .sweep_stale = sweep_stale,
                                         .discard_all = discard_all,
                                         .version = version};
const struct sync_class ipsec_sync_replay = {.name = "replay",
                                             .add = 33,
                                             .rank = 30,
                                             .enumerate = enumerate,
                                             .encode = encode_replay,
                                             .acked = acked_replay,
                                             .apply = apply_replay};
