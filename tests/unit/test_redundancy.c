/* Redundancy without a network: every cell of the RF state table, the codec of the synchronisation protocol, and
 * records mutated 100,000 times. */
#include "modules/redundancy/redundancy_rf.h"
#include "modules/redundancy/redundancy_wire.h"
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

/* reference 2.2 and 6.7: what must happen; every other cell leaves the state alone. */
static const struct {
    enum rf_state in;
    enum rf_event ev;
    enum rf_state next;
    enum rf_action action;
} cells[] = {
    {RF_INITIALIZATION, RF_EV_START, RF_NEGOTIATION, RF_DO_NOTHING},
    {RF_NEGOTIATION, RF_EV_GROUP_ACTIVE, RF_ACTIVE_FAST, RF_DO_GO_ACTIVE},
    {RF_NEGOTIATION, RF_EV_PEER_ACTIVE, RF_STANDBY_COLD, RF_DO_NOTHING},
    {RF_NEGOTIATION, RF_EV_PEER_REFUSED, RF_STANDBY_COLD, RF_DO_NOTHING},
    {RF_STANDBY_COLD, RF_EV_SNAP_BEGIN, RF_STANDBY_COLD_BULK, RF_DO_NOTHING},
    {RF_STANDBY_COLD, RF_EV_PEER_GONE, RF_STANDBY_COLD, RF_DO_STALE},
    {RF_STANDBY_COLD, RF_EV_GROUP_ACTIVE, RF_ACTIVE_FAST, RF_DO_GO_ACTIVE},
    {RF_STANDBY_COLD, RF_EV_GROUP_DOWN, RF_STANDBY_COLD, RF_DO_RELOAD},
    {RF_STANDBY_COLD_BULK, RF_EV_SNAP_BEGIN, RF_STANDBY_COLD_BULK, RF_DO_NOTHING},
    {RF_STANDBY_COLD_BULK, RF_EV_SNAP_DONE, RF_STANDBY_HOT, RF_DO_HOT},
    {RF_STANDBY_COLD_BULK, RF_EV_PEER_GONE, RF_STANDBY_COLD, RF_DO_STALE},
    {RF_STANDBY_COLD_BULK, RF_EV_PEER_REFUSED, RF_STANDBY_COLD, RF_DO_STALE},
    {RF_STANDBY_COLD_BULK, RF_EV_GROUP_ACTIVE, RF_ACTIVE_FAST, RF_DO_GO_ACTIVE},
    {RF_STANDBY_COLD_BULK, RF_EV_GROUP_DOWN, RF_STANDBY_COLD_BULK, RF_DO_RELOAD},
    {RF_STANDBY_HOT, RF_EV_SNAP_BEGIN, RF_STANDBY_COLD_BULK, RF_DO_NOTHING},
    {RF_STANDBY_HOT, RF_EV_PEER_GONE, RF_STANDBY_COLD, RF_DO_STALE},
    {RF_STANDBY_HOT, RF_EV_PEER_REFUSED, RF_STANDBY_COLD, RF_DO_STALE},
    {RF_STANDBY_HOT, RF_EV_GROUP_ACTIVE, RF_ACTIVE_FAST, RF_DO_GO_ACTIVE},
    {RF_STANDBY_HOT, RF_EV_GROUP_DOWN, RF_STANDBY_HOT, RF_DO_RELOAD},
    {RF_ACTIVE_FAST, RF_EV_STEP, RF_ACTIVE_DRAIN, RF_DO_STEP},
    {RF_ACTIVE_DRAIN, RF_EV_STEP, RF_ACTIVE_PRECONFIG, RF_DO_STEP},
    {RF_ACTIVE_PRECONFIG, RF_EV_STEP, RF_ACTIVE_POSTCONFIG, RF_DO_STEP},
    {RF_ACTIVE_POSTCONFIG, RF_EV_STEP, RF_ACTIVE, RF_DO_NOTHING},
    {RF_ACTIVE, RF_EV_GROUP_LOST, RF_ACTIVE, RF_DO_RELOAD},
    {RF_ACTIVE, RF_EV_SPLIT_LOST, RF_ACTIVE, RF_DO_DISCARD_RELOAD},
};

Test(redundancy_rf, every_cell)
{
    unsigned found = 0;
    for (int s = 0; s < RF_STATES; s++) {
        for (int e = 0; e < RF_EVENTS; e++) {
            struct rf_move m = redundancy_rf_move(s, e), want = {s, RF_DO_NOTHING};
            for (size_t i = 0; i < sizeof cells / sizeof *cells; i++)
                if (cells[i].in == (enum rf_state)s && cells[i].ev == (enum rf_event)e) {
                    want = (struct rf_move){cells[i].next, cells[i].action};
                    found++;
                }
            cr_assert_eq(m.next, want.next, "%s + %s: %s", redundancy_rf_name(s), redundancy_rf_event_name(e),
                         redundancy_rf_name(m.next));
            cr_assert_eq(m.action, want.action, "%s + %s", redundancy_rf_name(s), redundancy_rf_event_name(e));
        }
    }
    cr_assert_eq(found, sizeof cells / sizeof *cells);
}

