/* Bad input to IKE: real crashers of other parsers, 100,000 mutated messages in clear and behind decryption, floods
 * against the tables' caps, and synchronised objects that are cut short. */
#include "tests/unit/lib_ike.h"
#include <criterion/criterion.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void no_fail(void *ctx, const char *invariant, const char *text)
{
    (void)ctx;
    cr_assert_fail("%s %s", invariant, text);
}

static size_t read_file(const char *path, uint8_t *buf, size_t cap)
{
    FILE *f = fopen(path, "rb");
    cr_assert_not_null(f, "%s", path);
    size_t n = fread(buf, 1, cap, f);
    fclose(f);
    return n;
}

/* Every offset of every capture is tried as the start of a message: covers each link type without knowing it. */
Test(ike_bad, captures_that_crashed_others)
{
    struct ike_rig g;
    glob_t files;
    cr_assert_eq(glob("tests/vectors/ike-malformed/*", 0, NULL, &files), 0);
    static uint8_t buf[65536];
    ike_rig_open(&g);
    for (size_t i = 0; i < files.gl_pathc; i++) {
        size_t n = read_file(files.gl_pathv[i], buf, sizeof buf);
        cr_assert_gt(n, 28);
        for (size_t at = 0; at + 28 <= n; at++)
            ike_rig_feed(&g, buf + at, n - at < 2000 ? n - at : 2000);
    }
    cr_assert_geq(files.gl_pathc, 10);
    globfree(&files);
    loop_run(g.loop, loop_now(g.loop) + 200 * NS_PER_S);
    cr_assert_eq(g.k->n_sas, 0);
    cr_assert_eq(router_audit(g.r, no_fail, NULL), 0);
    ike_rig_close(&g);
}

static size_t mm1(struct ike_rig *g, uint8_t *out, uint32_t cookie)
{
    struct ike_out o;
    uint8_t ci[8] = {
        0xaa,           0xbb, 0xcc, 0xdd, (uint8_t)(cookie >> 24), (uint8_t)(cookie >> 16), (uint8_t)(cookie >> 8),
        (uint8_t)cookie};
    unsigned n;
    struct addr peer = addr_v4(0x0a010b0b);
    ike_out_start(&o, ci, (uint8_t[8]){0}, IKE_X_MAIN, 0, 0);
    ike_offer_build(g->k, &o, &peer, &n);
    ike_natt_vids(&o);
    cr_assert(ike_out_finish(&o));
    memcpy(out, o.buf, o.b.len);
    return o.b.len;
}

static void mutate(struct ike_rig *g, uint8_t *p, size_t *n)
{
    unsigned times = 1 + rng_below(g->r, RNG_FAULT, 6);
    while (times--)
        switch (rng_below(g->r, RNG_FAULT, 4)) {
        case 0:
            p[rng_below(g->r, RNG_FAULT, (uint32_t)*n)] = (uint8_t)rng_u32(g->r, RNG_FAULT);
            break;
        case 1:
            p[rng_below(g->r, RNG_FAULT, (uint32_t)*n)] ^= (uint8_t)(1u << rng_below(g->r, RNG_FAULT, 8));
            break;
        case 2:
            *n = 1 + rng_below(g->r, RNG_FAULT, (uint32_t)*n);
            break;
        default:
            p[rng_below(g->r, RNG_FAULT, (uint32_t)*n)] = rng_below(g->r, RNG_FAULT, 2) ? 0xff : 0;
            break;
        }
}

Test(ike_bad, hundred_thousand_mutations_in_clear)
{
    struct ike_rig g;
    uint8_t good[1024], p[1024];
    ike_rig_open(&g);
    for (unsigned i = 0; i < 100000; i++) {
        size_t n = mm1(&g, good, i);
        memcpy(p, good, n);
        size_t m = n;
        mutate(&g, p, &m);
        if (i % 2 && m >= 28) { /* a right length field lets more of them in */
            p[24] = p[25] = 0;
            p[26] = (uint8_t)(m >> 8);
            p[27] = (uint8_t)m;
        }
        ike_rig_feed(&g, p, m);
    }
    cr_assert_leq(g.k->n_half, IKE_HALF_PER_PEER, "one address holds no more than its share");
    cr_assert_eq(g.k->n_sas, 0);
    cr_assert_eq(router_audit(g.r, no_fail, NULL), 0);
    ike_rig_close(&g);
}

