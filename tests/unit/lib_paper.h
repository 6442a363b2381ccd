/* The paper's pair and its spoke on simulated time, as examples/whitepaper describes them, with the paper's own timers.
 * Used by the tests of the paper's two tables. */
#ifndef TAPIR_TESTS_LIB_PAPER_H
#define TAPIR_TESTS_LIB_PAPER_H
#include "cli/sim.h"
#include "modules/core/log.h"

struct paper {
    struct topology *topology;
    struct sim sim;
    struct world *w;
    FILE *out;
    const char *active, *standby;           /* who is what now; paper_roles */
    unsigned ike, informational, main_mode; /* ISAKMP packets seen on the outside switch */
    unsigned informational_from_spoke;
    unsigned clear; /* protected packets in clear */
};

/* Converged, no SAs yet. */
void paper_open(struct paper *p);
void paper_close(struct paper *p);
void paper_roles(struct paper *p);
void paper_settle(struct paper *p); /* until one is ACTIVE and the other STANDBY HOT; fails after 240 s */
/* One ping a second from the spoke through the tunnel; how many of n came back. */
unsigned paper_ping(struct paper *p, unsigned n);
/* Output of a command that must be accepted. malloc'd. */
char *paper_exec(struct paper *p, const char *node, const char *command);
void paper_has(struct paper *p, const char *node, const char *command, const char *text);
void paper_lacks(struct paper *p, const char *node, const char *command, const char *text);
/* The whole output, byte for byte; in the pattern `@` is any one character and `*` a run without blanks. */
void paper_is(struct paper *p, const char *node, const char *command, const char *pattern);
bool paper_match(const char *text, const char *pattern);
/* Every debug line a router prints from now on, one per line, in text. */
struct paper_lines {
    char *text;
    size_t len, cap;
    unsigned n;
};
void paper_listen(struct paper *p, const char *node, struct paper_lines *l);
/* True if a line of l matches the pattern (which may begin or end anywhere in the line). */
bool paper_line(const struct paper_lines *l, const char *pattern);
#endif
