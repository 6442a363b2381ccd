/* The IPsec module: state, life cycle, interface events, invariants, and what must be equal on both gateways.
 * The module list calls it; everything else is in the other files of this folder. */
#include "modules/ipsec/ipsec_internal.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct ipsec *ipsec_of(struct router *r)
{
    return module_state(r, &ipsec_module);
}

static const struct ip_crypto_ops crypto_ops = {.output = ipsec_esp_output,
                                                .uses_list = ipsec_uses_list,
                                                .input_check = ipsec_esp_input_check,
                                                .probe_out = ipsec_fast_probe_out,
                                                .probe_in = ipsec_fast_probe_in,
                                                .probe_spi = ipsec_fast_probe_spi,
                                                .probe_inner = ipsec_fast_probe_inner,
                                                .serial = ipsec_fast_serial,
                                                .seal = ipsec_fast_seal,
                                                .open = ipsec_fast_open,
                                                .check_clear = ipsec_fast_check_clear};

static void ha_changed(void *arg, enum ha_state now, enum ha_state before, event_id cause)
{
    (void)now;
    (void)before;
    ipsec_bindings_refresh(arg, cause);
}

static int ipsec_init(struct router *r, void **state)
{
    struct ipsec *st = calloc(1, sizeof *st);
    if (st == NULL)
        return ENOMEM;
    st->esp = esp_worker_new();
    if (st->esp == NULL) {
        free(st);
        return ENOMEM;
    }
    *state = st;
    st->r = r;
    st->forget = (struct task){.run = ipsec_fast_forget, .arg = st};
    st->life_s = IPSEC_LIFE_S;
    st->life_kb = IPSEC_LIFE_KB;
    st->window = 64;
    st->ip_id = (uint16_t)rng_u32(r, RNG_ESP_IV);
    ip_crypto_set(r, &crypto_ops, st);
    int rc = ip_proto_register_vec(r, IPPROTO_ESP_, ipsec_esp_input_vec, st);
    if (rc != 0)
        return -rc;
    ha_subscribe(r, ha_changed, st);
    return 0;
}

static void ipsec_fini(struct router *r, void *state)
{
    struct ipsec *st = state;
    (void)r;
    ipsec_acquires_drop(st, NULL);
    ipsec_sadb_free(st);
    ipsec_bindings_free(st);
    ipsec_maps_free(st);
    if (st->lab_keys.s != NULL)
        crypto_wipe(st->lab_keys.s, st->lab_keys.cap);
    strbuf_free(&st->lab_keys);
    crypto_wipe(st->iv_pool, sizeof st->iv_pool);
    loop_cancel(r->loop, &st->forget);
    esp_worker_free(st->esp);
    free(st);
}

/* A reload with notice: no number is used from here on, and the exact ones go to the other unit (DESIGN 4.1). */
static void ipsec_shutdown(struct router *r, void *state)
{
    struct ipsec *st = state;
    (void)r;
    ipsec_ha_freeze(st, NULL);
}

static void ipsec_netif_event(struct router *r, void *state, struct netif *nif, enum netif_event ev)
{
    struct ipsec *st = state;
    (void)r;
    if (ev == NETIF_DELETED)
        ipsec_binding_clear(st, nif);
    else if (ev == NETIF_ADDRESS || ev == NETIF_UP)
        ipsec_bindings_refresh(st, 0);
}

static void lab_keys(struct router *r, void *state, struct out *out)
{
    struct ipsec *st = state;
    if (r->lab_keys && st->lab_keys.s != NULL)
        out_write(out, st->lab_keys.s, st->lab_keys.len);
}

static void entry_text(const struct map_entry *e, struct strbuf *b)
{
    strbuf_add(b, "dynamic=%s acl=%s pfs=%u life=%u/%u", e->dynamic, e->acl, e->pfs, e->life_s, e->life_kb);
    for (unsigned i = 0; i < e->n_peers; i++) {
        char a[ADDR_STRLEN];
        strbuf_add(b, " peer=%s", addr_format(&e->peers[i], a));
    }
    for (unsigned i = 0; i < e->n_tsets; i++)
        strbuf_add(b, " set=%s", e->tsets[i]);
}

static void config_lines(struct router *r, void *state,
                         void (*emit)(void *ctx, const char *kind, const char *name, const char *text), void *ctx)
{
    struct ipsec *st = state;
    char name[160], text[128];
    (void)r;
    for (struct tset *t = st->tsets; t != NULL; t = t->next) {
        ipsec_transform_text(&t->t, text);
        snprintf(name, sizeof name, "%s%s", text, t->t.transport ? "transport" : "tunnel");
        emit(ctx, "transform-set", t->t.name, name);
    }
    for (unsigned i = 0; i < 2; i++)
        for (struct crypto_map *m = i == 0 ? st->maps : st->dynmaps; m != NULL; m = m->next)
            for (struct map_entry *e = m->entries; e != NULL; e = e->next) {
                struct strbuf b = {0};
                entry_text(e, &b);
                snprintf(name, sizeof name, "%s %u", m->name, e->seq);
                emit(ctx, i == 0 ? "crypto map" : "crypto dynamic-map", name, b.s);
                strbuf_free(&b);
            }
    for (struct binding *b = st->bindings; b != NULL; b = b->next)
        if (b->stateful) {
            addr_format(&role_get(st->r, b->group)->virtual_addr, text);
            emit(ctx, "stateful group", b->group, text);
        }
}

