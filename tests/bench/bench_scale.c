/* Line 12: what a frame of 64 bytes costs a router as its tables grow, in process: vectors of 64 frames go in at one
 * interface and are counted and freed where they leave the other. Same flows in the small and in the large case but for
 * SAs, where the frames go to all of them in turn (eight in a row to each, as bursts come); the first pass, which finds
 * out about each flow, is not measured. Sizes take turns, round after round; medians of processor time. Prints
 * `bench12 routes|acl|seal|open SMALL_NS LARGE_NS`; needs no privilege. */
#include "cli/world.h"
#include "modules/net/ip.h"
#include "tests/bench/lib_many.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FLOWS = 1024, VECTOR = FRAME_VEC, ROUNDS = 5, RUN = 8, FRAME_LEN = 60, ACL_LINES = 1000 };

/* ---- a router between two links of ours ---- */
struct out_link { /* what leaves the router */
    uint64_t n;
    bool keep;
    unsigned kept;
    struct frame *frame[4 * VECTOR];
};
struct rig {
    struct world *w;
    struct router *r;
    struct netif *in, *out;
    const struct link_ops *real;
    struct link_ops ops;
};
static struct out_link out_link; /* the link's operations have no argument of their own */

static void out_tx(struct link *l, struct frame_vec *v)
{
    (void)l;
    out_link.n += v->n;
    for (unsigned i = 0; i < v->n; i++) {
        if (out_link.keep && out_link.kept < sizeof out_link.frame / sizeof *out_link.frame)
            out_link.frame[out_link.kept++] = v->f[i];
        else
            frame_free(v->f[i]);
    }
    v->n = 0;
}

static void die(const char *why)
{
    printf("bench12 failed %s\n", why);
    exit(1);
}

/* GigabitEthernet0/0 10.0.0.1/24, GigabitEthernet0/1 10.0.1.1/24 with a neighbour 10.0.1.2; both ends answer ARP. */
static void rig_open(struct rig *g, const char *more)
{
    char text[2048];
    memset(g, 0, sizeof *g);
    g->w = world_new(1);
    snprintf(text, sizeof text,
             "hostname r\n%s\ninterface GigabitEthernet0/0\n ip address 10.0.0.1 255.255.255.0\n"
             "interface GigabitEthernet0/1\n ip address 10.0.1.1 255.255.255.0\n",
             more);
    world_router(g->w, "r", text);
    world_switch(g->w, "in");
    world_switch(g->w, "out");
    world_plug(g->w, "r", "GigabitEthernet0/0", "in", "1");
    world_plug(g->w, "r", "GigabitEthernet0/1", "out", "1");
    world_host(g->w, "left", "in", "2", "10.0.0.2/24", "10.0.0.1");
    world_host(g->w, "right", "out", "2", "10.0.1.2/24", "10.0.1.1");
    world_start(g->w, "r");
    world_run(g->w, 1);
    g->r = world_router_get(g->w, "r");
    int status;
    free(world_exec(g->w, "r", "ping 10.0.0.2", &status));
    free(world_exec(g->w, "r", "ping 10.0.1.2", &status));
    g->in = netif_find(g->r, "GigabitEthernet0/0");
    g->out = netif_find(g->r, "GigabitEthernet0/1");
    g->real = g->out->link->ops;
    g->ops = *g->real;
    g->ops.tx = out_tx;
    g->out->link->ops = &g->ops;
}

static void rig_close(struct rig *g)
{
    g->out->link->ops = g->real;
    world_free(g->w);
}

