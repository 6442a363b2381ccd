/* Calendar arithmetic on nanoseconds since 1970, UTC, without the C library's time zone state. Called by the log
 * and the system module. Days from civil and back after H. Hinnant's proleptic Gregorian algorithms. */
#include "modules/core/wall.h"
#include <stdio.h>
#include <string.h>
#include <strings.h>

struct civil wall_civil(nstime wall)
{
    int64_t days = wall / (86400 * NS_PER_S), rest = wall % (86400 * NS_PER_S);
    if (rest < 0) {
        rest += 86400 * NS_PER_S;
        days--;
    }
    struct civil c = {.weekday = (int)((days % 7 + 11) % 7)}; /* 1970-01-01 was a Thursday */
    int64_t z = days + 719468, era = (z >= 0 ? z : z - 146096) / 146097;
    int64_t doe = z - era * 146097, yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100), mp = (5 * doy + 2) / 153;
    c.day = (int)(doy - (153 * mp + 2) / 5 + 1);
    c.month = (int)(mp < 10 ? mp + 3 : mp - 9);
    c.year = (int)(yoe + era * 400 + (c.month <= 2));
    int64_t ms = rest / NS_PER_MS;
    c.msec = (int)(ms % 1000);
    c.second = (int)(ms / 1000 % 60);
    c.minute = (int)(ms / 60000 % 60);
    c.hour = (int)(ms / 3600000);
    return c;
}

nstime wall_from_civil(const struct civil *c)
{
    int64_t y = c->year - (c->month <= 2), era = (y >= 0 ? y : y - 399) / 400, yoe = y - era * 400;
    int64_t doy = (153 * (c->month > 2 ? c->month - 3 : c->month + 9) + 2) / 5 + c->day - 1;
    int64_t days = era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
    return (((days * 24 + c->hour) * 60 + c->minute) * 60 + c->second) * NS_PER_S + c->msec * NS_PER_MS;
}

const char *wall_month(int month)
{
    static const char *const names[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                        "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    return names[(unsigned)(month - 1) % 12];
}

int wall_month_of(const char *text)
{
    static const char *const names[] = {"january", "february", "march",     "april",   "may",      "june",
                                        "july",    "august",   "september", "october", "november", "december"};
    for (int i = 0; i < 12; i++)
        if (strlen(text) >= 3 && !strncasecmp(names[i], text, strlen(text)))
            return i + 1;
    return 0;
}

bool wall_moment(const char *clock, int month, unsigned day, unsigned year, nstime *out)
{
    unsigned h, m, s;
    char end;
    if (sscanf(clock, "%2u:%2u:%2u%c", &h, &m, &s, &end) != 3 || h > 23 || m > 59 || s > 59 || !month)
        return false;
    struct civil c = {
        .year = (int)year, .month = month, .day = (int)day, .hour = (int)h, .minute = (int)m, .second = (int)s};
    *out = wall_from_civil(&c);
    return wall_civil(*out).day == (int)day; /* no 31st of June */
}

const char *wall_weekday(int weekday)
{
    static const char *const names[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    return names[(unsigned)weekday % 7];
}

const char *wall_format_zone(nstime wall, bool msec, const char *zone, int minutes, char buf[WALL_STRLEN])
{
    struct civil c = wall_civil(*zone ? wall + minutes * 60 * NS_PER_S : wall);
    char ms[16] = "";
    if (msec)
        snprintf(ms, sizeof ms, ".%03d", c.msec);
    snprintf(buf, WALL_STRLEN, "%02d:%02d:%02d%s %s %s %s %d %d", c.hour, c.minute, c.second, ms, *zone ? zone : "UTC",
             wall_weekday(c.weekday), wall_month(c.month), c.day, c.year);
    return buf;
}

const char *wall_format(nstime wall, bool msec, char buf[WALL_STRLEN])
{
    return wall_format_zone(wall, msec, "", 0, buf);
}
