/* `tapir sim`: the lab of a topology file in one process on simulated time. Standard output is the transcript and
 * nothing else: log lines of the routers and what the script does, each behind its simulated time; the same for the
 * same seed, byte for byte. */
#include "cli/sim.h"
#include "cli/cli.h"
#include "cli/world_int.h"
#include "modules/core/log.h"
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define UNTIL_DEFAULT (600 * NS_PER_S)

/* ---- log lines ---- */

static void log_seen(void *arg, const struct event *e)
{
    struct sim_router *sr = arg;
    char line[700];
    if (e->id <= sr->printed)
        return;
    sr->printed = e->id;
    if (e->kind == EVENT_PLAIN)
        return;
    const char *text = e->text ? e->text : "";
    while (*text) {
        size_t len = strcspn(text, "\n");
        if (e->kind == EVENT_SYSLOG)
            snprintf(line, sizeof line, "%s: %%%s-%d-%s: %.*s", sr->name, e->facility, e->severity, e->mnemonic,
                     (int)len, text);
        else
            snprintf(line, sizeof line, "%s: %s%s%.*s", sr->name, e->facility, *e->facility ? ": " : "", (int)len,
                     text);
        sim_say(sr->sim, line);
        text += len + (text[len] == '\n');
    }
}

static struct sim_router *sim_router(struct sim *s, const char *name)
{
    for (unsigned k = 0; k < s->n_routers; k++)
        if (strcmp(s->routers[k].name, name) == 0)
            return &s->routers[k];
    return NULL;
}

static void on_up(void *arg, const char *name, struct router *r)
{
    struct sim *s = arg;
    char line[120];
    struct sim_router *sr = sim_router(s, name);
    if (sr)
        sr->boots++;
    if (s->quiet || !sr)
        return;
    snprintf(line, sizeof line, "%s: booted", name);
    sim_say(s, line);
    sr->printed = 0;
    log_foreach(r, log_seen, sr);
    log_subscribe(r, log_seen, sr);
}

static void on_down(void *arg, const char *name, bool reload)
{
    struct sim *s = arg;
    char line[120];
    snprintf(line, sizeof line, "%s: %s", name, reload ? "reloads" : "power is off");
    if (!s->quiet)
        sim_say(s, line);
}

static void on_bad(void *arg, const char *name, unsigned lineno, const char *line, const char *answer)
{
    const char *reason = strstr(answer, "% "); /* the line with the caret says nothing alone */
    struct sim_router *sr = sim_router(arg, name);
    reason = reason ? reason : answer;
    if (sr && sr->boots > 0)
        return; /* said at the first boot */
    fprintf(stderr, "tapir: %s: startup-config line %u rejected: %s: %.*s\n", name, lineno, line + strspn(line, " "),
            (int)strcspn(reason, "\n"), reason);
}

static void on_frame(void *arg, const char *sw, nstime at, const uint8_t *frame, size_t len)
{
    struct sim *s = arg;
    if (s->report)
        report_frame(s->report, sw, at, frame, len);
}

/* ---- building ---- */

static void build_host(struct sim *s, const struct topo_node *n)
{
    for (unsigned e = 0; e < n->n_exec; e++)
        if (world_host_exec(s->world, n->name, n->exec[e]) != 0)
            fprintf(stderr, "tapir: %s: a built-in host leaves out exec line: %s\n", n->name, n->exec[e]);
}

static int build_link(struct sim *s, const struct topo_link *l, char *err, size_t errlen)
{
    const struct topo_node *a = &s->topology->nodes[l->end[0].node], *b = &s->topology->nodes[l->end[1].node];
    const struct topo_end *ea = &l->end[0], *eb = &l->end[1];
    if (a->kind == TOPO_BRIDGE && b->kind == TOPO_BRIDGE) {
        snprintf(err, errlen, "%s:%d: a link between two bridges is not simulated", s->topology->path, l->line);
        return 1;
    }
    if (b->kind == TOPO_BRIDGE)
        return world_plug(s->world, a->name, ea->ifname, b->name, eb->ifname);
    if (a->kind == TOPO_BRIDGE)
        return world_plug(s->world, b->name, eb->ifname, a->name, ea->ifname);
    return world_cable(s->world, a->name, ea->ifname, b->name, eb->ifname);
}

int sim_build(struct sim *s, uint64_t seed, char *err, size_t errlen)
{
    const struct topology *t = s->topology;
    s->world = world_new(seed);
    s->routers = calloc(t->n_nodes + 1, sizeof *s->routers);
    if (!s->world || !s->routers) {
        snprintf(err, errlen, "out of memory");
        return 1;
    }
    for (unsigned k = 0; k < t->n_nodes; k++) {
        const struct topo_node *n = &t->nodes[k];
        if (n->kind == TOPO_BRIDGE) {
            world_switch(s->world, n->name);
        } else if (n->kind == TOPO_LINUX) {
            world_host_bare(s->world, n->name);
        } else {
            world_router(s->world, n->name, n->config ? n->config : "");
            struct sim_router *sr = &s->routers[s->n_routers++];
            sr->sim = s;
            snprintf(sr->name, sizeof sr->name, "%s", n->name);
        }
    }
    for (unsigned k = 0; k < t->n_links; k++)
        if (build_link(s, &t->links[k], err, errlen) != 0)
            return 1;
    for (unsigned k = 0; k < t->n_nodes; k++)
        if (t->nodes[k].kind == TOPO_LINUX)
            build_host(s, &t->nodes[k]);
    world_set_watch(s->world, &(struct world_watch){.up = on_up, .down = on_down, .bad = on_bad, .arg = s});
    world_sniff(s->world, on_frame, s);
    return 0;
}

