/* In-process ESP seal and open of both engines against `openssl speed` on the same core in the same run: acceptance
 * line 7, what surrounds it (open, GCM, sizes, batches, many SAs in one batch), and the crypto side of line 10: memory
 * of a pair of SAs. Ratios from three interleaved rounds, medians. Exits 1 when a floor is missed. */
#include "modules/crypto/crypto.h"
#include "modules/ipsec/ipsec_internal.h"
#include <malloc.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { PACKETS = 64, ROUNDS = 3, PAIRS = 10000 };
static int rc;

/* Everything the process allocates, libraries included: nothing may be while packets are sealed and opened. */
static unsigned long allocations;
static bool counting;
extern void *__libc_malloc(size_t n);
void *malloc(size_t n)
{
    allocations += counting;
    return __libc_malloc(n);
}

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static double median(double v[ROUNDS])
{
    qsort(v, ROUNDS, sizeof *v, by_value);
    return v[ROUNDS / 2];
}

static void verdict(const char *what, double ratio, double bar, double aim, bool at_most)
{
    bool ok = at_most ? ratio <= bar : ratio >= bar;
    printf("%s ratio %.2f floor %g aim %g %s\n", what, ratio, bar, aim, ok ? "ok" : "MISSED");
    if (!ok)
        rc = 1;
}

/* ---- packets as the data path has them: inner packet in place, header, IV and trailer written per packet ---- */
static uint8_t buf[PACKETS][2048], kept[PACKETS][2048], iv_pool[8192];
static unsigned iv_left;
static uint32_t seq;

static uint32_t encapsulate(uint8_t *p, const struct esp_suite *s, uint32_t inner)
{
    uint32_t pad = (s->block - (inner + 2) % s->block) % s->block, head = 8u + s->iv_len;
    seq++;
    memcpy(p + 4, &seq, 4);
    if (iv_left < s->iv_random)
        iv_left = sizeof iv_pool;
    iv_left -= s->iv_random;
    memcpy(p + 8, iv_pool + iv_left, s->iv_random);
    for (uint32_t i = 0; i < pad; i++)
        p[head + inner + i] = (uint8_t)(i + 1);
    p[head + inner + pad] = (uint8_t)pad;
    p[head + inner + pad + 1] = 4;
    return head + inner + pad + 2;
}

/* ns per packet; the keys take turns. */
static double seal(struct esp_worker *w, const struct esp_suite *s, struct esp_key *const *keys, unsigned n_keys,
                   uint32_t inner, unsigned batch)
{
    struct esp_job job[PACKETS];
    unsigned rounds = 0, turn = 0;
    double t0 = seconds(), t;
    counting = true;
    do {
        for (unsigned i = 0; i < PACKETS; i += batch) {
            for (unsigned x = i; x < i + batch; x++, turn = turn + 1 < n_keys ? turn + 1 : 0)
                job[x] = (struct esp_job){.key = keys[turn], .data = buf[x], .len = encapsulate(buf[x], s, inner)};
            esp_seal(w, job + i, batch);
        }
        rounds++;
    } while ((rounds & 15) != 0 || (t = seconds()) - t0 < 0.1);
    counting = false;
    return (t - t0) * 1e9 / (rounds * PACKETS);
}

/* Packets are decrypted in place, so they are laid out anew each round; that time is taken off. */
static double open_packets(struct esp_worker *w, const struct esp_suite *s, struct esp_key *sk, struct esp_key *ok,
                           uint32_t inner, unsigned batch)
{
    struct esp_job job[PACKETS];
    uint32_t len = 0;
    for (unsigned i = 0; i < PACKETS; i++) {
        len = encapsulate(buf[i], s, inner);
        job[i] = (struct esp_job){.key = sk, .data = buf[i], .len = len};
        esp_seal(w, &job[i], 1);
        memcpy(kept[i], buf[i], sizeof kept[i]);
    }
    unsigned rounds = 0, bad = 0;
    double copy = 0, t0 = seconds(), t;
    counting = true;
    do {
        double c0 = seconds();
        for (unsigned i = 0; i < PACKETS; i++)
            memcpy(buf[i], kept[i], len + s->icv_len);
        copy += seconds() - c0;
        for (unsigned i = 0; i < PACKETS; i += batch) {
            for (unsigned x = i; x < i + batch; x++)
                job[x] = (struct esp_job){.key = ok, .data = buf[x], .len = len + s->icv_len};
            esp_open(w, job + i, batch);
        }
        bad += !job[rounds % PACKETS].ok;
        rounds++;
    } while ((t = seconds()) - t0 - copy < 0.1);
    counting = false;
    if (bad != 0) {
        printf("packets do not open: MISSED\n");
        rc = 1;
    }
    return (t - t0 - copy) * 1e9 / (rounds * PACKETS);
}

