/* Two or three routers on one memory switch, configured through the modules' own functions, with a key manager that
 * agrees on keys by itself and a synchronisation hub without SCTP. For tests of modules/ipsec. */
#ifndef TAPIR_TESTS_LIB_IPSEC_H
#define TAPIR_TESTS_LIB_IPSEC_H
#include "modules/ipsec/ipsec_internal.h"
#include "modules/net/acl.h"
#include "modules/net/link.h"

struct node {
    struct lab *lab;
    struct router *r;
    struct rng *rng;
    struct storage storage;
    struct router_host host;
    char name[16];
    unsigned got; /* datagrams on the test port */
    size_t last_len;
    unsigned acquires, rekeys, deletes;
    bool peer_ready;
    nstime heard;
    struct node *standby; /* where records of this node go */
    bool hold_acks;
};
struct seen_packet {
    uint8_t data[2304];
    size_t len;
};
struct lab {
    struct loop *loop;
    struct memswitch *sw;
    struct link *injector;
    struct node n[3];
    unsigned clear; /* packets of the protected flow seen in clear */
    unsigned esp;
    struct seen_packet last_esp, esp_log[64];
    unsigned n_log;
    uint32_t spi; /* next SPI of the key manager */
    struct esp_suite suite;
    struct ipsec_transform t;
    bool udp, auto_keys, initiator_rekeys, injecting;
    uint32_t life_s, life_kb;
};
extern const char *const ilab_spoke_ip, *const ilab_gw_ip, *const ilab_inside_ip;

void ilab_open(struct lab *l);
struct node *ilab_node(struct lab *l, unsigned i, const char *name, const char *ip);
void ilab_close(struct lab *l);
void ilab_pair_up(struct lab *l); /* opened, spoke and gw1 configured */
void ilab_done(struct lab *l);    /* the invariants hold; closed */
void ilab_run(struct lab *l, double s);
void ilab_spoke_config(struct node *n);                                /* static map to the gateway */
void ilab_gw_config(struct node *n, const char *group, bool stateful); /* dynamic map */
void ilab_pair(struct lab *l, struct node *spoke, struct node *gw, struct ipsec_pair *a, struct ipsec_pair *b);
void ilab_send(struct node *from, const char *src, const char *dst, size_t len, bool df);
void ilab_role(struct node *n, enum role_state s, nstime hold);
void ilab_inject(struct lab *l, const uint8_t *frame, size_t len);
#endif
