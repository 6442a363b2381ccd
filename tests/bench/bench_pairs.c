/* Line 10: 10,000 SA pairs of the paper's gateway pair, on simulated links but with the host's clock: memory a pair
 * takes (no IKE state: the pairs are installed without a negotiation), the bulk sync to a standby that boots, and the
 * work of the takeover when the active one is killed.
 *
 * Both gateways run in this process on one thread, so the sync's figure is the work of both ends plus the time that
 * passed on the simulated wire, which is more than two machines would need. The takeover's figure is the longest real
 * time that a simulated millisecond took from the kill until the standby was active. Prints `bench10
 * memory|sync|takeover FIGURE` (bytes, ms, ms); needs no privilege. */
#include "cli/world.h"
#include "modules/core/role.h"
#include "modules/ipsec/ipsec_internal.h"
#include "tests/bench/lib_many.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const config =
    "hostname gw%u\n"
    "redundancy inter-device\n scheme standby ha-in\n"
    "ipc zone default\n association 1\n  no shutdown\n  protocol sctp\n   local-port 5000\n    local-ip 10.2.1.%u\n"
    "   remote-port 5000\n    remote-ip 10.2.1.%u\n"
    "crypto isakmp policy 1\n encr aes 256\n authentication pre-share\n"
    "crypto isakmp key cisco123 address 0.0.0.0 0.0.0.0\n"
    "crypto ipsec transform-set t2 esp-aes 256 esp-sha-hmac\n"
    "crypto dynamic-map dyn1 10\n set transform-set t2\n reverse-route\n"
    "crypto map ha_dynamic 10 ipsec-isakmp dynamic dyn1\n"
    "crypto map ha_dynamic redundancy replay-interval inbound 10 outbound 1000\n"
    "interface GigabitEthernet0/3\n ip address 10.2.1.%u 255.255.255.0\n"
    " standby delay minimum 0 reload 0\n standby 2 ip 10.2.1.254\n standby 2 timers msec 50 msec 150\n"
    " standby 2 preempt\n standby 2 name ha-in\n standby 2 track Ethernet1/1\n"
    "interface Ethernet1/1\n ip address 10.1.11.%u 255.255.0.0\n"
    " standby delay minimum 0 reload 0\n standby 1 ip 10.1.11.254\n standby 1 timers msec 50 msec 150\n"
    " standby 1 preempt\n standby 1 name ha-out\n standby 1 track GigabitEthernet0/3\n"
    " crypto map ha_dynamic redundancy ha-out stateful\n";

static void gateway(struct world *w, unsigned n)
{
    char name[8], text[4096];
    snprintf(name, sizeof name, "gw%u", n);
    snprintf(text, sizeof text, config, n, n, 3 - n, n, n);
    world_router(w, name, text);
    world_plug(w, name, "GigabitEthernet0/3", "inside", name);
    world_plug(w, name, "Ethernet1/1", "outside", name);
}

static bool says(struct world *w, const char *name, const char *command, const char *what)
{
    int status;
    char *text = world_exec(w, name, command, &status);
    bool yes = text && strstr(text, what);
    free(text);
    return yes;
}

static int fail(const char *why)
{
    printf("bench10 failed %s\n", why);
    return 1;
}

/* Installs what a spoke each would have negotiated; bytes a pair takes, or 0. */
static double install(struct router *r)
{
    static struct ipsec_pair p;
    struct addr inside = many_addr("10.2.1.0");
    struct many_spec s = {.map = "ha_dynamic",
                          .dynamic = "dyn1",
                          .interface = "Ethernet1/1",
                          .group = "ha-out",
                          .stateful = true,
                          .local = many_addr("10.1.11.254"),
                          .peer = many_addr("10.1.64.1"),
                          .peer_step = 1,
                          .local_net = prefix_make(&inside, 24),
                          .remote = 0x14000001,
                          .spi = 0x10000000};
    size_t before = 0;
    for (uint32_t i = 0; i <= MANY; i++) {
        if (i == 1)
            before = many_heap(); /* the first brings the tables */
        many_pair(&p, &s, i, false);
        if (ipsec_pair_install(r, &p, 0) != 0)
            return 0;
        ipsec_pair_enable(r, p.in_spi);
    }
    return (double)(many_heap() - before) / MANY;
}

