/* The usrsctp driver: one association over a one-to-many socket that listens and connects, which is the only
 * arrangement that survives simultaneous starts (reference state-sync 1.2). Options as 1.3. Called through
 * sctp_driver_usrsctp by modules/ipc. */
#include "modules/core/router.h"
#include "modules/sctp/usrsctp_stack.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <usrsctp.h>

#define DRIVER_BUFFER (1024 * 1024)
#define DRIVER_READ_TURN 256 /* messages handed up per turn */

struct sctp_assoc {
    const struct sctp_driver *driver;
    struct sctp_assoc_config cfg;
    const struct sctp_assoc_user *user;
    void *arg;
    struct usrsctp_link *link;
    struct socket *so;
    enum sctp_assoc_state state;
    sctp_assoc_t id; /* the library's; 0: none */
    bool blocked;    /* send said -EAGAIN */
    nstime tried;    /* when room was last asked for */
    struct task service;
    uint8_t *part; /* a message of which MSG_EOR has not come yet */
    size_t part_len;
    unsigned part_stream;
    uint64_t messages_in, messages_out, send_blocked;
    uint8_t read[SCTP_ASSOC_MESSAGE_MAX];
};

static struct sockaddr_conn driver_addr(uint32_t id, uint16_t port)
{
    struct sockaddr_conn a;
    memset(&a, 0, sizeof a);
    a.sconn_family = AF_CONN;
    a.sconn_port = htons(port);
    a.sconn_addr = (void *)(uintptr_t)id;
    return a;
}

static bool driver_opt(struct socket *so, int option, const void *value, socklen_t len)
{
    return usrsctp_setsockopt(so, IPPROTO_SCTP, option, value, len) == 0;
}

static bool driver_options(struct socket *so, const struct sctp_assoc_config *cfg)
{
    int on = 1, buffer = DRIVER_BUFFER;
    struct linger linger = {1, 0};
    unsigned initial = cfg->rto_min_ms > 1000 ? cfg->rto_min_ms : cfg->rto_max_ms < 1000 ? cfg->rto_max_ms : 1000;
    struct sctp_rtoinfo rto = {.srto_initial = initial, .srto_min = cfg->rto_min_ms, .srto_max = cfg->rto_max_ms};
    struct sctp_assocparams assoc = {.sasoc_asocmaxrxt = (uint16_t)cfg->assoc_retransmit};
    struct sctp_initmsg init = {.sinit_num_ostreams = SCTP_ASSOC_STREAMS,
                                .sinit_max_instreams = SCTP_ASSOC_STREAMS,
                                .sinit_max_attempts = 3, /* 8 with a long MAX: one attempt would last a minute */
                                .sinit_max_init_timeo = (uint16_t)cfg->rto_max_ms};
    struct sctp_paddrparams path;
    memset(&path, 0, sizeof path);
    path.spp_address.ss_family = AF_CONN;
    path.spp_pathmaxrxt = (uint16_t)cfg->path_retransmit;
    path.spp_pathmtu = cfg->mtu - 20u - 12u; /* reference 1.1: it excludes the SCTP common header */
    path.spp_flags = SPP_PMTUD_DISABLE | SPP_HB_ENABLE;
    path.spp_hbinterval = 30000;
    static const uint16_t events[] = {SCTP_ASSOC_CHANGE, SCTP_SHUTDOWN_EVENT, SCTP_PARTIAL_DELIVERY_EVENT};
    bool ok = usrsctp_set_non_blocking(so, 1) == 0 &&
              usrsctp_setsockopt(so, SOL_SOCKET, SO_LINGER, &linger, sizeof linger) == 0 &&
              usrsctp_setsockopt(so, SOL_SOCKET, SO_SNDBUF, &buffer, sizeof buffer) == 0 &&
              usrsctp_setsockopt(so, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof buffer) == 0 &&
              driver_opt(so, SCTP_NODELAY, &on, sizeof on) && driver_opt(so, SCTP_RTOINFO, &rto, sizeof rto) &&
              driver_opt(so, SCTP_ASSOCINFO, &assoc, sizeof assoc) &&
              driver_opt(so, SCTP_PEER_ADDR_PARAMS, &path, sizeof path) &&
              driver_opt(so, SCTP_INITMSG, &init, sizeof init) && driver_opt(so, SCTP_RECVRCVINFO, &on, sizeof on);
    for (unsigned i = 0; ok && i < sizeof events / sizeof *events; i++) {
        struct sctp_event ev = {.se_assoc_id = SCTP_FUTURE_ASSOC, .se_type = events[i], .se_on = 1};
        ok = driver_opt(so, SCTP_EVENT, &ev, sizeof ev);
    }
    return ok;
}

