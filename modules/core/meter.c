/* See meter.h. Time is read from the wall clock at each change of part (20 ns; the thread's own clock would cost twenty
 * times as much) and scaled, once a second, to the processor time that the thread really got. */
#include "modules/core/loop_internal.h"
#include "modules/core/meter_internal.h"
#include <stdio.h>
#include <string.h>

static nstime fresh(struct loop *loop)
{
    return loop->ops->fresh(loop);
}

void meter_init(struct loop *loop, bool on)
{
    struct meter *m = &loop->meter;
    m->on = on;
    m->n = 1;
    snprintf(m->part[0].name, sizeof m->part[0].name, "Scheduler");
    m->since = on ? fresh(loop) : 0;
}

unsigned meter_part(struct loop *loop, const char *name)
{
    struct meter *m = &loop->meter;
    for (unsigned i = 0; i < m->n; i++)
        if (!m->part[i].thread && !strcmp(m->part[i].name, name))
            return i;
    if (m->n == METER_PARTS)
        return 0;
    snprintf(m->part[m->n].name, sizeof m->part[m->n].name, "%s", name);
    return m->n++;
}

static unsigned change(struct meter *m, nstime now, unsigned part)
{
    unsigned was = m->current;
    if (!m->guest)
        m->part[was].raw += now - m->since;
    m->since = now;
    m->current = part;
    return was;
}

unsigned meter_enter(struct loop *loop, unsigned part)
{
    struct meter *m = &loop->meter;
    if (!m->on) {
        unsigned was = m->current;
        m->current = part;
        return was;
    }
    m->part[part].runs++;
    return change(m, fresh(loop), part);
}

void meter_leave(struct loop *loop, unsigned back)
{
    struct meter *m = &loop->meter;
    if (m->on)
        change(m, fresh(loop), back);
    else
        m->current = back;
}

unsigned meter_current(const struct loop *loop)
{
    return loop->meter.current;
}

/* ---- what the loops call ---- */

nstime meter_run_begin(struct loop *loop, unsigned part)
{
    struct meter *m = &loop->meter;
    if (!m->on) {
        m->current = part;
        return 0;
    }
    m->part[part].runs++;
    nstime now = fresh(loop);
    change(m, now, part);
    return now;
}

void meter_run_end(struct loop *loop, nstime began)
{
    struct meter *m = &loop->meter;
    unsigned part = m->current;
    if (!m->on) {
        m->current = 0;
        return;
    }
    nstime now = fresh(loop), took = now - began;
    change(m, now, 0);
    if (took > m->part[part].longest)
        m->part[part].longest = took;
    if (took > m->turn_worst) {
        m->turn_worst = took;
        m->turn_worst_part = part;
    }
}

void meter_turn_begin(struct loop *loop, nstime now, bool guest)
{
    struct meter *m = &loop->meter;
    m->guest = guest;
    m->turn_began = now;
    m->turn_worst = 0;
    m->since = now; /* the wait is nobody's */
}

void meter_turn_end(struct loop *loop)
{
    struct meter *m = &loop->meter;
    if (!m->on || !m->turn_began)
        return;
    nstime now = fresh(loop), took = now - m->turn_began;
    change(m, now, m->current);
    m->turn_began = 0;
    m->turns.n++;
    m->turns.over += took > METER_TURN_MAX;
    if (took > m->turns.longest) {
        m->turns.longest = took;
        m->turns.part = m->part[m->turn_worst_part].name;
        m->turns.part_longest = m->turn_worst;
    }
}

/* ---- lateness ---- */

/* Eight buckets an octave from 1 us on. */
static unsigned bucket_of(nstime late)
{
    uint64_t us8 = late > 0 ? (uint64_t)late / (NS_PER_US / 8) : 0; /* eighths of a microsecond */
    if (us8 < 16)
        return (unsigned)(us8 < 8 ? 0 : us8 - 8);
    unsigned octave = 63u - (unsigned)__builtin_clzll(us8) - 3; /* 16..31 -> 1 */
    unsigned at = octave * 8 + (unsigned)(us8 >> octave) - 8;
    return at < METER_BUCKETS ? at : METER_BUCKETS - 1;
}

