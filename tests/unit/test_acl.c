/* Access lists at the prompt and on the wire: the forms in which lines are shown, numbers and remarks, time ranges to
 * the packet, object groups that change under traffic, what is logged. */
#include "cli/world.h"
#include "modules/core/log.h"
#include "modules/net/acl.h"
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *exec_on(struct world *w, const char *name, const char *command)
{
    int status;
    return world_exec(w, name, command, &status);
}

static void expect_shown(struct world *w, const char *command, const char *want, bool there)
{
    char *s = exec_on(w, "r", command);
    cr_expect_eq(strstr(s, want) != NULL, there, "%s: \"%s\" %s:\n%s", command, want, there ? "missing" : "there", s);
    free(s);
}

/* A line is refused, and nothing has changed; or it is taken. */
static void expect_taken(struct world *w, const char *line, bool taken)
{
    char *before = exec_on(w, "r", "show running-config | begin ^version");
    cr_expect_eq(world_config(w, "r", line), taken ? 0 : 1, "%s", line);
    char *after = exec_on(w, "r", "show running-config | begin ^version");
    cr_expect(taken || !strcmp(after, before), "%s", line);
    free(before);
    free(after);
}

static struct world *one(const char *startup)
{
    struct world *w = world_new(3);
    cr_assert_eq(world_router(w, "r", startup), 0);
    world_start(w, "r");
    world_run(w, 1);
    return w;
}

/* ---- how lines are shown ---- */

Test(acl, lines_are_shown_as_ios_shows_them)
{
    static const struct {
        const char *typed, *shown;
    } lines[] = {
        {"permit tcp any any eq 80", "permit tcp any any eq www"},
        {"permit 6 any any", "permit tcp any any"},
        {"permit tcp any range 20 21 any gt 1023", "permit tcp any range ftp-data ftp any gt 1023"},
        {"permit tcp any any range 21 20", "permit tcp any any range ftp-data ftp"},
        {"permit udp any eq bootpc any eq 67", "permit udp any eq bootpc any eq bootps"},
        {"permit udp any any eq 514", "permit udp any any eq syslog"},
        {"permit tcp any any eq 514", "permit tcp any any eq cmd"},
        {"permit tcp any any eq 23", "permit tcp any any eq telnet"},
        {"permit tcp any any neq tel", "permit tcp any any neq telnet"},
        {"permit 50 10.1.1.1 0.0.0.0 0.0.0.0 255.255.255.255", "permit esp host 10.1.1.1 any"},
        {"permit 77 any any", "permit 77 any any"},
        {"deny ip 10.1.2.3 0.0.0.255 any", "deny   ip 10.1.2.0 0.0.0.255 any"},
        {"permit icmp any any 8", "permit icmp any any echo"},
        {"permit icmp any any 3 13", "permit icmp any any administratively-prohibited"},
        {"permit icmp any any 3 77", "permit icmp any any 3 77"},
        {"permit icmp any any host-unknown", "permit icmp any any host-unknown"},
        {"permit ip any any dscp 46", "permit ip any any dscp ef"},
        {"permit ip any any precedence 5", "permit ip any any precedence critical"},
        {"permit ip any any tos 8", "permit ip any any tos min-delay"},
        {"permit ip any any dscp 1 log", "permit ip any any dscp 1 log"},
        {"deny tcp any any fragments", "deny   tcp any any fragments"},
        {"deny udp any any log fragments", "deny   udp any any fragments log"},
        {"deny icmp any any time-range t fragments log-input", "deny   icmp any any fragments log-input time-range t"},
        {"permit tcp any any established time-range t log", "permit tcp any any established log time-range t"},
        {"permit object-group s object-group a any", "permit object-group s object-group a any"},
        {"permit tcp object-group a eq 80 host 1.1.1.1 eq 443", "permit tcp object-group a eq www host 1.1.1.1 eq 443"},
    };
    struct world *w = one("");
    for (unsigned i = 0; i < sizeof lines / sizeof *lines; i++) {
        char text[256];
        snprintf(text, sizeof text, "ip access-list extended x\n %s\n", lines[i].typed);
        cr_expect_eq(world_config(w, "r", text), 0, "%s", text);
        snprintf(text, sizeof text, "extended x\n %s\n!", lines[i].shown);
        expect_shown(w, "show running-config", text, true);
        snprintf(text, sizeof text, "ip access-list extended x\n no %s\n", lines[i].typed);
        cr_expect_eq(world_config(w, "r", text), 0, "%s", text);
        expect_shown(w, "show ip access-lists x", "10 ", false);
    }
    world_free(w);
}

