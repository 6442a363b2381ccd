/* Digests and HMAC for the control side (IKE's PRF, HASH payloads, key derivation), constant-time compare
 * and wiping. Called by ike, ipsec and redundancy; the data path has its own HMAC in crypto_esp.c. */
#include "modules/crypto/crypto_internal.h"
#include <errno.h>
#include <openssl/crypto.h>
#include <string.h>

const EVP_MD *crypto_md(enum crypto_hash h)
{
    switch (h) {
    case HASH_MD5:
        return EVP_md5();
    case HASH_SHA1:
        return EVP_sha1();
    case HASH_SHA256:
        return EVP_sha256();
    case HASH_SHA384:
        return EVP_sha384();
    case HASH_SHA512:
        return EVP_sha512();
    case HASH_NONE:
        break;
    }
    return NULL;
}

size_t crypto_md_block(enum crypto_hash h)
{
    return h == HASH_SHA384 || h == HASH_SHA512 ? 128 : 64;
}

size_t hash_len(enum crypto_hash h)
{
    switch (h) {
    case HASH_MD5:
        return 16;
    case HASH_SHA1:
        return 20;
    case HASH_SHA256:
        return 32;
    case HASH_SHA384:
        return 48;
    case HASH_SHA512:
        return 64;
    case HASH_NONE:
        break;
    }
    return 0;
}

void crypto_wipe(void *p, size_t n)
{
    if (p != NULL)
        OPENSSL_cleanse(p, n);
}

bool crypto_equal(const void *a, const void *b, size_t n)
{
    return CRYPTO_memcmp(a, b, n) == 0;
}

/* One digest over an optional prefix block and the parts. */
static int digest(EVP_MD_CTX *ctx, const EVP_MD *md, const uint8_t *pre, size_t prelen, const struct crypto_part *parts,
                  unsigned n, uint8_t *out)
{
    if (EVP_DigestInit_ex(ctx, md, NULL) != 1)
        return -ENOMEM;
    if (prelen != 0 && EVP_DigestUpdate(ctx, pre, prelen) != 1)
        return -ENOMEM;
    for (unsigned i = 0; i < n; i++)
        if (parts[i].len != 0 && EVP_DigestUpdate(ctx, parts[i].data, parts[i].len) != 1)
            return -ENOMEM;
    return EVP_DigestFinal_ex(ctx, out, NULL) == 1 ? 0 : -ENOMEM;
}

int crypto_hash(enum crypto_hash h, const struct crypto_part *parts, unsigned n, uint8_t *out)
{
    const EVP_MD *md = crypto_md(h);
    if (md == NULL)
        return -EINVAL;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    if (ctx == NULL)
        return -ENOMEM;
    int rc = digest(ctx, md, NULL, 0, parts, n, out);
    EVP_MD_CTX_free(ctx);
    return rc;
}

/* RFC 2104. Written out, because a PRF over several parts would otherwise need them copied together. */
int crypto_hmac(enum crypto_hash h, const void *key, size_t keylen, const struct crypto_part *parts, unsigned n,
                uint8_t *out)
{
    const EVP_MD *md = crypto_md(h);
    if (md == NULL)
        return -EINVAL;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    if (ctx == NULL)
        return -ENOMEM;
    size_t block = crypto_md_block(h);
    uint8_t k[128] = {0}, pad[128], inner[CRYPTO_HASH_MAX];
    int rc = 0;
    if (keylen > block) {
        struct crypto_part kp = {key, keylen};
        rc = digest(ctx, md, NULL, 0, &kp, 1, k);
    } else if (keylen != 0) {
        memcpy(k, key, keylen);
    }
    for (size_t i = 0; i < block; i++)
        pad[i] = k[i] ^ 0x36;
    if (rc == 0)
        rc = digest(ctx, md, pad, block, parts, n, inner);
    for (size_t i = 0; i < block; i++)
        pad[i] = k[i] ^ 0x5c;
    struct crypto_part ip = {inner, hash_len(h)};
    if (rc == 0)
        rc = digest(ctx, md, pad, block, &ip, 1, out);
    crypto_wipe(k, sizeof k);
    crypto_wipe(pad, sizeof pad);
    crypto_wipe(inner, sizeof inner);
    EVP_MD_CTX_free(ctx);
    return rc;
}
