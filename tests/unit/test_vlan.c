/* Subinterfaces on simulated links: tags on the wire, addresses, neighbours, HSRP with its MACs, a tunnel, lists, the
 * native VLAN, states that follow the parent, what is refused and what is dropped. */
#include "cli/control.h"
#include "cli/world.h"
#include "modules/core/csum.h"
#include "modules/net/super.h"
#include "modules/net/vlan.h"
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct lab {
    struct world *w;
    unsigned tagged[4096], untagged, esp; /* frames on the trunk; esp: in tags */
    uint8_t from[6];                      /* source MAC of the last frame of VLAN 10 */
};

static void see(void *arg, const char *sw, nstime at, const uint8_t *f, size_t len)
{
    struct lab *l = arg;
    (void)at;
    if (strcmp(sw, "trunk") != 0 || len < 38)
        return;
    if (f[12] != 0x81 || f[13]) {
        l->untagged++;
        return;
    }
    unsigned id = (f[14] << 8 | f[15]) & 0xfff;
    l->tagged[id]++;
    l->esp += f[16] == 8 && !f[17] && f[27] == 50;
    if (id == 10)
        memcpy(l->from, f + 6, 6);
}

static char *exec_on(struct lab *l, const char *name, const char *command)
{
    int status;
    return world_exec(l->w, name, command, &status);
}

static void expect_shown(struct lab *l, const char *name, const char *command, const char *want, bool there)
{
    char *s = exec_on(l, name, command);
    cr_expect_eq(strstr(s, want) != NULL, there, "%s: \"%s\" %s:\n%s", command, want, there ? "missing" : "there", s);
    free(s);
}

static void expect_ping(struct lab *l, const char *from, const char *to, bool works)
{
    char command[64];
    snprintf(command, sizeof command, "ping %s repeat 3 timeout 1", to);
    char *s = exec_on(l, from, command);
    cr_expect_eq(strstr(s, "Success rate is 100 percent (3/3)") != NULL, works, "%s: %s", command, s);
    free(s);
}

/* r1 and r2 on a trunk, r2 with a host behind it. %s: what both have besides. */
static void lab_open(struct lab *l, const char *c1, const char *c2)
{
    const char *configs[] = {c1, c2};
    memset(l, 0, sizeof *l);
    l->w = world_new(7);
    cr_assert_eq(world_switch(l->w, "trunk"), 0);
    cr_assert_eq(world_switch(l->w, "lan"), 0);
    for (unsigned i = 0; i < 2; i++) {
        char name[3] = {'r', (char)('1' + i), 0};
        cr_assert_eq(world_router(l->w, name, configs[i]), 0);
        cr_assert_eq(world_plug(l->w, name, "GigabitEthernet0/0", "trunk", name), 0);
    }
    cr_assert_eq(world_plug(l->w, "r2", "GigabitEthernet0/1", "lan", "r2"), 0);
    cr_assert_eq(world_host(l->w, "h", "lan", "h", "10.9.0.9/24", "10.9.0.2"), 0);
    world_sniff(l->w, see, l);
    world_start(l->w, "r1");
    world_start(l->w, "r2");
    world_run(l->w, 2);
}

#define SUB(id, last)                                                                                                  \
    "interface GigabitEthernet0/0." #id "\n encapsulation dot1Q " #id "\n ip address 10.0." #id "." #last              \
    " 255.255.255.0\n"

