/* Configuration commands of IPsec: each makes the objects of ipsec_map.c and ipsec_bind.c follow a line. Called by
 * the parser with typed arguments; a line is stored only if its handler accepted it. */
#include "ipsec_cmd.h"
#include "interface_cmd.h"
#include "modules/ipsec/ipsec_internal.h"
#include "modules/net/acl.h"
#include <stdio.h>
#include <string.h>

/* ---- transform sets ---- */
/* IOS stores the cipher first, whatever was typed, and 128 bits as plain esp-aes (reference 4.1). */
static void canonical(struct args_crypto_transform_set *a)
{
    if (a->kw_f_esp_des || a->kw_f_esp_3des || a->kw_f_esp_aes || a->kw_f_esp_null) {
        a->kw_e_esp_des = a->kw_f_esp_des;
        a->kw_e_esp_3des = a->kw_f_esp_3des;
        a->kw_e_esp_aes = a->kw_f_esp_aes;
        a->kw_e_k192 = a->kw_f_k192;
        a->kw_e_k256 = a->kw_f_k256;
        a->kw_e_esp_null = a->kw_f_esp_null;
        a->kw_a_esp_md5_hmac = a->kw_b_esp_md5_hmac;
        a->kw_a_esp_sha_hmac = a->kw_b_esp_sha_hmac;
        a->kw_a_esp_sha256_hmac = a->kw_b_esp_sha256_hmac;
        a->kw_a_esp_sha384_hmac = a->kw_b_esp_sha384_hmac;
        a->kw_a_esp_sha512_hmac = a->kw_b_esp_sha512_hmac;
        a->kw_comp_lzs = a->kw_comp_b;
        a->kw_comp_b = false;
        a->kw_f_esp_des = a->kw_f_esp_3des = a->kw_f_esp_aes = a->kw_f_esp_null = a->kw_f_k128 = a->kw_f_k192 =
            a->kw_f_k256 = false;
        a->kw_b_esp_md5_hmac = a->kw_b_esp_sha_hmac = a->kw_b_esp_sha256_hmac = a->kw_b_esp_sha384_hmac =
            a->kw_b_esp_sha512_hmac = false;
    }
    a->kw_e_k128 = a->kw_g_k128 = false;
}

/* A set that cannot be offered: it exists, so that maps may name it, and has no transform. */
static int stored_set(struct cmd *c, const char *name)
{
    struct tset *t = ipsec_tset_find(ipsec_of(c->router), name, true);
    if (t == NULL)
        return cmd_error(c, "%% Too many transform sets");
    t->have_transform = false;
    if (c->session != NULL)
        cmd_note(c, "The transform set is stored and never offered: AH, compression, SEAL and GMAC are not here");
    return CMD_OK;
}

int ipsec_cmd_transform_set(struct cmd *c, struct args_crypto_transform_set *a)
{
    struct ipsec *st = ipsec_of(c->router);
    if (c->op == CMD_UNSET) {
        ipsec_tset_delete(st, a->name);
        return CMD_OK;
    }
    canonical(a);
    if (a->kw_comp_lzs || a->kw_comp_b || a->kw_esp_seal || a->kw_esp_gmac || a->kw_h_ah_md5_hmac ||
        a->kw_h_ah_sha_hmac || a->kw_h_ah_sha256_hmac || a->kw_h_ah_sha384_hmac || a->kw_h_ah_sha512_hmac)
        return stored_set(c, a->name);
    enum crypto_cipher cipher = a->kw_e_esp_aes    ? CIPHER_AES_CBC
                                : a->kw_g_esp_gcm  ? CIPHER_AES_GCM
                                : a->kw_e_esp_3des ? CIPHER_3DES
                                : a->kw_e_esp_des  ? CIPHER_DES
                                : a->kw_e_esp_null ? CIPHER_NULL
                                                   : CIPHER_NONE;
    if (cipher == CIPHER_NONE)
        return cmd_error(c, "%% Proposal with ESP is missing cipher");
    enum crypto_hash auth = a->kw_a_esp_md5_hmac      ? HASH_MD5
                            : a->kw_a_esp_sha_hmac    ? HASH_SHA1
                            : a->kw_a_esp_sha256_hmac ? HASH_SHA256
                            : a->kw_a_esp_sha384_hmac ? HASH_SHA384
                            : a->kw_a_esp_sha512_hmac ? HASH_SHA512
                                                      : HASH_NONE;
    if (cipher == CIPHER_NULL && auth == HASH_NONE)
        return cmd_error(c, "%% Proposal with esp-null is missing an authentication transform");
    struct tset *t = ipsec_tset_find(st, a->name, true);
    if (t == NULL)
        return cmd_error(c, "%% Too many transform sets");
    t->t.cipher = cipher;
    t->t.key_bits = !cipher_sized(cipher)          ? 0
                    : a->kw_e_k256 || a->kw_g_k256 ? 256
                    : a->kw_e_k192 || a->kw_g_k192 ? 192
                                                   : 128;
    t->t.auth = auth;
    t->have_transform = true;
    return CMD_OK;
}

