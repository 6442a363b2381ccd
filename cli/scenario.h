/* The scenario language (CONTRACT 4) behind one small interface, so that `lab run` and `sim --script` run the same
 * files. Everything is synchronous: the backend lets time pass while it waits. */
#ifndef TAPIR_CLI_SCENARIO_H
#define TAPIR_CLI_SCENARIO_H
#include "cli/report.h"
#include "cli/topology.h"
#include "modules/core/loop.h"
#include "modules/core/out.h"
#include "modules/net/link.h"

struct scenario_backend {
    void *ctx;
    const struct topology *topology;
    bool simulated;
    uint64_t seed;
    nstime (*now)(void *ctx);                     /* same clock as the routers' event log and the frames */
    void (*advance)(void *ctx, nstime span);      /* frames and probe lines are collected meanwhile */
    bool (*running)(void *ctx, const char *node); /* a router that is powered and not between two boots */
    char *(*exec)(void *ctx, const char *node, const char *command, int *status); /* malloc'd; hosts too */
    unsigned (*paste)(void *ctx, const char *node, const char *text);             /* rejected lines */
    bool (*kill)(void *ctx, const char *node);
    bool (*start)(void *ctx, const char *node);
    bool (*carrier)(void *ctx, const char *node, const char *ifname, bool up);
    bool (*fault)(void *ctx, const char *bridge, const char *port,
                  const struct link_fault_spec *spec); /* NULL: clear */
    bool (*probe_start)(void *ctx, struct probe *p);   /* feeds p until probe_stop */
    void (*probe_stop)(void *ctx, struct probe *p);
    void (*say)(void *ctx, const char *line); /* one transcript line, no \n: the backend puts the time in front */
};

struct scenario;
struct scenario *scenario_new(const struct scenario_backend *b); /* borrows b */
void scenario_free(struct scenario *sc);
struct report *scenario_report(struct scenario *sc); /* the backend feeds it frames */
/* Runs a file. 0, or 1 and the first line that did not hold on stderr. */
int scenario_run(struct scenario *sc, const char *path);
/* One statement of the language; false: it did not hold, reason says why. */
bool scenario_line(struct scenario *sc, const char *line, char *reason, size_t len);
/* Relative file names of statements are looked up there. */
void scenario_dir(struct scenario *sc, const char *dir);

/* CONTRACT 2: true when converged, else one line per thing missing is added. (scenario_wait.c) */
bool scenario_converged(const struct scenario_backend *b, struct strbuf *missing);
/* A node's name, or `active`, `standby`: the router that says so now. NULL: none. Static text of the topology. */
const char *scenario_role_node(const struct scenario_backend *b, const char *word);
/* Largest HSRP hold time any running router has, 0 if none. */
nstime scenario_hold(const struct scenario_backend *b);
#endif
