/* Command aliases: those that every box has (match_alias) and those of `alias MODE NAME COMMAND` in the configuration.
 * A user's alias is its whole name; it is written out before the line is parsed. Called by session.c, exec.c, help.c.
 */
#include "exec_cmd.h"
#include "parser/session_int.h"
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char *mode_of(const struct args_alias *a)
{
    return a->kw_exec ? "exec" : a->kw_configure ? "configure" : a->kw_interface ? "interface" : "line";
}

/* The tree is searched only once there was an alias at all: every line typed asks. */
int shell_cmd_alias(struct cmd *c, struct args_alias *a)
{
    (void)a;
    if (c->op == CMD_SET)
        cfg_get(c->router)->aliases = true;
    return CMD_OK;
}

void alias_each(struct session *s, const char *mode, void (*each)(void *arg, const char *name, const char *command),
                void *arg)
{
    for (unsigned i = 0; s->cfg->aliases && i < s->cfg->root.n; i++) {
        const struct cfg_node *n = s->cfg->root.child[i];
        if (!n->cmd || strcmp(n->cmd->name, "alias") != 0 || n->negated)
            continue;
        const struct args_alias *a = n->args;
        if (!strcmp(mode_of(a), mode))
            each(arg, a->name, a->command);
    }
}

struct wanted {
    const char *word, *command;
    size_t n;
};

static void compare(void *arg, const char *name, const char *command)
{
    struct wanted *w = arg;
    if (strlen(name) == w->n && !strncasecmp(name, w->word, w->n))
        w->command = command;
}

char *alias_expand(struct session *s, const char *line, const char *mode)
{
    struct wanted w = {.word = line + strspn(line, " ")};
    w.n = strcspn(w.word, " ");
    if (w.n)
        alias_each(s, mode, compare, &w);
    if (!w.command)
        return NULL;
    struct strbuf b = {0};
    strbuf_add(&b, "%s%s", w.command, w.word + w.n);
    return b.s;
}

static void show_one(void *arg, const char *name, const char *command)
{
    out_text(arg, "  %-22s%s\n", name, command);
    out_object(arg, NULL);
    out_str(arg, "alias", name);
    out_str(arg, "command", command);
    out_end(arg);
}

static void found(void *arg, const char *name, const char *command)
{
    (void)name, (void)command;
    *(bool *)arg = true;
}

int shell_cmd_show_aliases(struct cmd *c, struct args_show_aliases *a)
{
    static const char *const words[] = {"h", "lo", "p", "r", "s", "u", "un", "w"};
    static const struct {
        const char *mode, *title;
    } modes[] = {{"exec", "Exec mode"},
                 {"configure", "Global configuration mode"},
                 {"interface", "Interface configuration mode"},
                 {"line", "Line configuration mode"}};
    out_object(c->out, NULL);
    for (unsigned m = 0; m < sizeof modes / sizeof *modes; m++) {
        bool any = m == 0;
        alias_each(c->session, modes[m].mode, found, &any);
        if (!any || (a->has_mode && strncasecmp(modes[m].mode, a->mode, strlen(a->mode)) != 0))
            continue;
        out_text(c->out, "%s aliases:\n", modes[m].title);
        out_array(c->out, modes[m].mode);
        for (unsigned i = 0; m == 0 && i < sizeof words / sizeof *words; i++)
            show_one(c->out, words[i], match_alias(words[i], strlen(words[i])));
        alias_each(c->session, modes[m].mode, show_one, c->out);
        out_end(c->out);
        out_text(c->out, "\n");
    }
    out_end(c->out);
    return CMD_OK;
}
