/* What the files of `tapir lab` share: a running lab is a directory $TAPIR_RUN/LAB with `lab.state` (written before
 * anything else is made, so that `lab down` finds all of it), a socket, pid, log and state directory per router. */
#ifndef TAPIR_CLI_LAB_H
#define TAPIR_CLI_LAB_H
#include "cli/scenario.h"
#include "cli/topology.h"
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct lab {
    struct topology *t; /* owned */
    char dir[300];      /* $TAPIR_RUN/LAB */
};

/* ---- lab_state.c ---- */
int lab_state_write(const struct lab *l);                                 /* 0 or -errno; makes the directory */
bool lab_open(struct lab *l, const char *name, char *err, size_t errlen); /* name NULL: the only one that runs */
/* The lab a node's name means: NODE if one running lab has it, else LAB/NODE. node gets the bare name. */
bool lab_open_node(struct lab *l, const char *word, char node[64], char *err, size_t errlen);
void lab_close(struct lab *l);
void lab_path(const struct lab *l, const char *node, const char *suffix, char *buf, size_t len);
void lab_mark(const struct lab *l, const char *node, const char *device, bool set); /* carrier taken away by the user */
bool lab_marked(const struct lab *l, const char *node, const char *device);
/* Removes the lab's directory. */
void lab_state_remove(const struct lab *l);

/* ---- lab_ns.c: namespaces and programs ---- */
void lab_pause(int ms);
void lab_ns_name(const char *lab, const char *node, char buf[128]);
bool lab_ns_exists(const char *ns);
int lab_ns_enter(const char *ns); /* this process, for good; 0 or -errno */
/* Back to where the process was: fd from lab_ns_here(). */
int lab_ns_here(void);
int lab_ns_back(int fd);
/* Runs a program and waits; its stderr (first line) goes to err. ns NULL: here. Returns the exit status, 127 not
 * started. */
int lab_run_argv(const char *ns, char *const argv[], char *err, size_t errlen);
int lab_sh(const char *ns, const char *line, struct strbuf *out); /* sh -c; stdout to out if not NULL */
/* iproute2 commands as one batch, in ns (NULL: here); 0, or 1 with the first complaint in err. */
int lab_ip_batch(const char *ns, const char *commands, char *err, size_t errlen);
void lab_kill_in_ns(const char *ns); /* SIGKILL to every process in it */
bool lab_pid_alive(pid_t pid);       /* false for a zombie */
void lab_sysctl(const char *ns);     /* no bridge netfilter, no IPv6 of the kernel's own */

/* ---- lab_router.c ---- */
int lab_router_spawn(const struct lab *l, const char *node, char *err, size_t errlen); /* 0 when it was started */
int lab_router_wait(const struct lab *l, const char *node, int ms, char *err, size_t errlen); /* 0 when it answers */
pid_t lab_router_pid(const struct lab *l, const char *node);                                  /* 0: not running */
bool lab_router_kill(const struct lab *l, const char *node); /* returns once it is dead; false: was not running */

/* ---- lab_up.c ---- */
int lab_up(const char *where);
int lab_down(const char *name);
void lab_teardown(struct lab *l);

/* ---- lab_agent.c: cables between two routers ---- */
void lab_agent_start(const struct lab *l);
bool lab_set_device(const char *ns, const char *device, bool up);

/* ---- lab_backend.c ---- */
struct lab_backend;
struct lab_backend *lab_backend_new(struct lab *l, struct scenario_backend *b, bool frames);
void lab_backend_report(struct lab_backend *lb, struct report *r);
void lab_backend_free(struct lab_backend *lb);

/* ---- lab_capture.c ---- */
int lab_capture(struct lab *l, const char *node, const char *ifname, const char *file);
#endif
