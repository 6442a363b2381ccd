/* Lowers the MSS option of passing SYNs (RFC 9293 3.2), with an incremental checksum (RFC 1624). */
#include "modules/net/mss.h"
#include "modules/core/csum.h"
#include "modules/net/stack.h"
#include "modules/net/super.h"

enum { OPTION_END = 0, OPTION_NOP = 1, OPTION_MSS = 2 };

/* Offset of the option's value in the TCP header; 0: there is none, or the options are broken. */
static uint32_t find_mss(const struct tcp4 *t)
{
    uint32_t at = TCP_HLEN;
    while (at < t->tcp_len) {
        if (t->tcp[at] == OPTION_END)
            return 0;
        if (t->tcp[at] == OPTION_NOP) {
            at++;
            continue;
        }
        if (at + 1 >= t->tcp_len)
            return 0;
        uint32_t len = t->tcp[at + 1];
        if (len < 2 || at + len > t->tcp_len)
            return 0;
        if (t->tcp[at] == OPTION_MSS)
            return len == 4 ? at + 2 : 0;
        at += len;
    }
    return 0;
}

bool mss_clamp(struct frame *f, uint16_t mss)
{
    struct tcp4 t;
    /* Cheap for all that is no SYN: the flags stand where they do unless there are IP options. */
    if (f->len < IP_HLEN + TCP_HLEN || f->data[9] != IPPROTO_TCP_ ||
        (f->data[0] == 0x45 && !(f->data[IP_HLEN + 13] & TCP_SYN)))
        return false;
    if (!tcp4_parse(f, &t) || !(t.tcp[13] & TCP_SYN))
        return false;
    uint32_t at = find_mss(&t);
    if (!at || be16(t.tcp + at) <= mss)
        return false;
    uint8_t *tcp = f->data + t.ip_len;
    uint16_t old = be16(tcp + at), sum = be16(tcp + 16);
    put16(tcp + at, mss);
    if (f->flags & FRAME_CSUM_PARTIAL)
        return true; /* the open checksum is the pseudo header's alone */
    /* HC' = ~(~HC + ~m + m'); an option at an odd offset stands in the other halves of two words. */
    uint32_t was = (uint16_t)~old, is = mss;
    if (at & 1) {
        was = (uint16_t)(was << 8 | was >> 8);
        is = (is << 8 | is >> 8) & 0xffff;
    }
    put16(tcp + 16, (uint16_t)~csum_fold16((uint64_t)(uint16_t)~sum + was + is));
    return true;
}
