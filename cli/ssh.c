/* One thread per SSH connection (see ssh.h): libssh does the protocol here, so that no key exchange holds up the
 * router's loop; the router judges passwords and gives out lines over the connection's control socket. */
#include "cli/ssh_int.h"
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { COMMAND_MAX = 8192 };

/* ---- the client asks (libssh calls these from ssh_event_dopoll) ---- */

static void window(struct ssh_conn *k, int columns, int rows)
{
    k->columns = columns > 0 ? (unsigned)columns : 0;
    k->rows = rows > 0 ? (unsigned)rows : 0;
    if (!k->vty)
        return;
    atomic_store(&k->vty->window_length, k->rows);
    atomic_store(&k->vty->window_width, k->columns);
    atomic_store(&k->vty->window_new, true);
}

static int on_pty(ssh_session s, ssh_channel ch, const char *term, int columns, int rows, int px, int py, void *u)
{
    (void)s, (void)ch, (void)term, (void)px, (void)py;
    window(u, columns, rows);
    return 0;
}

static int on_window(ssh_session s, ssh_channel ch, int columns, int rows, int px, int py, void *u)
{
    (void)s, (void)ch, (void)px, (void)py;
    window(u, columns, rows);
    return 0;
}

static int on_shell(ssh_session s, ssh_channel ch, void *u)
{
    struct ssh_conn *k = u;
    (void)s, (void)ch;
    k->want_shell = true;
    return 0;
}

static int on_exec(ssh_session s, ssh_channel ch, const char *command, void *u)
{
    struct ssh_conn *k = u;
    (void)s, (void)ch;
    if (k->command || strlen(command) > COMMAND_MAX)
        return 1;
    k->command = strdup(command);
    return k->command ? 0 : 1;
}

static int on_env(ssh_session s, ssh_channel ch, const char *name, const char *value, void *u)
{
    (void)s, (void)ch, (void)name, (void)value, (void)u;
    return 0; /* taken and not looked at */
}

static ssh_channel on_channel(ssh_session s, void *u)
{
    struct ssh_conn *k = u;
    if (k->channel || !k->authenticated) /* one session a connection, as a router gives */
        return NULL;
    k->channel = ssh_channel_new(s);
    k->calls = (struct ssh_channel_callbacks_struct){.userdata = k,
                                                     .channel_pty_request_function = on_pty,
                                                     .channel_pty_window_change_function = on_window,
                                                     .channel_shell_request_function = on_shell,
                                                     .channel_exec_request_function = on_exec,
                                                     .channel_env_request_function = on_env};
    ssh_callbacks_init(&k->calls);
    if (k->channel)
        ssh_set_channel_callbacks(k->channel, &k->calls);
    return k->channel;
}

/* ---- one command (`ssh host show version`) ---- */

static void put(struct ssh_conn *k, const char *text, size_t len)
{
    while (len) {
        const char *nl = memchr(text, '\n', len);
        size_t n = nl ? (size_t)(nl - text) : len;
        if (n && ssh_channel_write(k->channel, text, (uint32_t)n) < 0)
            return;
        if (nl && ssh_channel_write(k->channel, "\r\n", 2) < 0)
            return;
        text += n + (nl != NULL);
        len -= n + (nl != NULL);
    }
}

/* Until the line (or the opening) is done. -1: the session ended; else the status. */
static int answer(struct ssh_conn *k)
{
    struct ctl_msg m;
    while (!atomic_load(&k->stop)) {
        int got = ctl_recv(k->ctl, &m, 500);
        if (got == -2) {
            if (ssh_channel_poll(k->channel, 0) < 0) /* the client went away: the command is aborted */
                return -1;
            continue;
        }
        if (got != 1)
            return -1;
        if (m.type == CTL_OUTPUT)
            put(k, m.data, m.len);
        else if (m.type == CTL_ASK)
            ctl_send2(k->ctl, CTL_ANSWER, 1, "", 0);
        else if (m.type == CTL_STATE)
            return 0;
        else if (m.type == CTL_DONE)
            return m.len ? m.data[0] : 1;
        else if (m.type == CTL_CLOSED || m.type == CTL_REFUSED)
            return -1;
    }
    return -1;
}

