/* Interfaces of a router: names, states, addresses, virtual MAC and IP addresses, counters. */
#ifndef TAPIR_NET_NETIF_H
#define TAPIR_NET_NETIF_H
#include "modules/core/addr.h"
#include "modules/core/frame.h"
#include "modules/core/module.h"
#include "modules/net/link.h"

struct router;
struct netif_addr {
    struct addr addr;
    uint8_t len;
    bool secondary;
};
struct netif_counters {
    uint64_t in_packets, in_bytes, in_broadcasts, in_multicasts, in_errors, in_drops;
    uint64_t out_packets, out_bytes, out_errors, out_drops;
};
struct netif {
    struct router *router;
    char name[40];      /* GigabitEthernet0/3 */
    char shortname[24]; /* Gi0/3 */
    char description[241];
    unsigned index;    /* > 0, stable for the router's life */
    bool is_virtual;   /* Loopback and such: no link, always up unless shut */
    bool hollow;       /* configured and shown, never up: tunnels, dialers, subinterfaces of serial lines */
    bool is_sub;       /* its name has a dot: `no interface` takes it away */
    char vrf[33];      /* the VRF it is in, "": none; the data path has no VRFs, so it is never up in one */
    struct mac mac;    /* derived from router name and interface name; locally administered */
    uint16_t mtu;      /* IP MTU */
    uint16_t mss;      /* ip tcp adjust-mss, both directions; 0: none */
    bool admin_up;     /* no shutdown */
    bool no_redirects; /* `no ip redirects` */
    bool no_proxy_arp; /* `no ip proxy-arp` */
    bool link_up;      /* carrier */
    bool line_up;      /* admin_up && link_up */
    nstime line_changed;
    struct netif_addr *addrs; /* [0] is the primary if any */
    unsigned n_addrs;
    struct link *link;
    struct netif_counters counters;
    char acl_in[64], acl_out[64]; /* ip access-group */
    void *crypto;                 /* ipsec's binding (crypto map on this interface); NULL: none */
};

struct netif *netif_find(struct router *r, const char *canonical_name); /* NULL */
struct netif *netif_by_index(struct router *r, unsigned index);
struct netif *netif_next(struct router *r, struct netif *prev); /* ifname_compare order; NULL starts/ends */
/* CONTRACT 2: an interface of a known type exists once it is named. */
struct netif *netif_get(struct router *r, const char *canonical_name); /* creates; NULL with errno */
void netif_set_admin(struct netif *nif, bool up);
/* "": in no VRF. Its addresses are then compared with that VRF's alone, and its line protocol is down. */
void netif_set_vrf(struct netif *nif, const char *vrf);
/* Until router_start() every interface is down, whatever its link says: events come once the configuration is read. */
/* Takes a virtual interface away (NETIF_DOWN, NETIF_DELETED). -EPERM: it is hardware. */
int netif_delete(struct netif *nif);
/* The same, hardware too: its link is closed (configure replace, where the target does not name it). -EBUSY: it has
 * subinterfaces. */
int netif_remove(struct netif *nif);
/* Adds or changes an address (a primary replaces the primary); 0, -ENOSPC, -ENOMEM. Says nothing about overlaps. */
int netif_addr_add(struct netif *nif, const struct addr *a, unsigned len, bool secondary);
int netif_addr_del(struct netif *nif, const struct addr *a); /* -ENOENT */
/* The other interface, of those in `vrf`, whose subnet overlaps; NULL: none. */
struct netif *netif_overlap_in(const struct netif *nif, const char *vrf, const struct addr *a, unsigned len);
struct netif *netif_overlap(const struct netif *nif, const struct addr *a, unsigned len); /* in its own */
void netif_set_mtu(struct netif *nif, uint16_t ip_mtu);
/* Primary address, ADDR_NONE if none. */
struct addr netif_primary(const struct netif *nif);
bool netif_on_subnet(const struct netif *nif, const struct addr *a); /* primary or secondary subnets */
/* True if a is an address of this interface or router: real, or virtual while installed. */
bool netif_owns(const struct netif *nif, const struct addr *a);
bool net_is_local(struct router *r, const struct addr *a);
/* The router's own addresses changed, virtual ones too. One reader; NULL: none. */
void net_on_addresses(struct router *r, void (*fn)(void *arg), void *arg);

/* Virtual router addresses (HSRP). A virtual IP installed with its MAC: ARP for it is answered with that
 * MAC, packets to it are local, frames to the MAC are accepted. Removing withdraws both and the ARP entry.
 * The frame sources: frames that carry vip as IP source leave with its MAC as Ethernet source. */
int netif_vip_add(struct netif *nif, const struct addr *vip, const struct mac *vmac);
void netif_vip_del(struct netif *nif, const struct addr *vip);
/* RFC 2281 5.3 / reference 1.6: broadcast ARP reply, sender = target = vip, Ethernet source = mac. */
void arp_send_gratuitous(struct netif *nif, const struct addr *vip, const struct mac *mac);
/* Is a neighbour there? `tries` ARP requests, one every `interval`; fn is told once: true at the first ARP packet from
 * it, false after the last silence. The ask is over then, or when it is cancelled. NULL: out of memory. */
struct arp_ask;
struct arp_ask *arp_ask(struct netif *nif, const struct addr *who, unsigned tries, nstime interval,
                        void (*fn)(void *arg, bool alive), void *arg);
void arp_ask_cancel(struct arp_ask *ask); /* NULL: nothing */
/* Faults on the interface's link, from the next frame on; NULL: none. It has a link and is no subinterface. */
void netif_fault(struct netif *nif, const struct link_fault_spec *spec);
/* Proxy ARP hook: asked before a request is answered for somebody else. mac is the interface's and may be changed;
 * false: no answer. */
typedef bool (*arp_proxy_fn)(void *arg, const struct netif *nif, struct mac *mac);
void arp_on_proxy(struct router *r, arp_proxy_fn fn, void *arg);
/* Duplicate address detection hook: someone else claims an address that is ours; with a virtual MAC that is ours too,
 * it may be a router that is about to take over. */
void arp_on_duplicate(struct router *r,
                      void (*fn)(void *arg, struct netif *nif, const struct addr *a, const struct mac *by), void *arg);
#endif
