/* Lines of access lists and service groups between grammar and stack (acl_rule.c). */
#ifndef TAPIR_INTERFACE_ACL_RULE_H
#define TAPIR_INTERFACE_ACL_RULE_H
#include "acl_cmd.h"
#include "modules/net/acl.h"

/* One side's port condition in the args struct of the grammar; port and last are put into the form that is shown. */
struct acl_ports {
    bool eq, neq, gt, lt, range;
    uint32_t *port, *last;
    bool *has_port, *has_last, *has_name, *has_last_name;
    const char **name, **last_name;
};
#define ACL_PORTS_OF(a, side, is_eq, is_neq)                                                                           \
    {                                                                                                                  \
        is_eq, is_neq, (a)->kw_##side##_gt, (a)->kw_##side##_lt, (a)->kw_##side##_range, &(a)->side##_port,            \
            &(a)->side##_last, &(a)->has_##side##_port, &(a)->has_##side##_last, &(a)->has_##side##_portname,          \
            &(a)->has_##side##_lastname, &(a)->side##_portname, &(a)->side##_lastname                                  \
    }
#define ACL_PORTS(a, side) ACL_PORTS_OF(a, side, (a)->kw_##side##_eq, (a)->kw_##side##_neq)
/* false: said why. */
bool acl_ports_read(struct cmd *c, const struct acl_ports *p, bool udp, uint16_t *lo, uint16_t *hi, bool *neq);

struct acl_address {
    bool *any, *kw_host, *has_host, *has_net, *has_wild;
    struct addr *host, *net;
    uint32_t *wild;
};
#define ACL_ADDRESS(a, side)                                                                                           \
    {                                                                                                                  \
        &(a)->kw_##side##_any, &(a)->kw_##side##_host, &(a)->has_##side##_host, &(a)->has_##side##_net,                \
            &(a)->has_##side##_wild, &(a)->side##_host, &(a)->side##_net, &(a)->side##_wild                            \
    }
void acl_address_read(const struct acl_address *a, struct addr *out, uint32_t *wild);
/* The line holds groups and time range: acl_line_release() when it has been put somewhere. false: said why. */
bool acl_rule_read(struct cmd *c, struct args_ext_nacl_rule *a, struct acl_line *l);
#endif
