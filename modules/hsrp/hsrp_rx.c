/* Receiving: the checks a packet passes, each with its named drop reason and debug line, and what goes to its group.
 * Also the duplicate addresses that ARP reports. Called by UDP and ARP. */
#include "modules/hsrp/hsrp_internal.h"
#include <string.h>

#define BADAUTH_PERIOD (10 * NS_PER_S)
#define DUPADDR_PERIOD (30 * NS_PER_S)
#define TAKEOVER_TIME (200 * NS_PER_MS) /* between the gratuitous ARP of a new Active router and its Coup, amply */

static void bad_auth(struct hsrp_group *g, const struct hsrp_packet *p, const struct addr *from, const char *what)
{
    struct router *r = g->hif->h->r;
    char a[ADDR_STRLEN];
    bool replayed = !strcmp(what, "MD5 source");
    addr_format(from, a);
    g->auth_failed++;
    g->replayed += replayed;
    ip_drop_count(r, replayed ? "hsrp-replay" : "hsrp-authentication", 1);
    if (hsrp_dbg_errors(g->hif->h))
        hsrp_dbg_grp(g, HSRP_DBG_ERRORS, "Auth failed for %s pkt from %s, %s failed", hsrp_wire_opcode_name(p->opcode),
                     a, what);
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
    uint32_t dst = addr_v4_get(&rx->ip.dst);
    addr_format(&rx->ip.src, a);
    if (dst != HSRP_GROUP_ADDR_V1 && dst != HSRP_GROUP_ADDR_V2) {
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
    enum hsrp_decode_result res =
        (hif->version == 2 ? hsrp_wire_decode2 : hsrp_wire_decode)(f->data, f->len, p, &version);
    if (res == HSRP_OK && dst != (hif->version == 2 ? HSRP_GROUP_ADDR_V2 : HSRP_GROUP_ADDR_V1)) {
        hsrp_dbg_if(hif, HSRP_DBG_ERRORS, "Packet from %s to %s, wrong group address", a, addr_format(&rx->ip.dst, d));
        return "hsrp-destination";
    }
    if (res == HSRP_BAD_VERSION)
        hsrp_dbg_if(hif, HSRP_DBG_ERRORS, "Hello in from %s, bad version %u", a, version);
    else if (res != HSRP_OK)
        hsrp_dbg_if(hif, HSRP_DBG_ERRORS, "Packet from %s, %s", a, hsrp_wire_error(res));
    return hsrp_wire_drop_reason(res);
}

static void receive(struct hsrp_if *hif, const struct hsrp_packet *p, const struct addr *from, const struct frame *f)
{
    char a[ADDR_STRLEN];
    if (p->opcode == HSRP_ADVERTISE) {
        hsrp_adv_receive(hif, p, from, f->data, f->len);
        return;
    }
    struct hsrp_group *g = hsrp_group_find(hif, p->group);
    if (!g) {
        hif->unknown_group_in++;
        ip_drop_count(hif->h->r, "hsrp-unknown-group", 1);
        hsrp_dbg_if(hif, HSRP_DBG_ERRORS, "%s in from %s for unknown group %u", hsrp_wire_opcode_name(p->opcode),
                    addr_format(from, a), p->group);
        return;
    }
    if (g->state < HSRP_LEARN)
        return;
    hsrp_dbg_packet_line(g, p, from, false);
    const char *what = hsrp_auth_check(hif, &g->auth, p, from, f->data, f->len);
    if (what) {
        bad_auth(g, p, from, what);
        return;
    }
    hsrp_nbr_heard(g, from, p->opcode == HSRP_HELLO ? p->state : HSRP_WIRE_LISTEN);
    if (p->opcode == HSRP_HELLO && g->follow[0])
        g->hello_in++;
    else if (!g->follow[0]) /* a group that follows takes part in no election */
        hsrp_group_receive(g, p, from);
}

/* What other implementations do and we take (interop 5), counted. */
static void tolerate(struct hsrp_if *hif, const struct udp_rx *rx, const struct hsrp_packet *p)
{
    char a[ADDR_STRLEN];
    addr_format(&rx->ip.src, a);
    if (rx->ip.ttl != 1) {
        hif->odd_ttl_in++;
        hsrp_dbg_if(hif, HSRP_DBG_ERRORS, "Packet from %s with TTL %u accepted", a, rx->ip.ttl);
    }
    if (p->unknown) {
        hif->unknown_tlv_in++;
        hsrp_dbg_if(hif, HSRP_DBG_ERRORS, "Packet from %s, unknown TLV passed over", a);
    }
}

void hsrp_input(void *arg, const struct udp_rx *rx, struct frame *f)
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
    tolerate(hif, rx, &p);
    receive(hif, &p, &rx->ip.src, f);
    frame_free(f);
}

static bool has_address(const struct hsrp_group *g, const struct addr *addr)
{
    bool has = addr_equal(&g->vip, addr);
    for (unsigned i = 0; i < g->n_secondary; i++)
        has = has || addr_equal(&g->secondary[i], addr);
    return has;
}

static void say_duplicate(struct hsrp_group *g, const struct addr *addr, const struct mac *by)
{
    struct router *r = g->hif->h->r;
    nstime now = loop_now(r->loop);
    if (g->dupaddr_at && now - g->dupaddr_at < DUPADDR_PERIOD)
        return;
    g->dupaddr_at = now ? now : 1;
    char a[ADDR_STRLEN], m[MAC_STRLEN];
    log_syslog(r, 0, "HSRP", LOG_WARNING_, "DUPADDR", "Duplicate address %s on %s, sourced by %s", addr_format(addr, a),
               g->hif->nif->name, mac_format(by, m));
}

/* Two Active routers, or a loop: whoever takes over has said so by now. */
void hsrp_duplicate_fire(void *arg)
{
    struct hsrp_group *g = arg;
    if (g->state == HSRP_ACTIVE)
        say_duplicate(g, &g->dupaddr, &g->vmac);
}

void hsrp_duplicate(void *arg, struct netif *nif, const struct addr *addr, const struct mac *by)
{
    struct hsrp_if *hif = hsrp_if_find(arg, nif);
    for (struct hsrp_group *g = hif ? hif->groups : NULL; g; g = g->next) {
        if (g->state != HSRP_ACTIVE || !has_address(g, addr))
            continue;
        if (!mac_equal(by, &g->vmac)) {
            say_duplicate(g, addr, by);
        } else if (!timer_armed(&g->duplicate_timer)) {
            g->dupaddr = *addr;
            timer_start(&g->duplicate_timer, TAKEOVER_TIME);
        }
    }
}
