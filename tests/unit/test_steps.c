/* Long output on a real loop: show crypto ipsec sa of thousands of pairs comes in pieces; timers fire in between, SAs
 * and the map itself may go meanwhile, a reader that does not read holds it, an abort ends it. The configuration and
 * the routing table are shown as they were when they were asked for. */
#include "modules/core/meter.h"
#include "modules/ike/ike_int.h"
#include "modules/ipsec/ipsec_internal.h"
#include "parser/session.h"
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PAIRS = 3000 };
struct rig {
    struct loop *loop;
    struct rng *rng;
    struct storage storage;
    struct router *r;
    struct session *s;
    struct strbuf text;
    bool done, full, slow; /* slow: a piece costs its reader 50 us */
    int status;
    unsigned ticks, full_ticks;
    struct timer tick;
    void (*at_tick)(struct rig *g);
};

static struct link *no_link(void *ctx, struct router *r, const char *ifname, uint16_t mtu)
{
    (void)ctx, (void)r, (void)ifname, (void)mtu;
    return NULL;
}

static void no_reload(void *ctx, struct router *r, const char *reason)
{
    (void)ctx, (void)r, (void)reason;
}

static const char config[] = "crypto isakmp policy 1\n encr aes 256\n authentication pre-share\n group 2\n"
                             "crypto isakmp key cisco123 address 0.0.0.0 0.0.0.0\n"
                             "crypto ipsec transform-set t2 esp-aes 256 esp-sha-hmac\n"
                             "crypto dynamic-map dyn1 10\n set transform-set t2\n"
                             "crypto map ha 10 ipsec-isakmp dynamic dyn1\n"
                             "interface Loopback0\n ip address 10.1.11.254 255.255.255.0\n crypto map ha\n";

static void on_output(void *u, const char *text, size_t len)
{
    struct rig *g = u;
    strbuf_write(&g->text, text, len);
    for (nstime end = loop_now_fresh(g->loop) + 50 * NS_PER_US; g->slow && loop_now_fresh(g->loop) < end;)
        ;
}

static void on_done(void *u, int status)
{
    struct rig *g = u;
    g->done = true;
    g->status = status;
    loop_stop(g->loop);
}

static bool on_full(void *u)
{
    return ((struct rig *)u)->full;
}

static void tick(void *arg)
{
    struct rig *g = arg;
    g->ticks++;
    if (g->at_tick)
        g->at_tick(g);
    timer_start(&g->tick, NS_PER_MS / 2);
}

static void rig_open(struct rig *g)
{
    static const struct router_host host = {NULL, no_link, no_reload};
    static const struct session_ops ops = {.output = on_output, .done = on_done, .full = on_full};
    memset(g, 0, sizeof *g);
    g->loop = loop_new_real();
    g->rng = rng_new_seeded(1, "rig", 1);
    storage_open_memory(&g->storage);
    struct router_opts ro = {
        .name = "rig", .loop = g->loop, .rng = g->rng, .storage = &g->storage, .host = &host, .incarnation = 1};
    g->r = router_new(&ro);
    cr_assert(g->r && !config_load(g->r, config, true, NULL, NULL));
    router_start(g->r);
    struct addr local = addr_v4(0x0a010bfe);
    for (uint32_t i = 0; i < PAIRS; i++) {
        struct ipsec_pair p = {.in_spi = ipsec_spi_alloc(g->r), .out_spi = 0x50000000 + i, .life_s = 3600};
        snprintf(p.prop.map, sizeof p.prop.map, "ha");
        snprintf(p.prop.dynamic_map, sizeof p.prop.dynamic_map, "dyn1");
        snprintf(p.prop.interface, sizeof p.prop.interface, "Loopback0");
        p.prop.seq = p.prop.dynamic_seq = 10;
        p.prop.local = local;
        p.prop.peer = addr_v4(0x0a020000 + i);
        p.prop.ident.local = prefix_make(&local, 32);
        p.prop.ident.remote = prefix_make(&p.prop.peer, 32);
        p.prop.n_transforms = 1;
        p.prop.transforms[0] =
            (struct ipsec_transform){.cipher = CIPHER_AES_CBC, .key_bits = 256, .auth = HASH_SHA1, .name = "t2"};
        cr_assert_eq(ipsec_pair_install(g->r, &p, 0), 0);
        ipsec_pair_enable(g->r, p.in_spi);
    }
    struct session_opts so = {.line_name = "console", .privilege = 15};
    g->s = session_new(g->r, &so, &ops, g);
    timer_init(&g->tick, g->loop, tick, g);
    timer_start(&g->tick, 0);
}

