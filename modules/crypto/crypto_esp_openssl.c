/* The ESP engine that is always there: OpenSSL. One context per cipher and direction belongs to the worker and is keyed
 * anew when a packet of another SA comes (45 ns for AES, less than the cache misses of a context per SA; and an SA then
 * costs some hundred bytes). CBC encryption of several packets of one key goes in lock-step. Called by crypto_esp.c. */
#include "modules/crypto/crypto_esp_int.h"
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LANES 16 /* packets per lock-step row; measured optimum 8..16 */

enum { CBC128, CBC192, CBC256, CBC_DES, CBC_3DES, ECB128, ECB192, ECB256, GCM128, GCM192, GCM256, KINDS };

struct slot {
    EVP_CIPHER_CTX *ctx;
    uint8_t key[32]; /* what it is keyed with */
    bool keyed;
};
struct openssl {
    struct slot slot[KINDS][2]; /* [1]: encrypts */
};

static unsigned by_len(unsigned first, size_t len)
{
    return first + (len == 16 ? 0 : len == 24 ? 1 : 2);
}

static bool slot_open(struct slot *s, const EVP_CIPHER *cipher, bool encrypt)
{
    static const uint8_t zero[64];
    s->ctx = EVP_CIPHER_CTX_new();
    return s->ctx != NULL && EVP_CipherInit_ex(s->ctx, cipher, NULL, zero, zero, encrypt) == 1 &&
           EVP_CIPHER_CTX_set_padding(s->ctx, 0) == 1;
}

static void openssl_stop(void *state)
{
    struct openssl *o = state;
    for (unsigned k = 0; k < KINDS; k++)
        for (unsigned d = 0; d < 2; d++)
            EVP_CIPHER_CTX_free(o->slot[k][d].ctx); /* cleanses its key schedule */
    crypto_wipe(o, sizeof *o);
    free(o);
}

static void *openssl_start(void)
{
    const EVP_CIPHER *const ciphers[KINDS] = {
        [CBC128] = EVP_aes_128_cbc(),   [CBC192] = EVP_aes_192_cbc(),    [CBC256] = EVP_aes_256_cbc(),
        [CBC_DES] = EVP_des_ede3_cbc(), [CBC_3DES] = EVP_des_ede3_cbc(), [ECB128] = EVP_aes_128_ecb(),
        [ECB192] = EVP_aes_192_ecb(),   [ECB256] = EVP_aes_256_ecb(),    [GCM128] = EVP_aes_128_gcm(),
        [GCM192] = EVP_aes_192_gcm(),   [GCM256] = EVP_aes_256_gcm()};
    struct openssl *o = calloc(1, sizeof *o);
    if (o == NULL)
        return NULL;
    for (unsigned k = 0; k < KINDS; k++)
        for (unsigned d = 0; d < 2; d++)
            if (!slot_open(&o->slot[k][d], ciphers[k], d != 0)) {
                openssl_stop(o);
                return NULL;
            }
    return o;
}

static void openssl_forget(void *state)
{
    static const uint8_t zero[64];
    struct openssl *o = state;
    for (unsigned k = 0; k < KINDS; k++)
        for (unsigned d = 0; d < 2; d++)
            if (o->slot[k][d].keyed) {
                EVP_CipherInit_ex(o->slot[k][d].ctx, NULL, NULL, zero, zero, -1);
                crypto_wipe(o->slot[k][d].key, sizeof o->slot[k][d].key);
                o->slot[k][d].keyed = false;
            }
}

static void openssl_name(const void *state, char *buf, size_t n)
{
    (void)state;
    snprintf(buf, n, "OpenSSL %s", OpenSSL_version(OPENSSL_VERSION_STRING));
}

/* A context of this kind, keyed for k, with this IV. The bytes of the key say whose it is: an SA's address may be that
 * of one long gone. */
static EVP_CIPHER_CTX *keyed(struct openssl *o, unsigned kind, bool encrypt, const struct esp_key *k, const uint8_t *iv)
{
    struct slot *s = &o->slot[kind][encrypt];
    const uint8_t *key = NULL;
    uint8_t full[CRYPTO_KEY_MAX];
    size_t n = esp_key_bytes(&k->suite);
    bool ok = true;
    if (!s->keyed || memcmp(s->key, k->key, sizeof s->key) != 0) {
        memcpy(s->key, k->key, sizeof s->key);
        crypto_evp_key(k->suite.cipher, k->key, n, full);
        key = full;
    }
    if (key != NULL || iv != NULL)
        ok = EVP_CipherInit_ex(s->ctx, NULL, NULL, key, iv, -1) == 1;
    if (key != NULL) {
        crypto_wipe(full, n < 24 ? 24 : n);
        s->keyed = ok;
    }
    return ok ? s->ctx : NULL;
}

static unsigned cbc_kind(const struct esp_key *k)
{
    return k->suite.cipher == CIPHER_DES    ? CBC_DES
           : k->suite.cipher == CIPHER_3DES ? CBC_3DES
                                            : by_len(CBC128, k->suite.key_len);
}

static bool cbc_one(struct openssl *o, const struct esp_key *k, bool encrypt, uint8_t *iv, uint8_t *p, size_t n)
{
    int out = 0;
    EVP_CIPHER_CTX *ctx = keyed(o, cbc_kind(k), encrypt, k, iv);
    return ctx != NULL && EVP_CipherUpdate(ctx, p, &out, p, (int)n) == 1 && out == (int)n;
}

/* CBC encryption is a serial chain per packet, so several packets advance together: block i of every packet,
 * XORed with its previous ciphertext block, forms one row that goes through ECB in a single call. */
