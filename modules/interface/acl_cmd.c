/* Access list commands: named and numbered lists, their lines, show and clear. Layouts: ios-cli 11.6; syntax:
 * ios-ha-crypto 4.5. Lines carry their sequence number hidden in the configuration, as IOS shows them. */
#include "acl_cmd.h"
#include "modules/net/acl.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One side's port condition as the grammar gives it. */
struct ports {
    bool eq, neq, gt, lt, range, has_port, has_last;
    uint32_t port, last;
    const char *port_name, *last_name;
};
#define PORTS(a, side)                                                                                                 \
    {                                                                                                                  \
        (a)->kw_##side##_eq, (a)->kw_##side##_neq, (a)->kw_##side##_gt, (a)->kw_##side##_lt, (a)->kw_##side##_range,   \
            (a)->has_##side##_port, (a)->has_##side##_last, (a)->side##_port, (a)->side##_last,                        \
            (a)->has_##side##_portname ? (a)->side##_portname : NULL,                                                  \
            (a)->has_##side##_lastname ? (a)->side##_lastname : NULL                                                   \
    }

static bool port_value(struct cmd *c, bool has, uint32_t number, const char *name, bool udp, uint32_t *out)
{
    int n = has ? (int)number : name ? acl_port_number(name, udp) : -1;
    if (n < 0) {
        cmd_error(c, "%% Unknown port name \"%s\"", name ? name : "");
        return false;
    }
    *out = (uint32_t)n;
    return true;
}