Test(acl, a_standard_list_shows_hosts_by_their_address)
{
    struct world *w =
        one("access-list 10 permit host 10.1.1.1\naccess-list 10 permit 10.2.2.2 0.0.0.0\n"
            "access-list 10 permit 10.3.3.3 0.0.255.255 log\naccess-list 10 deny 0.0.0.0 255.255.255.255\n");
    expect_shown(w, "show running-config",
                 "\naccess-list 10 permit 10.1.1.1\naccess-list 10 permit 10.2.2.2\n"
                 "access-list 10 permit 10.3.0.0 0.0.255.255 log\naccess-list 10 deny   any\n!",
                 true);
    expect_shown(w, "show access-lists 10",
                 "Standard IP access list 10\n    10 permit 10.1.1.1\n    20 permit 10.2.2.2\n"
                 "    30 permit 10.3.0.0, wildcard bits 0.0.255.255 log\n    40 deny   any\n",
                 true);
    /* a host behind what covers it would never be reached */
    expect_taken(w, "access-list 10 permit 10.3.9.9", false);
    expect_taken(w, "access-list 10 permit 10.1.1.1", true); /* the same again changes nothing */
    expect_taken(w, "ip access-list standard 10\n 5 permit host 10.3.9.9\n", true);
    expect_shown(w, "show access-lists 10", "    5 permit 10.3.9.9\n    10 permit 10.1.1.1\n", true);
    world_free(w);
}

/* ---- numbered lists, numbers, remarks ---- */

Test(acl, a_numbered_list_is_one_list_however_it_is_typed)
{
    struct world *w = one("ip access-list extended 101\n remark first\n permit tcp any any eq www\n deny ip any any\n"
                          "access-list 101 remark last\naccess-list 9 permit any\naccess-list 100 permit ip any any\n"
                          "ip access-list extended 7\nip access-list extended named\n permit ip any any\n");
    expect_shown(w, "show running-config",
                 "ip access-list extended named\n permit ip any any\n!\naccess-list 9 permit any\n"
                 "access-list 100 permit ip any any\naccess-list 101 remark first\n"
                 "access-list 101 permit tcp any any eq www\naccess-list 101 deny   ip any any\n"
                 "access-list 101 remark last\n!",
                 true);
    cr_expect_eq(world_config(w, "r", "ip access-list extended 101\n 15 permit udp any any\n no 10\n"), 0);
    expect_shown(w, "show access-lists 101", "101\n    15 permit udp any any\n    20 deny ip any any\n", true);
    expect_shown(w, "show running-config | section access-list",
                 "access-list 101 remark first\naccess-list 101 permit udp any any\n", true);
    cr_expect_eq(world_config(w, "r", "no access-list 101 permit udp any any\n"), 0); /* IOS: all of it */
    expect_shown(w, "show running-config", "101", false);
    cr_expect_eq(world_config(w, "r", "no ip access-list extended 100\nno access-list 9\n"), 0);
    expect_shown(w, "show access-lists", "0", true);
    expect_shown(w, "show running-config", "access-list 9", false);
    cr_expect_eq(world_config(w, "r", "access-list 120 permit tcp any any eq nosuchport\n"), 1);
    expect_shown(w, "show access-lists", "120", false); /* what is refused makes no list */
    world_free(w);
}

