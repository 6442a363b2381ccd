/* Access lists: tables of permit and deny lines, in order of their numbers. The commands edit them through acl.h;
 * acl_match.c holds them against packets. */
#include "modules/net/acl_int.h"
#include "modules/net/fast.h"
#include <stdlib.h>

enum { ACLS_MAX = 1024, ACL_LINES_MAX = 4096 };

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
    if (net->acls)
        acl_log_fini(net);
    free(net->acls);
    net->acls = NULL;
}

/* ---- what a line refers to ---- */

static void line_hold(struct acl_line *l)
{
    struct objgroup *const groups[] = {l->src_group, l->dst_group, l->service};
    for (unsigned i = 0; i < 3; i++)
        if (groups[i])
            groups[i]->refs++;
    if (l->when)
        l->when->refs++;
}

void acl_line_release(struct router *r, struct acl_line *l)
{
    objgroup_put(r, l->src_group);
    objgroup_put(r, l->dst_group);
    objgroup_put(r, l->service);
    time_range_put(r, l->when);
    l->src_group = l->dst_group = l->service = NULL;
    l->when = NULL;
}

bool acl_has_groups(const struct acl *acl)
{
    for (const struct acl_line *l = acl->lines; l; l = l->next)
        if (l->src_group || l->dst_group || l->service)
            return true;
    return false;
}

bool acl_in_crypto(struct router *r, const char *name)
{
    struct net *net = net_of(r);
    return net->crypto && net->crypto->uses_list && net->crypto->uses_list(net->crypto_ctx, name);
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
        for (struct acl_line *l = a->lines; l; l = l->next)
            acl_line_release(r, l);
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
           a->flags_set == b->flags_set && a->flags_unset == b->flags_unset && a->flags_all == b->flags_all &&
           a->src_group == b->src_group && a->dst_group == b->dst_group && a->service == b->service &&
           a->when == b->when;
}

const struct acl_line *acl_line_find(const struct acl *acl, const struct acl_line *line)
{
    const struct acl_line *l = acl->lines;
    while (l && !line_same(l, line))
        l = l->next;
    return l;
}

/* Remarks stand in front of the line of their number. */
static bool line_before(const struct acl_line *a, uint32_t seq)
{
    return a->rule.seq != seq ? a->rule.seq < seq : a->is_remark;
}

int acl_line_put(struct router *r, struct acl *acl, const struct acl_line *line, uint32_t *seq)
{
    uint32_t number = line->rule.seq;
    struct acl_line *place = NULL;
    for (const struct acl_line *l = acl->lines; l && !line->rule.seq; l = l->next)
        number = l->is_remark ? number : l->rule.seq;
    if (!line->rule.seq)
        number += 10;
    for (struct acl_line *l = acl->lines; l; l = l->next) {
        if (line_same(l, line) && (!line->is_remark || l->rule.seq == number)) {
            *seq = l->rule.seq;
            l->log = line->log;
            l->log_input = line->log_input;
            net_changed(r);
            return 0;
        }
        if (l->rule.seq == number && !l->is_remark && !line->is_remark)
            place = l;
    }
    if ((!place && acl->n_lines == ACL_LINES_MAX) || number > INT32_MAX)
        return -ENOSPC;
    struct acl_line *l = place ? place : calloc(1, sizeof *l);
    if (!l)
        return -ENOMEM;
    struct acl_line *next = place ? place->next : NULL;
    if (place) {
        net_changed(r);
        net_dp_quiet(r); /* nobody counts on it while it changes */
        acl_line_release(r, l);
    }
    *l = *line;
    line_hold(l);
    l->rule.seq = number;
    l->matches = 0;
    l->next = next;
    if (!place) {
        struct acl_line **pp = &acl->lines;
        while (*pp && line_before(*pp, number))
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

int acl_resequence(struct router *r, struct acl *acl, uint32_t start, uint32_t step)
{
    uint64_t at = start, n = 0;
    for (const struct acl_line *l = acl->lines; l; l = l->next)
        n += !l->is_remark;
    if (n && start + (n - 1) * step > INT32_MAX)
        return -ERANGE;
    for (struct acl_line *l = acl->lines; l; l = l->next) {
        l->rule.seq = at < INT32_MAX ? (uint32_t)at : INT32_MAX;
        at += l->is_remark ? 0 : step;
    }
    net_of(r)->acls->generation++;
    return 0;
}

int acl_line_drop(struct router *r, struct acl *acl, const struct acl_line *line, uint32_t *seq)
{
    for (struct acl_line **pp = &acl->lines; *pp; pp = &(*pp)->next) {
        struct acl_line *l = *pp;
        if (l->is_remark != line->is_remark || (line->rule.seq && l->rule.seq != line->rule.seq) ||
            ((!line->rule.seq || line->is_remark) && !line_same(l, line)))
            continue;
        *seq = l->rule.seq;
        *pp = l->next;
        acl->n_lines--;
        net_of(r)->acls->generation++;
        net_changed(r);
        acl_line_release(r, l);
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
