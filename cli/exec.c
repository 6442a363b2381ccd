/* `tapir exec`: runs exec commands on a running router and prints their output alone. Called by main.c. */
#include "cli/cli.h"
#include "cli/control.h"
#include "modules/core/command.h"
#include <stdio.h>
#include <string.h>

/* Runs one command. 0 accepted, 1 rejected, -1 the command ended the session, -2 the router went away, -3 it reloads.
 */
static int exec_one(struct ctl *c, const char *command)
{
    struct ctl_msg m;
    int got;
    bool sent = !ctl_send(c, CTL_LINE, command, strlen(command)); /* if not, what waits to be read says why */
    while ((got = ctl_recv(c, &m, -1)) == 1) {
        if (m.type == CTL_OUTPUT || m.type == CTL_CLOSED)
            fwrite(m.data, 1, m.len, stdout);
        else if (m.type == CTL_ASK) /* the session answers for us; one that asks all the same gets RETURN */
            ctl_send2(c, CTL_ANSWER, 1, "", 0);
        if (m.type == CTL_OUTPUT)
            fflush(stdout); /* a ping shows its marks as they come */
        if (m.type == CTL_DONE)
            return m.len && m.data[0] == CMD_ERROR;
        if (m.type == CTL_CLOSED) /* with a text: a reload; `exit` closes without one */
            return m.len ? -3 : sent ? -1 : -2;
    }
    return -2;
}

int cmd_exec(int argc, char **argv)
{
    char err[400];
    struct ctl_state st;
    int status = 0;
    if (argc < 3)
        return cli_usage("exec", "say which router and which command");
    struct ctl *c = ctl_connect(argv[1], err, sizeof err);
    if (!c)
        return cli_fail("%s", err);
    if (ctl_open(c, CTL_EXEC, &st, err, sizeof err)) {
        ctl_close(c);
        return cli_fail("%s: %s", argv[1], err);
    }
    for (int i = 2; i < argc; i++) {
        int rc = exec_one(c, argv[i]);
        if (rc > 0)
            status = 1;
        if (rc == -2)
            status = cli_fail("router %s ended while it ran `%.60s`", argv[1], argv[i]);
        else if (rc == -3)
            status = cli_fail("router %s reloads: `%.60s` was not run to its end", argv[1], argv[i]);
        else if (rc == -1 && i + 1 < argc)
            status = cli_fail("the session ended at `%.60s`: the rest was not run", argv[i]);
        if (rc < 0)
            break;
    }
    ctl_close(c);
    if (cli_output_lost())
        return cli_fail("cannot write the output");
    return status;
}
