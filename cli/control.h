/* The control socket: how the tools (console, exec, paste, lab) talk to a running router. A stream of messages, each
 * a type (1 byte), a length (4 bytes, big endian) and a payload. One connection carries at most one session.
 *
 * Server: cli/control.c in the router's process. Client: cli/control_client.c, blocking, in the tools.
 * Other requests ("keys", "fault …") are a line of text in CTL_REQUEST, see cli/control_request.c: a new one is a row
 * in its table. */
#ifndef TAPIR_CLI_CONTROL_H
#define TAPIR_CLI_CONTROL_H
#include "modules/core/loop.h"
#include "modules/core/out.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CTL_MAX (32u << 20) /* longest payload */

enum ctl_type {
    /* to the router */
    /* u8 enum ctl_kind: opens the session; answered by CTL_STATE or CTL_REFUSED. On a line (console, vty) the login
     * comes first: CTL_OUTPUT, CTL_ASK, and CTL_CLOSED when it fails. */
    CTL_OPEN = 1,
    CTL_LINE,     /* text: runs it; answered by CTL_OUTPUT, CTL_ASK … and one CTL_DONE */
    CTL_HELP,     /* text before `?`; answered by CTL_HELPED */
    CTL_COMPLETE, /* text before TAB; answered by CTL_COMPLETED */
    CTL_ANSWER,   /* u8 0: aborted, 1: given; text */
    CTL_ABORT,    /* Ctrl-C */
    CTL_END,      /* Ctrl-Z: leaves configuration; answered by CTL_DONE */
    CTL_PASTE,    /* u8 repair; the whole text. Answered by CTL_HEALED, CTL_REJECTED …, and one CTL_PASTED */
    CTL_REQUEST,  /* text: see above; answered by CTL_DATA … and one CTL_RESULT. Needs no session */
    CTL_ALIVE,    /* a key was pressed: the exec timeout begins anew */
    CTL_WINDOW,   /* u32 length, u32 width: the user's window */
    CTL_AUTH,     /* user NUL password, before CTL_OPEN (SSH lines only); answered by CTL_RESULT */
    CTL_PUBKEY,   /* u8 1: its signature is right; user NUL type NUL 16 bytes of hash. Likewise */
    CTL_KEYS,     /* bytes: after CTL_RAW, as they are typed. The key of ctl_state.escape and the one behind it end a
                   * message; then CTL_RAW or CTL_DONE is waited for, since what follows may be for the prompt */
    CTL_CIPHERS,  /* in NUL out NUL MAC in NUL MAC out: for show ssh */
    /* from the router */
    CTL_STATE = 64, /* the fields of struct ctl_state */
    CTL_DONE,       /* u8 enum cmd_result, then a CTL_STATE payload */
    CTL_OUTPUT,     /* text */
    CTL_ASK,        /* u8 echo; prompt */
    CTL_MESSAGE,    /* a log line without \n */
    CTL_CLOSED,     /* text to print; the connection ends */
    CTL_REFUSED,    /* why; the connection ends */
    CTL_HELPED,     /* text */
    CTL_COMPLETED,  /* u8 found; line */
    CTL_HEALED,     /* u32 line number; what NUL line */
    CTL_REJECTED,   /* u32 line number; line NUL answer */
    CTL_PASTED,     /* u32 lines, accepted, rejected, comments, repaired */
    CTL_RAW,        /* keys are wanted, not lines; CTL_OUTPUT is passed on as it is: until CTL_DONE */
    CTL_DATA,       /* bytes of a request's answer */
    CTL_RESULT      /* u8 0 ok, 1 failed; one line that says why */
};
/* CTL_COMMAND: one command of an SSH client (`ssh host show version`): on a line, but nobody answers questions. */
enum ctl_kind { CTL_EXEC = 1, CTL_CONSOLE, CTL_VTY, CTL_COMMAND };

