/* show redundancy and its kin, in the layouts of reference 2.4, to the column. Called by the parser. */
#include "modules/redundancy/redundancy_int.h"
#include "redundancy_cmd.h"
#include <stdio.h>
#include <string.h>
#include <time.h>

static bool duplex(const struct redundancy *rd)
{
    return redundancy_in_force(rd) && rd->session.up;
}

static const char *down_reason(const struct redundancy *rd)
{
    return redundancy_in_force(rd) && ipc_configured(rd->ipc) ? "Failure" : "Simplex mode";
}

static unsigned client_count(const struct redundancy *rd)
{
    unsigned n;
    sync_classes(rd->router, &n);
    return 3 + n;
}

static unsigned debug_mask(const struct redundancy *rd)
{
    unsigned mask = 0;
    for (unsigned i = 0; i < REDUNDANCY_DEBUG_FLAGS; i++)
        if (log_debug_on(rd->router, &redundancy_module, i))
            mask |= 1u << i;
    return mask;
}

int redundancy_show_states(struct cmd *c, struct args_show_redundancy_states *a)
{
    const struct redundancy *rd = redundancy_of(c->router);
    bool up = duplex(rd);
    (void)a;
    out_text(c->out, "       my state = %-2d -%s \n", rd->state, redundancy_rf_name(rd->state));
    out_text(c->out, "     peer state = %-2d -%s \n", rd->peer_state, redundancy_rf_name(rd->peer_state));
    out_text(c->out, "           Mode = %s\n", up ? "Duplex" : "Simplex");
    out_text(c->out, "        Unit ID = 0\n\n");
    out_text(c->out, "   Maintenance Mode = Disabled\n");
    out_text(c->out, "    Manual Swact = %s\n", up ? "enabled" : "disabled (system is simplex (no peer unit))");
    if (up)
        out_text(c->out, " Communications = Up\n\n");
    else
        out_text(c->out, " Communications = Down      Reason: %s\n\n", down_reason(rd));
    out_text(c->out, "   client count = %u\n", client_count(rd));
    out_text(c->out, " client_notification_TMR = 30000 milliseconds\n");
    out_text(c->out, "           RF debug mask = 0x%x   \n", debug_mask(rd));

    out_fmt(c->out, "my_state", "%d -%s", rd->state, redundancy_rf_name(rd->state));
    out_fmt(c->out, "peer_state", "%d -%s", rd->peer_state, redundancy_rf_name(rd->peer_state));
    out_int(c->out, "my_state_number", rd->state);
    out_int(c->out, "peer_state_number", rd->peer_state);
    out_str(c->out, "mode", up ? "Duplex" : "Simplex");
    out_int(c->out, "unit_id", 0);
    out_str(c->out, "maintenance_mode", "Disabled");
    out_str(c->out, "manual_swact", up ? "enabled" : "disabled");
    out_str(c->out, "communications", up ? "Up" : "Down");
    if (!up)
        out_str(c->out, "reason", down_reason(rd));
    out_int(c->out, "client_count", client_count(rd));
    out_int(c->out, "client_notification_tmr", 30000);
    out_int(c->out, "term", rd->term);
    return CMD_OK;
}

static const char *interdev_state(const struct redundancy *rd)
{
    if (!redundancy_in_force(rd))
        return "INIT";
    if (redundancy_rf_is_active(rd->state))
        return "ACT";
    if (redundancy_rf_is_standby(rd->state))
        return "STDBY";
    return "INIT";
}

