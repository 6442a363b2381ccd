/* `?` and TAB (ios-cli 5): what may follow, laid out as IOS does. Called by the doors through session.h. */
#include "modules/core/ifname.h"
#include "parser/help_int.h"
#include "parser/session_int.h"
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const struct {
    const char *name, *help;
} if_help[] = {{"BVI", "Bridge-Group Virtual Interface"},
               {"Ethernet", "IEEE 802.3"},
               {"FastEthernet", "FastEthernet IEEE 802.3"},
               {"GigabitEthernet", "GigabitEthernet IEEE 802.3z"},
               {"Loopback", "Loopback interface"},
               {"Null", "Null interface"},
               {"Port-channel", "Ethernet Channel of interfaces"},
               {"Serial", "Serial"},
               {"TenGigabitEthernet", "Ten Gigabit Ethernet"},
               {"Tunnel", "Tunnel interface"},
               {"Vlan", "Catalyst Vlans"}};

static void add_ifnames(struct help_list *l)
{
    for (unsigned i = 0; i < sizeof if_help / sizeof *if_help; i++)
        help_add(l, if_help[i].name, if_help[i].help, true);
}

/* What the help asks about: a mode's matcher fed with the words before the cursor. */
struct query {
    struct session *s;
    const char *line;
    size_t len, from; /* from: where the words for this mode start (behind do, no) */
    const struct gram_mode *mode;
    unsigned flags;
    enum match_result result;
    bool nested;
};

static bool first_is(const struct query *q, const char *name, size_t *behind)
{
    struct matcher *m = &q->s->m;
    size_t i = q->from;
    while (i < q->len && q->line[i] == ' ')
        i++;
    while (i < q->len && q->line[i] != ' ')
        i++;
    if (i == q->len)
        return false;
    if (match_line(m, q->mode, q->line, q->from, i + 1, q->flags | MATCH_HELP, q->s->privilege) != MATCH_OK || !m->n_st)
        return false;
    for (unsigned k = m->front; k < m->n_st; k++)
        if (!strcmp(m->st[k].cmd->name, name)) {
            *behind = i + 1;
            return true;
        }
    return false;
}

/* `undebug X` and `no debug X` have the words of `debug X`; `no terminal` has its own. */
static void ask_debug(struct query *q)
{
    size_t behind;
    bool undebug = first_is(q, "exec-undebug", &behind);
    if (!undebug && !first_is(q, "exec-no", &behind))
        return;
    behind += strspn(q->line + behind, " ");
    size_t word = behind + strcspn(q->line + behind, " ");
    if (!undebug && word < q->len && !strncasecmp(q->line + behind, "terminal", word - behind))
        return;
    q->flags |= MATCH_DEBUG | (undebug ? MATCH_UNDEBUG : 0);
    q->from = behind;
    q->nested = true;
}

static void ask(struct query *q)
{
    struct session *s = q->s;
    q->from = 0;
    q->flags = s->place.depth ? 0 : MATCH_PIPES;
    q->mode = place_mode(&s->place);
    if (s->place.depth && first_is(q, "engine-do", &q->from)) {
        q->mode = &gram_modes[MODE_EXEC];
        q->flags = MATCH_PIPES;
        q->nested = true;
    } else if (s->place.depth && (first_is(q, "engine-no", &q->from) || first_is(q, "engine-default", &q->from))) {
        q->flags = MATCH_NO;
        q->nested = true;
    }
    if (q->mode == &gram_modes[MODE_EXEC])
        ask_debug(q);
    q->result = match_line(&s->m, q->mode, q->line, q->from, q->len, q->flags | MATCH_HELP, s->privilege);
}

/* exit, end, do and the like are offered, but not behind `no`, and the rarer ones in global configuration only. */
static bool offered(const struct query *q, const struct gram_cmd *cmd)
{
    if (cmd->flags & GF_HIDDEN)
        return false;
    if (!q->s->m.tokens && !strcmp(cmd->name, "exec-no-terminal")) /* `no` is there for debug */
        return false;
    if (strncmp(cmd->name, "engine-", 7) != 0)
        return true;
    if (q->flags & MATCH_NO)
        return false;
    return q->mode == &gram_modes[MODE_CONFIG] || !strcmp(cmd->name, "engine-exit") ||
           !strcmp(cmd->name, "engine-no") || !strcmp(cmd->name, "engine-default");
}