Test(vlan, each_tag_is_a_network_of_its_own)
{
    struct lab l;
    lab_open(&l,
             "interface GigabitEthernet0/0\n ip address 10.0.0.1 255.255.255.0\n" SUB(10, 1) SUB(20, 1)
                 SUB(30, 1) "ip route 10.9.0.0 255.255.255.0 10.0.20.2\n",
             "interface GigabitEthernet0/0\n ip address 10.0.0.2 255.255.255.0\n" SUB(10, 2)
                 SUB(20, 2) "interface GigabitEthernet0/1\n ip address 10.9.0.2 255.255.255.0\n"
                            "ip route 10.0.10.0 255.255.255.0 10.0.20.1\n");
    memset(l.tagged, 0, sizeof l.tagged);
    l.untagged = 0;
    expect_ping(&l, "r1", "10.0.10.2", true);
    cr_expect(l.tagged[10] >= 6 && !l.tagged[20] && !l.untagged, "%u %u", l.tagged[10], l.untagged);
    expect_ping(&l, "r1", "10.0.20.2", true);
    cr_expect(l.tagged[20] >= 6, "%u", l.tagged[20]);
    expect_ping(&l, "r1", "10.0.0.2", true);
    cr_expect(l.untagged >= 6, "%u", l.untagged);
    expect_ping(&l, "r1", "10.9.0.9", true); /* behind r2, routed into VLAN 20 */
    char *s = exec_on(&l, "h", "ping -c 2 10.0.20.1");
    cr_expect(strstr(s, "2 received") || strstr(s, "0% packet loss"), "%s", s);
    free(s);
    expect_ping(&l, "r1", "10.0.30.2", false);
    cr_expect(ip_drop_get(world_router_get(l.w, "r2"), "unknown-vlan") >= 1);
    expect_shown(&l, "r1", "show ip arp", "GigabitEthernet0/0.10\n", true);
    expect_shown(&l, "r1", "show vlans 10",
                 "\nVirtual LAN ID:  10 (IEEE 802.1Q Encapsulation)\n\n   vLAN Trunk Interface:   "
                 "GigabitEthernet0/0.10\n\n   Protocols Configured:   Address:              Received:        "
                 "Transmitted:\n           IP              10.0.10.1 ",
                 true);
    expect_shown(&l, "r1", "show interfaces GigabitEthernet0/0.10",
                 "  Encapsulation 802.1Q Virtual LAN, Vlan ID  10.\n  ARP type: ARPA, ARP Timeout 04:00:00\n", true);
    expect_shown(&l, "r1", "show ip interface brief",
                 "GigabitEthernet0/0.10  10.0.10.1       YES NVRAM  up                    up", true);
    expect_shown(&l, "r1", "show ip route", "C        10.0.10.0/24 is directly connected, GigabitEthernet0/0.10", true);
    struct netif *parent = netif_find(world_router_get(l.w, "r1"), "GigabitEthernet0/0"),
                 *sub = netif_find(world_router_get(l.w, "r1"), "GigabitEthernet0/0.10");
    cr_expect(!memcmp(&parent->mac, &sub->mac, sizeof sub->mac));
    cr_expect(netif_counters(nif_of(parent)).in_packets >= netif_counters(nif_of(sub)).in_packets + 6);
    world_free(l.w);
}

Test(vlan, states_follow_the_parent)
{
    struct lab l;
    lab_open(&l, SUB(10, 1), SUB(10, 2));
    expect_ping(&l, "r1", "10.0.10.2", true);
    world_config(l.w, "r1", "interface GigabitEthernet0/0\n shutdown\n");
    expect_shown(&l, "r1", "show ip interface brief",
                 "GigabitEthernet0/0.10  10.0.10.1       YES NVRAM  administratively down down", true);
    expect_shown(&l, "r1", "show protocols GigabitEthernet0/0.10",
                 "GigabitEthernet0/0.10 is administratively down, line protocol is down", true);
    expect_shown(&l, "r1", "show ip route", "10.0.10.0", false);
    world_config(l.w, "r1", "interface GigabitEthernet0/0\n no shutdown\n");
    world_run(l.w, 1);
    expect_ping(&l, "r1", "10.0.10.2", true);
    world_link_down(l.w, "r1", "GigabitEthernet0/0", true);
    world_run(l.w, 1);
    expect_shown(&l, "r1", "show ip interface brief",
                 "GigabitEthernet0/0.10  10.0.10.1       YES NVRAM  down                  down", true);
    world_link_down(l.w, "r1", "GigabitEthernet0/0", false);
    world_run(l.w, 1);
    world_config(l.w, "r1", "interface GigabitEthernet0/0.10\n shutdown\n");
    expect_ping(&l, "r2", "10.0.10.1", false);
    world_config(l.w, "r1", "interface GigabitEthernet0/0.10\n no shutdown\n");
    expect_ping(&l, "r2", "10.0.10.1", true);
    world_config(l.w, "r1", "interface GigabitEthernet0/0.10\n no encapsulation dot1Q 10\n");
    expect_ping(&l, "r2", "10.0.10.1", false);
    world_config(l.w, "r1", "interface GigabitEthernet0/0.10\n encapsulation dot1Q 10\n");
    expect_ping(&l, "r2", "10.0.10.1", true);
    world_config(l.w, "r1", "no interface GigabitEthernet0/0.10\n");
    expect_ping(&l, "r2", "10.0.10.1", false);
    expect_shown(&l, "r1", "show running-config", "GigabitEthernet0/0.10", false);
    world_config(l.w, "r1", SUB(10, 1));
    expect_ping(&l, "r2", "10.0.10.1", true);
    world_free(l.w);
}

