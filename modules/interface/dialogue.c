/* Questions one after the other (dialogue.h). Called by ping_cmd.c and traceroute.c. */
#include "modules/interface/dialogue.h"
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct dialogue {
    const struct question *q;
    unsigned n, at;
    int (*done)(struct cmd *c, const struct answers *a);
    struct answers a;
};

unsigned long answer_number(const struct answers *a, unsigned question)
{
    return strtoul(a->text[question], NULL, 10);
}

bool answer_yes(const struct answers *a, unsigned question)
{
    return a->text[question][0] == 'y' || a->text[question][0] == 'Y';
}

const char *dialogue_judge_target(const char *answer)
{
    return answer[0] ? NULL : "% Bad IP address";
}

/* The header options of IP (record route and the like) are not sent. */
const char *dialogue_judge_option(const char *answer)
{
    return strcmp(answer, "none") && tolower((unsigned char)answer[0]) != 'v' ? "% Only Verbose is supported" : NULL;
}

static int answer(struct cmd *c, const char *text, void *arg);

static int go_on(struct cmd *c, struct dialogue *d)
{
    while (d->at < d->n && d->q[d->at].only_if && !answer_yes(&d->a, (unsigned)d->q[d->at].only_if - 1))
        d->at++;
    if (d->at < d->n)
        return cmd_ask(c, d->q[d->at].text, true, answer, d);
    int rc = d->done(c, &d->a);
    free(d);
    return rc;
}

/* yes, no, or the beginning of one of them */
static bool is_yes_or_no(const char *s)
{
    size_t n = strlen(s);
    return n && (strncasecmp(s, "yes", n) == 0 || strncasecmp(s, "no", n) == 0);
}

/* What the user is told before he is asked again; false: the answer is one. */
static bool is_wrong(const struct question *q, const char *text, struct out *o)
{
    if (q->kind == ASK_YES && !is_yes_or_no(text)) {
        out_text(o, "%% Please answer 'yes' or 'no'.\n");
        return true;
    }
    if (q->kind != ASK_NUMBER)
        return false;
    char *end;
    unsigned long v = strtoul(text, &end, 10);
    if (end != text && !*end && v >= q->low && v <= q->high)
        return false;
    out_text(o, "%% A decimal number between %lu and %lu.\n", q->low, q->high);
    return true;
}

static int answer(struct cmd *c, const char *text, void *arg)
{
    struct dialogue *d = arg;
    const struct question *q = &d->q[d->at];
    if (!text) { /* aborted */
        free(d);
        return CMD_OK;
    }
    text += strspn(text, " ");
    if (!text[0])
        text = q->otherwise;
    if (is_wrong(q, text, c->out))
        return cmd_ask(c, q->text, true, answer, d);
    const char *why = q->judge ? q->judge(text) : NULL;
    if (why) {
        free(d);
        return cmd_error(c, "%s", why);
    }
    snprintf(d->a.text[d->at++], DIALOGUE_TEXT, "%s", text);
    return go_on(c, d);
}

int dialogue_ask(struct cmd *c, const struct question *questions, unsigned n,
                 int (*done)(struct cmd *c, const struct answers *a))
{
    struct dialogue *d = n <= DIALOGUE_MAX ? calloc(1, sizeof *d) : NULL;
    if (!d)
        return cmd_error(c, "%% Out of memory");
    d->q = questions;
    d->n = n;
    d->done = done;
    for (unsigned i = 0; i < n; i++)
        snprintf(d->a.text[i], DIALOGUE_TEXT, "%s", questions[i].otherwise);
    return go_on(c, d);
}
