/* Output filters behind `|` (ios-cli 7): line by line, on whatever a show command prints. Called by exec.c. */
#include "parser/files.h"
#include "parser/session_int.h"
#include <errno.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { EXPR_MAX = 512 /* glibc's compiler recurses on brackets */ };

struct pipe {
    enum pipe_kind kind;
    regex_t re;
    bool negate, started, in_section;
    size_t indent;
    unsigned count;
    struct strbuf line;
    struct cfg *cfg; /* redirect, append, tee: */
    struct file_ref to;
    struct strbuf file;
    bool too_much;
};

const struct pipe_word pipe_words[] = {
    {"append", "Append redirected output to URL (URLs supporting append operation only)", PIPE_APPEND},
    {"begin", "Begin with the line that matches", PIPE_BEGIN},
    {"count", "Count number of lines which match regexp", PIPE_COUNT},
    {"exclude", "Exclude lines that match", PIPE_EXCLUDE},
    {"include", "Include lines that match", PIPE_INCLUDE},
    {"json", "Show as JSON", PIPE_JSON},
    {"redirect", "Redirect output to URL", PIPE_REDIRECT},
    {"section", "Filter a section of output", PIPE_SECTION},
    {"tee", "Copy output to URL", PIPE_TEE},
    {NULL, NULL, PIPE_NONE}};

bool pipe_word_usable(const struct pipe_word *w, bool json, unsigned privilege)
{
    return w->kind == PIPE_JSON ? json : w->kind < PIPE_REDIRECT || privilege >= 15;
}

/* IOS's `_` stands for any delimiter, a line start or end; braces are ordinary characters there. */
static bool compile(struct pipe *p, const char *expr)
{
    struct strbuf b = {0};
    bool in_class = false;
    if (strlen(expr) > EXPR_MAX)
        return false;
    for (const char *s = expr; *s; s++) {
        if (*s == '\\' && s[1]) {
            strbuf_write(&b, s++, 2);
            continue;
        }
        if (*s == '[')
            in_class = true;
        else if (*s == ']')
            in_class = false;
        if (*s == '_' && !in_class)
            strbuf_add(&b, "(^|[ ,{}()_]|$)");
        else if ((*s == '{' || *s == '}') && !in_class)
            strbuf_add(&b, "\\%c", *s);
        else
            strbuf_write(&b, s, 1);
    }
    int rc = regcomp(&p->re, b.s ? b.s : "", REG_EXTENDED | REG_NOSUB);
    strbuf_free(&b);
    return rc == 0;
}

static size_t blanks(const char *s, size_t i)
{
    while (s[i] == ' ' || s[i] == '\t')
        i++;
    return i;
}

static size_t word_end(const char *s, size_t i)
{
    while (s[i] && s[i] != ' ' && s[i] != '\t')
        i++;
    return i;
}

static const struct pipe_word *find(const char *w, size_t n, bool json, unsigned privilege, size_t *common,
                                    bool *ambiguous)
{
    const struct pipe_word *found = NULL;
    *common = 0;
    *ambiguous = false;
    for (const struct pipe_word *p = pipe_words; p->name; p++) {
        bool whole;
        if (!pipe_word_usable(p, json, privilege))
            continue;
        size_t c = match_common(w, n, p->name, &whole);
        if (c > *common)
            *common = c;
        if (whole && found)
            *ambiguous = true;
        if (whole)
            found = p;
    }
    return found;
}

/* `section include RE`, `section exclude RE`: where the expression starts. */
static size_t section_words(const char *line, size_t i, bool *negate)
{
    size_t e = word_end(line, i);
    if (!line[e] || e - i < 3 || (strncasecmp(line + i, "include", e - i) && strncasecmp(line + i, "exclude", e - i)))
        return i;
    *negate = line[i] == 'e';
    return blanks(line, e);
}

/* redirect, append, tee: line[i..] is the file. */
static bool open_file(struct pipe *p, struct cfg *cfg, const char *url, struct strbuf *why)
{
    p->cfg = cfg;
    if (file_parse(url, &p->to) && p->to.kind == FILE_FLASH && p->to.name[0])
        return true;
    strbuf_add(why, "%%Error opening %s (%s)\n", url,
               p->to.kind == FILE_FLASH ? "Invalid argument" : "Read-only file system");
    return false;
}

