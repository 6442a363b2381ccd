/* From a command's syntax text to its element tree, the members of its args struct and the node graph that the matcher
 * walks. Called once per command, after all files are read (fragments may stand anywhere). */
#include "parser/gramc.h"
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

struct ctx {
    struct gram *g;
    struct command *c;
    struct where at;
    const char *p;
    const char *prefix;        /* "" or "src_" inside a fragment */
    const struct source *frag; /* NULL outside */
    unsigned depth, group;     /* fragment depth; inside how many groups */
};

static struct seq *parse_seq(struct ctx *x);

static void skip(struct ctx *x)
{
    while (isspace((unsigned char)*x->p))
        x->p++;
}

static bool is_word(char ch)
{
    return isalnum((unsigned char)ch) || ch == '-' || ch == '_' || ch == '.' || ch == '/' || ch == '*';
}

static char *take_word(struct ctx *x)
{
    const char *s = x->p;
    while (is_word(*x->p) || (*x->p == '+' && x->p > s && !isdigit((unsigned char)x->p[1]))) /* tacacs+ */
        x->p++;
    if (*x->p == ':' && x->p > s && (isspace((unsigned char)x->p[1]) || x->p[1] == '=')) /* flash: */
        x->p++;
    return gramc_dup(s, (size_t)(x->p - s));
}

static char *prefixed(const struct ctx *x, const char *raw)
{
    size_t n = strlen(x->prefix) + strlen(raw) + 1;
    char *s = gramc_alloc(n);
    snprintf(s, n, "%s%s", x->prefix, raw);
    return gramc_ident(s);
}

/* Is a, its other characters turned into underscores, the same as b so treated? */
static bool same_ident(const char *a, const char *b)
{
    for (; *a && *b; a++, b++) {
        bool plain = isalnum((unsigned char)*a), other = isalnum((unsigned char)*b);
        if ((plain || *a == '_' ? *a : '_') != (other || *b == '_' ? *b : '_'))
            return false;
    }
    return *a == *b;
}

static const char *find_help(const struct source *src, const char *token)
{
    if (!src || !token)
        return NULL;
    for (unsigned i = 0; i < src->n_help; i++)
        if (same_ident(src->help[i].token, token))
            return src->help[i].text;
    return NULL;
}

static void set_help(struct ctx *x, struct elem *e)
{
    const char *h = NULL;
    const char *tokens[] = {e->name, e->raw, e->text};
    h = find_help(&x->c->src, e->name);
    for (unsigned i = 1; i < 3 && !h; i++) {
        h = find_help(x->frag, tokens[i]);
        if (!h)
            h = find_help(&x->c->src, tokens[i]);
    }
    if (!h) {
        gramc_error(x->g, x->c->src.at, "command %s: no help for %s '%s'", x->c->src.name,
                    e->kind == E_KW ? "keyword" : "value", e->kind == E_KW ? e->text : e->name);
        h = "";
    }
    e->help = gramc_dup(h, strlen(h));
}

static struct elem *parse_keyword(struct ctx *x)
{
    struct elem *e = gramc_alloc(sizeof *e);
    e->kind = E_KW;
    e->type = T_KW;
    e->text = take_word(x);
    if (*x->p == '~') {
        x->p++;
        e->old = take_word(x);
    }
    if (*x->p == '=') {
        x->p++;
        e->raw = take_word(x);
    } else {
        e->raw = gramc_dup(e->text, strlen(e->text));
    }
    e->name = prefixed(x, e->raw);
    e->flagged = x->group > 0;
    set_help(x, e);
    return e;
}

static bool parse_range(struct ctx *x, struct elem *e)
{
    char *end;
    unsigned long lo = strtoul(x->p, &end, 10);
    if (end == x->p || strncmp(end, "..", 2) != 0)
        return false;
    unsigned long hi = strtoul(end + 2, &end, 10);
    x->p = end;
    if (lo > hi || hi > UINT32_MAX)
        return false;
    e->lo = (uint32_t)lo, e->hi = (uint32_t)hi;
    e->has_range = true;
    return true;
}

