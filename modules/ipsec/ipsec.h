/* IPsec as IKE sees it (and IKE as IPsec sees it): policy lookup, SA pairs, acquire/rekey/delete.
 * IKE calls the ipsec_* functions; IPsec calls IKE through the key manager operations it registered. */
#ifndef TAPIR_IPSEC_IPSEC_H
#define TAPIR_IPSEC_IPSEC_H
#include "modules/core/addr.h"
#include "modules/core/log.h"
#include "modules/crypto/crypto.h"
#include "modules/net/ip.h"

/* A flow seen from this router: ident of our side and of the peer's side. */
struct ipsec_ident {
    struct prefix local, remote;
    uint8_t proto;         /* 0: any */
    uint16_t lport, rport; /* 0: any */
};
struct ipsec_transform {       /* one ESP proposal */
    char name[64];             /* transform-set name; "" when it came from the wire */
    enum crypto_cipher cipher; /* CIPHER_NULL: esp-null */
    uint16_t key_bits;         /* AES: 128, 192, 256 */
    enum crypto_hash auth;     /* HASH_NONE: none */
    bool transport;            /* mode transport */
};
#define IPSEC_TRANSFORMS_MAX 6
/* What a map entry wants proposed. Filled by ipsec for acquire/rekey and for the responder's choice. */
struct ipsec_proposal {
    char map[64];
    uint32_t seq;
    char dynamic_map[64]; /* template name; "" for a static entry */
    uint32_t dynamic_seq;
    char interface[40]; /* the interface the map is bound to */
    char group[64];     /* HSRP group of `redundancy GROUP`; "" none */
    bool stateful;
    struct addr local, peer; /* crypto endpoints; local = VIP with redundancy */
    struct ipsec_ident ident;
    struct ipsec_transform transforms[IPSEC_TRANSFORMS_MAX];
    unsigned n_transforms;
    unsigned pfs_group; /* 0: none */
    uint32_t life_s, life_kb;
};

/* ---- called by IKE ---- */
/* Does any bound map have `local` as its endpoint now (interface up, and with redundancy: this unit active)?
 * Main mode answers only then. stateful/group out may be NULL. */
struct ipsec_endpoint {
    char interface[40], map[64], group[64];
    bool stateful;
};
bool ipsec_endpoint_find(struct router *r, const struct addr *local, struct ipsec_endpoint *ep);
/* Responder: the peer offers ident (already turned to our view) and transforms. Returns 0 and the accepted
 * proposal (exactly one transform, lifetimes = ours) or a negative reason. */
enum {
    IPSEC_NO_MAP = -1 /* map_db_find_best did not find matching map */,
    IPSEC_NO_IDENT = -2 /* proxy identities not supported */,
    IPSEC_NO_TRANSFORM = -3,
    IPSEC_NO_PFS = -4
};
int ipsec_policy_accept(struct router *r, const struct addr *local, const struct addr *peer,
                        const struct ipsec_ident *ident, const struct ipsec_transform *offered, unsigned n_offered,
                        unsigned offered_pfs, struct ipsec_proposal *accepted, unsigned *which);
uint32_t ipsec_spi_alloc(struct router *r); /* inbound SPI, unused, > 255; reserved until install or release */
void ipsec_spi_release(struct router *r, uint32_t spi);

struct ipsec_keys {
    uint8_t cipher[CRYPTO_KEY_MAX], auth[CRYPTO_HASH_MAX];
};
struct ipsec_pair {             /* everything that makes an SA pair; copied */
    struct ipsec_proposal prop; /* transforms[0] is the agreed one */
    uint32_t in_spi, out_spi;
    struct ipsec_keys in, out;
    uint32_t life_s, life_kb; /* agreed */
    uint8_t cookies[16];      /* parent IKE SA: I then R */
    uint32_t message_id;
    bool udp_encap;
    uint16_t local_port, peer_port; /* NAT-T: 4500 and the peer's; 500/500 otherwise (for show) */
    unsigned pfs_group;
    bool initiator;
};
/* Inbound becomes usable at once, outbound with ipsec_pair_enable (responder: at HASH(3)). -EEXIST, -ENOSPC, -EINVAL.
 */
