/* The life of the IPC association: opened when it is not shut down, complete, and its local-ip is an address of an
 * interface that is up; connected with retry and jitter until the peer answers; told to its user. Called by the
 * module list, by the configuration handlers (ipc_config.c) and by the SCTP driver. */
#include "modules/ipc/ipc_int.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define IPC_RETRY NS_PER_S      /* plus jitter of as much (reference state-sync 1.2) */
#define IPC_RTO_MIN_DEFAULT 300 /* reference 2.1 */
#define IPC_RTO_MAX_DEFAULT 600
#define IPC_RETRANSMIT_DEFAULT 4

const struct debug_flag ipc_debug_flags[IPC_DEBUG_FLAGS] = {
    [IPC_DEBUG_ERRORS] = {"IPC", "IPC errors debugging is on"},
    [IPC_DEBUG_EVENTS] = {"IPC", "IPC events debugging is on"},
    [IPC_DEBUG_PACKETS] = {"IPC", "IPC packets debugging is on"},
};

static unsigned ipc_pick(unsigned at_local, unsigned at_protocol, unsigned otherwise)
{
    return at_local ? at_local : at_protocol ? at_protocol : otherwise;
}

void ipc_effective(const struct ipc *ipc, struct ipc_effective *e)
{
    const struct ipc_local_config *l = &ipc->local[IPC_AT_LOCAL_PORT], *p = &ipc->local[IPC_AT_PROTOCOL];
    memset(e, 0, sizeof *e);
    e->local = addr_is_none(&l->ip) ? p->ip : l->ip;
    e->remote = ipc->remote_ip;
    e->local_port_typed = ipc->local_port != 0;
    e->local_port = ipc->local_port ? ipc->local_port : ipc->remote_port; /* DESIGN 3 */
    e->remote_port = ipc->remote_port;
    e->rto_min_ms = ipc_pick(l->rto_min_ms, p->rto_min_ms, IPC_RTO_MIN_DEFAULT);
    e->rto_max_ms = ipc_pick(l->rto_max_ms, p->rto_max_ms, IPC_RTO_MAX_DEFAULT);
    e->path_retransmit = ipc_pick(l->path_retransmit, p->path_retransmit, IPC_RETRANSMIT_DEFAULT);
    e->assoc_retransmit = ipc_pick(l->assoc_retransmit, p->assoc_retransmit, IPC_RETRANSMIT_DEFAULT);
}

static bool ipc_same(const struct ipc_effective *a, const struct ipc_effective *b)
{
    return addr_equal(&a->local, &b->local) && addr_equal(&a->remote, &b->remote) && a->local_port == b->local_port &&
           a->remote_port == b->remote_port && a->rto_min_ms == b->rto_min_ms && a->rto_max_ms == b->rto_max_ms &&
           a->path_retransmit == b->path_retransmit && a->assoc_retransmit == b->assoc_retransmit;
}

bool ipc_configured(const struct ipc *ipc)
{
    struct ipc_effective e;
    ipc_effective(ipc, &e);
    return ipc->association && ipc->enabled && ipc->protocol && !addr_is_none(&e.local) && !addr_is_none(&e.remote) &&
           e.remote_port;
}

/* The interface that has local-ip as a real address. */
static struct netif *ipc_interface(const struct ipc *ipc, const struct addr *local)
{
    for (struct netif *nif = netif_next(ipc->router, NULL); nif; nif = netif_next(ipc->router, nif))
        for (unsigned i = 0; i < nif->n_addrs; i++)
            if (addr_equal(&nif->addrs[i].addr, local))
                return nif;
    return NULL;
}

/* NULL: the association can be opened on *nif. */
static const char *ipc_obstacle(const struct ipc *ipc, const struct ipc_effective *e, struct netif **nif)
{
    *nif = NULL;
    if (!ipc->association)
        return "not configured";
    if (!ipc->enabled)
        return "administratively down";
    if (!ipc->protocol)
        return "protocol not configured";
    if (addr_is_none(&e->local))
        return "local-ip not configured";
    if (!e->remote_port)
        return "remote-port not configured";
    if (addr_is_none(&e->remote))
        return "remote-ip not configured";
    if (addr_equal(&e->local, &e->remote))
        return "local-ip and remote-ip are the same";
    *nif = ipc_interface(ipc, &e->local);
    if (!*nif)
        return net_is_local(ipc->router, &e->local) ? "local-ip is a virtual address"
                                                    : "local-ip not configured on any interface";
    if (!(*nif)->line_up)
        return "interface of local-ip is down";
    return NULL;
}

