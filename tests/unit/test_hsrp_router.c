/* Whole routers speaking HSRP on a memory switch: elections with the timings of reference 1.6, takeovers,
 * coups, resigns, delays, tracking, authentication, learning, debug lines and shows. */
#include "lib_hsrp.h"
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#define ET "Ethernet1/1"
#define GI "GigabitEthernet0/3"
#define VIP "10.1.0.254"
#define NEAR(a, b) cr_assert_float_eq(a, b, 0.002, "%f, want %f", (double)(a), (double)(b))

static void plain(struct hlab_node *n)
{
    cr_assert_eq(hlab_delay(n, ET, 0, 0), CMD_OK);
    cr_assert_eq(hlab_ip(n, ET, 1, VIP), CMD_OK);
}

static void preempting(struct hlab_node *n)
{
    plain(n);
    cr_assert_eq(hlab_preempt(n, ET, 1, 0, 0), CMD_OK);
}

/* Runs until router n is in that state; the time it took. */
static double until(struct hlab *l, unsigned n, enum hsrp_state s, double limit)
{
    double t0 = hlab_now(l);
    while (hlab_state(l, n) != s && hlab_now(l) - t0 < limit)
        hlab_run(l, 0.001);
    cr_assert_eq(hlab_state(l, n), s, "router %u is %s, not %s, after %g s", n, hsrp_state_name(hlab_state(l, n)),
                 hsrp_state_name(s), limit);
    return hlab_now(l) - t0;
}

/* r1 and r2 with a configuration each, elected: the first is Active, the second Standby. */
static void pair(struct hlab *l, void (*a)(struct hlab_node *), void (*b)(struct hlab_node *))
{
    hlab_init(l);
    hlab_start(l, 0, false, a);
    until(l, 0, HSRP_ACTIVE, 30);
    hlab_start(l, 1, false, b);
    until(l, 1, HSRP_STANDBY, 30);
    cr_assert_eq(hlab_state(l, 0), HSRP_ACTIVE);
    l->count = (struct hlab_count){0};
}

static bool owns(struct hlab *l, unsigned n)
{
    struct addr vip;
    addr_parse(VIP, &vip);
    return net_is_local(l->node[n].r, &vip);
}

Test(hsrp_router, single_router_election_takes_twice_the_hold_time)
{
    struct hlab l;
    hlab_init(&l);
    hlab_start(&l, 0, false, plain);
    until(&l, 0, HSRP_LISTEN, 1);
    NEAR(until(&l, 0, HSRP_SPEAK, 20), 10);
    NEAR(until(&l, 0, HSRP_ACTIVE, 20), 10);
    cr_assert(owns(&l, 0));
    cr_assert_eq(hlab_group(&l.node[0], ET, 1)->changes, 2, "Standby, Active: what the log tells");
    unsigned garp = l.count.garp;
    hlab_run(&l, 7);
    cr_assert_eq(l.count.garp - garp, 2, "gratuitous ARP again at 3 s and 6 s");
    cr_assert_eq(l.count.bad, 0);
    cr_assert(hlab_said(&l.node[0], "%HSRP-5-STATECHANGE: Ethernet1/1 Grp 1 state Standby -> Active"));
    cr_assert(hlab_said(&l.node[0], "state Speak -> Standby"));
    cr_assert(!hlab_said(&l.node[0], "Listen -> Speak"));
    hlab_free(&l);
}

Test(hsrp_router, simultaneous_boot_higher_address_wins)
{
    struct hlab l;
    hlab_init(&l);
    for (unsigned i = 0; i < 3; i++)
        hlab_start(&l, i, false, preempting);
    hlab_run(&l, 45);
    cr_assert_eq(hlab_state(&l, 2), HSRP_ACTIVE);
    cr_assert_eq(hlab_state(&l, 1), HSRP_STANDBY);
    cr_assert_eq(hlab_state(&l, 0), HSRP_LISTEN);
    cr_assert(owns(&l, 2) && !owns(&l, 1) && !owns(&l, 0));
    cr_assert_eq(l.count.coup, 0);
    hlab_free(&l);
}

