/* A router on simulated time with one session, for parser tests: typed lines in, the transcript out. */
#ifndef TAPIR_TESTS_LIB_PARSER_H
#define TAPIR_TESTS_LIB_PARSER_H
#include "modules/core/out.h"
#include "parser/session.h"
#include "tests/unit/lib_alone.h"

struct bench {
    struct alone alone;
    struct loop *loop; /* alone's */
    struct router *r;  /* alone's */
    struct session *s;
    struct strbuf out; /* what the session printed since the last bench_type */
    struct strbuf log; /* messages */
    int status;
    unsigned done, closed;
    char *asked;
};
struct bench *bench_new(bool interactive);
void bench_free(struct bench *b);
/* Types a line and returns what was printed (borrowed until the next call). */
const char *bench_type(struct bench *b, const char *line);
/* Types each line of text; returns the number of rejected ones. */
unsigned bench_paste(struct bench *b, const char *text);
/* A whole file, or NULL. malloc'd. */
char *bench_file(const char *path);
#endif
