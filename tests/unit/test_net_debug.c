/* debug arp, debug ip packet, icmp, udp and routing: IOS's lines, each where the packet's fate is known. */
#include "lib_net.h"
#include "modules/core/log.h"
#include "modules/core/out.h"
#include "modules/net/net_debug.h"
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

static void hear(void *arg, const struct event *e)
{
    if (e->kind == EVENT_DEBUG)
        strbuf_add(arg, "%s\n", e->text);
}

/* r0 --sw0-- r1 --sw1-- r2; every line of r1 is in *lines. */
static struct nrig *line(struct strbuf *lines, struct log_sub **sub, unsigned bit)
{
    struct nrig *g = nrig_new(3);
    nrig_if(g, 0, 0, "10.0.0.1", 24);
    nrig_if(g, 1, 0, "10.0.0.2", 24);
    nrig_if(g, 1, 1, "10.1.0.2", 24);
    nrig_if(g, 2, 1, "10.1.0.3", 24);
    nrig_route(g, 0, "10.1.0.0", 24, "10.0.0.2");
    nrig_route(g, 0, "10.9.0.0", 24, "10.0.0.2");
    nrig_route(g, 2, "10.0.0.0", 24, "10.1.0.2");
    nrig_run(g, 0.01);
    *sub = log_subscribe(g->r[1], hear, lines);
    log_debug_set(g->r[1], &net_module, bit, true);
    return g;
}

static void end(struct nrig *g, struct strbuf *lines, struct log_sub *sub)
{
    log_unsubscribe(g->r[1], sub);
    strbuf_free(lines);
    nrig_free(g);
}

static void echo(struct nrig *g, unsigned router, const char *dst, uint8_t ttl)
{
    struct frame *f = frame_alloc_big(g->loop);
    uint8_t *p = frame_put(f, 80);
    memset(p, 0, 80);
    p[0] = 8;
    put16(p + 2, ip_checksum(p, 80));
    struct ip_tx tx = {.dst = nrig_addr(dst), .proto = 1, .ttl = ttl};
    ip_send(g->r[router], &tx, f);
    nrig_run(g, 0.1);
}

static void has(const struct strbuf *lines, const char *text)
{
    cr_assert(lines->s && strstr(lines->s, text), "%s\nnot in\n%s", text, lines->s ? lines->s : "");
}

static void has_not(const struct strbuf *lines, const char *text)
{
    cr_assert(!lines->s || !strstr(lines->s, text), "%s\nin\n%s", text, lines->s);
}

Test(net_debug, arp)
{
    struct strbuf b = {0};
    struct log_sub *sub;
    struct nrig *g = line(&b, &sub, NET_DEBUG_ARP);
    echo(g, 1, "10.1.0.3", 0);
    has(&b, "IP ARP: creating incomplete entry for IP address: 10.1.0.3 interface GigabitEthernet0/1\n");
    has(&b, "IP ARP: sent req src 10.1.0.2 ");
    has(&b, ",\n                 dst 10.1.0.3 0000.0000.0000 GigabitEthernet0/1\n");
    has(&b, "IP ARP: rcvd rep src 10.1.0.3 ");
    has(&b, ", dst 10.1.0.2 GigabitEthernet0/1\n");
    end(g, &b, sub);
}

Test(net_debug, icmp)
{
    struct strbuf b = {0};
    struct log_sub *sub;
    struct nrig *g = line(&b, &sub, NET_DEBUG_ICMP);
    echo(g, 0, "10.0.0.2", 0);
    has(&b, "ICMP: echo reply sent, src 10.0.0.2, dst 10.0.0.1, topology BASE, dscp 0 topoid 0\n");
    echo(g, 1, "10.1.0.3", 0);
    has(&b, "ICMP: echo reply rcvd, src 10.1.0.3, dst 10.1.0.2, topology BASE, dscp 0 topoid 0\n");
    echo(g, 0, "10.1.0.3", 1);
    has(&b, "ICMP: time exceeded (time to live) sent to 10.0.0.1 (dest was 10.1.0.3)\n");
    echo(g, 0, "10.9.0.3", 0);
    has(&b, "ICMP: dst (10.9.0.3) host unreachable sent to 10.0.0.1\n");
    end(g, &b, sub);
}

