/* The console when standard input is not a terminal: every line of it is typed, and the whole transcript printed with
 * prompts. `?`, TAB, Ctrl-C and Ctrl-Z in a line do what the keys do, except that a line which asks for help is not
 * run afterwards. Called by console.c. */
#include "cli/cli.h"
#include "cli/console_int.h"
#include "modules/core/out.h"
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct plain {
    struct ctl *c;
    struct ctl_state *st;
    struct keys keys;
    struct strbuf line;
    bool at_prompt, closed, lost, midline;
    bool after_cr; /* the \n of a \r\n is no line of its own */
};

static void put(struct plain *p, const char *text, size_t len)
{
    if (!len)
        return;
    fwrite(text, 1, len, stdout);
    p->midline = text[len - 1] != '\n';
}

static void put_message(struct plain *p, const struct ctl_msg *m)
{
    if (p->midline)
        put(p, "\n", 1);
    put(p, m->data, m->len);
    put(p, "\n", 1);
    if (p->at_prompt)
        put(p, p->st->prompt, strlen(p->st->prompt));
}

/* Characters a terminal would act on are not echoed. */
static void echo(struct plain *p, const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)text[i] >= 0x20 && text[i] != 0x7f)
            put(p, text + i, 1);
}

/* Waits for one of two answers, printing what comes in between. 0: the session is over. */
static int wait_for(struct plain *p, enum ctl_type a, enum ctl_type b, struct ctl_msg *m)
{
    int got;
    while ((got = ctl_recv(p->c, m, -1)) == 1) {
        if (m->type == a || m->type == b || m->type == CTL_RAW)
            return m->type;
        if (m->type == CTL_OUTPUT)
            put(p, m->data, m->len);
        else if (m->type == CTL_MESSAGE)
            put_message(p, m);
        else if (m->type == CTL_CLOSED || m->type == CTL_REFUSED) {
            put(p, m->data, m->len);
            p->closed = true;
            return 0;
        }
    }
    p->lost = true;
    return 0;
}

/* Reads one line into p->line, without its end. While it waits, log lines are printed. false at the end of input. */
static bool next_line(struct plain *p)
{
    p->line.len = 0;
    strbuf_write(&p->line, "", 0);
    for (;;) {
        int ch;
        while ((ch = keys_next(&p->keys, false)) >= 0) {
            char byte = (char)ch;
            bool lf_of_crlf = p->after_cr && ch == '\n';
            p->after_cr = ch == '\r';
            if (lf_of_crlf)
                continue;
            if (ch == '\r' || ch == '\n')
                return true;
            strbuf_write(&p->line, ch ? &byte : "\x7f", 1);
        }
        if (p->keys.end)
            return p->line.len > 0;
        fflush(stdout);
        struct pollfd fds[2] = {{.fd = STDIN_FILENO, .events = POLLIN}, {.fd = ctl_fd(p->c), .events = POLLIN}};
        if (!ctl_waiting(p->c) && poll(fds, 2, -1) < 0)
            continue;
        struct ctl_msg m;
        if ((ctl_waiting(p->c) || fds[1].revents) && !p->closed) {
            int got = ctl_recv(p->c, &m, 0);
            if (got == 1 && m.type == CTL_MESSAGE)
                put_message(p, &m);
            else if (got == 1 && m.type == CTL_CLOSED) {
                put(p, m.data, m.len);
                p->closed = true;
                return false;
            } else if (got == 0 || got == -1) {
                p->lost = true;
                return false;
            }
        }
        if (fds[0].revents)
            keys_read(&p->keys);
    }
}

/* Types the next line of the input, or what comes before the keys that may end the command. false: there is none. */
static bool type_raw(struct plain *p, struct ctl_raw *raw)
{
    struct strbuf line = {0};
    struct pollfd in = {.fd = STDIN_FILENO, .events = POLLIN};
    int ch = -1;
    if (!keys_waiting(&p->keys) && !p->keys.end && poll(&in, 1, 0) > 0)
        keys_read(&p->keys);
    while (ch != '\r' && !raw->held && (ch = keys_next(&p->keys, false)) >= 0) {
        char byte = (char)(ch = ch == '\n' ? '\r' : ch);
        strbuf_write(&line, &byte, 1);
        if (ctl_raw_ends(raw, ch) && keys_waiting(&p->keys) && p->keys.p[p->keys.at] == '\n')
            p->keys.at++; /* of the line that these two keys are */
    }
    if (line.len && ctl_send(p->c, CTL_KEYS, line.s, line.len))
        p->lost = true;
    bool typed = line.len;
    strbuf_free(&line);
    return typed;
}

/* A command takes the keys: a line is typed whenever the far side has been quiet for a moment; the end of the input
 * hangs up. The type of the message that ends it; 0: the session is over. */
static int finish_raw(struct plain *p, struct ctl_msg *m)
{
    enum { QUIET_MS = 300, LAST = 5 };
    struct ctl_raw raw = {.escape = p->st->escape};
    for (unsigned quiet = 0; !p->lost && quiet < LAST;) {
        int got = ctl_recv(p->c, m, QUIET_MS);
        fflush(stdout);
        if (got == -2) {
            if (!raw.held && !type_raw(p, &raw))
                quiet += p->keys.end;
            else
                quiet = 0;
        } else if (got != 1) {
            p->lost = true;
        } else if (m->type == CTL_OUTPUT) {
            put(p, m->data, m->len);
        } else if (m->type == CTL_MESSAGE) {
            put_message(p, m);
        } else if (m->type == CTL_RAW) {
            raw.held = false;
        } else {
            p->closed = m->type != CTL_DONE;
            put(p, m->data, p->closed ? m->len : 0);
            return p->closed ? 0 : m->type;
        }
    }
    p->closed = !p->lost;
    return 0;
}

