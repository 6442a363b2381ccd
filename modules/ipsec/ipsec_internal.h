/* The data that the files of modules/ipsec share. Configuration (transform sets, maps, bindings) is written by
 * command handlers only; SAs and flows by ipsec_sadb.c, ipsec_esp*.c and ipsec_ha.c. Everything hangs off
 * struct ipsec, which is the module's state. */
#ifndef TAPIR_IPSEC_INTERNAL_H
#define TAPIR_IPSEC_INTERNAL_H
#include "modules/core/command.h"
#include "modules/core/loop.h"
#include "modules/core/role.h"
#include "modules/core/router.h"
#include "modules/core/stat.h"
#include "modules/core/sync.h"
#include "modules/ipsec/ipsec.h"
#include "modules/net/fast.h"
#include "modules/net/netif.h"

/* Caps (I8). */
#define IPSEC_TSETS_MAX 256
#define IPSEC_MAPS_MAX 256
#define IPSEC_ENTRIES_MAX 4096
#define IPSEC_SAS_MAX 20000
#define IPSEC_FLOWS_MAX 20000
#define IPSEC_SPIS_MAX 2000 /* reserved, not yet installed */
#define IPSEC_ACQUIRES_MAX 256
#define IPSEC_HELD_MAX 8 /* packets held per acquire */
#define IPSEC_PEERS_MAX 8
#define IPSEC_BUCKETS 4096

#define IPSEC_LIFE_S 3600u
#define IPSEC_LIFE_KB 4608000u
#define IPSEC_SOFT_LEAD 30                  /* s before time expiry (reference 4.2) */
#define IPSEC_SOFT_LEAD_KB 256              /* kB before volume expiry (reference 4.2) */
#define IPSEC_STANDBY_GRACE (30 * NS_PER_S) /* state-sync 4.5 (5) */
#define IPSEC_INTERVAL_IN 1000u             /* reference 4.4 */
#define IPSEC_INTERVAL_OUT 100000u
#define IPSEC_RATE 1000000 /* P of DESIGN 4.1, numbers per second per SA */
#define IPSEC_SEQ_REKEY 0xF0000000u
#define IPSEC_RECORD_AGE (60 * NS_PER_S)

struct tset {
    struct tset *next;
    struct ipsec_transform t;
    bool have_transform;
    bool require;
};

struct map_entry {
    struct map_entry *next; /* by seq */
    uint32_t seq;
    char dynamic[64]; /* reference to a template; "" for a static entry */
    char description[81];
    struct addr peers[IPSEC_PEERS_MAX];
    unsigned n_peers, peer_at; /* peer_at: tried next; moves on after a failed negotiation */
    char tsets[IPSEC_TRANSFORMS_MAX][64];
    unsigned n_tsets;
    unsigned pfs;             /* group; 0 none */
    uint32_t life_s, life_kb; /* 0: the global value */
    int window;               /* -1: the global value; 0 disabled */
    char acl[64];
    bool rri;
};
struct crypto_map {          /* a crypto map or a dynamic-map template */
    struct crypto_map *next; /* by name */
    char name[64];
    struct map_entry *entries;
    unsigned n_entries;
    bool has_interval;
    uint32_t in_n, out_m;
    char local_if[40];
    bool has_local_if;
};

struct ipsec;
struct binding {          /* crypto map on an interface */
    struct binding *next; /* by interface name */
    struct ipsec *st;
    struct netif *nif;
    char ifname[40], map[64], group[64];
    bool stateful;
    struct role_sub *sub;
    bool role_active;  /* the group is Active here (true without a group) */
    bool active;       /* IKE and SAs may act: role_active and the unit's state allow it */
    struct addr local; /* crypto endpoint now; ADDR_NONE: none */
};

