/* Dead peer detection (RFC 3706; reference 3.2): on demand or periodic R_U_THERE, answers to the peer's, and what
 * happens after five misses. The timer belongs to each IKE SA; only the newest of a peer asks. */
#include "modules/ike/ike_int.h"

#define DPD_MISSES 5

static nstime interval(const struct ike *k)
{
    return (nstime)k->keepalive_s * NS_PER_S;
}

void ike_dpd_start(struct ike_sa *sa)
{
    struct ike *k = sa->ike;
    sa->dpd_pending = false;
    sa->dpd_misses = 0;
    if (!k->keepalive_s || !sa->caps.dpd || sa->standby || !sa->established) {
        timer_stop(&sa->dpd);
        return;
    }
    timer_start(&sa->dpd, interval(k));
}

static void ask(struct ike_sa *sa)
{
    struct ike *k = sa->ike;
    uint8_t spi[16], seq[4];
    struct builder s = builder_make(spi, sizeof spi), q = builder_make(seq, sizeof seq);
    builder_bytes(&s, sa->ci, 8);
    builder_bytes(&s, sa->cr, 8);
    if (!sa->dpd_pending) { /* a repeated question keeps its number */
        if (!sa->dpd_out)
            sa->dpd_out = rng_u32(k->r, RNG_MESSAGE_ID) >> 2 | 1;
        sa->dpd_out++;
        if (sa->stateful) { /* state-sync 4.3: 40 is sent before the R-U-THERE */
            struct sync_key key;
            ike_sync_key(sa, &key);
            sync_dirty(k->r, &ike_sync_dpd, &key);
            sync_flush(k->r);
        }
    }
    sa->dpd_pending = true;
    sa->dpd_waiting = sa->dpd_out;
    builder_u32(&q, sa->dpd_out);
    ike_dbg(k, "ISAKMP:(%u):Sending NOTIFY DPD/R_U_THERE protocol 1\n         spi 0, message ID = 0", sa->conn_id);
    ike_dbg(k, "ISAKMP:(%u): seq. no 0x%X", sa->conn_id, sa->dpd_out);
    ike_info_send_notify(sa, IKE_PROTO_ISAKMP, IKE_N_R_U_THERE, spi, sizeof spi, seq, sizeof seq);
}

static void peer_dead(struct ike_sa *sa)
{
    struct ike *k = sa->ike;
    struct ike_endpoint at = sa->at;
    ike_dbg(k, "ISAKMP:(%u):peer %s not responding!", sa->conn_id, IKE_ADDR(&at.peer));
    event_id ev = log_event(k->r, 0, "ike", "dpd-dead", "peer %s does not answer R_U_THERE", IKE_ADDR(&at.peer));
    ipsec_pair_delete_by_peer(k->r, &at.local, &at.peer, "peer is dead (DPD)", ev);
    ike_session_check(k, &at, sa->his_id, sa->his_id_len, false);
    for (struct ike_sa *o = ike_sa_next_of(k, NULL, NULL, &at.peer), *next; o; o = next) {
        next = ike_sa_next_of(k, o, NULL, &at.peer);
        if (o != sa && o->established && !o->standby && ike_same_peer(o, &at.local, &at.peer))
            ike_sa_delete(o, IKE_END_SILENT, "peer not responding", ev);
    }
    ike_sa_delete(sa, IKE_END_SILENT, "peer not responding", ev);
}

void ike_dpd_fire(void *arg)
{
    struct ike_sa *sa = arg;
    struct ike *k = sa->ike;
    nstime now = loop_now(k->r->loop), heard = sa->last_heard;
    if (!k->keepalive_s || sa->standby)
        return;
    if (ike_sa_best(k, &sa->at.local, &sa->at.peer) != sa) {
        timer_start(&sa->dpd, interval(k));
        return;
    }
    nstime in = ipsec_last_in(k->r, &sa->at.local, &sa->at.peer),
           out = ipsec_last_out(k->r, &sa->at.local, &sa->at.peer);
    if (in > heard)
        heard = in;
    if (sa->dpd_pending) {
        if (in > sa->last_heard && now - in < (nstime)k->keepalive_retry * NS_PER_S) { /* ESP proves liveness too */
            ike_dpd_start(sa);
            return;
        }
        sa->dpd_misses++;
        ike_dbg(k, "ISAKMP:(%u):DPD incrementing error counter (%u/%u)", sa->conn_id, sa->dpd_misses, DPD_MISSES);
        if (sa->dpd_misses >= DPD_MISSES) {
            peer_dead(sa);
            return;
        }
        ask(sa);
        timer_start(&sa->dpd, (nstime)k->keepalive_retry * NS_PER_S);
        return;
    }
    if (!k->keepalive_periodic) {
        if (now - heard < interval(k)) { /* heard lately */
            timer_start(&sa->dpd, interval(k) - (now - heard));
            return;
        }
        if (out <= heard) { /* nothing to send: no question */
            timer_start(&sa->dpd, interval(k) / 2);
            return;
        }
    }
    ask(sa);
    timer_start(&sa->dpd, (nstime)k->keepalive_retry * NS_PER_S);
}

void ike_dpd_in(struct ike_sa *sa, const struct ike_notify *n)
{
    struct ike *k = sa->ike;
    if (n->data_len != 4 || n->spi_len != 16)
        return;
    struct cursor c = cursor_make(n->data, 4);
    uint32_t seq = cursor_u32(&c);
    if (n->type == IKE_N_R_U_THERE) {
        ike_dbg(k, "ISAKMP:(%u):DPD/R_U_THERE received from peer %s, sequence 0x%X", sa->conn_id,
                IKE_ADDR(&sa->at.peer), seq);
        sa->dpd_in = seq;
        ike_dbg(k, "ISAKMP:(%u):Sending NOTIFY DPD/R_U_THERE_ACK protocol 1\n         spi 0, message ID = 0",
                sa->conn_id);
        ike_info_send_notify(sa, IKE_PROTO_ISAKMP, IKE_N_R_U_THERE_ACK, n->spi, n->spi_len, n->data, 4);
        return;
    }
    ike_dbg(k, "ISAKMP:(%u):DPD/R_U_THERE_ACK received from peer %s, sequence 0x%X", sa->conn_id,
            IKE_ADDR(&sa->at.peer), seq);
    if (sa->dpd_pending && seq == sa->dpd_waiting)
        ike_dpd_start(sa);
}
