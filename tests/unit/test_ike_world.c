/* Two routers on a simulated switch: main mode and quick mode both ways, what the shows print, rekeys, deletes, DPD,
 * and the refusals a user must see (wrong key, no common proposal, certificates wanted). */
#include "cli/world.h"
#include "modules/core/log.h"
#include "modules/ike/ike_int.h"
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SPOKE_ADDR "10.1.11.11"
#define GW_ADDR "10.1.11.1"
#define POLICY "crypto isakmp policy 1\n encr aes 256\n authentication pre-share\n group 2\n"
#define SET "crypto ipsec transform-set t2 esp-aes 256 esp-sha-hmac\n"

static const char spoke_map[] =
    SET "crypto map test_1 1 ipsec-isakmp\n set peer 10.1.11.1\n set transform-set t2\n match address test_1\n"
        "interface FastEthernet4\n ip address 10.1.11.11 255.255.0.0\n crypto map test_1\n"
        "ip access-list extended test_1\n permit ip host 10.1.11.11 host 10.2.1.254\n"
        "ip route 10.2.1.0 255.255.255.0 10.1.11.1\n";
static const char gw_map[] = SET "crypto dynamic-map dyn1 10\n set transform-set t2\n"
                                 "crypto map ha 10 ipsec-isakmp dynamic dyn1\n"
                                 "interface Loopback0\n ip address 10.2.1.254 255.255.255.255\n"
                                 "interface Ethernet1/1\n ip address 10.1.11.1 255.255.0.0\n crypto map ha\n";

static struct world *pair_of(const char *spoke_ike, const char *spoke_more, const char *gw_ike, const char *gw_more)
{
    struct world *w = world_new(7);
    char text[4096];
    world_switch(w, "outside");
    snprintf(text, sizeof text, "%s%s%s", spoke_ike, spoke_map, spoke_more);
    world_router(w, "spoke", text);
    snprintf(text, sizeof text, "%s%s%s", gw_ike, gw_map, gw_more);
    world_router(w, "gw", text);
    world_plug(w, "spoke", "FastEthernet4", "outside", "1");
    world_plug(w, "gw", "Ethernet1/1", "outside", "2");
    world_start(w, "spoke");
    world_start(w, "gw");
    world_run(w, 3);
    return w;
}

static struct world *pair(const char *spoke_ike, const char *gw_ike)
{
    return pair_of(spoke_ike, "", gw_ike, "");
}

static void expect(struct world *w, const char *node, const char *cmd, const char *want)
{
    int status = 0;
    char *out = world_exec(w, node, cmd, &status);
    cr_assert_eq(status, 0, "%s: %s was rejected: %s", node, cmd, out);
    cr_assert(strstr(out, want), "%s: %s does not show `%s` but:\n%s", node, cmd, want, out);
    free(out);
}

static void ping(struct world *w, const char *rate)
{
    expect(w, "spoke", "ping 10.2.1.254 source 10.1.11.11 timeout 1", rate);
}

struct seen {
    const char *want;
    unsigned n;
};
static void look(void *arg, const struct event *e)
{
    struct seen *s = arg;
    if (strstr(e->text, s->want))
        s->n++;
}
static unsigned logged(struct world *w, const char *node, const char *want)
{
    struct seen s = {want, 0};
    log_foreach(world_router_get(w, node), look, &s);
    return s.n;
}

static void audit_fail(void *ctx, const char *invariant, const char *text)
{
    (void)ctx;
    cr_assert_fail("%s: %s", invariant, text);
}

static const char psk[] = POLICY "crypto isakmp key cisco123 address 0.0.0.0 0.0.0.0\n";

