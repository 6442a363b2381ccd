/* The inbound data path (RFC 4303 3.4): find the SA, check the window, verify and decrypt a run of packets of one SA
 * together, then advance the window, check the identity and hand the inner packets to the IP stack. Called by the
 * IP stack with vectors of protocol 50, and by ike for ESP in UDP. */
#include "modules/core/ring.h"
#include "modules/ipsec/ipsec_internal.h"
#include <string.h>

struct in_run {
    struct sa *sa;
    unsigned n;
    struct esp_item it[FRAME_VEC];
};

static uint32_t get32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static void log_invalid_spi(struct ipsec *st, const struct esp_item *it, uint32_t spi)
{
    struct addr dst = addr_v4(get32(it->ip + 16)), src = addr_v4(get32(it->ip + 12));
    char d[ADDR_STRLEN], s[ADDR_STRLEN];
    if (log_ratelimit(st->r, "RECVD_PKT_INV_SPI", 1))
        log_syslog(st->r, 0, "CRYPTO", LOG_WARNING_, "RECVD_PKT_INV_SPI",
                   "decaps: rec'd IPSEC packet has invalid spi for destaddr=%s, prot=%u, spi=0x%X(%u), srcaddr=%s, "
                   "input interface=%s",
                   addr_format(&dst, d), it->sport != 0 ? IPPROTO_UDP_ : IPPROTO_ESP_, spi, spi, addr_format(&src, s),
                   it->f->in != NULL ? it->f->in->name : "");
    if (st->km != NULL && st->km->invalid_spi != NULL)
        st->km->invalid_spi(st->km_ctx, &dst, &src, spi);
}

/* The log is the control plane's: the data plane takes a turn for it, once a millisecond at most. */
static bool log_begin(struct ipsec *st)
{
    struct dp *dp = net_dp(st->r);
    st->logging = !dp_threaded(dp) || dp_now(dp) - st->logged_at >= NS_PER_MS;
    if (!st->logging)
        return false;
    st->logged_at = dp_now(dp);
    dp_lock(dp);
    return true;
}

static void log_end(struct ipsec *st)
{
    if (st->logging)
        dp_unlock(net_dp(st->r));
}

void ipsec_esp_replay_error(struct ipsec *st, struct sa *s, struct esp_item *it)
{
    s->flow->n.replay_failed++;
    s->flow->n.recv_err++;
    if (log_begin(st) && log_ratelimit(st->r, "PKT_REPLAY_ERR", 1))
        log_syslog(st->r, 0, "CRYPTO", LOG_WARNING_, "PKT_REPLAY_ERR",
                   "decrypt: replay check failed\n        connection id=%u, sequence number=%u", 2000 + s->conn_in,
                   it->seq);
    log_end(st);
    dp_drop(net_dp(st->r), "esp-replay", it->f);
}

void ipsec_esp_mac_error(struct ipsec *st, struct sa *s, struct esp_item *it)
{
    char l[ADDR_STRLEN], p[ADDR_STRLEN];
    s->flow->n.verify_failed++;
    s->flow->n.recv_err++;
    if (log_begin(st) && log_ratelimit(st->r, "RECVD_PKT_MAC_ERR", 1))
        log_syslog(st->r, 0, "CRYPTO", LOG_WARNING_, "RECVD_PKT_MAC_ERR",
                   "decrypt: mac verify failed for connection id=%u local=%s remote=%s spi=%08X seqno=%08X",
                   2000 + s->conn_in, addr_format(&s->p.prop.local, l), addr_format(&s->p.prop.peer, p), s->p.in_spi,
                   it->seq);
    log_end(st);
    dp_drop(net_dp(st->r), "esp-mac", it->f);
}

static void bad(struct ipsec *st, struct sa *s, _Atomic(uint64_t) *counter, struct frame *f, const char *why)
{
    (*counter)++;
    s->flow->n.recv_err++;
    dp_drop(net_dp(st->r), why, f);
}