static unsigned usable(struct router *r) /* pairs that may send */
{
    unsigned n = 0;
    for (struct sa *s = ipsec_of(r)->first; s; s = s->next)
        n += s->active && s->enabled;
    return n;
}

/* The standby boots; ms until it has everything. */
static double sync_ms(struct world *w, const char *standby)
{
    double real = 0, sim = 0;
    unsigned from = 0;
    world_start(w, standby);
    for (unsigned ms = 0; ms < 60000; ms++) {
        double t = many_cpu_ns();
        world_run_ns(w, NS_PER_MS);
        t = many_cpu_ns() - t;
        struct router *r = world_router_get(w, standby);
        unsigned have = r ? ipsec_of(r)->n_sas : 0;
        if (have && !from)
            from = 1;
        if (from) {
            real += t / 1e6;
            sim += 1;
        }
        if (have > MANY && says(w, standby, "show redundancy states", "STANDBY HOT"))
            return real + sim;
    }
    return -1;
}

/* From a log line of the group's to the last of: everybody told of the role (we subscribed last), gratuitous ARP sent.
 */
static double found, work;

static void work_until_now(void)
{
    double now = many_cpu_ns();
    work += found > 0 ? now - found : 0;
    found = found > 0 ? now : 0;
}

static void on_event(void *arg, const struct event *e)
{
    (void)arg;
    if (strcmp(e->mnemonic, "hellos-missing") == 0)
        found = many_cpu_ns();
}

static void on_role(void *arg, const struct role_info *now, enum role_state before)
{
    (void)arg, (void)before;
    if (now->state == ROLE_ACTIVE) {
        work_until_now();
        found = 0;
    }
}

static void on_frame(void *arg, const char *sw, nstime at, const uint8_t *f, size_t len)
{
    (void)arg, (void)sw, (void)at;
    if (len >= 42 && f[12] == 8 && f[13] == 6 && memcmp(f + 28, f + 38, 4) == 0) /* sender and target the same */
        work_until_now();
}

static double takeover_ms(struct world *w, const char *active, const char *standby)
{
    struct router *r = world_router_get(w, standby);
    role_subscribe(r, "ha-out", on_role, NULL);
    role_subscribe(r, "ha-in", on_role, NULL);
    log_subscribe(r, on_event, NULL);
    world_sniff(w, on_frame, NULL);
    world_kill(w, active);
    for (unsigned ms = 0; ms < 5000; ms++) {
        world_run_ns(w, NS_PER_MS);
        if (found == 0 && work > 0 && usable(r) > MANY)
            return work / 1e6;
    }
    return -1;
}

int main(void)
{
    struct world *w = world_new(1);
    world_switch(w, "inside");
    world_switch(w, "outside");
    gateway(w, 1);
    gateway(w, 2);
    world_start(w, "gw1");
    world_run(w, 5);
    struct router *r = world_router_get(w, "gw1");
    if (!r || ha_state_get(r) != HA_ACTIVE)
        return fail("one gateway alone does not become active");
    double bytes = install(r);
    if (bytes == 0)
        return fail("a pair is refused");
    world_run(w, 1);
    if (usable(r) <= MANY)
        return fail("the pairs do not become active");
    double sync = sync_ms(w, "gw2");
    if (sync < 0)
        return fail("the standby does not get everything");
    world_run(w, 5);
    double takeover = takeover_ms(w, "gw1", "gw2");
    if (takeover < 0)
        return fail("the standby does not take over");
    printf("bench10 memory %.0f\nbench10 sync %.1f\nbench10 takeover %.3f\n", bytes, sync, takeover);
    world_free(w);
    return 0;
}
