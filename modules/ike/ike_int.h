/* What the files of this folder share: configuration, SA database, exchanges. Nothing outside includes it.
 *
 * An IKE SA lives in one list (creation order) and one hash table (initiator cookie). A responder keeps a small
 * `struct ike_half` per peer until MM3 proves that the peer gets our packets, and makes the SA then (DESIGN 4). */
#ifndef TAPIR_IKE_INT_H
#define TAPIR_IKE_INT_H
#include "modules/core/log.h"
#include "modules/core/role.h"
#include "modules/core/router.h"
#include "modules/core/sync.h"
#include "modules/ike/ike.h"
#include "modules/ike/ike_keys.h"
#include "modules/ike/ike_wire.h"
#include "modules/ipsec/ipsec.h"

#define IKE_PORT 500
#define IKE_PORT_NATT 4500
#define IKE_SA_MAX 20000  /* state-sync 4.5 (10) */
#define IKE_HALF_MAX 1000 /* DESIGN 4 */
#define IKE_HALF_PER_PEER 8
#define IKE_UNPROVEN_MAX 200 /* responder SAs between MM3 and MM5 */
#define IKE_UNPROVEN_PER_PEER 8
#define IKE_DH_QUEUE_MAX 64
#define IKE_SAI_MAX 2048
#define IKE_ID_MAX 256
#define IKE_QM_MAX 64 /* phase 2 exchanges of one SA */
#define IKE_MIDS 64
#define IKE_PENDING_MAX 16
#define IKE_POLICIES_MAX 64
#define IKE_KEYS_MAX 1000
#define IKE_RETRANSMIT (10 * NS_PER_S) /* reference 3.6: every 10 s, 5 attempts */
#define IKE_RETRIES 5
#define IKE_UNPROVEN_LIFE (30 * NS_PER_S)
#define IKE_NONCE_LEN 20
#define IKE_BUCKET_BITS 10
#define IKE_BUCKETS (1u << IKE_BUCKET_BITS)

enum ike_state { /* main mode; IOS's names (reference 3.7) */
                 IKE_READY,
                 IKE_I_MM1,
                 IKE_I_MM2,
                 IKE_I_MM3,
                 IKE_I_MM4,
                 IKE_I_MM5,
                 IKE_I_MM6,
                 IKE_R_MM1,
                 IKE_R_MM2,
                 IKE_R_MM3,
                 IKE_R_MM4,
                 IKE_R_MM5,
                 IKE_P1_COMPLETE,
                 IKE_DEST_SA,
                 IKE_STATES
};
enum ike_qm_state {
    IKE_QM_READY,
    IKE_QM_I_QM1,
    IKE_QM_SPI_STARVE,
    IKE_QM_R_QM2,
    IKE_QM_PHASE2_COMPLETE,
    IKE_QM_STATES
};
enum ike_event {
    IKE_EV_ACQUIRE, /* traffic or a rekey wants an SA */
    IKE_EV_SA,      /* clear message with an SA payload */
    IKE_EV_KE,      /* clear message with KE and nonce */
    IKE_EV_DH_DONE, /* a Diffie-Hellman computation has ended */
    IKE_EV_ID,      /* encrypted message with ID and HASH */
    IKE_EV_QM_START,
    IKE_EV_QM, /* quick mode: begin; a message with a right hash position */
    IKE_EVENTS
};
enum ike_verdict {
    IKE_OK,
    IKE_DROP /* message ignored, state kept */,
    IKE_FAIL /* this exchange ends */,
    IKE_WAIT /* taken in; goes on with IKE_EV_DH_DONE */
};

