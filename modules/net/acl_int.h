/* What the files of the access lists know of each other: all lists of a router, and what is to be logged. */
#ifndef TAPIR_NET_ACL_INT_H
#define TAPIR_NET_ACL_INT_H
#include "modules/net/acl.h"
#include "modules/net/stack.h"

struct acl_log; /* acl_log.c */
struct acls {
    struct acl *list;
    unsigned n;
    uint32_t generation;
    struct acl_log *log;
};
/* A packet that hit a line with `log`; f NULL: not at hand. Borrows. */
void acl_log_packet(struct router *r, const struct acl *a, const struct acl_line *l, const struct acl_flow *flow,
                    const struct frame *f);
void acl_log_fini(struct net *net);
#endif
