/* IKEv1 against whole exchanges with every secret in between (tests/vectors/kat): the codec reads each packet,
 * the key derivation reproduces SKEYID*, Ka, IVs, HASH_I/R, HASH(1..3) and the ESP keys. */
#include "modules/ike/ike_keys.h"
#include "modules/ike/ike_wire.h"
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PSK "cisco123"
struct pkt {
    uint8_t d[2048];
    size_t len;
};

static char *slurp(const char *name, const char *ext, size_t *len)
{
    char path[200];
    snprintf(path, sizeof path, "tests/vectors/kat/%s.%s", name, ext);
    FILE *f = fopen(path, "rb");
    cr_assert_not_null(f, "%s", path);
    char *buf = calloc(1, 65536);
    *len = fread(buf, 1, 65535, f);
    fclose(f);
    return buf;
}

/* The hex string behind "key" in the known-answer file. */
static size_t hexval(const char *json, const char *key, uint8_t *out, size_t cap)
{
    char want[64];
    snprintf(want, sizeof want, "\"%s\": \"", key);
    const char *p = strstr(json, want);
    cr_assert_not_null(p, "%s", key);
    p += strlen(want);
    size_t n = 0;
    for (unsigned v; n < cap && sscanf(p, "%2x", &v) == 1 && *p != '"'; p += 2)
        out[n++] = (uint8_t)v;
    return n;
}

static void expect_hex(const char *json, const char *key, const uint8_t *got, size_t len)
{
    uint8_t want[1024];
    size_t n = hexval(json, key, want, sizeof want);
    cr_assert_eq(n, len, "%s: %zu, not %zu bytes", key, len, n);
    cr_assert(memcmp(want, got, len) == 0, "%s differs", key);
}

/* ISAKMP packets of the capture, marker removed. */
static unsigned ike_packets(const char *name, struct pkt *out, unsigned cap)
{
    size_t len;
    uint8_t *buf = (uint8_t *)slurp(name, "pcap", &len);
    unsigned n = 0;
    for (size_t at = 24; at + 16 <= len && n < cap;) {
        uint32_t caplen;
        memcpy(&caplen, buf + at + 8, 4);
        const uint8_t *f = buf + at + 16;
        at += 16 + caplen;
        if (caplen < 42 + 28 || f[12] != 8 || f[13] != 0 || f[23] != 17)
            continue;
        size_t ihl = (f[14] & 15u) * 4u;
        const uint8_t *u = f + 14 + ihl;
        size_t ulen = (size_t)(u[4] << 8 | u[5]) - 8;
        unsigned sport = (unsigned)(u[0] << 8 | u[1]);
        u += 8;
        if (sport == 4500) {
            if (memcmp(u, "\0\0\0\0", 4))
                continue; /* ESP */
            u += 4;
            ulen -= 4;
        }
        memcpy(out[n].d, u, ulen);
        out[n++].len = ulen;
    }
    free(buf);
    return n;
}

static void open_message(const struct ike_keys *k, struct pkt *p, uint8_t *iv, struct ike_hdr *h, struct ike_chain *c)
{
    cr_assert(ike_hdr_decode(p->d, p->len, h));
    cr_assert(h->flags & IKE_FLAG_ENCRYPT);
    size_t n = h->len - IKE_HDR_LEN;
    cr_assert_eq(n % k->block, 0);
    cr_assert_eq(crypto_cbc(k->cipher, k->ka, k->key_len, iv, false, p->d + IKE_HDR_LEN, p->d + IKE_HDR_LEN, n), 0);
    cr_assert_eq(ike_chain_walk(h->next, p->d + IKE_HDR_LEN, n, c), 0);
}

static const struct ike_payload *need(const struct ike_chain *c, uint8_t type, unsigned nth)
{
    const struct ike_payload *p = ike_chain_find(c, type, nth);
    cr_assert_not_null(p, "payload %u missing", type);
    return p;
}
#define BLOB(p) ((struct ike_blob){(p)->body, (p)->len})

static const char *const names[] = {"psk-3des-md5", "psk-des-sha1-modp768", "psk-modp1024",        "psk-modp2048",
                                    "psk-modp768",  "psk-pfs1024",          "psk-sha256-modp2048", "raw-psk-modp1024"};

