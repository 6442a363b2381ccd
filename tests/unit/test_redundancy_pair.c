/* Two routers on a simulated switch, real SCTP between them, a made-up class of objects: association, election as told
 * by the role service, bulk and incremental synchronisation, kill and return, partition, split brain, refusal of
 * another version, and the same frames for the same seed. The scheme group's role is published by hand. */
#include "cli/world.h"
#include "modules/core/log.h"
#include "modules/core/role.h"
#include "modules/core/sync.h"
#include "modules/net/netif.h"
#include "modules/redundancy/redundancy_int.h"
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- the made-up class ---- */

#define THINGS 1000
struct thing {
    bool there, stale;
    uint32_t value;
};
static struct thing store[2][THINGS]; /* by router: gw1, gw2 */
static unsigned acks, discards, applies;
static bool refuse_odd;

static struct thing *things(const struct router *r)
{
    return store[r->name[2] - '1'];
}

static struct sync_key key_of(unsigned i)
{
    struct sync_key k = {4, {0, 0, (uint8_t)(i >> 8), (uint8_t)i}};
    return k;
}

static unsigned index_of(const struct sync_key *k)
{
    return (unsigned)(k->b[2] << 8 | k->b[3]) % THINGS;
}

static void thing_enumerate(struct router *r, void (*emit)(void *ctx, const struct sync_key *key), void *ctx)
{
    for (unsigned i = 0; i < THINGS; i++) {
        struct sync_key k = key_of(i);
        if (things(r)[i].there)
            emit(ctx, &k);
    }
}

static enum sync_result thing_encode(struct router *r, const struct sync_key *key, struct builder *b)
{
    struct thing *t = &things(r)[index_of(key)];
    if (!t->there)
        return SYNC_GONE;
    builder_u16(b, 1);
    builder_u16(b, 200);
    builder_u32(b, t->value);
    builder_zero(b, 196);
    return SYNC_OK;
}

static enum sync_result thing_apply(struct router *r, const struct sync_key *key, struct cursor *c, event_id cause)
{
    struct thing *t = &things(r)[index_of(key)];
    (void)cause;
    cursor_u32(c);
    uint32_t v = cursor_u32(c);
    if (!cursor_ok(c))
        return SYNC_RESYNC;
    if (refuse_odd && v % 2)
        return SYNC_REFUSED;
    *t = (struct thing){true, false, v};
    applies++;
    return SYNC_OK;
}

static void thing_remove(struct router *r, const struct sync_key *key, uint8_t reason, event_id cause)
{
    (void)reason;
    (void)cause;
    things(r)[index_of(key)].there = false;
}

static void thing_stale(struct router *r)
{
    for (unsigned i = 0; i < THINGS; i++)
        things(r)[i].stale = true;
}

static unsigned thing_sweep(struct router *r, event_id cause)
{
    unsigned n = 0;
    (void)cause;
    for (unsigned i = 0; i < THINGS; i++)
        if (things(r)[i].there && things(r)[i].stale) {
            things(r)[i].there = false;
            n++;
        }
    return n;
}

static void thing_discard(struct router *r, event_id cause)
{
    (void)cause;
    discards++;
    memset(things(r), 0, sizeof store[0]);
}

static uint32_t thing_version(struct router *r, const struct sync_key *key)
{
    return things(r)[index_of(key)].value;
}

static void thing_acked(struct router *r, const struct sync_key *key)
{
    (void)r;
    (void)key;
    acks++;
}

static const struct sync_class thing_class = {
    .name = "thing",
    .add = 70,
    .del = 71,
    .rank = 1,
    .snapshot = true,
    .enumerate = thing_enumerate,
    .encode = thing_encode,
    .acked = thing_acked,
    .apply = thing_apply,
    .remove = thing_remove,
    .mark_stale = thing_stale,
    .sweep_stale = thing_sweep,
    .discard_all = thing_discard,
    .version = thing_version,
};

/* ---- the pair ---- */

static struct world *w;
static uint64_t frames_hash;
static unsigned frames, reloads;

static void see_frame(void *arg, const char *sw, nstime at, const uint8_t *f, size_t len)
{
    (void)arg;
    (void)sw;
    frames++;
    frames_hash = (frames_hash ^ (uint64_t)at) * 1099511628211u;
    for (size_t i = 0; i < len; i++)
        frames_hash = (frames_hash ^ f[i]) * 1099511628211u;
}