Test(ike_world, comes_up_and_carries)
{
    struct world *w = pair(psk, psk);
    ping(w, "100 percent");
    ping(w, "100 percent");
    expect(w, "spoke", "show crypto isakmp sa",
           "IPv4 Crypto ISAKMP SA\ndst             src             state          conn-id status\n"
           "10.1.11.1       10.1.11.11      QM_IDLE           1001 ACTIVE\n\nIPv6 Crypto ISAKMP SA\n");
    expect(w, "gw", "show crypto isakmp sa", "10.1.11.1       10.1.11.11      QM_IDLE           1001 ACTIVE\n");
    expect(w, "gw", "show crypto isakmp sa | json", "\"state\"");
    expect(w, "gw", "show crypto session",
           "Session status: UP-ACTIVE     \nPeer: 10.1.11.11 port 500 \n"
           "  IKE SA: local 10.1.11.1/500 remote 10.1.11.11/500 Active \n"
           "  IPSEC FLOW: permit ip host 10.2.1.254 host 10.1.11.11 \n");
    expect(w, "gw", "show crypto isakmp peers",
           "Peer: 10.1.11.11 Port: 500 Local: 10.1.11.1\n Phase1 id: 10.1.11.11\n");
    cr_assert_eq(router_audit(world_router_get(w, "gw"), audit_fail, NULL), 0);
    cr_assert_eq(router_audit(world_router_get(w, "spoke"), audit_fail, NULL), 0);
    world_free(w);
}

/* RFC 4106 8: transform 20 with its key length, no authentication attribute; and not what the other end's set wants. */
Test(ike_world, gcm_is_negotiated)
{
    static const char *const bits[] = {"", " 192", " 256"};
    for (unsigned i = 0; i < 3; i++) {
        struct world *w = pair(psk, psk);
        char set[96], want[64];
        snprintf(set, sizeof set, "no crypto ipsec transform-set t2\ncrypto ipsec transform-set t2 esp-gcm%s\nexit\n",
                 bits[i]);
        cr_assert_eq(world_config(w, "spoke", set), 0);
        ping(w, "0 percent");
        cr_assert_eq(world_config(w, "gw", set), 0);
        world_run(w, 30);
        ping(w, "100 percent");
        snprintf(want, sizeof want, "        transform: esp-gcm%s ,\n", bits[i]);
        expect(w, "gw", "show crypto ipsec sa", want);
        snprintf(want, sizeof want, "AES-GCM%s ", bits[i][0] != '\0' ? bits[i] + 1 : "");
        expect(w, "gw", "show crypto engine connections active", want);
        cr_assert_eq(router_audit(world_router_get(w, "gw"), audit_fail, NULL), 0);
        world_free(w);
    }
}

Test(ike_world, clear_tells_the_peer_and_it_comes_back)
{
    struct world *w = pair(psk, psk);
    ping(w, "100 percent");
    expect(w, "gw", "clear crypto session", "");
    world_run(w, 1);
    struct ike *s = ike_of(world_router_get(w, "spoke"));
    cr_assert_eq(s->n_sas, 0, "the spoke heard DELETE");
    cr_assert_eq(ipsec_pair_count(s->r, &(struct addr){.family = ADDR_V4, .b = {10, 1, 11, 11}},
                                  &(struct addr){.family = ADDR_V4, .b = {10, 1, 11, 1}}),
                 0);
    ping(w, "100 percent");
    ping(w, "100 percent");
    world_free(w);
}

Test(ike_world, phase1_is_rekeyed_without_loss)
{
    const char *ike = "crypto isakmp policy 1\n encr aes\n authentication pre-share\n group 1\n lifetime 120\n"
                      "crypto isakmp key cisco123 address 0.0.0.0 0.0.0.0\n";
    struct world *w = pair(ike, ike);
    ping(w, "100 percent");
    for (unsigned i = 0; i < 10; i++) {
        world_run(w, 60);
        ping(w, "100 percent");
    }
    struct ike *s = ike_of(world_router_get(w, "spoke"));
    cr_assert_geq(s->n_sas, 1);
    cr_assert_leq(s->n_sas, 2);
    cr_assert_gt(s->next_conn, 1004, "phase 1 was negotiated anew");
    world_free(w);
}

