/* Follows the administrative state of a tap through netlink (RFC 3549 links group). The device may be renamed, or moved
 * to a namespace that is not ours (a lab plugs it into a switch there): TUNGETIFF always knows its name, and
 * TUNGETDEVNETNS where it is, so the watch moves its sockets behind it. Called by link_tap.c. */
#include "modules/net/link_tap.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#ifndef TUNGETDEVNETNS
#define TUNGETDEVNETNS _IO('T', 227)
#endif

struct tap_watch {
    struct loop *loop;
    int tap, netlink, ctl; /* netlink, ctl: sockets in the device's namespace */
    dev_t ns_dev;
    ino_t ns_ino;
    struct loop_fd *reading;
    void (*changed)(void *arg, bool up, bool present);
    void *arg;
};

static void watch_ready(void *arg, unsigned events);

static int netlink_open(void)
{
    struct sockaddr_nl sa = {.nl_family = AF_NETLINK, .nl_groups = RTMGRP_LINK};
    int s = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
    if (s >= 0 && bind(s, (struct sockaddr *)&sa, sizeof sa) < 0) {
        close(s);
        s = -1;
    }
    return s;
}

static void watch_close(struct tap_watch *w)
{
    loop_fd_del(w->reading);
    w->reading = NULL;
    if (w->netlink >= 0)
        close(w->netlink);
    if (w->ctl >= 0)
        close(w->ctl);
    w->netlink = w->ctl = -1;
}

/* Opens the sockets where the device is; ours when that cannot be told. */
static bool watch_open(struct tap_watch *w)
{
    struct stat there, here;
    int ns = ioctl(w->tap, TUNGETDEVNETNS), home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
    bool moved = false;
    watch_close(w);
    if (ns >= 0 && home >= 0 && fstat(ns, &there) == 0 && fstat(home, &here) == 0) {
        w->ns_dev = there.st_dev;
        w->ns_ino = there.st_ino;
        if (there.st_ino != here.st_ino || there.st_dev != here.st_dev)
            moved = setns(ns, CLONE_NEWNET) == 0;
    }
    w->netlink = netlink_open();
    w->ctl = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (moved && setns(home, CLONE_NEWNET) < 0)
        abort(); /* we would work on a stranger's devices */
    if (ns >= 0)
        close(ns);
    if (home >= 0)
        close(home);
    if (w->netlink >= 0 && w->ctl >= 0)
        w->reading = loop_fd_add(w->loop, w->netlink, LOOP_READ, watch_ready, w);
    return w->reading != NULL;
}

static bool watch_is_there(const struct tap_watch *w)
{
    struct stat st;
    int ns = ioctl(w->tap, TUNGETDEVNETNS);
    if (ns < 0)
        return true; /* a kernel that cannot say */
    bool same = fstat(ns, &st) == 0 && st.st_ino == w->ns_ino && st.st_dev == w->ns_dev;
    close(ns);
    return same;
}

static bool watch_look(struct tap_watch *w, bool *present)
{
    struct ifreq name = {0}, flags = {0};
    *present = ioctl(w->tap, TUNGETIFF, &name) == 0;
    if (!*present)
        return false;
    for (int i = 0; i < IFNAMSIZ; i++)
        flags.ifr_name[i] = name.ifr_name[i];
    return ioctl(w->ctl, SIOCGIFFLAGS, &flags) == 0 && (flags.ifr_flags & IFF_UP);
}

static void watch_ready(void *arg, unsigned events)
{
    struct tap_watch *w = arg;
    char buf[8192];
    bool present;
    (void)events;
    while (recv(w->netlink, buf, sizeof buf, 0) > 0 || errno == EINTR || errno == ENOBUFS)
        ; /* that something changed is all we want to know */
    if (!watch_is_there(w) && !watch_open(w))
        return;
    bool up = watch_look(w, &present);
    w->changed(w->arg, up, present);
}

struct tap_watch *tap_watch_new(struct loop *loop, int fd, bool *up, void (*changed)(void *arg, bool up, bool present),
                                void *arg)
{
    struct tap_watch *w = calloc(1, sizeof *w);
    bool present;
    if (!w)
        return NULL;
    *w = (struct tap_watch){.loop = loop, .tap = fd, .netlink = -1, .ctl = -1, .changed = changed, .arg = arg};
    if (!watch_open(w)) {
        tap_watch_free(w);
        return NULL;
    }
    *up = watch_look(w, &present);
    return w;
}

void tap_watch_free(struct tap_watch *w)
{
    if (!w)
        return;
    watch_close(w);
    free(w);
}
