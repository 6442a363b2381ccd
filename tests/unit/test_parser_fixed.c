/* The grammar's fixed point: for every command, sample lines along every branch of its syntax are parsed, rendered,
 * parsed and rendered again; both renderings must be equal and must belong to the same command. */
#include "parser/match.h"
#include "parser/render.h"
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SAMPLES = 60 };

struct dice {
    uint32_t state;
    unsigned systematic; /* the first samples take each alternative in turn */
};

static unsigned roll(struct dice *d, unsigned n)
{
    d->state = d->state * 1664525u + 1013904223u;
    if (d->systematic)
        return (d->systematic >> ((d->state >> 8) % 7)) % n;
    return (d->state >> 16) % n;
}

static void sample_value(const struct gram_node *n, struct dice *d, struct strbuf *b)
{
    static const char *const ips[] = {"10.1.11.254", "192.0.2.1", "0.0.0.0"};
    static const char *const names[] = {"GigabitEthernet0/3", "Ethernet1/1", "FastEthernet4"};
    size_t lo = (n->flags & GNF_RANGED) && n->type != GT_INT ? n->lo : 1;
    size_t hi = n->flags & GNF_RANGED ? n->hi : 4;
    switch (n->type) {
    case GT_INT:
        strbuf_add(b, "%u", (unsigned[]){n->lo, n->hi, n->lo + (n->hi - n->lo) / 2}[roll(d, 3)]);
        break;
    case GT_IP:
        strbuf_add(b, "%s", ips[roll(d, 3)]);
        break;
    case GT_MASK:
        strbuf_add(b, "255.255.255.0");
        break;
    case GT_WILDCARD:
        strbuf_add(b, "0.0.0.255");
        break;
    case GT_PREFIX:
        strbuf_add(b, "10.2.0.0/16");
        break;
    case GT_MAC:
        strbuf_add(b, "0011.2233.4455");
        break;
    case GT_IFNAME:
        strbuf_add(b, "%s", names[roll(d, 3)]);
        break;
    case GT_IFRANGE:
        strbuf_add(b, "GigabitEthernet0/1 - 3 , Loopback7");
        break;
    default:
        if (n->names) {
            strbuf_add(b, "%s", n->names[roll(d, 3)].name);
            break;
        }
        for (size_t i = 0; i < lo || (i < 4 && i < hi); i++)
            strbuf_add(b, "%c", "Zq9x"[i & 3]);
        if (n->type == GT_LINE && !(n->flags & GNF_RANGED))
            strbuf_add(b, " more  words");
    }
}

static void sample_line(const struct gram_cmd *cmd, struct dice *d, struct strbuf *b)
{
    for (unsigned i = cmd->start, reps = 0; cmd->node[i].kind != GN_END;) {
        const struct gram_node *n = &cmd->node[i];
        if (n->kind == GN_SPLIT) {
            i = roll(d, 2) ? n->next : n->alt;
            continue;
        }
        if (b->len)
            strbuf_add(b, " ");
        if (n->kind == GN_KW)
            strbuf_add(b, "%s", n->old && roll(d, 2) ? n->old : n->text);
        else
            sample_value(n, d, b);
        if (n->rep && ++reps < n->rep && roll(d, 2))
            continue;
        reps = 0;
        i = n->next;
    }
}

static char *reparse(struct matcher *m, const struct gram_mode *mode, const struct gram_cmd *cmd, const char *line)
{
    enum match_result r = match_line(m, mode, line, 0, strlen(line), 0, 15);
    cr_assert_eq(r, MATCH_OK, "%s in mode %s: '%s' gives %d at %zu", cmd->name, mode->name, line, r, m->pos);
    cr_assert_str_eq(m->cmd->name, cmd->name, "'%s' in mode %s is taken for %s", line, mode->name, m->cmd->name);
    struct value_pool *pool = NULL;
    struct strbuf b = {0};
    void *args = match_args(m, line, &pool);
    cr_assert(render_line(cmd, args, &b), "%s: '%s' does not render", cmd->name, line);
    free(args);
    value_pool_free(pool);
    return b.s;
}

