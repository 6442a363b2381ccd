/* How a line is drawn (see edit.h): only what changed, by writing over it and going back with BS. Called by edit.c and
 * by the console as readline's redisplay. */
#include "cli/edit.h"
#include <string.h>

enum { SCROLL = 10, LEAST = 20 };

static bool tail_byte(char c) /* the second and later bytes of a UTF-8 character take no column */
{
    return ((unsigned char)c & 0xc0) == 0x80;
}

static size_t columns(const char *s, size_t from, size_t to)
{
    size_t n = 0;
    for (; from < to; from++)
        n += !tail_byte(s[from]);
    return n;
}

size_t drawn_room(unsigned width, size_t prompt)
{
    if (!width || width < prompt + LEAST + 1)
        return 0;
    return width - prompt - 1; /* the last column stays free: nothing wraps */
}

static void repeat(struct strbuf *out, char c, size_t n)
{
    while (n--)
        strbuf_write(out, &c, 1);
}

/* The bytes [shift, end) of the line that the window shows. */
static size_t window(struct drawn *d, const char *text, size_t len, size_t cursor, size_t room)
{
    if (!room) {
        d->shift = 0;
        return len;
    }
    while (d->shift && (cursor <= d->shift || d->shift >= len))
        d->shift -= d->shift < SCROLL ? d->shift : SCROLL;
    /* Counted once: a line of 256 KB that comes back whole (Ctrl-Y, the history) is far from where it was shown. */
    for (size_t n = columns(text, d->shift, cursor); n + (cursor < len) >= room; d->shift += SCROLL)
        n -= columns(text, d->shift, d->shift + SCROLL < cursor ? d->shift + SCROLL : cursor);
    while (d->shift < cursor &&
           tail_byte(text[d->shift])) /* not past the cursor: a line may be nothing but such bytes */
        d->shift++;
    size_t end = d->shift, used = 0;
    while (end < len && (used < room || tail_byte(text[end])))
        used += !tail_byte(text[end++]);
    return end;
}

void drawn_update(struct drawn *d, const char *text, size_t len, size_t cursor, size_t room, struct strbuf *out)
{
    size_t had = d->text.len;
    /* A character behind the last one, which is nearly every key. */
    if (cursor == len && len == had + 1 && d->at == had && !d->shift && (!room || len < room) &&
        (unsigned char)text[len - 1] < 0x80) {
        strbuf_write(out, text + len - 1, 1);
        strbuf_write(&d->text, text + len - 1, 1);
        d->at = len;
        return;
    }
    size_t end = window(d, text, len, cursor, room), at = cursor - d->shift;
    struct strbuf want = {0};
    strbuf_write(&want, text + d->shift, end - d->shift);
    if (d->shift && want.len)
        want.s[0] = '$';
    if (end < len && want.len)
        want.s[want.len - 1] = '$';
    size_t same = 0;
    while (same < had && same < want.len && d->text.s[same] == want.s[same])
        same++;
    while (same && same < want.len && tail_byte(want.s[same]))
        same--;
    if (same == had && same == want.len)
        same = d->at; /* only the cursor moves */
    if (d->at > same)
        repeat(out, '\b', columns(d->text.s, same, d->at));
    else if (same > d->at)
        strbuf_write(out, want.s + d->at, same - d->at);
    size_t now = same;
    if (want.len != had || memcmp(want.s ? want.s : "", d->text.s ? d->text.s : "", had) != 0) {
        size_t old = columns(d->text.s, same, had), fresh = columns(want.s, same, want.len);
        strbuf_write(out, want.s + same, want.len - same);
        if (old > fresh) {
            repeat(out, ' ', old - fresh);
            repeat(out, '\b', old - fresh);
        }
        now = want.len;
    }
    if (now > at)
        repeat(out, '\b', columns(want.s, at, now));
    else if (at > now)
        strbuf_write(out, want.s + now, at - now);
    strbuf_free(&d->text);
    d->text = want;
    d->at = at;
}

void drawn_wipe(struct drawn *d, size_t prompt, struct strbuf *out)
{
    size_t n = prompt + columns(d->text.s, 0, d->text.len);
    if (!n)
        return;
    strbuf_write(out, "\r", 1);
    repeat(out, ' ', n);
    strbuf_write(out, "\r", 1);
    drawn_forget(d);
}

void drawn_forget(struct drawn *d)
{
    d->text.len = 0;
    d->at = 0;
    d->shift = 0;
}

void drawn_free(struct drawn *d)
{
    strbuf_free(&d->text);
    *d = (struct drawn){0};
}
