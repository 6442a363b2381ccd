/* Routes. The table of what is configured (static, reverse routes) and the forwarding table computed from it and from
 * the interfaces: longest match, up to four equal next hops, next hops resolved recursively, nothing through an
 * interface that is down. The forwarding table is built anew at the first lookup after a change. */
#include "modules/net/fast.h"
#include "modules/net/net_debug.h"
#include "modules/net/stack.h"
#include <stdlib.h>

enum { RIB_CAP = 200000, RIB_BUCKETS_MIN = 64, FIB_HOPS = 4, RESOLVE_PASSES = 8 };

struct rib_node {
    struct rib_node *next, **link; /* in the order they were added; link: what points here */
    struct rib_node *chain;        /* same hash */
    uint32_t hash;
    struct route rt;
};
struct fib_entry {
    uint32_t prefix;
    uint8_t len, distance, n;
    bool used;
    struct fib_hop hop[FIB_HOPS];
};
struct rib {
    struct rib_node *list, **tail;
    struct rib_node **bucket;
    uint32_t buckets; /* a power of two */
    unsigned n;
    bool dirty;
    struct route *connected; /* connected and local routes of this table */
    unsigned n_connected;
    struct fib_entry *fib; /* open addressing */
    uint32_t mask;
    uint64_t lens; /* bit n: there is a prefix of length n */
};

int rib_init(struct net *net)
{
    net->rib = calloc(1, sizeof *net->rib);
    if (!net->rib)
        return -ENOMEM;
    net->rib->buckets = RIB_BUCKETS_MIN;
    net->rib->bucket = calloc(RIB_BUCKETS_MIN, sizeof *net->rib->bucket);
    if (!net->rib->bucket) {
        free(net->rib);
        net->rib = NULL;
        return -ENOMEM;
    }
    net->rib->tail = &net->rib->list;
    net->rib->dirty = true;
    return 0;
}

void rib_fini(struct net *net)
{
    struct rib *rib = net->rib;
    if (!rib)
        return;
    while (rib->list) {
        struct rib_node *n = rib->list;
        rib->list = n->next;
        free(n);
    }
    free(rib->bucket);
    free(rib->connected);
    free(rib->fib);
    free(rib);
    net->rib = NULL;
}

void rib_touch(struct net *net)
{
    if (net->rib)
        net->rib->dirty = true;
    net_changed(net->router);
    net_debug_routes_changed(net);
}

static bool route_equal(const struct route *a, const struct route *b)
{
    return a->vrf == b->vrf && prefix_equal(&a->prefix, &b->prefix) && a->source == b->source && a->owner == b->owner &&
           addr_v4_get(&a->next_hop) == addr_v4_get(&b->next_hop) && !strcmp(a->ifname, b->ifname);
}

/* FNV-1a over what route_equal compares. */
static uint32_t route_hash(const struct route *rt)
{
    uint32_t word[6] = {rt->vrf,   addr_v4_get(&rt->prefix.addr), rt->prefix.len, (uint32_t)rt->source,
                        rt->owner, addr_v4_get(&rt->next_hop)};
    uint32_t h = UINT32_C(2166136261);
    for (unsigned i = 0; i < 6; i++)
        h = (h ^ word[i]) * UINT32_C(16777619) ^ word[i] >> 15;
    for (const char *c = rt->ifname; *c; c++)
        h = (h ^ (uint8_t)*c) * UINT32_C(16777619);
    return h ^ h >> 16;
}

/* Where the equal route hangs in its chain, or the chain's end. */
static struct rib_node **rib_find(const struct rib *rib, const struct route *rt, uint32_t hash)
{
    struct rib_node **pp = &rib->bucket[hash & (rib->buckets - 1)];
    while (*pp && ((*pp)->hash != hash || !route_equal(&(*pp)->rt, rt)))
        pp = &(*pp)->chain;
    return pp;
}

static void rib_grow(struct rib *rib)
{
    uint32_t size = rib->buckets * 2;
    struct rib_node **bucket = calloc(size, sizeof *bucket);
    if (!bucket)
        return; /* longer chains do as well */
    for (struct rib_node *n = rib->list; n; n = n->next) {
        n->chain = bucket[n->hash & (size - 1)];
        bucket[n->hash & (size - 1)] = n;
    }
    free(rib->bucket);
    rib->bucket = bucket;
    rib->buckets = size;
}

int route_add(struct router *r, const struct route *rt)
{
    struct rib *rib = net_of(r)->rib;
    uint32_t hash = route_hash(rt);
    struct rib_node *n = *rib_find(rib, rt, hash);
    if (n) {
        n->rt.distance = rt->distance;
        rib_touch(net_of(r));
        return 0;
    }
    if (rib->n == RIB_CAP)
        return -ENOSPC;
    n = calloc(1, sizeof *n);
    if (!n)
        return -ENOMEM;
    if (rib->n >= rib->buckets)
        rib_grow(rib);
    struct rib_node **bucket = &rib->bucket[hash & (rib->buckets - 1)];
    *n = (struct rib_node){.link = rib->tail, .chain = *bucket, .hash = hash, .rt = *rt};
    *bucket = n;
    *rib->tail = n;
    rib->tail = &n->next;
    rib->n++;
    if (!rt->gate || *rt->gate)
        rib_touch(net_of(r));
    return 0;
}

