/* libcli's two decisions, taken over (front-ends 3.4): the program defines cli_run_command and cli_get_completions, and
 * the library's loop calls them through the dynamic symbol table. Both must have default visibility and this file must
 * be on the link line; telnet_self_test() sees that it worked. Runs in a session's thread. */
#include "cli/cli.h"
#include "cli/edit.h"
#include "cli/pager.h"
#include "cli/telnet.h"
#include "cli/telnet_int.h"
#include <fcntl.h>
#include <libcli.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

__attribute__((visibility("default"))) int cli_run_command(struct cli_def *cli, const char *command);
__attribute__((visibility("default"))) void cli_get_completions(struct cli_def *cli, const char *command, char lastchar,
                                                                struct cli_comphelp *comphelp);

struct run {
    FILE *f;
    struct vty *v;
    struct pager pager;
    int64_t started_ms;
    size_t written;
    char buffer[8192]; /* of f while the line runs: libcli leaves it without, one system call per character */
};

static void put_text(FILE *f, const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (text[i] == '\n')
            fputc('\r', f);
        /* the relay's private marks cannot stand in a text */
        fputc((unsigned char)text[i] <= OUTPUT_END && text[i] ? '.' : text[i], f);
    }
}

static void pager_put(void *u, const char *text, size_t len)
{
    struct run *r = u;
    put_text(r->f, text, len);
}

static int pager_key(void *u)
{
    struct run *r = u;
    int key = keyq_next(&r->v->keys, false);
    if (key >= 0) /* typed ahead: what is shown meanwhile goes out in one piece */
        return key;
    fflush(r->f);
    return keyq_next(&r->v->keys, true);
}

static void run_open(struct run *r)
{
    setvbuf(r->f, r->buffer, _IOFBF, sizeof r->buffer);
    fputc(OUTPUT_BEGIN, r->f);
    r->pager = (struct pager){.put = pager_put, .key = pager_key, .u = r};
    r->started_ms = cli_now_ms();
    pager_begin(&r->pager, r->v->st.length, r->v->st.width);
}

static void run_close(struct run *r)
{
    pager_end(&r->pager);
    fputc(OUTPUT_END, r->f);
    fflush(r->f);
    setvbuf(r->f, NULL, _IONBF, 0);
}

/* Reads a password into buf, unseen; false: Ctrl-C or the end. */
static bool read_secret(struct run *r, char *buf, size_t cap)
{
    size_t n = 0;
    for (;;) {
        int ch = pager_key(r);
        if (ch < 0)
            return false; /* the session is over: what the router has to say follows */
        if (ch == 3 || ch == 26 || ch == '\r') {
            put_text(r->f, "\n", 1);
            buf[n] = '\0';
            return ch == '\r';
        }
        if (ch == 8 || ch == 127)
            n -= n > 0;
        else if (ch == 21 || ch == 24) /* Ctrl-U, Ctrl-X */
            n = 0;
        else if (ch >= 32 && n + 1 < cap)
            buf[n++] = (char)ch;
    }
}

/* The answer to a question, edited as a line is. */
static bool read_answer(struct run *r, const char *prompt, char *buf, size_t cap)
{
    struct edit e;
    struct strbuf out = {0};
    enum edit_event event = EDIT_NONE;
    int ch = 0;
    const char *last = strrchr(prompt, '\n');
    edit_init(&e);
    edit_begin(&e, last ? last + 1 : prompt, r->v->st.width, false, 0);
    e.answer = true;
    while (event == EDIT_NONE && (ch = pager_key(r)) >= 0) {
        if (e.text.len + 1 >= cap && ch >= ' ' && ch != 127) /* no answer is that long: not even its echo */
            continue;
        event = edit_key(&e, (uint8_t)ch, &out);
        if (out.len)
            fwrite(out.s, 1, out.len, r->f);
        out.len = 0;
    }
    snprintf(buf, cap, "%s", e.text.s);
    edit_free(&e);
    strbuf_free(&out);
    return event == EDIT_LINE;
}

static void prompt_set(struct cli_def *cli, struct vty *v)
{
    char name[200];
    snprintf(name, sizeof name, "%c%s%c", PROMPT_BEGIN, v->st.prompt, PROMPT_END);
    cli_set_hostname(cli, name);
    cli_set_modestring(cli, NULL);
}

/* `[confirm]` takes one key (ios-cli 9.4). */
static bool read_confirm(struct run *r, char *buf)
{
    int ch = pager_key(r);
    buf[0] = (char)(ch >= 32 && ch < 127 ? ch : 0);
    buf[1] = '\0';
    put_text(r->f, buf, strlen(buf));
    put_text(r->f, "\n", 1);
    return ch >= 0 && ch != 3 && ch != 26;
}

