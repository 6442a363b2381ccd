/* modules/crypto against published vectors (NIST CAVS, RFC 2202, RFC 4231), known-answer IKEv1/ESP exchanges, and
 * itself: batches of every size must give what single packets give. */
#include "modules/crypto/crypto.h"
#include <criterion/criterion.h>
#include <errno.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

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

/* "NAME = hex" of a vector file. */
static bool field(const char *line, const char *name, uint8_t *out, size_t *len, size_t cap)
{
    size_t n = strlen(name);
    if (strncmp(line, name, n) != 0 || strncmp(line + n, " = ", 3) != 0)
        return false;
    *len = unhex(line + n + 3, out, cap);
    return true;
}

static void hmac_file(const char *path, enum crypto_hash h)
{
    FILE *f = fopen(path, "r");
    cr_assert(f != NULL, "%s", path);
    static char line[8192];
    uint8_t key[512], msg[2048], md[64], got[64];
    size_t klen = 0, mlen = 0, dlen = 0;
    unsigned done = 0;
    while (fgets(line, sizeof line, f) != NULL) {
        field(line, "Key", key, &klen, sizeof key);
        field(line, "Msg", msg, &mlen, sizeof msg);
        if (field(line, "MD", md, &dlen, sizeof md)) {
            struct crypto_part parts[2] = {{msg, mlen / 2}, {msg + mlen / 2, mlen - mlen / 2}};
            cr_assert_eq(crypto_hmac(h, key, klen, parts, 2, got), 0);
            cr_assert_eq(memcmp(got, md, dlen), 0, "%s case %u", path, done);
            done++;
        }
    }
    fclose(f);
    cr_assert_geq(done, 5);
}

Test(crypto, hmac_vectors)
{
    hmac_file("tests/vectors/crypto/rfc-2202-md5.txt", HASH_MD5);
    hmac_file("tests/vectors/crypto/rfc-2202-sha1.txt", HASH_SHA1);
    hmac_file("tests/vectors/crypto/rfc-4231-sha256.txt", HASH_SHA256);
    hmac_file("tests/vectors/crypto/rfc-4231-sha384.txt", HASH_SHA384);
    hmac_file("tests/vectors/crypto/rfc-4231-sha512.txt", HASH_SHA512);
}

static void cbc_file(const char *path, enum crypto_cipher c)
{
    FILE *f = fopen(path, "r");
    cr_assert(f != NULL, "%s", path);
    static char line[8192];
    uint8_t key[32], iv[16], pt[1024], ct[1024], got[1024], work[16];
    size_t klen = 0, ivlen = 0, plen = 0, clen = 0, k1;
    bool enc = true, have_p = false, have_c = false;
    unsigned done = 0;
    while (fgets(line, sizeof line, f) != NULL) {
        if (strncmp(line, "[DECRYPT]", 9) == 0)
            enc = false;
        field(line, "KEY", key, &klen, sizeof key);
        for (unsigned i = 0; i < 3; i++) {
            char name[8];
            snprintf(name, sizeof name, "KEY%u", i + 1);
            if (field(line, name, key + 8 * i, &k1, 8))
                klen = 24;
        }
        field(line, "IV", iv, &ivlen, sizeof iv);
        have_p |= field(line, "PLAINTEXT", pt, &plen, sizeof pt);
        have_c |= field(line, "CIPHERTEXT", ct, &clen, sizeof ct);
        if (!have_p || !have_c)
            continue;
        have_p = have_c = false;
        cr_assert_eq(plen, clen);
        memcpy(work, iv, ivlen);
        cr_assert_eq(crypto_cbc(c, key, klen, work, enc, enc ? pt : ct, got, plen), 0);
        cr_assert_eq(memcmp(got, enc ? ct : pt, plen), 0, "%s case %u", path, done);
        cr_assert_eq(memcmp(work, ct + clen - ivlen, ivlen), 0, "the IV is the last cipher block");
        /* In place, and in two pieces with the IV carried over. */
        memcpy(work, iv, ivlen);
        memcpy(got, enc ? pt : ct, plen);
        cr_assert_eq(crypto_cbc(c, key, klen, work, enc, got, got, ivlen), 0);
        cr_assert_eq(crypto_cbc(c, key, klen, work, enc, got + ivlen, got + ivlen, plen - ivlen), 0);
        cr_assert_eq(memcmp(got, enc ? ct : pt, plen), 0);
        done++;
    }
    fclose(f);
    cr_assert_geq(done, 20);
}

