/* What no HSRP router would send: every kind of wrong packet has its counter or message and changes nothing, and a
 * flood of them costs no memory. */
#include "lib_hsrp.h"
#include <criterion/criterion.h>
#include <malloc.h>
#include <string.h>

#define ET "Ethernet1/1"
enum { PEER = 0x0a010063, V1 = 0xe0000002, V2 = 0xe0000066 };
static const char key[] = "0123456789abcdef";

static void authentication(struct hlab_node *n)
{
    struct args_interface block;
    struct args_standby_authentication a = {
        .group = 1, .has_group = true, .kw_md5 = true, .key = key, .has_key = true, .kw_key_string = true};
    struct cmd c = hlab_cmd(n, CMD_SET, &block, ET, NULL);
    cr_assert_eq(hsrp_cmd_authentication(&c, &a), CMD_OK);
}

static void begin(struct hlab *l, unsigned version, bool md5)
{
    hlab_init(l);
    hlab_start(l, 0, false, NULL);
    struct hlab_node *n = &l->node[0];
    hlab_version(n, ET, version);
    hlab_delay(n, ET, 0, 0);
    hlab_ip(n, ET, 1, "10.1.0.254");
    if (md5)
        authentication(n);
    hlab_run(l, 25);
    cr_assert_eq(hlab_state(l, 0), HSRP_ACTIVE);
    hlab_debug(n, true);
    hlab_forget(n);
}

static struct hsrp_packet packet(unsigned version)
{
    return (struct hsrp_packet){.version = (uint8_t)version,
                                .opcode = HSRP_COUP,
                                .state = HSRP_WIRE_LISTEN,
                                .hello_ms = 3000,
                                .hold_ms = 10000,
                                .priority = 255,
                                .group = 1,
                                .has_text = true,
                                .auth = "cisco",
                                .vip = addr_v4(0x0a0100fe)};
}

static size_t sealed(unsigned version, uint32_t source, const char *with, uint8_t *b)
{
    struct hsrp_packet p = packet(version);
    p.has_text = false;
    memset(p.auth, 0, sizeof p.auth);
    p.has_md5 = true;
    p.md5 = (struct hsrp_md5){.algorithm = 1, .source = addr_v4(source)};
    size_t n = hsrp_wire_encode(&p, b, HSRP_WIRE_MAX), at = hsrp_wire_digest_at(&p, b, n);
    hsrp_auth_digest(with, strlen(with), b, n, at, b + at);
    return n;
}

static void counted(struct hlab *l, const char *reason, const char *said)
{
    hlab_run(l, 0.001);
    cr_assert_eq(ip_drop_get(l->node[0].r, reason), 1, "%s: %lu\n%s", reason,
                 (unsigned long)ip_drop_get(l->node[0].r, reason), l->node[0].log.s);
    cr_assert(hlab_said(&l->node[0], said), "no '%s' in\n%s", said, l->node[0].log.s);
    cr_assert_eq(hlab_state(l, 0), HSRP_ACTIVE, "%s", reason);
}

static void changed(struct hlab *l, unsigned version, size_t at, uint8_t value)
{
    struct hsrp_packet p = packet(version);
    uint8_t b[HSRP_WIRE_MAX];
    size_t n = hsrp_wire_encode(&p, b, sizeof b);
    b[at] = value;
    hlab_inject(l, PEER, version == 2 ? V2 : V1, 1, b, n);
}

Test(hsrp_bad, every_kind_is_counted_and_named)
{
    for (unsigned version = 1; version <= 2; version++) {
        struct hlab l;
        begin(&l, version, false);
        uint32_t to = version == 2 ? V2 : V1, other = version == 2 ? V1 : V2;
        struct hsrp_packet p = packet(version);
        uint8_t b[HSRP_WIRE_MAX];
        size_t n = hsrp_wire_encode(&p, b, sizeof b);
        hlab_inject(&l, 0x0a090909, to, 1, b, n);
        counted(&l, "hsrp-subnet", "HSRP: Et1/1 Source IP 10.9.9.9 not in subnet");
        hlab_inject(&l, PEER, other, 1, b, n);
        counted(&l, "hsrp-destination", "HSRP: Et1/1 Packet from 10.1.0.99 to 224.0.0.");
        hlab_inject(&l, PEER, to, 1, b, n / 3);
        counted(&l, "hsrp-truncated", "Packet from 10.1.0.99, truncated packet");
        changed(&l, version, version == 2 ? 2 : 0, 7);
        counted(&l, "hsrp-version", "HSRP: Et1/1 Hello in from 10.1.0.99, bad version 7");
        changed(&l, version, version == 2 ? 3 : 1, 9);
        counted(&l, "hsrp-opcode", "bad op code");
        changed(&l, version, version == 2 ? 4 : 2, 255);
        counted(&l, "hsrp-state", "bad state");
        changed(&l, version, version == 2 ? 7 : 6, 77);
        counted(&l, "hsrp-unknown-group", "HSRP: Et1/1 Coup in from 10.1.0.99 for unknown group 77");
        changed(&l, version, version == 2 ? 44 : 8, 'C');
        counted(&l, "hsrp-authentication",
                "HSRP: Et1/1 Grp 1 Auth failed for Coup pkt from 10.1.0.99, Text auth failed");
        cr_assert(
            hlab_said(&l.node[0], "%HSRP-4-BADAUTH: Bad authentication from 10.1.0.99, group 1, remote state Listen"));
        if (version == 2) {
            changed(&l, 2, 43, 9);
            counted(&l, "hsrp-tlv", "bad TLV");
            changed(&l, 2, 5, 6);
            counted(&l, "hsrp-ipv6", "IPv6 is not supported");
            changed(&l, 2, 6, 0x7f);
            counted(&l, "hsrp-group", "bad group");
            changed(&l, 2, 14, 1);
            counted(&l, "hsrp-priority", "bad priority");
            changed(&l, 2, 22, 1);
            counted(&l, "hsrp-timers", "bad timers");
        } else {
            static const uint8_t adv[16] = {0, 3, 0, 9, 0, 14, 3, 0, 0, 1, 0, 2};
            hlab_inject(&l, PEER, V1, 1, adv, sizeof adv);
            counted(&l, "hsrp-advertisement", "bad advertisement");
        }
        struct hsrp_packet low = packet(version);
        low.priority = 50;
        uint8_t tail[HSRP_WIRE_MAX + 6];
        size_t ln = hsrp_wire_encode(&low, tail, HSRP_WIRE_MAX);
        memcpy(tail + ln, (uint8_t[]){9, 4, 1, 2, 3, 4}, 6);
        hlab_inject(&l, PEER, to, 1, tail, ln + 6);
        hlab_run(&l, 0.001);
        cr_assert(hlab_said(&l.node[0], "HSRP: Et1/1 Packet from 10.1.0.99, unknown TLV passed over"));
        cr_assert_eq(hlab_group(&l.node[0], ET, 1)->hif->unknown_tlv_in, 1);
        uint32_t own = 0x0a010001;
        hlab_inject(&l, own, to, 1, b, n);
        hlab_run(&l, 0.001);
        cr_assert_eq(hlab_state(&l, 0), HSRP_ACTIVE, "from our own address");
        /* A wrong TTL alone is tolerated (interop 5): the Coup counts. */
        hlab_inject(&l, PEER, to, 255, b, n);
        hlab_run(&l, 0.001);
        cr_assert_eq(hlab_state(&l, 0), HSRP_SPEAK);
        cr_assert(hlab_said(&l.node[0], "HSRP: Et1/1 Packet from 10.1.0.99 with TTL 255 accepted"));
        cr_assert_eq(hlab_group(&l.node[0], ET, 1)->hif->odd_ttl_in, 1);
        hlab_free(&l);
    }
}