/* Bytes per second of `openssl speed -bytes 1408 -evp NAME` on this core; 0: no openssl. */
static double openssl_speed(const char *name)
{
    char cmd[160], line[256];
    double v = 0;
    snprintf(cmd, sizeof cmd, "openssl speed -mr -seconds 1 -bytes 1408 -evp %s 2>/dev/null", name);
    FILE *f = popen(cmd, "r");
    while (f != NULL && fgets(line, sizeof line, f) != NULL)
        if (strncmp(line, "+F:", 3) == 0)
            v = strtod(strrchr(line, ':') + 1, NULL);
    if (f != NULL)
        pclose(f);
    return v;
}

struct sas {
    struct esp_suite s;
    struct esp_key *seal[PACKETS], *open[PACKETS];
};

static void sas_make(struct sas *k, enum crypto_cipher c, unsigned bits, enum crypto_hash h)
{
    uint8_t key[64], ak[64];
    esp_suite_make(&k->s, c, bits, h);
    for (unsigned i = 0; i < PACKETS; i++) {
        for (unsigned x = 0; x < 64; x++)
            key[x] = ak[x] = (uint8_t)(x * 7 + i * 3);
        k->seal[i] = esp_key_new(&k->s, key, ak, true);
        k->open[i] = esp_key_new(&k->s, key, ak, false);
    }
}

static void sas_free(struct sas *k)
{
    for (unsigned i = 0; i < PACKETS; i++) {
        esp_key_free(k->seal[i]);
        esp_key_free(k->open[i]);
    }
}

/* ---- line 7 ---- */
static void line7(struct esp_worker *w, struct sas *k, bool multi)
{
    static const enum esp_engine engine[2] = {ESP_ENGINE_OPENSSL, ESP_ENGINE_AUTO};
    double s[2][ROUNDS], o[2][ROUNDS], h[2][ROUNDS];
    for (unsigned r = 0; r < ROUNDS; r++) {
        double speed = openssl_speed("aes-256-cbc-hmac-sha1");
        if (speed == 0) {
            printf("skipped: line 7: no openssl program, or it has no aes-256-cbc-hmac-sha1\n");
            return;
        }
        for (unsigned e = 0; e < 2; e++) { /* 1400 bytes of packet count, 1408 are encrypted, 1432 authenticated */
            esp_worker_choose(w, engine[e]);
            s[e][r] = 1400e9 / seal(w, &k->s, k->seal, 1, 1400, 32) / speed;
            h[e][r] = 1400e9 / seal(w, &k->s, k->seal, 32, 1400, 32) / speed;
            o[e][r] = 1400e9 / open_packets(w, &k->s, k->seal[0], k->open[0], 1400, 32) / speed;
        }
    }
    verdict("line 7: seal of 1400 bytes, batch of 32, OpenSSL / openssl speed", median(s[0]), 0.85, 0.98, false);
    if (multi)
        verdict("line 7: seal of 1400 bytes, batch of 32, multi-buffer / openssl speed", median(s[1]), 2, 2.6, false);
    else
        printf("skipped: line 7 with multi-buffer: no IPsec-MB in this build or on this CPU\n");
    printf("        open: OpenSSL %.2f%s", median(o[0]), multi ? "" : "\n");
    if (multi)
        printf(", multi-buffer %.2f\n", median(o[1]));
    printf("        seal, 32 SAs in the batch of 32: OpenSSL %.2f%s", median(h[0]), multi ? "" : "\n");
    if (multi)
        printf(", multi-buffer %.2f\n", median(h[1]));
}

/* ---- tables ---- */
static void batches(struct esp_worker *w, struct sas *k, bool multi)
{
    static const uint32_t sizes[] = {64, 1400};
    printf("\nns per packet%22s", "");
    for (unsigned b = 1; b <= 64; b *= 2)
        printf(" %6u", b);
    printf("  in a batch\n");
    for (unsigned i = 0; i < 2; i++)
        for (unsigned open = 0; open < 2; open++)
            for (unsigned e = 0; e < (multi ? 3u : 1u); e++) {
                static const enum esp_engine choice[3] = {ESP_ENGINE_OPENSSL, ESP_ENGINE_IPSEC_MB, ESP_ENGINE_AUTO};
                static const char *const name[3] = {"OpenSSL", "multi-buffer", "automatic"};
                esp_worker_choose(w, choice[e]);
                printf("%4u bytes, %s, %-12s%8s", sizes[i], open ? "open" : "seal", name[e], "");
                for (unsigned b = 1; b <= 64; b *= 2)
                    printf(" %6.0f", open ? open_packets(w, &k->s, k->seal[0], k->open[0], sizes[i], b)
                                          : seal(w, &k->s, k->seal, 1, sizes[i], b));
                printf("\n");
            }
}

