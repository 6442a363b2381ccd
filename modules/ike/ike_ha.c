/* Roles and IKE SAs: an SA on a virtual address serves while its group is Active here and, if it is stateful, the
 * redundancy facility says so; otherwise it waits silently (reference 6.4, 6.5, DESIGN 4.1). */
#include "modules/ike/ike_int.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TOO_OLD (60 * NS_PER_S) /* I5: older state is not trusted */
#define AFTER_TAKEOVER (60 * NS_PER_S)

static void on_role(void *arg, const struct role_info *now, enum role_state before)
{
    struct ike_group *g = arg;
    (void)before;
    ike_ha_evaluate(g->ike, now->cause);
}

static void on_ha(void *arg, enum ha_state now, enum ha_state before, event_id cause)
{
    (void)now;
    (void)before;
    ike_ha_evaluate(arg, cause);
}

void ike_ha_watch(struct ike *k, const char *name)
{
    for (struct ike_group *g = k->groups; g; g = g->next)
        if (strcmp(g->name, name) == 0)
            return;
    struct ike_group *g = calloc(1, sizeof *g);
    if (!g)
        return;
    g->ike = k;
    snprintf(g->name, sizeof g->name, "%s", name);
    g->next = k->groups;
    k->groups = g;
    g->sub = role_subscribe(k->r, name, on_role, g);
}

static void activate(struct ike_sa *sa, event_id cause)
{
    struct ike *k = sa->ike;
    nstime now = loop_now(k->r->loop), heard = sync_last_heard(k->r);
    if (heard < sa->standby_since)
        heard = sa->standby_since;
    if (now - heard > TOO_OLD) {
        log_syslog(k->r, cause, "CRYPTO_HA_IKE", LOG_ERR_, "FAILOVER_ERROR",
                   "Attempt to failover IKE SA (%s:%s) failed due to state of %lld s ago. Stateful failover not "
                   "available for this SA.",
                   IKE_ADDR(&sa->at.local), IKE_ADDR(&sa->at.peer), (long long)((now - heard) / NS_PER_S));
        ike_sa_delete(sa, IKE_END_SILENT, "state too old at takeover", cause);
        return;
    }
    sa->standby = false;
    sa->stale = false;
    if (sa->dpd_out)
        sa->dpd_out += 16; /* state-sync 4.5 (6): strictly increasing; the next question adds one */
    sa->last_heard = now;
    k->took_over = now;
    ike_dbg_ha(k, "IKE HA: (%s) IKE SA with %s is ACTIVE now", IKE_ADDR(&sa->at.local), IKE_ADDR(&sa->at.peer));
    log_event(k->r, cause, "ike", "sa-active", "IKE SA %u %s %s", sa->conn_id, IKE_ADDR(&sa->at.local),
              IKE_ADDR(&sa->at.peer));
    ike_sa_timers(sa, true);
}

static void deactivate(struct ike_sa *sa, event_id cause)
{
    struct ike *k = sa->ike;
    while (sa->qms)
        ike_quick_fail(sa->qms, "this gateway is not active");
    sa->standby = true;
    sa->standby_since = loop_now(k->r->loop);
    ike_dbg_ha(k, "IKE HA: (%s) IKE SA with %s is STANDBY now", IKE_ADDR(&sa->at.local), IKE_ADDR(&sa->at.peer));
    log_event(k->r, cause, "ike", "sa-standby", "IKE SA %u %s %s", sa->conn_id, IKE_ADDR(&sa->at.local),
              IKE_ADDR(&sa->at.peer));
    ike_sa_timers(sa, false);
}

void ike_ha_evaluate(struct ike *k, event_id cause)
{
    enum ha_state ha = ha_state_get(k->r);
    for (struct ike_sa *sa = k->first, *next; sa; sa = next) {
        next = sa->next;
        if (!sa->group[0] || sa->deleting)
            continue;
        bool active = role_get(k->r, sa->group)->state == ROLE_ACTIVE;
        if (sa->stateful && sa->standby) {
            if (active && ha == HA_ACTIVE)
                activate(sa, cause);
        } else if (sa->stateful && sa->established && ha != HA_NONE) {
            if (!active || ha != HA_ACTIVE)
                deactivate(sa, cause);
        } else if (!active) {   /* stateless, or still negotiating: the address is another router's now */
            sa->standby = true; /* silent */
            ike_sa_delete(sa, IKE_END_SILENT, "the virtual address is no longer here", cause);
        }
    }
}

/* I5: within a minute of a takeover no exchange may begin with a peer whose SAs were taken over, unless it is due. */
void ike_ha_exchange_begins(struct ike *k, const struct ike_sa *sa, bool due)
{
    if (k->took_over && !due && sa->stateful && loop_now(k->r->loop) - k->took_over < AFTER_TAKEOVER &&
        ipsec_pair_count(k->r, &sa->at.local, &sa->at.peer) > 0 && sa->established && sa->established < k->took_over)
        k->count.takeover_exchanges++;
}

void ike_ha_init(struct ike *k)
{
    ha_subscribe(k->r, on_ha, k);
}

void ike_ha_fini(struct ike *k)
{
    while (k->groups) {
        struct ike_group *next = k->groups->next;
        role_unsubscribe(k->r, k->groups->sub);
        free(k->groups);
        k->groups = next;
    }
}
