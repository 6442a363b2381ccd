/* The tools' end of the control socket: finds the router's socket, sends, waits for answers. Blocking. Called by
 * console.c, exec.c, paste.c and the lab's subcommands. */
#include "cli/control.h"
#include "cli/control_wire.h"
#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct ctl {
    int fd;
    struct ctl_buf in, out;
    char *text; /* NUL-terminated copy of the last message */
    size_t text_cap;
};

const char *ctl_run_dir(void)
{
    const char *dir = getenv("TAPIR_RUN");
    return dir && *dir ? dir : "/run/tapir";
}

static struct ctl *ctl_new(int fd)
{
    struct ctl *c = calloc(1, sizeof *c);
    if (!c)
        close(fd);
    else
        c->fd = fd;
    return c;
}

bool ctl_raw_ends(struct ctl_raw *k, int key)
{
    k->held = k->escaped;
    k->escaped = !k->escaped && k->escape && (unsigned)key == k->escape;
    return k->held;
}

struct ctl *ctl_adopt(int fd, char *err, size_t errlen)
{
    struct ctl *c = ctl_new(fd);
    if (!c)
        snprintf(err, errlen, "out of memory");
    return c;
}

struct ctl *ctl_connect_path(const char *path, char *err, size_t errlen)
{
    int fd = ctl_connect_fd(path);
    if (fd < 0) {
        if (fd == -ENOENT || fd == -ECONNREFUSED)
            snprintf(err, errlen, "no router answers at %s", path);
        else
            snprintf(err, errlen, "%s: %s", path, strerror(-fd));
        return NULL;
    }
    struct ctl *c = ctl_new(fd);
    if (!c)
        snprintf(err, errlen, "out of memory");
    return c;
}

/* NODE alone: the one running lab that has it. Returns a descriptor, -ENOENT, or -EEXIST if several have. */
static int connect_in_labs(const char *node, char *labs, size_t labslen)
{
    DIR *dir = opendir(ctl_run_dir());
    int fd = -ENOENT;
    if (!dir)
        return fd;
    for (struct dirent *d; (d = readdir(dir));) {
        char path[600];
        if (d->d_name[0] == '.' ||
            snprintf(path, sizeof path, "%s/%s/%s.sock", ctl_run_dir(), d->d_name, node) >= (int)sizeof path)
            continue;
        int other = ctl_connect_fd(path);
        if (other == -EACCES || other == -EPERM)
            fd = fd == -ENOENT ? other : fd;
        if (other < 0)
            continue;
        size_t n = strlen(labs);
        snprintf(labs + n, labslen - n, "%s%s/%s", n ? " or " : "", d->d_name, node);
        if (fd >= 0) {
            close(fd);
            fd = -EEXIST;
        }
        if (fd == -EEXIST)
            close(other);
        else
            fd = other;
    }
    closedir(dir);
    return fd;
}

struct ctl *ctl_connect(const char *name, char *err, size_t errlen)
{
    char path[600], labs[512] = "";
    int fd = -ENOENT;
    if (!*name || name[0] == '.' || strstr(name, "/.") || strchr(name, '/') != strrchr(name, '/') ||
        strlen(name) > 200) {
        snprintf(err, errlen, "%.60s is no router's name", name);
        return NULL;
    }
    snprintf(path, sizeof path, "%s/%s.sock", ctl_run_dir(), name);
    fd = ctl_connect_fd(path);
    if ((fd == -ENOENT || fd == -ECONNREFUSED) && !strchr(name, '/')) {
        int in_lab = connect_in_labs(name, labs, sizeof labs);
        if (in_lab != -ENOENT)
            fd = in_lab;
    }
    if (fd == -EEXIST)
        snprintf(err, errlen, "%s runs in several labs: say %s", name, labs);
    else if (fd == -EACCES || fd == -EPERM)
        snprintf(err, errlen, "router %s: permission denied at its socket in %s: try sudo", name, ctl_run_dir());
    else if (fd == -ENOENT || fd == -ECONNREFUSED)
        snprintf(err, errlen, "router %s is not running (no socket answers under %s)", name, ctl_run_dir());
    else if (fd < 0)
        snprintf(err, errlen, "%s: %s", path, strerror(-fd));
    struct ctl *c = fd >= 0 ? ctl_new(fd) : NULL;
    if (fd >= 0 && !c)
        snprintf(err, errlen, "out of memory");
    return c;
}

void ctl_close(struct ctl *c)
{
    if (!c)
        return;
    close(c->fd);
    ctl_buf_free(&c->in);
    ctl_buf_free(&c->out);
    if (c->text)
        explicit_bzero(c->text, c->text_cap);
    free(c->text);
    free(c);
}

int ctl_fd(const struct ctl *c)
{
    return c->fd;
}

