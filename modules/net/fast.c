/* The fast path: looks flows up, has those classified that it does not know (fast_class.c), and carries out what the
 * table says: forward, seal, open. Called with vectors of one interface by the data plane's thread, or, where there is
 * none, by the link through ether.c. What is not for it goes to the stack, frame by frame, unchanged. */
#include "modules/net/mss.h"
#include "modules/net/super.h"
#include "modules/net/vlan.h"
#include <stdlib.h>

enum { WAYS = 4, BUCKETS = 4096 };

void fast_fini(struct dp *dp)
{
    free(dp->table);
    dp->table = NULL;
}

/* ---- drops and what goes to the stack ---- */

void dp_drop(struct dp *dp, const char *reason, struct frame *f)
{
    if (!dp->threaded) {
        ip_drop(dp->net->router, reason, f);
        return;
    }
    for (unsigned i = 0; i < DROP_REASONS_MAX; i++) {
        const char *have = atomic_load_explicit(&dp->drops[i].reason, memory_order_relaxed);
        if (!have)
            atomic_store_explicit(&dp->drops[i].reason, reason, memory_order_release);
        else if (have != reason)
            continue;
        STAT_ADD(&dp->drops[i].n, super_count(f));
        break;
    }
    if (f->in)
        STAT_ADD(&nif_of(f->in)->fast.in_drops, 1);
    frame_free(f);
}

static void run_ether(void *ctx, struct ring_msg *m)
{
    struct frame_vec v = {.n = 1, .f = {m->frame}};
    (void)ctx;
    m->frame = NULL;
    ether_slow(m->a, &v);
}

static void run_inner(void *ctx, struct ring_msg *m)
{
    struct frame_vec v = {.n = 1, .f = {m->frame}};
    struct net *net = ctx;
    m->frame = NULL;
    ip_input_inner(net->router, &v);
}

static void run_deliver(void *ctx, struct ring_msg *m)
{
    struct frame_vec v = {.n = 1, .f = {m->frame}};
    struct nif *nif = m->a;
    (void)ctx;
    m->frame = NULL;
    if (nif->n.link)
        link_deliver(nif->n.link, &v); /* through the faults */
    else                               /* it was removed meanwhile */
        frame_free_vec(&v);
}

static void run_send(void *ctx, struct ring_msg *m)
{
    struct frame_vec v = {.n = 1, .f = {m->frame}};
    struct nif *nif = m->a;
    (void)ctx;
    m->frame = NULL;
    if (nif->n.link)
        link_send(nif->n.link, &v);
    else
        frame_free_vec(&v);
}

/* Where there is no thread: what the stack shall see once the vector is through. */
struct leftovers {
    struct frame_vec outer, inner;
};

/* The stack sees wire-sized frames with whole checksums only. */
static void hand_over(struct dp *dp, struct nif *nif, struct frame *f, uint32_t link_header, struct leftovers *left)
{
    struct frame_vec *later = link_header ? &left->outer : &left->inner;
    void (*run)(void *, struct ring_msg *) = link_header ? run_ether : run_inner;
    /* The protocols of the routers themselves are UDP (HSRP, IKE), SCTP and ARP; for the rest there is a limit. */
    const uint8_t *ip = f->data + link_header;
    bool is_ip = !link_header || be16(ip - 2) == ETHERTYPE_IP_;
    bool low = is_ip && f->len >= link_header + IP_HLEN && ip[9] != IPPROTO_UDP_ && ip[9] != IPPROTO_SCTP_;
    if (!f->gso) {
        if (!frame_csum_complete(f)) {
            dp_drop(dp, "checksum-offload", f);
        } else if (dp->threaded && low && dp_esp_unwanted(dp, ip)) {
            dp_drop(dp, "esp-punt-limit", f);
        } else if (dp->threaded) {
            dp_punt(dp, nif, f, run, low);
        } else {
            later->f[later->n++] = f;
        }
        return;
    }
    struct super_cut cut;
    if (link_header && be16(ip - 2) == ETHERTYPE_VLAN_)
        link_header += 4; /* a VLAN that nobody has: the stack says so */
    frame_pull(f, link_header);
    bool good = super_cut_begin(&cut, f, 0);
    while (good && cut.done < cut.n) {
        struct frame *p = super_cut_next(&cut, dp_pool(dp), dp_now(dp));
        if (!p)
            break;
        memcpy(frame_push(p, link_header), f->data - link_header, link_header);
        p->in = f->in;
        p->arrival = f->arrival;
        p->flags = (uint16_t)(f->flags & ~FRAME_CSUM_PARTIAL);
        p->sa = f->sa;
        if (dp->threaded) {
            dp_punt(dp, nif, p, run, low);
        } else {
            struct frame_vec one = {.n = 1, .f = {p}};
            if (link_header)
                ether_slow(nif, &one);
            else
                ip_input_inner(dp->net->router, &one);
        }
    }
    if (!good || cut.done < cut.n)
        dp_drop(dp, good ? "no-buffer" : "super-packet", f);
    else
        frame_free(f);
}

