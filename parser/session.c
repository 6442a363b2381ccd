/* Sessions (see session.h): one per console line, vty, exec or paste; everything a door asks goes through here. Lines
 * in configuration mode go to configure.c, others to exec.c. */
#include "parser/session_int.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void on_log(void *arg, const struct event *e)
{
    struct session *s = arg;
    if (e->kind == EVENT_PLAIN || !s->ops.message || !(s->console_log || s->monitor))
        return;
    if ((int)e->severity >
        (s->console_log ? s->r->levels.console : s->r->levels.monitor)) /* logging console, monitor */
        return;
    char *text = log_render(s->r, e);
    if (text)
        s->ops.message(s->u, text);
    free(text);
}

static void ask_now(void *arg)
{
    struct session *s = arg;
    if (s->question.answer && s->ops.ask)
        s->ops.ask(s->u, s->question.prompt, s->question.echo);
}

struct session *session_new(struct router *r, const struct session_opts *opts, const struct session_ops *ops, void *u)
{
    struct session *s = calloc(1, sizeof *s);
    if (!s)
        abort();
    s->r = r;
    s->cfg = cfg_get(r);
    s->m.rules_of = &s->cfg->privileges;
    s->ops = *ops;
    s->u = u;
    snprintf(s->line_name, sizeof s->line_name, "%s", opts->line_name ? opts->line_name : "console");
    s->privilege = s->start_privilege = opts->privilege;
    s->interactive = opts->interactive;
    s->console_log = opts->console_log;
    s->length = opts->interactive ? LENGTH_DEFAULT : 0;
    s->width = WIDTH_DEFAULT;
    s->history_size = 20;
    s->escape = ESCAPE_DEFAULT;
    s->line_use = opts->line;
    if (opts->has_terminal) {
        s->length = opts->length;
        s->width = opts->width;
        s->length_set = s->length != LENGTH_DEFAULT;
        s->width_set = s->width != WIDTH_DEFAULT;
        s->history_size = opts->history;
    }
    timer_init(&s->ask, r->loop, ask_now, s);
    if (ops->message)
        s->sub = log_subscribe(r, on_log, s);
    return s;
}

void session_free(struct session *s)
{
    if (!s)
        return;
    s->ops = (struct session_ops){0};
    s->interactive = false; /* nobody answers any more */
    if (s->busy)
        session_abort(s);
    timer_stop(&s->ask);
    if (s->sub)
        log_unsubscribe(s->r, s->sub);
    place_leave(&s->place);
    matcher_free(&s->m);
    history_clear(&s->exec_history, 0);
    history_clear(&s->config_history, 0);
    free(s->question.prompt);
    free(s->line);
    free(s->transfer);
    if (s->out)
        out_free(s->out);
    pipe_free(s->pipe);
    free(s);
}

void session_emit(struct session *s, const char *text, size_t len)
{
    if (s->ops.output && len)
        s->ops.output(s->u, text, len);
}

bool session_in_config(const struct session *s)
{
    return s->place.depth > 0;
}

const char *session_prompt(struct session *s)
{
    const char *host = s->r->hostname[0] ? s->r->hostname : "Router";
    if (place_wants_text(&s->place) && !s->place.text_prompt)
        s->prompt[0] = 0;
    else if (place_wants_text(&s->place))
        snprintf(s->prompt, sizeof s->prompt, "%.20s%s#", host, s->place.text_prompt);
    else if (s->place.depth) /* ios-cli 2: the name is cut to 20 in configuration modes only */
        snprintf(s->prompt, sizeof s->prompt, "%.20s%s#", host, place_prompt(&s->place));
    else
        snprintf(s->prompt, sizeof s->prompt, "%s%c", host, s->privilege > 1 ? '#' : '>');
    return s->prompt;
}

unsigned session_length(const struct session *s)
{
    return s->length;
}

unsigned session_width(const struct session *s)
{
    return s->width;
}

unsigned session_history(const struct session *s)
{
    return s->history_size;
}

