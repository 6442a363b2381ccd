/* The security policy: which packets a map protects (outbound by access list, inbound by its mirror), which
 * identities and transforms a responder accepts, and the proposal built from a map entry. Called by the data path
 * on a flow-cache miss and by ike. */
#include "modules/ipsec/ipsec_internal.h"
#include <stdio.h>
#include <string.h>

bool ipsec_ident_equal(const struct ipsec_ident *a, const struct ipsec_ident *b)
{
    return prefix_equal(&a->local, &b->local) && prefix_equal(&a->remote, &b->remote) && a->proto == b->proto &&
           a->lport == b->lport && a->rport == b->rport;
}

bool ipsec_ident_contains(const struct ipsec_ident *id, const struct acl_flow *f, bool outbound)
{
    const struct addr *l = outbound ? &f->src : &f->dst, *r = outbound ? &f->dst : &f->src;
    uint16_t lp = outbound ? f->sport : f->dport, rp = outbound ? f->dport : f->sport;
    return prefix_contains(&id->local, l) && prefix_contains(&id->remote, r) &&
           (id->proto == 0 || id->proto == f->proto) && (id->lport == 0 || id->lport == lp) &&
           (id->rport == 0 || id->rport == rp);
}

static bool prefix_inside(const struct prefix *inner, const struct prefix *outer)
{
    return inner->len >= outer->len && prefix_contains(outer, &inner->addr);
}

static bool ident_inside(const struct ipsec_ident *a, const struct ipsec_ident *b)
{
    return prefix_inside(&a->local, &b->local) && prefix_inside(&a->remote, &b->remote) &&
           (b->proto == 0 || b->proto == a->proto) && (b->lport == 0 || b->lport == a->lport) &&
           (b->rport == 0 || b->rport == a->rport);
}

static struct prefix wild_prefix(const struct addr *a, uint32_t wild)
{
    unsigned len = 0; /* leading fixed bits; a wildcard with holes is widened to its first free bit */
    while (len < 32 && (wild & (0x80000000u >> len)) == 0)
        len++;
    return prefix_make(a, len);
}

void ipsec_ident_of_rule(const struct acl_rule *rule, struct ipsec_ident *id)
{
    struct addr any = addr_v4(0);
    memset(id, 0, sizeof *id);
    id->local = wild_prefix(rule->src_wild == 0xffffffffu ? &any : &rule->src, rule->src_wild);
    id->remote = wild_prefix(rule->dst_wild == 0xffffffffu ? &any : &rule->dst, rule->dst_wild);
    id->proto = rule->proto;
    id->lport = rule->sport_lo == rule->sport_hi ? rule->sport_lo : 0;
    id->rport = rule->dport_lo == rule->dport_hi ? rule->dport_lo : 0;
}

static struct flow *better(struct flow *best, struct flow *list, struct binding *b, uint32_t seq,
                           const struct acl_flow *f, bool outbound)
{
    for (struct flow *x = list; x != NULL; x = x->hash_next)
        if (x->b == b && x->seq == seq && x->sas != 0 && ipsec_ident_contains(&x->ident, f, outbound))
            /* Several peers may hold the same proxies after an address change: the newest SA counts. */
            if (best == NULL || (x->out != NULL && (best->out == NULL || x->out->serial > best->out->serial)))
                best = x;
    return best;
}

static struct flow *flow_matching(struct binding *b, uint32_t seq, const struct acl_flow *f, bool outbound)
{
    struct flow *best = better(NULL, *ipsec_flow_bucket(b->st, outbound ? &f->dst : &f->src), b, seq, f, outbound);
    return better(best, b->st->wide, b, seq, f, outbound);
}

