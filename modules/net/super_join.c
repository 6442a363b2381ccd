/* Joining consecutive TCP segments into super-packets, in place: the first one becomes the head, the payloads of the
 * others its chain. What is joined must come out the same when it is cut again, so only segments that differ in nothing
 * but sequence, identification, length and PSH qualify. Called through super.h. */
#include "modules/core/csum.h"
#include "modules/net/stack.h"
#include "modules/net/super.h"

enum { FLOWS = 16 }; /* open at a time within one vector */

struct flow {
    uint8_t key[12];           /* addresses, ports */
    struct frame *head, *tail; /* head NULL: closed */
    struct tcp4 t;             /* of the head */
    uint32_t total, next_seq;
    uint16_t last_id;
    int8_t id_step; /* with DF: 0 or 1 as the second one has it, -1: not known yet */
    bool verified;  /* the head's checksums */
};
struct joiner {
    struct flow flow[FLOWS];
    unsigned n, oldest;
};

static void flow_key(const struct tcp4 *t, uint8_t key[12])
{
    memcpy(key, t->ip + 12, 8);
    memcpy(key + 8, t->tcp, 4);
}

/* The IP header's and the segment's own. */
static bool checksums_good(const struct tcp4 *t)
{
    uint64_t pseudo = ip_sum_pseudo(be32(t->ip + 12), be32(t->ip + 16), IPPROTO_TCP_, (uint16_t)(t->total - t->ip_len));
    return csum_fold16(csum_add(0, t->ip, t->ip_len)) == 0xffff &&
           csum_fold16(csum_add(pseudo, t->tcp, t->total - t->ip_len)) == 0xffff;
}

/* Could it be part of a super-packet at all? Reserved bits, urgent data and anything but ACK and PSH say no. */
static bool is_plain_segment(const struct frame *f, const struct tcp4 *t)
{
    return !f->gso && !f->frag && !(f->flags & FRAME_CSUM_PARTIAL) && t->ip_len == IP_HLEN && t->payload &&
           !(t->tcp[12] & 15) && (t->tcp[13] & ~TCP_PSH) == TCP_ACK && !(t->ip[6] & 0x80) && !be16(t->tcp + 18);
}

static bool same_headers(const struct flow *fl, const struct frame *f, const struct tcp4 *t)
{
    const struct tcp4 *h = &fl->t;
    return f->in == fl->head->in && f->sa == fl->head->sa && f->flags == fl->head->flags && t->tcp_len == h->tcp_len &&
           t->ip[1] == h->ip[1] && t->ip[6] == h->ip[6] && t->ip[8] == h->ip[8] /* tos, flags, ttl */ &&
           !memcmp(t->tcp + 8, h->tcp + 8, 4) && !memcmp(t->tcp + 14, h->tcp + 14, 2) /* ack, window */ &&
           !memcmp(t->tcp + TCP_HLEN, h->tcp + TCP_HLEN, t->tcp_len - TCP_HLEN);
}

/* The identification counts up; with DF it may stand still as well (RFC 6864 4.1). */
static bool id_follows(struct flow *fl, const struct tcp4 *t)
{
    uint16_t step = (uint16_t)(be16(t->ip + 4) - fl->last_id);
    if (step > 1 || (!step && !(t->ip[6] & 0x40)) || (fl->id_step >= 0 && step != fl->id_step))
        return false;
    fl->id_step = (int8_t)step;
    return true;
}

/* Makes the head's headers those of the whole. */
static void flow_close(struct flow *fl)
{
    struct frame *h = fl->head;
    fl->head = NULL;
    if (!h || !h->frag)
        return;
    uint8_t *ip = h->data, *tcp = ip + IP_HLEN;
    put16(ip + 2, (uint16_t)fl->total);
    put16(ip + 10, 0);
    put16(ip + 10, ip_sum_fold(csum_add(0, ip, IP_HLEN)));
    uint64_t pseudo = ip_sum_pseudo(be32(ip + 12), be32(ip + 16), IPPROTO_TCP_, (uint16_t)(fl->total - IP_HLEN));
    uint16_t sum = csum_fold16(pseudo);
    memcpy(tcp + 16, &sum, 2);
    h->flags |= FRAME_CSUM_PARTIAL;
    h->csum_at = (uint16_t)(tcp - h->base);
    h->csum_off = 16;
}

