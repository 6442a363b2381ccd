/* The HSRP state machine as a table (RFC 2281 5.5 and 5.6, reference 1.6): events in, actions and the
 * next state out, no I/O. Called by hsrp_group.c only, and by the test that holds it against the RFC. */
#ifndef TAPIR_HSRP_FSM_H
#define TAPIR_HSRP_FSM_H
#include <stdbool.h>
#include <stdint.h>

/* Same order and values as enum role_state from ROLE_DISABLED on, less one. */
enum hsrp_state {
    HSRP_DISABLED,
    HSRP_INIT,
    HSRP_LEARN,
    HSRP_LISTEN,
    HSRP_SPEAK,
    HSRP_STANDBY,
    HSRP_ACTIVE,
    HSRP_STATES
};
/* RFC 2281's letters. */
enum hsrp_event {
    HSRP_EV_A, /* HSRP enabled */
    HSRP_EV_B, /* HSRP disabled (interface down) */
    HSRP_EV_C, /* Active timer expired */
    HSRP_EV_D, /* Standby timer expired */
    HSRP_EV_E, /* hello timer */
    HSRP_EV_F, /* hello from a higher priority Speak router */
    HSRP_EV_G, /* hello from a higher priority Active router */
    HSRP_EV_H, /* hello from a lower priority Active router */
    HSRP_EV_I, /* Resign from the Active router */
    HSRP_EV_J, /* Coup from a higher priority router */
    HSRP_EV_K, /* hello from a higher priority Standby router */
    HSRP_EV_L, /* hello from a lower priority Standby router */
    HSRP_EVENTS
};
enum hsrp_action {
    HSRP_ACT_A = 1 << 0, /* start Active timer */
    HSRP_ACT_B = 1 << 1, /* start Standby timer */
    HSRP_ACT_C = 1 << 2, /* stop Active timer */
    HSRP_ACT_D = 1 << 3, /* stop Standby timer */
    HSRP_ACT_E = 1 << 4, /* learn parameters */
    HSRP_ACT_F = 1 << 5, /* send Hello */
    HSRP_ACT_G = 1 << 6, /* send Coup */
    HSRP_ACT_H = 1 << 7, /* send Resign */
    HSRP_ACT_I = 1 << 8  /* send gratuitous ARP */
};
struct hsrp_step {
    uint16_t actions; /* enum hsrp_action, done in the order of hsrp_group.c */
    enum hsrp_state next;
};
/* vip_known decides event a; may_preempt (strictly higher priority, preempt configured, not delayed) decides event h.
 */
struct hsrp_step hsrp_fsm_step(enum hsrp_state state, enum hsrp_event event, bool vip_known, bool may_preempt);
const char *hsrp_state_name(enum hsrp_state s);
#endif
