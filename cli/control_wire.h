/* Framing of the control socket, shared by both ends: a byte queue and whole messages in it. */
#ifndef TAPIR_CLI_CONTROL_WIRE_H
#define TAPIR_CLI_CONTROL_WIRE_H
#include "cli/control.h"

struct ctl_buf {
    uint8_t *p;
    size_t at, len, cap; /* bytes [at, len) are waiting */
};
bool ctl_buf_add(struct ctl_buf *b, const void *data, size_t len);
void ctl_buf_free(struct ctl_buf *b);
/* Appends a message: first (first_len bytes) and rest one behind the other. false: out of memory. */
bool ctl_buf_message(struct ctl_buf *b, uint8_t type, const void *first, size_t first_len, const void *rest,
                     size_t rest_len);
/* 1: *m is the next message (valid until the buffer changes; not NUL-terminated), 0: incomplete, -1: nonsense. */
int ctl_buf_next(struct ctl_buf *b, struct ctl_msg *m);
/* As much as the descriptor takes or gives now. read: >0 bytes, 0 end, -1 error, -2 would block. */
int ctl_buf_flush(struct ctl_buf *b, int fd); /* 0 all or would block, -1 broken */
int ctl_buf_fill(struct ctl_buf *b, int fd);
size_t ctl_buf_waiting(const struct ctl_buf *b);
/* Checks that path fits and connects; fd or -errno. */
int ctl_connect_fd(const char *path);
#endif
