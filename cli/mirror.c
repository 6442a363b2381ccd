/* A TUN device that lends the router's addresses to the TCP stack of its namespace (see mirror.h). Packets have virtio
 * headers towards the kernel, so that a checksum left open and a super-packet pass as they are. */
#include "cli/mirror.h"
#include "cli/rtnl.h"
#include "modules/mirror/mirror.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <linux/virtio_net.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <unistd.h>

enum { ADDRS_MAX = 1024, SERVED_MAX = 96, PACKETS_PER_TURN = 64, TICK_MS = 500 };

struct served { /* an address of ours that the kernel has */
    struct mirror_addr a;
    int telnet, ssh; /* listeners; -1: none */
};
struct mirror_tun {
    struct loop *loop;
    struct telnet *telnet;
    struct router *r; /* NULL: off */
    int fd, rtnl;
    unsigned index;
    struct loop_fd *watch;
    struct timer tick;
    struct served *served;
    unsigned n_served;
    uint32_t source; /* of the default route */
    uint64_t lost;   /* packets that the kernel did not take */
};

/* ---- packets ---- */

static void tun_send(void *ctx, struct frame *f)
{
    struct mirror_tun *t = ctx;
    struct virtio_net_hdr h = {0};
    if (f->frag) { /* pieces behind each other */
        struct frame *whole = frame_copy(f);
        frame_free(f);
        if (!whole)
            return;
        f = whole;
    }
    if (f->flags & FRAME_CSUM_PARTIAL && f->base + f->csum_at >= f->data) {
        h.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
        h.csum_start = (uint16_t)(f->csum_at - (f->data - f->base));
        h.csum_offset = f->csum_off;
    }
    if (f->gso) {
        h.gso_type = VIRTIO_NET_HDR_GSO_TCPV4;
        h.gso_size = f->gso;
        h.hdr_len = (uint16_t)(h.csum_start + 20u);
    }
    struct iovec v[2] = {{&h, sizeof h}, {f->data, f->len}};
    if (writev(t->fd, v, 2) < 0)
        t->lost++;
    frame_free(f);
}

static void tun_readable(void *arg, unsigned events)
{
    struct mirror_tun *t = arg;
    uint8_t packet[2048];
    (void)events;
    for (int i = 0; i < PACKETS_PER_TURN; i++) {
        struct virtio_net_hdr h;
        struct iovec v[2] = {{&h, sizeof h}, {packet, sizeof packet}};
        ssize_t n = readv(t->fd, v, 2);
        if (n < 0)
            return;
        if ((size_t)n > sizeof h && t->r)
            mirror_input(t->r, packet, (size_t)n - sizeof h);
    }
}

/* ---- addresses and listeners ---- */

static void listen_at(struct mirror_tun *t, struct served *s)
{
    unsigned generation;
    bool tel = line_transport(t->r, LINE_TELNET),
         ssh = line_transport(t->r, LINE_SSH) && line_ssh_key(t->r, &generation);
    if (tel != (s->telnet >= 0)) {
        if (tel)
            s->telnet = telnet_listen(t->telnet, LINE_TELNET, s->a.ip, 23);
        else
            telnet_unlisten(t->telnet, s->telnet), s->telnet = -1;
    }
    if (ssh != (s->ssh >= 0)) {
        if (ssh)
            s->ssh = telnet_listen(t->telnet, LINE_SSH, s->a.ip, 22);
        else
            telnet_unlisten(t->telnet, s->ssh), s->ssh = -1;
    }
}

static void take(struct mirror_tun *t, struct served *s)
{
    if (s->telnet >= 0)
        telnet_unlisten(t->telnet, s->telnet);
    if (s->ssh >= 0)
        telnet_unlisten(t->telnet, s->ssh);
    rtnl_address(t->rtnl, t->index, s->a.ip, false); /* the routes that speak from it go too */
}

static void give(struct mirror_tun *t, struct served *s)
{
    s->telnet = s->ssh = -1;
    rtnl_address(t->rtnl, t->index, s->a.ip, true);
}

/* Each subnet is spoken to from the address in it, everything else from that of the default route. */
static void routes(struct mirror_tun *t)
{
    for (unsigned i = 0; i < t->n_served; i++) {
        const struct mirror_addr *a = &t->served[i].a;
        if (a->primary && a->len < 32)
            rtnl_route(t->rtnl, t->index, a->ip & mask_from_len(a->len), a->len, a->ip);
    }
    t->source = mirror_source(t->r);
    if (t->source)
        rtnl_route(t->rtnl, t->index, 0, 0, t->source);
}

static bool same(const struct mirror_addr *a, const struct mirror_addr *b)
{
    return a->ip == b->ip && a->len == b->len && a->primary == b->primary;
}

static bool listed(const struct mirror_addr *a, const struct mirror_addr *list, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        if (same(a, &list[i]))
            return true;
    return false;
}

static bool is_served(const struct mirror_tun *t, const struct mirror_addr *a)
{
    for (unsigned i = 0; i < t->n_served; i++)
        if (same(a, &t->served[i].a))
            return true;
    return false;
}

