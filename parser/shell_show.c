/* Show commands that take the configuration tree apart: route maps, prefix lists, SNMP communities, partitions; and
 * show tech-support, which runs others. Called through the tables (grammar/platform.gram). */
#include "boilerplate_cmd.h"
#include "objgroup_cmd.h"
#include "parser/session_int.h"
#include "platform_cmd.h"
#include <stdlib.h>
#include <string.h>

/* Name of a stored line's word `n` (0: the first), borrowed; *len. */
static const char *word_at(const char *line, unsigned n, size_t *len)
{
    for (;; n--) {
        line += strspn(line, " ");
        *len = strcspn(line, " ");
        if (!n || !*len)
            return line;
        line += *len;
    }
}

static bool word_is(const char *line, unsigned n, const char *text)
{
    size_t len;
    const char *w = word_at(line, n, &len);
    return len == strlen(text) && !strncmp(w, text, len);
}

static bool starts(const struct cfg_node *n, const char *text)
{
    return !strncmp(n->line, text, strlen(text));
}

/* ---- show route-map ---- */

/* " match ip address 101" reads "ip address (access-lists): 101" in the list. */
static void clause(struct out *o, const char *line, const char *verb)
{
    static const struct {
        const char *is, *shown;
    } words[] = {{"ip address prefix-list ", "ip address prefix-lists: "},
                 {"ip address ", "ip address (access-lists): "},
                 {"ip next-hop prefix-list ", "ip next-hop prefix-lists: "},
                 {"ipv6 address prefix-list ", "ipv6 address prefix-lists: "},
                 {"ipv6 address ", "ipv6 address "},
                 {"as-path ", "as-path (as-path filter): "}};
    const char *rest = line + strlen(verb) + 1;
    for (size_t i = 0; verb[0] == 'm' && i < sizeof words / sizeof *words; i++)
        if (!strncmp(rest, words[i].is, strlen(words[i].is))) {
            out_text(o, "    %s%s \n", words[i].shown, rest + strlen(words[i].is));
            return;
        }
    out_text(o, "    %s\n", rest);
}

static void clauses(struct out *o, const struct cfg_node *map, const char *verb, const char *title, const char *key)
{
    struct cfg_node **list = cfg_sorted(map);
    out_text(o, "  %s:\n", title);
    out_array(o, key);
    for (unsigned i = 0; i < map->n; i++)
        if (word_is(list[i]->line, 0, verb)) {
            clause(o, list[i]->line, verb);
            out_str(o, NULL, list[i]->line + strlen(verb) + 1);
        }
    out_end(o);
    free(list);
}

int shell_cmd_show_route_map(struct cmd *c, struct args_show_route_map *a)
{
    const struct cfg *cfg = c->session->cfg;
    struct cfg_node **list = cfg_sorted(&cfg->root);
    bool any = false;
    out_array(c->out, NULL);
    for (unsigned i = 0; i < cfg->root.n; i++) {
        size_t name_len, action_len, seq_len;
        if (!starts(list[i], "route-map "))
            continue;
        const char *name = word_at(list[i]->line, 1, &name_len), *action = word_at(list[i]->line, 2, &action_len),
                   *seq = word_at(list[i]->line, 3, &seq_len);
        if (a->has_name && !word_is(list[i]->line, 1, a->name))
            continue;
        any = true;
        out_text(c->out, "route-map %.*s, %.*s, sequence %.*s\n", (int)name_len, name, (int)action_len, action,
                 (int)seq_len, seq);
        out_object(c->out, NULL);
        out_fmt(c->out, "name", "%.*s", (int)name_len, name);
        out_fmt(c->out, "action", "%.*s", (int)action_len, action);
        out_int(c->out, "sequence", atol(seq));
        clauses(c->out, list[i], "match", "Match clauses", "match");
        clauses(c->out, list[i], "set", "Set clauses", "set");
        out_end(c->out);
        out_text(c->out, "  Policy routing matches: 0 packets, 0 bytes\n");
    }
    out_end(c->out);
    free(list);
    return a->has_name && !any ? cmd_error(c, "route-map %s not found", a->name) : CMD_OK;
}

/* ---- show ip prefix-list ---- */

