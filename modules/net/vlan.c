/* 802.1Q subinterfaces of Ethernet interfaces. A subinterface has a link of its own, which puts the tag in front of
 * what it sends and hands it to the parent's link; what the parent receives is sorted by tag before anybody looks at
 * it. So everything above sees one more interface. Called by netif.c, ether.c and fast.c; the table is read by the data
 * plane's thread without a lock, entry by entry. */
#include "modules/net/vlan.h"
#include "modules/core/ifname.h"
#include "modules/net/super.h"
#include <stdio.h>
#include <stdlib.h>

enum { VLAN_IDS = 4096, TAG_LEN = 4 };
struct vlans {
    _Atomic(struct nif *) native; /* takes what has no tag */
    _Atomic(struct nif *) by_id[VLAN_IDS];
};

/* ---- sending ---- */

static void vlan_tx(struct link *l, struct frame_vec *v)
{
    struct nif *nif = l->arg;
    unsigned n = 0;
    for (unsigned i = 0; !nif->native && i < v->n; i++) {
        struct frame *f = v->f[i];
        uint8_t *h = frame_push(f, TAG_LEN);
        if (!h) {
            link_drop_count(nif->parent->n.link, LINK_DROP_NO_BUFFER, 1); /* every frame has that headroom */
            frame_free(f);
            continue;
        }
        memmove(h, h + TAG_LEN, 12);
        put16(h + 12, ETHERTYPE_VLAN_);
        put16(h + 14, nif->vlan);
        v->f[n++] = f;
    }
    v->n = nif->native ? v->n : n;
    link_send(nif->parent->n.link, v);
}

static void vlan_carrier(struct link *l, bool on)
{
    (void)l;
    (void)on;
}

static void vlan_close(struct link *l)
{
    free(l);
}

static const struct link_ops vlan_ops = {.tx = vlan_tx, .set_carrier = vlan_carrier, .close = vlan_close};

/* ---- life ---- */

bool vlan_parent_name(const char *name, char parent[40])
{
    const char *dot = strchr(name, '.');
    size_t n = dot ? (size_t)(dot - name) : 0;
    if (!dot || n >= 40)
        return false;
    for (const struct ifname_type *t = ifname_types; t->name; t++) {
        size_t len = strlen(t->name);
        bool is_lan = !t->is_virtual && !t->hollow && strcmp(t->name, "Serial") != 0;
        if (is_lan && !strncmp(t->name, name, len) && name[len] >= '0' && name[len] <= '9') {
            memcpy(parent, name, n);
            parent[n] = 0;
            return true;
        }
    }
    return false;
}

bool vlan_attach(struct nif *nif, struct nif *parent)
{
    struct link *l = calloc(1, sizeof *l);
    if (!parent->vlans)
        __atomic_store_n(&parent->vlans, calloc(1, sizeof *parent->vlans), __ATOMIC_RELEASE);
    if (!l || !parent->vlans) {
        free(l);
        return false;
    }
    l->ops = &vlan_ops;
    l->arg = nif;
    l->mtu = parent->n.link ? parent->n.link->mtu : 1500;
    snprintf(l->name, sizeof l->name, "%s", nif->n.name);
    nif->parent = parent;
    nif->n.link = l;
    nif->n.mac = parent->n.mac;
    nif->n.mtu = parent->n.mtu;
    return true;
}

void vlan_detach(struct nif *nif)
{
    struct vlans *vs = nif->parent->vlans;
    if (nif->vlan)
        atomic_store(&vs->by_id[nif->vlan], NULL);
    if (nif->native)
        atomic_store(&vs->native, NULL);
    net_changed(nif->n.router);
}

static void vlan_refresh(struct nif *nif)
{
    link_set_up(nif->n.link, nif->vlan && nif->parent->n.admin_up && nif->parent->n.link_up);
    netif_refresh(nif);
}

void vlan_refresh_all(struct nif *parent)
{
    for (unsigned i = 0; parent->vlans && i < parent->net->n_nifs; i++)
        if (parent->net->nifs[i]->parent == parent)
            vlan_refresh(parent->net->nifs[i]);
}

