/* Users, enable secrets and AAA lists: the handlers of grammar/aaa.gram and what the login dialogue asks of
 * them. Secrets leave a handler in the form that is stored; clear text is wiped. */
#include "aaa_cmd.h"
#include "login_cmd.h"
#include "modules/crypto/crypto.h"
#include "modules/line/line_int.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A string for the arguments: lives until the line is stored. */
static const char *keep(struct lines *l, const char *text)
{
    if (l->scratch.s)
        crypto_wipe(l->scratch.s, l->scratch.cap);
    l->scratch.len = 0;
    strbuf_write(&l->scratch, text, strlen(text));
    return l->scratch.s;
}

int line_cmd_password_min(struct cmd *c, struct args_security_passwords *a)
{
    lines_cmd(c)->password_min = c->op == CMD_SET ? a->length : 0;
    return CMD_OK;
}

static bool password_fits(struct cmd *c, const char *clear)
{
    unsigned least = lines_cmd(c)->password_min;
    if (!c->session || strlen(clear) >= least) /* what was saved is not judged again */
        return true;
    cmd_error(c, "%% Password too short - must be at least %u characters. Password configuration failed", least);
    return false;
}

int line_password_take(struct cmd *c, const char *hidden, const char *text, const char *was,
                       char clear[LINE_PASSWORD_MAX])
{
    if (hidden)
        return secret_reveal(hidden, clear, LINE_PASSWORD_MAX)
                   ? CMD_OK
                   : cmd_error(c, "%% Invalid encrypted password: %s", hidden);
    if (snprintf(clear, LINE_PASSWORD_MAX, "%s", text) >= LINE_PASSWORD_MAX)
        return cmd_error(c, "%% Password too long");
    bool again = was && !strcmp(was, clear); /* stored in another form */
    return again || password_fits(c, clear) ? CMD_OK : CMD_ERROR;
}

const char *line_password_hidden(struct lines *l, const char *clear)
{
    char hidden[2 * LINE_PASSWORD_MAX + 4];
    secret_hide(l, clear, hidden, sizeof hidden);
    return keep(l, hidden);
}

static const char *clear_of(const struct line_secret *s)
{
    return s->type == 0 ? s->text : NULL;
}

/* A secret as typed: a hash of its type, or clear text (given NULL), which becomes one of type 5. */
static int secret_take(struct cmd *c, struct line_secret *s, unsigned type, const char *given, const char *clear)
{
    char hash[LINE_PASSWORD_MAX];
    if (given && !secret_valid(type, given))
        return cmd_error(c,
                         "ERROR: The secret you entered is not a valid encrypted secret.\n"
                         "To enter an UNENCRYPTED secret, do not specify type %u encryption.",
                         type);
    if (!given && !password_fits(c, clear))
        return CMD_ERROR;
    if (!given && !secret_store(lines_cmd(c), clear, 5, hash, sizeof hash))
        return cmd_error(c, "%% The secret cannot be hashed here");
    secret_set(s, type, given ? given : hash);
    return CMD_OK;
}

/* ---- enable secret, enable password ---- */

int line_cmd_enable_secret(struct cmd *c, struct args_enable_secret *a)
{
    struct lines *l = lines_cmd(c);
    struct line_secret *s = &l->enable_secret[a->level];
    if (c->op == CMD_UNSET) {
        secret_set(s, SECRET_NONE, NULL);
        return CMD_OK;
    }
    unsigned type = a->kw_8 ? 8 : a->kw_9 ? 9 : a->kw_4 ? 4 : 5;
    const char *given = a->kw_5 ? a->hash : a->kw_8 ? a->hash8 : a->kw_9 ? a->hash9 : a->kw_4 ? a->hash4 : NULL;
    if (secret_take(c, s, type, given, a->clear) != CMD_OK)
        return CMD_ERROR;
    if (!given) { /* what is left in the arguments is stored: the hash, never the clear text */
        a->kw_0 = a->has_clear = false;
        a->kw_5 = a->has_hash = true;
        a->hash = keep(l, s->text);
    }
    return CMD_OK;
}

