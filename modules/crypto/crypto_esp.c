/* ESP seal and open on batches (RFC 4303): suites, keys, and the worker that hands the jobs of a batch, sorted by
 * suite, to the engine that is fastest for them. Nothing here allocates per packet. Called by the data path of ipsec.
 */
#include "modules/crypto/crypto_esp_int.h"
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int esp_suite_make(struct esp_suite *s, enum crypto_cipher c, unsigned key_bits, enum crypto_hash auth)
{
    static const uint8_t icv[] = {
        [HASH_NONE] = 0, [HASH_MD5] = 12, [HASH_SHA1] = 12, [HASH_SHA256] = 16, [HASH_SHA384] = 24, [HASH_SHA512] = 32};
    memset(s, 0, sizeof *s);
    if ((unsigned)auth >= sizeof icv)
        return -EINVAL;
    if ((c == CIPHER_AES_CBC || c == CIPHER_AES_GCM) && key_bits != 128 && key_bits != 192 && key_bits != 256)
        return -EINVAL;
    s->icv_len = icv[auth];
    switch (c) {
    case CIPHER_NULL:
        if (auth == HASH_NONE)
            return -EINVAL; /* neither secrecy nor integrity (RFC 4301 4.2) */
        s->block = 4;       /* RFC 4303 2.4: right-aligned within 4 bytes */
        break;
    case CIPHER_DES:
    case CIPHER_3DES:
        s->key_len = c == CIPHER_DES ? 8 : 24;
        s->block = s->iv_len = s->iv_random = 8;
        break;
    case CIPHER_AES_CBC:
        s->key_len = (uint8_t)(key_bits / 8);
        s->block = s->iv_len = s->iv_random = 16;
        break;
    case CIPHER_AES_GCM: /* RFC 4106 */
        if (auth != HASH_NONE)
            return -EINVAL;
        s->key_len = (uint8_t)(key_bits / 8 + ESP_SALT);
        s->block = 4;
        s->iv_len = 8;
        s->icv_len = 16;
        break;
    case CIPHER_NONE:
    default:
        return -EINVAL;
    }
    s->cipher = c;
    s->auth = auth;
    s->auth_key_len = (uint8_t)hash_len(auth);
    return 0;
}

/* ---- keys ---- */
struct esp_key *esp_key_new(const struct esp_suite *s, const uint8_t *key, const uint8_t *auth_key, bool seal)
{
    size_t size = sizeof(struct esp_key) + 2 * esp_mac_state_len(s->auth);
    struct esp_key *k = calloc(1, size);
    if (k == NULL)
        return NULL;
    k->suite = *s;
    k->seal = seal;
    k->size = (uint16_t)size;
    if (s->key_len != 0)
        memcpy(k->key, key, esp_key_bytes(s));
    if (s->cipher == CIPHER_AES_GCM)
        memcpy(k->salt, key + esp_key_bytes(s), ESP_SALT);
    if (s->auth != HASH_NONE)
        esp_mac_key(s->auth, auth_key, s->auth_key_len, k->state);
    return k;
}

void esp_key_free(struct esp_key *k)
{
    if (k == NULL)
        return;
    crypto_wipe(k, k->size);
    free(k);
}

/* ---- workers ---- */
enum { OPENSSL, IPSEC_MB, ENGINES };
static const struct esp_engine_ops *const engines[ENGINES] = {&esp_engine_openssl, &esp_engine_ipsec_mb};

struct esp_worker {
    atomic_uint chosen; /* these two are the other threads' business too: choose() and view() */
    atomic_ullong packets[ENGINES];
    void *state[ENGINES]; /* NULL: not on this machine */
};

struct esp_worker *esp_worker_new(void)
{
    struct esp_worker *w = calloc(1, sizeof *w);
    if (w == NULL)
        return NULL;
    for (unsigned i = 0; i < ENGINES; i++)
        w->state[i] = engines[i]->start();
    if (w->state[OPENSSL] == NULL) {
        esp_worker_free(w);
        return NULL;
    }
    return w;
}

void esp_worker_free(struct esp_worker *w)
{
    if (w == NULL)
        return;
    for (unsigned i = 0; i < ENGINES; i++)
        if (w->state[i] != NULL)
            engines[i]->stop(w->state[i]);
    free(w);
}

int esp_worker_choose(struct esp_worker *w, enum esp_engine e)
{
    if (e == ESP_ENGINE_IPSEC_MB && w->state[IPSEC_MB] == NULL)
        return -ENOENT;
    atomic_store_explicit(&w->chosen, e, memory_order_relaxed);
    return 0;
}

void esp_worker_forget(struct esp_worker *w)
{
    for (unsigned i = 0; i < ENGINES; i++)
        if (w->state[i] != NULL)
            engines[i]->forget(w->state[i]);
}

