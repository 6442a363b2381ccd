/* Lab files, the scenario language and the failover report, each without a router where it can be. */
#include "cli/report.h"
#include "cli/scenario.h"
#include "cli/sim.h"
#include "cli/topology.h"
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char *temp_lab(const char *text)
{
    static char path[64];
    snprintf(path, sizeof path, "/tmp/tapir-lab-XXXXXX");
    int fd = mkstemp(path);
    cr_assert(ge(int, fd, 0));
    cr_assert(eq(int, (int)write(fd, text, strlen(text)), (int)strlen(text)));
    close(fd);
    return path;
}

static void refused(const char *text, const char *why)
{
    char err[600] = "";
    char *path = temp_lab(text);
    struct topology *t = topology_read(path, err, sizeof err);
    cr_expect(t == NULL, "accepted: %s", text);
    cr_expect(strstr(err, why) != NULL, "\"%s\" does not say \"%s\"", err, why);
    cr_expect(strchr(err, '\n') == NULL, "more than one line: %s", err);
    topology_free(t);
    unlink(path);
}

#define HEAD "name: x\ntopology:\n  nodes:\n    r1: {kind: tapir}\n    sw: {kind: bridge}\n"

Test(topology, mistakes_are_one_clear_line)
{
    refused("", "not a lab file");
    refused("[1, 2]", "not a lab file");
    refused("name: x\n  bad: [", ":2:");
    refused("topology: {nodes: {}}", "name");
    refused("name: \"a b\"\ntopology: {nodes: {}}", "name");
    refused("name: x\n", "topology is missing");
    refused("name: x\ntopology: {}", "topology.nodes");
    refused("name: x\ntopology:\n  nodes:\n    a: {kind: cisco}\n", "unknown kind \"cisco\"");
    refused("name: x\ntopology:\n  nodes:\n    a: {}\n", "no kind");
    refused("name: x\ntopology:\n  nodes:\n    a: {kind: tapir, startup-config: nowhere.cfg}\n", "nowhere.cfg");
    refused(HEAD "  links:\n    - endpoints: [\"r1:GigabitEthernet0/0\", \"sx:1\"]\n", "no node sx");
    refused(HEAD "  links:\n    - endpoints: [\"r1:Foo0\", \"sw:1\"]\n", "not an interface");
    refused(HEAD "  links:\n    - endpoints: [\"r1\", \"sw:1\"]\n", "not NODE:INTERFACE");
    refused(HEAD "  links:\n    - endpoints: [\"r1:Gi0/0\"]\n", "endpoints");
    refused(HEAD "  links:\n    - endpoints: [\"r1:Gi0/0\", \"sw:1\"]\n    - endpoints: [\"r1:Gi0/0\", \"sw:2\"]\n",
            "used twice");
}

Test(topology, names_of_devices)
{
    char err[600] = "";
    char *path = temp_lab(HEAD "  links:\n    - endpoints: [\"r1:gi0/3\", \"sw:1\"]\n");
    struct topology *t = topology_read(path, err, sizeof err);
    cr_assert(t != NULL, "%s", err);
    cr_expect(eq(str, t->links[0].end[0].ifname, "GigabitEthernet0/3"));
    cr_expect(eq(str, t->links[0].end[0].device, "gi0-3"));
    cr_expect(eq(str, t->links[0].end[1].device, "p1"));
    cr_expect(topology_end(t, "r1", "GigabitEthernet 0/3", NULL) != NULL);
    cr_expect(topology_end(t, "sw", "2", NULL) == NULL);
    topology_free(t);
    unlink(path);
}

static void collect(void *ctx, const char *line)
{
    strbuf_add(ctx, "%s\n", line);
}

static void esp(struct report *r, nstime at, uint32_t spi, uint32_t seq, uint8_t fill)
{
    uint8_t f[14 + 20 + 40] = {0, 1, 2, 3, 4, 5, 0, 0, 0x0c, 7, 0xac, 1, 8, 0, 0x45, 0, 0, 60};
    f[14 + 9] = 50;
    memcpy(f + 26, (uint8_t[]){10, 1, 11, 254, 10, 1, 11, 11}, 8);
    for (int k = 0; k < 4; k++) {
        f[34 + k] = (uint8_t)(spi >> (24 - 8 * k));
        f[38 + k] = (uint8_t)(seq >> (24 - 8 * k));
    }
    memset(f + 42, fill, 32);
    report_frame(r, "outside", at, f, sizeof f);
}

static struct probe *pings(nstime dead_from, nstime dead_to)
{
    struct probe *p = calloc(1, sizeof *p);
    snprintf(p->name, sizeof p->name, "x");
    for (unsigned k = 0; k < 1000; k++) {
        nstime at = (k + 1) * 10 * NS_PER_MS;
        probe_sent(p, k, at);
        if (at < dead_from || at >= dead_to)
            probe_back(p, k, at + NS_PER_MS);
    }
    return p;
}