Test(crypto, cbc_vectors)
{
    cbc_file("tests/vectors/crypto/CBCMMT128.rsp", CIPHER_AES_CBC);
    cbc_file("tests/vectors/crypto/CBCMMT256.rsp", CIPHER_AES_CBC);
    cbc_file("tests/vectors/crypto/TCBCMMT3.rsp", CIPHER_3DES);
    uint8_t iv[16] = {0}, b[16] = {0};
    cr_assert_eq(crypto_cbc(CIPHER_AES_CBC, iv, 15, iv, true, b, b, 16), -EINVAL);
    cr_assert_eq(crypto_cbc(CIPHER_AES_CBC, iv, 16, iv, true, b, b, 15), -EINVAL);
}

Test(crypto, single_des)
{
    /* FIPS 81 example, CBC. */
    uint8_t key[8], iv[8], pt[24], want[24], got[24];
    unhex("0123456789abcdef", key, 8);
    unhex("1234567890abcdef", iv, 8);
    memcpy(pt, "Now is the time for all ", 24);
    unhex("e5c7cdde872bf27c43e934008c389c0f683788499a7c05f6", want, 24);
    cr_assert_eq(crypto_cbc(CIPHER_DES, key, 8, iv, true, pt, got, 24), 0);
    cr_assert_eq(memcmp(got, want, 24), 0);
}

Test(crypto, dh_agrees_and_refuses_weak_values)
{
    static const unsigned groups[] = {1, 2, 5, 14, 15, 16};
    uint8_t ra[64], rb[64];
    for (unsigned i = 0; i < 64; i++) {
        ra[i] = (uint8_t)(i * 7 + 1);
        rb[i] = (uint8_t)(i * 11 + 3);
    }
    for (unsigned g = 0; g < sizeof groups / sizeof *groups; g++) {
        size_t n = dh_len(groups[g]);
        uint8_t pa[CRYPTO_DH_MAX], pb[CRYPTO_DH_MAX], sa[CRYPTO_DH_MAX], sb[CRYPTO_DH_MAX], bad[CRYPTO_DH_MAX] = {0};
        struct dh *a = dh_new(groups[g], ra, sizeof ra), *b = dh_new(groups[g], rb, sizeof rb);
        cr_assert(a != NULL && b != NULL);
        cr_assert_eq(dh_public(a, pa), 0);
        cr_assert_eq(dh_public(b, pb), 0);
        cr_assert_eq(dh_shared(a, pb, n, sa), 0);
        cr_assert_eq(dh_shared(b, pa, n, sb), 0);
        cr_assert_eq(memcmp(sa, sb, n), 0, "group %u", groups[g]);
        cr_assert_eq(dh_shared(a, bad, n, sa), -EINVAL, "0");
        bad[n - 1] = 1;
        cr_assert_eq(dh_shared(a, bad, n, sa), -EINVAL, "1");
        memset(bad, 0xff, n);
        cr_assert_eq(dh_shared(a, bad, n, sa), -EINVAL, "above p");
        cr_assert_eq(dh_shared(a, pb, n + 1, sa), -EINVAL);
        cr_assert_eq(dh_shared(a, pb, 0, sa), -EINVAL);
        dh_free(a);
        dh_free(b);
    }
    cr_assert_null(dh_new(3, ra, sizeof ra));
    cr_assert_null(dh_new(14, ra, 8), "too little randomness");
}

