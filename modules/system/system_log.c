/* Where log lines go: the `logging` commands and the buffer behind show logging. A line is rendered when it happens,
 * as IOS does, so that a later change of the time stamps leaves it alone. Sessions follow the log by themselves. */
#include "modules/system/system.h"
#include "system_cmd.h"
#include <stdlib.h>
#include <string.h>

static void buffer_trim(struct system *s, size_t room)
{
    while (s->lines && s->buffered > room) {
        struct system_line *l = s->lines;
        s->lines = l->next;
        if (!s->lines)
            s->lines_tail = &s->lines;
        s->buffered -= l->len + 1;
        free(l->text);
        free(l);
    }
}

static void on_event(void *arg, const struct event *e)
{
    struct system *s = arg;
    const struct log_levels *level = &s->r->levels;
    if (e->kind == EVENT_PLAIN)
        return;
    s->n_console += (int)e->severity <= level->console;
    s->n_monitor += !s->logging_off && (int)e->severity <= level->monitor;
    if (s->logging_off || (int)e->severity > level->buffer)
        return;
    struct system_line *l = calloc(1, sizeof *l);
    char *text = l ? log_render(s->r, e) : NULL;
    if (!text) {
        free(l);
        return;
    }
    l->text = text;
    l->len = strlen(text);
    s->n_buffer++;
    buffer_trim(s, l->len + 1 < s->buffer_size ? s->buffer_size - l->len - 1 : 0);
    *s->lines_tail = l;
    s->lines_tail = &l->next;
    s->buffered += l->len + 1;
}

void system_log_init(struct system *s)
{
    s->lines_tail = &s->lines;
    s->buffer_size = SYSTEM_BUFFER_DEFAULT;
    s->sub = log_subscribe(s->r, on_event, s);
}

void system_log_fini(struct system *s)
{
    log_unsubscribe(s->r, s->sub);
    buffer_trim(s, 0);
}

static const char *const severity_names[] = {"emergencies", "alerts",        "critical",      "errors",
                                             "warnings",    "notifications", "informational", "debugging"};

const char *system_severity_name(int severity)
{
    return severity_names[severity & 7];
}

/* The level that was typed, as number or word; stored and shown as the word (ios-cli 10.1). */
#define SEVERITY_READ(a, level)                                                                                        \
    do {                                                                                                               \
        bool *word[] = {&(a)->kw_sev_emergencies,   &(a)->kw_sev_alerts,   &(a)->kw_sev_critical,                      \
                        &(a)->kw_sev_errors,        &(a)->kw_sev_warnings, &(a)->kw_sev_notifications,                 \
                        &(a)->kw_sev_informational, &(a)->kw_sev_debugging};                                           \
        (level) = 7;                                                                                                   \
        if ((a)->has_sev_level)                                                                                        \
            *word[(a)->sev_level & 7] = true;                                                                          \
        (a)->has_sev_level = false;                                                                                    \
        for (int i_ = 7; i_ >= 0; i_--)                                                                                \
            if (*word[i_])                                                                                             \
                (level) = i_;                                                                                          \
        if ((level) == 7)                                                                                              \
            (a)->kw_sev_debugging = false; /* the default is not shown */                                              \
    } while (0)

int system_cmd_logging_on(struct cmd *c, struct args_logging_on *a)
{
    (void)a;
    struct system *s = system_of(c->router);
    s->logging_off = c->op == CMD_UNSET;
    return CMD_OK;
}

int system_cmd_logging_buffered(struct cmd *c, struct args_logging_buffered *a)
{
    struct system *s = system_of(c->router);
    int level = -1;
    if (c->op == CMD_SET) {
        SEVERITY_READ(a, level);
        s->buffer_size = a->has_size ? a->size : SYSTEM_BUFFER_DEFAULT;
        /* What may lie in memory has a limit of its own. */
        if (s->buffer_size > 16u << 20)
            s->buffer_size = 16u << 20;
    }
    c->router->levels.buffer = (int8_t)level;
    buffer_trim(s, level < 0 ? 0 : s->buffer_size);
    return CMD_OK;
}

int system_cmd_logging_console(struct cmd *c, struct args_logging_console *a)
{
    int level = -1;
    if (c->op == CMD_SET)
        SEVERITY_READ(a, level);
    c->router->levels.console = (int8_t)level;
    return CMD_OK;
}

int system_cmd_logging_monitor(struct cmd *c, struct args_logging_monitor *a)
{
    int level = -1;
    if (c->op == CMD_SET)
        SEVERITY_READ(a, level);
    c->router->levels.monitor = (int8_t)level;
    return CMD_OK;
}

static int clear_answer(struct cmd *c, const char *text, void *arg)
{
    (void)arg;
    if (text && (!*text || (*text | 0x20) == 'y'))
        buffer_trim(system_of(c->router), 0);
    return CMD_OK;
}

int system_cmd_clear_logging(struct cmd *c, struct args_clear_logging *a)
{
    (void)a;
    return cmd_ask(c, "Clear logging buffer [confirm]", true, clear_answer, NULL);
}

static void show_target(struct out *o, const char *head, int level, uint64_t n, int indent)
{
    if (level < 0)
        out_text(o, "    %s disabled\n", head);
    else
        out_text(o, "    %s level %s, %llu messages logged, xml disabled,\n%*sfiltering disabled\n", head,
                 severity_names[level & 7], (unsigned long long)n, indent, "");
}

/* ios-cli 10.3 */
int system_cmd_show_logging(struct cmd *c, struct args_show_logging *a)
{
    struct system *s = system_of(c->router);
    const struct log_levels *level = &c->router->levels;
    struct out *o = c->out;
    (void)a;
    out_text(o,
             "Syslog logging: %s (0 messages dropped, %llu messages rate-limited, 0 flushes, 0 overruns, xml disabled, "
             "filtering disabled)\n\nNo Active Message Discriminator.\n\n\n\nNo Inactive Message Discriminator.\n\n\n",
             s->logging_off ? "disabled" : "enabled", (unsigned long long)log_ratelimited(c->router));
    show_target(o, "Console logging:", level->console, s->n_console, 21);
    show_target(o, "Monitor logging:", level->monitor, s->n_monitor, 21);
    show_target(o, "Buffer logging: ", level->buffer, s->n_buffer, 20);
    out_text(o, "    Exception Logging: size (4096 bytes)\n"
                "    Count and timestamp logging messages: disabled\n"
                "    Persistent logging: disabled\n\n"
                "No active filter modules.\n\n");
    syslog_show(c->router, o);
    if (level->buffer < 0)
        return CMD_OK;
    out_text(o, "\nLog Buffer (%zu bytes):\n\n", s->buffer_size);
    for (const struct system_line *l = s->lines; l; l = l->next)
        out_text(o, "%s\n", l->text);
    return CMD_OK;
}
