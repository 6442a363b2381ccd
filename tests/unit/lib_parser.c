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

static void no_reload(void *ctx, struct router *r, const char *reason)
{
    (void)ctx, (void)r, (void)reason;
}

static struct link *no_link(void *ctx, struct router *r, const char *ifname, uint16_t mtu)
{
    (void)ctx, (void)r, (void)ifname, (void)mtu;
    return NULL;
}

struct bench *bench_new(bool interactive)
{
    static const struct router_host host = {NULL, no_link, no_reload};
    static const struct session_ops ops = {
        .output = on_output, .done = on_done, .ask = on_ask, .message = on_message, .closed = on_closed};
    struct bench *b = calloc(1, sizeof *b);
    if (!b)
        abort();
    b->loop = loop_new_sim(INT64_C(1790000000) * NS_PER_S);
    b->rng = rng_new_seeded(1, "R1", 1);
    storage_open_memory(&b->storage);
    struct router_opts ro = {
        .name = "R1", .loop = b->loop, .rng = b->rng, .storage = &b->storage, .host = &host, .incarnation = 1};
    b->r = router_new(&ro);
    if (!b->r)
        abort();
    router_start(b->r);
    struct session_opts so = {.line_name = "console", .privilege = 15, .interactive = interactive, .console_log = true};
    b->s = session_new(b->r, &so, &ops, b);
    return b;
}

void bench_free(struct bench *b)
{
    session_free(b->s);
    router_free(b->r);
    rng_free(b->rng);
    loop_free(b->loop);
    storage_close(&b->storage);
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