void sim_power_all(struct sim *s)
{
    for (unsigned k = 0; k < s->n_routers; k++)
        world_start(s->world, s->routers[k].name);
}

void sim_free(struct sim *s)
{
    s->quiet = true;
    world_free(s->world);
    free(s->routers);
    s->world = NULL;
    s->routers = NULL;
}

struct audit {
    struct sim *sim;
    const char *name;
};

static void audit_failed(void *ctx, const char *invariant, const char *text)
{
    struct audit *a = ctx;
    char line[400];
    a->sim->failed++;
    snprintf(line, sizeof line, "%s: invariant %s does not hold: %s", a->name, invariant, text);
    sim_say(a->sim, line);
    if (a->sim->failed <= 10)
        fprintf(stderr, "tapir: %s\n", line);
}

void sim_audit(struct sim *s)
{
    for (unsigned k = 0; k < s->n_routers; k++) {
        struct audit a = {s, s->routers[k].name};
        struct router *r = world_router_get(s->world, a.name);
        if (r)
            router_audit(r, audit_failed, &a);
    }
}

/* ---- paced pings of hosts ---- */

static void host_probe_event(void *arg, bool reply, unsigned seq, nstime at)
{
    if (reply)
        probe_back(arg, seq, at);
    else
        probe_sent(arg, seq, at);
}

void *world_host_probe(struct world *w, const char *name, struct probe *p)
{
    struct wnode *n = world_node(w, name);
    struct addr dst, src = {0};
    if (!n || !n->host || !addr_parse(p->addr, &dst))
        return NULL;
    if (p->source[0])
        addr_parse(p->source, &src);
    return memhost_ping(n->host, &dst, &src, (nstime)((double)NS_PER_S / p->rate), p->size, 0, host_probe_event, NULL,
                        p);
}

void world_host_probe_end(void *handle)
{
    memhost_ping_stop(handle);
}

/* ---- the command ---- */

struct options {
    const char *lab, *script, *capture;
    uint64_t seed;
    nstime until; /* 0: not given */
};

/* 90, 90s, 1h30m, 2m5s */
static bool parse_until(const char *text, nstime *ns)
{
    double total = 0;
    while (*text) {
        char *end;
        double v = strtod(text, &end);
        if (end == text || v < 0)
            return false;
        double unit = *end == 'h' ? 3600 : *end == 'm' ? 60 : 1;
        if (*end && !strchr("hms", *end))
            return false;
        total += v * unit;
        text = end + (*end != 0);
    }
    *ns = (nstime)(total * (double)NS_PER_S);
    return total > 0 && total < 1e9;
}

static int parse_options(int argc, char **argv, struct options *o)
{
    for (int k = 1; k < argc; k++) {
        const char *value = k + 1 < argc ? argv[k + 1] : NULL;
        if (argv[k][0] != '-') {
            if (o->lab)
                return cli_usage("sim", "one lab at a time");
            o->lab = argv[k];
            continue;
        }
        if (!value)
            return cli_usage("sim", "%s wants a value", argv[k]);
        char *end = NULL;
        if (strcmp(argv[k], "--script") == 0)
            o->script = value;
        else if (strcmp(argv[k], "--capture") == 0)
            o->capture = value;
        else if (strcmp(argv[k], "--seed") == 0) {
            o->seed = strtoull(value, &end, 0);
            if (!*value || *end)
                return cli_usage("sim", "--seed wants a number, not %s", value);
        } else if (strcmp(argv[k], "--until") == 0) {
            if (!parse_until(value, &o->until))
                return cli_usage("sim", "--until wants seconds or 1h30m, not %s", value);
        } else {
            return cli_usage("sim", "unknown option %s", argv[k]);
        }
        k++;
    }
    return o->lab ? 0 : cli_usage("sim", "name the lab: a directory or a *.clab.yml file");
}

int cmd_sim(int argc, char **argv)
{
    struct options o = {.seed = 1};
    char err[600];
    int rc = parse_options(argc, argv, &o);
    if (rc)
        return rc;
    if (o.script && access(o.script, R_OK)) /* said before the lab has run to where the script would begin */
        return cli_fail("--script %s: %s", o.script, strerror(errno));
    struct topology *t = topology_read(o.lab, err, sizeof err);
    if (!t)
        return cli_fail("%s", err);
    struct sim s = {.topology = t, .out = stdout};
    struct scenario_backend b;
    struct scenario *sc = NULL;
    struct sim_capture *capture = NULL;
    if (sim_build(&s, o.seed, err, sizeof err) != 0)
        rc = cli_fail("%s", err);
    if (rc == 0 && o.capture && !(capture = sim_capture_open(&s, o.capture, err, sizeof err)))
        rc = cli_fail("%s", err);
    if (rc == 0) {
        sim_backend(&s, &b, o.seed);
        sc = scenario_new(&b);
        s.report = scenario_report(sc);
        sim_power_all(&s);
        if (o.script)
            rc = scenario_run(sc, o.script);
        nstime until = o.until ? o.until : o.script ? 0 : UNTIL_DEFAULT;
        if (rc == 0 && until > world_now(s.world))
            world_run_ns(s.world, until - world_now(s.world));
        sim_audit(&s);
        if (s.failed && rc == 0)
            rc = cli_fail("%u invariants do not hold (seed %" PRIu64 ")", s.failed, o.seed);
    }
    scenario_free(sc);
    sim_free(&s);
    sim_capture_close(capture);
    topology_free(t);
    if (fflush(stdout) != 0)
        rc = cli_fail("standard output: %s", strerror(errno));
    return rc;
}
