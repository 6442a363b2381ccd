/* What happens to logins over time: `login on-failure log`, `login on-success log`, `login delay`, `login block-for`
 * and its quiet mode. Called by line_login.c with each login's result and before a vty is given out. */
#include "login_cmd.h"
#include "modules/core/log.h"
#include "modules/core/wall.h"
#include "modules/line/line_int.h"
#include "modules/net/ip.h"
#include <stdio.h>
#include <string.h>

int line_cmd_login_block(struct cmd *c, struct args_login_block_for *a)
{
    struct line_watch *w = &lines_cmd(c)->watch;
    bool set = c->op == CMD_SET;
    w->block_s = set ? a->seconds : 0;
    w->attempts = set ? a->attempts : 0;
    w->within_s = set ? a->within : 0;
    w->failed = 0;
    if (!set) {
        w->quiet = false;
        timer_stop(&w->timer);
    }
    return CMD_OK;
}

int line_cmd_login_delay(struct cmd *c, struct args_login_delay *a)
{
    lines_cmd(c)->watch.delay_s = c->op == CMD_SET ? a->seconds : 0;
    return CMD_OK;
}

int line_cmd_login_quiet(struct cmd *c, struct args_login_quiet_mode *a)
{
    struct line_watch *w = &lines_cmd(c)->watch;
    snprintf(w->acl, sizeof w->acl, "%s", c->op == CMD_SET ? a->list : "");
    return CMD_OK;
}

int line_cmd_login_failure(struct cmd *c, struct args_login_on_failure *a)
{
    struct line_watch *w = &lines_cmd(c)->watch;
    w->every_failure = c->op != CMD_SET || a->kw_trap ? 0 : a->has_n ? a->n : 1;
    return CMD_OK;
}

int line_cmd_login_success(struct cmd *c, struct args_login_on_success *a)
{
    struct line_watch *w = &lines_cmd(c)->watch;
    w->every_success = c->op != CMD_SET || a->kw_trap ? 0 : a->has_n ? a->n : 1;
    return CMD_OK;
}

static void quiet_over(void *arg)
{
    struct lines *l = arg;
    char at[WALL_STRLEN];
    l->watch.quiet = false;
    l->watch.failed = 0;
    log_syslog(l->r, 0, "SEC_LOGIN", 5, "QUIET_MODE_OFF", "Quiet Mode is OFF, because block period timed out at %s",
               wall_format(router_wall(l->r), false, at));
}

void line_watch_init(struct lines *l)
{
    timer_init(&l->watch.timer, l->r->loop, quiet_over, l);
}

void line_watch_fini(struct lines *l)
{
    timer_stop(&l->watch.timer);
}

nstime line_watch_delay(const struct lines *l)
{
    return l->watch.delay_s ? (nstime)l->watch.delay_s * NS_PER_S : LINE_PENALTY;
}

bool line_watch_admits(struct lines *l, const struct line_peer *p)
{
    struct acl_flow flow = {.src = p->addr, .proto = 6, .sport = p->port};
    return !l->watch.quiet || p->service == LINE_CONSOLE ||
           (l->watch.acl[0] && acl_match(l->r, l->watch.acl, &flow, true, NULL) == ACL_PERMIT);
}

static void watch(struct lines *l, const char *about)
{
    struct line_watch *w = &l->watch;
    nstime now = loop_now(l->r->loop), window = (nstime)w->within_s * NS_PER_S;
    char at[WALL_STRLEN];
    if (!w->attempts || w->quiet)
        return;
    if (!w->failed || now - w->first >= window) {
        w->failed = 0;
        w->first = now;
    }
    if (++w->failed < w->attempts)
        return;
    w->quiet = true;
    timer_start(&w->timer, (nstime)w->block_s * NS_PER_S);
    log_syslog(
        l->r, 0, "SEC_LOGIN", 1, "QUIET_MODE_ON",
        "Still timeleft for watching failures is %u secs, %s [Reason: Login Authentication Failed] [ACL: %s] at %s",
        (unsigned)((w->first + window - now) / NS_PER_S), about, w->acl[0] ? w->acl : "sl_def_acl",
        wall_format(router_wall(l->r), false, at));
}

void line_watch_result(struct lines *l, const struct line_peer *p, const char *user, bool ok)
{
    struct line_watch *w = &l->watch;
    char at[WALL_STRLEN], about[240];
    unsigned port = p->service == LINE_SSH ? 22 : p->service == LINE_TELNET ? 23 : 0;
    snprintf(about, sizeof about, "[user: %s] [Source: %s] [localport: %u]", user, p->where[0] ? p->where : "LOCAL",
             port);
    wall_format(router_wall(l->r), false, at);
    if (ok && w->every_success && ++w->successes % w->every_success == 0)
        log_syslog(l->r, 0, "SEC_LOGIN", 5, "LOGIN_SUCCESS", "Login Success %s at %s", about, at);
    if (!ok && w->every_failure && ++w->failures % w->every_failure == 0)
        log_syslog(l->r, 0, "SEC_LOGIN", 4, "LOGIN_FAILED",
                   "Login failed %s [Reason: Login Authentication Failed] at %s", about, at);
    if (!ok)
        watch(l, about);
}
