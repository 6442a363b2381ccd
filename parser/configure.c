/* Lines in configuration mode (see configure.h). */
#include "parser/configure.h"
#include "modules/core/banner.h"
#include "parser/configure_int.h"
#include "parser/render.h"
#include "parser/session_int.h"
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static void block_free(struct block *b)
{
    free(b->args);
    free(b->identity);
    value_pool_free(b->pool);
    memset(b, 0, sizeof *b);
}

void level_drop_more(struct level *l)
{
    while (l->n_more)
        block_free(&l->more[--l->n_more]);
}

static void level_clear(struct level *l)
{
    block_free(&l->block);
    level_drop_more(l);
    free(l->more);
    memset(l, 0, sizeof *l);
}

void place_enter(struct place *p, struct cfg *cfg)
{
    place_leave(p);
    p->cfg = cfg;
    p->depth = 1;
    p->level[0].mode = MODE_CONFIG;
    p->level[0].block.node = &cfg->root;
    p->generation = cfg->generation;
}

void place_cut(struct place *p, unsigned depth)
{
    while (p->depth > depth)
        level_clear(&p->level[--p->depth]);
}

void place_leave(struct place *p)
{
    place_cut(p, 0);
    strbuf_free(&p->text);
    p->text = (struct strbuf){0};
    p->text_prompt = NULL;
}

bool place_wants_text(const struct place *p)
{
    return p->text.s != NULL;
}

const struct gram_mode *place_mode(const struct place *p)
{
    return &gram_modes[p->depth ? p->level[p->depth - 1].mode : MODE_EXEC];
}

const char *place_prompt(const struct place *p)
{
    return p->depth && p->level[p->depth - 1].ifrange ? "(config-if-range)" : place_mode(p)->prompt;
}

static void find_again(struct block *b, const struct cfg_node *up)
{
    b->node = up ? cfg_find(up, b->identity) : NULL;
}

struct cfg_node *place_block(struct place *p, struct block *b, struct cfg_node *up, struct cmd *c)
{
    if (b->node)
        return b->node;
    struct value_pool *pool = NULL;
    void *args = value_args_copy(b->cmd, b->args, &pool);
    struct cmd sub = *c;
    cfg_set(p->cfg, up, b->cmd, args, &sub, &b->node);
    free(args);
    value_pool_free(pool);
    return b->node;
}

struct cfg_node *place_node(struct place *p, unsigned i, struct cmd *c)
{
    if (p->generation != p->cfg->generation) {
        for (unsigned k = 1; k < p->depth; k++) {
            struct level *l = &p->level[k];
            for (unsigned n = 0; n < l->n_more; n++)
                find_again(&l->more[n], p->level[k - 1].block.node);
            find_again(&l->block, p->level[k - 1].block.node);
        }
        p->generation = p->cfg->generation;
    }
    for (unsigned k = 1; k <= i; k++)
        if (!place_block(p, &p->level[k].block, p->level[k - 1].block.node, c))
            return NULL;
    return p->level[i].block.node;
}

void block_take(struct block *b, struct cfg_node *node)
{
    *b = (struct block){.cmd = node->cmd, .node = node};
    b->args = value_args_copy(node->cmd, node->args, &b->pool);
    b->identity = strdup(node->identity);
    if (!b->identity)
        abort();
}

struct block *block_more(struct level *l)
{
    l->more = realloc(l->more, (l->n_more + 1) * sizeof *l->more);
    if (!l->more)
        abort();
    return &l->more[l->n_more++];
}

static void open_block(struct place *p, unsigned i, struct cfg_node *node)
{
    place_cut(p, i + 1);
    if (p->depth == PLACE_MAX)
        return;
    struct level *l = &p->level[p->depth++];
    l->mode = cfg_mode_of(node->cmd, node->args);
    block_take(&l->block, node);
    p->generation = p->cfg->generation;
}

/* The engine's own words are commands of boilerplate.gram that are recognised by name. */
enum engine { ENGINE_NOT, ENGINE_NO, ENGINE_DEFAULT, ENGINE_DO, ENGINE_EXIT, ENGINE_END, ENGINE_HELP, ENGINE_RANGE };
static enum engine engine_of(const struct gram_cmd *cmd)
{
    static const struct {
        const char *name;
        enum engine what;
    } own[] = {{"engine-no", ENGINE_NO},
               {"engine-default", ENGINE_DEFAULT},
               {"engine-do", ENGINE_DO},
               {"engine-exit", ENGINE_EXIT},
               {"engine-end", ENGINE_END},
               {"engine-help", ENGINE_HELP},
               {"engine-interface-range", ENGINE_RANGE},
               {"engine-exit-family", ENGINE_EXIT}};
    if (strncmp(cmd->name, "engine-", 7) != 0)
        return ENGINE_NOT;
    for (unsigned i = 0; i < sizeof own / sizeof *own; i++)
        if (!strcmp(cmd->name, own[i].name))
            return own[i].what;
    return ENGINE_NOT;
}

