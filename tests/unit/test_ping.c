/* ping and traceroute: options in any order, what they change on the wire, and the questions they ask when typed alone.
 */
#include "modules/net/stack.h"
#include "tests/unit/lib_parser.h"
#include <criterion/criterion.h>
#include <string.h>

static struct bench *router(void)
{
    struct bench *b = bench_new(true);
    cr_assert_eq(bench_paste(b, "configure terminal\ninterface Loopback0\nip address 10.9.9.9 255.255.255.255\n"
                                "interface Loopback1\nip address 10.9.9.1 255.255.255.255\nend\n"),
                 0);
    return b;
}

/* A command or the answer to what was asked. */
static void type(struct bench *b, const char *line)
{
    bool answer = b->asked && *b->asked;
    if (!answer) {
        bench_type(b, line);
        return;
    }
    strbuf_free(&b->out);
    b->out = (struct strbuf){0};
    *b->asked = 0;
    session_answer(b->s, line);
}

/* Types the line and lets a minute pass. */
static const char *run(struct bench *b, const char *line)
{
    type(b, line);
    loop_run(b->loop, loop_now(b->loop) + 60 * NS_PER_S);
    return b->out.s ? b->out.s : "";
}

static void has(const char *out, const char *text)
{
    cr_assert(strstr(out, text), "%s\nnot in\n%s", text, out);
}

Test(ping, options_in_any_order)
{
    struct bench *b = router();
    const char *out = run(b, "ping 10.9.9.9 df-bit repeat 3 data 1234 size 200 source lo1 validate tos 4 timeout 1");
    has(out, "Sending 3, 200-byte ICMP Echos to 10.9.9.9, timeout is 1 seconds:\n");
    has(out, "Packet sent with a source address of 10.9.9.1 \n");
    has(out, "Packet sent with the DF bit set\nReply data will be validated\nPacket has data pattern 0x1234\n");
    has(out, "!!!\nSuccess rate is 100 percent (3/3)");
    out = run(b, "ping 10.9.9.9 verbose repeat 2");
    has(out, "Reply to request 0 (1 ms)\nReply to request 1 (1 ms)\nSuccess rate is 100 percent (2/2)");
    has(run(b, "ping 10.9.9.9 data xyz"), "% Bad data pattern\n");
    has(run(b, "ping 10.9.9.9 source 10.1.2.3"), "% Invalid source address");
    bench_free(b);
}

Test(ping, typed_alone_it_asks)
{
    struct bench *b = router();
    static const char *const typed[][2] = {
        {"ping", "Protocol [ip]: "},
        {"", "Target IP address: "},
        {"10.9.9.9", "Repeat count [5]: "},
        {"0", "Repeat count [5]: "},
        {"2", "Datagram size [100]: "},
        {"", "Timeout in seconds [2]: "},
        {"", "Extended commands [n]: "},
        {"maybe", "Extended commands [n]: "},
        {"y", "Source address or interface: "},
        {"loopback 1", "Type of service [0]: "},
        {"", "Set DF bit in IP header? [no]: "},
        {"yes", "Validate reply data? [no]: "},
        {"", "Data pattern [0xABCD]: "},
        {"0xFF00", "Loose, Strict, Record, Timestamp, Verbose[none]: "},
        {"", "Sweep range of sizes [n]: "},
        {"y", "Sweep min size [36]: "},
        {"100", "Sweep max size [18024]: "},
        {"104", "Sweep interval [1]: "},
    };
    for (size_t i = 0; i < sizeof typed / sizeof *typed; i++) {
        type(b, typed[i][0]);
        cr_assert_str_eq(b->asked, typed[i][1], "behind '%s'", typed[i][0]);
    }
    const char *out = run(b, "2");
    has(out, "Sending 6, [100..104]-byte ICMP Echos to 10.9.9.9, timeout is 2 seconds:\n");
    has(out, "Packet sent with a source address of 10.9.9.1 \nPacket sent with the DF bit set\n"
             "Packet has data pattern 0xFF00\n!!!!!!\nSuccess rate is 100 percent (6/6)");
    bench_free(b);
}

Test(ping, the_short_way_through_the_questions)
{
    struct bench *b = router();
    static const char *const typed[] = {"ping", "ip", "10.9.9.9", "", "", "", ""};
    for (size_t i = 0; i < sizeof typed / sizeof *typed; i++)
        type(b, typed[i]);
    has(run(b, "n"), "Sending 5, 100-byte ICMP Echos to 10.9.9.9, timeout is 2 seconds:\n!!!!!\n");
    type(b, "ping");
    has(run(b, "appletalk"), "% Unknown protocol");
    type(b, "ping");
    type(b, "");
    has(run(b, ""), "% Bad IP address");
    cr_assert_eq(b->status, 1);
    bench_free(b);
}

Test(ping, traceroute_with_options_and_alone)
{
    struct bench *b = router();
    const char *out = run(b, "traceroute 10.9.9.9 ttl 2 5 probe 2 numeric source 10.9.9.1 port 40000 timeout 1");
    has(out, "Tracing the route to 10.9.9.9\nVRF info: (vrf in name/id, vrf out name/id)\n  2 10.9.9.9 ");
    has(run(b, "traceroute 10.9.9.9 ttl 5 2"), "% Maximum ttl is below minimum ttl");
    static const char *const typed[] = {"traceroute", "", "10.9.9.9", "lo1", "", "", "1", "", "", ""};
    for (size_t i = 0; i < sizeof typed / sizeof *typed; i++)
        type(b, typed[i]);
    cr_assert_str_eq(b->asked, "Loose, Strict, Record, Timestamp, Verbose[none]: ");
    out = run(b, "");
    has(out, "  1 10.9.9.9 ");
    cr_assert_null(strstr(out, "  2 "));
    bench_free(b);
}
