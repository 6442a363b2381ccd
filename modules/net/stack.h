/* What the files of the IP stack know of each other: the state behind router->net, an interface with what only the
 * stack sees, and the internal calls. Nothing outside modules/net includes this, except modules/interface for its
 * show commands and modules/mirror. */
#ifndef TAPIR_NET_STACK_H
#define TAPIR_NET_STACK_H
#include "modules/core/log.h"
#include "modules/core/router.h"
#include "modules/core/stat.h"
#include "modules/net/bytes.h"
#include "modules/net/ip.h"
#include "modules/net/netif.h"
#include <errno.h>

enum { NIF_GROUPS_MAX = 32, NIF_VIPS_MAX = 512, NIF_ADDRS_MAX = 256, NETIFS_MAX = 1024, UDP_PORTS_MAX = 64 };
enum { ETHER_HLEN = 14, ETHERTYPE_IP_ = 0x0800, ETHERTYPE_ARP_ = 0x0806, ETHERTYPE_VLAN_ = 0x8100, IP_HLEN = 20 };

struct net;
struct acl;
struct vip {
    uint32_t ip;
    struct mac mac;
};
/* What the data plane counts and gathers for an interface; nobody else writes it. */
struct nif_fast {
    stat64 in_packets, in_bytes, out_packets, out_bytes, in_drops;
    stat64 last_in, last_out; /* ns, loop_now(); 0: never */
    struct frame_vec tx;      /* IP headers at data, link headers in front */
    bool dirty, join;
    struct nif *next;
};
/* netif is the first member: a struct netif * of this router is a struct nif *. */
struct nif {
    struct netif n;
    struct net *net;
    struct vip *vips;
    unsigned n_vips;
    uint32_t groups[NIF_GROUPS_MAX];
    bool overheard[NIF_GROUPS_MAX]; /* accepted, but not joined as far as anybody is told */
    unsigned n_groups;
    struct frame_vec txv; /* frames of this step */
    bool tx_dirty;
    bool proto_up; /* last announced line state */
    bool pulled;   /* the data plane's thread reads its link */
    struct nif_fast fast;
    const struct link_fault_spec *fault; /* while netif_fault() hands it over */
    struct nif *next_dead;               /* removed, and remembered for a while */
    struct nif *parent;                  /* of a subinterface that can have a VLAN (vlan.h); NULL */
    struct vlans *vlans;                 /* of its subinterfaces; NULL: never had any */
    _Atomic(uint16_t) vlan;              /* 0: none */
    atomic_bool native;                  /* sends without tag, takes what has none */
    uint64_t in_unknown, resets;
    nstime last_in, last_out, cleared; /* 0: never */
    struct netif_counters base;        /* at the last `clear counters` */
    uint64_t base_unknown;
    bool addr_nvram; /* the address came from startup-config */
    struct timer load;
    uint64_t load_in_b, load_in_p, load_out_b, load_out_p; /* counters at the last sample */
    double rate[4];     /* bits/s in, packets/s in, bits/s out, packets/s out: averages over load_s */
    uint16_t load_s;    /* load-interval; 0: 300 s */
    uint32_t bandwidth; /* as configured, kbit/s; 0: the medium's */
    /* Access groups bound to lists; refreshed when the generation moved. */
    struct acl *acl[2]; /* in, out */
    uint32_t acl_gen;
};
static inline struct nif *nif_of(const struct netif *n)
{
    return (struct nif *)(uintptr_t)n;
}

/* A header that was checked. */
struct ip4 {
    uint32_t src, dst;
    uint16_t len, id, frag; /* frag: flags and offset as on the wire */
    uint8_t hlen, proto, ttl, tos;
};
enum { IP_DF = 0x4000, IP_MF = 0x2000, IP_OFFMASK = 0x1fff };
/* Length, version, header length and checksum; NULL when good, else the drop reason. */
const char *ip_parse(const struct frame *f, struct ip4 *ip);

enum local_kind { LOCAL_NONE, LOCAL_UNICAST, LOCAL_BROADCAST };
struct local_entry {
    uint32_t ip;
    uint8_t kind;
    struct nif *nif;
    const struct vip *vip; /* NULL: a real address */
};

struct ip_stats {
    uint64_t received, received_bytes, delivered, forwarded, sent;
    uint64_t bad_header, bad_checksum, bad_ttl, no_route, bad_source, options;
    uint64_t frags_in, reassembled, reass_timeout, reass_fail, fragmented, frags_out, cant_fragment;
    uint64_t bcast_in, mcast_in, encap_failed;
    uint64_t icmp_in, icmp_bad, icmp_echo_in, icmp_reply_in, icmp_unreach_in, icmp_time_in, icmp_other_in;
    uint64_t icmp_out, icmp_echo_out, icmp_reply_out, icmp_unreach_out, icmp_time_out, icmp_redirect_out, icmp_limited;
    uint64_t udp_in, udp_bad, udp_no_port, udp_out;
    uint64_t arp_req_in, arp_rep_in, arp_req_out, arp_rep_out, arp_proxy_out;
};

