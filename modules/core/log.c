/* The event log: a ring of what happened and why, and the readers that follow it (sessions, the logging buffer,
 * the failover report). Called by every module; formatting of lines by the router's timestamp settings is here too. */
#include "modules/core/log.h"
#include "modules/core/out.h"
#include "modules/core/router.h"
#include "modules/core/wall.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOG_RING 4096
#define LOG_TEXT_MAX 4000 /* longer texts are cut: nothing received may fill memory through the log */
#define LOG_KEYS 64

struct log_sub {
    log_reader fn; /* NULL: unsubscribed while the log was calling */
    void *arg;
    struct log_sub *next;
};
struct log_limit {
    char key[48];
    nstime since;
    unsigned used;
};
struct eventlog {
    struct event ring[LOG_RING];
    event_id last; /* id of the newest; ids start at 1 */
    uint32_t seq;
    struct log_sub *subs;
    unsigned calling;
    bool swept;
    struct log_limit limits[LOG_KEYS];
    unsigned n_limits;
    uint64_t limited;
};

struct eventlog *eventlog_new(void)
{
    return calloc(1, sizeof(struct eventlog));
}

void eventlog_free(struct eventlog *log)
{
    if (!log)
        return;
    for (unsigned i = 0; i < LOG_RING; i++)
        free(log->ring[i].text);
    while (log->subs) {
        struct log_sub *s = log->subs;
        log->subs = s->next;
        free(s);
    }
    free(log);
}

static void log_sweep(struct eventlog *log)
{
    struct log_sub **pp = &log->subs;
    while (*pp) {
        struct log_sub *s = *pp;
        if (s->fn) {
            pp = &s->next;
        } else {
            *pp = s->next;
            free(s);
        }
    }
    log->swept = false;
}

static event_id log_add(struct router *r, struct event *proto, const char *fmt, va_list ap)
{
    struct eventlog *log = r->log;
    struct strbuf b = {0};
    strbuf_vadd(&b, fmt, ap);
    if (b.len > LOG_TEXT_MAX)
        b.s[LOG_TEXT_MAX] = '\0';
    struct event *e = &log->ring[++log->last % LOG_RING];
    free(e->text);
    *e = *proto;
    e->id = log->last;
    e->at = loop_now(r->loop);
    e->wall = router_wall(r);
    e->clock_set = r->clock_set;
    e->text = b.s ? b.s : calloc(1, 1);
    if (e->kind != EVENT_PLAIN)
        e->seq = ++log->seq;
    /* What a reader does may push this slot out of the ring: then the rest misses it. */
    event_id id = e->id;
    log->calling++;
    for (struct log_sub *s = log->subs; s && e->id == id; s = s->next)
        if (s->fn)
            s->fn(s->arg, e);
    if (--log->calling == 0 && log->swept)
        log_sweep(log);
    return id;
}

event_id log_event(struct router *r, event_id cause, const char *module, const char *what, const char *fmt, ...)
{
    struct event e = {.cause = cause, .kind = EVENT_PLAIN, .severity = LOG_DEBUG_};
    snprintf(e.facility, sizeof e.facility, "%s", module);
    snprintf(e.mnemonic, sizeof e.mnemonic, "%s", what);
    va_list ap;
    va_start(ap, fmt);
    event_id id = log_add(r, &e, fmt, ap);
    va_end(ap);
    return id;
}

event_id log_syslog(struct router *r, event_id cause, const char *facility, int severity, const char *mnemonic,
                    const char *fmt, ...)
{
    struct event e = {.cause = cause, .kind = EVENT_SYSLOG, .severity = (uint8_t)severity};
    snprintf(e.facility, sizeof e.facility, "%s", facility);
    snprintf(e.mnemonic, sizeof e.mnemonic, "%s", mnemonic);
    va_list ap;
    va_start(ap, fmt);
    event_id id = log_add(r, &e, fmt, ap);
    va_end(ap);
    return id;
}

static int module_index(const struct module *m)
{
    for (unsigned i = 0; i < tapir_modules_count; i++)
        if (tapir_modules[i] == m)
            return (int)i;
    return -1;
}

bool log_debug_on(const struct router *r, const struct module *m, unsigned bit)
{
    if (!r->debug_any)
        return false;
    int i = module_index(m);
    return i >= 0 && bit < 64 && (r->debug_bits[i] >> bit & 1);
}

void log_debug(struct router *r, const struct module *m, unsigned bit, const char *fmt, ...)
{
    if (!log_debug_on(r, m, bit))
        return;
    struct event e = {.kind = EVENT_DEBUG, .severity = LOG_DEBUG_};
    snprintf(e.facility, sizeof e.facility, "%s", m->name);
    va_list ap;
    va_start(ap, fmt);
    log_add(r, &e, fmt, ap);
    va_end(ap);
}

