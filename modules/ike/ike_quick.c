/* Quick mode (RFC 2409 5.5): exchanges, what both roles share, and the initiator (the responder: ike_quick_r.c). Called
 * for acquires and rekeys when phase 1 is up, and with received messages of exchange type 32. */
#include "modules/ike/ike_int.h"
#include <stdlib.h>
#include <string.h>

#define QM_KEEP (60 * NS_PER_S) /* a finished exchange answers duplicates this long */

struct ike_qm *ike_quick_find(struct ike_sa *sa, uint32_t mid)
{
    for (struct ike_qm *q = sa->qms; q; q = q->next)
        if (q->mid == mid)
            return q;
    return NULL;
}

static struct ike_qm *quick_new(struct ike_sa *sa, uint32_t mid, bool initiator)
{
    if (sa->n_qms >= IKE_QM_MAX) { /* the oldest finished one makes room */
        struct ike_qm *q = sa->qms;
        while (q && q->state != IKE_QM_PHASE2_COMPLETE)
            q = q->next;
        if (!q)
            return NULL;
        ike_quick_free(q);
    }
    struct ike_qm *q = calloc(1, sizeof *q);
    if (!q)
        return NULL;
    q->sa = sa;
    q->mid = mid;
    q->initiator = initiator;
    timer_init(&q->timer, sa->ike->r->loop, ike_quick_fire, q);
    ike_keys_iv_phase2(&sa->keys, sa->last_block, mid, q->iv);
    struct ike_qm **at = &sa->qms;
    while (*at)
        at = &(*at)->next;
    *at = q;
    sa->n_qms++;
    return q;
}

void ike_quick_free(struct ike_qm *q)
{
    struct ike_sa *sa = q->sa;
    struct ike_qm **at = &sa->qms;
    while (*at != q)
        at = &(*at)->next;
    *at = q->next;
    sa->n_qms--;
    timer_stop(&q->timer);
    ike_dh_end(&q->dh);
    ike_quick_release(q);
    free(q->tx);
    crypto_wipe(q, sizeof *q);
    free(q);
}

void ike_quick_fail(struct ike_qm *q, const char *reason)
{
    struct ike *k = q->sa->ike;
    bool ours = q->initiator && q->state != IKE_QM_PHASE2_COMPLETE;
    if (q->state != IKE_QM_PHASE2_COMPLETE) {
        ike_dbg(k, "ISAKMP:(%u):deleting node %u error TRUE reason \"%s\"", q->sa->conn_id, q->mid, reason);
        if (q->in_spi && q->state != IKE_QM_R_QM2)
            ipsec_spi_release(k->r, q->in_spi);
    }
    struct ipsec_proposal *p = ours ? malloc(sizeof *p) : NULL;
    if (p)
        *p = q->prop;
    ike_quick_free(q);
    if (p) {
        ipsec_acquire_failed(k->r, p, reason);
        free(p);
    }
}

static bool same_flow(const struct ipsec_proposal *a, const struct ipsec_proposal *b)
{
    return prefix_equal(&a->ident.local, &b->ident.local) && prefix_equal(&a->ident.remote, &b->ident.remote) &&
           a->ident.proto == b->ident.proto && a->ident.lport == b->ident.lport && a->ident.rport == b->ident.rport;
}

void ike_quick_send(struct ike_qm *q, const struct ike_out *o, bool again)
{
    struct ike_sa *sa = q->sa;
    free(q->tx);
    q->tx = malloc(o->b.len);
    q->tx_len = q->tx ? (uint16_t)o->b.len : 0;
    if (q->tx)
        memcpy(q->tx, o->buf, o->b.len);
    q->tries = 0;
    ike_dbg(sa->ike, "ISAKMP:(%u): sending packet to %s my_port %u peer_port %u (%c) QM_IDLE      ", sa->conn_id,
            IKE_ADDR(&sa->at.peer), sa->at.lport, sa->at.pport, sa->initiator ? 'I' : 'R');
    ike_send_raw(sa->ike, &sa->at, o->buf, o->b.len);
    if (again)
        timer_start(&q->timer, IKE_RETRANSMIT);
}

