/* Facts from frames and pings: per-SPI sequence numbers, reuse, IKE after the disruption, packets in clear. Fed by
 * the scenario backends; report_out.c writes what is found. */
#include "cli/report_int.h"
#include "modules/core/cursor.h"
#include <stdlib.h>
#include <string.h>

/* ---- probes ---- */

static struct probe_sample *sample(struct probe *p, unsigned seq)
{
    if (seq > 50000000)
        return NULL;
    if (seq >= p->cap) {
        unsigned cap = p->cap ? p->cap * 2 : 1024;
        while (cap <= seq)
            cap *= 2;
        struct probe_sample *s = realloc(p->samples, cap * sizeof *s);
        if (!s)
            return NULL;
        memset(s + p->cap, 0, (cap - p->cap) * sizeof *s);
        p->samples = s;
        p->cap = cap;
    }
    if (seq >= p->n)
        p->n = seq + 1;
    return &p->samples[seq];
}

void probe_sent(struct probe *p, unsigned seq, nstime at)
{
    struct probe_sample *s = sample(p, seq);
    if (s)
        s->sent = at;
}

void probe_back(struct probe *p, unsigned seq, nstime at)
{
    struct probe_sample *s = sample(p, seq);
    if (s)
        s->back = at;
}

void probe_feed(void *probe, const char *text, size_t len)
{
    struct probe *p = probe;
    for (; len; text++, len--) {
        if (*text != '\n') {
            if (p->part_len < sizeof p->part - 1)
                p->part[p->part_len++] = *text;
            continue;
        }
        p->part[p->part_len] = 0;
        p->part_len = 0;
        char kind;
        unsigned seq;
        long long at;
        if (sscanf(p->part, "%c %u %lld", &kind, &seq, &at) != 3)
            continue;
        if (kind == '>')
            probe_sent(p, seq, at);
        else if (kind == '<')
            probe_back(p, seq, at);
    }
}

void probe_free(struct probe *p)
{
    if (p)
        free(p->samples);
    free(p);
}

/* ---- frames ---- */

struct report *report_new(void)
{
    return calloc(1, sizeof(struct report));
}

void report_free(struct report *r)
{
    if (!r)
        return;
    for (unsigned k = 0; k < r->n_timeline; k++) {
        free(r->timeline[k].node);
        free(r->timeline[k].what);
        free(r->timeline[k].cause);
    }
    free(r->timeline);
    free(r->seen);
    free(r->spis);
    free(r);
}

static uint64_t fnv(const uint8_t *p, size_t n)
{
    uint64_t h = UINT64_C(14695981039346656037);
    while (n--)
        h = (h ^ *p++) * UINT64_C(1099511628211);
    return h;
}

/* Remembers (switch, spi, seq) with a digest of the packet; true if it was there with another content. */
static bool seen_before(struct report *r, uint64_t key, uint64_t digest)
{
    if (r->n_seen * 2 >= r->cap_seen) {
        size_t cap = r->cap_seen ? r->cap_seen * 2 : 4096;
        struct seen *s = calloc(cap, sizeof *s);
        if (!s)
            return false;
        for (size_t k = 0; k < r->cap_seen; k++)
            if (r->seen[k].key) {
                size_t at = r->seen[k].key * UINT64_C(0x9e3779b97f4a7c15) >> 20 & (cap - 1);
                while (s[at].key)
                    at = (at + 1) & (cap - 1);
                s[at] = r->seen[k];
            }
        free(r->seen);
        r->seen = s;
        r->cap_seen = cap;
    }
    size_t at = key * UINT64_C(0x9e3779b97f4a7c15) >> 20 & (r->cap_seen - 1);
    for (; r->seen[at].key; at = (at + 1) & (r->cap_seen - 1))
        if (r->seen[at].key == key)
            return r->seen[at].digest != digest;
    r->seen[at] = (struct seen){key, digest};
    r->n_seen++;
    return false;
}

static struct spi *spi_get(struct report *r, uint32_t spi, uint32_t src, uint32_t dst, const char *sw)
{
    for (unsigned k = 0; k < r->n_spis; k++)
        if (r->spis[k].spi == spi && r->spis[k].dst == dst)
            return &r->spis[k];
    if (r->n_spis == r->cap_spis) {
        unsigned cap = r->cap_spis ? r->cap_spis * 2 : 64;
        struct spi *s = realloc(r->spis, cap * sizeof *s);
        if (!s)
            return NULL;
        r->spis = s;
        r->cap_spis = cap;
    }
    struct spi *s = &r->spis[r->n_spis++];
    *s = (struct spi){.spi = spi, .src = src, .dst = dst};
    snprintf(s->sw, sizeof s->sw, "%s", sw);
    return s;
}

