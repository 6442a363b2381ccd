/* The commands of IPsec as typed: configuration, shows to the column of the reference, clear and debug, on routers of
 * the simulated world. Keys come from a key manager that agrees with itself. */
#include "cli/world.h"
#include "modules/ipsec/ipsec_internal.h"
#include "parser/session.h"
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char spoke_cfg[] = "hostname spoke\n"
                                "crypto ipsec transform-set t2 esp-sha-hmac esp-aes 256\n"
                                "crypto map test_1 1 ipsec-isakmp\n"
                                " set peer 10.1.11.254\n"
                                " set transform-set t2\n"
                                " match address test_1\n"
                                "interface FastEthernet4\n"
                                " ip address 10.1.11.11 255.255.0.0\n"
                                " crypto map test_1\n"
                                "ip route 10.2.1.0 255.255.255.0 10.1.11.254\n"
                                "ip access-list extended test_1\n"
                                " permit ip host 10.1.11.11 host 10.2.1.254\n";
static const char gw_cfg[] = "hostname gw1\n"
                             "crypto ipsec transform-set t2 esp-aes 256 esp-sha-hmac\n"
                             "crypto dynamic-map dyn1 10\n"
                             " set transform-set t2\n"
                             " reverse-route\n"
                             "crypto map ha_dynamic redundancy replay-interval inbound 10 outbound 1000\n"
                             "crypto map ha_dynamic 10 ipsec-isakmp dynamic dyn1\n"
                             "interface Loopback0\n"
                             " ip address 10.2.1.254 255.255.255.255\n"
                             "interface Ethernet1/1\n"
                             " ip address 10.1.11.1 255.255.0.0\n"
                             " standby 1 ip 10.1.11.254\n"
                             " standby 1 timers 1 3\n"
                             " standby 1 name ha-out\n"
                             " crypto map ha_dynamic redundancy ha-out stateful\n";

static struct world *w;
static unsigned acquires, deletes;

static void install(struct router *r, struct ipsec_pair *p)
{
    cr_assert_eq(ipsec_pair_install(r, p, 0), 0);
    ipsec_pair_enable(r, p->in_spi);
}

static void acquire(void *ctx, const struct ipsec_proposal *p, event_id cause)
{
    struct router *gw = world_router_get(w, "gw1");
    struct ipsec_pair a = {.in_spi = 0xD42904F0u,
                           .out_spi = 0xD3E9ABD0u,
                           .life_s = 3600,
                           .life_kb = 4608000,
                           .initiator = true,
                           .local_port = 500,
                           .peer_port = 500};
    struct ipsec_pair b;
    struct ipsec_proposal acc;
    struct ipsec_ident id = {.local = p->ident.remote, .remote = p->ident.local};
    unsigned which;
    (void)ctx;
    (void)cause;
    acquires++;
    a.prop = *p;
    static const uint8_t cookies[16] = {0x92, 0x63, 0x63, 0x5C, 0xCA, 0x4B, 0x4E, 0x99,
                                        0xC1, 0x4E, 0x90, 0x8E, 0xE2, 0xD7, 0x9C, 0x01};
    memcpy(a.cookies, cookies, 16);
    for (unsigned i = 0; i < CRYPTO_KEY_MAX; i++)
        a.in.cipher[i] = a.in.auth[i] = a.out.cipher[i] = a.out.auth[i] = (uint8_t)i;
    b = a;
    b.in_spi = a.out_spi;
    b.out_spi = a.in_spi;
    b.initiator = false;
    cr_assert_eq(ipsec_policy_accept(gw, &p->peer, &p->local, &id, p->transforms, p->n_transforms, 0, &acc, &which), 0);
    b.prop = acc;
    install(gw, &b);
    install(world_router_get(w, "spoke"), &a);
}

