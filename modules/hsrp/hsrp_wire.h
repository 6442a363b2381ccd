/* HSRP version 1 packets (RFC 2281 5.1, reference 1.2 and 1.3): bytes to structs and back, nothing
 * else. Called by hsrp.c (receive), hsrp_group.c and hsrp_adv.c (send), tests and the fuzz target. */
#ifndef TAPIR_HSRP_WIRE_H
#define TAPIR_HSRP_WIRE_H
#include "modules/core/addr.h"
#include "modules/core/cursor.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HSRP_PORT 1985
#define HSRP_AUTH_LEN 8
#define HSRP_PACKET_LEN 20
#define HSRP_ADV_LEN 16

enum hsrp_opcode { HSRP_HELLO = 0, HSRP_COUP = 1, HSRP_RESIGN = 2, HSRP_ADVERTISE = 3 };
/* The state octet of version 1; not the numbers of the state machine. */
enum hsrp_wire_state {
    HSRP_WIRE_INITIAL = 0,
    HSRP_WIRE_LEARN = 1,
    HSRP_WIRE_LISTEN = 2,
    HSRP_WIRE_SPEAK = 4,
    HSRP_WIRE_STANDBY = 8,
    HSRP_WIRE_ACTIVE = 16
};
enum hsrp_adv_state { HSRP_ADV_DORMANT = 1, HSRP_ADV_PASSIVE = 2, HSRP_ADV_ACTIVE = 3 };

struct hsrp_packet {
    uint8_t opcode;
    /* opcodes 0..2 */
    uint8_t state;               /* enum hsrp_wire_state */
    uint8_t hellotime, holdtime; /* seconds; 0: the sender's timers are no whole seconds */
    uint8_t priority, group, reserved;
    uint8_t auth[HSRP_AUTH_LEN];
    struct addr vip; /* always IPv4; 0.0.0.0: unknown to the sender */
    bool md5;        /* an MD5 authentication TLV follows */
    /* opcode 3 */
    uint16_t adv_type; /* 1 interface state, 2 IP redundancy */
    uint8_t adv_state; /* enum hsrp_adv_state */
    uint8_t adv_reserved1;
    uint16_t adv_active, adv_passive;
    uint32_t adv_reserved2;
};

enum hsrp_decode_result {
    HSRP_OK = 0,
    HSRP_TRUNCATED,
    HSRP_BAD_VERSION,
    HSRP_BAD_OPCODE,
    HSRP_BAD_STATE,
    HSRP_BAD_ADV
};
/* Borrows data. *version gets the first octet (for messages). Octets behind the fixed part are tolerated. */
enum hsrp_decode_result hsrp_wire_decode(const void *data, size_t len, struct hsrp_packet *p, uint8_t *version);
/* Writes HSRP_PACKET_LEN or HSRP_ADV_LEN octets; 0 if cap is too small. */
size_t hsrp_wire_encode(const struct hsrp_packet *p, void *buf, size_t cap);
const char *hsrp_wire_opcode_name(uint8_t opcode); /* "Hello" */
const char *hsrp_wire_state_name(uint8_t state);   /* "Active" */
const char *hsrp_wire_error(enum hsrp_decode_result r);
#endif
