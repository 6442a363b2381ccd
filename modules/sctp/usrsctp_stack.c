/* The usrsctp library as one stack of the process: start and stop, ids, timers, packets in and out. Called by the
 * usrsctp driver. This file holds the one mutable global of the program: the library itself is process-global (its
 * endpoints, timers and output callback know no instance), so what stands around it cannot hang off a router; it is
 * reference counted and gone when the last association closes. In the simulated world all routers share it, told
 * apart by id (DESIGN 1). */
#include "modules/sctp/usrsctp_stack.h"
#include "modules/core/cursor.h"
#include "modules/core/meter.h"
#include "modules/core/router.h"
#include "modules/net/ip.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <usrsctp.h>

#define USRSCTP_LINKS_MAX 256
#define USRSCTP_TX_MAX 4096           /* packets queued under one id between two exits */
#define USRSCTP_TICK (10 * NS_PER_MS) /* reference 1.1: there is no "next timeout" question */
#define USRSCTP_TICK_FEED_MAX 1000    /* ms per call after a long stop (reference 1.1) */

static struct {
    bool started;
    unsigned count;
    struct usrsctp_link *links[USRSCTP_LINKS_MAX]; /* in joining order */
    uint32_t next_id;
    struct loop *loop;
    struct timer tick;
    unsigned part;     /* whose time (meter.h) */
    nstime fed;        /* loop time the library knows of */
    int64_t wall_base; /* wall clock minus loop clock when the stack started: never steps */
    struct usrsctp_link *current;
    bool flushing;
    uint64_t ticks, time_asked, random_asked;
} stack;
static _Thread_local unsigned stack_depth; /* > 0: this thread is inside the library */

static struct usrsctp_link *link_find(uint32_t id)
{
    for (unsigned i = 0; i < stack.count; i++)
        if (stack.links[i]->id == id)
            return stack.links[i];
    return NULL;
}

bool usrsctp_stack_time(int64_t *wall_ns)
{
    if (!stack_depth || !stack.loop)
        return false;
    stack.time_asked++;
    *wall_ns = stack.wall_base + loop_now(stack.loop);
    return true;
}

bool usrsctp_stack_random(void *buf, size_t len)
{
    struct usrsctp_link *l = stack.current ? stack.current : stack.count ? stack.links[0] : NULL;
    if (!stack_depth || !l)
        return false;
    stack.random_asked++;
    rng_bytes(l->router, RNG_SCTP, buf, len);
    return true;
}

bool usrsctp_stack_seams_used(void)
{
    return stack.time_asked && stack.random_asked;
}

/* May run inside any library call: it only queues (reference 1.1, re-entrancy). */
static int stack_output(void *addr, void *buf, size_t len, uint8_t tos, uint8_t set_df)
{
    struct usrsctp_link *l = link_find((uint32_t)(uintptr_t)addr);
    (void)tos;
    (void)set_df;
    if (!l || l->muted || l->router->dying)
        return 0;
    if (len + 20 > l->cfg.mtu)
        return EMSGSIZE;
    if (l->tx_count >= USRSCTP_TX_MAX)
        return ENOBUFS;
    struct frame *f = frame_alloc(l->router->loop);
    uint8_t *p = f ? frame_put(f, (uint32_t)len) : NULL;
    if (!p) {
        frame_free(f);
        return ENOBUFS;
    }
    memcpy(p, buf, len);
    f->next = NULL;
    if (l->tx_tail)
        l->tx_tail->next = f;
    else
        l->tx_head = f;
    l->tx_tail = f;
    l->tx_count++;
    return 0;
}

static void link_tx_drop(struct usrsctp_link *l)
{
    while (l->tx_head) {
        struct frame *f = l->tx_head;
        l->tx_head = f->next;
        frame_free(f);
    }
    l->tx_tail = NULL;
    l->tx_count = 0;
}

static bool link_tx_one(struct usrsctp_link *l)
{
    struct frame *f = l->tx_head;
    if (!f)
        return false;
    l->tx_head = f->next;
    if (!l->tx_head)
        l->tx_tail = NULL;
    l->tx_count--;
    f->next = NULL;
    if (l->muted || l->router->dying) {
        frame_free(f);
        return true;
    }
    struct ip_tx tx = {.src = l->cfg.local, .dst = l->cfg.remote, .proto = IPPROTO_SCTP_, .df = true};
    l->packets_out++;
    ip_send(l->router, &tx, f);
    return true;
}

/* Outside the library. A link may deliver at once into another router of this process, whose answer is then queued
 * too: the outer loop sends it, so the depth of the call stack does not follow the dialogue. */
static void stack_flush(void)
{
    if (stack.flushing)
        return;
    stack.flushing = true;
    bool more = true;
    while (more) {
        more = false;
        for (unsigned i = 0; i < stack.count; i++)
            while (link_tx_one(stack.links[i]))
                more = true;
    }
    stack.flushing = false;
}

void usrsctp_stack_enter(struct usrsctp_link *l)
{
    if (!stack_depth++)
        stack.current = l;
}

void usrsctp_stack_exit(void)
{
    if (--stack_depth)
        return;
    stack.current = NULL;
    stack_flush();
}

static void stack_tick(void *arg)
{
    (void)arg;
    nstime now = loop_now(stack.loop);
    int64_t ms = (now - stack.fed) / NS_PER_MS;
    if (ms > USRSCTP_TICK_FEED_MAX) { /* a long stop: not all timers at once, before queued SACKs are read */
        ms = USRSCTP_TICK_FEED_MAX;
        stack.fed = now;
    } else {
        stack.fed += ms * NS_PER_MS; /* the rest accumulates */
    }
    if (ms > 0) {
        usrsctp_stack_enter(NULL);
        usrsctp_handle_timers((uint32_t)ms);
        usrsctp_stack_exit();
    }
    /* The library's upcall tells of events at once; this only makes sure that none is ever missed for good. */
    if (++stack.ticks % 64 == 0)
        for (unsigned i = 0; i < stack.count; i++)
            stack.links[i]->event(stack.links[i]->arg);
    timer_start(&stack.tick, USRSCTP_TICK);
}

