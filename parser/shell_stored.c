/* Lines that are only stored, in the form in which IOS shows them however they were typed: old spellings, options in
 * any order. Called through the tables. */
#include "boilerplate_cmd.h"
#include "clock_cmd.h"
#include "parser/session_int.h"
#include "web_cmd.h"
#include <string.h>
#include <strings.h>

/* ---- ip domain: `domain-name` is the old spelling of `domain name` ---- */

int shell_cmd_domain_lookup(struct cmd *c, struct args_ip_domain_lookup *a)
{
    (void)c;
    a->kw_old = false;
    a->kw_domain = a->kw_lookup = true;
    return CMD_OK;
}

int shell_cmd_domain_list(struct cmd *c, struct args_ip_domain_list *a)
{
    (void)c;
    a->kw_old = false;
    a->kw_domain = a->kw_word_list = true;
    return CMD_OK;
}

/* Several servers on one line are as many lines. */
int shell_cmd_name_server(struct cmd *c, struct args_ip_name_server *a)
{
    struct cfg *cfg = cfg_get(c->router);
    for (unsigned i = 1; i < a->n_server; i++) {
        struct args_ip_name_server one = {.n_server = 1};
        struct cmd sub = *c;
        struct cfg_node *node;
        one.server[0] = a->server[i];
        one.has_server = true;
        if (c->op == CMD_SET)
            cfg_set(cfg, &cfg->root, gram_find("ip-name-server"), &one, &sub, &node);
        else
            cfg_unset(cfg, &cfg->root, gram_find("ip-name-server"), &one, &sub, false);
    }
    if (a->n_server > 1)
        a->n_server = 1;
    return CMD_OK;
}

/* ---- options in any order ---- */

struct option {
    const char *word;
    bool value; /* another word follows */
};

/* Abbreviations are written out, and the options stand in the table's order. False: one is unknown, given twice, or
 * lacks its value. */
static bool order_options(const struct option *table, unsigned n_table, const char **words, unsigned n)
{
    const char *sorted[16];
    const struct option *of[16];
    unsigned out = 0, at[16], n_at = 0;
    if (n > 16)
        return false;
    for (unsigned i = 0; i < n; i++) {
        const struct option *found = NULL;
        for (unsigned k = 0; k < n_table; k++)
            if (!strncasecmp(table[k].word, words[i], strlen(words[i])) && !found)
                found = &table[k];
        for (unsigned k = 0; k < n_at; k++)
            if (of[k] == found)
                found = NULL;
        if (!found || (found->value && i + 1 == n))
            return false;
        of[n_at] = found;
        at[n_at++] = i;
        i += found->value;
    }
    for (unsigned k = 0; k < n_table; k++)
        for (unsigned i = 0; i < n_at; i++)
            if (of[i] == &table[k]) {
                sorted[out++] = table[k].word;
                if (table[k].value)
                    sorted[out++] = words[at[i] + 1];
            }
    memcpy(words, sorted, out * sizeof *words);
    return true;
}

int shell_cmd_ntp_server(struct cmd *c, struct args_ntp_server *a)
{
    static const struct option options[] = {{"burst", false},  {"iburst", false}, {"key", true},
                                            {"minpoll", true}, {"maxpoll", true}, {"normal-sync", false},
                                            {"prefer", false}, {"source", true},  {"version", true}};
    if (!order_options(options, sizeof options / sizeof *options, a->options, a->n_options))
        return cmd_error(c, "%% Invalid NTP option: version, key, prefer, source, minpoll, maxpoll, burst, iburst");
    return CMD_OK;
}

int shell_cmd_snmp_traps(struct cmd *c, struct args_snmp_server_traps_snmp *a)
{
    static const struct option options[] = {
        {"authentication", false}, {"linkdown", false}, {"linkup", false}, {"coldstart", false}, {"warmstart", false}};
    if (!order_options(options, sizeof options / sizeof *options, a->traps, a->n_traps))
        return cmd_error(c, "%% Invalid trap: authentication, linkdown, linkup, coldstart, warmstart");
    return CMD_OK;
}

int shell_cmd_snmp_community(struct cmd *c, struct args_snmp_server_community *a)
{
    (void)c;
    if (!a->kw_RW)
        a->kw_RO = true;
    return CMD_OK;
}
