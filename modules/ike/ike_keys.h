/* IKEv1 key derivation (RFC 2409 5, appendix B): pure functions on bytes, held against known answers.
 * Callers: the exchanges, ike_sync.c (restores a context), unit tests. */
#ifndef TAPIR_IKE_KEYS_H
#define TAPIR_IKE_KEYS_H
#include "modules/crypto/crypto.h"

#define IKE_NONCE_MAX 256
#define IKE_BLOCK_MAX 16

struct ike_blob { /* borrowed bytes */
    const uint8_t *p;
    size_t len;
};
struct ike_keys { /* wiped by its owner */
    enum crypto_hash hash;
    enum crypto_cipher cipher;
    uint16_t key_len; /* bytes of ka */
    uint8_t hlen, block;
    uint8_t skeyid[CRYPTO_HASH_MAX], d[CRYPTO_HASH_MAX], a[CRYPTO_HASH_MAX], e[CRYPTO_HASH_MAX];
    uint8_t ka[CRYPTO_KEY_MAX];
};
/* Chooses algorithms; key_bits only for AES. 0 or -EINVAL. */
int ike_keys_init(struct ike_keys *k, enum crypto_hash hash, enum crypto_cipher cipher, unsigned key_bits);
/* SKEYID = prf(psk, Ni_b | Nr_b), then _d, _a, _e and Ka. */
int ike_keys_derive_psk(struct ike_keys *k, struct ike_blob psk, struct ike_blob ni, struct ike_blob nr,
                        struct ike_blob gxy, const uint8_t ci[8], const uint8_t cr[8]);
/* initiator true: HASH_I = prf(SKEYID, g^xi | g^xr | CKY-I | CKY-R | SAi_b | IDii_b); false: HASH_R. */
int ike_keys_auth_hash(const struct ike_keys *k, bool initiator, struct ike_blob gxi, struct ike_blob gxr,
                       const uint8_t ci[8], const uint8_t cr[8], struct ike_blob sai, struct ike_blob id, uint8_t *out);
int ike_keys_iv_phase1(const struct ike_keys *k, struct ike_blob gxi, struct ike_blob gxr, uint8_t iv[IKE_BLOCK_MAX]);
int ike_keys_iv_phase2(const struct ike_keys *k, const uint8_t *last_block, uint32_t mid, uint8_t iv[IKE_BLOCK_MAX]);
/* HASH(1) and the hash of informational exchanges: prf(SKEYID_a, M-ID | [nonce |] rest). nonce {NULL, 0}: none. */
int ike_keys_hash12(const struct ike_keys *k, uint32_t mid, struct ike_blob nonce, struct ike_blob rest, uint8_t *out);
int ike_keys_hash3(const struct ike_keys *k, uint32_t mid, struct ike_blob ni, struct ike_blob nr, uint8_t *out);
/* KEYMAT of one SA (the SPI of its receiver), len bytes. gxy {NULL, 0}: no PFS. */
int ike_keys_keymat(const struct ike_keys *k, struct ike_blob gxy, uint8_t protocol, uint32_t spi, struct ike_blob ni,
                    struct ike_blob nr, uint8_t *out, size_t len);
/* RFC 3947 3.2: HASH(CKY-I | CKY-R | IP | port). */
int ike_keys_natd(enum crypto_hash hash, const uint8_t ci[8], const uint8_t cr[8], uint32_t ip, uint16_t port,
                  uint8_t *out);
#endif
