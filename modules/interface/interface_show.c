/* What shows interfaces: show ip interface [brief], show interfaces [description], clear counters. Layouts: ios-cli
 * 11.2, 11.3, 11.10. */
#include "modules/interface/interface_show.h"
#include "interface_cmd.h"
#include "modules/net/stack.h"
#include <math.h>
#include <stdio.h>

const char *interface_status(const struct netif *n)
{
    const struct nif *parent = nif_of(n)->parent; /* that is shut: so is a subinterface */
    bool up = n->admin_up && (!parent || parent->n.admin_up);
    return !up ? "administratively down" : n->link_up && n->line_up ? "up" : "down";
}
static const char *line_of(const struct netif *n)
{
    return n->line_up ? "up" : "down";
}
static bool is_null(const struct netif *n)
{
    return !strncmp(n->name, "Null", 4);
}

int interface_show_ip_brief(struct cmd *c, struct args_show_ip_interface_brief *a)
{
    char buf[ADDR_STRLEN];
    if (a->has_name && !netif_find(c->router, a->name.text))
        return cmd_error(c, "%%Invalid interface type and number");
    out_text(c->out, "%-23s%-16s%-4s%-7s%-22s%-8s\n", "Interface", "IP-Address", "OK?", "Method", "Status", "Protocol");
    out_array(c->out, NULL);
    for (struct netif *n = NULL; (n = netif_next(c->router, n));) {
        if (is_null(n) || (a->has_name && strcmp(n->name, a->name.text) != 0))
            continue;
        struct addr p = netif_primary(n);
        bool set = !addr_is_none(&p);
        const char *method = !set ? "unset" : nif_of(n)->addr_nvram ? "NVRAM" : "manual";
        const char *text = set ? addr_format(&p, buf) : "unassigned";
        out_text(c->out, "%-23s%-16s%-4s%-7s%-22s%-8s\n", n->name, text, "YES", method, interface_status(n),
                 line_of(n));
        out_object(c->out, NULL);
        out_str(c->out, "interface", n->name);
        out_str(c->out, "ip_address", text);
        out_bool(c->out, "ok", true);
        out_str(c->out, "method", method);
        out_str(c->out, "status", interface_status(n));
        out_str(c->out, "protocol", line_of(n));
        out_end(c->out);
    }
    out_end(c->out);
    return CMD_OK;
}

int interface_show_description(struct cmd *c, struct args_show_interfaces_description *a)
{
    if (a->has_name && !netif_find(c->router, a->name.text))
        return cmd_error(c, "%%Invalid interface type and number");
    out_text(c->out, "Interface                      Status         Protocol Description\n");
    out_array(c->out, NULL);
    for (struct netif *n = NULL; (n = netif_next(c->router, n));) {
        const char *status = interface_status(n)[0] == 'a' ? "admin down" : interface_status(n);
        if (a->has_name && strcmp(n->name, a->name.text) != 0)
            continue;
        out_text(c->out, "%-31s%-15s%-8s %s\n", n->shortname, status, line_of(n), n->description);
        out_object(c->out, NULL);
        out_str(c->out, "interface", n->name);
        out_str(c->out, "status", status);
        out_str(c->out, "protocol", line_of(n));
        out_str(c->out, "description", n->description);
        out_end(c->out);
    }
    out_end(c->out);
    return CMD_OK;
}

/* ---- show ip interface ---- */

static void access_list_text(struct cmd *c, const char *direction, const char *name)
{
    if (name[0])
        out_text(c->out, "  %s access list is %s\n", direction, name);
    else
        out_text(c->out, "  %s access list is not set\n", direction);
}

static void ip_values(struct cmd *c, const struct netif *n)
{
    char buf[ADDR_STRLEN];
    struct out *o = c->out;
    out_object(o, NULL);
    out_str(o, "interface", n->name);
    out_str(o, "status", interface_status(n));
    out_str(o, "protocol", line_of(n));
    out_array(o, "addresses");
    for (unsigned i = 0; i < n->n_addrs; i++)
        out_fmt(o, NULL, "%s/%u", addr_format(&n->addrs[i].addr, buf), n->addrs[i].len);
    out_end(o);
    out_int(o, "mtu", n->mtu);
    out_str(o, "inbound_access_list", n->acl_in);
    out_str(o, "outbound_access_list", n->acl_out);
    out_array(o, "groups_joined");
    for (unsigned i = 0; i < nif_of(n)->n_groups; i++) {
        struct addr g = addr_v4(nif_of(n)->groups[i]);
        if (!nif_of(n)->overheard[i])
            out_addr(o, NULL, &g);
    }
    out_end(o);
    out_bool(o, "proxy_arp", !n->no_proxy_arp);
    out_bool(o, "icmp_redirects", !n->no_redirects);
    out_end(o);
}

