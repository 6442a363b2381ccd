/* The configuration tree as text: order by rank and keys, indentation, `!` separators, default lines (ios-cli 9.3).
 * Called by the show commands, by write and by whoever compares configurations. */
#include "parser/cfg.h"
#include "parser/session.h"
#include <stdlib.h>
#include <string.h>
#include <time.h>

static int compare_keys(const struct gram_cmd *cmd, const struct cfg_node *x, const struct cfg_node *y)
{
    for (unsigned k = 0; k < cmd->n_key; k++) {
        int d = value_compare(&cmd->member[cmd->key[k]], x->args, y->args);
        if (d)
            return d;
    }
    return 0;
}

/* The key of a block that is declared `numbered`, where it is a number; NULL: a block like others. */
static const char *flat_key(const struct cfg_node *n)
{
    const char *key = NULL;
    if (n->cmd->flat && n->args)
        memcpy(&key, (const char *)n->args + n->cmd->member[n->cmd->key[0]].off, sizeof key);
    return key && *key >= '0' && *key <= '9' ? key : NULL;
}

static unsigned rank_of(const struct cfg_node *n)
{
    return flat_key(n) ? n->cmd->flat_rank : n->cmd->rank;
}

static unsigned base_of(const struct cfg_node *n)
{
    return flat_key(n) ? n->cmd->flat_rank : n->cmd->by_base;
}

/* Blocks declared `ordered` sort by sequence number (the first int key or hidden argument), then by rank. */
static const struct gram_member *sequence_of(const struct cfg_node *n)
{
    for (unsigned k = 0; k < n->cmd->n_key; k++)
        if (n->cmd->member[n->cmd->key[k]].type == GT_INT)
            return &n->cmd->member[n->cmd->key[k]];
    for (unsigned i = 0; i < n->cmd->n_member; i++)
        if (n->cmd->member[i].hidden && n->cmd->member[i].type == GT_INT)
            return &n->cmd->member[i];
    return NULL;
}

static int compare_order(const struct cfg_node *x, const struct cfg_node *y)
{
    return x->order < y->order ? -1 : x->order > y->order;
}

static int compare_ordered(const void *a, const void *b)
{
    const struct cfg_node *x = *(struct cfg_node *const *)a, *y = *(struct cfg_node *const *)b;
    const struct gram_member *mx = sequence_of(x), *my = sequence_of(y);
    uint32_t vx = 0, vy = 0;
    if (mx)
        memcpy(&vx, (const char *)x->args + mx->off, sizeof vx);
    if (my)
        memcpy(&vy, (const char *)y->args + my->off, sizeof vy);
    if (vx != vy)
        return vx < vy ? -1 : 1;
    return x->cmd->rank != y->cmd->rank ? (x->cmd->rank < y->cmd->rank ? -1 : 1) : compare_order(x, y);
}

static int compare_by(const struct cfg_node *x, const struct cfg_node *y)
{
    const struct gram_member *mx = &x->cmd->member[x->cmd->by], *my = &y->cmd->member[y->cmd->by];
    if (x->cmd == y->cmd)
        return value_compare(mx, x->args, y->args);
    if (mx->type == GT_WORD && my->type == GT_WORD) {
        const char *tx, *ty;
        memcpy(&tx, (const char *)x->args + mx->off, sizeof tx);
        memcpy(&ty, (const char *)y->args + my->off, sizeof ty);
        return strcmp(tx ? tx : "", ty ? ty : "");
    }
    if (mx->type != GT_INT || my->type != GT_INT)
        return 0;
    uint32_t vx, vy;
    memcpy(&vx, (const char *)x->args + mx->off, sizeof vx);
    memcpy(&vy, (const char *)y->args + my->off, sizeof vy);
    return vx < vy ? -1 : vx > vy;
}

static int compare_numbers(const char *a, const char *b)
{
    unsigned long x = strtoul(a, NULL, 10), y = strtoul(b, NULL, 10);
    return x < y ? -1 : x > y;
}

static int compare_rank(const void *a, const void *b)
{
    const struct cfg_node *x = *(struct cfg_node *const *)a, *y = *(struct cfg_node *const *)b;
    if (base_of(x) != base_of(y))
        return base_of(x) < base_of(y) ? -1 : 1;
    if (flat_key(x) && flat_key(y))
        return compare_numbers(flat_key(x), flat_key(y));
    if (x->cmd->by != GRAM_NONE && y->cmd->by != GRAM_NONE) {
        int d = compare_by(x, y);
        if (d)
            return d;
    }
    if (rank_of(x) != rank_of(y))
        return rank_of(x) < rank_of(y) ? -1 : 1;
    int d = 0;
    if (x->cmd == y->cmd && x->args && y->args)
        d = compare_keys(x->cmd, x, y);
    else if (x->cmd != y->cmd)
        d = strcmp(x->cmd->name, y->cmd->name);
    if (!d)
        d = strcmp(x->line, y->line);
    return d ? d : compare_order(x, y);
}

