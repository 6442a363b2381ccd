/* What the usrsctp driver, the stack around the library and the symbol seam share. Included in modules/sctp only. */
#ifndef TAPIR_SCTP_USRSCTP_STACK_H
#define TAPIR_SCTP_USRSCTP_STACK_H
#include "modules/core/frame.h"
#include "modules/sctp/sctp.h"

struct usrsctp_link { /* one AF_CONN id: (router incarnation, local-ip, remote-ip) */
    struct router *router;
    struct sctp_assoc_config cfg;
    uint32_t id; /* never a pointer, never used twice while the stack lives */
    bool input;  /* event() is being called for a packet that came, not by the tick */
    bool muted;  /* the router's power is off: nothing leaves under this id */
    struct frame *tx_head, *tx_tail;
    unsigned tx_count;
    uint64_t packets_in, packets_out, ignored_in;
    void (*event)(void *arg); /* something may be readable or writable */
    void *arg;
};

/* Takes a reference on the stack (the first one starts the library) and an id. NULL: *why. */
struct usrsctp_link *usrsctp_stack_join(const struct sctp_assoc_config *cfg, void (*event)(void *arg), void *arg,
                                        const char **why);
void usrsctp_stack_leave(struct usrsctp_link *l); /* frees; the last one stops the library */
/* Every library call stands between these two; exit hands queued packets to the routers' IP stacks. */
void usrsctp_stack_enter(struct usrsctp_link *l);
void usrsctp_stack_exit(void);
/* After the first socket: the library asked this program for time and randomness, not the system. */
bool usrsctp_stack_seams_used(void);

/* The seam's questions: false / untouched when the caller is not the library on the loop's thread. */
bool usrsctp_stack_time(int64_t *wall_ns);
bool usrsctp_stack_random(void *buf, size_t len);
#endif