static const uint8_t quick[] = {/* SA, nonce, two identities: what a real QM1 holds behind its HASH */
                                10,   0,  0,    60, 0,    0,  0,  1,  0,    0,  0,  1,  0, 0, 0,    48, 1, 3,
                                4,    1,  1,    2,  3,    4,  0,  0,  0,    36, 1,  12, 0, 0, 0x80, 4,  0, 1,
                                0x80, 1,  0,    1,  0x80, 2,  14, 16, 0x80, 1,  0,  2,  0, 2, 0,    4,  0, 0x46,
                                0x50, 0,  0x80, 5,  0,    2,  5,  0,  0,    24, 1,  2,  3, 4, 5,    6,  7, 8,
                                9,    10, 11,   12, 13,   14, 15, 16, 17,   18, 19, 20, 5, 0, 0,    12, 1, 0,
                                0,    0,  10,   1,  11,   11, 0,  0,  0,    12, 1,  0,  0, 0, 10,   2,  1, 254};
static const uint8_t info[] = {/* notify R_U_THERE, then delete of one ESP SPI */
                               12,  0,   0,   32, 0,   0,   0,   1,   1,   16,  0x8d, 0x28, 'i', 'n', 'i', 't',
                               'i', 'a', 't', 0,  'r', 'e', 's', 'p', 'o', 'n', 'd',  0,    0,   0,   0,   1,
                               0,   0,   0,   16, 0,   0,   0,   1,   3,   4,   0,    1,    1,   2,   3,   4};

Test(ike_bad, hundred_thousand_mutations_behind_decryption)
{
    struct ike_rig g;
    uint8_t p[256];
    ike_rig_open(&g);
    ike_rig_establish(&g);
    for (unsigned i = 0; i < 100000; i++) {
        bool q = i % 2;
        size_t n = q ? sizeof quick : sizeof info;
        memcpy(p, q ? quick : info, n);
        mutate(&g, p, &n);
        ike_rig_feed_sealed(&g, q, q ? IKE_P_SA : IKE_P_NOTIFY, p, n);
        if (i % 100 == 0)
            loop_run(g.loop, loop_now(g.loop) + 100 * NS_PER_MS);
        cr_assert_leq(g.sa ? g.sa->n_qms : 0, IKE_QM_MAX);
    }
    cr_assert_gt(g.k->count.qm_rejected, 0, "some reached the proposal");
    cr_assert_eq(router_audit(g.r, no_fail, NULL), 0);
    ike_rig_close(&g);
}

Test(ike_bad, flood_stays_under_the_caps)
{
    struct ike_rig g;
    uint8_t p[1024];
    ike_rig_open(&g);
    for (uint32_t i = 0; i < 5000; i++) {
        size_t n = mm1(&g, p, i);
        struct udp_rx rx = {.ip = {.src = addr_v4(0x0a010000 + i), .dst = addr_v4(0x0a010bfe), .proto = 17},
                            .sport = 500,
                            .dport = 500};
        ike_input(g.k, &rx, p, n);
    }
    cr_assert_eq(g.k->n_half, IKE_HALF_MAX);
    cr_assert_eq(g.k->n_sas, 0, "no DH, no SA before MM3");
    loop_run(g.loop, loop_now(g.loop) + 200 * NS_PER_S);
    cr_assert_eq(g.k->n_half, 0, "memory returns");
    ike_rig_close(&g);
}

Test(ike_bad, tables_know_every_cell)
{
    unsigned rules = 0;
    for (unsigned s = 0; s < IKE_STATES; s++)
        for (unsigned e = 0; e < IKE_EVENTS; e++)
            rules += ike_fsm_main_has((enum ike_state)s, (enum ike_event)e);
    cr_assert_eq(rules, 9);
    cr_assert(ike_fsm_main_has(IKE_I_MM3, IKE_EV_KE));
    cr_assert_not(ike_fsm_main_has(IKE_P1_COMPLETE, IKE_EV_ID));
    cr_assert_not(ike_fsm_main_has(IKE_R_MM2, IKE_EV_ID), "MM5 before MM3");
    cr_assert(ike_fsm_quick_has(IKE_QM_READY, false, IKE_EV_QM));
    cr_assert_not(ike_fsm_quick_has(IKE_QM_READY, true, IKE_EV_QM));
    cr_assert_not(ike_fsm_quick_has(IKE_QM_PHASE2_COMPLETE, true, IKE_EV_QM));
}
