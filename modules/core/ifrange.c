/* Ranges of interfaces (see ifrange.h). Called by the parser for arguments of type ifrange and by `interface range`. */
#include "modules/core/ifrange.h"
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

struct reader {
    const char *text;
    size_t len, at;
    unsigned count;
    struct strbuf *canonical, *names;
};

static char peek(const struct reader *r)
{
    return r->at < r->len ? r->text[r->at] : '\0';
}

static void blanks(struct reader *r)
{
    while (peek(r) == ' ' || peek(r) == '\t')
        r->at++;
}

/* An interface; base: the name without its last number, *n: that number. */
static enum ifname_fit one(struct reader *r, char base[40], unsigned long *n)
{
    char buf[64];
    size_t room = r->len - r->at < sizeof buf - 1 ? r->len - r->at : sizeof buf - 1, pos;
    memcpy(buf, r->text + r->at, room);
    buf[room] = '\0';
    enum ifname_fit fit = ifname_fit(buf, base, &pos);
    r->at += pos;
    if (fit != IFNAME_FITS)
        return fit;
    size_t digits = strlen(base);
    while (digits && isdigit((unsigned char)base[digits - 1]))
        digits--;
    *n = strtoul(base + digits, NULL, 10);
    base[digits] = '\0';
    return IFNAME_FITS;
}

/* Behind the hyphen: a number, or an interface that differs from the first in its last number only. */
static enum ifname_fit last_of(struct reader *r, const char *base, unsigned long first, unsigned long *last)
{
    char other[40];
    size_t from = r->at;
    if (!peek(r))
        return IFNAME_SHORT;
    if (isalpha((unsigned char)peek(r))) {
        enum ifname_fit fit = one(r, other, last);
        if (fit != IFNAME_FITS)
            return fit;
        if (strcmp(other, base) != 0)
            *last = 0;
    } else {
        for (*last = 0; isdigit((unsigned char)peek(r)) && *last < 1000000000; r->at++)
            *last = *last * 10 + (unsigned long)(peek(r) - '0');
        if (r->at == from)
            return IFNAME_NONE;
    }
    bool slot = base[strlen(base) - 1] == '/';
    if (*last < first || *last - first >= IFRANGE_MAX || (slot && *last > 255)) {
        r->at = from;
        return IFNAME_NONE;
    }
    return IFNAME_FITS;
}

/* One interface or several in a row. */
static enum ifname_fit item(struct reader *r)
{
    char base[40];
    unsigned long first, last;
    enum ifname_fit fit = one(r, base, &first);
    size_t behind = r->at;
    if (fit != IFNAME_FITS)
        return fit;
    last = first;
    blanks(r);
    if (peek(r) == '-') {
        r->at++;
        blanks(r);
        fit = last_of(r, base, first, &last);
        if (fit != IFNAME_FITS)
            return fit;
    } else {
        r->at = behind;
    }
    char c = peek(r);
    if (c && c != ' ' && c != '\t' && c != ',')
        return IFNAME_NONE;
    r->count += (unsigned)(last - first + 1);
    if (r->count > IFRANGE_MAX)
        return IFNAME_NONE;
    if (r->canonical) {
        strbuf_add(r->canonical, "%s%s%lu", r->canonical->len ? " , " : "", base, first);
        if (last > first)
            strbuf_add(r->canonical, " - %lu", last);
    }
    for (; r->names && first <= last; first++)
        strbuf_add(r->names, "%s%lu\n", base, first);
    return IFNAME_FITS;
}

enum ifname_fit ifrange_fit(const char *text, size_t len, size_t *pos, struct strbuf *canonical, struct strbuf *names)
{
    struct reader r = {.text = text, .len = len, .canonical = canonical, .names = names};
    enum ifname_fit fit;
    size_t behind;
    for (;;) {
        fit = item(&r);
        behind = r.at;
        blanks(&r);
        if (fit != IFNAME_FITS || peek(&r) != ',')
            break;
        r.at++;
        blanks(&r);
        if (!peek(&r)) {
            fit = IFNAME_SHORT;
            behind = r.at;
            break;
        }
    }
    *pos = behind;
    return fit;
}
