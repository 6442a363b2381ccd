/* The explicit list of modules, in the order in which they are initialised. Weak: a build may leave one
 * out (the slot is then NULL and skipped). */
#include "modules/core/module.h"

#define MODULES(X)                                                                                                     \
    X(system)                                                                                                          \
    X(line)                                                                                                            \
    X(net)                                                                                                             \
    X(interface)                                                                                                       \
    X(mirror)                                                                                                          \
    X(track)                                                                                                           \
    X(keychain)                                                                                                        \
    X(hsrp)                                                                                                            \
    X(ipc)                                                                                                             \
    X(redundancy)                                                                                                      \
    X(pki)                                                                                                             \
    X(ipsec)                                                                                                           \
    X(ike)

#define DECLARE(m) extern const struct module m##_module __attribute__((weak));
MODULES(DECLARE)
#define ENTRY(m) &m##_module,
const struct module *const tapir_modules[] = {MODULES(ENTRY)};
const unsigned tapir_modules_count = sizeof tapir_modules / sizeof *tapir_modules;
