/* The difference of two configuration trees, applied (see cfg_replace.h). The target is read by a router of its own
 * that has no links and never runs: its tree is the goal, in exactly the form in which the lines will be stored. Called
 * by shell_replace.c. */
#include "parser/cfg_replace.h"
#include "parser/render.h"
#include "parser/session.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct replacing {
    struct cfg *cfg;
    struct replace_result *out;
    unsigned failed, depth;
    const char *block[8]; /* the headers of the blocks we are in; borrowed */
    bool shown[8];        /* named in the list of commands already */
};

/* ---- the goal ---- */

struct goal {
    struct loop *loop;
    struct rng *rng;
    struct storage storage;
    struct router *router;
};

static void goal_free(struct goal *g)
{
    router_free(g->router);
    rng_free(g->rng);
    if (g->loop)
        loop_free(g->loop);
    storage_close(&g->storage);
}

static void goal_bad(void *ctx, unsigned lineno, const char *line, const char *answer)
{
    struct replace_result *out = ctx;
    (void)lineno;
    (void)answer;
    out->rejected++;
    strbuf_add(&out->left, "%s\n", line);
}

static int goal_read(struct goal *g, const struct cfg *cfg, const char *text, struct replace_result *out)
{
    memset(g, 0, sizeof *g);
    uint64_t seed;
    rng_bytes(cfg->router, RNG_JITTER, &seed, sizeof seed);
    g->loop = loop_new_sim(loop_wall(cfg->router->loop));
    g->rng = rng_new_seeded(seed, "replace", 1);
    if (!g->loop || !g->rng || storage_open_memory(&g->storage)) {
        goal_free(g);
        return -ENOMEM;
    }
    struct router_opts opts = {.name = cfg->router->name,
                               .loop = g->loop,
                               .rng = g->rng,
                               .storage = &g->storage,
                               .incarnation = 1,
                               .from_startup = true};
    g->router = router_new(&opts);
    if (!g->router) {
        goal_free(g);
        return -ENOMEM;
    }
    config_load(g->router, text, true, goal_bad, out);
    return 0;
}

/* ---- one line ---- */

static void note(struct replacing *x, bool no, const char *line)
{
    struct strbuf *b = &x->out->commands;
    for (unsigned i = 0; i < x->depth && i < 8; i++)
        if (!x->shown[i]) {
            strbuf_add(b, "%*s%s\n", (int)i, "", x->block[i]);
            x->shown[i] = true;
        }
    const char *word = no ? "no " : "";
    if (no && !strncmp(line, "no ", 3)) {
        word = "";
        line += 3;
    }
    strbuf_add(b, "%*s%s%.*s\n", (int)x->depth, "", word, (int)strcspn(line, "\n"), line);
}

static void enter(struct replacing *x, const char *header, bool shown)
{
    if (x->depth < 8) {
        x->block[x->depth] = header;
        x->shown[x->depth] = shown;
    }
    x->depth++;
}

static struct cmd fresh(struct replacing *x, struct strbuf *answer)
{
    struct cmd c = {.router = x->cfg->router, .replacing = true, .out = out_new_text(strbuf_sink, answer)};
    return c;
}

static bool take_away(struct replacing *x, struct cfg_node *at, const struct cfg_node *n)
{
    struct strbuf answer = {0};
    struct value_pool *pool = NULL;
    struct cmd c = fresh(x, &answer);
    void *args = value_args_copy(n->cmd, n->args, &pool);
    char *line = strdup(n->line);
    bool negated = n->negated;
    if (!line)
        abort();
    c.line = line;
    bool ok = cfg_unset(x->cfg, at, n->cmd, args, &c, negated) != CMD_ERROR;
    if (ok)
        note(x, true, line);
    else
        x->failed++;
    free(line);
    free(args);
    value_pool_free(pool);
    out_free(c.out);
    strbuf_free(&answer);
    return ok;
}

