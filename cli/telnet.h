/* The vty lines: listeners for telnet and SSH, on the host's loopback (`--telnet PORT`, `--ssh PORT`) and on the
 * router's own emulated addresses (cli/mirror.c), and the life of their sessions. libcli's loop runs in one thread per
 * session, with the two decisions (run a line, complete a line) answered by the router's own engine on the router's
 * loop (front-ends 3.4 to 3.6). */
#ifndef TAPIR_CLI_TELNET_H
#define TAPIR_CLI_TELNET_H
#include "cli/control.h"
#include "modules/line/line.h"

struct telnet;
/* Sessions are connections of control (borrowed). NULL with a one-line reason: the library does not call our hooks. */
struct telnet *telnet_new(struct loop *loop, struct control *control, char *err, size_t errlen);
void telnet_free(struct telnet *t); /* after control_free(): ends the sessions */
/* Listens at addr (host order; INADDR_LOOPBACK: the host's own door). Returns a listener's number, or -errno. */
int telnet_listen(struct telnet *t, enum line_service service, uint32_t addr, uint16_t port);
void telnet_unlisten(struct telnet *t, int listener);
/* Runs libcli on a one-line file and sees whether our hook is called. */
bool telnet_self_test(void);
#endif
