/* The taps of one `tapir router`: they stay open over a reload, so that a tap that vanishes with its descriptor keeps
 * its place in a bridge; while the router boots, they have no carrier and swallow what arrives (CONTRACT 6). */
#ifndef TAPIR_CLI_TAPS_H
#define TAPIR_CLI_TAPS_H
#include "modules/net/link.h"

struct taps;
struct taps *taps_new(struct loop *loop, bool offload);
void taps_free(struct taps *t);
/* -i IFNAME=TAP: both checked; false with a reason. */
bool taps_name(struct taps *t, const char *pair, char *err, size_t errlen);
/* The link behind an interface; NULL with errno and a one-line reason. */
struct link *taps_open(struct taps *t, const char *ifname, char *err, size_t errlen);
#endif
