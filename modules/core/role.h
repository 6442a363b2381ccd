/* The role-of-a-named-group service. HSRP publishes, redundancy, ipsec and ike subscribe by the
 * group's name, before or after it exists. Names no protocol. All calls on the control thread. */
#ifndef TAPIR_CORE_ROLE_H
#define TAPIR_CORE_ROLE_H
#include "modules/core/addr.h"
#include "modules/core/log.h"

struct router;
struct netif;
struct roles;

enum role_state { /* in the publisher's own order; ROLE_ABSENT: no group of that name */
                  ROLE_ABSENT,
                  ROLE_DISABLED,
                  ROLE_INIT,
                  ROLE_LEARN,
                  ROLE_LISTEN,
                  ROLE_SPEAK,
                  ROLE_STANDBY,
                  ROLE_ACTIVE
};
struct role_info {
    const char *name; /* group name */
    enum role_state state;
    struct netif *netif;      /* interface of the group; NULL while absent */
    struct addr virtual_addr; /* ADDR_NONE if unknown */
    nstime hold;              /* hold time of the group, ns (DESIGN 4.1) */
    int priority;             /* effective */
    struct addr peer;         /* the other router that is Active or Standby; ADDR_NONE if unknown */
    event_id cause;           /* event of the last change */
    bool left_by_itself;      /* last change away from Active/Standby was local: interface down, tracking, shutdown */
};
typedef void (*role_fn)(void *arg, const struct role_info *now, enum role_state before);

struct role_sub;
struct role_sub *role_subscribe(struct router *r, const char *name, role_fn fn, void *arg);
void role_unsubscribe(struct router *r, struct role_sub *sub);
/* Always valid; state ROLE_ABSENT when nobody publishes it. Borrowed until the next publish. */
const struct role_info *role_get(struct router *r, const char *name);

/* Publisher side. Copies; calls subscribers synchronously when state, address or interface changed. */
void role_publish(struct router *r, const struct role_info *info);
void role_withdraw(struct router *r, const char *name, event_id cause);
const char *role_state_name(enum role_state s); /* "Active", "Standby", … */

/* I6: a client that is not ready to take over (bulk sync incomplete) holds pre-emption of a group, for `limit` ns
 * from now at most (0: until it lets go).
 * The publisher asks role_preempt_held() before it pre-empts and is called back on release. */
void role_hold_preempt(struct router *r, const char *name, const char *client, bool hold, nstime limit);
bool role_preempt_held(struct router *r, const char *name);
void role_on_release(struct router *r, const char *name, role_fn fn, void *arg); /* one per name */

/* A client knows that `peer` serves the group no more, although no hello has told so yet. The publisher takes it for
 * a word of the peer's own if that one is what it takes for the group's Active. */
typedef void (*role_gone_fn)(void *arg, const struct addr *peer, event_id cause);
void role_peer_gone(struct router *r, const char *name, const struct addr *peer, event_id cause);
void role_on_peer_gone(struct router *r, const char *name, role_gone_fn fn, void *arg); /* one per name */

/* A client asks the publisher to hand the group over to its standby router, as by a Resign. False: the group is not
 * Active here or nobody is there to take it. */
typedef bool (*role_yield_fn)(void *arg, event_id cause);
bool role_yield(struct router *r, const char *name, event_id cause);
void role_on_yield(struct router *r, const char *name, role_yield_fn fn, void *arg); /* one per name */

/* The unit's own role as decided by the redundancy facility: gates activation of HA objects.
 * HA_NONE: no inter-device redundancy in force (roles alone decide). */
enum ha_state { HA_NONE, HA_STANDBY, HA_ACTIVE };
typedef void (*ha_fn)(void *arg, enum ha_state now, enum ha_state before, event_id cause);
enum ha_state ha_state_get(struct router *r);
void ha_state_set(struct router *r, enum ha_state s, event_id cause); /* redundancy only */
void ha_subscribe(struct router *r, ha_fn fn, void *arg);             /* for the router's life */

/* router.c */
struct roles *roles_new(void);
void roles_free(struct roles *roles);
#endif
