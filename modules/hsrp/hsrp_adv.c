/* Interface-state advertisements (opcode 3, reference 1.3), the neighbours learnt from them and from hellos, and what
 * ICMP redirects make of these. Called by hsrp.c and hsrp_group.c, and by the IP stack. */
#include "modules/hsrp/hsrp_internal.h"
#include <stdlib.h>
#include <string.h>

#define ADV_SPACING (100 * NS_PER_MS)

static const char *adv_state_name(uint8_t s)
{
    return s == HSRP_ADV_ACTIVE ? "Active" : s == HSRP_ADV_PASSIVE ? "Passive" : "Dormant";
}

static void count_groups(const struct hsrp_if *hif, uint16_t *active, uint16_t *passive)
{
    *active = *passive = 0;
    for (const struct hsrp_group *g = hif->groups; g; g = g->next) {
        if (g->state == HSRP_ACTIVE)
            (*active)++;
        else if (g->state >= HSRP_LEARN)
            (*passive)++;
    }
}

static uint8_t current_state(uint16_t active, uint16_t passive)
{
    return active ? HSRP_ADV_ACTIVE : passive ? HSRP_ADV_PASSIVE : HSRP_ADV_DORMANT;
}

static void send_adv(struct hsrp_if *hif, uint8_t state, uint16_t active, uint16_t passive)
{
    struct hsrp_packet p = {.version = hif->version,
                            .opcode = HSRP_ADVERTISE,
                            .adv_type = 1,
                            .adv_state = state,
                            .adv_active = active,
                            .adv_passive = passive};
    if (hsrp_dbg_packet(hif, HSRP_ADVERTISE))
        hsrp_dbg_if(hif, HSRP_DBG_PACKETS, "Redirect adv out, %s, active %u passive %u", adv_state_name(state), active,
                    passive);
    hif->adv_out++;
    hif->adv_at = loop_now(hif->h->r->loop);
    hsrp_tx_adv(hif, &p);
}

/* As configured; at the default of 60 s real routers say it every 30 s (captures). */
nstime hsrp_adv_period(const struct hsrp_if *hif)
{
    return (nstime)hif->redirect_adv * NS_PER_S / (hif->redirect_adv == HSRP_ADV_DEFAULT ? 2 : 1);
}

void hsrp_adv_update(struct hsrp_if *hif, bool force)
{
    uint16_t active, passive;
    count_groups(hif, &active, &passive);
    uint8_t state = current_state(active, passive);
    bool first_dormant = state == HSRP_ADV_DORMANT && hif->adv_state == 0;
    if (!first_dormant && (force || state != hif->adv_state))
        send_adv(hif, state, active, passive);
    if (!first_dormant)
        hif->adv_state = state;
    /* Periodic while passive; the Active's hellos say enough (captures). */
    if (state != HSRP_ADV_PASSIVE)
        timer_stop(&hif->adv_timer);
    else if (!timer_armed(&hif->adv_timer))
        timer_start(&hif->adv_timer, hsrp_adv_period(hif));
}

void hsrp_adv_new_active(struct hsrp_if *hif)
{
    /* Many groups that move at once need one, and nobody shall make us send more than we are sent. */
    if (hif->adv_state != HSRP_ADV_PASSIVE || loop_now(hif->h->r->loop) - hif->adv_at >= ADV_SPACING)
        hsrp_adv_update(hif, true);
}

static void adv_fire(void *arg)
{
    hsrp_adv_update(arg, true);
}

void hsrp_adv_init(struct hsrp_if *hif)
{
    timer_init(&hif->adv_timer, hif->h->r->loop, adv_fire, hif);
}

/* ---- neighbours ---- */
static void nbr_unlink(struct hsrp_nbr *n)
{
    struct hsrp_if *hif = n->hif;
    char a[ADDR_STRLEN];
    for (struct hsrp_nbr **pp = &hif->nbrs; *pp; pp = &(*pp)->next)
        if (*pp == n) {
            *pp = n->next;
            break;
        }
    hif->n_nbrs--;
    timer_stop(&n->timer);
    hsrp_dbg_if(hif, HSRP_DBG_NEIGHBOR, "Nbr %s destroyed", addr_format(&n->addr, a));
    free(n);
}

