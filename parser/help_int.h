/* The list behind `?` and TAB: what may follow, and its layout. Shared by help.c and help_list.c only. */
#ifndef TAPIR_PARSER_HELP_INT_H
#define TAPIR_PARSER_HELP_INT_H
#include "parser/session_int.h"

struct help_item {
    char *token;
    const char *help;
    char *made;   /* help that is the item's own; NULL */
    bool keyword; /* completes */
};
struct help_list {
    struct help_item *v;
    unsigned n, cap;
};
void help_add(struct help_list *l, const char *token, const char *help, bool keyword);
void help_add_made(struct help_list *l, const char *token, char *help); /* with a help text made for it: consumed */
void help_free(struct help_list *l);
void help_sort(struct help_list *l); /* by the tokens' ASCII, <cr> last */
/* Names only, in columns of equal width (ios-cli 5.4). */
void help_columns(struct session *s, const struct help_list *l, struct strbuf *out);
/* With descriptions (5.2). */
void help_described(const struct session *s, const struct help_list *l, struct strbuf *out);
#endif
