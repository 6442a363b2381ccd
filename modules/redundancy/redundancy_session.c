/* The session with the peer over the IPC association: HELLO and HELLO_ACK both ways, roles, keepalives, and what the
 * other side said of itself (state-sync 4.3). COMM_UP of SCTP proves nothing; the session is up after the HELLOs. State
 * records go on to redundancy_recv.c. Called by modules/ipc and by redundancy.c. */
#include "modules/net/netif.h"
#include "modules/redundancy/redundancy_int.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SESSION_KEEPALIVE NS_PER_S
#define SESSION_DEAD (5 * NS_PER_S) /* at least; and longer than the group's hold time: roles are HSRP's business */
#define SESSION_HELLO_AGAIN NS_PER_S

static nstime now_of(const struct redundancy *rd)
{
    return loop_now(rd->router->loop);
}

static const char *own_platform(const struct redundancy *rd)
{
    return rd->impair_platform[0] ? rd->impair_platform : REDUNDANCY_PLATFORM;
}

static const char *own_software(const struct redundancy *rd)
{
    return rd->impair_version[0] ? rd->impair_version : REDUNDANCY_SOFTWARE;
}

/* ---- writing ---- */

void redundancy_session_put_state(struct redundancy *rd, struct builder *b)
{
    const struct role_info *g = role_get(rd->router, rd->scheme);
    size_t mark = redundancy_tlv_begin(b, REDUNDANCY_TLV_STATE);
    builder_u8(b, (uint8_t)(redundancy_in_force(rd) ? rd->state : RF_DISABLED));
    builder_u8(b, redundancy_in_force(rd) ? (uint8_t)g->state : 0);
    builder_u32(b, rd->term);
    redundancy_tlv_end(b, mark);
    if (!redundancy_in_force(rd))
        return;
    struct addr own = g->netif ? netif_primary(g->netif) : ipc_local(rd->ipc);
    mark = redundancy_tlv_begin(b, REDUNDANCY_TLV_GROUP);
    builder_u16(b, (uint16_t)g->priority);
    builder_u32(b, addr_v4_get(&own));
    builder_bytes(b, rd->scheme, strlen(rd->scheme));
    redundancy_tlv_end(b, mark);
}

int redundancy_session_send(struct redundancy *rd, unsigned stream, struct builder *b)
{
    redundancy_record_end(b);
    int rc = builder_ok(b) ? ipc_send(rd->ipc, stream, b->data, b->len) : -1;
    if (rc) {
        rd->count.tx_failures++;
        redundancy_debug(rd, REDUNDANCY_DEBUG_ERRORS, "RF: record of type %u was not sent (%d)", b->data[5], rc);
    } else {
        rd->count.tx++;
    }
    return rc;
}

static struct builder session_record(struct redundancy *rd, uint8_t type, uint16_t flags)
{
    struct builder b = builder_make(rd->session.out, sizeof rd->session.out);
    redundancy_record_begin(&b, type, flags, rd->session.my_epoch, 0);
    return b;
}

static void put_config(void *ctx, const char *kind, const char *name, const char *text)
{
    struct builder *b = ctx;
    size_t n = strlen(kind);
    if (b->len + strlen(name) + n + 16 > b->cap || n > 20)
        return;
    size_t mark = redundancy_tlv_begin(b, REDUNDANCY_TLV_CONFIG);
    builder_u32(b, redundancy_hash32(text));
    builder_u8(b, (uint8_t)n);
    builder_bytes(b, kind, n);
    builder_bytes(b, name, strlen(name));
    redundancy_tlv_end(b, mark);
}

static void hello_send(struct redundancy *rd)
{
    struct redundancy_session *s = &rd->session;
    while (!s->my_epoch)
        s->my_epoch = rng_u32(rd->router, RNG_SYNC);
    s->acked = false;
    s->hello_at = now_of(rd);
    struct builder b = session_record(rd, REDUNDANCY_HELLO, 0);
    size_t mark = redundancy_tlv_begin(&b, REDUNDANCY_TLV_PROTO);
    builder_u8(&b, REDUNDANCY_VERSION);
    builder_u8(&b, REDUNDANCY_VERSION);
    redundancy_tlv_end(&b, mark);
    redundancy_tlv_text(&b, REDUNDANCY_TLV_SOFTWARE, own_software(rd));
    redundancy_tlv_text(&b, REDUNDANCY_TLV_PLATFORM, own_platform(rd));
    redundancy_tlv_text(&b, REDUNDANCY_TLV_NAME, rd->router->hostname);
    redundancy_tlv_u32(&b, REDUNDANCY_TLV_ECHO, s->peer_epoch);
    redundancy_session_put_state(rd, &b);
    sync_config_lines(rd->router, put_config, &b);
    redundancy_debug(rd, REDUNDANCY_DEBUG_MSG, "RF: sending HELLO epoch %08x", s->my_epoch);
    redundancy_session_send(rd, IPC_STREAM_STATE, &b);
    timer_start(&s->hello, 3 * (nstime)ipc_rto_max_ms(rd->ipc) * NS_PER_MS);
}

