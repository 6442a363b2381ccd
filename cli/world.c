/* The simulated world: one loop on simulated time, in-memory switches and cables, routers with their power switch,
 * hosts. Called by `tapir sim`, by the scenario runner and by unit tests. Commands are in world_exec.c, hosts in
 * world_host.c. */
#include "cli/world_int.h"
#include "modules/core/ifname.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* 2026-01-01 00:00:00 UTC: the date of every simulated lab at its first instant. */
#define WALL_AT_ZERO (INT64_C(1767225600) * NS_PER_S)

struct world *world_new(uint64_t seed)
{
    struct world *w = calloc(1, sizeof *w);
    if (!w)
        return NULL;
    w->seed = seed;
    w->loop = loop_new_sim(WALL_AT_ZERO);
    w->boot_time = 2 * NS_PER_S;
    w->nodes_end = &w->nodes;
    w->switches_end = &w->switches;
    return w;
}

void world_free(struct world *w)
{
    if (!w)
        return;
    for (struct wnode *n = w->nodes; n; n = n->next) {
        world_jobs_end_of(w, n);
        instance_free(n->inst);
        n->inst = NULL;
        memhost_free(n->host);
        n->host = NULL;
    }
    for (struct wnode *n = w->nodes, *next; n; n = next) {
        next = n->next;
        for (struct plug *p = n->plugs, *pn; p; p = pn) {
            pn = p->next;
            free(p);
        }
        if (n->storage.ops)
            storage_close(&n->storage);
        free(n);
    }
    for (struct wswitch *s = w->switches, *next; s; s = next) {
        next = s->next;
        memswitch_free(s->sw);
        free(s);
    }
    loop_free(w->loop);
    free(w);
}

struct loop *world_loop(struct world *w)
{
    return w->loop;
}

nstime world_now(struct world *w)
{
    return loop_now(w->loop);
}

void world_run_ns(struct world *w, nstime ns)
{
    loop_run(w->loop, loop_now(w->loop) + ns);
}

void world_run(struct world *w, double seconds)
{
    world_run_ns(w, (nstime)(seconds * (double)NS_PER_S));
}

void world_boot_time(struct world *w, nstime ns)
{
    w->boot_time = ns;
}

void world_set_watch(struct world *w, const struct world_watch *watch)
{
    w->watch = *watch;
}

struct wnode *world_node(struct world *w, const char *name)
{
    for (struct wnode *n = w->nodes; n; n = n->next)
        if (strcmp(n->name, name) == 0)
            return n;
    return NULL;
}

static struct wnode *node_add(struct world *w, const char *name)
{
    struct wnode *n = calloc(1, sizeof *n);
    if (!n)
        return NULL;
    n->world = w;
    snprintf(n->name, sizeof n->name, "%s", name);
    *w->nodes_end = n;
    w->nodes_end = &n->next;
    return n;
}

/* ---- switches ---- */

static void switch_saw(void *arg, nstime at, const uint8_t *frame, size_t len)
{
    struct wswitch *s = arg;
    for (unsigned k = 0; k < s->world->n_sniff; k++)
        s->world->sniff[k].see(s->world->sniff[k].arg, s->name, at, frame, len);
}

static struct wswitch *switch_add(struct world *w, const char *name, bool cable)
{
    struct wswitch *s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    s->world = w;
    s->cable = cable;
    snprintf(s->name, sizeof s->name, "%s", name);
    s->sw = memswitch_new(w->loop, name, cable);
    memswitch_tap(s->sw, switch_saw, s);
    *w->switches_end = s;
    w->switches_end = &s->next;
    return s;
}

static struct wswitch *switch_find(struct world *w, const char *name)
{
    for (struct wswitch *s = w->switches; s; s = s->next)
        if (strcmp(s->name, name) == 0)
            return s;
    return NULL;
}

int world_switch(struct world *w, const char *name)
{
    if (switch_find(w, name))
        return -EEXIST;
    return switch_add(w, name, false) ? 0 : -ENOMEM;
}

void world_sniff(struct world *w, void (*see)(void *arg, const char *sw, nstime at, const uint8_t *frame, size_t len),
                 void *arg)
{
    if (w->n_sniff < WORLD_SNIFFERS)
        w->sniff[w->n_sniff++] = (struct wsniff){see, arg};
}

