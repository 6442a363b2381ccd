/* Several blocks open at once: `interface range` and `line vty 0 15` (see configure.h). What is typed goes to each of
 * them. Called by configure.c. */
#include "boilerplate_cmd.h"
#include "interface_cmd.h"
#include "modules/core/ifrange.h"
#include "parser/configure_int.h"
#include "parser/render.h"
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static void name_failed(struct cmd *c, const struct level *l, const struct block *b)
{
    struct strbuf text = {0};
    if (l->ifrange && render_line(b->cmd, b->args, &text))
        cmd_note(c, "%% Command failed on %s", text.s);
    strbuf_free(&text);
}

/* The blocks of `line vty 0 15` behind the first one, as they are now. */
static void collect(struct level *l, struct cfg_node *node)
{
    level_drop_more(l);
    while ((node = cfg_range_next(node, l->range_last)))
        block_take(block_more(l), node);
}

int range_rest(struct place *p, struct matcher *m, struct cmd *c, unsigned at, const char *line, int rc, bool *any)
{
    const struct gram_cmd *cmd = m->cmd;
    struct level *l = &p->level[at];
    if (rc == CMD_ERROR)
        name_failed(c, l, &l->block);
    if (l->range_last)
        collect(l, place_node(p, at, c));
    for (unsigned i = 0; i < l->n_more; i++) {
        place_node(p, at, c);
        struct cfg_node *n = place_block(p, &l->more[i], p->level[at - 1].block.node, c), *stored;
        struct value_pool *pool = NULL;
        void *args = match_args(m, line, &pool);
        struct cmd sub = *c;
        int one = CMD_ERROR;
        if (n && (m->flags & MATCH_NO))
            one = cfg_unset(p->cfg, n, cmd, args, &sub, m->flags & MATCH_DEFAULT);
        else if (n)
            one = cfg_set(p->cfg, n, cmd, args, &sub, &stored);
        free(args);
        value_pool_free(pool);
        if (one == CMD_ERROR)
            name_failed(c, l, &l->more[i]);
        *any = *any || one != CMD_ERROR;
        rc = one == CMD_ERROR ? one : rc;
    }
    return rc;
}

void range_open_rest(struct place *p, unsigned at, struct cfg_node *node, uint32_t last)
{
    if (p->depth != at + 2)
        return;
    p->level[at + 1].range_last = last;
    collect(&p->level[at + 1], node);
}

/* The interfaces that an `interface range` line names, each with a line end. */
static bool range_names(struct place *p, struct matcher *m, struct cmd *c, const char *line, struct strbuf *names)
{
    struct value_pool *pool = NULL;
    struct args_engine_interface_range *a = match_args(m, line, &pool);
    const char *list = a->kw_macro ? NULL : a->list;
    for (unsigned i = 0; !list && i < p->cfg->root.n; i++) {
        const struct cfg_node *n = p->cfg->root.child[i];
        const struct args_define_interface_range *d = n->args;
        if (!strcmp(n->cmd->name, "define-interface-range") && !strcasecmp(d->name, a->name))
            list = d->list;
    }
    size_t used;
    bool good = list && ifrange_fit(list, strlen(list), &used, NULL, names) == IFNAME_FITS;
    if (!good)
        cmd_error(c, "%% Interface range macro %s is not defined", a->name ? a->name : "");
    free(a);
    value_pool_free(pool);
    return good;
}

/* `interface range`: its interfaces are opened (or, behind `no` and `default`, named in `before`) one after the other
 * as if they had been typed; then all of them are one level. */
enum line_result range_open(struct place *p, struct matcher *m, struct cmd *c, const char *by, const char *line,
                            const char *before)
{
    struct strbuf names = {0};
    struct level all = {0};
    struct verdict v;
    enum line_result result = LINE_OK;
    if (!range_names(p, m, c, line, &names))
        return LINE_ERROR;
    place_cut(p, 1);
    for (char *name = names.s, *end; result == LINE_OK && (end = strchr(name, '\n')); name = end + 1) {
        struct strbuf one = {0};
        strbuf_add(&one, "%sinterface %.*s", before, (int)(end - name), name);
        result = configure_one(p, m, c, by, one.s, one.len, &v);
        strbuf_free(&one);
        if (p->depth != 2 || *before)
            continue;
        struct block *b = all.block.cmd ? block_more(&all) : &all.block;
        all.mode = all.mode ? all.mode : p->level[1].mode;
        *b = p->level[1].block;
        p->level[1].block = (struct block){0};
        place_cut(p, 1);
    }
    strbuf_free(&names);
    if (all.block.cmd) {
        all.ifrange = true;
        p->level[p->depth++] = all;
        p->generation = p->cfg->generation - 1; /* look them up again: later ones may have moved the first */
    }
    return result;
}

void range_note_left(const struct place *p, const struct matcher *m, struct cmd *c, unsigned at)
{
    if (p->depth > at + 1 && p->level[p->depth - 1].ifrange && !strcmp(m->cmd->name, "interface"))
        cmd_note(c, "%% Command exited out of interface range and its sub-modes.\n"
                    "  Not executing the command for second and later interfaces");
}
