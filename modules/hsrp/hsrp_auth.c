/* Authentication of HSRP packets: plain text, MD5 by key-string, MD5 by key-chain (reference 1.2 and 1.7). Called by
 * hsrp_tx.c and hsrp_rx.c. */
#include "modules/crypto/crypto.h"
#include "modules/hsrp/hsrp_internal.h"
#include "modules/keychain/keychain.h"
#include <string.h>

enum { ALGORITHM_MD5 = 1, MD5_BLOCK = 64 };

void hsrp_auth_init(struct hsrp_auth *a)
{
    *a = (struct hsrp_auth){.kind = HSRP_AUTH_TEXT};
    memcpy(a->text, "cisco", 5);
}

void hsrp_auth_wipe(struct hsrp_auth *a)
{
    crypto_wipe(a, sizeof *a);
}

/* Keyed MD5 after RFC 1828: the key padded as MD5 pads a message, the packet with a digest of zeros, the key again. */
void hsrp_auth_digest(const void *key, size_t keylen, const void *data, size_t len, size_t digest_at,
                      uint8_t out[HSRP_DIGEST_LEN])
{
    static const uint8_t zeros[HSRP_DIGEST_LEN];
    uint8_t pad[2 * MD5_BLOCK] = {0x80};
    size_t n = MD5_BLOCK - (keylen + 8) % MD5_BLOCK; /* the 0x80 and zeros up to the length field */
    uint64_t bits = keylen * 8;
    for (unsigned i = 0; i < 8; i++)
        pad[n + i] = (uint8_t)(bits >> (8 * i));
    const uint8_t *d = data;
    const struct crypto_part parts[] = {
        {key, keylen},
        {pad, n + 8},
        {d, digest_at},
        {zeros, sizeof zeros},
        {d + digest_at + HSRP_DIGEST_LEN, len - digest_at - HSRP_DIGEST_LEN},
        {key, keylen},
    };
    if (crypto_hash(HASH_MD5, parts, sizeof parts / sizeof *parts, out) != 0)
        memset(out, 0, HSRP_DIGEST_LEN);
}

static bool sending_key(struct hsrp_if *hif, const struct hsrp_auth *a, struct keychain_key *key)
{
    if (a->kind == HSRP_AUTH_KEY_STRING) {
        *key = (struct keychain_key){0, a->key, strlen(a->key)};
        return true;
    }
    if (keychain_send(hif->h->r, a->chain, key))
        return true;
    hsrp_dbg_if(hif, HSRP_DBG_ERRORS, "No key to send in key-chain \"%s\"", a->chain);
    return false; /* without a digest nobody believes it, which is what an expired key asks for */
}

size_t hsrp_auth_seal(struct hsrp_if *hif, const struct hsrp_auth *a, struct hsrp_packet *p, uint8_t *buf, size_t cap)
{
    struct keychain_key key;
    if (a->kind == HSRP_AUTH_TEXT) {
        p->has_text = p->opcode != HSRP_ADVERTISE;
        memcpy(p->auth, a->text, sizeof p->auth);
        return hsrp_wire_encode(p, buf, cap);
    }
    if (!sending_key(hif, a, &key))
        return hsrp_wire_encode(p, buf, cap);
    p->has_md5 = true;
    p->md5 = (struct hsrp_md5){.algorithm = ALGORITHM_MD5, .source = hif->source, .key_id = key.id};
    size_t len = hsrp_wire_encode(p, buf, cap), at = hsrp_wire_digest_at(p, buf, len);
    if (len == 0 || at + HSRP_DIGEST_LEN > len)
        return 0;
    hsrp_auth_digest(key.text, key.len, buf, len, at, p->md5.digest);
    memcpy(buf + at, p->md5.digest, HSRP_DIGEST_LEN);
    return len;
}

static bool digest_is(const struct hsrp_packet *p, const uint8_t *data, size_t len, const char *key, size_t keylen)
{
    uint8_t want[HSRP_DIGEST_LEN];
    size_t at = hsrp_wire_digest_at(p, data, len);
    if (at + HSRP_DIGEST_LEN > len)
        return false;
    hsrp_auth_digest(key, keylen, data, len, at, want);
    return crypto_equal(want, p->md5.digest, sizeof want);
}

static bool key_string_fits(struct hsrp_if *hif, struct hsrp_auth *a, const struct hsrp_packet *p, const uint8_t *data,
                            size_t len)
{
    if (digest_is(p, data, len, a->key, strlen(a->key)))
        return true;
    if (a->old_until && loop_now(hif->h->r->loop) >= a->old_until) { /* its time is over */
        a->old_until = 0;
        crypto_wipe(a->old_key, sizeof a->old_key);
    }
    return a->old_until && digest_is(p, data, len, a->old_key, strlen(a->old_key));
}

static bool key_chain_fits(struct hsrp_if *hif, const struct hsrp_auth *a, const struct hsrp_packet *p,
                           const uint8_t *data, size_t len)
{
    struct keychain_key key;
    return keychain_accept(hif->h->r, a->chain, p->md5.key_id, &key) && digest_is(p, data, len, key.text, key.len);
}

const char *hsrp_auth_check(struct hsrp_if *hif, struct hsrp_auth *a, const struct hsrp_packet *p,
                            const struct addr *from, const uint8_t *data, size_t len)
{
    if (a->kind == HSRP_AUTH_TEXT) {
        bool same = p->has_text && !p->has_md5 && crypto_equal(p->auth, a->text, sizeof p->auth);
        return same ? NULL : p->has_md5 ? "MD5 auth" : "Text auth";
    }
    if (!p->has_md5)
        return "Text auth";
    bool fits =
        p->md5.algorithm == ALGORITHM_MD5 && (a->kind == HSRP_AUTH_KEY_STRING ? key_string_fits(hif, a, p, data, len)
                                                                              : key_chain_fits(hif, a, p, data, len));
    if (!fits)
        return "MD5 auth";
    /* The digest covers the sender's address: a packet that comes from another one was copied. */
    return addr_equal(&p->md5.source, from) ? NULL : "MD5 source";
}
