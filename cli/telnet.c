/* The listener of the telnet line and the life of its sessions: a client is accepted on the router's loop, gets a
 * connection to the control server over a socket pair, and two threads of its own. Called by router.c. */
#include "cli/telnet.h"
#include "cli/telnet_int.h"
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define VTY_MAX 16

struct telnet {
    struct loop *loop;
    struct control *control;
    int fd;
    struct loop_fd *watch;
    struct vty *list;
    unsigned n;
};

static void vty_free(struct vty *v)
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

static void reap(struct telnet *t)
{
    struct vty **pp = &t->list;
    while (*pp) {
        struct vty *v = *pp;
        if (!atomic_load(&v->finished)) {
            pp = &v->next;
            continue;
        }
        *pp = v->next;
        t->n--;
        vty_free(v);
    }
}

/* The session's first exchange must not block the loop, which has to answer it: the thread does it. */
static void *vty_main(void *arg)
{
    struct vty *v = arg;
    char err[200];
    if (ctl_open(v->ctl, CTL_VTY, &v->st, err, sizeof err)) {
        size_t n = strlen(err);
        if (send(v->net, err, n, MSG_NOSIGNAL) == (ssize_t)n)
            (void)!send(v->net, "\r\n", 2, MSG_NOSIGNAL);
    } else if (pthread_create(&v->cli, NULL, vty_cli_main, v) == 0) {
        return vty_relay_main(v);
    }
    close(v->lib);
    shutdown(v->net, SHUT_RDWR);
    atomic_store(&v->finished, true);
    return NULL;
}

static bool vty_start(struct telnet *t, int net)
{
    int pair[2], back[2];
    char err[200];
    struct vty *v = calloc(1, sizeof *v);
    if (!v)
        return false;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair)) {
        free(v);
        return false;
    }
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, back)) {
        close(pair[0]);
        close(pair[1]);
        free(v);
        return false;
    }
    v->net = net;
    v->wire = pair[0];
    v->lib = pair[1];
    v->ctl = ctl_adopt(back[0], err, sizeof err);
    pthread_mutex_init(&v->lock, NULL);
    keyq_init(&v->keys);
    /* libcli waits with select(): a descriptor of 1024 or more would be its end (front-ends 3.1) */
    bool ok = v->ctl && v->lib < 1024;
    if (!control_adopt(t->control, back[1]))
        ok = false;
    if (!ok || pthread_create(&v->relay, NULL, vty_main, v)) {
        if (v->ctl)
            ctl_close(v->ctl);
        close(pair[0]);
        close(pair[1]);
        pthread_mutex_destroy(&v->lock);
        keyq_free(&v->keys);
        free(v);
        return false;
    }
    v->next = t->list;
    t->list = v;
    t->n++;
    return true;
}

static void telnet_accept(void *arg, unsigned events)
{
    struct telnet *t = arg;
    (void)events;
    int fd = accept4(t->fd, NULL, NULL, SOCK_CLOEXEC);
    if (fd < 0)
        return;
    reap(t);
    if (t->n >= VTY_MAX || !vty_start(t, fd))
        close(fd); /* all vty lines busy: refused (ios-cli 1.2) */
}

struct telnet *telnet_new(struct loop *loop, struct control *control, uint16_t port, char *err, size_t errlen)
{
    struct sockaddr_in sa = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int one = 1;
    if (!telnet_self_test()) {
        snprintf(err, errlen, "--telnet: libcli does not call this program's hooks: leave the option out, or rebuild");
        return NULL;
    }
    struct telnet *t = calloc(1, sizeof *t);
    int fd = t ? socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0) : -1;
    if (fd >= 0)
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (fd < 0 || bind(fd, (struct sockaddr *)&sa, sizeof sa) || listen(fd, 16)) {
        snprintf(err, errlen, "--telnet %u: %s: choose another port", port, strerror(errno));
        if (fd >= 0)
            close(fd);
        free(t);
        return NULL;
    }
    t->loop = loop;
    t->control = control;
    t->fd = fd;
    t->watch = loop_fd_add(loop, fd, LOOP_READ, telnet_accept, t);
    return t;
}

void telnet_free(struct telnet *t)
{
    if (!t)
        return;
    loop_fd_del(t->watch);
    close(t->fd);
    while (t->list) {
        struct vty *v = t->list;
        t->list = v->next;
        shutdown(v->net, SHUT_RDWR);
        shutdown(v->wire, SHUT_RDWR);
        vty_free(v);
    }
    free(t);
}