static void nbr_expired(void *arg)
{
    nbr_unlink(arg);
}

static struct hsrp_nbr *nbr_get(struct hsrp_if *hif, const struct addr *from)
{
    struct hsrp_nbr **pp = &hif->nbrs, *oldest = NULL;
    while (*pp && addr_compare(&(*pp)->addr, from) < 0)
        pp = &(*pp)->next;
    if (*pp && addr_equal(&(*pp)->addr, from))
        return *pp;
    if (hif->n_nbrs == HSRP_MAX_NBR) { /* the cap: the one unheard for longest goes */
        for (struct hsrp_nbr *n = hif->nbrs; n; n = n->next)
            if (!oldest || n->timer.deadline < oldest->timer.deadline)
                oldest = n;
        nbr_unlink(oldest);
        return nbr_get(hif, from);
    }
    struct hsrp_nbr *n = calloc(1, sizeof *n);
    if (!n)
        return NULL;
    n->hif = hif;
    n->addr = *from;
    n->next = *pp;
    *pp = n;
    hif->n_nbrs++;
    timer_init(&n->timer, hif->h->r->loop, nbr_expired, n);
    char a[ADDR_STRLEN];
    hsrp_dbg_if(hif, HSRP_DBG_NEIGHBOR, "Nbr %s created", addr_format(from, a));
    return n;
}

static void set_passive(struct hsrp_nbr *n, bool passive)
{
    char a[ADDR_STRLEN];
    if (n->passive != passive)
        hsrp_dbg_if(n->hif, HSRP_DBG_NEIGHBOR, "Nbr %s is %spassive", addr_format(&n->addr, a),
                    passive ? "" : "no longer ");
    n->passive = passive;
}

/* In brackets: our own state when we noticed. */
static void set_role(struct hsrp_nbr *n, uint32_t *bits, unsigned *count, const char *role, unsigned group, bool on,
                     enum hsrp_state ours)
{
    uint32_t mask = UINT32_C(1) << (group % 32), *word = &bits[group / 32];
    char a[ADDR_STRLEN];
    if (on == ((*word & mask) != 0))
        return;
    *word ^= mask;
    *count += on ? 1u : ~0u;
    addr_format(&n->addr, a);
    if (on)
        hsrp_dbg_if(n->hif, HSRP_DBG_NEIGHBOR, "Nbr %s %s for group %u", a, role, group);
    else
        hsrp_dbg_if(n->hif, HSRP_DBG_NEIGHBOR, "Nbr %s no longer %s for group %u (%s)", a, role, group,
                    hsrp_state_name(ours));
}

static bool has_role(const struct hsrp_nbr *n)
{
    return n->n_active || n->n_standby;
}

/* It is forgotten when nothing is heard of it for this time. */
static void holddown(struct hsrp_nbr *n, bool had_role)
{
    char a[ADDR_STRLEN];
    if (had_role && !has_role(n))
        hsrp_dbg_if(n->hif, HSRP_DBG_NEIGHBOR, "Nbr %s Was active or standby - start passive holddown",
                    addr_format(&n->addr, a));
    timer_start(&n->timer, (nstime)n->hif->redirect_hold * NS_PER_S);
}

void hsrp_nbr_heard(struct hsrp_group *g, const struct addr *from, uint8_t wire_state)
{
    struct hsrp_if *hif = g->hif;
    struct hsrp_nbr *n = nbr_get(hif, from);
    if (!n)
        return;
    bool was = has_role(n);
    set_role(n, n->active, &n->n_active, "active", g->number, wire_state == HSRP_WIRE_ACTIVE, g->state);
    set_role(n, n->standby, &n->n_standby, "standby", g->number, wire_state == HSRP_WIRE_STANDBY, g->state);
    if (n->n_active)
        set_passive(n, false);
    holddown(n, was);
}

void hsrp_nbr_lost(struct hsrp_group *g, const struct addr *who, bool active, enum hsrp_state state)
{
    struct hsrp_nbr *n = g->hif->nbrs;
    while (n && !addr_equal(&n->addr, who))
        n = n->next;
    if (!n || !has_role(n))
        return;
    if (active)
        set_role(n, n->active, &n->n_active, "active", g->number, false, state);
    else
        set_role(n, n->standby, &n->n_standby, "standby", g->number, false, state);
    if (!has_role(n))
        holddown(n, true);
}

