/* The queue of typed keys between a vty's relay, which fills it and edits from it, and libcli's hook, which reads
 * answers and ` --More-- ` keys from it. Called from both threads. */
#include "cli/telnet_int.h"
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

void keyq_init(struct keyq *q)
{
    pthread_mutex_init(&q->lock, NULL);
    pthread_cond_init(&q->more, NULL);
    q->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
}

void keyq_free(struct keyq *q)
{
    pthread_cond_destroy(&q->more);
    pthread_mutex_destroy(&q->lock);
    if (q->p)
        explicit_bzero(q->p, q->cap); /* passwords were among it */
    free(q->p);
    if (q->fd >= 0)
        close(q->fd);
}

static void wake(struct keyq *q)
{
    uint64_t one = 1;
    pthread_cond_signal(&q->more);
    (void)!write(q->fd, &one, sizeof one);
}

void keyq_wait(struct keyq *q, int fd, int timeout_ms)
{
    uint64_t n;
    struct pollfd fds[2] = {{.fd = fd, .events = POLLIN}, {.fd = q->fd, .events = POLLIN}};
    if (poll(fds, 2, timeout_ms) > 0 && fds[1].revents)
        (void)!read(q->fd, &n, sizeof n);
}

void keyq_add(struct keyq *q, const uint8_t *p, size_t n)
{
    pthread_mutex_lock(&q->lock);
    if (q->at > q->len / 2) {
        memmove(q->p, q->p + q->at, q->len - q->at);
        q->len -= q->at;
        q->at = 0;
    }
    if (q->cap - q->len < n) {
        size_t cap = q->cap ? q->cap : 1024;
        while (cap - q->len < n)
            cap *= 2;
        uint8_t *bigger = realloc(q->p, cap);
        if (bigger) {
            q->p = bigger;
            q->cap = cap;
        }
    }
    if (q->cap - q->len >= n && n) {
        memcpy(q->p + q->len, p, n);
        q->len += n;
    }
    wake(q);
    pthread_mutex_unlock(&q->lock);
}

void keyq_end(struct keyq *q)
{
    pthread_mutex_lock(&q->lock);
    q->ended = true;
    wake(q);
    pthread_mutex_unlock(&q->lock);
}

int keyq_next(struct keyq *q, bool wait)
{
    pthread_mutex_lock(&q->lock);
    while (wait && q->at == q->len && !q->ended)
        pthread_cond_wait(&q->more, &q->lock);
    int key = q->at < q->len ? q->p[q->at++] : -1;
    pthread_mutex_unlock(&q->lock);
    return key;
}

size_t keyq_room(struct keyq *q)
{
    pthread_mutex_lock(&q->lock);
    size_t used = q->len - q->at;
    pthread_mutex_unlock(&q->lock);
    return used < KEYQ_MAX ? KEYQ_MAX - used : 0;
}

bool keyq_break(struct keyq *q, unsigned escape)
{
    bool found = false;
    pthread_mutex_lock(&q->lock);
    for (size_t i = q->len; i-- > q->at && !found;) {
        found = q->p[i] == 3 || (escape && q->p[i] == escape);
        if (found)
            q->at = i + 1;
    }
    pthread_mutex_unlock(&q->lock);
    return found;
}
