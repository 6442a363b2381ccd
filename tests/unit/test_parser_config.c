/* The configuration tree: replacement, no, order, rendering, saving; paste and its repair (ios-cli 8, 9, 13). */
#include "tests/unit/lib_parser.h"
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Without the lines that carry dates. */
static char *body(struct bench *b)
{
    char *text = config_text(b->r), *from = strstr(text, "!\nversion");
    cr_assert_not_null(from);
    char *copy = strdup(from);
    free(text);
    return copy;
}

static const char everyday[] = "! comment\n"
                               "version 12.4\n"
                               "hostname gw1\n"
                               "enable secret 5 $1$abcd$0123456789abcdefghijk.\n"
                               "no ip domain lookup\n"
                               "ip domain name lab.example\n"
                               "ip name-server 10.0.0.2\n"
                               "ip name-server 10.0.0.1\n"
                               "username admin privilege 15 secret 5 $1$abcd$0123456789abcdefghijk.\n"
                               "ip http server\n"
                               "line vty 0 15\n"
                               " login local\n"
                               " transport input ssh telnet\n"
                               "line con 0\n"
                               " logging synchronous\n"
                               " exec-timeout 0 0\n"
                               " no login\n"
                               "control-plane\n"
                               "end\n";

Test(config, running_config_is_a_fixed_point)
{
    struct bench *a = bench_new(false), *b = bench_new(false);
    bench_type(a, "conf t");
    cr_expect_eq(bench_paste(a, everyday), 0);
    char *one = body(a);
    bench_type(b, "conf t");
    cr_expect_eq(bench_paste(b, one), 0);
    char *two = body(b);
    cr_expect_str_eq(one, two);
    cr_expect(strstr(one, "ip name-server 10.0.0.1\nip name-server 10.0.0.2\n"), "sorted by key, not as typed");
    cr_expect(
        strstr(one, "line con 0\n exec-timeout 0 0\n logging synchronous\n no login\nline aux 0\nline vty 0 15\n"),
        "%s", one);
    cr_expect_null(strstr(one, "line vty 0 4"));
    cr_expect(strstr(one, "\nip http server\n"), "a default that is not stored is not shown");
    free(one);
    free(two);
    bench_free(a);
    bench_free(b);
}

Test(config, no_and_default)
{
    struct bench *b = bench_new(false);
    bench_type(b, "conf t");
    char *empty = body(b);
    cr_expect_eq(bench_paste(b, everyday), 0);
    bench_type(b, "conf t");
    cr_expect_eq(
        bench_paste(b, "no hostname\nno enable secret\nip domain lookup\nno ip domain name\ndefault ip http server\n"
                       "no ip name-server 10.0.0.1\nno ip name-server 10.0.0.2\nno username admin\n"
                       "no line vty 0\ndefault line con 0\nno control-plane\ndefault version\n"),
        0);
    cr_expect_str_eq(bench_type(b, "no ip host"), "% Incomplete command.\n\n");
    char *now = body(b);
    cr_expect_str_eq(now, empty);
    free(now);
    free(empty);
    bench_free(b);
}

Test(config, banners)
{
    struct bench *b = bench_new(false), *c = bench_new(false);
    bench_type(b, "conf t");
    bench_type(b, "banner motd #one line#");
    cr_expect_str_eq(bench_type(b, "banner exec @"), "Enter TEXT message.  End with the character '@'.\n");
    cr_expect_str_eq(session_prompt(b->s), "");
    bench_type(b, "hostname not-a-command");
    bench_type(b, "! nor a comment");
    bench_type(b, "");
    bench_type(b, "last@");
    cr_expect_str_eq(session_prompt(b->s), "Router(config)#");
    char *one = body(b);
    cr_expect(
        strstr(one, "banner exec ^C\nhostname not-a-command\n! nor a comment\n\nlast^C\nbanner motd ^Cone line^C\n"),
        "%s", one);
    cr_expect_eq(config_load(c->r, one, false, NULL, NULL), 0);
    char *two = body(c);
    cr_expect_str_eq(one, two);
    bench_paste(b, "no banner exec\nno banner motd\n");
    char *none = body(b);
    cr_expect_null(strstr(none, "banner"));
    free(one);
    free(two);
    free(none);
    bench_free(b);
    bench_free(c);
}