/* ---- the table ---- */

static inline uint32_t key_hash(const struct fast_key *k)
{
    uint64_t h = ((uint64_t)k->src << 32 | k->dst) * UINT64_C(0x9e3779b97f4a7c15);
    h ^= ((uint64_t)k->ports << 32 | (k->serial ^ k->bits << 28)) * UINT64_C(0xc2b2ae3d27d4eb4f);
    h ^= ((uint64_t)k->nif << 16 | (uint64_t)k->proto << 8 | k->tos) * UINT64_C(0x165667b19e3779f9);
    return (uint32_t)((h ^ h >> 29) * UINT64_C(0x9e3779b97f4a7c15) >> 40) % BUCKETS;
}

static inline struct fast_entry *bucket_of(struct dp *dp, const struct fast_key *k)
{
    return &dp->table[key_hash(k) * WAYS];
}

static inline struct fast_entry *lookup(struct dp *dp, const struct fast_key *k)
{
    struct fast_entry *b = bucket_of(dp, k);
    for (unsigned i = 0; i < WAYS; i++)
        if (b[i].gen == dp->gen && b[i].action && !memcmp(&b[i].key, k, sizeof *k))
            return &b[i];
    return NULL;
}

static void insert(struct dp *dp, const struct fast_entry *e)
{
    struct fast_entry *b = bucket_of(dp, &e->key);
    unsigned at = dp->rotate++ % WAYS;
    for (unsigned i = 0; i < WAYS; i++)
        if (b[i].gen != dp->gen || !b[i].action) {
            at = i;
            break;
        }
    b[at] = *e;
}

/* ---- sending ---- */

void fast_send(struct dp *dp, const struct fast_entry *e, struct frame *f)
{
    struct nif *out = e->out;
    memcpy(f->data - ETHER_HLEN, e->eth, ETHER_HLEN); /* every frame has that headroom here */
    if (!out->fast.dirty) {
        out->fast.dirty = true;
        out->fast.next = dp->tx_dirty;
        dp->tx_dirty = out;
    }
    out->fast.join |= (f->flags & FRAME_DECRYPTED) != 0;
    out->fast.tx.f[out->fast.tx.n++] = f;
    if (out->fast.tx.n == FRAME_VEC)
        fast_flush(dp);
}

static void count_out(struct dp *dp, struct nif *nif, uint64_t packets, uint64_t bytes)
{
    STAT_ADD(&nif->fast.out_packets, packets);
    STAT_ADD(&nif->fast.out_bytes, bytes);
    STAT_SET(&nif->fast.last_out, (uint64_t)dp_now(dp));
}