static void notify(void *ctx, const struct addr *local, const struct addr *peer, const uint8_t cookies[16],
                   const uint32_t *in, unsigned n)
{
    (void)ctx;
    (void)local;
    (void)peer;
    (void)cookies;
    (void)in;
    deletes += n;
}
static const struct ipsec_km_ops km = {.acquire = acquire, .notify_delete = notify};

static void up(void)
{
    acquires = deletes = 0;
    w = world_new(7);
    world_switch(w, "outside");
    world_router(w, "spoke", spoke_cfg);
    world_router(w, "gw1", gw_cfg);
    world_plug(w, "spoke", "FastEthernet4", "outside", "1");
    world_plug(w, "gw1", "Ethernet1/1", "outside", "2");
    world_start(w, "spoke");
    world_start(w, "gw1");
    world_run(w, 30);
    ipsec_km_set(world_router_get(w, "spoke"), &km, NULL);
    ipsec_km_set(world_router_get(w, "gw1"), &km, NULL);
}

static void down(void)
{
    world_free(w);
    w = NULL;
}

static char *run(const char *node, const char *line)
{
    int status = 0;
    char *text = world_exec(w, node, line, &status);
    cr_assert_eq(status, 0, "%s: %s", line, text);
    return text;
}

static void has(const char *node, const char *line, const char *want)
{
    char *text = run(node, line);
    cr_assert(strstr(text, want) != NULL, "%s on %s lacks <%s>:\n%s", line, node, want, text);
    free(text);
}

static void lacks(const char *node, const char *line, const char *bad)
{
    char *text = run(node, line);
    cr_assert(strstr(text, bad) == NULL, "%s on %s has <%s>:\n%s", line, node, bad, text);
    free(text);
}

static void is(const char *node, const char *line, const char *want)
{
    char *text = run(node, line);
    cr_assert_str_eq(text, want, "%s on %s:\n%s", line, node, text);
    free(text);
}

