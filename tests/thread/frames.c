/* Frame pools between threads, for ThreadSanitizer: two threads with a pool each send frames, 64 KB ones and chains to
 * each other over rings; who receives looks at the bytes, copies some, and frees. A pool holds 65,536 slots, so a frame
 * that does not find home is missed. Plain C: criterion and ThreadSanitizer do not go together. */
#include "modules/core/frame.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RING = 256, FRAMES = 400000 };

struct ring {
    _Atomic unsigned head, tail;
    struct frame *slot[RING];
};
struct side {
    struct frame_pool *pool;
    struct ring *out, *in;
    unsigned seed, copies;
    const char *failed;
};

static bool ring_put(struct ring *r, struct frame *f)
{
    unsigned head = atomic_load_explicit(&r->head, memory_order_relaxed);
    if (head - atomic_load_explicit(&r->tail, memory_order_acquire) == RING)
        return false;
    r->slot[head % RING] = f;
    atomic_store_explicit(&r->head, head + 1, memory_order_release);
    return true;
}

static struct frame *ring_get(struct ring *r)
{
    unsigned tail = atomic_load_explicit(&r->tail, memory_order_relaxed);
    if (tail == atomic_load_explicit(&r->head, memory_order_acquire))
        return NULL;
    struct frame *f = r->slot[tail % RING];
    atomic_store_explicit(&r->tail, tail + 1, memory_order_release);
    return f;
}

static unsigned draw(struct side *s)
{
    s->seed = s->seed * 1103515245 + 12345;
    return s->seed >> 16;
}

static struct frame *make(struct side *s, unsigned n)
{
    unsigned kind = draw(s) % 16;
    struct frame *f = kind == 0 ? frame_alloc_big_from(s->pool, n) : frame_alloc_from(s->pool, n);
    if (!f)
        return NULL;
    uint32_t len = 1 + draw(s) % 200;
    memset(frame_put(f, len), (int)(n & 0xff), len);
    if (kind < 3) {
        f->frag = frame_alloc_from(s->pool, n);
        if (f->frag) {
            memset(frame_put(f->frag, 9), (int)(n & 0xff), 9);
            f->frag_len = 9;
            f->n_frag = 1;
        }
    }
    return f;
}

static bool is_whole(const struct frame *f)
{
    uint8_t want = (uint8_t)f->arrival;
    uint32_t n = 0;
    for (const struct frame *p = f; p; p = p->frag)
        for (uint32_t i = 0; i < p->len; i++, n++)
            if (p->data[i] != want)
                return false;
    return n == frame_total(f);
}

static void receive(struct side *s, struct frame *f)
{
    if (!is_whole(f))
        s->failed = "a frame was overwritten";
    if (draw(s) % 64 == 0) { /* of a stranger's frame, in the wrong thread */
        struct frame *copy = frame_copy(f);
        if (!copy || !is_whole(copy) || copy->frag || frame_total(copy) != frame_total(f))
            s->failed = "a copy is not the same";
        frame_free(copy);
        s->copies++;
    }
    frame_free(f);
}

static void *run(void *arg)
{
    struct side *s = arg;
    frame_pool_adopt(s->pool);
    unsigned sent = 0, got = 0;
    struct frame *f = NULL;
    while (got < FRAMES && !s->failed) {
        if (!f && sent < FRAMES && !(f = make(s, sent)))
            s->failed = "the pool is empty: frames do not come home";
        if (f && ring_put(s->out, f)) {
            f = NULL;
            sent++;
        }
        for (struct frame *g; (g = ring_get(s->in)); got++)
            receive(s, g);
        if (draw(s) % 8 == 0) /* one that never leaves */
            frame_free(make(s, 1));
    }
    while (sent < FRAMES && !s->failed) {
        if (!f && !(f = make(s, sent)))
            s->failed = "the pool is empty at the end";
        if (f && ring_put(s->out, f)) {
            f = NULL;
            sent++;
        }
    }
    return NULL;
}

int main(void)
{
    struct ring *r = calloc(2, sizeof *r);
    struct side a = {.pool = frame_pool_new(), .seed = 1}, b = {.pool = frame_pool_new(), .seed = 2};
    pthread_t t;
    if (!r || !a.pool || !b.pool)
        return 2;
    a.out = b.in = &r[0];
    b.out = a.in = &r[1];
    if (pthread_create(&t, NULL, run, &b))
        return 2;
    run(&a);
    pthread_join(t, NULL);
    const char *failed = a.failed ? a.failed : b.failed;
    printf("%s frames between two threads: %u each way, %u copied%s%s\n", failed ? "not ok" : "ok", FRAMES,
           a.copies + b.copies, failed ? ": " : "", failed ? failed : "");
    frame_pool_free(a.pool);
    frame_pool_free(b.pool);
    free(r);
    return failed != NULL;
}
