/* ESP seal and open on batches (RFC 4303 with CBC, RFC 2404/4868 HMACs): contexts keyed once per SA, the HMAC
 * by copied midstates, encryption of several packets in lock-step. Nothing here allocates per packet.
 * Called by the data path of ipsec.
 *
 * The low-level digests are used on purpose: copying a 96-byte SHA_CTX is what makes small packets fast
 * (EVP_MD_CTX_copy_ex allocates). They use the CPU's SHA instructions as EVP does. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "modules/crypto/crypto_internal.h"
#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/md5.h>
#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>

#define LANES 16 /* packets per lock-step row; measured optimum 8..16 */

union midstate {
    MD5_CTX md5;
    SHA_CTX sha1;
    SHA256_CTX sha256;
    SHA512_CTX sha512;
};

struct esp_key {
    struct esp_suite suite;
    bool seal;
    EVP_CIPHER_CTX *cbc; /* NULL: CIPHER_NULL */
    EVP_CIPHER_CTX *ecb; /* seal with AES: lock-step rows */
    union midstate inner, outer;
};

int esp_suite_make(struct esp_suite *s, enum crypto_cipher c, unsigned key_bits, enum crypto_hash auth)
{
    static const uint8_t icv[] = {
        [HASH_NONE] = 0, [HASH_MD5] = 12, [HASH_SHA1] = 12, [HASH_SHA256] = 16, [HASH_SHA384] = 24, [HASH_SHA512] = 32};
    memset(s, 0, sizeof *s);
    if ((unsigned)auth >= sizeof icv)
        return -EINVAL;
    switch (c) {
    case CIPHER_NULL:
        if (auth == HASH_NONE)
            return -EINVAL; /* neither secrecy nor integrity (RFC 4301 4.2) */
        s->block = 4;       /* RFC 4303 2.4: right-aligned within 4 bytes */
        break;
    case CIPHER_DES:
    case CIPHER_3DES:
        s->key_len = c == CIPHER_DES ? 8 : 24;
        s->block = s->iv_len = 8;
        break;
    case CIPHER_AES_CBC:
        if (key_bits != 128 && key_bits != 192 && key_bits != 256)
            return -EINVAL;
        s->key_len = (uint8_t)(key_bits / 8);
        s->block = s->iv_len = 16;
        break;
    case CIPHER_NONE:
    default:
        return -EINVAL;
    }
    s->cipher = c;
    s->auth = auth;
    s->auth_key_len = (uint8_t)hash_len(auth);
    s->icv_len = icv[auth];
    return 0;
}

static void mac_init(enum crypto_hash h, union midstate *m)
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

static void mac_update(enum crypto_hash h, union midstate *m, const void *p, size_t n)
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

static void mac_final(enum crypto_hash h, union midstate *m, uint8_t out[CRYPTO_HASH_MAX])
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

/* Copies only as much of the union as the hash has: 92..216 bytes. */
static inline void mac_copy(enum crypto_hash h, union midstate *dst, const union midstate *src)
{
    switch (h) {
    case HASH_MD5:
        dst->md5 = src->md5;
        break;
    case HASH_SHA1:
        dst->sha1 = src->sha1;
        break;
    case HASH_SHA256:
        dst->sha256 = src->sha256;
        break;
    default:
        dst->sha512 = src->sha512;
        break;
    }
}

static void mac_key(struct esp_key *k, const uint8_t *key)
{
    enum crypto_hash h = k->suite.auth;
    size_t block = crypto_md_block(h);
    uint8_t pad[128];
    for (unsigned round = 0; round < 2; round++) {
        union midstate *m = round == 0 ? &k->inner : &k->outer;
        memset(pad, round == 0 ? 0x36 : 0x5c, block);
        for (size_t i = 0; i < k->suite.auth_key_len; i++)
            pad[i] ^= key[i];
        mac_init(h, m);
        mac_update(h, m, pad, block);
    }
    crypto_wipe(pad, sizeof pad);
}

static void mac_packet(const struct esp_key *k, const uint8_t *p, size_t n, uint8_t out[CRYPTO_HASH_MAX])
{
    enum crypto_hash h = k->suite.auth;
    union midstate m;
    mac_copy(h, &m, &k->inner);
    mac_update(h, &m, p, n);
    mac_final(h, &m, out);
    mac_copy(h, &m, &k->outer);
    mac_update(h, &m, out, hash_len(h));
    mac_final(h, &m, out);
}

static EVP_CIPHER_CTX *keyed(const EVP_CIPHER *cipher, const uint8_t *key, bool seal)
{
    if (cipher == NULL)
        return NULL;
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    static const uint8_t zero[16];
    if (ctx != NULL && EVP_CipherInit_ex(ctx, cipher, NULL, key, zero, seal) == 1 &&
        EVP_CIPHER_CTX_set_padding(ctx, 0) == 1)
        return ctx;
    EVP_CIPHER_CTX_free(ctx);
    return NULL;
}

