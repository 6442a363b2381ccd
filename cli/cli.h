/* What the subcommands of `tapir` share: their entry points and the one way to fail. Called by main.c. */
#ifndef TAPIR_CLI_CLI_H
#define TAPIR_CLI_CLI_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TAPIR_VERSION "0.1"

/* One subcommand each; argv[0] is the subcommand's name. The exit status: 0, 1 failure, 2 wrong usage. */
int cmd_router(int argc, char **argv);
int cmd_console(int argc, char **argv);
int cmd_exec(int argc, char **argv);
int cmd_paste(int argc, char **argv);
int cmd_lab(int argc, char **argv) __attribute__((weak)); /* cli/lab.c */
int cmd_sim(int argc, char **argv) __attribute__((weak)); /* cli/sim.c */

/* Flushes standard output; true if what was printed did not arrive. A reader that has gone away (`| head`) is no
 * failure. */
bool cli_output_lost(void);
/* Prints "tapir: TEXT" as one line on stderr and returns 1. Say what to do. */
int cli_fail(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* Wrong usage of a subcommand: prints "tapir SUB: TEXT; see tapir help SUB" and returns 2. */
int cli_usage(const char *sub, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* A question that ends in [confirm] takes one key. */
bool cli_is_confirm(const char *prompt);
/* Milliseconds of a clock that only goes forward. */
int64_t cli_now_ms(void);
/* A line that runs: abort keys count once it was quiet for so long, or runs for so long; what is typed ahead of a short
 * command is not for it. Of an output longer than this the rest is not shown. */
enum { CLI_QUIET_MS = 50, CLI_LONG_MS = 500, CLI_LONG_OUTPUT = 65536 };
/* Whole file, or standard input for "-"; malloc'd, NUL-terminated. NULL with errno. */
char *cli_read_file(const char *path, size_t *len);
#endif
