/* The randomness seam: every random byte that reaches the wire comes from here. In sim each
 * (router name, incarnation, use) has its own stream derived from the seed, so that a change in one
 * protocol does not change the bytes of another. */
#ifndef TAPIR_CORE_RNG_H
#define TAPIR_CORE_RNG_H
#include <stddef.h>
#include <stdint.h>
struct router;
enum rng_use {
    RNG_COOKIE,
    RNG_NONCE,
    RNG_DH,
    RNG_SPI,
    RNG_MESSAGE_ID,
    RNG_ESP_IV,
    RNG_IKE_PAD,
    RNG_SCTP,
    RNG_SYNC,
    RNG_JITTER,
    RNG_ICMP,
    RNG_FAULT,
    RNG_USES
};
void rng_bytes(struct router *r, enum rng_use use, void *buf, size_t len);
uint32_t rng_u32(struct router *r, enum rng_use use);
uint32_t rng_below(struct router *r, enum rng_use use, uint32_t n); /* 0..n-1, unbiased; n > 0 */
/* Seam implementations: the system's (getrandom), and named deterministic streams (xoshiro256**). */
struct rng;
struct rng *rng_new_system(void);
struct rng *rng_new_seeded(uint64_t seed, const char *name, uint32_t incarnation);
void rng_free(struct rng *rng);
void rng_draw(struct rng *rng, enum rng_use use, void *buf, size_t len);
#endif
