/* The SCTP seam: what an IPC association needs of SCTP, whoever provides it. One driver today: usrsctp in
 * AF_CONN mode, its packets carried as IP protocol 132 by the router's own stack; a kernel driver (libsctp) can
 * stand beside it without this header changing, since no library type or number appears here (their constants
 * differ, reference state-sync 1.7). Called by modules/ipc only. All calls on the control thread. */
#ifndef TAPIR_SCTP_SCTP_H
#define TAPIR_SCTP_SCTP_H
#include "modules/core/addr.h"
#include "modules/core/loop.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct router;
#define SCTP_ASSOC_STREAMS 2 /* 0: state, in order; 1: keepalives */
#define SCTP_ASSOC_MESSAGE_MAX 65536

struct sctp_assoc_config {
    struct router *router;
    struct addr local, remote;
    uint16_t local_port, remote_port;
    uint16_t mtu;                    /* IP MTU of the path's interface */
    unsigned rto_min_ms, rto_max_ms; /* retransmit-timeout MIN MAX */
    unsigned path_retransmit, assoc_retransmit;
};

/* Called from the driver's own turn, never from inside one of the calls below. */
struct sctp_assoc_user {
    void (*up)(void *arg);
    void (*down)(void *arg, const char *reason); /* also: a connection attempt failed */
    void (*restart)(void *arg);                  /* the peer came back on the same association: all state is void */
    void (*message)(void *arg, unsigned stream, const uint8_t *data, size_t len); /* a whole message */
    void (*writable)(void *arg);                                                  /* after send said -EAGAIN */
};

enum sctp_assoc_state { SCTP_ASSOC_CLOSED, SCTP_ASSOC_CONNECTING, SCTP_ASSOC_UP };
struct sctp_assoc_view {
    enum sctp_assoc_state state;
    unsigned rto_ms, srtt_ms, cwnd, rwnd, unacked, pending, mtu;
    uint64_t packets_in, packets_out, messages_in, messages_out, ignored_in, send_blocked;
    uint32_t id; /* the driver's own number, for show */
};

struct sctp_assoc; /* a driver's object begins with a pointer to its driver */
struct sctp_driver {
    const char *name;
    /* Listens at once; connects only when told. NULL: *why is a one-line reason (static). */
    struct sctp_assoc *(*open)(const struct sctp_assoc_config *cfg, const struct sctp_assoc_user *user, void *arg,
                               const char **why);
    int (*connect)(struct sctp_assoc *a); /* starts one attempt; 0, -EALREADY (under way), -EISCONN, -errno */
    /* Borrows data. 0, -EAGAIN (writable follows), -ENOTCONN, -EMSGSIZE. */
    int (*send)(struct sctp_assoc *a, unsigned stream, const void *data, size_t len);
    void (*service)(struct sctp_assoc *a); /* hands queued packets to the link now */
    void (*status)(struct sctp_assoc *a, struct sctp_assoc_view *v);
    void (*abort)(struct sctp_assoc *a); /* ABORT to the peer; keeps listening; `down` is not called */
    void (*close)(struct sctp_assoc *a); /* ABORT and free; a dying router's association says nothing */
};
extern const struct sctp_driver sctp_driver_usrsctp;
#endif
