/* A lab inside one process on simulated time: switches, cables, routers, hosts. `tapir sim` runs one from a
 * topology file; unit tests build small ones by hand. Everything is deterministic for a seed. */
#ifndef TAPIR_CLI_WORLD_H
#define TAPIR_CLI_WORLD_H
#include "modules/core/router.h"
#include "modules/net/link.h"

struct world;
struct world *world_new(uint64_t seed);
void world_free(struct world *w);
struct loop *world_loop(struct world *w);
nstime world_now(struct world *w);
void world_run(struct world *w, double seconds);
void world_run_ns(struct world *w, nstime ns);
void world_boot_time(struct world *w, nstime ns); /* power off .. boot at a reload; default 2 s. Before world_router */

int world_switch(struct world *w, const char *name);
/* Adds a powered-off router. Its startup-config is `startup` (may be ""). */
int world_router(struct world *w, const char *name, const char *startup);
/* Plugs NODE:IFNAME into a switch port, or two router interfaces together with a cable (carrier follows the partner).
 * NODE may be a host made by world_host_bare. -ENOENT: no such node or switch. */
int world_plug(struct world *w, const char *node, const char *ifname, const char *sw, const char *port);
int world_cable(struct world *w, const char *node_a, const char *if_a, const char *node_b, const char *if_b);
/* A built-in host: answers ARP and ping, has addresses and routes, runs pings. */
int world_host(struct world *w, const char *name, const char *sw, const char *port, const char *addr_len,
               const char *gateway);
int world_host_bare(struct world *w, const char *name);
/* One `ip addr add A/L dev D` or `ip route add|replace P via G` line. 0, or -EINVAL: not one of these. */
int world_host_exec(struct world *w, const char *name, const char *line);

void world_start(struct world *w, const char *name); /* power on: boots from its startup-config */
void world_kill(struct world *w, const char *name);  /* power cut */
bool world_is_router(struct world *w, const char *name);
bool world_powered(struct world *w, const char *name);
struct router *world_router_get(struct world *w, const char *name); /* NULL while off or rebooting */
struct storage *world_storage(struct world *w, const char *name);
/* Routers in the order they were added; NULL behind the last. */
const char *world_router_name(struct world *w, unsigned index);
/* Runs exec commands at privilege 15 and returns their output (malloc'd). *status: 0, or 1 if rejected. Runs the
 * simulated clock while a command (ping) is pending. On a host: `ping [-c N] [-i S] [-I A] ADDR`. */
char *world_exec(struct world *w, const char *name, const char *command, int *status);
/* A command that runs while the clock does (probe): text arrives through sink; job_end aborts it. NULL: router off. */
struct world_job;
struct world_job *world_job_start(struct world *w, const char *name, const char *command,
                                  void (*sink)(void *arg, const char *text, size_t len), void *arg);
void world_job_end(struct world *w, struct world_job *job);
/* configure terminal + text, line by line; returns the number of rejected lines. */
unsigned world_config(struct world *w, const char *name, const char *text);
/* Sees every frame on every switch: tests decode them. Several may look. */
void world_sniff(struct world *w, void (*see)(void *arg, const char *sw, nstime at, const uint8_t *frame, size_t len),
                 void *arg);
void world_link_down(struct world *w, const char *node, const char *ifname, bool down);
/* Faults on the router links of a switch, or of one of its ports; they stay across a reload. NULL spec: clear.
 * -ENOENT: no such switch or port. */
int world_fault(struct world *w, const char *sw, const char *port, const struct link_fault_spec *spec);
/* Told at every boot, before `start`ed commands can run, and at every end. For log readers. Any may be NULL. */
struct world_watch {
    void (*up)(void *arg, const char *name, struct router *r);
    void (*down)(void *arg, const char *name, bool reload);
    void (*bad)(void *arg, const char *name, unsigned lineno, const char *line, const char *answer);
    void *arg;
};
void world_set_watch(struct world *w, const struct world_watch *watch);
#endif
