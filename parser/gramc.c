/* What all parts of gramc use: memory, errors, the modes that every grammar has, writing a file. */
#include "parser/gramc.h"
#include <ctype.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

void gramc_error(struct gram *g, struct where at, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    if (!g->quiet) {
        fprintf(stderr, "%s:%u: ", at.file, at.line);
        vfprintf(stderr, fmt, ap);
        fputc('\n', stderr);
    }
    va_end(ap);
    g->errors++;
}

static struct block { /* everything lives until the program is done */
    struct block *next;
} * blocks;

void *gramc_alloc(size_t n)
{
    enum { HEAD = 16 }; /* keeps the alignment */
    struct block *b = calloc(1, HEAD + n);
    if (!b)
        abort();
    b->next = blocks;
    blocks = b;
    return (char *)b + HEAD;
}

void gramc_free_all(void)
{
    while (blocks) {
        struct block *next = blocks->next;
        free(blocks);
        blocks = next;
    }
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
    if (!dir)
        return;
    snprintf(path, sizeof path, "%s/%s", dir, name);
    size_t len = strlen(text);
    FILE *f = fopen(path, "r");
    if (f) {
        char *old = gramc_alloc(len + 2);
        size_t n = fread(old, 1, len + 1, f);
        fclose(f);
        bool same = n == len && !memcmp(old, text, len);
        if (same)
            return;
    }
    f = fopen(path, "w");
    if (!f || fwrite(text, 1, len, f) != len || fclose(f) != 0)
        gramc_error(g, (struct where){path, 0}, "cannot write");
}

void gramc_builtin_modes(struct gram *g)
{
    static const struct mode builtin[] = {{{"builtin", 0},
                                           (char *)"exec",
                                           (char *)"",
                                           NULL,
                                           (char *)"Exec commands:",
                                           (char *)"Exit from the EXEC",
                                           NULL},
                                          {{"builtin", 0},
                                           (char *)"config",
                                           (char *)"(config)",
                                           NULL,
                                           (char *)"Configure commands:",
                                           (char *)"Exit from configure mode",
                                           NULL}};
    for (unsigned i = 0; i < 2; i++)
        g->mode[g->n_mode++] = builtin[i];
}

bool gramc_analyse(struct gram *g)
{
    for (unsigned i = 0; i < g->n_cmd && !g->too_large; i++)
        gramc_expand(g, g->cmd[i]);
    if (!g->errors)
        gramc_check(g);
    if (!g->errors)
        gramc_ambiguous(g);
    return !g->errors;
}

void gramc_compile(struct gram *g, const char *dir)
{
    if (!gramc_analyse(g))
        return;
    gramc_head(g, dir);
    gramc_table(g, dir);
}