Test(ipsec_cli, show_ipsec_sa_to_the_column, .init = up, .fini = down)
{
    has("spoke", "ping 10.2.1.254 repeat 3", "100 percent (3/3)");
    cr_assert_eq(acquires, 1);
    is("gw1", "show crypto ipsec sa",
       "\n"
       "interface: Ethernet1/1\n"
       "    Crypto map tag: ha_dynamic, local addr 10.1.11.254\n"
       "\n"
       "   protected vrf: (none)\n"
       "   local  ident (addr/mask/prot/port): (10.2.1.254/255.255.255.255/0/0)\n"
       "   remote ident (addr/mask/prot/port): (10.1.11.11/255.255.255.255/0/0)\n"
       "   current_peer 10.1.11.11 port 500\n"
       "     PERMIT, flags={}\n"
       "    #pkts encaps: 3, #pkts encrypt: 3, #pkts digest: 3\n"
       "    #pkts decaps: 3, #pkts decrypt: 3, #pkts verify: 3\n"
       "    #pkts compressed: 0, #pkts decompressed: 0\n"
       "    #pkts not compressed: 0, #pkts compr. failed: 0\n"
       "    #pkts not decompressed: 0, #pkts decompress failed: 0\n"
       "    #send errors 0, #recv errors 0\n"
       "\n"
       "     local crypto endpt.: 10.1.11.254, remote crypto endpt.: 10.1.11.11\n"
       "     path mtu 1500, ip mtu 1500, ip mtu idb Ethernet1/1\n"
       "     current outbound spi: 0xD42904F0(3559458032)\n"
       "     PFS (Y/N): N, DH group: none\n"
       "\n"
       "     inbound esp sas:\n"
       "      spi: 0xD3E9ABD0(3555306448)\n"
       "        transform: esp-256-aes esp-sha-hmac ,\n"
       "        in use settings ={Tunnel, }\n"
       "        conn id: 2002, flow_id: SW:2, sibling_flags 80000046, crypto map: ha_dynamic\n"
       "        sa timing: remaining key lifetime (k/sec): (4608000/3600)\n"
       "           HA last key lifetime sent(k): (4608000)\n"
       "        ike_cookies: 9263635C CA4B4E99 C14E908E E2D79C01\n"
       "        IV size: 16 bytes\n"
       "        replay detection support: Y\n"
       "        Status: ACTIVE\n"
       "\n"
       "     inbound ah sas:\n"
       "\n"
       "     inbound pcp sas:\n"
       "\n"
       "     outbound esp sas:\n"
       "      spi: 0xD42904F0(3559458032)\n"
       "        transform: esp-256-aes esp-sha-hmac ,\n"
       "        in use settings ={Tunnel, }\n"
       "        conn id: 2001, flow_id: SW:1, sibling_flags 80000046, crypto map: ha_dynamic\n"
       "        sa timing: remaining key lifetime (k/sec): (4608000/3600)\n"
       "           HA last key lifetime sent(k): (4608000)\n"
       "        ike_cookies: 9263635C CA4B4E99 C14E908E E2D79C01\n"
       "        IV size: 16 bytes\n"
       "        replay detection support: Y\n"
       "        Status: ACTIVE\n"
       "\n"
       "     outbound ah sas:\n"
       "\n"
       "     outbound pcp sas:\n");
    has("gw1", "show crypto ipsec sa active", "0xD3E9ABD0");
    is("gw1", "show crypto ipsec sa standby", "");
    has("gw1", "show crypto ipsec sa peer 10.1.11.11", "0xD3E9ABD0");
    is("gw1", "show crypto ipsec sa peer 10.1.11.12", "");
    has("gw1", "show crypto ipsec sa detail", "    ##pkts replay failed (rcv): 0\n");
    lacks("gw1", "show crypto ipsec sa identity", "0xD3E9ABD0(");
    is("gw1", "show crypto ipsec sa count", "IPsec SA total: 2, active: 2, rekeying: 0, unused: 0, invalid: 0\n");
    has("gw1", "show crypto ipsec sa | json", "\"spi\"");
    has("spoke", "show crypto ipsec sa", "     PERMIT, flags={origin_is_acl,}\n");
    lacks("spoke", "show crypto ipsec sa", "ike_cookies");
    has("gw1", "show ip route", "10.1.11.11/32");
    has("gw1", "show crypto engine connections active",
        "\n 2001  IPsec   AES256+SHA                3        0        0 10.1.11.254\n"
        " 2002  IPsec   AES256+SHA                0        3        3 10.1.11.254\n");
}

Test(ipsec_cli, what_does_not_fit_is_said, .init = up, .fini = down)
{
    has("spoke", "ping 10.2.1.254 repeat 2", "(2/2)");
    has("spoke", "ping 10.2.1.254 repeat 2 size 1438 df-bit", "(2/2)");
    has("spoke", "ping 10.2.1.254 repeat 2 size 1439 df-bit", "M");
    has("spoke", "ping 10.2.1.254 repeat 2 size 1439", "(2/2)");
    has("spoke", "ping 10.2.1.254 repeat 2 size 5000", "(2/2)");
}

Test(ipsec_cli, an_entry_without_sa_is_listed, .init = up, .fini = down)
{
    has("spoke", "show crypto ipsec sa", "     current outbound spi: 0x0(0)\n");
    is("gw1", "show crypto ipsec sa",
       "\ninterface: Ethernet1/1\n    Crypto map tag: ha_dynamic, local addr 10.1.11.254\n");
}