/* A command, or Ctrl-Z, is under way: to its end, with the questions it asks. */
static void finish(struct plain *p)
{
    struct ctl_msg m;
    int type;
    while ((type = wait_for(p, CTL_DONE, CTL_ASK, &m)) == CTL_ASK || type == CTL_RAW) {
        if (type == CTL_RAW) {
            type = finish_raw(p, &m);
            break;
        }
        bool shown = m.len && m.data[0];
        put(p, m.data + (m.len > 0), m.len - (m.len > 0));
        bool given = next_line(p);
        if (given && shown)
            echo(p, p->line.s, p->line.len);
        put(p, "\n", 1);
        if (ctl_send2(p->c, CTL_ANSWER, given, p->line.s, given ? p->line.len : 0))
            p->lost = true;
        if (p->lost || p->closed)
            return;
    }
    if (type == CTL_DONE)
        ctl_read_state(&m, 1, p->st);
}

static void prompt(struct plain *p)
{
    if (p->midline)
        put(p, "\n", 1);
    put(p, p->st->prompt, strlen(p->st->prompt));
}

/* `?`: the help text, then prompt and text again; not run. */
static void help(struct plain *p, const char *text, size_t len)
{
    struct ctl_msg m;
    echo(p, text, len);
    put(p, "?\n", 2);
    if (ctl_send(p->c, CTL_HELP, text, len) || wait_for(p, CTL_HELPED, CTL_HELPED, &m) != CTL_HELPED)
        return;
    put(p, m.data, m.len);
    prompt(p);
    echo(p, text, len);
    put(p, "\n", 1);
}

/* TAB: completes *text in place; an indentation or a word that does not complete stays as it is. */
static void complete(struct plain *p, struct strbuf *text)
{
    struct ctl_msg m;
    if (!text->len || text->s[text->len - 1] == ' ')
        return;
    if (ctl_send(p->c, CTL_COMPLETE, text->s, text->len) ||
        wait_for(p, CTL_COMPLETED, CTL_COMPLETED, &m) != CTL_COMPLETED)
        return;
    echo(p, text->s, text->len);
    put(p, "\n", 1);
    prompt(p);
    if (m.len > 1 && m.data[0]) {
        text->len = 0;
        strbuf_write(text, m.data + 1, m.len - 1);
    }
}

static void leave_config(struct plain *p, const char *shown)
{
    put(p, shown, strlen(shown));
    put(p, "\n", 1);
    if (p->st->in_config && !ctl_send(p->c, CTL_END, NULL, 0))
        finish(p);
    if (!p->closed && !p->lost)
        prompt(p);
}

/* Types one line, key by key where a key acts at once. */
static void type_line(struct plain *p)
{
    struct strbuf raw = p->line, text = {0};
    bool literal = false, run = true;
    p->line = (struct strbuf){0};
    strbuf_write(&text, "", 0);
    for (size_t i = 0; i < raw.len && !p->closed && !p->lost; i++) {
        char ch = raw.s[i];
        if (literal || (!p->st->prompt[0] && (ch == '?' || ch == '\t')) ||
            (ch != '?' && ch != '\t' && ch != KEY_CTRL_C && ch != KEY_CTRL_Z && ch != 22)) {
            strbuf_write(&text, &ch, 1);
            literal = false;
        } else if (ch == 22) { /* Ctrl-V */
            literal = true;
        } else if (ch == '?') {
            help(p, text.s, text.len);
            run = false;
            break;
        } else if (ch == '\t') {
            complete(p, &text);
        } else {
            if (ch == KEY_CTRL_Z &&
                text.s[strspn(text.s, " ")]) { /* the text in front of it is run first (ios-cli 3.7) */
                echo(p, text.s, text.len);
                put(p, "^Z\n", 3);
                if (ctl_send(p->c, CTL_LINE, text.s, text.len))
                    p->lost = true;
                else
                    finish(p);
                if (p->st->in_config && !p->lost && !p->closed && !ctl_send(p->c, CTL_END, NULL, 0))
                    finish(p);
                if (!p->closed && !p->lost)
                    prompt(p);
            } else {
                leave_config(p, ch == KEY_CTRL_Z ? "^Z" : "^C");
            }
            text.len = 0;
            text.s[0] = '\0';
            run = i + 1 < raw.len;
        }
    }
    if (run && !p->closed && !p->lost) {
        echo(p, text.s, text.len);
        put(p, "\n", 1);
        if (ctl_send(p->c, CTL_LINE, text.s, text.len))
            p->lost = true;
        else
            finish(p);
    }
    strbuf_free(&raw);
    strbuf_free(&text);
}

int console_plain(struct ctl *c, struct ctl_state *st, const char *name)
{
    struct plain p = {.c = c, .st = st};
    while (!p.closed && !p.lost) {
        if (!p.at_prompt)
            prompt(&p);
        p.at_prompt = true;
        if (!next_line(&p))
            break;
        p.at_prompt = false;
        type_line(&p);
    }
    if (p.midline)
        putchar('\n');
    keys_free(&p.keys);
    strbuf_free(&p.line);
    if (p.lost)
        return cli_fail("router %s ended", name);
    return cli_output_lost() ? cli_fail("cannot write the transcript") : 0;
}
