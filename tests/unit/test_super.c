/* Super-packets: cutting against a sender's rules, joining against a receiver's, frames with further pieces, open
 * checksums, the MSS clamp, and links that take no super-packets. */
#include "modules/core/csum.h"
#include "modules/net/link.h"
#include "modules/net/mss.h"
#include "modules/net/stack.h"
#include "modules/net/super.h"
#include <criterion/criterion.h>
#include <stdlib.h>

/* An independent sum: sixteen bits at a time. */
static uint16_t plain_sum(const uint8_t *p, size_t n, uint32_t sum)
{
    for (size_t i = 0; i < n; i++)
        sum += i & 1 ? p[i] : (uint32_t)p[i] << 8;
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)sum;
}
static uint32_t pseudo_of(const uint8_t *ip, uint32_t len)
{
    return (uint32_t)plain_sum(ip + 12, 8, 0) + 6 + len;
}

struct spec {
    uint16_t sport;
    uint32_t seq, ack, payload;
    uint16_t id, window, gso;
    uint8_t flags, ip_options, options, ttl, tos;
    bool nodf;
};
static uint8_t pattern(uint32_t seq)
{
    return (uint8_t)(seq * 7 + (seq >> 8) * 13);
}

static struct frame *packet(struct frame_pool *pool, const struct spec *s)
{
    struct frame *f = s->payload > 2000 ? frame_alloc_big_from(pool, 5) : frame_alloc_from(pool, 5);
    uint32_t ihl = 20 + s->ip_options, thl = 20 + s->options, total = ihl + thl + s->payload;
    uint8_t *ip = frame_put(f, total), *tcp = ip + ihl;
    memset(ip, 1, ihl + thl); /* options: NOP */
    ip[0] = (uint8_t)(0x40 | ihl / 4);
    ip[1] = s->tos;
    put16(ip + 2, (uint16_t)total);
    put16(ip + 4, s->id);
    put16(ip + 6, s->nodf ? 0 : IP_DF);
    ip[8] = s->ttl ? s->ttl : 64;
    ip[9] = 6;
    put16(ip + 10, 0);
    put32(ip + 12, 0x0a010203);
    put32(ip + 16, 0x0a020304);
    put16(ip + 10, (uint16_t)~plain_sum(ip, ihl, 0));
    put16(tcp, s->sport ? s->sport : 1000);
    put16(tcp + 2, 80);
    put32(tcp + 4, s->seq);
    put32(tcp + 8, s->ack);
    tcp[12] = (uint8_t)(thl / 4 << 4);
    tcp[13] = s->flags ? s->flags : TCP_ACK;
    put16(tcp + 14, s->window ? s->window : 500);
    put16(tcp + 16, 0);
    put16(tcp + 18, 0);
    for (uint32_t i = 0; i < s->payload; i++)
        tcp[thl + i] = pattern(s->seq + i);
    uint32_t pseudo = pseudo_of(ip, thl + s->payload);
    if (s->gso) {
        f->gso = s->gso;
        f->flags |= FRAME_CSUM_PARTIAL;
        f->csum_at = (uint16_t)(tcp - f->base);
        f->csum_off = 16;
        put16(tcp + 16, plain_sum(tcp, 0, pseudo));
    } else {
        put16(tcp + 16, (uint16_t)~plain_sum(tcp, thl + s->payload, pseudo));
    }
    return f;
}

static void assert_right(const struct frame *f, uint32_t seq, uint32_t payload)
{
    const uint8_t *ip = f->data, *tcp = ip + (ip[0] & 15) * 4, *body = tcp + (tcp[12] >> 4) * 4;
    cr_assert_eq(be16(ip + 2), f->len);
    cr_assert_eq((uint32_t)(ip + f->len - body), payload);
    cr_assert_eq(plain_sum(ip, (size_t)(tcp - ip), 0), 0xffff);
    uint32_t tcp_len = (uint32_t)(ip + f->len - tcp);
    cr_assert_eq(plain_sum(tcp, tcp_len, pseudo_of(ip, tcp_len)), 0xffff);
    cr_assert_eq(be32(tcp + 4), seq);
    for (uint32_t i = 0; i < payload; i++)
        cr_assert_eq(body[i], pattern(seq + i));
}