static void replay(const char *name)
{
    size_t len;
    char *json = slurp(name, "json", &len);
    static struct pkt p[16];
    unsigned n = ike_packets(name, p, 16);
    cr_assert_geq(n, 9, "%s: %u packets", name, n);
    struct ike_hdr h;
    struct ike_chain c1, c2, c3, c4;
    struct ike_offer offer;

    cr_assert(ike_hdr_decode(p[0].d, p[0].len, &h));
    cr_assert_eq(ike_chain_walk(h.next, p[0].d + 28, h.len - 28, &c1), 0);
    const struct ike_payload *sai = need(&c1, IKE_P_SA, 0);
    cr_assert_eq(ike_sa_decode(sai->body, sai->len, 1, &offer), 0);
    cr_assert(ike_hdr_decode(p[1].d, p[1].len, &h));
    cr_assert_eq(ike_chain_walk(h.next, p[1].d + 28, h.len - 28, &c2), 0);
    cr_assert_eq(ike_sa_decode(need(&c2, IKE_P_SA, 0)->body, need(&c2, IKE_P_SA, 0)->len, 1, &offer), 0);
    cr_assert_eq(offer.n, 1);
    const struct ike_attrs *a = &offer.t[0].attrs;
    cr_assert_eq(a->auth_method, IKE_AUTH_PSK);
    cr_assert_gt(a->life_s, 0);
    cr_assert_not(a->unknown);
    enum crypto_hash hash = a->hash == IKE_HASH_MD5 ? HASH_MD5 : a->hash == IKE_HASH_SHA ? HASH_SHA1 : HASH_SHA256;
    enum crypto_cipher ci = a->encryption == IKE_ENC_AES    ? CIPHER_AES_CBC
                            : a->encryption == IKE_ENC_3DES ? CIPHER_3DES
                                                            : CIPHER_DES;
    struct ike_keys k;
    cr_assert_eq(ike_keys_init(&k, hash, ci, a->key_bits), 0);

    cr_assert(ike_hdr_decode(p[2].d, p[2].len, &h));
    cr_assert_eq(ike_chain_walk(h.next, p[2].d + 28, h.len - 28, &c3), 0);
    cr_assert(ike_hdr_decode(p[3].d, p[3].len, &h));
    cr_assert_eq(ike_chain_walk(h.next, p[3].d + 28, h.len - 28, &c4), 0);
    expect_hex(json, "cky_i", h.ci, 8);
    expect_hex(json, "cky_r", h.cr, 8);
    uint8_t cky_i[8], cky_r[8], dh[512];
    memcpy(cky_i, h.ci, 8);
    memcpy(cky_r, h.cr, 8);
    size_t dhlen = hexval(json, "dh", dh, sizeof dh);
    struct ike_blob gxi = BLOB(need(&c3, IKE_P_KE, 0)), gxr = BLOB(need(&c4, IKE_P_KE, 0));
    cr_assert_eq(gxi.len, dh_len(a->group));
    struct ike_blob ni = BLOB(need(&c3, IKE_P_NONCE, 0)), nr = BLOB(need(&c4, IKE_P_NONCE, 0));
    struct ike_blob psk = {(const uint8_t *)PSK, strlen(PSK)};
    cr_assert_eq(ike_keys_derive_psk(&k, psk, ni, nr, (struct ike_blob){dh, dhlen}, cky_i, cky_r), 0);
    expect_hex(json, "SKEYID", k.skeyid, k.hlen);
    expect_hex(json, "SKEYID_d", k.d, k.hlen);
    expect_hex(json, "SKEYID_a", k.a, k.hlen);
    expect_hex(json, "SKEYID_e", k.e, k.hlen);
    expect_hex(json, "Ka", k.ka, k.key_len);
    uint8_t iv[16], last[16], auth[64];
    cr_assert_eq(ike_keys_iv_phase1(&k, gxi, gxr, iv), 0);
    expect_hex(json, "iv0", iv, k.block);

    struct ike_chain c5, c6;
    open_message(&k, &p[4], iv, &h, &c5);
    cr_assert_eq(ike_keys_auth_hash(&k, true, gxi, gxr, cky_i, cky_r, BLOB(sai), BLOB(need(&c5, IKE_P_ID, 0)), auth),
                 0);
    expect_hex(json, "HASH_I", auth, k.hlen);
    cr_assert(memcmp(auth, need(&c5, IKE_P_HASH, 0)->body, k.hlen) == 0);
    open_message(&k, &p[5], iv, &h, &c6);
    cr_assert_eq(ike_keys_auth_hash(&k, false, gxi, gxr, cky_i, cky_r, BLOB(sai), BLOB(need(&c6, IKE_P_ID, 0)), auth),
                 0);
    expect_hex(json, "HASH_R", auth, k.hlen);
    cr_assert(memcmp(auth, need(&c6, IKE_P_HASH, 0)->body, k.hlen) == 0);
    memcpy(last, iv, 16); /* CBC left the last cipher block there */

    /* Quick mode: informational exchanges (INITIAL_CONTACT and such) may stand in between. */
    struct pkt *q[3];
    unsigned nq = 0;
    for (unsigned i = 6; i < n && nq < 3; i++)
        if (p[i].d[18] == IKE_X_QUICK)
            q[nq++] = &p[i];
    cr_assert_eq(nq, 3);
    struct ike_chain q1, q2, q3;
    cr_assert(ike_hdr_decode(q[0]->d, q[0]->len, &h));
    uint32_t mid = h.mid;
    cr_assert_eq(ike_keys_iv_phase2(&k, last, mid, iv), 0);
    open_message(&k, q[0], iv, &h, &q1);
    struct ike_blob rest = {q[0]->d + 28 + 4 + k.hlen, q1.used - 4 - k.hlen};
    cr_assert_eq(ike_keys_hash12(&k, mid, (struct ike_blob){0}, rest, auth), 0);
    cr_assert(memcmp(auth, need(&q1, IKE_P_HASH, 0)->body, k.hlen) == 0, "HASH(1)");
    ni = BLOB(need(&q1, IKE_P_NONCE, 0));
    open_message(&k, q[1], iv, &h, &q2);
    rest = (struct ike_blob){q[1]->d + 28 + 4 + k.hlen, q2.used - 4 - k.hlen};
    cr_assert_eq(ike_keys_hash12(&k, mid, ni, rest, auth), 0);
    cr_assert(memcmp(auth, need(&q2, IKE_P_HASH, 0)->body, k.hlen) == 0, "HASH(2)");
    nr = BLOB(need(&q2, IKE_P_NONCE, 0));
    open_message(&k, q[2], iv, &h, &q3);
    cr_assert_eq(ike_keys_hash3(&k, mid, ni, nr, auth), 0);
    cr_assert(memcmp(auth, need(&q3, IKE_P_HASH, 0)->body, k.hlen) == 0, "HASH(3)");

    /* ESP keys: the seed holds [g^xy |] protocol | SPI | nonces. */
    cr_assert_eq(ike_sa_decode(need(&q2, IKE_P_SA, 0)->body, need(&q2, IKE_P_SA, 0)->len, 2, &offer), 0);
    const struct {
        const char *seed, *enc, *integ;
    } dir[2] = {{"initiator_SA_seed", "encryption_initiator_key", "integrity_initiator_key"},
                {"responder_SA_seed", "encryption_responder_key", "integrity_responder_key"}};
    for (unsigned i = 0; i < 2; i++) {
        uint8_t seed[1024], want[64], out[128];
        size_t slen = hexval(json, dir[i].seed, seed, sizeof seed);
        size_t pfs = slen - 5 - ni.len - nr.len;
        cr_assert_eq(pfs, offer.t[0].attrs.group ? dh_len(offer.t[0].attrs.group) : 0);
        struct ike_blob gxy = {seed, pfs};
        uint32_t spi = (uint32_t)seed[pfs + 1] << 24 | (uint32_t)seed[pfs + 2] << 16 | (uint32_t)seed[pfs + 3] << 8 |
                       seed[pfs + 4];
        if (i == 0)
            cr_assert_eq(spi, offer.t[0].spi, "the responder's SPI makes the initiator's outbound key");
        size_t ke = hexval(json, dir[i].enc, want, sizeof want), ka = hexval(json, dir[i].integ, want, sizeof want);
        cr_assert_eq(ike_keys_keymat(&k, gxy, seed[pfs], spi, ni, nr, out, ke + ka), 0);
        expect_hex(json, dir[i].enc, out, ke);
        expect_hex(json, dir[i].integ, out + ke, ka);
    }
    free(json);
}

