/* The worker: one thread beside the control thread, for what takes a processor long and nobody else's data
 * (Diffie-Hellman, RSA). Real side: a thread and a bounded queue; the end of a job comes back on the loop through a
 * descriptor. Sim: the job runs on the loop, at the instant it was submitted, after what is going on. Every router has
 * one (router->worker); it starts its thread with the first job. All calls on the control thread. */
#ifndef TAPIR_CORE_WORKER_H
#define TAPIR_CORE_WORKER_H
#include "modules/core/loop.h"

#define WORKER_QUEUE_MAX 1024

struct worker;
struct worker_job;
/* What a job does with its arg, which holds copies of everything it needs. The arg is the worker's from submit until
 * done or drop is called; exactly one of them is, always on the loop. */
struct worker_ops {
    void (*run)(void *arg);  /* on the worker's thread: touches nothing but arg */
    void (*done)(void *arg); /* the result is there; the arg is the submitter's again */
    void (*drop)(void *arg); /* it was cancelled, or the router ends: wipe and free the arg */
};
struct worker *worker_new(struct loop *loop); /* NULL: out of memory */
void worker_free(struct worker *w);           /* waits for the job that runs; drops all others */
/* 0 and *job (valid until done or drop), -EAGAIN: the queue is full, -ENOMEM. On error the arg stays the caller's. */
int worker_submit(struct worker *w, const struct worker_ops *ops, void *arg, struct worker_job **job);
/* done will not be called; drop is: now if the job still waited, else when it has run. */
void worker_cancel(struct worker *w, struct worker_job *job);
unsigned worker_pending(const struct worker *w); /* submitted, neither done nor dropped */
#endif
