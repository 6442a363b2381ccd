/* show crypto ipsec sa in the layout of reference 5.2, and its JSON. `detail` has the lines of IOS 15, which the public
 * TextFSM template reads: without what a stateful map adds. A block per ident: flows with SAs, and access
 * list lines of static entries that have none yet. Called by the parser. */
#include "ipsec_cmd.h"
#include "modules/ipsec/ipsec_internal.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum which { ALL, ONLY_ACTIVE, ONLY_STANDBY };
struct view {
    struct out *o;
    enum which which;
    bool detail, identity;
    const struct addr *peer;
};

static bool shown(const struct view *v, const struct sa *s)
{
    /* `active` and `standby` select by state; what belongs to no stateful map counts as active. */
    return v->which == ALL || (v->which == ONLY_ACTIVE) == s->active;
}

static bool flow_shown(const struct view *v, const struct flow *f)
{
    if (v->peer != NULL && !addr_equal(v->peer, &f->peer))
        return false;
    if (v->which == ALL)
        return true;
    for (const struct sa *s = f->pairs; s != NULL; s = s->flow_next)
        if (shown(v, s))
            return true;
    return false;
}

static void show_one(struct view *v, struct sa *s, bool inbound)
{
    struct out *o = v->o;
    char tr[96];
    uint32_t spi = inbound ? s->p.in_spi : s->p.out_spi, conn = inbound ? s->conn_in : s->conn_out;
    const char *status = s->active ? "ACTIVE" : "STANDBY";
    uint32_t c[4] = {0};
    if (s->active)
        for (unsigned i = 0; i < 16; i++)
            c[i / 4] = c[i / 4] << 8 | s->p.cookies[i];
    ipsec_transform_text(&s->p.prop.transforms[0], tr);
    out_text(o, "      spi: 0x%X(%u)\n        transform: %s,\n", spi, spi, tr);
    out_text(o, "        in use settings ={%s%s, }\n", s->p.prop.transforms[0].transport ? "Transport" : "Tunnel",
             s->p.udp_encap ? " UDP-Encaps" : "");
    out_text(o, "        conn id: %u, flow_id: SW:%u, sibling_flags 80000046, crypto map: %s\n", 2000 + conn, conn,
             s->b->map);
    out_text(o, "        sa timing: remaining key lifetime (k/sec): (%u/%u)\n", ipsec_sa_left_kb(s, inbound),
             ipsec_sa_left_s(s));
    if (s->ha && !v->detail) {
        out_text(o, "           HA last key lifetime sent(k): (%u)\n", inbound ? s->in_kb_sent : s->out_kb_sent);
        out_text(o, "        ike_cookies: %08X %08X %08X %08X\n", c[0], c[1], c[2], c[3]);
    }
    out_text(o, "        IV size: %u bytes\n        replay detection support: %s", s->suite.iv_len,
             s->win.size != 0 ? "Y" : "N");
    if (v->detail)
        out_text(o, "  replay window size: %u", s->win.size);
    out_text(o, "\n        Status: %s\n", status);
    out_object(o, NULL);
    out_fmt(o, "spi", "0x%X", spi);
    out_int(o, "spi_number", spi);
    out_str(o, "transform", tr);
    out_str(o, "mode", s->p.prop.transforms[0].transport ? "transport" : "tunnel");
    out_bool(o, "udp_encaps", s->p.udp_encap);
    out_int(o, "conn_id", 2000 + conn);
    out_str(o, "crypto_map", s->b->map);
    out_int(o, "remaining_kilobytes", ipsec_sa_left_kb(s, inbound));
    out_int(o, "remaining_ms", (int64_t)ipsec_sa_left_s(s) * 1000);
    out_int(o, "sequence", inbound ? s->win.top : s->seq);
    out_int(o, "packets", (int64_t)(inbound ? s->in_packets : s->out_packets));
    out_int(o, "iv_size", s->suite.iv_len);
    out_bool(o, "replay_detection", s->win.size != 0);
    out_int(o, "replay_window_size", s->win.size);
    out_bool(o, "stateful", s->ha);
    out_str(o, "status", status);
    out_end(o);
}

