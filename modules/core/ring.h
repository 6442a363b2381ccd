/* A bounded queue between two threads: one puts, the other takes, neither waits. Slots hold small messages by value.
 * Used between the data plane and the control plane, one ring each way. */
#ifndef TAPIR_CORE_RING_H
#define TAPIR_CORE_RING_H
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct frame;
struct ring_msg {
    void (*run)(void *ctx, struct ring_msg *m); /* what the taker does with it; ctx is the taker's */
    void *a;
    struct frame *frame; /* whoever takes the message, or throws it away, has to free it */
    uint32_t n;
};
#define RING_SLOTS 2048 /* a power of two */
struct ring {
    _Alignas(64) _Atomic(uint32_t) head; /* written by the one that puts */
    _Alignas(64) _Atomic(uint32_t) tail; /* written by the one that takes */
    struct ring_msg slot[RING_SLOTS];
};

static inline uint32_t ring_used(struct ring *r)
{
    return atomic_load_explicit(&r->head, memory_order_acquire) - atomic_load_explicit(&r->tail, memory_order_acquire);
}
/* false: full. */
static inline bool ring_put(struct ring *r, const struct ring_msg *m)
{
    uint32_t h = atomic_load_explicit(&r->head, memory_order_relaxed);
    if (h - atomic_load_explicit(&r->tail, memory_order_acquire) == RING_SLOTS)
        return false;
    r->slot[h % RING_SLOTS] = *m;
    atomic_store_explicit(&r->head, h + 1, memory_order_release);
    return true;
}
/* false: empty. */
static inline bool ring_take(struct ring *r, struct ring_msg *m)
{
    uint32_t t = atomic_load_explicit(&r->tail, memory_order_relaxed);
    if (t == atomic_load_explicit(&r->head, memory_order_acquire))
        return false;
    *m = r->slot[t % RING_SLOTS];
    atomic_store_explicit(&r->tail, t + 1, memory_order_release);
    return true;
}
#endif