static bool prefix_of(const char *word, size_t n, const char *kw)
{
    return strncasecmp(word, kw, n) == 0;
}

static bool names_interface(const struct gram_node *n)
{
    return n->type == GT_IFNAME || n->type == GT_IFRANGE;
}

/* Could the letters typed so far grow into a value of this type? */
static bool may_grow(const struct gram_node *n, const char *w, size_t len)
{
    if (n->type == GT_WORD || n->type == GT_LINE)
        return true;
    for (size_t i = 0; i < len; i++) {
        bool digit = isdigit((unsigned char)w[i]);
        if (n->type == GT_INT && !digit)
            return false;
        if ((n->type == GT_IP || n->type == GT_MASK || n->type == GT_WILDCARD) && !digit && w[i] != '.')
            return false;
        if (n->type == GT_PREFIX && !digit && w[i] != '.' && w[i] != '/')
            return false;
        if (n->type == GT_MAC && !isxdigit((unsigned char)w[i]) && w[i] != '.')
            return false;
    }
    return !names_interface(n);
}

/* `interface gig ?`, `interface gi0/?`: the type is there, a number is missing. */
static bool add_number(struct help_list *l, const char *text, size_t n)
{
    char buf[64], canonical[40], *help = NULL;
    size_t pos, letters;
    snprintf(buf, sizeof buf, "%.*s", (int)n, text);
    enum ifname_fit fit = ifname_fit(buf, canonical, &pos);
    if (fit != IFNAME_SHORT && fit != IFNAME_FITS)
        return false;
    letters = strcspn(canonical, "0123456789");
    if (asprintf(&help, "%.*s interface number", (int)letters, canonical) < 0)
        return false;
    help_add_made(l, strchr(buf, '/') ? "<0-255>" : "<0-2147483647>", help);
    return true;
}

static void collect(const struct query *q, struct help_list *l)
{
    struct matcher *m = &q->s->m;
    const char *w = q->line + m->word;
    size_t n = m->word_end - m->word;
    char buf[32];
    for (unsigned i = 0; i < m->n_cand; i++) {
        const struct gram_node *node = match_node(m, m->cand[i].cmd, m->cand[i].node);
        if (node->kind == GN_END || !offered(q, m->cand[i].cmd))
            continue;
        const char *help = node->help;
        if (!strcmp(m->cand[i].cmd->name, "engine-exit"))
            help = q->mode->exit;
        if (node->kind == GN_KW && prefix_of(w, n, node->text))
            help_add(l, node->text, help, true);
    }
    unsigned keywords = l->n;
    for (unsigned i = 0; i < m->n_cand; i++) {
        const struct gram_node *node = match_node(m, m->cand[i].cmd, m->cand[i].node);
        if (node->kind != GN_ARG || !offered(q, m->cand[i].cmd))
            continue;
        if (node->names) {
            if ((node->flags & GNF_RANGED) && strspn(w, "0123456789") >= n)
                help_add(l, value_token(node, buf, sizeof buf), node->help, false);
            for (const struct named *k = node->names; k->name; k++)
                if (prefix_of(w, n, k->name))
                    help_add(l, k->name, k->help, true);
        } else if (names_interface(node) && !node->show) {
            struct help_list names = {0};
            add_ifnames(&names);
            for (unsigned k = 0; k < names.n; k++)
                if (prefix_of(w, n, names.v[k].token))
                    help_add(l, names.v[k].token, names.v[k].help, true);
            if (!l->n && n)
                add_number(l, w, n);
            help_free(&names);
        } else if (!n || (!keywords && may_grow(node, w, n))) {
            help_add(l, value_token(node, buf, sizeof buf), node->help, false);
        }
    }
    if ((q->flags & MATCH_DEBUG) && !m->tokens && prefix_of(w, n, "terminal"))
        help_add(l, "terminal", "Set terminal line parameters", true);
    help_sort(l);
}

