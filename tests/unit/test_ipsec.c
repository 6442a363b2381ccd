/* modules/ipsec between routers on a memory switch: policy, windows, numbers at takeover, mutated packets. */
#include "tests/unit/lib_ipsec.h"
#include <criterion/criterion.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void audit_fail(void *ctx, const char *inv, const char *text)
{
    (void)ctx;
    cr_assert(false, "invariant %s: %s", inv, text);
}

static void done(struct lab *l)
{
    for (unsigned i = 0; i < 3; i++)
        if (l->n[i].r != NULL)
            ipsec_module.audit(l->n[i].r, ipsec_of(l->n[i].r), audit_fail, NULL);
    ilab_close(l);
}

static void pair_up(struct lab *l)
{
    ilab_open(l);
    ilab_node(l, 0, "spoke", ilab_spoke_ip);
    ilab_node(l, 1, "gw1", ilab_gw_ip);
    ilab_spoke_config(&l->n[0]);
    ilab_gw_config(&l->n[1], "", false);
    ilab_run(l, 0.1);
}

Test(ipsec, first_packet_is_held_and_nothing_leaves_in_clear)
{
    struct lab l;
    pair_up(&l);
    ilab_send(&l.n[0], ilab_spoke_ip, ilab_inside_ip, 100, false);
    ilab_run(&l, 0.1);
    cr_assert_eq(l.n[0].acquires, 1);
    cr_assert_eq(l.n[1].got, 1);
    cr_assert_eq(l.n[1].last_len, 100);
    ilab_send(&l.n[1], ilab_inside_ip, ilab_spoke_ip, 200, false);
    ilab_run(&l, 0.1);
    cr_assert_eq(l.n[0].got, 1, "the answer matches the dynamic entry's flow");
    cr_assert_eq(l.clear, 0);
    cr_assert_eq(l.esp, 2);
    /* A flow that no entry protects goes in clear. */
    ilab_send(&l.n[0], ilab_spoke_ip, ilab_gw_ip, 10, false);
    ilab_run(&l, 0.1);
    cr_assert_eq(l.n[1].got, 2);
    cr_assert_eq(l.esp, 2);
    done(&l);
}

Test(ipsec, no_sa_no_packet)
{
    struct lab l;
    pair_up(&l);
    l.auto_keys = false;
    for (unsigned i = 0; i < 50; i++)
        ilab_send(&l.n[0], ilab_spoke_ip, ilab_inside_ip, 100, false);
    ilab_run(&l, 1);
    cr_assert_eq(l.clear + l.esp, 0);
    cr_assert_eq(l.n[0].acquires, 1);
    struct ipsec *st = ipsec_of(l.n[0].r);
    cr_assert_eq(st->acquires->held.n, IPSEC_HELD_MAX);
    cr_assert_eq(ip_drop_get(l.n[0].r, "ipsec-no-sa"), 50 - IPSEC_HELD_MAX);
    struct ipsec_proposal p = st->acquires->prop;
    ipsec_acquire_failed(l.n[0].r, &p, "test");
    cr_assert_eq(ip_drop_get(l.n[0].r, "ipsec-no-sa"), 50);
    ilab_send(&l.n[0], ilab_spoke_ip, ilab_inside_ip, 100, false);
    cr_assert_eq(l.n[0].acquires, 1, "a pause after the failure");
    ilab_run(&l, 2);
    ilab_send(&l.n[0], ilab_spoke_ip, ilab_inside_ip, 100, false);
    cr_assert_eq(l.n[0].acquires, 2);
    ilab_run(&l, 100);
    cr_assert_eq(st->n_acquires, 0, "given up");
    cr_assert_eq(l.clear, 0);
    done(&l);
}

Test(ipsec, clear_text_that_should_be_protected_is_refused)
{
    struct lab l;
    pair_up(&l);
    ilab_send(&l.n[0], ilab_spoke_ip, ilab_inside_ip, 100, false);
    ilab_run(&l, 0.1);
    ipsec_binding_clear(ipsec_of(l.n[0].r),
                        netif_find(l.n[0].r, "Ethernet1/1")); /* the spoke forgets its policy, gw gets the DELETE */
    cr_assert_eq(ipsec_of(l.n[1].r)->n_sas, 0);
    struct ipsec_pair a, b;
    ilab_pair(&l, &l.n[0], &l.n[1], &a, &b);
    cr_assert_eq(ipsec_pair_install(l.n[1].r, &b, 0), 0);
    unsigned got = l.n[1].got;
    ilab_send(&l.n[0], ilab_spoke_ip, ilab_inside_ip, 100, false);
    ilab_run(&l, 0.1);
    cr_assert_eq(l.n[1].got, got);
    cr_assert_geq(l.clear, 1);
    cr_assert_eq(ip_drop_get(l.n[1].r, "crypto-clear-text"), 1);
    done(&l);
}

