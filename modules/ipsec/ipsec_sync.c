/* The sync classes of IPsec (state-sync.md 4.3, 4.4): "ipsec-sa" carries a whole pair with its keys and numbers,
 * "replay" only the numbers. Records are TLVs; unknown ones are skipped unless critical. Encoding a record is what
 * fixes a reservation: the limit counts from the moment it is handed over. Called by the redundancy module. */
#include "modules/ipsec/ipsec_internal.h"
#include <stdio.h>
#include <string.h>

enum tlv {
    TLV_VRF = 1,
    TLV_SPIS,
    TLV_FLAGS,
    TLV_ENDPOINTS,
    TLV_IDENT,
    TLV_MAP,
    TLV_DYNAMIC,
    TLV_GROUP,
    TLV_TRANSFORM,
    TLV_KEYS,
    TLV_LIFE,
    TLV_COOKIES,
    TLV_PORTS,
    TLV_PFS,
    TLV_NUMBERS,
    TLV_BYTES,
    TLV_WINDOW,
    TLV_CRITICAL = 0x8000
};
enum { FLAG_UDP = 1, FLAG_INITIATOR = 2, FLAG_ENABLED = 4 };
enum { NUM_EXACT = 1 };

static size_t tlv_open(struct builder *b, unsigned type)
{
    builder_u16(b, (uint16_t)type);
    builder_u16(b, 0);
    return builder_mark(b);
}

static void tlv_close(struct builder *b, size_t at)
{
    builder_patch_u16(b, at - 2, (uint16_t)(builder_mark(b) - at));
}

static void put_addr(struct builder *b, const struct addr *a)
{
    builder_u8(b, a->family);
    builder_bytes(b, a->b, 16);
}

static void get_addr(struct cursor *c, struct addr *a)
{
    a->family = cursor_u8(c);
    cursor_bytes(c, a->b, 16);
    if (a->family != ADDR_V4)
        c->error = true;
}

static void put_prefix(struct builder *b, const struct prefix *p)
{
    put_addr(b, &p->addr);
    builder_u8(b, p->len);
}

static void get_prefix(struct cursor *c, struct prefix *p)
{
    get_addr(c, &p->addr);
    p->len = cursor_u8(c);
    if (p->len > 32)
        c->error = true;
    else
        *p = prefix_make(&p->addr, p->len);
}

static void put_name(struct builder *b, const char *s)
{
    size_t n = strlen(s);
    builder_u8(b, (uint8_t)n);
    builder_bytes(b, s, n);
}

static void get_name(struct cursor *c, char *out, size_t cap)
{
    uint8_t n = cursor_u8(c);
    const uint8_t *p = cursor_take(c, n);
    if (p == NULL || n >= cap || memchr(p, 0, n) != NULL) {
        c->error = true;
        return;
    }
    memcpy(out, p, n);
    out[n] = '\0';
}

static struct sa *by_key(struct ipsec *st, const struct sync_key *key)
{
    if (key->len != 4)
        return NULL;
    struct cursor c = cursor_make(key->b, 4);
    return ipsec_sa_by_spi(st, cursor_u32(&c));
}

