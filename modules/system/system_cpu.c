/* show processes cpu: where the processor's time goes, how late timers fire, how long the loop's turns last. The table
 * is IOS's (ios-cli 11.8); what the loop measures beyond it stands in rows of the same form behind the processes,
 * because programs take the table apart and know no other line. */
#include "modules/core/meter.h"
#include "modules/system/system.h"
#include "system_cmd.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LATENESS_PID = 901, TURNS_PID = 911 };

static const char *const class_names[TIMER_CLASSES] = {"other", "hello", "hold"};

void system_cpu_sample(void *arg)
{
    struct system *s = arg;
    meter_sample(s->r->loop);
    timer_start(&s->cpu_timer, NS_PER_S);
}

static int percent(double share)
{
    return share > 100 ? 100 : (int)(share + 0.5);
}

struct sorted {
    struct meter_row row;
    unsigned pid;
    double by;
};

static int by_share(const void *a, const void *b)
{
    const struct sorted *x = a, *y = b;
    return x->by > y->by ? -1 : x->by < y->by ? 1 : (int)x->pid - (int)y->pid;
}

static void show_row(struct out *o, const struct sorted *p)
{
    const struct meter_row *row = &p->row;
    unsigned long long runs = row->runs, us = (unsigned long long)(row->used / NS_PER_US);
    out_text(o, "%4u%12llu%10llu%11llu%6.2f%%%6.2f%%%6.2f%%%4d %-16s\n", p->pid, us / 1000, runs, runs ? us / runs : 0,
             row->five_s, row->one_min, row->five_min, 0, row->name);
    out_object(o, NULL);
    out_int(o, "pid", p->pid);
    out_str(o, "process", row->name);
    out_int(o, "runtime_ms", (int64_t)(us / 1000));
    out_int(o, "invoked", (int64_t)runs);
    out_int(o, "usecs", (int64_t)(runs ? us / runs : 0));
    out_fmt(o, "five_seconds", "%.2f", row->five_s);
    out_fmt(o, "one_minute", "%.2f", row->one_min);
    out_fmt(o, "five_minutes", "%.2f", row->five_min);
    out_int(o, "longest_us", row->longest / NS_PER_US);
    out_bool(o, "thread", row->thread);
    out_end(o);
}

static void extra_row(struct out *o, unsigned pid, uint64_t n, nstime us, const char *text)
{
    out_text(o, "%4u%12d%10llu%11lld%6.2f%%%6.2f%%%6.2f%%%4d %s\n", pid, 0, (unsigned long long)n, (long long)us, 0.0,
             0.0, 0.0, 0, text);
}

/* The row's uSecs are the 99.9th percentile. */
static void show_lateness(struct out *o, const struct loop *loop)
{
    out_object(o, "lateness");
    for (unsigned cls = 0; cls < TIMER_CLASSES; cls++) {
        struct meter_lateness l;
        char text[128];
        meter_lateness(loop, (enum timer_class)cls, &l);
        snprintf(text, sizeof text, "Lateness of %s timers: p50 %lld us, p99 %lld us, p99.9 %lld us, max %lld us",
                 class_names[cls], (long long)(l.p50 / NS_PER_US), (long long)(l.p99 / NS_PER_US),
                 (long long)(l.p999 / NS_PER_US), (long long)(l.max / NS_PER_US));
        extra_row(o, LATENESS_PID + cls, l.n, l.p999 / NS_PER_US, text);
        out_object(o, class_names[cls]);
        out_int(o, "fired", (int64_t)l.n);
        out_int(o, "p50_us", l.p50 / NS_PER_US);
        out_int(o, "p99_us", l.p99 / NS_PER_US);
        out_int(o, "p99_9_us", l.p999 / NS_PER_US);
        out_int(o, "max_us", l.max / NS_PER_US);
        out_end(o);
    }
    out_end(o);
}