static void run_command(struct ssh_conn *k)
{
    atomic_store(&k->on_line, true);
    int status = ctl_send2(k->ctl, CTL_OPEN, CTL_COMMAND, NULL, 0) ? -1 : answer(k);
    char *save = NULL;
    for (char *line = strtok_r(k->command, "\r\n", &save); line && status >= 0; line = strtok_r(NULL, "\r\n", &save)) {
        int rc = ctl_send(k->ctl, CTL_LINE, line, strlen(line)) ? -1 : answer(k);
        status = rc ? rc : status;
    }
    ssh_channel_request_send_exit_status(k->channel, status ? 1 : 0);
    ssh_channel_send_eof(k->channel);
    ssh_channel_close(k->channel);
}

/* ---- a shell: bytes between the channel and the vty ---- */

static int on_readable(socket_t fd, int revents, void *u)
{
    struct ssh_conn *k = u;
    (void)fd;
    k->readable |= (revents & (POLLIN | POLLHUP | POLLERR)) != 0;
    return SSH_OK;
}

static bool start_shell(struct ssh_conn *k)
{
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
        return false;
    char text[200];
    int n = snprintf(text, sizeof text, "%s%c%s%c%s%c%s", ssh_get_cipher_in(k->session), 0,
                     ssh_get_cipher_out(k->session), 0, ssh_get_hmac_in(k->session), 0, ssh_get_hmac_out(k->session));
    if (n > 0 && n < (int)sizeof text)
        ctl_send(k->ctl, CTL_CIPHERS, text, (size_t)n);
    k->pipe = pair[0];
    k->vty = vty_new(pair[1], k->ctl, true);
    k->ctl = NULL;
    if (!k->vty)
        return false;
    atomic_store(&k->on_line, true);
    window(k, (int)k->columns, (int)k->rows);
    return ssh_event_add_fd(k->event, k->pipe, POLLIN, on_readable, k) == SSH_OK;
}

/* The vty is told that no more comes; what it still says is waited for. */
static void in_end(struct ssh_conn *k)
{
    k->in_over = true;
    k->at = k->len = 0;
    shutdown(k->pipe, SHUT_WR);
}

/* false: the client is gone. */
static bool pump_in(struct ssh_conn *k)
{
    while (!k->in_over) {
        if (k->at == k->len) {
            int n = ssh_channel_read_nonblocking(k->channel, k->pending, sizeof k->pending, 0);
            if (n == SSH_EOF || (n == 0 && ssh_channel_is_eof(k->channel)))
                in_end(k);
            if (n <= 0)
                return n == 0 || n == SSH_AGAIN || n == SSH_EOF;
            k->at = 0;
            k->len = (size_t)n;
        }
        ssize_t n = send(k->pipe, k->pending + k->at, k->len - k->at, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
            return true;
        if (n < 0)
            in_end(k); /* the session is over: its last words are in the pipe */
        else
            k->at += (size_t)n;
    }
    return true;
}

/* false: the vty ended, and all it said is written. */
static bool pump_out(struct ssh_conn *k)
{
    uint8_t buf[SSHLINE_CHUNK];
    uint32_t room = ssh_channel_window_size(k->channel);
    k->readable = false;
    while (room) {
        ssize_t n = recv(k->pipe, buf, room < sizeof buf ? room : sizeof buf, MSG_DONTWAIT);
        if (n == 0)
            return false;
        if (n < 0)
            return errno == EAGAIN || errno == EINTR;
        if (ssh_channel_write(k->channel, buf, (uint32_t)n) < 0)
            return false;
        room = ssh_channel_window_size(k->channel);
    }
    return true;
}

static void run_shell(struct ssh_conn *k)
{
    bool live = start_shell(k);
    while (live && !atomic_load(&k->stop) && !ssh_channel_is_closed(k->channel)) {
        bool full = k->at < k->len || !ssh_channel_window_size(k->channel);
        if (ssh_event_dopoll(k->event, full ? 5 : 1000) == SSH_ERROR)
            break;
        live = pump_in(k) && pump_out(k);
    }
    if (k->pipe >= 0 && k->vty) {
        ssh_event_remove_fd(k->event, k->pipe);
        shutdown(k->pipe, SHUT_RDWR);
    }
    if (ssh_channel_is_open(k->channel)) {
        ssh_channel_request_send_exit_status(k->channel, 0);
        ssh_channel_send_eof(k->channel);
        ssh_channel_close(k->channel);
    }
    if (k->vty)
        vty_free(k->vty);
    if (k->pipe >= 0)
        close(k->pipe);
}

/* ---- the connection ---- */

static bool over(const struct ssh_conn *k, time_t deadline)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return atomic_load(&k->stop) || now.tv_sec >= deadline;
}

