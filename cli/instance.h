/* One router with its power switch: boots from storage, reloads, dies by power cut. Used by `tapir router` (one
 * instance on the real loop) and by the simulated world (many on one loop). The router itself never frees itself:
 * a reload is asked here and carried out from the loop. */
#ifndef TAPIR_CLI_INSTANCE_H
#define TAPIR_CLI_INSTANCE_H
#include "modules/core/router.h"

struct instance;
struct instance_opts {
    const char *name;         /* copied */
    struct loop *loop;        /* borrowed */
    struct storage *storage;  /* borrowed; holds "startup-config" */
    const char *first_config; /* what startup-config holds if storage has none; NULL: nothing. Copied */
    nstime boot_time;         /* power off .. reading startup-config, at a reload (CONTRACT 6) */
    bool seeded;              /* randomness: deterministic streams from seed; else the system's */
    uint64_t seed;
    bool lab_keys, no_offload;
    void *ctx; /* for everything below */
    struct link *(*open_link)(void *ctx, struct router *r, const char *ifname, uint16_t mtu);
    /* A line of startup-config was rejected at boot. May be NULL. */
    void (*bad)(void *ctx, unsigned lineno, const char *line, const char *answer);
    /* The configuration is read and every module has started. May be NULL. */
    void (*up)(void *ctx, struct router *r);
    /* r is about to be freed: doors end their sessions now. reload: comes back by itself; false: power cut. May be
     * NULL. */
    void (*down)(void *ctx, struct router *r, bool reload);
};

struct instance *instance_new(const struct instance_opts *opts); /* powered off; NULL: out of memory */
void instance_free(struct instance *i);                          /* power cut first if it runs; NULL is harmless */
/* Boots at once. 0, -EALREADY while on or rebooting, or -errno. */
int instance_power_on(struct instance *i);
/* Power cut: no frame leaves any more, the router is freed, a pending reload is forgotten. Not from inside a
 * handler of this router. */
void instance_kill(struct instance *i);
struct router *instance_router(struct instance *i);      /* NULL while off or between two incarnations */
bool instance_powered(const struct instance *i);         /* on, or waiting to boot again */
uint32_t instance_incarnation(const struct instance *i); /* 0 before the first power-on */
#endif
