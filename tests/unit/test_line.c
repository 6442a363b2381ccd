/* Terminal lines: stored secrets of every type, ranges of `line vty`, users, the choice of a line, the login dialogue
 * with its delays and timeouts, enable. */
#include "modules/line/line_int.h"
#include "tests/unit/lib_parser.h"
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct line_peer outside = {.service = LINE_TELNET, .where = "10.2.1.9"};

static struct line_secret stored(unsigned type, const char *text)
{
    struct line_secret s;
    secret_set(&s, type, text);
    return s;
}

/* Known answers, made with other programs. */
Test(line, secrets_of_each_type)
{
    struct line_secret s5 = stored(5, "$1$28772684$iEwNOgGugqO9.bIz5sk8k/");
    struct line_secret s8 = stored(8, "$8$TnGX/fE4KGHOVU$pEhnEvxrvaynpi8j4f.EMHr6M.FzU8xnZnBr/tJdFWk");
    struct line_secret s9 = stored(9, "$9$2MJBozw/9R3UsU$2lFhcKvpghcyw8deP25GOfyZaagyUOGBymkryvOdfo6");
    cr_expect(secret_check(&s5, "hashcat"));
    cr_expect(secret_check(&s8, "hashcat"));
    cr_expect(secret_check(&s9, "hashcat"));
    cr_expect_not(secret_check(&s5, "hashcaT"));
    cr_expect_not(secret_check(&s8, "hashca"));
    cr_expect_not(secret_check(&s9, ""));
    struct line_secret none = stored(SECRET_NONE, "");
    cr_expect_not(secret_check(&none, ""));
    cr_expect(secret_valid(5, s5.text) && secret_valid(8, s8.text) && secret_valid(9, s9.text));
    cr_expect_not(secret_valid(5, "$1$"));
    cr_expect_not(secret_valid(8, "$9$abc$def"));
    /* Type 4 is read, not made; the string is the well-known one of `cisco`. */
    struct line_secret s4 = stored(4, "tnhtc92DXBhelxjYk8LWJrPV36S2i4ntXrpb4RFmfqY");
    cr_expect(secret_valid(4, s4.text) && secret_check(&s4, "cisco") && !secret_check(&s4, "cisco "));
    cr_expect_not(secret_valid(4, "tnhtc92DXBhelxjYk8LWJrPV36S2i4ntXrpb4RFmfq"));
    cr_expect_not(secret_valid(5, "plain"));
}

Test(line, type_7)
{
    char clear[LINE_PASSWORD_MAX];
    cr_assert(secret_reveal("0822455D0A16", clear, sizeof clear));
    cr_expect_str_eq(clear, "cisco");
    cr_assert(secret_reveal("094F471A1A0A", clear, sizeof clear));
    cr_expect_str_eq(clear, "cisco");
    cr_expect_not(secret_reveal("", clear, sizeof clear));
    cr_expect_not(secret_reveal("99", clear, sizeof clear));
    cr_expect_not(secret_reveal("0822455D0A1", clear, sizeof clear));
    cr_expect_not(secret_reveal("08GG", clear, sizeof clear));
    struct bench *b = bench_new(true);
    char hidden[300];
    for (int i = 0; i < 50; i++) {
        secret_hide(lines_of(b->r), "a longer password, with blanks", hidden, sizeof hidden);
        cr_assert(secret_reveal(hidden, clear, sizeof clear));
        cr_assert_str_eq(clear, "a longer password, with blanks");
    }
    bench_free(b);
}

static const char *section(struct bench *b, const char *what)
{
    char line[100];
    snprintf(line, sizeof line, "show running-config | include %s", what);
    return bench_type(b, line);
}

static void lines_are(struct bench *b, const char *want)
{
    const char *got = bench_type(b, "show running-config | begin ^line vty");
    cr_expect(strstr(got, want) == got, "got:\n%s", got);
}

