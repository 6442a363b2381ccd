/* ISAKMP on the wire (RFC 2407, 2408, 2409): bytes <-> structs, nothing else. All reads go through the
 * cursor, all writes through the builder; every list has a cap and is refused, never cut short, above it.
 * Callers: ike_main.c, ike_quick.c, ike_info.c, ike_natt.c, the unit tests and the fuzz targets. */
#ifndef TAPIR_IKE_WIRE_H
#define TAPIR_IKE_WIRE_H
#include "modules/core/cursor.h"

#define IKE_COOKIE 8
#define IKE_HDR_LEN 28
#define IKE_MSG_MAX 4096 /* the longest message we build */
#define IKE_RX_MAX 16384 /* the longest we look at */
#define IKE_PAYLOADS_MAX 40
#define IKE_TRANSFORMS_MAX 64

enum ike_exchange { IKE_X_MAIN = 2, IKE_X_AGGRESSIVE = 4, IKE_X_INFO = 5, IKE_X_TRANSACTION = 6, IKE_X_QUICK = 32 };
enum { IKE_FLAG_ENCRYPT = 1, IKE_FLAG_COMMIT = 2, IKE_FLAG_AUTH_ONLY = 4 };
enum ike_payload_type {
    IKE_P_NONE = 0,
    IKE_P_SA = 1,
    IKE_P_PROPOSAL = 2,
    IKE_P_TRANSFORM = 3,
    IKE_P_KE = 4,
    IKE_P_ID = 5,
    IKE_P_CERT = 6,
    IKE_P_CERTREQ = 7,
    IKE_P_HASH = 8,
    IKE_P_SIG = 9,
    IKE_P_NONCE = 10,
    IKE_P_NOTIFY = 11,
    IKE_P_DELETE = 12,
    IKE_P_VID = 13,
    IKE_P_NATD_DRAFT7 = 15,
    IKE_P_NATD = 20,
    IKE_P_NATOA = 21,
    IKE_P_NATD_DRAFT = 130,
    IKE_P_NATOA_DRAFT = 131
};
enum { IKE_PROTO_ISAKMP = 1, IKE_PROTO_AH = 2, IKE_PROTO_ESP = 3 };
enum ike_notify_type {
    IKE_N_INVALID_PAYLOAD_TYPE = 1,
    IKE_N_DOI_NOT_SUPPORTED = 2,
    IKE_N_SITUATION_NOT_SUPPORTED = 3,
    IKE_N_INVALID_COOKIE = 4,
    IKE_N_INVALID_MAJOR = 5,
    IKE_N_INVALID_EXCHANGE = 7,
    IKE_N_INVALID_FLAGS = 8,
    IKE_N_INVALID_SPI = 11,
    IKE_N_NO_PROPOSAL_CHOSEN = 14,
    IKE_N_BAD_PROPOSAL_SYNTAX = 15,
    IKE_N_PAYLOAD_MALFORMED = 16,
    IKE_N_INVALID_KEY_INFO = 17,
    IKE_N_INVALID_ID_INFO = 18,
    IKE_N_INVALID_HASH_INFO = 23,
    IKE_N_AUTHENTICATION_FAILED = 24,
    IKE_N_RESPONDER_LIFETIME = 24576,
    IKE_N_REPLAY_STATUS = 24577,
    IKE_N_INITIAL_CONTACT = 24578,
    IKE_N_R_U_THERE = 36136,
    IKE_N_R_U_THERE_ACK = 36137
};
enum {
    IKE_ID_IPV4 = 1,
    IKE_ID_FQDN = 2,
    IKE_ID_USER_FQDN = 3,
    IKE_ID_IPV4_SUBNET = 4,
    IKE_ID_DN = 9,
    IKE_ID_KEY_ID = 11
};
enum { IKE_AUTH_PSK = 1, IKE_AUTH_RSA_SIG = 3 };
enum { IKE_ENC_DES = 1, IKE_ENC_3DES = 5, IKE_ENC_AES = 7 };
enum { IKE_HASH_MD5 = 1, IKE_HASH_SHA = 2, IKE_HASH_SHA256 = 4, IKE_HASH_SHA384 = 5, IKE_HASH_SHA512 = 6 };
enum { IKE_ESP_DES = 2, IKE_ESP_3DES = 3, IKE_ESP_NULL = 11, IKE_ESP_AES = 12, IKE_ESP_AES_GCM16 = 20 };
enum {
    IKE_ENCAP_TUNNEL = 1,
    IKE_ENCAP_TRANSPORT = 2,
    IKE_ENCAP_UDP_TUNNEL = 3,
    IKE_ENCAP_UDP_TRANSPORT = 4,
    IKE_ENCAP_UDP_TUNNEL_DRAFT = 61443,
    IKE_ENCAP_UDP_TRANSPORT_DRAFT = 61444
};

