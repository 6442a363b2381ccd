/* The report itself: text for the transcript, JSON with the keys of CONTRACT 4, and the judgement whether everything
 * is as promised. Called by the scenario statement `report`. */
#include "cli/report_int.h"
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define RECENT (5 * NS_PER_S) /* an SPI counts as in use before the disruption if it carried a packet that late */
#define ALLOWANCE (500 * NS_PER_MS)

struct measure {
    unsigned sent, lost;
    double gap_ms; /* < 0: never answered again */
    bool answered; /* at all */
};
struct writer {
    void (*say)(void *ctx, const char *line);
    void *ctx;
};

static void line(const struct writer *w, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void line(const struct writer *w, const char *fmt, ...)
{
    char buf[512];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(buf, sizeof buf, fmt, ap);
    va_end(ap);
    w->say(w->ctx, buf);
}

/* The gap is the time between two requests that were answered, where those between were not. Requests before the
 * first answer (the tunnel comes up) do not count as lost. */
static struct measure measure(const struct report *r, const struct probe *p)
{
    struct measure m = {0};
    nstime last_ok = 0, last_sent = 0, widest = 0;
    unsigned missing = 0;
    for (unsigned k = 0; k < p->n; k++) {
        const struct probe_sample *s = &p->samples[k];
        if (!s->sent)
            continue;
        m.sent++;
        last_sent = s->sent;
        if (!s->back) {
            missing += m.answered;
            continue;
        }
        if (m.answered && (!r->disrupted || s->sent >= r->disrupted_at) && s->sent - last_ok > widest)
            widest = s->sent - last_ok;
        m.lost += missing;
        missing = 0;
        m.answered = true;
        last_ok = s->sent;
    }
    bool dead = m.answered && last_sent - last_ok > NS_PER_S;
    if (dead)
        m.lost += missing;
    m.gap_ms = !m.answered || dead ? -1 : (double)widest / (double)NS_PER_MS;
    return m;
}

static int spi_compare(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static unsigned spi_list(const struct report *r, bool after, uint32_t out[64])
{
    unsigned n = 0;
    for (unsigned k = 0; k < r->n_spis && n < 64; k++) {
        const struct spi *s = &r->spis[k];
        bool recent = s->before && (!r->disrupted || s->last_before_at > r->disrupted_at - RECENT);
        if (after ? s->after > 0 : recent)
            out[n++] = s->spi;
    }
    qsort(out, n, sizeof *out, spi_compare);
    return n;
}

/* The pair's outbound SA: sent from the virtual MAC on both sides of the disruption. */
static const struct spi *outbound(const struct report *r)
{
    const struct spi *best = NULL;
    for (unsigned k = 0; k < r->n_spis; k++) {
        const struct spi *s = &r->spis[k];
        if (!s->before || !s->after)
            continue;
        if (!best || (s->from_virtual && !best->from_virtual) ||
            (s->from_virtual == best->from_virtual &&
             s->first_after - s->last_before > best->first_after - best->last_before))
            best = s;
    }
    return best;
}

static int entry_compare(const void *a, const void *b)
{
    const struct entry *x = *(const struct entry *const *)a, *y = *(const struct entry *const *)b;
    if (x->at != y->at)
        return x->at < y->at ? -1 : 1;
    return (x > y) - (x < y); /* in the order in which they were told: one array */
}

static void json_string(FILE *f, const char *s)
{
    fputc('"', f);
    for (; *s; s++) {
        if (*s == '"' || *s == '\\')
            fprintf(f, "\\%c", *s);
        else if ((unsigned char)*s < 0x20)
            fprintf(f, "\\u%04x", *s);
        else
            fputc(*s, f);
    }
    fputc('"', f);
}

static void json_spis(FILE *f, const char *key, const uint32_t *spi, unsigned n)
{
    fprintf(f, "  \"%s\": [", key);
    for (unsigned k = 0; k < n; k++)
        fprintf(f, "%s\"0x%08X\"", k ? ", " : "", spi[k]);
    fprintf(f, "],\n");
}

static void write_timeline(const struct report *r, const struct writer *w, FILE *json)
{
    struct entry **e = calloc(r->n_timeline + 1, sizeof *e);
    for (unsigned k = 0; e && k < r->n_timeline; k++)
        e[k] = &r->timeline[k];
    if (e)
        qsort(e, r->n_timeline, sizeof *e, entry_compare);
    if (json)
        fprintf(json, "  \"role_timeline\": [");
    for (unsigned k = 0; e && k < r->n_timeline; k++) {
        double t = (double)(e[k]->at - r->disrupted_at) / (double)NS_PER_S;
        line(w, "  %+9.3f s  %-8s %s%s%s", t, e[k]->node, e[k]->what, *e[k]->cause ? "  <- " : "", e[k]->cause);
        if (!json)
            continue;
        fprintf(json, "%s\n    {\"t_ms\": %.3f, \"node\": ", k ? "," : "", t * 1000);
        json_string(json, e[k]->node);
        fprintf(json, ", \"event\": ");
        json_string(json, e[k]->what);
        fprintf(json, ", \"cause\": ");
        json_string(json, e[k]->cause);
        fprintf(json, "}");
    }
    if (json)
        fprintf(json, "],\n");
    free(e);
}

static const char *verdict(bool ok)
{
    return ok ? "ok" : "NOT AS PROMISED";
}

static void spi_text(const uint32_t *spi, unsigned n, char *buf, size_t len)
{
    size_t at = 0;
    buf[0] = 0;
    for (unsigned k = 0; k < n && at + 12 < len; k++)
        at += (size_t)snprintf(buf + at, len - at, "%s0x%08X", k ? " " : "", spi[k]);
}

void report_forget(struct report *r)
{
    for (unsigned k = 0; k < r->n_timeline; k++) {
        free(r->timeline[k].node);
        free(r->timeline[k].what);
        free(r->timeline[k].cause);
    }
    r->n_timeline = 0;
    for (unsigned k = 0; k < r->n_spis; k++) {
        struct spi *s = &r->spis[k];
        if (s->after) { /* what came after this disruption is before the next */
            s->before += s->after;
            s->last_before = s->last_after > s->last_before ? s->last_after : s->last_before;
            s->last_before_at = s->last_after_at;
            s->after = 0;
        }
    }
    r->disrupted = false;
}

bool report_write(struct report *r, const struct probe *probes, void (*say)(void *ctx, const char *line), void *ctx,
                  FILE *json)
{
    struct writer w = {say, ctx};
    uint32_t before[64], after[64];
    char text[900];
    unsigned nb = spi_list(r, false, before), na = r->disrupted ? spi_list(r, true, after) : spi_list(r, false, after);
    bool same = nb == na && memcmp(before, after, nb * sizeof *before) == 0;
    const struct spi *out = outbound(r);
    bool jumped = !r->disrupted || !out || out->first_after > out->last_before;
    bool quiet = r->ike_after == 0, ok = same && jumped && quiet && r->reused == 0 && r->clear == 0;
    struct measure first = {0};
    const struct probe *p0 = probes;

    if (json)
        fprintf(json, "{\n");
    line(&w, "Failover report");
    write_timeline(r, &w, json);
    if (json)
        fprintf(json, "  \"pings\": [");
    for (const struct probe *p = probes; p; p = p->next) {
        struct measure m = measure(r, p);
        /* a slow ping cannot tell a gap finer than from the answered request before it to the one behind it */
        double grain = p->rate > 0 && p->rate < 10 ? 2e3 / p->rate : 0;
        bool fine =
            m.gap_ms >= 0 && (!r->disrupted || !r->hold || m.gap_ms <= (double)(r->hold + ALLOWANCE) / 1e6 + grain);
        ok &= fine;
        if (p == p0)
            first = m;
        if (m.gap_ms >= 0)
            line(&w, "  ping %s: %u sent, %u lost, gap %.0f ms (hold time %.0f ms): %s", p->name, m.sent, m.lost,
                 m.gap_ms, (double)r->hold / 1e6, verdict(fine));
        else
            line(&w, "  ping %s: %u sent, %u lost, %s: %s", p->name, m.sent, m.lost,
                 m.answered ? "not answered any more" : "never answered", verdict(false));
        if (json) {
            fprintf(json, "%s{\"name\": ", p == p0 ? "" : ", ");
            json_string(json, p->name);
            fprintf(json, ", \"sent\": %u, \"lost\": %u, \"gap_ms\": %.3f}", m.sent, m.lost, m.gap_ms);
        }
    }
    line(&w, "  IKE packets after the failover: %" PRIu64 ": %s", r->ike_after, verdict(quiet));
    spi_text(before, nb, text, sizeof text);
    line(&w, "  SPIs before: %s", nb ? text : "none");
    spi_text(after, na, text, sizeof text);
    line(&w, "  SPIs after:  %s: %s", na ? text : "none", verdict(same));
    if (out && r->disrupted)
        line(&w, "  outbound sequence number of 0x%08X: %u before, %u after: %s", out->spi, out->last_before,
             out->first_after, verdict(jumped));
    line(&w, "  ESP numbers used twice: %u: %s", r->reused, verdict(r->reused == 0));
    line(&w, "  protected packets in clear: %u: %s", r->clear, verdict(r->clear == 0));
    line(&w, "  %s", ok ? "everything as promised" : "NOT everything as promised");
    if (json) {
        fprintf(json, "],\n  \"gap_ms\": %.3f,\n  \"sent\": %u,\n  \"lost\": %u,\n", p0 ? first.gap_ms : 0.0,
                first.sent, first.lost);
        fprintf(json, "  \"hold_ms\": %.3f,\n  \"ike_packets_after\": %" PRIu64 ",\n", (double)r->hold / 1e6,
                r->ike_after);
        json_spis(json, "spi_before", before, nb);
        json_spis(json, "spi_after", after, na);
        fprintf(json, "  \"seq_last_before\": %u,\n  \"seq_first_after\": %u,\n", out ? out->last_before : 0,
                out && r->disrupted ? out->first_after : 0);
        fprintf(json, "  \"seq_used_twice\": %u,\n  \"clear_packets\": %u,\n  \"ok\": %s\n}\n", r->reused, r->clear,
                ok ? "true" : "false");
    }
    report_forget(r);
    return ok;
}
