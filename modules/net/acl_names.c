/* The names IOS gives to ports, ICMP messages and protocols in access lists. Called by the access list commands and
 * when a line is printed. */
#include "modules/core/named.h"
#include "modules/net/acl.h"
#include "modules/net/acl_icmp.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct name {
    const char *name;
    int a, b;
};
#define ROW(member, text, type, code) {text, type, code},
static const struct name icmp_names[] = {ACL_ICMP_NAMES(ROW){NULL, 0, 0}};
static const struct name protocols[] = {{"ip", 0, 0},    {"icmp", 1, 0},   {"igmp", 2, 0},   {"ipinip", 4, 0},
                                        {"tcp", 6, 0},   {"udp", 17, 0},   {"gre", 47, 0},   {"esp", 50, 0},
                                        {"ahp", 51, 0},  {"eigrp", 88, 0}, {"ospf", 89, 0},  {"nos", 94, 0},
                                        {"pim", 103, 0}, {"pcp", 108, 0},  {"sctp", 132, 0}, {NULL, 0, 0}};

static const char *by_number(const struct name *list, int a)
{
    for (; list->name; list++)
        if (list->a == a)
            return list->name;
    return NULL;
}

int acl_port_number(const char *name, bool udp)
{
    const struct named *n = named_find(udp ? named_udp_ports : named_tcp_ports, name, strlen(name), NULL, NULL);
    return n ? n->number : -1;
}

const char *acl_port_name(unsigned port, bool udp)
{
    return named_of(udp ? named_udp_ports : named_tcp_ports, (int)port);
}

const char *acl_proto_name(unsigned proto)
{
    return by_number(protocols, (int)proto);
}

static void address_text(struct strbuf *out, const struct objgroup *group, const struct addr *a, uint32_t wild)
{
    char buf[ADDR_STRLEN];
    struct addr w = addr_v4(wild);
    if (group)
        strbuf_add(out, " object-group %s", group->name);
    else if (wild == UINT32_MAX)
        strbuf_add(out, " any");
    else if (wild == 0)
        strbuf_add(out, " host %s", addr_format(a, buf));
    else {
        strbuf_add(out, " %s", addr_format(a, buf));
        strbuf_add(out, " %s", addr_format(&w, buf));
    }
}

static void port_text(struct strbuf *out, unsigned port, bool udp)
{
    const char *name = acl_port_name(port, udp);
    if (name)
        strbuf_add(out, " %s", name);
    else
        strbuf_add(out, " %u", port);
}

static void ports_text(struct strbuf *out, unsigned lo, unsigned hi, bool neq, bool udp)
{
    if (lo == 0 && hi == 65535)
        return;
    if (neq || lo == hi) {
        strbuf_add(out, neq ? " neq" : " eq");
        port_text(out, lo, udp);
    } else if (hi == 65535) {
        strbuf_add(out, " gt");
        port_text(out, lo - 1, udp);
    } else if (lo == 0) {
        strbuf_add(out, " lt");
        port_text(out, hi + 1, udp);
    } else {
        strbuf_add(out, " range");
        port_text(out, lo, udp);
        port_text(out, hi, udp);
    }
}

static void icmp_text(struct strbuf *out, const struct acl_line *l)
{
    if (l->icmp_type == ACL_ICMP_ANY)
        return;
    for (const struct name *n = icmp_names; n->name; n++) {
        if (n->a == l->icmp_type && n->b == l->icmp_code) {
            strbuf_add(out, " %s", n->name);
            return;
        }
    }
    strbuf_add(out, " %d", l->icmp_type);
    if (l->icmp_code != ACL_ICMP_ANY)
        strbuf_add(out, " %d", l->icmp_code);
}

static const struct {
    const char *name;
    uint8_t bit;
} tcp_flags[] = {{"ack", 0x10}, {"fin", 0x01}, {"psh", 0x08}, {"rst", 0x04}, {"syn", 0x02}, {"urg", 0x20}};

uint8_t acl_tcp_flag(const char *name)
{
    for (unsigned i = 0; i < sizeof tcp_flags / sizeof *tcp_flags; i++)
        if (!strcmp(tcp_flags[i].name, name))
            return tcp_flags[i].bit;
    return 0;
}

