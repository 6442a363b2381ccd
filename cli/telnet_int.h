/* What the files of the telnet line share. One session is two threads (the relay, libcli's loop) and one connection
 * of the control socket's server, over a socket pair: so no thread but the loop's touches the router. */
#ifndef TAPIR_CLI_TELNET_INT_H
#define TAPIR_CLI_TELNET_INT_H
#include "cli/control.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

/* Private bytes around libcli's prompt, taken out by the relay. */
enum { PROMPT_BEGIN = 1, PROMPT_END = 2, PROMPT_CHAR = 3 };

struct vty {
    int net;  /* the telnet client */
    int wire; /* our end of the pair whose other end libcli serves */
    int lib;  /* libcli's end; libcli closes it */
    struct ctl *ctl;
    pthread_mutex_t lock;  /* who may use ctl: the hook while a line runs, else the relay */
    atomic_bool in_config; /* for Ctrl-Z */
    atomic_bool finished;
    pthread_t relay, cli;
    struct ctl_state st;
    struct vty *next;
};
/* libcli hands out one pointer per session: this. */
struct hook_context {
    struct vty *vty; /* NULL: the self-test */
    bool called;
};
void *vty_cli_main(void *vty);   /* telnet_hook.c */
void *vty_relay_main(void *vty); /* telnet_relay.c */

/* ---- bytes (telnet_relay.c), without descriptors so that a test can feed them ---- */
struct telnet_in { /* from the client to libcli */
    unsigned state;
    uint8_t verb;
    unsigned esc;
    bool after_cr;
};
/* Appends to out at most 3 bytes for each of in, and to reply the telnet answers. Returns the length of out. */
size_t telnet_filter_in(struct telnet_in *t, bool in_config, const uint8_t *in, size_t len, uint8_t *out,
                        uint8_t *reply, size_t reply_cap, size_t *reply_len);
struct telnet_out { /* from libcli to the client */
    unsigned column;
    unsigned skip; /* bytes of libcli's own first prompt character to drop */
    bool seen_prompt, held_cr, held;
};
/* Writes at most 2 * len + 4 bytes. */
size_t telnet_filter_out(struct telnet_out *t, const uint8_t *in, size_t len, uint8_t *out);
#endif
