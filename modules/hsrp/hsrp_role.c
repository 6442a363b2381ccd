/* What a group tells others, its role under its name, and when it may take over a live Active: pre-emption
 * with its delays and the holds of clients (I6). Called by hsrp_group.c and hsrp_cmd.c. */
#include "modules/hsrp/hsrp_internal.h"
#include <stdio.h>

/* ---- pre-emption ---- */
nstime hsrp_group_preempt_delay(const struct hsrp_group *g)
{
    uint32_t s = g->preempt_min;
    if (g->boot_preempt && g->preempt_reload > s)
        s = g->preempt_reload;
    return (nstime)s * NS_PER_S;
}

void hsrp_preempt_forget(struct hsrp_group *g)
{
    g->preempt_since = -1;
    timer_stop(&g->preempt_timer);
}

bool hsrp_preempt_allowed(struct hsrp_group *g, uint8_t active_priority)
{
    if (!g->preempt || g->priority <= active_priority) {
        hsrp_preempt_forget(g);
        return false;
    }
    struct router *r = g->hif->h->r;
    nstime now = loop_now(r->loop);
    if (g->preempt_since < 0)
        g->preempt_since = now;
    nstime left = g->preempt_since + hsrp_group_preempt_delay(g) - now;
    if (left > 0) {
        timer_start(&g->preempt_timer, left);
        return false;
    }
    if (role_preempt_held(r, g->name)) { /* I6 */
        nstime limit = g->preempt_since + (nstime)g->preempt_sync * NS_PER_S;
        if (g->preempt_sync == 0 || now < limit) {
            if (g->preempt_sync)
                timer_start(&g->preempt_timer, limit - now);
            return false;
        }
    }
    return true;
}

/* A delay or hold is over: a lower Active that is known is enough, its next hello need not be awaited. */
void hsrp_group_try_preempt(struct hsrp_group *g)
{
    if (g->state < HSRP_LISTEN || g->state > HSRP_STANDBY || g->active.kind != HSRP_PEER_REMOTE)
        return;
    if (hsrp_preempt_allowed(g, g->active.priority))
        hsrp_group_event(g, HSRP_EV_H, NULL, NULL, 0);
}

/* ---- the role of the group's name ---- */
void hsrp_group_publish(struct hsrp_group *g)
{
    struct role_info info = {
        .name = g->name,
        .state = (enum role_state)((int)g->state + ROLE_DISABLED),
        .netif = g->hif->nif,
        .virtual_addr = addr_is_none(&g->vip) ? g->vip_cfg : g->vip,
        .hold = g->hold,
        .priority = g->priority,
        .cause = g->last_event,
        .left_by_itself = g->left_by_itself,
    };
    if (g->active.kind == HSRP_PEER_REMOTE)
        info.peer = g->active.addr;
    else if (g->standby.kind == HSRP_PEER_REMOTE)
        info.peer = g->standby.addr;
    g->publishing = true;
    role_publish(g->hif->h->r, &info);
}

static void released(void *arg, const struct role_info *now, enum role_state before)
{
    (void)now;
    (void)before;
    hsrp_group_try_preempt(arg);
}

/* As good as a Resign, if we are next in line. */
static void peer_gone(void *arg, const struct addr *peer, event_id cause)
{
    struct hsrp_group *g = arg;
    if (g->state == HSRP_STANDBY && g->active.kind == HSRP_PEER_REMOTE && addr_equal(&g->active.addr, peer))
        hsrp_group_event(g, HSRP_EV_I, NULL, NULL, cause);
}

/* Leave by ourselves (event b, with a Resign) and queue again. */
static bool yield(void *arg, event_id cause)
{
    struct hsrp_group *g = arg;
    if (g->state != HSRP_ACTIVE || g->standby.kind != HSRP_PEER_REMOTE)
        return false;
    hsrp_group_event(g, HSRP_EV_B, NULL, NULL, cause);
    hsrp_group_evaluate(g, cause);
    return true;
}

void hsrp_role_withdraw(struct hsrp_group *g)
{
    struct router *r = g->hif->h->r;
    if (!g->publishing)
        return;
    role_on_release(r, g->name, NULL, NULL);
    role_on_peer_gone(r, g->name, NULL, NULL);
    role_on_yield(r, g->name, NULL, NULL);
    role_withdraw(r, g->name, g->last_event);
    g->publishing = false;
}

void hsrp_group_renamed(struct hsrp_group *g, const char *name)
{
    hsrp_role_withdraw(g);
    g->name_cfg = name != NULL;
    if (name)
        snprintf(g->name, sizeof g->name, "%s", name);
    else
        snprintf(g->name, sizeof g->name, "hsrp-%s-%u", g->hif->nif->shortname, g->number);
    hsrp_group_publish(g);
    role_on_release(g->hif->h->r, g->name, released, g);
    role_on_peer_gone(g->hif->h->r, g->name, peer_gone, g);
    role_on_yield(g->hif->h->r, g->name, yield, g);
}
