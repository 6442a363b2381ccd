/* The HSRP version 2 codec: a packet is a sequence of TLVs (reference 1.4). Called like the version 1 codec, through
 * hsrp_wire.h. */
#include "modules/hsrp/hsrp_wire.h"

enum {
    VERSION = 2,
    GROUP_LEN = 40,
    INTERFACE_LEN = 4,
    TEXT_LEN = 8,
    GROUP_MAX = 4095,
    PRIORITY_MAX = 255,
    TIMER_MAX_MS = 255000
};
enum { MAX_TLVS = 16 };

/* Version 2 counts its states, Disabled among them. */
static const uint8_t state_of[] = {HSRP_WIRE_INITIAL, HSRP_WIRE_INITIAL, HSRP_WIRE_LEARN, HSRP_WIRE_LISTEN,
                                   HSRP_WIRE_SPEAK,   HSRP_WIRE_STANDBY, HSRP_WIRE_ACTIVE};

static uint8_t number_of(uint8_t state)
{
    for (uint8_t i = 1; i < sizeof state_of; i++)
        if (state_of[i] == state)
            return i;
    return 1;
}

static enum hsrp_decode_result group_state(struct cursor *c, struct hsrp_packet *p, uint8_t *version)
{
    *version = cursor_u8(c);
    p->opcode = cursor_u8(c);
    uint8_t state = cursor_u8(c), family = cursor_u8(c);
    p->group = cursor_u16(c);
    cursor_bytes(c, p->identifier.b, sizeof p->identifier.b);
    uint32_t priority = cursor_u32(c);
    p->hello_ms = cursor_u32(c);
    p->hold_ms = cursor_u32(c);
    p->vip = addr_v4(cursor_u32(c));
    if (*version != VERSION)
        return HSRP_BAD_VERSION;
    if (p->opcode > HSRP_RESIGN)
        return HSRP_BAD_OPCODE;
    if (state >= sizeof state_of)
        return HSRP_BAD_STATE;
    p->state = state_of[state];
    if (family != 4)
        return HSRP_BAD_FAMILY;
    if (p->group > GROUP_MAX)
        return HSRP_BAD_GROUP;
    if (priority > PRIORITY_MAX)
        return HSRP_BAD_PRIORITY;
    if (p->hello_ms > TIMER_MAX_MS || p->hold_ms > TIMER_MAX_MS)
        return HSRP_BAD_TIMERS;
    p->priority = (uint8_t)priority;
    return HSRP_OK;
}

static void interface_state(struct cursor *c, struct hsrp_packet *p)
{
    p->adv_type = 1;
    p->adv_active = cursor_u16(c);
    p->adv_passive = cursor_u16(c);
    p->adv_state = p->adv_active ? HSRP_ADV_ACTIVE : p->adv_passive ? HSRP_ADV_PASSIVE : HSRP_ADV_DORMANT;
}

enum hsrp_decode_result hsrp_wire_decode2(const void *data, size_t len, struct hsrp_packet *p, uint8_t *version)
{
    static const uint8_t length_of[] = {
        [HSRP_TLV_GROUP] = GROUP_LEN,
        [HSRP_TLV_INTERFACE] = INTERFACE_LEN,
        [HSRP_TLV_TEXT] = TEXT_LEN,
        [HSRP_TLV_MD5] = HSRP_MD5_TLV_LEN,
    };
    *p = (struct hsrp_packet){.version = 2, .opcode = HSRP_ADVERTISE};
    *version = 0;
    struct cursor c = cursor_make(data, len);
    unsigned seen = 0; /* bit by type */
    for (unsigned n = 0; cursor_left(&c) > 0; n++) {
        uint8_t type = cursor_u8(&c), length = cursor_u8(&c);
        if (n == 0 && cursor_ok(&c) && type != HSRP_TLV_GROUP && type != HSRP_TLV_INTERFACE)
            return HSRP_BAD_VERSION; /* version 1 begins with 0 */
        struct cursor body = cursor_sub(&c, length);
        if (!cursor_ok(&c))
            return n == 0 ? HSRP_TRUNCATED : HSRP_BAD_TLV;
        if (n == MAX_TLVS)
            return HSRP_BAD_TLV;
        if (type == 0 || type > HSRP_TLV_MD5) {
            p->unknown = true; /* passed over */
            continue;
        }
        if (length != length_of[type] || (seen & 1u << type))
            return HSRP_BAD_TLV;
        seen |= 1u << type;
        if (type == HSRP_TLV_GROUP) {
            enum hsrp_decode_result res = group_state(&body, p, version);
            if (res != HSRP_OK)
                return res;
        } else if (type == HSRP_TLV_INTERFACE) {
            interface_state(&body, p);
        } else if (type == HSRP_TLV_TEXT) {
            p->has_text = true;
            cursor_bytes(&body, p->auth, sizeof p->auth);
        } else {
            p->has_md5 = true;
            hsrp_wire_get_md5(&body, &p->md5);
        }
    }
    if (seen == 0)
        return HSRP_TRUNCATED;
    *version = VERSION;
    return HSRP_OK;
}

void hsrp_wire_encode2(const struct hsrp_packet *p, struct builder *b)
{
    if (p->opcode == HSRP_ADVERTISE) {
        builder_u8(b, HSRP_TLV_INTERFACE);
        builder_u8(b, INTERFACE_LEN);
        builder_u16(b, p->adv_active);
        builder_u16(b, p->adv_passive);
    } else {
        builder_u8(b, HSRP_TLV_GROUP);
        builder_u8(b, GROUP_LEN);
        builder_u8(b, VERSION);
        builder_u8(b, p->opcode);
        builder_u8(b, number_of(p->state));
        builder_u8(b, 4);
        builder_u16(b, p->group);
        builder_bytes(b, p->identifier.b, sizeof p->identifier.b);
        builder_u32(b, p->priority);
        builder_u32(b, p->hello_ms);
        builder_u32(b, p->hold_ms);
        builder_u32(b, addr_v4_get(&p->vip));
        builder_zero(b, 12);
    }
    if (p->has_text) {
        builder_u8(b, HSRP_TLV_TEXT);
        builder_u8(b, TEXT_LEN);
        builder_bytes(b, p->auth, sizeof p->auth);
    }
    if (p->has_md5)
        hsrp_wire_put_md5(b, &p->md5);
}
