/* Shared by the files of modules/redundancy: the facility (redundancy.c), the session with the peer
 * (redundancy_session.c), the sending and the applying side of synchronisation (redundancy_send.c,
 * redundancy_recv.c), history, configuration and shows. */
#ifndef TAPIR_REDUNDANCY_INT_H
#define TAPIR_REDUNDANCY_INT_H
#include "modules/core/command.h"
#include "modules/core/log.h"
#include "modules/core/role.h"
#include "modules/core/router.h"
#include "modules/core/sync.h"
#include "modules/ipc/ipc.h"
#include "modules/redundancy/redundancy.h"
#include "modules/redundancy/redundancy_rf.h"
#include "modules/redundancy/redundancy_wire.h"

#define REDUNDANCY_NAME 26
#define REDUNDANCY_HISTORY 512
#define REDUNDANCY_SWITCHOVERS 16
#define REDUNDANCY_BUCKETS 4096
#define REDUNDANCY_ITEMS_MAX 65536   /* SA pairs, their IKE SAs and their counters */
#define REDUNDANCY_OBJECTS_MAX 20000 /* in one snapshot (state-sync 4.5.10) */
#define REDUNDANCY_TURN 64           /* records per turn (state-sync 4.6) */
#define REDUNDANCY_GROUPS 16
#define REDUNDANCY_PREEMPT_LIMIT (120 * NS_PER_S) /* I6 */
#define REDUNDANCY_PLATFORM "Tapir"
#define REDUNDANCY_SOFTWARE "1" /* version of what is synchronised; differs when the meaning of objects does */

enum {
    REDUNDANCY_DEBUG_EHSA,
    REDUNDANCY_DEBUG_ERRORS,
    REDUNDANCY_DEBUG_FSM,
    REDUNDANCY_DEBUG_KPA,
    REDUNDANCY_DEBUG_MSG,
    REDUNDANCY_DEBUG_PROGRESSION,
    REDUNDANCY_DEBUG_STATUS,
    REDUNDANCY_DEBUG_TIMER,
    REDUNDANCY_DEBUG_FLAGS
};

struct redundancy_item { /* an object that is dirty, or sent and not yet acknowledged */
    const struct sync_class *cls;
    struct sync_key key;
    bool dirty, tomb, flying;
    uint8_t reason;
    uint32_t seq; /* of the record that carried it last */
    nstime sent;
    struct redundancy_item *hash_next;
    struct redundancy_item *prev, *next;         /* dirty list, in the order of change */
    struct redundancy_item *fly_prev, *fly_next; /* by seq */
};
struct redundancy_list {
    struct redundancy_item *head, *tail;
    unsigned n;
};

struct redundancy_counters {
    uint64_t comm_up, comm_down, tx, rx, tx_failures, tx_blocked, rx_errors, rx_other_epoch, rx_not_active, rx_gaps;
    uint64_t objects_sent, objects_applied, objects_refused, deletes_sent, deletes_applied, snapshots_sent,
        snapshots_applied, resyncs, items_refused, takeovers;
};

struct redundancy_sender {
    struct redundancy_item *bucket[REDUNDANCY_BUCKETS];
    unsigned items;
    struct redundancy_list dirty, flying;
    unsigned dirty_snap; /* dirty items of snapshot classes */
    bool snap_running, snap_wanted;
    uint32_t generation, snap_objects;
    nstime snap_at;
    uint32_t seq, acked;
    bool blocked, degraded;
    struct task pump;
    size_t pending; /* a record that SCTP did not take yet; its items are in flight */
    uint8_t record[REDUNDANCY_RECORD_MAX];
};

struct redundancy_receiver {
    uint32_t applied;
    unsigned unacked;
    struct timer ack;
    bool snap_running, synced;
    uint32_t generation;
    unsigned snap_objects, refused;
    unsigned mismatches;
    nstime resync_at;
    bool resync_asked;
    nstime heard; /* last record or KEEPALIVE from an active peer */
    nstime synced_at;
};

struct redundancy_session {
    bool up; /* HELLO and HELLO_ACK both ways, and the peer is heard */
    bool compatible;
    uint32_t my_epoch, peer_epoch;
    bool goodbye; /* the peer left with notice */
    bool acked;   /* the peer accepted my HELLO, or said why not */
    nstime hello_at, heard;
    struct timer hello, keepalive;
    char reason[160];               /* why not up, or why not compatible */
    struct redundancy_control peer; /* last HELLO, kept current by ROLE and KEEPALIVE */
    nstime both_active;             /* since when; 0: not */
    bool both_told;                 /* the split was logged */
    unsigned differences;
    uint8_t out[REDUNDANCY_RECORD_MAX];
};

/* A group whose role this unit takes as a whole with the others: the scheme's, and those of stateful crypto maps. */
struct redundancy_group {
    struct redundancy *rd;
    char name[64];
    struct role_sub *sub;
    struct arp_ask *ask; /* whether the group's Active is there at all */
    struct addr asked;
    event_id cause;
};

struct redundancy_history_line {
    nstime at;
    char text[112];
};
struct redundancy_switchover {
    nstime wall;
    const char *reason;
    uint32_t term;
};