/* Behind the word of a filter. */
static void collect_filter(const struct query *q, const char *w, size_t n, size_t i, size_t *word, struct help_list *l)
{
    const struct pipe_word *p = pipe_words;
    while (p->name && !prefix_of(w, n, p->name))
        p++;
    if (!p->name || p->kind == PIPE_JSON)
        return;
    while (i < q->len && q->line[i] == ' ')
        i++;
    *word = q->len;
    if (p->kind >= PIPE_REDIRECT) {
        static const char *const systems[] = {"disk0:", "flash:"};
        *word = i;
        for (unsigned k = 0; k < 2; k++)
            if (prefix_of(q->line + i, q->len - i, systems[k]))
                help_add(l, systems[k], "Uniform Resource Locator", false);
        return;
    }
    help_add(l, "LINE", "Regular Expression", false);
    if (p->kind == PIPE_SECTION && i == q->len) {
        help_add(l, "exclude", "Exclude entire section(s) of output", true);
        help_add(l, "include", "Include entire section(s) of output", true);
    }
}

static void collect_pipe(const struct query *q, size_t *word, struct help_list *l)
{
    const struct matcher *m = &q->s->m;
    size_t i = m->pipe + 1;
    while (i < q->len && q->line[i] == ' ')
        i++;
    *word = i;
    if (i == m->pipe + 1) { /* the blank behind it is missing */
        *word = m->pipe;
        if (i == q->len)
            help_add(l, "|", "Output modifiers", false);
        return;
    }
    size_t end = i;
    while (end < q->len && q->line[end] != ' ')
        end++;
    if (end < q->len) {
        collect_filter(q, q->line + i, end - i, end, word, l);
        return;
    }
    bool json = false;
    for (unsigned k = 0; k < m->n_cand; k++)
        json = json || (m->cand[k].cmd->flags & GF_JSON);
    for (const struct pipe_word *p = pipe_words; p->name; p++)
        if (prefix_of(q->line + i, end - i, p->name) && pipe_word_usable(p, json, q->s->privilege))
            help_add(l, p->name, p->help, true);
}

static bool number_missing(const struct query *q, struct help_list *l)
{
    const struct matcher *m = &q->s->m;
    if (q->result != MATCH_INCOMPLETE)
        return false;
    size_t end = q->len, start;
    while (end && q->line[end - 1] == ' ')
        end--;
    for (start = end; start && q->line[start - 1] != ' '; start--)
        ;
    for (unsigned i = 0; i < m->n_cand && !l->n; i++) {
        const struct gram_node *n = match_node(m, m->cand[i].cmd, m->cand[i].node);
        if (n->kind != GN_ARG || !names_interface(n) || !end)
            continue;
        if (n->type == GT_IFRANGE && q->line[end - 1] == ',')
            add_ifnames(l);
        else if (n->type == GT_IFRANGE && q->line[end - 1] == '-')
            help_add(l, "<0-2147483647>", "Last interface number", false);
        else
            add_number(l, q->line + start, end - start);
    }
    return l->n > 0;
}

struct alias_query {
    const char *word;
    size_t n;
    struct help_list *l;
};

static void collect_alias(void *arg, const char *name, const char *command)
{
    struct alias_query *a = arg;
    const char *quote = strchr(command, ' ') ? "\"" : "";
    char *text = NULL;
    if (!prefix_of(a->word, a->n, name) || asprintf(&text, "*%s=%s%s%s", name, quote, command, quote) < 0)
        return;
    help_add(a->l, text, "", false);
    free(text);
}

/* `s?`: aliases stand in front of the commands (5.4). */
static void collect_aliases(const struct query *q, struct help_list *l)
{
    static const char *const own[] = {"h", "lo", "p", "r", "s", "u", "un", "w"};
    const struct matcher *m = &q->s->m;
    struct alias_query a = {q->line + m->word, m->word_end - m->word, l};
    for (unsigned i = 0; i < sizeof own / sizeof *own; i++)
        collect_alias(&a, own[i], match_alias(own[i], strlen(own[i])));
    alias_each(q->s, "exec", collect_alias, &a);
    help_sort(l);
}

static char *text_of(struct strbuf *b)
{
    return b->s ? b->s : strdup("");
}

