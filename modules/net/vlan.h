/* 802.1Q subinterfaces as the stack and the interface commands see them (vlan.c). */
#ifndef TAPIR_NET_VLAN_H
#define TAPIR_NET_VLAN_H
#include "modules/net/dp.h"

/* Is it a subinterface of an Ethernet kind? Its parent's name, then. */
bool vlan_parent_name(const char *name, char parent[40]);
bool vlan_attach(struct nif *nif, struct nif *parent); /* gives it link, MAC and MTU; false: out of memory */
void vlan_detach(
    struct nif *nif); /* no more frames for it; the data plane may have some in hand (dp_detach, dp_sync) */
void vlan_refresh_all(struct nif *parent); /* the parent's line state changed */
struct nif *vlan_next(const struct nif *parent, const struct nif *prev);
bool vlan_capable(const struct netif *n); /* a subinterface that takes a tag */
/* id 0: none, its line goes down. The subinterface that has the VLAN, or is native, already; NULL: done. */
const struct netif *vlan_set(struct netif *n, uint16_t id, bool native);

/* What belongs to subinterfaces leaves v, without tags: give() consumes. count() is told what the parent received for
 * them. Any thread that may be the data plane's, or the control thread. */
void vlan_sort(struct nif *parent, struct frame_vec *v, void (*give)(struct nif *nif, struct frame_vec *v),
               void (*count)(struct nif *parent, unsigned packets, uint64_t bytes));
#endif
