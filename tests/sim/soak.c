/* Long runs on simulated time (acceptance 6): a day of the paper's lab with a failover every hour, and many seeds of
 * half an hour with faults. Invariants are checked all along: the routers' own audits, and what the frames show (an ESP
 * number used twice, a protected packet in clear). Prints `ok NAME` or `not ok NAME: why`. Reduced unless --full;
 * --seed N runs one storm of 30 minutes again, with its transcript in the file SOAK_TRANSCRIPT. */
#include "cli/sim.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct soak {
    struct topology *t;
    struct sim sim;
    struct scenario_backend b;
    struct scenario *sc;
    uint64_t chance;
    struct strbuf baseline; /* audit failures before the quiet time began */
    bool quiet;             /* every invariant counts; else I2, I3, I4 */
    char why[400];
};

static uint32_t draw(struct soak *k, uint32_t n) /* xorshift64*: the schedule of faults, not the routers' bytes */
{
    k->chance ^= k->chance >> 12;
    k->chance ^= k->chance << 25;
    k->chance ^= k->chance >> 27;
    return (uint32_t)((k->chance * UINT64_C(2685821657736338717)) >> 33) % n;
}

static void fail(struct soak *k, const char *text)
{
    if (!k->why[0])
        snprintf(k->why, sizeof k->why, "at %.1f s: %s", k->sim.world ? (double)world_now(k->sim.world) / 1e9 : 0,
                 text);
}

static void audit_line(void *ctx, const char *invariant, const char *text)
{
    struct soak *k = ctx;
    char line[300];
    bool always = strcmp(invariant, "I2") == 0 || strcmp(invariant, "I3") == 0 || strcmp(invariant, "I4") == 0;
    snprintf(line, sizeof line, "%s %s", invariant, text);
    if (always || (k->quiet && !(k->baseline.s && strstr(k->baseline.s, line))))
        fail(k, line);
    else if (!k->quiet && k->baseline.len < 100000)
        strbuf_add(&k->baseline, "%s\n", line);
}

static void audit(struct soak *k)
{
    for (unsigned n = 0; world_router_name(k->sim.world, n); n++) {
        struct router *r = world_router_get(k->sim.world, world_router_name(k->sim.world, n));
        if (r)
            router_audit(r, audit_line, k);
    }
    if (report_reused(scenario_report(k->sc)))
        fail(k, "I2: an ESP sequence number was used twice");
    if (report_clear(scenario_report(k->sc)))
        fail(k, "I3: a protected packet was seen in clear");
}

static void run(struct soak *k, unsigned seconds)
{
    for (unsigned s = 0; s < seconds && !k->why[0]; s += 10) {
        world_run(k->sim.world, seconds - s < 10 ? seconds - s : 10);
        audit(k);
    }
}

static bool statement(struct soak *k, const char *line)
{
    char reason[500];
    if (scenario_line(k->sc, line, reason, sizeof reason))
        return true;
    snprintf(k->why, sizeof k->why, "at %.1f s: %.100s: %.250s", (double)world_now(k->sim.world) / 1e9, line, reason);
    return false;
}

static bool begin(struct soak *k, uint64_t seed, FILE *out)
{
    char err[600];
    memset(k, 0, sizeof *k);
    k->chance = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
    k->t = topology_read("examples/whitepaper", err, sizeof err);
    if (!k->t) {
        snprintf(k->why, sizeof k->why, "%.390s", err);
        return false;
    }
    k->sim = (struct sim){.topology = k->t, .out = out};
    if (sim_build(&k->sim, seed, err, sizeof err) != 0)
        return false;
    sim_backend(&k->sim, &k->b, seed);
    k->sc = scenario_new(&k->b);
    k->sim.report = scenario_report(k->sc);
    sim_power_all(&k->sim);
    return true;
}

static void end(struct soak *k)
{
    scenario_free(k->sc);
    if (k->sim.world)
        sim_free(&k->sim);
    topology_free(k->t);
    k->sim.world = NULL;
    strbuf_free(&k->baseline);
}

/* hours of the paper's lab, the active gateway killed every hour and back two minutes later. */
static void day(struct soak *k, unsigned hours)
{
    k->quiet = true;
    if (!statement(k, "wait converged 240") ||
        !statement(k, "ping spoke 10.2.1.254 source 10.1.11.11 rate 1 as tunnel"))
        return;
    run(k, 60);
    for (unsigned h = 0; h < hours && !k->why[0]; h++) {
        if (!statement(k, "kill active"))
            return;
        run(k, 120);
        if (!statement(k, "start killed") || !statement(k, "wait converged 300"))
            return;
        run(k, 3600 - 120 - 100);
        statement(k, "expect spoke \"ping 10.2.1.254 source 10.1.11.11\" /Success rate is (80|100) percent/ within 5");
    }
}

static void some_fault(struct soak *k, unsigned *cut_left, const char **dead)
{
    static const char *const sw[] = {"inside", "outside"};
    char line[120];
    unsigned which = draw(k, 2), port = 1 + draw(k, 2);
    switch (draw(k, 6)) {
    case 0:
        snprintf(line, sizeof line, "fault %s loss %u%%", sw[which], draw(k, 21));
        break;
    case 1:
        snprintf(line, sizeof line, "fault %s reorder %u%%", sw[which], draw(k, 21));
        break;
    case 2:
        snprintf(line, sizeof line, "fault %s dup %u%%", sw[which], draw(k, 21));
        break;
    case 3:
        snprintf(line, sizeof line, "fault %s:%u cut", sw[which], port);
        *cut_left = 1 + draw(k, 40);
        break;
    case 4:
        if (*dead)
            return;
        *dead = draw(k, 2) ? "gw1" : "gw2";
        snprintf(line, sizeof line, "kill %s", *dead);
        if (!world_powered(k->sim.world, *dead))
            return;
        break;
    default:
        if (!*dead)
            return;
        snprintf(line, sizeof line, "start %s", *dead);
        *dead = NULL;
        break;
    }
    statement(k, line);
}

