/* Command output: the same pass of a show handler gives text or JSON. Made by the parser's sessions; called by every
 * show handler. */
#include "modules/core/out.h"
#include "modules/core/addr.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define JSON_DEPTH 32

struct out {
    out_sink sink;
    void *arg;
    bool json, finished;
    struct strbuf body; /* JSON text of "data" */
    char *command;
    unsigned depth;         /* open containers */
    unsigned too_deep;      /* containers opened beyond JSON_DEPTH: left out */
    char close[JSON_DEPTH]; /* '}' or ']' */
    bool filled[JSON_DEPTH];
    bool implicit; /* the outermost object was opened for a handler that named a value at once */
    bool complete; /* the outermost container was closed */
};

struct out *out_new_text(out_sink sink, void *arg)
{
    struct out *o = calloc(1, sizeof *o);
    if (o) {
        o->sink = sink;
        o->arg = arg;
    }
    return o;
}

struct out *out_new_json(const char *command, out_sink sink, void *arg)
{
    struct out *o = out_new_text(sink, arg);
    if (!o)
        return NULL;
    o->json = true;
    o->command = strdup(command);
    return o;
}

bool out_is_json(const struct out *o)
{
    return o->json;
}

bool out_has_json(const struct out *o)
{
    return o->body.len > 0;
}

void out_write(struct out *o, const char *text, size_t len)
{
    if (!o->json && len)
        o->sink(o->arg, text, len);
}

void out_vtext(struct out *o, const char *fmt, va_list ap)
{
    if (o->json)
        return;
    char small[512];
    va_list again;
    va_copy(again, ap);
    int n = vsnprintf(small, sizeof small, fmt, ap);
    if (n >= 0 && (size_t)n < sizeof small) {
        out_write(o, small, (size_t)n);
    } else if (n >= 0) {
        struct strbuf b = {0};
        strbuf_vadd(&b, fmt, again);
        out_write(o, b.s ? b.s : "", b.len);
        strbuf_free(&b);
    }
    va_end(again);
}

void out_text(struct out *o, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    out_vtext(o, fmt, ap);
    va_end(ap);
}

/* ---- JSON ---- */

/* Length of a well-formed UTF-8 sequence at s, 0 if it is none. */
static size_t utf8_length(const uint8_t *s)
{
    size_t n = s[0] >= 0xc2 && s[0] < 0xe0 ? 2 : s[0] >= 0xe0 && s[0] < 0xf0 ? 3 : s[0] >= 0xf0 && s[0] < 0xf5 ? 4 : 0;
    for (size_t i = 1; i < n; i++)
        if ((s[i] & 0xc0) != 0x80)
            return 0;
    if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) || (s[0] == 0xf0 && s[1] < 0x90) ||
        (s[0] == 0xf4 && s[1] > 0x8f))
        return 0;
    return n;
}

static void json_string(struct strbuf *b, const char *text)
{
    strbuf_write(b, "\"", 1);
    for (const uint8_t *s = (const uint8_t *)text; *s; s++) {
        size_t n;
        if (*s == '"' || *s == '\\')
            strbuf_add(b, "\\%c", *s);
        else if (*s == '\n')
            strbuf_write(b, "\\n", 2);
        else if (*s < 0x20 || *s == 0x7f)
            strbuf_add(b, "\\u%04x", *s);
        else if (*s < 0x80) {
            for (n = 1; s[n] >= 0x20 && s[n] < 0x7f && s[n] != '"' && s[n] != '\\'; n++)
                ;
            strbuf_write(b, (const char *)s, n);
            s += n - 1;
        } else if ((n = utf8_length(s))) {
            strbuf_write(b, (const char *)s, n);
            s += n - 1;
        } else
            strbuf_write(b, "\\ufffd", 6); /* a byte that is no text (binary junk in a description) */
    }
    strbuf_write(b, "\"", 1);
}

static void json_open(struct out *o, char open, char close)
{
    strbuf_write(&o->body, &open, 1);
    o->close[o->depth] = close;
    o->filled[o->depth] = false;
    o->depth++;
}

