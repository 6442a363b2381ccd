/* What was typed at the console and waits. Called by console.c and console_plain.c. */
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

void keys_free(struct keys *k)
{
    if (k->p)
        explicit_bzero(k->p, k->cap); /* passwords were among it */
    free(k->p);
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

bool keys_break(struct keys *k, unsigned escape)
{
    for (size_t i = k->len; i-- > k->at;) {
        if (k->p[i] == KEY_CTRL_C || (escape && k->p[i] == escape)) {
            k->at = i + 1;
            return true;
        }
    }
    return false;
}
