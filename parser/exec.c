/* Exec lines: matching, the unknown word, undebug, output filters (ios-cli 4.3, 7). Called by session.c, also behind
 * `do`. */
#include "parser/render.h"
#include "parser/session_int.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static void emit(void *arg, const char *text, size_t len)
{
    session_emit(arg, text, len);
}

static void sink(void *arg, const char *text, size_t len)
{
    struct session *s = arg;
    if (s->pipe)
        pipe_write(s->pipe, text, len, emit, s);
    else
        session_emit(s, text, len);
}

void exec_output_open(struct session *s, struct pipe *pipe, const char *json_command)
{
    exec_output_close(s);
    s->pipe = pipe;
    s->out = json_command ? out_new_json(json_command, sink, s) : out_new_text(sink, s);
}

bool exec_output_close(struct session *s)
{
    bool good = true;
    if (s->out)
        out_free(s->out);
    s->out = NULL;
    if (s->pipe) {
        good = pipe_finish(s->pipe, emit, s);
        pipe_free(s->pipe);
        s->pipe = NULL;
    }
    return good;
}

static int refuse(struct session *s, const char *line, enum match_result r, size_t pos)
{
    struct verdict v = {r, pos, false};
    struct strbuf b = {0};
    verdict_text(&v, line, strlen(session_prompt(s)), &b);
    session_emit(s, b.s, b.len);
    strbuf_free(&b);
    return CMD_ERROR;
}

static size_t next_word(const char *line, size_t i)
{
    while (line[i] && line[i] != ' ')
        i++;
    while (line[i] == ' ')
        i++;
    return i;
}

/* The first configured name server, NULL: none, or no looking up. */
static const char *name_server(const struct session *s)
{
    const char *found = NULL;
    for (unsigned i = 0; i < s->cfg->root.n; i++) {
        const char *line = s->cfg->root.child[i]->line;
        if (!strcmp(line, "no ip domain lookup"))
            return NULL;
        if (!found && !strncmp(line, "ip name-server ", 15))
            found = line + 15;
    }
    return found;
}

static bool covers_vty(const char *line, unsigned number)
{
    static const char words[] = "line vty ";
    char *end;
    if (strncmp(line, words, strlen(words)) != 0)
        return false;
    unsigned long first = strtoul(line + strlen(words), &end, 10), last = *end ? strtoul(end, NULL, 10) : first;
    return number >= first && number <= last;
}

/* `transport preferred none` on the line that the session stands on: a word is never a host name. */
static bool never_host(const struct session *s)
{
    unsigned number;
    bool vty = session_vty(s, &number);
    for (unsigned i = 0; i < s->cfg->root.n; i++) {
        const struct cfg_node *n = s->cfg->root.child[i];
        bool here = vty ? covers_vty(n->line, number) : !strcmp(n->line, "line con 0");
        for (unsigned k = 0; here && k < n->n; k++)
            if (!strcmp(n->child[k]->line, "transport preferred none"))
                return true;
    }
    return false;
}

/* A dotted quad, or a name that `ip host` gives one. */
static bool names_host(const struct session *s, const char *word, size_t n)
{
    struct addr a;
    char text[80];
    if (n >= sizeof text)
        return false;
    memcpy(text, word, n);
    text[n] = '\0';
    if (addr_parse(text, &a))
        return true;
    for (unsigned i = 0; i < s->cfg->root.n; i++) {
        const char *line = s->cfg->root.child[i]->line;
        if (!strncmp(line, "ip host ", 8) && !strncasecmp(line + 8, text, n) && line[8 + n] == ' ')
            return true;
    }
    return false;
}

/* A first word that is no command: a host name to connect to (ios-cli 4.3). */
static int unknown_word(struct session *s, const char *line, size_t from, size_t pos)
{
    while (line[from] == ' ')
        from++;
    size_t second = next_word(line, from), end = from;
    while (line[end] && line[end] != ' ')
        end++;
    if (line[second] || never_host(s))
        return refuse(s, line, MATCH_INVALID, line[second] ? second : pos);
    struct strbuf b = {0}, word = {0};
    bool number = s->resumes && strspn(line + from, "0123456789") == end - from; /* of a connection */
    if (number || names_host(s, line + from, end - from)) {
        strbuf_add(&b, "%s %.*s", number ? "resume" : "connect", (int)(end - from), line + from);
        int rc = exec_line(s, b.s, 0);
        strbuf_free(&b);
        return rc;
    }
    char *copy = strndup(line + from, end - from);
    strbuf_safe(&word, copy ? copy : "");
    free(copy);
    const char *server = name_server(s);
    strbuf_add(&b, "Translating \"%s\"", word.s ? word.s : "");
    if (server)
        strbuf_add(&b, "...domain server (%.*s)", (int)strcspn(server, " "), server);
    strbuf_add(&b, "\n\n%% Unknown command or computer name, or unable to find computer address\n\n");
    session_emit(s, b.s, b.len);
    strbuf_free(&b);
    strbuf_free(&word);
    return CMD_ERROR;
}

