/* The module: life cycle, UDP 500 and 4500, what IPsec asks of its key manager, and the few things the rest of the
 * house asks of every module (configuration lines, audit, lab keys). */
#include "modules/core/out.h"
#include "modules/ike/ike_int.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct ike *ike_of(struct router *r)
{
    return module_state(r, &ike_module);
}

int ike_send_raw(struct ike *k, const struct ike_endpoint *at, const uint8_t *data, size_t len)
{
    uint8_t buf[IKE_MSG_MAX + 4];
    struct udp_tx tx = {
        .ip = {.src = at->local, .dst = at->peer, .no_crypto = true}, .sport = at->lport, .dport = at->pport};
    k->count.out++;
    if (at->lport != IKE_PORT_NATT)
        return udp_send(k->r, &tx, data, len);
    struct builder b = builder_make(buf, sizeof buf); /* RFC 3948 2.2: non-ESP marker */
    builder_u32(&b, 0);
    builder_bytes(&b, data, len);
    return builder_ok(&b) ? udp_send(k->r, &tx, buf, b.len) : -1;
}

static void no_sa(struct ike *k, const struct ike_msg *m)
{
    k->count.no_sa++;
    ike_log_bad(k, "IKMP_NO_SA", 4, "IKE message from %-15s has no SA and is not an initialization offer",
                IKE_ADDR(&m->at.peer));
}

static void dispatch(struct ike *k, struct ike_msg *m)
{
    const uint8_t none[8] = {0};
    bool first = memcmp(m->h.cr, none, 8) == 0;
    struct ike_sa *sa = first ? NULL : ike_sa_find(k, m->h.ci, m->h.cr);
    if (sa && !ike_same_peer(sa, &m->at.local, &m->at.peer))
        sa = NULL;
    if (sa)
        ike_dbg(k, "ISAKMP (%u): received packet from %s dport %u sport %u Global (%c) %s", sa->conn_id,
                IKE_ADDR(&m->at.peer), m->at.lport, m->at.pport, sa->initiator ? 'I' : 'R', ike_state_shown(sa));
    struct ike_half *h;
    switch (m->h.exchange) {
    case IKE_X_MAIN:
        if (first)
            ike_main_first(k, m);
        else if (sa)
            ike_main_input(sa, m);
        else if ((h = ike_half_find(k, m->h.ci, m->h.cr, &m->at)))
            ike_main_third(k, h, m);
        else
            no_sa(k, m);
        return;
    case IKE_X_QUICK:
        if (sa && sa->standby)
            k->count.standby_in++;
        else if (sa)
            ike_quick_input(sa, m);
        else
            no_sa(k, m);
        return;
    case IKE_X_INFO: {
        struct ike_sa *half_open =
            sa ? sa : ike_sa_find(k, m->h.ci, none); /* a refusal of MM1 may carry no cookie of theirs */
        if (half_open && ike_same_peer(half_open, &m->at.local, &m->at.peer))
            ike_info_input(half_open, m);
        else
            k->count.no_sa++;
        return;
    }
    case IKE_X_AGGRESSIVE:
        ike_log_bad(k, "IKMP_MODE_FAILURE", 6, "Processing of Aggressive mode failed with peer at %s (not supported)",
                    IKE_ADDR(&m->at.peer));
        return;
    default:
        k->count.malformed++;
    }
}

void ike_input(struct ike *k, const struct udp_rx *rx, uint8_t *data, size_t len)
{
    struct ike_msg m = {.at = {.local = rx->ip.dst, .peer = rx->ip.src, .lport = rx->dport, .pport = rx->sport}};
    k->count.in++;
    if (!k->enabled)
        return;
    if (len > IKE_RX_MAX || !ike_hdr_decode(data, len, &m.h) || m.h.version >> 4 != 1) {
        k->count.malformed++;
        ip_drop_count(k->r, "ike-malformed", 1);
        ike_log_bad(k, "IKMP_BAD_MESSAGE", 4, "IKE message from %-15s failed its sanity check or is malformed",
                    IKE_ADDR(&m.at.peer));
        return;
    }
    m.data = data + IKE_HDR_LEN;
    m.len = m.h.len - IKE_HDR_LEN;
    struct crypto_part p = {data, m.h.len};
    crypto_hash(HASH_SHA1, &p, 1, m.hash);
    dispatch(k, &m);
}