struct ike_policy { /* crypto isakmp policy N; also what was agreed */
    unsigned priority;
    enum crypto_cipher cipher;
    uint16_t key_bits;
    enum crypto_hash hash;
    uint16_t auth; /* IKE_AUTH_* */
    uint16_t group;
    uint32_t life_s;
};
struct ike_psk {
    struct addr addr;
    uint32_t mask;
    bool no_xauth;
    char ring[64]; /* the keyring it stands in; "": crypto isakmp key */
    char key[129];
};
struct ike_endpoint { /* one side's view of a conversation */
    struct addr local, peer;
    uint16_t lport, pport;
};
enum { IKE_NATT_NONE, IKE_NATT_RFC, IKE_NATT_V7, IKE_NATT_V3, IKE_NATT_V2, IKE_NATT_V2N }; /* preference order */
struct ike_caps { /* what the peer's vendor payloads said */
    uint8_t natt; /* IKE_NATT_* */
    bool dpd, unity, xauth, ios, frag;
};
struct ike_half {                 /* until MM3 brings the right cookie */
    struct ike_half *next, *prev; /* oldest first */
    struct ike_half *peer_next;   /* bucket by peer address */
    uint8_t ci[8], cr[8];
    struct ike_endpoint at;
    struct ipsec_endpoint ep;
    struct ike_policy suite;
    struct ike_caps caps;
    nstime born;
    uint16_t sai_len, reply_len;
    uint8_t reply[256]; /* body of the SA payload of MM2 */
    uint8_t sai[IKE_SAI_MAX];
};
struct ike_pending { /* an acquire or rekey that waits for phase 1 */
    struct ike_pending *next;
    struct ipsec_proposal prop;
    bool rekey;
    event_id cause;
};
struct ike;
struct ike_sa;
struct ike_dh;
struct ike_held;
struct ike_qm {
    struct ike_qm *next;
    struct ike_sa *sa;
    uint32_t mid;
    bool initiator, rekey;
    enum ike_qm_state state;
    uint8_t iv[IKE_BLOCK_MAX];
    uint8_t ni[IKE_NONCE_MAX], nr[IKE_NONCE_MAX];
    uint16_t ni_len, nr_len;
    struct ike_dh *dh;     /* PFS */
    struct ike_held *held; /* the message whose answer waits for it */
    struct ipsec_proposal prop;
    uint32_t in_spi, out_spi;
    uint8_t *tx; /* last message sent, encrypted */
    uint16_t tx_len;
    uint8_t rx_hash[20];
    unsigned tries;
    struct timer timer;
    event_id cause;
};
struct ike_sa {
    struct ike *ike;
    struct ike_sa *prev, *next, *bucket_next;
    struct ike_sa *peer_prev, *peer_next; /* of the peer's bucket, in order of creation */
    unsigned conn_id;                     /* 0: not yet */
    uint8_t ci[8], cr[8];
    bool initiator;
    enum ike_state state;
    struct ike_endpoint at;
    char ifname[40], map[64], group[64];
    bool stateful, standby, stale, deleting, rekeyed;
    struct ike_policy suite;
    struct ike_keys keys;
    struct ike_dh *dh;  /* only during phase 1 */
    uint8_t *gxi, *gxr; /* dh_len(group) bytes each; only during phase 1 */
    uint8_t ni[IKE_NONCE_MAX], nr[IKE_NONCE_MAX];
    uint16_t ni_len, nr_len, sai_len;
    uint8_t *sai; /* SAi_b; only during phase 1 */
    uint8_t iv[IKE_BLOCK_MAX], last_block[IKE_BLOCK_MAX];
    struct ike_caps caps;
    bool nat_me, nat_peer, initial_contact_sent, initial_contact_seen;
    uint8_t my_id[IKE_ID_MAX], his_id[IKE_ID_MAX]; /* payload bodies */
    uint16_t my_id_len, his_id_len;
    nstime created, established, life_end, last_heard, standby_since;
    uint8_t *tx;
    uint16_t tx_len;
    uint8_t rx_hash[20];
    unsigned tries;
    struct timer retransmit, life, rekey, dpd, nat_keepalive;
    uint32_t dpd_out, dpd_in, dpd_waiting; /* waiting: sequence an answer is due for */
    unsigned dpd_misses;
    bool dpd_pending;
    struct ike_qm *qms; /* oldest first */
    unsigned n_qms;
    struct ike_pending *pending;
    uint32_t mids[IKE_MIDS];
    unsigned mid_next;
    uint32_t version;
    event_id cause;
};
struct ike_group {
    struct ike_group *next;
    struct ike *ike;
    char name[64];
    struct role_sub *sub;
};
struct ike_lab_key {
    struct ike_lab_key *next;
    uint8_t ci[8], ka[CRYPTO_KEY_MAX];
    uint16_t key_len;
};
struct ike_counters {
    uint64_t in, out, malformed, no_sa, no_endpoint, not_encrypted, no_proposal, no_key, auth_failed, duplicate,
        half_recycled, dh_dropped, unproven_dropped, retransmits, standby_in, standby_out, takeover_exchanges,
        natt_keepalives, qm_rejected, replayed_mid;
};
struct ike {
    struct router *r;
    struct ike_policy policies[IKE_POLICIES_MAX]; /* by priority */
    unsigned n_policies;
    struct ike_psk *keys;
    unsigned n_keys;
    bool enabled, invalid_spi_recovery, log_session, identity_hostname;
    unsigned keepalive_s, keepalive_retry, nat_keepalive_s;
    bool keepalive_periodic;
    struct ike_sa *first, *last, *bucket[IKE_BUCKETS];
    struct ike_peer_bucket {
        struct ike_sa *first, *last;
    } peers[IKE_BUCKETS];
    unsigned n_sas, n_unproven;
    struct ike_half *half_first, *half_last, *half_peers[IKE_BUCKETS];
    unsigned n_half;
    struct timer half_timer;
    unsigned n_unproven_dh; /* computations for responder SAs that wait or run: at most IKE_DH_QUEUE_MAX */
    struct ike_group *groups;
    struct ike_lab_key *lab_keys, **lab_tail;
    unsigned n_lab_keys, next_conn;
    nstime took_over;
    struct ike_counters count;
};
struct ike_msg { /* a received message; the bytes live in the frame and are decrypted in place */
    struct ike_endpoint at;
    struct ike_hdr h;
    uint8_t *data; /* behind the header */
    size_t len;    /* h.len - 28 */
    struct ike_chain chain;
    uint8_t hash[20];
};
#define BLOB_OF(ptr, n) ((struct ike_blob){(ptr), (n)})

