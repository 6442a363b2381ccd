/* What an IKE set-up costs: two routers on one simulated wire set up main mode and quick mode at group 14 and take it
 * down again, many times; the processor time is compared with the Diffie-Hellman computations alone, measured in the
 * same rounds. Acceptance line 8b, and what 10,000 other sessions add. Exits 1 when a floor is missed. */
#include "cli/world.h"
#include "modules/ike/ike_int.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { ROUNDS = 3, SETUPS = 100, CROWD = 10000 };
static int rc;

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static double median(const double v[ROUNDS])
{
    double s[ROUNDS];
    memcpy(s, v, sizeof s);
    qsort(s, ROUNDS, sizeof *s, by_value);
    return s[ROUNDS / 2];
}

static void verdict(const char *what, double ratio, double bar, double aim, bool at_most)
{
    bool ok = at_most ? ratio <= bar : ratio >= bar;
    printf("%s ratio %.2f floor %g aim %g %s\n", what, ratio, bar, aim, ok ? "ok" : "MISSED");
    if (!ok)
        rc = 1;
}

#define IKE_CFG                                                                                                        \
    "crypto isakmp policy 1\n encr aes 256\n authentication pre-share\n group 14\n"                                    \
    "crypto isakmp key cisco123 address 0.0.0.0 0.0.0.0\n"                                                             \
    "crypto ipsec transform-set t2 esp-aes 256 esp-sha-hmac\n"
static const char spoke[] = IKE_CFG "crypto map test_1 1 ipsec-isakmp\n set peer 10.1.11.1\n set transform-set t2\n"
                                    " match address test_1\n"
                                    "interface FastEthernet4\n ip address 10.1.11.11 255.255.0.0\n crypto map test_1\n"
                                    "ip access-list extended test_1\n permit ip host 10.1.11.11 host 10.2.1.254\n"
                                    "ip route 10.2.1.0 255.255.255.0 10.1.11.1\n";
static const char gw[] = IKE_CFG "crypto dynamic-map dyn1 10\n set transform-set t2\n"
                                 "crypto map ha 10 ipsec-isakmp dynamic dyn1\n"
                                 "interface Loopback0\n ip address 10.2.1.254 255.255.255.255\n"
                                 "interface Ethernet1/1\n ip address 10.1.11.1 255.255.0.0\n crypto map ha\n";

/* The wire tells the roles apart: what is computed before a frame is its sender's. */
struct wire {
    double last, of_initiator, of_responder;
    uint8_t initiator_mac;
    bool known;
    unsigned frames;
};

static void see(void *arg, const char *sw, nstime at, const uint8_t *f, size_t len)
{
    struct wire *w = arg;
    (void)sw, (void)at;
    bool from_spoke = len > 34 && f[12] == 8 && f[13] == 0 && f[29] == 11; /* source 10.1.11.11 */
    double now = seconds();
    *(from_spoke ? &w->of_initiator : &w->of_responder) += now - w->last;
    w->last = now;
    w->frames++;
}

static void exec(struct world *w, const char *node, const char *cmd)
{
    int status = 0;
    free(world_exec(w, node, cmd, &status));
    if (status) {
        printf("%s: `%s` was rejected\n", node, cmd);
        exit(1);
    }
}

/* One set-up by the first packet of a flow, as traffic does it; the tear-down is not measured. */
static void set_up(struct world *w, struct wire *wire)
{
    wire->last = seconds();
    exec(w, "spoke", "ping 10.2.1.254 source 10.1.11.11 repeat 1 timeout 1");
    wire->of_responder += seconds() - wire->last;
    struct ike *k = ike_of(world_router_get(w, "spoke"));
    if (!k->last || k->last->state != IKE_P1_COMPLETE) {
        printf("no set-up\n");
        exit(1);
    }
    exec(w, "spoke", "clear crypto session");
    world_run(w, 2);
}

static struct world *open_world(struct wire *wire)
{
    struct world *w = world_new(7);
    world_switch(w, "outside");
    world_router(w, "spoke", spoke);
    world_router(w, "gw", gw);
    world_plug(w, "spoke", "FastEthernet4", "outside", "1");
    world_plug(w, "gw", "Ethernet1/1", "outside", "2");
    world_start(w, "spoke");
    world_start(w, "gw");
    world_run(w, 3);
    set_up(w, wire); /* ARP, first-time costs */
    world_sniff(w, see, wire);
    return w;
}

