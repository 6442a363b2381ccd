/* What the files of `tapir console` share: the connection, the keys that wait, readline's set-up. */
#ifndef TAPIR_CLI_CONSOLE_INT_H
#define TAPIR_CLI_CONSOLE_INT_H
#include "cli/control.h"
#include "cli/edit.h"
#include "cli/pager.h"

enum { KEY_CTRL_C = 3, KEY_CTRL_Z = 26 };

struct keys { /* what was typed and not used yet; standard input is read into it at once */
    unsigned char *p;
    size_t at, len, cap;
    bool end;
};
bool keys_read(struct keys *k); /* reads what there is; false at the end of input */
void keys_free(struct keys *k);
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

/* console_readline.c: the line that is edited. The callbacks get what an editor does not decide. */
struct console_keymap {
    void (*line)(enum edit_event how); /* RETURN, Ctrl-C or Ctrl-Z ended the line; EDIT_NONE: no keys are left */
    void (*help)(void), (*complete)(void);
    int (*get)(void);
    int (*available)(void);
};
void console_readline_setup(const struct console_keymap *k);
struct edit *console_edit(void);
void console_prompt(const char *prompt, const struct ctl_state *st, bool answer); /* begins a line */
void console_read_key(void);                                                      /* a key waits: it is taken */
void console_prompt_end(void);                                                    /* no line is typed from here on */
void console_wipe(void);                                                          /* prompt and line leave the screen */
void console_show(void); /* and come back, where the cursor is */

/* Standard input is not a terminal: types every line of it. Exit status. */
int console_plain(struct ctl *c, struct ctl_state *st, const char *name);
#endif
