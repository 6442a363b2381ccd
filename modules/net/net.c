/* The IP stack as a module: its state behind router->net, the table of our own addresses, the step boundary at which
 * gathered frames leave, and the registrations of the protocols above. */
#include "modules/net/dp.h"
#include "modules/net/hosts.h"
#include "modules/net/net_debug.h"
#include "modules/net/objgroup.h"
#include "modules/net/time_range.h"
#include <stdlib.h>

static void loopback_run(void *arg);
static void net_fini(struct router *r, void *state);

static int net_init(struct router *r, void **state)
{
    struct net *net = calloc(1, sizeof *net);
    if (!net)
        return ENOMEM;
    net->router = r;
    net->loop = r->loop;
    net->loop_task.run = loopback_run;
    net->loop_task.arg = net;
    net->ident = (uint16_t)rng_u32(r, RNG_ICMP);
    r->net = net;
    atomic_store(&net->generation, 1);
    if (dp_init(net) || arp_init(net) || rib_init(net) || reass_init(net) || acls_init(net)) {
        net_fini(r, net);
        return ENOMEM;
    }
    *state = net;
    net_local_rebuild(net);
    return 0;
}

static void net_fini(struct router *r, void *state)
{
    struct net *net = state;
    if (!net)
        return;
    dp_stop(net);
    loop_cancel(net->loop, &net->loop_task);
    while (net->loop_head) {
        struct frame *f = net->loop_head;
        net->loop_head = f->next;
        frame_free(f);
    }
    net_debug_fini(net);
    arp_fini(net);
    reass_fini(net);
    netif_free_all(net);
    rib_fini(net);
    acls_fini(net);
    hosts_fini(net);
    objgroups_fini(net);
    time_ranges_fini(net);
    dp_fini(net);
    free(net->local);
    free(net);
    r->net = NULL;
}

static void net_start(struct router *r, void *state)
{
    (void)r;
    struct net *net = state;
    net->started = true;
    for (unsigned i = 0; i < net->n_nifs; i++)
        netif_refresh(net->nifs[i]);
    dp_start(net);
}

static void net_halt(struct router *r, void *state)
{
    (void)r;
    dp_stop(state);
}

/* I8 in small: nothing is gathered or in flight between two steps. */
static void net_audit(struct router *r, void *state, void (*fail)(void *ctx, const char *invariant, const char *text),
                      void *ctx)
{
    (void)r;
    struct net *net = state;
    if (net->depth)
        fail(ctx, "I8", "a step of the frame path did not end");
    for (unsigned i = 0; i < net->n_nifs; i++)
        if (net->nifs[i]->txv.n)
            fail(ctx, "I8", "frames were gathered and not sent");
}

const struct module net_module = {.name = "net",
                                  .process = "IP Input",
                                  .init = net_init,
                                  .fini = net_fini,
                                  .halt = net_halt,
                                  .start = net_start,
                                  .audit = net_audit,
                                  .debug = net_debug_flags,
                                  .n_debug = NET_DEBUG_FLAGS,
                                  .debug_note = net_debug_note};

/* ---- our own addresses ---- */

static uint32_t local_hash(uint32_t ip)
{
    return ip * UINT32_C(2654435761) >> 7;
}

struct local_entry *net_local_find(const struct net *net, uint32_t ip)
{
    if (!net->local)
        return NULL;
    for (uint32_t i = local_hash(ip);; i++) {
        struct local_entry *e = &net->local[i & net->local_mask];
        if (e->kind == LOCAL_NONE)
            return NULL;
        if (e->ip == ip)
            return e;
    }
}

static void local_put(struct net *net, struct local_entry e)
{
    for (uint32_t i = local_hash(e.ip);; i++) {
        struct local_entry *slot = &net->local[i & net->local_mask];
        if (slot->kind == LOCAL_NONE) {
            *slot = e;
            return;
        }
        if (slot->ip == e.ip) {
            if (slot->kind == LOCAL_BROADCAST && e.kind == LOCAL_UNICAST)
                *slot = e;
            return;
        }
    }
}

