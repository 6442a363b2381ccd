/* The fast path of the data plane as ipsec sees it. A table of flows says, for the packets of one flow, everything that
 * the stack decided about the first of them: access lists, route, neighbour, crypto policy. A packet whose flow is in
 * the table passes without a lock and without reading configuration or protocol objects; any other is classified
 * under the loop's lock, and what is not plain forwarding or ESP goes to the stack (ip_input.c, arp.c, ...).
 *
 * One number, the generation, makes the whole table old: whatever changes an answer moves it (net_changed()), so that a
 * changed list, route, map, neighbour or SA shows in the very next packet. */
#ifndef TAPIR_NET_FAST_H
#define TAPIR_NET_FAST_H
#include "modules/core/frame.h"
#include "modules/core/stat.h"
#include "modules/net/ip.h"

struct dp;
struct nif;
enum fast_action { FAST_NONE, FAST_FORWARD, FAST_SEAL, FAST_OPEN };

struct fast_key {
    uint32_t src, dst, ports; /* ports; ICMP: type and code; ESP to us: the SPI */
    uint16_t nif;
    uint8_t proto, tos;
    uint32_t bits;   /* FAST_KEY_* */
    uint32_t serial; /* of the SA that it came out of; 0: as it was on the wire */
};
enum {
    FAST_KEY_FRAGMENT = 1,    /* not the first */
    FAST_KEY_ESTABLISHED = 2, /* TCP with ACK or RST */
    FAST_KEY_FIRST = 4        /* first fragment */
};

struct fast_entry {
    struct fast_key key;
    uint32_t gen;
    uint16_t mtu;    /* largest IP packet that goes whole */
    uint16_t mss;    /* clamp of TCP SYNs; 0: none */
    uint8_t dmac[6]; /* our address that the frames were sent to */
    uint8_t action, copy_df;
    uint8_t eth[14];     /* link header on the way out */
    uint16_t esp_offset; /* FAST_OPEN: of the ESP header behind the IP header */
    struct nif *out;
    void *sa;
    stat64 *count[2]; /* lines of access lists that it hits; NULL */
};

/* ---- what ipsec gives (ip_crypto_ops), all of it without side effects; the loop's lock is held ---- */
enum fast_verdict { FAST_SLOW /* the stack decides each one */, FAST_CLEAR, FAST_PROTECT };
struct fast_protect {
    void *sa;
    struct addr local, peer; /* of the ESP packets */
    uint16_t plain_mtu;      /* for the outgoing interface's MTU */
    uint16_t mss;            /* 0: no clamp */
};

/* ---- what ipsec calls from seal and open ---- */
struct fast_seal {
    struct frame *f; /* IP header at data, wire-sized, checksums complete */
    const struct fast_entry *e;
};
struct fast_open {
    struct frame *f; /* outer IP header at data, length trimmed */
    void *sa;
    uint32_t offset; /* of the ESP header from data */
};
nstime dp_now(const struct dp *dp);
bool dp_threaded(const struct dp *dp);
struct frame *dp_frame(struct dp *dp, bool big);                  /* from the data plane's own pool; NULL: none left */
void dp_drop(struct dp *dp, const char *reason, struct frame *f); /* consumes */
/* The packet as it shall leave (IP header at data); consumes. */
void fast_send(struct dp *dp, const struct fast_entry *e, struct frame *f);
/* The loop's lock, for what a batch cannot decide alone (the next block of sequence numbers). */
void dp_lock(struct dp *dp);
void dp_unlock(struct dp *dp);
/* To the control plane: run(router's net, m) in its next turn; at once where there is no thread. Never waits: false
 * when the ring is full. */
struct ring_msg;
bool dp_tell(struct dp *dp, const struct ring_msg *m);

/* ---- what the control plane calls ---- */
/* Anything that an answer in the table may rest on has changed. Any thread that holds the loop's lock. */
void net_changed(struct router *r);
struct dp *net_dp(struct router *r);
/* True in the thread that may touch what the data plane owns (sequence numbers, windows). */
bool net_dp_here(struct router *r);
/* Has the data plane do it, under the lock: fn(ctx of ip_crypto_set, m). Consumes nothing when false (ring full). */
bool net_dp_run(struct router *r, const struct ring_msg *m);
/* Waits until no answer from before the last net_changed() is in use any more. */
void net_dp_quiet(struct router *r);
/* Frees p by fn once no packet can still refer to it. */
void net_dp_retire(struct router *r, void *p, void (*fn)(void *p));
#endif