static void show_ip(struct cmd *c, const struct netif *n)
{
    char buf[ADDR_STRLEN];
    const struct nif *nif = nif_of(n);
    ip_values(c, n);
    out_text(c->out, "%s is %s, line protocol is %s\n", n->name, interface_status(n), line_of(n));
    if (!n->n_addrs) {
        out_text(c->out, "  Internet protocol processing disabled\n");
        return;
    }
    out_text(c->out, "  Internet address is %s/%u\n", addr_format(&n->addrs[0].addr, buf), n->addrs[0].len);
    out_text(c->out, "  Broadcast address is 255.255.255.255\n");
    out_text(c->out, "  Address determined by %s\n", nif->addr_nvram ? "non-volatile memory" : "setup command");
    for (unsigned i = 1; i < n->n_addrs; i++)
        out_text(c->out, "  Secondary address %s/%u\n", addr_format(&n->addrs[i].addr, buf), n->addrs[i].len);
    out_text(c->out, "  MTU is %u bytes\n", n->mtu);
    out_text(c->out, "  Helper address is not set\n");
    out_text(c->out, "  Directed broadcast forwarding is disabled\n");
    const char *lead = "  Multicast reserved groups joined:", *end = "";
    for (unsigned i = 0; i < nif->n_groups; i++) {
        struct addr g = addr_v4(nif->groups[i]);
        if (nif->overheard[i])
            continue;
        out_text(c->out, "%s %s", lead, addr_format(&g, buf));
        lead = "", end = "\n";
    }
    out_text(c->out, "%s", end);
    access_list_text(c, "Outgoing", n->acl_out);
    access_list_text(c, "Inbound ", n->acl_in);
    out_text(c->out,
             "  Proxy ARP is %s\n"
             "  Local Proxy ARP is disabled\n"
             "  Security level is default\n"
             "  Split horizon is enabled\n"
             "  ICMP redirects are %s sent\n"
             "  ICMP unreachables are always sent\n"
             "  ICMP mask replies are never sent\n"
             "  IP fast switching is enabled\n"
             "  IP multicast fast switching is disabled\n"
             "  Router Discovery is disabled\n"
             "  IP access violation accounting is disabled\n"
             "  TCP/IP header compression is disabled\n"
             "  Policy routing is disabled\n"
             "  Network address translation is disabled\n",
             n->no_proxy_arp ? "disabled" : "enabled", n->no_redirects ? "never" : "always");
}

static int each(struct cmd *c, bool named, const struct ifname *name,
                void (*show)(struct cmd *c, const struct netif *n))
{
    if (named) {
        struct netif *n = netif_find(c->router, name->text);
        if (!n)
            return cmd_error(c, "%%Invalid interface type and number");
        out_array(c->out, NULL);
        show(c, n);
        out_end(c->out);
        return CMD_OK;
    }
    out_array(c->out, NULL);
    for (struct netif *n = NULL; (n = netif_next(c->router, n));)
        show(c, n);
    out_end(c->out);
    return CMD_OK;
}

int interface_show_ip(struct cmd *c, struct args_show_ip_interface *a)
{
    return each(c, a->has_name, &a->name, show_ip);
}

/* ---- show interfaces ---- */

struct medium {
    const char *type, *hardware, *duplex;
    unsigned kbit, delay;
};
static const struct medium media[] = {
    {"TenGigabitEthernet", "TenGigE", "Full Duplex, 10Gbps, media type is 10GBase", 10000000, 10},
    {"GigabitEthernet", "Gigabit Ethernet", "Full Duplex, 1Gbps, media type is RJ45", 1000000, 10},
    {"FastEthernet", "Fast Ethernet", "Full-duplex, 100Mb/s, 100BaseTX/FX", 100000, 100},
    {"Ethernet", "Ethernet", "Full Duplex, 10Mbps, media type is RJ45", 10000, 1000},
    {"Loopback", "Loopback", NULL, 8000000, 5000},
    {"Tunnel", "Tunnel", NULL, 100, 50000},
    {"", "Virtual", NULL, 10000, 100},
};

static void ago(const struct cmd *c, nstime when, char *buf)
{
    if (when)
        duration_format(loop_now(c->router->loop) - when, buf);
    else
        memcpy(buf, "never", 6);
}

static unsigned load_of(double bits, unsigned kbit)
{
    double load = bits * 255 / (kbit * 1000.0);
    return load < 1 ? 1 : load > 255 ? 255 : (unsigned)load;
}

