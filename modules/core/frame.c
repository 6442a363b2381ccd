/* Frame buffers: slots taken from slabs and kept on a free list, so that the steady state allocates nothing. Called
 * by links, the IP stack and ESP. A pool's lists are its owner's; what another thread frees goes onto a stack of its
 * own that the owner takes whole when a list is empty. Under AddressSanitizer every frame is allocated by itself, so
 * that a use after free or a lost frame is found. */
#include "modules/core/frame.h"
#include "modules/core/csum.h"
#include "modules/core/loop_internal.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define SLAB_FRAMES 64
#define POOL_MAX_FRAMES 65536 /* slots alive: 150 MB; a flood that is not drained ends here */
#define POOL_MAX_BIG 1024     /* 64 KB buffers alive */
#define POOL_KEEP_BIG 80      /* a vector of them, those that landing frames wait for, and some */

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
    _Alignas(64) uint8_t bytes[SLAB_FRAMES][FRAME_SLOT];
    struct slab *next;
    struct frame frames[SLAB_FRAMES];
};
struct frame_pool {
    struct slab *slabs;
    struct frame *idle, *idle_big;
    unsigned n_idle_big;
    _Atomic unsigned n_slots, n_big; /* alive */
    _Atomic uintptr_t owner;         /* 0: never adopted */
    _Atomic(struct frame *) foreign; /* slots that other threads freed */
    _Atomic(struct frame *) foreign_big;
};

struct frame_pool *frame_pool_new(void)
{
    return calloc(1, sizeof(struct frame_pool));
}

struct frame_pool *loop_frames(struct loop *loop)
{
    if (!loop->frames)
        loop->frames = frame_pool_new();
    return loop->frames;
}

void frame_pool_adopt(struct frame_pool *pool)
{
    atomic_store_explicit(&pool->owner, (uintptr_t)pthread_self(), memory_order_relaxed);
}

/* Only the owner itself can find its own number there, so the order of the load does not matter. */
static inline bool pool_is_mine(const struct frame_pool *pool)
{
    uintptr_t owner = atomic_load_explicit(&pool->owner, memory_order_relaxed);
    return !owner || owner == (uintptr_t)pthread_self();
}

/* ---- allocation ---- */

static inline unsigned count_get(const _Atomic unsigned *n)
{
    return atomic_load_explicit(n, memory_order_relaxed);
}
static inline void count_add(_Atomic unsigned *n, int by)
{
    atomic_fetch_add_explicit(n, (unsigned)by, memory_order_relaxed);
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
    if (count_get(&pool->n_slots) + SLAB_FRAMES > POOL_MAX_FRAMES)
        return false;
    struct slab *s = aligned_alloc(64, (sizeof *s + 63) & ~(size_t)63);
    if (!s)
        return false;
    s->next = pool->slabs;
    pool->slabs = s;
    count_add(&pool->n_slots, SLAB_FRAMES);
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
    f->frag = NULL;
    f->frag_len = 0;
    f->n_frag = f->gso = f->csum_at = f->csum_off = 0;
    return f;
}

/* What other threads gave back: the whole stack at once, so that no element can come and go meanwhile. */
static struct frame *take_foreign(_Atomic(struct frame *) *stack)
{
    if (!atomic_load_explicit(stack, memory_order_relaxed))
        return NULL;
    return atomic_exchange_explicit(stack, NULL, memory_order_acquire);
}

static void give_foreign(_Atomic(struct frame *) *stack, struct frame *f)
{
    struct frame *top = atomic_load_explicit(stack, memory_order_relaxed);
    do
        f->next = top;
    while (!atomic_compare_exchange_weak_explicit(stack, &top, f, memory_order_release, memory_order_relaxed));
}

struct frame_pool *frame_pool_of(const struct frame *f)
{
    return f->pool && pool_is_mine(f->pool) ? f->pool : NULL;
}

static struct frame *frame_homeless(uint32_t cap, nstime now)
{
    struct frame *f = frame_make(NULL, cap);
    return f ? frame_reset(f, now) : NULL;
}

struct frame *frame_alloc_from(struct frame_pool *pool, nstime now)
{
    if (!pool)
        return frame_homeless(FRAME_SLOT, now);
    if (POOL_PLAIN) {
        struct frame *f = count_get(&pool->n_slots) < POOL_MAX_FRAMES ? frame_make(pool, FRAME_SLOT) : NULL;
        count_add(&pool->n_slots, f != NULL);
        return f ? frame_reset(f, now) : NULL;
    }
    if (!pool->idle && !(pool->idle = take_foreign(&pool->foreign)) && !pool_grow(pool))
        return NULL;
    struct frame *f = pool->idle;
    pool->idle = f->next;
    return frame_reset(f, now);
}

