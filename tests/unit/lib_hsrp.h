/* A LAN of routers that run HSRP, on simulated time and a memory switch, configured through the command
 * handlers. For tests/unit/test_hsrp_*.c. */
#ifndef TESTS_LIB_HSRP_H
#define TESTS_LIB_HSRP_H
#include "cli/world.h"
#include "hsrp_cmd.h"
#include "interface_cmd.h"
#include "modules/hsrp/hsrp_internal.h"

enum { HLAB_ROUTERS = 3 };
struct hlab;
struct hlab_node {
    struct hlab *lab;
    const char *name;
    struct router *r;
    struct router_host host;
    struct storage storage;
    struct rng *rng;
    struct strbuf log; /* "seconds text" per event */
};
struct hlab_count { /* frames seen on the LAN */
    unsigned hello, coup, resign, adv, garp, other, bad;
    nstime last_active_hello;
};
struct hlab {
    struct loop *loop;
    struct memswitch *sw, *sw2; /* Ethernet1/1 and GigabitEthernet0/3 */
    struct link *stranger;      /* a port to inject frames from */
    struct hlab_node node[HLAB_ROUTERS];
    struct hlab_count count;
    void *pcap; /* pcap_dumper_t when the environment has HLAB_PCAP */
    void *pcap_handle;
};

void hlab_init(struct hlab *l);
void hlab_free(struct hlab *l);
void hlab_run(struct hlab *l, double seconds);
double hlab_now(const struct hlab *l);
/* Power on: Ethernet1/1 10.1.0.(1+n)/24 and GigabitEthernet0/3 10.2.0.(1+n)/24. from_startup counts as a reload.
 * configure runs while the router boots. */
void hlab_start(struct hlab *l, unsigned n, bool from_startup, void (*configure)(struct hlab_node *node));
void hlab_kill(struct hlab *l, unsigned n);   /* power cut */
void hlab_reload(struct hlab *l, unsigned n); /* with notice, stays off */
struct netif *hlab_if(struct hlab_node *n, const char *ifname);
struct hsrp_group *hlab_group(struct hlab_node *n, const char *ifname, unsigned group);
enum hsrp_state hlab_state(struct hlab *l, unsigned n); /* Ethernet1/1 group 1 */
void hlab_debug(struct hlab_node *n, bool on);
bool hlab_said(struct hlab_node *n, const char *text);
void hlab_forget(struct hlab_node *n); /* empties the log */

/* A UDP datagram to port 1985 from 10.1.0.99's MAC: 42 octets of headers in front of data. */
void hlab_inject(struct hlab *l, uint32_t src, uint32_t dst, uint8_t ttl, const void *data, size_t len);
void hlab_inject_frame(struct hlab *l, const void *frame, size_t len);

/* Configuration of Ethernet1/1 group 1 (hlab_cmd: any). All return what the handler did. */
struct cmd hlab_cmd(struct hlab_node *n, enum cmd_op op, struct args_interface *block, const char *ifname,
                    struct out *out);
int hlab_ip(struct hlab_node *n, const char *ifname, unsigned group, const char *vip);
int hlab_priority(struct hlab_node *n, const char *ifname, unsigned group, unsigned value);
int hlab_preempt(struct hlab_node *n, const char *ifname, unsigned group, unsigned min, unsigned reload);
int hlab_timers_ms(struct hlab_node *n, const char *ifname, unsigned group, unsigned hello, unsigned hold);
int hlab_timers(struct hlab_node *n, const char *ifname, unsigned group, unsigned hello, unsigned hold);
int hlab_track(struct hlab_node *n, const char *ifname, unsigned group, const char *tracked);
int hlab_delay(struct hlab_node *n, const char *ifname, unsigned min, unsigned reload);
int hlab_version(struct hlab_node *n, const char *ifname, unsigned version);
int hlab_auth(struct hlab_node *n, const char *ifname, unsigned group, const char *text);
/* Runs a show handler; the text is malloc'd. */
char *hlab_show(struct hlab_node *n, bool brief, bool json);

/* ---- the same as it is typed, in a world ---- */

/* r1 and r2 with Ethernet1/1 10.1.0.1 and .2/24 on a LAN, HSRP without delay; one, two: the rest of their
 * configurations, which begins in the interface. */
struct world *htyped_pair(const char *one, const char *two);
char *htyped_run(struct world *w, const char *name, const char *command); /* must be good; malloc'd */
/* What the command prints has `want` in it, or has not. */
void htyped_expect(struct world *w, const char *name, const char *command, const char *want, bool there);
void htyped_configure(struct world *w, const char *name, const char *lines);
#endif