Test(line, ranges)
{
    struct bench *b = bench_new(true);
    bench_type(b, "enable");
    bench_type(b, "configure terminal");
    bench_type(b, "line vty 0 15");
    bench_type(b, "password p");
    bench_type(b, "end");
    lines_are(b, "line vty 0 15\n password p\n!\n");
    bench_type(b, "configure terminal");
    bench_type(b, "line vty 5 15");
    bench_type(b, "transport input ssh");
    bench_type(b, "end");
    lines_are(b, "line vty 0 4\n password p\nline vty 5 15\n password p\n transport input ssh\n!\n");
    bench_type(b, "configure terminal");
    bench_type(b, "line vty 3 6"); /* cuts two, covers parts of both */
    bench_type(b, "login local");
    bench_type(b, "no password");
    bench_type(b, "end");
    lines_are(
        b, "line vty 0 2\n password p\nline vty 3 4\n login local\nline vty 5 6\n login local\n transport input ssh\n"
           "line vty 7 15\n password p\n transport input ssh\n!\n");
    const struct lines *l = lines_of(b->r);
    cr_expect_eq(line_vty_count(l), 16);
    cr_expect_eq(line_block_of(l, LINE_KIND_VTY, 4)->login, LOGIN_LOCAL);
    cr_expect(line_block_of(l, LINE_KIND_VTY, 15)->has_password);
    bench_type(b, "configure terminal");
    bench_type(b, "no line vty 7");
    bench_type(b, "end");
    cr_expect_eq(line_vty_count(l), 7);
    bench_free(b);
}

Test(line, service_password_encryption)
{
    struct bench *b = bench_new(true);
    bench_type(b, "enable");
    bench_type(b, "configure terminal");
    bench_type(b, "username u password up");
    bench_type(b, "enable password ep");
    bench_type(b, "line vty 0 4");
    bench_type(b, "password lp");
    cr_expect_not_null(
        strstr(bench_type(b, "do show running-config | include password"), "username u password 0 up\n"));
    bench_type(b, "service password-encryption");
    const char *text = bench_type(b, "do show running-config | include password");
    cr_expect_null(strstr(text, "up\n"));
    cr_expect_null(strstr(text, " ep"));
    cr_expect_null(strstr(text, " lp"));
    cr_expect_not_null(strstr(text, "username u password 7 "));
    cr_expect_not_null(strstr(text, "enable password 7 "));
    cr_expect(line_user_check(lines_of(b->r), "u", "up"));
    bench_type(b, "username u privilege 7"); /* keeps the password */
    text = section(b, "^username");
    bench_type(b, "end");
    text = section(b, "^username");
    cr_expect_not_null(strstr(text, "username u privilege 7 password 7 "));
    cr_expect(line_user_check(lines_of(b->r), "u", "up"));
    cr_expect_not(line_user_check(lines_of(b->r), "u", ""));
    cr_expect_not(line_user_check(lines_of(b->r), "nobody", ""));
    bench_free(b);
}

/* ---- the dialogue, without a door ---- */

struct door {
    struct strbuf text;
    bool asked, echo, open, closed;
    unsigned privilege;
    char name[160];
};

static void door_output(void *u, const char *text, size_t len)
{
    strbuf_write(&((struct door *)u)->text, text, len);
}

static void door_ask(void *u, const char *prompt, bool echo)
{
    struct door *d = u;
    strbuf_add(&d->text, "%s", prompt);
    d->asked = true;
    d->echo = echo;
}

static void door_opened(void *u, const struct line_grant *g)
{
    struct door *d = u;
    d->open = true;
    d->privilege = g->privilege;
    snprintf(d->name, sizeof d->name, "%s", g->name);
}

static void door_closed(void *u, const char *text)
{
    struct door *d = u;
    strbuf_add(&d->text, "%s", text);
    d->closed = true;
}

static const struct line_ops calls = {
    .output = door_output, .ask = door_ask, .opened = door_opened, .closed = door_closed};

