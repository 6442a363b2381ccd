/* See lib_alone.h. */
#include "tests/unit/lib_alone.h"
#include <stdlib.h>
#include <string.h>

static struct link *no_link(void *ctx, struct router *r, const char *ifname, uint16_t mtu)
{
    (void)ctx, (void)r, (void)ifname, (void)mtu;
    return NULL;
}

static void no_reload(void *ctx, struct router *r, const char *reason)
{
    (void)ctx, (void)r, (void)reason;
}

struct loop *alone_sim_loop(void)
{
    return loop_new_sim(INT64_C(1790000000) * NS_PER_S);
}

void alone_open(struct alone *a, const char *name, struct loop *loop)
{
    static const struct router_host host = {NULL, no_link, no_reload};
    memset(a, 0, sizeof *a);
    a->loop = loop;
    a->rng = rng_new_seeded(1, name, 1);
    storage_open_memory(&a->storage);
    struct router_opts ro = {
        .name = name, .loop = a->loop, .rng = a->rng, .storage = &a->storage, .host = &host, .incarnation = 1};
    a->r = router_new(&ro);
    if (!a->r)
        abort();
}

void alone_close(struct alone *a)
{
    router_free(a->r);
    rng_free(a->rng);
    loop_free(a->loop);
    storage_close(&a->storage);
}
