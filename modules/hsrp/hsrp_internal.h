/* What the files of the HSRP module share: the objects (module, interface, group, neighbour) and the
 * functions between its parts. Nothing outside modules/hsrp includes this but its tests. */
#ifndef TAPIR_HSRP_INTERNAL_H
#define TAPIR_HSRP_INTERNAL_H
#include "modules/core/command.h"
#include "modules/core/log.h"
#include "modules/core/loop.h"
#include "modules/core/role.h"
#include "modules/core/router.h"
#include "modules/hsrp/hsrp_fsm.h"
#include "modules/hsrp/hsrp_wire.h"
#include "modules/net/ip.h"
#include "modules/net/netif.h"
#include "modules/track/track.h"

/* Debug flags: errors; events, all, all but ICMP, or one kind; packets, all, Coup and Resign, or one kind. What is
 * printed names its kind, hsrp_debug.c finds the flag that lets it through. */
enum {
    HSRP_DBG_ERRORS,
    HSRP_DBG_EVENTS,
    HSRP_DBG_EVENTS_TERSE,
    HSRP_DBG_PROTOCOL,
    HSRP_DBG_NEIGHBOR,
    HSRP_DBG_REDUNDANCY,
    HSRP_DBG_TRACK,
    HSRP_DBG_ARP,
    HSRP_DBG_INTERFACE,
    HSRP_DBG_ICMP,
    HSRP_DBG_PACKETS,
    HSRP_DBG_PACKETS_TERSE,
    HSRP_DBG_ADVERTISE,
    HSRP_DBG_COUP,
    HSRP_DBG_HELLO,
    HSRP_DBG_RESIGN,
    HSRP_DBG_FLAGS
};
enum {
    HSRP_MAX_SECONDARY = 8,
    HSRP_MAX_TRACK = 16,
    HSRP_MAX_NBR = 64,
    HSRP_GROUPS_V1 = 256,
    HSRP_GROUPS = 4096,
    HSRP_GROUP_BITS = HSRP_GROUPS / 32,
    HSRP_HASH = 128,
    HSRP_MAX_CONDITIONS = 16,
    HSRP_KEY_MAX = 80
};
enum { HSRP_DELAY_MIN_DEFAULT = 1, HSRP_DELAY_RELOAD_DEFAULT = 5 }; /* s, reference 1.7 */
#define HSRP_NAME_MAX 40
#define HSRP_DEFAULT_HELLO (3 * NS_PER_S)
#define HSRP_DEFAULT_HOLD (10 * NS_PER_S)
enum { HSRP_ADV_DEFAULT = 60, HSRP_HOLDDOWN_DEFAULT = 180 }; /* s, reference 1.3 */
enum { HSRP_GARP_COUNT = 2, HSRP_MAC_REFRESH_DEFAULT = 10 };
#define HSRP_GARP_SPACING (3 * NS_PER_S) /* reference 1.6 */

/* The Active or the Standby router as a group knows it. */
enum hsrp_peer_kind { HSRP_PEER_UNKNOWN, HSRP_PEER_LOCAL, HSRP_PEER_REMOTE };
struct hsrp_peer {
    enum hsrp_peer_kind kind;
    struct addr addr; /* REMOTE */
    uint8_t priority; /* REMOTE */
    struct mac mac;   /* REMOTE, version 2: its real address */
    bool has_mac;
};

struct hsrp_track {
    char ifname[40]; /* interface tracking; "" for an object */
    unsigned object;
    unsigned decrement;
    bool shutdown; /* `track N shutdown`: down means Init */
    enum track_state state;
};

enum hsrp_auth_kind { HSRP_AUTH_TEXT, HSRP_AUTH_KEY_STRING, HSRP_AUTH_KEY_CHAIN };
struct hsrp_auth {
    enum hsrp_auth_kind kind;
    bool cfg;
    uint8_t text[HSRP_AUTH_LEN];
    char key[HSRP_KEY_MAX + 1], old_key[HSRP_KEY_MAX + 1];
    nstime old_until; /* the old key is accepted until then; 0: never */
    uint32_t timeout; /* s */
    char chain[65];
};

