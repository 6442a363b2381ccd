/* The table behind redundancy_rf_move(). Rows are the rules of reference 2.2 and 6.7 in their order; a standby that
 * only loses the association keeps its objects (DESIGN, over reference 2.2 rule 8). */
#include "modules/redundancy/redundancy_rf.h"
#include <stddef.h>

static const struct rf_row {
    enum rf_state in;
    enum rf_event ev;
    struct rf_move move;
} rf_table[] = {
    {RF_INITIALIZATION, RF_EV_START, {RF_NEGOTIATION, RF_DO_NOTHING}},

    /* rule 2: waits for the group to settle; rule 3: it goes Active */
    {RF_NEGOTIATION, RF_EV_GROUP_ACTIVE, {RF_ACTIVE_FAST, RF_DO_GO_ACTIVE}},
    /* rule 4, and early: a booting router may fill its database while its group is still in its delay */
    {RF_NEGOTIATION, RF_EV_PEER_ACTIVE, {RF_STANDBY_COLD, RF_DO_NOTHING}},
    {RF_NEGOTIATION, RF_EV_PEER_REFUSED, {RF_STANDBY_COLD, RF_DO_NOTHING}},

    {RF_STANDBY_COLD, RF_EV_SNAP_BEGIN, {RF_STANDBY_COLD_BULK, RF_DO_NOTHING}},
    {RF_STANDBY_COLD, RF_EV_PEER_GONE, {RF_STANDBY_COLD, RF_DO_STALE}},
    {RF_STANDBY_COLD, RF_EV_GROUP_ACTIVE, {RF_ACTIVE_FAST, RF_DO_GO_ACTIVE}},
    {RF_STANDBY_COLD, RF_EV_GROUP_DOWN, {RF_STANDBY_COLD, RF_DO_RELOAD}},

    {RF_STANDBY_COLD_BULK, RF_EV_SNAP_BEGIN, {RF_STANDBY_COLD_BULK, RF_DO_NOTHING}},
    {RF_STANDBY_COLD_BULK, RF_EV_SNAP_DONE, {RF_STANDBY_HOT, RF_DO_HOT}},
    {RF_STANDBY_COLD_BULK, RF_EV_PEER_GONE, {RF_STANDBY_COLD, RF_DO_STALE}},
    {RF_STANDBY_COLD_BULK, RF_EV_PEER_REFUSED, {RF_STANDBY_COLD, RF_DO_STALE}},
    /* a takeover in the middle of a snapshot uses the union (state-sync 4.5.8) */
    {RF_STANDBY_COLD_BULK, RF_EV_GROUP_ACTIVE, {RF_ACTIVE_FAST, RF_DO_GO_ACTIVE}},
    {RF_STANDBY_COLD_BULK, RF_EV_GROUP_DOWN, {RF_STANDBY_COLD_BULK, RF_DO_RELOAD}},

    {RF_STANDBY_HOT, RF_EV_SNAP_BEGIN, {RF_STANDBY_COLD_BULK, RF_DO_NOTHING}},
    {RF_STANDBY_HOT, RF_EV_PEER_GONE, {RF_STANDBY_COLD, RF_DO_STALE}},
    {RF_STANDBY_HOT, RF_EV_PEER_REFUSED, {RF_STANDBY_COLD, RF_DO_STALE}},
    /* rule 5 */
    {RF_STANDBY_HOT, RF_EV_GROUP_ACTIVE, {RF_ACTIVE_FAST, RF_DO_GO_ACTIVE}},
    /* rule 7 */
    {RF_STANDBY_HOT, RF_EV_GROUP_DOWN, {RF_STANDBY_HOT, RF_DO_RELOAD}},

    {RF_ACTIVE_FAST, RF_EV_STEP, {RF_ACTIVE_DRAIN, RF_DO_STEP}},
    {RF_ACTIVE_DRAIN, RF_EV_STEP, {RF_ACTIVE_PRECONFIG, RF_DO_STEP}},
    {RF_ACTIVE_PRECONFIG, RF_EV_STEP, {RF_ACTIVE_POSTCONFIG, RF_DO_STEP}},
    {RF_ACTIVE_POSTCONFIG, RF_EV_STEP, {RF_ACTIVE, RF_DO_NOTHING}},

    /* rule 6: never back to standby in place */
    {RF_ACTIVE, RF_EV_GROUP_LOST, {RF_ACTIVE, RF_DO_RELOAD}},
    {RF_ACTIVE, RF_EV_SPLIT_LOST, {RF_ACTIVE, RF_DO_DISCARD_RELOAD}},
};

struct rf_move redundancy_rf_move(enum rf_state s, enum rf_event ev)
{
    for (size_t i = 0; i < sizeof rf_table / sizeof *rf_table; i++)
        if (rf_table[i].in == s && rf_table[i].ev == ev)
            return rf_table[i].move;
    return (struct rf_move){s, RF_DO_NOTHING};
}

const char *redundancy_rf_name(enum rf_state s)
{
    static const char *const names[RF_STATES] = {
        "UNKNOWN",
        "DISABLED",
        "INITIALIZATION",
        "NEGOTIATION",
        "STANDBY COLD",
        "STANDBY COLD-CONFIG",
        "STANDBY COLD-FILESYS",
        "STANDBY COLD-BULK",
        "STANDBY HOT",
        "ACTIVE-FAST",
        "ACTIVE-DRAIN",
        "ACTIVE_PRECONFIG",
        "ACTIVE_POSTCONFIG",
        "ACTIVE",
    };
    return s < RF_STATES ? names[s] : names[0];
}

const char *redundancy_rf_progression(enum rf_state s)
{
    static const char *const names[RF_STATES] = {
        [RF_INITIALIZATION] = "RF_PROG_INITIALIZATION(100)",
        [RF_STANDBY_COLD] = "RF_PROG_STANDBY_COLD(101)",
        [RF_STANDBY_COLD_CONFIG] = "RF_PROG_STANDBY_CONFIG(102)",
        [RF_STANDBY_COLD_FILESYS] = "RF_PROG_STANDBY_FILESYS(103)",
        [RF_STANDBY_COLD_BULK] = "RF_PROG_STANDBY_BULK(104)",
        [RF_STANDBY_HOT] = "RF_PROG_STANDBY_HOT(105)",
        [RF_ACTIVE_FAST] = "RF_PROG_ACTIVE_FAST(200)",
        [RF_ACTIVE_DRAIN] = "RF_PROG_ACTIVE_DRAIN(201)",
        [RF_ACTIVE_PRECONFIG] = "RF_PROG_ACTIVE_PRECONFIG(202)",
        [RF_ACTIVE_POSTCONFIG] = "RF_PROG_ACTIVE_POSTCONFIG(203)",
        [RF_ACTIVE] = "RF_PROG_ACTIVE(204)",
    };
    return s < RF_STATES ? names[s] : NULL;
}

const char *redundancy_rf_event_name(enum rf_event ev)
{
    static const char *const names[RF_EVENTS] = {
        "start",     "group active",   "group lost",    "group down", "peer active", "peer refused",
        "peer gone", "snapshot begin", "snapshot done", "step",       "split lost",
    };
    return ev < RF_EVENTS ? names[ev] : "?";
}
