/* Main mode, the initiator's half, and what both halves share (RFC 2409 5.4; pre-shared key). Called by acquire and
 * rekey through ike_main_initiate(), and by the state table. */
#include "modules/ike/ike_int.h"
#include <stdlib.h>
#include <string.h>

void ike_main_fail_log(struct ike_sa *sa, const char *why)
{
    ike_log_bad(sa->ike, "IKMP_MODE_FAILURE", 6, "Processing of Main mode failed with peer at %s (%s)",
                IKE_ADDR(&sa->at.peer), why);
}

static bool same_ident(const struct ipsec_proposal *a, const struct ipsec_proposal *b)
{
    return prefix_equal(&a->ident.local, &b->ident.local) && prefix_equal(&a->ident.remote, &b->ident.remote) &&
           a->ident.proto == b->ident.proto && a->ident.lport == b->ident.lport && a->ident.rport == b->ident.rport;
}

static void pending_add(struct ike_sa *sa, const struct ipsec_proposal *p, bool rekey, event_id cause)
{
    unsigned n = 0;
    struct ike_pending **at = &sa->pending;
    for (; *at; at = &(*at)->next, n++)
        if (same_ident(&(*at)->prop, p))
            return;
    if (n >= IKE_PENDING_MAX || !(*at = calloc(1, sizeof **at))) {
        ipsec_acquire_failed(sa->ike->r, p, "too many flows wait for phase 1");
        return;
    }
    **at = (struct ike_pending){.prop = *p, .rekey = rekey, .cause = cause};
}

static struct ike_sa *initiator_new(struct ike *k, const struct addr *local, const struct addr *peer, event_id cause)
{
    struct ike_endpoint at = {*local, *peer, IKE_PORT, IKE_PORT};
    uint8_t ci[8];
    do
        rng_bytes(k->r, RNG_COOKIE, ci, sizeof ci);
    while (memcmp(ci, (uint8_t[8]){0}, 8) == 0);
    struct ike_sa *sa = ike_sa_new(k, ci, &at, true);
    if (!sa)
        return NULL;
    sa->cause = cause;
    ike_dbg(k, "ISAKMP:(0): SA request profile is (NULL)");
    ike_dbg(k, "ISAKMP: Created a peer struct for %s, peer port 500", IKE_ADDR(peer));
    ike_dbg(k, "ISAKMP: local port 500, remote port 500");
    ike_dbg(k, "ISAKMP: set new node 0 to QM_IDLE      ");
    ike_dbg(k, "ISAKMP:(0):Can not start Aggressive mode, trying Main mode.");
    return sa;
}

void ike_main_initiate(struct ike *k, const struct ipsec_proposal *p, bool rekey, event_id cause)
{
    if (!k->enabled) {
        ipsec_acquire_failed(k->r, p, "ISAKMP is disabled");
        return;
    }
    struct ike_sa *sa = ike_sa_starting(k, &p->local, &p->peer);
    if (sa) {
        pending_add(sa, p, rekey, cause);
        return;
    }
    sa = initiator_new(k, &p->local, &p->peer, cause);
    if (!sa) {
        ipsec_acquire_failed(k->r, p, "too many ISAKMP SAs");
        return;
    }
    ike_sa_link(sa, p->interface, p->map, p->group, p->stateful);
    pending_add(sa, p, rekey, cause);
    ike_ha_exchange_begins(k, sa, rekey);
    ike_fsm_main(sa, IKE_EV_ACQUIRE, NULL);
}

/* The lifetime of `old` is nearly over: a new phase 1 beside it; phase 2 SAs stay (interop 1). */
void ike_main_reauth(struct ike_sa *old)
{
    struct ike *k = old->ike;
    if (ike_sa_starting(k, &old->at.local, &old->at.peer))
        return;
    struct ike_sa *sa = initiator_new(k, &old->at.local, &old->at.peer, old->cause);
    if (!sa)
        return;
    ike_sa_link(sa, old->ifname, old->map, old->group, old->stateful);
    ike_fsm_main(sa, IKE_EV_ACQUIRE, NULL);
}

