/* Type 7 passwords: an exclusive-or with a fixed, public string from a given offset on. */
#include "modules/core/type7.h"
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static const char table[] = "dsfd;kfoA,.iyewrkldJKDHSUBsgvca69834ncxv9873254k;fg87";
enum { TABLE_LEN = sizeof table - 1 };

static int digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

bool type7_decode(const char *text, char *clear, size_t cap)
{
    size_t len = strlen(text), n = 0;
    if (len < 4 || len % 2 || (len - 2) / 2 >= cap)
        return false;
    int tens = digit(text[0]), ones = digit(text[1]);
    if (tens < 0 || tens > 9 || ones < 0 || ones > 9 || tens * 10 + ones >= TABLE_LEN)
        return false;
    for (size_t at = (size_t)(tens * 10 + ones), i = 2; i < len; i += 2, at++) {
        int hi = digit(text[i]), lo = digit(text[i + 1]);
        if (hi < 0 || lo < 0)
            return false;
        char c = (char)((hi << 4 | lo) ^ table[at % TABLE_LEN]);
        if (c == '\0')
            return false;
        clear[n++] = c;
    }
    clear[n] = '\0';
    return true;
}

bool type7_encode(const char *clear, unsigned seed, char *text, size_t cap)
{
    size_t len = strlen(clear);
    seed %= 16;
    if (cap < 2 * len + 3) {
        if (cap)
            text[0] = '\0';
        return false;
    }
    snprintf(text, cap, "%02u", seed);
    for (size_t i = 0; i < len; i++)
        snprintf(text + 2 + 2 * i, 3, "%02X", (unsigned)(uint8_t)(clear[i] ^ table[(seed + i) % TABLE_LEN]));
    return true;
}
