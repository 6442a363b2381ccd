/* The outbound data path: classify by flow cache, fragment or refuse what does not fit, encapsulate, seal a run of
 * packets of one SA together, send. Called by the IP stack for every vector about to leave an interface with a
 * map; no allocation, lookup in configuration or log per packet in the steady state. */
#include "modules/core/ring.h"
#include "modules/ipsec/ipsec_internal.h"
#include <string.h>

struct run { /* consecutive packets of one SA */
    struct sa *sa;
    unsigned n;
    struct frame *f[FRAME_VEC];
    struct esp_job job[FRAME_VEC];
    uint32_t inner[FRAME_VEC];
};

static void put16(uint8_t *p, uint32_t v)
{
    p[0] = (uint8_t)(v >> 8);
    p[1] = (uint8_t)v;
}

static void put32(uint8_t *p, uint32_t v)
{
    put16(p, v >> 16);
    put16(p + 2, v);
}

/* Bytes around the inner packet, padding apart. */
static uint32_t overhead(const struct sa *s)
{
    return 20u + (s->p.udp_encap ? 8u : 0u) + 8u + s->suite.iv_len + s->suite.icv_len;
}

/* Reference 5.2: the largest inner packet whose ESP packet fits the path. */
uint16_t ipsec_esp_plain_mtu(const struct sa *s, uint16_t path_mtu)
{
    uint32_t over = overhead(s), blk = s->suite.block;
    if (path_mtu < over + blk)
        return 0;
    uint32_t body = (path_mtu - over) / blk * blk - 2;
    return (uint16_t)(body + (s->p.prop.transforms[0].transport ? 20 : 0));
}

static void draw_iv(struct ipsec *st, uint8_t *iv, unsigned n)
{
    if (st->iv_left < n) { /* one draw for many packets: a draw a packet costs more than sealing it */
        rng_bytes(st->r, RNG_ESP_IV, st->iv_pool, sizeof st->iv_pool);
        st->iv_left = sizeof st->iv_pool;
    }
    st->iv_left -= n;
    memcpy(iv, st->iv_pool + st->iv_left, n);
}

void ipsec_esp_sent(struct ipsec *st, struct sa *s, unsigned packets, uint64_t bytes)
{
    uint32_t events = 0, seq = STAT_GET(&s->seq);
    STAT_ADD(&s->out_packets, packets);
    STAT_ADD(&s->out_bytes, bytes);
    atomic_fetch_add_explicit(&s->flow->n.encaps, packets, memory_order_relaxed);
    atomic_store_explicit(&s->last_out, dp_now(net_dp(st->r)), memory_order_relaxed);
    if (s->ha && (!s->push_armed || ipsec_reserve_wanted(&s->res, seq, s->gate_m)))
        events |= EV_MARK;
    if ((s->p.life_kb != 0 && STAT_GET(&s->out_bytes) / 1024 + IPSEC_SOFT_LEAD_KB >= s->p.life_kb) ||
        seq > IPSEC_SEQ_REKEY)
        events |= EV_LIFE;
    ipsec_fast_tell(st, s, events);
}

static void run_flush(struct ipsec *st, struct run *run)
{
    struct sa *s = run->sa;
    if (run->n == 0)
        return;
    esp_seal(st->esp, run->job, run->n);
    uint64_t bytes = 0;
    unsigned sent = 0;
    for (unsigned i = 0; i < run->n; i++)
        if (run->job[i].ok) {
            bytes += run->inner[i];
            sent++;
        }
    unsigned n = run->n;
    run->n = 0;
    run->sa = NULL;
    ipsec_esp_sent(st, s, sent, bytes);
    for (unsigned i = 0; i < n; i++) {
        if (!run->job[i].ok) {
            ip_drop(st->r, "esp-seal", run->f[i]);
            continue;
        }
        run->f[i]->flags |= FRAME_CRYPTO_DONE;
        ip_output(st->r, run->f[i]);
    }
}

