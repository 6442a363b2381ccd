/* HSRP beyond version 1, configured as it is typed: version 2, changing it live, MD5 keys and their change, groups that
 * follow, other MAC addresses, tracked routes and lists, conditions, and lines that leave running groups alone. */
#include "lib_hsrp.h"
#include "parser/session.h"
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define IF "interface Ethernet1/1\n"

static void refuse(struct world *w, const char *name, const char *block, const char *line)
{
    char text[300];
    snprintf(text, sizeof text, "%s%s\n", block, line);
    cr_assert_eq(world_config(w, name, text), 1, "%s was accepted", line);
}

static struct hsrp_group *group(struct world *w, const char *name, unsigned number)
{
    struct router *r = world_router_get(w, name);
    return hsrp_group_find(hsrp_if_find(module_state(r, &hsrp_module), netif_find(r, "Ethernet1/1")), number);
}

/* r1 Active, r2 Standby: r1 has the priority. */
static struct world *elected(const char *one, const char *two)
{
    char first[2000];
    snprintf(first, sizeof first, "%s standby 1 priority 120\n", one);
    struct world *w = htyped_pair(first, two);
    world_run(w, 40);
    cr_assert_eq(group(w, "r1", 1)->state, HSRP_ACTIVE);
    cr_assert_eq(group(w, "r2", 1)->state, HSRP_STANDBY);
    return w;
}

Test(hsrp_more, version_2_layouts_and_learnt_milliseconds)
{
    struct world *w = elected(" standby version 2\n standby 1 ip 10.1.0.254\n standby 1 timers msec 250 msec 800\n",
                              " standby version 2\n standby 1 ip\n");
    char mac[MAC_STRLEN], line[80];
    mac_format(&netif_find(world_router_get(w, "r1"), "Ethernet1/1")->mac, mac);
    snprintf(line, sizeof line, "    MAC address is %s\n  Standby router is local\n", mac);
    htyped_expect(w, "r2", "show standby", "Ethernet1/1 - Group 1 (version 2)\n  State is Standby\n", true);
    htyped_expect(w, "r2", "show standby", "  Virtual IP address is 10.1.0.254 (learnt)\n", true);
    htyped_expect(w, "r2", "show standby", "    Local virtual MAC address is 0000.0c9f.f001 (v2 default)\n", true);
    htyped_expect(w, "r2", "show standby", "  Hello time 250 msec, hold time 800 msec\n", true);
    htyped_expect(w, "r2", "show standby", line, true);
    htyped_expect(w, "r1", "show standby", "    MAC address is", false);
    htyped_expect(w, "r2", "show standby | json", "\"active_mac\"", true);
    refuse(w, "r1", IF, "standby 4096 ip 10.1.0.9");
    htyped_configure(w, "r1", IF "standby 4095 ip 10.1.0.9\n");
    world_run(w, 25);
    htyped_expect(w, "r1", "show standby brief", "Et1/1       4095 100   Active", true);
    htyped_expect(w, "r1", "show standby", "0000.0c9f.ffff (v2 default)", true);
    world_kill(w, "r1");
    world_run(w, 0.9);
    cr_assert_eq(group(w, "r2", 1)->state, HSRP_ACTIVE, "the learnt hold time");
    world_free(w);
}

Test(hsrp_more, the_version_is_changed_live)
{
    struct world *w = elected(" standby 1 ip 10.1.0.254\n", " standby 1 ip 10.1.0.254\n");
    struct addr vip = addr_v4(0x0a0100fe);
    refuse(w, "r1", IF, "standby 256 ip 10.1.0.9");
    htyped_configure(w, "r1", IF "standby version 2\n");
    cr_assert_neq(group(w, "r1", 1)->state, HSRP_ACTIVE, "all begin again");
    cr_assert(!net_is_local(world_router_get(w, "r1"), &vip));
    world_run(w, 0.1);
    cr_assert_eq(group(w, "r2", 1)->state, HSRP_ACTIVE, "the Resign was still of version 1");
    world_run(w, 25);
    cr_assert_eq(group(w, "r1", 1)->state, HSRP_ACTIVE, "the versions do not hear each other");
    cr_assert_gt(ip_drop_get(world_router_get(w, "r1"), "hsrp-version"), 0);
    cr_assert_gt(ip_drop_get(world_router_get(w, "r2"), "hsrp-version"), 0);
    htyped_configure(w, "r2", IF "standby version 2\n");
    world_run(w, 40);
    cr_assert_eq(group(w, "r1", 1)->state, HSRP_ACTIVE);
    cr_assert_eq(group(w, "r2", 1)->state, HSRP_STANDBY);
    htyped_expect(w, "r1", "show running-config", " standby version 2\n standby delay", true);
    htyped_configure(w, "r1", IF "standby 300 ip 10.1.0.9\n");
    refuse(w, "r1", IF, "no standby version");
    refuse(w, "r1", IF, "standby version 1");
    htyped_expect(w, "r1", "show running-config", " standby version 2\n", true);
    htyped_configure(w, "r1", IF "no standby 300 ip\nstandby version 1\n");
    htyped_expect(w, "r1", "show running-config", "standby version", false);
    htyped_expect(w, "r1", "show standby", "0000.0c07.ac01 (v1 default)", true);
    world_free(w);
}

