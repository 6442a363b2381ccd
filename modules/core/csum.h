/* The Internet checksum's partial sums (RFC 1071), eight bytes at a step. Called by frame.c (checksums that were left
 * to the hardware), the IP stack and whoever copies a payload and sums it on the way.
 * A sum is in native order until it is folded; parts but the last are of even length. */
#ifndef TAPIR_CORE_CSUM_H
#define TAPIR_CORE_CSUM_H
#include <stddef.h>
#include <stdint.h>

uint64_t csum_add(uint64_t sum, const void *data, size_t len);
/* The same while copying; the two do not overlap. */
uint64_t csum_copy(uint64_t sum, void *to, const void *from, size_t len);
/* Sixteen bits, native order, not complemented: memcpy it to where it belongs. 0 only if all that was summed is 0. */
static inline uint16_t csum_fold16(uint64_t sum)
{
    sum = (sum >> 32) + (sum & 0xffffffff);
    sum = (sum >> 32) + (sum & 0xffffffff);
    sum = (sum >> 16) + (sum & 0xffff);
    sum = (sum >> 16) + (sum & 0xffff);
    return (uint16_t)sum;
}
/* One's complement addition of two sums. */
static inline uint64_t csum_join(uint64_t a, uint64_t b)
{
    uint64_t s = a + b;
    return s + (s < a);
}
#endif