static bool ports_read(struct cmd *c, const struct ports *p, bool udp, uint16_t *lo, uint16_t *hi, bool *neq)
{
    uint32_t a, b;
    *lo = 0;
    *hi = 65535;
    *neq = p->neq;
    if (!p->eq && !p->neq && !p->gt && !p->lt && !p->range)
        return true;
    if (!port_value(c, p->has_port, p->port, p->port_name, udp, &a))
        return false;
    if (p->range) {
        if (!port_value(c, p->has_last, p->last, p->last_name, udp, &b))
            return false;
        *lo = (uint16_t)(a < b ? a : b);
        *hi = (uint16_t)(a < b ? b : a);
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
    return true;
}

static void address_read(bool any, bool has_host, const struct addr *host, const struct addr *net, uint32_t wildcard,
                         struct addr *out, uint32_t *wild)
{
    *wild = any ? UINT32_MAX : has_host ? 0 : wildcard;
    *out = any ? addr_v4(0) : has_host ? *host : addr_v4(addr_v4_get(net) & ~wildcard);
}
#define ADDRESS(a, side, out, wild)                                                                                    \
    address_read((a)->kw_##side##_any, (a)->has_##side##_host, &(a)->side##_host, &(a)->side##_net, (a)->side##_wild,  \
                 out, wild)

static const char *icmp_word(const bool *flags)
{
    static const char *const words[] = {
        "echo",           "echo-reply",       "unreachable",      "time-exceeded",   "ttl-exceeded",
        "packet-too-big", "port-unreachable", "host-unreachable", "net-unreachable", "administratively-prohibited",
        "redirect",       "traceroute"};
    for (unsigned i = 0; i < sizeof words / sizeof *words; i++)
        if (flags[i])
            return words[i];
    return NULL;
}

static bool tail_read(struct cmd *c, struct acl_line *l, const char *dscp, const char *precedence, const char *tos)
{
    const char *kind = dscp         ? "dscp"
                       : precedence ? "precedence"
                                    : "tos",
               *text = dscp         ? dscp
                       : precedence ? precedence
                                    : tos;
    if (!text || acl_tos_read(l, kind, text))
        return true;
    cmd_error(c, "%% Invalid %s value \"%s\"", kind, text);
    return false;
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

/* The two args structs that hold @acl-rule have the same members. */
#define RULE_READER(type)                                                                                              \
    static bool type##_read(struct cmd *c, const struct args_##type *a, struct acl_line *l)                            \
    {                                                                                                                  \
        const bool words[] = {a->kw_echo,                                                                              \
                              a->kw_echo_reply,                                                                        \
                              a->kw_unreachable,                                                                       \
                              a->kw_time_exceeded,                                                                     \
                              a->kw_ttl_exceeded,                                                                      \
                              a->kw_packet_too_big,                                                                    \
                              a->kw_port_unreachable,                                                                  \
                              a->kw_host_unreachable,                                                                  \
                              a->kw_net_unreachable,                                                                   \
                              a->kw_administratively_prohibited,                                                       \
                              a->kw_redirect,                                                                          \
                              a->kw_traceroute};                                                                       \
        const struct {                                                                                                 \
            bool on;                                                                                                   \
            uint8_t number;                                                                                            \
        } protos[] = {{a->kw_tcp, 6},    {a->kw_udp, 17},   {a->kw_icmp, 1},  {a->kw_esp, 50},                         \
                      {a->kw_ahp, 51},   {a->kw_gre, 47},   {a->kw_igmp, 2},  {a->kw_ospf, 89},                        \
                      {a->kw_eigrp, 88}, {a->kw_ipinip, 4}, {a->kw_pim, 103}, {a->kw_sctp, 132}};                      \
        struct ports src = PORTS(a, src), dst = PORTS(a, dst);                                                         \
        *l = (struct acl_line){.icmp_type = ACL_ICMP_ANY, .icmp_code = ACL_ICMP_ANY};                                  \
        l->rule.permit = a->kw_permit;                                                                                 \
        l->rule.proto = (uint8_t)(a->has_proto ? a->proto : 0);                                                        \
        for (unsigned i = 0; i < sizeof protos / sizeof *protos; i++)                                                  \
            if (protos[i].on)                                                                                          \
                l->rule.proto = protos[i].number;                                                                      \
        ADDRESS(a, src, &l->rule.src, &l->rule.src_wild);                                                              \
        ADDRESS(a, dst, &l->rule.dst, &l->rule.dst_wild);                                                              \
        l->established = a->kw_established;                                                                            \
        l->fragments = a->kw_fragments;                                                                                \
        l->log = a->kw_log || a->kw_log_input;                                                                         \
        l->log_input = a->kw_log_input;                                                                                \
        const bool tcp[] = {a->kw_ack, a->kw_fin, a->kw_psh, a->kw_rst, a->kw_syn, a->kw_urg};                         \
        if (!tail_read(c, l, a->has_dscp ? a->dscp : NULL, a->has_precedence ? a->precedence : NULL,                   \
                       a->has_tos ? a->tos : NULL) ||                                                                  \
            !flags_read(c, l, tcp, a->kw_match_all, a->has_flags ? a->n_flags : 0, a->flags))                          \
            return false;                                                                                              \
        if (a->has_icmptype) {                                                                                         \
            l->icmp_type = (int)a->icmptype;                                                                           \
            l->icmp_code = a->has_icmpcode ? (int)a->icmpcode : ACL_ICMP_ANY;                                          \
        } else if (icmp_word(words)) {                                                                                 \
            acl_icmp_number(icmp_word(words), &l->icmp_type, &l->icmp_code);                                           \
        }                                                                                                              \
        return ports_read(c, &src, a->kw_udp, &l->rule.sport_lo, &l->rule.sport_hi, &l->sport_neq) &&                  \
               ports_read(c, &dst, a->kw_udp, &l->rule.dport_lo, &l->rule.dport_hi, &l->dport_neq);                    \
    }
RULE_READER(ext_nacl_rule)
RULE_READER(access_list_extended)

static void standard_line(bool permit, bool any, bool has_host, const struct addr *host, const struct addr *net,
                          uint32_t wild, bool log, struct acl_line *l)
{
    *l = (struct acl_line){.icmp_type = ACL_ICMP_ANY, .icmp_code = ACL_ICMP_ANY, .log = log};
    l->rule.permit = permit;
    address_read(any, has_host, host, net, wild, &l->rule.src, &l->rule.src_wild);
    l->rule.dst = addr_v4(0);
    l->rule.dst_wild = UINT32_MAX;
    l->rule.sport_hi = l->rule.dport_hi = 65535;
}

/* ---- editing ---- */

static int list_open(struct cmd *c, const char *name, bool extended)
{
    struct acl *acl;
    if (c->op == CMD_UNSET) {
        acl_delete(c->router, name);
        return CMD_OK;
    }
    if (name[0] >= '0' && name[0] <= '9') {
        unsigned n = 0;
        bool digits = strspn(name, "0123456789") == strlen(name) && sscanf(name, "%4u", &n) == 1 && strlen(name) < 5;
        bool std = (n >= 1 && n <= 99) || (n >= 1300 && n <= 1999),
             ext = (n >= 100 && n <= 199) || (n >= 2000 && n <= 2699);
        if (!digits || !(extended ? ext : std))
            return cmd_error(c, "%% Invalid access list name.");
    }
    int rc = acl_create(c->router, name, extended, &acl);
    if (rc == -EEXIST)
        return cmd_error(c, "%% A named %s IP access list with this name already exists",
                         extended ? "standard" : "extended");
    return rc ? cmd_error(c, "%% Cannot make the access list: %s", rc == -ENOSPC ? "the table is full" : strerror(-rc))
              : CMD_OK;
}

int interface_cmd_acl_extended(struct cmd *c, struct args_ip_access_list_extended *a)
{
    return list_open(c, a->name, true);
}

int interface_cmd_acl_standard(struct cmd *c, struct args_ip_access_list_standard *a)
{
    return list_open(c, a->name, false);
}

static struct acl *here(struct cmd *c)
{
    const struct args_ip_access_list_extended *e = CMD_BLOCK(c, ip_access_list_extended, "ip-access-list-extended");
    const struct args_ip_access_list_standard *s = CMD_BLOCK(c, ip_access_list_standard, "ip-access-list-standard");
    return e ? acl_find(c->router, e->name) : s ? acl_find(c->router, s->name) : NULL;
}

/* SET or UNSET of one line; *seq is what the line goes by afterwards. */
static int line_edit(struct cmd *c, struct acl *acl, struct acl_line *l, uint32_t *seq)
{
    if (!acl)
        return CMD_ERROR;
    l->rule.seq = *seq;
    if (c->op == CMD_UNSET)
        return acl_line_drop(c->router, acl, l, seq) ? cmd_error(c, "%% Specified rule does not exist") : CMD_OK;
    for (const struct acl_line *have = acl->lines; *seq && have; have = have->next) {
        if (have->rule.seq != *seq)
            continue;
        struct strbuf x = {0}, y = {0};
        acl_line_text(acl, have, &x);
        acl_line_text(acl, l, &y);
        bool same = !strcmp(x.s, y.s);
        strbuf_free(&x);
        strbuf_free(&y);
        if (!same)
            return cmd_error(c, "%% Duplicate sequence number");
    }
    int rc = acl_line_put(c->router, acl, l, seq);
    return rc ? cmd_error(c, "%% Cannot add the rule: %s", rc == -ENOSPC ? "the table is full" : strerror(-rc))
              : CMD_OK;
}

int interface_cmd_acl_ext_rule(struct cmd *c, struct args_ext_nacl_rule *a)
{
    struct acl_line l;
    uint32_t seq = a->has_seq ? a->seq : 0;
    if (c->op == CMD_UNSET && a->has_seq)
        l = (struct acl_line){0};
    else if (!ext_nacl_rule_read(c, a, &l))
        return CMD_ERROR;
    int rc = line_edit(c, here(c), &l, &seq);
    a->seq = seq;
    a->has_seq = seq != 0;
    return rc;
}

int interface_cmd_acl_std_rule(struct cmd *c, struct args_std_nacl_rule *a)
{
    struct acl_line l;
    uint32_t seq = a->has_seq ? a->seq : 0;
    standard_line(a->kw_permit, a->kw_any, a->has_host, &a->host, &a->net, a->wild, a->kw_log, &l);
    int rc = line_edit(c, here(c), &l, &seq);
    a->seq = seq;
    a->has_seq = seq != 0;
    return rc;
}

int interface_cmd_acl_remark(struct cmd *c, struct args_ext_nacl_remark *a)
{
    struct acl_line l = {.is_remark = true};
    uint32_t seq = a->has_seq ? a->seq : 0;
    if (a->has_text)
        strncpy(l.remark, a->text, sizeof l.remark - 1);
    int rc = line_edit(c, here(c), &l, &seq);
    a->seq = seq;
    a->has_seq = seq != 0;
    return rc;
}

static int numbered(struct cmd *c, uint32_t number, bool extended, struct acl_line *l, uint32_t *seq)
{
    char name[12];
    struct acl *acl;
    snprintf(name, sizeof name, "%u", number);
    if (c->op == CMD_UNSET) { /* takes the whole list, as IOS does */
        acl_delete(c->router, name);
        return CMD_OK;
    }
    int rc = acl_create(c->router, name, extended, &acl);
    return rc ? cmd_error(c, "%% Cannot make the access list: %s", rc == -ENOSPC ? "the table is full" : strerror(-rc))
              : line_edit(c, acl, l, seq);
}

int interface_cmd_acl_numbered_ext(struct cmd *c, struct args_access_list_extended *a)
{
    struct acl_line l = {.is_remark = a->kw_remark};
    if (l.is_remark)
        snprintf(l.remark, sizeof l.remark, "%s", a->has_text ? a->text : "");
    else if (c->op == CMD_SET && !access_list_extended_read(c, a, &l))
        return CMD_ERROR;
    uint32_t seq = a->has_seq ? a->seq : 0;
    int rc = numbered(c, a->has_number ? a->number : a->number2, true, &l, &seq);
    a->seq = seq;
    a->has_seq = seq != 0;
    return rc;
}

int interface_cmd_acl_numbered_std(struct cmd *c, struct args_access_list_standard *a)
{
    struct acl_line l;
    if (a->kw_remark) {
        l = (struct acl_line){.is_remark = true};
        snprintf(l.remark, sizeof l.remark, "%s", a->has_text ? a->text : "");
    } else {
        standard_line(a->kw_permit, a->kw_any, a->has_host, &a->host, &a->net, a->wild, a->kw_log, &l);
    }
    uint32_t seq = a->has_seq ? a->seq : 0;
    int rc = numbered(c, a->has_number ? a->number : a->number2, false, &l, &seq);
    a->seq = seq;
    a->has_seq = seq != 0;
    return rc;
}

/* ---- show, clear ---- */

static void address_values(struct out *o, const char *key, const struct addr *a, uint32_t wild, const char *wild_key)
{
    struct addr w = addr_v4(wild);
    out_addr(o, key, wild == UINT32_MAX ? NULL : a); /* null: any */
    out_addr(o, wild_key, &w);
}

static void line_values(struct out *o, const struct acl *acl, const struct acl_line *l, const char *text)
{
    const char *proto = acl_proto_name(l->rule.proto);
    out_object(o, NULL);
    out_int(o, "sequence", l->rule.seq);
    out_str(o, "action", l->rule.permit ? "permit" : "deny");
    if (acl->extended && proto)
        out_str(o, "protocol", proto);
    else if (acl->extended)
        out_fmt(o, "protocol", "%u", l->rule.proto);
    address_values(o, "source", &l->rule.src, l->rule.src_wild, "source_wildcard");
    if (acl->extended)
        address_values(o, "destination", &l->rule.dst, l->rule.dst_wild, "destination_wildcard");
    out_str(o, "rule", text);
    out_bool(o, "log", l->log);
    out_int(o, "matches", (int64_t)l->matches);
    out_end(o);
}

static void list_text(struct cmd *c, const struct acl *acl)
{
    out_object(c->out, NULL);
    out_str(c->out, "name", acl->name);
    out_str(c->out, "type", acl->extended ? "Extended" : "Standard");
    out_array(c->out, "entries");
    out_text(c->out, "%s IP access list %s\n", acl->extended ? "Extended" : "Standard", acl->name);
    for (const struct acl_line *l = acl->lines; l; l = l->next) {
        struct strbuf s = {0};
        if (l->is_remark)
            continue;
        acl_line_text(acl, l, &s);
        out_text(c->out, "    %u %s", l->rule.seq, s.s);
        if (l->matches)
            out_text(c->out, " (%llu match%s)", (unsigned long long)l->matches, l->matches == 1 ? "" : "es");
        out_text(c->out, "\n");
        line_values(c->out, acl, l, s.s);
        strbuf_free(&s);
    }
    out_end(c->out);
    out_end(c->out);
}

static int lists_text(struct cmd *c, const char *name)
{
    out_array(c->out, NULL);
    for (struct acl *acl = NULL; (acl = acl_next(c->router, acl));)
        if (!name || !strcmp(name, acl->name))
            list_text(c, acl);
    out_end(c->out);
    return CMD_OK;
}

int interface_show_access_lists(struct cmd *c, struct args_show_access_lists *a)
{
    return lists_text(c, a->has_name ? a->name : NULL);
}

int interface_show_ip_access_lists(struct cmd *c, struct args_show_ip_access_lists *a)
{
    return lists_text(c, a->has_name ? a->name : NULL);
}

int interface_clear_access_lists(struct cmd *c, struct args_clear_access_list_counters *a)
{
    acl_clear_counters(c->router, a->has_name ? a->name : NULL);
    return CMD_OK;
}

int interface_clear_ip_access_lists(struct cmd *c, struct args_clear_ip_access_list_counters *a)
{
    acl_clear_counters(c->router, a->has_name ? a->name : NULL);
    return CMD_OK;
}