Test(crypto, dh_p_minus_one_is_refused)
{
    /* p of group 1 (RFC 2409 6.1) minus one. */
    uint8_t y[96], r[64], out[96];
    memset(r, 0x5a, sizeof r);
    unhex("ffffffffffffffffc90fdaa22168c234c4c6628b80dc1cd129024e088a67cc74020bbea63b139b22514a08798e3404dd"
          "ef9519b3cd3a431b302b0a6df25f14374fe1356d6d51c245e485b576625e7ec6f44c42e9a63a3620ffffffffffffffff",
          y, 96);
    struct dh *a = dh_new(1, r, sizeof r);
    cr_assert_eq(dh_shared(a, y, 96, out), -EINVAL, "p");
    y[95]--;
    cr_assert_eq(dh_shared(a, y, 96, out), -EINVAL, "p-1");
    y[95]--;
    cr_assert_eq(dh_shared(a, y, 96, out), 0, "p-2 is allowed");
    dh_free(a);
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

static unsigned esp_kat(const char *name)
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
        esp_open(open[who], &j, 1);
        cr_assert(j.ok, "%s packet %u", name, done);
        uint8_t *tail = buf + len - s.icv_len;
        cr_assert_eq(tail[-1], 4, "next header: IPv4 in tunnel mode");
        for (unsigned i = 0; i < tail[-2]; i++)
            cr_assert_eq(tail[-3 - (int)i], tail[-2] - i, "padding counts up");
        cr_assert_eq(buf[8 + s.iv_len] >> 4, 4);
        j.len = (uint32_t)(len - s.icv_len);
        memset(tail, 0, s.icv_len);
        esp_seal(seal[who], &j, 1);
        cr_assert(j.ok);
        cr_assert_eq(memcmp(buf, e, len), 0, "%s packet %u seals to the same bytes", name, done);
        buf[9] ^= 1; /* one bit of the IV */
        j.len = (uint32_t)len;
        esp_open(open[who], &j, 1);
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

Test(crypto, esp_known_answers)
{
    static const char *const names[] = {"psk-3des-md5",        "psk-des-sha1-modp768", "psk-modp1024",
                                        "psk-modp2048",        "psk-modp768",          "psk-pfs1024",
                                        "psk-sha256-modp2048", "raw-psk-modp1024",     "raw-rsa-modp2048",
                                        "rsa-modp1024",        "psk-aggressive"};
    for (unsigned i = 0; i < sizeof names / sizeof *names; i++)
        cr_assert_eq(esp_kat(names[i]), 6, "%s: three pings, both ways", names[i]);
}

Test(crypto, batches_equal_single_packets)
{
    static const struct {
        enum crypto_cipher c;
        unsigned bits;
        enum crypto_hash h;
    } kinds[] = {{CIPHER_AES_CBC, 128, HASH_SHA1},  {CIPHER_AES_CBC, 256, HASH_SHA256},
                 {CIPHER_AES_CBC, 192, HASH_NONE},  {CIPHER_3DES, 0, HASH_MD5},
                 {CIPHER_DES, 0, HASH_SHA1},        {CIPHER_NULL, 0, HASH_SHA512},
                 {CIPHER_AES_CBC, 256, HASH_SHA384}};
    static uint8_t one[64][512], many[64][512];
    uint8_t key[64], ak[64];
    for (unsigned i = 0; i < 64; i++) {
        key[i] = (uint8_t)(i * 3 + 1);
        ak[i] = (uint8_t)(i * 5 + 2);
    }
    for (unsigned t = 0; t < sizeof kinds / sizeof *kinds; t++) {
        struct esp_suite s;
        cr_assert_eq(esp_suite_make(&s, kinds[t].c, kinds[t].bits, kinds[t].h), 0);
        struct esp_key *seal = esp_key_new(&s, key, ak, true), *open = esp_key_new(&s, key, ak, false);
        for (unsigned n = 1; n <= 64; n += n < 20 ? 1 : 11) {
            struct esp_job a[64], b[64];
            for (unsigned i = 0; i < n; i++) {
                uint32_t len = 8u + s.iv_len + s.block * (1 + (i * 7) % (unsigned)(400 / s.block));
                for (unsigned x = 0; x < len; x++)
                    one[i][x] = many[i][x] = (uint8_t)(x * 13 + i);
                a[i] = (struct esp_job){.data = one[i], .len = len};
                b[i] = (struct esp_job){.data = many[i], .len = len};
                esp_seal(seal, &a[i], 1);
                cr_assert(a[i].ok);
            }
            esp_seal(seal, b, n);
            for (unsigned i = 0; i < n; i++) {
                cr_assert(b[i].ok);
                cr_assert_eq(memcmp(one[i], many[i], a[i].len + s.icv_len), 0, "kind %u batch %u packet %u", t, n, i);
                b[i].len += s.icv_len;
            }
            if (s.icv_len != 0 && n > 2)
                many[1][b[1].len - 1] ^= 0x80;
            esp_open(open, b, n);
            for (unsigned i = 0; i < n; i++)
                cr_assert_eq(b[i].ok, !(s.icv_len != 0 && n > 2 && i == 1));
            cr_assert_eq(many[0][8u + s.iv_len], (uint8_t)((8u + s.iv_len) * 13));
        }
        esp_key_free(seal);
        esp_key_free(open);
    }
}

Test(crypto, esp_open_refuses_impossible_lengths)
{
    struct esp_suite s;
    cr_assert_eq(esp_suite_make(&s, CIPHER_AES_CBC, 256, HASH_SHA1), 0);
    cr_assert_neq(esp_suite_make(&s, CIPHER_AES_CBC, 100, HASH_SHA1), 0);
    cr_assert_neq(esp_suite_make(&s, CIPHER_NULL, 0, HASH_NONE), 0);
    cr_assert_eq(esp_suite_make(&s, CIPHER_AES_CBC, 256, HASH_SHA1), 0);
    uint8_t key[64] = {1}, buf[256] = {0};
    struct esp_key *k = esp_key_new(&s, key, key, false);
    for (uint32_t n = 0; n < 256; n++) {
        struct esp_job j = {.data = buf, .len = n, .ok = true};
        esp_open(k, &j, 1);
        cr_assert(!j.ok);
    }
    esp_key_free(k);
}
