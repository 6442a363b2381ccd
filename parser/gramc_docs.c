/* The command reference from the grammar (`make docs`): one page per feature, an index by mode, and a page of what
 * differs from IOS. Called by gramc's main with -d. */
#include "parser/gramc.h"
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* Text that Markdown would take for something else. */
static void text(FILE *o, const char *s)
{
    for (; s && *s; s++) {
        if (strchr("|<>*_`", *s))
            fputc('\\', o);
        fputc(*s, o);
    }
}

static void upper(FILE *o, const char *s)
{
    for (; *s; s++)
        fputc(*s == '_' ? '-' : toupper((unsigned char)*s), o);
}

static const char *shown_name(const struct elem *e)
{
    return e->kind == E_KW ? e->text : e->raw ? e->raw : e->name;
}

/* Would the two be printed alike? */
static bool same(const struct elem *a, const struct elem *b)
{
    if (a->kind != b->kind)
        return false;
    if (a->kind != E_GROUP)
        return !strcmp(shown_name(a), shown_name(b));
    if (a->optional != b->optional || a->n_alt != b->n_alt)
        return false;
    for (unsigned i = 0; i < a->n_alt; i++) {
        if (a->alt[i]->n != b->alt[i]->n)
            return false;
        for (unsigned k = 0; k < a->alt[i]->n; k++)
            if (!same(a->alt[i]->e[k], b->alt[i]->e[k]))
                return false;
    }
    return true;
}

/* `[ @option(a) [ @option(b) [ ... ] ] ]`: the same options again and again, in any order. */
static bool repeats(const struct elem *e)
{
    if (!e->optional || e->n_alt != 1 || e->alt[0]->n != 2)
        return false;
    const struct elem *inner = e->alt[0]->e[1];
    return inner->kind == E_GROUP && inner->optional && inner->n_alt == 1 && same(e->alt[0]->e[0], inner->alt[0]->e[0]);
}

static void seq_syntax(FILE *o, const struct seq *s);

static void elem_syntax(FILE *o, const struct elem *e)
{
    switch (e->kind) {
    case E_KW:
        fputs(e->text, o);
        break;
    case E_ARG:
        upper(o, e->raw ? e->raw : e->name);
        if (e->rep)
            fputs(" ...", o);
        break;
    case E_GROUP:
        if (repeats(e)) {
            fputs("[", o);
            elem_syntax(o, e->alt[0]->e[0]);
            fputs("] ...", o);
            break;
        }
        fputs(e->optional ? "[" : "{ ", o);
        for (unsigned i = 0; i < e->n_alt; i++) {
            if (i)
                fputs(" | ", o);
            seq_syntax(o, e->alt[i]);
        }
        fputs(e->optional ? "]" : " }", o);
        break;
    }
}

static void seq_syntax(FILE *o, const struct seq *s)
{
    for (unsigned i = 0; i < s->n; i++) {
        if (i)
            fputc(' ', o);
        elem_syntax(o, s->e[i]);
    }
}

static void value_words(FILE *o, const struct elem *e)
{
    static const char *const words[T_TYPES] = {"",
                                               "a number",
                                               "A.B.C.D",
                                               "A.B.C.D (mask)",
                                               "A.B.C.D (wildcard)",
                                               "A.B.C.D/nn",
                                               "H.H.H",
                                               "an interface name",
                                               "interfaces (gi0/1 - 3 , lo1)",
                                               "one word",
                                               "the rest of the line"};
    if (e->names)
        fprintf(o, "a name (%s)", e->names);
    else if (e->type == T_INT)
        fprintf(o, "%u to %u", e->lo, e->hi);
    else if ((e->type == T_WORD || e->type == T_LINE) && e->has_range)
        fprintf(o, "%s, up to %u characters", words[e->type], e->hi);
    else
        fputs(words[e->type], o);
    if (e->rep)
        fprintf(o, ", up to %u", e->rep);
    if (e->def) {
        fputs("; default ", o);
        text(o, e->def);
    }
}

struct seen {
    const char *name[MAX_HELP];
    unsigned n;
};