/* ---- routers ---- */

static struct link *plug_open(struct plug *p, struct router *r)
{
    struct link *l = memswitch_port(p->sw->sw, p->port);
    if (!l)
        return NULL;
    p->link = l;
    memswitch_port_carrier(p->sw->sw, p->port, !p->down);
    if (r && p->faulty)
        link_fault_set(l, r, &p->fault);
    return l;
}

static struct link *node_open_link(void *ctx, struct router *r, const char *ifname, uint16_t mtu)
{
    struct wnode *n = ctx;
    (void)mtu;
    for (struct plug *p = n->plugs; p; p = p->next)
        if (strcmp(p->ifname, ifname) == 0)
            return plug_open(p, r);
    errno = ENODEV; /* nothing is plugged in here */
    return NULL;
}

static void node_up(void *ctx, struct router *r)
{
    struct wnode *n = ctx;
    if (n->world->watch.up)
        n->world->watch.up(n->world->watch.arg, n->name, r);
}

static void node_down(void *ctx, struct router *r, bool reload)
{
    struct wnode *n = ctx;
    (void)r;
    world_jobs_end_of(n->world, n);
    for (struct plug *p = n->plugs; p; p = p->next)
        p->link = NULL; /* the router's interfaces close them */
    if (n->world->watch.down)
        n->world->watch.down(n->world->watch.arg, n->name, reload);
}

static void node_bad(void *ctx, unsigned lineno, const char *line, const char *answer)
{
    struct wnode *n = ctx;
    if (n->world->watch.bad)
        n->world->watch.bad(n->world->watch.arg, n->name, lineno, line, answer);
}

int world_router(struct world *w, const char *name, const char *startup)
{
    if (world_node(w, name))
        return -EEXIST;
    struct wnode *n = node_add(w, name);
    if (!n)
        return -ENOMEM;
    int rc = storage_open_memory(&n->storage);
    if (rc)
        return rc;
    struct instance_opts io = {.name = n->name,
                               .loop = w->loop,
                               .storage = &n->storage,
                               .first_config = startup && *startup ? startup : NULL,
                               .boot_time = w->boot_time,
                               .seeded = true,
                               .seed = w->seed,
                               .lab_keys = true,
                               .ctx = n,
                               .open_link = node_open_link,
                               .bad = node_bad,
                               .up = node_up,
                               .down = node_down};
    n->inst = instance_new(&io);
    return n->inst ? 0 : -ENOMEM;
}

void world_start(struct world *w, const char *name)
{
    struct wnode *n = world_node(w, name);
    if (n && n->inst)
        instance_power_on(n->inst);
}

void world_kill(struct world *w, const char *name)
{
    struct wnode *n = world_node(w, name);
    if (n && n->inst)
        instance_kill(n->inst);
}

bool world_is_router(struct world *w, const char *name)
{
    struct wnode *n = world_node(w, name);
    return n && n->inst;
}

bool world_powered(struct world *w, const char *name)
{
    struct wnode *n = world_node(w, name);
    return n && n->inst && instance_powered(n->inst);
}

struct router *world_router_get(struct world *w, const char *name)
{
    struct wnode *n = world_node(w, name);
    return n && n->inst ? instance_router(n->inst) : NULL;
}

struct storage *world_storage(struct world *w, const char *name)
{
    struct wnode *n = world_node(w, name);
    return n && n->inst ? &n->storage : NULL;
}

const char *world_router_name(struct world *w, unsigned index)
{
    for (struct wnode *n = w->nodes; n; n = n->next)
        if (n->inst && index-- == 0)
            return n->name;
    return NULL;
}

/* ---- plugs ---- */

static struct plug *plug_add(struct wnode *n, const char *ifname, struct wswitch *s, const char *port)
{
    struct plug *p = calloc(1, sizeof *p);
    if (!p)
        return NULL;
    if (!n->inst || !ifname_parse(ifname, p->ifname))
        snprintf(p->ifname, sizeof p->ifname, "%s", ifname);
    snprintf(p->port, sizeof p->port, "%s", port);
    p->sw = s;
    struct plug **end = &n->plugs;
    while (*end)
        end = &(*end)->next;
    *end = p;
    if (n->host)
        memhost_attach(n->host, ifname, plug_open(p, NULL));
    return p;
}