void ike_quick_fire(void *arg)
{
    struct ike_qm *q = arg;
    struct ike_sa *sa = q->sa;
    struct ike *k = sa->ike;
    if (q->state == IKE_QM_PHASE2_COMPLETE) {
        ike_dbg(k, "ISAKMP:(%u):purging node %u", sa->conn_id, q->mid);
        ike_quick_free(q);
        return;
    }
    if (q->tries >= IKE_RETRIES) {
        ike_log_bad(k, "IKMP_MODE_FAILURE", 6,
                    "Processing of Quick mode failed with peer at %s (no answer: death by retransmission)",
                    IKE_ADDR(&sa->at.peer));
        if (q->state == IKE_QM_R_QM2)
            ipsec_pair_delete_by_out(k->r, &sa->at.peer, q->out_spi, "quick mode was not finished", q->cause);
        ike_quick_fail(q, "Death by retransmission P2");
        return;
    }
    q->tries++;
    k->count.retransmits++;
    ike_dbg(k, "ISAKMP:(%u): retransmitting phase 2 QM_IDLE       %u ...", sa->conn_id, q->mid);
    ike_send_raw(k, &sa->at, q->tx, q->tx_len);
    timer_start(&q->timer, IKE_RETRANSMIT);
}

/* A message of this exchange: HASH first, filled in when the rest is known. */
void ike_quick_out_start(struct ike_qm *q, struct ike_out *o)
{
    ike_out_start(o, q->sa->ci, q->sa->cr, IKE_X_QUICK, IKE_FLAG_ENCRYPT, q->mid);
    ike_out_begin(o, IKE_P_HASH);
    builder_zero(&o->b, q->sa->keys.hlen);
    ike_out_end(o);
}

/* HASH(1) or HASH(2) over what follows it, then encryption under a copy of the exchange's IV. */
bool ike_quick_out_seal(struct ike_qm *q, struct ike_out *o, struct ike_blob nonce)
{
    size_t hlen = q->sa->keys.hlen, at = IKE_HDR_LEN + 4 + hlen;
    if (o->b.error)
        return false;
    ike_keys_hash12(&q->sa->keys, q->mid, nonce, BLOB_OF(o->buf + at, o->b.len - at), o->buf + IKE_HDR_LEN + 4);
    return ike_crypt_seal(q->sa, o, q->iv);
}

void ike_quick_start(struct ike_sa *sa, const struct ipsec_proposal *p, bool rekey, event_id cause)
{
    struct ike *k = sa->ike;
    for (struct ike_qm *q = sa->qms; q; q = q->next)
        if (q->initiator && q->state != IKE_QM_PHASE2_COMPLETE && same_flow(&q->prop, p))
            return; /* already on its way */
    struct ike_qm *q = quick_new(sa, ike_sa_mid_new(sa), true);
    if (!q) {
        ipsec_acquire_failed(k->r, p, "too many quick modes");
        return;
    }
    q->prop = *p;
    q->rekey = rekey;
    q->cause = cause;
    ike_ha_exchange_begins(k, sa, rekey);
    ike_fsm_quick(q, IKE_EV_QM_START, NULL);
}

enum ike_verdict ike_quick_begin(struct ike_qm *q, struct ike_msg *m)
{
    struct ike_sa *sa = q->sa;
    struct ike *k = sa->ike;
    ike_dbg(k, "ISAKMP:(%u):beginning Quick Mode exchange, M-ID of %u", sa->conn_id, q->mid);
    q->in_spi = ipsec_spi_alloc(k->r);
    ike_dbg(k, "ISAKMP:(%u):QM Initiator gets spi", sa->conn_id);
    if (!q->in_spi || q->prop.n_transforms == 0)
        return IKE_FAIL;
    rng_bytes(k->r, RNG_NONCE, q->ni, IKE_NONCE_LEN);
    q->ni_len = IKE_NONCE_LEN;
    if (q->prop.pfs_group)
        return ike_dh_start(&q->dh, sa, q, q->prop.pfs_group, NULL) ? IKE_WAIT : IKE_FAIL;
    return ike_quick_send_qm1(q, m);
}

