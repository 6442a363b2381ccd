/* show access-lists in its forms. Layouts: ios-cli 11.6. */
#include "acl_cmd.h"
#include "modules/net/acl.h"
#include "modules/net/netif.h"
#include <string.h>

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
    if (l->service)
        out_str(o, "service_group", l->service->name);
    else if (acl->extended && proto)
        out_str(o, "protocol", proto);
    else if (acl->extended)
        out_fmt(o, "protocol", "%u", l->rule.proto);
    if (l->src_group)
        out_str(o, "source_group", l->src_group->name);
    else
        address_values(o, "source", &l->rule.src, l->rule.src_wild, "source_wildcard");
    if (l->dst_group)
        out_str(o, "destination_group", l->dst_group->name);
    else if (acl->extended)
        address_values(o, "destination", &l->rule.dst, l->rule.dst_wild, "destination_wildcard");
    out_str(o, "rule", text);
    if (l->when) {
        out_str(o, "time_range", l->when->name);
        out_bool(o, "active", l->when->active);
    }
    out_bool(o, "log", l->log);
    out_int(o, "matches", (int64_t)l->matches);
    out_end(o);
}

static void list_text(struct cmd *c, const struct acl *acl, const char *direction)
{
    out_object(c->out, NULL);
    out_str(c->out, "name", acl->name);
    out_str(c->out, "type", acl->extended ? "Extended" : "Standard");
    out_array(c->out, "entries");
    out_text(c->out, "%s IP access list %s%s\n", acl->extended ? "Extended" : "Standard", acl->name, direction);
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
            list_text(c, acl, "");
    out_end(c->out);
    return CMD_OK;
}

int interface_show_access_lists(struct cmd *c, struct args_show_access_lists *a)
{
    return lists_text(c, a->has_name ? a->name : NULL);
}

int interface_show_ip_access_lists(struct cmd *c, struct args_show_ip_access_lists *a)
{
    if (!a->has_ifname)
        return lists_text(c, a->has_name ? a->name : NULL);
    const struct netif *nif = netif_find(c->router, a->ifname.text);
    if (!nif)
        return cmd_error(c, "%% Interface %s does not exist", a->ifname.text);
    struct acl *in = a->kw_out || !nif->acl_in[0] ? NULL : acl_find(c->router, nif->acl_in);
    struct acl *out = a->kw_in || !nif->acl_out[0] ? NULL : acl_find(c->router, nif->acl_out);
    out_array(c->out, NULL);
    if (in)
        list_text(c, in, " in");
    if (out)
        list_text(c, out, " out");
    out_end(c->out);
    return CMD_OK;
}
