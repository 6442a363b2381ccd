/* Who is on which line, and how he gets there: the login dialogue with its delays and timeouts (ios-cli 1.2, 1.3).
 * Called by the doors through line.h. */
#include "modules/crypto/crypto.h"
#include "modules/line/line_int.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- methods ---- */

/* Through the host's loopback, while nobody has said anything about logins on this line: as the console. */
bool line_is_open_house(const struct lines *l, const struct line_block *b, const struct line_peer *p)
{
    return p->local && p->service == LINE_TELNET && !l->aaa && b->login == LOGIN_DEFAULT && !b->has_password;
}

static enum aaa_method aaa_usable(const struct lines *l, const struct line_block *b, const struct aaa_list *x)
{
    for (unsigned i = 0; i < AAA_METHODS && x->method[i] != AAA_END; i++) {
        enum aaa_method m = x->method[i];
        if (m == AAA_GROUP || (m == AAA_LINE && !b->has_password) || (m == AAA_ENABLE && !line_enable_secret(l, 15)))
            continue; /* no server answers, no secret is set: the next one */
        return m;
    }
    return AAA_END;
}

enum aaa_method line_method(const struct lines *l, const struct line_block *b, const struct line_peer *p)
{
    if (l->aaa) {
        const char *name = b->login == LOGIN_AAA ? b->login_list : "";
        const struct aaa_list *x = aaa_find(l, AAA_LOGIN, name);
        if (!x)
            return p->service == LINE_CONSOLE && !name[0] ? AAA_NONE : AAA_LOCAL;
        return aaa_usable(l, b, x);
    }
    switch (b->login) {
    case LOGIN_NONE:
        return AAA_NONE;
    case LOGIN_LOCAL:
    case LOGIN_AAA:
        return AAA_LOCAL;
    case LOGIN_LINE:
        /* "Login disabled on line 0, until 'password' is set" */
        return p->service == LINE_CONSOLE && !b->has_password ? AAA_NONE : AAA_LINE;
    case LOGIN_DEFAULT:
        break;
    }
    return p->service == LINE_CONSOLE || line_is_open_house(l, b, p) ? AAA_NONE : AAA_LINE;
}

const struct line_block *line_block_at(const struct line_use *use)
{
    const struct line_block *b = line_block_of(use->l, use->kind, use->number);
    return b ? b : line_block_of(use->l, LINE_KIND_VTY, 0); /* the line was deleted under him */
}

/* ---- text ---- */

static void say(struct line_use *use, const char *text)
{
    if (use->ops.output)
        use->ops.output(use->u, text, strlen(text));
}

static void ask(struct line_use *use, bool user)
{
    use->asked_user = user;
    use->asking = true;
    const struct lines *l = use->l;
    const char *own = !l->aaa ? "" : user ? l->username_prompt : l->password_prompt;
    if (use->ops.ask)
        use->ops.ask(use->u, own[0] ? own : user ? "Username: " : "Password: ", user);
}

/* ---- the dialogue ---- */

void line_end(struct line_use *use, const char *text)
{
    if (use->state == USE_OVER)
        return;
    use->state = USE_OVER;
    timer_stop(&use->limit);
    timer_stop(&use->penalty);
    timer_stop(&use->idle);
    timer_stop(&use->absolute);
    if (use->ops.closed)
        use->ops.closed(use->u, text);
}

/* timeout login response */
static void limit_start(struct line_use *use)
{
    unsigned s = line_block_at(use)->login_timeout_s;
    timer_start(&use->limit, (nstime)(s ? s : LINE_LOGIN_TIMEOUT_S) * NS_PER_S);
}

static void round_begin(struct line_use *use)
{
    limit_start(use);
    ask(use, use->method == AAA_LOCAL);
}

static void idle_start(struct line_use *use)
{
    unsigned s = line_block_at(use)->exec_timeout_s;
    if (s)
        timer_start(&use->idle, (nstime)s * NS_PER_S);
    else
        timer_stop(&use->idle);
}

/* What exec authorization gives: the user's level, or the line's. */
static unsigned level_of(const struct line_use *use, const struct line_block *b)
{
    const struct lines *l = use->l;
    const struct line_user *u = use->have_user ? line_user_find(l, use->user) : NULL;
    if (l->aaa) {
        const struct aaa_list *x = aaa_find(l, AAA_EXEC, b->exec_list);
        if (!x || (use->kind == LINE_KIND_CON && !l->aaa_console) || aaa_usable(l, b, x) != AAA_LOCAL)
            return b->privilege;
    }
    return u && u->has_privilege ? u->privilege : b->privilege;
}

