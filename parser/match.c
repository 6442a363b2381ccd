/* The matcher (see match.h): a set of states, one per command still in the race, advanced token by token. */
#include "parser/match.h"
#include "parser/privilege.h"
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { MAX_STATES = 1 << 16 };

static void *grow(void *p, unsigned *cap, unsigned need, size_t size)
{
    if (need <= *cap)
        return p;
    unsigned n = *cap ? *cap : 64;
    while (n < need)
        n *= 2;
    void *q = realloc(p, n * size);
    if (!q)
        abort();
    *cap = n;
    return q;
}

void matcher_free(struct matcher *m)
{
    free(m->st);
    free(m->cand);
    free(m->hit);
    memset(m, 0, sizeof *m);
}

const char *match_alias(const char *word, size_t n)
{
    static const char *const aliases[][2] = {{"h", "help"}, {"lo", "logout"}, {"p", "ping"},     {"r", "resume"},
                                             {"s", "show"}, {"u", "undebug"}, {"un", "undebug"}, {"w", "where"}};
    for (unsigned i = 0; i < sizeof aliases / sizeof *aliases; i++)
        if (strlen(aliases[i][0]) == n && !strncmp(aliases[i][0], word, n))
            return aliases[i][1];
    return NULL;
}

static bool uses_no_form(const struct matcher *m, const struct gram_cmd *cmd)
{
    return (m->flags & MATCH_NO) && !(m->flags & MATCH_DEFAULT) && cmd->no_node;
}

const struct gram_node *match_node(const struct matcher *m, const struct gram_cmd *cmd, unsigned node)
{
    return (uses_no_form(m, cmd) ? cmd->no_node : cmd->node) + node;
}

size_t match_common(const char *word, size_t n, const char *kw, bool *whole)
{
    size_t i = 0;
    while (i < n && kw[i] && tolower((unsigned char)word[i]) == tolower((unsigned char)kw[i]))
        i++;
    *whole = i == n && n;
    return i;
}

/* Adds what is reachable from `node` without consuming a token. */
static void close_over(struct matcher *m, const struct gram_cmd *cmd, unsigned node, unsigned reps, int32_t parent,
                       unsigned since)
{
    const struct gram_node *n = match_node(m, cmd, node);
    while (n->kind == GN_SPLIT) {
        close_over(m, cmd, n->next, 0, parent, since);
        node = n->alt;
        n = match_node(m, cmd, node);
    }
    for (unsigned i = since; i < m->n_cand; i++)
        if (m->cand[i].cmd == cmd && m->cand[i].node == node)
            return;
    if (m->n_cand >= MAX_STATES)
        return;
    m->cand = grow(m->cand, &m->cap_cand, m->n_cand + 1, sizeof *m->cand);
    m->cand[m->n_cand++] = (struct mcand){cmd, (uint16_t)node, (uint16_t)reps, parent};
}

static bool usable(const struct matcher *m, const struct gram_cmd *cmd)
{
    if (cmd->privilege > m->privilege && !m->rules)
        return false;
    if (m->flags & MATCH_DEBUG)
        return cmd->flags & GF_DEBUG;
    if ((m->flags & MATCH_DEFAULT) && cmd->opens != GRAM_NONE) /* a block can always be emptied */
        return true;
    if (m->flags & MATCH_NO)
        return !(cmd->flags & GF_NONO) && (cmd->no_node || !(cmd->flags & GF_ACTION));
    return true;
}

/* Below level 15 where the configuration speaks of levels: nodes that are not for this one go. */
static void filter(struct matcher *m)
{
    unsigned kept = 0;
    for (unsigned i = 0; m->rules && i < m->n_cand; i++)
        if (privilege_allows(m, &m->cand[i]))
            m->cand[kept++] = m->cand[i];
    if (m->rules)
        m->n_cand = kept;
}

static void start(struct matcher *m, const struct gram_mode *mode)
{
    m->n_st = m->n_cand = m->front = 0;
    for (unsigned i = 0; i < mode->n_cmd; i++) {
        const struct gram_cmd *cmd = &gram_cmds[mode->cmd[i]];
        if (usable(m, cmd))
            close_over(m, cmd, uses_no_form(m, cmd) ? cmd->no_start : cmd->start, 0, -1, m->n_cand);
    }
    filter(m);
}