static void boot(void *arg, const char *name, struct router *r)
{
    (void)arg;
    (void)name;
    memset(things(r), 0, sizeof store[0]);
    r->sync_list[0] = &thing_class; /* the real classes stay at home */
    r->n_sync_list = 1;
}

static void off(void *arg, const char *name, bool reload)
{
    (void)arg;
    (void)name;
    reloads += reload;
}

static void bad(void *arg, const char *name, unsigned lineno, const char *line, const char *answer)
{
    (void)arg;
    cr_assert_fail("%s:%u: %s: %s", name, lineno, line, answer);
}

static void pair(uint64_t seed, const char *more1, const char *more2)
{
    static const struct world_watch watch = {.up = boot, .down = off, .bad = bad};
    w = world_new(seed);
    frames = reloads = acks = discards = applies = 0;
    frames_hash = 14695981039346656037u;
    refuse_odd = false;
    world_set_watch(w, &watch);
    world_switch(w, "inside");
    world_sniff(w, see_frame, NULL);
    for (unsigned i = 1; i <= 2; i++) {
        char text[1024], name[4], port[2] = {(char)('0' + i), 0};
        snprintf(name, sizeof name, "gw%u", i);
        snprintf(text, sizeof text,
                 "redundancy inter-device\n scheme standby ha-in\n%s!\n"
                 "ipc zone default\n association 1\n  no shutdown\n  protocol sctp\n   local-ip 10.2.1.%u\n"
                 "   retransmit-timeout 300 10000\n   path-retransmit 10\n   assoc-retransmit 20\n"
                 "   remote-port 5000\n    remote-ip 10.2.1.%u\n!\n"
                 "interface GigabitEthernet0/3\n ip address 10.2.1.%u 255.255.255.0\n!\nend\n",
                 i == 1 ? more1 : more2, i, 3 - i, i);
        world_router(w, name, text);
        world_plug(w, name, "GigabitEthernet0/3", "inside", port);
        world_start(w, name);
    }
}

static void role(const char *name, enum role_state s)
{
    struct router *r = world_router_get(w, name);
    cr_assert_not_null(r);
    struct role_info i = {.name = "ha-in",
                          .state = s,
                          .netif = netif_find(r, "GigabitEthernet0/3"),
                          .virtual_addr = addr_v4(0x0a0201fe),
                          .hold = 3 * NS_PER_S,
                          .priority = 100};
    role_publish(r, &i);
}

static void expect_states(const char *name, int mine, int peers)
{
    char want[120];
    int status;
    char *out = world_exec(w, name, "show redundancy states | json", &status);
    snprintf(want, sizeof want, "\"my_state_number\":%d,\"peer_state_number\":%d", mine, peers);
    cr_assert(out && strstr(out, want), "%s: expected %s, got %s", name, want, out);
    free(out);
}

static void expect_text(const char *name, const char *command, const char *text)
{
    int status;
    char *out = world_exec(w, name, command, &status);
    cr_assert(out && strstr(out, text), "%s# %s: no \"%s\" in:\n%s", name, command, text, out);
    free(out);
}

static void set(const char *name, unsigned i, uint32_t value)
{
    struct router *r = world_router_get(w, name);
    struct sync_key k = key_of(i);
    things(r)[i] = (struct thing){true, false, value};
    sync_dirty(r, &thing_class, &k);
}

static void audit_fail(void *ctx, const char *invariant, const char *text)
{
    (void)ctx;
    if (!strcmp(invariant, "I6") || !strcmp(invariant, "I8"))
        cr_assert_fail("%s %s", invariant, text);
}

static void audit(void)
{
    for (unsigned i = 0; world_router_name(w, i); i++)
        if (world_router_get(w, world_router_name(w, i)))
            router_audit(world_router_get(w, world_router_name(w, i)), audit_fail, NULL);
}

/* gw1 ACTIVE, gw2 STANDBY HOT. */
static void converge(void)
{
    world_run(w, 3);
    expect_states("gw1", 3, 3);
    role("gw2", ROLE_SPEAK);
    role("gw1", ROLE_ACTIVE);
    role("gw2", ROLE_STANDBY);
    world_run(w, 2);
    expect_states("gw1", 13, 8);
    expect_states("gw2", 8, 13);
    audit();
}

