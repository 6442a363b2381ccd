/* Access lists held against packets. The frame path asks through acl_permits and acl_probe, crypto maps and lines
 * through acl_match. All of it in turns of the loop's. */
#include "modules/core/cursor.h"
#include "modules/net/acl_int.h"
#include "modules/net/fast.h"

bool ip_flow_of(const uint8_t *ip, size_t len, struct acl_flow *flow)
{
    struct cursor c = cursor_make(ip, len);
    const uint8_t *h = cursor_take(&c, IP_HLEN);
    *flow = (struct acl_flow){0};
    if (!h || h[0] >> 4 != 4 || (h[0] & 15) < 5)
        return false;
    cursor_skip(&c, (h[0] & 15u) * 4u - IP_HLEN);
    if (!cursor_ok(&c))
        return false;
    flow->src = addr_v4(be32(h + 12));
    flow->dst = addr_v4(be32(h + 16));
    flow->proto = h[9];
    flow->tos = h[1];
    flow->fragment = (be16(h + 6) & IP_OFFMASK) != 0;
    if (flow->fragment)
        return true;
    if (flow->proto == IPPROTO_ICMP_) {
        flow->icmp_type = cursor_u8(&c);
        flow->icmp_code = cursor_u8(&c);
        return cursor_ok(&c);
    }
    if (flow->proto != IPPROTO_UDP_ && flow->proto != 6 && flow->proto != IPPROTO_SCTP_)
        return true;
    flow->sport = cursor_u16(&c);
    flow->dport = cursor_u16(&c);
    bool ok = cursor_ok(&c);
    if (flow->proto == 6) {
        cursor_skip(&c, 9);
        flow->tcp_flags = cursor_u8(&c); /* 0 of a header that is cut off */
    }
    return ok;
}

static bool port_hit(uint16_t port, uint16_t lo, uint16_t hi, bool neq)
{
    return (port >= lo && port <= hi) != neq;
}

static bool looks_at_flags(const struct acl_line *l)
{
    return l->flags_set || l->flags_unset;
}

static bool flags_hit(const struct acl_line *l, uint8_t flags)
{
    uint8_t right = (uint8_t)((flags & l->flags_set) | (~flags & l->flags_unset));
    return l->flags_all ? right == (l->flags_set | l->flags_unset) : right != 0;
}

static bool line_hit(struct net *net, const struct acl_line *l, const struct acl_flow *f, uint32_t src, uint32_t dst)
{
    const struct acl_rule *u = &l->rule;
    if (l->is_remark || (l->when && !l->when->active) || ((src ^ addr_v4_get(&u->src)) & ~u->src_wild) ||
        ((dst ^ addr_v4_get(&u->dst)) & ~u->dst_wild))
        return false;
    if (u->proto && u->proto != f->proto)
        return false;
    if ((f->tos ^ l->tos) & l->tos_mask)
        return false;
    if (l->fragments && !f->fragment)
        return false;
    if (!objgroup_has(net, l->src_group, src) || !objgroup_has(net, l->dst_group, dst) ||
        !objgroup_serves(net, l->service, f, u->permit))
        return false;
    if (l->fragments)
        return true;
    bool ports = u->sport_lo || u->sport_hi != 65535 || u->dport_lo || u->dport_hi != 65535 ||
                 l->icmp_type != ACL_ICMP_ANY || l->established || looks_at_flags(l);
    if (!ports)
        return true;
    if (f->fragment) /* nothing to look at: a permit holds for the rest of a packet, a deny does not */
        return u->permit;
    if (l->icmp_type != ACL_ICMP_ANY &&
        (f->icmp_type != l->icmp_type || (l->icmp_code != ACL_ICMP_ANY && f->icmp_code != l->icmp_code)))
        return false;
    if (l->established && !(f->tcp_flags & 0x14)) /* ACK or RST */
        return false;
    if (looks_at_flags(l) && !flags_hit(l, f->tcp_flags))
        return false;
    return port_hit(f->sport, u->sport_lo, u->sport_hi, l->sport_neq) &&
           port_hit(f->dport, u->dport_lo, u->dport_hi, l->dport_neq);
}

