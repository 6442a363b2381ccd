/* Connections from the prompt to elsewhere, as telnet, connect and ssh open them: in the foreground they take the keys;
 * the escape character and x leave them waiting; they end with their line. The host's side dials (line.h). */
#include "modules/crypto/crypto.h"
#include "modules/line/line_int.h"
#include "modules/net/ip.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { READER_PAUSE_MS = 10, SYNWAIT_S = 30 };

static void show(struct line_conn *n, const char *text, size_t len)
{
    if (n->job)
        out_write(cmd_job_out(n->job), text, len);
    else
        strbuf_write(&n->held, text, len);
}

/* Our own words: in the foreground the door passes on what it gets. */
static void say(struct line_conn *n, const char *text)
{
    for (; *text; text++)
        if (*text == '\n' && n->raw)
            show(n, "\r\n", 2);
        else
            show(n, text, 1);
}

/* ---- life ---- */

static struct line_conn **place_of(struct line_conn *n)
{
    struct line_conn **pp = &n->use->conns;
    while (*pp != n)
        pp = &(*pp)->next;
    return pp;
}

/* What RETURN on an empty line goes back to. */
static void pick_last(struct line_use *use, unsigned number)
{
    const struct line_conn *n = use->conns;
    while (n && n->number != number)
        n = n->next;
    use->conn_last = n ? number : use->conns ? use->conns->number : 0;
    if (use->session)
        cmd_set_resumes(use->session, use->conn_last);
}

static void conn_free(struct line_conn *n)
{
    struct line_use *use = n->use;
    timer_stop(&n->reader);
    timer_stop(&n->idle);
    if (use)
        *place_of(n) = n->next;
    strbuf_free(&n->held);
    crypto_wipe(n->secret, sizeof n->secret);
    free(n);
    if (use)
        pick_last(use, use->conn_last);
}

void conn_close(struct line_conn *n)
{
    if (n->call)
        n->l->dialer.end(n->call);
    n->call = NULL;
    conn_free(n);
}

void line_conns_close(struct line_use *use)
{
    while (use->conns)
        conn_close(use->conns);
}

/* Lets the prompt come back. */
static void leave(struct line_conn *n, int result)
{
    struct cmd_job *job = n->job;
    n->job = NULL;
    timer_stop(&n->idle);
    cmd_job_finish(job, result);
}

static void end_with(struct line_conn *n, const char *text, int result)
{
    struct cmd_job *job = n->job;
    if (job) {
        say(n, text);
    } else if (n->use && n->use->ops.message) { /* it waited behind the prompt */
        const char *line = text + strspn(text, "\n");
        char copy[200];
        snprintf(copy, sizeof copy, "%.*s", (int)strcspn(line, "\n"), line);
        n->use->ops.message(n->use->u, copy);
    }
    n->job = NULL;
    conn_close(n);
    if (job)
        cmd_job_finish(job, result);
}

static void on_abort(void *arg)
{
    struct line_conn *n = arg;
    n->job = NULL;
    conn_close(n);
}

/* ---- the far side ---- */

static void on_ended(void *u, enum line_call_end why)
{
    static const char *const texts[] = {[CALL_REFUSED] = "% Connection refused by remote host",
                                        [CALL_TIMEOUT] = "% Connection timed out; remote host not responding",
                                        [CALL_UNREACHABLE] = "% Destination unreachable; gateway or host down",
                                        [CALL_DENIED] = "% Authentication failed.",
                                        [CALL_BROKEN] = "% No SSH session could be agreed upon"};
    struct line_conn *n = u;
    char text[200];
    struct route_hit hit;
    struct addr to = addr_v4(n->to.addr);
    n->call = NULL; /* it is gone */
    /* A neighbour that does not answer ARP: nobody says that he is unreachable, but he never responds. */
    if (why == CALL_UNREACHABLE && route_lookup(n->l->r, &to, &hit) && addr_equal(&hit.next_hop, &to))
        why = CALL_TIMEOUT;
    if (n->open && why == CALL_CLOSED)
        snprintf(text, sizeof text, "\n[Connection to %s closed by foreign host]\n", n->name);
    else
        snprintf(text, sizeof text, "%s%s\n\n", n->to.ssh && !n->raw ? "" : "\n",
                 texts[why == CALL_CLOSED ? CALL_BROKEN : why]);
    end_with(n, text, n->open ? CMD_OK : CMD_ERROR);
}

