/* A password that SSH brought: judged with the delays of a login (line_login.c), before there is a line. Called by the
 * doors through line.h. */
#include "modules/crypto/crypto.h"
#include "modules/line/line_int.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void auth_told(void *arg);

static void auth_judge(void *arg)
{
    struct line_auth *a = arg;
    const struct line_user *u = line_user_find(a->l, a->user);
    a->ok = line_user_check(a->l, a->user, a->given) && u;
    crypto_wipe(a->given, sizeof a->given);
    line_watch_result(a->l, &a->peer, a->user, a->ok);
    timer_init(&a->timer, a->l->r->loop, auth_told, a);
    timer_start(&a->timer, a->ok ? 0 : line_watch_delay(a->l));
}

static void auth_told(void *arg)
{
    struct line_auth *a = arg;
    void (*done)(void *, bool) = a->done;
    void *u = a->u;
    bool ok = a->ok;
    line_auth_cancel(a);
    done(u, ok);
}

struct line_auth *line_auth_start(struct router *r, const struct line_peer *p, const char *user, const char *password,
                                  void (*done)(void *u, bool ok), void *u)
{
    struct lines *l = lines_of(r);
    struct line_auth *a =
        strlen(user) < sizeof a->user && strlen(password) < sizeof a->given ? calloc(1, sizeof *a) : NULL;
    if (!a)
        return NULL;
    const struct line_user *known = line_user_find(l, user);
    *a = (struct line_auth){.l = l, .done = done, .u = u, .next = l->auths};
    l->auths = a;
    snprintf(a->user, sizeof a->user, "%s", user);
    a->peer = *p;
    snprintf(a->given, sizeof a->given, "%s", password);
    timer_init(&a->timer, r->loop, auth_judge, a);
    timer_start(&a->timer, known ? secret_wait(l, &known->secret) : 0);
    return a;
}

void line_auth_cancel(struct line_auth *a)
{
    if (!a)
        return;
    struct line_auth **pp = &a->l->auths;
    while (*pp != a)
        pp = &(*pp)->next;
    *pp = a->next;
    timer_stop(&a->timer);
    crypto_wipe(a, sizeof *a);
    free(a);
}
