/* Values of arguments: recognised in a line, stored in an args struct, formatted canonically, copied, compared. Called
 * by match.c, render.c and the configuration tree. */
#ifndef TAPIR_PARSER_VALUE_H
#define TAPIR_PARSER_VALUE_H
#include "parser/grammar.h"

/* Does the token at line[pos..end) fit? *stop: end of what was taken (an interface name may take two tokens, LINE takes
 * all). Otherwise *fail is where it went wrong. `limit` is the end of the line (comments and blanks cut). */
enum value_fit { VALUE_NO, VALUE_FITS, VALUE_SHORT /* an interface's number is missing */, VALUE_AMBIGUOUS };
enum value_fit value_accepts(const struct gram_node *n, const char *line, size_t pos, size_t end, size_t limit,
                             size_t *stop, size_t *fail);
/* Stores line[pos..stop) into member m of args. Strings are cut into *pool (malloc'd blocks, freed by value_pool_free).
 */
struct value_pool;
void value_store(const struct gram_member *m, void *args, const char *line, size_t pos, size_t stop,
                 struct value_pool **pool);
void value_pool_free(struct value_pool *pool);
/* Fresh args with the defaults in place. */
void *value_args_new(const struct gram_cmd *cmd, struct value_pool **pool);
/* A deep copy whose strings belong to *pool. */
void *value_args_copy(const struct gram_cmd *cmd, const void *args, struct value_pool **pool);
bool value_is_set(const struct gram_member *m, const void *args);
bool value_is_default(const struct gram_member *m, const void *args);
/* Appends value number i of member m (0 for a single one). */
void value_format(const struct gram_member *m, const void *args, unsigned i, struct strbuf *out);
int value_compare(const struct gram_member *m, const void *a, const void *b);
/* Help token: <0-255>, A.B.C.D, WORD, … into buf. */
const char *value_token(const struct gram_node *n, char *buf, size_t size);
#endif
