/* The ESP seam: both engines against whole exchanges of another implementation and against published GCM packets,
 * against each other over every suite, size and batch, and against batches that mix keys, suites and damage. */
#include "modules/crypto/crypto.h"
#include <criterion/criterion.h>
#include <errno.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const enum esp_engine engines[2] = {ESP_ENGINE_OPENSSL, ESP_ENGINE_IPSEC_MB};

/* NULL: this engine is not built in, or not for this CPU. */
static struct esp_worker *worker(enum esp_engine e)
{
    struct esp_worker *w = esp_worker_new();
    cr_assert_not_null(w);
    if (esp_worker_choose(w, e) == 0)
        return w;
    cr_assert_eq(e, ESP_ENGINE_IPSEC_MB);
    esp_worker_free(w);
    return NULL;
}

static size_t unhex(const char *s, uint8_t *out, size_t cap)
{
    size_t n = 0;
    unsigned v;
    while (n < cap && sscanf(s, "%2x", &v) == 1 && s[0] != '\0' && s[1] != '\0') {
        out[n++] = (uint8_t)v;
        s += 2;
    }
    return n;
}

/* ---- ESP against whole exchanges of another implementation ---- */
static char *slurp(const char *path)
{
    FILE *f = fopen(path, "r");
    cr_assert(f != NULL, "%s", path);
    char *s = calloc(1, 65536);
    size_t n = fread(s, 1, 65535, f);
    s[n] = '\0';
    fclose(f);
    return s;
}

static size_t json_hex(const char *from, const char *key, uint8_t *out, size_t cap)
{
    char name[64];
    snprintf(name, sizeof name, "\"%s\"", key);
    const char *p = strstr(from, name);
    cr_assert(p != NULL, "%s", key);
    p = strchr(p + strlen(name), '"');
    return unhex(p + 1, out, cap);
}

static unsigned esp_kat(struct esp_worker *w, const char *name)
{
    char path[128], err[PCAP_ERRBUF_SIZE];
    snprintf(path, sizeof path, "tests/vectors/kat/%s.json", name);
    char *js = slurp(path);
    const char *esp = strstr(js, "\"esp\"");
    cr_assert(esp != NULL);
    struct esp_suite s;
    enum crypto_cipher c = strstr(esp, "3DES_CBC") ? CIPHER_3DES : strstr(esp, "DES_CBC") ? CIPHER_DES : CIPHER_AES_CBC;
    enum crypto_hash h = strstr(esp, "SHA2_256") ? HASH_SHA256 : strstr(esp, "SHA1") ? HASH_SHA1 : HASH_MD5;
    uint8_t ck[2][64], ak[2][64];
    size_t cl = json_hex(esp, "encryption_initiator_key", ck[0], 64);
    json_hex(esp, "encryption_responder_key", ck[1], 64);
    json_hex(esp, "integrity_initiator_key", ak[0], 64);
    json_hex(esp, "integrity_responder_key", ak[1], 64);
    uint8_t spi[2][4];
    const char *in = strstr(esp, "\"inbound\""), *out = strstr(esp, "\"outbound\"");
    json_hex(in, "spi", spi[strncmp(strstr(in, "keys") + 8, "init", 4) == 0 ? 0 : 1], 4);
    json_hex(out, "spi", spi[strncmp(strstr(out, "keys") + 8, "init", 4) == 0 ? 0 : 1], 4);
    cr_assert_eq(esp_suite_make(&s, c, (unsigned)cl * 8, h), 0);
    struct esp_key *open[2], *seal[2];
    for (unsigned i = 0; i < 2; i++) {
        open[i] = esp_key_new(&s, ck[i], ak[i], false);
        seal[i] = esp_key_new(&s, ck[i], ak[i], true);
    }
    snprintf(path, sizeof path, "tests/vectors/kat/%s.pcap", name);
    pcap_t *pc = pcap_open_offline(path, err);
    cr_assert(pc != NULL, "%s", err);
    unsigned done = 0;
    struct pcap_pkthdr *ph;
    const u_char *d;
    while (pcap_next_ex(pc, &ph, &d) == 1) {
        size_t l2 = pcap_datalink(pc) == DLT_EN10MB ? 14 : pcap_datalink(pc) == DLT_LINUX_SLL ? 16 : 0;
        const uint8_t *ip = d + l2, *e = ip + (ip[0] & 15) * 4;
        size_t len = (size_t)((ip[2] << 8) | ip[3]) - (ip[0] & 15) * 4u;
        if (ip[9] == 17) {
            if (len < 16 || e[0] != 0x11 || e[1] != 0x94)
                continue;
            e += 8;
            len -= 8;
            if (memcmp(e, "\0\0\0\0", 4) == 0)
                continue;
        } else if (ip[9] != 50) {
            continue;
        }
        unsigned who = memcmp(e, spi[0], 4) == 0 ? 0 : 1;
        if (memcmp(e, spi[who], 4) != 0)
            continue;
        uint8_t buf[2048];
        memcpy(buf, e, len);
        struct esp_job j = {.data = buf, .len = (uint32_t)len};
        j.key = open[who];
        esp_open(w, &j, 1);
        cr_assert(j.ok, "%s packet %u", name, done);
        uint8_t *tail = buf + len - s.icv_len;
        cr_assert_eq(tail[-1], 4, "next header: IPv4 in tunnel mode");
        for (unsigned i = 0; i < tail[-2]; i++)
            cr_assert_eq(tail[-3 - (int)i], tail[-2] - i, "padding counts up");
        cr_assert_eq(buf[8 + s.iv_len] >> 4, 4);
        j.len = (uint32_t)(len - s.icv_len);
        memset(tail, 0, s.icv_len);
        j.key = seal[who];
        esp_seal(w, &j, 1);
        cr_assert(j.ok);
        cr_assert_eq(memcmp(buf, e, len), 0, "%s packet %u seals to the same bytes", name, done);
        buf[9] ^= 1; /* one bit of the IV */
        j.len = (uint32_t)len;
        j.key = open[who];
        esp_open(w, &j, 1);
        cr_assert(!j.ok);
        done++;
    }
    pcap_close(pc);
    for (unsigned i = 0; i < 2; i++) {
        esp_key_free(open[i]);
        esp_key_free(seal[i]);
    }
    free(js);
    return done;
}