Test(redundancy_rf, an_active_never_goes_back_in_place)
{
    for (int s = RF_ACTIVE_FAST; s < RF_STATES; s++)
        for (int e = 0; e < RF_EVENTS; e++)
            cr_assert(redundancy_rf_is_active(redundancy_rf_move(s, e).next));
}

Test(redundancy_rf, numbers_and_names_are_those_of_show)
{
    cr_assert_eq(RF_ACTIVE, 13);
    cr_assert_eq(RF_STANDBY_HOT, 8);
    cr_assert_str_eq(redundancy_rf_name(13), "ACTIVE");
    cr_assert_str_eq(redundancy_rf_name(8), "STANDBY HOT");
    cr_assert_str_eq(redundancy_rf_name(7), "STANDBY COLD-BULK");
    cr_assert_str_eq(redundancy_rf_name(4), "STANDBY COLD");
    cr_assert_str_eq(redundancy_rf_name(1), "DISABLED");
    cr_assert_str_eq(redundancy_rf_progression(RF_ACTIVE), "RF_PROG_ACTIVE(204)");
    cr_assert_null(redundancy_rf_progression(RF_NEGOTIATION));
}

/* ---- codec ---- */

static size_t make_hello(uint8_t *buf, size_t cap)
{
    struct builder b = builder_make(buf, cap);
    redundancy_record_begin(&b, REDUNDANCY_HELLO, 0, 0x01020304, 0);
    size_t m = redundancy_tlv_begin(&b, REDUNDANCY_TLV_PROTO);
    builder_u8(&b, 1);
    builder_u8(&b, 1);
    redundancy_tlv_end(&b, m);
    redundancy_tlv_text(&b, REDUNDANCY_TLV_SOFTWARE, "1");
    redundancy_tlv_text(&b, REDUNDANCY_TLV_PLATFORM, "Tapir");
    redundancy_tlv_text(&b, REDUNDANCY_TLV_NAME, "gw1\x1b[2J");
    redundancy_tlv_u32(&b, REDUNDANCY_TLV_ECHO, 7);
    m = redundancy_tlv_begin(&b, REDUNDANCY_TLV_STATE);
    builder_u8(&b, RF_ACTIVE);
    builder_u8(&b, 7);
    builder_u32(&b, 9);
    redundancy_tlv_end(&b, m);
    m = redundancy_tlv_begin(&b, REDUNDANCY_TLV_GROUP);
    builder_u16(&b, 100);
    builder_u32(&b, 0x0a020101);
    builder_bytes(&b, "ha-in", 5);
    redundancy_tlv_end(&b, m);
    m = redundancy_tlv_begin(&b, REDUNDANCY_TLV_CONFIG);
    builder_u32(&b, 0xdeadbeef);
    builder_u8(&b, 5);
    builder_bytes(&b, "grouph", 5);
    builder_bytes(&b, "ha-out", 6);
    redundancy_tlv_end(&b, m);
    m = redundancy_tlv_begin(&b, 0x7123); /* unknown, not critical */
    builder_zero(&b, 3);
    redundancy_tlv_end(&b, m);
    redundancy_record_end(&b);
    cr_assert(builder_ok(&b));
    return b.len;
}

static unsigned entries;
static void one_entry(void *ctx, const struct redundancy_config_hash *h)
{
    (void)ctx;
    entries++;
    cr_assert_eq(h->hash, 0xdeadbeef);
    cr_assert_str_eq(h->kind, "group");
    cr_assert_str_eq(h->name, "ha-out");
}

Test(redundancy_wire, hello_round_trip)
{
    uint8_t buf[512];
    size_t n = make_hello(buf, sizeof buf);
    struct cursor c = cursor_make(buf, n);
    struct redundancy_header h;
    struct redundancy_control o;
    cr_assert_arr_eq(buf, "RHA1\1\1", 6);
    cr_assert(redundancy_header_read(&c, &h));
    cr_assert_eq(h.type, REDUNDANCY_HELLO);
    cr_assert_eq(h.epoch, 0x01020304);
    cr_assert_eq(h.len, n - REDUNDANCY_HEADER);
    cr_assert(redundancy_control_read(&c, &o, one_entry, NULL));
    cr_assert_eq(entries, 1);
    cr_assert(o.has_proto && o.has_state && o.has_group && o.has_echo && !o.has_snap);
    cr_assert_eq(o.term, 9);
    cr_assert_eq(o.priority, 100);
    cr_assert_str_eq(o.group, "ha-in");
    cr_assert_str_eq(o.platform, "Tapir");
    cr_assert_str_eq(o.name, "gw1?[2J", "control characters do not reach a console");
}

