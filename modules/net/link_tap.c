/* The real side of the links seam: a tap in the current network namespace, made or taken over as it is (CONTRACT 3).
 * Frames carry a virtio header so that the kernel may leave checksums to us and, once another thread pulls, bring and
 * take super-packets; reading drains up to 64 frames a round. Carrier is the tap's administrative state, followed
 * through link_tap_watch.c. Used by `tapir router`. */
#include "modules/net/link_tap.h"
#include "modules/net/stack.h"
#include "modules/net/vnet.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

enum {
    SLOT_ROOM = FRAME_SLOT - FRAME_HEADROOM,
    FRAME_LONGEST = ETHER_HLEN + 4 + 65535,
    IOV_MOST = 1024, /* what the kernel takes in one call */
    READ_ERRORS_MOST = 64
};

enum offer { OFFER_SUPER, OFFER_SUPER4, OFFER_CSUM, OFFER_NOTHING };

struct tap {
    struct link link; /* first */
    struct loop *loop;
    int fd;
    struct loop_fd *reading; /* NULL: pulled by another thread, or gone */
    struct tap_watch *watch;
    bool vnet, pulled;
    bool gone;            /* the control side knows that the device is no more */
    _Atomic bool broken;  /* reading or writing found it so */
    unsigned read_errors; /* in a row */
    uint64_t drops[LINK_DROPS];
};

static bool tap_is_broken(struct tap *t)
{
    return atomic_load_explicit(&t->broken, memory_order_relaxed);
}

/* Says what the kernel may leave to us; the older kernel accepts less. true: super-packets. Without a header it may
 * leave nothing, which a tap that was taken over must be told. */
static bool tap_offload(int fd, enum offer first)
{
    static const unsigned long offers[] = {TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6, TUN_F_CSUM | TUN_F_TSO4, TUN_F_CSUM,
                                           0};
    for (unsigned i = first; i <= OFFER_NOTHING; i++)
        if (ioctl(fd, TUNSETOFFLOAD, offers[i]) == 0)
            return i < OFFER_CSUM;
    return false;
}

/* ---- receiving ---- */

/* Two buffers for the next frame: it lands in the slot, and what is longer runs on where it would in the big one. */
struct landing {
    struct frame *slot, *big;
};

static ssize_t landing_read(struct tap *t, const struct landing *at, struct virtio_net_hdr *h)
{
    struct iovec iov[3] = {{h, t->vnet ? sizeof *h : 0}, {at->slot->data, SLOT_ROOM}, {NULL, 0}};
    uint8_t spare;
    if (at->big)
        iov[2] = (struct iovec){at->big->data + SLOT_ROOM, at->big->cap - FRAME_HEADROOM - SLOT_ROOM};
    else
        iov[2] = (struct iovec){&spare, 1};
    return readv(t->fd, iov, 3);
}

/* The frame of n bytes that was read, taken out of the landing; NULL: it does not fit. */
static struct frame *landing_take(struct landing *at, uint32_t n)
{
    struct frame *f = at->slot;
    if (n <= SLOT_ROOM) {
        at->slot = NULL;
    } else {
        f = at->big;
        if (!f)
            return NULL;
        at->big = NULL;
        memcpy(f->data, at->slot->data, SLOT_ROOM);
    }
    f->len = n;
    return f;
}

/* true: go on reading. */
static bool read_failed(struct tap *t)
{
    if (errno == EINTR)
        return true;
    if (errno == EAGAIN)
        return false;
    if (errno == EBADFD || errno == ENODEV || errno == EBADF || errno == EFAULT || ++t->read_errors > READ_ERRORS_MOST)
        atomic_store_explicit(&t->broken, true, memory_order_relaxed);
    return false;
}

static unsigned tap_rx(struct link *l, struct frame_pool *pool, nstime now, struct frame_vec *v)
{
    struct tap *t = (struct tap *)l;
    struct landing at = {NULL, NULL};
    v->n = 0;
    for (unsigned i = 0; i < FRAME_VEC && !tap_is_broken(t); i++) {
        struct virtio_net_hdr h = {0};
        if (!at.slot && !(at.slot = frame_alloc_from(pool, now)))
            break; /* what waits, waits in the kernel, which counts what it then loses */
        if (!at.big)
            at.big = frame_alloc_big_from(pool, now);
        ssize_t n = landing_read(t, &at, &h);
        if (n < 0) {
            if (read_failed(t))
                continue;
            break;
        }
        t->read_errors = 0;
        size_t head = t->vnet ? sizeof h : 0;
        enum link_drop why = LINK_DROPS;
        struct frame *f = NULL;
        if ((size_t)n < head)
            why = LINK_DROP_SHORT;
        else if ((size_t)n - head > FRAME_LONGEST)
            why = LINK_DROP_LONG;
        else if (!(f = landing_take(&at, (uint32_t)((size_t)n - head))))
            why = LINK_DROP_NO_BUFFER;
        else
            why = vnet_take(f, &h);
        if (why == LINK_DROPS) {
            v->f[v->n++] = f;
        } else {
            link_drop_count(l, why, 1);
            frame_free(f);
        }
    }
    frame_free(at.slot);
    frame_free(at.big);
    return v->n;
}

/* ---- through the loop, until somebody pulls ---- */