static void flush_one(struct dp *dp, struct nif *nif)
{
    struct link *link = nif->n.link;
    struct frame_vec v = nif->fast.tx; /* what it sends may come back at once, where there is no thread */
    uint64_t packets = 0, bytes = 0;
    bool join = nif->fast.join && link->tso;
    nif->fast.tx.n = 0;
    nif->fast.join = nif->fast.dirty = false;
    if (join)
        super_join(&v);
    unsigned n = v.n;
    for (unsigned i = 0; i < n; i++) {
        struct frame *f = v.f[i];
        packets += super_count(f); /* as many as the other side counts */
        f->data -= ETHER_HLEN;
        f->len += ETHER_HLEN;
        bytes += frame_total(f);
    }
    count_out(dp, nif, packets, bytes);
    const struct link *wire = nif->parent ? nif->parent->n.link : link;
    if (nif->parent)
        count_out(dp, nif->parent, packets, bytes);
    if (dp->threaded && wire && __atomic_load_n(&wire->fault, __ATOMIC_ACQUIRE)) {
        for (unsigned i = 0; i < n; i++)
            dp_punt(dp, nif, v.f[i], run_send, false);
    } else if (!dp->threaded && (!nif->n.line_up || dp->net->router->dying)) {
        frame_free_vec(&v);
    } else {
        link_send(link, &v);
    }
    dp_stage_end(dp, DP_TX, n);
}

void fast_flush(struct dp *dp)
{
    while (dp->tx_dirty) {
        struct nif *nif = dp->tx_dirty;
        dp->tx_dirty = nif->fast.next;
        flush_one(dp, nif);
    }
}

/* ---- a vector ---- */

struct vector {
    struct nif *nif;
    unsigned n;
    struct frame *f[FRAME_VEC];            /* IP header at data */
    void *sa[FRAME_VEC];                   /* inner packets: what they came out of */
    const struct fast_entry *e[FRAME_VEC]; /* NULL: for the stack */
    bool known[FRAME_VEC];                 /* the key is one */
    struct fast_key key[FRAME_VEC];
    struct fast_entry fresh[FRAME_VEC];
    struct fast_seal seal[FRAME_VEC];
    struct fast_open open[FRAME_VEC];
    unsigned n_seal, n_open;
};

static bool entry_fits(const struct fast_entry *e, const struct frame *f, bool inner)
{
    return inner || !memcmp(f->data - ETHER_HLEN, e->dmac, 6);
}

/* Finds what to do with every packet of the vector. Those of one flow all get the same answer. */
static void decide(struct dp *dp, struct vector *v)
{
    unsigned missing = 0;
    for (unsigned i = 0; i < v->n; i++) {
        struct frame *f = v->f[i];
        uint32_t serial = v->sa[i] ? dp->net->crypto->serial(v->sa[i]) : 0;
        v->known[i] = fast_key_of(&v->key[i], v->nif, f->data, f->len, serial);
        if (v->known[i])
            __builtin_prefetch(bucket_of(dp, &v->key[i]));
    }
    for (unsigned i = 0; i < v->n; i++) {
        v->e[i] = v->known[i] ? lookup(dp, &v->key[i]) : NULL;
        if (v->e[i] && !entry_fits(v->e[i], v->f[i], v->sa[i]))
            v->e[i] = NULL;
        missing += v->known[i] && !v->e[i];
    }
    STAT_ADD(&dp->hits, v->n - missing);
    if (!missing)
        return;
    STAT_ADD(&dp->misses, missing);
    dp_lock(dp);
    for (unsigned i = 0; i < v->n; i++) {
        struct frame *f = v->f[i];
        struct fast_entry *e = v->known[i] ? lookup(dp, &v->key[i]) : NULL;
        v->e[i] = NULL;
        if (!v->known[i])
            continue;
        if (e && entry_fits(e, f, v->sa[i])) {
            v->fresh[i] = *e;
            v->e[i] = &v->fresh[i];
        } else if (fast_classify(dp, &v->fresh[i], &v->key[i], v->nif, f->data - ETHER_HLEN, f->data, v->sa[i])) {
            insert(dp, &v->fresh[i]);
            v->e[i] = &v->fresh[i];
        }
    }
    dp_unlock(dp);
}

static void seal_now(struct dp *dp, struct vector *v)
{
    unsigned n = v->n_seal;
    v->n_seal = 0;
    if (n)
        dp->net->crypto->seal(dp->net->crypto_ctx, dp, v->seal, n);
    dp_stage_end(dp, DP_SEAL, n);
}

