/* The wall clock as people read it: UTC calendar fields from loop_wall(). Log lines, show clock, show version. */
#ifndef TAPIR_CORE_WALL_H
#define TAPIR_CORE_WALL_H
#include "modules/core/loop.h"

struct civil {
    int year, month, day; /* month 1..12 */
    int hour, minute, second, msec;
    int weekday; /* 0: Sunday */
};
struct civil wall_civil(nstime wall);
nstime wall_from_civil(const struct civil *c); /* the weekday is not looked at */
const char *wall_month(int month);             /* "Nov" */
const char *wall_weekday(int weekday);         /* "Mon" */
#define WALL_STRLEN 64
/* "12:00:46 UTC Mon Nov 23 2026", with msec "12:00:46.123 UTC …" */
const char *wall_format(nstime wall, bool msec, char buf[WALL_STRLEN]);
/* The same in another zone, east of UTC; zone "" is UTC. */
const char *wall_format_zone(nstime wall, bool msec, const char *zone, int minutes, char buf[WALL_STRLEN]);
#endif