int ipsec_cmd_transform_mode(struct cmd *c, struct args_transform_mode *a)
{
    const struct args_crypto_transform_set *s = CMD_BLOCK(c, crypto_transform_set, "crypto-transform-set");
    struct tset *t = s != NULL ? ipsec_tset_find(ipsec_of(c->router), s->name, false) : NULL;
    if (t == NULL)
        return CMD_OK;
    t->t.transport = c->op == CMD_SET && a->kw_transport;
    t->require = c->op == CMD_SET && a->kw_require;
    return CMD_OK;
}

/* ---- global parameters ---- */
int ipsec_cmd_lifetime(struct cmd *c, struct args_crypto_ipsec_lifetime *a)
{
    struct ipsec *st = ipsec_of(c->router);
    if (a->kw_kilobytes)
        st->life_kb = c->op == CMD_SET ? a->kb : IPSEC_LIFE_KB;
    else
        st->life_s = c->op == CMD_SET ? a->s : IPSEC_LIFE_S;
    return CMD_OK;
}

int ipsec_cmd_replay_window(struct cmd *c, struct args_crypto_ipsec_replay *a)
{
    uint32_t w = a->kw_disable ? 0 : a->kw_w1024 ? 1024 : a->kw_w512 ? 512 : a->kw_w256 ? 256 : a->kw_w128 ? 128 : 64;
    ipsec_of(c->router)->window = c->op == CMD_SET ? w : 64;
    return CMD_OK;
}

int ipsec_cmd_df_bit(struct cmd *c, struct args_crypto_ipsec_df_bit *a)
{
    struct ipsec *st = ipsec_of(c->router);
    st->df = c->op == CMD_UNSET ? DF_COPY : a->kw_clear ? DF_CLEAR : a->kw_set ? DF_SET : DF_COPY;
    return CMD_OK;
}

int ipsec_cmd_adjust_mss(struct cmd *c, struct args_crypto_ipsec_adjust_mss *a)
{
    struct ipsec *st = ipsec_of(c->router);
    (void)a;
    st->no_mss_clamp = c->op != CMD_SET;
    ipsec_policy_changed(st);
    return CMD_OK;
}

int ipsec_cmd_fragmentation(struct cmd *c, struct args_crypto_ipsec_fragmentation *a)
{
    ipsec_of(c->router)->frag_after = c->op == CMD_SET && a->kw_after_encryption;
    return CMD_OK;
}

/* ---- maps ---- */
int ipsec_cmd_dynamic_map(struct cmd *c, struct args_crypto_dynamic_map *a)
{
    struct ipsec *st = ipsec_of(c->router);
    if (c->op == CMD_SET) {
        struct crypto_map *m = ipsec_map_get(&st->dynmaps, a->name);
        if (m == NULL || ipsec_entry_find(m, a->seq, true) == NULL)
            return cmd_error(c, "%% Too many dynamic map entries");
    } else {
        struct crypto_map *m = ipsec_dynmap_find(st, a->name);
        if (m != NULL) {
            ipsec_entry_drop_sas(st, NULL, a->seq, a->name);
            ipsec_entry_delete(m, a->seq);
            ipsec_map_release(&st->dynmaps, m);
        }
    }
    ipsec_policy_changed(st);
    return CMD_OK;
}

int ipsec_cmd_replay_interval(struct cmd *c, struct args_crypto_map_replay_interval *a)
{
    struct ipsec *st = ipsec_of(c->router);
    struct crypto_map *m = c->op == CMD_SET ? ipsec_map_get(&st->maps, a->name) : ipsec_map_find(st, a->name);
    if (m == NULL)
        return c->op == CMD_SET ? cmd_error(c, "%% Too many crypto maps") : CMD_OK;
    m->has_interval = c->op == CMD_SET;
    m->in_n = m->has_interval ? a->in : IPSEC_INTERVAL_IN;
    m->out_m = m->has_interval ? a->out : IPSEC_INTERVAL_OUT;
    ipsec_map_release(&st->maps, m);
    return CMD_OK;
}

int ipsec_cmd_local_address(struct cmd *c, struct args_crypto_map_local_address *a)
{
    struct ipsec *st = ipsec_of(c->router);
    struct crypto_map *m = c->op == CMD_SET ? ipsec_map_get(&st->maps, a->name) : ipsec_map_find(st, a->name);
    if (m == NULL)
        return c->op == CMD_SET ? cmd_error(c, "%% Too many crypto maps") : CMD_OK;
    m->has_local_if = c->op == CMD_SET;
    snprintf(m->local_if, sizeof m->local_if, "%s", m->has_local_if ? a->ifname.text : "");
    ipsec_map_release(&st->maps, m);
    ipsec_bindings_refresh(st, 0);
    return CMD_OK;
}

