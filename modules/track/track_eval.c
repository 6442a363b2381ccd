/* Whether a tracked thing is up: interfaces, routes, and lists of other objects. Called by track.c and
 * track_show.c. */
#include "modules/net/ip.h"
#include "modules/net/netif.h"
#include "modules/track/track_internal.h"
#include <stdio.h>

bool track_is_list(const struct track_object *o)
{
    return o->kind >= TRACK_LIST_AND;
}

const char *track_word(enum track_state s)
{
    return s == TRACK_UP ? "Up" : "Down";
}

static bool interface_up(const struct track_object *o)
{
    const struct netif *nif = netif_find(o->t->r, o->ifname);
    if (!nif || !nif->line_up)
        return false;
    struct addr a = netif_primary(nif);
    return !o->routing || !addr_is_none(&a);
}

/* Connected and static routes have metric 0: with a metric threshold what counts is that the route is there, and that
 * the threshold leaves 0 on the good side. */
static bool route_up(const struct track_object *o)
{
    struct route_hit hit;
    return !o->vrf && route_find(o->t->r, &o->prefix, &hit);
}

bool track_member_up(const struct track_object *o, unsigned i)
{
    const struct track_object *m = track_find(o->t, o->member[i].object);
    return m && (m->state == TRACK_UP) != o->member[i].negated;
}

unsigned track_member_share(const struct track_object *o, unsigned i)
{
    return o->kind == TRACK_LIST_PERCENTAGE ? 100 / o->n_members : o->member[i].weight;
}

unsigned track_list_value(const struct track_object *o, unsigned *total)
{
    unsigned up = 0, n_up = 0;
    *total = 0;
    for (unsigned i = 0; i < o->n_members; i++) {
        bool is = track_member_up(o, i);
        *total += o->member[i].weight;
        up += is ? o->member[i].weight : 0;
        n_up += is;
    }
    if (o->kind != TRACK_LIST_PERCENTAGE)
        return up;
    *total = 100;
    return o->n_members ? n_up * 100 / o->n_members : 0;
}

/* Up from up_at on, down from down_at downwards, in between as before. */
static bool threshold_up(const struct track_object *o)
{
    unsigned total, value = track_list_value(o, &total);
    if (o->n_members == 0 || value <= o->down_at)
        return false;
    return value >= o->up_at || o->wanted == TRACK_UP;
}

bool track_eval_up(struct track_object *o)
{
    bool all = true, any = false;
    switch (o->kind) {
    case TRACK_INTERFACE:
        return interface_up(o);
    case TRACK_ROUTE:
        return route_up(o);
    case TRACK_LIST_WEIGHT:
    case TRACK_LIST_PERCENTAGE:
        return threshold_up(o);
    case TRACK_LIST_AND:
    case TRACK_LIST_OR:
        for (unsigned i = 0; i < o->n_members; i++) {
            all = all && track_member_up(o, i);
            any = any || track_member_up(o, i);
        }
        return o->n_members && (o->kind == TRACK_LIST_AND ? all : any);
    case TRACK_SLA:
        break;
    }
    return false;
}

void track_describe(const struct track_object *o, char *buf, size_t len)
{
    static const char *const list[] = {[TRACK_LIST_AND] = "boolean and",
                                       [TRACK_LIST_OR] = "boolean or",
                                       [TRACK_LIST_WEIGHT] = "threshold weight",
                                       [TRACK_LIST_PERCENTAGE] = "threshold percentage"};
    char a[ADDR_STRLEN];
    const struct netif *nif;
    switch (o->kind) {
    case TRACK_INTERFACE:
        nif = netif_find(o->t->r, o->ifname);
        snprintf(buf, len, "interface %s %s", nif ? nif->shortname : o->ifname,
                 o->routing ? "ip routing" : "line-protocol");
        break;
    case TRACK_ROUTE:
        snprintf(buf, len, "ip route %s/%u %s", addr_format(&o->prefix.addr, a), o->prefix.len,
                 o->metric ? "metric threshold" : "reachability");
        break;
    case TRACK_SLA:
        snprintf(buf, len, "ip sla %u %s", o->sla, o->reachability ? "reachability" : "state");
        break;
    default:
        snprintf(buf, len, "list %s", list[o->kind]);
    }
}