static struct frame *packet(struct rig *g, uint32_t src, uint32_t dst, uint16_t sport)
{
    static const uint8_t left[6] = {2, 0, 0, 0, 0, 9};
    struct frame *f = frame_alloc(world_loop(g->w));
    uint8_t *p = f ? frame_put(f, FRAME_LEN) : NULL;
    if (!p)
        die("out of memory");
    memset(p, 0, FRAME_LEN);
    memcpy(p, g->in->mac.b, 6);
    memcpy(p + 6, left, 6);
    uint8_t head[28] = {
        [0] = 0x45, [3] = FRAME_LEN - 14, [8] = 64, [9] = 17, [22] = 0, [23] = 9, [25] = FRAME_LEN - 34};
    for (unsigned i = 0; i < 4; i++) {
        head[12 + i] = (uint8_t)(src >> (24 - 8 * i));
        head[16 + i] = (uint8_t)(dst >> (24 - 8 * i));
    }
    head[20] = (uint8_t)(sport >> 8);
    head[21] = (uint8_t)sport;
    uint16_t sum = ip_checksum(head, 20);
    head[10] = (uint8_t)(sum >> 8);
    head[11] = (uint8_t)sum;
    p[12] = 8;
    memcpy(p + 14, head, sizeof head);
    f->arrival = world_now(g->w);
    return f;
}

/* Sends a vector in; processor time until it has left. */
static double deliver(struct rig *g, struct netif *in, struct frame_vec *v)
{
    uint64_t want = out_link.n + v->n;
    double t = many_cpu_ns();
    link_deliver(in->link, v);
    for (unsigned i = 0; i < 4 && out_link.n < want; i++)
        world_run_ns(g->w, 0);
    return many_cpu_ns() - t;
}

/* Which flow the k-th frame of a pass belongs to, and its addresses. */
typedef void (*flow_fn)(uint32_t k, uint32_t size, uint32_t *src, uint32_t *dst, uint16_t *sport);

