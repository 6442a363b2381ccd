/* The real side of scenarios: routers are asked through their control sockets, frames come from the switch ports, time
 * passes on the real loop. Called through struct scenario_backend by `lab run`, `lab wait` and `make run`. */
#include "cli/control.h"
#include "cli/lab.h"
#include "modules/core/command.h"
#include <errno.h>
#include <fcntl.h>
#include <pcap.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define PORTS_MAX 256

struct port {
    struct lab_backend *lb;
    const char *bridge;
    pcap_t *pcap;
    struct loop_fd *fd;
};
struct lab_backend {
    struct lab *l;
    struct loop *loop;
    struct timer tick;
    nstime began;
    struct report *report;
    struct port ports[PORTS_MAX];
    unsigned n_ports;
};
struct lab_probe { /* a router's probe session, or the ping of a host */
    struct lab_backend *lb;
    struct probe *p;
    struct ctl *ctl;
    pid_t pid;
    int pipe;
    struct loop_fd *fd;
    char line[256];
    unsigned len;
};

/* ---- frames ---- */

static void port_frame(u_char *arg, const struct pcap_pkthdr *h, const u_char *frame)
{
    struct port *p = (struct port *)(void *)arg;
    struct loop *loop = p->lb->loop;
    /* stamped by the kernel in wall clock time; the routers' events are on the monotonic clock */
    nstime wall = (nstime)h->ts.tv_sec * NS_PER_S + (nstime)h->ts.tv_usec;
    nstime at = loop_now_fresh(loop) - (loop_wall(loop) - wall);
    if (p->lb->report)
        report_frame(p->lb->report, p->bridge, at, frame, h->caplen);
}

static void port_ready(void *arg, unsigned events)
{
    struct port *p = arg;
    (void)events;
    pcap_dispatch(p->pcap, 256, port_frame, (u_char *)p);
}

static void open_port(struct lab_backend *lb, const struct topo_end *e)
{
    char err[PCAP_ERRBUF_SIZE];
    if (lb->n_ports == PORTS_MAX)
        return;
    struct port *p = &lb->ports[lb->n_ports];
    p->lb = lb;
    p->bridge = lb->l->t->nodes[e->node].name;
    p->pcap = pcap_create(e->device, err);
    if (!p->pcap)
        return;
    pcap_set_snaplen(p->pcap, 65535);
    pcap_set_promisc(p->pcap, 1);
    pcap_set_immediate_mode(p->pcap, 1);
    pcap_set_buffer_size(p->pcap, 8 << 20);
    pcap_set_tstamp_precision(p->pcap, PCAP_TSTAMP_PRECISION_NANO);
    int rc = pcap_activate(p->pcap);
    if (rc < 0 || pcap_setdirection(p->pcap, PCAP_D_IN) != 0 || pcap_setnonblock(p->pcap, 1, err) != 0) {
        fprintf(stderr, "tapir: %s:%s: %s\n", p->bridge, e->device, pcap_geterr(p->pcap));
        pcap_close(p->pcap);
        return;
    }
    p->fd = loop_fd_add(lb->loop, pcap_get_selectable_fd(p->pcap), LOOP_READ, port_ready, p);
    lb->n_ports++;
}

static void open_ports(struct lab_backend *lb)
{
    const struct topology *t = lb->l->t;
    int here = lab_ns_here();
    for (unsigned k = 0; here >= 0 && k < t->n_links; k++)
        for (int side = 0; side < 2; side++) {
            const struct topo_end *e = &t->links[k].end[side];
            char ns[128];
            lab_ns_name(t->name, t->nodes[e->node].name, ns);
            if (t->nodes[e->node].kind == TOPO_BRIDGE && lab_ns_enter(ns) == 0)
                open_port(lb, e);
        }
    if (here >= 0)
        lab_ns_back(here);
}

/* ---- time ---- */

static void tick(void *arg)
{
    loop_stop(((struct lab_backend *)arg)->loop);
}

static nstime lb_now(void *ctx)
{
    return loop_now_fresh(((struct lab_backend *)ctx)->loop);
}

