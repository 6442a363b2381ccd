/* rtnetlink (see rtnl.h): messages are built, sent, and their acknowledgement is read. Called by mirror.c. */
#include "cli/rtnl.h"
#include <arpa/inet.h>
#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <string.h>
#include <sys/socket.h>

struct request {
    struct nlmsghdr h;
    union {
        struct ifinfomsg link;
        struct ifaddrmsg addr;
        struct rtmsg route;
    } u;
    char room[128];
};

static void begin(struct request *q, uint16_t type, uint16_t flags, size_t body)
{
    memset(q, 0, sizeof *q);
    q->h.nlmsg_type = type;
    q->h.nlmsg_flags = (uint16_t)(NLM_F_REQUEST | NLM_F_ACK | flags);
    q->h.nlmsg_len = (uint32_t)NLMSG_LENGTH(body);
}

static void put(struct request *q, uint16_t type, uint32_t v)
{
    struct rtattr *a = (struct rtattr *)((char *)q + NLMSG_ALIGN(q->h.nlmsg_len));
    a->rta_type = type;
    a->rta_len = (uint16_t)RTA_LENGTH(sizeof v);
    memcpy(RTA_DATA(a), &v, sizeof v);
    q->h.nlmsg_len = (uint32_t)(NLMSG_ALIGN(q->h.nlmsg_len) + RTA_ALIGN(a->rta_len));
}

/* The kernel answers before send() returns: this does not wait. */
static int talk(int fd, struct request *q)
{
    char buf[1024] __attribute__((aligned(8)));
    if (send(fd, q, q->h.nlmsg_len, 0) < 0)
        return -1;
    ssize_t n = recv(fd, buf, sizeof buf, 0);
    const struct nlmsghdr *h = (const void *)buf;
    if (n < (ssize_t)sizeof *h || h->nlmsg_type != NLMSG_ERROR)
        return -1;
    const struct nlmsgerr *e = NLMSG_DATA(h);
    errno = -e->error;
    return e->error ? -1 : 0;
}

int rtnl_open(void)
{
    return socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
}

int rtnl_up(int fd, unsigned index)
{
    struct request q;
    begin(&q, RTM_NEWLINK, 0, sizeof q.u.link);
    q.u.link.ifi_index = (int)index;
    q.u.link.ifi_flags = q.u.link.ifi_change = IFF_UP;
    return talk(fd, &q);
}

int rtnl_address(int fd, unsigned index, uint32_t ip, bool add)
{
    struct request q;
    begin(&q, add ? RTM_NEWADDR : RTM_DELADDR, add ? NLM_F_CREATE | NLM_F_REPLACE : 0, sizeof q.u.addr);
    q.u.addr.ifa_family = AF_INET;
    q.u.addr.ifa_prefixlen = 32;
    q.u.addr.ifa_index = index;
    put(&q, IFA_LOCAL, htonl(ip));
    put(&q, IFA_ADDRESS, htonl(ip));
    return talk(fd, &q);
}

int rtnl_route(int fd, unsigned index, uint32_t dst, unsigned len, uint32_t src)
{
    struct request q;
    begin(&q, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, sizeof q.u.route);
    q.u.route.rtm_family = AF_INET;
    q.u.route.rtm_dst_len = (uint8_t)len;
    q.u.route.rtm_table = RT_TABLE_MAIN;
    q.u.route.rtm_protocol = RTPROT_STATIC;
    q.u.route.rtm_scope = RT_SCOPE_LINK;
    q.u.route.rtm_type = RTN_UNICAST;
    if (len)
        put(&q, RTA_DST, htonl(dst));
    put(&q, RTA_OIF, index);
    put(&q, RTA_PREFSRC, htonl(src));
    return talk(fd, &q);
}
