/* HSRP without a router: the codec against captures of real routers, the state table cell by cell against
 * RFC 2281 5.6, and packets mutated 100,000 times. */
#include "modules/hsrp/hsrp_fsm.h"
#include "modules/hsrp/hsrp_wire.h"
#include <criterion/criterion.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <string.h>

enum { UDP_AT = 14 + 20 + 8 };

static unsigned each_payload(const char *file, void (*fn)(const uint8_t *p, size_t len))
{
    char err[PCAP_ERRBUF_SIZE];
    pcap_t *pc = pcap_open_offline(file, err);
    cr_assert_not_null(pc, "%s: %s", file, err);
    struct pcap_pkthdr *h;
    const u_char *d;
    unsigned n = 0;
    while (pcap_next_ex(pc, &h, &d) == 1) {
        cr_assert_geq(h->caplen, UDP_AT);
        size_t len = (size_t)(d[38] << 8 | d[39]) - 8;
        cr_assert_leq(UDP_AT + len, h->caplen);
        fn(d + UDP_AT, len);
        n++;
    }
    pcap_close(pc);
    return n;
}

static void round_trip(const uint8_t *d, size_t len)
{
    struct hsrp_packet p;
    uint8_t version, out[64];
    cr_assert_eq(hsrp_wire_decode(d, len, &p, &version), HSRP_OK);
    cr_assert_eq(version, 0);
    size_t n = hsrp_wire_encode(&p, out, sizeof out);
    cr_assert_eq(n, len);
    cr_assert_arr_eq(out, d, len);
    if (p.opcode != HSRP_ADVERTISE) {
        char a[ADDR_STRLEN];
        cr_assert_str_eq(addr_format(&p.vip, a), "192.168.0.1");
        cr_assert_eq(p.hello_ms, 3000);
        cr_assert_eq(p.hold_ms, 10000);
        cr_assert_eq(p.group, 1);
        cr_assert_arr_eq(p.auth, "cisco\0\0\0", 8);
        cr_assert(!p.has_md5);
    }
}

Test(hsrp_wire, captures_decode_and_encode_to_equal_bytes)
{
    cr_assert_eq(each_payload("tests/vectors/hsrp/HSRP_coup.pcap", round_trip), 51);
    cr_assert_eq(each_payload("tests/vectors/hsrp/HSRP_election.pcap", round_trip), 49);
    cr_assert_eq(each_payload("tests/vectors/hsrp/HSRP_failover.pcap", round_trip), 39);
}

Test(hsrp_wire, wrong_packets_are_named)
{
    struct hsrp_packet p = {
        .version = 1, .opcode = HSRP_HELLO, .state = HSRP_WIRE_ACTIVE, .hello_ms = 3000, .hold_ms = 10000};
    uint8_t b[64] = {0}, v;
    cr_assert_eq(hsrp_wire_encode(&p, b, 19), 0, "19 octets are too few");
    cr_assert_eq(hsrp_wire_encode(&p, b, sizeof b), HSRP_PACKET_LEN);
    for (size_t len = 0; len < HSRP_PACKET_LEN; len++)
        cr_assert_eq(hsrp_wire_decode(b, len, &p, &v), HSRP_TRUNCATED, "%zu octets", len);
    cr_assert_eq(hsrp_wire_decode(b, 50, &p, &v), HSRP_OK, "octets behind are tolerated");
    cr_assert(!p.has_md5);
    b[20] = 4;
    b[21] = 28;
    cr_assert_eq(hsrp_wire_decode(b, 50, &p, &v), HSRP_OK);
    cr_assert(p.has_md5);
    b[2] = 3;
    cr_assert_eq(hsrp_wire_decode(b, 20, &p, &v), HSRP_BAD_STATE);
    b[1] = 4;
    cr_assert_eq(hsrp_wire_decode(b, 20, &p, &v), HSRP_BAD_OPCODE);
    b[0] = 1;
    cr_assert_eq(hsrp_wire_decode(b, 20, &p, &v), HSRP_BAD_VERSION);
    cr_assert_eq(v, 1);
    static const uint8_t adv[16] = {0, 3, 0, 1, 0, 14, 4, 0, 0, 1, 0, 2};
    cr_assert_eq(hsrp_wire_decode(adv, 16, &p, &v), HSRP_BAD_STATE);
    cr_assert_eq(hsrp_wire_decode(adv, 15, &p, &v), HSRP_TRUNCATED);
}

static uint32_t seed = 2281;
static uint32_t rnd(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 17;
    seed ^= seed << 5;
    return seed;
}

