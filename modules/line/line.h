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
    struct addr addr;
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
    void (*closed)(void *u, const char *text); /* the use ends by itself: refused, timeout, clear line */
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
                   [200]; /* of the server, of the client; names with commas, "": the library's */
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
#endif