enum policy_action ipsec_policy_out(struct binding *b, const struct acl_flow *f, struct flow **flow,
                                    struct map_entry **entry, struct ipsec_ident *ident)
{
    struct ipsec *st = b->st;
    struct crypto_map *m = ipsec_binding_map(b);
    *flow = NULL;
    *entry = NULL;
    if (m == NULL)
        return POLICY_CLEAR;
    for (struct map_entry *e = m->entries; e != NULL; e = e->next) {
        if (e->dynamic[0] != '\0') { /* dynamic entries protect what they have SAs for, and never initiate */
            struct flow *x = flow_matching(b, e->seq, f, true);
            if (x == NULL)
                continue;
            *flow = x;
            *entry = e;
            return x->out != NULL && b->active ? POLICY_PROTECT : POLICY_DROP;
        }
        if (!ipsec_entry_enabled(st, e))
            continue;
        const struct acl_rule *rule = NULL;
        if (acl_match(st->r, e->acl, f, true, &rule) != ACL_PERMIT)
            continue;
        *entry = e;
        *flow = flow_matching(b, e->seq, f, true);
        if (!b->active)
            return POLICY_DROP;
        if (*flow != NULL && (*flow)->out != NULL)
            return POLICY_PROTECT;
        memset(ident, 0, sizeof *ident);
        if (rule != NULL)
            ipsec_ident_of_rule(rule, ident);
        return rule != NULL ? POLICY_ACQUIRE : POLICY_DROP;
    }
    return POLICY_CLEAR;
}

bool ipsec_policy_in_protected(struct binding *b, const struct acl_flow *f)
{
    struct ipsec *st = b->st;
    struct crypto_map *m = ipsec_binding_map(b);
    struct acl_flow mirror = *f;
    mirror.src = f->dst;
    mirror.dst = f->src;
    mirror.sport = f->dport;
    mirror.dport = f->sport;
    for (struct map_entry *e = m == NULL ? NULL : m->entries; e != NULL; e = e->next) {
        if (e->dynamic[0] != '\0') {
            if (flow_matching(b, e->seq, f, false) != NULL)
                return true;
        } else if (ipsec_entry_enabled(st, e) && acl_match(st->r, e->acl, &mirror, false, NULL) == ACL_PERMIT) {
            return true;
        }
    }
    return false;
}

/* tmpl is the template's entry for a dynamic entry, else e itself. */
void ipsec_proposal_fill(struct binding *b, const struct map_entry *e, const struct map_entry *tmpl, const char *dyn,
                         const struct ipsec_ident *ident, const struct addr *peer, struct ipsec_proposal *p)
{
    memset(p, 0, sizeof *p);
    snprintf(p->map, sizeof p->map, "%s", b->map);
    p->seq = e->seq;
    snprintf(p->dynamic_map, sizeof p->dynamic_map, "%s", dyn);
    p->dynamic_seq = dyn[0] != '\0' ? tmpl->seq : 0;
    snprintf(p->interface, sizeof p->interface, "%s", b->ifname);
    snprintf(p->group, sizeof p->group, "%s", b->group);
    p->stateful = b->stateful;
    p->local = b->local;
    p->peer = *peer;
    p->ident = *ident;
    p->n_transforms = ipsec_entry_transforms(b->st, tmpl, p->transforms);
    /* Transport mode only between the endpoints themselves (reference 4.1: else tunnel). */
    bool hosts = ident->local.len == 32 && ident->remote.len == 32 && addr_equal(&ident->local.addr, &p->local) &&
                 addr_equal(&ident->remote.addr, peer);
    for (unsigned i = 0; i < p->n_transforms; i++)
        p->transforms[i].transport = p->transforms[i].transport && hosts;
    p->pfs_group = tmpl->pfs;
    p->life_s = ipsec_entry_life_s(b->st, tmpl);
    p->life_kb = ipsec_entry_life_kb(b->st, tmpl);
}

static bool entry_has_peer(const struct map_entry *e, const struct addr *peer)
{
    for (unsigned i = 0; i < e->n_peers; i++)
        if (addr_equal(&e->peers[i], peer))
            return true;
    return false;
}

/* Is the offered ident within one permit line of the entry's access list (seen from our side)? */
static bool acl_covers(struct ipsec *st, const char *acl, const struct ipsec_ident *id)
{
    for (const struct acl_rule *r = acl_rule_next(st->r, acl, NULL); r != NULL; r = acl_rule_next(st->r, acl, r)) {
        struct ipsec_ident ours;
        ipsec_ident_of_rule(r, &ours);
        if (acl_rule_active(r) && ident_inside(id, &ours))
            return r->permit; /* the first line that covers it decides */
    }
    return false;
}

static bool same_transform(const struct ipsec_transform *ours, const struct ipsec_transform *theirs)
{
    return ours->cipher == theirs->cipher && ours->auth == theirs->auth &&
           (!cipher_sized(ours->cipher) || ours->key_bits == theirs->key_bits);
}