/* Comma and key in front of a value; false: there is no place for one. */
static bool json_begin(struct out *o, const char *key)
{
    if (!o->json || o->complete || o->too_deep)
        return false;
    if (o->depth == 0) {
        if (!key)
            return true;
        json_open(o, '{', '}');
        o->implicit = true;
    }
    if (o->filled[o->depth - 1])
        strbuf_write(&o->body, ",", 1);
    o->filled[o->depth - 1] = true;
    if (o->close[o->depth - 1] == '}') {
        json_string(&o->body, key ? key : "value");
        strbuf_write(&o->body, ":", 1);
    }
    return true;
}

static void json_container(struct out *o, const char *key, char open, char close)
{
    if (!o->json || o->complete)
        return;
    if (o->too_deep || o->depth == JSON_DEPTH) {
        o->too_deep++;
        return;
    }
    if (json_begin(o, key))
        json_open(o, open, close);
}

void out_object(struct out *o, const char *key)
{
    json_container(o, key, '{', '}');
}

void out_array(struct out *o, const char *key)
{
    json_container(o, key, '[', ']');
}

static void json_close(struct out *o)
{
    strbuf_write(&o->body, &o->close[--o->depth], 1);
    if (o->depth == 0)
        o->complete = true;
}

void out_end(struct out *o)
{
    if (!o->json)
        return;
    if (o->too_deep)
        o->too_deep--;
    else if (o->depth > (o->implicit ? 1u : 0u))
        json_close(o);
}

void out_str(struct out *o, const char *key, const char *value)
{
    if (!value)
        out_null(o, key);
    else if (json_begin(o, key))
        json_string(&o->body, value);
}

void out_int(struct out *o, const char *key, int64_t value)
{
    if (json_begin(o, key))
        strbuf_add(&o->body, "%" PRId64, value);
}

void out_bool(struct out *o, const char *key, bool value)
{
    if (json_begin(o, key))
        strbuf_add(&o->body, value ? "true" : "false");
}

void out_key_int(struct out *o, const char *label, int64_t value)
{
    char key[80];
    size_t n = 0;
    for (const char *s = label; *s && n < sizeof key - 1; s++) {
        char ch = *s >= 'A' && *s <= 'Z' ? (char)(*s + ('a' - 'A')) : *s;
        bool word = (ch >= 'a' && ch <= 'z') || (ch >= '0' && ch <= '9');
        if (word || (n && key[n - 1] != '_'))
            key[n++] = word ? ch : '_';
    }
    while (n && key[n - 1] == '_')
        n--;
    key[n] = 0;
    out_int(o, key, value);
}

void out_null(struct out *o, const char *key)
{
    if (json_begin(o, key))
        strbuf_add(&o->body, "null");
}

void out_fmt(struct out *o, const char *key, const char *fmt, ...)
{
    if (!o->json)
        return;
    struct strbuf b = {0};
    va_list ap;
    va_start(ap, fmt);
    strbuf_vadd(&b, fmt, ap);
    va_end(ap);
    out_str(o, key, b.s ? b.s : "");
    strbuf_free(&b);
}

void out_addr(struct out *o, const char *key, const struct addr *a)
{
    char buf[ADDR_STRLEN];
    if (!a || addr_is_none(a))
        out_null(o, key);
    else
        out_str(o, key, addr_format(a, buf));
}

void out_finish(struct out *o)
{
    if (!o->json || o->finished)
        return;
    o->finished = true;
    while (o->depth)
        json_close(o);
    if (!o->body.len)
        return;
    struct strbuf b = {0};
    strbuf_write(&b, "{\"command\":", 11);
    json_string(&b, o->command ? o->command : "");
    strbuf_write(&b, ",\"data\":", 8);
    strbuf_write(&b, o->body.s, o->body.len);
    strbuf_write(&b, "}\n", 2);
    o->sink(o->arg, b.s, b.len);
    strbuf_free(&b);
}

void out_free(struct out *o)
{
    if (!o)
        return;
    out_finish(o);
    strbuf_free(&o->body);
    free(o->command);
    free(o);
}