static void show_sas(struct view *v, const struct flow *f, bool inbound)
{
    const char *dir = inbound ? "inbound" : "outbound";
    out_text(v->o, "\n     %s esp sas:\n", dir);
    out_array(v->o, inbound ? "inbound_esp_sas" : "outbound_esp_sas");
    for (struct sa *s = f->pairs; s != NULL; s = s->flow_next)
        if (shown(v, s))
            show_one(v, s, inbound);
    out_end(v->o);
    out_text(v->o, "\n     %s ah sas:\n\n     %s pcp sas:\n", dir, dir);
}

static void show_detail(struct out *o, const struct flow_counters *n)
{
    out_text(o, "    #pkts no sa (send) %llu, #pkts invalid sa (rcv) %llu\n", (unsigned long long)n->no_sa,
             (unsigned long long)n->invalid_sa);
    out_text(o, "    #pkts encaps failed (send) %llu, #pkts decaps failed (rcv) %llu\n",
             (unsigned long long)n->encaps_failed, (unsigned long long)n->decaps_failed);
    out_text(o, "    #pkts invalid prot (recv) %llu, #pkts verify failed: %llu\n", (unsigned long long)n->invalid_prot,
             (unsigned long long)n->verify_failed);
    out_text(o, "    #pkts invalid identity (recv) %llu, #pkts invalid len (rcv) %llu\n",
             (unsigned long long)n->invalid_ident, (unsigned long long)n->invalid_len);
    out_text(o, "    #pkts replay rollover (send): %llu, #pkts replay rollover (rcv) 0\n",
             (unsigned long long)n->replay_rollover);
    out_text(o, "    ##pkts replay failed (rcv): %llu\n", (unsigned long long)n->replay_failed);
    out_text(o, "    #pkts tagged (send): 0, #pkts untagged (rcv): 0\n    #pkts not tagged (send): 0, #pkts not "
                "untagged (rcv): 0\n");
    out_text(o, "    #pkts internal err (send): %llu, #pkts internal err (recv) 0\n",
             (unsigned long long)n->internal_err);
}

static void show_counters(struct view *v, const struct flow_counters *n)
{
    struct out *o = v->o;
    out_text(o, "    #pkts encaps: %llu, #pkts encrypt: %llu, #pkts digest: %llu\n", (unsigned long long)n->encaps,
             (unsigned long long)n->encaps, (unsigned long long)n->encaps);
    out_text(o, "    #pkts decaps: %llu, #pkts decrypt: %llu, #pkts verify: %llu\n", (unsigned long long)n->decaps,
             (unsigned long long)n->decaps, (unsigned long long)n->decaps);
    out_text(o, "    #pkts compressed: 0, #pkts decompressed: 0\n    #pkts not compressed: 0, #pkts compr. failed: 0\n"
                "    #pkts not decompressed: 0, #pkts decompress failed: 0\n");
    if (v->detail)
        show_detail(o, n);
    else
        out_text(o, "    #send errors %llu, #recv errors %llu\n", (unsigned long long)n->send_err,
                 (unsigned long long)n->recv_err);
}

static void ident_line(struct out *o, const char *label, const char *key, const struct prefix *p, uint8_t proto,
                       uint16_t port)
{
    char a[ADDR_STRLEN], m[ADDR_STRLEN];
    struct addr mask = addr_v4(mask_from_len(p->len));
    addr_format(&p->addr, a);
    addr_format(&mask, m);
    out_text(o, "   %s ident (addr/mask/prot/port): (%s/%s/%u/%u)\n", label, a, m, proto, port);
    out_object(o, key);
    out_str(o, "address", a);
    out_str(o, "mask", m);
    out_int(o, "protocol", proto);
    out_int(o, "port", port);
    out_end(o);
}

