/* The paper's lab for unit tests (lib_paper.h). */
#include "tests/unit/lib_paper.h"
#include "cli/topology.h"
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static unsigned be16(const uint8_t *p)
{
    return (unsigned)p[0] << 8 | p[1];
}

static void see(void *arg, const char *sw, nstime at, const uint8_t *f, size_t len)
{
    struct paper *p = arg;
    (void)at;
    if (strcmp(sw, "outside") != 0 || len < 14 + 20 || be16(f + 12) != 0x0800)
        return;
    const uint8_t *ip = f + 14;
    if (ip[9] == 1 && ((ip[12] == 10 && ip[13] == 2) || (ip[16] == 10 && ip[17] == 2)))
        p->clear++;
    if (ip[9] != 17 || len < 14 + 20 + 8 + 28 || be16(ip + 22) != 500)
        return;
    unsigned exchange = ip[20 + 8 + 18]; /* RFC 2408 3.1 */
    p->ike++;
    p->main_mode += exchange == 2;
    if (exchange == 5) {
        p->informational++;
        p->informational_from_spoke += ip[15] == 11 && ip[14] == 11;
    }
}

void paper_open(struct paper *p)
{
    char err[600] = "";
    memset(p, 0, sizeof *p);
    setenv("PAPER_TIMERS", "1", 1);
    p->topology = topology_read("examples/whitepaper", err, sizeof err);
    cr_assert(p->topology, "%s", err);
    p->out = fopen("/dev/null", "w");
    p->sim = (struct sim){.topology = p->topology, .out = p->out, .quiet = true};
    cr_assert_eq(sim_build(&p->sim, 5, err, sizeof err), 0, "%s", err);
    p->w = p->sim.world;
    world_sniff(p->w, see, p);
    sim_power_all(&p->sim);
    paper_settle(p);
}

void paper_close(struct paper *p)
{
    cr_assert_eq(p->clear, 0, "%u protected packets in clear", p->clear);
    sim_free(&p->sim);
    topology_free(p->topology);
    fclose(p->out);
}

static bool says(struct paper *p, const char *node, const char *text)
{
    int status;
    char *s = world_router_get(p->w, node) ? world_exec(p->w, node, "show redundancy states", &status) : NULL;
    bool yes = s && strstr(s, text);
    free(s);
    return yes;
}

void paper_roles(struct paper *p)
{
    p->active = p->standby = NULL;
    for (unsigned i = 1; i <= 2; i++) {
        const char *node = i == 1 ? "gw1" : "gw2";
        if (says(p, node, "my state = 13 -ACTIVE \n"))
            p->active = node;
        else if (says(p, node, "my state = 8  -STANDBY HOT \n"))
            p->standby = node;
    }
}

void paper_settle(struct paper *p)
{
    for (unsigned s = 0; s < 300; s += 5) {
        world_run(p->w, 5);
        paper_roles(p);
        if (!p->active || !p->standby)
            continue;
        /* Synchronised by IPC before HSRP has left its delay, Listen and Speak. */
        char *brief = paper_exec(p, p->standby, "show standby brief");
        bool both = strstr(brief, "Gi0/3       2    100 P Standby") && strstr(brief, "Et1/1       1    100 P Standby");
        free(brief);
        if (both)
            return;
    }
    cr_assert_fail("the pair does not settle");
}

char *paper_exec(struct paper *p, const char *node, const char *command)
{
    int status = 0;
    char *s = world_exec(p->w, node, command, &status);
    cr_assert(s && status == 0, "%s# %s was rejected: %s", node, command, s);
    return s;
}

unsigned paper_ping(struct paper *p, unsigned n)
{
    unsigned got = 0;
    for (unsigned i = 0; i < n; i++) {
        nstime next = world_now(p->w) + NS_PER_S;
        char *s = paper_exec(p, "spoke", "ping 10.2.1.254 source 10.1.11.11 repeat 1 timeout 1");
        got += strstr(s, "is 100 percent") != NULL;
        free(s);
        if (world_now(p->w) < next)
            world_run_ns(p->w, next - world_now(p->w));
    }
    return got;
}

void paper_has(struct paper *p, const char *node, const char *command, const char *text)
{
    char *s = paper_exec(p, node, command);
    cr_assert(strstr(s, text), "%s# %s does not show `%s` but\n%s", node, command, text, s);
    free(s);
}

void paper_lacks(struct paper *p, const char *node, const char *command, const char *text)
{
    char *s = paper_exec(p, node, command);
    cr_assert(!strstr(s, text), "%s# %s shows `%s`:\n%s", node, command, text, s);
    free(s);
}

static bool starts(const char *s, const char *pat, bool whole)
{
    for (; *pat; s++, pat++) {
        if (*pat == '*') {
            size_t run = strcspn(s, " \n");
            for (size_t n = 0; n <= run; n++)
                if (starts(s + n, pat + 1, whole))
                    return true;
            return false;
        }
        if (!*s || (*pat == '@' ? *s == '\n' : *s != *pat))
            return false;
    }
    return !whole || !*s;
}

bool paper_match(const char *text, const char *pattern)
{
    return starts(text, pattern, true);
}

void paper_is(struct paper *p, const char *node, const char *command, const char *pattern)
{
    char *s = paper_exec(p, node, command);
    cr_assert(paper_match(s, pattern), "%s# %s\n--- is\n%s--- should be\n%s---", node, command, s, pattern);
    free(s);
}

static void line(void *arg, const struct event *e)
{
    struct paper_lines *l = arg;
    if (e->kind != EVENT_DEBUG)
        return;
    size_t n = strlen(e->text);
    if (l->len + n + 2 > l->cap) {
        l->cap = 2 * (l->len + n + 2);
        l->text = realloc(l->text, l->cap);
    }
    memcpy(l->text + l->len, e->text, n);
    l->len += n;
    l->text[l->len++] = '\n';
    l->text[l->len] = 0;
    l->n++;
}

void paper_listen(struct paper *p, const char *node, struct paper_lines *l)
{
    log_subscribe(world_router_get(p->w, node), line, l);
}

bool paper_line(const struct paper_lines *l, const char *pattern)
{
    for (const char *at = l->text; at && *at; at++)
        if (starts(at, pattern, false))
            return true;
    return false;
}
