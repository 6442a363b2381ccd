/* The ISAKMP codec. Called by the exchanges with received bytes (borrowed) and to build messages. */
#include "modules/ike/ike_wire.h"
#include <string.h>

bool ike_hdr_decode(const uint8_t *p, size_t len, struct ike_hdr *h)
{
    struct cursor c = cursor_make(p, len);
    memset(h, 0, sizeof *h);
    cursor_bytes(&c, h->ci, IKE_COOKIE);
    cursor_bytes(&c, h->cr, IKE_COOKIE);
    h->next = cursor_u8(&c);
    h->version = cursor_u8(&c);
    h->exchange = cursor_u8(&c);
    h->flags = cursor_u8(&c);
    h->mid = cursor_u32(&c);
    h->len = cursor_u32(&c);
    return cursor_ok(&c) && h->len >= IKE_HDR_LEN && h->len <= len;
}

int ike_chain_walk(uint8_t first, const uint8_t *data, size_t len, struct ike_chain *out)
{
    struct cursor c = cursor_make(data, len);
    uint8_t type = first;
    memset(out, 0, sizeof *out);
    while (type != IKE_P_NONE) {
        if (out->n == IKE_PAYLOADS_MAX)
            return IKE_N_PAYLOAD_MALFORMED;
        uint8_t next = cursor_u8(&c);
        uint8_t reserved = cursor_u8(&c);
        uint16_t plen = cursor_u16(&c);
        if (!cursor_ok(&c) || reserved != 0 || plen < 4) /* RFC 2408 5.3: RESERVED must be zero */
            return IKE_N_PAYLOAD_MALFORMED;
        const uint8_t *body = cursor_take(&c, plen - 4u);
        if (!cursor_ok(&c))
            return IKE_N_PAYLOAD_MALFORMED;
        out->p[out->n++] = (struct ike_payload){.type = type, .len = (uint16_t)(plen - 4), .body = body};
        type = next;
    }
    out->used = len - cursor_left(&c);
    return 0;
}

const struct ike_payload *ike_chain_find(const struct ike_chain *c, uint8_t type, unsigned nth)
{
    for (unsigned i = 0; i < c->n; i++)
        if (c->p[i].type == type && nth-- == 0)
            return &c->p[i];
    return NULL;
}

unsigned ike_chain_count(const struct ike_chain *c, uint8_t type)
{
    unsigned k = 0;
    for (unsigned i = 0; i < c->n; i++)
        k += c->p[i].type == type;
    return k;
}

static void take_life(struct ike_attrs *a, uint16_t life_type, uint32_t value, bool vpi)
{
    if (life_type == 1 && !a->life_s) {
        a->life_s = value;
        a->life_s_vpi = vpi;
    } else if (life_type == 2 && !a->life_kb) {
        a->life_kb = value;
        a->life_kb_vpi = vpi;
    } else {
        a->unknown = true;
    }
}

static void set_once(uint16_t *field, struct ike_attrs *a, uint32_t value)
{
    if (*field || value > UINT16_MAX)
        a->unknown = true; /* twice, or too large for any assigned number */
    else
        *field = (uint16_t)value;
}

/* RFC 2408 3.3: data attributes, TV (AF bit set) or TLV; order is free except life type before duration. */
static bool attrs_decode(const uint8_t *p, size_t len, unsigned phase, struct ike_attrs *a)
{
    struct cursor c = cursor_make(p, len);
    uint16_t life_type = 0;
    memset(a, 0, sizeof *a);
    while (cursor_left(&c)) {
        uint16_t af = cursor_u16(&c), lv = cursor_u16(&c);
        uint32_t value = lv;
        bool vpi = !(af & 0x8000);
        if (vpi) {
            const uint8_t *d = cursor_take(&c, lv);
            if (!d)
                return false;
            value = 0;
            for (unsigned i = 0; i < lv; i++)
                value = value > 0xffffff ? UINT32_MAX : value << 8 | d[i];
        }
        if (!cursor_ok(&c))
            return false;
        switch ((af & 0x7fff) | phase << 16) {
        case 1 | 1 << 16:
            set_once(&a->encryption, a, value);
            break;
        case 2 | 1 << 16:
            set_once(&a->hash, a, value);
            break;
        case 3 | 1 << 16:
            set_once(&a->auth_method, a, value);
            break;
        case 4 | 1 << 16:
            set_once(&a->group, a, value);
            break;
        case 14 | 1 << 16:
            set_once(&a->key_bits, a, value);
            break;
        case 11 | 1 << 16:
        case 1 | 2 << 16:
            life_type = value > UINT16_MAX ? 0 : (uint16_t)value;
            break;
        case 12 | 1 << 16:
        case 2 | 2 << 16:
            take_life(a, life_type, value, vpi);
            break;
        case 3 | 2 << 16:
            set_once(&a->group, a, value);
            break;
        case 4 | 2 << 16:
            set_once(&a->encap, a, value);
            break;
        case 5 | 2 << 16:
            set_once(&a->esp_auth, a, value);
            break;
        case 6 | 2 << 16:
            set_once(&a->key_bits, a, value);
            break;
        default:
            a->unknown = true;
        }
    }
    return cursor_ok(&c);
}

