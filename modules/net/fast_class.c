/* What the stack would do with the packets of a flow, told from the first one: the entry of the table of flows. Called
 * by fast.c in a turn of the loop's; without side effects. */
#include "modules/net/dp.h"

static bool resolve(struct fast_entry *e, struct net *net, uint32_t dst, uint32_t src)
{
    const struct fib_hop *hop = fib_lookup(net, dst, src);
    struct mac mac;
    if (!hop || !hop->out || !hop->out->n.line_up || !hop->out->n.link || hop->out->n.is_virtual)
        return false;
    if (!arp_resolved(hop->out, hop->gateway ? hop->gateway : dst, &mac))
        return false;
    memcpy(e->eth, mac.b, 6);
    memcpy(e->eth + 6, arp_source_mac(hop->out, src)->b, 6);
    put16(e->eth + 12, ETHERTYPE_IP_);
    e->out = hop->out;
    return true;
}

static void clamp(uint16_t *mss, uint16_t to)
{
    if (to && (!*mss || to < *mss))
        *mss = to;
}

static bool classify_transit(struct fast_entry *e, struct net *net, struct nif *in, const struct acl_flow *flow,
                             void *inner_sa)
{
    const struct ip_crypto_ops *ops = net->crypto;
    uint32_t src = addr_v4_get(&flow->src), dst = addr_v4_get(&flow->dst);
    uint16_t mss = 0;
    if (inner_sa ? !ops->probe_inner(net->crypto_ctx, inner_sa, flow, &mss)
                 : ops && in->n.crypto && !ops->probe_in(net->crypto_ctx, &in->n, flow))
        return false;
    if (!resolve(e, net, dst, src) || !acl_probe(e->out, 1, flow, &e->count[1]))
        return false;
    struct nif *out = e->out;
    if (!inner_sa && icmp_redirect_due(in, out, src))
        return false; /* the sender is told with every packet, as often as the rate allows */
    e->action = FAST_FORWARD;
    e->mtu = out->n.mtu;
    e->mss = mss;
    clamp(&e->mss, in->n.mss);
    clamp(&e->mss, out->n.mss);
    if (!ops || !out->n.crypto)
        return true;
    struct fast_protect p = {0};
    enum fast_verdict v = ops->probe_out(net->crypto_ctx, &out->n, flow, &p);
    if (v != FAST_PROTECT)
        return v == FAST_CLEAR;
    e->action = FAST_SEAL;
    e->sa = p.sa;
    e->mtu = p.plain_mtu;
    clamp(&e->mss, p.mss);
    return resolve(e, net, addr_v4_get(&p.peer), addr_v4_get(&p.local));
}

static bool classify_local(struct fast_entry *e, struct net *net, const struct local_entry *l,
                           const struct acl_flow *flow, uint32_t spi)
{
    if (l->kind != LOCAL_UNICAST || !net->crypto || (e->key.bits & (FAST_KEY_FRAGMENT | FAST_KEY_FIRST)))
        return false;
    if (flow->proto == IPPROTO_UDP_ && flow->dport == 4500 && spi)
        e->esp_offset = 8;
    else if (flow->proto != IPPROTO_ESP_)
        return false;
    e->action = FAST_OPEN;
    e->sa = net->crypto->probe_spi(net->crypto_ctx, &flow->dst, spi, flow->proto == IPPROTO_UDP_ ? flow->sport : 0);
    return e->sa != NULL;
}

bool fast_classify(struct dp *dp, struct fast_entry *e, const struct fast_key *k, struct nif *in, const uint8_t *dmac,
                   const uint8_t *ip, void *inner_sa)
{
    struct net *net = dp->net;
    struct acl_flow flow;
    *e = (struct fast_entry){.key = *k, .gen = dp->gen};
    if (!in->n.line_up || net->router->dying || !ip_flow_of(ip, be16(ip + 2), &flow))
        return false;
    uint32_t src = addr_v4_get(&flow.src), dst = addr_v4_get(&flow.dst);
    if (!inner_sa) {
        if ((dmac[0] & 1) || !ether_is_ours(in, dmac))
            return false;
        memcpy(e->dmac, dmac, 6);
    }
    if (ip_martian_source(net, src) || ip_martian_destination(dst) || dst >> 28 == 14 || dst == UINT32_MAX)
        return false;
    if (!inner_sa && !acl_probe(in, 0, &flow, &e->count[0]))
        return false;
    const struct local_entry *l = net_local_find(net, dst);
    if (!l)
        return classify_transit(e, net, in, &flow, inner_sa);
    return !inner_sa && classify_local(e, net, l, &flow, be32(ip + 20 + (flow.proto == IPPROTO_UDP_ ? 8 : 0)));
}
