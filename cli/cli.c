/* What all subcommands share: how they fail, and reading a file. Apart from main.c, so that tests link it. */
#include "cli/cli.h"
#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

int cli_fail(const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    fflush(stdout);
    fputs("tapir: ", stderr);
    vfprintf(stderr, fmt, ap);
    fputc('\n', stderr);
    va_end(ap);
    return 1;
}

int cli_usage(const char *sub, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    fflush(stdout);
    fprintf(stderr, "tapir %s: ", sub);
    vfprintf(stderr, fmt, ap);
    fprintf(stderr, "; see `tapir help %s`\n", sub);
    va_end(ap);
    return 2;
}

bool cli_is_confirm(const char *prompt)
{
    size_t n = strlen(prompt);
    return n >= 9 && !strcmp(prompt + n - 9, "[confirm]");
}

int64_t cli_now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

char *cli_read_file(const char *path, size_t *len)
{
    FILE *f = strcmp(path, "-") ? fopen(path, "r") : stdin;
    if (!f)
        return NULL;
    size_t n = 0, cap = 65536;
    char *s = malloc(cap);
    while (s) {
        n += fread(s + n, 1, cap - n - 1, f);
        if (n + 1 < cap)
            break;
        char *more = realloc(s, cap *= 2);
        if (!more)
            free(s);
        s = more;
    }
    int err = s ? ferror(f) ? errno ? errno : EIO : 0 : ENOMEM;
    if (f != stdin)
        fclose(f);
    if (err) {
        free(s);
        errno = err;
        return NULL;
    }
    s[n] = '\0';
    *len = n;
    return s;
}

bool cli_output_lost(void)
{
    bool bad = fflush(stdout) != 0 || ferror(stdout);
    struct pollfd p = {.fd = STDOUT_FILENO};
    return bad && !(poll(&p, 1, 0) == 1 && p.revents & POLLERR);
}
