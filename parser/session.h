/* The one engine behind every door (console, telnet, exec, paste, file, sim). A door asks three
 * questions: run a line, help on a line, complete a line. All calls on the router's loop thread. */
#ifndef TAPIR_PARSER_SESSION_H
#define TAPIR_PARSER_SESSION_H
#include "modules/core/log.h"
#include "modules/core/out.h"
#include "modules/core/router.h"

struct session;
struct session_ops {                                       /* any may be NULL */
    void (*output)(void *u, const char *text, size_t len); /* \n line ends; paging is the door's business */
    /* The line given to session_line is finished. status: enum cmd_result (OK or ERROR = rejected by parser or
     * handler). */
    void (*done)(void *u, int status);
    /* A question: the door reads one line (echo or not) and calls session_answer. */
    void (*ask)(void *u, const char *prompt, bool echo);
    void (*message)(void *u, const char *text); /* a log line for this session (rendered, no \n) */
    void (*closed)(void *u, const char *text);  /* exit, logout, reload: text to print, may be "" */
    void (*raw)(void *u);                       /* until done: keys, not lines; output as it is */
    bool (*full)(void *u);                      /* its reader does not keep up: long output waits */
};
struct session_opts {
    const char *line_name; /* "console", "vty0 (10.2.1.9)", for %SYS-5-CONFIG_I */
    unsigned privilege;    /* 1 or 15 at the start */
    bool interactive;      /* false: questions are answered with RETURN (exec, paste) */
    bool console_log;      /* gets log messages without terminal monitor */
    /* What the line's configuration says (modules/line). */
    void *line; /* cmd_line(); NULL: none */
    bool has_terminal;
    unsigned length, width, history; /* with has_terminal; else 24 (0 if not interactive), 80, 20 */
};
struct session *session_new(struct router *r, const struct session_opts *opts, const struct session_ops *ops, void *u);
void session_free(struct session *s); /* aborts a running command */
/* Runs one line. Output comes through ops; done is called exactly once, perhaps before this returns, perhaps later. */
void session_line(struct session *s, const char *line);
bool session_editing(const struct session *s);    /* terminal editing */
bool session_wants_text(const struct session *s); /* inside a banner or certificate: blank lines count */
bool session_busy(const struct session *s);
void session_answer(struct session *s, const char *text);        /* NULL: aborted */
void session_abort(struct session *s);                           /* Ctrl-C, Ctrl-Shift-6 */
void session_keys(struct session *s, const char *p, size_t len); /* after raw; dropped when nothing takes them */
bool session_takes_keys(const struct session *s);
const char *session_prompt(struct session *s);    /* "R1(config-if)#"; borrowed until the next call */
unsigned session_length(const struct session *s); /* terminal length; 0: no paging */
unsigned session_width(const struct session *s);
unsigned session_history(const struct session *s); /* terminal history size: lines that the door recalls */
unsigned session_escape(const struct session *s); /* terminal escape-character: the key that stops a command; 0: none */
/* The client's window: counts where neither a command nor the line's configuration says something else. */
void session_set_terminal(struct session *s, unsigned length, unsigned width);
void session_terminal_set(const struct session *s, bool *length, bool *width); /* which does not follow the window */
/* `?`: the whole help text after the echoed `?` (list, then an empty line). The door re-shows prompt and text.
 * malloc'd. */
char *session_help(struct session *s, const char *line);
/* TAB on the text before the cursor: the completed line (with the blank added) or NULL (bell). malloc'd. */
char *session_complete(struct session *s, const char *line);
bool session_in_config(const struct session *s);
/* `end`/Ctrl-Z. */
void session_end(struct session *s);

/* ---- configuration as a whole (door: configuration file) ---- */
/* Reads text into r's running configuration as IOS reads a file: prompts off, errors do not stop it. For each
 * rejected line calls bad(ctx, line number, text, answer). Returns the number of rejected lines. */
unsigned config_load(struct router *r, const char *text, bool booting,
                     void (*bad)(void *ctx, unsigned lineno, const char *line, const char *answer), void *ctx);
/* From `!` to `end\n`; malloc'd. */
char *config_text(struct router *r);
bool config_is_saved(struct router *r); /* running equals startup-config */
/* Writes startup-config through the storage seam; 0 or -errno. */
int config_save(struct router *r);

/* Paste repair (tapir paste --repair): heals a listing that a PDF wrapped. Returns malloc'd text with the same number
 * of lines (joined lines leave an empty line) and reports each heal. */
char *config_repair(struct router *r, const char *text, unsigned *repaired,
                    void (*healed)(void *ctx, unsigned lineno, const char *what, const char *line), void *ctx);
#endif