Test(esp, known_answers)
{
    static const char *const names[] = {"psk-3des-md5",        "psk-des-sha1-modp768", "psk-modp1024",
                                        "psk-modp2048",        "psk-modp768",          "psk-pfs1024",
                                        "psk-sha256-modp2048", "raw-psk-modp1024",     "raw-rsa-modp2048",
                                        "rsa-modp1024",        "psk-aggressive"};
    for (unsigned e = 0; e < 2; e++) {
        struct esp_worker *w = worker(engines[e]);
        for (unsigned i = 0; w != NULL && i < sizeof names / sizeof *names; i++)
            cr_assert_eq(esp_kat(w, names[i]), 6, "%s: three pings, both ways", names[i]);
        esp_worker_free(w);
    }
}

/* Packets of draft-mcgrew-gcm-test: key with salt, whole packet, plaintext. */
Test(esp, gcm_known_answers)
{
    static const struct {
        const char *key, *packet, *plain;
    } t[] = {
        {"feffe9928665731c6d6a8f9467308308cafebabe",
         "0000a5f80000000afacedbaddecaf888deb22cd9b07c72c16e3a65beeb8df304a5a5897d33ae530f1ba76d5d114d2a5c"
         "3de81827c10e9a4f51330d0eec416642cfbb85a5b47e48a4ec3b9ba95d918bd183b70d3aa8bc6ee4c309e9d85a41ad4a",
         "4500003e698f000080114dccc0a80102c0a801010a980035002a2343b2d0010000010000000000000373697009637962"
         "65726369747902646b00000100010001"},
        {"feffe9928665731c6d6a8f9467308308feffe9928665731ccafebabe",
         "0000a5f80000000afacedbaddecaf888a5b1f8066029aea40e598b8122de02420938b3ab33f828e687b8858b5bfbdbd0"
         "315b27452144cc7795457b9652037f5318027b5b4cd7a636",
         "45000028a4ad4000400678800a01038f0a010612802306b8cb712602dd6bb03e501016d075680001"},
        {"abbccddef00112233445566778899aababbccddef00112233445566778899aab11223344",
         "4a2cbfe3000000020102030405060708ff425c9b724599df7a3bcd510194e00d6a78107f1b0b1cbf06efae9d65a5d763"
         "748a637985771d347f0545659f14e99def842d8eb335f4eecfdbf831824b4c4915956c96",
         "4500003069a6400080062690c0a801029389155e0a9e008b2dc57ee0000000007002400020bf0000020405b40101040201020201"},
        {"7d773d00c144c525ac619d18c84a3f47d9664267",
         "335467aeffffffff43457e9182443bc6437f866bcb3f699fe9b0822bac961c45"
         "04bef270",
         "01020201"},
    };
    for (unsigned e = 0; e < 2; e++) {
        struct esp_worker *w = worker(engines[e]);
        for (unsigned i = 0; w != NULL && i < sizeof t / sizeof *t; i++) {
            uint8_t key[64], pkt[256], plain[256];
            size_t kl = unhex(t[i].key, key, sizeof key), n = unhex(t[i].packet, pkt, sizeof pkt);
            size_t pl = unhex(t[i].plain, plain, sizeof plain);
            struct esp_suite s;
            cr_assert_eq(esp_suite_make(&s, CIPHER_AES_GCM, (unsigned)(kl - 4) * 8, HASH_NONE), 0);
            cr_assert(s.key_len == kl && s.icv_len == 16 && s.iv_len == 8 && s.block == 4 && s.iv_random == 0);
            cr_assert_eq(n, 8 + 8 + pl + 16);
            struct esp_key *k = esp_key_new(&s, key, NULL, false);
            for (unsigned bit = 0; bit < 8 * n + 1; bit++) { /* last: unharmed */
                uint8_t buf[256];
                memcpy(buf, pkt, n);
                if (bit < 8 * n)
                    buf[bit / 8] ^= (uint8_t)(1u << bit % 8);
                struct esp_job j = {.key = k, .data = buf, .len = (uint32_t)n};
                esp_open(w, &j, 1);
                cr_assert_eq(j.ok, bit == 8 * n, "engine %u case %u bit %u", e, i, bit);
                if (j.ok)
                    cr_assert_eq(memcmp(buf + 16, plain, pl), 0, "engine %u case %u", e, i);
            }
            esp_key_free(k);
        }
        esp_worker_free(w);
    }
}

