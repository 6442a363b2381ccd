/* The text of a banner: anything between two delimiters of the user's choice (ios-cli 1.3). Used by the parser, which
 * has to know where it ends, and by what stores one. */
#ifndef TAPIR_CORE_BANNER_H
#define TAPIR_CORE_BANNER_H
#include "modules/core/out.h"

struct banner {
    const char *text; /* borrowed: between the delimiters, not terminated */
    size_t len;
    bool closed; /* the second delimiter is there; text goes to the end without it */
};
/* The first character of typed is the delimiter, or the pair `^C` of a saved configuration. */
struct banner banner_split(const char *typed);
/* Adds the form that is stored and shown: between two `^C`, as IOS shows it, or, where the text has one itself, between
 * two of a character that it does not have. false: it has them all. */
bool banner_store(struct strbuf *b, const char *text, size_t len);
#endif