static void esp_frame(struct report *r, const char *sw, nstime at, const uint8_t *eth, uint32_t src, uint32_t dst,
                      struct cursor *c)
{
    size_t len = cursor_left(c);
    const uint8_t *p = c->p;
    uint32_t spi = cursor_u32(c), seq = cursor_u32(c);
    if (!cursor_ok(c))
        return;
    struct spi *s = spi_get(r, spi, src, dst, sw);
    if (!s)
        return;
    if (strcmp(s->sw, sw) != 0)
        return; /* the same packet on its next switch */
    uint64_t key = (uint64_t)spi << 32 | seq;
    if (seen_before(r, key ? key : 1, fnv(p, len)))
        r->reused++;
    static const uint8_t hsrp_mac[5] = {0x00, 0x00, 0x0c, 0x07, 0xac};
    s->from_virtual |= memcmp(eth + 6, hsrp_mac, 5) == 0;
    if (r->disrupted && at >= r->disrupted_at) {
        if (!s->after++) {
            s->first_after = seq;
            s->first_after_at = at;
        }
        s->last_after = seq > s->last_after || s->after == 1 ? seq : s->last_after;
        s->last_after_at = at;
    } else {
        s->before++;
        s->last_before = seq > s->last_before || s->before == 1 ? seq : s->last_before;
        s->last_before_at = at;
    }
}

void report_frame(struct report *r, const char *sw, nstime at, const uint8_t *frame, size_t len)
{
    struct cursor c = cursor_make(frame, len);
    cursor_skip(&c, 12);
    if (cursor_u16(&c) != 0x0800 || cursor_left(&c) < 20)
        return;
    const uint8_t *ip = c.p;
    size_t hl = (size_t)(ip[0] & 15) * 4, total = (size_t)ip[2] << 8 | ip[3];
    if (hl < 20 || total < hl || total > cursor_left(&c))
        return;
    c = cursor_sub(&c, total);
    cursor_skip(&c, 12);
    uint32_t src = cursor_u32(&c), dst = cursor_u32(&c);
    cursor_skip(&c, hl - 20);
    if ((((uint32_t)ip[6] << 8 | ip[7]) & 0x1fff) != 0 || !cursor_ok(&c))
        return;
    if (ip[9] == 50) {
        esp_frame(r, sw, at, frame, src, dst, &c);
    } else if (ip[9] == 17) {
        uint16_t sport = cursor_u16(&c), dport = cursor_u16(&c);
        cursor_skip(&c, 4);
        if (sport == 4500 || dport == 4500) {
            struct cursor peek = c;
            if (cursor_left(&c) <= 1)
                return; /* NAT keepalive */
            if (cursor_u32(&peek) != 0) {
                esp_frame(r, sw, at, frame, src, dst, &c);
                return;
            }
        } else if (sport != 500 && dport != 500) {
            return;
        }
        r->ike_total++;
        if (r->disrupted && at >= r->disrupted_at)
            r->ike_after++;
    } else if (ip[9] == 1 && r->n_spis) {
        /* A ping's own addresses in clear on a switch that carries its tunnel: I3. */
        for (unsigned k = 0; k < r->n_pairs; k++)
            if ((r->pairs[k].a == src && r->pairs[k].b == dst) || (r->pairs[k].a == dst && r->pairs[k].b == src))
                for (unsigned s = 0; s < r->n_spis; s++)
                    if (strcmp(r->spis[s].sw, sw) == 0) {
                        r->clear++;
                        return;
                    }
    }
}

void report_pair(struct report *r, const char *a, const char *b)
{
    struct addr x, y;
    if (r->n_pairs < REPORT_PAIRS && addr_parse(a, &x) && addr_parse(b, &y))
        r->pairs[r->n_pairs++] = (struct pair){addr_v4_get(&x), addr_v4_get(&y)};
}

void report_disruption(struct report *r, nstime at, const char *what)
{
    report_event(r, at, "", what, "");
    if (r->disrupted)
        return;
    r->disrupted = true;
    r->disrupted_at = at;
    r->ike_after = 0;
    for (unsigned k = 0; k < r->n_spis; k++)
        r->spis[k].after = 0;
}

bool report_disrupted(const struct report *r)
{
    return r->disrupted;
}

nstime report_disruption_time(const struct report *r)
{
    return r->disrupted_at;
}

void report_promise(struct report *r, nstime hold)
{
    r->hold = hold;
}

void report_event(struct report *r, nstime at, const char *node, const char *what, const char *cause)
{
    if (r->n_timeline == r->cap_timeline) {
        unsigned cap = r->cap_timeline ? r->cap_timeline * 2 : 64;
        struct entry *e = cap <= 65536 ? realloc(r->timeline, cap * sizeof *e) : NULL;
        if (!e)
            return;
        r->timeline = e;
        r->cap_timeline = cap;
    }
    r->timeline[r->n_timeline++] = (struct entry){at, strdup(node), strdup(what), strdup(cause)};
}

unsigned report_reused(const struct report *r)
{
    return r->reused;
}

unsigned report_clear(const struct report *r)
{
    return r->clear;
}