static const struct kind {
    enum crypto_cipher c;
    unsigned bits;
} ciphers[] = {{CIPHER_NULL, 0},      {CIPHER_DES, 0},       {CIPHER_3DES, 0},
               {CIPHER_AES_CBC, 128}, {CIPHER_AES_CBC, 192}, {CIPHER_AES_CBC, 256},
               {CIPHER_AES_GCM, 128}, {CIPHER_AES_GCM, 192}, {CIPHER_AES_GCM, 256}};
enum { CIPHERS = sizeof ciphers / sizeof *ciphers, HASHES = HASH_SHA512 + 1, MANY = 64, ROOM = 1792 };

static void fill(uint8_t *p, size_t n, uint32_t seed)
{
    for (size_t i = 0; i < n; i++) {
        seed = seed * 1664525u + 1013904223u;
        p[i] = (uint8_t)(seed >> 24);
    }
}

static uint8_t clear[MANY][ROOM], by[2][MANY][ROOM];

/* One batch through an engine; the packets lie in by[e]. */
static void through(struct esp_worker *w, struct esp_key *const *keys, const uint32_t *len, unsigned e, unsigned n,
                    bool seal)
{
    struct esp_job j[MANY];
    for (unsigned i = 0; i < n; i++)
        j[i] = (struct esp_job){.key = keys[i], .data = by[e][i], .len = len[i]};
    (seal ? esp_seal : esp_open)(w, j, n);
    for (unsigned i = 0; i < n; i++)
        cr_assert(j[i].ok, "engine %u, %s, packet %u of %u", e, seal ? "seal" : "open", i, n);
}