static void both_know_each_other(struct world *w, bool yes, const char *when)
{
    bool know = group(w, "r1", 1)->state == HSRP_ACTIVE && group(w, "r2", 1)->state == HSRP_STANDBY;
    cr_assert_eq(know, yes, "%s: %s and %s", when, hsrp_state_name(group(w, "r1", 1)->state),
                 hsrp_state_name(group(w, "r2", 1)->state));
}

static void md5_by_key_string(const char *version)
{
    char cfg[300];
    snprintf(cfg, sizeof cfg,
             "%s standby 1 ip 10.1.0.254\n standby 1 authentication md5 key-string 7 045802150C2E timeout 30\n",
             version);
    struct world *w = elected(cfg, cfg);
    htyped_expect(w, "r1", "show standby", "  Authentication MD5, key-string\n", true);
    htyped_expect(w, "r1", "show running-config", " authentication md5 key-string 7 045802150C2E timeout 30\n", true);
    cr_assert_str_eq(group(w, "r1", 1)->auth.key, "cisco");
    /* One after the other: the old key is good for 30 s. */
    htyped_configure(w, "r1", IF "standby 1 authentication md5 key-string newsecret timeout 30\n");
    world_run(w, 15);
    cr_assert_eq(group(w, "r2", 1)->state, HSRP_ACTIVE, "r2 has no key for what r1 sends");
    htyped_configure(w, "r1", IF "standby 1 preempt\n");
    htyped_configure(w, "r2", IF "standby 1 authentication md5 key-string 0 newsecret timeout 30\n");
    htyped_expect(w, "r2", "show running-config", " authentication md5 key-string newsecret timeout 30\n", true);
    world_run(w, 15);
    both_know_each_other(w, true, "both have the new key");
    htyped_configure(w, "r2", IF "standby 1 authentication md5 key-string third timeout 8\n");
    world_run(w, 7);
    cr_assert_eq(group(w, "r2", 1)->state, HSRP_STANDBY, "r1 still sends the old key, within its time");
    world_run(w, 15);
    cr_assert_eq(group(w, "r2", 1)->state, HSRP_ACTIVE, "the old key's time is over");
    cr_assert_gt(ip_drop_get(world_router_get(w, "r2"), "hsrp-authentication"), 0);
    htyped_configure(w, "r2", IF "no standby 1 authentication\n");
    htyped_configure(w, "r1", IF "no standby 1 authentication md5\n");
    world_run(w, 15);
    both_know_each_other(w, true, "cisco again");
    world_free(w);
}

Test(hsrp_more, md5_by_key_string_in_both_versions)
{
    md5_by_key_string("");
    md5_by_key_string(" standby version 2\n");
}

