/* ping: echo requests one after the other, a mark for each as it is decided, the summary. Runs beside everything else
 * until the last is decided or the session aborts it. Layout: ios-cli 11.9. */
#include "ip_cmd.h"
#include "modules/net/hosts.h"
#include "modules/net/stack.h"
#include <stdio.h>
#include <stdlib.h>

enum { ECHO_HEADERS = 28, MARKS_PER_LINE = 70 };

struct ping {
    struct router *router;
    struct cmd_job *job;
    struct addr dst, src;
    bool has_src, df;
    uint32_t count, size;
    nstime timeout;
    uint16_t id, seq;
    uint32_t sent, received, marks;
    nstime sent_at, min, max, sum;
    bool waiting; /* for the answer to the last request; else for its turn to send */
    struct timer timer;
};

static void ping_heard(void *arg, const struct ip_rx *rx, uint8_t type, uint8_t code, uint32_t rest,
                       const uint8_t *body, size_t len);

static void ping_free(struct ping *p)
{
    timer_stop(&p->timer);
    icmp_unlisten(p->router, ping_heard, p);
    free(p);
}

/* IOS never says 0 ms. */
static long long whole_ms(nstime t)
{
    return t <= NS_PER_MS ? 1 : (t + NS_PER_MS / 2) / NS_PER_MS;
}

static void ping_summary(struct ping *p)
{
    struct out *o = cmd_job_out(p->job);
    unsigned percent = p->marks ? (unsigned)(100.0 * p->received / p->marks) : 0;
    if (p->marks % MARKS_PER_LINE)
        out_text(o, "\n");
    out_text(o, "Success rate is %u percent (%u/%u)", percent, p->received, p->marks);
    if (p->received)
        out_text(o, ", round-trip min/avg/max = %lld/%lld/%lld ms", whole_ms(p->min), whole_ms(p->sum / p->received),
                 whole_ms(p->max));
    out_text(o, "\n");
}

static void ping_abort(void *arg)
{
    struct ping *p = arg;
    ping_summary(p);
    ping_free(p);
}

static int ping_send(struct ping *p)
{
    struct loop *loop = p->router->loop;
    uint32_t len = p->size - IP_HLEN;
    struct frame *f = p->size <= FRAME_SLOT - FRAME_HEADROOM ? frame_alloc(loop) : frame_alloc_big(loop);
    uint8_t *d = f ? frame_put(f, len) : NULL;
    if (!d) {
        frame_free(f);
        return -ENOMEM;
    }
    memset(d, 0, 8);
    d[0] = 8;
    put16(d + 4, p->id);
    put16(d + 6, ++p->seq);
    for (uint32_t i = 8; i < len; i++)
        d[i] = i & 1 ? 0xcd : 0xab; /* IOS's data pattern */
    put16(d + 2, ip_checksum(d, len));
    struct ip_tx tx = {.dst = p->dst, .proto = IPPROTO_ICMP_, .df = p->df};
    if (p->has_src)
        tx.src = p->src;
    p->sent++;
    p->sent_at = loop_now_fresh(loop);
    p->waiting = true;
    timer_start(&p->timer, p->timeout);
    net_of(p->router)->stats.icmp_echo_out++;
    net_of(p->router)->stats.icmp_out++;
    return ip_send(p->router, &tx, f);
}

/* The last request is decided. The next leaves a moment later: never from within the receive path, and simulated time
 * goes on. */
static void ping_mark(struct ping *p, char mark, nstime pause)
{
    p->waiting = false;
    p->marks++;
    out_text(cmd_job_out(p->job), "%c%s", mark, p->marks % MARKS_PER_LINE ? "" : "\n");
    timer_start(&p->timer, p->marks == p->count ? 0 : pause);
}

