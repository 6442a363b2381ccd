/* The configuration tree (see cfg.h): identity, replacement, removal, adoption. */
#include "parser/cfg.h"
#include "parser/privilege.h"
#include "parser/render.h"
#include "parser/session.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint32_t hash_of(const char *s)
{
    uint32_t h = 2166136261u;
    for (; *s; s++)
        h = (h ^ (unsigned char)*s) * 16777619u;
    return h;
}

static void clear_node(struct cfg_node *n)
{
    free(n->line);
    free(n->identity);
    free(n->args);
    value_pool_free(n->pool);
}

static void free_children(struct cfg_node *n)
{
    for (unsigned i = 0; i < n->n; i++) {
        free_children(n->child[i]);
        clear_node(n->child[i]);
        free(n->child[i]);
    }
    free(n->child);
    free(n->bucket);
    n->child = n->bucket = NULL;
    n->n = n->cap = n->n_bucket = 0;
}

static void cfg_free(struct cfg *cfg)
{
    revert_free(cfg);
    privileges_free(cfg->privileges);
    free_children(&cfg->root);
    matcher_free(&cfg->matcher);
    strbuf_free(&cfg->text);
    free(cfg->saved_line);
    free(cfg);
}

struct cfg *cfg_get(struct router *r)
{
    if (!r->cfg) {
        r->cfg = calloc(1, sizeof *r->cfg);
        if (!r->cfg)
            abort();
        r->cfg->router = r;
        r->cfg_free = cfg_free;
        r->cfg_saved = config_is_saved;
        r->cfg_save = config_save;
    }
    return r->cfg;
}

void cfg_blocks(const struct cfg_node *at, struct cmd *c)
{
    c->blocks = 0;
    for (; at && at->cmd && c->blocks < sizeof c->block / sizeof *c->block; at = at->parent) {
        c->block[c->blocks] = at->args;
        c->block_command[c->blocks++] = at->cmd->name;
    }
}

int cfg_call(const struct gram_cmd *cmd, struct cmd *c, void *args)
{
    if (!cmd->handler) {
        /* Of a line that is the default, the `no` is what does nothing here. */
        bool on = cmd->flags & GF_NEGATED && cmd->def && strncmp(cmd->def, "no ", 3) != 0;
        if (cmd->tells && c->op == (on ? CMD_UNSET : CMD_SET) && c->session)
            cmd_note(c, "%s", cmd->tells);
        return CMD_OK;
    }
    if (!cmd->present())
        return cmd_error(c, "%% This build does not have the command");
    return cmd->handler(c, args);
}

uint16_t cfg_mode_of(const struct gram_cmd *cmd, const void *args)
{
    for (unsigned i = 0; cmd->opens_sub != cmd->opens && i < cmd->n_member; i++) {
        const struct ifname *name = (const void *)((const char *)args + cmd->member[i].off);
        if (cmd->member[i].type == GT_IFNAME && value_is_set(&cmd->member[i], args) && strchr(name->text, '.'))
            return cmd->opens_sub;
    }
    return cmd->opens;
}

struct cfg_node *cfg_find(const struct cfg_node *at, const char *identity)
{
    uint32_t h = hash_of(identity);
    if (at->n_bucket) {
        struct cfg_node *n = at->bucket[h & (at->n_bucket - 1)];
        while (n && (n->hash != h || strcmp(n->identity, identity) != 0))
            n = n->chain;
        return n;
    }
    for (unsigned i = 0; i < at->n; i++)
        if (at->child[i]->hash == h && !strcmp(at->child[i]->identity, identity))
            return at->child[i];
    return NULL;
}

void cfg_touch(struct cfg *cfg, const char *by)
{
    cfg->dirty = true;
    cfg->changed_at = router_wall(cfg->router);
    snprintf(cfg->changed_by, sizeof cfg->changed_by, "%s", by ? by : "console");
}

static void index_add(struct cfg_node *at, struct cfg_node *n)
{
    struct cfg_node **b = &at->bucket[n->hash & (at->n_bucket - 1)];
    n->chain = *b;
    *b = n;
}

/* The index is made, or made larger, when the list has outgrown it. */
static void index_grow(struct cfg_node *at)
{
    enum { SMALL = 64 };
    if (at->n < SMALL || at->n < at->n_bucket)
        return;
    unsigned want = at->n_bucket ? at->n_bucket * 4 : SMALL * 4;
    struct cfg_node **b = calloc(want, sizeof *b);
    if (!b)
        abort();
    free(at->bucket);
    at->bucket = b;
    at->n_bucket = want;
    for (unsigned i = 0; i < at->n; i++)
        index_add(at, at->child[i]);
}

