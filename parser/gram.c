/* Small look-ups in the generated tables (parser/grammar.h). */
#include "parser/grammar.h"
#include <string.h>

const struct gram_cmd *gram_find(const char *name)
{
    for (unsigned i = 0; i < gram_n_cmds; i++)
        if (!strcmp(gram_cmds[i].name, name))
            return &gram_cmds[i];
    return NULL;
}