Test(ipsec, replay_and_tampering)
{
    struct lab l;
    pair_up(&l);
    ilab_send(&l.n[0], ilab_spoke_ip, ilab_inside_ip, 100, false);
    ilab_run(&l, 0.1);
    struct seen_packet p = l.last_esp;
    unsigned got = l.n[1].got;
    for (unsigned i = 0; i < 5; i++)
        ilab_inject(&l, p.data, p.len);
    ilab_run(&l, 0.1);
    cr_assert_eq(l.n[1].got, got);
    cr_assert_eq(ip_drop_get(l.n[1].r, "esp-replay"), 5);
    struct seen_packet q = p;
    q.data[14 + 20 + 7] += 50; /* another number, same ICV */
    ilab_inject(&l, q.data, q.len);
    ilab_run(&l, 0.1);
    cr_assert_eq(ip_drop_get(l.n[1].r, "esp-mac"), 1);
    cr_assert_eq(ipsec_of(l.n[1].r)->first->win.top, 1, "the window moves only after the ICV was right");
    q.data[14 + 20] ^= 0x55;
    ilab_inject(&l, q.data, q.len);
    ilab_run(&l, 0.1);
    cr_assert_eq(ip_drop_get(l.n[1].r, "esp-invalid-spi"), 1);
    done(&l);
}

Test(ipsec, sizes_fragments_and_df)
{
    struct lab l;
    pair_up(&l);
    ilab_send(&l.n[0], ilab_spoke_ip, ilab_inside_ip, 10, false);
    ilab_run(&l, 0.1);
    struct sa *s = ipsec_of(l.n[0].r)->first;
    cr_assert_eq(ipsec_esp_plain_mtu(s, 1500), 1438, "reference 5.2");
    for (size_t n = 0; n <= 1500; n += 7) {
        unsigned got = l.n[1].got;
        ilab_send(&l.n[0], ilab_spoke_ip, ilab_inside_ip, n, false);
        ilab_run(&l, 0.01);
        cr_assert_eq(l.n[1].got, got + 1, "%zu bytes", n);
        cr_assert_eq(l.n[1].last_len, n);
    }
    unsigned got = l.n[1].got, esp = l.esp;
    ilab_send(&l.n[0], ilab_spoke_ip, ilab_inside_ip, 1438 - 28, true);
    ilab_run(&l, 0.1);
    cr_assert_eq(l.n[1].got, got + 1, "exactly the plaintext MTU");
    cr_assert_eq(l.esp, esp + 1);
    ilab_send(&l.n[0], ilab_spoke_ip, ilab_inside_ip, 1438 - 27, true);
    ilab_run(&l, 0.1);
    cr_assert_eq(l.n[1].got, got + 1);
    cr_assert_eq(ip_drop_get(l.n[0].r, "ipsec-df"), 1);
    cr_assert_eq(l.last_esp.data[14 + 6] & 0x40, 0x40, "DF copied");
    ipsec_of(l.n[0].r)->df = DF_CLEAR;
    ilab_send(&l.n[0], ilab_spoke_ip, ilab_inside_ip, 1450, true);
    ilab_run(&l, 0.1);
    cr_assert_eq(l.n[1].got, got + 2, "the ESP packet is fragmented");
    ilab_send(&l.n[0], ilab_spoke_ip, ilab_inside_ip, 6000, false);
    ilab_run(&l, 0.1);
    cr_assert_eq(l.n[1].got, got + 3);
    done(&l);
}

Test(ipsec, every_suite_and_mode)
{
    static const struct ipsec_transform ts[] = {{.cipher = CIPHER_AES_CBC, .key_bits = 128, .auth = HASH_SHA256},
                                                {.cipher = CIPHER_AES_CBC, .key_bits = 192, .auth = HASH_MD5},
                                                {.cipher = CIPHER_3DES, .auth = HASH_SHA1},
                                                {.cipher = CIPHER_DES, .auth = HASH_MD5},
                                                {.cipher = CIPHER_NULL, .auth = HASH_SHA1},
                                                {.cipher = CIPHER_AES_CBC, .key_bits = 256, .auth = HASH_SHA512},
                                                {.cipher = CIPHER_AES_CBC, .key_bits = 256, .auth = HASH_NONE}};
    for (unsigned i = 0; i < 2 * sizeof ts / sizeof *ts; i++) {
        struct lab l;
        ilab_open(&l);
        l.t = ts[i / 2];
        l.udp = i & 1;
        snprintf(l.t.name, sizeof l.t.name, "t2");
        ilab_node(&l, 0, "spoke", ilab_spoke_ip);
        ilab_node(&l, 1, "gw1", ilab_gw_ip);
        ilab_spoke_config(&l.n[0]);
        ilab_gw_config(&l.n[1], "", false);
        for (size_t n = 1; n < 1500; n += 111) {
            ilab_send(&l.n[0], ilab_spoke_ip, ilab_inside_ip, n, false);
            ilab_run(&l, 0.1);
            ilab_send(&l.n[1], ilab_inside_ip, ilab_spoke_ip, n, false);
            ilab_run(&l, 0.1);
        }
        cr_assert_eq(l.n[1].got, 14, "suite %u", i);
        cr_assert_eq(l.n[0].got, 14, "suite %u", i);
        cr_assert_eq(l.clear, 0);
        done(&l);
    }
}