/* Leaves the inner packet in f->data/len. */
static bool strip(struct ipsec *st, struct sa *s, struct esp_item *it)
{
    struct frame *f = it->f;
    uint32_t head = 8u + s->suite.iv_len, plen = it->len - head - s->suite.icv_len;
    uint8_t *data = it->esp + head;
    uint32_t pad = data[plen - 2];
    uint8_t next = data[plen - 1];
    if (pad + 2 > plen) {
        bad(st, s, &s->flow->n.invalid_len, f, "esp-length");
        return false;
    }
    plen -= pad + 2;
    if (next == 59) { /* RFC 4303 2.6: a dummy packet */
        dp_drop(net_dp(st->r), "esp-dummy", f);
        return false;
    }
    if (!s->p.prop.transforms[0].transport) {
        if (next != 4 || plen < 20 || data[0] >> 4 != 4) {
            bad(st, s, &s->flow->n.invalid_prot, f, "esp-next-header");
            return false;
        }
        uint32_t total = (uint32_t)(data[2] << 8 | data[3]);
        if (total < 20 || total > plen) { /* RFC 4303 2.7: bytes behind it are traffic flow padding */
            bad(st, s, &s->flow->n.invalid_len, f, "esp-length");
            return false;
        }
        frame_pull(f, (uint32_t)(data - f->data));
        f->len = total;
        return true;
    }
    uint32_t ihl = (it->ip[0] & 15u) * 4u;
    uint8_t *ip = data - ihl; /* the ESP header and the IV leave room for it */
    memmove(ip, it->ip, ihl);
    ip[9] = next;
    ip[2] = (uint8_t)((ihl + plen) >> 8);
    ip[3] = (uint8_t)(ihl + plen);
    ip[10] = ip[11] = 0;
    uint16_t sum = ip_checksum(ip, ihl);
    ip[10] = (uint8_t)(sum >> 8);
    ip[11] = (uint8_t)sum;
    if (ip < f->data)
        frame_push(f, (uint32_t)(f->data - ip));
    else
        frame_pull(f, (uint32_t)(ip - f->data));
    f->len = ihl + plen;
    return true;
}

static void count_in(struct ipsec *st, struct sa *s, uint32_t bytes)
{
    nstime now = dp_now(net_dp(st->r)), since = now - atomic_load_explicit(&s->rate_at, memory_order_relaxed);
    STAT_ADD(&s->in_packets, 1);
    STAT_ADD(&s->in_bytes, bytes);
    atomic_store_explicit(&s->last_in, now, memory_order_relaxed);
    if (since >= NS_PER_S) {
        STAT_SET(&s->rate, since < 2 * NS_PER_S ? STAT_GET(&s->rate_count) : 0);
        STAT_SET(&s->rate_count, 0);
        atomic_store_explicit(&s->rate_at, now, memory_order_relaxed);
    }
    STAT_ADD(&s->rate_count, 1);
}

/* After the ICV was right: advance, count, check the identity (RFC 4301 5.2). */
bool ipsec_esp_accept(struct ipsec *st, struct sa *s, struct esp_item *it)
{
    struct acl_flow flow;
    if (!ipsec_replay_check(&s->win, it->seq)) { /* the same number twice within one run */
        ipsec_esp_replay_error(st, s, it);
        return false;
    }
    if (s->win.size != 0 && !ipsec_replay_advance(&s->win, it->seq))
        STAT_ADD(&st->totals.i4_twice, 1);
    if (it->sport != 0 && it->sport != s->p.peer_port && s->p.udp_encap) /* RFC 3948 4: the NAT moved it */
        ipsec_pair_peer_moved(st->r, s->p.cookies, &s->p.prop.peer, it->sport);
    if (!strip(st, s, it))
        return false;
    count_in(st, s, it->f->len);
    if (!ip_flow_of(it->f->data, it->f->len, &flow) || !ipsec_ident_contains(&s->p.prop.ident, &flow, false)) {
        bad(st, s, &s->flow->n.invalid_ident, it->f, "esp-identity");
        return false;
    }
    /* A checksum that a host left open was that of the UDP header around ESP, which is gone. */
    it->f->flags = (uint16_t)((it->f->flags | FRAME_DECRYPTED) & ~(FRAME_CRYPTO_DONE | FRAME_CSUM_PARTIAL));
    it->f->sa = s->p.in_spi;
    return true;
}

void ipsec_esp_received(struct ipsec *st, struct sa *s)
{
    uint32_t events = 0, n = STAT_GET(&s->gate_n);
    if (!s->enabled) /* the peer uses it, so it has it: HASH(3) may still be on its way or was seen by our predecessor
                      */
        events |= EV_ENABLE;
    if (s->ha && (!s->push_armed || (n != 0 && STAT_GET(&s->in_packets) - STAT_GET(&s->synced_in) >= n)))
        events |= EV_MARK;
    if (s->p.life_kb != 0 && STAT_GET(&s->in_bytes) / 1024 + IPSEC_SOFT_LEAD_KB >= s->p.life_kb)
        events |= EV_LIFE;
    ipsec_fast_tell(st, s, events);
}

