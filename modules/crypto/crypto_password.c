/* Slow password hashes (PBKDF2, scrypt) and RSA keys for the SSH line. Called by modules/line. */
#include "modules/crypto/crypto_internal.h"
#include <errno.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

int crypto_pbkdf2(enum crypto_hash h, const char *password, const void *salt, size_t saltlen, unsigned rounds,
                  uint8_t *out, size_t len)
{
    const EVP_MD *md = h == HASH_SHA256 ? EVP_sha256() : h == HASH_SHA512 ? EVP_sha512() : NULL;
    if (!md || len > 512)
        return -EINVAL;
    return PKCS5_PBKDF2_HMAC(password, (int)strlen(password), salt, (int)saltlen, (int)rounds, md, (int)len, out) == 1
               ? 0
               : -EINVAL;
}

int crypto_scrypt(const char *password, const void *salt, size_t saltlen, uint64_t n, uint32_t r, uint32_t p,
                  uint8_t *out, size_t len)
{
    return EVP_PBE_scrypt(password, strlen(password), salt, saltlen, n, r, p, 64u << 20, out, len) == 1 ? 0 : -EINVAL;
}

char *crypto_rsa_new(unsigned bits)
{
    EVP_PKEY *key = EVP_RSA_gen(bits);
    BIO *bio = key ? BIO_new(BIO_s_mem()) : NULL;
    char *pem = NULL, *data;
    if (bio && PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) == 1) {
        long n = BIO_get_mem_data(bio, &data);
        pem = n > 0 ? malloc((size_t)n + 1) : NULL;
        if (pem) {
            memcpy(pem, data, (size_t)n);
            pem[n] = '\0';
            crypto_wipe(data, (size_t)n);
        }
    }
    BIO_free(bio);
    EVP_PKEY_free(key);
    return pem;
}

static EVP_PKEY *read_pem(const char *pem)
{
    BIO *bio = BIO_new_mem_buf(pem, -1);
    EVP_PKEY *key = bio ? PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL) : NULL;
    BIO_free(bio);
    return key;
}

unsigned crypto_rsa_bits(const char *pem)
{
    EVP_PKEY *key = read_pem(pem);
    unsigned bits = key && EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA ? (unsigned)EVP_PKEY_get_bits(key) : 0;
    EVP_PKEY_free(key);
    return bits;
}

uint8_t *crypto_rsa_public(const char *pem, size_t *len)
{
    EVP_PKEY *key = read_pem(pem);
    unsigned char *der = NULL;
    int n = key ? i2d_PUBKEY(key, &der) : -1;
    uint8_t *copy = n > 0 ? malloc((size_t)n) : NULL;
    if (copy) {
        memcpy(copy, der, (size_t)n);
        *len = (size_t)n;
    }
    OPENSSL_free(der);
    EVP_PKEY_free(key);
    return copy;
}