Test(hsrp_router, equal_priority_does_not_preempt)
{
    struct hlab l;
    pair(&l, preempting, preempting); /* r2 has the higher address */
    hlab_run(&l, 60);
    cr_assert_eq(hlab_state(&l, 0), HSRP_ACTIVE);
    cr_assert_eq(hlab_state(&l, 1), HSRP_STANDBY);
    cr_assert_eq(l.count.coup + l.count.resign, 0);
    hlab_free(&l);
}

Test(hsrp_router, crash_is_taken_over_one_hold_time_after_the_last_hello)
{
    struct hlab l;
    pair(&l, plain, plain);
    hlab_run(&l, 4);
    hlab_kill(&l, 0);
    double last = (double)l.count.last_active_hello / 1e9;
    until(&l, 1, HSRP_ACTIVE, 20);
    NEAR(hlab_now(&l) - last, 10);
    cr_assert_eq(l.count.resign, 0, "a power cut says nothing");
    cr_assert(owns(&l, 1));
    hlab_free(&l);
}

static void fast(struct hlab_node *n)
{
    plain(n);
    cr_assert_eq(hlab_timers_ms(n, ET, 1, 50, 150), CMD_OK);
}

Test(hsrp_router, millisecond_timers_take_over_at_their_hold)
{
    struct hlab l;
    pair(&l, fast, fast);
    hlab_run(&l, 1.02);
    hlab_kill(&l, 0);
    double last = (double)l.count.last_active_hello / 1e9;
    until(&l, 1, HSRP_ACTIVE, 2);
    NEAR(hlab_now(&l) - last, 0.150);
    hlab_free(&l);
}

Test(hsrp_router, reload_resigns_and_the_standby_follows_at_once)
{
    struct hlab l;
    pair(&l, plain, plain);
    hlab_debug(&l.node[1], true);
    hlab_reload(&l, 0);
    NEAR(until(&l, 1, HSRP_ACTIVE, 1), 0.001);
    cr_assert_eq(l.count.resign, 1);
    cr_assert(hlab_said(&l.node[1], "HSRP: Et1/1 Grp 1 Standby: i/Resign rcvd (100/10.1.0.1)"));
    hlab_free(&l);
}

Test(hsrp_router, shutdown_resigns)
{
    struct hlab l;
    pair(&l, plain, plain);
    netif_set_admin(hlab_if(&l.node[0], ET), false);
    cr_assert_eq(hlab_state(&l, 0), HSRP_INIT);
    NEAR(until(&l, 1, HSRP_ACTIVE, 1), 0.001);
    cr_assert_eq(l.count.resign, 1);
    cr_assert(role_get(l.node[0].r, "hsrp-Et1/1-1")->left_by_itself);
    netif_set_admin(hlab_if(&l.node[0], ET), true);
    until(&l, 0, HSRP_STANDBY, 30);
    cr_assert_eq(hlab_state(&l, 1), HSRP_ACTIVE);
    hlab_free(&l);
}

