/* The multi-buffer ESP engine: Intel's IPsec-MB, which runs one step of up to 16 packets, of whatever keys and sizes,
 * in one vector instruction. Optional: without the library (make IPSEC_MB=0) start() answers that it is not here. A
 * batch goes through in two passes, cipher and digest, so that a packet is decrypted only after its ICV was right.
 * Called by crypto_esp.c. */
#include "modules/crypto/crypto_esp_int.h"

#ifdef TAPIR_IPSEC_MB
#include <intel-ipsec-mb.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MB_LONGEST 16384u /* bytes of one job; the library's lanes count in 16 bits */

/* Round keys as the library wants them, of the SAs seen last: making them takes 31 ns (GCM with its tables 112 ns), no
 * more than to fetch them from a cold cache, so no SA keeps its own. The bytes of the key say whose they are. */
enum { SCHEDULES = 256, NEAR = 4, TABLES = 64 };
struct schedule {
    uint8_t key[32];
    uint32_t batch; /* the one it was used in last: it stays while that runs */
    uint16_t kind;  /* cipher, length, direction; 0: empty */
    uint8_t at[3 * IMB_DES_KEY_SCHED_SIZE] __attribute__((aligned(16)));
};
struct table {
    struct gcm_key_data at __attribute__((aligned(64)));
    uint8_t key[32];
    uint16_t kind;
};

struct mb {
    IMB_MGR *mgr;
    IMB_ARCH arch;
    IMB_JOB job[ESP_BATCH];
    const void *schedules[ESP_BATCH][3]; /* of three-key DES */
    uint8_t tag[ESP_BATCH][CRYPTO_HASH_MAX];
    struct gcm_context_data gcm __attribute__((aligned(64)));
    uint32_t batch;
    struct schedule schedule[SCHEDULES];
    struct table table[TABLES];
};

static size_t mgr_size(void)
{
    return (imb_get_mb_mgr_size() + 63) / 64 * 64;
}

static void mb_stop(void *state)
{
    struct mb *m = state;
    if (m->mgr != NULL) { /* its lanes hold round keys */
        crypto_wipe(m->mgr, mgr_size());
        free(m->mgr);
    }
    crypto_wipe(m, sizeof *m);
    free(m);
}

static void *mb_start(void)
{
    static const uint64_t need = IMB_FEATURE_AESNI | IMB_FEATURE_PCLMULQDQ | IMB_FEATURE_SSE4_2;
    struct mb *m = aligned_alloc(64, (sizeof *m + 63) / 64 * 64);
    if (m == NULL)
        return NULL;
    memset(m, 0, sizeof *m);
    void *mem = aligned_alloc(64, mgr_size());
    if (mem != NULL)
        memset(mem, 0, mgr_size());
    m->mgr = mem != NULL ? imb_set_pointers_mb_mgr(mem, 0, 1) : NULL;
    if (m->mgr != NULL && (m->mgr->features & need) == need)
        init_mb_mgr_auto(m->mgr, &m->arch);
    if (m->mgr == NULL)
        free(mem);
    if (m->mgr == NULL || m->arch < IMB_ARCH_SSE || imb_get_errno(m->mgr) != 0 ||
        (m->mgr->features & (IMB_FEATURE_SELF_TEST | IMB_FEATURE_SELF_TEST_PASS)) == IMB_FEATURE_SELF_TEST) {
        mb_stop(m);
        return NULL;
    }
    return m;
}

static void mb_forget(void *state)
{
    struct mb *m = state;
    crypto_wipe(&m->gcm, sizeof m->gcm);
    for (unsigned i = 0; i < SCHEDULES; i++)
        if (m->schedule[i].kind != 0)
            crypto_wipe(&m->schedule[i], sizeof m->schedule[i]);
    for (unsigned i = 0; i < TABLES; i++)
        if (m->table[i].kind != 0)
            crypto_wipe(&m->table[i], sizeof m->table[i]);
    if ((m->mgr->features & IMB_FEATURE_SAFE_DATA) != 0)
        return; /* such a build wipes its lanes itself when a job is done */
    crypto_wipe(m->mgr, mgr_size());
    imb_set_pointers_mb_mgr(m->mgr, 0, 1);
    init_mb_mgr_auto(m->mgr, &m->arch);
}

static void mb_name(const void *state, char *buf, size_t n)
{
    static const char *const arch[] = {
        [IMB_ARCH_SSE] = "SSE", [IMB_ARCH_AVX] = "AVX", [IMB_ARCH_AVX2] = "AVX2", [IMB_ARCH_AVX512] = "AVX512"};
    const struct mb *m = state;
    unsigned v = imb_get_version();
    snprintf(buf, n, "Intel IPsec-MB %u.%u.%u (%s)", v >> 16 & 255, v >> 8 & 255, v & 255, arch[m->arch]);
}

