/* Key chains, their keys and lifetimes: the objects and the two questions protocols ask. Called by the router (module
 * table), keychain_cmd.c and, through keychain.h, by HSRP. */
#include "modules/crypto/crypto.h"
#include "modules/keychain/keychain_internal.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct keychain *keychain_find(const struct keychains *k, const char *name)
{
    for (struct keychain *kc = k->list; kc; kc = kc->next)
        if (!strcmp(kc->name, name))
            return kc;
    return NULL;
}

struct keychain *keychain_get(struct keychains *k, const char *name)
{
    struct keychain **pp = &k->list;
    while (*pp && strcmp((*pp)->name, name) < 0)
        pp = &(*pp)->next;
    if (*pp && !strcmp((*pp)->name, name))
        return *pp;
    struct keychain *kc = k->n < KEYCHAIN_CHAINS_MAX ? calloc(1, sizeof *kc) : NULL;
    if (!kc)
        return NULL;
    snprintf(kc->name, sizeof kc->name, "%s", name);
    kc->next = *pp;
    *pp = kc;
    k->n++;
    return kc;
}

struct keychain_entry *keychain_key_find(const struct keychain *kc, uint32_t id)
{
    struct keychain_entry *e = kc->keys;
    while (e && e->id != id)
        e = e->next;
    return e;
}

struct keychain_entry *keychain_key_get(struct keychain *kc, uint32_t id)
{
    struct keychain_entry **pp = &kc->keys;
    while (*pp && (*pp)->id < id)
        pp = &(*pp)->next;
    if (*pp && (*pp)->id == id)
        return *pp;
    struct keychain_entry *e = kc->n < KEYCHAIN_KEYS_MAX ? calloc(1, sizeof *e) : NULL;
    if (!e)
        return NULL;
    e->id = id;
    e->accept.always = e->send.always = true;
    e->next = *pp;
    *pp = e;
    kc->n++;
    return e;
}

static void key_free(struct keychain_entry *e)
{
    crypto_wipe(e, sizeof *e);
    free(e);
}

void keychain_key_delete(struct keychain *kc, uint32_t id)
{
    for (struct keychain_entry **pp = &kc->keys; *pp; pp = &(*pp)->next) {
        struct keychain_entry *e = *pp;
        if (e->id != id)
            continue;
        *pp = e->next;
        kc->n--;
        key_free(e);
        return;
    }
}

static void chain_free(struct keychain *kc)
{
    while (kc->keys)
        keychain_key_delete(kc, kc->keys->id);
    free(kc);
}

void keychain_delete(struct keychains *k, const char *name)
{
    for (struct keychain **pp = &k->list; *pp; pp = &(*pp)->next) {
        struct keychain *kc = *pp;
        if (strcmp(kc->name, name) != 0)
            continue;
        *pp = kc->next;
        k->n--;
        chain_free(kc);
        return;
    }
}

bool keychain_valid(const struct router *r, const struct keychain_life *l)
{
    nstime wall = router_wall(r);
    if (l->local)
        wall += r->stamps.zone_minutes * 60 * NS_PER_S;
    return l->always || (wall >= l->start && (l->infinite || wall < l->end));
}

static bool give(const struct keychain_entry *e, struct keychain_key *key)
{
    *key = (struct keychain_key){e->id, e->text, strlen(e->text)};
    return true;
}

bool keychain_send(struct router *r, const char *chain, struct keychain_key *key)
{
    const struct keychains *k = module_state(r, &keychain_module);
    const struct keychain *kc = k ? keychain_find(k, chain) : NULL;
    for (const struct keychain_entry *e = kc ? kc->keys : NULL; e; e = e->next)
        if (e->has_text && keychain_valid(r, &e->send))
            return give(e, key);
    return false;
}

bool keychain_accept(struct router *r, const char *chain, uint32_t id, struct keychain_key *key)
{
    const struct keychains *k = module_state(r, &keychain_module);
    const struct keychain *kc = k ? keychain_find(k, chain) : NULL;
    const struct keychain_entry *e = kc ? keychain_key_find(kc, id) : NULL;
    return e && e->has_text && keychain_valid(r, &e->accept) && give(e, key);
}

static int init(struct router *r, void **state)
{
    struct keychains *k = calloc(1, sizeof *k);
    if (!k)
        return ENOMEM;
    k->r = r;
    *state = k;
    return 0;
}

static void fini(struct router *r, void *state)
{
    struct keychains *k = state;
    (void)r;
    while (k && k->list)
        keychain_delete(k, k->list->name);
    free(k);
}

const struct module keychain_module = {.name = "keychain", .init = init, .fini = fini};
