/* Values of arguments (see value.h): the types of grammar/README.md. */
#include "parser/value.h"
#include "modules/core/ifname.h"
#include "modules/core/ifrange.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct value_pool {
    struct value_pool *next;
    char text[];
};

static const char *pool_dup(struct value_pool **pool, const char *s, size_t n)
{
    struct value_pool *p = malloc(sizeof *p + n + 1);
    if (!p)
        abort();
    memcpy(p->text, s, n);
    p->text[n] = 0;
    p->next = *pool;
    *pool = p;
    return p->text;
}

void value_pool_free(struct value_pool *pool)
{
    while (pool) {
        struct value_pool *next = pool->next;
        free(pool);
        pool = next;
    }
}

/* The end of a dotted quad at the front of s[0..n), 0 if there is none. */
static size_t quad(const char *s, size_t n, uint32_t *out)
{
    uint32_t v = 0;
    size_t i = 0;
    for (unsigned part = 0; part < 4; part++) {
        unsigned x = 0, digits = 0;
        while (i < n && s[i] >= '0' && s[i] <= '9' && digits < 3) {
            x = x * 10 + (unsigned)(s[i++] - '0');
            digits++;
        }
        if (!digits || x > 255 || (digits > 1 && s[i - digits] == '0'))
            return 0;
        v = v << 8 | x;
        if (part < 3 && (i >= n || s[i++] != '.'))
            return 0;
    }
    *out = v;
    return i;
}

static bool decimal(const char *s, size_t n, uint32_t *out)
{
    uint64_t v = 0;
    if (!n || n > 10)
        return false;
    for (size_t i = 0; i < n; i++) {
        if (s[i] < '0' || s[i] > '9')
            return false;
        v = v * 10 + (unsigned)(s[i] - '0');
    }
    *out = (uint32_t)v;
    return v <= UINT32_MAX;
}

static bool accepts_prefix(const char *s, size_t n, size_t *fail)
{
    uint32_t v, len;
    size_t q = quad(s, n, &v);
    if (!q)
        return false;
    if (q >= n || s[q] != '/') {
        *fail += q;
        return false;
    }
    if (!decimal(s + q + 1, n - q - 1, &len) || len > 32) {
        *fail += q + 1;
        return false;
    }
    return true;
}

static bool accepts_mac(const char *s, size_t n)
{
    char buf[16];
    struct mac m;
    if (n >= sizeof buf)
        return false;
    memcpy(buf, s, n);
    buf[n] = 0;
    return mac_parse(buf, &m);
}

static const enum value_fit fits[] = {[IFNAME_FITS] = VALUE_FITS,
                                      [IFNAME_NONE] = VALUE_NO,
                                      [IFNAME_SHORT] = VALUE_SHORT,
                                      [IFNAME_AMBIGUOUS] = VALUE_AMBIGUOUS};

/* An interface name starts with letters and goes on in this token or the next one. */
static enum value_fit accepts_ifname(const char *line, size_t pos, size_t limit, size_t *stop, size_t *fail)
{
    char buf[64], canonical[40];
    size_t n = limit - pos < sizeof buf - 1 ? limit - pos : sizeof buf - 1, used;
    memcpy(buf, line + pos, n);
    buf[n] = 0;
    enum ifname_fit fit = ifname_fit(buf, canonical, &used);
    *stop = *fail = pos + used;
    return fit == IFNAME_FITS && buf[used] && buf[used] != ' ' && buf[used] != '\t' ? VALUE_NO : fits[fit];
}

static enum value_fit accepts_name(const struct gram_node *n, const char *s, size_t len, size_t *fail)
{
    unsigned hits;
    size_t common;
    uint32_t v;
    if ((n->flags & GNF_RANGED) && decimal(s, len, &v))
        return v >= n->lo && v <= n->hi ? VALUE_FITS : VALUE_NO;
    if (named_find(n->names, s, len, &hits, &common))
        return VALUE_FITS;
    *fail += common;
    return hits ? VALUE_AMBIGUOUS : VALUE_NO;
}

static bool in_range(const struct gram_node *n, size_t len)
{
    return !(n->flags & GNF_RANGED) || (len >= n->lo && len <= n->hi);
}