struct nif *vlan_next(const struct nif *parent, const struct nif *prev)
{
    struct net *net = parent->net;
    bool seen = !prev;
    for (unsigned i = 0; i < net->n_nifs; i++) {
        if (seen && net->nifs[i]->parent == parent)
            return net->nifs[i];
        seen = seen || net->nifs[i] == prev;
    }
    return NULL;
}

const struct netif *vlan_set(struct netif *n, uint16_t id, bool native)
{
    struct nif *nif = nif_of(n);
    struct vlans *vs = nif->parent->vlans;
    struct nif *other = id ? atomic_load(&vs->by_id[id]) : NULL, *other_native = atomic_load(&vs->native);
    if (other && other != nif)
        return &other->n;
    if (native && other_native && other_native != nif)
        return &other_native->n;
    if (nif->vlan == id && nif->native == native)
        return NULL;
    vlan_detach(nif);
    nif->vlan = 0; /* another VLAN is another network: neighbours and states begin anew */
    vlan_refresh(nif);
    dp_sync(nif->net);
    nif->vlan = id;
    nif->native = native;
    if (id)
        atomic_store(&vs->by_id[id], nif);
    if (native)
        atomic_store(&vs->native, nif);
    net_changed(n->router);
    vlan_refresh(nif);
    return NULL;
}

bool vlan_capable(const struct netif *n)
{
    return nif_of(n)->parent != NULL;
}

/* ---- receiving ---- */

/* Whose frame it is; its tag is taken off. NULL: the parent's own, or of nobody (the tag stays). */
static struct nif *owner_of(struct vlans *vs, struct frame *f)
{
    if (f->len < ETHER_HLEN + TAG_LEN || be16(f->data + 12) != ETHERTYPE_VLAN_)
        return atomic_load_explicit(&vs->native, memory_order_acquire);
    unsigned id = be16(f->data + 14) & 0xfff;
    struct nif *nif = atomic_load_explicit(id ? &vs->by_id[id] : &vs->native, memory_order_acquire);
    if (!nif && id)
        return NULL;
    memmove(f->data + TAG_LEN, f->data, 12); /* 0: a priority, no VLAN */
    frame_pull(f, TAG_LEN);
    return nif;
}

/* super_count(), Ethernet header at data. */
static unsigned packets_in(struct frame *f)
{
    f->data += ETHER_HLEN;
    f->len -= ETHER_HLEN;
    unsigned n = super_count(f);
    f->data -= ETHER_HLEN;
    f->len += ETHER_HLEN;
    return n;
}

void vlan_sort(struct nif *parent, struct frame_vec *v, void (*give)(struct nif *nif, struct frame_vec *v),
               void (*count)(struct nif *parent, unsigned packets, uint64_t bytes))
{
    struct frame *f[FRAME_VEC];
    struct nif *owner[FRAME_VEC];
    unsigned n = 0, kept = 0, packets = 0;
    uint64_t bytes = 0;
    for (unsigned i = 0; i < v->n; i++) {
        uint32_t len = v->f[i]->len;
        f[n] = v->f[i];
        owner[n] = owner_of(parent->vlans, f[n]);
        if (!owner[n]) {
            v->f[kept++] = f[n];
            continue;
        }
        packets += f[n]->gso ? packets_in(f[n]) : 1;
        n++;
        bytes += len;
    }
    v->n = kept;
    if (packets)
        count(parent, packets, bytes);
    while (n) { /* one network after the other, each in the order of arrival */
        struct nif *to = owner[0];
        struct frame_vec one;
        unsigned rest = 0;
        one.n = 0;
        for (unsigned i = 0; i < n; i++) {
            if (owner[i] == to) {
                one.f[one.n++] = f[i];
                continue;
            }
            owner[rest] = owner[i];
            f[rest++] = f[i];
        }
        n = rest;
        give(to, &one);
    }
}
