/* The HSRP version 1 codec: bytes to structs and back, nothing else. Called for every packet sent or
 * received, by the tests against captures of real routers and by the fuzz target. */
#include "modules/hsrp/hsrp_wire.h"

enum { TLV_MD5 = 4, MD5_TLV_LEN = 30, ADV_TYPE_INTERFACE = 1, ADV_TYPE_REDUNDANCY = 2 };
/* Octets behind the type field, that field included: what routers send (captures), whatever reference 1.3 infers. */
enum { ADV_LENGTH = 14 };

static bool known_state(uint8_t s)
{
    return s == HSRP_WIRE_INITIAL || s == HSRP_WIRE_LEARN || s == HSRP_WIRE_LISTEN || s == HSRP_WIRE_SPEAK ||
           s == HSRP_WIRE_STANDBY || s == HSRP_WIRE_ACTIVE;
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
    return HSRP_OK;
}

enum hsrp_decode_result hsrp_wire_decode(const void *data, size_t len, struct hsrp_packet *p, uint8_t *version)
{
    *p = (struct hsrp_packet){0};
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
    p->hellotime = cursor_u8(&c);
    p->holdtime = cursor_u8(&c);
    p->priority = cursor_u8(&c);
    p->group = cursor_u8(&c);
    p->reserved = cursor_u8(&c);
    cursor_bytes(&c, p->auth, sizeof p->auth);
    p->vip = addr_v4(cursor_u32(&c));
    if (!cursor_ok(&c))
        return HSRP_TRUNCATED;
    if (!known_state(p->state))
        return HSRP_BAD_STATE;
    if (cursor_left(&c) >= MD5_TLV_LEN)
        p->md5 = cursor_u8(&c) == TLV_MD5;
    return HSRP_OK;
}

size_t hsrp_wire_encode(const struct hsrp_packet *p, void *buf, size_t cap)
{
    struct builder b = builder_make(buf, cap);
    builder_u8(&b, 0);
    builder_u8(&b, p->opcode);
    if (p->opcode == HSRP_ADVERTISE) {
        builder_u16(&b, p->adv_type);
        builder_u16(&b, ADV_LENGTH);
        builder_u8(&b, p->adv_state);
        builder_u8(&b, p->adv_reserved1);
        builder_u16(&b, p->adv_active);
        builder_u16(&b, p->adv_passive);
        builder_u32(&b, p->adv_reserved2);
    } else {
        builder_u8(&b, p->state);
        builder_u8(&b, p->hellotime);
        builder_u8(&b, p->holdtime);
        builder_u8(&b, p->priority);
        builder_u8(&b, p->group);
        builder_u8(&b, p->reserved);
        builder_bytes(&b, p->auth, sizeof p->auth);
        builder_u32(&b, addr_v4_get(&p->vip));
    }
    return builder_ok(&b) ? b.len : 0;
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

const char *hsrp_wire_error(enum hsrp_decode_result r)
{
    switch (r) {
    case HSRP_OK:
        return "ok";
    case HSRP_TRUNCATED:
        return "truncated packet";
    case HSRP_BAD_VERSION:
        return "bad version";
    case HSRP_BAD_OPCODE:
        return "bad op code";
    case HSRP_BAD_STATE:
        return "bad state";
    case HSRP_BAD_ADV:
        return "bad advertisement";
    }
    return "?";
}
