/* What the files of the simulated world share: its nodes, their plugs, and the built-in hosts. */
#ifndef TAPIR_CLI_WORLD_INT_H
#define TAPIR_CLI_WORLD_INT_H
#include "cli/instance.h"
#include "cli/world.h"
#include "parser/session.h"

struct memhost;
struct plug {
    char ifname[40]; /* canonical for routers, the device's name for hosts */
    struct wswitch *sw;
    char port[64];
    struct link *link; /* while it is open */
    bool down;
    bool faulty;
    struct link_fault_spec fault;
    struct plug *next;
};
struct wnode {
    struct world *world;
    char name[64];
    struct instance *inst; /* routers */
    struct storage storage;
    struct memhost *host; /* hosts */
    struct plug *plugs;
    struct wnode *next;
};
struct wswitch {
    struct world *world;
    char name[64];
    struct memswitch *sw;
    bool cable;
    struct wswitch *next;
};
struct wsniff {
    void (*see)(void *arg, const char *sw, nstime at, const uint8_t *frame, size_t len);
    void *arg;
};
#define WORLD_SNIFFERS 8
struct world {
    uint64_t seed;
    struct loop *loop;
    nstime boot_time;
    struct wnode *nodes, **nodes_end;
    struct wswitch *switches, **switches_end;
    struct wsniff sniff[WORLD_SNIFFERS];
    unsigned n_sniff;
    struct world_job *jobs;
    struct world_watch watch;
};

struct wnode *world_node(struct world *w, const char *name);
void world_jobs_end_of(struct world *w, struct wnode *n); /* the router goes: its sessions end */

/* ---- built-in hosts (world_host.c) ---- */
struct memhost *memhost_new(struct loop *loop, const char *name);
void memhost_free(struct memhost *h);
int memhost_attach(struct memhost *h, const char *device, struct link *link);  /* consumes link */
int memhost_addr(struct memhost *h, const char *device, const char *addr_len); /* device NULL: the first */
int memhost_route(struct memhost *h, const char *prefix, const char *via);
/* Sends echo requests every `interval`; count 0: until stopped. reply is told each answer once. */
struct memping;
struct memping *memhost_ping(struct memhost *h, const struct addr *dst, const struct addr *src, nstime interval,
                             unsigned size, unsigned count,
                             void (*event)(void *arg, bool reply, unsigned seq, nstime at), void (*done)(void *arg),
                             void *arg);
void memhost_ping_stop(struct memping *p);
#endif