static void tap_vanished(struct tap *t)
{
    t->gone = true;
    loop_fd_del(t->reading); /* a dead descriptor is always ready: no spin */
    t->reading = NULL;
    atomic_store_explicit(&t->broken, true, memory_order_relaxed);
    if (t->link.up) {
        link_set_up(&t->link, false);
        if (t->link.state)
            t->link.state(t->link.arg, false);
    }
}

static void tap_ready(void *arg, unsigned events)
{
    struct tap *t = arg;
    struct frame_pool *pool = loop_frames(t->loop);
    struct frame_vec v;
    v.n = 0;
    (void)events;
    if (pool)
        tap_rx(&t->link, pool, loop_now(t->loop), &v);
    if (tap_is_broken(t) && !t->gone)
        tap_vanished(t);
    if (v.n)
        link_deliver(&t->link, &v);
}

static void tap_pull(struct link *l, bool on)
{
    struct tap *t = (struct tap *)l;
    if (t->gone || t->pulled == on)
        return;
    t->pulled = on;
    if (on) {
        loop_fd_del(t->reading);
        t->reading = NULL;
    }
    if (t->vnet)
        l->tso = tap_offload(t->fd, on ? OFFER_SUPER : OFFER_CSUM);
    if (!on) {
        t->reading = loop_fd_add_link(t->loop, t->fd, tap_ready, t);
        if (!t->reading)
            tap_vanished(t);
    }
}

static int tap_fd(struct link *l)
{
    struct tap *t = (struct tap *)l;
    return tap_is_broken(t) ? -1 : t->fd;
}

/* ---- sending ---- */

static enum link_drop write_failed(struct tap *t)
{
    switch (errno) {
    case EAGAIN:
        return LINK_DROP_FULL;
    case ENOBUFS:
    case ENOMEM:
        return LINK_DROP_NO_BUFFER;
    case EIO: /* the device is down */
        return LINK_DROP_NO_CARRIER;
    case EBADFD: /* or no more */
        atomic_store_explicit(&t->broken, true, memory_order_relaxed);
        return LINK_DROP_NO_CARRIER;
    default:
        return LINK_DROP_REFUSED;
    }
}

/* LINK_DROPS: sent. */
static enum link_drop tap_send(struct tap *t, struct frame *f)
{
    struct virtio_net_hdr h;
    struct iovec iov[IOV_MOST];
    int n = 0;
    if (t->vnet) {
        if (!vnet_give(f, &h))
            return LINK_DROP_CHECKSUM;
        iov[n++] = (struct iovec){&h, sizeof h};
    } else if (f->gso || f->frag) {
        return LINK_DROP_UNSPLIT;
    } else if (!frame_csum_complete(f)) {
        return LINK_DROP_CHECKSUM;
    }
    for (const struct frame *p = f; p; p = p->frag) {
        if (n == IOV_MOST)
            return LINK_DROP_UNSPLIT;
        iov[n++] = (struct iovec){p->data, p->len};
    }
    while (!tap_is_broken(t)) {
        if (writev(t->fd, iov, n) >= 0)
            return LINK_DROPS;
        if (errno != EINTR)
            return write_failed(t);
    }
    return LINK_DROP_NO_CARRIER;
}

/* A full or downed tap loses frames, as a cable does. */
static void tap_tx(struct link *l, struct frame_vec *v)
{
    struct tap *t = (struct tap *)l;
    for (unsigned i = 0; i < v->n; i++) {
        enum link_drop why = tap_send(t, v->f[i]);
        if (why != LINK_DROPS)
            link_drop_count(l, why, 1);
        frame_free(v->f[i]);
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
    link_set_up(&t->link, up);
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

static const struct link_ops tap_ops = {
    .tx = tap_tx, .set_carrier = tap_set_carrier, .close = tap_close, .rx = tap_rx, .fd = tap_fd, .pull = tap_pull};

/* ---- opening ---- */

/* A burst waits in the device's queue until it is read: with 1000 two busy cores cost a TCP stream thousands of
 * segments. A length that is not a kernel's default was chosen by somebody, and stays. */
enum { TXQUEUE = 4096, TXQUEUE_DEFAULT = 1000, TXQUEUE_DEFAULT_OLD = 500 };

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
    int header = sizeof(struct virtio_net_hdr), carrier = 1, sndbuf = INT_MAX;
    if (offload && ioctl(fd, TUNSETVNETHDRSZ, &header) < 0)
        return fail(fd, err, errlen, tap, "cannot set the header size");
    tap_offload(fd, offload ? OFFER_CSUM : OFFER_NOTHING);
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
    if (ioctl(s, SIOCGIFTXQLEN, &ifr) == 0 &&
        (ifr.ifr_qlen == TXQUEUE_DEFAULT || ifr.ifr_qlen == TXQUEUE_DEFAULT_OLD)) {
        ifr.ifr_qlen = TXQUEUE;
        ioctl(s, SIOCSIFTXQLEN, &ifr);
    }
    if (make_up && ioctl(s, SIOCGIFFLAGS, &ifr) == 0) {
        ifr.ifr_flags |= IFF_UP;
        ioctl(s, SIOCSIFFLAGS, &ifr);
    }
    close(s);
    return mtu;
}

struct link *link_tap_open(struct loop *loop, const char *tap, bool offload, char *err, size_t errlen)
{
    bool made = false;
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
    t->link.drops = t->drops;
    t->link.csum = offload;
    t->link.mtu = (uint16_t)(mtu > 65535 ? 65535 : mtu);
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
