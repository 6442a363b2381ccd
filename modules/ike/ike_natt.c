/* NAT traversal (RFC 3947, 3948) and vendor identification: what MM1..MM4 carry of both, the move to port 4500, NAT
 * keepalives. Called by main mode. */
#include "modules/ike/ike_int.h"
#include <string.h>

static const uint8_t vid_natt[][16] = {
    /* by IKE_NATT_* - 1; the first four in IOS's order */
    {0x4a, 0x13, 0x1c, 0x81, 0x07, 0x03, 0x58, 0x45, 0x5c, 0x57, 0x28, 0xf2, 0x0e, 0x95, 0x45, 0x2f}, /* RFC 3947 */
    {0x43, 0x9b, 0x59, 0xf8, 0xba, 0x67, 0x6c, 0x4c, 0x77, 0x37, 0xae, 0x22, 0xea, 0xb8, 0xf5, 0x82}, /* draft 07 */
    {0x7d, 0x94, 0x19, 0xa6, 0x53, 0x10, 0xca, 0x6f, 0x2c, 0x17, 0x9d, 0x92, 0x15, 0x52, 0x9d, 0x56}, /* draft 03 */
    {0x90, 0xcb, 0x80, 0x91, 0x3e, 0xbb, 0x69, 0x6e, 0x08, 0x63, 0x81, 0xb5, 0xec, 0x42, 0x7b, 0x1f}, /* draft 02\n */
    {0xcd, 0x60, 0x46, 0x43, 0x35, 0xdf, 0x21, 0xf8, 0x7c, 0xfd, 0xb2, 0xfc, 0x68, 0xb6, 0xa4, 0x48}, /* draft 02 */
};
static const char *const natt_text[] = {"RFC 3947", "v7", "v3", "v2", "v2"};
static const uint8_t vid_unity[16] = {0x12, 0xf5, 0xf2, 0x8c, 0x45, 0x71, 0x68, 0xa9,
                                      0x70, 0x2d, 0x9f, 0xe2, 0x74, 0xcc, 0x01, 0x00};
static const uint8_t vid_dpd[16] = {0xaf, 0xca, 0xd7, 0x13, 0x68, 0xa1, 0xf1, 0xc9,
                                    0x6b, 0x86, 0x96, 0xfc, 0x77, 0x57, 0x01, 0x00};
static const uint8_t vid_xauth[8] = {0x09, 0x00, 0x26, 0x89, 0xdf, 0xd6, 0xb7, 0x12};
static const uint8_t vid_frag[16] = {0x40, 0x48, 0xb7, 0xd5, 0x6e, 0xbc, 0xe8, 0x85,
                                     0x25, 0xe7, 0xde, 0x7f, 0x00, 0xd6, 0xc2, 0xd3};
/* interop 6: the unnamed one starts with the sender's cookie XOR this */
static const uint8_t ios_mask[8] = {0xf5, 0xc7, 0xa7, 0x1d, 0x00, 0x01, 0x00, 0x00};

void ike_natt_vids(struct ike_out *o)
{
    for (unsigned i = 0; i < 4; i++)
        ike_out_payload(o, IKE_P_VID, vid_natt[i], 16);
}

void ike_natt_vid_reply(struct ike_out *o, uint8_t natt)
{
    if (natt)
        ike_out_payload(o, IKE_P_VID, vid_natt[natt - 1], 16);
}

void ike_vids_mm3(struct ike_sa *sa, struct ike_out *o)
{
    uint8_t ios[16];
    const uint8_t *cookie = sa->initiator ? sa->ci : sa->cr;
    for (unsigned i = 0; i < 8; i++)
        ios[i] = cookie[i] ^ ios_mask[i];
    rng_bytes(sa->ike->r, RNG_COOKIE, ios + 8, 8);
    ike_out_payload(o, IKE_P_VID, vid_unity, 16);
    ike_out_payload(o, IKE_P_VID, vid_dpd, 16);
    ike_out_payload(o, IKE_P_VID, ios, 16);
    ike_out_payload(o, IKE_P_VID, vid_xauth, 8);
}

static void one_vid(struct ike *k, unsigned conn, const struct ike_payload *p, struct ike_caps *caps,
                    const uint8_t *cookie)
{
    ike_dbg(k, "ISAKMP:(%u): processing vendor id payload", conn);
    if (p->len == 16)
        for (unsigned i = 0; i < sizeof vid_natt / sizeof *vid_natt; i++)
            if (memcmp(p->body, vid_natt[i], 16) == 0) {
                ike_dbg(k, "ISAKMP:(%u): vendor ID seems Unity/DPD but major %u mismatch", conn, p->body[14]);
                ike_dbg(k, "ISAKMP (%u): vendor ID is NAT-T %s", conn, natt_text[i]);
                if (!caps->natt || i + 1 < caps->natt)
                    caps->natt = (uint8_t)(i + 1);
                return;
            }
    if (p->len == 16 && memcmp(p->body, vid_unity, 14) == 0) {
        ike_dbg(k, "ISAKMP:(%u): vendor ID is Unity", conn);
        caps->unity = true;
    } else if (p->len == 16 && memcmp(p->body, vid_dpd, 14) == 0) {
        ike_dbg(k, "ISAKMP:(%u): vendor ID is DPD", conn);
        caps->dpd = true;
    } else if (p->len == 8 && memcmp(p->body, vid_xauth, 8) == 0) {
        ike_dbg(k, "ISAKMP:(%u): vendor ID seems Unity/DPD but major 149 mismatch", conn);
        ike_dbg(k, "ISAKMP:(%u): vendor ID is XAUTH", conn);
        caps->xauth = true;
    } else if (p->len >= 16 && memcmp(p->body, vid_frag, 16) == 0) {
        caps->frag = true;
    } else if (p->len == 16 && cookie) {
        uint8_t want[8];
        for (unsigned i = 0; i < 8; i++)
            want[i] = cookie[i] ^ ios_mask[i];
        if (memcmp(p->body, want, 8) == 0) {
            ike_dbg(k, "ISAKMP:(%u): speaking to another IOS box!", conn);
            caps->ios = true;
        } else {
            ike_dbg(k, "ISAKMP:(%u): vendor ID seems Unity/DPD but major %u mismatch", conn, p->body[14]);
        }
    }
}

