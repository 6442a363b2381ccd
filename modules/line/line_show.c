/* show users, show line, clear line: who is on the terminal lines (ios-cli 9.6, 11.7). */
#include "line_cmd.h"
#include "modules/line/line_int.h"
#include <stdio.h>
#include <string.h>

static const char *kind_name(enum line_kind k)
{
    return k == LINE_KIND_CON ? "con" : k == LINE_KIND_AUX ? "aux" : "vty";
}

static void show_one(struct cmd *c, const struct line_use *use, enum line_kind kind, unsigned number)
{
    struct lines *l = lines_cmd(c);
    char line[24], idle[DURATION_STRLEN] = "";
    bool mine = use && use == cmd_line(c);
    snprintf(line, sizeof line, "%s %u", kind_name(kind), number);
    nstime ns = use ? loop_now(l->r->loop) - use->last_key : 0;
    duration_format(mine ? 0 : ns, idle);
    out_text(c->out, "%c%3u %-10s%-11s%-21s%s%s%s\n", mine ? '*' : ' ', line_absolute(kind, number), line,
             use ? use->user : "",
             use && use->conns ? use->conns->name
             : use             ? "idle"
                               : "",
             idle, use && use->peer.where[0] ? "   " : "", use ? use->peer.where : "");
    out_object(c->out, NULL);
    out_int(c->out, "line", line_absolute(kind, number));
    out_str(c->out, "type", kind_name(kind));
    out_int(c->out, "number", number);
    out_str(c->out, "user", use ? use->user : "");
    out_str(c->out, "host", use && use->conns ? use->conns->name : use ? "idle" : "");
    out_int(c->out, "idle_ms", (mine ? 0 : ns) / NS_PER_MS);
    out_str(c->out, "location", use ? use->peer.where : "");
    out_bool(c->out, "self", mine);
    out_end(c->out);
}

/* A command of the host (tapir exec) stands on no line: it is shown as the console. */
static void host_row(struct out *o)
{
    out_text(o, "*  0 con 0                idle                 00:00:00\n");
    out_object(o, NULL);
    out_int(o, "line", 0);
    out_str(o, "type", "con");
    out_int(o, "number", 0);
    out_str(o, "user", "");
    out_str(o, "host", "idle");
    out_int(o, "idle_ms", 0);
    out_str(o, "location", "");
    out_bool(o, "self", true);
    out_end(o);
}

static int show_users(struct cmd *c, bool all)
{
    struct lines *l = lines_cmd(c);
    unsigned n = line_vty_count(l);
    out_text(c->out, "    Line       User       Host(s)              Idle       Location\n");
    out_object(c->out, NULL);
    out_array(c->out, "users");
    bool con = false;
    for (const struct line_use *u = l->uses; u; u = u->next)
        con |= u->kind == LINE_KIND_CON;
    for (const struct line_use *u = l->uses; u && !all; u = u->next)
        if (u->state == USE_OPEN || u->kind == LINE_KIND_VTY)
            show_one(c, u, u->kind, u->number);
    for (unsigned i = 0; all && i < n + 2; i++) {
        enum line_kind kind = i == 0 ? LINE_KIND_CON : i == 1 ? LINE_KIND_AUX : LINE_KIND_VTY;
        unsigned number = i < 2 ? 0 : i - 2;
        show_one(c, line_use_on(l, kind, number), kind, number);
    }
    if (!all && !cmd_line(c) && !con)
        host_row(c->out);
    out_end(c->out);
    out_end(c->out);
    out_text(c->out, "\n  Interface    User               Mode         Idle     Peer Address\n");
    return CMD_OK;
}

int line_cmd_show_users(struct cmd *c, struct args_show_users *a)
{
    return show_users(c, a->kw_all || a->kw_wide);
}

int line_cmd_who(struct cmd *c, struct args_exec_who *a)
{
    (void)a;
    return show_users(c, false);
}

static void line_row(struct cmd *c, enum line_kind kind, unsigned number)
{
    struct lines *l = lines_cmd(c);
    const struct line_block *b = line_block_of(l, kind, number);
    const struct line_use *use = line_use_on(l, kind, number);
    unsigned abs = line_absolute(kind, number);
    const char *type = kind == LINE_KIND_CON ? "CTY" : kind == LINE_KIND_AUX ? "AUX" : "VTY";
    out_text(c->out, "%c%6u %4u %s %13s   -    -      - %4s %4s %5u      0    0/0      -\n", use ? '*' : ' ', abs, abs,
             type, kind == LINE_KIND_AUX ? "9600/9600" : "", b && b->acl_out[0] ? b->acl_out : "-",
             b && b->acl_in[0] ? b->acl_in : "-", l->served[abs]);
    out_object(c->out, NULL);
    out_int(c->out, "line", abs);
    out_str(c->out, "type", type);
    out_str(c->out, "access_class_in", b ? b->acl_in : "");
    out_bool(c->out, "in_use", use != NULL);
    out_int(c->out, "uses", l->served[abs]);
    out_end(c->out);
}

