/* What report.c gathers and report_out.c writes. */
#ifndef TAPIR_CLI_REPORT_INT_H
#define TAPIR_CLI_REPORT_INT_H
#include "cli/report.h"

#define REPORT_PAIRS 16
struct spi {
    uint32_t spi, src, dst;
    char sw[64];
    bool from_virtual; /* sent by the pair, from a virtual MAC */
    uint64_t before, after;
    uint32_t last_before, first_after, last_after;
    nstime first_after_at, last_before_at, last_after_at;
};
struct seen {
    uint64_t key, digest;
};
struct pair {
    uint32_t a, b;
};
struct entry {
    nstime at;
    char *node, *what, *cause;
};
struct report {
    bool disrupted;
    nstime disrupted_at, hold;
    struct spi *spis;
    unsigned n_spis, cap_spis;
    struct seen *seen;
    size_t n_seen, cap_seen;
    struct pair pairs[REPORT_PAIRS];
    unsigned n_pairs;
    uint64_t ike_total, ike_after;
    unsigned reused, clear;
    struct entry *timeline;
    unsigned n_timeline, cap_timeline;
};
#endif