void redundancy_session_role(struct redundancy *rd)
{
    if (!rd->session.my_epoch || !ipc_up(rd->ipc))
        return;
    struct builder b = session_record(rd, REDUNDANCY_ROLE, 0);
    redundancy_session_put_state(rd, &b);
    redundancy_session_send(rd, IPC_STREAM_STATE, &b);
}

void redundancy_session_say(struct redundancy *rd, uint8_t type, const char *reason)
{
    struct builder b = session_record(rd, type, 0);
    redundancy_tlv_text(&b, REDUNDANCY_TLV_REASON, reason);
    redundancy_debug(rd, REDUNDANCY_DEBUG_MSG, "RF: sending record of type %u: %s", type, reason);
    redundancy_session_send(rd, IPC_STREAM_STATE, &b);
}

static void keepalive_send(struct redundancy *rd)
{
    struct redundancy_session *s = &rd->session;
    struct builder b = session_record(rd, REDUNDANCY_KEEPALIVE, s->peer_epoch ? 0 : REDUNDANCY_FLAG_NO_SESSION);
    redundancy_session_put_state(rd, &b);
    redundancy_tlv_u32(&b, REDUNDANCY_TLV_APPLIED, rd->recv.applied);
    size_t mark = redundancy_tlv_begin(&b, REDUNDANCY_TLV_ALIVE);
    builder_u32(&b, rd->send.dirty.n);
    builder_u64(&b, (uint64_t)(now_of(rd) / NS_PER_MS));
    redundancy_tlv_end(&b, mark);
    redundancy_debug(rd, REDUNDANCY_DEBUG_KPA, "RF: sending keepalive, applied %u", rd->recv.applied);
    redundancy_session_send(rd, IPC_STREAM_KEEPALIVE, &b);
}

/* ---- up and down ---- */

bool redundancy_peer_wins(const struct redundancy *rd)
{
    const struct role_info *g = role_get(rd->router, rd->scheme);
    const struct redundancy_control *p = &rd->session.peer;
    struct addr own = g->netif ? netif_primary(g->netif) : ipc_local(rd->ipc);
    if (!p->has_group)
        return false;
    if (p->priority != g->priority)
        return p->priority > g->priority;
    return addr_compare(&p->address, &own) > 0;
}

static void session_lost(struct redundancy *rd, const char *reason)
{
    struct redundancy_session *s = &rd->session;
    bool was = s->up;
    enum rf_state peer = rd->peer_state;
    timer_stop(&s->hello);
    s->up = s->compatible = s->acked = false;
    s->my_epoch = s->peer_epoch = 0;
    s->both_active = 0;
    snprintf(s->reason, sizeof s->reason, "%s", reason);
    redundancy_send_reset(rd);
    if (!was)
        return;
    rd->count.comm_down++;
    log_event(rd->router, rd->cause, "redundancy", "peer-down", "%s", reason);
    redundancy_note(rd, "RF_STATUS_PEER_COMM(401) op=0");
    redundancy_note(rd, "RF_STATUS_PEER_PRESENCE(400) op=0");
    redundancy_debug(rd, REDUNDANCY_DEBUG_STATUS, "RF_STATUS_PEER_COMM(401) op=0");
    redundancy_peer_state(rd, RF_DISABLED);
    if (rd->state == RF_ACTIVE && redundancy_rf_is_standby(peer)) {
        rd->standby_failures++;
        log_syslog(rd->router, rd->cause, "REDUNDANCY", LOG_ERR_, "STANDBY_LOST",
                   "Standby processor fault (PEER_NOT_PRESENT)");
    }
    redundancy_peer_changed(rd);
}

static void session_refuse(struct redundancy *rd, const char *what, const char *theirs, const char *ours)
{
    struct redundancy_session *s = &rd->session;
    snprintf(s->reason, sizeof s->reason, "peer has %s %.40s, this router %.40s", what, theirs, ours);
    s->compatible = false;
}

