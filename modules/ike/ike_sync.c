/* IKE SAs as sync objects (state-sync 4.3, 4.4): the whole SA as TLVs, so that the standby holds what a takeover needs
 * and nothing else (derived keys, no pre-shared key, no DH secret). Called by redundancy through the sync classes. */
#include "modules/ike/ike_int.h"
#include <stdio.h>
#include <string.h>

enum { /* TLV types; bit 15: critical */
       T_ROLE = 0x8001,
       T_LOCAL = 0x8002,
       T_PEER = 0x8003,
       T_GROUP = 0x8004,
       T_POLICY = 0x8005,
       T_SKEYID_D = 0x8006,
       T_SKEYID_A = 0x8007,
       T_SKEYID_E = 0x8008,
       T_KA = 0x8009,
       T_LAST_BLOCK = 0x800a,
       T_LIFE = 0x800b,
       T_VERSION = 0x800c,
       T_VRF = 0x000d,
       T_NATT = 0x000e,
       T_CAPS = 0x000f,
       T_MY_ID = 0x0010,
       T_HIS_ID = 0x0011,
       T_DPD = 0x0012,
       T_MIDS = 0x0013,
       T_IFNAME = 0x0014,
       T_MAP = 0x0015,
       T_AGE = 0x0016,
       T_CONN = 0x0017,
       T_CONTACT = 0x0018
};

void ike_sync_key(const struct ike_sa *sa, struct sync_key *key)
{
    key->len = 16;
    memcpy(key->b, sa->ci, 8);
    memcpy(key->b + 8, sa->cr, 8);
}

static struct ike_sa *find(struct router *r, const struct sync_key *key)
{
    struct ike *k = ike_of(r);
    struct ike_sa *sa = k && key->len == 16 ? ike_sa_find(k, key->b, key->b + 8) : NULL;
    return sa && sa->established ? sa : NULL;
}

void ike_sync_changed(struct ike_sa *sa)
{
    struct sync_key key;
    if (!sa->stateful || sa->standby)
        return;
    sa->version++;
    ike_sync_key(sa, &key);
    sync_dirty(sa->ike->r, &ike_sync_sa, &key);
    sync_flush(sa->ike->r);
}

void ike_sync_gone(struct ike_sa *sa, uint8_t reason)
{
    struct sync_key key;
    if (!sa->stateful || sa->standby)
        return;
    ike_sync_key(sa, &key);
    ike_debug_ha_dump(sa, true, "Delete", 3);
    sync_deleted(sa->ike->r, &ike_sync_sa, &key, reason);
    sync_flush(sa->ike->r);
}

static void tlv(struct builder *b, uint16_t type, const void *p, size_t len)
{
    builder_u16(b, type);
    builder_u16(b, (uint16_t)len);
    builder_bytes(b, p, len);
}

static void tlv_words(struct builder *b, uint16_t type, const uint32_t *v, unsigned n)
{
    builder_u16(b, type);
    builder_u16(b, (uint16_t)(4 * n));
    for (unsigned i = 0; i < n; i++)
        builder_u32(b, v[i]);
}

static void sa_enumerate(struct router *r, void (*emit)(void *ctx, const struct sync_key *key), void *ctx)
{
    struct ike *k = ike_of(r);
    struct sync_key key;
    for (struct ike_sa *sa = k->first; sa; sa = sa->next)
        if (sa->stateful && sa->established && !sa->deleting) {
            ike_sync_key(sa, &key);
            emit(ctx, &key);
        }
}

static void dpd_tlv(const struct ike_sa *sa, struct builder *b)
{
    tlv_words(b, T_DPD, (uint32_t[]){sa->dpd_out, sa->dpd_in}, 2);
}

static void mids_tlv(const struct ike_sa *sa, struct builder *b)
{
    tlv_words(b, T_MIDS, sa->mids, IKE_MIDS);
}