/* Sets a line of the goal; NULL: it was refused, or is equal to the default. */
static struct cfg_node *put(struct replacing *x, struct cfg_node *at, const struct cfg_node *goal)
{
    struct strbuf answer = {0};
    struct value_pool *pool = NULL;
    struct cmd c = fresh(x, &answer);
    void *args = value_args_copy(goal->cmd, goal->args, &pool);
    struct cfg_node *stored = NULL;
    int rc;
    c.line = goal->line;
    if (goal->negated)
        rc = cfg_unset(x->cfg, at, goal->cmd, args, &c, false);
    else
        rc = cfg_set(x->cfg, at, goal->cmd, args, &c, &stored);
    if (rc == CMD_ERROR)
        x->failed++;
    else
        note(x, false, goal->line);
    free(args);
    value_pool_free(pool);
    out_free(c.out);
    strbuf_free(&answer);
    return stored;
}

/* ---- trees ---- */

static bool same_line(const struct cfg_node *a, const struct cfg_node *b)
{
    return a->cmd == b->cmd && a->negated == b->negated && !strcmp(a->line, b->line);
}

/* Lines with a hidden sequence number (access lists) are told apart by what they say and where they stand. */
static bool is_sequenced(const struct gram_cmd *cmd)
{
    for (unsigned k = 0; k < cmd->n_key; k++)
        if (cmd->member[cmd->key[k]].hidden)
            return true;
    return false;
}

/* Of one list: the same keys but the hidden ones. */
static bool same_list(const struct cfg_node *a, const struct cfg_node *b)
{
    if (a->parent->cmd && (a->parent->cmd->flags & GF_ORDERED))
        return true;
    if (a->cmd != b->cmd)
        return false;
    for (unsigned k = 0; k < a->cmd->n_key; k++) {
        const struct gram_member *m = &a->cmd->member[a->cmd->key[k]];
        if (!m->hidden && (value_is_set(m, a->args) != value_is_set(m, b->args) ||
                           (value_is_set(m, a->args) && value_compare(m, a->args, b->args))))
            return false;
    }
    return true;
}

/* The lines of the list that `like` belongs to, in order. */
static unsigned list_of(const struct cfg_node *block, const struct cfg_node *like, struct cfg_node **v)
{
    struct cfg_node **all = cfg_sorted(block);
    unsigned n = 0;
    for (unsigned i = 0; i < block->n; i++)
        if (is_sequenced(all[i]->cmd) && same_list(all[i], like))
            v[n++] = all[i];
    free(all);
    return n;
}

/* Brings one list to the goal's: what both begin with stays, the rest goes and comes anew. `like` stands in either. */
static void replace_list(struct replacing *x, struct cfg_node *at, const struct cfg_node *goal,
                         const struct cfg_node *like)
{
    struct cfg_node **have = calloc(at->n + 1, sizeof *have), **want = calloc(goal->n + 1, sizeof *want);
    if (!have || !want)
        abort();
    unsigned n_have = list_of(at, like, have), n_want = list_of(goal, like, want), same = 0;
    while (same < n_have && same < n_want && same_line(have[same], want[same]))
        same++;
    for (unsigned i = n_have; i-- > same;)
        take_away(x, at, have[i]);
    for (unsigned i = same; i < n_want; i++)
        put(x, at, want[i]);
    free(have);
    free(want);
}

static void remove_pass(struct replacing *x, struct cfg_node *at, const struct cfg_node *goal)
{
    struct cfg_node **list = cfg_sorted(at), **wanted = calloc(goal->n + 1, sizeof *wanted);
    unsigned n = at->n;
    if (!wanted)
        abort();
    for (unsigned i = n; i-- > 0;) {
        struct cfg_node *have = list[i];
        if (is_sequenced(have->cmd)) { /* a list that the goal does not have at all goes; others: replace_list */
            if (!list_of(goal, have, wanted))
                take_away(x, at, have);
            continue;
        }
        const struct cfg_node *want = cfg_find(goal, have->identity);
        if (!want) {
            take_away(x, at, have);
        } else if (have->cmd->opens != GRAM_NONE && !have->negated && !want->negated) {
            enter(x, have->line, false);
            remove_pass(x, have, want);
            x->depth--;
        }
    }
    free(list);
    free(wanted);
}

