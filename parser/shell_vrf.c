/* show vrf, show ip vrf: VRFs are lines of the configuration here, and so are the interfaces in them; all is read from
 * its tree. Layouts: IOS 15. Called through the tables. */
#include "interface_cmd.h"
#include "modules/core/ifname.h"
#include "parser/session_int.h"
#include "shows_cmd.h"
#include "vrf_cmd.h"
#include <stdlib.h>
#include <string.h>

static const char *name_of(const struct cfg_node *n)
{
    const struct args_vrf_definition *d = n->args;
    const struct args_ip_vrf *i = n->args;
    return n->negated                                ? NULL
           : !strcmp(n->cmd->name, "vrf-definition") ? d->name
           : !strcmp(n->cmd->name, "ip-vrf")         ? i->name
                                                     : NULL;
}

static const struct cfg_node *child_of(const struct cfg_node *n, const char *command, const struct cfg_node *after)
{
    unsigned i = 0;
    while (after && i < n->n && n->child[i] != after)
        i++;
    for (i += after != NULL; i < n->n; i++)
        if (!n->child[i]->negated && !strcmp(n->child[i]->cmd->name, command))
            return n->child[i];
    return NULL;
}

/* The VRF of an interface's block; NULL: none, or no interface. */
static const char *vrf_of(const struct cfg_node *n)
{
    const struct cfg_node *line = strcmp(n->cmd->name, "interface") ? NULL : child_of(n, "if-vrf", NULL);
    const struct args_if_vrf *a = line ? line->args : NULL;
    return a ? a->name : NULL;
}

static const char *ifname_of(const struct cfg_node *n)
{
    const struct args_interface *a = n->args;
    return a->name.text;
}

static const char *rd_of(const struct cfg_node *vrf)
{
    const struct cfg_node *n = child_of(vrf, "vrf-rd", NULL);
    const struct args_vrf_rd *a = n ? n->args : NULL;
    return a ? a->rd : NULL;
}

/* `ip vrf` is of IPv4 alone; a definition has those whose address family is there. */
static const char *protocols_of(const struct cfg_node *vrf)
{
    bool v4 = !strcmp(vrf->cmd->name, "ip-vrf"), v6 = false;
    for (const struct cfg_node *n = NULL; (n = child_of(vrf, "vrf-address-family", n));) {
        const struct args_vrf_address_family *a = n->args;
        v4 |= a->kw_ipv4;
        v6 |= a->kw_ipv6;
    }
    return v4 && v6 ? "ipv4,ipv6" : v4 ? "ipv4" : v6 ? "ipv6" : "";
}

enum layout { TABLE, IP_TABLE, DETAIL };

static void vrf_row(struct out *o, const struct cfg_node *vrf, struct cfg_node *const *list, unsigned n,
                    enum layout layout)
{
    const char *name = name_of(vrf), *rd = rd_of(vrf);
    char sh[24];
    unsigned found = 0;
    out_object(o, NULL);
    out_str(o, "name", name);
    out_str(o, "default_rd", rd);
    out_str(o, "protocols", protocols_of(vrf));
    out_array(o, "interfaces");
    if (layout == DETAIL)
        out_text(o, "VRF %s; default RD %s; default VPNID <not set>\n", name, rd ? rd : "<not set>");
    else
        out_text(o, "  %-32s %-22s", name, rd ? rd : "<not set>");
    if (layout == TABLE)
        out_text(o, "%-12s", protocols_of(vrf));
    for (unsigned i = 0; i < n; i++) {
        const char *of = vrf_of(list[i]);
        if (!of || strcmp(of, name) != 0)
            continue;
        ifname_short(ifname_of(list[i]), sh);
        if (layout == DETAIL)
            out_text(o, "%s    %s\n", found ? "" : "  Interfaces:\n", sh);
        else
            out_text(o, "%*s%s\n", !found ? 0 : layout == TABLE ? 69 : 57, "", sh);
        out_str(o, NULL, ifname_of(list[i]));
        found++;
    }
    if (!found)
        out_text(o, layout == DETAIL ? "  No interfaces\n" : "\n");
    out_end(o);
    out_end(o);
}

static void interfaces(struct out *o, struct cfg_node *const *list, unsigned n)
{
    out_text(o, "Interface              IP-Address      VRF                              Protocol\n");
    for (unsigned i = 0; i < n; i++) {
        const char *vrf = vrf_of(list[i]);
        const struct cfg_node *line = vrf ? child_of(list[i], "ip-address", NULL) : NULL;
        const struct args_ip_address *a = line ? line->args : NULL;
        char sh[24], ip[ADDR_STRLEN] = "unassigned";
        if (!vrf)
            continue;
        if (a)
            addr_format(&a->addr, ip);
        out_text(o, "%-22s %-15s %-32s down\n", ifname_short(ifname_of(list[i]), sh), ip, vrf); /* as all in a VRF */
        out_object(o, NULL);
        out_str(o, "interface", ifname_of(list[i]));
        out_str(o, "ip_address", a ? ip : NULL);
        out_str(o, "vrf", vrf);
        out_str(o, "protocol", "down");
        out_end(o);
    }
}

int shell_cmd_show_vrf(struct cmd *c, struct args_show_vrf *a)
{
    const struct cfg *cfg = c->session->cfg;
    struct cfg_node **list = cfg_sorted(&cfg->root);
    enum layout layout = a->kw_detail ? DETAIL : a->kw_all_vrf ? TABLE : IP_TABLE;
    struct out *o = c->out;
    out_array(o, a->kw_interfaces ? "interfaces" : "vrfs");
    if (a->kw_interfaces)
        interfaces(o, list, cfg->root.n);
    else if (layout != DETAIL)
        out_text(o, "  Name                             Default RD            %sInterfaces\n",
                 layout == TABLE ? "Protocols   " : "");
    for (unsigned i = 0; !a->kw_interfaces && i < cfg->root.n; i++)
        if (name_of(list[i]))
            vrf_row(o, list[i], list, cfg->root.n, layout);
    out_end(o);
    free(list);
    return CMD_OK;
}
