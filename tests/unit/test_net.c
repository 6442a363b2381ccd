/* The IP stack on memory links: ARP, virtual addresses, forwarding, ICMP errors, fragments, longest match, access
 * lists, and 100,000 mutated frames. */
#include "lib_net.h"
#include "modules/net/acl.h"
#include <criterion/criterion.h>
#include <stdlib.h>

struct heard {
    unsigned replies, type, code, mtu;
};
static void hear(void *arg, const struct ip_rx *rx, uint8_t type, uint8_t code, uint32_t rest, const uint8_t *body,
                 size_t len)
{
    struct heard *h = arg;
    (void)rx, (void)body, (void)len;
    h->replies += type == 0;
    h->type = type;
    h->code = code;
    h->mtu = rest & 0xffff;
}

static int echo(struct nrig *g, unsigned router, const char *src, const char *dst, unsigned size, bool df, uint8_t ttl)
{
    struct frame *f = frame_alloc_big(g->loop);
    uint8_t *p = frame_put(f, size);
    memset(p, 0, size);
    p[0] = 8;
    put16(p + 2, ip_checksum(p, size));
    struct ip_tx tx = {.dst = nrig_addr(dst), .proto = 1, .df = df, .ttl = ttl};
    if (src)
        tx.src = nrig_addr(src);
    return ip_send(g->r[router], &tx, f);
}

/* r0 --sw0-- r1 --sw1-- r2 */
static struct nrig *line(void)
{
    struct nrig *g = nrig_new(3);
    nrig_if(g, 0, 0, "10.0.0.1", 24);
    nrig_if(g, 1, 0, "10.0.0.2", 24);
    nrig_if(g, 1, 1, "10.1.0.2", 24);
    nrig_if(g, 2, 1, "10.1.0.3", 24);
    nrig_route(g, 0, "10.1.0.0", 24, "10.0.0.2");
    nrig_route(g, 2, "10.0.0.0", 24, "10.1.0.2");
    return g;
}

Test(net, two_routers_ping_and_transit)
{
    struct nrig *g = line();
    struct heard h = {0};
    icmp_listen(g->r[0], hear, &h);
    cr_assert_eq(echo(g, 0, NULL, "10.0.0.2", 64, false, 0), 0);
    nrig_run(g, 0.1);
    cr_assert_eq(h.replies, 1);
    cr_assert_eq(echo(g, 0, NULL, "10.1.0.3", 64, false, 0), 0);
    nrig_run(g, 0.1);
    cr_assert_eq(h.replies, 2);
    cr_assert_eq(net_stats(net_of(g->r[1])).forwarded, 2);
    cr_assert_eq(echo(g, 0, NULL, "10.1.0.3", 64, false, 1), 0); /* TTL runs out on the way */
    nrig_run(g, 0.1);
    cr_assert_eq(h.type, 11);
    cr_assert_eq(ip_drop_get(g->r[1], "ttl-expired"), 1);
    cr_assert_eq(echo(g, 0, NULL, "10.9.0.1", 64, false, 0), -ENETUNREACH);
    nrig_free(g);
}

Test(net, large_echo_is_fragmented_and_reassembled)
{
    struct nrig *g = line();
    struct heard h = {0};
    icmp_listen(g->r[0], hear, &h);
    cr_assert_eq(echo(g, 0, NULL, "10.1.0.3", 9000, false, 0), 0);
    nrig_run(g, 0.1);
    cr_assert_eq(h.replies, 1);
    cr_assert_eq(net_of(g->r[2])->stats.reassembled, 1);
    cr_assert_eq(reass_pending(net_of(g->r[2])), 0);
    cr_assert_eq(echo(g, 0, NULL, "10.1.0.3", 1600, true, 0), -EMSGSIZE);
    netif_set_mtu(netif_find(g->r[1], "GigabitEthernet0/1"), 1000);
    cr_assert_eq(echo(g, 0, NULL, "10.1.0.3", 1400, true, 0), 0);
    nrig_run(g, 0.1);
    cr_assert_eq(h.type, 3);
    cr_assert_eq(h.code, 4);
    cr_assert_eq(h.mtu, 1000);
    nrig_free(g);
}

