/* The yardstick of line 6: frames from one tap to the other and back, nothing else, with the descriptors, the virtio
 * header and the vectors of up to 64 that `tapir router` has. Prints `ready`; ends at SIGTERM.
 *   tap_copy TAP TAP */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <linux/virtio_net.h>
#include <net/if.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <unistd.h>

enum { VECTOR = 64, SLOT = 65536 + 64 };
static uint8_t slot[VECTOR][SLOT];
static ssize_t length[VECTOR];

static int tap_open(const char *name)
{
    struct ifreq ifr = {.ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR};
    int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC), header = sizeof(struct virtio_net_hdr),
        sndbuf = 1 << 20;
    snprintf(ifr.ifr_name, sizeof ifr.ifr_name, "%s", name);
    if (fd < 0 || ioctl(fd, TUNSETIFF, &ifr) || ioctl(fd, TUNSETVNETHDRSZ, &header) ||
        ioctl(fd, TUNSETOFFLOAD, (unsigned long)(TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6)) ||
        ioctl(fd, TUNSETSNDBUF, &sndbuf)) {
        fprintf(stderr, "tap_copy: %s: %s\n", name, strerror(errno));
        return -1;
    }
    return fd;
}

static void copy(int from, int to)
{
    unsigned n = 0;
    while (n < VECTOR && (length[n] = read(from, slot[n], SLOT)) > 0)
        n++;
    for (unsigned i = 0; i < n; i++)
        if (write(to, slot[i], (size_t)length[i]) < 0)
            continue; /* a full tap loses frames */
}

int main(int argc, char **argv)
{
    if (argc != 3)
        return 2;
    struct pollfd p[2] = {{.fd = tap_open(argv[1]), .events = POLLIN}, {.fd = tap_open(argv[2]), .events = POLLIN}};
    if (p[0].fd < 0 || p[1].fd < 0)
        return 1;
    puts("ready");
    fflush(stdout);
    while (poll(p, 2, -1) > 0)
        for (unsigned i = 0; i < 2; i++)
            if (p[i].revents)
                copy(p[i].fd, p[!i].fd);
    return 1;
}
