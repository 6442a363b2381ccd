/* Bytes of the synchronisation protocol (state-sync 4.2, 4.3): a header of 20 bytes and TLVs, one record per SCTP
 * message. Knows the layout and nothing else. Used by the session, sender and receiver of modules/redundancy and by
 * the fuzz target. */
#ifndef TAPIR_REDUNDANCY_WIRE_H
#define TAPIR_REDUNDANCY_WIRE_H
#include "modules/core/addr.h"
#include "modules/core/cursor.h"
#include "modules/core/sync.h"

#define REDUNDANCY_MAGIC 0x52484131u /* RHA1 */
#define REDUNDANCY_VERSION 1
#define REDUNDANCY_RECORD_MAX 32768
#define REDUNDANCY_HEADER 20
#define REDUNDANCY_TEXT 64
#define REDUNDANCY_CONFIG_MAX 512

enum redundancy_type {
    REDUNDANCY_HELLO = 1,
    REDUNDANCY_HELLO_ACK = 2,
    REDUNDANCY_ROLE = 3,
    REDUNDANCY_KEEPALIVE = 4,
    REDUNDANCY_ACK = 5,
    REDUNDANCY_SNAP_BEGIN = 10,
    REDUNDANCY_SNAP_END = 11,
    REDUNDANCY_RESYNC_REQ = 12,
    /* 20..89: objects, by the classes' own numbers */
    REDUNDANCY_ERROR = 90,
    REDUNDANCY_GOODBYE = 91
};
enum { REDUNDANCY_FLAG_NO_SESSION = 1 }; /* KEEPALIVE: the sender has lost the session */

#define REDUNDANCY_CRITICAL 0x8000
enum redundancy_tlv {
    REDUNDANCY_TLV_PROTO = 1,                           /* min u8, max u8; in HELLO_ACK: chosen, chosen */
    REDUNDANCY_TLV_SOFTWARE = 2,                        /* text */
    REDUNDANCY_TLV_PLATFORM = 3,                        /* text */
    REDUNDANCY_TLV_STATE = 4,                           /* RF state u8, group state u8, term u32 */
    REDUNDANCY_TLV_GROUP = 5,                           /* priority u16, interface address u32, group name */
    REDUNDANCY_TLV_CONFIG = 6,                          /* hash u32, kind length u8, kind, name */
    REDUNDANCY_TLV_ECHO = 7,                            /* epoch of the other side u32 */
    REDUNDANCY_TLV_APPLIED = 8,                         /* seq u32 */
    REDUNDANCY_TLV_NAME = 9,                            /* hostname */
    REDUNDANCY_TLV_ACCEPT = 11,                         /* u8 */
    REDUNDANCY_TLV_REASON = 12,                         /* text */
    REDUNDANCY_TLV_ALIVE = 13,                          /* queue depth u32, ms u64 */
    REDUNDANCY_TLV_SNAP = 14,                           /* generation u32, objects u32, has digest u8, digest u64 */
    REDUNDANCY_TLV_OBJECT = REDUNDANCY_CRITICAL | 0x20, /* key length u8, key, version u32, the class's TLVs */
    REDUNDANCY_TLV_TOMB = REDUNDANCY_CRITICAL | 0x21    /* key length u8, key, reason u8 */
};

struct redundancy_header {
    uint8_t version, type;
    uint16_t flags;
    uint32_t epoch, seq, len;
};

/* What the control records carry, decoded; has_* by TLV. */
struct redundancy_config_hash {
    uint32_t hash;
    char kind[24], name[REDUNDANCY_TEXT];
};
struct redundancy_control {
    bool has_proto, has_state, has_group, has_echo, has_applied, has_accept, has_snap;
    uint8_t proto_min, proto_max;
    char software[REDUNDANCY_TEXT], platform[REDUNDANCY_TEXT], name[REDUNDANCY_TEXT], reason[128];
    uint8_t rf_state, group_state;
    uint32_t term;
    uint16_t priority;
    struct addr address;
    char group[REDUNDANCY_TEXT];
    uint32_t echo, applied;
    bool accept;
    uint32_t queue;
    uint64_t alive_ms;
    uint32_t generation, objects;
    bool has_digest;
    uint64_t digest;
};

/* Writing: begin, TLVs, end. The builder's error tells that it did not fit. */
void redundancy_record_begin(struct builder *b, uint8_t type, uint16_t flags, uint32_t epoch, uint32_t seq);
void redundancy_record_end(struct builder *b);
size_t redundancy_tlv_begin(struct builder *b, uint16_t type);
void redundancy_tlv_end(struct builder *b, size_t mark);
void redundancy_tlv_text(struct builder *b, uint16_t type, const char *text);
void redundancy_tlv_u32(struct builder *b, uint16_t type, uint32_t v);

/* Reading. False: not a record of ours. */
bool redundancy_header_read(struct cursor *c, struct redundancy_header *h);
/* The next TLV; false at the end, or c->error. */
bool redundancy_tlv_next(struct cursor *c, uint16_t *type, struct cursor *value);
/* Decodes a control record; config entries go to entry(). False: malformed, or an unknown critical TLV. */
bool redundancy_control_read(struct cursor *c, struct redundancy_control *out,
                             void (*entry)(void *ctx, const struct redundancy_config_hash *h), void *ctx);
/* Walks an object record. False: malformed. fn gets the rest of the TLV as body; a false return ends the walk. */
struct redundancy_object {
    struct sync_key key;
    bool tomb;
    uint8_t reason;
    uint32_t version;
    struct cursor body;
};
bool redundancy_objects_read(struct cursor *c, bool (*fn)(void *ctx, struct redundancy_object *o), void *ctx);

uint32_t redundancy_hash32(const char *text);
/* One object's share of the snapshot digest; shares are added, so order does not matter. */
uint64_t redundancy_digest_share(uint8_t type, const struct sync_key *key, uint32_t version);
#endif