/* ike.c */
struct ike *ike_of(struct router *r);
struct udp_rx;
void ike_input(struct ike *k, const struct udp_rx *rx, uint8_t *data, size_t len); /* one ISAKMP message, marker gone */
int ike_send_raw(struct ike *k, const struct ike_endpoint *at, const uint8_t *data, size_t len);
void ike_out_debug(struct ike_sa *sa);
/* ike_fsm.c */
enum ike_verdict ike_fsm_main(struct ike_sa *sa, enum ike_event ev, struct ike_msg *m);  /* IKE_FAIL: sa is gone */
enum ike_verdict ike_fsm_quick(struct ike_qm *qm, enum ike_event ev, struct ike_msg *m); /* IKE_FAIL: qm is gone */
const char *ike_state_name(enum ike_state s);
const char *ike_qm_state_name(enum ike_qm_state s);
const char *ike_state_shown(const struct ike_sa *sa); /* MM_NO_STATE ... QM_IDLE */
/* Table cells, for the tests: is there a rule for this pair? */
bool ike_fsm_main_has(enum ike_state s, enum ike_event ev);
bool ike_fsm_quick_has(enum ike_qm_state s, bool initiator, enum ike_event ev);

/* ike_sa.c */
struct ike_sa *ike_sa_new(struct ike *k, const uint8_t ci[8], const struct ike_endpoint *at,
                          bool initiator); /* NULL: cap */
void ike_sa_link(struct ike_sa *sa, const char *ifname, const char *map, const char *group, bool stateful);
struct ike_sa *ike_sa_find(struct ike *k, const uint8_t ci[8], const uint8_t cr[8]); /* exact, or cr still unknown */
struct ike_sa *ike_sa_best(struct ike *k, const struct addr *local,
                           const struct addr *peer); /* established, active, newest */
struct ike_sa *ike_sa_starting(struct ike *k, const struct addr *local,
                               const struct addr *peer); /* we initiate main mode */
/* How an SA ends. */
enum ike_end {
    IKE_END_SILENT /* no word to the peer, none to the standby about exchanges */,
    IKE_END_NOTIFY /* DELETE */
};
void ike_sa_delete(struct ike_sa *sa, enum ike_end how, const char *reason, event_id cause);
void ike_sa_established(struct ike_sa *sa, event_id cause);
void ike_sa_timers(struct ike_sa *sa, bool takeover);
void ike_lab_key_add(const struct ike_sa *sa);
void ike_sa_store_tx(struct ike_sa *sa, const struct ike_out *o);
void ike_sa_retransmit_start(struct ike_sa *sa);
void ike_sa_send_tx(struct ike_sa *sa);
bool ike_sa_mid_used(const struct ike_sa *sa, uint32_t mid);
void ike_sa_mid_add(struct ike_sa *sa, uint32_t mid);
uint32_t ike_sa_mid_new(struct ike_sa *sa);
void ike_sa_wipe_phase1(struct ike_sa *sa);
unsigned ike_peer_hash(const struct addr *peer);                     /* below IKE_BUCKETS */
void ike_sa_moved(struct ike_sa *sa, const struct ike_endpoint *at); /* other addresses */
struct ike_sa *ike_sa_next_of(struct ike *k, struct ike_sa *prev, const struct addr *local, const struct addr *peer);
bool ike_same_peer(const struct ike_sa *sa, const struct addr *local, const struct addr *peer);
struct ike_half *ike_half_new(struct ike *k, const struct ike_endpoint *at); /* recycles; zeroed, linked */
struct ike_half *ike_half_find(struct ike *k, const uint8_t ci[8], const uint8_t cr[8] /* NULL: any */,
                               const struct ike_endpoint *at);
