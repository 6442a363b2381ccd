/* HMAC of an ESP packet from two digest states that were computed once per SA (RFC 2104 4). Called by crypto_esp.c
 * when a key is made and by the OpenSSL engine per packet.
 *
 * The low-level digests are used on purpose: setting a state of 16 to 64 bytes is what makes small packets fast
 * (EVP_MD_CTX_copy_ex allocates). They use the CPU's SHA instructions as EVP does. After one whole block a state is its
 * chaining value alone, so that is all that a key holds; IPsec-MB starts from the same words. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "modules/crypto/crypto_esp_int.h"
#include <openssl/md5.h>
#include <openssl/sha.h>
#include <string.h>

union mac {
    MD5_CTX md5;
    SHA_CTX sha1;
    SHA256_CTX sha256;
    SHA512_CTX sha512;
};

size_t esp_mac_state_len(enum crypto_hash h)
{
    return h == HASH_SHA384 ? 64 : hash_len(h); /* SHA-384 is SHA-512 cut short at the end */
}

static void mac_init(enum crypto_hash h, union mac *m)
{
    switch (h) {
    case HASH_MD5:
        MD5_Init(&m->md5);
        break;
    case HASH_SHA1:
        SHA1_Init(&m->sha1);
        break;
    case HASH_SHA256:
        SHA256_Init(&m->sha256);
        break;
    case HASH_SHA384:
        SHA384_Init(&m->sha512);
        break;
    case HASH_SHA512:
        SHA512_Init(&m->sha512);
        break;
    case HASH_NONE:
        break;
    }
}

/* The digest as it stands behind the pad's one block. */
static inline void mac_resume(enum crypto_hash h, union mac *m, const uint8_t *state)
{
    switch (h) {
    case HASH_MD5:
        memcpy(&m->md5.A, state, 16);
        m->md5.Nl = 512;
        m->md5.Nh = 0;
        m->md5.num = 0;
        break;
    case HASH_SHA1:
        memcpy(&m->sha1.h0, state, 20);
        m->sha1.Nl = 512;
        m->sha1.Nh = 0;
        m->sha1.num = 0;
        break;
    case HASH_SHA256:
        memcpy(m->sha256.h, state, 32);
        m->sha256.Nl = 512;
        m->sha256.Nh = 0;
        m->sha256.num = 0;
        m->sha256.md_len = SHA256_DIGEST_LENGTH;
        break;
    case HASH_SHA384:
    case HASH_SHA512:
        memcpy(m->sha512.h, state, 64);
        m->sha512.Nl = 1024;
        m->sha512.Nh = 0;
        m->sha512.num = 0;
        m->sha512.md_len = (unsigned)hash_len(h);
        break;
    case HASH_NONE:
        break;
    }
}

static void mac_update(enum crypto_hash h, union mac *m, const void *p, size_t n)
{
    switch (h) {
    case HASH_MD5:
        MD5_Update(&m->md5, p, n);
        break;
    case HASH_SHA1:
        SHA1_Update(&m->sha1, p, n);
        break;
    case HASH_SHA256:
        SHA256_Update(&m->sha256, p, n);
        break;
    case HASH_SHA384:
        SHA384_Update(&m->sha512, p, n);
        break;
    case HASH_SHA512:
        SHA512_Update(&m->sha512, p, n);
        break;
    case HASH_NONE:
        break;
    }
}

static void mac_final(enum crypto_hash h, union mac *m, uint8_t out[CRYPTO_HASH_MAX])
{
    switch (h) {
    case HASH_MD5:
        MD5_Final(out, &m->md5);
        break;
    case HASH_SHA1:
        SHA1_Final(out, &m->sha1);
        break;
    case HASH_SHA256:
        SHA256_Final(out, &m->sha256);
        break;
    case HASH_SHA384:
        SHA384_Final(out, &m->sha512);
        break;
    case HASH_SHA512:
        SHA512_Final(out, &m->sha512);
        break;
    case HASH_NONE:
        break;
    }
}

static const void *mac_words(enum crypto_hash h, const union mac *m)
{
    return h == HASH_MD5      ? (const void *)&m->md5.A
           : h == HASH_SHA1   ? (const void *)&m->sha1.h0
           : h == HASH_SHA256 ? (const void *)m->sha256.h
                              : (const void *)m->sha512.h;
}

void esp_mac_key(enum crypto_hash h, const uint8_t *key, size_t len, uint8_t *state)
{
    size_t block = crypto_md_block(h), n = esp_mac_state_len(h);
    uint8_t pad[128];
    union mac m;
    for (unsigned round = 0; round < 2; round++) {
        memset(pad, round == 0 ? 0x36 : 0x5c, block);
        for (size_t i = 0; i < len; i++)
            pad[i] ^= key[i];
        mac_init(h, &m);
        mac_update(h, &m, pad, block);
        memcpy(state + round * n, mac_words(h, &m), n);
    }
    crypto_wipe(pad, sizeof pad);
    crypto_wipe(&m, sizeof m);
}

void esp_mac_packet(const struct esp_key *k, const uint8_t *p, size_t n, uint8_t out[CRYPTO_HASH_MAX])
{
    enum crypto_hash h = k->suite.auth;
    union mac m;
    mac_resume(h, &m, k->state);
    mac_update(h, &m, p, n);
    mac_final(h, &m, out);
    mac_resume(h, &m, k->state + esp_mac_state_len(h));
    mac_update(h, &m, out, hash_len(h));
    mac_final(h, &m, out);
}
