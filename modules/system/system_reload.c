/* `reload`: the questions IOS asks, the delayed form, and what the log says (ios-cli 9.5). The reload itself is the
 * host's: router_reload() asks it. */
#include "modules/system/system.h"
#include "system_cmd.h"
#include <string.h>

static void reload_now(struct router *r, const char *by)
{
    log_syslog(r, 0, "SYS", 5, "RELOAD", "Reload requested by %s. Reload Reason: Reload Command.", by);
    router_reload(r, "Reload Command");
}

void system_reload_fire(void *arg)
{
    struct system *s = arg;
    reload_now(s->r, "console");
}

/* arg: minutes to wait, 0: at once */
static int proceed_answer(struct cmd *c, const char *text, void *arg)
{
    uintptr_t minutes = (uintptr_t)arg;
    struct system *s = system_of(c->router);
    if (!text || (*text && (*text | 0x20) != 'y'))
        return CMD_OK;
    if (minutes)
        timer_start(&s->reload_at, (nstime)minutes * 60 * NS_PER_S);
    else
        reload_now(c->router, c->line_name ? c->line_name : "console");
    return CMD_OK;
}

static int ask_proceed(struct cmd *c, uintptr_t minutes)
{
    if (minutes)
        out_text(c->out, "Reload scheduled in %u minute%s by %s\n", (unsigned)minutes, minutes == 1 ? "" : "s",
                 c->line_name ? c->line_name : "console");
    return cmd_ask(c, "Proceed with reload? [confirm]", true, proceed_answer, (void *)minutes);
}

static int save_answer(struct cmd *c, const char *text, void *arg);

static int ask_save(struct cmd *c, uintptr_t minutes)
{
    return cmd_ask(c, "System configuration has been modified. Save? [yes/no]: ", true, save_answer, (void *)minutes);
}

static int save_answer(struct cmd *c, const char *text, void *arg)
{
    uintptr_t minutes = (uintptr_t)arg;
    if (!text)
        return CMD_OK;
    if (!strcmp(text, "yes")) {
        out_text(c->out, "Building configuration...\n");
        int rc = c->router->cfg_save(c->router);
        if (rc)
            return cmd_error(c, "%% Error: startup-config was not written (%s): reload cancelled", strerror(-rc));
        out_text(c->out, "[OK]\n");
    } else if (strcmp(text, "no") && (c->interactive || *text)) {
        out_text(c->out, "%% Please answer 'yes' or 'no'.\n");
        return c->interactive ? ask_save(c, minutes) : CMD_ERROR;
    }
    return ask_proceed(c, minutes);
}

int system_cmd_reload(struct cmd *c, struct args_reload *a)
{
    struct router *r = c->router;
    struct system *s = system_of(r);
    if (a->kw_cancel) {
        if (!timer_armed(&s->reload_at))
            return cmd_error(c, "%%No reload is currently scheduled.");
        timer_stop(&s->reload_at);
        out_text(c->out, "\n\n***\n*** --- SHUTDOWN ABORTED ---\n***\n\n");
        return CMD_OK;
    }
    uintptr_t minutes = a->has_minutes ? a->minutes : 0;
    if (r->cfg_saved && r->cfg_save && !r->cfg_saved(r)) {
        out_text(c->out, "\n");
        return ask_save(c, minutes);
    }
    return ask_proceed(c, minutes);
}

int system_cmd_show_reload(struct cmd *c, struct args_show_reload *a)
{
    struct system *s = system_of(c->router);
    char left[DURATION_STRLEN];
    (void)a;
    if (timer_armed(&s->reload_at))
        out_text(c->out, "Reload scheduled in %s\n", duration_format(timer_left(&s->reload_at), left));
    else
        out_text(c->out, "No reload is scheduled.\n");
    out_object(c->out, NULL);
    out_bool(c->out, "scheduled", timer_armed(&s->reload_at));
    if (timer_armed(&s->reload_at))
        out_int(c->out, "reload_in", timer_left(&s->reload_at) / NS_PER_MS); /* CONTRACT 5: times in ms */
    out_end(c->out);
    return CMD_OK;
}
