/* Bare routers on memory links, see lib_net.h. */
#include "lib_net.h"
#include <stdio.h>
#include <stdlib.h>

static struct link *rig_link(void *ctx, struct router *r, const char *ifname, uint16_t mtu)
{
    struct nrig *g = ctx;
    unsigned k = 9;
    (void)mtu;
    return sscanf(ifname, "GigabitEthernet0/%u", &k) == 1 && k < 3 ? memswitch_port(g->sw[k], r->name) : NULL;
}

static void rig_reload(void *ctx, struct router *r, const char *reason)
{
    (void)ctx, (void)r, (void)reason;
}

static void stranger_rx(void *arg, struct frame_vec *v)
{
    struct nrig *g = arg;
    for (unsigned i = 0; i < v->n; i++) {
        if (g->n_seen < NRIG_SEEN && v->f[i]->len <= sizeof g->seen[0].data) {
            g->seen[g->n_seen].len = v->f[i]->len;
            memcpy(g->seen[g->n_seen++].data, v->f[i]->data, v->f[i]->len);
        }
        frame_free(v->f[i]);
    }
    v->n = 0;
}

struct nrig *nrig_new(unsigned routers)
{
    struct nrig *g = calloc(1, sizeof *g);
    struct router_host *host = calloc(1, sizeof *host);
    if (!g || !host)
        abort();
    *host = (struct router_host){.ctx = g, .open_link = rig_link, .reload = rig_reload};
    g->loop = loop_new_sim(INT64_C(1790000000) * NS_PER_S);
    for (unsigned k = 0; k < 3; k++) {
        char name[16];
        snprintf(name, sizeof name, "sw%u", k);
        g->sw[k] = memswitch_new(g->loop, name, false);
    }
    for (unsigned i = 0; i < routers; i++) {
        char name[16];
        snprintf(name, sizeof name, "r%u", i);
        g->rng[i] = rng_new_seeded(7, name, 1);
        storage_open_memory(&g->storage[i]);
        struct router_opts o = {
            .name = name, .loop = g->loop, .rng = g->rng[i], .storage = &g->storage[i], .host = host, .incarnation = 1};
        g->r[i] = router_new(&o);
        if (!g->r[i])
            abort();
        router_start(g->r[i]);
    }
    g->stranger = memswitch_port(g->sw[0], "stranger");
    g->stranger->rx = stranger_rx;
    g->stranger->arg = g;
    return g;
}

void nrig_free(struct nrig *g)
{
    const struct router_host *host = NULL;
    link_close(g->stranger);
    for (unsigned i = 0; i < NRIG_ROUTERS; i++) {
        if (!g->r[i])
            continue;
        host = g->r[i]->host;
        router_free(g->r[i]);
        rng_free(g->rng[i]);
        storage_close(&g->storage[i]);
    }
    for (unsigned k = 0; k < 3; k++)
        memswitch_free(g->sw[k]);
    loop_free(g->loop);
    free((void *)(uintptr_t)host);
    free(g);
}

struct addr nrig_addr(const char *text)
{
    struct addr a = {0};
    if (!addr_parse(text, &a))
        abort();
    return a;
}

struct netif *nrig_if(struct nrig *g, unsigned router, unsigned sw, const char *addr, unsigned len)
{
    char name[32];
    snprintf(name, sizeof name, "GigabitEthernet0/%u", sw);
    struct netif *n = netif_get(g->r[router], name);
    struct addr a = nrig_addr(addr);
    if (!n || netif_addr_add(n, &a, len, false))
        abort();
    nrig_run(g, 0.01);
    return n;
}

void nrig_run(struct nrig *g, double seconds)
{
    loop_run(g->loop, loop_now(g->loop) + (nstime)(seconds * (double)NS_PER_S));
}

void nrig_inject(struct nrig *g, const void *frame, size_t len)
{
    struct frame *f = len <= FRAME_SLOT - FRAME_HEADROOM ? frame_alloc(g->loop) : frame_alloc_big(g->loop);
    memcpy(frame_put(f, (uint32_t)len), frame, len);
    struct frame_vec v = {.n = 1, .f = {f}};
    link_send(g->stranger, &v);
}

void nrig_route(struct nrig *g, unsigned router, const char *dst, unsigned len, const char *via)
{
    struct addr a = nrig_addr(dst);
    struct route rt = {
        .prefix = prefix_make(&a, len), .source = ROUTE_STATIC, .distance = 1, .next_hop = nrig_addr(via)};
    if (route_add(g->r[router], &rt))
        abort();
}

size_t nrig_packet(uint8_t *buf, const struct mac *dst, const char *src_ip, const char *dst_ip, uint8_t proto,
                   uint8_t ttl, uint16_t frag, const void *payload, size_t len)
{
    static const uint8_t own[6] = {2, 0, 0, 0, 0, 99};
    struct addr s = nrig_addr(src_ip), d = nrig_addr(dst_ip);
    uint8_t *ip = buf + 14;
    memcpy(buf, dst->b, 6);
    memcpy(buf + 6, own, 6);
    put16(buf + 12, 0x0800);
    memset(ip, 0, 20);
    ip[0] = 0x45;
    put16(ip + 2, (uint16_t)(20 + len));
    put16(ip + 4, 77);
    put16(ip + 6, frag);
    ip[8] = ttl;
    ip[9] = proto;
    put32(ip + 12, addr_v4_get(&s));
    put32(ip + 16, addr_v4_get(&d));
    put16(ip + 10, ip_checksum(ip, 20));
    memcpy(ip + 20, payload, len);
    return 34 + len;
}
