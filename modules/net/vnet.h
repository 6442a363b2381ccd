/* The virtio header in front of a tap's frames (virtio 1.2, 5.1.6), to and from what struct frame says of checksums and
 * segments. Private to link_tap.c and its tests. */
#ifndef TAPIR_NET_VNET_H
#define TAPIR_NET_VNET_H
#include "modules/net/link.h"
#include <linux/virtio_net.h>

/* Puts into an Ethernet frame as it was read, data at FRAME_HEADROOM, what the header says of it. LINK_DROPS: fine,
 * else why the frame is not to be used. */
enum link_drop vnet_take(struct frame *f, const struct virtio_net_hdr *h);
/* The header for a frame to be written. false: it says of itself what cannot be. */
bool vnet_give(const struct frame *f, struct virtio_net_hdr *h);
#endif
