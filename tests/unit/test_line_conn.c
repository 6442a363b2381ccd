/* Connections from the prompt without a network: telnet's own bytes at the client's end, and a dialer that is played.
 */
#include "modules/line/line_int.h"
#include "tests/unit/lib_parser.h"
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static size_t feed(struct telnet_client *t, const char *in, size_t n, char *out, struct strbuf *reply)
{
    reply->len = 0;
    size_t len = telnet_client_in(t, (const uint8_t *)in, n, (uint8_t *)out, reply);
    out[len] = '\0';
    return len;
}

Test(line_conn, telnet_options)
{
    struct telnet_client t = {.length = 24, .width = 80};
    struct strbuf reply = {0};
    char out[512];
    cr_expect_eq(feed(&t,
                      "a\xff\xfb\x01"
                      "b\xff\xff"
                      "c\r\0d",
                      11, out, &reply),
                 6);
    cr_expect(!memcmp(out,
                      "ab\xff"
                      "c\rd",
                      6));
    cr_expect(reply.len == 3 && !memcmp(reply.s, "\xff\xfd\x01", 3));
    cr_expect(t.echoes);
    feed(&t, "\xff\xfb\x01\xff\xfb\x01", 6, out, &reply);
    cr_expect_eq(reply.len, 0, "what is in effect is not answered again");
    feed(&t, "\xff\xfd\x1f", 3, out, &reply);
    cr_expect(reply.len == 12 && !memcmp(reply.s, "\xff\xfb\x1f\xff\xfa\x1f\0\x50\0\x18\xff\xf0", 12));
    feed(&t, "\xff\xfd\x18\xff\xfa\x18\x01\xff\xf0", 9, out, &reply);
    cr_expect(reply.len == 14 && !memcmp(reply.s, "\xff\xfb\x18\xff\xfa\x18\0vt100\xff\xf0", 14));
    feed(&t, "\xff\xfd\x27\xff\xfb\x22\xff\xfd\x27\xff\xfb\x22", 12, out, &reply);
    cr_expect(reply.len == 6 && !memcmp(reply.s, "\xff\xfc\x27\xff\xfe\x22", 6), "a refusal is said once");
    strbuf_free(&reply);
}

/* In pieces of every size the same comes out. */
Test(line_conn, telnet_pieces)
{
    static const char in[] = "x\xff\xfa\x18\x01zz\xff\xff\xff\xf0y\xff\xf1\xff\xfd\x18z\xff\xfa"
                             "never ended\xff\xff\xff";
    for (size_t step = 1; step < sizeof in; step++) {
        struct telnet_client t = {0};
        struct strbuf reply = {0}, all = {0};
        char out[512];
        for (size_t at = 0; at < sizeof in - 1; at += step) {
            size_t n = sizeof in - 1 - at < step ? sizeof in - 1 - at : step;
            feed(&t, in + at, n, out, &reply);
            strbuf_add(&all, "%s", out);
        }
        cr_expect_str_eq(all.s, "xyz", "step %zu", step);
        strbuf_free(&reply);
        strbuf_free(&all);
    }
}

Test(line_conn, telnet_lines)
{
    struct telnet_client t = {0};
    struct strbuf b = {0};
    telnet_client_out(&t, "a\r\xff", 3, &b);
    cr_expect(b.len == 5 && !memcmp(b.s, "a\r\n\xff\xff", 5));
    b.len = 0;
    t.spoken = true;
    telnet_client_out(&t, "\r", 1, &b);
    cr_expect(b.len == 2 && !memcmp(b.s, "\r\0", 2));
    strbuf_free(&b);
}

/* ---- a played far side ---- */

static struct {
    struct line_call_to to;
    struct line_call_ops ops;
    void *u;
    unsigned live, raw;
    char sent[200];
    size_t n_sent;
} far;

static struct line_call *far_start(void *ctx, const struct line_call_to *to, const struct line_call_ops *ops, void *u)
{
    (void)ctx;
    far.to = *to;
    far.ops = *ops;
    far.u = u;
    far.live++;
    far.n_sent = 0;
    return (struct line_call *)&far;
}
static void far_send(struct line_call *k, const void *p, size_t n)
{
    (void)k;
    if (far.n_sent + n < sizeof far.sent) {
        memcpy(far.sent + far.n_sent, p, n);
        far.n_sent += n;
    }
}
static void far_end(struct line_call *k)
{
    (void)k;
    far.live--;
}
static void far_more(struct line_call *k)
{
    (void)k;
}
static const struct line_dialer dialer = {.start = far_start, .send = far_send, .end = far_end, .more = far_more};

