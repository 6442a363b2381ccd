/* Two configurations as text, compared block by block (show archive config differences). Called by shell_replace.c. */
#include "parser/cfg_replace.h"
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct text_line {
    char *s; /* without indentation */
    unsigned depth;
    int parent; /* -1: global */
    bool paired;
    uint32_t hash;
};
struct text {
    struct text_line *v;
    unsigned n, cap;
};

/* What `show running-config` prints around the configuration, and blank lines and comments. */
static bool no_command(const char *s, size_t len)
{
    static const char *const heads[] = {"!", "Building configuration...", "Current configuration : ", "Using "};
    for (unsigned i = 0; i < sizeof heads / sizeof *heads; i++)
        if (!strncmp(s, heads[i], strlen(heads[i])))
            return true;
    return !len || (len == 3 && !strncmp(s, "end", 3));
}

static void text_read(struct text *t, const char *s, bool lower)
{
    int stack[16];
    memset(t, 0, sizeof *t);
    for (unsigned d = 0; d < 16; d++)
        stack[d] = -1;
    while (*s) {
        size_t len = strcspn(s, "\r\n"), indent = strspn(s, " ");
        if (!no_command(s + indent, len - indent)) {
            if (t->n == t->cap) {
                t->cap = t->cap ? t->cap * 2 : 64;
                struct text_line *v = realloc(t->v, t->cap * sizeof *v);
                if (!v)
                    abort();
                t->v = v;
            }
            unsigned depth = indent < 15 ? (unsigned)indent : 15;
            int parent = -1;
            for (unsigned d = depth; d-- > 0 && parent < 0;)
                parent = stack[d];
            t->v[t->n] = (struct text_line){.s = strndup(s + indent, len - indent), .depth = depth, .parent = parent};
            if (!t->v[t->n].s)
                abort();
            uint32_t h = 2166136261u;
            for (const char *p = t->v[t->n].s; *p; p++)
                h = (h ^ (unsigned char)(lower ? tolower((unsigned char)*p) : *p)) * 16777619u;
            t->v[t->n].hash = h;
            stack[depth] = (int)t->n;
            for (unsigned d = depth + 1; d < 16; d++)
                stack[d] = -1;
            t->n++;
        }
        s += len;
        s += strspn(s, "\r\n");
    }
}

static void text_free(struct text *t)
{
    for (unsigned i = 0; i < t->n; i++)
        free(t->v[i].s);
    free(t->v);
}

/* The headers of the block that line i stands in, unless they were printed for the line before. */
static void headers(const struct text *t, int parent, struct strbuf *out, int *shown)
{
    if (parent < 0 || *shown == parent)
        return;
    headers(t, t->v[parent].parent, out, shown);
    strbuf_add(out, "%*s%s\n", (int)t->v[parent].depth, "", t->v[parent].s);
    *shown = parent;
}

/* Pairs the lines of block `a` in one text with those of block `b` in the other. */
static void pair(struct text *x, int a, struct text *y, int b, bool lower)
{
    for (unsigned i = (unsigned)(a + 1); i < x->n; i++) {
        if (x->v[i].parent != a)
            continue;
        for (unsigned k = (unsigned)(b + 1); k < y->n; k++)
            if (y->v[k].parent == b && !y->v[k].paired && x->v[i].hash == y->v[k].hash &&
                !(lower ? strcasecmp : strcmp)(x->v[i].s, y->v[k].s)) {
                x->v[i].paired = y->v[k].paired = true;
                pair(x, (int)i, y, (int)k, lower);
                break;
            }
    }
}

static bool unpaired(const struct text *t, const char *sign, struct strbuf *out)
{
    bool any = false;
    int shown = -1;
    for (unsigned i = 0; i < t->n; i++) {
        const struct text_line *l = &t->v[i];
        if (l->paired)
            continue;
        if (l->parent >= 0 && t->v[l->parent].paired)
            headers(t, l->parent, out, &shown);
        strbuf_add(out, "%*s%s%s\n", (int)l->depth, "", sign, l->s);
        any = true;
    }
    return any;
}

bool cfg_text_diff(const char *from, const char *to, struct strbuf *out)
{
    struct text a, b;
    text_read(&a, from, false);
    text_read(&b, to, false);
    pair(&a, -1, &b, -1, false);
    bool more = unpaired(&b, "+", out), less = unpaired(&a, "-", out);
    text_free(&a);
    text_free(&b);
    return more || less;
}

bool cfg_text_more(const char *from, const char *to, bool ignore_case, struct strbuf *out)
{
    struct text a, b;
    text_read(&a, from, ignore_case);
    text_read(&b, to, ignore_case);
    pair(&a, -1, &b, -1, ignore_case);
    bool more = unpaired(&b, "", out);
    text_free(&a);
    text_free(&b);
    return more;
}
