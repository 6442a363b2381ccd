/* The shell's own exec commands: configuration mode, terminal, history (grammar/exec.gram). Called by exec.c
 * through the tables. */
#include "boilerplate_cmd.h"
#include "exec_cmd.h"
#include "parser/session_int.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

int shell_enter_config(struct cmd *c)
{
    struct session *s = c->session;
    if (s->place.depth)
        return cmd_error(c, "%% Already in configuration mode");
    out_text(c->out, "Enter configuration commands, one per line.  End with CNTL/Z.\n");
    place_enter(&s->place, s->cfg);
    return CMD_OK;
}

static int configure_answer(struct cmd *c, const char *text, void *arg)
{
    (void)arg;
    if (!text)
        return CMD_OK;
    size_t n = strlen(text);
    if (!n || !strncmp("terminal", text, n))
        return shell_enter_config(c);
    if (!strncmp("memory", text, n))
        return shell_merge_startup(c, false);
    return cmd_error(c, "?Must be \"terminal\", \"memory\" or \"network\"");
}

int shell_cmd_configure(struct cmd *c, struct args_exec_configure *a)
{
    if (a->kw_memory)
        return shell_merge_startup(c, false);
    if (a->kw_terminal)
        return shell_enter_config(c);
    return cmd_ask(c, "Configuring from terminal, memory, or network [terminal]? ", true, configure_answer, NULL);
}

int shell_cmd_help(struct cmd *c, struct args_exec_help *a)
{
    (void)a;
    out_text(c->out, "A question mark asks for help anywhere on a line; it acts at once and does not\n"
                     "enter the line. If nothing fits, back up until a question mark shows what may\n"
                     "follow.\n"
                     "1. Behind a blank (e.g. 'show ?') it lists every word and value that may come\n"
                     "   next, each with a description (full help).\n"
                     "2. Right behind letters (e.g. 'show pr?') it lists the words that begin with\n"
                     "   them (partial help).\n\n");
    return CMD_OK;
}

int shell_cmd_undebug(struct cmd *c, struct args_exec_undebug *a)
{
    (void)a;
    return cmd_error(c, "%% Incomplete command.\n");
}

int shell_cmd_no(struct cmd *c, struct args_exec_no *a)
{
    (void)a;
    return cmd_error(c, "%% Incomplete command.\n");
}

enum { HISTORY_DEFAULT = 20 };

static void length_set(struct session *s, unsigned lines)
{
    s->length = lines;
    s->length_set = true;
}

static void width_set(struct session *s, unsigned columns)
{
    s->width = columns;
    s->width_set = true;
}

int shell_cmd_terminal_no(struct cmd *c, struct args_exec_terminal_no *a)
{
    struct session *s = c->session;
    if (a->kw_no_length)
        length_set(s, 0);
    if (a->kw_no_width)
        width_set(s, 0);
    if (a->kw_no_monitor)
        s->monitor = false;
    if (a->kw_no_history) /* `no history size`: the size's default */
        s->history_size = a->kw_no_size ? HISTORY_DEFAULT : 0;
    if (a->kw_no_escape_character)
        s->escape = 0;
    if (a->kw_no_editing)
        s->no_editing = true;
    if (a->kw_no_exec)
        s->timestamp = false;
    return CMD_OK;
}

int shell_cmd_no_terminal(struct cmd *c, struct args_exec_no_terminal *a)
{
    struct args_exec_terminal_no same = {.kw_no_length = a->kw_no_length,
                                         .kw_no_width = a->kw_no_width,
                                         .kw_no_monitor = a->kw_no_monitor,
                                         .kw_no_history = a->kw_no_history,
                                         .kw_no_size = a->kw_no_size,
                                         .kw_no_editing = a->kw_no_editing,
                                         .kw_no_exec = a->kw_no_exec,
                                         .kw_no_escape_character = a->kw_no_escape_character};
    return shell_cmd_terminal_no(c, &same);
}