struct esp_key *esp_key_new(const struct esp_suite *s, const uint8_t *key, const uint8_t *auth_key, bool seal)
{
    struct esp_key *k = calloc(1, sizeof *k);
    if (k == NULL)
        return NULL;
    k->suite = *s;
    k->seal = seal;
    if (s->cipher != CIPHER_NULL) {
        uint8_t full[CRYPTO_KEY_MAX];
        crypto_evp_key(s->cipher, key, s->key_len, full);
        k->cbc = keyed(crypto_evp_cbc(s->cipher, s->key_len), full, seal);
        if (seal)
            k->ecb = keyed(crypto_evp_ecb(s->cipher, s->key_len), full, true);
        crypto_wipe(full, sizeof full);
        if (k->cbc == NULL) {
            esp_key_free(k);
            return NULL;
        }
    }
    if (s->auth != HASH_NONE)
        mac_key(k, auth_key);
    return k;
}

void esp_key_free(struct esp_key *k)
{
    if (k == NULL)
        return;
    EVP_CIPHER_CTX_free(k->cbc); /* cleanses its key schedule */
    EVP_CIPHER_CTX_free(k->ecb);
    crypto_wipe(k, sizeof *k);
    free(k);
}

/* CBC of one packet: only the IV is new. */
static bool cbc_one(struct esp_key *k, uint8_t *iv, uint8_t *p, size_t n)
{
    int out = 0;
    return EVP_CipherInit_ex(k->cbc, NULL, NULL, NULL, iv, -1) == 1 &&
           EVP_CipherUpdate(k->cbc, p, &out, p, (int)n) == 1 && out == (int)n;
}

/* CBC encryption is a serial chain per packet, so several packets advance together: block i of every packet,
 * XORed with its previous ciphertext block, forms one row that goes through ECB in a single call. */
static bool cbc_rows(struct esp_key *k, struct esp_job *jobs, unsigned n)
{
    uint8_t row[LANES * 16];
    uint8_t *at[LANES]; /* the block to encrypt; the one before it (IV first) is its chaining value */
    uint32_t left[LANES];
    for (unsigned i = 0; i < n; i++) {
        at[i] = jobs[i].data + 24;
        left[i] = (jobs[i].len - 24) / 16;
    }
    for (;;) {
        unsigned lanes = 0, idx[LANES];
        for (unsigned i = 0; i < n; i++)
            if (left[i] != 0) {
                uint64_t a[2], b[2];
                memcpy(a, at[i], 16);
                memcpy(b, at[i] - 16, 16);
                a[0] ^= b[0];
                a[1] ^= b[1];
                memcpy(row + 16 * lanes, a, 16);
                idx[lanes++] = i;
            }
        if (lanes == 0)
            return true;
        int out = 0;
        if (EVP_CipherUpdate(k->ecb, row, &out, row, (int)(16 * lanes)) != 1 || out != (int)(16 * lanes))
            return false;
        for (unsigned l = 0; l < lanes; l++) {
            memcpy(at[idx[l]], row + 16 * l, 16);
            at[idx[l]] += 16;
            left[idx[l]]--;
        }
    }
}

static void seal_batch(struct esp_key *k, struct esp_job *jobs, unsigned n)
{
    const struct esp_suite *s = &k->suite;
    uint32_t head = 8u + s->iv_len;
    bool fit = true;
    for (unsigned i = 0; i < n; i++) {
        jobs[i].ok = jobs[i].len > head && (jobs[i].len - head) % s->block == 0;
        fit = fit && jobs[i].ok;
    }
    if (k->ecb != NULL && n > 1 && fit) {
        bool ok = cbc_rows(k, jobs, n);
        for (unsigned i = 0; i < n; i++)
            jobs[i].ok = ok;
    } else if (k->cbc != NULL) {
        for (unsigned i = 0; i < n; i++)
            if (jobs[i].ok)
                jobs[i].ok = cbc_one(k, jobs[i].data + 8, jobs[i].data + head, jobs[i].len - head);
    }
    for (unsigned i = 0; i < n; i++)
        if (jobs[i].ok && s->icv_len != 0) {
            uint8_t mac[CRYPTO_HASH_MAX];
            mac_packet(k, jobs[i].data, jobs[i].len, mac);
            memcpy(jobs[i].data + jobs[i].len, mac, s->icv_len);
        }
}

void esp_seal(struct esp_key *k, struct esp_job *jobs, unsigned n)
{
    for (unsigned i = 0; i < n; i += LANES)
        seal_batch(k, jobs + i, n - i < LANES ? n - i : LANES);
}

void esp_open(struct esp_key *k, struct esp_job *jobs, unsigned n)
{
    const struct esp_suite *s = &k->suite;
    uint32_t head = 8u + s->iv_len;
    for (unsigned i = 0; i < n; i++) {
        struct esp_job *j = &jobs[i];
        j->ok = false;
        if (j->len < head + s->block + s->icv_len || (j->len - head - s->icv_len) % s->block != 0)
            continue;
        uint32_t body = j->len - s->icv_len;
        if (s->icv_len != 0) { /* RFC 4303 3.4.4.1: integrity first */
            uint8_t mac[CRYPTO_HASH_MAX];
            mac_packet(k, j->data, body, mac);
            if (CRYPTO_memcmp(mac, j->data + body, s->icv_len) != 0)
                continue;
        }
        j->ok = k->cbc == NULL || cbc_one(k, j->data + 8, j->data + head, body - head);
    }
}
