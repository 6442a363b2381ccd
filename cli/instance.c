/* The power switch of one router: boot from startup-config, reload after the boot time, power cut. Called by the
 * doors (`tapir router`) and the simulated world. See instance.h for the life cycle. */
#include "cli/instance.h"
#include "parser/session.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define STARTUP "startup-config"

struct instance {
    struct instance_opts o;
    char *name, *first_config, *reason;
    struct router_host host;
    struct router *router;
    struct rng *rng;
    uint32_t incarnation;
    bool powered;
    struct timer reload; /* fires at the end of the turn in which reload was asked */
    struct timer boot;   /* the machine is dark until then */
};

static struct link *host_open_link(void *ctx, struct router *r, const char *ifname, uint16_t mtu)
{
    struct instance *i = ctx;
    return i->o.open_link ? i->o.open_link(i->o.ctx, r, ifname, mtu) : NULL;
}

static void host_reload(void *ctx, struct router *r, const char *reason)
{
    struct instance *i = ctx;
    if (r != i->router || timer_armed(&i->reload))
        return;
    free(i->reason);
    i->reason = strdup(reason ? reason : "");
    timer_start(&i->reload, 0);
}

/* What startup-config holds; malloc'd, NULL if there is none. */
static char *startup_read(struct instance *i)
{
    char *text = NULL;
    size_t len = 0;
    int rc = i->o.storage->ops->read(i->o.storage->ctx, STARTUP, &text, &len);
    if (rc == 0)
        return text;
    if (rc == -ENOENT && i->first_config) {
        i->o.storage->ops->write(i->o.storage->ctx, STARTUP, i->first_config, strlen(i->first_config));
        return strdup(i->first_config);
    }
    return NULL;
}

static void bad_line(void *ctx, unsigned lineno, const char *line, const char *answer)
{
    struct instance *i = ctx;
    if (i->o.bad)
        i->o.bad(i->o.ctx, lineno, line, answer);
}

static int instance_boot(struct instance *i)
{
    char *text = startup_read(i);
    i->incarnation++;
    i->rng = i->o.seeded ? rng_new_seeded(i->o.seed, i->name, i->incarnation) : rng_new_system();
    struct router_opts ro = {
        .name = i->name,
        .loop = i->o.loop,
        .rng = i->rng,
        .storage = i->o.storage,
        .host = &i->host,
        .incarnation = i->incarnation,
        .from_startup = text && *text,
        .lab_keys = i->o.lab_keys,
        .no_offload = i->o.no_offload,
    };
    i->router = i->rng ? router_new(&ro) : NULL;
    if (!i->router) {
        int err = errno ? -errno : -ENOMEM;
        rng_free(i->rng);
        i->rng = NULL;
        free(text);
        return err;
    }
    i->router->reload_reason = i->reason;
    if (text && *text)
        config_load(i->router, text, true, bad_line, i);
    free(text);
    router_start(i->router);
    if (i->o.up)
        i->o.up(i->o.ctx, i->router);
    return 0;
}

static void instance_drop(struct instance *i, bool reload)
{
    struct router *r = i->router;
    if (!r)
        return;
    if (!reload)
        r->dying = true; /* before anything else: fini handlers send no farewell */
    if (i->o.down)
        i->o.down(i->o.ctx, r, reload);
    i->router = NULL;
    router_free(r);
    rng_free(i->rng);
    i->rng = NULL;
}

static void reload_fire(void *arg)
{
    struct instance *i = arg;
    instance_drop(i, true);
    timer_start(&i->boot, i->o.boot_time);
}

static void boot_fire(void *arg)
{
    struct instance *i = arg;
    if (instance_boot(i) != 0)
        i->powered = false;
}

struct instance *instance_new(const struct instance_opts *opts)
{
    struct instance *i = calloc(1, sizeof *i);
    if (!i)
        return NULL;
    i->o = *opts;
    i->name = strdup(opts->name);
    i->first_config = opts->first_config ? strdup(opts->first_config) : NULL;
    i->host = (struct router_host){.ctx = i, .open_link = host_open_link, .reload = host_reload};
    timer_init(&i->reload, opts->loop, reload_fire, i);
    timer_init(&i->boot, opts->loop, boot_fire, i);
    return i;
}

int instance_power_on(struct instance *i)
{
    if (i->powered)
        return -EALREADY;
    free(i->reason); /* the reason of a power-on is the power-on */
    i->reason = NULL;
    int rc = instance_boot(i);
    i->powered = rc == 0;
    return rc;
}

void instance_kill(struct instance *i)
{
    timer_stop(&i->reload);
    timer_stop(&i->boot);
    i->powered = false;
    instance_drop(i, false);
}

void instance_free(struct instance *i)
{
    if (!i)
        return;
    instance_kill(i);
    free(i->name);
    free(i->first_config);
    free(i->reason);
    free(i);
}

struct router *instance_router(struct instance *i)
{
    return i->router;
}

bool instance_powered(const struct instance *i)
{
    return i->powered;
}

uint32_t instance_incarnation(const struct instance *i)
{
    return i->incarnation;
}