Test(hsrp_router, higher_priority_coups_and_the_old_active_speaks)
{
    struct hlab l;
    pair(&l, plain, preempting);
    struct hlab_node *a = &l.node[0], *b = &l.node[1];
    hlab_run(&l, 5);
    hlab_debug(a, true);
    hlab_debug(b, true);
    hlab_forget(a);
    hlab_forget(b);
    hlab_priority(b, ET, 1, 150);
    hlab_run(&l, 0.001);
    cr_assert_eq(hlab_state(&l, 1), HSRP_ACTIVE);
    cr_assert_eq(hlab_state(&l, 0), HSRP_SPEAK);
    cr_assert_eq(l.count.coup, 1);
    cr_assert_eq(l.count.resign, 0, "who yields to a coup does not resign");
    /* Order of the lines: reference 1.9. */
    static const char *const winner[] = {"Standby: h/Hello rcvd from lower pri Active router (100/10.1.0.1)",
                                         "Active router is local, was 10.1.0.1",
                                         "Standby router is unknown, was local",
                                         "Standby -> Active",
                                         "%HSRP-5-STATECHANGE: Ethernet1/1 Grp 1 state Standby -> Active",
                                         "Redundancy \"hsrp-Et1/1-1\" state Standby -> Active",
                                         "Redirect adv out, Active, active 1 passive 0",
                                         "Coup   out 10.1.0.2 Standby pri 150 vIP 10.1.0.254",
                                         "Hello  out 10.1.0.2 Active  pri 150 vIP 10.1.0.254"};
    static const char *const loser[] = {"HSRP: Et1/1 Grp 1 Coup   in  10.1.0.2 Standby pri 150 vIP 10.1.0.254",
                                        "HSRP: Et1/1 Grp 1 Active: j/Coup rcvd from higher pri router (150/10.1.0.2)",
                                        "HSRP: Et1/1 Grp 1 Active router is 10.1.0.2, was local",
                                        "HSRP: Et1/1 Grp 1 Active -> Speak",
                                        "%HSRP-5-STATECHANGE: Ethernet1/1 Grp 1 state Active -> Speak",
                                        "HSRP: Et1/1 Grp 1 Redundancy \"hsrp-Et1/1-1\" state Active -> Speak",
                                        "HSRP: Et1/1 Grp 1 Removed 10.1.0.254 from ARP",
                                        "HSRP: Et1/1 Redirect adv out, Passive, active 0 passive 1",
                                        "HSRP: Et1/1 Grp 1 Hello  out 10.1.0.1 Speak   pri 100 vIP 10.1.0.254"};
    const char *at = b->log.s;
    for (unsigned i = 0; i < sizeof winner / sizeof *winner; i++) {
        const char *p = strstr(at, winner[i]);
        cr_assert_not_null(p, "missing or out of order: %s in\n%s", winner[i], b->log.s);
        at = p;
    }
    at = a->log.s;
    for (unsigned i = 0; i < sizeof loser / sizeof *loser; i++) {
        const char *p = strstr(at, loser[i]);
        cr_assert_not_null(p, "missing or out of order: %s in\n%s", loser[i], a->log.s);
        at = p;
    }
    NEAR(until(&l, 0, HSRP_STANDBY, 15), 10);
    cr_assert_eq(l.count.bad, 0);
    hlab_free(&l);
}

Test(hsrp_router, split_heals_within_a_hello)
{
    struct hlab l;
    pair(&l, plain, plain);
    memswitch_port_carrier(l.sw, "r1", true);
    struct link_fault_spec cut = {.cut = true};
    link_fault_set(hlab_if(&l.node[0], ET)->link, l.node[0].r, &cut);
    until(&l, 1, HSRP_ACTIVE, 15);
    cr_assert_eq(hlab_state(&l, 0), HSRP_ACTIVE, "both, while split");
    link_fault_set(hlab_if(&l.node[0], ET)->link, l.node[0].r, NULL);
    hlab_run(&l, 3.01);
    cr_assert_eq(hlab_state(&l, 1), HSRP_ACTIVE, "the higher address stays");
    cr_assert_neq(hlab_state(&l, 0), HSRP_ACTIVE);
    cr_assert(owns(&l, 1) && !owns(&l, 0));
    hlab_free(&l);
}

static void delayed(struct hlab_node *n)
{
    cr_assert_eq(hlab_ip(n, ET, 1, VIP), CMD_OK);
    cr_assert_eq(hlab_delay(n, ET, 30, 60), CMD_OK);
}