Test(net, lost_and_overlapping_fragments_leave_nothing)
{
    struct nrig *g = line();
    struct netif *n = netif_find(g->r[1], "GigabitEthernet0/0");
    uint8_t f[1600], data[64] = {8};
    size_t len = nrig_packet(f, &n->mac, "10.0.0.9", "10.0.0.2", 1, 64, IP_MF, data, 32);
    nrig_inject(g, f, len);
    nrig_run(g, 1);
    cr_assert_eq(reass_pending(net_of(g->r[1])), 1);
    nrig_run(g, 20);
    cr_assert_eq(reass_pending(net_of(g->r[1])), 0);
    cr_assert_eq(net_of(g->r[1])->stats.reass_timeout, 1);
    nrig_inject(g, f, len);
    len = nrig_packet(f, &n->mac, "10.0.0.9", "10.0.0.2", 1, 64, 2, data, 32); /* 16..48 over 0..32 */
    nrig_inject(g, f, len);
    nrig_run(g, 0.1);
    cr_assert_eq(reass_pending(net_of(g->r[1])), 0);
    cr_assert_eq(ip_drop_get(g->r[1], "fragment-overlap"), 2);
    for (unsigned i = 0; i < 1000; i++) { /* a flood of first fragments stays within the cap */
        len = nrig_packet(f, &n->mac, "10.0.0.9", "10.0.0.2", 1, 64, IP_MF, data, 32);
        put16(f + 18, (uint16_t)i);
        put16(f + 24, 0);
        put16(f + 24, ip_checksum(f + 14, 20));
        nrig_inject(g, f, len);
    }
    nrig_run(g, 0.1);
    cr_assert_leq(reass_pending(net_of(g->r[1])), 16);
    nrig_free(g);
}

Test(net, virtual_address_has_its_own_mac_and_moves)
{
    struct nrig *g = line();
    struct netif *n0 = netif_find(g->r[0], "GigabitEthernet0/0"), *n1 = netif_find(g->r[1], "GigabitEthernet0/0");
    struct addr vip = nrig_addr("10.0.0.254");
    struct mac vmac = {{0, 0, 0x0c, 7, 0xac, 1}};
    uint8_t f[128], data[16] = {8};
    put16(data + 2, ip_checksum(data, sizeof data));
    cr_assert_eq(netif_vip_add(n1, &vip, &vmac), 0);
    cr_assert(net_is_local(g->r[1], &vip));
    /* An ARP request for it is answered with the virtual MAC, in ARP and in Ethernet. */
    static const uint8_t req[42] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 0,  99, 8, 6,
                                    0,    1,    8,    0,    6,    4,    0, 1, 2, 0, 0,  0,  0, 99,
                                    10,   0,    0,    9,    0,    0,    0, 0, 0, 0, 10, 0,  0, 254};
    g->n_seen = 0;
    nrig_inject(g, req, sizeof req);
    nrig_run(g, 0.1);
    cr_assert_eq(g->n_seen, 1);
    cr_assert(!memcmp(g->seen[0].data + 6, vmac.b, 6) && !memcmp(g->seen[0].data + 22, vmac.b, 6));
    /* A ping to it: the answer has the virtual MAC as source. */
    g->n_seen = 0;
    nrig_inject(g, f, nrig_packet(f, &vmac, "10.0.0.9", "10.0.0.254", 1, 64, 0, data, sizeof data));
    nrig_run(g, 0.1);
    cr_assert_eq(g->n_seen, 1);
    cr_assert(!memcmp(g->seen[0].data + 6, vmac.b, 6));
    cr_assert_eq(g->seen[0].data[34], 0);
    /* Withdrawn: neither the MAC nor the address is ours. */
    netif_vip_del(n1, &vip);
    g->n_seen = 0;
    nrig_inject(g, f, nrig_packet(f, &vmac, "10.0.0.9", "10.0.0.254", 1, 64, 0, data, sizeof data));
    nrig_inject(g, req, sizeof req);
    nrig_run(g, 0.1);
    cr_assert_eq(g->n_seen, 0);
    cr_assert_eq(ip_drop_get(g->r[1], "not-our-mac"), 1);
    cr_assert_eq(netif_vip_add(n0, &vip, &vmac), 0);
    arp_send_gratuitous(n0, &vip, &vmac); /* moves the MAC in the switch */
    nrig_run(g, 0.01);
    g->n_seen = 0;
    nrig_inject(g, f, nrig_packet(f, &vmac, "10.0.0.9", "10.0.0.254", 1, 64, 0, data, sizeof data));
    nrig_run(g, 0.1);
    cr_assert_geq(g->n_seen, 1); /* at least its ARP request for the sender */
    nrig_free(g);
}