/* SAs that take turns, packet by packet: what a batch costs whose keys are not the last ones. */
static void many(struct esp_worker *w, bool multi)
{
    static struct esp_key *keys[PAIRS];
    static const unsigned counts[] = {1, 10, 100, 1000, PAIRS};
    struct esp_suite s;
    uint8_t key[64] = {0};
    esp_suite_make(&s, CIPHER_AES_CBC, 256, HASH_SHA1);
    for (unsigned i = 0; i < PAIRS; i++) {
        memcpy(key, &i, sizeof i);
        keys[i] = esp_key_new(&s, key, key, true);
    }
    printf("\nns per packet, batch of 64, SAs in turn ");
    for (unsigned n = 0; n < sizeof counts / sizeof *counts; n++)
        printf(" %6u", counts[n]);
    printf("  SAs\n");
    for (unsigned e = 0; e < (multi ? 2u : 1u); e++)
        for (uint32_t size = 64; size <= 1400; size += 1336) {
            esp_worker_choose(w, e != 0 ? ESP_ENGINE_AUTO : ESP_ENGINE_OPENSSL);
            printf("%4u bytes, seal, %-12s%10s", size, e != 0 ? "automatic" : "OpenSSL", "");
            for (unsigned n = 0; n < sizeof counts / sizeof *counts; n++)
                printf(" %6.0f", seal(w, &s, keys, counts[n], size, 64));
            printf("\n");
        }
    for (unsigned i = 0; i < PAIRS; i++)
        esp_key_free(keys[i]);
}

static void suites(struct esp_worker *w, bool multi)
{
    static const struct {
        const char *name;
        enum crypto_cipher c;
        unsigned bits;
        enum crypto_hash h;
    } t[] = {{"esp-aes 256 esp-sha-hmac", CIPHER_AES_CBC, 256, HASH_SHA1},
             {"esp-aes 256 esp-sha256-hmac", CIPHER_AES_CBC, 256, HASH_SHA256},
             {"esp-aes 256 esp-sha512-hmac", CIPHER_AES_CBC, 256, HASH_SHA512},
             {"esp-gcm 128", CIPHER_AES_GCM, 128, HASH_NONE},
             {"esp-gcm 256", CIPHER_AES_GCM, 256, HASH_NONE},
             {"esp-3des esp-md5-hmac", CIPHER_3DES, 0, HASH_MD5},
             {"esp-null esp-sha-hmac", CIPHER_NULL, 0, HASH_SHA1}};
    printf("\nGb/s of 1400-byte packets, batch of 32      seal     open%s\n", multi ? "   of OpenSSL alone" : "");
    for (unsigned i = 0; i < sizeof t / sizeof *t; i++) {
        static struct sas k;
        double v[2][2];
        sas_make(&k, t[i].c, t[i].bits, t[i].h);
        for (unsigned e = 0; e < 2; e++) {
            esp_worker_choose(w, e != 0 ? ESP_ENGINE_AUTO : ESP_ENGINE_OPENSSL);
            v[e][0] = 1400 * 8 / seal(w, &k.s, k.seal, 1, 1400, 32);
            v[e][1] = 1400 * 8 / open_packets(w, &k.s, k.seal[0], k.open[0], 1400, 32);
        }
        printf("%-38s %8.1f %8.1f", t[i].name, v[1][0], v[1][1]);
        if (multi)
            printf("   x%.1f x%.1f", v[1][0] / v[0][0], v[1][1] / v[0][1]);
        printf("\n");
        sas_free(&k);
    }
}

/* ---- line 10, its memory: pairs as IKE installs them, each to another peer ---- */
static struct link *no_link(void *ctx, struct router *r, const char *ifname, uint16_t mtu)
{
    (void)ctx, (void)r, (void)ifname, (void)mtu;
    return NULL;
}

static void no_reload(void *ctx, struct router *r, const char *reason)
{
    (void)ctx, (void)r, (void)reason;
}

static size_t in_use(void)
{
    struct mallinfo2 m = mallinfo2();
    return m.uordblks + m.hblkhd;
}

static struct router *router_up(struct loop *loop, struct rng *rng, struct storage *storage)
{
    static struct router_host host = {.open_link = no_link, .reload = no_reload};
    struct router_opts o = {
        .name = "bench", .loop = loop, .rng = rng, .storage = storage, .host = &host, .incarnation = 1};
    struct router *r = router_new(&o);
    struct ipsec *st = ipsec_of(r);
    struct netif *nif = netif_get(r, "Ethernet1/1");
    struct addr a = addr_v4(0x0a010bfe);
    netif_addr_add(nif, &a, 16, false);
    snprintf(ipsec_entry_find(ipsec_map_get(&st->maps, "vpn"), 10, true)->dynamic, 64, "dyn1");
    ipsec_entry_find(ipsec_map_get(&st->dynmaps, "dyn1"), 10, true);
    ipsec_binding_set(st, nif, "vpn", "", false);
    router_start(r);
    return r;
}

