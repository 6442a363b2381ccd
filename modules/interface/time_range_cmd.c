/* time-range, absolute, periodic, show time-range. Syntax: IOS 15. Called through the tables (grammar/timerange.gram).
 */
#include "modules/core/router.h"
#include "modules/net/time_range.h"
#include "timerange_cmd.h"
#include <stdio.h>
#include <string.h>

static const char *const days[] = {"Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"};
static const char *const months[] = {"January", "February", "March",     "April",   "May",      "June",
                                     "July",    "August",   "September", "October", "November", "December"};
enum { LAST_MINUTE = DAY_MINUTES - 1 };

int interface_cmd_time_range(struct cmd *c, struct args_time_range *a)
{
    if (c->op == CMD_UNSET)
        time_range_remove(c->router, a->name);
    else if (time_range_define(c->router, a->name))
        return cmd_error(c, "%% Cannot make the time range: the table is full");
    return CMD_OK;
}

static struct time_range *here(struct cmd *c)
{
    const struct args_time_range *b = CMD_BLOCK(c, time_range, "time-range");
    return b ? time_range_find(c->router, b->name) : NULL;
}

/* "8:05" or "08:05" into minutes of the day; -1. */
static int minute_of(const char *text)
{
    unsigned h, m;
    char end;
    size_t colon = strspn(text, "0123456789");
    bool good = (colon == 1 || colon == 2) && strlen(text) == colon + 3 &&
                strspn(text + colon + 1, "0123456789") == 2 && sscanf(text, "%2u:%2u%c", &h, &m, &end) == 2 && h < 24 &&
                m < 60;
    return good ? (int)(h * 60 + m) : -1;
}

/* 23:59 as an end is the day's last minute, whole. */
static int end_of(int minute)
{
    return minute == LAST_MINUTE ? DAY_MINUTES : minute;
}

struct date {
    const char **time, **day;
    uint32_t year;
    bool month[12];
};
#define DATE(a, s)                                                                                                     \
    {                                                                                                                  \
        &(a)->s##_time, &(a)->s##_day, (a)->s##_year,                                                                  \
        {                                                                                                              \
            (a)->kw_##s##_January, (a)->kw_##s##_February, (a)->kw_##s##_March, (a)->kw_##s##_April,                   \
                (a)->kw_##s##_May, (a)->kw_##s##_June, (a)->kw_##s##_July, (a)->kw_##s##_August,                       \
                (a)->kw_##s##_September, (a)->kw_##s##_October, (a)->kw_##s##_November, (a)->kw_##s##_December         \
        }                                                                                                              \
    }

/* Minutes since 1970, or -1 (said why); the text as IOS shows it goes to the end of *out. The args get the two digits
 * of IOS as well, which the range keeps for them. */
static int64_t date_read(struct cmd *c, struct date *d, bool end, struct time_range *t, struct strbuf *out)
{
    int minute = minute_of(*d->time), month = 0, day = 0;
    char *shown_time = t->shown[end].time, *shown_day = t->shown[end].day, extra;
    while (month < 11 && !d->month[month])
        month++;
    bool number = sscanf(*d->day, "%2d%c", &day, &extra) == 1;
    struct civil civil = {.year = (int)d->year, .month = month + 1, .day = day};
    nstime wall = wall_from_civil(&civil);
    if (minute < 0 || !number || day < 1 || wall_civil(wall).day != day) {
        cmd_error(c, "%% Invalid %s \"%s\"", minute < 0 ? "time" : "day", minute < 0 ? *d->time : *d->day);
        return -1;
    }
    snprintf(shown_time, sizeof t->shown[end].time, "%02u:%02u", (unsigned)minute / 60 % 24, (unsigned)minute % 60);
    snprintf(shown_day, sizeof t->shown[end].day, "%02u", (unsigned)day % 100);
    *d->time = shown_time;
    *d->day = shown_day;
    strbuf_add(out, " %s %s %s %s %u", end ? "end" : "start", shown_time, shown_day, months[month], d->year);
    return wall / (60 * NS_PER_S) + (end ? end_of(minute) : minute);
}

int interface_cmd_time_absolute(struct cmd *c, struct args_time_range_absolute *a)
{
    struct time_range *t = here(c);
    struct date start = DATE(a, start), end = DATE(a, end);
    struct strbuf text = {0};
    int64_t from = INT64_MIN, to = INT64_MAX;
    if (!t)
        return CMD_ERROR;
    if (c->op == CMD_UNSET) {
        time_range_absolute_clear(c->router, t);
        return CMD_OK;
    }
    if (a->has_start_time)
        from = date_read(c, &start, false, t, &text);
    if (a->has_end_time && from != -1)
        to = date_read(c, &end, true, t, &text);
    int rc = from == -1 || to == -1 ? CMD_ERROR
             : to <= from           ? cmd_error(c, "%% The end of the time range is not behind its start")
                                    : CMD_OK;
    if (rc == CMD_OK)
        time_range_absolute(c->router, t, from, to, text.s);
    strbuf_free(&text);
    return rc;
}

