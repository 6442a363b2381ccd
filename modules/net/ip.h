/* The IPv4 stack as the protocols see it: send, receive by protocol or UDP port, routes, access lists,
 * crypto hooks, named drop reasons. Frame functions say whether they consume. */
#ifndef TAPIR_NET_IP_H
#define TAPIR_NET_IP_H
#include "modules/core/addr.h"
#include "modules/core/frame.h"
#include "modules/net/netif.h"

struct router;
struct dp;
struct fast_open;
struct fast_protect;
struct fast_seal;
struct acl_flow;
enum { IPPROTO_ICMP_ = 1, IPPROTO_UDP_ = 17, IPPROTO_ESP_ = 50, IPPROTO_SCTP_ = 132 };

/* ---- sending ---- */
struct ip_tx {
    struct addr src, dst;    /* src ADDR_NONE: the outgoing interface's primary address */
    uint8_t proto, ttl, tos; /* ttl 0: 255 */
    bool df;
    bool id_zero;              /* IP identification 0 (HSRP as IOS sends it) */
    struct netif *netif;       /* force the interface (multicast, HSRP); NULL: routed */
    const struct mac *src_mac; /* Ethernet source; NULL: the interface's or the virtual address's */
    bool no_crypto;            /* bypass crypto policy (IKE, ESP itself) */
};
/* Consumes payload (data = transport header). 0, or -errno (-ENETUNREACH, -EHOSTDOWN, -EMSGSIZE with df). */
int ip_send(struct router *r, const struct ip_tx *tx, struct frame *payload);
/* UDP with checksum. Borrows data. */
struct udp_tx {
    struct ip_tx ip;
    uint16_t sport, dport;
    bool no_checksum;
};
int udp_send(struct router *r, const struct udp_tx *tx, const void *data, size_t len);

/* ---- receiving: datagrams are reassembled, header-checked, addressed to this router ---- */
struct ip_rx {
    struct addr src, dst;
    uint8_t proto, ttl, tos;
    struct netif *in;
    uint16_t header_len;
};
/* Consumes f; f->data is at the transport header (the IP header stands right in front of it). */
typedef void (*ip_input_fn)(void *arg, const struct ip_rx *rx, struct frame *f);
int ip_proto_register(struct router *r, uint8_t proto, ip_input_fn fn, void *arg); /* -EEXIST */
/* Vector form for ESP: all frames of a step at once; each f->data is at the IP header. Consumes. */
int ip_proto_register_vec(struct router *r, uint8_t proto, void (*fn)(void *arg, struct frame_vec *v), void *arg);
struct udp_rx {
    struct ip_rx ip;
    uint16_t sport, dport;
};
/* Consumes f; f->data is at the UDP payload. Checksum verified (0 is accepted). Local address any. */
typedef void (*udp_input_fn)(void *arg, const struct udp_rx *rx, struct frame *f);
int udp_bind(struct router *r, uint16_t port, udp_input_fn fn, void *arg); /* -EEXIST */
void udp_unbind(struct router *r, uint16_t port);
/* Takes what arrives for ports that nobody has bound (f->data at the UDP header); NULL: port unreachable. */
void udp_other(struct router *r, ip_input_fn fn, void *arg);
int ip_join_group(struct netif *nif, const struct addr *group);     /* accept this multicast */
int ip_overhear_group(struct netif *nif, const struct addr *group); /* the same, without a word in show ip interface */
void ip_leave_group(struct netif *nif, const struct addr *group);

/* ---- crypto hooks (ipsec) ---- */
struct ip_crypto_ops {
    /* IPv4 packets (f->data at the IP header) about to leave `out`, which has nif->crypto set; before
     * fragmentation. Consumes protected ones (encapsulated and sent with ip_output, or dropped, or held),
     * leaves in v exactly those that go in clear. */
    void (*output)(void *ctx, struct netif *out, struct frame_vec *v);
    bool (*uses_list)(void *ctx, const char *acl); /* some map matches by this access list */
    /* A packet that arrived in clear on an interface with a map, or after decryption (f->flags): true = pass. */
    bool (*input_check)(void *ctx, struct netif *in, struct frame *f);

    /* The fast path (fast.h). Classifying, without side effects, the loop's lock held: */
    int (*probe_out)(void *ctx, struct netif *out, const struct acl_flow *flow,
                     struct fast_protect *p);                                   /* enum fast_verdict */
    bool (*probe_in)(void *ctx, struct netif *in, const struct acl_flow *flow); /* may come in clear */
    /* The SA of an ESP packet to us, if packets may use it; sport: the peer's UDP port, 0 without UDP. */
    void *(*probe_spi)(void *ctx, const struct addr *dst, uint32_t spi, uint16_t sport);
    bool (*probe_inner)(void *ctx, void *sa, const struct acl_flow *flow, uint16_t *mss); /* it may carry that */
    /* The data plane at work, no lock held. Both consume. open: inner packets (IP header at data) and the SA of each.
     */
    uint32_t (*serial)(const void *sa); /* not 0, another for every SA */
    void (*seal)(void *ctx, struct dp *dp, struct fast_seal *items, unsigned n);
    /* I3, where time costs nothing: the packet leaves in clear, is that what the policy says now? */
    void (*check_clear)(void *ctx, struct netif *out, const struct frame *f);
    unsigned (*open)(void *ctx, struct dp *dp, struct fast_open *items, unsigned n, struct frame **inner, void **sa);
};
void ip_crypto_set(struct router *r, const struct ip_crypto_ops *ops, void *ctx);
/* A complete IPv4 packet (f->data at the IP header): route and send. Consumes. With FRAME_CRYPTO_DONE no policy. */
void ip_output(struct router *r, struct frame *f);
/* Decrypted inner packets (FRAME_DECRYPTED) enter the stack as if received on f->in. Consumes all. */
void ip_input_inner(struct router *r, struct frame_vec *v);
/* ICMP destination unreachable / fragmentation needed / time exceeded about packet f (borrows). */
void icmp_error(struct router *r, const struct frame *f, uint8_t type, uint8_t code, uint16_t mtu);

