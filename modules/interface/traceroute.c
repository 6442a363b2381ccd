/* traceroute: UDP probes with growing TTL to ports nobody listens at, and the ICMP errors they cause. Layout: ios-cli
 * 11.9. */
#include "ip_cmd.h"
#include "modules/net/hosts.h"
#include "modules/net/stack.h"
#include <stdlib.h>

enum { TRACE_PORT = 33434, TRACE_LEN = 8 };

struct trace {
    struct router *router;
    struct cmd_job *job;
    struct addr dst, src;
    uint32_t hop, last, probes, probe;
    nstime timeout, sent_at;
    uint16_t port, sport;
    struct addr shown; /* who answered last in this line */
    bool waiting, arrived;
    struct timer timer;
};

static void trace_heard(void *arg, const struct ip_rx *rx, uint8_t type, uint8_t code, uint32_t rest,
                        const uint8_t *body, size_t len);

static void trace_free(void *arg)
{
    struct trace *t = arg;
    timer_stop(&t->timer);
    icmp_unlisten(t->router, trace_heard, t);
    free(t);
}

/* One probe is decided: the next of this line, or the next line, or the end. */
static void trace_next(struct trace *t, const char *mark)
{
    struct out *o = cmd_job_out(t->job);
    t->waiting = false;
    out_text(o, "%s", mark);
    if (++t->probe == t->probes) {
        out_text(o, "\n");
        t->probe = 0;
        t->hop++;
        t->shown = (struct addr){0};
    }
    timer_start(&t->timer, NS_PER_MS);
}

static void trace_timer(void *arg)
{
    struct trace *t = arg;
    static const uint8_t data[TRACE_LEN];
    if (t->waiting) {
        trace_next(t, " * ");
        return;
    }
    if (t->probe == 0 && (t->arrived || t->hop > t->last)) {
        struct cmd_job *job = t->job;
        trace_free(t);
        cmd_job_finish(job, CMD_OK);
        return;
    }
    if (t->probe == 0)
        out_text(cmd_job_out(t->job), "%3u ", t->hop);
    struct udp_tx tx = {
        .ip = {.dst = t->dst, .src = t->src, .ttl = (uint8_t)t->hop}, .sport = t->sport, .dport = ++t->port};
    t->waiting = true;
    t->sent_at = loop_now_fresh(t->router->loop);
    timer_start(&t->timer, t->timeout);
    udp_send(t->router, &tx, data, sizeof data);
}

static void trace_heard(void *arg, const struct ip_rx *rx, uint8_t type, uint8_t code, uint32_t rest,
                        const uint8_t *body, size_t len)
{
    struct trace *t = arg;
    char buf[ADDR_STRLEN];
    size_t hlen = len >= IP_HLEN ? (body[0] & 15u) * 4u : 0;
    (void)rest;
    if (!t->waiting || (type != 3 && type != 11) || hlen < IP_HLEN || len < hlen + 8 || body[9] != IPPROTO_UDP_ ||
        be16(body + hlen) != t->sport || be16(body + hlen + 2) != t->port)
        return;
    struct out *o = cmd_job_out(t->job);
    if (!addr_equal(&t->shown, &rx->src))
        out_text(o, "%s ", addr_format(&rx->src, buf));
    t->shown = rx->src;
    out_text(o, "%lld msec", (long long)((loop_now_fresh(t->router->loop) - t->sent_at + NS_PER_MS / 2) / NS_PER_MS));
    if (type == 3)
        t->arrived = true;
    trace_next(t, type == 11 || code == 3 ? " "
                  : code == 0             ? " !N "
                  : code == 2             ? " !P "
                  : code == 13            ? " !A "
                                          : " !H ");
}

int interface_traceroute(struct cmd *c, struct args_traceroute *a)
{
    char buf[ADDR_STRLEN];
    struct addr dst, src = {0};
    if (!host_resolve(c->router, a->host, &dst))
        return cmd_error(c, "%% Unrecognized host or address.");
    if (a->has_sip)
        src = a->sip;
    else if (a->has_sif && netif_find(c->router, a->sif.text))
        src = netif_primary(netif_find(c->router, a->sif.text));
    if (a->kw_source && !net_is_local(c->router, &src))
        return cmd_error(c, "%% Invalid source address");
    struct trace *t = calloc(1, sizeof *t);
    if (!t)
        return CMD_ERROR;
    *t = (struct trace){.router = c->router,
                        .dst = dst,
                        .src = src,
                        .hop = a->has_first ? a->first : 1,
                        .last = a->has_last ? a->last : 30,
                        .probes = a->probes ? a->probes : 3,
                        .timeout = (a->timeout ? a->timeout : 3) * NS_PER_S,
                        .port = TRACE_PORT - 1,
                        .sport = (uint16_t)(49152 + rng_below(c->router, RNG_ICMP, 16384))};
    timer_init(&t->timer, c->router->loop, trace_timer, t);
    out_text(c->out,
             "Type escape sequence to abort.\nTracing the route to %s\n"
             "VRF info: (vrf in name/id, vrf out name/id)\n",
             addr_format(&dst, buf));
    t->job = icmp_listen(c->router, trace_heard, t) ? NULL : cmd_suspend(c, trace_free, t);
    if (!t->job) {
        trace_free(t);
        return cmd_error(c, "%% Too many traces are running");
    }
    timer_start(&t->timer, 0);
    return CMD_PENDING;
}