bool session_editing(const struct session *s)
{
    return !s->no_editing;
}

bool session_wants_text(const struct session *s)
{
    return place_wants_text(&s->place);
}

unsigned session_escape(const struct session *s)
{
    return s->escape;
}

void session_set_terminal(struct session *s, unsigned length, unsigned width)
{
    s->window_length = length;
    s->window_width = width;
    if (!s->length_set)
        s->length = length;
    if (!s->width_set)
        s->width = width;
}

void session_terminal_set(const struct session *s, bool *length, bool *width)
{
    *length = s->length_set;
    *width = s->width_set;
}

bool session_busy(const struct session *s)
{
    return s->busy;
}

bool session_vty(const struct session *s, unsigned *number)
{
    const char *at = NULL; /* `USER on vtyN (ADDRESS)`: the last one, whatever the user is called */
    for (const char *p = s->line_name; (p = strstr(p, "vty")); p++)
        at = p;
    *number = at ? (unsigned)strtoul(at + 3, NULL, 10) : 0;
    return at;
}

void session_left_config(struct session *s)
{
    history_clear(&s->config_history, 0);
    log_syslog(s->r, 0, "SYS", 5, "CONFIG_I", "Configured from console by %s", s->line_name);
}

void session_end(struct session *s)
{
    if (!s->place.depth)
        return;
    place_leave(&s->place);
    session_left_config(s);
}

void session_close(struct session *s)
{
    s->closing = true;
}

static void finish(struct session *s, int status)
{
    struct session_ops ops = s->ops;
    void *u = s->u;
    bool closing = s->closing;
    if (!exec_output_close(s))
        status = CMD_ERROR;
    s->busy = false;
    free(s->line);
    s->line = NULL;
    if (closing && s->place.depth)
        session_end(s);
    if (ops.done)
        ops.done(u, status == CMD_ERROR ? CMD_ERROR : CMD_OK);
    if (closing && ops.closed)
        ops.closed(u, "");
}

static int answer(struct session *s, const struct question *q, const char *text)
{
    struct cmd c = {.router = s->r,
                    .session = s,
                    .out = s->out,
                    .op = CMD_RUN,
                    .line = s->line,
                    .interactive = s->interactive,
                    .line_name = s->line_name};
    s->in_handler = true;
    int rc = q->answer(&c, text, q->arg);
    s->in_handler = false;
    return rc;
}

/* After a handler (or an answer) returned: finished, suspended, or asking. */
static void settle(struct session *s, int rc)
{
    while (rc == CMD_PENDING && s->question.answer) {
        struct question q = s->question;
        s->question.prompt = NULL;
        if (s->interactive && s->ops.ask) {
            s->question.prompt = q.prompt;
            if (q.delay)
                timer_start(&s->ask, q.delay);
            else
                s->ops.ask(s->u, q.prompt, q.echo);
            return;
        }
        s->question.answer = NULL;
        session_emit(s, q.prompt, strlen(q.prompt));
        session_emit(s, "\n", 1);
        free(q.prompt);
        rc = answer(s, &q, "");
    }
    if (rc == CMD_PENDING && s->job.s) {
        if (!s->job.finished)
            return;
        rc = s->job.result;
    }
    s->job.s = NULL;
    finish(s, rc);
}

static int config_line(struct session *s, const char *line)
{
    struct verdict v = {MATCH_OK, 0, false};
    struct cmd c = {
        .router = s->r, .session = s, .line = line, .interactive = s->interactive, .line_name = s->line_name};
    size_t prompt_len = strlen(session_prompt(s));
    exec_output_open(s, NULL, NULL);
    c.out = s->out;
    struct strbuf b = {0};
    switch (configure_line(&s->place, &s->m, &c, s->line_name, line, strlen(line), &v)) {
    case LINE_OK:
        return CMD_OK;
    case LINE_PENDING:
        return CMD_PENDING;
    case LINE_LEFT:
        session_left_config(s);
        return CMD_OK;
    case LINE_DO:
        exec_output_close(s);
        return exec_line(s, line, v.pos);
    case LINE_HELP:
        return exec_line(s, "help", 0);
    case LINE_REFUSED:
        verdict_text(&v, line, prompt_len, &b);
        if (b.s)
            session_emit(s, b.s, b.len);
        strbuf_free(&b);
        return CMD_ERROR;
    case LINE_ERROR:
        break;
    }
    return CMD_ERROR;
}

