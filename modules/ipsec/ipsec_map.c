/* The configuration objects of IPsec: transform sets, crypto maps, dynamic-map templates and their entries, kept
 * in name and sequence order. Called by the command handlers, and read by policy, sadb and show. */
#include "modules/ipsec/ipsec_internal.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct tset *ipsec_tset_find(struct ipsec *st, const char *name, bool create)
{
    struct tset **at = &st->tsets;
    unsigned n = 0;
    for (; *at != NULL; at = &(*at)->next, n++) {
        int d = strcmp((*at)->t.name, name);
        if (d == 0)
            return *at;
        if (d > 0)
            break;
    }
    if (!create)
        return NULL;
    for (struct tset *t = *at; t != NULL; t = t->next)
        n++;
    if (n >= IPSEC_TSETS_MAX)
        return NULL;
    struct tset *t = calloc(1, sizeof *t);
    if (t == NULL)
        return NULL;
    snprintf(t->t.name, sizeof t->t.name, "%s", name);
    t->next = *at;
    *at = t;
    return t;
}

void ipsec_tset_delete(struct ipsec *st, const char *name)
{
    for (struct tset **at = &st->tsets; *at != NULL; at = &(*at)->next)
        if (strcmp((*at)->t.name, name) == 0) {
            struct tset *t = *at;
            *at = t->next;
            free(t);
            return;
        }
}

static struct crypto_map *find_in(struct crypto_map *list, const char *name)
{
    for (; list != NULL; list = list->next)
        if (strcmp(list->name, name) == 0)
            return list;
    return NULL;
}

struct crypto_map *ipsec_map_find(struct ipsec *st, const char *name)
{
    return find_in(st->maps, name);
}

struct crypto_map *ipsec_dynmap_find(struct ipsec *st, const char *name)
{
    return find_in(st->dynmaps, name);
}

struct crypto_map *ipsec_map_get(struct crypto_map **list, const char *name)
{
    struct crypto_map **at = list, *m = find_in(*list, name);
    if (m != NULL)
        return m;
    unsigned n = 0;
    for (m = *list; m != NULL; m = m->next)
        n++;
    if (n >= IPSEC_MAPS_MAX || (m = calloc(1, sizeof *m)) == NULL)
        return NULL;
    while (*at != NULL && strcmp((*at)->name, name) < 0)
        at = &(*at)->next;
    snprintf(m->name, sizeof m->name, "%s", name);
    m->in_n = IPSEC_INTERVAL_IN;
    m->out_m = IPSEC_INTERVAL_OUT;
    m->next = *at;
    *at = m;
    return m;
}

static void map_free(struct crypto_map *m)
{
    while (m->entries != NULL) {
        struct map_entry *e = m->entries;
        m->entries = e->next;
        free(e);
    }
    free(m);
}

void ipsec_map_release(struct crypto_map **list, struct crypto_map *m)
{
    if (m->entries != NULL || m->has_interval || m->has_local_if)
        return;
    for (struct crypto_map **at = list; *at != NULL; at = &(*at)->next)
        if (*at == m) {
            *at = m->next;
            map_free(m);
            return;
        }
}

struct map_entry *ipsec_entry_find(struct crypto_map *m, uint32_t seq, bool create)
{
    struct map_entry **at = &m->entries;
    while (*at != NULL && (*at)->seq < seq)
        at = &(*at)->next;
    if (*at != NULL && (*at)->seq == seq)
        return *at;
    if (!create || m->n_entries >= IPSEC_ENTRIES_MAX)
        return NULL;
    struct map_entry *e = calloc(1, sizeof *e);
    if (e == NULL)
        return NULL;
    e->seq = seq;
    e->window = -1;
    e->next = *at;
    *at = e;
    m->n_entries++;
    return e;
}

void ipsec_entry_delete(struct crypto_map *m, uint32_t seq)
{
    for (struct map_entry **at = &m->entries; *at != NULL; at = &(*at)->next)
        if ((*at)->seq == seq) {
            struct map_entry *e = *at;
            *at = e->next;
            free(e);
            m->n_entries--;
            return;
        }
}

void ipsec_maps_free(struct ipsec *st)
{
    while (st->tsets != NULL) {
        struct tset *t = st->tsets;
        st->tsets = t->next;
        free(t);
    }
    for (unsigned i = 0; i < 2; i++) {
        struct crypto_map **list = i == 0 ? &st->maps : &st->dynmaps;
        while (*list != NULL) {
            struct crypto_map *m = *list;
            *list = m->next;
            map_free(m);
        }
    }
}