/* A packet goes out where it came in, to a next hop on its sender's subnet: an ICMP redirect is due. The hook (HSRP) is
 * asked first: it may put another address into *gateway (the virtual one of the group that the next hop is Active for)
 * and into *source (of the group that the packet was addressed to), or say no. to: the packet's Ethernet destination.
 * One a router. */
typedef bool (*ip_redirect_fn)(void *arg, struct netif *nif, const struct mac *to, struct addr *gateway,
                               struct addr *source);
void ip_on_redirect(struct router *r, ip_redirect_fn fn, void *arg);

/* ---- routes: longest match, several next hops ---- */
enum route_source { ROUTE_CONNECTED, ROUTE_LOCAL, ROUTE_STATIC, ROUTE_RRI /* reverse-route: shown as static */ };
struct route {
    uint32_t vrf; /* 0 today */
    struct prefix prefix;
    enum route_source source;
    uint8_t distance;
    struct addr next_hop; /* ADDR_NONE: on the interface */
    char ifname[40];      /* "" : resolved through next_hop */
    uint32_t owner;       /* RRI: reference counted by owner (SPI) */
    const bool *gate;     /* not in force while this says false; outlives the route. NULL: always in force */
};
int route_add(struct router *r, const struct route *rt);
int route_del(struct router *r, const struct route *rt);
void route_gates_changed(struct router *r); /* what a gate says is another now */
struct route_hit {
    struct netif *netif;
    struct addr next_hop; /* the address to resolve by ARP */
    const struct route *route;
};
bool route_lookup(struct router *r, const struct addr *dst, struct route_hit *hit);
/* The route of exactly this prefix, if one is in force (route tracking). next_hop ADDR_NONE or 0.0.0.0: connected. */
bool route_find(struct router *r, const struct prefix *prefix, struct route_hit *hit);

/* ---- access lists (net/acl) ---- */
struct acl_flow {
    struct addr src, dst;
    uint8_t proto;
    uint16_t sport, dport;
    uint8_t icmp_type, icmp_code, tcp_flags, tos;
    bool fragment; /* not the first */
};
struct acl_rule { /* read-only view of one line, for crypto selectors */
    uint32_t seq;
    bool permit;
    uint8_t proto; /* 0: ip */
    struct addr src, dst;
    uint32_t src_wild, dst_wild;                     /* host order; 0xffffffff: any */
    uint16_t sport_lo, sport_hi, dport_lo, dport_hi; /* 0..65535: any */
};
enum acl_verdict { ACL_NONE /* no such list */, ACL_NO_MATCH, ACL_PERMIT, ACL_DENY };
/* Counts the match when count is set. rule may be NULL. */
enum acl_verdict acl_match(struct router *r, const char *name, const struct acl_flow *flow, bool count,
                           const struct acl_rule **rule);
bool acl_exists(struct router *r, const char *name);
const struct acl_rule *acl_rule_next(struct router *r, const char *name,
                                     const struct acl_rule *prev); /* NULL starts/ends */
bool acl_rule_active(const struct acl_rule *rule);                 /* its time range says so */
/* The same flow on a list that logs it (access-class). */
void acl_log_hit(struct router *r, const char *name, const struct acl_rule *rule, const struct acl_flow *flow);
void acl_rule_text(const struct acl_rule *rule, char *buf, size_t len); /* "permit ip host A host B" */
/* Fills flow from the packet at data (IP header). false: malformed. */
bool ip_flow_of(const uint8_t *ip, size_t len, struct acl_flow *flow);

/* ---- drops: every discarded frame has a name (show drops, show ip traffic) ---- */
/* Names are static strings, e.g. "esp-replay"; registered on first use per router. Consumes f. */
void ip_drop(struct router *r, const char *reason, struct frame *f);
void ip_drop_count(struct router *r, const char *reason, unsigned n); /* no frame at hand */
uint64_t ip_drop_get(struct router *r, const char *reason);
/* Trace hook: sees every drop with its reason (tests, debug). */
void ip_drop_hook(struct router *r, void (*fn)(void *arg, const char *reason, const struct frame *f), void *arg);

uint16_t ip_checksum(const void *data, size_t len);
#endif
