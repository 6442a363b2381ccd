/* Frame buffers: slots taken from slabs and kept on a free list, so that the steady state allocates nothing. Called
 * by links, the IP stack and ESP. Under AddressSanitizer every frame is allocated by itself, so that a use after
 * free or a lost frame is found. */
#include "modules/core/frame.h"
#include "modules/core/frame_pool.h"
#include "modules/core/loop_internal.h"
#include <stdlib.h>
#include <string.h>

#define SLAB_FRAMES 64
#define POOL_MAX_FRAMES 65536 /* slots alive: 150 MB; a flood that is not drained ends here */
#define POOL_MAX_BIG 1024     /* 64 KB buffers alive */
#define POOL_KEEP_BIG 64

#if defined(__SANITIZE_ADDRESS__)
#define POOL_PLAIN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define POOL_PLAIN 1
#endif
#endif
#ifndef POOL_PLAIN
#define POOL_PLAIN 0
#endif

struct slab {
    struct slab *next;
    struct frame frames[SLAB_FRAMES];
    uint8_t bytes[SLAB_FRAMES][FRAME_SLOT];
};
struct frame_pool {
    struct slab *slabs;
    struct frame *idle, *idle_big;
    unsigned n_slots, n_big, n_idle_big;
};

struct frame_pool *loop_frames(struct loop *loop)
{
    if (!loop->frames)
        loop->frames = calloc(1, sizeof *loop->frames);
    return loop->frames;
}

static struct frame *frame_make(struct frame_pool *pool, uint32_t cap)
{
    struct frame *f = malloc(sizeof *f + cap);
    if (!f)
        return NULL;
    f->base = (uint8_t *)(f + 1);
    f->cap = cap;
    f->pool = pool;
    return f;
}

static bool pool_grow(struct frame_pool *pool)
{
    if (pool->n_slots + SLAB_FRAMES > POOL_MAX_FRAMES)
        return false;
    struct slab *s = malloc(sizeof *s);
    if (!s)
        return false;
    s->next = pool->slabs;
    pool->slabs = s;
    pool->n_slots += SLAB_FRAMES;
    for (unsigned i = SLAB_FRAMES; i-- > 0;) {
        struct frame *f = &s->frames[i];
        f->base = s->bytes[i];
        f->cap = FRAME_SLOT;
        f->pool = pool;
        f->next = pool->idle;
        pool->idle = f;
    }
    return true;
}

static struct frame *frame_reset(struct frame *f, nstime now)
{
    f->data = f->base + FRAME_HEADROOM;
    f->len = 0;
    f->in = NULL;
    f->arrival = now;
    f->flags = 0;
    f->l3 = 0;
    f->sa = 0;
    f->next = NULL;
    return f;
}

static struct frame *pool_take(struct frame_pool *pool, nstime now)
{
    if (POOL_PLAIN) {
        struct frame *f = pool->n_slots < POOL_MAX_FRAMES ? frame_make(pool, FRAME_SLOT) : NULL;
        pool->n_slots += f != NULL;
        return f ? frame_reset(f, now) : NULL;
    }
    if (!pool->idle && !pool_grow(pool))
        return NULL;
    struct frame *f = pool->idle;
    pool->idle = f->next;
    return frame_reset(f, now);
}

static struct frame *pool_take_big(struct frame_pool *pool, nstime now)
{
    struct frame *f = pool->idle_big;
    if (f) {
        pool->idle_big = f->next;
        pool->n_idle_big--;
    } else {
        f = pool->n_big < POOL_MAX_BIG ? frame_make(pool, FRAME_BIG) : NULL;
        if (!f)
            return NULL;
        pool->n_big++;
    }
    return frame_reset(f, now);
}

struct frame *frame_alloc(struct loop *loop)
{
    struct frame_pool *pool = loop_frames(loop);
    return pool ? pool_take(pool, loop->now) : NULL;
}

struct frame *frame_alloc_big(struct loop *loop)
{
    struct frame_pool *pool = loop_frames(loop);
    return pool ? pool_take_big(pool, loop->now) : NULL;
}

struct frame *frame_copy(const struct frame *f)
{
    struct frame *g = f->cap == FRAME_BIG ? pool_take_big(f->pool, f->arrival) : pool_take(f->pool, f->arrival);
    if (!g)
        return NULL;
    g->data = g->base + (f->data - f->base);
    g->len = f->len;
    g->in = f->in;
    g->flags = f->flags;
    g->l3 = f->l3;
    g->sa = f->sa;
    memcpy(g->data, f->data, f->len);
    return g;
}

uint8_t *frame_push(struct frame *f, uint32_t n)
{
    if ((size_t)(f->data - f->base) < n)
        return NULL;
    f->data -= n;
    f->len += n;
    return f->data;
}

uint8_t *frame_pull(struct frame *f, uint32_t n)
{
    if (f->len < n)
        return NULL;
    f->data += n;
    f->len -= n;
    return f->data;
}

uint8_t *frame_put(struct frame *f, uint32_t n)
{
    uint32_t used = (uint32_t)(f->data - f->base) + f->len;
    if (f->cap - used < n)
        return NULL;
    uint8_t *at = f->data + f->len;
    f->len += n;
    return at;
}

void frame_free(struct frame *f)
{
    if (!f)
        return;
    struct frame_pool *pool = f->pool;
    if (f->cap == FRAME_BIG) {
        if (POOL_PLAIN || pool->n_idle_big >= POOL_KEEP_BIG) {
            pool->n_big--;
            free(f);
            return;
        }
        f->next = pool->idle_big;
        pool->idle_big = f;
        pool->n_idle_big++;
    } else if (POOL_PLAIN) {
        pool->n_slots--;
        free(f);
    } else {
        f->next = pool->idle;
        pool->idle = f;
    }
}

void frame_free_vec(struct frame_vec *v)
{
    for (unsigned i = 0; i < v->n; i++)
        frame_free(v->f[i]);
    v->n = 0;
}

void frame_pool_free(struct frame_pool *pool)
{
    if (!pool)
        return;
    while (pool->idle_big) {
        struct frame *f = pool->idle_big;
        pool->idle_big = f->next;
        free(f);
    }
    while (pool->slabs) {
        struct slab *s = pool->slabs;
        pool->slabs = s->next;
        free(s);
    }
    free(pool);
}