struct udp_port {
    uint16_t port;
    udp_input_fn fn;
    void *arg;
    unsigned part; /* whose time (meter.h) */
};
struct ip_proto {
    ip_input_fn fn;
    void *arg;
    void (*vec)(void *arg, struct frame_vec *v);
    void *vec_arg;
};
typedef void (*icmp_listen_fn)(void *arg, const struct ip_rx *rx, uint8_t type, uint8_t code, uint32_t rest,
                               const uint8_t *body, size_t len);
struct icmp_listener {
    icmp_listen_fn fn;
    void *arg;
};
enum { ICMP_LISTENERS_MAX = 32, DROP_REASONS_MAX = 192 };
struct drop_count {
    const char *reason;
    uint64_t n;
};
typedef void (*drop_hook_fn)(void *arg, const char *reason, const struct frame *f);
typedef void (*arp_duplicate_fn)(void *arg, struct netif *nif, const struct addr *a, const struct mac *by);

struct net {
    struct router *router;
    struct loop *loop;
    struct dp *dp;                /* the data plane */
    _Atomic(uint32_t) generation; /* moves whenever an answer of the flow table may have changed */
    bool started;                 /* before: interfaces are down, whatever their links say */
    struct nif **nifs;
    unsigned n_nifs, next_index;
    struct nif *dead;          /* removed not long ago */
    struct local_entry *local; /* open addressing, rebuilt when an address changes */
    uint32_t local_mask;
    struct arp *arp;
    struct arp_ask *asks;
    struct rib *rib;
    struct reassembly *reass;
    struct acls *acls;
    struct host *hosts; /* hosts.h, by name */
    unsigned n_hosts;
    struct objgroups *objgroups;     /* NULL: none yet */
    struct time_ranges *time_ranges; /* likewise */
    struct ip_proto proto[256];
    struct udp_port udp[UDP_PORTS_MAX];
    unsigned n_udp;
    ip_input_fn udp_other; /* the mirror's; NULL: none */
    void *udp_other_arg;
    void (*on_addresses)(void *arg);
    void *on_addresses_arg;
    const struct ip_crypto_ops *crypto;
    void *crypto_ctx;
    struct icmp_listener icmp[ICMP_LISTENERS_MAX];
    struct drop_count drops[DROP_REASONS_MAX];
    unsigned n_drops;
    arp_proxy_fn on_proxy;
    void *on_proxy_arg;
    ip_redirect_fn on_redirect;
    void *on_redirect_arg;
    drop_hook_fn drop_hook;
    void *drop_hook_arg;
    arp_duplicate_fn on_duplicate;
    void *on_duplicate_arg;
    unsigned depth; /* of calls into the stack: frames leave when it is 0 again */
    unsigned n_tx_dirty;
    uint16_t ident;                      /* IP identification */
    struct frame *loop_head, *loop_tail; /* packets to ourselves */
    unsigned n_loop;
    struct task loop_task;
    double icmp_tokens;
    nstime icmp_refill;
    struct ip_stats stats, stats_base; /* base: at the last clear ip traffic */
    char debug_list[64];               /* debug ip packet: the list that a packet must pass; "": all */
    bool debug_detail;                 /* and the header behind IP's */
    char debug_note[96];               /* " (detailed) for access list 101" */
    struct route_watch *route_watch;   /* debug ip routing */
};
static inline struct net *net_of(const struct router *r)
{
    return r->net;
}

/* ---- net.c ---- */
static inline void net_enter(struct net *net)
{
    net->depth++;
}
void net_leave(struct net *net); /* sends what was gathered when the outermost call ends */
struct local_entry *net_local_find(const struct net *net, uint32_t ip);
void net_local_rebuild(struct net *net);

/* All that was dropped, by stack, data plane and links, in order of the reasons; malloc'd. */
unsigned drop_snapshot(struct net *net, struct drop_count **out);
struct ip_stats net_stats(const struct net *net); /* what stack and data plane counted since the last clear */
void net_stats_clear(struct net *net);

/* ---- netif.c, netif_addr.c ---- */
void netif_event(struct nif *nif, enum netif_event ev);
void netif_refresh(struct nif *nif); /* line state from admin, link and start; events and log lines */
const struct vip *netif_vip_of(const struct nif *nif, uint32_t ip);
uint32_t netif_source_for(const struct nif *nif, uint32_t dst); /* own address on dst's subnet, else the primary */
bool netif_subnet_has(const struct nif *nif, uint32_t ip);
bool netif_joined(const struct nif *nif, uint32_t group);
void netif_free_all(struct net *net);
/* All that was counted on it, by stack and data plane. */
struct netif_counters netif_counters(const struct nif *nif);
nstime netif_last(const struct nif *nif, bool in); /* loop_now() of the last packet; 0: never */

