/* A LAN of HSRP routers on simulated time, see lib_hsrp.h. Called by tests/unit/test_hsrp_*.c. */
#include "lib_hsrp.h"
#include "modules/core/storage.h"
#include <criterion/criterion.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void see(void *arg, nstime at, const uint8_t *f, size_t len)
{
    struct hlab *l = arg;
    if (l->pcap) {
        struct pcap_pkthdr h = {.ts = {.tv_sec = at / NS_PER_S, .tv_usec = at % NS_PER_S / 1000},
                                .caplen = (bpf_u_int32)len,
                                .len = (bpf_u_int32)len};
        pcap_dump(l->pcap, &h, f);
    }
    if (len >= 42 && f[12] == 8 && f[13] == 6) {
        if (f[21] == 2 && !memcmp(f + 28, f + 38, 4))
            l->count.garp++;
        return;
    }
    if (len < 43 || f[23] != 17 || f[36] != 7 || f[37] != 0xc1) {
        l->count.other++;
        return;
    }
    struct hsrp_packet p;
    uint8_t v;
    bool v2 = f[33] == 102;
    const uint8_t group_mac[6] = {1, 0, 0x5e, 0, 0, v2 ? 0x66 : 2};
    if ((v2 ? hsrp_wire_decode2 : hsrp_wire_decode)(f + 42, len - 42, &p, &v) != HSRP_OK || f[22] != 1 ||
        f[15] != 0xc0 || f[18] || f[19] || memcmp(f, group_mac, 6) != 0)
        l->count.bad++;
    const uint8_t vmac1[6] = {0, 0, 0x0c, 7, 0xac, (uint8_t)p.group};
    const uint8_t vmac2[6] = {0, 0, 0x0c, 0x9f, (uint8_t)(0xf0 | p.group >> 8), (uint8_t)p.group};
    const uint8_t *vmac = v2 ? vmac2 : vmac1;
    bool from_vmac = !memcmp(f + 6, vmac, 6);
    if (from_vmac != (p.opcode == HSRP_HELLO && p.state == HSRP_WIRE_ACTIVE))
        l->count.bad++;
    l->count.hello += p.opcode == HSRP_HELLO;
    l->count.coup += p.opcode == HSRP_COUP;
    l->count.resign += p.opcode == HSRP_RESIGN;
    l->count.adv += p.opcode == HSRP_ADVERTISE;
    if (from_vmac)
        l->count.last_active_hello = at;
}

static void discard(void *arg, struct frame_vec *v)
{
    (void)arg;
    frame_free_vec(v);
}

void hlab_inject_frame(struct hlab *l, const void *frame, size_t len)
{
    struct frame *f = frame_alloc(l->loop);
    memcpy(frame_put(f, (uint32_t)len), frame, len);
    struct frame_vec v = {.n = 1, .f = {f}};
    l->stranger->ops->tx(l->stranger, &v);
}

void hlab_inject(struct hlab *l, uint32_t src, uint32_t dst, uint8_t ttl, const void *data, size_t len)
{
    uint8_t buf[600];
    struct builder b = builder_make(buf, sizeof buf);
    const uint8_t macs[12] = {1, 0, 0x5e, 0, 0, (uint8_t)dst, 2, 0, 0, 0, 0, 0x63};
    builder_bytes(&b, macs, sizeof macs);
    builder_u16(&b, 0x0800);
    builder_u32(&b, 0x45c00000 | (uint32_t)(28 + len));
    builder_u32(&b, 0);
    builder_u8(&b, ttl);
    builder_u8(&b, 17);
    builder_u16(&b, 0);
    builder_u32(&b, src);
    builder_u32(&b, dst);
    builder_patch_u16(&b, 24, ip_checksum(buf + 14, 20));
    builder_u16(&b, HSRP_PORT);
    builder_u16(&b, HSRP_PORT);
    builder_u16(&b, (uint16_t)(8 + len));
    builder_u16(&b, 0);
    builder_bytes(&b, data, len);
    cr_assert(builder_ok(&b));
    hlab_inject_frame(l, buf, b.len);
}