static char *parse_value(struct ctx *x)
{
    skip(x);
    const char *s = x->p;
    if (*s == '"') {
        const char *e = strchr(s + 1, '"');
        if (!e)
            return NULL;
        x->p = e + 1;
        return gramc_dup(s + 1, (size_t)(e - s - 1));
    }
    while (*x->p && !isspace((unsigned char)*x->p) && *x->p != '>')
        x->p++;
    return gramc_dup(s, (size_t)(x->p - s));
}

static struct elem *parse_arg(struct ctx *x)
{
    static const char *const types[T_TYPES] = {"",    "int",    "ip",      "mask", "wildcard", "prefix",
                                               "mac", "ifname", "ifrange", "word", "line"};
    struct elem *e = gramc_alloc(sizeof *e);
    e->kind = E_ARG;
    x->p++;
    e->raw = take_word(x);
    e->name = prefixed(x, e->raw);
    if (*x->p == '+') {
        char *end;
        e->rep = (unsigned)strtoul(x->p + 1, &end, 10);
        x->p = end;
    }
    if (*x->p != ':' || !*e->raw) {
        gramc_error(x->g, x->at, "an argument is <name:type ...>");
        return e;
    }
    x->p++;
    char *type = take_word(x);
    for (unsigned t = 1; t < T_TYPES; t++)
        if (!strcmp(type, types[t]))
            e->type = (enum arg_type)t;
    if (!e->type)
        gramc_error(x->g, x->at, "argument %s: unknown type '%s'", e->raw, type);
    for (skip(x); *x->p && *x->p != '>'; skip(x)) {
        if (isdigit((unsigned char)*x->p)) {
            if (!parse_range(x, e)) {
                gramc_error(x->g, x->at, "argument %s: bad range", e->raw);
                return e;
            }
            continue;
        }
        char *w = take_word(x);
        if (!strcmp(w, "default"))
            e->def = parse_value(x);
        else if (!strcmp(w, "show"))
            e->show = parse_value(x);
        else if (!strcmp(w, "names"))
            e->names = gramc_ident(parse_value(x));
        else if (!strcmp(w, "hidden"))
            e->hidden = true;
        else if (!strcmp(w, "quoted"))
            e->quoted = true;
        else {
            gramc_error(x->g, x->at, "argument %s: unexpected '%s'", e->raw, *w ? w : x->p);
            return e;
        }
    }
    if (*x->p == '>')
        x->p++;
    if (e->type == T_INT && !e->has_range)
        gramc_error(x->g, x->at, "argument %s: an int wants a range A..B", e->raw);
    set_help(x, e);
    return e;
}

static struct elem *parse_group(struct ctx *x, bool optional)
{
    struct elem *e = gramc_alloc(sizeof *e);
    char close = optional ? ']' : '}';
    e->kind = E_GROUP;
    e->optional = optional;
    x->p++;
    x->group++;
    for (;;) {
        struct seq *s = parse_seq(x);
        if (!s->n)
            gramc_error(x->g, x->at, "an empty alternative");
        if (e->n_alt == MAX_ALT) {
            gramc_error(x->g, x->at, "too many alternatives");
            break;
        }
        e->alt[e->n_alt++] = s;
        skip(x);
        if (*x->p == '|') {
            x->p++;
            continue;
        }
        if (*x->p == close)
            x->p++;
        else
            gramc_error(x->g, x->at, "'%c' is missing at '%.20s'", close, x->p);
        break;
    }
    x->group--;
    if (optional && e->n_alt == 1 && e->alt[0]->n == 1 && e->alt[0]->e[0]->kind == E_ARG)
        e->alt[0]->e[0]->alone = true;
    return e;
}