struct hsrp;
struct hsrp_if;
struct hsrp_group {
    struct hsrp_group *next;  /* by number */
    struct hsrp_group *hnext; /* of the same hash */
    struct hsrp_if *hif;
    uint16_t number;
    /* configuration */
    bool has_ip;         /* `standby G ip …` is there */
    struct addr vip_cfg; /* ADDR_NONE: learn it */
    struct addr secondary[HSRP_MAX_SECONDARY];
    unsigned n_secondary;
    uint8_t priority_cfg;
    bool priority_is_cfg;
    bool preempt;
    uint32_t preempt_min, preempt_reload, preempt_sync; /* s */
    bool timers_cfg;
    nstime hello_cfg, hold_cfg;
    struct hsrp_auth auth;
    bool mac_cfg;
    struct mac mac;             /* `standby mac-address` */
    char follow[HSRP_NAME_MAX]; /* `standby follow`; "" none */
    char name[HSRP_NAME_MAX];
    bool name_cfg;
    struct hsrp_track track[HSRP_MAX_TRACK];
    unsigned n_track;
    /* state */
    enum hsrp_state state;
    struct addr vip;    /* in use: configured or learnt; ADDR_NONE unknown */
    struct mac vmac;    /* in use */
    bool vip_refused;   /* BADVIP1 or DUPVIP2 was said */
    bool installed;     /* addresses are at the interface */
    nstime hello, hold; /* in use: configured, or learnt from the Active router */
    uint8_t priority;   /* effective */
    bool track_down;    /* a `track shutdown` object is down */
    unsigned lowered;   /* sum of decrements now in force */
    struct hsrp_peer active, standby;
    struct addr lost[2]; /* who was Standby, Active until this event */
    uint32_t changes;    /* those that are logged */
    nstime changed_at;
    event_id last_event; /* of the last state change */
    bool left_by_itself;
    bool boot_preempt;    /* the first pre-emption after boot is still to come */
    nstime preempt_since; /* when pre-emption first became possible; 0 not */
    bool publishing;
    unsigned garp_left;
    nstime badauth_at; /* last syslog; 0 never */
    struct addr diffvip_addr, diffvip_vip;
    nstime diffvip_at;
    nstime dupaddr_at;
    struct addr dupaddr; /* claimed with our virtual MAC */
    struct timer hello_timer, active_timer, standby_timer, garp_timer, preempt_timer, duplicate_timer;
    uint64_t hello_in, hello_out, coup_in, coup_out, resign_in, resign_out, auth_failed, replayed;
};

struct hsrp_nbr {
    struct hsrp_nbr *next; /* by address */
    struct hsrp_if *hif;
    struct addr addr;
    bool passive;
    uint32_t active[HSRP_GROUP_BITS], standby[HSRP_GROUP_BITS];
    unsigned n_active, n_standby; /* bits set */
    struct timer timer;
};

enum hsrp_if_phase { HSRP_IF_DOWN, HSRP_IF_DELAY, HSRP_IF_UP };
struct hsrp_if {
    struct hsrp_if *next; /* in the order of ifname_compare */
    struct hsrp *h;
    struct netif *nif;
    struct addr source; /* primary address used for packets */
    enum hsrp_if_phase phase;
    nstime up_at;
    bool reload_delay; /* the first interface-up after boot is still to come, or its delay runs */
    bool has_delay;
    uint32_t delay_min, delay_reload; /* s */
    struct timer delay_timer;
    uint8_t version;        /* 1, 2 */
    bool use_bia, bia_here; /* `scope interface`: not for the subinterfaces */
    uint32_t mac_refresh;   /* s, for groups that follow */
    unsigned garp_count;    /* after the first; 0: for ever */
    nstime garp_interval;
    bool redirect_off, redirect_unknown;
    uint32_t redirect_adv, redirect_hold; /* s */
    struct hsrp_auth adv_auth;            /* of advertisements; text: none */
    struct hsrp_group *groups, *hash[HSRP_HASH];
    /* advertisements */
    uint8_t adv_state; /* last sent; 0 none yet */
    nstime adv_at;
    struct timer adv_timer;
    struct hsrp_nbr *nbrs;
    unsigned n_nbrs;
    uint64_t adv_in, adv_out, bad_in, odd_ttl_in, unknown_tlv_in, unknown_group_in;
};

/* `debug condition interface|standby`: a debug line about an interface or group is printed if there is none, or one
 * fits. */
struct hsrp_condition {
    unsigned id;
    bool standby;
    char ifname[40];
    int group; /* -1: the whole interface */
};

