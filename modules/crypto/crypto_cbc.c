/* CBC for IKE messages, and the mapping of our cipher names to OpenSSL's. Called by ike and by crypto_esp.c. */
#include "modules/crypto/crypto_internal.h"
#include <errno.h>
#include <string.h>

size_t cipher_block(enum crypto_cipher c)
{
    switch (c) {
    case CIPHER_DES:
    case CIPHER_3DES:
        return 8;
    case CIPHER_AES_CBC:
        return 16;
    case CIPHER_AES_GCM:
    case CIPHER_NONE:
    case CIPHER_NULL:
        break;
    }
    return 1;
}

bool cipher_sized(enum crypto_cipher c)
{
    return c == CIPHER_AES_CBC || c == CIPHER_AES_GCM;
}

const EVP_CIPHER *crypto_evp_cbc(enum crypto_cipher c, size_t keylen)
{
    switch (c) {
    case CIPHER_DES:
        return keylen == 8 ? EVP_des_ede3_cbc() : NULL;
    case CIPHER_3DES:
        return keylen == 24 ? EVP_des_ede3_cbc() : NULL;
    case CIPHER_AES_CBC:
        return keylen == 16   ? EVP_aes_128_cbc()
               : keylen == 24 ? EVP_aes_192_cbc()
               : keylen == 32 ? EVP_aes_256_cbc()
                              : NULL;
    case CIPHER_AES_GCM:
    case CIPHER_NONE:
    case CIPHER_NULL:
        break;
    }
    return NULL;
}

const EVP_CIPHER *crypto_evp_ecb(enum crypto_cipher c, size_t keylen)
{
    if (c != CIPHER_AES_CBC)
        return NULL;
    return keylen == 16   ? EVP_aes_128_ecb()
           : keylen == 24 ? EVP_aes_192_ecb()
           : keylen == 32 ? EVP_aes_256_ecb()
                          : NULL;
}

void crypto_evp_key(enum crypto_cipher c, const uint8_t *key, size_t keylen, uint8_t out[CRYPTO_KEY_MAX])
{
    memset(out, 0, CRYPTO_KEY_MAX);
    if (c == CIPHER_DES) {
        for (unsigned i = 0; i < 3; i++)
            memcpy(out + 8 * i, key, 8);
    } else if (keylen <= CRYPTO_KEY_MAX) {
        memcpy(out, key, keylen);
    }
}

int crypto_cbc(enum crypto_cipher c, const uint8_t *key, size_t keylen, uint8_t *iv, bool encrypt, const uint8_t *in,
               uint8_t *out, size_t len)
{
    const EVP_CIPHER *cipher = crypto_evp_cbc(c, keylen);
    size_t block = cipher_block(c);
    if (cipher == NULL || len % block != 0 || len > 1u << 20)
        return -EINVAL;
    if (len == 0)
        return 0;
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    if (ctx == NULL)
        return -ENOMEM;
    uint8_t k[CRYPTO_KEY_MAX], last[16];
    crypto_evp_key(c, key, keylen, k);
    memcpy(last, in + len - block, block); /* the next IV when decrypting, saved before in place overwrites it */
    int n = 0, rc = -EINVAL;
    if (EVP_CipherInit_ex(ctx, cipher, NULL, k, iv, encrypt) == 1 && EVP_CIPHER_CTX_set_padding(ctx, 0) == 1 &&
        EVP_CipherUpdate(ctx, out, &n, in, (int)len) == 1 && n == (int)len) {
        memcpy(iv, encrypt ? out + len - block : last, block);
        rc = 0;
    }
    crypto_wipe(k, sizeof k);
    EVP_CIPHER_CTX_free(ctx);
    return rc;
}
