/* The role of a named group, and the unit's own role: a board between those who decide (HSRP; the redundancy
 * facility) and those who follow (redundancy, ipsec, ike). Subscribers may come before the group exists. */
#include "modules/core/role.h"
#include "modules/core/router.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROLE_MAX 1024 /* names known, by configuration */
#define ROLE_NAME 128

struct role_sub {
    role_fn fn; /* NULL: unsubscribed while calls were under way */
    void *arg;
    struct role_sub *next;
};
struct role_hold {
    struct router *router;
    struct role *role;
    char client[32];
    struct timer limit;
    struct role_hold *next;
};
struct role {
    char name[ROLE_NAME];
    struct role_info info;
    struct role_sub *subs;
    unsigned calling;
    bool swept;
    struct role_hold *holds;
    role_fn release;
    void *release_arg;
    role_gone_fn gone;
    void *gone_arg;
    role_yield_fn yield;
    void *yield_arg;
    struct role *next;
};
struct ha_sub {
    ha_fn fn;
    void *arg;
    struct ha_sub *next;
};
struct roles {
    struct role *list;
    unsigned n;
    struct role nobody; /* answers for a name beyond ROLE_MAX */
    enum ha_state ha;
    struct ha_sub *ha_subs;
};

struct roles *roles_new(void)
{
    struct roles *roles = calloc(1, sizeof *roles);
    if (roles)
        roles->nobody.info.name = roles->nobody.name;
    return roles;
}

void roles_free(struct roles *roles)
{
    if (!roles)
        return;
    while (roles->list) {
        struct role *role = roles->list;
        roles->list = role->next;
        while (role->subs) {
            struct role_sub *s = role->subs;
            role->subs = s->next;
            free(s);
        }
        while (role->holds) {
            struct role_hold *h = role->holds;
            role->holds = h->next;
            timer_stop(&h->limit);
            free(h);
        }
        free(role);
    }
    while (roles->ha_subs) {
        struct ha_sub *s = roles->ha_subs;
        roles->ha_subs = s->next;
        free(s);
    }
    free(roles);
}

static struct role *role_lookup(struct router *r, const char *name, bool create)
{
    struct role **pp = &r->roles->list;
    for (; *pp; pp = &(*pp)->next)
        if (!strcmp((*pp)->name, name))
            return *pp;
    if (!create || r->roles->n >= ROLE_MAX || strlen(name) >= ROLE_NAME)
        return NULL;
    struct role *role = calloc(1, sizeof *role);
    if (!role)
        return NULL;
    snprintf(role->name, sizeof role->name, "%s", name);
    role->info.name = role->name;
    *pp = role;
    r->roles->n++;
    return role;
}

struct role_sub *role_subscribe(struct router *r, const char *name, role_fn fn, void *arg)
{
    struct role *role = role_lookup(r, name, true);
    struct role_sub *s = role ? calloc(1, sizeof *s) : NULL;
    if (!s)
        return NULL;
    s->fn = fn;
    s->arg = arg;
    struct role_sub **pp = &role->subs;
    while (*pp)
        pp = &(*pp)->next;
    *pp = s;
    return s;
}

static void role_sweep(struct role *role)
{
    struct role_sub **pp = &role->subs;
    while (*pp) {
        struct role_sub *s = *pp;
        if (s->fn) {
            pp = &s->next;
        } else {
            *pp = s->next;
            free(s);
        }
    }
    role->swept = false;
}

void role_unsubscribe(struct router *r, struct role_sub *sub)
{
    if (!sub)
        return;
    sub->fn = NULL;
    for (struct role *role = r->roles->list; role; role = role->next) {
        for (struct role_sub *s = role->subs; s; s = s->next) {
            if (s != sub)
                continue;
            role->swept = true;
            if (!role->calling)
                role_sweep(role);
            return;
        }
    }
}

const struct role_info *role_get(struct router *r, const char *name)
{
    struct role *role = role_lookup(r, name, true);
    return role ? &role->info : &r->roles->nobody.info;
}

static void role_change(struct role *role, const struct role_info *to)
{
    struct role_info before = role->info;
    role->info = *to;
    role->info.name = role->name;
    if (before.state == to->state && before.netif == to->netif && addr_equal(&before.virtual_addr, &to->virtual_addr))
        return;
    role->calling++;
    for (struct role_sub *s = role->subs; s; s = s->next)
        if (s->fn)
            s->fn(s->arg, &role->info, before.state);
    if (--role->calling == 0 && role->swept)
        role_sweep(role);
}

