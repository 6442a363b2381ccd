/* What a connection of the control socket asks of its session: run a line, help, complete, answer a question, abort,
 * and the requests that need no session. Called by control.c for each message. */
#include "cli/control_internal.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OUT_FULL (256u << 10)
#define OUT_DROP_LOGS (4u << 20) /* log lines that a slow reader lets pile up beyond this are dropped */

static void conn_refuse(struct conn *c, const char *why)
{
    conn_message(c, CTL_REFUSED, NULL, 0, why, strlen(why));
    c->closing = true;
}

static void put_u32(uint8_t *p, uint32_t v)
{
    p[0] = (uint8_t)(v >> 24);
    p[1] = (uint8_t)(v >> 16);
    p[2] = (uint8_t)(v >> 8);
    p[3] = (uint8_t)v;
}

/* CTL_STATE, or CTL_DONE with a status in front. */
static void conn_send_state(struct conn *c, uint8_t type, int status)
{
    bool length_set, width_set;
    session_terminal_set(c->session, &length_set, &width_set);
    uint8_t head[18] = {(uint8_t)status, (uint8_t)(session_in_config(c->session) | length_set << 1 | width_set << 2 |
                                                   !session_editing(c->session) << 3)};
    put_u32(head + 2, session_length(c->session));
    put_u32(head + 6, session_width(c->session));
    put_u32(head + 10, session_history(c->session));
    put_u32(head + 14, session_escape(c->session));
    const char *prompt = session_prompt(c->session);
    size_t skip = type == CTL_STATE;
    conn_message(c, type, head + skip, sizeof head - skip, prompt, strlen(prompt));
}

/* ---- the session's calls ---- */

static void on_output(void *u, const char *text, size_t len)
{
    struct conn *c = u;
    if (c->paste) {
        paste_output(c, text, len);
        return;
    }
    strbuf_write(&c->text, text, len);
    conn_wake(c);
}

/* Long output waits for its reader here; below that it is on its way. */
static bool on_full(void *u)
{
    struct conn *c = u;
    return c->text.len + ctl_buf_waiting(&c->out) > OUT_FULL;
}

static void on_done(void *u, int status)
{
    struct conn *c = u;
    if (c->paste) {
        paste_done(c, status);
        return;
    }
    if (!c->running || c->closing)
        return;
    c->running = false;
    if (c->use)
        line_busy(c->use, false);
    c->done = true;
    c->done_status = status;
    conn_wake(c);
}

static void on_ask(void *u, const char *prompt, bool echo)
{
    uint8_t e = echo;
    struct conn *c = u;
    if (c->use)
        line_busy(c->use, false);
    conn_message(u, CTL_ASK, &e, 1, prompt, strlen(prompt));
}

static void on_message(void *u, const char *text)
{
    struct conn *c = u;
    if (ctl_buf_waiting(&c->out) > OUT_DROP_LOGS)
        c->dropped++;
    else
        conn_message(c, CTL_MESSAGE, NULL, 0, text, strlen(text));
}

static void on_closed(void *u, const char *text)
{
    struct conn *c = u;
    if (c->closing)
        return;
    conn_message(c, CTL_CLOSED, NULL, 0, text ? text : "", text ? strlen(text) : 0);
    c->closing = true;
    c->end_session = true;
}

void conn_session_end(struct conn *c)
{
    struct session *s = c->session;
    c->end_session = false;
    c->session = NULL;
    if (s)
        session_free(s);
    line_close(c->use);
    line_auth_cancel(c->auth);
    c->use = NULL;
    c->auth = NULL;
}

void conn_settle(struct conn *c)
{
    if (c->done && !c->closing && c->session)
        conn_send_state(c, CTL_DONE, c->done_status);
    c->done = false;
    if (c->end_session)
        conn_session_end(c);
}

static void on_raw(void *u)
{
    struct conn *c = u;
    c->raw = (struct ctl_raw){.escape = session_escape(c->session)};
    conn_message(c, CTL_RAW, NULL, 0, NULL, 0);
}

static const struct session_ops session_calls = {.output = on_output,
                                                 .full = on_full,
                                                 .done = on_done,
                                                 .ask = on_ask,
                                                 .message = on_message,
                                                 .closed = on_closed,
                                                 .raw = on_raw};

static void session_begin(struct conn *c, const struct session_opts *opts)
{
    c->session = session_new(c->control->router, opts, &session_calls, c);
    if (c->session)
        conn_send_state(c, CTL_STATE, 0);
    else
        conn_refuse(c, "out of memory for another session");
}