Test(hsrp_more, md5_by_key_chain_rolls_over)
{
    /* The simulated date begins at midnight on a 1st of January; the year is the router's own affair. */
    struct world *w = htyped_pair("", "");
    char *clock = htyped_run(w, "r1", "show clock");
    int year = (int)strtol(strrchr(strtok(clock, "\n"), ' '), NULL, 10);
    free(clock);
    char chain[600];
    snprintf(chain, sizeof chain,
             "key chain HA\nkey 1\nkey-string first\naccept-lifetime 00:00:00 Jan 1 1993 00:01:30 Jan 1 %d\n"
             "send-lifetime 00:00:00 Jan 1 1993 00:01:00 January 1 %d\nkey 2\nkey-string 7 14041305030A2F\n"
             "accept-lifetime local 00:00:30 1 Jan %d infinite\nsend-lifetime 00:00:55 Jan 1 %d duration 600\n"
             "interface Ethernet1/1\nstandby 1 ip 10.1.0.254\nstandby 1 authentication md5 key-chain HA\n",
             year, year, year, year);
    htyped_configure(w, "r1", chain);
    htyped_configure(w, "r2", chain);
    htyped_expect(w, "r1", "show standby", "  Authentication MD5, key-chain \"HA\"\n", true);
    htyped_expect(w, "r1", "show running-config",
                  "key chain HA\n key 1\n  key-string first\n  accept-lifetime 00:00:00 Jan 1 1993 ", true);
    htyped_expect(w, "r1", "show running-config", "  accept-lifetime local 00:00:30 Jan 1 ", true);
    world_run(w, 45);
    cr_assert_eq(group(w, "r2", 1)->state, HSRP_ACTIVE, "the higher address");
    cr_assert_eq(group(w, "r1", 1)->state, HSRP_STANDBY);
    uint32_t changes = group(w, "r1", 1)->changes;
    htyped_expect(w, "r1", "show key chain HA", "    key 1 -- text \"first\"\n", true);
    htyped_expect(w, "r1", "show key chain", "        send lifetime (00:00:55 Jan 1 ", true);
    world_run(w, 100);
    cr_assert_eq(group(w, "r1", 1)->changes, changes, "the key changed without a flap");
    cr_assert_eq(ip_drop_get(world_router_get(w, "r1"), "hsrp-authentication"), 0);
    world_run(w, 600);
    cr_assert_eq(group(w, "r1", 1)->state, HSRP_ACTIVE, "no key is left to send: nobody is believed");
    cr_assert_eq(group(w, "r2", 1)->state, HSRP_ACTIVE);
    htyped_configure(w, "r1", "no key chain HA\n");
    htyped_expect(w, "r1", "show running-config", "key chain", false);
    world_free(w);
}

Test(hsrp_more, lines_of_a_key_chain_that_are_refused)
{
    struct world *w = htyped_pair("", "");
    static const char *const wrong[] = {"accept-lifetime 25:00:00 Jan 1 2020 infinite",
                                        "accept-lifetime 00:00:00 Feb 30 2020 infinite",
                                        "accept-lifetime 00:00:00 Foo 3 2020 infinite",
                                        "send-lifetime 00:00:00 Jan 2 2020 00:00:00 Jan 1 2020",
                                        "key-string 7 0",
                                        "key-string 7 99AABB"};
    for (unsigned i = 0; i < sizeof wrong / sizeof *wrong; i++)
        refuse(w, "r1", "key chain K\nkey 5\n", wrong[i]);
    htyped_configure(w, "r1", "key chain K\nkey 5\nkey-string a b c\nkey 6\nno key 5\n");
    htyped_expect(w, "r1", "show running-config", "key chain K\n key 6\n!", true);
    world_free(w);
}

Test(hsrp_more, a_group_follows_another)
{
    static const char cfg[] = " standby version 2\n standby 1 ip 10.1.0.254\n standby 1 name main\n"
                              " standby 2 ip 10.1.0.253\n standby 2 follow main\n standby 3 ip 10.1.0.252\n"
                              " standby 3 follow later\n";
    struct world *w = elected(cfg, cfg);
    struct addr second = addr_v4(0x0a0100fd);
    cr_assert_eq(group(w, "r1", 2)->state, HSRP_ACTIVE);
    cr_assert_eq(group(w, "r2", 2)->state, HSRP_STANDBY);
    cr_assert_eq(group(w, "r1", 3)->state, HSRP_INIT, "who it follows is not there");
    cr_assert(net_is_local(world_router_get(w, "r1"), &second) && !net_is_local(world_router_get(w, "r2"), &second));
    htyped_expect(w, "r2", "show standby", "  Following \"main\"\n", true);
    htyped_expect(w, "r2", "show standby brief",
                  "Et1/1       2    100   Standby 10.1.0.1        local           10.1.0.253", true);
    uint64_t said = group(w, "r1", 2)->hello_out;
    world_run(w, 60);
    cr_assert_eq(group(w, "r1", 2)->hello_out - said, 6, "refreshed every 10 s");
    cr_assert_eq(group(w, "r2", 2)->hello_out, 0);
    htyped_configure(w, "r2", IF "standby 1 preempt\nstandby 1 priority 200\n");
    world_run(w, 0.1);
    cr_assert_eq(group(w, "r2", 2)->state, HSRP_ACTIVE);
    cr_assert_eq(group(w, "r1", 2)->state, HSRP_SPEAK);
    cr_assert(!net_is_local(world_router_get(w, "r1"), &second) && net_is_local(world_router_get(w, "r2"), &second));
    htyped_configure(w, "r1", IF "standby 9 ip 10.1.0.9\nstandby 9 name later\n");
    world_run(w, 25);
    cr_assert_eq(group(w, "r1", 3)->state, HSRP_ACTIVE, "bound late");
    refuse(w, "r1", IF, "standby 9 follow hsrp-Et1/1-2");
    refuse(w, "r1", IF, "standby 9 follow later");
    refuse(w, "r1", IF, "standby 9 follow main2345678901234567890123456");
    htyped_configure(w, "r1", IF "no standby 2 follow\n");
    world_run(w, 0.1);
    cr_assert_eq(group(w, "r1", 2)->state, HSRP_LISTEN, "on its own now");
    world_free(w);
}

