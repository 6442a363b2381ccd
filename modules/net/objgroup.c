/* Object groups (see objgroup.h). Addresses are looked up by bisection in what all members, nested ones too, amount to;
 * services are few and compared one by one. Called by the commands that edit groups and when a line of an access list
 * is held against a packet. */
#include "modules/net/objgroup.h"
#include "modules/net/fast.h"
#include "modules/net/stack.h"
#include <stdlib.h>

enum { OBJGROUPS_MAX = 4096, MEMBERS_MAX = 65536, FLAT_MAX = 1 << 20, OG_BUCKETS = 256 };
struct objgroups {
    struct objgroup *bucket[OBJGROUP_KINDS][OG_BUCKETS];
    unsigned n;
    uint32_t generation;
};

static struct objgroup **bucket_of(struct objgroups *gs, enum objgroup_kind kind, const char *name)
{
    uint32_t h = 2166136261u;
    for (; *name; name++)
        h = (h ^ (unsigned char)*name) * 16777619u;
    return &gs->bucket[kind][h % OG_BUCKETS];
}

static void group_free(struct objgroup *g)
{
    free(g->member);
    free(g->flat);
    free(g);
}

void objgroups_fini(struct net *net)
{
    struct objgroups *gs = net->objgroups;
    for (unsigned i = 0; gs && i < OBJGROUP_KINDS * OG_BUCKETS; i++)
        while (gs->bucket[i / OG_BUCKETS][i % OG_BUCKETS]) {
            struct objgroup **pp = &gs->bucket[i / OG_BUCKETS][i % OG_BUCKETS], *g = *pp;
            *pp = g->chain;
            group_free(g);
        }
    free(gs);
    net->objgroups = NULL;
}

static void changed(struct router *r)
{
    net_of(r)->objgroups->generation++;
    net_changed(r);
}

struct objgroup *objgroup_find(struct router *r, enum objgroup_kind kind, const char *name)
{
    struct objgroups *gs = net_of(r)->objgroups;
    struct objgroup *g = gs ? *bucket_of(gs, kind, name) : NULL;
    while (g && strcmp(g->name, name) != 0)
        g = g->chain;
    return g;
}

struct objgroup *objgroup_get(struct router *r, enum objgroup_kind kind, const char *name)
{
    struct net *net = net_of(r);
    if (!net->objgroups && !(net->objgroups = calloc(1, sizeof *net->objgroups)))
        return NULL;
    struct objgroups *gs = net->objgroups;
    struct objgroup *g = objgroup_find(r, kind, name);
    if (!g) {
        if (gs->n == OBJGROUPS_MAX || strlen(name) >= sizeof g->name || !(g = calloc(1, sizeof *g)))
            return NULL;
        memcpy(g->name, name, strlen(name) + 1);
        g->kind = kind;
        g->made = gs->generation - 1;
        struct objgroup **b = bucket_of(gs, kind, name);
        g->chain = *b;
        *b = g;
        gs->n++;
    }
    g->refs++;
    return g;
}

void objgroup_put(struct router *r, struct objgroup *g)
{
    if (!g || --g->refs || g->defined)
        return;
    struct objgroups *gs = net_of(r)->objgroups;
    struct objgroup **pp = bucket_of(gs, g->kind, g->name);
    while (*pp != g)
        pp = &(*pp)->chain;
    *pp = g->chain;
    gs->n--;
    group_free(g);
}

int objgroup_define(struct router *r, enum objgroup_kind kind, const char *name)
{
    struct objgroup *g = objgroup_get(r, kind, name);
    if (!g)
        return -ENOSPC;
    g->defined = true;
    g->refs--;
    return 0;
}

void objgroup_remove(struct router *r, struct objgroup *g)
{
    while (g->n)
        objgroup_put(r, g->member[--g->n].group);
    g->defined = false;
    changed(r);
    g->refs++;
    objgroup_put(r, g);
}

static void unwalk(struct objgroup *g)
{
    if (!g->walked)
        return;
    g->walked = false;
    for (unsigned i = 0; i < g->n; i++)
        if (g->member[i].group)
            unwalk(g->member[i].group);
}

static bool walk_to(struct objgroup *g, const struct objgroup *x)
{
    bool found = g == x;
    if (g->walked)
        return false;
    g->walked = true;
    for (unsigned i = 0; i < g->n && !found; i++)
        found = g->member[i].group && walk_to(g->member[i].group, x);
    return found;
}

/* Is x to be found in g or below? */
static bool reaches(struct objgroup *g, const struct objgroup *x)
{
    bool found = walk_to(g, x);
    unwalk(g);
    return found;
}

static bool same(const struct objgroup_member *a, const struct objgroup_member *b)
{
    return a->group == b->group && a->lo == b->lo && a->hi == b->hi && a->proto == b->proto &&
           a->sport_lo == b->sport_lo && a->sport_hi == b->sport_hi && a->dport_lo == b->dport_lo &&
           a->dport_hi == b->dport_hi && a->icmp_type == b->icmp_type && a->icmp_code == b->icmp_code;
}

