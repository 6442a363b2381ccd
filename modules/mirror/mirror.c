/* The control-plane mirror (see mirror.h): which packets go to the namespace's stack, and which of its packets may
 * leave with the router's addresses. */
#include "modules/mirror/mirror.h"
#include "modules/core/cursor.h"
#include "modules/core/router.h"
#include "modules/net/stack.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { PROTO_TCP = 6, ICMP_HEAD = 8 };

struct mirror {
    struct router *r;
    struct mirror_host host; /* send NULL: nobody is there */
    struct task changed;
};
extern const struct module mirror_module;

static void on_changed(void *arg)
{
    struct mirror *m = arg;
    if (m->host.changed)
        m->host.changed(m->host.ctx);
}

static int mirror_init(struct router *r, void **state)
{
    struct mirror *m = calloc(1, sizeof *m);
    if (!m)
        return ENOMEM;
    m->r = r;
    m->changed = (struct task){.run = on_changed, .arg = m};
    *state = m;
    return 0;
}

static void on_addresses(void *arg)
{
    struct mirror *m = arg;
    loop_defer(m->r->loop, &m->changed);
}

static void mirror_fini(struct router *r, void *state)
{
    struct mirror *m = state;
    net_on_addresses(r, NULL, NULL);
    loop_cancel(r->loop, &m->changed);
    free(m);
}

const struct module mirror_module = {.name = "mirror", .init = mirror_init, .fini = mirror_fini};

/* ---- to the namespace ---- */

/* f->data is behind the IP header, which is still in front of it. Consumes. */
static void to_host(void *arg, const struct ip_rx *rx, struct frame *f)
{
    struct mirror *m = arg;
    if (f->flags & FRAME_BROADCAST) {
        ip_drop(m->r, "mirror-broadcast", f);
        return;
    }
    f->data -= rx->header_len;
    f->len += rx->header_len;
    m->host.send(m->host.ctx, f);
}

/* Replies and errors: programs of the namespace (ping, path MTU of its TCP) wait for them as our own commands do. */
static void on_icmp(void *arg, const struct ip_rx *rx, uint8_t type, uint8_t code, uint32_t rest, const uint8_t *body,
                    size_t len)
{
    struct mirror *m = arg;
    bool error = type == 3 || type == 11 || type == 12;
    uint32_t src = addr_v4_get(&rx->src), dst = addr_v4_get(&rx->dst);
    if ((!error && type != 0 && type != 14) || (error && len < IP_HLEN) ||
        len > FRAME_SLOT - FRAME_HEADROOM - IP_HLEN - ICMP_HEAD)
        return;
    if (error && be32(body + 12) != dst)
        return;
    /* Our own word about our own packet comes from where that packet went: no stack takes one from itself. */
    if (error && net_is_local(m->r, &rx->src))
        src = be32(body + 16);
    struct frame *f = frame_alloc(m->r->loop);
    size_t total = IP_HLEN + ICMP_HEAD + len;
    uint8_t *p = f ? frame_put(f, (uint32_t)total) : NULL;
    if (!p) {
        frame_free(f);
        return;
    }
    struct builder b = builder_make(p, total);
    builder_u16(&b, 0x4500);
    builder_u16(&b, (uint16_t)total);
    builder_u32(&b, 0);
    builder_u8(&b, 64);
    builder_u8(&b, IPPROTO_ICMP_);
    builder_u16(&b, 0);
    builder_u32(&b, src);
    builder_u32(&b, dst);
    builder_patch_u16(&b, 10, ip_checksum(p, IP_HLEN));
    builder_u8(&b, type);
    builder_u8(&b, code);
    builder_u16(&b, 0);
    builder_u32(&b, rest);
    builder_bytes(&b, body, len);
    builder_patch_u16(&b, IP_HLEN + 2, ip_checksum(p + IP_HLEN, ICMP_HEAD + len));
    m->host.send(m->host.ctx, f);
}

void mirror_attach(struct router *r, const struct mirror_host *host)
{
    struct mirror *m = module_state(r, &mirror_module);
    if (!m || m->host.send)
        return;
    m->host = *host;
    ip_proto_register(r, PROTO_TCP, to_host, m);
    udp_other(r, to_host, m);
    icmp_listen(r, on_icmp, m);
    net_on_addresses(r, on_addresses, m);
    loop_defer(r->loop, &m->changed);
}

/* ---- from the namespace ---- */

void mirror_input(struct router *r, const uint8_t *packet, size_t len)
{
    struct cursor c = cursor_make(packet, len);
    const uint8_t *h = cursor_take(&c, IP_HLEN);
    if (!h || h[0] >> 4 != 4 || (h[0] & 15) < 5 || be16(h + 2) > len || be16(h + 2) < (h[0] & 15) * 4u)
        return; /* IPv6, or half a packet: nothing of ours */
    len = be16(h + 2);
    struct addr src = addr_v4(be32(h + 12));
    const char *why = r->dying                   ? "power-off"
                      : !net_is_local(r, &src)   ? "mirror-source" /* a virtual address that is active elsewhere now */
                      : be32(h + 16) >> 28 >= 14 ? "mirror-multicast"
                                                 : NULL;
    struct frame *f = len <= FRAME_SLOT - FRAME_HEADROOM ? frame_alloc(r->loop) : frame_alloc_big(r->loop);
    uint8_t *p = f ? frame_put(f, (uint32_t)len) : NULL;
    if (!p) {
        frame_free(f);
        return;
    }
    memcpy(p, packet, len);
    if (why) {
        ip_drop(r, why, f);
        return;
    }
    f->flags |= FRAME_LOCAL_OUT;
    net_of(r)->stats.sent++;
    ip_output(r, f);
}

/* ---- addresses ---- */

unsigned mirror_addresses(struct router *r, struct mirror_addr *list, unsigned max)
{
    unsigned n = 0;
    for (struct netif *nif = netif_next(r, NULL); nif; nif = netif_next(r, nif)) {
        const struct nif *full = nif_of(nif);
        if (!nif->admin_up || nif->vrf[0])
            continue;
        for (unsigned i = 0; i < nif->n_addrs && n < max; i++)
            list[n++] = (struct mirror_addr){
                .ip = addr_v4_get(&nif->addrs[i].addr), .len = nif->addrs[i].len, .primary = !nif->addrs[i].secondary};
        for (unsigned i = 0; i < full->n_vips && n < max; i++)
            list[n++] = (struct mirror_addr){.ip = full->vips[i].ip, .len = 32, .virtual = true};
    }
    return n;
}

uint32_t mirror_source(struct router *r)
{
    struct route_hit hit;
    struct addr anywhere = addr_v4(0), a = {0};
    if (route_lookup(r, &anywhere, &hit) && hit.netif)
        a = netif_primary(hit.netif);
    for (int loopbacks = 0; loopbacks < 2; loopbacks++)
        for (struct netif *n = netif_next(r, NULL); n && addr_is_none(&a); n = netif_next(r, n))
            if (n->admin_up && n->is_virtual == loopbacks)
                a = netif_primary(n);
    return addr_v4_get(&a);
}
