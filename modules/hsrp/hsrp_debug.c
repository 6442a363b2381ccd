/* `debug standby`: which flags are on and the forms of the lines (reference 1.9). Called by all files of
 * the module. */
#include "modules/hsrp/hsrp_internal.h"
#include <stdarg.h>
#include <stdio.h>

const struct debug_flag hsrp_debug_flags[HSRP_DBG_FLAGS] = {
    [HSRP_DBG_ERRORS] = {"HSRP", "HSRP Errors debugging is on"},
    [HSRP_DBG_EVENTS] = {"HSRP", "HSRP Events debugging is on"},
    [HSRP_DBG_PACKETS] = {"HSRP", "HSRP Packets debugging is on"},
    [HSRP_DBG_EVENTS_TERSE] =
        {"HSRP", "HSRP Events debugging is on\n    (protocol, neighbor, redundancy, track, arp, interface)"},
    [HSRP_DBG_PACKETS_TERSE] = {"HSRP", "HSRP Packets debugging is on\n    (Coup, Resign)"},
    [HSRP_DBG_ADVERTISE] = {"HSRP", "HSRP Packets debugging is on\n    (Advertise)"},
    [HSRP_DBG_COUP] = {"HSRP", "HSRP Packets debugging is on\n    (Coup)"},
    [HSRP_DBG_HELLO] = {"HSRP", "HSRP Packets debugging is on\n    (Hello)"},
    [HSRP_DBG_RESIGN] = {"HSRP", "HSRP Packets debugging is on\n    (Resign)"},
};

static bool on(struct hsrp *h, unsigned bit)
{
    return log_debug_on(h->r, &hsrp_module, bit);
}

bool hsrp_dbg_errors(struct hsrp *h)
{
    return h->r->debug_any && on(h, HSRP_DBG_ERRORS);
}

bool hsrp_dbg_events(struct hsrp *h)
{
    return h->r->debug_any && (on(h, HSRP_DBG_EVENTS) || on(h, HSRP_DBG_EVENTS_TERSE));
}

bool hsrp_dbg_packet(struct hsrp *h, uint8_t opcode)
{
    if (!h->r->debug_any)
        return false;
    if (on(h, HSRP_DBG_PACKETS))
        return true;
    switch (opcode) {
    case HSRP_HELLO:
        return on(h, HSRP_DBG_HELLO);
    case HSRP_COUP:
        return on(h, HSRP_DBG_COUP) || on(h, HSRP_DBG_PACKETS_TERSE);
    case HSRP_RESIGN:
        return on(h, HSRP_DBG_RESIGN) || on(h, HSRP_DBG_PACKETS_TERSE);
    default:
        return on(h, HSRP_DBG_ADVERTISE);
    }
}

/* The bit that log_debug() will find on: the caller's, or the narrower form of it that is. */
static int live_bit(struct hsrp *h, unsigned bit)
{
    if (!h->r->debug_any)
        return -1;
    if (on(h, bit))
        return (int)bit;
    if (bit == HSRP_DBG_EVENTS)
        return on(h, HSRP_DBG_EVENTS_TERSE) ? HSRP_DBG_EVENTS_TERSE : -1;
    if (bit == HSRP_DBG_PACKETS)
        for (unsigned b = HSRP_DBG_PACKETS_TERSE; b < HSRP_DBG_FLAGS; b++)
            if (on(h, b))
                return (int)b;
    return -1;
}

/* Packet lines: the caller asked hsrp_dbg_packet() first. */
void hsrp_dbg_if(struct hsrp_if *hif, unsigned bit, const char *fmt, ...)
{
    int b = live_bit(hif->h, bit);
    if (b < 0)
        return;
    char text[200];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    log_debug(hif->h->r, &hsrp_module, (unsigned)b, "HSRP: %s %s", hif->nif->shortname, text);
}

void hsrp_dbg_grp(struct hsrp_group *g, unsigned bit, const char *fmt, ...)
{
    int b = live_bit(g->hif->h, bit);
    if (b < 0)
        return;
    char text[200];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    log_debug(g->hif->h->r, &hsrp_module, (unsigned)b, "HSRP: %s Grp %u %s", g->hif->nif->shortname, g->number, text);
}
