/* A topology on simulated time: shared by `tapir sim` and the long runs in tests/sim. */
#ifndef TAPIR_CLI_SIM_H
#define TAPIR_CLI_SIM_H
#include "cli/scenario.h"
#include "cli/world.h"
#include <stdio.h>

struct sim_router { /* a log reader of one router */
    struct sim *sim;
    char name[64];
    uint64_t printed; /* last event id of this incarnation */
    unsigned boots;
};
struct sim {
    struct world *world;
    struct topology *topology; /* borrowed */
    FILE *out;                 /* the transcript */
    bool quiet;                /* no log lines */
    struct sim_router *routers;
    unsigned n_routers;
    struct report *report; /* fed with frames; may be NULL */
    unsigned failed;       /* invariants that did not hold */
};
/* Builds the world of s->topology; routers are still off. 0, or 1 with a line in err. */
int sim_build(struct sim *s, uint64_t seed, char *err, size_t errlen);
void sim_power_all(struct sim *s);
void sim_free(struct sim *s); /* not the topology */
void sim_say(struct sim *s, const char *line);
void sim_backend(struct sim *s, struct scenario_backend *b, uint64_t seed);
/* Runs every router's audit; adds to s->failed and says each failure. */
void sim_audit(struct sim *s);
/* One pcap per switch in dir. NULL: a line in err. Closed after sim_free. */
struct sim_capture;
struct sim_capture *sim_capture_open(struct sim *s, const char *dir, char *err, size_t errlen);
void sim_capture_close(struct sim_capture *c);
/* Paced pings of built-in hosts. */
void *world_host_probe(struct world *w, const char *name, struct probe *p);
void world_host_probe_end(void *handle);
#endif