/* What a user wants to know beyond IOS's lines: why there is no synchronisation, and what holds. */
static void interdev_more(struct cmd *c, const struct redundancy *rd)
{
    const struct redundancy_session *s = &rd->session;
    const char *why = !s->up && !ipc_up(rd->ipc) ? ipc_reason(rd->ipc) : s->reason;
    nstime now = loop_now(c->router->loop);
    char text[DURATION_STRLEN];
    out_str(c->out, "communications", s->up ? "Up" : "Down");
    if (!s->up || !s->compatible)
        out_str(c->out, "reason", why);
    out_str(c->out, "synchronization",
            !s->up              ? "none"
            : !s->compatible    ? "refused"
            : rd->send.degraded ? "degraded"
                                : "ok");
    out_int(c->out, "objects_not_acknowledged", rd->send.flying.n);
    out_int(c->out, "configuration_differences", s->up ? s->differences : 0);
    if (rd->hold)
        out_int(c->out, "preemption_held_ms", (rd->hold_until > now ? rd->hold_until - now : 0) / NS_PER_MS);
    out_bool(c->out, "takeover_postponed", rd->postponed);
    if (!s->up)
        out_text(c->out, "  Communications: Down (%s)\n", why);
    else if (!s->compatible)
        out_text(c->out, "  Synchronization: refused (%s)\n", s->reason);
    else if (rd->send.degraded)
        out_text(c->out, "  Synchronization: degraded (%u objects not acknowledged)\n", rd->send.flying.n);
    if (s->up && s->differences)
        out_text(c->out, "  Configuration: %u difference%s with the peer (see log)\n", s->differences,
                 s->differences == 1 ? "" : "s");
    if (!s->up && rd->recv.synced && !redundancy_rf_is_active(rd->state)) {
        out_int(c->out, "objects_kept", redundancy_recv_objects((struct redundancy *)rd));
        out_int(c->out, "last_heard_ms", (now - rd->recv.heard) / NS_PER_MS);
        out_text(c->out, "  Objects kept: %u, last heard %s ago\n", redundancy_recv_objects((struct redundancy *)rd),
                 duration_format(now - rd->recv.heard, text));
    }
    if (rd->hold)
        out_text(c->out, "  Pre-emption: held until bulk sync is complete, at most %s more\n",
                 duration_format(rd->hold_until > now ? rd->hold_until - now : 0, text));
    if (rd->postponed)
        out_text(c->out, "  Takeover: postponed, the peer is reachable and ACTIVE\n");
    redundancy_split_show(rd, c->out);
}

static void interdev_values(struct out *o, const struct redundancy *rd)
{
    bool in_force = redundancy_in_force(rd);
    out_str(o, "scheme", in_force ? "Standby" : "<NOT CONFIGURED>");
    if (in_force) {
        out_str(o, "groupname", rd->scheme);
        out_str(o, "group_state", role_state_name(role_get(rd->router, rd->scheme)->state));
    }
    out_str(o, "peer_present",
            !in_force        ? "UNKNOWN"
            : rd->session.up ? "RF_INTERDEV_PEER_COMM"
                             : "RF_INTERDEV_PEER_NO_COMM");
    out_str(o, "security", "Not configured");
}

int redundancy_show_inter_device(struct cmd *c, struct args_show_redundancy_inter_device *a)
{
    const struct redundancy *rd = redundancy_of(c->router);
    const char *pending = redundancy_pending(rd);
    (void)a;
    out_text(c->out, "Redundancy inter-device state: RF_INTERDEV_STATE_%s\n", interdev_state(rd));
    out_fmt(c->out, "state", "RF_INTERDEV_STATE_%s", interdev_state(rd));
    if (pending)
        out_str(c->out, "pending_scheme", *pending ? "Standby" : "<NOT CONFIGURED>");
    if (pending && *pending)
        out_str(c->out, "pending_groupname", pending);
    interdev_values(c->out, rd);
    if (pending && *pending) {
        out_text(c->out, "  Pending Scheme: Standby (Will not take effect until next reload)\n");
        out_text(c->out, "  Pending Groupname: %s\n", pending);
    } else if (pending) {
        out_text(c->out, "  Pending Scheme: <NOT CONFIGURED> (Will not take effect until next reload)\n");
    }
    if (redundancy_in_force(rd)) {
        out_text(c->out, "  Scheme: Standby\n");
        out_text(c->out, "      Groupname: %s Group State: %s\n", rd->scheme,
                 role_state_name(role_get(c->router, rd->scheme)->state));
        out_text(c->out, "  Peer present: RF_INTERDEV_PEER_%s\n", rd->session.up ? "COMM" : "NO_COMM");
    } else {
        out_text(c->out, "  Scheme: <NOT CONFIGURED>\n");
        out_text(c->out, "  Peer present: UNKNOWN\n");
    }
    out_text(c->out, "  Security: Not configured\n");
    if (redundancy_in_force(rd))
        interdev_more(c, rd);
    return CMD_OK;
}

static void words(nstime t, char *buf, size_t len)
{
    long m = (long)(t / NS_PER_S / 60), h = m / 60, d = h / 24;
    int n = 0;
    if (d)
        n += snprintf(buf + n, len - (size_t)n, "%ld day%s, ", d, d == 1 ? "" : "s");
    if (h)
        n += snprintf(buf + n, len - (size_t)n, "%ld hour%s, ", h % 24, h % 24 == 1 ? "" : "s");
    snprintf(buf + n, len - (size_t)n, "%ld minute%s", m % 60, m % 60 == 1 ? "" : "s");
}

