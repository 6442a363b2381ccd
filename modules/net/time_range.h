/* Time ranges that lines of access lists name. Their clock is the router's own, in its time zone. A line whose range is
 * not active is passed over; a range that nobody has defined counts as active, as in IOS. */
#ifndef TAPIR_NET_TIME_RANGE_H
#define TAPIR_NET_TIME_RANGE_H
#include "modules/core/out.h"
#include "modules/core/wall.h"

struct router;
struct net;
enum { DAY_MINUTES = 24 * 60, WEEK_MINUTES = 7 * DAY_MINUTES };
/* One `periodic` line: on each of the days (bit 0: Monday) from..until, minutes of the day; or once, over `span`
 * minutes from there on. Half open; the minute 23:59 as an end is the day's whole last minute. */
struct periodic {
    uint8_t days;
    uint16_t from, span;
    char text[96];
    struct periodic *next;
};
struct time_range {
    char name[64];
    bool defined, active;
    unsigned refs; /* lines that name it */
    bool has_absolute;
    int64_t start, end; /* minutes of the zone's civil time since 1970, half open; INT64_MIN, INT64_MAX: open */
    char absolute[128];
    struct {
        char time[8], day[4];
    } shown[2]; /* start, end: as the configuration has them */
    struct periodic *periodic;
    struct time_range *next; /* by name */
};

void time_ranges_fini(struct net *net);
/* A reference, to give back; makes an entry without definition where there is none. NULL: the table is full. */
struct time_range *time_range_get(struct router *r, const char *name);
void time_range_put(struct router *r, struct time_range *t); /* NULL: nothing */
struct time_range *time_range_find(struct router *r, const char *name);
struct time_range *time_range_next(struct router *r, struct time_range *prev);
int time_range_define(struct router *r, const char *name); /* 0, -ENOSPC */
void time_range_remove(struct router *r, const char *name);
void time_range_absolute(struct router *r, struct time_range *t, int64_t start, int64_t end, const char *text);
void time_range_absolute_clear(struct router *r, struct time_range *t);
int time_range_periodic(struct router *r, struct time_range *t, const struct periodic *p); /* copies; 0, -ENOSPC */
int time_range_periodic_drop(struct router *r, struct time_range *t, const char *text);    /* -ENOENT */
/* The clock or its zone was set: every range is looked at anew. */
void time_ranges_clock(struct router *r);
#endif
