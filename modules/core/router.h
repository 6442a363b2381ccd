/* One router: no mutable globals, all state hangs off this struct, and freeing it frees everything.
 * It sees the world through the seams below only. */
#ifndef TAPIR_CORE_ROUTER_H
#define TAPIR_CORE_ROUTER_H
#include "modules/core/loop.h"
#include "modules/core/module.h"
#include "modules/core/rng.h"
#include "modules/core/storage.h"
#include <stdbool.h>
#include <stdint.h>

struct cfg;      /* parser/: the configuration tree */
struct eventlog; /* log.c */
struct roles;    /* role.c */
struct net;      /* modules/net: the IP stack */
struct link;
struct sync_hub;
struct worker;

/* What the program around the router provides. All borrowed for the router's life. */
struct router_host {
    void *ctx;
    /* Opens the link behind an interface (tap or in-memory port). NULL: no link, line protocol down. */
    struct link *(*open_link)(void *ctx, struct router *r, const char *ifname, uint16_t mtu);
    /* Reload: asked by the command or the redundancy facility; the host frees this router later and
     * builds a new one. Returns at once. */
    void (*reload)(void *ctx, struct router *r, const char *reason);
};

struct router_opts {
    const char *name;        /* NAME of the command line; MACs derive from it */
    struct loop *loop;       /* borrowed */
    struct rng *rng;         /* borrowed */
    struct storage *storage; /* borrowed */
    const struct router_host *host;
    uint32_t incarnation; /* 1 at the first power-on, +1 at every boot */
    bool from_startup;    /* configuration comes from startup-config: counts as reloaded */
    bool lab_keys;
    bool no_offload;
};

struct router {
    char name[64];
    char hostname[64];
    struct loop *loop;
    struct rng *rng;
    struct storage *storage;
    const struct router_host *host;
    uint32_t incarnation;
    bool from_startup, lab_keys, no_offload;
    bool hide_passwords; /* service password-encryption: what may be stored as type 7 is */
    bool booting;        /* until start() of all modules ran */
    bool reloading;      /* router_reload() ran: modules were told, the host frees this router soon */
    bool dying;          /* power is off: no frame leaves any more */
    nstime boot_time;
    nstime clock_offset;       /* clock set: what the router's clock is ahead of the host's; router_wall() */
    bool clock_set;            /* somebody set it: no `*` in front of times */
    const char *reload_reason; /* why the last incarnation ended; borrowed literal */

    void **module_states;  /* by index in tapir_modules */
    uint8_t *module_parts; /* likewise: module_part() */
    uint64_t *debug_bits;  /* by index in tapir_modules */
    bool debug_any;
    struct eventlog *log;
    struct roles *roles;
    struct worker *worker; /* worker.h */
    struct net *net;
    struct cfg *cfg; /* set by parser/ */
    void (*cfg_free)(struct cfg *cfg);
    bool (*cfg_saved)(struct router *r); /* parser/: running equals startup-config; NULL: no parser in this build */
    int (*cfg_save)(struct router *r);   /* parser/: writes startup-config; 0 or -errno */
    const struct sync_hub *sync;
    const struct sync_class **sync_list; /* all modules' classes in rank order */
    unsigned n_sync_list;
    struct timestamps {
        bool log_uptime, debug_uptime, log_none, debug_none, msec_log, msec_debug, sequence;
        bool zone_log, zone_debug, year_log, year_debug, local_log, local_debug;
        char zone[8];     /* clock timezone; "": UTC */
        int zone_minutes; /* east of UTC */
    } stamps;             /* at power-on: datetime msec for both */
    /* Highest severity that goes to console sessions, to sessions that said `terminal monitor`, into the buffer of
     * show logging; -1: none (`no logging console`). At power-on 7. */
    struct log_levels {
        int8_t console, monitor, buffer;
    } levels;
};

struct router *router_new(const struct router_opts *opts); /* modules initialised, no configuration; NULL with errno */
void router_start(struct router *r);                       /* configuration is read: calls every start() */
void router_free(struct router *r);
void router_reload(struct router *r, const char *reason);
nstime router_uptime(const struct router *r);
/* The router's own clock, UTC: the host's (loop_wall) moved by clock set. What people configure by date goes by this
 * one. */
nstime router_wall(const struct router *r);
void router_set_clock(struct router *r, nstime wall);
/* Runs every module's audit; returns the number of failures. */
unsigned router_audit(struct router *r, void (*fail)(void *ctx, const char *invariant, const char *text), void *ctx);
#endif