static void show_counters(struct cmd *c, const struct nif *nif)
{
    const struct netif_counters all = netif_counters(nif), *n = &all, *b = &nif->base;
    unsigned interval = nif->load_s ? nif->load_s : 300;
    char window[24];
    if (interval % 60)
        snprintf(window, sizeof window, "%u second", interval);
    else
        snprintf(window, sizeof window, "%u minute", interval / 60);
    out_text(c->out, "  %s input rate %.0f bits/sec, %.0f packets/sec\n", window, round(nif->rate[0] / 1000) * 1000,
             nif->rate[1]);
    out_text(c->out, "  %s output rate %.0f bits/sec, %.0f packets/sec\n", window, round(nif->rate[2] / 1000) * 1000,
             nif->rate[3]);
#define SINCE(member) (unsigned long long)(n->member - b->member)
    out_text(c->out, "     %llu packets input, %llu bytes, 0 no buffer\n", SINCE(in_packets), SINCE(in_bytes));
    out_text(c->out, "     Received %llu broadcasts (%llu IP multicasts)\n", SINCE(in_broadcasts),
             SINCE(in_multicasts));
    out_text(c->out, "     0 runts, 0 giants, 0 throttles\n");
    out_text(c->out, "     %llu input errors, 0 CRC, 0 frame, 0 overrun, 0 ignored\n", SINCE(in_errors));
    out_text(c->out, "     0 watchdog, %llu multicast, 0 pause input\n", SINCE(in_multicasts));
    out_text(c->out, "     %llu packets output, %llu bytes, 0 underruns\n", SINCE(out_packets), SINCE(out_bytes));
    out_text(c->out, "     %llu output errors, 0 collisions, %llu interface resets\n", SINCE(out_errors),
             (unsigned long long)nif->resets);
    out_text(c->out, "     %llu unknown protocol drops\n", (unsigned long long)(nif->in_unknown - nif->base_unknown));
    out_text(c->out, "     0 babbles, 0 late collision, 0 deferred\n"
                     "     0 lost carrier, 0 no carrier, 0 pause output\n"
                     "     0 output buffer failures, 0 output buffers swapped out\n");
}

static void values(struct cmd *c, const struct nif *nif, unsigned kbit)
{
    const struct netif *n = &nif->n;
    const struct netif_counters all = netif_counters(nif), *k = &all, *b = &nif->base;
    char mac[MAC_STRLEN], ip[ADDR_STRLEN];
    struct out *o = c->out;
    out_object(o, NULL);
    out_str(o, "interface", n->name);
    out_str(o, "status", interface_status(n));
    out_str(o, "protocol", line_of(n));
    out_str(o, "description", n->description);
    if (!n->is_virtual)
        out_str(o, "address", mac_format(&n->mac, mac));
    if (n->n_addrs)
        out_fmt(o, "internet_address", "%s/%u", addr_format(&n->addrs[0].addr, ip), n->addrs[0].len);
    out_int(o, "mtu", n->mtu);
    out_int(o, "bandwidth_kbit", kbit);
    out_int(o, "load_interval_ms", (nif->load_s ? nif->load_s : 300) * 1000);
    out_int(o, "input_rate_bits", (int64_t)nif->rate[0]);
    out_int(o, "input_rate_packets", (int64_t)nif->rate[1]);
    out_int(o, "output_rate_bits", (int64_t)nif->rate[2]);
    out_int(o, "output_rate_packets", (int64_t)nif->rate[3]);
    out_int(o, "packets_input", (int64_t)(k->in_packets - b->in_packets));
    out_int(o, "bytes_input", (int64_t)(k->in_bytes - b->in_bytes));
    out_int(o, "broadcasts_input", (int64_t)(k->in_broadcasts - b->in_broadcasts));
    out_int(o, "multicasts_input", (int64_t)(k->in_multicasts - b->in_multicasts));
    out_int(o, "input_errors", (int64_t)(k->in_errors - b->in_errors));
    out_int(o, "input_drops", (int64_t)(k->in_drops - b->in_drops));
    out_int(o, "packets_output", (int64_t)(k->out_packets - b->out_packets));
    out_int(o, "bytes_output", (int64_t)(k->out_bytes - b->out_bytes));
    out_int(o, "output_errors", (int64_t)(k->out_errors - b->out_errors));
    out_int(o, "output_drops", (int64_t)(k->out_drops - b->out_drops));
    out_int(o, "interface_resets", (int64_t)nif->resets);
    out_int(o, "unknown_protocol_drops", (int64_t)(nif->in_unknown - nif->base_unknown));
    out_end(o);
}

/* Of a subinterface IOS shows no queues and no counters of the wire. */
static void sub_lines(struct cmd *c, const struct nif *nif)
{
    char cleared[DURATION_STRLEN];
    ago(c, nif->cleared, cleared);
    out_text(c->out, "  Encapsulation 802.1Q Virtual LAN, Vlan ID  %u.\n", nif->vlan);
    out_text(c->out, "  ARP type: ARPA, ARP Timeout 04:00:00\n");
    out_text(c->out, "  Keepalive set (10 sec)\n");
    out_text(c->out, "  Last clearing of \"show interface\" counters %s\n", cleared);
}