Test(vlan, native_and_what_is_refused)
{
    struct lab l;
    lab_open(&l,
             "interface GigabitEthernet0/0.5\n encapsulation dot1Q 5 native\n ip address 10.0.5.1 255.255.255.0\n" SUB(
                 10, 1),
             "interface GigabitEthernet0/0\n ip address 10.0.5.2 255.255.255.0\n");
    l.untagged = 0;
    expect_ping(&l, "r1", "10.0.5.2", true); /* without a tag */
    cr_expect(l.untagged >= 6 && !l.tagged[5], "%u %u", l.untagged, l.tagged[5]);
    expect_ping(&l, "r2", "10.0.5.1", true);
    cr_expect_eq(world_config(l.w, "r1", "interface GigabitEthernet0/0.11\n encapsulation dot1Q 10\n"), 1);
    cr_expect_eq(world_config(l.w, "r1", "interface GigabitEthernet0/0.11\n encapsulation dot1Q 11 native\n"), 1);
    cr_expect_eq(world_config(l.w, "r1", "interface GigabitEthernet0/0.11\n ip address 10.0.11.1 255.255.255.0\n"), 1);
    cr_expect_eq(
        world_config(l.w, "r1",
                     "interface GigabitEthernet0/0.11\n encapsulation dot1Q 11\n ip address 10.0.11.1 255.255.255.0\n"),
        0);
    cr_expect_eq(world_config(l.w, "r1", "interface GigabitEthernet0/1.10\n encapsulation dot1Q 10\n"),
                 0); /* another parent */
    world_config(l.w, "r1", "interface GigabitEthernet0/0.5\n encapsulation dot1Q 5\n");
    expect_ping(&l, "r2", "10.0.5.1", false);
    expect_shown(&l, "r1", "show running-config interface GigabitEthernet0/0.5", " encapsulation dot1Q 5\n ip address",
                 true);
    cr_expect_eq(world_config(l.w, "r1", "interface Serial0/0.1 point-to-point\n ip address 10.0.77.1 255.255.255.0\n"),
                 0);
    world_free(l.w);
}

Test(vlan, faults_and_configure_replace)
{
    struct lab l;
    lab_open(&l, SUB(10, 1) SUB(20, 1), SUB(10, 2) SUB(20, 2));
    struct link_fault_spec slow = {.delay_ms = 20}, dead = {.cut = true};
    world_fault(l.w, "trunk", NULL, &slow);
    char *s = exec_on(&l, "r1", "ping 10.0.10.2 repeat 3");
    cr_expect(strstr(s, "min/avg/max = 40/") || strstr(s, "min/avg/max = 80/"), "%s", s);
    free(s);
    world_fault(l.w, "trunk", NULL, &dead);
    expect_ping(&l, "r1", "10.0.10.2", false);
    world_fault(l.w, "trunk", NULL, NULL);
    expect_ping(&l, "r1", "10.0.10.2", true);
    static const char target[] =
        "interface GigabitEthernet0/0\n ip address 10.0.0.1 255.255.255.0\n" SUB(20, 1) "end\n";
    struct storage *st = world_storage(l.w, "r1");
    free(exec_on(&l, "r1", "copy running-config flash:before"));
    cr_assert_eq(st->ops->write(st->ctx, "flash.target", target, sizeof target - 1), 0);
    free(exec_on(&l, "r1", "configure replace flash:target force"));
    expect_ping(&l, "r1", "10.0.10.2", false);
    expect_ping(&l, "r1", "10.0.20.2", true);
    expect_shown(&l, "r1", "show running-config", "GigabitEthernet0/0.10", false);
    free(exec_on(&l, "r1", "configure replace flash:before force"));
    expect_shown(&l, "r1", "show running-config",
                 "interface GigabitEthernet0/0.10\n encapsulation dot1Q 10\n ip address 10.0.10.1", true);
    expect_ping(&l, "r1", "10.0.10.2", true);
    expect_ping(&l, "r1", "10.0.20.2", true);
    world_free(l.w);
}