static struct acl_line *acl_walk(struct net *net, const struct acl *a, const struct acl_flow *flow)
{
    uint32_t src = addr_v4_get(&flow->src), dst = addr_v4_get(&flow->dst);
    struct acl_line *l = a->lines;
    while (l && !line_hit(net, l, flow, src, dst))
        l = l->next;
    return l;
}

/* A list without lines permits everything, as one that is not there (IOS). */
static bool says_something(const struct acl *a)
{
    for (const struct acl_line *l = a->lines; l; l = l->next)
        if (!l->is_remark)
            return true;
    return false;
}

enum acl_verdict acl_match(struct router *r, const char *name, const struct acl_flow *flow, bool count,
                           const struct acl_rule **rule)
{
    struct acl *a = acl_find(r, name);
    if (rule)
        *rule = NULL;
    if (!a || !says_something(a))
        return ACL_NONE;
    struct acl_line *l = acl_walk(net_of(r), a, flow);
    if (!l)
        return ACL_NO_MATCH;
    if (count)
        atomic_fetch_add_explicit(&l->matches, 1, memory_order_relaxed);
    if (rule)
        *rule = &l->rule;
    return l->rule.permit ? ACL_PERMIT : ACL_DENY;
}

bool acl_exists(struct router *r, const char *name)
{
    return acl_find(r, name) != NULL;
}

const struct acl_rule *acl_rule_next(struct router *r, const char *name, const struct acl_rule *prev)
{
    struct acl *a = prev ? NULL : acl_find(r, name);
    const struct acl_line *l = prev ? ((const struct acl_line *)prev)->next : a ? a->lines : NULL;
    while (l && l->is_remark)
        l = l->next;
    return l ? &l->rule : NULL;
}

bool acl_rule_active(const struct acl_rule *rule)
{
    const struct time_range *when = ((const struct acl_line *)rule)->when;
    return !when || when->active;
}

/* ---- the frame path ---- */

/* The list behind an access group; NULL: none, or it says nothing. */
static const struct acl *acl_of(struct nif *nif, unsigned direction)
{
    struct net *net = nif->net;
    if (nif->acl_gen != net->acls->generation) {
        nif->acl[0] = nif->n.acl_in[0] ? acl_find(net->router, nif->n.acl_in) : NULL;
        nif->acl[1] = nif->n.acl_out[0] ? acl_find(net->router, nif->n.acl_out) : NULL;
        nif->acl_gen = net->acls->generation;
    }
    const struct acl *a = nif->acl[direction];
    return a && says_something(a) ? a : NULL;
}

bool acl_probe(struct nif *nif, unsigned direction, const struct acl_flow *flow, stat64 **count)
{
    const char *name = direction ? nif->n.acl_out : nif->n.acl_in;
    const struct acl *a = name[0] ? acl_of(nif, direction) : NULL;
    *count = NULL;
    if (!a)
        return true;
    /* Flags differ from packet to packet of a flow: a list that looks at more of them than `established` is walked for
     * each. */
    for (const struct acl_line *k = a->lines; flow->proto == 6 && k; k = k->next)
        if (looks_at_flags(k))
            return false;
    struct acl_line *l = acl_walk(nif->net, a, flow);
    if (!l || !l->rule.permit || l->log)
        return false;
    *count = &l->matches;
    return true;
}

bool acl_permits(struct nif *nif, unsigned direction, const struct frame *f)
{
    struct acl_flow flow;
    const struct acl *a = acl_of(nif, direction);
    if (!a)
        return true;
    if (!ip_flow_of(f->data, f->len, &flow))
        return false;
    struct acl_line *l = acl_walk(nif->net, a, &flow);
    if (!l)
        return false;
    atomic_fetch_add_explicit(&l->matches, 1, memory_order_relaxed);
    if (l->log)
        acl_log_packet(nif->n.router, a, l, &flow, f);
    return l->rule.permit;
}