/* QM1 out */
enum ike_verdict ike_quick_send_qm1(struct ike_qm *q, struct ike_msg *m)
{
    struct ike_out o;
    const uint8_t *pub = ike_dh_public(q->dh);
    (void)m;
    if (q->prop.pfs_group && !pub)
        return IKE_FAIL;
    ike_quick_out_start(q, &o);
    ike_esp_offer_build(&o, q, ike_natt_used(q->sa));
    ike_out_payload(&o, IKE_P_NONCE, q->ni, q->ni_len);
    if (q->prop.pfs_group)
        ike_out_payload(&o, IKE_P_KE, pub, dh_len(q->prop.pfs_group));
    ike_ident_encode(&o, &q->prop.ident.local, q->prop.ident.proto, q->prop.ident.lport);
    ike_ident_encode(&o, &q->prop.ident.remote, q->prop.ident.proto, q->prop.ident.rport);
    if (!ike_quick_out_seal(q, &o, (struct ike_blob){0}))
        return IKE_FAIL;
    ike_quick_send(q, &o, true);
    return IKE_OK;
}

/* Everything that both roles do once nonces, SPIs and the transform are known. */
int ike_quick_install(struct ike_qm *q, bool udp, uint32_t life_s, uint32_t life_kb)
{
    struct ike_sa *sa = q->sa;
    struct ike *k = sa->ike;
    struct ipsec_pair *p = calloc(1, sizeof *p);
    struct esp_suite suite;
    uint8_t mat[CRYPTO_KEY_MAX + CRYPTO_HASH_MAX];
    const uint8_t *gxy = NULL; /* PFS: the computation has ended */
    const struct ipsec_transform *t = &q->prop.transforms[0];
    size_t gxy_len = 0;
    int rc = p ? esp_suite_make(&suite, t->cipher, t->key_bits, t->auth) : -1;
    if (!rc && q->prop.pfs_group) {
        gxy_len = dh_len(q->prop.pfs_group);
        rc = (gxy = ike_dh_shared(q->dh)) ? 0 : -1;
    }
    for (unsigned dir = 0; dir < 2 && !rc; dir++) {
        struct ipsec_keys *keys = dir ? &p->out : &p->in;
        rc = ike_keys_keymat(&sa->keys, BLOB_OF(gxy, gxy_len), IKE_PROTO_ESP, dir ? q->out_spi : q->in_spi,
                             BLOB_OF(q->ni, q->ni_len), BLOB_OF(q->nr, q->nr_len), mat,
                             suite.key_len + suite.auth_key_len);
        memcpy(keys->cipher, mat, suite.key_len); /* RFC 2409: encryption key, then authentication key */
        memcpy(keys->auth, mat + suite.key_len, suite.auth_key_len);
    }
    if (!rc) {
        p->prop = q->prop;
        p->prop.n_transforms = 1;
        p->in_spi = q->in_spi;
        p->out_spi = q->out_spi;
        p->life_s = life_s;
        p->life_kb = life_kb;
        memcpy(p->cookies, sa->ci, 8);
        memcpy(p->cookies + 8, sa->cr, 8);
        p->message_id = q->mid;
        p->udp_encap = udp;
        p->local_port = sa->at.lport;
        p->peer_port = sa->at.pport;
        p->pfs_group = q->prop.pfs_group;
        p->initiator = q->initiator;
        ike_dbg(
            k,
            "ISAKMP:(%u): Creating IPSec SAs\n        inbound SA from %s to %s (f/i)  0/ 0\n        (proxy %s to %s)\n"
            "        has spi 0x%X and conn_id 0\n        lifetime of %u seconds\n        lifetime of %u kilobytes\n"
            "        outbound SA from %s to %s (f/i) 0/0\n        (proxy %s to %s)\n        has spi  0x%X and conn_id "
            "0\n"
            "        lifetime of %u seconds\n        lifetime of %u kilobytes",
            sa->conn_id, IKE_ADDR(&sa->at.peer), IKE_ADDR(&sa->at.local), IKE_ADDR(&q->prop.ident.remote.addr),
            IKE_ADDR(&q->prop.ident.local.addr), q->in_spi, life_s, life_kb, IKE_ADDR(&sa->at.local),
            IKE_ADDR(&sa->at.peer), IKE_ADDR(&q->prop.ident.local.addr), IKE_ADDR(&q->prop.ident.remote.addr),
            q->out_spi, life_s, life_kb);
        rc = ipsec_pair_install(k->r, p, q->cause);
    }
    crypto_wipe(mat, sizeof mat);
    if (p)
        crypto_wipe(p, sizeof *p);
    free(p);
    return rc;
}

