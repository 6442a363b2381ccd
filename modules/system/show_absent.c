/* What is typed on any router and is not there: it says so in IOS's words, and nothing in JSON. Called by the parser.
 */
#include "modules/core/command.h"
#include "shows_cmd.h"

static int empty(struct cmd *c, const char *text, const char *key)
{
    out_text(c->out, "%s", text);
    out_array(c->out, key);
    out_end(c->out);
    return CMD_OK;
}

int system_cmd_show_snmp(struct cmd *c, struct args_show_snmp *a)
{
    (void)a;
    out_text(c->out, "%%SNMP agent not enabled\n");
    out_bool(c->out, "enabled", false);
    return CMD_OK;
}

int system_cmd_show_spanning_tree(struct cmd *c, struct args_show_spanning_tree *a)
{
    (void)a;
    return empty(c, "\nNo spanning tree instances exist.\n\n", "instances");
}

int system_cmd_show_bgp(struct cmd *c, struct args_show_ip_bgp *a)
{
    (void)a;
    return empty(c, "% BGP not active\n\n", "neighbors");
}
