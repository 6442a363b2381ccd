/* The Internet checksum (RFC 1071). Called by every codec of the stack and by taps that complete a checksum which
 * the kernel left to the hardware. */
#include "modules/net/bytes.h"
#include "modules/net/ip.h"

uint64_t ip_sum_add(uint64_t sum, const void *data, size_t len)
{
    const uint8_t *p = data;
    uint32_t w;
    uint16_t h;
    while (len >= 4) {
        memcpy(&w, p, 4);
        sum += w;
        p += 4;
        len -= 4;
    }
    if (len >= 2) {
        memcpy(&h, p, 2);
        sum += h;
        p += 2;
        len -= 2;
    }
    if (len) {
        uint8_t last[2] = {*p, 0};
        memcpy(&h, last, 2);
        sum += h;
    }
    return sum;
}

uint16_t ip_sum_fold(uint64_t sum)
{
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    uint16_t native = (uint16_t)~sum;
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
