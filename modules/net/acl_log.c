/* %SEC-6-IPACCESSLOG…: the first packet of a flow that hits a line with `log` is told at once, the rest of it every
 * five minutes (or after `ip access-list log-update threshold`), while there is any. Ten lines a second at most, and a
 * table with a cap: what is left out is counted and told as well. Called by acl_match.c. */
#include "modules/net/acl_int.h"
#include <stdio.h>
#include <stdlib.h>

enum { LOG_FLOWS_MAX = 2048, LOG_BUCKETS = 512, LOG_A_SECOND = 10 };
#define LOG_EVERY (300 * NS_PER_S)

struct log_key {
    char list[64], via[72]; /* via: " (Ethernet0/0 0000.0c07.ac01)" of log-input */
    uint32_t src, dst;
    uint16_t sport, dport; /* ICMP: type, code */
    uint8_t proto, permit, extended, unused;
};
struct log_flow {
    struct log_key key;
    uint32_t packets; /* since it was told */
    nstime due;
    struct log_flow *chain, *next; /* in its bucket; in order of due */
};
struct acl_log {
    struct router *r;
    struct log_flow *bucket[LOG_BUCKETS], *first, **last;
    unsigned n;
    uint32_t threshold, missed;
    struct timer due, missed_due;
};

/* ---- the table ---- */

static struct log_flow **place_of(struct acl_log *log, const struct log_key *k)
{
    const unsigned char *p = (const unsigned char *)k;
    uint32_t h = 2166136261u;
    for (size_t i = 0; i < sizeof *k; i++)
        h = (h ^ p[i]) * 16777619u;
    struct log_flow **pp = &log->bucket[h % LOG_BUCKETS];
    while (*pp && memcmp(&(*pp)->key, k, sizeof *k) != 0)
        pp = &(*pp)->chain;
    return pp;
}

static void enqueue(struct acl_log *log, struct log_flow *f)
{
    f->due = loop_now(log->r->loop) + LOG_EVERY;
    f->next = NULL;
    *log->last = f;
    log->last = &f->next;
    if (log->first == f)
        timer_start_at(&log->due, f->due);
}

static void told(struct acl_log *log, const struct log_key *k, uint32_t packets)
{
    char s[ADDR_STRLEN], d[ADDR_STRLEN];
    struct addr src = addr_v4(k->src), dst = addr_v4(k->dst);
    const char *did = k->permit ? "permitted" : "denied", *proto = acl_proto_name(k->proto),
               *es = packets > 1 ? "s" : "";
    struct router *r = log->r;
    addr_format(&src, s);
    addr_format(&dst, d);
    if (!k->extended)
        log_syslog(r, 0, "SEC", 6, "IPACCESSLOGS", "list %s %s %s %u packet%s", k->list, did, s, packets, es);
    else if (k->proto == 6 || k->proto == IPPROTO_UDP_)
        log_syslog(r, 0, "SEC", 6, "IPACCESSLOGP", "list %s %s %s %s(%u)%s -> %s(%u), %u packet%s", k->list, did, proto,
                   s, k->sport, k->via, d, k->dport, packets, es);
    else if (k->proto == IPPROTO_ICMP_)
        log_syslog(r, 0, "SEC", 6, "IPACCESSLOGDP", "list %s %s icmp %s%s -> %s (%u/%u), %u packet%s", k->list, did, s,
                   k->via, d, k->sport, k->dport, packets, es);
    else if (k->proto == 2 || k->proto == 88 || k->proto == 89 || k->proto == 103) /* IGMP and routing protocols */
        log_syslog(r, 0, "SEC", 6, "IPACCESSLOGRP", "list %s %s %s %s%s -> %s, %u packet%s", k->list, did, proto, s,
                   k->via, d, packets, es);
    else
        log_syslog(r, 0, "SEC", 6, "IPACCESSLOGNP", "list %s %s %u %s%s -> %s, %u packet%s", k->list, did, k->proto, s,
                   k->via, d, packets, es);
}

static void missed(struct acl_log *log)
{
    if (!log->missed++)
        timer_start(&log->missed_due, LOG_EVERY);
}

