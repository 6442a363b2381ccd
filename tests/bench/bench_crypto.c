/* In-process ESP seal and open against the bare primitives of the same library in the same run: ratios, so that the
 * figures mean the same on any machine. Prints one line per size; exits 1 when a floor is missed. */
#include "modules/crypto/crypto.h"
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { PACKETS = 64 };
static uint8_t buf[PACKETS][2048];

/* What the library allocates while packets are sealed and opened: nothing, if keys are prepared once per SA. */
static unsigned long allocations;
static bool counting;

static void *count_malloc(size_t n, const char *file, int line)
{
    (void)file, (void)line;
    allocations += counting;
    return malloc(n);
}

static void *count_realloc(void *p, size_t n, const char *file, int line)
{
    (void)file, (void)line;
    allocations += counting;
    return realloc(p, n);
}

static void count_free(void *p, const char *file, int line)
{
    (void)file, (void)line;
    free(p);
}

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* ns per packet of AES-256-CBC and then SHA-1 over the same bytes, contexts kept, nothing else. */
static double primitives(size_t n, bool encrypt, const uint8_t *key)
{
    EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
    EVP_MD_CTX *m = EVP_MD_CTX_new();
    uint8_t iv[16] = {0}, md[64];
    unsigned rounds = 0;
    int out;
    EVP_CipherInit_ex(c, EVP_aes_256_cbc(), NULL, key, iv, encrypt);
    EVP_CIPHER_CTX_set_padding(c, 0);
    double t0 = seconds(), t;
    do {
        for (unsigned i = 0; i < PACKETS; i++) {
            EVP_CipherInit_ex(c, NULL, NULL, NULL, iv, -1);
            EVP_CipherUpdate(c, buf[i] + 24, &out, buf[i] + 24, (int)n);
            EVP_DigestInit_ex(m, EVP_sha1(), NULL);
            EVP_DigestUpdate(m, buf[i], n + 24);
            EVP_DigestFinal_ex(m, md, NULL);
        }
        rounds++;
    } while ((t = seconds()) - t0 < 0.25);
    EVP_CIPHER_CTX_free(c);
    EVP_MD_CTX_free(m);
    return (t - t0) * 1e9 / (rounds * PACKETS);
}

static double esp(struct esp_key *k, size_t n, bool seal, unsigned batch)
{
    struct esp_job job[PACKETS];
    unsigned rounds = 0;
    double t0 = seconds(), t;
    do {
        for (unsigned i = 0; i < PACKETS; i++)
            job[i] = (struct esp_job){.data = buf[i], .len = (uint32_t)(24 + n + (seal ? 0 : 12))};
        counting = true;
        for (unsigned i = 0; i < PACKETS; i += batch)
            (seal ? esp_seal : esp_open)(k, job + i, batch);
        counting = false;
        rounds++;
    } while ((t = seconds()) - t0 < 0.25);
    return (t - t0) * 1e9 / (rounds * PACKETS);
}

/* Open needs valid packets each time: it decrypts in place, so only the verification of a sealed copy is repeated. */
static double open_packets(struct esp_key *sk, struct esp_key *ok, size_t n)
{
    static uint8_t sealed[PACKETS][2048];
    struct esp_job job[PACKETS];
    for (unsigned i = 0; i < PACKETS; i++) {
        job[i] = (struct esp_job){.data = buf[i], .len = (uint32_t)(24 + n)};
        esp_seal(sk, &job[i], 1);
        memcpy(sealed[i], buf[i], sizeof sealed[i]);
    }
    unsigned rounds = 0, good = 0;
    double copy = 0, t0 = seconds(), t;
    do {
        double c0 = seconds();
        memcpy(buf, sealed, sizeof buf);
        copy += seconds() - c0;
        for (unsigned i = 0; i < PACKETS; i++)
            job[i] = (struct esp_job){.data = buf[i], .len = (uint32_t)(24 + n + 12)};
        counting = true;
        esp_open(ok, job, PACKETS);
        counting = false;
        good += job[PACKETS - 1].ok;
        rounds++;
    } while ((t = seconds()) - t0 < 0.25);
    if (good != rounds)
        exit(1);
    return (t - t0 - copy) * 1e9 / (rounds * PACKETS);
}

int main(void)
{
    static const size_t sizes[] = {80, 528, 1424};
    uint8_t key[64], ak[64];
    struct esp_suite s;
    int rc = 0;
    if (!CRYPTO_set_mem_functions(count_malloc, count_realloc, count_free))
        return 1;
    for (unsigned i = 0; i < 64; i++)
        key[i] = ak[i] = (uint8_t)(i * 7);
    esp_suite_make(&s, CIPHER_AES_CBC, 256, HASH_SHA1);
    struct esp_key *sk = esp_key_new(&s, key, ak, true), *ok = esp_key_new(&s, key, ak, false);
    printf("ESP AES-256-CBC HMAC-SHA-1-96 in process; %s\n", crypto_engine_name());
    printf("%6s %12s %12s %12s %16s %16s %14s\n", "bytes", "seal ns", "seal/1 ns", "open ns", "seal/primitives",
           "open/primitives", "batch gain");
    for (unsigned i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        size_t n = sizes[i];
        double pe = primitives(n, true, key), pd = primitives(n, false, key);
        double a = esp(sk, n, true, PACKETS), one = esp(sk, n, true, 1), b = open_packets(sk, ok, n);
        printf("%6zu %12.0f %12.0f %12.0f %15.2fx %15.2fx %13.2fx\n", n, a, one, b, pe / a, pd / b, one / a);
        if (pe / a < 0.5 || pd / b < 0.4) { /* the shape: nothing but the primitives in the loop */
            printf("floor missed at %zu bytes\n", n);
            rc = 1;
        }
    }
    printf("allocations while sealing and opening: %lu\n", allocations);
    if (allocations) {
        printf("floor missed: keys are not prepared once per SA\n");
        rc = 1;
    }
    esp_key_free(sk);
    esp_key_free(ok);
    return rc;
}