static nstime bucket_top(unsigned at)
{
    unsigned octave = at / 8;
    return (nstime)((uint64_t)(at % 8 + 9) << octave) * (NS_PER_US / 8);
}

void meter_timer_fired(struct loop *loop, const struct timer *t, nstime now)
{
    struct meter *m = &loop->meter;
    if (!m->on)
        return;
    struct meter_histogram *h = &m->late[t->cls];
    nstime late = now - t->deadline;
    h->bucket[bucket_of(late)]++;
    h->n++;
    if (late > h->max)
        h->max = late;
}

static nstime percentile(const struct meter_histogram *h, uint64_t per_mille)
{
    uint64_t want = (h->n * per_mille + 999) / 1000, seen = 0;
    for (unsigned i = 0; i < METER_BUCKETS && h->n; i++)
        if ((seen += h->bucket[i]) >= want)
            return bucket_top(i) < h->max ? bucket_top(i) : h->max;
    return h->max;
}

void meter_lateness(const struct loop *loop, enum timer_class cls, struct meter_lateness *out)
{
    const struct meter_histogram *h = &loop->meter.late[cls];
    *out = (struct meter_lateness){h->n, percentile(h, 500), percentile(h, 990), percentile(h, 999), h->max};
}

void meter_turns(const struct loop *loop, struct meter_turns *out)
{
    *out = loop->meter.turns;
}

void meter_scheduling_set(struct loop *loop, const char *text)
{
    loop->meter.scheduling = text;
}

const char *meter_scheduling(const struct loop *loop)
{
    return loop->meter.scheduling ? loop->meter.scheduling : "plain";
}

void meter_clear(struct loop *loop)
{
    struct meter *m = &loop->meter;
    memset(m->late, 0, sizeof m->late);
    m->turns = (struct meter_turns){0};
    for (unsigned i = 0; i < m->n; i++)
        m->part[i].longest = 0;
}

/* ---- threads and samples ---- */

unsigned meter_thread(struct loop *loop, const char *name, pthread_t thread, bool interrupt)
{
    struct meter *m = &loop->meter;
    unsigned at = 0;
    for (unsigned i = 1; i < m->n && !at; i++)
        if (m->part[i].thread && m->part[i].gone && !strcmp(m->part[i].name, name))
            at = i; /* the next incarnation's thread goes on in its row */
    if (!at) {
        if (m->n == METER_PARTS)
            return 0;
        at = m->n++;
    }
    struct meter_slot *p = &m->part[at];
    snprintf(p->name, sizeof p->name, "%s", name);
    p->thread = true;
    p->interrupt = interrupt;
    p->gone = false;
    p->id = thread;
    p->raw_seen = 0;
    return at;
}

static void take_thread(const struct loop *loop, struct meter_slot *p)
{
    nstime now = p->gone ? 0 : loop->ops->thread_cpu(p->id);
    if (now > p->raw_seen) {
        p->used += now - p->raw_seen;
        p->raw_seen = now;
        p->runs++;
    }
}

void meter_thread_gone(struct loop *loop, unsigned part)
{
    if (!part || part >= loop->meter.n || !loop->meter.on)
        return;
    take_thread(loop, &loop->meter.part[part]); /* the caller has not joined it yet */
    loop->meter.part[part].gone = true;
}

/* What the parts measured, cut to what the thread really got: the rest of the wall time it stood in the queue. What it
 * got beyond that was spent asking the kernel for work: the scheduler's. */
