/* Refuses ambiguous grammar: two commands of one mode that the same words complete. It plays the matcher's game on sets
 * of positions (a subset construction): from a set, every keyword and every kind of value leads to the next set. Called
 * by gramc's main after the other checks. */
#include "parser/gramc.h"
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { SET_MAX = 4096, SEEN_MAX = 1 << 16 };

struct pos {
    uint16_t cmd, node;
};
struct set {
    struct pos *p;
    unsigned n;
};
struct check {
    struct gram *g;
    const struct mode *mode;
    uint64_t seen[SEEN_MAX];
    unsigned n_seen, reports;
    char words[1024];
};

static const struct node *node_of(const struct gram *g, struct pos p)
{
    return &g->cmd[p.cmd]->node[p.node];
}

/* seen: the splits passed already; several ways lead to the same one when a group's alternatives may be empty. */
static void close_from(const struct gram *g, struct set *s, unsigned cmd, unsigned node, uint8_t *seen)
{
    const struct node *n = &g->cmd[cmd]->node[node];
    if (n->kind == N_SPLIT) {
        if (seen[node / 8] >> node % 8 & 1)
            return;
        seen[node / 8] |= (uint8_t)(1u << node % 8);
        close_from(g, s, cmd, n->next, seen);
        close_from(g, s, cmd, n->alt, seen);
        return;
    }
    for (unsigned i = 0; i < s->n; i++)
        if (s->p[i].cmd == cmd && s->p[i].node == node)
            return;
    if (s->n < SET_MAX)
        s->p[s->n++] = (struct pos){(uint16_t)cmd, (uint16_t)node};
}

static void close_over(const struct gram *g, struct set *s, unsigned cmd, unsigned node)
{
    uint8_t seen[MAX_NODES / 8] = {0};
    close_from(g, s, cmd, node, seen);
}

static bool known(struct check *x, const struct set *s)
{
    uint64_t h = 1469598103934665603u;
    for (unsigned i = 0; i < s->n; i++) {
        h = (h ^ s->p[i].cmd) * 1099511628211u;
        h = (h ^ s->p[i].node) * 1099511628211u;
    }
    unsigned slot = (unsigned)(h & (SEEN_MAX - 1));
    while (x->seen[slot]) {
        if (x->seen[slot] == h)
            return true;
        slot = (slot + 1) & (SEEN_MAX - 1);
    }
    if (x->n_seen > SEEN_MAX / 2)
        return true; /* enough: the grammar is larger than this check */
    x->seen[slot] = h;
    x->n_seen++;
    return false;
}

static unsigned type_class(enum arg_type t)
{
    return t == T_MASK || t == T_WILDCARD ? T_IP : t;
}

static void visit(struct check *x, const struct set *s);

/* Follows the members of s that `take` accepts, if there are any. */
static void follow(struct check *x, const struct set *s, const char *kw, int type, uint32_t value, const char *word)
{
    struct set next = {calloc(SET_MAX, sizeof(struct pos)), 0};
    if (!next.p)
        abort();
    for (unsigned i = 0; i < s->n; i++) {
        const struct node *n = node_of(x->g, s->p[i]);
        bool fits = false;
        if (n->kind == N_KW)
            fits = kw && !strcasecmp(n->e->text, kw);
        else if (n->kind == N_ARG && !kw && (int)type_class(n->e->type) == type)
            fits = type != T_INT || (value >= n->e->lo && value <= n->e->hi);
        if (!fits)
            continue;
        if (n->e->rep)
            close_over(x->g, &next, s->p[i].cmd, s->p[i].node);
        close_over(x->g, &next, s->p[i].cmd, n->next);
    }
    size_t len = strlen(x->words);
    snprintf(x->words + len, sizeof x->words - len, " %s", word);
    if (next.n && !known(x, &next))
        visit(x, &next);
    x->words[len] = 0;
    free(next.p);
}

static void ends(struct check *x, const struct set *s)
{
    const struct command *first = NULL;
    for (unsigned i = 0; i < s->n; i++) {
        if (node_of(x->g, s->p[i])->kind != N_END)
            continue;
        const struct command *c = x->g->cmd[s->p[i].cmd];
        if (!first) {
            first = c;
        } else if (x->reports++ < 5) {
            gramc_error(x->g, c->src.at, "ambiguous in mode %s: '%s' is both %s and %s (%s:%u)", x->mode->name,
                        x->words + 1, c->src.name, first->src.name, first->src.at.file, first->src.at.line);
        }
    }
}

static void visit(struct check *x, const struct set *s)
{
    static const char *const token[T_TYPES] = {"",      "N",      "A.B.C.D", "",     "",    "A.B.C.D/nn",
                                               "H.H.H", "IFNAME", "IFRANGE", "WORD", "LINE"};
    ends(x, s);
    for (unsigned i = 0; i < s->n; i++) {
        const struct node *n = node_of(x->g, s->p[i]);
        bool done = false;
        for (unsigned k = 0; k < i && !done; k++) {
            const struct node *m = node_of(x->g, s->p[k]);
            if (m->kind != n->kind)
                continue;
            if (n->kind == N_KW)
                done = !strcasecmp(m->e->text, n->e->text);
            else if (n->kind == N_ARG)
                done = type_class(m->e->type) == type_class(n->e->type) &&
                       (n->e->type != T_INT || (m->e->lo == n->e->lo && m->e->hi == n->e->hi));
        }
        if (done || n->kind == N_END)
            continue;
        if (n->kind == N_KW) {
            follow(x, s, n->e->text, -1, 0, n->e->text);
        } else if (n->e->type == T_INT) {
            follow(x, s, NULL, T_INT, n->e->lo, "N");
            follow(x, s, NULL, T_INT, n->e->hi, "N");
        } else {
            follow(x, s, NULL, (int)type_class(n->e->type), 0, token[type_class(n->e->type)]);
        }
    }
}

void gramc_ambiguous(struct gram *g)
{
    for (unsigned m = 0; m < g->n_mode; m++) {
        struct check *x = calloc(1, sizeof *x);
        struct set start = {calloc(SET_MAX, sizeof(struct pos)), 0};
        if (!x || !start.p)
            abort();
        x->g = g;
        x->mode = &g->mode[m];
        for (unsigned i = 0; i < g->n_cmd; i++)
            for (unsigned k = 0; k < g->cmd[i]->n_mode; k++)
                if (!strcmp(g->cmd[i]->mode[k], g->mode[m].name))
                    close_over(g, &start, i, g->cmd[i]->start);
        if (start.n)
            visit(x, &start);
        free(start.p);
        free(x);
    }
}
