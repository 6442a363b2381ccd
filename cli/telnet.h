/* The telnet line of `tapir router --telnet PORT`: libcli's loop in one thread per session, with the two decisions
 * (run a line, complete a line) answered by the router's own engine on the router's loop (front-ends 3.4 to 3.6). */
#ifndef TAPIR_CLI_TELNET_H
#define TAPIR_CLI_TELNET_H
#include "modules/core/loop.h"
#include <stddef.h>

struct router;
struct telnet;
#pragma weak telnet_new
#pragma weak telnet_free
#pragma weak telnet_set_router
/* Listens on 127.0.0.1. NULL with a one-line reason: the port is in use, or the library does not call our hooks. */
struct telnet *telnet_new(struct loop *loop, uint16_t port, char *err, size_t errlen);
void telnet_free(struct telnet *t);
/* r NULL: the router is off; sessions end with text. */
void telnet_set_router(struct telnet *t, struct router *r, const char *text);
/* Runs libcli on a one-line file and sees whether our hook is called. */
bool telnet_self_test(void);
#endif
