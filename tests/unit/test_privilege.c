/* Commands at levels of their own (`privilege exec level 7 …`): what may be typed, what `?` and TAB offer,
 * configuration mode, how the lines are kept; and `lock`. */
#include "tests/unit/lib_parser.h"
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct bench *at_level(const char *lines, const char *enable)
{
    struct bench *b = bench_new(true);
    config_load(b->r, lines, false, NULL, NULL);
    bench_type(b, enable);
    return b;
}

static bool taken(struct bench *b, const char *line)
{
    return !strstr(bench_type(b, line), "% Invalid input");
}

static bool offered(struct bench *b, const char *line, const char *word)
{
    char *help = session_help(b->s, line);
    bool is = help && strstr(help, word);
    free(help);
    return is;
}

Test(privilege, a_command_and_what_leads_to_it)
{
    struct bench *b = at_level("privilege exec level 7 conf t\nprivilege exec level 7 clear line\n", "enable 7");
    cr_expect(strstr(bench_type(b, "show privilege"), "level is 7"));
    cr_expect(offered(b, "", "  configure ") && offered(b, "", "  clear ") && !offered(b, "", "  reload "));
    cr_expect(offered(b, "clear ", "line") && !offered(b, "clear ", "counters"));
    cr_expect(taken(b, "clear line 99") && !taken(b, "clear counters"));
    cr_expect(!taken(b, "configure memory") && !taken(b, "write memory") && !taken(b, "show running-config"));
    char *line = session_complete(b->s, "confi");
    cr_expect_str_eq(line, "configure ");
    free(line);
    line = session_complete(b->s, "relo");
    cr_expect_null(line);
    cr_expect(taken(b, "configure terminal"));
    cr_expect(session_in_config(b->s));
    cr_expect(!taken(b, "hostname X") && !taken(b, "no hostname") && !taken(b, "interface Loopback0") &&
              !taken(b, "do reload") && !taken(b, "username x privilege 15"));
    cr_expect(taken(b, "exit"));
    cr_expect_not(session_in_config(b->s));
    bench_type(b, "disable");
    cr_expect(!taken(b, "configure terminal"));
    bench_free(b);
}

Test(privilege, configuration_modes)
{
    struct bench *b = at_level("privilege exec level 5 configure terminal\nprivilege configure level 5 interface\n"
                               "privilege interface all level 5 ip\nprivilege interface level 5 shutdown\n",
                               "enable 5");
    bench_type(b, "configure terminal");
    cr_expect(taken(b, "interface Loopback0"));
    cr_expect(taken(b, "ip address 10.0.0.1 255.255.255.255") && taken(b, "ip mtu 1400") && taken(b, "no ip mtu"));
    cr_expect(taken(b, "shutdown") && taken(b, "no shutdown"));
    cr_expect(!taken(b, "description x") && !taken(b, "standby 1 ip 10.0.0.9") &&
              !taken(b, "ip route 0.0.0.0 0.0.0.0 Null0"));
    cr_expect(offered(b, "ip ", "address") && !offered(b, "", "description"));
    cr_expect(taken(b, "end"));
    bench_free(b);
}

Test(privilege, raised)
{
    struct bench *b = at_level("privilege exec level 10 show ip route\n", "enable 5");
    cr_expect(!taken(b, "show ip route") && !taken(b, "show clock"), "what leads to it is raised too");
    bench_type(b, "enable");
    bench_type(b, "configure terminal");
    bench_type(b, "privilege exec level 1 show");
    bench_type(b, "end");
    bench_type(b, "disable");
    cr_expect(taken(b, "show clock") && !taken(b, "show ip route") && !taken(b, "show ip interface brief"));
    bench_free(b);
}

Test(privilege, all_and_zero)
{
    struct bench *b = at_level("privilege exec all level 3 clear\nprivilege exec level 0 show privilege\n", "enable 3");
    cr_expect(taken(b, "clear arp-cache") && offered(b, "clear ", "counters"));
    bench_type(b, "disable 0");
    cr_expect(strstr(bench_type(b, "show privilege"), "level is 0"));
    cr_expect(!taken(b, "show clock") && !taken(b, "ping 10.0.0.1"));
    cr_expect(offered(b, "", "enable") && offered(b, "", "exit") && !offered(b, "", "ping"));
    bench_free(b);
}

Test(privilege, the_lines)
{
    struct bench *b = at_level("", "enable");
    bench_type(b, "configure terminal");
    bench_type(b, "privilege exec level 7 sh run");
    bench_type(b, "privilege exec level 6 show running-config");
    bench_type(b, "privilege exec all level 5 deb");
    cr_expect_str_eq(bench_type(b, "do show running-config | include ^privilege"),
                     "privilege exec all level 5 debug\nprivilege exec level 6 show running-config\n");
    cr_expect(strstr(bench_type(b, "privilege exec level 5 frobnicate"), "% Stored: there is no command"));
    cr_expect(strstr(bench_type(b, "privilege kitchen level 5 show"), "% Stored: there is no command"));
    bench_type(b, "no privilege exec level 5 frobnicate");
    bench_type(b, "privilege kitchen reset show");
    cr_expect(strstr(bench_type(b, "privilege exec level 16 show"), "% Invalid input"));
    bench_type(b, "no privilege exec level 6 sh run");
    bench_type(b, "privilege exec level 4 debug standby");
    bench_type(b, "privilege exec reset debug");
    cr_expect_str_eq(bench_type(b, "do show running-config | include ^privilege"), "");
    bench_type(b, "end");
    bench_type(b, "disable");
    cr_expect(!taken(b, "show running-config") && !taken(b, "debug standby events"));
    bench_free(b);
}

/* No secret is remembered, however its command is abbreviated; nothing else is lost. */
Test(privilege, history_without_secrets)
{
    static const char *const lines[][2] = {
        {"username bob privilege 15 secret s3cr3t x", "username bob privilege 15 secret *"},
        {"enab sec 0 s3cr3t", "enab sec 0 *"},
        {"username ann pass 7 0822455D0A16", "username ann pass 7 *"},
        {"crypto isakmp key s3cr3t address 10.0.0.1", "crypto isakmp key *"},
        {"no service password-encryption", "no service password-encryption"},
        {"aaa authentication login default local", "aaa authentication login default local"},
        {"line vty 0 4", "line vty 0 4"},
        {"password s3cr3t", "password *"}};
    struct bench *b = at_level("", "enable");
    bench_type(b, "terminal history size 50");
    bench_type(b, "configure terminal");
    for (unsigned i = 0; i < sizeof lines / sizeof *lines; i++) {
        bench_type(b, lines[i][0]);
        char want[100];
        snprintf(want, sizeof want, "  %s\n  do show history\n", lines[i][1]);
        const char *got = bench_type(b, "do show history");
        cr_expect(strstr(got, want) && !strstr(got, "s3cr3t"), "%s", got);
    }
    bench_free(b);
}