/* MM1 */
enum ike_verdict ike_main_start(struct ike_sa *sa, struct ike_msg *m)
{
    (void)m;
    struct ike *k = sa->ike;
    struct ike_out o;
    unsigned n = 0;
    const uint8_t none[8] = {0};
    if (ike_psk_find(k, &sa->at.peer))
        ike_dbg(k, "ISAKMP:(0):found peer pre-shared key matching %s", IKE_ADDR(&sa->at.peer));
    else
        ike_dbg_error(k, "ISAKMP:(0):No pre-shared key with %s!", IKE_ADDR(&sa->at.peer));
    ike_out_start(&o, sa->ci, none, IKE_X_MAIN, 0, 0);
    ike_offer_build(k, &o, &sa->at.peer, &n);
    if (!n) {
        ike_dbg_error(k, "ISAKMP:(0): No Cert or pre-shared address key.");
        ike_dbg_error(k, "ISAKMP:(0): construct_initial_message: Can not start Main mode");
        k->count.no_key++;
        ike_main_fail_log(
            sa, k->n_policies ? "No Cert or pre-shared address key: no certificate is enrolled, no key fits the peer"
                              : "no isakmp policy is configured");
        return IKE_FAIL;
    }
    /* SAi_b: the whole body as sent (RFC 2409 5) */
    sa->sai_len = (uint16_t)(o.b.len - IKE_HDR_LEN - 4);
    if (o.b.error || sa->sai_len > IKE_SAI_MAX || !(sa->sai = malloc(sa->sai_len)))
        return IKE_FAIL;
    memcpy(sa->sai, o.buf + IKE_HDR_LEN + 4, sa->sai_len);
    ike_natt_vids(&o);
    ike_dbg(k, "ISAKMP:(0): constructed NAT-T vendor-rfc3947 ID");
    ike_dbg(k, "ISAKMP:(0): constructed NAT-T vendor-07 ID");
    ike_dbg(k, "ISAKMP:(0): constructed NAT-T vendor-03 ID");
    ike_dbg(k, "ISAKMP:(0): constructed NAT-T vendor-02 ID");
    if (!ike_out_finish(&o))
        return IKE_FAIL;
    ike_dbg(k, "ISAKMP:(0): beginning Main Mode exchange");
    ike_sa_store_tx(sa, &o);
    ike_sa_send_tx(sa);
    ike_sa_retransmit_start(sa);
    return IKE_OK;
}

bool ike_main_take_public(struct ike_sa *sa)
{
    const uint8_t *pub = ike_dh_public(sa->dh);
    uint8_t **to = sa->initiator ? &sa->gxi : &sa->gxr;
    if (!pub || (!*to && !(*to = calloc(1, CRYPTO_DH_MAX))))
        return false;
    memcpy(*to, pub, dh_len(sa->suite.group));
    uint8_t *nonce = sa->initiator ? sa->ni : sa->nr;
    rng_bytes(sa->ike->r, RNG_NONCE, nonce, IKE_NONCE_LEN);
    *(sa->initiator ? &sa->ni_len : &sa->nr_len) = IKE_NONCE_LEN;
    return true;
}

