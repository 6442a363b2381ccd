/* The HSRP state machine: one table to hold against RFC 2281 5.6 / reference 1.6. Called by
 * hsrp_group.c for every event of a group. */
#include "modules/hsrp/hsrp_fsm.h"

#define A HSRP_ACT_A
#define B HSRP_ACT_B
#define C HSRP_ACT_C
#define D HSRP_ACT_D
#define E HSRP_ACT_E
#define F HSRP_ACT_F
#define G HSRP_ACT_G
#define H HSRP_ACT_H
#define I HSRP_ACT_I

struct cell {
    uint16_t actions;
    uint8_t next;         /* 0: stays (Disabled is never entered by an event) */
    uint16_t alt_actions; /* event h when pre-emption is allowed */
    uint8_t alt_next;
};
#define STAY 0
#define TO(x) HSRP_##x

/* Rows: events; columns: Disabled, Init, Learn, Listen, Speak, Standby, Active. */
static const struct cell table[HSRP_EVENTS][HSRP_STATES] = {
    [HSRP_EV_A] = {[HSRP_INIT] = {A | B, TO(LISTEN), 0, 0}}, /* without a virtual address: Learn, see below */
    [HSRP_EV_B] = {[HSRP_LEARN] = {C | D, TO(INIT), 0, 0},
                   [HSRP_LISTEN] = {C | D, TO(INIT), 0, 0},
                   [HSRP_SPEAK] = {C | D, TO(INIT), 0, 0},
                   [HSRP_STANDBY] = {C | D, TO(INIT), 0, 0},
                   [HSRP_ACTIVE] = {C | D | H, TO(INIT), 0, 0}},
    [HSRP_EV_C] = {[HSRP_LISTEN] = {A | B, TO(SPEAK), 0, 0}, [HSRP_STANDBY] = {C | D | F | I, TO(ACTIVE), 0, 0}},
    [HSRP_EV_D] = {[HSRP_LISTEN] = {B, TO(SPEAK), 0, 0}, [HSRP_SPEAK] = {D, TO(STANDBY), 0, 0}},
    [HSRP_EV_E] = {[HSRP_SPEAK] = {F, STAY, 0, 0}, [HSRP_STANDBY] = {F, STAY, 0, 0}, [HSRP_ACTIVE] = {F, STAY, 0, 0}},
    [HSRP_EV_F] = {[HSRP_SPEAK] = {B, TO(LISTEN), 0, 0}, [HSRP_STANDBY] = {B, TO(LISTEN), 0, 0}},
    [HSRP_EV_G] = {[HSRP_LEARN] = {E | A | B, TO(LISTEN), 0, 0},
                   [HSRP_LISTEN] = {E | A, STAY, 0, 0},
                   [HSRP_SPEAK] = {E | A, STAY, 0, 0},
                   [HSRP_STANDBY] = {E | A, STAY, 0, 0},
                   [HSRP_ACTIVE] = {A | B, TO(SPEAK), 0, 0}},
    /* Without pre-emption a lower Active is followed like a higher one, its parameters included (reference 1.7:
     * timers configured on the active always override). */
    [HSRP_EV_H] = {[HSRP_LEARN] = {E | A | B, TO(LISTEN), 0, 0},
                   [HSRP_LISTEN] = {E | A, STAY, B | G | F | I, TO(ACTIVE)},
                   [HSRP_SPEAK] = {E | A, STAY, B | G | F | I, TO(ACTIVE)},
                   [HSRP_STANDBY] = {E | A, STAY, C | D | G | F | I, TO(ACTIVE)},
                   [HSRP_ACTIVE] = {G, STAY, 0, 0}},
    [HSRP_EV_I] = {[HSRP_LISTEN] = {A | B, TO(SPEAK), 0, 0},
                   [HSRP_SPEAK] = {A, STAY, 0, 0},
                   [HSRP_STANDBY] = {C | D | F | I, TO(ACTIVE), 0, 0}},
    [HSRP_EV_J] = {[HSRP_ACTIVE] = {A | B, TO(SPEAK), 0, 0}},
    [HSRP_EV_K] = {[HSRP_LISTEN] = {B, STAY, 0, 0},
                   [HSRP_SPEAK] = {B, TO(LISTEN), 0, 0},
                   [HSRP_STANDBY] = {B, TO(LISTEN), 0, 0},
                   [HSRP_ACTIVE] = {B, STAY, 0, 0}},
    [HSRP_EV_L] =
        {[HSRP_LISTEN] = {B, TO(SPEAK), 0, 0}, [HSRP_SPEAK] = {D, TO(STANDBY), 0, 0}, [HSRP_ACTIVE] = {B, STAY, 0, 0}},
};

struct hsrp_step hsrp_fsm_step(enum hsrp_state state, enum hsrp_event event, bool vip_known, bool may_preempt)
{
    const struct cell *c = &table[event][state];
    struct hsrp_step s = {c->actions, c->next != STAY ? (enum hsrp_state)c->next : state};
    if (event == HSRP_EV_H && may_preempt && c->alt_next != STAY)
        s = (struct hsrp_step){c->alt_actions, (enum hsrp_state)c->alt_next};
    if (event == HSRP_EV_A && state == HSRP_INIT && !vip_known)
        s.next = HSRP_LEARN;
    /* Real routers say hello at once in every state they enter from Speak up (captures: the first Speak, Standby
     * and Active hellos are off the hello cycle). */
    if (s.next != state && s.next >= HSRP_SPEAK)
        s.actions |= F;
    return s;
}

const char *hsrp_state_name(enum hsrp_state s)
{
    static const char *const names[HSRP_STATES] = {"Disabled", "Init", "Learn", "Listen", "Speak", "Standby", "Active"};
    return s < HSRP_STATES ? names[s] : "?";
}
