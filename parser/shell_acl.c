/* Access lists where their commands need the configuration tree: the lines of numbered lists, which go into the block
 * of the list, and new sequence numbers. Called through the tables (grammar/acl.gram). */
#include "acl_cmd.h"
#include "parser/render.h"
#include "parser/session_int.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What the two block commands share. */
struct list {
    const struct gram_cmd *cmd;
    struct args_ip_access_list_extended extended;
    struct args_ip_access_list_standard standard;
    void *args;
};

static void list_of(struct list *l, bool extended, const char *name)
{
    memset(l, 0, sizeof *l);
    l->cmd = gram_find(extended ? "ip-access-list-extended" : "ip-access-list-standard");
    l->extended = (struct args_ip_access_list_extended){name, true};
    l->standard = (struct args_ip_access_list_standard){name, true};
    l->args = extended ? (void *)&l->extended : (void *)&l->standard;
}

/* Behind `access-list 101`. */
static const char *behind_number(const char *line)
{
    for (unsigned i = 0; i < 2; i++) {
        line += strspn(line, " \t");
        line += strcspn(line, " \t");
    }
    return line;
}

static int line_into(struct cmd *c, struct cfg *cfg, struct cfg_node *block, const char *text)
{
    struct matcher m = {0};
    struct value_pool *pool = NULL;
    struct cfg_node *stored;
    int rc = CMD_ERROR;
    const struct gram_mode *mode = &gram_modes[cfg_mode_of(block->cmd, block->args)];
    if (match_line(&m, mode, text, 0, strlen(text), MATCH_COMMENTS, 15) == MATCH_OK) {
        void *args = match_args(&m, text, &pool);
        struct cmd sub = *c;
        rc = cfg_set(cfg, block, m.cmd, args, &sub, &stored);
        free(args);
        value_pool_free(pool);
    }
    matcher_free(&m);
    return rc;
}

static int numbered(struct cmd *c, bool extended, uint32_t number)
{
    struct cfg *cfg = cfg_get(c->router);
    struct cfg_node *block;
    struct list l;
    char name[12];
    snprintf(name, sizeof name, "%u", number);
    list_of(&l, extended, name);
    struct cmd sub = *c;
    if (c->op == CMD_UNSET) { /* whatever else is typed: the whole list, as IOS does */
        int rc = cfg_unset(cfg, &cfg->root, l.cmd, l.args, &sub, false);
        cfg_touch(cfg, c->line_name);
        return rc;
    }
    int rc = cfg_set(cfg, &cfg->root, l.cmd, l.args, &sub, &block);
    if (rc != CMD_OK)
        return rc;
    rc = line_into(c, cfg, block, behind_number(c->line));
    if (rc == CMD_OK) {
        cfg_touch(cfg, c->line_name);
    } else if (!block->n) { /* a line that is refused makes no list */
        sub = *c;
        cfg_unset(cfg, &cfg->root, l.cmd, l.args, &sub, false);
    }
    return rc;
}

int shell_cmd_access_list_extended(struct cmd *c, struct args_access_list_extended *a)
{
    return numbered(c, true, a->has_number ? a->number : a->number2);
}

int shell_cmd_access_list_standard(struct cmd *c, struct args_access_list_standard *a)
{
    return numbered(c, false, a->has_number ? a->number : a->number2);
}

/* ---- ip access-list resequence ---- */

static uint32_t *sequence_in(struct cfg_node *n)
{
    for (unsigned k = 0; k < n->cmd->n_key; k++) {
        const struct gram_member *m = &n->cmd->member[n->cmd->key[k]];
        if (m->type == GT_INT && m->hidden)
            return (uint32_t *)(void *)((char *)n->args + m->off);
    }
    return NULL;
}

void cmd_resequence(struct cmd *c, const char *name, uint32_t start, uint32_t step)
{
    struct cfg *cfg = cfg_get(c->router);
    struct cfg_node *block = NULL;
    for (unsigned i = 0; i < 2 && !block; i++) {
        struct strbuf id = {0};
        struct list l;
        list_of(&l, i == 0, name);
        if (render_identity(l.cmd, l.args, &id))
            block = cfg_find(&cfg->root, id.s);
        strbuf_free(&id);
    }
    struct cfg_node **list = block ? cfg_sorted(block) : NULL;
    uint64_t at = start;
    for (unsigned i = 0; list && i < block->n; i++) {
        uint32_t *seq = sequence_in(list[i]);
        if (seq)
            *seq = at < INT32_MAX ? (uint32_t)at : INT32_MAX;
        if (list[i]->cmd->n_key == 1) /* what has the number to itself; a remark takes that of the line behind it */
            at += step;
        cfg_rekey(list[i]);
    }
    free(list);
    cfg_touch(cfg, c->line_name);
}
