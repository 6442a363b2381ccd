/* What the files of `tapir console` share: the connection, the keys that wait, the pager. */
#ifndef TAPIR_CLI_CONSOLE_INT_H
#define TAPIR_CLI_CONSOLE_INT_H
#include "cli/control.h"

enum { KEY_CTRL_C = 3, KEY_CTRL_Z = 26, KEY_BREAK = 30 /* Ctrl-Shift-6 */ };

struct keys { /* what was typed and not used yet; standard input is read into it at once */
    unsigned char *p;
    size_t at, len, cap;
    bool end;
};
bool keys_read(struct keys *k); /* reads what there is; false at the end of input */
bool keys_waiting(const struct keys *k);
int keys_next(struct keys *k, bool wait); /* -1: none (wait false) or end of input */
bool keys_break(struct keys *k);          /* an abort key waits: throws away everything typed */

struct pager {
    struct keys *keys;
    unsigned length; /* lines of the screen; 0: never stops */
    unsigned shown;
    unsigned column;
    bool quit; /* the reader had enough: the rest of this output is not shown */
};
void pager_begin(struct pager *p, unsigned length);
void pager_write(struct pager *p, const char *text, size_t len);

/* Standard input is not a terminal: types every line of it. Exit status. */
int console_plain(struct ctl *c, struct ctl_state *st, const char *name);
#endif