/* ---- encode ---- */
static void encode_numbers(struct sa *s, struct builder *b, uint32_t *handed)
{
    nstime now = loop_now(s->st->r->loop);
    uint32_t n, m;
    ipsec_ha_interval(s, &n, &m);
    bool exact = s->frozen;
    uint64_t limit = s->seq + (uint64_t)(exact || !s->active ? 0 : m);
    if (s->active && !exact && limit < s->granted) /* the data plane may be there already */
        limit = s->granted;
    if (limit > UINT32_MAX)
        limit = UINT32_MAX;
    uint32_t rate = now - s->rate_at < 2 * NS_PER_S ? s->rate : 0;
    if (now - s->rate_at < NS_PER_S && s->rate_count > rate)
        rate = s->rate_count;
    size_t at = tlv_open(b, TLV_NUMBERS | TLV_CRITICAL);
    builder_u32(b, s->win.top);
    builder_u32(b, (uint32_t)limit);
    builder_u32(b, rate);
    builder_u32(b, n);
    builder_u32(b, m);
    builder_u8(b, exact ? NUM_EXACT : 0);
    tlv_close(b, at);
    at = tlv_open(b, TLV_BYTES);
    builder_u64(b, s->in_bytes);
    builder_u64(b, s->out_bytes);
    tlv_close(b, at);
    if (exact) {
        at = tlv_open(b, TLV_WINDOW);
        builder_u32(b, s->win.floor);
        for (unsigned i = 0; i < REPLAY_WORDS; i++)
            builder_u64(b, s->win.bits[i]);
        tlv_close(b, at);
    }
    if (!builder_ok(b))
        return;
    if (s->active)
        ipsec_reserve_handed(&s->res, (uint32_t)limit, now);
    *handed = (uint32_t)limit;
    s->synced_in = s->in_packets;
    s->in_kb_sent = ipsec_sa_left_kb(s, true);
    s->out_kb_sent = ipsec_sa_left_kb(s, false);
    timer_stop(&s->push);
    s->push_armed = false;
}

static enum sync_result encode_replay(struct router *r, const struct sync_key *key, struct builder *b)
{
    struct ipsec *st = ipsec_of(r);
    struct sa *s = by_key(st, key);
    if (s == NULL || !s->ha)
        return SYNC_GONE;
    encode_numbers(s, b, &s->handed_replay);
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
    const struct sa_pair *p = &s->p;
    const struct ipsec_transform *t = &p->prop.transforms[0];
    ipsec_debug_ha_bundle_sent(s);
    size_t at = tlv_open(b, TLV_VRF);
    builder_u32(b, 0);
    tlv_close(b, at);
    at = tlv_open(b, TLV_SPIS | TLV_CRITICAL);
    builder_u32(b, p->in_spi);
    builder_u32(b, p->out_spi);
    tlv_close(b, at);
    at = tlv_open(b, TLV_FLAGS | TLV_CRITICAL);
    builder_u8(b, (uint8_t)((p->udp_encap ? FLAG_UDP : 0) | (p->initiator ? FLAG_INITIATOR : 0) |
                            (s->enabled ? FLAG_ENABLED : 0)));
    tlv_close(b, at);
    at = tlv_open(b, TLV_ENDPOINTS | TLV_CRITICAL);
    put_addr(b, &p->prop.local);
    put_addr(b, &p->prop.peer);
    tlv_close(b, at);
    at = tlv_open(b, TLV_IDENT | TLV_CRITICAL);
    put_prefix(b, &p->prop.ident.local);
    put_prefix(b, &p->prop.ident.remote);
    builder_u8(b, p->prop.ident.proto);
    builder_u16(b, p->prop.ident.lport);
    builder_u16(b, p->prop.ident.rport);
    tlv_close(b, at);
    at = tlv_open(b, TLV_MAP | TLV_CRITICAL);
    put_name(b, p->prop.map);
    builder_u32(b, p->prop.seq);
    tlv_close(b, at);
    at = tlv_open(b, TLV_DYNAMIC);
    put_name(b, p->prop.dynamic_map);
    builder_u32(b, p->prop.dynamic_seq);
    tlv_close(b, at);
    at = tlv_open(b, TLV_GROUP | TLV_CRITICAL);
    put_name(b, p->prop.group);
    tlv_close(b, at);
    at = tlv_open(b, TLV_TRANSFORM | TLV_CRITICAL);
    put_name(b, t->name);
    builder_u8(b, (uint8_t)t->cipher);
    builder_u16(b, t->key_bits);
    builder_u8(b, (uint8_t)t->auth);
    builder_u8(b, t->transport);
    builder_u32(b, s->win.size);
    tlv_close(b, at);
    at = tlv_open(b, TLV_KEYS | TLV_CRITICAL);
    builder_u8(b, s->suite.key_len);
    builder_u8(b, s->suite.auth_key_len);
    builder_bytes(b, p->in.cipher, s->suite.key_len);
    builder_bytes(b, p->in.auth, s->suite.auth_key_len);
    builder_bytes(b, p->out.cipher, s->suite.key_len);
    builder_bytes(b, p->out.auth, s->suite.auth_key_len);
    tlv_close(b, at);
    at = tlv_open(b, TLV_LIFE | TLV_CRITICAL);
    nstime left = s->hard_at - loop_now(r->loop);
    builder_u32(b, p->life_s);
    builder_u32(b, p->life_kb);
    builder_u32(b, left > 0 ? (uint32_t)(left / NS_PER_MS) : 0);
    tlv_close(b, at);
    at = tlv_open(b, TLV_COOKIES | TLV_CRITICAL);
    builder_bytes(b, p->cookies, 16);
    builder_u32(b, p->message_id);
    tlv_close(b, at);
    at = tlv_open(b, TLV_PORTS | TLV_CRITICAL);
    builder_u16(b, p->local_port);
    builder_u16(b, p->peer_port);
    tlv_close(b, at);
    at = tlv_open(b, TLV_PFS);
    builder_u16(b, (uint16_t)p->pfs_group);
    tlv_close(b, at);
    encode_numbers(s, b, &s->handed_sa);
    return SYNC_OK;
}