static void add_state(struct matcher *m, const struct mcand *c, size_t pos, size_t stop)
{
    if (m->n_st >= MAX_STATES)
        return;
    m->st = grow(m->st, &m->cap_st, m->n_st + 1, sizeof *m->st);
    m->st[m->n_st++] = (struct mstate){c->cmd, c->node, c->reps, c->parent, (uint32_t)pos, (uint32_t)stop};
}

/* What may follow the states of the last token. */
static void follow(struct matcher *m)
{
    m->n_cand = 0;
    unsigned since = 0;
    const struct gram_cmd *before = NULL;
    for (unsigned i = m->front; i < m->n_st; i++) {
        struct mstate s = m->st[i];
        const struct gram_node *n = match_node(m, s.cmd, s.node);
        if (s.cmd != before)
            since = m->n_cand;
        before = s.cmd;
        if (n->rep && s.reps + 1 < n->rep)
            close_over(m, s.cmd, s.node, s.reps + 1u, (int32_t)i, since);
        close_over(m, s.cmd, n->next, 0, (int32_t)i, since);
    }
    filter(m);
}

static void note(struct matcher *m, size_t pos)
{
    if (pos > m->pos)
        m->pos = pos;
}

static bool digits_only(const char *s)
{
    while (isdigit((unsigned char)*s))
        s++;
    return !*s;
}

/* A word of a rare or hidden command, or an old spelling (label `old`), means the other one where it is abbreviated. */
static bool gives_way(const struct matcher *m, const struct mcand *c)
{
    const struct gram_node *n = match_node(m, c->cmd, c->node);
    return (c->cmd->flags & (GF_RARE | GF_HIDDEN)) ||
           (n->member < c->cmd->n_member && !strcmp(c->cmd->member[n->member].name, "old"));
}

/* Several keywords fit: those that give way go, if one word is left. As keywords(). */
static unsigned common_words(struct matcher *m)
{
    const char *word = NULL;
    for (unsigned i = 0; i < m->n_hit; i++) {
        const char *text = match_node(m, m->hit[i].cmd, m->hit[i].node)->text;
        if (gives_way(m, &m->hit[i]))
            continue;
        if (word && strcasecmp(word, text) != 0)
            return 2;
        word = text;
    }
    if (!word)
        return 2;
    unsigned kept = 0;
    for (unsigned i = 0; i < m->n_hit; i++)
        if (!strcasecmp(word, match_node(m, m->hit[i].cmd, m->hit[i].node)->text))
            m->hit[kept++] = m->hit[i];
    m->n_hit = kept;
    return 1;
}

/* Keywords that fit word: an exact one wins, else all with that prefix. 0, 1, or 2 for several different ones. */
static unsigned keywords(struct matcher *m, const char *line, size_t pos, size_t end)
{
    unsigned kinds = 0;
    bool exact = false;
    const char *w = line + pos, *first = NULL;
    size_t n = end - pos;
    if ((m->flags & MATCH_PIPES) && !m->tokens && match_alias(w, n)) {
        w = match_alias(w, n);
        n = strlen(w);
    }
    m->n_hit = 0;
    for (unsigned i = 0; i < m->n_cand; i++) {
        const struct gram_node *k = match_node(m, m->cand[i].cmd, m->cand[i].node);
        if (k->kind != GN_KW)
            continue;
        bool whole, whole_old = false;
        size_t common = match_common(w, n, k->text, &whole);
        if (k->old) {
            size_t c = match_common(w, n, k->old, &whole_old);
            common = c > common ? c : common;
        }
        note(m, pos + common);
        bool is_exact = (whole && !k->text[n]) || (whole_old && !k->old[n]);
        if ((!whole && !whole_old) || (exact && !is_exact) || (!is_exact && digits_only(k->text)))
            continue;
        if (is_exact && !exact) {
            exact = true;
            m->n_hit = kinds = 0;
        }
        if (!kinds) {
            kinds = 1;
            first = k->text;
        } else if (strcasecmp(first, k->text) != 0) {
            kinds = 2;
        }
        m->hit = grow(m->hit, &m->cap_hit, m->n_hit + 1, sizeof *m->hit);
        m->hit[m->n_hit++] = m->cand[i];
    }
    return kinds > 1 ? common_words(m) : kinds;
}

