/* The matcher: walks all commands of a mode at once along the words of a line (ios-cli 3 and 4). Its answers serve
 * running a line, `?` and TAB alike. Called by session.c, help.c and the configuration loader. One struct matcher is
 * reused for every line; it allocates only while it grows. */
#ifndef TAPIR_PARSER_MATCH_H
#define TAPIR_PARSER_MATCH_H
#include "parser/grammar.h"
#include "parser/value.h"

enum match_result { MATCH_OK, MATCH_INCOMPLETE, MATCH_AMBIGUOUS, MATCH_INVALID };
enum {                     /* options */
       MATCH_NO = 1,       /* behind `no` or `default` */
       MATCH_DEFAULT = 2,  /* with MATCH_NO: `default`, explicit no forms do not apply */
       MATCH_COMMENTS = 4, /* a `!` behind a complete command starts a comment */
       MATCH_PIPES = 8,    /* the exec parser: `|` behind show, more and dir; aliases */
       MATCH_HELP = 16,    /* the last word is not consumed unless a blank follows it */
       MATCH_DEBUG = 32,   /* behind `no` in exec: only debug commands */
       MATCH_UNDEBUG = 64  /* behind `undebug`: as if `debug` stood in front */
};

struct mstate { /* a node that has consumed a token */
    const struct gram_cmd *cmd;
    uint16_t node, reps;
    int32_t parent; /* -1: none */
    uint32_t pos, stop;
};
struct mcand { /* a node that may consume the next token */
    const struct gram_cmd *cmd;
    uint16_t node, reps;
    int32_t parent;
};
struct privileges;
struct matcher {
    struct mstate *st;
    unsigned n_st, cap_st;
    struct mcand *cand, *hit;
    unsigned n_cand, cap_cand, n_hit, cap_hit;
    unsigned front; /* states from here are those of the last token */
    unsigned flags, privilege;
    struct privileges *const *rules_of; /* what the configuration says of levels (privilege.c); NULL: the grammar's */
    const struct privileges *rules;     /* during a match: NULL where they do not matter */
    const struct gram_mode *mode;
    /* answers */
    const struct gram_cmd *cmd;
    int32_t last;          /* last state of the accepted path; -1: no token */
    size_t pos;            /* caret */
    unsigned tokens;       /* consumed */
    size_t word, word_end; /* MATCH_HELP: the word under the cursor */
    size_t pipe;           /* offset of `|`, or SIZE_MAX */
    bool is_show;          /* first word is show, more or dir */
};

void matcher_free(struct matcher *m);
/* line[from..len). MATCH_OK sets cmd and last. */
enum match_result match_line(struct matcher *m, const struct gram_mode *mode, const char *line, size_t from, size_t len,
                             unsigned flags, unsigned privilege);
/* After match_line with MATCH_HELP: cand[] holds what may follow (all, not filtered by the word under the cursor), and
 * match_may_end says whether the line may end here. MATCH_INVALID and MATCH_AMBIGUOUS as usual. */
bool match_may_end(struct matcher *m);
/* The args of the accepted path; caller frees args and *pool. */
void *match_args(struct matcher *m, const char *line, struct value_pool **pool);
const struct gram_node *match_node(const struct matcher *m, const struct gram_cmd *cmd, unsigned node);
/* Number of shared characters; *whole when the word is a (case-blind) prefix of kw. */
size_t match_common(const char *word, size_t n, const char *kw, bool *whole);
/* What a built-in exec alias stands for (`s` show), or NULL. */
const char *match_alias(const char *word, size_t n);
#endif