static void ping_timer(void *arg)
{
    struct ping *p = arg;
    if (p->waiting) {
        ping_mark(p, '.', 0);
        return;
    }
    if (p->marks == p->count) {
        struct cmd_job *job = p->job;
        ping_summary(p);
        ping_free(p);
        cmd_job_finish(job, CMD_OK);
        return;
    }
    if (ping_send(p) == -EMSGSIZE && p->waiting)
        ping_mark(p, 'M', p->timeout);
}

static char mark_of(uint8_t type, uint8_t code)
{
    switch (type) {
    case 3:
        return code == 4 ? 'M' : code == 13 ? 'A' : 'U';
    case 4:
        return 'Q';
    case 11:
        return '&';
    default:
        return '?';
    }
}

static void ping_heard(void *arg, const struct ip_rx *rx, uint8_t type, uint8_t code, uint32_t rest,
                       const uint8_t *body, size_t len)
{
    struct ping *p = arg;
    if (!p->waiting)
        return;
    if (type == 0) {
        if (rest != ((uint32_t)p->id << 16 | p->seq) || !addr_equal(&rx->src, &p->dst))
            return;
        nstime rtt = loop_now_fresh(p->router->loop) - p->sent_at;
        p->received++;
        p->sum += rtt;
        p->min = p->received == 1 || rtt < p->min ? rtt : p->min;
        p->max = rtt > p->max ? rtt : p->max;
        ping_mark(p, '!', NS_PER_MS);
        return;
    }
    /* An error: it quotes our header and eight bytes. */
    size_t hlen = len >= IP_HLEN ? (body[0] & 15u) * 4u : 0;
    if (hlen < IP_HLEN || len < hlen + 8 || body[9] != IPPROTO_ICMP_ || be16(body + hlen + 4) != p->id ||
        be16(body + hlen + 6) != p->seq || be32(body + 16) != addr_v4_get(&p->dst))
        return;
    ping_mark(p, mark_of(type, code), NS_PER_MS);
}

/* Parameters, then the run. Errors in IOS's words. */
static int ping_start(struct cmd *c, struct ping *p, const char *host)
{
    char buf[ADDR_STRLEN];
    if (!host_resolve(c->router, host, &p->dst)) {
        free(p);
        return cmd_error(c, "%% Unrecognized host or address, or protocol not running.");
    }
    out_text(c->out, "Type escape sequence to abort.\n");
    out_text(c->out, "Sending %u, %u-byte ICMP Echos to %s, timeout is %lld seconds:\n", p->count, p->size,
             addr_format(&p->dst, buf), (long long)(p->timeout / NS_PER_S));
    if (p->has_src)
        out_text(c->out, "Packet sent with a source address of %s \n", addr_format(&p->src, buf));
    if (p->df)
        out_text(c->out, "Packet sent with the DF bit set\n");
    p->router = c->router;
    p->id = (uint16_t)rng_u32(c->router, RNG_ICMP);
    timer_init(&p->timer, c->router->loop, ping_timer, p);
    p->job = icmp_listen(c->router, ping_heard, p) ? NULL : cmd_suspend(c, ping_abort, p);
    if (!p->job) {
        ping_free(p);
        return cmd_error(c, "%% Too many pings are running");
    }
    timer_start(&p->timer, 0);
    return CMD_PENDING;
}

static struct ping *ping_new(void)
{
    struct ping *p = calloc(1, sizeof *p);
    if (p) {
        p->count = 5;
        p->size = 100;
        p->timeout = 2 * NS_PER_S;
    }
    return p;
}

/* An address of ours, given as such or by its interface. */
static bool ping_source(struct cmd *c, const struct ifname *ifname, const struct addr *addr, struct addr *src)
{
    if (addr) {
        *src = *addr;
        if (net_is_local(c->router, addr))
            return true;
        cmd_error(c, "%% Invalid source address- IP address not on any of our up interfaces");
        return false;
    }
    struct netif *n = netif_find(c->router, ifname->text);
    *src = n && n->line_up ? netif_primary(n) : (struct addr){0};
    if (!addr_is_none(src))
        return true;
    cmd_error(c, "%% Invalid source interface - IP not enabled or interface is down");
    return false;
}

