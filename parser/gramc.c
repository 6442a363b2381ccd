/* gramc: compiles grammar/ *.gram into build/gen/FEATURE_cmd.h and build/gen/grammar.c. Run by the makefile:
 * gramc -o DIR FILE…; exit status 1 when anything was refused (every reason as FILE:LINE: text). */
#include "parser/gramc.h"
#include <ctype.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

void gramc_error(struct gram *g, struct where at, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    fprintf(stderr, "%s:%u: ", at.file, at.line);
    vfprintf(stderr, fmt, ap);
    fputc('\n', stderr);
    va_end(ap);
    g->errors++;
}

void *gramc_alloc(size_t n)
{
    void *p = calloc(1, n ? n : 1);
    if (!p)
        abort();
    return p;
}

char *gramc_dup(const char *s, size_t n)
{
    char *p = gramc_alloc(n + 1);
    memcpy(p, s, n);
    return p;
}

char *gramc_ident(const char *s)
{
    if (!s)
        return NULL;
    char *p = gramc_dup(s, strlen(s));
    for (char *q = p; *q; q++)
        if (!isalnum((unsigned char)*q))
            *q = '_';
    return p;
}

int gramc_mode_find(const struct gram *g, const char *name)
{
    for (unsigned i = 0; i < g->n_mode; i++)
        if (!strcmp(g->mode[i].name, name))
            return (int)i;
    return -1;
}

void gramc_write(struct gram *g, const char *dir, const char *name, const char *text)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    size_t len = strlen(text);
    FILE *f = fopen(path, "r");
    if (f) {
        char *old = gramc_alloc(len + 2);
        size_t n = fread(old, 1, len + 1, f);
        fclose(f);
        bool same = n == len && !memcmp(old, text, len);
        free(old);
        if (same)
            return;
    }
    f = fopen(path, "w");
    if (!f || fwrite(text, 1, len, f) != len || fclose(f) != 0)
        gramc_error(g, (struct where){path, 0}, "cannot write");
}

static void builtin_modes(struct gram *g)
{
    static const struct mode builtin[] = {
        {{"builtin", 0}, (char *)"exec", (char *)"", NULL, (char *)"Exec commands:", (char *)"Exit from the EXEC"},
        {{"builtin", 0},
         (char *)"config",
         (char *)"(config)",
         NULL,
         (char *)"Configure commands:",
         (char *)"Exit from configure mode"}};
    for (unsigned i = 0; i < 2; i++)
        g->mode[g->n_mode++] = builtin[i];
}

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
    const char *dir = NULL;
    builtin_modes(&g);
    for (int i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "-o") && i + 1 < argc) {
            dir = argv[++i];
        } else if (g.n_file < sizeof g.file / sizeof *g.file) {
            g.file[g.n_file++] = (struct file){argv[i], feature_of(argv[i])};
        }
    }
    if (!dir) {
        fprintf(stderr, "usage: gramc -o DIR FILE...\n");
        return 2;
    }
    for (unsigned i = 0; i < g.n_file; i++)
        gramc_read(&g, g.file[i].path);
    for (unsigned i = 0; i < g.n_cmd; i++)
        gramc_expand(&g, g.cmd[i]);
    if (!g.errors)
        gramc_check(&g);
    if (!g.errors)
        gramc_ambiguous(&g);
    if (g.errors) {
        fprintf(stderr, "gramc: %u errors\n", g.errors);
        return 1;
    }
    gramc_head(&g, dir);
    gramc_table(&g, dir);
    return g.errors ? 1 : 0;
}