char *line_clean(const char *line, size_t n)
{
    size_t k = 0;
    char *s = malloc(2 * n + 1);
    if (!s)
        abort();
    for (size_t i = 0; i < n; i++) {
        if ((unsigned char)line[i] >= ' ' && line[i] != 0x7f)
            s[k++] = line[i];
        else if (line[i] == '\t')
            s[k++] = ' ';
        else if (line[i] == '\3') {
            s[k++] = '^';
            s[k++] = 'C';
        }
    }
    s[k] = 0;
    return s;
}

const char *alias_mode(const struct session *s)
{
    const char *mode = place_mode(&s->place)->name;
    return !s->place.depth                  ? "exec"
           : s->place.depth == 1            ? "configure"
           : !strncmp(mode, "config-if", 9) ? "interface"
           : !strcmp(mode, "config-line")   ? "line"
                                            : "";
}

void session_line(struct session *s, const char *line)
{
    if (s->busy) { /* a door that does not wait: refused, never queued */
        if (s->ops.done)
            s->ops.done(s->u, CMD_ERROR);
        return;
    }
    s->busy = true;
    s->line = line_clean(line, strlen(line));
    const char *p = s->line;
    while (*p == ' ')
        p++;
    if (!*p && s->resumes && !s->place.depth) {
        s->in_handler = true;
        int rc = exec_line(s, "resume", 0);
        s->in_handler = false;
        settle(s, rc);
        return;
    }
    if ((!*p || *p == '!') && !place_wants_text(&s->place)) {
        finish(s, CMD_OK);
        return;
    }
    if (*p && !place_wants_text(&s->place))
        history_note(s, s->line);
    s->in_handler = true;
    char *alias = s->place.depth && !place_wants_text(&s->place) ? alias_expand(s, s->line, alias_mode(s)) : NULL;
    int rc = s->place.depth ? config_line(s, alias ? alias : s->line) : exec_line(s, s->line, 0);
    free(alias);
    s->in_handler = false;
    settle(s, rc);
}

void session_answer(struct session *s, const char *text)
{
    struct question q = s->question;
    if (!q.answer)
        return;
    s->question = (struct question){0};
    timer_stop(&s->ask);
    free(q.prompt);
    int rc = answer(s, &q, text);
    settle(s, text ? rc : (rc == CMD_PENDING && !s->question.answer && !s->job.s ? CMD_OK : rc));
}

void session_abort(struct session *s)
{
    if (s->question.answer) {
        session_answer(s, NULL);
        return;
    }
    if (s->job.s && !s->in_handler) {
        struct cmd_job job = s->job;
        s->job.abort = NULL;
        if (job.abort)
            job.abort(job.arg); /* may still write its summary: cmd_job_out() works until it returns */
        s->job.s = NULL;
        finish(s, CMD_OK);
        return;
    }
    if (!s->busy && s->place.depth) /* Ctrl-C leaves configuration mode (ios-cli 3.7) */
        session_end(s);
}

bool session_takes_keys(const struct session *s)
{
    return s->job.s && s->job.keys && !s->job.finished;
}

void session_keys(struct session *s, const char *p, size_t len)
{
    if (session_takes_keys(s))
        s->job.keys(s->job.arg, p, len);
}

struct out *cmd_job_out(struct cmd_job *job)
{
    return job->s->out;
}

void cmd_job_finish(struct cmd_job *job, int result)
{
    struct session *s = job->s;
    if (!s)
        return;
    job->result = result;
    job->finished = true;
    if (s->in_handler)
        return; /* before the handler returned: settle() sees it */
    job->s = NULL;
    finish(s, result);
}
