/* `privilege MODE level N COMMAND`: which level a command wants where the configuration says something else than the
 * grammar. A rule speaks of keywords in a row; what leads to them gets its level too, as on IOS: `show ip route` at 5
 * puts `show` and `show ip` there. The matcher asks about every node that may follow (match.c). */
#include "parser/privilege.h"
#include "exec_cmd.h"
#include "parser/session_int.h"
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { WORDS_MAX = 16, RULES_MAX = 1024 };
struct rule {
    const struct gram_mode *mode;
    char *text; /* the words, written out, between blanks */
    unsigned level;
    bool all; /* what comes behind the words too */
};
struct privileges {
    struct rule *v;
    unsigned n, cap;
};

void privileges_free(struct privileges *p)
{
    for (unsigned i = 0; p && i < p->n; i++)
        free(p->v[i].text);
    if (p)
        free(p->v);
    free(p);
}

static const struct gram_mode *mode_of(const char *name)
{
    static const char *const names[][2] = {{"exec", "exec"},
                                           {"configure", "config"},
                                           {"interface", "config-if"},
                                           {"line", "config-line"},
                                           {"ipenacl", "config-ext-nacl"},
                                           {"ipsnacl", "config-std-nacl"},
                                           {"subinterface", "config-subif"},
                                           {"crypto-map", "config-crypto-map"},
                                           {"crypto-transform", "cfg-crypto-trans"}};
    const char *mode = name;
    for (unsigned i = 0; i < sizeof names / sizeof *names; i++)
        if (!strcasecmp(names[i][0], name))
            mode = names[i][1];
    for (unsigned i = 0; i < gram_n_modes; i++)
        if (!strcmp(gram_modes[i].name, mode))
            return &gram_modes[i];
    return NULL;
}

/* ---- the matcher's questions ---- */

/* The keywords on the way to a node, with a blank in front of each. */
static void path_to(const struct matcher *m, int32_t state, struct strbuf *b)
{
    int32_t way[64];
    unsigned n = 0;
    for (; state >= 0 && n < 64; state = m->st[state].parent)
        way[n++] = state;
    while (n-- > 0) {
        const struct gram_node *node = match_node(m, m->st[way[n]].cmd, m->st[way[n]].node);
        if (node->kind == GN_KW)
            strbuf_add(b, " %s", node->text);
    }
}

/* Is a (words with a blank in front) what b begins with, whole words only? */
static bool begins(const char *b, const char *a)
{
    size_t n = strlen(a);
    return !strncmp(b, a, n) && (!b[n] || b[n] == ' ');
}

/* The keywords that every line of a command begins with. */
static void head_of(const struct gram_cmd *cmd, struct strbuf *b)
{
    for (const struct gram_node *n = &cmd->node[cmd->start]; n->kind == GN_KW; n = &cmd->node[n->next])
        strbuf_add(b, " %s", n->text);
}

/* What a rule that names just this says, or one that leads further: the lowest of these. 0: nothing. */
static unsigned way_level(const struct privileges *p, const struct gram_mode *mode, const char *path)
{
    unsigned lowest = 0;
    bool any = false;
    for (unsigned i = 0; i < p->n; i++) {
        const struct rule *r = &p->v[i];
        if (r->mode != mode)
            continue;
        if (!strcmp(r->text, path) || (r->all && begins(path, r->text)))
            return r->level;
        if (begins(r->text, path) && (!any || r->level < lowest)) {
            lowest = r->level;
            any = true;
        }
    }
    return lowest;
}

/* The level of the whole line `path` of cmd. */
static unsigned line_level(const struct privileges *p, const struct gram_mode *mode, const struct gram_cmd *cmd,
                           const char *path, const char *head)
{
    const struct rule *best = NULL;
    for (unsigned i = 0; i < p->n; i++) {
        const struct rule *r = &p->v[i];
        bool covers =
            r->mode == mode && begins(path, r->text) && (r->all || !strcmp(r->text, path) || begins(r->text, head));
        if (covers && (!best || strlen(r->text) > strlen(best->text)))
            best = r;
    }
    if (best)
        return best->level;
    for (unsigned i = 0; i < p->n; i++)
        if (p->v[i].mode == mode && begins(p->v[i].text, path))
            return way_level(p, mode, path);
    return cmd->privilege;
}

/* May a line of cmd that begins with path come to an end that this level reaches? */
static bool leads_on(const struct privileges *p, const struct gram_mode *mode, const struct gram_cmd *cmd,
                     const char *path, const char *head, unsigned level)
{
    if (line_level(p, mode, cmd, path, head) <= level)
        return true;
    for (unsigned i = 0; i < p->n; i++)
        if (p->v[i].mode == mode && p->v[i].level <= level && begins(p->v[i].text, path) &&
            (begins(p->v[i].text, head) || begins(head, p->v[i].text)))
            return true;
    return false;
}

