/* The real side of the links seam: a tap in the current network namespace, made or taken over as it is (CONTRACT 3).
 * Frames carry a virtio header so that the kernel may leave checksums to us; reading drains up to 64 frames a round.
 * Carrier is the tap's administrative state, followed through link_tap_watch.c. Used by `tapir router`. */
#include "modules/net/link_tap.h"
#include "modules/net/bytes.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <linux/virtio_net.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

struct tap {
    struct link link; /* first */
    struct loop *loop;
    int fd;
    struct loop_fd *reading;
    struct tap_watch *watch;
    bool vnet, big, gone;
};

/* ---- checksums that the kernel left to us (interop.md 4) ---- */

static bool complete_checksum(struct frame *f, const struct virtio_net_hdr *h)
{
    uint32_t start = h->csum_start, at = start + h->csum_offset;
    if (!(h->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM))
        return true;
    if (start >= f->len || at + 2 > f->len)
        return false;
    /* The field holds the pseudo header's sum already. */
    uint16_t sum = ip_sum_fold(ip_sum_add(0, f->data + start, f->len - start));
    /* Zero means "none" in UDP alone (RFC 768); its checksum stands six bytes into the header. */
    put16(f->data + at, sum || h->csum_offset != 6 ? sum : 0xffff);
    return true;
}

/* ---- frames ---- */

static void tap_vanished(struct tap *t)
{
    t->gone = true;
    loop_fd_del(t->reading); /* a dead descriptor is always ready: no spin */
    t->reading = NULL;
    if (t->link.up) {
        t->link.up = false;
        if (t->link.state)
            t->link.state(t->link.arg, false);
    }
}

/* One frame; NULL: nothing waits (errno EAGAIN), or the tap is gone. */
static struct frame *tap_read(struct tap *t, bool *again)
{
    struct virtio_net_hdr h = {0};
    uint8_t spare;
    struct frame *f = t->big ? frame_alloc_big(t->loop) : frame_alloc(t->loop);
    *again = false;
    if (!f)
        return NULL;
    uint32_t room = f->cap - FRAME_HEADROOM;
    struct iovec iov[3] = {{&h, t->vnet ? sizeof h : 0}, {f->data, room}, {&spare, 1}};
    ssize_t n = readv(t->fd, iov, 3);
    if (n < 0) {
        int error = errno;
        frame_free(f);
        *again = error == EINTR;
        if (error != EAGAIN && error != EINTR)
            tap_vanished(t);
        return NULL;
    }
    *again = true;
    size_t len = (size_t)n;
    size_t head = t->vnet ? sizeof h : 0;
    if (len < head || len - head > room || !frame_put(f, (uint32_t)(len - head)) || !complete_checksum(f, &h)) {
        frame_free(f); /* larger than any frame we asked for */
        return NULL;
    }
    f->arrival = loop_now(t->loop);
    return f;
}

static void tap_ready(void *arg, unsigned events)
{
    struct tap *t = arg;
    struct frame_vec v;
    v.n = 0;
    (void)events;
    for (unsigned i = 0; i < FRAME_VEC && !t->gone; i++) {
        bool again;
        struct frame *f = tap_read(t, &again);
        if (f)
            v.f[v.n++] = f;
        else if (!again)
            break;
    }
    if (v.n)
        link_deliver(&t->link, &v);
}

static void tap_tx(struct link *l, struct frame_vec *v)
{
    struct tap *t = (struct tap *)l;
    struct virtio_net_hdr h = {0};
    for (unsigned i = 0; i < v->n; i++) {
        struct frame *f = v->f[i];
        struct iovec iov[2] = {{&h, t->vnet ? sizeof h : 0}, {f->data, f->len}};
        while (!t->gone && writev(t->fd, iov, 2) < 0 && errno == EINTR)
            ;
        frame_free(f); /* a full or downed tap loses frames, as a cable does */
    }
    v->n = 0;
}

/* ---- state ---- */

static void tap_changed(void *arg, bool up, bool present)
{
    struct tap *t = arg;
    if (!present && !t->gone) {
        tap_vanished(t);
        return;
    }
    if (t->gone || up == t->link.up)
        return;
    t->link.up = up;
    if (t->link.state)
        t->link.state(t->link.arg, up);
}

static void tap_set_carrier(struct link *l, bool on)
{
    struct tap *t = (struct tap *)l;
    int value = on;
    if (!t->gone)
        ioctl(t->fd, TUNSETCARRIER, &value);
}

