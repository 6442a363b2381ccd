/* The debug commands and their conditions (reference 1.9). Called by the parser. */
#include "hsrp_cmd.h"
#include "modules/hsrp/hsrp_internal.h"
#include <stdio.h>
#include <string.h>

static void set(struct cmd *c, unsigned bit)
{
    log_debug_set(c->router, &hsrp_module, bit, c->op == CMD_SET);
}

static void clear_kind(struct cmd *c, unsigned from, unsigned to)
{
    for (unsigned b = from; b <= to; b++)
        log_debug_set(c->router, &hsrp_module, b, false);
}

static void say(struct cmd *c, const char *what)
{
    out_text(c->out, "%s debugging is %s\n", what, c->op == CMD_SET ? "on" : "off");
}

int hsrp_debug_all(struct cmd *c, struct args_debug_standby *a)
{
    struct hsrp *h = module_state(c->router, &hsrp_module);
    h->events_detail = h->packets_detail = false;
    clear_kind(c, 0, HSRP_DBG_FLAGS - 1);
    set(c, HSRP_DBG_ERRORS);
    set(c, a->kw_terse ? HSRP_DBG_EVENTS_TERSE : HSRP_DBG_EVENTS);
    set(c, a->kw_terse ? HSRP_DBG_PACKETS_TERSE : HSRP_DBG_PACKETS);
    if (a->kw_terse && c->op == CMD_SET) { /* the block of show debugging (ios-cli 11.10) */
        static const unsigned lines[] = {HSRP_DBG_ERRORS, HSRP_DBG_EVENTS_TERSE, HSRP_DBG_PACKETS_TERSE};
        out_text(c->out, "HSRP:\n");
        for (unsigned i = 0; i < sizeof lines / sizeof *lines; i++)
            out_text(c->out, "  %s%s\n", hsrp_debug_flags[lines[i]].on_text, hsrp_debug_note(c->router, lines[i]));
        return CMD_OK;
    }
    say(c, "HSRP");
    return CMD_OK;
}

int hsrp_debug_errors(struct cmd *c, struct args_debug_standby_errors *a)
{
    (void)a;
    set(c, HSRP_DBG_ERRORS);
    say(c, "HSRP Errors");
    return CMD_OK;
}

int hsrp_debug_events(struct cmd *c, struct args_debug_standby_events *a)
{
    unsigned bit = a->kw_terse        ? HSRP_DBG_EVENTS_TERSE
                   : a->kw_arp        ? HSRP_DBG_ARP
                   : a->kw_icmp       ? HSRP_DBG_ICMP
                   : a->kw_interface  ? HSRP_DBG_INTERFACE
                   : a->kw_neighbor   ? HSRP_DBG_NEIGHBOR
                   : a->kw_protocol   ? HSRP_DBG_PROTOCOL
                   : a->kw_redundancy ? HSRP_DBG_REDUNDANCY
                   : a->kw_track      ? HSRP_DBG_TRACK
                                      : HSRP_DBG_EVENTS;
    if (bit == HSRP_DBG_EVENTS || bit == HSRP_DBG_EVENTS_TERSE)
        clear_kind(c, HSRP_DBG_EVENTS, HSRP_DBG_ICMP);
    struct hsrp *h = module_state(c->router, &hsrp_module);
    h->events_detail = c->op == CMD_SET && a->kw_detail;
    set(c, bit);
    say(c, "HSRP Events");
    return CMD_OK;
}

int hsrp_debug_packets(struct cmd *c, struct args_debug_standby_packets *a)
{
    unsigned bit = a->kw_terse       ? HSRP_DBG_PACKETS_TERSE
                   : a->kw_advertise ? HSRP_DBG_ADVERTISE
                   : a->kw_coup      ? HSRP_DBG_COUP
                   : a->kw_hello     ? HSRP_DBG_HELLO
                   : a->kw_resign    ? HSRP_DBG_RESIGN
                                     : HSRP_DBG_PACKETS;
    if (bit == HSRP_DBG_PACKETS)
        clear_kind(c, HSRP_DBG_PACKETS_TERSE, HSRP_DBG_RESIGN);
    struct hsrp *h = module_state(c->router, &hsrp_module);
    h->packets_detail = c->op == CMD_SET && a->kw_detail;
    set(c, bit);
    say(c, "HSRP Packets");
    return CMD_OK;
}