/* Finds the first mode from the innermost outwards that takes the line. *at: that level. On failure *v is the error of
 * the current mode, unless that one did not even know the first word: then of the mode that got furthest
 * (ios-cli 13.1). */
static bool look_up(struct place *p, struct matcher *m, unsigned level, const char *line, size_t from, size_t len,
                    unsigned flags, unsigned *at, struct verdict *v)
{
    bool have = false, firm = false;
    for (unsigned i = p->depth; i-- > 0;) {
        enum match_result r =
            match_line(m, &gram_modes[p->level[i].mode], line, from, len, flags | MATCH_COMMENTS, level);
        if (r == MATCH_OK && !strncmp(m->cmd->name, "outer-", 6))
            continue; /* known here only so that it is no prefix of something else: it belongs further out */
        if (r == MATCH_OK) {
            *at = i;
            return true;
        }
        size_t pos = r == MATCH_INVALID ? m->pos : len;
        if (!have || (!firm && pos > v->pos)) {
            v->result = r;
            v->pos = pos;
            v->unknown_word = !m->tokens;
        }
        firm = firm || (!have && m->tokens > 0);
        have = true;
    }
    return false;
}

/* `default interface X`: empties the block and keeps it. */
static enum line_result default_block(struct place *p, struct matcher *m, struct cmd *c, struct cfg_node *at,
                                      void *args)
{
    struct strbuf id = {0}, text = {0};
    render_identity(m->cmd, args, &id);
    struct cfg_node *n = cfg_find(at, id.s);
    if (n)
        cfg_empty(p->cfg, n, c);
    if (!strcmp(m->cmd->name, "interface") && render_line(m->cmd, args, &text))
        cmd_note(c, "Interface %s set to default configuration", text.s + strlen("interface "));
    strbuf_free(&id);
    strbuf_free(&text);
    return LINE_OK;
}

static enum line_result run(struct place *p, struct matcher *m, struct cmd *c, const char *by, const char *line,
                            unsigned at)
{
    struct value_pool *pool = NULL;
    const struct gram_cmd *cmd = m->cmd;
    void *args = match_args(m, line, &pool);
    struct cfg_node *block = place_node(p, at, c), *node = NULL;
    int rc = CMD_ERROR;
    enum line_result result = LINE_OK;
    bool was_dirty = p->cfg->dirty;
    c->line = line;
    if (!block) {
        rc = CMD_ERROR;
    } else if (cmd->flags & GF_ACTION) {
        c->op = m->flags & MATCH_NO ? CMD_UNSET : CMD_RUN;
        cfg_blocks(block, c);
        rc = cfg_call(cmd, c, args);
    } else if (!(m->flags & MATCH_NO) && cfg_is_range(cmd)) {
        node = cfg_range_open(p->cfg, block, cmd, args, c);
        rc = node ? CMD_OK : CMD_ERROR;
    } else if (!(m->flags & MATCH_NO)) {
        rc = cfg_set(p->cfg, block, cmd, args, c, &node);
    } else if ((m->flags & MATCH_DEFAULT) && cmd->opens != GRAM_NONE) {
        rc = CMD_OK;
        result = default_block(p, m, c, block, args);
    } else {
        rc = cfg_unset(p->cfg, block, cmd, args, c, m->flags & MATCH_DEFAULT);
    }
    bool any = rc != CMD_ERROR;
    if (rc != CMD_PENDING && (p->level[at].n_more || p->level[at].range_last) && !(cmd->flags & GF_ACTION))
        rc = range_rest(p, m, c, at, line, rc, &any);
    uint32_t last = cfg_is_range(cmd) ? cfg_range_last(cmd, args) : 0;
    free(args);
    value_pool_free(pool);
    if (!any)
        return LINE_ERROR;
    if (!(cmd->flags & GF_ACTION)) {
        cfg_touch(p->cfg, by);
        if (c->booting)
            p->cfg->dirty = was_dirty;
    }
    place_cut(p, at + 1);
    place_node(p, at, c);
    if (node && cmd->opens != GRAM_NONE)
        open_block(p, at, node);
    if (node && last)
        range_open_rest(p, at, node, last);
    return rc == CMD_PENDING ? LINE_PENDING : rc == CMD_ERROR ? LINE_ERROR : result;
}

