/* Groups that follow another (`standby G follow NAME`, reference 1.7): no election of their own, they take the state
 * of the group of that name and refresh the switches while Active. Called by hsrp_group.c and hsrp_cmd.c. */
#include "modules/hsrp/hsrp_internal.h"
#include <string.h>

struct hsrp_group *hsrp_follow_master(const struct hsrp_group *g)
{
    for (struct hsrp_if *hif = g->hif->h->ifs; hif; hif = hif->next)
        for (struct hsrp_group *m = hif->groups; m; m = m->next)
            if (m != g && !m->follow[0] && !strcmp(m->name, g->follow))
                return m;
    return NULL;
}

static void move_to(struct hsrp_group *g, enum hsrp_state next, event_id cause)
{
    if (g->state == next)
        return;
    enum hsrp_event ev = next > HSRP_INIT ? HSRP_EV_A : HSRP_EV_B;
    g->active.kind = next == HSRP_ACTIVE ? HSRP_PEER_LOCAL : HSRP_PEER_UNKNOWN;
    hsrp_group_change_state(g, ev, next, "follows its group", cause);
    if (next == HSRP_ACTIVE) {
        hsrp_tx(g, HSRP_HELLO, next);
        if (g->hif->mac_refresh)
            timer_start(&g->hello_timer, (nstime)g->hif->mac_refresh * NS_PER_S);
    } else {
        timer_stop(&g->hello_timer);
    }
    hsrp_group_publish(g);
}

void hsrp_follow_evaluate(struct hsrp_group *g, event_id cause)
{
    const struct hsrp_group *m = hsrp_follow_master(g);
    enum hsrp_state next = HSRP_DISABLED;
    if (g->has_ip)
        next = HSRP_INIT;
    if (hsrp_group_may_run(g) && m && m->state > HSRP_INIT && !addr_is_none(&g->vip_cfg)) {
        next = m->state;
        g->vip = g->vip_cfg;
    }
    move_to(g, next, cause);
}

void hsrp_follow_master_changed(struct hsrp_group *master, event_id cause)
{
    struct hsrp *h = master->hif->h;
    for (struct hsrp_if *hif = h->n_follow ? h->ifs : NULL; hif; hif = hif->next)
        for (struct hsrp_group *g = hif->groups; g; g = g->next)
            if (g->follow[0] && !strcmp(g->follow, master->name))
                hsrp_follow_evaluate(g, cause);
}

void hsrp_follow_names_changed(struct hsrp *h)
{
    for (struct hsrp_if *hif = h->n_follow ? h->ifs : NULL; hif; hif = hif->next)
        for (struct hsrp_group *g = hif->groups; g; g = g->next)
            if (g->follow[0])
                hsrp_follow_evaluate(g, 0);
}
