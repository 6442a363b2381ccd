/* Every cell of the state table on the wire: a router is brought into a state by what a LAN would do, gets one event
 * (a packet, an expired timer, an interface that goes), and its next state and what it sends are held against
 * RFC 2281 5.6. Both versions, with and without pre-emption. */
#include "lib_hsrp.h"
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#define ET "Ethernet1/1"
enum { PEER = 0x0a010063, HIGH = 200, LOW = 50 };

struct cell {
    unsigned version;
    bool preempt;
    struct hlab l;
};

static void say(struct cell *c, uint8_t opcode, uint8_t state, uint8_t priority)
{
    struct hsrp_packet p = {.version = (uint8_t)c->version,
                            .opcode = opcode,
                            .state = state,
                            .hello_ms = 3000,
                            .hold_ms = 11000,
                            .priority = priority,
                            .group = 1,
                            .has_text = true,
                            .auth = "cisco",
                            .vip = addr_v4(0x0a0100fe)};
    uint8_t b[HSRP_WIRE_MAX];
    size_t n = hsrp_wire_encode(&p, b, sizeof b);
    hlab_inject(&c->l, PEER, c->version == 2 ? 0xe0000066 : 0xe0000002, 1, b, n);
    hlab_run(&c->l, 0.0005);
}

static void until(struct cell *c, enum hsrp_state want, bool active_there)
{
    struct hlab_node *n = &c->l.node[0];
    for (unsigned i = 0; i < 300 && hlab_group(n, ET, 1)->state != want; i++) {
        if (active_there && i % 20 == 0)
            say(c, HSRP_HELLO, HSRP_WIRE_ACTIVE, HIGH);
        hlab_run(&c->l, 0.1);
    }
    if (active_there)
        say(c, HSRP_HELLO, HSRP_WIRE_ACTIVE, HIGH);
    cr_assert_eq(hlab_group(n, ET, 1)->state, want, "could not be brought to %s", hsrp_state_name(want));
}

static void bring_to(struct cell *c, enum hsrp_state state)
{
    struct hlab_node *n = &c->l.node[0];
    hlab_init(&c->l);
    hlab_start(&c->l, 0, false, NULL);
    cr_assert_eq(hlab_version(n, ET, c->version), CMD_OK);
    cr_assert_eq(hlab_delay(n, ET, state == HSRP_INIT ? 1000 : 0, 0), CMD_OK);
    if (c->preempt)
        cr_assert_eq(hlab_preempt(n, ET, 1, 0, 0), CMD_OK);
    cr_assert_eq(hlab_ip(n, ET, 1, state == HSRP_LEARN ? NULL : "10.1.0.254"), CMD_OK);
    hlab_run(&c->l, 0.1);
    until(c, state, state >= HSRP_LISTEN && state < HSRP_ACTIVE);
    hlab_run(&c->l, 0.01);
}

static void expire(struct timer *t)
{
    timer_stop(t);
    t->fire(t->arg);
}

static void event(struct cell *c, enum hsrp_event ev)
{
    struct hlab_node *n = &c->l.node[0];
    struct hsrp_group *g = hlab_group(n, ET, 1);
    switch (ev) {
    case HSRP_EV_A:
        if (g->state == HSRP_INIT)
            hlab_delay(n, ET, 0, 0);
        break;
    case HSRP_EV_B:
        netif_set_admin(hlab_if(n, ET), false);
        break;
    case HSRP_EV_C:
        expire(&g->active_timer);
        break;
    case HSRP_EV_D:
        expire(&g->standby_timer);
        break;
    case HSRP_EV_E:
        if (timer_armed(&g->hello_timer))
            expire(&g->hello_timer);
        break;
    case HSRP_EV_F:
        say(c, HSRP_HELLO, HSRP_WIRE_SPEAK, HIGH);
        break;
    case HSRP_EV_G:
        say(c, HSRP_HELLO, HSRP_WIRE_ACTIVE, HIGH);
        break;
    case HSRP_EV_H:
        say(c, HSRP_HELLO, HSRP_WIRE_ACTIVE, LOW);
        break;
    case HSRP_EV_I:
        say(c, HSRP_RESIGN, HSRP_WIRE_ACTIVE, HIGH);
        break;
    case HSRP_EV_J:
        say(c, HSRP_COUP, HSRP_WIRE_LISTEN, HIGH);
        break;
    case HSRP_EV_K:
        say(c, HSRP_HELLO, HSRP_WIRE_STANDBY, HIGH);
        break;
    case HSRP_EV_L:
        say(c, HSRP_HELLO, HSRP_WIRE_STANDBY, LOW);
        break;
    default:
        break;
    }
    hlab_run(&c->l, 0.0005);
}

