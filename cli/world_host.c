/* The built-in host of the simulated world: what a Linux node is in `tapir sim`. Addresses and routes, ARP both ways
 * (gratuitous too), echo requests answered and sent. No fragments, no other protocol. Called by world.c. */
#include "cli/world_int.h"
#include "modules/core/cursor.h"
#include "modules/net/ip.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HOST_IFS 4
#define HOST_ROUTES 16
#define HOST_ARP 32
#define HOST_WAITING 16
#define ARP_FRESH (60 * NS_PER_S)  /* then asked again while the old answer is still used */
#define PING_LINGER (2 * NS_PER_S) /* how long the last answer is waited for */

struct hif {
    struct memhost *host;
    char name[40];
    struct link *link;
    struct mac mac;
    uint32_t addr[4];
    uint8_t len[4];
    unsigned n_addr;
};
struct harp {
    uint32_t ip;
    struct mac mac;
    struct hif *hif;
    bool known;
    nstime asked, heard;
    struct frame *waiting; /* IPv4 packets, Ethernet header in front, newest last */
    unsigned n_waiting;
};
struct hroute {
    struct prefix prefix;
    uint32_t via;
};
struct memping {
    struct memhost *host;
    struct timer timer;
    uint32_t dst, src;
    nstime interval;
    unsigned size, count, seq, replied;
    uint16_t id;
    bool over;
    void (*event)(void *arg, bool reply, unsigned seq, nstime at);
    void (*done)(void *arg);
    void *arg;
    uint64_t seen[1024]; /* bit per sequence number modulo 65536: answers are told once */
    struct memping *next;
};
struct memhost {
    struct loop *loop;
    char name[64];
    struct hif ifs[HOST_IFS];
    unsigned n_ifs;
    struct hroute routes[HOST_ROUTES];
    unsigned n_routes;
    struct harp arp[HOST_ARP];
    unsigned n_arp, arp_next;
    struct memping *pings;
    uint16_t next_id;
};

static const uint8_t broadcast[6] = {255, 255, 255, 255, 255, 255};

static void host_tx(struct hif *i, struct frame *f)
{
    struct frame_vec v = {.n = 1, .f = {f}};
    if (i->link)
        i->link->ops->tx(i->link, &v);
    frame_free_vec(&v);
}

static void arp_send(struct hif *i, uint16_t op, const uint8_t *to, const uint8_t *target_mac, uint32_t source,
                     uint32_t target)
{
    struct frame *f = frame_alloc(i->host->loop);
    if (!f)
        return;
    struct builder b = builder_make(frame_put(f, 60), 60);
    builder_bytes(&b, to, 6);
    builder_bytes(&b, i->mac.b, 6);
    builder_u16(&b, 0x0806);
    builder_u16(&b, 1);
    builder_u16(&b, 0x0800);
    builder_u8(&b, 6);
    builder_u8(&b, 4);
    builder_u16(&b, op);
    builder_bytes(&b, i->mac.b, 6);
    builder_u32(&b, source);
    builder_bytes(&b, target_mac, 6);
    builder_u32(&b, target);
    builder_zero(&b, 18);
    host_tx(i, f);
}

static bool if_on_subnet(const struct hif *i, uint32_t ip, uint32_t *source)
{
    for (unsigned k = 0; k < i->n_addr; k++)
        if (((i->addr[k] ^ ip) & mask_from_len(i->len[k])) == 0) {
            *source = i->addr[k];
            return true;
        }
    return false;
}

static bool if_owns(const struct hif *i, uint32_t ip)
{
    for (unsigned k = 0; k < i->n_addr; k++)
        if (i->addr[k] == ip)
            return true;
    return false;
}

/* The next hop's interface and address; the longest route wins. */
static struct hif *host_route(struct memhost *h, uint32_t dst, uint32_t *hop, uint32_t *source)
{
    for (unsigned k = 0; k < h->n_ifs; k++)
        if (if_on_subnet(&h->ifs[k], dst, source)) {
            *hop = dst;
            return &h->ifs[k];
        }
    struct addr a = addr_v4(dst);
    const struct hroute *best = NULL;
    for (unsigned k = 0; k < h->n_routes; k++)
        if (prefix_contains(&h->routes[k].prefix, &a) && (!best || h->routes[k].prefix.len > best->prefix.len))
            best = &h->routes[k];
    if (!best)
        return NULL;
    *hop = best->via;
    for (unsigned k = 0; k < h->n_ifs; k++)
        if (if_on_subnet(&h->ifs[k], best->via, source))
            return &h->ifs[k];
    return NULL;
}