void ike_half_free(struct ike *k, struct ike_half *h);
void ike_half_expire(struct ike *k);
void ike_half_fire(void *ike);
void ike_session_check(struct ike *k, const struct ike_endpoint *at, const uint8_t *id, size_t id_len, bool up);

/* ike_dh.c: values computed by the worker; IKE_EV_DH_DONE to qm, or (NULL) to sa, when they are there. */
/* A new secret; our public value and, with the peer's, g^xy. False: the queue is full, or memory. *slot must be NULL.
 */
bool ike_dh_start(struct ike_dh **slot, struct ike_sa *sa, struct ike_qm *qm, unsigned group,
                  const uint8_t *peer /* dh_len(group) bytes; NULL: not known yet */);
bool ike_dh_peer(struct ike_dh *d, const uint8_t *peer); /* the peer's value came: g^xy */
bool ike_dh_busy(const struct ike_dh *d);
const uint8_t *ike_dh_public(const struct ike_dh *d); /* NULL: busy, or it failed */
const uint8_t *ike_dh_shared(const struct ike_dh *d);
void ike_dh_end(struct ike_dh **slot); /* wipes; gives up what runs */

/* ike_config.c */
/* Adds or changes the key of a ring ("" for the global ones); key NULL: removes. -ENOSPC, -ENOMEM. */
int ike_psk_put(struct ike *k, const char *ring, const struct addr *addr, uint32_t mask, const char *key,
                bool no_xauth);
const struct ike_psk *ike_psk_find(struct ike *k, const struct addr *peer); /* most specific; NULL */
void ike_policy_default(struct ike_policy *p);
const char *ike_cipher_text(enum crypto_cipher c, unsigned bits);
uint16_t ike_cipher_wire(enum crypto_cipher c);
uint16_t ike_hash_wire(enum crypto_hash h);
enum crypto_cipher ike_cipher_of(uint16_t wire);
enum crypto_hash ike_hash_of(uint16_t wire);

/* ike_main.c: actions of the main mode table, and how it begins */
void ike_main_initiate(struct ike *k, const struct ipsec_proposal *p, bool rekey, event_id cause);
void ike_main_reauth(struct ike_sa *old);
void ike_main_send_mm2(struct ike *k, const struct ike_half *h);
void ike_main_first(struct ike *k, struct ike_msg *m);                     /* MM1 */
void ike_main_third(struct ike *k, struct ike_half *h, struct ike_msg *m); /* MM3 for a half-open record */
void ike_main_input(struct ike_sa *sa, struct ike_msg *m);
enum ike_verdict ike_main_start(struct ike_sa *sa, struct ike_msg *m);
enum ike_verdict ike_main_i_sa(struct ike_sa *sa, struct ike_msg *m);
enum ike_verdict ike_main_i_public(struct ike_sa *sa, struct ike_msg *m);
enum ike_verdict ike_main_i_ke(struct ike_sa *sa, struct ike_msg *m);
enum ike_verdict ike_main_i_keys(struct ike_sa *sa, struct ike_msg *m);
enum ike_verdict ike_main_i_id(struct ike_sa *sa, struct ike_msg *m);
enum ike_verdict ike_main_r_ke(struct ike_sa *sa, struct ike_msg *m);
enum ike_verdict ike_main_r_dh(struct ike_sa *sa, struct ike_msg *m);
enum ike_verdict ike_main_r_id(struct ike_sa *sa, struct ike_msg *m);
void ike_main_fail_log(struct ike_sa *sa, const char *why);
void ike_main_build_id(struct ike_sa *sa);
bool ike_main_take_ke(struct ike_sa *sa, struct ike_msg *m, bool initiators);         /* KE and nonce of the peer */
bool ike_main_take_public(struct ike_sa *sa);                                         /* our public value, a nonce */
bool ike_main_make_keys(struct ike_sa *sa);                                           /* g^xy, SKEYID*, first IV */
void ike_main_build_ke(struct ike_sa *sa, struct ike_out *o);                         /* KE NONCE VIDs NAT-D */
void ike_main_build_auth(struct ike_sa *sa, struct ike_out *o, bool initial_contact); /* ID HASH [N] */
enum ike_verdict ike_main_check_auth(struct ike_sa *sa, struct ike_msg *m);
/* ike_policy.c: phase 1 proposals */
void ike_offer_build(struct ike *k, struct ike_out *o, const struct addr *peer, unsigned *n);
/* Responder's choice: NULL: none (reason printed by debug). */
const struct ike_transform *ike_offer_choose(struct ike *k, const struct addr *peer, const struct ike_offer *offer,
                                             struct ike_policy *agreed, const char **why);
