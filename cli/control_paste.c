/* A whole configuration typed by the router itself (`tapir paste`): thousands of lines in one message, a few hundred
 * per turn of the loop so that hellos keep their time. Rejected lines go back with the router's answer. Called by
 * control_session.c and from the connection's pump. */
#include "cli/control_internal.h"
#include "cli/paste_missing.h"
#include "modules/core/command.h"
#include "parser/configure.h"
#include <stdlib.h>
#include <string.h>

#define LINES_PER_TURN 256
#define REPORTS_WAITING (1u << 20)

struct paste {
    char *text, *next; /* next: the line to type; NULL at the end */
    char *line;        /* the line that is being typed */
    unsigned lineno;
    uint8_t *healed; /* bit per line: emptied by the repair */
    unsigned n_lines;
    enum { PASTE_ENTER, PASTE_LINES, PASTE_LEAVE, PASTE_OVER } phase;
    bool waiting; /* a line is not finished */
    struct stray stray;
    struct strbuf answer;
    uint32_t accepted, rejected, comments, repaired;
};

static void put_u32(uint8_t *p, uint32_t v)
{
    p[0] = (uint8_t)(v >> 24);
    p[1] = (uint8_t)(v >> 16);
    p[2] = (uint8_t)(v >> 8);
    p[3] = (uint8_t)v;
}

/* u32 line number, a, NUL, b */
static void paste_report(struct conn *c, uint8_t type, unsigned lineno, const char *a, const char *b)
{
    struct strbuf s = {0};
    uint8_t head[4];
    put_u32(head, lineno);
    strbuf_write(&s, a, strlen(a) + 1);
    strbuf_write(&s, b, strlen(b));
    conn_message(c, type, head, sizeof head, s.s, s.len);
    strbuf_free(&s);
}

static void on_healed(void *ctx, unsigned lineno, const char *what, const char *line)
{
    struct conn *c = ctx;
    struct paste *p = c->paste;
    if (lineno && lineno <= p->n_lines)
        p->healed[lineno / 8] |= (uint8_t)(1u << lineno % 8);
    paste_report(c, CTL_HEALED, lineno, what, line);
}

void paste_start(struct conn *c, bool repair, const char *text, size_t len)
{
    struct paste *p = calloc(1, sizeof *p);
    char *copy = malloc(len + 1);
    if (!p || !copy) {
        free(p);
        free(copy);
        return;
    }
    for (size_t i = 0; i < len; i++) {
        copy[i] = text[i] ? text[i] : '\x7f';
        p->n_lines += text[i] == '\n';
    }
    copy[len] = '\0';
    p->n_lines += len && text[len - 1] != '\n';
    p->healed = calloc(p->n_lines / 8 + 1, 1);
    if (!p->healed)
        p->n_lines = 0;
    c->paste = p;
    if (repair) {
        unsigned n = 0;
        char *better = config_repair(c->control->router, copy, &n, on_healed, c);
        if (better) {
            free(copy);
            copy = better;
        }
        p->repaired = n;
    }
    p->text = p->next = copy;
    conn_wake(c);
}

void paste_free(struct conn *c)
{
    struct paste *p = c->paste;
    if (!p)
        return;
    c->paste = NULL;
    free(p->text);
    free(p->healed);
    strbuf_free(&p->answer);
    free(p);
}

void paste_output(struct conn *c, const char *text, size_t len)
{
    strbuf_write(&c->paste->answer, text, len);
}

void paste_done(struct conn *c, int status)
{
    struct paste *p = c->paste;
    if (!p->waiting)
        return;
    p->waiting = false;
    if (p->phase == PASTE_LINES && p->line) {
        if (status == CMD_ERROR) {
            p->rejected++;
            paste_report(c, CTL_REJECTED, p->lineno, p->line, p->answer.s ? p->answer.s : "");
        } else {
            p->accepted++;
        }
        stray_done(&p->stray, p->line, status == CMD_ERROR, missing_is(p->line));
    }
    p->answer.len = 0;
    if (p->answer.s)
        p->answer.s[0] = '\0';
    conn_wake(c);
}

static void paste_skip(struct conn *c)
{
    struct paste *p = c->paste;
    struct strbuf answer = {0};
    stray_answer(cfg_get(c->control->router), p->line, &answer);
    p->rejected++;
    paste_report(c, CTL_REJECTED, p->lineno, p->line, answer.s);
    strbuf_free(&answer);
}

static void paste_type(struct conn *c, const char *line)
{
    c->paste->waiting = true;
    session_line(c->session, line);
}

/* Cuts the next line off; NULL at the end. Line ends: LF, CR LF, CR. */
static char *paste_next_line(struct paste *p)
{
    char *line = p->next;
    if (!line || !*line)
        return NULL;
    char *end = line + strcspn(line, "\r\n");
    p->next = *end == '\r' && end[1] == '\n' ? end + 2 : *end ? end + 1 : end;
    *end = '\0';
    p->lineno++;
    return line;
}

static void paste_finish(struct conn *c)
{
    struct paste *p = c->paste;
    uint8_t counts[20];
    put_u32(counts, p->lineno);
    put_u32(counts + 4, p->accepted);
    put_u32(counts + 8, p->rejected);
    put_u32(counts + 12, p->comments);
    put_u32(counts + 16, p->repaired);
    conn_message(c, CTL_PASTED, counts, sizeof counts, NULL, 0);
    paste_free(c);
}

void paste_step(struct conn *c)
{
    struct paste *p = c->paste;
    if (ctl_buf_waiting(&c->out) > REPORTS_WAITING)
        return; /* the pump comes again when the reader has caught up */
    for (unsigned n = 0; n < LINES_PER_TURN && !p->waiting; n++) {
        if (!c->session || c->end_session || p->phase == PASTE_OVER) { /* the line was `exit` in exec, or a reload */
            paste_finish(c);
            return;
        }
        if (p->phase == PASTE_ENTER) {
            p->phase = PASTE_LINES;
            p->line = NULL;
            paste_type(c, "configure terminal");
            continue;
        }
        if (p->phase == PASTE_LEAVE) {
            p->phase = PASTE_OVER;
            if (session_in_config(c->session))
                paste_type(c, "end");
            continue;
        }
        p->line = paste_next_line(p);
        if (!p->line) {
            p->phase = PASTE_LEAVE;
            continue;
        }
        const char *s = p->line + strspn(p->line, " \t");
        if (!*s && p->lineno <= p->n_lines && (p->healed[p->lineno / 8] >> p->lineno % 8 & 1))
            continue; /* joined to another line: counted as repaired */
        if ((!*s || *s == '!') && !session_wants_text(c->session)) {
            p->comments++;
            stray_comment(&p->stray, p->line);
        } else if (stray_line(&p->stray, p->line)) {
            paste_skip(c);
        } else {
            paste_type(c, p->line);
        }
    }
    if (c->paste && !p->waiting)
        conn_wake(c);
}