static void session_check_peer(struct redundancy *rd)
{
    struct redundancy_session *s = &rd->session;
    s->compatible = true;
    s->reason[0] = 0;
    if (s->peer.proto_min > REDUNDANCY_VERSION || s->peer.proto_max < REDUNDANCY_VERSION) {
        char theirs[16];
        snprintf(theirs, sizeof theirs, "%u", s->peer.proto_max);
        session_refuse(rd, "protocol version", theirs, "1");
    } else if (strcmp(s->peer.platform, own_platform(rd))) {
        session_refuse(rd, "platform", s->peer.platform, own_platform(rd));
    } else if (strcmp(s->peer.software, own_software(rd))) {
        session_refuse(rd, "version", s->peer.software, own_software(rd));
    } else if (strcmp(s->peer.group, rd->scheme)) {
        session_refuse(rd, "scheme group", s->peer.group, rd->scheme);
    }
    if (!s->compatible)
        log_syslog(rd->router, 0, "REDUNDANCY", LOG_ERR_, "PEER_INCOMPATIBLE", "No synchronization: %s", s->reason);
}

static void session_up_if_complete(struct redundancy *rd)
{
    struct redundancy_session *s = &rd->session;
    if (s->up || !s->acked || !s->peer_epoch || !redundancy_in_force(rd))
        return;
    timer_stop(&s->hello);
    s->up = true;
    s->goodbye = false;
    rd->count.comm_up++;
    rd->recv.applied = 0;
    redundancy_recv_reset(rd);
    log_event(rd->router, rd->cause, "redundancy", "peer-up", "%s%s%s", s->peer.name, s->reason[0] ? ": " : "",
              s->reason);
    redundancy_note(rd, "RF_STATUS_PEER_PRESENCE(400) op=1");
    redundancy_note(rd, "RF_STATUS_PEER_COMM(401) op=1");
    redundancy_debug(rd, REDUNDANCY_DEBUG_STATUS, "RF_STATUS_PEER_COMM(401) op=1");
    redundancy_peer_state(rd, s->peer.rf_state < RF_STATES ? s->peer.rf_state : RF_UNKNOWN);
    redundancy_session_role(rd);
    redundancy_peer_changed(rd);
    redundancy_send_snapshot(rd);
}

/* ---- the HELLO digest: what differs, by name (DESIGN 4.1) ---- */

struct config_compare {
    struct redundancy *rd;
    struct redundancy_config_hash peer[REDUNDANCY_CONFIG_MAX];
    bool seen[REDUNDANCY_CONFIG_MAX];
    unsigned n;
};

static void config_collect(void *ctx, const struct redundancy_config_hash *h)
{
    struct config_compare *cc = ctx;
    if (cc->n < REDUNDANCY_CONFIG_MAX)
        cc->peer[cc->n++] = *h;
}

static void config_differs(struct redundancy *rd, const char *kind, const char *name, const char *how)
{
    if (++rd->session.differences <= 20)
        log_syslog(rd->router, 0, "REDUNDANCY", LOG_WARNING_, "CONFIG_DIFFERS", "%s %s %s", kind, name, how);
}

static void config_compare_own(void *ctx, const char *kind, const char *name, const char *text)
{
    struct config_compare *cc = ctx;
    for (unsigned i = 0; i < cc->n; i++) {
        if (strncmp(cc->peer[i].kind, kind, sizeof cc->peer[i].kind - 1) ||
            strncmp(cc->peer[i].name, name, sizeof cc->peer[i].name - 1) || cc->seen[i])
            continue;
        cc->seen[i] = true;
        if (cc->peer[i].hash != redundancy_hash32(text))
            config_differs(cc->rd, kind, name, "differs on the peer");
        return;
    }
    config_differs(cc->rd, kind, name, "is missing on the peer");
}

/* ---- reading ---- */