static void rows(FILE *o, const struct seq *s, struct seen *seen)
{
    for (unsigned i = 0; i < s->n; i++) {
        const struct elem *e = s->e[i];
        if (e->kind == E_GROUP) {
            for (unsigned k = 0; k < e->n_alt; k++)
                rows(o, e->alt[k], seen);
            continue;
        }
        const char *name = shown_name(e);
        bool again = false;
        for (unsigned k = 0; k < seen->n; k++)
            again = again || !strcmp(seen->name[k], name);
        if (again || seen->n == MAX_HELP)
            continue;
        seen->name[seen->n++] = name;
        fputs("| `", o);
        if (e->kind == E_KW)
            fputs(name, o);
        else
            upper(o, name);
        fputs("` | ", o);
        if (e->kind == E_ARG)
            value_words(o, e);
        fputs(" | ", o);
        text(o, e->help);
        fputs(" |\n", o);
    }
}

static bool is_exec(const struct command *c)
{
    return c->n_mode && !strcmp(c->mode[0], "exec");
}

static bool is_everywhere(const struct gram *g, const struct command *c)
{
    return c->n_mode + 2 >= g->n_mode;
}

static void facts(const struct gram *g, FILE *o, const struct command *c)
{
    fputs("- Mode: ", o);
    if (is_everywhere(g, c))
        fputs("every configuration mode", o);
    for (unsigned i = 0; i < c->n_mode && !is_everywhere(g, c); i++) {
        const struct mode *m = &g->mode[gramc_mode_find(g, c->mode[i])];
        fprintf(o, "%s%s", i ? ", " : "",
                i || strcmp(m->name, "exec") ? ""
                : c->privilege < 15          ? "user exec"
                                             : "privileged exec");
        if (strcmp(m->name, "exec") != 0)
            fprintf(o, "`%s`", m->prompt);
    }
    fputc('\n', o);
    if (c->opens)
        fprintf(o, "- Opens `%s`\n", g->mode[gramc_mode_find(g, c->opens)].prompt);
    if (c->no_seq) {
        fputs("- Removed by: `no ", o);
        seq_syntax(o, c->no_seq);
        fputs("`\n", o);
    } else if (!is_exec(c) && (c->flags & F_NONO)) {
        fputs("- There is no `no` form.\n", o);
    }
    if (c->flags & F_NEGATED)
        fputs("- The `no` form is stored and shown.\n", o);
    if (c->def)
        fprintf(o, "- Default: `%s`%s\n", c->def,
                c->flags & F_ALWAYS  ? ", always shown"
                : c->flags & F_TYPED ? ", shown once typed"
                                     : "");
    if ((c->flags & F_NOEFFECT) && !(c->flags & (F_ACTION | F_KEPT)) && !c->opens)
        fputs("- Stored and shown without effect.\n", o);
    if (c->tells) {
        fputs("- Says when typed: ", o);
        text(o, c->tells);
        fputc('\n', o);
    }
    if (c->differs) {
        fputs("- **Differs from IOS:** ", o);
        text(o, c->differs);
        fputc('\n', o);
    }
}

/* The comment that a grammar file begins with. */
static void introduction(FILE *o, const char *path)
{
    FILE *f = fopen(path, "r");
    char line[512];
    while (f && fgets(line, sizeof line, f) && line[0] == '#')
        text(o, line + 1 + (line[1] == ' '));
    if (f)
        fclose(f);
    fputc('\n', o);
}

static void page(struct gram *g, const char *dir, const struct file *file)
{
    char *s = NULL, name[300];
    size_t len = 0;
    FILE *o = open_memstream(&s, &len);
    if (!o)
        abort();
    fprintf(o, "# %s\n\n", file->feature);
    introduction(o, file->path);
    for (unsigned i = 0; i < g->n_cmd; i++) {
        const struct command *c = g->cmd[i];
        struct seen seen = {{NULL}, 0};
        if (strcmp(c->src.at.file, file->path) != 0 || (c->flags & F_HIDDEN))
            continue;
        fprintf(o, "## %s\n\n    ", c->src.name);
        seq_syntax(o, c->seq);
        fputs("\n\n", o);
        facts(g, o, c);
        fputs("\n| | | |\n|---|---|---|\n", o);
        rows(o, c->seq, &seen);
        fputc('\n', o);
    }
    fclose(o);
    snprintf(name, sizeof name, "%s.md", file->feature);
    gramc_write(g, dir, name, s);
    free(s);
}