void hlab_init(struct hlab *l)
{
    static const char *const names[HLAB_ROUTERS] = {"r1", "r2", "r3"};
    *l = (struct hlab){.loop = loop_new_sim(INT64_C(1700000000) * NS_PER_S)};
    l->sw = memswitch_new(l->loop, "lan", false);
    l->sw2 = memswitch_new(l->loop, "other", false);
    memswitch_tap(l->sw, see, l);
    l->stranger = memswitch_port(l->sw, "stranger");
    l->stranger->rx = discard;
    const char *file = getenv("HLAB_PCAP");
    if (file) {
        l->pcap_handle = pcap_open_dead(DLT_EN10MB, 65535);
        l->pcap = pcap_dump_open(l->pcap_handle, file);
    }
    for (unsigned i = 0; i < HLAB_ROUTERS; i++) {
        l->node[i] = (struct hlab_node){.lab = l, .name = names[i]};
        cr_assert_eq(storage_open_memory(&l->node[i].storage), 0);
    }
}

void hlab_free(struct hlab *l)
{
    for (unsigned i = 0; i < HLAB_ROUTERS; i++) {
        hlab_kill(l, i);
        storage_close(&l->node[i].storage);
        strbuf_free(&l->node[i].log);
    }
    l->stranger->ops->close(l->stranger);
    memswitch_free(l->sw);
    memswitch_free(l->sw2);
    loop_free(l->loop);
    if (l->pcap) {
        pcap_dump_close(l->pcap);
        pcap_close(l->pcap_handle);
    }
}

void hlab_run(struct hlab *l, double seconds)
{
    loop_run(l->loop, loop_now(l->loop) + (nstime)(seconds * 1e9));
}

double hlab_now(const struct hlab *l)
{
    return (double)loop_now(l->loop) / 1e9;
}

static struct link *open_link(void *ctx, struct router *r, const char *ifname, uint16_t mtu)
{
    struct hlab_node *n = ctx;
    (void)r;
    (void)mtu;
    if (!strcmp(ifname, "Ethernet1/1"))
        return memswitch_port(n->lab->sw, n->name);
    if (!strcmp(ifname, "GigabitEthernet0/3"))
        return memswitch_port(n->lab->sw2, n->name);
    return NULL;
}

static void read_log(void *arg, const struct event *e)
{
    struct hlab_node *n = arg;
    if (e->kind == EVENT_SYSLOG)
        strbuf_add(&n->log, "%.3f %%%s-%u-%s: %s\n", (double)e->at / 1e9, e->facility, e->severity, e->mnemonic,
                   e->text);
    else if (e->kind == EVENT_DEBUG)
        strbuf_add(&n->log, "%.3f %s\n", (double)e->at / 1e9, e->text);
}

void hlab_start(struct hlab *l, unsigned i, bool from_startup, void (*configure)(struct hlab_node *node))
{
    struct hlab_node *n = &l->node[i];
    n->host = (struct router_host){.ctx = n, .open_link = open_link};
    n->rng = rng_new_seeded(7, n->name, 1);
    struct router_opts o = {.name = n->name,
                            .loop = l->loop,
                            .rng = n->rng,
                            .storage = &n->storage,
                            .host = &n->host,
                            .incarnation = 1,
                            .from_startup = from_startup};
    n->r = router_new(&o);
    cr_assert_not_null(n->r);
    log_subscribe(n->r, read_log, n);
    struct addr a = addr_v4(0x0a010001 + i), b = addr_v4(0x0a020001 + i);
    cr_assert_eq(netif_addr_add(hlab_if(n, "Ethernet1/1"), &a, 24, false), 0);
    cr_assert_eq(netif_addr_add(hlab_if(n, "GigabitEthernet0/3"), &b, 24, false), 0);
    if (configure)
        configure(n);
    router_start(n->r);
}

