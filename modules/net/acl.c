/* Access lists: tables of permit and deny lines, matched in order. The frame path asks through acl_permits, crypto
 * maps through acl_match, the commands edit through acl.h. */
#include "modules/net/acl.h"
#include "modules/core/cursor.h"
#include "modules/net/fast.h"
#include "modules/net/stack.h"
#include <stdlib.h>

enum { ACLS_MAX = 1024, ACL_LINES_MAX = 4096 };
struct acls {
    struct acl *list;
    unsigned n;
    uint32_t generation;
};

int acls_init(struct net *net)
{
    net->acls = calloc(1, sizeof *net->acls);
    if (!net->acls)
        return -ENOMEM;
    net->acls->generation = 1;
    return 0;
}

static void acl_free(void *p)
{
    struct acl *a = p;
    while (a->lines) {
        struct acl_line *l = a->lines;
        a->lines = l->next;
        free(l);
    }
    free(a);
}

void acls_fini(struct net *net)
{
    while (net->acls && net->acls->list) {
        struct acl *a = net->acls->list;
        net->acls->list = a->next;
        acl_free(a);
    }
    free(net->acls);
    net->acls = NULL;
}

/* ---- lists and lines ---- */

static int name_order(const char *a, const char *b)
{
    bool na = a[0] >= '0' && a[0] <= '9', nb = b[0] >= '0' && b[0] <= '9';
    if (na != nb)
        return na ? -1 : 1;
    if (na && strlen(a) != strlen(b))
        return strlen(a) < strlen(b) ? -1 : 1;
    return strcmp(a, b);
}

struct acl *acl_find(struct router *r, const char *name)
{
    for (struct acl *a = net_of(r)->acls->list; a; a = a->next)
        if (!strcmp(a->name, name))
            return a;
    return NULL;
}

struct acl *acl_next(struct router *r, struct acl *prev)
{
    return prev ? prev->next : net_of(r)->acls->list;
}

int acl_create(struct router *r, const char *name, bool extended, struct acl **out)
{
    struct acls *acls = net_of(r)->acls;
    struct acl *a = acl_find(r, name);
    if (a) {
        *out = a;
        return a->extended == extended ? 0 : -EEXIST;
    }
    if (acls->n == ACLS_MAX || strlen(name) >= sizeof a->name)
        return -ENOSPC;
    a = calloc(1, sizeof *a);
    if (!a)
        return -ENOMEM;
    memcpy(a->name, name, strlen(name) + 1);
    a->extended = extended;
    struct acl **pp = &acls->list;
    while (*pp && name_order((*pp)->name, name) < 0)
        pp = &(*pp)->next;
    a->next = *pp;
    *pp = a;
    acls->n++;
    acls->generation++;
    net_changed(r);
    *out = a;
    return 0;
}

void acl_delete(struct router *r, const char *name)
{
    struct acls *acls = net_of(r)->acls;
    for (struct acl **pp = &acls->list; *pp; pp = &(*pp)->next) {
        struct acl *a = *pp;
        if (strcmp(a->name, name))
            continue;
        *pp = a->next;
        acls->n--;
        acls->generation++;
        net_changed(r);
        net_dp_retire(r, a, acl_free);
        return;
    }
}

static bool line_same(const struct acl_line *a, const struct acl_line *b)
{
    const struct acl_rule *x = &a->rule, *y = &b->rule;
    if (a->is_remark || b->is_remark)
        return a->is_remark && b->is_remark && !strcmp(a->remark, b->remark);
    return x->permit == y->permit && x->proto == y->proto && x->src_wild == y->src_wild && x->dst_wild == y->dst_wild &&
           addr_v4_get(&x->src) == addr_v4_get(&y->src) && addr_v4_get(&x->dst) == addr_v4_get(&y->dst) &&
           x->sport_lo == y->sport_lo && x->sport_hi == y->sport_hi && x->dport_lo == y->dport_lo &&
           x->dport_hi == y->dport_hi && a->sport_neq == b->sport_neq && a->dport_neq == b->dport_neq &&
           a->established == b->established && a->fragments == b->fragments && a->icmp_type == b->icmp_type &&
           a->icmp_code == b->icmp_code && a->tos == b->tos && a->tos_mask == b->tos_mask &&
           a->flags_set == b->flags_set && a->flags_unset == b->flags_unset && a->flags_all == b->flags_all;
}

