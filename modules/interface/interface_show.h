/* Words that several shows of interfaces share (interface_show.c). Internal to modules/interface. */
#ifndef TAPIR_INTERFACE_SHOW_H
#define TAPIR_INTERFACE_SHOW_H
#include "modules/net/netif.h"
/* "administratively down" (its own shutdown, or that of what it is a subinterface of), "up" or "down". */
const char *interface_status(const struct netif *n);
#endif