static void tap_close(struct link *l)
{
    struct tap *t = (struct tap *)l;
    tap_set_carrier(l, false);
    tap_watch_free(t->watch);
    loop_fd_del(t->reading);
    close(t->fd);
    free(t);
}

static const struct link_ops tap_ops = {.tx = tap_tx, .set_carrier = tap_set_carrier, .close = tap_close};

/* ---- opening ---- */

static int fail(int fd, char *err, size_t errlen, const char *tap, const char *why)
{
    int error = errno;
    snprintf(err, errlen, "%s: %s: %s", tap, why, strerror(error));
    if (fd >= 0)
        close(fd);
    errno = error;
    return -1;
}

/* A tap that was made multi-queue wants the flag, any other refuses it. */
static int tap_attach(const char *tap, bool offload, bool *made, char *err, size_t errlen)
{
    struct ifreq ifr = {0};
    unsigned offloads = offload ? TUN_F_CSUM : 0;
    if (strlen(tap) >= IFNAMSIZ) {
        errno = ENAMETOOLONG;
        return fail(-1, err, errlen, tap, "not a device name");
    }
    *made = if_nametoindex(tap) == 0;
    int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return fail(fd, err, errlen, tap, "cannot open /dev/net/tun");
    memcpy(ifr.ifr_name, tap, strlen(tap) + 1);
    ifr.ifr_flags = (short)(IFF_TAP | IFF_NO_PI | (offload ? IFF_VNET_HDR : 0));
    int r = ioctl(fd, TUNSETIFF, &ifr);
    if (r < 0 && errno == EINVAL) {
        ifr.ifr_flags = (short)(ifr.ifr_flags | IFF_MULTI_QUEUE);
        r = ioctl(fd, TUNSETIFF, &ifr);
    }
    if (r < 0)
        return fail(fd, err, errlen, tap, errno == EBUSY ? "another process has it" : "cannot attach to the tap");
    int header = sizeof(struct virtio_net_hdr), carrier = 1, sndbuf = 1 << 20;
    if (offload && ioctl(fd, TUNSETVNETHDRSZ, &header) < 0)
        return fail(fd, err, errlen, tap, "cannot set the header size");
    if (ioctl(fd, TUNSETOFFLOAD, (unsigned long)offloads) < 0 && offload)
        return fail(fd, err, errlen, tap, "cannot negotiate offloads");
    ioctl(fd, TUNSETSNDBUF, &sndbuf);
    ioctl(fd, TUNSETCARRIER, &carrier);
    return fd;
}

/* MTU of the device; with make_up a tap of our own is switched on, one that was given stays as it is. */
static int tap_adopt(const char *tap, bool make_up)
{
    struct ifreq ifr = {0};
    int mtu = 1500, s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (s < 0)
        return mtu;
    memcpy(ifr.ifr_name, tap, strlen(tap) + 1);
    if (ioctl(s, SIOCGIFMTU, &ifr) == 0)
        mtu = ifr.ifr_mtu;
    if (make_up && ioctl(s, SIOCGIFFLAGS, &ifr) == 0) {
        ifr.ifr_flags |= IFF_UP;
        ioctl(s, SIOCSIFFLAGS, &ifr);
    }
    close(s);
    return mtu;
}

struct link *link_tap_open(struct loop *loop, const char *tap, bool offload, char *err, size_t errlen)
{
    bool made;
    int fd = tap_attach(tap, offload, &made, err, errlen);
    if (fd < 0)
        return NULL;
    struct tap *t = calloc(1, sizeof *t);
    int mtu = tap_adopt(tap, made);
    if (!t) {
        fail(fd, err, errlen, tap, "no memory");
        return NULL;
    }
    t->loop = loop;
    t->fd = fd;
    t->vnet = offload;
    t->link.ops = &tap_ops;
    t->link.mtu = (uint16_t)(mtu > 65535 ? 65535 : mtu);
    t->big = mtu + 14 + 4 > FRAME_SLOT - FRAME_HEADROOM;
    memcpy(t->link.name, tap, strlen(tap) + 1);
    t->reading = loop_fd_add_link(loop, fd, tap_ready, t);
    t->watch = t->reading ? tap_watch_new(loop, fd, &t->link.up, tap_changed, t) : NULL;
    if (!t->watch) {
        loop_fd_del(t->reading);
        free(t);
        fail(fd, err, errlen, tap, "cannot watch the tap");
        return NULL;
    }
    return &t->link;
}
