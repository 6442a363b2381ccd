/* Tracking objects: `track N interface|ip route|list …`, their state, and who is told when it changes. Public
 * header: HSRP subscribes (modules/DEPS). Objects are known by number, before or after they are configured. */
#ifndef TAPIR_TRACK_H
#define TAPIR_TRACK_H
#include "modules/core/log.h"
#include <stdbool.h>

struct router;
enum track_state { TRACK_UNKNOWN /* not configured */, TRACK_DOWN, TRACK_UP };
enum track_state track_state_get(struct router *r, unsigned object);
/* For the router's life; called after every change of any object, deletion included. At most 8. */
typedef void (*track_fn)(void *arg, unsigned object, enum track_state now, event_id cause);
int track_subscribe(struct router *r, track_fn fn, void *arg); /* 0, -ENOSPC, -ENOENT (no track module) */
/* Who tracks an object, for `show track`: the client gives one text for each ("HSRP Ethernet1/1 1"). For the router's
 * life; one client. */
typedef void (*track_clients_fn)(void *arg, unsigned object, void (*emit)(void *ctx, const char *client), void *ctx);
void track_clients(struct router *r, track_clients_fn fn, void *arg);
#endif