static void pass(struct bench *b, nstime ns)
{
    loop_run(b->r->loop, loop_now(b->r->loop) + ns);
}

/* Types text and waits until something happens. */
static const char *say(struct bench *b, struct door *d, struct line_use *use, const char *text)
{
    d->text.len = 0;
    strbuf_write(&d->text, "", 0);
    line_answer(use, text);
    pass(b, 3 * NS_PER_S);
    return d->text.s ? d->text.s : "";
}

static struct bench *configured(const char *const *lines)
{
    struct bench *b = bench_new(true);
    bench_type(b, "enable");
    bench_type(b, "configure terminal");
    for (; *lines; lines++)
        bench_type(b, *lines);
    bench_type(b, "end");
    return b;
}

Test(line, login_local)
{
    const char *const cfg[] = {"hostname R1",
                               "username admin privilege 15 secret s",
                               "username joe password p",
                               "banner motd #Hello $(hostname)#",
                               "banner login #L#",
                               "banner exec #E#",
                               "line vty 0 4",
                               "login local",
                               NULL};
    struct bench *b = configured(cfg);
    struct door d = {0};
    struct line_use *use = line_open(b->r, &outside, NULL, &calls, &d);
    cr_assert_not_null(use);
    cr_expect_null(d.text.s, "nothing is said before line_open returns");
    pass(b, 0);
    cr_expect_str_eq(d.text.s, "\nHello R1\n\nL\n\n\nUser Access Verification\n\nUsername: ");
    cr_expect(d.echo);
    cr_expect_str_eq(say(b, &d, use, "joe"), "Password: ");
    cr_expect_not(d.echo);
    cr_expect_str_eq(say(b, &d, use, "wrong"), "% Login invalid\n\nUsername: ");
    say(b, &d, use, "nobody");
    cr_expect_str_eq(say(b, &d, use, "wrong"), "% Login invalid\n\nUsername: ");
    say(b, &d, use, "admin");
    cr_expect_str_eq(say(b, &d, use, "s"), "\nE\n");
    cr_expect(d.open);
    cr_expect_eq(d.privilege, 15);
    cr_expect_str_eq(d.name, "admin on vty0 (10.2.1.9)");
    line_close(use);
    strbuf_free(&d.text);
    bench_free(b);
}

Test(line, three_wrong_passwords_cost_time)
{
    const char *const cfg[] = {"line vty 0 4", "password p", "login", NULL};
    struct bench *b = configured(cfg);
    struct door d = {0};
    struct line_use *use = line_open(b->r, &outside, NULL, &calls, &d);
    pass(b, 0);
    d.text.len = 0;
    line_answer(use, "x");
    pass(b, NS_PER_S / 2);
    cr_expect_eq(d.text.len, 0, "a second goes by");
    pass(b, NS_PER_S);
    cr_expect_str_eq(d.text.s, "Password: ");
    cr_expect_str_eq(say(b, &d, use, ""), "Password: ");
    cr_expect_str_eq(say(b, &d, use, "x"), "% Bad passwords\n");
    cr_expect(d.closed);
    cr_expect_not(d.open);
    line_close(use);
    strbuf_free(&d.text);
    bench_free(b);
}

Test(line, timeouts)
{
    const char *const cfg[] = {"line vty 0 4", "password p", "login", "exec-timeout 1 30", NULL};
    struct bench *b = configured(cfg);
    struct door d = {0}, e = {0};
    struct line_use *silent = line_open(b->r, &outside, NULL, &calls, &d);
    struct line_use *idle = line_open(b->r, &outside, NULL, &calls, &e);
    pass(b, 0);
    line_answer(idle, "p");
    pass(b, 29 * NS_PER_S);
    cr_expect_not(d.closed);
    pass(b, 2 * NS_PER_S);
    cr_expect(d.closed);
    cr_expect_not_null(strstr(d.text.s, "% Password:  timeout expired!\n"));
    cr_expect(e.open);
    line_alive(idle);
    pass(b, 89 * NS_PER_S);
    cr_expect_not(e.closed);
    line_busy(idle, true); /* a ping that lasts */
    pass(b, 200 * NS_PER_S);
    cr_expect_not(e.closed);
    line_busy(idle, false);
    pass(b, 91 * NS_PER_S);
    cr_expect(e.closed);
    line_close(silent);
    line_close(idle);
    strbuf_free(&d.text);
    strbuf_free(&e.text);
    bench_free(b);
}

