/* Builds a lab in namespaces and takes it down. A router's interface is a persistent tap in its namespace, joined by a
 * two-port bridge to a veth whose far end is the port of the switch (p1): so the port, and a capture on it, live on
 * when the router is killed. Called by `tapir lab up|down`. */
#include "cli/cli.h"
#include "cli/control.h"
#include "cli/lab.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define READY_MS 30000

static volatile sig_atomic_t interrupted; /* the one thing a signal handler may set */

static void on_signal(int sig)
{
    interrupted = sig;
}

static void ns_of(const struct lab *l, unsigned node, char buf[128])
{
    lab_ns_name(l->t->name, l->t->nodes[node].name, buf);
}

/* ---- commands for iproute2 ---- */

static void switch_commands(const struct lab *l, unsigned k, struct strbuf *b)
{
    strbuf_add(b, "link set lo up\n");
    if (l->t->nodes[k].kind == TOPO_BRIDGE)
        strbuf_add(b, "link add switch type bridge stp_state 0 forward_delay 0 mcast_snooping 0\nlink set switch up\n");
}

/* The device that carries a link end: made as one half of a veth pair; a router's is called x0, x1 … */
static void end_device(const struct lab *l, const struct topo_end *e, unsigned link, int side, char buf[16])
{
    if (l->t->nodes[e->node].kind == TOPO_TAPIR)
        snprintf(buf, 16, "x%u%c", link % 100000, side ? 'b' : 'a');
    else
        snprintf(buf, 16, "%.15s", e->device);
}

/* What a node's own namespace gets for one of its link ends. */
static void end_commands(const struct lab *l, const struct topo_end *e, unsigned link, int side, struct strbuf *b)
{
    char device[16], bridge[16];
    end_device(l, e, link, side, device);
    snprintf(bridge, sizeof bridge, "y%u%c", link % 100000, side ? 'b' : 'a');
    switch (l->t->nodes[e->node].kind) {
    case TOPO_BRIDGE:
        strbuf_add(b, "link set %s master switch\n", device);
        break;
    case TOPO_TAPIR:
        /* ageing 0: a two-port bridge has nothing to learn, and learning would hold frames after a takeover */
        strbuf_add(b, "link add %s type bridge stp_state 0 forward_delay 0 ageing_time 0 mcast_snooping 0\n", bridge);
        /* a burst waits there until the router has its turn */
        strbuf_add(b, "tuntap add dev %s mode tap\nlink set %s txqueuelen 4096\n", e->device, e->device);
        strbuf_add(b, "link set %s master %s\nlink set %s master %s\n", e->device, bridge, device, bridge);
        strbuf_add(b, "link set %s up\nlink set %s up\n", bridge, e->device);
        break;
    case TOPO_LINUX:
        break;
    }
    strbuf_add(b, "link set %s up\n", device);
}

static void link_command(const struct lab *l, unsigned k, struct strbuf *b)
{
    const struct topo_end *e = l->t->links[k].end;
    char dev[2][16], ns[2][128];
    for (int side = 0; side < 2; side++) {
        end_device(l, &e[side], k, side, dev[side]);
        ns_of(l, e[side].node, ns[side]);
    }
    strbuf_add(b, "link add %s netns %s type veth peer name %s netns %s\n", dev[0], ns[0], dev[1], ns[1]);
}

/* ---- up ---- */

static int batch(const char *ns, struct strbuf *b)
{
    char err[400];
    int rc = b->s ? lab_ip_batch(ns, b->s, err, sizeof err) : 0;
    strbuf_free(b);
    return rc ? cli_fail("%s", err) : 0;
}

static int build(struct lab *l)
{
    struct strbuf b = {0};
    char ns[128];
    for (unsigned k = 0; k < l->t->n_nodes; k++) {
        ns_of(l, k, ns);
        strbuf_add(&b, "netns add %s\n", ns);
    }
    if (batch(NULL, &b) || interrupted)
        return 1;
    for (unsigned k = 0; k < l->t->n_nodes; k++) {
        ns_of(l, k, ns);
        lab_sysctl(ns);
    }
    for (unsigned k = 0; k < l->t->n_links; k++)
        link_command(l, k, &b);
    if (batch(NULL, &b) || interrupted)
        return 1;
    for (unsigned k = 0; k < l->t->n_nodes; k++) {
        switch_commands(l, k, &b);
        for (unsigned n = 0; n < l->t->n_links; n++)
            for (int side = 0; side < 2; side++)
                if (l->t->links[n].end[side].node == k)
                    end_commands(l, &l->t->links[n].end[side], n, side, &b);
        ns_of(l, k, ns);
        if (batch(ns, &b) || interrupted)
            return 1;
    }
    return 0;
}

static int run_exec(struct lab *l)
{
    for (unsigned k = 0; k < l->t->n_nodes; k++) {
        const struct topo_node *n = &l->t->nodes[k];
        char ns[128];
        ns_of(l, k, ns);
        for (unsigned e = 0; e < n->n_exec; e++) {
            struct strbuf out = {0};
            int rc = lab_sh(ns, n->exec[e], &out);
            if (rc)
                cli_fail("%s: exec `%s`: %.*s", n->name, n->exec[e], out.s ? (int)strcspn(out.s, "\n") : 6,
                         out.s ? out.s : "failed");
            strbuf_free(&out);
            if (rc || interrupted)
                return 1;
        }
    }
    return 0;
}