static bool is_des(const struct esp_suite *s)
{
    return s->cipher == CIPHER_DES || s->cipher == CIPHER_3DES;
}

static bool mb_can(const void *state, const struct esp_suite *s, uint32_t longest)
{
    const struct mb *m = state;
    return longest <= MB_LONGEST &&
           (!is_des(s) || m->arch == IMB_ARCH_AVX512); /* DES in C, one by one, before AVX512 */
}

/* Measured: from 4 packets on it is ahead. Only short ones of one SA are sealed faster in OpenSSL's lock-step below 16.
 */
static bool mb_takes(const void *state, struct esp_job *const *jobs, unsigned n, uint32_t longest)
{
    const struct esp_key *k = jobs[0]->key;
    (void)state;
    if (k->suite.cipher == CIPHER_AES_GCM || is_des(&k->suite))
        return true;
    return n >= 16 || (n >= 4 && (!k->seal || longest >= 400 || jobs[1]->key != k || jobs[n - 1]->key != k));
}

/* ---- keys ---- */
static uint16_t kind_of(const struct esp_key *k)
{
    return (uint16_t)(k->suite.cipher | esp_key_bytes(&k->suite) << 4 | (k->seal ? 1u << 12 : 0));
}

/* Where to look first: by the address, which is no secret, as an index made of key bytes would be. */
static unsigned bucket(const struct esp_key *k)
{
    return (uint32_t)((uintptr_t)k >> 4) * 0x9e3779b1u >> 16;
}

static void expand(struct mb *m, const struct esp_key *k, uint8_t *to)
{
    uint8_t enc[16 * 15] __attribute__((aligned(16))), dec[16 * 15] __attribute__((aligned(16)));
    if (is_des(&k->suite)) {
        for (unsigned i = 0; i < k->suite.key_len / 8u; i++)
            IMB_DES_KEYSCHED(m->mgr, (uint64_t *)(void *)(to + i * IMB_DES_KEY_SCHED_SIZE), k->key + 8 * i);
        return;
    }
    if (k->suite.key_len == 16)
        IMB_AES_KEYEXP_128(m->mgr, k->key, enc, dec);
    else if (k->suite.key_len == 24)
        IMB_AES_KEYEXP_192(m->mgr, k->key, enc, dec);
    else
        IMB_AES_KEYEXP_256(m->mgr, k->key, enc, dec);
    memcpy(to, k->seal ? enc : dec, 16u * (k->suite.key_len / 4u + 7u)); /* 11, 13, 15 rounds */
    crypto_wipe(enc, sizeof enc);
    crypto_wipe(dec, sizeof dec);
}

static const uint8_t *schedule_of(struct mb *m, const struct esp_key *k)
{
    unsigned h = bucket(k), i;
    uint16_t kind = kind_of(k);
    struct schedule *s;
    for (i = 0; i < NEAR; i++) {
        s = &m->schedule[(h + i) % SCHEDULES];
        if (s->kind == kind && memcmp(s->key, k->key, sizeof s->key) == 0) {
            s->batch = m->batch;
            return s->at;
        }
    }
    for (i = 0; (s = &m->schedule[(h + i) % SCHEDULES])->batch == m->batch; i++)
        ; /* a batch has fewer jobs than there are places */
    s->batch = m->batch;
    s->kind = kind;
    memcpy(s->key, k->key, sizeof s->key);
    expand(m, k, s->at);
    return s->at;
}

static const struct gcm_key_data *table_of(struct mb *m, const struct esp_key *k)
{
    uint16_t kind = kind_of(k);
    struct table *t = &m->table[bucket(k) % TABLES];
    if (t->kind == kind && memcmp(t->key, k->key, sizeof t->key) == 0)
        return &t->at;
    t->kind = kind;
    memcpy(t->key, k->key, sizeof t->key);
    if (esp_key_bytes(&k->suite) == 16)
        IMB_AES128_GCM_PRE(m->mgr, k->key, &t->at);
    else if (esp_key_bytes(&k->suite) == 24)
        IMB_AES192_GCM_PRE(m->mgr, k->key, &t->at);
    else
        IMB_AES256_GCM_PRE(m->mgr, k->key, &t->at);
    return &t->at;
}