Test(report, gap_and_sequence_numbers)
{
    struct report *r = report_new();
    struct strbuf text = {0};
    char *json = NULL;
    size_t len = 0;
    FILE *f = open_memstream(&json, &len);
    struct probe *p = pings(5 * NS_PER_S, 5 * NS_PER_S + 150 * NS_PER_MS);
    for (uint32_t k = 1; k <= 500; k++)
        esp(r, k * 10 * NS_PER_MS, 0xabc00001, k, 1);
    report_promise(r, 150 * NS_PER_MS);
    report_disruption(r, 5 * NS_PER_S, "kill gw1");
    esp(r, 6 * NS_PER_S, 0xabc00001, 3000, 2);
    bool ok = report_write(r, p, collect, &text, f);
    fclose(f);
    cr_expect(ok, "%s", text.s);
    cr_expect(strstr(json, "\"gap_ms\": 160.000,") != NULL, "%s", json);
    cr_expect(strstr(json, "\"lost\": 15,") != NULL);
    cr_expect(strstr(json, "\"seq_last_before\": 500") != NULL, "%s", json);
    cr_expect(strstr(json, "\"seq_first_after\"") != NULL);
    cr_expect(strstr(json, "\"spi_after\": [\"0xABC00001\"]") != NULL);
    cr_expect(strstr(json, "\"ok\": true") != NULL);
    free(json);
    strbuf_free(&text);
    probe_free(p);
    report_free(r);
}

Test(report, a_number_used_twice_is_seen_and_a_copy_is_not)
{
    struct report *r = report_new();
    esp(r, 1, 7, 1, 1);
    esp(r, 2, 7, 1, 1);
    cr_expect(eq(int, (int)report_reused(r), 0));
    esp(r, 3, 7, 1, 9);
    cr_expect(eq(int, (int)report_reused(r), 1));
    report_free(r);
}

Test(report, a_ping_that_stays_dead_is_not_as_promised)
{
    struct report *r = report_new();
    struct strbuf text = {0};
    struct probe *p = pings(5 * NS_PER_S, INT64_MAX);
    report_disruption(r, 5 * NS_PER_S, "kill gw1");
    cr_expect(not(report_write(r, p, collect, &text, NULL)), "%s", text.s);
    cr_expect(strstr(text.s, "not answered any more") != NULL);
    strbuf_free(&text);
    probe_free(p);
    report_free(r);
}

static void silent(void *ctx, const char *line)
{
    (void)ctx;
    (void)line;
}

Test(scenario, wrong_statements_are_named)
{
    struct topology t = {.name = "x"};
    struct scenario_backend b = {.topology = &t, .say = silent};
    struct scenario *sc = scenario_new(&b);
    char why[600];
    cr_expect(scenario_line(sc, "  # a comment", why, sizeof why));
    cr_expect(scenario_line(sc, "", why, sizeof why));
    cr_expect(not(scenario_line(sc, "jump gw1", why, sizeof why)));
    cr_expect(eq(str, why, "unknown statement jump"));
    cr_expect(not(scenario_line(sc, "kill gw1", why, sizeof why)));
    cr_expect(strstr(why, "no node gw1") != NULL);
    cr_expect(not(scenario_line(sc, "exec gw1 \"show", why, sizeof why)));
    cr_expect(strstr(why, "closing \" is missing") != NULL);
    cr_expect(not(scenario_line(sc, "fault inside loss", why, sizeof why)));
    scenario_free(sc);
}

/* Two routers and a built-in host on one switch: ARP and ping between all of them. */
Test(world, routers_and_hosts_ping)
{
    struct world *w = world_new(7);
    int status = 1;
    world_switch(w, "lan");
    world_router(w, "r1", "interface GigabitEthernet0/0\n ip address 10.0.0.1 255.255.255.0\n");
    world_plug(w, "r1", "GigabitEthernet0/0", "lan", "1");
    world_host(w, "h1", "lan", "2", "10.0.0.9/24", "10.0.0.1");
    world_start(w, "r1");
    world_run(w, 1);
    char *text = world_exec(w, "r1", "ping 10.0.0.9", &status);
    cr_expect(strstr(text, "!!!!") != NULL, "%s", text);
    free(text);
    text = world_exec(w, "h1", "ping -c 3 -i 0.1 10.0.0.1", &status);
    cr_expect(eq(int, status, 0), "%s", text);
    free(text);
    world_kill(w, "r1");
    text = world_exec(w, "h1", "ping -c 2 10.0.0.1", &status);
    cr_expect(eq(int, status, 1), "%s", text);
    free(text);
    text = world_exec(w, "r1", "show clock", &status);
    cr_expect(eq(int, status, 1));
    free(text);
    world_free(w);
}
