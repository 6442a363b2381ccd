/* Bare routers on memory links, and a stranger's port that injects and records frames. Used by tests/unit/test_net*.c
 * and, without criterion, by nobody else. */
#ifndef TAPIR_TESTS_LIB_NET_H
#define TAPIR_TESTS_LIB_NET_H
#include "modules/net/stack.h"

enum { NRIG_ROUTERS = 3, NRIG_SEEN = 512 };
struct nrig {
    struct loop *loop;
    struct memswitch *sw[3];
    struct router *r[NRIG_ROUTERS];
    struct rng *rng[NRIG_ROUTERS];
    struct storage storage[NRIG_ROUTERS];
    struct link *stranger; /* on sw[0] */
    unsigned n_seen;
    struct seen {
        uint8_t data[1600];
        size_t len;
    } seen[NRIG_SEEN]; /* what reached the stranger */
};
/* Router i's GigabitEthernet0/K is on switch K. */
struct nrig *nrig_new(unsigned routers);
void nrig_free(struct nrig *g);
struct netif *nrig_if(struct nrig *g, unsigned router, unsigned sw, const char *addr, unsigned len);
void nrig_run(struct nrig *g, double seconds);
void nrig_inject(struct nrig *g, const void *frame, size_t len);
struct addr nrig_addr(const char *text);
void nrig_route(struct nrig *g, unsigned router, const char *dst, unsigned len, const char *via);
/* Builds an IPv4 packet in an Ethernet frame; returns its length. */
size_t nrig_packet(uint8_t *buf, const struct mac *dst, const char *src_ip, const char *dst_ip, uint8_t proto,
                   uint8_t ttl, uint16_t frag, const void *payload, size_t len);
#endif
