/* Configuration objects that other features name and that nothing here executes: prefix lists and route maps. What they
 * need of the configuration tree is the next sequence number. Called through the tables (grammar/objects.gram). */
#include "certificate_cmd.h"
#include "ikeextra_cmd.h"
#include "modules/core/banner.h"
#include "objects_cmd.h"
#include "parser/session_int.h"
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { LISTS_MAX = 4096 }; /* lines of one kind */

/* `seq` may be left out: the next multiple of five behind the list's last (IOS). The line is then the one with it. */
int shell_cmd_prefix_list_next(struct cmd *c, struct args_ip_prefix_list_next *a)
{
    struct cfg *cfg = cfg_get(c->router);
    const struct gram_cmd *cmd = gram_find("ip-prefix-list");
    uint32_t last = 0;
    for (unsigned i = 0; i < cfg->root.n; i++) {
        const struct cfg_node *n = cfg->root.child[i];
        if (n->cmd != cmd)
            continue;
        const struct args_ip_prefix_list *b = n->args;
        if (!strcmp(b->name, a->name) && b->seq > last)
            last = b->seq;
    }
    struct args_ip_prefix_list full;
    memset(&full, 0, sizeof full);
    full.name = a->name, full.has_name = true;
    full.seq = last / 5 * 5 + 5, full.has_seq = true;
    full.kw_permit = a->kw_permit;
    full.kw_deny = a->kw_deny;
    full.prefix = a->prefix, full.has_prefix = true;
    full.ge = a->ge, full.has_ge = full.kw_ge = a->has_ge;
    full.le = a->le, full.has_le = full.kw_le = a->has_le;
    struct cmd sub = *c;
    struct cfg_node *node;
    int rc = cfg_set(cfg, &cfg->root, cmd, &full, &sub, &node);
    if (rc == CMD_OK)
        cfg_touch(cfg, c->line_name);
    return rc;
}

static bool entry_fits(const void *args, const void *want)
{
    const struct args_ip_prefix_list *e = args, *a = want;
    return !strcmp(e->name, a->name) &&
           (!a->has_prefix ||
            (a->kw_permit == e->kw_permit && prefix_equal(&a->prefix, &e->prefix) && a->has_ge == e->has_ge &&
             a->has_le == e->has_le && (!a->has_ge || a->ge == e->ge) && (!a->has_le || a->le == e->le)));
}

static bool description_fits(const void *args, const void *want)
{
    const struct args_ip_prefix_list_description *e = args;
    return !strcmp(e->name, want);
}

int shell_cmd_prefix_list(struct cmd *c, struct args_ip_prefix_list *a)
{
    if (c->op == CMD_UNSET) { /* without a sequence number: what it fits, or the whole list */
        if (!a->has_seq)
            shell_sweep(c, "ip-prefix-list", entry_fits, a);
        if (!a->has_seq && !a->has_prefix)
            shell_sweep(c, "ip-prefix-list-description", description_fits, a->name);
        return CMD_OK;
    }
    const struct cfg_node *root = &cfg_get(c->router)->root;
    const struct gram_cmd *cmd = gram_find("ip-prefix-list");
    unsigned n = 0;
    for (unsigned i = 0; i < root->n; i++)
        n += root->child[i]->cmd == cmd;
    if (n >= LISTS_MAX)
        return cmd_error(c, "%% Too many prefix list entries");
    a->prefix = prefix_make(&a->prefix.addr, a->prefix.len); /* host bits are cleared, as IOS does */
    unsigned len = a->prefix.len;
    if ((a->has_ge && a->ge <= len) || (a->has_le && a->le <= len) || (a->has_ge && a->has_le && a->ge > a->le))
        return cmd_error(c, "%% Invalid prefix range for %s, make sure: len < ge-value <= le-value", a->name);
    return CMD_OK;
}

static bool map_fits(const void *args, const void *want)
{
    const struct args_route_map *e = args;
    return !strcmp(e->name, want);
}

/* `route-map X` alone is entry 10, permitted; `no route-map X` all of them. */
int shell_cmd_route_map(struct cmd *c, struct args_route_map *a)
{
    if (c->op == CMD_UNSET) {
        if (!a->has_seq)
            shell_sweep(c, "route-map", map_fits, a->name);
        return CMD_OK;
    }
    if (!a->kw_permit && !a->kw_deny)
        a->kw_permit = true;
    if (!a->has_seq) {
        a->has_seq = true;
        a->seq = 10;
    }
    return CMD_OK;
}

/* ---- certificates ---- */

/* Hex lines as IOS shows them: two blanks in front, `quit` behind a blank, a blank and a TAB. NULL: something is no
 * hex. */
static const char *certificate_text(struct cmd *c, const char *body)
{
    struct strbuf *keep = &cfg_get(c->router)->text;
    strbuf_free(keep);
    *keep = (struct strbuf){0};
    while (*body) {
        size_t n = strcspn(body, "\n");
        const char *s = body, *end = body + n;
        while (s < end && (*s == ' ' || *s == '\t'))
            s++;
        while (end > s && (end[-1] == ' ' || end[-1] == '\t' || end[-1] == '\r'))
            end--;
        size_t len = (size_t)(end - s);
        if (len == 4 && !strncasecmp(s, "quit", 4)) {
            strbuf_add(keep, "\n  \tquit");
            break;
        }
        if (strspn(s, "0123456789abcdefABCDEF ") < len)
            return NULL;
        if (len)
            strbuf_add(keep, "\n  %.*s", (int)len, s);
        body += n + (body[n] == '\n');
    }
    return keep->s;
}

int shell_cmd_certificate(struct cmd *c, struct args_certificate *a)
{
    if (c->op == CMD_UNSET || !a->has_body || a->body[0] != '\n')
        return CMD_OK;
    a->body = certificate_text(c, a->body);
    return a->body ? CMD_OK : cmd_error(c, "%% Invalid hex data: the certificate is not stored");
}

int shell_cmd_certificate_own(struct cmd *c, struct args_certificate_own *a)
{
    if (c->op == CMD_UNSET || !a->has_body || a->body[0] != '\n')
        return CMD_OK;
    a->body = certificate_text(c, a->body);
    return a->body ? CMD_OK : cmd_error(c, "%% Invalid hex data: the certificate is not stored");
}

int shell_cmd_group_banner(struct cmd *c, struct args_client_group_banner *a)
{
    struct banner b = banner_split(a->text);
    struct strbuf *keep = &cfg_get(c->router)->text;
    if (c->op != CMD_SET)
        return CMD_OK;
    keep->len = 0;
    if (!banner_store(keep, b.text, b.len))
        return cmd_error(c, "%% No character is left to delimit this banner");
    a->text = keep->s;
    return CMD_OK;
}