struct redundancy_split_group { /* group of a stateful crypto map */
    char name[64];
    bool bound, apart, told;
    nstime since; /* of the last change of apart */
};
struct redundancy_split {
    struct timer timer;
    unsigned ticks;
    struct redundancy_split_group group[REDUNDANCY_GROUPS];
    unsigned n;
};

struct redundancy {
    struct router *router;
    struct ipc *ipc;
    /* configuration */
    bool block;
    char typed[REDUNDANCY_NAME];  /* scheme as configured now */
    char scheme[REDUNDANCY_NAME]; /* scheme in force since boot; "": none */
    char impair_platform[41], impair_version[41];
    /* the facility */
    bool started;
    enum rf_state state, peer_state;
    nstime since;
    uint32_t term;
    event_id cause;     /* event of the last state change */
    bool group_settled; /* the scheme group was Standby or Active in this life */
    bool strict;        /* the last life ended by losing a split */
    bool postponed;     /* group Active, but the peer is alive and ACTIVE */
    struct role_sub *sub;
    struct task reload;
    bool reload_wanted, reload_discard, split;
    bool hold;
    nstime hold_until;
    struct timer hold_limit;
    struct redundancy_split groups;
    struct redundancy_group unit[REDUNDANCY_GROUPS];
    unsigned units;
    unsigned takeover_objects;
    const char *switchover_reason;
    struct redundancy_switchover switchovers[REDUNDANCY_SWITCHOVERS];
    unsigned n_switchovers;
    unsigned standby_failures;
    struct redundancy_history_line history[REDUNDANCY_HISTORY];
    unsigned history_n, history_first;
    struct redundancy_counters count;
    struct redundancy_session session;
    struct redundancy_sender send;
    struct redundancy_receiver recv;
};

/* redundancy.c */
struct redundancy *redundancy_of(struct router *r);
bool redundancy_in_force(const struct redundancy *rd);
void redundancy_event(struct redundancy *rd, enum rf_event ev, event_id cause);
void redundancy_peer_state(struct redundancy *rd, enum rf_state s);
void redundancy_peer_changed(struct redundancy *rd); /* session or peer's role changed: decide anew */
nstime redundancy_hold_time(const struct redundancy *rd);
/* redundancy_unit.c */
void redundancy_unit_init(struct redundancy *rd);
void redundancy_unit_fini(struct redundancy *rd);
void redundancy_unit_collect(struct redundancy *rd);
void redundancy_hold(struct redundancy *rd, bool hold);
/* redundancy_config.c */
const char *redundancy_pending(const struct redundancy *rd); /* NULL: nothing pending; "": removal */
extern const struct debug_flag redundancy_debug_flags[REDUNDANCY_DEBUG_FLAGS];
#define redundancy_debug(rd, flag, ...)                                                                                \
    do {                                                                                                               \
        if (log_debug_on((rd)->router, &redundancy_module, flag))                                                      \
            log_debug((rd)->router, &redundancy_module, flag, __VA_ARGS__);                                            \
    } while (0)
/* redundancy_split.c */
void redundancy_split_init(struct redundancy *rd);
void redundancy_split_start(struct redundancy *rd);
void redundancy_split_fini(struct redundancy *rd);
void redundancy_split_show(const struct redundancy *rd, struct out *o);
/* redundancy_history.c */
void redundancy_note(struct redundancy *rd, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void redundancy_note_switchover(struct redundancy *rd, const char *reason);
/* redundancy_session.c */
void redundancy_session_init(struct redundancy *rd);
void redundancy_session_fini(struct redundancy *rd);
void redundancy_session_role(struct redundancy *rd);                                  /* tells the peer our state */
void redundancy_session_say(struct redundancy *rd, uint8_t type, const char *reason); /* GOODBYE, ERROR, RESYNC_REQ */
void redundancy_session_put_state(struct redundancy *rd, struct builder *b);
int redundancy_session_send(struct redundancy *rd, unsigned stream, struct builder *b);
bool redundancy_peer_wins(const struct redundancy *rd); /* HSRP's own order: priority, then address */
/* redundancy_send.c */
extern const struct sync_hub redundancy_hub;
void redundancy_send_init(struct redundancy *rd);
void redundancy_send_fini(struct redundancy *rd);
void redundancy_send_reset(struct redundancy *rd);    /* a new session, or none: nothing is owed any more */
void redundancy_send_snapshot(struct redundancy *rd); /* when active and the session is up */
void redundancy_send_acked(struct redundancy *rd, uint32_t seq);
void redundancy_send_writable(struct redundancy *rd);
void redundancy_send_check(struct redundancy *rd); /* once a second: acknowledgement lag */
void redundancy_send_all(struct redundancy *rd);   /* planned switchover */
/* redundancy_recv.c */
void redundancy_recv_init(struct redundancy *rd);
void redundancy_recv_fini(struct redundancy *rd);
void redundancy_recv_reset(struct redundancy *rd);
void redundancy_recv_record(struct redundancy *rd, const struct redundancy_header *h, struct cursor *c);
void redundancy_recv_stale(struct redundancy *rd);
void redundancy_recv_discard(struct redundancy *rd, event_id cause);
unsigned redundancy_recv_objects(struct redundancy *rd); /* HA objects held now */
uint64_t redundancy_recv_digest(struct redundancy *rd, unsigned *objects);
#endif
