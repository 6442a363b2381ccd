/* Log lines to syslog hosts: `logging host` and what goes with it (RFC 3164 over UDP, as IOS sends it: priority, a
 * running number, the line). Lines wait for the end of the event they come from. Called by system.c and the tables. */
#include "logging_cmd.h"
#include "modules/net/ip.h"
#include "modules/net/netif.h"
#include "modules/system/system.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HOSTS_MAX = 16, WAITING_MAX = 256, LINE_MAX_ = 1024, PORT = 514, LOCAL7 = 23 };

struct waiting {
    char *text;
    uint8_t severity;
};
struct syslog {
    struct router *r;
    struct log_sub *sub;
    struct timer flush;
    struct {
        struct addr addr;
        uint16_t port;
    } host[HOSTS_MAX];
    unsigned n_hosts;
    struct waiting line[WAITING_MAX];
    unsigned n_lines;
    int trap; /* highest severity that is sent; -1: none */
    unsigned facility;
    bool has_facility;
    char source[40];
    enum { ORIGIN_NONE, ORIGIN_NAME, ORIGIN_IP, ORIGIN_STRING } origin;
    char origin_text[128];
    uint64_t sent, count;
};

static struct syslog *syslog_of(struct router *r)
{
    return system_of(r)->syslog;
}

static void send_lines(void *arg)
{
    struct syslog *s = arg;
    struct netif *from = s->source[0] ? netif_find(s->r, s->source) : NULL;
    struct addr src = {0};
    if (from)
        src = netif_primary(from);
    for (unsigned i = 0; i < s->n_lines; i++) {
        char packet[LINE_MAX_], ip[ADDR_STRLEN] = "0.0.0.0";
        const char *origin = "";
        if (s->origin == ORIGIN_NAME)
            origin = s->r->hostname;
        else if (s->origin == ORIGIN_STRING)
            origin = s->origin_text;
        else if (s->origin == ORIGIN_IP)
            origin = addr_format(&src, ip);
        unsigned pri = (s->has_facility ? s->facility : LOCAL7) * 8 + s->line[i].severity;
        int n = snprintf(packet, sizeof packet, "<%u>%llu: %s%s%s", pri, (unsigned long long)++s->count, origin,
                         *origin ? ": " : "", s->line[i].text);
        size_t len = n < 0 ? 0 : (size_t)n < sizeof packet ? (size_t)n : sizeof packet - 1;
        for (unsigned h = 0; h < s->n_hosts; h++) {
            struct udp_tx tx = {.ip = {.dst = s->host[h].addr, .src = src}, .sport = PORT, .dport = s->host[h].port};
            s->sent += udp_send(s->r, &tx, packet, len) == 0;
        }
        free(s->line[i].text);
    }
    s->n_lines = 0;
}

static void on_event(void *arg, const struct event *e)
{
    struct syslog *s = arg;
    if (!s->n_hosts || e->kind == EVENT_PLAIN || (int)e->severity > s->trap || s->n_lines == WAITING_MAX ||
        system_of(s->r)->logging_off)
        return;
    char *text = log_render(s->r, e);
    if (!text)
        return;
    s->line[s->n_lines++] = (struct waiting){text, e->severity};
    if (s->n_lines == 1)
        timer_start(&s->flush, 0);
}

struct syslog *syslog_new(struct router *r)
{
    struct syslog *s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    s->r = r;
    s->trap = LOG_INFO_;
    timer_init(&s->flush, r->loop, send_lines, s);
    s->sub = log_subscribe(r, on_event, s);
    return s;
}

void syslog_free(struct syslog *s)
{
    if (!s)
        return;
    log_unsubscribe(s->r, s->sub);
    timer_stop(&s->flush);
    for (unsigned i = 0; i < s->n_lines; i++)
        free(s->line[i].text);
    free(s);
}

void syslog_show(struct router *r, struct out *o)
{
    const struct syslog *s = syslog_of(r);
    char ip[ADDR_STRLEN];
    if (s->trap < 0)
        out_text(o, "    Trap logging: disabled\n");
    else
        out_text(o, "    Trap logging: level %s, %llu message lines logged\n", system_severity_name(s->trap),
                 (unsigned long long)s->count);
    out_array(o, "hosts");
    for (unsigned i = 0; i < s->n_hosts; i++) {
        out_text(o,
                 "        Logging to %s  (udp port %u, audit disabled,\n              link up),\n"
                 "              %llu message lines logged, \n              0 message lines rate-limited, \n"
                 "              0 message lines dropped-by-MD, \n              xml disabled, sequence number disabled\n"
                 "              filtering disabled\n",
                 addr_format(&s->host[i].addr, ip), s->host[i].port, (unsigned long long)s->count);
        out_object(o, NULL);
        out_addr(o, "address", &s->host[i].addr);
        out_int(o, "port", s->host[i].port);
        out_end(o);
    }
    out_end(o);
    out_text(o, "        Logging Source-Interface:       VRF Name:\n");
    if (s->source[0])
        out_text(o, "        %-32s\n", s->source);
}

