/* The ` --More-- ` pager of every interactive line (ios-cli 6.1): the console and the vtys give it a way to write and a
 * way to wait for a key. */
#ifndef TAPIR_CLI_PAGER_H
#define TAPIR_CLI_PAGER_H
#include "modules/core/out.h"
#include <regex.h>

struct pager {
    void (*put)(void *u, const char *text, size_t len); /* \n line ends; flushed when a key is waited for */
    int (*key)(void *u);                                /* waits; -1: none will come */
    void *u;
    unsigned length, width; /* of the screen; length 0: never stops */
    unsigned shown;         /* rows since the last stop */
    unsigned column;
    bool quit;   /* the reader had enough: the rest of this output is not shown */
    char filter; /* '/', '+' or '-' typed at --More--: what lines are shown from there on; 0: all */
    regex_t re;
    struct strbuf line; /* with a filter: the line so far */
};
void pager_begin(struct pager *p, unsigned length, unsigned width);
void pager_write(struct pager *p, const char *text, size_t len);
void pager_end(struct pager *p); /* output is complete; also frees */
#endif