void log_debug_set(struct router *r, const struct module *m, unsigned bit, bool on)
{
    int index = module_index(m);
    if (index < 0 || bit >= 64)
        return;
    if (on)
        r->debug_bits[index] |= UINT64_C(1) << bit;
    else
        r->debug_bits[index] &= ~(UINT64_C(1) << bit);
    r->debug_any = false;
    for (unsigned i = 0; i < tapir_modules_count; i++)
        r->debug_any |= r->debug_bits[i] != 0;
}

void log_debug_all_off(struct router *r)
{
    memset(r->debug_bits, 0, tapir_modules_count * sizeof *r->debug_bits);
    r->debug_any = false;
}

struct log_sub *log_subscribe(struct router *r, log_reader fn, void *arg)
{
    struct log_sub *s = calloc(1, sizeof *s), **pp = &r->log->subs;
    if (!s)
        return NULL;
    s->fn = fn;
    s->arg = arg;
    while (*pp)
        pp = &(*pp)->next;
    *pp = s;
    return s;
}

void log_unsubscribe(struct router *r, struct log_sub *sub)
{
    if (!sub)
        return;
    sub->fn = NULL;
    r->log->swept = true;
    if (!r->log->calling)
        log_sweep(r->log);
}

void log_foreach(struct router *r, log_reader fn, void *arg)
{
    struct eventlog *log = r->log;
    event_id last = log->last;
    for (event_id id = last > LOG_RING ? last - LOG_RING + 1 : 1; id <= last; id++) {
        const struct event *e = &log->ring[id % LOG_RING];
        if (e->id == id)
            fn(arg, e);
    }
}

/* ios-cli 10.1 */
char *log_render(struct router *r, const struct event *e)
{
    const struct timestamps *st = &r->stamps;
    bool debug = e->kind == EVENT_DEBUG;
    struct strbuf b = {0};
    if (st->sequence && e->seq)
        strbuf_add(&b, "%06u: ", (unsigned)e->seq);
    if (debug ? st->debug_none : st->log_none) {
        ;
    } else if (debug ? st->debug_uptime : st->log_uptime) {
        char up[DURATION_STRLEN];
        strbuf_add(&b, "%s: ", duration_format(e->at - r->boot_time, up));
    } else {
        bool local = (debug ? st->local_debug : st->local_log) && st->zone[0];
        struct civil c = wall_civil(e->wall + (local ? st->zone_minutes * 60 * NS_PER_S : 0));
        strbuf_add(&b, "%s%s %2d ", e->clock_set ? "" : "*", wall_month(c.month), c.day);
        if (debug ? st->year_debug : st->year_log)
            strbuf_add(&b, "%d ", c.year);
        strbuf_add(&b, "%02d:%02d:%02d", c.hour, c.minute, c.second);
        if (debug ? st->msec_debug : st->msec_log)
            strbuf_add(&b, ".%03d", c.msec);
        if (debug ? st->zone_debug : st->zone_log)
            strbuf_add(&b, " %s", local ? st->zone : "UTC");
        strbuf_add(&b, ": ");
    }
    if (e->kind == EVENT_SYSLOG)
        strbuf_add(&b, "%%%s-%u-%s: ", e->facility, e->severity, e->mnemonic);
    else if (e->kind == EVENT_PLAIN)
        strbuf_add(&b, "%s %s: ", e->facility, e->mnemonic);
    strbuf_add(&b, "%s", e->text ? e->text : "");
    return b.s ? b.s : calloc(1, 1);
}

bool log_ratelimit(struct router *r, const char *key, unsigned burst)
{
    struct eventlog *log = r->log;
    nstime now = loop_now(r->loop);
    struct log_limit *l = NULL, *oldest = NULL;
    for (unsigned i = 0; i < log->n_limits && !l; i++) {
        if (!strncmp(log->limits[i].key, key, sizeof log->limits[i].key - 1))
            l = &log->limits[i];
        else if (!oldest || log->limits[i].since < oldest->since)
            oldest = &log->limits[i];
    }
    if (!l) {
        l = log->n_limits < LOG_KEYS ? &log->limits[log->n_limits++] : oldest;
        snprintf(l->key, sizeof l->key, "%s", key);
        l->since = now;
        l->used = 0;
    }
    if (now - l->since >= NS_PER_S) {
        l->since = now;
        l->used = 0;
    }
    if (l->used < burst) {
        l->used++;
        return true;
    }
    log->limited++;
    return false;
}

uint64_t log_ratelimited(const struct router *r)
{
    return r->log->limited;
}
