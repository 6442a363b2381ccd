/* HSRP version 2 and MD5 without a router: known digests, the TLV codec and everything wrong with a packet. */
#include "modules/hsrp/hsrp_internal.h"
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static size_t unhex(const char *hex, uint8_t *out)
{
    size_t n = 0;
    for (; hex[0] && hex[1]; hex += 2) {
        unsigned v;
        cr_assert_eq(sscanf(hex, "%2x", &v), 1);
        out[n++] = (uint8_t)v;
    }
    return n;
}

/* Reference 1.2: payload without the digest, key, digest. */
static const struct {
    const char *payload, *key, *digest;
} known[] = {
    {"000004030a64010000000000000000000a000064041c010000000a00001400000000", "password12345",
     "52e1db09d18d695b8fefb3730ff8d9d6"},
    {"000004030a5a01000000000000000000ac102801041c01000000ac10281400000000", "openwall",
     "f15dfa631a0679e0801f8e6b0c0c17ac"},
    {"000010030a64010000000000000000000a000064041c010000000a00001400000000", "openwall12345",
     "f02fc41b1b516e2d1261d8800d39ccea"},
};

Test(hsrp_md5, public_vectors)
{
    for (unsigned i = 0; i < sizeof known / sizeof *known; i++) {
        uint8_t d[64], want[16], got[HSRP_DIGEST_LEN], v;
        size_t n = unhex(known[i].payload, d);
        cr_assert_eq(unhex(known[i].digest, want), sizeof want);
        memset(d + n, 0xee, HSRP_DIGEST_LEN); /* what stands there counts as zeros */
        n += HSRP_DIGEST_LEN;
        hsrp_auth_digest(known[i].key, strlen(known[i].key), d, n, n - HSRP_DIGEST_LEN, got);
        cr_assert_arr_eq(got, want, sizeof want, "vector %u", i);
        struct hsrp_packet p;
        cr_assert_eq(hsrp_wire_decode(d, n, &p, &v), HSRP_OK);
        cr_assert(p.has_md5);
        cr_assert_eq(p.md5.algorithm, 1);
        cr_assert_eq(hsrp_wire_digest_at(&p, d, n), n - HSRP_DIGEST_LEN);
        uint8_t again[64];
        cr_assert_eq(hsrp_wire_encode(&p, again, sizeof again), n);
        cr_assert_arr_eq(again, d, n);
    }
}

Test(hsrp_md5, keys_of_every_length_differ)
{
    char key[64];
    uint8_t last[HSRP_DIGEST_LEN] = {0}, now[HSRP_DIGEST_LEN], d[80] = {1};
    memset(key, 'k', sizeof key);
    for (size_t len = 1; len <= sizeof key; len++) { /* 55 to 56: the padded key becomes two blocks */
        hsrp_auth_digest(key, len, d, sizeof d, 64, now);
        cr_assert(memcmp(now, last, sizeof now) != 0, "%zu", len);
        memcpy(last, now, sizeof last);
    }
}

static struct hsrp_packet sample(void)
{
    return (struct hsrp_packet){.version = 2,
                                .opcode = HSRP_COUP,
                                .state = HSRP_WIRE_STANDBY,
                                .hello_ms = 250,
                                .hold_ms = 800,
                                .priority = 200,
                                .group = 4095,
                                .identifier = {{2, 3, 4, 5, 6, 7}},
                                .vip = addr_v4(0x0a0101fe)};
}

Test(hsrp_wire2, layout_of_the_reference)
{
    struct hsrp_packet p = sample(), q;
    uint8_t b[HSRP_WIRE_MAX], v;
    p.has_text = true;
    memcpy(p.auth, "cisco", 5);
    size_t n = hsrp_wire_encode(&p, b, sizeof b);
    uint8_t want[52];
    cr_assert_eq(unhex("012802010504"
                       "0fff020304050607000000c8000000fa00000320"
                       "0a0101fe000000000000000000000000"
                       "0308636973636f000000",
                       want),
                 52);
    cr_assert_eq(n, 52);
    cr_assert_arr_eq(b, want, 52);
    cr_assert_eq(hsrp_wire_decode2(b, n, &q, &v), HSRP_OK);
    cr_assert_eq(v, 2);
    cr_assert(q.opcode == HSRP_COUP && q.state == HSRP_WIRE_STANDBY && q.hello_ms == 250 && q.hold_ms == 800);
    cr_assert(q.priority == 200 && q.group == 4095 && q.has_text && !q.has_md5 && addr_equal(&q.vip, &p.vip));
    cr_assert(mac_equal(&q.identifier, &p.identifier));
}

