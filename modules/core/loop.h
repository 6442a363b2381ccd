/* The clock-and-timers seam. One struct loop drives one router (real side) or many (sim). Time is
 * signed nanoseconds; loop_now() is monotonic and constant within one turn, loop_wall() is the
 * host's date (real) or a fixed date plus simulated time (sim).
 *
 * Order inside one instant: received frames by (port, arrival), then timers by (deadline, creation
 * of the arming), then deferred tasks. Frames that wait are handled before any timer that is due. */
#ifndef TAPIR_CORE_LOOP_H
#define TAPIR_CORE_LOOP_H
#include <stdbool.h>
#include <stdint.h>

typedef int64_t nstime; /* ns */
#define NS_PER_US INT64_C(1000)
#define NS_PER_MS INT64_C(1000000)
#define NS_PER_S INT64_C(1000000000)

struct loop;

/* Whose lateness is watched apart (meter.h): timers that send a sign of life, timers that declare a neighbour dead. */
enum timer_class { TIMER_OTHER, TIMER_HELLO, TIMER_HOLD, TIMER_CLASSES };

/* Embedded in its owner; never moves while armed. The owner stops it before freeing itself. */
struct timer {
    struct loop *loop;
    void (*fire)(void *arg);
    void *arg;
    nstime deadline;
    uint64_t order;     /* arming order, breaks ties */
    unsigned heap_slot; /* 0: not armed */
    uint8_t cls, part;  /* enum timer_class; whose time it is (meter.h) */
};

/* A piece of work that runs once at the end of the current turn. Embedded like a timer. */
struct task {
    void (*run)(void *arg);
    void *arg;
    struct task *next;
    bool queued;
    uint8_t part; /* meter.h; 0: that of whoever queues it */
};

/* One turn at a time: the loop's own thread holds its lock but while it waits for events. Another thread (the data
 * plane) that must look at what belongs to the loop, or change it, takes a turn in between: loop_now() is fresh then,
 * and timers and tasks that it starts run in the loop's thread. No-ops in sim, where there is one thread. */
void loop_enter(struct loop *loop);
bool loop_try_enter(struct loop *loop);
void loop_leave(struct loop *loop);
void loop_wake(struct loop *loop); /* from any thread: look at descriptors, timers and tasks now */
/* Where another thread receives: called before a timer fires late, with the lock held. It lets that thread take a turn
 * and returns once what waited at the links has been handed to the loop. NULL: none. */
void loop_catch_up_set(struct loop *loop, void (*fn)(void *arg), void *arg);
/* The loop's own thread, in the middle of a turn: lets others take theirs. */
void loop_release(struct loop *loop);
void loop_reacquire(struct loop *loop);

/* fd readiness: real side only (sim never opens descriptors). */
enum { LOOP_READ = 1, LOOP_WRITE = 2 };
struct loop_fd; /* opaque */

struct loop *loop_new_real(void); /* libevent; NULL with errno */
struct loop *loop_new_sim(nstime wall_at_zero);
void loop_free(struct loop *loop);

/* Runs until loop_stop() (real), or until `until` simulated time (sim; INT64_MAX: until idle). */
int loop_run(struct loop *loop, nstime until);
void loop_stop(struct loop *loop);
bool loop_is_sim(const struct loop *loop);

nstime loop_now(const struct loop *loop);
nstime loop_now_fresh(struct loop *loop);  /* re-reads the clock (real); same as loop_now in sim */
nstime loop_wall(const struct loop *loop); /* ns since 1970-01-01 UTC */
nstime loop_cpu(const struct loop *loop);  /* processor time this process has used; 0 in sim */

void timer_init(struct timer *t, struct loop *loop, void (*fire)(void *), void *arg);
void timer_class(struct timer *t, enum timer_class cls); /* after timer_init() */
void timer_start(struct timer *t, nstime delay);         /* re-arms if armed; delay < 0 counts as 0 */
void timer_start_at(struct timer *t, nstime when);       /* absolute loop_now() time */
void timer_stop(struct timer *t);                        /* harmless if not armed */
bool timer_armed(const struct timer *t);
nstime timer_left(const struct timer *t); /* ns until it fires; 0 if not armed */

void loop_defer(struct loop *loop, struct task *task);
void loop_cancel(struct loop *loop, struct task *task);

struct loop_fd *loop_fd_add(struct loop *loop, int fd, unsigned events, void (*ready)(void *arg, unsigned events),
                            void *arg);
void loop_fd_change(struct loop_fd *lf, unsigned events);
void loop_fd_del(struct loop_fd *lf);
/* Links register their drain function: called with all waiting frames before timers fire. */
struct loop_fd *loop_fd_add_link(struct loop *loop, int fd, void (*ready)(void *arg, unsigned events), void *arg);
#endif
