/* Numbers that have names on the command line (ports, marks of packets). Used by the parser for words that come from
 * such a table (`names` in the grammar) and by the modules that print the names. */
#ifndef TAPIR_CORE_NAMED_H
#define TAPIR_CORE_NAMED_H
#include <stddef.h>

struct named {
    const char *name, *help;
    int number;
};
/* Each ends with name NULL. */
extern const struct named named_tcp_ports[], named_udp_ports[];
extern const struct named named_dscp[], named_precedence[], named_tos[]; /* RFC 2474, 2597, 3246; 791; 1349 */

/* By the whole name, or by what is short for one of them only. NULL: none; *hits says how many begin with it, *common
 * how many of its letters some name has (both may be NULL). */
const struct named *named_find(const struct named *list, const char *word, size_t len, unsigned *hits, size_t *common);
const char *named_of(const struct named *list, int number); /* NULL: none */
#endif
