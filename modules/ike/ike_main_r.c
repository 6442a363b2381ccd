/* Main mode, the responder's half. Until MM3 brings our cookie back there is only a small record, and no
 * Diffie-Hellman; until MM5 is verified few DH computations wait, and nothing is sent by a timer of ours (DESIGN 4).
 */
#include "modules/ike/ike_int.h"
#include <stdlib.h>
#include <string.h>

static void refuse(struct ike *k, const struct ike_msg *m, const uint8_t cr[8], int notify, const char *why)
{
    ike_dbg_error(k, "ISAKMP:(0): phase 1 SA policy not acceptable! (local %s remote %s)", IKE_ADDR(&m->at.local),
                  IKE_ADDR(&m->at.peer));
    ike_log_bad(k, "IKMP_MODE_FAILURE", 6, "Processing of Main mode failed with peer at %s (%s)", IKE_ADDR(&m->at.peer),
                why);
    ike_info_clear_notify(k, m, cr, (uint16_t)notify);
}

/* MM2: the chosen transform echoed attribute by attribute, and the NAT-T vendor ID that the peer offered. */
void ike_main_send_mm2(struct ike *k, const struct ike_half *h)
{
    struct ike_out o;
    ike_out_start(&o, h->ci, h->cr, IKE_X_MAIN, 0, 0);
    ike_out_payload(&o, IKE_P_SA, h->reply, h->reply_len);
    ike_natt_vid_reply(&o, h->caps.natt);
    if (!ike_out_finish(&o))
        return;
    ike_dbg(k, "ISAKMP:(0): sending packet to %s my_port %u peer_port %u (R) MM_SA_SETUP", IKE_ADDR(&h->at.peer),
            h->at.lport, h->at.pport);
    ike_send_raw(k, &h->at, o.buf, o.b.len);
}

static bool reply_build(struct ike_half *h, const struct ike_transform *t)
{
    struct builder b = builder_make(h->reply, sizeof h->reply);
    builder_u32(&b, 1);
    builder_u32(&b, 1);
    builder_u8(&b, IKE_P_NONE);
    builder_u8(&b, 0);
    builder_u16(&b, (uint16_t)(16 + t->raw_len));
    builder_u8(&b, t->prop_number);
    builder_u8(&b, IKE_PROTO_ISAKMP);
    builder_u8(&b, 0);
    builder_u8(&b, 1);
    builder_u8(&b, IKE_P_NONE);
    builder_u8(&b, 0);
    builder_u16(&b, (uint16_t)(8 + t->raw_len));
    builder_u8(&b, t->number);
    builder_u8(&b, t->id);
    builder_u16(&b, 0);
    builder_bytes(&b, t->raw, t->raw_len);
    h->reply_len = (uint16_t)b.len;
    return builder_ok(&b);
}

