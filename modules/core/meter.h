/* Where the time goes and how late timers fire: processor time per part of the router, the longest turn of the loop,
 * and the lateness of timers by class. One meter a loop; in sim it counts nothing. The loop measures, the modules name
 * their parts (struct module.process), `show processes cpu` reads. All calls on the control thread. */
#ifndef TAPIR_CORE_METER_H
#define TAPIR_CORE_METER_H
#include "modules/core/loop.h"
#include <pthread.h>

#define METER_PARTS 40
#define METER_TURN_MAX (NS_PER_MS) /* what a turn should last at most (DESIGN 6) */

/* Work belongs to the part that is current when it is done. A timer belongs to the part in which timer_init() was
 * called, a descriptor to the one that added it, a task to the one that queued it. Part 0 is the loop itself. */
unsigned meter_part(struct loop *loop, const char *name); /* finds or makes; 0 if the table is full */
unsigned meter_enter(struct loop *loop, unsigned part);   /* returns the part left, for meter_leave() */
void meter_leave(struct loop *loop, unsigned back);       /* the same as entering it, but counts no run */
unsigned meter_current(const struct loop *loop);
/* A thread beside the loop's own. interrupt: its share is the second figure of "4%/0%". Until meter_thread_gone(). */
unsigned meter_thread(struct loop *loop, const char *name, pthread_t thread, bool interrupt);
void meter_thread_gone(struct loop *loop, unsigned part);

/* ---- reading ---- */
struct meter_row {
    const char *name; /* borrowed */
    bool thread, interrupt;
    uint64_t runs;
    nstime used;                      /* since the start */
    nstime longest;                   /* the longest single run */
    double five_s, one_min, five_min; /* percent of one processor */
};
unsigned meter_rows(const struct loop *loop);
void meter_row(const struct loop *loop, unsigned part, struct meter_row *out);
/* Percent of one processor: all threads; those marked interrupt. windows: 0: 5 s, 1: 1 min, 2: 5 min. */
double meter_total(const struct loop *loop, unsigned window, bool interrupt_only);
#define METER_HISTORY 60
/* Percent of one processor for each of the last 60 seconds, newest first; those not lived yet are 0. */
void meter_history(const struct loop *loop, uint8_t percent[METER_HISTORY]);
void meter_sample(struct loop *loop); /* once a second, by the system module */

struct meter_turns {
    uint64_t n, over;    /* turns; those longer than METER_TURN_MAX */
    nstime longest;      /* the longest turn since the last clear */
    const char *part;    /* whose run was the longest in it */
    nstime part_longest; /* that run */
};
void meter_turns(const struct loop *loop, struct meter_turns *out);

struct meter_lateness {
    uint64_t n;
    nstime p50, p99, p999, max; /* percentiles are upper bounds within 1/8 of the value */
};
void meter_lateness(const struct loop *loop, enum timer_class cls, struct meter_lateness *out);
/* How the kernel schedules the loop's thread, for show: "SCHED_FIFO 10", "nice -20", "plain". Borrowed literal. */
void meter_scheduling_set(struct loop *loop, const char *text);
const char *meter_scheduling(const struct loop *loop);
void meter_clear(struct loop *loop); /* turns, lateness and longest runs; processor time goes on */
#endif
