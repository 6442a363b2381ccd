/* The links seam: what an interface is plugged into. Real side: a tap (link_tap.c). Simulated side: an
 * in-memory port of a switch or a cable (link_mem.c). Faults are injected between link and interface
 * (faults.c), the same on both sides. Frames are whole Ethernet frames without FCS. */
#ifndef TAPIR_NET_LINK_H
#define TAPIR_NET_LINK_H
#include "modules/core/frame.h"
#include <stdbool.h>

struct link;
struct router;
struct link_ops {
    void (*tx)(struct link *l, struct frame_vec *v); /* consumes all frames; v->n becomes 0 */
    void (*set_carrier)(struct link *l, bool on);    /* our side's power/shutdown, seen by the partner */
    void (*close)(struct link *l);                   /* frees l */
};
struct link {
    const struct link_ops *ops;
    char name[64]; /* tap name or BRIDGE:PORT */
    uint16_t mtu;
    bool up; /* carrier as seen from here */
    /* Set by netif when it attaches. rx consumes the frames. */
    void (*rx)(void *arg, struct frame_vec *v);
    void (*state)(void *arg, bool up);
    void *arg;
    struct link_fault *fault; /* NULL: none */
};

/* What an interface (or a built-in host) calls to send, and a link to hand in what it received: both pass the faults.
 * Both consume all frames. link_send drops when the link has no carrier. */
void link_send(struct link *l, struct frame_vec *v);
void link_deliver(struct link *l, struct frame_vec *v);
void link_close(struct link *l); /* clears faults, then ops->close; NULL is harmless */

/* Opens or takes over a tap of that name in the current network namespace (CONTRACT 3: persistent,
 * single-queue, already up and in a bridge is fine; MTU and master are left alone). A tap that is
 * administratively down is a link without carrier. NULL with errno and a one-line reason in err. */
struct link *link_tap_open(struct loop *loop, const char *tap, bool offload, char *err, size_t errlen);

/* In-memory switch: floods and learns like a bridge, immediate delivery at the same simulated instant in
 * port order. A cable is a two-port hub whose carrier follows the partner. */
struct memswitch;
struct memswitch *memswitch_new(struct loop *loop, const char *name, bool cable);
void memswitch_free(struct memswitch *sw);
struct link *memswitch_port(struct memswitch *sw, const char *port);          /* a link; closing it unplugs */
void memswitch_port_carrier(struct memswitch *sw, const char *port, bool up); /* `down|up NODE:IFNAME` */
/* Sees every frame that enters the switch, before it is forwarded; for pcap. */
void memswitch_tap(struct memswitch *sw, void (*see)(void *arg, nstime at, const uint8_t *frame, size_t len),
                   void *arg);

/* Seeded faults on one link, both directions unless oneway. Percent 0..100. */
struct link_fault_spec {
    double loss, reorder, dup, corrupt; /* percent */
    unsigned delay_ms;
    bool cut, oneway; /* oneway: what we send is lost, what we hear is not */
};
void link_fault_set(struct link *l, struct router *r, const struct link_fault_spec *spec); /* NULL: clear */
#endif
