/* The hidden exec command `probe`: echo requests at a fixed rate until it is stopped, one line per request sent
 * (`> SEQ NS`) and per answer (`< SEQ NS`, both on the loop's clock). The scenario statement `ping` measures a failover
 * with it. */
#include "lab_cmd.h"
#include "modules/core/command.h"
#include "modules/core/cursor.h"
#include "modules/net/stack.h"
#include <stdlib.h>

enum { PROBE_WINDOW = 8192 }; /* an answer later than that many requests is not told */

struct probe_run {
    struct router *r;
    struct cmd_job *job;
    struct timer timer;
    struct addr dst, src;
    nstime interval, next;
    uint32_t size, seq;
    uint16_t id;
    uint8_t waiting[PROBE_WINDOW / 8];
};

static void probe_heard(void *arg, const struct ip_rx *rx, uint8_t type, uint8_t code, uint32_t rest,
                        const uint8_t *body, size_t len)
{
    struct probe_run *p = arg;
    (void)code;
    (void)body;
    (void)len;
    if (type != 0 || rest >> 16 != p->id || !addr_equal(&rx->src, &p->dst))
        return;
    uint16_t back = (uint16_t)(p->seq - 1 - (rest & 0xffff)); /* how many requests ago */
    if (back >= PROBE_WINDOW || back >= p->seq)
        return;
    uint32_t seq = p->seq - 1 - back, slot = seq % PROBE_WINDOW;
    if (!(p->waiting[slot / 8] & 1u << slot % 8))
        return; /* a duplicate */
    p->waiting[slot / 8] &= (uint8_t) ~(1u << slot % 8);
    out_text(cmd_job_out(p->job), "< %u %lld\n", (unsigned)seq, (long long)loop_now_fresh(p->r->loop));
}

static void probe_send(struct probe_run *p)
{
    uint32_t len = 8 + p->size, slot = p->seq % PROBE_WINDOW;
    struct frame *f = frame_alloc(p->r->loop);
    uint8_t *data = f ? frame_put(f, len) : NULL;
    if (!data) {
        frame_free(f);
        return;
    }
    struct builder b = builder_make(data, len);
    builder_u32(&b, 0x08000000);
    builder_u16(&b, p->id);
    builder_u16(&b, (uint16_t)p->seq);
    for (uint32_t k = 0; k < p->size; k++)
        builder_u8(&b, (uint8_t)k);
    builder_patch_u16(&b, 2, ip_checksum(data, len));
    out_text(cmd_job_out(p->job), "> %u %lld\n", (unsigned)p->seq, (long long)loop_now_fresh(p->r->loop));
    p->waiting[slot / 8] |= (uint8_t)(1u << slot % 8);
    p->seq++;
    struct ip_tx tx = {.src = p->src, .dst = p->dst, .proto = IPPROTO_ICMP_};
    ip_send(p->r, &tx, f);
}

static void probe_fire(void *arg)
{
    struct probe_run *p = arg;
    nstime now = loop_now(p->r->loop);
    if (now - p->next > NS_PER_S) /* the process was stopped for a while: no burst */
        p->next = now;
    for (int burst = 0; p->next <= now && burst < 32; burst++) {
        probe_send(p);
        p->next += p->interval;
    }
    timer_start_at(&p->timer, p->next);
}

static void probe_abort(void *arg)
{
    struct probe_run *p = arg;
    timer_stop(&p->timer);
    icmp_unlisten(p->r, probe_heard, p);
    free(p);
}

int lab_cmd_probe(struct cmd *c, struct args_lab_probe *a)
{
    struct probe_run *p = calloc(1, sizeof *p);
    if (!p || icmp_listen(c->router, probe_heard, p) != 0) {
        free(p);
        return cmd_error(c, "%% Too many pings at a time");
    }
    p->r = c->router;
    p->dst = a->dest;
    if (a->has_source)
        p->src = a->source;
    p->interval = NS_PER_S / (a->has_rate ? a->rate : 1);
    p->size = a->has_size ? a->size : 56;
    p->id = (uint16_t)rng_u32(c->router, RNG_ICMP);
    p->next = loop_now(c->router->loop);
    timer_init(&p->timer, c->router->loop, probe_fire, p);
    p->job = cmd_suspend(c, probe_abort, p);
    timer_start(&p->timer, 0);
    return CMD_PENDING;
}
