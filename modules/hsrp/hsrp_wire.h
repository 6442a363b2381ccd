/* HSRP packets, version 1 (RFC 2281 5.1, reference 1.2 and 1.3) and version 2 (reference 1.4): bytes to structs
 * and back, nothing else. Called by hsrp_rx.c (receive), hsrp_tx.c (send), tests and the fuzz targets. */
#ifndef TAPIR_HSRP_WIRE_H
#define TAPIR_HSRP_WIRE_H
#include "modules/core/addr.h"
#include "modules/core/cursor.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HSRP_PORT 1985
#define HSRP_GROUP_ADDR_V1 0xe0000002 /* 224.0.0.2 */
#define HSRP_GROUP_ADDR_V2 0xe0000066 /* 224.0.0.102 */
#define HSRP_AUTH_LEN 8
#define HSRP_DIGEST_LEN 16
#define HSRP_PACKET_LEN 20
#define HSRP_ADV_LEN 16
#define HSRP_WIRE_MAX 128 /* room for every packet we build */

enum hsrp_opcode { HSRP_HELLO = 0, HSRP_COUP = 1, HSRP_RESIGN = 2, HSRP_ADVERTISE = 3 };
/* The state octet of version 1; not the numbers of the state machine, nor those of version 2. */
enum hsrp_wire_state {
    HSRP_WIRE_INITIAL = 0,
    HSRP_WIRE_LEARN = 1,
    HSRP_WIRE_LISTEN = 2,
    HSRP_WIRE_SPEAK = 4,
    HSRP_WIRE_STANDBY = 8,
    HSRP_WIRE_ACTIVE = 16
};
enum hsrp_adv_state { HSRP_ADV_DORMANT = 1, HSRP_ADV_PASSIVE = 2, HSRP_ADV_ACTIVE = 3 };

/* The MD5 authentication TLV, the same in both versions (reference 1.2). */
struct hsrp_md5 {
    uint8_t algorithm; /* 1: MD5 */
    uint8_t padding;
    uint16_t flags;
    struct addr source; /* the sender's interface address: a packet copied elsewhere shows */
    uint32_t key_id;    /* 0: key-string */
    uint8_t digest[HSRP_DIGEST_LEN];
};

struct hsrp_packet {
    uint8_t version; /* 1 or 2 */
    uint8_t opcode;
    /* opcodes 0..2 */
    uint8_t state;              /* enum hsrp_wire_state, in version 2 too */
    uint32_t hello_ms, hold_ms; /* 0: the sender's timers cannot be said in this version */
    uint8_t priority, reserved;
    uint16_t group;
    bool has_text; /* version 1: always */
    uint8_t auth[HSRP_AUTH_LEN];
    struct addr vip;       /* always IPv4; 0.0.0.0: unknown to the sender */
    struct mac identifier; /* version 2: the sender's real interface address */
    bool has_md5;
    struct hsrp_md5 md5;
    bool unknown; /* there was something behind it that is not known here; never sent */
    /* opcode 3 */
    uint16_t adv_type; /* 1 interface state, 2 IP redundancy */
    uint8_t adv_state; /* enum hsrp_adv_state; version 2 does not send it: told by the counts */
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
    HSRP_BAD_ADV,
    HSRP_BAD_TLV,    /* a TLV whose length is not what its type has, one too many, or one cut off */
    HSRP_BAD_GROUP,  /* above 4095 */
    HSRP_BAD_FAMILY, /* version 2 for IPv6 */
    HSRP_BAD_PRIORITY,
    HSRP_BAD_TIMERS, /* above 255 s */
    HSRP_DECODE_RESULTS
};
/* Borrows data. *version gets the version octet (for messages). Octets behind the fixed part are tolerated, unless they
 * are a broken MD5 TLV. */
enum hsrp_decode_result hsrp_wire_decode(const void *data, size_t len, struct hsrp_packet *p, uint8_t *version);
enum hsrp_decode_result hsrp_wire_decode2(const void *data, size_t len, struct hsrp_packet *p, uint8_t *version);
/* Writes the packet in its version, the digest as it is in p; 0 if cap is too small. */
size_t hsrp_wire_encode(const struct hsrp_packet *p, void *buf, size_t cap);
/* Where the digest stands in an encoded or accepted packet of this kind that has an MD5 TLV. */
size_t hsrp_wire_digest_at(const struct hsrp_packet *p, const void *data, size_t len);
const char *hsrp_wire_opcode_name(uint8_t opcode); /* "Hello" */
const char *hsrp_wire_state_name(uint8_t state);   /* "Active" */
const char *hsrp_wire_error(enum hsrp_decode_result r);
const char *hsrp_wire_drop_reason(enum hsrp_decode_result r); /* "hsrp-truncated" */

/* Shared by the two codecs. */
enum { HSRP_TLV_GROUP = 1, HSRP_TLV_INTERFACE = 2, HSRP_TLV_TEXT = 3, HSRP_TLV_MD5 = 4, HSRP_MD5_TLV_LEN = 28 };
void hsrp_wire_get_md5(struct cursor *c, struct hsrp_md5 *m); /* behind type and length */
void hsrp_wire_put_md5(struct builder *b, const struct hsrp_md5 *m);
void hsrp_wire_encode2(const struct hsrp_packet *p, struct builder *b);
#endif
