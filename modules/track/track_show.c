/* `show track` in its forms. Called by the parser. */
#include "modules/core/command.h"
#include "modules/net/ip.h"
#include "modules/net/netif.h"
#include "modules/track/track_internal.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char *parameter(const struct track_object *o)
{
    static const char *const list[] = {[TRACK_LIST_AND] = "boolean and",
                                       [TRACK_LIST_OR] = "boolean or",
                                       [TRACK_LIST_WEIGHT] = "threshold weight",
                                       [TRACK_LIST_PERCENTAGE] = "threshold percentage"};
    switch (o->kind) {
    case TRACK_INTERFACE:
        return o->routing ? "ip routing" : "line-protocol";
    case TRACK_ROUTE:
        return o->metric ? "metric threshold" : "reachability";
    case TRACK_SLA:
        return o->reachability ? "reachability" : "state";
    default:
        return list[o->kind];
    }
}

static const char *type_of(const struct track_object *o)
{
    return o->kind == TRACK_INTERFACE ? "interface"
           : o->kind == TRACK_ROUTE   ? "ip route"
           : o->kind == TRACK_SLA     ? "ip sla"
                                      : "list";
}

/* Interface name, network and mask or operation; "" for a list. */
static void instance(const struct track_object *o, char *buf, size_t len)
{
    char a[ADDR_STRLEN], m[ADDR_STRLEN];
    struct addr mask = addr_v4(mask_from_len(o->prefix.len));
    buf[0] = '\0';
    if (o->kind == TRACK_INTERFACE)
        snprintf(buf, len, "%s", o->ifname);
    else if (o->kind == TRACK_ROUTE)
        snprintf(buf, len, "%s %s", addr_format(&o->prefix.addr, a), addr_format(&mask, m));
    else if (o->kind == TRACK_SLA)
        snprintf(buf, len, "%u", o->sla);
}

/* What stands behind Up or Down. */
static void reason(const struct track_object *o, char *buf, size_t len)
{
    const struct netif *nif;
    struct addr a;
    struct route_hit hit;
    unsigned total, value;
    buf[0] = '\0';
    switch (o->kind) {
    case TRACK_INTERFACE:
        nif = netif_find(o->t->r, o->ifname);
        a = nif ? netif_primary(nif) : (struct addr){0};
        if (nif && !nif->admin_up)
            snprintf(buf, len, " (hw admin-down)");
        else if (!nif || !nif->line_up)
            snprintf(buf, len, " (hw down)");
        else if (o->routing && addr_is_none(&a))
            snprintf(buf, len, " (no IP addr)");
        break;
    case TRACK_ROUTE:
        if (!route_find(o->t->r, &o->prefix, &hit))
            snprintf(buf, len, " (no ip route)");
        else
            snprintf(buf, len, " (%s%s)",
                     hit.route->source == ROUTE_CONNECTED || hit.route->source == ROUTE_LOCAL ? "connected" : "static",
                     o->metric ? "/0/0" : "");
        break;
    case TRACK_LIST_WEIGHT:
    case TRACK_LIST_PERCENTAGE:
        value = track_list_value(o, &total);
        if (o->kind == TRACK_LIST_WEIGHT)
            snprintf(buf, len, " (%u/%u)", value, total);
        else
            snprintf(buf, len, " (%u%%)", value);
        break;
    default:
        break;
    }
}

static void show_head(struct out *out, const struct track_object *o)
{
    static const char *const subject[] = {[TRACK_SLA] = "State",
                                          [TRACK_LIST_AND] = "Boolean AND",
                                          [TRACK_LIST_OR] = "Boolean OR",
                                          [TRACK_LIST_WEIGHT] = "Threshold weight",
                                          [TRACK_LIST_PERCENTAGE] = "Threshold percentage"};
    char what[80], why[48];
    instance(o, what, sizeof what);
    reason(o, why, sizeof why);
    const char *sub = subject[o->kind];
    if (o->kind == TRACK_INTERFACE) {
        out_text(out, "  Interface %s %s\n", what, parameter(o));
        sub = o->routing ? "IP routing" : "Line protocol";
    } else if (o->kind == TRACK_ROUTE) {
        out_text(out, "  IP route %s %s\n", what, parameter(o));
        sub = o->metric ? "Metric threshold" : "Reachability";
    } else if (o->kind == TRACK_SLA) {
        out_text(out, "  IP SLA %s %s\n", what, parameter(o));
        sub = o->reachability ? "Reachability" : "State";
    } else {
        out_text(out, "  List %s\n", parameter(o));
    }
    out_text(out, "  %s is %s%s", sub, track_word(o->state), why);
    if (timer_armed(&o->delay))
        out_text(out, ", delayed %s (%" PRId64 " secs remaining)", track_word(o->wanted),
                 (timer_left(&o->delay) + NS_PER_S - 1) / NS_PER_S);
    out_text(out, "\n");
}