struct flow_counters { /* both planes count */
    _Atomic(uint64_t) encaps, decaps, send_err, recv_err;
    _Atomic(uint64_t) no_sa, invalid_sa, encaps_failed, decaps_failed, verify_failed, invalid_ident, invalid_len,
        replay_failed, invalid_prot, replay_rollover, internal_err;
};
void ipsec_counters_copy(const struct flow_counters *from, struct flow_counters *to); /* from NULL: zeroes */
struct sa;
/* A place in the list of flows that survives deletions: whoever prints the list in pieces holds one. */
struct flow_place {
    struct flow_place *next;
    struct binding *b; /* whose flows are printed; NULL: at the end */
    struct flow *f;    /* the next one */
    bool cut;          /* b is gone; here is its successor */
};
struct flow { /* an ident under a map entry: what `show crypto ipsec sa` prints a block for */
    struct flow *next, *prev;
    struct flow *hash_next; /* bucket by remote host, or the list of wider ones */
    struct sa *pairs;       /* oldest first */
    struct binding *b;
    uint32_t seq; /* map entry */
    bool dynamic;
    struct ipsec_ident ident;
    struct addr peer;
    uint16_t peer_port;
    struct flow_counters n;
    struct sa *out; /* newest enabled pair that may send; NULL none */
    unsigned sas;   /* pairs */
    nstime up_since;
};

/* RFC 6479: a ring of words, so that advancing never shifts. */
#define REPLAY_WORDS 32
struct replay_window {
    uint32_t size;  /* 64..1024; 0: no check */
    stat32 top;     /* highest accepted; the control plane shows it */
    uint32_t floor; /* everything up to here is refused (numbers at takeover, DESIGN 4.1) */
    uint64_t bits[REPLAY_WORDS];
};
void ipsec_replay_init(struct replay_window *w, uint32_t size);
bool ipsec_replay_check(const struct replay_window *w, uint32_t seq); /* true: may be accepted */
bool ipsec_replay_advance(struct replay_window *w,
                          uint32_t seq); /* after the ICV was right; false: it was marked already */
void ipsec_replay_refuse_to(struct replay_window *w, uint32_t edge); /* window starts empty above edge */

/* Numbers of one SA at the active, DESIGN 4.1. */
struct reservation {
    stat32 sent;       /* limit in the last record handed to SCTP; the data plane looks at it */
    uint32_t acked;    /* limit the peer has applied */
    nstime unacked_at; /* when the first record beyond `acked` was handed over; 0: none outstanding */
};
uint32_t ipsec_reserve_allowed(const struct reservation *v, nstime now, uint32_t m);
bool ipsec_reserve_wanted(const struct reservation *v, uint32_t seq, uint32_t m);
void ipsec_reserve_handed(struct reservation *v, uint32_t limit, nstime now);
void ipsec_reserve_acked(struct reservation *v, uint32_t limit, nstime now);
/* What a successor starts with; *rekey: above 0xF0000000. */
uint32_t ipsec_successor_out(uint32_t limit, uint32_t m, nstime since, bool *rekey);
uint32_t ipsec_successor_in(uint32_t edge, uint32_t n, uint32_t rate, nstime t);

/* What an SA keeps of struct ipsec_pair: there are many, so names are shared (ipsec_pair.c) and only the transform that
 * was agreed on is kept; interface and statefulness are the binding's. */
struct sa_pair {
    struct {
        const char *map, *dynamic_map, *group; /* never NULL */
        uint32_t seq, dynamic_seq;
        struct addr local, peer;
        struct ipsec_ident ident;
        struct ipsec_transform transforms[1];
    } prop;
    uint32_t in_spi, out_spi;
    struct ipsec_keys in, out;
    uint32_t life_s, life_kb;
    uint8_t cookies[16];
    uint32_t message_id;
    bool udp_encap, initiator;
    uint16_t local_port, peer_port;
    unsigned pfs_group;
};
struct sa_name; /* a name that SAs share */

