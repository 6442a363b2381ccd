/* Paste repair (`tapir paste --repair`): heals a listing whose lines a PDF has wrapped (ios-cli 13.1). It follows the
 * modes of the listing without running anything, so that only what IOS would refuse is ever touched. Called by the
 * paste door. */
#include "parser/configure.h"
#include "parser/session.h"
#include <stdlib.h>
#include <string.h>

struct repair {
    struct place place;
    struct matcher m;
    char **line;
    unsigned n, repaired;
    void (*healed)(void *ctx, unsigned lineno, const char *what, const char *line);
    void *ctx;
};

static const char *skip(const char *s)
{
    while (*s == ' ' || *s == '\t')
        s++;
    return s;
}

static bool only(const char *s, const char *set)
{
    s = skip(s);
    size_t n = strspn(s, set);
    return n && !*skip(s + n);
}

static void split(struct repair *x, const char *text)
{
    unsigned cap = 0;
    while (*text) {
        size_t n = strcspn(text, "\n");
        if (x->n == cap) {
            cap = cap ? cap * 2 : 256;
            char **grown = realloc(x->line, cap * sizeof *grown);
            if (!grown)
                abort();
            x->line = grown;
        }
        size_t len = n && text[n - 1] == '\r' ? n - 1 : n;
        x->line[x->n++] = strndup(text, len);
        text += n + (text[n] == '\n');
    }
}

/* Appends line `tail` to line `head` and leaves an empty one. */
static void join(struct repair *x, unsigned head, unsigned tail, const char *what)
{
    struct strbuf b = {0};
    const char *t = skip(x->line[tail]);
    size_t n = strlen(x->line[head]);
    while (n && x->line[head][n - 1] == ' ')
        n--;
    strbuf_write(&b, x->line[head], n);
    strbuf_add(&b, " %s", t);
    if (x->healed)
        x->healed(x->ctx, tail + 1, what, x->line[tail]);
    free(x->line[head]);
    x->line[head] = b.s;
    x->line[tail][0] = 0;
    x->repaired++;
}

static bool joined_fits(struct repair *x, unsigned head, unsigned tail)
{
    struct strbuf b = {0};
    strbuf_add(&b, "%s %s", x->line[head], skip(x->line[tail]));
    bool fits = configure_probe(&x->place, &x->m, b.s) == MATCH_OK;
    strbuf_free(&b);
    return fits;
}

static void walk(struct repair *x)
{
    bool after_comment = false; /* the line above is a comment with words in it */
    unsigned above = 0;
    for (unsigned i = 0; i < x->n; i++) {
        const char *s = skip(x->line[i]);
        bool tail_place = after_comment;
        after_comment = false;
        if (!*s)
            continue;
        if (*s == '!') {
            after_comment = *skip(s + 1) != 0;
            above = i;
            continue;
        }
        if (only(s, ".")) {
            if (x->healed)
                x->healed(x->ctx, i + 1, "ellipsis", x->line[i]);
            x->line[i][0] = 0;
            x->repaired++;
            continue;
        }
        enum match_result r = configure_probe(&x->place, &x->m, x->line[i]);
        if (r == MATCH_OK)
            continue;
        if (r == MATCH_INCOMPLETE && i + 1 < x->n && only(x->line[i + 1], "0123456789") && joined_fits(x, i, i + 1)) {
            join(x, i, i + 1, "split command");
            i++;
        } else if (tail_place) {
            join(x, above, i, "comment tail");
        }
    }
}

char *config_repair(struct router *r, const char *text, unsigned *repaired,
                    void (*healed)(void *ctx, unsigned lineno, const char *what, const char *line), void *ctx)
{
    struct repair x = {.healed = healed, .ctx = ctx};
    struct strbuf out = {0};
    split(&x, text);
    place_enter(&x.place, cfg_get(r));
    walk(&x);
    place_leave(&x.place);
    matcher_free(&x.m);
    for (unsigned i = 0; i < x.n; i++) {
        strbuf_add(&out, "%s\n", x.line[i]);
        free(x.line[i]);
    }
    free(x.line);
    if (repaired)
        *repaired = x.repaired;
    return out.s ? out.s : strdup("");
}