/* ---- passes ---- */
/* Algorithms without a burst call go through the manager's queue, which is empty before and after. */
static void run_queue(struct mb *m, unsigned n)
{
    IMB_JOB *q;
    for (unsigned i = 0; i < n; i++) {
        q = IMB_GET_NEXT_JOB(m->mgr);
        *q = m->job[i];
        q->user_data = &m->job[i];
        for (q = IMB_SUBMIT_JOB_NOCHECK(m->mgr); q != NULL; q = IMB_GET_COMPLETED_JOB(m->mgr))
            ((IMB_JOB *)q->user_data)->status = q->status;
    }
    while ((q = IMB_FLUSH_JOB(m->mgr)) != NULL)
        ((IMB_JOB *)q->user_data)->status = q->status;
}

/* What is the same for all jobs of a suite is set by whoever fills the queue's jobs; bursts do not read it. */
static void cipher_fill(struct mb *m, unsigned i, const struct esp_job *e, const uint8_t *schedule, uint32_t body)
{
    const struct esp_key *k = e->key;
    IMB_JOB *j = &m->job[i];
    uint32_t head = 8u + k->suite.iv_len;
    j->enc_keys = j->dec_keys = schedule;
    j->src = e->data;
    j->dst = e->data + head;
    j->cipher_start_src_offset_in_bytes = head;
    j->msg_len_to_cipher_in_bytes = body - head;
    j->iv = e->data + 8;
    j->status = IMB_STATUS_BEING_PROCESSED;
    if (!is_des(&k->suite))
        return;
    if (k->suite.cipher == CIPHER_3DES) {
        for (unsigned x = 0; x < 3; x++)
            m->schedules[i][x] = schedule + x * IMB_DES_KEY_SCHED_SIZE;
        j->enc_keys = j->dec_keys = m->schedules[i];
    }
    j->key_len_in_bytes = k->suite.key_len;
    j->iv_len_in_bytes = k->suite.iv_len;
    j->cipher_mode = k->suite.cipher == CIPHER_3DES ? IMB_CIPHER_DES3 : IMB_CIPHER_DES;
    j->cipher_direction = k->seal ? IMB_DIR_ENCRYPT : IMB_DIR_DECRYPT;
    j->hash_alg = IMB_AUTH_NULL;
    j->chain_order = k->seal ? IMB_ORDER_CIPHER_HASH : IMB_ORDER_HASH_CIPHER;
}

static void cipher_pass(struct mb *m, const struct esp_suite *s, unsigned n, bool seal)
{
    if (s->cipher == CIPHER_AES_CBC)
        IMB_SUBMIT_CIPHER_BURST_NOCHECK(m->mgr, m->job, n, IMB_CIPHER_CBC, seal ? IMB_DIR_ENCRYPT : IMB_DIR_DECRYPT,
                                        (IMB_KEY_SIZE_BYTES)s->key_len);
    else
        run_queue(m, n);
}

static void hash_fill(struct mb *m, unsigned i, const struct esp_job *e, uint32_t len, uint8_t *tag)
{
    const struct esp_key *k = e->key;
    IMB_JOB *j = &m->job[i];
    j->src = e->data;
    j->msg_len_to_hash_in_bytes = len;
    j->auth_tag_output = tag;
    j->auth_tag_output_len_in_bytes = k->suite.icv_len;
    j->u.HMAC._hashed_auth_key_xor_ipad = k->state;
    j->u.HMAC._hashed_auth_key_xor_opad = k->state + esp_mac_state_len(k->suite.auth);
    j->status = IMB_STATUS_BEING_PROCESSED;
    if (k->suite.auth != HASH_MD5)
        return;
    j->cipher_mode = IMB_CIPHER_NULL;
    j->cipher_direction = IMB_DIR_ENCRYPT;
    j->hash_alg = IMB_AUTH_MD5;
    j->chain_order = IMB_ORDER_HASH_CIPHER;
}

static void hash_pass(struct mb *m, const struct esp_suite *s, unsigned n)
{
    static const IMB_HASH_ALG alg[] = {[HASH_SHA1] = IMB_AUTH_HMAC_SHA_1,
                                       [HASH_SHA256] = IMB_AUTH_HMAC_SHA_256,
                                       [HASH_SHA384] = IMB_AUTH_HMAC_SHA_384,
                                       [HASH_SHA512] = IMB_AUTH_HMAC_SHA_512};
    if (s->auth != HASH_MD5)
        IMB_SUBMIT_HASH_BURST_NOCHECK(m->mgr, m->job, n, alg[s->auth]);
    else
        run_queue(m, n);
}

