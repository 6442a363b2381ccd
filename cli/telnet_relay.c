/* The relay of a telnet session: telnet's own bytes on the client's side, libcli's habits on the other (front-ends
 * 3.5). One thread per session; it also prints log lines while no command runs. */
#include "cli/telnet_int.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { IAC = 255, DONT = 254, DO = 253, WONT = 252, WILL = 251, SB = 250, SE = 240 };
enum { OPT_ECHO = 1, OPT_SGA = 3 };
enum { IN_TEXT, IN_IAC, IN_OPTION, IN_SUB, IN_SUB_IAC };

static void reply_add(uint8_t *reply, size_t cap, size_t *n, uint8_t verb, uint8_t option)
{
    if (*n + 3 > cap)
        return;
    reply[(*n)++] = IAC;
    reply[(*n)++] = verb;
    reply[(*n)++] = option;
}

/* We offer ECHO and SGA at the start; everything else is refused once. */
static void on_option(uint8_t verb, uint8_t option, uint8_t *reply, size_t cap, size_t *n)
{
    if (verb == DO && option != OPT_ECHO && option != OPT_SGA)
        reply_add(reply, cap, n, WONT, option);
    else if (verb == WILL && option != OPT_SGA)
        reply_add(reply, cap, n, DONT, option);
}

/* One byte of text. ESC sequences but the four arrows are dropped; libcli would leave their tail in the line. */
static size_t on_text(struct telnet_in *t, bool in_config, uint8_t ch, uint8_t *out)
{
    bool lf_of_crlf = t->after_cr && (ch == '\n' || ch == 0);
    t->after_cr = ch == '\r';
    if (lf_of_crlf)
        return 0;
    if (t->esc == 1) {
        t->esc = ch == '[' ? 2 : 0;
        return 0;
    }
    if (t->esc == 2) {
        if (ch < 0x40)
            return 0;
        t->esc = 0;
        /* up, down, right, left as libcli's control keys */
        static const uint8_t arrows[] = {'P' - 64, 'N' - 64, 'F' - 64, 'B' - 64};
        if (ch < 'A' || ch > 'D')
            return 0;
        out[0] = arrows[ch - 'A'];
        return 1;
    }
    if (ch == 27) {
        t->esc = 1;
        return 0;
    }
    if (ch == 26) { /* Ctrl-Z: drop the line, end */
        if (!in_config)
            return 0;
        memcpy(out,
               "\x15"
               "end\r",
               5);
        return 5;
    }
    out[0] = ch == '\n' ? '\r' : ch;
    return ch >= 32 || ch == '\r' || ch == '\n' || (ch && ch < 27) || ch == 30 ? 1 : 0;
}

size_t telnet_filter_in(struct telnet_in *t, bool in_config, const uint8_t *in, size_t len, uint8_t *out,
                        uint8_t *reply, size_t reply_cap, size_t *reply_len)
{
    size_t n = 0;
    for (size_t i = 0; i < len; i++) {
        uint8_t ch = in[i];
        switch (t->state) {
        case IN_TEXT:
            if (ch == IAC)
                t->state = IN_IAC;
            else
                n += on_text(t, in_config, ch, out + n);
            break;
        case IN_IAC:
            t->verb = ch;
            t->state = ch >= WILL && ch <= DONT ? IN_OPTION : ch == SB ? IN_SUB : IN_TEXT;
            if (ch == IAC)
                n += on_text(t, in_config, ch, out + n);
            break;
        case IN_OPTION:
            on_option(t->verb, ch, reply, reply_cap, reply_len);
            t->state = IN_TEXT;
            break;
        case IN_SUB:
            if (ch == IAC)
                t->state = IN_SUB_IAC;
            break;
        default:
            t->state = ch == SE ? IN_TEXT : IN_SUB;
            break;
        }
    }
    return n;
}

size_t telnet_filter_out(struct telnet_out *t, const uint8_t *in, size_t len, uint8_t *out)
{
    size_t n = 0;
    for (size_t i = 0; i < len; i++) {
        uint8_t ch = in[i];
        if (t->skip && (ch == '>' || ch == ' ')) {
            t->skip--;
            continue;
        }
        t->skip = 0;
        /* CR LF at column 0 waits: in front of a prompt libcli adds one that IOS does not have. */
        if (ch == '\r' && t->column == 0 && !t->held_cr && !t->held) {
            t->held_cr = true;
            continue;
        }
        if (t->held_cr && ch == '\n') {
            t->held_cr = false;
            t->held = true;
            continue;
        }
        if (t->held && ch != PROMPT_BEGIN) {
            out[n++] = '\r';
            out[n++] = '\n';
        }
        if (t->held_cr)
            out[n++] = '\r';
        bool again = t->held && ch == '\r';
        t->held = t->held_cr = false;
        if (again) {
            t->held_cr = true;
            continue;
        }
        if (ch == PROMPT_BEGIN || ch == PROMPT_CHAR)
            continue;
        if (ch == PROMPT_END) {
            t->skip = t->seen_prompt ? 0 : 2;
            t->seen_prompt = true;
            continue;
        }
        if (ch == IAC)
            out[n++] = IAC;
        out[n++] = ch;
        t->column = ch == '\r' || ch == '\n' ? 0 : t->column + 1;
    }
    return n;
}

struct pipe_buf { /* bytes on their way to one descriptor */
    uint8_t b[65536];
    size_t at, len;
};