static struct harp *arp_find(struct memhost *h, uint32_t ip)
{
    for (unsigned k = 0; k < h->n_arp; k++)
        if (h->arp[k].ip == ip)
            return &h->arp[k];
    return NULL;
}

static void arp_drop_waiting(struct harp *e)
{
    while (e->waiting) {
        struct frame *f = e->waiting;
        e->waiting = f->next;
        f->next = NULL;
        frame_free(f);
    }
    e->n_waiting = 0;
}

static struct harp *arp_make(struct memhost *h, uint32_t ip, struct hif *i)
{
    struct harp *e = arp_find(h, ip);
    if (e)
        return e;
    if (h->n_arp < HOST_ARP) {
        e = &h->arp[h->n_arp++];
    } else {
        e = &h->arp[h->arp_next++ % HOST_ARP];
        arp_drop_waiting(e);
    }
    *e = (struct harp){.ip = ip, .hif = i};
    return e;
}

/* f: a whole Ethernet frame but for the destination address. Consumes. */
static void host_send(struct memhost *h, struct hif *i, uint32_t hop, uint32_t source, struct frame *f)
{
    struct harp *e = arp_make(h, hop, i);
    nstime now = loop_now(h->loop);
    if ((!e->known || now - e->heard > ARP_FRESH) && (e->asked == 0 || now - e->asked >= NS_PER_S)) {
        static const uint8_t nobody[6];
        e->asked = now;
        arp_send(i, 1, broadcast, nobody, source, hop);
    }
    if (e->known) {
        memcpy(f->data, e->mac.b, 6);
        host_tx(i, f);
        return;
    }
    if (e->n_waiting >= HOST_WAITING) {
        frame_free(f);
        return;
    }
    struct frame **end = &e->waiting;
    while (*end)
        end = &(*end)->next;
    f->next = NULL;
    *end = f;
    e->n_waiting++;
}

static void arp_learn(struct memhost *h, struct hif *i, uint32_t ip, const uint8_t *mac, bool create)
{
    struct harp *e = create ? arp_make(h, ip, i) : arp_find(h, ip);
    if (!e || ip == 0)
        return;
    memcpy(e->mac.b, mac, 6);
    e->known = true;
    e->hif = i;
    e->heard = loop_now(h->loop);
    while (e->waiting) {
        struct frame *f = e->waiting;
        e->waiting = f->next;
        f->next = NULL;
        memcpy(f->data, mac, 6);
        host_tx(i, f);
    }
    e->n_waiting = 0;
}

static void arp_input(struct hif *i, struct cursor *c)
{
    cursor_skip(c, 6);
    uint16_t op = cursor_u16(c);
    uint8_t sha[6];
    cursor_bytes(c, sha, 6);
    uint32_t spa = cursor_u32(c);
    cursor_skip(c, 6);
    uint32_t tpa = cursor_u32(c);
    if (!cursor_ok(c))
        return;
    bool for_us = if_owns(i, tpa);
    arp_learn(i->host, i, spa, sha, for_us);
    if (op == 1 && for_us)
        arp_send(i, 2, sha, sha, tpa, spa);
}

/* An IPv4 packet with payload of len bytes, headers filled in; NULL: too long. */
static struct frame *packet_new(struct hif *i, uint32_t src, uint32_t dst, size_t len)
{
    struct frame *f = len <= 1480 ? frame_alloc(i->host->loop) : NULL;
    if (!f)
        return NULL;
    struct builder b = builder_make(frame_put(f, (uint32_t)(34 + len)), 34 + len);
    builder_zero(&b, 6);
    builder_bytes(&b, i->mac.b, 6);
    builder_u16(&b, 0x0800);
    builder_u16(&b, 0x4500);
    builder_u16(&b, (uint16_t)(20 + len));
    builder_u32(&b, 0);
    builder_u16(&b, 0x4001); /* TTL 64, ICMP */
    builder_u16(&b, 0);
    builder_u32(&b, src);
    builder_u32(&b, dst);
    builder_patch_u16(&b, 24, ip_checksum(f->data + 14, 20));
    return f;
}