static void ipc_say_down(struct ipc *ipc, const char *reason)
{
    bool was = ipc->up;
    ipc->up = false;
    snprintf(ipc->reason, sizeof ipc->reason, "%s", reason);
    if (!was)
        return;
    ipc->downs++;
    ipc->changed = loop_now(ipc->router->loop);
    snprintf(ipc->last_down, sizeof ipc->last_down, "%s", reason);
    log_event(ipc->router, 0, "ipc", "ipc-down", "association %u down: %s", ipc->association, reason);
    log_debug(ipc->router, &ipc_module, IPC_DEBUG_EVENTS, "IPC: association %u down: %s", ipc->association, reason);
}

static void ipc_retry_later(struct ipc *ipc)
{
    timer_start(&ipc->retry, IPC_RETRY + (nstime)rng_below(ipc->router, RNG_JITTER, 1000) * NS_PER_MS);
}

static void ipc_close(struct ipc *ipc, const char *reason)
{
    bool was = ipc->up;
    struct sctp_assoc *a = ipc->assoc;
    ipc->assoc = NULL;
    ipc_say_down(ipc, reason);
    if (a)
        ipc->driver->close(a);
    if (was && ipc->user && ipc->user->down)
        ipc->user->down(ipc->user_arg, reason);
}

static void ipc_try(struct ipc *ipc)
{
    int rc = ipc->driver->connect(ipc->assoc);
    ipc->attempts++;
    log_debug(ipc->router, &ipc_module, IPC_DEBUG_EVENTS, "IPC: association %u connecting", ipc->association);
    if (rc && rc != -EALREADY && rc != -EISCONN)
        log_debug(ipc->router, &ipc_module, IPC_DEBUG_ERRORS, "IPC: association %u: connect failed: %s",
                  ipc->association, strerror(-rc));
}

static void ipc_up_event(void *arg)
{
    struct ipc *ipc = arg;
    timer_stop(&ipc->retry);
    ipc->up = true;
    ipc->ups++;
    ipc->reason[0] = 0;
    ipc->changed = loop_now(ipc->router->loop);
    log_event(ipc->router, 0, "ipc", "ipc-up", "association %u up", ipc->association);
    log_debug(ipc->router, &ipc_module, IPC_DEBUG_EVENTS, "IPC: association %u up", ipc->association);
    if (ipc->user && ipc->user->up)
        ipc->user->up(ipc->user_arg);
}

static void ipc_down_event(void *arg, const char *reason)
{
    struct ipc *ipc = arg;
    bool was = ipc->up;
    ipc_say_down(ipc, reason);
    ipc_retry_later(ipc);
    if (was && ipc->user && ipc->user->down)
        ipc->user->down(ipc->user_arg, reason);
}

/* The library's 0.9.5.0 does not get over a restart of the peer while data is outstanding: what is sent afterwards
 * stays in its queue (reference state-sync 1.7; seen in simulation). So the old association is aborted and a new one
 * made at once, from the end of this turn; the peer, in step with none of our state anyway, follows. */
static void ipc_restart_event(void *arg)
{
    struct ipc *ipc = arg;
    ipc_say_down(ipc, "peer restarted");
    if (ipc->user && ipc->user->down)
        ipc->user->down(ipc->user_arg, "peer restarted");
    ipc->reopen = true;
    ipc_changed(ipc);
}

static void ipc_message_event(void *arg, unsigned stream, const uint8_t *data, size_t len)
{
    struct ipc *ipc = arg;
    log_debug(ipc->router, &ipc_module, IPC_DEBUG_PACKETS, "IPC: received %zu bytes on stream %u", len, stream);
    if (ipc->user && ipc->user->message && ipc->up)
        ipc->user->message(ipc->user_arg, stream, data, len);
}

static void ipc_writable_event(void *arg)
{
    struct ipc *ipc = arg;
    if (ipc->user && ipc->user->writable && ipc->up)
        ipc->user->writable(ipc->user_arg);
}

static const struct sctp_assoc_user ipc_sctp_user = {
    .up = ipc_up_event,
    .down = ipc_down_event,
    .restart = ipc_restart_event,
    .message = ipc_message_event,
    .writable = ipc_writable_event,
};

static void ipc_open(struct ipc *ipc, const struct ipc_effective *e, const struct netif *nif)
{
    struct sctp_assoc_config cfg = {
        .router = ipc->router,
        .local = e->local,
        .remote = e->remote,
        .local_port = e->local_port,
        .remote_port = e->remote_port,
        .mtu = nif->mtu,
        .rto_min_ms = e->rto_min_ms,
        .rto_max_ms = e->rto_max_ms,
        .path_retransmit = e->path_retransmit,
        .assoc_retransmit = e->assoc_retransmit,
    };
    const char *why = "";
    ipc->open_with = *e;
    ipc->open_mtu = nif->mtu;
    ipc->assoc = ipc->driver->open(&cfg, &ipc_sctp_user, ipc, &why);
    if (!ipc->assoc) {
        snprintf(ipc->reason, sizeof ipc->reason, "%s", why);
        ipc_retry_later(ipc);
        return;
    }
    snprintf(ipc->reason, sizeof ipc->reason, "no answer from peer yet");
    ipc_try(ipc);
    ipc_retry_later(ipc);
}

