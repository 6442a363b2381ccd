/* `tapir console`: readline on the user's terminal, the router at the other end of the control socket. The terminal's
 * mode is set here once and readline is kept from touching it (front-ends 4). Called by main.c. */
#include "cli/cli.h"
#include "cli/console_int.h"
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

enum console_mode { MODE_PROMPT, MODE_RUNNING, MODE_ASK, MODE_SECRET, MODE_CONFIRM, MODE_RAW };

static struct console { /* readline keeps its state in the process; so does what its callbacks need */
    struct ctl *c;
    struct ctl_state st;
    enum console_mode mode;
    struct keys keys;
    struct pager pager;
    struct ctl_raw raw;
    bool end_next; /* Ctrl-Z behind text: the text runs first */
    bool over;
    int status;
    int64_t started_ms; /* the line that runs */
    size_t written;     /* by it */
    time_t alive_sent;
    struct strbuf held; /* log lines while a secret is typed */
    struct termios saved;
} console;

static void send_or_end(enum ctl_type type, const void *data, size_t len)
{
    if (ctl_send(console.c, type, data, len))
        console.over = true;
}

/* ---- lines ---- */

static void prompt_install(const char *prompt, enum console_mode mode);

static void on_line(enum edit_event how)
{
    struct edit *e = console_edit();
    const char *line = e->text.s;
    bool ctrl = how == EDIT_CTRL_C || how == EDIT_CTRL_Z;
    console_prompt_end();
    enum console_mode mode = console.mode;
    console.mode = MODE_RUNNING;
    console.started_ms = cli_now_ms();
    console.written = 0;
    pager_begin(&console.pager, console.st.length, console.st.width);
    if (how == EDIT_NONE) {
        putchar('\n');
        console.over = true;
    } else if (mode == MODE_ASK) {
        if (ctl_send2(console.c, CTL_ANSWER, !ctrl, line, ctrl ? 0 : e->text.len))
            console.over = true;
    } else if (how == EDIT_CTRL_C || (ctrl && !line[strspn(line, " ")])) {
        if (console.st.in_config)
            send_or_end(CTL_END, NULL, 0);
        else
            prompt_install(console.st.prompt, MODE_PROMPT);
    } else if (e->overlong) { /* as on a vty line: refused, not cut */
        puts("% Input line is too long: it was not run");
        prompt_install(console.st.prompt, MODE_PROMPT);
    } else {
        console.end_next = ctrl; /* the text in front of Ctrl-Z is run first (ios-cli 3.7) */
        edit_remember(e, line);
        send_or_end(CTL_LINE, line, e->text.len);
    }
}

/* The editor draws one line: what a prompt has in front of it is printed. */
static void prompt_install(const char *prompt, enum console_mode mode)
{
    const char *last = strrchr(prompt, '\n');
    if (console.pager.column) {
        putchar('\n');
        console.pager.column = 0;
    }
    if (last) {
        fwrite(prompt, 1, (size_t)(last + 1 - prompt), stdout);
        prompt = last + 1;
    }
    console.mode = mode;
    console_prompt(prompt, &console.st, mode == MODE_ASK);
}

static void secret_ask(const char *prompt)
{
    fputs(prompt, stdout);
    fflush(stdout);
    console.mode = MODE_SECRET;
}

/* Log lines that came while a question was answered. */
static void held_show(void)
{
    if (console.held.len)
        fwrite(console.held.s, 1, console.held.len, stdout);
    strbuf_free(&console.held);
    fflush(stdout);
}

/* A password: no echo, no readline, no history. */
static void secret_keys(void)
{
    enum { SECRET_MAX = 511 };
    static struct strbuf text;
    int ch;
    while ((ch = keys_next(&console.keys, false)) >= 0) {
        char byte = (char)ch;
        if (ch == '\r' || ch == '\n' || ch == KEY_CTRL_C) {
            uint8_t given = ch != KEY_CTRL_C;
            putchar('\n');
            console.mode = MODE_RUNNING;
            if (ctl_send2(console.c, CTL_ANSWER, given, text.s ? text.s : "", given ? text.len : 0))
                console.over = true;
            if (text.s)
                explicit_bzero(text.s, text.cap);
            strbuf_free(&text);
            held_show();
            return;
        }
        if (ch == 0x7f || ch == 8)
            text.len -= text.len > 0;
        else if (text.len < SECRET_MAX)
            strbuf_write(&text, &byte, 1);
    }
}

/* `[confirm]` takes one key (ios-cli 9.4). */
static void confirm_ask(const char *prompt)
{
    secret_ask(prompt);
    console.mode = MODE_CONFIRM;
}

/* A command takes the keys as they are typed. */
static void raw_keys(void)
{
    char keys[512];
    size_t n = 0;
    int ch;
    while (!console.raw.held && n < sizeof keys && (ch = keys_next(&console.keys, false)) >= 0) {
        keys[n++] = (char)ch;
        if (ctl_raw_ends(&console.raw, ch))
            break;
    }
    if (n)
        send_or_end(CTL_KEYS, keys, n);
    explicit_bzero(keys, n);
}

