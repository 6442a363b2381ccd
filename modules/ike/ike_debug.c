/* debug crypto isakmp and its relatives: line shapes of reference 3.7 (12.4 style) and 5.7. Called by every
 * file of the module; cheap while off. No key material ever gets here. */
#include "modules/core/out.h"
#include "modules/ike/ike_int.h"
#include <stdarg.h>
#include <stdio.h>

const struct debug_flag ike_debug_flags[IKE_DBG_FLAGS] = {
    [IKE_DBG] = {"Cryptographic Subsystem", "Crypto ISAKMP debugging is on"},
    [IKE_DBG_ERROR] = {"Cryptographic Subsystem", "Crypto ISAKMP Error debugging is on"},
    [IKE_DBG_HA] = {"Cryptographic Subsystem", "Crypto ISAKMP High Availability debugging is on"},
    [IKE_DBG_HA_DETAIL] = {"Cryptographic Subsystem", "Crypto ISAKMP High Availability detailed debugging is on"},
    [CRYPTO_DBG_HA] = {"Cryptographic Subsystem", "Crypto High Availability debugging is on"},
};

bool ike_debug_on(const struct ike *k, unsigned bit)
{
    return log_debug_on(k->r, &ike_module, bit);
}

static void emit(const struct ike *k, unsigned bit, const char *fmt, va_list ap)
{
    char line[1024];
    vsnprintf(line, sizeof line, fmt, ap);
    log_debug(k->r, &ike_module, bit, "%s", line);
}

/* Errors show with `debug crypto isakmp` and with `debug crypto isakmp error`, once. */
void ike_debug_print(const struct ike *k, bool error, const char *fmt, ...)
{
    unsigned bit = !error || ike_debug_on(k, IKE_DBG) ? IKE_DBG : IKE_DBG_ERROR;
    if (!ike_debug_on(k, bit))
        return;
    va_list ap;
    va_start(ap, fmt);
    emit(k, bit, fmt, ap);
    va_end(ap);
}

void ike_dbg_ha(const struct ike *k, const char *fmt, ...)
{
    unsigned bit = ike_debug_on(k, IKE_DBG_HA) ? IKE_DBG_HA : IKE_DBG_HA_DETAIL;
    if (!ike_debug_on(k, bit))
        return;
    va_list ap;
    va_start(ap, fmt);
    emit(k, bit, fmt, ap);
    va_end(ap);
}

/* A line that a hostile or misconfigured peer can cause at will: five a second at most. */
void ike_log_bad(struct ike *k, const char *mnemonic, int severity, const char *fmt, ...)
{
    if (!log_ratelimit(k->r, mnemonic, 5))
        return;
    char text[512];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    log_syslog(k->r, 0, "CRYPTO", severity, mnemonic, "%s", text);
}

static const char *enc_text(uint16_t v)
{
    switch (v) {
    case IKE_ENC_DES:
        return "DES-CBC";
    case IKE_ENC_3DES:
        return "3DES-CBC";
    case IKE_ENC_AES:
        return "AES-CBC";
    default:
        return "unknown";
    }
}

static const char *hash_text(uint16_t v)
{
    switch (v) {
    case IKE_HASH_MD5:
        return "MD5";
    case IKE_HASH_SHA:
        return "SHA";
    case IKE_HASH_SHA256:
        return "SHA256";
    case IKE_HASH_SHA384:
        return "SHA384";
    case IKE_HASH_SHA512:
        return "SHA512";
    default:
        return "unknown";
    }
}

static void life(const struct ike *k, const char *what, uint32_t v, bool vpi)
{
    if (vpi)
        ike_dbg(k, "ISAKMP:      %s duration (VPI) of  0x%X 0x%X 0x%X 0x%X ", what, v >> 24, v >> 16 & 255,
                v >> 8 & 255, v & 255);
    else
        ike_dbg(k, "ISAKMP:      %s duration (basic) of %u", what, v);
}

