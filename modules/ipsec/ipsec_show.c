/* The other show commands of IPsec: maps, templates, transform sets, lifetimes, HA and engine (reference 4.1, 5.4,
 * 5.5). Called by the parser. */
#include "ipsec_cmd.h"
#include "modules/ipsec/ipsec_internal.h"
#include <stdio.h>
#include <string.h>

static void access_list(struct ipsec *st, struct out *o, const char *acl)
{
    bool defined = acl[0] != '\0' && acl_exists(st->r, acl);
    out_str(o, "access_list", acl[0] != '\0' ? acl : NULL);
    out_bool(o, "access_list_defined", defined);
    if (acl[0] == '\0')
        out_text(o, "        No matching address list set.\n");
    else
        out_text(o, "        Extended IP access list %s%s\n", acl, defined ? "" : " (not defined)");
    out_array(o, "access_list_entries");
    for (const struct acl_rule *r = defined ? acl_rule_next(st->r, acl, NULL) : NULL; r != NULL;
         r = acl_rule_next(st->r, acl, r)) {
        char text[160];
        acl_rule_text(r, text, sizeof text);
        out_text(o, "            access-list %s %s\n", acl, text);
        out_str(o, NULL, text);
    }
    out_end(o);
}

static void transform_sets(struct ipsec *st, struct out *o, const struct map_entry *e)
{
    char t[96];
    out_text(o, "        Transform sets={ \n");
    out_array(o, "transform_sets");
    for (unsigned i = 0; i < e->n_tsets; i++) {
        struct tset *s = ipsec_tset_find(st, e->tsets[i], false);
        out_object(o, NULL);
        out_str(o, "name", e->tsets[i]);
        if (s != NULL && s->have_transform) {
            ipsec_transform_text(&s->t, t);
            out_text(o, "                %s:  { %s } , \n", e->tsets[i], t);
            out_fmt(o, "transform", "%.*s", (int)(t[0] != '\0' ? strlen(t) - 1 : 0), t); /* the last blank is layout */
        } else {
            out_text(o, "                %s:  (%s) , \n", e->tsets[i],
                     s != NULL ? "stored, never offered" : "not defined");
            out_null(o, "transform");
        }
        out_end(o);
    }
    out_end(o);
    out_text(o, "        }\n");
}

static void entry_body(struct ipsec *st, struct out *o, const struct map_entry *e)
{
    access_list(st, o, e->acl);
    if (e->n_peers != 0) {
        out_addr(o, "current_peer", &e->peers[e->peer_at % e->n_peers]);
        char a[ADDR_STRLEN];
        out_text(o, "        Current peer: %s\n", addr_format(&e->peers[e->peer_at % e->n_peers], a));
    }
    out_text(o, "        Security association lifetime: %u kilobytes/%u seconds\n", ipsec_entry_life_kb(st, e),
             ipsec_entry_life_s(st, e));
    out_text(o, "        PFS (Y/N): %c\n", e->pfs != 0 ? 'Y' : 'N');
    if (e->pfs != 0)
        out_text(o, "        DH group:  group%u\n", e->pfs);
    out_int(o, "lifetime_kb", ipsec_entry_life_kb(st, e));
    out_int(o, "lifetime_ms", (int64_t)ipsec_entry_life_s(st, e) * 1000);
    out_bool(o, "pfs", e->pfs != 0);
    out_int(o, "dh_group", e->pfs);
    out_bool(o, "reverse_route", e->rri);
    transform_sets(st, o, e);
    if (e->rri)
        out_text(o, "        Reverse Route Injection Enabled\n");
}

static const char *binding_role(struct ipsec *st, const struct binding *b)
{
    return role_get(st->r, b->group)->state == ROLE_ABSENT ? "not defined" : b->active ? "ACTIVE" : "STANDBY";
}

