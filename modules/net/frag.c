/* Fragmentation and reassembly (RFC 791), with caps a flood cannot pass: datagrams, fragments per datagram and bytes
 * held. Fragments that overlap spoil their datagram (RFC 5722's rule, for IPv4 too). Called by ip_output.c, ip_input.c.
 */
#include "modules/core/cursor.h"
#include "modules/net/stack.h"
#include <stdlib.h>

enum { REASS_CAP = 64, REASS_PER_SOURCE = 16, REASS_FRAGMENTS = 64 };
#define REASS_TIMEOUT (15 * NS_PER_S)

/* ---- out ---- */

void ip_fragment(struct net *net, struct nif *out, uint32_t next_hop, struct frame *f, const struct mac *src)
{
    unsigned hlen = (f->data[0] & 15u) * 4u;
    uint16_t field = be16(f->data + 6);
    unsigned offset = field & IP_OFFMASK, room = (out->n.mtu - IP_HLEN) & ~7u, left = f->len - hlen, at = 0;
    net->stats.fragmented++;
    if (hlen > f->len || out->n.mtu < hlen + 8) {
        ip_drop(net->router, "ip-length", f);
        return;
    }
    while (left) {
        unsigned head = at ? IP_HLEN : hlen, max = at ? room : (out->n.mtu - hlen) & ~7u;
        unsigned n = left <= out->n.mtu - head ? left : max;
        struct frame *part =
            n + head <= FRAME_SLOT - FRAME_HEADROOM ? frame_alloc(net->loop) : frame_alloc_big(net->loop);
        uint8_t *p = part ? frame_put(part, head + n) : NULL;
        if (!p) {
            frame_free(part);
            ip_drop_count(net->router, "no-buffer", 1);
            break;
        }
        memcpy(p, f->data, head); /* options ride in the first fragment only */
        memcpy(p + head, f->data + hlen + at, n);
        p[0] = (uint8_t)(0x40 | head / 4);
        left -= n;
        put16(p + 2, (uint16_t)(head + n));
        put16(p + 6, (uint16_t)((field & ~IP_OFFMASK) | ((offset + at / 8) & IP_OFFMASK) | (left ? IP_MF : 0)));
        put16(p + 10, 0);
        put16(p + 10, ip_checksum(p, head));
        part->in = f->in;
        part->flags = f->flags;
        part->arrival = f->arrival;
        at += n;
        net->stats.frags_out++;
        arp_send_to(out, next_hop, part, src);
    }
    frame_free(f);
}

/* ---- in ---- */

struct datagram {
    struct datagram *next; /* oldest first */
    struct net *net;
    uint32_t src, dst;
    uint16_t id;
    uint8_t proto;
    bool decrypted;
    unsigned n, total;  /* total: payload bytes, 0 while the last fragment is missing */
    unsigned have;      /* payload bytes */
    struct frame *list; /* by offset; data at the IP header */
    struct timer timer;
};
struct reassembly {
    struct datagram *list;
    unsigned n;
};

int reass_init(struct net *net)
{
    net->reass = calloc(1, sizeof *net->reass);
    return net->reass ? 0 : -ENOMEM;
}

unsigned reass_pending(const struct net *net)
{
    return net->reass->n;
}

static void datagram_free(struct datagram *d)
{
    struct reassembly *ra = d->net->reass;
    timer_stop(&d->timer);
    for (struct datagram **pp = &ra->list; *pp; pp = &(*pp)->next) {
        if (*pp == d) {
            *pp = d->next;
            ra->n--;
            break;
        }
    }
    while (d->list) {
        struct frame *f = d->list;
        d->list = f->next;
        frame_free(f);
    }
    free(d);
}

void reass_fini(struct net *net)
{
    while (net->reass && net->reass->list)
        datagram_free(net->reass->list);
    free(net->reass);
    net->reass = NULL;
}

static unsigned frag_offset(const struct frame *f)
{
    return (be16(f->data + 6) & IP_OFFMASK) * 8u;
}
static unsigned frag_len(const struct frame *f)
{
    return be16(f->data + 2) - (f->data[0] & 15u) * 4u;
}

static void datagram_timeout(void *arg)
{
    struct datagram *d = arg;
    struct net *net = d->net;
    net->stats.reass_timeout++;
    if (d->list && frag_offset(d->list) == 0)
        icmp_error(net->router, d->list, 11, 1, 0); /* RFC 792: fragment reassembly time exceeded */
    ip_drop_count(net->router, "reassembly-timeout", d->n);
    datagram_free(d);
}