static void udp500(void *arg, const struct udp_rx *rx, struct frame *f)
{
    struct ike *k = arg;
    if (!k->r->dying)
        ike_input(k, rx, f->data, f->len);
    frame_free(f);
}

static void udp4500(void *arg, const struct udp_rx *rx, struct frame *f)
{
    struct ike *k = arg;
    static const uint8_t marker[4] = {0};
    if (f->len == 1 && f->data[0] == 0xff) { /* RFC 3948 2.3 */
        frame_free(f);
    } else if (f->len >= 4 && memcmp(f->data, marker, 4) != 0) {
        ipsec_udp_input(k->r, rx, f);
    } else {
        if (f->len > 4 && !k->r->dying)
            ike_input(k, rx, f->data + 4, f->len - 4);
        frame_free(f);
    }
}

/* ---- what IPsec asks ---- */

static void negotiate(struct ike *k, const struct ipsec_proposal *p, bool rekey, event_id cause)
{
    struct ike_sa *sa = ike_sa_best(k, &p->local, &p->peer);
    if (sa)
        ike_quick_start(sa, p, rekey, cause);
    else
        ike_main_initiate(k, p, rekey, cause);
}

static void km_acquire(void *ctx, const struct ipsec_proposal *p, event_id cause)
{
    negotiate(ctx, p, false, cause);
}

static void km_rekey(void *ctx, const struct ipsec_pair *pair, const char *why, event_id cause)
{
    struct ike *k = ctx;
    struct ipsec_proposal p = pair->prop;
    ike_dbg(k, "ISAKMP: rekey of SPI 0x%X: %s", pair->in_spi, why);
    p.pfs_group = pair->pfs_group;
    negotiate(k, &p, true, cause);
}

static void km_notify_delete(void *ctx, const struct addr *local, const struct addr *peer, const uint8_t cookies[16],
                             const uint32_t *in_spis, unsigned n)
{
    struct ike *k = ctx;
    struct ike_sa *sa = ike_sa_best(k, local, peer);
    (void)cookies;
    if (!sa) {
        for (unsigned i = 0; i < n; i++)
            ike_dbg(k, "ISAKMP: ignoring request to send delete notify (no ISAKMP sa) src %s dst %s for SPI 0x%X",
                    IKE_ADDR(local), IKE_ADDR(peer), in_spis[i]);
        return;
    }
    ike_info_send_delete_spis(sa, in_spis, n);
    ike_session_check(k, &sa->at, sa->his_id, sa->his_id_len, false);
}

static void km_clear(void *ctx, const struct addr *local, const struct addr *peer)
{
    struct ike *k = ctx;
    for (struct ike_sa *sa = ike_sa_next_of(k, NULL, local, peer), *next; sa; sa = next) {
        next = ike_sa_next_of(k, sa, local, peer);
        ike_sa_delete(sa, IKE_END_NOTIFY, "cleared", 0);
    }
}

static void km_invalid_spi(void *ctx, const struct addr *local, const struct addr *peer, uint32_t spi)
{
    struct ike *k = ctx;
    struct ike_sa *sa = ike_sa_best(k, local, peer);
    uint8_t b[4] = {(uint8_t)(spi >> 24), (uint8_t)(spi >> 16), (uint8_t)(spi >> 8), (uint8_t)spi};
    if (!k->invalid_spi_recovery || !log_ratelimit(k->r, "ike-invalid-spi", 5))
        return;
    if (sa) /* RFC 2408 3.14.1: under the protection of the IKE SA only */
        ike_info_send_notify(sa, IKE_PROTO_ESP, IKE_N_INVALID_SPI, b, 4, b, 4);
}

static const struct ipsec_km_ops km_ops = {km_acquire, km_rekey, km_notify_delete, km_clear, km_invalid_spi};

/* ---- life ---- */

static int ike_init(struct router *r, void **state)
{
    struct ike *k = calloc(1, sizeof *k);
    if (!k)
        return 12; /* ENOMEM */
    k->r = r;
    k->enabled = true;
    k->next_conn = 1001;
    k->keepalive_retry = 2;
    k->lab_tail = &k->lab_keys;
    timer_init(&k->half_timer, r->loop, ike_half_fire, k);
    *state = k;
    udp_bind(r, IKE_PORT, udp500, k);
    udp_bind(r, IKE_PORT_NATT, udp4500, k);
    ipsec_km_set(r, &km_ops, k);
    ike_ha_init(k);
    return 0;
}

