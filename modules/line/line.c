/* Terminal lines: the module, and the settings of `line con 0`, `line aux 0` and the ranges of `line vty`. */
#include "line_cmd.h"
#include "modules/crypto/crypto.h"
#include "modules/line/line_int.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct lines *lines_of(const struct router *r)
{
    return module_state(r, &line_module);
}

static const struct line_block defaults = {.exec_timeout_s = LINE_EXEC_TIMEOUT_S,
                                           .history = 20,
                                           .length = 24,
                                           .width = 80,
                                           .privilege = 1,
                                           .login_timeout_s = LINE_LOGIN_TIMEOUT_S};

static int line_init(struct router *r, void **state)
{
    struct lines *l = calloc(1, sizeof *l);
    if (!l)
        return ENOMEM;
    l->r = r;
    for (unsigned i = 0; i < 16; i++)
        l->enable_secret[i].type = l->enable_password[i].type = SECRET_NONE;
    line_ssh_init(l);
    line_watch_init(l);
    *state = l;
    return 0;
}

static void line_fini(struct router *r, void *state)
{
    struct lines *l = state;
    (void)r;
    while (l->uses)
        line_close(l->uses);
    while (l->auths)
        line_auth_cancel(l->auths);
    for (struct line_block *b; (b = l->blocks);) {
        l->blocks = b->next;
        crypto_wipe(b->password, sizeof b->password);
        free(b);
    }
    for (struct line_user *u; (u = l->users);) {
        l->users = u->next;
        crypto_wipe(u, sizeof *u);
        free(u);
    }
    for (struct aaa_list *x; (x = l->lists);) {
        l->lists = x->next;
        free(x);
    }
    for (unsigned i = 0; i < BANNERS; i++)
        free(l->banner[i]);
    line_ssh_fini(l);
    line_watch_fini(l);
    if (l->scratch.s)
        crypto_wipe(l->scratch.s, l->scratch.cap);
    strbuf_free(&l->scratch);
    crypto_wipe(l, sizeof *l);
    free(l);
}

const struct module line_module = {.name = "line", .process = "Virtual Exec", .init = line_init, .fini = line_fini};

const struct line_block *line_block_of(const struct lines *l, enum line_kind kind, unsigned number)
{
    for (const struct line_block *b = l->blocks; b; b = b->next)
        if (b->kind == kind && number >= b->first && number <= b->last)
            return b;
    return kind != LINE_KIND_VTY || number <= 4 ? &defaults : NULL;
}

unsigned line_vty_count(const struct lines *l)
{
    unsigned n = 5;
    for (const struct line_block *b = l->blocks; b; b = b->next)
        if (b->kind == LINE_KIND_VTY && b->last + 1 > n)
            n = b->last + 1;
    return n;
}

unsigned line_absolute(enum line_kind kind, unsigned number)
{
    return kind == LINE_KIND_CON ? 0 : kind == LINE_KIND_AUX ? 1 : LINE_VTY_BASE + number;
}

/* ---- blocks ---- */

static int block_set(struct cmd *c, enum line_kind kind, unsigned first, unsigned last)
{
    struct lines *l = lines_cmd(c);
    struct line_block **pp = &l->blocks;
    while (*pp && ((*pp)->kind != kind || (*pp)->first != first))
        pp = &(*pp)->next;
    struct line_block *b = *pp;
    if (c->op == CMD_UNSET) {
        if (b) {
            *pp = b->next;
            crypto_wipe(b->password, sizeof b->password);
            free(b);
            l->n_blocks--;
        }
        return CMD_OK;
    }
    if (!b) {
        b = l->n_blocks < LINE_BLOCKS_MAX ? malloc(sizeof *b) : NULL;
        if (!b)
            return cmd_error(c, "%% No more lines");
        *b = defaults;
        b->kind = kind;
        b->first = first;
        b->next = l->blocks;
        l->blocks = b;
        l->n_blocks++;
    }
    b->last = last;
    return CMD_OK;
}

int line_cmd_con(struct cmd *c, struct args_line_con *a)
{
    (void)a;
    return block_set(c, LINE_KIND_CON, 0, 0);
}

int line_cmd_aux(struct cmd *c, struct args_line_aux *a)
{
    (void)a;
    return block_set(c, LINE_KIND_AUX, 0, 0);
}

int line_cmd_vty(struct cmd *c, struct args_line_vty *a)
{
    if (c->op == CMD_SET && a->has_last && a->last < a->first)
        return cmd_error(c, "%% Invalid line range");
    return block_set(c, LINE_KIND_VTY, a->first, a->has_last && a->last > a->first ? a->last : a->first);
}

/* The block that the command stands in. */
static struct line_block *block_here(const struct cmd *c)
{
    const struct args_line_vty *v = CMD_BLOCK(c, line_vty, "line-vty");
    if (cmd_block(c, "line-tty")) /* stored alone: there are no such lines */
        return NULL;
    enum line_kind kind = v ? LINE_KIND_VTY : cmd_block(c, "line-aux") ? LINE_KIND_AUX : LINE_KIND_CON;
    for (struct line_block *b = lines_cmd(c)->blocks; b; b = b->next)
        if (b->kind == kind && (!v || b->first == v->first))
            return b;
    return NULL;
}

