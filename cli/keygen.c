/* RSA keys made in a thread of their own: thousands of milliseconds that the loop must not lose (see keygen.h). */
#include "cli/keygen.h"
#include "modules/crypto/crypto.h"
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct keygen { /* one key at a time: modules/line asks for no more */
    struct loop *loop;
    bool running;
    pthread_t thread;
    int fd;
    struct loop_fd *watch;
    unsigned bits;
    char *pem;
    void (*done)(void *arg, char *pem); /* NULL: nobody waits any more */
    void *arg;
};

static void *make(void *arg)
{
    struct keygen *k = arg;
    uint64_t one = 1;
    k->pem = crypto_rsa_new(k->bits);
    (void)!write(k->fd, &one, sizeof one);
    return NULL;
}

static char *finish(struct keygen *k)
{
    char *pem = k->pem;
    pthread_join(k->thread, NULL);
    pem = k->pem;
    k->pem = NULL;
    k->running = false;
    loop_fd_del(k->watch);
    close(k->fd);
    return pem;
}

static void discard(char *pem)
{
    if (pem)
        crypto_wipe(pem, strlen(pem));
    free(pem);
}

static void ready(void *arg, unsigned events)
{
    struct keygen *k = arg;
    (void)events;
    char *pem = finish(k);
    if (k->done)
        k->done(k->arg, pem);
    else
        discard(pem);
}

static bool start(void *ctx, unsigned bits, void (*done)(void *arg, char *pem), void *arg)
{
    struct keygen *k = ctx;
    if (k->running)
        return false;
    k->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (k->fd < 0)
        return false;
    k->watch = loop_fd_add(k->loop, k->fd, LOOP_READ, ready, k);
    k->bits = bits;
    k->done = done;
    k->arg = arg;
    if (!k->watch || pthread_create(&k->thread, NULL, make, k)) {
        if (k->watch)
            loop_fd_del(k->watch);
        close(k->fd);
        return false;
    }
    k->running = true;
    return true;
}

static void cancel(void *ctx, void *arg)
{
    struct keygen *k = ctx;
    if (k->arg == arg)
        k->done = NULL;
}

struct keygen *keygen_new(struct loop *loop)
{
    struct keygen *k = calloc(1, sizeof *k);
    if (k)
        k->loop = loop;
    return k;
}

void keygen_attach(struct keygen *k, struct router *r)
{
    line_set_keygen(r, &(struct line_keygen){.ctx = k, .start = start, .cancel = cancel});
}

void keygen_free(struct keygen *k)
{
    if (k && k->running)
        discard(finish(k));
    free(k);
}