int route_del(struct router *r, const struct route *rt)
{
    struct rib *rib = net_of(r)->rib;
    struct rib_node **pp = rib_find(rib, rt, route_hash(rt)), *n = *pp;
    if (!n)
        return -ENOENT;
    *pp = n->chain;
    *n->link = n->next;
    if (n->next)
        n->next->link = n->link;
    else
        rib->tail = n->link;
    free(n);
    rib->n--;
    rib_touch(net_of(r));
    return 0;
}

void route_gates_changed(struct router *r)
{
    rib_touch(net_of(r));
}

/* ---- the forwarding table ---- */

static uint32_t fib_hash(uint32_t prefix, unsigned len)
{
    return (prefix ^ len * UINT32_C(0x9e3779b9)) * UINT32_C(2654435761) >> 8;
}

static struct fib_entry *fib_slot(const struct rib *rib, uint32_t prefix, unsigned len)
{
    for (uint32_t i = fib_hash(prefix, len);; i++) {
        struct fib_entry *e = &rib->fib[i & rib->mask];
        if (!e->used || (e->prefix == prefix && e->len == len))
            return e;
    }
}

static const struct fib_entry *fib_match(const struct rib *rib, uint32_t dst)
{
    for (int len = 32; rib->fib && len >= 0; len--) {
        if (!(rib->lens >> len & 1))
            continue;
        const struct fib_entry *e = fib_slot(rib, dst & mask_from_len((unsigned)len), (unsigned)len);
        if (e->used)
            return e;
    }
    return NULL;
}

static void fib_put(struct rib *rib, const struct route *rt, struct nif *out, uint32_t gateway)
{
    uint32_t prefix = addr_v4_get(&rt->prefix.addr);
    struct fib_entry *e = fib_slot(rib, prefix, rt->prefix.len);
    if (e->used && e->distance < rt->distance)
        return;
    if (!e->used || e->distance > rt->distance)
        *e = (struct fib_entry){.prefix = prefix, .len = rt->prefix.len, .distance = rt->distance, .used = true};
    rib->lens |= UINT64_C(1) << rt->prefix.len;
    for (unsigned i = 0; i < e->n; i++)
        if (e->hop[i].out == out && e->hop[i].gateway == gateway)
            return; /* the same reverse route of another SA */
    if (e->n < FIB_HOPS)
        e->hop[e->n++] = (struct fib_hop){out, gateway, rt};
}

/* A static route whose way is known now: through an interface, or through a next hop that the table reaches. */
static bool fib_resolve(struct net *net, const struct route *rt)
{
    struct rib *rib = net->rib;
    uint32_t nh = addr_v4_get(&rt->next_hop);
    if (rt->gate && !*rt->gate)
        return true;
    if (rt->ifname[0]) {
        struct netif *n = netif_find(net->router, rt->ifname);
        if (n && !strncmp(n->name, "Null", 4))
            fib_put(rib, rt, NULL, 0);
        else if (n && n->line_up)
            fib_put(rib, rt, nif_of(n), nh);
        return true;
    }
    const struct fib_entry *e = fib_match(rib, nh);
    if (!e || !e->n || (e->prefix == addr_v4_get(&rt->prefix.addr) && e->len == rt->prefix.len))
        return false;
    if (e->hop[0].route->source == ROUTE_LOCAL)
        return false;
    for (unsigned i = 0; i < e->n; i++)
        fib_put(rib, rt, e->hop[i].out, e->hop[i].gateway ? e->hop[i].gateway : nh);
    return true;
}

static void add_connected(struct rib *rib, struct nif *nif, const struct netif_addr *a, enum route_source source)
{
    struct route *rt = &rib->connected[rib->n_connected++];
    *rt = (struct route){.source = source, .prefix = prefix_make(&a->addr, source == ROUTE_LOCAL ? 32 : a->len)};
    memcpy(rt->ifname, nif->n.name, sizeof rt->ifname);
    fib_put(rib, rt, nif, 0);
}

