/* The router's control socket: accepts connections, moves bytes both ways without ever blocking the router, and
 * lets go of a connection that ended. Owned by `tapir router`; what the messages mean is control_session.c. */
#include "cli/control_internal.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define CONN_MAX 128
#define CLOSE_PATIENCE (5 * NS_PER_S)
#define OUT_STOP_READING (1u << 20) /* a peer that does not read gets nothing more done */

static void conn_flush_text(struct conn *c)
{
    if (!c->text.len)
        return;
    ctl_buf_message(&c->out, CTL_OUTPUT, NULL, 0, c->text.s, c->text.len);
    c->text.len = 0;
}

void conn_message(struct conn *c, uint8_t type, const void *first, size_t first_len, const void *rest, size_t rest_len)
{
    conn_flush_text(c);
    ctl_buf_message(&c->out, type, first, first_len, rest, rest_len);
    conn_wake(c);
}

void conn_wake(struct conn *c)
{
    loop_defer(c->control->loop, &c->pump);
}

static void conn_free(struct conn *c)
{
    struct conn **pp = &c->control->conns;
    while (*pp != c)
        pp = &(*pp)->next;
    *pp = c->next;
    c->control->n_conns--;
    paste_free(c);
    conn_session_end(c);
    timer_stop(&c->linger);
    loop_cancel(c->control->loop, &c->pump);
    loop_fd_del(c->watch);
    close(c->fd);
    ctl_buf_free(&c->in);
    ctl_buf_free(&c->out);
    strbuf_free(&c->text);
    free(c);
}

static void conn_give_up(void *arg)
{
    conn_free(arg);
}

/* Does what can be done now; true while the connection lives. */
static bool conn_run(struct conn *c)
{
    conn_settle(c);
    if (c->paste)
        paste_step(c);
    while (!c->closing && ctl_buf_waiting(&c->out) < OUT_STOP_READING) {
        size_t at = c->in.at;
        struct ctl_msg m;
        int got = ctl_buf_next(&c->in, &m);
        if (got < 0)
            return false;
        if (got == 0)
            break;
        if (!conn_handle(c, &m)) {
            c->in.at = at;
            break;
        }
        conn_settle(c);
    }
    conn_flush_text(c);
    if (ctl_buf_flush(&c->out, c->fd))
        return false;
    size_t left = ctl_buf_waiting(&c->out);
    if (c->closing && !left)
        return false;
    if (c->closing && !timer_armed(&c->linger))
        timer_start(&c->linger, CLOSE_PATIENCE);
    bool read = !c->closing && left < OUT_STOP_READING && ctl_buf_waiting(&c->in) <= CTL_MAX;
    loop_fd_change(c->watch, (read ? LOOP_READ : 0) | (left ? LOOP_WRITE : 0));
    return true;
}

static void conn_pump(void *arg)
{
    struct conn *c = arg;
    if (!conn_run(c))
        conn_free(c);
}

static void conn_ready(void *arg, unsigned events)
{
    struct conn *c = arg;
    if (events & LOOP_READ) {
        int n = ctl_buf_fill(&c->in, c->fd);
        if (n == 0 || n == -1) {
            conn_free(c);
            return;
        }
    }
    conn_pump(c);
}

struct router *control_router(struct control *ctl)
{
    return ctl->router;
}

bool control_adopt(struct control *ctl, int fd, const struct line_peer *peer)
{
    struct conn *c = ctl->n_conns < CONN_MAX ? calloc(1, sizeof *c) : NULL;
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
    if (c)
        c->watch = loop_fd_add(ctl->loop, fd, LOOP_READ, conn_ready, c);
    if (!c || !c->watch) {
        struct ctl_buf b = {0};
        const char *why = "too many sessions on this router: end one first";
        if (ctl_buf_message(&b, CTL_REFUSED, NULL, 0, why, strlen(why)))
            ctl_buf_flush(&b, fd);
        ctl_buf_free(&b);
        close(fd);
        free(c);
        return false;
    }
    c->control = ctl;
    c->fd = fd;
    c->pump = (struct task){.run = conn_pump, .arg = c};
    timer_init(&c->linger, ctl->loop, conn_give_up, c);
    c->is_vty = peer != NULL;
    if (peer)
        c->peer = *peer;
    c->next = ctl->conns;
    ctl->conns = c;
    ctl->n_conns++;
    return true;
}

static void control_accept(void *arg, unsigned events)
{
    struct control *ctl = arg;
    (void)events;
    int fd = accept4(ctl->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0)
        control_adopt(ctl, fd, NULL);
}

/* A stale socket of a killed router is taken over; a live one means that the name is in use. */
static int control_listen(const char *path, char *err, size_t errlen)
{
    struct sockaddr_un sa = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof sa.sun_path) {
        snprintf(err, errlen, "%s is too long for a socket: shorten TAPIR_RUN or the name", path);
        return -1;
    }
    memcpy(sa.sun_path, path, strlen(path) + 1);
    int other = ctl_connect_fd(path);
    if (other >= 0) {
        close(other);
        snprintf(err, errlen, "the name is in use: a router answers at %s; stop it or choose another name", path);
        return -1;
    }
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        snprintf(err, errlen, "no socket: %s", strerror(errno));
        return -1;
    }
    unlink(path);
    mode_t mask = umask(0177);
    int rc = bind(fd, (struct sockaddr *)&sa, sizeof sa);
    umask(mask);
    if (rc || listen(fd, 64)) {
        snprintf(err, errlen, "cannot listen at %s: %s", path, strerror(errno));
        close(fd);
        return -1;
    }
    return fd;
}

struct control *control_new(struct loop *loop, const char *path, char *err, size_t errlen)
{
    struct control *ctl = calloc(1, sizeof *ctl);
    if (!ctl) {
        snprintf(err, errlen, "out of memory");
        return NULL;
    }
    ctl->loop = loop;
    ctl->path = strdup(path);
    ctl->fd = control_listen(path, err, errlen);
    if (ctl->fd >= 0)
        ctl->watch = loop_fd_add(loop, ctl->fd, LOOP_READ, control_accept, ctl);
    if (!ctl->watch) {
        if (ctl->fd >= 0)
            close(ctl->fd);
        free(ctl->path);
        free(ctl);
        return NULL;
    }
    return ctl;
}

void control_free(struct control *ctl)
{
    if (!ctl)
        return;
    while (ctl->conns) {
        struct conn *c = ctl->conns;
        ctl_buf_flush(&c->out, c->fd);
        conn_free(c);
    }
    loop_fd_del(ctl->watch);
    close(ctl->fd);
    unlink(ctl->path);
    free(ctl->path);
    free(ctl);
}

void control_set_router(struct control *ctl, struct router *r, const char *text)
{
    ctl->router = r;
    if (r)
        return;
    for (struct conn *c = ctl->conns; c; c = c->next) {
        if (c->paste)
            paste_free(c);
        if (!c->session && !c->use && !c->auth)
            continue;
        conn_session_end(c);
        conn_message(c, CTL_CLOSED, NULL, 0, text, strlen(text));
        c->closing = true;
    }
}