Test(hsrp_wire2, every_state_and_the_interface_tlv)
{
    static const uint8_t wire[] = {HSRP_WIRE_INITIAL, HSRP_WIRE_LEARN,   HSRP_WIRE_LISTEN,
                                   HSRP_WIRE_SPEAK,   HSRP_WIRE_STANDBY, HSRP_WIRE_ACTIVE};
    uint8_t b[HSRP_WIRE_MAX], v;
    struct hsrp_packet p = sample(), q;
    for (unsigned i = 0; i < sizeof wire; i++) {
        p.state = wire[i];
        size_t n = hsrp_wire_encode(&p, b, sizeof b);
        cr_assert_eq(b[4], i + 1);
        cr_assert_eq(hsrp_wire_decode2(b, n, &q, &v), HSRP_OK);
        cr_assert_eq(q.state, wire[i]);
    }
    for (unsigned i = 0; i < 3; i++) {
        struct hsrp_packet adv = {
            .version = 2, .opcode = HSRP_ADVERTISE, .adv_active = i == 2 ? 3 : 0, .adv_passive = i > 0 ? 300 : 0};
        size_t n = hsrp_wire_encode(&adv, b, sizeof b);
        cr_assert_eq(n, 6);
        cr_assert_eq(hsrp_wire_decode2(b, n, &q, &v), HSRP_OK);
        cr_assert(q.opcode == HSRP_ADVERTISE && q.adv_state == HSRP_ADV_DORMANT + i &&
                  q.adv_passive == adv.adv_passive);
    }
}

/* Changes one octet of a good packet with an MD5 TLV and says what comes of it. */
static enum hsrp_decode_result with(size_t at, uint8_t value)
{
    struct hsrp_packet p = sample(), q;
    uint8_t b[HSRP_WIRE_MAX], v;
    p.has_md5 = true;
    size_t n = hsrp_wire_encode(&p, b, sizeof b);
    cr_assert_eq(n, 42 + 30);
    b[at] = value;
    return hsrp_wire_decode2(b, n, &q, &v);
}

Test(hsrp_wire2, wrong_packets_are_named)
{
    cr_assert_eq(with(1, 40), HSRP_OK);
    cr_assert_eq(with(0, 0), HSRP_BAD_VERSION);
    cr_assert_eq(with(0, 9), HSRP_BAD_VERSION);
    cr_assert_eq(with(1, 39), HSRP_BAD_TLV);
    cr_assert_eq(with(1, 255), HSRP_TRUNCATED);
    cr_assert_eq(with(2, 1), HSRP_BAD_VERSION);
    cr_assert_eq(with(3, 3), HSRP_BAD_OPCODE);
    cr_assert_eq(with(4, 7), HSRP_BAD_STATE);
    cr_assert_eq(with(4, 255), HSRP_BAD_STATE);
    cr_assert_eq(with(5, 6), HSRP_BAD_FAMILY);
    cr_assert_eq(with(6, 0x10), HSRP_BAD_GROUP);
    cr_assert_eq(with(16, 1), HSRP_BAD_PRIORITY);
    cr_assert_eq(with(18, 1), HSRP_BAD_TIMERS);
    cr_assert_eq(with(22, 1), HSRP_BAD_TIMERS);
    cr_assert_eq(with(42, 1), HSRP_BAD_TLV, "a second group TLV, of the wrong length");
    cr_assert_eq(with(42, 3), HSRP_BAD_TLV, "a text TLV of 28");
    cr_assert_eq(with(42, 77), HSRP_OK, "an unknown TLV is passed over");
    cr_assert_eq(with(43, 29), HSRP_BAD_TLV);
    cr_assert_eq(with(43, 27), HSRP_BAD_TLV);
    struct hsrp_packet p = sample(), q;
    uint8_t b[HSRP_WIRE_MAX], v;
    p.has_md5 = true;
    size_t n = hsrp_wire_encode(&p, b, sizeof b);
    for (size_t len = 0; len < n; len++) {
        enum hsrp_decode_result r = hsrp_wire_decode2(b, len, &q, &v);
        cr_assert_eq(r,
                     len < 42    ? HSRP_TRUNCATED
                     : len == 42 ? HSRP_OK
                                 : HSRP_BAD_TLV,
                     "%zu octets: %s", len, hsrp_wire_error(r));
    }
    cr_assert_eq(hsrp_wire_encode(&p, b, n - 1), 0);
    for (unsigned r = 1; r < HSRP_DECODE_RESULTS; r++)
        cr_assert_not_null(hsrp_wire_drop_reason((enum hsrp_decode_result)r), "%u has a counter", r);
    /* Version 1: a broken MD5 TLV is not taken for padding. */
    struct hsrp_packet one = {.version = 1, .opcode = HSRP_HELLO, .state = HSRP_WIRE_ACTIVE, .has_md5 = true};
    n = hsrp_wire_encode(&one, b, sizeof b);
    cr_assert_eq(n, 50);
    cr_assert_eq(hsrp_wire_decode(b, 49, &q, &v), HSRP_BAD_TLV);
    memcpy(b + 50, b + 20, 30);
    cr_assert_eq(hsrp_wire_decode(b, 80, &q, &v), HSRP_BAD_TLV, "two of them");
    b[50] = 9;
    cr_assert_eq(hsrp_wire_decode(b, 80, &q, &v), HSRP_OK);
    cr_assert(q.unknown && q.has_md5);
    b[21] = 27;
    cr_assert_eq(hsrp_wire_decode(b, 50, &q, &v), HSRP_BAD_TLV);
}
