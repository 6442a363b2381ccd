/* Frames: one owner at a time; a function says whether it consumes or borrows. Slots of 2304 bytes with
 * 128 bytes of headroom from the loop's pool, or 64 KB ones (reassembled datagrams, super-packets).
 * No allocation per frame in the steady state. */
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
    FRAME_DF = 16
}; /* scratch for PMTU rules */

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
};
struct frame_vec {
    unsigned n;
    struct frame *f[FRAME_VEC];
};
struct frame_pool;
struct frame_pool *loop_frames(struct loop *loop); /* owned by the loop, freed with it */
struct frame *frame_alloc(struct loop *loop);      /* FRAME_SLOT, data at FRAME_HEADROOM, len 0; NULL: out of memory */
struct frame *frame_alloc_big(struct loop *loop);  /* FRAME_BIG */
void frame_free(struct frame *f);                  /* NULL is harmless */
void frame_free_vec(struct frame_vec *v);
struct frame *frame_copy(const struct frame *f);
uint8_t *frame_push(struct frame *f, uint32_t n); /* prepends n bytes; NULL if no headroom */
uint8_t *frame_pull(struct frame *f, uint32_t n); /* drops n bytes at the front; NULL if shorter */
uint8_t *frame_put(struct frame *f, uint32_t n);  /* appends n bytes; NULL if no room */
#endif
