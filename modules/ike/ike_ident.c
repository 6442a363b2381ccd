/* Phase 2 payloads: identities and ESP proposals between the wire and ipsec.h's structs. Called by quick mode. */
#include "modules/ike/ike_int.h"
#include <string.h>

void ike_ident_encode(struct ike_out *o, const struct prefix *p, uint8_t proto, uint16_t port)
{
    bool host = p->len == 32; /* reference 3.4: host entry type 1, network type 4 */
    ike_out_begin(o, IKE_P_ID);
    builder_u8(&o->b, host ? IKE_ID_IPV4 : IKE_ID_IPV4_SUBNET);
    builder_u8(&o->b, proto);
    builder_u16(&o->b, port);
    builder_u32(&o->b, addr_v4_get(&p->addr));
    if (!host)
        builder_u32(&o->b, mask_from_len(p->len));
    ike_out_end(o);
}

bool ike_ident_decode(const struct ike_payload *p, struct prefix *out, uint8_t *proto, uint16_t *port)
{
    struct ike_id id;
    if (!ike_id_decode(p->body, p->len, &id) || (id.type != IKE_ID_IPV4 && id.type != IKE_ID_IPV4_SUBNET))
        return false;
    struct cursor c = cursor_make(id.data, id.len);
    struct addr a = addr_v4(cursor_u32(&c));
    int len = id.type == IKE_ID_IPV4 ? 32 : mask_to_len(cursor_u32(&c));
    if (!cursor_ok(&c) || len < 0)
        return false;
    *out = prefix_make(&a, (unsigned)len);
    *proto = id.proto;
    *port = id.port;
    return addr_equal(&out->addr, &a) || addr_v4_get(&a) == 0 || len == 0; /* host bits set in a subnet: refused */
}

static uint8_t transform_id(enum crypto_cipher c)
{
    return c == CIPHER_AES_CBC   ? IKE_ESP_AES
           : c == CIPHER_AES_GCM ? IKE_ESP_AES_GCM16
           : c == CIPHER_3DES    ? IKE_ESP_3DES
           : c == CIPHER_DES     ? IKE_ESP_DES
                                 : IKE_ESP_NULL;
}

static uint16_t auth_wire(enum crypto_hash h)
{
    switch (h) {
    case HASH_MD5:
        return 1;
    case HASH_SHA1:
        return 2;
    case HASH_SHA256:
        return 5;
    case HASH_SHA384:
        return 6;
    case HASH_SHA512:
        return 7;
    default:
        return 0;
    }
}

/* One proposal per transform set, one transform in each, all with our inbound SPI. */
void ike_esp_offer_build(struct ike_out *o, const struct ike_qm *qm, bool udp)
{
    struct builder *b = &o->b;
    ike_out_begin(o, IKE_P_SA);
    builder_u32(b, 1);
    builder_u32(b, 1);
    for (unsigned i = 0; i < qm->prop.n_transforms; i++) {
        const struct ipsec_transform *t = &qm->prop.transforms[i];
        size_t prop = builder_mark(b);
        builder_u8(b, i + 1 < qm->prop.n_transforms ? IKE_P_PROPOSAL : IKE_P_NONE);
        builder_u8(b, 0);
        builder_u16(b, 0);
        builder_u8(b, (uint8_t)(i + 1));
        builder_u8(b, IKE_PROTO_ESP);
        builder_u8(b, 4);
        builder_u8(b, 1);
        builder_u32(b, qm->in_spi);
        size_t at = builder_mark(b);
        builder_u8(b, IKE_P_NONE);
        builder_u8(b, 0);
        builder_u16(b, 0);
        builder_u8(b, 1);
        builder_u8(b, transform_id(t->cipher));
        builder_u16(b, 0);
        /* IOS's order (reference 3.4): 4, 1, 2, 1, 2, 5, 6, (3) */
        uint16_t encap = t->transport ? IKE_ENCAP_TRANSPORT : IKE_ENCAP_TUNNEL;
        if (udp && qm->sa->caps.natt >= IKE_NATT_V3)
            encap = t->transport ? IKE_ENCAP_UDP_TRANSPORT_DRAFT : IKE_ENCAP_UDP_TUNNEL_DRAFT;
        else if (udp)
            encap = t->transport ? IKE_ENCAP_UDP_TRANSPORT : IKE_ENCAP_UDP_TUNNEL;
        ike_attr_tv(b, 4, encap);
        ike_attr_tv(b, 1, 1);
        ike_attr_u32(b, 2, qm->prop.life_s, false);
        if (qm->prop.life_kb) {
            ike_attr_tv(b, 1, 2);
            ike_attr_u32(b, 2, qm->prop.life_kb, false);
        }
        if (t->auth != HASH_NONE)
            ike_attr_tv(b, 5, auth_wire(t->auth));
        if (cipher_sized(t->cipher)) /* GCM's salt is not counted (RFC 4106 8.4) */
            ike_attr_tv(b, 6, t->key_bits);
        if (qm->prop.pfs_group)
            ike_attr_tv(b, 3, (uint16_t)qm->prop.pfs_group);
        builder_patch_u16(b, at + 2, (uint16_t)(builder_mark(b) - at));
        builder_patch_u16(b, prop + 2, (uint16_t)(builder_mark(b) - prop));
    }
    ike_out_end(o);
}