void role_publish(struct router *r, const struct role_info *info)
{
    struct role *role = role_lookup(r, info->name, true);
    if (role)
        role_change(role, info);
}

void role_withdraw(struct router *r, const char *name, event_id cause)
{
    struct role *role = role_lookup(r, name, false);
    if (role && role->info.state != ROLE_ABSENT)
        role_change(role, &(struct role_info){.state = ROLE_ABSENT, .cause = cause, .left_by_itself = true});
}

const char *role_state_name(enum role_state s)
{
    static const char *const names[] = {"Absent", "Disabled", "Init", "Learn", "Listen", "Speak", "Standby", "Active"};
    return (unsigned)s < sizeof names / sizeof *names ? names[s] : "Unknown";
}

/* ---- holding pre-emption back ---- */

static void role_hold_drop(struct role_hold *h)
{
    struct role *role = h->role;
    struct role_hold **pp = &role->holds;
    while (*pp != h)
        pp = &(*pp)->next;
    *pp = h->next;
    timer_stop(&h->limit);
    free(h);
    if (!role->holds && role->release)
        role->release(role->release_arg, &role->info, role->info.state);
}

static void role_hold_expired(void *arg)
{
    struct role_hold *h = arg;
    log_event(h->router, 0, "role", "preempt-hold-expired", "%s no longer holds pre-emption of %s", h->client,
              h->role->name);
    role_hold_drop(h);
}

void role_hold_preempt(struct router *r, const char *name, const char *client, bool hold, nstime limit)
{
    struct role *role = role_lookup(r, name, hold);
    if (!role)
        return;
    struct role_hold *h = role->holds;
    while (h && strcmp(h->client, client))
        h = h->next;
    if (!hold) {
        if (h)
            role_hold_drop(h);
        return;
    }
    if (!h) {
        h = calloc(1, sizeof *h);
        if (!h)
            return;
        h->router = r;
        h->role = role;
        snprintf(h->client, sizeof h->client, "%s", client);
        timer_init(&h->limit, r->loop, role_hold_expired, h);
        h->next = role->holds;
        role->holds = h;
    }
    timer_stop(&h->limit);
    if (limit > 0)
        timer_start(&h->limit, limit);
}

bool role_preempt_held(struct router *r, const char *name)
{
    struct role *role = role_lookup(r, name, false);
    return role && role->holds;
}

void role_on_release(struct router *r, const char *name, role_fn fn, void *arg)
{
    struct role *role = role_lookup(r, name, fn != NULL);
    if (!role)
        return;
    role->release = fn;
    role->release_arg = arg;
}

void role_on_peer_gone(struct router *r, const char *name, role_gone_fn fn, void *arg)
{
    struct role *role = role_lookup(r, name, fn != NULL);
    if (!role)
        return;
    role->gone = fn;
    role->gone_arg = arg;
}

void role_peer_gone(struct router *r, const char *name, const struct addr *peer, event_id cause)
{
    struct role *role = role_lookup(r, name, false);
    if (role && role->gone)
        role->gone(role->gone_arg, peer, cause);
}

void role_on_yield(struct router *r, const char *name, role_yield_fn fn, void *arg)
{
    struct role *role = role_lookup(r, name, fn != NULL);
    if (!role)
        return;
    role->yield = fn;
    role->yield_arg = arg;
}

bool role_yield(struct router *r, const char *name, event_id cause)
{
    struct role *role = role_lookup(r, name, false);
    return role && role->yield && role->yield(role->yield_arg, cause);
}

/* ---- the unit's own role ---- */

enum ha_state ha_state_get(struct router *r)
{
    return r->roles->ha;
}

void ha_state_set(struct router *r, enum ha_state s, event_id cause)
{
    enum ha_state before = r->roles->ha;
    if (before == s)
        return;
    r->roles->ha = s;
    for (struct ha_sub *sub = r->roles->ha_subs; sub; sub = sub->next)
        sub->fn(sub->arg, s, before, cause);
}

void ha_subscribe(struct router *r, ha_fn fn, void *arg)
{
    struct ha_sub *s = calloc(1, sizeof *s), **pp = &r->roles->ha_subs;
    if (!s)
        return;
    s->fn = fn;
    s->arg = arg;
    while (*pp)
        pp = &(*pp)->next;
    *pp = s;
}