static void entry_values(struct out *o, const char *line)
{
    size_t n;
    out_int(o, "sequence", atol(word_at(line, 4, &n)));
    const char *action = word_at(line, 5, &n);
    out_fmt(o, "action", "%.*s", (int)n, action);
    const char *prefix = word_at(line, 6, &n);
    out_fmt(o, "prefix", "%.*s", (int)n, prefix);
    for (unsigned i = 7; *word_at(line, i, &n); i += 2)
        out_int(o, word_is(line, i, "ge") ? "ge" : "le", atol(word_at(line, i + 1, &n)));
}

int shell_cmd_show_prefix_list(struct cmd *c, struct args_show_ip_prefix_list *a)
{
    const struct cfg *cfg = c->session->cfg;
    struct cfg_node **list = cfg_sorted(&cfg->root);
    char last[64] = "";
    out_array(c->out, NULL);
    for (unsigned i = 0; i < cfg->root.n; i++) {
        size_t len;
        if (!starts(list[i], "ip prefix-list ") || !word_is(list[i]->line, 3, "seq") ||
            (a->has_name && !word_is(list[i]->line, 2, a->name)))
            continue;
        const char *name = word_at(list[i]->line, 2, &len);
        if (len >= sizeof last)
            continue;
        if (strncmp(last, name, len) != 0 || last[len]) {
            unsigned entries = 0;
            memcpy(last, name, len);
            last[len] = 0;
            for (unsigned k = i; k < cfg->root.n; k++)
                entries += starts(list[k], "ip prefix-list ") && word_is(list[k]->line, 2, last) &&
                           word_is(list[k]->line, 3, "seq");
            out_text(c->out, "ip prefix-list %s: %u entr%s\n", last, entries, entries == 1 ? "y" : "ies");
        }
        out_text(c->out, "   %s\n", name + len + 1);
        out_object(c->out, NULL);
        out_str(c->out, "name", last);
        out_str(c->out, "entry", name + len + 1);
        entry_values(c->out, list[i]->line);
        out_end(c->out);
    }
    out_end(c->out);
    free(list);
    return CMD_OK;
}

/* ---- show snmp community ---- */

int shell_cmd_show_snmp_community(struct cmd *c, struct args_show_snmp_community *a)
{
    const struct cfg *cfg = c->session->cfg;
    const struct gram_cmd *cmd = gram_find("snmp-server-community");
    struct cfg_node **list = cfg_sorted(&cfg->root);
    (void)a;
    out_array(c->out, NULL);
    for (unsigned i = 0; i < cfg->root.n; i++) {
        const struct args_snmp_server_community *k = list[i]->args;
        if (list[i]->cmd != cmd)
            continue;
        const char *acl = k->has_acl ? k->acl : "";
        out_text(c->out, "\nCommunity name: %s\nCommunity Index: %s\nCommunity SecurityName: %s\n", k->name, k->name,
                 k->name);
        out_text(c->out, "storage-type: nonvolatile\t active%s%s\n", *acl ? "\taccess-list: " : "", acl);
        out_object(c->out, NULL);
        out_str(c->out, "name", k->name);
        out_str(c->out, "access_list", acl);
        out_str(c->out, "access", k->kw_RW ? "RW" : "RO");
        out_end(c->out);
    }
    out_end(c->out);
    out_text(c->out, "\n");
    free(list);
    return CMD_OK;
}

/* ---- show object-group ---- */

int shell_cmd_show_object_group(struct cmd *c, struct args_show_object_group *a)
{
    const struct cfg *cfg = c->session->cfg;
    struct cfg_node **list = cfg_sorted(&cfg->root);
    out_array(c->out, NULL);
    for (unsigned i = 0; i < cfg->root.n; i++) {
        size_t len;
        if (!starts(list[i], "object-group ") || (a->has_name && !word_is(list[i]->line, 2, a->name)))
            continue;
        const char *name = word_at(list[i]->line, 2, &len),
                   *type = word_is(list[i]->line, 1, "network") ? "Network" : "Service";
        out_text(c->out, "%s object group %.*s\n", type, (int)len, name);
        out_object(c->out, NULL);
        out_str(c->out, "type", type);
        out_fmt(c->out, "name", "%.*s", (int)len, name);
        out_array(c->out, "members");
        struct cfg_node **members = cfg_sorted(list[i]);
        for (unsigned k = 0; k < list[i]->n; k++) {
            const char *line = members[k]->line;
            bool text = !strncmp(line, "description ", 12);
            out_text(c->out, " %s%s\n", text ? "Description " : "", text ? line + 12 : line);
            out_str(c->out, NULL, line);
        }
        free(members);
        out_end(c->out);
        out_end(c->out);
        out_text(c->out, "\n");
    }
    out_end(c->out);
    free(list);
    return CMD_OK;
}