void ike_main_first(struct ike *k, struct ike_msg *m)
{
    struct ipsec_endpoint ep;
    const uint8_t none[8] = {0};
    if (memcmp(m->h.ci, none, 8) == 0 || (m->h.flags & IKE_FLAG_ENCRYPT) || m->h.mid != 0) {
        k->count.malformed++;
        return;
    }
    if (!ipsec_endpoint_find(k->r, &m->at.local, &ep)) {
        k->count.no_endpoint++;
        ip_drop_count(k->r, "ike-no-endpoint", 1);
        return;
    }
    ike_half_expire(k);
    struct ike_half *h = ike_half_find(k, m->h.ci, NULL, &m->at);
    if (h) { /* MM1 again: MM2 again, once per packet received */
        k->count.duplicate++;
        ike_main_send_mm2(k, h);
        return;
    }
    struct ike_sa *known = ike_sa_find(k, m->h.ci, none);
    if (known)
        return; /* past MM2 already */
    const struct ike_payload *p = NULL;
    int bad = ike_chain_walk(m->h.next, m->data, m->len, &m->chain);
    if (!bad && (!(p = ike_chain_find(&m->chain, IKE_P_SA, 0)) || m->h.next != IKE_P_SA || p->len > IKE_SAI_MAX ||
                 ike_chain_count(&m->chain, IKE_P_SA) != 1))
        bad = IKE_N_PAYLOAD_MALFORMED;
    struct ike_offer *offer = bad ? NULL : malloc(sizeof *offer);
    if (offer)
        bad = ike_sa_decode(p->body, p->len, 1, offer);
    if (bad || !offer) {
        free(offer);
        k->count.malformed++;
        ike_log_bad(k, "IKMP_BAD_MESSAGE", 4, "IKE message from %-15s failed its sanity check or is malformed",
                    IKE_ADDR(&m->at.peer));
        ike_info_clear_notify(k, m, none, (uint16_t)(bad ? bad : IKE_N_PAYLOAD_MALFORMED));
        return;
    }
    ike_dbg(k, "ISAKMP (0): received packet from %s dport %u sport %u Global (N) NEW SA", IKE_ADDR(&m->at.peer),
            m->at.lport, m->at.pport);
    ike_dbg(k, "ISAKMP: Created a peer struct for %s, peer port %u", IKE_ADDR(&m->at.peer), m->at.pport);
    ike_dbg(k, "ISAKMP:(0):Input = IKE_MESG_FROM_PEER, IKE_MM_EXCH");
    ike_dbg(k, "ISAKMP:(0):Old State = IKE_READY  New State = IKE_R_MM1 \n");
    ike_dbg(k, "ISAKMP:(0): processing SA payload. message ID = 0");
    struct ike_caps caps = {0};
    ike_vid_seen(k, 0, &m->chain, &caps, NULL);
    struct ike_policy agreed;
    const char *why;
    const struct ike_transform *t = ike_offer_choose(k, &m->at.peer, offer, &agreed, &why);
    if (!t) {
        k->count.no_proposal++;
        ike_dbg_error(k, "ISAKMP:(0):no offers accepted!");
        refuse(k, m, none, IKE_N_NO_PROPOSAL_CHOSEN, why);
        free(offer);
        return;
    }
    h = ike_half_new(k, &m->at);
    if (h) {
        memcpy(h->ci, m->h.ci, 8);
        do
            rng_bytes(k->r, RNG_COOKIE, h->cr, 8);
        while (memcmp(h->cr, none, 8) == 0);
        h->ep = ep;
        h->suite = agreed;
        h->caps = caps;
        h->sai_len = p->len;
        memcpy(h->sai, p->body, p->len);
        if (reply_build(h, t)) {
            ike_main_send_mm2(k, h);
            ike_dbg(k, "ISAKMP:(0):Old State = IKE_R_MM1  New State = IKE_R_MM2 \n");
        } else {
            ike_half_free(k, h);
        }
    }
    free(offer);
}

/* Room for one more responder SA whose peer has not proved itself: the oldest of the same address, or of all, goes. */
static void make_room(struct ike *k, const struct addr *peer)
{
    unsigned of_peer = 0, left = k->n_unproven < IKE_UNPROVEN_PER_PEER ? 0 : k->n_unproven;
    struct ike_sa *oldest = NULL, *oldest_peer = NULL;
    for (struct ike_sa *sa = k->last; sa && left; sa = sa->prev) { /* from the youngest: they are all near */
        if (sa->initiator || sa->established || sa->deleting)
            continue;
        left--;
        oldest = sa;
        if (addr_equal(&sa->at.peer, peer)) {
            of_peer++;
            oldest_peer = sa;
        }
    }
    struct ike_sa *victim = of_peer >= IKE_UNPROVEN_PER_PEER    ? oldest_peer
                            : k->n_unproven >= IKE_UNPROVEN_MAX ? oldest
                                                                : NULL;
    if (victim) {
        k->count.unproven_dropped++;
        ike_sa_delete(victim, IKE_END_SILENT, "too many unproven peers", 0);
    }
}