static void index_remove(struct cfg_node *at, const struct cfg_node *n)
{
    if (!at->n_bucket)
        return;
    struct cfg_node **pp = &at->bucket[n->hash & (at->n_bucket - 1)];
    while (*pp && *pp != n)
        pp = &(*pp)->chain;
    if (*pp)
        *pp = n->chain;
}

void cfg_rekey(struct cfg_node *n)
{
    struct strbuf id = {0};
    if (!render_identity(n->cmd, n->args, &id))
        return;
    index_remove(n->parent, n);
    free(n->identity);
    n->identity = id.s;
    n->hash = hash_of(id.s);
    if (n->parent->n_bucket)
        index_add(n->parent, n);
}

static void detach(struct cfg *cfg, struct cfg_node *n)
{
    struct cfg_node *p = n->parent;
    index_remove(p, n);
    for (unsigned i = p->n; i-- > 0;) /* mostly the last */
        if (p->child[i] == n) {
            memmove(p->child + i, p->child + i + 1, (p->n - i - 1) * sizeof *p->child);
            p->n--;
            break;
        }
    free_children(n);
    clear_node(n);
    free(n);
    cfg->generation++;
}

static struct cfg_node *insert(struct cfg *cfg, struct cfg_node *at, char *identity)
{
    if (at->n == at->cap) {
        unsigned cap = at->cap ? at->cap * 2 : 8;
        struct cfg_node **grown = realloc(at->child, cap * sizeof *grown);
        if (!grown)
            abort();
        at->child = grown;
        at->cap = cap;
    }
    struct cfg_node *n = calloc(1, sizeof *n);
    if (!n)
        abort();
    n->identity = identity;
    n->hash = hash_of(identity);
    n->parent = at;
    n->order = cfg->orders++;
    if (at->n_bucket)
        index_add(at, n);
    at->child[at->n++] = n;
    index_grow(at);
    return n;
}

/* Stores what the handler left in args; negated: as a `no` line. NULL: equal to the default, so nothing is stored. */
static struct cfg_node *store(struct cfg *cfg, struct cfg_node *at, const struct gram_cmd *cmd, const void *args,
                              bool negated)
{
    struct strbuf line = {0}, id = {0};
    if (negated)
        strbuf_add(&line, "no ");
    if (!(negated ? render_no(cmd, args, &line) : render_line(cmd, args, &line)) || !render_identity(cmd, args, &id)) {
        strbuf_free(&line);
        strbuf_free(&id);
        return NULL;
    }
    struct cfg_node *n = cfg_find(at, id.s);
    if (cmd->def && cmd->opens == GRAM_NONE && !(cmd->flags & GF_TYPED) && !strcmp(cmd->def, line.s)) {
        if (n)
            detach(cfg, n);
        strbuf_free(&line);
        strbuf_free(&id);
        return NULL;
    }
    if (n) {
        free(n->line);
        free(n->args);
        value_pool_free(n->pool);
        n->pool = NULL;
        strbuf_free(&id);
    } else {
        n = insert(cfg, at, id.s);
    }
    n->cmd = cmd;
    n->negated = negated;
    n->line = line.s;
    n->args = value_args_copy(cmd, args, &n->pool);
    return n;
}

/* A new block takes over the lines that were typed beside it and belong into it (grammar: adopts). */
static void adopt(struct cfg *cfg, struct cfg_node *block, struct cmd *c)
{
    const struct gram_cmd *cmd = block->cmd;
    for (unsigned k = 0; k < cmd->n_adopts; k++) {
        const struct gram_cmd *what = &gram_cmds[cmd->adopts[k]];
        for (unsigned i = 0; i < block->parent->n;) {
            struct cfg_node *n = block->parent->child[i];
            if (n->cmd != what || n->negated) {
                i++;
                continue;
            }
            struct value_pool *pool = NULL;
            void *args = value_args_copy(what, n->args, &pool);
            struct cmd sub = *c;
            cfg_unset(cfg, block->parent, what, args, &sub, false);
            sub = *c;
            struct cfg_node *moved;
            cfg_set(cfg, block, what, args, &sub, &moved);
            free(args);
            value_pool_free(pool);
            if (i < block->parent->n && block->parent->child[i] == n)
                i++; /* its handler refused to let it go */
        }
    }
}

int cfg_set(struct cfg *cfg, struct cfg_node *at, const struct gram_cmd *cmd, void *args, struct cmd *c,
            struct cfg_node **out)
{
    *out = NULL;
    c->op = CMD_SET;
    cfg_blocks(at, c);
    int rc = cfg_call(cmd, c, args);
    if (rc == CMD_ERROR)
        return rc;
    unsigned before = at->n;
    *out = store(cfg, at, cmd, args, false);
    if (*out && at->n > before && cmd->n_adopts)
        adopt(cfg, *out, c);
    return rc;
}

