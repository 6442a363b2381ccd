/* HSRP's configuration lines through the parser: what is accepted, what show running-config says, `no` forms, and
 * the shows and debugs as they are typed. */
#include "lib_hsrp.h"
#include "parser/session.h"
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct world *two_routers(const char *one, const char *two)
{
    struct world *w = world_new(1);
    cr_assert_not_null(w);
    world_switch(w, "lan");
    const char *name[] = {"gw1", "gw2"}, *extra[] = {one, two};
    for (unsigned i = 0; i < 2; i++) {
        char cfg[2000];
        snprintf(cfg, sizeof cfg, "hostname %s\ninterface Ethernet1/1\n ip address 10.1.11.%u 255.255.0.0\n%s\nend\n",
                 name[i], i + 1, extra[i]);
        world_router(w, name[i], cfg);
        world_plug(w, name[i], "Ethernet1/1", "lan", name[i]);
        world_start(w, name[i]);
    }
    return w;
}

static const char paper[] = " standby delay minimum 30 reload 60\n standby 1 ip 10.1.11.254\n standby 1 timers 1 10\n"
                            " standby 1 preempt\n standby 1 name ha-out\n standby 1 track GigabitEthernet0/3\n";

Test(hsrp_config, the_papers_lines_are_shown_as_typed)
{
    struct world *w = two_routers(paper, paper);
    htyped_expect(w, "gw1", "show running-config", paper, true);
    htyped_expect(w, "gw1", "show standby delay", "Ethernet1/1        30      60     \n", true);
    world_run(w, 100);
    htyped_expect(w, "gw1", "show standby", "  Group name is \"ha-out\" (cfgd)\n", true);
    htyped_expect(w, "gw1", "show standby",
                  "  Priority 90 (default 100)\n    Track interface GigabitEthernet0/3 state Down decrement 10\n",
                  true);
    htyped_expect(w, "gw2", "show standby brief",
                  "Et1/1       1    90  P Active  local           10.1.11.1       10.1.11.254", true);
    htyped_expect(w, "gw1", "show standby neighbors",
                  "HSRP neighbors on Ethernet1/1\n  10.1.11.2\n    Active groups: 1\n", true);
    htyped_expect(w, "gw1", "show standby brief | json", "\"virtual_ip\"", true);
    world_free(w);
}

Test(hsrp_config, every_form_is_a_fixed_point)
{
    static const char all[] =
        " standby delay minimum 0 reload 0\n standby ip 10.1.11.250\n standby ip 10.1.11.251 secondary\n"
        " standby timers msec 50 msec 150\n standby priority 120\n standby preempt delay minimum 5 reload 10 sync 20\n"
        " standby authentication geheim\n standby name null\n standby track GigabitEthernet0/3 20\n standby track 7\n"
        " standby track 8 shutdown\n standby track 9 decrement 30\n standby 5 ip\n standby 5 timers msec 250 1\n";
    struct world *w = two_routers(all, "");
    htyped_expect(w, "gw1", "show running-config", all, true);
    cr_assert_eq(
        world_config(w, "gw1", "interface Ethernet1/1\nstandby 3 authentication text abc\nstandby 0 ip 10.1.11.249\n"),
        0);
    htyped_expect(w, "gw1", "show running-config", " standby ip 10.1.11.249\n", true);
    htyped_expect(w, "gw1", "show running-config", " standby 3 authentication abc\n", true);
    htyped_expect(w, "gw1", "show standby all", "    Secondary virtual IP address 10.1.11.251\n", true);
    htyped_expect(w, "gw1", "show standby all", "    Track object 8 (unknown)\n", true);
    htyped_expect(w, "gw1", "show standby all",
                  "  Preemption enabled, delay min 5 secs, reload 10 secs, sync 20 secs\n", true);
    cr_assert_eq(world_config(w, "gw1", "standby bfd all-interfaces\nno standby sso\n"), 0);
    htyped_expect(w, "gw1", "show running-config", "\nno standby sso\n", true);
    htyped_expect(w, "gw1", "show running-config", "standby bfd", false);
    cr_assert_eq(world_config(w, "gw1", "standby sso\n"), 0);
    cr_assert_eq(
        world_config(w, "gw1",
                     "interface Ethernet1/1\nno standby ip\nno standby ip 10.1.11.251 secondary\nno standby timers\n"
                     "no standby priority\nno standby preempt\nno standby authentication\nno standby name\n"
                     "no standby track GigabitEthernet0/3\nno standby track 7\nno standby track 8\nno standby track 9\n"
                     "no standby 5 timers\nno standby 5 ip\nno standby 3 authentication\nno standby delay\n"),
        0);
    htyped_expect(w, "gw1", "show running-config", "standby", false);
    htyped_expect(w, "gw1", "show standby all", "Group", false);
    world_free(w);
}

