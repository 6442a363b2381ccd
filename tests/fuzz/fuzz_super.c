/* Fuzz target: cutting and joining super-packets, and the MSS clamp. An even first byte: a sequence of (2-byte length,
 * IPv4 packet) goes through all of them, and nothing but what was there comes out. An odd one: a super-packet is made
 * of the input; its segments must be right, and joined again they must give it back. */
#include "modules/core/csum.h"
#include "modules/net/mss.h"
#include "modules/net/stack.h"
#include "modules/net/super.h"
#include "modules/net/vnet.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct frame_pool *pool;

#define MUST(x) ((x) ? (void)0 : abort())

static uint32_t flat_len(const struct frame *f)
{
    uint32_t n = 0;
    for (; f; f = f->frag)
        n += f->len;
    return n;
}

static void join_all(struct frame_vec *v)
{
    uint64_t before = 0, after = 0;
    for (unsigned i = 0; i < v->n; i++)
        before += v->f[i]->len;
    super_join(v);
    for (unsigned i = 0; i < v->n; i++) {
        const struct frame *f = v->f[i];
        struct tcp4 t;
        MUST(flat_len(f) == frame_total(f));
        after += frame_total(f);
        if (f->frag) {
            MUST(tcp4_parse(f, &t) && t.total == frame_total(f) && f->flags & FRAME_CSUM_PARTIAL);
            MUST(super_count(f) == f->n_frag + 1u);
            after += f->n_frag * (t.ip_len + t.tcp_len);
        }
    }
    MUST(after <= before); /* less only by padding */
}

static void any_packets(const uint8_t *data, size_t size)
{
    struct frame_vec v;
    v.n = 0;
    while (size >= 3 && v.n < FRAME_VEC) {
        size_t len = be16(data) % 1600;
        uint8_t how = data[2];
        data += 3;
        size -= 3;
        len = len < size ? len : size;
        struct frame *f = frame_alloc_from(pool, 0);
        MUST(f);
        memcpy(frame_put(f, (uint32_t)len), data, len);
        f->gso = how & 1 ? how : 0;
        if (how & 2) {
            f->flags |= FRAME_CSUM_PARTIAL;
            f->csum_at = (uint16_t)(FRAME_HEADROOM + how / 2);
            f->csum_off = how;
        }
        data += len;
        size -= len;
        mss_clamp(f, (uint16_t)(500 + how));
        struct super_cut c;
        if (super_cut_begin(&c, f, how & 4 ? how : 0)) {
            struct frame *p;
            unsigned n = 0;
            while ((p = super_cut_next(&c, pool, 0))) {
                MUST(p->len && p->len <= c.most);
                frame_free(p);
                n++;
            }
            MUST(n == c.n);
        }
        super_size_for(f, how * 8u, how & 8);
        struct frame *copy = frame_copy(f);
        frame_csum_complete(copy);
        frame_free(copy);
        v.f[v.n++] = f;
    }
    join_all(&v);
    frame_free_vec(&v);
}

/* Two supers of payload drawn from the input, their segments interleaved, joined, flattened, compared. */
static struct frame *make_super(const uint8_t *data, size_t size, unsigned which)
{
    struct frame *f = frame_alloc_big_from(pool, 0);
    MUST(f);
    uint32_t options = data[0] % 11 * 4, payload = (uint32_t)(be16(data + 1) % 40000) + 1,
             gso = be16(data + 3) % 3000 + 8;
    uint8_t *p = frame_put(f, 20 + 20 + options + payload);
    memset(p, 1, 40 + options);
    p[0] = 0x45;
    put16(p + 2, (uint16_t)(40 + options + payload));
    put16(p + 4, be16(data + 1));
    put16(p + 6, data[5] & 1 ? IP_DF : 0);
    p[9] = IPPROTO_TCP_;
    put16(p + 10, 0);
    put32(p + 12, 0x0a000001 + which);
    put16(p + 10, ip_checksum(p, 20));
    uint8_t *t = p + 20;
    t[12] = (uint8_t)((5 + options / 4) << 4);
    t[13] = (uint8_t)(TCP_ACK | (data[5] & 2 ? TCP_PSH : 0));
    put16(t + 16, 0);
    put16(t + 18, 0);
    uint16_t open =
        csum_fold16(ip_sum_pseudo(be32(p + 12), be32(p + 16), IPPROTO_TCP_, (uint16_t)(20 + options + payload)));
    memcpy(t + 16, &open, 2);
    for (uint32_t i = 0; i < payload; i++)
        t[20 + options + i] = (uint8_t)(data[i % size] + i / size);
    f->gso = (uint16_t)gso;
    f->flags = FRAME_CSUM_PARTIAL;
    f->csum_at = FRAME_HEADROOM + 20;
    f->csum_off = 16;
    return f;
}