static void ask(struct run *r, const struct ctl_msg *m)
{
    char answer[512] = "";
    put_text(r->f, m->data + (m->len > 0), m->len - (m->len > 0));
    r->pager.column = 0;
    bool given = m->len && cli_is_confirm(m->data + 1) ? read_confirm(r, answer)
                 : m->len && m->data[0]                ? read_answer(r, m->data + 1, answer, sizeof answer)
                                                       : read_secret(r, answer, sizeof answer);
    r->started_ms = cli_now_ms();
    ctl_send2(r->v->ctl, CTL_ANSWER, given, answer, strlen(answer));
    explicit_bzero(answer, sizeof answer);
}

/* Ctrl-C and Ctrl-Shift-6 stop a command that runs (see cli.h). */
static void break_check(struct run *r, bool quiet)
{
    if ((!quiet && cli_now_ms() - r->started_ms < CLI_LONG_MS) || !keyq_break(&r->v->keys, r->v->st.escape))
        return;
    if (r->written > CLI_LONG_OUTPUT)
        r->pager.quit = true;
    ctl_send(r->v->ctl, CTL_ABORT, NULL, 0);
}

/* As it is: what a far host sends. The relay's private marks are left out. */
static void put_raw(FILE *f, const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)text[i] > OUTPUT_END || !text[i])
            fputc(text[i], f);
}

/* Keys go to the router as they are typed, until the command ends: then *m says how. false: the connection is over. */
static bool run_raw(struct run *r, struct ctl_msg *m)
{
    struct vty *v = r->v;
    struct ctl_raw raw = {.escape = v->st.escape};
    char keys[512];
    for (;;) {
        size_t n = 0;
        int ch;
        while (!raw.held && n < sizeof keys && (ch = keyq_next(&v->keys, false)) >= 0) {
            keys[n++] = (char)ch;
            if (ctl_raw_ends(&raw, ch))
                break;
        }
        vty_send_window(v);
        bool lost = n && ctl_send(v->ctl, CTL_KEYS, keys, n);
        explicit_bzero(keys, n);
        if (lost)
            return false;
        int got = ctl_recv(v->ctl, m, 0);
        if (got == -2) {
            fflush(r->f);
            if (!n)
                keyq_wait(&v->keys, ctl_fd(v->ctl), 500);
            continue;
        }
        if (got != 1)
            return false;
        if (m->type == CTL_OUTPUT)
            put_raw(r->f, m->data, m->len);
        else if (m->type == CTL_RAW)
            raw.held = false;
        else if (m->type == CTL_MESSAGE) {
            put_text(r->f, m->data, m->len);
            put_text(r->f, "\n", 1);
        } else
            return true;
    }
}

/* The session answers until the line (or the login) is done. CLI_QUIT: it is over. */
static int run_to_end(struct run *r)
{
    struct ctl_msg m;
    struct vty *v = r->v;
    for (;;) {
        int got = ctl_recv(v->ctl, &m, CLI_QUIET_MS);
        if (got == -2)
            fflush(r->f);
        break_check(r, got == -2);
        if (got == -2)
            continue;
        if (got != 1)
            return CLI_QUIT;
        if (m.type == CTL_RAW && !run_raw(r, &m))
            return CLI_QUIT;
        if (m.type == CTL_OUTPUT) {
            r->written += m.len;
            pager_write(&r->pager, m.data, m.len);
        } else if (m.type == CTL_MESSAGE) {
            put_text(r->f, m.data, m.len);
            put_text(r->f, "\n", 1);
        } else if (m.type == CTL_ASK) {
            ask(r, &m);
        } else if (m.type == CTL_DONE || m.type == CTL_STATE) {
            ctl_read_state(&m, m.type == CTL_DONE, &v->st);
            return CLI_OK;
        } else if (m.type == CTL_CLOSED || m.type == CTL_REFUSED) {
            put_text(r->f, m.data, m.len);
            return CLI_QUIT;
        }
    }
}

static int run_one(struct run *r, enum ctl_type type, const char *line)
{
    if (ctl_send(r->v->ctl, type, line, strlen(line)))
        return CLI_QUIT;
    return run_to_end(r);
}

