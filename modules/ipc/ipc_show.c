/* show ipc association, show ipc zone, show ip sctp association list. Called by the parser. */
#include "ipc_cmd.h"
#include "modules/ipc/ipc_int.h"

static const char *ipc_state_text(const struct ipc *ipc)
{
    return ipc->up ? "UP" : !ipc->association || !ipc->enabled ? "SHUT" : ipc->assoc ? "CONNECTING" : "DOWN";
}

int ipc_show_zone(struct cmd *c, struct args_show_ipc_zone *a)
{
    const struct ipc *ipc = ipc_of(c->router);
    (void)a;
    out_array(c->out, "zones");
    if (!ipc->zone) {
        out_text(c->out, "No IPC zone is configured\n");
        return CMD_OK;
    }
    out_object(c->out, NULL);
    out_str(c->out, "zone", "default");
    out_array(c->out, "associations");
    if (ipc->association) {
        out_object(c->out, NULL);
        out_int(c->out, "association", ipc->association);
        out_str(c->out, "state", ipc_state_text(ipc));
        out_end(c->out);
    }
    out_text(c->out, "IPC Zone default: %u association%s\n", ipc->association ? 1 : 0, ipc->association ? "" : "s");
    if (ipc->association)
        out_text(c->out, "  Association %u: %s\n", ipc->association, ipc_state_text(ipc));
    return CMD_OK;
}

static void association_values(struct out *o, const struct ipc *ipc, const struct ipc_effective *e, nstime now)
{
    out_str(o, "zone", "default");
    out_int(o, "association", ipc->association);
    out_str(o, "state", ipc_state_text(ipc));
    if (ipc->up)
        out_int(o, "up_ms", (now - ipc->changed) / NS_PER_MS);
    else
        out_str(o, "reason", ipc->reason);
    if (ipc->last_down[0])
        out_str(o, "last_went_down", ipc->last_down);
    out_str(o, "protocol", "sctp");
    out_str(o, "driver", ipc->driver->name);
    out_int(o, "local_port", e->local_port);
    out_addr(o, "local_ip", &e->local);
    out_int(o, "remote_port", e->remote_port);
    out_addr(o, "remote_ip", &e->remote);
    out_int(o, "retransmit_timeout_min_ms", e->rto_min_ms);
    out_int(o, "retransmit_timeout_max_ms", e->rto_max_ms);
    out_int(o, "path_retransmit", e->path_retransmit);
    out_int(o, "assoc_retransmit", e->assoc_retransmit);
    out_int(o, "came_up", (int64_t)ipc->ups);
    out_int(o, "went_down", (int64_t)ipc->downs);
    out_int(o, "attempts", (int64_t)ipc->attempts);
}

static void traffic_values(struct out *o, const struct ipc *ipc, const struct sctp_assoc_view *v)
{
    out_int(o, "messages_sent", (int64_t)v->messages_out);
    out_int(o, "messages_received", (int64_t)v->messages_in);
    out_int(o, "times_blocked", (int64_t)v->send_blocked);
    out_int(o, "packets_sent", (int64_t)v->packets_out);
    out_int(o, "packets_received", (int64_t)v->packets_in);
    out_int(o, "packets_ignored", (int64_t)v->ignored_in);
    if (!ipc->up)
        return;
    out_int(o, "rto_ms", v->rto_ms);
    out_int(o, "cwnd", v->cwnd);
    out_int(o, "peer_window", v->rwnd);
    out_int(o, "unacknowledged", v->unacked);
    out_int(o, "pending", v->pending);
}