static void audit(struct router *r, void *state, void (*fail)(void *ctx, const char *invariant, const char *text),
                  void *ctx)
{
    struct ipsec *st = state;
    char text[96];
    (void)r;
    if (st->totals.i2_reuse != 0) {
        snprintf(text, sizeof text, "%llu outbound sequence numbers outside the reservation",
                 (unsigned long long)st->totals.i2_reuse);
        fail(ctx, "I2", text);
    }
    if (st->totals.i3_clear != 0) {
        snprintf(text, sizeof text, "%llu protected packets left in clear", (unsigned long long)st->totals.i3_clear);
        fail(ctx, "I3", text);
    }
    if (st->totals.i4_twice != 0) {
        snprintf(text, sizeof text, "%llu packets accepted twice", (unsigned long long)st->totals.i4_twice);
        fail(ctx, "I4", text);
    }
    if (st->n_sas > IPSEC_SAS_MAX || st->n_flows > IPSEC_FLOWS_MAX || st->n_acquires > IPSEC_ACQUIRES_MAX)
        fail(ctx, "I8", "an IPsec table is above its cap");
}

void ipsec_km_set(struct router *r, const struct ipsec_km_ops *ops, void *ctx)
{
    struct ipsec *st = ipsec_of(r);
    st->km = ops;
    st->km_ctx = ctx;
}

void ipsec_flow_foreach(struct router *r, void (*fn)(void *ctx, const struct ipsec_flow_view *v), void *ctx)
{
    struct ipsec *st = ipsec_of(r);
    for (struct flow *f = st->flows; f != NULL; f = f->next) {
        struct ipsec_flow_view v = {.local = f->b->local,
                                    .peer = f->peer,
                                    .ident = f->ident,
                                    .dynamic = f->dynamic,
                                    .stateful = f->b->stateful,
                                    .in_packets = f->n.decaps,
                                    .in_drops = f->n.recv_err,
                                    .out_packets = f->n.encaps,
                                    .out_drops = f->n.send_err,
                                    .up_since = f->up_since};
        snprintf(v.map, sizeof v.map, "%s", f->b->map);
        snprintf(v.interface, sizeof v.interface, "%s", f->b->ifname);
        const struct sa *newest = NULL;
        for (struct sa *s = f->pairs; s != NULL; s = s->flow_next) {
            *(s->active ? &v.active_sas : &v.standby_sas) += 2; /* IOS counts both directions */
            newest = s;
        }
        if (newest != NULL) {
            v.in_kb_left = ipsec_sa_left_kb(newest, true);
            v.out_kb_left = ipsec_sa_left_kb(newest, false);
            v.in_s_left = v.out_s_left = ipsec_sa_left_s(newest);
        }
        fn(ctx, &v);
    }
}

static const struct debug_flag debug_flags[] = {
    [DBG_IPSEC] = {"Cryptographic Subsystem", "Crypto IPSEC debugging is on"},
    [DBG_ERROR] = {"Cryptographic Subsystem", "Crypto IPSEC Error debugging is on"},
    [DBG_HA] = {"Cryptographic Subsystem", "Crypto IPSEC High Availability debugging is on"},
    [DBG_HA_DETAIL] = {"Cryptographic Subsystem", "Crypto IPSEC High Availability detailed debugging is on"},
    [DBG_HA_UPDATE] = {"Cryptographic Subsystem", "Crypto IPSEC High Availability updates debugging is on"},
    [DBG_ENGINE] = {"Cryptographic Subsystem", "Crypto Engine debugging is on"},
    [DBG_HA_MGR] = {"Cryptographic Subsystem", NULL}, /* the other half of debug crypto ha, which IKE shows */
};
static const struct sync_class *const classes[] = {&ipsec_sync_sa, &ipsec_sync_replay};

const struct module ipsec_module = {.name = "ipsec",
                                    .process = "IPSEC key engine",
                                    .init = ipsec_init,
                                    .fini = ipsec_fini,
                                    .shutdown = ipsec_shutdown,
                                    .netif_event = ipsec_netif_event,
                                    .debug = debug_flags,
                                    .n_debug = sizeof debug_flags / sizeof *debug_flags,
                                    .sync = classes,
                                    .n_sync = 2,
                                    .config_lines = config_lines,
                                    .audit = audit,
                                    .lab_keys = lab_keys};