bool ike_offer_check_reply(struct ike *k, const struct ike_transform *t, struct ike_policy *agreed);

/* ike_crypt.c: encrypted messages */
enum ike_verdict ike_crypt_open(struct ike_sa *sa, struct ike_msg *m,
                                uint8_t iv[IKE_BLOCK_MAX]); /* iv: advanced on success */
bool ike_crypt_seal(struct ike_sa *sa, struct ike_out *o,
                    uint8_t iv[IKE_BLOCK_MAX]); /* pads, encrypts, patches length */

/* ike_quick.c */
void ike_quick_start(struct ike_sa *sa, const struct ipsec_proposal *p, bool rekey, event_id cause);
void ike_quick_input(struct ike_sa *sa, struct ike_msg *m);
void ike_quick_free(struct ike_qm *qm);
void ike_quick_done(struct ike_qm *qm);
void ike_quick_fail(struct ike_qm *qm, const char *reason); /* frees; acquire_failed if ours */
void ike_quick_fire(void *qm);
/* What both roles use. */
struct ike_qm1_offer { /* what QM1 holds, decoded */
    struct ike_offer offer;
    struct ipsec_transform usable[IKE_TRANSFORMS_MAX];
    unsigned index[IKE_TRANSFORMS_MAX];
    bool udp[IKE_TRANSFORMS_MAX];
    unsigned n, pfs;
    struct ipsec_ident ident;
};
struct ike_held { /* what is known of an exchange that waits for its PFS computation */
    bool udp;     /* initiator */
    uint32_t life_s, life_kb;
    struct ike_qm1_offer *d; /* responder: QM1 decoded, the chosen proposal, the message */
    unsigned which;
    struct ike_msg m;
    uint8_t data[];
};
void ike_quick_out_start(struct ike_qm *qm, struct ike_out *o);
bool ike_quick_out_seal(struct ike_qm *qm, struct ike_out *o, struct ike_blob nonce);
void ike_quick_send(struct ike_qm *qm, const struct ike_out *o, bool again);
int ike_quick_install(struct ike_qm *qm, bool udp, uint32_t life_s, uint32_t life_kb);
enum ike_verdict ike_quick_reject(struct ike_qm *qm, uint16_t notify, const char *why);
uint32_t ike_quick_min_life(uint32_t ours, uint32_t offered);
void ike_quick_release(struct ike_qm *qm); /* what it held */
struct ike_qm *ike_quick_find(struct ike_sa *sa, uint32_t mid);
enum ike_verdict ike_quick_begin(struct ike_qm *qm, struct ike_msg *m);
enum ike_verdict ike_quick_send_qm1(struct ike_qm *qm, struct ike_msg *m);
enum ike_verdict ike_quick_qm1(struct ike_qm *qm, struct ike_msg *m);
enum ike_verdict ike_quick_qm1_dh(struct ike_qm *qm, struct ike_msg *m);
enum ike_verdict ike_quick_qm2(struct ike_qm *qm, struct ike_msg *m);
enum ike_verdict ike_quick_qm2_dh(struct ike_qm *qm, struct ike_msg *m);
enum ike_verdict ike_quick_qm3(struct ike_qm *qm, struct ike_msg *m);
/* ike_ident.c: phase 2 identities and proposals */
void ike_ident_encode(struct ike_out *o, const struct prefix *p, uint8_t proto, uint16_t port);
bool ike_ident_decode(const struct ike_payload *p, struct prefix *out, uint8_t *proto, uint16_t *port);
void ike_esp_offer_build(struct ike_out *o, const struct ike_qm *qm, bool udp);
bool ike_esp_transform_of(const struct ike_transform *t, struct ipsec_transform *out, bool *udp);