static void reader_look(void *arg)
{
    struct line_conn *n = arg;
    if (n->job && cmd_job_full(n->job))
        timer_start(&n->reader, READER_PAUSE_MS * NS_PER_MS);
    else if (n->call)
        n->l->dialer.more(n->call);
}

static void send(struct line_conn *n, const char *p, size_t len)
{
    if (len && n->call)
        n->l->dialer.send(n->call, p, len);
}

static size_t on_data(void *u, const uint8_t *p, size_t len)
{
    struct line_conn *n = u;
    if (n->job ? cmd_job_full(n->job) : n->held.len >= CONN_HELD_MAX) {
        if (n->job)
            timer_start(&n->reader, READER_PAUSE_MS * NS_PER_MS);
        return 0; /* what waits behind the prompt is read on when it comes to the front */
    }
    if (n->to.ssh) {
        show(n, (const char *)p, len);
        return len;
    }
    struct strbuf reply = {0};
    uint8_t out[1024];
    size_t part = len < sizeof out ? len : sizeof out;
    show(n, (const char *)out, telnet_client_in(&n->telnet, p, part, out, &reply));
    send(n, reply.s, reply.len);
    strbuf_free(&reply);
    return part;
}

static void on_keys(void *arg, const char *p, size_t len);

static void take_keys(struct line_conn *n)
{
    n->raw = n->raw || (n->job && cmd_job_raw(n->job, on_keys));
}

static void on_ask(void *u)
{
    struct line_conn *n = u;
    if (!n->use) { /* nobody can answer */
        n->l->dialer.answer(n->call, NULL);
        return;
    }
    take_keys(n);
    n->asking = true;
    say(n, "Password: ");
}

static void idle_over(void *arg)
{
    struct line_conn *n = arg;
    char text[160];
    snprintf(text, sizeof text, "\n[Connection to %s idle too long; timed out]\n", n->name);
    end_with(n, text, CMD_OK);
}

static void idle_start(struct line_conn *n)
{
    const struct line_block *b = n->use ? line_block_of(n->l, n->use->kind, n->use->number) : NULL;
    n->last = loop_now(n->l->r->loop);
    if (b && b->session_timeout_s)
        timer_start(&n->idle, (nstime)b->session_timeout_s * NS_PER_S);
}

/* ---- the user's keys ---- */

static void secret_key(struct line_conn *n, char ch)
{
    if (ch == '\r' || ch == '\n') {
        show(n, "\r\n", 2);
        n->asking = false;
        n->secret[n->n_secret] = '\0';
        n->l->dialer.answer(n->call, n->secret);
        crypto_wipe(n->secret, sizeof n->secret);
        n->n_secret = 0;
    } else if (ch == 8 || ch == 127) {
        n->n_secret -= n->n_secret > 0;
    } else if (ch == 21 || ch == 24) { /* Ctrl-U, Ctrl-X */
        n->n_secret = 0;
    } else if ((unsigned char)ch >= ' ' && n->n_secret + 1 < sizeof n->secret) {
        n->secret[n->n_secret++] = ch;
    }
}

/* Behind the escape character. true: the prompt is back. */
static bool escape_key(struct line_conn *n, char ch)
{
    static const struct {
        char key;
        uint8_t command; /* of RFC 854 */
        const char *what;
    } keys[] = {{'B', 243, "sends a break"}, {'C', 244, "interrupts the process"}, {'H', 247, "erases a character"},
                {'O', 245, "aborts output"}, {'T', 246, "are you there?"},         {'U', 248, "erases the line"}};
    unsigned escape = cmd_job_escape(n->job);
    if ((ch | 0x20) == 'x') {
        say(n, "\n");
        pick_last(n->use, n->number);
        leave(n, CMD_OK);
        return true;
    }
    if ((unsigned char)ch == escape) {
        send(n, &ch, 1);
        return false;
    }
    for (unsigned i = 0; i < sizeof keys / sizeof *keys; i++) {
        const char iac[2] = {(char)255, (char)keys[i].command};
        char line[60];
        snprintf(line, sizeof line, "\n%c  %s", keys[i].key, keys[i].what);
        if (ch == '?')
            say(n, line);
        else if (!n->to.ssh && (ch & ~0x20) == keys[i].key)
            send(n, iac, sizeof iac);
    }
    if (ch == '?')
        say(n, "\nX  suspends the session\n");
    return false;
}