bool ike_main_take_ke(struct ike_sa *sa, struct ike_msg *m, bool initiators)
{
    const struct ike_payload *ke = ike_chain_find(&m->chain, IKE_P_KE, 0);
    const struct ike_payload *nonce = ike_chain_find(&m->chain, IKE_P_NONCE, 0);
    unsigned conn = sa->conn_id;
    if (!ke || !nonce || ke->len != dh_len(sa->suite.group) || nonce->len < 8 || nonce->len > IKE_NONCE_MAX ||
        ike_chain_count(&m->chain, IKE_P_KE) != 1 || ike_chain_count(&m->chain, IKE_P_NONCE) != 1)
        return false;
    ike_dbg(sa->ike, "ISAKMP:(%u): processing KE payload. message ID = 0", conn);
    ike_dbg(sa->ike, "ISAKMP:(%u): processing NONCE payload. message ID = 0", conn);
    uint8_t **to = initiators ? &sa->gxi : &sa->gxr;
    if (!*to && !(*to = calloc(1, CRYPTO_DH_MAX)))
        return false;
    memcpy(*to, ke->body, ke->len);
    memcpy(initiators ? sa->ni : sa->nr, nonce->body, nonce->len);
    *(initiators ? &sa->ni_len : &sa->nr_len) = nonce->len;
    ike_vid_seen(sa->ike, conn, &m->chain, &sa->caps, initiators ? sa->ci : sa->cr);
    ike_natt_natd_check(sa, m);
    return true;
}

bool ike_main_make_keys(struct ike_sa *sa)
{
    size_t len = dh_len(sa->suite.group);
    const uint8_t *gxy = ike_dh_shared(sa->dh);
    const struct ike_psk *psk = ike_psk_find(sa->ike, &sa->at.peer);
    bool ok = psk && gxy && sa->gxi && sa->gxr &&
              ike_keys_init(&sa->keys, sa->suite.hash, sa->suite.cipher, sa->suite.key_bits) == 0 &&
              ike_keys_derive_psk(&sa->keys, BLOB_OF((const uint8_t *)psk->key, strlen(psk->key)),
                                  BLOB_OF(sa->ni, sa->ni_len), BLOB_OF(sa->nr, sa->nr_len), BLOB_OF(gxy, len), sa->ci,
                                  sa->cr) == 0 &&
              ike_keys_iv_phase1(&sa->keys, BLOB_OF(sa->gxi, len), BLOB_OF(sa->gxr, len), sa->iv) == 0;
    ike_dh_end(&sa->dh);
    return ok;
}

void ike_main_build_ke(struct ike_sa *sa, struct ike_out *o)
{
    ike_out_start(o, sa->ci, sa->cr, IKE_X_MAIN, 0, 0);
    ike_out_payload(o, IKE_P_KE, sa->initiator ? sa->gxi : sa->gxr, dh_len(sa->suite.group));
    ike_out_payload(o, IKE_P_NONCE, sa->initiator ? sa->ni : sa->nr, sa->initiator ? sa->ni_len : sa->nr_len);
    ike_vids_mm3(sa, o);
    if (sa->caps.natt)
        ike_natt_natd_build(sa, o);
    ike_out_finish(o);
}

/* MM2 in; MM3 when our public value is there */
enum ike_verdict ike_main_i_sa(struct ike_sa *sa, struct ike_msg *m)
{
    struct ike *k = sa->ike;
    struct ike_offer *offer = malloc(sizeof *offer);
    const struct ike_payload *p = ike_chain_find(&m->chain, IKE_P_SA, 0);
    ike_dbg(k, "ISAKMP:(0): processing SA payload. message ID = 0");
    int bad = offer ? ike_sa_decode(p->body, p->len, 1, offer) : IKE_N_PAYLOAD_MALFORMED;
    bool ok = !bad && offer->n == 1 && ike_offer_check_reply(k, &offer->t[0], &sa->suite);
    if (ok) {
        ike_dbg(k, "ISAKMP:(0):Checking ISAKMP transform %u against priority %u policy", offer->t[0].number,
                sa->suite.priority);
        ike_debug_transform(k, &offer->t[0]);
        ike_dbg(k, "ISAKMP:(0):atts are acceptable. Next payload is 0");
        ike_dbg(k, "ISAKMP:(0)::Started lifetime timer: %u.\n", sa->suite.life_s);
    }
    free(offer);
    if (!ok) { /* a forgery must not end the exchange: wait for the right answer */
        k->count.no_proposal++;
        ike_log_bad(k, "IKMP_SA_NOT_OFFERED", 6, "Remote peer %s responded with attribute not offered or changed",
                    IKE_ADDR(&sa->at.peer));
        return IKE_DROP;
    }
    if (memcmp(m->h.cr, (uint8_t[8]){0}, 8) == 0)
        return IKE_DROP;
    if (!ike_dh_start(&sa->dh, sa, NULL, sa->suite.group, NULL))
        return IKE_DROP; /* no room: MM2 comes again for our MM1 */
    ike_vid_seen(k, 0, &m->chain, &sa->caps, NULL);
    memcpy(sa->cr, m->h.cr, 8);
    timer_stop(&sa->retransmit);
    return IKE_OK;
}

