/* Keys that wait and the ` --More-- ` pager of the console (ios-cli 6.1). Called by console.c. */
#include "cli/console_int.h"
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define KEYS_MAX (4u << 20)

bool keys_read(struct keys *k)
{
    if (k->at == k->len)
        k->at = k->len = 0;
    if (k->cap - k->len < 4096) {
        size_t cap = k->cap ? k->cap * 2 : 8192;
        unsigned char *p = cap <= KEYS_MAX ? realloc(k->p, cap) : NULL;
        if (!p)
            return true; /* full: what is typed beyond waits in the terminal */
        k->p = p;
        k->cap = cap;
    }
    ssize_t n;
    do
        n = read(STDIN_FILENO, k->p + k->len, k->cap - k->len);
    while (n < 0 && errno == EINTR);
    if (n <= 0) {
        k->end = true;
        return false;
    }
    k->len += (size_t)n;
    return true;
}

bool keys_waiting(const struct keys *k)
{
    return k->at < k->len;
}

int keys_next(struct keys *k, bool wait)
{
    while (k->at == k->len) {
        if (!wait || k->end || !keys_read(k))
            return -1;
    }
    return k->p[k->at++];
}

bool keys_break(struct keys *k)
{
    for (size_t i = k->at; i < k->len; i++) {
        if (k->p[i] == KEY_CTRL_C || k->p[i] == KEY_BREAK) {
            k->at = k->len = 0;
            return true;
        }
    }
    return false;
}

void pager_begin(struct pager *p, unsigned length)
{
    p->length = length;
    p->shown = 0;
    p->quit = false;
}

static void pager_ask(struct pager *p)
{
    fputs(" --More-- ", stdout);
    fflush(stdout);
    int key = keys_next(p->keys, true);
    fputs("\b\b\b\b\b\b\b\b\b\b          \b\b\b\b\b\b\b\b\b\b", stdout);
    if (key == ' ')
        p->shown = 0;
    else if (key == '\r' || key == '\n')
        p->shown--;
    else
        p->quit = true;
}

void pager_write(struct pager *p, const char *text, size_t len)
{
    while (len && !p->quit) {
        /* Stops in front of the line that would scroll the first one away, not behind the last that fits. */
        if (p->length && p->shown + 1 >= p->length && p->column == 0) {
            pager_ask(p);
            if (p->quit)
                break;
        }
        const char *nl = memchr(text, '\n', len);
        size_t n = nl ? (size_t)(nl - text) + 1 : len;
        fwrite(text, 1, n, stdout);
        if (nl) {
            p->shown++;
            p->column = 0;
        } else {
            p->column += (unsigned)n;
        }
        text += n;
        len -= n;
    }
    fflush(stdout);
}
