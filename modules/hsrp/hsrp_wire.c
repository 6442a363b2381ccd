/* The HSRP version 1 codec, and what both versions share: bytes to structs and back, nothing else. Called for
 * every packet sent or received, by the tests against captures of real routers and by the fuzz target. */
#include "modules/hsrp/hsrp_wire.h"

enum { ADV_TYPE_INTERFACE = 1, ADV_TYPE_REDUNDANCY = 2 };
/* Octets behind the type field, that field included: what routers send (captures), whatever reference 1.3 infers. */
enum { ADV_LENGTH = 14 };
enum { DIGEST_IN_TLV = 14 }; /* type, length, algorithm, padding, flags, address, key id */

static bool known_state(uint8_t s)
{
    return s == HSRP_WIRE_INITIAL || s == HSRP_WIRE_LEARN || s == HSRP_WIRE_LISTEN || s == HSRP_WIRE_SPEAK ||
           s == HSRP_WIRE_STANDBY || s == HSRP_WIRE_ACTIVE;
}

void hsrp_wire_get_md5(struct cursor *c, struct hsrp_md5 *m)
{
    m->algorithm = cursor_u8(c);
    m->padding = cursor_u8(c);
    m->flags = cursor_u16(c);
    m->source = addr_v4(cursor_u32(c));
    m->key_id = cursor_u32(c);
    cursor_bytes(c, m->digest, sizeof m->digest);
}

void hsrp_wire_put_md5(struct builder *b, const struct hsrp_md5 *m)
{
    builder_u8(b, HSRP_TLV_MD5);
    builder_u8(b, HSRP_MD5_TLV_LEN);
    builder_u8(b, m->algorithm);
    builder_u8(b, m->padding);
    builder_u16(b, m->flags);
    builder_u32(b, addr_v4_get(&m->source));
    builder_u32(b, m->key_id);
    builder_bytes(b, m->digest, sizeof m->digest);
}

/* Behind the fixed part: one MD5 TLV, or something that is no business of ours. */
static enum hsrp_decode_result decode_md5(struct cursor *c, struct hsrp_packet *p)
{
    while (cursor_left(c) > 0) {
        if (cursor_u8(c) != HSRP_TLV_MD5) {
            p->unknown = true;
            return HSRP_OK;
        }
        if (p->has_md5 || cursor_u8(c) != HSRP_MD5_TLV_LEN)
            return HSRP_BAD_TLV;
        hsrp_wire_get_md5(c, &p->md5);
        if (!cursor_ok(c))
            return HSRP_BAD_TLV;
        p->has_md5 = true;
    }
    return HSRP_OK;
}

static enum hsrp_decode_result decode_adv(struct cursor *c, struct hsrp_packet *p)
{
    p->adv_type = cursor_u16(c);
    uint16_t length = cursor_u16(c);
    p->adv_state = cursor_u8(c);
    p->adv_reserved1 = cursor_u8(c);
    p->adv_active = cursor_u16(c);
    p->adv_passive = cursor_u16(c);
    p->adv_reserved2 = cursor_u32(c);
    if (!cursor_ok(c))
        return HSRP_TRUNCATED;
    if (length < 10) /* 10 by the text, 14 on the wire */
        return HSRP_BAD_ADV;
    if (p->adv_type != ADV_TYPE_INTERFACE && p->adv_type != ADV_TYPE_REDUNDANCY)
        return HSRP_BAD_ADV;
    if (p->adv_type == ADV_TYPE_INTERFACE && (p->adv_state < HSRP_ADV_DORMANT || p->adv_state > HSRP_ADV_ACTIVE))
        return HSRP_BAD_STATE;
    return decode_md5(c, p);
}

enum hsrp_decode_result hsrp_wire_decode(const void *data, size_t len, struct hsrp_packet *p, uint8_t *version)
{
    *p = (struct hsrp_packet){.version = 1};
    struct cursor c = cursor_make(data, len);
    *version = cursor_u8(&c);
    p->opcode = cursor_u8(&c);
    if (!cursor_ok(&c))
        return HSRP_TRUNCATED;
    if (*version != 0)
        return HSRP_BAD_VERSION;
    if (p->opcode > HSRP_ADVERTISE)
        return HSRP_BAD_OPCODE;
    if (p->opcode == HSRP_ADVERTISE)
        return decode_adv(&c, p);
    p->state = cursor_u8(&c);
    p->hello_ms = cursor_u8(&c) * UINT32_C(1000);
    p->hold_ms = cursor_u8(&c) * UINT32_C(1000);
    p->priority = cursor_u8(&c);
    p->group = cursor_u8(&c);
    p->reserved = cursor_u8(&c);
    p->has_text = true;
    cursor_bytes(&c, p->auth, sizeof p->auth);
    p->vip = addr_v4(cursor_u32(&c));
    if (!cursor_ok(&c))
        return HSRP_TRUNCATED;
    if (!known_state(p->state))
        return HSRP_BAD_STATE;
    return decode_md5(&c, p);
}