Test(ike_kat, replay_all)
{
    for (unsigned i = 0; i < sizeof names / sizeof *names; i++)
        replay(names[i]);
}

Test(ike_kat, natd_against_capture)
{
    /* raw-psk: MM3 carries NAT-D of the responder, then of the initiator, both on port 500. */
    static struct pkt p[16];
    cr_assert_geq(ike_packets("raw-psk-modp1024", p, 16), 9);
    struct ike_hdr h;
    struct ike_chain c;
    cr_assert(ike_hdr_decode(p[2].d, p[2].len, &h));
    cr_assert_eq(ike_chain_walk(h.next, p[2].d + 28, h.len - 28, &c), 0);
    uint8_t want[64];
    cr_assert_eq(ike_keys_natd(HASH_SHA1, h.ci, h.cr, 0x0a010bfe, 500, want), 0);
    cr_assert(memcmp(want, need(&c, IKE_P_NATD, 0)->body, 20) == 0);
    cr_assert_eq(ike_keys_natd(HASH_SHA1, h.ci, h.cr, 0x0a010b0b, 500, want), 0);
    cr_assert(memcmp(want, need(&c, IKE_P_NATD, 1)->body, 20) == 0);
}

Test(ike_kat, ka_expansion_and_init_limits)
{
    struct ike_keys k;
    cr_assert_lt(ike_keys_init(&k, HASH_SHA1, CIPHER_AES_CBC, 100), 0);
    cr_assert_lt(ike_keys_init(&k, HASH_SHA1, CIPHER_NULL, 0), 0);
    cr_assert_lt(ike_keys_init(&k, HASH_NONE, CIPHER_3DES, 0), 0);
    cr_assert_eq(ike_keys_init(&k, HASH_MD5, CIPHER_AES_CBC, 256), 0);
    cr_assert_eq(k.key_len, 32);
}
