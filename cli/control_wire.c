/* Framing of the control socket. Called by control.c (the router's side) and control_client.c (the tools'). */
#include "cli/control_wire.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

size_t ctl_buf_waiting(const struct ctl_buf *b)
{
    return b->len - b->at;
}

static uint8_t *ctl_buf_room(struct ctl_buf *b, size_t more)
{
    if (b->at && (b->at == b->len || b->at > b->cap / 2)) {
        memmove(b->p, b->p + b->at, b->len - b->at);
        b->len -= b->at;
        b->at = 0;
    }
    if (b->cap - b->len < more) {
        size_t cap = b->cap ? b->cap : 4096;
        while (cap - b->len < more)
            cap *= 2;
        uint8_t *p = realloc(b->p, cap);
        if (!p)
            return NULL;
        b->p = p;
        b->cap = cap;
    }
    return b->p + b->len;
}

bool ctl_buf_add(struct ctl_buf *b, const void *data, size_t len)
{
    uint8_t *p = ctl_buf_room(b, len);
    if (!p)
        return false;
    if (len)
        memcpy(p, data, len);
    b->len += len;
    return true;
}

void ctl_buf_free(struct ctl_buf *b)
{
    if (b->p)
        explicit_bzero(b->p, b->cap); /* passwords were among it */
    free(b->p);
    *b = (struct ctl_buf){0};
}

bool ctl_buf_message(struct ctl_buf *b, uint8_t type, const void *first, size_t first_len, const void *rest,
                     size_t rest_len)
{
    size_t n = first_len + rest_len;
    if (n > CTL_MAX || !ctl_buf_room(b, n + 5))
        return false;
    uint8_t head[5] = {type, (uint8_t)(n >> 24), (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n};
    ctl_buf_add(b, head, sizeof head);
    ctl_buf_add(b, first, first_len);
    return ctl_buf_add(b, rest, rest_len);
}

int ctl_buf_next(struct ctl_buf *b, struct ctl_msg *m)
{
    if (ctl_buf_waiting(b) < 5)
        return 0;
    const uint8_t *p = b->p + b->at;
    size_t n = (size_t)p[1] << 24 | (size_t)p[2] << 16 | (size_t)p[3] << 8 | p[4];
    if (n > CTL_MAX)
        return -1;
    if (ctl_buf_waiting(b) < 5 + n)
        return 0;
    *m = (struct ctl_msg){.type = p[0], .data = (const char *)p + 5, .len = n};
    b->at += 5 + n;
    return 1;
}

int ctl_buf_flush(struct ctl_buf *b, int fd)
{
    while (b->at < b->len) {
        ssize_t n = send(fd, b->p + b->at, b->len - b->at, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return errno == EAGAIN || errno == EWOULDBLOCK ? 0 : -1;
        b->at += (size_t)n;
    }
    b->at = b->len = 0;
    return 0;
}

int ctl_buf_fill(struct ctl_buf *b, int fd)
{
    uint8_t *p = ctl_buf_room(b, 65536);
    if (!p)
        return -1;
    ssize_t n;
    do
        n = read(fd, p, 65536);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return errno == EAGAIN || errno == EWOULDBLOCK ? -2 : -1;
    b->len += (size_t)n;
    return (int)n;
}

int ctl_connect_fd(const char *path)
{
    struct sockaddr_un sa = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof sa.sun_path)
        return -ENAMETOOLONG;
    memcpy(sa.sun_path, path, strlen(path) + 1);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    if (connect(fd, (struct sockaddr *)&sa, sizeof sa)) {
        int err = -errno;
        close(fd);
        return err;
    }
    return fd;
}
