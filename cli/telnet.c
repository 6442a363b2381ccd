/* The listeners of the vty lines and the life of their sessions: a client is accepted on the router's loop, asked
 * whether a line takes him, and given a connection to the control server over a socket pair and threads of his own.
 * Called by router.c and mirror.c. */
#include "cli/telnet.h"
#include "cli/ssh.h"
#include "cli/telnet_int.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { LISTENERS_MAX = 256, SSH_PENDING_MAX = 16, ACCEPTS_PER_TURN = 16 };

struct listener {
    struct telnet *t;
    int id, fd;
    enum line_service service;
    bool local;
    struct loop_fd *watch;
    struct listener *next;
};
struct telnet {
    struct loop *loop;
    struct control *control;
    struct listener *listeners;
    int next_id;
    struct vty *list;
    struct ssh_conn *ssh;
    struct timer reaper; /* lets go of sessions that ended */
};

/* ---- one session ---- */

struct vty *vty_new(int net, struct ctl *ctl, bool raw)
{
    int pair[2];
    struct vty *v = calloc(1, sizeof *v);
    if (!v || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair)) {
        free(v);
        close(net);
        ctl_close(ctl);
        return NULL;
    }
    v->net = net;
    v->wire = pair[0];
    v->lib = pair[1];
    v->ctl = ctl;
    v->raw = raw;
    pthread_mutex_init(&v->lock, NULL);
    keyq_init(&v->keys);
    /* libcli waits with select(): a descriptor of 1024 or more would be its end (front-ends 3.1) */
    bool cli = v->lib < 1024 && pthread_create(&v->cli, NULL, vty_cli_main, v) == 0;
    if (cli && pthread_create(&v->relay, NULL, vty_relay_main, v) == 0)
        return v;
    keyq_end(&v->keys);
    shutdown(v->wire, SHUT_RDWR);
    shutdown(ctl_fd(ctl), SHUT_RDWR);
    if (cli)
        pthread_join(v->cli, NULL);
    else
        close(v->lib);
    close(v->wire);
    close(net);
    ctl_close(ctl);
    pthread_mutex_destroy(&v->lock);
    keyq_free(&v->keys);
    free(v);
    return NULL;
}

void vty_free(struct vty *v)
{
    pthread_join(v->relay, NULL);
    ctl_close(v->ctl);
    close(v->net);
    close(v->wire);
    pthread_mutex_destroy(&v->lock);
    keyq_free(&v->keys);
    free(v->line);
    free(v);
}

static void reap(void *arg)
{
    struct telnet *t = arg;
    struct vty **pp = &t->list;
    while (*pp) {
        struct vty *v = *pp;
        if (!atomic_load(&v->finished)) {
            pp = &v->next;
            continue;
        }
        *pp = v->next;
        vty_free(v);
    }
    sshline_reap(&t->ssh);
    if (t->list || t->ssh)
        timer_start(&t->reaper, NS_PER_S);
}

/* ---- a client comes ---- */

static struct ctl *adopt(struct telnet *t, const struct line_peer *peer)
{
    int back[2];
    char err[200];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, back))
        return NULL;
    struct ctl *ctl = ctl_adopt(back[0], err, sizeof err);
    if (!control_adopt(t->control, back[1], peer) || !ctl) {
        if (ctl)
            ctl_close(ctl);
        return NULL;
    }
    return ctl;
}

/* A reset, as a router that has no line for him sends it. */
static void refuse(int fd)
{
    struct linger now = {1, 0};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close(fd);
}

static bool serve(struct telnet *t, const struct listener *l, int fd, const struct line_peer *peer)
{
    struct ctl *ctl = adopt(t, peer);
    if (!ctl)
        return false;
    if (l->service == LINE_SSH)
        return sshline_start(&t->ssh, control_router(t->control), fd, ctl);
    struct vty *v = vty_new(fd, ctl, false);
    if (v) {
        v->next = t->list;
        t->list = v;
    }
    return true; /* fd is consumed either way */
}

