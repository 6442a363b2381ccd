/* The telnet line of `tapir router --telnet PORT`: libcli's loop in one thread per session, with the two decisions
 * (run a line, complete a line) answered by the router's own engine on the router's loop (front-ends 3.4 to 3.6). */
#ifndef TAPIR_CLI_TELNET_H
#define TAPIR_CLI_TELNET_H
#include "cli/control.h"

struct telnet;
/* Listens on 127.0.0.1; sessions are connections of control (borrowed). NULL with a one-line reason: the port is in
 * use, or the library does not call our hooks. */
struct telnet *telnet_new(struct loop *loop, struct control *control, uint16_t port, char *err, size_t errlen);
void telnet_free(struct telnet *t); /* after control_free(): ends the sessions */
/* Runs libcli on a one-line file and sees whether our hook is called. */
bool telnet_self_test(void);
#endif