static void driver_event(void *arg)
{
    struct sctp_assoc *a = arg;
    loop_defer(a->cfg.router->loop, &a->service);
}

static void driver_upcall(struct socket *so, void *arg, int flags)
{
    (void)so;
    (void)flags;
    driver_event(arg); /* inside the library: only note it */
}

static void driver_turn(void *arg);

/* A packet was taken in and the library has returned: what it brought is read before the next frame, so that the exact
 * counters of a switchover with notice are applied before the resign that was sent after them. */
static void driver_input(void *arg)
{
    struct sctp_assoc *a = arg;
    if (!a->link || !a->link->input) { /* the stack's own tick walks its links: not from there */
        driver_event(a);
        return;
    }
    a->link->input = false;
    a->tried = -1;
    loop_cancel(a->cfg.router->loop, &a->service);
    driver_turn(a);
}

static void driver_part_drop(struct sctp_assoc *a)
{
    free(a->part);
    a->part = NULL;
    a->part_len = 0;
}

static const char *driver_reason(const struct sctp_assoc_change *c)
{
    switch (c->sac_state) {
    case SCTP_SHUTDOWN_COMP:
        return "shut down by peer";
    case SCTP_CANT_STR_ASSOC:
        return "no answer from peer";
    default:
        return c->sac_error == 12 /* user initiated abort */ ? "aborted by peer" : "retransmission limit reached";
    }
}

static void driver_notification(struct sctp_assoc *a, const void *data, size_t len)
{
    union sctp_notification n;
    memset(&n, 0, sizeof n);
    memcpy(&n, data, len < sizeof n ? len : sizeof n);
    if (n.sn_header.sn_type == SCTP_PARTIAL_DELIVERY_EVENT) {
        driver_part_drop(a);
        return;
    }
    if (n.sn_header.sn_type != SCTP_ASSOC_CHANGE)
        return;
    const struct sctp_assoc_change *c = &n.sn_assoc_change;
    switch (c->sac_state) {
    case SCTP_COMM_UP:
        driver_part_drop(a);
        a->id = c->sac_assoc_id;
        a->state = SCTP_ASSOC_UP;
        a->blocked = false;
        a->user->up(a->arg);
        break;
    case SCTP_RESTART:
        driver_part_drop(a);
        a->id = c->sac_assoc_id;
        a->state = SCTP_ASSOC_UP;
        a->blocked = false;
        a->user->restart(a->arg);
        break;
    default:
        /* What is told after our own ABORT, or of an association that a newer one has replaced, does not count
         * (reference 1.2). */
        if (a->state == SCTP_ASSOC_CLOSED || (a->state == SCTP_ASSOC_UP && c->sac_assoc_id != a->id))
            break;
        driver_part_drop(a);
        a->state = SCTP_ASSOC_CLOSED;
        a->id = 0;
        a->blocked = false;
        a->user->down(a->arg, driver_reason(c));
    }
}

/* 0.9.5.0 hands out pieces of long messages: only MSG_EOR ends one (reference 1.4). */
static void driver_piece(struct sctp_assoc *a, unsigned stream, size_t len, bool end)
{
    if (!a->part_len && end) {
        a->messages_in++;
        a->user->message(a->arg, stream, a->read, len);
        return;
    }
    if (a->part_len && a->part_stream != stream)
        driver_part_drop(a);
    if (a->part_len + len > SCTP_ASSOC_MESSAGE_MAX) {
        driver_part_drop(a);
        return;
    }
    if (!a->part)
        a->part = malloc(SCTP_ASSOC_MESSAGE_MAX);
    if (!a->part)
        return;
    memcpy(a->part + a->part_len, a->read, len);
    a->part_len += len;
    a->part_stream = stream;
    if (!end)
        return;
    a->messages_in++;
    uint8_t *whole = a->part;
    size_t n = a->part_len;
    a->part = NULL;
    a->part_len = 0;
    a->user->message(a->arg, stream, whole, n);
    free(whole);
}