Test(redundancy_wire, wrong_records_are_refused)
{
    uint8_t buf[512];
    size_t n = make_hello(buf, sizeof buf);
    struct redundancy_header h;
    struct redundancy_control o;
    for (size_t len = 0; len < n; len++) { /* every truncation: the length field tells */
        struct cursor c = cursor_make(buf, len);
        cr_assert_not(redundancy_header_read(&c, &h), "%zu", len);
    }
    struct builder b = builder_make(buf, sizeof buf);
    redundancy_record_begin(&b, REDUNDANCY_ROLE, 0, 1, 0);
    redundancy_tlv_u32(&b, REDUNDANCY_CRITICAL | 0x77, 1);
    redundancy_record_end(&b);
    struct cursor c = cursor_make(buf, b.len);
    cr_assert(redundancy_header_read(&c, &h));
    cr_assert_not(redundancy_control_read(&c, &o, NULL, NULL), "unknown critical TLV");
}

static bool count_objects(void *ctx, struct redundancy_object *o)
{
    unsigned *n = ctx;
    cr_assert(o->key.len >= 1 && o->key.len <= SYNC_KEY_MAX);
    ++*n;
    return true;
}

static size_t make_objects(uint8_t *buf, size_t cap)
{
    struct builder b = builder_make(buf, cap);
    redundancy_record_begin(&b, 33, 0, 5, 6);
    for (unsigned i = 0; i < 3; i++) {
        size_t m = redundancy_tlv_begin(&b, i == 2 ? REDUNDANCY_TLV_TOMB : REDUNDANCY_TLV_OBJECT);
        builder_u8(&b, 4);
        builder_u32(&b, i);
        if (i == 2)
            builder_u8(&b, 1);
        else
            builder_u32(&b, 99);
        redundancy_tlv_u32(&b, 1, i);
        redundancy_tlv_end(&b, m);
    }
    redundancy_record_end(&b);
    return b.len;
}

Test(redundancy_wire, objects)
{
    uint8_t buf[512];
    size_t n = make_objects(buf, sizeof buf);
    struct cursor c = cursor_make(buf, n);
    struct redundancy_header h;
    unsigned objects = 0;
    cr_assert(redundancy_header_read(&c, &h));
    cr_assert(redundancy_objects_read(&c, count_objects, &objects));
    cr_assert_eq(objects, 3);
    buf[REDUNDANCY_HEADER + 4] = SYNC_KEY_MAX + 1; /* a key longer than a key can be */
    c = cursor_make(buf, n);
    redundancy_header_read(&c, &h);
    cr_assert_not(redundancy_objects_read(&c, count_objects, &objects));
}

Test(redundancy_wire, digest_does_not_depend_on_order_but_on_everything_else)
{
    struct sync_key a = {4, {1, 2, 3, 4}}, b = {4, {1, 2, 3, 5}};
    uint64_t ab = redundancy_digest_share(20, &a, 1) + redundancy_digest_share(20, &b, 2);
    cr_assert_eq(ab, redundancy_digest_share(20, &b, 2) + redundancy_digest_share(20, &a, 1));
    cr_assert_neq(ab, redundancy_digest_share(20, &a, 2) + redundancy_digest_share(20, &b, 1));
    cr_assert_neq(redundancy_digest_share(20, &a, 1), redundancy_digest_share(30, &a, 1));
}

Test(redundancy_wire, a_hundred_thousand_mutations)
{
    uint8_t good[2][512], *copy;
    size_t len[2] = {make_hello(good[0], sizeof good[0]), make_objects(good[1], sizeof good[1])};
    uint32_t x = 1;
    unsigned accepted = 0;
    for (unsigned i = 0; i < 100000; i++) {
        unsigned which = i & 1, n = 0;
        size_t l = len[which];
        x = x * 1664525u + 1013904223u;
        if (x >> 28 == 0)
            l -= (x >> 8) % l;
        copy = malloc(l ? l : 1); /* exact size: an overrun is seen by the sanitizer */
        memcpy(copy, good[which], l);
        for (unsigned k = 0; k <= (x >> 20) % 4; k++) {
            x = x * 1664525u + 1013904223u;
            if (l > REDUNDANCY_HEADER)
                copy[REDUNDANCY_HEADER + (x >> 8) % (l - REDUNDANCY_HEADER)] ^= (uint8_t)(1u << (x >> 5 & 7));
        }
        struct cursor c = cursor_make(copy, l);
        struct redundancy_header h;
        struct redundancy_control o;
        if (redundancy_header_read(&c, &h))
            accepted +=
                which ? redundancy_objects_read(&c, count_objects, &n) : redundancy_control_read(&c, &o, NULL, NULL);
        free(copy);
    }
    cr_assert_gt(accepted, 1000);
    cr_assert_lt(accepted, 100000);
}
