/* Addresses, prefixes and MAC addresses outside wire codecs: comparing, formatting, strict parsing.
 * Called by every module; knows no protocol. */
#include "modules/core/addr.h"
#include <stdio.h>
#include <string.h>

struct addr addr_v4(uint32_t v)
{
    struct addr a = {.family = ADDR_V4};
    a.b[0] = (uint8_t)(v >> 24);
    a.b[1] = (uint8_t)(v >> 16);
    a.b[2] = (uint8_t)(v >> 8);
    a.b[3] = (uint8_t)v;
    return a;
}

uint32_t addr_v4_get(const struct addr *a)
{
    if (a->family != ADDR_V4)
        return 0;
    return (uint32_t)a->b[0] << 24 | (uint32_t)a->b[1] << 16 | (uint32_t)a->b[2] << 8 | a->b[3];
}

static size_t addr_bytes(const struct addr *a)
{
    return a->family == ADDR_V4 ? 4 : a->family == ADDR_V6 ? 16 : 0;
}

int addr_compare(const struct addr *a, const struct addr *b)
{
    if (a->family != b->family)
        return a->family < b->family ? -1 : 1;
    return memcmp(a->b, b->b, addr_bytes(a));
}

bool addr_equal(const struct addr *a, const struct addr *b)
{
    return addr_compare(a, b) == 0;
}

bool addr_is_none(const struct addr *a)
{
    static const uint8_t zero[16];
    return memcmp(a->b, zero, addr_bytes(a)) == 0;
}

bool addr_is_multicast(const struct addr *a)
{
    return (a->family == ADDR_V4 && (a->b[0] & 0xf0) == 0xe0) || (a->family == ADDR_V6 && a->b[0] == 0xff);
}

const char *addr_format(const struct addr *a, char buf[ADDR_STRLEN])
{
    if (a->family == ADDR_V6) {
        size_t n = 0;
        for (int i = 0; i < 16; i += 2)
            n += (size_t)snprintf(buf + n, ADDR_STRLEN - n, i ? ":%X" : "%X", (unsigned)(a->b[i] << 8 | a->b[i + 1]));
    } else if (a->family == ADDR_V4) {
        snprintf(buf, ADDR_STRLEN, "%u.%u.%u.%u", a->b[0], a->b[1], a->b[2], a->b[3]);
    } else {
        snprintf(buf, ADDR_STRLEN, "0.0.0.0");
    }
    return buf;
}

bool addr_parse(const char *text, struct addr *a)
{
    uint32_t v = 0;
    const char *p = text;
    for (int i = 0; i < 4; i++) {
        unsigned octet = 0, digits = 0;
        while (*p >= '0' && *p <= '9' && digits < 3) {
            octet = octet * 10 + (unsigned)(*p++ - '0');
            digits++;
        }
        if (!digits || octet > 255)
            return false;
        if (i < 3 && *p++ != '.')
            return false;
        v = v << 8 | octet;
    }
    if (*p)
        return false;
    *a = addr_v4(v);
    return true;
}

struct prefix prefix_make(const struct addr *a, unsigned len)
{
    unsigned bits = (unsigned)addr_bytes(a) * 8;
    struct prefix p = {.addr = *a, .len = (uint8_t)(len > bits ? bits : len)};
    for (unsigned i = 0; i < bits / 8; i++) {
        unsigned keep = p.len > i * 8 ? p.len - i * 8 : 0;
        if (keep < 8)
            p.addr.b[i] &= (uint8_t)(0xff00u >> keep);
    }
    return p;
}

bool prefix_contains(const struct prefix *p, const struct addr *a)
{
    if (p->addr.family != a->family)
        return false;
    struct prefix q = prefix_make(a, p->len);
    return addr_equal(&q.addr, &p->addr);
}

bool prefix_equal(const struct prefix *a, const struct prefix *b)
{
    return a->len == b->len && addr_equal(&a->addr, &b->addr);
}

uint32_t mask_from_len(unsigned len)
{
    return len == 0 ? 0 : len >= 32 ? UINT32_MAX : ~(UINT32_MAX >> len);
}

int mask_to_len(uint32_t mask)
{
    for (unsigned len = 0; len <= 32; len++)
        if (mask_from_len(len) == mask)
            return (int)len;
    return -1;
}

const char *mac_format(const struct mac *m, char buf[MAC_STRLEN])
{
    snprintf(buf, MAC_STRLEN, "%02x%02x.%02x%02x.%02x%02x", m->b[0], m->b[1], m->b[2], m->b[3], m->b[4], m->b[5]);
    return buf;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

/* H.H.H: each part one to four hex digits, as IOS takes it. */
bool mac_parse(const char *text, struct mac *m)
{
    struct mac out;
    const char *p = text;
    for (int part = 0; part < 3; part++) {
        unsigned v = 0, digits = 0;
        for (int d; digits < 4 && (d = hex_digit(*p)) >= 0; digits++, p++)
            v = v << 4 | (unsigned)d;
        if (!digits || (part < 2 && *p++ != '.'))
            return false;
        out.b[part * 2] = (uint8_t)(v >> 8);
        out.b[part * 2 + 1] = (uint8_t)v;
    }
    if (*p)
        return false;
    *m = out;
    return true;
}

bool mac_equal(const struct mac *a, const struct mac *b)
{
    return memcmp(a->b, b->b, sizeof a->b) == 0;
}
