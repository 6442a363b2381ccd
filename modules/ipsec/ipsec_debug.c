/* Text of debug crypto ipsec (reference 5.7) and the tshark arguments of every SA since start. Called where SAs come
 * and go; costs nothing while the flags are off. Keys never reach debug output. */
#include "modules/ipsec/ipsec_internal.h"
#include <stdio.h>
#include <string.h>

static void proxy_text(const struct prefix *p, uint8_t proto, uint16_t port, char buf[96])
{
    char a[ADDR_STRLEN], m[ADDR_STRLEN];
    struct addr mask = addr_v4(mask_from_len(p->len));
    snprintf(buf, 96, "%s/%s/%u/%u", addr_format(&p->addr, a), addr_format(&mask, m), proto, port);
}

void ipsec_debug_proposal(struct ipsec *st, const char *func, const struct addr *local, const struct addr *peer,
                          const struct ipsec_ident *id, const struct ipsec_transform *t)
{
    if (!DBG(st, DBG_IPSEC))
        return;
    char l[ADDR_STRLEN], p[ADDR_STRLEN], lp[96], rp[96], tr[96] = "";
    bool in = strcmp(func, "sa_request") != 0;
    proxy_text(&id->local, id->proto, id->lport, lp);
    proxy_text(&id->remote, id->proto, id->rport, rp);
    if (t != NULL)
        ipsec_transform_debug(t, tr);
    if (in)
        DEBUG(st, DBG_IPSEC, "IPSEC(%s): proposal part #1", func);
    DEBUG(st, DBG_IPSEC,
          "IPSEC(%s): %s,\n  (key eng. msg.) %s local= %s:%s, remote= %s:%s,\n    local_proxy= %s,\n    remote_proxy= "
          "%s,\n"
          "    protocol= ESP, transform= %s (%s), \n    lifedur= %us and %ukb, \n    spi= 0x0(0), conn_id= 0, keysize= "
          "%u, flags= 0x0",
          func, in ? "proposal part #1" : "", in ? "INBOUND" : "OUTBOUND", addr_format(local, l), in ? "0" : "500",
          addr_format(peer, p), in ? "0" : "500", lp, rp, tr, t != NULL && t->transport ? "Transport" : "Tunnel",
          in ? 0 : st->life_s, in ? 0 : st->life_kb, t != NULL ? t->key_bits : 0);
}

static void one_sa(struct sa *s, const char *verb, const char *what, bool inbound)
{
    char d[ADDR_STRLEN], l[ADDR_STRLEN], p[ADDR_STRLEN], lp[96], rp[96], tr[96];
    const struct ipsec_ident *id = &s->p.prop.ident;
    uint32_t spi = inbound ? s->p.in_spi : s->p.out_spi;
    ipsec_transform_debug(&s->p.prop.transforms[0], tr);
    proxy_text(&id->local, id->proto, id->lport, lp);
    proxy_text(&id->remote, id->proto, id->rport, rp);
    DEBUG(
        s->st, DBG_IPSEC,
        "IPSEC(%s): %s,\n  (sa) sa_dest= %s, sa_proto= 50, \n    sa_spi= 0x%X(%u), \n    sa_trans= %s, sa_conn_id= %u\n"
        "    sa_lifetime(k/sec)= (%u/%u),\n  (identity) local= %s:0, remote= %s:0,\n    local_proxy= %s,\n    "
        "remote_proxy= %s",
        verb, what, addr_format(inbound ? &s->p.prop.local : &s->p.prop.peer, d), spi, spi, tr,
        2000 + (inbound ? s->conn_in : s->conn_out), s->p.life_kb, s->p.life_s, addr_format(&s->p.prop.local, l),
        addr_format(&s->p.prop.peer, p), lp, rp);
}

void ipsec_debug_sa_created(struct sa *s)
{
    struct ipsec *st = s->st;
    if (!DBG(st, DBG_IPSEC))
        return;
    DEBUG(st, DBG_IPSEC, "IPSEC(key_engine): got a queue event with 1 KMI message(s)");
    DEBUG(st, DBG_IPSEC, "IPSEC(crypto_ipsec_create_ipsec_sas): Map found %s, %u", s->p.prop.map, s->p.prop.seq);
    one_sa(s, "create_sa", "sa created", true);
    one_sa(s, "create_sa", "sa created", false);
}

void ipsec_debug_sa_deleted(struct sa *s, const char *why)
{
    if (!DBG(s->st, DBG_IPSEC))
        return;
    DEBUG(s->st, DBG_IPSEC, "IPSEC(key_engine_delete_sas): delete SA with spi 0x%X proto 50: %s", s->p.in_spi, why);
    one_sa(s, "delete_sa", "deleting SA", true);
    one_sa(s, "delete_sa", "deleting SA", false);
}

/* ---- lab keys ---- */
static void hex(struct strbuf *b, const uint8_t *p, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        strbuf_add(b, "%02x", p[i]);
}

