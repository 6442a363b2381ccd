/* The HSRP module: its interfaces with their start-up delay and version, the module's hooks. Called by the router
 * (module table) and by the command files. */
#include "modules/core/ifname.h"
#include "modules/hsrp/hsrp_internal.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- interfaces and their delay ---- */
struct hsrp_if *hsrp_if_find(struct hsrp *h, const struct netif *nif)
{
    for (struct hsrp_if *hif = h->ifs; hif; hif = hif->next)
        if (hif->nif == nif)
            return hif;
    return NULL;
}

static nstime delay_of(const struct hsrp_if *hif)
{
    return (nstime)(hif->reload_delay ? hif->delay_reload : hif->delay_min) * NS_PER_S;
}

static void evaluate_groups(struct hsrp_if *hif, event_id cause)
{
    for (struct hsrp_group *g = hif->groups; g; g = g->next)
        hsrp_group_evaluate(g, cause);
    hsrp_adv_update(hif, false);
}

static void delay_fire(void *arg)
{
    struct hsrp_if *hif = arg;
    hsrp_dbg_if(hif, HSRP_DBG_INTERFACE, "Interface %s delay expired", hif->reload_delay ? "reload" : "min");
    hif->reload_delay = false;
    hif->phase = HSRP_IF_UP;
    evaluate_groups(hif, log_event(hif->h->r, 0, "hsrp", "delay-expired", "%s: standby delay is over", hif->nif->name));
}

void hsrp_if_delay_changed(struct hsrp_if *hif)
{
    if (hif->phase == HSRP_IF_DELAY)
        timer_start_at(&hif->delay_timer, hif->up_at + delay_of(hif));
}

static void if_down(struct hsrp_if *hif, event_id cause)
{
    hif->phase = HSRP_IF_DOWN;
    hif->reload_delay = false; /* the first interface-up after boot has been */
    timer_stop(&hif->delay_timer);
    hsrp_dbg_if(hif, HSRP_DBG_INTERFACE, "Interface down");
    evaluate_groups(hif, cause);
    hsrp_nbr_free_all(hif);
    hif->adv_state = 0;
}

static void if_up(struct hsrp_if *hif, const struct addr *source)
{
    hif->source = *source;
    hif->phase = HSRP_IF_DELAY;
    hif->up_at = loop_now(hif->h->r->loop);
    hsrp_dbg_if(hif, HSRP_DBG_INTERFACE, "Interface up");
    timer_start(&hif->delay_timer, delay_of(hif));
}

/* Another primary address: all groups begin again under it, without a delay. */
static void if_moved(struct hsrp_if *hif, const struct addr *source)
{
    enum hsrp_if_phase phase = hif->phase;
    hif->phase = HSRP_IF_DOWN;
    evaluate_groups(hif, 0);
    hif->source = *source;
    hif->phase = phase;
    evaluate_groups(hif, 0);
}

/* Both versions are heard: a neighbour with the other one is worth a message. */
static void join(struct hsrp_if *hif)
{
    struct addr v1 = addr_v4(HSRP_GROUP_ADDR_V1), v2 = addr_v4(HSRP_GROUP_ADDR_V2);
    struct addr *ours = hif->version == 2 ? &v2 : &v1, *other = hif->version == 2 ? &v1 : &v2;
    if (hif->groups) {
        ip_join_group(hif->nif, ours);
        ip_overhear_group(hif->nif, other);
    } else {
        ip_leave_group(hif->nif, ours);
        ip_leave_group(hif->nif, other);
    }
}

/* The other version: groups leave in the old one and begin again in the new one, with its virtual MACs, without a delay
 * (reference 1.1). */
void hsrp_if_set_version(struct hsrp_if *hif, uint8_t version)
{
    if (hif->version == version)
        return;
    enum hsrp_if_phase phase = hif->phase;
    hif->phase = HSRP_IF_DOWN;
    evaluate_groups(hif, log_event(hif->h->r, 0, "hsrp", "version", "%s: HSRP version %u", hif->nif->name, version));
    hsrp_nbr_free_all(hif);
    hif->adv_state = 0;
    hif->version = version;
    hif->phase = phase;
    join(hif);
    for (struct hsrp_group *g = hif->groups; g; g = g->next)
        hsrp_address_choose_mac(g);
    evaluate_groups(hif, 0);
}

