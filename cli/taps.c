/* The taps of one router process, kept open from one incarnation to the next. The router gets a link that only
 * passes on; closing it takes the carrier away and leaves the tap. Called by router.c. */
#include "cli/taps.h"
#include "modules/core/ifname.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TAPS_MAX 256

struct tap {
    struct link link;  /* what the router holds, while `lent` */
    struct link *real; /* NULL: named by -i, not opened yet */
    bool lent;
    char ifname[40], dev[16];
    struct tap *next;
};
struct taps {
    struct loop *loop;
    bool offload;
    struct tap *list;
    unsigned n;
};

struct taps *taps_new(struct loop *loop, bool offload)
{
    struct taps *t = calloc(1, sizeof *t);
    if (t) {
        t->loop = loop;
        t->offload = offload;
    }
    return t;
}

void taps_free(struct taps *t)
{
    while (t && t->list) {
        struct tap *p = t->list;
        t->list = p->next;
        if (p->real)
            link_close(p->real);
        free(p);
    }
    free(t);
}

static struct tap *tap_find(struct taps *t, const char *ifname)
{
    struct tap *p = t->list;
    while (p && strcmp(p->ifname, ifname))
        p = p->next;
    return p;
}

static struct tap *tap_add(struct taps *t, const char *ifname, const char *dev)
{
    struct tap *p = t->n < TAPS_MAX ? calloc(1, sizeof *p) : NULL;
    if (!p)
        return NULL;
    snprintf(p->ifname, sizeof p->ifname, "%s", ifname);
    snprintf(p->dev, sizeof p->dev, "%s", dev);
    p->next = t->list;
    t->list = p;
    t->n++;
    return p;
}

bool taps_name(struct taps *t, const char *pair, char *err, size_t errlen)
{
    char name[64], canonical[40];
    const char *eq = strchr(pair, '=');
    size_t n = eq ? (size_t)(eq - pair) : 0;
    if (!eq || n == 0 || n >= sizeof name || !eq[1]) {
        snprintf(err, errlen, "-i wants IFNAME=TAP, not %.60s", pair);
        return false;
    }
    memcpy(name, pair, n);
    name[n] = '\0';
    if (ifname_parse(name, canonical) != n) {
        snprintf(err, errlen, "-i: %s is no interface name", name);
        return false;
    }
    if (strlen(eq + 1) > 15 || strpbrk(eq + 1, "/ \t")) {
        snprintf(err, errlen, "-i: %.40s is no device name (at most 15 characters)", eq + 1);
        return false;
    }
    if (tap_find(t, canonical) || !tap_add(t, canonical, eq + 1)) {
        snprintf(err, errlen, "-i: %s is named twice", canonical);
        return false;
    }
    return true;
}

static void real_rx(void *arg, struct frame_vec *v)
{
    struct tap *p = arg;
    if (p->lent)
        link_deliver(&p->link, v); /* through the faults, if there are any */
    else
        frame_free_vec(v);
}

static void real_state(void *arg, bool up)
{
    struct tap *p = arg;
    link_set_up(&p->link, up);
    if (p->lent && p->link.state)
        p->link.state(p->link.arg, up);
}

static void lent_tx(struct link *l, struct frame_vec *v)
{
    struct tap *p = (struct tap *)l;
    link_send(p->real, v);
}

static void lent_set_carrier(struct link *l, bool on)
{
    struct tap *p = (struct tap *)l;
    if (p->real->ops->set_carrier)
        p->real->ops->set_carrier(p->real, on);
}

static unsigned lent_rx(struct link *l, struct frame_pool *pool, nstime now, struct frame_vec *v)
{
    struct tap *p = (struct tap *)l;
    return p->real->ops->rx(p->real, pool, now, v);
}

static int lent_fd(struct link *l)
{
    struct tap *p = (struct tap *)l;
    return p->real->ops->fd(p->real);
}

static void lent_pull(struct link *l, bool on)
{
    struct tap *p = (struct tap *)l;
    p->real->ops->pull(p->real, on);
    p->link.tso = p->real->tso;
}

static void lent_close(struct link *l)
{
    struct tap *p = (struct tap *)l;
    p->lent = false;
    lent_pull(l, false);
    lent_set_carrier(l, false);
    p->link.rx = NULL;
    p->link.state = NULL;
    p->link.arg = NULL;
}

static const struct link_ops lent_ops = {.tx = lent_tx,
                                         .set_carrier = lent_set_carrier,
                                         .close = lent_close,
                                         .rx = lent_rx,
                                         .fd = lent_fd,
                                         .pull = lent_pull};

struct link *taps_open(struct taps *t, const char *ifname, char *err, size_t errlen)
{
    char dev[16];
    struct tap *p = tap_find(t, ifname);
    if (!p)
        p = tap_add(t, ifname, ifname_tap(ifname, dev));
    if (!p || p->lent) {
        snprintf(err, errlen, p ? "%s is open already" : "too many taps for %s", ifname);
        errno = p ? EBUSY : ENOSPC;
        return NULL;
    }
    if (!p->real) {
        p->real = link_tap_open(t->loop, p->dev, t->offload, err, errlen);
        if (!p->real)
            return NULL;
        p->real->rx = real_rx;
        p->real->state = real_state;
        p->real->arg = p;
    }
    p->link = (struct link){
        .ops = &lent_ops, .mtu = p->real->mtu, .up = p->real->up, .csum = p->real->csum, .drops = p->real->drops};
    memcpy(p->link.name, p->real->name, sizeof p->link.name);
    p->lent = true;
    return &p->link;
}