static enum sync_result sa_encode(struct router *r, const struct sync_key *key, struct builder *b)
{
    struct ike_sa *sa = find(r, key);
    if (!sa || !sa->stateful)
        return SYNC_GONE;
    nstime now = loop_now(r->loop), left = sa->life_end - now;
    uint8_t role = sa->initiator, hlen = sa->keys.hlen;
    tlv(b, T_ROLE, &role, 1);
    tlv_words(b, T_LOCAL, (uint32_t[]){addr_v4_get(&sa->at.local), sa->at.lport}, 2);
    tlv_words(b, T_PEER, (uint32_t[]){addr_v4_get(&sa->at.peer), sa->at.pport}, 2);
    tlv(b, T_GROUP, sa->group, strlen(sa->group));
    tlv_words(b, T_POLICY,
              (uint32_t[]){sa->suite.cipher, sa->suite.key_bits, sa->suite.hash, sa->suite.auth, sa->suite.group,
                           sa->suite.life_s, sa->suite.priority},
              7);
    tlv(b, T_SKEYID_D, sa->keys.d, hlen);
    tlv(b, T_SKEYID_A, sa->keys.a, hlen);
    tlv(b, T_SKEYID_E, sa->keys.e, hlen);
    tlv(b, T_KA, sa->keys.ka, sa->keys.key_len);
    tlv(b, T_LAST_BLOCK, sa->last_block, sa->keys.block);
    tlv_words(b, T_LIFE, (uint32_t[]){left > 0 ? (uint32_t)(left / NS_PER_MS) : 0}, 1); /* ms: 86,400 s fit */
    tlv_words(b, T_VERSION, &sa->version, 1);
    tlv_words(b, T_VRF, (uint32_t[]){0}, 1);
    tlv_words(b, T_NATT, (uint32_t[]){sa->caps.natt, sa->nat_me, sa->nat_peer}, 3);
    tlv_words(b, T_CAPS,
              (uint32_t[]){(uint32_t)(sa->caps.dpd | sa->caps.unity << 1 | sa->caps.xauth << 2 | sa->caps.ios << 3 |
                                      sa->caps.frag << 4)},
              1);
    tlv(b, T_MY_ID, sa->my_id, sa->my_id_len);
    tlv(b, T_HIS_ID, sa->his_id, sa->his_id_len);
    dpd_tlv(sa, b);
    mids_tlv(sa, b);
    tlv(b, T_IFNAME, sa->ifname, strlen(sa->ifname));
    tlv(b, T_MAP, sa->map, strlen(sa->map));
    tlv_words(b, T_AGE, (uint32_t[]){(uint32_t)((now - sa->established) / NS_PER_S)}, 1);
    tlv_words(b, T_CONN, (uint32_t[]){sa->conn_id}, 1);
    tlv_words(b, T_CONTACT, (uint32_t[]){(uint32_t)(sa->initial_contact_sent | sa->initial_contact_seen << 1)}, 1);
    ike_debug_ha_dump(sa, true, "Add", 2);
    return SYNC_OK;
}

/* A received object, before it becomes an SA. */
struct object {
    struct ike_sa sa; /* only plain fields are used */
    uint32_t life_ms, age_s, conn;
    uint8_t d[CRYPTO_HASH_MAX], a[CRYPTO_HASH_MAX], e[CRYPTO_HASH_MAX], ka[CRYPTO_KEY_MAX];
    size_t d_len, a_len, e_len, ka_len, last_len;
    bool unknown, bad;
};

static void take_text(struct cursor *v, char *to, size_t cap, bool *bad)
{
    size_t n = cursor_left(v);
    if (n >= cap)
        *bad = true;
    else
        cursor_bytes(v, to, n);
}

static size_t take_bytes(struct cursor *v, uint8_t *to, size_t cap, bool *bad)
{
    size_t n = cursor_left(v);
    if (n > cap) {
        *bad = true;
        return 0;
    }
    cursor_bytes(v, to, n);
    return n;
}

