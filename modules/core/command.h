/* What a command handler sees. Handlers live in modules; the parser (which modules may not include)
 * calls them. For every `command NAME` in grammar/FEATURE.gram, gramc generates, in
 * build/gen/FEATURE_cmd.h, `struct args_NAME` and the prototype
 *     int HANDLER(struct cmd *c, struct args_NAME *a);
 * which the module includes as "FEATURE_cmd.h". See grammar/README.md.
 *
 * Result: CMD_OK, CMD_ERROR (rejected: nothing is stored; the text was printed by cmd_error), or
 * CMD_PENDING (after cmd_suspend or cmd_ask). */
#ifndef TAPIR_CORE_COMMAND_H
#define TAPIR_CORE_COMMAND_H
#include "modules/core/addr.h"
#include "modules/core/out.h"
#include <stdbool.h>

struct router;
struct session; /* parser/ */

enum cmd_op {
    CMD_RUN,  /* exec command, or a configuration-mode action that is not stored */
    CMD_SET,  /* configuration line entered (also: replaces an earlier line of the same identity) */
    CMD_UNSET /* `no` or `default` form: back to the default. Arguments beyond the key may be absent */
};
enum cmd_result { CMD_OK = 0, CMD_ERROR = 1, CMD_PENDING = 2 };

struct cmd {
    struct router *router;
    struct session *session; /* NULL for configuration loaded at boot */
    struct out *out;
    enum cmd_op op;
    bool booting;          /* startup-config is being read */
    bool replacing;        /* configure replace: what the target does not name goes, hardware too */
    bool emptying;         /* the whole block goes, line by line in no order of dependence */
    bool stays;            /* set by a handler in UNSET: its args, as it left them, remain stored */
    bool interactive;      /* somebody can answer a question (not exec, paste, boot) */
    const char *line_name; /* "console", "vty0 (10.2.1.9)"; NULL at boot */
    const char *line;      /* as typed, for messages; borrowed */
    /* Enclosing blocks, innermost first: the args struct of the command that opened each mode. */
    const void *block[6];
    const char *block_command[6]; /* that command's grammar name: "interface", "crypto-map-entry" */
    unsigned blocks;
    int64_t spend_until; /* cmd_spent(); 0: no limit */
    bool at_once;        /* a command within another one's output: cmd_steps does not leave before the end */
};
/* The args of the nearest enclosing block opened by grammar command `name`, e.g.
 *   const struct args_interface *i = CMD_BLOCK(c, interface, "interface"); NULL if not inside one. */
const void *cmd_block(const struct cmd *c, const char *name);
#define CMD_BLOCK(c, type, name) ((const struct args_##type *)cmd_block((c), (name)))

/* Prints one line (adds \n) and returns CMD_ERROR: `return cmd_error(c, "%% ...");` */
int cmd_error(struct cmd *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* A remark that does not reject the line. */
void cmd_note(struct cmd *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Long-running exec commands (ping): the handler suspends, writes to cmd_job_out() whenever it likes
 * and finishes later. abort is called on Ctrl-Shift-6 / Ctrl-C or when the session ends; it must not
 * call cmd_job_finish itself afterwards. */
struct cmd_job;
struct cmd_job *cmd_suspend(struct cmd *c, void (*abort)(void *arg), void *arg);
struct out *cmd_job_out(struct cmd_job *job);
void cmd_job_finish(struct cmd_job *job, int result);

/* Keys instead of lines (telnet): from now on until the job finishes every key that is typed goes to `keys` with the
 * job's arg, and what the job writes reaches the terminal as it is. The key of cmd_job_escape and the one behind it end
 * a delivery. false: nobody types there. */
bool cmd_job_raw(struct cmd_job *job, void (*keys)(void *arg, const char *p, size_t len));
unsigned cmd_job_escape(const struct cmd_job *job);
bool cmd_job_full(const struct cmd_job *job); /* its reader does not keep up */
/* The user's terminal; 0: unknown. */
void cmd_terminal(const struct cmd *c, unsigned *length, unsigned *width);
/* RETURN on an empty line runs `resume`: there is a connection to go back to. s: a cmd's session, alive. */
void cmd_set_resumes(struct session *s, bool on);
void cmd_close(struct cmd *c); /* the session ends with this command */

/* Long tables: `return cmd_steps(c, step, end, state)`. step prints until it is done (CMD_OK, CMD_ERROR) or, between
 * two rows, cmd_spent() says that the turn is used up: then it returns CMD_PENDING and is called again later with a cmd
 * of its own. Meanwhile everything may change: state keeps a place that survives it, and nothing of the args. end frees
 * state. */
int cmd_steps(struct cmd *c, int (*step)(struct cmd *c, void *state), void (*end)(void *state), void *state);
bool cmd_spent(const struct cmd *c);
/* Prints text in such pieces and frees it; for `| json` its lines. `return cmd_print(c, &text);` */
int cmd_print(struct cmd *c, struct strbuf *text);
/* The same of a text that make writes first, in pieces too: it is called until it says true. end frees arg. */
int cmd_print_made(struct cmd *c, bool (*make)(struct cmd *c, void *arg, struct strbuf *text), void (*end)(void *arg),
                   void *arg);

/* A question ("Proceed with reload? [confirm]"). answer gets a fresh cmd (same session, op RUN) and the
 * typed line ("" for RETURN; NULL: aborted), and returns a cmd_result; it may ask again.
 * exec and paste (non-interactive) sessions answer every question with RETURN. */
int cmd_ask(struct cmd *c, const char *prompt, bool echo, int (*answer)(struct cmd *c, const char *text, void *arg),
            void *arg);

/* The same, asked only after `delay` ns: a wrong password costs time without holding up the loop. */
int cmd_ask_later(struct cmd *c, int64_t delay, const char *prompt, bool echo,
                  int (*answer)(struct cmd *c, const char *text, void *arg), void *arg);

/* The privilege level of the session that typed the command; 15 without one. */
unsigned cmd_level(const struct cmd *c);
void cmd_set_level(struct cmd *c, unsigned level);
/* What the door gave with the session: the line it stands on (modules/line); NULL: none. */
void *cmd_line(const struct cmd *c);
/* Runs every stored configuration line of that command through its handler again and stores what it leaves: the form
 * of what is stored has changed (service password-encryption). */
void cmd_store_again(struct cmd *c, const char *command);

/* The lines of an access list have new numbers, start, start + step, ...: in the configuration, too. */
void cmd_resequence(struct cmd *c, const char *list, uint32_t start, uint32_t step);

/* Argument value types used in generated args structs. */
struct ifname {
    char text[40]; /* canonical: GigabitEthernet0/3 */
};
#endif
