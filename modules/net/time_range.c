/* Time ranges (see time_range.h). A timer looks at all of them at every full minute of the wall clock, as long as there
 * are any; a range that changes moves the generation, so that the very next packet of every flow is decided anew. */
#include "modules/net/time_range.h"
#include "modules/net/fast.h"
#include "modules/net/stack.h"
#include <stdio.h>
#include <stdlib.h>

enum { TIME_RANGES_MAX = 256, PERIODIC_MAX = 64 };
#define MINUTE (60 * NS_PER_S)

struct time_ranges {
    struct time_range *list;
    unsigned n;
    struct timer tick;
};

static bool periodic_holds(const struct periodic *p, int minute)
{
    for (int day = 0; day < 7; day++) {
        int since = (minute - day * DAY_MINUTES - p->from + WEEK_MINUTES) % WEEK_MINUTES;
        if ((p->days >> day & 1) && since < p->span)
            return true;
    }
    return false;
}

/* `absolute` bounds what `periodic` allows; without periodic lines it stands alone; nothing at all: always. */
static bool holds(const struct time_range *t, nstime local)
{
    int64_t minute = local / MINUTE;
    struct civil c = wall_civil(local);
    int of_week = (c.weekday + 6) % 7 * DAY_MINUTES + c.hour * 60 + c.minute;
    if (!t->defined)
        return true;
    if (t->has_absolute && (minute < t->start || minute >= t->end))
        return false;
    for (const struct periodic *p = t->periodic; p; p = p->next)
        if (periodic_holds(p, of_week))
            return true;
    return !t->periodic;
}

static void look(struct net *net)
{
    struct time_ranges *ts = net->time_ranges;
    nstime wall = router_wall(net->router);
    nstime local = wall + net->router->stamps.zone_minutes * MINUTE;
    bool changed = false, any = false;
    for (struct time_range *t = ts->list; t; t = t->next) {
        bool now = holds(t, local);
        changed |= now != t->active && t->refs;
        t->active = now;
        any |= t->defined;
    }
    if (changed)
        net_changed(net->router);
    if (any)
        timer_start(&ts->tick, MINUTE - wall % MINUTE);
    else
        timer_stop(&ts->tick);
}

static void tick(void *arg)
{
    look(arg);
}

static struct time_ranges *ranges_of(struct router *r)
{
    struct net *net = net_of(r);
    if (!net->time_ranges && (net->time_ranges = calloc(1, sizeof *net->time_ranges)))
        timer_init(&net->time_ranges->tick, net->loop, tick, net);
    return net->time_ranges;
}

static void periodic_free(struct time_range *t)
{
    while (t->periodic) {
        struct periodic *p = t->periodic;
        t->periodic = p->next;
        free(p);
    }
}

void time_ranges_fini(struct net *net)
{
    struct time_ranges *ts = net->time_ranges;
    while (ts && ts->list) {
        struct time_range *t = ts->list;
        ts->list = t->next;
        periodic_free(t);
        free(t);
    }
    if (ts)
        timer_stop(&ts->tick);
    free(ts);
    net->time_ranges = NULL;
}

struct time_range *time_range_find(struct router *r, const char *name)
{
    struct time_ranges *ts = net_of(r)->time_ranges;
    for (struct time_range *t = ts ? ts->list : NULL; t; t = t->next)
        if (!strcmp(t->name, name))
            return t;
    return NULL;
}

struct time_range *time_range_next(struct router *r, struct time_range *prev)
{
    struct time_ranges *ts = net_of(r)->time_ranges;
    struct time_range *t = prev ? prev->next : ts ? ts->list : NULL;
    while (t && !t->defined)
        t = t->next;
    return t;
}

struct time_range *time_range_get(struct router *r, const char *name)
{
    struct time_ranges *ts = ranges_of(r);
    struct time_range *t = time_range_find(r, name);
    if (!t) {
        if (!ts || ts->n == TIME_RANGES_MAX || strlen(name) >= sizeof t->name || !(t = calloc(1, sizeof *t)))
            return NULL;
        memcpy(t->name, name, strlen(name) + 1);
        t->active = true;
        struct time_range **pp = &ts->list;
        while (*pp && strcmp((*pp)->name, name) < 0)
            pp = &(*pp)->next;
        t->next = *pp;
        *pp = t;
        ts->n++;
    }
    t->refs++;
    return t;
}

void time_range_put(struct router *r, struct time_range *t)
{
    if (!t || --t->refs || t->defined)
        return;
    struct time_ranges *ts = net_of(r)->time_ranges;
    for (struct time_range **pp = &ts->list; *pp; pp = &(*pp)->next)
        if (*pp == t) {
            *pp = t->next;
            ts->n--;
            free(t);
            return;
        }
}

int time_range_define(struct router *r, const char *name)
{
    struct time_range *t = time_range_get(r, name);
    if (!t)
        return -ENOSPC;
    t->defined = true;
    t->refs--;
    look(net_of(r));
    return 0;
}

void time_range_remove(struct router *r, const char *name)
{
    struct time_range *t = time_range_find(r, name);
    if (!t)
        return;
    periodic_free(t);
    t->has_absolute = t->defined = false;
    t->refs++;
    look(net_of(r)); /* lines that go on naming it are active */
    time_range_put(r, t);
}

void time_range_absolute(struct router *r, struct time_range *t, int64_t start, int64_t end, const char *text)
{
    t->has_absolute = true;
    t->start = start;
    t->end = end;
    snprintf(t->absolute, sizeof t->absolute, "%s", text);
    look(net_of(r));
}

void time_range_absolute_clear(struct router *r, struct time_range *t)
{
    t->has_absolute = false;
    look(net_of(r));
}

int time_range_periodic(struct router *r, struct time_range *t, const struct periodic *p)
{
    unsigned n = 0;
    struct periodic **pp = &t->periodic;
    for (; *pp; pp = &(*pp)->next, n++)
        if (!strcmp((*pp)->text, p->text))
            return 0;
    if (n == PERIODIC_MAX || !(*pp = malloc(sizeof **pp)))
        return -ENOSPC;
    **pp = *p;
    (*pp)->next = NULL;
    look(net_of(r));
    return 0;
}

int time_range_periodic_drop(struct router *r, struct time_range *t, const char *text)
{
    for (struct periodic **pp = &t->periodic; *pp; pp = &(*pp)->next) {
        struct periodic *p = *pp;
        if (strcmp(p->text, text) != 0)
            continue;
        *pp = p->next;
        free(p);
        look(net_of(r));
        return 0;
    }
    return -ENOENT;
}

void time_ranges_clock(struct router *r)
{
    if (net_of(r) && net_of(r)->time_ranges)
        look(net_of(r));
}
