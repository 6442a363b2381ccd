/* What debug arp, debug ip packet, icmp, udp and routing print, in IOS's words. Called by the stack where a packet's
 * fate is known; handlers of the commands are in modules/interface. As on IOS, debug ip packet sees what the control
 * plane handles: packets for and from the router, and what the frame path could not carry by itself. */
#ifndef TAPIR_NET_DEBUG_H
#define TAPIR_NET_DEBUG_H
#include "modules/core/module.h"
#include "modules/net/stack.h"

enum { NET_DEBUG_ARP, NET_DEBUG_ICMP, NET_DEBUG_PACKET, NET_DEBUG_UDP, NET_DEBUG_ROUTING, NET_DEBUG_FLAGS };
extern const struct debug_flag net_debug_flags[NET_DEBUG_FLAGS];
extern const struct module net_module;
const char *net_debug_note(struct router *r, unsigned bit);

/* Each does nothing unless its debug is on. Addresses in host order. */
void net_debug_arp(const struct nif *nif, bool sent, uint16_t op, const struct mac *sha, uint32_t spa,
                   const struct mac *tha, uint32_t tpa);
void net_debug_arp_incomplete(const struct nif *nif, uint32_t ip);
void net_debug_arp_filtered(const struct nif *nif, uint16_t op, const struct mac *sha, uint32_t spa, uint32_t tpa);
/* f: the IP header is at data. out, gateway: where it goes; NULL, 0: not yet known, the destination itself. */
void net_debug_packet(struct net *net, const struct frame *f, const struct nif *out, uint32_t gateway, const char *did);
/* rest: the second word of the ICMP header; about: the packet that an error quotes (IP header first), NULL: none. */
void net_debug_icmp(struct net *net, bool sent, uint32_t src, uint32_t dst, uint8_t type, uint8_t code, uint32_t rest,
                    const uint8_t *about, size_t len);
void net_debug_udp(struct net *net, bool sent, uint32_t src, uint16_t sport, uint32_t dst, uint16_t dport, size_t len);
/* Routes are compared with those of a moment ago. begin: from now on; changed: something may be another now. */
void net_debug_routes_begin(struct net *net);
void net_debug_routes_changed(struct net *net);
void net_debug_fini(struct net *net);
#endif
