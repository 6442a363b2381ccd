/* The host's side of connections from the prompt (telnet, ssh): TCP of the router's network namespace, where a mirror
 * lends it the router's addresses; SSH by libssh in a thread per connection. Called by router.c and mirror.c. */
#ifndef TAPIR_CLI_DIAL_H
#define TAPIR_CLI_DIAL_H
#include "modules/line/line.h"

struct dialer;
struct dialer *dialer_new(struct loop *loop);
void dialer_attach(struct dialer *d, struct router *r);
void dialer_free(struct dialer *d); /* after the router: its connections are gone; waits for threads */
#endif
