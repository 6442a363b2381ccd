/* Encrypted ISAKMP messages: decrypt in place, walk the payloads; pad, encrypt. The caller's IV moves on only
 * when the message was understood, so a forged packet cannot spoil an exchange (RFC 2409 appendix B). */
#include "modules/ike/ike_int.h"
#include <string.h>

enum ike_verdict ike_crypt_open(struct ike_sa *sa, struct ike_msg *m, uint8_t iv[IKE_BLOCK_MAX])
{
    const struct ike_keys *c = &sa->keys;
    uint8_t next_iv[IKE_BLOCK_MAX];
    if (!(m->h.flags & IKE_FLAG_ENCRYPT)) {
        sa->ike->count.not_encrypted++;
        ike_log_bad(sa->ike, "IKMP_NOT_ENCRYPTED", 6, "IKE packet from %-15s was not encrypted and it should've been.",
                    IKE_ADDR(&m->at.peer));
        return IKE_DROP;
    }
    if (m->len == 0 || m->len % c->block)
        return IKE_DROP;
    memcpy(next_iv, iv, c->block);
    if (crypto_cbc(c->cipher, c->ka, c->key_len, next_iv, false, m->data, m->data, m->len))
        return IKE_DROP;
    if (ike_chain_walk(m->h.next, m->data, m->len, &m->chain) || m->chain.n == 0)
        return IKE_DROP;
    memcpy(iv, next_iv, c->block);
    return IKE_OK;
}

bool ike_crypt_seal(struct ike_sa *sa, struct ike_out *o, uint8_t iv[IKE_BLOCK_MAX])
{
    const struct ike_keys *c = &sa->keys;
    size_t n = o->b.len - IKE_HDR_LEN;
    builder_zero(&o->b, (c->block - n % c->block) % c->block);
    o->b.data[19] |= IKE_FLAG_ENCRYPT;
    if (!ike_out_finish(o))
        return false;
    n = o->b.len - IKE_HDR_LEN;
    return crypto_cbc(c->cipher, c->ka, c->key_len, iv, true, o->buf + IKE_HDR_LEN, o->buf + IKE_HDR_LEN, n) == 0;
}