Test(ipsec_cli, maps_and_sets, .init = up, .fini = down)
{
    is("spoke", "show crypto map",
       "Crypto Map \"test_1\" 1 ipsec-isakmp\n"
       "        Peer = 10.1.11.254\n"
       "        Extended IP access list test_1\n"
       "            access-list test_1 permit ip host 10.1.11.11 host 10.2.1.254\n"
       "        Current peer: 10.1.11.254\n"
       "        Security association lifetime: 4608000 kilobytes/3600 seconds\n"
       "        PFS (Y/N): N\n"
       "        Transform sets={ \n"
       "                t2:  { esp-256-aes esp-sha-hmac  } , \n"
       "        }\n"
       "        Interfaces using crypto map test_1:\n"
       "                FastEthernet4\n");
    has("gw1", "show crypto map",
        "Crypto Map \"ha_dynamic\" 10 ipsec-isakmp\n"
        "        Dynamic map template tag: dyn1\n"
        "        Interfaces using crypto map ha_dynamic:\n"
        "                Ethernet1/1\n");
    has("gw1", "show crypto dynamic-map", "Crypto Map Template\"dyn1\" 10\n        No matching address list set.\n");
    is("gw1", "show crypto ipsec transform-set",
       "Transform set t2: { esp-256-aes esp-sha-hmac  } \n   will negotiate = { Tunnel,  }, \n");
    is("gw1", "show crypto ipsec security-association-lifetime",
       "Security association lifetime: 4608000 kilobytes/3600 seconds\n");
    has("gw1", "show crypto ha", "IKE VIP: 10.1.11.254\n  stamp: 00 00");
    has("gw1", "show crypto ha", "IPSec VIP: 10.1.11.254\n");
    has("spoke", "show running-config", "\ncrypto ipsec transform-set t2 esp-aes 256 esp-sha-hmac\n");
    world_config(w, "spoke",
                 "crypto ipsec transform-set ah ah-sha-hmac esp-aes\ncrypto map test_1 1 ipsec-isakmp\n "
                 "set transform-set ah none\n");
    has("spoke", "show crypto map",
        "        Transform sets={ \n                ah:  (stored, never offered) , \n"
        "                none:  (not defined) , \n");
}

Test(ipsec_cli, configuration_errors_and_forward_references, .init = up, .fini = down)
{
    cr_assert_eq(world_config(w, "gw1", "crypto ipsec transform-set bad esp-sha-hmac\n"), 1);
    cr_assert_eq(world_config(w, "gw1", "crypto ipsec transform-set bad esp-aes esp-3des\n"), 1);
    cr_assert_eq(world_config(w, "gw1", "crypto ipsec transform-set bad esp-null\n"), 1);
    cr_assert_eq(world_config(w, "gw1", "crypto ipsec transform-set n esp-null esp-sha-hmac\n mode transport\nexit\n"),
                 0);
    cr_assert_eq(world_config(w, "gw1", "crypto ipsec transform-set bad esp-gcm 256 esp-sha-hmac\n"), 1);
    cr_assert_eq(world_config(w, "gw1", "crypto ipsec transform-set bad esp-sha-hmac esp-gcm\n"), 1);
    cr_assert_eq(world_config(w, "gw1", "crypto map ha_dynamic redundancy replay-interval inbound 10 outbound\n"), 1);
    cr_assert_eq(world_config(w, "gw1", "interface Ethernet1/2\n crypto map later redundancy nowhere stateful\n"), 0);
    has("gw1", "show crypto map",
        "Crypto Map \"later\"\n        WARNING: This crypto map is in an incomplete state!\n");
    has("gw1", "show running-config", "\n crypto map later redundancy nowhere stateful\n");
    cr_assert_eq(world_config(w, "gw1", "crypto map later 5 ipsec-isakmp\n set peer 10.9.9.9\n"), 0);
    has("gw1", "show crypto map tag later", "(missing peer or access-list definitions)");
    cr_assert_eq(world_config(w, "gw1", "crypto map later 5 ipsec-isakmp dynamic dyn1\n"), 1);
    cr_assert_eq(world_config(w, "gw1", "no crypto map later 5\n"), 0);
    cr_assert_eq(world_config(w, "gw1", "no crypto map ha_dynamic redundancy replay-interval\n"), 0);
    cr_assert_eq(world_config(w, "gw1", "interface Ethernet1/2\n no crypto map\n"), 0);
    lacks("gw1", "show crypto map", "later");
}

