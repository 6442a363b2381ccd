/* ping: echo requests one after the other, a mark for each as it is decided, the summary. Runs beside everything else
 * until the last is decided or the session aborts it. Layout: ios-cli 11.9. Called by ping_cmd.c. */
#include "modules/interface/ping.h"
#include "modules/net/hosts.h"
#include "modules/net/stack.h"
#include <stdlib.h>

enum { MARKS_PER_LINE = 70 };

struct ping {
    struct router *router;
    struct cmd_job *job;
    struct addr dst;
    struct ping_params is;
    uint32_t count, sizes; /* requests in all; sizes of a sweep */
    uint16_t id, seq;
    uint32_t sent, received, marks;
    nstime sent_at, last, min, max, sum;
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
    if (p->marks % MARKS_PER_LINE && !p->is.verbose)
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

/* IOS's pattern unless another was asked for. */
static uint8_t data_byte(const struct ping *p, uint32_t at)
{
    return (uint8_t)(at & 1 ? p->is.pattern : p->is.pattern >> 8);
}

static int ping_send(struct ping *p)
{
    struct loop *loop = p->router->loop;
    uint32_t size = p->is.size + p->marks % p->sizes * p->is.sweep_step, len = size - IP_HLEN;
    struct frame *f = size <= FRAME_SLOT - FRAME_HEADROOM ? frame_alloc(loop) : frame_alloc_big(loop);
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
        d[i] = data_byte(p, i);
    put16(d + 2, ip_checksum(d, len));
    struct ip_tx tx = {.dst = p->dst, .proto = IPPROTO_ICMP_, .df = p->is.df, .tos = p->is.tos};
    if (p->is.has_src)
        tx.src = p->is.src;
    p->sent++;
    p->sent_at = loop_now_fresh(loop);
    p->waiting = true;
    timer_start(&p->timer, p->is.timeout);
    net_of(p->router)->stats.icmp_echo_out++;
    net_of(p->router)->stats.icmp_out++;
    return ip_send(p->router, &tx, f);
}

/* The last request is decided. The next leaves a moment later: never from within the receive path, and simulated time
 * goes on. */
static void ping_mark(struct ping *p, char mark, nstime pause)
{
    p->waiting = false;
    struct out *o = cmd_job_out(p->job);
    uint32_t request = p->marks++;
    if (!p->is.verbose)
        out_text(o, "%c%s", mark, p->marks % MARKS_PER_LINE ? "" : "\n");
    else if (mark == '!')
        out_text(o, "Reply to request %u (%lld ms)\n", request, whole_ms(p->last));
    else if (mark == '.')
        out_text(o, "Request %u timed out\n", request);
    else
        out_text(o, "Request %u: %s\n", request,
                 mark == 'U'   ? "destination unreachable"
                 : mark == 'A' ? "administratively prohibited"
                 : mark == 'M' ? "could not fragment"
                 : mark == '&' ? "time to live exceeded"
                 : mark == 'Q' ? "source quench"
                               : "bad data or packet type");
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
        ping_mark(p, 'M', p->is.timeout);
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

static bool data_is_ours(const struct ping *p, const uint8_t *body, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (body[i] != data_byte(p, (uint32_t)i))
            return false;
    return true;
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
        nstime rtt = p->last = loop_now_fresh(p->router->loop) - p->sent_at;
        if (p->is.validate && !data_is_ours(p, body, len)) {
            ping_mark(p, '?', NS_PER_MS);
            return;
        }
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

static void announce(struct out *o, const struct ping *p)
{
    char buf[ADDR_STRLEN];
    const struct ping_params *is = &p->is;
    out_text(o, "Type escape sequence to abort.\nSending %u, ", p->count);
    if (p->sizes > 1)
        out_text(o, "[%u..%u]", is->size, is->sweep_max);
    else
        out_text(o, "%u", is->size);
    out_text(o, "-byte ICMP Echos to %s, timeout is %lld seconds:\n", addr_format(&p->dst, buf),
             (long long)(is->timeout / NS_PER_S));
    if (is->has_src)
        out_text(o, "Packet sent with a source address of %s \n", addr_format(&is->src, buf));
    if (is->df)
        out_text(o, "Packet sent with the DF bit set\n");
    if (is->validate)
        out_text(o, "Reply data will be validated\n");
    if (is->pattern != PING_PATTERN)
        out_text(o, "Packet has data pattern 0x%04X\n", is->pattern);
}

int ping_run(struct cmd *c, const struct ping_params *is, const char *host)
{
    struct ping *p = calloc(1, sizeof *p);
    if (!p)
        return cmd_error(c, "%% Out of memory");
    if (!host_resolve(c->router, host, &p->dst)) {
        free(p);
        return cmd_error(c, "%% Unrecognized host or address, or protocol not running.");
    }
    p->is = *is;
    p->sizes = is->sweep_step ? (is->sweep_max - is->size) / is->sweep_step + 1 : 1;
    p->count = is->count > UINT32_MAX / p->sizes ? UINT32_MAX : is->count * p->sizes;
    p->router = c->router;
    p->id = (uint16_t)rng_u32(c->router, RNG_ICMP);
    announce(c->out, p);
    timer_init(&p->timer, c->router->loop, ping_timer, p);
    p->job = icmp_listen(c->router, ping_heard, p) ? NULL : cmd_suspend(c, ping_abort, p);
    if (!p->job) {
        ping_free(p);
        return cmd_error(c, "%% Too many pings are running");
    }
    timer_start(&p->timer, 0);
    return CMD_PENDING;
}
