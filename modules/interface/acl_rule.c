/* What the lines of access lists and service groups say: the grammar's arguments into the stack's form, and the
 * arguments into the form in which IOS shows them (names for numbers, `host` for a wildcard of zeros). Called by
 * acl_cmd.c and objgroup_cmd.c. */
#include "modules/interface/acl_rule.h"
#include "modules/net/acl_icmp.h"
#include <string.h>

static bool port_value(struct cmd *c, const uint32_t *number, bool has, const char *name, bool udp, uint32_t *out)
{
    int n = has ? (int)*number : name ? acl_port_number(name, udp) : -1;
    if (n < 0) {
        cmd_error(c, "%% Unknown port name \"%s\"", name ? name : "");
        return false;
    }
    *out = (uint32_t)n;
    return true;
}

/* A port is shown by its name where it has one. */
static void port_show(uint32_t port, bool udp, uint32_t *number, bool *has, const char **name, bool *has_name)
{
    *name = acl_port_name(port, udp);
    *has_name = *name != NULL;
    *number = port;
    *has = *name == NULL;
}

bool acl_ports_read(struct cmd *c, const struct acl_ports *p, bool udp, uint16_t *lo, uint16_t *hi, bool *neq)
{
    uint32_t a, b;
    *lo = 0;
    *hi = 65535;
    *neq = p->neq;
    if (!p->eq && !p->neq && !p->gt && !p->lt && !p->range)
        return true;
    if (!port_value(c, p->port, *p->has_port, *p->has_name ? *p->name : NULL, udp, &a))
        return false;
    if (p->range) {
        if (!port_value(c, p->last, *p->has_last, *p->has_last_name ? *p->last_name : NULL, udp, &b))
            return false;
        *lo = (uint16_t)(a < b ? a : b);
        *hi = (uint16_t)(a < b ? b : a);
        a = *lo;
        port_show(*hi, udp, p->last, p->has_last, p->last_name, p->has_last_name);
    } else if (p->gt || p->lt) {
        if (a == (p->gt ? 65535u : 0u)) {
            cmd_error(c, "%% No port can match");
            return false;
        }
        if (p->gt)
            *lo = (uint16_t)(a + 1);
        else
            *hi = (uint16_t)(a - 1);
    } else {
        *lo = *hi = (uint16_t)a;
    }
    port_show(a, udp, p->port, p->has_port, p->name, p->has_name);
    return true;
}

/* Any host is `any`, one host is `host`, and bits that do not count are zeros. */
void acl_address_read(const struct acl_address *a, struct addr *out, uint32_t *wild)
{
    *wild = *a->any ? UINT32_MAX : *a->has_host ? 0 : *a->wild;
    *out = *a->any ? addr_v4(0) : *a->has_host ? *a->host : addr_v4(addr_v4_get(a->net) & ~*a->wild);
    *a->any = *wild == UINT32_MAX;
    *a->has_host = *a->kw_host = *wild == 0;
    *a->has_net = *a->has_wild = !*a->any && !*a->has_host;
    *a->host = *a->net = *out;
}

static const struct {
    int type, code;
} icmp_names[] = {
#define ROW(member, text, number, sub) {number, sub},
    ACL_ICMP_NAMES(ROW)
#undef ROW
};
enum { ICMP_NAMES = sizeof icmp_names / sizeof *icmp_names };

static void icmp_read(struct args_ext_nacl_rule *a, struct acl_line *l)
{
    bool *const names[ICMP_NAMES] = {
#define ROW(member, text, number, sub) &a->kw_##member,
        ACL_ICMP_NAMES(ROW)
#undef ROW
    };
    if (a->has_icmptype) {
        l->icmp_type = (int)a->icmptype;
        l->icmp_code = a->has_icmpcode ? (int)a->icmpcode : ACL_ICMP_ANY;
    }
    for (unsigned i = 0; i < ICMP_NAMES; i++) {
        if (*names[i]) {
            l->icmp_type = icmp_names[i].type;
            l->icmp_code = icmp_names[i].code;
        } else if (a->has_icmptype && l->icmp_type == icmp_names[i].type && l->icmp_code == icmp_names[i].code) {
            *names[i] = true;
            a->has_icmptype = a->has_icmpcode = false;
        }
    }
}

static bool tos_read(struct cmd *c, struct acl_line *l, struct args_ext_nacl_rule *a)
{
    const char *kind = a->has_dscp ? "dscp" : a->has_precedence ? "precedence" : "tos";
    const char **text = a->has_dscp ? &a->dscp : a->has_precedence ? &a->precedence : &a->tos;
    if (!a->has_dscp && !a->has_precedence && !a->has_tos)
        return true;
    if (!acl_tos_read(l, kind, text)) {
        cmd_error(c, "%% Invalid %s value \"%s\"", kind, *text);
        return false;
    }
    return true;
}

