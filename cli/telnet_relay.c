/* The relay of a vty session: telnet's own bytes on the client's side, libcli's habits on the other (front-ends 3.5).
 * One thread per session; at the prompt it also edits the line, since libcli knows few of the keys (no Ctrl-V, Ctrl-Y,
 * Esc keys, no scrolling, one history), and prints log lines. */
#include "cli/control_wire.h"
#include "cli/edit.h"
#include "cli/telnet_int.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { IAC = 255, DO = 253, WILL = 251, OPT_ECHO = 1, OPT_SGA = 3, OPT_NAWS = 31 };
enum { CHUNK = 4096, OUT_MAX = 65536 };

struct relay {
    struct vty *v;
    struct telnet_in in;
    struct telnet_out out;
    struct ctl_buf to_net, to_lib;
    struct edit edit;
    struct strbuf screen; /* what the editor draws */
    enum { BEFORE /* the first prompt */, AT_PROMPT, RUNNING, COMPLETING } state;
    bool helping;  /* the line stays when the prompt comes back */
    bool ctl_over; /* the router closed the connection */
    bool typed;    /* the client of SSH types no more: what it typed is still run */
    unsigned resized;
    bool pressed;
    time_t told;
};

static void to_net(struct relay *r, const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if ((uint8_t)text[i] == IAC && !r->v->raw)
            ctl_buf_add(&r->to_net, "\xff\xff", 2);
        else
            ctl_buf_add(&r->to_net, text + i, 1);
}

static void show(struct relay *r)
{
    if (r->screen.len)
        to_net(r, r->screen.s, r->screen.len);
    r->screen.len = 0;
}

static bool from_net(struct relay *r)
{
    uint8_t in[CHUNK], out[CHUNK], reply[256];
    size_t n_reply = 0;
    ssize_t n = recv(r->v->net, in, sizeof in, MSG_DONTWAIT);
    if (!n && r->v->raw) {
        r->typed = true;
        keyq_end(&r->v->keys);
        return true;
    }
    if (n <= 0)
        return n < 0 && (errno == EAGAIN || errno == EINTR);
    size_t len = telnet_filter_in(&r->in, in, (size_t)n, out, reply, sizeof reply, &n_reply);
    keyq_add(&r->v->keys, out, len);
    ctl_buf_add(&r->to_net, reply, n_reply);
    if (r->in.resized != r->resized) {
        r->resized = r->in.resized;
        atomic_store(&r->v->window_length, r->in.height);
        atomic_store(&r->v->window_width, r->in.width);
        atomic_store(&r->v->window_new, true);
    }
    r->pressed |= len > 0;
    return true;
}

/* What the router is to know while no command runs: the window, and that somebody is there. */
static void tell(struct relay *r)
{
    struct timespec now;
    vty_send_window(r->v);
    r->edit.width = r->v->st.width;
    clock_gettime(CLOCK_MONOTONIC, &now);
    if (r->pressed && now.tv_sec != r->told) {
        ctl_send(r->v->ctl, CTL_ALIVE, NULL, 0);
        r->told = now.tv_sec;
        r->pressed = false;
    }
}

static void at_prompt(struct relay *r)
{
    const struct ctl_state *st = &r->v->st;
    if (r->helping) {
        edit_show(&r->edit, false, &r->screen);
    } else {
        edit_begin(&r->edit, st->prompt, st->width, st->in_config, st->history);
        r->edit.plain = st->plain;
    }
    r->helping = false;
    r->state = AT_PROMPT;
    show(r);
}

static bool from_lib(struct relay *r)
{
    uint8_t in[CHUNK], out[2 * CHUNK + 4];
    ssize_t n = recv(r->v->wire, in, sizeof in, MSG_DONTWAIT);
    if (n <= 0)
        return n < 0 && (errno == EAGAIN || errno == EINTR);
    ctl_buf_add(&r->to_net, out, telnet_filter_out(&r->out, in, (size_t)n, out));
    if (r->out.prompted) {
        r->out.prompted = false;
        r->out.column = 0; /* from here on the editor draws */
        at_prompt(r);
    }
    return true;
}

static void hand_over(struct relay *r, enum vty_ask ask, const char *token)
{
    struct vty *v = r->v;
    free(v->line);
    v->line = strdup(r->edit.text.s);
    v->ask = r->edit.overlong ? VTY_TOO_LONG : ask;
    r->state = RUNNING;
    ctl_buf_add(&r->to_lib, token, strlen(token));
}

/* TAB on the word before the cursor at the line's end (ios-cli 5.5). */
static bool complete(struct relay *r)
{
    struct edit *e = &r->edit;
    if (!edit_completes(e))
        return true;
    r->state = COMPLETING;
    return ctl_send(r->v->ctl, CTL_COMPLETE, e->text.s, e->text.len) == 0;
}

static void completed(struct relay *r, const struct ctl_msg *m)
{
    r->state = AT_PROMPT;
    if (m->len > 1 && m->data[0])
        edit_replace(&r->edit, m->data + 1, m->len - 1);
    else
        strbuf_write(&r->screen, "\a", 1);
    strbuf_write(&r->screen, "\r\n", 2);
    edit_show(&r->edit, true, &r->screen);
    show(r);
}