Test(ipsec_cli, gcm_transform_sets, .init = up, .fini = down)
{
    cr_assert_eq(world_config(w, "gw1", "no crypto ipsec transform-set t2\n"), 0);
    cr_assert_eq(world_config(w, "gw1", "crypto ipsec transform-set g1 esp-gcm 128\nexit\n"), 0);
    cr_assert_eq(world_config(w, "gw1", "crypto ipsec transform-set g2 esp-gcm 192\nmode transport\nexit\n"), 0);
    cr_assert_eq(world_config(w, "gw1", "crypto ipsec transform-set g3 esp-gcm 256\nexit\n"), 0);
    has("gw1", "show running-config",
        "\ncrypto ipsec transform-set g1 esp-gcm\n mode tunnel\n!\ncrypto ipsec transform-set g2 esp-gcm 192\n mode "
        "transport\n!\n"
        "crypto ipsec transform-set g3 esp-gcm 256\n");
    is("gw1", "show crypto ipsec transform-set",
       "Transform set g1: { esp-gcm  } \n   will negotiate = { Tunnel,  }, \n"
       "Transform set g2: { esp-gcm 192  } \n   will negotiate = { Transport,  }, \n"
       "Transform set g3: { esp-gcm 256  } \n   will negotiate = { Tunnel,  }, \n");
    has("gw1", "show crypto ipsec transform-set g3 | json",
        "{\"name\":\"g3\",\"transform\":\"esp-gcm 256\",\"mode\":\"tunnel\"}");
}

Test(ipsec_cli, engine_is_named_and_chosen, .init = up, .fini = down)
{
    struct esp_worker_view v;
    struct ipsec *st = ipsec_of(world_router_get(w, "spoke"));
    has("spoke", "show crypto engine brief", "\n        crypto engine name:  Tapir software crypto, ");
    has("spoke", "show crypto engine configuration", "            implementation:  automatic\n");
    has("spoke", "ping 10.2.1.254 repeat 3", "(3/3)");
    esp_worker_view(st->esp, &v);
    cr_assert(v.openssl == 6 && v.ipsec_mb == 0, "packets that come one by one are OpenSSL's");
    cr_assert_eq(world_config(w, "spoke", "crypto engine software ipsec-mb\n"), 0);
    has("spoke", "show running-config", "\ncrypto engine software ipsec-mb\n");
    has("spoke", "ping 10.2.1.254 repeat 2", "(2/2)");
    esp_worker_view(st->esp, &v);
    if (v.multi_buffer) {
        has("spoke", "show crypto engine brief", "Tapir software crypto, Intel IPsec-MB 1.");
        cr_assert(v.openssl == 6 && v.ipsec_mb == 4);
    } else {
        has("spoke", "show crypto engine configuration", "       multi-buffer engine:  not available\n");
        cr_assert(v.openssl == 10 && v.ipsec_mb == 0);
    }
    cr_assert_eq(world_config(w, "spoke", "crypto engine software openssl\n"), 0);
    lacks("spoke", "show crypto engine brief", "IPsec-MB");
    has("spoke", "show crypto engine brief", "Tapir software crypto, OpenSSL 3.");
    has("spoke", "show crypto engine configuration | json", "\"implementation\":\"openssl\"");
    has("spoke", "show crypto engine connections active | json", "\"algorithm\":\"AES256+SHA\"");
    has("spoke", "show crypto eli | json", "\"sessions\":2,");
    lacks("spoke", "show running-config", "ipsec-mb");
    cr_assert_eq(world_config(w, "spoke", "no crypto engine software\n"), 0);
    lacks("spoke", "show running-config", "crypto engine");
    has("spoke", "ping 10.2.1.254 repeat 2", "(2/2)");
}

