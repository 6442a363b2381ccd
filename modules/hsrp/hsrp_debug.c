/* `debug standby`: which flags are on, the conditions, and the forms of the lines (reference 1.9). Called by all files
 * of the module. */
#include "modules/hsrp/hsrp_internal.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define EVENTS                                                                                                         \
    {                                                                                                                  \
        "HSRP", "HSRP Events debugging is on"                                                                          \
    }
#define PACKETS                                                                                                        \
    {                                                                                                                  \
        "HSRP", "HSRP Packets debugging is on"                                                                         \
    }
const struct debug_flag hsrp_debug_flags[HSRP_DBG_FLAGS] = {
    [HSRP_DBG_ERRORS] = {"HSRP", "HSRP Errors debugging is on"},
    [HSRP_DBG_EVENTS] = EVENTS,
    [HSRP_DBG_EVENTS_TERSE] = EVENTS,
    [HSRP_DBG_PROTOCOL] = EVENTS,
    [HSRP_DBG_NEIGHBOR] = EVENTS,
    [HSRP_DBG_REDUNDANCY] = EVENTS,
    [HSRP_DBG_TRACK] = EVENTS,
    [HSRP_DBG_ARP] = EVENTS,
    [HSRP_DBG_INTERFACE] = EVENTS,
    [HSRP_DBG_ICMP] = EVENTS,
    [HSRP_DBG_PACKETS] = PACKETS,
    [HSRP_DBG_PACKETS_TERSE] = PACKETS,
    [HSRP_DBG_ADVERTISE] = PACKETS,
    [HSRP_DBG_COUP] = PACKETS,
    [HSRP_DBG_HELLO] = PACKETS,
    [HSRP_DBG_RESIGN] = PACKETS,
};
/* What stands in brackets in show debugging where not all of them are on. */
static const char *const kinds[HSRP_DBG_FLAGS] = {
    [HSRP_DBG_EVENTS_TERSE] = "protocol, neighbor, redundancy, track, arp, interface",
    [HSRP_DBG_PROTOCOL] = "protocol",
    [HSRP_DBG_NEIGHBOR] = "neighbor",
    [HSRP_DBG_REDUNDANCY] = "redundancy",
    [HSRP_DBG_TRACK] = "track",
    [HSRP_DBG_ARP] = "arp",
    [HSRP_DBG_INTERFACE] = "interface",
    [HSRP_DBG_ICMP] = "icmp",
    [HSRP_DBG_PACKETS_TERSE] = "Coup, Resign",
    [HSRP_DBG_ADVERTISE] = "Advertise",
    [HSRP_DBG_COUP] = "Coup",
    [HSRP_DBG_HELLO] = "Hello",
    [HSRP_DBG_RESIGN] = "Resign",
};

static bool on(const struct hsrp *h, unsigned bit)
{
    return log_debug_on(h->r, &hsrp_module, bit);
}

/* One line each for events and packets, at the first flag that is on: all of them, or the kinds in brackets. */
const char *hsrp_debug_note(struct router *r, unsigned bit)
{
    struct hsrp *h = module_state(r, &hsrp_module);
    if (!kinds[bit])
        return "";
    unsigned all = bit < HSRP_DBG_PACKETS ? HSRP_DBG_EVENTS : HSRP_DBG_PACKETS, terse = all + 1;
    unsigned end = bit < HSRP_DBG_PACKETS ? HSRP_DBG_PACKETS : HSRP_DBG_FLAGS;
    for (unsigned b = all; b < bit; b++)
        if (on(h, b))
            return NULL;
    int n = snprintf(h->note, sizeof h->note, "\n    (%s", kinds[bit]);
    for (unsigned b = bit + 1; b < end; b++)
        if (on(h, b) && !(bit == terse && strstr(kinds[terse], kinds[b])))
            n += snprintf(h->note + n, sizeof h->note - (size_t)n, ", %s", kinds[b]);
    snprintf(h->note + n, sizeof h->note - (size_t)n, ")");
    return h->note;
}

