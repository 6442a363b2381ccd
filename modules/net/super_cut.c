/* Cutting a super-packet into the segments it stands for, as the sender's hardware would: headers repeated, lengths,
 * identification, sequence, flags and checksums their own. The payload is summed while it is copied. Called through
 * super.h. */
#include "modules/core/csum.h"
#include "modules/core/cursor.h"
#include "modules/net/stack.h"
#include "modules/net/super.h"

bool tcp4_parse(const struct frame *f, struct tcp4 *t)
{
    struct cursor c = cursor_make(f->data, f->len);
    const uint8_t *ip = cursor_take(&c, IP_HLEN);
    if (!ip || ip[0] >> 4 != 4 || ip[9] != IPPROTO_TCP_ || be16(ip + 6) & (IP_MF | IP_OFFMASK))
        return false;
    t->ip_len = (ip[0] & 15u) * 4;
    t->total = be16(ip + 2);
    if (t->ip_len < IP_HLEN || t->total > frame_total(f) || (f->frag && t->total != frame_total(f)))
        return false;
    cursor_skip(&c, t->ip_len - IP_HLEN);
    const uint8_t *tcp = cursor_take(&c, TCP_HLEN);
    if (!tcp)
        return false;
    t->tcp_len = (tcp[12] >> 4) * 4u;
    if (t->tcp_len < TCP_HLEN || t->ip_len + t->tcp_len > t->total || t->ip_len + t->tcp_len > f->len)
        return false;
    t->ip = ip;
    t->tcp = tcp;
    t->payload = t->total - t->ip_len - t->tcp_len;
    return true;
}

static unsigned pieces(uint32_t payload, uint32_t size)
{
    return payload ? (payload + size - 1) / size : 1;
}

/* As a sum in native order. */
static inline uint64_t word(uint32_t v)
{
    uint8_t b[4];
    uint32_t w;
    put32(b, v);
    memcpy(&w, b, 4);
    return w;
}

bool super_cut_begin(struct super_cut *c, const struct frame *f, uint16_t size)
{
    struct tcp4 t;
    if (!tcp4_parse(f, &t))
        return false;
    if (!size)
        size = f->gso ? f->gso : (uint16_t)(t.payload ? t.payload : 1);
    if (t.ip_len + t.tcp_len + size > UINT16_MAX) /* one piece then: its length must not run over */
        size = (uint16_t)(UINT16_MAX - t.ip_len - t.tcp_len);
    uint32_t head = t.ip_len + t.tcp_len;
    *c = (struct super_cut){.f = f,
                            .at = f,
                            .skip = head,
                            .left = t.payload,
                            .n = pieces(t.payload, size),
                            .most = head + (t.payload < size ? t.payload : size),
                            .size = size,
                            .id = be16(t.ip + 4),
                            .seq = be32(t.tcp + 4),
                            .ip_len = (uint8_t)t.ip_len,
                            .tcp_len = (uint8_t)t.tcp_len,
                            .tcp_flags = t.tcp[13]};
    memcpy(c->head, f->data, head);
    uint8_t *ip = c->head, *tcp = c->head + t.ip_len;
    put32(ip + 2, 0); /* length, identification */
    put16(ip + 10, 0);
    put32(tcp + 4, 0);
    tcp[13] = 0;
    put16(tcp + 16, 0);
    c->ip_sum = csum_add(0, ip, t.ip_len);
    c->tcp_sum = csum_add(csum_add(word(IPPROTO_TCP_), ip + 12, 8), tcp, t.tcp_len);
    return true;
}

static uint16_t swap16(uint16_t v)
{
    return (uint16_t)(v << 8 | v >> 8);
}

/* Copies n bytes of payload from wherever they lie. */
static uint64_t copy_payload(struct super_cut *c, uint8_t *to, uint32_t n)
{
    uint64_t sum = 0;
    bool odd = false;
    while (n && c->at) {
        uint32_t here = c->at->len - c->skip;
        if (!here) {
            c->at = c->at->frag;
            c->skip = 0;
            continue;
        }
        if (here > n)
            here = n;
        uint64_t part = csum_copy(0, to, c->at->data + c->skip, here);
        sum = csum_join(sum, odd ? swap16(csum_fold16(part)) : part);
        odd ^= here & 1;
        to += here;
        c->skip += here;
        n -= here;
    }
    return sum;
}

static void put_sum(uint8_t *at, uint64_t sum)
{
    uint16_t v = (uint16_t)~csum_fold16(sum);
    memcpy(at, &v, 2);
}

uint32_t super_cut_write(struct super_cut *c, uint8_t *to, uint32_t room)
{
    uint32_t n = c->left < c->size ? c->left : c->size, head = (uint32_t)c->ip_len + c->tcp_len;
    bool first = c->done == 0, last = c->done + 1 == c->n;
    if (c->done == c->n || head + n > room)
        return 0;
    uint8_t *ip = to, *tcp = to + c->ip_len;
    memcpy(to, c->head, head);
    put16(ip + 2, (uint16_t)(head + n));
    put16(ip + 4, c->id);
    put_sum(ip + 10, c->ip_sum + word(head + n) + word(c->id));
    put32(tcp + 4, c->seq);
    tcp[13] = c->tcp_flags;
    if (!last)
        tcp[13] &= (uint8_t) ~(TCP_FIN | TCP_PSH);
    if (!first)
        tcp[13] &= (uint8_t)~TCP_CWR;
    uint64_t sum = copy_payload(c, tcp + c->tcp_len, n);
    put_sum(tcp + 16, csum_join(sum, c->tcp_sum + word(c->tcp_len + n) + word(c->seq) + word(tcp[13])));
    c->seq += n;
    c->id++;
    c->left -= n;
    c->done++;
    return head + n;
}

struct frame *super_cut_next(struct super_cut *c, struct frame_pool *pool, nstime now)
{
    const struct frame *f = c->f;
    if (c->done == c->n)
        return NULL;
    struct frame *p =
        c->most <= FRAME_SLOT - FRAME_HEADROOM ? frame_alloc_from(pool, now) : frame_alloc_big_from(pool, now);
    if (!p)
        return NULL;
    p->len = super_cut_write(c, p->data, p->cap - FRAME_HEADROOM);
    p->in = f->in;
    p->arrival = f->arrival;
    p->flags = f->flags & (uint16_t)~FRAME_CSUM_PARTIAL;
    p->l3 = f->l3;
    p->sa = f->sa;
    return p;
}

uint16_t super_size_for(const struct frame *f, uint32_t mtu, bool despite_df)
{
    struct tcp4 t;
    if (!tcp4_parse(f, &t))
        return 0;
    uint32_t head = t.ip_len + t.tcp_len, size = f->gso ? f->gso : t.payload;
    if (head + size <= mtu)
        return (uint16_t)size;
    if (head >= mtu || (!despite_df && be16(t.ip + 6) & IP_DF))
        return 0;
    return (uint16_t)(mtu - head);
}

unsigned super_count(const struct frame *f)
{
    struct tcp4 t;
    return f->gso && tcp4_parse(f, &t) ? pieces(t.payload, f->gso) : 1;
}
