/* SSH in front of a vty line (libssh): one thread per connection does the key exchange, asks the router about the
 * password over its control connection, and then passes plain bytes to a vty session, or runs one command. Called by
 * telnet.c, on the router's loop. */
#ifndef TAPIR_CLI_SSH_H
#define TAPIR_CLI_SSH_H
#include "cli/control.h"

struct ssh_conn;
/* Consumes ctl; consumes fd if true. False: no host key, no memory. */
bool sshline_start(struct ssh_conn **list, struct router *r, int fd, struct ctl *ctl);
unsigned sshline_pending(const struct ssh_conn *list); /* connections that are on no line yet */
void sshline_reap(struct ssh_conn **list);             /* frees those that ended */
void sshline_end_all(struct ssh_conn **list);
#endif
