/* What the files of the vty lines share. One session is two threads (the relay, libcli's loop) and one connection of
 * the control socket's server, over a socket pair: so no thread but the loop's touches the router. An SSH session has a
 * third one in front, which does the cryptography and hands the relay plain bytes. */
#ifndef TAPIR_CLI_TELNET_INT_H
#define TAPIR_CLI_TELNET_INT_H
#include "cli/control.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

/* Private bytes in what libcli and its hooks write, taken out by the relay: around the prompt, libcli's own prompt
 * character, around what the hooks print. */
enum { PROMPT_BEGIN = 1, PROMPT_END = 2, PROMPT_CHAR = 3, OUTPUT_BEGIN = 4, OUTPUT_END = 5 };

/* What was typed, telnet's bytes taken out, and is not used yet: the relay's editor takes it at the prompt, the hook
 * for a question or at ` --More-- `. */
struct keyq {
    pthread_mutex_t lock;
    pthread_cond_t more;
    uint8_t *p;
    size_t at, len, cap;
    bool ended;
    int fd; /* an event descriptor: readable when there is something new */
};
enum { KEYQ_MAX = 1 << 18 };
void keyq_init(struct keyq *q);
void keyq_free(struct keyq *q);
void keyq_add(struct keyq *q, const uint8_t *p, size_t n);
void keyq_end(struct keyq *q);                          /* nobody will type any more */
int keyq_next(struct keyq *q, bool wait);               /* -1: none */
void keyq_wait(struct keyq *q, int fd, int timeout_ms); /* until there is something new, or fd is readable */
size_t keyq_room(struct keyq *q);
bool keyq_break(struct keyq *q,
                unsigned escape); /* an abort key waits: it and what was typed before it are thrown away */

/* What libcli's loop is told to do. libcli's own line holds 4095 bytes, no empty line and no literal `?`: the relay
 * edits, and sends one character in place of the line. */
enum vty_ask {
    VTY_LINE,
    VTY_END /* Ctrl-Z: the line if there is one, then end */,
    VTY_LEAVE /* Ctrl-C */,
    VTY_TOO_LONG
};

struct vty {
    int net;  /* the client, or the SSH thread's end */
    int wire; /* our end of the pair whose other end libcli serves */
    int lib;  /* libcli's end; libcli closes it */
    bool raw; /* no telnet bytes: SSH */
    struct ctl *ctl;
    pthread_mutex_t lock;                    /* who may use ctl: the hook while a line runs, else the relay */
    atomic_uint window_length, window_width; /* as the client says */
    atomic_bool window_new, finished;
    pthread_t relay, cli;
    struct ctl_state st;
    struct keyq keys;
    char *line; /* for the hook: what was typed */
    enum vty_ask ask;
    struct vty *next;
};
/* libcli hands out one pointer per session: this. */
struct hook_context {
    struct vty *vty; /* NULL: the self-test */
    bool called;
};
/* A session for net (consumed) on a connection that is already adopted (consumed). Starts its threads. NULL: it could
 * not; both are closed. */
struct vty *vty_new(int net, struct ctl *ctl, bool raw);
void vty_free(struct vty *v);        /* waits for its threads: shut net down first */
void vty_send_window(struct vty *v); /* tells the router the window, if it changed. With v->lock held */
void *vty_cli_main(void *vty);       /* telnet_hook.c */
void *vty_relay_main(void *vty);     /* telnet_relay.c */

/* ---- bytes (telnet_filter.c), without descriptors so that a test can feed them ---- */
struct telnet_in { /* from the client to the editor */
    unsigned state;
    uint8_t verb;
    bool after_cr, raw;
    uint8_t sub[8];
    unsigned n_sub;
    uint8_t refused[2][32];          /* options answered with WONT, DONT: once each */
    unsigned width, height, resized; /* the last window size, and how many there were */
};
/* Writes to out at most len bytes, and appends to reply the telnet answers. Returns the length of out. */
size_t telnet_filter_in(struct telnet_in *t, const uint8_t *in, size_t len, uint8_t *out, uint8_t *reply,
                        size_t reply_cap, size_t *reply_len);
struct telnet_out { /* from libcli to the client */
    unsigned column;
    bool lined;  /* a prompt was seen: from here on only prompts and what the hooks print pass */
    bool inside; /* such a part */
    bool raw;
    bool prompted; /* set at the end of a prompt; the relay clears it */
};
/* Writes at most 2 * len + 4 bytes. */
size_t telnet_filter_out(struct telnet_out *t, const uint8_t *in, size_t len, uint8_t *out);
#endif
