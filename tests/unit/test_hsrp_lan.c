/* What the LAN and the operator see beside the election: proxy ARP by the Active router, neighbours that fall silent,
 * addresses claimed twice, counters, and lines that are taken away in part. */
#include "lib_hsrp.h"
#include "modules/net/ip.h"
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define IF "interface Ethernet1/1\n"
#define ET "Ethernet1/1"

/* Both with group 1, which is settled when it returns. */
static struct world *pair(const char *one, const char *two)
{
    char all[2][2000];
    snprintf(all[0], sizeof all[0], " standby 1 ip 10.1.0.254\n%s", one);
    snprintf(all[1], sizeof all[1], " standby 1 ip 10.1.0.254\n%s", two);
    struct world *w = htyped_pair(all[0], all[1]);
    world_run(w, 40);
    return w;
}

/* ARP replies for 10.9.0.1: how many, and the last one's MACs. */
struct answers {
    unsigned n;
    char arp[MAC_STRLEN], ether[MAC_STRLEN];
};

static void see_answer(void *arg, const char *sw, nstime at, const uint8_t *f, size_t len)
{
    static const uint8_t target[4] = {10, 9, 0, 1};
    struct answers *seen = arg;
    struct mac m;
    (void)sw;
    (void)at;
    if (len < 42 || f[12] != 8 || f[13] != 6 || f[21] != 2 || memcmp(f + 28, target, 4) != 0)
        return;
    seen->n++;
    memcpy(m.b, f + 22, 6);
    mac_format(&m, seen->arp);
    memcpy(m.b, f + 6, 6);
    mac_format(&m, seen->ether);
}

static bool asks(struct world *w, const char *host, struct answers *seen)
{
    int status = 1;
    *seen = (struct answers){0};
    free(world_exec(w, host, "ping -c 2 -i 1 10.9.0.1", &status));
    return seen->n > 0 && status == 0;
}

Test(hsrp_lan, proxy_arp_is_the_active_routers_with_its_virtual_mac)
{
    static const char loopback[] = "interface Loopback0\n ip address 10.9.0.1 255.255.0.0\n";
    char one[200];
    snprintf(one, sizeof one, " standby 1 priority 120\n standby 1 preempt\n%s", loopback);
    struct world *w = pair(one, loopback);
    struct answers seen;
    world_sniff(w, see_answer, &seen);
    static const char *const hosts[] = {"h1", "h2", "h3", "h4"}; /* with a mask of 8 they ask for what is far off */
    static const char *const addresses[] = {"10.1.0.71/8", "10.1.0.72/8", "10.1.0.73/8", "10.1.0.74/8"};
    for (unsigned i = 0; i < 4; i++)
        world_host(w, hosts[i], "lan", hosts[i], addresses[i], NULL);
    cr_assert(asks(w, "h1", &seen));
    cr_assert_eq(seen.n, 1, "the standby router keeps still");
    cr_assert_str_eq(seen.arp, "0000.0c07.ac01");
    cr_assert_str_eq(seen.ether, "0000.0c07.ac01");
    htyped_expect(w, "r1", "show ip traffic", "replies (1 proxy)", true);
    htyped_expect(w, "r2", "show ip traffic", "replies (0 proxy)", true);
    htyped_expect(w, "r1", "show ip interface " ET, "  Proxy ARP is enabled\n", true);
    htyped_configure(w, "r1", IF "shutdown\n");
    world_run(w, 1);
    cr_assert(asks(w, "h2", &seen));
    cr_assert_eq(seen.n, 1);
    cr_assert_str_eq(seen.arp, "0000.0c07.ac01", "now r2");
    htyped_configure(w, "r2", IF "no ip proxy-arp\n");
    cr_assert(!asks(w, "h3", &seen));
    htyped_expect(w, "r2", "show ip interface " ET, "  Proxy ARP is disabled\n", true);
    htyped_expect(w, "r2", "show running-config", " no ip proxy-arp\n", true);
    htyped_configure(w, "r2", IF "ip proxy-arp\nno standby 1 ip\n");
    cr_assert(asks(w, "h4", &seen));
    char mac[MAC_STRLEN];
    mac_format(&netif_find(world_router_get(w, "r2"), ET)->mac, mac);
    cr_assert_str_eq(seen.arp, mac, "without HSRP its own");
    world_free(w);
}

