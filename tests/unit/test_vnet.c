/* The virtio header in front of a tap's frames: what a kernel may say, and every lie has its name. */
#include "modules/core/csum.h"
#include "modules/net/stack.h"
#include "modules/net/super.h"
#include "modules/net/vnet.h"
#include <criterion/criterion.h>

/* An Ethernet frame with a TCP packet of so much payload. */
static struct frame *tcp_frame(struct frame_pool *pool, uint32_t payload)
{
    struct frame *f = payload > 2000 ? frame_alloc_big_from(pool, 0) : frame_alloc_from(pool, 0);
    uint8_t *p = frame_put(f, 14 + 40 + payload);
    memset(p, 3, f->len);
    put16(p + 12, 0x800);
    p[14] = 0x45;
    put16(p + 16, (uint16_t)(40 + payload));
    put16(p + 20, 0x4000);
    p[23] = 6;
    p[46] = 0x50;
    p[47] = 0x10;
    return f;
}
static struct virtio_net_hdr good(void)
{
    return (struct virtio_net_hdr){.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
                                   .gso_type = VIRTIO_NET_HDR_GSO_TCPV4,
                                   .hdr_len = 54,
                                   .gso_size = 1448,
                                   .csum_start = 34,
                                   .csum_offset = 16};
}

Test(vnet, what_a_kernel_says)
{
    struct frame_pool *pool = frame_pool_new();
    struct virtio_net_hdr h = good(), back;
    struct frame *f = tcp_frame(pool, 60000);
    cr_assert_eq(vnet_take(f, &h), LINK_DROPS);
    cr_assert_eq(f->gso, 1448);
    cr_assert(f->flags & FRAME_CSUM_PARTIAL);
    cr_assert_eq(f->base + f->csum_at, f->data + 34);
    cr_assert(vnet_give(f, &back));
    cr_assert(!memcmp(&h, &back, sizeof h));
    frame_pull(f, 14); /* another link header: the places move with it */
    frame_push(f, 14 + 4);
    cr_assert(vnet_give(f, &back));
    cr_assert_eq(back.csum_start, 38);
    cr_assert_eq(back.hdr_len, 58);
    frame_free(f);

    f = tcp_frame(pool, 60000); /* behind an 802.1Q tag */
    frame_put(f, 4);
    memmove(f->data + 16, f->data + 12, f->len - 16);
    put16(f->data + 12, ETHERTYPE_VLAN_);
    put16(f->data + 14, 10);
    h.csum_start = 38;
    h.hdr_len = 58;
    cr_assert_eq(vnet_take(f, &h), LINK_DROPS);
    cr_assert_eq(f->gso, 1448);
    memmove(f->data + 4, f->data, 12); /* as the stack takes it off */
    frame_pull(f, 4);
    cr_assert(vnet_give(f, &back));
    cr_assert_eq(back.csum_start, 34);
    h = good();
    frame_free(f);

    f = tcp_frame(pool, 1448); /* one segment only: an ordinary frame */
    cr_assert_eq(vnet_take(f, &h), LINK_DROPS);
    cr_assert(!f->gso && f->flags & FRAME_CSUM_PARTIAL);
    cr_assert(vnet_give(f, &back));
    cr_assert_eq(back.gso_type, VIRTIO_NET_HDR_GSO_NONE);
    frame_free(f);

    f = tcp_frame(pool, 10);
    h = (struct virtio_net_hdr){.flags = VIRTIO_NET_HDR_F_DATA_VALID};
    cr_assert_eq(vnet_take(f, &h), LINK_DROPS);
    cr_assert(!f->gso && !f->flags);
    cr_assert(vnet_give(f, &back));
    cr_assert(!back.flags && !back.gso_type);
    h = (struct virtio_net_hdr){.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM, .csum_start = 34, .csum_offset = 28};
    cr_assert_eq(vnet_take(f, &h), LINK_DROPS); /* its last two bytes */
    frame_free(f);
    frame_pool_free(pool);
}

