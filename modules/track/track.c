/* Tracking objects by number: configured by `track N interface …`, evaluated on interface events, told to
 * subscribers (HSRP) when they change. Called by the router (module table) and the parser. */
#include "modules/track/track.h"
#include "modules/core/command.h"
#include "modules/core/module.h"
#include "modules/core/out.h"
#include "modules/core/router.h"
#include "modules/net/netif.h"
#include "track_cmd.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_SUBS = 8 };
struct object {
    struct object *next; /* by number */
    unsigned number;
    char ifname[40];
    bool routing; /* ip routing: an address is needed as well */
    enum track_state state;
    uint32_t changes;
    nstime changed_at;
};
struct track {
    struct router *r;
    struct object *objects;
    struct {
        track_fn fn;
        void *arg;
    } subs[MAX_SUBS];
    unsigned n_subs;
};
extern const struct module track_module;

static struct object *find(struct track *t, unsigned number)
{
    for (struct object *o = t->objects; o; o = o->next)
        if (o->number == number)
            return o;
    return NULL;
}

enum track_state track_state_get(struct router *r, unsigned number)
{
    struct track *t = module_state(r, &track_module);
    struct object *o = t ? find(t, number) : NULL;
    return o ? o->state : TRACK_UNKNOWN;
}

int track_subscribe(struct router *r, track_fn fn, void *arg)
{
    struct track *t = module_state(r, &track_module);
    if (!t)
        return -ENOENT;
    if (t->n_subs == MAX_SUBS)
        return -ENOSPC;
    t->subs[t->n_subs].fn = fn;
    t->subs[t->n_subs++].arg = arg;
    return 0;
}

static void tell(struct track *t, unsigned number, enum track_state now, event_id cause)
{
    for (unsigned i = 0; i < t->n_subs; i++)
        t->subs[i].fn(t->subs[i].arg, number, now, cause);
}

static const char *kind(const struct object *o)
{
    return o->routing ? "ip routing" : "line-protocol";
}

static const char *word(enum track_state s)
{
    return s == TRACK_UP ? "Up" : "Down";
}

static void evaluate(struct track *t, struct object *o)
{
    const struct netif *nif = netif_find(t->r, o->ifname);
    bool up = nif && nif->line_up;
    if (up && o->routing) {
        struct addr a = netif_primary(nif);
        up = !addr_is_none(&a);
    }
    enum track_state now = up ? TRACK_UP : TRACK_DOWN, before = o->state;
    if (now == before)
        return;
    o->state = now;
    event_id e = 0;
    if (before != TRACK_UNKNOWN) {
        o->changes++;
        o->changed_at = loop_now(t->r->loop);
        e = log_syslog(t->r, 0, "TRACKING", LOG_NOTICE_, "STATE", "%u interface %s %s %s->%s", o->number,
                       nif ? nif->shortname : o->ifname, kind(o), word(before), word(now));
    }
    tell(t, o->number, now, e);
}

int track_cmd_interface(struct cmd *c, struct args_track_interface *a)
{
    struct track *t = module_state(c->router, &track_module);
    struct object **pp = &t->objects;
    while (*pp && (*pp)->number < a->object)
        pp = &(*pp)->next;
    struct object *o = *pp && (*pp)->number == a->object ? *pp : NULL;
    if (c->op == CMD_UNSET) {
        if (o) {
            *pp = o->next;
            free(o);
            tell(t, a->object, TRACK_UNKNOWN, 0);
        }
        return CMD_OK;
    }
    if (!o) {
        o = calloc(1, sizeof *o);
        if (!o)
            return cmd_error(c, "%% Out of memory");
        o->number = a->object;
        o->changed_at = loop_now(c->router->loop);
        o->next = *pp;
        *pp = o;
    }
    snprintf(o->ifname, sizeof o->ifname, "%s", a->ifname.text);
    o->routing = a->kw_ip;
    evaluate(t, o);
    return CMD_OK;
}

int track_show(struct cmd *c, struct args_show_track *a)
{
    struct track *t = module_state(c->router, &track_module);
    if (a->kw_brief)
        out_text(c->out, "%-5s %-12s %-20s %-15s %-5s %s\n", "Track", "Object", "", "Parameter", "Value",
                 "Last Change");
    for (struct object *o = t->objects; o; o = o->next) {
        char d[DURATION_STRLEN];
        if (a->has_object && o->number != a->object)
            continue;
        duration_format(loop_now(c->router->loop) - o->changed_at, d);
        if (a->kw_brief) {
            out_text(c->out, "%-5u %-12s %-20s %-15s %-5s %s\n", o->number, "interface", o->ifname, kind(o),
                     word(o->state), d);
            continue;
        }
        out_text(c->out, "Track %u\n  Interface %s %s\n  %s is %s\n    %u change%s, last change %s\n", o->number,
                 o->ifname, kind(o), o->routing ? "IP routing" : "Line protocol", word(o->state), o->changes,
                 o->changes == 1 ? "" : "s", d);
    }
    return CMD_OK;
}

static int init(struct router *r, void **state)
{
    struct track *t = calloc(1, sizeof *t);
    if (!t)
        return ENOMEM;
    t->r = r;
    *state = t;
    return 0;
}

static void fini(struct router *r, void *state)
{
    struct track *t = state;
    (void)r;
    while (t && t->objects) {
        struct object *o = t->objects;
        t->objects = o->next;
        free(o);
    }
    free(t);
}

static void evaluate_all(struct track *t, const struct netif *nif)
{
    for (struct object *o = t->objects; o; o = o->next)
        if (!nif || !strcmp(o->ifname, nif->name))
            evaluate(t, o);
}

static void start(struct router *r, void *state)
{
    (void)r;
    evaluate_all(state, NULL);
}

static void netif_event(struct router *r, void *state, struct netif *nif, enum netif_event ev)
{
    (void)r;
    if (state && ev != NETIF_CLOSING)
        evaluate_all(state, nif);
}

const struct module track_module = {
    .name = "track", .process = "Track", .init = init, .fini = fini, .start = start, .netif_event = netif_event};
