/* The only place that includes OpenSSL. Control side: digests, PRF, Diffie-Hellman, CBC for IKE. Data
 * side: ESP seal/open on batches of packets of any SAs, through the engine that is fastest here. Keys are wiped on
 * free. */
#ifndef TAPIR_CRYPTO_CRYPTO_H
#define TAPIR_CRYPTO_CRYPTO_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum crypto_hash { HASH_NONE, HASH_MD5, HASH_SHA1, HASH_SHA256, HASH_SHA384, HASH_SHA512 };
enum crypto_cipher { CIPHER_NONE, CIPHER_NULL, CIPHER_DES, CIPHER_3DES, CIPHER_AES_CBC, CIPHER_AES_GCM };
#define CRYPTO_HASH_MAX 64
#define CRYPTO_KEY_MAX 64
#define CRYPTO_DH_MAX 512 /* bytes: group 16 */

size_t hash_len(enum crypto_hash h);
size_t cipher_block(enum crypto_cipher c);
bool cipher_sized(enum crypto_cipher c); /* the key comes in several lengths: AES */
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

/* Slow hashes of stored passwords. 0 or -EINVAL/-ENOMEM. */
int crypto_pbkdf2(enum crypto_hash h, const char *password, const void *salt, size_t saltlen, unsigned rounds,
                  uint8_t *out, size_t len);
int crypto_scrypt(const char *password, const void *salt, size_t saltlen, uint64_t n, uint32_t r, uint32_t p,
                  uint8_t *out, size_t len);
/* A new RSA key as PEM (PKCS #8); malloc'd, NULL: error. Takes long: from a thread, or while booting. */
char *crypto_rsa_new(unsigned bits);
/* Of a PEM key: modulus bits, 0 if it is none. */
unsigned crypto_rsa_bits(const char *pem);
/* The public half as DER (SubjectPublicKeyInfo); malloc'd, NULL: error. */
uint8_t *crypto_rsa_public(const char *pem, size_t *len);

/* ---- ESP data path (RFC 4303) ---- */
struct esp_suite {
    enum crypto_cipher cipher;
    uint8_t key_len;       /* bytes of keying material; with GCM the salt of RFC 4106 8.1 is its last 4 */
    enum crypto_hash auth; /* HASH_NONE: none, or within the cipher (GCM) */
    uint8_t auth_key_len;  /* bytes */
    uint8_t icv_len;       /* 12 for MD5/SHA-1, 16 SHA-256 and GCM, 24, 32; 0: no integrity */
    uint8_t iv_len, block;
    uint8_t iv_random; /* random bytes the caller puts behind the ESP header before it seals: iv_len, or 0 */
};
int esp_suite_make(struct esp_suite *s, enum crypto_cipher c, unsigned key_bits, enum crypto_hash auth); /* -EINVAL */

/* Prepared once per SA and direction, never changed afterwards: some 100 bytes. */
struct esp_key;
struct esp_key *esp_key_new(const struct esp_suite *s, const uint8_t *key, const uint8_t *auth_key, bool seal);
void esp_key_free(struct esp_key *k);

struct esp_job {
    struct esp_key *key;
    uint8_t *data; /* seal: at the ESP header, len = ESP header + IV + plaintext incl. trailer. open: at the ESP header,
                      len = through the ICV */
    uint32_t len;
    bool ok; /* out: open: ICV was right and lengths fit */
};

/* One per thread that seals or opens: the engines' contexts and the round keys of the SAs seen last, some 400 KB.
 * choose() and view() may come from any thread, everything else from the worker's own. */
enum esp_engine { ESP_ENGINE_AUTO, ESP_ENGINE_OPENSSL, ESP_ENGINE_IPSEC_MB };
struct esp_worker;
struct esp_worker *esp_worker_new(void); /* NULL: no memory */
void esp_worker_free(struct esp_worker *w);
/* AUTO: IPsec-MB where the CPU has it and the batch makes it faster, else OpenSSL. -ENOENT: this one is not here, and
 * the choice stays what it was. Both make the same packets, and keys serve both. */
int esp_worker_choose(struct esp_worker *w, enum esp_engine e);
void esp_worker_forget(struct esp_worker *w); /* wipes what it holds of keys, when some were freed */
struct esp_worker_view {
    enum esp_engine chosen;
    bool multi_buffer;          /* IPsec-MB is built in and this CPU can run it */
    char engine[104];           /* what packets go through now: "Intel IPsec-MB 1.3.0 (AVX512), OpenSSL 3.0.22" */
    uint64_t openssl, ipsec_mb; /* packets that went through each */
};
void esp_worker_view(const struct esp_worker *w, struct esp_worker_view *v);

/* seal: header, IV (but GCM's: it is made here of the sequence number) and padding are in place; encrypts in place and
 * appends icv_len bytes at data+len. open: verifies the ICV in constant time first, then decrypts in place (GCM does
 * both in one pass; a packet that is not ok is garbage then). Jobs may be of several keys, suites and sizes in any
 * order. */
void esp_seal(struct esp_worker *w, struct esp_job *jobs, unsigned n);
void esp_open(struct esp_worker *w, struct esp_job *jobs, unsigned n);
#endif
