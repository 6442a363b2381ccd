/* Tracking objects as they are typed: interfaces, routes, lists, delays, what they say and whom they tell. */
#include "cli/world.h"
#include "modules/track/track.h"
#include "parser/session.h"
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static struct world *one(const char *cfg)
{
    struct world *w = world_new(1);
    cr_assert_not_null(w);
    world_switch(w, "a");
    world_switch(w, "b");
    world_router(w, "r", cfg);
    world_plug(w, "r", "Ethernet1/1", "a", "r");
    world_plug(w, "r", "Ethernet1/2", "b", "r");
    world_start(w, "r");
    world_run(w, 2);
    return w;
}

static void expect(struct world *w, const char *command, const char *want, bool there)
{
    int status = 0;
    char *s = world_exec(w, "r", command, &status);
    cr_assert_eq(status, 0, "%s: %s", command, s);
    cr_assert_eq(strstr(s, want) != NULL, there, "%s: %s '%s' in\n%s", command, there ? "no" : "unwanted", want, s);
    free(s);
}

static void configure(struct world *w, const char *lines)
{
    cr_assert_eq(world_config(w, "r", lines), 0, "%s", lines);
}

static enum track_state state(struct world *w, unsigned n)
{
    return track_state_get(world_router_get(w, "r"), n);
}

static const char base[] = "hostname r\ninterface Ethernet1/1\n ip address 10.1.0.1 255.255.255.0\n"
                           "interface Ethernet1/2\n ip address 10.2.0.1 255.255.255.0\n standby 4 ip 10.2.0.9\n"
                           " standby 4 track 1 decrement 30\nend\n";

Test(track, interface_line_protocol_and_routing)
{
    struct world *w = one(base);
    cr_assert_eq(state(w, 1), TRACK_UNKNOWN);
    configure(w, "track 1 interface Ethernet1/1 line-protocol\ntrack 2 interface Ethernet1/1 ip routing\n");
    expect(w, "show track 1",
           "Track 1\n  Interface Ethernet1/1 line-protocol\n  Line protocol is Up\n    1 change, last change 00:00:00\n"
           "  Tracked by:\n    HSRP Ethernet1/2 4\n",
           true);
    configure(w, "interface Ethernet1/1\nno ip address\n");
    expect(w, "show track 2", "  IP routing is Down (no IP addr)\n    2 changes, last", true);
    cr_assert_eq(state(w, 1), TRACK_UP);
    expect(w, "show logging", "%TRACKING-5-STATE: 2 interface Et1/1 ip routing Up->Down\n", true);
    expect(w, "show standby", "  Priority 100 (default 100)\n    Track object 1 state Up decrement 30\n", true);
    world_link_down(w, "r", "Ethernet1/1", true);
    world_run(w, 0.1);
    expect(w, "show track 1", "  Line protocol is Down (hw down)\n    2 changes,", true);
    expect(w, "show standby", "  Priority 70 (default 100)\n    Track object 1 state Down decrement 30\n", true);
    configure(w, "interface Ethernet1/1\nshutdown\n");
    expect(w, "show track 1", "  Line protocol is Down (hw admin-down)\n", true);
    expect(w, "show track interface brief",
           "Track   Object                         Parameter        Value Last Change\n"
           "1       interface Ethernet1/1          line-protocol    Down  00:00:00\n",
           true);
    expect(w, "show track | json", "\"tracked_by\":[\"HSRP Ethernet1/2 4\"]", true);
    world_free(w);
}

Test(track, a_route_is_looked_for_exactly)
{
    struct world *w = one(base);
    configure(w, "track 1 ip route 10.9.0.0 255.255.0.0 reachability\ntrack 2 ip route 10.1.0.0/24 reachability\n"
                 "track 3 ip route 0.0.0.0 0.0.0.0 metric threshold\n");
    cr_assert(state(w, 1) == TRACK_DOWN && state(w, 2) == TRACK_UP && state(w, 3) == TRACK_DOWN);
    expect(w, "show track 1",
           "  IP route 10.9.0.0 255.255.0.0 reachability\n  Reachability is Down (no ip route)\n    1 change,", true);
    configure(w, "ip route 0.0.0.0 0.0.0.0 10.1.0.7\nip route 10.9.1.0 255.255.255.0 10.1.0.8\n");
    world_run(w, 2);
    cr_assert(state(w, 1) == TRACK_DOWN && state(w, 3) == TRACK_UP, "another prefix is another route");
    configure(w, "ip route 10.9.0.0 255.255.0.0 10.1.0.8\n");
    world_run(w, 2);
    cr_assert_eq(state(w, 1), TRACK_UP);
    expect(w, "show track 1", "  Reachability is Up (static)\n    2 changes, last change 00:00:0", true);
    expect(w, "show track ip route", "  First-hop interface is Ethernet1/1\n", true);
    expect(w, "show track 2", "  Reachability is Up (connected)\n", true);
    expect(w, "show track | json", "\"reason\":\"connected\",\"first_hop_interface\":\"Ethernet1/1\"", true);
    expect(w, "show logging", "%TRACKING-5-STATE: 1 ip route 10.9.0.0/16 reachability Down->Up\n", true);
    world_link_down(w, "r", "Ethernet1/1", true);
    world_run(w, 0.01);
    cr_assert(state(w, 1) == TRACK_DOWN && state(w, 2) == TRACK_DOWN, "with the interface, at once");
    expect(w, "show track timers", "ip route        1 ", true);
    cr_assert_eq(world_config(w, "r", "track 9 ip route 10.0.0.0 255.0.255.0 reachability\n"), 1);
    cr_assert_eq(world_config(w, "r", "track 1 interface Ethernet1/1 line-protocol\n"), 1);
    world_free(w);
}