static void on_raw(void *u)
{
    (void)u;
    far.raw++;
}
static struct strbuf shown;
static unsigned done;
static void on_output(void *u, const char *text, size_t len)
{
    (void)u;
    strbuf_write(&shown, text, len);
}
static void on_done(void *u, int status)
{
    (void)u, (void)status;
    done++;
}

struct desk {
    struct bench *b;
    struct line_use *use;
    struct session *s;
};
static struct desk desk_new(const char *config)
{
    static const struct line_ops line_ops = {0};
    static const struct line_peer here = {.service = LINE_CONSOLE};
    static const struct session_ops ops = {.output = on_output, .done = on_done, .raw = on_raw};
    struct desk d = {.b = bench_new(true)};
    memset(&far, 0, sizeof far);
    config_load(d.b->r, config, false, NULL, NULL);
    line_set_dialer(d.b->r, &dialer);
    d.use = line_open(d.b->r, &here, NULL, &line_ops, NULL);
    d.s = session_new(
        d.b->r,
        &(struct session_opts){
            .line_name = "console", .privilege = 15, .interactive = true, .console_log = true, .line = d.use},
        &ops, NULL);
    return d;
}
static void desk_free(struct desk *d)
{
    session_free(d->s);
    line_close(d->use);
    bench_free(d->b);
    strbuf_free(&shown);
}
static const char *type(struct desk *d, const char *line)
{
    shown.len = 0;
    strbuf_write(&shown, "", 0);
    session_line(d->s, line);
    return shown.s;
}
static const char *keys(struct desk *d, const char *p)
{
    shown.len = 0;
    strbuf_write(&shown, "", 0);
    session_keys(d->s, p, strlen(p));
    return shown.s;
}

#define NET                                                                                                            \
    "interface Loopback0\n ip address 10.1.1.1 255.255.255.0\nip route 192.0.2.0 255.255.255.0 10.1.1.2\n"             \
    "ip host gw2 10.1.1.2\n"

Test(line_conn, open_suspend_resume_close)
{
    struct desk d = desk_new(NET);
    cr_expect_str_eq(type(&d, "telnet gw2 2001"), "Trying gw2 (10.1.1.2, 2001)... ");
    cr_expect(far.live == 1 && far.to.addr == 0x0a010102 && far.to.port == 2001 && !far.raw);
    far.ops.opened(far.u);
    cr_expect_str_eq(shown.s, "Trying gw2 (10.1.1.2, 2001)... Open\n");
    cr_expect_eq(far.raw, 1);
    cr_expect_str_eq(keys(&d, "ab\r"), "ab\r\n", "nobody else echoes");
    cr_expect(far.n_sent == 4 && !memcmp(far.sent, "ab\r\n", 4));
    done = 0;
    keys(&d, "\x1e");
    cr_expect_eq(done, 0);
    cr_expect_str_eq(keys(&d, "X"), "\r\n");
    cr_expect_eq(done, 1);
    cr_expect_eq(far.ops.data(far.u, (const uint8_t *)"later", 5), 5);
    cr_expect(strstr(type(&d, "where"), "*  1 gw2                 10.1.1.2               5     0 gw2\n"));
    loop_run(d.b->loop, loop_now(d.b->loop) + 3 * NS_PER_S);
    cr_expect(strstr(type(&d, "show sessions | json"), "\"bytes\":5,\"idle_ms\":3000"), "%s", shown.s);
    cr_expect_str_eq(type(&d, ""), "[Resuming connection 1 to gw2 ... ]\nlater");
    keys(&d, "\x1ex");
    cr_expect_str_eq(type(&d, "1"), "[Resuming connection 1 to gw2 ... ]\n", "its number alone does too");
    done = 0;
    far.ops.ended(far.u, CALL_CLOSED);
    far.live--;
    cr_expect(strstr(shown.s, "\r\n[Connection to gw2 closed by foreign host]\r\n"));
    cr_expect_eq(done, 1);
    cr_expect_str_eq(type(&d, ""), "");
    cr_expect_str_eq(type(&d, "where"), "% No connections open\n");
    cr_expect_eq(far.live, 0);
    desk_free(&d);
}

Test(line_conn, ports_have_names)
{
    static const struct {
        const char *typed;
        unsigned port;
    } cases[] = {{"telnet gw2 www", 80}, {"telnet gw2 BGP", 179}, {"connect gw2 ssh", 22}, {"connect gw2 pim", 496}};
    struct desk d = desk_new(NET);
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        type(&d, cases[i].typed);
        cr_expect_eq(far.to.port, cases[i].port, "%s: %u", cases[i].typed, far.to.port);
        far.ops.ended(far.u, CALL_REFUSED);
    }
    cr_expect(strstr(type(&d, "telnet gw2 nosuch"), "% There is no port nosuch"));
    desk_free(&d);
}