static void show_turns(struct out *o, const struct loop *loop)
{
    struct meter_turns t;
    char text[160];
    meter_turns(loop, &t);
    snprintf(text, sizeof text, "Turns of the control loop (%s): longest %lld us (%s %lld us), %llu over 1 ms",
             meter_scheduling(loop), (long long)(t.longest / NS_PER_US), t.part ? t.part : "none",
             (long long)(t.part_longest / NS_PER_US), (unsigned long long)t.over);
    extra_row(o, TURNS_PID, t.n, t.longest / NS_PER_US, text);
    out_object(o, "turns");
    out_int(o, "turns", (int64_t)t.n);
    out_int(o, "over_1_ms", (int64_t)t.over);
    out_int(o, "longest_us", t.longest / NS_PER_US);
    out_str(o, "process", t.part);
    out_int(o, "process_us", t.part_longest / NS_PER_US);
    out_end(o);
    out_str(o, "scheduling", meter_scheduling(loop));
}

int system_cmd_show_processes(struct cmd *c, struct args_show_processes_cpu *a)
{
    const struct loop *loop = c->router->loop;
    struct out *o = c->out;
    int total[3] = {percent(meter_total(loop, 0, false)), percent(meter_total(loop, 1, false)),
                    percent(meter_total(loop, 2, false))};
    int interrupt = percent(meter_total(loop, 0, true));
    out_text(o, "CPU utilization for five seconds: %d%%/%d%%; one minute: %d%%; five minutes: %d%%\n", total[0],
             interrupt, total[1], total[2]);
    out_text(o, " PID Runtime(ms)   Invoked      uSecs   5Sec   1Min   5Min TTY Process\n");
    out_int(o, "five_seconds", total[0]);
    out_int(o, "interrupt", interrupt);
    out_int(o, "one_minute", total[1]);
    out_int(o, "five_minutes", total[2]);
    struct sorted rows[METER_PARTS];
    unsigned n = meter_rows(loop);
    for (unsigned i = 0; i < n; i++) {
        meter_row(loop, i, &rows[i].row);
        rows[i].pid = i + 1;
        rows[i].by = a->kw_1min ? rows[i].row.one_min : a->kw_5min ? rows[i].row.five_min : rows[i].row.five_s;
    }
    if (a->kw_sorted)
        qsort(rows, n, sizeof *rows, by_share);
    out_array(o, "processes");
    for (unsigned i = 0; i < n; i++)
        show_row(o, &rows[i]);
    out_end(o);
    show_lateness(o, loop);
    show_turns(o, loop);
    return CMD_OK;
}

/* One column a second, newest at the left; a column's mark is its share rounded to tens. */
int system_cmd_show_processes_history(struct cmd *c, struct args_show_processes_cpu_history *a)
{
    uint8_t share[METER_HISTORY];
    struct out *o = c->out;
    (void)a;
    meter_history(c->router->loop, share);
    for (unsigned digit = 100; digit; digit /= 10) { /* the figures, upright */
        out_text(o, "      ");
        for (unsigned i = 0; i < METER_HISTORY; i++)
            out_text(o, "%c", share[i] >= digit || digit == 1 ? (char)('0' + share[i] / digit % 10) : ' ');
        out_text(o, "\n");
    }
    for (unsigned level = 100; level; level -= 10) {
        out_text(o, "%5u ", level);
        for (unsigned i = 0; i < METER_HISTORY; i++)
            out_text(o, "%c", share[i] + 5u >= level ? '*' : ' ');
        out_text(o, "\n");
    }
    out_text(o, "     0....5....1....1....2....2....3....3....4....4....5....5....6\n"
                "               0    5    0    5    0    5    0    5    0    5    0\n"
                "               CPU%% per second (last 60 seconds)\n"
                "              * = maximum CPU%%   # = average CPU%%\n");
    out_array(o, "per_second");
    for (unsigned i = 0; i < METER_HISTORY; i++)
        out_int(o, NULL, share[i]);
    out_end(o);
    return CMD_OK;
}

int system_cmd_clear_processes(struct cmd *c, struct args_clear_processes_cpu *a)
{
    (void)a;
    meter_clear(c->router->loop);
    return CMD_OK;
}