/* Two thirds of the time faults, then quiet: everything heals within a minute. */
static void storm(struct soak *k, unsigned minutes)
{
    unsigned cut_left = 0;
    const char *dead = NULL;
    if (!statement(k, "ping spoke 10.2.1.254 source 10.1.11.11 rate 1 as tunnel"))
        return;
    for (unsigned s = 0; s < minutes * 40 && !k->why[0]; s++) {
        if (cut_left && --cut_left == 0 && !(statement(k, "fault inside clear") && statement(k, "fault outside clear")))
            return;
        if (draw(k, 20) == 0)
            some_fault(k, &cut_left, &dead);
        world_run(k->sim.world, 1);
        if (s % 10 == 0)
            audit(k);
    }
    if (k->why[0] || !statement(k, "fault inside clear") || !statement(k, "fault outside clear"))
        return;
    if (dead && !world_powered(k->sim.world, dead) && !statement(k, dead[2] == '1' ? "start gw1" : "start gw2"))
        return;
    run(k, 60);
    k->quiet = true;
    audit(k);
    /* With the paper's timers the last boot alone takes 60 s of delay and two hold times. */
    bool paper = getenv("PAPER_TIMERS") != NULL;
    if (k->why[0] || !statement(k, paper ? "wait converged 120" : "wait converged 1"))
        return;
    run(k, minutes * 20 > 120 ? minutes * 20 - 120 : 60);
    /* Both gateways may have been off at once: without keepalives the spoke cannot know that its SAs are gone. */
    if (!statement(k, "exec spoke \"clear crypto session\""))
        return;
    statement(k, "expect spoke \"ping 10.2.1.254 source 10.1.11.11\" /Success rate is (80|100) percent/ within 60");
}

/* Two runs with one seed: the same transcript, byte for byte. */
static void twice(struct soak *k, uint64_t seed, unsigned minutes)
{
    char *text[2] = {NULL, NULL};
    size_t len[2] = {0, 0};
    for (unsigned i = 0; i < 2; i++) {
        FILE *f = open_memstream(&text[i], &len[i]);
        if (f && begin(k, seed, f))
            storm(k, minutes);
        end(k);
        if (f)
            fclose(f);
    }
    if (!text[0] || !len[0] || len[0] != len[1] || memcmp(text[0], text[1], len[0]) != 0)
        fail(k, "two runs with one seed differ");
    free(text[0]);
    free(text[1]);
}

static double wall(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
    bool full = argc > 1 && strcmp(argv[1], "--full") == 0;
    unsigned hours = full ? 24 : 2, seeds = full ? 100 : 5, minutes = full ? 30 : 9, failed = 0;
    FILE *out = fopen(getenv("SOAK_TRANSCRIPT") ? getenv("SOAK_TRANSCRIPT") : "/dev/null", "w");
    struct soak k;
    if (!out)
        return 2;
    if (argc > 2 && strcmp(argv[1], "--seed") == 0) { /* one storm again, to look at its transcript */
        if (begin(&k, strtoull(argv[2], NULL, 10), out))
            storm(&k, 30);
        printf("%s seed %s%s%s\n", k.why[0] ? "not ok" : "ok", argv[2], k.why[0] ? ": " : "", k.why);
        end(&k);
        fclose(out);
        return k.why[0] != 0;
    }
    double from = wall();
    setenv("PAPER_TIMERS", "1", 1);
    if (begin(&k, 1, out))
        day(&k, hours);
    failed += k.why[0] != 0;
    printf("%s %u simulated hours, a failover in each, in %.1f s%s%s\n", k.why[0] ? "not ok" : "ok", hours,
           wall() - from, k.why[0] ? ": " : "", k.why);
    end(&k);
    for (unsigned paper = 0; paper < 2; paper++) {
        unsigned bad = 0;
        if (!paper)
            unsetenv("PAPER_TIMERS");
        else
            setenv("PAPER_TIMERS", "1", 1);
        from = wall();
        for (uint64_t seed = 1; seed <= seeds; seed++) {
            fflush(stdout);
            if (begin(&k, seed, out))
                storm(&k, minutes);
            if (k.why[0]) {
                bad++;
                printf("not ok %u minutes of faults, seed %" PRIu64 "%s: %s\n", minutes, seed,
                       paper ? ", the paper's timers" : "", k.why);
            }
            end(&k);
        }
        printf("%s %u seeds of %u simulated minutes with faults, %s timers, in %.1f s\n", bad ? "# done:" : "ok", seeds,
               minutes, paper ? "the paper's" : "short", wall() - from);
        failed += bad;
    }
    twice(&k, 5, minutes);
    failed += k.why[0] != 0;
    printf("%s two runs with one seed%s%s\n", k.why[0] ? "not ok" : "ok", k.why[0] ? ": " : "", k.why);
    fclose(out);
    return failed != 0;
}
