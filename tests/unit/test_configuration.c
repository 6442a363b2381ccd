/* The configuration as a whole and its lists. configure replace: between any two examples it leaves exactly the target;
 * what both have is not disturbed (an HSRP group keeps its state, SAs stay up); swapped addresses; access lists; the
 * revert timer; the archive; differences. */
#include "cli/world.h"
#include "modules/core/ifname.h"
#include "modules/net/ip.h"
#include "tests/unit/lib_paper.h"
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const examples[] = {"examples/whitepaper/gw1.cfg",      "examples/whitepaper/gw2.cfg",
                                       "examples/whitepaper/spoke.cfg",    "examples/two-routers/r1.cfg",
                                       "examples/branch-office/gw1.cfg",   "examples/branch-office/gw2.cfg",
                                       "examples/branch-office/spoke.cfg", "examples/branch-office/gateway.cfg"};
enum { EXAMPLES = sizeof examples / sizeof *examples };

static char *file_text(const char *path)
{
    FILE *f = fopen(path, "r");
    cr_assert(f, "%s", path);
    char *s = calloc(1, 65536);
    size_t n = fread(s, 1, 65535, f);
    s[n] = 0;
    fclose(f);
    return s;
}

/* What a router shows, without the lines that carry dates. */
static char *shown(struct world *w, const char *name)
{
    int status;
    char *s = world_exec(w, name, "show running-config", &status), *body = strstr(s, "\nversion ");
    cr_assert_eq(status, 0);
    cr_assert(body, "%s", s);
    char *copy = strdup(body);
    free(s);
    return copy;
}

static void flash(struct world *w, const char *name, const char *file, const char *text)
{
    struct storage *st = world_storage(w, name);
    char stored[64];
    snprintf(stored, sizeof stored, "flash.%s", file);
    cr_assert_eq(st->ops->write(st->ctx, stored, text, strlen(text)), 0);
}

static char *exec_ok(struct world *w, const char *name, const char *command)
{
    int status;
    char *s = world_exec(w, name, command, &status);
    cr_assert_eq(status, 0, "%s: %s", command, s);
    return s;
}

static struct world *one(const char *startup)
{
    struct world *w = world_new(3);
    cr_assert_eq(world_router(w, "r", startup), 0);
    world_start(w, "r");
    world_run(w, 1);
    return w;
}

Test(replace, between_any_two_examples, .timeout = 120)
{
    char *want[EXAMPLES], *text[EXAMPLES];
    for (unsigned i = 0; i < EXAMPLES; i++) {
        text[i] = file_text(examples[i]);
        struct world *w = one(text[i]);
        want[i] = shown(w, "r");
        world_free(w);
    }
    for (unsigned from = 0; from < EXAMPLES; from++)
        for (unsigned to = 0; to < EXAMPLES; to++) {
            struct world *w = one(text[from]);
            flash(w, "r", "target", text[to]);
            char *answer = exec_ok(w, "r", "configure replace flash:target force");
            cr_expect(strstr(answer, "Rollback Done"), "%s -> %s: %s", examples[from], examples[to], answer);
            char *got = shown(w, "r");
            cr_expect_str_eq(got, want[to], "%s -> %s:\n%s", examples[from], examples[to], got);
            free(got);
            free(answer);
            world_free(w);
        }
    for (unsigned i = 0; i < EXAMPLES; i++) {
        free(want[i]);
        free(text[i]);
    }
}

Test(replace, everything_goes_and_comes)
{
    char *every = file_text("tests/cli/every.cfg");
    struct world *w = one(every);
    char *full = shown(w, "r"), *saved = exec_ok(w, "r", "show running-config");
    flash(w, "r", "full", strstr(saved, "!\n"));
    flash(w, "r", "empty", "hostname every\n");
    free(exec_ok(w, "r", "configure replace flash:empty force"));
    char *bare = shown(w, "r");
    cr_expect(!strstr(bare, "crypto") && !strstr(bare, "access-list") && !strstr(bare, "interface"), "%s", bare);
    free(exec_ok(w, "r", "configure replace flash:full force"));
    char *again = shown(w, "r");
    cr_expect_str_eq(again, full, "%s", again);
    char *nothing = exec_ok(w, "r", "configure replace flash:full list force");
    cr_expect(!strstr(nothing, "!Pass"), "%s", nothing);
    free(nothing);
    free(again);
    free(bare);
    free(saved);
    free(full);
    free(every);
    world_free(w);
}