static int transforms_decode(struct cursor *c, unsigned count, unsigned phase, const struct ike_transform *head,
                             struct ike_offer *out)
{
    for (unsigned i = 0; i < count; i++) {
        uint8_t next = cursor_u8(c), reserved = cursor_u8(c);
        uint16_t tlen = cursor_u16(c);
        struct ike_transform t = *head;
        t.number = cursor_u8(c);
        t.id = cursor_u8(c);
        uint16_t reserved2 = cursor_u16(c);
        if (!cursor_ok(c) || tlen < 8 || reserved || reserved2 || next != (i + 1 < count ? IKE_P_TRANSFORM : 0))
            return IKE_N_BAD_PROPOSAL_SYNTAX;
        t.raw_len = (uint16_t)(tlen - 8);
        t.raw = cursor_take(c, t.raw_len);
        if (!cursor_ok(c) || !attrs_decode(t.raw, t.raw_len, phase, &t.attrs))
            return IKE_N_BAD_PROPOSAL_SYNTAX;
        if (out->n == IKE_TRANSFORMS_MAX)
            return IKE_N_BAD_PROPOSAL_SYNTAX;
        out->t[out->n++] = t;
    }
    return cursor_left(c) ? IKE_N_BAD_PROPOSAL_SYNTAX : 0;
}

int ike_sa_decode(const uint8_t *body, size_t len, unsigned phase, struct ike_offer *out)
{
    struct cursor c = cursor_make(body, len);
    memset(out, 0, sizeof *out);
    uint32_t doi = cursor_u32(&c), situation = cursor_u32(&c);
    if (!cursor_ok(&c))
        return IKE_N_PAYLOAD_MALFORMED;
    if (doi != 1 && !(doi == 0 && phase == 1)) /* RFC 2408 3.4: DOI 0 is a generic phase 1 SA */
        return IKE_N_DOI_NOT_SUPPORTED;
    if (situation != 1) /* SIT_IDENTITY_ONLY */
        return IKE_N_SITUATION_NOT_SUPPORTED;
    for (uint8_t next = IKE_P_PROPOSAL; next != IKE_P_NONE;) {
        if (next != IKE_P_PROPOSAL)
            return IKE_N_BAD_PROPOSAL_SYNTAX;
        next = cursor_u8(&c);
        uint8_t reserved = cursor_u8(&c);
        uint16_t plen = cursor_u16(&c);
        if (!cursor_ok(&c) || plen < 8 || reserved)
            return IKE_N_BAD_PROPOSAL_SYNTAX;
        struct cursor pc = cursor_sub(&c, plen - 4u);
        struct ike_transform head = {0};
        head.prop_number = cursor_u8(&pc);
        head.proto = cursor_u8(&pc);
        head.spi_len = cursor_u8(&pc);
        uint8_t count = cursor_u8(&pc);
        const uint8_t *spi = cursor_take(&pc, head.spi_len);
        if (!cursor_ok(&c) || !cursor_ok(&pc) || count == 0)
            return IKE_N_BAD_PROPOSAL_SYNTAX;
        if (head.spi_len == 4)
            head.spi = (uint32_t)spi[0] << 24 | (uint32_t)spi[1] << 16 | (uint32_t)spi[2] << 8 | spi[3];
        int bad = transforms_decode(&pc, count, phase, &head, out);
        if (bad)
            return bad;
        out->proposals++;
    }
    if (cursor_left(&c))
        return IKE_N_BAD_PROPOSAL_SYNTAX;
    for (unsigned i = 0; i < out->n; i++)
        for (unsigned k = 0; k < out->n; k++)
            if (out->t[i].prop_number == out->t[k].prop_number && out->t[i].proto != out->t[k].proto)
                out->t[i].bundle = true;
    return 0;
}