/* ---- ether.c ---- */
void ether_input(void *nif, struct frame_vec *v);      /* from the link; consumes */
void ether_slow(struct nif *nif, struct frame_vec *v); /* what the fast path leaves to the stack; consumes */
bool ether_is_ours(const struct nif *nif, const uint8_t *dst);
void ether_send(struct nif *nif, struct frame *f, const struct mac *dst, const struct mac *src, uint16_t type);
void ether_flush(struct nif *nif);

/* ---- arp.c ---- */
enum arp_state { ARP_INCOMPLETE, ARP_REACHABLE, ARP_PROBE };
struct arp_view {
    uint32_t ip;
    struct mac mac;
    enum arp_state state;
    struct nif *nif;
    nstime age;
    bool own;
};
int arp_init(struct net *net);
void arp_fini(struct net *net);
void arp_input(struct nif *nif, struct frame *f); /* consumes; data at the ARP header */
/* Resolves next_hop and sends, or holds the packet. Consumes f (IP header at data). */
void arp_send_to(struct nif *nif, uint32_t next_hop, struct frame *f, const struct mac *src);
void arp_request_to(struct nif *nif, uint32_t ip); /* one broadcast request, beside the cache */
void arp_ask_heard(struct nif *nif, uint32_t ip);  /* arp_ask.c: an ARP packet from there */
void arp_ask_free_all(struct net *net);
void arp_forget(struct nif *nif, uint32_t ip);
bool arp_resolved(struct nif *nif, uint32_t ip,
                  struct mac *mac); /* the neighbour's address is known; changes nothing */
const struct mac *arp_source_mac(const struct nif *nif, uint32_t src_ip);
void arp_flush(struct net *net, struct nif *nif,
               bool refresh);       /* nif NULL: all; refresh: probe instead of forgetting */
void arp_announce(struct nif *nif); /* gratuitous ARP for the interface's own addresses */
/* All entries, own ones included, in order of address; malloc'd. */
unsigned arp_snapshot(struct net *net, struct arp_view **out);

/* ---- ip_input.c / ip_output.c / frag.c ---- */
void ip_input(struct nif *in, struct frame_vec *v);
bool ip_martian_source(const struct net *net, uint32_t src);
bool ip_martian_destination(uint32_t dst);
void ip_deliver(struct net *net, struct frame *f, const struct ip4 *ip, struct frame_vec *esp);
bool ip_output_packet(struct net *net, struct nif *out, uint32_t next_hop, struct frame *f, const struct mac *src);
void ip_output_batch(struct net *net, struct nif *out, unsigned n, struct frame **f, const uint32_t *next_hop);
void ip_fragment(struct net *net, struct nif *out, uint32_t next_hop, struct frame *f, const struct mac *src);
int reass_init(struct net *net);
void reass_fini(struct net *net);
unsigned reass_pending(const struct net *net);
/* Consumes a fragment; gives the whole datagram when it was the last missing one, else NULL. */
struct frame *reass_input(struct net *net, struct frame *f, const struct ip4 *ip);
uint16_t ip_ident_next(struct net *net);

/* ---- icmp.c / udp.c ---- */
void icmp_input(struct net *net, const struct ip_rx *rx, struct frame *f);
/* A packet from src goes out where it came in: whether its sender is to be told, and telling it. Borrows f, whose
 * Ethernet header stands in front of the data. */
bool icmp_redirect_due(const struct nif *in, const struct nif *out, uint32_t src);
void icmp_redirect(struct net *net, const struct frame *f, uint32_t gateway);
void udp_input(struct net *net, const struct ip_rx *rx, struct frame *f);
/* Echo replies and errors, for ping, traceroute and path MTU. The last argument pair borrows the message body. */
int icmp_listen(struct router *r, icmp_listen_fn fn, void *arg);
void icmp_unlisten(struct router *r, icmp_listen_fn fn, void *arg);

/* ---- route.c ---- */
int rib_init(struct net *net);
void rib_fini(struct net *net);
void rib_touch(struct net *net); /* interfaces or addresses changed */
struct fib_hop {
    struct nif *out;  /* NULL: discard (Null0) */
    uint32_t gateway; /* 0: the destination itself */
    const struct route *route;
};
/* The hop for dst; flow spreads over equal ones. NULL: no route. */
const struct fib_hop *fib_lookup(struct net *net, uint32_t dst, uint32_t flow);
/* What is in force, in order of prefix, one call per next hop. */
void rib_foreach(struct net *net, void (*fn)(void *ctx, const struct route *rt, const struct nif *out), void *ctx);

/* ---- acl.c ---- */
int acls_init(struct net *net);
void acls_fini(struct net *net);
bool acl_permits(struct nif *nif, unsigned direction, const struct frame *f); /* 0 in, 1 out; counts and logs */
/* As acl_permits for every packet of the flow, without counting: *count is the line's counter (NULL: none). false:
 * denied, or each packet has to be looked at. */
bool acl_probe(struct nif *nif, unsigned direction, const struct acl_flow *flow, stat64 **count);
#endif