struct ctl_state { /* on the wire: u8 1 in_config + 2 length_set + 4 width_set + 8 plain, u32 length, u32 width, u32
                      history, u32 escape, prompt */
    bool in_config;
    bool length_set, width_set; /* they do not follow the window */
    bool plain;                 /* no editing keys */
    unsigned length, width;     /* terminal; 0: no paging, no wrapping */
    unsigned history;           /* lines to recall */
    unsigned escape;            /* the key that stops a command; 0: none */
    char prompt[160];
};

/* Keys on their way to a command that wants them: which of them end a CTL_KEYS message (see there). */
struct ctl_raw {
    unsigned escape;
    bool escaped, held; /* held: the router's answer is waited for */
};
bool ctl_raw_ends(struct ctl_raw *k, int key);

/* ---- client ---- */
struct ctl;
/* NAME: $TAPIR_RUN/NAME.sock, else $TAPIR_RUN/LAB/NODE.sock for LAB/NODE, or for NODE alone while one running lab has
 * it. NULL: err holds one line that says what to do. */
struct ctl *ctl_connect(const char *name, char *err, size_t errlen);
/* As ctl_connect, for a path. */
struct ctl *ctl_connect_path(const char *path, char *err, size_t errlen);
/* A connection that exists already; consumes fd. */
struct ctl *ctl_adopt(int fd, char *err, size_t errlen);
void ctl_close(struct ctl *c);
int ctl_fd(const struct ctl *c);
int ctl_send(struct ctl *c, enum ctl_type type, const void *data, size_t len); /* 0 or -1 */
int ctl_send2(struct ctl *c, enum ctl_type type, uint8_t first, const void *data, size_t len);
struct ctl_msg {
    uint8_t type;
    const char *data; /* borrowed until the next call; NUL-terminated */
    size_t len;
};
/* 1: a message; 0: the router closed; -1: error; -2: nothing within timeout_ms (<0: for ever). */
int ctl_recv(struct ctl *c, struct ctl_msg *m, int timeout_ms);
bool ctl_waiting(const struct ctl *c); /* a whole message is buffered: ctl_recv returns at once */
bool ctl_read_state(const struct ctl_msg *m, size_t at, struct ctl_state *st);
uint32_t ctl_u32(const struct ctl_msg *m, size_t at); /* 0 beyond the end */
/* Opens a session of that kind. 0, or -1 with err. The login dialogue goes to `login` (NULL: there is none): false
 * gives up. */
typedef bool (*ctl_login)(void *arg, struct ctl *c, const struct ctl_msg *m);
int ctl_open(struct ctl *c, enum ctl_kind kind, struct ctl_state *st, char *err, size_t errlen);
int ctl_open_login(struct ctl *c, enum ctl_kind kind, struct ctl_state *st, ctl_login login, void *arg, char *err,
                   size_t errlen);
/* One request from beginning to end: data goes to sink (may be NULL). 0 ok, 1 failed with err. */
int ctl_request(const char *name, const char *request, out_sink sink, void *arg, char *err, size_t errlen);
const char *ctl_run_dir(void); /* $TAPIR_RUN, default /run/tapir */

/* ---- server ---- */
struct router;
struct control;
/* Listens at path (mode 0600). NULL with a one-line reason. */
struct control *control_new(struct loop *loop, const char *path, char *err, size_t errlen);
void control_free(struct control *c);
/* Serves fd like an accepted connection; consumes it. peer: who is at the other end of a vty (copied), NULL: a tool of
 * this host. */
struct line_peer;
bool control_adopt(struct control *c, int fd, const struct line_peer *peer);
struct router *control_router(struct control *c); /* NULL: off */
/* r NULL: the router is off; sessions end with text. */
void control_set_router(struct control *c, struct router *r, const char *text);

/* ---- requests (control_request.c) ---- */
/* Serves one line; data to sink. Returns 0, or 1 with a reason in err. */
int control_request_serve(struct router *r, const char *line, out_sink sink, void *arg, char *err, size_t errlen);
#endif
