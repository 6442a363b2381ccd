/* Super-packets: one IPv4/TCP packet of up to 64 KB that stands for many segments. Taps bring and take them whole; ESP,
 * links without offload and faults want the segments, and what comes out of ESP is joined again. Pure functions on
 * frames; called by the data plane, link.c and ipsec.
 *
 * While a frame has further pieces (f->frag), its IP header's length is that of frame_total(f), not of f->len. */
#ifndef TAPIR_NET_SUPER_H
#define TAPIR_NET_SUPER_H
#include "modules/core/frame.h"

enum { IPPROTO_TCP_ = 6, TCP_HLEN = 20 };
enum { TCP_FIN = 1, TCP_SYN = 2, TCP_RST = 4, TCP_PSH = 8, TCP_ACK = 16, TCP_URG = 32, TCP_ECE = 64, TCP_CWR = 128 };
enum { SUPER_HEADERS_MOST = 120 };

/* Where the parts of an IPv4/TCP packet are; header lengths and payload in bytes. */
struct tcp4 {
    const uint8_t *ip, *tcp;
    uint32_t total, ip_len, tcp_len, payload;
};
/* f borrowed, IP header at data. false: no whole TCP packet over IPv4 (a fragment is none). No checksum is looked at.
 */
bool tcp4_parse(const struct frame *f, struct tcp4 *t);

/* ---- cutting ---- */

/* Over one packet; the frame (borrowed) must stay as it is until the last piece is made. */
struct super_cut {
    unsigned n, done; /* pieces in all, and made */
    uint32_t most;    /* bytes of the longest piece, its IP header included */
    /* private */
    const struct frame *f, *at; /* at, skip: what is copied next */
    uint32_t skip, left, seq;
    uint16_t size, id;
    uint8_t ip_len, tcp_len, tcp_flags;
    uint64_t ip_sum, tcp_sum; /* of what all pieces have in common */
    uint8_t head[SUPER_HEADERS_MOST];
};
/* f: IP header at data. size: payload per piece, 0: f->gso (an ordinary packet then is one piece). A size that is not
 * the packet's own changes what DF forbids to change: the caller says that it may. false: no such packet. */
bool super_cut_begin(struct super_cut *c, const struct frame *f, uint16_t size);
/* Writes the next piece, a complete packet with right checksums, to `to`; returns its length, 0: there is none, or it
 * is longer than room. */
uint32_t super_cut_write(struct super_cut *c, uint8_t *to, uint32_t room);
/* The next piece as a frame of the caller's pool: a slot where it fits (else 64 KB), data at FRAME_HEADROOM, the rest
 * as in the packet. NULL: there is none (done == n), or no memory. */
struct frame *super_cut_next(struct super_cut *c, struct frame_pool *pool, nstime now);
/* The size of payload with which the pieces of a super-packet fit into mtu: f->gso if they do, else what does when DF
 * is clear or despite_df, else 0. */
uint16_t super_size_for(const struct frame *f, uint32_t mtu, bool despite_df);
/* Segments that f stands for; 1 for an ordinary frame. */
unsigned super_count(const struct frame *f);

/* ---- joining ---- */

/* v: IPv4 packets, IP header at data. Consecutive TCP segments of one flow become one super-packet in the place of the
 * first; the rest stays as it is, and nothing overtakes within a flow. Only what is equal but for sequence, length and
 * PSH is joined, with good checksums, so that cutting gives the same segments back. */
void super_join(struct frame_vec *v);
#endif
