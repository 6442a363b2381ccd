/* What the files of the track module share: an object and the module's state. Nothing outside modules/track
 * includes this but its tests. */
#ifndef TAPIR_TRACK_INTERNAL_H
#define TAPIR_TRACK_INTERNAL_H
#include "modules/core/addr.h"
#include "modules/core/loop.h"
#include "modules/core/module.h"
#include "modules/core/router.h"
#include "modules/track/track.h"
#include "track_cmd.h"

enum { TRACK_MAX_SUBS = 8, TRACK_MAX_MEMBERS = 100, TRACK_POLL_DEFAULT_S = 1 };

enum track_kind {
    TRACK_INTERFACE, /* line-protocol or ip routing */
    TRACK_ROUTE,     /* reachability or metric threshold */
    TRACK_SLA,       /* an operation that does not exist here: down */
    TRACK_LIST_AND,
    TRACK_LIST_OR,
    TRACK_LIST_WEIGHT,
    TRACK_LIST_PERCENTAGE
};
struct track_member {
    unsigned object;
    bool negated;
    unsigned weight;
};
struct track;
struct track_object {
    struct track_object *next; /* by number */
    struct track *t;
    unsigned number;
    struct args_track line; /* as it is stored */
    enum track_kind kind;
    char ifname[40];
    bool routing;         /* TRACK_INTERFACE: an address is needed as well */
    struct prefix prefix; /* TRACK_ROUTE */
    bool metric;
    bool vrf;     /* the route is in a VRF: in no table here */
    unsigned sla; /* TRACK_SLA */
    bool reachability;
    unsigned up_at, down_at; /* metric, weight or percentage thresholds in force */
    struct track_member member[TRACK_MAX_MEMBERS];
    unsigned n_members;
    unsigned delay_up, delay_down; /* s */
    /* state */
    enum track_state state, wanted; /* wanted differs while a delay runs */
    struct timer delay;
    uint32_t changes;
    nstime changed_at;
};
struct track {
    struct router *r;
    struct track_object *objects;
    nstime poll;
    struct timer poll_timer;
    bool settling;
    struct {
        track_fn fn;
        void *arg;
    } subs[TRACK_MAX_SUBS];
    unsigned n_subs;
    track_clients_fn clients;
    void *clients_arg;
};
extern const struct module track_module;

/* track.c */
struct track_object *track_find(const struct track *t, unsigned number);
struct track_object *track_object_get(struct track *t, unsigned number); /* makes it; NULL: out of memory */
void track_object_delete(struct track *t, unsigned number);
void track_object_configured(struct track_object *o, bool fresh); /* what it looks at has changed */
void track_poll_update(struct track *t);

/* track_eval.c */
bool track_is_list(const struct track_object *o);
bool track_eval_up(struct track_object *o); /* as it is now, delays aside */
/* Sum of the weights, or the percentage, of the members that are up; *total: of all. */
unsigned track_list_value(const struct track_object *o, unsigned *total);
unsigned track_member_share(const struct track_object *o, unsigned i); /* in the same unit */
bool track_member_up(const struct track_object *o, unsigned i);
const char *track_word(enum track_state s); /* "Up" */
/* "interface Et1/1 line-protocol", for messages. */
void track_describe(const struct track_object *o, char *buf, size_t len);
#endif
