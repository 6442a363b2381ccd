/* Tracking objects by number: their changes with delays, told to subscribers (HSRP), to lists and to the log. Called by
 * the router (module table) and by track_cmd.c. */
#include "modules/core/module.h"
#include "modules/net/netif.h"
#include "modules/track/track_internal.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { TRACK_DBG };
static const struct debug_flag debug_flags[] = {[TRACK_DBG] = {"Track", "Track debugging is on"}};

struct track_object *track_find(const struct track *t, unsigned number)
{
    struct track_object *o = t->objects;
    while (o && o->number < number)
        o = o->next;
    return o && o->number == number ? o : NULL;
}

enum track_state track_state_get(struct router *r, unsigned number)
{
    struct track *t = module_state(r, &track_module);
    struct track_object *o = t ? track_find(t, number) : NULL;
    return o ? o->state : TRACK_UNKNOWN;
}

int track_subscribe(struct router *r, track_fn fn, void *arg)
{
    struct track *t = module_state(r, &track_module);
    if (!t)
        return -ENOENT;
    if (t->n_subs == TRACK_MAX_SUBS)
        return -ENOSPC;
    t->subs[t->n_subs].fn = fn;
    t->subs[t->n_subs++].arg = arg;
    return 0;
}

void track_clients(struct router *r, track_clients_fn fn, void *arg)
{
    struct track *t = module_state(r, &track_module);
    if (t) {
        t->clients = fn;
        t->clients_arg = arg;
    }
}

static void tell(struct track *t, unsigned number, enum track_state now, event_id cause)
{
    for (unsigned i = 0; i < t->n_subs; i++)
        t->subs[i].fn(t->subs[i].arg, number, now, cause);
}

static void evaluate(struct track_object *o);

/* Lists follow their members. Lists may contain lists, even in a circle: as many rounds as there are objects settle
 * every order, and end every circle. */
static void settle_lists(struct track *t)
{
    if (t->settling)
        return;
    t->settling = true;
    unsigned rounds = 0;
    for (struct track_object *o = t->objects; o; o = o->next)
        rounds++;
    for (bool moved = true; moved && rounds > 0; rounds--) {
        moved = false;
        for (struct track_object *o = t->objects; o; o = o->next) {
            enum track_state before = o->state;
            if (track_is_list(o))
                evaluate(o);
            moved = moved || o->state != before;
        }
    }
    t->settling = false;
}

static void change(struct track_object *o, enum track_state now)
{
    struct track *t = o->t;
    enum track_state before = o->state;
    char what[96];
    track_describe(o, what, sizeof what);
    o->state = now;
    o->changes++;
    o->changed_at = loop_now(t->r->loop);
    if (log_debug_on(t->r, &track_module, TRACK_DBG))
        log_debug(t->r, &track_module, TRACK_DBG, "Track: %u Change #%u %s %s->%s", o->number, o->changes, what,
                  track_word(before), track_word(now));
    event_id e = 0;
    if (before != TRACK_UNKNOWN)
        e = log_syslog(t->r, 0, "TRACKING", LOG_NOTICE_, "STATE", "%u %s %s->%s", o->number, what, track_word(before),
                       track_word(now));
    tell(t, o->number, now, e);
    settle_lists(t);
}

static void delay_over(void *arg)
{
    struct track_object *o = arg;
    if (log_debug_on(o->t->r, &track_module, TRACK_DBG))
        log_debug(o->t->r, &track_module, TRACK_DBG, "Track: %u %s change delay expired", o->number,
                  track_word(o->wanted));
    if (o->state != o->wanted)
        change(o, o->wanted);
}

static void evaluate(struct track_object *o)
{
    enum track_state now = track_eval_up(o) ? TRACK_UP : TRACK_DOWN, wanted = o->wanted;
    o->wanted = now;
    if (now == o->state) {
        timer_stop(&o->delay); /* it came back in time */
        return;
    }
    if (timer_armed(&o->delay) && now == wanted)
        return;
    unsigned delay = now == TRACK_UP ? o->delay_up : o->delay_down;
    if (delay == 0 || o->state == TRACK_UNKNOWN) { /* what was just configured does not wait */
        timer_stop(&o->delay);
        change(o, now);
        return;
    }
    if (log_debug_on(o->t->r, &track_module, TRACK_DBG))
        log_debug(o->t->r, &track_module, TRACK_DBG, "Track: %u %s change delayed for %u secs", o->number,
                  track_word(now), delay);
    timer_start(&o->delay, (nstime)delay * NS_PER_S);
}