static int map_entry_set(struct cmd *c, const char *name, uint32_t seq, const char *template)
{
    struct ipsec *st = ipsec_of(c->router);
    struct crypto_map *m = ipsec_map_get(&st->maps, name);
    if (m == NULL)
        return cmd_error(c, "%% Too many crypto maps");
    struct map_entry *e = ipsec_entry_find(m, seq, false);
    bool fresh = e == NULL;
    if (e != NULL && (e->dynamic[0] != '\0') != (template[0] != '\0'))
        return cmd_error(c, "%% Crypto map \"%s\" %u exists as %s entry: remove it first", name, seq,
                         e->dynamic[0] != '\0' ? "a dynamic" : "an ipsec-isakmp");
    if (e != NULL && strcmp(e->dynamic, template) != 0)
        return cmd_error(c, "%% Attempt to change dynamic map tag for existing crypto map is not permitted.");
    if (e == NULL && (e = ipsec_entry_find(m, seq, true)) == NULL) {
        ipsec_map_release(&st->maps, m);
        return cmd_error(c, "%% Too many crypto map entries");
    }
    snprintf(e->dynamic, sizeof e->dynamic, "%s", template);
    if (fresh && template[0] == '\0' && !c->booting)
        cmd_note(c, "%% NOTE: This new crypto map will remain disabled until a peer\n        and a valid access list "
                    "have been configured.");
    ipsec_policy_changed(st);
    ipsec_bindings_refresh(st, 0);
    return CMD_OK;
}

static int map_entry_unset(struct cmd *c, const char *name, uint32_t seq, bool dynamic)
{
    struct ipsec *st = ipsec_of(c->router);
    struct crypto_map *m = ipsec_map_find(st, name);
    struct map_entry *e = m != NULL ? ipsec_entry_find(m, seq, false) : NULL;
    if (e == NULL || (e->dynamic[0] != '\0') != dynamic)
        return CMD_OK;
    ipsec_acquires_drop(st, NULL);
    ipsec_entry_drop_sas(st, name, seq, NULL);
    ipsec_entry_delete(m, seq);
    ipsec_map_release(&st->maps, m);
    ipsec_policy_changed(st);
    return CMD_OK;
}

int ipsec_cmd_map_entry(struct cmd *c, struct args_crypto_map_entry *a)
{
    return c->op == CMD_SET ? map_entry_set(c, a->name, a->seq, "") : map_entry_unset(c, a->name, a->seq, false);
}

int ipsec_cmd_map_dynamic(struct cmd *c, struct args_crypto_map_dynamic *a)
{
    if (c->op == CMD_UNSET)
        return map_entry_unset(c, a->name, a->seq, true);
    if (a->kw_discover && c->session != NULL)
        cmd_note(c, "Tunnel Endpoint Discovery is stored; no peer is looked for");
    if (ipsec_dynmap_find(ipsec_of(c->router), a->template) == NULL && !c->booting)
        cmd_note(c, "Dynamic map \"%s\" does not exist yet.", a->template);
    return map_entry_set(c, a->name, a->seq, a->template);
}

/* ---- within an entry ---- */
static struct map_entry *entry(struct cmd *c)
{
    struct ipsec *st = ipsec_of(c->router);
    const struct args_crypto_map_entry *e = CMD_BLOCK(c, crypto_map_entry, "crypto-map-entry");
    const struct args_crypto_dynamic_map *d = CMD_BLOCK(c, crypto_dynamic_map, "crypto-dynamic-map");
    struct crypto_map *m = e != NULL ? ipsec_map_find(st, e->name) : d != NULL ? ipsec_dynmap_find(st, d->name) : NULL;
    ipsec_policy_changed(st);
    return m != NULL ? ipsec_entry_find(m, e != NULL ? e->seq : d->seq, false) : NULL;
}
#define ENTRY(c)                                                                                                       \
    struct map_entry *e = entry(c);                                                                                    \
    bool set = (c)->op == CMD_SET;                                                                                     \
    if (e == NULL)                                                                                                     \
    return set ? cmd_error((c), "%% Crypto map entry does not exist") : CMD_OK

int ipsec_cmd_map_description(struct cmd *c, struct args_map_description *a)
{
    ENTRY(c);
    snprintf(e->description, sizeof e->description, "%s", set ? a->text : "");
    return CMD_OK;
}

