/* Fuzz target: Ethernet frames as they come from a link, through ARP, IPv4, reassembly, ICMP and UDP of a router with
 * two interfaces, one of them with a subinterface. The input is a sequence of (2-byte length, frame). */
#include "modules/net/vlan.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct rig {
    struct loop *loop;
    struct rng *rng;
    struct storage storage;
    struct memswitch *sw;
    struct router *r;
    struct link *out;
};

static struct link *fuzz_link(void *ctx, struct router *r, const char *ifname, uint16_t mtu)
{
    struct rig *g = ctx;
    (void)r, (void)mtu;
    return memswitch_port(g->sw, ifname);
}

static void fuzz_reload(void *ctx, struct router *r, const char *reason)
{
    (void)ctx, (void)r, (void)reason;
}

static void sink(void *arg, struct frame_vec *v)
{
    (void)arg;
    frame_free_vec(v);
}

static void power_on(struct rig *g)
{
    static struct router_host host = {NULL, fuzz_link, fuzz_reload};
    g->loop = loop_new_sim(INT64_C(1790000000) * NS_PER_S);
    g->rng = rng_new_seeded(1, "fuzz", 1);
    storage_open_memory(&g->storage);
    g->sw = memswitch_new(g->loop, "sw", false);
    host.ctx = g;
    struct router_opts o = {
        .name = "fuzz", .loop = g->loop, .rng = g->rng, .storage = &g->storage, .host = &host, .incarnation = 1};
    g->r = router_new(&o);
    if (!g->r)
        abort();
    router_start(g->r);
    struct addr a = addr_v4(0x0a000001), b = addr_v4(0x0a010001), vip = addr_v4(0x0a0000fe);
    struct mac vmac = {{0, 0, 0x0c, 7, 0xac, 1}};
    struct netif *n = netif_get(g->r, "GigabitEthernet0/0");
    n->mac = (struct mac){{2, 0, 0, 0, 0, 1}};
    netif_addr_add(n, &a, 24, false);
    netif_addr_add(netif_get(g->r, "GigabitEthernet0/1"), &b, 24, false);
    netif_vip_add(n, &vip, &vmac);
    struct addr c = addr_v4(0x0a020001);
    struct netif *sub = netif_get(g->r, "GigabitEthernet0/0.10");
    vlan_set(sub, 10, false);
    netif_addr_add(sub, &c, 24, false);
    g->out = memswitch_port(g->sw, "wire");
    g->out->rx = sink;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct rig *g;
    if (!g) {
        g = calloc(1, sizeof *g);
        if (!g)
            abort();
        power_on(g);
    }
    for (unsigned n = 0; size >= 2 && n < 64; n++) {
        size_t len = be16(data) % 2048;
        data += 2;
        size -= 2;
        if (len > size)
            len = size;
        struct frame *f = frame_alloc(g->loop);
        if (!f)
            abort();
        memcpy(frame_put(f, (uint32_t)len), data, len);
        data += len;
        size -= len;
        struct frame_vec v;
        v.n = 1;
        v.f[0] = f;
        link_send(g->out, &v);
    }
    loop_run(g->loop, loop_now(g->loop) + 20 * NS_PER_S);
    if (reass_pending(net_of(g->r)))
        abort();
    return 0;
}