void line_opened(struct line_use *use)
{
    const struct line_block *b = line_block_at(use);
    timer_stop(&use->limit);
    if (b->no_exec) {
        line_end(use, "");
        return;
    }
    char where[96] = "console";
    if (use->kind == LINE_KIND_VTY)
        snprintf(where, sizeof where, "vty%u (%s)", use->number, use->peer.where[0] ? use->peer.where : "local");
    snprintf(use->name, sizeof use->name, "%s%s%.91s", use->user, use->user[0] ? " on " : "", where);
    if (use->peer.service == LINE_SSH)
        line_say_banner(use, BANNER_MOTD);
    line_say_banner(use, BANNER_EXEC);
    use->state = USE_OPEN;
    use->since = use->last_key = loop_now(use->l->r->loop);
    idle_start(use);
    if (b->absolute_s)
        timer_start(&use->absolute, (nstime)b->absolute_s * NS_PER_S);
    struct line_grant g = {.privilege = level_of(use, b),
                           .name = use->name,
                           .length = b->length,
                           .width = b->width,
                           .history = b->history,
                           .synchronous = b->synchronous};
    if (use->ops.opened)
        use->ops.opened(use->u, &g);
}

void line_begin(struct line_use *use)
{
    const struct line_block *b = line_block_at(use);
    if (use->have_user) { /* SSH has asked already */
        line_opened(use);
        return;
    }
    use->method = line_method(use->l, b, &use->peer);
    line_say_banner(use, BANNER_MOTD);
    if (use->method == AAA_NONE) {
        line_opened(use);
        return;
    }
    if (use->method == AAA_LINE && !b->has_password) {
        line_end(use, "\n\nPassword required, but none set\n");
        return;
    }
    line_say_banner(use, BANNER_LOGIN);
    if (use->l->aaa && use->l->banner[BANNER_AAA])
        line_say_banner(use, BANNER_AAA);
    else
        say(use, "\n\nUser Access Verification\n\n");
    round_begin(use);
}

static void wrong(struct line_use *use)
{
    use->tries++;
    unsigned most = use->l->aaa && use->l->attempts ? use->l->attempts : LINE_TRIES;
    bool last = use->tries >= most, local = use->method == AAA_LOCAL;
    bool own = use->l->aaa && use->l->banner[BANNER_AAA_FAIL];
    const char *text = own ? "" : use->l->aaa ? "% Authentication failed\n" : local ? "% Login invalid\n" : "";
    line_watch_result(use->l, &use->peer, local ? use->user : "", false);
    use->user[0] = '\0';
    if (own)
        line_say_banner(use, BANNER_AAA_FAIL);
    if (last) {
        snprintf(use->over, sizeof use->over, "%s", text[0] || own ? text : "% Bad passwords\n");
        line_end(use, use->over);
        return;
    }
    say(use, text);
    if (text[0])
        say(use, "\n");
    round_begin(use);
}

static void right(struct line_use *use)
{
    use->have_user = use->method == AAA_LOCAL;
    line_watch_result(use->l, &use->peer, use->user, true);
    line_opened(use);
}

static void later(struct line_use *use, nstime delay, void (*what)(struct line_use *))
{
    use->later = what;
    timer_start(&use->penalty, delay);
}

static void penalty_over(void *arg)
{
    struct line_use *use = arg;
    use->later(use);
}

/* The stored secret that an answer will be held against; NULL: clear text, or nobody's. */
static const struct line_secret *secret_of(const struct line_use *use)
{
    const struct line_user *u = use->method == AAA_LOCAL ? line_user_find(use->l, use->user) : NULL;
    return use->method == AAA_ENABLE ? line_enable_secret(use->l, 15) : u ? &u->secret : NULL;
}

static bool password_right(struct line_use *use, const char *text)
{
    const struct line_block *b = line_block_at(use);
    const struct line_secret *s = line_enable_secret(use->l, 15);
    size_t n = strlen(text);
    switch (use->method) {
    case AAA_LOCAL:
        return line_user_check(use->l, use->user, text);
    case AAA_LINE:
        return b->has_password && n == strlen(b->password) && crypto_equal(text, b->password, n);
    case AAA_ENABLE:
        return s && secret_check(s, text);
    default:
        return false;
    }
}

static void judge(struct line_use *use)
{
    bool ok = password_right(use, use->given);
    crypto_wipe(use->given, sizeof use->given);
    if (ok)
        right(use);
    else
        later(use, line_watch_delay(use->l), wrong);
}

void line_dialog_answer(struct line_use *use, const char *text)
{
    bool user = use->asked_user;
    use->asking = false;
    if (!text || strlen(text) >= LINE_PASSWORD_MAX) {
        if (!text && user) /* Ctrl-C */
            line_end(use, "");
        else
            later(use, line_watch_delay(use->l), wrong);
        return;
    }
    if (user) {
        if (!*text) { /* RETURN alone asks again, but not for ever */
            if (++use->tries > 10)
                line_end(use, "% Login invalid\n");
            else
                ask(use, true);
            return;
        }
        snprintf(use->user, sizeof use->user, "%.63s", text);
        limit_start(use);
        ask(use, false);
        return;
    }
    timer_stop(&use->limit);
    snprintf(use->given, sizeof use->given, "%s", text);
    const struct line_secret *s = secret_of(use);
    nstime wait = s ? secret_wait(use->l, s) : 0;
    if (wait)
        later(use, wait, judge);
    else
        judge(use);
}