#define SETTING(NAME, ARGS, BODY)                                                                                      \
    int line_cmd_##NAME(struct cmd *c, struct args_##ARGS *a)                                                          \
    {                                                                                                                  \
        struct line_block *b = block_here(c);                                                                          \
        bool set = c->op == CMD_SET;                                                                                   \
        (void)a, (void)set;                                                                                            \
        if (!b)                                                                                                        \
            return CMD_OK;                                                                                             \
        BODY;                                                                                                          \
        return CMD_OK;                                                                                                 \
    }

SETTING(exec_timeout, line_exec_timeout,
        b->exec_timeout_s = set ? a->minutes * 60 + (a->has_seconds ? a->seconds : 0) : LINE_EXEC_TIMEOUT_S)
SETTING(absolute_timeout, line_absolute_timeout, b->absolute_s = set ? a->minutes * 60 : 0)
SETTING(session_timeout, line_session_timeout, b->session_timeout_s = set ? a->minutes * 60 : 0)
SETTING(logging, line_logging, b->synchronous = set)
SETTING(history, line_history, b->history = set ? a->size : 20)
SETTING(length, line_length, b->length = set ? a->lines : 24)
SETTING(width, line_width, b->width = set ? a->columns : 80)
SETTING(exec, line_exec, b->no_exec = !set)
SETTING(privilege, line_privilege, b->has_privilege = set; b->privilege = set ? a->level : 1)
SETTING(motd_banner, line_motd_banner, b->no_motd = !set)
SETTING(exec_banner, line_exec_banner, b->no_exec_banner = !set)
SETTING(location, line_location, snprintf(b->location, sizeof b->location, "%s", set ? a->text : ""))
SETTING(session_limit, line_session_limit, b->session_limit = set ? a->limit : 0)
SETTING(login_timeout, line_login_timeout, b->login_timeout_s = set ? a->seconds : LINE_LOGIN_TIMEOUT_S)
SETTING(lockable, line_lockable, b->lockable = set)
SETTING(transport_preferred, line_transport_preferred, b->prefer_ssh = set && a->kw_ssh)
SETTING(authorization, line_authorization,
        snprintf(b->exec_list, sizeof b->exec_list, "%s", set && a->has_list ? a->list : ""))

int line_cmd_access_class(struct cmd *c, struct args_line_access_class *a)
{
    struct line_block *b = block_here(c);
    if (b && a->kw_in)
        snprintf(b->acl_in, sizeof b->acl_in, "%s", c->op == CMD_SET ? a->list : "");
    if (b && a->kw_out)
        snprintf(b->acl_out, sizeof b->acl_out, "%s", c->op == CMD_SET ? a->list : "");
    return CMD_OK;
}

int line_cmd_login(struct cmd *c, struct args_line_login *a)
{
    struct line_block *b = block_here(c);
    if (!b)
        return CMD_OK;
    b->login_list[0] = '\0';
    if (c->op == CMD_UNSET)
        b->login = LOGIN_NONE;
    else if (a->kw_authentication)
        b->login = LOGIN_AAA;
    else
        b->login = a->kw_local ? LOGIN_LOCAL : LOGIN_LINE;
    if (b->login == LOGIN_LINE && !b->has_password && c->session)
        for (unsigned k = b->first; k <= b->last; k++)
            cmd_note(c, "%% Login disabled on line %u, until 'password' is set", line_absolute(b->kind, k));
    if (b->login == LOGIN_AAA && a->has_list)
        snprintf(b->login_list, sizeof b->login_list, "%s", a->list);
    return CMD_OK;
}

/* Is it one of the up to ten protocols of the line? */
#define NAMED(p)                                                                                                       \
    (a->kw_a_##p || a->kw_b_##p || a->kw_c_##p || a->kw_d_##p || a->kw_e_##p || a->kw_f_##p || a->kw_g_##p ||          \
     a->kw_h_##p || a->kw_i_##p || a->kw_j_##p)

int line_cmd_transport_input(struct cmd *c, struct args_line_transport_input *a)
{
    struct line_block *b = block_here(c);
    if (!b)
        return CMD_OK;
    b->has_transport = c->op == CMD_SET;
    b->telnet = a->kw_all || NAMED(telnet);
    b->ssh = a->kw_all || NAMED(ssh);
    return CMD_OK;
}

int line_cmd_transport_output(struct cmd *c, struct args_line_transport_output *a)
{
    struct line_block *b = block_here(c);
    if (!b)
        return CMD_OK;
    b->no_telnet_out = c->op == CMD_SET && !a->kw_all && !NAMED(telnet);
    b->no_ssh_out = c->op == CMD_SET && !a->kw_all && !NAMED(ssh);
    return CMD_OK;
}

int line_cmd_password(struct cmd *c, struct args_line_password *a)
{
    struct lines *l = lines_cmd(c);
    struct line_block *b = block_here(c);
    char clear[LINE_PASSWORD_MAX];
    if (!b)
        return CMD_OK;
    if (c->op == CMD_UNSET) {
        crypto_wipe(b->password, sizeof b->password);
        b->has_password = false;
        return CMD_OK;
    }
    int rc = line_password_take(c, a->kw_7 ? a->hidden_password : NULL, a->password, b->password, clear);
    if (rc == CMD_OK) {
        snprintf(b->password, sizeof b->password, "%s", clear);
        b->has_password = true;
        a->kw_0 = false;
    }
    if (rc == CMD_OK && l->encrypt && !a->kw_7) {
        a->has_password = false;
        a->kw_7 = a->has_hidden_password = true;
        a->hidden_password = line_password_hidden(l, clear);
    }
    crypto_wipe(clear, sizeof clear);
    return rc;
}
