/* libFuzzer target: inbound ESP on any bytes, ESP that is correctly sealed around any bytes (so that the trailer, the
 * inner header and the identity check see them), and the sync records of IPsec; with CBC and an HMAC or with GCM,
 * through either engine, one packet or a vector of them. */
#include "modules/ipsec/ipsec_internal.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct bench {
    struct loop *loop;
    struct rng *rng;
    struct storage storage;
    struct router_host host;
    struct router *r;
    struct ipsec *st;
    struct netif *nif;
    struct esp_key *seal[2]; /* CBC with HMAC-SHA-1; GCM */
    uint32_t seq;
} b;

static struct link *no_link(void *ctx, struct router *r, const char *ifname, uint16_t mtu)
{
    (void)ctx;
    (void)r;
    (void)ifname;
    (void)mtu;
    return NULL;
}

static void no_reload(void *ctx, struct router *r, const char *reason)
{
    (void)ctx;
    (void)r;
    (void)reason;
}

static void pair(struct ipsec_pair *p, bool gcm)
{
    memset(p, 0, sizeof *p);
    struct addr local = addr_v4(0x0a010bfe), peer = addr_v4(0x0a010b0b), in = addr_v4(0x0a0201fe);
    p->in_spi = 0x11111111;
    p->out_spi = 0x22222222;
    p->life_s = 3600;
    p->life_kb = 4000000;
    p->prop.local = local;
    p->prop.peer = peer;
    p->prop.seq = 10;
    p->prop.stateful = true;
    snprintf(p->prop.map, sizeof p->prop.map, "m");
    snprintf(p->prop.group, sizeof p->prop.group, "g");
    snprintf(p->prop.dynamic_map, sizeof p->prop.dynamic_map, "d");
    snprintf(p->prop.interface, sizeof p->prop.interface, "Ethernet1/1");
    p->prop.ident.local = prefix_make(&in, 32);
    p->prop.ident.remote = prefix_make(&peer, 32);
    p->prop.transforms[0] = (struct ipsec_transform){
        .cipher = gcm ? CIPHER_AES_GCM : CIPHER_AES_CBC, .key_bits = 128, .auth = gcm ? HASH_NONE : HASH_SHA1};
}

static void open_once(void)
{
    struct addr a = addr_v4(0x0a010b01);
    b.loop = loop_new_sim(0);
    b.rng = rng_new_seeded(1, "fuzz", 1);
    storage_open_memory(&b.storage);
    b.host = (struct router_host){.open_link = no_link, .reload = no_reload};
    struct router_opts o = {
        .name = "fuzz", .loop = b.loop, .rng = b.rng, .storage = &b.storage, .host = &b.host, .incarnation = 1};
    b.r = router_new(&o);
    b.st = ipsec_of(b.r);
    b.nif = netif_get(b.r, "Ethernet1/1");
    netif_addr_add(b.nif, &a, 16, false);
    snprintf(ipsec_entry_find(ipsec_map_get(&b.st->maps, "m"), 10, true)->dynamic, 64, "d");
    ipsec_entry_find(ipsec_map_get(&b.st->dynmaps, "d"), 10, true);
    ipsec_binding_set(b.st, b.nif, "m", "g", true);
    router_start(b.r);
    struct ipsec_pair p;
    struct esp_suite s;
    pair(&p, false);
    esp_suite_make(&s, CIPHER_AES_CBC, 128, HASH_SHA1);
    b.seal[0] = esp_key_new(&s, p.in.cipher, p.in.auth, true);
    esp_suite_make(&s, CIPHER_AES_GCM, 128, HASH_NONE);
    b.seal[1] = esp_key_new(&s, p.in.cipher, p.in.auth, true);
}

static void fresh_sa(bool transport, bool gcm)
{
    struct ipsec_pair p;
    struct sa *s = ipsec_sa_by_spi(b.st, 0x11111111);
    pair(&p, gcm);
    if (s != NULL && (s->p.prop.transforms[0].transport != transport || (s->suite.cipher == CIPHER_AES_GCM) != gcm)) {
        ipsec_sa_delete(s, "fuzz", false, false, 0);
        s = NULL;
    }
    if (s == NULL) {
        p.prop.transforms[0].transport = transport;
        if (ipsec_pair_install(b.r, &p, 0) != 0)
            abort();
        s = ipsec_sa_by_spi(b.st, 0x11111111);
    }
    s->enabled = true;
    s->active = true;
}