static void encode1(const struct hsrp_packet *p, struct builder *b)
{
    builder_u8(b, 0);
    builder_u8(b, p->opcode);
    if (p->opcode == HSRP_ADVERTISE) {
        builder_u16(b, p->adv_type);
        builder_u16(b, ADV_LENGTH);
        builder_u8(b, p->adv_state);
        builder_u8(b, p->adv_reserved1);
        builder_u16(b, p->adv_active);
        builder_u16(b, p->adv_passive);
        builder_u32(b, p->adv_reserved2);
    } else {
        builder_u8(b, p->state);
        builder_u8(b, (uint8_t)(p->hello_ms / 1000));
        builder_u8(b, (uint8_t)(p->hold_ms / 1000));
        builder_u8(b, p->priority);
        builder_u8(b, (uint8_t)p->group);
        builder_u8(b, p->reserved);
        builder_bytes(b, p->auth, sizeof p->auth);
        builder_u32(b, addr_v4_get(&p->vip));
    }
    if (p->has_md5)
        hsrp_wire_put_md5(b, &p->md5);
}

size_t hsrp_wire_encode(const struct hsrp_packet *p, void *buf, size_t cap)
{
    struct builder b = builder_make(buf, cap);
    if (p->version == 2)
        hsrp_wire_encode2(p, &b);
    else
        encode1(p, &b);
    return builder_ok(&b) ? b.len : 0;
}

size_t hsrp_wire_digest_at(const struct hsrp_packet *p, const void *data, size_t len)
{
    if (p->version == 1)
        return (p->opcode == HSRP_ADVERTISE ? HSRP_ADV_LEN : HSRP_PACKET_LEN) + DIGEST_IN_TLV;
    struct cursor c = cursor_make(data, len);
    while (cursor_left(&c) >= 2) {
        size_t at = len - cursor_left(&c);
        uint8_t type = cursor_u8(&c);
        if (type == HSRP_TLV_MD5)
            return at + DIGEST_IN_TLV;
        cursor_skip(&c, cursor_u8(&c));
    }
    return len;
}

const char *hsrp_wire_opcode_name(uint8_t opcode)
{
    static const char *const names[] = {"Hello", "Coup", "Resign", "Adv"};
    return opcode <= HSRP_ADVERTISE ? names[opcode] : "?";
}

const char *hsrp_wire_state_name(uint8_t state)
{
    switch (state) {
    case HSRP_WIRE_INITIAL:
        return "Init";
    case HSRP_WIRE_LEARN:
        return "Learn";
    case HSRP_WIRE_LISTEN:
        return "Listen";
    case HSRP_WIRE_SPEAK:
        return "Speak";
    case HSRP_WIRE_STANDBY:
        return "Standby";
    case HSRP_WIRE_ACTIVE:
        return "Active";
    default:
        return "?";
    }
}

static const struct {
    const char *text, *reason;
} results[HSRP_DECODE_RESULTS] = {
    [HSRP_OK] = {"ok", NULL},
    [HSRP_TRUNCATED] = {"truncated packet", "hsrp-truncated"},
    [HSRP_BAD_VERSION] = {"bad version", "hsrp-version"},
    [HSRP_BAD_OPCODE] = {"bad op code", "hsrp-opcode"},
    [HSRP_BAD_STATE] = {"bad state", "hsrp-state"},
    [HSRP_BAD_ADV] = {"bad advertisement", "hsrp-advertisement"},
    [HSRP_BAD_TLV] = {"bad TLV", "hsrp-tlv"},
    [HSRP_BAD_GROUP] = {"bad group", "hsrp-group"},
    [HSRP_BAD_FAMILY] = {"IPv6 is not supported", "hsrp-ipv6"},
    [HSRP_BAD_PRIORITY] = {"bad priority", "hsrp-priority"},
    [HSRP_BAD_TIMERS] = {"bad timers", "hsrp-timers"},
};

const char *hsrp_wire_error(enum hsrp_decode_result r)
{
    return r < HSRP_DECODE_RESULTS ? results[r].text : "?";
}

const char *hsrp_wire_drop_reason(enum hsrp_decode_result r)
{
    return r < HSRP_DECODE_RESULTS ? results[r].reason : NULL;
}
