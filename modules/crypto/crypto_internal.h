/* What the files of modules/crypto share: the mapping from our names to OpenSSL's. Not for other modules. */
#ifndef TAPIR_CRYPTO_INTERNAL_H
#define TAPIR_CRYPTO_INTERNAL_H
#include "modules/crypto/crypto.h"
#include <openssl/evp.h>

const EVP_MD *crypto_md(enum crypto_hash h); /* NULL: none */
size_t crypto_md_block(enum crypto_hash h);  /* bytes of one compression block */
/* Single DES is run as EDE3 with three equal keys: the same function, without the legacy provider. */
const EVP_CIPHER *crypto_evp_cbc(enum crypto_cipher c, size_t keylen);
const EVP_CIPHER *crypto_evp_ecb(enum crypto_cipher c, size_t keylen);
void crypto_evp_key(enum crypto_cipher c, const uint8_t *key, size_t keylen, uint8_t out[CRYPTO_KEY_MAX]);
#endif
