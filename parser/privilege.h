/* Levels that the configuration gives to commands (privilege.c). Called by the matcher. */
#ifndef TAPIR_PARSER_PRIVILEGE_H
#define TAPIR_PARSER_PRIVILEGE_H
#include "parser/match.h"

void privileges_free(struct privileges *p);
bool privileges_any(const struct privileges *p);
/* Below level 15, with rules: may this node follow? */
bool privilege_allows(const struct matcher *m, const struct mcand *c);
#endif