static void show_tail(struct out *out, const struct track_object *o)
{
    struct route_hit hit;
    unsigned total;
    if (o->delay_up && o->delay_down)
        out_text(out, "  Delay up %u secs, down %u secs\n", o->delay_up, o->delay_down);
    else if (o->delay_up || o->delay_down)
        out_text(out, "  Delay %s %u secs\n", o->delay_up ? "up" : "down", o->delay_up ? o->delay_up : o->delay_down);
    if (track_is_list(o))
        for (unsigned i = 0; i < o->n_members; i++) {
            const struct track_object *m = track_find(o->t, o->member[i].object);
            out_text(out, "    object %u %s%s", o->member[i].object, o->member[i].negated ? "not " : "",
                     m ? track_word(m->state) : "Undefined");
            unsigned share = track_member_up(o, i) ? track_member_share(o, i) : 0;
            if (o->kind == TRACK_LIST_WEIGHT) {
                track_list_value(o, &total);
                out_text(out, " (%u/%u)", share, total);
            } else if (o->kind == TRACK_LIST_PERCENTAGE) {
                out_text(out, " (%u%%)", share);
            }
            out_text(out, "\n");
        }
    if (o->kind == TRACK_LIST_WEIGHT || o->kind == TRACK_LIST_PERCENTAGE)
        out_text(out, "  Threshold %s down %u up %u\n", o->kind == TRACK_LIST_WEIGHT ? "weight" : "percentage",
                 o->down_at, o->up_at);
    if (o->kind == TRACK_ROUTE && o->metric)
        out_text(out, "  Metric threshold down %u up %u\n", o->down_at, o->up_at);
    if (o->kind == TRACK_ROUTE)
        out_text(out, "  First-hop interface is %s\n",
                 route_find(o->t->r, &o->prefix, &hit) ? hit.netif->name : "unknown");
    if (o->kind == TRACK_SLA)
        out_text(out, "  Latest operation return code: Unknown\n");
}

struct listing {
    struct out *out;
    bool any, text;
};

static void client(void *ctx, const char *name)
{
    struct listing *l = ctx;
    if (l->text && !l->any)
        out_text(l->out, "  Tracked by:\n");
    l->any = true;
    if (l->text)
        out_text(l->out, "    %s\n", name);
    else
        out_str(l->out, NULL, name);
}

static void show_clients(struct out *out, const struct track_object *o, bool text)
{
    struct listing l = {.out = out, .text = text};
    if (o->t->clients)
        o->t->clients(o->t->clients_arg, o->number, client, &l);
}

static void json_details(struct out *out, const struct track_object *o)
{
    struct route_hit hit;
    char why[48];
    reason(o, why, sizeof why);
    if (why[0])
        out_fmt(out, "reason", "%.*s", (int)strlen(why) - 3, why + 2);
    if (timer_armed(&o->delay)) {
        out_str(out, "delayed_state", track_word(o->wanted));
        out_int(out, "delay_left", timer_left(&o->delay) / NS_PER_MS);
    }
    if (o->kind == TRACK_LIST_WEIGHT || o->kind == TRACK_LIST_PERCENTAGE || (o->kind == TRACK_ROUTE && o->metric)) {
        out_int(out, "threshold_up", o->up_at);
        out_int(out, "threshold_down", o->down_at);
    }
    if (o->kind == TRACK_ROUTE)
        out_str(out, "first_hop_interface", route_find(o->t->r, &o->prefix, &hit) ? hit.netif->name : "unknown");
}