Test(acl, numbers_and_remarks)
{
    struct world *w = one("ip access-list extended x\n remark web\n permit tcp any any eq www\n remark the rest\n"
                          " remark of it\n deny ip any any log\n");
    /* a remark has the number of the line behind it */
    expect_shown(w, "show ip access-lists x",
                 "Extended IP access list x\n    10 permit tcp any any eq www\n    20 deny ip any any log\n", true);
    expect_taken(w, "ip access-list extended x\n 10 permit udp any any\n", false);
    expect_taken(w, "ip access-list extended x\n 15 permit tcp any any eq 80\n", true); /* it is there: no change */
    cr_expect_eq(world_config(w, "r", "ip access-list extended x\n 20 remark and this\n 15 permit esp any any\n"), 0);
    cr_expect_eq(world_config(w, "r", "ip access-list resequence x 100 5\n"), 0);
    expect_shown(w, "show ip access-lists x",
                 "    100 permit tcp any any eq www\n    105 permit esp any any\n    110 deny ip any any log\n", true);
    expect_shown(
        w, "show running-config",
        "extended x\n remark web\n permit tcp any any eq www\n permit esp any any\n remark the rest\n remark of "
        "it\n remark and this\n deny   ip any any log\n!",
        true);
    cr_expect_eq(world_config(w, "r",
                              "ip access-list extended x\n no 105\n no remark of it\n 110 remark again\n"
                              " permit gre any any\n no 777\n"),
                 1);
    expect_shown(
        w, "show running-config",
        "eq www\n remark the rest\n remark and this\n remark again\n deny   ip any any log\n permit gre any any\n!",
        true);
    expect_shown(w, "show ip access-lists x", "    110 deny ip any any log\n    120 permit gre any any\n", true);
    cr_expect_eq(world_config(w, "r", "ip access-list resequence x 2147483640 5\nip access-list resequence y 1 1\n"),
                 2);
    world_free(w);
}

Test(acl, reflexive_lists_are_refused_with_a_reason)
{
    struct world *w = one("ip access-list extended x\n");
    expect_taken(w, "ip access-list extended x\n permit tcp any any reflect r timeout 10\n", false);
    expect_taken(w, "ip access-list extended x\n evaluate r\n", false);
    world_free(w);
}

/* ---- on the wire ---- */

struct lab {
    struct world *w;
    nstime first, last; /* echo requests that came through */
    unsigned n;
};

static void see(void *arg, const char *sw, nstime at, const uint8_t *frame, size_t len)
{
    struct lab *l = arg;
    if (strcmp(sw, "right") != 0 || len < 42 || frame[12] != 8 || frame[13] || frame[23] != 1 || frame[34] != 8)
        return;
    l->n++;
    l->last = at;
    if (l->first < 0)
        l->first = at;
}

static void lab_open(struct lab *l, const char *config)
{
    char text[2048];
    snprintf(text, sizeof text,
             "interface Ethernet0/0\n ip address 10.0.0.1 255.255.255.0\n ip access-group in in\n"
             "interface Ethernet0/1\n ip address 10.0.1.1 255.255.255.0\n%s",
             config);
    *l = (struct lab){.w = world_new(5), .first = -1};
    cr_assert_eq(world_switch(l->w, "left"), 0);
    cr_assert_eq(world_switch(l->w, "right"), 0);
    cr_assert_eq(world_router(l->w, "r", text), 0);
    cr_assert_eq(world_plug(l->w, "r", "Ethernet0/0", "left", "1"), 0);
    cr_assert_eq(world_plug(l->w, "r", "Ethernet0/1", "right", "1"), 0);
    cr_assert_eq(world_host(l->w, "a", "left", "2", "10.0.0.9/24", "10.0.0.1"), 0);
    cr_assert_eq(world_host(l->w, "b", "right", "2", "10.0.1.9/24", "10.0.1.1"), 0);
    world_sniff(l->w, see, l);
    world_start(l->w, "r");
    world_run(l->w, 2);
}

/* n pings, ten milliseconds apart: what came through, with first and last. */
static unsigned pings(struct lab *l, unsigned n)
{
    char command[64];
    l->n = 0;
    l->first = l->last = -1;
    snprintf(command, sizeof command, "ping -c %u -i 0.01 10.0.1.9", n);
    free(exec_on(l->w, "a", command));
    return l->n;
}

static void run_to(struct lab *l, double seconds)
{
    world_run_ns(l->w, (nstime)(seconds * NS_PER_S) - world_now(l->w));
}

