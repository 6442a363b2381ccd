/* modules/ipsec: sequence numbers and windows, and what a standby holds and does at takeover. */
#include "tests/unit/lib_ipsec.h"
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

/* The edge of a takeover: nothing up to it, everything above it once, whatever the window held before. */
Test(ipsec_replay, window_behind_an_edge)
{
    uint32_t x = 4711;
    for (unsigned round = 0; round < 200; round++) {
        struct replay_window w;
        ipsec_replay_init(&w, 64u << round % 5);
        for (uint32_t seq = 1; seq < 3000; seq++)
            ipsec_replay_advance(&w, seq);
        x = x * 1664525u + 1013904223u;
        uint32_t edge = 2500 + (x >> 8) % 3000;
        ipsec_replay_refuse_to(&w, edge);
        for (uint32_t seq = edge > 2000 ? edge - 2000 : 1; seq <= edge; seq++)
            cr_assert_not(ipsec_replay_check(&w, seq), "number %u, edge %u", seq, edge);
        for (uint32_t seq = edge + 1; seq < edge + 5000; seq += 1 + seq % 3) {
            cr_assert(ipsec_replay_check(&w, seq), "number %u, edge %u", seq, edge);
            cr_assert(ipsec_replay_advance(&w, seq));
            cr_assert_not(ipsec_replay_check(&w, seq), "number %u again", seq);
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
static void ha_up_with(struct lab *l, enum crypto_cipher c, enum crypto_hash h)
{
    ilab_open(l);
    l->t.cipher = c;
    l->t.auth = h;
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

static void ha_up(struct lab *l)
{
    ha_up_with(l, CIPHER_AES_CBC, HASH_SHA1);
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
    ilab_done(&l);
}

/* Lifetimes across a takeover: the pair ends when it was agreed to end, whether the soft one had passed before or not,
 * and a standby that hears nothing more lets go a little later. */
Test(ipsec_ha, lifetimes_survive_the_takeover)
{
    static const double at[] = {10, 292, 400};
    for (unsigned i = 0; i < 3; i++) {
        struct lab l;
        ha_up(&l);
        l.life_s = 300;
        traffic(&l, 2, 0.01);
        const struct ipsec *b = ipsec_of(l.n[2].r);
        nstime born = loop_now(l.loop);
        cr_assert_eq(b->n_sas, 1);
        l.n[1].standby = NULL;
        ilab_role(&l.n[1], ROLE_INIT, 10 * NS_PER_S);
        while (loop_now(l.loop) < born + (nstime)(at[i] * 1e9)) {
            ilab_run(&l, 1);
            if (b->first)
                b->first->record_at = loop_now(l.loop); /* records went on coming */
        }
        if (i < 2) {
            unsigned rekeys = l.n[2].rekeys;
            ilab_role(&l.n[2], ROLE_ACTIVE, 10 * NS_PER_S);
            cr_assert(b->first->active && b->first->routed);
            ilab_run(&l, 299 - at[i]);
            cr_assert_eq(b->n_sas, 1, "takeover at %g s", at[i]);
            cr_assert_gt(l.n[2].rekeys, rekeys, "rekeyed in time, takeover at %g s", at[i]);
            ilab_run(&l, 2);
        }
        cr_assert_eq(b->n_sas, 0, "takeover at %g s", at[i]);
        ilab_done(&l);
    }
}

/* A nonce that comes twice under one key gives a GCM key away (RFC 4106 3.1, 10): the successor has key and salt, and
 * its IVs are its sequence numbers, beyond all that were used. */
Test(ipsec_ha, gcm_iv_is_never_used_twice)
{
    struct lab l;
    ha_up_with(&l, CIPHER_AES_GCM, HASH_NONE);
    struct ipsec *a = ipsec_of(l.n[1].r), *b = ipsec_of(l.n[2].r);
    traffic(&l, 12, 0.01);
    cr_assert(a->n_sas == 1 && b->n_sas == 1, "synchronised");
    cr_assert_eq(b->first->suite.key_len, 36);
    cr_assert_arr_eq(b->first->p.out.cipher, a->first->p.out.cipher, 36);
    cr_assert_neq(b->first->win.size, 0, "GCM has an ICV, so there is a window");
    uint32_t used = a->first->seq;
    ilab_run(&l, 1.5);
    l.n[1].standby = NULL;
    ilab_role(&l.n[1], ROLE_INIT, 10 * NS_PER_S);
    ilab_run(&l, 2);
    ilab_role(&l.n[2], ROLE_ACTIVE, 10 * NS_PER_S);
    unsigned back = l.n[0].got;
    traffic(&l, 19, 0.01);
    cr_assert_eq(l.n[0].got, back + 19, "what the successor seals opens at the spoke");
    cr_assert_gt(b->first->seq, used);
    cr_assert_eq(l.n_log, 62);
    for (unsigned i = 0; i < l.n_log; i++) {
        static const uint8_t zero[4];
        const uint8_t *esp = l.esp_log[i].data + 34;
        cr_assert(memcmp(esp + 8, zero, 4) == 0 && memcmp(esp + 12, esp + 4, 4) == 0);
    }
    no_number_twice(&l);
    ilab_done(&l);
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
    ilab_done(&l);
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
    ilab_done(&l);
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
    ilab_done(&l);
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
    ilab_done(&l);
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
    ilab_done(&l);
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
    ilab_done(&l);
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
    ilab_done(&l);
}