static void seal_add(struct dp *dp, struct vector *v, struct frame *f, const struct fast_entry *e)
{
    v->seal[v->n_seal++] = (struct fast_seal){f, e};
    if (v->n_seal == FRAME_VEC)
        seal_now(dp, v);
}

/* A super-packet on its way into a tunnel, or to a link that takes none: piece by piece. Consumes. */
static void cut_up(struct dp *dp, struct vector *v, struct frame *f, const struct fast_entry *e)
{
    struct super_cut cut;
    bool good = super_cut_begin(&cut, f, 0);
    while (good && cut.done < cut.n) {
        struct frame *p = super_cut_next(&cut, dp_pool(dp), dp_now(dp));
        if (!p)
            break;
        if (e->action == FAST_SEAL)
            seal_add(dp, v, p, e);
        else
            fast_send(dp, e, p);
    }
    if (!good || cut.done < cut.n)
        dp_drop(dp, good ? "no-buffer" : "super-packet", f);
    else
        frame_free(f);
}

/* TTL, as forwarding does it (RFC 1624: HC' = ~(~HC + ~m + m') for a TTL that is one less). */
static void hop(uint8_t *ip)
{
    uint32_t sum = (uint32_t)be16(ip + 10) + 0x0100;
    ip[8]--;
    put16(ip + 10, (uint16_t)(sum + (sum >> 16)));
}

static void forward_checked(struct dp *dp, const struct fast_entry *e, struct frame *f)
{
    dp->net->crypto->check_clear(dp->net->crypto_ctx, &e->out->n, f);
    fast_send(dp, e, f);
}

/* false: the stack has to see it (too long, time exceeded). */
static bool carry(struct dp *dp, struct vector *v, struct frame *f, const struct fast_entry *e)
{
    uint8_t *ip = f->data;
    if (ip[8] <= 1 || (f->gso ? super_size_for(f, e->mtu, false) != f->gso : f->len > e->mtu))
        return false;
    for (unsigned i = 0; i < 2; i++)
        if (e->count[i])
            atomic_fetch_add_explicit(e->count[i], super_count(f), memory_order_relaxed);
    STAT_ADD(&dp->forwarded, super_count(f));
    if (e->mss && ip[9] == 6)
        mss_clamp(f, e->mss);
    hop(ip);
    /* A wire-sized packet leaves with its checksum whole, as captures expect it; a super-packet cannot. */
    if (!f->gso && !frame_csum_complete(f))
        dp_drop(dp, "checksum-offload", f);
    else if (e->action == FAST_FORWARD && loop_is_sim(dp->loop) && e->out->n.crypto)
        forward_checked(dp, e, f);
    else if (e->action == FAST_FORWARD && (!f->gso || e->out->n.link->tso))
        fast_send(dp, e, f);
    else if (f->gso)
        cut_up(dp, v, f, e);
    else
        seal_add(dp, v, f, e);
    return true;
}

static void run_vector(struct dp *dp, struct vector *v, struct leftovers *left);

static void open_now(struct dp *dp, struct vector *v, struct leftovers *left)
{
    if (!v->n_open)
        return;
    struct vector in;
    in.nif = v->nif;
    in.n = dp->net->crypto->open(dp->net->crypto_ctx, dp, v->open, v->n_open, in.f, in.sa);
    dp_stage_end(dp, DP_OPEN, v->n_open);
    v->n_open = in.n_seal = in.n_open = 0;
    run_vector(dp, &in, left);
}

static void count_in(struct dp *dp, struct vector *v, uint64_t packets, uint64_t bytes)
{
    struct nif_fast *n = &v->nif->fast;
    if (!packets)
        return;
    STAT_ADD(&n->in_packets, packets);
    STAT_ADD(&n->in_bytes, bytes);
    STAT_SET(&n->last_in, (uint64_t)dp_now(dp));
    STAT_ADD(&dp->received, packets);
    STAT_ADD(&dp->received_bytes, bytes);
}

