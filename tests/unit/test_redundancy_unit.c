/* The unit's groups move together (modules/redundancy/redundancy_unit.c): with a hold time of 10 s a lost carrier is a
 * matter of milliseconds where the pair tracks it, and where it does not, a living Active keeps its group. */
#include "cli/world.h"
#include "modules/core/role.h"
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static struct world *w;

static void pair_up(bool track_outside)
{
    static const char text[] =
        "hostname gw%u\n"
        "redundancy inter-device\n scheme standby ha-in\n"
        "ipc zone default\n association 1\n  no shutdown\n  protocol sctp\n"
        "   local-port 5000\n    local-ip 10.2.1.%u\n   remote-port 5000\n    remote-ip 10.2.1.%u\n"
        "crypto ipsec transform-set t2 esp-aes 256 esp-sha-hmac\n"
        "crypto dynamic-map dyn1 10\n set transform-set t2\n"
        "crypto map m 10 ipsec-isakmp dynamic dyn1\n"
        "interface GigabitEthernet0/3\n ip address 10.2.1.%u 255.255.255.0\n"
        " standby delay minimum 0 reload 0\n standby 2 ip 10.2.1.254\n"
        " standby 2 timers 1 10\n standby 2 preempt\n standby 2 name ha-in\n%s"
        "interface Ethernet1/1\n ip address 10.1.11.%u 255.255.0.0\n"
        " standby delay minimum 0 reload 0\n standby 1 ip 10.1.11.254\n"
        " standby 1 timers 1 10\n standby 1 preempt\n standby 1 name ha-out\n"
        " standby 1 track GigabitEthernet0/3\n crypto map m redundancy ha-out stateful\n";
    w = world_new(7);
    world_switch(w, "inside");
    world_switch(w, "outside");
    for (unsigned n = 1; n <= 2; n++) {
        char name[8], port[8], cfg[2048];
        snprintf(name, sizeof name, "gw%u", n);
        snprintf(port, sizeof port, "%u", n);
        snprintf(cfg, sizeof cfg, text, n, n, 3 - n, n, track_outside ? " standby 2 track Ethernet1/1\n" : "", n);
        cr_assert_eq(world_router(w, name, cfg), 0);
        cr_assert_eq(world_plug(w, name, "GigabitEthernet0/3", "inside", port), 0);
        cr_assert_eq(world_plug(w, name, "Ethernet1/1", "outside", port), 0);
        world_start(w, name);
        world_run(w, 25); /* gw1 first: it is Active for both */
    }
    world_run(w, 25);
}

static enum role_state state(const char *node, const char *group)
{
    struct router *r = world_router_get(w, node);
    cr_assert_not_null(r, "%s is not there", node);
    return role_get(r, group)->state;
}

static void both_at_gw2_after(const char *ifname)
{
    pair_up(true);
    cr_assert_eq(state("gw1", "ha-in"), ROLE_ACTIVE);
    cr_assert_eq(state("gw1", "ha-out"), ROLE_ACTIVE);
    cr_assert_eq(state("gw2", "ha-in"), ROLE_STANDBY);
    world_link_down(w, "gw1", ifname, true);
    world_run(w, 0.1);
    cr_assert_eq(state("gw2", "ha-in"), ROLE_ACTIVE);
    cr_assert_eq(state("gw2", "ha-out"), ROLE_ACTIVE);
    cr_assert_eq(ha_state_get(world_router_get(w, "gw2")), HA_ACTIVE);
    world_free(w);
}

Test(redundancy_unit, carrier_lost_outside)
{
    both_at_gw2_after("Ethernet1/1");
}

Test(redundancy_unit, carrier_lost_inside)
{
    both_at_gw2_after("GigabitEthernet0/3");
}

/* The paper's asymmetry: the Active of the inside group does not track its outside. Its partner takes the outside group
 * when the hold time is over, and leaves the inside one where it is, because that Active is well. */
Test(redundancy_unit, a_living_active_keeps_its_group)
{
    pair_up(false);
    world_link_down(w, "gw1", "Ethernet1/1", true);
    world_run(w, 15);
    cr_assert_eq(state("gw2", "ha-out"), ROLE_ACTIVE);
    cr_assert_eq(state("gw2", "ha-in"), ROLE_STANDBY);
    cr_assert_eq(state("gw1", "ha-in"), ROLE_ACTIVE);
    world_free(w);
}

/* A kill: the hold time of one group is enough, the other follows. */
Test(redundancy_unit, a_dead_peer_is_dead_for_all_groups)
{
    pair_up(true);
    world_kill(w, "gw1");
    double waited = 0;
    while (state("gw2", "ha-in") != ROLE_ACTIVE && state("gw2", "ha-out") != ROLE_ACTIVE && waited < 12) {
        world_run(w, 0.01);
        waited += 0.01;
    }
    cr_assert_lt(waited, 10.1);
    world_run(w, 0.1);
    cr_assert_eq(state("gw2", "ha-in"), ROLE_ACTIVE);
    cr_assert_eq(state("gw2", "ha-out"), ROLE_ACTIVE);
    world_free(w);
}