Test(vnet, lies_have_names)
{
    struct frame_pool *pool = frame_pool_new();
    struct {
        const char *what;
        struct virtio_net_hdr h;
        enum link_drop why;
    } c[40];
    unsigned n = 0;
#define LIE(w, field, value, reason)                                                                                   \
    (c[n].what = (w), c[n].h = good(), c[n].h.field = (value), c[n].why = (reason), n++)
    LIE("UDP", gso_type, VIRTIO_NET_HDR_GSO_UDP, LINK_DROP_GSO_TYPE);
    LIE("UDP segments", gso_type, 5, LINK_DROP_GSO_TYPE);
    LIE("unknown", gso_type, 2, LINK_DROP_GSO_TYPE);
    LIE("unknown", gso_type, 0x7f, LINK_DROP_GSO_TYPE);
    LIE("ECN", gso_type, VIRTIO_NET_HDR_GSO_TCPV4 | VIRTIO_NET_HDR_GSO_ECN, LINK_DROP_GSO_TYPE);
    LIE("ECN of nothing", gso_type, VIRTIO_NET_HDR_GSO_ECN, LINK_DROP_GSO_TYPE);
    LIE("IPv6", gso_type, VIRTIO_NET_HDR_GSO_TCPV6, LINK_DROP_GSO_IPV6);
    LIE("no size", gso_size, 0, LINK_DROP_GSO_SIZE);
    LIE("an absurd size", gso_size, 7, LINK_DROP_GSO_SIZE);
    LIE("headers longer than the frame", hdr_len, 4055, LINK_DROP_GSO_SIZE);
    LIE("no checksum left open", flags, 0, LINK_DROP_GSO_PACKET);
    LIE("a checksum elsewhere", csum_start, 35, LINK_DROP_GSO_PACKET);
    LIE("a checksum at the end", csum_start, 65535, LINK_DROP_GSO_PACKET);
    LIE("not TCP's checksum", csum_offset, 6, LINK_DROP_GSO_PACKET);
    LIE("not TCP's checksum", csum_offset, 65535, LINK_DROP_GSO_PACKET);
    c[n].what = "a start outside", c[n].why = LINK_DROP_CHECKSUM;
    c[n++].h = (struct virtio_net_hdr){.flags = 1, .csum_start = 4053, .csum_offset = 0};
    c[n].what = "an offset outside", c[n].why = LINK_DROP_CHECKSUM;
    c[n++].h = (struct virtio_net_hdr){.flags = 1, .csum_start = 34, .csum_offset = 4019};
    c[n].what = "both together outside", c[n].why = LINK_DROP_CHECKSUM;
    c[n++].h = (struct virtio_net_hdr){.flags = 1, .csum_start = 65535, .csum_offset = 65535};
    c[n].what = "in the link header", c[n].why = LINK_DROP_CHECKSUM;
    c[n++].h = (struct virtio_net_hdr){.flags = 1, .csum_start = 6, .csum_offset = 6};
    for (unsigned i = 0; i < n; i++) {
        struct frame *f = tcp_frame(pool, 4000);
        cr_assert_eq(vnet_take(f, &c[i].h), c[i].why, "%s", c[i].what);
        frame_free(f);
    }
    static const struct {
        unsigned at;
        uint8_t value;
    } bad[] = {{12, 0x86}, {14, 0x65}, {14, 0x44}, {14, 0x46}, {16, 0xff}, {16, 0},
               {17, 1},    {20, 0x20}, {21, 1},    {23, 17},   {46, 0x40}};
    for (unsigned i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct frame *f = tcp_frame(pool, 4000);
        struct virtio_net_hdr h = good();
        f->data[bad[i].at] = bad[i].value;
        cr_assert_eq(vnet_take(f, &h), LINK_DROP_GSO_PACKET, "byte %u", bad[i].at);
        frame_free(f);
    }
    for (uint32_t len = 0; len < 54; len++) { /* cut off anywhere */
        struct frame *f = tcp_frame(pool, 100);
        struct virtio_net_hdr h = good();
        f->len = len;
        cr_assert_neq(vnet_take(f, &h), LINK_DROPS);
        frame_free(f);
    }
    for (enum link_drop d = 0; d < LINK_DROPS; d++)
        cr_assert(strncmp(link_drop_name(d), "link-", 5) == 0);
    frame_pool_free(pool);
}

Test(vnet, what_we_say_is_looked_at_too)
{
    struct frame_pool *pool = frame_pool_new();
    struct virtio_net_hdr h = good(), out;
    struct frame *f = tcp_frame(pool, 4000);
    cr_assert_eq(vnet_take(f, &h), LINK_DROPS);
    f->flags = 0;
    cr_assert(!vnet_give(f, &out)); /* segments without an open checksum */
    f->flags = FRAME_CSUM_PARTIAL;
    f->csum_off = 6;
    cr_assert(!vnet_give(f, &out));
    f->csum_off = 16;
    frame_pull(f, 40);
    cr_assert(!vnet_give(f, &out)); /* the header is no longer there */
    frame_free(f);
    frame_pool_free(pool);
}