Test(super, sums_agree_with_a_plain_one)
{
    static uint8_t from[300], to[300];
    for (unsigned i = 0; i < sizeof from; i++)
        from[i] = (uint8_t)(i * 37 + 200);
    for (unsigned off = 0; off < 9; off++)
        for (unsigned n = 0; n <= 256; n++) {
            memset(to, 0, sizeof to);
            uint16_t want = plain_sum(from + off, n, 0), got;
            uint64_t sum = csum_add(0, from + off, n);
            cr_assert_eq(csum_copy(0, to + 3, from + off, n), sum);
            cr_assert(!memcmp(to + 3, from + off, n) && !to[n + 3]);
            uint16_t folded = csum_fold16(sum);
            got = be16((uint8_t *)&folded);
            cr_assert_eq(got, want, "%u bytes at %u: %04x, not %04x", n, off, got, want);
        }
    uint64_t ones = UINT64_MAX;
    cr_assert_eq(csum_fold16(csum_add(ones, &ones, 8)), 0xffff);
}

Test(super, cut_gives_the_sender_s_segments)
{
    struct frame_pool *pool = frame_pool_new();
    struct spec s = {.seq = 0xfffff000,
                     .ack = 9,
                     .payload = 60001,
                     .id = 0xfff8,
                     .gso = 1448,
                     .options = 12,
                     .ip_options = 4,
                     .flags = TCP_ACK | TCP_PSH | TCP_FIN | TCP_CWR | TCP_ECE};
    struct frame *f = packet(pool, &s);
    struct super_cut c;
    cr_assert(super_cut_begin(&c, f, 0));
    cr_assert_eq(c.n, 42);
    cr_assert_eq(super_count(f), 42);
    cr_assert_eq(c.most, 24 + 32 + 1448);
    for (unsigned i = 0; i < c.n; i++) {
        struct frame *p = super_cut_next(&c, pool, 7);
        uint32_t n = i == 41 ? 60001 - 41 * 1448 : 1448;
        cr_assert_not_null(p);
        assert_right(p, s.seq + i * 1448, n);
        cr_assert_eq(p->data - p->base, FRAME_HEADROOM);
        cr_assert_eq(p->cap, FRAME_SLOT);
        cr_assert_eq(be16(p->data + 4), (uint16_t)(s.id + i));
        uint8_t want = TCP_ACK | TCP_ECE;
        want |= i == 0 ? TCP_CWR : 0;
        want |= i == 41 ? TCP_PSH | TCP_FIN : 0;
        cr_assert_eq(p->data[24 + 13], want);
        cr_assert(!memcmp(p->data + 20, f->data + 20, 4) && !memcmp(p->data + 44, f->data + 44, 12)); /* options */
        cr_assert(!p->gso && !(p->flags & FRAME_CSUM_PARTIAL) && p->arrival == f->arrival);
        frame_free(p);
    }
    cr_assert_null(super_cut_next(&c, pool, 7));
    frame_free(f);
    frame_pool_free(pool);
}

Test(super, cut_to_another_size)
{
    struct frame_pool *pool = frame_pool_new();
    struct spec s = {.seq = 1, .payload = 3000, .gso = 1460};
    struct frame *f = packet(pool, &s);
    cr_assert_eq(super_size_for(f, 1500, false), 1460);
    cr_assert_eq(super_size_for(f, 1400, false), 0); /* DF */
    cr_assert_eq(super_size_for(f, 1400, true), 1360);
    frame_free(f);
    s.nodf = true;
    f = packet(pool, &s);
    cr_assert_eq(super_size_for(f, 1400, false), 1360);
    cr_assert_eq(super_size_for(f, 40, true), 0);
    struct super_cut c;
    cr_assert(super_cut_begin(&c, f, 1360));
    cr_assert_eq(c.n, 3);
    uint8_t out[1400];
    cr_assert_eq(super_cut_write(&c, out, 1399), 0); /* no room: nothing happened */
    cr_assert_eq(super_cut_write(&c, out, 1400), 1400);
    cr_assert_eq(super_cut_write(&c, out, 1400), 1400);
    cr_assert_eq(super_cut_write(&c, out, 1400), 320);
    cr_assert_eq(super_cut_write(&c, out, 1400), 0);
    frame_free(f);
    frame_pool_free(pool);
}