static void decode_one(struct object *o, uint16_t type, struct cursor *v)
{
    struct ike_sa *sa = &o->sa;
    uint32_t caps;
    switch (type) {
    case T_ROLE:
        sa->initiator = cursor_u8(v) != 0;
        break;
    case T_LOCAL:
        sa->at.local = addr_v4(cursor_u32(v));
        sa->at.lport = (uint16_t)cursor_u32(v);
        break;
    case T_PEER:
        sa->at.peer = addr_v4(cursor_u32(v));
        sa->at.pport = (uint16_t)cursor_u32(v);
        break;
    case T_GROUP:
        take_text(v, sa->group, sizeof sa->group, &o->bad);
        break;
    case T_POLICY:
        sa->suite.cipher = (enum crypto_cipher)cursor_u32(v);
        sa->suite.key_bits = (uint16_t)cursor_u32(v);
        sa->suite.hash = (enum crypto_hash)cursor_u32(v);
        sa->suite.auth = (uint16_t)cursor_u32(v);
        sa->suite.group = (uint16_t)cursor_u32(v);
        sa->suite.life_s = cursor_u32(v);
        sa->suite.priority = cursor_u32(v);
        break;
    case T_SKEYID_D:
        o->d_len = take_bytes(v, o->d, sizeof o->d, &o->bad);
        break;
    case T_SKEYID_A:
        o->a_len = take_bytes(v, o->a, sizeof o->a, &o->bad);
        break;
    case T_SKEYID_E:
        o->e_len = take_bytes(v, o->e, sizeof o->e, &o->bad);
        break;
    case T_KA:
        o->ka_len = take_bytes(v, o->ka, sizeof o->ka, &o->bad);
        break;
    case T_LAST_BLOCK:
        o->last_len = take_bytes(v, sa->last_block, sizeof sa->last_block, &o->bad);
        break;
    case T_LIFE:
        o->life_ms = cursor_u32(v);
        break;
    case T_VERSION:
        sa->version = cursor_u32(v);
        break;
    case T_NATT:
        sa->caps.natt = (uint8_t)cursor_u32(v);
        sa->nat_me = cursor_u32(v) != 0;
        sa->nat_peer = cursor_u32(v) != 0;
        break;
    case T_CAPS:
        caps = cursor_u32(v);
        sa->caps.dpd = caps & 1;
        sa->caps.unity = caps >> 1 & 1;
        sa->caps.xauth = caps >> 2 & 1;
        sa->caps.ios = caps >> 3 & 1;
        sa->caps.frag = caps >> 4 & 1;
        break;
    case T_MY_ID:
        sa->my_id_len = (uint16_t)take_bytes(v, sa->my_id, sizeof sa->my_id, &o->bad);
        break;
    case T_HIS_ID:
        sa->his_id_len = (uint16_t)take_bytes(v, sa->his_id, sizeof sa->his_id, &o->bad);
        break;
    case T_DPD:
        sa->dpd_out = cursor_u32(v);
        sa->dpd_in = cursor_u32(v);
        break;
    case T_MIDS:
        for (unsigned i = 0; i < IKE_MIDS; i++)
            sa->mids[i] = cursor_u32(v);
        break;
    case T_IFNAME:
        take_text(v, sa->ifname, sizeof sa->ifname, &o->bad);
        break;
    case T_MAP:
        take_text(v, sa->map, sizeof sa->map, &o->bad);
        break;
    case T_AGE:
        o->age_s = cursor_u32(v);
        break;
    case T_CONN:
        o->conn = cursor_u32(v);
        break;
    default:
        o->unknown |= (type & 0x8000) != 0;
        return;
    }
    o->bad |= !cursor_ok(v);
}

static bool decode(struct object *o, struct cursor *c)
{
    while (cursor_left(c) && cursor_ok(c)) {
        uint16_t type = cursor_u16(c), len = cursor_u16(c);
        struct cursor v = cursor_sub(c, len);
        decode_one(o, type, &v);
    }
    return cursor_ok(c) && !o->unknown && !o->bad;
}