struct cfg_node **cfg_sorted(const struct cfg_node *block)
{
    if (!block->n)
        return NULL;
    struct cfg_node **list = malloc(block->n * sizeof *list);
    if (!list)
        abort();
    memcpy(list, block->child, block->n * sizeof *list);
    bool ordered = block->cmd && (block->cmd->flags & GF_ORDERED);
    cfg_sort(list, block->n, ordered ? compare_ordered : compare_rank);
    return list;
}

/* By command: does the block hold a line of it? malloc'd. */
static bool *stored(const struct cfg_node *block)
{
    bool *is = calloc(gram_n_cmds, sizeof *is);
    if (!is)
        abort();
    for (unsigned i = 0; i < block->n; i++)
        is[block->child[i]->cmd - gram_cmds] = true;
    return is;
}

/* The children plus nodes for default lines that are to be shown. Extra nodes are borrowed from *extra. */
static struct cfg_node **shown(const struct cfg_node *block, unsigned flags, unsigned *n, struct cfg_node **extra)
{
    const struct gram_mode *mode = &gram_modes[block->cmd ? cfg_mode_of(block->cmd, block->args) : MODE_CONFIG];
    unsigned count = block->n, more = 0;
    for (unsigned i = 0; i < mode->n_cmd; i++)
        more += gram_cmds[mode->cmd[i]].def != NULL;
    struct cfg_node **list = malloc((count + more + 1) * sizeof *list);
    struct cfg_node *fake = calloc(more + 1, sizeof *fake);
    if (!list || !fake)
        abort();
    if (count)
        memcpy(list, block->child, count * sizeof *list);
    *extra = fake;
    bool *is_stored = stored(block);
    for (unsigned i = 0; i < mode->n_cmd; i++) {
        const struct gram_cmd *cmd = &gram_cmds[mode->cmd[i]];
        if (!cmd->def || !((cmd->flags & GF_ALWAYS) || (flags & CFG_ALL)) || is_stored[cmd - gram_cmds])
            continue;
        fake->cmd = cmd;
        fake->line = (char *)cmd->def;
        fake->args = value_args_new(cmd, &fake->pool);
        list[count++] = fake++;
    }
    bool ordered = block->cmd && (block->cmd->flags & GF_ORDERED);
    cfg_sort(list, count, ordered ? compare_ordered : compare_rank);
    free(is_stored);
    *n = count;
    return list;
}

static void shown_free(struct cfg_node **list, struct cfg_node *extra)
{
    for (struct cfg_node *f = extra; f->cmd; f++) {
        free(f->args);
        value_pool_free(f->pool);
    }
    free(list);
    free(extra);
}

/* grammar/README.md: every fifty is a section; version and the service lines are one. */
static unsigned section_of(const struct cfg_node *n)
{
    return rank_of(n) < 200 ? 0 : rank_of(n) / 50;
}

/* A numbered block: each line behind its word and number. */
static void flat_lines(const struct cfg_node *block, const char *number, unsigned flags, struct strbuf *out)
{
    unsigned n;
    struct cfg_node *extra;
    struct cfg_node **list = shown(block, flags, &n, &extra);
    for (unsigned i = 0; i < n; i++)
        strbuf_add(out, "%s %s %s\n", block->cmd->flat, number, list[i]->line);
    shown_free(list, extra);
}

static void lines(const struct cfg_node *block, unsigned depth, unsigned flags, struct strbuf *out);

/* One line with what stands below it; before: its neighbour at global level, for the separators. */
static void one(const struct cfg_node *c, const struct cfg_node *before, unsigned depth, unsigned flags,
                struct strbuf *out)
{
    if (!depth && before) {
        bool compact = (before->cmd->flags & c->cmd->flags & GF_COMPACT) || (flat_key(before) && flat_key(c));
        if ((before->cmd->opens != GRAM_NONE && !compact) || section_of(before) != section_of(c))
            strbuf_write(out, "!\n", 2);
    }
    if (c->n && flat_key(c)) {
        flat_lines(c, flat_key(c), flags, out);
        return;
    }
    strbuf_write(out, "        ", depth < 8 ? depth : 8);
    strbuf_write(out, c->line, strlen(c->line));
    strbuf_write(out, "\n", 1);
    if (c->cmd->opens != GRAM_NONE && c->identity && !c->negated) {
        const char *closing = gram_modes[cfg_mode_of(c->cmd, c->args)].closing;
        lines(c, depth + 1, flags, out);
        if (closing)
            strbuf_add(out, "%*s%s\n", (int)depth, "", closing);
    }
}