static void typed(struct line_conn *n, char ch)
{
    struct strbuf out = {0};
    if (n->to.ssh)
        strbuf_write(&out, &ch, 1);
    else
        telnet_client_out(&n->telnet, &ch, 1, &out);
    send(n, out.s, out.len);
    strbuf_free(&out);
    if (!n->to.ssh && !n->telnet.echoes)
        show(n, ch == '\r' ? "\r\n" : &ch, ch == '\r' ? 2 : 1);
}

static void on_keys(void *arg, const char *p, size_t len)
{
    struct line_conn *n = arg;
    idle_start(n);
    for (size_t i = 0; i < len; i++) {
        if (!n->call)
            return;
        if (n->asking && (p[i] == 3 || (unsigned char)p[i] == cmd_job_escape(n->job))) {
            end_with(n, "\n", CMD_OK);
            return;
        }
        if (n->asking) {
            secret_key(n, p[i]);
        } else if (n->escaped) {
            n->escaped = false;
            if (escape_key(n, p[i]))
                return;
        } else if (n->open) {
            n->escaped = (unsigned char)p[i] == cmd_job_escape(n->job) && p[i];
            if (!n->escaped)
                typed(n, p[i]);
        }
    }
}

/* ---- open ---- */

static void on_opened(void *u)
{
    struct line_conn *n = u;
    if (!n->to.ssh)
        say(n, "Open\n");
    if (!n->use) { /* it can be reached: that is what a command of the host learns */
        end_with(n, "", CMD_OK);
        return;
    }
    take_keys(n);
    n->open = true;
    idle_start(n);
}

static const struct line_call_ops call_ops = {.opened = on_opened, .data = on_data, .ask = on_ask, .ended = on_ended};

static unsigned free_number(const struct line_use *use)
{
    unsigned number = 1;
    for (const struct line_conn *n = use->conns; n && n->number <= number; n = n->next)
        number = n->number + 1;
    return number;
}

static void insert(struct line_conn *n)
{
    struct line_conn **pp = &n->use->conns;
    n->number = free_number(n->use);
    while (*pp && (*pp)->number < n->number)
        pp = &(*pp)->next;
    n->next = *pp;
    *pp = n;
}

int conn_start(struct cmd *c, const char *name, const struct line_call_to *to)
{
    struct lines *l = lines_cmd(c);
    struct line_use *use = c->interactive ? cmd_line(c) : NULL;
    struct line_conn *n = calloc(1, sizeof *n);
    if (!n)
        return cmd_error(c, "%% No memory for a connection");
    n->l = l;
    n->use = use;
    n->to = *to;
    n->to.wait_s = l->synwait_s ? l->synwait_s : SYNWAIT_S;
    cmd_terminal(c, &n->to.length, &n->to.width);
    n->telnet.length = n->to.length;
    n->telnet.width = n->to.width;
    snprintf(n->name, sizeof n->name, "%s", name);
    timer_init(&n->reader, c->router->loop, reader_look, n);
    timer_init(&n->idle, c->router->loop, idle_over, n);
    n->last = loop_now(c->router->loop);
    if (use) {
        use->session = c->session;
        insert(n);
    }
    n->call = l->dialer.start ? l->dialer.start(l->dialer.ctx, &n->to, &call_ops, n) : NULL;
    if (!n->call) {
        conn_free(n);
        return cmd_error(c, "%s%% Destination unreachable; gateway or host down\n", to->ssh ? "" : "\n");
    }
    n->job = cmd_suspend(c, on_abort, n);
    return CMD_PENDING;
}

int conn_resume(struct cmd *c, struct line_conn *n)
{
    struct strbuf held = n->held;
    n->held = (struct strbuf){0};
    out_text(c->out, "[Resuming connection %u to %s ... ]\n", n->number, n->name);
    n->job = cmd_suspend(c, on_abort, n);
    cmd_job_raw(n->job, on_keys);
    n->use->session = c->session;
    if (held.len)
        show(n, held.s, held.len);
    strbuf_free(&held);
    pick_last(n->use, n->number);
    idle_start(n);
    timer_start(&n->reader, 0);
    return CMD_PENDING;
}