int line_cmd_enable_password(struct cmd *c, struct args_enable_password *a)
{
    struct lines *l = lines_cmd(c);
    struct line_secret *s = &l->enable_password[a->level];
    char clear[LINE_PASSWORD_MAX];
    if (c->op == CMD_UNSET) {
        secret_set(s, SECRET_NONE, NULL);
        return CMD_OK;
    }
    int rc = line_password_take(c, a->kw_7 ? a->hidden_password : NULL, a->clear, clear_of(s), clear);
    if (rc == CMD_OK) {
        secret_set(s, 0, clear);
        a->kw_0 = false;
    }
    if (rc == CMD_OK && l->encrypt && !a->kw_7) {
        a->has_clear = false;
        a->kw_7 = a->has_hidden_password = true;
        a->hidden_password = line_password_hidden(l, clear);
    }
    crypto_wipe(clear, sizeof clear);
    return rc;
}

const struct line_secret *line_enable_secret(const struct lines *l, unsigned level)
{
    if (l->enable_secret[level].type != SECRET_NONE)
        return &l->enable_secret[level];
    return l->enable_password[level].type != SECRET_NONE ? &l->enable_password[level] : NULL;
}

int line_cmd_password_encryption(struct cmd *c, struct args_service_password_encryption *a)
{
    (void)a;
    struct lines *l = lines_cmd(c);
    bool was = l->encrypt;
    l->encrypt = c->router->hide_passwords = c->op == CMD_SET;
    if (l->encrypt && !was) {
        cmd_store_again(c, "enable-password");
        cmd_store_again(c, "username");
        cmd_store_again(c, "line-password");
        cmd_store_again(c, "key-string");
        cmd_store_again(c, "standby-authentication");
        cmd_store_again(c, "standby-redirect-auth");
    }
    return CMD_OK;
}

/* ---- users ---- */

struct line_user *line_user_find(const struct lines *l, const char *name)
{
    for (struct line_user *u = l->users; u; u = u->next)
        if (!strcmp(u->name, name))
            return u;
    return NULL;
}

static void user_remove(struct lines *l, const char *name)
{
    for (struct line_user **pp = &l->users; *pp; pp = &(*pp)->next)
        if (!strcmp((*pp)->name, name)) {
            struct line_user *u = *pp;
            *pp = u->next;
            crypto_wipe(u, sizeof *u);
            free(u);
            l->n_users--;
            return;
        }
}

static struct line_user *user_get(struct lines *l, const char *name)
{
    struct line_user *u = line_user_find(l, name);
    if (u || l->n_users == LINE_USERS_MAX)
        return u;
    u = calloc(1, sizeof *u);
    if (u) {
        snprintf(u->name, sizeof u->name, "%s", name);
        u->secret.type = SECRET_NONE;
        u->next = l->users;
        l->users = u;
        l->n_users++;
    }
    return u;
}

static int set_user_secret(struct cmd *c, struct line_user *u, struct args_username *a)
{
    struct lines *l = lines_cmd(c);
    unsigned type = a->kw_8 ? 8 : a->kw_9 ? 9 : a->kw_4 ? 4 : 5;
    const char *given = a->kw_5 ? a->hash : a->kw_8 ? a->hash8 : a->kw_9 ? a->hash9 : a->kw_4 ? a->hash4 : NULL;
    if (secret_take(c, &u->secret, type, given, a->clear) != CMD_OK)
        return CMD_ERROR;
    if (!given) {
        a->kw_0 = a->has_clear = false;
        a->kw_5 = a->has_hash = true;
        a->hash = keep(l, u->secret.text);
    }
    u->is_password = u->nopassword = false;
    return CMD_OK;
}

