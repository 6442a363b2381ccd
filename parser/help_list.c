/* The list behind `?` and TAB (see help_int.h). Called by help.c. */
#include "parser/help_int.h"
#include <stdlib.h>
#include <string.h>

void help_add(struct help_list *l, const char *token, const char *help, bool keyword)
{
    for (unsigned i = 0; i < l->n; i++)
        if (!strcmp(l->v[i].token, token))
            return;
    if (l->n == l->cap) {
        l->cap = l->cap ? l->cap * 2 : 32;
        struct help_item *v = realloc(l->v, l->cap * sizeof *v);
        if (!v)
            abort();
        l->v = v;
    }
    l->v[l->n++] = (struct help_item){strdup(token), help, NULL, keyword};
}

void help_add_made(struct help_list *l, const char *token, char *help)
{
    unsigned n = l->n;
    help_add(l, token, help, false);
    if (l->n > n)
        l->v[n].made = help;
    else
        free(help);
}

void help_free(struct help_list *l)
{
    for (unsigned i = 0; i < l->n; i++) {
        free(l->v[i].token);
        free(l->v[i].made);
    }
    free(l->v);
}

static int compare(const void *a, const void *b)
{
    const struct help_item *x = a, *y = b;
    bool cx = !strcmp(x->token, "<cr>"), cy = !strcmp(y->token, "<cr>");
    return cx != cy ? cx - cy : strcmp(x->token, y->token);
}

void help_sort(struct help_list *l)
{
    if (l->n)
        qsort(l->v, l->n, sizeof *l->v, compare);
}

void help_columns(struct session *s, const struct help_list *l, struct strbuf *out)
{
    size_t w = 0, per;
    for (unsigned i = 0; i < l->n; i++)
        if (strlen(l->v[i].token) > w)
            w = strlen(l->v[i].token);
    w += 2;
    per = (s->width ? s->width : 512) / w;
    for (unsigned i = 0; i < l->n; i++) {
        strbuf_add(out, "%-*s", (int)w, l->v[i].token);
        if (i + 1 == l->n || (per && (i + 1) % per == 0))
            strbuf_write(out, "\n", 1);
    }
    strbuf_write(out, "\n", 1);
}

/* Descriptions wrap at 79 columns, in a narrow terminal before its last one, continued under the description (5.2). */
static void wrapped(const char *text, size_t indent, unsigned width, struct strbuf *out)
{
    size_t line = width && width < 80 ? width - 1 : 79, room = indent + 10 < line ? line - indent : 9;
    while (strlen(text) > room) {
        size_t cut = room;
        while (cut && text[cut] != ' ')
            cut--;
        if (!cut)
            cut = room;
        strbuf_add(out, "%.*s\n%*s", (int)cut, text, (int)indent, "");
        text += cut;
        while (*text == ' ')
            text++;
    }
    strbuf_add(out, "%s\n", text);
}

void help_described(const struct session *s, const struct help_list *l, struct strbuf *out)
{
    size_t w = 0;
    for (unsigned i = 0; i < l->n; i++)
        if (strlen(l->v[i].token) > w)
            w = strlen(l->v[i].token);
    for (unsigned i = 0; i < l->n; i++) {
        if (!*l->v[i].help) {
            strbuf_add(out, "  %s\n", l->v[i].token);
            continue;
        }
        strbuf_add(out, "  %-*s  ", (int)w, l->v[i].token);
        wrapped(l->v[i].help, w + 4, s->width, out);
    }
    strbuf_write(out, "\n", 1);
}
