/* Connections from the prompt (see dial.h). Nothing here waits: a TCP connection is a descriptor of the loop from its
 * first SYN on; with SSH the descriptor goes to a thread once it is open, and packets of a socket pair come and go. */
#include "cli/dial.h"
#include "cli/dial_int.h"
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { REAP_MS = 200, READS_PER_TURN = 8 };
struct dialer {
    struct loop *loop;
    struct line_call *calls, *dying; /* dying: their threads end */
    struct timer reaper;
};

static void call_free(struct line_call *k)
{
    if (k->threaded)
        pthread_join(k->thread, NULL);
    if (k->fd >= 0)
        close(k->fd);
    for (unsigned i = 0; i < 2; i++)
        if (k->pair[i] >= 0)
            close(k->pair[i]);
    ctl_buf_free(&k->out);
    explicit_bzero(k, sizeof *k);
    free(k);
}

static void reap(void *arg)
{
    struct dialer *d = arg;
    for (struct line_call **pp = &d->dying; *pp;) {
        struct line_call *k = *pp;
        if (!atomic_load(&k->finished)) {
            pp = &k->next;
            continue;
        }
        *pp = k->next;
        call_free(k);
    }
    if (d->dying)
        timer_start(&d->reaper, REAP_MS * NS_PER_MS);
}

/* Out of the loop's sight; its thread, if there is one, is told by the ends of its descriptors. */
static void dial_end(struct line_call *k)
{
    struct dialer *d = k->d;
    struct line_call **pp = &d->calls;
    while (*pp != k)
        pp = &(*pp)->next;
    *pp = k->next;
    timer_stop(&k->wait);
    if (k->watch)
        loop_fd_del(k->watch);
    k->watch = NULL;
    if (!k->threaded) {
        call_free(k);
        return;
    }
    shutdown(k->fd, SHUT_RDWR);
    shutdown(k->pair[0], SHUT_RDWR);
    k->next = d->dying;
    d->dying = k;
    timer_start(&d->reaper, REAP_MS * NS_PER_MS);
}

static void ended(struct line_call *k, enum line_call_end why)
{
    struct line_call_ops ops = k->ops;
    void *u = k->u;
    dial_end(k);
    ops.ended(u, why);
}

static enum line_call_end reason(int error)
{
    return error == ECONNREFUSED || error == ECONNRESET ? CALL_REFUSED
           : error == ETIMEDOUT                         ? CALL_TIMEOUT
                                                        : CALL_UNREACHABLE;
}

/* What was received goes up; false: it was not taken. */
static bool hand_up(struct line_call *k)
{
    while (k->in_at < k->in_len) {
        size_t n = k->ops.data(k->u, k->in + k->in_at, k->in_len - k->in_at);
        if (!n)
            return false;
        k->in_at += n;
    }
    k->in_at = k->in_len = 0;
    return true;
}

static void watch(struct line_call *k)
{
    unsigned events = (k->in_len ? 0 : LOOP_READ) | (ctl_buf_waiting(&k->out) ? LOOP_WRITE : 0);
    loop_fd_change(k->watch, events);
}

/* To the thread, in packets; to the far side as it is. false: broken. */
static bool flush(struct line_call *k)
{
    if (!k->threaded)
        return ctl_buf_flush(&k->out, k->fd) == 0;
    while (ctl_buf_waiting(&k->out)) {
        uint8_t packet[DIAL_PACKET];
        size_t n = ctl_buf_waiting(&k->out);
        n = n < sizeof packet - 1 ? n : sizeof packet - 1;
        packet[0] = DIAL_DATA;
        memcpy(packet + 1, k->out.p + k->out.at, n);
        ssize_t sent = send(k->pair[0], packet, n + 1, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent < 0)
            return errno == EAGAIN || errno == EINTR;
        k->out.at += n;
    }
    k->out.at = k->out.len = 0;
    return true;
}

/* ---- an open connection ---- */

static void tcp_ready(void *arg, unsigned events)
{
    struct line_call *k = arg;
    if (!flush(k)) {
        ended(k, CALL_CLOSED);
        return;
    }
    for (unsigned i = 0; events & LOOP_READ && i < READS_PER_TURN && !k->in_len; i++) {
        ssize_t n = recv(k->fd, k->in, sizeof k->in, MSG_DONTWAIT);
        if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
            ended(k, CALL_CLOSED);
            return;
        }
        if (n < 0)
            break;
        k->in_len = (size_t)n;
        hand_up(k);
    }
    watch(k);
}

static void ssh_ready(void *arg, unsigned events)
{
    struct line_call *k = arg;
    uint8_t packet[DIAL_PACKET + 1];
    flush(k);
    for (unsigned i = 0; events & LOOP_READ && i < READS_PER_TURN && !k->in_len; i++) {
        ssize_t n = recv(k->pair[0], packet, sizeof packet, MSG_DONTWAIT);
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
            break;
        if (n <= 0) {
            ended(k, CALL_BROKEN);
            return;
        }
        if (packet[0] == DIAL_END) {
            ended(k, n > 1 ? (enum line_call_end)packet[1] : CALL_CLOSED);
            return;
        }
        if (packet[0] == DIAL_DATA) {
            k->in_len = (size_t)n - 1;
            memcpy(k->in, packet + 1, k->in_len);
            hand_up(k);
        } else if (packet[0] == DIAL_ASK) {
            k->ops.ask(k->u);
        } else if (packet[0] == DIAL_OPEN) {
            k->ops.opened(k->u);
            return; /* it may have ended the call */
        }
    }
    watch(k);
}