/* The interface carries HSRP when its line is up, it has an address, and a group wants it. */
void hsrp_if_evaluate(struct hsrp_if *hif)
{
    struct addr source = netif_primary(hif->nif);
    bool usable = hif->nif->line_up && !addr_is_none(&source) && hif->groups && !hif->h->leaving;
    join(hif);
    if (hif->phase != HSRP_IF_DOWN && !usable)
        if_down(hif, 0);
    else if (hif->phase != HSRP_IF_DOWN && !addr_equal(&source, &hif->source))
        if_moved(hif, &source);
    else if (hif->phase == HSRP_IF_DOWN && usable)
        if_up(hif, &source);
    else if (hif->phase != HSRP_IF_DOWN)
        evaluate_groups(hif, 0);
}

struct hsrp_if *hsrp_if_get(struct hsrp *h, struct netif *nif)
{
    struct hsrp_if *hif = hsrp_if_find(h, nif);
    if (hif)
        return hif;
    hif = calloc(1, sizeof *hif);
    if (!hif)
        return NULL;
    hif->h = h;
    hif->nif = nif;
    hif->delay_min = HSRP_DELAY_MIN_DEFAULT;
    hif->delay_reload = HSRP_DELAY_RELOAD_DEFAULT;
    hif->reload_delay = h->r->booting && h->r->from_startup;
    hif->version = 1;
    hif->mac_refresh = HSRP_MAC_REFRESH_DEFAULT;
    hif->garp_count = HSRP_GARP_COUNT;
    hif->garp_interval = HSRP_GARP_SPACING;
    hsrp_auth_init(&hif->adv_auth);
    hif->redirect_adv = HSRP_ADV_DEFAULT;
    hif->redirect_hold = HSRP_HOLDDOWN_DEFAULT;
    timer_init(&hif->delay_timer, h->r->loop, delay_fire, hif);
    hsrp_adv_init(hif);
    struct hsrp_if **pp = &h->ifs;
    while (*pp && ifname_compare((*pp)->nif->name, nif->name) < 0)
        pp = &(*pp)->next;
    hif->next = *pp;
    *pp = hif;
    return hif;
}

struct hsrp_group *hsrp_group_find(struct hsrp_if *hif, unsigned number)
{
    struct hsrp_group *g = hif->hash[number % HSRP_HASH];
    while (g && g->number != number)
        g = g->hnext;
    return g;
}

struct hsrp_group *hsrp_group_get(struct hsrp_if *hif, unsigned number)
{
    struct hsrp_group **pp = &hif->groups;
    while (*pp && (*pp)->number < number)
        pp = &(*pp)->next;
    if (*pp && (*pp)->number == number)
        return *pp;
    struct hsrp_group *g = calloc(1, sizeof *g);
    if (!g)
        return NULL;
    hsrp_group_init(g, hif, (uint16_t)number);
    g->next = *pp;
    *pp = g;
    g->hnext = hif->hash[number % HSRP_HASH];
    hif->hash[number % HSRP_HASH] = g;
    hsrp_if_evaluate(hif);
    return g;
}

static void group_free(struct hsrp_group *g)
{
    struct hsrp *h = g->hif->h;
    for (struct hsrp_group **pp = &g->hif->groups; *pp; pp = &(*pp)->next)
        if (*pp == g) {
            *pp = g->next;
            break;
        }
    for (struct hsrp_group **pp = &g->hif->hash[g->number % HSRP_HASH]; *pp; pp = &(*pp)->hnext)
        if (*pp == g) {
            *pp = g->hnext;
            break;
        }
    h->n_follow -= g->follow[0] != '\0';
    hsrp_group_fini(g);
    free(g);
}

void hsrp_group_drop_if_empty(struct hsrp_group *g)
{
    if (g->has_ip || g->n_secondary || g->priority_is_cfg || g->preempt || g->timers_cfg || g->auth.cfg ||
        g->name_cfg || g->n_track || g->mac_cfg || g->follow[0])
        return;
    struct hsrp_if *hif = g->hif;
    group_free(g);
    hsrp_if_evaluate(hif);
}