/* The outer IPv4 header (RFC 4301 5.1.2.1): TOS copied, DF by policy, TTL of our own. */
static void outer_header(struct ipsec *st, const struct sa *s, uint8_t *ip, uint32_t total, uint8_t tos, bool inner_df)
{
    bool df = st->df == DF_SET || (st->df == DF_COPY && inner_df);
    ip[0] = 0x45;
    ip[1] = tos;
    put16(ip + 2, total);
    put16(ip + 4, st->ip_id++);
    put16(ip + 6, df ? 0x4000 : 0);
    ip[8] = 255;
    ip[9] = s->p.udp_encap ? IPPROTO_UDP_ : IPPROTO_ESP_;
    put16(ip + 10, 0);
    memcpy(ip + 12, s->p.prop.local.b, 4);
    memcpy(ip + 16, s->p.prop.peer.b, 4);
    put16(ip + 10, ip_checksum(ip, 20));
}

/* Room behind the packet for padding, trailer and ICV: a slot normally has it. Consumes f on failure. */
static struct frame *with_room(struct ipsec *st, struct frame *f, uint32_t tail, uint32_t head)
{
    size_t front = (size_t)(f->data - f->base);
    if (front >= head && front + f->len + tail <= f->cap)
        return f;
    struct dp *dp = net_dp(st->r);
    struct frame *big = dp_frame(dp, true);
    uint8_t *to = big != NULL ? frame_put(big, f->len) : NULL;
    if (to == NULL || (size_t)(big->data - big->base) < head ||
        (size_t)(big->data - big->base) + f->len + tail > big->cap) {
        frame_free(big);
        dp_drop(dp, "ipsec-no-room", f);
        return NULL;
    }
    memcpy(to, f->data, f->len);
    big->in = f->in;
    big->arrival = f->arrival;
    big->flags = f->flags;
    frame_free(f);
    return big;
}

struct frame *ipsec_esp_wrap(struct ipsec *st, struct sa *s, struct frame *f, struct esp_job *job)
{
    uint32_t seq = STAT_GET(&s->seq) + 1;
    if (seq == 0 || seq > STAT_GET(&s->granted)) {
        struct dp *dp = net_dp(st->r);
        dp_lock(dp);
        bool may = ipsec_ha_grant(s);
        dp_unlock(dp);
        if (!may) {
            s->flow->n.send_err++;
            s->flow->n.encaps_failed++;
            dp_drop(dp, seq == 0 ? "esp-sequence-overflow" : s->frozen ? "ipsec-standby" : "replay-reserve", f);
            return NULL;
        }
    }
    bool transport = s->p.prop.transforms[0].transport;
    uint8_t head[60], tos = f->data[1], next = 4;
    bool df = (f->data[6] & 0x40) != 0;
    uint32_t ihl = (f->data[0] & 15u) * 4u, keep = 20;
    uint32_t plain = transport ? f->len - ihl : f->len;
    uint32_t pad = (s->suite.block - (plain + 2) % s->suite.block) % s->suite.block;
    uint32_t udp = s->p.udp_encap ? 8 : 0, front = udp + 8u + s->suite.iv_len;
    f = with_room(st, f, pad + 2 + s->suite.icv_len, 60 + front);
    if (f == NULL)
        return NULL;
    if (transport) {
        memcpy(head, f->data, ihl);
        next = head[9];
        keep = ihl;
        frame_pull(f, ihl);
    }
    uint8_t *tail = frame_put(f, pad + 2 + s->suite.icv_len);
    for (uint32_t i = 0; i < pad; i++)
        tail[i] = (uint8_t)(i + 1); /* RFC 4303 2.4 */
    tail[pad] = (uint8_t)pad;
    tail[pad + 1] = next;
    uint8_t *ip = frame_push(f, keep + front);
    uint8_t *esp = ip + keep + udp;
    if (transport) {
        memcpy(ip, head, keep);
        ip[9] = udp != 0 ? IPPROTO_UDP_ : IPPROTO_ESP_;
        put16(ip + 2, f->len);
        put16(ip + 10, 0);
        put16(ip + 10, ip_checksum(ip, keep));
    } else {
        outer_header(st, s, ip, f->len, tos, df);
    }
    if (udp != 0) { /* RFC 3948 2.1: checksum 0 */
        put16(ip + keep, s->p.local_port);
        put16(ip + keep + 2, s->p.peer_port);
        put16(ip + keep + 4, f->len - keep);
        put16(ip + keep + 6, 0);
    }
    if (seq <= s->high || seq > STAT_GET(&s->granted))
        STAT_ADD(&st->totals.i2_reuse, 1);
    STAT_SET(&s->seq, seq);
    s->high = seq;
    put32(esp, s->p.out_spi);
    put32(esp + 4, seq);
    if (s->suite.iv_random != 0)
        draw_iv(st, esp + 8, s->suite.iv_random);
    f->flags = (uint16_t)((f->flags | FRAME_CRYPTO_DONE) & ~(FRAME_DF | FRAME_DECRYPTED));
    *job = (struct esp_job){.key = s->seal, .data = esp, .len = (uint32_t)(f->len - keep - udp - s->suite.icv_len)};
    return f;
}