/* The login on the line is over, or there was none. */
static void on_opened(void *u, const struct line_grant *g)
{
    struct conn *c = u;
    session_begin(c, &(struct session_opts){.line_name = g->name,
                                            .privilege = g->privilege,
                                            .interactive = c->kind != CTL_COMMAND,
                                            .console_log = c->kind == CTL_CONSOLE,
                                            .line = c->use,
                                            .has_terminal = true,
                                            .length = c->kind == CTL_COMMAND ? 0 : g->length,
                                            .width = g->width,
                                            .history = g->history});
}

static void conn_open(struct conn *c, enum ctl_kind kind)
{
    static const struct line_ops line_calls = {
        .output = on_output, .ask = on_ask, .opened = on_opened, .message = on_message, .closed = on_closed};
    if (c->session || c->use || c->auth || kind < CTL_EXEC || kind > CTL_COMMAND) {
        conn_refuse(c, "this connection has a session already");
        return;
    }
    c->kind = kind;
    if (kind == CTL_EXEC && !c->is_vty) {
        session_begin(c, &(struct session_opts){.line_name = "vty0 (local)", .privilege = 15});
        return;
    }
    if (!c->is_vty)
        c->peer = (struct line_peer){.service = kind == CTL_CONSOLE ? LINE_CONSOLE : LINE_TELNET, .local = true};
    if (c->is_vty && (kind == CTL_CONSOLE || kind == CTL_EXEC || (c->peer.service == LINE_SSH && !c->have_user))) {
        conn_refuse(c, "not on this line");
        return;
    }
    c->peer.quiet = kind == CTL_COMMAND;
    c->use = line_open(c->control->router, &c->peer, c->have_user ? c->user : NULL, &line_calls, c);
    if (!c->use) {
        conn_refuse(c, "all lines are busy");
        return;
    }
    const char *part[4] = {"", "", "", ""}, *p = c->ciphers, *end = p + c->ciphers_len;
    for (unsigned i = 0; i < 4 && p < end; i++, p += strlen(p) + 1)
        part[i] = p;
    line_set_ssh(c->use, part[0], part[1], part[2], part[3]);
}

/* ---- a password that came with SSH ---- */

static void on_judged(void *u, bool ok)
{
    struct conn *c = u;
    uint8_t status = !ok;
    c->auth = NULL;
    c->have_user = ok;
    conn_message(c, CTL_RESULT, &status, 1, NULL, 0);
}

static void conn_auth(struct conn *c, const char *data, size_t len)
{
    size_t n = strnlen(data, len);
    if (!c->is_vty || c->peer.service != LINE_SSH || c->auth || c->use || c->session || n == len) {
        conn_refuse(c, "not on this line");
        return;
    }
    char *password = strndup(data + n + 1, len - n - 1);
    c->have_user = false;
    snprintf(c->user, sizeof c->user, "%s", data);
    if (password && n < sizeof c->user)
        c->auth = line_auth_start(c->control->router, &c->peer, c->user, password, on_judged, c);
    if (!c->auth)
        on_judged(c, false);
    if (password)
        explicit_bzero(password, strlen(password));
    free(password);
}

/* A public key that a client offers, or has signed with. */
static void conn_pubkey(struct conn *c, const char *data, size_t len)
{
    enum { HASH = 16 };
    size_t user = len > 1 ? strnlen(data + 1, len - 1) + 1 : 0, type = 0;
    if (user && 1 + user < len)
        type = strnlen(data + 1 + user, len - 1 - user) + 1;
    bool ok = c->is_vty && c->peer.service == LINE_SSH && !c->auth && !c->use && !c->session && type &&
              user <= sizeof c->user && len == 1 + user + type + HASH &&
              line_ssh_pubkey(c->control->router, &c->peer, data + 1, data + 1 + user,
                              (const uint8_t *)data + len - HASH, data[0]);
    if (data[0]) {
        c->have_user = ok;
        snprintf(c->user, sizeof c->user, "%s", ok ? data + 1 : "");
    }
    uint8_t status = !ok;
    conn_message(c, CTL_RESULT, &status, 1, NULL, 0);
}

/* ---- messages ---- */

static void request_data(void *arg, const char *text, size_t len)
{
    conn_message(arg, CTL_DATA, NULL, 0, text, len);
}

static void conn_request(struct conn *c, const char *line)
{
    char err[300] = "";
    uint8_t status = (uint8_t)control_request_serve(c->control->router, line, request_data, c, err, sizeof err);
    conn_message(c, CTL_RESULT, &status, 1, err, strlen(err));
}

