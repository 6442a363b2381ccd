/* The meter's storage inside struct loop and what the loops call at each dispatch. Only files of this folder. */
#ifndef TAPIR_CORE_METER_INTERNAL_H
#define TAPIR_CORE_METER_INTERNAL_H
#include "modules/core/meter.h"

#define METER_SECONDS 6  /* samples a second apart: the five-second window */
#define METER_SLOTS 61   /* samples five seconds apart: one and five minutes */
#define METER_OCTAVES 27 /* lateness from 1 us to over a minute */
#define METER_BUCKETS (METER_OCTAVES * 8)

struct meter_slot {
    char name[28];
    bool thread, interrupt, gone;
    pthread_t id;
    uint64_t runs;
    nstime used, longest;
    nstime raw, raw_seen; /* as measured by the wall clock, and how much of it the last sample has taken over */
    nstime second[METER_SECONDS], five[METER_SLOTS];
};
struct meter_histogram {
    uint32_t bucket[METER_BUCKETS];
    uint64_t n;
    nstime max;
};
struct meter {
    bool on, guest;
    unsigned n, current;
    nstime since; /* when `current` was entered */
    struct meter_slot part[METER_PARTS];
    struct meter_histogram late[TIMER_CLASSES];
    uint64_t samples;
    nstime sampled_at[METER_SLOTS], second_at[METER_SECONDS];
    nstime thread_cpu; /* of the loop's own thread, at the last sample */
    uint8_t history[METER_HISTORY];
    nstime turn_began, turn_worst;
    unsigned turn_worst_part;
    struct meter_turns turns;
    const char *scheduling;
};
void meter_init(struct loop *loop, bool on);
void meter_timer_fired(struct loop *loop, const struct timer *t, nstime now);
/* One dispatch of the loop: enters the part, counts a run; the end notes how long it took. */
nstime meter_run_begin(struct loop *loop, unsigned part);
void meter_run_end(struct loop *loop, nstime began);
void meter_turn_begin(struct loop *loop, nstime now, bool guest); /* guest: of another thread, which has a row */
void meter_turn_end(struct loop *loop);
#endif
