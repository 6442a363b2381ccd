/* Runs scenario files: one statement a line, each a row of the table at the end. The world behind it (simulated or
 * namespaces) is a struct scenario_backend. Called by `tapir lab run`, `tapir sim --script` and `make run`. */
#include "cli/scenario.h"
#include <errno.h>
#include <inttypes.h>
#include <regex.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_WORDS 24
#define POLL (100 * NS_PER_MS)
#define WAIT_DEFAULT 180.0
#define PING_TAIL (2 * NS_PER_S) /* a stopped ping's last answers */

struct scenario {
    const struct scenario_backend *b;
    struct report *report;
    struct probe *probes;
    char dir[512];
    bool settled;    /* converged since the last disruption */
    char killed[64]; /* the last router that was killed: `start killed` */
    char *reason;
    size_t reason_len;
};
struct words {
    char buf[2048];
    char *w[MAX_WORDS];
    unsigned n;
};

static bool fail(struct scenario *sc, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static bool fail(struct scenario *sc, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(sc->reason, sc->reason_len, fmt, ap);
    va_end(ap);
    return false;
}

static void say(struct scenario *sc, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void say(struct scenario *sc, const char *fmt, ...)
{
    char buf[1200];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(buf, sizeof buf, fmt, ap);
    va_end(ap);
    if (sc->b->say)
        sc->b->say(sc->b->ctx, buf);
}

static void say_block(struct scenario *sc, const char *node, const char *text)
{
    while (text && *text) {
        size_t len = strcspn(text, "\n");
        say(sc, "%s| %.*s", node, (int)len, text);
        text += len + (text[len] == '\n');
    }
}

/* Words; "…" holds blanks, /…/ is one word without its slashes (\/ is a slash), # begins a comment. */
static bool split(struct scenario *sc, const char *line, struct words *w)
{
    char *out = w->buf, *end = w->buf + sizeof w->buf - 2;
    w->n = 0;
    for (;;) {
        while (*line == ' ' || *line == '\t' || *line == '\r')
            line++;
        if (!*line || *line == '#')
            return true;
        if (w->n == MAX_WORDS)
            return fail(sc, "too many words");
        w->w[w->n++] = out;
        char quote = *line == '"' || (*line == '/' && w->n > 3) ? *line : 0;
        line += quote != 0;
        while (*line && out < end && (quote ? *line != quote : !strchr(" \t\r", *line))) {
            if (*line == '\\' && quote && line[1] == quote)
                line++;
            *out++ = *line++;
        }
        if (quote && *line++ != quote)
            return fail(sc, "the closing %c is missing", quote);
        *out++ = 0;
    }
}

static const char *node_word(struct scenario *sc, const char *word)
{
    const char *node = strcmp(word, "killed") == 0 && sc->killed[0] ? sc->killed : scenario_role_node(sc->b, word);
    if (!node)
        fail(sc,
             strcmp(word, "active") == 0 || strcmp(word, "standby") == 0 ? "no router is %s"
                                                                         : "there is no node %s in this lab",
             word);
    return node;
}

static bool end_ifname(struct scenario *sc, const char *word, char node[64], const char **ifname)
{
    const char *colon = strchr(word, ':');
    if (!colon || colon - word > 63)
        return fail(sc, "%s is not NODE:INTERFACE", word);
    char name[64];
    snprintf(name, sizeof name, "%.*s", (int)(colon - word), word);
    const char *n = node_word(sc, name);
    if (!n)
        return false;
    snprintf(node, 64, "%s", n);
    *ifname = colon + 1;
    return topology_end(sc->b->topology, node, colon + 1, NULL) ? true : fail(sc, "%s has no link in this lab", word);
}

static void disruption(struct scenario *sc, const char *what)
{
    if (sc->settled)
        report_forget(sc->report); /* what was over before is another story */
    sc->settled = false;
    if (!report_disrupted(sc->report))
        report_promise(sc->report, scenario_hold(sc->b));
    say(sc, "%s", what);
}

/* ---- statements ---- */

static bool st_wait(struct scenario *sc, struct words *w)
{
    double limit = w->n > 2 ? strtod(w->w[2], NULL) : WAIT_DEFAULT;
    nstime start = sc->b->now(sc->b->ctx), end = start + (nstime)(limit * (double)NS_PER_S);
    if (w->n < 2 || strcmp(w->w[1], "converged") != 0)
        return fail(sc, "wait converged [SECONDS]");
    for (;;) {
        struct strbuf missing = {0};
        if (scenario_converged(sc->b, &missing)) {
            strbuf_free(&missing);
            say(sc, "converged");
            sc->settled = report_disrupted(sc->report);
            return true;
        }
        nstime now = sc->b->now(sc->b->ctx);
        if (now >= end) {
            say_block(sc, "missing", missing.s);
            fail(sc, "not converged after %g s: %.*s", limit, (int)strcspn(missing.s, "\n"), missing.s);
            strbuf_free(&missing);
            return false;
        }
        strbuf_free(&missing);
        sc->b->advance(sc->b->ctx, 5 * POLL < end - now ? 5 * POLL : end - now);
    }
}

static bool st_at(struct scenario *sc, struct words *w)
{
    if (w->n != 2 || w->w[1][0] != '+')
        return fail(sc, "at +SECONDS");
    sc->b->advance(sc->b->ctx, (nstime)(strtod(w->w[1] + 1, NULL) * (double)NS_PER_S));
    return true;
}

static bool st_exec(struct scenario *sc, struct words *w)
{
    int status = 0;
    const char *node = w->n == 3 ? node_word(sc, w->w[1]) : NULL;
    if (!node)
        return w->n == 3 ? false : fail(sc, "exec NODE \"COMMAND\"");
    say(sc, "%s# %s", node, w->w[2]);
    if (strcmp(w->w[2], "reload") == 0) {
        char what[100];
        snprintf(what, sizeof what, "reload of %s", node);
        disruption(sc, what);
        report_disruption(sc->report, sc->b->now(sc->b->ctx), what);
    }
    char *text = sc->b->exec(sc->b->ctx, node, w->w[2], &status);
    say_block(sc, node, text);
    free(text);
    return status == 0 ? true : fail(sc, "%s rejected it", node);
}

static bool st_expect(struct scenario *sc, struct words *w)
{
    regex_t re;
    bool timed = w->n == 6 && strcmp(w->w[4], "within") == 0;
    if (w->n != 4 && !timed)
        return fail(sc, "expect NODE \"COMMAND\" /ERE/ [within SECONDS]");
    nstime end = sc->b->now(sc->b->ctx) + (timed ? (nstime)(strtod(w->w[5], NULL) * (double)NS_PER_S) : 0);
    if (regcomp(&re, w->w[3], REG_EXTENDED | REG_NOSUB | REG_NEWLINE) != 0)
        return fail(sc, "/%s/ is not an extended regular expression", w->w[3]);
    for (;;) {
        int status = 0;
        const char *node = node_word(sc, w->w[1]);
        char *text = node ? sc->b->exec(sc->b->ctx, node, w->w[2], &status) : NULL;
        bool hit = text && regexec(&re, text, 0, NULL, 0) == 0;
        nstime now = sc->b->now(sc->b->ctx);
        if (hit)
            say(sc, "%s# %s: /%s/ holds", node, w->w[2], w->w[3]);
        else if (now >= end && text) {
            say_block(sc, node, text);
            fail(sc, "%s \"%s\" does not show /%s/", node, w->w[2], w->w[3]);
        }
        free(text);
        if (hit || now >= end) {
            regfree(&re);
            return hit;
        }
        sc->b->advance(sc->b->ctx, POLL);
    }
}

static bool st_paste(struct scenario *sc, struct words *w)
{
    char path[1100];
    const char *node = w->n == 3 ? node_word(sc, w->w[1]) : NULL;
    if (!node)
        return w->n == 3 ? false : fail(sc, "paste NODE FILE");
    snprintf(path, sizeof path, "%s%s%s", w->w[2][0] == '/' ? "" : sc->dir, w->w[2][0] == '/' ? "" : "/", w->w[2]);
    char *text = topology_file_text(path);
    if (!text)
        return fail(sc, "%s: %s", path, strerror(errno));
    unsigned rejected = sc->b->paste(sc->b->ctx, node, text);
    free(text);
    say(sc, "%s: %s pasted", node, w->w[2]);
    return rejected == 0 ? true : fail(sc, "%s rejected %u lines of %s", node, rejected, w->w[2]);
}

static bool st_kill(struct scenario *sc, struct words *w)
{
    char what[100];
    const char *node = w->n == 2 ? node_word(sc, w->w[1]) : NULL;
    if (!node)
        return w->n == 2 ? false : fail(sc, "kill NODE|active");
    snprintf(what, sizeof what, "kill %s (power cut)", node);
    disruption(sc, what);
    nstime at = sc->b->now(sc->b->ctx);
    if (!sc->b->kill(sc->b->ctx, node))
        return fail(sc, "%s was not running", node);
    report_disruption(sc->report, at, what);
    snprintf(sc->killed, sizeof sc->killed, "%s", node);
    return true;
}

static bool st_start(struct scenario *sc, struct words *w)
{
    const char *node = w->n == 2 ? node_word(sc, w->w[1]) : NULL;
    if (!node)
        return w->n == 2 ? false : fail(sc, "start NODE");
    say(sc, "start %s", node);
    report_event(sc->report, sc->b->now(sc->b->ctx), node, "power on", "");
    return sc->b->start(sc->b->ctx, node) ? true : fail(sc, "%s did not start", node);
}

static bool st_carrier(struct scenario *sc, struct words *w)
{
    char node[64], what[120];
    const char *ifname = NULL;
    bool up = strcmp(w->w[0], "up") == 0;
    if (w->n != 2)
        return fail(sc, "%s NODE:INTERFACE", w->w[0]);
    if (!end_ifname(sc, w->w[1], node, &ifname))
        return false;
    snprintf(what, sizeof what, "carrier of %s:%s %s", node, ifname, up ? "back" : "lost");
    if (up) {
        say(sc, "%s", what);
        report_event(sc->report, sc->b->now(sc->b->ctx), "", what, "");
    } else {
        disruption(sc, what);
        report_disruption(sc->report, sc->b->now(sc->b->ctx), what);
    }
    return sc->b->carrier(sc->b->ctx, node, ifname, up) ? true : fail(sc, "%s cannot be set", w->w[1]);
}

static bool fault_words(struct scenario *sc, struct words *w, unsigned at, struct link_fault_spec *spec)
{
    for (; at < w->n; at++) {
        const char *what = w->w[at];
        if (strcmp(what, "cut") == 0) {
            spec->cut = true;
            continue;
        }
        if (strcmp(what, "oneway") == 0) {
            spec->oneway = true;
            continue;
        }
        char *rest = NULL;
        double v = at + 1 < w->n ? strtod(w->w[++at], &rest) : -1;
        bool percent = rest && (*rest == 0 || strcmp(rest, "%") == 0) && v >= 0 && v <= 100;
        if (strcmp(what, "delay") == 0 && rest && v >= 0 && v <= 60000)
            spec->delay_ms = (unsigned)v;
        else if (percent && strcmp(what, "loss") == 0)
            spec->loss = v;
        else if (percent && strcmp(what, "reorder") == 0)
            spec->reorder = v;
        else if (percent && strcmp(what, "dup") == 0)
            spec->dup = v;
        else if (percent && strcmp(what, "corrupt") == 0)
            spec->corrupt = v;
        else
            return fail(sc, "fault: %s is not loss P%%|delay MS|reorder P%%|dup P%%|corrupt P%%|cut|oneway|clear",
                        what);
    }
    return true;
}

static bool st_fault(struct scenario *sc, struct words *w)
{
    struct link_fault_spec spec = {0};
    char bridge[64];
    if (w->n < 3)
        return fail(sc, "fault BRIDGE[:PORT] loss P%%|delay MS|reorder P%%|dup P%%|corrupt P%%|cut|oneway|clear");
    const char *port = strchr(w->w[1], ':');
    snprintf(bridge, sizeof bridge, "%.*s", (int)(port ? port - w->w[1] : (long)strlen(w->w[1])), w->w[1]);
    const struct topo_node *n = topology_node(sc->b->topology, bridge);
    if (!n || n->kind != TOPO_BRIDGE)
        return fail(sc, "%s is not a bridge of this lab", bridge);
    bool clear = strcmp(w->w[2], "clear") == 0 && w->n == 3;
    if (!clear && !fault_words(sc, w, 2, &spec))
        return false;
    say(sc, "fault %s%s", w->w[1], clear ? " cleared" : "");
    return sc->b->fault(sc->b->ctx, bridge, port ? port + 1 : NULL, clear ? NULL : &spec)
               ? true
               : fail(sc, "no such port: %s", w->w[1]);
}

static bool st_ping(struct scenario *sc, struct words *w)
{
    struct probe *p = calloc(1, sizeof *p);
    const char *node = w->n >= 5 ? node_word(sc, w->w[1]) : NULL;
    if (!p || !node) {
        free(p);
        return w->n >= 5 ? false : fail(sc, "ping NODE ADDR [source A] rate N [size N] as X");
    }
    snprintf(p->node, sizeof p->node, "%s", node);
    snprintf(p->addr, sizeof p->addr, "%s", w->w[2]);
    p->size = 56;
    for (unsigned k = 3; k + 1 < w->n; k += 2) {
        if (strcmp(w->w[k], "source") == 0)
            snprintf(p->source, sizeof p->source, "%s", w->w[k + 1]);
        else if (strcmp(w->w[k], "rate") == 0)
            p->rate = strtod(w->w[k + 1], NULL);
        else if (strcmp(w->w[k], "size") == 0)
            p->size = (unsigned)strtoul(w->w[k + 1], NULL, 10);
        else if (strcmp(w->w[k], "as") == 0)
            snprintf(p->name, sizeof p->name, "%s", w->w[k + 1]);
    }
    if (p->rate <= 0 || p->rate > 10000 || !p->name[0]) {
        free(p);
        return fail(sc, "ping wants a rate (per second, up to 10000) and a name (as X)");
    }
    struct probe **end = &sc->probes;
    for (; *end; end = &(*end)->next)
        if (strcmp((*end)->name, p->name) == 0) {
            free(p);
            return fail(sc, "a ping of that name is there already");
        }
    *end = p;
    p->running = sc->b->probe_start(sc->b->ctx, p);
    if (p->source[0])
        report_pair(sc->report, p->source, p->addr);
    say(sc, "ping %s: %s to %s, %g a second", p->name, p->node, p->addr, p->rate);
    return p->running ? true : fail(sc, "%s cannot ping", node);
}

static void probe_end(struct scenario *sc, struct probe *p)
{
    if (p->running) {
        sc->b->probe_stop(sc->b->ctx, p);
        p->running = false;
    }
}

static bool st_stop(struct scenario *sc, struct words *w)
{
    for (struct probe *p = sc->probes; p && w->n == 2; p = p->next)
        if (strcmp(p->name, w->w[1]) == 0) {
            probe_end(sc, p);
            say(sc, "ping %s stopped", p->name);
            return true;
        }
    return fail(sc, "no ping named %s", w->n == 2 ? w->w[1] : "");
}

/* Milestones of the routers' event logs since just before the disruption become the timeline. */
static void gather_events(struct scenario *sc)
{
    nstime from = report_disruption_time(sc->report) - NS_PER_S;
    char cmd[64];
    snprintf(cmd, sizeof cmd, "show events since %" PRId64, from > 0 ? from / NS_PER_MS : 0);
    for (unsigned k = 0; report_disrupted(sc->report) && k < sc->b->topology->n_nodes; k++) {
        const struct topo_node *n = &sc->b->topology->nodes[k];
        int status = 0;
        if (n->kind != TOPO_TAPIR || !sc->b->running(sc->b->ctx, n->name))
            continue;
        char *text = sc->b->exec(sc->b->ctx, n->name, cmd, &status), *save = NULL;
        for (char *l = strtok_r(status || !text ? (char[1]){0} : text, "\n", &save); l;
             l = strtok_r(NULL, "\n", &save)) {
            char *at = l, *what = strchr(l, '\t'), *cause = what ? strchr(what + 1, '\t') : NULL;
            if (!cause)
                continue;
            *what++ = 0;
            *cause++ = 0;
            report_event(sc->report, strtoll(at, NULL, 10), n->name, what, cause);
        }
        free(text);
    }
}

static void report_say(void *ctx, const char *line)
{
    say(ctx, "%s", line);
}

static bool st_report(struct scenario *sc, struct words *w)
{
    FILE *json = NULL;
    bool any = false;
    if (w->n > 1) {
        char path[1100];
        const char *dir = getenv("TAPIR_REPORT_DIR"); /* where `make run` wants relative names */
        snprintf(path, sizeof path, "%s%s%s", w->w[1][0] == '/' || !dir ? "" : dir,
                 w->w[1][0] == '/' || !dir ? "" : "/", w->w[1]);
        json = fopen(path, "we");
        if (!json)
            return fail(sc, "%s: %s", path, strerror(errno));
    }
    for (struct probe *p = sc->probes; p; p = p->next)
        any |= p->running;
    if (any)
        sc->b->advance(sc->b->ctx, PING_TAIL / 4); /* answers under way */
    gather_events(sc);
    bool ok = report_write(sc->report, sc->probes, report_say, sc, json);
    if (json)
        fclose(json);
    return ok ? true : fail(sc, "the report is not as promised");
}

static const struct statement {
    const char *word;
    bool (*run)(struct scenario *sc, struct words *w);
} statements[] = {
    {"wait", st_wait}, {"at", st_at},       {"exec", st_exec},     {"expect", st_expect}, {"paste", st_paste},
    {"kill", st_kill}, {"start", st_start}, {"down", st_carrier},  {"up", st_carrier},    {"fault", st_fault},
    {"ping", st_ping}, {"stop", st_stop},   {"report", st_report},
};

bool scenario_line(struct scenario *sc, const char *line, char *reason, size_t len)
{
    struct words w;
    sc->reason = reason;
    sc->reason_len = len;
    if (!split(sc, line, &w))
        return false;
    if (w.n == 0)
        return true;
    for (size_t k = 0; k < sizeof statements / sizeof *statements; k++)
        if (strcmp(w.w[0], statements[k].word) == 0)
            return statements[k].run(sc, &w);
    return fail(sc, "unknown statement %s", w.w[0]);
}

struct scenario *scenario_new(const struct scenario_backend *b)
{
    struct scenario *sc = calloc(1, sizeof *sc);
    if (!sc)
        return NULL;
    sc->b = b;
    sc->report = report_new();
    snprintf(sc->dir, sizeof sc->dir, ".");
    return sc;
}

void scenario_free(struct scenario *sc)
{
    if (!sc)
        return;
    for (struct probe *p = sc->probes, *next; p; p = next) {
        next = p->next;
        probe_end(sc, p);
        probe_free(p);
    }
    report_free(sc->report);
    free(sc);
}

struct report *scenario_report(struct scenario *sc)
{
    return sc->report;
}

void scenario_dir(struct scenario *sc, const char *dir)
{
    snprintf(sc->dir, sizeof sc->dir, "%s", dir);
}

int scenario_run(struct scenario *sc, const char *path)
{
    char *text = topology_file_text(path), reason[600], seed[40] = "";
    const char *slash = strrchr(path, '/');
    unsigned lineno = 0;
    int rc = 0;
    if (!text) {
        fprintf(stderr, "tapir: %s: %s\n", path, strerror(errno));
        return 1;
    }
    snprintf(sc->dir, sizeof sc->dir, "%.*s", slash ? (int)(slash - path) : 1, slash ? path : ".");
    if (sc->b->simulated)
        snprintf(seed, sizeof seed, " (seed %" PRIu64 ")", sc->b->seed);
    for (char *p = text; *p && rc == 0;) {
        size_t len = strcspn(p, "\n");
        char line[2048];
        lineno++;
        snprintf(line, sizeof line, "%.*s", (int)len, p);
        p += len + (p[len] == '\n');
        if (!scenario_line(sc, line, reason, sizeof reason)) {
            fprintf(stderr, "%s:%u: %s%s\n", path, lineno, reason, seed);
            say(sc, "line %u does not hold: %s", lineno, reason);
            rc = 1;
        }
    }
    if (rc == 0 && report_reused(sc->report)) {
        fprintf(stderr, "%s: an ESP sequence number was used twice (I2)%s\n", path, seed);
        rc = 1;
    }
    if (rc == 0 && report_clear(sc->report)) {
        fprintf(stderr, "%s: protected packets were seen in clear (I3)%s\n", path, seed);
        rc = 1;
    }
    free(text);
    return rc;
}