bool ike_id_decode(const uint8_t *body, size_t len, struct ike_id *id)
{
    struct cursor c = cursor_make(body, len);
    memset(id, 0, sizeof *id);
    id->type = cursor_u8(&c);
    id->proto = cursor_u8(&c);
    id->port = cursor_u16(&c);
    id->len = (uint16_t)cursor_left(&c);
    id->data = cursor_take(&c, id->len);
    if (!cursor_ok(&c))
        return false;
    switch (id->type) {
    case IKE_ID_IPV4:
        return id->len == 4;
    case IKE_ID_IPV4_SUBNET:
        return id->len == 8;
    default:
        return id->len > 0;
    }
}

bool ike_notify_decode(const uint8_t *body, size_t len, struct ike_notify *n)
{
    struct cursor c = cursor_make(body, len);
    memset(n, 0, sizeof *n);
    uint32_t doi = cursor_u32(&c);
    n->proto = cursor_u8(&c);
    n->spi_len = cursor_u8(&c);
    n->type = cursor_u16(&c);
    n->spi = cursor_take(&c, n->spi_len);
    if (!cursor_ok(&c))
        return false;
    n->data_len = (uint16_t)cursor_left(&c);
    n->data = cursor_take(&c, n->data_len);
    return cursor_ok(&c) && (doi == 0 || doi == 1);
}

bool ike_delete_decode(const uint8_t *body, size_t len, struct ike_delete *d)
{
    struct cursor c = cursor_make(body, len);
    memset(d, 0, sizeof *d);
    uint32_t doi = cursor_u32(&c);
    d->proto = cursor_u8(&c);
    d->spi_len = cursor_u8(&c);
    d->n = cursor_u16(&c);
    d->spis = cursor_take(&c, (size_t)d->spi_len * d->n);
    return cursor_ok(&c) && cursor_left(&c) == 0 && d->n > 0 && d->spi_len > 0 && (doi == 0 || doi == 1);
}

void ike_out_start(struct ike_out *o, const uint8_t ci[8], const uint8_t cr[8], uint8_t exchange, uint8_t flags,
                   uint32_t mid)
{
    o->b = builder_make(o->buf, sizeof o->buf);
    builder_bytes(&o->b, ci, IKE_COOKIE);
    builder_bytes(&o->b, cr, IKE_COOKIE);
    o->next_at = builder_mark(&o->b);
    builder_u8(&o->b, IKE_P_NONE);
    builder_u8(&o->b, 0x10); /* version 1.0 */
    builder_u8(&o->b, exchange);
    builder_u8(&o->b, flags);
    builder_u32(&o->b, mid);
    builder_u32(&o->b, 0);
}

void ike_out_begin(struct ike_out *o, uint8_t type)
{
    if (o->b.error)
        return;
    o->b.data[o->next_at] = type;
    o->payload_at = o->next_at = builder_mark(&o->b);
    builder_u8(&o->b, IKE_P_NONE);
    builder_u8(&o->b, 0);
    builder_u16(&o->b, 0);
}

void ike_out_end(struct ike_out *o)
{
    builder_patch_u16(&o->b, o->payload_at + 2, (uint16_t)(builder_mark(&o->b) - o->payload_at));
}

void ike_out_payload(struct ike_out *o, uint8_t type, const void *body, size_t len)
{
    ike_out_begin(o, type);
    builder_bytes(&o->b, body, len);
    ike_out_end(o);
}

bool ike_out_finish(struct ike_out *o)
{
    builder_patch_u32(&o->b, 24, (uint32_t)o->b.len);
    return builder_ok(&o->b);
}

void ike_attr_tv(struct builder *b, uint16_t type, uint16_t v)
{
    builder_u16(b, type | 0x8000);
    builder_u16(b, v);
}

void ike_attr_u32(struct builder *b, uint16_t type, uint32_t v, bool vpi)
{
    if (!vpi && v <= UINT16_MAX) {
        ike_attr_tv(b, type, (uint16_t)v);
        return;
    }
    builder_u16(b, type);
    builder_u16(b, 4);
    builder_u32(b, v);
}
