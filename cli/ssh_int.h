/* Between ssh.c (the connection, shell and command) and ssh_auth.c (who the client is). All of it runs in the
 * connection's own thread but for what is atomic. */
#ifndef TAPIR_CLI_SSH_INT_H
#define TAPIR_CLI_SSH_INT_H
#include "cli/ssh.h"
#include "cli/telnet_int.h"
#include "modules/line/line.h"
#include <time.h>
/* libssh wants the system's headers first */
#include <libssh/callbacks.h>
#include <libssh/libssh.h>
#include <libssh/server.h>

enum { SSHLINE_LOGIN_S = 30, SSHLINE_CHUNK = 8192 };

struct ssh_conn {
    int fd;
    struct ctl *ctl; /* NULL: the vty has it */
    char *pem;
    struct line_ssh_settings set; /* as they were when the client came */
    pthread_t thread;
    atomic_bool finished, on_line, stop;
    struct ssh_conn *next;
    /* the thread's own */
    ssh_session session;
    ssh_event event;
    ssh_channel channel;
    struct ssh_channel_callbacks_struct calls;
    struct vty *vty;
    int pipe; /* our end of the vty's net */
    bool authenticated, want_shell, readable;
    bool in_over; /* the client types no more, or the vty takes no more */
    char *command;
    char *asked; /* whom keyboard-interactive asks */
    unsigned tries, rows, columns;
    uint8_t pending[SSHLINE_CHUNK];
    size_t at, len;
};

/* ---- ssh_auth.c ---- */
int sshline_methods(const struct ssh_conn *k); /* libssh's bits */
int sshline_pubkey(ssh_session s, const char *user, struct ssh_key_struct *key, char state, void *conn);
int sshline_password(ssh_session s, const char *user, const char *password, void *conn);
int sshline_message(ssh_session s, ssh_message m, void *conn);
#endif
