/* configure replace, and changes that take themselves back unless they are confirmed (configure terminal revert timer,
 * configure confirm, configure revert). Called through the tables (grammar/exec.gram; ios-cli 9.5). */
#include "exec_cmd.h"
#include "parser/archive.h"
#include "parser/cfg_replace.h"
#include "parser/files.h"
#include "parser/session_int.h"
#include "platform_cmd.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WARN_BEFORE = 60 }; /* seconds */

struct revert {
    struct cfg *cfg;
    struct timer timer, warn;
    char *text;    /* what comes back */
    char name[96]; /* the archived file it is, or "running-config" */
    char user[64];
};

void revert_free(struct cfg *cfg)
{
    struct revert *v = cfg->revert;
    if (!v)
        return;
    timer_stop(&v->timer);
    timer_stop(&v->warn);
    free(v->text);
    free(v);
    cfg->revert = NULL;
}

/* `text` becomes the configuration. Without a session (timer) only the log tells. */
static int replace_now(struct cfg *cfg, struct cmd *c, const char *text, bool list, const char *by)
{
    struct replace_result res;
    int rc = cfg_replace(cfg, text, by, &res);
    if (rc)
        return c ? cmd_error(c, "%% Out of memory") : CMD_ERROR;
    if (c && list && res.commands.s)
        out_write(c->out, res.commands.s, res.commands.len);
    if (c)
        out_text(c->out, "\nTotal number of passes: %u\n", res.passes);
    if (c && !res.done && res.left.s)
        out_text(c->out, "\nThese lines could not be applied:\n********\n%s********\n", res.left.s);
    else if (c && res.rejected)
        out_text(c->out, "\nThese lines are not known here and are left out:\n********\n%s********\n", res.left.s);
    bool ok = res.done && !res.rejected;
    if (c)
        out_text(c->out, ok ? "Rollback Done\n\n" : "Rollback aborted after %u passes\n\n", res.passes);
    log_syslog(cfg->router, 0, "SYS", 5, "CONFIG_I", "Configured from console by %s", by);
    replace_free(&res);
    return ok ? CMD_OK : CMD_ERROR;
}

/* ---- the timer ---- */

static void fire(void *arg)
{
    struct revert *v = arg;
    struct cfg *cfg = v->cfg;
    char *text = v->text;
    v->text = NULL;
    log_syslog(cfg->router, 0, "ARCHIVE_DIFF", 5, "ROLLBK_CNFMD_CHG_ROLLBACK_START", "Start rolling to: %s", v->name);
    revert_free(cfg);
    replace_now(cfg, NULL, text, false, "rollback timer");
    free(text);
}

static void warn(void *arg)
{
    struct revert *v = arg;
    log_syslog(v->cfg->router, 0, "ARCHIVE_DIFF", 5, "ROLLBK_CNFMD_CHG_WARNING_ABSTIMER",
               "In one minute the configuration goes back to %s; `configure confirm` keeps it", v->name);
}

static void arm(struct revert *v, unsigned minutes)
{
    nstime delay = (nstime)minutes * 60 * NS_PER_S;
    timer_start(&v->timer, delay);
    timer_stop(&v->warn);
    if (minutes > 1)
        timer_start(&v->warn, delay - WARN_BEFORE * NS_PER_S);
    log_syslog(v->cfg->router, 0, "ARCHIVE_DIFF", 5, "ROLLBK_CNFMD_CHG_START_ABSTIMER",
               "User: %s: Scheduled to rollback to config %s in %u minutes", v->user, v->name, minutes);
}

/* Keeps the configuration as it is now and comes back to it. */
static int schedule(struct cmd *c, unsigned minutes)
{
    struct cfg *cfg = c->session->cfg;
    if (cfg->revert)
        return cmd_error(c, "%% A rollback is pending already: configure confirm, or configure revert now");
    struct revert *v = calloc(1, sizeof *v);
    struct strbuf b = {0};
    if (!v)
        return cmd_error(c, "%% Out of memory");
    v->cfg = cfg;
    cfg_text(cfg, 0, &b);
    v->text = b.s;
    snprintf(v->user, sizeof v->user, "%s", c->session->line_name);
    if (!archive_enabled(cfg) || archive_save(cfg, v->name))
        snprintf(v->name, sizeof v->name, "system:running-config");
    timer_init(&v->timer, cfg->router->loop, fire, v);
    timer_init(&v->warn, cfg->router->loop, warn, v);
    cfg->revert = v;
    out_text(c->out, "Rollback Confirmed Change: Backing up current running config to %s\n", v->name);
    log_syslog(cfg->router, 0, "ARCHIVE_DIFF", 5, "ROLLBK_CNFMD_CHG_BACKUP", "Backing up current running config to %s",
               v->name);
    arm(v, minutes);
    return CMD_OK;
}

