/* Inside of a session, shared by session.c, exec.c, help.c and the parser's own commands. Not for doors (session.h). */
#ifndef TAPIR_PARSER_SESSION_INT_H
#define TAPIR_PARSER_SESSION_INT_H
#include "modules/core/command.h"
#include "parser/configure.h"
#include "parser/session.h"

enum { HISTORY_MAX = 256, ESCAPE_DEFAULT = 30 /* Ctrl-Shift-6 */, LENGTH_DEFAULT = 24, WIDTH_DEFAULT = 80 };
struct history {
    char *line[HISTORY_MAX];
    unsigned n;
};
struct pipe;
struct cmd_job {
    struct session *s;
    void (*abort)(void *arg);
    void (*keys)(void *arg, const char *p, size_t len); /* takes what is typed; NULL: nothing does */
    void *arg;
    bool finished;
    int result;
};
struct question {
    int (*answer)(struct cmd *c, const char *text, void *arg);
    void *arg;
    char *prompt;
    bool echo;
    nstime delay; /* before it is asked */
};
struct session {
    struct router *r;
    struct cfg *cfg;
    struct session_ops ops;
    void *u;
    char line_name[64];
    unsigned privilege, start_privilege;
    bool interactive, console_log, monitor;
    bool timestamp, no_editing; /* terminal exec prompt timestamp, terminal no editing */
    char terminal_type[32];
    struct place place;
    struct matcher m;
    unsigned length, width, history_size, escape; /* escape: the key that stops a command; 0: none */
    bool length_set, width_set;           /* by a command or the line's configuration: the window's do not count */
    unsigned window_length, window_width; /* 0: not known */
    struct history exec_history, config_history;
    struct log_sub *sub;
    char prompt[192];
    bool busy, in_handler, closing, left_config, resumes;
    struct cmd_job job;       /* .s set while a job runs */
    struct question question; /* .answer set while one is open */
    struct out *out;
    struct pipe *pipe;
    char *line;                /* the line being run */
    struct transfer *transfer; /* what copy and delete ask about (shell_files.c) */
    struct timer ask;          /* a question with a delay */
    void *line_use;            /* session_opts.line */
};

void history_clear(struct history *h, unsigned keep); /* the oldest go */
void history_note(struct session *s, const char *line);
void session_emit(struct session *s, const char *text, size_t len);
bool session_vty(const struct session *s, unsigned *number); /* stands on that vty line; else on the console */
void session_close(struct session *s);                       /* once the line is done */
void session_left_config(struct session *s);                 /* logs %SYS-5-CONFIG_I */
/* One exec line; `from`: where it starts (behind `do`). An enum cmd_result. */
int exec_line(struct session *s, const char *line, size_t from);
void exec_output_open(struct session *s, struct pipe *pipe, const char *json_command);
bool exec_output_close(struct session *s); /* false: what a filter had to write could not be written */

/* alias.c: `line` with an alias in its first word written out, malloc'd; NULL: there is none. */
char *alias_expand(struct session *s, const char *line, const char *mode);
const char *alias_mode(const struct session *s); /* `exec`, `configure`, ... where the session stands (session.c) */
/* What an alias of that mode begins with (`?`). */
void alias_each(struct session *s, const char *mode, void (*each)(void *arg, const char *name, const char *command),
                void *arg);

/* Takes every stored line of a global command away that `fits`: the `no` named several (cmd.c). */
void shell_sweep(struct cmd *c, const char *command, bool (*fits)(const void *args, const void *want),
                 const void *want);
int shell_enter_config(struct cmd *c); /* configure terminal (shell.c) */
int shell_save(struct cmd *c);         /* write memory (shell_config.c) */
/* Prints a configuration text with what IOS writes in front of it, and frees it (shell_config.c). */
int shell_print_config(struct cmd *c, struct strbuf *config);
/* Merges a configuration text, or startup-config, into the running one (shell_config.c). */
void shell_merge(struct cmd *c, const char *text);
int shell_merge_startup(struct cmd *c, bool report);
void shell_copied(struct cmd *c, size_t len, nstime since); /* "N bytes copied in ..." (shell_files.c) */
/* ---- output filters (pipe.c) ---- */
enum pipe_kind {
    PIPE_NONE,
    PIPE_INCLUDE,
    PIPE_EXCLUDE,
    PIPE_BEGIN,
    PIPE_SECTION,
    PIPE_COUNT,
    PIPE_JSON,
    PIPE_REDIRECT, /* from here on: into a file */
    PIPE_APPEND,
    PIPE_TEE
};
struct pipe_word {
    const char *name, *help;
    enum pipe_kind kind;
};
extern const struct pipe_word pipe_words[]; /* ends with name NULL */
bool pipe_word_usable(const struct pipe_word *w, bool json, unsigned privilege);
/* Parses line[pos..] from the `|`. NULL pipe and result MATCH_OK: json, or it cannot be and `why` says so. */
enum match_result pipe_parse(struct session *s, const char *line, size_t pos, bool json, struct pipe **out,
                             enum pipe_kind *kind, size_t *fail, struct strbuf *why);
void pipe_write(struct pipe *p, const char *text, size_t len, void (*emit)(void *arg, const char *text, size_t len),
                void *arg);
/* false: the file could not be written (which was said). */
bool pipe_finish(struct pipe *p, void (*emit)(void *arg, const char *text, size_t len), void *arg);
void pipe_free(struct pipe *p);
#endif