static bool is_exec(const struct gram_mode *mode)
{
    return mode == &gram_modes[MODE_EXEC];
}

Test(grammar, parse_render_parse_is_a_fixed_point_for_every_branch)
{
    struct matcher m = {0};
    unsigned lines = 0;
    for (unsigned i = 0; i < gram_n_cmds; i++) {
        const struct gram_cmd *cmd = &gram_cmds[i];
        for (unsigned k = 0; k < cmd->n_mode; k++) {
            const struct gram_mode *mode = &gram_modes[cmd->mode[k]];
            for (unsigned s = 0; s < SAMPLES; s++) {
                struct dice d = {i * 977u + s, s < 32 ? s + 1 : 0};
                struct strbuf line = {0};
                sample_line(cmd, &d, &line);
                char *once = reparse(&m, mode, cmd, line.s);
                char *twice = reparse(&m, mode, cmd, once);
                cr_assert_str_eq(once, twice, "%s: '%s' becomes '%s' becomes '%s'", cmd->name, line.s, once, twice);
                if (!is_exec(mode) && !(cmd->flags & (GF_NONO | GF_ACTION)) && !cmd->no_node) {
                    enum match_result r = match_line(&m, mode, once, 0, strlen(once), MATCH_NO, 15);
                    cr_assert_eq(r, MATCH_OK, "no %s is not accepted", once);
                    cr_assert_str_eq(m.cmd->name, cmd->name, "no %s is taken for %s", once, m.cmd->name);
                }
                lines++;
                free(once);
                free(twice);
                strbuf_free(&line);
            }
        }
    }
    matcher_free(&m);
    cr_assert_gt(lines, 1000);
}

/* Default lines stand in show running-config, so they must be accepted where they stand. */
Test(grammar, default_lines_are_accepted)
{
    struct matcher m = {0};
    for (unsigned i = 0; i < gram_n_cmds; i++) {
        const struct gram_cmd *cmd = &gram_cmds[i];
        if (!cmd->def)
            continue;
        bool no = !strncmp(cmd->def, "no ", 3);
        const char *line = cmd->def + (no ? 3 : 0);
        enum match_result r = match_line(&m, &gram_modes[cmd->mode[0]], line, 0, strlen(line), no ? MATCH_NO : 0, 15);
        cr_assert_eq(r, MATCH_OK, "%s: default '%s' is not accepted", cmd->name, cmd->def);
        cr_assert_str_eq(m.cmd->name, cmd->name, "default '%s' belongs to %s", cmd->def, m.cmd->name);
    }
    matcher_free(&m);
}

/* Every keyword with its last letter replaced: the caret stands at that letter, unless another keyword goes on (ios-cli
 * 14). */
Test(grammar, caret_at_the_first_letter_that_fits_nothing)
{
    struct matcher m = {0};
    unsigned checked = 0;
    for (unsigned i = 0; i < gram_n_cmds; i++) {
        const struct gram_cmd *cmd = &gram_cmds[i];
        const struct gram_node *n = &cmd->node[cmd->start];
        char word[64];
        if (n->kind != GN_KW || is_exec(&gram_modes[cmd->mode[0]]) || strlen(n->text) < 3 || strlen(n->text) > 60)
            continue;
        snprintf(word, sizeof word, "%s", n->text);
        size_t last = strlen(word) - 1;
        word[last] = '_';
        enum match_result r = match_line(&m, &gram_modes[cmd->mode[0]], word, 0, last + 1, 0, 15);
        cr_assert_eq(r, MATCH_INVALID, "%s", word);
        cr_assert_eq(m.pos, last, "%s: caret at %zu", word, m.pos);
        checked++;
    }
    matcher_free(&m);
    cr_assert_gt(checked, 20);
}

/* A command of a later landing may still lack its module; nothing else may. */
Test(grammar, every_handler_is_in_this_build)
{
    for (unsigned i = 0; i < gram_n_cmds; i++)
        cr_expect(!gram_cmds[i].handler || gram_cmds[i].present(), "%s has no handler", gram_cmds[i].name);
}