Test(line, each_line_shows_its_own_settings)
{
    const char *const cfg[] = {"line aux 0", "length 7", "line vty 0 4", "length 9", NULL};
    struct bench *b = configured(cfg);
    cr_expect_not_null(strstr(bench_type(b, "show line 1"), "\nLength: 7 lines"));
    cr_expect_not_null(strstr(bench_type(b, "show line 2"), "\nLength: 9 lines"));
    bench_free(b);
}

Test(line, who_may_come)
{
    const char *const cfg[] = {"access-list 7 permit 10.2.1.0 0.0.0.255",
                               "line vty 0 1",
                               "access-class 7 in",
                               "transport input telnet",
                               "no login",
                               "line vty 2 4",
                               "transport input ssh",
                               NULL};
    struct bench *b = configured(cfg);
    struct line_peer p = outside, q = outside, s = outside;
    const char *why;
    addr_parse("10.2.1.9", &p.addr);
    addr_parse("10.3.1.9", &q.addr);
    s.service = LINE_SSH;
    cr_expect(line_may_open(b->r, &p, 0, &why));
    cr_expect_not(line_may_open(b->r, &q, 0, &why));
    cr_expect_str_eq(why, "access-class");
    struct door d[3] = {0};
    struct line_use *u[3];
    u[0] = line_open(b->r, &p, NULL, &calls, &d[0]);
    u[1] = line_open(b->r, &p, NULL, &calls, &d[1]);
    pass(b, 0);
    cr_expect(d[1].open);
    cr_expect_str_eq(d[1].name, "vty1 (10.2.1.9)");
    cr_expect_not(line_may_open(b->r, &p, 0, &why));
    cr_expect_null(line_open(b->r, &p, NULL, &calls, &d[2]));
    cr_expect_not_null(strstr(bench_type(b, "show access-lists 7"), "(1 match)"), "counted when he came, not again");
    cr_expect(line_may_open(b->r, &s, 2, &why), "two SSH key exchanges are under way, a third line is free");
    cr_expect_not(line_may_open(b->r, &s, 3, &why));
    u[2] = line_open(b->r, &s, "admin", &calls, &d[2]);
    pass(b, 0);
    cr_expect(d[2].open, "SSH has asked already");
    cr_expect_not_null(
        strstr(bench_type(b, "show users"), "   4 vty 2     admin      idle                 00:00:00   10.2.1.9"));
    bench_type(b, "clear line vty 2");
    session_answer(b->s, "");
    cr_expect(d[2].closed);
    for (unsigned i = 0; i < 3; i++) {
        line_close(u[i]);
        strbuf_free(&d[i].text);
    }
    cr_expect_not_null(strstr(bench_type(b, "show line 4 | json"), "\"in_use\":false,\"uses\":1"), "who came and went");
    bench_free(b);
}