Test(redundancy_pair, bulk_and_incremental)
{
    pair(1, "", "");
    for (unsigned i = 0; i < 500; i++)
        store[0][i] = (struct thing){true, false, i};
    store[1][900] = (struct thing){true, false, 1}; /* left over: must go */
    converge();
    for (unsigned i = 0; i < THINGS; i++)
        cr_assert_eq(store[1][i].there, i < 500, "%u", i);
    cr_assert_eq(ha_state_get(world_router_get(w, "gw1")), HA_ACTIVE);
    cr_assert_eq(ha_state_get(world_router_get(w, "gw2")), HA_STANDBY);
    cr_assert(sync_peer_ready(world_router_get(w, "gw1")));
    unsigned before = applies;
    for (unsigned i = 0; i < 100; i++)
        set("gw1", 600, i); /* coalesced */
    struct sync_key k = key_of(3);
    store[0][3].there = false;
    sync_deleted(world_router_get(w, "gw1"), &thing_class, &k, 1);
    world_run(w, 1);
    cr_assert_eq(applies, before + 1);
    cr_assert_eq(store[1][600].value, 99);
    cr_assert_not(store[1][3].there);
    cr_assert_eq(acks, 501);
    expect_text("gw2", "show redundancy inter-device", "  Peer present: RF_INTERDEV_PEER_COMM\n");
    expect_text("gw2", "show redundancy history", "*my state = STANDBY HOT(8) peer state = ACTIVE(13)");
    world_free(w);
}

Test(redundancy_pair, a_checkpoint_is_on_the_wire_before_flush_returns)
{
    pair(2, "", "");
    converge();
    unsigned before = frames;
    set("gw1", 1, 1);
    sync_flush(world_router_get(w, "gw1"));
    world_run_ns(w, 0);
    cr_assert_gt(frames, before);
    world_free(w);
}

Test(redundancy_pair, kill_the_active_and_bring_it_back)
{
    pair(3, "", "");
    converge();
    for (unsigned i = 0; i < 50; i++)
        set("gw1", i, i);
    world_run(w, 1);
    world_kill(w, "gw1");
    world_run(w, 3);
    expect_states("gw2", 8, 13); /* HSRP is the detector, not IPC */
    role("gw2", ROLE_ACTIVE);
    expect_states("gw2", 13, 13);
    cr_assert_eq(ha_state_get(world_router_get(w, "gw2")), HA_ACTIVE);
    cr_assert(store[1][49].there);
    world_run(w, 3);
    expect_states("gw2", 13, 1);
    expect_text("gw2", "show redundancy switchover history", "Active lost GW");
    set("gw2", 77, 77);
    world_start(w, "gw1"); /* the survivor sees a restart of the association, not its end */
    world_run(w, 3);
    expect_states("gw1", 8, 13); /* synchronised although its group is still in its delay */
    cr_assert(store[0][77].there && store[0][49].there);
    role("gw1", ROLE_STANDBY);
    world_run(w, 1);
    /* and the other direction */
    world_kill(w, "gw2");
    world_run(w, 3);
    role("gw1", ROLE_ACTIVE);
    expect_states("gw1", 13, 13);
    cr_assert(store[0][77].there);
    cr_assert_eq(reloads, 0);
    audit();
    world_free(w);
}

Test(redundancy_pair, partition_of_the_link_keeps_the_objects)
{
    pair(4, "", "");
    converge();
    set("gw1", 5, 5);
    world_run(w, 1);
    struct link_fault_spec cut = {.cut = true};
    world_fault(w, "inside", NULL, &cut);
    world_run(w, 20);
    expect_states("gw1", 13, 1);
    expect_states("gw2", 4, 1);
    cr_assert(store[1][5].there && store[1][5].stale);
    expect_text("gw2", "show redundancy inter-device", "  Objects kept: 1");
    cr_assert(role_preempt_held(world_router_get(w, "gw2"), "ha-in"));
    set("gw1", 6, 6);
    world_fault(w, "inside", NULL, NULL);
    world_run(w, 25);
    expect_states("gw1", 13, 8);
    expect_states("gw2", 8, 13);
    cr_assert(store[1][6].there && !store[1][5].stale);
    cr_assert_eq(reloads, 0);
    world_free(w);
}

