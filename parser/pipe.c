/* Output filters behind `|` (ios-cli 7): line by line, on whatever a show command prints. Called by exec.c. */
#include "parser/session_int.h"
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct pipe {
    enum pipe_kind kind;
    regex_t re;
    bool negate, started, in_section;
    size_t indent;
    unsigned count;
    char *expr;
    struct strbuf line;
};

const struct pipe_word pipe_words[] = {{"begin", "Begin with the line that matches", PIPE_BEGIN},
                                       {"count", "Count number of lines which match regexp", PIPE_COUNT},
                                       {"exclude", "Exclude lines that match", PIPE_EXCLUDE},
                                       {"include", "Include lines that match", PIPE_INCLUDE},
                                       {"json", "Show as JSON", PIPE_JSON},
                                       {"section", "Filter a section of output", PIPE_SECTION},
                                       {NULL, NULL, PIPE_NONE}};

/* IOS's `_` stands for any delimiter, a line start or end. */
static bool compile(struct pipe *p, const char *expr)
{
    struct strbuf b = {0};
    bool in_class = false;
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

static const struct pipe_word *find(const char *w, size_t n, bool json, size_t *common, bool *ambiguous)
{
    const struct pipe_word *found = NULL;
    *common = 0;
    *ambiguous = false;
    for (const struct pipe_word *p = pipe_words; p->name; p++) {
        bool whole;
        if (p->kind == PIPE_JSON && !json)
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

enum match_result pipe_parse(const char *line, size_t pos, bool json, struct pipe **out, enum pipe_kind *kind,
                             size_t *fail, bool *bad_regex)
{
    *out = NULL;
    *bad_regex = false;
    *fail = pos + 1;
    if (line[pos + 1] && line[pos + 1] != ' ' && line[pos + 1] != '\t')
        return MATCH_INVALID;
    size_t i = blanks(line, pos + 1), e = word_end(line, i), common;
    bool ambiguous;
    if (e == i)
        return MATCH_INCOMPLETE;
    const struct pipe_word *w = find(line + i, e - i, json, &common, &ambiguous);
    *fail = i + common;
    if (ambiguous)
        return MATCH_AMBIGUOUS;
    if (!w)
        return MATCH_INVALID;
    *kind = w->kind;
    if (w->kind == PIPE_JSON)
        return MATCH_OK;
    i = blanks(line, e);
    bool negate = false;
    if (w->kind == PIPE_SECTION) {
        e = word_end(line, i);
        if (line[e] && (!strncasecmp(line + i, "include", e - i) || !strncasecmp(line + i, "exclude", e - i)) &&
            e - i > 2) {
            negate = line[i] == 'e';
            i = blanks(line, e);
        }
    }
    if (!line[i])
        return MATCH_INCOMPLETE;
    struct pipe *p = calloc(1, sizeof *p);
    if (!p)
        abort();
    p->kind = w->kind;
    p->negate = negate;
    p->expr = strdup(line + i);
    if (!compile(p, line + i)) {
        free(p->expr);
        free(p);
        *bad_regex = true;
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

static bool keep(struct pipe *p, const char *s)
{
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

void pipe_finish(struct pipe *p, void (*emit)(void *arg, const char *text, size_t len), void *arg)
{
    if (p->line.len)
        flush_line(p, emit, arg);
    if (p->kind != PIPE_COUNT)
        return;
    char buf[64];
    int n = snprintf(buf, sizeof buf, "Number of lines which match regexp = %u\n", p->count);
    emit(arg, buf, (size_t)n);
}

void pipe_free(struct pipe *p)
{
    if (!p)
        return;
    regfree(&p->re);
    strbuf_free(&p->line);
    free(p->expr);
    free(p);
}