unsigned ipsec_entry_transforms(struct ipsec *st, const struct map_entry *e,
                                struct ipsec_transform out[IPSEC_TRANSFORMS_MAX])
{
    unsigned n = 0;
    if (e->pfs != 0 && dh_len(e->pfs) == 0)
        return 0; /* stored alone: without its group nothing may be agreed */
    for (unsigned i = 0; i < e->n_tsets; i++) {
        struct tset *t = ipsec_tset_find(st, e->tsets[i], false);
        if (t != NULL && t->have_transform)
            out[n++] = t->t;
    }
    return n;
}

bool ipsec_uses_list(void *ctx, const char *acl)
{
    struct ipsec *st = ctx;
    for (unsigned i = 0; i < 2; i++)
        for (struct crypto_map *m = i == 0 ? st->maps : st->dynmaps; m != NULL; m = m->next)
            for (struct map_entry *e = m->entries; e != NULL; e = e->next)
                if (strcmp(e->acl, acl) == 0)
                    return true;
    return false;
}

/* IOS: "will remain disabled until a peer and a valid access list have been configured". From then on what matches
 * is protected or dropped, even if a transform set is still missing (I3). */
bool ipsec_entry_enabled(struct ipsec *st, const struct map_entry *e)
{
    return e->dynamic[0] == '\0' && e->n_peers != 0 && e->acl[0] != '\0' && acl_exists(st->r, e->acl);
}

/* A static entry works once it has a peer and an access list that exists, and a usable transform set. */
bool ipsec_entry_complete(struct ipsec *st, const struct map_entry *e)
{
    struct ipsec_transform t[IPSEC_TRANSFORMS_MAX];
    if (e->dynamic[0] != '\0')
        return ipsec_dynmap_find(st, e->dynamic) != NULL;
    return e->n_peers != 0 && e->acl[0] != '\0' && acl_exists(st->r, e->acl) && ipsec_entry_transforms(st, e, t) != 0;
}

uint32_t ipsec_entry_life_s(const struct ipsec *st, const struct map_entry *e)
{
    return e != NULL && e->life_s != 0 ? e->life_s : st->life_s;
}

uint32_t ipsec_entry_life_kb(const struct ipsec *st, const struct map_entry *e)
{
    return e != NULL && e->life_kb != 0 ? e->life_kb : st->life_kb;
}

uint32_t ipsec_entry_window(const struct ipsec *st, const struct map_entry *e)
{
    return e != NULL && e->window >= 0 ? (uint32_t)e->window : st->window;
}

static const char *auth_name(enum crypto_hash h)
{
    switch (h) {
    case HASH_MD5:
        return "esp-md5-hmac";
    case HASH_SHA1:
        return "esp-sha-hmac";
    case HASH_SHA256:
        return "esp-sha256-hmac";
    case HASH_SHA384:
        return "esp-sha384-hmac";
    case HASH_SHA512:
        return "esp-sha512-hmac";
    case HASH_NONE:
        break;
    }
    return "";
}

/* Every word is followed by a blank, as IOS prints it: "esp-256-aes esp-sha-hmac " (reference 4.1). */
static void transform_text(const struct ipsec_transform *t, const char *aes, char buf[96])
{
    if (t->cipher == CIPHER_AES_GCM) {
        if (t->key_bits == 128)
            snprintf(buf, 96, "esp-gcm ");
        else
            snprintf(buf, 96, "esp-gcm %u ", t->key_bits);
        return;
    }
    const char *cipher = t->cipher == CIPHER_DES       ? "esp-des"
                         : t->cipher == CIPHER_3DES    ? "esp-3des"
                         : t->cipher != CIPHER_AES_CBC ? "esp-null"
                         : t->key_bits == 128          ? "esp-aes"
                                                       : aes;
    snprintf(buf, 96, "%s %s%s", cipher, auth_name(t->auth), t->auth != HASH_NONE ? " " : "");
}

void ipsec_transform_text(const struct ipsec_transform *t, char buf[96])
{
    char aes[24];
    snprintf(aes, sizeof aes, "esp-%u-aes", t->key_bits);
    transform_text(t, aes, buf);
}

void ipsec_transform_debug(const struct ipsec_transform *t, char buf[96])
{
    char aes[24];
    snprintf(aes, sizeof aes, "esp-aes %u", t->key_bits);
    transform_text(t, aes, buf);
}

void ipsec_policy_changed(struct ipsec *st)
{
    net_changed(st->r);
}