void ike_vid_seen(struct ike *k, unsigned conn, const struct ike_chain *c, struct ike_caps *caps, const uint8_t *cookie)
{
    for (unsigned i = 0; i < c->n; i++)
        if (c->p[i].type == IKE_P_VID)
            one_vid(k, conn, &c->p[i], caps, cookie);
}

static uint8_t natd_type(uint8_t natt)
{
    return natt == IKE_NATT_RFC ? IKE_P_NATD : natt == IKE_NATT_V7 ? IKE_P_NATD_DRAFT7 : IKE_P_NATD_DRAFT;
}

/* RFC 3947 3.2: first the remote end, then our own. */
void ike_natt_natd_build(struct ike_sa *sa, struct ike_out *o)
{
    uint8_t h[CRYPTO_HASH_MAX];
    size_t n = hash_len(sa->suite.hash);
    ike_keys_natd(sa->suite.hash, sa->ci, sa->cr, addr_v4_get(&sa->at.peer), sa->at.pport, h);
    ike_out_payload(o, natd_type(sa->caps.natt), h, n);
    ike_keys_natd(sa->suite.hash, sa->ci, sa->cr, addr_v4_get(&sa->at.local), sa->at.lport, h);
    ike_out_payload(o, natd_type(sa->caps.natt), h, n);
}

void ike_natt_natd_check(struct ike_sa *sa, const struct ike_msg *m)
{
    uint8_t mine[CRYPTO_HASH_MAX], his[CRYPTO_HASH_MAX];
    size_t n = hash_len(sa->suite.hash);
    uint8_t type = natd_type(sa->caps.natt);
    unsigned count = sa->caps.natt ? ike_chain_count(&m->chain, type) : 0;
    if (count < 2)
        return;
    ike_keys_natd(sa->suite.hash, sa->ci, sa->cr, addr_v4_get(&m->at.local), m->at.lport, mine);
    ike_keys_natd(sa->suite.hash, sa->ci, sa->cr, addr_v4_get(&m->at.peer), m->at.pport, his);
    const struct ike_payload *p = ike_chain_find(&m->chain, type, 0);
    sa->nat_me = p->len != n || memcmp(p->body, mine, n) != 0;
    sa->nat_peer = true;
    for (unsigned i = 1; i < count; i++) {
        p = ike_chain_find(&m->chain, type, i);
        if (p->len == n && memcmp(p->body, his, n) == 0)
            sa->nat_peer = false;
    }
    ike_dbg(sa->ike, "ISAKMP:received payload type %u", type);
    if (sa->nat_me)
        ike_dbg(sa->ike, "ISAKMP (%u): NAT found, this node inside NAT", sa->conn_id);
    ike_dbg(sa->ike, "ISAKMP:received payload type %u", type);
    if (sa->nat_peer)
        ike_dbg(sa->ike, "ISAKMP (%u): NAT found, peer inside NAT", sa->conn_id);
    else if (!sa->nat_me)
        ike_dbg(sa->ike, "ISAKMP (%u): No NAT Found for self or peer", sa->conn_id);
}

bool ike_natt_used(const struct ike_sa *sa)
{
    return sa->at.lport == IKE_PORT_NATT && (sa->nat_me || sa->nat_peer);
}

void ike_natt_keepalive_start(struct ike_sa *sa)
{
    /* RFC 3948 4: the end behind the NAT keeps the mapping alive */
    if (sa->ike->nat_keepalive_s && sa->nat_me && !sa->standby && sa->established)
        timer_start(&sa->nat_keepalive, (nstime)sa->ike->nat_keepalive_s * NS_PER_S);
    else
        timer_stop(&sa->nat_keepalive);
}

void ike_natt_keepalive_fire(void *arg)
{
    struct ike_sa *sa = arg;
    struct ike *k = sa->ike;
    const uint8_t one = 0xff;
    struct udp_tx tx = {.ip = {.src = sa->at.local, .dst = sa->at.peer, .no_crypto = true},
                        .sport = sa->at.lport,
                        .dport = sa->at.pport};
    if (!sa->standby && sa->at.lport == IKE_PORT_NATT) {
        udp_send(k->r, &tx, &one, 1);
        k->count.natt_keepalives++;
    }
    ike_natt_keepalive_start(sa);
}