enum match_result pipe_parse(struct session *s, const char *line, size_t pos, bool json, struct pipe **out,
                             enum pipe_kind *kind, size_t *fail, struct strbuf *why)
{
    *out = NULL;
    *fail = pos + 1;
    if (line[pos + 1] && line[pos + 1] != ' ' && line[pos + 1] != '\t')
        return MATCH_INVALID;
    size_t i = blanks(line, pos + 1), e = word_end(line, i), common;
    bool ambiguous, negate = false;
    if (e == i)
        return MATCH_INCOMPLETE;
    const struct pipe_word *w = find(line + i, e - i, json, s->privilege, &common, &ambiguous);
    *fail = i + common;
    if (ambiguous)
        return MATCH_AMBIGUOUS;
    if (!w)
        return MATCH_INVALID;
    *kind = w->kind;
    if (w->kind == PIPE_JSON) {
        *fail = blanks(line, e);
        return line[*fail] ? MATCH_INVALID : MATCH_OK;
    }
    i = blanks(line, e);
    bool to_file = w->kind >= PIPE_REDIRECT;
    if (w->kind == PIPE_SECTION)
        i = section_words(line, i, &negate);
    if (!line[i])
        return MATCH_INCOMPLETE;
    e = word_end(line, i);
    *fail = blanks(line, e);
    if (to_file && line[*fail])
        return MATCH_INVALID;
    struct pipe *p = calloc(1, sizeof *p);
    char *expr = to_file ? strndup(line + i, e - i) : strdup(line + i);
    if (!p || !expr)
        abort();
    p->kind = w->kind;
    p->negate = negate;
    bool good = to_file ? open_file(p, s->cfg, expr, why) : compile(p, expr);
    free(expr);
    if (!good) {
        if (!to_file)
            strbuf_add(why, "%% Failed to compile regular expression.\n");
        free(p);
        return MATCH_OK;
    }
    *out = p;
    return MATCH_OK;
}

static bool keep_section(struct pipe *p, const char *s, bool hit)
{
    size_t indent = blanks(s, 0);
    if (hit && (!p->in_section || indent <= p->indent)) {
        p->in_section = true;
        p->indent = indent;
        return true;
    }
    if (p->in_section && indent > p->indent && s[indent])
        return true;
    p->in_section = false;
    return false;
}

static void to_file(struct pipe *p, const char *text, size_t len)
{
    if (p->file.len + len > FILE_BYTES)
        p->too_much = true;
    else
        strbuf_write(&p->file, text, len);
}

static bool keep(struct pipe *p, const char *s)
{
    if (p->kind >= PIPE_REDIRECT) {
        to_file(p, s, strlen(s));
        to_file(p, "\n", 1);
        return p->kind == PIPE_TEE;
    }
    bool hit = regexec(&p->re, s, 0, NULL, 0) == 0;
    switch (p->kind) {
    case PIPE_INCLUDE:
        return hit;
    case PIPE_EXCLUDE:
        return !hit;
    case PIPE_BEGIN:
        p->started = p->started || hit;
        return p->started;
    case PIPE_SECTION:
        return keep_section(p, s, hit) != p->negate;
    default:
        p->count += hit;
        return false;
    }
}

static void flush_line(struct pipe *p, void (*emit)(void *arg, const char *text, size_t len), void *arg)
{
    if (keep(p, p->line.s ? p->line.s : "")) {
        if (p->line.len)
            emit(arg, p->line.s, p->line.len);
        emit(arg, "\n", 1);
    }
    strbuf_free(&p->line);
    p->line = (struct strbuf){0};
}

void pipe_write(struct pipe *p, const char *text, size_t len, void (*emit)(void *arg, const char *text, size_t len),
                void *arg)
{
    while (len) {
        const char *nl = memchr(text, '\n', len);
        size_t n = nl ? (size_t)(nl - text) : len;
        if (n)
            strbuf_write(&p->line, text, n);
        if (!nl)
            return;
        flush_line(p, emit, arg);
        text += n + 1;
        len -= n + 1;
    }
}

bool pipe_finish(struct pipe *p, void (*emit)(void *arg, const char *text, size_t len), void *arg)
{
    char buf[160];
    int n = 0, rc = 0;
    if (p->line.len)
        flush_line(p, emit, arg);
    if (p->kind == PIPE_COUNT)
        n = snprintf(buf, sizeof buf, "Number of lines which match regexp = %u\n", p->count);
    if (p->kind >= PIPE_REDIRECT)
        rc = p->too_much ? -ENOSPC
                         : file_write(p->cfg, &p->to, p->file.s ? p->file.s : "", p->file.len, p->kind == PIPE_APPEND);
    if (rc)
        n = snprintf(buf, sizeof buf, "%%Error writing %s (%s)\n", p->to.shown, file_error(rc));
    if (n)
        emit(arg, buf, (size_t)n);
    return rc == 0;
}

void pipe_free(struct pipe *p)
{
    if (!p)
        return;
    if (p->kind < PIPE_REDIRECT)
        regfree(&p->re);
    strbuf_free(&p->line);
    strbuf_free(&p->file);
    free(p);
}