struct ike_hdr {
    uint8_t ci[IKE_COOKIE], cr[IKE_COOKIE];
    uint8_t next, version, exchange, flags;
    uint32_t mid, len;
};
bool ike_hdr_decode(const uint8_t *p, size_t len, struct ike_hdr *h); /* also: length field fits */

struct ike_payload {
    uint8_t type;
    uint16_t len;        /* of the body, without the generic header */
    const uint8_t *body; /* borrowed */
};
struct ike_chain {
    struct ike_payload p[IKE_PAYLOADS_MAX];
    unsigned n;
    size_t used; /* bytes the payloads occupy; what follows is padding */
};
/* Walks the generic payload headers. Every step moves at least 4 bytes forward, so a chain cannot loop.
 * 0, or an enum ike_notify_type that says what is wrong. */
int ike_chain_walk(uint8_t first, const uint8_t *data, size_t len, struct ike_chain *out);
const struct ike_payload *ike_chain_find(const struct ike_chain *c, uint8_t type, unsigned nth); /* NULL */
unsigned ike_chain_count(const struct ike_chain *c, uint8_t type);

/* Attributes of a transform, both phases (RFC 2409 appendix A, RFC 2407 4.5). 0: absent. */
struct ike_attrs {
    uint16_t encryption, hash, auth_method; /* phase 1 */
    uint16_t encap, esp_auth;               /* phase 2 */
    uint16_t group, key_bits;
    uint32_t life_s, life_kb;     /* values above 32 bits count as the largest */
    bool life_s_vpi, life_kb_vpi; /* came in the variable form */
    bool unknown;                 /* an attribute or a doubled one that forbids acceptance */
};
struct ike_transform {
    uint8_t prop_number, proto, spi_len;
    uint32_t spi; /* ESP: 4 bytes */
    uint8_t number, id;
    bool bundle; /* the same proposal number also names another protocol */
    struct ike_attrs attrs;
    const uint8_t *raw; /* the attributes as sent; borrowed */
    uint16_t raw_len;
};
struct ike_offer {
    struct ike_transform t[IKE_TRANSFORMS_MAX];
    unsigned n;
    unsigned proposals;
};
/* Body of an SA payload. phase 1 or 2 chooses the attribute numbers. 0 or an enum ike_notify_type. */
int ike_sa_decode(const uint8_t *body, size_t len, unsigned phase, struct ike_offer *out);

struct ike_id {
    uint8_t type, proto;
    uint16_t port;
    const uint8_t *data;
    uint16_t len;
};
bool ike_id_decode(const uint8_t *body, size_t len, struct ike_id *id); /* checks the data length of address types */

struct ike_notify {
    uint8_t proto, spi_len;
    uint16_t type;
    const uint8_t *spi, *data;
    uint16_t data_len;
};
bool ike_notify_decode(const uint8_t *body, size_t len, struct ike_notify *n);
struct ike_delete {
    uint8_t proto, spi_len;
    uint16_t n;
    const uint8_t *spis;
};
bool ike_delete_decode(const uint8_t *body, size_t len, struct ike_delete *d);

/* Building: header, then payloads one by one; next-payload fields and lengths are filled in. */
struct ike_out {
    struct builder b;
    uint8_t buf[IKE_MSG_MAX];
    size_t next_at;    /* where the type of the coming payload goes */
    size_t payload_at; /* the open payload */
};
void ike_out_start(struct ike_out *o, const uint8_t ci[8], const uint8_t cr[8], uint8_t exchange, uint8_t flags,
                   uint32_t mid);
void ike_out_begin(struct ike_out *o, uint8_t type);
void ike_out_end(struct ike_out *o);
void ike_out_payload(struct ike_out *o, uint8_t type, const void *body, size_t len);
bool ike_out_finish(struct ike_out *o); /* patches the length; false: did not fit */
void ike_attr_tv(struct builder *b, uint16_t type, uint16_t v);
void ike_attr_u32(struct builder *b, uint16_t type, uint32_t v, bool vpi); /* vpi: 4 bytes even if small */
#endif