static void confirm_key(void)
{
    int ch = keys_next(&console.keys, false);
    if (ch < 0)
        return;
    char answer = (char)ch;
    bool given = ch != KEY_CTRL_C && ch != KEY_CTRL_Z, end = ch == '\r' || ch == '\n';
    if (ch >= 32 && ch < 127)
        putchar(ch);
    putchar('\n');
    held_show();
    console.mode = MODE_RUNNING;
    console.started_ms = cli_now_ms();
    console.pager.column = 0;
    if (ctl_send2(console.c, CTL_ANSWER, given, &answer, given && !end))
        console.over = true;
}

/* ---- messages ---- */

static void print_log(const char *text, size_t len)
{
    if (console.mode == MODE_SECRET || console.mode == MODE_CONFIRM) {
        strbuf_write(&console.held, text, len);
        strbuf_write(&console.held, "\n", 1);
        return;
    }
    bool typing = console.mode == MODE_PROMPT || console.mode == MODE_ASK;
    if (typing)
        console_wipe();
    else if (console.pager.column)
        putchar('\n');
    fwrite(text, 1, len, stdout);
    putchar('\n');
    console.pager.column = 0;
    fflush(stdout);
    if (typing)
        console_show();
}

static void on_message(const struct ctl_msg *m)
{
    switch (m->type) {
    case CTL_RAW:
        if (console.mode != MODE_RAW)
            console.raw = (struct ctl_raw){.escape = console.st.escape};
        console.mode = MODE_RAW;
        console.raw.held = false;
        console.pager.column = 0;
        break;
    case CTL_OUTPUT:
        if (console.mode == MODE_RAW) {
            fwrite(m->data, 1, m->len, stdout);
            fflush(stdout);
            break;
        }
        console.written += m->len;
        pager_write(&console.pager, m->data, m->len);
        fflush(stdout);
        break;
    case CTL_MESSAGE:
        print_log(m->data, m->len);
        break;
    case CTL_DONE:
        if (ctl_read_state(m, 1, &console.st)) {
            if (console.end_next && console.st.in_config) {
                console.end_next = false;
                send_or_end(CTL_END, NULL, 0);
                break;
            }
            prompt_install(console.st.prompt, MODE_PROMPT);
        }
        break;
    case CTL_ASK:
        if (m->len && cli_is_confirm(m->data + 1))
            confirm_ask(m->data + 1);
        else if (m->len && m->data[0])
            prompt_install(m->data + 1, MODE_ASK);
        else
            secret_ask(m->len ? m->data + 1 : "");
        break;
    case CTL_CLOSED:
    case CTL_REFUSED:
        if (console.mode == MODE_PROMPT || console.mode == MODE_ASK) {
            console_wipe();
            console_prompt_end();
        }
        console.pager.quit = false;
        console.pager.length = 0;
        pager_write(&console.pager, m->data, m->len);
        fflush(stdout);
        console.mode = MODE_RUNNING;
        console.over = true;
        break;
    default:
        break;
    }
}

/* An answer that a key waits for; log lines that come first are printed behind it. */
static bool ask_router(enum ctl_type question, enum ctl_type answer, const char *text, size_t len, struct ctl_msg *m)
{
    struct strbuf logs = {0};
    bool got = false;
    if (ctl_send(console.c, question, text, len))
        console.over = true;
    while (!console.over && !got) {
        if (ctl_recv(console.c, m, -1) != 1) {
            console.over = true;
            console.status = 1;
        } else if (m->type == answer) {
            got = true;
        } else if (m->type == CTL_MESSAGE) {
            strbuf_write(&logs, m->data, m->len);
            strbuf_write(&logs, "\n", 1);
        } else {
            on_message(m);
        }
    }
    if (logs.len) {
        console_wipe();
        fwrite(logs.s, 1, logs.len, stdout);
        console_show();
    }
    strbuf_free(&logs);
    return got;
}

/* ---- keys ---- */

static void key_help(void)
{
    struct ctl_msg m;
    struct edit *e = console_edit();
    if (!ask_router(CTL_HELP, CTL_HELPED, e->text.s, e->cursor, &m))
        return;
    puts("?");
    pager_begin(&console.pager, console.st.length, console.st.width);
    console.pager.column = 0;
    pager_write(&console.pager, m.data, m.len);
    if (console.pager.column)
        putchar('\n');
    console.pager.column = 0;
    console_show();
}

/* TAB on the word before the cursor at the line's end (ios-cli 5.5). */
static void key_complete(void)
{
    struct ctl_msg m;
    struct edit *e = console_edit();
    if (!edit_completes(e) || !ask_router(CTL_COMPLETE, CTL_COMPLETED, e->text.s, e->text.len, &m))
        return;
    if (m.len > 1 && m.data[0])
        edit_replace(e, m.data + 1, m.len - 1);
    else
        putchar('\a');
    putchar('\n');
    console_show();
}