Test(hsrp_config, out_of_range_lines_are_rejected)
{
    struct world *w = two_routers("", "");
    static const char *const wrong[] = {"standby 256 ip 10.1.11.9",
                                        "standby 1 priority 256",
                                        "standby 1 timers 0 3",
                                        "standby 1 timers 3 3",
                                        "standby version 3",
                                        "standby 1 timers msec 14 msec 50",
                                        "standby 1 timers msec 50 msec 149",
                                        "standby 1 ip 10.1.11.1",
                                        "standby 1 ip 10.1.0.0",
                                        "standby 1 ip 10.1.255.255",
                                        "standby 1 track 0",
                                        "standby 1 authentication toolongtext",
                                        "standby delay minimum 10001",
                                        "standby 1 authentication md5",
                                        "standby 1 authentication md5 key-string 7 zz",
                                        "standby 1 mac-address 0100.5e00.0001"};
    cr_assert_eq(world_config(w, "gw1", "interface GigabitEthernet0/3\nstandby 7 name taken\n"), 0);
    cr_assert_eq(world_config(w, "gw1", "interface Ethernet1/1\nstandby 1 name taken\n"), 1);
    cr_assert_eq(world_config(w, "gw1", "interface GigabitEthernet0/3\nno standby 7 name\n"), 0);
    for (unsigned i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        char line[128];
        snprintf(line, sizeof line, "interface Ethernet1/1\n%s\n", wrong[i]);
        cr_assert_eq(world_config(w, "gw1", line), 1, "%s was accepted", wrong[i]);
    }
    cr_assert_eq(world_config(w, "gw1", "interface Loopback0\nstandby 1 ip 10.1.11.9\n"), 1);
    cr_assert_eq(world_config(w, "gw1", "interface Null0\nstandby version 2\n"), 1);
    htyped_expect(w, "gw1", "show running-config", "standby", false);
    cr_assert_eq(world_config(w, "gw1", "interface BVI1\nstandby 1 ip 10.1.11.9\n"), 0);
    world_free(w);
}

Test(hsrp_config, debug_flags)
{
    struct world *w = two_routers("", "");
    htyped_expect(w, "gw1", "debug standby errors", "HSRP Errors debugging is on", true);
    htyped_expect(w, "gw1", "show debugging", "HSRP:\n  HSRP Errors debugging is on\n", true);
    htyped_expect(w, "gw1", "debug standby terse", "  HSRP Packets debugging is on\n    (Coup, Resign)\n", true);
    htyped_expect(w, "gw1", "no debug standby", "HSRP debugging is off", true);
    htyped_expect(w, "gw1", "show debugging", "HSRP", false);
    static const char *const turned[] = {"debug standby events track", "debug standby events redundancy",
                                         "debug standby packets coup"};
    for (unsigned i = 0; i < 3; i++)
        htyped_expect(w, "gw1", turned[i], "debugging is on", true);
    htyped_expect(
        w, "gw1", "show debugging",
        "HSRP:\n  HSRP Events debugging is on\n    (redundancy, track)\n  HSRP Packets debugging is on\n    (Coup)\n",
        true);
    htyped_expect(w, "gw1", "debug standby events terse", "debugging is on", true);
    htyped_expect(w, "gw1", "debug standby events icmp", "debugging is on", true);
    htyped_expect(w, "gw1", "show debugging", "    (protocol, neighbor, redundancy, track, arp, interface, icmp)\n",
                  true);
    htyped_expect(w, "gw1", "debug standby packets all", "debugging is on", true);
    htyped_expect(w, "gw1", "show debugging", "  HSRP Packets debugging is on\n", true);
    htyped_expect(w, "gw1", "show debugging", "(Coup", false);
    world_free(w);
}

