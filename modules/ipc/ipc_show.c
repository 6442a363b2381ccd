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
    if (!ipc->zone) {
        out_text(c->out, "No IPC zone is configured\n");
        return CMD_OK;
    }
    out_text(c->out, "IPC Zone default: %u association%s\n", ipc->association ? 1 : 0, ipc->association ? "" : "s");
    if (ipc->association)
        out_text(c->out, "  Association %u: %s\n", ipc->association, ipc_state_text(ipc));
    return CMD_OK;
}

int ipc_show_association(struct cmd *c, struct args_show_ipc_association *a)
{
    const struct ipc *ipc = ipc_of(c->router);
    struct ipc_effective e;
    char text[ADDR_STRLEN], since[DURATION_STRLEN];
    (void)a;
    if (!ipc->association) {
        out_text(c->out, "No association is configured\n");
        return CMD_OK;
    }
    ipc_effective(ipc, &e);
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
    if (!ipc->assoc)
        return CMD_OK;
    struct sctp_assoc_view v;
    ipc->driver->status(ipc->assoc, &v);
    out_text(c->out, "AssocID: %u,  Instance ID: 0\n", v.id);
    out_text(c->out, "Current state: %s\n",
             v.state == SCTP_ASSOC_UP           ? "ESTABLISHED"
             : v.state == SCTP_ASSOC_CONNECTING ? "COOKIE_WAIT"
                                                : "CLOSED");
    out_text(c->out, "Local port: %u, Addrs: %s\n", ipc->open_with.local_port,
             addr_format(&ipc->open_with.local, local));
    out_text(c->out, "Remote port: %u, Addrs: %s\n", ipc->open_with.remote_port,
             addr_format(&ipc->open_with.remote, remote));
    return CMD_OK;
}