static void missed_due(void *arg)
{
    struct acl_log *log = arg;
    log_syslog(log->r, 0, "SEC", 6, "IPACCESSLOGRL", "access-list logging rate-limited or missed %u packet%s",
               log->missed, log->missed > 1 ? "s" : "");
    log->missed = 0;
}

/* The flows whose five minutes are over: those that had packets are told and stay, the others go. */
static void due(void *arg)
{
    struct acl_log *log = arg;
    nstime now = loop_now(log->r->loop);
    while (log->first && log->first->due <= now) {
        struct log_flow *f = log->first;
        log->first = f->next;
        if (!log->first)
            log->last = &log->first;
        if (f->packets) {
            told(log, &f->key, f->packets);
            f->packets = 0;
            enqueue(log, f);
            continue;
        }
        *place_of(log, &f->key) = f->chain;
        log->n--;
        free(f);
    }
    if (log->first)
        timer_start_at(&log->due, log->first->due);
}

static struct acl_log *log_of(struct router *r)
{
    struct acls *acls = net_of(r)->acls;
    struct acl_log *log = acls->log;
    if (!log && (log = acls->log = calloc(1, sizeof *log))) {
        log->r = r;
        log->last = &log->first;
        timer_init(&log->due, r->loop, due, log);
        timer_init(&log->missed_due, r->loop, missed_due, log);
    }
    return log;
}

void acl_log_fini(struct net *net)
{
    struct acl_log *log = net->acls->log;
    while (log && log->first) {
        struct log_flow *f = log->first;
        log->first = f->next;
        free(f);
    }
    if (log) {
        timer_stop(&log->due);
        timer_stop(&log->missed_due);
    }
    free(log);
    net->acls->log = NULL;
}

/* ---- a packet ---- */

static void via_text(char *buf, size_t size, const struct frame *f)
{
    const uint8_t *mac = f->data - ETHER_HLEN + 6;
    snprintf(buf, size, " (%s %02x%02x.%02x%02x.%02x%02x)", f->in->name, mac[0], mac[1], mac[2], mac[3], mac[4],
             mac[5]);
}

void acl_log_packet(struct router *r, const struct acl *a, const struct acl_line *l, const struct acl_flow *flow,
                    const struct frame *f)
{
    struct acl_log *log = log_of(r);
    struct log_key k;
    if (!log)
        return;
    memset(&k, 0, sizeof k); /* compared as bytes */
    snprintf(k.list, sizeof k.list, "%s", a->name);
    k.src = addr_v4_get(&flow->src);
    k.permit = l->rule.permit;
    k.extended = a->extended;
    if (a->extended) {
        bool icmp = flow->proto == IPPROTO_ICMP_;
        k.dst = addr_v4_get(&flow->dst);
        k.proto = flow->proto;
        k.sport = icmp ? flow->icmp_type : flow->sport;
        k.dport = icmp ? flow->icmp_code : flow->dport;
        if (l->log_input && f && f->in && !(f->flags & FRAME_DECRYPTED))
            via_text(k.via, sizeof k.via, f);
    }
    struct log_flow **pp = place_of(log, &k), *flow_of = *pp;
    if (flow_of) {
        if (++flow_of->packets != log->threshold)
            return;
        told(log, &k, flow_of->packets);
        flow_of->packets = 0;
        return;
    }
    if (log->n == LOG_FLOWS_MAX || !log_ratelimit(r, "acl-log", LOG_A_SECOND) ||
        !(flow_of = calloc(1, sizeof *flow_of))) {
        missed(log);
        return;
    }
    flow_of->key = k;
    *pp = flow_of;
    log->n++;
    enqueue(log, flow_of);
    told(log, &k, 1);
}

void acl_log_hit(struct router *r, const char *name, const struct acl_rule *rule, const struct acl_flow *flow)
{
    const struct acl_line *l = (const struct acl_line *)rule; /* rules are only handed out as parts of lines */
    const struct acl *a = l && l->log ? acl_find(r, name) : NULL;
    if (a)
        acl_log_packet(r, a, l, flow, NULL);
}

void acl_log_threshold(struct router *r, uint32_t packets)
{
    struct acl_log *log = log_of(r);
    if (log)
        log->threshold = packets;
}