int world_plug(struct world *w, const char *node, const char *ifname, const char *sw, const char *port)
{
    struct wnode *n = world_node(w, node);
    struct wswitch *s = switch_find(w, sw);
    if (!n || !s)
        return -ENOENT;
    return plug_add(n, ifname, s, port) ? 0 : -ENOMEM;
}

int world_cable(struct world *w, const char *node_a, const char *if_a, const char *node_b, const char *if_b)
{
    struct wnode *a = world_node(w, node_a), *b = world_node(w, node_b);
    if (!a || !b)
        return -ENOENT;
    char name[64];
    snprintf(name, sizeof name, "%.14s:%.16s--%.14s:%.14s", node_a, if_a, node_b, if_b);
    struct wswitch *s = switch_add(w, name, true);
    if (!s)
        return -ENOMEM;
    return plug_add(a, if_a, s, "a") && plug_add(b, if_b, s, "b") ? 0 : -ENOMEM;
}

static struct plug *plug_find(struct world *w, const char *node, const char *ifname)
{
    struct wnode *n = world_node(w, node);
    char canonical[40];
    if (!n)
        return NULL;
    if (!n->inst || !ifname_parse(ifname, canonical))
        snprintf(canonical, sizeof canonical, "%s", ifname);
    for (struct plug *p = n->plugs; p; p = p->next)
        if (strcmp(p->ifname, canonical) == 0)
            return p;
    return NULL;
}

void world_link_down(struct world *w, const char *node, const char *ifname, bool down)
{
    struct plug *p = plug_find(w, node, ifname);
    if (!p)
        return;
    p->down = down;
    memswitch_port_carrier(p->sw->sw, p->port, !down);
}

int world_fault(struct world *w, const char *sw, const char *port, const struct link_fault_spec *spec)
{
    struct wswitch *s = switch_find(w, sw);
    unsigned hits = 0;
    if (!s)
        return -ENOENT;
    for (struct wnode *n = w->nodes; n; n = n->next)
        for (struct plug *p = n->plugs; p; p = p->next) {
            if (p->sw != s || (port && strcmp(p->port, port) != 0))
                continue;
            hits++;
            p->faulty = spec != NULL;
            if (spec)
                p->fault = *spec;
            if (p->link && n->inst)
                link_fault_set(p->link, instance_router(n->inst), spec);
        }
    return hits ? 0 : -ENOENT;
}

/* ---- hosts ---- */

int world_host_bare(struct world *w, const char *name)
{
    if (world_node(w, name))
        return -EEXIST;
    struct wnode *n = node_add(w, name);
    if (!n)
        return -ENOMEM;
    n->host = memhost_new(w->loop, n->name);
    return n->host ? 0 : -ENOMEM;
}

int world_host(struct world *w, const char *name, const char *sw, const char *port, const char *addr_len,
               const char *gateway)
{
    int rc = world_host_bare(w, name);
    if (rc == 0)
        rc = world_plug(w, name, "eth1", sw, port);
    if (rc == 0)
        rc = memhost_addr(world_node(w, name)->host, NULL, addr_len);
    if (rc == 0 && gateway)
        rc = memhost_route(world_node(w, name)->host, "default", gateway);
    return rc;
}

int world_host_exec(struct world *w, const char *name, const char *line)
{
    struct wnode *n = world_node(w, name);
    char a[64], dev[40], via[40], verb[16], object[16];
    if (!n || !n->host)
        return -ENOENT;
    if (sscanf(line, "ip addr add %63s dev %39s", a, dev) == 2 ||
        sscanf(line, "ip address add %63s dev %39s", a, dev) == 2)
        return memhost_addr(n->host, dev, a);
    if (sscanf(line, "ip %15s %15s %63s via %39s", object, verb, a, via) == 4 && strcmp(object, "route") == 0 &&
        (strcmp(verb, "add") == 0 || strcmp(verb, "replace") == 0))
        return memhost_route(n->host, a, via);
    return -EINVAL;
}
