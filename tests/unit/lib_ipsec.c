/* See lib_ipsec.h. */
#include "tests/unit/lib_ipsec.h"
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PORT = 9 };
const char *const ilab_spoke_ip = "10.1.11.11", *const ilab_gw_ip = "10.1.11.254", *const ilab_inside_ip = "10.2.1.254";

static struct addr A(const char *s) {
    struct addr a = {0};
    cr_assert(addr_parse(s, &a), "%s", s);
    return a;
}

static void
on_udp(void *arg, const struct udp_rx *rx, struct frame *f)
{
    struct node *n = arg;
    (void)rx;
    n->got++;
    n->last_len = f->len;
    frame_free(f);
}

static void on_nat(void *arg, const struct udp_rx *rx, struct frame *f)
{
    struct node *n = arg;
    ipsec_udp_input(n->r, rx, f);
}

static void see(void *arg, nstime at, const uint8_t *f, size_t len)
{
    struct lab *l = arg;
    (void)at;
    if (len < 34 || f[12] != 8 || f[13] != 0)
        return;
    const uint8_t *ip = f + 14;
    bool esp = ip[9] == 50 || (ip[9] == 17 && len > 42 && ip[22] == 0x11 && ip[23] == 0x94);
    if (esp) {
        l->esp++;
        struct seen_packet *p = &l->last_esp;
        p->len = len < sizeof p->data ? len : sizeof p->data;
        memcpy(p->data, f, p->len);
        if (l->n_log < 64 && !l->injecting)
            l->esp_log[l->n_log++] = *p;
    } else if ((ip[12] == 10 && ip[13] == 2) || (ip[16] == 10 && ip[17] == 2)) {
        l->clear++;
    }
}

static struct link *open_link(void *ctx, struct router *r, const char *ifname, uint16_t mtu)
{
    struct node *n = ctx;
    (void)r;
    (void)mtu;
    return strncmp(ifname, "Loopback", 8) == 0 ? NULL : memswitch_port(n->lab->sw, n->name);
}

static void no_reload(void *ctx, struct router *r, const char *reason)
{
    (void)ctx;
    (void)r;
    (void)reason;
}

void ilab_open(struct lab *l)
{
    memset(l, 0, sizeof *l);
    l->loop = loop_new_sim(INT64_C(1700000000) * NS_PER_S);
    l->sw = memswitch_new(l->loop, "outside", false);
    memswitch_tap(l->sw, see, l);
    l->spi = 0x1000;
    l->auto_keys = true;
    l->life_s = 3600;
    l->life_kb = 4608000;
    l->t = (struct ipsec_transform){.name = "t2", .cipher = CIPHER_AES_CBC, .key_bits = 256, .auth = HASH_SHA1};
}

void ilab_run(struct lab *l, double s)
{
    loop_run(l->loop, loop_now(l->loop) + (nstime)(s * 1e9));
}

static void km_acquire(void *ctx, const struct ipsec_proposal *p, event_id cause)
{
    struct node *n = ctx;
    struct lab *l = n->lab;
    struct ipsec_pair a, b;
    (void)p;
    (void)cause;
    n->acquires++;
    if (!l->auto_keys)
        return;
    ilab_pair(l, n, &l->n[1], &a, &b);
    cr_assert_eq(ipsec_pair_install(l->n[1].r, &b, 0), 0);
    cr_assert_eq(ipsec_pair_install(n->r, &a, 0), 0);
    ipsec_pair_enable(l->n[1].r, b.in_spi);
    ipsec_pair_enable(n->r, a.in_spi);
}

static void km_rekey(void *ctx, const struct ipsec_pair *p, const char *why, event_id cause)
{
    struct node *n = ctx;
    (void)why;
    n->rekeys++;
    if (n->lab->initiator_rekeys && p->initiator)
        km_acquire(ctx, &p->prop, cause);
}