static void run_vector(struct dp *dp, struct vector *v, struct leftovers *left)
{
    uint64_t packets = 0, bytes = 0;
    decide(dp, v);
    dp_stage_end(dp, DP_CLASSIFY, v->n);
    for (unsigned i = 0; i < v->n; i++) {
        struct frame *f = v->f[i];
        const struct fast_entry *e = v->e[i];
        uint32_t len = f->len, count = super_count(f);
        if (e && !f->gso)
            f->len = be16(f->data + 2); /* without the padding of short frames */
        if (e && e->action == FAST_OPEN) {
            if (e->count[0])
                atomic_fetch_add_explicit(e->count[0], 1, memory_order_relaxed);
            STAT_ADD(&dp->delivered, 1);
            v->open[v->n_open++] = (struct fast_open){f, e->sa, IP_HLEN + e->esp_offset};
        } else if (!e || !carry(dp, v, f, e)) { /* the stack's, which counts it */
            f->len = len;
            if (!v->sa[i]) {
                f->data -= ETHER_HLEN;
                f->len += ETHER_HLEN;
            }
            hand_over(dp, v->nif, f, v->sa[i] ? 0 : ETHER_HLEN, left);
            continue;
        }
        packets += v->sa[i] ? 0 : count;
        bytes += v->sa[i] ? 0 : len + ETHER_HLEN;
    }
    count_in(dp, v, packets, bytes);
    dp_stage_end(dp, DP_FORWARD, v->n - v->n_open);
    seal_now(dp, v);
    open_now(dp, v, left);
}

static void give_vlan(struct nif *nif, struct frame_vec *fv)
{
    fast_input(nif->net->dp, nif, fv);
}

static void count_vlan(struct nif *parent, unsigned packets, uint64_t bytes)
{
    STAT_ADD(&parent->fast.in_packets, packets);
    STAT_ADD(&parent->fast.in_bytes, bytes);
    STAT_SET(&parent->fast.last_in, (uint64_t)dp_now(parent->net->dp));
}

void fast_input(struct dp *dp, struct nif *nif, struct frame_vec *fv)
{
    struct leftovers left;
    struct vector v;
    left.outer.n = left.inner.n = 0;
    v.nif = nif;
    v.n = v.n_seal = v.n_open = 0;
    if (!dp->table && !(dp->table = calloc((size_t)BUCKETS * WAYS, sizeof *dp->table))) {
        for (unsigned i = 0; i < fv->n; i++)
            dp_drop(dp, "no-buffer", fv->f[i]);
        fv->n = 0;
        return;
    }
    if (!dp->threaded)
        dp->gen = atomic_load_explicit(&dp->net->generation, memory_order_relaxed);
    bool faulty = dp->threaded && nif->n.link && __atomic_load_n(&nif->n.link->fault, __ATOMIC_ACQUIRE);
    if (!faulty && __atomic_load_n(&nif->vlans, __ATOMIC_ACQUIRE))
        vlan_sort(nif, fv, give_vlan, count_vlan);
    for (unsigned i = 0; i < fv->n; i++) {
        struct frame *f = fv->f[i];
        f->in = &nif->n;
        f->flags &= FRAME_CSUM_PARTIAL;
        f->sa = 0;
        if (faulty) {
            dp_punt(dp, nif, f, run_deliver, false);
        } else if (f->len >= ETHER_HLEN + IP_HLEN && be16(f->data + 12) == ETHERTYPE_IP_) {
            f->data += ETHER_HLEN;
            f->len -= ETHER_HLEN;
            v.sa[v.n] = NULL;
            v.f[v.n++] = f;
        } else {
            hand_over(dp, nif, f, ETHER_HLEN, &left);
        }
    }
    fv->n = 0;
    run_vector(dp, &v, &left);
    fast_flush(dp);
    if (left.inner.n)
        ip_input_inner(dp->net->router, &left.inner);
    if (left.outer.n)
        ether_slow(nif, &left.outer);
}
