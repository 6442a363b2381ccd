/* Rejected lines of a paste by the protocol that they belong to (see paste_missing.c). */
#ifndef TAPIR_CLI_PASTE_MISSING_H
#define TAPIR_CLI_PASTE_MISSING_H
#include <stdbool.h>

/* Does the line begin like one of a protocol that is not here? */
bool missing_is(const char *line);

struct missing;
struct missing *missing_new(const char *text); /* borrows the text; NULL: out of memory */
void missing_free(struct missing *m);
void missing_line(struct missing *m, unsigned lineno); /* that line was rejected; in order. m NULL: nothing */
void missing_print(const struct missing *m);           /* one line, or nothing */
#endif
