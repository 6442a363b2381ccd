/* Blocks whose key is a range of numbers: `line vty 0 15`. What is typed may cut a stored block in two or cover
 * several; the tree always holds ranges that do not overlap, as IOS shows them. Called by configure.c. */
#include "parser/cfg.h"
#include <stdlib.h>
#include <string.h>

bool cfg_is_range(const struct gram_cmd *cmd)
{
    return !strcmp(cmd->name, "line-vty");
}

static const struct gram_member *member(const struct gram_cmd *cmd, const char *name)
{
    for (unsigned i = 0; i < cmd->n_member; i++)
        if (!strcmp(cmd->member[i].name, name))
            return &cmd->member[i];
    abort();
}

static uint32_t get(const struct gram_cmd *cmd, const void *args, const char *name)
{
    uint32_t v;
    memcpy(&v, (const char *)args + member(cmd, name)->off, sizeof v);
    return v;
}

static void put(const struct gram_cmd *cmd, void *args, const char *name, uint32_t v)
{
    const struct gram_member *m = member(cmd, name);
    bool yes = true;
    memcpy((char *)args + m->off, &v, sizeof v);
    memcpy((char *)args + m->has, &yes, sizeof yes);
}

uint32_t cfg_range_last(const struct gram_cmd *cmd, const void *args)
{
    uint32_t first = get(cmd, args, "first");
    uint32_t last = value_is_set(member(cmd, "last"), args) ? get(cmd, args, "last") : first;
    return last > first ? last : first;
}

/* Stores the block [first..last]; `like` gives the rest of the arguments. */
static struct cfg_node *make(struct cfg *cfg, struct cfg_node *at, const struct gram_cmd *cmd, const void *like,
                             uint32_t first, uint32_t last, struct cmd *c)
{
    struct value_pool *pool = NULL;
    void *args = value_args_copy(cmd, like, &pool);
    struct cmd sub = *c;
    struct cfg_node *n = NULL;
    const struct gram_member *m = member(cmd, "last");
    put(cmd, args, "first", first);
    put(cmd, args, "last", last);
    if (last == first)
        memset((char *)args + m->has, 0, sizeof(bool));
    cfg_set(cfg, at, cmd, args, &sub, &n);
    free(args);
    value_pool_free(pool);
    return n;
}

/* Cuts a block that begins before `where` and reaches it. */
static void cut_at(struct cfg *cfg, struct cfg_node *at, const struct gram_cmd *cmd, uint32_t where, struct cmd *c)
{
    for (unsigned i = 0; i < at->n; i++) {
        struct cfg_node *n = at->child[i];
        if (n->cmd != cmd || n->negated)
            continue;
        uint32_t first = get(cmd, n->args, "first"), last = cfg_range_last(cmd, n->args);
        if (first >= where || last < where)
            continue;
        n = make(cfg, at, cmd, n->args, first, where - 1, c);
        struct cfg_node *tail = n ? make(cfg, at, cmd, n->args, where, last, c) : NULL;
        for (unsigned k = 0; tail && k < n->n; k++) {
            struct cfg_node *line = n->child[k], *stored;
            struct value_pool *pool = NULL;
            void *args = value_args_copy(line->cmd, line->args, &pool);
            struct cmd sub = *c;
            if (line->negated)
                cfg_unset(cfg, tail, line->cmd, args, &sub, false);
            else
                cfg_set(cfg, tail, line->cmd, args, &sub, &stored);
            free(args);
            value_pool_free(pool);
        }
        return;
    }
}

static struct cfg_node *find_from(struct cfg_node *at, const struct gram_cmd *cmd, uint32_t from)
{
    struct cfg_node *best = NULL;
    for (unsigned i = 0; i < at->n; i++) {
        struct cfg_node *n = at->child[i];
        if (n->cmd == cmd && !n->negated && get(cmd, n->args, "first") >= from &&
            (!best || get(cmd, n->args, "first") < get(cmd, best->args, "first")))
            best = n;
    }
    return best;
}

struct cfg_node *cfg_range_open(struct cfg *cfg, struct cfg_node *at, const struct gram_cmd *cmd, const void *args,
                                struct cmd *c)
{
    uint32_t first = get(cmd, args, "first"), last = cfg_range_last(cmd, args);
    if ((first || last < 4) && !find_from(at, cmd, 0)) /* 0 to 4 are always there */
        make(cfg, at, cmd, args, 0, 4, c);
    cut_at(cfg, at, cmd, first, c);
    cut_at(cfg, at, cmd, last + 1, c);
    struct cfg_node *result = NULL;
    for (uint32_t k = first; k <= last;) {
        struct cfg_node *n = find_from(at, cmd, k);
        uint32_t begins = n ? get(cmd, n->args, "first") : last + 1;
        if (begins > k)
            n = make(cfg, at, cmd, args, k, begins > last + 1 ? last : begins - 1, c);
        if (!n)
            break;
        if (!result)
            result = n;
        k = cfg_range_last(cmd, n->args) + 1;
    }
    return result;
}

struct cfg_node *cfg_range_next(struct cfg_node *n, uint32_t last)
{
    if (!n || !n->parent || !cfg_is_range(n->cmd))
        return NULL;
    struct cfg_node *next = find_from(n->parent, n->cmd, cfg_range_last(n->cmd, n->args) + 1);
    return next && cfg_range_last(n->cmd, next->args) <= last ? next : NULL;
}