Test(config, saving)
{
    struct bench *b = bench_new(false);
    cr_expect(strstr(bench_type(b, "show startup-config"), "startup-config is not present\n"));
    bench_paste(b, "conf t\nhostname one\nend\n");
    cr_expect_not(config_is_saved(b->r));
    cr_expect_str_eq(bench_type(b, "write memory"), "Building configuration...\n[OK]\n");
    cr_expect(config_is_saved(b->r));
    bench_paste(b, "conf t\nhostname two\nend\n");
    cr_expect_not(config_is_saved(b->r));
    bench_paste(b, "conf t\nhostname one\nend\n");
    cr_expect(config_is_saved(b->r), "the same text again is saved text");
    cr_expect_str_eq(bench_type(b, "copy run start"),
                     "Destination filename [startup-config]? \nBuilding configuration...\n[OK]\n");
    bench_paste(b, "conf t\nhostname two\nend\n");
    cr_expect(strstr(bench_type(b, "copy start run"), " bytes copied in "));
    cr_expect_str_eq(session_prompt(b->s), "one#");
    cr_expect(strstr(bench_type(b, "show start"), " out of 155640 bytes\n!\n! Last configuration change at "));
    cr_expect(strstr(bench_type(b, "write erase"), "[OK]\nErase of nvram: complete\n"));
    cr_expect(strstr(bench_type(b, "show start"), "startup-config is not present\n"));
    bench_free(b);
}

Test(config, a_full_disk_keeps_the_old_startup_config)
{
    struct bench *b = bench_new(false);
    bench_paste(b, "conf t\nhostname one\nend\nwrite\n");
    for (int steps = 0; steps < 4; steps++) {
        bench_paste(b, "conf t\nhostname two\nend\n");
        storage_memory_cut(&b->alone.storage, steps);
        const char *answer = bench_type(b, "write memory");
        bool failed = b->status != 0;
        if (failed)
            cr_expect(strstr(answer, "% Error writing startup-config: "), "%s", answer);
        storage_memory_cut(&b->alone.storage, -1);
        const char *saved = bench_type(b, "show startup-config | i ^hostname");
        cr_expect(!strcmp(saved, "hostname one\n") || !strcmp(saved, "hostname two\n"), "%s", saved);
        bench_paste(b, "conf t\nhostname one\nend\nwrite\n");
    }
    bench_free(b);
}

Test(config, byte_count_is_the_text)
{
    struct bench *b = bench_new(false);
    char *text = config_text(b->r), want[64];
    snprintf(want, sizeof want, "Current configuration : %zu bytes\n", strlen(text));
    cr_expect(strstr(bench_type(b, "show running-config"), want));
    free(text);
    bench_free(b);
}

/* ---- paste repair ---- */
struct heals {
    unsigned tails, commands, dots;
};
static void on_heal(void *ctx, unsigned lineno, const char *what, const char *line)
{
    struct heals *h = ctx;
    (void)lineno, (void)line;
    h->tails += !strcmp(what, "comment tail");
    h->commands += !strcmp(what, "split command");
    h->dots += !strcmp(what, "ellipsis");
}

Test(repair, own_listing)
{
    static const char listing[] = "! This line was wrapped by a\n"
                                  "printer somewhere\n"
                                  "!\n"
                                  "ip domain name x\n"
                                  "! A comment\n"
                                  "hostname kept\n"
                                  "line vty 0 4\n"
                                  "exec-timeout\n"
                                  "30\n"
                                  "...\n";
    struct bench *b = bench_new(false);
    struct heals h = {0};
    unsigned n = 0;
    char *text = config_repair(b->r, listing, &n, on_heal, &h);
    cr_expect_str_eq(text, "! This line was wrapped by a printer somewhere\n\n!\nip domain name x\n! A comment\n"
                           "hostname kept\nline vty 0 4\nexec-timeout 30\n\n\n");
    cr_expect_eq(n, 3);
    cr_expect(h.tails == 1 && h.commands == 1 && h.dots == 1);
    free(text);
    bench_free(b);
}