static int choose_transform(struct ipsec *st, const struct map_entry *tmpl, const struct ipsec_transform *offered,
                            unsigned n_offered, struct ipsec_transform *chosen, unsigned *which)
{
    struct ipsec_transform ours[IPSEC_TRANSFORMS_MAX];
    unsigned n = ipsec_entry_transforms(st, tmpl, ours);
    for (unsigned o = 0; o < n_offered; o++)
        for (unsigned i = 0; i < n; i++) {
            struct tset *t = ipsec_tset_find(st, ours[i].name, false);
            if (!same_transform(&ours[i], &offered[o]))
                continue;
            if (offered[o].transport ? !ours[i].transport : t != NULL && t->require)
                continue; /* a tunnel set takes only tunnel; a transport set takes both unless `require` */
            *chosen = ours[i];
            chosen->transport = offered[o].transport;
            *which = o;
            return 0;
        }
    return IPSEC_NO_TRANSFORM;
}

static int accept_entry(struct binding *b, const struct map_entry *e, const struct map_entry *tmpl, const char *dyn,
                        const struct addr *peer, const struct ipsec_ident *ident, const struct ipsec_transform *offered,
                        unsigned n_offered, unsigned pfs, struct ipsec_proposal *acc, unsigned *which)
{
    struct ipsec *st = b->st;
    if (dyn[0] == '\0' ? !entry_has_peer(tmpl, peer) : tmpl->n_peers != 0 && !entry_has_peer(tmpl, peer))
        return IPSEC_NO_MAP;
    if (dyn[0] == '\0' && !ipsec_entry_enabled(st, tmpl))
        return IPSEC_NO_MAP;
    if (tmpl->acl[0] != '\0' && acl_exists(st->r, tmpl->acl) && !acl_covers(st, tmpl->acl, ident))
        return IPSEC_NO_IDENT;
    struct ipsec_transform chosen;
    int rc = choose_transform(st, tmpl, offered, n_offered, &chosen, which);
    if (rc != 0)
        return rc;
    /* Reference 4.3: a responder with PFS wants at least its own group; one without takes what is offered. */
    if (tmpl->pfs != 0 && pfs < tmpl->pfs)
        return IPSEC_NO_PFS;
    ipsec_proposal_fill(b, e, tmpl, dyn, ident, peer, acc);
    acc->transforms[0] = chosen;
    acc->n_transforms = 1;
    acc->pfs_group = pfs;
    return 0;
}

int ipsec_policy_accept(struct router *r, const struct addr *local, const struct addr *peer,
                        const struct ipsec_ident *ident, const struct ipsec_transform *offered, unsigned n_offered,
                        unsigned offered_pfs, struct ipsec_proposal *accepted, unsigned *which)
{
    struct ipsec *st = ipsec_of(r);
    struct binding *b = ipsec_binding_for_local(st, local);
    unsigned w = 0;
    int best = IPSEC_NO_MAP;
    for (unsigned i = 0; i < n_offered; i++)
        ipsec_debug_proposal(st, "validate_proposal_request", local, peer, ident, &offered[i]);
    struct crypto_map *m = b == NULL || !b->active ? NULL : ipsec_binding_map(b);
    for (struct map_entry *e = m == NULL ? NULL : m->entries; e != NULL; e = e->next) {
        struct crypto_map *d = e->dynamic[0] != '\0' ? ipsec_dynmap_find(st, e->dynamic) : NULL;
        struct map_entry *t = d != NULL ? d->entries : e->dynamic[0] != '\0' ? NULL : e;
        for (; t != NULL; t = d != NULL ? t->next : NULL) {
            int rc = accept_entry(b, e, t, e->dynamic, peer, ident, offered, n_offered, offered_pfs, accepted, &w);
            if (rc == 0) {
                if (which != NULL)
                    *which = w;
                DEBUG(st, DBG_IPSEC, "(ipsec_process_proposal)Map Accepted: %s, %u", b->map, e->seq);
                return 0;
            }
            if (rc < best)
                best = rc; /* the reason of the entry that came furthest */
        }
    }
    if (best == IPSEC_NO_MAP)
        DEBUG(st, DBG_IPSEC, "map_db_find_best did not find matching map");
    else if (best == IPSEC_NO_IDENT)
        DEBUG(st, DBG_IPSEC, "IPSEC(ipsec_process_proposal): proxy identities not supported");
    else
        DEBUG(st, DBG_IPSEC, "IPSEC(ipsec_process_proposal): %s not supported",
              best == IPSEC_NO_PFS ? "PFS group" : "transform proposal");
    return best;
}
