/* The client's end of SSH for `ssh` at the prompt: one thread per connection, in which libssh may wait as it likes; the
 * router's loop is at the other end of a socket pair (see dial_int.h). No file of the host is read. */
#include "cli/dial_int.h"
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
/* libssh wants the system's headers first */
#include <libssh/libssh.h>

static bool tell(struct line_call *k, uint8_t what, const void *p, size_t n)
{
    uint8_t packet[DIAL_PACKET];
    packet[0] = what;
    memcpy(packet + 1, p, n);
    return send(k->pair[1], packet, n + 1, MSG_NOSIGNAL) == (ssize_t)(n + 1);
}

/* From the user; false: he gave up or is gone. */
static bool password(struct line_call *k, char text[DIAL_PACKET])
{
    if (!tell(k, DIAL_ASK, "", 0))
        return false;
    ssize_t n = recv(k->pair[1], text, DIAL_PACKET - 1, 0);
    if (n < 1 || text[0] != DIAL_PASSWORD)
        return false;
    memmove(text, text + 1, (size_t)n - 1);
    text[n - 1] = '\0';
    return true;
}

/* Every question of keyboard-interactive gets the password that the user was asked for. */
static int interactive(ssh_session s, const char *text)
{
    int rc;
    while ((rc = ssh_userauth_kbdint(s, NULL, NULL)) == SSH_AUTH_INFO)
        for (int i = 0; i < ssh_userauth_kbdint_getnprompts(s); i++)
            ssh_userauth_kbdint_setanswer(s, (unsigned)i, text);
    return rc;
}

static bool authenticate(struct line_call *k, ssh_session s)
{
    char text[DIAL_PACKET];
    int rc = ssh_userauth_none(s, NULL);
    for (unsigned i = 0; rc != SSH_AUTH_SUCCESS && rc != SSH_AUTH_ERROR && i < k->to.prompts; i++) {
        int methods = ssh_userauth_list(s, NULL);
        if (!(methods & (SSH_AUTH_METHOD_PASSWORD | SSH_AUTH_METHOD_INTERACTIVE)) || !password(k, text))
            break;
        rc = methods & SSH_AUTH_METHOD_INTERACTIVE ? interactive(s, text) : ssh_userauth_password(s, NULL, text);
        explicit_bzero(text, sizeof text);
    }
    return rc == SSH_AUTH_SUCCESS;
}

/* Bytes both ways until one side ends. */
static void pump(struct line_call *k, ssh_session s, ssh_channel ch)
{
    char buf[DIAL_PACKET];
    for (;;) {
        int n;
        while ((n = ssh_channel_read_nonblocking(ch, buf, sizeof buf - 1, 0)) > 0 ||
               (n = ssh_channel_read_nonblocking(ch, buf, sizeof buf - 1, 1)) > 0)
            if (!tell(k, DIAL_DATA, buf, (size_t)n))
                return;
        if (ssh_channel_is_eof(ch) || ssh_channel_is_closed(ch) || !ssh_is_connected(s))
            return;
        struct pollfd fds[2] = {{.fd = ssh_get_fd(s), .events = POLLIN}, {.fd = k->pair[1], .events = POLLIN}};
        if (poll(fds, 2, 1000) < 0)
            return;
        if (!fds[1].revents)
            continue;
        ssize_t got = recv(k->pair[1], buf, sizeof buf, MSG_DONTWAIT);
        if (got == 0 || (got > 1 && buf[0] == DIAL_DATA && ssh_channel_write(ch, buf + 1, (uint32_t)got - 1) < 0))
            return;
    }
}

static enum line_call_end talk(struct line_call *k, ssh_session s)
{
    if (ssh_connect(s) != SSH_OK)
        return CALL_BROKEN;
    if (!authenticate(k, s))
        return ssh_is_connected(s) || k->to.prompts ? CALL_DENIED : CALL_BROKEN;
    ssh_channel ch = ssh_channel_new(s);
    bool open = ch && ssh_channel_open_session(ch) == SSH_OK &&
                ssh_channel_request_pty_size(ch, "vt100", k->to.width ? (int)k->to.width : 80,
                                             k->to.length ? (int)k->to.length : 24) == SSH_OK &&
                ssh_channel_request_shell(ch) == SSH_OK && tell(k, DIAL_OPEN, "", 0);
    if (open)
        pump(k, s, ch);
    if (ch)
        ssh_channel_free(ch);
    return open ? CALL_CLOSED : CALL_BROKEN;
}

void *dial_ssh_main(void *arg)
{
    struct line_call *k = arg;
    static const enum ssh_options_e option[LINE_SSH_ALGORITHMS][2] = {
        {SSH_OPTIONS_CIPHERS_C_S, SSH_OPTIONS_CIPHERS_S_C},
        {SSH_OPTIONS_HMAC_C_S, SSH_OPTIONS_HMAC_S_C},
        {SSH_OPTIONS_KEY_EXCHANGE, SSH_OPTIONS_KEY_EXCHANGE},
        {SSH_OPTIONS_HOSTKEYS, SSH_OPTIONS_HOSTKEYS},
        {SSH_OPTIONS_PUBLICKEY_ACCEPTED_TYPES, SSH_OPTIONS_PUBLICKEY_ACCEPTED_TYPES}};
    ssh_session s = ssh_new();
    int fd = dup(k->fd), no = 0; /* libssh closes its own */
    long timeout = k->to.wait_s;
    uint8_t why = CALL_BROKEN;
    if (s && fd >= 0) {
        ssh_options_set(s, SSH_OPTIONS_PROCESS_CONFIG, &no);
        ssh_options_set(s, SSH_OPTIONS_HOST, "router");
        ssh_options_set(s, SSH_OPTIONS_USER, k->to.user);
        ssh_options_set(s, SSH_OPTIONS_KNOWNHOSTS, "/dev/null");
        ssh_options_set(s, SSH_OPTIONS_GLOBAL_KNOWNHOSTS, "/dev/null");
        ssh_options_set(s, SSH_OPTIONS_TIMEOUT, &timeout);
        for (unsigned i = 0; i < LINE_SSH_ALGORITHMS; i++)
            for (unsigned side = 0; k->set.algorithms[1][i][0] && side < 2; side++)
                ssh_options_set(s, option[i][side], k->set.algorithms[1][i]);
        ssh_options_set(s, SSH_OPTIONS_FD, &fd);
        why = (uint8_t)talk(k, s);
        ssh_disconnect(s);
    } else if (fd >= 0) {
        close(fd);
    }
    if (s)
        ssh_free(s);
    tell(k, DIAL_END, &why, 1);
    shutdown(k->pair[1], SHUT_RDWR);
    atomic_store(&k->finished, true);
    return NULL;
}
