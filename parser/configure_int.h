/* What the files of configuration mode share. Not for others (configure.h). */
#ifndef TAPIR_PARSER_CONFIGURE_INT_H
#define TAPIR_PARSER_CONFIGURE_INT_H
#include "parser/configure.h"

/* ---- configure.c ---- */
void place_cut(struct place *p, unsigned depth);
/* The tree node of level `i`; makes the block anew if somebody removed it meanwhile (as IOS does). */
struct cfg_node *place_node(struct place *p, unsigned i, struct cmd *c);
struct cfg_node *place_block(struct place *p, struct block *b, struct cfg_node *up, struct cmd *c);
void block_take(struct block *b, struct cfg_node *node);
void level_drop_more(struct level *l);
struct block *block_more(struct level *l); /* the blocks of an open level become one more */
enum line_result configure_one(struct place *p, struct matcher *m, struct cmd *c, const char *by, const char *line,
                               size_t len, struct verdict *v);

/* ---- configure_range.c ---- */
/* The first block of a range has had the line (rc): the others get it too. *any: one of them took it. */
int range_rest(struct place *p, struct matcher *m, struct cmd *c, unsigned at, const char *line, int rc, bool *any);
/* `line vty 0 15` opened the first of its blocks: the others are open too. */
void range_open_rest(struct place *p, unsigned at, struct cfg_node *node, uint32_t last);
/* `interface range`: its interfaces are opened (or, behind `no` and `default`, named in `before`) one after the other
 * as if they had been typed; then all of them are one level. */
enum line_result range_open(struct place *p, struct matcher *m, struct cmd *c, const char *by, const char *line,
                            const char *before);
/* Says so when a range is left for one interface. */
void range_note_left(const struct place *p, const struct matcher *m, struct cmd *c, unsigned at);
#endif