Test(ipsec, transport_mode)
{
    for (unsigned udp = 0; udp < 2; udp++) {
        struct lab l;
        struct ipsec_pair a, b;
        ilab_open(&l);
        l.t.transport = true;
        l.udp = udp;
        ilab_node(&l, 0, "spoke", ilab_spoke_ip);
        ilab_node(&l, 1, "gw1", ilab_gw_ip);
        ilab_spoke_config(&l.n[0]);
        ilab_gw_config(&l.n[1], "", false);
        struct acl *acl = acl_find(l.n[0].r, "test_1");
        struct acl_line line = *acl->lines;
        addr_parse(ilab_gw_ip, &line.rule.dst);
        line.rule.seq = 0;
        uint32_t seq;
        cr_assert_eq(acl_line_put(l.n[0].r, acl, &line, &seq), 0);
        ilab_pair(&l, &l.n[0], &l.n[1], &a, &b);
        cr_assert_eq(ipsec_pair_install(l.n[0].r, &a, 0), 0);
        cr_assert_eq(ipsec_pair_install(l.n[1].r, &b, 0), 0);
        ipsec_pair_enable(l.n[0].r, a.in_spi);
        ipsec_pair_enable(l.n[1].r, b.in_spi);
        cr_assert_eq(ipsec_esp_plain_mtu(ipsec_of(l.n[0].r)->first, 1500), udp ? 1442 : 1458, "reference 5.2");
        for (size_t n = 1; n < 1440; n += 80) {
            ilab_send(&l.n[0], ilab_spoke_ip, ilab_gw_ip, n, false);
            ilab_run(&l, 0.1);
            cr_assert_eq(l.n[1].last_len, n);
            ilab_send(&l.n[1], ilab_gw_ip, ilab_spoke_ip, n, false);
            ilab_run(&l, 0.1);
            cr_assert_eq(l.n[0].last_len, n);
        }
        cr_assert_eq(l.esp, 36, "each as one packet");
        cr_assert_eq(l.n[0].got, 18);
        cr_assert_eq(l.n[1].got, 18);
        done(&l);
    }
}

Test(ipsec, rekey_by_volume_and_time_loses_nothing)
{
    struct lab l;
    ilab_open(&l);
    l.life_kb = 2560;
    l.life_s = 120;
    l.initiator_rekeys = true;
    ilab_node(&l, 0, "spoke", ilab_spoke_ip);
    ilab_node(&l, 1, "gw1", ilab_gw_ip);
    ilab_spoke_config(&l.n[0]);
    ilab_gw_config(&l.n[1], "", false);
    for (unsigned i = 0; i < 6000; i++) { /* 8.4 MB: three rekeys by volume */
        ilab_send(&l.n[0], ilab_spoke_ip, ilab_inside_ip, 1400, false);
        ilab_run(&l, 0.001);
    }
    cr_assert_eq(l.n[1].got, 6000);
    cr_assert_geq(l.n[0].acquires, 4);
    unsigned before = l.n[0].acquires;
    for (unsigned i = 0; i < 300; i++) {
        ilab_send(&l.n[0], ilab_spoke_ip, ilab_inside_ip, 100, false);
        ilab_send(&l.n[1], ilab_inside_ip, ilab_spoke_ip, 100, false);
        ilab_run(&l, 1);
    }
    cr_assert_eq(l.n[1].got, 6300);
    cr_assert_eq(l.n[0].got, 300);
    cr_assert_geq(l.n[0].acquires, before + 2, "rekeys by time");
    cr_assert_leq(ipsec_of(l.n[0].r)->n_sas, 2, "old pairs are gone");
    cr_assert_leq(ipsec_of(l.n[1].r)->n_sas, 2);
    cr_assert_eq(l.clear, 0);
    done(&l);
}

/* ---- numbers ---- */
Test(ipsec_replay, window_cells)
{
    for (uint32_t size = 64; size <= 1024; size *= 2) {
        struct replay_window w;
        ipsec_replay_init(&w, size);
        cr_assert(!ipsec_replay_check(&w, 0), "0 is never sent");
        cr_assert(ipsec_replay_check(&w, 1));
        ipsec_replay_advance(&w, 5000);
        cr_assert(!ipsec_replay_check(&w, 5000));
        cr_assert(!ipsec_replay_check(&w, 5000 - size), "left of the window");
        cr_assert(ipsec_replay_check(&w, 5000 - size + 1), "its left edge");
        for (uint32_t i = 5000 - size + 1; i < 5000; i++) {
            cr_assert(ipsec_replay_check(&w, i));
            cr_assert(ipsec_replay_advance(&w, i));
            cr_assert(!ipsec_replay_check(&w, i));
        }
        ipsec_replay_advance(&w, 5001);
        cr_assert(!ipsec_replay_check(&w, 5001 - size));
        ipsec_replay_advance(&w, 4000000000u);
        cr_assert(ipsec_replay_check(&w, 4000000000u - 1), "a jump leaves the window empty");
        ipsec_replay_advance(&w, UINT32_MAX);
        cr_assert(!ipsec_replay_check(&w, UINT32_MAX));
        cr_assert(ipsec_replay_check(&w, UINT32_MAX - size + 1));
    }
    struct replay_window w;
    ipsec_replay_init(&w, 0);
    cr_assert(ipsec_replay_check(&w, 7) && ipsec_replay_check(&w, 7), "disabled");
    ipsec_replay_init(&w, 64);
    ipsec_replay_advance(&w, 100);
    ipsec_replay_refuse_to(&w, 120);
    for (uint32_t i = 0; i <= 120; i++)
        cr_assert(!ipsec_replay_check(&w, i));
    cr_assert(ipsec_replay_check(&w, 121));
}