Test(super, an_ordinary_packet_is_one_piece)
{
    struct frame_pool *pool = frame_pool_new();
    const uint32_t sizes[] = {0, 1, 1460, 65535 - 40};
    for (unsigned i = 0; i < 4; i++) {
        struct spec s = {.seq = 5, .payload = sizes[i]};
        struct frame *f = packet(pool, &s), *p;
        struct super_cut c;
        cr_assert(super_cut_begin(&c, f, 0));
        cr_assert_eq(c.n, 1);
        p = super_cut_next(&c, pool, 0);
        cr_assert_eq(p->len, f->len);
        cr_assert(!memcmp(p->data, f->data, f->len));
        frame_free(p);
        frame_free(f);
    }
    frame_pool_free(pool);
}

Test(super, cut_refuses_what_is_no_tcp_packet)
{
    struct frame_pool *pool = frame_pool_new();
    struct super_cut c;
    static const struct {
        unsigned at;
        uint8_t value;
    } bad[] = {{0, 0x65}, {0, 0x44}, {0, 0x4f}, {9, 17}, {6, 0x20}, {7, 1}, {2, 0xff}, {32, 0x40}, {32, 0xf0}};
    for (unsigned i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct spec s = {.payload = 10, .gso = 8};
        struct frame *f = packet(pool, &s);
        cr_assert(super_cut_begin(&c, f, 0));
        f->data[bad[i].at] = bad[i].value;
        cr_assert(!super_cut_begin(&c, f, 0), "%u", i);
        cr_assert_eq(super_count(f), 1);
        cr_assert_eq(super_size_for(f, 1500, true), 0);
        f->len = 30;
        cr_assert(!super_cut_begin(&c, f, 0));
        frame_free(f);
    }
    frame_pool_free(pool);
}

/* ---- joining ---- */

struct bag {
    struct frame_pool *pool;
    struct frame_vec v;
};
static void add(struct bag *b, struct spec s)
{
    b->v.f[b->v.n++] = packet(b->pool, &s);
}

/* Empties the vector into `out` as segments again, in order. */
static unsigned cut_again(struct bag *b, struct frame **out)
{
    unsigned n = 0;
    for (unsigned i = 0; i < b->v.n; i++) {
        struct super_cut c;
        struct frame *p;
        if (!b->v.f[i]->gso) {
            out[n++] = frame_copy(b->v.f[i]);
            continue;
        }
        cr_assert(super_cut_begin(&c, b->v.f[i], 0));
        while ((p = super_cut_next(&c, b->pool, 0)))
            out[n++] = p;
    }
    frame_free_vec(&b->v);
    return n;
}

