/* An IPsec SA as a sync record (state-sync.md 4.3): TLVs to bytes and back, nothing is applied here. Unknown TLVs are
 * skipped unless critical. Encoding the numbers is what fixes a reservation: the limit counts from the moment it is
 * handed over. Called by the sync classes of ipsec_sync.c. */
#include "modules/ipsec/ipsec_record.h"
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

/* ---- encode ---- */
void ipsec_record_encode_numbers(struct sa *s, struct builder *b, uint32_t *handed)
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

void ipsec_record_encode(struct sa *s, struct builder *b)
{
    const struct sa_pair *p = &s->p;
    const struct ipsec_transform *t = &p->prop.transforms[0];
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
    nstime left = s->hard_at - loop_now(s->st->r->loop);
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
    ipsec_record_encode_numbers(s, b, &s->handed_sa);
}

/* ---- decode ---- */
static void decode_keys(struct cursor *c, struct ipsec_record *rec)
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

static void decode_tlv(unsigned type, struct cursor *c, struct ipsec_record *rec)
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

bool ipsec_record_decode(struct cursor *c, struct ipsec_record *rec)
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

bool ipsec_record_whole(const struct ipsec_record *rec)
{
    static const unsigned need = 1u << TLV_SPIS | 1u << TLV_FLAGS | 1u << TLV_ENDPOINTS | 1u << TLV_IDENT |
                                 1u << TLV_MAP | 1u << TLV_GROUP | 1u << TLV_TRANSFORM | 1u << TLV_KEYS |
                                 1u << TLV_LIFE | 1u << TLV_COOKIES | 1u << TLV_NUMBERS;
    return (rec->seen & need) == need;
}
