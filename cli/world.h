/* A lab inside one process on simulated time: switches, cables, routers, hosts. `tapir sim` runs one from a
 * topology file; unit tests build small ones by hand. Everything is deterministic for a seed. */
#ifndef TAPIR_CLI_WORLD_H
#define TAPIR_CLI_WORLD_H
#include "modules/core/router.h"

struct world;
struct world *world_new(uint64_t seed);
void world_free(struct world *w);
struct loop *world_loop(struct world *w);
void world_run(struct world *w, double seconds);

int world_switch(struct world *w, const char *name);
/* Adds a powered-off router. Its startup-config is `startup` (may be ""). */
int world_router(struct world *w, const char *name, const char *startup);
/* Plugs NODE:IFNAME into a switch port, or two router interfaces together with a cable (carrier follows the partner). */
int world_plug(struct world *w, const char *node, const char *ifname, const char *sw, const char *port);
int world_cable(struct world *w, const char *node_a, const char *if_a, const char *node_b, const char *if_b);
/* A built-in host: answers ARP and ping, has addresses and routes, runs pings. */
int world_host(struct world *w, const char *name, const char *sw, const char *port, const char *addr_len, const char *gateway);

void world_start(struct world *w, const char *name); /* power on: boots from its startup-config */
void world_kill(struct world *w, const char *name);  /* power cut */
struct router *world_router_get(struct world *w, const char *name); /* NULL while off or rebooting */
/* Runs exec commands at privilege 15 and returns their output (malloc'd). *status: 0, or 1 if rejected. Runs the
 * simulated clock while a command (ping) is pending. */
char *world_exec(struct world *w, const char *name, const char *command, int *status);
/* configure terminal + text, line by line; returns the number of rejected lines. */
unsigned world_config(struct world *w, const char *name, const char *text);
/* Sees every frame on every switch: tests decode them. */
void world_sniff(struct world *w, void (*see)(void *arg, const char *sw, nstime at, const uint8_t *frame, size_t len), void *arg);
void world_link_down(struct world *w, const char *node, const char *ifname, bool down);
#endif