static void driver_turn(void *arg)
{
    struct sctp_assoc *a = arg;
    for (unsigned i = 0; i < DRIVER_READ_TURN; i++) {
        struct sockaddr_conn from;
        struct sctp_rcvinfo info;
        socklen_t fromlen = sizeof from, infolen = sizeof info;
        unsigned infotype = 0;
        int flags = 0;
        memset(&info, 0, sizeof info);
        usrsctp_stack_enter(a->link);
        ssize_t n = usrsctp_recvv(a->so, a->read, sizeof a->read, (struct sockaddr *)&from, &fromlen, &info, &infolen,
                                  &infotype, &flags);
        usrsctp_stack_exit();
        if (n <= 0) {
            /* A send that finds no room may itself raise an event: a second try within the instant only if a packet
             * came in meanwhile, else this would go on for ever. */
            nstime now = loop_now(a->cfg.router->loop);
            if (a->blocked && a->state == SCTP_ASSOC_UP && a->tried != now) {
                a->tried = now;
                a->blocked = false;
                a->user->writable(a->arg);
            }
            return;
        }
        if (flags & MSG_NOTIFICATION)
            driver_notification(a, a->read, (size_t)n);
        else if (a->state == SCTP_ASSOC_UP)
            driver_piece(a, info.rcv_sid, (size_t)n, flags & MSG_EOR);
    }
    driver_event(a);
}

static void driver_free(struct sctp_assoc *a)
{
    if (a->so) {
        usrsctp_stack_enter(a->link);
        usrsctp_set_upcall(a->so, NULL, NULL);
        usrsctp_close(a->so); /* linger {1,0}: ABORT */
        usrsctp_stack_exit(); /* the ABORT leaves here, unless the id is muted */
    }
    loop_cancel(a->cfg.router->loop, &a->service);
    if (a->link)
        usrsctp_stack_leave(a->link);
    driver_part_drop(a);
    free(a);
}

static struct sctp_assoc *driver_open(const struct sctp_assoc_config *cfg, const struct sctp_assoc_user *user,
                                      void *arg, const char **why)
{
    struct sctp_assoc *a = calloc(1, sizeof *a);
    *why = "out of memory";
    if (!a)
        return NULL;
    a->driver = &sctp_driver_usrsctp;
    a->cfg = *cfg;
    a->user = user;
    a->arg = arg;
    a->service = (struct task){.run = driver_turn, .arg = a};
    a->tried = -1;
    a->link = usrsctp_stack_join(cfg, driver_input, a, why);
    if (!a->link) {
        free(a);
        return NULL;
    }
    struct sockaddr_conn local = driver_addr(a->link->id, cfg->local_port);
    usrsctp_stack_enter(a->link);
    a->so = usrsctp_socket(AF_CONN, SOCK_SEQPACKET, IPPROTO_SCTP, NULL, NULL, 0, NULL);
    bool ok = a->so && driver_options(a->so, cfg) &&
              usrsctp_bind(a->so, (struct sockaddr *)&local, sizeof local) == 0 && usrsctp_listen(a->so, 1) == 0 &&
              usrsctp_set_upcall(a->so, driver_upcall, a) == 0;
    usrsctp_stack_exit();
    if (ok && !usrsctp_stack_seams_used()) {
        *why = "the SCTP library does not take clock and randomness from this program";
        ok = false;
    } else if (!ok) {
        *why = "SCTP socket could not be made";
    }
    if (ok)
        return a;
    driver_free(a);
    return NULL;
}

