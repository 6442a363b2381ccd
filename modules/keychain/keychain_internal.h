/* What the files of the key chain module share. Nothing outside modules/keychain includes this. */
#ifndef TAPIR_KEYCHAIN_INTERNAL_H
#define TAPIR_KEYCHAIN_INTERNAL_H
#include "modules/core/loop.h"
#include "modules/core/module.h"
#include "modules/core/router.h"
#include "modules/keychain/keychain.h"

enum { KEYCHAIN_NAME_MAX = 64, KEYCHAIN_CHAINS_MAX = 256, KEYCHAIN_KEYS_MAX = 256 };
/* Wall clock, ns since 1970; always: no line was given. */
struct keychain_life {
    bool always, infinite, local; /* local: the router's time zone, else UTC */
    nstime start, end;
};
struct keychain_entry {
    struct keychain_entry *next; /* by id */
    uint32_t id;
    bool has_text;
    char text[KEYCHAIN_KEY_MAX + 1];
    struct keychain_life accept, send;
};
struct keychain {
    struct keychain *next; /* by name */
    char name[KEYCHAIN_NAME_MAX + 1];
    struct keychain_entry *keys;
    unsigned n;
};
struct keychains {
    struct router *r;
    struct keychain *list;
    unsigned n;
    char hidden[2 * KEYCHAIN_KEY_MAX + 3]; /* a key as it is stored, until it is */
};
extern const struct module keychain_module;

struct keychain *keychain_find(const struct keychains *k, const char *name);
struct keychain *keychain_get(struct keychains *k, const char *name); /* NULL: the cap, or out of memory */
void keychain_delete(struct keychains *k, const char *name);
struct keychain_entry *keychain_key_find(const struct keychain *kc, uint32_t id);
struct keychain_entry *keychain_key_get(struct keychain *kc, uint32_t id);
void keychain_key_delete(struct keychain *kc, uint32_t id);
bool keychain_valid(const struct router *r, const struct keychain_life *l); /* now, by the router's clock */
#endif