static const char *limit(unsigned s, char buf[24])
{
    snprintf(buf, 24, "%02u:%02u:%02u", s / 3600, s / 60 % 60, s % 60);
    return s ? buf : "never";
}

static void show_settings(struct cmd *c, unsigned abs)
{
    char idle[24], session[24];
    enum line_kind kind = abs == 0 ? LINE_KIND_CON : abs < LINE_VTY_BASE ? LINE_KIND_AUX : LINE_KIND_VTY;
    const struct line_block *b = line_block_of(lines_cmd(c), kind, abs < LINE_VTY_BASE ? 0 : abs - LINE_VTY_BASE);
    if (!b)
        return;
    out_text(c->out,
             "\nLine %u, Location: \"%s\", Type: \"\"\nLength: %u lines, Width: %u columns\n"
             "Special Chars: Escape  Hold  Stop  Start  Disconnect  Activation\n"
             "                ^^x    none   -     -       none\n"
             "Timeouts:      Idle EXEC    Idle Session   Modem Answer  Session   Dispatch\n"
             "                %-13s%-15s               none     not set\n",
             abs, b->location, b->length, b->width, limit(b->exec_timeout_s, idle),
             limit(b->session_timeout_s, session));
    if (b->session_limit)
        out_text(c->out, "Session limit is %u.\n", b->session_limit);
    else
        out_text(c->out, "Session limit is not set.\n");
    out_text(c->out, "Editing is enabled.\n");
    if (b->history)
        out_text(c->out, "History is enabled, history size is %u.\n", b->history);
    else
        out_text(c->out, "History is disabled.\n");
    bool telnet = !b->has_transport || b->telnet, ssh = !b->has_transport || b->ssh;
    out_text(c->out, "Allowed input transports are %s%s%s.\n", telnet ? "telnet" : "", telnet && ssh ? " " : "",
             ssh      ? "ssh"
             : telnet ? ""
                      : "none");
    out_text(c->out, "Allowed output transports are %s%s%s.\n", b->no_telnet_out ? "" : "telnet",
             b->no_telnet_out || b->no_ssh_out ? "" : " ",
             !b->no_ssh_out     ? "ssh"
             : b->no_telnet_out ? "none"
                                : "");
    out_text(c->out, "Preferred transport is %s.\n", b->prefer_ssh ? "ssh" : "telnet");
}

int line_cmd_show_line(struct cmd *c, struct args_show_line *a)
{
    unsigned n = line_vty_count(lines_cmd(c));
    bool one = a->has_console || a->has_vty || a->has_number;
    unsigned abs = a->has_vty ? LINE_VTY_BASE + a->vty : a->has_number ? a->number : 0;
    if (one && abs >= n + 2)
        return cmd_error(c, "%% Line %u does not exist", abs);
    out_text(c->out, "   Tty Line Typ     Tx/Rx    A Modem  Roty AccO AccI  Uses  Noise Overruns  Int\n");
    out_object(c->out, NULL);
    out_array(c->out, "lines");
    for (unsigned i = one ? abs : 0; i < (one ? abs + 1 : n + 2); i++)
        line_row(c, i == 0 ? LINE_KIND_CON : i == 1 ? LINE_KIND_AUX : LINE_KIND_VTY, i < 2 ? 0 : i - 2);
    out_end(c->out);
    out_end(c->out);
    if (one)
        show_settings(c, abs);
    out_text(c->out, "\n");
    return CMD_OK;
}

static int end_line(struct cmd *c, enum line_kind kind, unsigned number)
{
    for (struct line_use *u = lines_cmd(c)->uses, *next; u; u = next) {
        next = u->next;
        if (u->kind == kind && u->number == number)
            line_end(u, "");
    }
    return CMD_OK;
}

static int clear_answer(struct cmd *c, const char *text, void *arg)
{
    unsigned abs = (unsigned)(uintptr_t)arg;
    if (!text || (*text && (*text | 0x20) != 'y'))
        return CMD_OK;
    out_text(c->out, " [OK]\n");
    return end_line(c,
                    abs == 0   ? LINE_KIND_CON
                    : abs == 1 ? LINE_KIND_AUX
                               : LINE_KIND_VTY,
                    abs < LINE_VTY_BASE ? 0 : abs - LINE_VTY_BASE);
}

int line_cmd_clear_line(struct cmd *c, struct args_clear_line *a)
{
    unsigned abs = a->has_vty      ? LINE_VTY_BASE + a->vty
                   : a->has_number ? a->number
                   : a->kw_aux     ? line_absolute(LINE_KIND_AUX, 0)
                                   : 0;
    const struct line_use *mine = cmd_line(c);
    if (abs >= line_vty_count(lines_cmd(c)) + LINE_VTY_BASE)
        return cmd_error(c, "%% Line %u does not exist", abs);
    if (mine && line_absolute(mine->kind, mine->number) == abs)
        return cmd_error(c, "%% Not allowed to clear current line");
    return cmd_ask(c, "[confirm]", true, clear_answer, (void *)(uintptr_t)abs);
}
