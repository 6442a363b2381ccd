/* Quick mode, the responder's half (RFC 2409 5.5): what QM1 offers, what the policy says to it, QM2. With PFS the
 * answer waits for a Diffie-Hellman computation. Called by the state table. */
#include "modules/ike/ike_int.h"
#include <stdlib.h>
#include <string.h>

/* NULL: fine; else what is wrong with QM1. */
static const char *qm1_decode(struct ike_qm *q, struct ike_msg *m, struct ike_qm1_offer *d)
{
    struct ike_sa *sa = q->sa;
    const struct ike_payload *sap = ike_chain_find(&m->chain, IKE_P_SA, 0),
                             *np = ike_chain_find(&m->chain, IKE_P_NONCE, 0);
    const struct ike_payload *ci = ike_chain_find(&m->chain, IKE_P_ID, 0), *cr = ike_chain_find(&m->chain, IKE_P_ID, 1);
    if (!sap || !np || np->len < 8 || np->len > IKE_NONCE_MAX || ike_chain_count(&m->chain, IKE_P_SA) != 1 ||
        (ci && !cr) || ike_sa_decode(sap->body, sap->len, 2, &d->offer))
        return "malformed quick mode";
    memcpy(q->ni, np->body, np->len);
    q->ni_len = np->len;
    for (unsigned i = 0; i < d->offer.n; i++) {
        const struct ike_transform *t = &d->offer.t[i];
        ike_dbg(sa->ike, "ISAKMP:(%u):Checking IPSec proposal %u", sa->conn_id, t->prop_number);
        ike_debug_esp_transform(sa->ike, t);
        if (!ike_esp_transform_of(t, &d->usable[d->n], &d->udp[d->n]) || t->raw_len > 200 ||
            (d->udp[d->n] && sa->at.lport != IKE_PORT_NATT))
            continue;
        d->pfs = t->attrs.group;
        d->index[d->n++] = i;
    }
    if (d->offer.n)
        q->out_spi = d->offer.t[0].spi_len == 4 ? d->offer.t[0].spi : 0;
    struct ipsec_ident *id = &d->ident;
    uint8_t proto2 = 0;
    id->remote = prefix_make(&sa->at.peer, 32);
    id->local = prefix_make(&sa->at.local, 32);
    if (ci && (!ike_ident_decode(ci, &id->remote, &id->proto, &id->rport) ||
               !ike_ident_decode(cr, &id->local, &proto2, &id->lport) || proto2 != id->proto))
        return "proxy identities of this type are not supported";
    return NULL;
}

static const char *accept_text(int rc)
{
    return rc == IPSEC_NO_MAP         ? "no crypto map matches: map_db_find_best did not find matching map"
           : rc == IPSEC_NO_IDENT     ? "proxy identities not supported"
           : rc == IPSEC_NO_TRANSFORM ? "no transform set accepts the proposal"
           : rc == IPSEC_NO_PFS       ? "PFS group does not match"
                                      : "not accepted";
}

/* QM2: HASH(2), SA, nonce, [KE], the same identities, [RESPONDER-LIFETIME] */
static bool qm2_build(struct ike_qm *q, struct ike_out *o, const struct ike_transform *t, const struct ike_msg *m,
                      const uint8_t *pub, uint32_t life_s)
{
    struct builder *b = &o->b;
    const struct ike_payload *id;
    ike_quick_out_start(q, o);
    ike_out_begin(o, IKE_P_SA);
    builder_u32(b, 1);
    builder_u32(b, 1);
    builder_u8(b, IKE_P_NONE);
    builder_u8(b, 0);
    builder_u16(b, (uint16_t)(20 + t->raw_len));
    builder_u8(b, t->prop_number);
    builder_u8(b, IKE_PROTO_ESP);
    builder_u8(b, 4);
    builder_u8(b, 1);
    builder_u32(b, q->in_spi);
    builder_u8(b, IKE_P_NONE);
    builder_u8(b, 0);
    builder_u16(b, (uint16_t)(8 + t->raw_len));
    builder_u8(b, t->number);
    builder_u8(b, t->id);
    builder_u16(b, 0);
    builder_bytes(b, t->raw, t->raw_len);
    ike_out_end(o);
    ike_out_payload(o, IKE_P_NONCE, q->nr, q->nr_len);
    if (q->prop.pfs_group)
        ike_out_payload(o, IKE_P_KE, pub, dh_len(q->prop.pfs_group));
    for (unsigned i = 0; (id = ike_chain_find(&m->chain, IKE_P_ID, i)) && i < 2; i++)
        ike_out_payload(o, IKE_P_ID, id->body, id->len);
    if (t->attrs.life_s > life_s) {
        ike_out_begin(o, IKE_P_NOTIFY);
        builder_u32(b, 1);
        builder_u8(b, IKE_PROTO_ESP);
        builder_u8(b, 4);
        builder_u16(b, IKE_N_RESPONDER_LIFETIME);
        builder_u32(b, q->in_spi);
        ike_attr_tv(b, 1, 1);
        ike_attr_u32(b, 2, life_s, false);
        ike_out_end(o);
    }
    return ike_quick_out_seal(q, o, BLOB_OF(q->ni, q->ni_len));
}

