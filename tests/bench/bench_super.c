/* Super-packets cut into segments and joined again, in ns per segment and against copying the same bytes in the same
 * run. Prints one line per kind of work; exits 1 when a floor is missed. */
#include "modules/core/csum.h"
#include "modules/net/mss.h"
#include "modules/net/stack.h"
#include "modules/net/super.h"
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { SEGMENT = 1448, SEGMENTS = 44, SUPERS = 8, OPTIONS = 12, ROUNDS = 7 };

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static struct frame_pool *pool;
static struct frame *super[SUPERS];
static uint8_t sink[FRAME_SLOT * 64];

static void make_supers(void)
{
    for (unsigned k = 0; k < SUPERS; k++) {
        struct frame *f = super[k] = frame_alloc_big_from(pool, 0);
        uint32_t total = 40 + OPTIONS + SEGMENT * SEGMENTS;
        uint8_t *p = frame_put(f, total);
        for (uint32_t i = 0; i < total; i++)
            p[i] = (uint8_t)(i * 7);
        memset(p, 1, 40 + OPTIONS);
        p[0] = 0x45;
        put16(p + 2, (uint16_t)total);
        put16(p + 6, IP_DF);
        p[9] = IPPROTO_TCP_;
        put32(p + 24, 0);
        p[32] = (5 + OPTIONS / 4) << 4;
        p[33] = TCP_ACK;
        put16(p + 38, 0);
        f->gso = SEGMENT;
        f->flags = FRAME_CSUM_PARTIAL;
        f->csum_at = FRAME_HEADROOM + 20;
        f->csum_off = 16;
    }
}

/* Each gives back ns for one round over all supers. */
static double copy_bytes(void)
{
    double t = now();
    for (unsigned k = 0; k < SUPERS; k++)
        for (unsigned i = 0; i < SEGMENTS; i++) {
            memcpy(sink + i % 64 * FRAME_SLOT, super[k]->data + i * SEGMENT, SEGMENT + 40 + OPTIONS);
            __asm__ volatile("" ::: "memory");
        }
    return now() - t;
}

static double cut_to_buffer(void)
{
    double t = now();
    for (unsigned k = 0; k < SUPERS; k++) {
        struct super_cut c;
        super_cut_begin(&c, super[k], 0);
        while (super_cut_write(&c, sink + c.done % 64 * FRAME_SLOT, FRAME_SLOT))
            ;
    }
    return now() - t;
}

static void cut_to_frames(unsigned k, struct frame_vec *v)
{
    struct super_cut c;
    v->n = 0;
    super_cut_begin(&c, super[k], 0);
    while (v->n < FRAME_VEC && (v->f[v->n] = super_cut_next(&c, pool, 0)))
        v->n++;
}

static double cut_frames(void)
{
    double ns = 0;
    for (unsigned k = 0; k < SUPERS; k++) {
        struct frame_vec v;
        double t = now();
        cut_to_frames(k, &v);
        ns += now() - t;
        frame_free_vec(&v);
    }
    return ns;
}

static double join_frames(void)
{
    double ns = 0;
    for (unsigned k = 0; k < SUPERS; k++) {
        struct frame_vec v;
        cut_to_frames(k, &v);
        double t = now();
        super_join(&v);
        ns += now() - t;
        if (v.n != 1)
            abort();
        frame_free_vec(&v);
    }
    return ns;
}

static double clamp_frames(void)
{
    struct frame_vec v;
    cut_to_frames(0, &v);
    double t = now();
    for (unsigned k = 0; k < SUPERS; k++)
        for (unsigned i = 0; i < v.n; i++)
            if (mss_clamp(v.f[i], 1360))
                abort();
    t = now() - t;
    frame_free_vec(&v);
    return t;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

int main(void)
{
    static const struct {
        const char *what;
        double (*run)(void);
        double most; /* times the copy */
    } work[] = {{"copy", copy_bytes, 0},
                {"cut into a buffer", cut_to_buffer, 8},
                {"cut into frames", cut_frames, 10},
                {"join", join_frames, 10},
                {"MSS clamp, no SYN", clamp_frames, 1}};
    enum { N = sizeof work / sizeof *work };
    double t[N][ROUNDS], copy = 0;
    int rc = 0;
    pool = frame_pool_new();
    if (!pool)
        return 2;
    make_supers();
    for (unsigned r = 0; r < ROUNDS; r++) /* interleaved */
        for (unsigned k = 0; k < N; k++) {
            work[k].run();
            t[k][r] = 0;
            for (unsigned i = 0; i < 20; i++)
                t[k][r] += work[k].run();
        }
    for (unsigned k = 0; k < N; k++) {
        qsort(t[k], ROUNDS, sizeof t[k][0], compare);
        double ns = t[k][ROUNDS / 2] / 20 / SUPERS / SEGMENTS;
        if (k == 0)
            copy = ns;
        bool missed = k && ns / copy > work[k].most;
        rc |= missed;
        printf("%-20s %7.1f ns/segment of %d   %.2f x copy%s\n", work[k].what, ns, SEGMENT, ns / copy,
               missed ? "   above the floor" : "");
    }
    for (unsigned k = 0; k < SUPERS; k++)
        frame_free(super[k]);
    frame_pool_free(pool);
    return rc;
}
