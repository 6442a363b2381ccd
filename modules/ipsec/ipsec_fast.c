/* ESP on the fast path (fast.h): what may be remembered about a flow, and sealing and opening batches of packets
 * without a lock. What they find out that is not theirs to act on (a lifetime that ends, numbers to be told to the
 * other unit, the first packet under a new SA) is told to the control plane, once until it is handled. Called by the
 * data plane through ip_crypto_ops. */
#include "modules/core/ring.h"
#include "modules/ipsec/ipsec_internal.h"
#include <string.h>

/* ---- events ---- */

static void event_run(void *ctx, struct ring_msg *m)
{
    struct ipsec *st = m->a;
    struct sa *s = ipsec_sa_by_spi(st, m->n);
    (void)ctx;
    if (s == NULL)
        return;
    uint32_t events = atomic_exchange(&s->events, 0);
    if ((events & EV_ENABLE) != 0 && !s->enabled)
        ipsec_pair_enable(st->r, s->p.in_spi);
    if ((events & EV_MARK) != 0 && s->active)
        ipsec_ha_mark(s);
    if ((events & EV_LIFE) == 0)
        return;
    uint64_t used = s->in_bytes > s->out_bytes ? s->in_bytes : s->out_bytes;
    uint64_t lead = s->p.initiator ? IPSEC_SOFT_LEAD_KB : IPSEC_SOFT_LEAD_KB / 2;
    if (s->seq > IPSEC_SEQ_REKEY)
        ipsec_sa_rekey(s, "sequence number");
    if (s->p.life_kb != 0 && used / 1024 >= s->p.life_kb)
        timer_start(&s->hard, 0);
    else if (s->p.life_kb != 0 && used / 1024 + lead >= s->p.life_kb)
        ipsec_sa_rekey(s, "lifetime (kilobytes)");
}

void ipsec_fast_tell(struct ipsec *st, struct sa *s, uint32_t events)
{
    if (events == 0)
        return;
    /* Told already: whoever handles it takes these too. */
    if (atomic_fetch_or(&s->events, events) != 0)
        return;
    struct ring_msg m = {.run = event_run, .a = st, .n = s->p.in_spi};
    if (!dp_tell(net_dp(st->r), &m))
        atomic_store(&s->events, 0); /* the ring is full: the next packet tries again */
}

static void forget_run(void *ctx, struct ring_msg *m)
{
    (void)ctx;
    esp_worker_forget(((struct ipsec *)m->a)->esp);
}

void ipsec_fast_forget(void *arg)
{
    struct ipsec *st = arg;
    struct ring_msg m = {.run = forget_run, .a = st};
    if (!net_dp_run(st->r, &m)) /* the ring is full: later */
        loop_defer(st->r->loop, &st->forget);
}

/* ---- classifying ---- */

static bool link_local(const struct acl_flow *f)
{
    return (addr_v4_get(&f->dst) & 0xffffff00u) == 0xe0000000u;
}

static uint16_t mss_of(const struct ipsec *st, uint32_t plain_mtu)
{
    return st->no_mss_clamp || plain_mtu < 88 ? 0 : (uint16_t)(plain_mtu - 40);
}

int ipsec_fast_probe_out(void *ctx, struct netif *out, const struct acl_flow *flow, struct fast_protect *p)
{
    struct ipsec *st = ctx;
    struct binding *b = out->crypto;
    struct flow *x;
    struct map_entry *e;
    struct ipsec_ident ident;
    if (b == NULL || link_local(flow))
        return FAST_CLEAR;
    enum policy_action a = ipsec_policy_out(b, flow, &x, &e, &ident);
    if (a == POLICY_CLEAR)
        return FAST_CLEAR;
    if (a != POLICY_PROTECT || x->out->frozen || x->out->p.prop.transforms[0].transport)
        return FAST_SLOW;
    struct sa *s = x->out;
    ipsec_ha_gate(s);
    p->sa = s;
    p->local = s->p.prop.local;
    p->peer = s->p.prop.peer;
    p->plain_mtu = ipsec_esp_plain_mtu(s, out->mtu);
    p->mss = mss_of(st, p->plain_mtu);
    return FAST_PROTECT;
}

/* A stale answer of the flow table would show here. */
void ipsec_fast_check_clear(void *ctx, struct netif *out, const struct frame *f)
{
    struct ipsec *st = ctx;
    struct acl_flow flow;
    struct flow *x;
    struct map_entry *e;
    struct ipsec_ident ident;
    if (out->crypto != NULL && ip_flow_of(f->data, f->len, &flow) && !link_local(&flow) &&
        ipsec_policy_out(out->crypto, &flow, &x, &e, &ident) != POLICY_CLEAR)
        st->totals.i3_clear++;
}

bool ipsec_fast_probe_in(void *ctx, struct netif *in, const struct acl_flow *flow)
{
    struct binding *b = in->crypto;
    (void)ctx;
    return b == NULL || !ipsec_policy_in_protected(b, flow);
}