Test(hsrp_more, other_mac_addresses)
{
    struct world *w = elected(" standby 1 ip 10.1.0.254\n", " standby 1 ip 10.1.0.254\n");
    free(htyped_run(w, "r1", "debug standby events arp"));
    htyped_configure(w, "r1", IF "standby 1 mac-address 0200.0000.1234\n");
    htyped_expect(w, "r1", "show standby", "    Local virtual MAC address is 0200.0000.1234 (cfgd)\n", true);
    cr_assert_eq(group(w, "r1", 1)->state, HSRP_ACTIVE, "no flap");
    htyped_expect(w, "r1", "show ip arp", "10.1.0.254              -   0200.0000.1234", true);
    refuse(w, "r1", IF, "standby use-bia");
    refuse(w, "r1", IF, "standby 1 mac-address 0100.0000.1234");
    htyped_configure(w, "r1", IF "no standby 1 mac-address\nstandby use-bia\n");
    htyped_expect(w, "r1", "show standby", " (bia)\n", true);
    refuse(w, "r1", IF, "standby 1 mac-address 0200.0000.1234");
    int lost = 0;
    char *s = htyped_run(w, "r2", "ping 10.1.0.254 repeat 3");
    lost = strstr(s, "!!") == NULL;
    cr_assert(!lost, "%s", s);
    free(s);
    htyped_configure(w, "r1", IF "no standby use-bia\n");
    htyped_expect(w, "r1", "show standby", "0000.0c07.ac01 (v1 default)", true);
    cr_assert_eq(group(w, "r1", 1)->state, HSRP_ACTIVE);
    free(htyped_run(w, "r1", "standby send arp Ethernet1/1 1"));
    world_free(w);
}

Test(hsrp_more, unchanged_groups_do_not_flap)
{
    struct world *w = elected(" standby version 2\n standby 1 ip 10.1.0.254\n standby 1 preempt\n",
                              " standby version 2\n standby 1 ip 10.1.0.254\n");
    uint32_t a = group(w, "r1", 1)->changes, b = group(w, "r2", 1)->changes;
    htyped_configure(w, "r1",
                     IF "standby version 2\nstandby 1 ip 10.1.0.254\nstandby 1 priority 121\nstandby 2 ip 10.1.0.253\n"
                        "standby 2 mac-address 0200.0000.0001\nno standby redirect\nstandby redirect\ndescription x\n"
                        "standby 1 ip 10.1.0.250 secondary\nno standby 1 ip 10.1.0.250 secondary\nno standby 2 ip\n"
                        "ip address 10.1.9.1 255.255.255.0 secondary\nno ip address 10.1.9.1 255.255.255.0 secondary\n"
                        "track 5 interface Ethernet1/1 line-protocol\n" IF "standby 1 track 5\nno standby 1 track 5\n");
    world_run(w, 30);
    cr_assert_eq(group(w, "r1", 1)->changes, a);
    cr_assert_eq(group(w, "r2", 1)->changes, b);
    world_free(w);
}