static void rig_close(struct rig *g)
{
    timer_stop(&g->tick);
    if (g->s)
        session_free(g->s);
    strbuf_free(&g->text);
    router_free(g->r);
    rng_free(g->rng);
    loop_free(g->loop);
    storage_close(&g->storage);
}

static unsigned blocks(const struct rig *g)
{
    unsigned n = 0;
    for (const char *p = g->text.s; p && (p = strstr(p, "protected vrf")); p++)
        n++;
    return n;
}

static void go(struct rig *g, nstime limit)
{
    loop_run(g->loop, loop_now_fresh(g->loop) + limit);
}

Test(steps, a_long_table_comes_in_pieces)
{
    struct rig g;
    rig_open(&g);
    session_line(g.s, "show crypto ipsec sa");
    cr_assert(session_busy(g.s) && !g.done);
    cr_assert_lt(blocks(&g), PAIRS / 2, "the first piece is short");
    go(&g, 30 * NS_PER_S);
    cr_assert(g.done && g.status == 0);
    cr_assert_eq(blocks(&g), PAIRS);
    cr_assert_gt(g.ticks, 5, "timers fired meanwhile");
    rig_close(&g);
}

Test(steps, json_is_whole_too)
{
    struct rig g;
    rig_open(&g);
    session_line(g.s, "show crypto ipsec sa | json");
    go(&g, 30 * NS_PER_S);
    cr_assert(g.done && g.status == 0);
    cr_assert_eq(g.text.s[g.text.len - 2], '}');
    rig_close(&g);
}

static void take_away(struct rig *g)
{
    struct ipsec *st = ipsec_of(g->r);
    if (g->ticks % 2 && st->first && st->places) {
        struct flow *next = st->places->f;
        if (next && next->pairs)
            ipsec_sa_delete(next->pairs, "test", false, false, 0); /* the very next one */
        ipsec_sa_delete(st->first, "test", false, false, 0);
    }
}

Test(steps, rows_may_go_meanwhile)
{
    struct rig g;
    rig_open(&g);
    g.at_tick = take_away;
    session_line(g.s, "show crypto ipsec sa");
    go(&g, 30 * NS_PER_S);
    cr_assert(g.done && g.status == 0);
    cr_assert_lt(blocks(&g), PAIRS);
    cr_assert_gt(blocks(&g), 0);
    cr_assert_null(ipsec_of(g.r)->places);
    rig_close(&g);
}

static void no_map(struct rig *g)
{
    if (g->ticks == 3)
        cr_assert_eq(config_load(g->r, "interface Loopback0\n no crypto map ha\n", false, NULL, NULL), 0);
}

Test(steps, the_map_may_go_meanwhile)
{
    struct rig g;
    rig_open(&g);
    g.at_tick = no_map;
    session_line(g.s, "show crypto ipsec sa");
    go(&g, 30 * NS_PER_S);
    cr_assert(g.done && g.status == 0);
    cr_assert_lt(blocks(&g), PAIRS);
    rig_close(&g);
}

Test(steps, a_slow_reader_holds_it_and_an_abort_ends_it)
{
    struct rig g;
    rig_open(&g);
    g.full = true;
    session_line(g.s, "show crypto ipsec sa");
    unsigned before = blocks(&g);
    go(&g, 50 * NS_PER_MS);
    cr_assert_not(g.done);
    cr_assert_eq(blocks(&g), before, "nothing is printed for who does not read");
    session_abort(g.s);
    cr_assert(g.done && !session_busy(g.s));
    cr_assert_null(ipsec_of(g.r)->places);
    session_line(g.s, "show crypto ipsec sa");
    cr_assert(session_busy(g.s));
    session_free(g.s); /* the session ends in the middle */
    g.s = NULL;
    cr_assert_null(ipsec_of(g.r)->places);
    rig_close(&g);
}

/* ---- texts and tables that are shown as of one moment ---- */

enum { ROUTES = 20000 };

static void add_routes(struct rig *g)
{
    struct strbuf b = {0};
    for (unsigned i = 0; i < ROUTES; i++)
        strbuf_add(&b, "ip route 10.%u.%u.%u 255.255.255.255 Null0\n", 100 + i / 62500, i / 250 % 250, i % 250);
    cr_assert_eq(config_load(g->r, b.s, false, NULL, NULL), 0);
    strbuf_free(&b);
}

static void drop_a_route(struct rig *g)
{
    char line[80];
    snprintf(line, sizeof line, "no ip route 10.100.%u.%u 255.255.255.255 Null0\n", g->ticks / 250, g->ticks % 250);
    if (!g->done && g->ticks < 250 * 250)
        cr_assert_eq(config_load(g->r, line, false, NULL, NULL), 0);
}