int ipsec_cmd_set_peer(struct cmd *c, struct args_map_set_peer *a)
{
    ENTRY(c);
    unsigned i = 0;
    while (i < e->n_peers && !addr_equal(&e->peers[i], &a->peer))
        i++;
    if (set && i == e->n_peers) {
        if (e->n_peers == IPSEC_PEERS_MAX)
            return cmd_error(c, "%% Maximum number of peers reached");
        e->peers[e->n_peers++] = a->peer;
    } else if (!set && i < e->n_peers) {
        memmove(&e->peers[i], &e->peers[i + 1], (e->n_peers - i - 1) * sizeof *e->peers);
        e->n_peers--;
        e->peer_at = 0;
    }
    return CMD_OK;
}

int ipsec_cmd_set_lifetime(struct cmd *c, struct args_map_set_lifetime *a)
{
    ENTRY(c);
    if (a->kw_kilobytes)
        e->life_kb = set ? a->kb : 0;
    else
        e->life_s = set ? a->s : 0;
    return CMD_OK;
}

int ipsec_cmd_set_replay(struct cmd *c, struct args_map_set_replay *a)
{
    ENTRY(c);
    int w = a->kw_disable ? 0 : a->kw_w1024 ? 1024 : a->kw_w512 ? 512 : a->kw_w256 ? 256 : a->kw_w128 ? 128 : 64;
    e->window = set ? w : -1;
    return CMD_OK;
}

int ipsec_cmd_set_transform(struct cmd *c, struct args_map_set_transform *a)
{
    ENTRY(c);
    e->n_tsets = 0;
    for (unsigned i = 0; set && i < a->n_name && i < IPSEC_TRANSFORMS_MAX; i++) {
        snprintf(e->tsets[e->n_tsets++], sizeof e->tsets[0], "%s", a->name[i]);
        if (ipsec_tset_find(ipsec_of(c->router), a->name[i], false) == NULL && !c->booting)
            cmd_note(c, "Transform set with tag \"%s\" does not exist yet.", a->name[i]);
    }
    return CMD_OK;
}

int ipsec_cmd_set_pfs(struct cmd *c, struct args_map_set_pfs *a)
{
    ENTRY(c);
    unsigned g = a->kw_g2 ? 2 : a->kw_g5 ? 5 : a->kw_g14 ? 14 : a->kw_g15 ? 15 : a->kw_g16 ? 16 : 1;
    g = a->kw_g19 ? 19 : a->kw_g20 ? 20 : a->kw_g21 ? 21 : a->kw_g24 ? 24 : g;
    e->pfs = set ? g : 0;
    if (set && !dh_len(g) && c->session != NULL)
        cmd_note(c, "group%u is stored; there is no such exchange here: nothing is agreed for this entry", g);
    return CMD_OK;
}

int ipsec_cmd_match_address(struct cmd *c, struct args_map_match_address *a)
{
    ENTRY(c);
    const struct acl *acl = set ? acl_find(c->router, a->acl) : NULL;
    if (acl != NULL && acl_has_groups(acl)) /* nor does IOS: a group makes no proxy identity */
        return cmd_error(c, "%% Access list %s has object groups: they are not supported for crypto maps", a->acl);
    snprintf(e->acl, sizeof e->acl, "%s", set ? a->acl : "");
    return CMD_OK;
}

int ipsec_cmd_reverse_route(struct cmd *c, struct args_map_reverse_route *a)
{
    ENTRY(c);
    (void)a;
    e->rri = set;
    struct ipsec *st = ipsec_of(c->router);
    for (struct sa *s = st->first; s != NULL; s = s->next)
        set ? ipsec_rri_install(s) : (void)0;
    return CMD_OK;
}

/* ---- on an interface ---- */
int ipsec_cmd_interface_map(struct cmd *c, struct args_interface_crypto_map *a)
{
    struct ipsec *st = ipsec_of(c->router);
    const struct args_interface *i = CMD_BLOCK(c, interface, "interface");
    struct netif *nif = i != NULL ? netif_get(c->router, i->name.text) : NULL;
    if (nif == NULL)
        return cmd_error(c, "%% Crypto maps are not supported on this interface");
    if (c->op == CMD_UNSET) {
        ipsec_binding_clear(st, nif);
        return CMD_OK;
    }
    /* IOS refuses an unknown map; here the names bind when both exist (CONTRACT: forward references). */
    if (ipsec_map_find(st, a->name) == NULL && !c->booting)
        cmd_note(c, "Crypto map \"%s\" does not exist yet: nothing is protected until it does.", a->name);
    if (a->has_group && role_get(c->router, a->group)->state == ROLE_ABSENT && !c->booting)
        cmd_note(c, "Standby group \"%s\" does not exist yet: no crypto endpoint until it does.", a->group);
    if (ipsec_binding_set(st, nif, a->name, a->has_group ? a->group : "", a->kw_stateful) != 0)
        return cmd_error(c, "%% Out of memory");
    return CMD_OK;
}
