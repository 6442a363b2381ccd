/* The control-plane mirror: TCP for the router's own addresses, and what else its own stack does not take, is handed to
 * the TCP stack of the router's network namespace; what programs there send enters our output. The host's side is a TUN
 * device (cli/mirror.c); where nobody attaches one (sim, routers that share a namespace) nothing changes. */
#ifndef TAPIR_MIRROR_MIRROR_H
#define TAPIR_MIRROR_MIRROR_H
#include "modules/core/frame.h"
#include "modules/net/ip.h"

struct mirror_host {
    void *ctx;
    void (*send)(void *ctx, struct frame *f); /* an IPv4 packet for the namespace; consumes. May be a super-packet */
    void (*changed)(void *ctx);               /* addresses: read them anew. At the end of a turn */
};
/* Once per incarnation. */
void mirror_attach(struct router *r, const struct mirror_host *host);
/* A packet that a program of the namespace sent. Borrows. */
void mirror_input(struct router *r, const uint8_t *packet, size_t len);
struct mirror_addr {
    uint32_t ip; /* host order */
    uint8_t len; /* of its subnet */
    bool primary, virtual;
};
/* The router's own addresses, virtual ones while it is active for them; interfaces in order. Returns how many. */
unsigned mirror_addresses(struct router *r, struct mirror_addr *list, unsigned max);
/* Which of them speaks to where no subnet is: that of the default route, else the first. 0: none. */
uint32_t mirror_source(struct router *r);
#endif