struct sa {                 /* a pair of SAs */
    struct sa *next, *prev; /* creation order */
    struct sa *spi_next;    /* bucket by inbound SPI */
    struct sa *peer_next;   /* bucket by peer address */
    struct sa *flow_next;   /* pairs of the flow */
    struct ipsec *st;
    struct flow *flow;
    struct binding *b;
    struct sa_pair p;
    struct esp_suite suite;
    struct esp_key *open, *seal;
    uint32_t serial;            /* newer is larger */
    uint32_t conn_in, conn_out; /* for show */
    bool ha;                    /* belongs to a stateful map: synchronised */
    bool active, rekeying, dying, stale;
    _Atomic(bool) enabled;
    bool from_peer; /* came by synchronisation */
    bool exact;     /* numbers in the last record are exact (switchover with notice) */
    bool own;       /* numbers are our own from when we were active, no record came since */
    bool frozen;    /* switchover with notice: no further number is used */
    bool routed;    /* RRI: a route stands, in force while the binding is active */
    /* A takeover touches every SA: what it needs stands together. */
    uint32_t takeover_edge;           /* what a successor would refuse up to / did refuse up to, for show */
    nstime record_at;                 /* standby: when the last record for it was applied */
    nstime edge_age;                  /* age of the edge at the last takeover */
    uint32_t rec_rate, rec_m, rec_n;  /* from the record */
    uint32_t in_kb_sent, out_kb_sent; /* "HA last key lifetime sent" */
    nstime born, hard_at, rekey_after;
    /* The data plane's while the SA is active (fast.h): seq to win. The control
     * plane reads them; it writes them only while the SA is not active, or after a quiet point. */
    /* outbound */
    stat32 seq;     /* last number used (standby: L of the last record) */
    stat32 granted; /* numbers up to here may be used without asking (ipsec_ha_grant) */
    uint32_t high;  /* highest number this unit ever used under this key: the check of I2 */
    struct reservation res;
    uint32_t handed_sa, handed_replay; /* limit in the last record of each sync class */
    stat64 out_packets, out_bytes;
    _Atomic(nstime) last_out;
    /* inbound */
    stat64 in_packets, in_bytes;
    stat32 rate, rate_count; /* packets in the last whole second; in this one */
    _Atomic(nstime) rate_at;
    _Atomic(nstime) last_in;
    stat64 synced_in; /* in_packets at the last REPLAY */
    struct replay_window win;
    stat32 gate_n, gate_m;    /* the replay interval as it was when the SA was last classified */
    _Atomic(bool) push_armed; /* a record will be sent in time */
    _Atomic(uint32_t) events; /* EV_*: told to the control plane, not handled yet */
    /* life */
    struct timer soft, hard, push;
    struct route route;
};

struct held {
    struct frame *head, **tail;
    unsigned n;
};
struct acquire {
    struct acquire *next;
    struct ipsec_proposal prop;
    struct binding *b;
    nstime asked, retry_at; /* retry_at: back-off after a failure */
    bool pending;
    struct held held;
    struct timer expire;
    struct ipsec *st;
};

struct spi_reserved {
    uint32_t spi;
    nstime until;
};

struct ipsec_totals {  /* counters that must stay 0 (invariants), and others */
    stat64 i2_reuse;   /* an outbound number not above the last one, or above the limit */
    uint64_t i3_clear; /* a protected packet was about to leave in clear */
    stat64 i4_twice;   /* a number accepted twice in one window */
};

enum { DF_COPY, DF_CLEAR, DF_SET };
struct ipsec {
    struct router *r;
    struct tset *tsets;
    struct crypto_map *maps, *dynmaps;
    struct binding *bindings;
    uint32_t life_s, life_kb, window;
    _Atomic(uint8_t) df; /* DF_* */
    bool frag_after;
    bool no_mss_clamp; /* SYNs through a tunnel keep the segment size they name */
    bool isakmp_on;
    /* SAs */
    struct sa *first, *last;
    unsigned n_sas, n_flows, n_acquires;
    unsigned n_ha; /* SAs that are synchronised */
    struct sa *by_spi[IPSEC_BUCKETS], *by_peer[IPSEC_BUCKETS];
    struct flow *flows, *flows_last;
    struct flow_place *places;
    struct flow *by_remote[IPSEC_BUCKETS], *wide; /* flows to one host; to more than one */
    struct acquire *acquires;
    struct sa_name *names;
    struct spi_reserved spis[IPSEC_SPIS_MAX];
    unsigned n_spis;
    uint32_t serial, conn_next;
    struct esp_worker *esp; /* the engines packets are sealed and opened with */
    struct task forget;     /* keys were freed: so are what the engines made of them */
    nstime logged_at;       /* by the data plane */
    bool logging;
    uint8_t iv_pool[8192];
    unsigned iv_left;
    uint16_t ip_id;
    struct ipsec_totals totals;
    const struct ipsec_km_ops *km;
    void *km_ctx;
    struct strbuf lab_keys; /* tshark arguments of every SA held since start (only with lab_keys) */
    nstime takeover_at;
    unsigned takeover_sas;
    bool shutting_down;
};

