/* See banner.h. */
#include "modules/core/banner.h"
#include <string.h>

struct banner banner_split(const char *typed)
{
    size_t n = !strncmp(typed, "^C", 2) ? 2 : typed[0] != 0;
    char delim[3] = {typed[0], n == 2 ? 'C' : 0, 0};
    const char *end = n ? strstr(typed + n, delim) : NULL;
    return (struct banner){typed + n, end ? (size_t)(end - typed) - n : strlen(typed) - n, end != NULL};
}

bool banner_store(struct strbuf *b, const char *text, size_t len)
{
    static const char others[] = "~@#%&|+=*!$?_-:;,.<>()[]{}/\\'`";
    char delim[3] = "^C";
    const char *other = others;
    if (memmem(text, len, delim, 2)) {
        while (*other && memchr(text, *other, len))
            other++;
        if (!*other)
            return false;
        delim[0] = *other;
        delim[1] = 0;
    }
    strbuf_add(b, "%s%.*s%s", delim, (int)len, text, delim);
    return true;
}