/* ---- show running-config partition ---- */

static bool in_partition(const struct cfg_node *n, const struct args_show_running_partition *a)
{
    if (a->kw_access_list)
        return starts(n, "ip access-list ") || starts(n, "access-list ") || starts(n, "ipv6 access-list ");
    if (a->kw_interface)
        return starts(n, "interface ");
    if (a->kw_ip_static_routes)
        return starts(n, "ip route ");
    if (a->kw_line)
        return starts(n, "line ");
    if (a->kw_snmp)
        return starts(n, "snmp-server ");
    if (a->kw_route_map)
        return starts(n, "route-map ");
    if (a->kw_crypto)
        return starts(n, "crypto ");
    return a->kw_common && !starts(n, "ip access-list ") && !starts(n, "access-list ") && !starts(n, "interface ") &&
           !starts(n, "ip route ") && !starts(n, "line ") && !starts(n, "snmp-server ") && !starts(n, "route-map ");
}

int shell_cmd_show_partition(struct cmd *c, struct args_show_running_partition *a)
{
    struct cfg *cfg = c->session->cfg;
    struct cfg_node **list = cfg_sorted(&cfg->root);
    struct strbuf b = {0};
    for (unsigned i = 0; i < cfg->root.n; i++) {
        if (!in_partition(list[i], a))
            continue;
        if (list[i]->cmd->opens != GRAM_NONE)
            strbuf_add(&b, "!\n");
        cfg_text_block(cfg, list[i], 0, &b);
    }
    strbuf_add(&b, "!\nend\n");
    free(list);
    return shell_print_config(c, &b);
}

/* ---- show tech-support ---- */

/* Runs one show command with the caller's output. */
static void show_line(struct cmd *c, const char *line)
{
    struct matcher m = {0};
    if (match_line(&m, &gram_modes[MODE_EXEC], line, 0, strlen(line), 0, 15) == MATCH_OK) {
        struct value_pool *pool = NULL;
        void *args = match_args(&m, line, &pool);
        struct cmd sub = *c;
        sub.line = line;
        sub.at_once = true;
        out_text(c->out, "\n------------------ %s ------------------\n\n", line);
        cfg_call(m.cmd, &sub, args);
        free(args);
        value_pool_free(pool);
    }
    matcher_free(&m);
}

/* One command a turn. */
static int tech_step(struct cmd *c, void *state)
{
    static const char *const tech[] = {"show version",
                                       "show inventory",
                                       "show running-config",
                                       "show ip interface brief",
                                       "show interfaces",
                                       "show ip route",
                                       "show ip arp",
                                       "show access-lists",
                                       "show ip traffic",
                                       "show drops",
                                       "show standby",
                                       "show track",
                                       "show redundancy",
                                       "show redundancy inter-device",
                                       "show redundancy history",
                                       "show ipc association",
                                       "show crypto ha",
                                       "show crypto isakmp sa",
                                       "show crypto ipsec sa",
                                       "show crypto map",
                                       "show crypto session",
                                       "show processes cpu",
                                       "show memory statistics",
                                       "show debugging",
                                       "show logging"};
    unsigned *at = state;
    show_line(c, tech[*at]);
    return ++*at < sizeof tech / sizeof *tech ? CMD_PENDING : CMD_OK;
}

int shell_cmd_show_tech(struct cmd *c, struct args_show_tech_support *a)
{
    (void)a;
    if (out_is_json(c->out))
        return CMD_OK; /* its lines are asked for again */
    unsigned *at = calloc(1, sizeof *at);
    return at ? cmd_steps(c, tech_step, free, at) : cmd_error(c, "%% Out of memory");
}