static int driver_connect(struct sctp_assoc *a)
{
    if (a->state == SCTP_ASSOC_UP)
        return -EISCONN;
    struct sockaddr_conn remote = driver_addr(a->link->id, a->cfg.remote_port);
    usrsctp_stack_enter(a->link);
    int rc = usrsctp_connect(a->so, (struct sockaddr *)&remote, sizeof remote) == 0 ? 0 : -errno;
    usrsctp_stack_exit();
    if (rc == -EINPROGRESS)
        rc = 0;
    if (!rc)
        a->state = SCTP_ASSOC_CONNECTING;
    return rc;
}

static int driver_send(struct sctp_assoc *a, unsigned stream, const void *data, size_t len)
{
    if (a->state != SCTP_ASSOC_UP)
        return -ENOTCONN;
    struct sctp_sndinfo info;
    memset(&info, 0, sizeof info);
    info.snd_sid = (uint16_t)stream;
    info.snd_assoc_id = a->id;
    usrsctp_stack_enter(a->link);
    ssize_t n = usrsctp_sendv(a->so, data, len, NULL, 0, &info, sizeof info, SCTP_SENDV_SNDINFO, 0);
    int rc = n >= 0 ? 0 : -errno;
    usrsctp_stack_exit();
    if (!rc) {
        a->messages_out++;
    } else if (rc == -EAGAIN || rc == -EWOULDBLOCK || rc == -ENOBUFS) {
        a->blocked = true;
        a->send_blocked++;
        rc = -EAGAIN;
    }
    return rc;
}

static void driver_service(struct sctp_assoc *a)
{
    usrsctp_stack_enter(a->link);
    usrsctp_stack_exit();
}

static void driver_status(struct sctp_assoc *a, struct sctp_assoc_view *v)
{
    memset(v, 0, sizeof *v);
    v->state = a->state;
    v->id = a->link->id;
    v->packets_in = a->link->packets_in;
    v->packets_out = a->link->packets_out;
    v->ignored_in = a->link->ignored_in;
    v->messages_in = a->messages_in;
    v->messages_out = a->messages_out;
    v->send_blocked = a->send_blocked;
    if (a->state != SCTP_ASSOC_UP)
        return;
    struct sctp_status st;
    socklen_t len = sizeof st;
    memset(&st, 0, sizeof st);
    st.sstat_assoc_id = a->id;
    usrsctp_stack_enter(a->link);
    bool ok = usrsctp_getsockopt(a->so, IPPROTO_SCTP, SCTP_STATUS, &st, &len) == 0;
    usrsctp_stack_exit();
    if (!ok)
        return;
    v->rwnd = st.sstat_rwnd;
    v->unacked = st.sstat_unackdata;
    v->pending = st.sstat_penddata;
    v->rto_ms = st.sstat_primary.spinfo_rto;
    v->srtt_ms = st.sstat_primary.spinfo_srtt;
    v->cwnd = st.sstat_primary.spinfo_cwnd;
    v->mtu = st.sstat_primary.spinfo_mtu;
}

static void driver_abort(struct sctp_assoc *a)
{
    if (a->state == SCTP_ASSOC_UP) {
        struct sctp_sndinfo info;
        memset(&info, 0, sizeof info);
        info.snd_flags = SCTP_ABORT;
        info.snd_assoc_id = a->id;
        usrsctp_stack_enter(a->link);
        usrsctp_sendv(a->so, "", 0, NULL, 0, &info, sizeof info, SCTP_SENDV_SNDINFO, 0);
        usrsctp_stack_exit();
    }
    a->state = SCTP_ASSOC_CLOSED;
    a->id = 0;
    a->blocked = false;
    driver_part_drop(a);
}

static void driver_close(struct sctp_assoc *a)
{
    if (a->cfg.router->dying)
        a->link->muted = true;
    driver_free(a);
}

const struct sctp_driver sctp_driver_usrsctp = {
    .name = "usrsctp",
    .open = driver_open,
    .connect = driver_connect,
    .send = driver_send,
    .service = driver_service,
    .status = driver_status,
    .abort = driver_abort,
    .close = driver_close,
};
