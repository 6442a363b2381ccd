/* The router's own clock: clock set, and what goes by date: show clock, messages, lifetimes of keys, time ranges. */
#include "tests/unit/lib_parser.h"
#include <criterion/criterion.h>
#include <string.h>

static const char *after(struct bench *b, const char *line)
{
    loop_run(b->loop, loop_now(b->loop) + NS_PER_S / 2);
    return bench_type(b, line);
}

Test(clock, the_clock_is_set)
{
    struct bench *b = bench_new(true);
    cr_assert_eq(bench_type(b, "show clock")[0], '*');
    cr_assert_eq(bench_paste(b, "configure terminal\nlogging buffered 8192\nend\n"), 0);
    cr_assert_eq(bench_paste(b, "clock set 10:10:10 1 january 2030\n"), 0);
    cr_assert(strstr(b->log.s, "Jan  1 10:10:10.000: %SYS-6-CLOCKUPDATE: System clock has been updated from "), "%s",
              b->log.s);
    cr_assert(strstr(b->log.s, " to 10:10:10 UTC Tue Jan 1 2030, configured from console by console."), "%s", b->log.s);
    cr_assert_null(strstr(b->log.s, "*Jan"), "no asterisk any more");
    cr_assert_str_eq(after(b, "show clock"), "10:10:10.500 UTC Tue Jan 1 2030\n");
    const char *buffer = bench_type(b, "show logging");
    const char *old = strstr(buffer, "%SYS-5-CONFIG_I"), *set = strstr(buffer, "%SYS-6-CLOCKUPDATE");
    cr_assert(old && set &&
                  memrchr(buffer, '*', (size_t)(old - buffer)) > memrchr(buffer, '\n', (size_t)(old - buffer)),
              "what came before keeps its time: %s", buffer);
    cr_assert_eq(bench_paste(b, "configure terminal\nclock timezone CET 1\nend\nclock set 8:00:00 Feb 2 2031\n"), 0);
    cr_assert_str_eq(after(b, "show clock"), "08:00:00.500 CET Sun Feb 2 2031\n");
    static const char *const wrong[] = {"clock set 24:00:00 1 jan 2030", "clock set 10:10:10 31 june 2030",
                                        "clock set 10:10 1 jan 2030", "clock set 10:10:10 1 foo 2030"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        const char *out = bench_type(b, wrong[i]);
        cr_assert(b->status && strstr(out, "% Invalid"), "%s: %s", wrong[i], out);
    }
    bench_free(b);
}

Test(clock, what_goes_by_date_follows_the_clock)
{
    struct bench *b = bench_new(true);
    cr_assert_eq(bench_paste(b, "configure terminal\nclock timezone CET 1\n"
                                "key chain K\nkey 1\nkey-string one\n"
                                "send-lifetime 10:00:00 1 Jan 2030 11:00:00 1 Jan 2030\n"
                                "accept-lifetime local 10:00:00 1 Jan 2030 11:00:00 1 Jan 2030\n"
                                "time-range T\nabsolute start 10:30 1 January 2030 end 10:40 1 January 2030\n"
                                "ip access-list extended A\npermit ip any any time-range T\nend\n"),
                 0);
    static const struct {
        const char *set;
        bool send, accept, range;
    } at[] = {{"clock set 10:35:00 1 jan 2030", false, true, true},  /* CET: 9:35 UTC */
              {"clock set 11:35:00 1 jan 2030", true, false, false}, /* 10:35 UTC */
              {"clock set 12:35:00 1 jan 2030", false, false, false}};
    for (size_t i = 0; i < sizeof at / sizeof *at; i++) {
        cr_assert_eq(bench_paste(b, at[i].set), 0);
        const char *out = bench_type(b, "show key chain");
        const char *accept = strstr(out, "accept lifetime"), *send = strstr(out, "send lifetime");
        cr_assert(accept && send && accept < send, "%s", out);
        cr_assert_eq(memmem(accept, (size_t)(send - accept), "[valid now]", 11) != NULL, at[i].accept, "%s: %s",
                     at[i].set, out);
        cr_assert_eq(strstr(send, "[valid now]") != NULL, at[i].send, "%s: %s", at[i].set, out);
        out = bench_type(b, "show access-lists A");
        cr_assert_eq(strstr(out, "(active)") != NULL, at[i].range, "%s: %s", at[i].set, out);
    }
    bench_free(b);
}
