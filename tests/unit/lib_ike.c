/* The rig of lib_ike.h. */
#include "tests/unit/lib_ike.h"
#include "parser/session.h"
#include <stdlib.h>
#include <string.h>

static const char config[] = "crypto isakmp policy 1\n encr aes 256\n authentication pre-share\n group 2\n"
                             "crypto isakmp policy 2\n encr 3des\n hash md5\n authentication pre-share\n group 1\n"
                             "crypto isakmp key cisco123 address 0.0.0.0 0.0.0.0\n"
                             "crypto ipsec transform-set t2 esp-aes 256 esp-sha-hmac\n"
                             "crypto dynamic-map dyn1 10\n set transform-set t2\n"
                             "crypto map ha 10 ipsec-isakmp dynamic dyn1\n"
                             "interface Loopback0\n ip address 10.1.11.254 255.255.255.0\n crypto map ha\n";

void ike_rig_open(struct ike_rig *g)
{
    memset(g, 0, sizeof *g);
    alone_open(&g->alone, "rig", alone_sim_loop());
    g->loop = g->alone.loop;
    g->r = g->alone.r;
    if (config_load(g->r, config, true, NULL, NULL))
        abort();
    router_start(g->r);
    g->k = ike_of(g->r);
}

void ike_rig_close(struct ike_rig *g)
{
    alone_close(&g->alone);
}

void ike_rig_feed(struct ike_rig *g, const uint8_t *data, size_t len)
{
    struct udp_rx rx = {
        .ip = {.src = addr_v4(0x0a010b0b), .dst = addr_v4(0x0a010bfe), .proto = 17}, .sport = 500, .dport = 500};
    uint8_t *copy = malloc(len ? len : 1); /* exact size: a sanitizer sees one byte too far */
    if (!copy)
        return;
    memcpy(copy, data, len);
    ike_input(g->k, &rx, copy, len);
    free(copy);
}

void ike_rig_establish(struct ike_rig *g)
{
    struct ike_endpoint at = {addr_v4(0x0a010bfe), addr_v4(0x0a010b0b), 500, 500};
    const uint8_t ci[8] = "initiat", cr[8] = "respond";
    struct ike_sa *sa = ike_sa_new(g->k, ci, &at, false);
    if (!sa)
        abort();
    memcpy(sa->cr, cr, 8);
    ike_sa_link(sa, "Loopback0", "ha", "", false);
    sa->conn_id = g->k->next_conn++;
    ike_policy_default(&sa->suite);
    sa->suite.cipher = CIPHER_AES_CBC;
    sa->suite.key_bits = 128;
    sa->caps.dpd = true;
    ike_keys_init(&sa->keys, HASH_SHA1, CIPHER_AES_CBC, 128);
    memset(sa->keys.a, 0x11, sizeof sa->keys.a);
    memset(sa->keys.d, 0x22, sizeof sa->keys.d);
    memset(sa->keys.ka, 0x33, sa->keys.key_len);
    sa->state = IKE_P1_COMPLETE;
    sa->established = loop_now(g->loop) + 1;
    sa->life_end = sa->established + 3600 * NS_PER_S;
    ike_sa_established(sa, 0);
    g->sa = sa;
}

void ike_rig_feed_sealed(struct ike_rig *g, bool quick, uint8_t first, const uint8_t *data, size_t len)
{
    const uint8_t ci[8] = "initiat", cr[8] = "respond";
    struct ike_out o;
    uint8_t iv[IKE_BLOCK_MAX];
    uint32_t mid;
    if (!ike_sa_find(g->k, ci, cr)) /* a DELETE took it */
        ike_rig_establish(g);
    if (len > 3000)
        len = 3000;
    do
        mid = rng_u32(g->r, RNG_JITTER);
    while (!mid || ike_sa_mid_used(g->sa, mid));
    ike_out_start(&o, ci, cr, quick ? IKE_X_QUICK : IKE_X_INFO, IKE_FLAG_ENCRYPT, mid);
    ike_out_begin(&o, IKE_P_HASH);
    builder_zero(&o.b, g->sa->keys.hlen);
    ike_out_end(&o);
    o.buf[o.next_at] = first;
    size_t at = o.b.len;
    builder_bytes(&o.b, data, len);
    /* The receiver hashes what its walk of the chain covers. */
    struct ike_chain c;
    size_t used = ike_chain_walk(first, o.buf + at, len, &c) ? len : c.used;
    ike_keys_hash12(&g->sa->keys, mid, (struct ike_blob){0}, BLOB_OF(o.buf + at, used), o.buf + IKE_HDR_LEN + 4);
    ike_keys_iv_phase2(&g->sa->keys, g->sa->last_block, mid, iv);
    if (ike_crypt_seal(g->sa, &o, iv))
        ike_rig_feed(g, o.buf, o.b.len);
}
