/* The wall clock as people read and type it: UTC calendar fields from loop_wall() or router_wall(). Log lines, show
 * clock, lifetimes of keys. */
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
int wall_month_of(const char *text);           /* 1..12 from "nov", "November"; 0: it is none */
/* "hh:mm:ss" on a day that there is; false: one of them is wrong. */
bool wall_moment(const char *clock, int month, unsigned day, unsigned year, nstime *out);
const char *wall_weekday(int weekday); /* "Mon" */
#define WALL_STRLEN 64
/* "12:00:46 UTC Mon Nov 23 2026", with msec "12:00:46.123 UTC …" */
const char *wall_format(nstime wall, bool msec, char buf[WALL_STRLEN]);
/* The same in another zone, east of UTC; zone "" is UTC. */
const char *wall_format_zone(nstime wall, bool msec, const char *zone, int minutes, char buf[WALL_STRLEN]);
#endif