Test(hsrp_router, delay_reload_once_then_minimum)
{
    struct hlab l;
    hlab_init(&l);
    hlab_start(&l, 0, true, delayed);
    NEAR(until(&l, 0, HSRP_LISTEN, 90), 60);
    netif_set_admin(hlab_if(&l.node[0], ET), false);
    netif_set_admin(hlab_if(&l.node[0], ET), true);
    NEAR(until(&l, 0, HSRP_LISTEN, 90), 30);
    netif_set_admin(hlab_if(&l.node[0], ET), false);
    netif_set_admin(hlab_if(&l.node[0], ET), true);
    hlab_run(&l, 1);
    hlab_delay(&l.node[0], ET, 0, 0); /* at once (CONTRACT 3) */
    hlab_run(&l, 0.001);
    cr_assert_eq(hlab_state(&l, 0), HSRP_LISTEN);
    hlab_free(&l);
}

static void learner(struct hlab_node *n)
{
    cr_assert_eq(hlab_delay(n, ET, 0, 0), CMD_OK);
    cr_assert_eq(hlab_ip(n, ET, 1, NULL), CMD_OK);
}

static void slow(struct hlab_node *n)
{
    plain(n);
    cr_assert_eq(hlab_timers(n, ET, 1, 1, 4), CMD_OK);
}

Test(hsrp_router, address_and_timers_are_learnt_from_the_active)
{
    struct hlab l;
    hlab_init(&l);
    hlab_start(&l, 1, false, learner);
    hlab_run(&l, 5);
    cr_assert_eq(hlab_state(&l, 1), HSRP_LEARN);
    hlab_start(&l, 0, false, slow);
    until(&l, 0, HSRP_ACTIVE, 30);
    until(&l, 1, HSRP_STANDBY, 30);
    struct hsrp_group *g = hlab_group(&l.node[1], ET, 1);
    cr_assert_eq(addr_v4_get(&g->vip), 0x0a0100fe);
    cr_assert_eq(g->hello, NS_PER_S);
    cr_assert_eq(g->hold, 4 * NS_PER_S);
    char *s = hlab_show(&l.node[1], false, false);
    cr_assert(strstr(s, "  Virtual IP address is 10.1.0.254 (learnt)\n"), "%s", s);
    free(s);
    hlab_free(&l);
}

static void secret(struct hlab_node *n)
{
    plain(n);
    cr_assert_eq(hlab_auth(n, ET, 1, "geheim"), CMD_OK);
}

Test(hsrp_router, bad_authentication_is_ignored_and_logged)
{
    struct hlab l;
    hlab_init(&l);
    hlab_start(&l, 0, false, plain);
    hlab_start(&l, 1, false, secret);
    hlab_debug(&l.node[0], true);
    hlab_run(&l, 30);
    cr_assert_eq(hlab_state(&l, 0), HSRP_ACTIVE);
    cr_assert_eq(hlab_state(&l, 1), HSRP_ACTIVE);
    cr_assert(hlab_said(&l.node[0], "%HSRP-4-BADAUTH: Bad authentication from 10.1.0.2, group 1, remote state Speak"));
    cr_assert(hlab_said(&l.node[0], "HSRP: Et1/1 Grp 1 Auth failed for Hello pkt from 10.1.0.2, Text auth failed"));
    hlab_free(&l);
}

static void tracking(struct hlab_node *n)
{
    preempting(n);
    cr_assert_eq(hlab_track(n, ET, 1, GI), CMD_OK);
}