void esp_worker_view(const struct esp_worker *w, struct esp_worker_view *v)
{
    char mb[48] = "", os[48] = "";
    bool multi = w->state[IPSEC_MB] != NULL;
    unsigned chosen = atomic_load_explicit(&w->chosen, memory_order_relaxed);
    engines[OPENSSL]->name(w->state[OPENSSL], os, sizeof os);
    if (multi)
        engines[IPSEC_MB]->name(w->state[IPSEC_MB], mb, sizeof mb);
    memset(v, 0, sizeof *v);
    v->chosen = (enum esp_engine)chosen;
    v->multi_buffer = multi;
    v->openssl = atomic_load_explicit(&w->packets[OPENSSL], memory_order_relaxed);
    v->ipsec_mb = atomic_load_explicit(&w->packets[IPSEC_MB], memory_order_relaxed);
    if (!multi || chosen == ESP_ENGINE_OPENSSL)
        snprintf(v->engine, sizeof v->engine, "%s", os);
    else
        snprintf(v->engine, sizeof v->engine, "%s, %s", mb, os);
}

/* ---- batches ---- */
static unsigned engine_for(const struct esp_worker *w, struct esp_job *const *jobs, unsigned n, uint32_t longest)
{
    unsigned chosen = atomic_load_explicit(&w->chosen, memory_order_relaxed);
    if (w->state[IPSEC_MB] == NULL || chosen == ESP_ENGINE_OPENSSL)
        return OPENSSL;
    const struct esp_engine_ops *mb = engines[IPSEC_MB];
    if (!mb->can(w->state[IPSEC_MB], &jobs[0]->key->suite, longest))
        return OPENSSL;
    return chosen == ESP_ENGINE_IPSEC_MB || mb->takes(w->state[IPSEC_MB], jobs, n, longest) ? IPSEC_MB : OPENSSL;
}

static bool length_fits(const struct esp_job *j, bool seal)
{
    const struct esp_suite *s = &j->key->suite;
    uint32_t head = 8u + s->iv_len, tail = seal ? 0 : s->icv_len;
    return j->len >= head + s->block + tail && (j->len - head - tail) % s->block == 0;
}

/* RFC 4106 3.1: an IV must never come twice under one key. The sequence number does not, whichever gateway of a pair
 * seals (I2: a successor starts beyond every number its predecessor may have used), so it is the IV. */
static void counter_iv(struct esp_job *j)
{
    memset(j->data + 8, 0, 4);
    memcpy(j->data + 12, j->data + 4, 4);
}

static bool same_suite(const struct esp_key *a, const struct esp_key *b)
{
    return a == b || (a->suite.cipher == b->suite.cipher && a->suite.key_len == b->suite.key_len &&
                      a->suite.auth == b->suite.auth);
}

static void run(struct esp_worker *w, struct esp_job *jobs, unsigned n, bool seal)
{
    struct esp_job *list[ESP_BATCH];
    uint64_t left = 0;
    for (unsigned i = 0; i < n; i++) {
        jobs[i].ok = false;
        if (!length_fits(&jobs[i], seal) || jobs[i].key->seal != seal)
            continue;
        if (seal && jobs[i].key->suite.cipher == CIPHER_AES_GCM)
            counter_iv(&jobs[i]);
        left |= UINT64_C(1) << i;
    }
    while (left != 0) { /* the jobs of one suite; nearly always that is all of them */
        unsigned count = 0;
        uint32_t longest = 0;
        const struct esp_key *first = NULL;
        for (unsigned i = 0; i < n; i++) {
            if ((left >> i & 1) == 0 || (first != NULL && !same_suite(first, jobs[i].key)))
                continue;
            first = jobs[i].key;
            left &= ~(UINT64_C(1) << i);
            longest = jobs[i].len > longest ? jobs[i].len : longest;
            list[count++] = &jobs[i];
        }
        unsigned e = engine_for(w, list, count, longest);
        uint64_t so_far = atomic_load_explicit(&w->packets[e], memory_order_relaxed); /* one writer: no locked add */
        atomic_store_explicit(&w->packets[e], so_far + count, memory_order_relaxed);
        (seal ? engines[e]->seal : engines[e]->open)(w->state[e], list, count);
    }
}

static void run_all(struct esp_worker *w, struct esp_job *jobs, unsigned n, bool seal)
{
    for (unsigned i = 0; i < n; i += ESP_BATCH)
        run(w, jobs + i, n - i < ESP_BATCH ? n - i : ESP_BATCH, seal);
}

void esp_seal(struct esp_worker *w, struct esp_job *jobs, unsigned n)
{
    run_all(w, jobs, n, true);
}

void esp_open(struct esp_worker *w, struct esp_job *jobs, unsigned n)
{
    run_all(w, jobs, n, false);
}