/* Every number against a plain list of what was accepted. */
Test(ipsec_replay, window_against_a_list)
{
    static uint8_t seen[20000];
    struct replay_window w;
    uint32_t x = 12345, top = 0;
    ipsec_replay_init(&w, 256);
    memset(seen, 0, sizeof seen);
    for (unsigned i = 0; i < 200000; i++) {
        x = x * 1664525u + 1013904223u;
        uint32_t base = i / 12, seq = base + (x >> 8) % 400 + 1;
        bool want = seq > top || (top - seq < 256 && !seen[seq]);
        cr_assert_eq(ipsec_replay_check(&w, seq), want, "step %u number %u top %u", i, seq, top);
        if (want) {
            ipsec_replay_advance(&w, seq);
            seen[seq] = 1;
            if (seq > top)
                top = seq;
        }
    }
}

Test(ipsec_replay, reservation)
{
    struct reservation v = {0};
    cr_assert_eq(ipsec_reserve_allowed(&v, 0, 1000), 0, "nothing handed over, nothing allowed");
    ipsec_reserve_handed(&v, 1000, NS_PER_S);
    cr_assert_eq(ipsec_reserve_allowed(&v, NS_PER_S, 1000), 1000);
    cr_assert(!ipsec_reserve_wanted(&v, 499, 1000));
    cr_assert(ipsec_reserve_wanted(&v, 500, 1000), "at M/2");
    ipsec_reserve_acked(&v, 1000, NS_PER_S);
    ipsec_reserve_handed(&v, 2000, 2 * NS_PER_S);
    ipsec_reserve_handed(&v, 9000000, 2 * NS_PER_S);
    cr_assert_eq(ipsec_reserve_allowed(&v, 2 * NS_PER_S, 1000), 1000 + 2000 + 500000);
    cr_assert_eq(ipsec_reserve_allowed(&v, 3 * NS_PER_S, 1000), 1000 + 2000 + 1500000,
                 "P per second beyond the limit acknowledged");
    cr_assert_eq(ipsec_reserve_allowed(&v, 60 * NS_PER_S, 1000), 9000000, "never beyond what was handed over");
    ipsec_reserve_acked(&v, 2000, 4 * NS_PER_S);
    cr_assert_eq(v.acked, 2000);
    cr_assert_neq(v.unacked_at, 0, "an older record's acknowledgement does not cover the newer one");
    ipsec_reserve_acked(&v, 9000000, 4 * NS_PER_S);
    cr_assert_eq(v.unacked_at, 0);
    /* Whatever the active may have used, the successor starts above it. */
    for (nstime t = 0; t < 20 * NS_PER_S; t += 37 * NS_PER_MS) {
        bool rekey;
        struct reservation a = {.sent = 100000000, .acked = 5000, .unacked_at = NS_PER_S};
        cr_assert_gt(ipsec_successor_out(5000, 1000, t, &rekey), ipsec_reserve_allowed(&a, NS_PER_S + t, 1000));
        cr_assert(!rekey);
    }
    bool rekey;
    ipsec_successor_out(0xE0000000u, 1000, 300 * NS_PER_S, &rekey);
    cr_assert(rekey);
    cr_assert_eq(ipsec_successor_out(UINT32_MAX - 5, 1000, 10 * NS_PER_S, &rekey), UINT32_MAX);
    cr_assert(rekey);
    cr_assert_eq(ipsec_successor_in(100, 10, 0, NS_PER_S), 101, "a quiet tunnel loses one number");
    cr_assert_eq(ipsec_successor_in(100, 10, 1, NS_PER_S), 103);
    cr_assert_eq(ipsec_successor_in(100, 10, 1000, NS_PER_S), 120, "2N at most");
    cr_assert_eq(ipsec_successor_in(100, 1000, 100, NS_PER_S / 4), 151);
}

/* ---- failover ---- */
static void ha_up(struct lab *l)
{
    ilab_open(l);
    ilab_node(l, 0, "spoke", ilab_spoke_ip);
    ilab_node(l, 1, "gw1", "10.1.11.1");
    ilab_node(l, 2, "gw2", "10.1.11.2");
    ilab_spoke_config(&l->n[0]);
    ilab_gw_config(&l->n[1], "ha-out", true);
    ilab_gw_config(&l->n[2], "ha-out", true);
    l->n[1].standby = &l->n[2];
    ilab_role(&l->n[2], ROLE_STANDBY, 10 * NS_PER_S);
    ilab_role(&l->n[1], ROLE_ACTIVE, 10 * NS_PER_S);
    ilab_run(l, 0.1);
}