/* The descriptor becomes the thread's. */
static bool start_ssh(struct line_call *k)
{
    loop_fd_del(k->watch);
    k->watch = NULL;
    fcntl(k->fd, F_SETFL, fcntl(k->fd, F_GETFL) & ~O_NONBLOCK);
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, k->pair))
        return false;
    k->watch = loop_fd_add(k->d->loop, k->pair[0], LOOP_READ, ssh_ready, k);
    k->threaded = k->watch && pthread_create(&k->thread, NULL, dial_ssh_main, k) == 0;
    return k->threaded;
}

static void tcp_answered(void *arg, unsigned events)
{
    struct line_call *k = arg;
    int error = 0;
    socklen_t len = sizeof error;
    (void)events;
    if (getsockopt(k->fd, SOL_SOCKET, SO_ERROR, &error, &len) || error) {
        ended(k, reason(error));
        return;
    }
    timer_stop(&k->wait);
    k->connected = true;
    if (k->to.ssh) {
        if (!start_ssh(k))
            ended(k, CALL_BROKEN);
        return;
    }
    loop_fd_del(k->watch);
    k->watch = loop_fd_add(k->d->loop, k->fd, LOOP_READ, tcp_ready, k);
    if (k->watch)
        k->ops.opened(k->u);
    else
        ended(k, CALL_BROKEN);
}

/* ---- what the router asks ---- */

static void wait_over(void *arg)
{
    struct line_call *k = arg;
    ended(k, k->why);
}

/* Addresses that are nobody's: the namespace's own loopback is none of the router's. */
static bool nowhere(uint32_t ip)
{
    return !ip || ip >> 24 == 127 || ip >> 28 >= 14;
}

static int tcp_dial(struct line_call *k)
{
    struct sockaddr_in to = {
        .sin_family = AF_INET, .sin_port = htons(k->to.port), .sin_addr.s_addr = htonl(k->to.addr)};
    struct sockaddr_in from = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(k->to.source)};
    int on = 1;
    k->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (k->fd < 0)
        return errno;
    setsockopt(k->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (nowhere(k->to.addr))
        return EHOSTUNREACH;
    if (k->to.source && bind(k->fd, (struct sockaddr *)&from, sizeof from))
        return errno;
    return connect(k->fd, (struct sockaddr *)&to, sizeof to) && errno != EINPROGRESS ? errno : 0;
}

static struct line_call *dial_start(void *ctx, const struct line_call_to *to, const struct line_call_ops *ops, void *u)
{
    struct dialer *d = ctx;
    struct line_call *k = calloc(1, sizeof *k);
    if (!k)
        return NULL;
    k->d = d;
    k->to = *to;
    k->set = *to->set;
    k->to.set = NULL;
    k->ops = *ops;
    k->u = u;
    k->fd = k->pair[0] = k->pair[1] = -1;
    k->why = CALL_TIMEOUT;
    timer_init(&k->wait, d->loop, wait_over, k);
    int error = tcp_dial(k);
    if (!error && !(k->watch = loop_fd_add(d->loop, k->fd, LOOP_WRITE, tcp_answered, k)))
        error = ENOMEM;
    k->next = d->calls;
    d->calls = k;
    if (error)
        k->why = reason(error);
    timer_start(&k->wait, error ? 0 : (nstime)to->wait_s * NS_PER_S);
    return k;
}

static void dial_send(struct line_call *k, const void *p, size_t n)
{
    if (!k->connected || ctl_buf_waiting(&k->out) + n > DIAL_OUT_MAX)
        return;
    ctl_buf_add(&k->out, p, n);
    flush(k);
    watch(k);
}

static void dial_answer(struct line_call *k, const char *password)
{
    uint8_t packet[256];
    size_t n = password ? strlen(password) : 0;
    packet[0] = password && n < sizeof packet ? DIAL_PASSWORD : DIAL_GIVE_UP;
    if (packet[0] == DIAL_PASSWORD)
        memcpy(packet + 1, password, n);
    (void)!send(k->pair[0], packet, packet[0] == DIAL_PASSWORD ? n + 1 : 1, MSG_DONTWAIT | MSG_NOSIGNAL);
    explicit_bzero(packet, sizeof packet);
}

static void dial_more(struct line_call *k)
{
    if (hand_up(k))
        watch(k);
}

struct dialer *dialer_new(struct loop *loop)
{
    struct dialer *d = calloc(1, sizeof *d);
    if (d) {
        d->loop = loop;
        timer_init(&d->reaper, loop, reap, d);
    }
    return d;
}

void dialer_attach(struct dialer *d, struct router *r)
{
    line_set_dialer(r, &(struct line_dialer){.ctx = d,
                                             .start = dial_start,
                                             .send = dial_send,
                                             .answer = dial_answer,
                                             .more = dial_more,
                                             .end = dial_end});
}

void dialer_free(struct dialer *d)
{
    if (!d)
        return;
    while (d->calls)
        dial_end(d->calls);
    timer_stop(&d->reaper);
    for (struct line_call *k; (k = d->dying);) {
        d->dying = k->next;
        call_free(k);
    }
    free(d);
}