/* MM3 out */
enum ike_verdict ike_main_i_public(struct ike_sa *sa, struct ike_msg *m)
{
    struct ike_out o;
    (void)m;
    if (!ike_main_take_public(sa))
        return IKE_FAIL;
    ike_main_build_ke(sa, &o);
    ike_sa_store_tx(sa, &o);
    ike_sa_send_tx(sa);
    ike_sa_retransmit_start(sa);
    return IKE_OK;
}

void ike_main_build_id(struct ike_sa *sa)
{
    struct ike *k = sa->ike;
    struct builder b = builder_make(sa->my_id, sizeof sa->my_id);
    bool host = k->identity_hostname;
    builder_u8(&b, host ? IKE_ID_FQDN : IKE_ID_IPV4);
    builder_u8(&b, 17);
    builder_u16(&b, sa->at.lport == IKE_PORT_NATT ? 0 : IKE_PORT); /* reference 3.4 */
    if (host)
        builder_bytes(&b, k->r->hostname, strlen(k->r->hostname));
    else
        builder_u32(&b, addr_v4_get(&sa->at.local));
    sa->my_id_len = (uint16_t)b.len;
    ike_dbg(k, "ISAKMP:(%u):SA is doing pre-shared key authentication using id type %s", sa->conn_id,
            host ? "ID_FQDN" : "ID_IPV4_ADDR");
    ike_dbg(
        k,
        "ISAKMP (%u): ID payload \n        next-payload : 8\n        type         : %u \n        address      : %s \n"
        "        protocol     : 17 \n        port         : %u \n        length       : %u",
        sa->conn_id, sa->my_id[0], IKE_ADDR(&sa->at.local), sa->at.lport == IKE_PORT_NATT ? 0 : 500, sa->my_id_len + 4);
    ike_dbg(k, "ISAKMP:(%u):Total payload length: %u", sa->conn_id, sa->my_id_len + 4);
}

void ike_main_build_auth(struct ike_sa *sa, struct ike_out *o, bool initial_contact)
{
    uint8_t hash[CRYPTO_HASH_MAX];
    size_t len = dh_len(sa->suite.group);
    ike_main_build_id(sa);
    ike_keys_auth_hash(&sa->keys, sa->initiator, BLOB_OF(sa->gxi, len), BLOB_OF(sa->gxr, len), sa->ci, sa->cr,
                       BLOB_OF(sa->sai, sa->sai_len), BLOB_OF(sa->my_id, sa->my_id_len), hash);
    ike_out_start(o, sa->ci, sa->cr, IKE_X_MAIN, IKE_FLAG_ENCRYPT, 0);
    ike_out_payload(o, IKE_P_ID, sa->my_id, sa->my_id_len);
    ike_out_payload(o, IKE_P_HASH, hash, sa->keys.hlen);
    if (initial_contact) {
        ike_dbg(sa->ike, "ISAKMP:(%u):Send initial contact", sa->conn_id);
        ike_out_begin(o, IKE_P_NOTIFY);
        builder_u32(&o->b, 1);
        builder_u8(&o->b, IKE_PROTO_ISAKMP);
        builder_u8(&o->b, 16);
        builder_u16(&o->b, IKE_N_INITIAL_CONTACT);
        builder_bytes(&o->b, sa->ci, 8);
        builder_bytes(&o->b, sa->cr, 8);
        ike_out_end(o);
        sa->initial_contact_sent = true;
    }
}