static void km_delete(void *ctx, const struct addr *local, const struct addr *peer, const uint8_t cookies[16],
                      const uint32_t *in_spis, unsigned n_spis)
{
    struct node *n = ctx;
    struct lab *l = n->lab;
    (void)cookies;
    (void)peer;
    n->deletes += n_spis;
    for (unsigned i = 0; i < 3; i++)
        if (l->n[i].r != NULL && &l->n[i] != n)
            for (unsigned k = 0; k < n_spis; k++)
                ipsec_pair_delete_by_out(l->n[i].r, local, in_spis[k], "peer", 0);
}

static const struct ipsec_km_ops km = {.acquire = km_acquire, .rekey = km_rekey, .notify_delete = km_delete};

/* ---- a hub without SCTP: every change is applied at once ---- */
static struct node *node_of(struct router *r)
{
    return r->host->ctx;
}

static void hub_dirty(struct router *r, const struct sync_class *cls, const struct sync_key *key)
{
    struct node *n = node_of(r);
    uint8_t buf[4096];
    if (n->standby == NULL || n->standby->r == NULL)
        return;
    struct builder b = builder_make(buf, sizeof buf);
    if (cls->encode(r, key, &b) != SYNC_OK)
        return;
    cr_assert(builder_ok(&b));
    struct cursor c = cursor_make(buf, b.len);
    n->standby->heard = loop_now(r->loop);
    enum sync_result rc = cls->apply(n->standby->r, key, &c, 0);
    cr_assert(rc == SYNC_OK || rc == SYNC_REFUSED, "apply of %s: %d", cls->name, rc);
    if (!n->hold_acks && cls->acked != NULL)
        cls->acked(r, key);
}

static void hub_deleted(struct router *r, const struct sync_class *cls, const struct sync_key *key, uint8_t reason)
{
    struct node *n = node_of(r);
    if (n->standby != NULL && n->standby->r != NULL && cls->remove != NULL)
        cls->remove(n->standby->r, key, reason, 0);
}

static void hub_flush(struct router *r)
{
    (void)r;
}

static bool hub_ready(struct router *r)
{
    struct node *n = node_of(r);
    return n->standby != NULL && n->standby->r != NULL;
}

static nstime hub_heard(struct router *r)
{
    return node_of(r)->heard;
}

static const struct sync_hub hub = {hub_dirty, hub_deleted, hub_flush, hub_ready, hub_heard};

struct node *ilab_node(struct lab *l, unsigned i, const char *name, const char *ip)
{
    struct node *n = &l->n[i];
    struct addr a = A(ip);
    n->lab = l;
    snprintf(n->name, sizeof n->name, "%s", name);
    n->rng = rng_new_seeded(42, name, 1);
    storage_open_memory(&n->storage);
    n->host = (struct router_host){.ctx = n, .open_link = open_link, .reload = no_reload};
    struct router_opts o = {.name = n->name,
                            .loop = l->loop,
                            .rng = n->rng,
                            .storage = &n->storage,
                            .host = &n->host,
                            .incarnation = 1,
                            .lab_keys = true};
    n->r = router_new(&o);
    cr_assert_not_null(n->r);
    struct netif *nif = netif_get(n->r, "Ethernet1/1");
    cr_assert_not_null(nif);
    cr_assert_eq(netif_addr_add(nif, &a, 16, false), 0);
    sync_hub_set(n->r, &hub);
    udp_bind(n->r, PORT, on_udp, n);
    udp_bind(n->r, 4500, on_nat, n);
    ipsec_km_set(n->r, &km, n);
    router_start(n->r);
    return n;
}

void ilab_close(struct lab *l)
{
    for (unsigned i = 0; i < 3; i++)
        if (l->n[i].r != NULL) {
            router_free(l->n[i].r);
            rng_free(l->n[i].rng);
            storage_close(&l->n[i].storage);
        }
    if (l->injector != NULL)
        l->injector->ops->close(l->injector);
    memswitch_free(l->sw);
    loop_free(l->loop);
}