static int key_get(void)
{
    return keys_next(&console.keys, true);
}

static int key_available(void)
{
    return keys_waiting(&console.keys);
}

static void pager_put(void *u, const char *text, size_t len)
{
    (void)u;
    fwrite(text, 1, len, stdout);
}

static int pager_key(void *u)
{
    (void)u;
    fflush(stdout);
    return keys_next(&console.keys, true);
}

static bool tty_setup(void)
{
    struct termios t;
    if (tcgetattr(STDIN_FILENO, &console.saved))
        return false;
    t = console.saved;
    t.c_lflag &= (tcflag_t) ~(ICANON | ECHO | ISIG | IEXTEN);
    t.c_iflag &= (tcflag_t) ~(IXON | ICRNL | INLCR);
    t.c_cc[VMIN] = 1;
    t.c_cc[VTIME] = 0;
    return tcsetattr(STDIN_FILENO, TCSADRAIN, &t) == 0;
}

/* Ctrl-C and Ctrl-Shift-6 stop a command that runs, not one typed ahead of: it has been quiet or long (ios-cli 6). */
static void break_check(bool quiet)
{
    if (!quiet && cli_now_ms() - console.started_ms < CLI_LONG_MS)
        return;
    if (!keys_break(&console.keys, console.st.escape))
        return;
    if (console.written > CLI_LONG_OUTPUT)
        console.pager.quit = true;
    send_or_end(CTL_ABORT, NULL, 0);
}

/* A key keeps the line's exec timeout away; once a second is often enough. */
static void key_pressed(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    if (now.tv_sec != console.alive_sent) {
        console.alive_sent = now.tv_sec;
        send_or_end(CTL_ALIVE, NULL, 0);
    }
}

static void console_turn(void)
{
    struct ctl_msg m;
    while (!console.over && ctl_waiting(console.c)) {
        if (ctl_recv(console.c, &m, 0) == 1)
            on_message(&m);
        else
            console.over = true;
    }
    while (!console.over && (console.mode == MODE_PROMPT || console.mode == MODE_ASK) && keys_waiting(&console.keys))
        console_read_key();
    if (!console.over && console.mode == MODE_SECRET)
        secret_keys();
    if (!console.over && console.mode == MODE_CONFIRM)
        confirm_key();
    while (!console.over && console.mode == MODE_RAW && !console.raw.held && keys_waiting(&console.keys))
        raw_keys();
    if (console.over || ctl_waiting(console.c))
        return;
    struct pollfd fds[2] = {{.fd = STDIN_FILENO, .events = POLLIN}, {.fd = ctl_fd(console.c), .events = POLLIN}};
    bool running = console.mode == MODE_RUNNING;
    int n = poll(fds, 2, running ? CLI_QUIET_MS : -1);
    if (n < 0)
        return;
    if (running)
        break_check(n == 0);
    if (fds[1].revents) {
        int got = ctl_recv(console.c, &m, 0);
        if (got == 1) {
            on_message(&m);
        } else if (got != -2) {
            console.over = true;
            console.status = 1;
        }
    }
    if (fds[0].revents) {
        if (!keys_read(&console.keys))
            console.over = true;
        else if (console.mode != MODE_RUNNING)
            key_pressed();
    }
}

static int console_tty(const char *name)
{
    if (!tty_setup())
        return cli_fail("cannot set the terminal's mode");
    static const struct console_keymap keymap = {on_line, key_help, key_complete, key_get, key_available};
    console_readline_setup(&keymap);
    console.pager.put = pager_put;
    console.pager.key = pager_key;
    prompt_install(console.st.prompt, MODE_PROMPT);
    while (!console.over)
        console_turn();
    if (console.mode == MODE_PROMPT || console.mode == MODE_ASK)
        console_prompt_end();
    if (console.pager.column)
        putchar('\n');
    fflush(stdout);
    tcsetattr(STDIN_FILENO, TCSADRAIN, &console.saved);
    pager_end(&console.pager);
    edit_free(console_edit());
    keys_free(&console.keys);
    return console.status ? cli_fail("router %s ended", name) : 0;
}

int cmd_console(int argc, char **argv)
{
    char err[400];
    if (argc != 2)
        return cli_usage("console", argc < 2 ? "say which router" : "one router at a time");
    console.c = ctl_connect(argv[1], err, sizeof err);
    if (!console.c)
        return cli_fail("%s", err);
    int status;
    struct login_keys keys = {.echo = !isatty(STDIN_FILENO)};
    if (ctl_open_login(console.c, CTL_CONSOLE, &console.st, console_login, &keys, err, sizeof err))
        status = cli_fail("%s: %.*s", argv[1], (int)strcspn(err + strspn(err, "\n"), "\n"), err + strspn(err, "\n"));
    else if (isatty(STDIN_FILENO))
        status = console_tty(argv[1]);
    else
        status = console_plain(console.c, &console.st, argv[1]);
    ctl_close(console.c);
    return status;
}