static void show_flow(struct view *v, const struct flow *f)
{
    struct out *o = v->o;
    struct binding *b = f->b;
    char peer[ADDR_STRLEN], local[ADDR_STRLEN], pfs[16] = "none";
    struct flow_counters n;
    const struct sa *cur = f->out;
    ipsec_counters_copy(&f->n, &n);
    if (cur == NULL)
        cur = f->pairs;
    if (cur != NULL && !cur->active)
        memset(&n, 0, sizeof n); /* a standby has counted nothing (reference 5.2) */
    unsigned group = cur != NULL ? cur->p.pfs_group : 0;
    if (group != 0)
        snprintf(pfs, sizeof pfs, "group%u", group);
    addr_format(&f->peer, peer);
    addr_format(cur != NULL ? &cur->p.prop.local : &b->local, local);
    out_object(o, NULL);
    out_text(o, "\n   protected vrf: (none)\n");
    ident_line(o, "local ", "local_ident", &f->ident.local, f->ident.proto, f->ident.lport);
    ident_line(o, "remote", "remote_ident", &f->ident.remote, f->ident.proto, f->ident.rport);
    out_text(o, "   current_peer %s port %u\n     PERMIT, flags={%s}\n", peer, f->peer_port,
             f->dynamic ? "" : "origin_is_acl,");
    show_counters(v, &n);
    out_text(o, "\n     local crypto endpt.: %s, remote crypto endpt.: %s\n", local, peer);
    if (v->detail)
        out_text(o, "     plaintext mtu %u, path mtu %u, ip mtu %u, ip mtu idb %s\n",
                 cur != NULL ? ipsec_esp_plain_mtu(cur, b->nif->mtu) : b->nif->mtu, b->nif->mtu, b->nif->mtu,
                 b->ifname);
    else
        out_text(o, "     path mtu %u, ip mtu %u, ip mtu idb %s\n", b->nif->mtu, b->nif->mtu, b->ifname);
    out_text(o, "     current outbound spi: 0x%X(%u)\n", cur != NULL ? cur->p.out_spi : 0,
             cur != NULL ? cur->p.out_spi : 0);
    out_text(o, "     PFS (Y/N): %c, DH group: %s\n", group != 0 ? 'Y' : 'N', pfs);
    out_str(o, "peer", peer);
    out_int(o, "peer_port", f->peer_port);
    out_str(o, "origin", f->dynamic ? "dynamic" : "acl");
    out_int(o, "encaps", (int64_t)n.encaps);
    out_int(o, "decaps", (int64_t)n.decaps);
    out_int(o, "send_errors", (int64_t)n.send_err);
    out_int(o, "recv_errors", (int64_t)n.recv_err);
    out_str(o, "local_endpoint", local);
    out_str(o, "remote_endpoint", peer);
    out_int(o, "path_mtu", b->nif->mtu);
    if (cur != NULL)
        out_int(o, "plaintext_mtu", ipsec_esp_plain_mtu(cur, b->nif->mtu));
    out_fmt(o, "current_outbound_spi", "0x%X", cur != NULL ? cur->p.out_spi : 0);
    out_str(o, "pfs_group", pfs);
    if (!v->identity) {
        show_sas(v, f, true);
        show_sas(v, f, false);
    }
    out_end(o);
}

/* Access list lines of static entries under which there is no flow yet. */
static void show_unused(struct view *v, struct ipsec *st, struct binding *b)
{
    struct crypto_map *m = ipsec_binding_map(b);
    for (struct map_entry *e = m != NULL ? m->entries : NULL; e != NULL; e = e->next) {
        if (!ipsec_entry_enabled(st, e))
            continue;
        for (const struct acl_rule *r = acl_rule_next(st->r, e->acl, NULL); r != NULL;
             r = acl_rule_next(st->r, e->acl, r)) {
            struct flow f = {.b = b, .seq = e->seq, .peer = e->peers[e->peer_at % e->n_peers], .peer_port = 500};
            if (!r->permit)
                continue;
            ipsec_ident_of_rule(r, &f.ident);
            if (ipsec_flow_find(st, b, e->seq, &f.ident, &f.peer, false) == NULL && flow_shown(v, &f))
                show_flow(v, &f);
        }
    }
}

/* The whole table, in pieces: thousands of SAs are more than a turn's worth of text. */
struct table {
    struct view v;
    struct ipsec *st;
    struct flow_place at;
    bool open; /* the heading of at.b stands */
    bool has_tag, has_ifname;
    struct addr peer;
    char tag[64], ifname[40];
};