/* ---- decode ---- */
struct record {
    struct ipsec_pair p;
    bool enabled, has_numbers, exact, has_window;
    uint8_t key_len, auth_key_len;
    uint32_t win_size, left_ms, edge, limit, rate, n, m, floor;
    uint64_t in_bytes, out_bytes, bits[REPLAY_WORDS];
    unsigned seen;
};

static void decode_keys(struct cursor *c, struct record *rec)
{
    uint8_t k = cursor_u8(c), a = cursor_u8(c);
    if (k > CRYPTO_KEY_MAX || a > CRYPTO_HASH_MAX || cursor_left(c) != 2u * (k + (size_t)a)) {
        c->error = true;
        return;
    }
    rec->key_len = k;
    rec->auth_key_len = a;
    cursor_bytes(c, rec->p.in.cipher, k);
    cursor_bytes(c, rec->p.in.auth, a);
    cursor_bytes(c, rec->p.out.cipher, k);
    cursor_bytes(c, rec->p.out.auth, a);
}

static void decode_tlv(unsigned type, struct cursor *c, struct record *rec)
{
    struct ipsec_pair *p = &rec->p;
    struct ipsec_transform *t = &p->prop.transforms[0];
    switch (type & ~(unsigned)TLV_CRITICAL) {
    case TLV_VRF:
        cursor_u32(c);
        break;
    case TLV_SPIS:
        p->in_spi = cursor_u32(c);
        p->out_spi = cursor_u32(c);
        break;
    case TLV_FLAGS: {
        uint8_t f = cursor_u8(c);
        p->udp_encap = (f & FLAG_UDP) != 0;
        p->initiator = (f & FLAG_INITIATOR) != 0;
        rec->enabled = (f & FLAG_ENABLED) != 0;
        break;
    }
    case TLV_ENDPOINTS:
        get_addr(c, &p->prop.local);
        get_addr(c, &p->prop.peer);
        break;
    case TLV_IDENT:
        get_prefix(c, &p->prop.ident.local);
        get_prefix(c, &p->prop.ident.remote);
        p->prop.ident.proto = cursor_u8(c);
        p->prop.ident.lport = cursor_u16(c);
        p->prop.ident.rport = cursor_u16(c);
        break;
    case TLV_MAP:
        get_name(c, p->prop.map, sizeof p->prop.map);
        p->prop.seq = cursor_u32(c);
        break;
    case TLV_DYNAMIC:
        get_name(c, p->prop.dynamic_map, sizeof p->prop.dynamic_map);
        p->prop.dynamic_seq = cursor_u32(c);
        break;
    case TLV_GROUP:
        get_name(c, p->prop.group, sizeof p->prop.group);
        break;
    case TLV_TRANSFORM:
        get_name(c, t->name, sizeof t->name);
        t->cipher = (enum crypto_cipher)cursor_u8(c);
        t->key_bits = cursor_u16(c);
        t->auth = (enum crypto_hash)cursor_u8(c);
        t->transport = cursor_u8(c) != 0;
        rec->win_size = cursor_u32(c);
        break;
    case TLV_KEYS:
        decode_keys(c, rec);
        break;
    case TLV_LIFE:
        p->life_s = cursor_u32(c);
        p->life_kb = cursor_u32(c);
        rec->left_ms = cursor_u32(c);
        break;
    case TLV_COOKIES:
        cursor_bytes(c, p->cookies, 16);
        p->message_id = cursor_u32(c);
        break;
    case TLV_PORTS:
        p->local_port = cursor_u16(c);
        p->peer_port = cursor_u16(c);
        break;
    case TLV_PFS:
        p->pfs_group = cursor_u16(c);
        break;
    case TLV_NUMBERS:
        rec->edge = cursor_u32(c);
        rec->limit = cursor_u32(c);
        rec->rate = cursor_u32(c);
        rec->n = cursor_u32(c);
        rec->m = cursor_u32(c);
        rec->exact = (cursor_u8(c) & NUM_EXACT) != 0;
        rec->has_numbers = true;
        break;
    case TLV_BYTES:
        rec->in_bytes = cursor_u64(c);
        rec->out_bytes = cursor_u64(c);
        break;
    case TLV_WINDOW:
        rec->floor = cursor_u32(c);
        for (unsigned i = 0; i < REPLAY_WORDS; i++)
            rec->bits[i] = cursor_u64(c);
        rec->has_window = true;
        break;
    default:
        if ((type & TLV_CRITICAL) != 0)
            c->error = true;
        return;
    }
    unsigned bit = 1u << (type & 31);
    if ((rec->seen & bit) != 0) /* twice: which one would count? */
        c->error = true;
    rec->seen |= bit;
}