/* ---- time ---- */

static void limit_over(void *arg)
{
    struct line_use *use = arg;
    if (use->l->banner[BANNER_TIMEOUT]) {
        line_say_banner(use, BANNER_TIMEOUT);
        line_end(use, "\n");
        return;
    }
    snprintf(use->over, sizeof use->over, "\n%% %s:  timeout expired!\n", use->asked_user ? "Username" : "Password");
    line_end(use, use->over);
}

static void idle_over(void *arg)
{
    struct line_use *use = arg;
    if (use->busy) {
        idle_start(use);
        return;
    }
    if (use->kind == LINE_KIND_CON)
        snprintf(use->over, sizeof use->over, "\n\n%s con0 is now available\n\n\n\n\n\nPress RETURN to get started.\n",
                 use->l->r->hostname[0] ? use->l->r->hostname : "Router");
    line_end(use, use->over);
}

/* However busy he is. */
static void absolute_over(void *arg)
{
    line_end(arg, "\n*\n*\n* Line timeout expired\n*\n*\n");
}

void line_alive(struct line_use *use)
{
    if (use->state != USE_OPEN)
        return;
    use->last_key = loop_now(use->l->r->loop);
    idle_start(use);
}

void line_busy(struct line_use *use, bool busy)
{
    use->busy = busy;
    line_alive(use);
}

/* ---- the doors' calls ---- */

static void begin(void *arg)
{
    struct line_use *use = arg;
    if (use->state == USE_LOGIN)
        line_begin(use);
}

struct line_use *line_open(struct router *r, const struct line_peer *p, const char *user, const struct line_ops *ops,
                           void *u)
{
    struct lines *l = lines_of(r);
    const char *why;
    int number = p->service == LINE_CONSOLE ? 0 : line_find_vty(l, p, 0, false, &why);
    struct line_use *use = number >= 0 && l->n_uses < LINE_USES_MAX ? calloc(1, sizeof *use) : NULL;
    if (!use)
        return NULL;
    use->l = l;
    use->peer = *p;
    use->kind = p->service == LINE_CONSOLE ? LINE_KIND_CON : LINE_KIND_VTY;
    use->number = (unsigned)number;
    use->ops = *ops;
    use->u = u;
    use->since = use->last_key = loop_now(r->loop);
    if (user) {
        snprintf(use->user, sizeof use->user, "%s", user);
        use->have_user = true;
    }
    timer_init(&use->limit, r->loop, limit_over, use);
    timer_init(&use->penalty, r->loop, penalty_over, use);
    timer_init(&use->idle, r->loop, idle_over, use);
    timer_init(&use->absolute, r->loop, absolute_over, use);
    use->task = (struct task){.run = begin, .arg = use};
    loop_defer(r->loop, &use->task);
    struct line_use **pp = &l->uses;
    while (*pp && ((*pp)->kind < use->kind || ((*pp)->kind == use->kind && (*pp)->number <= use->number)))
        pp = &(*pp)->next;
    use->next = *pp;
    *pp = use;
    l->n_uses++;
    l->served[line_absolute(use->kind, use->number)]++;
    return use;
}

void line_answer(struct line_use *use, const char *text)
{
    if (use->state == USE_LOGIN && use->asking)
        line_dialog_answer(use, text);
}

void line_close(struct line_use *use)
{
    if (!use)
        return;
    struct lines *l = use->l;
    struct line_use **pp = &l->uses;
    use->session = NULL; /* the door has let it go */
    line_conns_close(use);
    while (*pp != use)
        pp = &(*pp)->next;
    *pp = use->next;
    l->n_uses--;
    timer_stop(&use->limit);
    timer_stop(&use->penalty);
    timer_stop(&use->idle);
    timer_stop(&use->absolute);
    loop_cancel(l->r->loop, &use->task);
    crypto_wipe(use, sizeof *use);
    free(use);
}

void line_set_ssh(struct line_use *use, const char *cipher_in, const char *cipher_out, const char *mac_in,
                  const char *mac_out)
{
    snprintf(use->cipher_in, sizeof use->cipher_in, "%s", cipher_in);
    snprintf(use->cipher_out, sizeof use->cipher_out, "%s", cipher_out);
    snprintf(use->mac_in, sizeof use->mac_in, "%s", mac_in);
    snprintf(use->mac_out, sizeof use->mac_out, "%s", mac_out);
}
