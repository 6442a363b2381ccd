/* Diffie-Hellman over the MODP groups of RFC 2409 and RFC 3526 with a secret exponent of the caller's
 * making (randomness seam: the same seed gives the same public value). Called by ike. */
#include "modules/crypto/crypto_internal.h"
#include <errno.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/param_build.h>
#include <stdlib.h>
#include <string.h>

struct dh {
    unsigned group;
    BIGNUM *p;
    EVP_PKEY *key; /* p, g, our secret and public value */
    uint8_t pub[CRYPTO_DH_MAX];
};

static BIGNUM *dh_prime(unsigned group)
{
    switch (group) {
    case 1:
        return BN_get_rfc2409_prime_768(NULL);
    case 2:
        return BN_get_rfc2409_prime_1024(NULL);
    case 5:
        return BN_get_rfc3526_prime_1536(NULL);
    case 14:
        return BN_get_rfc3526_prime_2048(NULL);
    case 15:
        return BN_get_rfc3526_prime_3072(NULL);
    case 16:
        return BN_get_rfc3526_prime_4096(NULL);
    }
    return NULL;
}

size_t dh_len(unsigned group)
{
    switch (group) {
    case 1:
        return 96;
    case 2:
        return 128;
    case 5:
        return 192;
    case 14:
        return 256;
    case 15:
        return 384;
    case 16:
        return 512;
    }
    return 0;
}

/* At least twice the strength of the group (RFC 3526 8's first estimate: 90, 110, 130, 150 bits), rounded up: in a
 * safe-prime group a longer exponent only costs time. OpenSSL's own lengths for the named groups are 200, 225, 275,
 * 325. */
size_t dh_secret_len(unsigned group)
{
    switch (group) {
    case 1:
    case 2:
        return 24;
    case 5:
        return 28;
    case 14:
        return 32;
    case 15:
        return 36;
    case 16:
        return 42;
    }
    return 0;
}

/* p, g and optionally the secret as an EVP_PKEY. */
static EVP_PKEY *dh_pkey(const BIGNUM *p, const BIGNUM *pub, const BIGNUM *priv)
{
    EVP_PKEY *key = NULL;
    OSSL_PARAM *params = NULL;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "DH", NULL);
    OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
    BIGNUM *g = BN_new();
    if (ctx != NULL && bld != NULL && g != NULL && BN_set_word(g, 2) &&
        OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_FFC_P, p) &&
        OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_FFC_G, g) &&
        OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_PUB_KEY, pub) &&
        (priv == NULL || OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_PRIV_KEY, priv)) &&
        (params = OSSL_PARAM_BLD_to_param(bld)) != NULL && EVP_PKEY_fromdata_init(ctx) == 1)
        if (EVP_PKEY_fromdata(ctx, &key, priv != NULL ? EVP_PKEY_KEYPAIR : EVP_PKEY_PUBLIC_KEY, params) != 1)
            key = NULL;
    OSSL_PARAM_free(params); /* wipes: the secret was pushed from secure or cleared memory */
    OSSL_PARAM_BLD_free(bld);
    EVP_PKEY_CTX_free(ctx);
    BN_free(g);
    return key;
}

struct dh *dh_new(unsigned group, const uint8_t *random, size_t len)
{
    if (dh_len(group) == 0 || len < dh_secret_len(group))
        return NULL;
    struct dh *dh = calloc(1, sizeof *dh);
    BN_CTX *bn = BN_CTX_new();
    BIGNUM *x = BN_secure_new(), *g = BN_new(), *y = BN_new();
    bool ok = false;
    if (dh != NULL && bn != NULL && x != NULL && g != NULL && y != NULL && (dh->p = dh_prime(group)) != NULL) {
        dh->group = group;
        BN_bin2bn(random, (int)dh_secret_len(group), x);
        BN_set_flags(x, BN_FLG_CONSTTIME);
        ok = !BN_is_zero(x) && !BN_is_one(x) && BN_set_word(g, 2) &&
             BN_mod_exp_mont_consttime(y, g, x, dh->p, bn, NULL) && BN_bn2binpad(y, dh->pub, (int)dh_len(group)) > 0 &&
             (dh->key = dh_pkey(dh->p, y, x)) != NULL;
    }
    BN_clear_free(x);
    BN_free(g);
    BN_free(y);
    BN_CTX_free(bn);
    if (!ok) {
        dh_free(dh);
        return NULL;
    }
    return dh;
}

int dh_public(const struct dh *dh, uint8_t *out)
{
    memcpy(out, dh->pub, dh_len(dh->group));
    return 0;
}

/* 2 <= y <= p-2: the values outside give a secret anyone can guess (RFC 2412 2.9.1). */
static bool dh_peer_valid(const struct dh *dh, const BIGNUM *y)
{
    BIGNUM *top = BN_dup(dh->p);
    bool ok = top != NULL && BN_sub_word(top, 2) && !BN_is_zero(y) && !BN_is_one(y) && BN_cmp(y, top) <= 0;
    BN_free(top);
    return ok;
}

int dh_shared(const struct dh *dh, const uint8_t *peer, size_t peerlen, uint8_t *out)
{
    size_t want = dh_len(dh->group), got = want;
    if (peerlen == 0 || peerlen > want)
        return -EINVAL;
    BIGNUM *y = BN_bin2bn(peer, (int)peerlen, NULL);
    if (y == NULL)
        return -ENOMEM;
    if (!dh_peer_valid(dh, y)) {
        BN_free(y);
        return -EINVAL;
    }
    EVP_PKEY *theirs = dh_pkey(dh->p, y, NULL);
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(dh->key, NULL);
    int rc = -EINVAL;
    /* Left padded (RFC 2409 5: the secret has the length of the prime). */
    unsigned pad = 1;
    OSSL_PARAM params[] = {OSSL_PARAM_construct_uint(OSSL_EXCHANGE_PARAM_PAD, &pad), OSSL_PARAM_construct_end()};
    if (theirs != NULL && ctx != NULL && EVP_PKEY_derive_init(ctx) == 1 && EVP_PKEY_CTX_set_params(ctx, params) == 1 &&
        EVP_PKEY_derive_set_peer_ex(ctx, theirs, 0) == 1 && EVP_PKEY_derive(ctx, out, &got) == 1 && got == want)
        rc = 0;
    EVP_PKEY_CTX_free(ctx);
    EVP_PKEY_free(theirs);
    BN_free(y);
    return rc;
}

void dh_free(struct dh *dh)
{
    if (dh == NULL)
        return;
    EVP_PKEY_free(dh->key);
    BN_free(dh->p);
    crypto_wipe(dh, sizeof *dh);
    free(dh);
}
