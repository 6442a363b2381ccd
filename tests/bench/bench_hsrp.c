/* What HSRP costs: 255 groups on one interface, hello 1 s and hold 3 s, MD5 on half of them, the Active and the Standby
 * router in this process on simulated time. Processor time against simulated time; the floor is 5 % of a core for one
 * router. Also what the takeover of all 255 at once takes. */
#include "cli/world.h"
#include "modules/hsrp/hsrp_internal.h"
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { GROUPS = 255, SECONDS = 60 };

static double cpu(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static unsigned in_state(struct world *w, const char *name, enum hsrp_state state)
{
    struct router *r = world_router_get(w, name);
    const struct hsrp_if *hif = hsrp_if_find(module_state(r, &hsrp_module), netif_find(r, "Ethernet1/1"));
    unsigned n = 0;
    for (const struct hsrp_group *g = hif->groups; g; g = g->next)
        n += g->state == state;
    return n;
}

static void router(struct world *w, const char *name, unsigned host, unsigned priority)
{
    char *cfg = malloc(GROUPS * 300 + 300);
    if (!cfg)
        abort();
    int n = sprintf(cfg,
                    "hostname %s\ninterface Ethernet1/1\n ip address 10.1.0.%u 255.255.0.0\n"
                    " standby version 2\n standby delay minimum 0 reload 0\n",
                    name, host);
    for (unsigned g = 1; g <= GROUPS; g++) {
        n += sprintf(cfg + n, " standby %u ip 10.1.1.%u\n standby %u timers 1 3\n standby %u priority %u\n", g, g, g, g,
                     priority);
        if (g % 2)
            n += sprintf(cfg + n, " standby %u authentication md5 key-string secret\n", g);
    }
    sprintf(cfg + n, "end\n");
    world_router(w, name, cfg);
    world_plug(w, name, "Ethernet1/1", "lan", name);
    world_start(w, name);
    free(cfg);
}

int main(void)
{
    struct world *w = world_new(1);
    world_switch(w, "lan");
    router(w, "r1", 1, 120);
    router(w, "r2", 2, 100);
    world_run(w, 20);
    if (in_state(w, "r1", HSRP_ACTIVE) != GROUPS || in_state(w, "r2", HSRP_STANDBY) != GROUPS) {
        printf("FAIL  hsrp: the groups did not settle\n");
        return 1;
    }
    double before = cpu();
    world_run(w, SECONDS);
    double share = (cpu() - before) / SECONDS / 2 * 100;
    printf("255 groups, hello 1 s, MD5 on half: %.2f %% of one core a router (floor 5 %%)\n", share);
    world_kill(w, "r1");
    before = cpu();
    world_run(w, 3.1);
    double takeover = (cpu() - before) * 1e3;
    bool all = in_state(w, "r2", HSRP_ACTIVE) == GROUPS;
    printf("takeover of %u groups, with its 3 s of waiting: %.1f ms of processor time\n",
           in_state(w, "r2", HSRP_ACTIVE), takeover);
    world_free(w);
    bool good = share < 5 && all;
    printf("%s  hsrp\n", good ? "ok" : "FAIL");
    return good ? 0 : 1;
}