static void stack_start(struct loop *loop)
{
    if (!stack.started) {
        stack.ticks = stack.time_asked = stack.random_asked = 0;
        stack.loop = loop;
        stack.wall_base = loop_wall(loop) - loop_now(loop);
        usrsctp_init_nothreads(0, stack_output, NULL); /* port 0: no UDP encapsulation sockets */
        usrsctp_sysctl_set_sctp_ecn_enable(0);         /* our stack does not carry the ECN bits */
        usrsctp_sysctl_set_sctp_asconf_enable(0);      /* addresses are not real in AF_CONN */
        usrsctp_sysctl_set_sctp_auto_asconf(0);
        usrsctp_sysctl_set_sctp_auth_enable(0);     /* reference 1.6: neither secrecy nor proof */
        usrsctp_sysctl_set_sctp_reconfig_enable(0); /* stale after a restart in 0.9.5.0 (reference 1.7) */
        usrsctp_sysctl_set_sctp_nrsack_enable(0);
        usrsctp_sysctl_set_sctp_pktdrop_enable(0);
        usrsctp_sysctl_set_sctp_max_burst_default(0); /* a planned switchover hands everything over at once */
        usrsctp_sysctl_set_sctp_initial_cwnd(32);
        stack.started = true;
    }
    stack.loop = loop;
    stack.wall_base = loop_wall(loop) - loop_now(loop);
    stack.fed = loop_now(loop);
    stack.part = meter_part(loop, "SCTP Main Process");
    unsigned was = meter_enter(loop, stack.part);
    timer_init(&stack.tick, loop, stack_tick, NULL);
    meter_leave(loop, was);
    timer_start(&stack.tick, USRSCTP_TICK);
}

/* IP hands us every protocol 132 datagram that is addressed to the router; only the configured pair of addresses
 * and ports reaches the library (reference 1.7). */
static void stack_input(void *arg, const struct ip_rx *rx, struct frame *f)
{
    struct router *r = arg;
    struct usrsctp_link *l = NULL;
    struct cursor c = cursor_make(f->data, f->len);
    uint16_t sport = cursor_u16(&c), dport = cursor_u16(&c);
    for (unsigned i = 0; i < stack.count && !l; i++) {
        struct usrsctp_link *k = stack.links[i];
        if (k->router == r && addr_equal(&k->cfg.local, &rx->dst))
            l = k;
    }
    if (f->len < 16 || !cursor_ok(&c)) {
        ip_drop(r, "sctp-short", f);
        return;
    }
    if (!l || l->muted || !addr_equal(&l->cfg.remote, &rx->src) || l->cfg.remote_port != sport ||
        l->cfg.local_port != dport) {
        if (l)
            l->ignored_in++;
        ip_drop(r, "sctp-no-association", f);
        return;
    }
    l->packets_in++;
    unsigned was = meter_enter(r->loop, stack.part);
    usrsctp_stack_enter(l);
    usrsctp_conninput((void *)(uintptr_t)l->id, f->data, f->len, rx->tos & 3);
    usrsctp_stack_exit();
    frame_free(f);
    l->input = true;
    l->event(l->arg);
    meter_leave(r->loop, was);
}

struct usrsctp_link *usrsctp_stack_join(const struct sctp_assoc_config *cfg, void (*event)(void *arg), void *arg,
                                        const char **why)
{
    if (stack.count && stack.loop != cfg->router->loop) {
        *why = "SCTP stack is in use by another event loop";
        return NULL;
    }
    if (stack.count >= USRSCTP_LINKS_MAX) {
        *why = "too many SCTP associations";
        return NULL;
    }
    struct usrsctp_link *l = calloc(1, sizeof *l);
    if (!l) {
        *why = "out of memory";
        return NULL;
    }
    int rc = ip_proto_register(cfg->router, IPPROTO_SCTP_, stack_input, cfg->router);
    if (rc && rc != -EEXIST) {
        *why = "IP protocol 132 could not be registered";
        free(l);
        return NULL;
    }
    l->router = cfg->router;
    l->cfg = *cfg;
    l->event = event;
    l->arg = arg;
    bool first = !stack.count;
    if (!stack.started)
        stack.next_id = 1;
    l->id = stack.next_id++;
    stack.links[stack.count++] = l;
    usrsctp_stack_enter(l);
    if (first)
        stack_start(cfg->router->loop);
    usrsctp_register_address((void *)(uintptr_t)l->id);
    usrsctp_stack_exit();
    return l;
}

void usrsctp_stack_leave(struct usrsctp_link *l)
{
    unsigned i = 0;
    link_tx_drop(l);
    usrsctp_stack_enter(l);
    /* The address stays registered: taking it out queues an iterator, which only the library's own thread would work
     * off, and every socket that ends walks that queue. An id is never used again. */
    while (i < stack.count && stack.links[i] != l)
        i++;
    if (i < stack.count) {
        memmove(&stack.links[i], &stack.links[i + 1], (stack.count - i - 1) * sizeof stack.links[0]);
        stack.count--;
    }
    stack.current = NULL;
    if (!stack.count) {
        timer_stop(&stack.tick);
        if (usrsctp_finish() == 0)
            stack.started = false; /* else it lives on and is used again */
        stack.loop = NULL;
    }
    stack_depth--;
    free(l);
}