static int set_user_password(struct cmd *c, struct line_user *u, struct args_username *a)
{
    struct lines *l = lines_cmd(c);
    char clear[LINE_PASSWORD_MAX];
    int rc = line_password_take(c, a->kw_7 ? a->hidden_password : NULL, a->password, clear_of(&u->secret), clear);
    if (rc == CMD_OK) {
        secret_set(&u->secret, 0, clear);
        u->is_password = true;
        u->nopassword = false;
        a->kw_password_0 = !a->kw_7; /* shown as `password 0 …` */
    }
    if (rc == CMD_OK && l->encrypt && !a->kw_7) {
        a->has_password = a->kw_password_0 = false;
        a->kw_7 = a->has_hidden_password = true;
        a->hidden_password = line_password_hidden(l, clear);
    }
    crypto_wipe(clear, sizeof clear);
    return rc;
}

/* `username x privilege 15` keeps the secret that an earlier line gave. */
static void recall_secret(struct lines *l, const struct line_user *u, struct args_username *a)
{
    if (u->nopassword) {
        a->kw_nopassword = true;
    } else if (u->secret.type == SECRET_NONE) {
        return;
    } else if (u->is_password && l->encrypt) {
        a->kw_password = a->kw_7 = a->has_hidden_password = true;
        a->hidden_password = line_password_hidden(l, u->secret.text);
    } else if (u->is_password) {
        a->kw_password = a->kw_password_0 = a->has_password = true;
        a->password = keep(l, u->secret.text);
    } else {
        a->kw_secret = true;
        const char *text = keep(l, u->secret.text);
        if (u->secret.type == 8) {
            a->kw_8 = a->has_hash8 = true;
            a->hash8 = text;
        } else if (u->secret.type == 9) {
            a->kw_9 = a->has_hash9 = true;
            a->hash9 = text;
        } else if (u->secret.type == 4) {
            a->kw_4 = a->has_hash4 = true;
            a->hash4 = text;
        } else {
            a->kw_5 = a->has_hash = true;
            a->hash = text;
        }
    }
}

int line_cmd_username(struct cmd *c, struct args_username *a)
{
    struct lines *l = lines_cmd(c);
    if (c->op == CMD_UNSET) {
        user_remove(l, a->name);
        return CMD_OK;
    }
    if (strlen(a->name) >= sizeof(struct line_user){0}.name)
        return cmd_error(c, "%% Username too long");
    bool isnew = !line_user_find(l, a->name);
    struct line_user *u = user_get(l, a->name);
    if (!u)
        return cmd_error(c, "%% No more than %d users", LINE_USERS_MAX);
    int rc = CMD_OK;
    if (a->kw_secret)
        rc = set_user_secret(c, u, a);
    else if (a->kw_password)
        rc = set_user_password(c, u, a);
    else if (a->kw_nopassword)
        u->nopassword = true;
    else
        recall_secret(l, u, a);
    if (rc != CMD_OK) {
        if (isnew)
            user_remove(l, a->name);
        return rc;
    }
    if (a->has_view && c->session)
        cmd_note(c, "The view is stored; the user has the commands of the privilege level");
    if (a->has_privilege) {
        u->has_privilege = true;
        u->privilege = a->privilege;
    } else if (u->has_privilege) {
        a->kw_privilege = a->has_privilege = true;
        a->privilege = u->privilege;
    }
    return CMD_OK;
}

bool line_user_check(struct lines *l, const char *name, const char *password)
{
    /* An unknown name costs what a known one does. */
    static const struct line_secret nobody = {5, "$1$none$0000000000000000000000"};
    const struct line_user *u = line_user_find(l, name);
    if (u && u->nopassword)
        return true;
    bool known = u && u->secret.type != SECRET_NONE;
    return secret_check(known ? &u->secret : &nobody, password) && known;
}

/* ---- AAA ---- */

int line_cmd_aaa_new_model(struct cmd *c, struct args_aaa_new_model *a)
{
    (void)a;
    lines_cmd(c)->aaa = c->op == CMD_SET;
    return CMD_OK;
}

int line_cmd_aaa_console(struct cmd *c, struct args_aaa_authorization_console *a)
{
    (void)a;
    lines_cmd(c)->aaa_console = c->op == CMD_SET;
    return CMD_OK;
}