static bool cbc_rows(struct openssl *o, const struct esp_key *k, struct esp_job *const *jobs, unsigned n)
{
    uint8_t row[LANES * 16];
    uint8_t *at[LANES]; /* the block to encrypt; the one before it (IV first) is its chaining value */
    uint32_t left[LANES];
    EVP_CIPHER_CTX *ctx = keyed(o, by_len(ECB128, k->suite.key_len), true, k, NULL);
    if (ctx == NULL)
        return false;
    for (unsigned i = 0; i < n; i++) {
        at[i] = jobs[i]->data + 24;
        left[i] = (jobs[i]->len - 24) / 16;
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
        if (EVP_CipherUpdate(ctx, row, &out, row, (int)(16 * lanes)) != 1 || out != (int)(16 * lanes))
            return false;
        for (unsigned l = 0; l < lanes; l++) {
            memcpy(at[idx[l]], row + 16 * l, 16);
            at[idx[l]] += 16;
            left[idx[l]]--;
        }
    }
}

/* RFC 4106 4, 5: the nonce is salt and IV, the header is authenticated with the rest. */
static bool gcm_one(struct openssl *o, const struct esp_key *k, struct esp_job *j)
{
    uint8_t nonce[12], *p = j->data + 16, *tag = j->data + j->len - (k->seal ? 0 : 16);
    int out = 0, n = (int)(tag - p);
    memcpy(nonce, k->salt, ESP_SALT);
    memcpy(nonce + ESP_SALT, j->data + 8, 8);
    EVP_CIPHER_CTX *c = keyed(o, by_len(GCM128, esp_key_bytes(&k->suite)), k->seal, k, nonce);
    if (c == NULL || (!k->seal && EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_SET_TAG, 16, tag) != 1))
        return false;
    return EVP_CipherUpdate(c, NULL, &out, j->data, 8) == 1 && EVP_CipherUpdate(c, p, &out, p, n) == 1 && out == n &&
           EVP_CipherFinal_ex(c, p + n, &out) == 1 &&
           (!k->seal || EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_GET_TAG, 16, tag) == 1);
}

/* The jobs of the first one's key, taken out of the list; those of others move up. */
static unsigned take_key(struct esp_job **list, unsigned *n, struct esp_job *mine[ESP_BATCH])
{
    unsigned rest = 0, count = 0;
    const struct esp_key *k = list[0]->key;
    for (unsigned i = 0; i < *n; i++)
        if (list[i]->key == k)
            mine[count++] = list[i];
        else
            list[rest++] = list[i];
    *n = rest;
    return count;
}

static void seal_key(struct openssl *o, const struct esp_key *k, struct esp_job *const *jobs, unsigned n)
{
    const struct esp_suite *s = &k->suite;
    uint32_t head = 8u + s->iv_len;
    if (s->cipher == CIPHER_AES_CBC && n > 1) {
        bool ok = cbc_rows(o, k, jobs, n);
        for (unsigned i = 0; i < n; i++)
            jobs[i]->ok = ok;
    } else {
        for (unsigned i = 0; i < n; i++)
            jobs[i]->ok = s->cipher == CIPHER_NULL ? true
                          : s->cipher == CIPHER_AES_GCM
                              ? gcm_one(o, k, jobs[i])
                              : cbc_one(o, k, true, jobs[i]->data + 8, jobs[i]->data + head, jobs[i]->len - head);
    }
    for (unsigned i = 0; i < n && s->auth != HASH_NONE; i++)
        if (jobs[i]->ok) {
            uint8_t mac[CRYPTO_HASH_MAX];
            esp_mac_packet(k, jobs[i]->data, jobs[i]->len, mac);
            memcpy(jobs[i]->data + jobs[i]->len, mac, s->icv_len);
        }
}

static void openssl_seal(void *state, struct esp_job *const *jobs, unsigned n)
{
    struct esp_job *list[ESP_BATCH], *mine[ESP_BATCH];
    memcpy(list, jobs, n * sizeof *list);
    while (n != 0) {
        unsigned count = take_key(list, &n, mine);
        for (unsigned i = 0; i < count; i += LANES)
            seal_key(state, mine[0]->key, mine + i, count - i < LANES ? count - i : LANES);
    }
}

static bool open_one(struct openssl *o, struct esp_job *j)
{
    const struct esp_key *k = j->key;
    const struct esp_suite *s = &k->suite;
    uint32_t head = 8u + s->iv_len, body = j->len - s->icv_len;
    if (s->cipher == CIPHER_AES_GCM)
        return gcm_one(o, k, j);
    if (s->auth != HASH_NONE) { /* RFC 4303 3.4.4.1: integrity first */
        uint8_t mac[CRYPTO_HASH_MAX];
        esp_mac_packet(k, j->data, body, mac);
        if (CRYPTO_memcmp(mac, j->data + body, s->icv_len) != 0)
            return false;
    }
    return s->cipher == CIPHER_NULL || cbc_one(o, k, false, j->data + 8, j->data + head, body - head);
}

static void openssl_open(void *state, struct esp_job *const *jobs, unsigned n)
{
    struct esp_job *list[ESP_BATCH], *mine[ESP_BATCH];
    memcpy(list, jobs, n * sizeof *list);
    while (n != 0) {
        unsigned count = take_key(list, &n, mine);
        for (unsigned i = 0; i < count; i++)
            mine[i]->ok = open_one(state, mine[i]);
    }
}

const struct esp_engine_ops esp_engine_openssl = {.start = openssl_start,
                                                  .stop = openssl_stop,
                                                  .forget = openssl_forget,
                                                  .name = openssl_name,
                                                  .seal = openssl_seal,
                                                  .open = openssl_open};