Test(replace, swapped_addresses_and_a_changed_list)
{
    struct world *w =
        one("interface Ethernet0/0\n ip address 10.0.0.1 255.255.255.0\ninterface Ethernet0/1\n ip address "
            "10.0.1.1 255.255.255.0\nip access-list extended x\n permit ip host 1.1.1.1 any\n permit ip host "
            "2.2.2.2 any\naccess-list 1 permit 1.1.1.1\n");
    flash(w, "r", "t",
          "interface Ethernet0/0\n ip address 10.0.1.1 255.255.255.0\ninterface Ethernet0/1\n ip address 10.0.0.1 "
          "255.255.255.0\nip access-list extended x\n permit ip host 1.1.1.1 any\n deny ip host 3.3.3.3 any\n permit "
          "ip host "
          "2.2.2.2 any\nend\n");
    char *answer = exec_ok(w, "r", "configure replace flash:t list force");
    cr_expect(strstr(answer, "no ip access-list standard 1\n") && !strstr(answer, "host 1.1.1.1 any"), "%s", answer);
    free(answer);
    char *got = shown(w, "r");
    cr_expect(strstr(got, "interface Ethernet0/0\n ip address 10.0.1.1"), "%s", got);
    cr_expect(strstr(got, " permit ip host 1.1.1.1 any\n deny   ip host 3.3.3.3 any\n permit ip host 2.2.2.2 any\n!"),
              "%s", got);
    free(got);
    world_free(w);
}

Test(replace, a_target_with_unknown_lines_is_told)
{
    struct world *w = one("hostname a\n");
    flash(w, "r", "t", "hostname b\nrouter bgp 65000\n neighbor 1.1.1.1 remote-as 1\n");
    int status;
    char *answer = world_exec(w, "r", "configure replace flash:t force", &status);
    cr_expect_eq(status, 1);
    cr_expect(strstr(answer, "router bgp 65000"), "%s", answer);
    free(answer);
    answer = world_exec(w, "r", "configure replace flash:nosuch force", &status);
    cr_expect_eq(status, 1);
    cr_expect_str_eq(answer, "%Error opening flash:/nosuch (No such file or directory)\n");
    free(answer);
    world_free(w);
}

Test(replace, what_stays_is_not_disturbed, .timeout = 120)
{
    struct paper p;
    paper_open(&p);
    cr_assert_eq(paper_ping(&p, 5), 5);
    char *before = paper_exec(&p, p.active, "show crypto ipsec sa | include spi: 0x");
    char *config = paper_exec(&p, p.active, "show running-config");
    struct strbuf target = {0};
    char *body = strstr(config, "!\n"), *shut = strstr(body, "\nline con 0");
    cr_assert(shut);
    strbuf_add(&target, "%.*s\ninterface Loopback7\n ip address 192.0.2.7 255.255.255.255\nlogging buffered 100000\n%s",
               (int)(shut - body), body, shut);
    flash(p.w, p.active, "t", target.s);
    strbuf_free(&target);
    struct paper_lines lines = {0};
    paper_listen(&p, p.active, &lines);
    unsigned ike = p.ike;
    char *answer = paper_exec(&p, p.active, "configure replace flash:t list force");
    cr_expect(strstr(answer, "interface Loopback7"), "%s", answer);
    cr_expect(!strstr(answer, "crypto") && !strstr(answer, "standby"), "%s", answer);
    cr_assert_eq(paper_ping(&p, 30), 30, "traffic went on");
    cr_expect(!paper_line(&lines, "%HSRP-5-STATECHANGE"), "%s", lines.text);
    cr_expect_eq(p.ike, ike, "no IKE packet");
    char *after = paper_exec(&p, p.active, "show crypto ipsec sa | include spi: 0x");
    cr_expect_str_eq(after, before);
    paper_has(&p, p.active, "show standby brief", "Active");
    free(answer);
    free(after);
    free(before);
    free(config);
    free(lines.text);
    paper_close(&p);
}

Test(revert, comes_back_unless_confirmed)
{
    struct world *w = one("hostname a\nip route 10.9.0.0 255.255.0.0 Null0\n");
    int status;
    char *s = world_exec(w, "r", "show archive config rollback timer", &status);
    cr_expect_str_eq(s, "%No Rollback Confirmed Change pending\n");
    free(s);
    flash(w, "r", "t", "hostname b\n");
    free(exec_ok(w, "r", "configure replace flash:t force time 2"));
    s = shown(w, "r");
    cr_expect(strstr(s, "hostname b\n") && !strstr(s, "ip route"), "%s", s);
    free(s);
    s = world_exec(w, "r", "show archive config rollback timer", &status);
    cr_expect(strstr(s, "Time left: 2 minutes"), "%s", s);
    free(s);
    world_run(w, 119);
    s = shown(w, "r");
    cr_expect(strstr(s, "hostname b\n"));
    free(s);
    world_run(w, 2);
    s = shown(w, "r");
    cr_expect(strstr(s, "hostname a\n") && strstr(s, "ip route 10.9.0.0 255.255.0.0 Null0"), "%s", s);
    free(s);
    free(exec_ok(w, "r", "configure replace flash:t force time 2"));
    free(exec_ok(w, "r", "configure confirm"));
    world_run(w, 300);
    s = shown(w, "r");
    cr_expect(strstr(s, "hostname b\n"), "%s", s);
    free(s);
    free(world_exec(w, "r", "configure confirm", &status));
    cr_expect_eq(status, 1);
    world_free(w);
}

