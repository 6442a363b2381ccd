/* The explicit list of modules, in the order in which they are initialised. */
#include "modules/core/module.h"

extern const struct module system_module, net_module, interface_module, track_module, hsrp_module, ipc_module,
    redundancy_module, pki_module, ipsec_module, ike_module;

const struct module *const tapir_modules[] = {
    &system_module, &net_module, &interface_module, &track_module, &hsrp_module, &ipc_module,
    &redundancy_module, &pki_module, &ipsec_module, &ike_module, 0,
};