void ike_debug_transform(const struct ike *k, const struct ike_transform *t)
{
    const struct ike_attrs *a = &t->attrs;
    if (!ike_debug_on(k, IKE_DBG))
        return;
    ike_dbg(k, "ISAKMP:      encryption %s", enc_text(a->encryption));
    if (a->key_bits)
        ike_dbg(k, "ISAKMP:      keylength of %u", a->key_bits);
    ike_dbg(k, "ISAKMP:      hash %s", hash_text(a->hash));
    ike_dbg(k, "ISAKMP:      default group %u", a->group);
    ike_dbg(k, "ISAKMP:      auth %s",
            a->auth_method == IKE_AUTH_PSK       ? "pre-share"
            : a->auth_method == IKE_AUTH_RSA_SIG ? "RSA sig"
                                                 : "unknown");
    if (a->life_s) {
        ike_dbg(k, "ISAKMP:      life type in seconds");
        life(k, "life", a->life_s, a->life_s_vpi);
    }
}

void ike_debug_esp_transform(const struct ike *k, const struct ike_transform *t)
{
    static const char *const encap[] = {"", "Tunnel", "Transport", "Tunnel-UDP", "Transport-UDP"};
    static const char *const auth[] = {"",     "HMAC-MD5",    "HMAC-SHA",    "DES-MAC",
                                       "KPDK", "HMAC-SHA256", "HMAC-SHA384", "HMAC-SHA512"};
    const struct ike_attrs *a = &t->attrs;
    if (!ike_debug_on(k, IKE_DBG))
        return;
    const char *id = t->id == IKE_ESP_AES         ? "ESP_AES"
                     : t->id == IKE_ESP_AES_GCM16 ? "ESP_GCM"
                     : t->id == IKE_ESP_3DES      ? "ESP_3DES"
                     : t->id == IKE_ESP_DES       ? "ESP_DES"
                     : t->id == IKE_ESP_NULL      ? "ESP_NULL"
                                                  : "ESP_unknown";
    ike_dbg(k, "ISAKMP: transform %u, %s", t->number, id);
    ike_dbg(k, "ISAKMP:   attributes in transform:");
    ike_dbg(k, "ISAKMP:      encaps is %u (%s)", a->encap, a->encap < 5 ? encap[a->encap] : "draft UDP");
    if (a->life_s) {
        ike_dbg(k, "ISAKMP:      SA life type in seconds");
        life(k, "SA life", a->life_s, a->life_s_vpi);
    }
    if (a->life_kb) {
        ike_dbg(k, "ISAKMP:      SA life type in kilobytes");
        life(k, "SA life", a->life_kb, a->life_kb_vpi);
    }
    if (a->esp_auth)
        ike_dbg(k, "ISAKMP:      authenticator is %s", a->esp_auth < 8 ? auth[a->esp_auth] : "unknown");
    if (a->key_bits)
        ike_dbg(k, "ISAKMP:      key length is %u", a->key_bits);
    if (a->group)
        ike_dbg(k, "ISAKMP:      group is %u", a->group);
}

/* ---- debug crypto ha: the message as attributes (reference 5.7); keys are named, never shown ---- */

static void hex_attr(struct strbuf *b, const char *name, unsigned number, const uint8_t *p, size_t len)
{
    strbuf_add(b, "\n  attr %s (%u) len %zu", name, number, len);
    for (size_t i = 0; i < len; i++)
        strbuf_add(b, "%s%02X ", i % 16 ? "" : "\n    ", p[i]);
}

static void u32_attr(struct strbuf *b, const char *name, unsigned number, uint32_t v)
{
    uint8_t p[4] = {(uint8_t)(v >> 24), (uint8_t)(v >> 16), (uint8_t)(v >> 8), (uint8_t)v};
    hex_attr(b, name, number, p, 4);
}

