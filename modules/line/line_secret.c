/* Stored secrets: type 0, 4 (one SHA-256, verified only), 5 (MD5 crypt), 8 (PBKDF2-SHA256), 9 (scrypt) made and
 * verified; type 7 (reversible) made and read (ios-cli 9.1). Called by the handlers of line_aaa.c and line.c, by enable
 * and by the login dialogue. */
#include "modules/core/type7.h"
#include "modules/crypto/crypto.h"
#include "modules/line/line_int.h"
#include <crypt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char itoa64[] = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
enum { SALT_MAX = 64, SLOW_LEN = 32, SLOW_SALT = 14, PBKDF2_ROUNDS = 20000, SCRYPT_N = 16384 };

static void salt_make(struct lines *l, char *out, unsigned n)
{
    uint8_t raw[SLOW_SALT];
    rng_bytes(l->r, RNG_JITTER, raw, n);
    for (unsigned i = 0; i < n; i++)
        out[i] = itoa64[raw[i] & 63];
    out[n] = '\0';
}

static bool md5_crypt(const char *clear, const char *setting, char *out, size_t size)
{
    struct crypt_data *data = calloc(1, sizeof *data);
    if (!data)
        return false;
    const char *h = crypt_r(clear, setting, data);
    bool ok = h && !strncmp(h, "$1$", 3) && strlen(h) < size;
    if (ok)
        snprintf(out, size, "%s", h);
    crypto_wipe(data, sizeof *data);
    free(data);
    return ok;
}

/* Base 64 with crypt's alphabet, first bits first, no padding. */
static void encode64(const uint8_t *in, size_t len, char *out)
{
    for (size_t i = 0; i < len; i += 3) {
        uint32_t v =
            (uint32_t)in[i] << 16 | (i + 1 < len ? (uint32_t)in[i + 1] << 8 : 0) | (i + 2 < len ? in[i + 2] : 0);
        size_t n = len - i >= 3 ? 4 : len - i + 1;
        for (size_t k = 0; k < n; k++)
            *out++ = itoa64[v >> (18 - 6 * k) & 63];
    }
    *out = '\0';
}

/* $8$SALT$HASH or $9$SALT$HASH */
static bool slow_hash(unsigned type, const char *clear, const char *salt, char *out, size_t size)
{
    uint8_t key[SLOW_LEN];
    char text[64];
    int rc = type == 8 ? crypto_pbkdf2(HASH_SHA256, clear, salt, strlen(salt), PBKDF2_ROUNDS, key, sizeof key)
                       : crypto_scrypt(clear, salt, strlen(salt), SCRYPT_N, 1, 1, key, sizeof key);
    encode64(key, sizeof key, text);
    crypto_wipe(key, sizeof key);
    return rc == 0 && snprintf(out, size, "$%u$%s$%s", type, salt, text) < (int)size;
}

bool secret_store(struct lines *l, const char *clear, unsigned type, char *out, size_t size)
{
    char salt[SALT_MAX], setting[SALT_MAX];
    if (type != 5) {
        salt_make(l, salt, SLOW_SALT);
        return slow_hash(type, clear, salt, out, size);
    }
    salt_make(l, salt, 4);
    snprintf(setting, sizeof setting, "$1$%.4s$", salt);
    return md5_crypt(clear, setting, out, size);
}

/* Type 4 of IOS 15.0 to 15.3: one SHA-256 without salt. Read, because such configurations are about; never made. */
static void sha_hash(const char *clear, char out[64])
{
    uint8_t key[SLOW_LEN];
    crypto_hash(HASH_SHA256, &(struct crypto_part){clear, strlen(clear)}, 1, key);
    encode64(key, sizeof key, out);
    crypto_wipe(key, sizeof key);
}

bool secret_valid(unsigned type, const char *hash)
{
    char head[8];
    if (type == 4)
        return strlen(hash) == 43 && strspn(hash, itoa64) == 43;
    snprintf(head, sizeof head, "$%u$", type == 5 ? 1 : type);
    const char *salt = hash + 3, *end = strncmp(hash, head, 3) ? NULL : strchr(salt, '$');
    return end && end > salt && end - salt < SALT_MAX && strlen(hash) < LINE_PASSWORD_MAX;
}

bool secret_costly(const struct line_secret *s)
{
    return s->type == 8 || s->type == 9;
}

bool secret_check(const struct line_secret *s, const char *clear)
{
    char out[LINE_PASSWORD_MAX] = "", salt[SALT_MAX];
    bool ok = false;
    if (s->type == 0) {
        ok = strlen(clear) < sizeof out;
        if (ok)
            snprintf(out, sizeof out, "%s", clear);
    } else if (s->type == 5) {
        ok = md5_crypt(clear, s->text, out, sizeof out);
    } else if (s->type == 4) {
        sha_hash(clear, out);
        ok = true;
    } else if (secret_costly(s) && secret_valid(s->type, s->text)) {
        snprintf(salt, sizeof salt, "%.*s", (int)strcspn(s->text + 3, "$"), s->text + 3);
        ok = slow_hash(s->type, clear, salt, out, sizeof out);
    }
    size_t n = strlen(s->text);
    ok = ok && strlen(out) == n && crypto_equal(out, s->text, n);
    crypto_wipe(out, sizeof out);
    return ok;
}

void secret_set(struct line_secret *s, unsigned type, const char *text)
{
    crypto_wipe(s, sizeof *s);
    s->type = type;
    snprintf(s->text, sizeof s->text, "%s", text ? text : "");
}

nstime secret_wait(struct lines *l, const struct line_secret *s)
{
    nstime now = loop_now(l->r->loop), at = now;
    if (!secret_costly(s))
        return 0;
    if (l->costly && at < l->costly + 250 * NS_PER_MS)
        at = l->costly + 250 * NS_PER_MS;
    l->costly = at;
    return at - now;
}

/* ---- type 7: not secret, only not readable over a shoulder ---- */

void secret_hide(struct lines *l, const char *clear, char *out, size_t size)
{
    type7_encode(clear, rng_below(l->r, RNG_JITTER, 16), out, size);
}

bool secret_reveal(const char *hidden, char *out, size_t size)
{
    return type7_decode(hidden, out, size);
}
