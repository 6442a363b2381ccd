/* The event log: one ordered record of what happened and why. Syslog, debug output, `show redundancy
 * history` and the failover timeline read it. Each event may name the event that caused it.
 * Debug text and syslog reach sessions and the logging buffer from here. */
#ifndef TAPIR_CORE_LOG_H
#define TAPIR_CORE_LOG_H
#include "modules/core/loop.h"
#include <stdbool.h>
#include <stdint.h>

struct router;
struct module;
struct eventlog;
typedef uint64_t event_id; /* 0: none */

enum event_kind { EVENT_PLAIN, EVENT_SYSLOG, EVENT_DEBUG };
enum { LOG_EMERG_, LOG_ALERT_, LOG_CRIT_, LOG_ERR_, LOG_WARNING_, LOG_NOTICE_, LOG_INFO_, LOG_DEBUG_ };

struct event {
    event_id id, cause;
    nstime at, wall; /* loop_now(), router_wall() */
    bool clock_set;  /* that clock was one that somebody had set */
    enum event_kind kind;
    uint8_t severity;  /* 0..7 */
    uint32_t seq;      /* service sequence-numbers: counts what is printed; 0 for EVENT_PLAIN */
    char facility[24]; /* HSRP, CRYPTO, RF_INTERDEV; the module's name for EVENT_PLAIN */
    char mnemonic[40]; /* STATECHANGE; "" for debug; a fixed word for EVENT_PLAIN ("rf-state") */
    char *text;        /* without prefix; may hold \n */
};

/* EVENT_PLAIN: machine-readable milestones (role changes, SA activation); never printed as syslog. */
event_id log_event(struct router *r, event_id cause, const char *module, const char *what, const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));
/* %FACILITY-SEVERITY-MNEMONIC: text */
event_id log_syslog(struct router *r, event_id cause, const char *facility, int severity, const char *mnemonic,
                    const char *fmt, ...) __attribute__((format(printf, 6, 7)));
/* Debug output. Cheap when off: guard with log_debug_on(). `bit` is a bit index in m->debug[]. */
bool log_debug_on(const struct router *r, const struct module *m, unsigned bit);
void log_debug(struct router *r, const struct module *m, unsigned bit, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
void log_debug_set(struct router *r, const struct module *m, unsigned bit, bool on);
void log_debug_all_off(struct router *r);

/* Readers. The callback borrows the event. Sessions, the logging buffer and the scenario report subscribe. */
typedef void (*log_reader)(void *arg, const struct event *e);
struct log_sub;
struct log_sub *log_subscribe(struct router *r, log_reader fn, void *arg);
void log_unsubscribe(struct router *r, struct log_sub *sub);
void log_foreach(struct router *r, log_reader fn, void *arg); /* what is kept: the last 4096 events */
/* "*Nov 23 22:05:01.123: %HSRP-5-STATECHANGE: …" by the router's service timestamps settings. Caller frees. */
char *log_render(struct router *r, const struct event *e);
/* A message that may flood: true at most `burst` times a second per (r, key); the rest is counted. */
bool log_ratelimit(struct router *r, const char *key, unsigned burst);
uint64_t log_ratelimited(const struct router *r); /* how many were kept back so far */

/* router.c */
struct eventlog *eventlog_new(void);
void eventlog_free(struct eventlog *log);
#endif