static void paper(const char *file, unsigned raw_rejected, struct heals *h)
{
    char path[256];
    snprintf(path, sizeof path, "../shared/whitepaper/%s", file);
    char *text = bench_file(path);
    if (!text)
        cr_skip_test("skipped: %s is not there", path);
    struct bench *raw = bench_new(false), *healed = bench_new(false), *again = bench_new(false);
    bench_type(raw, "conf t");
    cr_expect_eq(bench_paste(raw, text), raw_rejected, "%s", file);
    unsigned n = 0;
    char *better = config_repair(healed->r, text, &n, on_heal, h);
    bench_type(healed, "conf t");
    cr_expect_eq(bench_paste(healed, better), 0, "%s healed", file);
    char *one = body(healed);
    bench_type(again, "conf t");
    cr_expect_eq(bench_paste(again, one), 0);
    char *two = body(again);
    cr_expect_str_eq(one, two);
    free(one);
    free(two);
    free(better);
    free(text);
    bench_free(raw);
    bench_free(healed);
    bench_free(again);
}

Test(repair, the_white_paper)
{
    struct heals h = {0};
    paper("gateway1.txt", 16, &h);
    paper("gateway2.txt", 11, &h);
    paper("spoke.txt", 1, &h);
    cr_expect_eq(h.tails, 23);
    cr_expect_eq(h.commands, 2);
    cr_expect_eq(h.dots, 1);
}

/* A text that holds ^C itself is shown between other delimiters, so that it can be read again. */
Test(config, banner_delimiters)
{
    struct bench *b = bench_new(true);
    bench_paste(b, "configure terminal\nbanner motd #one ^C two#\nbanner exec ^Cthree#\n~^C\nhostname Q\nend\n");
    const char *run = bench_type(b, "show running-config | begin ^banner");
    static const char want[] = "banner exec ^Cthree#\n~^C\nbanner motd ~one ^C two~\n";
    cr_assert(!strncmp(run, want, sizeof want - 1), "%s", run);
    cr_assert_str_eq(bench_type(b, "show running-config | include hostname"), "hostname Q\n");
    bench_free(b);
}

