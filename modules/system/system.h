/* State of the system module: hostname, service lines, the logging buffer, reload, CPU samples. Only the files of
 * this folder include it. */
#ifndef TAPIR_SYSTEM_H
#define TAPIR_SYSTEM_H
#include "modules/core/log.h"
#include "modules/core/out.h"
#include "modules/core/router.h"

extern const struct module system_module;

#define SYSTEM_VERSION "15.2(4)M11" /* the command language this router speaks */
#define SYSTEM_RELEASE "0.1"
#define SYSTEM_BUFFER_DEFAULT 65536

struct system_line {
    char *text;
    size_t len;
    struct system_line *next;
};
struct system {
    struct router *r;
    struct log_sub *sub;
    /* logging (system_log.c) */
    bool logging_off;   /* no logging on: all but the console */
    size_t buffer_size; /* bytes */
    struct system_line *lines, **lines_tail;
    size_t buffered; /* bytes in lines */
    uint64_t n_console, n_monitor, n_buffer, n_overruns;
    struct syslog *syslog; /* syslog_send.c */
    /* reload (system_reload.c) */
    struct timer reload_at;
    struct timer cpu_timer; /* samples the meter (system_cpu.c) */
};

struct system *system_of(struct router *r);
/* system_log.c */
void system_log_init(struct system *s);
void system_log_fini(struct system *s);
const char *system_severity_name(int severity);
/* syslog_send.c */
struct syslog *syslog_new(struct router *r); /* NULL: out of memory */
void syslog_free(struct syslog *s);
void syslog_show(struct router *r, struct out *o); /* its part of show logging */
/* system_reload.c */
void system_reload_fire(void *arg);
/* system_cpu.c */
void system_cpu_sample(void *arg);
#endif