Test(super, join_makes_one_of_many_and_cut_gives_them_back)
{
    struct bag b = {.pool = frame_pool_new()};
    struct frame *was[64], *is[64];
    for (unsigned i = 0; i < 40; i++)
        add(&b, (struct spec){.seq = 100 + i * 1440,
                              .payload = i == 39 ? 77 : 1440,
                              .id = (uint16_t)(0xfff0 + i),
                              .options = 12,
                              .flags = i == 39 ? TCP_ACK | TCP_PSH : TCP_ACK});
    for (unsigned i = 0; i < 40; i++)
        was[i] = frame_copy(b.v.f[i]);
    super_join(&b.v);
    cr_assert_eq(b.v.n, 1);
    struct frame *h = b.v.f[0];
    uint32_t payload = 39 * 1440 + 77;
    cr_assert_eq(h->gso, 1440);
    cr_assert_eq(h->n_frag, 39);
    cr_assert_eq(frame_total(h), 52 + payload);
    cr_assert_eq(be16(h->data + 2), 52 + payload);
    cr_assert_eq(plain_sum(h->data, 20, 0), 0xffff);
    cr_assert(h->flags & FRAME_CSUM_PARTIAL);
    cr_assert_eq(h->csum_off, 16);
    cr_assert_eq(h->base + h->csum_at, h->data + 20);
    cr_assert_eq(be16(h->data + 36), plain_sum(h->data, 0, pseudo_of(h->data, 32 + payload)));
    cr_assert_eq(h->data[33], TCP_ACK | TCP_PSH);
    cr_assert(!frame_csum_complete(h));
    struct frame *flat = frame_copy(h);
    cr_assert(!flat->frag && flat->len == 52 + payload && flat->gso == 1440 && flat->cap == FRAME_BIG);
    frame_free(flat);
    cr_assert_eq(cut_again(&b, is), 40);
    for (unsigned i = 0; i < 40; i++) {
        cr_assert_eq(was[i]->len, is[i]->len);
        cr_assert(!memcmp(was[i]->data, is[i]->data, was[i]->len), "segment %u", i);
        frame_free(was[i]);
        frame_free(is[i]);
    }
    frame_pool_free(b.pool);
}

Test(super, interleaved_flows_join)
{
    struct bag b = {.pool = frame_pool_new()};
    for (unsigned i = 0; i < 10; i++)
        for (unsigned k = 0; k < 6; k++)
            add(&b, (struct spec){.sport = (uint16_t)(2000 + k), .seq = i * 1000, .payload = 1000, .id = (uint16_t)i});
    super_join(&b.v);
    cr_assert_eq(b.v.n, 6);
    for (unsigned k = 0; k < 6; k++) {
        cr_assert_eq(be16(b.v.f[k]->data + 20), 2000 + k);
        cr_assert_eq(b.v.f[k]->n_frag, 9);
    }
    frame_free_vec(&b.v);
    for (unsigned i = 0; i < 3; i++) /* more flows than are kept open: fewer joins, nothing lost */
        for (unsigned k = 0; k < 21; k++)
            add(&b, (struct spec){.sport = (uint16_t)(2000 + k), .seq = i * 1000, .payload = 1000, .id = (uint16_t)i});
    super_join(&b.v);
    unsigned segments = 0;
    for (unsigned i = 0; i < b.v.n; i++)
        segments += super_count(b.v.f[i]);
    cr_assert_eq(segments, 63);
    frame_free_vec(&b.v);
    frame_pool_free(b.pool);
}

