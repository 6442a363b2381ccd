/* ping with options, and `ping` alone, which asks (ios-cli 11.9). Called by the parser; the run is ping.c's. */
#include "ip_cmd.h"
#include "modules/core/ifname.h"
#include "modules/interface/dialogue.h"
#include "modules/interface/ping.h"
#include "modules/net/stack.h"
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static const struct ping_params defaults = {.count = 5, .size = 100, .timeout = 2 * NS_PER_S, .pattern = PING_PATTERN};

/* "ABCD" or "0xABCD" */
static bool pattern_read(const char *s, uint16_t *pattern)
{
    char *end;
    if (!isxdigit((unsigned char)s[0]))
        return false;
    unsigned long v = strtoul(s, &end, 16);
    *pattern = (uint16_t)v;
    return !*end && v <= 0xffff;
}

/* An address of ours, given as such or by its interface. */
bool ping_source(struct cmd *c, const struct ifname *ifname, const struct addr *addr, struct addr *src)
{
    if (addr) {
        *src = *addr;
        if (net_is_local(c->router, addr))
            return true;
        cmd_error(c, "%% Invalid source address- IP address not on any of our up interfaces");
        return false;
    }
    struct netif *n = netif_find(c->router, ifname->text);
    *src = n && n->line_up ? netif_primary(n) : (struct addr){0};
    if (!addr_is_none(src))
        return true;
    cmd_error(c, "%% Invalid source interface - IP not enabled or interface is down");
    return false;
}

