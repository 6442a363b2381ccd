/* Reading .gram files: lines, continuation, directives into struct command, mode and fragment. Called by gramc's main,
 * once per file. */
#include "parser/gramc.h"
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct line {
    struct where at;
    char *text;
    bool indented;
};

/* Cuts the next blank-separated word; a word in double quotes loses them. NULL at the end. */
static char *word(char **p)
{
    char *s = *p;
    while (isspace((unsigned char)*s))
        s++;
    if (!*s) {
        *p = s;
        return NULL;
    }
    char *e;
    if (*s == '"') {
        e = ++s;
        while (*e && *e != '"')
            e++;
    } else {
        e = s;
        while (*e && !isspace((unsigned char)*e))
            e++;
    }
    *p = *e ? e + 1 : e;
    return gramc_dup(s, (size_t)(e - s));
}

static char *rest(char **p)
{
    char *s = *p;
    while (isspace((unsigned char)*s))
        s++;
    *p = s + strlen(s);
    return gramc_dup(s, strlen(s));
}

static void add_help(struct gram *g, struct source *src, struct where at, char *p)
{
    char *token = word(&p), *text = word(&p);
    if (!token || !text || !*text)
        gramc_error(g, at, "help wants a token and a text in double quotes");
    else if (src->n_help == MAX_HELP)
        gramc_error(g, at, "too many help texts");
    else
        src->help[src->n_help++] = (struct help){token, text};
}

static unsigned words(struct gram *g, struct where at, char *p, char **out, unsigned max)
{
    unsigned n = 0;
    for (char *w; (w = word(&p));) {
        if (n == max) {
            gramc_error(g, at, "at most %u words here", max);
            break;
        }
        out[n++] = w;
    }
    return n;
}

static bool number(struct gram *g, struct where at, const char *w, unsigned *out)
{
    char *end;
    unsigned long v = w ? strtoul(w, &end, 10) : 0;
    if (!w || *end || v > 1000000) {
        gramc_error(g, at, "a number is expected here");
        return false;
    }
    *out = (unsigned)v;
    return true;
}

static void mode_directive(struct gram *g, struct mode *m, struct where at, const char *key, char *p)
{
    if (!strcmp(key, "prompt"))
        m->prompt = word(&p);
    else if (!strcmp(key, "parent"))
        m->parent = word(&p);
    else if (!strcmp(key, "title"))
        m->title = word(&p);
    else if (!strcmp(key, "exit"))
        m->exit = word(&p);
    else if (!strcmp(key, "closing"))
        m->closing = word(&p);
    else
        gramc_error(g, at, "unknown directive '%s' in a mode", key);
}

static void flag_directive(struct gram *g, struct command *c, struct where at, const char *key)
{
    static const struct {
        const char *key;
        unsigned flag;
    } flags[] = {{"action", F_ACTION},   {"noeffect", F_NOEFFECT}, {"multi", F_MULTI},   {"nono", F_NONO},
                 {"always", F_ALWAYS},   {"ordered", F_ORDERED},   {"hidden", F_HIDDEN}, {"json", F_JSON},
                 {"compact", F_COMPACT}, {"typed", F_TYPED},       {"rare", F_RARE},     {"kept", F_NOEFFECT | F_KEPT}};
    for (unsigned i = 0; i < sizeof flags / sizeof *flags; i++)
        if (!strcmp(key, flags[i].key)) {
            c->flags |= flags[i].flag;
            return;
        }
    gramc_error(g, at, "unknown directive '%s'", key);
}

static void rank_directive(struct gram *g, struct command *c, struct where at, char *p)
{
    number(g, at, word(&p), &c->rank);
    char *by = word(&p);
    if (by && !strcmp(by, "by"))
        c->by = gramc_ident(word(&p));
    else if (by)
        gramc_error(g, at, "rank N [by KEY]");
}

static void command_directive(struct gram *g, struct command *c, struct where at, const char *key, char *p)
{
    if (!strcmp(key, "mode"))
        c->n_mode += words(g, at, p, c->mode + c->n_mode, MAX_MODES - c->n_mode);
    else if (!strcmp(key, "syntax")) {
        if (c->src.syntax)
            gramc_error(g, at, "a second syntax");
        c->src.syntax = rest(&p);
    } else if (!strcmp(key, "help"))
        add_help(g, &c->src, at, p);
    else if (!strcmp(key, "handler"))
        c->handler = word(&p);
    else if (!strcmp(key, "guard"))
        c->guard = word(&p);
    else if (!strcmp(key, "opens")) {
        c->opens = word(&p);
        c->opens_sub = word(&p);
    } else if (!strcmp(key, "key"))
        c->n_key += words(g, at, p, c->key + c->n_key, MAX_KEYS - c->n_key);
    else if (!strcmp(key, "adopts"))
        c->n_adopts = words(g, at, p, c->adopts, 8);
    else if (!strcmp(key, "no"))
        c->no_syntax = rest(&p);
    else if (!strcmp(key, "negated"))
        c->flags |= F_NEGATED;
    else if (!strcmp(key, "default"))
        c->def = word(&p);
    else if (!strcmp(key, "rank"))
        rank_directive(g, c, at, p);
    else if (!strcmp(key, "numbered")) {
        c->flat = word(&p);
        number(g, at, word(&p), &c->flat_rank);
    } else if (!strcmp(key, "privilege"))
        number(g, at, word(&p), &c->privilege);
    else if (!strcmp(key, "source"))
        c->from = word(&p);
    else if (!strcmp(key, "tells"))
        c->tells = word(&p);
    else if (!strcmp(key, "differs"))
        c->differs = word(&p);
    else
        flag_directive(g, c, at, key);
}