enum value_fit value_accepts(const struct gram_node *n, const char *line, size_t pos, size_t end, size_t limit,
                             size_t *stop, size_t *fail)
{
    const char *s = line + pos;
    size_t len = end - pos, q;
    uint32_t v;
    *stop = end;
    *fail = pos;
    switch (n->type) {
    case GT_INT:
        return (decimal(s, len, &v) && v >= n->lo && v <= n->hi) ? VALUE_FITS : VALUE_NO;
    case GT_IP:
    case GT_MASK:
    case GT_WILDCARD:
        q = quad(s, len, &v);
        if (q && q < len)
            *fail = pos + q;
        return (q && q == len) ? VALUE_FITS : VALUE_NO;
    case GT_PREFIX:
        return accepts_prefix(s, len, fail) ? VALUE_FITS : VALUE_NO;
    case GT_MAC:
        return accepts_mac(s, len) ? VALUE_FITS : VALUE_NO;
    case GT_IFNAME:
        return accepts_ifname(line, pos, limit, stop, fail);
    case GT_IFRANGE: {
        enum ifname_fit fit = ifrange_fit(s, limit - pos, &q, NULL, NULL);
        *stop = *fail = pos + q;
        return fits[fit];
    }
    case GT_WORD:
        if (n->names)
            return accepts_name(n, s, len, fail);
        if ((n->flags & GNF_QUOTED) &&
            *s == '"') { /* several words between quotes; without a second one it is a word */
            const char *quote = memchr(s + 1, '"', limit - pos - 1);
            if (quote && (quote + 1 == line + limit || quote[1] == ' ' || quote[1] == '\t'))
                *stop = (size_t)(quote + 1 - line);
        }
        return in_range(n, *stop - pos) ? VALUE_FITS : VALUE_NO;
    case GT_LINE:
        *stop = limit;
        return in_range(n, limit - pos) ? VALUE_FITS : VALUE_NO;
    default:
        return VALUE_NO;
    }
}

static size_t value_size(const struct gram_member *m)
{
    switch (m->type) {
    case GT_IP:
        return sizeof(struct addr);
    case GT_PREFIX:
        return sizeof(struct prefix);
    case GT_MAC:
        return sizeof(struct mac);
    case GT_IFNAME:
        return sizeof(struct ifname);
    case GT_IFRANGE:
    case GT_WORD:
    case GT_LINE:
        return sizeof(const char *);
    default:
        return sizeof(uint32_t);
    }
}

static void write_value(const struct gram_member *m, char *at, const char *s, size_t n, struct value_pool **pool)
{
    uint32_t v = 0;
    switch (m->type) {
    case GT_IP: {
        quad(s, n, &v);
        struct addr a = addr_v4(v);
        memcpy(at, &a, sizeof a);
        break;
    }
    case GT_PREFIX: {
        uint32_t len = 0;
        size_t q = quad(s, n, &v);
        if (q + 1 < n)
            decimal(s + q + 1, n - q - 1, &len);
        struct prefix p = {addr_v4(v), (uint8_t)len};
        memcpy(at, &p, sizeof p);
        break;
    }
    case GT_MAC: {
        char buf[16];
        struct mac mac = {{0}};
        snprintf(buf, sizeof buf, "%.*s", (int)(n < 15 ? n : 15), s);
        mac_parse(buf, &mac);
        memcpy(at, &mac, sizeof mac);
        break;
    }
    case GT_IFNAME: {
        char buf[64];
        struct ifname name = {""};
        snprintf(buf, sizeof buf, "%.*s", (int)(n < 63 ? n : 63), s);
        ifname_parse(buf, name.text);
        memcpy(at, &name, sizeof name);
        break;
    }
    case GT_IFRANGE: {
        struct strbuf b = {0};
        size_t used;
        ifrange_fit(s, n, &used, &b, NULL);
        const char *text = pool_dup(pool, b.s ? b.s : "", b.len);
        strbuf_free(&b);
        memcpy(at, &text, sizeof text);
        break;
    }
    case GT_WORD:
    case GT_LINE: {
        const char *text = pool_dup(pool, s, n);
        memcpy(at, &text, sizeof text);
        break;
    }
    case GT_INT:
        decimal(s, n, &v);
        memcpy(at, &v, sizeof v);
        break;
    default:
        quad(s, n, &v);
        memcpy(at, &v, sizeof v);
    }
}

static void set_flag(void *args, uint16_t off)
{
    bool yes = true;
    memcpy((char *)args + off, &yes, sizeof yes);
}

static unsigned get_count(const struct gram_member *m, const void *args)
{
    unsigned n = 0;
    if (m->count != GRAM_NONE)
        memcpy(&n, (const char *)args + m->count, sizeof n);
    return n > m->rep ? m->rep : n;
}

void value_store(const struct gram_member *m, void *args, const char *line, size_t pos, size_t stop,
                 struct value_pool **pool)
{
    if (m->type == GT_KW) {
        set_flag(args, m->off);
        return;
    }
    char *at = (char *)args + m->off;
    if (m->rep) {
        unsigned n = get_count(m, args);
        if (n >= m->rep)
            return;
        at += n * value_size(m);
        n++;
        memcpy((char *)args + m->count, &n, sizeof n);
    }
    write_value(m, at, line + pos, stop - pos, pool);
    set_flag(args, m->has);
}

void *value_args_new(const struct gram_cmd *cmd, struct value_pool **pool)
{
    void *args = calloc(1, cmd->args_size);
    if (!args)
        abort();
    for (unsigned i = 0; i < cmd->n_member; i++) {
        const struct gram_member *m = &cmd->member[i];
        if (m->def && m->type != GT_KW && !m->rep)
            write_value(m, (char *)args + m->off, m->def, strlen(m->def), pool);
    }
    return args;
}

