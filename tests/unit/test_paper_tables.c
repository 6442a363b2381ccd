/* The show rows of the paper's second table, on the active and on the standby gateway, before, during and after one
 * failover: layouts of reference 1.8, 2.4, 5.1 to 5.4 to the column, and the JSON forms of CONTRACT 5. */
#include "tests/unit/lib_paper.h"
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static struct paper p;

/* ---- patterns; %s is filled in by is() ---- */

static void is(const char *node, const char *command, const char *fmt, const char *a, const char *b, const char *c)
{
    char pattern[8192];
    snprintf(pattern, sizeof pattern, fmt, a, b, c);
    paper_is(&p, node, command, pattern);
}

static const char *own(const char *node, const char *net)
{
    static char text[4][20];
    static unsigned turn;
    char *t = text[turn++ % 4];
    snprintf(t, sizeof text[0], "%s.%c", net, node[2]);
    return t;
}

/* One line an argument would be too long: %1$s active, %2$s standby router, %3$s state. */
static const char standby_layout[] = "GigabitEthernet0/3 - Group 2\n"
                                     "  State is %s, last state change @@:@@:@@\n"
                                     "  Virtual IP address is 10.2.1.254\n"
                                     "  Active virtual MAC address is 0000.0c07.ac02\n"
                                     "    Local virtual MAC address is 0000.0c07.ac02 (v1 default)\n"
                                     "  Hello time 1 sec, hold time 10 sec\n"
                                     "    Next hello sent in @.@@@ secs\n"
                                     "  Preemption enabled\n"
                                     "%s"
                                     "  Priority 100 (default 100)\n"
                                     "    Track interface Ethernet1/1 state Up decrement 10\n"
                                     "  Group name is \"ha-in\" (cfgd)\n"
                                     "Ethernet1/1 - Group 1\n"
                                     "  State is %s, last state change @@:@@:@@\n"
                                     "  Virtual IP address is 10.1.11.254\n"
                                     "  Active virtual MAC address is 0000.0c07.ac01\n"
                                     "    Local virtual MAC address is 0000.0c07.ac01 (v1 default)\n"
                                     "  Hello time 1 sec, hold time 10 sec\n"
                                     "    Next hello sent in @.@@@ secs\n"
                                     "  Preemption enabled\n"
                                     "%s"
                                     "  Priority 100 (default 100)\n"
                                     "    Track interface GigabitEthernet0/3 state Up decrement 10\n"
                                     "  Group name is \"ha-out\" (cfgd)\n";
static const char brief_head[] = "                     P indicates configured to preempt.\n"
                                 "                     |\n"
                                 "Interface   Grp  Pri P State   Active          Standby         Virtual IP\n";

static void show_standby(const char *node, bool active, const char *peer)
{
    char in[200], out[200], pattern[4096];
    const char *state = active ? "Active" : "Standby";
    const char *since =
        active ? "Active\n    * state changes" : "Standby\n    1 state change"; /* Speak -> Standby alone */
    const char *fmt = active
                          ? "  Active router is local\n  Standby router is %s, priority 100 (expires in *.@@@ sec)\n"
                          : "  Active router is %s, priority 100 (expires in *.@@@ sec)\n  Standby router is local\n";
    if (peer) {
        snprintf(in, sizeof in, fmt, own(peer, "10.2.1"));
        snprintf(out, sizeof out, fmt, own(peer, "10.1.11"));
    } else {
        snprintf(in, sizeof in, "  Active router is local\n  Standby router is unknown\n");
        snprintf(out, sizeof out, "%s", in);
    }
    snprintf(pattern, sizeof pattern, standby_layout, since, in, since, out);
    paper_is(&p, node, "show standby", pattern);
    const char *a = active ? "local" : own(peer, "10.2.1"), *s = !active ? "local"
                                                                 : peer  ? own(peer, "10.2.1")
                                                                         : "unknown";
    int n = snprintf(pattern, sizeof pattern, "%s%-11s %-4d %-3d %c %-7s %-15s %-15s %-15s\n", brief_head, "Gi0/3", 2,
                     100, 'P', state, a, s, "10.2.1.254");
    a = active ? "local" : own(peer, "10.1.11"), s = !active ? "local" : peer ? own(peer, "10.1.11") : "unknown";
    snprintf(pattern + n, sizeof pattern - (size_t)n, "%-11s %-4d %-3d %c %-7s %-15s %-15s %-15s\n", "Et1/1", 1, 100,
             'P', state, a, s, "10.1.11.254");
    paper_is(&p, node, "show standby brief", pattern);
    snprintf(pattern, sizeof pattern, "\"state\":\"%s\"", state);
    paper_has(&p, node, "show standby | json", pattern);
    paper_has(&p, node, "show standby | json", "{\"command\":\"show standby\",\"data\":");
    static const char *const keys[] = {"\"group\":2",
                                       "\"group\":1",
                                       "\"interface\":\"Ethernet1/1\"",
                                       "\"priority\":100",
                                       "\"virtual_ip\":\"10.1.11.254\"",
                                       "\"active\":",
                                       "\"standby\":"};
    for (unsigned i = 0; i < sizeof keys / sizeof *keys; i++)
        paper_has(&p, node, "show standby | json", keys[i]);
}