/* What was agreed. Returns the octets of these attributes. */
static unsigned ha_dump_policy(const struct ike_sa *sa, struct strbuf *b)
{
    nstime left = sa->life_end - loop_now(sa->ike->r->loop);
    u32_attr(b, "HA_IKE_ATT_MASK", 42, 0);
    u32_attr(b, "HA_IKE_ATT_ID_STR", 44, 0);
    u32_attr(b, "HA_IKE_ATT_PEERS_CAPABILITIES", 11, (sa->caps.dpd ? 1u : 0) | (ike_natt_used(sa) ? 2u : 0));
    u32_attr(b, "HA_IKE_ATT_MY_CAPABILITIES", 12, 3);
    u32_attr(b, "HA_IKE_ATT_STATE_MASK", 13, sa->established ? 1 : 0);
    u32_attr(b, "HA_IKE_ATT_ENCRYPT", 14, ike_cipher_wire(sa->suite.cipher));
    u32_attr(b, "HA_IKE_ATT_HASH", 15, ike_hash_wire(sa->suite.hash));
    u32_attr(b, "HA_IKE_ATT_GROUP", 16, sa->suite.group);
    u32_attr(b, "HA_IKE_ATT_LIFETIME", 17, left > 0 ? (uint32_t)(left / NS_PER_S) : 0);
    strbuf_add(b, "\n  attr HA_IKE_ATT_KEYS (not shown)");
    return 9 * 8;
}

void ike_debug_ha_dump(const struct ike_sa *sa, bool sending, const char *what, unsigned number)
{
    const struct ike *k = sa->ike;
    if (!ike_debug_on(k, CRYPTO_DBG_HA))
        return;
    bool add = number == 2;
    struct strbuf b = {0};
    uint32_t local = addr_v4_get(&sa->at.local), peer = addr_v4_get(&sa->at.peer);
    uint8_t v[8];
    struct builder w = builder_make(v, sizeof v);
    builder_u32(&w, local);
    builder_u32(&w, peer);
    uint8_t port[2] = {(uint8_t)(sa->at.pport >> 8), (uint8_t)sa->at.pport};
    uint8_t zero = 0, role = sa->initiator ? 0 : 1, nat = (uint8_t)((sa->nat_me ? 1 : 0) | (sa->nat_peer ? 4 : 0) | 2);
    hex_attr(&b, "HA_IKE_ATT_MY_COOKIE", 2, sa->initiator ? sa->ci : sa->cr, 8);
    hex_attr(&b, "HA_IKE_ATT_HIS_COOKIE", 3, sa->initiator ? sa->cr : sa->ci, 8);
    unsigned len = 2 * 12;
    if (add) {
        hex_attr(&b, "HA_IKE_ATT_SRC", 4, v, 4);
        hex_attr(&b, "HA_IKE_ATT_DST", 5, v + 4, 4);
        hex_attr(&b, "HA_IKE_ATT_PEER_PORT", 6, port, 2);
        hex_attr(&b, "HA_IKE_ATT_F_VRF", 7, &zero, 1);
        hex_attr(&b, "HA_IKE_ATT_INIT_OR_RESP", 8, &role, 1);
        hex_attr(&b, "HA_IKE_ATT_NAT_DISCOVERY", 9, &nat, 1);
        if (sa->his_id_len >= 4) {
            hex_attr(&b, "HA_IKE_ATT_IDTYPE", 38, sa->his_id, 1);
            hex_attr(&b, "HA_IKE_ATT_PROTOCOL", 39, sa->his_id + 1, 1);
            hex_attr(&b, "HA_IKE_ATT_PORT", 40, sa->his_id + 2, 2);
            hex_attr(&b, "HA_IKE_ATT_ADDR", 41, sa->his_id + 4, sa->his_id_len - 4u);
        }
        len += 2 * 8 + 6 + 3 * 5 + 20 + sa->his_id_len + ha_dump_policy(sa, &b);
    }
    log_debug(k->r, &ike_module, CRYPTO_DBG_HA, "%s IKE %s SA Message", sending ? "Sending" : "Received", what);
    log_debug(k->r, &ike_module, CRYPTO_DBG_HA, "HA Message 0: flags=0x01 len=%u HA_IKE_MSG_%s_SA (%u)\n  ID: %08X%s",
              len, add ? "ADD" : "DEL", number, local, b.s ? b.s : "");
    strbuf_free(&b);
}