static void tun_changed(void *ctx)
{
    struct mirror_tun *t = ctx;
    struct mirror_addr *now = calloc(ADDRS_MAX, sizeof *now);
    unsigned n = t->r && now ? mirror_addresses(t->r, now, ADDRS_MAX) : 0, kept = 0;
    for (unsigned i = 0; i < t->n_served; i++) {
        if (listed(&t->served[i].a, now, n))
            t->served[kept++] = t->served[i];
        else
            take(t, &t->served[i]);
    }
    bool changed = kept != t->n_served;
    t->n_served = kept;
    for (unsigned i = 0; i < n && t->n_served < ADDRS_MAX; i++) {
        if (is_served(t, &now[i]))
            continue;
        struct served *s = &t->served[t->n_served++];
        s->a = now[i];
        give(t, s);
        changed = true;
    }
    free(now);
    if (t->r && changed)
        routes(t);
    for (unsigned i = 0; t->r && i < t->n_served && i < SERVED_MAX; i++)
        listen_at(t, &t->served[i]);
}

/* What no address tells: lines that were configured, a key that was made, a default route. */
static void tun_tick(void *arg)
{
    struct mirror_tun *t = arg;
    if (!t->r)
        return;
    for (unsigned i = 0; i < t->n_served && i < SERVED_MAX; i++)
        listen_at(t, &t->served[i]);
    if (mirror_source(t->r) != t->source)
        routes(t);
    timer_start(&t->tick, TICK_MS * NS_PER_MS);
}

/* ---- life ---- */

static void put_sysctl(const char *name, const char *what, const char *value)
{
    char path[160];
    snprintf(path, sizeof path, what, name);
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return; /* this kernel has no such switch */
    (void)!write(fd, value, strlen(value));
    close(fd);
}

static int tun_open(struct mirror_tun *t, char *err, size_t errlen)
{
    struct ifreq ifr = {.ifr_flags = IFF_TUN | IFF_NO_PI | IFF_VNET_HDR};
    snprintf(ifr.ifr_name, sizeof ifr.ifr_name, "tapir%%d");
    t->fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (t->fd < 0 || ioctl(t->fd, TUNSETIFF, &ifr)) {
        snprintf(err, errlen, "--mirror: /dev/net/tun: %s", strerror(errno));
        return -1;
    }
    ioctl(t->fd, TUNSETOFFLOAD, 0); /* the kernel sends whole packets */
    t->index = if_nametoindex(ifr.ifr_name);
    /* The device's addresses are the router's: the namespace's kernel must not answer ARP for them on the bridges that
     * the router's taps are plugged into. Its ICMP errors are the router's, which no limit of one a second suits. */
    put_sysctl("all", "/proc/sys/net/ipv4/conf/%s/arp_ignore", "8");
    put_sysctl("all", "/proc/sys/net/ipv4/conf/%s/rp_filter", "0");
    put_sysctl(ifr.ifr_name, "/proc/sys/net/ipv4/conf/%s/rp_filter", "0");
    put_sysctl(ifr.ifr_name, "/proc/sys/net/ipv6/conf/%s/disable_ipv6", "1");
    put_sysctl("icmp_ratelimit", "/proc/sys/net/ipv4/%s", "0");
    t->rtnl = rtnl_open();
    if (t->rtnl < 0 || rtnl_up(t->rtnl, t->index)) {
        snprintf(err, errlen, "--mirror: %s: %s", ifr.ifr_name, strerror(errno));
        return -1;
    }
    return 0;
}

struct mirror_tun *mirror_tun_new(struct loop *loop, struct telnet *telnet, char *err, size_t errlen)
{
    struct mirror_tun *t = calloc(1, sizeof *t);
    if (!t)
        return NULL;
    t->loop = loop;
    t->telnet = telnet;
    t->fd = t->rtnl = -1;
    t->served = calloc(ADDRS_MAX, sizeof *t->served);
    timer_init(&t->tick, loop, tun_tick, t);
    if (!t->served || tun_open(t, err, errlen) || !(t->watch = loop_fd_add(loop, t->fd, LOOP_READ, tun_readable, t))) {
        mirror_tun_free(t);
        return NULL;
    }
    return t;
}

void mirror_tun_up(struct mirror_tun *t, struct router *r)
{
    t->r = r;
    mirror_attach(r, &(struct mirror_host){.ctx = t, .send = tun_send, .changed = tun_changed});
    timer_start(&t->tick, 0);
}

void mirror_tun_down(struct mirror_tun *t)
{
    t->r = NULL;
    timer_stop(&t->tick);
    tun_changed(t);
}

void mirror_tun_free(struct mirror_tun *t)
{
    if (!t)
        return;
    timer_stop(&t->tick);
    if (t->watch)
        loop_fd_del(t->watch);
    if (t->fd >= 0)
        close(t->fd);
    if (t->rtnl >= 0)
        close(t->rtnl);
    free(t->served);
    free(t);
}