struct hsrp {
    struct router *r;
    struct hsrp_if *ifs;
    struct hsrp_condition condition[HSRP_MAX_CONDITIONS];
    unsigned n_conditions, next_condition;
    unsigned n_follow;                  /* groups that follow another */
    char hidden[2 * HSRP_KEY_MAX + 3];  /* a key as it is stored, until it is */
    bool leaving;                       /* shutdown ran */
    char note[160];                     /* of show debugging */
    bool events_detail, packets_detail; /* of the debug flags that are on */
};

extern const struct module hsrp_module;

/* hsrp.c */
struct hsrp_if *hsrp_if_find(struct hsrp *h, const struct netif *nif);
struct hsrp_if *hsrp_if_get(struct hsrp *h, struct netif *nif); /* NULL: out of memory */
struct hsrp_group *hsrp_group_find(struct hsrp_if *hif, unsigned number);
struct hsrp_group *hsrp_group_get(struct hsrp_if *hif, unsigned number);
void hsrp_group_drop_if_empty(struct hsrp_group *g); /* frees a group without configuration */
void hsrp_if_evaluate(struct hsrp_if *hif);          /* interface or group set changed */
void hsrp_if_delay_changed(struct hsrp_if *hif);
void hsrp_if_set_version(struct hsrp_if *hif, uint8_t version);

/* hsrp_rx.c */
void hsrp_input(void *hsrp, const struct udp_rx *rx, struct frame *f); /* a udp_input_fn */
void hsrp_duplicate(void *hsrp, struct netif *nif, const struct addr *addr, const struct mac *by);
void hsrp_duplicate_fire(void *group);

/* hsrp_auth.c */
void hsrp_auth_init(struct hsrp_auth *a);
void hsrp_auth_wipe(struct hsrp_auth *a);
/* Completes an outgoing packet: text, or the MD5 TLV with its digest. buf holds the encoded packet; its length. */
size_t hsrp_auth_seal(struct hsrp_if *hif, const struct hsrp_auth *a, struct hsrp_packet *p, uint8_t *buf, size_t cap);
/* NULL: authentic. Else what failed: "Text auth", "MD5 auth" (of a bad digest), "MD5 source" (a copy of another
 * router's packet). Borrows the packet as received. */
const char *hsrp_auth_check(struct hsrp_if *hif, struct hsrp_auth *a, const struct hsrp_packet *p,
                            const struct addr *from, const uint8_t *data, size_t len);
void hsrp_auth_digest(const void *key, size_t keylen, const void *data, size_t len, size_t digest_at,
                      uint8_t out[HSRP_DIGEST_LEN]);

/* hsrp_follow.c */
struct hsrp_group *hsrp_follow_master(const struct hsrp_group *g); /* NULL: not there */
void hsrp_follow_evaluate(struct hsrp_group *g, event_id cause);
void hsrp_follow_master_changed(struct hsrp_group *master, event_id cause);
void hsrp_follow_names_changed(struct hsrp *h);

/* hsrp_group.c */
void hsrp_group_init(struct hsrp_group *g, struct hsrp_if *hif, uint16_t number);
void hsrp_group_fini(struct hsrp_group *g);
void hsrp_group_evaluate(struct hsrp_group *g,
                         event_id cause); /* Disabled/Init/running, by configuration and interface */
void hsrp_group_event(struct hsrp_group *g, enum hsrp_event ev, const struct hsrp_packet *p, const struct addr *from,
                      event_id cause);
void hsrp_group_receive(struct hsrp_group *g, const struct hsrp_packet *p, const struct addr *from);
void hsrp_group_timers_changed(struct hsrp_group *g);
void hsrp_group_change_state(struct hsrp_group *g, enum hsrp_event ev, enum hsrp_state next, const char *why,
                             event_id cause);
bool hsrp_group_may_run(struct hsrp_group *g); /* configuration and interface allow it */
void hsrp_group_priority_changed(struct hsrp_group *g);

/* hsrp_role.c */
void hsrp_group_renamed(struct hsrp_group *g, const char *name); /* NULL: the default name */
void hsrp_group_publish(struct hsrp_group *g);
void hsrp_role_withdraw(struct hsrp_group *g);
bool hsrp_preempt_allowed(struct hsrp_group *g, uint8_t active_priority); /* starts the delay when it first could */
void hsrp_preempt_forget(struct hsrp_group *g);
void hsrp_group_try_preempt(struct hsrp_group *g);
nstime hsrp_group_preempt_delay(const struct hsrp_group *g);