static void power_off(struct hlab *l, unsigned i, bool notice)
{
    struct hlab_node *n = &l->node[i];
    if (!n->r)
        return;
    if (notice)
        router_reload(n->r, "test");
    router_free(n->r);
    rng_free(n->rng);
    n->r = NULL;
}

void hlab_kill(struct hlab *l, unsigned i)
{
    power_off(l, i, false);
}

void hlab_reload(struct hlab *l, unsigned i)
{
    power_off(l, i, true);
}

struct netif *hlab_if(struct hlab_node *n, const char *ifname)
{
    struct netif *nif = netif_get(n->r, ifname);
    cr_assert_not_null(nif);
    return nif;
}

struct hsrp_group *hlab_group(struct hlab_node *n, const char *ifname, unsigned group)
{
    struct hsrp_if *hif = hsrp_if_find(module_state(n->r, &hsrp_module), hlab_if(n, ifname));
    return hif ? hsrp_group_find(hif, group) : NULL;
}

enum hsrp_state hlab_state(struct hlab *l, unsigned i)
{
    struct hsrp_group *g = hlab_group(&l->node[i], "Ethernet1/1", 1);
    cr_assert_not_null(g);
    return g->state;
}

void hlab_debug(struct hlab_node *n, bool on)
{
    log_debug_set(n->r, &hsrp_module, HSRP_DBG_ERRORS, on);
    log_debug_set(n->r, &hsrp_module, HSRP_DBG_EVENTS, on);
    log_debug_set(n->r, &hsrp_module, HSRP_DBG_PACKETS, on);
}

bool hlab_said(struct hlab_node *n, const char *text)
{
    return n->log.s && strstr(n->log.s, text);
}

void hlab_forget(struct hlab_node *n)
{
    strbuf_free(&n->log);
    n->log = (struct strbuf){0};
}

/* ---- command handlers ---- */
struct cmd hlab_cmd(struct hlab_node *n, enum cmd_op op, struct args_interface *block, const char *ifname,
                    struct out *out)
{
    *block = (struct args_interface){0};
    snprintf(block->name.text, sizeof block->name.text, "%s", ifname);
    struct cmd c = {.router = n->r, .op = op, .out = out, .line = "", .blocks = 1, .booting = n->r->booting};
    c.block[0] = block;
    c.block_command[0] = "interface";
    return c;
}

static void swallow(void *arg, const char *text, size_t len)
{
    (void)arg;
    (void)text;
    (void)len;
}

#define CALL(handler, n, ifname, args)                                                                                 \
    struct args_interface block;                                                                                       \
    struct out *out = out_new_text(swallow, NULL);                                                                     \
    struct cmd c = hlab_cmd(n, CMD_SET, &block, ifname, out);                                                          \
    int result = handler(&c, args);                                                                                    \
    out_free(out);                                                                                                     \
    return result

int hlab_ip(struct hlab_node *n, const char *ifname, unsigned group, const char *vip)
{
    struct args_standby_ip a = {.group = group, .has_group = true};
    a.has_address = vip && addr_parse(vip, &a.address);
    CALL(hsrp_cmd_ip, n, ifname, &a);
}

int hlab_priority(struct hlab_node *n, const char *ifname, unsigned group, unsigned value)
{
    struct args_standby_priority a = {.group = group, .has_group = true, .value = value, .has_value = true};
    CALL(hsrp_cmd_priority, n, ifname, &a);
}

int hlab_preempt(struct hlab_node *n, const char *ifname, unsigned group, unsigned min, unsigned reload)
{
    struct args_standby_preempt a = {
        .group = group, .has_group = true, .min_s = min, .has_min_s = true, .reload_s = reload, .has_reload_s = true};
    CALL(hsrp_cmd_preempt, n, ifname, &a);
}