/* Consumes f: it joins the run, or is dropped. */
static void encapsulate(struct ipsec *st, struct run *run, struct sa *s, struct frame *f)
{
    if (run->sa != s || run->n == FRAME_VEC)
        run_flush(st, run);
    run->sa = s;
    run->inner[run->n] = f->len;
    run->f[run->n] = ipsec_esp_wrap(st, s, f, &run->job[run->n]);
    run->n += run->f[run->n] != NULL;
}

/* Cuts an IPv4 packet so that each piece fits after encapsulation (pre-fragmentation, reference 4.2). Consumes f. */
static void fragment(struct ipsec *st, struct run *run, struct sa *s, struct frame *f, uint32_t mtu)
{
    uint32_t ihl = (f->data[0] & 15u) * 4u, body = f->len - ihl, room = (mtu - ihl) & ~7u, at = 0;
    uint32_t flags = (uint32_t)(f->data[6] << 8 | f->data[7]);
    if (mtu < ihl + 8) {
        ip_drop(st->r, "ipsec-mtu", f);
        return;
    }
    while (at < body) {
        uint32_t n = body - at < room ? body - at : room;
        struct frame *p = dp_frame(net_dp(st->r), false);
        uint8_t *d = p != NULL ? frame_put(p, ihl + n) : NULL;
        if (d == NULL) {
            frame_free(p);
            break;
        }
        memcpy(d, f->data, ihl);
        memcpy(d + ihl, f->data + ihl + at, n);
        put16(d + 2, ihl + n);
        bool more = at + n < body || (flags & 0x2000) != 0;
        put16(d + 6, (flags & 0xc000) | (more ? 0x2000u : 0u) | (((flags & 0x1fff) + at / 8) & 0x1fff));
        put16(d + 10, 0);
        put16(d + 10, ip_checksum(d, ihl));
        p->in = f->in;
        p->arrival = f->arrival;
        p->flags = f->flags;
        encapsulate(st, run, s, p);
        at += n;
    }
    if (at < body)
        ip_drop(st->r, "no-buffer", f);
    else
        frame_free(f);
}

/* Consumes f. */
static void protect(struct ipsec *st, struct run *run, struct sa *s, struct netif *out, struct frame *f)
{
    uint32_t mtu = ipsec_esp_plain_mtu(s, out->mtu);
    if (f->len <= mtu) {
        encapsulate(st, run, s, f);
        return;
    }
    bool df = (f->data[6] & 0x40) != 0;
    if (df && st->df != DF_CLEAR) {
        s->flow->n.send_err++;
        icmp_error(st->r, f, 3, 4, (uint16_t)mtu); /* RFC 1191; the plaintext MTU, so that the next one fits */
        ip_drop(st->r, "ipsec-df", f);
    } else if (df || st->frag_after) {
        encapsulate(st, run, s, f); /* the ESP packet itself is fragmented */
    } else {
        fragment(st, run, s, f, mtu);
    }
}