static void traffic(struct lab *l, unsigned n, double every)
{
    for (unsigned i = 0; i < n; i++) {
        ilab_send(&l->n[0], ilab_spoke_ip, ilab_inside_ip, 100, false);
        ilab_run(l, every / 2);
        ilab_send(&l->n[l->n[1].r != NULL && ipsec_of(l->n[1].r)->bindings->active ? 1 : 2], ilab_inside_ip,
                  ilab_spoke_ip, 100, false);
        ilab_run(l, every / 2);
    }
}

static void no_number_twice(const struct lab *l)
{
    for (unsigned i = 0; i < l->n_log; i++)
        for (unsigned k = 0; k < i; k++)
            cr_assert(memcmp(l->esp_log[i].data + 34, l->esp_log[k].data + 34, 8) != 0,
                      "SPI and number of packets %u and %u", i, k);
}

Test(ipsec_ha, standby_holds_the_pair_and_takes_over)
{
    struct lab l;
    ha_up(&l);
    struct ipsec *a = ipsec_of(l.n[1].r), *b = ipsec_of(l.n[2].r);
    traffic(&l, 20, 0.01);
    cr_assert_eq(a->n_sas, 1);
    cr_assert_eq(b->n_sas, 1, "synchronised");
    cr_assert(!b->first->active && b->first->enabled && b->first->seal != NULL, "keyed and ready");
    cr_assert_eq(b->first->p.in_spi, a->first->p.in_spi);
    cr_assert_geq(b->first->seq, a->first->seq, "the standby knows a limit, not a report");
    uint32_t used = a->first->seq, edge = a->first->win.top;
    struct seen_packet old = l.esp_log[l.n_log - 2];
    ilab_run(&l, 1.5);
    l.n[1].standby = NULL;
    ilab_role(&l.n[1], ROLE_INIT, 10 * NS_PER_S);
    ilab_run(&l, 2);
    ilab_role(&l.n[2], ROLE_ACTIVE, 10 * NS_PER_S);
    cr_assert(b->first->active);
    cr_assert_gt(b->first->seq, used + 1000000, "P for the second");
    cr_assert_geq(b->first->win.floor, edge);
    cr_assert_leq(b->first->win.floor, edge + 20);
    cr_assert(b->first->routed, "reverse route at activation");
    ilab_inject(&l, old.data, old.len);
    ilab_run(&l, 0.1);
    cr_assert_geq(ip_drop_get(l.n[2].r, "esp-replay"), 1, "nothing from before is accepted");
    unsigned got = l.n[2].got, back = l.n[0].got;
    traffic(&l, 25, 0.01);
    cr_assert_geq(l.n[2].got, got + 4, "at most 2N + 1 lost");
    cr_assert_eq(l.n[0].got, back + 25, "our numbers are above the spoke's window at once");
    cr_assert_eq(l.n[0].acquires, 1, "no negotiation");
    cr_assert_eq(l.clear, 0);
    no_number_twice(&l);
    done(&l);
}

Test(ipsec_ha, quiet_tunnel_is_not_dark)
{
    struct lab l;
    ha_up(&l);
    traffic(&l, 5, 1);
    ilab_run(&l, 1.5);
    l.n[1].standby = NULL;
    ilab_role(&l.n[1], ROLE_INIT, 10 * NS_PER_S);
    ilab_role(&l.n[2], ROLE_ACTIVE, 10 * NS_PER_S);
    traffic(&l, 5, 1);
    cr_assert_geq(l.n[2].got, 2, "1 + 2rT numbers are refused: three at one a second");
    cr_assert_eq(l.n[0].got, 10);
    done(&l);
}

Test(ipsec_ha, switchover_with_notice_is_exact)
{
    struct lab l;
    ha_up(&l);
    traffic(&l, 20, 0.01);
    uint32_t used = ipsec_of(l.n[1].r)->first->seq;
    ipsec_module.shutdown(l.n[1].r, ipsec_of(l.n[1].r));
    ilab_send(&l.n[1], ilab_inside_ip, ilab_spoke_ip, 100, false);
    cr_assert_eq(ipsec_of(l.n[1].r)->first->seq, used, "no number after the notice");
    ilab_role(&l.n[1], ROLE_INIT, 10 * NS_PER_S);
    ilab_role(&l.n[2], ROLE_ACTIVE, 10 * NS_PER_S);
    cr_assert_eq(ipsec_of(l.n[2].r)->first->seq, used, "no jump");
    unsigned got = l.n[2].got, back = l.n[0].got;
    traffic(&l, 20, 0.01);
    cr_assert_eq(l.n[2].got, got + 20, "no loss");
    cr_assert_eq(l.n[0].got, back + 20);
    no_number_twice(&l);
    done(&l);
}