const struct aaa_list *aaa_find(const struct lines *l, enum aaa_kind kind, const char *name)
{
    for (const struct aaa_list *x = l->lists; x; x = x->next)
        if (x->kind == kind && !strcmp(x->name, name))
            return x;
    return NULL;
}

static bool parse_methods(const char *text, struct aaa_list *x)
{
    static const struct {
        const char *word;
        enum aaa_method method;
    } words[] = {{"local", AAA_LOCAL},   {"local-case", AAA_LOCAL}, {"line", AAA_LINE},
                 {"enable", AAA_ENABLE}, {"none", AAA_NONE},        {"if-authenticated", AAA_IF_AUTHENTICATED},
                 {"group", AAA_GROUP},   {"krb5", AAA_GROUP}};
    unsigned n = 0;
    for (const char *p = text; *p;) {
        size_t len = strcspn(p, " "), k = 0;
        while (k < sizeof words / sizeof *words && (strlen(words[k].word) != len || strncmp(words[k].word, p, len)))
            k++;
        if (k == sizeof words / sizeof *words || n == AAA_METHODS)
            return false;
        x->method[n++] = words[k].method;
        p += len + strspn(p + len, " ");
        if (words[k].method == AAA_GROUP && len == 5) { /* group NAME */
            if (!*p)
                return false;
            len = strcspn(p, " ");
            p += len + strspn(p + len, " ");
        }
    }
    return n > 0;
}

static int list_set(struct cmd *c, enum aaa_kind kind, const char *name, const char *methods)
{
    struct lines *l = lines_cmd(c);
    struct aaa_list **pp = &l->lists, made = {.kind = kind};
    while (*pp && ((*pp)->kind != kind || strcmp((*pp)->name, name)))
        pp = &(*pp)->next;
    if (c->op == CMD_UNSET) {
        struct aaa_list *x = *pp;
        if (x) {
            *pp = x->next;
            free(x);
            l->n_lists--;
        }
        return CMD_OK;
    }
    if (strlen(name) >= sizeof made.name)
        return cmd_error(c, "%% The list name is too long");
    if (!parse_methods(methods, &made))
        return cmd_error(c, "%% Unknown method in \"%s\"", methods);
    if (!*pp) {
        struct aaa_list *x = l->n_lists < LINE_LISTS_MAX ? calloc(1, sizeof *x) : NULL;
        if (!x)
            return cmd_error(c, "%% No more than %d lists", LINE_LISTS_MAX);
        *pp = x;
        l->n_lists++;
    }
    snprintf(made.name, sizeof made.name, "%s", name);
    made.next = (*pp)->next;
    **pp = made;
    return CMD_OK;
}

int line_cmd_aaa_login(struct cmd *c, struct args_aaa_authentication_login *a)
{
    return list_set(c, AAA_LOGIN, a->has_list ? a->list : "", a->methods);
}

int line_cmd_aaa_enable(struct cmd *c, struct args_aaa_authentication_enable *a)
{
    return list_set(c, AAA_ENABLE_LOGIN, "", a->methods);
}

int line_cmd_aaa_exec(struct cmd *c, struct args_aaa_authorization_exec *a)
{
    return list_set(c, AAA_EXEC, a->has_list ? a->list : "", a->methods);
}

/* ---- logins through AAA ---- */

int line_cmd_aaa_attempts(struct cmd *c, struct args_aaa_authentication_attempts *a)
{
    lines_cmd(c)->attempts = c->op == CMD_SET ? a->tries : 0;
    return CMD_OK;
}

int line_cmd_aaa_prompt(struct cmd *c, struct args_aaa_authentication_prompt *a)
{
    struct lines *l = lines_cmd(c);
    char *prompt = a->kw_username_prompt ? l->username_prompt : l->password_prompt;
    const char *text = c->op == CMD_SET ? a->text : "";
    size_t n = strlen(text);
    if (n > 1 && text[0] == '"' && text[n - 1] == '"') /* keeps its blanks */
        text++, n -= 2;
    snprintf(prompt, sizeof l->username_prompt, "%.*s", (int)n, text);
    return CMD_OK;
}
