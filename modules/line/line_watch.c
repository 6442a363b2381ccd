/* What happens to logins over time: `login on-failure log`, `login on-success log`, `login delay`, `login block-for`
 * and its quiet mode. Called with each login's result, and by line_admit.c before a vty is given out. */
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
    struct acl_flow flow = line_flow(p);
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

/* Of one user from one place the newest, and how often. */
static void remember(struct line_watch *w, const char *user, const char *source, unsigned port, nstime at)
{
    unsigned i = 0;
    while (i < w->n_recent && (strcmp(w->recent[i].user, user) != 0 || strcmp(w->recent[i].source, source) != 0 ||
                               w->recent[i].port != port))
        i++;
    struct line_failure f = {.port = port, .count = 1, .at = at};
    snprintf(f.user, sizeof f.user, "%s", user);
    snprintf(f.source, sizeof f.source, "%s", source);
    if (i < w->n_recent)
        f.count += w->recent[i].count;
    else if (i == LINE_FAILURES)
        i = 0; /* the oldest */
    else
        w->n_recent++;
    memmove(&w->recent[i], &w->recent[i + 1], (w->n_recent - 1 - i) * sizeof f);
    w->recent[w->n_recent - 1] = f;
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
    if (ok)
        return;
    w->all_failures++;
    remember(w, user, p->where[0] ? p->where : "LOCAL", port, router_wall(l->r));
    watch(l, about);
}

/* ---- show login ---- */

static void show_failures(struct lines *l, struct out *o)
{
    const struct line_watch *w = &l->watch;
    const struct timestamps *t = &l->r->stamps;
    char at[WALL_STRLEN];
    out_object(o, NULL);
    out_int(o, "total_failed_logins", (int64_t)w->all_failures);
    out_array(o, "failures");
    if (w->n_recent)
        out_text(o,
                 "Total failed logins: %llu\nDetailed information about last %d failures\n\n%-15s %-15s lPort Count "
                 "TimeStamp\n",
                 (unsigned long long)w->all_failures, LINE_FAILURES, "Username", "SourceIPAddr");
    else
        out_text(o, "\n*** No logged failed login attempts with the device.***\n");
    for (unsigned i = 0; i < w->n_recent; i++) {
        const struct line_failure *f = &w->recent[i];
        struct strbuf user = {0};
        strbuf_safe(&user, f->user);
        wall_format_zone(f->at, false, t->zone, t->zone_minutes, at);
        out_text(o, "%-15s %-15s %-5u %-5u %s\n", user.s ? user.s : "", f->source, f->port, f->count, at);
        out_object(o, NULL);
        out_str(o, "username", user.s ? user.s : "");
        out_str(o, "source", f->source);
        out_int(o, "local_port", f->port);
        out_int(o, "count", f->count);
        out_str(o, "time", at);
        out_end(o);
        strbuf_free(&user);
    }
    out_end(o);
    out_end(o);
}

static void show_mode(struct lines *l, struct out *o)
{
    const struct line_watch *w = &l->watch;
    nstime left = w->first + (nstime)w->within_s * NS_PER_S - loop_now(l->r->loop);
    out_text(o,
             "     Router enabled to watch for login Attacks.\n     If more than %u login failures occur in %u seconds "
             "or less,\n"
             "     logins will be disabled for %u seconds.\n\n",
             w->attempts, w->within_s, w->block_s);
    out_str(o, "mode", w->quiet ? "quiet" : "normal");
    if (w->quiet) {
        unsigned rest = (unsigned)(timer_left(&w->timer) / NS_PER_S);
        out_text(o, "     Router presently in Quiet-Mode.\n     Will remain in Quiet-Mode for %u seconds.\n", rest);
        if (w->acl[0])
            out_text(o, "     Restricted logins filtered by applied ACL %s.\n", w->acl);
        else
            out_text(o, "     Denying logins from all sources.\n");
        out_int(o, "quiet_left_ms", timer_left(&w->timer) / NS_PER_MS);
        return;
    }
    unsigned failed = w->failed && left > 0 ? w->failed : 0;
    out_text(o,
             "     Router presently in Normal-Mode.\n     Current Watch Window remaining time %lld seconds.\n"
             "     Present login failure count %u.\n",
             failed ? (long long)(left / NS_PER_S) : (long long)w->within_s, failed);
    out_int(o, "present_failures", failed);
}

static void show_logged(struct out *o, const char *what, unsigned every)
{
    if (every == 1)
        out_text(o, "     All %s login is logged.\n", what);
    else if (every)
        out_text(o, "     Every %u %s login is logged.\n", every, what);
}

int line_show_login(struct cmd *c, struct args_show_login *a)
{
    struct lines *l = lines_cmd(c);
    const struct line_watch *w = &l->watch;
    struct out *o = c->out;
    if (a->kw_failures) {
        show_failures(l, o);
        return CMD_OK;
    }
    out_object(o, NULL);
    if (w->delay_s)
        out_text(o, "     A login delay of %u seconds is applied.\n", w->delay_s);
    else if (w->attempts)
        out_text(o, "     A default login delay of 1 seconds is applied.\n");
    else
        out_text(o, "     No login delay has been applied.\n");
    if (w->acl[0])
        out_text(o, "     Quiet-Mode access list %s is applied.\n", w->acl);
    else
        out_text(o, "     No Quiet-Mode access list has been configured.\n");
    show_logged(o, "successful", w->every_success);
    show_logged(o, "failed", w->every_failure);
    out_int(o, "delay_ms", line_watch_delay(l) / NS_PER_MS);
    out_str(o, "quiet_access_list", w->acl);
    out_bool(o, "watching", w->attempts != 0);
    out_text(o, "\n");
    if (w->attempts)
        show_mode(l, o);
    else
        out_text(o, "     Router NOT enabled to watch for login Attacks\n");
    out_end(o);
    return CMD_OK;
}