static size_t skip_word(const char *line, size_t i, size_t len)
{
    while (i < len && (line[i] == ' ' || line[i] == '\t'))
        i++;
    while (i < len && line[i] != ' ' && line[i] != '\t')
        i++;
    while (i < len && (line[i] == ' ' || line[i] == '\t'))
        i++;
    return i;
}

/* The text of a command that takes several lines: of a banner up to its delimiter, of a certificate up to `quit`. */
enum text_state { TEXT_NONE, TEXT_OPEN, TEXT_CLOSED };

static enum text_state text_until(const char *line, const char *word)
{
    const char *last = strrchr(line, '\n');
    if (!last)
        return TEXT_OPEN;
    last += 1 + strspn(last + 1, " \t");
    return !strncasecmp(last, word, 4) && !last[4 + strspn(last + 4, " \t")] ? TEXT_CLOSED : TEXT_OPEN;
}

static const char *first_word(const struct matcher *m)
{
    int32_t i = m->last;
    while (m->st[i].parent >= 0)
        i = m->st[i].parent;
    return match_node(m, m->cmd, m->st[i].node)->text;
}

static enum text_state text_state(const struct matcher *m, const char *line)
{
    const char *name = m->cmd->name;
    if (m->last < 0 || (m->flags & MATCH_NO))
        return TEXT_NONE;
    if (!strcmp(name, "banner") || !strcmp(name, "client-group-banner") || !strcmp(name, "aaa-authentication-message"))
        return banner_split(line + m->st[m->last].pos).closed ? TEXT_CLOSED : TEXT_OPEN;
    if (!strcmp(name, "certificate") || !strcmp(name, "certificate-own")) {
        /* The body is the last argument; without it, or with hex lines so far, more lines follow. */
        const struct gram_node *n = match_node(m, m->cmd, m->st[m->last].node);
        if (n->type == GT_LINE && line[m->st[m->last].pos] != '\n')
            return TEXT_NONE; /* nvram:FILE */
        return text_until(line, "quit");
    }
    if (!strcmp(name, "ssh-pubkey-key") && !strcmp(first_word(m), "key-string") &&
        (match_node(m, m->cmd, m->st[m->last].node)->type == GT_KW || line[m->st[m->last].pos] == '\n'))
        return text_until(line, "exit");
    return TEXT_NONE;
}

static const char hex_prompt[] = "(config-pki-hexmode)";

/* The first line of such a text: is the text an argument of its own, behind a line end? */
static void text_begin(struct place *p, const struct matcher *m, struct cmd *c, const char *line)
{
    bool banner =
        match_node(m, m->cmd, m->st[m->last].node)->type == GT_LINE && strncmp(m->cmd->name, "certificate", 11) != 0;
    if (banner) {
        const char *text = line + m->st[m->last].pos;
        cmd_note(c, "Enter TEXT message.  End with the character '%.*s'.", (int)(banner_split(text).text - text), text);
    }
    strbuf_add(&p->text, "%s%s", line, banner ? "" : " ");
    p->text_prompt = banner ? NULL : !strcmp(m->cmd->name, "ssh-pubkey-key") ? "(conf-ssh-pubkey-data)" : hex_prompt;
}

/* A line of a certificate that is neither hexadecimal nor `quit` is refused, not taken into it. */
static bool not_hex(const struct place *p, const char *line, struct verdict *v)
{
    size_t digits = strspn(line, "0123456789abcdefABCDEF \t"), first = strspn(line, " \t");
    bool hex =
        !line[digits] || (!strncasecmp(line + first, "quit", 4) && !line[first + 4 + strspn(line + first + 4, " \t")]);
    *v = (struct verdict){MATCH_INVALID, digits, false};
    return !hex && p->text_prompt && !strcmp(p->text_prompt, hex_prompt);
}

enum line_result configure_line(struct place *p, struct matcher *m, struct cmd *c, const char *by, const char *line,
                                size_t len, struct verdict *v)
{
    unsigned at = 0;
    enum { TEXT_MAX = 16384 };
    if (p->text.s) {
        if (not_hex(p, line, v))
            return LINE_REFUSED;
        strbuf_add(&p->text, "\n%s", line);
        if (look_up(p, m, 15, p->text.s, 0, p->text.len, 0, &at, v) && text_state(m, p->text.s) == TEXT_OPEN &&
            p->text.len < TEXT_MAX)
            return LINE_OK;
        struct strbuf whole = p->text;
        p->text = (struct strbuf){0};
        p->text_prompt = NULL;
        enum line_result r = configure_one(p, m, c, by, whole.s, whole.len, v);
        strbuf_free(&whole);
        return r;
    }
    return configure_one(p, m, c, by, line, len, v);
}

