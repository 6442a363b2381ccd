/* ip host: names that ping and traceroute take. The table is modules/net; show hosts is the parser's, which also knows
 * the default domain. */
#include "boilerplate_cmd.h"
#include "modules/core/command.h"
#include "modules/net/hosts.h"

int interface_cmd_host(struct cmd *c, struct args_ip_host *a)
{
    if (c->op == CMD_UNSET) {
        host_drop(c->router, a->name);
        return CMD_OK;
    }
    int rc = host_put(c->router, a->name, a->address, a->n_address);
    return rc ? cmd_error(c, "%% The host table is full") : CMD_OK;
}