/* false: the descriptor is gone. */
static bool buf_flush(struct pipe_buf *p, int fd)
{
    while (p->at < p->len) {
        ssize_t n = send(fd, p->b + p->at, p->len - p->at, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return errno == EAGAIN || errno == EWOULDBLOCK;
        p->at += (size_t)n;
    }
    p->at = p->len = 0;
    return true;
}

static void buf_add(struct pipe_buf *p, const void *data, size_t len)
{
    if (len <= sizeof p->b - p->len) {
        memcpy(p->b + p->len, data, len);
        p->len += len;
    }
}

struct relay {
    struct vty *v;
    struct telnet_in in;
    struct telnet_out out;
    struct pipe_buf to_net, to_lib;
};

#define CHUNK 4096

static bool from_net(struct relay *r)
{
    uint8_t in[CHUNK], out[5 * CHUNK], reply[256];
    size_t n_reply = 0;
    ssize_t n = recv(r->v->net, in, sizeof in, MSG_DONTWAIT);
    if (n <= 0)
        return n < 0 && (errno == EAGAIN || errno == EINTR);
    size_t len =
        telnet_filter_in(&r->in, atomic_load(&r->v->in_config), in, (size_t)n, out, reply, sizeof reply, &n_reply);
    buf_add(&r->to_lib, out, len);
    buf_add(&r->to_net, reply, n_reply);
    return true;
}

static bool from_lib(struct relay *r)
{
    uint8_t in[CHUNK], out[2 * CHUNK + 4];
    ssize_t n = recv(r->v->wire, in, sizeof in, MSG_DONTWAIT);
    if (n <= 0)
        return n < 0 && (errno == EAGAIN || errno == EINTR);
    buf_add(&r->to_net, out, telnet_filter_out(&r->out, in, (size_t)n, out));
    return true;
}

/* A log line, or the end of the session, while no command runs. false: over. */
static bool from_router(struct relay *r)
{
    struct ctl_msg m;
    int got = ctl_recv(r->v->ctl, &m, 0);
    if (got == -2)
        return true;
    if (got != 1)
        return false;
    if (m.type != CTL_MESSAGE && m.type != CTL_CLOSED)
        return true;
    if (m.type == CTL_MESSAGE)
        buf_add(&r->to_net, "\r\n", 2);
    for (size_t i = 0; i < m.len; i++)
        buf_add(&r->to_net, m.data[i] == '\n' ? "\r\n" : m.data + i, m.data[i] == '\n' ? 2 : 1);
    r->out.column = 0;
    if (m.type == CTL_CLOSED)
        return false;
    buf_add(&r->to_lib, "\x0c", 1); /* Ctrl-L: libcli shows prompt and half-typed text again */
    return true;
}

static bool relay_turn(struct relay *r)
{
    struct vty *v = r->v;
    bool room_net = sizeof r->to_net.b - r->to_net.len > 2 * CHUNK + 512;
    bool room_lib = sizeof r->to_lib.b - r->to_lib.len > 5 * CHUNK;
    bool mine = pthread_mutex_trylock(&v->lock) == 0;
    bool live = true;
    if (mine && ctl_waiting(v->ctl))
        live = from_router(r);
    struct pollfd fds[3] = {{.fd = v->net, .events = (short)((room_lib ? POLLIN : 0) | (r->to_net.len ? POLLOUT : 0))},
                            {.fd = v->wire, .events = (short)((room_net ? POLLIN : 0) | (r->to_lib.len ? POLLOUT : 0))},
                            {.fd = mine ? ctl_fd(v->ctl) : -1, .events = POLLIN}};
    if (mine)
        pthread_mutex_unlock(&v->lock);
    if (live && poll(fds, 3, mine ? -1 : 20) < 0)
        return errno == EINTR;
    if (live && fds[2].revents && pthread_mutex_trylock(&v->lock) == 0) {
        live = from_router(r);
        pthread_mutex_unlock(&v->lock);
    }
    if (live && fds[0].revents & (POLLIN | POLLHUP | POLLERR) && room_lib)
        live = from_net(r);
    if (live && fds[1].revents & (POLLIN | POLLHUP | POLLERR) && room_net)
        live = from_lib(r);
    return buf_flush(&r->to_net, v->net) && buf_flush(&r->to_lib, v->wire) && live;
}

void *vty_relay_main(void *arg)
{
    struct vty *v = arg;
    struct relay *r = calloc(1, sizeof *r);
    static const uint8_t hello[] = {IAC, WILL, OPT_ECHO, IAC, WILL, OPT_SGA};
    if (r) {
        r->v = v;
        buf_add(&r->to_net, hello, sizeof hello);
        while (relay_turn(r))
            ;
        /* What libcli still wrote, and what the client has not read yet: for a moment. */
        for (int i = 0; i < 20 && r->to_net.len && buf_flush(&r->to_net, v->net) && r->to_net.len; i++)
            poll(&(struct pollfd){.fd = v->net, .events = POLLOUT}, 1, 50);
    }
    free(r);
    shutdown(v->net, SHUT_RDWR);
    shutdown(v->wire, SHUT_RDWR); /* libcli's loop reads the end */
    shutdown(ctl_fd(v->ctl), SHUT_RDWR);
    pthread_join(v->cli, NULL);
    atomic_store(&v->finished, true);
    return NULL;
}