static void lb_advance(void *ctx, nstime span)
{
    struct lab_backend *lb = ctx;
    loop_now_fresh(lb->loop);
    timer_start(&lb->tick, span);
    loop_run(lb->loop, INT64_MAX);
}

/* ---- routers ---- */

static bool lb_running(void *ctx, const char *node)
{
    struct lab_backend *lb = ctx;
    char path[500], err[200];
    struct ctl_state st;
    lab_path(lb->l, node, ".sock", path, sizeof path);
    struct ctl *c = lab_router_pid(lb->l, node) ? ctl_connect_path(path, err, sizeof err) : NULL;
    bool ok = c && ctl_open(c, CTL_EXEC, &st, err, sizeof err) == 0;
    if (c)
        ctl_close(c);
    return ok;
}

static struct ctl *session(struct lab_backend *lb, const char *node, char *err, size_t errlen)
{
    char path[500];
    struct ctl_state st;
    lab_path(lb->l, node, ".sock", path, sizeof path);
    struct ctl *c = ctl_connect_path(path, err, errlen);
    if (c && ctl_open(c, CTL_EXEC, &st, err, errlen) != 0) {
        ctl_close(c);
        c = NULL;
    }
    return c;
}

static char *lb_exec(void *ctx, const char *node, const char *command, int *status)
{
    struct lab_backend *lb = ctx;
    struct strbuf out = {0};
    char err[300];
    const struct topo_node *n = topology_node(lb->l->t, node);
    *status = 1;
    if (n && n->kind != TOPO_TAPIR) {
        char ns[128];
        lab_ns_name(lb->l->t->name, node, ns);
        *status = lab_sh(ns, command, &out);
        return out.s ? out.s : strdup("");
    }
    struct ctl *c = session(lb, node, err, sizeof err);
    struct ctl_msg m;
    if (!c) {
        strbuf_add(&out, "%s\n", err);
        return out.s;
    }
    ctl_send(c, CTL_LINE, command, strlen(command));
    while (ctl_recv(c, &m, -1) == 1) {
        if (m.type == CTL_OUTPUT || m.type == CTL_CLOSED)
            strbuf_write(&out, m.data, m.len);
        else if (m.type == CTL_ASK)
            ctl_send2(c, CTL_ANSWER, 1, "", 0);
        if (m.type == CTL_DONE)
            *status = m.len && m.data[0] == CMD_ERROR;
        if (m.type == CTL_CLOSED)
            *status = 0; /* `reload` ends its own session */
        if (m.type == CTL_DONE || m.type == CTL_CLOSED)
            break;
    }
    ctl_close(c);
    return out.s ? out.s : strdup("");
}

static unsigned lb_paste(void *ctx, const char *node, const char *text)
{
    char err[300];
    struct ctl *c = session(ctx, node, err, sizeof err);
    struct ctl_msg m;
    unsigned rejected = 1;
    if (!c)
        return rejected;
    ctl_send2(c, CTL_PASTE, 0, text, strlen(text));
    while (ctl_recv(c, &m, -1) == 1)
        if (m.type == CTL_PASTED) {
            rejected = ctl_u32(&m, 8);
            break;
        }
    ctl_close(c);
    return rejected;
}

static bool lb_kill(void *ctx, const char *node)
{
    return lab_router_kill(((struct lab_backend *)ctx)->l, node);
}

static bool lb_start(void *ctx, const char *node)
{
    struct lab_backend *lb = ctx;
    char err[600];
    if (lab_router_pid(lb->l, node) || lab_router_spawn(lb->l, node, err, sizeof err) != 0)
        return false;
    return lab_router_wait(lb->l, node, 10000, err, sizeof err) == 0;
}

static bool lb_carrier(void *ctx, const char *node, const char *ifname, bool up)
{
    struct lab_backend *lb = ctx;
    const struct topo_end *other, *e = topology_end(lb->l->t, node, ifname, &other);
    char ns[128];
    if (!e)
        return false;
    lab_ns_name(lb->l->t->name, node, ns);
    lab_mark(lb->l, node, e->device, !up);
    return lab_set_device(ns, e->device, up);
}