static bool install(struct router *r, uint32_t i, enum crypto_cipher c, enum crypto_hash h)
{
    static struct ipsec_pair p;
    struct addr local = addr_v4(0x0a010bfe), peer = addr_v4(0x0b000000 + i), net = addr_v4(0x0a020000);
    memset(&p, 0, sizeof p);
    p.in_spi = 0x10000000 + i;
    p.out_spi = 0x20000000 + i;
    p.life_s = 3600;
    p.prop.local = local;
    p.prop.peer = peer;
    p.prop.seq = 10;
    snprintf(p.prop.map, sizeof p.prop.map, "vpn");
    snprintf(p.prop.dynamic_map, sizeof p.prop.dynamic_map, "dyn1");
    p.prop.dynamic_seq = 10;
    snprintf(p.prop.interface, sizeof p.prop.interface, "Ethernet1/1");
    p.prop.ident.local = prefix_make(&net, 16);
    p.prop.ident.remote = prefix_make(&peer, 32);
    p.prop.transforms[0] = (struct ipsec_transform){.cipher = c, .key_bits = 256, .auth = h};
    p.prop.n_transforms = 1;
    memset(&p.in, (int)i, sizeof p.in);
    memset(&p.out, (int)i + 1, sizeof p.out);
    return ipsec_pair_install(r, &p, 0) == 0;
}

static double pair_bytes(enum crypto_cipher c, enum crypto_hash h, double *keys)
{
    struct esp_suite s;
    static struct esp_key *k[2 * PAIRS];
    uint8_t key[64] = {1};
    esp_suite_make(&s, c, 256, h);
    size_t before = in_use();
    for (unsigned i = 0; i < 2 * PAIRS; i++)
        k[i] = esp_key_new(&s, key, key, i & 1);
    *keys = (double)(in_use() - before) / PAIRS;
    for (unsigned i = 0; i < 2 * PAIRS; i++)
        esp_key_free(k[i]);
    struct loop *loop = loop_new_sim(0);
    struct rng *rng = rng_new_seeded(1, "bench", 1);
    struct storage storage;
    storage_open_memory(&storage);
    struct router *r = router_up(loop, rng, &storage);
    double v = 0;
    if (!install(r, 0, c, h))
        printf("a pair is refused: MISSED\n");
    before = in_use();
    unsigned n = 0;
    while (n < PAIRS && install(r, n + 1, c, h))
        n++;
    if (n == PAIRS)
        v = (double)(in_use() - before) / PAIRS;
    router_free(r);
    storage_close(&storage);
    rng_free(rng);
    loop_free(loop);
    return v;
}

static void line10(void)
{
    double keys, v = pair_bytes(CIPHER_AES_CBC, HASH_SHA1, &keys);
    char what[120];
    snprintf(what, sizeof what,
             "line 10: KB per SA pair of %u (AES-256, SHA-1), IKE apart (keys %.0f of %.0f bytes):", PAIRS, keys, v);
    verdict(what, v > 0 ? v / 1024 : 99, 4, 3, true);
    v = pair_bytes(CIPHER_AES_GCM, HASH_NONE, &keys);
    printf("        with GCM: %.1f KB (keys %.0f bytes)\n", v / 1024, keys);
}

int main(void)
{
    static struct sas k;
    struct esp_worker_view v;
    cpu_set_t one;
    CPU_ZERO(&one); /* ours and openssl speed, which inherits it, on the same core */
    CPU_SET(sched_getcpu() > 0 ? sched_getcpu() : 0, &one);
    sched_setaffinity(0, sizeof one, &one);
    struct esp_worker *w = esp_worker_new();
    if (w == NULL)
        return 1;
    esp_worker_view(w, &v);
    printf("ESP AES-256-CBC HMAC-SHA-1-96 in process; %s\n", v.engine);
    sas_make(&k, CIPHER_AES_CBC, 256, HASH_SHA1);
    line7(w, &k, v.multi_buffer);
    line10();
    batches(w, &k, v.multi_buffer);
    many(w, v.multi_buffer);
    suites(w, v.multi_buffer);
    printf("\nallocations while sealing and opening: %lu%s\n", allocations, allocations != 0 ? " MISSED" : "");
    if (allocations != 0)
        rc = 1;
    sas_free(&k);
    esp_worker_free(w);
    return rc;
}
