/* Banners: `banner …` and `aaa authentication banner`, `fail-message` as they are stored (grammar/aaa.gram), and how a
 * line shows them. Called through the tables, and by line_login.c. */
#include "aaa_cmd.h"
#include "modules/core/banner.h"
#include "modules/line/line_int.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* SET: keeps the text and leaves in *text the form that is stored. */
static int text_take(struct cmd *c, char **kept, const char **text)
{
    struct lines *l = lines_cmd(c);
    if (c->op != CMD_SET) {
        free(*kept);
        *kept = NULL;
        return CMD_OK;
    }
    struct banner b = banner_split(*text);
    l->scratch.len = 0;
    if (!banner_store(&l->scratch, b.text, b.len))
        return cmd_error(c, "%% No character is left to delimit this banner");
    free(*kept);
    *kept = strndup(b.text, b.len);
    *text = l->scratch.s;
    return CMD_OK;
}

int line_cmd_banner(struct cmd *c, struct args_banner *a)
{
    unsigned which = a->kw_motd             ? BANNER_MOTD
                     : a->kw_login          ? BANNER_LOGIN
                     : a->kw_exec           ? BANNER_EXEC
                     : a->kw_prompt_timeout ? BANNER_TIMEOUT
                                            : BANNER_INCOMING;
    return text_take(c, &lines_cmd(c)->banner[which], &a->text);
}

int line_cmd_aaa_message(struct cmd *c, struct args_aaa_authentication_message *a)
{
    return text_take(c, &lines_cmd(c)->banner[a->kw_banner ? BANNER_AAA : BANNER_AAA_FAIL], &a->text);
}

/* Tokens expand when a banner is shown. */
static void expand(const struct line_use *use, const char *p, struct strbuf *b)
{
    char number[16];
    snprintf(number, sizeof number, "%u", line_absolute(use->kind, use->number));
    const struct {
        const char *token, *value;
    } tokens[] = {{"$(hostname)", use->l->r->hostname},
                  {"$(domain)", use->l->domain},
                  {"$(line)", number},
                  {"$(line-desc)", line_block_at(use)->location}};
    enum { TOKENS = sizeof tokens / sizeof *tokens };
    while (*p) {
        size_t k = 0;
        while (k < TOKENS && strncmp(p, tokens[k].token, strlen(tokens[k].token)))
            k++;
        if (k < TOKENS) {
            strbuf_add(b, "%s", tokens[k].value);
            p += strlen(tokens[k].token);
        } else {
            if (*p != '\r')
                strbuf_write(b, p, 1);
            p++;
        }
    }
}

void line_say_banner(struct line_use *use, unsigned which)
{
    const struct line_block *block = line_block_at(use);
    const char *p = use->l->banner[which];
    struct strbuf b = {0};
    bool unwanted = (which == BANNER_MOTD && (block->no_motd || block->no_exec_banner)) ||
                    (which == BANNER_EXEC && block->no_exec_banner);
    if (!p || use->peer.quiet || unwanted)
        return;
    strbuf_add(&b, "\n");
    expand(use, p, &b);
    if (b.s[b.len - 1] != '\n')
        strbuf_add(&b, "\n");
    use->ops.output(use->u, b.s, b.len);
    strbuf_free(&b);
}