static unsigned rank_of(unsigned type)
{
    return type == GT_MASK || type == GT_WILDCARD ? GT_IP : type;
}

/* Arguments that fit; only those of the first type in the order of enum gram_type stay. Returns the end of the
 * token(s); *why: with none, what an interface name lacks. */
static size_t arguments(struct matcher *m, const char *line, size_t pos, size_t end, size_t limit,
                        enum match_result *why)
{
    unsigned best = GT_LINE + 1;
    size_t stop_best = end;
    m->n_hit = 0;
    for (unsigned i = 0; i < m->n_cand; i++) {
        const struct gram_node *a = match_node(m, m->cand[i].cmd, m->cand[i].node);
        size_t stop, fail;
        if (a->kind != GN_ARG || rank_of(a->type) > best)
            continue;
        enum value_fit fit = value_accepts(a, line, pos, end, limit, &stop, &fail);
        if (fit != VALUE_FITS) {
            note(m, fail);
            if (fit != VALUE_NO)
                *why = fit == VALUE_SHORT ? MATCH_INCOMPLETE : MATCH_AMBIGUOUS;
            continue;
        }
        if (rank_of(a->type) < best) {
            best = rank_of(a->type);
            m->n_hit = 0;
            stop_best = stop;
        }
        m->hit = grow(m->hit, &m->cap_hit, m->n_hit + 1, sizeof *m->hit);
        m->hit[m->n_hit++] = m->cand[i];
    }
    return stop_best;
}

static bool blank(char c)
{
    return c == ' ' || c == '\t';
}

static const struct mcand *end_of(const struct matcher *m)
{
    for (unsigned i = 0; i < m->n_cand; i++)
        if (match_node(m, m->cand[i].cmd, m->cand[i].node)->kind == GN_END)
            return &m->cand[i];
    return NULL;
}

bool match_may_end(struct matcher *m)
{
    return end_of(m) != NULL;
}

static bool line_expected(const struct matcher *m)
{
    for (unsigned i = 0; i < m->n_cand; i++) {
        const struct gram_node *n = match_node(m, m->cand[i].cmd, m->cand[i].node);
        if (n->kind == GN_ARG && n->type == GT_LINE)
            return true;
    }
    return false;
}

/* Is there a way from node to the end that holds no key? */
static bool keys_done(const struct gram_cmd *cmd, unsigned node)
{
    const struct gram_node *n = &cmd->node[node];
    if (n->kind == GN_END)
        return true;
    if (n->kind == GN_SPLIT)
        return keys_done(cmd, n->next) || keys_done(cmd, n->alt);
    for (unsigned k = 0; k < cmd->n_key; k++)
        if (cmd->key[k] == n->member)
            return false;
    return keys_done(cmd, n->next);
}

/* `no` + a prefix that holds the keys and the fixed words in front of the first argument. */
static bool no_prefix_ok(const struct matcher *m, const struct mstate *s)
{
    const struct gram_cmd *cmd = s->cmd;
    if (uses_no_form(m, cmd) || (cmd->flags & GF_MULTI))
        return false;
    unsigned fixed = 0;
    for (const struct gram_node *n = &cmd->node[cmd->start]; n->kind == GN_KW; n = &cmd->node[n->next])
        fixed++;
    return m->tokens >= fixed && keys_done(cmd, cmd->node[s->node].next);
}