void ike_main_third(struct ike *k, struct ike_half *h, struct ike_msg *m)
{
    const struct ike_payload *ke, *nonce;
    if ((m->h.flags & IKE_FLAG_ENCRYPT) || ike_chain_walk(m->h.next, m->data, m->len, &m->chain) ||
        !(ke = ike_chain_find(&m->chain, IKE_P_KE, 0)) || !(nonce = ike_chain_find(&m->chain, IKE_P_NONCE, 0)) ||
        ke->len != dh_len(h->suite.group) || nonce->len < 8 || nonce->len > IKE_NONCE_MAX) {
        k->count.malformed++;
        ike_log_bad(k, "IKMP_BAD_MESSAGE", 4, "IKE message from %-15s failed its sanity check or is malformed",
                    IKE_ADDR(&m->at.peer));
        return;
    }
    if (k->n_unproven_dh >= IKE_DH_QUEUE_MAX) { /* the record stays: the peer's retransmission may find room */
        k->count.dh_dropped++;
        ip_drop_count(k->r, "ike-dh-queue", 1);
        return;
    }
    make_room(k, &m->at.peer);
    struct ike_sa *sa = ike_sa_new(k, h->ci, &m->at, false);
    if (!sa)
        return;
    memcpy(sa->cr, h->cr, 8);
    sa->conn_id = k->next_conn++;
    sa->suite = h->suite;
    sa->caps = h->caps;
    sa->state = IKE_R_MM2;
    ike_sa_link(sa, h->ep.interface, h->ep.map, h->ep.group, h->ep.stateful);
    sa->sai = malloc(h->sai_len);
    if (sa->sai) {
        memcpy(sa->sai, h->sai, h->sai_len);
        sa->sai_len = h->sai_len;
    }
    uint8_t hash[sizeof m->hash];
    memcpy(hash, m->hash, sizeof hash);
    ike_half_free(k, h);
    if (ike_fsm_main(sa, IKE_EV_KE, m) == IKE_OK)
        memcpy(sa->rx_hash, hash, sizeof hash);
}

/* MM3 in; MM4 when both values are there */
enum ike_verdict ike_main_r_ke(struct ike_sa *sa, struct ike_msg *m)
{
    if (!sa->sai || !ike_main_take_ke(sa, m, true) || !ike_dh_start(&sa->dh, sa, NULL, sa->suite.group, sa->gxi))
        return IKE_FAIL;
    timer_start(&sa->life, IKE_UNPROVEN_LIFE);
    return IKE_OK;
}

/* MM4 out */
enum ike_verdict ike_main_r_dh(struct ike_sa *sa, struct ike_msg *m)
{
    (void)m;
    struct ike_out o;
    if (!ike_main_take_public(sa))
        return IKE_FAIL;
    ike_main_build_ke(sa, &o);
    if (!ike_main_make_keys(sa)) {
        sa->ike->count.auth_failed++;
        ike_main_fail_log(sa, "the peer's Diffie-Hellman value or our key is unusable");
        return IKE_FAIL;
    }
    ike_sa_store_tx(sa, &o);
    ike_sa_send_tx(sa);
    return IKE_OK;
}

/* MM5 in, MM6 out */
enum ike_verdict ike_main_r_id(struct ike_sa *sa, struct ike_msg *m)
{
    struct ike *k = sa->ike;
    enum ike_verdict v = ike_main_check_auth(sa, m);
    if (v != IKE_OK)
        return v;
    sa->at.lport = m->at.lport; /* floated to 4500 if there is a NAT */
    sa->at.pport = m->at.pport;
    for (unsigned i = 0; i < m->chain.n; i++) {
        struct ike_notify n;
        if (m->chain.p[i].type == IKE_P_NOTIFY && ike_notify_decode(m->chain.p[i].body, m->chain.p[i].len, &n) &&
            n.type == IKE_N_INITIAL_CONTACT) {
            ike_dbg(k, "ISAKMP:(%u): processing NOTIFY INITIAL_CONTACT protocol 1\n        spi 0, message ID = 0",
                    sa->conn_id);
            sa->initial_contact_seen = true;
        }
    }
    struct ike_out o;
    ike_main_build_auth(sa, &o, false);
    if (!ike_crypt_seal(sa, &o, sa->iv))
        return IKE_FAIL;
    memcpy(sa->last_block, sa->iv, sizeof sa->last_block);
    ike_sa_store_tx(sa, &o);
    sa->established = loop_now(k->r->loop);
    sa->life_end = sa->established + (nstime)sa->suite.life_s * NS_PER_S;
    if (sa->initial_contact_seen)
        ike_info_initial_contact(sa);
    ike_sync_changed(sa); /* state-sync 4.5 (4): queued before MM6 leaves */
    ike_sa_send_tx(sa);
    return IKE_OK;
}
