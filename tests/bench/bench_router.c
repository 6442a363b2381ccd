/* `tapir router` with 10,000 SA pairs from the start, for line 11: a negotiation of each would take longer than what is
 * measured. The pairs hang on map m, entry 10, of GigabitEthernet0/1, as if 10,000 hosts behind 10,000 peers had asked.
 * The linker lets instance_power_on() pass through here (--wrap in the Makefile). Started by tests/bench/keys.sh with
 * the arguments of `tapir`. */
#include "cli/cli.h"
#include "cli/instance.h"
#include "modules/net/netif.h"
#include "tests/bench/lib_many.h"
#include <signal.h>
#include <stdio.h>

int __real_instance_power_on(struct instance *i); /* the names are the linker's */
int __wrap_instance_power_on(struct instance *i);

int __wrap_instance_power_on(struct instance *i)
{
    static struct ipsec_pair p;
    int rc = __real_instance_power_on(i);
    struct router *r = rc ? NULL : instance_router(i);
    struct netif *nif = r ? netif_find(r, "GigabitEthernet0/1") : NULL;
    if (!nif)
        return rc;
    struct addr own = netif_primary(nif);
    struct many_spec s = {.map = "m",
                          .dynamic = "",
                          .interface = "GigabitEthernet0/1",
                          .group = "",
                          .local = own,
                          .peer = many_addr("30.0.0.1"),
                          .peer_step = 1,
                          .local_net = prefix_make(&own, 24),
                          .remote = 0x14000000,
                          .spi = 0x10000000};
    for (uint32_t n = 0; n < MANY; n++) {
        many_pair(&p, &s, n, false);
        p.prop.dynamic_seq = 0;
        if (ipsec_pair_install(r, &p, 0)) {
            fprintf(stderr, "pair %u is refused\n", n);
            break;
        }
        ipsec_pair_enable(r, p.in_spi);
    }
    return rc;
}

int main(int argc, char **argv)
{
    signal(SIGPIPE, SIG_IGN);
    return argc > 1 ? cmd_router(argc - 1, argv + 1) : 2;
}
