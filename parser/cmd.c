/* What handlers call (modules/core/command.h): messages, the enclosing block, long-running commands, questions. */
#include "parser/session_int.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const void *cmd_block(const struct cmd *c, const char *name)
{
    for (unsigned i = 0; i < c->blocks; i++)
        if (!strcmp(c->block_command[i], name))
            return c->block[i];
    return NULL;
}

static void say(struct cmd *c, const char *fmt, va_list ap)
{
    struct strbuf b = {0};
    char *text = NULL;
    if (vasprintf(&text, fmt, ap) < 0)
        return;
    strbuf_add(&b, "%s\n", text);
    free(text);
    if (c->session && c->out && out_is_json(c->out))
        session_emit(c->session, b.s, b.len); /* the reason, even where data was asked for */
    else if (c->out)
        out_write(c->out, b.s, b.len);
    strbuf_free(&b);
}

int cmd_error(struct cmd *c, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    say(c, fmt, ap);
    va_end(ap);
    return CMD_ERROR;
}

void cmd_note(struct cmd *c, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    say(c, fmt, ap);
    va_end(ap);
}

struct cmd_job *cmd_suspend(struct cmd *c, void (*abort_fn)(void *arg), void *arg)
{
    if (!c->session)
        return NULL;
    c->session->job = (struct cmd_job){.s = c->session, .abort = abort_fn, .arg = arg};
    return &c->session->job;
}

bool cmd_job_raw(struct cmd_job *job, void (*keys)(void *arg, const char *p, size_t len))
{
    struct session *s = job->s;
    if (!s || !s->interactive || !s->ops.raw)
        return false;
    job->keys = keys;
    s->ops.raw(s->u);
    return true;
}

unsigned cmd_job_escape(const struct cmd_job *job)
{
    return job->s ? job->s->escape : 0;
}

bool cmd_job_full(const struct cmd_job *job)
{
    return job->s && job->s->ops.full && job->s->ops.full(job->s->u);
}

void cmd_terminal(const struct cmd *c, unsigned *length, unsigned *width)
{
    *length = c->session ? c->session->length : 0;
    *width = c->session ? c->session->width : 0;
}

void cmd_set_resumes(struct session *s, bool on)
{
    s->resumes = on;
}

void cmd_close(struct cmd *c)
{
    if (c->session)
        session_close(c->session);
}

int cmd_ask_later(struct cmd *c, int64_t delay, const char *prompt, bool echo,
                  int (*answer)(struct cmd *c, const char *text, void *arg), void *arg)
{
    struct session *s = c->session;
    if (!s) /* a configuration being read at boot: RETURN */
        return answer(c, "", arg);
    free(s->question.prompt);
    s->question = (struct question){answer, arg, strdup(prompt), echo, delay};
    return CMD_PENDING;
}

int cmd_ask(struct cmd *c, const char *prompt, bool echo, int (*answer)(struct cmd *c, const char *text, void *arg),
            void *arg)
{
    return cmd_ask_later(c, 0, prompt, echo, answer, arg);
}

unsigned cmd_level(const struct cmd *c)
{
    return c->session ? c->session->privilege : 15;
}

void cmd_set_level(struct cmd *c, unsigned level)
{
    if (c->session)
        c->session->privilege = level;
}

void *cmd_line(const struct cmd *c)
{
    return c->session ? c->session->line_use : NULL;
}

void cmd_store_again(struct cmd *c, const char *command)
{
    struct cfg *cfg = cfg_get(c->router);
    const struct gram_cmd *cmd = gram_find(command);
    if (cmd)
        cfg_store_again(cfg, &cfg->root, cmd, c);
}

void shell_sweep(struct cmd *c, const char *command, bool (*fits)(const void *args, const void *want), const void *want)
{
    struct cfg *cfg = cfg_get(c->router);
    const struct gram_cmd *cmd = gram_find(command);
    for (unsigned i = cfg->root.n; i-- > 0;) {
        const struct cfg_node *n = cfg->root.child[i];
        if (n->cmd != cmd || !fits(n->args, want))
            continue;
        struct value_pool *pool = NULL;
        void *args = value_args_copy(cmd, n->args, &pool);
        struct cmd sub = *c;
        cfg_unset(cfg, &cfg->root, cmd, args, &sub, false);
        free(args);
        value_pool_free(pool);
    }
}