Test(redundancy_pair, an_active_that_loses_its_group_reloads)
{
    pair(5, "", "");
    converge();
    role("gw1", ROLE_SPEAK);
    role("gw2", ROLE_ACTIVE);
    world_run(w, 1);
    cr_assert_eq(reloads, 1);
    cr_assert_null(world_router_get(w, "gw1"));
    world_run(w, 6);
    expect_states("gw1", 8, 13);
    expect_states("gw2", 13, 8);
    cr_assert_eq(reloads, 1);
    world_free(w);
}

Test(redundancy_pair, a_standby_whose_interface_goes_down_reloads_once)
{
    pair(6, "", "");
    converge();
    world_link_down(w, "gw2", "GigabitEthernet0/3", true);
    world_run(w, 0.01);
    role("gw2", ROLE_INIT);
    world_run(w, 30);
    cr_assert_eq(reloads, 1);
    expect_states("gw2", 3, 1);
    expect_states("gw1", 13, 1);
    world_link_down(w, "gw2", "GigabitEthernet0/3", false);
    world_run(w, 5);
    role("gw2", ROLE_STANDBY);
    world_run(w, 2);
    expect_states("gw2", 8, 13);
    cr_assert_eq(reloads, 1);
    world_free(w);
}

Test(redundancy_pair, the_loser_of_a_split_discards_and_reloads)
{
    pair(7, "", "");
    converge();
    set("gw1", 5, 5);
    role("gw2", ROLE_ACTIVE); /* hellos lost, IPC well: equal priority, gw2 has the higher address */
    world_run(w, 3);
    expect_states("gw1", 13, 13);
    world_run(w, 3);
    cr_assert_eq(discards, 1);
    cr_assert_eq(reloads, 1);
    world_run(w, 5);
    expect_states("gw1", 8, 13);
    role("gw1", ROLE_ACTIVE); /* HSRP is still deaf: no reload storm */
    world_run(w, 20);
    expect_states("gw1", 8, 13);
    expect_text("gw1", "show redundancy inter-device", "Takeover: postponed");
    cr_assert_eq(reloads, 1);
    world_kill(w, "gw2"); /* but a dead peer is succeeded */
    world_run(w, 10);
    expect_states("gw1", 13, 1);
    world_free(w);
}

Test(redundancy_pair, a_peer_of_another_version_stays_cold)
{
    pair(8, "", " impair version 2\n");
    world_run(w, 3);
    role("gw1", ROLE_ACTIVE);
    role("gw2", ROLE_STANDBY);
    set("gw1", 5, 5);
    world_run(w, 5);
    expect_states("gw1", 13, 4);
    expect_states("gw2", 4, 13);
    cr_assert_not(store[1][5].there);
    expect_text("gw2", "show redundancy inter-device", "refused (peer has version 1, this router 2)");
    expect_text("gw1", "show logging", "%REDUNDANCY-3-PEER_INCOMPATIBLE: No synchronization: peer has version 2");
    world_free(w);
}

Test(redundancy_pair, a_difference_in_configuration_is_named)
{
    pair(9, "", "");
    converge();
    world_config(w, "gw1", "crypto ipsec transform-set only-here esp-aes esp-sha-hmac\nend\n");
    int status;
    free(world_exec(w, "gw1", "write memory", &status));
    world_kill(w, "gw1");
    world_run(w, 1);
    world_start(w, "gw1");
    world_run(w, 5);
    expect_text("gw1", "show logging", "only-here is missing on the peer");
    expect_text("gw2", "show logging", "only-here is missing on this router");
    world_free(w);
}

Test(redundancy_pair, refused_objects_do_not_stop_the_rest)
{
    pair(10, "", "");
    refuse_odd = true;
    for (unsigned i = 0; i < 10; i++)
        store[0][i] = (struct thing){true, false, i};
    converge();
    cr_assert(store[1][4].there && !store[1][5].there);
    expect_text("gw2", "show redundancy counters", "            objects refused = 5\n");
    world_free(w);
}

