/* Big-endian loads and stores on memory whose bounds were checked (cursor_take), and the Internet checksum's
 * partial sums. Private to the IP stack: everyone else uses cursor and builder. */
#ifndef TAPIR_NET_BYTES_H
#define TAPIR_NET_BYTES_H
#include <stddef.h>
#include <stdint.h>
#include <string.h>

static inline uint16_t be16(const uint8_t *p)
{
    return (uint16_t)(p[0] << 8 | p[1]);
}
static inline uint32_t be32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}
static inline void put16(uint8_t *p, uint16_t v)
{
    p[0] = (uint8_t)(v >> 8);
    p[1] = (uint8_t)v;
}
static inline void put32(uint8_t *p, uint32_t v)
{
    put16(p, (uint16_t)(v >> 16));
    put16(p + 2, (uint16_t)v);
}

/* One's complement sums, RFC 1071: parts but the last are of even length; native order until folded. */
uint64_t ip_sum_add(uint64_t sum, const void *data, size_t len);
uint16_t ip_sum_fold(uint64_t sum); /* complemented, host order: store with put16; 0 over correct data */
/* The pseudo header of UDP and TCP (RFC 768). */
uint64_t ip_sum_pseudo(uint32_t src, uint32_t dst, uint8_t proto, uint16_t len);
#endif
