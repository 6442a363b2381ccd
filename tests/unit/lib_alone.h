/* One router without a wire, a host or a disk: for tests and fuzz targets that only type at it or feed it bytes. */
#ifndef TAPIR_TESTS_LIB_ALONE_H
#define TAPIR_TESTS_LIB_ALONE_H
#include "modules/core/router.h"

struct alone {
    struct loop *loop;
    struct rng *rng; /* the same numbers each time */
    struct storage storage;
    struct router *r;
};
/* Takes the loop over. Aborts when there is no memory. The router is not started: router_start() when it is set up. */
void alone_open(struct alone *a, const char *name, struct loop *loop);
void alone_close(struct alone *a);
struct loop *alone_sim_loop(void); /* a fixed date in 2026 */
#endif