/* A typed line as a C string: what cannot be typed becomes a character that no command holds. */
static char *line_text(const char *data, size_t len)
{
    char *s = malloc(len + 1);
    if (!s)
        return NULL;
    for (size_t i = 0; i < len; i++)
        s[i] = data[i] ? data[i] : '\x7f';
    s[len] = '\0';
    return s;
}

static void conn_text_message(struct conn *c, uint8_t type, char *text)
{
    switch (type) {
    case CTL_LINE:
        c->running = true;
        if (c->use)
            line_busy(c->use, true);
        session_line(c->session, text);
        break;
    case CTL_HELP: {
        char *help = session_help(c->session, text);
        conn_message(c, CTL_HELPED, NULL, 0, help ? help : "", help ? strlen(help) : 0);
        free(help);
        break;
    }
    case CTL_COMPLETE: {
        char *line = session_complete(c->session, text);
        uint8_t found = line != NULL;
        conn_message(c, CTL_COMPLETED, &found, 1, line ? line : "", line ? strlen(line) : 0);
        free(line);
        break;
    }
    case CTL_ANSWER:
        if (c->session && c->use && c->running)
            line_busy(c->use, true); /* the command goes on */
        if (!c->session)
            line_answer(c->use, text[0] == 1 ? text + 1 : NULL);
        else
            session_answer(c->session, text[0] == 1 ? text + 1 : NULL);
        explicit_bzero(text, strlen(text)); /* it may be a password */
        break;
    default:
        break;
    }
}

/* What needs no session. */
static bool conn_before(struct conn *c, const struct ctl_msg *m)
{
    if (m->type == CTL_OPEN) {
        conn_open(c, m->len ? (enum ctl_kind)m->data[0] : 0);
    } else if (m->type == CTL_AUTH) {
        conn_auth(c, m->data, m->len);
        explicit_bzero((char *)(uintptr_t)m->data, m->len);
    } else if (m->type == CTL_PUBKEY && m->len) {
        conn_pubkey(c, m->data, m->len);
    } else if (m->type == CTL_REQUEST && !c->is_vty) {
        char *text = line_text(m->data, m->len);
        if (text)
            conn_request(c, text);
        free(text);
    } else if (m->type == CTL_ABORT && !c->session) {
        if (c->use)
            line_answer(c->use, NULL);
    } else if (m->type == CTL_CIPHERS && c->is_vty) {
        c->ciphers_len = m->len < sizeof c->ciphers ? m->len : 0;
        memcpy(c->ciphers, m->data, c->ciphers_len);
    } else {
        return false;
    }
    return true;
}

static void conn_keys(struct conn *c, const char *p, size_t len)
{
    for (size_t i = 0; i < len; i++)
        ctl_raw_ends(&c->raw, (unsigned char)p[i]);
    session_keys(c->session, p, len);
    if (c->raw.held && session_takes_keys(c->session)) /* it goes on: so may they */
        conn_message(c, CTL_RAW, NULL, 0, NULL, 0);
}

bool conn_handle(struct conn *c, const struct ctl_msg *m)
{
    if (c->paste || (c->running && (m->type == CTL_LINE || m->type == CTL_END || m->type == CTL_PASTE)))
        return false;
    if (!c->control->router) {
        conn_refuse(c, "the router is reloading: try again in a moment");
        return true;
    }
    if (c->use)
        line_alive(c->use);
    if (m->type == CTL_ALIVE || conn_before(c, m))
        return true;
    if (!c->session && !(c->use && m->type == CTL_ANSWER)) {
        conn_refuse(c, "open a session first");
        return true;
    }
    if (m->type == CTL_WINDOW) {
        session_set_terminal(c->session, ctl_u32(m, 0), ctl_u32(m, 4));
    } else if (m->type == CTL_ABORT) {
        session_abort(c->session);
    } else if (m->type == CTL_KEYS) {
        conn_keys(c, m->data, m->len);
        explicit_bzero((char *)(uintptr_t)m->data, m->len); /* there may be a password among them */
    } else if (m->type == CTL_PASTE) {
        paste_start(c, m->len && m->data[0], m->data + (m->len > 0), m->len - (m->len > 0));
    } else if (m->type == CTL_END) {
        c->running = true;
        session_end(c->session);
        on_done(c, 0); /* once: on_done looks at running */
    } else {
        /* The answer's leading flag is 0 or 1 and must survive as it is. */
        char *text = line_text(m->data, m->len);
        if (text && m->type == CTL_ANSWER && m->len && !m->data[0])
            text[0] = 0;
        if (m->type == CTL_ANSWER)
            explicit_bzero((char *)(uintptr_t)m->data, m->len);
        if (text)
            conn_text_message(c, m->type, text);
        free(text);
    }
    return true;
}
