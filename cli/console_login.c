/* The login dialogue of `line con 0` in front of a console session, on a terminal or from a pipe. Keys are read one by
 * one, so that what is typed ahead reaches the session. Called by ctl_open_login() for console.c. */
#include "cli/console_int.h"
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

/* -1: the end of input, or the router has something to say (a timeout). */
static int key(struct ctl *c)
{
    unsigned char ch;
    struct pollfd fds[2] = {{.fd = STDIN_FILENO, .events = POLLIN}, {.fd = ctl_fd(c), .events = POLLIN}};
    while (poll(fds, 2, -1) < 0)
        if (errno != EINTR)
            return -1;
    if (fds[1].revents && !fds[0].revents)
        return -1;
    return read(STDIN_FILENO, &ch, 1) == 1 ? ch : -1;
}

static bool answer(struct login_keys *k, struct ctl *c, bool shown)
{
    char text[256];
    size_t n = 0;
    int ch;
    while ((ch = key(c)) >= 0) {
        bool lf_of_crlf = k->after_cr && ch == '\n';
        k->after_cr = ch == '\r';
        if (lf_of_crlf)
            continue;
        if (ch == '\r' || ch == '\n' || ch == KEY_CTRL_C)
            break;
        if ((ch == 8 || ch == 127) && n) {
            n--;
            if (shown && !k->echo)
                fputs("\b \b", stdout);
        } else if (ch >= 32 && ch != 127 && n + 1 < sizeof text) {
            text[n++] = (char)ch;
            if (shown)
                putchar(ch);
        }
        fflush(stdout);
    }
    bool waits = ch < 0 && ctl_fd(c) >= 0;
    if (ch >= 0) {
        putchar('\n');
        fflush(stdout);
        ctl_send2(c, CTL_ANSWER, ch != KEY_CTRL_C, text, ch == KEY_CTRL_C ? 0 : n);
    }
    explicit_bzero(text, sizeof text);
    struct pollfd p = {.fd = ctl_fd(c), .events = POLLIN};
    return ch >= 0 || (waits && poll(&p, 1, 0) == 1); /* the router's last word is still to be read */
}

bool console_login(void *login_keys, struct ctl *c, const struct ctl_msg *m)
{
    struct login_keys *k = login_keys;
    struct termios saved, raw;
    size_t skip = m->type == CTL_ASK && m->len;
    bool tty = tcgetattr(STDIN_FILENO, &saved) == 0, shown = skip && m->data[0];
    fwrite(m->data + skip, 1, m->len - skip, stdout);
    fflush(stdout);
    if (m->type != CTL_ASK)
        return true;
    if (tty) {
        raw = saved;
        raw.c_lflag &= (tcflag_t) ~(ICANON | ECHO | ISIG);
        tcsetattr(STDIN_FILENO, TCSADRAIN, &raw);
    }
    bool ok = answer(k, c, shown);
    if (tty)
        tcsetattr(STDIN_FILENO, TCSADRAIN, &saved);
    return ok;
}