static void users(struct ipsec *st, struct out *o, const char *map)
{
    out_array(o, "interfaces");
    out_text(o, "        Interfaces using crypto map %s:\n", map);
    for (struct binding *b = st->bindings; b != NULL; b = b->next)
        if (strcmp(b->map, map) == 0) {
            out_text(o, "                %s\n", b->ifname);
            out_object(o, NULL);
            out_str(o, "interface", b->ifname);
            if (b->group[0] != '\0') {
                out_str(o, "redundancy_group", b->group);
                out_bool(o, "stateful", b->stateful);
                out_str(o, "state", binding_role(st, b));
                out_addr(o, "virtual_address", &b->local);
            }
            out_end(o);
        }
    out_end(o);
    for (struct binding *b = st->bindings; b != NULL; b = b->next)
        if (strcmp(b->map, map) == 0 && b->group[0] != '\0')
            out_text(o, "        Redundancy: %s group %s%s, %s%s\n", b->ifname, b->group,
                     b->stateful ? " stateful" : "", binding_role(st, b),
                     addr_is_none(&b->local) ? " (no virtual address)" : "");
}

static void incomplete(struct out *o, const char *why)
{
    out_str(o, "incomplete", why);
    out_text(o, "        WARNING: This crypto map is in an incomplete state!\n                (%s)\n", why);
}

static void show_entry(struct ipsec *st, struct out *o, const struct crypto_map *m, const struct map_entry *e)
{
    out_text(o, "Crypto Map \"%s\" %u ipsec-isakmp\n", m->name, e->seq);
    out_str(o, "map", m->name);
    out_int(o, "sequence", e->seq);
    out_str(o, "description", e->description);
    if (e->description[0] != '\0')
        out_text(o, "        Description: %s\n", e->description);
    if (e->dynamic[0] != '\0') {
        out_text(o, "        Dynamic map template tag: %s\n", e->dynamic);
        out_str(o, "dynamic_map", e->dynamic);
        if (ipsec_dynmap_find(st, e->dynamic) == NULL)
            incomplete(o, "dynamic map template does not exist");
        users(st, o, m->name);
        return;
    }
    if (!ipsec_entry_complete(st, e))
        incomplete(o, e->n_peers == 0 || e->acl[0] == '\0' || !acl_exists(st->r, e->acl)
                          ? "missing peer or access-list definitions"
                          : "missing transform-set definitions");
    out_array(o, "peers");
    for (unsigned i = 0; i < e->n_peers; i++) {
        char a[ADDR_STRLEN];
        out_text(o, "        Peer = %s\n", addr_format(&e->peers[i], a));
        out_addr(o, NULL, &e->peers[i]);
    }
    out_end(o);
    entry_body(st, o, e);
    users(st, o, m->name);
}

static void interval_values(struct out *o, const struct crypto_map *m)
{
    if (!m->has_interval)
        return;
    out_int(o, "replay_interval_inbound", m->in_n);
    out_int(o, "replay_interval_outbound", m->out_m);
}

static void show_map(struct ipsec *st, struct out *o, const struct crypto_map *m)
{
    for (const struct map_entry *e = m->entries; e != NULL; e = e->next) {
        out_object(o, NULL);
        show_entry(st, o, m, e);
        interval_values(o, m);
        out_end(o);
    }
    if (m->entries == NULL) {
        out_object(o, NULL);
        out_str(o, "map", m->name);
        out_text(o, "Crypto Map \"%s\"\n", m->name);
        incomplete(o, "no crypto map entries");
        users(st, o, m->name);
        interval_values(o, m);
        out_end(o);
    }
    if (m->has_interval)
        out_text(o, "        Redundancy replay-interval: inbound %u outbound %u\n", m->in_n, m->out_m);
}

