/* The configuration tree: the truth about a router's configuration, an ordered set of canonical lines per block (DESIGN
 * 1). Lines enter through configure.c; cfg_text.c shows the tree, cfg_store.c loads and saves it. */
#ifndef TAPIR_PARSER_CFG_H
#define TAPIR_PARSER_CFG_H
#include "modules/core/router.h"
#include "parser/match.h"

struct cfg_node {
    const struct gram_cmd *cmd; /* NULL: the root */
    bool negated;
    char *line, *identity;
    uint32_t hash;
    void *args;
    struct value_pool *pool;
    struct cfg_node *parent, **child;
    unsigned n, cap;
    struct cfg_node **bucket; /* the children by hash, once there are many */
    unsigned n_bucket;        /* a power of two, or 0 */
    struct cfg_node *chain;   /* the next in the parent's bucket */
    uint64_t order;           /* of insertion: last resort of sorting */
};
struct revert; /* shell_replace.c */
struct cfg {
    struct router *router;
    struct cfg_node root;
    struct matcher matcher; /* of config_load and adoption */
    uint64_t orders;
    unsigned generation;           /* +1 whenever a node is freed: who holds nodes looks them up again */
    struct privileges *privileges; /* levels of commands; NULL: the grammar's */
    bool aliases;                  /* there was an `alias` line */
    bool dirty;                    /* changed since it was loaded or saved */
    nstime changed_at, saved_at;   /* wall; 0: never */
    char changed_by[64], saved_by[64];
    struct strbuf text;    /* a string that a handler leaves in its arguments until the line is stored */
    struct revert *revert; /* a change that takes itself back; NULL: none */
    char *saved_line;      /* `! NVRAM …` as found in the startup-config */
};

/* Made on first use, hung off the router. */
struct cfg *cfg_get(struct router *r);

/* Fills c->block… for a command that stands in block `at`. */
void cfg_blocks(const struct cfg_node *at, struct cmd *c);
/* Calls the handler; noeffect commands are CMD_OK. */
int cfg_call(const struct gram_cmd *cmd, struct cmd *c, void *args);
/* A SET or UNSET of one line in block `at`: handler, then the tree. args may be changed by the handler. On success *out
 * is the stored node (NULL after removal). `by`: for `! Last configuration change`. */
int cfg_set(struct cfg *cfg, struct cfg_node *at, const struct gram_cmd *cmd, void *args, struct cmd *c,
            struct cfg_node **out);
int cfg_unset(struct cfg *cfg, struct cfg_node *at, const struct gram_cmd *cmd, void *args, struct cmd *c,
              bool is_default);
/* Removes the lines of a block, last first, each through its handler. */
void cfg_empty(struct cfg *cfg, struct cfg_node *block, struct cmd *c);
/* The mode of a block that `cmd` opens with these args. */
uint16_t cfg_mode_of(const struct gram_cmd *cmd, const void *args);
struct cfg_node *cfg_find(const struct cfg_node *at, const char *identity);
/* The keys in its arguments were changed. */
void cfg_rekey(struct cfg_node *n);
/* The stored lines of one command below `at`, each through its handler again (cmd_store_again). */
void cfg_store_again(struct cfg *cfg, struct cfg_node *at, const struct gram_cmd *cmd, const struct cmd *c);
/* `line vty 0 15`: blocks whose keys are a range `first`..`last`. Cuts stored blocks at the ends of the range, makes
 * what is missing, and gives the first block of the range, or NULL when cfg_set must do it alone (cfg_range.c). */
bool cfg_is_range(const struct gram_cmd *cmd);
struct cfg_node *cfg_range_open(struct cfg *cfg, struct cfg_node *at, const struct gram_cmd *cmd, const void *args,
                                struct cmd *c);
uint32_t cfg_range_last(const struct gram_cmd *cmd, const void *args);
/* The next block behind n that lies within a range that ends at `last`. */
struct cfg_node *cfg_range_next(struct cfg_node *n, uint32_t last);
void cfg_touch(struct cfg *cfg, const char *by);

/* ---- text (cfg_text.c) ---- */
enum { CFG_ALL = 1, CFG_BODY = 2 /* without the comment lines in front */ };
void cfg_text(struct cfg *cfg, unsigned flags, struct strbuf *out);
/* The same in pieces: run writes until cmd_spent() and is called again with the same buffer; true: it is all there.
 * When a line goes meanwhile it begins again, the third time without pauses. */
struct cfg_writer;
struct cfg_writer *cfg_writer_new(struct cfg *cfg, unsigned flags); /* NULL: no memory */
bool cfg_writer_run(struct cfg_writer *w, struct cmd *c, struct strbuf *out);
void cfg_writer_free(struct cfg_writer *w);
void cfg_text_block(struct cfg *cfg, const struct cfg_node *node, unsigned flags, struct strbuf *out);
/* The children of a block as they are shown; malloc'd array. */
struct cfg_node **cfg_sorted(const struct cfg_node *block);

/* ---- a change that takes itself back (shell_replace.c) ---- */
void revert_free(struct cfg *cfg);

/* Stable; quick where much is in order already (cfg_sort.c). */
void cfg_sort(struct cfg_node **v, size_t n, int (*compare)(const void *a, const void *b));

/* ---- storage (cfg_store.c) ---- */
int cfg_startup_read(struct cfg *cfg, char **text, size_t *len); /* 0 or -errno; -ENOENT: not present */
int cfg_startup_write(struct cfg *cfg, const char *by);
int cfg_startup_erase(struct cfg *cfg);
#endif
