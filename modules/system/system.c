/* The router as a whole: module entry, hostname, service lines, debugging as a whole. The logging buffer is
 * system_log.c, reload is system_reload.c, the show commands are system_show.c. */
#include "modules/system/system.h"
#include "clock_cmd.h"
#include "modules/core/wall.h"
#include "modules/net/time_range.h"
#include "system_cmd.h"
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct system *system_of(struct router *r)
{
    return module_state(r, &system_module);
}

static int system_init(struct router *r, void **state)
{
    struct system *s = calloc(1, sizeof *s);
    if (!s)
        return ENOMEM;
    s->r = r;
    system_log_init(s);
    s->syslog = syslog_new(r);
    if (!s->syslog) {
        system_log_fini(s);
        free(s);
        return ENOMEM;
    }
    timer_init(&s->reload_at, r->loop, system_reload_fire, s);
    timer_init(&s->cpu_timer, r->loop, system_cpu_sample, s);
    if (!loop_is_sim(r->loop))
        system_cpu_sample(s);
    *state = s;
    return 0;
}

static void system_fini(struct router *r, void *state)
{
    struct system *s = state;
    (void)r;
    timer_stop(&s->reload_at);
    timer_stop(&s->cpu_timer);
    syslog_free(s->syslog);
    system_log_fini(s);
    free(s);
}

static void system_start(struct router *r, void *state)
{
    (void)state;
    log_syslog(r, 0, "SYS", 5, "RESTART",
               "System restarted --\nCisco IOS Software, Tapir Software (TAPIR-M), Version %s", SYSTEM_VERSION);
}

const struct module system_module = {
    .name = "system", .process = "Load Meter", .init = system_init, .fini = system_fini, .start = system_start};

/* Clients find the prompt by a pattern: a hostname outside it would hang them (front-ends 2.4). */
int system_cmd_hostname(struct cmd *c, struct args_hostname *a)
{
    struct router *r = c->router;
    if (c->op == CMD_UNSET) {
        snprintf(r->hostname, sizeof r->hostname, "Router");
        return CMD_OK;
    }
    for (const char *p = a->name; *p; p++)
        if (!isalnum((unsigned char)*p) && !strchr("-_.+:", *p))
            return cmd_error(c, "%% Hostname contains one or more illegal characters.");
    if (!isalnum((unsigned char)a->name[0]))
        return cmd_error(c, "%% Hostname must begin with a letter or a digit.");
    snprintf(r->hostname, sizeof r->hostname, "%s", a->name);
    return CMD_OK;
}

/* ---- service ---- */

int system_cmd_timestamps_debug(struct cmd *c, struct args_service_timestamps_debug *a)
{
    struct timestamps *t = &c->router->stamps;
    if (c->op == CMD_SET && !a->kw_uptime && !a->kw_datetime)
        a->kw_uptime = true; /* IOS shows the bare form so */
    t->debug_none = c->op == CMD_UNSET;
    t->debug_uptime = c->op == CMD_SET && a->kw_uptime;
    t->msec_debug = c->op == CMD_SET && a->kw_msec;
    t->local_debug = c->op == CMD_SET && a->kw_localtime;
    t->zone_debug = c->op == CMD_SET && a->kw_show_timezone;
    t->year_debug = c->op == CMD_SET && a->kw_year;
    return CMD_OK;
}

int system_cmd_timestamps_log(struct cmd *c, struct args_service_timestamps_log *a)
{
    struct timestamps *t = &c->router->stamps;
    if (c->op == CMD_SET && !a->kw_uptime && !a->kw_datetime)
        a->kw_uptime = true;
    t->log_none = c->op == CMD_UNSET;
    t->log_uptime = c->op == CMD_SET && a->kw_uptime;
    t->msec_log = c->op == CMD_SET && a->kw_msec;
    t->local_log = c->op == CMD_SET && a->kw_localtime;
    t->zone_log = c->op == CMD_SET && a->kw_show_timezone;
    t->year_log = c->op == CMD_SET && a->kw_year;
    return CMD_OK;
}

int system_cmd_sequence(struct cmd *c, struct args_service_sequence_numbers *a)
{
    (void)a;
    c->router->stamps.sequence = c->op == CMD_SET;
    return CMD_OK;
}