static void parse_fragment(struct ctx *x, struct seq *out)
{
    x->p++;
    char *name = take_word(x), *prefix = NULL;
    if (*x->p == '(') {
        x->p++;
        prefix = take_word(x);
        if (*x->p == ')')
            x->p++;
    }
    for (unsigned i = 0; i < x->g->n_frag; i++) {
        struct source *f = x->g->frag[i];
        if (strcmp(f->name, name) != 0)
            continue;
        if (x->depth > 8 || !f->syntax) {
            gramc_error(x->g, x->at, "fragment %s has no syntax or contains itself", name);
            return;
        }
        size_t n = strlen(x->prefix) + (prefix ? strlen(prefix) : 0) + 2;
        char *full = gramc_alloc(n);
        snprintf(full, n, "%s%s%s", x->prefix, prefix ? prefix : "", prefix && *prefix ? "_" : "");
        struct ctx y = *x;
        y.p = f->syntax, y.at = f->at, y.prefix = full, y.frag = f, y.depth++;
        struct seq *s = parse_seq(&y);
        for (unsigned k = 0; k < s->n && out->n < MAX_SEQ; k++)
            out->e[out->n++] = s->e[k];
        return;
    }
    gramc_error(x->g, x->at, "unknown fragment '%s'", name);
}

static struct seq *parse_seq(struct ctx *x)
{
    struct seq *s = gramc_alloc(sizeof *s);
    for (skip(x); *x->p && !strchr("|]}", *x->p); skip(x)) {
        struct elem *e = NULL;
        if (*x->p == '@') {
            parse_fragment(x, s);
            continue;
        }
        if (*x->p == '[' || *x->p == '{')
            e = parse_group(x, *x->p == '[');
        else if (*x->p == '<')
            e = parse_arg(x);
        else if (is_word(*x->p))
            e = parse_keyword(x);
        if (!e || s->n == MAX_SEQ || x->g->errors > 200) {
            gramc_error(x->g, x->at, "cannot read the syntax at '%.20s'", x->p);
            x->p += strlen(x->p);
            break;
        }
        s->e[s->n++] = e;
    }
    return s;
}

static void add_member(struct gram *g, struct command *c, const struct elem *e)
{
    for (unsigned i = 0; i < c->n_member; i++) {
        struct member *m = &c->member[i];
        if (strcmp(m->name, e->name) != 0 || (m->type == T_KW) != (e->type == T_KW))
            continue;
        if (m->type != e->type || m->rep != e->rep)
            gramc_error(g, c->src.at, "command %s: '%s' stands for two different things (give one a label)",
                        c->src.name, e->name);
        if (!m->def)
            m->def = e->def;
        return;
    }
    if (c->n_member == MAX_MEMBERS) {
        gramc_error(g, c->src.at, "command %s: too many arguments", c->src.name);
        return;
    }
    c->member[c->n_member++] = (struct member){e->name, e->type, e->rep, e->def, e->lo, e->hi, e->hidden};
}

static void members(struct gram *g, struct command *c, const struct seq *s)
{
    for (unsigned i = 0; i < s->n; i++) {
        const struct elem *e = s->e[i];
        if (e->kind == E_GROUP)
            for (unsigned a = 0; a < e->n_alt; a++)
                members(g, c, e->alt[a]);
        else if (e->kind == E_ARG || e->flagged)
            add_member(g, c, e);
    }
}

static unsigned member_of(const struct command *c, const struct elem *e)
{
    for (unsigned i = 0; i < c->n_member; i++)
        if (!strcmp(c->member[i].name, e->name) && (e->kind == E_ARG || e->flagged) && c->member[i].type == e->type)
            return i;
    return NONE;
}

struct graph {
    struct gram *g;
    struct command *c;
    struct node *node;
    unsigned n;
};

static unsigned add_node(struct graph *x, struct node n)
{
    if (x->n == MAX_NODES) {
        if (!x->g->too_large)
            gramc_error(x->g, x->c->src.at, "command %s: syntax too large", x->c->src.name);
        x->g->too_large = true;
        return MAX_NODES - 1;
    }
    x->node[x->n] = n;
    return x->n++;
}