Test(ike_world, wrong_key_says_so)
{
    struct world *w = pair(POLICY "crypto isakmp key one address 0.0.0.0 0.0.0.0\n",
                           POLICY "crypto isakmp key two address 0.0.0.0 0.0.0.0\n");
    ping(w, "0 percent");
    world_run(w, 80);
    cr_assert_gt(logged(w, "gw", "do the pre-shared keys agree?"), 0);
    cr_assert_gt(logged(w, "spoke", "death by retransmission"), 0);
    struct ike *g = ike_of(world_router_get(w, "gw"));
    cr_assert_eq(g->n_sas, 0);
    world_free(w);
}

Test(ike_world, no_common_proposal_says_so)
{
    struct world *w = pair(psk, "crypto isakmp policy 1\n encr 3des\n authentication pre-share\n group 2\n"
                                "crypto isakmp key cisco123 address 0.0.0.0 0.0.0.0\n");
    ping(w, "0 percent");
    cr_assert_gt(logged(w, "gw", "Encryption algorithm offered does not match policy!"), 0);
    cr_assert_gt(logged(w, "spoke", "no proposal chosen"), 0);
    world_free(w);
}

Test(ike_world, certificates_without_one_fail_with_the_reason)
{
    const char *rsa = "crypto isakmp policy 1\n encr aes 256\n";
    struct world *w = pair(rsa, rsa);
    expect(w, "spoke", "debug crypto isakmp", "Crypto ISAKMP debugging is on");
    ping(w, "0 percent");
    cr_assert_gt(logged(w, "spoke", "construct_initial_message: Can not start Main mode"), 0);
    cr_assert_gt(logged(w, "spoke", "(No Cert or pre-shared address key: no certificate is enrolled"), 0);
    cr_assert_eq(ike_of(world_router_get(w, "spoke"))->n_sas, 0, "nothing hangs");
    world_free(w);
}

Test(ike_world, dead_peer_is_noticed)
{
    char ike[512];
    snprintf(ike, sizeof ike, "%scrypto isakmp keepalive 10 2 periodic\n", psk);
    struct world *w = pair(ike, ike);
    ping(w, "100 percent");
    world_run(w, 60);
    cr_assert_eq(ike_of(world_router_get(w, "spoke"))->n_sas, 1, "answers keep it alive");
    world_kill(w, "gw");
    world_run(w, 60);
    cr_assert_eq(ike_of(world_router_get(w, "spoke"))->n_sas, 0);
    cr_assert_gt(logged(w, "spoke", "does not answer R_U_THERE"), 0);
    world_free(w);
}

Test(ike_world, restart_of_the_spoke_brings_initial_contact)
{
    struct world *w = pair(psk, psk);
    ping(w, "100 percent");
    world_kill(w, "spoke");
    world_start(w, "spoke");
    world_run(w, 3);
    ping(w, "100 percent");
    ping(w, "100 percent");
    cr_assert_eq(ike_of(world_router_get(w, "gw"))->n_sas, 1, "the former life is gone");
    world_free(w);
}

/* PFS: both sides compute beside the exchange, and QM1's answer waits for it. */
Test(ike_world, quick_mode_with_pfs)
{
    static const char key[] = POLICY "crypto isakmp key cisco123 address 0.0.0.0 0.0.0.0\n";
    struct world *w = pair_of(key, "crypto map test_1 1 ipsec-isakmp\n set pfs group14\n", key,
                              "crypto dynamic-map dyn1 10\n set pfs group14\n");
    ping(w, "Success rate is ");
    ping(w, "Success rate is 100 percent");
    expect(w, "spoke", "show crypto ipsec sa", "PFS (Y/N): Y, DH group: group14");
    expect(w, "gw", "show crypto ipsec sa", "PFS (Y/N): Y, DH group: group14");
    expect(w, "gw", "show crypto isakmp sa", "QM_IDLE");
    world_free(w);
}