#define OPTION(o)                                                                                                      \
    do {                                                                                                               \
        if (a->has_##o##_repeat)                                                                                       \
            p->count = a->o##_repeat;                                                                                  \
        if (a->has_##o##_size)                                                                                         \
            p->size = a->o##_size;                                                                                     \
        if (a->has_##o##_timeout)                                                                                      \
            p->timeout = a->o##_timeout * NS_PER_S;                                                                    \
        p->df |= a->kw_##o##_df_bit;                                                                                   \
        if (a->kw_##o##_source) {                                                                                      \
            p->has_src = true;                                                                                         \
            ok = ok && ping_source(c, &a->o##_sif, a->has_##o##_sip ? &a->o##_sip : NULL, &p->src);                    \
        }                                                                                                              \
    } while (0)

int interface_ping(struct cmd *c, struct args_ping *a)
{
    struct ping *p = ping_new();
    bool ok = p != NULL;
    if (p) {
        OPTION(a);
        OPTION(b);
        OPTION(c);
        OPTION(d);
        OPTION(e);
    }
    if (!ok) {
        free(p);
        return CMD_ERROR;
    }
    return ping_start(c, p, a->host);
}

/* ---- `ping` alone asks ---- */

struct dialogue {
    struct ping *ping;
    char host[64];
    unsigned step;
};
struct question {
    const char *text;
    unsigned long low, high, def; /* numbers; high 0: text */
};
static const struct question questions[] = {{"Protocol [ip]: ", 0, 0, 0},
                                            {"Target IP address: ", 0, 0, 0},
                                            {"Repeat count [5]: ", 1, 2147483647, 5},
                                            {"Datagram size [100]: ", 36, 18024, 100},
                                            {"Timeout in seconds [2]: ", 0, 3600, 2},
                                            {"Extended commands [n]: ", 0, 0, 0},
                                            {"Sweep range of sizes [n]: ", 0, 0, 0}};

static int dialogue_end(struct dialogue *d, int rc)
{
    free(d->ping);
    free(d);
    return rc;
}

static int dialogue_answer(struct cmd *c, const char *text, void *arg)
{
    struct dialogue *d = arg;
    const struct question *q = &questions[d->step];
    char *end;
    if (!text)
        return dialogue_end(d, CMD_OK);
    unsigned long v = text[0] ? strtoul(text, &end, 10) : q->def;
    if (q->high && ((text[0] && *end) || v < q->low || v > q->high)) {
        out_text(c->out, "%% A decimal number between %lu and %lu.\n", q->low, q->high);
        return cmd_ask(c, q->text, true, dialogue_answer, d);
    }
    switch (d->step) {
    case 0:
        if (text[0] && strcmp(text, "ip"))
            return dialogue_end(d, cmd_error(c, "%% Unknown protocol - \"%s\", type \"ping ?\" for help", text));
        break;
    case 1:
        if (!text[0])
            return dialogue_end(d, cmd_error(c, "%% Bad IP address"));
        snprintf(d->host, sizeof d->host, "%s", text);
        break;
    case 2:
        d->ping->count = (uint32_t)v;
        break;
    case 3:
        d->ping->size = (uint32_t)v;
        break;
    case 4:
        d->ping->timeout = (nstime)v * NS_PER_S;
        break;
    default:
        break;
    }
    if (++d->step < sizeof questions / sizeof *questions)
        return cmd_ask(c, questions[d->step].text, true, dialogue_answer, d);
    struct ping *p = d->ping;
    d->ping = NULL;
    int rc = ping_start(c, p, d->host);
    return dialogue_end(d, rc);
}

int interface_ping_extended(struct cmd *c, struct args_ping_extended *a)
{
    (void)a;
    struct dialogue *d = calloc(1, sizeof *d);
    if (!d || !(d->ping = ping_new())) {
        free(d);
        return CMD_ERROR;
    }
    return cmd_ask(c, questions[0].text, true, dialogue_answer, d);
}