Test(hsrp_more, an_address_that_fits_no_more_is_logged)
{
    struct world *w = elected(" standby 1 ip 10.1.0.254\n", " standby 1 ip 10.1.0.254\n");
    htyped_configure(w, "r1", IF "ip address 10.7.0.1 255.255.255.0\n");
    cr_assert_eq(group(w, "r1", 1)->state, HSRP_INIT);
    htyped_expect(w, "r1", "show logging",
                  "%HSRP-4-BADVIP1: Ethernet1/1 Grp 1 address 10.1.0.254 is in the wrong subnet for this interface\n",
                  true);
    htyped_configure(w, "r1", IF "ip address 10.1.0.254 255.255.255.0\n");
    htyped_expect(w, "r1", "show logging",
                  "%HSRP-4-DUPVIP2: Ethernet1/1 Grp 1 address 10.1.0.254 is already assigned on this interface\n",
                  false);
    htyped_configure(w, "r1", IF "ip address 10.1.0.1 255.255.255.0\n");
    world_run(w, 30);
    cr_assert_geq(group(w, "r1", 1)->state, HSRP_STANDBY);
    htyped_configure(w, "r1", IF "ip address 10.1.0.254 255.255.255.0\n");
    htyped_expect(w, "r1", "show logging",
                  "%HSRP-4-DUPVIP2: Ethernet1/1 Grp 1 address 10.1.0.254 is already assigned on this interface\n",
                  true);
    world_free(w);
}

Test(hsrp_more, conditions_choose_debug_lines)
{
    static const char cfg[] = " standby 1 ip 10.1.0.254\n standby 2 ip 10.1.0.253\n";
    struct world *w = elected(cfg, cfg);
    free(htyped_run(w, "r1", "debug standby packets hello"));
    htyped_expect(w, "r1", "debug condition standby Ethernet1/1 2", "Condition 1 set\n", true);
    free(htyped_run(w, "r1", "clear logging"));
    world_run(w, 5);
    htyped_expect(w, "r1", "show logging", "Et1/1 Grp 2 Hello  out", true);
    htyped_expect(w, "r1", "show logging", "Et1/1 Grp 1 Hello", false);
    htyped_expect(w, "r1", "debug condition interface Ethernet1/1", "Condition 2 set\n", true);
    htyped_expect(w, "r1", "show debugging condition", "Condition 1: standby Et1/1 2 (1 flags triggered)\n", true);
    free(htyped_run(w, "r1", "clear logging"));
    world_run(w, 5);
    htyped_expect(w, "r1", "show logging", "Et1/1 Grp 1 Hello",
                  false); /* no interface condition beside a standby one */
    htyped_expect(w, "r1", "no debug condition standby Ethernet1/1 2", "Condition 1 has been removed\n", true);
    world_run(w, 5);
    htyped_expect(w, "r1", "show logging", "Et1/1 Grp 1 Hello", true);
    htyped_expect(w, "r1", "no debug condition interface Ethernet1/1", "Condition 2 has been removed\n", true);
    free(htyped_run(w, "r1", "clear logging"));
    world_run(w, 5);
    htyped_expect(w, "r1", "show logging", "Et1/1 Grp 1 Hello", true);
    htyped_expect(w, "r1", "undebug condition all", "All conditions have been removed\n", true);
    htyped_expect(w, "r1", "show debugging condition", "% No conditions found\n", true);
    free(htyped_run(w, "r1", "debug standby events track"));
    htyped_expect(w, "r1", "show debugging", "  HSRP Events debugging is on\n    (track)\n", true);
    world_free(w);
}

/* ICMP redirects seen on the LAN: how many, and the last one's source, gateway and receiver. */
struct redirects {
    unsigned n;
    char source[ADDR_STRLEN], gateway[ADDR_STRLEN], to[ADDR_STRLEN];
};

static void see_redirect(void *arg, const char *sw, nstime at, const uint8_t *f, size_t len)
{
    struct redirects *seen = arg;
    (void)sw;
    (void)at;
    if (len < 70 || f[12] != 8 || f[13] || f[23] != 1 || f[34] != 5)
        return;
    struct cursor c = cursor_make(f + 26, len - 26);
    struct addr source = addr_v4(cursor_u32(&c)), to = addr_v4(cursor_u32(&c));
    cr_assert_eq(f[35], 1, "for the host");
    cr_assert_eq(ip_checksum(f + 34, (size_t)(f[16] << 8 | f[17]) - 20), 0);
    cursor_skip(&c, 4);
    struct addr gateway = addr_v4(cursor_u32(&c));
    seen->n++;
    addr_format(&source, seen->source);
    addr_format(&gateway, seen->gateway);
    addr_format(&to, seen->to);
}