int ipsec_pair_install(struct router *r, const struct ipsec_pair *p, event_id cause);
void ipsec_pair_enable(struct router *r, uint32_t in_spi);
/* By the peer's DELETE (it names its inbound = our outbound SPI) or by IKE. */
void ipsec_pair_delete_by_out(struct router *r, const struct addr *peer, uint32_t out_spi, const char *reason,
                              event_id cause);
void ipsec_pair_delete_by_cookies(struct router *r, const uint8_t cookies[16], const char *reason, event_id cause);
void ipsec_pair_delete_by_peer(struct router *r, const struct addr *local, const struct addr *peer, const char *reason,
                               event_id cause);
/* `clear crypto session`: as by_peer, and active pairs are deleted at the peer too (through notify_delete). */
void ipsec_pair_clear(struct router *r, const struct addr *local, const struct addr *peer);
/* Negotiation for an acquire failed: held packets are dropped, back-off. */
void ipsec_acquire_failed(struct router *r, const struct ipsec_proposal *p, const char *reason);
/* NAT-T port of the peer changed (authenticated packet from another port). */
void ipsec_pair_peer_moved(struct router *r, const uint8_t cookies[16], const struct addr *peer, uint16_t port);
/* DPD on demand: loop_now() of the last authenticated ESP packet from / to that peer; 0 never. */
nstime ipsec_last_in(struct router *r, const struct addr *local, const struct addr *peer);
nstime ipsec_last_out(struct router *r, const struct addr *local, const struct addr *peer);
unsigned ipsec_pair_count(struct router *r, const struct addr *local, const struct addr *peer);
/* ESP in UDP: f->data at the ESP header. Consumes. */
void ipsec_udp_input(struct router *r, const struct udp_rx *rx, struct frame *f);
/* Rows of show crypto session / show crypto ha that IKE prints or needs. */
/* debug crypto ha: its bundles of SAs as they go to the standby and come from the active. */
void ipsec_debug_ha_set(struct router *r, bool on);

struct ipsec_flow_view {
    char map[64], interface[40];
    struct addr local, peer;
    struct ipsec_ident ident;
    unsigned active_sas, standby_sas;
    bool dynamic, stateful;
    uint64_t in_packets, in_drops, out_packets, out_drops;
    uint32_t in_kb_left, in_s_left, out_kb_left, out_s_left;
    nstime up_since;
};
void ipsec_flow_foreach(struct router *r, void (*fn)(void *ctx, const struct ipsec_flow_view *v), void *ctx);

/* ---- called by IPsec (IKE registers) ---- */
struct ipsec_km_ops {
    /* Traffic wants an SA. IKE negotiates, or calls ipsec_acquire_failed. Duplicates are ignored by IKE. */
    void (*acquire)(void *ctx, const struct ipsec_proposal *p, event_id cause);
    /* Soft lifetime of this pair: negotiate a successor. */
    void (*rekey)(void *ctx, const struct ipsec_pair *p, const char *why, event_id cause);
    /* The pair was deleted here: tell the peer (not called on a standby, nor when the peer asked). */
    void (*notify_delete)(void *ctx, const struct addr *local, const struct addr *peer, const uint8_t cookies[16],
                          const uint32_t *in_spis, unsigned n);
    /* `clear crypto session`, or the pair's last SA went: IKE SAs of that peer. which: HA_NONE any, else only that
     * state */
    void (*clear_isakmp)(void *ctx, const struct addr *local, const struct addr *peer);
    void (*invalid_spi)(void *ctx, const struct addr *local, const struct addr *peer,
                        uint32_t spi); /* recovery if configured */
};
void ipsec_km_set(struct router *r, const struct ipsec_km_ops *ops, void *ctx);
extern const struct module ipsec_module;
#endif
