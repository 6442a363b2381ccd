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
    /* Pulling: NULL where a link only pushes (memory links). pull(true) takes reading away from the loop, which goes on
     * watching the carrier: from then on one thread, any one, calls rx and tx, and super-packets may come (l->tso). rx
     * fills v from the pool, at most FRAME_VEC frames, and returns how many; frames may be FRAME_CSUM_PARTIAL.
     * pull(false) gives reading back to the loop. No rx or tx runs meanwhile. */
    unsigned (*rx)(struct link *l, struct frame_pool *pool, nstime now, struct frame_vec *v);
    int (*fd)(struct link *l); /* what to wait on; -1: none, or gone for good (look again when rx finds nothing) */
    void (*pull)(struct link *l, bool on);
};

/* Frames that a link loses, by reason. */
enum link_drop {
    LINK_DROP_NO_CARRIER, /* sent while the link was down */
    LINK_DROP_FULL,       /* the other side takes no more */
    LINK_DROP_NO_BUFFER,  /* no memory: ours when receiving, the kernel's when sending */
    LINK_DROP_REFUSED,    /* any other error of the sending call */
    LINK_DROP_SHORT,      /* shorter than the header in front of it */
    LINK_DROP_LONG,       /* longer than any frame can be */
    LINK_DROP_CHECKSUM,   /* a checksum to be completed outside the frame */
    LINK_DROP_GSO_TYPE,   /* a super-packet of a kind that was never agreed on: UDP, ECN, unknown */
    LINK_DROP_GSO_IPV6,
    LINK_DROP_GSO_SIZE,   /* segments of no or absurd size, or a header length that cannot be */
    LINK_DROP_GSO_PACKET, /* what is in it is no whole TCP packet over IPv4 */
    LINK_DROP_UNSPLIT,    /* a super-packet for a link that takes none could not be cut */
    LINK_DROPS
};
const char *link_drop_name(enum link_drop why); /* as show drops has it */

struct link {
    const struct link_ops *ops;
    char name[64]; /* tap name or BRIDGE:PORT */
    uint16_t mtu;
    bool up;         /* carrier as seen from here; a thread that is not the loop's asks link_up() */
    bool tso;        /* takes super-packets, and brings them when pulled */
    bool csum;       /* takes frames with FRAME_CSUM_PARTIAL */
    uint64_t *drops; /* [LINK_DROPS], the link's; NULL: not counted */
    /* Set by netif when it attaches. rx consumes the frames. */
    void (*rx)(void *arg, struct frame_vec *v);
    void (*state)(void *arg, bool up);
    void *arg;
    struct link_fault *fault; /* NULL: none */
};
static inline bool link_up(const struct link *l)
{
    return __atomic_load_n(&l->up, __ATOMIC_RELAXED);
}
static inline void link_set_up(struct link *l, bool up)
{
    __atomic_store_n(&l->up, up, __ATOMIC_RELAXED);
}
static inline void link_drop_count(struct link *l, enum link_drop why, unsigned n)
{
    if (l->drops)
        __atomic_fetch_add(&l->drops[why], n, __ATOMIC_RELAXED);
}
static inline uint64_t link_drop_get(const struct link *l, enum link_drop why)
{
    return l->drops ? __atomic_load_n(&l->drops[why], __ATOMIC_RELAXED) : 0;
}

/* What an interface (or a built-in host) calls to send, and a link to hand in what it received: both pass the faults.
 * Both consume all frames. link_send drops when the link has no carrier, and cuts super-packets and completes checksums
 * for a link that takes none, or that has faults: those strike frames as they are on a wire. */
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
void link_fault_pass(struct link *l, struct frame_vec *v, bool out); /* link.c: consumes all, through l->fault */
#endif
