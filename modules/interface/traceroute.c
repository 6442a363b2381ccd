/* traceroute: UDP probes with growing TTL to ports nobody listens at, and the ICMP errors they cause; alone it asks.
 * Layout: ios-cli 11.9. */
#include "ip_cmd.h"
#include "modules/interface/dialogue.h"
#include "modules/interface/ping.h"
#include "modules/net/hosts.h"
#include "modules/net/stack.h"
#include <stdlib.h>
#include <string.h>

enum { TRACE_PORT = 33434, TRACE_LEN = 8 };

struct trace_params {
    struct addr src; /* ADDR_NONE: the way's own */
    uint32_t first, last, probes;
    nstime timeout;
    uint16_t port;
};
static const struct trace_params defaults = {
    .first = 1, .last = 30, .probes = 3, .timeout = 3 * NS_PER_S, .port = TRACE_PORT};

struct trace {
    struct router *router;
    struct cmd_job *job;
    struct addr dst;
    struct trace_params is;
    uint32_t hop, probe;
    nstime sent_at;
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
    if (++t->probe == t->is.probes) {
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
    if (t->probe == 0 && (t->arrived || t->hop > t->is.last)) {
        struct cmd_job *job = t->job;
        trace_free(t);
        cmd_job_finish(job, CMD_OK);
        return;
    }
    if (t->probe == 0)
        out_text(cmd_job_out(t->job), "%3u ", t->hop);
    struct udp_tx tx = {
        .ip = {.dst = t->dst, .src = t->is.src, .ttl = (uint8_t)t->hop}, .sport = t->sport, .dport = ++t->port};
    t->waiting = true;
    t->sent_at = loop_now_fresh(t->router->loop);
    timer_start(&t->timer, t->is.timeout);
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

static int trace_run(struct cmd *c, const struct trace_params *is, const char *host)
{
    char buf[ADDR_STRLEN];
    struct addr dst;
    if (!host_resolve(c->router, host, &dst))
        return cmd_error(c, "%% Unrecognized host or address.");
    if (is->last < is->first)
        return cmd_error(c, "%% Maximum ttl is below minimum ttl");
    struct trace *t = calloc(1, sizeof *t);
    if (!t)
        return cmd_error(c, "%% Out of memory");
    *t = (struct trace){.router = c->router,
                        .dst = dst,
                        .is = *is,
                        .hop = is->first,
                        .port = (uint16_t)(is->port - 1),
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

#define OPTION(o)                                                                                                      \
    do {                                                                                                               \
        if (a->has_##o##_port)                                                                                         \
            p.port = (uint16_t)a->o##_port;                                                                            \
        if (a->has_##o##_probes)                                                                                       \
            p.probes = a->o##_probes;                                                                                  \
        if (a->has_##o##_seconds)                                                                                      \
            p.timeout = a->o##_seconds * NS_PER_S;                                                                     \
        if (a->kw_##o##_ttl)                                                                                           \
            p.first = a->o##_first, p.last = a->o##_last;                                                              \
        if (a->kw_##o##_source && !ping_source(c, &a->o##_sif, a->has_##o##_sip ? &a->o##_sip : NULL, &p.src))         \
            return CMD_ERROR;                                                                                          \
    } while (0)

/* numeric: names are not looked up for addresses here, so that is how hops are shown anyway. */
int interface_traceroute(struct cmd *c, struct args_traceroute *a)
{
    struct trace_params p = defaults;
    OPTION(a);
    OPTION(b);
    OPTION(c);
    OPTION(d);
    OPTION(e);
    OPTION(f);
    return trace_run(c, &p, a->host);
}

/* ---- `traceroute` alone asks ---- */

static const char *judge_protocol(const char *text)
{
    return strcmp(text, "ip") ? "% Unknown protocol, type \"traceroute ?\" for help" : NULL;
}

enum { Q_PROTOCOL, Q_TARGET, Q_SOURCE, Q_NUMERIC, Q_TIMEOUT, Q_PROBES, Q_MIN, Q_MAX, Q_PORT, Q_OPTION, QUESTIONS };
static const struct question questions[QUESTIONS] = {
    [Q_PROTOCOL] = {"Protocol [ip]: ", ASK_TEXT, 0, 0, "ip", 0, judge_protocol},
    [Q_TARGET] = {"Target IP address: ", ASK_TEXT, 0, 0, "", 0, dialogue_judge_target},
    [Q_SOURCE] = {"Source address: ", ASK_TEXT, 0, 0, "", 0, NULL},
    [Q_NUMERIC] = {"Numeric display [n]: ", ASK_YES, 0, 0, "n", 0, NULL},
    [Q_TIMEOUT] = {"Timeout in seconds [3]: ", ASK_NUMBER, 1, 3600, "3", 0, NULL},
    [Q_PROBES] = {"Probe count [3]: ", ASK_NUMBER, 1, 65535, "3", 0, NULL},
    [Q_MIN] = {"Minimum Time to Live [1]: ", ASK_NUMBER, 1, 255, "1", 0, NULL},
    [Q_MAX] = {"Maximum Time to Live [30]: ", ASK_NUMBER, 1, 255, "30", 0, NULL},
    [Q_PORT] = {"Port Number [33434]: ", ASK_NUMBER, 1, 65535, "33434", 0, NULL},
    [Q_OPTION] = {"Loose, Strict, Record, Timestamp, Verbose[none]: ", ASK_TEXT, 0, 0, "none", 0,
                  dialogue_judge_option}};

static int asked(struct cmd *c, const struct answers *a)
{
    struct trace_params p = {.first = (uint32_t)answer_number(a, Q_MIN),
                             .last = (uint32_t)answer_number(a, Q_MAX),
                             .probes = (uint32_t)answer_number(a, Q_PROBES),
                             .timeout = (nstime)answer_number(a, Q_TIMEOUT) * NS_PER_S,
                             .port = (uint16_t)answer_number(a, Q_PORT)};
    if (a->text[Q_SOURCE][0] && !ping_source_read(c, a->text[Q_SOURCE], &p.src))
        return CMD_ERROR;
    return trace_run(c, &p, a->text[Q_TARGET]);
}

int interface_traceroute_extended(struct cmd *c, struct args_traceroute_extended *a)
{
    (void)a;
    return dialogue_ask(c, questions, QUESTIONS, asked);
}