Test(hsrp_router, tracked_interface_hands_over_and_publishes)
{
    struct hlab l;
    pair(&l, tracking, tracking);
    cr_assert_eq(role_get(l.node[0].r, "hsrp-Et1/1-1")->state, ROLE_ACTIVE);
    memswitch_port_carrier(l.sw2, "r1", false);
    hlab_run(&l, 0.01);
    cr_assert_eq(hlab_state(&l, 1), HSRP_ACTIVE, "at once, not with the next hello");
    cr_assert_eq(hlab_state(&l, 0), HSRP_SPEAK);
    cr_assert_eq(hlab_group(&l.node[0], ET, 1)->priority, 90);
    const struct role_info *role = role_get(l.node[0].r, "hsrp-Et1/1-1");
    cr_assert_eq(role->state, ROLE_SPEAK);
    cr_assert(role->left_by_itself);
    cr_assert_eq(addr_v4_get(&role->peer), 0x0a010002);
    memswitch_port_carrier(l.sw2, "r1", true);
    hlab_run(&l, 30);
    cr_assert_eq(hlab_group(&l.node[0], ET, 1)->priority, 100);
    cr_assert_eq(hlab_state(&l, 1), HSRP_ACTIVE, "equal again: no pre-emption");
    hlab_free(&l);
}

Test(hsrp_router, a_hold_on_preemption_is_kept_until_released)
{
    struct hlab l;
    pair(&l, plain, preempting);
    role_hold_preempt(l.node[1].r, "hsrp-Et1/1-1", "test", true, 300 * NS_PER_S);
    hlab_priority(&l.node[1], ET, 1, 150);
    hlab_run(&l, 20);
    cr_assert_eq(hlab_state(&l, 1), HSRP_STANDBY);
    role_hold_preempt(l.node[1].r, "hsrp-Et1/1-1", "test", false, 0);
    hlab_run(&l, 0.001);
    cr_assert_eq(hlab_state(&l, 1), HSRP_ACTIVE);
    hlab_free(&l);
}

Test(hsrp_router, preempt_delay_minimum)
{
    struct hlab l;
    pair(&l, plain, plain);
    hlab_preempt(&l.node[1], ET, 1, 20, 0);
    hlab_priority(&l.node[1], ET, 1, 150);
    NEAR(until(&l, 1, HSRP_ACTIVE, 40), 20);
    hlab_free(&l);
}

Test(hsrp_router, a_different_virtual_address_is_logged_once)
{
    struct hlab l;
    pair(&l, plain, plain);
    hlab_ip(&l.node[1], ET, 1, "10.1.0.253");
    hlab_run(&l, 20);
    static const char text[] = "%HSRP-4-DIFFVIP1: Ethernet1/1 Grp 1 active routers virtual IP address 10.1.0.254 is "
                               "different to the locally configured address 10.1.0.253";
    cr_assert(hlab_said(&l.node[1], text));
    cr_assert_null(strstr(strstr(l.node[1].log.s, text) + 1, text));
    hlab_free(&l);
}

Test(hsrp_router, wrong_lines_change_nothing)
{
    struct hlab l;
    pair(&l, plain, plain);
    cr_assert_eq(hlab_ip(&l.node[0], ET, 2, "10.1.0.1"), CMD_ERROR, "our own address");
    cr_assert_eq(hlab_ip(&l.node[0], ET, 2, VIP), CMD_ERROR, "another group's");
    cr_assert_eq(hlab_ip(&l.node[0], ET, 2, "224.0.0.5"), CMD_ERROR);
    cr_assert_null(hlab_group(&l.node[0], ET, 2));
    cr_assert_eq(hlab_timers(&l.node[0], ET, 1, 5, 5), CMD_ERROR);
    cr_assert_eq(hlab_timers_ms(&l.node[0], ET, 1, 100, 250), CMD_ERROR);
    cr_assert_eq(hlab_ip(&l.node[0], ET, 2, "10.9.0.1"), CMD_OK, "a warning only");
    hlab_run(&l, 30);
    cr_assert_eq(hlab_group(&l.node[0], ET, 2)->state, HSRP_INIT);
    hlab_free(&l);
}