enum line_result configure_one(struct place *p, struct matcher *m, struct cmd *c, const char *by, const char *line,
                               size_t len, struct verdict *v)
{
    unsigned at = 0, flags = 0;
    if (!look_up(p, m, cmd_level(c), line, 0, len, 0, &at, v))
        return LINE_REFUSED;
    enum engine e = engine_of(m->cmd);
    size_t from = skip_word(line, 0, len);
    switch (e) {
    case ENGINE_DO:
        v->pos = from;
        return LINE_DO;
    case ENGINE_END:
        place_leave(p);
        return LINE_LEFT;
    case ENGINE_EXIT:
        place_cut(p, p->depth - 1);
        return p->depth ? LINE_OK : LINE_LEFT;
    case ENGINE_HELP:
        return LINE_HELP;
    case ENGINE_NO:
    case ENGINE_DEFAULT:
        flags = MATCH_NO | (e == ENGINE_DEFAULT ? MATCH_DEFAULT : 0);
        v->pos = 0;
        if (!look_up(p, m, cmd_level(c), line, from, len, flags, &at, v)) {
            struct verdict other;
            if (look_up(p, m, cmd_level(c), line, from, len, 0, &at, &other) && engine_of(m->cmd) == ENGINE_RANGE)
                return range_open(p, m, c, by, line, e == ENGINE_NO ? "no " : "default ");
            return LINE_REFUSED;
        }
        if (engine_of(m->cmd)) {
            *v = (struct verdict){MATCH_INVALID, from, false};
            return LINE_REFUSED;
        }
        break;
    case ENGINE_RANGE:
        return range_open(p, m, c, by, line, "");
    case ENGINE_NOT:
        range_note_left(p, m, c, at);
        if (text_state(m, line) == TEXT_OPEN && !strchr(line, '\n')) {
            text_begin(p, m, c, line);
            return LINE_OK;
        }
        break;
    }
    return run(p, m, c, by, line, at);
}

enum match_result configure_probe(struct place *p, struct matcher *m, const char *line)
{
    struct verdict v = {MATCH_OK, 0, false};
    unsigned at = 0;
    size_t len = strlen(line);
    bool no = false;
    if (!p->depth)
        return MATCH_INVALID;
    if (!look_up(p, m, 15, line, 0, len, 0, &at, &v))
        return v.result;
    switch (engine_of(m->cmd)) {
    case ENGINE_NO:
    case ENGINE_DEFAULT:
        no = true;
        if (!look_up(p, m, 15, line, skip_word(line, 0, len), len, MATCH_NO, &at, &v))
            return v.result;
        break;
    case ENGINE_EXIT:
    case ENGINE_END:
        place_cut(p, engine_of(m->cmd) == ENGINE_END || p->depth == 1 ? 1 : p->depth - 1);
        return MATCH_OK;
    case ENGINE_DO:
    case ENGINE_HELP:
        return MATCH_OK;
    case ENGINE_RANGE:
        place_cut(p, 1);
        p->level[p->depth++] = (struct level){.mode = gram_find("interface")->opens, .ifrange = true};
        return MATCH_OK;
    case ENGINE_NOT:
        break;
    }
    place_cut(p, at + 1);
    if (!no && m->cmd->opens != GRAM_NONE && p->depth < PLACE_MAX) {
        struct value_pool *pool = NULL;
        void *args = match_args(m, line, &pool);
        p->level[p->depth] = (struct level){.mode = cfg_mode_of(m->cmd, args)};
        free(args);
        value_pool_free(pool);
        p->depth++;
    }
    return MATCH_OK;
}

/* The column of a byte: the later bytes of a UTF-8 character take none. */
static size_t column(const char *line, size_t pos)
{
    size_t n = 0;
    for (size_t i = 0; i < pos && line[i]; i++)
        n += ((unsigned char)line[i] & 0xc0) != 0x80;
    return n;
}

void verdict_text(const struct verdict *v, const char *line, size_t prompt_len, struct strbuf *out)
{
    switch (v->result) {
    case MATCH_INVALID:
        strbuf_add(out, "%*s^\n%% Invalid input detected at '^' marker.\n\n", (int)(prompt_len + column(line, v->pos)),
                   "");
        break;
    case MATCH_INCOMPLETE:
        strbuf_add(out, "%% Incomplete command.\n\n");
        break;
    case MATCH_AMBIGUOUS:
        strbuf_add(out, "%% Ambiguous command:  \"");
        strbuf_safe(out, line);
        strbuf_add(out, "\"\n");
        break;
    case MATCH_OK:
        break;
    }
}
