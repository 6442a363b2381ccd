/* What a pasted configuration asked for and Tapir does not have: the rejected lines by protocol, a rejected block's
 * lines with it, named in one line at the end of a paste. Called by paste.c. */
#include "cli/paste_missing.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *words, *name; /* words: how the line begins, behind `no`; the longer ones first */
} features[] = {{"router bgp", "BGP"},
                {"router ospf", "OSPF"},
                {"router eigrp", "EIGRP"},
                {"router rip", "RIP"},
                {"router isis", "IS-IS"},
                {"router odr", "ODR"},
                {"router lisp", "LISP"},
                {"router ", "routing protocols"},
                {"ip ospf", "OSPF"},
                {"ipv6 ospf", "OSPF"},
                {"ospfv3", "OSPF"},
                {"ipv6 router ospf", "OSPF"},
                {"ip eigrp", "EIGRP"},
                {"ipv6 eigrp", "EIGRP"},
                {"ipv6 router eigrp", "EIGRP"},
                {"ip summary-address eigrp", "EIGRP"},
                {"ip hold-time eigrp", "EIGRP"},
                {"ip hello-interval eigrp", "EIGRP"},
                {"ip bandwidth-percent eigrp", "EIGRP"},
                {"ip authentication", "EIGRP"},
                {"ip split-horizon eigrp", "EIGRP"},
                {"ip rip", "RIP"},
                {"ip router isis", "IS-IS"},
                {"ipv6 router isis", "IS-IS"},
                {"isis", "IS-IS"},
                {"clns", "IS-IS"},
                {"ip bgp", "BGP"},
                {"ip nat", "NAT"},
                {"class-map", "QoS"},
                {"policy-map", "QoS"},
                {"service-policy", "QoS"},
                {"ip pim", "IP multicast"},
                {"ip igmp", "IP multicast"},
                {"ip multicast", "IP multicast"},
                {"ip mroute", "IP multicast"},
                {"ip msdp", "IP multicast"},
                {"mpls", "MPLS"},
                {"segment-routing", "MPLS"},
                {"xconnect", "L2VPN"},
                {"l2vpn", "L2VPN"},
                {"pseudowire", "L2VPN"},
                {"vrf", "VRFs"},
                {"ip vrf", "VRFs"},
                {"ip route vrf", "VRFs"},
                {"glbp", "GLBP"},
                {"vrrp", "VRRP"},
                {"crypto ikev2", "IKEv2"},
                {"crypto gdoi", "GDOI"},
                {"crypto gkm", "GDOI"},
                {"ip sla", "IP SLA"},
                {"bfd", "BFD"},
                {"switchport", "switching"},
                {"vlan", "switching"},
                {"channel-group", "switching"},
                {"zone", "zone-based firewall"},
                {"flow ", "NetFlow"},
                {"voice ", "voice"},
                {"dial-peer", "voice"},
                {"gatekeeper", "voice"},
                {"mgcp", "voice"},
                {"sip-ua", "voice"},
                {"telephony-service", "voice"},
                {"tacacs", "TACACS+"},
                {"radius", "RADIUS"},
                {"event manager", "EEM"}};
enum { FEATURES = sizeof features / sizeof *features };

struct missing {
    const char **line; /* of the file; borrowed */
    int *feature;      /* of a rejected line; -1: accepted, or none */
    unsigned n;
    unsigned count[FEATURES];
};

struct missing *missing_new(const char *text)
{
    struct missing *m = calloc(1, sizeof *m);
    unsigned n = 1;
    for (const char *s = text; *s; s++)
        n += *s == '\n' || (*s == '\r' && s[1] != '\n');
    if (!m)
        return NULL;
    m->line = calloc(n + 1, sizeof *m->line);
    m->feature = calloc(n + 1, sizeof *m->feature);
    if (!m->line || !m->feature) {
        missing_free(m);
        return NULL;
    }
    for (const char *s = text; *s && m->n < n;) {
        m->feature[m->n] = -1;
        m->line[m->n++] = s;
        s += strcspn(s, "\r\n");
        s += *s == '\r' && s[1] == '\n' ? 2 : *s != 0;
    }
    return m;
}

void missing_free(struct missing *m)
{
    if (!m)
        return;
    free(m->line);
    free(m->feature);
    free(m);
}

static bool indented(const char *s)
{
    return *s == ' ' || *s == '\t';
}

static int feature_of(const char *s)
{
    s += strspn(s, " \t");
    if (!strncmp(s, "no ", 3))
        s += 3;
    for (int i = 0; i < FEATURES; i++)
        if (!strncmp(s, features[i].words, strlen(features[i].words)))
            return i;
    return -1;
}

bool missing_is(const char *line)
{
    return feature_of(line) >= 0;
}

void missing_line(struct missing *m, unsigned lineno)
{
    if (!m || !lineno || lineno > m->n)
        return;
    unsigned at = lineno - 1, head = at;
    int f = feature_of(m->line[at]);
    while (head > 0 && indented(m->line[head]))
        head--;
    if (head != at && m->feature[head] >= 0)
        f = m->feature[head];
    m->feature[at] = f;
    if (f >= 0)
        m->count[f]++;
}

void missing_print(const struct missing *m)
{
    bool any = false;
    for (unsigned i = 0; m && i < FEATURES; i++) {
        unsigned n = 0;
        bool first = true;
        for (unsigned k = 0; k < FEATURES; k++) {
            if (strcmp(features[k].name, features[i].name) != 0)
                continue;
            first = first && k >= i;
            n += m->count[k];
        }
        if (!n || !first)
            continue;
        printf("%s%s (%u line%s)", any ? ", " : "not in Tapir: ", features[i].name, n, n == 1 ? "" : "s");
        any = true;
    }
    if (any)
        putchar('\n');
}