static void set_algorithms(ssh_bind bind, enum line_ssh_algorithm kind, const char *names)
{
    static const enum ssh_bind_options_e option[LINE_SSH_ALGORITHMS][2] = {
        [LINE_SSH_CIPHERS] = {SSH_BIND_OPTIONS_CIPHERS_C_S, SSH_BIND_OPTIONS_CIPHERS_S_C},
        [LINE_SSH_MACS] = {SSH_BIND_OPTIONS_HMAC_C_S, SSH_BIND_OPTIONS_HMAC_S_C},
        [LINE_SSH_KEX] = {SSH_BIND_OPTIONS_KEY_EXCHANGE, SSH_BIND_OPTIONS_KEY_EXCHANGE},
        [LINE_SSH_HOSTKEYS] = {SSH_BIND_OPTIONS_HOSTKEY_ALGORITHMS, SSH_BIND_OPTIONS_HOSTKEY_ALGORITHMS},
        [LINE_SSH_PUBKEYS] = {SSH_BIND_OPTIONS_PUBKEY_ACCEPTED_KEY_TYPES, SSH_BIND_OPTIONS_PUBKEY_ACCEPTED_KEY_TYPES}};
    for (unsigned i = 0; names[0] && i < 2; i++)
        ssh_bind_options_set(bind, option[kind][i], names);
}

static bool handshake(struct ssh_conn *k, ssh_bind bind)
{
    ssh_key key = NULL;
    long timeout = SSHLINE_LOGIN_S;
    bool no = false;
    if (ssh_pki_import_privkey_base64(k->pem, NULL, NULL, NULL, &key) != SSH_OK)
        return false;
    ssh_bind_options_set(bind, SSH_BIND_OPTIONS_PROCESS_CONFIG, &no);
    ssh_bind_options_set(bind, SSH_BIND_OPTIONS_BANNER, "Tapir");
    if (ssh_bind_options_set(bind, SSH_BIND_OPTIONS_IMPORT_KEY, key) != SSH_OK) /* takes the key */
        return false;
    for (unsigned i = 0; i < LINE_SSH_ALGORITHMS; i++)
        set_algorithms(bind, i, k->set.algorithms[0][i]);
    ssh_options_set(k->session, SSH_OPTIONS_TIMEOUT, &timeout);
    return ssh_bind_accept_fd(bind, k->session, k->fd) == SSH_OK && (k->fd = -1, true) &&
           ssh_handle_key_exchange(k->session) == SSH_OK;
}

