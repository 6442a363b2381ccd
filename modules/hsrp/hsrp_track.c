/* Tracking: what a group tracks lowers its priority or shuts it down (reference 1.7; decrements are
 * cumulative). Called on interface events, by the track module and by configuration. */
#include "modules/hsrp/hsrp_internal.h"
#include <stdio.h>
#include <string.h>

static enum track_state state_of(struct router *r, const struct hsrp_track *t)
{
    if (!t->ifname[0])
        return track_state_get(r, t->object);
    const struct netif *nif = netif_find(r, t->ifname); /* not there yet: as good as down */
    return nif && nif->line_up ? TRACK_UP : TRACK_DOWN;
}

void hsrp_track_evaluate(struct hsrp_group *g, event_id cause)
{
    struct router *r = g->hif->h->r;
    unsigned lowered = 0;
    bool down = false;
    for (unsigned i = 0; i < g->n_track; i++) {
        struct hsrp_track *t = &g->track[i];
        enum track_state now = state_of(r, t);
        if (now != t->state && t->state != TRACK_UNKNOWN && now != TRACK_UNKNOWN) {
            const char *from = t->state == TRACK_UP ? "Up" : "Down", *to = now == TRACK_UP ? "Up" : "Down";
            if (t->ifname[0])
                hsrp_dbg_grp(g, HSRP_DBG_TRACK, "Track interface %s state change %s -> %s", t->ifname, from, to);
            else
                hsrp_dbg_grp(g, HSRP_DBG_TRACK, "Track object %u state change %s -> %s", t->object, from, to);
        }
        t->state = now;
        if (now != TRACK_DOWN) /* an undefined object lowers nothing (reference 1.7) */
            continue;
        if (t->shutdown)
            down = true;
        else
            lowered += t->decrement;
    }
    uint8_t priority = lowered >= g->priority_cfg ? 0 : (uint8_t)(g->priority_cfg - lowered);
    g->lowered = lowered;
    if (priority != g->priority) {
        hsrp_dbg_grp(g, HSRP_DBG_TRACK, "Priority %u -> %u", g->priority, priority);
        g->priority = priority;
        hsrp_group_priority_changed(g);
    }
    if (down != g->track_down) {
        g->track_down = down;
        hsrp_group_evaluate(g, cause);
    }
}

void hsrp_track_netif(struct hsrp *h, const struct netif *nif)
{
    for (struct hsrp_if *hif = h->ifs; hif; hif = hif->next)
        for (struct hsrp_group *g = hif->groups; g; g = g->next)
            for (unsigned i = 0; i < g->n_track; i++)
                if (!strcmp(g->track[i].ifname, nif->name)) {
                    event_id e = 0;
                    if ((g->track[i].state == TRACK_UP) != nif->line_up)
                        e = log_event(h->r, 0, "hsrp", "tracked-interface", "%s is %s", nif->name,
                                      nif->line_up ? "up" : "down");
                    hsrp_track_evaluate(g, e);
                    break;
                }
}

void hsrp_track_object(void *hsrp, unsigned object, enum track_state now, event_id cause)
{
    struct hsrp *h = hsrp;
    (void)now;
    for (struct hsrp_if *hif = h->ifs; hif; hif = hif->next)
        for (struct hsrp_group *g = hif->groups; g; g = g->next)
            for (unsigned i = 0; i < g->n_track; i++)
                if (!g->track[i].ifname[0] && g->track[i].object == object) {
                    hsrp_track_evaluate(g, cause);
                    break;
                }
}

void hsrp_track_clients(void *hsrp, unsigned object, void (*emit)(void *ctx, const char *client), void *ctx)
{
    struct hsrp *h = hsrp;
    char text[80];
    for (struct hsrp_if *hif = h->ifs; hif; hif = hif->next)
        for (struct hsrp_group *g = hif->groups; g; g = g->next)
            for (unsigned i = 0; i < g->n_track; i++)
                if (!g->track[i].ifname[0] && g->track[i].object == object) {
                    snprintf(text, sizeof text, "HSRP %s %u", hif->nif->name, g->number);
                    emit(ctx, text);
                }
}
