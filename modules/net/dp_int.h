/* The data plane's thread as dp.c (its turns, its rings, its life) and dp_link.c (the links it reads) know it. */
#ifndef TAPIR_NET_DP_INT_H
#define TAPIR_NET_DP_INT_H
#include "modules/net/dp.h"
#include <pthread.h>
#include <semaphore.h>

struct retired {
    struct retired *next;
    void *p;
    void (*fn)(void *p);
    uint64_t epoch;
};
enum dp_state { DP_IDLE /* nothing in hand */, DP_BUSY, DP_WAITING /* for the lock, in the middle of a vector */ };
struct dp_thread {
    struct ring to_control, to_data;
    pthread_t id;
    atomic_bool stop, wanted, told;
    atomic_int state;        /* enum dp_state */
    _Atomic(uint64_t) epoch; /* quiet points passed with nothing in hand */
    _Atomic(uint64_t) pause; /* times that it came to a quiet point, or waits */
    _Atomic(uint64_t) idle;  /* times that nothing was left to read */
    sem_t quiet;
    int wake_fd, control_fd, epoll_fd;
    struct loop_fd *control_watch;
    struct retired *retired, **retired_tail;
    unsigned n_links, rounds, meter;
    struct dp_link links[DP_LINKS_MAX];
};

bool dp_thread_start(struct dp *dp); /* false: it stays in one thread */
#endif