bool hsrp_dbg_errors(struct hsrp *h)
{
    return h->r->debug_any && on(h, HSRP_DBG_ERRORS);
}

/* group -1: a line about the interface as a whole, which any condition on it lets through. Interface conditions count
 * only where there is no standby condition, as on real routers. */
static bool conditions_allow(const struct hsrp_if *hif, int group)
{
    const struct hsrp *h = hif->h;
    bool standby = false;
    for (unsigned i = 0; i < h->n_conditions; i++)
        standby = standby || h->condition[i].standby;
    for (unsigned i = 0; i < h->n_conditions; i++) {
        const struct hsrp_condition *c = &h->condition[i];
        if (c->standby == standby && !strcmp(c->ifname, hif->nif->name) &&
            (c->group < 0 || group < 0 || c->group == group))
            return true;
    }
    return h->n_conditions == 0;
}

bool hsrp_dbg_packet(const struct hsrp_if *hif, uint8_t opcode)
{
    const struct hsrp *h = hif->h;
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

/* The flag that lets a line of this kind through; -1: none. Of packets the caller asked hsrp_dbg_packet() first. */
static int live_bit(const struct hsrp *h, unsigned bit)
{
    if (!h->r->debug_any)
        return -1;
    if (on(h, bit))
        return (int)bit;
    if (bit == HSRP_DBG_PACKETS) {
        for (unsigned b = HSRP_DBG_PACKETS_TERSE; b < HSRP_DBG_FLAGS; b++)
            if (on(h, b))
                return (int)b;
    } else if (bit >= HSRP_DBG_PROTOCOL && bit <= HSRP_DBG_ICMP) {
        if (on(h, HSRP_DBG_EVENTS))
            return HSRP_DBG_EVENTS;
        if (bit != HSRP_DBG_ICMP && on(h, HSRP_DBG_EVENTS_TERSE))
            return HSRP_DBG_EVENTS_TERSE;
    }
    return -1;
}

void hsrp_dbg_if(struct hsrp_if *hif, unsigned bit, const char *fmt, ...)
{
    int b = live_bit(hif->h, bit);
    if (b < 0 || !conditions_allow(hif, -1))
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
    if (b < 0 || !conditions_allow(g->hif, g->number))
        return;
    char text[200];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    log_debug(g->hif->h->r, &hsrp_module, (unsigned)b, "HSRP: %s Grp %u %s", g->hif->nif->shortname, g->number, text);
}

static void period(char *buf, size_t len, uint32_t ms)
{
    if (ms % 1000)
        snprintf(buf, len, "%u msec", ms);
    else
        snprintf(buf, len, "%u", ms / 1000);
}

/* A packet of a group; its timers and its kind of authentication with `detail`. */
void hsrp_dbg_packet_line(struct hsrp_group *g, const struct hsrp_packet *p, const struct addr *from, bool out)
{
    char a[ADDR_STRLEN], v[ADDR_STRLEN], hello[24], hold[24], more[100] = "";
    if (!hsrp_dbg_packet(g->hif, p->opcode))
        return;
    period(hello, sizeof hello, p->hello_ms);
    period(hold, sizeof hold, p->hold_ms);
    if (g->hif->h->packets_detail && p->has_md5)
        snprintf(more, sizeof more, " hel %s hol %s auth MD5 key %u", hello, hold, p->md5.key_id);
    else if (g->hif->h->packets_detail)
        snprintf(more, sizeof more, " hel %s hol %s auth %s", hello, hold, p->has_text ? "text" : "none");
    hsrp_dbg_grp(g, HSRP_DBG_PACKETS, "%-6s %-3s %s %-7s pri %u vIP %s%s", hsrp_wire_opcode_name(p->opcode),
                 out ? "out" : "in", addr_format(from, a), hsrp_wire_state_name(p->state), p->priority,
                 addr_format(&p->vip, v), more);
}
