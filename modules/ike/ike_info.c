/* Informational exchanges (RFC 2409 5.7): notify and delete, in and out. Called by the input path, by quick mode when
 * it refuses, and when SAs end here. */
#include "modules/ike/ike_int.h"
#include <string.h>

/* Sends what was built behind the HASH payload of `o`; one exchange, one message id, never repeated. */
static void info_send(struct ike_sa *sa, struct ike_out *o, uint32_t mid)
{
    struct ike *k = sa->ike;
    uint8_t iv[IKE_BLOCK_MAX];
    size_t at = IKE_HDR_LEN + 4 + sa->keys.hlen;
    if (o->b.error || sa->standby)
        return;
    ike_keys_hash12(&sa->keys, mid, (struct ike_blob){0}, BLOB_OF(o->buf + at, o->b.len - at),
                    o->buf + IKE_HDR_LEN + 4);
    ike_keys_iv_phase2(&sa->keys, sa->last_block, mid, iv);
    if (!ike_crypt_seal(sa, o, iv))
        return;
    ike_dbg(k, "ISAKMP:(%u): sending packet to %s my_port %u peer_port %u (%c) %s", sa->conn_id, IKE_ADDR(&sa->at.peer),
            sa->at.lport, sa->at.pport, sa->initiator ? 'I' : 'R', ike_state_shown(sa));
    ike_send_raw(k, &sa->at, o->buf, o->b.len);
    ike_dbg(k, "ISAKMP:(%u):purging node %u", sa->conn_id, mid);
}

static uint32_t info_start(struct ike_sa *sa, struct ike_out *o)
{
    uint32_t mid = ike_sa_mid_new(sa);
    ike_out_start(o, sa->ci, sa->cr, IKE_X_INFO, IKE_FLAG_ENCRYPT, mid);
    ike_out_begin(o, IKE_P_HASH);
    builder_zero(&o->b, sa->keys.hlen);
    ike_out_end(o);
    return mid;
}

void ike_info_send_notify(struct ike_sa *sa, uint8_t proto, uint16_t type, const uint8_t *spi, uint8_t spi_len,
                          const void *data, size_t len)
{
    struct ike_out o;
    if (sa->state != IKE_P1_COMPLETE)
        return;
    uint32_t mid = info_start(sa, &o);
    ike_out_begin(&o, IKE_P_NOTIFY);
    builder_u32(&o.b, 1);
    builder_u8(&o.b, proto);
    builder_u8(&o.b, spi_len);
    builder_u16(&o.b, type);
    builder_bytes(&o.b, spi, spi_len);
    builder_bytes(&o.b, data, len);
    ike_out_end(&o);
    info_send(sa, &o, mid);
}

void ike_info_send_delete_sa(struct ike_sa *sa)
{
    struct ike_out o;
    if (sa->state != IKE_P1_COMPLETE)
        return;
    uint32_t mid = info_start(sa, &o);
    ike_out_begin(&o, IKE_P_DELETE);
    builder_u32(&o.b, 1);
    builder_u8(&o.b, IKE_PROTO_ISAKMP);
    builder_u8(&o.b, 16);
    builder_u16(&o.b, 1);
    builder_bytes(&o.b, sa->ci, 8);
    builder_bytes(&o.b, sa->cr, 8);
    ike_out_end(&o);
    info_send(sa, &o, mid);
}

void ike_info_send_delete_spis(struct ike_sa *sa, const uint32_t *spis, unsigned n)
{
    struct ike_out o;
    if (sa->state != IKE_P1_COMPLETE || n == 0 || n > 500)
        return;
    uint32_t mid = info_start(sa, &o);
    ike_out_begin(&o, IKE_P_DELETE);
    builder_u32(&o.b, 1);
    builder_u8(&o.b, IKE_PROTO_ESP);
    builder_u8(&o.b, 4);
    builder_u16(&o.b, (uint16_t)n);
    for (unsigned i = 0; i < n; i++)
        builder_u32(&o.b, spis[i]);
    ike_out_end(&o);
    info_send(sa, &o, mid);
}

/* In clear, to a peer that phase 1 was refused: once per packet received, never by a timer. */
void ike_info_clear_notify(struct ike *k, const struct ike_msg *m, const uint8_t cr[8], uint16_t type)
{
    struct ike_out o;
    ike_out_start(&o, m->h.ci, cr, IKE_X_INFO, 0, rng_u32(k->r, RNG_MESSAGE_ID));
    ike_out_begin(&o, IKE_P_NOTIFY);
    builder_u32(&o.b, 1);
    builder_u8(&o.b, IKE_PROTO_ISAKMP);
    builder_u8(&o.b, 0);
    builder_u16(&o.b, type);
    ike_out_end(&o);
    if (ike_out_finish(&o) && log_ratelimit(k->r, "ike-clear-notify", 50))
        ike_send_raw(k, &m->at, o.buf, o.b.len);
}

