/* See lib_parser.h. Called by the parser's unit tests and usable by others. */
#include "tests/unit/lib_parser.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void on_output(void *u, const char *text, size_t len)
{
    strbuf_write(&((struct bench *)u)->out, text, len);
}

static void on_done(void *u, int status)
{
    struct bench *b = u;
    b->status = status;
    b->done++;
}

static void on_message(void *u, const char *text)
{
    strbuf_add(&((struct bench *)u)->log, "%s\n", text);
}

static void on_closed(void *u, const char *text)
{
    (void)text;
    ((struct bench *)u)->closed++;
}

static void on_ask(void *u, const char *prompt, bool echo)
{
    struct bench *b = u;
    (void)echo;
    free(b->asked);
    b->asked = strdup(prompt);
}

struct bench *bench_new(bool interactive)
{
    static const struct session_ops ops = {
        .output = on_output, .done = on_done, .ask = on_ask, .message = on_message, .closed = on_closed};
    struct bench *b = calloc(1, sizeof *b);
    if (!b)
        abort();
    alone_open(&b->alone, "R1", alone_sim_loop());
    b->loop = b->alone.loop;
    b->r = b->alone.r;
    router_start(b->r);
    struct session_opts so = {.line_name = "console", .privilege = 15, .interactive = interactive, .console_log = true};
    b->s = session_new(b->r, &so, &ops, b);
    return b;
}

void bench_free(struct bench *b)
{
    session_free(b->s);
    alone_close(&b->alone);
    strbuf_free(&b->out);
    strbuf_free(&b->log);
    free(b->asked);
    free(b);
}

const char *bench_type(struct bench *b, const char *line)
{
    strbuf_free(&b->out);
    b->out = (struct strbuf){0};
    session_line(b->s, line);
    return b->out.s ? b->out.s : "";
}

unsigned bench_paste(struct bench *b, const char *text)
{
    unsigned rejected = 0;
    char *copy = strdup(text), *save = NULL;
    for (char *l = strtok_r(copy, "\n", &save); l; l = strtok_r(NULL, "\n", &save)) {
        bench_type(b, l);
        rejected += b->status != 0;
    }
    free(copy);
    return rejected;
}

char *bench_file(const char *path)
{
    FILE *f = fopen(path, "r");
    if (!f)
        return NULL;
    struct strbuf b = {0};
    char buf[4096];
    for (size_t n; (n = fread(buf, 1, sizeof buf, f)) > 0;)
        strbuf_write(&b, buf, n);
    fclose(f);
    return b.s;
}
