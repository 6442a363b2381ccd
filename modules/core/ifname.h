/* Interface names: canonical, abbreviated, short (ios-cli.md 12). Used by the parser (type ifname),
 * debug lines (short form) and tap naming. */
#ifndef TAPIR_CORE_IFNAME_H
#define TAPIR_CORE_IFNAME_H
#include <stdbool.h>
#include <stddef.h>
struct ifname_type {
    const char *name;   /* GigabitEthernet */
    const char *abbrev; /* Gi */
    bool is_virtual;    /* Loopback, Tunnel, BVI, Vlan, Null: no tap */
    unsigned numbers;   /* 1: port, 2: slot/port (both accepted: bit mask 1<<n) */
    bool hollow;        /* stored and shown only: its line protocol is never up */
    bool rare;          /* does not stand in the way of a short form of the others: e is Ethernet */
};
extern const struct ifname_type ifname_types[]; /* ends with name NULL */
/* "gi0/3", "gig 0/3", "GigabitEthernet0/3" -> canonical. Returns characters consumed, 0 if it is none. */
size_t ifname_parse(const char *text, char canonical[40]);
/* The same with the reason when it is none. *pos: characters consumed, or where it goes wrong. */
enum ifname_fit {
    IFNAME_FITS,
    IFNAME_NONE,
    IFNAME_AMBIGUOUS /* several types */,
    IFNAME_SHORT /* a number is missing */
};
enum ifname_fit ifname_fit(const char *text, char canonical[40], size_t *pos);
const char *ifname_short(const char *canonical, char buf[24]); /* Gi0/3 */
const char *ifname_tap(const char *canonical, char buf[16]);   /* gi0-3, et1-1, fa4 */
int ifname_compare(const char *a, const char *b); /* Loopback, Tunnel, hardware by type/slot/port, Vlan, BVI */
#endif