static void echo_input(struct hif *i, uint32_t src, uint32_t dst, const uint8_t *p, size_t len)
{
    struct memhost *h = i->host;
    struct cursor c = cursor_make(p, len);
    uint8_t type = cursor_u8(&c);
    cursor_skip(&c, 3);
    uint16_t id = cursor_u16(&c), seq = cursor_u16(&c);
    if (!cursor_ok(&c) || ip_checksum(p, len) != 0)
        return;
    if (type == 8) {
        uint32_t hop, source;
        struct hif *out = host_route(h, src, &hop, &source);
        struct frame *f = out ? packet_new(out, dst, src, len) : NULL;
        if (!f)
            return;
        memcpy(f->data + 34, p, len);
        struct builder b = builder_make(f->data + 34, len);
        builder_u16(&b, 0);
        builder_u16(&b, 0);
        builder_patch_u16(&b, 2, ip_checksum(f->data + 34, len));
        host_send(h, out, hop, source, f);
        return;
    }
    for (struct memping *m = h->pings; type == 0 && m; m = m->next)
        if (m->id == id && !(m->seen[(seq / 64) & 1023] & (UINT64_C(1) << (seq % 64)))) {
            m->seen[(seq / 64) & 1023] |= UINT64_C(1) << (seq % 64);
            m->replied++;
            unsigned full = (m->seq & ~0xffffu) | seq;
            m->event(m->arg, true, full > m->seq ? full - 0x10000u : full, loop_now(h->loop));
            break;
        }
}

static void host_input(struct hif *i, const struct frame *f)
{
    struct cursor c = cursor_make(f->data, f->len);
    const uint8_t *dst = cursor_take(&c, 6);
    cursor_skip(&c, 6);
    uint16_t type = cursor_u16(&c);
    if (!cursor_ok(&c) || (memcmp(dst, i->mac.b, 6) != 0 && !(dst[0] & 1)))
        return;
    if (type == 0x0806) {
        arp_input(i, &c);
        return;
    }
    const uint8_t *ip = c.p;
    size_t left = cursor_left(&c);
    if (type != 0x0800 || left < 20 || (ip[0] >> 4) != 4)
        return;
    size_t hl = (size_t)(ip[0] & 15) * 4, total = (size_t)ip[2] << 8 | ip[3];
    cursor_skip(&c, 12);
    uint32_t s = cursor_u32(&c), d = cursor_u32(&c);
    bool fragment = ((ip[6] & 0x3f) | ip[7]) != 0;
    if (hl < 20 || total < hl || total > left || fragment || ip_checksum(ip, hl) != 0)
        return;
    for (unsigned k = 0; ip[9] == 1 && k < i->host->n_ifs; k++)
        if (if_owns(&i->host->ifs[k], d)) {
            echo_input(i, s, d, ip + hl, total - hl);
            return;
        }
}

static void host_rx(void *arg, struct frame_vec *v)
{
    for (unsigned k = 0; k < v->n; k++)
        host_input(arg, v->f[k]);
    frame_free_vec(v);
}

static void host_state(void *arg, bool up)
{
    (void)arg;
    (void)up;
}

struct memhost *memhost_new(struct loop *loop, const char *name)
{
    struct memhost *h = calloc(1, sizeof *h);
    if (!h)
        return NULL;
    h->loop = loop;
    snprintf(h->name, sizeof h->name, "%s", name);
    return h;
}

void memhost_free(struct memhost *h)
{
    if (!h)
        return;
    while (h->pings)
        memhost_ping_stop(h->pings);
    for (unsigned k = 0; k < h->n_arp; k++)
        arp_drop_waiting(&h->arp[k]);
    for (unsigned k = 0; k < h->n_ifs; k++)
        if (h->ifs[k].link)
            h->ifs[k].link->ops->close(h->ifs[k].link);
    free(h);
}

int memhost_attach(struct memhost *h, const char *device, struct link *link)
{
    if (!link || h->n_ifs == HOST_IFS)
        return -ENOSPC;
    struct hif *i = &h->ifs[h->n_ifs++];
    uint32_t hash = 2166136261u;
    i->host = h;
    snprintf(i->name, sizeof i->name, "%s", device);
    for (const char *p = h->name; *p; p++)
        hash = (hash ^ (uint8_t)*p) * 16777619u;
    i->mac = (struct mac){
        {0x02, 0x48, (uint8_t)(hash >> 24), (uint8_t)(hash >> 16), (uint8_t)(hash >> 8), (uint8_t)(hash + h->n_ifs)}};
    i->link = link;
    link->rx = host_rx;
    link->state = host_state;
    link->arg = i;
    if (link->ops->set_carrier)
        link->ops->set_carrier(link, true);
    return 0;
}