/* Two segments of which the second differs: they stay two. */
Test(super, what_differs_stays_alone)
{
    struct bag b = {.pool = frame_pool_new()};
    const struct spec first = {.seq = 1000, .payload = 100, .id = 5, .options = 12, .ack = 1};
    struct spec same = first;
    same.seq = 1100, same.id = 6;
    struct {
        const char *what;
        struct spec s;
    } c[20];
    unsigned n = 0;
#define CASE(w, field, value) (c[n].what = (w), c[n].s = same, c[n].s.field = (value), n++)
    CASE("a gap", seq, 1101);
    CASE("a repetition", seq, 1000);
    CASE("longer", payload, 101);
    CASE("no payload", payload, 0);
    CASE("another acknowledgement", ack, 2);
    CASE("another window", window, 501);
    CASE("another TTL", ttl, 63);
    CASE("another TOS", tos, 4);
    CASE("no DF", nodf, true);
    CASE("an identification that jumps", id, 8);
    CASE("other options", options, 0);
    CASE("IP options", ip_options, 4);
    CASE("FIN", flags, TCP_ACK | TCP_FIN);
    CASE("SYN", flags, TCP_ACK | TCP_SYN);
    CASE("RST", flags, TCP_ACK | TCP_RST);
    CASE("URG", flags, TCP_ACK | TCP_URG);
    CASE("ECE", flags, TCP_ACK | TCP_ECE);
    CASE("CWR", flags, TCP_ACK | TCP_CWR);
    CASE("no ACK", flags, TCP_PSH);
    for (unsigned i = 0; i < n; i++) {
        for (unsigned swap = 0; swap < 2; swap++) {
            if (swap && (c[i].s.payload != 100 || c[i].s.ack != 1))
                continue;
            add(&b, swap ? c[i].s : first);
            add(&b, swap ? first : c[i].s);
            super_join(&b.v);
            cr_assert_eq(b.v.n, 2, "%s", c[i].what);
            cr_assert(!b.v.f[0]->gso && !b.v.f[1]->gso && !b.v.f[0]->frag);
            frame_free_vec(&b.v);
        }
    }
    add(&b, first);
    add(&b, same);
    super_join(&b.v);
    cr_assert_eq(b.v.n, 1, "the base case joins");
    frame_free_vec(&b.v);
    same.id = first.id; /* with DF it may stand still */
    add(&b, first);
    add(&b, same);
    super_join(&b.v);
    cr_assert_eq(b.v.n, 1);
    frame_free_vec(&b.v);
    for (unsigned at = 0; at < 152; at++) /* a bit that is wrong anywhere in either */
        for (unsigned k = 0; k < 2; k++) {
            if (at >= 12 && at < 24) /* ... but then it is another flow */
                continue;
            same.id = 6;
            add(&b, first);
            add(&b, same);
            b.v.f[k]->data[at] ^= 0x10;
            super_join(&b.v);
            cr_assert_eq(b.v.n, 2, "byte %u of %u", at, k);
            frame_free_vec(&b.v);
        }
    frame_pool_free(b.pool);
}

Test(super, order_within_a_flow_is_kept)
{
    struct bag b = {.pool = frame_pool_new()};
    struct frame *out[64];
    unsigned n = 0;
    const uint32_t seq[] = {0, 100, 400, 200, 300, 500, 600, 600, 700};
    for (unsigned i = 0; i < 9; i++)
        add(&b, (struct spec){
                    .seq = seq[i], .payload = 100, .id = (uint16_t)i, .flags = i == 6 ? TCP_ACK | TCP_PSH : TCP_ACK});
    add(&b, (struct spec){.seq = 800, .id = 9}); /* an acknowledgement alone */
    add(&b, (struct spec){.seq = 800, .payload = 100, .id = 10});
    struct frame *frag = packet(b.pool, &(struct spec){.seq = 900, .payload = 100, .nodf = true});
    put16(frag->data + 6, IP_MF);
    b.v.f[b.v.n++] = frag;
    add(&b, (struct spec){.seq = 900, .payload = 100, .id = 11});
    unsigned want = b.v.n;
    super_join(&b.v);
    cr_assert_eq(b.v.n, 9); /* 0-100, 400, 200-300, 500-600, 600-700, the ACK, 800, the fragment, 900 */
    n = cut_again(&b, out);
    cr_assert_eq(n, want);
    for (unsigned i = 0; i < 9; i++)
        cr_assert_eq(be32(out[i]->data + 24), seq[i]);
    for (unsigned i = 0; i < n; i++)
        frame_free(out[i]);
    frame_pool_free(b.pool);
}

Test(super, a_joined_packet_stays_below_64_KB)
{
    struct bag b = {.pool = frame_pool_new()};
    for (unsigned i = 0; i < 64; i++)
        add(&b, (struct spec){.seq = i * 1900, .payload = 1900, .id = (uint16_t)i});
    super_join(&b.v);
    cr_assert_eq(b.v.n, 2);
    cr_assert_eq(super_count(b.v.f[0]), 34);
    cr_assert_eq(super_count(b.v.f[1]), 30);
    frame_free_vec(&b.v);
    frame_pool_free(b.pool);
}

