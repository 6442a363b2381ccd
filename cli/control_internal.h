/* The router's end of the control socket: what control.c (connections), control_session.c (what a connection asks)
 * and control_paste.c (a whole file) share. Nobody else includes it. */
#ifndef TAPIR_CLI_CONTROL_INTERNAL_H
#define TAPIR_CLI_CONTROL_INTERNAL_H
#include "cli/control_wire.h"
#include "modules/line/line.h"
#include "parser/session.h"

struct paste;
struct conn {
    struct control *control;
    int fd;
    struct loop_fd *watch;
    struct ctl_buf in, out;
    struct strbuf text; /* output not yet made into a message */
    struct task pump;   /* flush, and messages that waited for a command to end */
    struct session *session;
    enum ctl_kind kind;
    bool is_vty; /* peer says who */
    struct line_peer peer;
    struct line_use *use;   /* the line it stands on; NULL: none (exec, paste) */
    struct line_auth *auth; /* a password is being judged */
    char user[64];          /* as whom SSH has authenticated */
    bool have_user;
    char ciphers[200]; /* CTL_CIPHERS, and NUL behind it */
    size_t ciphers_len;
    struct timer linger; /* a closing connection that nobody reads any more */
    bool closing;        /* nothing more is read; ends when out is empty */
    bool end_session;    /* session_free() at the next pump: we may be inside one of its calls */
    bool done;           /* CTL_DONE is to be sent: not at once, the line may close the session too */
    int done_status;
    bool running;       /* a CTL_LINE or CTL_END is not answered yet */
    struct ctl_raw raw; /* what the keys of CTL_KEYS have come to: as the client counts them */
    struct paste *paste;
    uint64_t dropped; /* log lines a slow reader missed */
    struct conn *next;
};
struct control {
    struct loop *loop;
    int fd;
    struct loop_fd *watch;
    char *path;
    struct router *router; /* NULL: off, or between two incarnations */
    struct conn *conns;
    unsigned n_conns;
};

/* control.c */
void conn_message(struct conn *c, uint8_t type, const void *first, size_t first_len, const void *rest, size_t rest_len);
void conn_wake(struct conn *c); /* pump at the end of this turn */
/* control_session.c */
bool conn_handle(struct conn *c, const struct ctl_msg *m); /* false: not now, a command runs: keep it */
void conn_session_end(struct conn *c);                     /* lets go of the line too */
void conn_settle(struct conn *c);                          /* sends CTL_DONE, ends a session that closed */
/* control_paste.c */
void paste_start(struct conn *c, bool repair, const char *text, size_t len);
void paste_step(struct conn *c); /* from the pump */
void paste_output(struct conn *c, const char *text, size_t len);
void paste_done(struct conn *c, int status);
void paste_free(struct conn *c);
#endif