Test(vlan, a_removed_one_is_forgotten_after_a_while)
{
    struct lab l;
    lab_open(&l, SUB(10, 1), SUB(10, 2));
    struct net *net = net_of(world_router_get(l.w, "r1"));
    for (unsigned i = 0; i < 20; i++) {
        cr_expect_eq(world_config(l.w, "r1", SUB(20, 1)), 0);
        free(exec_on(&l, "r1", "ping 10.0.20.99 repeat 1 timeout 0")); /* something waits for a neighbour */
        cr_expect_eq(world_config(l.w, "r1", "no interface GigabitEthernet0/0.20\n"), 0);
    }
    cr_expect(net->dead);
    world_run(l.w, 125);
    cr_expect(!net->dead);
    expect_ping(&l, "r1", "10.0.10.2", true);
    world_config(l.w, "r1", "no interface GigabitEthernet0/0.10\n");
    world_free(l.w); /* while it is remembered */
}

static void nothing(void *arg, const char *data, size_t len)
{
    (void)arg;
    (void)data;
    (void)len;
}

Test(vlan, faults_are_the_whole_interfaces)
{
    struct lab l;
    char err[200] = "";
    lab_open(&l, SUB(10, 1), SUB(10, 2));
    struct router *r = world_router_get(l.w, "r1");
    cr_expect_neq(control_request_serve(r, "fault GigabitEthernet0/0.10 cut", nothing, NULL, err, sizeof err), 0);
    cr_expect(strstr(err, "part of another interface"), "%s", err);
    expect_ping(&l, "r1", "10.0.10.2", true);
    cr_expect_eq(control_request_serve(r, "fault GigabitEthernet0/0 cut", nothing, NULL, err, sizeof err), 0);
    expect_ping(&l, "r1", "10.0.10.2", false);
    world_free(l.w);
}

/* A super-packet of 3000 bytes to nowhere, to the interface's MAC, as it comes from a link: in 1000s, or (gso 0) only
 * its first 1000 bytes. */
static struct frame *tagged(const struct nif *nif, unsigned id, uint16_t gso, uint8_t mark)
{
    uint32_t total = 40 + (gso ? 3000 : 1000);
    struct frame *f = frame_alloc_big(nif->net->loop);
    uint8_t *h = frame_put(f, 18 + total), *ip = h + 18;
    memset(h, 0, 18 + total);
    memcpy(h, nif->n.mac.b, 6);
    h[11] = mark;
    put16(h + 12, ETHERTYPE_VLAN_);
    put16(h + 14, (uint16_t)id);
    put16(h + 16, ETHERTYPE_IP_);
    ip[0] = 0x45;
    put16(ip + 2, (uint16_t)total);
    put16(ip + 6, IP_DF);
    ip[8] = 64;
    ip[9] = IPPROTO_TCP_;
    put32(ip + 12, 0x0a000a63);
    put32(ip + 16, 0x0a630063);
    put16(ip + 10, ip_checksum(ip, 20));
    ip[32] = 0x50;
    ip[33] = TCP_ACK;
    f->gso = gso;
    if (gso) {
        f->flags |= FRAME_CSUM_PARTIAL;
        f->csum_at = (uint16_t)(ip + 20 - f->base);
        f->csum_off = 16;
    }
    return f;
}

