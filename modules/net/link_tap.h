/* Between link_tap.c and link_tap_watch.c: following a tap's state, wherever the device is. */
#ifndef TAPIR_NET_LINK_TAP_H
#define TAPIR_NET_LINK_TAP_H
#include "modules/net/link.h"

struct tap_watch;
/* Follows the device behind fd and calls changed(arg, up, present) when its state may have changed. *up: now. A lab may
 * have moved the device to another network namespace than ours: the watch goes with it. NULL with errno. */
struct tap_watch *tap_watch_new(struct loop *loop, int fd, bool *up, void (*changed)(void *arg, bool up, bool present),
                                void *arg);
void tap_watch_free(struct tap_watch *w);
#endif
