/* The host's side of the control-plane mirror: a TUN device in the router's namespace that carries the router's own
 * addresses, and the vty lines' listeners on them (ports 23 and 22). Called by router.c (`--mirror`; labs use it). */
#ifndef TAPIR_CLI_MIRROR_H
#define TAPIR_CLI_MIRROR_H
#include "cli/telnet.h"

struct mirror_tun;
/* telnet is borrowed. NULL with a one-line reason. */
struct mirror_tun *mirror_tun_new(struct loop *loop, struct telnet *telnet, char *err, size_t errlen);
void mirror_tun_up(struct mirror_tun *t, struct router *r); /* a new incarnation */
void mirror_tun_down(struct mirror_tun *t);                 /* it is gone: no address is left, nothing listens */
void mirror_tun_free(struct mirror_tun *t);
#endif