/* Simulated labs begin at 0:00 UTC on Thursday, 1 January 2026. */
Test(time_range, holds_to_the_packet)
{
    struct lab l;
    lab_open(&l, "time-range t\n periodic weekdays 0:02 to 0:03\nip access-list extended in\n"
                 " permit icmp any any time-range t\n");
    free(exec_on(l.w, "a", "ping -c 3 10.0.0.1")); /* addresses are resolved */
    run_to(&l, 119.5);
    cr_expect_eq(pings(&l, 100), 50);
    cr_expect(l.first >= 120 * NS_PER_S && l.first < 120 * NS_PER_S + 10 * NS_PER_MS, "%lld", (long long)l.first);
    expect_shown(l.w, "show access-lists in", "10 permit icmp any any time-range t (active) (50 matches)", true);
    expect_shown(l.w, "show time-range",
                 "time-range entry: t (active)\n   periodic weekdays 0:02 to 0:03\n   used in: IP ACL entry\n", true);
    run_to(&l, 179.5);
    cr_expect_eq(pings(&l, 100), 50);
    cr_expect(l.last < 180 * NS_PER_S && l.last >= 180 * NS_PER_S - 10 * NS_PER_MS, "%lld", (long long)l.last);
    expect_shown(l.w, "show access-lists in", "time-range t (inactive)", true);
    world_config(
        l.w, "r",
        "clock timezone EAST 0 -1\nclock timezone WEST -1\ntime-range t\n periodic Wednesday 23:00 to 23:59\n");
    cr_expect_eq(pings(&l, 5), 5); /* in the west it is still Wednesday, half past eleven */
    run_to(&l, 3599.5);
    cr_expect_eq(pings(&l, 100), 50); /* 23:59 is the last minute, whole */
    world_config(l.w, "r",
                 "no clock timezone\ntime-range t\n no periodic Wednesday 23:00 to 23:59\n no periodic weekdays 00:02 "
                 "to 00:03\n");
    cr_expect_eq(pings(&l, 5), 5); /* nothing said: always */
    world_config(l.w, "r", "time-range t\n absolute end 1:01 1 January 2026\n");
    run_to(&l, 3659.5);
    cr_expect_eq(pings(&l, 100), 50);
    world_config(l.w, "r", "no time-range t\n");
    cr_expect_eq(pings(&l, 5), 5); /* nobody has defined it: the line counts (IOS) */
    expect_shown(l.w, "show time-range", "t", false);
    world_free(l.w);
}

Test(time_range, days_and_dates)
{
    struct world *w = one("time-range t\n periodic Monday 8:00 to Friday 20:00\n");
    static const struct {
        const char *lines;
        bool active;
    } cases[] = {/* Thursday, 0:00 */
                 {" periodic Monday 08:00 to Friday 20:00\n", true},
                 {" periodic Friday 8:00 to Thursday 0:00\n", false},
                 {" periodic Friday 8:00 to Thursday 0:01\n", true},
                 {" periodic weekend 0:00 to 23:59\n", false},
                 {" periodic Thursday Sunday 0:00 to 0:01\n", true},
                 {" periodic daily 22:00 to 6:00\n", true}, /* over midnight */
                 {" periodic Wednesday 22:00 to 6:00\n", true},
                 {" periodic Thursday 22:00 to 6:00\n", false},
                 {" absolute start 0:00 1 January 2026\n", true},
                 {" absolute start 0:01 1 January 2026\n", false},
                 {" absolute end 0:00 1 January 2026\n", false},
                 {" absolute start 12:00 31 December 2025 end 23:59 31 December 2025\n", false},
                 {" absolute start 0:00 1 January 2026\n periodic weekend 0:00 to 23:59\n", false},
                 {" periodic weekend 0:00 to 23:59\n periodic weekdays 0:00 to 8:00\n", true}};
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[256];
        snprintf(text, sizeof text, "no time-range t\ntime-range t\n%s", cases[i].lines);
        cr_expect_eq(world_config(w, "r", text), 0, "%s", text);
        expect_shown(w, "show time-range t", cases[i].active ? "t (active)" : "t (inactive)", true);
    }
    static const char *const bad[] = {" periodic daily 24:00 to 5:00\n",
                                      " periodic daily 8 to 9:00\n",
                                      " periodic Monday Tuesday 8:00 to Friday 9:00\n",
                                      " absolute start 8:00 30 February 2026\n",
                                      " absolute start 8:00 2 March 2026 end 8:00 2 March 2026\n",
                                      " absolute\n",
                                      " periodic daily 8:00 to 9:60\n"};
    for (unsigned i = 0; i < sizeof bad / sizeof *bad; i++) {
        char text[256];
        snprintf(text, sizeof text, "time-range t\n%s", bad[i]);
        cr_expect_eq(world_config(w, "r", text), 1, "%s", text);
    }
    cr_expect_eq(
        world_config(
            w, "r",
            "time-range u\n absolute start 8:00 1 May 2026 end 09:05 3 May 2026\n periodic daily 08:00 to 09:30\n"),
        0);
    expect_shown(
        w, "show running-config",
        "time-range u\n absolute start 08:00 01 May 2026 end 09:05 03 May 2026\n periodic daily 8:00 to 9:30\n!", true);
    world_free(w);
}