int ipsec_cmd_show_map(struct cmd *c, struct args_show_crypto_map *a)
{
    struct ipsec *st = ipsec_of(c->router);
    struct binding *at = a->has_ifname ? ipsec_binding_find(st, a->ifname.text) : NULL;
    out_array(c->out, NULL);
    if (a->has_ifname && at == NULL) {
        out_text(c->out, "No crypto maps found.\n");
        return CMD_OK;
    }
    const char *tag = a->has_tag ? a->tag : at != NULL ? at->map : NULL;
    bool any = false;
    for (struct crypto_map *m = st->maps; m != NULL; m = m->next)
        if (tag == NULL || strcmp(tag, m->name) == 0) {
            show_map(st, c->out, m);
            any = true;
        }
    for (struct binding *b = st->bindings; b != NULL; b = b->next) { /* named on an interface, defined nowhere */
        bool seen = ipsec_map_find(st, b->map) != NULL || (tag != NULL && strcmp(tag, b->map) != 0);
        for (struct binding *p = st->bindings; p != b && !seen; p = p->next)
            seen = strcmp(p->map, b->map) == 0;
        if (seen)
            continue;
        out_text(c->out, "Crypto Map \"%s\"\n", b->map);
        out_object(c->out, NULL);
        out_str(c->out, "map", b->map);
        incomplete(c->out, "crypto map is not defined");
        users(st, c->out, b->map);
        out_end(c->out);
        any = true;
    }
    if (!any)
        out_text(c->out, "No crypto maps found.\n");
    return CMD_OK;
}

int ipsec_cmd_show_dynamic_map(struct cmd *c, struct args_show_crypto_dynamic_map *a)
{
    struct ipsec *st = ipsec_of(c->router);
    bool any = false;
    out_array(c->out, NULL);
    for (struct crypto_map *m = st->dynmaps; m != NULL; m = m->next)
        for (struct map_entry *e = m->entries; e != NULL; e = e->next)
            if (!a->has_tag || strcmp(a->tag, m->name) == 0) {
                out_text(c->out, "Crypto Map Template\"%s\" %u\n", m->name, e->seq);
                out_object(c->out, NULL);
                out_str(c->out, "map", m->name);
                out_int(c->out, "sequence", e->seq);
                entry_body(st, c->out, e);
                out_end(c->out);
                any = true;
            }
    if (!any)
        out_text(c->out, "No crypto map templates found.\n");
    return CMD_OK;
}

int ipsec_cmd_show_transform(struct cmd *c, struct args_show_crypto_transform_set *a)
{
    struct ipsec *st = ipsec_of(c->router);
    char t[96];
    out_array(c->out, NULL);
    for (struct tset *s = st->tsets; s != NULL; s = s->next)
        if (s->have_transform && (!a->has_name || strcmp(a->name, s->t.name) == 0)) {
            const char *mode = s->t.transport ? "Transport" : "Tunnel";
            ipsec_transform_text(&s->t, t);
            out_text(c->out, "Transform set %s: { %s } \n   will negotiate = { %s,  }, \n", s->t.name, t, mode);
            if (t[0] != '\0') /* the last word's blank is the text layout's */
                t[strlen(t) - 1] = '\0';
            out_object(c->out, NULL);
            out_str(c->out, "name", s->t.name);
            out_str(c->out, "transform", t);
            out_str(c->out, "mode", s->t.transport ? "transport" : "tunnel");
            out_end(c->out);
        }
    out_end(c->out);
    return CMD_OK;
}

int ipsec_cmd_show_lifetime(struct cmd *c, struct args_show_crypto_lifetime *a)
{
    struct ipsec *st = ipsec_of(c->router);
    (void)a;
    out_text(c->out, "Security association lifetime: %u kilobytes/%u seconds\n", st->life_kb, st->life_s);
    out_int(c->out, "lifetime_kb", st->life_kb);
    out_int(c->out, "lifetime_ms", (int64_t)st->life_s * 1000);
    return CMD_OK;
}

/* Equal on both gateways exactly when they hold the same SAs: an XOR over them, whatever their order. */
static void stamp(struct ipsec *st, const struct binding *b, uint8_t out[16])
{
    memset(out, 0, 16);
    for (struct sa *s = st->first; s != NULL; s = s->next) {
        uint8_t h[16];
        uint32_t v[3] = {s->p.in_spi, s->p.out_spi, s->p.message_id};
        struct crypto_part part = {v, sizeof v};
        if (s->b != b || crypto_hash(HASH_MD5, &part, 1, h) != 0)
            continue;
        for (unsigned i = 0; i < 16; i++)
            out[i] ^= h[i];
    }
}