enum ike_verdict ike_quick_reject(struct ike_qm *q, uint16_t notify, const char *why)
{
    struct ike_sa *sa = q->sa;
    struct ike *k = sa->ike;
    uint8_t spi[4] = {(uint8_t)(q->out_spi >> 24), (uint8_t)(q->out_spi >> 16), (uint8_t)(q->out_spi >> 8),
                      (uint8_t)q->out_spi};
    k->count.qm_rejected++;
    ike_dbg_error(k, "ISAKMP:(%u): phase 2 SA policy not acceptable! (local %s remote %s)", sa->conn_id,
                  IKE_ADDR(&sa->at.local), IKE_ADDR(&sa->at.peer));
    ike_log_bad(k, "IKMP_MODE_FAILURE", 6, "Processing of Quick mode failed with peer at %s (%s)",
                IKE_ADDR(&sa->at.peer), why);
    ike_info_send_notify(sa, IKE_PROTO_ESP, notify, spi, q->out_spi ? 4 : 0, NULL, 0);
    return IKE_FAIL;
}

uint32_t ike_quick_min_life(uint32_t ours, uint32_t offered)
{
    return offered && offered < ours ? offered : ours;
}

/* QM3 out */
static enum ike_verdict qm2_finish(struct ike_qm *q, bool udp, uint32_t life_s, uint32_t life_kb)
{
    struct ike_sa *sa = q->sa;
    struct ike_out o;
    ike_out_start(&o, sa->ci, sa->cr, IKE_X_QUICK, IKE_FLAG_ENCRYPT, q->mid);
    uint8_t hash[CRYPTO_HASH_MAX];
    ike_keys_hash3(&sa->keys, q->mid, BLOB_OF(q->ni, q->ni_len), BLOB_OF(q->nr, q->nr_len), hash);
    ike_out_payload(&o, IKE_P_HASH, hash, sa->keys.hlen);
    if (!ike_crypt_seal(sa, &o, q->iv))
        return IKE_FAIL;
    if (ike_quick_install(q, udp, life_s, life_kb))
        return IKE_FAIL;
    ipsec_pair_enable(sa->ike->r, q->in_spi);
    ike_quick_send(q, &o, false);
    return IKE_OK;
}