Test(object_group, changes_hold_at_once)
{
    struct lab l;
    lab_open(&l, "object-group network from\n host 10.0.0.9\nobject-group service what\n icmp echo\n"
                 "ip access-list extended in\n permit object-group what object-group from object-group to\n");
    cr_expect_eq(pings(&l, 3), 0); /* `to` is not defined */
    world_config(
        l.w, "r",
        "object-group network to\n group-object deeper\nobject-group network deeper\n 10.0.1.0 255.255.255.0\n");
    cr_expect_eq(pings(&l, 5), 5);
    expect_shown(l.w, "show access-lists", "10 permit object-group what object-group from object-group to (5 matches)",
                 true);
    static const char *const off_and_on[][2] = {
        {"object-group network deeper\n no 10.0.1.0 255.255.255.0\n",
         "object-group network deeper\n range 10.0.1.4 10.0.1.9\n"},
        {"object-group service what\n no icmp echo\n", "object-group service what\n icmp\n"},
        {"object-group network from\n no host 10.0.0.9\n host 10.0.0.8\n", "object-group network from\n any\n"},
        {"object-group network to\n no group-object deeper\n", "object-group network to\n group-object deeper\n"}};
    for (unsigned i = 0; i < 4; i++) {
        cr_expect_eq(world_config(l.w, "r", off_and_on[i][0]), 0);
        cr_expect_eq(pings(&l, 3), 0, "%s", off_and_on[i][0]);
        cr_expect_eq(world_config(l.w, "r", off_and_on[i][1]), 0);
        cr_expect_eq(pings(&l, 3), 3, "%s", off_and_on[i][1]);
    }
    cr_expect_eq(
        world_config(l.w, "r",
                     "no object-group network to\nno object-group network deeper\nno object-group service what\n"),
        3);
    expect_shown(l.w, "show running-config", "object-group network deeper\n range 10.0.1.4 10.0.1.9\n!", true);
    cr_expect_eq(
        world_config(l.w, "r",
                     "object-group network deeper\n group-object to\nobject-group network to\n group-object to\n"),
        2); /* loops */
    cr_expect_eq(world_config(l.w, "r",
                              "ip access-list extended in\n no 10\n permit ip any any\nno object-group network to\n"
                              "no object-group network deeper\nno object-group service what\n"),
                 0);
    cr_expect_eq(pings(&l, 3), 3);
    expect_shown(l.w, "show running-config", "object-group network deeper", false);
    world_free(l.w);
}

static enum acl_verdict judge(struct world *w, uint8_t proto, const char *src, uint16_t sport, uint16_t dport,
                              bool fragment)
{
    struct acl_flow flow = {
        .dst = addr_v4(0x0a000002), .proto = proto, .sport = sport, .dport = dport, .fragment = fragment};
    addr_parse(src, &flow.src);
    if (proto == 1)
        flow.icmp_type = (uint8_t)sport, flow.icmp_code = (uint8_t)dport;
    return acl_match(world_router_get(w, "r"), "x", &flow, false, NULL);
}

/* Forty floors of two groups, each of which has both of the floor below: a million million ways down. */
Test(object_group, many_ways_to_one_group, .timeout = 20)
{
    struct world *w = one("object-group network a0\n host 10.9.9.9\nobject-group network b0\n host 10.9.9.8\n"
                          "object-group network other\n host 10.9.9.7\n"
                          "ip access-list extended x\n permit ip object-group a40 any\n");
    for (unsigned i = 1; i <= 40; i++)
        for (char which = 'a'; which <= 'b'; which++) {
            char text[200];
            snprintf(text, sizeof text, "object-group network %c%u\n group-object a%u\n group-object b%u\n", which, i,
                     i - 1, i - 1);
            cr_assert_eq(world_config(w, "r", text), 0);
        }
    cr_expect_eq(judge(w, 6, "10.9.9.8", 1, 2, false), ACL_PERMIT);
    cr_expect_eq(judge(w, 6, "10.9.9.7", 1, 2, false), ACL_NO_MATCH);
    cr_expect_neq(world_config(w, "r", "object-group network a0\n group-object b40\n"), 0, "a loop");
    cr_expect_eq(world_config(w, "r", "object-group network a0\n group-object other\n"), 0);
    cr_expect_eq(judge(w, 6, "10.9.9.7", 1, 2, false), ACL_PERMIT);
    world_free(w);
}