static struct {
    unsigned n;
    uint16_t vlan[8], frames[8];
    uint8_t last[8];
    unsigned packets;
} given;

static void give(struct nif *nif, struct frame_vec *v)
{
    given.vlan[given.n] = nif->vlan;
    given.frames[given.n] = (uint16_t)v->n;
    for (unsigned i = 0; i < v->n; i++) {
        cr_expect_eq(be16(v->f[i]->data + 12), ETHERTYPE_IP_);
        cr_expect_gt(v->f[i]->data[11], given.last[given.n], "in the order of arrival");
        given.last[given.n] = v->f[i]->data[11];
    }
    given.n++;
    frame_free_vec(v);
}

static void count(struct nif *parent, unsigned packets, uint64_t bytes)
{
    (void)parent;
    (void)bytes;
    given.packets += packets;
}

Test(vlan, networks_in_turn_are_one_vector_each)
{
    struct lab l;
    lab_open(&l, SUB(10, 1) SUB(20, 1), "");
    struct nif *parent = nif_of(netif_find(world_router_get(l.w, "r1"), "GigabitEthernet0/0"));
    struct frame_vec v = {0};
    for (uint8_t i = 0; i < 30; i++)
        v.f[v.n++] = tagged(parent, i % 3 * 10 + 10, i == 3 ? 1000 : 0, (uint8_t)(i + 1));
    vlan_sort(parent, &v, give, count);
    cr_expect_eq(given.n, 2);
    cr_expect(given.vlan[0] == 10 && given.vlan[1] == 20 && given.frames[0] == 10 && given.frames[1] == 10);
    cr_expect_eq(given.packets, 22, "%u: a super-packet stands for three", given.packets);
    cr_expect_eq(v.n, 10, "VLAN 30 is nobody's");
    frame_free_vec(&v);
    world_free(l.w);
}

Test(vlan, super_packets_of_an_unknown_one)
{
    struct lab l;
    lab_open(&l, SUB(10, 1), "");
    struct router *r = world_router_get(l.w, "r1");
    struct nif *parent = nif_of(netif_find(r, "GigabitEthernet0/0"));
    struct frame_vec v = {.n = 1, .f = {tagged(parent, 30, 1000, 1)}};
    fast_input(net_of(r)->dp, parent, &v);
    cr_expect_eq(ip_drop_get(r, "unknown-vlan"), 3);
    cr_expect_eq(ip_drop_get(r, "super-packet"), 0);
    v = (struct frame_vec){.n = 1, .f = {tagged(parent, 10, 1000, 1)}};
    fast_input(net_of(r)->dp, parent, &v);
    cr_expect_eq(ip_drop_get(r, "no-route"), 3);
    world_free(l.w);
}

Test(vlan, what_a_subinterface_sends_wakes_its_parents_load)
{
    struct lab l;
    lab_open(&l, SUB(10, 1), "");
    struct router *r = world_router_get(l.w, "r1");
    struct nif *parent = nif_of(netif_find(r, "GigabitEthernet0/0"));
    for (unsigned i = 0; i < 100 && timer_armed(&parent->load); i++)
        world_run(l.w, 60);
    cr_assert(!timer_armed(&parent->load));
    free(exec_on(&l, "r1", "ping 10.0.10.9 repeat 1 timeout 1"));
    cr_expect(timer_armed(&parent->load));
    world_free(l.w);
}

#define GROUP(version, priority)                                                                                       \
    " standby version " #version "\n standby 7 ip 10.0.10.254\n standby 7 timers msec 200 msec 700\n standby 7 "       \
    "priority " #priority "\n standby 7 preempt\n"