static void serve(struct ssh_conn *k, ssh_bind bind)
{
    struct ssh_server_callbacks_struct calls = {.userdata = k,
                                                .auth_password_function = sshline_password,
                                                .auth_pubkey_function = sshline_pubkey,
                                                .channel_open_request_session_function = on_channel};
    struct timespec now;
    ssh_callbacks_init(&calls);
    ssh_set_server_callbacks(k->session, &calls);
    ssh_set_message_callback(k->session, sshline_message, k);
    ssh_set_auth_methods(k->session, sshline_methods(k));
    if (!handshake(k, bind) || ssh_event_add_session(k->event, k->session) != SSH_OK)
        return;
    clock_gettime(CLOCK_MONOTONIC, &now);
    time_t deadline = now.tv_sec + (time_t)k->set.timeout_s;
    while (!k->want_shell && !k->command && !over(k, deadline) && (k->authenticated || k->tries < k->set.retries))
        if (ssh_event_dopoll(k->event, 500) == SSH_ERROR)
            return;
    if (k->want_shell)
        run_shell(k);
    else if (k->command)
        run_command(k);
    /* The client has the last word: it reads what is still on its way and goes. */
    for (int i = 0; i < 20 && ssh_is_connected(k->session) && !atomic_load(&k->stop); i++)
        if (ssh_event_dopoll(k->event, 50) == SSH_ERROR)
            break;
}

static void *sshline_main(void *arg)
{
    struct ssh_conn *k = arg;
    ssh_bind bind = ssh_bind_new();
    k->session = ssh_new();
    k->event = ssh_event_new();
    if (bind && k->session && k->event) {
        serve(k, bind);
        ssh_event_remove_session(k->event, k->session);
        ssh_disconnect(k->session);
    }
    if (k->event)
        ssh_event_free(k->event);
    if (k->session)
        ssh_free(k->session); /* its channels too */
    if (bind)
        ssh_bind_free(bind);
    if (k->ctl)
        shutdown(ctl_fd(k->ctl), SHUT_RDWR);
    atomic_store(&k->finished, true);
    return NULL;
}

static void conn_free(struct ssh_conn *k)
{
    if (k->ctl)
        ctl_close(k->ctl);
    if (k->fd >= 0)
        close(k->fd);
    if (k->pem)
        explicit_bzero(k->pem, strlen(k->pem));
    free(k->pem);
    free(k->command);
    free(k->asked);
    explicit_bzero(k, sizeof *k); /* keys are in it */
    free(k);
}

bool sshline_start(struct ssh_conn **list, struct router *r, int fd, struct ctl *ctl)
{
    unsigned generation;
    const char *pem = line_ssh_key(r, &generation);
    struct ssh_conn *k = pem ? calloc(1, sizeof *k) : NULL;
    if (!k) {
        ctl_close(ctl);
        return false;
    }
    k->fd = fd;
    k->ctl = ctl;
    k->pipe = -1;
    k->pem = strdup(pem);
    k->set = *line_ssh(r);
    k->set.timeout_s = k->set.timeout_s < SSHLINE_LOGIN_S ? k->set.timeout_s : SSHLINE_LOGIN_S;
    k->set.retries = k->set.retries ? k->set.retries : 1;
    if (!k->pem || pthread_create(&k->thread, NULL, sshline_main, k)) {
        k->fd = -1;
        conn_free(k);
        return false;
    }
    k->next = *list;
    *list = k;
    return true;
}

unsigned sshline_pending(const struct ssh_conn *list)
{
    unsigned n = 0;
    for (; list; list = list->next)
        n += !atomic_load(&list->on_line) && !atomic_load(&list->finished);
    return n;
}

void sshline_reap(struct ssh_conn **list)
{
    while (*list) {
        struct ssh_conn *k = *list;
        if (!atomic_load(&k->finished)) {
            list = &k->next;
            continue;
        }
        *list = k->next;
        pthread_join(k->thread, NULL);
        conn_free(k);
    }
}

void sshline_end_all(struct ssh_conn **list)
{
    for (struct ssh_conn *k = *list; k; k = k->next)
        atomic_store(&k->stop, true);
    while (*list) {
        struct ssh_conn *k = *list;
        *list = k->next;
        pthread_join(k->thread, NULL);
        conn_free(k);
    }
}
