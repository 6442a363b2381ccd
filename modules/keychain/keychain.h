/* Key chains: named keys with lifetimes, for protocols that authenticate by them (HSRP's MD5, modules/DEPS). A chain
 * may be named before it is configured; keys are looked up when they are needed. */
#ifndef TAPIR_KEYCHAIN_H
#define TAPIR_KEYCHAIN_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct router;
enum { KEYCHAIN_KEY_MAX = 80 };
struct keychain_key { /* borrowed until the next configuration line */
    uint32_t id;
    const char *text;
    size_t len;
};
/* The key to send now: the lowest id whose send lifetime is now. false: none. */
bool keychain_send(struct router *r, const char *chain, struct keychain_key *key);
/* The key of that id if its accept lifetime is now. */
bool keychain_accept(struct router *r, const char *chain, uint32_t id, struct keychain_key *key);
#endif