#define OPTION(o)                                                                                                      \
    do {                                                                                                               \
        if (a->has_##o##_repeat)                                                                                       \
            p.count = a->o##_repeat;                                                                                   \
        if (a->has_##o##_size)                                                                                         \
            p.size = a->o##_size;                                                                                      \
        if (a->has_##o##_timeout)                                                                                      \
            p.timeout = a->o##_timeout * NS_PER_S;                                                                     \
        if (a->has_##o##_tos)                                                                                          \
            p.tos = (uint8_t)a->o##_tos;                                                                               \
        if (a->has_##o##_pattern && !pattern_read(a->o##_pattern, &p.pattern))                                         \
            return cmd_error(c, "%% Bad data pattern");                                                                \
        p.df |= a->kw_##o##_df_bit;                                                                                    \
        p.validate |= a->kw_##o##_validate;                                                                            \
        p.verbose |= a->kw_##o##_verbose;                                                                              \
        p.has_src |= a->kw_##o##_source;                                                                               \
        if (a->kw_##o##_source && !ping_source(c, &a->o##_sif, a->has_##o##_sip ? &a->o##_sip : NULL, &p.src))         \
            return CMD_ERROR;                                                                                          \
    } while (0)

int interface_ping(struct cmd *c, struct args_ping *a)
{
    struct ping_params p = defaults;
    OPTION(a);
    OPTION(b);
    OPTION(c);
    OPTION(d);
    OPTION(e);
    OPTION(f);
    OPTION(g);
    OPTION(h);
    OPTION(i);
    return ping_run(c, &p, a->host);
}

/* ---- `ping` alone asks ---- */

static const char *judge_protocol(const char *text)
{
    return strcmp(text, "ip") ? "% Unknown protocol, type \"ping ?\" for help" : NULL;
}

static const char *judge_pattern(const char *text)
{
    uint16_t pattern;
    return pattern_read(text, &pattern) ? NULL : "% Bad data pattern";
}

enum {
    Q_PROTOCOL,
    Q_TARGET,
    Q_REPEAT,
    Q_SIZE,
    Q_TIMEOUT,
    Q_EXTENDED,
    Q_SOURCE,
    Q_TOS,
    Q_DF,
    Q_VALIDATE,
    Q_PATTERN,
    Q_OPTION,
    Q_SWEEP,
    Q_SWEEP_MIN,
    Q_SWEEP_MAX,
    Q_SWEEP_STEP,
    QUESTIONS
};
static const struct question questions[QUESTIONS] = {
    [Q_PROTOCOL] = {"Protocol [ip]: ", ASK_TEXT, 0, 0, "ip", 0, judge_protocol},
    [Q_TARGET] = {"Target IP address: ", ASK_TEXT, 0, 0, "", 0, dialogue_judge_target},
    [Q_REPEAT] = {"Repeat count [5]: ", ASK_NUMBER, 1, 2147483647, "5", 0, NULL},
    [Q_SIZE] = {"Datagram size [100]: ", ASK_NUMBER, PING_MIN, PING_MAX, "100", 0, NULL},
    [Q_TIMEOUT] = {"Timeout in seconds [2]: ", ASK_NUMBER, 0, 3600, "2", 0, NULL},
    [Q_EXTENDED] = {"Extended commands [n]: ", ASK_YES, 0, 0, "n", 0, NULL},
    [Q_SOURCE] = {"Source address or interface: ", ASK_TEXT, 0, 0, "", Q_EXTENDED + 1, NULL},
    [Q_TOS] = {"Type of service [0]: ", ASK_NUMBER, 0, 255, "0", Q_EXTENDED + 1, NULL},
    [Q_DF] = {"Set DF bit in IP header? [no]: ", ASK_YES, 0, 0, "no", Q_EXTENDED + 1, NULL},
    [Q_VALIDATE] = {"Validate reply data? [no]: ", ASK_YES, 0, 0, "no", Q_EXTENDED + 1, NULL},
    [Q_PATTERN] = {"Data pattern [0xABCD]: ", ASK_TEXT, 0, 0, "0xABCD", Q_EXTENDED + 1, judge_pattern},
    [Q_OPTION] = {"Loose, Strict, Record, Timestamp, Verbose[none]: ", ASK_TEXT, 0, 0, "none", Q_EXTENDED + 1,
                  dialogue_judge_option},
    [Q_SWEEP] = {"Sweep range of sizes [n]: ", ASK_YES, 0, 0, "n", 0, NULL},
    [Q_SWEEP_MIN] = {"Sweep min size [36]: ", ASK_NUMBER, PING_MIN, PING_MAX, "36", Q_SWEEP + 1, NULL},
    [Q_SWEEP_MAX] = {"Sweep max size [18024]: ", ASK_NUMBER, PING_MIN, PING_MAX, "18024", Q_SWEEP + 1, NULL},
    [Q_SWEEP_STEP] = {"Sweep interval [1]: ", ASK_NUMBER, 1, PING_MAX, "1", Q_SWEEP + 1, NULL}};

/* "10.1.1.1" or an interface */
bool ping_source_read(struct cmd *c, const char *text, struct addr *src)
{
    struct addr addr;
    struct ifname name;
    if (addr_parse(text, &addr))
        return ping_source(c, NULL, &addr, src);
    size_t used = ifname_parse(text, name.text);
    if (used && !text[used])
        return ping_source(c, &name, NULL, src);
    cmd_error(c, "%% Invalid source");
    return false;
}

static int asked(struct cmd *c, const struct answers *a)
{
    struct ping_params p = {.count = (uint32_t)answer_number(a, Q_REPEAT),
                            .size = (uint32_t)answer_number(a, Q_SIZE),
                            .timeout = (nstime)answer_number(a, Q_TIMEOUT) * NS_PER_S,
                            .df = answer_yes(a, Q_DF),
                            .validate = answer_yes(a, Q_VALIDATE),
                            .verbose = tolower((unsigned char)a->text[Q_OPTION][0]) == 'v',
                            .tos = (uint8_t)answer_number(a, Q_TOS)};
    pattern_read(a->text[Q_PATTERN], &p.pattern);
    if (a->text[Q_SOURCE][0]) {
        p.has_src = true;
        if (!ping_source_read(c, a->text[Q_SOURCE], &p.src))
            return CMD_ERROR;
    }
    if (answer_yes(a, Q_SWEEP)) {
        p.size = (uint32_t)answer_number(a, Q_SWEEP_MIN);
        p.sweep_max = (uint32_t)answer_number(a, Q_SWEEP_MAX);
        p.sweep_step = (uint32_t)answer_number(a, Q_SWEEP_STEP);
        if (p.sweep_max < p.size)
            return cmd_error(c, "%% Sweep max size is below sweep min size");
    }
    return ping_run(c, &p, a->text[Q_TARGET]);
}

int interface_ping_extended(struct cmd *c, struct args_ping_extended *a)
{
    (void)a;
    return dialogue_ask(c, questions, QUESTIONS, asked);
}
