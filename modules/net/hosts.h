/* The static host table (`ip host`): names that ping and traceroute take for an address. Names compare case-blind. */
#ifndef TAPIR_NET_HOSTS_H
#define TAPIR_NET_HOSTS_H
#include "modules/core/addr.h"

enum { HOST_ADDRS_MAX = 8, HOSTS_MAX = 1024 };
struct net;
struct router;
struct host {
    char name[64];
    struct addr addr[HOST_ADDRS_MAX];
    unsigned n_addrs;
    struct host *next; /* by name */
};

/* Replaces what the name stood for. 0, -ENOSPC, -ENOMEM. */
int host_put(struct router *r, const char *name, const struct addr *addrs, unsigned n);
void host_drop(struct router *r, const char *name);
const struct host *host_find(const struct router *r, const char *name);
const struct host *host_next(const struct router *r, const struct host *prev);
void hosts_fini(struct net *net);
/* An address as typed, or the first of a host's. */
bool host_resolve(const struct router *r, const char *text, struct addr *out);
#endif