/* Takes what was typed while a line is edited. ctl is ours at the prompt: the hook waits for a token. */
static bool type(struct relay *r)
{
    int key;
    while (r->state == AT_PROMPT && ctl_buf_waiting(&r->to_net) < OUT_MAX &&
           (key = keyq_next(&r->v->keys, false)) >= 0) {
        enum edit_event event = edit_key(&r->edit, (uint8_t)key, &r->screen);
        show(r);
        switch (event) {
        case EDIT_LINE:
            edit_remember(&r->edit, r->edit.text.s);
            hand_over(r, VTY_LINE, "x\r");
            break;
        case EDIT_CTRL_Z:
            edit_remember(&r->edit, r->edit.text.s);
            hand_over(r, VTY_END, "x\r");
            break;
        case EDIT_CTRL_C:
            hand_over(r, VTY_LEAVE, "x\r");
            break;
        case EDIT_HELP:
            r->helping = true;
            hand_over(r, VTY_LINE, "?");
            r->v->line[r->edit.cursor] = '\0';
            break;
        case EDIT_TAB:
            if (!complete(r))
                return false;
            break;
        case EDIT_NONE:
            break;
        }
    }
    return !r->typed || r->state != AT_PROMPT || ctl_buf_waiting(&r->to_net) >= OUT_MAX;
}

/* A log line, a completion, or the end of the session, while no command runs. false: over. */
static bool from_router(struct relay *r)
{
    struct ctl_msg m;
    int got = ctl_recv(r->v->ctl, &m, 0);
    if (got == -2)
        return true;
    if (got != 1)
        return false;
    if (m.type == CTL_COMPLETED && r->state == COMPLETING)
        completed(r, &m);
    if (m.type != CTL_MESSAGE && m.type != CTL_CLOSED)
        return true;
    if (m.type == CTL_CLOSED && !m.len) /* IOS says nothing at the end of an idle vty */
        return false;
    drawn_wipe(&r->edit.drawn, strlen(r->edit.prompt), &r->screen);
    show(r);
    for (size_t i = 0; i < m.len; i++)
        to_net(r, m.data[i] == '\n' ? "\r\n" : m.data + i, m.data[i] == '\n' ? 2 : 1);
    if (m.type == CTL_CLOSED)
        return false;
    to_net(r, "\r\n", 2);
    edit_show(&r->edit, true, &r->screen);
    show(r);
    return true;
}

static bool relay_turn(struct relay *r)
{
    struct vty *v = r->v;
    bool room_net = ctl_buf_waiting(&r->to_net) < OUT_MAX;
    bool room_keys = keyq_room(&v->keys) > CHUNK;
    bool mine = (r->state == AT_PROMPT || r->state == COMPLETING) && pthread_mutex_trylock(&v->lock) == 0;
    bool live = true;
    if (mine)
        tell(r);
    if (mine && ctl_waiting(v->ctl))
        live = from_router(r);
    if (live && mine && room_net)
        live = type(r);
    bool again = mine && ctl_waiting(v->ctl);
    struct pollfd fds[3] = {
        {.fd = v->net,
         .events = (short)((room_keys && !r->typed ? POLLIN : 0) | (ctl_buf_waiting(&r->to_net) ? POLLOUT : 0))},
        {.fd = v->wire, .events = (short)((room_net ? POLLIN : 0) | (ctl_buf_waiting(&r->to_lib) ? POLLOUT : 0))},
        /* While the hook has it, only its end is looked for: a question has no answer then. */
        {.fd = r->ctl_over ? -1 : ctl_fd(v->ctl), .events = mine ? POLLIN : 0}};
    if (mine)
        pthread_mutex_unlock(&v->lock);
    bool idle = mine || r->state == RUNNING || r->state == BEFORE ? room_keys : false;
    if (live && poll(fds, 3, again ? 0 : idle ? -1 : 20) < 0)
        return errno == EINTR;
    if (live && fds[2].revents && !mine) {
        r->ctl_over = true;
        keyq_end(&v->keys);
    }
    if (live && fds[2].revents && mine && (r->state == AT_PROMPT || r->state == COMPLETING)) {
        pthread_mutex_lock(&v->lock);
        live = from_router(r);
        pthread_mutex_unlock(&v->lock);
    }
    if (r->typed) /* both ways: the client is gone */
        live = live && !(fds[0].revents & (POLLHUP | POLLERR));
    else if (live && fds[0].revents & (POLLIN | POLLHUP | POLLERR) && room_keys)
        live = from_net(r);
    if (live && fds[1].revents & (POLLIN | POLLHUP | POLLERR) && room_net)
        live = from_lib(r);
    return ctl_buf_flush(&r->to_net, v->net) == 0 && ctl_buf_flush(&r->to_lib, v->wire) == 0 && live;
}

void *vty_relay_main(void *arg)
{
    struct vty *v = arg;
    struct relay *r = calloc(1, sizeof *r);
    static const uint8_t hello[] = {IAC, WILL, OPT_ECHO, IAC, WILL, OPT_SGA, IAC, DO, OPT_NAWS};
    if (r) {
        r->v = v;
        edit_init(&r->edit);
        r->out.lined = true;
        r->in.raw = r->out.raw = v->raw;
        if (!v->raw)
            ctl_buf_add(&r->to_net, hello, sizeof hello);
        while (relay_turn(r))
            ;
        /* What libcli still wrote, and what the client has not read yet: for a moment. */
        for (int i = 0; i < 20 && !ctl_buf_flush(&r->to_net, v->net) && ctl_buf_waiting(&r->to_net); i++)
            poll(&(struct pollfd){.fd = v->net, .events = POLLOUT}, 1, 50);
        edit_free(&r->edit);
        strbuf_free(&r->screen);
        ctl_buf_free(&r->to_net);
        ctl_buf_free(&r->to_lib);
    }
    free(r);
    keyq_end(&v->keys);
    shutdown(v->net, SHUT_RDWR);
    shutdown(v->wire, SHUT_RDWR); /* libcli's loop reads the end */
    shutdown(ctl_fd(v->ctl), SHUT_RDWR);
    pthread_join(v->cli, NULL);
    atomic_store(&v->finished, true);
    return NULL;
}
