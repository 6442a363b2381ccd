/* Fuzz target: what is pasted. By its first byte the input is a stream of a telnet client's bytes, typed through the
 * line editor with help, completion, questions and --More--, as a vty does it; or a whole text that is repaired and
 * loaded. */
#include "cli/edit.h"
#include "cli/pager.h"
#include "cli/telnet_int.h"
#include "parser/session.h"
#include "tests/unit/lib_alone.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct door {
    struct session *s;
    struct edit edit;
    struct pager pager;
    const uint8_t *key;
    size_t at, n;
    bool asked, closed;
    size_t shown;
};

/* ---- the door ---- */

static int next_key(void *u)
{
    struct door *d = u;
    return d->at < d->n ? d->key[d->at++] : -1;
}

static void put(void *u, const char *text, size_t len)
{
    struct door *d = u;
    (void)text;
    d->shown += len;
}

static void on_output(void *u, const char *text, size_t len)
{
    struct door *d = u;
    pager_write(&d->pager, text, len);
}

static void on_ask(void *u, const char *prompt, bool echo)
{
    struct door *d = u;
    (void)prompt, (void)echo;
    d->asked = true;
}

static void on_closed(void *u, const char *text)
{
    struct door *d = u;
    (void)text;
    d->closed = true;
}

/* Answers from the stream, a line each; what still runs then is stopped. */
static void settle(struct door *d)
{
    for (unsigned i = 0; d->asked && i < 20; i++) {
        char answer[64];
        size_t n = 0;
        int ch;
        d->asked = false;
        while ((ch = next_key(d)) >= 0 && ch != '\r' && n + 1 < sizeof answer)
            answer[n++] = (char)ch;
        answer[n] = 0;
        session_answer(d->s, ch < 0 ? NULL : answer);
    }
    if (session_busy(d->s))
        session_abort(d->s);
}

static void prompt(struct door *d)
{
    edit_begin(&d->edit, session_prompt(d->s), session_width(d->s), session_in_config(d->s), session_history(d->s));
    pager_begin(&d->pager, session_length(d->s), session_width(d->s));
}

static void run(struct door *d)
{
    edit_remember(&d->edit, d->edit.text.s);
    session_line(d->s, d->edit.text.s);
    settle(d);
}

static void type_one(struct door *d, uint8_t key, struct strbuf *screen)
{
    char *text;
    switch (edit_key(&d->edit, key, screen)) {
    case EDIT_LINE:
        run(d);
        prompt(d);
        break;
    case EDIT_CTRL_Z:
        run(d);
        session_end(d->s);
        prompt(d);
        break;
    case EDIT_CTRL_C:
        session_abort(d->s);
        prompt(d);
        break;
    case EDIT_HELP:
        text = strndup(d->edit.text.s, d->edit.cursor);
        char *help = session_help(d->s, text ? text : "");
        pager_write(&d->pager, help, strlen(help));
        free(help);
        free(text);
        edit_show(&d->edit, true, screen);
        break;
    case EDIT_TAB:
        text = session_complete(d->s, d->edit.text.s);
        if (text)
            edit_replace(&d->edit, text, strlen(text));
        free(text);
        edit_show(&d->edit, true, screen);
        break;
    case EDIT_NONE:
        break;
    }
    if (d->edit.cursor > d->edit.text.len || strlen(d->edit.text.s) != d->edit.text.len)
        abort(); /* the line is whole, the cursor in it */
    for (size_t i = 0; i < screen->len; i++)
        if ((unsigned char)screen->s[i] < 32 && !strchr("\b\r\n\a", screen->s[i]))
            abort(); /* nothing that a terminal acts on */
    screen->len = 0;
}

static void type_stream(struct alone *w, const uint8_t *data, size_t size)
{
    static const struct session_ops ops = {.output = on_output, .ask = on_ask, .closed = on_closed};
    struct session_opts so = {.line_name = "console", .privilege = 15, .interactive = true};
    struct telnet_in in = {0};
    struct door d = {.key = NULL};
    uint8_t *keys = malloc(size + 1), reply[1024];
    size_t n_reply = 0;
    if (!keys)
        abort();
    d.n = telnet_filter_in(&in, data, size, keys, reply, sizeof reply, &n_reply);
    d.key = keys;
    d.s = session_new(w->r, &so, &ops, &d);
    d.pager = (struct pager){.put = put, .key = next_key, .u = &d};
    edit_init(&d.edit);
    prompt(&d);
    struct strbuf screen = {0};
    int key;
    while (!d.closed && (key = next_key(&d)) >= 0)
        type_one(&d, (uint8_t)key, &screen);
    strbuf_free(&screen);
    edit_free(&d.edit);
    pager_end(&d.pager);
    session_free(d.s);
    free(keys);
}

static void healed(void *ctx, unsigned lineno, const char *what, const char *line)
{
    (void)ctx, (void)lineno, (void)what, (void)line;
}

static void bad(void *ctx, unsigned lineno, const char *line, const char *answer)
{
    (void)ctx, (void)lineno, (void)line, (void)answer;
}

static const char *below_dates(const char *config)
{
    const char *at = strstr(config, "\nversion ");
    return at ? at : config;
}

static void load_text(struct alone *w, const uint8_t *data, size_t size)
{
    unsigned repaired;
    char *text = malloc(size + 1);
    if (!text)
        abort();
    for (size_t i = 0; i < size; i++)
        text[i] = data[i] ? (char)data[i] : ' ';
    text[size] = 0;
    char *better = config_repair(w->r, text, &repaired, healed, NULL);
    config_load(w->r, better ? better : text, false, bad, NULL);
    struct alone again;
    char *once = config_text(w->r), *twice;
    alone_open(&again, "fuzz", alone_sim_loop());
    config_load(again.r, once, true, NULL, NULL);
    twice = config_text(again.r);
    if (strcmp(below_dates(once), below_dates(twice)))
        abort(); /* what it became is a fixed point (I7) */
    free(twice);
    alone_close(&again);
    free(once);
    free(better);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct alone w;
    if (!size)
        return 0;
    alone_open(&w, "fuzz", alone_sim_loop());
    router_start(w.r);
    if (data[0] & 1)
        load_text(&w, data + 1, size - 1);
    else
        type_stream(&w, data + 1, size - 1);
    alone_close(&w);
    return 0;
}
