/* `send`: a message to other lines, typed key by key up to Ctrl-Z. */
#include "line_cmd.h"
#include "modules/line/line_int.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MESSAGE_MAX = 2000, ALL = 0xffff };
struct sending {
    struct lines *l;
    struct cmd_job *job;
    struct strbuf text;
    unsigned to; /* absolute; ALL */
    char from[160];
    bool confirm; /* the last key is waited for */
};

static void sending_free(struct sending *x)
{
    strbuf_free(&x->text);
    free(x);
}

/* What was typed is shown, never acted on. */
static void deliver(const struct sending *x)
{
    struct strbuf b = {0};
    strbuf_add(&b, "\n***\n***\n*** Message from %s to %s:\n***\n", x->from,
               x->to == ALL ? "all terminals" : "this terminal");
    for (const char *p = x->text.s; *p; p += strcspn(p, "\n"), p += *p != '\0') {
        char line[MESSAGE_MAX + 1];
        snprintf(line, sizeof line, "%.*s", (int)strcspn(p, "\n"), p);
        strbuf_safe(&b, line);
        strbuf_add(&b, "\n");
    }
    for (struct line_use *u = x->l->uses; u; u = u->next)
        if (u->state == USE_OPEN && u->ops.message && (x->to == ALL || line_absolute(u->kind, u->number) == x->to))
            u->ops.message(u->u, b.s);
    strbuf_free(&b);
}

static void over(struct sending *x, const char *say)
{
    struct cmd_job *job = x->job;
    out_write(cmd_job_out(job), say, strlen(say));
    sending_free(x);
    cmd_job_finish(job, CMD_OK);
}

static void on_abort(void *arg)
{
    sending_free(arg);
}

/* false: that was the last key. */
static bool key(struct sending *x, char ch)
{
    struct out *o = cmd_job_out(x->job);
    if (x->confirm) {
        bool yes = ch == '\r' || ch == '\n' || (ch | 0x20) == 'y';
        if (yes)
            deliver(x);
        over(x, "\r\n");
        return false;
    }
    if (ch == 3) {
        over(x, "^C\r\n");
        return false;
    }
    if (ch == 26) {
        strbuf_write(&x->text, "", 0);
        out_text(o, "^Z\r\nSend message? [confirm]");
        x->confirm = true;
    } else if ((ch == '\r' || ch == '\n') && x->text.len < MESSAGE_MAX) {
        strbuf_write(&x->text, "\n", 1);
        out_text(o, "\r\n");
    } else if ((ch == 8 || ch == 127) && x->text.len && x->text.s[x->text.len - 1] != '\n') {
        x->text.s[--x->text.len] = '\0';
        out_text(o, "\b \b");
    } else if ((unsigned char)ch >= ' ' && ch != 127 && x->text.len < MESSAGE_MAX) {
        strbuf_write(&x->text, &ch, 1);
        out_write(o, &ch, 1);
    }
    return true;
}

static void on_keys(void *arg, const char *p, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (!key(arg, p[i]))
            return;
}

int line_cmd_send(struct cmd *c, struct args_exec_send *a)
{
    const struct line_use *use = cmd_line(c);
    struct lines *l = lines_cmd(c);
    unsigned to = a->kw_all ? ALL : a->has_vty ? LINE_VTY_BASE + a->vty : a->has_number ? a->number : 0;
    if (to != ALL && to >= line_vty_count(l) + LINE_VTY_BASE)
        return cmd_error(c, "%% Line %u does not exist", to);
    struct sending *x = c->interactive && use ? calloc(1, sizeof *x) : NULL;
    if (!x)
        return cmd_error(c, "%% A message is typed at a terminal");
    *x = (struct sending){.l = l, .to = to};
    snprintf(x->from, sizeof x->from, "tty%u", line_absolute(use->kind, use->number));
    out_text(c->out, "Enter message, end with CTRL/Z; abort with CTRL/C:\n");
    x->job = cmd_suspend(c, on_abort, x);
    if (!cmd_job_raw(x->job, on_keys))
        over(x, "");
    return CMD_PENDING;
}