static void show_one(struct cmd *c, const struct netif *n)
{
    char buf[ADDR_STRLEN], mac[MAC_STRLEN], in[DURATION_STRLEN], out[DURATION_STRLEN], cleared[DURATION_STRLEN];
    const struct nif *nif = nif_of(n);
    const struct medium *m = media;
    while (strncmp(n->name, m->type, strlen(m->type)))
        m++;
    out_text(c->out, "%s is %s, line protocol is %s \n", n->name, interface_status(n), line_of(n));
    if (n->is_virtual)
        out_text(c->out, "  Hardware is %s\n", m->hardware);
    else
        out_text(c->out, "  Hardware is %s, address is %s (bia %s)\n", m->hardware, mac_format(&n->mac, mac),
                 mac_format(&n->mac, mac));
    if (n->description[0])
        out_text(c->out, "  Description: %s\n", n->description);
    if (n->n_addrs)
        out_text(c->out, "  Internet address is %s/%u\n", addr_format(&n->addrs[0].addr, buf), n->addrs[0].len);
    unsigned kbit = nif->bandwidth ? nif->bandwidth : m->kbit;
    values(c, nif, kbit);
    out_text(c->out, "  MTU %u bytes, BW %u Kbit/sec, DLY %u usec, \n", n->mtu, kbit, m->delay);
    out_text(c->out, "     reliability 255/255, txload %u/255, rxload %u/255\n", load_of(nif->rate[2], kbit),
             load_of(nif->rate[0], kbit));
    if (nif->parent && nif->vlan) {
        sub_lines(c, nif);
        return;
    }
    out_text(c->out, "  Encapsulation %s, loopback not set\n", n->is_virtual ? "LOOPBACK" : "ARPA");
    out_text(c->out, "  Keepalive set (10 sec)\n");
    if (m->duplex) {
        out_text(c->out, "  %s\n", m->duplex);
        out_text(c->out, "  output flow-control is unsupported, input flow-control is unsupported\n");
        out_text(c->out, "  ARP type: ARPA, ARP Timeout 04:00:00\n");
    }
    ago(c, netif_last(nif, true), in);
    ago(c, netif_last(nif, false), out);
    ago(c, nif->cleared, cleared);
    out_text(c->out, "  Last input %s, output %s, output hang never\n", in, out);
    out_text(c->out, "  Last clearing of \"show interface\" counters %s\n", cleared);
    out_text(c->out, "  Input queue: 0/75/%llu/0 (size/max/drops/flushes); Total output drops: %llu\n",
             (unsigned long long)(netif_counters(nif).in_drops - nif->base.in_drops),
             (unsigned long long)(netif_counters(nif).out_drops - nif->base.out_drops));
    out_text(c->out, "  Queueing strategy: fifo\n  Output queue: 0/40 (size/max)\n");
    show_counters(c, nif);
}

int interface_show(struct cmd *c, struct args_show_interfaces *a)
{
    return each(c, a->has_name, &a->name, show_one);
}

/* ---- clear counters ---- */

static void clear_one(struct netif *n)
{
    struct nif *nif = nif_of(n);
    nif->base = netif_counters(nif);
    nif->base_unknown = nif->in_unknown;
    nif->cleared = loop_now(nif->net->loop);
}

/* The index of the one interface asked for, or NULL: all. */
static int clear_answer(struct cmd *c, const char *text, void *arg)
{
    struct router *r = c->router;
    if (!text || (text[0] && text[0] != 'y' && text[0] != 'Y'))
        return CMD_OK;
    struct netif *one = arg ? netif_by_index(r, (unsigned)(uintptr_t)arg) : NULL;
    if (one)
        clear_one(one);
    for (struct netif *n = NULL; !arg && (n = netif_next(r, n));)
        clear_one(n);
    if (one)
        log_syslog(r, 0, "CLEAR", 5, "COUNTERS", "Clear counter on interface %s by console", one->name);
    else if (!arg)
        log_syslog(r, 0, "CLEAR", 5, "COUNTERS", "Clear counter on all interfaces by console");
    return CMD_OK;
}

int interface_clear_counters(struct cmd *c, struct args_clear_counters *a)
{
    if (!a->has_name)
        return cmd_ask(c, "Clear \"show interface\" counters on all interfaces [confirm]", true, clear_answer, NULL);
    struct netif *n = netif_find(c->router, a->name.text);
    if (!n)
        return cmd_error(c, "%%Invalid interface type and number");
    return cmd_ask(c, "Clear \"show interface\" counters on this interface [confirm]", true, clear_answer,
                   (void *)(uintptr_t)n->index);
}