static int ctl_push(struct ctl *c, enum ctl_type type, const void *first, size_t first_len, const void *rest,
                    size_t rest_len)
{
    if (!ctl_buf_message(&c->out, (uint8_t)type, first, first_len, rest, rest_len))
        return -1;
    return ctl_buf_flush(&c->out, c->fd);
}

int ctl_send(struct ctl *c, enum ctl_type type, const void *data, size_t len)
{
    return ctl_push(c, type, NULL, 0, data, len);
}

int ctl_send2(struct ctl *c, enum ctl_type type, uint8_t first, const void *data, size_t len)
{
    return ctl_push(c, type, &first, 1, data, len);
}

bool ctl_waiting(const struct ctl *c)
{
    struct ctl_buf peek = c->in;
    struct ctl_msg m;
    return ctl_buf_next(&peek, &m) != 0;
}

int ctl_recv(struct ctl *c, struct ctl_msg *m, int timeout_ms)
{
    for (;;) {
        int got = ctl_buf_next(&c->in, m);
        if (got < 0)
            return -1;
        if (got > 0)
            break;
        struct pollfd p = {.fd = c->fd, .events = POLLIN};
        int n = poll(&p, 1, timeout_ms);
        if (n == 0)
            return -2;
        if (n < 0 && errno == EINTR)
            continue;
        int r = n < 0 ? -1 : ctl_buf_fill(&c->in, c->fd);
        if (r == 0 || r == -1)
            return r;
    }
    if (c->text_cap < m->len + 1) {
        free(c->text);
        c->text_cap = m->len + 4096;
        c->text = malloc(c->text_cap);
        if (!c->text) {
            c->text_cap = 0;
            return -1;
        }
    }
    memcpy(c->text, m->data, m->len);
    c->text[m->len] = '\0';
    m->data = c->text;
    return 1;
}

uint32_t ctl_u32(const struct ctl_msg *m, size_t at)
{
    const uint8_t *p = (const uint8_t *)m->data + at;
    if (at + 4 > m->len)
        return 0;
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

bool ctl_read_state(const struct ctl_msg *m, size_t at, struct ctl_state *st)
{
    if (m->len < at + 17)
        return false;
    st->in_config = m->data[at] & 1;
    st->length_set = m->data[at] & 2;
    st->width_set = m->data[at] & 4;
    st->plain = m->data[at] & 8;
    st->length = ctl_u32(m, at + 1);
    st->width = ctl_u32(m, at + 5);
    st->history = ctl_u32(m, at + 9);
    st->escape = ctl_u32(m, at + 13);
    snprintf(st->prompt, sizeof st->prompt, "%s", m->data + at + 17);
    return true;
}

int ctl_open_login(struct ctl *c, enum ctl_kind kind, struct ctl_state *st, ctl_login login, void *arg, char *err,
                   size_t errlen)
{
    struct ctl_msg m;
    if (ctl_send2(c, CTL_OPEN, (uint8_t)kind, NULL, 0)) {
        snprintf(err, errlen, "the router closed the connection");
        return -1;
    }
    while (ctl_recv(c, &m, -1) == 1) {
        if (m.type == CTL_STATE && ctl_read_state(&m, 0, st))
            return 0;
        if (m.type == CTL_REFUSED || m.type == CTL_CLOSED) {
            snprintf(err, errlen, "%s", m.data);
            return -1;
        }
        if (login && (m.type == CTL_OUTPUT || m.type == CTL_ASK) && !login(arg, c, &m))
            break;
    }
    snprintf(err, errlen, "the router closed the connection");
    return -1;
}

int ctl_open(struct ctl *c, enum ctl_kind kind, struct ctl_state *st, char *err, size_t errlen)
{
    return ctl_open_login(c, kind, st, NULL, NULL, err, errlen);
}

int ctl_request(const char *name, const char *request, out_sink sink, void *arg, char *err, size_t errlen)
{
    struct ctl *c = ctl_connect(name, err, errlen);
    if (!c)
        return 1;
    int status = 1;
    struct ctl_msg m = {0};
    bool done = ctl_send(c, CTL_REQUEST, request, strlen(request)) != 0;
    snprintf(err, errlen, "%s: the router closed the connection", name);
    while (!done && ctl_recv(c, &m, -1) == 1) {
        if (m.type == CTL_DATA && sink) {
            sink(arg, m.data, m.len);
        } else if (m.type == CTL_RESULT && m.len >= 1) {
            status = m.data[0] != 0;
            snprintf(err, errlen, "%s", m.data + 1);
            done = true;
        } else if (m.type == CTL_REFUSED) {
            snprintf(err, errlen, "%s", m.data);
            done = true;
        }
    }
    ctl_close(c);
    return status;
}
