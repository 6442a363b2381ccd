/* The seams of modules/core: addresses, cursor and builder, timers and order of work, randomness, output, storage with
 * a power cut, log lines, roles. */
#include "modules/core/addr.h"
#include "modules/core/cursor.h"
#include "modules/core/frame.h"
#include "modules/core/log.h"
#include "modules/core/loop.h"
#include "modules/core/out.h"
#include "modules/core/role.h"
#include "modules/core/router.h"
#include "modules/core/wall.h"
#include <criterion/criterion.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

Test(core, addresses)
{
    struct addr a, b;
    char buf[ADDR_STRLEN], mbuf[MAC_STRLEN];
    cr_assert(addr_parse("10.2.1.254", &a));
    cr_assert_str_eq(addr_format(&a, buf), "10.2.1.254");
    b = a;
    static const char *const bad[] = {"",          "10.2.1",  "10.2.1.256", "10.2.1.1.",
                                      "10.2.1.1 ", "10..1.1", "1000.1.1.1", "a.b.c.d"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        cr_assert_not(addr_parse(bad[i], &b), "%s", bad[i]);
    cr_assert(addr_equal(&a, &b), "a refused text leaves the address alone");
    struct prefix p = prefix_make(&a, 20);
    cr_assert_str_eq(addr_format(&p.addr, buf), "10.2.0.0");
    cr_assert(prefix_contains(&p, &a));
    struct addr far = addr_v4(0x0a021001);
    cr_assert_not(prefix_contains(&p, &far));
    cr_assert_eq(mask_to_len(0xfffff000), 20);
    cr_assert_eq(mask_to_len(0xff00ff00), -1);
    cr_assert_eq(mask_from_len(0), 0);
    struct mac m;
    cr_assert(mac_parse("0000.0c07.ac01", &m));
    cr_assert_str_eq(mac_format(&m, mbuf), "0000.0c07.ac01");
    cr_assert_not(mac_parse("0000.0c07", &m));
    cr_assert_not(mac_parse("0000.0c07.ac011", &m));
}

Test(core, cursor_error_sticks)
{
    const uint8_t bytes[] = {1, 2, 3, 4, 5};
    struct cursor c = cursor_make(bytes, sizeof bytes), sub;
    cr_assert_eq(cursor_u16(&c), 0x0102);
    sub = cursor_sub(&c, 2);
    cr_assert_eq(cursor_u16(&sub), 0x0304);
    cr_assert_eq(cursor_u8(&sub), 0);
    cr_assert_not(cursor_ok(&sub));
    cr_assert(cursor_ok(&c));
    cr_assert_eq(cursor_u32(&c), 0, "only one byte was left");
    cr_assert_eq(cursor_u8(&c), 0, "and the error sticks");
    cr_assert_eq(cursor_left(&c), 0);
    uint8_t out[6];
    struct builder b = builder_make(out, sizeof out);
    size_t mark = builder_mark(&b);
    builder_u16(&b, 0);
    builder_u32(&b, 0xdeadbeef);
    builder_patch_u16(&b, mark, 6);
    cr_assert(builder_ok(&b));
    cr_assert_arr_eq(out, ((uint8_t[]){0, 6, 0xde, 0xad, 0xbe, 0xef}), 6);
    builder_u8(&b, 1);
    cr_assert_not(builder_ok(&b));
    cr_assert_eq(b.len, 6);
}

struct trace {
    struct loop *loop;
    struct timer t[4];
    struct task task;
    char seen[32];
};
static void note(struct trace *tr, char c)
{
    size_t n = strlen(tr->seen);
    tr->seen[n] = c;
}
static void fire_a(void *arg)
{
    struct trace *tr = arg;
    note(tr, 'a');
    loop_defer(tr->loop, &tr->task);
}
static void fire_b(void *arg)
{
    note(arg, 'b');
}
static void fire_c(void *arg)
{
    struct trace *tr = arg;
    note(tr, 'c');
    timer_stop(&tr->t[3]);
}
static void fire_d(void *arg)
{
    note(arg, 'd');
}
static void run_task(void *arg)
{
    note(arg, 't');
}

static void order(struct loop *loop)
{
    struct trace tr = {.loop = loop, .task = {.run = run_task, .arg = &tr}};
    timer_init(&tr.t[0], loop, fire_b, &tr);
    timer_init(&tr.t[1], loop, fire_a, &tr);
    timer_init(&tr.t[2], loop, fire_c, &tr);
    timer_init(&tr.t[3], loop, fire_d, &tr);
    nstime at = loop_now(loop) + 5 * NS_PER_MS;
    timer_start_at(&tr.t[1], at); /* armed first: fires first, and what it defers runs before b */
    timer_start_at(&tr.t[0], at);
    timer_start_at(&tr.t[3], at + 2);
    timer_start_at(&tr.t[2], at + 1);
    loop_run(loop, at + 20 * NS_PER_MS);
    cr_assert_str_eq(tr.seen, "atbc", "%s", tr.seen);
    cr_assert_not(timer_armed(&tr.t[3]));
    loop_free(loop);
}

static void again_at_once(void *arg)
{
    timer_start(arg, 0);
}

Test(core, time_that_stands_still_ends_the_run, .signal = SIGABRT)
{
    struct loop *loop = loop_new_sim(0);
    struct timer t;
    timer_init(&t, loop, again_at_once, &t);
    timer_start(&t, NS_PER_S);
    loop_run(loop, 2 * NS_PER_S);
}

Test(core, order_in_sim)
{
    struct loop *loop = loop_new_sim(0);
    loop_run(loop, 7 * NS_PER_S);
    cr_assert_eq(loop_now(loop), 7 * NS_PER_S);
    order(loop);
}

Test(core, order_in_real)
{
    order(loop_new_real());
}

struct link_first {
    struct loop *loop;
    int fd;
    char seen[8];
};
static void drain(void *arg, unsigned events)
{
    struct link_first *l = arg;
    char byte;
    (void)events;
    if (read(l->fd, &byte, 1) == 1)
        strncat(l->seen, "f", 2);
}
static void due(void *arg)
{
    struct link_first *l = arg;
    strncat(l->seen, "t", 2);
    loop_stop(l->loop);
}

/* A late process handles the frames that waited before the timer that is due (DESIGN 1). */
Test(core, waiting_frames_come_before_a_due_timer)
{
    struct link_first l = {.loop = loop_new_real()};
    int p[2];
    cr_assert_eq(pipe(p), 0);
    l.fd = p[0];
    struct timer t;
    timer_init(&t, l.loop, due, &l);
    timer_start(&t, 0);
    cr_assert_eq(write(p[1], "xyz", 3), 3);
    struct loop_fd *w = loop_fd_add_link(l.loop, p[0], drain, &l);
    loop_run(l.loop, INT64_MAX);
    cr_assert_str_eq(l.seen, "ffft");
    loop_fd_del(w);
    close(p[0]);
    close(p[1]);
    loop_free(l.loop);
}

Test(core, heap_keeps_the_order_of_many_timers)
{
    struct loop *loop = loop_new_sim(0);
    struct trace tr = {.loop = loop};
    static struct timer many[1000];
    struct rng *rng = rng_new_seeded(1, "heap", 0);
    unsigned armed = 0;
    for (unsigned i = 0; i < 1000; i++) {
        uint32_t when;
        rng_draw(rng, RNG_JITTER, &when, sizeof when);
        timer_init(&many[i], loop, run_task, &tr);
        timer_start(&many[i], when);
    }
    for (unsigned i = 0; i < 1000; i += 3)
        timer_stop(&many[i]);
    for (unsigned i = 0; i < 1000; i++)
        armed += timer_armed(&many[i]);
    cr_assert_eq(armed, 666);
    nstime last = 0;
    for (unsigned fired = 0; fired < armed; fired++) {
        nstime next = INT64_MAX;
        for (unsigned i = 0; i < 1000; i++)
            if (timer_armed(&many[i]) && many[i].deadline < next)
                next = many[i].deadline;
        cr_assert_geq(next, last);
        last = next;
        memset(tr.seen, 0, sizeof tr.seen);
        loop_run(loop, next);
        cr_assert_gt(strlen(tr.seen), 0);
        fired += (unsigned)strlen(tr.seen) - 1;
    }
    rng_free(rng);
    loop_free(loop);
}

Test(core, random_streams)
{
    uint8_t a[32], b[32], c[32], d[32];
    struct rng *one = rng_new_seeded(7, "gw1", 1), *two = rng_new_seeded(7, "gw1", 1),
               *next = rng_new_seeded(7, "gw1", 2);
    rng_draw(one, RNG_COOKIE, a, sizeof a);
    rng_draw(two, RNG_NONCE, b, sizeof b); /* another use does not disturb this one */
    rng_draw(two, RNG_COOKIE, c, 5);
    rng_draw(two, RNG_COOKIE, c + 5, sizeof c - 5);
    rng_draw(next, RNG_COOKIE, d, sizeof d);
    cr_assert_arr_eq(a, c, sizeof a);
    cr_assert_arr_neq(a, b, sizeof a);
    cr_assert_arr_neq(a, d, sizeof a);
    rng_free(one);
    rng_free(two);
    rng_free(next);
}

Test(core, json)
{
    struct strbuf b = {0};
    struct out *o = out_new_json("show x", strbuf_sink, &b);
    out_text(o, "text is not for here\n");
    out_array(o, "groups");
    out_object(o, NULL);
    out_int(o, "group", 1);
    out_str(o, "name", "a\"b\\\n\x01\xff\xc3\xa9");
    out_addr(o, "virtual_ip", &(struct addr){0});
    out_end(o);
    out_end(o);
    out_bool(o, "ok", true);
    out_free(o);
    cr_assert_str_eq(b.s, "{\"command\":\"show x\",\"data\":{\"groups\":[{\"group\":1,\"name\":"
                          "\"a\\\"b\\\\\\n\\u0001\\ufffd\xc3\xa9\",\"virtual_ip\":null}],\"ok\":true}}\n");
    strbuf_free(&b);
}

Test(core, durations)
{
    char buf[DURATION_STRLEN];
    static const struct {
        int64_t s;
        const char *text;
    } rows[] = {{62, "00:01:02"},
                {86399, "23:59:59"},
                {86400 + 7200, "1d02h"},
                {3 * 86400 + 18 * 3600, "3d18h"},
                {7 * 86400, "1w0d"},
                {73 * 86400, "10w3d"},
                {(365 + 47 * 7) * 86400LL, "1y47w"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        cr_assert_str_eq(duration_format(rows[i].s * NS_PER_S, buf), rows[i].text);
}

Test(core, calendar)
{
    char buf[WALL_STRLEN];
    cr_assert_str_eq(wall_format(INT64_C(1606169101123) * NS_PER_MS, true, buf), "22:05:01.123 UTC Mon Nov 23 2020");
    for (int64_t day = -1000; day < 40000; day += 13) {
        struct civil c = wall_civil(day * 86400 * NS_PER_S);
        cr_assert_eq(wall_from_civil(&c), day * 86400 * NS_PER_S);
    }
}

/* I7: a power cut before any step of a write leaves the old or the new text, whole. */
Test(core, storage_power_cut)
{
    bool old_seen = false, new_seen = false;
    for (int steps = 0; steps < 8; steps++) {
        struct storage s;
        char *text;
        size_t len;
        cr_assert_eq(storage_open_memory(&s), 0);
        cr_assert_eq(s.ops->read(s.ctx, "startup-config", &text, &len), -ENOENT);
        cr_assert_eq(s.ops->write(s.ctx, "startup-config", "old", 3), 0);
        storage_memory_cut(&s, steps);
        int rc = s.ops->write(s.ctx, "startup-config", "brand new", 9);
        storage_memory_cut(&s, -1);
        cr_assert_eq(s.ops->read(s.ctx, "startup-config", &text, &len), 0);
        bool is_old = !strcmp(text, "old"), is_new = !strcmp(text, "brand new");
        cr_assert(is_old || is_new, "%s", text);
        cr_assert(rc != 0 || is_new);
        old_seen |= is_old;
        new_seen |= is_new;
        free(text);
        storage_close(&s);
    }
    cr_assert(old_seen && new_seen);
}

Test(core, storage_directory)
{
    char dir[] = "/tmp/tapir-test-XXXXXX", path[64], *text;
    size_t len;
    struct storage s, other;
    cr_assert_not_null(mkdtemp(dir));
    cr_assert_eq(storage_open_dir(&s, dir), 0);
    cr_assert_eq(storage_open_dir(&other, dir), -EBUSY, "one process at a time");
    cr_assert_eq(s.ops->write(s.ctx, "../x", "y", 1), -EINVAL);
    cr_assert_eq(s.ops->write(s.ctx, "startup-config", "hostname a\n", 11), 0);
    cr_assert_eq(s.ops->read(s.ctx, "startup-config", &text, &len), 0);
    cr_assert_eq(len, 11);
    cr_assert_str_eq(text, "hostname a\n");
    free(text);
    cr_assert_eq(s.ops->remove(s.ctx, "startup-config"), 0);
    cr_assert_eq(s.ops->read(s.ctx, "startup-config", &text, &len), -ENOENT);
    storage_close(&s);
    snprintf(path, sizeof path, "%s/lock", dir);
    unlink(path);
    rmdir(dir);
}

Test(core, frames)
{
    struct loop *loop = loop_new_sim(0);
    struct frame *f = frame_alloc(loop);
    cr_assert_not_null(frame_put(f, 100));
    cr_assert_not_null(frame_push(f, FRAME_HEADROOM));
    cr_assert_null(frame_push(f, 1));
    cr_assert_null(frame_put(f, FRAME_SLOT));
    cr_assert_null(frame_pull(f, 229));
    cr_assert_not_null(frame_pull(f, 228));
    frame_free(f);
    struct frame *big = frame_alloc_big(loop);
    cr_assert_not_null(frame_put(big, 65536));
    struct frame *copy = frame_copy(big);
    cr_assert_eq(copy->len, 65536);
    frame_free(copy);
    frame_free(big);
    loop_free(loop);
}

/* ---- with a router ---- */

struct bench {
    struct loop *loop;
    struct rng *rng;
    struct storage storage;
    struct router *r;
};
static void bench_up(struct bench *b)
{
    b->loop = loop_new_sim(INT64_C(1606169101123) * NS_PER_MS);
    b->rng = rng_new_seeded(1, "R1", 1);
    storage_open_memory(&b->storage);
    struct router_opts o = {.name = "R1", .loop = b->loop, .rng = b->rng, .storage = &b->storage, .incarnation = 1};
    b->r = router_new(&o);
    cr_assert_not_null(b->r);
}
static void bench_down(struct bench *b)
{
    router_free(b->r);
    storage_close(&b->storage);
    rng_free(b->rng);
    loop_free(b->loop);
}

static void keep_line(void *arg, const struct event *e)
{
    char **line = arg;
    (void)e;
    *line = (char *)1;
}
struct capture {
    struct router *r;
    char *line;
};
static void capture_line(void *arg, const struct event *e)
{
    struct capture *c = arg;
    free(c->line);
    c->line = log_render(c->r, e);
}

Test(core, log_lines)
{
    struct bench b;
    bench_up(&b);
    struct capture c = {.r = b.r};
    struct log_sub *sub = log_subscribe(b.r, capture_line, &c);
    log_syslog(b.r, 0, "HSRP", 5, "STATECHANGE", "Ethernet1/1 Grp %d state Standby -> Active", 1);
    cr_assert_str_eq(c.line, "*Nov 23 22:05:01.123: %HSRP-5-STATECHANGE: Ethernet1/1 Grp 1 state Standby -> Active");
    b.r->stamps = (struct timestamps){.log_uptime = true, .sequence = true};
    loop_run(b.loop, 62 * NS_PER_S);
    log_syslog(b.r, 0, "SYS", 5, "X", "y");
    cr_assert_str_eq(c.line + 6, ": 00:01:02: %SYS-5-X: y", "%s", c.line);
    b.r->stamps = (struct timestamps){.zone_log = true, .year_log = true};
    log_syslog(b.r, 0, "SYS", 5, "X", "y");
    cr_assert_str_eq(c.line, "*Nov 23 2020 22:06:03 UTC: %SYS-5-X: y");
    log_unsubscribe(b.r, sub);
    char *touched = NULL;
    sub = log_subscribe(b.r, keep_line, &touched);
    log_unsubscribe(b.r, sub);
    log_event(b.r, 0, "core", "x", "y");
    cr_assert_null(touched);
    unsigned passed = 0;
    for (int i = 0; i < 100; i++)
        passed += log_ratelimit(b.r, "flood", 10);
    cr_assert_eq(passed, 10);
    loop_run(b.loop, 64 * NS_PER_S);
    cr_assert(log_ratelimit(b.r, "flood", 10));
    free(c.line);
    bench_down(&b);
}

struct watcher {
    unsigned calls;
    enum role_state last, before;
};
static void on_role(void *arg, const struct role_info *now, enum role_state before)
{
    struct watcher *w = arg;
    w->calls++;
    w->last = now->state;
    w->before = before;
}

Test(core, roles)
{
    struct bench b;
    bench_up(&b);
    struct watcher w = {0}, released = {0};
    struct role_sub *sub = role_subscribe(b.r, "ha-in", on_role, &w); /* before the group exists */
    cr_assert_eq(role_get(b.r, "ha-in")->state, ROLE_ABSENT);
    struct role_info info = {.name = "ha-in", .state = ROLE_STANDBY, .priority = 100};
    role_publish(b.r, &info);
    cr_assert_eq(w.calls, 1);
    info.priority = 90;
    role_publish(b.r, &info);
    cr_assert_eq(w.calls, 1, "neither state, address nor interface changed");
    info.state = ROLE_ACTIVE;
    role_publish(b.r, &info);
    cr_assert_eq(w.calls, 2);
    cr_assert_eq(w.before, ROLE_STANDBY);
    role_on_release(b.r, "ha-in", on_role, &released);
    role_hold_preempt(b.r, "ha-in", "rf", true, 5 * NS_PER_S);
    cr_assert(role_preempt_held(b.r, "ha-in"));
    loop_run(b.loop, 6 * NS_PER_S); /* I6: with a time limit */
    cr_assert_not(role_preempt_held(b.r, "ha-in"));
    cr_assert_eq(released.calls, 1);
    role_withdraw(b.r, "ha-in", 0);
    cr_assert_eq(w.last, ROLE_ABSENT);
    role_unsubscribe(b.r, sub);
    role_publish(b.r, &info);
    cr_assert_eq(w.calls, 3);
    bench_down(&b);
}