static void ipc_evaluate(void *arg)
{
    struct ipc *ipc = arg;
    struct ipc_effective e;
    struct netif *nif;
    if (!ipc->started || ipc->router->dying || ipc->router->reloading)
        return;
    ipc_effective(ipc, &e);
    const char *why = ipc_obstacle(ipc, &e, &nif);
    if (why) {
        timer_stop(&ipc->retry);
        if (ipc->assoc)
            ipc_close(ipc, why);
        snprintf(ipc->reason, sizeof ipc->reason, "%s", why);
        return;
    }
    if (ipc->assoc && ipc->reopen)
        ipc_close(ipc, "peer restarted");
    ipc->reopen = false;
    if (ipc->assoc && (!ipc_same(&e, &ipc->open_with) || ipc->open_mtu != nif->mtu))
        ipc_close(ipc, "configuration changed");
    if (!ipc->assoc)
        ipc_open(ipc, &e, nif);
}

static void ipc_retry(void *arg)
{
    struct ipc *ipc = arg;
    if (ipc->up || ipc->router->reloading)
        return;
    if (!ipc->assoc) {
        ipc_evaluate(ipc);
        return;
    }
    ipc_try(ipc);
    ipc_retry_later(ipc);
}

void ipc_changed(struct ipc *ipc)
{
    loop_defer(ipc->router->loop, &ipc->evaluate);
}

struct ipc *ipc_of(struct router *r)
{
    return module_state(r, &ipc_module);
}

void ipc_user_set(struct ipc *ipc, const struct ipc_user *user, void *arg)
{
    ipc->user = user;
    ipc->user_arg = arg;
}

int ipc_send(struct ipc *ipc, unsigned stream, const void *data, size_t len)
{
    if (!ipc->up)
        return -ENOTCONN;
    log_debug(ipc->router, &ipc_module, IPC_DEBUG_PACKETS, "IPC: sending %zu bytes on stream %u", len, stream);
    return ipc->driver->send(ipc->assoc, stream, data, len);
}

void ipc_reset(struct ipc *ipc, const char *reason)
{
    if (!ipc->assoc)
        return;
    ipc_say_down(ipc, reason);
    ipc->driver->abort(ipc->assoc);
    ipc_retry_later(ipc);
}

bool ipc_up(const struct ipc *ipc)
{
    return ipc->up;
}

const char *ipc_reason(const struct ipc *ipc)
{
    return ipc->reason;
}

struct addr ipc_local(const struct ipc *ipc)
{
    struct ipc_effective e;
    ipc_effective(ipc, &e);
    return e.local;
}

struct addr ipc_remote(const struct ipc *ipc)
{
    return ipc->remote_ip;
}

unsigned ipc_rto_max_ms(const struct ipc *ipc)
{
    struct ipc_effective e;
    ipc_effective(ipc, &e);
    return e.rto_max_ms;
}

static int ipc_init(struct router *r, void **state)
{
    struct ipc *ipc = calloc(1, sizeof *ipc);
    if (!ipc)
        return -ENOMEM;
    ipc->router = r;
    ipc->driver = &sctp_driver_usrsctp;
    ipc->evaluate = (struct task){.run = ipc_evaluate, .arg = ipc};
    timer_init(&ipc->retry, r->loop, ipc_retry, ipc);
    snprintf(ipc->reason, sizeof ipc->reason, "not configured");
    *state = ipc;
    return 0;
}

static void ipc_fini(struct router *r, void *state)
{
    struct ipc *ipc = state;
    timer_stop(&ipc->retry);
    loop_cancel(r->loop, &ipc->evaluate);
    if (ipc->assoc)
        ipc->driver->close(ipc->assoc);
    free(ipc);
}

static void ipc_start(struct router *r, void *state)
{
    struct ipc *ipc = state;
    (void)r;
    ipc->started = true;
    ipc_evaluate(ipc);
}

static void ipc_netif_event(struct router *r, void *state, struct netif *nif, enum netif_event ev)
{
    (void)r;
    (void)nif;
    (void)ev;
    ipc_changed(state);
}

const struct module ipc_module = {
    .name = "ipc",
    .process = "IPC Manager",
    .init = ipc_init,
    .fini = ipc_fini,
    .start = ipc_start,
    .netif_event = ipc_netif_event,
    .debug = ipc_debug_flags,
    .n_debug = IPC_DEBUG_FLAGS,
};