static void hello_received(struct redundancy *rd, const struct redundancy_header *h, struct cursor *c)
{
    static const size_t compare_size = sizeof(struct config_compare);
    struct redundancy_session *s = &rd->session;
    struct redundancy_control peer;
    struct config_compare *cc = calloc(1, compare_size);
    if (!cc)
        return;
    cc->rd = rd;
    if (!redundancy_control_read(c, &peer, config_collect, cc) || !peer.has_proto || !h->epoch) {
        rd->count.rx_errors++;
        free(cc);
        return;
    }
    redundancy_debug(rd, REDUNDANCY_DEBUG_MSG, "RF: received HELLO epoch %08x from %s", h->epoch, peer.name);
    bool stale = s->peer_epoch && s->peer_epoch != h->epoch && peer.echo != s->my_epoch;
    if (stale && s->up)
        session_lost(rd, "peer started a new session");
    s->peer_epoch = h->epoch;
    s->peer = peer;
    /* After peer_epoch: the echo says that we are in step. Two HELLOs that crossed are both said again, each with its
     * epoch: a new one would cross again, for ever. */
    if (redundancy_in_force(rd) && (!s->my_epoch || stale))
        hello_send(rd);
    struct builder b = session_record(rd, REDUNDANCY_HELLO_ACK, 0);
    redundancy_tlv_u32(&b, REDUNDANCY_TLV_ECHO, h->epoch);
    size_t mark = redundancy_tlv_begin(&b, REDUNDANCY_TLV_ACCEPT);
    builder_u8(&b, redundancy_in_force(rd));
    redundancy_tlv_end(&b, mark);
    if (redundancy_in_force(rd)) {
        session_check_peer(rd);
        rd->session.differences = 0;
        if (s->compatible) {
            sync_config_lines(rd->router, config_compare_own, cc);
            for (unsigned i = 0; i < cc->n; i++)
                if (!cc->seen[i])
                    config_differs(rd, cc->peer[i].kind, cc->peer[i].name, "is missing on this router");
        }
        redundancy_tlv_text(&b, REDUNDANCY_TLV_REASON, s->reason);
    } else {
        redundancy_tlv_text(&b, REDUNDANCY_TLV_REASON, "redundancy inter-device is not in force on the peer");
    }
    redundancy_session_send(rd, IPC_STREAM_STATE, &b);
    free(cc);
    session_up_if_complete(rd);
}

static void hello_ack_received(struct redundancy *rd, struct cursor *c)
{
    struct redundancy_session *s = &rd->session;
    struct redundancy_control ack;
    if (!redundancy_control_read(c, &ack, NULL, NULL) || !ack.has_echo || !ack.has_accept) {
        rd->count.rx_errors++;
        return;
    }
    if (!s->my_epoch || ack.echo != s->my_epoch)
        return;
    timer_stop(&s->hello); /* answered, even if with no: the peer says HELLO when that changes */
    if (!ack.accept) {
        snprintf(s->reason, sizeof s->reason, "%s", ack.reason[0] ? ack.reason : "refused by the peer");
        log_event(rd->router, rd->cause, "redundancy", "peer-refused", "%s", s->reason);
        return;
    }
    s->acked = true;
    session_up_if_complete(rd);
}

static void role_received(struct redundancy *rd, struct cursor *c, bool keepalive)
{
    struct redundancy_session *s = &rd->session;
    struct redundancy_control r;
    if (!redundancy_control_read(c, &r, NULL, NULL) || !r.has_state || r.rf_state >= RF_STATES) {
        rd->count.rx_errors++;
        return;
    }
    s->peer.rf_state = r.rf_state;
    s->peer.group_state = r.group_state;
    s->peer.term = r.term;
    if (r.has_group) {
        s->peer.has_group = true;
        s->peer.priority = r.priority;
        s->peer.address = r.address;
    }
    if (!s->up)
        return;
    if (redundancy_rf_is_active(r.rf_state))
        rd->recv.heard = now_of(rd);
    bool changed = rd->peer_state != (enum rf_state)r.rf_state;
    redundancy_peer_state(rd, r.rf_state);
    if (changed || (redundancy_rf_is_active(rd->state) && redundancy_rf_is_active(rd->peer_state)))
        redundancy_peer_changed(rd);
    if (keepalive && r.has_applied)
        redundancy_send_acked(rd, r.applied);
}

static void goodbye_received(struct redundancy *rd, struct cursor *c)
{
    struct redundancy_control r;
    char reason[160];
    if (!redundancy_control_read(c, &r, NULL, NULL)) {
        rd->count.rx_errors++;
        return;
    }
    snprintf(reason, sizeof reason, "peer said goodbye: %s", r.reason);
    session_lost(rd, reason);
    rd->session.goodbye = true;
}