/* The peer has restarted: what we hold of its former life goes, without a word to it. */
void ike_info_initial_contact(struct ike_sa *sa)
{
    struct ike *k = sa->ike;
    ike_dbg(k,
            "ISAKMP:(%u):Process initial contact,\nbring down existing phase 1 and 2 SA's with local %s remote %s "
            "remote port %u",
            sa->conn_id, IKE_ADDR(&sa->at.local), IKE_ADDR(&sa->at.peer), sa->at.pport);
    bool alone = true; /* several peers may share the address of a NAT */
    for (struct ike_sa *o = ike_sa_next_of(k, NULL, NULL, &sa->at.peer), *next; o; o = next) {
        next = ike_sa_next_of(k, o, NULL, &sa->at.peer);
        if (o == sa || !o->established || o->standby || !ike_same_peer(o, &sa->at.local, &sa->at.peer))
            continue;
        if (o->his_id_len != sa->his_id_len || memcmp(o->his_id, sa->his_id, sa->his_id_len) != 0) {
            alone = false;
            continue;
        }
        uint8_t cookies[16];
        memcpy(cookies, o->ci, 8);
        memcpy(cookies + 8, o->cr, 8);
        ipsec_pair_delete_by_cookies(k->r, cookies, "initial contact", sa->cause);
        ike_sa_delete(o, IKE_END_SILENT, "Receive initial contact", sa->cause);
    }
    if (alone)
        ipsec_pair_delete_by_peer(k->r, &sa->at.local, &sa->at.peer, "initial contact", sa->cause);
}

static void quick_refused(struct ike_sa *sa, const struct ike_notify *n)
{
    uint32_t spi = 0;
    struct ike_qm *hit = NULL;
    unsigned waiting = 0;
    if (n->spi_len == 4)
        spi = (uint32_t)n->spi[0] << 24 | (uint32_t)n->spi[1] << 16 | (uint32_t)n->spi[2] << 8 | n->spi[3];
    for (struct ike_qm *q = sa->qms; q; q = q->next)
        if (q->initiator && q->state == IKE_QM_I_QM1) {
            waiting++;
            if (!hit || (spi && q->in_spi == spi))
                hit = q;
        }
    if (!hit || (waiting > 1 && hit->in_spi != spi))
        return;
    ike_log_bad(sa->ike, "IKMP_MODE_FAILURE", 6, "Processing of Quick mode failed with peer at %s (the peer says: %s)",
                IKE_ADDR(&sa->at.peer),
                n->type == IKE_N_NO_PROPOSAL_CHOSEN ? "no proposal chosen"
                : n->type == IKE_N_INVALID_ID_INFO  ? "invalid proxy identities"
                                                    : "error notify");
    ike_quick_fail(hit, "refused by the peer");
}

void ike_notify_in(struct ike_sa *sa, const struct ike_notify *n, struct ike_msg *m)
{
    struct ike *k = sa->ike;
    switch (n->type) {
    case IKE_N_R_U_THERE:
    case IKE_N_R_U_THERE_ACK:
        ike_dpd_in(sa, n);
        return;
    case IKE_N_INITIAL_CONTACT:
        ike_dbg(k, "ISAKMP:(%u): processing NOTIFY INITIAL_CONTACT protocol %u\n        spi 0, message ID = %u",
                sa->conn_id, n->proto, m->h.mid);
        ike_info_initial_contact(sa);
        return;
    case IKE_N_INVALID_SPI:
        ike_dbg(k, "ISAKMP:(%u): processing NOTIFY INVALID_SPI protocol %u", sa->conn_id, n->proto);
        if (n->data_len == 4 || n->spi_len == 4) {
            const uint8_t *p = n->spi_len == 4 ? n->spi : n->data;
            ipsec_pair_delete_by_out(k->r, &sa->at.peer,
                                     (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3],
                                     "the peer says invalid SPI", sa->cause);
        }
        return;
    case IKE_N_RESPONDER_LIFETIME:
    case IKE_N_REPLAY_STATUS:
        return;
    default:
        ike_dbg(k, "ISAKMP:(%u): processing NOTIFY %s protocol %u", sa->conn_id,
                n->type == IKE_N_NO_PROPOSAL_CHOSEN ? "PROPOSAL_NOT_CHOSEN"
                : n->type == IKE_N_INVALID_ID_INFO  ? "INVALID_ID_INFO"
                                                    : "ERROR",
                n->proto);
        if (n->type < 16384)
            quick_refused(sa, n);
    }
}

