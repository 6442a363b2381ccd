/* Crypto maps on interfaces: where a map is applied, which address is its endpoint now, and whether this unit may
 * act there. Follows interface addresses, the role of the HSRP group and the unit's own redundancy state.
 * Called by the interface command, interface events, role and HA callbacks. */
#include "modules/ipsec/ipsec_internal.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct binding *ipsec_binding_find(struct ipsec *st, const char *ifname)
{
    for (struct binding *b = st->bindings; b != NULL; b = b->next)
        if (strcmp(b->ifname, ifname) == 0)
            return b;
    return NULL;
}

struct binding *ipsec_binding_for_map(struct ipsec *st, const char *map, const char *group)
{
    for (struct binding *b = st->bindings; b != NULL; b = b->next)
        if (strcmp(b->map, map) == 0 && strcmp(b->group, group) == 0)
            return b;
    return NULL;
}

struct binding *ipsec_binding_for_local(struct ipsec *st, const struct addr *local)
{
    for (struct binding *b = st->bindings; b != NULL; b = b->next)
        if (!addr_is_none(&b->local) && addr_equal(&b->local, local))
            return b;
    return NULL;
}

struct crypto_map *ipsec_binding_map(const struct binding *b)
{
    return ipsec_map_find(b->st, b->map);
}

/* The unit's own state gates HA objects only: with inter-device redundancy configured a STANDBY unit keeps its SAs
 * standby even where the group is Active (DESIGN 4.1). */
bool ipsec_ha_unit_allows(const struct ipsec *st)
{
    return ha_state_get(st->r) != HA_STANDBY;
}

void ipsec_binding_refresh(struct binding *b, event_id cause)
{
    struct ipsec *st = b->st;
    struct addr before = b->local;
    bool was = b->active;
    memset(&b->local, 0, sizeof b->local);
    if (b->group[0] != '\0') {
        const struct role_info *ri = role_get(st->r, b->group);
        b->role_active = ri->state == ROLE_ACTIVE;
        b->local = ri->virtual_addr;
        b->active = b->role_active && (!b->stateful || ipsec_ha_unit_allows(st));
        if (cause == 0)
            cause = ri->cause;
    } else {
        struct crypto_map *m = ipsec_binding_map(b);
        struct netif *nif = b->nif;
        if (m != NULL && m->has_local_if && (nif = netif_find(st->r, m->local_if)) == NULL)
            nif = b->nif;
        b->role_active = b->active = true;
        b->local = netif_primary(nif);
    }
    if (!addr_equal(&before, &b->local) || was != b->active)
        ipsec_policy_changed(st);
    if (was != b->active)
        ipsec_ha_binding_active(b, b->active, cause);
}

void ipsec_bindings_refresh(struct ipsec *st, event_id cause)
{
    for (struct binding *b = st->bindings; b != NULL; b = b->next)
        ipsec_binding_refresh(b, cause);
}

static void role_changed(void *arg, const struct role_info *now, enum role_state before)
{
    (void)before;
    ipsec_binding_refresh(arg, now->cause);
}

static void binding_drop_sas(struct binding *b, bool tell)
{
    struct ipsec *st = b->st;
    for (struct sa *s = st->first, *next; s != NULL; s = next) {
        next = s->next;
        if (s->b == b)
            ipsec_sa_delete(s, "crypto map removed", tell && s->active, true, 0);
    }
    ipsec_acquires_drop(st, b);
    for (struct flow *f = st->flows, *next; f != NULL; f = next) {
        next = f->next;
        if (f->b == b)
            ipsec_flow_forget(st, f);
    }
}

static void binding_free(struct binding *b)
{
    if (b->sub != NULL)
        role_unsubscribe(b->st->r, b->sub);
    if (b->nif != NULL && b->nif->crypto == b)
        b->nif->crypto = NULL;
    free(b);
}

int ipsec_binding_set(struct ipsec *st, struct netif *nif, const char *map, const char *group, bool stateful)
{
    struct binding *b = ipsec_binding_find(st, nif->name);
    if (b != NULL && strcmp(b->map, map) == 0 && strcmp(b->group, group) == 0 && b->stateful == stateful)
        return 0;
    if (b != NULL)
        ipsec_binding_clear(st, nif);
    b = calloc(1, sizeof *b);
    if (b == NULL)
        return -ENOMEM;
    b->st = st;
    b->nif = nif;
    snprintf(b->ifname, sizeof b->ifname, "%s", nif->name);
    snprintf(b->map, sizeof b->map, "%s", map);
    snprintf(b->group, sizeof b->group, "%s", group);
    b->stateful = stateful;
    struct binding **at = &st->bindings;
    while (*at != NULL && strcmp((*at)->ifname, b->ifname) < 0)
        at = &(*at)->next;
    b->next = *at;
    *at = b;
    nif->crypto = b;
    if (group[0] != '\0')
        b->sub = role_subscribe(st->r, group, role_changed, b);
    ipsec_binding_refresh(b, 0);
    ipsec_policy_changed(st);
    if (!st->isakmp_on) {
        st->isakmp_on = true;
        log_syslog(st->r, 0, "CRYPTO", LOG_INFO_, "ISAKMP_ON_OFF", "ISAKMP is ON");
    }
    return 0;
}

void ipsec_binding_clear(struct ipsec *st, struct netif *nif)
{
    for (struct binding **at = &st->bindings; *at != NULL; at = &(*at)->next)
        if ((*at)->nif == nif) {
            struct binding *b = *at;
            binding_drop_sas(b, true);
            *at = b->next;
            for (struct flow_place *p = st->places; p != NULL; p = p->next)
                if (p->b == b) {
                    p->b = b->next;
                    p->f = NULL;
                    p->cut = true;
                }
            binding_free(b);
            ipsec_policy_changed(st);
            break;
        }
    if (st->bindings == NULL && st->isakmp_on && !st->r->dying) {
        st->isakmp_on = false;
        log_syslog(st->r, 0, "CRYPTO", LOG_INFO_, "ISAKMP_ON_OFF", "ISAKMP is OFF");
    }
}

void ipsec_bindings_free(struct ipsec *st)
{
    while (st->bindings != NULL) {
        struct binding *b = st->bindings;
        st->bindings = b->next;
        binding_free(b);
    }
}

bool ipsec_endpoint_find(struct router *r, const struct addr *local, struct ipsec_endpoint *ep)
{
    struct ipsec *st = ipsec_of(r);
    struct binding *b = st == NULL ? NULL : ipsec_binding_for_local(st, local);
    if (b == NULL || !b->active || !b->nif->line_up)
        return false;
    if (ep != NULL) {
        memset(ep, 0, sizeof *ep);
        snprintf(ep->interface, sizeof ep->interface, "%s", b->ifname);
        snprintf(ep->map, sizeof ep->map, "%s", b->map);
        snprintf(ep->group, sizeof ep->group, "%s", b->group);
        ep->stateful = b->stateful;
    }
    return true;
}
