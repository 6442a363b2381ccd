/* A string that grows, and durations as IOS writes them. Called wherever text is built. */
#include "modules/core/loop.h"
#include "modules/core/out.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool strbuf_room(struct strbuf *b, size_t more)
{
    if (b->cap - b->len > more)
        return true;
    if (more > SIZE_MAX / 4)
        return false;
    size_t cap = b->cap ? b->cap * 2 : 128;
    while (cap - b->len <= more)
        cap *= 2;
    char *s = realloc(b->s, cap);
    if (!s)
        return false; /* output is cut short; nothing else depends on it */
    b->s = s;
    b->cap = cap;
    return true;
}

void strbuf_write(struct strbuf *b, const char *s, size_t len)
{
    if (!strbuf_room(b, len))
        return;
    if (len)
        memcpy(b->s + b->len, s, len);
    b->len += len;
    b->s[b->len] = '\0';
}

void strbuf_add(struct strbuf *b, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    strbuf_vadd(b, fmt, ap);
    va_end(ap);
}

void strbuf_vadd(struct strbuf *b, const char *fmt, va_list ap)
{
    va_list again;
    va_copy(again, ap);
    char small[256];
    int n = vsnprintf(small, sizeof small, fmt, ap);
    if (n >= 0 && (size_t)n < sizeof small)
        strbuf_write(b, small, (size_t)n);
    else if (n >= 0 && strbuf_room(b, (size_t)n)) {
        vsnprintf(b->s + b->len, (size_t)n + 1, fmt, again);
        b->len += (size_t)n;
    }
    va_end(again);
}

/* The bytes of a UTF-8 character that a terminal shows, 0 if there is none here. */
static size_t shown_character(const unsigned char *s)
{
    size_t n = s[0] < 0x80                   ? 1
               : s[0] >= 0xc2 && s[0] < 0xe0 ? 2
               : s[0] >= 0xe0 && s[0] < 0xf0 ? 3
               : s[0] >= 0xf0                ? 4
                                             : 0;
    if (s[0] < 0x20 || s[0] == 0x7f || s[0] > 0xf4 || (s[0] == 0xc2 && s[1] < 0xa0)) /* C0, C1 */
        return 0;
    for (size_t i = 1; i < n; i++)
        if ((s[i] & 0xc0) != 0x80)
            return 0;
    return n;
}

void strbuf_safe(struct strbuf *out, const char *s)
{
    while (*s) {
        size_t n = *s == '\n' ? 1 : shown_character((const unsigned char *)s);
        if (n)
            strbuf_write(out, s, n);
        else
            strbuf_add(out, "\\x%02x", (unsigned char)*s);
        s += n ? n : 1;
    }
}

void strbuf_free(struct strbuf *b)
{
    free(b->s);
    *b = (struct strbuf){0};
}

void strbuf_sink(void *strbuf, const char *text, size_t len)
{
    strbuf_write(strbuf, text, len);
}

const char *duration_format(int64_t ns, char buf[DURATION_STRLEN])
{
    int64_t s = ns < 0 ? 0 : ns / NS_PER_S, d = s / 86400;
    if (d < 1)
        snprintf(buf, DURATION_STRLEN, "%02d:%02d:%02d", (int)(s / 3600), (int)(s / 60 % 60), (int)(s % 60));
    else if (d < 7)
        snprintf(buf, DURATION_STRLEN, "%dd%02dh", (int)d, (int)(s / 3600 % 24));
    else if (d < 365)
        snprintf(buf, DURATION_STRLEN, "%dw%dd", (int)(d / 7), (int)(d % 7));
    else
        snprintf(buf, DURATION_STRLEN, "%dy%02dw", (int)(d / 365 % 1000000), (int)(d % 365 / 7));
    return buf;
}
