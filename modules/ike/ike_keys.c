/* IKEv1 key derivation. See ike_keys.h for who calls it. */
#include "modules/ike/ike_keys.h"
#include "modules/core/cursor.h"
#include <errno.h>
#include <string.h>

#define PART(ptr, n) ((struct crypto_part){(ptr), (n)})

int ike_keys_init(struct ike_keys *k, enum crypto_hash hash, enum crypto_cipher cipher, unsigned key_bits)
{
    memset(k, 0, sizeof *k);
    k->hash = hash;
    k->cipher = cipher;
    k->hlen = (uint8_t)hash_len(hash);
    k->block = (uint8_t)cipher_block(cipher);
    switch (cipher) {
    case CIPHER_DES:
        k->key_len = 8;
        break;
    case CIPHER_3DES:
        k->key_len = 24;
        break;
    case CIPHER_AES_CBC:
        k->key_len = (uint16_t)(key_bits / 8);
        break;
    default:
        return -EINVAL;
    }
    if (cipher == CIPHER_AES_CBC && key_bits != 128 && key_bits != 192 && key_bits != 256)
        return -EINVAL;
    return k->hlen ? 0 : -EINVAL;
}

/* RFC 2409 appendix B: SKEYID_e as it is, or K1 = prf(SKEYID_e, 0), K2 = prf(SKEYID_e, K1), ... */
static int derive_ka(struct ike_keys *k)
{
    if (k->key_len <= k->hlen) {
        memcpy(k->ka, k->e, k->key_len);
        return 0;
    }
    uint8_t block[CRYPTO_HASH_MAX] = {0};
    size_t block_len = 1, have = 0;
    int rc = 0;
    while (have < k->key_len && !rc) {
        struct crypto_part p = PART(block, block_len);
        uint8_t next[CRYPTO_HASH_MAX];
        rc = crypto_hmac(k->hash, k->e, k->hlen, &p, 1, next);
        size_t take = k->key_len - have < k->hlen ? k->key_len - have : k->hlen;
        memcpy(block, next, k->hlen);
        memcpy(k->ka + have, block, take);
        crypto_wipe(next, sizeof next);
        block_len = k->hlen;
        have += take;
    }
    crypto_wipe(block, sizeof block);
    return rc;
}

int ike_keys_derive_psk(struct ike_keys *k, struct ike_blob psk, struct ike_blob ni, struct ike_blob nr,
                        struct ike_blob gxy, const uint8_t ci[8], const uint8_t cr[8])
{
    struct crypto_part nonces[] = {PART(ni.p, ni.len), PART(nr.p, nr.len)};
    int rc = crypto_hmac(k->hash, psk.p, psk.len, nonces, 2, k->skeyid);
    const uint8_t num[3] = {0, 1, 2};
    struct crypto_part d[] = {PART(gxy.p, gxy.len), PART(ci, 8), PART(cr, 8), PART(&num[0], 1)};
    if (!rc)
        rc = crypto_hmac(k->hash, k->skeyid, k->hlen, d, 4, k->d);
    struct crypto_part a[] = {PART(k->d, k->hlen), PART(gxy.p, gxy.len), PART(ci, 8), PART(cr, 8), PART(&num[1], 1)};
    if (!rc)
        rc = crypto_hmac(k->hash, k->skeyid, k->hlen, a, 5, k->a);
    struct crypto_part e[] = {PART(k->a, k->hlen), PART(gxy.p, gxy.len), PART(ci, 8), PART(cr, 8), PART(&num[2], 1)};
    if (!rc)
        rc = crypto_hmac(k->hash, k->skeyid, k->hlen, e, 5, k->e);
    return rc ? rc : derive_ka(k);
}

int ike_keys_auth_hash(const struct ike_keys *k, bool initiator, struct ike_blob gxi, struct ike_blob gxr,
                       const uint8_t ci[8], const uint8_t cr[8], struct ike_blob sai, struct ike_blob id, uint8_t *out)
{
    struct ike_blob g1 = initiator ? gxi : gxr, g2 = initiator ? gxr : gxi;
    const uint8_t *c1 = initiator ? ci : cr, *c2 = initiator ? cr : ci;
    struct crypto_part p[] = {PART(g1.p, g1.len), PART(g2.p, g2.len),   PART(c1, 8),
                              PART(c2, 8),        PART(sai.p, sai.len), PART(id.p, id.len)};
    return crypto_hmac(k->hash, k->skeyid, k->hlen, p, 6, out);
}

