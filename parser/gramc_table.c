/* Writes build/gen/grammar.c, the tables that parser/ walks (parser/grammar.h). Called by gramc's main once the grammar
 * was found good. Handlers are referred to weakly: a build without a module still links, its commands say so. */
#include "parser/gramc.h"
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static void quoted(FILE *o, const char *s)
{
    if (!s) {
        fputs("NULL", o);
        return;
    }
    fputc('"', o);
    for (; *s; s++) {
        if (*s == '"' || *s == '\\')
            fputc('\\', o);
        fputc(*s, o);
    }
    fputc('"', o);
}

static void nodes(FILE *o, const char *name, const struct command *c, const struct node *n, unsigned count)
{
    fprintf(o, "static const struct gram_node %s_%s[] = {\n", name, c->ident);
    for (unsigned i = 0; i < count; i++) {
        const struct elem *e = n[i].e;
        unsigned flags = 0;
        if (e)
            flags = (e->alone ? 1u : 0) | (e->hidden ? 2u : 0) | (e->has_range ? 4u : 0) | (e->quoted ? 8u : 0);
        fprintf(o, "    {%u, %u, %u, %u, %u, %u, %u, %uu, %uu, ", n[i].kind, e ? e->type : 0, e ? e->rep : 0, flags,
                n[i].next, n[i].alt, n[i].member, e ? e->lo : 0, e ? e->hi : 0);
        quoted(o, e ? e->text : NULL);
        fputs(", ", o);
        quoted(o, e ? e->old : NULL);
        fputs(", ", o);
        quoted(o, e ? e->help : NULL);
        fputs(", ", o);
        quoted(o, e ? e->show : NULL);
        fprintf(o, ", %s%s},\n", e && e->names ? "named_" : "NULL", e && e->names ? e->names : "");
    }
    fputs("};\n", o);
}

static void member_table(FILE *o, const struct command *c)
{
    if (!c->n_member)
        return;
    fprintf(o, "static const struct gram_member members_%s[] = {\n", c->ident);
    for (unsigned i = 0; i < c->n_member; i++) {
        const struct member *m = &c->member[i];
        const char *kw = m->type == T_KW ? "kw_" : "";
        fprintf(o, "    {\"%s\", %u, %u, %s, offsetof(struct args_%s, %s%s), ", m->name, m->type, m->rep,
                m->hidden ? "true" : "false", c->ident, kw, m->name);
        if (m->type == T_KW)
            fprintf(o, "%u, ", NONE);
        else
            fprintf(o, "offsetof(struct args_%s, has_%s), ", c->ident, m->name);
        if (m->rep)
            fprintf(o, "offsetof(struct args_%s, n_%s), ", c->ident, m->name);
        else
            fprintf(o, "%u, ", NONE);
        quoted(o, m->def);
        fputs("},\n", o);
    }
    fputs("};\n", o);
}

static unsigned member_index(const struct command *c, const char *name)
{
    unsigned kw = NONE;
    for (unsigned i = 0; i < c->n_member; i++)
        if (!strcmp(c->member[i].name, name)) {
            if (c->member[i].type != T_KW)
                return i;
            kw = i;
        }
    return kw;
}

static void small_tables(struct gram *g, FILE *o, const struct command *c)
{
    if (c->n_key) {
        fprintf(o, "static const uint8_t keys_%s[] = {", c->ident);
        for (unsigned i = 0; i < c->n_key; i++)
            fprintf(o, "%u, ", member_index(c, c->key[i]));
        fputs("};\n", o);
    }
    if (c->n_adopts) {
        fprintf(o, "static const uint16_t adopts_%s[] = {", c->ident);
        for (unsigned i = 0; i < c->n_adopts; i++)
            for (unsigned k = 0; k < g->n_cmd; k++)
                if (!strcmp(g->cmd[k]->src.name, c->adopts[i]))
                    fprintf(o, "%u, ", k);
        fputs("};\n", o);
    }
    fprintf(o, "static const uint16_t modes_%s[] = {", c->ident);
    for (unsigned i = 0; i < c->n_mode; i++)
        fprintf(o, "%d, ", gramc_mode_find(g, c->mode[i]));
    fputs("};\n", o);
    if (c->handler) {
        fprintf(o, "extern __typeof__(%s) %s __attribute__((weak));\n", c->handler, c->handler);
        fprintf(o, "static bool has_%s(void) { return &%s != NULL; }\n", c->ident, c->handler);
        fprintf(o, "static int call_%s(struct cmd *c, void *a) { return %s(c, a); }\n", c->ident, c->handler);
    }
    if (c->guard) {
        fprintf(o, "extern __typeof__(%s) %s __attribute__((weak));\n", c->guard, c->guard);
        fprintf(o, "static int guard_%s(struct cmd *c, void *a) { return &%s != NULL ? %s(c, a) : 0; }\n", c->ident,
                c->guard, c->guard);
    }
}