/* MM4 in; MM5 when g^xy is there */
enum ike_verdict ike_main_i_ke(struct ike_sa *sa, struct ike_msg *m)
{
    struct ike *k = sa->ike;
    if (!ike_main_take_ke(sa, m, false)) {
        k->count.malformed++;
        ike_log_bad(k, "IKMP_BAD_MESSAGE", 4, "IKE message from %-15s failed its sanity check or is malformed",
                    IKE_ADDR(&sa->at.peer));
        return IKE_DROP;
    }
    if (!ike_dh_peer(sa->dh, sa->gxr))
        return IKE_DROP; /* no room: MM4 comes again for our MM3 */
    sa->conn_id = k->next_conn++;
    timer_stop(&sa->retransmit);
    return IKE_OK;
}

/* MM5 out */
enum ike_verdict ike_main_i_keys(struct ike_sa *sa, struct ike_msg *m)
{
    struct ike *k = sa->ike;
    (void)m;
    if (!ike_main_make_keys(sa)) {
        ike_main_fail_log(sa, "the peer's Diffie-Hellman value or our key is unusable");
        return IKE_FAIL;
    }
    if (sa->nat_me || sa->nat_peer) { /* RFC 3947 4: float from MM5 on */
        sa->at.lport = sa->at.pport = IKE_PORT_NATT;
        ike_dbg(k, "ISAKMP (%u): NAT found, %s", sa->conn_id, sa->nat_me ? "this node inside NAT" : "peer inside NAT");
    }
    struct ike_out o;
    bool first =
        !ike_sa_best(k, &sa->at.local, &sa->at.peer) && ipsec_pair_count(k->r, &sa->at.local, &sa->at.peer) == 0;
    ike_main_build_auth(sa, &o, first);
    if (!ike_crypt_seal(sa, &o, sa->iv))
        return IKE_FAIL;
    ike_sa_store_tx(sa, &o);
    ike_sa_send_tx(sa);
    ike_sa_retransmit_start(sa);
    return IKE_OK;
}

/* ID and HASH of MM5 or MM6. DROP: not from the holder of the key, or malformed; state and IV are unchanged. */
enum ike_verdict ike_main_check_auth(struct ike_sa *sa, struct ike_msg *m)
{
    struct ike *k = sa->ike;
    uint8_t iv[IKE_BLOCK_MAX], hash[CRYPTO_HASH_MAX];
    size_t len = dh_len(sa->suite.group);
    struct ike_id id;
    memcpy(iv, sa->iv, sizeof iv);
    if (!(m->h.flags & IKE_FLAG_ENCRYPT))
        return IKE_DROP;
    const struct ike_payload *idp = NULL, *hp = NULL;
    if (ike_crypt_open(sa, m, iv) == IKE_OK) {
        idp = ike_chain_find(&m->chain, IKE_P_ID, 0);
        hp = ike_chain_find(&m->chain, IKE_P_HASH, 0);
    }
    if (!idp || !hp || idp->len > IKE_ID_MAX || !ike_id_decode(idp->body, idp->len, &id)) {
        k->count.auth_failed++;
        ike_dbg_error(k, "ISAKMP:(%u): reserved not zero on ID payload!", sa->conn_id);
        ike_log_bad(k, "IKMP_BAD_MESSAGE", 4,
                    "IKE message from %-15s failed its sanity check or is malformed (do the pre-shared keys agree?)",
                    IKE_ADDR(&sa->at.peer));
        return IKE_DROP;
    }
    ike_dbg(k, "ISAKMP:(%u): processing ID payload. message ID = 0", sa->conn_id);
    /* RFC 2407 4.6.2: 0/0 or 17/500; a floated peer may say 17/4500 or 17/0 */
    if (!(id.proto == 0 && id.port == 0) &&
        !(id.proto == 17 && (id.port == 0 || id.port == IKE_PORT || id.port == IKE_PORT_NATT))) {
        k->count.auth_failed++;
        ike_main_fail_log(sa, "identity with a wrong protocol or port");
        return IKE_DROP;
    }
    ike_dbg(k, "ISAKMP:(0):: peer matches *none* of the profiles");
    ike_dbg(k, "ISAKMP:(%u): processing HASH payload. message ID = 0", sa->conn_id);
    ike_keys_auth_hash(&sa->keys, !sa->initiator, BLOB_OF(sa->gxi, len), BLOB_OF(sa->gxr, len), sa->ci, sa->cr,
                       BLOB_OF(sa->sai, sa->sai_len), BLOB_OF(idp->body, idp->len), hash);
    if (hp->len != sa->keys.hlen || !crypto_equal(hash, hp->body, hp->len)) {
        k->count.auth_failed++;
        ike_main_fail_log(sa, "authentication failed: HASH does not match");
        return IKE_DROP;
    }
    memcpy(sa->his_id, idp->body, idp->len);
    sa->his_id_len = idp->len;
    memcpy(sa->iv, iv, sizeof iv);
    ike_dbg(k, "ISAKMP:(%u):SA authentication status:\n        authenticated", sa->conn_id);
    ike_dbg(k, "ISAKMP:(%u):SA has been authenticated with %s", sa->conn_id, IKE_ADDR(&sa->at.peer));
    return IKE_OK;
}

