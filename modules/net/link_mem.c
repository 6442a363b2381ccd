/* The in-memory side of the links seam: a switch that learns and floods, and a cable whose carrier follows the
 * partner. A frame is delivered within the instant it was sent in, from deferred work, in the order of the ports and
 * of arrival: the same every time. Used by the simulated world and by unit tests. */
#include "modules/net/link.h"
#include <stdlib.h>
#include <string.h>

enum { FDB_SIZE = 1024, PORTS_MAX = 256, QUEUE_MAX = 4096 };
#define FDB_AGE (300 * NS_PER_S)

struct port {
    struct link link; /* first: a link of ours is a port */
    struct memswitch *sw;
    struct port *next; /* in order of naming; a port outlives what is plugged in */
    char key[64];
    bool plugged, carrier /* the plugged side's power */, forced_down, announce;
    struct frame *head, *tail;
    unsigned n;
    uint64_t drops[LINK_DROPS];
};
struct fdb_entry {
    uint8_t mac[6];
    struct port *port;
    nstime seen;
};
struct memswitch {
    struct loop *loop;
    char name[64];
    bool cable;
    struct port *ports;
    unsigned n_ports;
    struct fdb_entry fdb[FDB_SIZE];
    struct task task;
    void (*see)(void *arg, nstime at, const uint8_t *frame, size_t len);
    void *see_arg;
};

static bool port_up(const struct port *p)
{
    if (p->forced_down || !p->carrier)
        return false;
    if (!p->sw->cable)
        return true;
    for (const struct port *q = p->sw->ports; q; q = q->next)
        if (q != p && q->plugged && q->carrier && !q->forced_down)
            return true;
    return false;
}

/* The far end hears of a change in deferred work, never from within the call that caused it. */
static void ports_changed(struct memswitch *sw)
{
    for (struct port *p = sw->ports; p; p = p->next)
        p->announce = true;
    loop_defer(sw->loop, &sw->task);
}

static void port_drain(struct port *p)
{
    while (p->head) {
        struct frame *f = p->head;
        p->head = f->next;
        frame_free(f);
    }
    p->tail = NULL;
    p->n = 0;
}

static void fdb_forget(struct memswitch *sw, const struct port *p)
{
    for (unsigned i = 0; i < FDB_SIZE; i++)
        if (sw->fdb[i].port == p)
            sw->fdb[i].port = NULL;
}

static void switch_run(void *arg)
{
    struct memswitch *sw = arg;
    for (struct port *p = sw->ports; p; p = p->next) {
        if (!p->announce)
            continue;
        p->announce = false;
        bool up = p->plugged && port_up(p);
        if (up == p->link.up)
            continue;
        p->link.up = up;
        if (!up) {
            port_drain(p);
            fdb_forget(sw, p);
        }
        if (p->plugged && p->link.state)
            p->link.state(p->link.arg, up);
    }
    for (struct port *p = sw->ports; p; p = p->next) {
        struct frame_vec v;
        v.n = 0;
        while (p->head && v.n < FRAME_VEC) {
            struct frame *f = p->head;
            p->head = f->next;
            f->next = NULL;
            f->arrival = loop_now(sw->loop);
            v.f[v.n++] = f;
            p->n--;
        }
        if (!p->head)
            p->tail = NULL;
        else
            loop_defer(sw->loop, &sw->task);
        if (v.n && p->plugged && p->link.up)
            link_deliver(&p->link, &v);
        else
            frame_free_vec(&v);
    }
}

struct memswitch *memswitch_new(struct loop *loop, const char *name, bool cable)
{
    struct memswitch *sw = calloc(1, sizeof *sw);
    if (!sw)
        return NULL;
    sw->loop = loop;
    sw->cable = cable;
    strncpy(sw->name, name, sizeof sw->name - 1);
    sw->task.run = switch_run;
    sw->task.arg = sw;
    return sw;
}

void memswitch_free(struct memswitch *sw)
{
    if (!sw)
        return;
    loop_cancel(sw->loop, &sw->task);
    while (sw->ports) {
        struct port *p = sw->ports;
        sw->ports = p->next;
        port_drain(p);
        link_fault_set(&p->link, NULL, NULL);
        free(p);
    }
    free(sw);
}

/* ---- forwarding ---- */

static struct fdb_entry *fdb_slot(struct memswitch *sw, const uint8_t *mac)
{
    uint32_t h = 2166136261u;
    for (int i = 0; i < 6; i++)
        h = (h ^ mac[i]) * 16777619u;
    struct fdb_entry *slot = &sw->fdb[h % FDB_SIZE];
    for (unsigned i = 0; i < 8; i++) {
        struct fdb_entry *e = &sw->fdb[(h + i) % FDB_SIZE];
        if (e->port && !memcmp(e->mac, mac, 6))
            return e;
        if (!e->port && slot->port)
            slot = e;
    }
    return slot;
}

