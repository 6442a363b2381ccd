/* One protocol or function of the router. Adding one touches its own folder, its grammar file and
 * the list in modules/modules.c. */
#ifndef TAPIR_CORE_MODULE_H
#define TAPIR_CORE_MODULE_H
#include <stdbool.h>
#include <stdint.h>
struct router;
struct netif;
struct sync_class;
struct out;

struct debug_flag {
    const char *group;   /* heading in show debugging: "HSRP", "Cryptographic Subsystem" */
    const char *on_text; /* "HSRP Errors debugging is on" */
};
/* NETIF_CLOSING: `shutdown` was typed and the link still carries frames; NETIF_DOWN follows (HSRP resigns). */
enum netif_event { NETIF_CREATED, NETIF_UP, NETIF_DOWN, NETIF_ADDRESS, NETIF_DELETED, NETIF_CLOSING };

struct module {
    const char *name;
    const char *process; /* its row in show processes cpu; NULL: no row of its own */
    /* Order: init in list order, fini in reverse. init sets *state; nonzero: errno. */
    int (*init)(struct router *r, void **state);
    void (*fini)(struct router *r, void *state);
    /* The end is near: threads of the module's own stop, before the first fini. */
    void (*halt)(struct router *r, void *state);
    /* After startup-config was read and before the router says ready. */
    void (*start)(struct router *r, void *state);
    void (*netif_event)(struct router *r, void *state, struct netif *nif, enum netif_event ev);
    /* The router is about to reload with notice (command, or the redundancy facility): called once by
     * router_reload(), in reverse list order, while links still carry frames. IPsec stops using numbers and marks
     * exact counters dirty, redundancy hands them to the peer and says goodbye, then HSRP resigns (DESIGN 4.1).
     * Not called on a power cut. */
    void (*shutdown)(struct router *r, void *state);
    const struct debug_flag *debug; /* bit index = position */
    unsigned n_debug;               /* at most 64 */
    /* What stands behind on_text in show debugging (" for access list 101"); borrowed, "" for nothing, NULL: another
     * flag's line stands for this one. */
    const char *(*debug_note)(struct router *r, unsigned bit);
    const struct sync_class *const *sync;
    unsigned n_sync;
    /* Lines that must be equal on both gateways (see sync_config_lines). */
    void (*config_lines)(struct router *r, void *state,
                         void (*emit)(void *ctx, const char *kind, const char *name, const char *text), void *ctx);
    /* Invariant checks: reports "I2 …" through fail() when a counter that must stay 0 is not. */
    void (*audit)(struct router *r, void *state, void (*fail)(void *ctx, const char *invariant, const char *text),
                  void *ctx);
    /* Bytes of keys for tshark, only when the router has lab_keys: one tshark argument a line. */
    void (*lab_keys)(struct router *r, void *state, struct out *out);
};
extern const struct module *const tapir_modules[]; /* modules/modules.c; an entry may be NULL: skip it */
extern const unsigned tapir_modules_count;
/* Its part of the loop's meter (meter.h); 0: none. */
unsigned module_part(const struct router *r, const struct module *m);
/* The state that m's init set; NULL if the module is not in this build. O(modules). */
void *module_state(const struct router *r, const struct module *m);
#endif
