/* From one configuration to another (configure replace, the revert timer, show archive config differences): the
 * difference of two trees, applied as `no` lines, then new lines; what both have is never touched (DESIGN 1). */
#ifndef TAPIR_PARSER_CFG_REPLACE_H
#define TAPIR_PARSER_CFG_REPLACE_H
#include "parser/cfg.h"

enum { REPLACE_PASSES = 5 };
struct replace_result {
    unsigned passes, rejected; /* rejected: lines of the target that this router does not take */
    bool done;                 /* the running configuration is the target */
    struct strbuf commands;    /* what was typed, pass by pass */
    struct strbuf left;        /* what could not be applied */
};
/* Makes the running configuration equal to `text`. `by`: for `! Last configuration change`. -ENOMEM, else 0 and *out
 * (caller frees with replace_free). */
int cfg_replace(struct cfg *cfg, const char *text, const char *by, struct replace_result *out);
void replace_free(struct replace_result *out);
/* What `to` has more (+) and less (-) than `from`, in the blocks where it stands; false: nothing. */
/* The lines of `to` that `from` lacks, with their blocks' headers, as they would be typed. false: none. */
bool cfg_text_more(const char *from, const char *to, bool ignore_case, struct strbuf *out);
bool cfg_text_diff(const char *from, const char *to, struct strbuf *out);
#endif