/* ios-cli 10.1: show clock, and time stamps with `localtime`. */
int system_cmd_clock_timezone(struct cmd *c, struct args_clock_timezone *a)
{
    struct timestamps *t = &c->router->stamps;
    if (c->op != CMD_SET) {
        t->zone[0] = 0;
        t->zone_minutes = 0;
        time_ranges_clock(c->router);
        return CMD_OK;
    }
    char *end;
    long hours = strtol(a->hours, &end, 10);
    if (*end || !*a->hours || hours < -23 || hours > 23)
        return cmd_error(c, "%% The offset from UTC is -23 to 23 hours");
    if (!a->has_minutes) { /* IOS shows both */
        a->has_minutes = true;
        a->minutes = 0;
    }
    snprintf(t->zone, sizeof t->zone, "%s", a->zone);
    t->zone_minutes = (int)(hours * 60 + (hours < 0 ? -(long)a->minutes : (long)a->minutes));
    time_ranges_clock(c->router);
    return CMD_OK;
}

/* The time typed is that of the router's zone. */
int system_cmd_clock_set(struct cmd *c, struct args_clock_set *a)
{
    struct router *r = c->router;
    const struct timestamps *t = &r->stamps;
    char was[WALL_STRLEN], is[WALL_STRLEN];
    nstime wall;
    int month = wall_month_of(a->has_month ? a->month : a->month2);
    if (!month)
        return cmd_error(c, "%% Invalid month \"%s\"", a->has_month ? a->month : a->month2);
    if (!wall_moment(a->time, month, a->has_day ? a->day : a->day2, a->year, &wall))
        return cmd_error(c, "%% Invalid time or date");
    if (t->zone[0])
        wall -= t->zone_minutes * 60 * NS_PER_S;
    wall_format_zone(router_wall(r), false, t->zone, t->zone_minutes, was);
    wall_format_zone(wall, false, t->zone, t->zone_minutes, is);
    router_set_clock(r, wall);
    time_ranges_clock(r);
    log_syslog(r, 0, "SYS", 6, "CLOCKUPDATE",
               "System clock has been updated from %s to %s, configured from console by %s.", was, is,
               c->line_name ? c->line_name : "console");
    return CMD_OK;
}

/* ---- debugging as a whole ---- */

static int debug_all_answer(struct cmd *c, const char *text, void *arg)
{
    (void)arg;
    if (!text || (text[0] | 0x20) != 'y')
        return CMD_OK;
    for (unsigned i = 0; i < tapir_modules_count; i++)
        for (unsigned bit = 0; tapir_modules[i] && bit < tapir_modules[i]->n_debug; bit++)
            log_debug_set(c->router, tapir_modules[i], bit, true);
    out_text(c->out, "All possible debugging has been turned on\n");
    return CMD_OK;
}

int system_cmd_debug_all(struct cmd *c, struct args_debug_all *a)
{
    (void)a;
    if (c->op == CMD_UNSET) {
        log_debug_all_off(c->router);
        out_text(c->out, "All possible debugging has been turned off\n");
        return CMD_OK;
    }
    return cmd_ask(c, "This may severely impact network performance. Continue? (yes/[no]): ", true, debug_all_answer,
                   NULL);
}

/* One block per subsystem, in the order of the modules (ios-cli 11.10). */
int system_cmd_show_debugging(struct cmd *c, struct args_show_debugging *a)
{
    struct router *r = c->router;
    bool first = true;
    const char *group = NULL;
    (void)a;
    out_array(c->out, NULL);
    for (unsigned i = 0; i < tapir_modules_count; i++) {
        const struct module *m = tapir_modules[i];
        for (unsigned bit = 0; m && bit < m->n_debug; bit++) {
            if (!log_debug_on(r, m, bit) || !m->debug[bit].on_text)
                continue;
            const char *note = m->debug_note ? m->debug_note(r, bit) : "";
            if (!note)
                continue;
            if (!group || strcmp(group, m->debug[bit].group)) {
                group = m->debug[bit].group;
                out_text(c->out, "%s%s:\n", first ? "" : "\n", group);
                first = false;
            }
            out_text(c->out, "  %s%s\n", m->debug[bit].on_text, note);
            out_object(c->out, NULL);
            out_str(c->out, "subsystem", group);
            out_fmt(c->out, "debugging", "%s%s", m->debug[bit].on_text, note);
            out_end(c->out);
        }
    }
    out_end(c->out);
    return CMD_OK;
}