Test(hsrp_lan, a_silent_neighbour_has_no_groups)
{
    struct world *w = pair(" standby 1 priority 120\n", "");
    htyped_expect(w, "r1", "show standby neighbors", "  10.1.0.2\n    No active groups\n    Standby groups: 1\n", true);
    htyped_expect(w, "r2", "show standby neighbors", "  10.1.0.1\n    Active groups: 1\n    No standby groups\n", true);
    htyped_expect(w, "r1", "show standby", "  State is Active\n    2 state changes, last state change 00:00:20\n",
                  true);
    htyped_expect(w, "r2", "show standby", "  State is Standby\n    1 state change, last state change 00:00:", true);
    free(htyped_run(w, "r2", "debug standby events neighbor"));
    world_kill(w, "r1");
    world_run(w, 12);
    htyped_expect(w, "r2", "show standby neighbors", "  10.1.0.1\n    No active groups\n    No standby groups\n", true);
    htyped_expect(w, "r2", "show logging", "HSRP: Et1/1 Nbr 10.1.0.1 no longer active for group 1 (Standby)\n", true);
    htyped_expect(w, "r2", "show logging", "HSRP: Et1/1 Nbr 10.1.0.1 Was active or standby - start passive holddown\n",
                  true);
    world_run(w, 180);
    htyped_expect(w, "r2", "show standby neighbors", "10.1.0.1", false);
    htyped_configure(w, "r2", IF "standby 2 priority 90\n");
    htyped_expect(w, "r2", "show standby", "Group 2", false);
    htyped_expect(w, "r2", "show standby all", "Group 2\n  State is Disabled\n  Virtual IP address is unknown\n", true);
    htyped_configure(w, "r2", IF "shutdown\n");
    htyped_expect(w, "r2", "show standby | json", "\"state\":\"Init\",\"init_reason\":\"interface down\"", true);
    htyped_expect(w, "r2", "show standby | json", "\"active_virtual_mac\":\"unknown\"", true);
    world_free(w);
}

static void plain(struct hlab_node *n)
{
    hlab_delay(n, ET, 0, 0);
    hlab_ip(n, ET, 1, "10.1.0.254");
}

Test(hsrp_lan, an_address_claimed_with_our_virtual_mac)
{
    struct hlab l;
    hlab_init(&l);
    hlab_start(&l, 0, false, plain);
    hlab_run(&l, 30);
    uint8_t arp[42] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0,  0xc, 7, 0xac, 1, 8, 6, 0, 1, 8, 0,  6, 4, 0,
                       2,    0,    0,    0xc,  7,    0xac, 1, 10, 1,   0, 254,  0, 0, 0, 0, 0, 0, 10, 1, 0, 254};
    hlab_inject_frame(&l, arp, sizeof arp);
    hlab_run(&l, 0.1);
    cr_assert(!hlab_said(&l.node[0], "DUPADDR"), "it may be about to say Coup");
    hlab_run(&l, 0.2);
    cr_assert(hlab_said(&l.node[0],
                        "%HSRP-4-DUPADDR: Duplicate address 10.1.0.254 on Ethernet1/1, sourced by 0000.0c07.ac01"),
              "%s", l.node[0].log.s);
    hlab_free(&l);
}

Test(hsrp_lan, a_takeover_is_no_duplicate)
{
    struct world *w = pair("", " standby 1 preempt\n");
    htyped_configure(w, "r1", IF "standby 1 preempt\nstandby 1 priority 130\n");
    world_run(w, 15);
    htyped_configure(w, "r2", IF "standby 1 priority 140\n");
    world_run(w, 15);
    htyped_expect(w, "r2", "show standby brief", "Active ", true);
    htyped_expect(w, "r1", "show logging", "state Active -> Speak", true);
    htyped_expect(w, "r1", "show logging", "DUPADDR", false);
    htyped_expect(w, "r2", "show logging", "DUPADDR", false);
    world_free(w);
}

/* A Hello of group 1. */
static struct hsrp_packet packet(uint8_t state, uint8_t priority, uint32_t vip)
{
    return (struct hsrp_packet){.version = 1,
                                .opcode = HSRP_HELLO,
                                .state = state,
                                .hello_ms = 3000,
                                .hold_ms = 10000,
                                .priority = priority,
                                .group = 1,
                                .auth = "cisco",
                                .vip = addr_v4(vip)};
}

static void inject(struct hlab *l, uint32_t from, const struct hsrp_packet *p)
{
    uint8_t b[64];
    hlab_inject(l, from, 0xe0000002, 1, b, hsrp_wire_encode(p, b, sizeof b));
}

Test(hsrp_lan, other_virtual_addresses_in_turn_do_not_flood_the_log)
{
    struct hlab l;
    hlab_init(&l);
    hlab_start(&l, 0, false, plain);
    hlab_run(&l, 30);
    hlab_forget(&l.node[0]);
    for (unsigned i = 0; i < 1000; i++) {
        struct hsrp_packet p = packet(HSRP_WIRE_ACTIVE, 50, 0x0a010014 + i % 2);
        inject(&l, 0x0a010063 + i % 2, &p);
        hlab_run(&l, 0.001);
    }
    unsigned n = 0;
    for (const char *s = l.node[0].log.s; (s = strstr(s, "DIFFVIP1")); s++)
        n++;
    cr_assert_eq(n, 1);
    hlab_free(&l);
}