static void lines(const struct cfg_node *block, unsigned depth, unsigned flags, struct strbuf *out)
{
    unsigned n;
    struct cfg_node *extra;
    struct cfg_node **list = shown(block, flags, &n, &extra);
    for (unsigned i = 0; i < n; i++)
        one(list[i], i ? list[i - 1] : NULL, depth, flags, out);
    shown_free(list, extra);
}

static void stamp(struct strbuf *out, const char *what, nstime wall, const char *by)
{
    time_t secs = (time_t)(wall / NS_PER_S);
    struct tm tm;
    char date[64];
    gmtime_r(&secs, &tm);
    strftime(date, sizeof date, "%H:%M:%S UTC %a %b %e %Y", &tm);
    /* %e pads with a blank; IOS prints the day unpadded here. */
    char *twice = strstr(date, "  ");
    if (twice)
        memmove(twice, twice + 1, strlen(twice));
    strbuf_add(out, "! %s at %s by %s\n", what, date, by);
}

static void head(struct cfg *cfg, unsigned flags, struct strbuf *out)
{
    if (!(flags & CFG_BODY)) {
        strbuf_write(out, "!\n", 2);
        if (cfg->changed_at)
            stamp(out, "Last configuration change", cfg->changed_at, cfg->changed_by);
        else
            strbuf_add(out, "! No configuration change since last restart\n");
        if (cfg->saved_at)
            stamp(out, "NVRAM config last updated", cfg->saved_at, cfg->saved_by);
        else if (cfg->saved_line)
            strbuf_add(out, "%s\n", cfg->saved_line);
    }
    strbuf_write(out, "!\n", 2);
}

void cfg_text(struct cfg *cfg, unsigned flags, struct strbuf *out)
{
    head(cfg, flags, out);
    lines(&cfg->root, 0, flags, out);
    strbuf_add(out, "!\nend\n");
}

/* ---- in pieces ---- */

enum { WRITER_TRIES = 3, WRITER_LINES = 64 };

struct cfg_writer {
    struct cfg *cfg;
    unsigned flags, generation, tries;
    struct cfg_node **list, *extra; /* of the root, in order; NULL: not begun */
    unsigned n, at;
};

struct cfg_writer *cfg_writer_new(struct cfg *cfg, unsigned flags)
{
    struct cfg_writer *w = calloc(1, sizeof *w);
    if (w) {
        w->cfg = cfg;
        w->flags = flags;
    }
    return w;
}

void cfg_writer_free(struct cfg_writer *w)
{
    if (w && w->list)
        shown_free(w->list, w->extra);
    free(w);
}

static void writer_begin(struct cfg_writer *w, struct strbuf *out)
{
    if (w->list)
        shown_free(w->list, w->extra);
    w->list = shown(&w->cfg->root, w->flags, &w->n, &w->extra);
    w->generation = w->cfg->generation;
    w->at = 0;
    w->tries++;
    out->len = 0;
    head(w->cfg, w->flags, out);
}

bool cfg_writer_run(struct cfg_writer *w, struct cmd *c, struct strbuf *out)
{
    if (!w->list || w->generation != w->cfg->generation) { /* a line that is to be written may be gone */
        writer_begin(w, out);
        if (w->tries < WRITER_TRIES && cmd_spent(c))
            return false;
    }
    while (w->at < w->n) {
        one(w->list[w->at], w->at ? w->list[w->at - 1] : NULL, 0, w->flags, out);
        if (++w->at % WRITER_LINES == 0 && w->tries < WRITER_TRIES && cmd_spent(c))
            return false;
    }
    strbuf_add(out, "!\nend\n");
    return true;
}

void cfg_text_block(struct cfg *cfg, const struct cfg_node *node, unsigned flags, struct strbuf *out)
{
    (void)cfg;
    if (node->n && flat_key(node)) {
        flat_lines(node, flat_key(node), flags, out);
        return;
    }
    strbuf_add(out, "%s\n", node->line);
    if (node->cmd->opens != GRAM_NONE && !node->negated)
        lines(node, 1, flags, out);
}

char *config_text(struct router *r)
{
    struct strbuf b = {0};
    cfg_text(cfg_get(r), 0, &b);
    return b.s;
}