void cfg_store_again(struct cfg *cfg, struct cfg_node *at, const struct gram_cmd *cmd, const struct cmd *c)
{
    for (unsigned i = 0; i < at->n; i++) {
        struct cfg_node *n = at->child[i], *stored;
        cfg_store_again(cfg, n, cmd, c);
        if (n->cmd != cmd || n->negated)
            continue;
        struct value_pool *pool = NULL;
        void *args = value_args_copy(cmd, n->args, &pool);
        struct cmd sub = *c;
        cfg_set(cfg, at, cmd, args, &sub, &stored);
        free(args);
        value_pool_free(pool);
    }
}

void cfg_empty(struct cfg *cfg, struct cfg_node *block, struct cmd *c)
{
    struct cfg_node **list = cfg_sorted(block);
    for (unsigned i = block->n; list && i-- > 0;) {
        struct cfg_node *n = list[i];
        struct cmd sub = *c;
        if (n->n)
            cfg_empty(cfg, n, c);
        cfg_blocks(block, &sub);
        sub.emptying = true;
        /* A stored `no` line goes back to its default, which is the positive form. */
        sub.op = n->negated ? CMD_SET : CMD_UNSET;
        sub.line = n->line;
        cfg_call(n->cmd, &sub, n->args);
        detach(cfg, n);
    }
    free(list);
}

/* Does this `no` leave out what tells the lines apart: all of a `multi` line, a hidden sequence number, or every key
 * that has no default (`no standby 2 track`)? */
static bool names_many(const struct gram_cmd *cmd, const void *args)
{
    bool many = cmd->flags & GF_MULTI, keyed = false, any = false;
    for (unsigned k = 0; k < cmd->n_key; k++) {
        const struct gram_member *m = &cmd->member[cmd->key[k]];
        many |= m->hidden && !value_is_set(m, args);
        keyed |= !m->def && m->type != GT_KW;
        any |= !m->def && m->type != GT_KW && value_is_set(m, args);
    }
    return cmd->no_node && (many || (keyed && !any));
}

/* `no access-list 101`: a `no` form of its own that names less than a whole line takes every line that it fits. */
static int unset_many(struct cfg *cfg, struct cfg_node *at, const struct gram_cmd *cmd, void *args, struct cmd *c)
{
    c->op = CMD_UNSET;
    cfg_blocks(at, c);
    int rc = cfg_call(cmd, c, args);
    for (unsigned i = at->n; rc != CMD_ERROR && i-- > 0;) {
        struct cfg_node *n = at->child[i];
        bool fits = n->cmd == cmd;
        for (unsigned k = 0; fits && k < cmd->n_member; k++) {
            const struct gram_member *m = &cmd->member[k];
            if (value_is_set(m, args) &&
                (!value_is_set(m, n->args) || (m->type != GT_KW && value_compare(m, args, n->args))))
                fits = false;
        }
        if (fits)
            detach(cfg, n);
    }
    return rc;
}

int cfg_unset(struct cfg *cfg, struct cfg_node *at, const struct gram_cmd *cmd, void *args, struct cmd *c,
              bool is_default)
{
    struct strbuf id = {0};
    if (names_many(cmd, args))
        return unset_many(cfg, at, cmd, args, c);
    if (!render_identity(cmd, args, &id)) {
        strbuf_free(&id);
        return CMD_ERROR;
    }
    struct cfg_node *n = cfg_find(at, id.s);
    strbuf_free(&id);
    c->op = CMD_UNSET;
    cfg_blocks(at, c);
    if (cmd->guard) {
        int rc = cmd->guard(c, args);
        if (rc != CMD_OK)
            return rc;
    }
    if (n && n->n)
        cfg_empty(cfg, n, c);
    /* `default` of a line whose default is the positive form sets it. */
    bool positive = (cmd->flags & GF_NEGATED) && is_default && (!cmd->def || strncmp(cmd->def, "no ", 3) != 0);
    c->op = positive ? CMD_SET : CMD_UNSET;
    c->stays = false;
    cfg_blocks(at, c);
    int rc = cfg_call(cmd, c, args);
    if (rc == CMD_ERROR)
        return rc;
    if (c->stays) { /* `no standby 2 preempt delay` takes a part of the line only */
        c->stays = false;
        if (n)
            store(cfg, at, cmd, args, false);
        return rc;
    }
    id = (struct strbuf){0};
    if (!n && render_identity(cmd, args, &id)) /* the handler found out which line was meant (its sequence number) */
        n = cfg_find(at, id.s);
    strbuf_free(&id);
    if ((cmd->flags & GF_NEGATED) && !is_default) {
        store(cfg, at, cmd, args, true);
    } else if (n) {
        detach(cfg, n);
    }
    return rc;
}