/* The line is in v->line (see enum vty_ask); what libcli hands over stands for it. */
int cli_run_command(struct cli_def *cli, const char *command)
{
    static const char too_long[] = "% Input line is too long: it was not run\n";
    struct hook_context *h = cli_get_context(cli);
    (void)command;
    if (!h)
        return CLI_ERROR;
    h->called = true;
    if (!h->vty || !h->vty->line)
        return CLI_OK;
    struct vty *v = h->vty;
    struct run r = {.f = cli->client, .v = v};
    int rc = CLI_OK;
    pthread_mutex_lock(&v->lock);
    vty_send_window(v);
    run_open(&r);
    switch (v->ask) {
    case VTY_TOO_LONG:
        put_text(cli->client, too_long, sizeof too_long - 1);
        break;
    case VTY_LINE:
        rc = run_one(&r, CTL_LINE, v->line);
        break;
    case VTY_END: /* the text in front of Ctrl-Z is run first (ios-cli 3.7) */
        if (v->line[strspn(v->line, " ")])
            rc = run_one(&r, CTL_LINE, v->line);
        if (rc == CLI_OK && v->st.in_config)
            rc = run_one(&r, CTL_END, "");
        break;
    case VTY_LEAVE:
        if (v->st.in_config)
            rc = run_one(&r, CTL_END, "");
        break;
    }
    run_close(&r);
    prompt_set(cli, v);
    cli_set_promptchar(cli, "\x03");
    pthread_mutex_unlock(&v->lock);
    return rc;
}

/* `?`; TAB is the relay's. The text is written here, page by page. */
void cli_get_completions(struct cli_def *cli, const char *command, char lastchar, struct cli_comphelp *comphelp)
{
    struct hook_context *h = cli_get_context(cli);
    (void)command;
    if (!h || !h->vty || !h->vty->line || lastchar != '?')
        return;
    cli_add_comphelp_entry(comphelp, "  "); /* without one libcli does not prompt again; the relay drops it */
    struct vty *v = h->vty;
    struct run r = {.f = cli->client, .v = v};
    struct ctl_msg m;
    struct strbuf logs = {0};
    pthread_mutex_lock(&v->lock);
    run_open(&r);
    put_text(cli->client, "?\n", 2);
    int got = ctl_send(v->ctl, CTL_HELP, v->line, strlen(v->line)) ? -1 : 1;
    while (got == 1 && (got = ctl_recv(v->ctl, &m, -1)) == 1 && m.type != CTL_HELPED) {
        if (m.type == CTL_MESSAGE) {
            strbuf_write(&logs, m.data, m.len);
            strbuf_write(&logs, "\n", 1);
        }
    }
    if (got == 1)
        pager_write(&r.pager, m.data, m.len);
    put_text(cli->client, logs.s ? logs.s : "", logs.len);
    strbuf_free(&logs);
    run_close(&r);
    pthread_mutex_unlock(&v->lock);
}

void vty_send_window(struct vty *v)
{
    enum { MOST = 512 };
    if (!v->st.prompt[0] || !atomic_exchange(&v->window_new, false))
        return;
    unsigned length = atomic_load(&v->window_length), width = atomic_load(&v->window_width);
    if (!length || !width) /* a client that does not know */
        return;
    length = length < MOST ? length : MOST;
    width = width < MOST ? width : MOST;
    if (!v->st.length_set)
        v->st.length = length;
    if (!v->st.width_set)
        v->st.width = width;
    uint8_t b[8] = {0, 0, (uint8_t)(length >> 8), (uint8_t)length, 0, 0, (uint8_t)(width >> 8), (uint8_t)width};
    ctl_send(v->ctl, CTL_WINDOW, b, sizeof b);
}

/* Opens the session: banners, user name, password, before libcli's loop begins. */
static bool login(struct vty *v)
{
    int fd = fcntl(v->lib, F_DUPFD_CLOEXEC, 0);
    struct run r = {.f = fd < 0 ? NULL : fdopen(fd, "w"), .v = v};
    if (!r.f) {
        if (fd >= 0)
            close(fd);
        return false;
    }
    pthread_mutex_lock(&v->lock);
    run_open(&r);
    bool open = !ctl_send2(v->ctl, CTL_OPEN, CTL_VTY, NULL, 0) && run_to_end(&r) == CLI_OK;
    run_close(&r);
    pthread_mutex_unlock(&v->lock);
    fclose(r.f);
    return open;
}

void *vty_cli_main(void *arg)
{
    struct vty *v = arg;
    struct hook_context h = {.vty = v};
    struct cli_def *cli = login(v) ? cli_init() : NULL;
    if (!cli) {
        close(v->lib);
        return NULL;
    }
    cli_unregister_all_commands(cli);
    cli_telnet_protocol(cli, 0); /* the relay speaks telnet */
    cli_set_context(cli, &h);
    prompt_set(cli, v);
    cli_loop(cli, v->lib); /* closes the descriptor */
    cli_done(cli);
    return NULL;
}

bool telnet_self_test(void)
{
    static const char probe[] = "probe\n";
    struct hook_context h = {0};
    struct cli_def *cli = cli_init();
    FILE *f = fmemopen((void *)(uintptr_t)probe, sizeof probe - 1, "r");
    if (cli && f) {
        cli_unregister_all_commands(cli);
        cli_set_context(cli, &h);
        cli_file(cli, f, PRIVILEGE_PRIVILEGED, MODE_EXEC);
    }
    if (f)
        fclose(f);
    if (cli)
        cli_done(cli);
    return h.called;
}