static void show_ha_numbers(struct ipsec *st, struct out *o, const struct binding *b)
{
    const struct crypto_map *m = ipsec_binding_map(b);
    uint32_t n = m != NULL ? m->in_n : IPSEC_INTERVAL_IN, out = m != NULL ? m->out_m : IPSEC_INTERVAL_OUT;
    nstime hold = role_get(st->r, b->group)->hold, t = hold > 0 && hold / 4 < NS_PER_S ? hold / 4 : NS_PER_S;
    unsigned sas = 0, active = 0;
    nstime now = loop_now(st->r->loop), oldest = 0;
    uint32_t worst = 0;
    for (struct sa *s = st->first; s != NULL; s = s->next) {
        if (s->b != b)
            continue;
        sas++;
        active += s->active;
        nstime age = s->active ? s->edge_age : now - s->record_at;
        if (age > oldest && (s->active ? s->from_peer : true))
            oldest = age;
        if (s->rate > worst)
            worst = s->rate;
    }
    out_text(o, "  map %s, group %s, %s: %u SA pairs, %u active\n", b->map, b->group, b->active ? "ACTIVE" : "STANDBY",
             sas, active);
    out_str(o, "map", b->map);
    out_str(o, "group", b->group);
    out_str(o, "state", b->active ? "ACTIVE" : "STANDBY");
    out_int(o, "sa_pairs", sas);
    out_int(o, "active_sa_pairs", active);
    out_int(o, "replay_interval_inbound", n);
    out_int(o, "replay_interval_outbound", out);
    out_int(o, "record_within_ms", t / NS_PER_MS);
    out_int(o, "replay_edge_age_ms", oldest / NS_PER_MS);
    if (n != 0) {
        out_int(o, "successor_refuses", ipsec_successor_in(0, n, worst, t));
        out_int(o, "exposed_packets", (int64_t)(2 * (uint64_t)worst * (uint64_t)(t / NS_PER_MS) / 1000));
    }
    out_text(o, "  replay-interval inbound %u outbound %u, record after a change within %lld ms\n", n, out,
             (long long)(t / NS_PER_MS));
    if (n == 0) {
        out_text(o, "  inbound window: not protected (inbound 0)\n");
    } else {
        uint32_t refused = ipsec_successor_in(0, n, worst, t);
        out_text(
            o,
            "  a successor refuses %u numbers above the last edge; exposure: packets beyond %llu in the last %lld ms\n",
            refused, 2 * (unsigned long long)worst * (unsigned long long)(t / NS_PER_MS) / 1000,
            (long long)(t / NS_PER_MS));
    }
    out_text(o, "  outbound reservation: next record limit + 2 x %u + 1000000 per second since the last record\n", out);
    out_text(o, "  replay edge age at takeover: %lld ms%s\n", (long long)(oldest / NS_PER_MS),
             active == 0 ? " if it happened now" : "");
}

int ipsec_cmd_show_ha(struct cmd *c, struct args_show_crypto_ha *a)
{
    struct ipsec *st = ipsec_of(c->router);
    (void)a;
    out_array(c->out, NULL);
    for (struct binding *b = st->bindings; b != NULL; b = b->next) {
        char vip[ADDR_STRLEN], hex[33];
        uint8_t s[16];
        if (!b->stateful)
            continue;
        addr_format(&b->local, vip);
        stamp(st, b, s);
        out_text(c->out, "IKE VIP: %s\n  stamp:", vip);
        for (unsigned i = 0; i < 16; i++) {
            out_text(c->out, " %02X", s[i]);
            snprintf(hex + 2 * i, 3, "%02X", s[i]);
        }
        out_object(c->out, NULL);
        out_addr(c->out, "vip", &b->local);
        out_str(c->out, "stamp", hex);
        out_text(c->out, "\nIPSec VIP: %s\n", vip);
        show_ha_numbers(st, c->out, b);
        out_end(c->out);
    }
    out_end(c->out);
    return CMD_OK;
}
