/* Sessions: errors and their columns, modes, help, TAB, pipes, history, questions (ios-cli 3 to 8). */
#include "tests/unit/lib_parser.h"
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void expect_caret(struct bench *b, const char *line, size_t column)
{
    size_t at = strlen(session_prompt(b->s)) + column;
    char want[512];
    snprintf(want, sizeof want, "%*s^\n%% Invalid input detected at '^' marker.\n\n", (int)at, "");
    cr_expect_str_eq(bench_type(b, line), want, "%s", line);
    cr_expect_eq(b->status, 1);
}

Test(session, carets_as_in_the_transcripts)
{
    struct bench *b = bench_new(false);
    expect_caret(b, "sh runninq-config", 9); /* the first letter that fits nothing, not the word */
    expect_caret(b, "cobfig t", 7);          /* unknown first word: the second token */
    expect_caret(b, "show running-config interface 10.1.1.0/24", 30);
    expect_caret(b, "show privilege extra", 15); /* an extra token after a complete line */
    expect_caret(b, "show run |i ip", 10);       /* the blank behind | is missing */
    expect_caret(b, "show run | foo", 11);
    expect_caret(b, "terminal length 513", 16); /* out of range: under the number */
    bench_type(b, "configure terminal");
    expect_caret(b, "  hostnamf x", 9);               /* leading blanks count */
    expect_caret(b, "ip name-server 10.1.1.1/8", 23); /* the address itself was fine */
    expect_caret(b, "ip name-server 0255.255.1", 15); /* a malformed address fails as a whole */
    bench_type(b, "line vty 0 4");
    expect_caret(b, "transport input telnet ssh now", 28); /* `nasi` takes the n */
    expect_caret(b, "no transport inputs", 18);
    expect_caret(b, "do show privilegf", 16);
    bench_free(b);
}

Test(session, incomplete_ambiguous_unknown)
{
    struct bench *b = bench_new(false);
    cr_expect_str_eq(bench_type(b, "show"), "% Incomplete command.\n\n");
    cr_expect_str_eq(bench_type(b, "show r"), "% Ambiguous command:  \"show r\"\n");
    cr_expect_str_eq(bench_type(b, "foo"),
                     "Translating \"foo\"\n\n% Unknown command or computer name, or unable to find "
                     "computer address\n\n");
    cr_expect_eq(b->status, 1);
    cr_expect_str_eq(bench_type(b, ""), "");
    cr_expect_eq(b->status, 0);
    bench_type(b, "conf t");
    cr_expect_str_eq(bench_type(b, "no"), "% Incomplete command.\n\n");
    cr_expect_str_eq(bench_type(b, "hostname"), "% Incomplete command.\n\n");
    bench_free(b);
}

Test(session, walk_up_keeps_the_mode_on_an_error)
{
    struct bench *b = bench_new(false);
    bench_type(b, "conf t");
    bench_type(b, "line vty 0 4");
    cr_expect_str_eq(session_prompt(b->s), "Router(config-line)#");
    cr_expect_str_eq(bench_type(b, "hostname"), "% Incomplete command.\n\n");
    cr_expect_str_eq(session_prompt(b->s), "Router(config-line)#");
    bench_type(b, "hostname gw1");
    cr_expect_eq(b->status, 0);
    cr_expect_str_eq(session_prompt(b->s), "gw1(config)#");
    bench_type(b, "line con 0");
    bench_type(b, "exit");
    cr_expect_str_eq(session_prompt(b->s), "gw1(config)#");
    bench_type(b, "control-plane");
    bench_type(b, "end");
    cr_expect_str_eq(session_prompt(b->s), "gw1#");
    cr_expect(strstr(b->log.s, "%SYS-5-CONFIG_I: Configured from console by console"));
    bench_free(b);
}

Test(session, prompts_follow_privilege_and_length)
{
    struct bench *b = bench_new(false);
    bench_type(b, "disable");
    cr_expect_str_eq(session_prompt(b->s), "Router>");
    cr_expect(strstr(bench_type(b, "show running-config"), "% Invalid input"),
              "above its privilege a command does not exist");
    bench_type(b, "enable");
    cr_expect_str_eq(session_prompt(b->s), "Router#");
    bench_type(b, "conf t");
    bench_type(b, "hostname a-name-that-is-longer-than-twenty");
    cr_expect_str_eq(session_prompt(b->s), "a-name-that-is-longe(config)#");
    bench_type(b, "end");
    cr_expect_str_eq(session_prompt(b->s), "a-name-that-is-longer-than-twenty#");
    bench_free(b);
}

static void expect_help(struct bench *b, const char *line, const char *want)
{
    char *t = session_help(b->s, line);
    cr_expect_str_eq(t, want, "%s?\n%s", line, t);
    free(t);
}