static struct frame *received(const uint8_t *esp, size_t len)
{
    struct frame *f = frame_alloc(b.loop);
    uint8_t *d = frame_put(f, (uint32_t)(20 + len));
    if (d == NULL) {
        frame_free(f);
        return NULL;
    }
    static const uint8_t ip[20] = {0x45, 0, 0, 0, 0, 0, 0, 0, 64, 50, 0, 0, 10, 1, 11, 11, 10, 1, 11, 254};
    memcpy(d, ip, 20);
    d[2] = (uint8_t)((20 + len) >> 8);
    d[3] = (uint8_t)(20 + len);
    memcpy(d + 20, esp, len);
    f->in = b.nif;
    return f;
}

static void input(const uint8_t *esp, size_t len)
{
    struct frame *f = received(esp, len);
    struct frame_vec v = {.n = 1, .f = {f}};
    if (f != NULL)
        ipsec_esp_input_vec(b.st, &v);
}

static struct frame *sealed(const uint8_t *data, size_t size, bool gcm)
{
    uint8_t pkt[2048] = {0x11, 0x11, 0x11, 0x11};
    size_t block = gcm ? 4 : 16, head = gcm ? 16 : 24, n = size / block * block;
    if (n == 0 || n > 1600)
        return NULL;
    b.seq++;
    pkt[4] = (uint8_t)(b.seq >> 24), pkt[5] = (uint8_t)(b.seq >> 16), pkt[6] = (uint8_t)(b.seq >> 8),
    pkt[7] = (uint8_t)b.seq;
    memcpy(pkt + head, data, n);
    struct esp_job j = {.key = b.seal[gcm], .data = pkt, .len = (uint32_t)(head + n)};
    esp_seal(b.st->esp, &j, 1);
    return received(pkt, head + n + (gcm ? 16 : 12));
}

/* The bytes as they are, then every fourth prefix of them: packets of many lengths in one vector. */
static void vector(const uint8_t *data, size_t size, bool gcm)
{
    struct frame_vec v = {.n = 0};
    for (size_t n = size; n != 0 && v.n<24; n = n> 4 ? n - 4 : 0) {
        struct frame *f = sealed(data, n, gcm);
        if (f != NULL)
            v.f[v.n++] = f;
    }
    ipsec_esp_input_vec(b.st, &v);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (b.r == NULL)
        open_once();
    if (size < 2 || size > 1900)
        return 0;
    uint8_t how = data[0];
    data++;
    size--;
    bool gcm = (how & 16) != 0;
    fresh_sa((how & 8) != 0, gcm);
    if (esp_worker_choose(b.st->esp, (how & 32) != 0 ? ESP_ENGINE_IPSEC_MB : ESP_ENGINE_OPENSSL) != 0)
        esp_worker_choose(b.st->esp, ESP_ENGINE_AUTO);
    if ((how & 3) == 0) {
        input(data, size);
    } else if ((how & 3) == 1 && (how & 64) != 0) {
        vector(data, size, gcm);
    } else if ((how & 3) == 1) {
        struct frame *f = sealed(data, size, gcm);
        struct frame_vec v = {.n = 1, .f = {f}};
        if (f != NULL)
            ipsec_esp_input_vec(b.st, &v);
    } else {
        struct cursor c = cursor_make(data, size);
        struct sync_key key = ipsec_ha_key((how & 4) != 0 ? 0x11111111 : 0x33333333);
        struct sa *s = ipsec_sa_by_spi(b.st, 0x11111111);
        s->active = false;
        ((how & 3) == 2 ? &ipsec_sync_sa : &ipsec_sync_replay)->apply(b.r, &key, &c, 0);
        if ((s = ipsec_sa_by_spi(b.st, 0x33333333)) != NULL)
            ipsec_sa_delete(s, "fuzz", false, false, 0);
    }
    loop_run(b.loop, loop_now(b.loop) + 1000);
    return 0;
}