static bool accept_one(struct listener *l)
{
    struct telnet *t = l->t;
    struct sockaddr_in sa, own = {0};
    socklen_t len = sizeof sa, own_len = sizeof own;
    const char *why;
    int fd = accept4(l->fd, (struct sockaddr *)&sa, &len, SOCK_CLOEXEC);
    int on = 1;
    if (fd < 0)
        return false;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on); /* an echo must not wait for an acknowledgement */
    reap(t);
    struct router *r = control_router(t->control);
    unsigned pending = sshline_pending(t->ssh);
    getsockname(fd, (struct sockaddr *)&own, &own_len);
    struct line_peer peer = {.service = l->service,
                             .to = addr_v4(ntohl(own.sin_addr.s_addr)),
                             .local = l->local,
                             .addr = addr_v4(ntohl(sa.sin_addr.s_addr)),
                             .port = ntohs(sa.sin_port)};
    addr_format(&peer.addr, peer.where);
    if (!r || pending >= SSH_PENDING_MAX || !line_may_open(r, &peer, pending, &why) || !serve(t, l, fd, &peer))
        refuse(fd); /* all vty lines busy, or none that takes him (ios-cli 1.2) */
    if (!timer_armed(&t->reaper))
        timer_start(&t->reaper, NS_PER_S);
    return true;
}

static void on_accept(void *arg, unsigned events)
{
    (void)events;
    for (int i = 0; i < ACCEPTS_PER_TURN && accept_one(arg); i++)
        ;
}

int telnet_listen(struct telnet *t, enum line_service service, uint32_t addr, uint16_t port)
{
    struct sockaddr_in sa = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(addr)};
    int one = 1, n = 0;
    for (struct listener *l = t->listeners; l; l = l->next)
        n++;
    struct listener *l = n < LISTENERS_MAX ? calloc(1, sizeof *l) : NULL;
    if (!l)
        return -ENOSPC;
    l->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (l->fd >= 0)
        setsockopt(l->fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (l->fd < 0 || bind(l->fd, (struct sockaddr *)&sa, sizeof sa) || listen(l->fd, 64)) {
        int error = errno;
        if (l->fd >= 0)
            close(l->fd);
        free(l);
        return -error;
    }
    l->t = t;
    l->id = t->next_id++;
    l->service = service;
    l->local = addr == INADDR_LOOPBACK;
    l->watch = loop_fd_add(t->loop, l->fd, LOOP_READ, on_accept, l);
    l->next = t->listeners;
    t->listeners = l;
    return l->id;
}

void telnet_unlisten(struct telnet *t, int listener)
{
    for (struct listener **pp = &t->listeners; *pp; pp = &(*pp)->next) {
        struct listener *l = *pp;
        if (l->id != listener)
            continue;
        *pp = l->next;
        loop_fd_del(l->watch);
        close(l->fd);
        free(l);
        return;
    }
}

struct telnet *telnet_new(struct loop *loop, struct control *control, char *err, size_t errlen)
{
    if (!telnet_self_test()) {
        snprintf(err, errlen, "libcli does not call this program's hooks: no vty line can be opened; rebuild");
        return NULL;
    }
    struct telnet *t = calloc(1, sizeof *t);
    if (!t) {
        snprintf(err, errlen, "out of memory");
        return NULL;
    }
    t->loop = loop;
    t->control = control;
    timer_init(&t->reaper, loop, reap, t);
    return t;
}

void telnet_free(struct telnet *t)
{
    if (!t)
        return;
    while (t->listeners)
        telnet_unlisten(t, t->listeners->id);
    timer_stop(&t->reaper);
    while (t->list) {
        struct vty *v = t->list;
        t->list = v->next;
        shutdown(v->net, SHUT_RDWR);
        shutdown(v->wire, SHUT_RDWR);
        vty_free(v);
    }
    sshline_end_all(&t->ssh);
    free(t);
}