/* Commands that sort by the same key stand together at the smallest rank among them (in one mode). */
static unsigned by_base(const struct gram *g, const struct command *c)
{
    unsigned base = c->rank;
    for (unsigned i = 0; c->by && i < g->n_cmd; i++) {
        const struct command *d = g->cmd[i];
        bool shared = false;
        for (unsigned a = 0; a < c->n_mode; a++)
            for (unsigned b = 0; b < d->n_mode; b++)
                shared = shared || !strcmp(c->mode[a], d->mode[b]);
        if (shared && d->by && !strcmp(d->by, c->by) && d->rank < base)
            base = d->rank;
    }
    return base;
}

static void command_row(struct gram *g, FILE *o, const struct command *c)
{
    const char *id = c->ident;
    fprintf(o, "    {\"%s\", nodes_%s, ", c->src.name, id);
    fprintf(o, c->no_node ? "nonodes_%s, " : "NULL, ", id);
    fprintf(o, "%u, %u, %u, %u, ", c->start, c->n_node, c->no_start, c->n_no_node);
    fprintf(o, c->n_member ? "members_%s, " : "NULL, ", id);
    fprintf(o, "%u, ", c->n_member);
    fprintf(o, c->n_key ? "keys_%s, " : "NULL, ", id);
    fprintf(o, "%u, sizeof(struct args_%s), ", c->n_key, id);
    fprintf(o, c->handler ? "call_%s, " : "NULL, ", id);
    fprintf(o, c->handler ? "has_%s, " : "NULL, ", id);
    fprintf(o, c->guard ? "guard_%s, " : "NULL, ", id);
    unsigned by = c->by ? member_index(c, c->by) : NONE;
    fprintf(o, "%u, %u, %u, %u, ", c->flags, c->rank, by, by_base(g, c));
    fprintf(o, "%d, %u, ", c->opens ? gramc_mode_find(g, c->opens) : NONE, c->privilege);
    fprintf(o, "%d, ", c->opens ? gramc_mode_find(g, c->opens_sub ? c->opens_sub : c->opens) : NONE);
    quoted(o, c->def);
    fprintf(o, c->n_adopts ? ", adopts_%s, " : ", NULL, ", id);
    fprintf(o, "%u, modes_%s, %u, ", c->n_adopts, id, c->n_mode);
    quoted(o, c->tells);
    fputs(", ", o);
    quoted(o, c->flat);
    fprintf(o, ", %u},\n", c->flat_rank);
}

static void mode_tables(struct gram *g, FILE *o)
{
    for (unsigned m = 0; m < g->n_mode; m++) {
        unsigned n = 0;
        fprintf(o, "static const uint16_t mode_cmds_%u[] = {", m);
        for (unsigned i = 0; i < g->n_cmd; i++)
            for (unsigned k = 0; k < g->cmd[i]->n_mode; k++)
                if (!strcmp(g->cmd[i]->mode[k], g->mode[m].name)) {
                    fprintf(o, "%u, ", i);
                    n++;
                }
        fprintf(o, "%u};\nenum { n_mode_cmds_%u = %u };\n", NONE, m, n);
    }
    fputs("const struct gram_mode gram_modes[] = {\n", o);
    for (unsigned m = 0; m < g->n_mode; m++) {
        const struct mode *d = &g->mode[m];
        fprintf(o, "    {\"%s\", ", d->name);
        quoted(o, d->prompt);
        fputs(", ", o);
        quoted(o, d->title);
        fputs(", ", o);
        quoted(o, d->exit);
        fputs(", ", o);
        quoted(o, d->closing);
        fprintf(o, ", %d, mode_cmds_%u, n_mode_cmds_%u},\n", d->parent ? gramc_mode_find(g, d->parent) : NONE, m, m);
    }
    fprintf(o, "};\nconst unsigned gram_n_modes = %u;\n", g->n_mode);
}

void gramc_table(struct gram *g, const char *dir)
{
    char *text = NULL;
    size_t len = 0;
    FILE *o = open_memstream(&text, &len);
    if (!o)
        abort();
    fputs("/* Made by gramc. */\n#include \"parser/grammar.h\"\n", o);
    for (unsigned i = 0; i < g->n_file; i++)
        fprintf(o, "#include \"%s_cmd.h\"\n", g->file[i].feature);
    for (unsigned i = 0; i < g->n_cmd; i++) {
        const struct command *c = g->cmd[i];
        nodes(o, "nodes", c, c->node, c->n_node);
        if (c->no_node)
            nodes(o, "nonodes", c, c->no_node, c->n_no_node);
        member_table(o, c);
        small_tables(g, o, c);
    }
    fputs("const struct gram_cmd gram_cmds[] = {\n", o);
    for (unsigned i = 0; i < g->n_cmd; i++)
        command_row(g, o, g->cmd[i]);
    fprintf(o, "    {0}};\nconst unsigned gram_n_cmds = %u;\n", g->n_cmd);
    mode_tables(g, o);
    fclose(o);
    gramc_write(g, dir, "grammar.c", text);
    free(text);
}