struct track_object *track_object_get(struct track *t, unsigned number)
{
    struct track_object **pp = &t->objects;
    while (*pp && (*pp)->number < number)
        pp = &(*pp)->next;
    if (*pp && (*pp)->number == number)
        return *pp;
    struct track_object *o = calloc(1, sizeof *o);
    if (!o)
        return NULL;
    o->t = t;
    o->number = number;
    o->changed_at = loop_now(t->r->loop);
    timer_init(&o->delay, t->r->loop, delay_over, o);
    o->next = *pp;
    *pp = o;
    return o;
}

void track_object_delete(struct track *t, unsigned number)
{
    struct track_object **pp = &t->objects, *o;
    while (*pp && (*pp)->number < number)
        pp = &(*pp)->next;
    if (!(o = *pp) || o->number != number)
        return;
    *pp = o->next;
    timer_stop(&o->delay);
    free(o);
    track_poll_update(t);
    tell(t, number, TRACK_UNKNOWN, 0);
    settle_lists(t);
}

void track_object_configured(struct track_object *o, bool fresh)
{
    if (fresh && log_debug_on(o->t->r, &track_module, TRACK_DBG)) {
        char what[96];
        track_describe(o, what, sizeof what);
        log_debug(o->t->r, &track_module, TRACK_DBG, "Track: %u New %s", o->number, what);
    }
    track_poll_update(o->t);
    evaluate(o);
}

/* ---- the module ---- */
static void evaluate_all(struct track *t, const struct netif *nif)
{
    for (struct track_object *o = t->objects; o; o = o->next)
        if (!nif || o->kind == TRACK_ROUTE || (o->kind == TRACK_INTERFACE && !strcmp(o->ifname, nif->name)))
            evaluate(o);
}

/* Routes are looked at from time to time, as real routers do; a change of an interface is seen at once. */
static void poll_fire(void *arg)
{
    struct track *t = arg;
    timer_start(&t->poll_timer, t->poll);
    for (struct track_object *o = t->objects; o; o = o->next)
        if (o->kind == TRACK_ROUTE)
            evaluate(o);
}

void track_poll_update(struct track *t)
{
    bool wanted = false;
    for (const struct track_object *o = t->objects; o; o = o->next)
        wanted = wanted || o->kind == TRACK_ROUTE;
    if (!wanted)
        timer_stop(&t->poll_timer);
    else if (!timer_armed(&t->poll_timer) || timer_left(&t->poll_timer) > t->poll)
        timer_start(&t->poll_timer, t->poll);
}

static int init(struct router *r, void **state)
{
    struct track *t = calloc(1, sizeof *t);
    if (!t)
        return ENOMEM;
    t->r = r;
    t->poll = TRACK_POLL_DEFAULT_S * NS_PER_S;
    timer_init(&t->poll_timer, r->loop, poll_fire, t);
    *state = t;
    return 0;
}

static void fini(struct router *r, void *state)
{
    struct track *t = state;
    (void)r;
    while (t && t->objects) {
        struct track_object *o = t->objects;
        t->objects = o->next;
        timer_stop(&o->delay);
        free(o);
    }
    if (t)
        timer_stop(&t->poll_timer);
    free(t);
}

static void start(struct router *r, void *state)
{
    struct track *t = state;
    (void)r;
    evaluate_all(t, NULL);
    settle_lists(t);
}

static void netif_event(struct router *r, void *state, struct netif *nif, enum netif_event ev)
{
    (void)r;
    if (state && ev != NETIF_CLOSING)
        evaluate_all(state, nif);
}

const struct module track_module = {.name = "track",
                                    .process = "Track",
                                    .init = init,
                                    .fini = fini,
                                    .start = start,
                                    .netif_event = netif_event,
                                    .debug = debug_flags,
                                    .n_debug = sizeof debug_flags / sizeof *debug_flags};