static void transform(struct node *n)
{
    struct tset *t = ipsec_tset_find(ipsec_of(n->r), "t2", true);
    t->t = n->lab->t;
    t->have_transform = true;
}

void ilab_spoke_config(struct node *n)
{
    struct ipsec *st = ipsec_of(n->r);
    transform(n);
    struct acl *acl;
    cr_assert_eq(acl_create(n->r, "test_1", true, &acl), 0);
    struct acl_line line = {.rule = {.permit = true,
                                     .src = A(ilab_spoke_ip),
                                     .dst = A(ilab_inside_ip),
                                     .sport_hi = 65535,
                                     .dport_hi = 65535},
                            .icmp_type = ACL_ICMP_ANY,
                            .icmp_code = ACL_ICMP_ANY};
    uint32_t seq;
    cr_assert_eq(acl_line_put(n->r, acl, &line, &seq), 0);
    struct crypto_map *m = ipsec_map_get(&st->maps, "test_1");
    struct map_entry *e = ipsec_entry_find(m, 1, true);
    e->peers[e->n_peers++] = A(ilab_gw_ip);
    snprintf(e->acl, sizeof e->acl, "test_1");
    snprintf(e->tsets[e->n_tsets++], 64, "t2");
    cr_assert_eq(ipsec_binding_set(st, netif_find(n->r, "Ethernet1/1"), "test_1", "", false), 0);
    struct addr zero = addr_v4(0);
    (void)zero;
    struct addr net = A("10.2.1.0");
    struct route rt = {
        .prefix = prefix_make(&net, 24), .source = ROUTE_STATIC, .distance = 1, .next_hop = A(ilab_gw_ip)};
    cr_assert_eq(route_add(n->r, &rt), 0);
}

void ilab_gw_config(struct node *n, const char *group, bool stateful)
{
    struct ipsec *st = ipsec_of(n->r);
    struct addr in = A(ilab_inside_ip);
    transform(n);
    struct crypto_map *d = ipsec_map_get(&st->dynmaps, "dyn1");
    struct map_entry *e = ipsec_entry_find(d, 10, true);
    snprintf(e->tsets[e->n_tsets++], 64, "t2");
    e->rri = true;
    struct crypto_map *m = ipsec_map_get(&st->maps, "ha_dynamic");
    m->has_interval = true;
    m->in_n = 10;
    m->out_m = 1000;
    snprintf(ipsec_entry_find(m, 10, true)->dynamic, 64, "dyn1");
    cr_assert_eq(netif_addr_add(netif_get(n->r, "Loopback0"), &in, 32, false), 0);
    cr_assert_eq(ipsec_binding_set(st, netif_find(n->r, "Ethernet1/1"), "ha_dynamic", group, stateful), 0);
}

void ilab_role(struct node *n, enum role_state s, nstime hold)
{
    struct netif *nif = netif_find(n->r, "Ethernet1/1");
    struct addr vip = A(ilab_gw_ip);
    struct mac vmac = {{0, 0, 0x0c, 7, 0xac, 1}};
    struct role_info ri = {
        .name = "ha-out", .state = s, .netif = nif, .virtual_addr = vip, .hold = hold, .priority = 100};
    if (s == ROLE_ACTIVE) {
        netif_vip_add(nif, &vip, &vmac);
        arp_send_gratuitous(nif, &vip, &vmac);
    } else {
        netif_vip_del(nif, &vip);
    }
    role_publish(n->r, &ri);
}

