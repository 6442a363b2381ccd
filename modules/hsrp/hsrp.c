/* The HSRP module: its interfaces with their start-up delay, received packets and their checks, the
 * module's hooks. Called by the router (module table), by UDP and by hsrp_cmd.c. */
#include "modules/core/ifname.h"
#include "modules/hsrp/hsrp_internal.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define BADAUTH_PERIOD (10 * NS_PER_S)
#define DUPADDR_PERIOD (30 * NS_PER_S)

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
    hsrp_dbg_if(hif, HSRP_DBG_EVENTS, "Interface %s delay expired", hif->reload_delay ? "reload" : "min");
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
    hsrp_dbg_if(hif, HSRP_DBG_EVENTS, "Interface down");
    evaluate_groups(hif, cause);
    hsrp_nbr_free_all(hif);
    hif->adv_state = 0;
}

static void if_up(struct hsrp_if *hif, const struct addr *source)
{
    hif->source = *source;
    hif->phase = HSRP_IF_DELAY;
    hif->up_at = loop_now(hif->h->r->loop);
    hsrp_dbg_if(hif, HSRP_DBG_EVENTS, "Interface up");
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

/* The interface carries HSRP when its line is up, it has an address, and a group wants it. */
void hsrp_if_evaluate(struct hsrp_if *hif)
{
    struct addr source = netif_primary(hif->nif);
    bool usable = hif->nif->line_up && !addr_is_none(&source) && hif->groups && !hif->h->leaving;
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
    timer_init(&hif->delay_timer, h->r->loop, delay_fire, hif);
    hsrp_adv_init(hif);
    struct addr all_routers = addr_v4(0xe0000002);
    ip_join_group(nif, &all_routers);
    struct hsrp_if **pp = &h->ifs;
    while (*pp && ifname_compare((*pp)->nif->name, nif->name) < 0)
        pp = &(*pp)->next;
    hif->next = *pp;
    *pp = hif;
    return hif;
}

struct hsrp_group *hsrp_group_find(struct hsrp_if *hif, unsigned number)
{
    for (struct hsrp_group *g = hif->groups; g; g = g->next)
        if (g->number == number)
            return g;
    return NULL;
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
    hsrp_group_init(g, hif, (uint8_t)number);
    g->next = *pp;
    *pp = g;
    hsrp_if_evaluate(hif);
    return g;
}

static void group_free(struct hsrp_group *g)
{
    for (struct hsrp_group **pp = &g->hif->groups; *pp; pp = &(*pp)->next)
        if (*pp == g) {
            *pp = g->next;
            break;
        }
    hsrp_group_fini(g);
    free(g);
}

void hsrp_group_drop_if_empty(struct hsrp_group *g)
{
    if (g->has_ip || g->n_secondary || g->priority_is_cfg || g->preempt || g->timers_cfg || g->auth_cfg ||
        g->name_cfg || g->n_track)
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
    for (struct hsrp_if **pp = &hif->h->ifs; *pp; pp = &(*pp)->next)
        if (*pp == hif) {
            *pp = hif->next;
            break;
        }
    free(hif);
}

/* ---- receiving ---- */
static void bad_auth(struct hsrp_group *g, const struct hsrp_packet *p, const struct addr *from)
{
    struct router *r = g->hif->h->r;
    char a[ADDR_STRLEN];
    addr_format(from, a);
    g->auth_failed++;
    if (hsrp_dbg_errors(g->hif->h))
        hsrp_dbg_grp(g, HSRP_DBG_ERRORS, "Auth failed for %s pkt from %s, %s auth failed",
                     hsrp_wire_opcode_name(p->opcode), a, p->md5 ? "MD5" : "Text");
    nstime now = loop_now(r->loop);
    if (g->badauth_at && now - g->badauth_at < BADAUTH_PERIOD)
        return;
    g->badauth_at = now ? now : 1;
    log_syslog(r, 0, "HSRP", LOG_WARNING_, "BADAUTH", "Bad authentication from %s, group %u, remote state %s", a,
               g->number, hsrp_wire_state_name(p->state));
}

static const char *refuse(struct hsrp_if *hif, const struct udp_rx *rx, const struct frame *f, struct hsrp_packet *p)
{
    char a[ADDR_STRLEN], d[ADDR_STRLEN];
    addr_format(&rx->ip.src, a);
    if (addr_v4_get(&rx->ip.dst) != 0xe0000002) {
        hsrp_dbg_if(hif, HSRP_DBG_ERRORS, "Packet from %s to %s, wrong group address", a, addr_format(&rx->ip.dst, d));
        return "hsrp-destination";
    }
    if (netif_owns(hif->nif, &rx->ip.src)) {
        hsrp_dbg_if(hif, HSRP_DBG_ERRORS, "Source IP %s is our own", a);
        return "hsrp-own-source";
    }
    if (!netif_on_subnet(hif->nif, &rx->ip.src)) {
        hsrp_dbg_if(hif, HSRP_DBG_ERRORS, "Source IP %s not in subnet", a);
        return "hsrp-subnet";
    }
    uint8_t version = 0;
    enum hsrp_decode_result res = hsrp_wire_decode(f->data, f->len, p, &version);
    if (res == HSRP_BAD_VERSION)
        hsrp_dbg_if(hif, HSRP_DBG_ERRORS, "Hello in from %s, bad version %u", a, version);
    else if (res != HSRP_OK)
        hsrp_dbg_if(hif, HSRP_DBG_ERRORS, "Packet from %s, %s", a, hsrp_wire_error(res));
    return res == HSRP_OK ? NULL : res == HSRP_BAD_VERSION ? "hsrp-version" : "hsrp-malformed";
}

static void receive(struct hsrp_if *hif, const struct hsrp_packet *p, const struct addr *from)
{
    char a[ADDR_STRLEN], v[ADDR_STRLEN];
    if (p->opcode == HSRP_ADVERTISE) {
        hsrp_adv_receive(hif, p, from);
        return;
    }
    struct hsrp_group *g = hsrp_group_find(hif, p->group);
    if (!g || g->state < HSRP_LEARN) {
        if (!g)
            hsrp_dbg_if(hif, HSRP_DBG_ERRORS, "%s in from %s for unknown group %u", hsrp_wire_opcode_name(p->opcode),
                        addr_format(from, a), p->group);
        return;
    }
    if (hsrp_dbg_packet(hif->h, p->opcode))
        hsrp_dbg_grp(g, HSRP_DBG_PACKETS, "%-6s in  %s %-7s pri %u vIP %s", hsrp_wire_opcode_name(p->opcode),
                     addr_format(from, a), hsrp_wire_state_name(p->state), p->priority, addr_format(&p->vip, v));
    if (p->md5 || memcmp(p->auth, g->auth, sizeof g->auth) != 0) {
        bad_auth(g, p, from);
        return;
    }
    hsrp_nbr_heard(hif, from, p->group, p->opcode == HSRP_HELLO ? p->state : HSRP_WIRE_LISTEN);
    hsrp_group_receive(g, p, from);
}

static void input(void *arg, const struct udp_rx *rx, struct frame *f)
{
    struct hsrp *h = arg;
    struct hsrp_if *hif = hsrp_if_find(h, rx->ip.in);
    if (!hif || hif->phase != HSRP_IF_UP || h->leaving) {
        frame_free(f); /* HSRP does not run here: not an error */
        return;
    }
    struct hsrp_packet p;
    const char *why = refuse(hif, rx, f, &p);
    if (why) {
        hif->bad_in++;
        ip_drop(h->r, why, f);
        return;
    }
    if (rx->ip.ttl != 1) { /* tolerated (interop 5) */
        char a[ADDR_STRLEN];
        hif->odd_ttl_in++;
        hsrp_dbg_if(hif, HSRP_DBG_ERRORS, "Packet from %s with TTL %u accepted", addr_format(&rx->ip.src, a),
                    rx->ip.ttl);
    }
    frame_free(f);
    receive(hif, &p, &rx->ip.src);
}

static void duplicate(void *arg, struct netif *nif, const struct addr *addr, const struct mac *by)
{
    struct hsrp *h = arg;
    struct hsrp_if *hif = hsrp_if_find(h, nif);
    for (struct hsrp_group *g = hif ? hif->groups : NULL; g; g = g->next) {
        if (g->state != HSRP_ACTIVE || !addr_equal(&g->vip, addr))
            continue;
        nstime now = loop_now(h->r->loop);
        if (g->dupaddr_at && now - g->dupaddr_at < DUPADDR_PERIOD)
            continue;
        g->dupaddr_at = now ? now : 1;
        char a[ADDR_STRLEN], m[MAC_STRLEN];
        log_syslog(h->r, 0, "HSRP", LOG_WARNING_, "DUPADDR", "Duplicate address %s on %s, sourced by %s",
                   addr_format(addr, a), nif->name, mac_format(by, m));
    }
}

/* ---- the module ---- */
static int init(struct router *r, void **state)
{
    struct hsrp *h = calloc(1, sizeof *h);
    if (!h)
        return ENOMEM;
    h->r = r;
    int err = udp_bind(r, HSRP_PORT, input, h);
    if (err) {
        free(h);
        return -err;
    }
    arp_on_duplicate(r, duplicate, h);
    track_subscribe(r, hsrp_track_object, h);
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
    .audit = audit,
};