Test(ipsec_cli, clear, .init = up, .fini = down)
{
    has("spoke", "ping 10.2.1.254 repeat 2", "(2/2)");
    is("gw1", "clear crypto sa counters", "");
    has("gw1", "show crypto ipsec sa", "#pkts encaps: 0,");
    is("gw1", "clear crypto sa standby", "");
    has("gw1", "show crypto ipsec sa", "0xD3E9ABD0");
    is("gw1", "clear crypto sa active", "");
    cr_assert_eq(deletes, 1);
    lacks("gw1", "show crypto ipsec sa", "0xD3E9ABD0");
    lacks("gw1", "show ip route", "10.1.11.11/32");
    is("spoke", "clear crypto sa peer 10.1.11.254", "");
    cr_assert_eq(deletes, 2);
    cr_assert_eq(ipsec_of(world_router_get(w, "spoke"))->n_sas, 0);
    has("spoke", "ping 10.2.1.254 repeat 2", "(2/2)");
    cr_assert_eq(acquires, 2);
}

struct grab {
    char text[8192];
};
static void grab(void *arg, const struct event *e)
{
    struct grab *g = arg;
    if (e->kind == EVENT_DEBUG) {
        strncat(g->text, e->text, sizeof g->text - strlen(g->text) - 2);
        strcat(g->text, "\n");
    }
}

static void syslog_text(void *arg, const struct event *e)
{
    struct grab *g = arg;
    size_t n = strlen(g->text);
    if (e->kind == EVENT_SYSLOG)
        snprintf(g->text + n, sizeof g->text - n, "%%%s-%u-%s: %s\n", e->facility, e->severity, e->mnemonic, e->text);
}

Test(ipsec_cli, syslog, .init = up, .fini = down)
{
    static struct grab g;
    struct router *gw = world_router_get(w, "gw1");
    memset(&g, 0, sizeof g);
    has("spoke", "ping 10.2.1.254 repeat 3", "(3/3)");
    struct log_sub *sub = log_subscribe(gw, syslog_text, &g);
    struct sa *s = ipsec_of(gw)->first;
    ipsec_replay_refuse_to(&s->win, 3 + 1);
    free(run("spoke", "ping 10.2.1.254 repeat 1 timeout 1"));
    cr_assert(strstr(g.text, "%CRYPTO-4-PKT_REPLAY_ERR: decrypt: replay check failed\n        connection id=2002, "
                             "sequence number=4\n") != NULL,
              "%s", g.text);
    esp_key_free(s->open);
    static const uint8_t wrong[CRYPTO_KEY_MAX] = {9};
    s->open = esp_key_new(&s->suite, wrong, wrong, false);
    free(run("spoke", "ping 10.2.1.254 repeat 1 timeout 1"));
    cr_assert(strstr(g.text,
                     "%CRYPTO-4-RECVD_PKT_MAC_ERR: decrypt: mac verify failed for connection id=2002 local=10.1.11.254 "
                     "remote=10.1.11.11 spi=D3E9ABD0 seqno=00000005\n") != NULL,
              "%s", g.text);
    ipsec_sa_delete(s, "test", false, false, 0);
    free(run("spoke", "ping 10.2.1.254 repeat 1 timeout 1"));
    cr_assert(strstr(g.text, "%CRYPTO-4-RECVD_PKT_INV_SPI: decaps: rec'd IPSEC packet has invalid spi for "
                             "destaddr=10.1.11.254, prot=50, "
                             "spi=0xD3E9ABD0(3555306448), srcaddr=10.1.11.11, input interface=Ethernet1/1\n") != NULL,
              "%s", g.text);
    log_unsubscribe(gw, sub);
}

