/* The randomness seam: the system's generator, and deterministic streams for the simulated world, one for each
 * (router, incarnation, use). Called by everything that puts a random byte on the wire. */
#include "modules/core/rng.h"
#include "modules/core/router.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

struct stream {
    uint64_t s[4];
    uint64_t left; /* bytes of the last word not handed out yet */
    unsigned n_left;
};
struct rng {
    bool seeded;
    struct stream streams[RNG_USES];
    uint8_t pool[256]; /* system: small draws come from here, so that a cookie is not a system call */
    size_t pool_left;
};

/* splitmix64: spreads a seed over the state of a stream (Vigna, as recommended for xoshiro). */
static uint64_t seed_mix(uint64_t *x)
{
    uint64_t z = *x += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static uint64_t rotl(uint64_t x, int k)
{
    return x << k | x >> (64 - k);
}

/* xoshiro256** 1.0 (Blackman, Vigna). */
static uint64_t stream_next(struct stream *st)
{
    uint64_t *s = st->s, result = rotl(s[1] * 5, 7) * 9, t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotl(s[3], 45);
    return result;
}

static void stream_draw(struct stream *st, uint8_t *p, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (!st->n_left) {
            st->left = stream_next(st);
            st->n_left = 8;
        }
        p[i] = (uint8_t)st->left;
        st->left >>= 8;
        st->n_left--;
    }
}

struct rng *rng_new_seeded(uint64_t seed, const char *name, uint32_t incarnation)
{
    struct rng *rng = calloc(1, sizeof *rng);
    if (!rng)
        return NULL;
    rng->seeded = true;
    uint64_t h = UINT64_C(0xcbf29ce484222325); /* FNV-1a */
    for (const char *p = name; *p; p++)
        h = (h ^ (uint8_t)*p) * UINT64_C(0x100000001b3);
    for (unsigned use = 0; use < RNG_USES; use++) {
        uint64_t x = seed, y = h ^ (uint64_t)incarnation << 32 ^ use;
        x = seed_mix(&x) ^ seed_mix(&y);
        for (int i = 0; i < 4; i++)
            rng->streams[use].s[i] = seed_mix(&x);
    }
    return rng;
}

struct rng *rng_new_system(void)
{
    return calloc(1, sizeof(struct rng));
}

void rng_free(struct rng *rng)
{
    if (rng)
        explicit_bzero(rng, sizeof *rng);
    free(rng);
}

static void system_draw(uint8_t *p, size_t len)
{
    while (len) {
        ssize_t n = getrandom(p, len, 0);
        if (n < 0 && errno != EINTR)
            abort(); /* a predictable cookie or key would be worse than no router */
        if (n > 0) {
            p += n;
            len -= (size_t)n;
        }
    }
}

void rng_draw(struct rng *rng, enum rng_use use, void *buf, size_t len)
{
    if (rng->seeded) {
        stream_draw(&rng->streams[use], buf, len);
        return;
    }
    if (len > sizeof rng->pool / 4) {
        system_draw(buf, len);
        return;
    }
    if (rng->pool_left < len) {
        system_draw(rng->pool, sizeof rng->pool);
        rng->pool_left = sizeof rng->pool;
    }
    rng->pool_left -= len;
    memcpy(buf, rng->pool + rng->pool_left, len);
    explicit_bzero(rng->pool + rng->pool_left, len); /* a byte is handed out once */
}

void rng_bytes(struct router *r, enum rng_use use, void *buf, size_t len)
{
    rng_draw(r->rng, use, buf, len);
}

uint32_t rng_u32(struct router *r, enum rng_use use)
{
    uint8_t b[4];
    rng_bytes(r, use, b, sizeof b);
    return (uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
}

uint32_t rng_below(struct router *r, enum rng_use use, uint32_t n)
{
    if (n <= 1)
        return 0;
    uint32_t reject = (uint32_t)(-n) % n; /* 2^32 mod n: the low values that would be favoured */
    uint32_t v;
    do
        v = rng_u32(r, use);
    while (v < reject);
    return v % n;
}