static unsigned duplicates;
static void on_duplicate(void *arg, struct netif *nif, const struct addr *a, const struct mac *by)
{
    (void)arg, (void)nif, (void)a, (void)by;
    duplicates++;
}

Test(net, arp_gives_up_and_reports_duplicates)
{
    struct nrig *g = line();
    struct heard h = {0};
    icmp_listen(g->r[0], hear, &h);
    cr_assert_eq(echo(g, 0, NULL, "10.0.0.77", 64, false, 0), 0);
    nrig_run(g, 5);
    cr_assert_eq(ip_drop_get(g->r[0], "arp-unresolved"), 1);
    cr_assert_eq(net_of(g->r[0])->stats.arp_req_out, 3);
    cr_assert_eq(h.type * 10 + h.code, 31);
    duplicates = 0;
    arp_on_duplicate(g->r[0], on_duplicate, NULL);
    static const uint8_t claim[42] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2,   0,   0,   0,   0,  99, 8, 6,
                                      0,    1,    8,    0,    6,    4,    0,   2,   2,   0,   0,  0,  0, 99,
                                      10,   0,    0,    1,    255,  255,  255, 255, 255, 255, 10, 0,  0, 1};
    nrig_inject(g, claim, sizeof claim);
    nrig_run(g, 0.1);
    cr_assert_eq(duplicates, 1);
    nrig_free(g);
}

Test(net, longest_match_recursion_and_interface_down)
{
    struct nrig *g = line();
    struct route_hit hit;
    struct addr a = nrig_addr("172.16.5.1"), b = nrig_addr("172.16.6.1");
    nrig_route(g, 1, "172.16.0.0", 16, "10.0.0.1");
    nrig_route(g, 1, "172.16.5.0", 24, "172.20.0.1"); /* through a route that comes later */
    nrig_route(g, 1, "172.20.0.0", 16, "10.1.0.3");
    cr_assert(route_lookup(g->r[1], &a, &hit));
    cr_assert_str_eq(hit.netif->name, "GigabitEthernet0/1");
    cr_assert_eq(addr_v4_get(&hit.next_hop), 0x0a010003);
    cr_assert(route_lookup(g->r[1], &b, &hit));
    cr_assert_str_eq(hit.netif->name, "GigabitEthernet0/0");
    netif_set_admin(netif_find(g->r[1], "GigabitEthernet0/1"), false);
    cr_assert(route_lookup(g->r[1], &a, &hit));
    cr_assert_str_eq(hit.netif->name, "GigabitEthernet0/0");
    netif_set_admin(netif_find(g->r[1], "GigabitEthernet0/1"), true);
    cr_assert(route_lookup(g->r[1], &a, &hit));
    cr_assert_str_eq(hit.netif->name, "GigabitEthernet0/1");
    memswitch_port_carrier(g->sw[0], "r1", false);
    nrig_run(g, 0.1);
    cr_assert_not(netif_find(g->r[1], "GigabitEthernet0/0")->line_up);
    cr_assert_not(route_lookup(g->r[1], &b, &hit));
    nrig_free(g);
}

/* A route with a gate is in force while the gate says so, and is taken away whatever it says. */
Test(net, a_route_behind_a_gate)
{
    struct nrig *g = nrig_new(1);
    nrig_if(g, 0, 0, "10.1.0.1", 16);
    bool open = false;
    struct route_hit hit;
    struct addr net = nrig_addr("172.16.0.0"), dst = nrig_addr("172.16.0.9");
    struct route rt = {.prefix = prefix_make(&net, 24),
                       .source = ROUTE_RRI,
                       .distance = 1,
                       .next_hop = nrig_addr("10.1.0.2"),
                       .ifname = "GigabitEthernet0/0",
                       .owner = 1,
                       .gate = &open};
    cr_assert_eq(route_add(g->r[0], &rt), 0);
    cr_assert_not(route_lookup(g->r[0], &dst, &hit));
    open = true;
    route_gates_changed(g->r[0]);
    cr_assert(route_lookup(g->r[0], &dst, &hit));
    cr_assert_eq(addr_v4_get(&hit.next_hop), 0x0a010002);
    open = false;
    route_gates_changed(g->r[0]);
    cr_assert_not(route_lookup(g->r[0], &dst, &hit));
    open = true;
    route_gates_changed(g->r[0]);
    cr_assert(route_lookup(g->r[0], &dst, &hit));
    cr_assert_eq(route_del(g->r[0], &rt), 0);
    cr_assert_not(route_lookup(g->r[0], &dst, &hit));
    nrig_free(g);
}