static void link_to(FILE *o, const struct gram *g, const struct command *c)
{
    for (unsigned i = 0; i < g->n_file; i++)
        if (!strcmp(g->file[i].path, c->src.at.file))
            fprintf(o, "%s.md#%s", g->file[i].feature, c->src.name);
}

static int by_syntax(const void *a, const void *b)
{
    const struct command *x = *(struct command *const *)a, *y = *(struct command *const *)b;
    int d = strcmp(x->src.syntax, y->src.syntax);
    return d ? d : strcmp(x->src.name, y->src.name);
}

static void list(struct gram *g, FILE *o, struct command *const *sorted, const struct mode *m)
{
    fprintf(o, "\n## %s\n\n", m->prompt[0] ? m->prompt : "Exec");
    for (unsigned i = 0; i < g->n_cmd; i++) {
        const struct command *c = sorted[i];
        bool here = false;
        for (unsigned k = 0; k < c->n_mode; k++)
            here = here || !strcmp(c->mode[k], m->name);
        if (!here || (c->flags & F_HIDDEN) || (is_everywhere(g, c) && strcmp(m->name, "config") != 0))
            continue;
        fputs("- [`", o);
        seq_syntax(o, c->seq);
        fputs("`](", o);
        link_to(o, g, c);
        fputs(")\n", o);
    }
}

static void differences(struct gram *g, const char *dir)
{
    char *s = NULL;
    size_t len = 0;
    FILE *o = open_memstream(&s, &len);
    if (!o)
        abort();
    fputs("# What differs from IOS\n\nCommand by command; what differs as a whole stands in the README.\n\n", o);
    for (unsigned i = 0; i < g->n_cmd; i++) {
        const struct command *c = g->cmd[i];
        if (!c->differs && !c->tells)
            continue;
        fputs(c->flags & F_HIDDEN ? "- `" : "- [`", o);
        seq_syntax(o, c->seq);
        if (c->flags & F_HIDDEN) { /* it has no heading */
            fputs("`: ", o);
        } else {
            fputs("`](", o);
            link_to(o, g, c);
            fputs("): ", o);
        }
        text(o, c->differs ? c->differs : c->tells);
        fputc('\n', o);
    }
    fclose(o);
    gramc_write(g, dir, "differences.md", s);
    free(s);
}

void gramc_docs(struct gram *g, const char *dir)
{
    char *s = NULL;
    size_t len = 0;
    FILE *o = open_memstream(&s, &len);
    struct command **sorted = gramc_alloc((g->n_cmd + 1) * sizeof *sorted);
    if (!o)
        abort();
    memcpy(sorted, g->cmd, g->n_cmd * sizeof *sorted);
    qsort(sorted, g->n_cmd, sizeof *sorted, by_syntax);
    fputs("# Command reference\n\nMade by `make docs` from the grammar. Words in small letters are typed, words in "
          "capitals "
          "are values,\n`[ ]` may be left out, `{ | }` is a choice. What differs from IOS: "
          "[differences](differences.md).\n\n"
          "Features:",
          o);
    for (unsigned i = 0; i < g->n_file; i++)
        fprintf(o, " [%s](%s.md)", g->file[i].feature, g->file[i].feature);
    fputc('\n', o);
    for (unsigned m = 0; m < g->n_mode; m++)
        list(g, o, sorted, &g->mode[m]);
    fclose(o);
    gramc_write(g, dir, "README.md", s);
    free(s);
    for (unsigned i = 0; i < g->n_file; i++)
        page(g, dir, &g->file[i]);
    differences(g, dir);
}
