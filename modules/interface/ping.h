/* What a ping is asked to do. Internal to modules/interface. */
#ifndef TAPIR_INTERFACE_PING_H
#define TAPIR_INTERFACE_PING_H
#include "modules/core/command.h"
#include "modules/core/loop.h"

enum { PING_PATTERN = 0xabcd, PING_MIN = 36, PING_MAX = 18024 };
struct ping_params {
    uint32_t count, size; /* bytes of IP; of a sweep the smallest */
    nstime timeout;
    bool has_src, df, validate, verbose;
    struct addr src;
    uint8_t tos;
    uint16_t pattern;
    uint32_t sweep_max, sweep_step; /* step 0: no sweep; each size `count` times, one after the other */
};
/* Suspends the command; host as typed. Errors in IOS's words. */
int ping_run(struct cmd *c, const struct ping_params *p, const char *host);
/* The source address: one of ours, given as such or by its interface. false: cmd_error has said why. */
bool ping_source(struct cmd *c, const struct ifname *ifname, const struct addr *addr, struct addr *src);
/* The same from "10.1.1.1" or an interface's name as typed. */
bool ping_source_read(struct cmd *c, const char *text, struct addr *src);
#endif
