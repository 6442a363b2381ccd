/* The IPC association between two gateways as its user (the redundancy facility) sees it: a link that carries whole
 * messages on two streams, up or down. Configuration, retry and the SCTP driver are this module's business. One
 * association per router (reference 2.1). */
#ifndef TAPIR_IPC_IPC_H
#define TAPIR_IPC_IPC_H
#include "modules/core/addr.h"
#include "modules/core/module.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct router;
struct ipc;
enum { IPC_STREAM_STATE = 0, IPC_STREAM_KEEPALIVE = 1 };
#define IPC_MESSAGE_MAX 32768

struct ipc_user {          /* never called from inside one of the functions below */
    void (*up)(void *arg); /* a new association: nothing of an earlier one survives */
    void (*down)(void *arg, const char *reason);
    void (*message)(void *arg, unsigned stream, const uint8_t *data, size_t len);
    void (*writable)(void *arg);
};
struct ipc *ipc_of(struct router *r);
void ipc_user_set(struct ipc *ipc, const struct ipc_user *user, void *arg);
int ipc_send(struct ipc *ipc, unsigned stream, const void *data, size_t len); /* 0, -EAGAIN, -ENOTCONN, -EMSGSIZE */
/* ABORT; a new attempt follows after the retry time. `down` is not called. */
void ipc_reset(struct ipc *ipc, const char *reason);
bool ipc_configured(const struct ipc *ipc); /* no shutdown, and complete */
bool ipc_up(const struct ipc *ipc);
const char *ipc_reason(const struct ipc *ipc); /* why it is not up; "" if it is */
struct addr ipc_local(const struct ipc *ipc);
struct addr ipc_remote(const struct ipc *ipc);
unsigned ipc_rto_max_ms(const struct ipc *ipc);
extern const struct module ipc_module;
#endif
