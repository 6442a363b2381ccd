/* The hidden exec command `show events`: milestones and syslog lines of the event log with the event that caused each,
 * one line `NS TAB text TAB cause`. The failover timeline of the scenario report is read from it. */
#include "lab_cmd.h"
#include "modules/core/command.h"
#include "modules/core/log.h"
#include "modules/core/router.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct events {
    struct event *e; /* shallow copies: nothing is logged while they are printed */
    unsigned n, cap;
};

static void gather(void *arg, const struct event *e)
{
    struct events *all = arg;
    if (e->kind == EVENT_DEBUG)
        return;
    if (all->n == all->cap) {
        unsigned cap = all->cap ? all->cap * 2 : 256;
        struct event *more = realloc(all->e, cap * sizeof *more);
        if (!more)
            return;
        all->e = more;
        all->cap = cap;
    }
    all->e[all->n++] = *e;
}

static void text_of(const struct event *e, char *buf, size_t len)
{
    int n = e->kind == EVENT_SYSLOG ? snprintf(buf, len, "%%%s-%d-%s: ", e->facility, e->severity, e->mnemonic)
                                    : snprintf(buf, len, "%s: ", e->facility);
    if (n < 0 || (size_t)n >= len)
        return;
    snprintf(buf + n, len - (size_t)n, "%.*s", (int)strcspn(e->text ? e->text : "", "\n"), e->text ? e->text : "");
    for (char *p = buf; *p; p++)
        if (*p == '\t')
            *p = ' ';
}

int lab_cmd_show_events(struct cmd *c, struct args_show_events *a)
{
    struct events all = {0};
    nstime from = a->has_ms ? strtoll(a->ms, NULL, 10) * NS_PER_MS : 0;
    char text[400], cause[400];
    log_foreach(c->router, gather, &all);
    out_array(c->out, NULL);
    for (unsigned k = 0; k < all.n; k++) {
        const struct event *e = &all.e[k];
        if (e->at < from)
            continue;
        text_of(e, text, sizeof text);
        cause[0] = 0;
        for (unsigned j = k; e->cause && j-- > 0;)
            if (all.e[j].id == e->cause) {
                text_of(&all.e[j], cause, sizeof cause);
                break;
            }
        out_text(c->out, "%lld\t%s\t%s\n", (long long)e->at, text, cause);
        out_object(c->out, NULL);
        out_int(c->out, "at_ms", e->at / NS_PER_MS);
        out_str(c->out, "event", text);
        out_str(c->out, "cause", *cause ? cause : NULL);
        out_end(c->out);
    }
    out_end(c->out);
    free(all.e);
    return CMD_OK;
}
