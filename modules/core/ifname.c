/* Interface names (ios-cli.md 12): abbreviations to canonical names, short forms, tap names, display order. Called by
 * the parser for arguments of type ifname, by debug texts and by whoever opens links. */
#include "modules/core/ifname.h"
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* In the order of show running-config: Loopback, Tunnel, hardware, Vlan, BVI (ios-cli 9.3). */
#define N1 (1 << 1)
#define N123 (1 << 1 | 1 << 2 | 1 << 3)
const struct ifname_type ifname_types[] = {{"Loopback", "Lo", true, N1, false, false},
                                           {"Tunnel", "Tu", true, N1, true, false},
                                           {"Port-channel", "Po", true, N1, true, false},
                                           {"Async", "As", true, N123, true, true},
                                           {"ATM", "AT", true, N123, true, true},
                                           {"BRI", "BR", true, N123, true, true},
                                           {"Cellular", "Ce", true, N123, true, true},
                                           {"Embedded-Service-Engine", "Em", true, 1 << 2, true, true},
                                           {"HundredGigE", "Hu", false, N123, false, true},
                                           {"TenGigabitEthernet", "Te", false, N123, false, false},
                                           {"GigabitEthernet", "Gi", false, N123, false, false},
                                           {"FastEthernet", "Fa", false, N123, false, false},
                                           {"Ethernet", "Et", false, N123, false, false},
                                           {"Serial", "Se", false, N123, false, false},
                                           {"AppGigabitEthernet", "Ap", true, N123, true, true},
                                           {"Content-Engine", "Co", true, N123, true, true},
                                           {"Dot11Radio", "Do", true, N123, true, true},
                                           {"Hssi", "Hs", true, N123, true, true},
                                           {"Integrated-Service-Engine", "In", true, N123, true, true},
                                           {"ISM", "IS", true, N123, true, true},
                                           {"POS", "PO", true, N123, true, true},
                                           {"Service-Engine", "SE", true, N123, true, true},
                                           {"SM", "SM", true, N123, true, true},
                                           {"TokenRing", "To", true, N123, true, true},
                                           {"ucse", "uc", true, N123, true, true},
                                           {"Wlan-GigabitEthernet", "Wl", true, N123, true, true},
                                           {"wlan-ap", "wl", true, N1, true, true},
                                           {"MFR", "MF", true, N1, true, true},
                                           {"VirtualPortGroup", "Vi", true, N1, true, true},
                                           {"Multilink", "Mu", true, N1, true, true},
                                           {"Group-Async", "Gr", true, N1, true, true},
                                           {"Virtual-Template", "Vt", true, N1, true, true},
                                           {"Virtual-PPP", "Vp", true, N1, true, true},
                                           {"NVI", "NV", true, N1, true, true},
                                           {"Dialer", "Di", true, N1, true, false},
                                           {"Vlan", "Vl", true, N1, false, false},
                                           {"BVI", "BV", true, N1, false, false},
                                           {"Null", "Nu", true, N1, false, false},
                                           {NULL, NULL, false, 0, false, false}};

/* How much of s may be a type's name: letters, dashes, and the digits of Dot11Radio. */
static size_t name_len(const char *s)
{
    size_t n = strncasecmp(s, "dot11", 5) == 0 ? 5 : 0;
    while (isalpha((unsigned char)s[n]) || (n && s[n] == '-'))
        n++;
    return n;
}

/* The type that the n letters at s name: an exact name, or the only one with that prefix. *several: there are more. */
static const struct ifname_type *type_find(const char *s, size_t n, bool *several)
{
    const struct ifname_type *found[2] = {NULL, NULL}; /* everyday types, rare ones */
    unsigned hits[2] = {0, 0};
    *several = false;
    for (const struct ifname_type *t = ifname_types; t->name; t++) {
        if (strncasecmp(t->name, s, n) != 0)
            continue;
        if (!t->name[n])
            return t;
        found[t->rare] = t;
        hits[t->rare]++;
    }
    bool rare = !hits[0];
    *several = n && hits[rare] > 1;
    return n && hits[rare] == 1 ? found[rare] : NULL;
}

/* How many letters of s some type has in common with it. */
static size_t type_common(const char *s, size_t n)
{
    size_t most = 0;
    for (const struct ifname_type *t = ifname_types; t->name; t++) {
        size_t k = 0;
        while (k < n && t->name[k] && tolower((unsigned char)t->name[k]) == tolower((unsigned char)s[k]))
            k++;
        most = k > most ? k : most;
    }
    return most;
}