static void key_line(struct strbuf *b, const struct sa *s, bool inbound)
{
    static const char *const ciphers[] = {[CIPHER_NULL] = "NULL",
                                          [CIPHER_DES] = "DES-CBC [RFC2405]",
                                          [CIPHER_3DES] = "TripleDES-CBC [RFC2451]",
                                          [CIPHER_AES_CBC] = "AES-CBC [RFC3602]",
                                          [CIPHER_AES_GCM] = "AES-GCM with 16 octet ICV [RFC4106]"};
    static const char *const auths[] = {[HASH_NONE] = "NULL",
                                        [HASH_MD5] = "HMAC-MD5-96 [RFC2403]",
                                        [HASH_SHA1] = "HMAC-SHA-1-96 [RFC2404]",
                                        [HASH_SHA256] = "HMAC-SHA-256-128 [RFC4868]",
                                        [HASH_SHA384] = "HMAC-SHA-384-192 [RFC4868]",
                                        [HASH_SHA512] = "HMAC-SHA-512-256 [RFC4868]"};
    char l[ADDR_STRLEN], p[ADDR_STRLEN];
    const struct ipsec_keys *k = inbound ? &s->p.in : &s->p.out;
    addr_format(&s->p.prop.local, l);
    addr_format(&s->p.prop.peer, p);
    strbuf_add(b, "-o\nuat:esp_sa:\"IPv4\",\"%s\",\"%s\",\"0x%08x\",\"%s\",\"", inbound ? p : l, inbound ? l : p,
               inbound ? s->p.in_spi : s->p.out_spi, ciphers[s->suite.cipher]);
    if (s->suite.key_len != 0)
        strbuf_add(b, "0x");
    hex(b, k->cipher, s->suite.key_len);
    strbuf_add(b, "\",\"%s\",\"", auths[s->suite.auth]);
    if (s->suite.auth_key_len != 0)
        strbuf_add(b, "0x");
    hex(b, k->auth, s->suite.auth_key_len);
    strbuf_add(b, "\"\n");
}

void ipsec_sa_keys_record(struct sa *s)
{
    struct ipsec *st = s->st;
    if (!st->r->lab_keys || st->lab_keys.len > 4u << 20)
        return;
    if (st->lab_keys.len == 0)
        strbuf_add(&st->lab_keys, "-o\nesp.enable_encryption_decode:TRUE\n-o\nesp.enable_authentication_check:TRUE\n");
    key_line(&st->lab_keys, s, true);
    key_line(&st->lab_keys, s, false);
}

/* ---- debug crypto ha: a bundle as attributes, by the dumper of reference 5.7; keys are named, never shown ---- */

void ipsec_debug_ha_set(struct router *r, bool on)
{
    log_debug_set(r, &ipsec_module, DBG_HA_MGR, on);
}

static void attr(struct strbuf *b, const char *name, unsigned number, uint32_t v, unsigned len)
{
    strbuf_add(b, "\n  attr HA_IPSEC_ATT_%s (%u) len %u\n    ", name, number, len);
    for (unsigned i = len; i-- > 0;)
        strbuf_add(b, "%02X ", v >> (8 * i) & 255);
}

void ipsec_debug_ha_bundle(struct ipsec *st, const struct ipsec_pair *p, bool sending, bool add)
{
    if (!DBG(st, DBG_HA_MGR))
        return;
    const struct ipsec_ident *id = &p->prop.ident;
    struct strbuf b = {0};
    attr(&b, "IN_SPI", 2, p->in_spi, 4);
    attr(&b, "OUT_SPI", 3, p->out_spi, 4);
    if (add) {
        attr(&b, "SRC", 4, addr_v4_get(&p->prop.local), 4);
        attr(&b, "DST", 5, addr_v4_get(&p->prop.peer), 4);
        attr(&b, "PEER_PORT", 6, p->peer_port, 2);
        attr(&b, "F_VRF", 7, 0, 1);
        attr(&b, "LOCAL_PROXY", 8, addr_v4_get(&id->local.addr), 4);
        attr(&b, "LOCAL_MASK", 9, mask_from_len(id->local.len), 4);
        attr(&b, "REMOTE_PROXY", 10, addr_v4_get(&id->remote.addr), 4);
        attr(&b, "REMOTE_MASK", 11, mask_from_len(id->remote.len), 4);
        attr(&b, "PROTOCOL", 12, id->proto, 1);
        attr(&b, "LIFETIME_SEC", 13, p->life_s, 4);
        attr(&b, "LIFETIME_KB", 14, p->life_kb, 4);
        strbuf_add(&b, "\n  attr HA_IPSEC_ATT_KEYS (not shown)");
    }
    log_debug(st->r, &ipsec_module, DBG_HA_MGR, "%s IPSec %s Bundle Message", sending ? "Sending" : "Received",
              add ? "Add" : "Delete");
    log_debug(st->r, &ipsec_module, DBG_HA_MGR,
              "HA Message 0: flags=0x01 len=%u HA_IPSEC_MSG_%s_BUNDLE (%u)\n  ID: %08X%s", add ? 96u : 16u,
              add ? "ADD" : "DEL", add ? 2u : 3u, addr_v4_get(&p->prop.local), b.s ? b.s : "");
    strbuf_free(&b);
}

void ipsec_debug_ha_bundle_sent(const struct sa *s)
{
    struct ipsec_pair p;
    if (!DBG(s->st, DBG_HA_MGR))
        return;
    ipsec_pair_of(s, &p);
    ipsec_debug_ha_bundle(s->st, &p, true, true);
    crypto_wipe(&p, sizeof p);
}