void *ipsec_fast_probe_spi(void *ctx, const struct addr *dst, uint32_t spi, uint16_t sport)
{
    struct sa *s = ipsec_sa_by_spi(ctx, spi);
    if (s == NULL || !s->active || s->frozen || !addr_equal(&s->p.prop.local, dst) ||
        (sport != 0 && s->p.udp_encap && sport != s->p.peer_port))
        return NULL;
    ipsec_ha_gate(s);
    return s;
}

bool ipsec_fast_probe_inner(void *ctx, void *sa, const struct acl_flow *flow, uint16_t *mss)
{
    struct sa *s = sa;
    (void)flow; /* opening has held every packet against the SA's identity */
    *mss = mss_of(ctx, ipsec_esp_plain_mtu(s, s->b->nif->mtu));
    return true;
}

uint32_t ipsec_fast_serial(const void *sa)
{
    return ((const struct sa *)sa)->serial;
}

/* ---- sealing ---- */

struct batch {
    unsigned n;
    struct esp_job job[FRAME_VEC];
    struct sa *sa[FRAME_VEC];
    uint32_t bytes[FRAME_VEC]; /* of the inner packet */
    union {
        const struct fast_entry *entry[FRAME_VEC];
        struct esp_item item[FRAME_VEC];
    };
    struct frame *f[FRAME_VEC];
};

/* Runs of one SA: their lengths. */
static unsigned run_length(const struct batch *b, unsigned from)
{
    unsigned to = from + 1;
    while (to < b->n && b->sa[to] == b->sa[from])
        to++;
    return to - from;
}

void ipsec_fast_seal(void *ctx, struct dp *dp, struct fast_seal *items, unsigned n)
{
    struct ipsec *st = ctx;
    struct batch b;
    b.n = 0;
    for (unsigned i = 0; i < n; i++) {
        struct sa *s = items[i].e->sa;
        b.sa[b.n] = s;
        b.bytes[b.n] = items[i].f->len;
        b.entry[b.n] = items[i].e;
        b.f[b.n] = ipsec_esp_wrap(st, s, items[i].f, &b.job[b.n]);
        b.n += b.f[b.n] != NULL;
    }
    esp_seal(st->esp, b.job, b.n);
    for (unsigned i = 0, k; i < b.n; i += k) {
        uint64_t bytes = 0;
        unsigned sent = 0;
        k = run_length(&b, i);
        for (unsigned j = i; j < i + k; j++) {
            sent += b.job[j].ok;
            bytes += b.job[j].ok ? b.bytes[j] : 0;
        }
        ipsec_esp_sent(st, b.sa[i], sent, bytes);
    }
    for (unsigned i = 0; i < b.n; i++) {
        if (b.job[i].ok)
            fast_send(dp, b.entry[i], b.f[i]);
        else
            dp_drop(dp, "esp-seal", b.f[i]);
    }
}

/* ---- opening ---- */

static void open_add(struct ipsec *st, struct dp *dp, struct batch *b, const struct fast_open *o)
{
    struct frame *f = o->f;
    struct sa *s = o->sa;
    struct esp_item *it = &b->item[b->n];
    *it = (struct esp_item){.f = f, .ip = f->data, .esp = f->data + o->offset, .len = f->len - o->offset};
    if (f->len < o->offset + 8u) {
        dp_drop(dp, "esp-length", f);
        return;
    }
    struct cursor c = cursor_make(it->esp + 4, 4);
    it->seq = cursor_u32(&c);
    if (!ipsec_replay_check(&s->win, it->seq)) {
        ipsec_esp_replay_error(st, s, it);
        return;
    }
    b->sa[b->n] = s;
    b->job[b->n] = (struct esp_job){.key = s->open, .data = it->esp, .len = it->len};
    b->n++;
}

unsigned ipsec_fast_open(void *ctx, struct dp *dp, struct fast_open *items, unsigned n, struct frame **inner, void **sa)
{
    struct ipsec *st = ctx;
    struct batch b;
    unsigned good = 0;
    b.n = 0;
    for (unsigned i = 0; i < n; i++)
        open_add(st, dp, &b, &items[i]);
    esp_open(st->esp, b.job, b.n);
    for (unsigned i = 0, k; i < b.n; i += k) {
        struct sa *s = b.sa[i];
        unsigned before = good;
        k = run_length(&b, i);
        for (unsigned j = i; j < i + k; j++) {
            if (!b.job[j].ok) {
                ipsec_esp_mac_error(st, s, &b.item[j]);
            } else if (ipsec_esp_accept(st, s, &b.item[j])) {
                inner[good] = b.item[j].f;
                sa[good++] = s;
            }
        }
        atomic_fetch_add_explicit(&s->flow->n.decaps, good - before, memory_order_relaxed);
        if (good != before)
            ipsec_esp_received(st, s);
    }
    return good;
}