Test(hsrp_lan, advertisements_are_not_multiplied)
{
    struct hlab l;
    hlab_init(&l);
    hlab_start(&l, 0, false, plain);
    hlab_run(&l, 30);
    l.count.adv = 0;
    for (unsigned i = 0; i < 1000; i++) {
        struct hsrp_packet p = packet(HSRP_WIRE_ACTIVE, 200, 0x0a0100fe);
        inject(&l, 0x0a010020 + i % 100, &p);
        hlab_run(&l, 0.001);
    }
    cr_assert_leq(l.count.adv, 15, "%u in a second", l.count.adv);
    cr_assert_geq(l.count.adv, 2);
    hlab_free(&l);
}

Test(hsrp_lan, a_standby_router_that_resigns_is_standby_no_more)
{
    struct hlab l;
    hlab_init(&l);
    hlab_start(&l, 0, false, plain);
    hlab_run(&l, 30);
    struct hsrp_packet p = packet(HSRP_WIRE_STANDBY, 50, 0x0a0100fe);
    struct hsrp_group *g = hlab_group(&l.node[0], ET, 1);
    inject(&l, 0x0a010063, &p);
    hlab_run(&l, 0.1);
    cr_assert_eq(g->standby.kind, HSRP_PEER_REMOTE);
    p.opcode = HSRP_RESIGN;
    inject(&l, 0x0a010063, &p);
    hlab_run(&l, 0.1);
    cr_assert_eq(g->standby.kind, HSRP_PEER_UNKNOWN);
    cr_assert_eq(hlab_state(&l, 0), HSRP_ACTIVE);
    hlab_free(&l);
}

static void learning(struct hlab_node *n)
{
    hlab_delay(n, ET, 0, 0);
    hlab_ip(n, ET, 1, NULL);
}

Test(hsrp_lan, only_an_address_that_can_be_virtual_is_learnt)
{
    static const uint32_t not [] = {0x0a010001, 0x0a010000, 0x0a0100ff, 0x0a020001, 0xe0000005, 0};
    struct hlab l;
    hlab_init(&l);
    hlab_start(&l, 0, false, learning);
    hlab_run(&l, 1);
    struct hsrp_group *g = hlab_group(&l.node[0], ET, 1);
    uint8_t standby[64];
    struct hsrp_packet other = {.version = 1,
                                .opcode = HSRP_HELLO,
                                .state = HSRP_WIRE_STANDBY,
                                .priority = 200,
                                .group = 1,
                                .auth = "cisco",
                                .vip = addr_v4(0x0a0100fe)};
    hlab_inject(&l, 0x0a010063, 0xe0000002, 1, standby, hsrp_wire_encode(&other, standby, sizeof standby));
    hlab_run(&l, 0.01);
    cr_assert(addr_is_none(&g->vip), "from the Active router only");
    for (unsigned i = 0; i <= sizeof not / sizeof *not ; i++) {
        bool good = i == sizeof not / sizeof *not ;
        struct hsrp_packet p = packet(HSRP_WIRE_ACTIVE, 200, good ? 0x0a0100fe : not [i]);
        inject(&l, 0x0a010063, &p);
        hlab_run(&l, 0.01);
        cr_assert_eq(addr_v4_get(&g->vip), good ? 0x0a0100fe : 0, "%u", i);
        cr_assert_eq(g->state, good ? HSRP_LISTEN : HSRP_LEARN);
    }
    hlab_free(&l);
}

Test(hsrp_lan, a_part_of_the_redirect_line_goes)
{
    struct world *w = pair("", "");
    static const char show[] = "show running-config";
    htyped_configure(w, "r1", IF "standby redirect timers 30 90 unknown\n");
    htyped_expect(w, "r1", show, " standby redirect unknown timers 30 90\n", true);
    htyped_configure(w, "r1", IF "no standby redirect unknown\n");
    htyped_expect(w, "r1", show, " standby redirect timers 30 90\n", true);
    htyped_configure(w, "r1", IF "standby redirect unknown timers 30 90\nno standby redirect timers\n");
    htyped_expect(w, "r1", show, " standby redirect unknown\n", true);
    htyped_expect(w, "r1", "show standby redirect", "enabled   enabled  60  180\n", true);
    htyped_configure(w, "r1", IF "no standby redirect\nno standby redirect unknown\n");
    htyped_expect(w, "r1", show, " no standby redirect\n", true);
    htyped_configure(w, "r1", IF "standby redirect disable\n");
    htyped_expect(w, "r1", "show standby redirect", "disabled  disabled 60  180\n", true);
    htyped_configure(w, "r1", IF "standby redirect\n");
    htyped_expect(w, "r1", show, "standby redirect", false);
    htyped_expect(w, "r1", "show standby redirect", "enabled   disabled 60  180\n", true);
    world_free(w);
}

