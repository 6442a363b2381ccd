/* The pager (see pager.h). Called by console.c and the hook of the vty lines with the output of one command or one help
 * list. */
#include "cli/pager.h"
#include <string.h>

static void put(struct pager *p, const char *s)
{
    p->put(p->u, s, strlen(s));
}

static void filter_off(struct pager *p)
{
    if (p->filter)
        regfree(&p->re);
    p->filter = 0;
}

void pager_begin(struct pager *p, unsigned length, unsigned width)
{
    filter_off(p);
    p->line.len = 0;
    p->length = length;
    p->width = width;
    p->shown = 0;
    p->quit = false;
}

/* The expression behind `/`, `+` or `-`, edited with BS only; false: given up. */
static bool read_expression(struct pager *p, char kind, struct strbuf *expr)
{
    p->put(p->u, &kind, 1);
    for (;;) {
        int ch = p->key(p->u);
        char byte = (char)ch;
        if (ch < 0 || ch == 3 || ch == 30)
            return false;
        if (ch == '\r' || ch == '\n')
            return expr->len > 0;
        if ((ch == 8 || ch == 127) && expr->len) {
            expr->s[--expr->len] = '\0';
            put(p, "\b \b");
        } else if (ch >= 32 && ch != 127 && expr->len < 200) {
            strbuf_write(expr, &byte, 1);
            p->put(p->u, &byte, 1);
        }
    }
}

static void filter_ask(struct pager *p, char kind)
{
    struct strbuf expr = {0};
    bool given = read_expression(p, kind, &expr);
    put(p, "\n");
    if (!given) {
        p->quit = true;
    } else {
        filter_off(p);
        if (regcomp(&p->re, expr.s, REG_EXTENDED | REG_NOSUB))
            put(p, "% Failed to compile regular expression.\n");
        else {
            p->filter = kind;
            put(p, "filtering...\n");
        }
    }
    strbuf_free(&expr);
    p->shown = 1;
}

static void ask(struct pager *p)
{
    put(p, " --More-- ");
    int key = p->key(p->u);
    put(p, "\b\b\b\b\b\b\b\b\b\b          \b\b\b\b\b\b\b\b\b\b");
    if (key == ' ')
        p->shown = 0;
    else if (key == '\r' || key == '\n')
        p->shown = p->length > 1 ? p->length - 2 : 0;
    else if (key == '/' || key == '+' || key == '-')
        filter_ask(p, (char)key);
    else
        p->quit = true;
}

static void filtered(struct pager *p, const char *text, size_t n);

/* One line or a piece of one. Stops in front of the line that would scroll the first one away, not behind the last
 * that fits. */
static void show(struct pager *p, const char *text, size_t n)
{
    if (p->length && p->shown + 1 >= p->length && p->column == 0) {
        ask(p);
        if (p->quit)
            return;
        if (p->filter && !p->line.len) { /* typed just now: this line is the first it judges */
            filtered(p, text, n);
            return;
        }
    }
    p->put(p->u, text, n);
    bool whole = text[n - 1] == '\n';
    p->column += (unsigned)(n - whole);
    if (!whole)
        return;
    p->shown += 1 + (p->width && p->column > p->width ? (p->column - 1) / p->width : 0);
    p->column = 0;
}

static bool wanted(struct pager *p, const char *line)
{
    bool hit = regexec(&p->re, line, 0, NULL, 0) == 0;
    if (p->filter == '/' && hit)
        filter_off(p); /* from the first match on: everything */
    return p->filter == '-' ? !hit : hit;
}

static void filtered(struct pager *p, const char *text, size_t n)
{
    strbuf_write(&p->line, text, n);
    if (text[n - 1] != '\n')
        return;
    p->line.s[p->line.len - 1] = '\0';
    if (wanted(p, p->line.s)) {
        p->line.s[p->line.len - 1] = '\n';
        show(p, p->line.s, p->line.len);
    }
    p->line.len = 0;
}

void pager_write(struct pager *p, const char *text, size_t len)
{
    while (len && !p->quit) {
        const char *nl = memchr(text, '\n', len);
        size_t n = nl ? (size_t)(nl - text) + 1 : len;
        if (p->filter)
            filtered(p, text, n);
        else
            show(p, text, n);
        text += n;
        len -= n;
    }
}

void pager_end(struct pager *p)
{
    filter_off(p);
    strbuf_free(&p->line);
}