static void show_json(struct out *out, const struct track_object *o)
{
    char what[80];
    instance(o, what, sizeof what);
    out_object(out, NULL);
    out_int(out, "track", o->number);
    out_str(out, "type", type_of(o));
    out_str(out, "instance", what);
    out_str(out, "parameter", parameter(o));
    out_str(out, "state", track_word(o->state));
    out_int(out, "changes", o->changes);
    out_int(out, "last_change", (loop_now(o->t->r->loop) - o->changed_at) / NS_PER_MS);
    out_int(out, "delay_up", (int64_t)o->delay_up * 1000);
    out_int(out, "delay_down", (int64_t)o->delay_down * 1000);
    out_bool(out, "delayed", timer_armed(&o->delay));
    json_details(out, o);
    out_array(out, "objects");
    for (unsigned i = 0; i < o->n_members; i++) {
        out_object(out, NULL);
        out_int(out, "object", o->member[i].object);
        out_bool(out, "not", o->member[i].negated);
        out_bool(out, "up", track_member_up(o, i));
        out_end(out);
    }
    out_end(out);
    out_array(out, "tracked_by");
    if (out_is_json(out))
        show_clients(out, o, false);
    out_end(out);
    out_end(out);
}

static void show_full(struct out *out, const struct track_object *o)
{
    char d[DURATION_STRLEN];
    out_text(out, "Track %u\n", o->number);
    show_head(out, o);
    out_text(out, "    %" PRIu32 " change%s, last change %s\n", o->changes, o->changes == 1 ? "" : "s",
             duration_format(loop_now(o->t->r->loop) - o->changed_at, d));
    show_tail(out, o);
    if (!out_is_json(out))
        show_clients(out, o, true);
}

static void show_brief(struct out *out, const struct track_object *o)
{
    char what[80], object[100], d[DURATION_STRLEN];
    instance(o, what, sizeof what);
    snprintf(object, sizeof object, "%s %s", type_of(o), what);
    out_text(out, "%-7u %-30s %-16s %-5s %s\n", o->number, object, parameter(o), track_word(o->state),
             duration_format(loop_now(o->t->r->loop) - o->changed_at, d));
}

int track_show(struct cmd *c, struct args_show_track *a)
{
    struct track *t = module_state(c->router, &track_module);
    struct out *out = c->out;
    if (a->has_object && !track_find(t, a->object))
        return cmd_error(c, "%% Track object %u does not exist", a->object);
    out_array(out, NULL);
    if (a->kw_brief)
        out_text(out, "%-7s %-30s %-16s %-5s %s\n", "Track", "Object", "Parameter", "Value", "Last Change");
    for (const struct track_object *o = t->objects; o; o = o->next) {
        bool all = !a->kw_interface && !a->kw_ip && !a->kw_list;
        if ((a->has_object && o->number != a->object) ||
            !(all || (a->kw_interface && o->kind == TRACK_INTERFACE) || (a->kw_route && o->kind == TRACK_ROUTE) ||
              (a->kw_sla && o->kind == TRACK_SLA) || (a->kw_list && track_is_list(o))))
            continue;
        if (a->kw_brief)
            show_brief(out, o);
        else
            show_full(out, o);
        show_json(out, o);
    }
    out_end(out);
    return CMD_OK;
}

int track_show_timers(struct cmd *c, struct args_show_track_timers *a)
{
    struct track *t = module_state(c->router, &track_module);
    (void)a;
    nstime left = timer_left(&t->poll_timer) / NS_PER_MS;
    out_object(c->out, NULL);
    out_text(c->out, "%-15s %-13s %s\n", "Object type", "Poll Interval", "Time to next poll");
    if (timer_armed(&t->poll_timer))
        out_text(c->out, "%-15s %-13" PRId64 " %" PRId64 ".%03" PRId64 "\n", "ip route", t->poll / NS_PER_S,
                 left / 1000, left % 1000);
    else
        out_text(c->out, "%-15s %-13" PRId64 " expired\n", "ip route", t->poll / NS_PER_S);
    out_int(c->out, "ip_route_poll", t->poll / NS_PER_MS);
    out_int(c->out, "ip_route_next", left);
    out_end(c->out);
    return CMD_OK;
}
