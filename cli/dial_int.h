/* Between dial.c (TCP, the loop's side) and dial_ssh.c (a thread that speaks SSH). */
#ifndef TAPIR_CLI_DIAL_INT_H
#define TAPIR_CLI_DIAL_INT_H
#include "cli/control_wire.h"
#include "cli/dial.h"
#include <pthread.h>
#include <stdatomic.h>

/* Packets between the loop and the thread: one of these and bytes. */
enum { DIAL_ASK = 'A', DIAL_PASSWORD = 'P', DIAL_GIVE_UP = 'G', DIAL_OPEN = 'O', DIAL_DATA = 'D', DIAL_END = 'E' };
enum { DIAL_PACKET = 8192, DIAL_OUT_MAX = 1 << 18 };

struct line_call {
    struct dialer *d;
    struct line_call_to to;
    struct line_ssh_settings set;
    struct line_call_ops ops;
    void *u;
    int fd; /* TCP; the thread's, once there is one */
    struct loop_fd *watch;
    struct timer wait; /* for the far side's answer; for a refusal to be told */
    bool connected;
    enum line_call_end why;
    struct ctl_buf out; /* for fd, or packets' payload for the thread */
    uint8_t in[DIAL_PACKET];
    size_t in_at, in_len; /* not taken yet */
    /* SSH */
    int pair[2]; /* ours, the thread's */
    pthread_t thread;
    bool threaded;
    atomic_bool finished;
    struct line_call *next;
};
void *dial_ssh_main(void *call);
#endif