static bool piece_is_right(const struct frame *p)
{
    struct tcp4 t;
    if (!tcp4_parse(p, &t) || t.total != p->len || ip_checksum(t.ip, t.ip_len))
        return false;
    uint64_t pseudo = ip_sum_pseudo(be32(t.ip + 12), be32(t.ip + 16), IPPROTO_TCP_, (uint16_t)(t.total - t.ip_len));
    return ip_sum_fold(ip_sum_add(pseudo, t.tcp, t.total - t.ip_len)) == 0;
}

static void there_and_back(const uint8_t *data, size_t size)
{
    struct frame *whole[2] = {make_super(data, size, 0), make_super(data, size, 1)};
    struct super_cut c[2];
    struct frame_vec v;
    v.n = 0;
    MUST(super_cut_begin(&c[0], whole[0], 0) && super_cut_begin(&c[1], whole[1], 0));
    MUST(c[0].n == super_count(whole[0]));
    uint32_t at[2] = {0, 0}, head = (whole[0]->data[20 + 12] >> 4) * 4u + 20;
    bool done = false;
    for (unsigned turn = 0; !done; turn++) {
        struct frame *p = super_cut_next(&c[turn & 1], pool, 0);
        if (p) {
            MUST(piece_is_right(p));
            v.f[v.n++] = p;
        }
        done = c[0].done == c[0].n && c[1].done == c[1].n;
        if (v.n < FRAME_VEC && !done)
            continue;
        join_all(&v);
        for (unsigned i = 0; i < v.n; i++) {
            unsigned k = be32(v.f[i]->data + 12) - 0x0a000001;
            struct frame *flat = frame_copy(v.f[i]);
            MUST(k < 2 && flat && !flat->frag);
            MUST(flat->len - head + at[k] + head <= whole[k]->len);
            MUST(be32(flat->data + 24) == 0x01010101 + at[k]);
            MUST(!memcmp(flat->data + head, whole[k]->data + head + at[k], flat->len - head));
            at[k] += flat->len - head;
            frame_free(flat);
        }
        frame_free_vec(&v);
    }
    for (unsigned k = 0; k < 2; k++) {
        MUST(at[k] == whole[k]->len - head);
        frame_free(whole[k]);
    }
}

static void from_tap(const uint8_t *data, size_t size)
{
    struct virtio_net_hdr h, back;
    if (size < sizeof h)
        return;
    memcpy(&h, data, sizeof h);
    data += sizeof h;
    size -= sizeof h;
    struct frame *f = frame_alloc_big_from(pool, 0);
    MUST(f);
    memcpy(frame_put(f, (uint32_t)size), data, size);
    if (vnet_take(f, &h) == LINK_DROPS) {
        struct super_cut c;
        struct frame *p;
        MUST(vnet_give(f, &back));
        MUST(!f->gso || (back.gso_size == h.gso_size && back.csum_start == h.csum_start));
        if (f->gso) {
            frame_pull(f, ETHER_HLEN);
            MUST(super_cut_begin(&c, f, 0) && c.n > 1);
            while ((p = super_cut_next(&c, pool, 0)))
                frame_free(p);
            MUST(c.done == c.n);
        } else {
            MUST(frame_csum_complete(f));
        }
    }
    frame_free(f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!pool)
        pool = frame_pool_new();
    MUST(pool);
    if (size < 8)
        return 0;
    if (data[0] == 2)
        from_tap(data + 1, size - 1);
    else if (data[0] & 1)
        there_and_back(data + 1, size - 1);
    else
        any_packets(data + 1, size - 1);
    return 0;
}