static enum match_result finish(struct matcher *m)
{
    const struct mcand *e = end_of(m);
    if (e) {
        m->cmd = e->cmd;
        m->last = e->parent;
        return MATCH_OK;
    }
    if (!(m->flags & MATCH_NO) || (m->flags & MATCH_DEBUG))
        return MATCH_INCOMPLETE;
    m->cmd = NULL;
    for (unsigned i = m->front; i < m->n_st; i++) {
        if (!no_prefix_ok(m, &m->st[i]))
            continue;
        if (m->cmd && m->cmd != m->st[i].cmd)
            return MATCH_INCOMPLETE;
        m->cmd = m->st[i].cmd;
        m->last = (int32_t)i;
    }
    return m->cmd ? MATCH_OK : MATCH_INCOMPLETE;
}

static bool is_show(const struct matcher *m)
{
    if (!m->n_st)
        return false;
    const char *w = match_node(m, m->st[m->front].cmd, m->st[m->front].node)->text;
    return w && (!strcmp(w, "show") || !strcmp(w, "more") || !strcmp(w, "dir"));
}

/* One word. MATCH_OK: consumed, *pos moved. */
static enum match_result take(struct matcher *m, const char *line, size_t *pos, size_t end, size_t limit)
{
    m->pos = *pos;
    unsigned kinds = keywords(m, line, *pos, end);
    if (kinds > 1)
        return MATCH_AMBIGUOUS;
    enum match_result why = MATCH_INVALID;
    size_t stop = kinds ? end : arguments(m, line, *pos, end, limit, &why);
    if (!m->n_hit)
        return why;
    unsigned front = m->n_st;
    for (unsigned i = 0; i < m->n_hit; i++)
        add_state(m, &m->hit[i], *pos, stop);
    m->front = front;
    if (!m->tokens)
        m->is_show = is_show(m);
    m->tokens++;
    *pos = stop;
    follow(m);
    return MATCH_OK;
}

enum match_result match_line(struct matcher *m, const struct gram_mode *mode, const char *line, size_t from, size_t len,
                             unsigned flags, unsigned privilege)
{
    m->flags = flags;
    m->privilege = privilege;
    m->mode = mode;
    m->rules = privilege < 15 && m->rules_of && privileges_any(*m->rules_of) ? *m->rules_of : NULL;
    m->cmd = NULL;
    m->last = -1;
    m->tokens = 0;
    m->is_show = false;
    m->pipe = SIZE_MAX;
    size_t pos = from, limit = len;
    m->pos = pos;
    if (!(flags & MATCH_HELP))
        while (limit > from && blank(line[limit - 1]))
            limit--;
    start(m, mode);
    if (flags & MATCH_UNDEBUG) {
        size_t at = 0;
        take(m, "debug", &at, 5, 5);
        m->pos = pos;
    }
    for (;;) {
        while (pos < limit && blank(line[pos]))
            pos++;
        if (pos >= limit)
            break;
        if ((flags & MATCH_PIPES) && m->is_show && line[pos] == '|') {
            m->pipe = pos;
            break;
        }
        if ((flags & MATCH_COMMENTS) && line[pos] == '!' && end_of(m) && !line_expected(m))
            break;
        size_t end = pos;
        while (end < limit && !blank(line[end]))
            end++;
        if ((flags & MATCH_HELP) && end == limit) {
            m->word = pos;
            m->word_end = end;
            m->pos = pos;
            return MATCH_OK;
        }
        /* A LINE argument of a show command ends before the pipe. */
        enum match_result r = take(m, line, &pos, end, limit);
        if (r != MATCH_OK)
            return r;
    }
    m->word = m->word_end = limit;
    return flags & MATCH_HELP ? MATCH_OK : finish(m);
}

void *match_args(struct matcher *m, const char *line, struct value_pool **pool)
{
    void *args = value_args_new(m->cmd, pool);
    int32_t path[512];
    unsigned n = 0;
    for (int32_t i = m->last; i >= 0 && n < 512; i = m->st[i].parent)
        path[n++] = i;
    while (n-- > 0) {
        const struct mstate *s = &m->st[path[n]];
        const struct gram_node *node = match_node(m, s->cmd, s->node);
        if (node->member != GRAM_NONE)
            value_store(&s->cmd->member[node->member], args, line, s->pos, s->stop, pool);
    }
    return args;
}
