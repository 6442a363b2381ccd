/* What the configuration says: policies, pre-shared keys, algorithm numbers. Handlers in ike_cmd.c fill it,
 * the exchanges ask it. */
#include "modules/ike/ike_int.h"

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
        if (((ip ^ addr_v4_get(&e->addr)) & e->mask) == 0 && (!best || e->mask > best->mask))
            best = e;
    }
    return best;
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