Test(session, help_layouts)
{
    struct bench *b = bench_new(false);
    expect_help(b, "terminal ",
                "  default           Set a command to its defaults\n"
                "  editing           Enable command line editing\n"
                "  escape-character  Change the current line's escape character\n"
                "  exec              Configure EXEC\n"
                "  history           Enable and control the command history function\n"
                "  length            Set number of lines on a screen\n"
                "  monitor           Copy debug output to the current terminal line\n"
                "  no                Negate a command or set its defaults\n"
                "  terminal-type     Set the terminal type\n"
                "  width             Set width of the display terminal\n\n");
    expect_help(b, "terminal length ", "  <0-512>  Number of lines on screen (0 for no pausing)\n\n");
    expect_help(b, "show privilege ", "  |     Output modifiers\n  <cr>\n\n");
    expect_help(b, "show privilege | ",
                "  append    Append redirected output to URL (URLs supporting append operation\n"
                "            only)\n"
                "  begin     Begin with the line that matches\n"
                "  count     Count number of lines which match regexp\n"
                "  exclude   Exclude lines that match\n"
                "  include   Include lines that match\n"
                "  redirect  Redirect output to URL\n"
                "  section   Filter a section of output\n"
                "  tee       Copy output to URL\n\n");
    expect_help(b, "terminal mon", "monitor  \n\n");
    expect_help(b, "foo", "% Unrecognized command\n");
    expect_help(b, "show r ", "% Ambiguous command:  \"show r \"\n");
    bench_type(b, "conf t");
    bench_type(b, "control-plane");
    expect_help(b, "",
                "Control Plane configuration commands:\n"
                "  default               Set a command to its defaults\n"
                "  exit                  Exit from control-plane configuration mode\n"
                "  management-interface  Configure interface for receiving management traffic\n"
                "  no                    Negate a command or set its defaults\n\n");
    bench_free(b);
}

static void expect_tab(struct bench *b, const char *line, const char *want)
{
    char *t = session_complete(b->s, line);
    if (want)
        cr_expect(t && !strcmp(t, want), "%s TAB gives %s", line, t ? t : "nothing");
    else
        cr_expect_null(t, "%s TAB gives %s", line, t);
    free(t);
}

Test(session, tab)
{
    struct bench *b = bench_new(false);
    expect_tab(b, "conf", "configure ");
    expect_tab(b, "sh runn", "sh running-config ");
    expect_tab(b, "show r", NULL);
    expect_tab(b, "show ", NULL);
    expect_tab(b, "", NULL);
    expect_tab(b, "show run | inc", "show run | include ");
    expect_tab(b, "terminal length 5", NULL);
    bench_free(b);
}

Test(session, pipes)
{
    struct bench *b = bench_new(false);
    bench_paste(b, "conf t\nline con 0\nexec-timeout 0 0\nend\n");
    cr_expect_str_eq(bench_type(b, "show run | i ^line.(con|aux)"), "line con 0\nline aux 0\n");
    cr_expect_str_eq(bench_type(b, "show run | section ^line con"), "line con 0\n exec-timeout 0 0\n");
    cr_expect_str_eq(bench_type(b, "show run | count ^line"), "Number of lines which match regexp = 3\n");
    cr_expect_str_eq(bench_type(b, "show run | begin ^line vty"), "line vty 0 4\n!\nend\n\n");
    cr_expect_null(strstr(bench_type(b, "show run | exclude line"), "line"));
    cr_expect_str_eq(bench_type(b, "show run | i ("), "% Failed to compile regular expression.\n");
    bench_type(b, "conf t");
    cr_expect_str_eq(bench_type(b, "do show run | i aux"), "line aux 0\n");
    bench_free(b);
}

Test(session, filters_into_files)
{
    struct bench *b = bench_new(false);
    cr_expect_str_eq(bench_type(b, "show privilege | redirect flash:a.txt"), "");
    cr_expect_str_eq(bench_type(b, "more flash:a.txt"), "Current privilege level is 15\n");
    cr_expect_str_eq(bench_type(b, "show privilege | tee disk0:/a.txt"), "Current privilege level is 15\n");
    bench_type(b, "show privilege | append a.txt");
    cr_expect_str_eq(bench_type(b, "more a.txt | count privilege"), "Number of lines which match regexp = 2\n");
    bench_type(b, "show privilege | redirect flash:../a");
    cr_expect_eq(b->status, 1, "no way out of the store");
    bench_type(b, "show privilege | redirect tftp://10.1.1.1/a");
    cr_expect_eq(b->status, 1);
    bench_type(b, "show privilege | redirect startup-config");
    cr_expect_eq(b->status, 1, "a filter never writes a configuration");
    bench_type(b, "hostname-of-nobody | redirect flash:b.txt");
    bench_type(b, "copy running-config flash:saved");
    cr_expect_eq(b->status, 0);
    cr_expect_str_eq(bench_type(b, "more flash:saved | include ^hostname"), "hostname Router\n");
    bench_type(b, "conf t");
    bench_type(b, "hostname other");
    bench_type(b, "end");
    bench_type(b, "copy flash:saved running-config");
    cr_expect_str_eq(session_prompt(b->s), "Router#");
    bench_type(b, "delete flash:a.txt");
    cr_expect_str_eq(bench_type(b, "more flash:a.txt"), "%Error opening flash:/a.txt (No such file or directory)\n");
    cr_expect_eq(b->status, 1);
    bench_type(b, "disable");
    bench_type(b, "show privilege | redirect flash:user.txt");
    cr_expect_eq(b->status, 1, "not without privilege");
    bench_free(b);
}

