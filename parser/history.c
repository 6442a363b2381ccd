/* What a session remembers of the lines typed, for show history. Secrets are not remembered: a screen that shows who
 * did what is no place for them. Called by session.c. */
#include "parser/session_int.h"
#include <stdlib.h>
#include <string.h>
#include <strings.h>

void history_clear(struct history *h, unsigned keep)
{
    while (h->n > keep) {
        free(h->line[0]);
        memmove(h->line, h->line + 1, (h->n - 1) * sizeof *h->line);
        h->n--;
    }
}

/* Is the word one of these, written out or not? */
static bool says(const char *word, size_t n, const char *what, size_t least)
{
    return n >= least && n <= strlen(what) && !strncasecmp(word, what, n);
}

/* What stands behind such a word is a secret, but for a digit that says in what form it is. */
static void mask(char *line)
{
    char *at = NULL, *before = line;
    if (!strncasecmp(line, "do ", 3))
        return;
    for (char *w = line; *w && !at; w += strspn(w, " ")) {
        size_t n = strcspn(w, " ");
        bool isakmp = says(before, strcspn(before, " "), "isakmp", 3);
        if (says(w, n, "secret", 3) || says(w, n, "password", 3) || says(w, n, "key-string", 4) ||
            says(w, n, "pre-shared-key", 4) || (isakmp && says(w, n, "key", 3)))
            at = w + n + strspn(w + n, " ");
        before = w;
        w += n;
    }
    if (!at || !*at)
        return;
    char *secret = at + (at[0] >= '0' && at[0] <= '9' && at[1] == ' ' ? 2 : 0);
    explicit_bzero(secret + 1, strlen(secret + 1));
    *secret = '*';
}

void history_note(struct session *s, const char *line)
{
    struct history *h = s->place.depth ? &s->config_history : &s->exec_history;
    while (*line == ' ' || *line == '\t')
        line++;
    size_t n = strlen(line);
    while (n && line[n - 1] == ' ')
        n--;
    if (!s->history_size || (h->n && !strncmp(h->line[h->n - 1], line, n) && !h->line[h->n - 1][n]))
        return;
    history_clear(h, s->history_size - 1);
    h->line[h->n] = strndup(line, n);
    if (h->line[h->n] && s->place.depth)
        mask(h->line[h->n]);
    h->n += h->line[h->n] != NULL;
}
