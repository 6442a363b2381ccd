/* Phase 1 proposals: what we offer, what we accept (reference 3.1), and whether a reply is one of our offers.
 * Called by main mode. */
#include "modules/ike/ike_int.h"
#include "modules/pki/pki.h"

/* A policy can be used if its group is one of ours and what authenticates it is there: a key for that peer, or a
 * certificate. */
static bool usable(struct ike *k, const struct ike_policy *p, const struct addr *peer)
{
    if (!dh_len(p->group))
        return false;
    return p->auth == IKE_AUTH_PSK ? ike_psk_find(k, peer) != NULL : pki_has_certificate(k->r);
}

void ike_offer_build(struct ike *k, struct ike_out *o, const struct addr *peer, unsigned *n)
{
    unsigned count = 0, number = 0;
    for (unsigned i = 0; i < k->n_policies; i++)
        count += usable(k, &k->policies[i], peer);
    *n = count;
    if (!count)
        return;
    struct builder *b = &o->b;
    ike_out_begin(o, IKE_P_SA);
    builder_u32(b, 1); /* DOI IPsec */
    builder_u32(b, 1); /* SIT_IDENTITY_ONLY */
    size_t prop = builder_mark(b);
    builder_u8(b, IKE_P_NONE);
    builder_u8(b, 0);
    builder_u16(b, 0);
    builder_u8(b, 1);
    builder_u8(b, IKE_PROTO_ISAKMP);
    builder_u8(b, 0);
    builder_u8(b, (uint8_t)count);
    for (unsigned i = 0; i < k->n_policies; i++) {
        const struct ike_policy *p = &k->policies[i];
        if (!usable(k, p, peer))
            continue;
        size_t at = builder_mark(b);
        builder_u8(b, ++number < count ? IKE_P_TRANSFORM : IKE_P_NONE);
        builder_u8(b, 0);
        builder_u16(b, 0);
        builder_u8(b, (uint8_t)number);
        builder_u8(b, 1); /* KEY_IKE */
        builder_u16(b, 0);
        /* IOS's order (interop 6): encryption, key length, hash, group, authentication, life */
        ike_attr_tv(b, 1, ike_cipher_wire(p->cipher));
        if (p->cipher == CIPHER_AES_CBC)
            ike_attr_tv(b, 14, p->key_bits);
        ike_attr_tv(b, 2, ike_hash_wire(p->hash));
        ike_attr_tv(b, 4, p->group);
        ike_attr_tv(b, 3, p->auth);
        ike_attr_tv(b, 11, 1);
        ike_attr_u32(b, 12, p->life_s, true);
        builder_patch_u16(b, at + 2, (uint16_t)(builder_mark(b) - at));
    }
    builder_patch_u16(b, prop + 2, (uint16_t)(builder_mark(b) - prop));
    ike_out_end(o);
}

static const char *mismatch(const struct ike_policy *p, const struct ike_attrs *a)
{
    if (ike_cipher_of(a->encryption) != p->cipher)
        return "Encryption algorithm offered does not match policy!";
    if (p->cipher == CIPHER_AES_CBC ? a->key_bits != p->key_bits : a->key_bits != 0)
        return "Proposed key length does not match policy";
    if (ike_hash_of(a->hash) != p->hash)
        return "Hash algorithm offered does not match policy!";
    if (a->auth_method != p->auth)
        return "Authentication method offered does not match policy!";
    if (a->group != p->group)
        return "Diffie-Hellman group offered does not match policy!";
    return NULL;
}

const struct ike_transform *ike_offer_choose(struct ike *k, const struct addr *peer, const struct ike_offer *offer,
                                             struct ike_policy *agreed, const char **why)
{
    *why = "no offers accepted";
    for (unsigned i = 0; i < k->n_policies; i++) {
        const struct ike_policy *p = &k->policies[i];
        for (unsigned j = 0; j < offer->n; j++) {
            const struct ike_transform *t = &offer->t[j];
            ike_dbg(k, "ISAKMP:(0):Checking ISAKMP transform %u against priority %u policy", t->number, p->priority);
            ike_debug_transform(k, t);
            const char *no = mismatch(p, &t->attrs);
            if (!no && (t->proto != IKE_PROTO_ISAKMP || t->id != 1 || t->attrs.unknown || t->raw_len > 200))
                no = "Transform holds what is not understood!";
            if (!no && !usable(k, p, peer)) {
                if (p->auth == IKE_AUTH_PSK)
                    ike_dbg_error(k, "ISAKMP:(0):No pre-shared key with %s!", IKE_ADDR(peer));
                no = "No Cert or pre-shared address key.";
            }
            if (no) {
                ike_dbg_error(k, "ISAKMP:(0):%s", no);
                ike_dbg(k, "ISAKMP:(0):atts are not acceptable. Next payload is %u", j + 1 < offer->n ? 3 : 0);
                *why = no;
                continue;
            }
            ike_dbg(k, "ISAKMP:(0):atts are acceptable. Next payload is %u", j + 1 < offer->n ? 3 : 0);
            *agreed = *p;
            /* The shorter lifetime counts; a longer offer is tolerated (15.x). */
            if (t->attrs.life_s && t->attrs.life_s < agreed->life_s)
                agreed->life_s = t->attrs.life_s;
            ike_dbg(k, "ISAKMP:(0):Acceptable atts:actual life: 0");
            ike_dbg(k, "ISAKMP:(0):Acceptable atts:life: 0");
            ike_dbg(k, "ISAKMP:(0):Fill atts in sa vpi_length:4");
            ike_dbg(k, "ISAKMP:(0):Fill atts in sa life_in_seconds:%u", agreed->life_s);
            ike_dbg(k, "ISAKMP:(0):Returning Actual lifetime: %u", agreed->life_s);
            return t;
        }
    }
    if (!k->n_policies)
        *why = "no isakmp policy is configured";
    return NULL;
}

bool ike_offer_check_reply(struct ike *k, const struct ike_transform *t, struct ike_policy *agreed)
{
    for (unsigned i = 0; i < k->n_policies; i++) {
        const struct ike_policy *p = &k->policies[i];
        if (mismatch(p, &t->attrs) || t->proto != IKE_PROTO_ISAKMP || t->attrs.unknown)
            continue;
        *agreed = *p;
        if (t->attrs.life_s && t->attrs.life_s < agreed->life_s)
            agreed->life_s = t->attrs.life_s;
        return true;
    }
    return false;
}