enum { DBG_IPSEC, DBG_ERROR, DBG_HA, DBG_HA_DETAIL, DBG_HA_UPDATE, DBG_ENGINE, DBG_HA_MGR };
#define DBG(st, bit) log_debug_on((st)->r, &ipsec_module, (bit))
#define DEBUG(st, bit, ...)                                                                                            \
    do {                                                                                                               \
        if (DBG(st, bit))                                                                                              \
            log_debug((st)->r, &ipsec_module, (bit), __VA_ARGS__);                                                     \
    } while (0)

struct ipsec *ipsec_of(struct router *r);

/* ipsec_map.c */
struct tset *ipsec_tset_find(struct ipsec *st, const char *name, bool create);
void ipsec_tset_delete(struct ipsec *st, const char *name);
bool ipsec_uses_list(void *ctx, const char *acl); /* of ip_crypto_ops */
struct crypto_map *ipsec_map_find(struct ipsec *st, const char *name);
struct crypto_map *ipsec_map_get(struct crypto_map **list, const char *name); /* creates; NULL: table full */
void ipsec_map_release(struct crypto_map **list, struct crypto_map *m);       /* removes it if nothing is left in it */
struct crypto_map *ipsec_dynmap_find(struct ipsec *st, const char *name);
struct map_entry *ipsec_entry_find(struct crypto_map *m, uint32_t seq, bool create);
void ipsec_entry_delete(struct crypto_map *m, uint32_t seq);
void ipsec_maps_free(struct ipsec *st);
bool ipsec_entry_enabled(struct ipsec *st, const struct map_entry *e); /* it decides about packets */
bool ipsec_entry_complete(struct ipsec *st, const struct map_entry *e);
/* Transforms of the entry that exist, in order. Returns the count. */
unsigned ipsec_entry_transforms(struct ipsec *st, const struct map_entry *e,
                                struct ipsec_transform out[IPSEC_TRANSFORMS_MAX]);
uint32_t ipsec_entry_life_s(const struct ipsec *st, const struct map_entry *e);
uint32_t ipsec_entry_life_kb(const struct ipsec *st, const struct map_entry *e);
uint32_t ipsec_entry_window(const struct ipsec *st, const struct map_entry *e);
void ipsec_transform_text(const struct ipsec_transform *t, char buf[96]);  /* "esp-256-aes esp-sha-hmac " (show) */
void ipsec_transform_debug(const struct ipsec_transform *t, char buf[96]); /* "esp-aes 256 esp-sha-hmac " */
void ipsec_policy_changed(struct ipsec *st);

/* ipsec_bind.c */
struct binding *ipsec_binding_find(struct ipsec *st, const char *ifname);
struct binding *ipsec_binding_for_map(struct ipsec *st, const char *map, const char *group);
struct binding *ipsec_binding_for_local(struct ipsec *st, const struct addr *local);
int ipsec_binding_set(struct ipsec *st, struct netif *nif, const char *map, const char *group, bool stateful);
void ipsec_binding_clear(struct ipsec *st, struct netif *nif);
void ipsec_binding_refresh(struct binding *b, event_id cause); /* endpoint and activity follow roles and addresses */
void ipsec_bindings_refresh(struct ipsec *st, event_id cause);
void ipsec_bindings_free(struct ipsec *st);
struct crypto_map *ipsec_binding_map(const struct binding *b);