Test(ipsec_cli, debug, .init = up, .fini = down)
{
    struct grab g = {""};
    struct router *gw = world_router_get(w, "gw1");
    struct log_sub *sub = log_subscribe(gw, grab, &g);
    is("gw1", "debug crypto ipsec", "Crypto IPSEC debugging is on\n");
    is("gw1", "debug crypto ipsec ha", "Crypto IPSEC High Availability debugging is on\n");
    is("gw1", "debug crypto ipsec ha update", "Crypto IPSEC High Availability updates debugging is on\n");
    has("spoke", "ping 10.2.1.254 repeat 2", "(2/2)");
    cr_assert(strstr(g.text, "IPSEC(validate_proposal_request): proposal part #1,\n  (key eng. msg.) INBOUND local= "
                             "10.1.11.254:0, remote= 10.1.11.11:0,") != NULL,
              "%s", g.text);
    cr_assert(strstr(g.text, "(ipsec_process_proposal)Map Accepted: ha_dynamic, 10") != NULL);
    cr_assert(strstr(g.text, "IPSEC(create_sa): sa created,\n  (sa) sa_dest= 10.1.11.254, sa_proto= 50, \n    sa_spi= "
                             "0xD3E9ABD0(3555306448), \n") != NULL);
    cr_assert(strstr(g.text, "IPSEC(key_engine_enable_outbound): rec'd enable notify from ISAKMP") != NULL);
    cr_assert(strstr(g.text, "IPSec HA (crypto_ha_ipsec_notify_add_sa): New IPsec SA added... notifying HA Mgr") !=
              NULL);
    for (unsigned i = 0; i < CRYPTO_KEY_MAX - 1; i++)
        cr_assert(strstr(g.text, "000102030405") == NULL, "no key in debug output");
    free(run("gw1", "no debug crypto ipsec"));
    g.text[0] = '\0';
    log_debug_all_off(gw);
    is("gw1", "clear crypto sa", "");
    cr_assert_str_eq(g.text, "");
    log_unsubscribe(gw, sub);
}

/* A LAN behind the spoke and a host behind the gateway: transit, with subnets as identities, and the way back by
 * reverse route. */
Test(ipsec_cli, transit_between_lans)
{
    char spoke[1024], gw[1200];
    acquires = deletes = 0;
    w = world_new(8);
    snprintf(spoke, sizeof spoke,
             "%sinterface FastEthernet0\n ip address 192.168.1.1 255.255.255.0\nip access-list extended test_1\n"
             " no permit ip host 10.1.11.11 host 10.2.1.254\n permit ip 192.168.1.0 0.0.0.255 10.2.1.0 0.0.0.255\n",
             spoke_cfg);
    snprintf(gw, sizeof gw,
             "%sno interface Loopback0\ninterface GigabitEthernet0/3\n ip address 10.2.1.1 255.255.255.0\n", gw_cfg);
    world_switch(w, "outside");
    world_switch(w, "inside");
    world_switch(w, "lan");
    world_router(w, "spoke", spoke);
    world_router(w, "gw1", gw);
    world_plug(w, "spoke", "FastEthernet4", "outside", "1");
    world_plug(w, "spoke", "FastEthernet0", "lan", "1");
    world_plug(w, "gw1", "Ethernet1/1", "outside", "2");
    world_plug(w, "gw1", "GigabitEthernet0/3", "inside", "1");
    world_host(w, "server", "inside", "2", "10.2.1.50/24", "10.2.1.1");
    world_start(w, "spoke");
    world_start(w, "gw1");
    world_run(w, 30);
    ipsec_km_set(world_router_get(w, "spoke"), &km, NULL);
    ipsec_km_set(world_router_get(w, "gw1"), &km, NULL);
    has("spoke", "ping 10.2.1.50 source 192.168.1.1 repeat 5", "percent (5/5)");
    has("spoke", "ping 10.2.1.50 source 192.168.1.1 repeat 5 size 1430",
        "percent (5/5)"); /* the built-in host reassembles nothing */
    has("gw1", "show ip route", "192.168.1.0");
    has("gw1", "show crypto ipsec sa", "   remote ident (addr/mask/prot/port): (192.168.1.0/255.255.255.0/0/0)\n");
    /* What the reverse route leads to and the policy does not cover goes in clear, what it covers does not. */
    cr_assert_eq(ipsec_of(world_router_get(w, "gw1"))->totals.i3_clear, 0);
    world_free(w);
}