static void if_free(struct hsrp_if *hif)
{
    while (hif->groups)
        group_free(hif->groups);
    timer_stop(&hif->delay_timer);
    hsrp_nbr_free_all(hif);
    hsrp_auth_wipe(&hif->adv_auth);
    for (struct hsrp_if **pp = &hif->h->ifs; *pp; pp = &(*pp)->next)
        if (*pp == hif) {
            *pp = hif->next;
            break;
        }
    free(hif);
}

/* ---- the module ---- */
static int init(struct router *r, void **state)
{
    struct hsrp *h = calloc(1, sizeof *h);
    if (!h)
        return ENOMEM;
    h->r = r;
    int err = udp_bind(r, HSRP_PORT, hsrp_input, h);
    if (err) {
        free(h);
        return -err;
    }
    arp_on_duplicate(r, hsrp_duplicate, h);
    arp_on_proxy(r, hsrp_proxy_arp, h);
    ip_on_redirect(r, hsrp_redirect, h);
    track_subscribe(r, hsrp_track_object, h);
    track_clients(r, hsrp_track_clients, h);
    *state = h;
    return 0;
}

/* A reload with notice: Resign everywhere, then silence. */
static void power_down(struct router *r, void *state)
{
    struct hsrp *h = state;
    (void)r;
    h->leaving = true;
    for (struct hsrp_if *hif = h->ifs; hif; hif = hif->next)
        hsrp_if_evaluate(hif);
}

static void fini(struct router *r, void *state)
{
    struct hsrp *h = state;
    if (!h)
        return;
    h->leaving = true; /* a reload with notice resigned in power_down(), a power cut says nothing */
    while (h->ifs)
        if_free(h->ifs);
    udp_unbind(r, HSRP_PORT);
    free(h);
}

static void start(struct router *r, void *state)
{
    struct hsrp *h = state;
    (void)r;
    for (struct hsrp_if *hif = h->ifs; hif; hif = hif->next) {
        for (struct hsrp_group *g = hif->groups; g; g = g->next)
            hsrp_track_evaluate(g, 0); /* interfaces that came without an event */
        hsrp_if_evaluate(hif);
    }
}

static void netif_event(struct router *r, void *state, struct netif *nif, enum netif_event ev)
{
    struct hsrp *h = state;
    if (!h)
        return;
    struct hsrp_if *hif = hsrp_if_find(h, nif);
    if (ev == NETIF_CLOSING) {
        if (hif && hif->phase != HSRP_IF_DOWN) /* Resign while frames still leave */
            if_down(hif, log_event(r, 0, "hsrp", "shutdown", "%s is being shut down", nif->name));
    } else if (ev == NETIF_DELETED) {
        if (hif)
            if_free(hif);
    } else if (hif) {
        hsrp_if_evaluate(hif);
    }
    if (ev != NETIF_ADDRESS && ev != NETIF_CLOSING)
        hsrp_track_netif(h, nif);
}

/* I1 here: whoever is Active has its virtual address installed, and nobody else has. */
static void audit(struct router *r, void *state, void (*fail)(void *ctx, const char *invariant, const char *text),
                  void *ctx)
{
    struct hsrp *h = state;
    (void)r;
    for (struct hsrp_if *hif = h->ifs; hif; hif = hif->next)
        for (struct hsrp_group *g = hif->groups; g; g = g->next)
            if (g->installed != (g->state == HSRP_ACTIVE))
                fail(ctx, "I1", "an HSRP group has its virtual address without being Active, or the other way round");
}

const struct module hsrp_module = {
    .name = "hsrp",
    .process = "HSRP Common",
    .init = init,
    .fini = fini,
    .start = start,
    .netif_event = netif_event,
    .shutdown = power_down,
    .debug = hsrp_debug_flags,
    .n_debug = HSRP_DBG_FLAGS,
    .debug_note = hsrp_debug_note,
    .audit = audit,
};