int hlab_timers_ms(struct hlab_node *n, const char *ifname, unsigned group, unsigned hello, unsigned hold)
{
    struct args_standby_timers a = {.group = group,
                                    .has_group = true,
                                    .kw_hello_msec = true,
                                    .kw_hold_msec = true,
                                    .hello_ms = hello,
                                    .hold_ms = hold};
    CALL(hsrp_cmd_timers, n, ifname, &a);
}

int hlab_timers(struct hlab_node *n, const char *ifname, unsigned group, unsigned hello, unsigned hold)
{
    struct args_standby_timers a = {.group = group, .has_group = true, .hello = hello, .hold = hold};
    CALL(hsrp_cmd_timers, n, ifname, &a);
}

int hlab_track(struct hlab_node *n, const char *ifname, unsigned group, const char *tracked)
{
    struct args_standby_track a = {.group = group, .has_group = true, .has_interface = true};
    snprintf(a.interface.text, sizeof a.interface.text, "%s", tracked);
    CALL(hsrp_cmd_track, n, ifname, &a);
}

int hlab_delay(struct hlab_node *n, const char *ifname, unsigned min, unsigned reload)
{
    struct args_standby_delay a = {.kw_minimum = true,
                                   .min_s = min,
                                   .has_min_s = true,
                                   .kw_reload = true,
                                   .reload_s = reload,
                                   .has_reload_s = true};
    CALL(hsrp_cmd_delay, n, ifname, &a);
}

int hlab_version(struct hlab_node *n, const char *ifname, unsigned version)
{
    struct args_standby_version a = {.number = version, .has_number = true};
    CALL(hsrp_cmd_version, n, ifname, &a);
}

int hlab_auth(struct hlab_node *n, const char *ifname, unsigned group, const char *text)
{
    struct args_standby_authentication a = {.group = group, .has_group = true, .string = text, .has_string = true};
    CALL(hsrp_cmd_authentication, n, ifname, &a);
}

char *hlab_show(struct hlab_node *n, bool brief, bool json)
{
    struct strbuf b = {0};
    struct args_interface block;
    struct args_show_standby a = {.kw_brief = brief};
    struct out *out = json ? out_new_json("show standby", strbuf_sink, &b) : out_new_text(strbuf_sink, &b);
    struct cmd c = hlab_cmd(n, CMD_RUN, &block, "", out);
    cr_assert_eq(hsrp_show_standby(&c, &a), CMD_OK);
    out_free(out);
    return b.s ? b.s : strdup("");
}

/* ---- as it is typed ---- */

struct world *htyped_pair(const char *one, const char *two)
{
    struct world *w = world_new(1);
    cr_assert_not_null(w);
    world_switch(w, "lan");
    const char *name[] = {"r1", "r2"}, *extra[] = {one, two};
    for (unsigned i = 0; i < 2; i++) {
        char cfg[3000];
        snprintf(cfg, sizeof cfg,
                 "hostname %s\ninterface Ethernet1/1\n ip address 10.1.0.%u 255.255.255.0\n"
                 " standby delay minimum 0 reload 0\n%s\nend\n",
                 name[i], i + 1, extra[i]);
        world_router(w, name[i], cfg);
        world_plug(w, name[i], "Ethernet1/1", "lan", name[i]);
        world_start(w, name[i]);
    }
    return w;
}

char *htyped_run(struct world *w, const char *name, const char *command)
{
    int status = 0;
    char *s = world_exec(w, name, command, &status);
    cr_assert_eq(status, 0, "%s: %s", command, s);
    return s;
}

void htyped_expect(struct world *w, const char *name, const char *command, const char *want, bool there)
{
    char *s = htyped_run(w, name, command);
    cr_assert_eq(strstr(s, want) != NULL, there, "%s %s: %s '%s' in\n%s", name, command, there ? "no" : "unwanted",
                 want, s);
    free(s);
}

void htyped_configure(struct world *w, const char *name, const char *lines)
{
    cr_assert_eq(world_config(w, name, lines), 0, "%s: %s", name, lines);
}