/* In front of `?` and TAB: a line whose first word is an alias is the command it stands for. malloc'd, or NULL. */
static char *written_out(struct session *s, const char *line)
{
    size_t word = strspn(line, " ");
    return line[word + strcspn(line + word, " ")] ? alias_expand(s, line, alias_mode(s)) : NULL;
}

static void help_filters(const struct query *q, struct help_list *l, struct strbuf *out)
{
    size_t word;
    collect_pipe(q, &word, l);
    if (!l->n)
        strbuf_add(out, "%% Unrecognized command\n");
    else if (word < q->len)
        help_columns(q->s, l, out);
    else
        help_described(q->s, l, out);
}

static void help_words(const struct query *q, struct help_list *l, struct strbuf *out)
{
    struct matcher *m = &q->s->m;
    bool full = m->word == m->word_end;
    collect(q, l);
    if (full && m->n_st && match_node(m, m->st[m->n_st - 1].cmd, m->st[m->n_st - 1].node)->type == GT_IFRANGE) {
        help_add(l, ",", "comma", false);
        help_add(l, "-", "hyphen", false);
    }
    if (full && m->tokens && match_may_end(m)) {
        if (m->is_show && (q->flags & MATCH_PIPES))
            help_add(l, "|", "Output modifiers", false);
        help_add(l, "<cr>", "", false);
        help_sort(l);
    }
    if (!full && (q->flags & MATCH_PIPES) && !(q->flags & MATCH_DEBUG) && !m->tokens)
        collect_aliases(q, l);
    if (!l->n) {
        strbuf_add(out, "%% Unrecognized command\n");
    } else if (!full) {
        help_columns(q->s, l, out);
    } else {
        if (!m->tokens && !q->nested)
            strbuf_add(out, "%s\n", q->mode->title);
        help_described(q->s, l, out);
    }
}

static char *help_on(struct session *s, const char *line)
{
    struct query q = {.s = s, .line = line, .len = strlen(line)};
    struct help_list l = {0};
    struct strbuf out = {0};
    ask(&q);
    if (number_missing(&q, &l)) {
        help_described(s, &l, &out);
    } else if (q.result == MATCH_AMBIGUOUS) {
        strbuf_add(&out, "%% Ambiguous command:  \"");
        strbuf_safe(&out, line);
        strbuf_add(&out, "\"\n");
    } else if (q.result != MATCH_OK) {
        strbuf_add(&out, "%% Unrecognized command\n");
    } else if (s->m.pipe != SIZE_MAX) {
        help_filters(&q, &l, &out);
    } else {
        help_words(&q, &l, &out);
    }
    help_free(&l);
    return text_of(&out);
}

/* What TAB makes of a word of n letters: the only token that begins with them, or NULL. */
static const char *only_token(const struct help_list *l, size_t n)
{
    const char *only = NULL;
    for (unsigned i = 0; i < l->n; i++) {
        if (!l->v[i].keyword)
            continue;
        if (strlen(l->v[i].token) == n) /* complete although longer ones go on from it */
            return l->v[i].token;
        if (only)
            return NULL;
        only = l->v[i].token;
    }
    return only;
}

char *session_help(struct session *s, const char *line)
{
    if (place_wants_text(&s->place))
        return strdup("  LINE  Data, up to a line of its own: quit (certificate) or exit (key)\n\n");
    char *alias = written_out(s, line), *text = help_on(s, alias ? alias : line);
    free(alias);
    return text;
}

char *session_complete(struct session *s, const char *line)
{
    struct query q = {.s = s, .line = line, .len = strlen(line)};
    struct help_list l = {0};
    size_t len = q.len;
    char *result = NULL, *alias = written_out(s, line);
    if (alias) {
        q.line = alias;
        q.len = strlen(alias);
    }
    ask(&q);
    struct matcher *m = &s->m;
    if (q.result == MATCH_OK && len && line[len - 1] != ' ' && !place_wants_text(&s->place)) {
        size_t word = m->word;
        if (m->pipe != SIZE_MAX)
            collect_pipe(&q, &word, &l);
        else
            collect(&q, &l);
        const char *token = only_token(&l, q.len - word);
        if (token && asprintf(&result, "%.*s%s ", (int)(len - (q.len - word)), line, token) < 0)
            result = NULL;
    }
    help_free(&l);
    free(alias);
    return result;
}
