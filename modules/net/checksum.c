/* The Internet checksum (RFC 1071). Called by every codec of the stack. */
#include "modules/core/csum.h"
#include "modules/net/bytes.h"
#include "modules/net/ip.h"

uint64_t ip_sum_add(uint64_t sum, const void *data, size_t len)
{
    return csum_add(sum, data, len);
}

uint16_t ip_sum_fold(uint64_t sum)
{
    uint16_t native = (uint16_t)~csum_fold16(sum);
    uint8_t b[2];
    memcpy(b, &native, 2);
    return be16(b);
}

uint64_t ip_sum_pseudo(uint32_t src, uint32_t dst, uint8_t proto, uint16_t len)
{
    uint8_t ph[12];
    put32(ph, src);
    put32(ph + 4, dst);
    put16(ph + 8, proto);
    put16(ph + 10, len);
    return ip_sum_add(0, ph, sizeof ph);
}

uint16_t ip_checksum(const void *data, size_t len)
{
    return ip_sum_fold(ip_sum_add(0, data, len));
}