static void big_free(struct frame_pool *pool, struct frame *f)
{
    if (POOL_PLAIN || pool->n_idle_big >= POOL_KEEP_BIG) {
        count_add(&pool->n_big, -1);
        free(f);
        return;
    }
    f->next = pool->idle_big;
    pool->idle_big = f;
    pool->n_idle_big++;
}

struct frame *frame_alloc_big_from(struct frame_pool *pool, nstime now)
{
    if (!pool)
        return frame_homeless(FRAME_BIG, now);
    if (!pool->idle_big)
        for (struct frame *f = take_foreign(&pool->foreign_big), *next; f; f = next) {
            next = f->next;
            big_free(pool, f);
        }
    struct frame *f = pool->idle_big;
    if (f) {
        pool->idle_big = f->next;
        pool->n_idle_big--;
    } else {
        f = count_get(&pool->n_big) < POOL_MAX_BIG ? frame_make(pool, FRAME_BIG) : NULL;
        if (!f)
            return NULL;
        count_add(&pool->n_big, 1);
    }
    return frame_reset(f, now);
}

struct frame *frame_alloc(struct loop *loop)
{
    struct frame_pool *pool = loop_frames(loop);
    return pool ? frame_alloc_from(pool, loop->now) : NULL;
}

struct frame *frame_alloc_big(struct loop *loop)
{
    struct frame_pool *pool = loop_frames(loop);
    return pool ? frame_alloc_big_from(pool, loop->now) : NULL;
}

/* ---- the end ---- */

static void frame_release(struct frame *f)
{
    struct frame_pool *pool = f->pool;
    if (!pool) { /* a copy that was made away from home */
        free(f);
    } else if (f->cap == FRAME_BIG) {
        if (!POOL_PLAIN && !pool_is_mine(pool))
            give_foreign(&pool->foreign_big, f);
        else
            big_free(pool, f);
    } else if (POOL_PLAIN) {
        count_add(&pool->n_slots, -1);
        free(f);
    } else if (pool_is_mine(pool)) {
        f->next = pool->idle;
        pool->idle = f;
    } else {
        give_foreign(&pool->foreign, f);
    }
}

void frame_free(struct frame *f)
{
    while (f) {
        struct frame *more = f->frag;
        frame_release(f);
        f = more;
    }
}

void frame_free_vec(struct frame_vec *v)
{
    for (unsigned i = 0; i < v->n; i++)
        frame_free(v->f[i]);
    v->n = 0;
}

static void free_list(struct frame *f)
{
    for (struct frame *next; f; f = next) {
        next = f->next;
        free(f);
    }
}

void frame_pool_free(struct frame_pool *pool)
{
    if (!pool)
        return;
    free_list(pool->idle_big);
    free_list(take_foreign(&pool->foreign_big));
    while (pool->slabs) {
        struct slab *s = pool->slabs;
        pool->slabs = s->next;
        free(s);
    }
    free(pool);
}

/* ---- contents ---- */

struct frame *frame_copy(const struct frame *f)
{
    struct frame_pool *pool = frame_pool_of(f);
    uint32_t before = (uint32_t)(f->data - f->base);
    bool big = f->cap == FRAME_BIG || before + frame_total(f) > FRAME_SLOT;
    struct frame *g = big ? frame_alloc_big_from(pool, f->arrival) : frame_alloc_from(pool, f->arrival);
    if (!g)
        return NULL;
    if (before + frame_total(f) > g->cap) {
        frame_free(g);
        return NULL;
    }
    g->data = g->base + before;
    g->in = f->in;
    g->flags = f->flags;
    g->l3 = f->l3;
    g->sa = f->sa;
    g->gso = f->gso;
    g->csum_at = f->csum_at;
    g->csum_off = f->csum_off;
    for (const struct frame *p = f; p; p = p->frag) {
        memcpy(g->data + g->len, p->data, p->len);
        g->len += p->len;
    }
    return g;
}

bool frame_csum_complete(struct frame *f)
{
    if (!(f->flags & FRAME_CSUM_PARTIAL))
        return true;
    uint8_t *from = f->base + f->csum_at, *end = f->data + f->len;
    if (f->gso || f->frag || from < f->data || from > end || (size_t)(end - from) < (size_t)f->csum_off + 2)
        return false;
    uint16_t sum = (uint16_t)~csum_fold16(csum_add(0, from, (size_t)(end - from)));
    /* Zero means "none" in UDP alone (RFC 768); its checksum stands six bytes into the header. */
    if (!sum && f->csum_off == 6)
        sum = 0xffff;
    memcpy(from + f->csum_off, &sum, 2);
    f->flags &= (uint16_t)~FRAME_CSUM_PARTIAL;
    return true;
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
