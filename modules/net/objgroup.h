/* Object groups of access lists: sets of addresses, and sets of services. Lines refer to a group by pointer; one that
 * nobody has defined, or that is empty, matches nothing. A change holds from the next packet on. */
#ifndef TAPIR_NET_OBJGROUP_H
#define TAPIR_NET_OBJGROUP_H
#include "modules/net/ip.h"

struct net;
enum objgroup_kind { OBJGROUP_NETWORK, OBJGROUP_SERVICE, OBJGROUP_KINDS };
enum { OBJGROUP_TCP_UDP = 256, OBJGROUP_ICMP_ANY = -1 };
struct objgroup;
struct objgroup_member {
    struct objgroup *group; /* another group; NULL: what follows */
    uint32_t lo, hi;        /* addresses */
    uint16_t proto;         /* 0: ip; OBJGROUP_TCP_UDP */
    uint16_t sport_lo, sport_hi, dport_lo, dport_hi;
    int icmp_type, icmp_code;
};
struct objgroup {
    char name[64];
    enum objgroup_kind kind;
    bool defined;
    unsigned refs; /* lines and other groups that name it */
    struct objgroup_member *member;
    unsigned n, cap;
    struct objgroup *chain; /* in its bucket */
    /* Made from the members, nested ones too, when a packet asks and something changed since. */
    uint32_t made; /* generation */
    unsigned n_flat;
    struct objgroup_member *flat; /* addresses: in order and apart from each other */
    bool walked;
};

void objgroups_fini(struct net *net);
/* A reference, to give back; makes an entry without definition where there is none. NULL: the table is full. */
struct objgroup *objgroup_get(struct router *r, enum objgroup_kind kind, const char *name);
void objgroup_put(struct router *r, struct objgroup *g); /* NULL: nothing */
struct objgroup *objgroup_find(struct router *r, enum objgroup_kind kind, const char *name);
int objgroup_define(struct router *r, enum objgroup_kind kind, const char *name); /* 0, -ENOSPC */
void objgroup_remove(struct router *r, struct objgroup *g);                       /* empties it, too */
/* Copies m; m->group's reference becomes the group's own. 0 (also: it was there), -ELOOP, -ENOSPC. */
int objgroup_add(struct router *r, struct objgroup *g, const struct objgroup_member *m);
int objgroup_drop(struct router *r, struct objgroup *g, const struct objgroup_member *m); /* -ENOENT */

/* In a turn of the loop's: does the address, or the packet, belong to it? NULL: yes. permit: of the line that asks,
 * which for later fragments decides whether ports count as right. */
bool objgroup_has(struct net *net, struct objgroup *g, uint32_t address);
bool objgroup_serves(struct net *net, struct objgroup *g, const struct acl_flow *f, bool permit);
#endif