static void ike_fini(struct router *r, void *state)
{
    struct ike *k = state;
    ipsec_km_set(r, NULL, NULL);
    udp_unbind(r, IKE_PORT);
    udp_unbind(r, IKE_PORT_NATT);
    r->dying = true;
    while (k->first)
        ike_sa_delete(k->first, IKE_END_SILENT, "power off", 0);
    while (k->half_first)
        ike_half_free(k, k->half_first);
    timer_stop(&k->half_timer);
    ike_ha_fini(k);
    while (k->lab_keys) {
        struct ike_lab_key *next = k->lab_keys->next;
        crypto_wipe(k->lab_keys, sizeof *k->lab_keys);
        free(k->lab_keys);
        k->lab_keys = next;
    }
    if (k->keys)
        crypto_wipe(k->keys, k->n_keys * sizeof *k->keys);
    free(k->keys);
    free(k);
}

static void config_lines(struct router *r, void *state,
                         void (*emit)(void *ctx, const char *kind, const char *name, const char *text), void *ctx)
{
    struct ike *k = state;
    (void)r;
    for (unsigned i = 0; i < k->n_policies; i++) {
        const struct ike_policy *p = &k->policies[i];
        char name[16], text[160];
        snprintf(name, sizeof name, "%u", p->priority);
        snprintf(text, sizeof text, "encr %s %u hash %u auth %u group %u lifetime %u",
                 ike_cipher_text(p->cipher, p->key_bits), p->cipher == CIPHER_AES_CBC ? p->key_bits : 0,
                 ike_hash_wire(p->hash), p->auth, p->group, p->life_s);
        emit(ctx, "isakmp policy", name, text);
    }
}

static void audit(struct router *r, void *state, void (*fail)(void *ctx, const char *invariant, const char *text),
                  void *ctx)
{
    struct ike *k = state;
    (void)r;
    char text[160];
    unsigned sas = 0, unproven = 0, half = 0;
    for (struct ike_sa *sa = k->first; sa; sa = sa->next) {
        sas++;
        unproven += !sa->initiator && !sa->established;
        for (struct ike_sa *o = sa->next; o && sas < 200; o = o->next)
            if (sa->established && o->established && memcmp(sa->keys.a, o->keys.a, sa->keys.hlen) == 0)
                fail(ctx, "I2", "I2 two IKE SAs share their keys");
    }
    for (struct ike_half *h = k->half_first; h; h = h->next)
        half++;
    if (sas != k->n_sas || unproven != k->n_unproven || half != k->n_half) {
        snprintf(text, sizeof text, "I8 IKE tables: %u SAs counted %u, %u unproven counted %u, %u half-open counted %u",
                 sas, k->n_sas, unproven, k->n_unproven, half, k->n_half);
        fail(ctx, "I8", text);
    }
    if (half > IKE_HALF_MAX || unproven > IKE_UNPROVEN_MAX || sas > IKE_SA_MAX)
        fail(ctx, "I8", "I8 an IKE table passed its cap");
    if (k->count.standby_out)
        fail(ctx, "I5", "I5 a standby IKE SA sent a packet");
    if (k->count.takeover_exchanges) {
        snprintf(text, sizeof text, "I5 %llu IKE exchanges were begun because of a takeover",
                 (unsigned long long)k->count.takeover_exchanges);
        fail(ctx, "I5", text);
    }
}

static void lab_keys(struct router *r, void *state, struct out *out)
{
    struct ike *k = state;
    (void)r;
    for (const struct ike_lab_key *lk = k->lab_keys; lk; lk = lk->next) {
        out_text(out, "-o\nuat:ikev1_decryption_table:");
        for (unsigned i = 0; i < 8; i++)
            out_text(out, "%02x", lk->ci[i]);
        out_text(out, ",");
        for (unsigned i = 0; i < lk->key_len; i++)
            out_text(out, "%02x", lk->ka[i]);
        out_text(out, "\n");
    }
}

static const struct sync_class *const classes[] = {&ike_sync_sa, &ike_sync_dpd, &ike_sync_mid};

const struct module ike_module = {
    .name = "ike",
    .process = "Crypto IKMP",
    .init = ike_init,
    .fini = ike_fini,
    .debug = ike_debug_flags,
    .n_debug = IKE_DBG_FLAGS,
    .sync = classes,
    .n_sync = sizeof classes / sizeof *classes,
    .config_lines = config_lines,
    .audit = audit,
    .lab_keys = lab_keys,
};