/* The next logical line without comment; NULL at the end of the file. Empty lines are skipped. */
static bool next_line(FILE *f, const char *path, unsigned *lineno, struct line *out)
{
    char *buf = NULL, *all = NULL;
    size_t cap = 0, len = 0;
    ssize_t n;
    while ((n = getline(&buf, &cap, f)) > 0) {
        ++*lineno;
        bool quoted = false;
        for (ssize_t i = 0; i < n; i++) {
            if (buf[i] == '"')
                quoted = !quoted;
            if (buf[i] == '#' && !quoted && (i == 0 || isspace((unsigned char)buf[i - 1]))) {
                buf[i] = 0;
                break;
            }
        }
        n = (ssize_t)strlen(buf);
        while (n && isspace((unsigned char)buf[n - 1]))
            buf[--n] = 0;
        if (!n && !all)
            continue;
        bool more = n && buf[n - 1] == '\\';
        if (more)
            buf[n - 1] = ' ';
        if (!all)
            out->at = (struct where){path, *lineno};
        char *grown = realloc(all, len + (size_t)n + 1);
        if (!grown)
            abort();
        all = grown;
        memcpy(all + len, buf, (size_t)n + 1);
        len += (size_t)n;
        if (!more)
            break;
    }
    free(buf);
    if (!all)
        return false;
    out->text = gramc_dup(all, len);
    out->indented = isspace((unsigned char)*all);
    free(all);
    return true;
}

static struct command *new_command(struct gram *g, struct where at, char *name)
{
    for (unsigned i = 0; i < g->n_cmd; i++)
        if (!strcmp(g->cmd[i]->src.name, name))
            gramc_error(g, at, "command %s is declared twice (%s:%u)", name, g->cmd[i]->src.at.file,
                        g->cmd[i]->src.at.line);
    struct command *c = gramc_alloc(sizeof *c);
    c->src.at = at;
    c->src.name = name;
    c->ident = gramc_ident(name);
    c->privilege = 15;
    if (g->n_cmd == MAX_CMDS) {
        gramc_error(g, at, "too many commands");
        return c;
    }
    c->index = g->n_cmd;
    g->cmd[g->n_cmd++] = c;
    return c;
}

void gramc_read(struct gram *g, const char *path, FILE *f)
{
    struct command *c = NULL;
    struct mode *m = NULL;
    struct source *frag = NULL;
    struct line l;
    unsigned lineno = 0;
    while (next_line(f, path, &lineno, &l)) {
        char *p = l.text, *key = word(&p);
        if (!key)
            continue;
        if (l.indented) {
            if (c)
                command_directive(g, c, l.at, key, p);
            else if (m)
                mode_directive(g, m, l.at, key, p);
            else if (frag && !strcmp(key, "syntax"))
                frag->syntax = rest(&p);
            else if (frag && !strcmp(key, "help"))
                add_help(g, frag, l.at, p);
            else
                gramc_error(g, l.at, "'%s' belongs to no declaration", key);
            continue;
        }
        c = NULL, m = NULL, frag = NULL;
        char *name = word(&p);
        if (!name) {
            gramc_error(g, l.at, "%s without a name", key);
        } else if (!strcmp(key, "command")) {
            c = new_command(g, l.at, name);
        } else if (!strcmp(key, "mode") && g->n_mode < MAX_MODES) {
            if (gramc_mode_find(g, name) >= 0)
                gramc_error(g, l.at, "mode %s is declared twice", name);
            m = &g->mode[g->n_mode++];
            m->at = l.at;
            m->name = name;
        } else if (!strcmp(key, "fragment") && g->n_frag < MAX_FRAGS) {
            frag = gramc_alloc(sizeof *frag);
            frag->at = l.at;
            frag->name = name;
            g->frag[g->n_frag++] = frag;
        } else {
            gramc_error(g, l.at, "command, mode or fragment is expected, not '%s'", key);
        }
    }
}