Test(ipsec_ha, unit_state_holds_back_and_old_records_are_dropped)
{
    struct lab l;
    ha_up(&l);
    traffic(&l, 5, 0.01);
    struct ipsec *b = ipsec_of(l.n[2].r);
    ha_state_set(l.n[2].r, HA_STANDBY, 0);
    l.n[1].standby = NULL;
    ilab_role(&l.n[1], ROLE_INIT, 10 * NS_PER_S);
    ilab_role(&l.n[2], ROLE_ACTIVE, 10 * NS_PER_S);
    cr_assert(!b->first->active, "the group is Active but the unit is not");
    struct addr gw;
    addr_parse(ilab_gw_ip, &gw);
    cr_assert(!ipsec_endpoint_find(l.n[2].r, &gw, NULL));
    ilab_send(&l.n[2], ilab_inside_ip, ilab_spoke_ip, 100, false);
    cr_assert_eq(l.clear, 0, "a standby's flow does not leave in clear");
    ilab_run(&l, 61);
    ha_state_set(l.n[2].r, HA_ACTIVE, 0);
    cr_assert_eq(b->n_sas, 0, "older than 60 s: negotiated anew");
    cr_assert(ipsec_endpoint_find(l.n[2].r, &gw, NULL));
    cr_assert_eq(l.n[2].deletes, 0, "quietly");
    done(&l);
}

Test(ipsec_ha, deletes_travel_and_clear_on_the_standby_stays_local)
{
    struct lab l;
    ha_up(&l);
    traffic(&l, 2, 0.01);
    struct ipsec *a = ipsec_of(l.n[1].r), *b = ipsec_of(l.n[2].r);
    ipsec_sa_delete(b->first, "clear on the standby", true, true, 0);
    cr_assert_eq(b->n_sas, 0);
    cr_assert_eq(a->n_sas, 1);
    cr_assert_eq(l.n[2].deletes, 0);
    struct sync_key key = ipsec_ha_key(a->first->p.in_spi);
    sync_dirty(l.n[1].r, &ipsec_sync_sa, &key);
    cr_assert_eq(b->n_sas, 1, "back with the next snapshot");
    ipsec_sync_sa.mark_stale(l.n[2].r);
    sync_dirty(l.n[1].r, &ipsec_sync_sa, &key);
    cr_assert_eq(ipsec_sync_sa.sweep_stale(l.n[2].r, 0), 0);
    cr_assert_eq(ipsec_sync_sa.version(l.n[1].r, &key), ipsec_sync_sa.version(l.n[2].r, &key));
    ipsec_sync_sa.mark_stale(l.n[2].r);
    cr_assert_eq(ipsec_sync_sa.sweep_stale(l.n[2].r, 0), 1);
    sync_dirty(l.n[1].r, &ipsec_sync_sa, &key);
    ipsec_sa_delete(a->first, "cleared", true, true, 0);
    cr_assert_eq(b->n_sas, 0, "the delete reached the standby");
    cr_assert_eq(l.n[1].deletes, 1);
    cr_assert_eq(ipsec_of(l.n[0].r)->n_sas, 0, "and the peer");
    done(&l);
}

Test(ipsec_ha, a_peer_that_does_not_acknowledge_does_not_stop_traffic)
{
    struct lab l;
    ha_up(&l);
    traffic(&l, 1, 0.01);
    l.n[1].hold_acks = true;
    unsigned got = l.n[0].got;
    for (unsigned i = 0; i < 20000; i++) {
        ilab_send(&l.n[1], ilab_inside_ip, ilab_spoke_ip, 20, false);
        if (i % 64 == 0)
            ilab_run(&l, 0.001);
    }
    ilab_run(&l, 0.1);
    cr_assert_eq(l.n[0].got, got + 20000);
    cr_assert_eq(ip_drop_get(l.n[1].r, "replay-reserve"), 0);
    cr_assert_geq(ipsec_of(l.n[2].r)->first->seq, ipsec_of(l.n[1].r)->first->seq);
    done(&l);
}

Test(ipsec_ha, records_are_checked)
{
    struct lab l;
    ha_up(&l);
    traffic(&l, 2, 0.01);
    struct ipsec *a = ipsec_of(l.n[1].r);
    struct sync_key key = ipsec_ha_key(a->first->p.in_spi);
    uint8_t buf[4096], bad[4096];
    struct builder bb = builder_make(buf, sizeof buf);
    cr_assert_eq(ipsec_sync_sa.encode(l.n[1].r, &key, &bb), SYNC_OK);
    for (size_t n = 0; n < bb.len; n++) { /* truncated everywhere */
        struct cursor c = cursor_make(buf, n);
        ipsec_sync_sa.apply(l.n[2].r, &key, &c, 0);
    }
    uint32_t x = 99;
    for (unsigned i = 0; i < 100000; i++) {
        memcpy(bad, buf, bb.len);
        for (unsigned k = 0; k < 1 + i % 4; k++) {
            x = x * 1664525u + 1013904223u;
            bad[(x >> 8) % bb.len] = (uint8_t)(x >> 24);
        }
        struct cursor c = cursor_make(bad, bb.len);
        if (i & 1)
            ipsec_sync_sa.apply(l.n[2].r, &key, &c, 0);
        else
            ipsec_sync_replay.apply(l.n[2].r, &key, &c, 0);
    }
    cr_assert_leq(ipsec_of(l.n[2].r)->n_sas, 1);
    /* A record for a map that is not here is refused, not held. */
    ipsec_binding_clear(ipsec_of(l.n[2].r), netif_find(l.n[2].r, "Ethernet1/1"));
    struct cursor c = cursor_make(buf, bb.len);
    cr_assert_eq(ipsec_sync_sa.apply(l.n[2].r, &key, &c, 0), SYNC_REFUSED);
    cr_assert_eq(ipsec_of(l.n[2].r)->n_sas, 0);
    done(&l);
}

