/* Super-packets: one IPv4/TCP packet of up to 64 KB that stands for many segments. Taps bring and take them whole; ESP,
 * links without offload and faults want the segments, and what comes out of ESP is joined again. Pure functions on
 * frames; called by the data plane, link.c and ipsec. */
#ifndef TAPIR_NET_SUPER_H
#define TAPIR_NET_SUPER_H
#include "modules/core/frame.h"

enum { IPPROTO_TCP_ = 6, TCP_HLEN = 20 };
#endif