static bool decode(struct cursor *c, struct record *rec)
{
    memset(rec, 0, sizeof *rec);
    while (cursor_ok(c) && cursor_left(c) != 0) {
        unsigned type = cursor_u16(c);
        struct cursor v = cursor_sub(c, cursor_u16(c));
        if (!cursor_ok(c))
            return false;
        decode_tlv(type, &v, rec);
        if (!cursor_ok(&v))
            return false;
    }
    return cursor_ok(c);
}

/* ---- apply ---- */
static void apply_numbers(struct sa *s, const struct record *rec)
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
    struct record rec;
    (void)cause;
    if (!decode(c, &rec) || !rec.has_numbers)
        return SYNC_RESYNC;
    if (s == NULL) /* refused or expired here: the active has more than we do, which is no reason for a snapshot */
        return SYNC_OK;
    if (s->active)
        return SYNC_OK;
    apply_numbers(s, &rec);
    DEBUG(st, DBG_HA_UPDATE, "IPSec HA(recv_update_struct): spi 0x%X inbound last seq %u, outbound seq %u%s",
          s->p.in_spi, rec.edge, rec.limit, rec.exact ? " (exact)" : "");
    return SYNC_OK;
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
    static const unsigned need = 1u << TLV_SPIS | 1u << TLV_FLAGS | 1u << TLV_ENDPOINTS | 1u << TLV_IDENT |
                                 1u << TLV_MAP | 1u << TLV_GROUP | 1u << TLV_TRANSFORM | 1u << TLV_KEYS |
                                 1u << TLV_LIFE | 1u << TLV_COOKIES | 1u << TLV_NUMBERS;
    struct record rec;
    enum sync_result rc = SYNC_RESYNC;
    struct sync_key want;
    if (!decode(c, &rec) || (rec.seen & need) != need)
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