/* Other sessions, as the gateway holds them: an IKE SA and a pair of IPsec SAs each. */
static void crowd(struct world *w)
{
    struct router *r = world_router_get(w, "gw");
    struct ike *k = ike_of(r);
    for (uint32_t i = 0; i < CROWD; i++) {
        uint8_t ci[8] = {1, 2, 3, 4, (uint8_t)(i >> 24), (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i};
        struct ike_endpoint at = {addr_v4(0x0a010b01), addr_v4(0x0a020000 + i), IKE_PORT, IKE_PORT};
        struct ike_sa *sa = ike_sa_new(k, ci, &at, true);
        struct ipsec_pair p = {.in_spi = ipsec_spi_alloc(r), .out_spi = 0x50000000 + i, .life_s = 3600};
        if (!sa)
            exit(1);
        memcpy(sa->cr, ci, 8);
        sa->conn_id = k->next_conn++;
        ike_policy_default(&sa->suite);
        ike_keys_init(&sa->keys, HASH_SHA1, CIPHER_AES_CBC, 256);
        sa->state = IKE_P1_COMPLETE;
        sa->established = loop_now(r->loop);
        sa->life_end = sa->established + 86400 * NS_PER_S;
        snprintf(p.prop.map, sizeof p.prop.map, "ha");
        p.prop.seq = 10;
        snprintf(p.prop.dynamic_map, sizeof p.prop.dynamic_map, "dyn1");
        p.prop.dynamic_seq = 10;
        snprintf(p.prop.interface, sizeof p.prop.interface, "Ethernet1/1");
        p.prop.local = at.local;
        p.prop.peer = at.peer;
        struct addr inside = addr_v4(0x0a0201fe);
        p.prop.ident.local = prefix_make(&inside, 32);
        p.prop.ident.remote = prefix_make(&at.peer, 32);
        p.prop.n_transforms = 1;
        p.prop.transforms[0] =
            (struct ipsec_transform){.cipher = CIPHER_AES_CBC, .key_bits = 256, .auth = HASH_SHA1, .name = "t2"};
        memcpy(p.cookies, ci, 8);
        memcpy(p.cookies + 8, ci, 8);
        ike_sa_timers(sa, false);
        if (ipsec_pair_install(r, &p, 0)) {
            printf("a pair of the crowd was refused\n");
            exit(1);
        }
        ipsec_pair_enable(r, p.in_spi);
    }
}

/* Two exchanges, ours and the peer's, as one set-up has them. */
static double dh_only(void)
{
    uint8_t a[64], b[64], pa[CRYPTO_DH_MAX], pb[CRYPTO_DH_MAX], out[CRYPTO_DH_MAX];
    double began = seconds();
    for (unsigned i = 0; i < SETUPS; i++) {
        for (unsigned n = 0; n < sizeof a; n++) {
            a[n] = (uint8_t)(i * 7 + n * 13 + 1);
            b[n] = (uint8_t)(i * 11 + n * 29 + 3);
        }
        struct dh *x = dh_new(14, a, sizeof a), *y = dh_new(14, b, sizeof b);
        dh_public(x, pa);
        dh_public(y, pb);
        if (dh_shared(x, pb, 256, out) || dh_shared(y, pa, 256, out))
            exit(1);
        dh_free(x);
        dh_free(y);
    }
    return (seconds() - began) / SETUPS;
}

static double round_of(struct world *w, struct wire *wire)
{
    wire->of_initiator = wire->of_responder = 0;
    for (unsigned i = 0; i < SETUPS; i++)
        set_up(w, wire);
    return (wire->of_initiator + wire->of_responder) / SETUPS;
}

int main(void)
{
    struct wire wire = {0}, crowded = {0};
    struct world *w = open_world(&wire), *full = open_world(&crowded);
    double dh[ROUNDS], all[ROUNDS], initiator[ROUNDS], responder[ROUNDS], ratio[ROUNDS], many[ROUNDS], slower[ROUNDS];
    crowd(full);
    for (unsigned i = 0; i < ROUNDS; i++) {
        dh[i] = dh_only();
        all[i] = round_of(w, &wire);
        initiator[i] = wire.of_initiator / SETUPS;
        responder[i] = wire.of_responder / SETUPS;
        many[i] = round_of(full, &crowded);
        ratio[i] = dh[i] / all[i];
        slower[i] = many[i] / all[i];
    }
    printf("IKE set-up at group 14, both ends: %.0f us of CPU (initiator %.0f, responder %.0f), Diffie-Hellman alone "
           "%.0f us\n",
           1e6 * median(all), 1e6 * median(initiator), 1e6 * median(responder), 1e6 * median(dh));
    printf("per end: %.0f set-ups a second and core of %.0f that Diffie-Hellman alone allows; with %d sessions there "
           "%.0f us\n",
           2 / median(all), 2 / median(dh), CROWD, 1e6 * median(many));
    verdict("line 8b: IKE set-ups a second / the DH-only ceiling, group 14", median(ratio), 0.5, 0.7, false);
    verdict("line 8c: IKE set-up cost with 10000 sessions / with none", median(slower), 2, 1.3, true);
    world_free(w);
    world_free(full);
    return rc;
}
