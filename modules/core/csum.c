/* Internet checksums over buffers, with and without copying. The 32 bit halves of every word are added to 64 bit sums
 * that cannot run over within 2^32 words; four of them in turn, so that additions need not wait for each other. */
#include "modules/core/csum.h"
#include <string.h>

static inline uint64_t load64(const uint8_t *p)
{
    uint64_t w;
    memcpy(&w, p, sizeof w);
    return w;
}

#define LOW(w) ((w)&0xffffffff)

/* The last 0..31 bytes: the odd one counts as if a zero followed. */
static inline uint64_t csum_tail(uint64_t sum, const uint8_t *p, size_t len)
{
    uint64_t w = 0;
    uint32_t w4;
    uint16_t w2;
    for (; len >= 8; p += 8, len -= 8) {
        w = load64(p);
        sum = csum_join(sum, LOW(w) + (w >> 32));
    }
    w = 0;
    if (len & 4) {
        memcpy(&w4, p, 4);
        w += w4;
        p += 4;
    }
    if (len & 2) {
        memcpy(&w2, p, 2);
        w += w2;
        p += 2;
    }
    if (len & 1) {
        const uint8_t last[2] = {*p, 0};
        memcpy(&w2, last, 2);
        w += w2;
    }
    return csum_join(sum, w);
}

uint64_t csum_add(uint64_t sum, const void *data, size_t len)
{
    const uint8_t *p = data;
    uint64_t a = 0, b = 0, c = 0, d = 0;
    for (; len >= 32; p += 32, len -= 32) {
        uint64_t w0 = load64(p), w1 = load64(p + 8), w2 = load64(p + 16), w3 = load64(p + 24);
        a += LOW(w0) + (w0 >> 32);
        b += LOW(w1) + (w1 >> 32);
        c += LOW(w2) + (w2 >> 32);
        d += LOW(w3) + (w3 >> 32);
    }
    return csum_tail(csum_join(sum, a + b + c + d), p, len);
}

uint64_t csum_copy(uint64_t sum, void *to, const void *from, size_t len)
{
    const uint8_t *p = from;
    uint8_t *q = to;
    uint64_t a = 0, b = 0, c = 0, d = 0;
    for (; len >= 32; p += 32, q += 32, len -= 32) {
        uint64_t w0 = load64(p), w1 = load64(p + 8), w2 = load64(p + 16), w3 = load64(p + 24);
        memcpy(q, &w0, 8);
        memcpy(q + 8, &w1, 8);
        memcpy(q + 16, &w2, 8);
        memcpy(q + 24, &w3, 8);
        a += LOW(w0) + (w0 >> 32);
        b += LOW(w1) + (w1 >> 32);
        c += LOW(w2) + (w2 >> 32);
        d += LOW(w3) + (w3 >> 32);
    }
    memcpy(q, p, len);
    return csum_tail(csum_join(sum, a + b + c + d), p, len);
}
