/* What the kernel says of a frame in its virtio header, believed only as far as the frame bears it out, and what we say
 * of ours. Called by link_tap.c. */
#include "modules/net/vnet.h"
#include "modules/core/cursor.h"
#include "modules/net/stack.h"
#include "modules/net/super.h"

enum { SEGMENT_LEAST = 8 /* what the least path leaves of a segment that has all options */ };

/* Is this one whole TCP packet over IPv4 of which several segments can be made, with its checksum left open where TCP
 * has it? */
static bool is_tcp_super(const struct frame *f, const struct virtio_net_hdr *h)
{
    struct cursor c = cursor_make(f->data, f->len);
    const uint8_t *eth = cursor_take(&c, ETHER_HLEN);
    const uint8_t *tag = eth && be16(eth + 12) == ETHERTYPE_VLAN_ ? cursor_take(&c, 4) : NULL;
    uint32_t link = tag ? ETHER_HLEN + 4 : ETHER_HLEN;
    const uint8_t *ip = cursor_take(&c, IP_HLEN);
    if (!ip || be16(ip - 2) != ETHERTYPE_IP_ || ip[0] >> 4 != 4 || ip[9] != IPPROTO_TCP_)
        return false;
    uint32_t hlen = (ip[0] & 15u) * 4, total = be16(ip + 2);
    if (hlen < IP_HLEN || total != f->len - link || be16(ip + 6) & (IP_MF | IP_OFFMASK))
        return false;
    cursor_skip(&c, hlen - IP_HLEN);
    const uint8_t *tcp = cursor_take(&c, TCP_HLEN);
    if (!tcp || (tcp[12] >> 4) * 4u < TCP_HLEN || hlen + (tcp[12] >> 4) * 4u > total)
        return false;
    return (h->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM) && h->csum_start == link + hlen && h->csum_offset == 16;
}

enum link_drop vnet_take(struct frame *f, const struct virtio_net_hdr *h)
{
    if (h->gso_type != VIRTIO_NET_HDR_GSO_NONE) {
        if (h->gso_type == VIRTIO_NET_HDR_GSO_TCPV6)
            return LINK_DROP_GSO_IPV6;
        if (h->gso_type != VIRTIO_NET_HDR_GSO_TCPV4)
            return LINK_DROP_GSO_TYPE;
        if (h->gso_size < SEGMENT_LEAST || h->hdr_len > f->len)
            return LINK_DROP_GSO_SIZE;
        if (!is_tcp_super(f, h))
            return LINK_DROP_GSO_PACKET;
        const uint8_t *tcp = f->data + h->csum_start;
        if (f->len - h->csum_start - (tcp[12] >> 4) * 4u > h->gso_size)
            f->gso = h->gso_size;
    }
    if (h->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM) {
        if (h->csum_start < ETHER_HLEN || (uint32_t)h->csum_start + h->csum_offset + 2 > f->len ||
            h->csum_start + FRAME_HEADROOM > UINT16_MAX)
            return LINK_DROP_CHECKSUM;
        f->flags |= FRAME_CSUM_PARTIAL;
        f->csum_at = (uint16_t)(h->csum_start + FRAME_HEADROOM);
        f->csum_off = h->csum_offset;
    }
    return LINK_DROPS;
}

bool vnet_give(const struct frame *f, struct virtio_net_hdr *h)
{
    const uint8_t *at = f->base + f->csum_at;
    *h = (struct virtio_net_hdr){0};
    if (!(f->flags & FRAME_CSUM_PARTIAL))
        return !f->gso;
    if (at < f->data || at + f->csum_off + 2 > f->data + f->len)
        return false;
    h->flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
    h->csum_start = (uint16_t)(at - f->data);
    h->csum_offset = f->csum_off;
    if (f->gso) {
        if (f->csum_off != 16 || at + TCP_HLEN > f->data + f->len)
            return false;
        h->gso_type = VIRTIO_NET_HDR_GSO_TCPV4;
        h->gso_size = f->gso;
        h->hdr_len = (uint16_t)(h->csum_start + (at[12] >> 4) * 4);
    }
    return true;
}
