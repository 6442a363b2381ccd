/* `lock`: a terminal that answers nothing but the password it was locked with. The line must be lockable; its timeouts
 * go on. */
#include "line_cmd.h"
#include "modules/crypto/crypto.h"
#include "modules/line/line_int.h"
#include <stdio.h>
#include <string.h>

static int unlock(struct cmd *c, const char *text, void *arg)
{
    struct line_use *use = cmd_line(c);
    (void)arg;
    if (!c->interactive) /* the session ends */
        return CMD_OK;
    size_t n = text ? strlen(text) : 0;
    if (!text || n != strlen(use->locked) || !crypto_equal(text, use->locked, n))
        return cmd_ask_later(c, LINE_PENALTY, "Password: ", false, unlock, NULL);
    crypto_wipe(use->locked, sizeof use->locked);
    return CMD_OK;
}

static int again(struct cmd *c, const char *text, void *arg)
{
    struct line_use *use = cmd_line(c);
    (void)arg;
    if (!text || !c->interactive || strcmp(text, use->locked) != 0) {
        crypto_wipe(use->locked, sizeof use->locked);
        return text && c->interactive ? cmd_error(c, "%% The two passwords differ: not locked") : CMD_OK;
    }
    out_text(c->out, "\n                     Locked\n\n");
    return cmd_ask(c, "Password: ", false, unlock, NULL);
}

static int first(struct cmd *c, const char *text, void *arg)
{
    struct line_use *use = cmd_line(c);
    (void)arg;
    if (!text || !*text || strlen(text) >= sizeof use->locked)
        return CMD_OK;
    snprintf(use->locked, sizeof use->locked, "%s", text);
    return cmd_ask(c, "Again: ", false, again, NULL);
}

int line_cmd_lock(struct cmd *c, struct args_exec_lock *a)
{
    const struct line_use *use = cmd_line(c);
    const struct line_block *b = use ? line_block_of(use->l, use->kind, use->number) : NULL;
    (void)a;
    if (!b || !b->lockable || !c->interactive)
        return cmd_error(c, "%% This line is not lockable");
    return cmd_ask(c, "Password: ", false, first, NULL);
}
