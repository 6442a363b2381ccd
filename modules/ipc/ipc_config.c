/* Handlers of the IPC configuration lines and of `debug ipc` (grammar/ipc.gram). They record what was typed, at the
 * level where it was typed, and let ipc.c look again. Called by the parser. */
#include "ipc_cmd.h"
#include "modules/ipc/ipc_int.h"
#include <string.h>

static struct ipc *ipc_cmd_state(const struct cmd *c)
{
    return ipc_of(c->router);
}

/* Where a local-… line was typed: under local-port, or directly under protocol sctp. */
static struct ipc_local_config *ipc_cmd_level(const struct cmd *c)
{
    struct ipc *ipc = ipc_cmd_state(c);
    return &ipc->local[CMD_BLOCK(c, ipc_local_port, "ipc-local-port") ? IPC_AT_LOCAL_PORT : IPC_AT_PROTOCOL];
}

static int ipc_cmd_done(struct cmd *c)
{
    ipc_changed(ipc_cmd_state(c));
    return CMD_OK;
}

int ipc_cmd_zone(struct cmd *c, struct args_ipc_zone *a)
{
    (void)a;
    ipc_cmd_state(c)->zone = c->op == CMD_SET;
    return ipc_cmd_done(c);
}

int ipc_cmd_association(struct cmd *c, struct args_ipc_association *a)
{
    struct ipc *ipc = ipc_cmd_state(c);
    if (c->op == CMD_UNSET) {
        if (ipc->association != a->id)
            return CMD_OK;
        ipc->association = 0;
        ipc->enabled = false;
        return ipc_cmd_done(c);
    }
    if (ipc->association && ipc->association != a->id)
        return cmd_error(c, "%% Only one association is supported, association %u is configured", ipc->association);
    ipc->association = a->id;
    return ipc_cmd_done(c);
}

int ipc_cmd_shutdown(struct cmd *c, struct args_ipc_shutdown *a)
{
    (void)a;
    ipc_cmd_state(c)->enabled = c->op == CMD_UNSET;
    return ipc_cmd_done(c);
}

int ipc_cmd_protocol(struct cmd *c, struct args_ipc_protocol *a)
{
    (void)a;
    ipc_cmd_state(c)->protocol = c->op == CMD_SET;
    return ipc_cmd_done(c);
}

int ipc_cmd_local_port(struct cmd *c, struct args_ipc_local_port *a)
{
    ipc_cmd_state(c)->local_port = c->op == CMD_SET ? (uint16_t)a->port : 0;
    return ipc_cmd_done(c);
}

int ipc_cmd_remote_port(struct cmd *c, struct args_ipc_remote_port *a)
{
    ipc_cmd_state(c)->remote_port = c->op == CMD_SET ? (uint16_t)a->port : 0;
    return ipc_cmd_done(c);
}

static int ipc_cmd_second(struct cmd *c)
{
    return cmd_error(c, "%% A second address (multihoming) is not available on emulated interfaces");
}

static bool ipc_cmd_unusable(const struct addr *a)
{
    return addr_is_none(a) || addr_is_multicast(a) || addr_v4_get(a) == 0xffffffffu;
}

int ipc_cmd_local_ip(struct cmd *c, struct args_ipc_local_ip *a)
{
    struct ipc_local_config *l = ipc_cmd_level(c);
    if (c->op == CMD_UNSET) {
        memset(&l->ip, 0, sizeof l->ip);
        return ipc_cmd_done(c);
    }
    if (a->has_addr2)
        return ipc_cmd_second(c);
    if (ipc_cmd_unusable(&a->addr))
        return cmd_error(c, "%% Invalid address");
    l->ip = a->addr;
    return ipc_cmd_done(c);
}

int ipc_cmd_remote_ip(struct cmd *c, struct args_ipc_remote_ip *a)
{
    struct ipc *ipc = ipc_cmd_state(c);
    if (c->op == CMD_UNSET) {
        memset(&ipc->remote_ip, 0, sizeof ipc->remote_ip);
        return ipc_cmd_done(c);
    }
    if (a->has_addr2)
        return ipc_cmd_second(c);
    if (ipc_cmd_unusable(&a->addr))
        return cmd_error(c, "%% Invalid address");
    ipc->remote_ip = a->addr;
    return ipc_cmd_done(c);
}

int ipc_cmd_retransmit_timeout(struct cmd *c, struct args_ipc_retransmit_timeout *a)
{
    struct ipc_local_config *l = ipc_cmd_level(c);
    if (c->op == CMD_SET && a->min > a->max)
        return cmd_error(c, "%% Minimum retransmission timeout must not exceed the maximum");
    l->rto_min_ms = c->op == CMD_SET ? a->min : 0;
    l->rto_max_ms = c->op == CMD_SET ? a->max : 0;
    return ipc_cmd_done(c);
}

int ipc_cmd_path_retransmit(struct cmd *c, struct args_ipc_path_retransmit *a)
{
    ipc_cmd_level(c)->path_retransmit = c->op == CMD_SET ? a->count : 0;
    return ipc_cmd_done(c);
}

int ipc_cmd_assoc_retransmit(struct cmd *c, struct args_ipc_assoc_retransmit *a)
{
    ipc_cmd_level(c)->assoc_retransmit = c->op == CMD_SET ? a->count : 0;
    return ipc_cmd_done(c);
}

int ipc_cmd_debug(struct cmd *c, struct args_debug_ipc *a)
{
    bool on = c->op != CMD_UNSET;
    const bool want[IPC_DEBUG_FLAGS] = {[IPC_DEBUG_ERRORS] = a->kw_errors || a->kw_all,
                                        [IPC_DEBUG_EVENTS] = a->kw_events || a->kw_all,
                                        [IPC_DEBUG_PACKETS] = a->kw_packets || a->kw_all};
    for (unsigned i = 0; i < IPC_DEBUG_FLAGS; i++) {
        if (!want[i])
            continue;
        log_debug_set(c->router, &ipc_module, i, on);
        int len = (int)strlen(ipc_debug_flags[i].on_text) - 2; /* "... is on" -> "... is off" */
        out_text(c->out, "%.*s%s\n", len, ipc_debug_flags[i].on_text, on ? "on" : "off");
    }
    return CMD_OK;
}
