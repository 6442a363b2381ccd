/* The redundancy facility: which of two routers is active, and the synchronisation of its objects to the other.
 * Other modules see it through core/role.h (ha_state) and core/sync.h only. */
#ifndef TAPIR_REDUNDANCY_REDUNDANCY_H
#define TAPIR_REDUNDANCY_REDUNDANCY_H
#include "modules/core/module.h"
extern const struct module redundancy_module;
#endif