Test(ipsec, mutated_packets)
{
    struct lab l;
    pair_up(&l);
    ilab_send(&l.n[0], ilab_spoke_ip, ilab_inside_ip, 100, false);
    ilab_run(&l, 0.1);
    struct seen_packet p = l.last_esp;
    unsigned got = l.n[1].got;
    struct ipsec *st = ipsec_of(l.n[1].r);
    struct netif *in = netif_find(l.n[1].r, "Ethernet1/1");
    uint32_t x = 4711;
    for (unsigned i = 0; i < 100000; i++) {
        struct frame *f = frame_alloc(l.loop);
        uint32_t len = (uint32_t)p.len - 14;
        uint8_t *d = frame_put(f, len);
        memcpy(d, p.data + 14, len);
        f->in = in;
        for (unsigned k = 0; k < 1 + i % 5; k++) {
            x = x * 1664525u + 1013904223u;
            d[(x >> 8) % len] = (uint8_t)(x >> 24);
        }
        x = x * 1664525u + 1013904223u;
        if (i % 7 == 0)
            f->len = (x >> 8) % (len + 1);
        struct frame_vec v = {.n = 1, .f = {f}};
        ipsec_esp_input_vec(st, &v);
    }
    cr_assert_eq(l.n[1].got, got, "none was accepted");
    ilab_send(&l.n[0], ilab_spoke_ip, ilab_inside_ip, 100, false);
    ilab_run(&l, 0.1);
    cr_assert_eq(l.n[1].got, got + 1, "and the tunnel lives");
    done(&l);
}

/* With the right keys but hostile content: padding, next header and inner packets of every kind. */
Test(ipsec, mutated_plaintext)
{
    struct lab l;
    pair_up(&l);
    ilab_send(&l.n[0], ilab_spoke_ip, ilab_inside_ip, 100, false);
    ilab_run(&l, 0.1);
    struct sa *s = ipsec_of(l.n[0].r)->first;
    struct seen_packet p = l.last_esp;
    struct netif *in = netif_find(l.n[1].r, "Ethernet1/1");
    uint32_t x = 815, seq = 100;
    for (unsigned i = 0; i < 20000; i++) {
        struct frame *f = frame_alloc(l.loop);
        uint32_t blocks = 1 + i % 8, len = 20 + 8 + 16 + 16 * blocks + 12;
        uint8_t *d = frame_put(f, len);
        memcpy(d, p.data + 14, 44);
        d[2] = (uint8_t)(len >> 8);
        d[3] = (uint8_t)len;
        seq++;
        d[24] = (uint8_t)(seq >> 24), d[25] = (uint8_t)(seq >> 16), d[26] = (uint8_t)(seq >> 8), d[27] = (uint8_t)seq;
        for (uint32_t k = 44; k < len - 12; k++) {
            x = x * 1664525u + 1013904223u;
            d[k] = (uint8_t)(x >> 24);
        }
        d[44] = i & 1 ? 0x45 : d[44];
        d[len - 13] = i & 2 ? 4 : d[len - 13];
        d[len - 14] = i & 4 ? (uint8_t)(i % 20) : d[len - 14];
        struct esp_job j = {.data = d + 20, .len = len - 20 - 12};
        esp_seal(s->seal, &j, 1);
        cr_assert(j.ok);
        f->in = in;
        struct frame_vec v = {.n = 1, .f = {f}};
        ipsec_esp_input_vec(ipsec_of(l.n[1].r), &v);
    }
    cr_assert_eq(l.n[1].got, 1);
    done(&l);
}

/* ---- a judge that is not ours: tshark decrypts what we sent, with the keys of `lab keys`, and checks every ICV ----
 */
static void write_pcap(const struct lab *l, const char *path)
{
    pcap_t *pc = pcap_open_dead(DLT_EN10MB, 65535);
    pcap_dumper_t *d = pcap_dump_open(pc, path);
    cr_assert_not_null(d);
    for (unsigned i = 0; i < l->n_log; i++) {
        struct pcap_pkthdr h = {.ts = {.tv_sec = 1 + (long)i},
                                .caplen = (bpf_u_int32)l->esp_log[i].len,
                                .len = (bpf_u_int32)l->esp_log[i].len};
        pcap_dump((u_char *)d, &h, l->esp_log[i].data);
    }
    pcap_dump_close(d);
    pcap_close(pc);
}

static void sink(void *arg, const char *text, size_t len)
{
    strbuf_sink(arg, text, len);
}