static unsigned pings(struct world *w, struct redirects *seen)
{
    seen->n = 0;
    int status;
    free(world_exec(w, "h", "ping -c 3 -i 1 10.9.0.1", &status));
    return seen->n;
}

Test(hsrp_more, redirects_name_virtual_addresses)
{
    struct world *w = elected(" standby 1 ip 10.1.0.254\n standby 2 ip 10.1.0.253\n",
                              " standby 1 ip 10.1.0.254\n standby 2 ip 10.1.0.253\n standby 2 priority 150\n"
                              " standby 2 preempt\ninterface Loopback0\n ip address 10.9.0.1 255.255.0.0\n");
    htyped_configure(w, "r1", "ip route 10.9.0.0 255.255.0.0 10.1.0.2\n");
    struct redirects seen = {0};
    world_host(w, "h", "lan", "h", "10.1.0.77/24", "10.1.0.254");
    world_sniff(w, see_redirect, &seen);
    world_run(w, 15);
    cr_assert_eq(group(w, "r2", 2)->state, HSRP_ACTIVE);
    cr_assert_eq(pings(w, &seen), 3);
    cr_assert_str_eq(seen.source, "10.1.0.254", "who was asked");
    cr_assert_str_eq(seen.gateway, "10.1.0.253", "the group that r2 is Active for, not r2");
    cr_assert_str_eq(seen.to, "10.1.0.77");
    htyped_expect(w, "r1", "show ip traffic", "  Sent: 3 redirects,", true);
    htyped_configure(w, "r1", IF "no standby redirect\n");
    cr_assert_eq(pings(w, &seen), 0);
    htyped_expect(w, "r1", "show standby", "HSRP ICMP redirects disabled\nEthernet1/1 - Group 1\n", true);
    htyped_configure(w, "r1", IF "standby redirect\nno ip redirects\n");
    cr_assert_eq(pings(w, &seen), 0);
    htyped_expect(w, "r1", "show ip interface Ethernet1/1", "  ICMP redirects are never sent\n", true);
    htyped_configure(w, "r1", IF "ip redirects\n");
    free(htyped_run(w, "r1", "debug standby events icmp"));
    htyped_configure(w, "r2", IF "no standby 2 preempt\nstandby 2 priority 100\n" IF "shutdown\nno shutdown\n");
    world_run(w, 40);
    cr_assert_eq(group(w, "r1", 2)->state, HSRP_ACTIVE);
    cr_assert_eq(pings(w, &seen), 0, "r2 is passive");
    htyped_expect(w, "r1", "show logging", "HSRP: Et1/1 ICMP redirect to passive router 10.1.0.2 not sent\n", true);
    htyped_configure(w, "r2", IF "no standby 1 ip\nno standby 2 ip\n");
    world_run(w, 200);
    cr_assert_eq(pings(w, &seen), 0, "r2 speaks no HSRP any more");
    htyped_configure(w, "r1", IF "standby redirect unknown\n");
    cr_assert_eq(pings(w, &seen), 3);
    cr_assert_str_eq(seen.gateway, "10.1.0.2");
    world_free(w);
}

static char *shown(struct world *w, const char *name)
{
    char *s = htyped_run(w, name, "show running-config"), *copy = strdup(strstr(s, "\nversion "));
    free(s);
    return copy;
}