/* Something of a session that is not ours: the peer lost us, or we lost it. Say HELLO, not too often. */
static void hello_again(struct redundancy *rd)
{
    struct redundancy_session *s = &rd->session;
    if (!redundancy_in_force(rd) || (s->hello_at && now_of(rd) - s->hello_at < SESSION_HELLO_AGAIN))
        return;
    if (s->up)
        session_lost(rd, "peer lost the session");
    s->my_epoch = s->peer_epoch = 0;
    hello_send(rd);
}

static void session_message(void *arg, unsigned stream, const uint8_t *data, size_t len)
{
    struct redundancy *rd = arg;
    struct redundancy_session *s = &rd->session;
    struct cursor c = cursor_make(data, len);
    struct redundancy_header h;
    (void)stream;
    if (!redundancy_header_read(&c, &h)) {
        rd->count.rx_errors++;
        redundancy_debug(rd, REDUNDANCY_DEBUG_ERRORS, "RF: received %zu bytes that are no record", len);
        return;
    }
    rd->count.rx++;
    s->heard = now_of(rd);
    if (h.type == REDUNDANCY_HELLO) {
        hello_received(rd, &h, &c);
        return;
    }
    if (h.type == REDUNDANCY_HELLO_ACK) {
        hello_ack_received(rd, &c);
        return;
    }
    if (!s->peer_epoch || h.epoch != s->peer_epoch) {
        rd->count.rx_other_epoch++;
        if (!s->peer_epoch || (h.type == REDUNDANCY_KEEPALIVE && (h.flags & REDUNDANCY_FLAG_NO_SESSION)))
            hello_again(rd);
        return;
    }
    redundancy_debug(rd, h.type == REDUNDANCY_KEEPALIVE ? REDUNDANCY_DEBUG_KPA : REDUNDANCY_DEBUG_MSG,
                     "RF: received record of type %u seq %u, %u bytes", h.type, h.seq, h.len);
    switch (h.type) {
    case REDUNDANCY_ROLE:
    case REDUNDANCY_KEEPALIVE:
        role_received(rd, &c, h.type == REDUNDANCY_KEEPALIVE);
        break;
    case REDUNDANCY_GOODBYE:
        goodbye_received(rd, &c);
        break;
    default:
        redundancy_recv_record(rd, &h, &c);
    }
}

static void session_ipc_up(void *arg)
{
    struct redundancy *rd = arg;
    session_lost(rd, "new association");
    rd->session.heard = now_of(rd);
    timer_start(&rd->session.keepalive, SESSION_KEEPALIVE);
    if (redundancy_in_force(rd))
        hello_send(rd);
}

static void session_ipc_down(void *arg, const char *reason)
{
    struct redundancy *rd = arg;
    timer_stop(&rd->session.keepalive);
    session_lost(rd, reason);
}

static void session_ipc_writable(void *arg)
{
    redundancy_send_writable(arg);
}

static void session_hello_timeout(void *arg)
{
    struct redundancy *rd = arg;
    session_lost(rd, "no answer to HELLO");
    timer_stop(&rd->session.keepalive);
    ipc_reset(rd->ipc, "no answer to HELLO");
}

static void session_second(void *arg)
{
    struct redundancy *rd = arg;
    struct redundancy_session *s = &rd->session;
    nstime dead = redundancy_hold_time(rd) + NS_PER_S;
    timer_start(&s->keepalive, SESSION_KEEPALIVE);
    if (!redundancy_in_force(rd))
        return;
    if (s->up && now_of(rd) - s->heard > (dead > SESSION_DEAD ? dead : SESSION_DEAD))
        session_lost(rd, "no keepalive from the peer");
    keepalive_send(rd);
    redundancy_send_check(rd);
    if (s->up && redundancy_rf_is_active(rd->peer_state) && redundancy_rf_is_active(rd->state))
        redundancy_peer_changed(rd);
}

void redundancy_session_init(struct redundancy *rd)
{
    static const struct ipc_user user = {session_ipc_up, session_ipc_down, session_message, session_ipc_writable};
    timer_init(&rd->session.hello, rd->router->loop, session_hello_timeout, rd);
    timer_init(&rd->session.keepalive, rd->router->loop, session_second, rd);
    snprintf(rd->session.reason, sizeof rd->session.reason, "no association");
    if (rd->ipc)
        ipc_user_set(rd->ipc, &user, rd);
}

void redundancy_session_fini(struct redundancy *rd)
{
    timer_stop(&rd->session.hello);
    timer_stop(&rd->session.keepalive);
    if (rd->ipc)
        ipc_user_set(rd->ipc, NULL, NULL);
}