Test(object_group, members)
{
    struct world *w = one(
        "object-group network n\n host 10.0.0.1\n 10.2.0.0 255.255.0.0\n range 10.2.255.0 10.3.0.9\n group-object m\n"
        "object-group network m\n host 0.0.0.0\n host 255.255.255.255\n"
        "object-group service s\n tcp eq www\n tcp source eq 20 gt 1023\n tcp-udp 53\n udp range 500 510\n icmp echo\n "
        "icmp 3\n 50\n group-object t\n"
        "object-group service t\n udp source lt 10\n"
        "ip access-list extended x\n permit object-group s object-group n any\n");
    static const struct {
        const char *src;
        bool in;
    } addresses[] = {{"10.0.0.1", true},   {"10.0.0.2", false},       {"10.0.0.0", false},
                     {"10.2.0.0", true},   {"10.2.255.255", true},    {"10.3.0.9", true},
                     {"10.3.0.10", false}, {"10.1.255.255", false},   {"0.0.0.0", true},
                     {"0.0.0.1", false},   {"255.255.255.255", true}, {"255.255.255.254", false}};
    for (unsigned i = 0; i < sizeof addresses / sizeof *addresses; i++)
        cr_expect_eq(judge(w, 6, addresses[i].src, 1, 80, false) == ACL_PERMIT, addresses[i].in, "%s",
                     addresses[i].src);
    static const struct {
        uint8_t proto;
        uint16_t sport, dport;
        bool in;
    } services[] = {{6, 1, 80, true},     {6, 80, 1, false},    {17, 10, 80, false}, {6, 20, 1024, true},
                    {6, 20, 1023, false}, {6, 1, 53, true},     {17, 99, 53, true},  {17, 99, 500, true},
                    {17, 99, 510, true},  {17, 99, 511, false}, {1, 8, 0, true},     {1, 0, 0, false},
                    {1, 3, 1, true},      {50, 0, 0, true},     {51, 0, 0, false},   {17, 9, 999, true},
                    {17, 10, 999, false}, {6, 9, 999, false}};
    for (unsigned i = 0; i < sizeof services / sizeof *services; i++)
        cr_expect_eq(judge(w, services[i].proto, "10.0.0.1", services[i].sport, services[i].dport, false) == ACL_PERMIT,
                     services[i].in, "%u %u %u", services[i].proto, services[i].sport, services[i].dport);
    cr_expect_eq(judge(w, 6, "10.0.0.1", 0, 0, true),
                 ACL_PERMIT); /* the rest of a packet whose first fragment may pass */
    cr_expect_eq(judge(w, 51, "10.0.0.1", 0, 0, true), ACL_NO_MATCH);
    expect_shown(w, "show running-config",
                 "object-group service s\n tcp eq www\n tcp source eq ftp-data gt 1023\n tcp-udp eq domain\n udp range "
                 "isakmp 510\n icmp echo\n icmp unreachable\n esp\n group-object t\n!",
                 true);
    cr_expect_eq(
        world_config(
            w, "r",
            "object-group network n\n 10.0.0.0 255.0.255.0\n range 10.0.0.9 10.0.0.1\nobject-group service n\n"),
        3);
    world_free(w);
}

Test(object_group, crypto_maps_take_none)
{
    struct world *w =
        one("object-group network n\n host 10.0.0.1\nip access-list extended og\n permit ip object-group n any\n"
            "ip access-list extended plain\n permit ip host 10.0.0.1 any\ncrypto map m 10 ipsec-isakmp\n match address "
            "plain\n");
    expect_taken(w, "crypto map m 10 ipsec-isakmp\n match address og\n", false);
    expect_taken(w, "ip access-list extended plain\n permit ip object-group n any\n", false);
    cr_expect_eq(world_config(w, "r", "ip access-list extended plain\n permit ip host 10.0.0.3 any\n"), 0);
    world_free(w);
}

/* ---- what is logged ---- */

struct heard {
    unsigned n;
    char text[64][200];
};

