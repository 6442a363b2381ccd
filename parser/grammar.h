/* The tables that gramc writes into build/gen/grammar.c, as the rest of parser/ sees them (matching, help, rendering,
 * the configuration tree). Read-only; indices are positions in gram_cmds and gram_modes. */
#ifndef TAPIR_PARSER_GRAMMAR_H
#define TAPIR_PARSER_GRAMMAR_H
#include "modules/core/command.h"
#include "modules/core/named.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Same order as in gramc.h: among arguments that accept a word the first type wins. */
enum gram_type {
    GT_KW,
    GT_INT,
    GT_IP,
    GT_MASK,
    GT_WILDCARD,
    GT_PREFIX,
    GT_MAC,
    GT_IFNAME,
    GT_IFRANGE,
    GT_WORD,
    GT_LINE
};
enum gram_kind { GN_KW, GN_ARG, GN_SPLIT, GN_END };
enum { GRAM_NONE = 0xffff, GRAM_MAX_NODES = 2048 };
enum { GNF_ALONE = 1, GNF_HIDDEN = 2, GNF_RANGED = 4, GNF_QUOTED = 8 };
enum {
    GF_ACTION = 1,
    GF_NOEFFECT = 2,
    GF_MULTI = 4,
    GF_NONO = 8,
    GF_NEGATED = 16,
    GF_ALWAYS = 32,
    GF_ORDERED = 64,
    GF_HIDDEN = 128,
    GF_JSON = 256,
    GF_DEBUG = 512,
    GF_COMPACT = 1024,
    GF_TYPED = 2048, /* stored once typed, even at its default */
    GF_RARE = 4096   /* its words make no abbreviation of others ambiguous */
};

struct gram_node {
    uint8_t kind, type, rep, flags;
    uint16_t next, alt, member;
    uint32_t lo, hi;
    const char *text, *old, *help, *show;
    const struct named *names; /* a word that comes from a table; NULL: any */
};
struct gram_member { /* one argument or keyword flag of the args struct */
    const char *name;
    uint8_t type, rep;
    bool hidden;
    uint16_t off, has, count; /* offsets; GRAM_NONE where there is none. Keywords: off is the flag */
    const char *def;
};
struct gram_cmd {
    const char *name;
    const struct gram_node *node, *no_node; /* no_node NULL: the no form is a prefix of the syntax */
    uint16_t start, n_node, no_start, n_no_node;
    const struct gram_member *member;
    uint16_t n_member;
    const uint8_t *key;
    uint8_t n_key;
    uint16_t args_size;
    int (*handler)(struct cmd *c, void *args); /* NULL: noeffect */
    bool (*present)(void);                     /* false: this build lacks the module */
    int (*guard)(struct cmd *c, void *args);   /* asked before `no` of a block removes its lines; NULL: no objection */
    uint16_t flags, rank, by, by_base, opens, privilege; /* by: a member, or GRAM_NONE; opens: a mode, or GRAM_NONE */
    uint16_t opens_sub;                                  /* the mode of a block whose interface name has a dot */
    const char *def;
    const uint16_t *adopts;
    uint8_t n_adopts;
    const uint16_t *mode;
    uint8_t n_mode;
    const char *tells; /* what a stored line does not do here: said when it is typed; NULL */
    const char *flat;  /* numbered: the word in front of each line of a block whose key is a number; NULL */
    uint16_t flat_rank;
};
struct gram_mode {
    const char *name, *prompt, *title, *exit;
    const char *closing; /* a line shown behind each of its blocks; NULL */
    uint16_t parent;     /* GRAM_NONE for exec and config */
    const uint16_t *cmd;
    uint16_t n_cmd;
};
extern const struct gram_cmd gram_cmds[];
extern const unsigned gram_n_cmds;
extern const struct gram_mode gram_modes[]; /* 0: exec, 1: config */
extern const unsigned gram_n_modes;
enum { MODE_EXEC = 0, MODE_CONFIG = 1 };
const struct gram_cmd *gram_find(const char *name); /* by grammar name; NULL */
#endif