/* QM2 in */
static enum ike_verdict qm2_take(struct ike_qm *q, struct ike_msg *m, struct ike_offer *offer)
{
    struct ike_sa *sa = q->sa;
    struct ike *k = sa->ike;
    const struct ike_payload *sap = ike_chain_find(&m->chain, IKE_P_SA, 0),
                             *np = ike_chain_find(&m->chain, IKE_P_NONCE, 0);
    const struct ike_payload *ke = ike_chain_find(&m->chain, IKE_P_KE, 0), *id;
    struct ipsec_transform t;
    bool udp = false;
    if (!sap || !np || np->len < 8 || np->len > IKE_NONCE_MAX || ike_sa_decode(sap->body, sap->len, 2, offer) ||
        offer->n != 1 || !ike_esp_transform_of(&offer->t[0], &t, &udp))
        return ike_quick_reject(q, IKE_N_PAYLOAD_MALFORMED, "malformed answer to quick mode");
    const struct ike_transform *w = &offer->t[0];
    ike_dbg(k, "ISAKMP:(%u):Checking IPSec proposal %u", sa->conn_id, w->prop_number);
    ike_debug_esp_transform(k, w);
    unsigned i = 0;
    while (i < q->prop.n_transforms &&
           !(q->prop.transforms[i].cipher == t.cipher && q->prop.transforms[i].auth == t.auth &&
             q->prop.transforms[i].transport == t.transport &&
             (!cipher_sized(t.cipher) || q->prop.transforms[i].key_bits == t.key_bits)))
        i++;
    if (i == q->prop.n_transforms || w->attrs.group != q->prop.pfs_group || udp != ike_natt_used(sa) ||
        (q->prop.pfs_group && (!ke || ke->len != dh_len(q->prop.pfs_group))))
        return ike_quick_reject(q, IKE_N_NO_PROPOSAL_CHOSEN, "the peer chose what was not offered");
    for (unsigned n = 0; n < 2 && (id = ike_chain_find(&m->chain, IKE_P_ID, n)); n++) {
        struct prefix p;
        uint8_t proto;
        uint16_t port;
        const struct prefix *want = n ? &q->prop.ident.remote : &q->prop.ident.local;
        if (!ike_ident_decode(id, &p, &proto, &port) || !prefix_equal(&p, want) || proto != q->prop.ident.proto)
            return ike_quick_reject(q, IKE_N_INVALID_ID_INFO, "the peer answered with other proxy identities");
    }
    ike_dbg(k, "ISAKMP:(%u):atts are acceptable.", sa->conn_id);
    q->prop.transforms[0] = q->prop.transforms[i];
    q->out_spi = w->spi;
    memcpy(q->nr, np->body, np->len);
    q->nr_len = np->len;
    uint32_t life_s = ike_quick_min_life(q->prop.life_s, w->attrs.life_s),
             life_kb = ike_quick_min_life(q->prop.life_kb, w->attrs.life_kb);
    for (unsigned n = 0; n < m->chain.n; n++) {
        struct ike_notify nt;
        if (m->chain.p[n].type != IKE_P_NOTIFY || !ike_notify_decode(m->chain.p[n].body, m->chain.p[n].len, &nt) ||
            nt.type != IKE_N_RESPONDER_LIFETIME)
            continue;
        struct cursor c = cursor_make(nt.data, nt.data_len);
        if (cursor_u16(&c) == 0x8001 && cursor_u16(&c) == 1) { /* seconds */
            uint16_t af = cursor_u16(&c), lv = cursor_u16(&c);
            uint32_t v = af & 0x8000 ? lv : lv == 4 ? cursor_u32(&c) : 0;
            if (cursor_ok(&c) && v >= 60)
                life_s = ike_quick_min_life(life_s, v);
        }
    }
    if (!q->prop.pfs_group)
        return qm2_finish(q, udp, life_s, life_kb);
    q->held = calloc(1, sizeof *q->held);
    if (!q->held || !ike_dh_peer(q->dh, ke->body))
        return IKE_FAIL;
    *q->held = (struct ike_held){.udp = udp, .life_s = life_s, .life_kb = life_kb};
    timer_stop(&q->timer); /* the answer is there: no retransmission */
    return IKE_WAIT;
}

enum ike_verdict ike_quick_qm2(struct ike_qm *q, struct ike_msg *m)
{
    struct ike_offer *offer = malloc(sizeof *offer);
    enum ike_verdict v = offer ? qm2_take(q, m, offer) : IKE_FAIL;
    free(offer);
    return v;
}

enum ike_verdict ike_quick_qm2_dh(struct ike_qm *q, struct ike_msg *m)
{
    (void)m;
    return qm2_finish(q, q->held->udp, q->held->life_s, q->held->life_kb);
}

void ike_quick_done(struct ike_qm *q)
{
    struct ike_sa *sa = q->sa;
    ike_dbg(sa->ike, "ISAKMP:(%u):deleting node %u error FALSE reason \"%s\"", sa->conn_id, q->mid,
            q->initiator ? "No Error" : "QM done (await)");
    ike_dh_end(&q->dh);
    crypto_wipe(q->ni, sizeof q->ni);
    crypto_wipe(q->nr, sizeof q->nr);
    timer_start(&q->timer, QM_KEEP);
    if (!q->rekey)
        ike_session_check(sa->ike, &sa->at, sa->his_id, sa->his_id_len, true);
}

