/* The simulated side of scenarios: every operation on a struct world. Called through struct scenario_backend. */
#include "cli/sim.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static nstime sb_now(void *ctx)
{
    return world_now(((struct sim *)ctx)->world);
}

static void sb_advance(void *ctx, nstime span)
{
    world_run_ns(((struct sim *)ctx)->world, span);
}

static bool sb_running(void *ctx, const char *node)
{
    return world_router_get(((struct sim *)ctx)->world, node) != NULL;
}

static char *sb_exec(void *ctx, const char *node, const char *command, int *status)
{
    return world_exec(((struct sim *)ctx)->world, node, command, status);
}

static unsigned sb_paste(void *ctx, const char *node, const char *text)
{
    return world_config(((struct sim *)ctx)->world, node, text);
}

static bool sb_kill(void *ctx, const char *node)
{
    struct sim *s = ctx;
    if (!world_powered(s->world, node))
        return false;
    world_kill(s->world, node);
    return true;
}

static bool sb_start(void *ctx, const char *node)
{
    struct sim *s = ctx;
    if (!world_is_router(s->world, node) || world_powered(s->world, node))
        return false;
    world_start(s->world, node);
    return world_powered(s->world, node);
}

static bool sb_carrier(void *ctx, const char *node, const char *ifname, bool up)
{
    world_link_down(((struct sim *)ctx)->world, node, ifname, !up);
    return true;
}

static bool sb_fault(void *ctx, const char *bridge, const char *port, const struct link_fault_spec *spec)
{
    return world_fault(((struct sim *)ctx)->world, bridge, port, spec) == 0;
}

static bool sb_probe_start(void *ctx, struct probe *p)
{
    struct sim *s = ctx;
    char cmd[160];
    if (!world_is_router(s->world, p->node)) {
        p->handle = world_host_probe(s->world, p->node, p);
        return p->handle != NULL;
    }
    snprintf(cmd, sizeof cmd, "probe %s%s%s rate %.0f size %u", p->addr, p->source[0] ? " source " : "", p->source,
             p->rate < 1 ? 1 : p->rate, p->size);
    p->handle = world_job_start(s->world, p->node, cmd, probe_feed, p);
    return p->handle != NULL;
}

static void sb_probe_stop(void *ctx, struct probe *p)
{
    struct sim *s = ctx;
    if (world_is_router(s->world, p->node))
        world_job_end(s->world, p->handle);
    else
        world_host_probe_end(p->handle);
    p->handle = NULL;
}

void sim_say(struct sim *s, const char *line)
{
    nstime now = world_now(s->world);
    fprintf(s->out, "%6lld.%06lld %s\n", (long long)(now / NS_PER_S), (long long)(now % NS_PER_S / NS_PER_US), line);
}

static void sb_say(void *ctx, const char *line)
{
    sim_say(ctx, line);
}

void sim_backend(struct sim *s, struct scenario_backend *b, uint64_t seed)
{
    *b = (struct scenario_backend){.ctx = s,
                                   .topology = s->topology,
                                   .simulated = true,
                                   .seed = seed,
                                   .now = sb_now,
                                   .advance = sb_advance,
                                   .running = sb_running,
                                   .exec = sb_exec,
                                   .paste = sb_paste,
                                   .kill = sb_kill,
                                   .start = sb_start,
                                   .carrier = sb_carrier,
                                   .fault = sb_fault,
                                   .probe_start = sb_probe_start,
                                   .probe_stop = sb_probe_stop,
                                   .say = sb_say};
}
