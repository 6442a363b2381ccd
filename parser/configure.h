/* A place in configuration mode and what one line does there: the walk up (ios-cli 3.5), no, default, do, exit, end.
 * Called by session.c (typed and pasted lines) and config_load. */
#ifndef TAPIR_PARSER_CONFIGURE_H
#define TAPIR_PARSER_CONFIGURE_H
#include "parser/cfg.h"

enum { PLACE_MAX = 8 };
struct block {                  /* enough to find a block or to make it again */
    const struct gram_cmd *cmd; /* NULL at the global level */
    void *args;
    struct value_pool *pool;
    char *identity;
    struct cfg_node *node;
};
struct level { /* an open block */
    uint16_t mode;
    struct block block;
    struct block *more; /* the other blocks of a range (`line vty 0 15`, `interface range`): its lines go to them too */
    unsigned n_more;
    bool ifrange;        /* of `interface range` */
    uint32_t range_last; /* of `line vty 0 15`: its blocks are all up to there, whoever cuts them meanwhile; 0: none */
};
struct place {
    struct cfg *cfg;
    unsigned depth; /* 0: not in configuration mode */
    struct level level[PLACE_MAX];
    unsigned generation;
    struct strbuf text;      /* a banner whose closing delimiter has not come yet; text.s NULL: none */
    const char *text_prompt; /* the mode that such a text seems to stand in; NULL: no prompt */
};
struct verdict { /* of a line that the parser refused */
    enum match_result result;
    size_t pos;
    bool unknown_word; /* failed in its first word */
};
enum line_result {
    LINE_OK,
    LINE_REFUSED /* by the parser: see verdict */,
    LINE_ERROR /* by the handler, which said why */,
    LINE_PENDING,
    LINE_DO /* verdict.pos: where the exec command starts */,
    LINE_LEFT /* end, exit from global */,
    LINE_HELP
};

void place_enter(struct place *p, struct cfg *cfg); /* global configuration mode */
void place_leave(struct place *p);
bool place_wants_text(const struct place *p); /* inside a banner: nothing is a command, blank lines count */
const struct gram_mode *place_mode(const struct place *p);
const char *place_prompt(const struct place *p); /* `(config-if)` */
/* One line. `c` is filled in by the caller (router, session, out, booting); by: who changes the configuration. */
enum line_result configure_line(struct place *p, struct matcher *m, struct cmd *c, const char *by, const char *line,
                                size_t len, struct verdict *v);
/* A copy without what no terminal would send inside a line: control characters, carriage returns (ios-cli 3.1). A byte
 * 3 is what a file has where a screen shows `^C`: the delimiter of a banner. free() it. */
char *line_clean(const char *line, size_t n);
/* Lines of a text whose block was refused: indented ones below a refused line at the margin. Typed, they would land in
 * whatever mode is open (the `shutdown` of a protocol in an interface). A line behind a comment with words may be the
 * comment's tail, wrapped by a PDF: it opens nothing, unless `known` says that it does. */
struct stray {
    bool below, comment;
};
bool stray_line(const struct stray *s, const char *line); /* not to be typed; not for blank lines and comments */
void stray_comment(struct stray *s, const char *line);    /* a blank line or a comment went by */
void stray_done(struct stray *s, const char *line, bool refused, bool known);
/* The answer to such a line: that of a mode which does not know it. */
void stray_answer(const struct cfg *cfg, const char *line, struct strbuf *out);
/* Would the line be accepted here? Follows its mode change (levels then have no object), runs nothing. */
enum match_result configure_probe(struct place *p, struct matcher *m, const char *line);
/* The answer to a refused line, caret and all. */
void verdict_text(const struct verdict *v, const char *line, size_t prompt_len, struct strbuf *out);
#endif