Test(hsrp_lan, a_group_that_follows_no_more_knows_nobody)
{
    struct world *w =
        pair(" standby 1 priority 120\n standby 1 name M\n standby 2 ip 10.1.0.253\n standby 2 follow M\n", "");
    htyped_expect(w, "r1", "show standby brief", "Et1/1       2    100   Active  local ", true);
    htyped_configure(w, "r1", IF "no standby 2 follow\n");
    htyped_expect(w, "r1", "show standby brief", "Et1/1       2    100   Listen  unknown         unknown ", true);
    world_run(w, 25);
    htyped_expect(w, "r1", "show standby brief", "Et1/1       2    100   Active  local ", true);
    world_free(w);
}

static unsigned adverts(struct world *w, const char *name, double seconds)
{
    struct hsrp_if *hif =
        hsrp_if_find(module_state(world_router_get(w, name), &hsrp_module), netif_find(world_router_get(w, name), ET));
    uint64_t before = hif->adv_out;
    world_run(w, seconds);
    return (unsigned)(hif->adv_out - before);
}

Test(hsrp_lan, a_passive_router_advertises_at_its_interval)
{
    struct world *w = pair("", "");
    cr_assert_eq(adverts(w, "r2", 120) + adverts(w, "r1", 120), 4, "every 30 s, and the Active is still");
    htyped_configure(w, "r1", IF "standby redirect timers 10 40\n");
    htyped_configure(w, "r2", IF "standby redirect timers 10 40\n");
    cr_assert_eq(adverts(w, "r1", 60) + adverts(w, "r2", 60), 6);
    world_free(w);
}

Test(hsrp_lan, use_bia_holds_for_subinterfaces_unless_scoped)
{
    struct world *w = pair("interface Ethernet1/1.10\n encapsulation dot1Q 10\n ip address 10.2.0.1 255.255.255.0\n"
                           " standby 7 ip 10.2.0.254\n",
                           "");
    static const char show[] = "show standby Ethernet1/1.10 7";
    htyped_expect(w, "r1", show, "0000.0c07.ac07 (v1 default)\n", true);
    htyped_configure(w, "r1", IF "standby use-bia\n");
    htyped_expect(w, "r1", show, " (bia)\n", true);
    htyped_configure(w, "r1", IF "standby use-bia scope interface\n");
    htyped_expect(w, "r1", show, "0000.0c07.ac07 (v1 default)\n", true);
    htyped_expect(w, "r1", "show standby " ET, " (bia)\n", true);
    htyped_configure(w, "r1", "interface Ethernet1/1.10\nstandby use-bia\n" IF "no standby use-bia\n");
    htyped_expect(w, "r1", show, " (bia)\n", true);
    htyped_expect(w, "r1", "show standby " ET " 1", "(v1 default)\n", true);
    world_free(w);
}

Test(hsrp_lan, the_group_address_of_its_version_is_joined)
{
    struct world *w = pair("", "");
    static const char show[] = "show ip interface " ET;
    htyped_expect(w, "r1", show, "  Multicast reserved groups joined: 224.0.0.2\n", true);
    htyped_configure(w, "r1", IF "standby version 2\n");
    htyped_expect(w, "r1", show, "  Multicast reserved groups joined: 224.0.0.102\n", true);
    world_run(w, 10);
    cr_assert_gt(ip_drop_get(world_router_get(w, "r1"), "hsrp-version"), 0, "the other is overheard");
    htyped_configure(w, "r1", IF "no standby 1 ip\n");
    htyped_expect(w, "r1", show, "Multicast reserved", false);
    world_free(w);
}

Test(hsrp_lan, detail_tells_more)
{
    struct world *w =
        pair(" standby 1 authentication md5 key-string k\n", " standby 1 authentication md5 key-string k\n");
    free(htyped_run(w, "r1", "debug standby packets hello detail"));
    world_run(w, 5);
    htyped_expect(w, "r1", "show logging", " pri 100 vIP 10.1.0.254 hel 3 hol 10 auth MD5 key 0\n", true);
    free(htyped_run(w, "r1", "undebug all"));
    free(htyped_run(w, "r1", "debug standby packets hello"));
    free(htyped_run(w, "r1", "clear logging"));
    world_run(w, 5);
    htyped_expect(w, "r1", "show logging", " pri 100 vIP 10.1.0.254\n", true);
    free(htyped_run(w, "r1", "debug standby events detail"));
    world_kill(w, "r2");
    world_run(w, 12);
    htyped_expect(w, "r1", "show logging", "HSRP: Et1/1 Grp 1 Added 10.1.0.254 to ARP (0000.0c07.ac01)\n", true);
    world_free(w);
}