Test(line, aaa)
{
    const char *const cfg[] = {"username admin privilege 15 secret s",
                               "aaa new-model",
                               "aaa authentication login default group radius local",
                               "aaa authentication login NONE none",
                               "line vty 1",
                               "login authentication NONE",
                               NULL};
    struct bench *b = configured(cfg);
    struct door d = {0}, e = {0};
    struct line_use *use = line_open(b->r, &outside, NULL, &calls, &d);
    struct line_use *none = line_open(b->r, &outside, NULL, &calls, &e);
    pass(b, 0);
    cr_expect(e.open);
    say(b, &d, use, "admin");
    cr_expect_str_eq(say(b, &d, use, "x"), "% Authentication failed\n\nUsername: ");
    say(b, &d, use, "admin");
    say(b, &d, use, "s");
    cr_expect(d.open);
    cr_expect_eq(d.privilege, 1, "without authorization the user's level does not count");
    line_close(use);
    d = (struct door){.text = d.text};
    bench_type(b, "configure terminal");
    bench_type(b, "aaa authorization exec default local");
    bench_type(b, "end");
    use = line_open(b->r, &outside, NULL, &calls, &d);
    pass(b, 0);
    say(b, &d, use, "admin");
    say(b, &d, use, "s");
    cr_expect_eq(d.privilege, 15);
    line_close(use);
    line_close(none);
    strbuf_free(&d.text);
    strbuf_free(&e.text);
    bench_free(b);
}

Test(line, a_vty_without_password)
{
    const char *const cfg[] = {"line vty 0 4", "login", NULL};
    struct bench *b = configured(cfg);
    struct door d = {0};
    struct line_use *use = line_open(b->r, &outside, NULL, &calls, &d);
    pass(b, 0);
    cr_expect(d.closed);
    cr_expect_str_eq(d.text.s, "\n\nPassword required, but none set\n");
    line_close(use);
    strbuf_free(&d.text);
    bench_free(b);
}

Test(line, enable_asks_three_times)
{
    const char *const cfg[] = {"enable secret level 5 five", "enable secret top", NULL};
    struct bench *b = configured(cfg);
    bench_type(b, "disable");
    bench_type(b, "enable");
    cr_assert_str_eq(b->asked, "Password: ");
    session_answer(b->s, "x");
    pass(b, NS_PER_S / 2);
    cr_expect(session_busy(b->s));
    pass(b, NS_PER_S);
    session_answer(b->s, "");
    pass(b, 2 * NS_PER_S);
    b->out.len = 0;
    session_answer(b->s, "topp");
    cr_expect_str_eq(b->out.s, "% Bad secrets\n\n");
    cr_expect_not(session_busy(b->s));
    bench_type(b, "enable 5");
    session_answer(b->s, "five");
    cr_expect_str_eq(bench_type(b, "show privilege"), "Current privilege level is 5\n");
    cr_expect(strchr(session_prompt(b->s), '#') != NULL, "any level above 1 has it");
    cr_expect_not_null(strstr(bench_type(b, "configure terminal"), "% Invalid input"), "a command of level 15");
    bench_type(b, "enable");
    session_answer(b->s, "top");
    cr_expect_str_eq(bench_type(b, "show privilege"), "Current privilege level is 15\n");
    bench_free(b);
}

Test(line, absolute_timeout)
{
    const char *const cfg[] = {"line vty 0 4", "password p", "login", "exec-timeout 0 0", "absolute-timeout 2", NULL};
    struct bench *b = configured(cfg);
    struct door d = {0};
    struct line_use *use = line_open(b->r, &outside, NULL, &calls, &d);
    pass(b, 0);
    line_answer(use, "p");
    for (int i = 0; i < 119; i++) {
        pass(b, NS_PER_S);
        line_alive(use);
    }
    cr_expect(d.open && !d.closed);
    line_busy(use, true);
    pass(b, 2 * NS_PER_S);
    cr_expect(d.closed);
    cr_expect_not_null(strstr(d.text.s, "* Line timeout expired\n"));
    line_close(use);
    strbuf_free(&d.text);
    bench_free(b);
}

static void fail_once(struct bench *b)
{
    struct door d = {0};
    struct line_use *use = line_open(b->r, &outside, NULL, &calls, &d);
    cr_assert_not_null(use);
    pass(b, 0);
    line_answer(use, "admin");
    pass(b, 0);
    line_answer(use, "wrong");
    pass(b, NS_PER_S + NS_PER_S / 2);
    line_close(use);
    strbuf_free(&d.text);
}