/* MM6 in */
enum ike_verdict ike_main_i_id(struct ike_sa *sa, struct ike_msg *m)
{
    enum ike_verdict v = ike_main_check_auth(sa, m);
    if (v != IKE_OK)
        return v;
    timer_stop(&sa->retransmit);
    memcpy(sa->last_block, sa->iv, sizeof sa->last_block);
    sa->at.pport = m->at.pport;
    sa->established = loop_now(sa->ike->r->loop);
    sa->life_end = sa->established + (nstime)sa->suite.life_s * NS_PER_S;
    ike_sync_changed(sa); /* state-sync 4.5 (4): the initiator's commit point */
    ike_dbg(sa->ike, "ISAKMP: Trying to insert a peer %s/%s/%u/,  and inserted successfully.", IKE_ADDR(&sa->at.local),
            IKE_ADDR(&sa->at.peer), sa->at.pport);
    return IKE_OK;
}

void ike_main_input(struct ike_sa *sa, struct ike_msg *m)
{
    struct ike *k = sa->ike;
    if (sa->standby) {
        k->count.standby_in++;
        return;
    }
    if (memcmp(m->hash, sa->rx_hash, sizeof m->hash) == 0) { /* a retransmission: the same answer again */
        k->count.duplicate++;
        if (!sa->initiator && sa->tx) {
            ike_dbg(k, "ISAKMP:(%u): phase 1 packet is a duplicate of a previous packet.", sa->conn_id);
            ike_dbg(k, "ISAKMP:(%u): retransmitting due to retransmit phase 1", sa->conn_id);
            k->count.retransmits++;
            ike_sa_send_tx(sa);
        }
        return;
    }
    enum ike_event ev = IKE_EV_ID;
    if (!(m->h.flags & IKE_FLAG_ENCRYPT)) {
        if (ike_chain_walk(m->h.next, m->data, m->len, &m->chain)) {
            k->count.malformed++;
            ike_log_bad(k, "IKMP_BAD_MESSAGE", 4, "IKE message from %-15s failed its sanity check or is malformed",
                        IKE_ADDR(&m->at.peer));
            return;
        }
        if (ike_chain_find(&m->chain, IKE_P_SA, 0))
            ev = IKE_EV_SA;
        else if (ike_chain_find(&m->chain, IKE_P_KE, 0))
            ev = IKE_EV_KE;
        else
            return;
    }
    if (!ike_fsm_main_has(sa->state, ev))
        return;
    uint8_t hash[sizeof m->hash];
    memcpy(hash, m->hash, sizeof hash);
    if (ike_fsm_main(sa, ev, m) == IKE_OK)
        memcpy(sa->rx_hash, hash, sizeof hash);
}