Test(archive, keeps_so_many_and_names_the_difference)
{
    struct world *w = one("hostname a\n");
    int status;
    char *s = world_exec(w, "r", "show archive", &status);
    cr_expect_str_eq(s, " Archive feature not enabled\n");
    free(s);
    free(world_exec(w, "r", "archive config", &status));
    cr_expect_eq(status, 1);
    world_config(w, "r", "archive\n path flash:$h-cfg\n maximum 2\n write-memory\n");
    free(exec_ok(w, "r", "archive config"));
    world_config(w, "r", "interface Loopback0\n ip address 10.0.0.1 255.255.255.255\n");
    free(exec_ok(w, "r", "write memory"));
    free(exec_ok(w, "r", "archive config"));
    s = exec_ok(w, "r", "show archive");
    cr_expect(strstr(s, "   1        flash:a-cfg-2\n   2        flash:a-cfg-3 <- Most Recent\n   3       \n"), "%s", s);
    free(s);
    world_config(w, "r", "interface Loopback0\n description x\nhostname b\n");
    s = exec_ok(w, "r", "show archive config differences");
    cr_expect_str_eq(s,
                     "!Contextual Config Diffs:\n+hostname b\ninterface Loopback0\n +description x\n-hostname a\n\n");
    free(s);
    s = exec_ok(w, "r", "show archive config differences flash:a-cfg-2 flash:a-cfg-3");
    cr_expect(strstr(s, "!No changes were found"), "%s", s);
    free(s);
    free(exec_ok(w, "r", "configure replace flash:a-cfg-2 force"));
    s = exec_ok(w, "r", "show archive config differences flash:a-cfg-2");
    cr_expect(strstr(s, "!No changes were found"), "%s", s);
    free(s);
    world_free(w);
}

/* What an access list of the command line says of one packet. */
static enum acl_verdict judge(struct world *w, const char *list, uint8_t proto, uint8_t flags, uint8_t tos)
{
    struct acl_flow flow = {
        .src = addr_v4(0x0a000001), .dst = addr_v4(0x0a000002), .proto = proto, .tcp_flags = flags, .tos = tos};
    return acl_match(world_router_get(w, "r"), list, &flow, false, NULL);
}

Test(lists, flags_and_service_types)
{
    struct world *w =
        one("ip access-list extended any\n permit tcp any any fin syn\nip access-list extended all\n permit tcp "
            "any any match-all +syn -ack\nip access-list extended ef\n permit ip any any dscp ef\nip access-list "
            "extended prec\n permit ip any any precedence critical\nip access-list extended tos\n deny ip any "
            "any tos min-delay\n permit ip any any\n");
    enum { FIN = 1, SYN = 2, ACK = 16 };
    cr_expect_eq(judge(w, "any", 6, SYN, 0), ACL_PERMIT);
    cr_expect_eq(judge(w, "any", 6, FIN | ACK, 0), ACL_PERMIT);
    cr_expect_eq(judge(w, "any", 6, ACK, 0), ACL_NO_MATCH);
    cr_expect_eq(judge(w, "all", 6, SYN, 0), ACL_PERMIT);
    cr_expect_eq(judge(w, "all", 6, SYN | ACK, 0), ACL_NO_MATCH);
    cr_expect_eq(judge(w, "all", 6, 0, 0), ACL_NO_MATCH);
    cr_expect_eq(judge(w, "ef", 17, 0, 46 << 2), ACL_PERMIT);
    cr_expect_eq(judge(w, "ef", 17, 0, 46 << 2 | 3), ACL_PERMIT, "the ECN bits are not looked at");
    cr_expect_eq(judge(w, "ef", 17, 0, 0), ACL_NO_MATCH);
    cr_expect_eq(judge(w, "prec", 1, 0, 0xa0), ACL_PERMIT);
    cr_expect_eq(judge(w, "prec", 1, 0, 0x80), ACL_NO_MATCH);
    cr_expect_eq(judge(w, "tos", 1, 0, 0x10), ACL_DENY);
    cr_expect_eq(judge(w, "tos", 1, 0, 0), ACL_PERMIT);
    cr_expect_eq(
        world_config(w, "r",
                     "ip access-list extended x\n permit ip any any dscp nosuch\n permit tcp any any match-all "
                     "syn\n"),
        2);
    world_free(w);
}

Test(names, short_forms_mean_the_everyday_types)
{
    static const char *const pairs[][2] = {{"e0/0", "Ethernet0/0"}, {"g0/1", "GigabitEthernet0/1"},
                                           {"v5", "Vlan5"},         {"b1", "BVI1"},
                                           {"n0", "Null0"},         {"d1", "Dialer1"},
                                           {"gr1", "Group-Async1"}, {"s0/0", "Serial0/0"},
                                           {"l0", "Loopback0"},     {"e0/0.20", "Ethernet0/0.20"}};
    char name[40];
    for (unsigned i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        cr_expect_gt(ifname_parse(pairs[i][0], name), 0, "%s", pairs[i][0]);
        cr_expect_str_eq(name, pairs[i][1]);
    }
    cr_expect_eq(ifname_parse("t1/1", name), 0, "TenGigabitEthernet or Tunnel");
}