bool ike_esp_transform_of(const struct ike_transform *t, struct ipsec_transform *out, bool *udp)
{
    static const enum crypto_hash auth[] = {HASH_NONE, HASH_MD5,    HASH_SHA1,   HASH_NONE,
                                            HASH_NONE, HASH_SHA256, HASH_SHA384, HASH_SHA512};
    memset(out, 0, sizeof *out);
    *udp = false;
    if (t->proto != IKE_PROTO_ESP || t->spi_len != 4 || t->spi < 256 || t->bundle || t->attrs.unknown)
        return false;
    switch (t->id) {
    case IKE_ESP_AES:
        out->cipher = CIPHER_AES_CBC;
        break;
    case IKE_ESP_AES_GCM16:
        out->cipher = CIPHER_AES_GCM;
        break;
    case IKE_ESP_3DES:
        out->cipher = CIPHER_3DES;
        break;
    case IKE_ESP_DES:
        out->cipher = CIPHER_DES;
        break;
    case IKE_ESP_NULL:
        out->cipher = CIPHER_NULL;
        break;
    default:
        return false;
    }
    if (cipher_sized(out->cipher)) {
        out->key_bits = t->attrs.key_bits;
        if (!out->key_bits && out->cipher == CIPHER_AES_CBC)
            out->key_bits = 128; /* RFC 3602 5.3: older peers leave 128 out; RFC 4106 8.4: GCM must say it */
        if (out->key_bits != 128 && out->key_bits != 192 && out->key_bits != 256)
            return false;
    } else if (t->attrs.key_bits) {
        return false;
    }
    if (t->attrs.esp_auth >= sizeof auth / sizeof *auth)
        return false;
    out->auth = auth[t->attrs.esp_auth];
    if (t->attrs.esp_auth && out->auth == HASH_NONE)
        return false;
    if (out->cipher == CIPHER_NULL && out->auth == HASH_NONE)
        return false;
    if (out->cipher == CIPHER_AES_GCM && out->auth != HASH_NONE) /* it brings its own integrity (RFC 4106 7) */
        return false;
    switch (t->attrs.encap) {
    case 0: /* RFC 2407 4.5: unspecified is host-dependent; IOS takes tunnel */
    case IKE_ENCAP_TUNNEL:
        return true;
    case IKE_ENCAP_TRANSPORT:
        out->transport = true;
        return true;
    case IKE_ENCAP_UDP_TUNNEL:
    case IKE_ENCAP_UDP_TUNNEL_DRAFT:
        *udp = true;
        return true;
    case IKE_ENCAP_UDP_TRANSPORT:
    case IKE_ENCAP_UDP_TRANSPORT_DRAFT:
        *udp = true;
        out->transport = true;
        return true;
    default:
        return false;
    }
}