/* ---- open checksums ---- */

Test(super, an_open_checksum_is_completed)
{
    struct frame_pool *pool = frame_pool_new();
    struct frame *f = packet(pool, &(struct spec){.seq = 3, .payload = 33, .gso = 100});
    cr_assert(!frame_csum_complete(f)); /* a super-packet has none */
    f->gso = 0;
    frame_push(f, 14);
    struct frame *copy = frame_copy(f);
    cr_assert(frame_csum_complete(copy) && !(copy->flags & FRAME_CSUM_PARTIAL));
    frame_pull(copy, 14);
    assert_right(copy, 3, 33);
    cr_assert(frame_csum_complete(copy)); /* nothing left to do */
    assert_right(copy, 3, 33);
    frame_free(copy);
    f->csum_off = 20 + 33 - 1;
    cr_assert(!frame_csum_complete(f));
    f->csum_off = 16, f->csum_at = 10;
    cr_assert(!frame_csum_complete(f));
    f->csum_at = UINT16_MAX;
    cr_assert(!frame_csum_complete(f));
    frame_free(f);
    frame_pool_free(pool);
}

/* ---- the MSS ---- */

static struct frame *syn(struct frame_pool *pool, const void *options, uint8_t n, uint8_t flags)
{
    struct frame *f = packet(pool, &(struct spec){.options = n, .flags = flags});
    uint8_t *tcp = f->data + 20;
    memcpy(tcp + 20, options, n);
    put16(tcp + 16, 0);
    put16(tcp + 16, (uint16_t)~plain_sum(tcp, 20u + n, pseudo_of(f->data, 20u + n)));
    return f;
}

Test(super, mss_of_a_syn_is_lowered)
{
    struct frame_pool *pool = frame_pool_new();
    /* As Linux writes them; behind a NOP, at an odd place; behind SACK-permitted and a window scale. */
    static const uint8_t options[][12] = {{2, 4, 5, 0xb4, 1, 1, 4, 2, 1, 3, 3, 7},
                                          {1, 2, 4, 5, 0xb4, 1, 1, 1, 0, 0, 0, 0},
                                          {4, 2, 3, 3, 7, 2, 4, 5, 0xb4, 0, 0, 0}};
    static const unsigned at[] = {2, 3, 7};
    for (unsigned i = 0; i < 3; i++)
        for (unsigned mss = 536; mss < 1470; mss += 13) {
            struct frame *f = syn(pool, options[i], 12, i ? TCP_SYN | TCP_ACK : TCP_SYN);
            cr_assert_eq(mss_clamp(f, (uint16_t)mss), mss < 1460);
            cr_assert_eq(be16(f->data + 40 + at[i]), mss < 1460 ? mss : 1460);
            cr_assert_eq(plain_sum(f->data + 20, 32, pseudo_of(f->data, 32)), 0xffff);
            frame_free(f);
        }
    struct frame *f = syn(pool, options[0], 12, TCP_SYN); /* left open: the sum is the pseudo header's, which stays */
    f->flags |= FRAME_CSUM_PARTIAL;
    f->csum_at = FRAME_HEADROOM + 20, f->csum_off = 16;
    put16(f->data + 36, plain_sum(NULL, 0, pseudo_of(f->data, 32)));
    cr_assert(mss_clamp(f, 1360));
    cr_assert(frame_csum_complete(f));
    cr_assert_eq(plain_sum(f->data + 20, 32, pseudo_of(f->data, 32)), 0xffff);
    frame_free(f);
    frame_pool_free(pool);
}

