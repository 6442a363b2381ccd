/* The line editor of every door (console, telnet, SSH), key by key as IOS edits (ios-cli 6), and the way a line is
 * drawn. Bytes in, bytes out: no descriptors, so that a test can type. Nothing but printable
 * characters, BS, CR and BEL is drawn: clients take no terminal escapes (front-ends 2.2). */
#ifndef TAPIR_CLI_EDIT_H
#define TAPIR_CLI_EDIT_H
#include "modules/core/out.h"

enum { EDIT_MAX = 1 << 18, EDIT_HISTORY = 256, EDIT_KILLS = 10 };

/* ---- drawing ---- */
struct drawn { /* what stands on the screen behind the prompt */
    struct strbuf text;
    size_t at;    /* bytes in front of the cursor */
    size_t shift; /* bytes scrolled out on the left */
};
/* Brings the screen from what is drawn to `text` with the cursor at byte `cursor`. room: columns behind the prompt, 0
 * without limit; a longer line scrolls by ten, `$` marks the cut. */
void drawn_update(struct drawn *d, const char *text, size_t len, size_t cursor, size_t room, struct strbuf *out);
/* The cursor to column 0 and the line wiped; prompt: its length. The next update draws anew. */
void drawn_wipe(struct drawn *d, size_t prompt, struct strbuf *out);
void drawn_forget(struct drawn *d); /* something else was written: nothing is drawn */
void drawn_free(struct drawn *d);
/* Columns behind a prompt of that length in a terminal of that width. */
size_t drawn_room(unsigned width, size_t prompt);

/* ---- editing ---- */
enum edit_event {
    EDIT_NONE,
    EDIT_LINE, /* RETURN */
    EDIT_HELP, /* `?`: on the text before the cursor */
    EDIT_TAB,
    EDIT_CTRL_C,
    EDIT_CTRL_Z
};
struct edit_history {
    char *line[EDIT_HISTORY];
    unsigned n;
};
struct edit {
    struct strbuf text; /* the line; .s is NUL-terminated */
    size_t cursor;
    bool overlong; /* more than EDIT_MAX was typed: to be refused, not cut */
    bool plain;    /* terminal no editing: only keys that take away; set behind edit_begin() */
    bool answer;   /* to a question: no help, completion or history; set behind edit_begin() */
    struct drawn drawn;
    char prompt[200];
    unsigned width;                  /* of the terminal; 0: no limit */
    struct edit_history history[2];  /* exec, configuration */
    unsigned which, browsing, limit; /* the list in use, lines from its end, longest */
    struct strbuf kept;              /* the half-typed line while an older one is shown */
    char *kill[EDIT_KILLS];          /* newest first */
    unsigned n_kill, yanked;
    size_t yank_from;
    uint8_t last; /* what the last key was: a kill, a yank, neither */
    bool literal;
    enum edit_event ended; /* kept for the caller: how the line ended */
    uint8_t escape;        /* progress in an escape sequence */
    unsigned parameter;
};
void edit_init(struct edit *e);
void edit_free(struct edit *e);
/* A prompt was printed: an empty line begins. */
void edit_begin(struct edit *e, const char *prompt, unsigned width, bool in_config, unsigned history);
/* One key; what appears on the screen is appended to out. At EDIT_LINE, EDIT_CTRL_C and EDIT_CTRL_Z the line's end is
 * drawn and the caller takes e->text; then edit_begin(). At EDIT_HELP and EDIT_TAB the line stays. */
enum edit_event edit_key(struct edit *e, uint8_t key, struct strbuf *out);
void edit_remember(struct edit *e, const char *line);
/* Is the cursor behind a word at the line's end, where TAB acts? */
bool edit_completes(const struct edit *e);
/* The line becomes text, cursor at its end (TAB). */
void edit_replace(struct edit *e, const char *text, size_t len);
/* Prompt and line anew where the cursor is (behind help, a log line). */
void edit_show(struct edit *e, bool with_prompt, struct strbuf *out);
#endif
