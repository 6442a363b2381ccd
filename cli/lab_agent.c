/* Cables between two routers: the carrier of one side follows the power of the other (ios-ha-crypto 2.2). A small
 * background process watches the carrier of both taps and takes the partner's tap down and up. Started by `lab up`
 * only if the lab has such a cable. */
#include "cli/lab.h"
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define CABLES_MAX 64
#define WATCH_MS 20

struct side {
    char ns[128], device[16];
    const char *node;
    int nl, udp; /* sockets in that namespace */
    bool up;     /* as the agent set it */
};

static bool set_up(int udp, const char *device, bool up)
{
    struct ifreq ifr = {0};
    snprintf(ifr.ifr_name, sizeof ifr.ifr_name, "%s", device);
    if (ioctl(udp, SIOCGIFFLAGS, &ifr) != 0)
        return false;
    ifr.ifr_flags = (short)(up ? ifr.ifr_flags | IFF_UP : ifr.ifr_flags & ~IFF_UP);
    return ioctl(udp, SIOCSIFFLAGS, &ifr) == 0;
}

bool lab_set_device(const char *ns, const char *device, bool up)
{
    int here = lab_ns_here();
    bool ok = false;
    if (here >= 0 && lab_ns_enter(ns) == 0) {
        int udp = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        ok = udp >= 0 && set_up(udp, device, up);
        if (udp >= 0)
            close(udp);
    }
    if (here >= 0)
        lab_ns_back(here);
    return ok;
}

/* IFLA_CARRIER says whether a process holds the tap and gives carrier, even while the tap is administratively down. */
static bool carrier(const struct side *s)
{
    struct {
        struct nlmsghdr h;
        struct ifinfomsg i;
        char attr[64];
    } q = {.h = {.nlmsg_type = RTM_GETLINK, .nlmsg_flags = NLM_F_REQUEST}};
    struct rtattr *name = (struct rtattr *)(void *)q.attr;
    name->rta_type = IFLA_IFNAME;
    name->rta_len = (unsigned short)RTA_LENGTH(strlen(s->device) + 1);
    memcpy(RTA_DATA(name), s->device, strlen(s->device) + 1);
    q.h.nlmsg_len = (unsigned)(NLMSG_LENGTH(sizeof q.i) + RTA_ALIGN(name->rta_len));
    _Alignas(struct nlmsghdr) char buf[16384];
    if (send(s->nl, &q, q.h.nlmsg_len, 0) < 0)
        return false;
    ssize_t n = recv(s->nl, buf, sizeof buf, 0);
    const struct nlmsghdr *h = (const struct nlmsghdr *)(const void *)buf;
    if (n < (ssize_t)sizeof *h || !NLMSG_OK(h, (size_t)n) || h->nlmsg_type != RTM_NEWLINK)
        return false;
    struct rtattr *a = IFLA_RTA(NLMSG_DATA(h));
    for (int left = (int)IFLA_PAYLOAD(h); RTA_OK(a, left); a = RTA_NEXT(a, left))
        if (a->rta_type == IFLA_CARRIER)
            return *(const uint8_t *)RTA_DATA(a) != 0;
    return false;
}

static bool open_side(const struct lab *l, const struct topo_end *e, struct side *s)
{
    s->node = l->t->nodes[e->node].name;
    lab_ns_name(l->t->name, s->node, s->ns);
    snprintf(s->device, sizeof s->device, "%s", e->device);
    s->up = true;
    if (lab_ns_enter(s->ns) != 0)
        return false;
    s->nl = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    s->udp = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    return s->nl >= 0 && s->udp >= 0;
}

static void watch(const struct lab *l, struct side (*cable)[2], unsigned n)
{
    for (;;) {
        for (unsigned k = 0; k < n; k++) {
            bool power[2], want;
            for (int side = 0; side < 2; side++)
                power[side] = carrier(&cable[k][side]) && !lab_marked(l, cable[k][side].node, cable[k][side].device);
            for (int side = 0; side < 2; side++) {
                struct side *s = &cable[k][side];
                want = power[!side] && !lab_marked(l, s->node, s->device);
                if (want != s->up && set_up(s->udp, s->device, want))
                    s->up = want;
            }
        }
        if (!lab_ns_exists(cable[0][0].ns))
            _exit(0);
        lab_pause(WATCH_MS);
    }
}

void lab_agent_start(const struct lab *l)
{
    unsigned cables = 0;
    for (unsigned k = 0; k < l->t->n_links; k++)
        cables += l->t->nodes[l->t->links[k].end[0].node].kind == TOPO_TAPIR &&
                  l->t->nodes[l->t->links[k].end[1].node].kind == TOPO_TAPIR;
    if (!cables)
        return;
    pid_t pid = fork();
    if (pid < 0)
        return;
    if (pid > 0) {
        char path[500];
        lab_path(l, "agent", ".pid", path, sizeof path);
        FILE *f = fopen(path, "we");
        if (f) {
            fprintf(f, "%d\n", (int)pid);
            fclose(f);
        }
        return;
    }
    setsid();
    signal(SIGINT, SIG_IGN);
    for (int fd = 0; fd < 256; fd++)
        close(fd);
    struct side(*side)[2] = calloc(CABLES_MAX, sizeof *side);
    unsigned n = 0;
    for (unsigned k = 0; side && k < l->t->n_links && n < CABLES_MAX; k++) {
        const struct topo_end *e = l->t->links[k].end;
        if (l->t->nodes[e[0].node].kind == TOPO_TAPIR && l->t->nodes[e[1].node].kind == TOPO_TAPIR &&
            open_side(l, &e[0], &side[n][0]) && open_side(l, &e[1], &side[n][1]))
            n++;
    }
    if (n)
        watch(l, side, n);
    _exit(0);
}