static int iv_from(const struct ike_keys *k, const struct crypto_part *p, unsigned n, uint8_t iv[IKE_BLOCK_MAX])
{
    uint8_t h[CRYPTO_HASH_MAX];
    int rc = crypto_hash(k->hash, p, n, h);
    memcpy(iv, h, k->block);
    return rc;
}

int ike_keys_iv_phase1(const struct ike_keys *k, struct ike_blob gxi, struct ike_blob gxr, uint8_t iv[IKE_BLOCK_MAX])
{
    struct crypto_part p[] = {PART(gxi.p, gxi.len), PART(gxr.p, gxr.len)};
    return iv_from(k, p, 2, iv);
}

int ike_keys_iv_phase2(const struct ike_keys *k, const uint8_t *last_block, uint32_t mid, uint8_t iv[IKE_BLOCK_MAX])
{
    uint8_t m[4];
    struct builder b = builder_make(m, sizeof m);
    builder_u32(&b, mid);
    struct crypto_part p[] = {PART(last_block, k->block), PART(m, 4)};
    return iv_from(k, p, 2, iv);
}

int ike_keys_hash12(const struct ike_keys *k, uint32_t mid, struct ike_blob nonce, struct ike_blob rest, uint8_t *out)
{
    uint8_t m[4];
    struct builder b = builder_make(m, sizeof m);
    builder_u32(&b, mid);
    struct crypto_part p[] = {PART(m, 4), PART(nonce.p, nonce.len), PART(rest.p, rest.len)};
    return crypto_hmac(k->hash, k->a, k->hlen, p, 3, out);
}

int ike_keys_hash3(const struct ike_keys *k, uint32_t mid, struct ike_blob ni, struct ike_blob nr, uint8_t *out)
{
    uint8_t m[5];
    struct builder b = builder_make(m, sizeof m);
    builder_u8(&b, 0);
    builder_u32(&b, mid);
    struct crypto_part p[] = {PART(m, 5), PART(ni.p, ni.len), PART(nr.p, nr.len)};
    return crypto_hmac(k->hash, k->a, k->hlen, p, 3, out);
}

int ike_keys_keymat(const struct ike_keys *k, struct ike_blob gxy, uint8_t protocol, uint32_t spi, struct ike_blob ni,
                    struct ike_blob nr, uint8_t *out, size_t len)
{
    uint8_t ps[5], prev[CRYPTO_HASH_MAX];
    struct builder b = builder_make(ps, sizeof ps);
    builder_u8(&b, protocol);
    builder_u32(&b, spi);
    size_t prev_len = 0;
    int rc = 0;
    while (len && !rc) { /* RFC 2409 5.5: K1 | K2 | ..., each prf(SKEYID_d, previous | seed) */
        struct crypto_part p[] = {PART(prev, prev_len), PART(gxy.p, gxy.len), PART(ps, 5), PART(ni.p, ni.len),
                                  PART(nr.p, nr.len)};
        uint8_t next[CRYPTO_HASH_MAX];
        rc = crypto_hmac(k->hash, k->d, k->hlen, p, 5, next);
        memcpy(prev, next, k->hlen);
        crypto_wipe(next, sizeof next);
        prev_len = k->hlen;
        size_t take = len < k->hlen ? len : k->hlen;
        memcpy(out, prev, take);
        out += take;
        len -= take;
    }
    crypto_wipe(prev, sizeof prev);
    return rc;
}

int ike_keys_natd(enum crypto_hash hash, const uint8_t ci[8], const uint8_t cr[8], uint32_t ip, uint16_t port,
                  uint8_t *out)
{
    uint8_t ap[6];
    struct builder b = builder_make(ap, sizeof ap);
    builder_u32(&b, ip);
    builder_u16(&b, port);
    struct crypto_part p[] = {PART(ci, 8), PART(cr, 8), PART(ap, 6)};
    return crypto_hash(hash, p, 3, out);
}