Test(net_debug, packets)
{
    struct strbuf b = {0};
    struct log_sub *sub;
    struct nrig *g = line(&b, &sub, NET_DEBUG_PACKET);
    struct udp_tx udp = {.ip.dst = nrig_addr("10.0.0.2"), .sport = 4000, .dport = 4001};
    net_of(g->r[1])->debug_detail = true;
    echo(g, 0, "10.0.0.2", 0);
    has(&b, "IP: s=10.0.0.1 (GigabitEthernet0/0), d=10.0.0.2, len 100, rcvd 3\n    ICMP type=8, code=0\n");
    has(&b, "IP: s=10.0.0.2 (local), d=10.0.0.1 (GigabitEthernet0/0), len 100, sending\n    ICMP type=0, code=0\n");
    echo(g, 0, "10.9.0.3", 0);
    has(&b, "IP: s=10.0.0.1 (GigabitEthernet0/0), d=10.9.0.3, len 100, unroutable\n");
    udp_send(g->r[0], &udp, "text", 4);
    nrig_run(g, 0.1);
    has(&b, "len 32, rcvd 3\n    UDP src=4000, dst=4001\n");
    echo(g, 1, "10.1.0.77", 0); /* nobody there */
    nrig_run(g, 5);
    has(&b, "d=10.1.0.77 (GigabitEthernet0/1), len 100, encapsulation failed\n");
    b.len = 0;
    snprintf(net_of(g->r[1])->debug_list, sizeof net_of(g->r[1])->debug_list,
             "101"); /* which nothing passes: undefined */
    echo(g, 0, "10.0.0.2", 0);
    cr_assert_eq(b.len, 0);
    end(g, &b, sub);
}

Test(net_debug, udp)
{
    struct strbuf b = {0};
    struct log_sub *sub;
    struct nrig *g = line(&b, &sub, NET_DEBUG_UDP);
    struct udp_tx udp = {.ip.dst = nrig_addr("10.0.0.2"), .sport = 4000, .dport = 4001};
    udp_send(g->r[0], &udp, "text", 4);
    nrig_run(g, 0.1);
    has(&b, "UDP: rcvd src=10.0.0.1(4000), dst=10.0.0.2(4001), length=12\n");
    udp.ip.dst = nrig_addr("10.1.0.3");
    udp_send(g->r[1], &udp, "text", 4);
    has(&b, "UDP: sent src=10.1.0.2(4000), dst=10.1.0.3(4001), length=12\n");
    end(g, &b, sub);
}

static void mark(void *arg)
{
    *(bool *)arg = true;
}

Test(net_debug, routing)
{
    struct strbuf b = {0};
    struct log_sub *sub;
    struct nrig *g = line(&b, &sub, NET_DEBUG_ROUTING);
    net_debug_routes_begin(net_of(g->r[1]));
    nrig_route(g, 1, "10.76.0.0", 16, "10.1.0.3");
    bool ran = false;
    struct task after = {.run = mark, .arg = &ran};
    loop_defer(g->loop, &after);
    net_debug_routes_begin(net_of(g->r[1])); /* once more, with that still to be looked at: it begins from here */
    nrig_route(g, 1, "10.77.0.0", 16, "10.1.0.3");
    nrig_route(g, 1, "10.78.0.0", 16, "10.200.0.3"); /* no way there: not in the table */
    nrig_run(g, 0.1);
    has(&b, "RT: add 10.77.0.0/16 via 10.1.0.3, static metric [1/0]\n");
    has_not(&b, "10.78.0.0");
    has_not(&b, "10.76.0.0");
    cr_assert(ran);
    has_not(&b, "del");
    b.len = 0;
    netif_set_admin(netif_find(g->r[1], "GigabitEthernet0/1"), false);
    nrig_run(g, 0.1);
    has(&b, "RT: del 10.77.0.0/16 via 10.1.0.3, static metric [1/0]\n");
    has(&b, "RT: del 10.1.0.0/24 via 0.0.0.0, GigabitEthernet0/1, connected metric [0/0]\n");
    has_not(&b, "add");
    log_debug_all_off(g->r[1]);
    nrig_route(g, 1, "10.79.0.0", 16, "10.0.0.1");
    nrig_run(g, 0.1);
    cr_assert_null(net_of(g->r[1])->route_watch, "nothing is kept once it is off");
    end(g, &b, sub);
}