static void add_pass(struct replacing *x, struct cfg_node *at, const struct cfg_node *goal)
{
    for (unsigned i = 0; i < goal->n; i++) {
        const struct cfg_node *want = goal->child[i];
        if (is_sequenced(want->cmd)) {
            bool first = true;
            for (unsigned k = 0; k < i; k++)
                first = first && !(is_sequenced(goal->child[k]->cmd) && same_list(goal->child[k], want));
            if (first)
                replace_list(x, at, goal, want);
            continue;
        }
        struct cfg_node *have = cfg_find(at, want->identity);
        bool put_now = !have || !same_line(have, want);
        if (put_now)
            have = put(x, at, want);
        if (have && want->cmd->opens != GRAM_NONE && !want->negated) {
            enter(x, want->line, put_now);
            add_pass(x, have, want);
            x->depth--;
        }
    }
}

/* Is there anything to do? Counts lines that differ; names those of the goal that are missing. */
static unsigned differing(const struct cfg_node *at, const struct cfg_node *goal, struct strbuf *missing)
{
    unsigned n = 0;
    for (unsigned i = 0; i < at->n; i++)
        n += !is_sequenced(at->child[i]->cmd) && !cfg_find(goal, at->child[i]->identity);
    for (unsigned i = 0; i < goal->n; i++) {
        const struct cfg_node *want = goal->child[i];
        if (is_sequenced(want->cmd))
            continue;
        const struct cfg_node *have = cfg_find(at, want->identity);
        if (!have || !same_line(have, want)) {
            if (missing)
                strbuf_add(missing, "%s\n", want->line);
            n++;
        } else {
            n += differing(have, want, missing);
        }
    }
    struct strbuf a = {0}, b = {0};
    struct cfg_node **x = cfg_sorted(at), **y = cfg_sorted(goal);
    for (unsigned i = 0; i < at->n; i++)
        if (is_sequenced(x[i]->cmd))
            strbuf_add(&a, "%s\n", x[i]->line);
    for (unsigned i = 0; i < goal->n; i++)
        if (is_sequenced(y[i]->cmd))
            strbuf_add(&b, "%s\n", y[i]->line);
    n += strcmp(a.s ? a.s : "", b.s ? b.s : "") != 0;
    strbuf_free(&a);
    strbuf_free(&b);
    free(x);
    free(y);
    return n;
}

/* What refused to change because something else holds what it needs (two addresses swapped) is taken away first. */
static void make_room(struct replacing *x, struct cfg_node *at, const struct cfg_node *goal)
{
    for (unsigned i = 0; i < goal->n; i++) {
        const struct cfg_node *want = goal->child[i];
        struct cfg_node *have = is_sequenced(want->cmd) ? NULL : cfg_find(at, want->identity);
        if (have && have->cmd->opens != GRAM_NONE)
            make_room(x, have, want);
        else if (have && !same_line(have, want))
            take_away(x, at, have);
    }
}

int cfg_replace(struct cfg *cfg, const char *text, const char *by, struct replace_result *out)
{
    struct goal goal;
    memset(out, 0, sizeof *out);
    int rc = goal_read(&goal, cfg, text, out);
    if (rc)
        return rc;
    struct cfg_node *want = &cfg_get(goal.router)->root;
    struct replacing x = {.cfg = cfg, .out = out};
    unsigned left = differing(&cfg->root, want, NULL);
    bool changed = left != 0;
    while (left && out->passes < REPLACE_PASSES) {
        out->passes++;
        x.failed = 0;
        strbuf_add(&out->commands, "\n!Pass %u\n\n!List of Rollback Commands:\n", out->passes);
        remove_pass(&x, &cfg->root, want);
        if (out->passes > 1)
            make_room(&x, &cfg->root, want);
        add_pass(&x, &cfg->root, want);
        strbuf_add(&out->commands, "end\n");
        left = differing(&cfg->root, want, NULL);
    }
    if (!out->passes)
        out->passes = 1;
    if (left)
        differing(&cfg->root, want, &out->left);
    out->done = !left;
    if (changed)
        cfg_touch(cfg, by);
    goal_free(&goal);
    return 0;
}

void replace_free(struct replace_result *out)
{
    strbuf_free(&out->commands);
    strbuf_free(&out->left);
}