int shell_cmd_terminal_default(struct cmd *c, struct args_exec_terminal_default *a)
{
    struct session *s = c->session;
    if (a->kw_no_length) { /* the window's again, where it is known */
        s->length = s->window_length ? s->window_length : LENGTH_DEFAULT;
        s->length_set = false;
    }
    if (a->kw_no_width) {
        s->width = s->window_width ? s->window_width : WIDTH_DEFAULT;
        s->width_set = false;
    }
    if (a->kw_no_monitor)
        s->monitor = false;
    if (a->kw_no_history)
        s->history_size = HISTORY_DEFAULT;
    if (a->kw_no_escape_character)
        s->escape = ESCAPE_DEFAULT;
    if (a->kw_no_editing)
        s->no_editing = false;
    if (a->kw_no_exec)
        s->timestamp = false;
    return CMD_OK;
}

/* A key, its number, or a word for one. */
static int escape_character(struct cmd *c, const struct args_exec_terminal *a)
{
    struct session *s = c->session;
    if (a->has_code)
        s->escape = a->code;
    else if (!strcasecmp(a->key, "default"))
        s->escape = ESCAPE_DEFAULT;
    else if (!strcasecmp(a->key, "none") || !strcasecmp(a->key, "break"))
        s->escape = 0;
    else if (a->key[0] == '^' && a->key[1] && !a->key[2])
        s->escape = (unsigned char)a->key[1] & 31;
    else if (!a->key[1])
        s->escape = (unsigned char)a->key[0];
    else
        return cmd_error(c, "%% One character, its number, BREAK, DEFAULT or NONE");
    return CMD_OK;
}

int shell_cmd_terminal(struct cmd *c, struct args_exec_terminal *a)
{
    struct session *s = c->session;
    if (a->kw_length)
        length_set(s, a->lines);
    if (a->kw_width)
        width_set(s, a->columns);
    if (a->kw_monitor && s->console_log)
        return cmd_error(c, "%% Console already monitors"), CMD_OK;
    if (a->kw_monitor)
        s->monitor = true;
    if (a->kw_history)
        s->history_size = a->has_size ? a->size : s->history_size ? s->history_size : HISTORY_DEFAULT;
    if (a->kw_editing)
        s->no_editing = false;
    if (a->kw_exec)
        s->timestamp = true;
    if (a->kw_terminal_type)
        snprintf(s->terminal_type, sizeof s->terminal_type, "%s", a->type);
    return a->kw_escape_character ? escape_character(c, a) : CMD_OK;
}

int shell_cmd_show_history(struct cmd *c, struct args_show_history *a)
{
    (void)a;
    struct session *s = c->session;
    const struct history *h = s->place.depth ? &s->config_history : &s->exec_history;
    out_array(c->out, NULL);
    for (unsigned i = 0; i < h->n; i++) {
        out_text(c->out, "  %s\n", h->line[i]);
        out_str(c->out, NULL, h->line[i]);
    }
    out_end(c->out);
    return CMD_OK;
}

int shell_cmd_show_privilege(struct cmd *c, struct args_show_privilege *a)
{
    (void)a;
    out_text(c->out, "Current privilege level is %u\n", c->session->privilege);
    out_object(c->out, NULL);
    out_int(c->out, "privilege_level", c->session->privilege);
    out_end(c->out);
    return CMD_OK;
}

int shell_cmd_show_terminal(struct cmd *c, struct args_show_terminal *a)
{
    (void)a;
    struct session *s = c->session;
    unsigned vty; /* the console is line 0, aux 1, then the vty lines */
    out_text(c->out, "Line %u, Location: \"\", Type: \"%s\"\n", session_vty(s, &vty) ? vty + 2 : 0, s->terminal_type);
    out_text(c->out, "Length: %u lines, Width: %u columns\n", s->length, s->width);
    if (s->escape)
        out_text(c->out, "Escape character is %s%c (%u)\n", s->escape < 32 ? "^" : "",
                 (int)(s->escape < 32 ? s->escape + 64 : s->escape), s->escape);
    out_text(c->out, "Editing is %s.\n", s->no_editing ? "disabled" : "enabled");
    if (s->history_size)
        out_text(c->out, "History is enabled, history size is %u.\n", s->history_size);
    else
        out_text(c->out, "History is disabled.\n");
    out_object(c->out, NULL);
    out_str(c->out, "line", s->line_name);
    out_int(c->out, "length", s->length);
    out_int(c->out, "width", s->width);
    out_int(c->out, "escape_character", s->escape);
    out_int(c->out, "history_size", s->history_size);
    out_end(c->out);
    return CMD_OK;
}