/* The memory of a message is bounded, whatever it is made of. */
Test(line_conn, a_message_has_an_end)
{
    struct desk d = desk_new("");
    static char much[5001];
    memset(much, '\r', sizeof much - 1);
    cr_expect(strstr(type(&d, "send *"), "Enter message, end with CTRL/Z"));
    cr_expect_eq(strlen(keys(&d, much)), (size_t)2 * 2000, "2000 lines at most");
    cr_expect(strstr(keys(&d, "\x1a"), "Send message? [confirm]"));
    keys(&d, "n");
    desk_free(&d);
}

/* What a far side sends behind the prompt is kept within bounds; the session's end closes what is open. */
Test(line_conn, held_and_ended)
{
    struct desk d = desk_new(NET);
    static uint8_t much[4096];
    memset(much, 'x', sizeof much);
    type(&d, "10.1.1.2");
    far.ops.opened(far.u);
    keys(&d, "\x1ex");
    size_t taken = 0, n;
    for (unsigned i = 0; i < 1000 && (n = far.ops.data(far.u, much, sizeof much)); i++)
        taken += n;
    cr_expect(taken >= CONN_HELD_MAX && taken < 2 * CONN_HELD_MAX, "%zu", taken);
    type(&d, "gw2");
    far.ops.opened(far.u);
    cr_expect_eq(far.live, 2);
    desk_free(&d);
    cr_expect_eq(far.live, 0);
}

Test(line_conn, session_timeout)
{
    struct desk d = desk_new(NET "line con 0\n session-timeout 2\n");
    type(&d, "telnet 10.1.1.2");
    far.ops.opened(far.u);
    loop_run(d.b->loop, loop_now(d.b->loop) + 100 * NS_PER_S);
    keys(&d, "k");
    loop_run(d.b->loop, loop_now(d.b->loop) + 100 * NS_PER_S);
    cr_expect_eq(far.live, 1);
    loop_run(d.b->loop, loop_now(d.b->loop) + 30 * NS_PER_S);
    cr_expect_eq(far.live, 0);
    cr_expect(strstr(shown.s, "[Connection to 10.1.1.2 idle too long; timed out]"));
    desk_free(&d);
}

Test(line_conn, an_attempt_ends)
{
    static const struct {
        enum line_call_end why;
        const char *text;
    } ends[] = {{CALL_REFUSED, "\n% Connection refused by remote host\n\n"},
                {CALL_TIMEOUT, "\n% Connection timed out; remote host not responding\n\n"},
                {CALL_UNREACHABLE, "\n% Destination unreachable; gateway or host down\n\n"}};
    struct desk d = desk_new(NET);
    for (unsigned i = 0; i < 3; i++) {
        type(&d, "telnet 192.0.2.9");
        far.ops.ended(far.u, ends[i].why);
        char want[200];
        snprintf(want, sizeof want, "Trying 192.0.2.9 ... %s", ends[i].text);
        cr_expect_str_eq(shown.s, want);
    }
    type(&d, "telnet 192.0.2.9");
    session_abort(d.s);
    cr_expect_eq(far.live, 3, "three ended by themselves"); /* far_end was not called for them */
    line_set_dialer(d.b->r, &(struct line_dialer){0});
    cr_expect_str_eq(type(&d, "telnet 192.0.2.9"),
                     "Trying 192.0.2.9 ... \n% Destination unreachable; gateway or host down\n\n");
    cr_expect_str_eq(type(&d, "ssh -l a -p 23 192.0.2.9"), "% Destination unreachable; gateway or host down\n\n");
    cr_expect_str_eq(type(&d, "ssh 192.0.2.9"), "% No user specified nor available for SSH client\n");
    desk_free(&d);
}

Test(line_conn, what_the_line_says)
{
    struct desk d = desk_new(NET "line con 0\n transport preferred ssh\n transport output telnet\n");
    cr_expect_str_eq(type(&d, "10.1.1.2"), "% No user specified nor available for SSH client\n");
    cr_expect_str_eq(type(&d, "ssh -l me 10.1.1.2"), "% ssh connections not permitted from this terminal\n");
    bench_type(d.b, "enable");
    bench_type(d.b, "configure terminal");
    bench_type(d.b, "line con 0");
    bench_type(d.b, "transport preferred none");
    cr_expect(strstr(type(&d, "10.1.1.2"), "% Invalid input"));
    cr_expect_eq(far.live, 0);
    desk_free(&d);
}