static void hear(void *arg, const struct event *e)
{
    struct heard *h = arg;
    if (e->kind == EVENT_SYSLOG && !strcmp(e->facility, "SEC") && h->n < 64)
        snprintf(h->text[h->n++], sizeof *h->text, "%s: %s", e->mnemonic, e->text);
}

Test(acl_log, first_packet_and_every_five_minutes)
{
    struct lab l;
    struct heard h = {0};
    lab_open(&l, "ip access-list extended in\n permit icmp any any echo log-input\n deny ip any any log\n");
    log_subscribe(world_router_get(l.w, "r"), hear, &h);
    cr_expect_eq(pings(&l, 7), 7);
    cr_assert_eq(h.n, 1);
    cr_expect(strstr(h.text[0], "IPACCESSLOGDP: list in permitted icmp 10.0.0.9 (Ethernet0/0 "), "%s", h.text[0]);
    cr_expect(strstr(h.text[0], ") -> 10.0.1.9 (8/0), 1 packet"), "%s", h.text[0]);
    world_run(l.w, 310);
    cr_assert_eq(h.n, 2);
    cr_expect(strstr(h.text[1], "(8/0), 6 packets"), "%s", h.text[1]);
    world_run(l.w, 900);
    cr_expect_eq(h.n, 2); /* nothing more came */
    pings(&l, 1);
    cr_expect_eq(h.n, 3);
    world_config(l.w, "r", "ip access-list log-update threshold 4\n");
    pings(&l, 9);
    cr_assert_eq(h.n, 5);
    cr_expect(strstr(h.text[4], "(8/0), 4 packets"), "%s", h.text[4]);
    world_free(l.w);
}

Test(acl_log, a_flood_is_counted)
{
    struct world *w = one("ip access-list extended x\n deny ip any any log\n");
    struct router *r = world_router_get(w, "r");
    struct heard h = {0};
    const struct acl_rule *rule;
    log_subscribe(r, hear, &h);
    for (unsigned i = 0; i < 100; i++) {
        struct acl_flow flow = {
            .src = addr_v4(0x0a000000 + i), .dst = addr_v4(1), .proto = i & 1 ? 6 : 50, .sport = 7, .dport = 9};
        acl_match(r, "x", &flow, true, &rule);
        acl_log_hit(r, "x", rule, &flow);
    }
    cr_assert_eq(h.n, 10);
    cr_expect_str_eq(h.text[0], "IPACCESSLOGNP: list x denied 50 10.0.0.0 -> 0.0.0.1, 1 packet");
    cr_expect_str_eq(h.text[1], "IPACCESSLOGP: list x denied tcp 10.0.0.1(7) -> 0.0.0.1(9), 1 packet");
    world_run(w, 301);
    cr_assert_eq(h.n, 11);
    cr_expect_str_eq(h.text[10], "IPACCESSLOGRL: access-list logging rate-limited or missed 90 packets");
    world_free(w);
}

/* ---- show and clear ---- */

Test(acl, lists_of_an_interface)
{
    struct lab l;
    lab_open(&l, "interface Ethernet0/0\n ip access-group 5 out\nip access-list extended in\n permit ip any "
                 "any\naccess-list 5 permit any\n");
    pings(&l, 4);
    expect_shown(l.w, "show ip access-lists interface Ethernet0/0",
                 "Extended IP access list in in\n    10 permit ip any any (4 matches)\nStandard IP access list 5 out\n "
                 "   10 permit any (4 matches)\n",
                 true);
    expect_shown(l.w, "show ip access-lists interface Ethernet0/0 out", "list in", false);
    expect_shown(l.w, "show ip access-lists interface Ethernet0/1", "list", false);
    free(exec_on(l.w, "r", "clear ip access-list counters 5"));
    expect_shown(l.w, "show ip access-lists",
                 "Standard IP access list 5\n    10 permit any\nExtended IP access list in\n    10 permit ip any any "
                 "(4 matches)\n",
                 true);
    world_config(l.w, "r", "interface Ethernet0/0\n ip access-group nosuch in\n");
    cr_expect_eq(pings(&l, 3), 3); /* a list that is not there permits everything */
    world_config(l.w, "r", "ip access-list extended nosuch\n");
    cr_expect_eq(pings(&l, 3), 3); /* and so does an empty one */
    world_config(l.w, "r", "ip access-list extended nosuch\n permit tcp any any\n");
    cr_expect_eq(pings(&l, 3), 0);
    world_free(l.w);
}