static void port_queue(struct port *p, struct frame *f)
{
    if (!f)
        return;
    if (!p->plugged || !p->link.up || p->n == QUEUE_MAX) {
        if (p->n == QUEUE_MAX)
            link_drop_count(&p->link, LINK_DROP_FULL, 1);
        frame_free(f);
        return;
    }
    f->next = NULL;
    f->in = NULL;
    if (p->tail)
        p->tail->next = f;
    else
        p->head = f;
    p->tail = f;
    p->n++;
    loop_defer(p->sw->loop, &p->sw->task);
}

static void switch_forward(struct port *from, struct frame *f)
{
    struct memswitch *sw = from->sw;
    if (sw->see)
        sw->see(sw->see_arg, loop_now(sw->loop), f->data, f->len);
    if (f->len < 14) {
        frame_free(f);
        return;
    }
    struct port *only = NULL;
    if (!sw->cable) {
        if (!(f->data[6] & 1)) {
            struct fdb_entry *e = fdb_slot(sw, f->data + 6);
            memcpy(e->mac, f->data + 6, 6);
            e->port = from;
            e->seen = loop_now(sw->loop);
        }
        if (!(f->data[0] & 1)) {
            struct fdb_entry *e = fdb_slot(sw, f->data);
            if (e->port && !memcmp(e->mac, f->data, 6) && loop_now(sw->loop) - e->seen < FDB_AGE)
                only = e->port;
        }
    }
    if (only) {
        if (only == from)
            frame_free(f);
        else
            port_queue(only, f);
        return;
    }
    struct port *last = NULL; /* the last receiver gets the frame itself, those before it copies */
    for (struct port *p = sw->ports; p; p = p->next) {
        if (p == from || !p->plugged || !p->link.up)
            continue;
        if (last)
            port_queue(last, frame_copy(f));
        last = p;
    }
    if (last)
        port_queue(last, f);
    else
        frame_free(f);
}

static void port_tx(struct link *l, struct frame_vec *v)
{
    struct port *p = (struct port *)l;
    for (unsigned i = 0; i < v->n; i++) {
        if (p->link.up)
            switch_forward(p, v->f[i]);
        else
            frame_free(v->f[i]);
    }
    v->n = 0;
}

static void port_set_carrier(struct link *l, bool on)
{
    struct port *p = (struct port *)l;
    if (p->carrier == on)
        return;
    p->carrier = on;
    if (!p->sw->cable) { /* a switch port of ours: we know at once */
        p->link.up = port_up(p);
        return;
    }
    p->link.up = port_up(p);
    ports_changed(p->sw);
}

static void port_close(struct link *l)
{
    struct port *p = (struct port *)l;
    p->plugged = p->carrier = false;
    p->link.up = false;
    port_drain(p);
    fdb_forget(p->sw, p);
    ports_changed(p->sw);
}

static const struct link_ops port_ops = {.tx = port_tx, .set_carrier = port_set_carrier, .close = port_close};

static struct port *port_named(struct memswitch *sw, const char *key, bool create)
{
    struct port **pp = &sw->ports;
    for (; *pp; pp = &(*pp)->next)
        if (!strcmp((*pp)->key, key))
            return *pp;
    if (!create || sw->n_ports == PORTS_MAX)
        return NULL;
    struct port *p = calloc(1, sizeof *p);
    if (!p)
        return NULL;
    p->sw = sw;
    strncpy(p->key, key, sizeof p->key - 1);
    *pp = p;
    sw->n_ports++;
    return p;
}

struct link *memswitch_port(struct memswitch *sw, const char *key)
{
    struct port *p = port_named(sw, key, true);
    if (!p || p->plugged)
        return NULL;
    memset(&p->link, 0, sizeof p->link);
    p->link.ops = &port_ops;
    p->link.drops = p->drops;
    p->link.mtu = 1500;
    size_t n = strlen(sw->name), k = strlen(p->key);
    if (n + k + 2 <= sizeof p->link.name) {
        memcpy(p->link.name, sw->name, n);
        p->link.name[n] = ':';
        memcpy(p->link.name + n + 1, p->key, k + 1);
    }
    p->plugged = p->carrier = true;
    p->link.up = port_up(p);
    ports_changed(sw);
    return &p->link;
}

void memswitch_port_carrier(struct memswitch *sw, const char *key, bool up)
{
    struct port *p = port_named(sw, key, true);
    if (!p || p->forced_down == !up)
        return;
    p->forced_down = !up;
    ports_changed(sw);
}

void memswitch_tap(struct memswitch *sw, void (*see)(void *arg, nstime at, const uint8_t *frame, size_t len), void *arg)
{
    sw->see = see;
    sw->see_arg = arg;
}