static bool lb_fault(void *ctx, const char *bridge, const char *port, const struct link_fault_spec *f)
{
    struct lab_backend *lb = ctx;
    const struct topology *t = lb->l->t;
    char request[300], name[200], err[300];
    unsigned hits = 0;
    for (unsigned k = 0; k < t->n_links; k++)
        for (int side = 0; side < 2; side++) {
            const struct topo_end *b = &t->links[k].end[side], *e = &t->links[k].end[!side];
            if (strcmp(t->nodes[b->node].name, bridge) != 0 || (port && strcmp(b->ifname, port) != 0) ||
                t->nodes[e->node].kind != TOPO_TAPIR)
                continue;
            if (f)
                snprintf(request, sizeof request, "fault %s loss %g%% reorder %g%% dup %g%% corrupt %g%% delay %u%s%s",
                         e->ifname, f->loss, f->reorder, f->dup, f->corrupt, f->delay_ms, f->cut ? " cut" : "",
                         f->oneway ? " oneway" : "");
            else
                snprintf(request, sizeof request, "fault %s clear", e->ifname);
            snprintf(name, sizeof name, "%s/%s", t->name, t->nodes[e->node].name);
            hits += ctl_request(name, request, NULL, NULL, err, sizeof err) == 0;
        }
    return hits > 0;
}

/* ---- paced pings ---- */

static void probe_gone(struct lab_probe *lp)
{
    if (lp->fd)
        loop_fd_del(lp->fd);
    lp->fd = NULL;
}

static void ctl_ready(void *arg, unsigned events)
{
    struct lab_probe *lp = arg;
    struct ctl_msg m;
    (void)events;
    do {
        if (ctl_recv(lp->ctl, &m, 0) != 1) {
            probe_gone(lp);
            return;
        }
        if (m.type == CTL_OUTPUT)
            probe_feed(lp->p, m.data, m.len);
    } while (ctl_waiting(lp->ctl));
}

/* `[WALL] 64 bytes from A: icmp_seq=N ttl=T time=MS ms` and `[WALL] no answer yet for icmp_seq=N`. */
static void ping_line(struct lab_probe *lp)
{
    double wall, ms = 0;
    unsigned seq;
    const char *s = strstr(lp->line, "icmp_seq="), *t = strstr(lp->line, "time=");
    if (sscanf(lp->line, "[%lf]", &wall) != 1 || !s || sscanf(s, "icmp_seq=%u", &seq) != 1 || seq == 0)
        return;
    struct loop *loop = lp->lb->loop;
    nstime at = loop_now_fresh(loop) - (loop_wall(loop) - (nstime)(wall * (double)NS_PER_S));
    if (t && sscanf(t, "time=%lf", &ms) == 1) {
        probe_sent(lp->p, seq - 1, at - (nstime)(ms * (double)NS_PER_MS));
        probe_back(lp->p, seq - 1, at);
    } else if (strstr(lp->line, "no answer yet")) {
        probe_sent(lp->p, seq - 1, at);
    }
}

static void pipe_ready(void *arg, unsigned events)
{
    struct lab_probe *lp = arg;
    char buf[4096];
    (void)events;
    ssize_t n = read(lp->pipe, buf, sizeof buf);
    if (n <= 0 && errno != EINTR && errno != EAGAIN)
        probe_gone(lp);
    for (ssize_t k = 0; k < n; k++) {
        if (buf[k] != '\n') {
            if (lp->len < sizeof lp->line - 1)
                lp->line[lp->len++] = buf[k];
            continue;
        }
        lp->line[lp->len] = 0;
        lp->len = 0;
        ping_line(lp);
    }
}