/* However a line is typed, it is stored in IOS's one form of it; a `no` that names less takes what it names. */
Test(config, stored_in_one_form)
{
    static const struct {
        const char *typed, *filter, *shown;
    } cases[] = {
        {"username u privilege 15\nusername u secret 5 $1$abcd$0123456789abcdefghijk.\n", "username",
         "username u privilege 15 secret 5 $1$abcd$0123456789abcdefghijk.\n"},
        {"ip domain-name a.example\nip domain name b.example\nno ip domain-lookup\nip domain-list c.example\n"
         "ip domain list d.example\nno ip domain-list c.example\n",
         "domain", "no ip domain lookup\nip domain name b.example\nip domain list d.example\n"},
        {"no ip domain list\ndefault ip domain-lookup\nno ip domain-name\n", "domain", ""},
        {"ip name-server 10.0.0.3 10.0.0.2 10.0.0.1\nno ip name-server 10.0.0.2\n", "name-server",
         "ip name-server 10.0.0.1\nip name-server 10.0.0.3\n"},
        {"no ip name-server\n", "name-server", ""},
        {"ntp server 10.0.0.1 version 2 prefer maxp 6 minpoll 4 key 2\nntp server time.example\nntp source Loopback0\n"
         "ntp authenticate\nno ntp source\n",
         "ntp",
         "ntp authenticate\nntp server 10.0.0.1 key 2 minpoll 4 maxpoll 6 prefer version 2\nntp server time.example\n"},
        {"lldp timer 20\nlldp holdtime 90\nno lldp timer\n", "lldp", "lldp holdtime 90\n"},
        {"snmp-server community b rw 10\nsnmp-server community a\nsnmp-server community c view v RO\nno snmp-server "
         "community b\nsnmp-server enable traps\nsnmp-server enable traps snmp linkup warmstart linkdown coldstart\n",
         "snmp",
         "snmp-server community a RO\nsnmp-server community c view v RO\nsnmp-server enable traps\n"
         "snmp-server enable traps snmp linkdown linkup coldstart warmstart\n"},
        {"ip prefix-list b permit 10.0.0.0/8 le 24\nip prefix-list b description bee\nip prefix-list a permit "
         "11.0.0.0/8\nip prefix-list b permit 12.0.0.0/8\nno ip prefix-list b permit 10.0.0.0/8 le 24\n",
         "prefix",
         "ip prefix-list a seq 5 permit 11.0.0.0/8\nip prefix-list b description bee\n"
         "ip prefix-list b seq 10 permit 12.0.0.0/8\n"},
        {"no ip prefix-list b\n", "prefix", "ip prefix-list a seq 5 permit 11.0.0.0/8\n"},
        {"route-map m permit 10\nroute-map m deny 20\nroute-map n permit 10\nno route-map m\n", "route-map",
         "route-map n permit 10\n"},
        {"ip host two 10.0.0.1 10.0.0.2\n", "ip host", "ip host two 10.0.0.1 10.0.0.2\n"},
    };
    struct bench *b = bench_new(true);
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        char show[80];
        bench_type(b, "configure terminal");
        cr_expect_eq(bench_paste(b, cases[i].typed), 0, "%s", cases[i].typed);
        bench_type(b, "end");
        snprintf(show, sizeof show, "show running-config | include %s", cases[i].filter);
        cr_expect_str_eq(bench_type(b, show), cases[i].shown, "%s", cases[i].typed);
    }
    cr_expect(strstr(bench_type(b, "show hosts"), "two                       None  (perm, OK)  0   IP    10.0.0.1\n"));
    cr_expect(strstr(bench_type(b, "configure terminal"), "Enter"));
    cr_expect_str_eq(bench_type(b, "ntp server 10.0.0.1 version"),
                     "% Invalid NTP option: version, key, prefer, source, minpoll, maxpoll, burst, iburst\n");
    bench_free(b);
}

/* VRFs are lines of the configuration, and that is what their shows have. */
Test(vrf, what_is_stored_is_shown)
{
    struct bench *b = bench_new(true);
    cr_assert_eq(bench_paste(b, "configure terminal\nvrf definition RED\nrd 1:1\naddress-family ipv4\nexit\n"
                                "address-family ipv6\nend\nconfigure terminal\nip vrf BLUE\n"
                                "interface Loopback1\nvrf forwarding RED\nip address 10.1.1.1 255.255.255.0\n"
                                "interface Loopback2\nip vrf forwarding RED\nend\n"),
                 0);
    cr_expect_str_eq(bench_type(b, "show vrf"),
                     "  Name                             Default RD            Protocols   Interfaces\n"
                     "  RED                              1:1                   ipv4,ipv6   Lo1\n"
                     "                                                                     Lo2\n"
                     "  BLUE                             <not set>             ipv4        \n");
    cr_expect_str_eq(bench_type(b, "show ip vrf interfaces"),
                     "Interface              IP-Address      VRF                              Protocol\n"
                     "Lo1                    10.1.1.1        RED                              down\n"
                     "Lo2                    unassigned      RED                              down\n");
    cr_expect(
        strstr(bench_type(b, "show vrf | json"),
               "{\"name\":\"RED\",\"default_rd\":\"1:1\",\"protocols\":\"ipv4,ipv6\",\"interfaces\":[\"Loopback1\","
               "\"Loopback2\"]}"));
    bench_free(b);
}

/* A stored line says what it does not do when it is typed: of a default that is the `no`. */
Test(tells, where_the_router_does_otherwise)
{
    struct bench *b = bench_new(true);
    bench_type(b, "configure terminal");
    cr_expect_str_eq(bench_type(b, "no ip routing"), "Routing stays on: this router has no host mode\n");
    cr_expect_str_eq(bench_type(b, "ip routing"), "");
    cr_expect_str_eq(bench_type(b, "aaa accounting exec default none"), "The line is stored; no record is sent\n");
    cr_expect_str_eq(bench_type(b, "no aaa accounting exec default none"), "");
    bench_free(b);
}