/* Seals the same n packets with both engines, compares, opens each with the other engine. */
static void compare(struct esp_worker *w[2], struct esp_key *const *seal, struct esp_key *const *open,
                    const struct esp_suite *const *s, const uint32_t *body, unsigned n)
{
    uint32_t len[MANY] = {0};
    for (unsigned i = 0; i < n; i++) {
        len[i] = 8u + s[i]->iv_len + body[i];
        memset(clear[i], 0xa5, ROOM);
        fill(clear[i], len[i], body[i] * 65537u + i);
        memcpy(by[0][i], clear[i], ROOM);
        memcpy(by[1][i], clear[i], ROOM);
    }
    for (unsigned e = 0; e < 2; e++)
        through(w[e], seal, len, e, n, true);
    for (unsigned i = 0; i < n; i++) {
        cr_assert_arr_eq(by[0][i], by[1][i], ROOM, "cipher %d hash %d body %u, packet %u of %u", s[i]->cipher,
                         s[i]->auth, body[i], i, n);
        for (unsigned x = len[i] + s[i]->icv_len; x < ROOM; x++)
            cr_assert_eq(by[0][i][x], 0xa5, "nothing is written behind the ICV");
        if (s[i]->cipher != CIPHER_NULL && body[i] >= 8)
            cr_assert(memcmp(by[0][i] + 8 + s[i]->iv_len, clear[i] + 8 + s[i]->iv_len, 8) != 0, "it is encrypted");
        if (s[i]->cipher == CIPHER_AES_GCM) { /* the sequence number is the IV */
            static const uint8_t zero[4];
            cr_assert(memcmp(by[0][i] + 8, zero, 4) == 0 && memcmp(by[0][i] + 12, by[0][i] + 4, 4) == 0);
            memcpy(clear[i] + 8, by[0][i] + 8, 8);
        }
        len[i] += s[i]->icv_len;
    }
    for (unsigned e = 0; e < 2; e++)
        through(w[1 - e], open, len, e, n, false);
    for (unsigned i = 0; i < n; i++)
        for (unsigned e = 0; e < 2; e++)
            cr_assert_arr_eq(by[e][i], clear[i], len[i] - s[i]->icv_len, "opened by the other engine");
}

struct pair {
    struct esp_suite s;
    struct esp_key *seal, *open;
};

static void pair_make(struct pair *p, unsigned cipher, unsigned hash, uint32_t seed)
{
    uint8_t key[64], ak[64];
    fill(key, 64, seed);
    fill(ak, 64, seed + 1);
    cr_assert_eq(esp_suite_make(&p->s, ciphers[cipher].c, ciphers[cipher].bits, (enum crypto_hash)hash), 0);
    p->seal = esp_key_new(&p->s, key, ak, true);
    p->open = esp_key_new(&p->s, key, ak, false);
    cr_assert(p->seal != NULL && p->open != NULL);
}

static void pair_free(struct pair *p)
{
    esp_key_free(p->seal);
    esp_key_free(p->open);
}

static bool legal(unsigned cipher, unsigned hash)
{
    return ciphers[cipher].c == CIPHER_NULL ? hash != HASH_NONE
                                            : ciphers[cipher].c != CIPHER_AES_GCM || hash == HASH_NONE;
}

/* Without IPsec-MB the second one is OpenSSL again: batches against themselves. */
static void both(struct esp_worker *w[2])
{
    w[0] = worker(ESP_ENGINE_OPENSSL);
    w[1] = worker(ESP_ENGINE_IPSEC_MB);
    if (w[1] == NULL)
        w[1] = worker(ESP_ENGINE_AUTO);
}

/* Every suite with every length of body up to 1504 bytes, 61 different ones at a time. */
Test(esp, engines_agree_on_sizes, .timeout = 300)
{
    struct esp_worker *w[2];
    both(w);
    for (unsigned c = 0; c < CIPHERS; c++)
        for (unsigned h = 0; h < HASHES; h++) {
            if (!legal(c, h))
                continue;
            struct pair p;
            pair_make(&p, c, h, 7 * c + h);
            struct esp_key *seal[MANY], *open[MANY];
            const struct esp_suite *s[MANY];
            uint32_t body[MANY];
            unsigned n = 0;
            for (unsigned i = 0; i < MANY; i++)
                seal[i] = p.seal, open[i] = p.open, s[i] = &p.s;
            for (uint32_t b = p.s.block; b <= 1504; b += p.s.block) {
                body[n++] = b;
                if (n == 61 || b + p.s.block > 1504) {
                    compare(w, seal, open, s, body, n);
                    n = 0;
                }
            }
            pair_free(&p);
        }
    esp_worker_free(w[0]);
    esp_worker_free(w[1]);
}

