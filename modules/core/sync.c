/* The hub of state synchronisation: modules call sync_*, the redundancy facility, if there is one, does the work.
 * Without a hub every call is a cheap no-op. */
#include "modules/core/sync.h"
#include "modules/core/router.h"

void sync_hub_set(struct router *r, const struct sync_hub *hub)
{
    r->sync = hub;
}

void sync_dirty(struct router *r, const struct sync_class *cls, const struct sync_key *key)
{
    if (r->sync && r->sync->dirty)
        r->sync->dirty(r, cls, key);
}

void sync_deleted(struct router *r, const struct sync_class *cls, const struct sync_key *key, uint8_t reason)
{
    if (r->sync && r->sync->deleted)
        r->sync->deleted(r, cls, key, reason);
}

void sync_flush(struct router *r)
{
    if (r->sync && r->sync->flush)
        r->sync->flush(r);
}

bool sync_peer_ready(struct router *r)
{
    return r->sync && r->sync->peer_ready && r->sync->peer_ready(r);
}

nstime sync_last_heard(struct router *r)
{
    return r->sync && r->sync->last_heard ? r->sync->last_heard(r) : 0;
}

const struct sync_class *const *sync_classes(struct router *r, unsigned *n)
{
    *n = r->n_sync_list;
    return r->sync_list;
}

void sync_config_lines(struct router *r, void (*emit)(void *ctx, const char *kind, const char *name, const char *text),
                       void *ctx)
{
    for (unsigned i = 0; i < tapir_modules_count; i++)
        if (tapir_modules[i] && tapir_modules[i]->config_lines)
            tapir_modules[i]->config_lines(r, r->module_states[i], emit, ctx);
}
