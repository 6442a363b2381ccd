/* Long output in pieces (cmd_steps of modules/core/command.h): a handler that prints a long table is called again and
 * again, each time for less than a turn of the loop, while timers, frames and other sessions go on. A reader that does
 * not keep up holds the handler, not the router's memory. In sim nothing waits: all pieces run at once. */
#include "parser/session_int.h"
#include <stdlib.h>
#include <string.h>

#define STEP (400 * NS_PER_US)
#define READER_PAUSE (2 * NS_PER_MS)

struct steps {
    struct cmd c;
    int (*step)(struct cmd *c, void *state);
    void (*end)(void *state);
    void *state;
    struct cmd_job *job;
    struct task task;
    struct timer pause;
};

bool cmd_spent(const struct cmd *c)
{
    return c->spend_until && loop_now_fresh(c->router->loop) >= c->spend_until;
}

static int step_once(struct steps *x)
{
    x->c.spend_until = loop_now_fresh(x->c.router->loop) + STEP;
    return x->step(&x->c, x->state);
}

static void steps_free(struct steps *x)
{
    loop_cancel(x->c.router->loop, &x->task);
    timer_stop(&x->pause);
    x->end(x->state);
    free(x);
}

static void steps_go_on(struct steps *x)
{
    struct session *s = x->c.session;
    if (s->ops.full && s->ops.full(s->u))
        timer_start(&x->pause, READER_PAUSE);
    else
        loop_defer(x->c.router->loop, &x->task);
}

static void steps_turn(void *arg)
{
    struct steps *x = arg;
    int rc = step_once(x);
    if (rc == CMD_PENDING) {
        steps_go_on(x);
        return;
    }
    struct cmd_job *job = x->job;
    steps_free(x);
    cmd_job_finish(job, rc);
}

static void steps_resume(void *arg)
{
    steps_go_on(arg);
}

static void steps_abort(void *arg)
{
    steps_free(arg);
}

int cmd_steps(struct cmd *c, int (*step)(struct cmd *c, void *state), void (*end)(void *state), void *state)
{
    struct loop *loop = c->router->loop;
    struct steps *x = c->session && !c->at_once && !loop_is_sim(loop) ? calloc(1, sizeof *x) : NULL;
    int rc;
    if (!x) {
        while ((rc = step(c, state)) == CMD_PENDING)
            ;
        end(state);
        return rc;
    }
    *x = (struct steps){.c = *c, .step = step, .end = end, .state = state, .task = {.run = steps_turn, .arg = x}};
    x->c.line = ""; /* the typed line may be gone when the next piece runs */
    x->c.blocks = 0;
    timer_init(&x->pause, loop, steps_resume, x);
    rc = step_once(x);
    if (rc != CMD_PENDING) {
        steps_free(x);
        return rc;
    }
    x->job = cmd_suspend(c, steps_abort, x);
    steps_go_on(x);
    return CMD_PENDING;
}

/* ---- a text that is there as a whole ---- */

enum { PIECE = 4096 };

struct printing {
    struct strbuf text;
    size_t at;
    bool begun;
    bool (*make)(struct cmd *c, void *arg, struct strbuf *text); /* NULL: the text is there */
    void (*end)(void *arg);
    void *arg;
};

/* What is printed before the clock is asked again: whole lines. */
static size_t piece_end(const struct printing *p)
{
    size_t end = p->at + PIECE;
    if (end >= p->text.len)
        return p->text.len;
    const char *nl = memchr(p->text.s + end, '\n', p->text.len - end);
    return nl ? (size_t)(nl - p->text.s) + 1 : p->text.len;
}

static void print_values(struct out *o, struct printing *p, size_t end)
{
    while (p->at < end) {
        char *line = p->text.s + p->at;
        size_t len = strcspn(line, "\n");
        line[len] = 0;
        out_str(o, NULL, line);
        p->at += len + 1;
    }
}

static int print_step(struct cmd *c, void *state)
{
    struct printing *p = state;
    if (p->make && !p->make(c, p->arg, &p->text))
        return CMD_PENDING;
    p->make = NULL;
    if (!p->begun) {
        out_object(c->out, NULL);
        out_array(c->out, "lines");
        p->begun = true;
    }
    while (p->at < p->text.len) {
        size_t end = piece_end(p);
        if (out_is_json(c->out))
            print_values(c->out, p, end);
        else
            out_write(c->out, p->text.s + p->at, end - p->at);
        p->at = end;
        if (p->at < p->text.len && cmd_spent(c))
            return CMD_PENDING;
    }
    return CMD_OK;
}

static void print_end(void *state)
{
    struct printing *p = state;
    if (p->end)
        p->end(p->arg);
    strbuf_free(&p->text);
    free(p);
}

int cmd_print(struct cmd *c, struct strbuf *text)
{
    struct printing *p = calloc(1, sizeof *p);
    if (!p) {
        strbuf_free(text);
        return cmd_error(c, "%% Out of memory");
    }
    p->text = *text;
    *text = (struct strbuf){0};
    return cmd_steps(c, print_step, print_end, p);
}

int cmd_print_made(struct cmd *c, bool (*make)(struct cmd *c, void *arg, struct strbuf *text), void (*end)(void *arg),
                   void *arg)
{
    struct printing *p = calloc(1, sizeof *p);
    if (!p) {
        end(arg);
        return cmd_error(c, "%% Out of memory");
    }
    *p = (struct printing){.make = make, .end = end, .arg = arg};
    return cmd_steps(c, print_step, print_end, p);
}