Test(hsrp_bad, digests)
{
    for (unsigned version = 1; version <= 2; version++) {
        struct hlab l;
        begin(&l, version, true);
        uint32_t to = version == 2 ? V2 : V1;
        uint8_t b[HSRP_WIRE_MAX];
        size_t n = sealed(version, PEER, "another key", b);
        hlab_inject(&l, PEER, to, 1, b, n);
        counted(&l, "hsrp-authentication", "Auth failed for Coup pkt from 10.1.0.99, MD5 auth failed");
        cr_assert(hlab_said(&l.node[0], "%HSRP-4-BADAUTH: Bad authentication from 10.1.0.99, group 1"));
        /* Another router's packet, sent again from here. */
        n = sealed(version, PEER + 1, key, b);
        hlab_inject(&l, PEER, to, 1, b, n);
        counted(&l, "hsrp-replay", "Auth failed for Coup pkt from 10.1.0.99, MD5 source failed");
        cr_assert_eq(hlab_group(&l.node[0], ET, 1)->replayed, 1);
        n = sealed(version, PEER, key, b);
        b[n - 1] ^= 1;
        hlab_inject(&l, PEER, to, 1, b, n);
        hlab_run(&l, 0.001);
        b[n - 1] ^= 1;
        b[version == 2 ? 17 : 5]--; /* a good digest of something else */
        hlab_inject(&l, PEER, to, 1, b, n);
        struct hsrp_packet p = packet(version); /* no digest at all */
        uint8_t plain[HSRP_WIRE_MAX];
        hlab_inject(&l, PEER, to, 1, plain, hsrp_wire_encode(&p, plain, sizeof plain));
        hlab_run(&l, 0.001);
        cr_assert_eq(ip_drop_get(l.node[0].r, "hsrp-authentication"), 4);
        cr_assert_eq(hlab_state(&l, 0), HSRP_ACTIVE);
        n = sealed(version, PEER, key, b);
        hlab_inject(&l, PEER, to, 1, b, n);
        hlab_run(&l, 0.001);
        cr_assert_eq(hlab_state(&l, 0), HSRP_SPEAK, "the right one counts");
        hlab_free(&l);
    }
}

static void flood(struct hlab *l, unsigned rounds)
{
    uint8_t b[HSRP_WIRE_MAX];
    for (unsigned i = 0; i < rounds; i++) {
        struct hsrp_packet p = packet(2);
        p.opcode = i % 3 ? HSRP_HELLO : HSRP_RESIGN;
        p.priority = (uint8_t)(i % 100);
        p.group = (uint16_t)(i % 7 ? 1 : i % 4096);
        size_t n = hsrp_wire_encode(&p, b, sizeof b);
        if (i % 5 == 0)
            b[i % n] ^= (uint8_t)(1 + i % 255);
        hlab_inject(l, 0x0a010000 + 2 + i % 250, V2, 1, b, n);
        hlab_run(l, 0.0001);
    }
}

Test(hsrp_bad, a_flood_keeps_memory_flat)
{
    struct hlab l;
    begin(&l, 2, false);
    hlab_debug(&l.node[0], false);
    flood(&l, 20000);
    hlab_forget(&l.node[0]);
    size_t before = mallinfo2().uordblks;
    flood(&l, 40000);
    struct hsrp_if *hif = hlab_group(&l.node[0], ET, 1)->hif;
    cr_assert_leq(hif->n_nbrs, HSRP_MAX_NBR);
    hlab_forget(&l.node[0]);
    cr_assert_lt(mallinfo2().uordblks, before + 300000, "%zu octets more", mallinfo2().uordblks - before);
    cr_assert_eq(router_audit(l.node[0].r, NULL, NULL), 0);
    hlab_free(&l);
}
