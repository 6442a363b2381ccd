/* A router's life: modules are initialised in list order, started once the configuration is read, and finished in
 * reverse. Called by the power switch around it (cli/instance.c) and by unit tests. */
#include "modules/core/router.h"
#include "modules/core/log.h"
#include "modules/core/meter.h"
#include "modules/core/role.h"
#include "modules/core/sync.h"
#include "modules/core/worker.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void *module_state(const struct router *r, const struct module *m)
{
    for (unsigned i = 0; i < tapir_modules_count; i++)
        if (tapir_modules[i] && tapir_modules[i] == m)
            return r->module_states[i];
    return NULL;
}

unsigned module_part(const struct router *r, const struct module *m)
{
    for (unsigned i = 0; i < tapir_modules_count; i++)
        if (tapir_modules[i] && tapir_modules[i] == m)
            return r->module_parts[i];
    return 0;
}

/* By rank; classes of one rank in the order of their modules. */
static int collect_sync_classes(struct router *r)
{
    unsigned n = 0;
    for (unsigned i = 0; i < tapir_modules_count; i++)
        n += tapir_modules[i] ? tapir_modules[i]->n_sync : 0;
    r->sync_list = calloc(n + 1, sizeof *r->sync_list);
    if (!r->sync_list)
        return -1;
    for (unsigned i = 0; i < tapir_modules_count; i++) {
        const struct module *m = tapir_modules[i];
        for (unsigned k = 0; m && k < m->n_sync; k++) {
            unsigned at = r->n_sync_list++;
            for (; at > 0 && r->sync_list[at - 1]->rank > m->sync[k]->rank; at--)
                r->sync_list[at] = r->sync_list[at - 1];
            r->sync_list[at] = m->sync[k];
        }
    }
    return 0;
}

static void finish_modules(struct router *r, unsigned n)
{
    while (n-- > 0) {
        const struct module *m = tapir_modules[n];
        if (m && m->fini)
            m->fini(r, r->module_states[n]);
        r->module_states[n] = NULL;
    }
}

static void router_release(struct router *r)
{
    if (r->cfg && r->cfg_free)
        r->cfg_free(r->cfg);
    worker_free(r->worker); /* what the modules left there is dropped */
    roles_free(r->roles);
    eventlog_free(r->log);
    free(r->sync_list);
    free(r->module_states);
    free(r->module_parts);
    free(r->debug_bits);
    free(r);
}

struct router *router_new(const struct router_opts *opts)
{
    struct router *r = calloc(1, sizeof *r);
    if (!r)
        return NULL;
    snprintf(r->name, sizeof r->name, "%s", opts->name);
    snprintf(r->hostname, sizeof r->hostname, "Router");
    r->loop = opts->loop;
    r->rng = opts->rng;
    r->storage = opts->storage;
    r->host = opts->host;
    r->incarnation = opts->incarnation;
    r->from_startup = opts->from_startup;
    r->lab_keys = opts->lab_keys;
    r->no_offload = opts->no_offload;
    r->booting = true;
    r->boot_time = loop_now(r->loop);
    r->levels = (struct log_levels){7, 7, 7};
    r->stamps.msec_log = r->stamps.msec_debug = true;
    r->module_states = calloc(tapir_modules_count + 1, sizeof *r->module_states);
    r->module_parts = calloc(tapir_modules_count + 1, sizeof *r->module_parts);
    r->debug_bits = calloc(tapir_modules_count + 1, sizeof *r->debug_bits);
    r->log = eventlog_new();
    r->roles = roles_new();
    r->worker = worker_new(r->loop);
    if (!r->module_states || !r->module_parts || !r->debug_bits || !r->log || !r->roles || !r->worker ||
        collect_sync_classes(r)) {
        router_release(r);
        errno = ENOMEM;
        return NULL;
    }
    for (unsigned i = 0; i < tapir_modules_count; i++) {
        const struct module *m = tapir_modules[i];
        if (m && m->process)
            r->module_parts[i] = (uint8_t)meter_part(r->loop, m->process);
        unsigned was = meter_enter(r->loop, r->module_parts[i]);
        int rc = m && m->init ? m->init(r, &r->module_states[i]) : 0;
        meter_leave(r->loop, was);
        if (rc) {
            finish_modules(r, i);
            router_release(r);
            errno = rc < 0 ? -rc : rc;
            return NULL;
        }
    }
    return r;
}

void router_start(struct router *r)
{
    for (unsigned i = 0; i < tapir_modules_count; i++)
        if (tapir_modules[i] && tapir_modules[i]->start) {
            unsigned was = meter_enter(r->loop, r->module_parts[i]);
            tapir_modules[i]->start(r, r->module_states[i]);
            meter_leave(r->loop, was);
        }
    r->booting = false;
}

void router_free(struct router *r)
{
    if (!r)
        return;
    r->dying = true;
    for (unsigned i = 0; i < tapir_modules_count; i++)
        if (tapir_modules[i] && tapir_modules[i]->halt)
            tapir_modules[i]->halt(r, r->module_states[i]);
    finish_modules(r, tapir_modules_count);
    router_release(r);
}

void router_reload(struct router *r, const char *reason)
{
    if (r->reloading || r->dying)
        return;
    r->reloading = true;
    for (unsigned i = tapir_modules_count; i-- > 0;)
        if (tapir_modules[i] && tapir_modules[i]->shutdown)
            tapir_modules[i]->shutdown(r, r->module_states[i]);
    if (r->host && r->host->reload)
        r->host->reload(r->host->ctx, r, reason);
}

nstime router_wall(const struct router *r)
{
    return loop_wall(r->loop) + r->clock_offset;
}

void router_set_clock(struct router *r, nstime wall)
{
    r->clock_offset = wall - loop_wall(r->loop);
    r->clock_set = true;
}

nstime router_uptime(const struct router *r)
{
    return loop_now(r->loop) - r->boot_time;
}

struct audit {
    void (*fail)(void *ctx, const char *invariant, const char *text);
    void *ctx;
    unsigned n;
};

static void audit_fail(void *ctx, const char *invariant, const char *text)
{
    struct audit *a = ctx;
    a->n++;
    if (a->fail)
        a->fail(a->ctx, invariant, text);
}

unsigned router_audit(struct router *r, void (*fail)(void *ctx, const char *invariant, const char *text), void *ctx)
{
    struct audit a = {.fail = fail, .ctx = ctx};
    for (unsigned i = 0; i < tapir_modules_count; i++)
        if (tapir_modules[i] && tapir_modules[i]->audit)
            tapir_modules[i]->audit(r, r->module_states[i], audit_fail, &a);
    return a.n;
}