static struct datagram *datagram_get(struct net *net, const struct frame *f, const struct ip4 *ip)
{
    struct reassembly *ra = net->reass;
    struct datagram *oldest_same = NULL, **end = &ra->list;
    unsigned same = 0;
    bool decrypted = f->flags & FRAME_DECRYPTED;
    for (; *end; end = &(*end)->next) {
        struct datagram *d = *end;
        if (d->src != ip->src)
            continue;
        if (d->dst == ip->dst && d->id == ip->id && d->proto == ip->proto && d->decrypted == decrypted)
            return d;
        same++;
        if (!oldest_same)
            oldest_same = d;
    }
    struct datagram *victim = same >= REASS_PER_SOURCE ? oldest_same : ra->n >= REASS_CAP ? ra->list : NULL;
    if (victim) {
        ip_drop_count(net->router, "reassembly-full", victim->n);
        datagram_free(victim);
        for (end = &ra->list; *end; end = &(*end)->next)
            ;
    }
    struct datagram *d = calloc(1, sizeof *d);
    if (!d)
        return NULL;
    d->net = net;
    d->src = ip->src;
    d->dst = ip->dst;
    d->id = ip->id;
    d->proto = ip->proto;
    d->decrypted = decrypted;
    timer_init(&d->timer, net->loop, datagram_timeout, d);
    timer_start(&d->timer, REASS_TIMEOUT);
    *end = d;
    ra->n++;
    return d;
}

static struct frame *datagram_join(struct net *net, struct datagram *d)
{
    unsigned hlen = (d->list->data[0] & 15u) * 4u;
    if (hlen + d->total > 65535)
        return NULL;
    struct frame *whole =
        hlen + d->total <= FRAME_SLOT - FRAME_HEADROOM ? frame_alloc(net->loop) : frame_alloc_big(net->loop);
    uint8_t *p = whole ? frame_put(whole, hlen + d->total) : NULL;
    if (!p) {
        frame_free(whole);
        return NULL;
    }
    memcpy(p, d->list->data, hlen);
    for (const struct frame *f = d->list; f; f = f->next)
        memcpy(p + hlen + frag_offset(f), f->data + (f->data[0] & 15u) * 4u, frag_len(f));
    put16(p + 2, (uint16_t)(hlen + d->total));
    put16(p + 6, be16(p + 6) & IP_DF);
    put16(p + 10, 0);
    put16(p + 10, ip_checksum(p, hlen));
    whole->in = d->list->in;
    whole->flags = d->list->flags;
    whole->arrival = d->list->arrival;
    whole->sa = d->list->sa;
    return whole;
}

struct frame *reass_input(struct net *net, struct frame *f, const struct ip4 *ip)
{
    unsigned offset = (ip->frag & IP_OFFMASK) * 8u, len = ip->len - ip->hlen;
    bool last = !(ip->frag & IP_MF);
    const char *why = NULL;
    struct datagram *d = NULL;
    if (len == 0 || (!last && len % 8) || offset + len > 65535 - IP_HLEN)
        why = "fragment-malformed";
    else if (!(d = datagram_get(net, f, ip)))
        why = "no-buffer";
    if (why) {
        net->stats.reass_fail++;
        ip_drop(net->router, why, f);
        return NULL;
    }
    struct frame **pp = &d->list;
    while (*pp && frag_offset(*pp) < offset)
        pp = &(*pp)->next;
    if (*pp && frag_offset(*pp) == offset && frag_len(*pp) == len && d->n < REASS_FRAGMENTS) {
        ip_drop(net->router, "fragment-duplicate", f);
        return NULL;
    }
    bool overlap = *pp && offset + len > frag_offset(*pp);
    for (const struct frame *q = d->list; q != *pp; q = q->next)
        if (frag_offset(q) + frag_len(q) > offset)
            overlap = true;
    if (last)
        overlap |= *pp != NULL || (d->total && d->total != offset + len);
    else if (d->total && offset + len > d->total)
        overlap = true;
    if (overlap || d->n == REASS_FRAGMENTS) {
        net->stats.reass_fail++;
        ip_drop_count(net->router, overlap ? "fragment-overlap" : "fragment-too-many", d->n);
        ip_drop(net->router, overlap ? "fragment-overlap" : "fragment-too-many", f);
        datagram_free(d);
        return NULL;
    }
    f->next = *pp;
    *pp = f;
    d->n++;
    d->have += len;
    if (last)
        d->total = offset + len;
    if (!d->total || d->have != d->total)
        return NULL;
    struct frame *whole = datagram_join(net, d);
    if (whole)
        net->stats.reassembled++;
    else
        ip_drop_count(net->router, "no-buffer", 1);
    datagram_free(d);
    return whole;
}