static bool binding_shown(const struct table *t, const struct binding *b)
{
    if ((t->has_tag && strcmp(t->tag, b->map) != 0) || (t->has_ifname && strcmp(t->ifname, b->ifname) != 0))
        return false;
    if (t->v.which == ALL && t->v.peer == NULL)
        return true;
    for (struct flow *f = t->st->flows; f != NULL; f = f->next)
        if (f->b == b && flow_shown(&t->v, f))
            return true;
    return false;
}

static void binding_open(struct table *t)
{
    struct out *o = t->v.o;
    struct binding *b = t->at.b;
    char a[ADDR_STRLEN];
    addr_format(&b->local, a);
    out_object(o, NULL);
    out_str(o, "interface", b->ifname);
    out_str(o, "crypto_map", b->map);
    out_str(o, "local_addr", a);
    out_text(o, "\ninterface: %s\n    Crypto map tag: %s, local addr %s\n", b->ifname, b->map, a);
    out_array(o, "flows");
    t->at.f = t->st->flows;
    t->open = true;
}

static void binding_close(struct table *t)
{
    out_end(t->v.o);
    out_end(t->v.o);
    t->open = false;
    if (!t->at.cut)
        t->at.b = t->at.b->next;
    t->at.cut = false;
}

static int table_step(struct cmd *c, void *arg)
{
    struct table *t = arg;
    t->v.o = c->out;
    for (;;) {
        if (t->open && t->at.cut)
            binding_close(t);
        t->at.cut = false;
        if (t->at.b == NULL)
            break;
        if (!t->open && !binding_shown(t, t->at.b)) {
            t->at.b = t->at.b->next;
            continue;
        }
        if (!t->open)
            binding_open(t);
        while (t->at.f != NULL) {
            struct flow *f = t->at.f;
            t->at.f = f->next;
            if (f->b == t->at.b && flow_shown(&t->v, f))
                show_flow(&t->v, f);
            if (cmd_spent(c))
                return CMD_PENDING;
        }
        if (t->v.which == ALL)
            show_unused(&t->v, t->st, t->at.b);
        binding_close(t);
    }
    out_end(c->out);
    return CMD_OK;
}

static void table_end(void *arg)
{
    struct table *t = arg;
    struct flow_place **at = &t->st->places;
    while (*at != &t->at)
        at = &(*at)->next;
    *at = t->at.next;
    free(t);
}

static void show_count(struct ipsec *st, struct out *o)
{
    unsigned active = 0, rekeying = 0;
    for (const struct sa *s = st->first; s != NULL; s = s->next) {
        active += s->active ? 2 : 0;
        rekeying += s->active && s->rekeying ? 2 : 0;
    }
    out_text(o, "IPsec SA total: %u, active: %u, rekeying: %u, unused: 0, invalid: 0\n", 2 * st->n_sas, active,
             rekeying);
    out_object(o, NULL);
    out_int(o, "total", 2 * st->n_sas);
    out_int(o, "active", active);
    out_int(o, "rekeying", rekeying);
    out_end(o);
}

int ipsec_cmd_show_sa(struct cmd *c, struct args_show_crypto_ipsec_sa *a)
{
    struct ipsec *st = ipsec_of(c->router);
    if (a->kw_count) {
        show_count(st, c->out);
        return CMD_OK;
    }
    struct table *t = calloc(1, sizeof *t);
    if (t == NULL)
        return cmd_error(c, "%% Out of memory");
    t->st = st;
    t->has_tag = a->has_tag;
    t->has_ifname = a->has_ifname;
    if (a->has_tag)
        snprintf(t->tag, sizeof t->tag, "%s", a->tag);
    if (a->has_ifname)
        snprintf(t->ifname, sizeof t->ifname, "%s", a->ifname.text);
    if (a->has_peer)
        t->peer = a->peer;
    t->v = (struct view){.o = c->out,
                         .which = a->kw_active    ? ONLY_ACTIVE
                                  : a->kw_standby ? ONLY_STANDBY
                                                  : ALL,
                         .detail = a->kw_detail,
                         .identity = a->kw_identity,
                         .peer = a->has_peer ? &t->peer : NULL};
    t->at = (struct flow_place){.next = st->places, .b = st->bindings};
    st->places = &t->at;
    out_array(c->out, NULL);
    return cmd_steps(c, table_step, table_end, t);
}