static void fib_build(struct net *net)
{
    struct rib *rib = net->rib;
    size_t addrs = 0;
    uint32_t size = 64;
    for (unsigned i = 0; i < net->n_nifs; i++)
        addrs += net->nifs[i]->n.n_addrs;
    while (size < 2 * (2 * addrs + rib->n))
        size *= 2;
    struct fib_entry *fib = calloc(size, sizeof *fib);
    struct route *connected = calloc(2 * addrs + 1, sizeof *connected);
    const struct rib_node **pending = calloc(rib->n + 1u, sizeof *pending);
    if (!fib || !connected || !pending) {
        free(fib);
        free(connected);
        free(pending);
        return; /* the old table stays, and the next lookup tries again */
    }
    free(rib->fib);
    free(rib->connected);
    rib->fib = fib;
    rib->mask = size - 1;
    rib->lens = 0;
    rib->connected = connected;
    rib->n_connected = 0;
    rib->dirty = false;
    for (unsigned i = 0; i < net->n_nifs; i++) {
        struct nif *nif = net->nifs[i];
        for (unsigned k = 0; nif->n.line_up && k < nif->n.n_addrs; k++) {
            if (nif->n.addrs[k].len < 32)
                add_connected(rib, nif, &nif->n.addrs[k], ROUTE_CONNECTED);
            add_connected(rib, nif, &nif->n.addrs[k], nif->n.addrs[k].len < 32 ? ROUTE_LOCAL : ROUTE_CONNECTED);
        }
    }
    unsigned n = 0;
    for (const struct rib_node *node = rib->list; node; node = node->next)
        pending[n++] = node;
    for (unsigned pass = 0, left = n; left && pass < RESOLVE_PASSES; pass++) {
        unsigned before = left;
        for (unsigned i = 0; i < n; i++) {
            if (pending[i] && fib_resolve(net, &pending[i]->rt)) {
                pending[i] = NULL;
                left--;
            }
        }
        if (left == before)
            break;
    }
    free(pending);
}

const struct fib_hop *fib_lookup(struct net *net, uint32_t dst, uint32_t flow)
{
    if (net->rib->dirty)
        fib_build(net);
    const struct fib_entry *e = fib_match(net->rib, dst);
    if (!e || !e->n)
        return NULL;
    return &e->hop[e->n == 1 ? 0 : ((dst ^ flow) * UINT32_C(2654435761) >> 16) % e->n];
}

bool route_lookup(struct router *r, const struct addr *dst, struct route_hit *hit)
{
    struct net *net = net_of(r);
    const struct fib_hop *hop = dst->family == ADDR_V4 ? fib_lookup(net, addr_v4_get(dst), 0) : NULL;
    if (!hop || !hop->out)
        return false;
    hit->netif = &hop->out->n;
    hit->next_hop = hop->gateway ? addr_v4(hop->gateway) : *dst;
    hit->route = hop->route;
    return true;
}

bool route_find(struct router *r, const struct prefix *prefix, struct route_hit *hit)
{
    struct rib *rib = net_of(r)->rib;
    if (rib->dirty)
        fib_build(net_of(r));
    if (!rib->fib)
        return false;
    uint32_t dst = addr_v4_get(&prefix->addr) & mask_from_len(prefix->len);
    const struct fib_entry *e = fib_slot(rib, dst, prefix->len);
    if (!e->used || !e->n || !e->hop[0].out)
        return false;
    *hit = (struct route_hit){&e->hop[0].out->n, addr_v4(e->hop[0].gateway), e->hop[0].route};
    return true;
}

struct ordered {
    uint64_t key; /* prefix, then length: 38 bits */
    const struct fib_entry *e;
};

/* By key, eleven bits a pass: a hundred thousand routes in a turn of the control loop. tmp has room for n. */
static void order(struct ordered *v, struct ordered *tmp, unsigned n)
{
    enum { BITS = 11, PASSES = 4 };
    for (unsigned shift = 0; shift < BITS * PASSES; shift += BITS) {
        unsigned at[1u << BITS] = {0}, sum = 0;
        for (unsigned i = 0; i < n; i++)
            at[v[i].key >> shift & ((1u << BITS) - 1)]++;
        for (unsigned k = 0; k < 1u << BITS; k++) {
            unsigned count = at[k];
            at[k] = sum;
            sum += count;
        }
        for (unsigned i = 0; i < n; i++)
            tmp[at[v[i].key >> shift & ((1u << BITS) - 1)]++] = v[i];
        struct ordered *other = v; /* an even number of passes: the result is back in v */
        v = tmp;
        tmp = other;
    }
}

void rib_foreach(struct net *net, void (*fn)(void *ctx, const struct route *rt, const struct nif *out), void *ctx)
{
    struct rib *rib = net->rib;
    if (rib->dirty)
        fib_build(net);
    unsigned n = 0, cap = rib->n + rib->n_connected;
    if (!rib->fib || !cap)
        return;
    struct ordered *list = calloc(cap, 2 * sizeof *list);
    for (uint32_t i = 0; list && i <= rib->mask && n < cap; i++)
        if (rib->fib[i].used)
            list[n++] = (struct ordered){(uint64_t)rib->fib[i].prefix << 6 | rib->fib[i].len, &rib->fib[i]};
    if (n)
        order(list, list + cap, n);
    for (unsigned i = 0; i < n; i++)
        for (unsigned k = 0; k < list[i].e->n; k++)
            fn(ctx, list[i].e->hop[k].route, list[i].e->hop[k].out);
    free(list);
}