/* ipsec_policy.c */
bool ipsec_ident_contains(const struct ipsec_ident *id, const struct acl_flow *f, bool outbound);
bool ipsec_ident_equal(const struct ipsec_ident *a, const struct ipsec_ident *b);
void ipsec_ident_of_rule(const struct acl_rule *rule, struct ipsec_ident *id);
enum policy_action { POLICY_CLEAR, POLICY_PROTECT, POLICY_ACQUIRE, POLICY_DROP };
enum policy_action ipsec_policy_out(struct binding *b, const struct acl_flow *f, struct flow **flow,
                                    struct map_entry **entry, struct ipsec_ident *ident);
bool ipsec_policy_in_protected(struct binding *b, const struct acl_flow *f);
void ipsec_proposal_fill(struct binding *b, const struct map_entry *e, const struct map_entry *tmpl, const char *dyn,
                         const struct ipsec_ident *ident, const struct addr *peer, struct ipsec_proposal *p);
/* ipsec_acquire.c */
void ipsec_acquire_hold(struct binding *b, struct map_entry *e, const struct ipsec_ident *ident, struct frame *f);
void ipsec_acquire_satisfied(struct ipsec *st, struct flow *flow);
void ipsec_acquires_drop(struct ipsec *st, struct binding *b); /* NULL: all */

/* ipsec_pair.c */
bool ipsec_pair_keep(struct sa *s, const struct ipsec_pair *p); /* false: no memory */
void ipsec_pair_drop(struct sa *s);                             /* its names; the rest stays until it is freed */
void ipsec_pair_of(const struct sa *s, struct ipsec_pair *p);   /* as it was agreed; p is wiped by the caller */

/* ipsec_sadb.c */
struct sa *ipsec_sa_by_spi(struct ipsec *st, uint32_t in_spi);
struct sa *ipsec_sa_by_out(struct ipsec *st, const struct addr *peer, uint32_t out_spi);
/* The first of those that may be this peer's; the rest by peer_next. Callers compare the address. */
struct sa *ipsec_sa_of_peer(struct ipsec *st, const struct addr *peer);
struct sa *ipsec_sa_create(struct ipsec *st, const struct ipsec_pair *p, struct binding *b, int *err);
void ipsec_sa_delete(struct sa *s, const char *reason, bool tell_peer, bool tell_standby, event_id cause);
void ipsec_sa_start_timers(struct sa *s, nstime life_left);
void ipsec_sa_rekey(struct sa *s, const char *why);
void ipsec_sa_rekey_failed(struct ipsec *st, const struct ipsec_proposal *p);
void ipsec_sa_keys_record(struct sa *s);
void ipsec_entry_drop_sas(struct ipsec *st, const char *map, uint32_t seq, const char *dynamic);
struct flow *ipsec_flow_find(struct ipsec *st, struct binding *b, uint32_t seq, const struct ipsec_ident *ident,
                             const struct addr *peer, bool exact_peer);
struct flow *ipsec_flow_get(struct ipsec *st, struct binding *b, uint32_t seq, bool dynamic,
                            const struct ipsec_ident *ident, const struct addr *peer);
void ipsec_flow_choose(struct flow *f); /* sets out */
struct flow **ipsec_flow_bucket(struct ipsec *st, const struct addr *remote);
void ipsec_flow_forget(struct ipsec *st, struct flow *f);
void ipsec_sadb_free(struct ipsec *st);
uint32_t ipsec_sa_left_s(const struct sa *s);
uint32_t ipsec_sa_left_kb(const struct sa *s, bool inbound);

