/* From typed arguments back to the one canonical line, and to the identity of a configuration line. Called by the
 * configuration tree, `| json` headings and tests. */
#ifndef TAPIR_PARSER_RENDER_H
#define TAPIR_PARSER_RENDER_H
#include "parser/value.h"
/* Appends the line; false if the arguments fit no way through the syntax. */
bool render_line(const struct gram_cmd *cmd, const void *args, struct strbuf *out);
/* The same for what stands behind `no`: the explicit no form if there is one. */
bool render_no(const struct gram_cmd *cmd, const void *args, struct strbuf *out);
/* Appends the command's name and the values of its keys; for `multi` commands the whole line. */
bool render_identity(const struct gram_cmd *cmd, const void *args, struct strbuf *out);
#endif
