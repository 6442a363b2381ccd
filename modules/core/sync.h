/* Sync classes: how a module's objects travel to the peer without redundancy or ipc knowing what
 * they are. State based (state-sync.md 4.6): a module marks an object dirty; when the association is
 * writable its *current* state is encoded and sent. Deletes are tombstones in the same order.
 *
 * Registered in struct module. Redundancy drives them; where no inter-device redundancy runs all
 * sync_* calls are cheap no-ops. */
#ifndef TAPIR_CORE_SYNC_H
#define TAPIR_CORE_SYNC_H
#include "modules/core/cursor.h"
#include "modules/core/log.h"
#include <stdbool.h>
#include <stdint.h>

struct router;
#define SYNC_KEY_MAX 24
struct sync_key {
    uint8_t len;
    uint8_t b[SYNC_KEY_MAX]; /* e.g. both cookies; in SPI */
};
enum sync_result {
    SYNC_OK,
    SYNC_GONE /* encode: object no longer exists */,
    SYNC_RESYNC /* apply: need a snapshot */,
    SYNC_REFUSED /* apply: local configuration lacks something; logged by the class */
};

struct sync_class {
    const char *name;         /* "ike-sa", "ipsec-sa", "replay" */
    uint8_t add, update, del; /* record types of state-sync.md 4.3; update/del 0 where there is none */
    uint8_t rank;             /* order within a snapshot: lower first (IKE SAs before IPsec SAs) */
    bool snapshot;            /* objects take part in bulk sync, stale-marking and the digest */
    /* active side */
    void (*enumerate)(struct router *r, void (*emit)(void *ctx, const struct sync_key *key), void *ctx);
    unsigned (*count)(struct router *r); /* how many it would emit, without looking at them; may be NULL */
    /* Writes the object's current state as TLVs. Called exactly when the record is handed to SCTP. */
    enum sync_result (*encode)(struct router *r, const struct sync_key *key, struct builder *b);
    void (*acked)(struct router *r, const struct sync_key *key); /* peer has applied the last encode; may be NULL */
    /* standby side: idempotent upsert */
    enum sync_result (*apply)(struct router *r, const struct sync_key *key, struct cursor *c, event_id cause);
    void (*remove)(struct router *r, const struct sync_key *key, uint8_t reason, event_id cause);
    void (*mark_stale)(struct router *r);                      /* SNAP_BEGIN, or IPC lost */
    unsigned (*sweep_stale)(struct router *r, event_id cause); /* SNAP_END: delete what is still stale; count */
    void (*discard_all)(struct router *r, event_id cause); /* loser of a split: drop HA objects, no DELETE to peers */
    uint32_t (*version)(struct router *r,
                        const struct sync_key *key); /* part of the snapshot digest; equal on both sides after apply */
};

void sync_dirty(struct router *r, const struct sync_class *cls, const struct sync_key *key);
void sync_deleted(struct router *r, const struct sync_class *cls, const struct sync_key *key, uint8_t reason);
/* Output commit: hands everything dirty to SCTP now (at most 64 records), before the caller lets the
 * packet go that makes the change visible. Does not wait for the peer. */
void sync_flush(struct router *r);
/* True while a peer is connected and has applied a snapshot (records are really going somewhere). */
bool sync_peer_ready(struct router *r);
nstime sync_last_heard(struct router *r); /* loop_now() of the last record or KEEPALIVE from the active; 0 never */

/* The hub that redundancy installs (one per router). */
struct sync_hub {
    void (*dirty)(struct router *r, const struct sync_class *cls, const struct sync_key *key);
    void (*deleted)(struct router *r, const struct sync_class *cls, const struct sync_key *key, uint8_t reason);
    void (*flush)(struct router *r);
    bool (*peer_ready)(struct router *r);
    nstime (*last_heard)(struct router *r);
};
void sync_hub_set(struct router *r, const struct sync_hub *hub); /* NULL: none */
/* All classes of all modules in rank order; n out. Borrowed. */
const struct sync_class *const *sync_classes(struct router *r, unsigned *n);
/* The HELLO digest (DESIGN 4.1): each module adds "kind name = canonical text" lines of what must be equal. */
void sync_config_lines(struct router *r, void (*emit)(void *ctx, const char *kind, const char *name, const char *text),
                       void *ctx);
#endif