/* States 1 Init to 6 Active; "" stays and sends nothing. h without pre-emption; see below. Letters F G H I: what is on
 * the wire; A B C D: which timer runs afterwards with which time is looked at where it matters. */
static const char *const rfc[HSRP_EVENTS][6] = {
    [HSRP_EV_A] = {"/3", "", "", "", "", ""},      [HSRP_EV_B] = {"", "/1", "/1", "/1", "/1", "H/1"},
    [HSRP_EV_C] = {"", "", "F/4", "", "FI/6", ""}, [HSRP_EV_D] = {"", "", "F/4", "F/5", "", ""},
    [HSRP_EV_E] = {"", "", "", "F", "F", "F"},     [HSRP_EV_F] = {"", "", "", "/3", "/3", ""},
    [HSRP_EV_G] = {"", "/3", "", "", "", "F/4"},   [HSRP_EV_H] = {"", "/3", "", "", "", "G"},
    [HSRP_EV_I] = {"", "", "F/4", "", "FI/6", ""}, [HSRP_EV_J] = {"", "", "", "", "", "F/4"},
    [HSRP_EV_K] = {"", "", "", "/3", "/3", ""},    [HSRP_EV_L] = {"", "", "F/4", "F/5", "", ""},
};

static void check(unsigned version, bool preempt, enum hsrp_state st, enum hsrp_event ev)
{
    struct cell c = {.version = version, .preempt = preempt};
    const char *want = rfc[ev][st - HSRP_INIT];
    if (ev == HSRP_EV_H && preempt && st >= HSRP_LISTEN && st <= HSRP_STANDBY)
        want = "GFI/6";
    bring_to(&c, st);
    c.l.count = (struct hlab_count){0};
    event(&c, ev);
    const char *slash = strchr(want, '/');
    enum hsrp_state next = slash ? (enum hsrp_state)(slash[1] - '0') : st;
    struct hsrp_group *g = hlab_group(&c.l.node[0], ET, 1);
    char what[80];
    snprintf(what, sizeof what, "version %u, %s, event %c%s", version, hsrp_state_name(st), 'a' + ev,
             preempt ? ", preempt" : "");
    cr_assert_eq(g->state, next, "%s: %s, want %s", what, hsrp_state_name(g->state), hsrp_state_name(next));
    const struct hlab_count *n = &c.l.count;
    /* What was injected was counted too. */
    unsigned hello = ev >= HSRP_EV_F && ev != HSRP_EV_I && ev != HSRP_EV_J, coup = ev == HSRP_EV_J,
             resign = ev == HSRP_EV_I;
    cr_assert_eq(n->hello - hello, strchr(want, 'F') != NULL, "%s: %u hellos", what, n->hello - hello);
    cr_assert_eq(n->coup - coup, strchr(want, 'G') != NULL, "%s: %u coups", what, n->coup - coup);
    cr_assert_eq(n->resign - resign, strchr(want, 'H') != NULL, "%s: %u resigns", what, n->resign - resign);
    cr_assert_eq(n->garp, strchr(want, 'I') != NULL, "%s: %u gratuitous ARPs", what, n->garp);
    cr_assert_eq(g->installed, g->state == HSRP_ACTIVE);
    bool follows = g->state >= HSRP_LISTEN && g->state < HSRP_ACTIVE && (ev == HSRP_EV_G || ev == HSRP_EV_H);
    if (follows) { /* the Active timer runs with the hold time that the hello named */
        cr_assert(timer_armed(&g->active_timer), "%s", what);
        cr_assert_gt(timer_left(&g->active_timer), INT64_C(10900) * NS_PER_MS, "%s", what);
        cr_assert_eq(addr_v4_get(&g->active.addr), PEER);
    }
    cr_assert_eq(router_audit(c.l.node[0].r, NULL, NULL), 0, "%s", what);
    hlab_free(&c.l);
}

static void all(unsigned version)
{
    unsigned cells = 0;
    for (unsigned preempt = 0; preempt < 2; preempt++)
        for (unsigned st = HSRP_INIT; st < HSRP_STATES; st++)
            for (unsigned ev = 0; ev < HSRP_EVENTS; ev++, cells++)
                check(version, preempt, (enum hsrp_state)st, (enum hsrp_event)ev);
    cr_assert_eq(cells, 144);
}

Test(hsrp_cells, version_1)
{
    all(1);
}

Test(hsrp_cells, version_2)
{
    all(2);
}
