/* Questions one after the other, as `ping` and `traceroute` alone ask them. Internal to modules/interface. */
#ifndef TAPIR_INTERFACE_DIALOGUE_H
#define TAPIR_INTERFACE_DIALOGUE_H
#include "modules/core/command.h"

enum { DIALOGUE_MAX = 20, DIALOGUE_TEXT = 64 };
enum question_kind { ASK_TEXT, ASK_NUMBER, ASK_YES };
struct question {
    const char *text; /* with its blank at the end */
    enum question_kind kind;
    unsigned long low, high; /* ASK_NUMBER */
    const char *otherwise;   /* the answer that RETURN stands for */
    int only_if;             /* place of a yes-or-no question + 1: asked only if that was answered yes; 0: always */
    /* What is wrong with the answer, as a line without \n; NULL: nothing. It ends the dialogue. NULL: anything goes. */
    const char *(*judge)(const char *answer);
};
/* The answers in the order of the questions; of one that was not asked, what RETURN stands for. */
struct answers {
    char text[DIALOGUE_MAX][DIALOGUE_TEXT];
};
unsigned long answer_number(const struct answers *a, unsigned question);
bool answer_yes(const struct answers *a, unsigned question);
/* Judges of what ping and traceroute both ask: a target there must be; of the options Verbose alone. */
const char *dialogue_judge_target(const char *answer);
const char *dialogue_judge_option(const char *answer);
/* Asks all (they stay the caller's; static), then calls done, whose result is the command's. An answer that is no
 * number in its range, or neither yes nor no, is asked for again. */
int dialogue_ask(struct cmd *c, const struct question *questions, unsigned n,
                 int (*done)(struct cmd *c, const struct answers *a));
#endif
