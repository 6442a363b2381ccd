/* What the configuration says: policies, pre-shared keys, algorithm numbers. Handlers in ike_cmd.c fill it,
 * the exchanges ask it. */
#include "modules/ike/ike_int.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void ike_policy_default(struct ike_policy *p)
{
    *p = (struct ike_policy){
        .cipher = CIPHER_DES, .hash = HASH_SHA1, .auth = IKE_AUTH_RSA_SIG, .group = 1, .life_s = 86400};
}

const struct ike_psk *ike_psk_find(struct ike *k, const struct addr *peer)
{
    const struct ike_psk *best = NULL;
    uint32_t ip = addr_v4_get(peer);
    for (unsigned i = 0; i < k->n_keys; i++) {
        const struct ike_psk *e = &k->keys[i];
        if (((ip ^ addr_v4_get(&e->addr)) & e->mask) == 0 &&
            (!best || e->mask > best->mask || (e->mask == best->mask && best->ring[0] && !e->ring[0])))
            best = e;
    }
    return best;
}

int ike_psk_put(struct ike *k, const char *ring, const struct addr *addr, uint32_t mask, const char *key, bool no_xauth)
{
    unsigned i = 0;
    while (i < k->n_keys &&
           !(addr_equal(&k->keys[i].addr, addr) && k->keys[i].mask == mask && strcmp(k->keys[i].ring, ring) == 0))
        i++;
    if (!key) {
        if (i < k->n_keys) {
            memmove(&k->keys[i], &k->keys[i + 1], (k->n_keys - i - 1) * sizeof *k->keys);
            crypto_wipe(&k->keys[--k->n_keys], sizeof *k->keys);
        }
        return 0;
    }
    if (i == k->n_keys) {
        if (i == IKE_KEYS_MAX)
            return -ENOSPC;
        struct ike_psk *more = calloc(k->n_keys + 1, sizeof *more);
        if (!more)
            return -ENOMEM;
        if (k->n_keys) {
            memcpy(more, k->keys, k->n_keys * sizeof *more);
            crypto_wipe(k->keys, k->n_keys * sizeof *more);
        }
        free(k->keys);
        k->keys = more;
        k->n_keys++;
    }
    k->keys[i].addr = *addr;
    k->keys[i].mask = mask;
    k->keys[i].no_xauth = no_xauth;
    snprintf(k->keys[i].ring, sizeof k->keys[i].ring, "%s", ring);
    snprintf(k->keys[i].key, sizeof k->keys[i].key, "%s", key);
    return 0;
}

const char *ike_cipher_text(enum crypto_cipher c, unsigned bits)
{
    (void)bits;
    return c == CIPHER_AES_CBC ? "aes" : c == CIPHER_3DES ? "3des" : "des";
}

uint16_t ike_cipher_wire(enum crypto_cipher c)
{
    return c == CIPHER_AES_CBC ? IKE_ENC_AES : c == CIPHER_3DES ? IKE_ENC_3DES : IKE_ENC_DES;
}

enum crypto_cipher ike_cipher_of(uint16_t wire)
{
    return wire == IKE_ENC_AES    ? CIPHER_AES_CBC
           : wire == IKE_ENC_3DES ? CIPHER_3DES
           : wire == IKE_ENC_DES  ? CIPHER_DES
                                  : CIPHER_NONE;
}

uint16_t ike_hash_wire(enum crypto_hash h)
{
    switch (h) {
    case HASH_MD5:
        return IKE_HASH_MD5;
    case HASH_SHA256:
        return IKE_HASH_SHA256;
    case HASH_SHA384:
        return IKE_HASH_SHA384;
    case HASH_SHA512:
        return IKE_HASH_SHA512;
    default:
        return IKE_HASH_SHA;
    }
}

enum crypto_hash ike_hash_of(uint16_t wire)
{
    switch (wire) {
    case IKE_HASH_MD5:
        return HASH_MD5;
    case IKE_HASH_SHA:
        return HASH_SHA1;
    case IKE_HASH_SHA256:
        return HASH_SHA256;
    case IKE_HASH_SHA384:
        return HASH_SHA384;
    case IKE_HASH_SHA512:
        return HASH_SHA512;
    default:
        return HASH_NONE;
    }
}
