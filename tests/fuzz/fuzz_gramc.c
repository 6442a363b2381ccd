/* Fuzz target: a grammar file, whatever somebody may have written into it. The compiler reads, checks and renders it;
 * only the writing of files is left out. */
#include "parser/gramc.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct gram *g = calloc(1, sizeof *g);
    FILE *f = size ? fmemopen((void *)(uintptr_t)data, size, "r") : NULL;
    if (!g)
        abort();
    g->quiet = true;
    gramc_builtin_modes(g);
    g->file[g->n_file++] = (struct file){"fuzz.gram", gramc_dup("fuzz", 4)};
    if (f) {
        gramc_read(g, "fuzz.gram", f);
        fclose(f);
    }
    gramc_compile(g, NULL);
    gramc_free_all();
    free(g);
    return 0;
}