static double pass(struct rig *g, flow_fn flow, uint32_t size, uint32_t frames)
{
    double ns = 0;
    uint64_t before = out_link.n;
    for (uint32_t k = 0; k < frames; k += VECTOR) {
        struct frame_vec v = {.n = VECTOR};
        for (uint32_t i = 0; i < VECTOR; i++) {
            uint32_t src, dst;
            uint16_t sport;
            flow(k + i, size, &src, &dst, &sport);
            v.f[i] = packet(g, src, dst, sport);
        }
        ns += deliver(g, g->in, &v);
    }
    if (out_link.n - before < frames)
        die("frames do not come through");
    return ns / frames;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static double median(double *v)
{
    qsort(v, ROUNDS, sizeof *v, by_value);
    return v[ROUNDS / 2];
}

/* Two rigs, made beforehand, take turns. */
static void compare(const char *what, struct rig *g, flow_fn flow, const uint32_t size[2], const uint32_t frames[2])
{
    double ns[2][ROUNDS];
    for (unsigned k = 0; k < 2; k++)
        pass(&g[k], flow, size[k], frames[k]);
    for (unsigned i = 0; i < ROUNDS; i++)
        for (unsigned k = 0; k < 2; k++)
            ns[k][i] = pass(&g[k], flow, size[k], frames[k]);
    printf("bench12 %s %.1f %.1f\n", what, median(ns[0]), median(ns[1]));
}

/* ---- routes: 1,024 flows, each to a route of its own where there are enough ---- */
static void flow_route(uint32_t k, uint32_t size, uint32_t *src, uint32_t *dst, uint16_t *sport)
{
    uint32_t flow = k % FLOWS;
    *src = 0x0a000002;
    *dst = 0x14000005 + (uint32_t)((uint64_t)flow * 97 % size << 8);
    *sport = (uint16_t)(1024 + flow);
}

static void routes(void)
{
    static const uint32_t size[2] = {10, 100000}, frames[2] = {64 * FLOWS, 64 * FLOWS};
    struct rig g[2];
    for (unsigned k = 0; k < 2; k++) {
        rig_open(&g[k], "");
        for (uint32_t i = 0; i < size[k]; i++) {
            struct addr net = addr_v4(0x14000000 + (i << 8));
            struct route rt = {.prefix = prefix_make(&net, 24),
                               .source = ROUTE_STATIC,
                               .distance = 1,
                               .next_hop = many_addr("10.0.1.2")};
            if (route_add(g[k].r, &rt))
                die("a route is refused");
        }
    }
    compare("routes", g, flow_route, size, frames);
    rig_close(&g[0]);
    rig_close(&g[1]);
}

/* ---- an access list in front: 1,024 flows over all its lines ---- */
static void flow_acl(uint32_t k, uint32_t size, uint32_t *src, uint32_t *dst, uint16_t *sport)
{
    uint32_t flow = k % FLOWS;
    *src = 0x1e000000 + (uint32_t)((uint64_t)flow * 97 % size);
    *dst = 0x14000005;
    *sport = (uint16_t)(1024 + flow);
}

static void acl(void)
{
    static const uint32_t size[2] = {10, ACL_LINES}, frames[2] = {64 * FLOWS, 64 * FLOWS};
    struct rig g[2];
    for (unsigned k = 0; k < 2; k++) {
        rig_open(&g[k], "ip route 20.0.0.0 255.0.0.0 10.0.1.2");
        size_t cap = 64 + (size_t)size[k] * 48, len;
        char *text = malloc(cap);
        len = (size_t)snprintf(text, cap, "ip access-list extended big\n");
        for (uint32_t i = 0; i < size[k]; i++)
            len += (size_t)snprintf(text + len, cap - len, " permit udp host 30.0.%u.%u any\n", i >> 8, i & 255);
        unsigned bad = world_config(g[k].w, "r", text);
        free(text);
        if (bad || world_config(g[k].w, "r", "interface GigabitEthernet0/0\n ip access-group big in\n"))
            die("a line of the access list is refused");
    }
    compare("acl", g, flow_acl, size, frames);
    rig_close(&g[0]);
    rig_close(&g[1]);
}

/* ---- SAs: sealed by one router, opened by the other ---- */
static void flow_sa(uint32_t k, uint32_t size, uint32_t *src, uint32_t *dst, uint16_t *sport)
{
    *src = 0x0a000002;
    *dst = 0x14000000 + k / RUN % size;
    *sport = 1024;
}

static const char crypto_config[] = "crypto ipsec transform-set t2 esp-aes 256 esp-sha-hmac\n"
                                    "crypto dynamic-map dyn1 10\n set transform-set t2\n"
                                    "crypto map m 10 ipsec-isakmp dynamic dyn1\n"
                                    "ip route %s 255.0.0.0 10.0.1.2\n";

static void install(struct rig *g, uint32_t n, bool mirror)
{
    static struct ipsec_pair p;
    struct addr net = many_addr("10.0.0.0");
    struct many_spec s = {.map = "m",
                          .dynamic = "dyn1",
                          .interface = "GigabitEthernet0/1",
                          .group = "",
                          .local = many_addr("10.0.1.1"),
                          .peer = many_addr("10.0.1.2"),
                          .local_net = prefix_make(&net, 24),
                          .remote = 0x14000000,
                          .spi = 0x10000000};
    if (world_config(g->w, "r", "interface GigabitEthernet0/1\n crypto map m\n"))
        die("the crypto map is refused");
    for (uint32_t i = 0; i < n; i++) {
        many_pair(&p, &s, i, mirror);
        if (mirror) { /* both routers have the same address: what one sends to its peer the other takes for its own */
            p.prop.local = s.local;
            p.prop.peer = s.peer;
        }
        if (ipsec_pair_install(g->r, &p, 0))
            die("a pair is refused");
        ipsec_pair_enable(g->r, p.in_spi);
    }
}

/* What the sealing router sent arrives at the opening one, whose outside is the sealing one's peer. */
static void readdress(struct frame *f, const struct netif *to)
{
    uint8_t *ip = f->data + 14;
    static const uint8_t ends[8] = {10, 0, 1, 2, 10, 0, 1, 1};
    memcpy(f->data, to->mac.b, 6);
    memcpy(ip + 12, ends, 8);
    memset(ip + 10, 0, 2);
    uint16_t sum = ip_checksum(ip, 20);
    ip[10] = (uint8_t)(sum >> 8);
    ip[11] = (uint8_t)sum;
}

struct tunnel {
    struct rig seal, open;
};

static void tunnel_pass(struct tunnel *t, uint32_t size, uint32_t frames, double ns[2])
{
    ns[0] = ns[1] = 0;
    for (uint32_t k = 0; k < frames; k += VECTOR) {
        struct frame_vec v = {.n = VECTOR};
        for (uint32_t i = 0; i < VECTOR; i++) {
            uint32_t src, dst;
            uint16_t sport;
            flow_sa(k + i, size, &src, &dst, &sport);
            v.f[i] = packet(&t->seal, src, dst, sport);
        }
        out_link.keep = true;
        out_link.kept = 0;
        ns[0] += deliver(&t->seal, t->seal.in, &v);
        out_link.keep = false;
        if (out_link.kept != VECTOR)
            die("frames are not sealed");
        v.n = VECTOR;
        for (uint32_t i = 0; i < VECTOR; i++) {
            struct frame *mine = frame_alloc(world_loop(t->open.w)); /* each world has its own pool */
            struct frame *f = out_link.frame[i];
            memcpy(frame_put(mine, f->len), f->data, f->len);
            mine->arrival = world_now(t->open.w);
            frame_free(f);
            readdress(mine, t->open.out);
            v.f[i] = mine;
        }
        uint64_t before = out_link.n;
        ns[1] += deliver(&t->open, t->open.out, &v);
        if (out_link.n - before != VECTOR)
            die("frames are not opened");
    }
    ns[0] /= frames;
    ns[1] /= frames;
}

static void tunnel_open(struct tunnel *t, uint32_t n)
{
    char text[600];
    snprintf(text, sizeof text, crypto_config, "20.0.0.0");
    rig_open(&t->seal, text);
    rig_open(
        &t->open,
        "crypto ipsec transform-set t2 esp-aes 256 esp-sha-hmac\ncrypto dynamic-map dyn1 10\n set transform-set t2\n"
        "crypto map m 10 ipsec-isakmp dynamic dyn1\nip route 20.0.0.0 255.0.0.0 10.0.0.2");
    /* The opening router's packets leave by its inside. */
    t->open.out->link->ops = t->open.real;
    t->open.real = t->open.in->link->ops;
    t->open.in->link->ops = &t->open.ops;
    install(&t->seal, n, false);
    install(&t->open, n, true);
}

static void sas(void)
{
    static const uint32_t size[2] = {10, MANY}, frames[2] = {RUN * MANY, RUN * MANY};
    static struct tunnel t[2];
    double seal[2][ROUNDS], open[2][ROUNDS], ns[2];
    for (unsigned k = 0; k < 2; k++) {
        tunnel_open(&t[k], size[k]);
        tunnel_pass(&t[k], size[k], frames[k], ns);
    }
    for (unsigned i = 0; i < ROUNDS; i++) {
        for (unsigned k = 0; k < 2; k++) {
            tunnel_pass(&t[k], size[k], frames[k], ns);
            seal[k][i] = ns[0];
            open[k][i] = ns[1];
        }
    }
    printf("bench12 seal %.1f %.1f\n", median(seal[0]), median(seal[1]));
    printf("bench12 open %.1f %.1f\n", median(open[0]), median(open[1]));
    for (unsigned k = 0; k < 2; k++) {
        rig_close(&t[k].seal);
        t[k].open.in->link->ops = t[k].open.real;
        world_free(t[k].open.w);
    }
}

int main(void)
{
    routes();
    acl();
    sas();
    return 0;
}