int system_cmd_logging_host(struct cmd *c, struct args_logging_host *a)
{
    struct syslog *s = syslog_of(c->router);
    unsigned i = 0;
    char ip[ADDR_STRLEN];
    a->kw_by_name = true; /* IOS 15 shows the word, typed or not */
    while (i < s->n_hosts && !addr_equal(&s->host[i].addr, &a->host))
        i++;
    if (c->op == CMD_SET && a->kw_by_tcp && !c->booting)
        cmd_note(c, "Messages go out by UDP only: nothing is sent to this host");
    if (c->op == CMD_UNSET || a->kw_by_tcp) {
        if (i == s->n_hosts)
            return CMD_OK;
        memmove(&s->host[i], &s->host[i + 1], (s->n_hosts - i - 1) * sizeof *s->host);
        s->n_hosts--;
        return CMD_OK;
    }
    if (i == HOSTS_MAX)
        return cmd_error(c, "%% Too many syslog hosts (%d)", HOSTS_MAX);
    bool is_new = i == s->n_hosts;
    s->n_hosts += is_new;
    s->host[i].addr = a->host;
    s->host[i].port = a->has_port ? (uint16_t)a->port : PORT;
    if (a->kw_by_udp && s->host[i].port == PORT) /* the default is not shown */
        a->kw_by_udp = a->kw_transport = false;
    if (is_new && !c->booting)
        log_syslog(c->router, 0, "SYS", 6, "LOGGINGHOST_STARTSTOP",
                   "Logging to host %s port %u started - CLI initiated", addr_format(&a->host, ip), s->host[i].port);
    return CMD_OK;
}

int system_cmd_logging_trap(struct cmd *c, struct args_logging_trap *a)
{
    int level = c->op == CMD_UNSET ? -1 : LOG_INFO_;
    bool *const word[] = {&a->kw_sev_emergencies,   &a->kw_sev_alerts,   &a->kw_sev_critical,
                          &a->kw_sev_errors,        &a->kw_sev_warnings, &a->kw_sev_notifications,
                          &a->kw_sev_informational, &a->kw_sev_debugging};
    if (c->op != CMD_UNSET) {
        if (a->has_sev_level)
            *word[a->sev_level & 7] = true;
        a->has_sev_level = false;
        for (int i = 0; i < 8; i++)
            if (*word[i])
                level = i;
        *word[level] = true;
    }
    syslog_of(c->router)->trap = level;
    return CMD_OK;
}

int system_cmd_logging_facility(struct cmd *c, struct args_logging_facility *a)
{
    struct syslog *s = syslog_of(c->router);
    const struct {
        bool on;
        unsigned code;
    } words[] = {{a->kw_kern, 0},    {a->kw_user, 1},    {a->kw_mail, 2},    {a->kw_daemon, 3},  {a->kw_auth, 4},
                 {a->kw_syslog, 5},  {a->kw_lpr, 6},     {a->kw_news, 7},    {a->kw_uucp, 8},    {a->kw_sys9, 9},
                 {a->kw_sys10, 10},  {a->kw_sys11, 11},  {a->kw_sys12, 12},  {a->kw_sys13, 13},  {a->kw_sys14, 14},
                 {a->kw_cron, 15},   {a->kw_local0, 16}, {a->kw_local1, 17}, {a->kw_local2, 18}, {a->kw_local3, 19},
                 {a->kw_local4, 20}, {a->kw_local5, 21}, {a->kw_local6, 22}, {a->kw_local7, 23}};
    s->has_facility = false;
    for (unsigned i = 0; c->op == CMD_SET && i < sizeof words / sizeof *words; i++)
        if (words[i].on) {
            s->facility = words[i].code;
            s->has_facility = true;
        }
    return CMD_OK;
}

int system_cmd_logging_source(struct cmd *c, struct args_logging_source_interface *a)
{
    struct syslog *s = syslog_of(c->router);
    s->source[0] = 0;
    if (c->op == CMD_SET)
        snprintf(s->source, sizeof s->source, "%s", a->interface.text);
    return CMD_OK;
}

int system_cmd_logging_origin(struct cmd *c, struct args_logging_origin_id *a)
{
    struct syslog *s = syslog_of(c->router);
    s->origin = c->op != CMD_SET ? ORIGIN_NONE : a->kw_hostname ? ORIGIN_NAME : a->kw_by_ip ? ORIGIN_IP : ORIGIN_NONE;
    if (c->op == CMD_SET && a->kw_string) {
        s->origin = ORIGIN_STRING;
        snprintf(s->origin_text, sizeof s->origin_text, "%s", a->id);
    }
    return CMD_OK;
}
