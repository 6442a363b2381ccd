/* Addresses outside wire codecs: one family tag and 16 bytes, so that IPv6 is not a rewrite.
 * Callers: every module. IPv4 lives in b[0..3], network order; the rest is zero. */
#ifndef TAPIR_CORE_ADDR_H
#define TAPIR_CORE_ADDR_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum addr_family { ADDR_NONE = 0, ADDR_V4 = 4, ADDR_V6 = 6 };

struct addr {
    uint8_t family; /* enum addr_family */
    uint8_t b[16];  /* network order */
};
struct prefix {
    struct addr addr; /* host bits zero where it is a network */
    uint8_t len;      /* bits */
};
struct mac {
    uint8_t b[6];
};

#define ADDR_STRLEN 46 /* with NUL */
#define MAC_STRLEN 15  /* 0011.2233.4455 with NUL */

struct addr addr_v4(uint32_t host_order);
uint32_t addr_v4_get(const struct addr *a); /* host order; 0 if not IPv4 */
bool addr_equal(const struct addr *a, const struct addr *b);
int addr_compare(const struct addr *a, const struct addr *b); /* <0, 0, >0; by family, then bytes */
bool addr_is_none(const struct addr *a);                      /* ADDR_NONE or all zero */
bool addr_is_multicast(const struct addr *a);
/* Formats into buf (ADDR_STRLEN) and returns buf; "0.0.0.0" form for IPv4. */
const char *addr_format(const struct addr *a, char buf[ADDR_STRLEN]);
/* Strict dotted quad; false leaves *a alone. */
bool addr_parse(const char *text, struct addr *a);
struct prefix prefix_make(const struct addr *a, unsigned len); /* clears host bits */
bool prefix_contains(const struct prefix *p, const struct addr *a);
bool prefix_equal(const struct prefix *a, const struct prefix *b);
uint32_t mask_from_len(unsigned len);                              /* host order */
int mask_to_len(uint32_t mask_host_order);                         /* -1 if not contiguous */
const char *mac_format(const struct mac *m, char buf[MAC_STRLEN]); /* IOS form 0000.0c07.ac01 */
bool mac_parse(const char *text, struct mac *m);
bool mac_equal(const struct mac *a, const struct mac *b);
#endif
