/* `enable` and `disable` (ios-cli 9.1). The password is asked three times; a wrong one costs a second. */
#include "aaa_cmd.h"
#include "modules/line/line_int.h"
#include <stdlib.h>
#include <string.h>

static const struct line_block *block_of_cmd(const struct cmd *c)
{
    const struct line_use *use = cmd_line(c);
    const struct line_block *b = use ? line_block_of(use->l, use->kind, use->number) : NULL;
    return b;
}

/* level in the low byte, tries above */
static int answer(struct cmd *c, const char *text, void *arg);

static int ask(struct cmd *c, unsigned level, unsigned tries)
{
    void *state = (void *)(uintptr_t)(level | tries << 8);
    return cmd_ask_later(c, tries ? LINE_PENALTY : 0, "Password: ", false, answer, state);
}

static int refused(struct cmd *c, const struct line_secret *s, const struct lines *l, unsigned level)
{
    if (l->aaa)
        return cmd_error(c, "%% Access denied\n");
    return cmd_error(c, s == &l->enable_password[level] ? "%% Bad passwords\n" : "%% Bad secrets\n");
}

static int answer(struct cmd *c, const char *text, void *arg)
{
    struct lines *l = lines_cmd(c);
    unsigned level = (uintptr_t)arg & 0xff, tries = (unsigned)((uintptr_t)arg >> 8);
    const struct line_secret *s = line_enable_secret(l, level);
    if (!text || !s)
        return CMD_OK;
    if (*text && secret_check(s, text)) {
        cmd_set_level(c, level);
        return CMD_OK;
    }
    if (tries + 1 < LINE_TRIES && c->interactive)
        return ask(c, level, tries + 1);
    return refused(c, s, l, level);
}

int line_cmd_enable(struct cmd *c, struct args_exec_enable *a)
{
    struct lines *l = lines_cmd(c);
    const struct line_use *use = cmd_line(c);
    const struct line_block *b = block_of_cmd(c);
    unsigned level = a->has_level ? a->level : 15;
    if (level <= cmd_level(c)) {
        cmd_set_level(c, level);
        return CMD_OK;
    }
    const struct aaa_list *x = l->aaa ? aaa_find(l, AAA_ENABLE_LOGIN, "") : NULL;
    for (unsigned i = 0; x && i < AAA_METHODS && x->method[i] != AAA_END; i++) {
        if (x->method[i] == AAA_NONE) {
            cmd_set_level(c, level);
            return CMD_OK;
        }
        if (x->method[i] == AAA_ENABLE && line_enable_secret(l, level))
            break;
    }
    if (line_enable_secret(l, level))
        return ask(c, level, 0);
    /* Without a secret only the console gets there. */
    if (!use || use->kind == LINE_KIND_CON || (b && line_is_open_house(l, b, &use->peer))) {
        cmd_set_level(c, level);
        return CMD_OK;
    }
    return cmd_error(c, l->aaa ? "%% Error in authentication.\n" : "%% No password set");
}

int line_cmd_disable(struct cmd *c, struct args_exec_disable *a)
{
    unsigned level = a->has_level ? a->level : 1;
    if (level > cmd_level(c))
        return cmd_error(c, "%% Privilege level %u is higher than the current one", level);
    cmd_set_level(c, level);
    return CMD_OK;
}