Test(hsrp_router, show_standby_layouts)
{
    struct hlab l;
    pair(&l, tracking, preempting);
    hlab_timers(&l.node[0], ET, 1, 1, 10);
    hlab_run(&l, 3.5);
    char *s = hlab_show(&l.node[0], false, false);
    static const char *const lines[] = {
        ("Ethernet1/1 - Group 1\n  State is Active\n    2 state changes, last state change 00:00:2"),
        ("  Virtual IP address is 10.1.0.254\n  Active virtual MAC address is 0000.0c07.ac01\n"
         "    Local virtual MAC address is 0000.0c07.ac01 (v1 default)\n  Hello time 1 sec, hold time 10 sec\n"
         "    Next hello sent in 0."),
        (" secs\n  Preemption enabled\n  Active router is local\n  Standby router is 10.1.0.2, priority 100 (expires "
         "in "),
        (" sec)\n  Priority 100 (default 100)\n    Track interface GigabitEthernet0/3 state Up decrement 10\n"
         "  Group name is \"hsrp-Et1/1-1\" (default)\n")};
    for (unsigned i = 0; i < sizeof lines / sizeof *lines; i++)
        cr_assert(strstr(s, lines[i]), "not there: %s in\n%s", lines[i], s);
    free(s);
    s = hlab_show(&l.node[1], true, false);
    cr_assert_str_eq(s, "                     P indicates configured to preempt.\n"
                        "                     |\n"
                        "Interface   Grp  Pri P State   Active          Standby         Virtual IP\n"
                        "Et1/1       1    100 P Standby 10.1.0.1        local           10.1.0.254     \n");
    free(s);
    s = hlab_show(&l.node[0], true, true);
    cr_assert(strstr(s, "\"virtual_ip\":") && strstr(s, "10.1.0.254") && strstr(s, "\"standby\":"), "%s", s);
    free(s);
    hlab_free(&l);
}

static struct hsrp_packet hello(uint8_t state, uint8_t priority)
{
    struct hsrp_packet p = {.version = 1,
                            .opcode = HSRP_HELLO,
                            .state = state,
                            .hello_ms = 3000,
                            .hold_ms = 10000,
                            .priority = priority,
                            .group = 1,
                            .auth = "cisco",
                            .vip = addr_v4(0x0a0100fe)};
    return p;
}

static void say(struct hlab *l, const struct hsrp_packet *p, uint32_t src, uint32_t dst, uint8_t ttl)
{
    uint8_t b[64];
    size_t n = hsrp_wire_encode(p, b, sizeof b);
    hlab_inject(l, src, dst, ttl, b, n);
    hlab_run(l, 0.001);
}

Test(hsrp_router, packets_from_elsewhere_are_refused_and_named)
{
    struct hlab l;
    pair(&l, plain, plain);
    struct hlab_node *a = &l.node[0];
    hlab_debug(a, true);
    struct hsrp_packet p = hello(HSRP_WIRE_ACTIVE, 200);
    say(&l, &p, 0x0a090909, 0xe0000002, 1);
    cr_assert(hlab_said(a, "HSRP: Et1/1 Source IP 10.9.9.9 not in subnet"));
    cr_assert_eq(ip_drop_get(a->r, "hsrp-subnet"), 1);
    cr_assert_eq(hlab_state(&l, 0), HSRP_ACTIVE);
    uint8_t b[64];
    size_t n = hsrp_wire_encode(&p, b, sizeof b);
    b[0] = 1;
    hlab_inject(&l, 0x0a010063, 0xe0000002, 1, b, n);
    hlab_run(&l, 0.001);
    cr_assert(hlab_said(a, "HSRP: Et1/1 Hello in from 10.1.0.99, bad version 1"));
    cr_assert_eq(hlab_state(&l, 0), HSRP_ACTIVE);
    say(&l, &p, 0x0a010063, 0xe0000002, 255); /* interop 5: TTL 255 is tolerated */
    cr_assert_eq(hlab_state(&l, 0), HSRP_SPEAK);
    hlab_free(&l);
}

