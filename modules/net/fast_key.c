/* What tells the packets of one flow from others in the table of flows. Called by fast.c for every packet. */
#include "modules/net/dp.h"

bool fast_key_of(struct fast_key *k, const struct nif *nif, const uint8_t *ip, uint32_t len, uint32_t serial)
{
    if (len < IP_HLEN || ip[0] != 0x45) /* options are for the stack */
        return false;
    uint32_t total = be16(ip + 2), frag = be16(ip + 6), room;
    if (total < IP_HLEN || total > len || ip_sum_fold(ip_sum_add(0, ip, IP_HLEN)))
        return false;
    room = total - IP_HLEN;
    *k = (struct fast_key){.nif = (uint16_t)nif->n.index, .proto = ip[9], .tos = ip[1], .serial = serial};
    memcpy(&k->src, ip + 12, 8);
    if (frag & (IP_MF | IP_OFFMASK))
        k->bits = frag & IP_OFFMASK ? FAST_KEY_FRAGMENT : FAST_KEY_FIRST;
    if (frag & IP_OFFMASK)
        return true;
    switch (k->proto) {
    case 6:
        if (room < 14)
            return false;
        memcpy(&k->ports, ip + 20, 4);
        k->bits |= ip[33] & 0x14 ? FAST_KEY_ESTABLISHED : 0; /* ACK or RST */
        return true;
    case IPPROTO_UDP_:
        if (room < 8)
            return false;
        memcpy(&k->ports, ip + 20, 4);
        if (be16(ip + 22) == 4500 && room >= 16 && !serial) /* ESP in UDP: the SPI; 0 is IKE (RFC 3948 2.2) */
            memcpy(&k->serial, ip + 28, 4);
        return true;
    case IPPROTO_SCTP_:
    case IPPROTO_ESP_:
        if (room < 8)
            return false;
        memcpy(&k->ports, ip + 20, 4);
        return true;
    case IPPROTO_ICMP_:
        if (room < 2)
            return false;
        memcpy(&k->ports, ip + 20, 2);
        return true;
    default:
        return true;
    }
}