static struct route rib_route(uint32_t i, uint32_t owner)
{
    struct addr a = addr_v4(0x14000000u + (i << 8));
    return (struct route){.prefix = prefix_make(&a, 24),
                          .source = owner ? ROUTE_RRI : ROUTE_STATIC,
                          .distance = 1,
                          .next_hop = addr_v4(0x0a010002),
                          .owner = owner};
}

/* A full table: adding, doubling, taking away in any order, the cap, reverse routes counted by their owners. */
Test(net, a_large_route_table)
{
    struct nrig *g = nrig_new(1);
    nrig_if(g, 0, 0, "10.1.0.1", 16);
    enum { N = 100000 };
    struct route_hit hit;
    for (uint32_t i = 0; i < N; i++) {
        struct route rt = rib_route(i, 0);
        cr_assert_eq(route_add(g->r[0], &rt), 0);
        cr_assert_eq(route_add(g->r[0], &rt), 0); /* the same again is one */
    }
    for (uint32_t i = 0; i < N; i += 2) {
        struct route rt = rib_route(i * 7 % N, 0);
        cr_assert_eq(route_del(g->r[0], &rt), 0);
        cr_assert_eq(route_del(g->r[0], &rt), -ENOENT);
    }
    for (uint32_t i = 0; i < N; i++) {
        struct addr dst = addr_v4(0x14000001u + (i << 8));
        cr_assert_eq(route_lookup(g->r[0], &dst, &hit), i % 2, "route %u", i);
    }
    struct route rri[3];
    for (uint32_t k = 0; k < 3; k++) {
        rri[k] = rib_route(0, 1 + k);
        cr_assert_eq(route_add(g->r[0], &rri[k]), 0);
    }
    struct addr dst = addr_v4(0x14000001u);
    for (uint32_t k = 0; k < 3; k++) {
        cr_assert(route_lookup(g->r[0], &dst, &hit));
        cr_assert_eq(route_del(g->r[0], &rri[(k + 1) % 3]), 0);
    }
    cr_assert(!route_lookup(g->r[0], &dst, &hit));
    int rc = 0;
    for (uint32_t i = 0; !rc && i < 300000; i++) {
        struct route rt = rib_route(i, 9);
        rc = route_add(g->r[0], &rt);
    }
    cr_assert_eq(rc, -ENOSPC);
    nrig_free(g);
}

Test(net, access_lists)
{
    struct nrig *g = line();
    struct acl *acl;
    struct acl_line l = {.icmp_type = ACL_ICMP_ANY, .icmp_code = ACL_ICMP_ANY};
    uint32_t seq;
    l.rule = (struct acl_rule){.permit = true,
                               .proto = 6,
                               .src = nrig_addr("10.0.0.0"),
                               .src_wild = 0xff,
                               .dst_wild = UINT32_MAX,
                               .sport_hi = 65535,
                               .dport_lo = 23,
                               .dport_hi = 23};
    cr_assert_eq(acl_create(g->r[1], "t", true, &acl), 0);
    cr_assert_eq(acl_line_put(g->r[1], acl, &l, &seq), 0);
    cr_assert_eq(seq, 10);
    cr_assert_eq(acl_line_put(g->r[1], acl, &l, &seq), 0); /* the same again keeps its place */
    cr_assert_eq(acl->n_lines, 1);
    struct acl_flow flow = {.src = nrig_addr("10.0.0.1"), .dst = nrig_addr("10.1.0.3"), .proto = 6, .dport = 23};
    cr_assert_eq(acl_match(g->r[1], "t", &flow, true, NULL), ACL_PERMIT);
    flow.dport = 22;
    cr_assert_eq(acl_match(g->r[1], "t", &flow, true, NULL), ACL_NO_MATCH);
    flow.fragment = true;
    cr_assert_eq(acl_match(g->r[1], "t", &flow, true, NULL), ACL_PERMIT);
    cr_assert_eq(acl_match(g->r[1], "none", &flow, true, NULL), ACL_NONE);
    cr_assert_eq(acl->lines->matches, 2);
    char text[128];
    acl_rule_text(acl_rule_next(g->r[1], "t", NULL), text, sizeof text);
    cr_assert_str_eq(text, "permit tcp 10.0.0.0 0.0.0.255 any eq telnet");
    /* On an interface: an echo is denied, and the sender hears it. */
    struct heard h = {0};
    struct netif *n = netif_find(g->r[1], "GigabitEthernet0/0");
    icmp_listen(g->r[0], hear, &h);
    strcpy(n->acl_in, "t");
    nif_of(n)->acl_gen = 0;
    echo(g, 0, NULL, "10.1.0.3", 64, false, 0);
    nrig_run(g, 0.1);
    cr_assert_eq(h.type * 100 + h.code, 313);
    cr_assert_eq(ip_drop_get(g->r[1], "acl-denied-in"), 1);
    acl_delete(g->r[1], "t");
    echo(g, 0, NULL, "10.1.0.3", 64, false, 0);
    nrig_run(g, 0.1);
    cr_assert_eq(h.replies, 1);
    nrig_free(g);
}