static void mutate(const uint8_t *d, size_t len)
{
    uint8_t b[80];
    for (unsigned i = 0; i < 725; i++) {
        memset(b, 0, sizeof b);
        memcpy(b, d, len);
        for (unsigned k = rnd() % 4 + 1; k > 0; k--)
            b[rnd() % len] = (uint8_t)rnd();
        size_t n = rnd() % 3 ? len : rnd() % sizeof b;
        struct hsrp_packet p;
        uint8_t v, out[64];
        enum hsrp_decode_result r = hsrp_wire_decode(b, n, &p, &v);
        cr_assert_not_null(hsrp_wire_error(r));
        if (r != HSRP_OK)
            continue;
        size_t m = hsrp_wire_encode(&p, out, sizeof out);
        cr_assert_leq(m, n);
        if (p.opcode == HSRP_ADVERTISE)
            cr_assert(!memcmp(out, b, 4) && !memcmp(out + 6, b + 6, m - 6), "all but the length field");
        else
            cr_assert_arr_eq(out, b, m);
    }
}

Test(hsrp_wire, a_hundred_thousand_mutated_packets)
{
    unsigned n = each_payload("tests/vectors/hsrp/HSRP_coup.pcap", mutate) +
                 each_payload("tests/vectors/hsrp/HSRP_election.pcap", mutate) +
                 each_payload("tests/vectors/hsrp/HSRP_failover.pcap", mutate);
    cr_assert_geq(n * 725, 100000);
}

/* RFC 2281 5.6 as printed (reference 1.6), states 1 Init 2 Learn 3 Listen 4 Speak 5 Standby 6 Active; "" no change.
 * Two cells differ on purpose: an Active heard without pre-emption is learnt from (E) whatever its priority. */
static const char *const rfc[HSRP_EVENTS][6] = {
    [HSRP_EV_A] = {"AB/3", "", "", "", "", ""},
    [HSRP_EV_B] = {"", "CD/1", "CD/1", "CD/1", "CD/1", "CDH/1"},
    [HSRP_EV_C] = {"", "", "AB/4", "", "CDFI/6", ""},
    [HSRP_EV_D] = {"", "", "B/4", "D/5", "", ""},
    [HSRP_EV_E] = {"", "", "", "F", "F", "F"},
    [HSRP_EV_F] = {"", "", "", "B/3", "B/3", ""},
    [HSRP_EV_G] = {"", "EAB/3", "EA", "EA", "EA", "AB/4"},
    [HSRP_EV_H] = {"", "EAB/3", "EA", "EA", "EA", "G"},
    [HSRP_EV_I] = {"", "", "AB/4", "A", "CDFI/6", ""},
    [HSRP_EV_J] = {"", "", "", "", "", "AB/4"},
    [HSRP_EV_K] = {"", "", "B", "B/3", "B/3", "B"},
    [HSRP_EV_L] = {"", "", "B/4", "D/5", "", "B"},
};

static void check_cell(enum hsrp_event ev, enum hsrp_state st, bool vip, bool preempt, const char *want)
{
    unsigned actions = 0;
    enum hsrp_state next = st;
    for (const char *p = want; *p; p++) {
        if (*p == '/') {
            next = (enum hsrp_state)(p[1] - '0');
            break;
        }
        actions |= 1u << (*p - 'A');
    }
    if (next != st && next >= HSRP_SPEAK)
        actions |= HSRP_ACT_F; /* the hello at once that real routers send */
    struct hsrp_step s = hsrp_fsm_step(st, ev, vip, preempt);
    cr_assert_eq(s.next, next, "event %c in %s: %s, want %s", 'a' + ev, hsrp_state_name(st), hsrp_state_name(s.next),
                 hsrp_state_name(next));
    cr_assert_eq(s.actions, actions, "event %c in %s: actions %x, want %x", 'a' + ev, hsrp_state_name(st), s.actions,
                 actions);
}

Test(hsrp_fsm, every_state_and_event)
{
    for (unsigned ev = 0; ev < HSRP_EVENTS; ev++) {
        check_cell((enum hsrp_event)ev, HSRP_DISABLED, true, true, "");
        for (unsigned st = HSRP_INIT; st < HSRP_STATES; st++)
            for (unsigned k = 0; k < 4; k++) {
                bool vip = k & 1, preempt = k & 2;
                const char *want = rfc[ev][st - 1];
                if (ev == HSRP_EV_A && st == HSRP_INIT && !vip)
                    want = "AB/2";
                if (ev == HSRP_EV_H && preempt && (st == HSRP_LISTEN || st == HSRP_SPEAK))
                    want = "BGFI/6";
                if (ev == HSRP_EV_H && preempt && st == HSRP_STANDBY)
                    want = "CDGFI/6";
                check_cell((enum hsrp_event)ev, (enum hsrp_state)st, vip, preempt, want);
            }
    }
}
