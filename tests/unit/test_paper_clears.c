/* The clear rows of the paper's second table on both gateways (reference 5.6): which DELETE goes to the spoke, what is
 * left on the spoke and on the other gateway, and that traffic comes back. */
#include "tests/unit/lib_paper.h"
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static struct paper p;

/* What a router holds: phase-1 rows and ESP SAs. */
struct held {
    unsigned ike, esp;
};

static unsigned count(const char *node, const char *command, const char *what)
{
    unsigned n = 0;
    char *s = paper_exec(&p, node, command);
    for (const char *at = s; (at = strstr(at, what)) != NULL; at++)
        n++;
    free(s);
    return n;
}

static struct held holds(const char *node)
{
    return (struct held){count(node, "show crypto isakmp sa", "QM_IDLE "),
                         count(node, "show crypto ipsec sa", "Status: ")};
}

static void expect(const char *node, unsigned ike, unsigned esp, const char *when)
{
    struct held h = holds(node);
    cr_assert(h.ike == ike && h.esp == esp, "%s %s: %u IKE and %u ESP SAs, not %u and %u", node, when, h.ike, h.esp,
              ike, esp);
}

static void open_tunnel(void)
{
    paper_open(&p);
    cr_assert_geq(paper_ping(&p, 5), 4);
    expect(p.active, 1, 2, "at first");
    expect(p.standby, 1, 2, "at first");
    expect("spoke", 1, 2, "at first");
}

static unsigned type(const char *node, const char *command)
{
    unsigned before = p.informational;
    char *s = paper_exec(&p, node, command);
    cr_assert_str_empty(s, "%s# %s prints on success: %s", node, command, s);
    free(s);
    world_run(p.w, 0.5);
    return p.informational - before;
}

static void comes_back(void)
{
    paper_ping(&p, 3);
    cr_assert_eq(paper_ping(&p, 5), 5);
    expect(p.active, 1, 2, "again");
    expect(p.standby, 1, 2, "again");
    expect("spoke", 1, 2, "again");
}

Test(paper_clears, isakmp_on_the_active)
{
    static const char *const commands[] = {"clear crypto isakmp", "clear crypto isakmp active"};
    open_tunnel();
    for (unsigned i = 0; i < 2; i++) {
        cr_assert_eq(type(p.active, commands[i]), 1, "one DELETE for the IKE SA");
        expect(p.active, 0, 2, "cleared");
        expect(p.standby, 0, 2, "told by the active");
        expect("spoke", 0, 2, "told by DELETE");
        cr_assert_eq(paper_ping(&p, 2), 2, "the IPsec SAs go on");
        free(paper_exec(&p, "spoke", "clear crypto sa"));
        world_run(p.w, 1);
        free(paper_exec(&p, p.active, "clear crypto sa"));
        comes_back();
    }
    paper_close(&p);
}

Test(paper_clears, sa_on_the_active)
{
    static const char *const commands[] = {"clear crypto sa", "clear crypto sa active"};
    open_tunnel();
    for (unsigned i = 0; i < 2; i++) {
        cr_assert_geq(type(p.active, commands[i]), 1, "a DELETE for the IPsec SA");
        expect(p.active, 1, 0, "cleared");
        expect(p.standby, 1, 0, "told by the active");
        expect("spoke", 1, 0, "told by DELETE");
        unsigned phase1 = p.main_mode;
        comes_back();
        cr_assert_eq(p.main_mode, phase1, "the IKE SA was still good");
    }
    paper_close(&p);
}

Test(paper_clears, session_on_the_active)
{
    static const char *const commands[] = {"clear crypto session", "clear crypto session active"};
    open_tunnel();
    for (unsigned i = 0; i < 2; i++) {
        cr_assert_geq(type(p.active, commands[i]), 2, "DELETEs for both phases");
        expect(p.active, 0, 0, "cleared");
        expect(p.standby, 0, 0, "told by the active");
        expect("spoke", 0, 0, "told by DELETE");
        comes_back();
    }
    paper_close(&p);
}

Test(paper_clears, the_other_state_is_nothing)
{
    static const char *const on_active[] = {"clear crypto isakmp standby", "clear crypto sa standby",
                                            "clear crypto session standby"};
    static const char *const on_standby[] = {"clear crypto isakmp active", "clear crypto sa active",
                                             "clear crypto session active"};
    open_tunnel();
    for (unsigned i = 0; i < 3; i++) {
        cr_assert_eq(type(p.active, on_active[i]), 0, "%s", on_active[i]);
        cr_assert_eq(type(p.standby, on_standby[i]), 0, "%s", on_standby[i]);
        expect(p.active, 1, 2, on_active[i]);
        expect(p.standby, 1, 2, on_standby[i]);
        expect("spoke", 1, 2, on_active[i]);
    }
    cr_assert_eq(paper_ping(&p, 5), 5);
    paper_close(&p);
}

/* Only the local copies vanish, silently; they return with the next bulk synchronisation, not before. */
static void on_the_standby(const char *command, unsigned ike, unsigned esp)
{
    open_tunnel();
    cr_assert_eq(type(p.standby, command), 0, "%s: nothing on the wire", command);
    expect(p.standby, ike, esp, command);
    expect(p.active, 1, 2, command);
    expect("spoke", 1, 2, command);
    unsigned packets = p.ike;
    cr_assert_eq(paper_ping(&p, 5), 5);
    cr_assert_eq(p.ike, packets);
    world_kill(p.w, p.standby);
    world_run(p.w, 30);
    world_start(p.w, p.standby);
    paper_settle(&p);
    expect(p.standby, 1, 2, "after the next bulk synchronisation");
    cr_assert_eq(p.ike, packets, "the spoke heard nothing of it");
    paper_close(&p);
}

Test(paper_clears, isakmp_on_the_standby)
{
    on_the_standby("clear crypto isakmp", 0, 2);
    on_the_standby("clear crypto isakmp standby", 0, 2);
}

Test(paper_clears, sa_on_the_standby)
{
    on_the_standby("clear crypto sa", 1, 0);
    on_the_standby("clear crypto sa standby", 1, 0);
}

Test(paper_clears, session_on_the_standby)
{
    on_the_standby("clear crypto session", 0, 0);
    on_the_standby("clear crypto session standby", 0, 0);
}

/* The same after the roles have changed: the heir's clear speaks for the pair. */
Test(paper_clears, on_the_heir_after_a_failover)
{
    open_tunnel();
    const char *dead = p.active, *heir = p.standby;
    world_kill(p.w, dead);
    paper_ping(&p, 13);
    cr_assert_eq(paper_ping(&p, 3), 3);
    world_start(p.w, dead);
    paper_settle(&p);
    cr_assert_str_eq(p.active, heir);
    cr_assert_geq(type(heir, "clear crypto session active"), 2);
    expect(heir, 0, 0, "cleared");
    expect(dead, 0, 0, "told by the heir");
    expect("spoke", 0, 0, "told by DELETE");
    comes_back();
    paper_close(&p);
}