/* Builds the sequence from its end; returns the entry. */
static unsigned build(struct graph *x, const struct seq *s, unsigned next)
{
    for (unsigned i = s->n; i-- > 0;) {
        const struct elem *e = s->e[i];
        if (e->kind != E_GROUP) {
            next = add_node(x, (struct node){e->kind == E_KW ? N_KW : N_ARG, next, NONE, e, member_of(x->c, e)});
            continue;
        }
        unsigned after = next, chain = e->optional ? after : NONE;
        for (unsigned a = e->n_alt; a-- > 0;) {
            unsigned entry = build(x, e->alt[a], after);
            chain = chain == NONE ? entry : add_node(x, (struct node){N_SPLIT, entry, chain, NULL, NONE});
        }
        next = chain;
    }
    return next;
}

static void graph_of(struct gram *g, struct command *c, const struct seq *s, struct node **out, unsigned *n,
                     unsigned *start)
{
    struct graph x = {g, c, gramc_alloc(MAX_NODES * sizeof(struct node)), 0};
    unsigned end = add_node(&x, (struct node){N_END, NONE, NONE, NULL, NONE});
    *start = build(&x, s, end);
    *n = x.n;
    *out = x.node;
}

static void check_names(struct gram *g, struct command *c)
{
    static const char *const reserved[] = {"default",  "int",    "long",   "short",    "char",   "if",
                                           "else",     "for",    "while",  "do",       "switch", "case",
                                           "break",    "static", "auto",   "register", "extern", "void",
                                           "volatile", "signed", "return", "const",    "goto",   "inline"};
    for (unsigned i = 0; i < c->n_member; i++)
        for (unsigned k = 0; k < sizeof reserved / sizeof *reserved; k++)
            if (c->member[i].type != T_KW && !strcmp(c->member[i].name, reserved[k]))
                gramc_error(g, c->src.at, "command %s: '%s' is a word of C, name the value otherwise", c->src.name,
                            reserved[k]);
    for (unsigned i = 0; i < c->n_key; i++) {
        char *id = gramc_ident(c->key[i]);
        bool found = false;
        for (unsigned k = 0; k < c->n_member; k++)
            found = found || !strcmp(c->member[k].name, id);
        if (!found)
            gramc_error(g, c->src.at, "command %s: key '%s' is no argument and no keyword inside a group", c->src.name,
                        c->key[i]);
        c->key[i] = id;
    }
}

void gramc_expand(struct gram *g, struct command *c)
{
    if (!c->src.syntax) {
        gramc_error(g, c->src.at, "command %s has no syntax", c->src.name);
        return;
    }
    struct ctx x = {g, c, c->src.at, c->src.syntax, "", NULL, 0, 0};
    c->seq = parse_seq(&x);
    if (*x.p)
        gramc_error(g, c->src.at, "command %s: '%c' closes nothing", c->src.name, *x.p);
    if (!c->seq->n || c->seq->e[0]->kind == E_GROUP)
        if (!c->seq->n)
            gramc_error(g, c->src.at, "command %s: empty syntax", c->src.name);
    members(g, c, c->seq);
    if (c->no_syntax) {
        x = (struct ctx){g, c, c->src.at, c->no_syntax, "", NULL, 0, 0};
        skip(&x);
        if (!strncmp(x.p, "no ", 3))
            x.p += 3;
        c->no_seq = parse_seq(&x);
        members(g, c, c->no_seq);
    }
    check_names(g, c);
    graph_of(g, c, c->seq, &c->node, &c->n_node, &c->start);
    if (c->no_seq)
        graph_of(g, c, c->no_seq, &c->no_node, &c->n_no_node, &c->no_start);
    if (c->n_mode && !strcmp(c->mode[0], "exec") && c->seq->n && c->seq->e[0]->kind == E_KW &&
        !strcmp(c->seq->e[0]->text, "debug"))
        c->flags |= F_DEBUG;
}