/* true: sa is gone */
static bool delete_in(struct ike_sa *sa, const struct ike_delete *d, const struct ike_msg *m)
{
    struct ike *k = sa->ike;
    ike_dbg(k, "ISAKMP:(%u): processing DELETE payload. message ID = %u", sa->conn_id, m->h.mid);
    ike_dbg(k, "ISAKMP:(%u):peer does not do paranoid keepalives.\n", sa->conn_id);
    struct cursor c = cursor_make(d->spis, (size_t)d->spi_len * d->n);
    if (d->proto == IKE_PROTO_ESP && d->spi_len == 4) {
        struct ike_endpoint at = sa->at;
        for (unsigned i = 0; i < d->n && i < 500; i++) {
            uint32_t spi = cursor_u32(&c);
            ike_dbg(k, "ISAKMP:(%u):Enqueued KEY_MGR_DELETE_SAS for IPSEC SA (SPI:0x%X)", sa->conn_id, spi);
            ipsec_pair_delete_by_out(k->r, &sa->at.peer, spi, "deleted by the peer", sa->cause);
        }
        ike_session_check(k, &at, sa->his_id, sa->his_id_len, false);
        return false;
    }
    if (d->proto != IKE_PROTO_ISAKMP || d->spi_len != 16)
        return false;
    bool self = false;
    for (unsigned i = 0; i < d->n && i < 500; i++) {
        const uint8_t *p = cursor_take(&c, 16);
        struct ike_sa *o = ike_sa_find(k, p, p + 8);
        if (!o || !ike_same_peer(o, &sa->at.local, &sa->at.peer) || !o->established || o->standby)
            continue;
        if (o == sa)
            self = true;
        else
            ike_sa_delete(o, IKE_END_SILENT, "No reason", 0);
    }
    if (self)
        ike_sa_delete(sa, IKE_END_SILENT, "No reason", 0);
    return self;
}

/* In clear: nobody vouches for it, so it is logged and changes nothing. */
static void clear_in(struct ike_sa *sa, struct ike_msg *m)
{
    struct ike_notify n;
    const struct ike_payload *p;
    if (ike_chain_walk(m->h.next, m->data, m->len, &m->chain) || !(p = ike_chain_find(&m->chain, IKE_P_NOTIFY, 0)) ||
        !ike_notify_decode(p->body, p->len, &n) || sa->established)
        return;
    ike_dbg_error(sa->ike, "ISAKMP:(%u): processing NOTIFY %s protocol %u", sa->conn_id,
                  n.type == IKE_N_NO_PROPOSAL_CHOSEN ? "PROPOSAL_NOT_CHOSEN" : "ERROR", n.proto);
    ike_log_bad(sa->ike, "IKMP_MODE_FAILURE", 6,
                "Processing of Main mode failed with peer at %s (the peer says: %s %u)", IKE_ADDR(&sa->at.peer),
                n.type == IKE_N_NO_PROPOSAL_CHOSEN ? "no proposal chosen, notify" : "notify", n.type);
}

void ike_info_input(struct ike_sa *sa, struct ike_msg *m)
{
    struct ike *k = sa->ike;
    if (sa->standby) {
        k->count.standby_in++;
        return;
    }
    if (!(m->h.flags & IKE_FLAG_ENCRYPT) || sa->state != IKE_P1_COMPLETE) {
        if (!(m->h.flags & IKE_FLAG_ENCRYPT))
            clear_in(sa, m);
        return;
    }
    if (m->h.mid == 0 || ike_sa_mid_used(sa, m->h.mid)) {
        k->count.replayed_mid++;
        return;
    }
    uint8_t iv[IKE_BLOCK_MAX], want[CRYPTO_HASH_MAX];
    ike_keys_iv_phase2(&sa->keys, sa->last_block, m->h.mid, iv);
    const struct ike_payload *h = NULL;
    if (ike_crypt_open(sa, m, iv) == IKE_OK)
        h = &m->chain.p[0];
    bool ok = h && h->type == IKE_P_HASH && h->len == sa->keys.hlen;
    if (ok) {
        struct ike_blob rest = {m->data + 4 + h->len, m->chain.used - 4 - h->len};
        ok = ike_keys_hash12(&sa->keys, m->h.mid, (struct ike_blob){0}, rest, want) == 0 &&
             crypto_equal(want, h->body, h->len);
    }
    if (!ok) {
        k->count.malformed++;
        ike_log_bad(k, "IKMP_BAD_MESSAGE", 4, "IKE message from %-15s failed its sanity check or is malformed",
                    IKE_ADDR(&m->at.peer));
        return;
    }
    ike_sa_mid_add(sa, m->h.mid);
    sa->last_heard = loop_now(k->r->loop);
    unsigned conn = sa->conn_id;
    ike_dbg(k, "ISAKMP:(%u): processing HASH payload. message ID = %u", conn, m->h.mid);
    for (unsigned i = 1; i < m->chain.n; i++) {
        const struct ike_payload *p = &m->chain.p[i];
        struct ike_notify n;
        struct ike_delete d;
        if (p->type == IKE_P_NOTIFY && ike_notify_decode(p->body, p->len, &n))
            ike_notify_in(sa, &n, m);
        else if (p->type == IKE_P_DELETE && ike_delete_decode(p->body, p->len, &d) && delete_in(sa, &d, m))
            break; /* sa is gone */
    }
    ike_dbg(k, "ISAKMP:(%u):deleting node %u error FALSE reason \"Informational (in) state 1\"", conn, m->h.mid);
}