/* Every batch from 1 to 64 with ragged sizes. */
Test(esp, engines_agree_on_batches, .timeout = 300)
{
    struct esp_worker *w[2];
    both(w);
    for (unsigned c = 0; c < CIPHERS; c++)
        for (unsigned h = 0; h < HASHES; h++) {
            if (!legal(c, h))
                continue;
            struct pair p;
            pair_make(&p, c, h, 11 * c + h);
            for (unsigned n = 1; n <= MANY; n++) {
                struct esp_key *seal[MANY], *open[MANY];
                const struct esp_suite *s[MANY];
                uint32_t body[MANY];
                for (unsigned i = 0; i < n; i++) {
                    seal[i] = p.seal, open[i] = p.open, s[i] = &p.s;
                    body[i] = p.s.block * (1 + (i * 37 + n * 5) % (400u / p.s.block));
                }
                compare(w, seal, open, s, body, n);
            }
            pair_free(&p);
        }
    esp_worker_free(w[0]);
    esp_worker_free(w[1]);
}

/* Jobs of many SAs and suites, interleaved: what a vector of a hub's packets looks like. */
Test(esp, a_batch_of_many_keys, .timeout = 300)
{
    static struct pair p[40];
    struct esp_worker *w[2];
    unsigned pairs = 0;
    both(w);
    for (unsigned c = 0; c < CIPHERS; c++)
        for (unsigned h = 0; h < HASHES; h++)
            if (legal(c, h) && pairs < 40)
                pair_make(&p[pairs++], c, h, 13 * c + h);
    for (uint32_t round = 0; round < 200; round++) {
        struct esp_key *seal[MANY], *open[MANY];
        const struct esp_suite *s[MANY];
        uint32_t body[MANY];
        unsigned n = 1 + round * 7 % MANY, few = 1 + round % 5; /* of a few suites, or of all */
        for (unsigned i = 0; i < n; i++) {
            uint8_t r[2];
            fill(r, 2, round * 64 + i);
            const struct pair *x = &p[round % 3 == 0 ? r[0] % pairs : (round + r[0] % few) % pairs];
            seal[i] = x->seal, open[i] = x->open, s[i] = &x->s;
            body[i] = x->s.block * (1 + r[1] % (1400u / x->s.block));
        }
        compare(w, seal, open, s, body, n);
        if (round % 10 == 0)
            esp_worker_forget(w[round / 10 % 2]);
    }
    struct esp_worker_view v;
    esp_worker_view(w[0], &v);
    cr_assert(v.openssl > 0 && v.ipsec_mb == 0 && strncmp(v.engine, "OpenSSL 3", 9) == 0, "%s", v.engine);
    esp_worker_view(w[1], &v);
    if (v.multi_buffer)
        cr_assert(v.ipsec_mb > 0 && strncmp(v.engine, "Intel IPsec-MB ", 15) == 0, "%s", v.engine);
    for (unsigned i = 0; i < pairs; i++)
        pair_free(&p[i]);
    esp_worker_free(w[0]);
    esp_worker_free(w[1]);
}

/* Of a batch, exactly the damaged packets are refused, and what CBC refuses is not decrypted either. */
Test(esp, damage_stays_where_it_is, .timeout = 300)
{
    for (unsigned e = 0; e < 2; e++) {
        struct esp_worker *w = worker(engines[e]);
        for (unsigned c = 0; w != NULL && c < CIPHERS; c++)
            for (unsigned h = 0; h < HASHES; h++) {
                struct pair p;
                struct esp_job j[MANY];
                static uint8_t sealed[ROOM];
                if (!legal(c, h) || (h == HASH_NONE && ciphers[c].c != CIPHER_AES_GCM))
                    continue;
                pair_make(&p, c, h, 17 * c + h);
                for (unsigned round = 0; round < 20; round++) {
                    for (unsigned i = 0; i < MANY; i++) {
                        uint32_t len = 8u + p.s.iv_len + p.s.block * (1 + (i + round) % 20);
                        fill(by[0][i], len, i);
                        j[i] = (struct esp_job){.key = p.seal, .data = by[0][i], .len = len};
                    }
                    esp_seal(w, j, MANY);
                    for (unsigned i = 0; i < MANY; i++) {
                        cr_assert(j[i].ok);
                        j[i].key = p.open;
                        j[i].len += p.s.icv_len;
                        if (i % 5 == round % 5)
                            by[0][i][(i * 31 + round) % j[i].len] ^= (uint8_t)(1u << round % 8);
                    }
                    memcpy(sealed, by[0][round % 5], ROOM);
                    esp_open(w, j, MANY);
                    for (unsigned i = 0; i < MANY; i++)
                        cr_assert_eq(j[i].ok, i % 5 != round % 5, "engine %u cipher %u hash %u packet %u", e, c, h, i);
                    if (ciphers[c].c != CIPHER_AES_GCM)
                        cr_assert_arr_eq(by[0][round % 5], sealed, j[round % 5].len);
                }
                pair_free(&p);
            }
        esp_worker_free(w);
    }
}