void ilab_pair(struct lab *l, struct node *spoke, struct node *gw, struct ipsec_pair *a, struct ipsec_pair *b)
{
    struct addr s = A(ilab_spoke_ip), g = A(ilab_gw_ip), i = A(ilab_inside_ip);
    memset(a, 0, sizeof *a);
    memset(b, 0, sizeof *b);
    a->in_spi = ++l->spi;
    a->out_spi = ++l->spi;
    for (unsigned k = 0; k < CRYPTO_KEY_MAX; k++) {
        a->in.cipher[k] = (uint8_t)(k + a->in_spi * 7);
        a->out.cipher[k] = (uint8_t)(k * 3 + a->out_spi * 5);
        a->in.auth[k] = (uint8_t)(k * 5 + a->in_spi);
        a->out.auth[k] = (uint8_t)(k * 7 + a->out_spi);
    }
    a->life_s = l->life_s;
    a->life_kb = l->life_kb;
    a->udp_encap = l->udp;
    a->local_port = a->peer_port = l->udp ? 4500 : 500;
    memset(a->cookies, 0xab, 16);
    a->prop.transforms[0] = l->t;
    a->prop.n_transforms = 1;
    *b = *a;
    b->in_spi = a->out_spi;
    b->out_spi = a->in_spi;
    b->in = a->out;
    b->out = a->in;
    a->initiator = true;
    snprintf(a->prop.map, sizeof a->prop.map, "test_1");
    a->prop.seq = 1;
    snprintf(b->prop.map, sizeof b->prop.map, "ha_dynamic");
    b->prop.seq = 10;
    snprintf(b->prop.dynamic_map, sizeof b->prop.dynamic_map, "dyn1");
    b->prop.dynamic_seq = 10;
    const struct binding *gb = ipsec_binding_find(ipsec_of(gw->r), "Ethernet1/1");
    snprintf(b->prop.group, sizeof b->prop.group, "%s", gb->group);
    b->prop.stateful = gb->stateful;
    snprintf(a->prop.interface, sizeof a->prop.interface, "Ethernet1/1");
    snprintf(b->prop.interface, sizeof b->prop.interface, "Ethernet1/1");
    a->prop.local = b->prop.peer = s;
    a->prop.peer = b->prop.local = g;
    a->prop.ident.local = b->prop.ident.remote = prefix_make(&s, 32);
    a->prop.ident.remote = b->prop.ident.local = prefix_make(l->t.transport ? &g : &i, 32);
    (void)spoke;
}

void ilab_send(struct node *from, const char *src, const char *dst, size_t len, bool df)
{
    struct udp_tx tx = {
        .ip = {.src = A(src), .dst = A(dst), .proto = IPPROTO_UDP_, .df = df}, .sport = PORT, .dport = PORT};
    static uint8_t data[8192];
    for (size_t i = 0; i < len; i++)
        data[i] = (uint8_t)i;
    udp_send(from->r, &tx, data, len);
}

void ilab_inject(struct lab *l, const uint8_t *frame, size_t len)
{
    struct frame *f = frame_alloc(l->loop);
    if (l->injector == NULL)
        l->injector = memswitch_port(l->sw, "injector");
    memcpy(frame_put(f, (uint32_t)len), frame, len);
    struct frame_vec v = {.n = 1, .f = {f}};
    l->injecting = true; /* a replay by an attacker is none of ours */
    l->injector->ops->tx(l->injector, &v);
    l->injecting = false;
}

static void audit_fail(void *ctx, const char *inv, const char *text)
{
    (void)ctx;
    cr_assert(false, "invariant %s: %s", inv, text);
}

void ilab_done(struct lab *l)
{
    for (unsigned i = 0; i < 3; i++)
        if (l->n[i].r != NULL)
            ipsec_module.audit(l->n[i].r, ipsec_of(l->n[i].r), audit_fail, NULL);
    ilab_close(l);
}

void ilab_pair_up(struct lab *l)
{
    ilab_open(l);
    ilab_node(l, 0, "spoke", ilab_spoke_ip);
    ilab_node(l, 1, "gw1", ilab_gw_ip);
    ilab_spoke_config(&l->n[0]);
    ilab_gw_config(&l->n[1], "", false);
    ilab_run(l, 0.1);
}