int acl_line_put(struct router *r, struct acl *acl, const struct acl_line *line, uint32_t *seq)
{
    uint32_t last = 0;
    struct acl_line *place = NULL;
    for (struct acl_line *l = acl->lines; l; l = l->next) {
        if (!line->rule.seq && line_same(l, line) && !line->is_remark) {
            *seq = l->rule.seq;
            l->log = line->log;
            net_changed(r);
            return 0;
        }
        if (l->rule.seq == line->rule.seq)
            place = l;
        last = l->rule.seq;
    }
    uint32_t number = line->rule.seq ? line->rule.seq : last + 10;
    if (!place && acl->n_lines == ACL_LINES_MAX)
        return -ENOSPC;
    struct acl_line *l = place ? place : calloc(1, sizeof *l);
    if (!l)
        return -ENOMEM;
    struct acl_line *next = place ? place->next : NULL;
    if (place) {
        net_changed(r);
        net_dp_quiet(r); /* nobody counts on it while it changes */
    }
    *l = *line;
    l->rule.seq = number;
    l->matches = 0;
    l->next = next;
    if (!place) {
        struct acl_line **pp = &acl->lines;
        while (*pp && (*pp)->rule.seq < number)
            pp = &(*pp)->next;
        l->next = *pp;
        *pp = l;
        acl->n_lines++;
    }
    net_of(r)->acls->generation++;
    net_changed(r);
    *seq = number;
    return 0;
}

int acl_line_drop(struct router *r, struct acl *acl, const struct acl_line *line, uint32_t *seq)
{
    for (struct acl_line **pp = &acl->lines; *pp; pp = &(*pp)->next) {
        struct acl_line *l = *pp;
        if (line->rule.seq ? l->rule.seq != line->rule.seq : !line_same(l, line))
            continue;
        *seq = l->rule.seq;
        *pp = l->next;
        acl->n_lines--;
        net_of(r)->acls->generation++;
        net_changed(r);
        net_dp_retire(r, l, free);
        return 0;
    }
    return -ENOENT;
}

void acl_clear_counters(struct router *r, const char *name)
{
    for (struct acl *a = net_of(r)->acls->list; a; a = a->next)
        for (struct acl_line *l = a->lines; l; l = l->next)
            if (!name || !strcmp(a->name, name))
                l->matches = 0;
}

/* ---- matching ---- */

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

static bool line_hit(const struct acl_line *l, const struct acl_flow *f, uint32_t src, uint32_t dst)
{
    const struct acl_rule *u = &l->rule;
    if (l->is_remark || ((src ^ addr_v4_get(&u->src)) & ~u->src_wild) || ((dst ^ addr_v4_get(&u->dst)) & ~u->dst_wild))
        return false;
    if (u->proto && u->proto != f->proto)
        return false;
    if ((f->tos ^ l->tos) & l->tos_mask)
        return false;
    if (l->fragments)
        return f->fragment;
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

static struct acl_line *acl_walk(const struct acl *a, const struct acl_flow *flow)
{
    uint32_t src = addr_v4_get(&flow->src), dst = addr_v4_get(&flow->dst);
    struct acl_line *l = a->lines;
    while (l && !line_hit(l, flow, src, dst))
        l = l->next;
    return l;
}

enum acl_verdict acl_match(struct router *r, const char *name, const struct acl_flow *flow, bool count,
                           const struct acl_rule **rule)
{
    struct acl *a = acl_find(r, name);
    if (rule)
        *rule = NULL;
    if (!a)
        return ACL_NONE;
    struct acl_line *l = acl_walk(a, flow);
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

uint32_t acl_generation(struct router *r)
{
    return net_of(r)->acls->generation;
}

/* ---- the frame path ---- */

/* %SEC-6-IPACCESSLOG…, at most ten a second. */
static void log_match(struct router *r, const struct acl *a, const struct acl_line *l, const struct acl_flow *f)
{
    char s[ADDR_STRLEN], d[ADDR_STRLEN];
    const char *did = l->rule.permit ? "permitted" : "denied", *proto = acl_proto_name(f->proto);
    if (!log_ratelimit(r, "acl-log", 10))
        return;
    addr_format(&f->src, s);
    addr_format(&f->dst, d);
    if (!a->extended)
        log_syslog(r, 0, "SEC", 6, "IPACCESSLOGS", "list %s %s %s 1 packet", a->name, did, s);
    else if (f->proto == 6 || f->proto == IPPROTO_UDP_)
        log_syslog(r, 0, "SEC", 6, "IPACCESSLOGP", "list %s %s %s %s(%u) -> %s(%u), 1 packet", a->name, did, proto, s,
                   f->sport, d, f->dport);
    else if (f->proto == IPPROTO_ICMP_)
        log_syslog(r, 0, "SEC", 6, "IPACCESSLOGDP", "list %s %s icmp %s -> %s (%u/%u), 1 packet", a->name, did, s, d,
                   f->icmp_type, f->icmp_code);
    else
        log_syslog(r, 0, "SEC", 6, "IPACCESSLOGNP", "list %s %s %u %s -> %s, 1 packet", a->name, did, f->proto, s, d);
}

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
    bool any = false;
    for (const struct acl_line *l = a ? a->lines : NULL; l && !any; l = l->next)
        any = !l->is_remark;
    return any ? a : NULL; /* a list without lines permits everything */
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
    struct acl_line *l = acl_walk(a, flow);
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
    struct acl_line *l = acl_walk(a, &flow);
    if (!l)
        return false;
    atomic_fetch_add_explicit(&l->matches, 1, memory_order_relaxed);
    if (l->log)
        log_match(nif->n.router, a, l, &flow);
    return l->rule.permit;
}