/* Longer than a lane of IPsec-MB counts: a packet that is fragmented after encryption. */
Test(esp, long_packets)
{
    static uint8_t a[66000], b[66000];
    struct esp_worker *w[2];
    both(w);
    for (unsigned c = 0; c < CIPHERS; c++) {
        struct pair p;
        pair_make(&p, c, ciphers[c].c == CIPHER_AES_GCM ? HASH_NONE : HASH_SHA1, c);
        for (uint32_t body = 16000; body <= 65280; body += 7040) {
            uint32_t len = 8u + p.s.iv_len + body;
            fill(a, len, body);
            memcpy(b, a, len);
            struct esp_job x = {.key = p.seal, .data = a, .len = len}, y = {.key = p.seal, .data = b, .len = len};
            esp_seal(w[0], &x, 1);
            esp_seal(w[1], &y, 1);
            cr_assert(x.ok && y.ok && memcmp(a, b, len + p.s.icv_len) == 0, "cipher %u body %u", c, body);
            x.key = p.open;
            x.len += p.s.icv_len;
            esp_open(w[1], &x, 1);
            cr_assert(x.ok);
        }
        pair_free(&p);
    }
    esp_worker_free(w[0]);
    esp_worker_free(w[1]);
}

Test(esp, impossible_lengths_and_keys)
{
    struct esp_suite s;
    static const uint8_t key[64] = {1};
    cr_assert_neq(esp_suite_make(&s, CIPHER_AES_CBC, 100, HASH_SHA1), 0);
    cr_assert_neq(esp_suite_make(&s, CIPHER_AES_GCM, 0, HASH_NONE), 0);
    cr_assert_neq(esp_suite_make(&s, CIPHER_AES_GCM, 256, HASH_SHA1), 0);
    cr_assert_neq(esp_suite_make(&s, CIPHER_NULL, 0, HASH_NONE), 0);
    for (unsigned e = 0; e < 2; e++) {
        struct esp_worker *w = worker(engines[e]);
        for (unsigned c = 0; w != NULL && c < CIPHERS; c++) {
            uint8_t buf[256] = {0};
            enum crypto_hash h = ciphers[c].c == CIPHER_AES_GCM ? HASH_NONE : HASH_SHA1;
            cr_assert_eq(esp_suite_make(&s, ciphers[c].c, ciphers[c].bits, h), 0);
            struct esp_key *open = esp_key_new(&s, key, key, false), *seal = esp_key_new(&s, key, key, true);
            for (uint32_t n = 0; n < 200; n++) {
                struct esp_job j[5];
                memset(buf, 0, sizeof buf);
                for (unsigned i = 0; i < 5; i++)
                    j[i] = (struct esp_job){.key = open, .data = buf, .len = n, .ok = true};
                esp_open(w, j, 5);
                for (unsigned i = 0; i < 5; i++)
                    cr_assert(!j[i].ok);
                j[0] = (struct esp_job){.key = seal, .data = buf, .len = n};
                esp_seal(w, j, 1);
                cr_assert_eq(j[0].ok, n >= 8u + s.iv_len + s.block && (n - 8u - s.iv_len) % s.block == 0);
                j[0] = (struct esp_job){.key = open, .data = buf, .len = n};
                esp_seal(w, j, 1);
                cr_assert(!j[0].ok, "a key has one direction");
            }
            esp_key_free(open);
            esp_key_free(seal);
        }
        esp_worker_free(w);
    }
}