static const char duplex[] = "       my state = %s \n"
                             "     peer state = %s \n"
                             "           Mode = Duplex\n"
                             "        Unit ID = 0\n\n"
                             "   Maintenance Mode = Disabled\n"
                             "    Manual Swact = enabled\n"
                             " Communications = Up\n\n"
                             "   client count = *\n"
                             " client_notification_TMR = 30000 milliseconds\n"
                             "           RF debug mask = 0x0   \n%s";
static const char simplex[] = "       my state = 13 -ACTIVE \n"
                              "     peer state = 1  -DISABLED \n"
                              "           Mode = Simplex\n"
                              "        Unit ID = 0\n\n"
                              "   Maintenance Mode = Disabled\n"
                              "    Manual Swact = disabled (system is simplex (no peer unit))\n"
                              " Communications = Down      Reason: Failure\n\n"
                              "   client count = *\n"
                              " client_notification_TMR = 30000 milliseconds\n"
                              "           RF debug mask = 0x0   \n";
static const char interdev[] = "Redundancy inter-device state: RF_INTERDEV_STATE_%s\n"
                               "  Scheme: Standby\n"
                               "      Groupname: ha-in Group State: %s\n"
                               "  Peer present: %s\n"
                               "  Security: Not configured\n";
static const char system_head[] = "Redundant System Information :\n"
                                  "------------------------------\n"
                                  "       Available system uptime = ";

static void show_redundancy(const char *node, bool active)
{
    is(node, "show redundancy states", duplex, active ? "13 -ACTIVE" : "8  -STANDBY HOT",
       active ? "8  -STANDBY HOT" : "13 -ACTIVE", "");
    is(node, "show redundancy inter-device", interdev, active ? "ACT" : "STDBY", active ? "Active" : "Standby",
       "RF_INTERDEV_PEER_COMM");
    paper_has(&p, node, "show redundancy", system_head);
    paper_has(&p, node, "show redundancy",
              "                 Hardware Mode = Duplex\n"
              "              Maintenance Mode = Disabled\n"
              "                Communications = Up\n\n"
              "Current Processor Information :\n"
              "-------------------------------\n");
    paper_has(&p, node, "show redundancy",
              active ? "               Active Location = slot 0\n        Current Software state = ACTIVE\n"
                     : "               Active Location = slot 0\n        Current Software state = STANDBY HOT\n");
    paper_has(&p, node, "show redundancy", "\nPeer Processor Information :\n----------------------------\n");
    paper_has(&p, node, "show redundancy",
              active ? "              Standby Location = slot 0\n        Current Software state = STANDBY HOT\n"
                     : "              Standby Location = slot 0\n        Current Software state = ACTIVE\n");
    paper_has(&p, node, "show redundancy states | json",
              active ? "\"my_state\":\"13 -ACTIVE\",\"peer_state\":\"8 -STANDBY HOT\""
                     : "\"my_state\":\"8 -STANDBY HOT\",\"peer_state\":\"13 -ACTIVE\"");
    paper_has(&p, node, "show redundancy states | json", "\"communications\":\"Up\"");
}

static const char isakmp[] = "IPv4 Crypto ISAKMP SA\n"
                             "dst             src             state          conn-id status\n"
                             "%s%s%s\nIPv6 Crypto ISAKMP SA\n\n";
#define ISAKMP_ROW "10.1.11.254     10.1.11.11      QM_IDLE           @@@@ "

static void show_isakmp(const char *node, bool active)
{
    const char *row = active ? ISAKMP_ROW "ACTIVE\n" : ISAKMP_ROW "STDBY\n";
    is(node, "show crypto isakmp sa", isakmp, row, "", "");
    is(node, "show crypto isakmp sa active", isakmp, active ? row : "", "", "");
    is(node, "show crypto isakmp sa standby", isakmp, active ? "" : row, "", "");
    static const char *const keys[] = {"\"dst\":\"10.1.11.254\"", "\"src\":\"10.1.11.11\"", "\"state\":\"QM_IDLE\"",
                                       "\"conn_id\":"};
    for (unsigned i = 0; i < sizeof keys / sizeof *keys; i++)
        paper_has(&p, node, "show crypto isakmp sa | json", keys[i]);
    paper_has(&p, node, "show crypto isakmp sa | json", active ? "\"status\":\"ACTIVE\"" : "\"status\":\"STDBY\"");
}