static enum sync_result sa_take(struct router *r, struct object *o, const struct sync_key *key, event_id cause)
{
    struct ike *k = ike_of(r);
    struct ike_keys keys;
    if (ike_keys_init(&keys, o->sa.suite.hash, o->sa.suite.cipher, o->sa.suite.key_bits) || o->d_len != keys.hlen ||
        o->a_len != keys.hlen || o->e_len != keys.hlen || o->ka_len != keys.key_len || o->last_len != keys.block ||
        !o->sa.group[0])
        return SYNC_RESYNC;
    memcpy(keys.d, o->d, keys.hlen);
    memcpy(keys.a, o->a, keys.hlen);
    memcpy(keys.e, o->e, keys.hlen);
    memcpy(keys.ka, o->ka, keys.key_len);
    struct ike_sa *sa = find(r, key);
    bool is_new = !sa;
    if (sa && !sa->standby) { /* an active one of ours: redundancy settles who is active */
        crypto_wipe(&keys, sizeof keys);
        return SYNC_REFUSED;
    }
    if (is_new && !(sa = ike_sa_new(k, key->b, &o->sa.at, true))) {
        crypto_wipe(&keys, sizeof keys);
        log_syslog(r, cause, "CRYPTO_HA_IKE", LOG_ERR_, "FAILOVER_ERROR",
                   "Attempt to failover IKE SA (%s:%s) failed due to too many ISAKMP SAs. Stateful failover not "
                   "available for this SA.",
                   IKE_ADDR(&o->sa.at.local), IKE_ADDR(&o->sa.at.peer));
        return SYNC_REFUSED;
    }
    nstime now = loop_now(r->loop);
    memcpy(sa->cr, key->b + 8, 8);
    ike_sa_moved(sa, &o->sa.at);
    sa->established = now - (nstime)o->age_s * NS_PER_S;
    if (!sa->established)
        sa->established = 1; /* zero means "not yet" */
    sa->initiator = o->sa.initiator;
    sa->state = IKE_P1_COMPLETE;
    sa->standby = true;
    sa->stale = false;
    sa->suite = o->sa.suite;
    sa->keys = keys;
    sa->caps = o->sa.caps;
    sa->nat_me = o->sa.nat_me;
    sa->nat_peer = o->sa.nat_peer;
    memcpy(sa->last_block, o->sa.last_block, sizeof sa->last_block);
    memcpy(sa->my_id, o->sa.my_id, sizeof sa->my_id);
    memcpy(sa->his_id, o->sa.his_id, sizeof sa->his_id);
    sa->my_id_len = o->sa.my_id_len;
    sa->his_id_len = o->sa.his_id_len;
    sa->dpd_out = o->sa.dpd_out;
    sa->dpd_in = o->sa.dpd_in;
    memcpy(sa->mids, o->sa.mids, sizeof sa->mids);
    sa->life_end = now + (nstime)o->life_ms * NS_PER_MS;
    sa->version = o->sa.version;
    sa->standby_since = now;
    sa->cause = cause;
    if (is_new) {
        sa->conn_id = o->conn ? o->conn : k->next_conn;
        if (sa->conn_id >= k->next_conn)
            k->next_conn = sa->conn_id + 1;
        ike_dbg_ha(k, "IKE HA: (%s) Adding STANDBY IKE SA", IKE_ADDR(&sa->at.local));
        ike_dbg_ha(k, "IKE HA: Create peer struct for local %s remote %s & locked", IKE_ADDR(&sa->at.local),
                   IKE_ADDR(&sa->at.peer));
        ike_dbg_ha(k, "IKE HA: IKE SA inserted on standby with src = %s, dst = %s", IKE_ADDR(&sa->at.local),
                   IKE_ADDR(&sa->at.peer));
    }
    ike_sa_link(sa, o->sa.ifname, o->sa.map, o->sa.group, true);
    ike_lab_key_add(sa);
    ike_sa_timers(sa, false);
    ike_debug_ha_dump(sa, false, "Add", 2);
    crypto_wipe(&keys, sizeof keys);
    return SYNC_OK;
}

static enum sync_result sa_apply(struct router *r, const struct sync_key *key, struct cursor *c, event_id cause)
{
    struct object o;
    memset(&o, 0, sizeof o);
    enum sync_result res = key->len == 16 && decode(&o, c) ? sa_take(r, &o, key, cause) : SYNC_RESYNC;
    crypto_wipe(&o, sizeof o);
    return res;
}

static void sa_remove(struct router *r, const struct sync_key *key, uint8_t reason, event_id cause)
{
    struct ike_sa *sa = find(r, key);
    (void)reason;
    if (!sa || !sa->standby)
        return;
    ike_dbg_ha(sa->ike, "IKE HA: (%s) Deleting STANDBY IKE SA", IKE_ADDR(&sa->at.local));
    ike_debug_ha_dump(sa, false, "Delete", 3);
    ike_sa_delete(sa, IKE_END_SILENT, "deleted by the active", cause);
}