/* Link-local multicast (HSRP and routing hellos) is between neighbours and never protected. */
static bool link_local(const struct acl_flow *f)
{
    return (addr_v4_get(&f->dst) & 0xffffff00u) == 0xe0000000u;
}

static void output_run(void *ctx, struct ring_msg *m)
{
    struct frame_vec v = {.n = 1, .f = {m->frame}};
    struct netif *out = m->a;
    (void)ctx;
    m->frame = NULL;
    ipsec_esp_output(ipsec_of(out->router), out, &v);
    if (v.n != 0) /* the policy has changed on the way */
        ip_drop(out->router, "ipsec-no-sa", v.f[0]);
}

/* Numbers are the data plane's: what the stack sends through an SA is handed over. */
static void to_data_plane(struct ipsec *st, struct netif *out, struct frame *f)
{
    struct ring_msg m = {.run = output_run, .a = out, .frame = f};
    if (!net_dp_run(st->r, &m))
        ip_drop(st->r, "data-plane-queue-full", f);
}

void ipsec_esp_output(void *ctx, struct netif *out, struct frame_vec *v)
{
    struct ipsec *st = ctx;
    struct binding *b = out->crypto;
    struct run run = {.n = 0};
    unsigned kept = 0, n = v->n;
    if (b == NULL)
        return;
    v->n = 0;
    for (unsigned i = 0; i < n; i++) {
        struct frame *f = v->f[i];
        struct acl_flow flow;
        struct flow *x = NULL;
        struct map_entry *e;
        struct ipsec_ident ident;
        if ((f->flags & FRAME_CRYPTO_DONE) != 0) {
            v->f[kept++] = f;
            continue;
        }
        if (!ip_flow_of(f->data, f->len, &flow)) {
            ip_drop(st->r, "ipsec-malformed", f);
            continue;
        }
        switch (link_local(&flow) ? POLICY_CLEAR : ipsec_policy_out(b, &flow, &x, &e, &ident)) {
        case POLICY_DROP:
            if (x != NULL)
                x->n.send_err++;
            ip_drop(st->r, "ipsec-standby", f);
            break;
        case POLICY_ACQUIRE:
            if (x != NULL)
                x->n.no_sa++;
            ipsec_acquire_hold(b, e, &ident, f);
            break;
        case POLICY_CLEAR:
            v->f[kept++] = f;
            break;
        case POLICY_PROTECT:
            if (x->out->frozen)
                ip_drop(st->r, "ipsec-standby", f);
            else if (!net_dp_here(st->r))
                to_data_plane(st, out, f);
            else
                protect(st, &run, x->out, out, f);
            break;
        }
    }
    run_flush(st, &run);
    v->n = kept;
}

bool ipsec_esp_input_check(void *ctx, struct netif *in, struct frame *f)
{
    struct ipsec *st = ctx;
    struct binding *b = in->crypto;
    struct acl_flow flow;
    char d[ADDR_STRLEN], s[ADDR_STRLEN];
    if (b == NULL || (f->flags & FRAME_DECRYPTED) != 0 || !ip_flow_of(f->data, f->len, &flow) || link_local(&flow))
        return true;
    if (net_is_local(st->r, &flow.dst) &&
        (flow.proto == IPPROTO_ESP_ || (flow.proto == IPPROTO_UDP_ && (flow.dport == 500 || flow.dport == 4500))))
        return true; /* the protocols of IPsec itself */
    if (!ipsec_policy_in_protected(b, &flow))
        return true;
    if (log_ratelimit(st->r, "RECVD_PKT_NOT_IPSEC", 1))
        log_syslog(st->r, 0, "CRYPTO", LOG_WARNING_, "RECVD_PKT_NOT_IPSEC",
                   "Rec'd packet not an IPSEC packet. (ip) vrf/dest_addr= /%s, src_addr= %s, prot= %u",
                   addr_format(&flow.dst, d), addr_format(&flow.src, s), flow.proto);
    return false;
}