void *value_args_copy(const struct gram_cmd *cmd, const void *args, struct value_pool **pool)
{
    char *copy = malloc(cmd->args_size);
    if (!copy)
        abort();
    memcpy(copy, args, cmd->args_size);
    for (unsigned i = 0; i < cmd->n_member; i++) {
        const struct gram_member *m = &cmd->member[i];
        if (m->type != GT_WORD && m->type != GT_LINE && m->type != GT_IFRANGE)
            continue;
        for (unsigned k = 0; k < (m->rep ? get_count(m, args) : 1u); k++) {
            const char *s;
            char *at = copy + m->off + k * sizeof s;
            memcpy(&s, at, sizeof s);
            if (s)
                s = pool_dup(pool, s, strlen(s));
            memcpy(at, &s, sizeof s);
        }
    }
    return copy;
}

bool value_is_set(const struct gram_member *m, const void *args)
{
    bool set;
    memcpy(&set, (const char *)args + (m->type == GT_KW ? m->off : m->has), sizeof set);
    return set;
}

bool value_is_default(const struct gram_member *m, const void *args)
{
    if (!m->def || m->type == GT_KW || m->rep)
        return false;
    struct strbuf b = {0};
    value_format(m, args, 0, &b);
    bool same = b.s && !strcmp(b.s, m->def);
    strbuf_free(&b);
    return same;
}

static void format_quad(uint32_t v, struct strbuf *out)
{
    char buf[20];
    int n = snprintf(buf, sizeof buf, "%u.%u.%u.%u", v >> 24, v >> 16 & 255, v >> 8 & 255, v & 255);
    strbuf_write(out, buf, (size_t)n);
}

void value_format(const struct gram_member *m, const void *args, unsigned i, struct strbuf *out)
{
    const char *at = (const char *)args + m->off + i * value_size(m);
    char buf[ADDR_STRLEN + 8];
    uint32_t v = 0;
    switch (m->type) {
    case GT_IP: {
        struct addr a;
        memcpy(&a, at, sizeof a);
        addr_format(&a, buf);
        break;
    }
    case GT_PREFIX: {
        struct prefix p;
        memcpy(&p, at, sizeof p);
        char a[ADDR_STRLEN];
        snprintf(buf, sizeof buf, "%s/%u", addr_format(&p.addr, a), p.len);
        break;
    }
    case GT_MAC: {
        struct mac mac;
        memcpy(&mac, at, sizeof mac);
        mac_format(&mac, buf);
        break;
    }
    case GT_IFNAME: {
        struct ifname name;
        memcpy(&name, at, sizeof name);
        snprintf(buf, sizeof buf, "%s", name.text);
        break;
    }
    case GT_IFRANGE:
    case GT_WORD:
    case GT_LINE: {
        const char *s;
        memcpy(&s, at, sizeof s);
        if (s)
            strbuf_write(out, s, strlen(s));
        return;
    }
    case GT_INT:
        memcpy(&v, at, sizeof v);
        snprintf(buf, sizeof buf, "%u", v);
        break;
    default:
        memcpy(&v, at, sizeof v);
        format_quad(v, out);
        return;
    }
    strbuf_write(out, buf, strlen(buf));
}

int value_compare(const struct gram_member *m, const void *a, const void *b)
{
    const char *pa = (const char *)a + m->off, *pb = (const char *)b + m->off;
    if (m->type == GT_KW)
        return (int)value_is_set(m, b) - (int)value_is_set(m, a); /* those that have the word come first */
    if (!m->def && value_is_set(m, a) != value_is_set(m, b))
        return (int)value_is_set(m, a) - (int)value_is_set(m, b);
    if (m->type == GT_IP)
        return addr_compare((const struct addr *)(const void *)pa, (const struct addr *)(const void *)pb);
    if (m->type == GT_INT || m->type == GT_MASK || m->type == GT_WILDCARD) {
        uint32_t x, y;
        memcpy(&x, pa, sizeof x);
        memcpy(&y, pb, sizeof y);
        return x < y ? -1 : x > y;
    }
    if (m->type == GT_IFNAME)
        return ifname_compare(pa, pb);
    if (m->type == GT_WORD || m->type == GT_LINE || m->type == GT_IFRANGE) {
        const char *x, *y;
        memcpy(&x, pa, sizeof x);
        memcpy(&y, pb, sizeof y);
        return strcmp(x ? x : "", y ? y : "");
    }
    if (m->type == GT_PREFIX) {
        int d = addr_compare((const struct addr *)(const void *)pa, (const struct addr *)(const void *)pb);
        return d ? d : memcmp(pa, pb, sizeof(struct prefix));
    }
    return memcmp(pa, pb, value_size(m));
}

const char *value_token(const struct gram_node *n, char *buf, size_t size)
{
    static const char *const tokens[] = {"",      "",     "A.B.C.D", "A.B.C.D", "A.B.C.D", "A.B.C.D/nn",
                                         "H.H.H", "WORD", "WORD",    "WORD",    "LINE"};
    if (n->kind == GN_KW)
        return n->text;
    if (n->show)
        return n->show;
    if (n->type != GT_INT && !(n->names && (n->flags & GNF_RANGED)))
        return tokens[n->type];
    snprintf(buf, size, "<%u-%u>", n->lo, n->hi);
    return buf;
}