static void settle_parts(const struct loop *loop, struct meter *m)
{
    nstime cpu = loop->ops->thread_cpu(pthread_self()), got = cpu - m->thread_cpu, sum = 0;
    m->thread_cpu = cpu;
    for (unsigned i = 0; i < m->n; i++)
        if (!m->part[i].thread)
            sum += m->part[i].raw - m->part[i].raw_seen;
    double scale = sum > got && sum > 0 ? (double)got / (double)sum : 1;
    for (unsigned i = 0; i < m->n; i++) {
        struct meter_slot *p = &m->part[i];
        if (p->thread)
            continue;
        p->used += (nstime)((double)(p->raw - p->raw_seen) * scale);
        p->raw_seen = p->raw;
    }
    if (got > sum)
        m->part[0].used += got - sum;
}

void meter_sample(struct loop *loop)
{
    struct meter *m = &loop->meter;
    if (!m->on)
        return;
    nstime now = fresh(loop);
    change(m, now, m->current);
    settle_parts(loop, m);
    nstime total = 0, before = 0;
    unsigned s = (unsigned)(m->samples % METER_SECONDS),
             last = (unsigned)((m->samples + METER_SECONDS - 1) % METER_SECONDS);
    bool five = m->samples % 5 == 0;
    unsigned f = (unsigned)(m->samples / 5 % METER_SLOTS);
    for (unsigned i = 0; i < m->n; i++) {
        struct meter_slot *p = &m->part[i];
        if (p->thread)
            take_thread(loop, p);
        total += p->used;
        before += p->second[last];
        p->second[s] = p->used;
        if (five)
            p->five[f] = p->used;
    }
    m->second_at[s] = now;
    if (five)
        m->sampled_at[f] = now;
    memmove(m->history + 1, m->history, sizeof m->history - 1);
    nstime span = m->samples ? now - m->second_at[last] : 0;
    double share = span > 0 ? 100.0 * (double)(total - before) / (double)span : 0;
    m->history[0] = (uint8_t)(share > 100 ? 100 : share + 0.5);
    m->samples++;
}

/* Percent over the last n five-second samples, or (n 0) the last five seconds. */
static double share(const struct meter *m, const struct meter_slot *p, unsigned n)
{
    const nstime *used = n ? p->five : p->second, *at = n ? m->sampled_at : m->second_at;
    unsigned ring = n ? METER_SLOTS : METER_SECONDS;
    uint64_t have = n ? (m->samples + 4) / 5 : m->samples;
    unsigned back = n ? n : METER_SECONDS - 1;
    if (have < 2)
        return 0;
    if (back > have - 1)
        back = (unsigned)(have - 1);
    unsigned newest = (unsigned)((have - 1) % ring), from = (newest + ring - back) % ring;
    nstime span = at[newest] - at[from];
    return span > 0 ? 100.0 * (double)(used[newest] - used[from]) / (double)span : 0;
}

unsigned meter_rows(const struct loop *loop)
{
    return loop->meter.n;
}

void meter_row(const struct loop *loop, unsigned part, struct meter_row *out)
{
    const struct meter *m = &loop->meter;
    const struct meter_slot *p = &m->part[part];
    *out = (struct meter_row){.name = p->name,
                              .thread = p->thread,
                              .interrupt = p->interrupt,
                              .runs = p->runs,
                              .used = p->used,
                              .longest = p->longest,
                              .five_s = share(m, p, 0),
                              .one_min = share(m, p, 12),
                              .five_min = share(m, p, 60)};
}

double meter_total(const struct loop *loop, unsigned window, bool interrupt_only)
{
    const struct meter *m = &loop->meter;
    double sum = 0;
    for (unsigned i = 0; i < m->n; i++)
        if (!interrupt_only || m->part[i].interrupt)
            sum += share(m, &m->part[i], window == 0 ? 0 : window == 1 ? 12 : 60);
    return sum;
}

void meter_history(const struct loop *loop, uint8_t percent[METER_HISTORY])
{
    memcpy(percent, loop->meter.history, METER_HISTORY);
}