static void sa_mark_stale(struct router *r)
{
    struct ike *k = ike_of(r);
    for (struct ike_sa *sa = k->first; sa; sa = sa->next)
        if (sa->standby)
            sa->stale = true;
}

static unsigned drop_standby(struct router *r, bool only_stale, const char *why, event_id cause)
{
    struct ike *k = ike_of(r);
    unsigned n = 0;
    for (struct ike_sa *sa = k->first, *next; sa; sa = next) {
        next = sa->next;
        if (only_stale ? !(sa->standby && sa->stale) : !(sa->stateful && sa->established))
            continue;
        sa->standby = true; /* silent: no DELETE, no record */
        ike_sa_delete(sa, IKE_END_SILENT, why, cause);
        n++;
    }
    return n;
}

static unsigned sa_sweep(struct router *r, event_id cause)
{
    return drop_standby(r, true, "not in the snapshot", cause);
}

static void sa_discard(struct router *r, event_id cause)
{
    drop_standby(r, false, "discarded: the other gateway is active", cause);
}

static uint32_t sa_version(struct router *r, const struct sync_key *key)
{
    struct ike_sa *sa = find(r, key);
    return sa ? sa->version : 0;
}

const struct sync_class ike_sync_sa = {
    .name = "ike-sa",
    .add = 20,
    .update = 21,
    .del = 22,
    .rank = 20,
    .snapshot = true,
    .enumerate = sa_enumerate,
    .encode = sa_encode,
    .apply = sa_apply,
    .remove = sa_remove,
    .mark_stale = sa_mark_stale,
    .sweep_stale = sa_sweep,
    .discard_all = sa_discard,
    .version = sa_version,
};

/* ---- 40 DPD and 41 IKE_MID: small records about an SA the peer has already ---- */

static void none(struct router *r, void (*emit)(void *ctx, const struct sync_key *key), void *ctx)
{
    (void)r;
    (void)emit;
    (void)ctx;
}

static enum sync_result small_encode(struct router *r, const struct sync_key *key, struct builder *b, bool mids)
{
    struct ike_sa *sa = find(r, key);
    if (!sa || !sa->stateful)
        return SYNC_GONE;
    if (mids)
        mids_tlv(sa, b);
    else
        dpd_tlv(sa, b);
    return SYNC_OK;
}

static enum sync_result dpd_encode(struct router *r, const struct sync_key *key, struct builder *b)
{
    return small_encode(r, key, b, false);
}

static enum sync_result mid_encode(struct router *r, const struct sync_key *key, struct builder *b)
{
    return small_encode(r, key, b, true);
}

static enum sync_result small_apply(struct router *r, const struct sync_key *key, struct cursor *c, event_id cause)
{
    struct ike_sa *sa = find(r, key);
    struct object o;
    (void)cause;
    memset(&o, 0, sizeof o);
    if (sa) {
        o.sa.dpd_out = sa->dpd_out;
        o.sa.dpd_in = sa->dpd_in;
        memcpy(o.sa.mids, sa->mids, sizeof o.sa.mids);
    }
    if (!decode(&o, c))
        return SYNC_RESYNC;
    if (!sa || !sa->standby)
        return SYNC_OK; /* the SA went in the meantime */
    sa->dpd_out = o.sa.dpd_out;
    sa->dpd_in = o.sa.dpd_in;
    memcpy(sa->mids, o.sa.mids, sizeof sa->mids);
    return SYNC_OK;
}

static void small_remove(struct router *r, const struct sync_key *key, uint8_t reason, event_id cause)
{
    (void)r;
    (void)key;
    (void)reason;
    (void)cause;
}

const struct sync_class ike_sync_dpd = {.name = "ike-dpd",
                                        .add = 40,
                                        .rank = 21,
                                        .enumerate = none,
                                        .encode = dpd_encode,
                                        .apply = small_apply,
                                        .remove = small_remove};
const struct sync_class ike_sync_mid = {.name = "ike-mid",
                                        .add = 41,
                                        .rank = 22,
                                        .enumerate = none,
                                        .encode = mid_encode,
                                        .apply = small_apply,
                                        .remove = small_remove};