/* RFC 4106 in one call a packet, keyed and scheduled already: nothing is gained from several at a time. */
static void gcm_one(struct mb *m, struct esp_job *e)
{
    const struct esp_key *k = e->key;
    const struct gcm_key_data *g = table_of(m, k);
    uint32_t n = e->len - 16 - (k->seal ? 0 : 16);
    uint8_t nonce[12], tag[16], *p = e->data + 16;
    size_t bytes = esp_key_bytes(&k->suite);
    memcpy(nonce, k->salt, ESP_SALT);
    memcpy(nonce + ESP_SALT, e->data + 8, 8);
    aes_gcm_enc_dec_t fn = k->seal ? (bytes == 16   ? m->mgr->gcm128_enc
                                      : bytes == 24 ? m->mgr->gcm192_enc
                                                    : m->mgr->gcm256_enc)
                                   : (bytes == 16   ? m->mgr->gcm128_dec
                                      : bytes == 24 ? m->mgr->gcm192_dec
                                                    : m->mgr->gcm256_dec);
    fn(g, &m->gcm, p, p, n, nonce, e->data, 8, k->seal ? p + n : tag, 16);
    e->ok = k->seal || CRYPTO_memcmp(tag, p + n, 16) == 0;
}

/* True: the suite is GCM and all is done; else every job is good so far. */
static bool gcm_all(struct mb *m, struct esp_job *const *jobs, unsigned n)
{
    bool gcm = jobs[0]->key->suite.cipher == CIPHER_AES_GCM;
    for (unsigned i = 0; i < n; i++)
        if (gcm)
            gcm_one(m, jobs[i]);
        else
            jobs[i]->ok = true;
    return gcm;
}

/* The cipher over n jobs whose integrity is settled; tail: bytes behind what is encrypted. */
static void cipher_all(struct mb *m, struct esp_job *const *jobs, unsigned n, uint32_t tail)
{
    const struct esp_key *k = NULL;
    const uint8_t *schedule = NULL;
    m->batch++;
    for (unsigned i = 0; i < n; i++) {
        if (jobs[i]->key != k)
            schedule = schedule_of(m, k = jobs[i]->key);
        cipher_fill(m, i, jobs[i], schedule, jobs[i]->len - tail);
    }
    cipher_pass(m, &k->suite, n, k->seal);
    for (unsigned i = 0; i < n; i++)
        jobs[i]->ok = (m->job[i].status & IMB_STATUS_COMPLETED_CIPHER) != 0;
}

static void mb_seal(void *state, struct esp_job *const *jobs, unsigned n)
{
    struct mb *m = state;
    const struct esp_suite *s = &jobs[0]->key->suite;
    if (gcm_all(m, jobs, n))
        return;
    if (s->cipher != CIPHER_NULL)
        cipher_all(m, jobs, n, 0);
    if (s->auth == HASH_NONE)
        return;
    for (unsigned i = 0; i < n; i++)
        hash_fill(m, i, jobs[i], jobs[i]->len, jobs[i]->data + jobs[i]->len);
    hash_pass(m, s, n);
    for (unsigned i = 0; i < n; i++)
        jobs[i]->ok = jobs[i]->ok && (m->job[i].status & IMB_STATUS_COMPLETED_AUTH) != 0;
}

static void mb_open(void *state, struct esp_job *const *jobs, unsigned n)
{
    struct mb *m = state;
    const struct esp_suite *s = &jobs[0]->key->suite;
    if (gcm_all(m, jobs, n))
        return;
    if (s->auth != HASH_NONE) { /* RFC 4303 3.4.4.1: integrity first */
        for (unsigned i = 0; i < n; i++)
            hash_fill(m, i, jobs[i], jobs[i]->len - s->icv_len, m->tag[i]);
        hash_pass(m, s, n);
        for (unsigned i = 0; i < n; i++)
            jobs[i]->ok = (m->job[i].status & IMB_STATUS_COMPLETED_AUTH) != 0 &&
                          CRYPTO_memcmp(m->tag[i], jobs[i]->data + jobs[i]->len - s->icv_len, s->icv_len) == 0;
    }
    if (s->cipher == CIPHER_NULL)
        return;
    unsigned good = 0;
    struct esp_job *list[ESP_BATCH];
    for (unsigned i = 0; i < n; i++)
        if (jobs[i]->ok)
            list[good++] = jobs[i];
    if (good != 0)
        cipher_all(m, list, good, s->icv_len);
}

const struct esp_engine_ops esp_engine_ipsec_mb = {.start = mb_start,
                                                   .stop = mb_stop,
                                                   .forget = mb_forget,
                                                   .name = mb_name,
                                                   .takes = mb_takes,
                                                   .can = mb_can,
                                                   .seal = mb_seal,
                                                   .open = mb_open};
#else
static void *not_here(void)
{
    return NULL;
}

const struct esp_engine_ops esp_engine_ipsec_mb = {.start = not_here};
#endif