static unsigned count(const char *text, const char *what)
{
    unsigned n = 0;
    for (const char *p = text; p && (p = strstr(p, what)); p += strlen(what))
        n++;
    return n;
}

static void shown_whole(const char *command, const char *row)
{
    struct rig g;
    rig_open(&g);
    add_routes(&g);
    g.at_tick = drop_a_route;
    g.slow = true;
    session_line(g.s, command);
    cr_assert(session_busy(g.s) && count(g.text.s, row) < ROUTES / 2, "%s: the first piece is short", command);
    go(&g, 30 * NS_PER_S);
    cr_assert(g.done && g.status == 0);
    cr_assert_eq(count(g.text.s, row), ROUTES, "%s: as it was when asked for", command);
    cr_assert_gt(g.ticks, 3, "%s: timers fired meanwhile", command);
    rig_close(&g);
}

Test(steps, the_routing_table_as_of_one_moment)
{
    shown_whole("show ip route", "\nS        10.100.");
}

/* Routes go one after the other from the first on while the text is written: it begins again, and is whole in the end.
 */
Test(steps, the_configuration_as_of_one_moment)
{
    struct rig g;
    rig_open(&g);
    add_routes(&g);
    g.at_tick = drop_a_route;
    g.slow = true;
    session_line(g.s, "show running-config");
    cr_assert(session_busy(g.s) && !g.text.len, "the text is not made in one turn");
    go(&g, 30 * NS_PER_S);
    cr_assert(g.done && g.status == 0);
    unsigned n = count(g.text.s, "\nip route 10.100."), first_c, first_d;
    size_t bytes;
    cr_assert_gt(n, ROUTES / 2);
    const char *second =
        strstr(strstr(g.text.s, "\nip route 10.100.") + 1, "\nip route 10.100."); /* the first one stays */
    cr_assert_eq(sscanf(second, "\nip route 10.100.%u.%u ", &first_c, &first_d), 2);
    cr_assert_eq(first_c * 250 + first_d, ROUTES - n + 1, "none is missing from there on");
    cr_assert_eq(sscanf(strstr(g.text.s, "Current"), "Current configuration : %zu bytes", &bytes), 1);
    cr_assert_eq(strlen(strstr(g.text.s, "bytes\n") + 6), bytes + 1);
    cr_assert_gt(g.ticks, 3, "timers fired meanwhile");
    rig_close(&g);
}

Test(steps, filters_and_json_of_what_comes_in_pieces)
{
    struct rig g;
    rig_open(&g);
    add_routes(&g);
    session_line(g.s, "show running-config | count ^ip route");
    go(&g, 30 * NS_PER_S);
    cr_assert(g.done && strstr(g.text.s, "= 20000\n"), "%s", g.text.s);
    g.text.len = 0, g.done = false;
    session_line(g.s, "show running-config | json");
    go(&g, 30 * NS_PER_S);
    cr_assert(g.done && count(g.text.s, "\"ip route 10.100.") == ROUTES);
    cr_assert_eq(strncmp(g.text.s, "{\"command\":\"show running-config\",\"data\":{\"lines\":[\"Building", 58), 0);
    g.text.len = 0, g.done = false;
    session_line(g.s, "show ip route | json");
    go(&g, 30 * NS_PER_S);
    cr_assert(g.done && count(g.text.s, "\"protocol\":\"S\"") == ROUTES);
    rig_close(&g);
}

Test(steps, nothing_at_all)
{
    struct rig g;
    rig_open(&g);
    session_line(g.s, "show running-config section zzz");
    cr_assert(g.done && g.status == 0 && !g.text.len);
    rig_close(&g);
}

Test(steps, tech_support_is_one_command_after_the_other)
{
    struct rig g;
    rig_open(&g);
    add_routes(&g);
    session_line(g.s, "show tech-support");
    go(&g, 30 * NS_PER_S);
    cr_assert(g.done && g.status == 0);
    const char *run = strstr(g.text.s, "-- show running-config --"),
               *brief = strstr(g.text.s, "-- show ip interface brief --"),
               *sa = strstr(g.text.s, "-- show crypto ipsec sa --"), *map = strstr(g.text.s, "-- show crypto map --");
    cr_assert(run && brief && sa && map && run < brief && brief < sa && sa < map);
    cr_assert_lt(strstr(run, "\nend\n"), brief, "the whole of it stands below its title");
    cr_assert_eq(blocks(&g), PAIRS);
    rig_close(&g);
}
