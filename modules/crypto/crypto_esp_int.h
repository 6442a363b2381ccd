/* What lies behind the ESP seam of crypto.h: the prepared key, the engines and what each must do. Included by the
 * crypto_esp*.c files only. */
#ifndef TAPIR_CRYPTO_ESP_INT_H
#define TAPIR_CRYPTO_ESP_INT_H
#include "modules/crypto/crypto_internal.h"

#define ESP_BATCH 64 /* jobs an engine is given at most */
#define ESP_SALT 4   /* RFC 4106 4 */

struct esp_key {
    struct esp_suite suite;
    bool seal;
    uint16_t size;          /* of this allocation, to wipe it */
    uint8_t key[32];        /* as agreed; single DES as 8 bytes; GCM without its salt */
    uint8_t salt[ESP_SALT]; /* GCM */
    uint8_t state[];        /* HMAC: the digests' states after the inner and after the outer pad, state_len each */
};
static inline uint8_t esp_key_bytes(const struct esp_suite *s) /* of the cipher alone */
{
    return s->cipher == CIPHER_AES_GCM ? (uint8_t)(s->key_len - ESP_SALT) : s->key_len;
}

/* An engine runs jobs of one suite (of several keys), whose lengths were checked. It sets ok of each. */
struct esp_engine_ops {
    void *(*start)(void); /* NULL: not on this machine */
    void (*stop)(void *state);
    void (*forget)(void *state);
    void (*name)(const void *state, char *buf, size_t n);
    /* Is this the faster engine for them? longest: bytes of the longest one. */
    bool (*takes)(const void *state, struct esp_job *const *jobs, unsigned n, uint32_t longest);
    bool (*can)(const void *state, const struct esp_suite *s, uint32_t longest);
    void (*seal)(void *state, struct esp_job *const *jobs, unsigned n);
    void (*open)(void *state, struct esp_job *const *jobs, unsigned n);
};
extern const struct esp_engine_ops esp_engine_openssl;
extern const struct esp_engine_ops esp_engine_ipsec_mb; /* start() gives NULL where the build has no IPsec-MB */

/* crypto_esp_mac.c: HMAC from the two states, by OpenSSL's digests. */
size_t esp_mac_state_len(enum crypto_hash h);
void esp_mac_key(enum crypto_hash h, const uint8_t *key, size_t len, uint8_t *state);
void esp_mac_packet(const struct esp_key *k, const uint8_t *p, size_t n, uint8_t out[CRYPTO_HASH_MAX]);
#endif
