/* The inbound data path (RFC 4303 3.4): find the SA, check the window, verify and decrypt a run of packets of one SA
 * together, then advance the window, check the identity and hand the inner packets to the IP stack. Called by the
 * IP stack with vectors of protocol 50, and by ike for ESP in UDP. */
#include "modules/ipsec/ipsec_internal.h"
#include <string.h>

struct item {
    struct frame *f;
    uint8_t *ip; /* outer IP header */
    uint8_t *esp;
    uint32_t len; /* from esp */
    uint32_t seq;
    uint16_t sport; /* UDP source port; 0: plain ESP */
};
struct in_run {
    struct sa *sa;
    unsigned n;
    struct item it[FRAME_VEC];
};

static uint32_t get32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static void log_invalid_spi(struct ipsec *st, const struct item *it, uint32_t spi)
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

static void replay_error(struct ipsec *st, struct sa *s, struct item *it)
{
    s->flow->n.replay_failed++;
    s->flow->n.recv_err++;
    if (log_ratelimit(st->r, "PKT_REPLAY_ERR", 1))
        log_syslog(st->r, 0, "CRYPTO", LOG_WARNING_, "PKT_REPLAY_ERR",
                   "decrypt: replay check failed\n        connection id=%u, sequence number=%u", 2000 + s->conn_in,
                   it->seq);
    ip_drop(st->r, "esp-replay", it->f);
}

static void mac_error(struct ipsec *st, struct sa *s, struct item *it)
{
    char l[ADDR_STRLEN], p[ADDR_STRLEN];
    s->flow->n.verify_failed++;
    s->flow->n.recv_err++;
    if (log_ratelimit(st->r, "RECVD_PKT_MAC_ERR", 1))
        log_syslog(st->r, 0, "CRYPTO", LOG_WARNING_, "RECVD_PKT_MAC_ERR",
                   "decrypt: mac verify failed for connection id=%u local=%s remote=%s spi=%08X seqno=%08X",
                   2000 + s->conn_in, addr_format(&s->p.prop.local, l), addr_format(&s->p.prop.peer, p), s->p.in_spi,
                   it->seq);
    ip_drop(st->r, "esp-mac", it->f);
}

static void bad(struct ipsec *st, struct sa *s, uint64_t *counter, struct frame *f, const char *why)
{
    (*counter)++;
    s->flow->n.recv_err++;
    ip_drop(st->r, why, f);
}

/* Leaves the inner packet in f->data/len. */
static bool strip(struct ipsec *st, struct sa *s, struct item *it)
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
        ip_drop(st->r, "esp-dummy", f);
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
    nstime now = loop_now(st->r->loop);
    s->in_packets++;
    s->in_bytes += bytes;
    s->in_since_sync++;
    s->last_in = now;
    if (now - s->rate_at >= NS_PER_S) {
        s->rate = now - s->rate_at < 2 * NS_PER_S ? s->rate_count : 0;
        s->rate_count = 0;
        s->rate_at = now;
    }
    s->rate_count++;
    s->flow->n.decaps++;
}

/* After the ICV was right: advance, count, check the identity (RFC 4301 5.2). */
static bool accept_inner(struct ipsec *st, struct sa *s, struct item *it)
{
    struct acl_flow flow;
    if (!ipsec_replay_check(&s->win, it->seq)) { /* the same number twice within one run */
        replay_error(st, s, it);
        return false;
    }
    if (s->win.size != 0 && !ipsec_replay_advance(&s->win, it->seq))
        st->totals.i4_twice++;
    if (it->sport != 0 && it->sport != s->p.peer_port && s->p.udp_encap) /* RFC 3948 4: the NAT moved it */
        ipsec_pair_peer_moved(st->r, s->p.cookies, &s->p.prop.peer, it->sport);
    if (!strip(st, s, it))
        return false;
    count_in(st, s, it->f->len);
    if (!ip_flow_of(it->f->data, it->f->len, &flow) || !ipsec_ident_contains(&s->p.prop.ident, &flow, false)) {
        bad(st, s, &s->flow->n.invalid_ident, it->f, "esp-identity");
        return false;
    }
    it->f->flags = (uint16_t)((it->f->flags | FRAME_DECRYPTED) & ~FRAME_CRYPTO_DONE);
    it->f->sa = s->p.in_spi;
    return true;
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
        struct item *it = &run->it[i];
        if (!job[i].ok) {
            mac_error(st, s, it);
        } else if (accept_inner(st, s, it)) {
            inner->f[inner->n++] = it->f;
            good++;
        }
    }
    if (good == 0)
        return;
    if (!s->enabled) /* the peer uses it, so it has it: HASH(3) may still be on its way or was seen by our predecessor
                      */
        ipsec_pair_enable(st->r, s->p.in_spi);
    if (s->ha)
        ipsec_ha_mark(s);
    if (s->p.life_kb != 0) {
        uint64_t kb = s->in_bytes / 1024;
        if (kb >= s->p.life_kb)
            timer_start(&s->hard, 0);
        else if (kb + (s->p.initiator ? IPSEC_SOFT_LEAD_KB : IPSEC_SOFT_LEAD_KB / 2) >= s->p.life_kb)
            ipsec_sa_rekey(s, "lifetime (kilobytes)");
    }
}

/* Consumes the frame: it joins the run, or is dropped. */
static void classify(struct ipsec *st, struct in_run *run, struct frame_vec *inner, struct item *it)
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
    if (!ipsec_replay_check(&s->win, it->seq)) {
        replay_error(st, s, it);
        return;
    }
    if (run->sa != s || run->n == FRAME_VEC)
        run_open(st, run, inner);
    run->sa = s;
    run->it[run->n++] = *it;
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
        struct item it = {.f = f, .ip = f->data, .esp = f->data + ihl, .len = total - ihl};
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
    struct item it = {.f = f, .ip = f->data - back, .esp = f->data, .len = f->len, .sport = rx->sport};
    classify(st, &run, &inner, &it);
    run_open(st, &run, &inner);
    if (inner.n != 0)
        ip_input_inner(r, &inner);
}
