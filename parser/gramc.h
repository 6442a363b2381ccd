/* gramc, the compiler of grammar/ *.gram (grammar/README.md): what its parts share. Build-time only: main reads all
 * files (gramc_read.c), expands each syntax to a tree and a node graph (gramc_syntax.c), refuses ambiguity
 * (gramc_check.c) and writes the headers (gramc_head.c) and the tables (gramc_table.c). */
#ifndef TAPIR_GRAMC_H
#define TAPIR_GRAMC_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum {
    MAX_ALT = 64,     /* alternatives of one group */
    MAX_SEQ = 128,    /* elements of one sequence */
    MAX_NODES = 2048, /* nodes of one command */
    MAX_MEMBERS = 250,
    MAX_HELP = 400,
    MAX_KEYS = 40,
    MAX_MODES = 128,
    MAX_CMDS = 2000,
    MAX_FRAGS = 128,
    NONE = 0xffff
};

enum arg_type { T_KW, T_INT, T_IP, T_MASK, T_WILDCARD, T_PREFIX, T_MAC, T_IFNAME, T_IFRANGE, T_WORD, T_LINE, T_TYPES };

struct where {
    const char *file;
    unsigned line;
};

struct help {
    char *token, *text;
};

struct source { /* what a command and a fragment have in common */
    struct where at;
    char *name;
    char *syntax;
    struct help help[MAX_HELP];
    unsigned n_help;
};

struct elem;
struct seq {
    struct elem *e[MAX_SEQ];
    unsigned n;
};
enum elem_kind { E_KW, E_ARG, E_GROUP };
struct elem {
    enum elem_kind kind;
    char *text, *old; /* keyword */
    char *name;       /* argument name or label, as a C identifier with the fragment's prefix */
    char *raw;        /* without prefix */
    char *help;
    enum arg_type type;
    uint32_t lo, hi;
    bool has_range, hidden, quoted;
    char *def, *show, *names;
    unsigned rep; /* 0: single */
    bool optional;
    struct seq *alt[MAX_ALT];
    unsigned n_alt;
    bool flagged; /* keyword inside a group: has a kw_ member */
    bool alone;   /* argument alone in its optional group */
};

struct member {
    char *name; /* without kw_ */
    enum arg_type type;
    unsigned rep;
    char *def;
    uint32_t lo, hi;
    bool hidden;
};

enum node_kind { N_KW, N_ARG, N_SPLIT, N_END };
struct node {
    enum node_kind kind;
    unsigned next, alt;
    const struct elem *e;
    unsigned member; /* NONE */
};

enum {
    F_ACTION = 1,
    F_NOEFFECT = 2,
    F_MULTI = 4,
    F_NONO = 8,
    F_NEGATED = 16,
    F_ALWAYS = 32,
    F_ORDERED = 64,
    F_HIDDEN = 128,
    F_JSON = 256,
    F_DEBUG = 512,
    F_COMPACT = 1024,
    F_TYPED = 2048,
    F_RARE = 4096,
    F_KEPT = 8192
};

struct command {
    struct source src;
    char *ident; /* name with underscores */
    char *mode[MAX_MODES];
    unsigned n_mode;
    char *handler, *guard, *opens, *opens_sub, *no_syntax, *def, *by, *from, *tells, *differs, *flat;
    char *key[MAX_KEYS];
    unsigned n_key;
    char *adopts[8];
    unsigned n_adopts;
    unsigned flags, rank, flat_rank, privilege;
    struct seq *seq, *no_seq;
    struct member member[MAX_MEMBERS];
    unsigned n_member;
    struct node *node, *no_node;
    unsigned n_node, n_no_node, start, no_start;
    unsigned index;
};

struct mode {
    struct where at;
    char *name, *prompt, *parent, *title, *exit, *closing;
};

struct file {
    const char *path;
    char *feature;
};

struct gram {
    struct file file[64];
    unsigned n_file;
    struct mode mode[MAX_MODES];
    unsigned n_mode;
    struct source *frag[MAX_FRAGS];
    unsigned n_frag;
    struct command *cmd[MAX_CMDS];
    unsigned n_cmd;
    unsigned errors;
    bool quiet, too_large;
};

void gramc_error(struct gram *g, struct where at, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
void *gramc_alloc(size_t n);
char *gramc_dup(const char *s, size_t n);
char *gramc_ident(const char *s);
void gramc_free_all(void); /* all that gramc_alloc gave */
void gramc_builtin_modes(struct gram *g);
void gramc_read(struct gram *g, const char *path, FILE *f); /* borrows both */
bool gramc_analyse(struct gram *g);                         /* expands and checks all; false: errors were reported */
void gramc_compile(struct gram *g, const char *dir);        /* all that was read; dir NULL: nothing is written */
void gramc_expand(struct gram *g, struct command *c);
void gramc_check(struct gram *g);
void gramc_ambiguous(struct gram *g);
int gramc_mode_find(const struct gram *g, const char *name);
void gramc_head(struct gram *g, const char *dir);
void gramc_table(struct gram *g, const char *dir);
void gramc_docs(struct gram *g, const char *dir);
/* Writes text to dir/name, only if it differs (so that nothing is rebuilt for nothing). */
void gramc_write(struct gram *g, const char *dir, const char *name, const char *text);
#endif
