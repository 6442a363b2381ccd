/* Frames: one owner at a time; a function says whether it consumes or borrows. Slots of 2304 bytes with
 * 128 bytes of headroom from a pool, or 64 KB ones (reassembled datagrams, super-packets).
 * No allocation per frame in the steady state.
 *
 * A super-packet stands for several TCP segments: gso is the payload of each but the last, FRAME_CSUM_PARTIAL is set,
 * and its bytes are in one 64 KB frame, or in a head (headers and first payload) with a chain of further payloads.
 *
 * A pool belongs to one thread, which alone allocates; every thread may free. */
#ifndef TAPIR_CORE_FRAME_H
#define TAPIR_CORE_FRAME_H
#include "modules/core/loop.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
struct netif;
#define FRAME_HEADROOM 128
#define FRAME_SLOT 2304
#define FRAME_BIG (65536 + 512)
#define FRAME_VEC 64

enum {
    FRAME_CRYPTO_DONE = 1, /* outer packet: no crypto policy lookup on output */
    FRAME_DECRYPTED = 2,   /* inner packet that came out of an SA */
    FRAME_LOCAL_OUT = 4,   /* originated by this router */
    FRAME_BROADCAST = 8,   /* link-layer broadcast or multicast */
    FRAME_DF = 16,         /* scratch for PMTU rules */
    /* The transport checksum's field holds the sum of the pseudo header alone, not complemented (virtio's NEEDS_CSUM):
     * csum_at and csum_off say where. frame_csum_complete makes it whole. */
    FRAME_CSUM_PARTIAL = 32
};

struct frame {
    uint8_t *data; /* first valid byte */
    uint32_t len;  /* valid bytes from data */
    uint32_t cap;  /* bytes from base */
    uint8_t *base;
    struct netif *in; /* interface it arrived on; NULL if originated */
    nstime arrival;
    uint16_t flags;
    uint16_t l3;        /* offset of the IP header from data while the link header is still there */
    uint32_t sa;        /* FRAME_DECRYPTED: inbound SA's SPI */
    struct frame *next; /* free for the owner's queues */
    struct frame_pool *pool;
    /* Further pieces of a super-packet that was joined: data and len of each are payload alone, its own frag the next
     * piece. They belong to the head, whose frag_len is their bytes in all and n_frag their number. */
    struct frame *frag;
    uint32_t frag_len;
    uint16_t n_frag;
    uint16_t gso;      /* payload bytes per segment; 0: an ordinary frame */
    uint16_t csum_at;  /* FRAME_CSUM_PARTIAL: transport header, from base (pushing and pulling leave it right) */
    uint16_t csum_off; /* ... and the checksum's field in it */
};
struct frame_vec {
    unsigned n;
    struct frame *f[FRAME_VEC];
};
struct frame_pool;
struct frame_pool *loop_frames(struct loop *loop); /* owned by the loop, freed with it */
struct frame *frame_alloc(struct loop *loop);      /* FRAME_SLOT, data at FRAME_HEADROOM, len 0; NULL: out of memory */
struct frame *frame_alloc_big(struct loop *loop);  /* FRAME_BIG */

/* A pool beside the loop's. Frames that others still hold must have come back before it is freed. */
struct frame_pool *frame_pool_new(void);
void frame_pool_free(struct frame_pool *pool); /* NULL is harmless */
/* The calling thread is the owner from now on; before the first call every thread passes for it (one thread only). */
void frame_pool_adopt(struct frame_pool *pool);
/* f's pool if the calling thread may take from it, else NULL. */
struct frame_pool *frame_pool_of(const struct frame *f);
/* The owner takes from its pool. NULL for one: from the heap, by any thread. */
struct frame *frame_alloc_from(struct frame_pool *pool, nstime now);
struct frame *frame_alloc_big_from(struct frame_pool *pool, nstime now);

void frame_free(struct frame *f); /* with its further pieces, from any thread; NULL is harmless */
void frame_free_vec(struct frame_vec *v);
/* One frame with all bytes, those of further pieces behind the head's. From f's pool where the caller owns that. */
struct frame *frame_copy(const struct frame *f);
static inline uint32_t frame_total(const struct frame *f) /* bytes with those of further pieces */
{
    return f->len + f->frag_len;
}
/* Completes the checksum that FRAME_CSUM_PARTIAL left open and clears the flag; nothing to do without it. false: a
 * super-packet, or it lies outside the frame (nothing changed). */
bool frame_csum_complete(struct frame *f);
uint8_t *frame_push(struct frame *f, uint32_t n); /* prepends n bytes; NULL if no headroom */
uint8_t *frame_pull(struct frame *f, uint32_t n); /* drops n bytes at the front; NULL if shorter */
uint8_t *frame_put(struct frame *f, uint32_t n);  /* appends n bytes; NULL if no room */
#endif