static int start_routers(struct lab *l)
{
    char err[600], path[500];
    for (unsigned k = 0; k < l->t->n_nodes && !interrupted; k++) {
        const struct topo_node *n = &l->t->nodes[k];
        if (n->kind != TOPO_TAPIR)
            continue;
        lab_path(l, n->name, ".cfg", path, sizeof path);
        FILE *f = fopen(path, "we");
        if (!f || fputs(n->config ? n->config : "", f) < 0 || fclose(f) != 0)
            return cli_fail("%s: %s", path, strerror(errno));
        if (lab_router_spawn(l, n->name, err, sizeof err) != 0)
            return cli_fail("%s", err);
    }
    for (unsigned k = 0; k < l->t->n_nodes && !interrupted; k++)
        if (l->t->nodes[k].kind == TOPO_TAPIR &&
            lab_router_wait(l, l->t->nodes[k].name, READY_MS, err, sizeof err) != 0)
            return cli_fail("%s", err);
    lab_agent_start(l);
    return interrupted ? 1 : 0;
}

static int names_free(const struct lab *l)
{
    char ns[128];
    if (access("/dev/net/tun", R_OK | W_OK) != 0)
        return cli_fail("/dev/net/tun: %s: a lab needs taps (modprobe tun), or try `tapir sim`", strerror(errno));
    for (unsigned k = 0; k < l->t->n_nodes; k++) {
        ns_of(l, k, ns);
        if (lab_ns_exists(ns))
            return cli_fail("namespace %s exists already: `ip netns del %s`, or give the lab another name", ns, ns);
    }
    return 0;
}

static void absolute_path(struct topology *t)
{
    char full[PATH_MAX];
    if (realpath(t->path, full))
        snprintf(t->path, sizeof t->path, "%.511s", full);
}

int lab_up(const char *where)
{
    char err[600];
    struct lab l = {.t = topology_read(where, err, sizeof err)};
    if (!l.t)
        return cli_fail("%s", err);
    if (geteuid() != 0) {
        topology_free(l.t);
        return cli_fail("a lab in namespaces needs root: sudo tapir lab up %s, or tapir sim %s", where, where);
    }
    absolute_path(l.t);
    snprintf(l.dir, sizeof l.dir, "%.240s/%.48s", ctl_run_dir(), l.t->name);
    if (access(l.dir, F_OK) == 0) {
        cli_fail("lab %s is up already: tapir lab down %s", l.t->name, l.t->name);
        lab_close(&l);
        return 1;
    }
    int rc = names_free(&l);
    if (rc == 0) {
        struct sigaction sa = {.sa_handler = on_signal};
        sigaction(SIGINT, &sa, NULL);
        sigaction(SIGTERM, &sa, NULL);
        sigaction(SIGHUP, &sa, NULL);
        int wrote = lab_state_write(&l);
        rc = wrote ? cli_fail("%s: %s", l.dir, strerror(-wrote)) : build(&l) || start_routers(&l) || run_exec(&l);
        if (rc) {
            if (interrupted)
                cli_fail("interrupted: taking lab %s down", l.t->name);
            lab_teardown(&l);
        }
    }
    lab_close(&l);
    return rc;
}

/* ---- down ---- */

static void kill_pidfile(const struct lab *l, const char *name)
{
    pid_t pid = lab_router_pid(l, name);
    if (pid)
        lab_router_kill(l, name);
}

void lab_teardown(struct lab *l)
{
    char ns[128], err[300];
    kill_pidfile(l, "agent");
    for (unsigned k = 0; k < l->t->n_nodes; k++)
        if (l->t->nodes[k].kind == TOPO_TAPIR)
            kill_pidfile(l, l->t->nodes[k].name);
    struct strbuf b = {0};
    for (unsigned k = 0; k < l->t->n_nodes; k++) {
        ns_of(l, k, ns);
        if (!lab_ns_exists(ns))
            continue;
        lab_kill_in_ns(ns);
        if (l->t->nodes[k].kind == TOPO_BRIDGE) {
            /* at once, not when the kernel gets round to it: the far end may be in a foreign namespace */
            struct strbuf out = {0};
            lab_sh(ns, "ip -br link show master switch | sed 's/[@ ].*//' | while read d; do ip link del $d; done",
                   &out);
            strbuf_free(&out);
        }
        strbuf_add(&b, "netns del %s\n", ns);
    }
    if (b.s && lab_ip_batch(NULL, b.s, err, sizeof err) != 0)
        cli_fail("%s", err);
    strbuf_free(&b);
    lab_state_remove(l);
}

int lab_down(const char *name)
{
    struct lab l;
    char err[300];
    if (!lab_open(&l, name, err, sizeof err))
        return cli_fail("%s", err);
    if (geteuid() != 0) {
        lab_close(&l);
        return cli_fail("needs root: sudo tapir lab down");
    }
    signal(SIGINT, SIG_IGN); /* nothing is left half taken down */
    lab_teardown(&l);
    lab_close(&l);
    return 0;
}
