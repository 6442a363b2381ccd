/* Access list commands that change something: lists, their lines, counters. Syntax: ios-ha-crypto 4.5. Lines carry
 * their sequence number hidden in the configuration, as IOS shows them. */
#include "modules/interface/acl_rule.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>

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

/* IOS keeps a standard list's hosts apart: one that an earlier line covers would never be reached, and is refused. */
static const struct acl_line *covered_by(const struct acl *acl, const struct acl_line *l, uint32_t seq)
{
    for (const struct acl_line *have = acl->lines; have && !acl->extended && !l->is_remark && !l->rule.src_wild;
         have = have->next) {
        bool earlier = !seq || have->rule.seq < seq;
        uint32_t apart = addr_v4_get(&have->rule.src) ^ addr_v4_get(&l->rule.src);
        if (earlier && !have->is_remark && have->rule.src_wild && !(apart & ~have->rule.src_wild))
            return have;
    }
    return NULL;
}

static bool same_text(const struct acl *acl, const struct acl_line *a, const struct acl_line *b)
{
    struct strbuf x = {0}, y = {0};
    acl_line_text(acl, a, &x);
    acl_line_text(acl, b, &y);
    bool same = !strcmp(x.s, y.s);
    strbuf_free(&x);
    strbuf_free(&y);
    return same;
}

/* What IOS refuses. */
static int objection(struct cmd *c, const struct acl *acl, const struct acl_line *l, uint32_t seq)
{
    if (!l->is_remark && acl_line_find(acl, l))
        return CMD_OK; /* it stays as it is */
    const struct acl_line *over = covered_by(acl, l, seq);
    if (over)
        return cmd_error(c,
                         "%% Access rule can't be configured at higher sequence num as it is part of the existing rule "
                         "at sequence num %u",
                         over->rule.seq);
    if ((l->src_group || l->dst_group || l->service) && acl_in_crypto(c->router, acl->name))
        return cmd_error(c, "%% Access list %s is used by a crypto map: object groups are not supported there",
                         acl->name);
    for (const struct acl_line *have = acl->lines; seq && !l->is_remark && have; have = have->next)
        if (have->rule.seq == seq && !have->is_remark && !same_text(acl, have, l))
            return cmd_error(c, "%% Duplicate sequence number");
    return CMD_OK;
}

/* SET or UNSET of one line; *seq is what the line goes by afterwards. Gives back what the line holds. */
static int line_edit(struct cmd *c, struct acl *acl, struct acl_line *l, uint32_t *seq)
{
    int rc = acl ? CMD_OK : CMD_ERROR;
    l->rule.seq = *seq;
    if (acl && c->op == CMD_UNSET) {
        if (acl_line_drop(c->router, acl, l, seq))
            rc = cmd_error(c, "%% Specified rule does not exist");
    } else if (acl && (rc = objection(c, acl, l, *seq)) == CMD_OK) {
        int bad = acl_line_put(c->router, acl, l, seq);
        if (bad)
            rc = cmd_error(c, "%% Cannot add the rule: %s", bad == -ENOSPC ? "the table is full" : strerror(-bad));
    }
    acl_line_release(c->router, l);
    return rc;
}

int interface_cmd_acl_ext_rule(struct cmd *c, struct args_ext_nacl_rule *a)
{
    struct acl_line l = {0};
    uint32_t seq = a->has_seq ? a->seq : 0;
    if (!(c->op == CMD_UNSET && a->has_seq) && !acl_rule_read(c, a, &l))
        return CMD_ERROR;
    int rc = line_edit(c, here(c), &l, &seq);
    a->seq = seq;
    a->has_seq = seq != 0;
    return rc;
}

static void standard_line(struct args_std_nacl_rule *a, struct acl_line *l)
{
    bool has_wild = true;
    struct acl_address from = {&a->kw_any, &a->kw_host, &a->has_host, &a->has_net,
                               &has_wild,  &a->host,    &a->net,      &a->wild};
    *l = (struct acl_line){.icmp_type = ACL_ICMP_ANY, .icmp_code = ACL_ICMP_ANY, .log = a->kw_log};
    l->rule.permit = a->kw_permit;
    acl_address_read(&from, &l->rule.src, &l->rule.src_wild);
    l->rule.dst = addr_v4(0);
    l->rule.dst_wild = UINT32_MAX;
    l->rule.sport_hi = l->rule.dport_hi = 65535;
    if (a->has_host) { /* a host is shown by its address alone */
        a->kw_host = a->has_host = false;
        a->has_net = true;
        a->wild = 0;
    }
    a->has_wild = a->has_net && l->rule.src_wild;
}

int interface_cmd_acl_std_rule(struct cmd *c, struct args_std_nacl_rule *a)
{
    struct acl_line l = {0};
    uint32_t seq = a->has_seq ? a->seq : 0;
    if (!(c->op == CMD_UNSET && a->has_seq))
        standard_line(a, &l);
    int rc = line_edit(c, here(c), &l, &seq);
    a->seq = seq;
    a->has_seq = seq != 0;
    return rc;
}

int interface_cmd_acl_remark(struct cmd *c, struct args_ext_nacl_remark *a)
{
    struct acl_line l = {.is_remark = true};
    uint32_t seq = a->has_seq ? a->seq : 0;
    snprintf(l.remark, sizeof l.remark, "%s", a->has_text ? a->text : "");
    int rc = line_edit(c, here(c), &l, &seq);
    a->seq = seq;
    a->has_seq = seq != 0;
    return rc;
}

int interface_cmd_acl_resequence(struct cmd *c, struct args_ip_access_list_resequence *a)
{
    struct acl *acl = acl_find(c->router, a->name);
    if (!acl)
        return cmd_error(c, "%% Access list not found");
    if (acl_resequence(c->router, acl, a->start, a->step))
        return cmd_error(c, "%% Exceeded maximum sequence number");
    cmd_resequence(c, a->name, a->start, a->step);
    return CMD_OK;
}

int interface_cmd_acl_evaluate(struct cmd *c, struct args_ext_nacl_evaluate *a)
{
    (void)a;
    return cmd_error(c, "%% Reflexive access lists are not supported");
}

int interface_cmd_acl_log_threshold(struct cmd *c, struct args_ip_access_list_log_update *a)
{
    acl_log_threshold(c->router, c->op == CMD_SET ? a->threshold : 0);
    return CMD_OK;
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