Test(redundancy_pair, reload_of_the_active_hands_over_first)
{
    pair(11, "", "");
    converge();
    for (unsigned i = 0; i < 60; i++)
        set("gw1", i, 1000 + i);
    router_reload(world_router_get(w, "gw1"), "reload command");
    world_run(w, 0.5);
    cr_assert_eq(store[1][59].value, 1059);
    expect_states("gw2", 4, 1);
    role("gw2", ROLE_ACTIVE);
    expect_states("gw2", 13, 1);
    world_run(w, 8);
    expect_states("gw1", 8, 13);
    world_free(w);
}

Test(redundancy_pair, configuration_on_a_running_router_is_pending)
{
    pair(12, "", "");
    world_run(w, 3);
    world_config(w, "gw1", "redundancy inter-device\n no scheme standby ha-in\n scheme standby ha-other\nend\n");
    expect_text("gw1", "show redundancy inter-device",
                "  Pending Scheme: Standby (Will not take effect until next reload)\n  Pending Groupname: ha-other\n");
    expect_text("gw1", "show redundancy inter-device", "      Groupname: ha-in Group State: Absent\n");
    world_free(w);
}

Test(redundancy_pair, ipc_lines_where_the_paper_types_them)
{
    pair(13, "", "");
    world_run(w, 3);
    expect_text("gw1", "show ipc association", "local port 5000 (from remote-port)");
    expect_text("gw1", "show ipc association", "association 1: UP");
    expect_text("gw1", "show ip sctp association list", "Current state: ESTABLISHED");
    cr_assert_eq(world_config(w, "gw1", "ipc zone default\nassociation 1\nprotocol sctp\nassoc-retransmit 21\nend\n"),
                 1);
    cr_assert_eq(world_config(w, "gw1", "ipc zone default\nassociation 2\nend\n"), 1);
    cr_assert_eq(
        world_config(w, "gw1", "ipc zone default\nassociation 1\nprotocol sctp\nlocal-ip 10.2.1.1 10.2.1.7\nend\n"), 1);
    world_config(w, "gw1", "ipc zone default\nassociation 1\nshutdown\nend\n");
    world_run(w, 1);
    expect_text("gw1", "show ipc association", "reason: administratively down");
    expect_text("gw2", "show ipc association", "last went down: aborted by peer");
    world_free(w);
}

static uint64_t one_run(uint64_t seed)
{
    pair(seed, "", "");
    struct link_fault_spec lossy = {.loss = 20, .dup = 5, .reorder = 10};
    converge();
    world_fault(w, "inside", NULL, &lossy);
    for (unsigned i = 0; i < 300; i++) {
        set("gw1", i % 100, i);
        world_run(w, 0.05);
    }
    world_kill(w, "gw2");
    world_run(w, 2);
    world_start(w, "gw2");
    world_run(w, 10);
    world_fault(w, "inside", NULL, NULL);
    world_run(w, 30);
    expect_states("gw1", 13, 8);
    for (unsigned i = 0; i < THINGS; i++)
        cr_assert(store[0][i].there == store[1][i].there && store[0][i].value == store[1][i].value);
    world_free(w);
    return frames_hash;
}

Test(redundancy_pair, the_same_seed_gives_the_same_frames, .timeout = 60)
{
    uint64_t a = one_run(99), b = one_run(99), c = one_run(100);
    cr_assert_eq(a, b);
    cr_assert_neq(a, c);
}

/* Several HELLOs of one side are on their way when the other answers the first: each answer used to begin a session of
 * its own, which the next one made stale, for ever. */
Test(redundancy_pair, hellos_that_cross_settle)
{
    struct link_fault_spec slow = {.delay_ms = 1500};
    pair(15, "", "");
    converge();
    world_fault(w, "inside", NULL, &slow);
    for (unsigned i = 0; i < 8; i++) {
        struct redundancy *rd = redundancy_of(world_router_get(w, "gw2"));
        rd->session.peer_epoch = 0; /* gw2 has lost the session, and says HELLO to whatever it hears */
        rd->session.hello_at = 0;
        world_run(w, 1);
    }
    world_run(w, 20);
    world_fault(w, "inside", NULL, NULL);
    uint64_t before = redundancy_of(world_router_get(w, "gw1"))->count.comm_up;
    world_run(w, 60);
    expect_states("gw1", 13, 8);
    expect_states("gw2", 8, 13);
    cr_assert_leq(redundancy_of(world_router_get(w, "gw1"))->count.comm_up - before, 1);
    world_free(w);
}