Test(session, expressions_that_would_hurt)
{
    struct bench *b = bench_new(false);
    char line[4096] = "show privilege | include ";
    cr_expect_str_eq(bench_type(b, "show privilege | include (a{1,30000}){1,30000}"), "");
    memset(line + strlen(line), '(', 3000);
    line[3500] = 0;
    cr_expect_str_eq(bench_type(b, line), "% Failed to compile regular expression.\n");
    cr_expect_str_eq(bench_type(b, "show privilege | include _15_"), "Current privilege level is 15\n");
    bench_free(b);
}

Test(session, aliases)
{
    struct bench *b = bench_new(false);
    bench_paste(b, "conf t\nalias exec sp show privilege\nalias configure hn hostname\nend\n");
    cr_expect_str_eq(bench_type(b, "sp"), "Current privilege level is 15\n");
    cr_expect_str_eq(bench_type(b, "sp | count 15"), "Number of lines which match regexp = 1\n");
    cr_expect(strstr(bench_type(b, "show aliases"),
                     "  w                     where\n  sp                    show privilege\n"));
    bench_type(b, "conf t");
    bench_type(b, "hn gw9");
    cr_expect_str_eq(bench_type(b, "do sp"), "Current privilege level is 15\n");
    cr_expect_str_eq(session_prompt(b->s), "gw9(config)#");
    bench_type(b, "no alias exec sp");
    cr_expect_eq(b->status, 0);
    bench_type(b, "end");
    cr_expect(strstr(bench_type(b, "sp"), "Translating \"sp\""));
    bench_free(b);
}

Test(session, what_is_typed_comes_back_harmless)
{
    struct bench *b = bench_new(false);
    const char *t = bench_type(b, "x\x1b[31m\xc2\x9b[2J\xff\xc3\xbc");
    cr_expect(strstr(t, "Translating \"x[31m\\xc2\\x9b[2J\\xff\xc3\xbc\""), "%s", t);
    bench_free(b);
}

Test(session, history_and_terminal)
{
    struct bench *b = bench_new(true);
    bench_type(b, "terminal length 0");
    cr_expect_eq(session_length(b->s), 0);
    bench_type(b, "terminal width 511");
    cr_expect_eq(session_width(b->s), 511);
    cr_expect_str_eq(bench_type(b, "show history"), "  terminal length 0\n  terminal width 511\n  show history\n");
    cr_expect(strstr(bench_type(b, "show terminal"), "\nLength: 0 lines, Width: 511 columns\n"));
    bench_type(b, "exit");
    cr_expect_eq(b->closed, 1);
    bench_free(b);
}

Test(session, questions)
{
    struct bench *b = bench_new(true);
    bench_type(b, "configure");
    cr_assert_str_eq(b->asked, "Configuring from terminal, memory, or network [terminal]? ");
    cr_expect(session_busy(b->s));
    session_answer(b->s, "");
    cr_expect_str_eq(session_prompt(b->s), "Router(config)#");
    bench_type(b, "enable secret apple");
    bench_type(b, "end");
    cr_expect(strstr(bench_type(b, "show run | i enable"), "enable secret 5 $1$"));
    bench_type(b, "disable");
    bench_type(b, "enable");
    cr_assert_str_eq(b->asked, "Password: ");
    session_answer(b->s, "pear");
    session_answer(b->s, "apple");
    cr_expect_str_eq(session_prompt(b->s), "Router#");
    bench_type(b, "write erase");
    session_abort(b->s);
    cr_expect_not(session_busy(b->s));
    bench_free(b);
}

Test(session, junk_and_long_lines)
{
    struct bench *b = bench_new(false);
    char *junk = malloc(65537);
    uint32_t x = 7;
    cr_assert(junk);
    for (unsigned round = 0; round < 50; round++) {
        for (unsigned i = 0; i < 65536; i++) {
            x = x * 1664525u + 1013904223u;
            junk[i] = (char)(1 + (x >> 16) % 255);
        }
        junk[65536 >> (round % 12)] = 0;
        unsigned done = b->done;
        bench_type(b, junk);
        cr_expect_eq(b->done, done + 1);
        char *t = session_help(b->s, junk);
        free(t);
        free(session_complete(b->s, junk));
        if (round == 25)
            bench_type(b, "conf t");
    }
    free(junk);
    bench_free(b);
}
