/* I6 with both groups of the paper's pair: a gateway of higher priority that returns pre-empts neither the scheme group
 * nor the group of the stateful crypto map before its bulk synchronisation is complete, and then both at once; without
 * a peer to synchronise with, after the time limit that show names. */
#include "modules/core/role.h"
#include "tests/unit/lib_paper.h"
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static struct paper p;

static void audit_fail(void *ctx, const char *invariant, const char *text)
{
    cr_assert_fail("%s: %s %s", (const char *)ctx, invariant, text);
}

static enum role_state role(const char *node, const char *group)
{
    struct router *r = world_router_get(p.w, node);
    return r ? role_get(r, group)->state : ROLE_ABSENT;
}

/* The active is the preferred one and dies; the heir's end of the association is shut; the preferred one boots. */
static void preferred_returns(const char **best, const char **heir)
{
    paper_open(&p);
    *best = p.active;
    *heir = p.standby;
    cr_assert_geq(paper_ping(&p, 5), 4);
    world_config(p.w, *best,
                 "interface GigabitEthernet0/3\nstandby 2 priority 120\ninterface Ethernet1/1\n"
                 "standby 1 priority 120\nend\n");
    free(paper_exec(&p, *best, "write memory"));
    world_kill(p.w, *best);
    paper_ping(&p, 13);
    cr_assert_eq(role(*heir, "ha-in"), ROLE_ACTIVE);
    cr_assert_eq(role(*heir, "ha-out"), ROLE_ACTIVE);
    world_config(p.w, *heir, "ipc zone default\nassociation 1\nshutdown\nend\n");
    world_start(p.w, *best);
    for (unsigned s = 0; s < 110; s++) { /* speaks after 60 s, could pre-empt at once */
        world_run(p.w, 1);
        cr_assert_neq(role(*best, "ha-in"), ROLE_ACTIVE, "inside pre-empted after %u s", s);
        cr_assert_neq(role(*best, "ha-out"), ROLE_ACTIVE, "outside pre-empted after %u s", s);
        router_audit(world_router_get(p.w, *best), audit_fail, (void *)(uintptr_t)*best);
    }
    cr_assert(role_preempt_held(world_router_get(p.w, *best), "ha-in"));
    cr_assert(role_preempt_held(world_router_get(p.w, *best), "ha-out"));
    cr_assert_eq(role(*best, "ha-in"), ROLE_STANDBY);
    cr_assert_eq(role(*best, "ha-out"), ROLE_STANDBY);
    paper_has(&p, *best, "show redundancy inter-device",
              "  Pre-emption: held until bulk sync is complete, at most 00:00:");
}

Test(paper_preempt, both_groups_wait_for_the_bulk_sync)
{
    const char *best, *heir;
    preferred_returns(&best, &heir);
    unsigned ike = p.ike;
    world_config(p.w, heir, "ipc zone default\nassociation 1\nno shutdown\nend\n");
    double waited = 0;
    while (role(best, "ha-in") != ROLE_ACTIVE && waited < 9.8) {
        cr_assert(role(best, "ha-out") != ROLE_ACTIVE, "the outside group went first");
        world_run(p.w, 0.1);
        waited += 0.1;
    }
    cr_assert_eq(role(best, "ha-in"), ROLE_ACTIVE, "not synchronised in time");
    world_run(p.w, 1.5);
    cr_assert_eq(role(best, "ha-out"), ROLE_ACTIVE);
    paper_has(&p, best, "show redundancy history", "*my state = STANDBY HOT(8)");
    paper_has(&p, best, "show crypto ipsec sa", "Status: ACTIVE");
    paper_settle(&p); /* the heir reloaded and is the standby */
    cr_assert_str_eq(p.active, best);
    paper_ping(&p, 3);
    cr_assert_eq(paper_ping(&p, 5), 5);
    cr_assert_eq(p.ike, ike, "no IKE packet");
    paper_close(&p);
}

Test(paper_preempt, the_limit_ends_it)
{
    const char *best, *heir;
    preferred_returns(&best, &heir);
    world_run(p.w, 15);
    cr_assert_eq(role(best, "ha-in"), ROLE_ACTIVE);
    cr_assert_eq(role(best, "ha-out"), ROLE_ACTIVE);
    paper_has(&p, best, "show redundancy history", "pre-emption hold expired");
    paper_close(&p);
}