/* The days of a periodic line as bits, Monday first, and as IOS shows them. */
static uint8_t days_read(const struct args_time_range_periodic *a, struct strbuf *out)
{
    const bool named[] = {a->kw_Monday, a->kw_Tuesday,  a->kw_Wednesday, a->kw_Thursday,
                          a->kw_Friday, a->kw_Saturday, a->kw_Sunday};
    uint8_t bits = a->kw_daily ? 0x7f : a->kw_weekdays ? 0x1f : a->kw_weekend ? 0x60 : 0;
    if (bits)
        strbuf_add(out, " %s", a->kw_daily ? "daily" : a->kw_weekdays ? "weekdays" : "weekend");
    for (unsigned i = 0; i < 7; i++)
        if (named[i]) {
            bits |= (uint8_t)(1u << i);
            strbuf_add(out, " %s", days[i]);
        }
    return bits;
}

static int to_day(const struct args_time_range_periodic *a)
{
    const bool named[] = {a->kw_to_Monday, a->kw_to_Tuesday,  a->kw_to_Wednesday, a->kw_to_Thursday,
                          a->kw_to_Friday, a->kw_to_Saturday, a->kw_to_Sunday};
    for (int i = 0; i < 7; i++)
        if (named[i])
            return i;
    return -1;
}

static int periodic_read(struct cmd *c, const struct args_time_range_periodic *a, struct periodic *p)
{
    int from = minute_of(a->from), until = minute_of(a->until), last = to_day(a), first = 0;
    struct strbuf text = {0};
    *p = (struct periodic){0};
    if (from < 0 || until < 0)
        return cmd_error(c, "%% Invalid time \"%s\": hh:mm", from < 0 ? a->from : a->until);
    p->days = days_read(a, &text);
    while (!(p->days >> first & 1))
        first++;
    bool several = p->days >> first != 1;
    strbuf_add(&text, " %d:%02d to %s%s%d:%02d", from / 60, from % 60, last < 0 ? "" : days[last], last < 0 ? "" : " ",
               until / 60, until % 60);
    snprintf(p->text, sizeof p->text, "%s", text.s + 1);
    strbuf_free(&text);
    if (last >= 0 && several)
        return cmd_error(c, "%% An ending day goes with one starting day");
    int end = end_of(until) + (last < 0 ? 0 : (last - first + 7) % 7 * DAY_MINUTES);
    p->from = (uint16_t)from;
    if (end <= from) /* over midnight, or over the end of the week */
        end += last < 0 ? DAY_MINUTES : WEEK_MINUTES;
    p->span = (uint16_t)(end - from);
    return CMD_OK;
}

int interface_cmd_time_periodic(struct cmd *c, struct args_time_range_periodic *a)
{
    struct time_range *t = here(c);
    struct periodic p;
    if (!t || periodic_read(c, a, &p) != CMD_OK)
        return CMD_ERROR;
    a->from += a->from[0] == '0' && a->from[1] != ':'; /* IOS shows 8:00 here, and 08:00 at absolute */
    a->until += a->until[0] == '0' && a->until[1] != ':';
    if (c->op == CMD_UNSET)
        time_range_periodic_drop(c->router, t, p.text);
    else if (time_range_periodic(c->router, t, &p))
        return cmd_error(c, "%% Too many periodic entries");
    return CMD_OK;
}

int interface_show_time_range(struct cmd *c, struct args_show_time_range *a)
{
    out_array(c->out, NULL);
    for (struct time_range *t = NULL; (t = time_range_next(c->router, t));) {
        if (a->has_name && strcmp(t->name, a->name) != 0)
            continue;
        out_text(c->out, "time-range entry: %s (%s)\n", t->name, t->active ? "active" : "inactive");
        out_object(c->out, NULL);
        out_str(c->out, "name", t->name);
        out_bool(c->out, "active", t->active);
        if (t->has_absolute) {
            out_text(c->out, "   absolute%s\n", t->absolute);
            out_str(c->out, "absolute", t->absolute + 1);
        }
        out_array(c->out, "periodic");
        for (const struct periodic *p = t->periodic; p; p = p->next) {
            out_text(c->out, "   periodic %s\n", p->text);
            out_str(c->out, NULL, p->text);
        }
        out_end(c->out);
        for (unsigned i = 0; i < t->refs; i++)
            out_text(c->out, "   used in: IP ACL entry\n");
        out_int(c->out, "used_in", t->refs);
        out_end(c->out);
    }
    out_end(c->out);
    return CMD_OK;
}