void net_local_rebuild(struct net *net)
{
    size_t n = 0;
    for (unsigned i = 0; i < net->n_nifs; i++)
        n += 3 * net->nifs[i]->n.n_addrs + net->nifs[i]->n_vips;
    uint32_t size = 16;
    while (size < n * 2)
        size *= 2;
    struct local_entry *table = calloc(size, sizeof *table);
    if (!table)
        return; /* the old table stays: stale, not wrong in size */
    net_changed(net->router);
    free(net->local);
    net->local = table;
    net->local_mask = size - 1;
    for (unsigned i = 0; i < net->n_nifs; i++) {
        struct nif *nif = net->nifs[i];
        if (nif->n.vrf[0])
            continue; /* what is local there is not local here */
        for (unsigned k = 0; k < nif->n.n_addrs; k++) {
            uint32_t ip = addr_v4_get(&nif->n.addrs[k].addr), mask = mask_from_len(nif->n.addrs[k].len);
            local_put(net, (struct local_entry){ip, LOCAL_UNICAST, nif, NULL});
            if (nif->n.addrs[k].len > 30)
                continue;
            local_put(net, (struct local_entry){ip | ~mask, LOCAL_BROADCAST, nif, NULL});
            local_put(net, (struct local_entry){ip & mask, LOCAL_BROADCAST, nif, NULL});
        }
        for (unsigned k = 0; k < nif->n_vips; k++)
            local_put(net, (struct local_entry){nif->vips[k].ip, LOCAL_UNICAST, nif, &nif->vips[k]});
    }
    if (net->on_addresses)
        net->on_addresses(net->on_addresses_arg);
}

void net_on_addresses(struct router *r, void (*fn)(void *arg), void *arg)
{
    net_of(r)->on_addresses = fn;
    net_of(r)->on_addresses_arg = arg;
}

_Static_assert(sizeof(struct ip_stats) % sizeof(uint64_t) == 0, "counters and nothing else");

struct ip_stats net_stats(const struct net *net)
{
    struct ip_stats sum = net->stats;
    dp_add_stats(net, &sum);
    for (size_t i = 0; i < sizeof sum / sizeof(uint64_t); i++)
        ((uint64_t *)&sum)[i] -= ((const uint64_t *)&net->stats_base)[i];
    return sum;
}

void net_stats_clear(struct net *net)
{
    net->stats_base = (struct ip_stats){0};
    net->stats_base = net_stats(net);
}

/* ---- steps ---- */

void net_leave(struct net *net)
{
    if (net->depth > 1) {
        net->depth--;
        return;
    }
    for (unsigned i = 0; net->n_tx_dirty && i < net->n_nifs; i++)
        if (net->nifs[i]->tx_dirty)
            ether_flush(net->nifs[i]);
    net->depth = 0;
}

static void loopback_run(void *arg)
{
    struct net *net = arg;
    struct frame *f = net->loop_head;
    net->loop_head = net->loop_tail = NULL;
    net->n_loop = 0;
    net_enter(net);
    while (f) {
        struct frame *next = f->next;
        struct ip4 ip;
        f->next = NULL;
        if (ip_parse(f, &ip)) {
            ip_drop(net->router, "bad-header", f);
        } else {
            struct local_entry *e = net_local_find(net, ip.dst);
            struct frame_vec esp = {0};
            f->in = e ? &e->nif->n : NULL;
            f->arrival = loop_now(net->loop);
            if (f->in)
                ip_deliver(net, f, &ip, &esp);
            else
                ip_drop(net->router, "no-route", f);
            if (esp.n)
                net->proto[ip.proto].vec(net->proto[ip.proto].vec_arg, &esp);
        }
        f = next;
    }
    net_leave(net);
}

/* ---- registrations ---- */

int ip_proto_register(struct router *r, uint8_t proto, ip_input_fn fn, void *arg)
{
    struct ip_proto *p = &net_of(r)->proto[proto];
    if (fn && (p->fn || p->vec))
        return -EEXIST;
    p->fn = fn;
    p->arg = arg;
    return 0;
}

int ip_proto_register_vec(struct router *r, uint8_t proto, void (*fn)(void *arg, struct frame_vec *v), void *arg)
{
    struct ip_proto *p = &net_of(r)->proto[proto];
    if (fn && (p->fn || p->vec))
        return -EEXIST;
    p->vec = fn;
    p->vec_arg = arg;
    return 0;
}

void ip_crypto_set(struct router *r, const struct ip_crypto_ops *ops, void *ctx)
{
    net_of(r)->crypto = ops;
    net_of(r)->crypto_ctx = ctx;
    net_changed(r);
}

void arp_on_duplicate(struct router *r,
                      void (*fn)(void *arg, struct netif *nif, const struct addr *a, const struct mac *by), void *arg)
{
    net_of(r)->on_duplicate = fn;
    net_of(r)->on_duplicate_arg = arg;
}
