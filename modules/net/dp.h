/* The data plane as the IP stack sees it: its thread, the rings to and from the control plane, what it alone writes.
 * Where the loop is simulated, or no link can be pulled, there is no thread: the same code runs in the turn of whoever
 * brings the frames. Nobody outside modules/net includes this, but modules/interface for its show commands. */
#ifndef TAPIR_NET_DP_H
#define TAPIR_NET_DP_H
#include "modules/core/ring.h"
#include "modules/net/fast.h"
#include "modules/net/stack.h"

enum dp_stage { DP_RX, DP_CLASSIFY, DP_FORWARD, DP_SEAL, DP_OPEN, DP_TX, DP_STAGES };
enum { DP_LINKS_MAX = 256, DP_SAMPLE = 16 /* one vector in so many is timed */ };
struct dp_stage_stats {
    stat64 vectors, frames;        /* all */
    stat64 timed_frames, timed_ns; /* of the vectors that were timed */
};

struct dp_view { /* a copy of the data plane's figures, for show */
    bool threaded;
    struct {
        uint64_t vectors, frames;
        double ns_per_frame; /* from samples; 0: none yet */
    } stage[DP_STAGES];
    uint64_t hits, misses, punts, turns, idle_waits;
};
extern const char *const dp_stage_names[DP_STAGES];
void dp_view(struct net *net, struct dp_view *v);
void dp_clear(struct net *net); /* the figures above from 0 */
/* Adds what the data plane counted to a copy of the stack's own counters. */
void dp_add_stats(const struct net *net, struct ip_stats *sum);

/* ---- life ---- */
int dp_init(struct net *net);
void dp_start(struct net *net);  /* takes the links over, if it may have a thread */
void dp_attach(struct nif *nif); /* an interface has a link */
void dp_detach(struct nif *nif); /* ... and loses it: after this the data plane has no frame of it, in or out */
void dp_sync(struct net *net);   /* what the data plane had in hand when it was called is through */
void dp_stop(struct net *net);   /* the thread ends; everything goes on in one */
void dp_fini(struct net *net);

/* A vector from a link, frames with their link headers; consumes. Any thread that may be the data plane's. */
void fast_input(struct dp *dp, struct nif *nif, struct frame_vec *v);
void fast_fini(struct dp *dp);
/* IP header at ip. false: not for the table. */
bool fast_key_of(struct fast_key *k, const struct nif *nif, const uint8_t *ip, uint32_t len, uint32_t serial);
/* Makes the entry for the packet at ip that came to dmac, or out of inner_sa. The loop's lock is held. false: each of
 * them is for the stack. */
bool fast_classify(struct dp *dp, struct fast_entry *e, const struct fast_key *k, struct nif *in, const uint8_t *dmac,
                   const uint8_t *ip, void *inner_sa);
void fast_flush(struct dp *dp); /* sends what was gathered */

struct dp_link {
    struct nif *nif;
    struct link *link;
    int fd;
    bool hot, used;
};
struct dp {
    struct net *net;
    struct loop *loop;
    bool threaded;
    unsigned locked; /* turns of the loop's that it is in, one within the other */
    nstime now;
    uint32_t gen; /* of the vector in work */
    struct frame_pool *pool;
    struct fast_entry *table;
    struct nif *tx_dirty; /* interfaces with gathered frames */
    unsigned n_pulled;    /* links that the thread reads; the control plane's */
    uint16_t rotate;
    /* figures: written by the data plane alone */
    struct dp_stage_stats stage[DP_STAGES];
    stat64 hits, misses, punts, turns, idle_waits;
    stat64 received, received_bytes, delivered, forwarded;
    struct dp_drop {
        _Atomic(const char *) reason;
        stat64 n;
    } drops[DROP_REASONS_MAX];
    nstime esp_punt_at; /* ESP handed over in this millisecond */
    unsigned esp_punts;
    unsigned sample;
    bool timing;
    nstime stamp;
    /* the thread */
    struct dp_thread *thread; /* dp.c */
};

/* dp.c, for fast.c */
struct frame_pool *dp_pool(struct dp *dp);
void dp_punt(struct dp *dp, struct nif *nif, struct frame *f, void (*run)(void *net, struct ring_msg *m), bool low);
bool dp_esp_unwanted(struct dp *dp, const uint8_t *ip); /* a punt of this would be one too many */
void dp_stage_begin(struct dp *dp);
void dp_stage_end(struct dp *dp, enum dp_stage stage, unsigned frames);
#endif