/* Objects that change their kind, groups that change their authentication, and one that stays as it is. */
Test(hsrp_more, configure_replace_and_back)
{
#define COMMON " standby 1 ip 10.1.0.254\n standby 1 priority 120\n standby 1 track 1 decrement 20\n"
    static const char a[] =
        COMMON " standby 2 ip 10.1.0.253\n standby 3 ip 10.1.0.251\n standby 3 follow hsrp-Et1/1-1\n"
               "track 1 interface Ethernet1/1 line-protocol\n delay up 5\n";
    static const char b[] = COMMON
        " standby 2 ip 10.1.0.252\n standby 2 authentication md5 key-chain K\n no standby redirect\n"
        " standby 3 ip 10.1.0.251\n standby 3 mac-address 0200.0000.0001\nkey chain K\n key 1\n  key-string abc\n key "
        "2\n"
        "  key-string def\ntrack 1 list boolean or\n object 2\ntrack 2 ip route 10.1.0.0 255.255.255.0 reachability\n";
    struct world *w = htyped_pair(a, "standby 1 ip 10.1.0.254\n"), *other = htyped_pair(b, "");
    world_run(w, 30);
    cr_assert_eq(group(w, "r1", 1)->state, HSRP_ACTIVE);
    uint32_t changes = group(w, "r1", 1)->changes;
    char *text_a = shown(w, "r1"), *text_b = shown(other, "r1");
    for (unsigned i = 0; i < 4; i++) {
        const char *target = i % 2 ? text_a : text_b;
        struct storage *st = world_storage(w, "r1");
        cr_assert_eq(st->ops->write(st->ctx, "flash.t", target, strlen(target)), 0);
        char *answer = htyped_run(w, "r1", "configure replace flash:t force"), *now = shown(w, "r1");
        cr_assert_str_eq(now, target, "%s", answer);
        free(answer);
        free(now);
        world_run(w, 20);
        cr_assert_eq(group(w, "r1", 1)->changes, changes, "round %u: the group that stayed flapped", i);
        cr_assert_eq(group(w, "r1", 1)->priority, 120, "round %u", i);
    }
    free(text_a);
    free(text_b);
    world_free(w);
    world_free(other);
}

Test(hsrp_more, keys_are_hidden_with_the_other_passwords)
{
    struct world *w =
        htyped_pair(" standby 1 ip 10.1.0.254\n standby 1 authentication md5 key-string plain timeout 9\nkey chain K\n"
                    " key 1\n  key-string secret words\n",
                    "");
    htyped_expect(w, "r1", "show running-config", "key-string plain timeout 9\n", true);
    htyped_configure(w, "r1", "service password-encryption\nkey chain K\nkey 2\nkey-string 0 third\n");
    htyped_expect(w, "r1", "show running-config", "plain", false);
    htyped_expect(w, "r1", "show running-config", "secret words", false);
    htyped_expect(w, "r1", "show running-config", "third", false);
    htyped_expect(w, "r1", "show running-config", "  key-string 7 ", true);
    htyped_expect(w, "r1", "show running-config", " standby 1 authentication md5 key-string 7 ", true);
    cr_assert_str_eq(group(w, "r1", 1)->auth.key, "plain");
    htyped_expect(w, "r1", "show key chain", "    key 1 -- text \"secret words\"\n", true);
    free(htyped_run(w, "r1", "write memory"));
    world_kill(w, "r1");
    world_start(w, "r1");
    cr_assert_str_eq(group(w, "r1", 1)->auth.key, "plain");
    world_free(w);
}

Test(hsrp_more, advertisements_with_a_digest)
{
    static const char *const versions[] = {"", " standby version 2\n"};
    for (unsigned v = 0; v < 2; v++) {
        char cfg[400];
        snprintf(cfg, sizeof cfg,
                 "%s standby 1 ip 10.1.0.254\n standby redirect advertisement authentication md5 key-string 7 "
                 "045802150C2E\n",
                 versions[v]);
        struct world *w = elected(cfg, cfg);
        struct hsrp_if *r1 = group(w, "r1", 1)->hif;
        uint64_t before = r1->adv_in;
        htyped_expect(w, "r1", "show running-config",
                      " standby redirect advertisement authentication md5 key-string 7 045802150C2E\n", true);
        world_run(w, 60);
        cr_assert_gt(r1->adv_in, before, "r2 is passive and says so");
        cr_assert_eq(ip_drop_get(world_router_get(w, "r1"), "hsrp-authentication"), 0);
        free(htyped_run(w, "r1", "debug standby errors"));
        htyped_configure(w, "r2", IF "standby redirect advertisement authentication md5 key-chain none\n");
        before = r1->adv_in;
        world_run(w, 60);
        cr_assert_eq(r1->adv_in, before);
        cr_assert_gt(ip_drop_get(world_router_get(w, "r1"), "hsrp-authentication"), 0);
        htyped_expect(w, "r1", "show logging", "HSRP: Et1/1 Auth failed for Adv pkt from 10.1.0.2, Text auth failed\n",
                      true);
        cr_assert_eq(group(w, "r1", 1)->state, HSRP_ACTIVE, "hellos are another matter");
        htyped_configure(w, "r1", IF "no standby redirect advertisement authentication\n");
        world_run(w, 60);
        cr_assert_gt(r1->adv_in, before);
        world_free(w);
    }
}