/* A show command that has only text: its lines, as an array. It is run once more for them. */
static int json_lines(struct cmd *c, const struct gram_cmd *cmd, void *args)
{
    struct out *json = c->out;
    struct strbuf text = {0};
    c->out = out_new_text(strbuf_sink, &text);
    c->at_once = true;
    int rc = cfg_call(cmd, c, args);
    out_free(c->out);
    c->out = json;
    out_object(json, NULL);
    out_array(json, "lines");
    for (char *s = text.s; s && *s;) {
        char *end = s + strcspn(s, "\n");
        bool last = !*end;
        *end = 0;
        out_str(json, NULL, s);
        s = last ? end : end + 1;
    }
    out_end(json);
    out_end(json);
    strbuf_free(&text);
    return rc;
}

/* The first line that another show command prints, malloc'd. */
static char *first_line_of(const struct cmd *like, const char *command)
{
    const struct gram_cmd *cmd = gram_find(command);
    struct strbuf text = {0};
    struct value_pool *pool = NULL;
    void *args = value_args_new(cmd, &pool);
    struct cmd c = *like;
    c.out = out_new_text(strbuf_sink, &text);
    cfg_call(cmd, &c, args);
    out_free(c.out);
    free(args);
    value_pool_free(pool);
    char *line = strndup(text.s ? text.s : "", strcspn(text.s ? text.s : "", "\n"));
    strbuf_free(&text);
    return line;
}

/* `terminal exec prompt timestamp`: what stands above the output of a show command. */
static void stamp(const struct cmd *c)
{
    char *cpu = first_line_of(c, "show-processes-cpu"), *clock = first_line_of(c, "show-clock");
    const char *load = cpu ? strstr(cpu, "five seconds: ") : NULL;
    if (load && clock)
        out_text(c->out, "Load for five secs: %s\nTime source is %s, %s\n\n", load + strlen("five seconds: "),
                 *clock == '*' ? "hardware calendar" : "NTP", clock);
    free(cpu);
    free(clock);
}

static int run(struct session *s, const char *line, const char *matched, enum cmd_op op, struct pipe *pipe, bool json)
{
    struct value_pool *pool = NULL;
    const struct gram_cmd *cmd = s->m.cmd;
    void *args = match_args(&s->m, matched, &pool);
    struct strbuf name = {0};
    if (json)
        render_line(cmd, args, &name);
    exec_output_open(s, pipe, json ? (name.s ? name.s : line) : NULL);
    strbuf_free(&name);
    struct cmd c = {.router = s->r,
                    .session = s,
                    .out = s->out,
                    .op = op,
                    .line = line,
                    .interactive = s->interactive,
                    .line_name = s->line_name};
    if (s->timestamp && s->m.is_show && !json)
        stamp(&c);
    int rc = cfg_call(cmd, &c, args);
    if (rc == CMD_OK && json && !out_has_json(s->out))
        rc = json_lines(&c, cmd, args);
    free(args);
    value_pool_free(pool);
    return rc;
}

/* `undebug X` and `no debug X`: the syntax of `debug X`. rest: where X (or `debug X`) starts. */
static int undebug(struct session *s, const char *line, size_t rest, unsigned flags)
{
    enum match_result r = match_line(&s->m, &gram_modes[MODE_EXEC], line, rest, strlen(line),
                                     MATCH_PIPES | MATCH_DEBUG | flags, s->privilege);
    return r == MATCH_OK ? run(s, line, line, CMD_UNSET, NULL, false) : refuse(s, line, r, s->m.pos);
}

static int piped(struct session *s, const char *line)
{
    struct pipe *pipe = NULL;
    enum pipe_kind kind = PIPE_NONE;
    size_t fail;
    struct strbuf why = {0};
    if (s->m.pipe == SIZE_MAX)
        return run(s, line, line, (s->m.cmd->flags & GF_DEBUG) ? CMD_SET : CMD_RUN, NULL, false);
    enum match_result r =
        pipe_parse(s, line, s->m.pipe, (s->m.cmd->flags & GF_JSON) || s->m.is_show, &pipe, &kind, &fail, &why);
    if (r != MATCH_OK)
        return refuse(s, line, r, fail);
    if (why.len) {
        session_emit(s, why.s, why.len);
        strbuf_free(&why);
        return CMD_ERROR;
    }
    return run(s, line, line, CMD_RUN, pipe, kind == PIPE_JSON);
}

static int exec_written_out(struct session *s, const char *line, size_t from)
{
    enum match_result r =
        match_line(&s->m, &gram_modes[MODE_EXEC], line, from, strlen(line), MATCH_PIPES, s->privilege);
    size_t pos = s->m.pos, rest = next_word(line, from);
    unsigned tokens = s->m.tokens;
    bool is_no = !strncmp(line + from, "no ", 3);
    if (is_no && (r != MATCH_OK || !strcmp(s->m.cmd->name, "exec-no")))
        return undebug(s, line, rest, 0);
    if (r == MATCH_OK && !strcmp(s->m.cmd->name, "exec-undebug"))
        return undebug(s, line, rest, MATCH_UNDEBUG);
    if (r == MATCH_OK)
        return piped(s, line);
    if (r == MATCH_INVALID && !tokens && !s->place.depth)
        return unknown_word(s, line, from, pos);
    return refuse(s, line, r, pos);
}

int exec_line(struct session *s, const char *line, size_t from)
{
    while (line[from] == ' ')
        from++;
    char *alias = alias_expand(s, line + from, "exec");
    if (!alias)
        return exec_written_out(s, line, from);
    struct strbuf b = {0};
    strbuf_add(&b, "%.*s%s", (int)from, line, alias);
    int rc = exec_written_out(s, b.s, from);
    strbuf_free(&b);
    free(alias);
    return rc;
}
