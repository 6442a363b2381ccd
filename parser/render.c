/* Canonical rendering (see render.h): of all ways through the node graph that agree with the arguments, the one that
 * shows most of them. */
#include "parser/render.h"
#include <string.h>

enum { IMPOSSIBLE = -1, UNKNOWN = -2 };

struct walk {
    const struct gram_cmd *cmd;
    const struct gram_node *node;
    const void *args;
    int16_t score[GRAM_MAX_NODES];
};

static int score(struct walk *w, unsigned i)
{
    if (w->score[i] != UNKNOWN)
        return w->score[i];
    const struct gram_node *n = &w->node[i];
    const struct gram_member *m = n->member == GRAM_NONE ? NULL : &w->cmd->member[n->member];
    int here = 0, rest;
    if (n->kind == GN_END) {
        w->score[i] = 0;
        return 0;
    }
    if (n->kind == GN_SPLIT) {
        int a = score(w, n->next), b = score(w, n->alt);
        w->score[i] = (int16_t)(a >= b ? a : b);
        return w->score[i];
    }
    if (m && !value_is_set(m, w->args) && !m->hidden)
        here = n->kind == GN_ARG && m->def && !(n->flags & GNF_ALONE) ? 0 : IMPOSSIBLE;
    else if (m && m->hidden)
        here = n->flags & GNF_ALONE ? IMPOSSIBLE : 0;
    else if (m && (n->flags & GNF_ALONE) && value_is_default(m, w->args))
        here = IMPOSSIBLE;
    else if (m)
        here = 1;
    rest = here == IMPOSSIBLE ? IMPOSSIBLE : score(w, n->next);
    w->score[i] = (int16_t)(rest == IMPOSSIBLE ? IMPOSSIBLE : here + rest);
    return w->score[i];
}

static void add_word(struct strbuf *out, size_t start, const char *s)
{
    if (out->len > start)
        strbuf_write(out, " ", 1);
    strbuf_write(out, s, strlen(s));
}

static void add_values(struct strbuf *out, size_t start, const struct gram_member *m, const void *args)
{
    unsigned count = 1;
    if (m->rep)
        memcpy(&count, (const char *)args + m->count, sizeof count);
    for (unsigned i = 0; i < count; i++) {
        size_t at = out->len;
        value_format(m, args, i, out);
        if (at > start && out->len > at && out->s[at] != '\n') { /* text of several lines starts on the next one */
            strbuf_write(out, " ", 1);
            memmove(out->s + at + 1, out->s + at, out->len - at - 1);
            out->s[at] = ' ';
        }
    }
}

static bool render(const struct gram_cmd *cmd, const struct gram_node *node, unsigned n_node, unsigned start_at,
                   const void *args, struct strbuf *out)
{
    struct walk w;
    w.cmd = cmd;
    w.node = node;
    w.args = args;
    if (n_node > GRAM_MAX_NODES)
        return false;
    for (unsigned i = 0; i < n_node; i++)
        w.score[i] = UNKNOWN;
    if (score(&w, start_at) == IMPOSSIBLE)
        return false;
    size_t start = out->len;
    bool first = true;
    for (unsigned i = start_at; node[i].kind != GN_END;) {
        const struct gram_node *n = &node[i];
        if (n->kind == GN_SPLIT) {
            i = score(&w, n->next) >= score(&w, n->alt) ? n->next : n->alt;
            continue;
        }
        if (n->kind == GN_KW) {
            add_word(out, start, n->text);
            /* IOS aligns the actions of an access list: as wide as `permit` */
            if (!strcmp(n->text, "deny") && (strstr(cmd->name, "nacl") || !strncmp(cmd->name, "access-list-", 12)))
                strbuf_write(out, "  ", 2);
        } else if (!cmd->member[n->member].hidden) {
            add_values(out, start, &cmd->member[n->member], args);
        }
        first = false;
        i = n->next;
    }
    return !first;
}

bool render_line(const struct gram_cmd *cmd, const void *args, struct strbuf *out)
{
    return render(cmd, cmd->node, cmd->n_node, cmd->start, args, out);
}

bool render_no(const struct gram_cmd *cmd, const void *args, struct strbuf *out)
{
    if (!cmd->no_node)
        return render_line(cmd, args, out);
    return render(cmd, cmd->no_node, cmd->n_no_node, cmd->no_start, args, out);
}

bool render_identity(const struct gram_cmd *cmd, const void *args, struct strbuf *out)
{
    strbuf_write(out, cmd->name, strlen(cmd->name));
    if (cmd->flags & GF_MULTI) {
        strbuf_write(out, " ", 1);
        return render_line(cmd, args, out);
    }
    for (unsigned k = 0; k < cmd->n_key; k++) {
        const struct gram_member *m = &cmd->member[cmd->key[k]];
        strbuf_write(out, " ", 1);
        if (m->type == GT_KW)
            strbuf_write(out, value_is_set(m, args) ? "+" : "-", 1);
        else if (value_is_set(m, args) || m->def)
            add_values(out, out->len, m, args);
        else
            strbuf_write(out, "-", 1);
    }
    return true;
}
