/* show hosts (ios-cli 11.10): the default domain, how names are looked up and the static table, all of it read from the
 * configuration tree. Called through the tables. */
#include "parser/session_int.h"
#include "system_cmd.h"
#include <stdlib.h>
#include <string.h>

/* What stands behind `words` in the n-th line that begins with them; NULL: there is none. */
static const char *rest_of(struct cfg_node *const *list, unsigned n, const char *words, unsigned which)
{
    size_t len = strlen(words);
    for (unsigned i = 0; i < n; i++)
        if (!list[i]->negated && !strncmp(list[i]->line, words, len) && !which--)
            return list[i]->line + len;
    return NULL;
}

/* The blank-separated words of text: as values of an array, or behind each other with `between`. */
static void each_word(struct out *o, const char *text, const char *between, bool *first)
{
    for (size_t n; text += strspn(text, " "), (n = strcspn(text, " ")); text += n) {
        out_text(o, "%s%.*s", *first ? "" : between, (int)n, text);
        out_fmt(o, NULL, "%.*s", (int)n, text);
        *first = false;
    }
}

static void name_servers(struct out *o, struct cfg_node *const *list, unsigned n, bool lookup)
{
    const char *text;
    bool first = true;
    out_array(o, "name_servers");
    if (lookup)
        out_text(o, "Name servers are ");
    for (unsigned k = 0; lookup && (text = rest_of(list, n, "ip name-server ", k)); k++)
        each_word(o, text, ", ", &first);
    if (lookup)
        out_text(o, "%s\n", first ? "255.255.255.255" : "");
    out_end(o);
}

static void host_row(struct out *o, const char *text)
{
    size_t n = strcspn(text, " ");
    bool first = true;
    out_text(o, "%-25.*s None  (perm, OK)  0   IP    ", (int)n, text);
    out_object(o, NULL);
    out_fmt(o, "host", "%.*s", (int)n, text);
    out_str(o, "flags", "perm, OK");
    out_int(o, "age_ms", 0);
    out_str(o, "type", "IP");
    out_array(o, "addresses");
    each_word(o, text + n, "\n                                                     ", &first);
    out_end(o);
    out_end(o);
    out_text(o, "\n");
}

int shell_cmd_show_hosts(struct cmd *c, struct args_show_hosts *a)
{
    const struct cfg *cfg = c->session->cfg;
    struct cfg_node **list = cfg_sorted(&cfg->root);
    unsigned n = cfg->root.n;
    struct out *o = c->out;
    const char *domain = rest_of(list, n, "ip domain name ", 0), *text;
    bool lookup = true;
    (void)a;
    for (unsigned i = 0; i < n; i++)
        lookup &= strcmp(list[i]->line, "no ip domain lookup") != 0;
    if (domain)
        out_text(o, "Default domain is %s\n", domain);
    else
        out_text(o, "Default domain is not set\n");
    out_object(o, NULL);
    out_str(o, "default_domain", domain);
    out_str(o, "lookup", lookup ? "domain service" : "static mappings");
    out_text(o, "Name/address lookup uses %s\n", lookup ? "domain service" : "static mappings");
    name_servers(o, list, n, lookup);
    out_text(o, "\nCodes: UN - unknown, EX - expired, OK - OK, ?? - revalidate\n"
                "       temp - temporary, perm - permanent\n"
                "       NA - Not Applicable None - Not defined\n\n"
                "Host                      Port  Flags      Age Type   Address(es)\n");
    out_array(o, "hosts");
    for (unsigned k = 0; (text = rest_of(list, n, "ip host ", k)); k++)
        host_row(o, text);
    out_end(o);
    out_end(o);
    free(list);
    return CMD_OK;
}