/* The hash that the message must begin with; the exchange's state says which of the three it is. */
static bool hash_ok(struct ike_qm *q, struct ike_msg *m)
{
    const struct ike_keys *keys = &q->sa->keys;
    uint8_t want[CRYPTO_HASH_MAX];
    const struct ike_payload *h = &m->chain.p[0];
    if (h->type != IKE_P_HASH || h->len != keys->hlen)
        return false;
    struct ike_blob rest = {m->data + 4 + h->len, m->chain.used - 4 - h->len};
    int rc;
    if (q->state == IKE_QM_R_QM2)
        rc = ike_keys_hash3(keys, q->mid, BLOB_OF(q->ni, q->ni_len), BLOB_OF(q->nr, q->nr_len), want);
    else
        rc = ike_keys_hash12(keys, q->mid, q->initiator ? BLOB_OF(q->ni, q->ni_len) : (struct ike_blob){0}, rest, want);
    return rc == 0 && crypto_equal(want, h->body, h->len);
}

void ike_quick_input(struct ike_sa *sa, struct ike_msg *m)
{
    struct ike *k = sa->ike;
    if (sa->state != IKE_P1_COMPLETE) {
        ike_log_bad(k, "IKMP_SA_NOT_AUTH", 6,
                    "Cannot accept Quick Mode exchange from %-15s if SA is not authenticated!", IKE_ADDR(&m->at.peer));
        return;
    }
    struct ike_qm *q = ike_quick_find(sa, m->h.mid);
    if (q && memcmp(q->rx_hash, m->hash, sizeof m->hash) == 0) {
        k->count.duplicate++;
        if (q->tx && (q->initiator || q->state == IKE_QM_R_QM2)) {
            k->count.retransmits++;
            ike_send_raw(k, &sa->at, q->tx, q->tx_len);
        }
        return;
    }
    bool fresh = !q;
    if (q && (q->state == IKE_QM_PHASE2_COMPLETE || ike_dh_busy(q->dh)))
        return;
    if (fresh &&
        (m->h.mid == 0 || ike_sa_mid_used(sa, m->h.mid))) { /* an old exchange, replayed or of the former active */
        k->count.replayed_mid++;
        return;
    }
    if (fresh && !(q = quick_new(sa, m->h.mid, false)))
        return;
    uint8_t iv[IKE_BLOCK_MAX];
    memcpy(iv, q->iv, sizeof iv);
    if (ike_crypt_open(sa, m, iv) != IKE_OK || !hash_ok(q, m)) {
        k->count.malformed++;
        ike_log_bad(k, "IKMP_BAD_MESSAGE", 4, "IKE message from %-15s failed its sanity check or is malformed",
                    IKE_ADDR(&m->at.peer));
        if (fresh)
            ike_quick_free(q);
        return;
    }
    memcpy(q->iv, iv, sizeof iv);
    memcpy(q->rx_hash, m->hash, sizeof m->hash);
    sa->last_heard = loop_now(k->r->loop);
    if (m->at.pport != sa->at.pport) {
        sa->at.pport = m->at.pport;
        uint8_t cookies[16];
        memcpy(cookies, sa->ci, 8);
        memcpy(cookies + 8, sa->cr, 8);
        ipsec_pair_peer_moved(k->r, cookies, &sa->at.peer, sa->at.pport);
    }
    if (fresh)
        ike_sa_mid_add(sa, m->h.mid);
    ike_dbg(k, "ISAKMP:(%u): processing HASH payload. message ID = %u", sa->conn_id, m->h.mid);
    ike_dbg(k, "ISAKMP:(%u): processing SA payload. message ID = %u", sa->conn_id, m->h.mid);
    ike_fsm_quick(q, IKE_EV_QM, m);
}