void hsrp_adv_receive(struct hsrp_if *hif, const struct hsrp_packet *p, const struct addr *from, const uint8_t *data,
                      size_t len)
{
    char a[ADDR_STRLEN];
    const char *what =
        hif->adv_auth.kind == HSRP_AUTH_TEXT ? NULL : hsrp_auth_check(hif, &hif->adv_auth, p, from, data, len);
    if (what) {
        ip_drop_count(hif->h->r, !strcmp(what, "MD5 source") ? "hsrp-replay" : "hsrp-authentication", 1);
        hsrp_dbg_if(hif, HSRP_DBG_ERRORS, "Auth failed for Adv pkt from %s, %s failed", addr_format(from, a), what);
        return;
    }
    hif->adv_in++;
    if (p->adv_type != 1) /* IP redundancy: known, of no use here */
        return;
    if (hsrp_dbg_packet(hif, HSRP_ADVERTISE))
        hsrp_dbg_if(hif, HSRP_DBG_PACKETS, "REDIRECT adv in, %s, active %u, passive %u, from %s",
                    adv_state_name(p->adv_state), p->adv_active, p->adv_passive, addr_format(from, a));
    struct hsrp_nbr *n = nbr_get(hif, from);
    if (!n)
        return;
    bool was = has_role(n);
    if (p->adv_state != HSRP_ADV_ACTIVE) {
        memset(n->active, 0, sizeof n->active);
        n->n_active = 0;
    }
    set_passive(n, p->adv_state == HSRP_ADV_PASSIVE);
    if (p->adv_state == HSRP_ADV_DORMANT)
        nbr_unlink(n);
    else
        holddown(n, was);
}

void hsrp_nbr_free_all(struct hsrp_if *hif)
{
    while (hif->nbrs)
        nbr_unlink(hif->nbrs);
    timer_stop(&hif->adv_timer);
}

/* ---- ICMP redirects (reference 1.6 and 1.7) ---- */
static unsigned first_active(const struct hsrp_nbr *n)
{
    unsigned g = 0;
    while (g < HSRP_GROUPS && !(n->active[g / 32] & (UINT32_C(1) << (g % 32))))
        g++;
    return g;
}

/* Hosts must not learn real addresses: a next hop that is Active for a group is named by the group's virtual address,
 * one that is Active for none is not named at all, and one that speaks no HSRP only if the configuration says so. */
bool hsrp_redirect(void *arg, struct netif *nif, const struct mac *to, struct addr *gateway, struct addr *source)
{
    struct hsrp *h = arg;
    struct hsrp_if *hif = hsrp_if_find(h, nif);
    if (!hif || hif->phase != HSRP_IF_UP || !hif->groups)
        return true;
    char g[ADDR_STRLEN], v[ADDR_STRLEN];
    addr_format(gateway, g);
    if (hif->redirect_off)
        return false;
    for (const struct hsrp_group *own = hif->groups; own; own = own->next)
        if (own->state == HSRP_ACTIVE && mac_equal(&own->vmac, to)) {
            *source = own->vip; /* who was asked answers */
            break;
        }
    const struct hsrp_nbr *n = hif->nbrs;
    while (n && !addr_equal(&n->addr, gateway))
        n = n->next;
    if (!n) {
        hsrp_dbg_if(hif, HSRP_DBG_ICMP, "ICMP redirect to unknown router %s%s", g,
                    hif->redirect_unknown ? "" : " not sent");
        return hif->redirect_unknown;
    }
    const struct hsrp_group *theirs = n->n_active ? hsrp_group_find(hif, first_active(n)) : NULL;
    if (!theirs || addr_is_none(&theirs->vip)) {
        hsrp_dbg_if(hif, HSRP_DBG_ICMP, "ICMP redirect to passive router %s not sent", g);
        return false;
    }
    hsrp_dbg_if(hif, HSRP_DBG_ICMP, "ICMP redirect to %s, gateway is %s", g, addr_format(&theirs->vip, v));
    *gateway = theirs->vip;
    return true;
}