int memhost_addr(struct memhost *h, const char *device, const char *addr_len)
{
    char text[64];
    struct addr a;
    char *slash;
    snprintf(text, sizeof text, "%s", addr_len);
    slash = strchr(text, '/');
    unsigned long len = slash ? strtoul(slash + 1, NULL, 10) : 32;
    if (slash)
        *slash = 0;
    if (!addr_parse(text, &a) || len > 32)
        return -EINVAL;
    for (unsigned k = 0; k < h->n_ifs; k++) {
        struct hif *i = &h->ifs[k];
        if ((device && strcmp(device, i->name) != 0) || i->n_addr == 4)
            continue;
        i->len[i->n_addr] = (uint8_t)len;
        i->addr[i->n_addr++] = addr_v4_get(&a);
        return 0;
    }
    return -EINVAL;
}

int memhost_route(struct memhost *h, const char *prefix, const char *via)
{
    char text[64];
    struct addr a = addr_v4(0), hop;
    unsigned long len = 0;
    if (strcmp(prefix, "default") != 0) {
        snprintf(text, sizeof text, "%s", prefix);
        char *slash = strchr(text, '/');
        len = slash ? strtoul(slash + 1, NULL, 10) : 32;
        if (slash)
            *slash = 0;
        if (!addr_parse(text, &a) || len > 32)
            return -EINVAL;
    }
    if (!addr_parse(via, &hop) || h->n_routes == HOST_ROUTES)
        return -EINVAL;
    h->routes[h->n_routes++] = (struct hroute){.prefix = prefix_make(&a, (unsigned)len), .via = addr_v4_get(&hop)};
    return 0;
}

/* ---- sending pings ---- */

static void ping_send(struct memping *m)
{
    struct memhost *h = m->host;
    uint32_t hop, source;
    struct hif *i = host_route(h, m->dst, &hop, &source);
    unsigned seq = m->seq++;
    m->seen[((seq & 0xffff) / 64)] &= ~(UINT64_C(1) << (seq % 64));
    m->event(m->arg, false, seq, loop_now(h->loop));
    struct frame *f = i ? packet_new(i, m->src ? m->src : source, m->dst, m->size + 8) : NULL;
    if (!f)
        return;
    struct builder b = builder_make(f->data + 34, m->size + 8);
    builder_u32(&b, 0x08000000);
    builder_u16(&b, m->id);
    builder_u16(&b, (uint16_t)seq);
    for (unsigned k = 0; k < m->size; k++)
        builder_u8(&b, (uint8_t)k);
    builder_patch_u16(&b, 2, ip_checksum(f->data + 34, m->size + 8));
    host_send(h, i, hop, source, f);
}

static void ping_fire(void *arg)
{
    struct memping *m = arg;
    if (m->count && m->seq >= m->count) {
        m->over = true;
        if (m->done)
            m->done(m->arg);
        return;
    }
    ping_send(m);
    timer_start(&m->timer, m->count && m->seq >= m->count ? PING_LINGER : m->interval);
}

struct memping *memhost_ping(struct memhost *h, const struct addr *dst, const struct addr *src, nstime interval,
                             unsigned size, unsigned count,
                             void (*event)(void *arg, bool reply, unsigned seq, nstime at), void (*done)(void *arg),
                             void *arg)
{
    struct memping *m = calloc(1, sizeof *m);
    if (!m)
        return NULL;
    *m = (struct memping){.host = h,
                          .dst = addr_v4_get(dst),
                          .src = addr_v4_get(src),
                          .interval = interval > 0 ? interval : NS_PER_MS,
                          .size = size > 1472 ? 1472 : size,
                          .count = count,
                          .id = ++h->next_id,
                          .event = event,
                          .done = done,
                          .arg = arg,
                          .next = h->pings};
    h->pings = m;
    timer_init(&m->timer, h->loop, ping_fire, m);
    timer_start(&m->timer, 0);
    return m;
}

void memhost_ping_stop(struct memping *m)
{
    if (!m)
        return;
    for (struct memping **p = &m->host->pings; *p; p = &(*p)->next)
        if (*p == m) {
            *p = m->next;
            break;
        }
    timer_stop(&m->timer);
    free(m);
}