Test(hsrp_router, flood_of_mutated_packets_and_neighbours)
{
    struct hlab l;
    pair(&l, plain, plain);
    uint32_t seed = 99;
    for (unsigned i = 0; i < 20000; i++) {
        struct hsrp_packet p = hello((uint8_t[]){0, 1, 2, 4, 8, 16}[i % 6], (uint8_t)i);
        p.opcode = (uint8_t)(i % 4);
        p.adv_type = 1;
        p.adv_state = (uint8_t)(1 + i % 3);
        uint8_t b[64] = {0};
        size_t n = hsrp_wire_encode(&p, b, sizeof b);
        for (unsigned k = 0; k < i % 3; k++) {
            seed = seed * 1664525 + 1013904223;
            b[(seed >> 8) % n] = (uint8_t)(seed >> 24);
        }
        hlab_inject(&l, 0x0a010000 + (i % 250) + 3, 0xe0000002, 1, b, i % 7 ? n : seed % 64);
        if (i % 50 == 0)
            hlab_run(&l, 0.01);
    }
    hlab_run(&l, 0.01);
    for (unsigned i = 0; i < 2; i++) {
        struct hsrp_if *hif = hsrp_if_find(module_state(l.node[i].r, &hsrp_module), hlab_if(&l.node[i], ET));
        cr_assert_leq(hif->n_nbrs, HSRP_MAX_NBR);
    }
    l.count = (struct hlab_count){0};
    hlab_run(&l, 60); /* quiet again: one Active, one Standby */
    cr_assert_eq((hlab_state(&l, 0) == HSRP_ACTIVE) + (hlab_state(&l, 1) == HSRP_ACTIVE), 1);
    cr_assert_eq((hlab_state(&l, 0) == HSRP_STANDBY) + (hlab_state(&l, 1) == HSRP_STANDBY), 1);
    hlab_free(&l);
}

Test(hsrp_router, a_stranger_with_the_virtual_address_is_logged)
{
    struct hlab l;
    pair(&l, plain, plain);
    uint8_t arp[42] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2,    0,  0, 0, 0,   0x63, 8, 6, 0, 1, 8, 0,  6, 4, 0,
                       2,    2,    0,    0,    0,    0,    0x63, 10, 1, 0, 254, 0,    0, 0, 0, 0, 0, 10, 1, 0, 254};
    hlab_inject_frame(&l, arp, sizeof arp);
    hlab_run(&l, 0.01);
    cr_assert(hlab_said(&l.node[0],
                        "%HSRP-4-DUPADDR: Duplicate address 10.1.0.254 on Ethernet1/1, sourced by 0200.0000.0063"),
              "%s", l.node[0].log.s);
    hlab_free(&l);
}

static void two_groups(struct hlab_node *n)
{
    plain(n);
    cr_assert_eq(hlab_ip(n, ET, 2, "10.1.0.253"), CMD_OK);
    cr_assert_eq(hlab_preempt(n, ET, 1, 0, 0), CMD_OK);
    cr_assert_eq(hlab_preempt(n, ET, 2, 0, 0), CMD_OK);
    cr_assert_eq(hlab_priority(n, ET, n->name[1] - '0', 120), CMD_OK);
}

Test(hsrp_router, two_groups_share_the_load)
{
    struct hlab l;
    hlab_init(&l);
    hlab_start(&l, 0, false, two_groups);
    hlab_start(&l, 1, false, two_groups);
    hlab_run(&l, 60);
    cr_assert_eq(hlab_group(&l.node[0], ET, 1)->state, HSRP_ACTIVE);
    cr_assert_eq(hlab_group(&l.node[0], ET, 2)->state, HSRP_STANDBY);
    cr_assert_eq(hlab_group(&l.node[1], ET, 1)->state, HSRP_STANDBY);
    cr_assert_eq(hlab_group(&l.node[1], ET, 2)->state, HSRP_ACTIVE);
    hlab_free(&l);
}
