/* The system module as typed: hostname, service lines, logging, debugging as a whole, reload, the shows clients parse.
 */
#include "cli/world.h"
#include "modules/core/log.h"
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct world *w;

static void up(void)
{
    w = world_new(1);
    world_router(w, "R1", "hostname R1\n");
    world_start(w, "R1");
}
static void down(void)
{
    world_free(w);
}
TestSuite(sys, .init = up, .fini = down);

static bool says(const char *command, const char *want)
{
    int status;
    char *out = world_exec(w, "R1", command, &status);
    bool yes = out && strstr(out, want);
    if (!yes)
        fprintf(stderr, "%s: no `%s` in:\n%s\n", command, want, out ? out : "");
    free(out);
    return yes;
}

Test(sys, hostname)
{
    cr_assert_eq(world_config(w, "R1", "hostname gw-1.lab\n"), 0);
    cr_assert_str_eq(world_router_get(w, "R1")->hostname, "gw-1.lab");
    cr_assert_eq(world_config(w, "R1", "hostname bad#name\n"), 1);
    cr_assert_eq(world_config(w, "R1", "hostname -x\n"), 1);
    cr_assert_str_eq(world_router_get(w, "R1")->hostname, "gw-1.lab", "a rejected line changes nothing");
    cr_assert_eq(world_config(w, "R1", "no hostname\n"), 0);
    cr_assert(says("show running-config", "\nhostname Router\n"));
}

Test(sys, timestamps)
{
    struct router *r = world_router_get(w, "R1");
    cr_assert(r->stamps.msec_log && r->stamps.msec_debug, "datetime msec is the default");
    cr_assert_eq(world_config(w, "R1",
                              "service timestamps log uptime\nno service timestamps debug\n"
                              "service sequence-numbers\n"),
                 0);
    cr_assert(r->stamps.log_uptime && r->stamps.debug_none && r->stamps.sequence);
    cr_assert(says("show running-config", "\nno service timestamps debug\nservice timestamps log uptime\n"));
    cr_assert_eq(world_config(w, "R1", "service timestamps log datetime msec localtime show-timezone\n"), 0);
    cr_assert(says("show running-config", "service timestamps log datetime msec localtime show-timezone\n"));
}

Test(sys, logging)
{
    struct router *r = world_router_get(w, "R1");
    cr_assert(says("show logging", "%SYS-5-RESTART: System restarted"));
    cr_assert_eq(world_config(w, "R1", "logging buffered 4096 5\nno logging console\n"), 0);
    cr_assert_eq(r->levels.buffer, 5);
    cr_assert_eq(r->levels.console, -1);
    cr_assert(says("show running-config", "logging buffered 4096 notifications\n"));
    cr_assert(says("show logging", "Console logging: disabled"));
    log_syslog(r, 0, "X", 6, "HIDDEN", "above the level");
    for (int i = 0; i < 500; i++)
        log_syslog(r, 0, "X", 5, "LINE", "message %d", i);
    cr_assert(says("show logging", "message 499\n"));
    int status;
    char *out = world_exec(w, "R1", "show logging", &status);
    cr_assert_null(strstr(out, "HIDDEN"));
    cr_assert_null(strstr(out, "message 0\n"), "the buffer is 4096 bytes");
    free(out);
    cr_assert(says("clear logging", "Clear logging buffer [confirm]"));
    out = world_exec(w, "R1", "show logging", &status);
    cr_assert_null(strstr(out, "message 499"));
    free(out);
}

Test(sys, version_and_debugging)
{
    cr_assert(says("show version", "Cisco IOS Software, Tapir Software (TAPIR-M), Version 15.2(4)M11, RELEASE"));
    cr_assert(says("show version", "R1 uptime is 0 minutes\n"));
    world_run(w, 86400 * 8 + 3600 + 120);
    cr_assert(says("show version", "R1 uptime is 1 week, 1 day, 1 hour, 2 minutes\n"));
    cr_assert(says("undebug all", "All possible debugging has been turned off\n"));
    cr_assert(says("no debug all", "All possible debugging has been turned off\n"));
}

Test(sys, reload)
{
    uint32_t before = world_router_get(w, "R1")->incarnation;
    cr_assert_eq(world_config(w, "R1", "hostname unsaved\n"), 0);
    cr_assert(says("reload", "System configuration has been modified. Save? [yes/no]: "));
    world_run(w, 10);
    struct router *r = world_router_get(w, "R1");
    cr_assert_not_null(r);
    cr_assert_eq(r->incarnation, before + 1);
    cr_assert_str_eq(r->hostname, "R1", "nothing unsaved survives");
    cr_assert(says("show version", "Last reload reason: Reload Command\n"));
    cr_assert(says("reload in 5", "Reload scheduled in 5 minutes"));
    cr_assert(says("reload cancel", "SHUTDOWN ABORTED"));
    world_run(w, 600);
    cr_assert_eq(world_router_get(w, "R1")->incarnation, before + 1);
}