Test(super, mss_leaves_all_else_alone)
{
    struct frame_pool *pool = frame_pool_new();
    static const struct {
        uint8_t flags, n, o[8];
    } c[] = {{TCP_ACK, 4, {2, 4, 5, 0xb4}},       /* no SYN */
             {TCP_SYN, 0, {0}},                   /* no option */
             {TCP_SYN, 8, {0, 1, 2, 4, 5, 0xb4}}, /* behind the end */
             {TCP_SYN, 4, {2, 3, 5, 0xb4}},       /* of a wrong length */
             {TCP_SYN, 4, {2, 0, 5, 0xb4}},
             {TCP_SYN, 4, {2, 200, 5, 0xb4}},
             {TCP_SYN, 4, {1, 1, 2, 4}}, /* cut off */
             {TCP_SYN, 4, {1, 1, 1, 2}},
             {TCP_SYN, 8, {3, 1, 2, 4, 5, 0xb4, 0, 0}},
             {TCP_SYN, 4, {2, 4, 2, 0}}}; /* smaller */
    for (unsigned i = 0; i < sizeof c / sizeof *c; i++) {
        struct frame *f = syn(pool, c[i].o, c[i].n, c[i].flags), *was = frame_copy(f);
        cr_assert(!mss_clamp(f, 1000), "%u", i);
        cr_assert(!memcmp(f->data, was->data, f->len));
        frame_free(f);
        frame_free(was);
    }
    struct frame *f = syn(pool, (const uint8_t[]){2, 4, 5, 0xb4}, 4, TCP_SYN);
    put16(f->data + 6, 1); /* a later fragment */
    cr_assert(!mss_clamp(f, 1000));
    put16(f->data + 6, 0);
    for (uint32_t n = 0; n < 44; n++) {
        f->len = n;
        cr_assert(!mss_clamp(f, 1000));
    }
    frame_free(f);
    frame_pool_free(pool);
}

/* ---- links ---- */

struct wire {
    unsigned n;
    uint32_t seq;
};
static void at_far_end(void *arg, struct frame_vec *v)
{
    struct wire *w = arg;
    for (unsigned i = 0; i < v->n; i++) {
        frame_pull(v->f[i], 14);
        uint32_t payload = v->f[i]->len - 40;
        assert_right(v->f[i], w->seq, payload);
        w->seq += payload;
        w->n++;
    }
    frame_free_vec(v);
}

Test(super, a_link_without_offload_gets_segments)
{
    struct loop *loop = loop_new_sim(0);
    struct memswitch *sw = memswitch_new(loop, "sw", true);
    struct link *a = memswitch_port(sw, "a"), *b = memswitch_port(sw, "b");
    struct wire w = {.seq = 0};
    struct frame_vec v;
    b->rx = at_far_end;
    b->arg = &w;
    loop_run(loop, 1000);
    cr_assert(!a->tso && !a->csum && a->up);
    v.n = 2;
    v.f[0] = packet(loop_frames(loop), &(struct spec){.payload = 60000, .gso = 500}); /* more than one vector */
    v.f[1] = packet(loop_frames(loop), &(struct spec){.seq = 60000, .payload = 400, .gso = 500});
    v.f[1]->gso = 0; /* an open checksum alone */
    for (unsigned i = 0; i < 2; i++) {
        uint8_t *h = frame_push(v.f[i], 14);
        memset(h, 2, 12);
        put16(h + 12, 0x800);
    }
    link_send(a, &v);
    loop_run(loop, 2000);
    cr_assert_eq(w.n, 121);
    cr_assert_eq(w.seq, 60400);
    struct frame *junk = frame_alloc(loop);
    junk->gso = 8;
    v.n = 1;
    v.f[0] = junk;
    link_send(a, &v);
    cr_assert_eq(link_drop_get(a, LINK_DROP_UNSPLIT), 1);
    memswitch_port_carrier(sw, "a", false);
    loop_run(loop, 3000);
    v.n = 1;
    v.f[0] = frame_alloc(loop);
    link_send(a, &v);
    cr_assert_eq(link_drop_get(a, LINK_DROP_NO_CARRIER), 1);
    cr_assert_str_eq(link_drop_name(LINK_DROP_NO_CARRIER), "link-no-carrier");
    link_close(a);
    link_close(b);
    memswitch_free(sw);
    loop_free(loop);
}