/* hsrp_address.c */
void hsrp_address_install(struct hsrp_group *g);
void hsrp_address_tell(struct hsrp_group *g); /* debug standby events detail */
void hsrp_address_uninstall(struct hsrp_group *g);
void hsrp_address_garp_fire(void *group);
void hsrp_group_reinstall(struct hsrp_group *g); /* toggles; the caller changes the addresses in between */
bool hsrp_if_uses_bia(const struct hsrp_if *hif);
void hsrp_address_choose_mac(struct hsrp_group *g); /* by version, mac-address, use-bia; moves what is installed */
void hsrp_address_garp(struct hsrp_group *g);       /* once, now */
bool hsrp_address_is_edge(const struct netif *nif, const struct addr *addr);
bool hsrp_proxy_arp(void *hsrp, const struct netif *nif, struct mac *mac);

/* hsrp_tx.c */
void hsrp_tx(struct hsrp_group *g, enum hsrp_opcode op, enum hsrp_state state);
void hsrp_tx_adv(struct hsrp_if *hif, struct hsrp_packet *p);
uint8_t hsrp_wire_state_of(enum hsrp_state s);

/* hsrp_adv.c */
void hsrp_adv_update(struct hsrp_if *hif, bool force); /* sends if the interface state changed, or force */
nstime hsrp_adv_period(const struct hsrp_if *hif);
void hsrp_adv_new_active(struct hsrp_if *hif); /* reference 1.3: a group learns a new Active router */
void hsrp_adv_receive(struct hsrp_if *hif, const struct hsrp_packet *p, const struct addr *from, const uint8_t *data,
                      size_t len);
void hsrp_nbr_heard(struct hsrp_group *g, const struct addr *from, uint8_t wire_state);
/* It is Active or Standby no more, which we noticed in that state. */
void hsrp_nbr_lost(struct hsrp_group *g, const struct addr *who, bool active, enum hsrp_state state);
void hsrp_nbr_free_all(struct hsrp_if *hif);
/* An ip_redirect_fn. */
bool hsrp_redirect(void *hsrp, struct netif *nif, const struct mac *to, struct addr *gateway, struct addr *source);
void hsrp_adv_init(struct hsrp_if *hif);

/* hsrp_track.c */
void hsrp_track_evaluate(struct hsrp_group *g, event_id cause);
void hsrp_track_netif(struct hsrp *h, const struct netif *nif);
void hsrp_track_object(void *hsrp, unsigned object, enum track_state now, event_id cause);
void hsrp_track_clients(void *hsrp, unsigned object, void (*emit)(void *ctx, const char *client), void *ctx);

/* hsrp_cmd.c: of the command being handled. The interface; NULL: refused. The group, made on SET; NULL: *result is what
 * the handler returns (CMD_OK on UNSET of what is not there: the line is then gone anyway). */
struct hsrp_if *hsrp_cmd_iface(struct cmd *c);
struct hsrp_group *hsrp_cmd_group(struct cmd *c, struct hsrp_if *hif, uint32_t number, int *result);
#define HSRP_CMD_GROUP(c, a)                                                                                           \
    struct hsrp_if *hif = hsrp_cmd_iface(c);                                                                           \
    int result = CMD_ERROR;                                                                                            \
    struct hsrp_group *g = hif ? hsrp_cmd_group((c), hif, (a)->group, &result) : NULL;                                 \
    if (!g)                                                                                                            \
    return result

/* hsrp_debug.c */
bool hsrp_dbg_errors(struct hsrp *h);
bool hsrp_dbg_packet(const struct hsrp_if *hif, uint8_t opcode);
void hsrp_dbg_packet_line(struct hsrp_group *g, const struct hsrp_packet *p, const struct addr *from, bool out);
/* "HSRP: Gi0/3 " or "HSRP: Gi0/3 Grp 2 " in front. */
void hsrp_dbg_if(struct hsrp_if *hif, unsigned bit, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
void hsrp_dbg_grp(struct hsrp_group *g, unsigned bit, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
extern const struct debug_flag hsrp_debug_flags[HSRP_DBG_FLAGS];
const char *hsrp_debug_note(struct router *r, unsigned bit);
#endif