/* ---- conditions ---- */
static void remove_at(struct hsrp *h, unsigned at)
{
    memmove(&h->condition[at], &h->condition[at + 1], (--h->n_conditions - at) * sizeof h->condition[0]);
}

static struct hsrp *state_of(struct cmd *c)
{
    return module_state(c->router, &hsrp_module);
}

int hsrp_debug_condition(struct cmd *c, struct args_debug_condition *a)
{
    struct hsrp *h = state_of(c);
    const char *ifname = a->has_interface ? a->interface.text : a->st_interface.text;
    int group = a->has_group ? (int)a->group : -1;
    unsigned at = 0;
    while (at < h->n_conditions && (strcmp(h->condition[at].ifname, ifname) != 0 || h->condition[at].group != group ||
                                    h->condition[at].standby == a->has_interface))
        at++;
    bool have = at < h->n_conditions;
    if (c->op == CMD_UNSET) {
        if (!have)
            return cmd_error(c, "%% Condition is not set");
        out_text(c->out, "Condition %u has been removed\n", h->condition[at].id);
        remove_at(h, at);
        return CMD_OK;
    }
    if (have) {
        out_text(c->out, "%% Condition %u already set\n", h->condition[at].id);
        return CMD_OK;
    }
    if (h->n_conditions == HSRP_MAX_CONDITIONS)
        return cmd_error(c, "%% At most %d conditions", HSRP_MAX_CONDITIONS);
    struct hsrp_condition *n = &h->condition[h->n_conditions++];
    *n = (struct hsrp_condition){.id = ++h->next_condition, .standby = !a->has_interface, .group = group};
    snprintf(n->ifname, sizeof n->ifname, "%s", ifname);
    out_text(c->out, "Condition %u set\n", n->id);
    return CMD_OK;
}

int hsrp_debug_condition_number(struct cmd *c, struct args_debug_condition_number *a)
{
    struct hsrp *h = state_of(c);
    if (c->op != CMD_UNSET)
        return cmd_error(c, "%% A condition is removed by its number, not set");
    if (a->kw_all) {
        h->n_conditions = 0;
        out_text(c->out, "All conditions have been removed\n");
        return CMD_OK;
    }
    for (unsigned i = 0; i < h->n_conditions; i++)
        if (h->condition[i].id == a->id) {
            out_text(c->out, "Condition %u has been removed\n", h->condition[i].id);
            remove_at(h, i);
            return CMD_OK;
        }
    return cmd_error(c, "%% Condition is not set");
}

int hsrp_show_condition(struct cmd *c, struct args_show_debugging_condition *a)
{
    struct hsrp *h = state_of(c);
    (void)a;
    out_array(c->out, NULL);
    if (h->n_conditions == 0)
        out_text(c->out, "%% No conditions found\n");
    for (unsigned i = 0; i < h->n_conditions; i++) {
        const struct hsrp_condition *n = &h->condition[i];
        const struct netif *nif = netif_find(c->router, n->ifname);
        const char *shown = nif ? nif->shortname : n->ifname;
        char group[16] = "";
        if (n->group >= 0)
            snprintf(group, sizeof group, " %d", n->group);
        out_text(c->out, "Condition %u: %s %s%s (%d flags triggered)\n", n->id, n->standby ? "standby" : "interface",
                 shown, group, nif ? 1 : 0);
        if (nif)
            out_text(c->out, "        Flags: %s%s\n", shown, group);
        out_object(c->out, NULL);
        out_int(c->out, "condition", n->id);
        out_str(c->out, "interface", n->ifname);
        if (n->group >= 0)
            out_int(c->out, "group", n->group);
        out_end(c->out);
    }
    out_end(c->out);
    return CMD_OK;
}