static void flags_text(struct strbuf *out, const struct acl_line *l)
{
    bool signs = l->flags_all || l->flags_unset;
    if (signs)
        strbuf_add(out, l->flags_all ? " match-all" : " match-any");
    for (unsigned i = 0; i < sizeof tcp_flags / sizeof *tcp_flags; i++) {
        if (l->flags_set & tcp_flags[i].bit)
            strbuf_add(out, " %s%s", signs ? "+" : "", tcp_flags[i].name);
        if (l->flags_unset & tcp_flags[i].bit)
            strbuf_add(out, " -%s", tcp_flags[i].name);
    }
}

bool acl_tos_read(struct acl_line *l, const char *kind, const char **value)
{
    const char *text = *value;
    unsigned shift = kind[0] == 'd' ? 2 : kind[0] == 'p' ? 5 : 1;
    const struct named *list = kind[0] == 'd' ? named_dscp : kind[0] == 'p' ? named_precedence : named_tos;
    const struct named *word = named_find(list, text, strlen(text), NULL, NULL);
    int most = kind[0] == 'd' ? 63 : kind[0] == 'p' ? 7 : 15, v = word ? word->number : -1;
    if (!word && *text && strspn(text, "0123456789") == strlen(text) && strlen(text) < 4)
        v = (int)strtoul(text, NULL, 10);
    if (v < 0 || v > most)
        return false;
    const char *name = named_of(list, v);
    l->tos = (uint8_t)((unsigned)v << shift);
    l->tos_mask = kind[0] == 'd' ? 0xfc : kind[0] == 'p' ? 0xe0 : 0x1e;
    if (name)
        *value = name;
    snprintf(l->tos_text, sizeof l->tos_text, "%s %s", kind, *value);
    return true;
}

static void standard_text(const struct acl_line *l, struct strbuf *out)
{
    char buf[ADDR_STRLEN];
    struct addr w = addr_v4(l->rule.src_wild);
    strbuf_add(out, "%s", l->rule.permit ? "permit" : "deny  ");
    if (l->rule.src_wild == UINT32_MAX)
        strbuf_add(out, " any");
    else
        strbuf_add(out, " %s", addr_format(&l->rule.src, buf));
    if (l->rule.src_wild != UINT32_MAX && l->rule.src_wild != 0)
        strbuf_add(out, ", wildcard bits %s", addr_format(&w, buf));
    if (l->log)
        strbuf_add(out, " log");
}

void acl_line_text(const struct acl *acl, const struct acl_line *l, struct strbuf *out)
{
    if (l->is_remark) {
        strbuf_add(out, "remark %s", l->remark);
        return;
    }
    if (!acl->extended) {
        standard_text(l, out);
        return;
    }
    const char *proto = acl_proto_name(l->rule.proto);
    bool udp = l->rule.proto == IPPROTO_UDP_;
    strbuf_add(out, "%s ", l->rule.permit ? "permit" : "deny");
    if (l->service)
        strbuf_add(out, "object-group %s", l->service->name);
    else if (proto)
        strbuf_add(out, "%s", proto);
    else
        strbuf_add(out, "%u", l->rule.proto);
    address_text(out, l->src_group, &l->rule.src, l->rule.src_wild);
    ports_text(out, l->rule.sport_lo, l->rule.sport_hi, l->sport_neq, udp);
    address_text(out, l->dst_group, &l->rule.dst, l->rule.dst_wild);
    ports_text(out, l->rule.dport_lo, l->rule.dport_hi, l->dport_neq, udp);
    icmp_text(out, l);
    if (l->established)
        strbuf_add(out, " established");
    flags_text(out, l);
    if (l->tos_mask)
        strbuf_add(out, " %s", l->tos_text);
    if (l->fragments)
        strbuf_add(out, " fragments");
    if (l->log)
        strbuf_add(out, l->log_input ? " log-input" : " log");
    if (l->when)
        strbuf_add(out, " time-range %s (%s)", l->when->name, l->when->active ? "active" : "inactive");
}

void acl_rule_text(const struct acl_rule *rule, char *buf, size_t len)
{
    static const struct acl extended = {.extended = true};
    const struct acl_line *l = (const struct acl_line *)rule; /* rules are only handed out as parts of lines */
    struct strbuf s = {0};
    acl_line_text(&extended, l, &s);
    size_t n = s.len < len ? s.len : len ? len - 1 : 0;
    if (len) {
        memcpy(buf, s.s ? s.s : "", n);
        buf[n] = 0;
    }
    strbuf_free(&s);
}