static void flow_open(struct joiner *j, struct flow *fl, const uint8_t key[12], struct frame *f, const struct tcp4 *t)
{
    if (!fl && j->n < FLOWS) {
        fl = &j->flow[j->n++];
    } else {
        if (!fl) {
            fl = &j->flow[j->oldest];
            j->oldest = (j->oldest + 1) % FLOWS;
        }
        flow_close(fl);
    }
    memcpy(fl->key, key, sizeof fl->key);
    f->len = t->total; /* without what padded it */
    fl->head = fl->tail = f;
    fl->t = *t;
    fl->total = t->total;
    fl->next_seq = be32(t->tcp + 4) + t->payload;
    fl->last_id = be16(t->ip + 4);
    fl->id_step = -1;
    fl->verified = false;
}

/* false: it does not continue this flow. */
static bool flow_take(struct flow *fl, struct frame *f, const struct tcp4 *t)
{
    struct frame *h = fl->head;
    if (!h || be32(t->tcp + 4) != fl->next_seq || t->payload > fl->t.payload || fl->total + t->payload > UINT16_MAX ||
        (fl->t.tcp[13] & TCP_PSH) || !same_headers(fl, f, t))
        return false;
    if (!fl->verified && !checksums_good(&fl->t))
        return false;
    fl->verified = true;
    if (!checksums_good(t) || !id_follows(fl, t))
        return false;
    bool psh = t->tcp[13] & TCP_PSH, ends = psh || t->payload < fl->t.payload;
    uint32_t payload = t->payload, head = t->ip_len + t->tcp_len;
    fl->last_id = be16(t->ip + 4);
    f->data += head;
    f->len = payload;
    h->gso = (uint16_t)fl->t.payload;
    h->frag_len += payload;
    h->n_frag++;
    fl->tail->frag = f;
    fl->tail = f;
    fl->total += payload;
    fl->next_seq += payload;
    if (psh)
        h->data[IP_HLEN + 13] |= TCP_PSH;
    if (ends)
        flow_close(fl);
    return true;
}

static struct flow *flow_find(struct joiner *j, const uint8_t key[12])
{
    for (unsigned i = 0; i < j->n; i++)
        if (!memcmp(j->flow[i].key, key, 12))
            return &j->flow[i];
    return NULL;
}

/* A packet that tells no ports (a fragment, a broken one) may belong to any flow between its addresses. */
static void close_between(struct joiner *j, const struct frame *f)
{
    for (unsigned i = 0; i < j->n && f->len >= IP_HLEN; i++)
        if (j->flow[i].head && !memcmp(j->flow[i].key, f->data + 12, 8))
            flow_close(&j->flow[i]);
}

void super_join(struct frame_vec *v)
{
    struct joiner j;
    unsigned n = v->n;
    j.n = j.oldest = 0;
    v->n = 0;
    for (unsigned i = 0; i < n; i++) {
        struct frame *f = v->f[i];
        struct tcp4 t;
        uint8_t key[12];
        v->f[v->n++] = f; /* unless it is taken in */
        if (f->len < IP_HLEN || f->data[9] != IPPROTO_TCP_)
            continue;
        if (!tcp4_parse(f, &t)) {
            close_between(&j, f);
            continue;
        }
        flow_key(&t, key);
        struct flow *fl = flow_find(&j, key);
        if (!is_plain_segment(f, &t)) {
            if (fl)
                flow_close(fl);
        } else if (fl && flow_take(fl, f, &t)) {
            v->n--;
        } else {
            flow_open(&j, fl, key, f, &t);
        }
    }
    for (unsigned i = 0; i < j.n; i++)
        flow_close(&j.flow[i]);
}