/* ipsec_esp_out.c, ipsec_esp_in.c */
void ipsec_esp_output(void *ctx, struct netif *out, struct frame_vec *v);
bool ipsec_esp_input_check(void *ctx, struct netif *in, struct frame *f);
void ipsec_esp_input_vec(void *arg, struct frame_vec *v);
/* What one packet needs, on the data plane's side (ipsec_fast.c) and on the stack's (ipsec_esp_out.c, _in.c). */
struct esp_item {
    struct frame *f;
    uint8_t *ip; /* outer IP header */
    uint8_t *esp;
    uint32_t len; /* from esp */
    uint32_t seq;
    uint16_t sport; /* UDP source port; 0: plain ESP */
};
/* Puts the headers around f and draws its number. The frame to go on with, NULL: it was dropped (consumed). */
struct frame *ipsec_esp_wrap(struct ipsec *st, struct sa *s, struct frame *f, struct esp_job *job);
void ipsec_esp_sent(struct ipsec *st, struct sa *s, unsigned packets, uint64_t bytes); /* after sealing */
/* After opening: counts, checks, takes the ESP off. false: dropped. */
bool ipsec_esp_accept(struct ipsec *st, struct sa *s, struct esp_item *it);
void ipsec_esp_received(struct ipsec *st, struct sa *s);
void ipsec_esp_mac_error(struct ipsec *st, struct sa *s, struct esp_item *it);    /* consumes the frame */
void ipsec_esp_replay_error(struct ipsec *st, struct sa *s, struct esp_item *it); /* consumes the frame */

/* ipsec_fast.c */
void ipsec_fast_forget(void *st); /* a task */
enum { EV_MARK = 1, EV_LIFE = 2, EV_ENABLE = 4 };
void ipsec_fast_tell(struct ipsec *st, struct sa *s, uint32_t events);
int ipsec_fast_probe_out(void *ctx, struct netif *out, const struct acl_flow *flow, struct fast_protect *p);
bool ipsec_fast_probe_in(void *ctx, struct netif *in, const struct acl_flow *flow);
void *ipsec_fast_probe_spi(void *ctx, const struct addr *dst, uint32_t spi, uint16_t sport);
bool ipsec_fast_probe_inner(void *ctx, void *sa, const struct acl_flow *flow, uint16_t *mss);
void ipsec_fast_check_clear(void *ctx, struct netif *out, const struct frame *f);
uint32_t ipsec_fast_serial(const void *sa);
void ipsec_fast_seal(void *ctx, struct dp *dp, struct fast_seal *items, unsigned n);
unsigned ipsec_fast_open(void *ctx, struct dp *dp, struct fast_open *items, unsigned n, struct frame **inner,
                         void **sa);
uint16_t ipsec_esp_plain_mtu(const struct sa *s, uint16_t path_mtu);

/* ipsec_ha.c */
void ipsec_ha_binding_active(struct binding *b, bool active, event_id cause);
void ipsec_ha_activate(struct sa *s, event_id cause);
void ipsec_ha_deactivate(struct sa *s);
void ipsec_ha_mark(struct sa *s); /* numbers changed: arms the timed record, sends at thresholds */
void ipsec_ha_push(struct sa *s); /* marks the replay record dirty now */
/* May the next number be used? Raises what is granted. The loop's lock is held. */
bool ipsec_ha_grant(struct sa *s);
/* No number is used from here on: what it shows is exact. b NULL: all. */
void ipsec_ha_freeze(struct ipsec *st, const struct binding *b);
void ipsec_ha_gate(struct sa *s); /* what the data plane may know of the replay interval */
void ipsec_ha_interval(const struct sa *s, uint32_t *n, uint32_t *m);
nstime ipsec_ha_period(const struct sa *s); /* T */
bool ipsec_ha_unit_allows(const struct ipsec *st);
void ipsec_rri_install(struct sa *s);
void ipsec_rri_remove(struct sa *s);
struct sync_key ipsec_ha_key(uint32_t in_spi);
unsigned ipsec_ha_count(struct router *r); /* SAs that are synchronised */
/* ipsec_sync.c */
extern const struct sync_class ipsec_sync_sa, ipsec_sync_replay;

/* ipsec_debug.c */
void ipsec_debug_sa_created(struct sa *s);
void ipsec_debug_sa_deleted(struct sa *s, const char *why);
void ipsec_debug_ha_bundle_sent(const struct sa *s);
void ipsec_debug_ha_bundle(struct ipsec *st, const struct ipsec_pair *p, bool sending, bool add);
void ipsec_debug_proposal(struct ipsec *st, const char *func, const struct addr *local, const struct addr *peer,
                          const struct ipsec_ident *id, const struct ipsec_transform *t);
#endif