static void system_values(struct out *o, const struct redundancy *rd, nstime now)
{
    bool up = duplex(rd);
    out_int(o, "available_system_uptime_ms", router_uptime(rd->router) / NS_PER_MS);
    out_int(o, "switchovers", rd->n_switchovers);
    out_int(o, "standby_failures", rd->standby_failures);
    out_str(o, "last_switchover_reason", rd->switchover_reason);
    out_str(o, "hardware_mode", up ? "Duplex" : "Simplex");
    out_str(o, "maintenance_mode", "Disabled");
    out_str(o, "communications", up ? "Up" : "Down");
    if (!up)
        out_str(o, "reason", down_reason(rd));
    out_object(o, "current_processor");
    out_str(o, "software_state", redundancy_rf_name(rd->state));
    out_int(o, "uptime_in_current_state_ms", (now - rd->since) / NS_PER_MS);
    out_str(o, "image_version", "Tapir");
    out_str(o, "synchronization_version", REDUNDANCY_SOFTWARE);
    out_str(o, "configuration_register", "0x2102");
    out_end(o);
    out_object(o, "peer_processor");
    out_str(o, "software_state", redundancy_rf_name(rd->peer_state));
    if (up) {
        out_str(o, "image_version", rd->session.peer.platform);
        out_str(o, "synchronization_version", rd->session.peer.software);
        out_bool(o, "compatible", rd->session.compatible);
        out_str(o, "configuration_register", "0x2102");
    }
    out_end(o);
}

int redundancy_show(struct cmd *c, struct args_show_redundancy *a)
{
    const struct redundancy *rd = redundancy_of(c->router);
    bool up = duplex(rd);
    char text[64];
    (void)a;
    system_values(c->out, rd, loop_now(c->router->loop));
    out_text(c->out, "Redundant System Information :\n------------------------------\n");
    words(router_uptime(c->router), text, sizeof text);
    out_text(c->out, "       Available system uptime = %s\n", text);
    out_text(c->out, "Switchovers system experienced = %u\n", rd->n_switchovers);
    out_text(c->out, "              Standby failures = %u\n", rd->standby_failures);
    out_text(c->out, "        Last switchover reason = %s\n\n", rd->switchover_reason);
    out_text(c->out, "                 Hardware Mode = %s\n", up ? "Duplex" : "Simplex");
    out_text(c->out, "              Maintenance Mode = Disabled\n");
    if (up)
        out_text(c->out, "                Communications = Up\n\n");
    else
        out_text(c->out, "                Communications = Down      Reason: %s\n\n", down_reason(rd));
    out_text(c->out, "Current Processor Information :\n-------------------------------\n");
    out_text(c->out, "               Active Location = slot 0\n"); /* this box: the layout has no other word here */
    out_text(c->out, "        Current Software state = %s\n", redundancy_rf_name(rd->state));
    words(loop_now(c->router->loop) - rd->since, text, sizeof text);
    out_text(c->out, "       Uptime in current state = %s\n", text);
    out_text(c->out, "                 Image Version = Tapir, synchronization version %s\n", REDUNDANCY_SOFTWARE);
    out_text(c->out, "        Configuration register = 0x2102\n\n");
    if (!up) {
        out_text(c->out, "Peer (slot: unavailable) information is not available because it is in '%s' state\n",
                 redundancy_rf_name(rd->peer_state));
        return CMD_OK;
    }
    out_text(c->out, "Peer Processor Information :\n----------------------------\n");
    out_text(c->out, "              Standby Location = slot 0\n");
    out_text(c->out, "        Current Software state = %s\n", redundancy_rf_name(rd->peer_state));
    out_text(c->out, "                 Image Version = %s, synchronization version %s\n", rd->session.peer.platform,
             rd->session.peer.software);
    out_text(c->out, "        Configuration register = 0x2102\n");
    if (!rd->session.compatible)
        out_text(c->out, "               Synchronization = refused (%s)\n", rd->session.reason);
    return CMD_OK;
}

int redundancy_show_history(struct cmd *c, struct args_show_redundancy_history *a)
{
    const struct redundancy *rd = redundancy_of(c->router);
    (void)a;
    out_text(c->out, "Redundancy Facility Event Log:\n");
    out_array(c->out, NULL);
    for (unsigned i = 0; i < rd->history_n; i++) {
        const struct redundancy_history_line *l = &rd->history[(rd->history_first + i) % REDUNDANCY_HISTORY];
        char at[DURATION_STRLEN];
        out_text(c->out, "%s %s\n", duration_format(l->at, at), l->text);
        out_object(c->out, NULL);
        out_int(c->out, "at_ms", l->at / NS_PER_MS);
        out_str(c->out, "event", l->text);
        out_end(c->out);
    }
    out_end(c->out);
    return CMD_OK;
}