Test(net, mutated_frames)
{
    struct nrig *g = line();
    struct netif *n = netif_find(g->r[1], "GigabitEthernet0/0");
    struct rng *rng = rng_new_seeded(3, "mutate", 1);
    uint8_t udp[32] = {0x12, 0x34, 0x07, 0xc1, 0, 32}, icmp[40] = {8}, f[256];
    put16(icmp + 2, ip_checksum(icmp, sizeof icmp));
    for (unsigned i = 0; i < 100000; i++) {
        uint32_t x[4];
        rng_draw(rng, RNG_FAULT, x, sizeof x);
        size_t len =
            nrig_packet(f, &n->mac, "10.0.0.9", x[0] & 1 ? "10.0.0.2" : "10.1.0.3", x[0] & 2 ? 1 : 17, 64,
                        x[0] & 4 ? (x[3] & 0x3fff) : 0, x[0] & 2 ? icmp : udp, x[0] & 2 ? sizeof icmp : sizeof udp);
        if (x[0] & 8) { /* mutate behind a header whose checksum is right */
            f[34 + x[1] % 24] ^= (uint8_t)(1u << x[2] % 8);
        } else {
            f[12 + x[1] % (len - 12)] = (uint8_t)x[2];
            if (x[0] & 16) {
                put16(f + 24, 0);
                put16(f + 24, ip_checksum(f + 14, 20));
            }
        }
        if (x[0] & 32)
            len = x[2] % (len + 1);
        nrig_inject(g, f, len);
        if (i % 64 == 0)
            nrig_run(g, 0.001);
    }
    nrig_run(g, 30);
    cr_assert_eq(reass_pending(net_of(g->r[1])), 0);
    struct heard h = {0};
    icmp_listen(g->r[0], hear, &h);
    echo(g, 0, NULL, "10.1.0.3", 64, false, 0);
    nrig_run(g, 1);
    cr_assert_eq(h.replies, 1, "the router still forwards");
    rng_free(rng);
    nrig_free(g);
}

Test(net, faults_lose_what_they_are_told_to)
{
    struct nrig *g = line();
    struct heard h = {0};
    struct link *l = netif_find(g->r[0], "GigabitEthernet0/0")->link;
    icmp_listen(g->r[0], hear, &h);
    echo(g, 0, NULL, "10.0.0.2", 64, false, 0);
    nrig_run(g, 0.1);
    link_fault_set(l, g->r[0], &(struct link_fault_spec){.oneway = true});
    echo(g, 0, NULL, "10.0.0.2", 64, false, 0);
    nrig_run(g, 0.1);
    cr_assert_eq(h.replies, 1);
    link_fault_set(l, g->r[0], &(struct link_fault_spec){.delay_ms = 50, .dup = 100});
    echo(g, 0, NULL, "10.0.0.2", 64, false, 0);
    nrig_run(g, 0.09);
    cr_assert_eq(h.replies, 1);
    nrig_run(g, 0.5);
    cr_assert_geq(h.replies, 3);
    link_fault_set(l, g->r[0], NULL);
    unsigned before = h.replies;
    echo(g, 0, NULL, "10.0.0.2", 64, false, 0);
    nrig_run(g, 0.01);
    cr_assert_eq(h.replies, before + 1);
    nrig_free(g);
}
