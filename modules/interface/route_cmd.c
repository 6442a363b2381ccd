/* Static routes: `ip route`, and those that stand in the table only while a tracked object is up. The module's entry is
 * here too. Called by the parser. */
#include "ip_cmd.h"
#include "modules/net/stack.h"
#include "modules/track/track.h"
#include <errno.h>
#include <stdlib.h>

enum { TRACKED_MAX = 4096 };

struct tracked {
    struct route rt;
    unsigned object;
    bool installed;
    struct tracked *next;
};
struct interface_state {
    struct router *r;
    struct tracked *list;
    unsigned n;
    bool subscribed;
};

static void on_track(void *arg, unsigned object, enum track_state now, event_id cause)
{
    struct interface_state *s = arg;
    (void)cause;
    for (struct tracked *t = s->list; t; t = t->next) {
        if (t->object != object || t->installed == (now == TRACK_UP))
            continue;
        if (now == TRACK_UP)
            t->installed = route_add(s->r, &t->rt) == 0;
        else
            t->installed = route_del(s->r, &t->rt) != 0;
    }
}

static int interface_init(struct router *r, void **state)
{
    struct interface_state *s = calloc(1, sizeof *s);
    if (!s)
        return ENOMEM;
    s->r = r;
    *state = s;
    return 0;
}

static void interface_fini(struct router *r, void *state)
{
    struct interface_state *s = state;
    (void)r;
    while (s->list) {
        struct tracked *t = s->list;
        s->list = t->next;
        free(t);
    }
    free(s);
}

const struct module interface_module = {.name = "interface", .init = interface_init, .fini = interface_fini};

static struct tracked **tracked_find(struct interface_state *s, const struct route *rt)
{
    struct tracked **at = &s->list;
    for (; *at; at = &(*at)->next) {
        const struct route *have = &(*at)->rt;
        if (have->prefix.len == rt->prefix.len && addr_equal(&have->prefix.addr, &rt->prefix.addr) &&
            addr_equal(&have->next_hop, &rt->next_hop) && !strcmp(have->ifname, rt->ifname))
            break;
    }
    return at;
}

static void tracked_drop(struct interface_state *s, struct tracked **at)
{
    struct tracked *t = *at;
    *at = t->next;
    s->n--;
    free(t);
}

/* Sets, changes or (object 0) removes what a route depends on. */
static int tracked_put(struct interface_state *s, const struct route *rt, unsigned object)
{
    struct tracked **at = tracked_find(s, rt);
    struct tracked *t = *at;
    if (!t) {
        if (s->n == TRACKED_MAX)
            return -ENOSPC;
        if (!s->subscribed && track_subscribe(s->r, on_track, s) == -ENOSPC)
            return -ENOSPC;
        s->subscribed = true;
        t = calloc(1, sizeof *t);
        if (!t)
            return -ENOMEM;
        *at = t;
        s->n++;
    }
    if (t->installed)
        route_del(s->r, &t->rt);
    t->rt = *rt;
    t->object = object;
    t->installed = track_state_get(s->r, object) == TRACK_UP && route_add(s->r, rt) == 0;
    return 0;
}

int interface_cmd_ip_route(struct cmd *c, struct args_ip_route *a)
{
    struct interface_state *s = module_state(c->router, &interface_module);
    int len = mask_to_len(a->mask);
    if (len < 0 || (addr_v4_get(&a->dst) & ~a->mask))
        return cmd_error(c, "%%Inconsistent address and mask");
    struct route rt = {.prefix = prefix_make(&a->dst, (unsigned)len),
                       .source = ROUTE_STATIC,
                       .distance = (uint8_t)(a->distance ? a->distance : 1)};
    if (a->has_via)
        rt.next_hop = a->via;
    if (a->has_out)
        memcpy(rt.ifname, a->out.text, sizeof rt.ifname);
    struct tracked **held = tracked_find(s, &rt);
    if (c->op == CMD_UNSET) {
        bool absent = *held && !(*held)->installed;
        if (*held)
            tracked_drop(s, held);
        return !absent && route_del(c->router, &rt) ? cmd_error(c, "%%No matching route to delete") : CMD_OK;
    }
    uint32_t via = addr_v4_get(&rt.next_hop);
    if (a->has_via && net_is_local(c->router, &rt.next_hop))
        return cmd_error(c, "%%Invalid next hop address (it's this router)");
    if (a->has_via && (via == 0 || via >> 28 >= 14 || via >> 24 == 127))
        return cmd_error(c, "%%Invalid next hop address");
    /* An interface that is named exists (CONTRACT 2). */
    if (a->has_out && !netif_get(c->router, a->out.text))
        return cmd_error(c, "%%Invalid interface type and number");
    unsigned object = a->has_a_object ? a->a_object : a->has_b_object ? a->b_object : a->has_c_object ? a->c_object : 0;
    int rc;
    if (object) {
        if (!*held)
            route_del(c->router, &rt); /* it stood there untracked */
        rc = tracked_put(s, &rt, object);
    } else {
        if (*held) {
            if ((*held)->installed)
                route_del(c->router, &(*held)->rt);
            tracked_drop(s, held);
        }
        rc = route_add(c->router, &rt);
    }
    return rc ? cmd_error(c, "%% Cannot add the route: %s", rc == -ENOSPC ? "the table is full" : strerror(-rc))
              : CMD_OK;
}