/* ike_info.c */
void ike_info_input(struct ike_sa *sa, struct ike_msg *m);
void ike_info_send_notify(struct ike_sa *sa, uint8_t proto, uint16_t type, const uint8_t *spi, uint8_t spi_len,
                          const void *data, size_t len);
void ike_info_send_delete_sa(struct ike_sa *sa);
void ike_info_send_delete_spis(struct ike_sa *sa, const uint32_t *spis, unsigned n);
void ike_info_clear_notify(struct ike *k, const struct ike_msg *m, const uint8_t cr[8], uint16_t type);
void ike_info_initial_contact(struct ike_sa *sa);
void ike_notify_in(struct ike_sa *sa, const struct ike_notify *n, struct ike_msg *m);
/* ike_dpd.c */
void ike_dpd_start(struct ike_sa *sa);
void ike_dpd_fire(void *sa);
void ike_dpd_in(struct ike_sa *sa, const struct ike_notify *n);

/* ike_natt.c */
void ike_natt_vids(struct ike_out *o);                    /* MM1 */
void ike_natt_vid_reply(struct ike_out *o, uint8_t natt); /* MM2 */
void ike_vids_mm3(struct ike_sa *sa, struct ike_out *o);
void ike_vid_seen(struct ike *k, unsigned conn, const struct ike_chain *c, struct ike_caps *caps,
                  const uint8_t *cookie);
void ike_natt_natd_build(struct ike_sa *sa, struct ike_out *o);
void ike_natt_natd_check(struct ike_sa *sa, const struct ike_msg *m);
void ike_natt_keepalive_start(struct ike_sa *sa);
void ike_natt_keepalive_fire(void *sa);
bool ike_natt_used(const struct ike_sa *sa); /* ESP goes into UDP */

/* ike_sync.c */
extern const struct sync_class ike_sync_sa, ike_sync_dpd, ike_sync_mid;
void ike_sync_key(const struct ike_sa *sa, struct sync_key *key);
void ike_sync_changed(struct ike_sa *sa);
void ike_sync_gone(struct ike_sa *sa, uint8_t reason);
/* ike_ha.c */
void ike_ha_watch(struct ike *k, const char *group);
void ike_ha_evaluate(struct ike *k, event_id cause);
void ike_ha_init(struct ike *k);
void ike_ha_fini(struct ike *k);
void ike_ha_exchange_begins(struct ike *k, const struct ike_sa *sa, bool due); /* I5 counter */

/* ike_debug.c */
enum { IKE_DBG, IKE_DBG_ERROR, IKE_DBG_HA, IKE_DBG_HA_DETAIL, CRYPTO_DBG_HA, IKE_DBG_FLAGS };
extern const struct debug_flag ike_debug_flags[IKE_DBG_FLAGS];
bool ike_debug_on(const struct ike *k, unsigned bit);
/* A whole line. While debugging is off the arguments are not even looked at. */
#define ike_dbg(k, ...)                                                                                                \
    do {                                                                                                               \
        if ((k)->r->debug_any)                                                                                         \
            ike_debug_print((k), false, __VA_ARGS__);                                                                  \
    } while (0)
#define ike_dbg_error(k, ...)                                                                                          \
    do {                                                                                                               \
        if ((k)->r->debug_any)                                                                                         \
            ike_debug_print((k), true, __VA_ARGS__);                                                                   \
    } while (0)
void ike_debug_print(const struct ike *k, bool error, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
void ike_dbg_ha(const struct ike *k, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void ike_debug_ha_dump(const struct ike_sa *sa, bool sending, const char *what, unsigned number);
#define IKE_ADDR(a) addr_format((a), (char[ADDR_STRLEN]){0}) /* lives to the end of the enclosing block */
void ike_debug_transform(const struct ike *k, const struct ike_transform *t);
void ike_debug_esp_transform(const struct ike *k, const struct ike_transform *t);
void ike_log_bad(struct ike *k, const char *mnemonic, int severity, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
/* ike_show.c helpers */
void ike_id_text(const uint8_t *body, size_t len, char *buf, size_t cap);
#endif
