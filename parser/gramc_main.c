/* gramc: compiles grammar/ *.gram into build/gen/FEATURE_cmd.h and build/gen/grammar.c. Run by the makefile:
 * gramc -o DIR FILE… (with -d the command reference goes to DIR instead); exit status 1 when anything was refused
 * (every reason as FILE:LINE: text). */
#include "parser/gramc.h"
#include <string.h>

static char *feature_of(const char *path)
{
    const char *base = strrchr(path, '/');
    base = base ? base + 1 : path;
    const char *dot = strrchr(base, '.');
    return gramc_dup(base, dot ? (size_t)(dot - base) : strlen(base));
}

int main(int argc, char **argv)
{
    static struct gram g;
    const char *dir = NULL, *docs = NULL;
    gramc_builtin_modes(&g);
    for (int i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "-o") && i + 1 < argc) {
            dir = argv[++i];
        } else if (!strcmp(argv[i], "-d") && i + 1 < argc) {
            docs = argv[++i];
        } else if (g.n_file < sizeof g.file / sizeof *g.file) {
            g.file[g.n_file++] = (struct file){argv[i], feature_of(argv[i])};
        }
    }
    if (!dir && !docs) {
        fprintf(stderr, "usage: gramc -o DIR | -d DIR FILE...\n");
        return 2;
    }
    for (unsigned i = 0; i < g.n_file; i++) {
        FILE *f = fopen(g.file[i].path, "r");
        if (f) {
            gramc_read(&g, g.file[i].path, f);
            fclose(f);
        } else {
            gramc_error(&g, (struct where){g.file[i].path, 0}, "cannot be read");
        }
    }
    if (!docs)
        gramc_compile(&g, dir);
    else if (gramc_analyse(&g))
        gramc_docs(&g, docs);
    if (g.errors)
        fprintf(stderr, "gramc: %u errors\n", g.errors);
    unsigned errors = g.errors;
    gramc_free_all();
    return errors ? 1 : 0;
}