static bool number(const char *text, size_t *i, unsigned long most, unsigned long *v)
{
    size_t from = *i;
    *v = 0;
    for (; isdigit((unsigned char)text[*i]); ++*i) {
        *v = *v * 10 + (unsigned long)(text[*i] - '0');
        if (*v > most || *i - from > 9) {
            *i = from;
            return false;
        }
    }
    return *i > from;
}

static bool ends(char c)
{
    return !c || c == ' ' || c == '\t';
}

enum ifname_fit ifname_fit(const char *text, char canonical[40], size_t *pos)
{
    size_t i = name_len(text);
    bool several;
    const struct ifname_type *t = type_find(text, i, &several);
    *pos = t ? i : type_common(text, i);
    if (!t)
        return several ? IFNAME_AMBIGUOUS : IFNAME_NONE;
    while (text[i] == ' ' || text[i] == '\t')
        i++;
    unsigned numbers = 0;
    int len = snprintf(canonical, 40, "%s", t->name);
    for (;;) {
        unsigned long v;
        *pos = i;
        if (!number(text, &i, numbers ? 255 : 2147483647, &v))
            return ends(text[i]) ? IFNAME_SHORT : IFNAME_NONE;
        len += snprintf(canonical + len, 40 - (size_t)len, "%s%lu", numbers ? "/" : "", v);
        numbers++;
        *pos = i;
        bool more = t->numbers >> (numbers + 1);
        if (text[i] != '/' && !(t->numbers & 1u << numbers))
            return ends(text[i]) && more ? IFNAME_SHORT : IFNAME_NONE;
        if (text[i] == '/' && !more)
            return IFNAME_NONE;
        if (text[i] != '/')
            break;
        i++;
    }
    if (text[i] == ':' && !strcmp(t->name, "Serial")) { /* a channel of a controller */
        unsigned long v;
        *pos = ++i;
        if (!number(text, &i, 255, &v))
            return ends(text[i]) ? IFNAME_SHORT : IFNAME_NONE;
        len += snprintf(canonical + len, 40 - (size_t)len, ":%lu", v);
    }
    if (text[i] == '.') {
        unsigned long v;
        *pos = ++i;
        if (!number(text, &i, 999999999, &v))
            return ends(text[i]) ? IFNAME_SHORT : IFNAME_NONE;
        snprintf(canonical + len, 40 - (size_t)len, ".%lu", v);
    }
    *pos = i;
    return IFNAME_FITS;
}

size_t ifname_parse(const char *text, char canonical[40])
{
    size_t used;
    return ifname_fit(text, canonical, &used) == IFNAME_FITS ? used : 0;
}

static const struct ifname_type *type_of(const char *canonical, size_t *letters)
{
    size_t n = name_len(canonical);
    bool several;
    *letters = n;
    return type_find(canonical, n, &several);
}

const char *ifname_short(const char *canonical, char buf[24])
{
    size_t n;
    const struct ifname_type *t = type_of(canonical, &n);
    snprintf(buf, 24, "%s%s", t ? t->abbrev : "", canonical + (t ? n : 0));
    return buf;
}

const char *ifname_tap(const char *canonical, char buf[16])
{
    char name[24];
    ifname_short(canonical, name);
    size_t i = 0;
    for (; name[i] && i < 15; i++)
        buf[i] = name[i] == '/' || name[i] == ':' ? '-' : (char)tolower((unsigned char)name[i]);
    buf[i] = 0;
    return buf;
}

int ifname_compare(const char *a, const char *b)
{
    size_t na, nb;
    const struct ifname_type *ta = type_of(a, &na), *tb = type_of(b, &nb);
    if (!ta || !tb)
        return ta == tb ? strcmp(a, b) : ta ? -1 : 1;
    if (ta != tb)
        return ta < tb ? -1 : 1;
    const char *p = a + na, *q = b + nb;
    while (*p && *q) {
        char *pe, *qe;
        unsigned long x = strtoul(p, &pe, 10), y = strtoul(q, &qe, 10);
        if (x != y)
            return x < y ? -1 : 1;
        p = pe, q = qe;
        if (*p != *q || !*p)
            break;
        p++, q++;
    }
    return (unsigned char)*p - (unsigned char)*q;
}