/* `ack syn`: any of them; `match-all +ack -syn`: exactly so. */
static bool flags_read(struct cmd *c, struct acl_line *l, const bool tcp[6], bool all, unsigned n,
                       const char *const *words)
{
    static const char *const names[] = {"ack", "fin", "psh", "rst", "syn", "urg"};
    for (unsigned i = 0; i < 6; i++)
        if (tcp[i])
            l->flags_set |= acl_tcp_flag(names[i]);
    l->flags_all = all;
    for (unsigned i = 0; i < n; i++) {
        uint8_t bit = words[i][0] == '+' || words[i][0] == '-' ? acl_tcp_flag(words[i] + 1) : 0;
        if (!bit) {
            cmd_error(c, "%% Invalid flag \"%s\": +ack, -syn and the like", words[i]);
            return false;
        }
        if (words[i][0] == '+')
            l->flags_set |= bit;
        else
            l->flags_unset |= bit;
    }
    return true;
}

static void protocol_read(struct args_ext_nacl_rule *a, struct acl_line *l)
{
    const struct {
        bool *on;
        uint8_t number;
    } protos[] = {{&a->kw_ip, 0},   {&a->kw_tcp, 6},   {&a->kw_udp, 17},   {&a->kw_icmp, 1},  {&a->kw_esp, 50},
                  {&a->kw_ahp, 51}, {&a->kw_gre, 47},  {&a->kw_igmp, 2},   {&a->kw_ospf, 89}, {&a->kw_eigrp, 88},
                  {&a->kw_nos, 94}, {&a->kw_pcp, 108}, {&a->kw_ipinip, 4}, {&a->kw_pim, 103}, {&a->kw_sctp, 132}};
    for (unsigned i = 0; i < sizeof protos / sizeof *protos; i++) {
        if (a->has_proto && a->proto == protos[i].number) {
            *protos[i].on = true;
            a->has_proto = false;
        }
        if (*protos[i].on)
            l->rule.proto = protos[i].number;
    }
    if (a->has_proto)
        l->rule.proto = (uint8_t)a->proto;
}

/* false: one of the tables is full. */
static bool names_read(struct router *r, const struct args_ext_nacl_rule *a, struct acl_line *l)
{
    if (a->has_src_group)
        l->src_group = objgroup_get(r, OBJGROUP_NETWORK, a->src_group);
    if (a->has_dst_group)
        l->dst_group = objgroup_get(r, OBJGROUP_NETWORK, a->dst_group);
    if (a->has_service)
        l->service = objgroup_get(r, OBJGROUP_SERVICE, a->service);
    if (a->has_when)
        l->when = time_range_get(r, a->when);
    return (!a->has_src_group || l->src_group) && (!a->has_dst_group || l->dst_group) &&
           (!a->has_service || l->service) && (!a->has_when || l->when);
}

bool acl_rule_read(struct cmd *c, struct args_ext_nacl_rule *a, struct acl_line *l)
{
    struct acl_ports src = ACL_PORTS(a, src), dst = ACL_PORTS(a, dst);
    struct acl_address from = ACL_ADDRESS(a, src), to = ACL_ADDRESS(a, dst);
    const bool tcp[] = {a->kw_ack, a->kw_fin, a->kw_psh, a->kw_rst, a->kw_syn, a->kw_urg};
    *l = (struct acl_line){.icmp_type = ACL_ICMP_ANY, .icmp_code = ACL_ICMP_ANY};
    if (a->has_reflect) {
        cmd_error(c, "%% Reflexive access lists are not supported");
        return false;
    }
    l->rule.permit = a->kw_permit;
    protocol_read(a, l);
    if (a->has_src_group)
        l->rule.src_wild = UINT32_MAX;
    else
        acl_address_read(&from, &l->rule.src, &l->rule.src_wild);
    if (a->has_dst_group)
        l->rule.dst_wild = UINT32_MAX;
    else
        acl_address_read(&to, &l->rule.dst, &l->rule.dst_wild);
    l->established = a->kw_established;
    l->fragments = a->kw_fragments;
    l->log = a->kw_log || a->kw_log_input;
    l->log_input = a->kw_log_input;
    icmp_read(a, l);
    if (!tos_read(c, l, a) || !flags_read(c, l, tcp, a->kw_match_all, a->has_flags ? a->n_flags : 0, a->flags) ||
        !acl_ports_read(c, &src, a->kw_udp, &l->rule.sport_lo, &l->rule.sport_hi, &l->sport_neq) ||
        !acl_ports_read(c, &dst, a->kw_udp, &l->rule.dport_lo, &l->rule.dport_hi, &l->dport_neq))
        return false;
    if (l->fragments && (src.eq || src.neq || src.gt || src.lt || src.range || dst.eq || dst.neq || dst.gt || dst.lt ||
                         dst.range || l->established || l->icmp_type != ACL_ICMP_ANY)) {
        cmd_error(c, "%% Fragments cannot be matched by what only the first fragment has");
        return false;
    }
    if (names_read(c->router, a, l))
        return true;
    acl_line_release(c->router, l);
    cmd_error(c, "%% Cannot add the rule: the table of object groups or time ranges is full");
    return false;
}
