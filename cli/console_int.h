/* What the files of `tapir console` share: the connection, the keys that wait, readline's set-up. */
#ifndef TAPIR_CLI_CONSOLE_INT_H
#define TAPIR_CLI_CONSOLE_INT_H
#include "cli/control.h"
#include "cli/pager.h"

enum { KEY_CTRL_C = 3, KEY_CTRL_Z = 26 };

struct keys { /* what was typed and not used yet; standard input is read into it at once */
    unsigned char *p;
    size_t at, len, cap;
    bool end;
};
bool keys_read(struct keys *k); /* reads what there is; false at the end of input */
bool keys_waiting(const struct keys *k);
int keys_next(struct keys *k, bool wait); /* -1: none (wait false) or end of input */
bool keys_break(struct keys *k,
                unsigned escape); /* an abort key waits: it and what was typed before it are thrown away */

/* console_login.c: the login dialogue in front of the session; a ctl_login. echo: input is no terminal, so what is
 * typed is shown as a terminal would. */
struct login_keys {
    bool echo, after_cr;
};
bool console_login(void *login_keys, struct ctl *c, const struct ctl_msg *m);

/* readline (console_readline.c): keys as IOS has them, the line drawn as vty lines draw it. The callbacks get what the
 * library does not decide. */
struct console_keymap {
    int (*help)(int count, int key), (*complete)(int count, int key), (*leave)(int count, int key);
    int (*get)(void);
    int (*available)(void);
};
void console_readline_setup(const struct console_keymap *k);
void console_prompt(const char *prompt, unsigned width, void (*line)(char *line)); /* begins a line */
void console_wipe(void);                 /* prompt and line leave the screen */
void console_show(void);                 /* and come back, where the cursor is */
void console_line_end(const char *mark); /* the cursor goes behind the line; mark and a line end are written */
/* One history for exec, one for configuration, which is empty whenever configuration is entered. */
void console_history_pick(bool config, unsigned size);
void console_history_note(const char *line);

/* Standard input is not a terminal: types every line of it. Exit status. */
int console_plain(struct ctl *c, struct ctl_state *st, const char *name);
#endif
