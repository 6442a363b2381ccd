/* The only place that includes OpenSSL. Control side: digests, PRF, Diffie-Hellman, CBC for IKE. Data
 * side: ESP seal/open on batches with keys prepared once per SA. Keys are wiped on free. */
#ifndef TAPIR_CRYPTO_CRYPTO_H
#define TAPIR_CRYPTO_CRYPTO_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum crypto_hash { HASH_NONE, HASH_MD5, HASH_SHA1, HASH_SHA256, HASH_SHA384, HASH_SHA512 };
enum crypto_cipher { CIPHER_NONE, CIPHER_NULL, CIPHER_DES, CIPHER_3DES, CIPHER_AES_CBC };
#define CRYPTO_HASH_MAX 64
#define CRYPTO_KEY_MAX 64
#define CRYPTO_DH_MAX 512 /* bytes: group 16 */

size_t hash_len(enum crypto_hash h);
size_t cipher_block(enum crypto_cipher c);
void crypto_wipe(void *p, size_t n);
bool crypto_equal(const void *a, const void *b, size_t n); /* constant time */

/* Parts are hashed as one string. 0 or -EINVAL/-ENOMEM. out holds hash_len bytes. */
struct crypto_part {
    const void *data;
    size_t len;
};
int crypto_hash(enum crypto_hash h, const struct crypto_part *parts, unsigned n, uint8_t *out);
int crypto_hmac(enum crypto_hash h, const void *key, size_t keylen, const struct crypto_part *parts, unsigned n,
                uint8_t *out);
/* CBC without padding; len a multiple of the block; iv is updated to the last cipher block. In place allowed. */
int crypto_cbc(enum crypto_cipher c, const uint8_t *key, size_t keylen, uint8_t *iv, bool encrypt, const uint8_t *in,
               uint8_t *out, size_t len);

/* MODP groups 1, 2, 5, 14, 15, 16. The secret exponent's bytes come from the caller (randomness seam). */
struct dh;
size_t dh_len(unsigned group);                                        /* modulus bytes; 0: unknown group */
size_t dh_secret_len(unsigned group);                                 /* bytes of randomness wanted */
struct dh *dh_new(unsigned group, const uint8_t *random, size_t len); /* NULL: error */
int dh_public(const struct dh *dh, uint8_t *out);                     /* dh_len bytes */
/* 2 <= y <= p-2 is checked. 0, or -EINVAL. out: dh_len bytes, left padded. */
int dh_shared(const struct dh *dh, const uint8_t *peer, size_t peerlen, uint8_t *out);
void dh_free(struct dh *dh);

/* ---- ESP data path (RFC 4303) ---- */
struct esp_suite {
    enum crypto_cipher cipher;
    uint8_t key_len;       /* bytes */
    enum crypto_hash auth; /* HASH_NONE: none */
    uint8_t auth_key_len;  /* bytes */
    uint8_t icv_len;       /* 12 for MD5/SHA-1, 16 SHA-256, 24, 32 */
    uint8_t iv_len, block;
};
int esp_suite_make(struct esp_suite *s, enum crypto_cipher c, unsigned key_bits, enum crypto_hash auth); /* -EINVAL */
struct esp_key; /* cipher contexts keyed once, HMAC midstates */
struct esp_key *esp_key_new(const struct esp_suite *s, const uint8_t *key, const uint8_t *auth_key, bool seal);
void esp_key_free(struct esp_key *k);
struct esp_job {
    uint8_t *data; /* seal: at the ESP header, len = ESP header + IV + plaintext incl. trailer. open: at the ESP header,
                      len = through the ICV */
    uint32_t len;
    bool ok; /* out: open: ICV was right and lengths fit */
};
/* seal: header, IV and padding are already in place; encrypts in place and appends icv_len bytes at data+len.
 * open: verifies the ICV in constant time first, then decrypts in place. All jobs of one key. */
void esp_seal(struct esp_key *k, struct esp_job *jobs, unsigned n);
void esp_open(struct esp_key *k, struct esp_job *jobs, unsigned n);
const char *crypto_engine_name(void); /* "OpenSSL 3.0.x", for show crypto engine brief */
#endif
