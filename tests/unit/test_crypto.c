/* The control side of modules/crypto against published vectors (NIST CAVS, RFC 2202, RFC 4231). */
#include "modules/crypto/crypto.h"
#include <criterion/criterion.h>
#include <errno.h>
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
