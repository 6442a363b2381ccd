/* Shared by the files of modules/ipc: the configuration as typed at its two levels, and the association. */
#ifndef TAPIR_IPC_IPC_INT_H
#define TAPIR_IPC_IPC_INT_H
#include "modules/core/command.h"
#include "modules/core/log.h"
#include "modules/core/router.h"
#include "modules/ipc/ipc.h"
#include "modules/net/netif.h"
#include "modules/sctp/sctp.h"

/* local-ip and the three limits may stand under `protocol sctp` (where the white paper types them) or under
 * `local-port` (DESIGN 3). Where both are set, the latter counts. 0 and ADDR_NONE: not configured. */
struct ipc_local_config {
    struct addr ip;
    unsigned rto_min_ms, rto_max_ms, path_retransmit, assoc_retransmit;
};
enum { IPC_AT_PROTOCOL, IPC_AT_LOCAL_PORT, IPC_LEVELS };

struct ipc_effective {
    struct addr local, remote;
    uint16_t local_port, remote_port;
    bool local_port_typed;
    unsigned rto_min_ms, rto_max_ms, path_retransmit, assoc_retransmit;
};

enum { IPC_DEBUG_ERRORS, IPC_DEBUG_EVENTS, IPC_DEBUG_PACKETS, IPC_DEBUG_FLAGS };

struct ipc {
    struct router *router;
    bool zone, started;
    uint32_t association; /* 0: none */
    bool enabled;         /* no shutdown */
    bool protocol;
    uint16_t local_port, remote_port;
    struct addr remote_ip;
    struct ipc_local_config local[IPC_LEVELS];

    const struct sctp_driver *driver;
    struct sctp_assoc *assoc;
    struct ipc_effective open_with; /* what assoc was opened with */
    uint16_t open_mtu;
    bool up, reopen;
    char reason[96];
    char last_down[96];
    nstime changed;
    uint64_t ups, downs, attempts;
    struct timer retry;
    struct task evaluate;
    const struct ipc_user *user;
    void *user_arg;
};

void ipc_effective(const struct ipc *ipc, struct ipc_effective *e);
void ipc_changed(struct ipc *ipc); /* configuration or interfaces changed: look again at the end of the turn */
extern const struct debug_flag ipc_debug_flags[IPC_DEBUG_FLAGS];
#endif
