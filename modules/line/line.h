/* Terminal lines as the doors see them (cli/): who may come in on which line, the login dialogue, the settings that a
 * session starts with. A door opens a use, hands over what the user answers, and is told when the session may begin. */
#ifndef TAPIR_LINE_LINE_H
#define TAPIR_LINE_LINE_H
#include "modules/core/addr.h"
#include "modules/core/router.h"

enum line_service {
    LINE_CONSOLE, /* tapir console */
    LINE_TELNET,
    LINE_SSH
};
struct line_peer {
    enum line_service service;
    bool local; /* through the host's loopback: as trusted as the console while the vty lines are not configured */
    bool quiet; /* one command of SSH: no banners */
    struct addr addr, to; /* to: which of ours he came to */
    uint16_t port;
    char where[64]; /* for show users: "10.2.1.9"; "" at the console */
};
/* The session may begin. Strings are borrowed from the use. */
struct line_grant {
    unsigned privilege;
    const char *name; /* "console", "admin on vty0 (10.2.1.9)" */
    unsigned length, width, history;
    bool synchronous;
};
struct line_use;
struct line_ops {
    void (*output)(void *u, const char *text, size_t len);
    void (*ask)(void *u, const char *prompt, bool echo);
    void (*opened)(void *u, const struct line_grant *g);
    void (*closed)(void *u, const char *text);  /* the use ends by itself: refused, timeout, clear line */
    void (*message)(void *u, const char *text); /* a line for the terminal, whatever it does */
};
/* Could this peer come in now? False with the reason ("busy", "access-class", "transport"): the door refuses the
 * connection. Sessions that are not on a line yet (an SSH key exchange) are counted by the door: `pending`. */
bool line_may_open(struct router *r, const struct line_peer *p, unsigned pending, const char **why);
/* Takes a line and begins the dialogue; user: already authenticated (SSH), NULL: not. Never calls back before it
 * returns. NULL: no line is free. */
struct line_use *line_open(struct router *r, const struct line_peer *p, const char *user, const struct line_ops *ops,
                           void *u);
void line_answer(struct line_use *use, const char *text); /* to ask; NULL: Ctrl-C */
void line_alive(struct line_use *use);                    /* a key was pressed */
void line_busy(struct line_use *use, bool busy);          /* a command runs: the exec timeout waits */
void line_close(struct line_use *use);                    /* the door lets go; NULL is harmless */

/* A password that SSH brought. done is called once, later: a wrong one costs time. Borrows nothing. */
struct line_auth;
struct line_auth *line_auth_start(struct router *r, const struct line_peer *p, const char *user, const char *password,
                                  void (*done)(void *u, bool ok), void *u);
void line_auth_cancel(struct line_auth *a);

/* ---- SSH (line_ssh.c) ---- */
enum { LINE_AUTH_PUBKEY = 1, LINE_AUTH_KEYBOARD = 2, LINE_AUTH_PASSWORD = 4 };
enum line_ssh_algorithm {
    LINE_SSH_CIPHERS,
    LINE_SSH_MACS,
    LINE_SSH_KEX,
    LINE_SSH_HOSTKEYS,
    LINE_SSH_PUBKEYS,
    LINE_SSH_ALGORITHMS
};
struct line_ssh_settings {
    unsigned version; /* 0: both (1.99) */
    unsigned methods; /* LINE_AUTH_…: ip ssh server algorithm authentication */
    unsigned timeout_s, retries;
    unsigned dh_min;
    char algorithms[2][LINE_SSH_ALGORITHMS]
                   [320]; /* of the server, of the client; names with commas, "": the library's */
};
const struct line_ssh_settings *line_ssh(struct router *r);
/* The host key as PEM, NULL: none. Changes its generation when it is replaced. Borrowed. */
const char *line_ssh_key(struct router *r, unsigned *generation);
/* May the owner of that public key come in as user? type as SSH names it; hash: MD5 of the key. proved: he is its
 * owner, so this is his login. */
bool line_ssh_pubkey(struct router *r, const struct line_peer *p, const char *user, const char *type,
                     const uint8_t hash[16], bool proved);
bool line_transport(struct router *r, enum line_service s); /* some vty line takes it */
/* A session's ciphers, for show ssh. */
void line_set_ssh(struct line_use *use, const char *cipher_in, const char *cipher_out, const char *mac_in,
                  const char *mac_out);
/* RSA keys take long: the host makes them in a thread of its own. done is called on the loop with a malloc'd PEM
 * (NULL: failed), which it consumes. Without a host they are made at once. */
struct line_keygen {
    void *ctx;
    bool (*start)(void *ctx, unsigned bits, void (*done)(void *arg, char *pem), void *arg);
    void (*cancel)(void *ctx, void *arg);
};
void line_set_keygen(struct router *r, const struct line_keygen *g);

/* ---- connections from the prompt (line_conn.c): the host's side dials ---- */
struct line_call; /* the host's */
enum line_call_end {
    CALL_CLOSED, /* by the far side */
    CALL_REFUSED,
    CALL_TIMEOUT,
    CALL_UNREACHABLE,
    CALL_DENIED, /* SSH: no password was right */
    CALL_BROKEN  /* SSH: they have nothing in common, or what came is no SSH */
};
struct line_call_to {
    bool ssh;
    uint32_t addr, source; /* host order; source 0: as the routes say */
    uint16_t port;
    unsigned wait_s, prompts; /* prompts: for a password, at most */
    char user[64];
    unsigned length, width;
    const struct line_ssh_settings *set; /* borrowed during the call */
};
struct line_call_ops { /* never from inside a function of the dialer */
    void (*opened)(void *u);
    size_t (*data)(void *u, const uint8_t *p, size_t n); /* how much was taken; the rest comes again after more() */
    void (*ask)(void *u);                                /* a password is wanted */
    void (*ended)(void *u, enum line_call_end why);      /* the call is gone */
};
struct line_dialer {
    void *ctx;
    struct line_call *(*start)(void *ctx, const struct line_call_to *to, const struct line_call_ops *ops, void *u);
    void (*send)(struct line_call *call, const void *p, size_t n); /* what no buffer has room for is dropped */
    void (*answer)(struct line_call *call, const char *password);
    void (*more)(struct line_call *call);
    void (*end)(struct line_call *call); /* nothing is called any more */
};
void line_set_dialer(struct router *r, const struct line_dialer *d); /* without one nothing can be reached */
#endif