static struct objgroup_member *member_find(struct objgroup *g, const struct objgroup_member *m)
{
    for (unsigned i = g->n; i-- > 0;)
        if (same(&g->member[i], m))
            return &g->member[i];
    return NULL;
}

int objgroup_add(struct router *r, struct objgroup *g, const struct objgroup_member *m)
{
    if (m->group && reaches(m->group, g))
        return -ELOOP;
    if (member_find(g, m)) {
        objgroup_put(r, m->group);
        return 0;
    }
    if (g->n == g->cap) {
        unsigned cap = g->cap ? g->cap * 2 : 8;
        struct objgroup_member *grown = g->n < MEMBERS_MAX ? realloc(g->member, cap * sizeof *grown) : NULL;
        if (!grown)
            return -ENOSPC;
        g->member = grown;
        g->cap = cap;
    }
    g->member[g->n++] = *m;
    changed(r);
    return 0;
}

int objgroup_drop(struct router *r, struct objgroup *g, const struct objgroup_member *m)
{
    struct objgroup_member *have = member_find(g, m);
    if (!have)
        return -ENOENT;
    objgroup_put(r, have->group);
    g->n--;
    memmove(have, have + 1, (size_t)(g->member + g->n - have) * sizeof *have);
    changed(r);
    return 0;
}

/* ---- what a group amounts to ---- */

/* All members, nested ones too, each nested group once; n is how many there are (v NULL: only counts). */
static unsigned collect(struct objgroup *g, struct objgroup_member *v, unsigned n, unsigned max)
{
    if (g->walked)
        return n;
    g->walked = true;
    for (unsigned i = 0; i < g->n && n < max; i++) {
        if (g->member[i].group) {
            n = collect(g->member[i].group, v, n, max);
            continue;
        }
        if (v)
            v[n] = g->member[i];
        n++;
    }
    return n;
}

static int by_address(const void *a, const void *b)
{
    const struct objgroup_member *x = a, *y = b;
    return x->lo < y->lo ? -1 : x->lo > y->lo;
}

static void make(struct objgroup *g)
{
    unsigned n = collect(g, NULL, 0, FLAT_MAX), kept = 0;
    unwalk(g);
    free(g->flat);
    g->n_flat = 0;
    g->flat = n ? malloc(n * sizeof *g->flat) : NULL;
    if (!g->flat)
        return;
    n = collect(g, g->flat, 0, n);
    unwalk(g);
    if (g->kind == OBJGROUP_NETWORK) {
        qsort(g->flat, n, sizeof *g->flat, by_address);
        for (unsigned i = 0; i < n; i++) {
            struct objgroup_member *last = kept ? &g->flat[kept - 1] : NULL;
            if (last && g->flat[i].lo <= last->hi)
                last->hi = g->flat[i].hi > last->hi ? g->flat[i].hi : last->hi;
            else
                g->flat[kept++] = g->flat[i];
        }
        n = kept;
    }
    g->n_flat = n;
}

static void fresh(struct net *net, struct objgroup *g)
{
    if (g->made == net->objgroups->generation)
        return;
    make(g);
    g->made = net->objgroups->generation;
}

bool objgroup_has(struct net *net, struct objgroup *g, uint32_t address)
{
    if (!g)
        return true;
    fresh(net, g);
    unsigned lo = 0, hi = g->n_flat; /* the last one that begins at or below the address is in front of lo */
    while (lo < hi) {
        unsigned mid = lo + (hi - lo) / 2;
        if (g->flat[mid].lo <= address)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo && address <= g->flat[lo - 1].hi;
}

static bool serves(const struct objgroup_member *m, const struct acl_flow *f, bool permit)
{
    if (m->proto == OBJGROUP_TCP_UDP ? f->proto != 6 && f->proto != IPPROTO_UDP_ : m->proto && m->proto != f->proto)
        return false;
    bool looks =
        m->sport_lo || m->dport_lo || m->sport_hi != 65535 || m->dport_hi != 65535 || m->icmp_type != OBJGROUP_ICMP_ANY;
    if (!looks)
        return true;
    if (f->fragment)
        return permit;
    if (m->icmp_type != OBJGROUP_ICMP_ANY)
        return f->icmp_type == m->icmp_type && (m->icmp_code == OBJGROUP_ICMP_ANY || f->icmp_code == m->icmp_code);
    return f->sport >= m->sport_lo && f->sport <= m->sport_hi && f->dport >= m->dport_lo && f->dport <= m->dport_hi;
}

bool objgroup_serves(struct net *net, struct objgroup *g, const struct acl_flow *f, bool permit)
{
    bool yes = !g;
    if (g)
        fresh(net, g);
    for (unsigned i = 0; !yes && i < g->n_flat; i++)
        yes = serves(&g->flat[i], f, permit);
    return yes;
}
