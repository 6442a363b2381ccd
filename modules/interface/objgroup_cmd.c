/* Object groups: blocks, their members, what refuses to let them go. Syntax: IOS 15. Called through the tables
 * (grammar/objgroup.gram); show object-group reads the configuration tree (parser/shell_show.c). */
#include "objgroup_cmd.h"
#include "modules/interface/acl_rule.h"
#include "modules/net/acl_icmp.h"
#include <errno.h>
#include <string.h>

static int group_open(struct cmd *c, enum objgroup_kind kind, const char *name)
{
    struct objgroup *g = objgroup_find(c->router, kind, name);
    if (c->op == CMD_UNSET) {
        if (g && g->defined)
            objgroup_remove(c->router, g);
        return CMD_OK;
    }
    struct objgroup *other = objgroup_find(c->router, 1 - kind, name);
    if (other && other->defined)
        return cmd_error(c, "%% Object-group %s exists with another type", name);
    return objgroup_define(c->router, kind, name) ? cmd_error(c, "%% Cannot make the object group: the table is full")
                                                  : CMD_OK;
}

static int group_guard(struct cmd *c, enum objgroup_kind kind, const char *name)
{
    const struct objgroup *g = objgroup_find(c->router, kind, name);
    return g && g->defined && g->refs
               ? cmd_error(c, "%% Removing object-group (%s) not allowed, it is being used.", name)
               : CMD_OK;
}

int interface_cmd_group_network(struct cmd *c, struct args_object_group_network *a)
{
    return group_open(c, OBJGROUP_NETWORK, a->name);
}

int interface_cmd_group_service(struct cmd *c, struct args_object_group_service *a)
{
    return group_open(c, OBJGROUP_SERVICE, a->name);
}

int interface_guard_group_network(struct cmd *c, struct args_object_group_network *a)
{
    return group_guard(c, OBJGROUP_NETWORK, a->name);
}

int interface_guard_group_service(struct cmd *c, struct args_object_group_service *a)
{
    return group_guard(c, OBJGROUP_SERVICE, a->name);
}

static struct objgroup *here(struct cmd *c)
{
    const struct args_object_group_network *n = CMD_BLOCK(c, object_group_network, "object-group-network");
    const struct args_object_group_service *s = CMD_BLOCK(c, object_group_service, "object-group-service");
    return n   ? objgroup_find(c->router, OBJGROUP_NETWORK, n->name)
           : s ? objgroup_find(c->router, OBJGROUP_SERVICE, s->name)
               : NULL;
}

static int member_edit(struct cmd *c, struct objgroup *g, const struct objgroup_member *m)
{
    if (!g)
        return CMD_ERROR;
    int rc = c->op == CMD_UNSET ? objgroup_drop(c->router, g, m) : objgroup_add(c->router, g, m);
    if (c->op == CMD_UNSET || !rc)
        return CMD_OK;
    return rc == -ELOOP ? cmd_error(c, "%% Adding object-group (%s) would cause a loop", m->group->name)
                        : cmd_error(c, "%% Cannot add the member: the group is full");
}

int interface_cmd_group_nested(struct cmd *c, struct args_object_group_nested *a)
{
    struct objgroup *g = here(c);
    struct objgroup_member m = {.group = g ? objgroup_get(c->router, g->kind, a->name) : NULL};
    if (g && !m.group)
        return cmd_error(c, "%% Cannot add the object group: the table is full");
    int rc = member_edit(c, g, &m);
    if (rc != CMD_OK || c->op == CMD_UNSET)
        objgroup_put(c->router, m.group);
    return rc;
}

int interface_cmd_group_network_line(struct cmd *c, struct args_object_network_line *a)
{
    struct objgroup_member m = {.lo = 0, .hi = UINT32_MAX};
    if (a->has_host) {
        m.lo = m.hi = addr_v4_get(&a->host);
    } else if (a->has_low) {
        m.lo = addr_v4_get(&a->low);
        m.hi = addr_v4_get(&a->high);
        if (m.lo > m.hi)
            return cmd_error(c, "%% The first address of the range is above the last");
    } else if (a->has_net) {
        if (~a->mask & (~a->mask + 1))
            return cmd_error(c, "%% Invalid mask: object groups take contiguous ones");
        m.lo = addr_v4_get(&a->net) & a->mask;
        m.hi = m.lo | ~a->mask;
        a->net = addr_v4(m.lo);
    }
    return member_edit(c, here(c), &m);
}

static void icmp_read(struct args_object_service_line *a, struct objgroup_member *m)
{
    const struct {
        bool *on;
        int type, code;
    } names[] = {
#define ROW(member, text, number, sub) {&a->kw_##member, number, sub},
        ACL_ICMP_NAMES(ROW)
#undef ROW
    };
    for (unsigned i = 0; i < sizeof names / sizeof *names; i++) {
        if (a->has_icmptype && names[i].type == (int)a->icmptype && names[i].code == OBJGROUP_ICMP_ANY) {
            *names[i].on = true; /* shown by its name */
            a->has_icmptype = false;
        }
        if (*names[i].on) {
            m->icmp_type = names[i].type;
            m->icmp_code = names[i].code;
        }
    }
    if (a->has_icmptype)
        m->icmp_type = (int)a->icmptype;
}

static void protocol_read(struct args_object_service_line *a, struct objgroup_member *m)
{
    const struct {
        bool *on;
        uint16_t number;
    } protos[] = {{&a->kw_ip, 0},   {&a->kw_tcp, 6},   {&a->kw_udp, 17},   {&a->kw_tcp_udp, OBJGROUP_TCP_UDP},
                  {&a->kw_icmp, 1}, {&a->kw_esp, 50},  {&a->kw_ahp, 51},   {&a->kw_gre, 47},
                  {&a->kw_igmp, 2}, {&a->kw_ospf, 89}, {&a->kw_eigrp, 88}, {&a->kw_ipinip, 4},
                  {&a->kw_nos, 94}, {&a->kw_pcp, 108}, {&a->kw_pim, 103}};
    for (unsigned i = 0; i < sizeof protos / sizeof *protos; i++) {
        if (a->has_proto && a->proto == protos[i].number) {
            *protos[i].on = true;
            a->has_proto = false;
        }
        if (*protos[i].on)
            m->proto = protos[i].number;
    }
    if (a->has_proto)
        m->proto = (uint16_t)a->proto;
}

/* `tcp www` is `tcp eq www`. */
static bool side_read(struct cmd *c, struct acl_ports *p, bool udp, bool *kw_eq, uint16_t *lo, uint16_t *hi)
{
    bool neq;
    p->eq = !p->gt && !p->lt && !p->range && (*p->has_port || *p->has_name);
    *kw_eq = p->eq;
    return acl_ports_read(c, p, udp, lo, hi, &neq);
}

int interface_cmd_group_service_line(struct cmd *c, struct args_object_service_line *a)
{
    struct objgroup_member m = {.icmp_type = OBJGROUP_ICMP_ANY, .icmp_code = OBJGROUP_ICMP_ANY};
    struct acl_ports src = ACL_PORTS_OF(a, src, false, false), dst = ACL_PORTS_OF(a, dst, false, false);
    protocol_read(a, &m);
    icmp_read(a, &m);
    if (!side_read(c, &src, a->kw_udp, &a->kw_src_eq, &m.sport_lo, &m.sport_hi) ||
        !side_read(c, &dst, a->kw_udp, &a->kw_dst_eq, &m.dport_lo, &m.dport_hi))
        return CMD_ERROR;
    return member_edit(c, here(c), &m);
}
