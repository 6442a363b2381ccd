/* May he come in: the vty line that is free and takes the peer, its access class, quiet mode. Called by the doors
 * through line.h, and by line_login.c. */
#include "modules/line/line_int.h"
#include "modules/net/ip.h"

static bool takes(const struct line_block *b, enum line_service s)
{
    return !b->has_transport || (s == LINE_SSH ? b->ssh : b->telnet);
}

struct acl_flow line_flow(const struct line_peer *p)
{
    return (struct acl_flow){
        .src = p->addr, .dst = p->to, .proto = 6, .sport = p->port, .dport = p->service == LINE_SSH ? 22 : 23};
}

/* first: he has just come, and that is what the list's counters and log have of it. */
static bool admits(struct lines *l, const struct line_block *b, const struct line_peer *p, bool first)
{
    struct acl_flow flow = line_flow(p);
    if (!b->acl_in[0] || p->local)
        return true;
    const struct acl_rule *rule;
    enum acl_verdict v = acl_match(l->r, b->acl_in, &flow, first, &rule);
    if (first)
        acl_log_hit(l->r, b->acl_in, rule, &flow);
    return v == ACL_PERMIT || v == ACL_NONE;
}

struct line_use *line_use_on(const struct lines *l, enum line_kind kind, unsigned number)
{
    for (struct line_use *u = l->uses; u; u = u->next)
        if (u->kind == kind && u->number == number)
            return u;
    return NULL;
}

int line_find_vty(struct lines *l, const struct line_peer *p, unsigned skip, bool first, const char **why)
{
    unsigned n = line_vty_count(l);
    *why = "transport";
    for (unsigned k = 0; k < n; k++) {
        const struct line_block *b = line_block_of(l, LINE_KIND_VTY, k);
        if (!b || !takes(b, p->service))
            continue;
        if (line_use_on(l, LINE_KIND_VTY, k) || skip) {
            skip -= skip && !line_use_on(l, LINE_KIND_VTY, k);
            *why = "busy";
            continue;
        }
        if (admits(l, b, p, first))
            return (int)k;
        *why = "access-class"; /* IOS asks the list of the line that is next */
        return -1;
    }
    return -1;
}

bool line_may_open(struct router *r, const struct line_peer *p, unsigned pending, const char **why)
{
    struct lines *l = lines_of(r);
    *why = "busy";
    if (l->n_uses >= LINE_USES_MAX)
        return false;
    if (!line_watch_admits(l, p)) {
        *why = "access-class";
        return false;
    }
    return p->service == LINE_CONSOLE || line_find_vty(l, p, pending, true, why) >= 0;
}

bool line_transport(struct router *r, enum line_service s)
{
    struct lines *l = lines_of(r);
    for (unsigned k = 0; k < line_vty_count(l); k++) {
        const struct line_block *b = line_block_of(l, LINE_KIND_VTY, k);
        if (b && takes(b, s))
            return true;
    }
    return false;
}