static void hsrp(const char *c1, const char *c2, const uint8_t mac[6])
{
    struct lab l;
    lab_open(&l, c1, c2);
    world_run(l.w, 10);
    expect_shown(&l, "r1", "show standby brief", "Gi0/0.10", true);
    expect_shown(&l, "r1", "show standby", "State is Active", true);
    expect_shown(&l, "r2", "show standby", "State is Standby", true);
    expect_ping(&l, "r2", "10.0.10.254", true);
    if (mac)
        expect_shown(&l, "r1", "show standby", "Active virtual MAC address is 0000.0c", true);
    world_config(l.w, "r1", "interface GigabitEthernet0/0\n shutdown\n"); /* says goodbye in its VLAN first */
    world_run(l.w, 0.1);
    expect_shown(&l, "r2", "show standby", "State is Active", true);
    if (mac) {
        world_run(l.w, 0.3);
        cr_expect(!memcmp(l.from, mac, 6), "%02x%02x.%02x%02x.%02x%02x", l.from[0], l.from[1], l.from[2], l.from[3],
                  l.from[4], l.from[5]);
    }
    world_config(l.w, "r1", "interface GigabitEthernet0/0\n no shutdown\n");
    world_run(l.w, 6);
    expect_shown(&l, "r1", "show standby", "State is Active", true);
    world_free(l.w);
}

Test(vlan, hsrp_version_1)
{
    hsrp(SUB(10, 1) GROUP(1, 110), SUB(10, 2) GROUP(1, 100), (const uint8_t[]){0, 0, 0x0c, 7, 0xac, 7});
}

Test(vlan, hsrp_version_2)
{
    hsrp(SUB(10, 1) GROUP(2, 110), SUB(10, 2) GROUP(2, 100), (const uint8_t[]){0, 0, 0x0c, 0x9f, 0xf0, 7});
}

Test(vlan, hsrp_with_the_burnt_in_address)
{
    hsrp(SUB(10, 1) " standby use-bia scope interface\n" GROUP(1, 110),
         SUB(10, 2) " standby use-bia scope interface\n" GROUP(1, 100), NULL);
}

#define TUNNEL(me, other)                                                                                              \
    "crypto isakmp policy 10\n encr aes\n authentication pre-share\n group 2\ncrypto isakmp key k address "            \
    "10.0.10." #other                                                                                                  \
    "\ncrypto ipsec transform-set t esp-aes esp-sha-hmac\ncrypto map m 10 ipsec-isakmp\n set peer 10.0.10." #other     \
    "\n set transform-set t\n match address c\n" SUB(10, me) " crypto map m\n"

Test(vlan, a_tunnel_and_a_list)
{
    struct lab l;
    lab_open(
        &l,
        TUNNEL(
            1,
            2) "interface Loopback0\n ip address 10.8.0.1 255.255.255.255\nip route 10.9.0.0 255.255.255.0 10.0.10.2\n"
               "ip access-list extended c\n permit ip host 10.8.0.1 10.9.0.0 0.0.0.255\n",
        TUNNEL(2, 1) "interface GigabitEthernet0/1\n ip address 10.9.0.2 255.255.255.0\nip route 10.8.0.1 "
                     "255.255.255.255 10.0.10.1\n"
                     "ip access-list extended c\n permit ip 10.9.0.0 0.0.0.255 host 10.8.0.1\n");
    free(exec_on(&l, "r1", "ping 10.9.0.9 source 10.8.0.1 repeat 3 timeout 1")); /* IKE */
    l.esp = 0;
    char *s = exec_on(&l, "r1", "ping 10.9.0.9 source 10.8.0.1 repeat 5 size 1400 timeout 1");
    cr_expect(strstr(s, "(5/5)"), "%s", s);
    free(s);
    cr_expect_geq(l.esp, 10);
    world_config(l.w, "r2",
                 "ip access-list extended in\n deny icmp any any\n permit ip any any\ninterface "
                 "GigabitEthernet0/0.10\n ip access-group in in\n");
    expect_ping(&l, "r1", "10.0.10.2", false);
    expect_shown(&l, "r2", "show ip access-lists interface GigabitEthernet0/0.10",
                 "list in in\n    10 deny icmp any any (3 matches)", true);
    world_free(l.w);
}
