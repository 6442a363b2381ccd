/* The segment size that the ends of a TCP connection tell each other, lowered to what a tunnel can carry
 * (`ip tcp adjust-mss`). Called by the forwarding path for both directions of an interface. */
#ifndef TAPIR_NET_MSS_H
#define TAPIR_NET_MSS_H
#include "modules/core/frame.h"

/* f: IPv4 packet at data, borrowed. A SYN whose maximum segment size is greater than mss gets mss, its checksum follows
 * (one that is left open stays right as it is). true: changed. Everything else is left alone: a SYN without the option
 * too, since that means 536 (RFC 9293 3.7.1). */
bool mss_clamp(struct frame *f, uint16_t mss);
#endif