static unsigned tshark_count(const char *pcap, const char *keys, const char *filter)
{
    static char cmd[16384];
    char line[4096], quoted[8192];
    size_t n = (size_t)snprintf(cmd, sizeof cmd, "tshark -r '%s' ", pcap);
    FILE *k = fopen(keys, "r");
    while (fgets(line, sizeof line, k) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        snprintf(quoted, sizeof quoted, "'%s' ", line);
        n += (size_t)snprintf(cmd + n, sizeof cmd - n, "%s", quoted);
    }
    fclose(k);
    snprintf(cmd + n, sizeof cmd - n, "-Y '%s' 2>/dev/null", filter);
    FILE *p = popen(cmd, "r");
    unsigned lines = 0;
    while (p != NULL && fgets(line, sizeof line, p) != NULL)
        lines++;
    pclose(p);
    return lines;
}

Test(ipsec, tshark_decrypts_and_checks_every_icv)
{
    static const struct ipsec_transform ts[] = {{.cipher = CIPHER_AES_CBC, .key_bits = 256, .auth = HASH_SHA1},
                                                {.cipher = CIPHER_AES_CBC, .key_bits = 128, .auth = HASH_SHA256},
                                                {.cipher = CIPHER_3DES, .auth = HASH_MD5}};
    if (system("tshark --version >/dev/null 2>&1") != 0)
        cr_skip_test("no tshark");
    for (unsigned i = 0; i < 4; i++) {
        struct lab l;
        char pcap[] = "/tmp/tapir-esp-XXXXXX", keys[] = "/tmp/tapir-key-XXXXXX";
        ilab_open(&l);
        l.t = ts[i % 3];
        snprintf(l.t.name, sizeof l.t.name, "t2");
        l.udp = i == 3;
        ilab_node(&l, 0, "spoke", ilab_spoke_ip);
        ilab_node(&l, 1, "gw1", ilab_gw_ip);
        ilab_spoke_config(&l.n[0]);
        ilab_gw_config(&l.n[1], "", false);
        for (size_t n = 0; n < 20; n++) {
            ilab_send(&l.n[0], ilab_spoke_ip, ilab_inside_ip, n * 70, false);
            ilab_run(&l, 0.01);
            ilab_send(&l.n[1], ilab_inside_ip, ilab_spoke_ip, n * 70, false);
            ilab_run(&l, 0.01);
        }
        struct strbuf b = {0};
        struct out *o = out_new_text(sink, &b);
        ipsec_module.lab_keys(l.n[0].r, ipsec_of(l.n[0].r), o);
        out_finish(o);
        out_free(o);
        close(mkstemp(pcap));
        int fd = mkstemp(keys);
        cr_assert_eq(write(fd, b.s, b.len), (ssize_t)b.len);
        close(fd);
        strbuf_free(&b);
        write_pcap(&l, pcap);
        cr_assert_eq(l.n_log, 40, "suite %u: %u", i, l.n_log);
        cr_assert_eq(tshark_count(pcap, keys, "esp.icv_good==1 && udp.port==9"), 40, "suite %u", i);
        cr_assert_eq(tshark_count(pcap, keys, "esp.icv_bad==1 || _ws.malformed || ip.checksum.status==0"), 0,
                     "suite %u", i);
        unlink(pcap);
        unlink(keys);
        done(&l);
    }
}

/* The caps hold against a flood, and everything is given back (I8). */
Test(ipsec_ha, ten_thousand_pairs_take_over_in_one_pass)
{
    enum { N = 10000 };
    struct lab l;
    ha_up(&l);
    struct ipsec *a = ipsec_of(l.n[1].r), *b = ipsec_of(l.n[2].r);
    for (unsigned i = 0; i < N; i++) {
        struct ipsec_pair x, y;
        ilab_pair(&l, &l.n[0], &l.n[1], &x, &y);
        struct addr spoke = addr_v4(0x0a014000u + i);
        y.prop.peer = spoke;
        y.prop.ident.remote = prefix_make(&spoke, 32);
        cr_assert_eq(ipsec_pair_install(l.n[1].r, &y, 0), 0);
        ipsec_pair_enable(l.n[1].r, y.in_spi);
    }
    cr_assert_eq(a->n_sas, N);
    cr_assert_eq(b->n_sas, N);
    l.n[1].standby = NULL;
    ilab_role(&l.n[1], ROLE_INIT, 10 * NS_PER_S);
    ilab_role(&l.n[2], ROLE_ACTIVE, 10 * NS_PER_S);
    cr_assert_eq(b->takeover_sas, N);
    for (struct sa *s = b->first; s != NULL; s = s->next)
        cr_assert(s->active && s->routed && s->flow->out == s && s->seq > 1000);
    while (b->first != NULL)
        ipsec_sa_delete(b->first, "test", false, false, 0);
    cr_assert_eq(b->n_sas + b->n_flows, 0);
    for (unsigned i = 0; i < 5000; i++)
        ipsec_spi_alloc(l.n[2].r);
    cr_assert_eq(b->n_spis, IPSEC_SPIS_MAX);
    cr_assert_eq(ipsec_spi_alloc(l.n[2].r), 0, "the table is full");
    ilab_run(&l, 200);
    cr_assert_neq(ipsec_spi_alloc(l.n[2].r), 0, "and recycles");
    done(&l);
}