int ipc_show_association(struct cmd *c, struct args_show_ipc_association *a)
{
    const struct ipc *ipc = ipc_of(c->router);
    struct ipc_effective e;
    char text[ADDR_STRLEN], since[DURATION_STRLEN];
    (void)a;
    out_object(c->out, NULL);
    if (!ipc->association) {
        out_text(c->out, "No association is configured\n");
        return CMD_OK;
    }
    ipc_effective(ipc, &e);
    association_values(c->out, ipc, &e, loop_now(c->router->loop));
    out_text(c->out, "IPC Zone default, association %u: %s\n", ipc->association, ipc_state_text(ipc));
    if (!ipc->up)
        out_text(c->out, "  reason: %s\n", ipc->reason);
    else
        out_text(c->out, "  up for %s\n", duration_format(loop_now(c->router->loop) - ipc->changed, since));
    if (ipc->last_down[0])
        out_text(c->out, "  last went down: %s\n", ipc->last_down);
    out_text(c->out, "  protocol sctp, driver %s\n", ipc->driver->name);
    if (e.local_port)
        out_text(c->out, "  local port %u%s\n", e.local_port, e.local_port_typed ? "" : " (from remote-port)");
    else
        out_text(c->out, "  local port not configured\n");
    out_text(c->out, "  local ip %s\n", addr_is_none(&e.local) ? "not configured" : addr_format(&e.local, text));
    if (e.remote_port)
        out_text(c->out, "  remote port %u\n", e.remote_port);
    else
        out_text(c->out, "  remote port not configured\n");
    out_text(c->out, "  remote ip %s\n", addr_is_none(&e.remote) ? "not configured" : addr_format(&e.remote, text));
    out_text(c->out, "  retransmit timeout %u to %u ms, path retransmit %u, assoc retransmit %u\n", e.rto_min_ms,
             e.rto_max_ms, e.path_retransmit, e.assoc_retransmit);
    out_text(c->out, "  came up %llu times, went down %llu times, %llu attempts\n", (unsigned long long)ipc->ups,
             (unsigned long long)ipc->downs, (unsigned long long)ipc->attempts);
    if (!ipc->assoc)
        return CMD_OK;
    struct sctp_assoc_view v;
    ipc->driver->status(ipc->assoc, &v);
    traffic_values(c->out, ipc, &v);
    out_text(c->out, "  messages: %llu sent, %llu received, %llu times blocked\n", (unsigned long long)v.messages_out,
             (unsigned long long)v.messages_in, (unsigned long long)v.send_blocked);
    out_text(c->out, "  packets: %llu sent, %llu received, %llu ignored (address or port)\n",
             (unsigned long long)v.packets_out, (unsigned long long)v.packets_in, (unsigned long long)v.ignored_in);
    if (ipc->up)
        out_text(c->out, "  rto %u ms, cwnd %u, peer window %u, unacknowledged %u, pending %u\n", v.rto_ms, v.cwnd,
                 v.rwnd, v.unacked, v.pending);
    return CMD_OK;
}

int ipc_show_sctp_list(struct cmd *c, struct args_show_ip_sctp_association_list *a)
{
    const struct ipc *ipc = ipc_of(c->router);
    char local[ADDR_STRLEN], remote[ADDR_STRLEN];
    (void)a;
    out_text(c->out, "** SCTP Association List **\n\n");
    out_array(c->out, NULL);
    if (!ipc->assoc)
        return CMD_OK;
    struct sctp_assoc_view v;
    ipc->driver->status(ipc->assoc, &v);
    const char *state = v.state == SCTP_ASSOC_UP           ? "ESTABLISHED"
                        : v.state == SCTP_ASSOC_CONNECTING ? "COOKIE_WAIT"
                                                           : "CLOSED";
    out_text(c->out, "AssocID: %u,  Instance ID: 0\n", v.id);
    out_text(c->out, "Current state: %s\n", state);
    out_text(c->out, "Local port: %u, Addrs: %s\n", ipc->open_with.local_port,
             addr_format(&ipc->open_with.local, local));
    out_text(c->out, "Remote port: %u, Addrs: %s\n", ipc->open_with.remote_port,
             addr_format(&ipc->open_with.remote, remote));
    out_object(c->out, NULL);
    out_int(c->out, "assoc_id", v.id);
    out_int(c->out, "instance_id", 0);
    out_str(c->out, "current_state", state);
    out_int(c->out, "local_port", ipc->open_with.local_port);
    out_addr(c->out, "local_addrs", &ipc->open_with.local);
    out_int(c->out, "remote_port", ipc->open_with.remote_port);
    out_addr(c->out, "remote_addrs", &ipc->open_with.remote);
    out_end(c->out);
    return CMD_OK;
}
