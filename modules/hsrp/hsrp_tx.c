/* Sending: one place that builds HSRP packets and hands them to UDP with the framing of reference 1.5.
 * Called by hsrp_group.c, hsrp_follow.c and hsrp_adv.c. */
#include "modules/hsrp/hsrp_internal.h"
#include <string.h>

uint8_t hsrp_wire_state_of(enum hsrp_state s)
{
    static const uint8_t wire[HSRP_STATES] = {
        [HSRP_DISABLED] = HSRP_WIRE_INITIAL, [HSRP_INIT] = HSRP_WIRE_INITIAL, [HSRP_LEARN] = HSRP_WIRE_LEARN,
        [HSRP_LISTEN] = HSRP_WIRE_LISTEN,    [HSRP_SPEAK] = HSRP_WIRE_SPEAK,  [HSRP_STANDBY] = HSRP_WIRE_STANDBY,
        [HSRP_ACTIVE] = HSRP_WIRE_ACTIVE};
    return wire[s];
}

static void send_bytes(struct hsrp_if *hif, const uint8_t *buf, size_t len, const struct mac *src_mac)
{
    struct udp_tx tx = {
        .ip = {.src = hif->source,
               .dst = addr_v4(hif->version == 2 ? HSRP_GROUP_ADDR_V2 : HSRP_GROUP_ADDR_V1),
               .proto = IPPROTO_UDP_,
               .ttl = 1,
               .tos = 0xc0,
               .id_zero = true,
               .netif = hif->nif,
               .src_mac = src_mac,
               .no_crypto = true},
        .sport = HSRP_PORT,
        .dport = HSRP_PORT,
    };
    if (len > 0 && !addr_is_none(&hif->source))
        udp_send(hif->h->r, &tx, buf, len);
}

void hsrp_tx_adv(struct hsrp_if *hif, struct hsrp_packet *p)
{
    uint8_t buf[HSRP_WIRE_MAX];
    send_bytes(hif, buf, hsrp_auth_seal(hif, &hif->adv_auth, p, buf, sizeof buf), NULL);
}

/* Version 1 has whole seconds only; 0 says that the timer is none (a receiver then uses its own). */
static uint32_t wire_ms(const struct hsrp_if *hif, nstime t)
{
    if (hif->version == 1 && (t % NS_PER_S != 0 || t / NS_PER_S > 255))
        return 0;
    return (uint32_t)(t / NS_PER_MS);
}

void hsrp_tx(struct hsrp_group *g, enum hsrp_opcode op, enum hsrp_state state)
{
    struct hsrp_if *hif = g->hif;
    uint8_t buf[HSRP_WIRE_MAX];
    struct hsrp_packet p = {
        .version = hif->version,
        .opcode = (uint8_t)op,
        .state = hsrp_wire_state_of(state),
        .hello_ms = wire_ms(hif, g->hello),
        .hold_ms = wire_ms(hif, g->hold),
        .priority = g->priority,
        .group = g->number,
        .identifier = hif->nif->mac,
        .vip = addr_is_none(&g->vip) ? addr_v4(0) : g->vip,
    };
    size_t len = hsrp_auth_seal(hif, &g->auth, &p, buf, sizeof buf);
    /* Active hellos come from the virtual MAC so that switches learn it; all else from our own (captures). */
    const struct mac *mac = op == HSRP_HELLO && state == HSRP_ACTIVE ? &g->vmac : NULL;
    hsrp_dbg_packet_line(g, &p, &hif->source, true);
    if (op == HSRP_HELLO)
        g->hello_out++;
    else if (op == HSRP_COUP)
        g->coup_out++;
    else
        g->resign_out++;
    send_bytes(hif, buf, len, mac);
}
