/* libcli's two decisions, taken over (front-ends 3.4): the program defines cli_run_command and cli_get_completions, and
 * the library's loop calls them through the dynamic symbol table. Both must have default visibility and this file must
 * be on the link line; telnet_self_test() sees that it worked. Runs in a session's thread. */
#include "cli/telnet.h"
#include "cli/telnet_int.h"
#include <libcli.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

__attribute__((visibility("default"))) int cli_run_command(struct cli_def *cli, const char *command);
__attribute__((visibility("default"))) void cli_get_completions(struct cli_def *cli, const char *command, char lastchar,
                                                                struct cli_comphelp *comphelp);

struct run {
    struct cli_def *cli;
    struct vty *v;
    unsigned lines; /* shown since the last --More-- */
    bool quit;
};

static void put_text(struct cli_def *cli, const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (text[i] == '\n')
            fputc('\r', cli->client);
        fputc(text[i], cli->client);
    }
}

/* One byte of the user; -1 at the end. The loop is blocked meanwhile, so reading here is safe. */
static int read_key(struct vty *v)
{
    unsigned char ch;
    return read(v->lib, &ch, 1) == 1 ? ch : -1;
}

static void more(struct run *r)
{
    fputs(" --More-- ", r->cli->client);
    fflush(r->cli->client);
    int key = read_key(r->v);
    fputs("\b\b\b\b\b\b\b\b\b\b          \b\b\b\b\b\b\b\b\b\b", r->cli->client);
    if (key == ' ')
        r->lines = 0;
    else if (key == '\r')
        r->lines--;
    else
        r->quit = true;
}

static void put_paged(struct run *r, const char *text, size_t len)
{
    while (len && !r->quit) {
        if (r->v->st.length && r->lines + 1 >= r->v->st.length) {
            more(r);
            if (r->quit)
                return;
        }
        const char *nl = memchr(text, '\n', len);
        size_t n = nl ? (size_t)(nl - text) + 1 : len;
        put_text(r->cli, text, n);
        r->lines += nl != NULL;
        text += n;
        len -= n;
    }
    fflush(r->cli->client);
}

/* Reads the answer to a question into buf; false: Ctrl-C or the end. */
static bool read_answer(struct run *r, bool echo, char *buf, size_t cap)
{
    size_t n = 0;
    for (;;) {
        fflush(r->cli->client);
        int ch = read_key(r->v);
        if (ch < 0 || ch == 3)
            return false;
        if (ch == '\r') {
            fputs("\r\n", r->cli->client);
            buf[n] = '\0';
            return true;
        }
        if ((ch == 8 || ch == 127) && n) {
            n--;
            if (echo)
                fputs("\b \b", r->cli->client);
        } else if (ch >= 32 && ch != 127 && n + 1 < cap) {
            buf[n++] = (char)ch;
            if (echo)
                fputc(ch, r->cli->client);
        }
    }
}

/* An abort key among what was typed ahead: eats up to it. */
static bool break_typed(struct vty *v)
{
    unsigned char peek[512];
    ssize_t n = recv(v->lib, peek, sizeof peek, MSG_PEEK | MSG_DONTWAIT);
    for (ssize_t i = 0; i < n; i++)
        if (peek[i] == 3 || peek[i] == 30)
            return recv(v->lib, peek, (size_t)i + 1, 0) > 0;
    return false;
}

static void prompt_set(struct cli_def *cli, struct vty *v)
{
    char name[200];
    snprintf(name, sizeof name, "%c%s%c", PROMPT_BEGIN, v->st.prompt, PROMPT_END);
    cli_set_hostname(cli, name);
    cli_set_modestring(cli, NULL);
    atomic_store(&v->in_config, v->st.in_config);
}

/* The session answers until the line is done. */
static int run_to_end(struct run *r)
{
    struct ctl_msg m;
    struct vty *v = r->v;
    for (;;) {
        int got = ctl_recv(v->ctl, &m, 100);
        if (got == -2) {
            if (break_typed(v))
                ctl_send(v->ctl, CTL_ABORT, NULL, 0);
            continue;
        }
        if (got != 1)
            return CLI_QUIT;
        if (m.type == CTL_OUTPUT) {
            put_paged(r, m.data, m.len);
        } else if (m.type == CTL_MESSAGE) {
            put_text(r->cli, m.data, m.len);
            put_text(r->cli, "\n", 1);
        } else if (m.type == CTL_ASK) {
            char answer[512] = "";
            put_text(r->cli, m.data + (m.len > 0), m.len - (m.len > 0));
            bool given = read_answer(r, m.len && m.data[0], answer, sizeof answer);
            ctl_send2(v->ctl, CTL_ANSWER, given, answer, strlen(answer));
            explicit_bzero(answer, sizeof answer);
        } else if (m.type == CTL_DONE) {
            ctl_read_state(&m, 1, &v->st);
            prompt_set(r->cli, v);
            cli_set_promptchar(r->cli, "\x03");
            fflush(r->cli->client);
            return CLI_OK;
        } else if (m.type == CTL_CLOSED || m.type == CTL_REFUSED) {
            put_text(r->cli, m.data, m.len);
            fflush(r->cli->client);
            return CLI_QUIT;
        }
    }
}

int cli_run_command(struct cli_def *cli, const char *command)
{
    struct hook_context *h = cli_get_context(cli);
    if (!h)
        return CLI_ERROR;
    h->called = true;
    if (!h->vty)
        return CLI_OK;
    struct run r = {.cli = cli, .v = h->vty};
    pthread_mutex_lock(&h->vty->lock);
    int rc = ctl_send(h->vty->ctl, CTL_LINE, command, strlen(command)) ? CLI_QUIT : run_to_end(&r);
    pthread_mutex_unlock(&h->vty->lock);
    return rc;
}

void cli_get_completions(struct cli_def *cli, const char *command, char lastchar, struct cli_comphelp *comphelp)
{
    struct hook_context *h = cli_get_context(cli);
    struct ctl_msg m = {0};
    bool help = lastchar == '?';
    if (!h || !h->vty || !command)
        return;
    if (help) {
        fputc('?', cli->client); /* libcli does not echo it */
        fflush(cli->client);
    }
    pthread_mutex_lock(&h->vty->lock);
    int got = ctl_send(h->vty->ctl, help ? CTL_HELP : CTL_COMPLETE, command, strlen(command)) ? -1 : 1;
    while (got == 1) {
        got = ctl_recv(h->vty->ctl, &m, -1);
        if (got == 1 && m.type == (help ? CTL_HELPED : CTL_COMPLETED))
            break;
    }
    if (got == 1 && help) {
        char *text = strdup(m.data);
        size_t len = text ? strlen(text) : 0;
        if (len && text[len - 1] == '\n')
            text[len - 1] = '\0'; /* libcli ends it */
        if (len > 2)
            cli_add_comphelp_entry(comphelp, text);
        free(text);
    } else if (got == 1 && m.len > 1 && m.data[0]) {
        char *line = strdup(m.data + 1), *word;
        size_t len = line ? strlen(line) : 0;
        if (len && line[len - 1] == ' ')
            line[len - 1] = '\0';
        if (line) {
            word = strrchr(line, ' ');
            cli_add_comphelp_entry(comphelp, word ? word + 1 : line);
        }
        free(line);
    }
    pthread_mutex_unlock(&h->vty->lock);
}

void *vty_cli_main(void *arg)
{
    struct vty *v = arg;
    struct hook_context h = {.vty = v};
    struct cli_def *cli = cli_init();
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