Test(track, boolean_lists_and_lists_of_lists)
{
    struct world *w = one(base);
    configure(w, "track 10 list boolean and\nobject 1\nobject 2 not\ntrack 11 list boolean or\nobject 10\nobject 3\n"
                 "track 20 list boolean and\nobject 21\ntrack 21 list boolean or\nobject 20 not\n"); /* a circle */
    cr_assert_eq(state(w, 10), TRACK_DOWN, "what is not there is not up");
    expect(w, "show track 10", "    object 1 Undefined\n    object 2 not Undefined\n", true);
    configure(w, "track 1 interface Ethernet1/1 line-protocol\ntrack 2 interface Ethernet1/9 line-protocol\n");
    cr_assert(state(w, 10) == TRACK_UP && state(w, 11) == TRACK_UP);
    expect(w, "show track 10", "  List boolean and\n  Boolean AND is Up\n", true);
    expect(w, "show track 10", "    object 1 Up\n    object 2 not Down\n", true);
    world_link_down(w, "r", "Ethernet1/1", true);
    world_run(w, 0.01);
    cr_assert(state(w, 10) == TRACK_DOWN && state(w, 11) == TRACK_DOWN);
    configure(w, "track 3 interface Ethernet1/2 line-protocol\n");
    cr_assert_eq(state(w, 11), TRACK_UP);
    configure(w, "no track 3\n");
    cr_assert_eq(state(w, 11), TRACK_DOWN);
    configure(w, "track 11\nno object 3\n");
    expect(w, "show running-config", "track 11 list boolean or\n object 10\n!", true);
    cr_assert_eq(world_config(w, "r", "track 11\nobject 11\n"), 1, "in its own list");
    cr_assert_eq(world_config(w, "r", "track 11\nobject 1 weight 3\n"), 1, "weights are for weights");
    cr_assert_eq(world_config(w, "r", "track 1\nobject 3\n"), 1, "no list");
    world_free(w);
}

Test(track, thresholds)
{
    struct world *w = one(base);
    configure(w,
              "track 1 interface Ethernet1/1 line-protocol\ntrack 2 interface Ethernet1/2 line-protocol\n"
              "track 5 list threshold weight\nobject 1 weight 30\nobject 2 weight 20\nthreshold weight up 40 down 20\n"
              "track 6 list threshold percentage\nobject 1\nobject 2\nobject 99\nthreshold percentage up 60 down 30\n");
    cr_assert(state(w, 5) == TRACK_UP && state(w, 6) == TRACK_UP);
    expect(w, "show track 5",
           "  List threshold weight\n  Threshold weight is Up (50/50)\n    1 change, last change 00:00:00\n"
           "    object 1 Up (30/50)\n    object 2 Up (20/50)\n  Threshold weight down 20 up 40\n",
           false); /* it was down until its objects were in */
    expect(w, "show track 5", "    object 1 Up (30/50)\n    object 2 Up (20/50)\n  Threshold weight down 20 up 40\n",
           true);
    expect(w, "show track 6", "  Threshold percentage is Up (66%)\n", true);
    world_link_down(w, "r", "Ethernet1/2", true);
    world_run(w, 0.01);
    cr_assert(state(w, 5) == TRACK_UP && state(w, 6) == TRACK_UP, "between the thresholds: as before");
    world_link_down(w, "r", "Ethernet1/1", true);
    world_run(w, 0.01);
    cr_assert(state(w, 5) == TRACK_DOWN && state(w, 6) == TRACK_DOWN);
    world_link_down(w, "r", "Ethernet1/1", false);
    world_run(w, 0.01);
    cr_assert(state(w, 5) == TRACK_DOWN && state(w, 6) == TRACK_DOWN, "between the thresholds: as before");
    cr_assert_eq(world_config(w, "r", "track 5\nthreshold weight up 10 down 20\n"), 1);
    cr_assert_eq(world_config(w, "r", "track 5\nthreshold percentage up 10\n"), 1);
    world_free(w);
}

Test(track, delays)
{
    struct world *w = one(base);
    configure(w, "track 1 interface Ethernet1/1 line-protocol\ndelay up 5 down 10\n");
    expect(w, "show running-config", "track 1 interface Ethernet1/1 line-protocol\n delay down 10 up 5\n", true);
    expect(w, "show track 1", "  Delay up 5 secs, down 10 secs\n", true);
    int status;
    free(world_exec(w, "r", "debug track", &status));
    world_link_down(w, "r", "Ethernet1/1", true);
    world_run(w, 4);
    cr_assert_eq(state(w, 1), TRACK_UP);
    expect(w, "show track 1", "  Line protocol is Up (hw down), delayed Down (6 secs remaining)\n", true);
    world_link_down(w, "r", "Ethernet1/1", false);
    world_run(w, 20);
    cr_assert_eq(state(w, 1), TRACK_UP, "it came back in time");
    world_link_down(w, "r", "Ethernet1/1", true);
    world_run(w, 10.1);
    cr_assert_eq(state(w, 1), TRACK_DOWN);
    expect(w, "show logging", "Track: 1 Down change delayed for 10 secs\n", true);
    expect(w, "show logging", "Track: 1 Change #2 interface Et1/1 line-protocol Up->Down\n", true);
    world_link_down(w, "r", "Ethernet1/1", false);
    world_run(w, 4.9);
    cr_assert_eq(state(w, 1), TRACK_DOWN);
    world_run(w, 0.2);
    cr_assert_eq(state(w, 1), TRACK_UP);
    configure(w, "track 1\nno delay\n");
    expect(w, "show running-config", "delay", false);
    expect(w, "show track 1", "Delay", false);
    world_free(w);
}
