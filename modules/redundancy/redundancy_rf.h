/* The redundancy facility's state machine as a table (reference 2.2, 6.7): events in, next state and one action out.
 * No I/O; redundancy.c feeds it and carries the actions out. */
#ifndef TAPIR_REDUNDANCY_RF_H
#define TAPIR_REDUNDANCY_RF_H
#include <stdbool.h>

enum rf_state { /* numbers as show prints them */
                RF_UNKNOWN,
                RF_DISABLED,
                RF_INITIALIZATION,
                RF_NEGOTIATION,
                RF_STANDBY_COLD,
                RF_STANDBY_COLD_CONFIG,
                RF_STANDBY_COLD_FILESYS,
                RF_STANDBY_COLD_BULK,
                RF_STANDBY_HOT,
                RF_ACTIVE_FAST,
                RF_ACTIVE_DRAIN,
                RF_ACTIVE_PRECONFIG,
                RF_ACTIVE_POSTCONFIG,
                RF_ACTIVE,
                RF_STATES
};
enum rf_event {
    RF_EV_START,        /* configuration in force, router started */
    RF_EV_GROUP_ACTIVE, /* the scheme group became Active here */
    RF_EV_GROUP_LOST,   /* the scheme group left Active */
    RF_EV_GROUP_DOWN,   /* the scheme group's interface went down */
    RF_EV_PEER_ACTIVE,  /* session up, peer is ACTIVE and compatible */
    RF_EV_PEER_REFUSED, /* session up, peer of another version or platform */
    RF_EV_PEER_GONE,    /* session lost, or the peer is not ACTIVE any more */
    RF_EV_SNAP_BEGIN,
    RF_EV_SNAP_DONE,
    RF_EV_STEP,       /* clients are done with this progression */
    RF_EV_SPLIT_LOST, /* both ACTIVE, and the other one stays */
    RF_EVENTS
};
enum rf_action {
    RF_DO_NOTHING,
    RF_DO_GO_ACTIVE,      /* take over: activate objects, then step on */
    RF_DO_STEP,           /* step on */
    RF_DO_RELOAD,         /* self-reload */
    RF_DO_DISCARD_RELOAD, /* drop HA objects without telling their peers, then reload */
    RF_DO_STALE,          /* keep the objects, stale-marked */
    RF_DO_HOT             /* bulk sync complete */
};
struct rf_move {
    enum rf_state next;
    enum rf_action action;
};
/* What follows event ev in state s; an event that means nothing there leaves the state, action RF_DO_NOTHING. */
struct rf_move redundancy_rf_move(enum rf_state s, enum rf_event ev);
const char *redundancy_rf_name(enum rf_state s);        /* "STANDBY HOT" */
const char *redundancy_rf_progression(enum rf_state s); /* "RF_PROG_STANDBY_HOT(105)"; NULL: none */
const char *redundancy_rf_event_name(enum rf_event ev);
static inline bool redundancy_rf_is_active(enum rf_state s)
{
    return s >= RF_ACTIVE_FAST;
}
static inline bool redundancy_rf_is_standby(enum rf_state s)
{
    return s >= RF_STANDBY_COLD && s <= RF_STANDBY_HOT;
}
#endif