/* ---- configure replace ---- */

struct replace_job {
    char *text;
    bool list;
    unsigned minutes;
};

static void job_free(struct replace_job *job)
{
    free(job->text);
    free(job);
}

static int replace_run(struct cmd *c, struct replace_job *job)
{
    int rc = job->minutes ? schedule(c, job->minutes) : CMD_OK;
    if (rc == CMD_OK)
        rc = replace_now(c->session->cfg, c, job->text, job->list, c->session->line_name);
    job_free(job);
    return rc;
}

static int replace_answer(struct cmd *c, const char *text, void *arg)
{
    struct replace_job *job = arg;
    if (text && (text[0] == 'y' || text[0] == 'Y'))
        return replace_run(c, job);
    job_free(job);
    return c->interactive || !text ? CMD_OK : cmd_error(c, "%% Not confirmed: nothing is changed (use force)");
}

int shell_cmd_configure_replace(struct cmd *c, struct args_configure_replace *a)
{
    struct file_ref f;
    size_t len = 0;
    char *text = NULL;
    if (!file_parse(a->url, &f) || (f.kind == FILE_FLASH && !f.name[0]))
        return cmd_error(c, "%%Error opening %s (Invalid argument)", a->url);
    int rc = file_read(c->session->cfg, &f, &text, &len);
    if (rc)
        return cmd_error(c, "%%Error opening %s (%s)", f.shown, file_error(rc));
    struct replace_job *job = calloc(1, sizeof *job);
    if (!job) {
        free(text);
        return cmd_error(c, "%% Out of memory");
    }
    *job = (struct replace_job){text, a->kw_list, a->has_minutes ? a->minutes : a->has_timer ? a->timer : 0};
    if (a->kw_force)
        return replace_run(c, job);
    return cmd_ask(c,
                   "The running configuration becomes the one in the file,\n"
                   "wholly: lines are added and taken away until both are\n"
                   "the same. Enter Y if you are sure you want to proceed. ? [no]: ",
                   true, replace_answer, job);
}

int shell_cmd_configure_revert_timer(struct cmd *c, struct args_configure_terminal_revert *a)
{
    int rc = schedule(c, a->minutes);
    return rc == CMD_OK ? shell_enter_config(c) : rc;
}

int shell_cmd_configure_confirm(struct cmd *c, struct args_configure_confirm *a)
{
    struct cfg *cfg = c->session->cfg;
    (void)a;
    if (!cfg->revert)
        return cmd_error(c, "%%No Rollback Confirmed Change pending");
    log_syslog(cfg->router, 0, "ARCHIVE_DIFF", 5, "ROLLBK_CNFMD_CHG_CONFIRM",
               "User: %s: Confirm the configuration change", c->session->line_name);
    revert_free(cfg);
    return CMD_OK;
}

int shell_cmd_configure_revert(struct cmd *c, struct args_configure_revert *a)
{
    struct cfg *cfg = c->session->cfg;
    struct revert *v = cfg->revert;
    if (!v)
        return cmd_error(c, "%%No Rollback Confirmed Change pending");
    if (a->has_minutes) {
        arm(v, a->minutes);
        return CMD_OK;
    }
    char *text = v->text;
    v->text = NULL;
    log_syslog(cfg->router, 0, "ARCHIVE_DIFF", 5, "ROLLBK_CNFMD_CHG_ROLLBACK_START", "Start rolling to: %s", v->name);
    revert_free(cfg);
    int rc = replace_now(cfg, c, text, false, c->session->line_name);
    free(text);
    return rc;
}

int shell_cmd_show_rollback_timer(struct cmd *c, struct args_show_archive_rollback_timer *a)
{
    const struct revert *v = c->session->cfg->revert;
    (void)a;
    out_bool(c->out, "pending", v != NULL);
    if (!v) {
        out_text(c->out, "%%No Rollback Confirmed Change pending\n");
        return CMD_OK;
    }
    int64_t left = timer_left(&v->timer) / NS_PER_S;
    out_text(c->out,
             "Time configured by: %s\nTimer type: absolute timer\nTime left: %lld minutes %lld seconds\n"
             "User: %s\nTarget: %s\n",
             v->user, (long long)(left / 60), (long long)(left % 60), v->user, v->name);
    out_str(c->out, "user", v->user);
    out_int(c->out, "time_left_ms", timer_left(&v->timer) / NS_PER_MS);
    out_str(c->out, "target", v->name);
    return CMD_OK;
}