static void client(struct out *o, unsigned id, unsigned seq, const char *name)
{
    out_text(o, "clientID = %-8u clientSeq = %-8u %s\n", id, seq, name);
    out_object(o, NULL);
    out_int(o, "client_id", id);
    out_int(o, "client_seq", seq);
    out_str(o, "name", name);
    out_end(o);
}

int redundancy_show_clients(struct cmd *c, struct args_show_redundancy_clients *a)
{
    unsigned n;
    const struct sync_class *const *list = sync_classes(c->router, &n);
    (void)a;
    out_array(c->out, NULL);
    client(c->out, 0, 0, "RF_INTERNAL_MSG");
    client(c->out, 25, 130, "CHKPT RF");
    for (unsigned i = 0; i < n; i++)
        client(c->out, 1000 + list[i]->add, 1000 + i, list[i]->name);
    client(c->out, 65000, 65000, "RF_LAST_CLIENT");
    out_end(c->out);
    return CMD_OK;
}

int redundancy_show_counters(struct cmd *c, struct args_show_redundancy_counters *a)
{
    const struct redundancy_counters *n = &redundancy_of(c->router)->count;
    const struct {
        const char *label;
        uint64_t value;
    } rows[] = {
        {"comm link up", n->comm_up},
        {"comm link down", n->comm_down},
        {NULL, 0},
        {"invalid client tx", 0},
        {"null tx by client", 0},
        {"tx failures", n->tx_failures},
        {"tx msg length invalid", 0},
        {NULL, 0},
        {"client not rxing msgs", 0},
        {"rx peer msg routing errors", n->rx_other_epoch},
        {"null peer msg rx", n->rx_not_active},
        {"errored peer msg rx", n->rx_errors},
        {NULL, 0},
        {"buffers tx", n->tx},
        {"tx buffers unavailable", n->tx_blocked},
        {"buffers rx", n->rx},
        {"buffer release errors", 0},
        {NULL, 0},
        {"duplicate client registers", 0},
        {"failed to register client", 0},
        {"Invalid client syncs", n->rx_gaps},
        {NULL, 0},
        {"objects tx", n->objects_sent},
        {"deletes tx", n->deletes_sent},
        {"bulk syncs tx", n->snapshots_sent},
        {"objects rx", n->objects_applied},
        {"objects refused", n->objects_refused},
        {"deletes rx", n->deletes_applied},
        {"bulk syncs rx", n->snapshots_applied},
        {"bulk syncs asked again", n->resyncs},
        {"objects beyond the table", n->items_refused},
        {"takeovers", n->takeovers},
    };
    (void)a;
    out_text(c->out, "Redundancy Facility OMs\n");
    for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (!rows[i].label) {
            out_text(c->out, "\n");
            continue;
        }
        out_text(c->out, "%27s = %llu\n", rows[i].label, (unsigned long long)rows[i].value);
        out_key_int(c->out, rows[i].label, (int64_t)rows[i].value);
    }
    return CMD_OK;
}

/* Units: 1 is the peer that was lost, 2 this router; only switchovers to this router are known to it. */
int redundancy_show_switchover(struct cmd *c, struct args_show_redundancy_switchover *a)
{
    const struct redundancy *rd = redundancy_of(c->router);
    (void)a;
    out_text(c->out, "Index  Previous  Current  Switchover             Switchover\n"
                     "       active    active   reason                 time\n"
                     "-----  --------  -------  ----------             ----------\n");
    out_array(c->out, NULL);
    for (unsigned i = 0; i < rd->n_switchovers; i++) {
        char when[64];
        struct tm tm;
        time_t t = (time_t)(rd->switchovers[i].wall / NS_PER_S);
        gmtime_r(&t, &tm);
        strftime(when, sizeof when, "%H:%M:%S UTC %a %b %e %Y", &tm);
        out_text(c->out, "%4u       1        2     %-22s %s\n", i + 1, rd->switchovers[i].reason, when);
        out_object(c->out, NULL);
        out_int(c->out, "index", i + 1);
        out_int(c->out, "previous_active", 1);
        out_int(c->out, "current_active", 2);
        out_str(c->out, "reason", rd->switchovers[i].reason);
        out_str(c->out, "time", when);
        out_end(c->out);
    }
    out_end(c->out);
    return CMD_OK;
}
