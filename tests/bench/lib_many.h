/* What the in-process parts of the bench share: clocks, memory in use, and SA pairs without a negotiation. */
#ifndef TAPIR_BENCH_LIB_MANY_H
#define TAPIR_BENCH_LIB_MANY_H
#include "modules/ipsec/ipsec.h"
#include <stddef.h>

enum { MANY = 10000 };
double many_cpu_ns(void); /* of this process */
double many_now_ns(void);
size_t many_heap(void); /* bytes in use */
/* Pair number i of a gateway with a dynamic map (its entry 10): local network to the host of address remote + i, behind
 * peer + i * peer_step. AES-256, SHA-1. mirror: as the other end sees the same pair. */
struct many_spec {
    const char *map, *dynamic, *interface, *group;
    bool stateful;
    struct addr local, peer;
    unsigned peer_step;
    struct prefix local_net;
    uint32_t remote;
    uint32_t spi; /* first; pair i has spi + 2i inbound and spi + 2i + 1 outbound */
};
void many_pair(struct ipsec_pair *p, const struct many_spec *s, uint32_t i, bool mirror);
struct addr many_addr(const char *text);
#endif
