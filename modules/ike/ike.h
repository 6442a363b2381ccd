/* IKEv1: the public face of the module. Everything it does for others goes through ipsec.h, the sync
 * classes and the command handlers. */
#ifndef TAPIR_IKE_IKE_H
#define TAPIR_IKE_IKE_H
#include "modules/core/module.h"
extern const struct module ike_module;
#endif