static void says(struct bench *b, const char *command, const char *what)
{
    const char *out = bench_type(b, command);
    cr_expect_not_null(strstr(out, what), "%s\nnot in\n%s", what, out);
}

Test(line, quiet_mode)
{
    const char *const cfg[] = {"username admin password s",
                               "login block-for 60 attempts 3 within 30",
                               "login on-failure log every 2",
                               "login on-success log",
                               "line vty 0 4",
                               "login local",
                               NULL};
    struct bench *b = configured(cfg);
    const struct line_peer console = {.service = LINE_CONSOLE};
    const char *why;
    fail_once(b);
    fail_once(b);
    cr_expect(line_may_open(b->r, &outside, 0, &why));
    pass(b, 40 * NS_PER_S); /* the watch begins anew */
    fail_once(b);
    fail_once(b);
    cr_expect(line_may_open(b->r, &outside, 0, &why));
    fail_once(b);
    cr_expect_not(line_may_open(b->r, &outside, 0, &why));
    cr_expect(line_may_open(b->r, &console, 0, &why));
    says(b, "show login", "     All successful login is logged.\n     Every 2 failed login is logged.\n");
    says(b, "show login", "     If more than 3 login failures occur in 30 seconds or less,\n");
    says(b, "show login", "     Router presently in Quiet-Mode.\n     Will remain in Quiet-Mode for ");
    says(b, "show login failures", "Total failed logins: 5\n");
    says(b, "show login failures",
         "SourceIPAddr    lPort Count TimeStamp\nadmin           10.2.1.9        23    5     ");
    pass(b, 61 * NS_PER_S);
    says(b, "show login", "     Router presently in Normal-Mode.\n");
    cr_expect(line_may_open(b->r, &outside, 0, &why));
    struct door d = {0};
    struct line_use *use = line_open(b->r, &outside, NULL, &calls, &d);
    pass(b, 0);
    say(b, &d, use, "admin");
    say(b, &d, use, "s");
    cr_expect(d.open);
    bench_type(b, "enable");
    const char *text = bench_type(b, "show logging");
    cr_expect_not_null(strstr(text, "%SEC_LOGIN-1-QUIET_MODE_ON: Still timeleft for watching failures is "), "%s",
                       text);
    cr_expect_not_null(
        strstr(text, "%SEC_LOGIN-5-QUIET_MODE_OFF: Quiet Mode is OFF, because block period timed out at "));
    cr_expect_not_null(
        strstr(text, "%SEC_LOGIN-5-LOGIN_SUCCESS: Login Success [user: admin] [Source: 10.2.1.9] [localport: 23] at "));
    int n = 0;
    for (const char *p = text; (p = strstr(p, "LOGIN_FAILED: Login failed [user: admin]")); p++)
        n++;
    cr_expect_eq(n, 2, "every second of five");
    line_close(use);
    strbuf_free(&d.text);
    bench_free(b);
}

Test(line, short_passwords)
{
    const char *const cfg[] = {"username old password abc", "security passwords min-length 8", NULL};
    static const char *const refused[] = {"username new password seven77", "username new secret seven77",
                                          "enable secret abc", "enable password abc"};
    struct bench *b = configured(cfg);
    bench_paste(b, "enable\nconfigure terminal\n");
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        says(b, refused[i], "% Password too short - must be at least 8 characters. Password configuration failed\n");
        cr_expect_neq(b->status, 0);
    }
    cr_expect_eq(bench_paste(b, "username new password eight888\nenable secret 5 $1$abcd$ZxZeq65rYzBW8OZXL4RQd.\n"
                                "service password-encryption\n"),
                 0);
    says(b, "do show running-config | include username", "username old password 7 ");
    bench_free(b);
}