/* QM2 out */
static enum ike_verdict qm1_finish(struct ike_qm *q, struct ike_msg *m, struct ike_qm1_offer *d, unsigned which)
{
    struct ike_sa *sa = q->sa;
    struct ike *k = sa->ike;
    const struct ike_transform *t = &d->offer.t[d->index[which]];
    if (t->attrs.group && !ike_dh_shared(q->dh))
        return ike_quick_reject(q, IKE_N_INVALID_KEY_INFO, "the peer's Diffie-Hellman value is unusable");
    q->in_spi = ipsec_spi_alloc(k->r);
    ike_dbg(k, "ISAKMP:(%u):QM Responder gets spi", sa->conn_id);
    if (!q->in_spi)
        return IKE_FAIL;
    rng_bytes(k->r, RNG_NONCE, q->nr, IKE_NONCE_LEN);
    q->nr_len = IKE_NONCE_LEN;
    uint32_t life_s = ike_quick_min_life(q->prop.life_s, t->attrs.life_s),
             life_kb = ike_quick_min_life(q->prop.life_kb, t->attrs.life_kb);
    struct ike_out o;
    if (!qm2_build(q, &o, t, m, ike_dh_public(q->dh), life_s))
        return IKE_FAIL;
    /* Inbound must work before QM2 leaves: QM3 and ESP come back to back (interop 1). */
    if (ike_quick_install(q, d->udp[which], life_s, life_kb))
        return IKE_FAIL;
    ike_quick_send(q, &o, true);
    return IKE_OK;
}

static enum ike_verdict qm1_answer(struct ike_qm *q, struct ike_msg *m, struct ike_qm1_offer *d, unsigned *chosen)
{
    struct ike_sa *sa = q->sa;
    struct ike *k = sa->ike;
    const char *why = qm1_decode(q, m, d);
    if (why)
        return ike_quick_reject(q, IKE_N_INVALID_ID_INFO, why);
    if (!d->n)
        return ike_quick_reject(q, IKE_N_NO_PROPOSAL_CHOSEN, "no usable ESP proposal");
    unsigned which = 0;
    int rc =
        ipsec_policy_accept(k->r, &sa->at.local, &sa->at.peer, &d->ident, d->usable, d->n, d->pfs, &q->prop, &which);
    if (rc || which >= d->n)
        return ike_quick_reject(
            q, rc == IPSEC_NO_MAP || rc == IPSEC_NO_IDENT ? IKE_N_INVALID_ID_INFO : IKE_N_NO_PROPOSAL_CHOSEN,
            accept_text(rc));
    const struct ike_transform *t = &d->offer.t[d->index[which]];
    ike_dbg(k, "ISAKMP:(%u):atts are acceptable.", sa->conn_id);
    const struct ike_payload *ke = ike_chain_find(&m->chain, IKE_P_KE, 0);
    q->out_spi = t->spi;
    q->prop.pfs_group = t->attrs.group;
    *chosen = which;
    if (!t->attrs.group)
        return qm1_finish(q, m, d, which);
    if (!ke || ke->len != dh_len(t->attrs.group))
        return ike_quick_reject(q, IKE_N_INVALID_KEY_INFO, "PFS without a fitting KE payload");
    return ike_dh_start(&q->dh, sa, q, t->attrs.group, ke->body) ? IKE_WAIT : IKE_FAIL;
}

/* A copy of the message: its answer is built from it when the computation has ended. */
static struct ike_held *hold(const struct ike_msg *m)
{
    struct ike_held *h = calloc(1, sizeof *h + m->len);
    if (!h)
        return NULL;
    h->m = *m;
    h->m.data = h->data;
    memcpy(h->data, m->data, m->len);
    if (!ike_chain_walk(h->m.h.next, h->data, h->m.len, &h->m.chain) && (h->d = calloc(1, sizeof *h->d)))
        return h;
    free(h);
    return NULL;
}

void ike_quick_release(struct ike_qm *q)
{
    struct ike_held *h = q->held;
    q->held = NULL;
    if (!h)
        return;
    free(h->d);
    free(h);
}

/* QM1 in */
enum ike_verdict ike_quick_qm1(struct ike_qm *q, struct ike_msg *m)
{
    if (!(q->held = hold(m)))
        return IKE_FAIL;
    enum ike_verdict v = qm1_answer(q, &q->held->m, q->held->d, &q->held->which);
    if (v == IKE_OK)
        ike_quick_release(q);
    return v;
}

enum ike_verdict ike_quick_qm1_dh(struct ike_qm *q, struct ike_msg *m)
{
    (void)m;
    enum ike_verdict v = qm1_finish(q, &q->held->m, q->held->d, q->held->which);
    if (v == IKE_OK)
        ike_quick_release(q);
    return v;
}

enum ike_verdict ike_quick_qm3(struct ike_qm *q, struct ike_msg *m)
{
    (void)m;
    ipsec_pair_enable(q->sa->ike->r, q->in_spi);
    return IKE_OK;
}