static bool host_probe(struct lab_backend *lb, struct lab_probe *lp)
{
    const struct probe *p = lp->p;
    char ns[128], interval[32], size[16];
    int fd[2];
    lab_ns_name(lb->l->t->name, p->node, ns);
    snprintf(interval, sizeof interval, "%.4f", 1 / p->rate);
    snprintf(size, sizeof size, "%u", p->size);
    if (pipe2(fd, O_CLOEXEC) != 0)
        return false;
    lp->pid = fork();
    if (lp->pid == 0) {
        dup2(fd[1], 1);
        if (lab_ns_enter(ns) == 0)
            execlp("ping", "ping", "-n", "-D", "-O", "-i", interval, "-s", size, p->addr, p->source[0] ? "-I" : NULL,
                   p->source, NULL);
        _exit(127);
    }
    close(fd[1]);
    lp->pipe = fd[0];
    fcntl(fd[0], F_SETFL, O_NONBLOCK);
    lp->fd = loop_fd_add(lb->loop, fd[0], LOOP_READ, pipe_ready, lp);
    return lp->pid > 0;
}

static bool lb_probe_start(void *ctx, struct probe *p)
{
    struct lab_backend *lb = ctx;
    struct lab_probe *lp = calloc(1, sizeof *lp);
    char cmd[200], err[300];
    if (!lp)
        return false;
    lp->lb = lb;
    lp->p = p;
    p->handle = lp;
    if (topology_node(lb->l->t, p->node)->kind != TOPO_TAPIR)
        return host_probe(lb, lp);
    lp->ctl = session(lb, p->node, err, sizeof err);
    if (!lp->ctl)
        return false;
    snprintf(cmd, sizeof cmd, "probe %s%s%s rate %.0f size %u", p->addr, p->source[0] ? " source " : "", p->source,
             p->rate < 1 ? 1 : p->rate, p->size);
    ctl_send(lp->ctl, CTL_LINE, cmd, strlen(cmd));
    lp->fd = loop_fd_add(lb->loop, ctl_fd(lp->ctl), LOOP_READ, ctl_ready, lp);
    return true;
}

static void lb_probe_stop(void *ctx, struct probe *p)
{
    struct lab_probe *lp = p->handle;
    (void)ctx;
    if (!lp)
        return;
    probe_gone(lp);
    if (lp->ctl)
        ctl_close(lp->ctl);
    if (lp->pid > 0) {
        kill(lp->pid, SIGKILL);
        waitpid(lp->pid, NULL, 0);
        close(lp->pipe);
    }
    free(lp);
    p->handle = NULL;
}

static void lb_say(void *ctx, const char *line)
{
    struct lab_backend *lb = ctx;
    nstime at = lb_now(lb) - lb->began;
    printf("%6lld.%03lld %s\n", (long long)(at / NS_PER_S), (long long)(at % NS_PER_S / NS_PER_MS), line);
    fflush(stdout);
}

struct lab_backend *lab_backend_new(struct lab *l, struct scenario_backend *b, bool frames)
{
    struct lab_backend *lb = calloc(1, sizeof *lb);
    if (!lb)
        return NULL;
    lb->l = l;
    lb->loop = loop_new_real();
    lb->began = loop_now_fresh(lb->loop);
    timer_init(&lb->tick, lb->loop, tick, lb);
    if (frames)
        open_ports(lb);
    *b = (struct scenario_backend){.ctx = lb,
                                   .topology = l->t,
                                   .now = lb_now,
                                   .advance = lb_advance,
                                   .running = lb_running,
                                   .exec = lb_exec,
                                   .paste = lb_paste,
                                   .kill = lb_kill,
                                   .start = lb_start,
                                   .carrier = lb_carrier,
                                   .fault = lb_fault,
                                   .probe_start = lb_probe_start,
                                   .probe_stop = lb_probe_stop,
                                   .say = lb_say};
    return lb;
}

void lab_backend_report(struct lab_backend *lb, struct report *r)
{
    lb->report = r;
}

void lab_backend_free(struct lab_backend *lb)
{
    if (!lb)
        return;
    for (unsigned k = 0; k < lb->n_ports; k++) {
        loop_fd_del(lb->ports[k].fd);
        pcap_close(lb->ports[k].pcap);
    }
    timer_stop(&lb->tick);
    loop_free(lb->loop);
    free(lb);
}