bool privilege_allows(const struct matcher *m, const struct mcand *c)
{
    const struct gram_node *node = match_node(m, c->cmd, c->node);
    struct strbuf path = {0}, head = {0};
    path_to(m, c->parent, &path);
    if (node->kind == GN_KW)
        strbuf_add(&path, " %s", node->text);
    head_of(c->cmd, &head);
    strbuf_write(&path, "", 0);
    strbuf_write(&head, "", 0);
    bool ok = way_level(m->rules, m->mode, path.s) <= m->privilege;
    if (ok && node->kind == GN_END)
        ok = line_level(m->rules, m->mode, c->cmd, path.s, head.s) <= m->privilege;
    else if (ok)
        ok = leads_on(m->rules, m->mode, c->cmd, path.s, head.s, m->privilege);
    strbuf_free(&path);
    strbuf_free(&head);
    return ok;
}

bool privileges_any(const struct privileges *p)
{
    return p && p->n;
}

/* ---- the commands ---- */

static struct privileges *of(struct cfg *cfg)
{
    if (!cfg->privileges && !(cfg->privileges = calloc(1, sizeof *cfg->privileges)))
        abort();
    return cfg->privileges;
}

static void rule_remove(struct privileges *p, const struct gram_mode *mode, const char *text)
{
    for (unsigned i = 0; i < p->n; i++)
        if (p->v[i].mode == mode && !strcmp(p->v[i].text, text)) {
            free(p->v[i].text);
            p->v[i] = p->v[--p->n];
            return;
        }
}

/* Abbreviations written out; false: no command begins so. */
static bool write_out(const struct gram_mode *mode, const char *words, struct strbuf *b)
{
    struct matcher m = {0};
    enum match_result r = match_line(&m, mode, words, 0, strlen(words), 0, 15);
    bool good = (r == MATCH_OK || r == MATCH_INCOMPLETE) && m.n_st > m.front;
    for (int32_t i = good ? (int32_t)m.front : -1; i >= 0; i = m.st[i].parent)
        good = good && match_node(&m, m.st[i].cmd, m.st[i].node)->kind == GN_KW;
    if (good)
        path_to(&m, (int32_t)m.front, b);
    matcher_free(&m);
    return good && b->len;
}

int shell_cmd_privilege(struct cmd *c, struct args_privilege *a)
{
    struct cfg *cfg = cfg_get(c->router);
    struct privileges *p = of(cfg);
    const struct gram_mode *mode = mode_of(a->mode);
    struct strbuf *keep = &cfg->text;
    keep->len = 0;
    if (!mode || !a->has_words || !write_out(mode, a->words, keep)) { /* what another router may have */
        cmd_note(c, "%% Stored: there is no command \"%s\" of mode %s", a->has_words ? a->words : "", a->mode);
        return CMD_OK;
    }
    a->words = keep->s + 1;
    rule_remove(p, mode, keep->s);
    if (c->op != CMD_SET)
        return CMD_OK;
    if (p->n == RULES_MAX)
        return cmd_error(c, "%% No more than %d commands have a level of their own", RULES_MAX);
    if (p->n == p->cap) {
        struct rule *v = realloc(p->v, (p->cap + 32) * sizeof *v);
        if (!v)
            abort();
        p->v = v;
        p->cap += 32;
    }
    p->v[p->n++] = (struct rule){mode, strdup(keep->s), a->level, a->kw_all};
    return CMD_OK;
}

/* `privilege exec reset show`: the line goes, and those that begin with its words. */
struct reset {
    const char *mode;
    struct strbuf words; /* with a blank in front */
};

static bool reset_fits(const void *args, const void *want)
{
    const struct args_privilege *a = args;
    const struct reset *w = want;
    const struct gram_mode *mode = mode_of(w->mode);
    if (mode ? mode_of(a->mode) != mode : strcmp(a->mode, w->mode) != 0)
        return false;
    struct strbuf have = {0};
    strbuf_add(&have, " %s", a->words);
    bool fits = begins(have.s, w->words.s);
    strbuf_free(&have);
    return fits;
}

int shell_cmd_privilege_reset(struct cmd *c, struct args_privilege_reset *a)
{
    struct reset want = {.mode = a->mode};
    const struct gram_mode *mode = mode_of(a->mode);
    if (!mode || !write_out(mode, a->words, &want.words)) { /* stored as it was typed */
        want.words.len = 0;
        strbuf_add(&want.words, " %s", a->words);
    }
    shell_sweep(c, "privilege", reset_fits, &want);
    strbuf_free(&want.words);
    return CMD_OK;
}