static void run_open(struct ipsec *st, struct in_run *run, struct frame_vec *inner)
{
    struct esp_job job[FRAME_VEC];
    struct sa *s = run->sa;
    unsigned n = run->n;
    if (n == 0)
        return;
    run->n = 0;
    run->sa = NULL;
    for (unsigned i = 0; i < n; i++)
        job[i] = (struct esp_job){.key = s->open, .data = run->it[i].esp, .len = run->it[i].len};
    esp_open(st->esp, job, n);
    unsigned good = 0;
    for (unsigned i = 0; i < n; i++) {
        struct esp_item *it = &run->it[i];
        if (!job[i].ok) {
            ipsec_esp_mac_error(st, s, it);
        } else if (ipsec_esp_accept(st, s, it)) {
            inner->f[inner->n++] = it->f;
            good++;
        }
    }
    atomic_fetch_add_explicit(&s->flow->n.decaps, good, memory_order_relaxed);
    if (good != 0)
        ipsec_esp_received(st, s);
}

static void input_run(void *ctx, struct ring_msg *m);

/* Consumes the frame: it joins the run, or is dropped. */
static void classify(struct ipsec *st, struct in_run *run, struct frame_vec *inner, struct esp_item *it)
{
    if (it->len < 8) {
        ip_drop(st->r, "esp-length", it->f);
        return;
    }
    uint32_t spi = get32(it->esp);
    it->seq = get32(it->esp + 4);
    struct sa *s = run->sa != NULL && run->sa->p.in_spi == spi ? run->sa : ipsec_sa_by_spi(st, spi);
    if (s == NULL || memcmp(it->ip + 16, s->p.prop.local.b, 4) != 0) {
        log_invalid_spi(st, it, spi);
        ip_drop(st->r, "esp-invalid-spi", it->f);
        return;
    }
    if (!s->active || s->frozen) {
        ip_drop(st->r, "ipsec-standby", it->f);
        return;
    }
    if (!net_dp_here(st->r)) { /* windows are the data plane's */
        struct ring_msg m = {.run = input_run, .a = st, .frame = it->f, .n = it->sport};
        it->f->l3 = (uint16_t)(it->esp - it->ip);
        if (!net_dp_run(st->r, &m))
            ip_drop(st->r, "data-plane-queue-full", it->f);
        return;
    }
    if (!ipsec_replay_check(&s->win, it->seq)) {
        ipsec_esp_replay_error(st, s, it);
        return;
    }
    if (run->sa != s || run->n == FRAME_VEC)
        run_open(st, run, inner);
    run->sa = s;
    run->it[run->n++] = *it;
}

/* What the stack handed over (l3: from the IP header to the ESP header). */
static void input_run(void *ctx, struct ring_msg *m)
{
    struct ipsec *st = m->a;
    struct in_run run = {.n = 0};
    struct frame_vec inner = {.n = 0};
    struct frame *f = m->frame;
    (void)ctx;
    m->frame = NULL;
    struct esp_item it = {
        .f = f, .ip = f->data, .esp = f->data + f->l3, .len = f->len - f->l3, .sport = (uint16_t)m->n};
    classify(st, &run, &inner, &it);
    run_open(st, &run, &inner);
    if (inner.n != 0)
        ip_input_inner(st->r, &inner);
}

void ipsec_esp_input_vec(void *arg, struct frame_vec *v)
{
    struct ipsec *st = arg;
    struct in_run run = {.n = 0};
    struct frame_vec inner = {.n = 0};
    unsigned n = v->n;
    v->n = 0;
    for (unsigned i = 0; i < n; i++) {
        struct frame *f = v->f[i];
        uint32_t ihl = f->len >= 20 ? (f->data[0] & 15u) * 4u : 0;
        uint32_t total = f->len >= 20 ? (uint32_t)(f->data[2] << 8 | f->data[3]) : 0;
        if (ihl < 20 || total < ihl || total > f->len) {
            ip_drop(st->r, "esp-length", f);
            continue;
        }
        struct esp_item it = {.f = f, .ip = f->data, .esp = f->data + ihl, .len = total - ihl};
        classify(st, &run, &inner, &it);
    }
    run_open(st, &run, &inner);
    if (inner.n != 0)
        ip_input_inner(st->r, &inner);
}

void ipsec_udp_input(struct router *r, const struct udp_rx *rx, struct frame *f)
{
    struct ipsec *st = ipsec_of(r);
    struct in_run run = {.n = 0};
    struct frame_vec inner = {.n = 0};
    uint32_t back = 8u + rx->ip.header_len; /* the IP and UDP headers stand in front of the payload */
    if (rx->ip.header_len < 20 || (size_t)(f->data - f->base) < back) {
        ip_drop(r, "esp-length", f);
        return;
    }
    struct esp_item it = {.f = f, .ip = f->data - back, .esp = f->data, .len = f->len, .sport = rx->sport};
    classify(st, &run, &inner, &it);
    run_open(st, &run, &inner);
    if (inner.n != 0)
        ip_input_inner(r, &inner);
}