Test(hsrp_config, track_objects)
{
    struct world *w =
        two_routers(" standby delay minimum 0 reload 0\n standby 1 ip 10.1.11.254\n standby 1 track 1 shutdown\n"
                    "track 1 interface Ethernet1/1 line-protocol\n",
                    "");
    world_run(w, 25);
    htyped_expect(w, "gw1", "show standby brief", "Active", true);
    htyped_expect(w, "gw1", "show track", "Track 1\n  Interface Ethernet1/1 line-protocol\n  Line protocol is Up\n",
                  true);
    cr_assert_eq(world_config(w, "gw1", "track 1 interface GigabitEthernet0/3 line-protocol\n"), 0);
    htyped_expect(w, "gw1", "show standby", "State is Init", true);
    htyped_expect(w, "gw1", "show standby", "    Track object 1 state Down\n", true);
    cr_assert_eq(world_config(w, "gw1", "no track 1\n"), 0);
    htyped_expect(w, "gw1", "show standby", "    Track object 1 (unknown)\n", true);
    htyped_expect(w, "gw1", "show standby", "State is Init", false);
    world_free(w);
}

/* The paper's pair (reference 7.8), gw2 with the track line that its listing lacks. */
static struct world *paper_pair(void)
{
    struct world *w = world_new(7);
    cr_assert_not_null(w);
    world_switch(w, "outside");
    world_switch(w, "inside");
    for (unsigned i = 1; i <= 2; i++) {
        char name[8], cfg[2000];
        snprintf(name, sizeof name, "gw%u", i);
        snprintf(cfg, sizeof cfg,
                 "hostname %s\ninterface GigabitEthernet0/3\n ip address 10.2.1.%u 255.255.255.0\n"
                 " standby delay minimum 30 reload 60\n standby 2 ip 10.2.1.254\n standby 2 timers 1 10\n standby 2 "
                 "preempt\n"
                 " standby 2 name ha-in\n standby 2 track Ethernet1/1\n"
                 "interface Ethernet1/1\n ip address 10.1.11.%u 255.255.0.0\n%send\n",
                 name, i, i, paper);
        world_router(w, name, cfg);
        world_plug(w, name, "Ethernet1/1", "outside", name);
        world_plug(w, name, "GigabitEthernet0/3", "inside", name);
        world_start(w, name);
    }
    world_run(w, 110); /* reload delay 60 s, twice the hold time, the Standby one hold time later */
    return w;
}

static void both_groups(struct world *w, const char *name, const char *state)
{
    char et[40], gi[40];
    snprintf(et, sizeof et, "Et1/1       1    %s", state);
    snprintf(gi, sizeof gi, "Gi0/3       2    %s", state);
    htyped_expect(w, name, "show standby brief", et, true);
    htyped_expect(w, name, "show standby brief", gi, true);
}

Test(hsrp_config, the_papers_pair_moves_together)
{
    struct world *w = paper_pair();
    both_groups(w, "gw2", "100 P Active"); /* simultaneous boot: the higher address */
    both_groups(w, "gw1", "100 P Standby");
    world_link_down(w, "gw2", "Ethernet1/1", true);
    world_run(w, 0.2);
    htyped_expect(w, "gw1", "show standby brief", "Gi0/3       2    100 P Active  local           10.2.1.2", false);
    htyped_expect(w, "gw1", "show standby brief", "Gi0/3       2    100 P Active", true);
    world_run(w, 10);
    both_groups(w, "gw1", "100 P Active");
    htyped_expect(w, "gw2", "show standby Ethernet1/1", "State is Init (interface down)", true);
    world_link_down(w, "gw2", "Ethernet1/1", false);
    world_run(w, 60); /* minimum delay 30 s; equal priority does not pre-empt */
    both_groups(w, "gw1", "100 P Active");
    both_groups(w, "gw2", "100 P Standby");
    world_kill(w, "gw1");
    world_run(w, 10.01);
    both_groups(w, "gw2", "100 P Active");
    world_free(w);
}

Test(hsrp_config, a_reload_hands_over_at_once)
{
    struct world *w = paper_pair();
    free(htyped_run(w, "gw2", "reload"));
    world_run(w, 0.1);
    both_groups(w, "gw1", "100 P Active");
    world_free(w);
}