static const char ipsec_head[] = "\ninterface: Ethernet1/1\n"
                                 "    Crypto map tag: ha_dynamic, local addr 10.1.11.254\n\n"
                                 "   protected vrf: (none)\n"
                                 "   local  ident (addr/mask/prot/port): (10.2.1.254/255.255.255.255/0/0)\n"
                                 "   remote ident (addr/mask/prot/port): (10.1.11.11/255.255.255.255/0/0)\n"
                                 "   current_peer 10.1.11.11 port 500\n"
                                 "     PERMIT, flags={}\n"
                                 "    #pkts encaps: *, #pkts encrypt: *, #pkts digest: *\n"
                                 "    #pkts decaps: *, #pkts decrypt: *, #pkts verify: *\n"
                                 "    #pkts compressed: 0, #pkts decompressed: 0\n"
                                 "    #pkts not compressed: 0, #pkts compr. failed: 0\n"
                                 "    #pkts not decompressed: 0, #pkts decompress failed: 0\n"
                                 "    #send errors 0, #recv errors 0\n\n"
                                 "     local crypto endpt.: 10.1.11.254, remote crypto endpt.: 10.1.11.11\n"
                                 "     path mtu 1500, ip mtu 1500, ip mtu idb Ethernet1/1\n"
                                 "     current outbound spi: 0x*(*)\n"
                                 "     PFS (Y/N): N, DH group: none\n\n"
                                 "     inbound esp sas:\n";
static const char ipsec_sa[] = "      spi: 0x*(*)\n"
                               "        transform: esp-256-aes esp-sha-hmac ,\n"
                               "        in use settings ={Tunnel, }\n"
                               "        conn id: @@@@, flow_id: SW:*, sibling_flags 80000046, crypto map: ha_dynamic\n"
                               "        sa timing: remaining key lifetime (k/sec): (4*/3*)\n"
                               "           HA last key lifetime sent(k): (4*)\n"
                               "        ike_cookies: @@@@@@@@ @@@@@@@@ @@@@@@@@ @@@@@@@@\n"
                               "        IV size: 16 bytes\n"
                               "        replay detection support: Y\n"
                               "        Status: ";

static void spi_of(const char *node, char spi[2][11])
{
    char *s = paper_exec(&p, node, "show crypto ipsec sa");
    const char *in = strstr(s, "\n      spi: 0x"), *out = strstr(s, "current outbound spi: 0x");
    cr_assert(in && out, "%s", s);
    snprintf(spi[0], 11, "%.*s", (int)strcspn(in + 12, "("), in + 12);
    snprintf(spi[1], 11, "%.*s", (int)strcspn(out + 22, "("), out + 22);
    free(s);
}

static void show_ipsec(const char *node, bool active)
{
    char pattern[8192];
    const char *status = active ? "ACTIVE" : "STANDBY";
    snprintf(pattern, sizeof pattern,
             "%s%s%s\n\n     inbound ah sas:\n\n     inbound pcp sas:\n\n     outbound esp sas:\n%s%s\n\n"
             "     outbound ah sas:\n\n     outbound pcp sas:\n",
             ipsec_head, ipsec_sa, status, ipsec_sa, status);
    paper_is(&p, node, "show crypto ipsec sa", pattern);
    paper_is(&p, node, active ? "show crypto ipsec sa active" : "show crypto ipsec sa standby", pattern);
    paper_lacks(&p, node, active ? "show crypto ipsec sa standby" : "show crypto ipsec sa active", "spi: 0x");
    paper_lacks(&p, node, active ? "show crypto ipsec sa standby" : "show crypto ipsec sa active", "Status:");
    if (!active) {
        paper_has(&p, node, "show crypto ipsec sa", "    #pkts encaps: 0, #pkts encrypt: 0, #pkts digest: 0\n");
        paper_has(&p, node, "show crypto ipsec sa", "        ike_cookies: 00000000 00000000 00000000 00000000\n");
    }
    snprintf(pattern, sizeof pattern, "\"status\":\"%s\"", status);
    paper_has(&p, node, "show crypto ipsec sa | json", pattern);
}

#define SESSION_HEAD "Crypto session current status\n\n"
static const char session[] = SESSION_HEAD "Interface: Ethernet1/1\n"
                                           "Session status: %s    \n"
                                           "Peer: 10.1.11.11 port 500 \n"
                                           "%s"
                                           "  IPSEC FLOW: permit ip host 10.2.1.254 host 10.1.11.11 \n"
                                           "        Active SAs: 2, origin: dynamic crypto map\n\n%s";
#define SESSION_IKE "  IKE SA: local 10.1.11.254/500 remote 10.1.11.11/500 Active \n"

