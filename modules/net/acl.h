/* Access lists as their commands see them: lists, lines, names of ports and message types. Matching is in ip.h. */
#ifndef TAPIR_NET_ACL_H
#define TAPIR_NET_ACL_H
#include "modules/core/out.h"
#include "modules/core/stat.h"
#include "modules/net/objgroup.h"
#include "modules/net/time_range.h"

enum { ACL_ICMP_ANY = -1 };
/* rule first: a line is what acl_match and acl_rule_next give. */
struct acl_line {
    struct acl_rule rule;
    bool sport_neq, dport_neq; /* the range is what must not be hit */
    bool established, log, log_input, fragments;
    uint8_t tos, tos_mask;                            /* of the type-of-service byte; mask 0: any */
    char tos_text[32];                                /* "dscp ef" */
    uint8_t flags_set, flags_unset;                   /* TCP flags looked at; both 0: none */
    bool flags_all;                                   /* all of them as they are wanted, else any */
    int icmp_type, icmp_code;                         /* ACL_ICMP_ANY */
    struct objgroup *src_group, *dst_group, *service; /* stand for rule.src, rule.dst, rule.proto; NULL: do not */
    struct time_range *when;                          /* NULL: always */
    bool is_remark;                                   /* its number is that of the line it stands in front of */
    char remark[101];
    stat64 matches;
    struct acl_line *next; /* by sequence number */
};
struct acl {
    char name[64];
    bool extended;
    struct acl_line *lines;
    unsigned n_lines;
    struct acl *next; /* numbered first, then by name */
};

/* Creates on first use. -EEXIST: there is one of the other kind; -ENOSPC. */
int acl_create(struct router *r, const char *name, bool extended, struct acl **out);
struct acl *acl_find(struct router *r, const char *name);
void acl_delete(struct router *r, const char *name);
struct acl *acl_next(struct router *r, struct acl *prev);
/* Puts a copy of line in; rule.seq 0: after the last, in tens. A line that says the same already keeps its place and
 * number, as in IOS; another line of that number is replaced. The copy holds groups and time range for itself. 0 and
 * *seq, or -ENOSPC, -ENOMEM. */
int acl_line_put(struct router *r, struct acl *acl, const struct acl_line *line, uint32_t *seq);
/* By number, or (seq 0) the line that says the same. -ENOENT. *seq: which it was. */
int acl_line_drop(struct router *r, struct acl *acl, const struct acl_line *line, uint32_t *seq);
/* The line that says the same; NULL. */
const struct acl_line *acl_line_find(const struct acl *acl, const struct acl_line *line);
/* What a line on somebody's stack refers to goes back. */
void acl_line_release(struct router *r, struct acl_line *line);
/* Numbers the lines start, start + step, ... -ERANGE: they would run out; nothing is changed. */
int acl_resequence(struct router *r, struct acl *acl, uint32_t start, uint32_t step);
bool acl_in_crypto(struct router *r, const char *name); /* some crypto map matches by this list */
bool acl_has_groups(const struct acl *acl);
void acl_log_threshold(struct router *r, uint32_t packets); /* a flow is logged again after so many; 0: by time alone */
void acl_clear_counters(struct router *r, const char *name); /* NULL: all */
/* "permit tcp any any eq telnet log"; the standard form for standard lists, as show prints it. */
void acl_line_text(const struct acl *acl, const struct acl_line *line, struct strbuf *out);

uint8_t acl_tcp_flag(const char *name); /* 0: unknown */
/* kind: "dscp", "precedence" or "tos"; *text becomes the value's name, if it has one (a literal). false: unknown. */
bool acl_tos_read(struct acl_line *l, const char *kind, const char **text);
/* Port and message names of IOS, or what is short for just one of them; -1: unknown. udp: the names that differ. */
int acl_port_number(const char *name, bool udp);
const char *acl_port_name(unsigned port, bool udp); /* NULL: none */
const char *acl_proto_name(unsigned proto);         /* NULL: none */
#endif
