/* Writes build/gen/FEATURE_cmd.h for every .gram file: the args structs and the prototypes of the handlers, which
 * modules include. Called by gramc's main once the grammar was found good. */
#include "parser/gramc.h"
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static void member_out(FILE *o, const struct member *m)
{
    static const char *const ctype[T_TYPES] = {"bool",         "uint32_t",      "struct addr", "uint32_t",
                                               "uint32_t",     "struct prefix", "struct mac",  "struct ifname",
                                               "const char *", "const char *",  "const char *"};
    const char *t = ctype[m->type], *gap = t[strlen(t) - 1] == '*' ? "" : " ";
    if (m->type == T_KW)
        fprintf(o, "    bool kw_%s;\n", m->name);
    else if (m->rep)
        fprintf(o, "    %s%s%s[%u];\n    unsigned n_%s;\n    bool has_%s;\n", t, gap, m->name, m->rep, m->name,
                m->name);
    else
        fprintf(o, "    %s%s%s;\n    bool has_%s;\n", t, gap, m->name, m->name);
}

static bool handler_seen(const struct gram *g, const struct command *c)
{
    for (unsigned i = 0; i < c->index; i++)
        if (g->cmd[i]->handler && !strcmp(g->cmd[i]->handler, c->handler))
            return true;
    return false;
}

static void one_header(struct gram *g, const char *dir, const struct file *f)
{
    char *text = NULL;
    size_t len = 0;
    FILE *o = open_memstream(&text, &len);
    if (!o)
        abort();
    char *guard = gramc_ident(f->feature);
    for (char *p = guard; *p; p++)
        *p = (char)toupper((unsigned char)*p);
    fprintf(o, "/* Made by gramc from %s. */\n#ifndef TAPIR_GEN_%s_CMD_H\n#define TAPIR_GEN_%s_CMD_H\n", f->path, guard,
            guard);
    fprintf(o, "#include \"modules/core/command.h\"\n\n");
    for (unsigned i = 0; i < g->n_cmd; i++) {
        const struct command *c = g->cmd[i];
        if (strcmp(c->src.at.file, f->path) != 0)
            continue;
        fprintf(o, "/* %s */\nstruct args_%s {\n", c->src.name, c->ident);
        for (unsigned m = 0; m < c->n_member; m++)
            member_out(o, &c->member[m]);
        if (!c->n_member)
            fprintf(o, "    char empty_;\n");
        fprintf(o, "};\n");
        if (c->handler) {
            if (handler_seen(g, c))
                gramc_error(g, c->src.at, "handler %s serves two commands", c->handler);
            fprintf(o, "int %s(struct cmd *c, struct args_%s *a);\n", c->handler, c->ident);
        }
        if (c->guard) {
            fprintf(o, "int %s(struct cmd *c, struct args_%s *a);\n", c->guard, c->ident);
        }
        fputc('\n', o);
    }
    fprintf(o, "#endif\n");
    fclose(o);
    char name[256];
    snprintf(name, sizeof name, "%s_cmd.h", f->feature);
    gramc_write(g, dir, name, text);
    free(text);
}

void gramc_head(struct gram *g, const char *dir)
{
    for (unsigned i = 0; i < g->n_file; i++)
        one_header(g, dir, &g->file[i]);
}