static void show_session(const char *node, bool active)
{
    const char *status = active ? "UP-ACTIVE " : "UP-STANDBY";
    is(node, "show crypto session", session, status, SESSION_IKE, "");
    is(node, active ? "show crypto session active" : "show crypto session standby", session, status, SESSION_IKE, "");
    paper_is(&p, node, active ? "show crypto session standby" : "show crypto session active", SESSION_HEAD);
}

static void show_ha(const char *node, char stamp[48])
{
    char *s = paper_exec(&p, node, "show crypto ha");
    cr_assert(strncmp(s, "IKE VIP: 10.1.11.254\n  stamp: ", 30) == 0, "%s", s);
    cr_assert(strncmp(s + 30 + 47, "\nIPSec VIP: 10.1.11.254\n", 24) == 0, "%s", s);
    snprintf(stamp, 48, "%s", s + 30);
    for (unsigned i = 0; i < 47; i++)
        cr_assert(i % 3 == 2 ? stamp[i] == ' ' : strchr("0123456789ABCDEF", stamp[i]) != NULL, "%s", stamp);
    free(s);
}

static void both_units(void)
{
    char a[48], b[48], spi[2][2][11] = {{"", ""}, {"", ""}};
    show_standby(p.active, true, p.standby);
    show_standby(p.standby, false, p.active);
    for (unsigned i = 0; i < 2; i++) {
        const char *node = i ? p.standby : p.active;
        show_redundancy(node, i == 0);
        show_isakmp(node, i == 0);
        show_ipsec(node, i == 0);
        show_session(node, i == 0);
        show_ha(node, i ? b : a);
        spi_of(node, spi[i]);
    }
    cr_assert_str_eq(a, b, "the standby copies the stamp");
    cr_assert(strcmp(spi[0][0], spi[1][0]) == 0 && strcmp(spi[0][1], spi[1][1]) == 0, "the same SPIs on both");
}

Test(paper_tables, shows_on_both_units_through_a_failover)
{
    char before[2][11] = {"", ""}, after[2][11] = {"", ""}, stamp[48];
    paper_open(&p);
    cr_assert_geq(paper_ping(&p, 3), 2);
    cr_assert_eq(paper_ping(&p, 20), 20);
    world_run(p.w, 2);
    both_units();
    spi_of(p.active, before);
    const char *dead = p.active, *heir = p.standby;
    unsigned ike = p.ike;
    world_kill(p.w, dead);
    paper_ping(&p, 11); /* lost, and behind the edge a successor refuses (DESIGN 4.1) */
    /* Alone: ACTIVE, the same SAs, nobody to talk to. */
    show_standby(heir, true, NULL);
    world_run(p.w, 10);
    paper_is(&p, heir, "show redundancy states", simplex);
    paper_has(&p, heir, "show redundancy inter-device",
              "Redundancy inter-device state: RF_INTERDEV_STATE_ACT\n  Scheme: Standby\n"
              "      Groupname: ha-in Group State: Active\n  Peer present: RF_INTERDEV_PEER_NO_COMM\n"
              "  Security: Not configured\n");
    paper_has(&p, heir, "show redundancy",
              "Peer (slot: unavailable) information is not available because it is in 'DISABLED' state\n");
    paper_has(&p, heir, "show redundancy", "Switchovers system experienced = 1\n");
    show_isakmp(heir, true);
    show_ipsec(heir, true);
    show_session(heir, true);
    show_ha(heir, stamp);
    spi_of(heir, after);
    cr_assert(strcmp(before[0], after[0]) == 0 && strcmp(before[1], after[1]) == 0, "the same SPIs");
    cr_assert_eq(paper_ping(&p, 20), 20);
    cr_assert_eq(p.ike, ike, "no IKE packet");
    /* The dead one returns as the standby: every row again, roles the other way round. */
    world_start(p.w, dead);
    paper_settle(&p);
    cr_assert_str_eq(p.active, heir);
    cr_assert_str_eq(p.standby, dead);
    cr_assert_eq(paper_ping(&p, 20), 20);
    world_run(p.w, 12);
    both_units();
    cr_assert_eq(p.ike, ike, "no IKE packet");
    paper_close(&p);
}

Test(paper_tables, nothing_to_show_without_sas)
{
    paper_open(&p);
    for (unsigned i = 0; i < 2; i++) {
        const char *node = i ? p.standby : p.active;
        is(node, "show crypto isakmp sa", isakmp, "", "", "");
        paper_is(&p, node, "show crypto session active", SESSION_HEAD);
        paper_is(&p, node, "show crypto session standby", SESSION_HEAD);
        paper_lacks(&p, node, "show crypto ipsec sa active", "Status:");
    }
    paper_close(&p);
}
