/* `tapir lab`: the subcommands over a lab in namespaces. Called by main.c; building is in lab_up.c, scenarios run
 * through lab_backend.c. */
#include "cli/lab.h"
#include "cli/cli.h"
#include "cli/control.h"
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WAIT_SECONDS 180.0

static int need_root(const char *what)
{
    return geteuid() == 0 ? 0 : cli_fail("tapir lab %s needs root: sudo tapir lab %s …", what, what);
}

static int open_lab(struct lab *l, const char *name)
{
    char err[400];
    return lab_open(l, name, err, sizeof err) ? 0 : cli_fail("%s", err);
}

static int open_node(struct lab *l, const char *word, char node[64])
{
    char err[400];
    return lab_open_node(l, word, node, err, sizeof err) ? 0 : cli_fail("%s", err);
}

static int do_up(int argc, char **argv)
{
    if (argc != 2)
        return cli_usage("lab", "lab up DIR|FILE");
    int rc = lab_up(argv[1]);
    return rc;
}

static int do_down(int argc, char **argv)
{
    return argc > 2 ? cli_usage("lab", "lab down [LAB]") : lab_down(argc == 2 ? argv[1] : NULL);
}

/* ---- status ---- */

static const char *node_kind(const struct topo_node *n)
{
    return n->kind == TOPO_TAPIR ? "tapir" : n->kind == TOPO_LINUX ? "linux" : "bridge";
}

static void status_json(const struct lab *l)
{
    printf("{\"name\": \"%s\", \"nodes\": [", l->t->name);
    for (unsigned k = 0; k < l->t->n_nodes; k++) {
        const struct topo_node *n = &l->t->nodes[k];
        char ns[128];
        lab_ns_name(l->t->name, n->name, ns);
        pid_t pid = n->kind == TOPO_TAPIR ? lab_router_pid(l, n->name) : 0;
        printf("%s{\"name\": \"%s\", \"kind\": \"%s\", \"namespace\": \"%s\"", k ? ", " : "", n->name, node_kind(n),
               ns);
        if (n->kind == TOPO_TAPIR)
            printf(", \"running\": %s, \"pid\": %d", pid ? "true" : "false", (int)pid);
        printf("}");
    }
    printf("], \"links\": [");
    for (unsigned k = 0; k < l->t->n_links; k++) {
        const struct topo_end *e = l->t->links[k].end;
        printf("%s[\"%s:%s\", \"%s:%s\"]", k ? ", " : "", l->t->nodes[e[0].node].name, e[0].ifname,
               l->t->nodes[e[1].node].name, e[1].ifname);
    }
    printf("]}\n");
}

static void status_text(const struct lab *l)
{
    printf("lab %s (%s)\n", l->t->name, l->t->path);
    for (unsigned k = 0; k < l->t->n_nodes; k++) {
        const struct topo_node *n = &l->t->nodes[k];
        char ns[128], state[40] = "";
        lab_ns_name(l->t->name, n->name, ns);
        if (n->kind == TOPO_TAPIR) {
            pid_t pid = lab_router_pid(l, n->name);
            snprintf(state, sizeof state, pid ? "running, pid %d" : "off", (int)pid);
        }
        printf("  %-12s %-7s %-32s %s\n", n->name, node_kind(n), ns, state);
    }
    for (unsigned k = 0; k < l->t->n_links; k++) {
        const struct topo_end *e = l->t->links[k].end;
        printf("  %s:%s -- %s:%s\n", l->t->nodes[e[0].node].name, e[0].ifname, l->t->nodes[e[1].node].name,
               e[1].ifname);
    }
}

static int do_status(int argc, char **argv)
{
    struct lab l;
    bool json = false;
    const char *name = NULL;
    for (int k = 1; k < argc; k++)
        if (strcmp(argv[k], "--json") == 0)
            json = true;
        else
            name = argv[k];
    int rc = open_lab(&l, name);
    if (rc)
        return rc;
    if (json)
        status_json(&l);
    else
        status_text(&l);
    lab_close(&l);
    return 0;
}

/* ---- wait and run ---- */

static void progress(const char *missing)
{
    fprintf(stderr, "  waiting: %.*s\n", (int)strcspn(missing, "\n"), missing);
}

static int do_wait(int argc, char **argv)
{
    struct lab l;
    const char *name = NULL;
    double limit = WAIT_SECONDS;
    bool quiet = false;
    for (int k = 1; k < argc; k++) {
        if (strcmp(argv[k], "--timeout") == 0 && k + 1 < argc)
            limit = strtod(argv[++k], NULL);
        else if (strcmp(argv[k], "--quiet") == 0)
            quiet = true;
        else
            name = argv[k];
    }
    int rc = open_lab(&l, name);
    if (rc)
        return rc;
    struct scenario_backend b;
    struct lab_backend *lb = lab_backend_new(&l, &b, false);
    nstime now = b.now(b.ctx), end = now + (nstime)(limit * (double)NS_PER_S), said = now;
    for (;;) {
        struct strbuf missing = {0};
        bool done = scenario_converged(&b, &missing);
        now = b.now(b.ctx);
        if (done || now >= end) {
            if (!done) {
                cli_fail("lab %s has not converged after %g s:", l.t->name, limit);
                fputs(missing.s, stderr);
                rc = 1;
            }
            strbuf_free(&missing);
            break;
        }
        if (!quiet && now - said > 3 * NS_PER_S) {
            progress(missing.s);
            said = now;
        }
        strbuf_free(&missing);
        b.advance(b.ctx, 200 * NS_PER_MS);
    }
    lab_backend_free(lb);
    lab_close(&l);
    return rc;
}

static int do_run(int argc, char **argv)
{
    struct lab l;
    if (argc < 2 || argc > 3)
        return cli_usage("lab", "lab run FILE [LAB]");
    int rc = need_root("run");
    if (rc == 0)
        rc = open_lab(&l, argc == 3 ? argv[2] : NULL);
    if (rc)
        return rc;
    struct scenario_backend b;
    struct lab_backend *lb = lab_backend_new(&l, &b, true);
    struct scenario *sc = scenario_new(&b);
    lab_backend_report(lb, scenario_report(sc));
    rc = scenario_run(sc, argv[1]);
    scenario_free(sc);
    lab_backend_free(lb);
    lab_close(&l);
    return rc;
}

/* ---- nodes ---- */

static int do_exec(int argc, char **argv)
{
    struct lab l;
    char node[64], ns[128];
    int at = 2;
    if (argc > 2 && strcmp(argv[2], "--") == 0)
        at = 3;
    if (argc <= at)
        return cli_usage("lab", "lab exec NODE -- PROGRAM [ARGUMENT]…");
    int rc = need_root("exec");
    if (rc == 0)
        rc = open_node(&l, argv[1], node);
    if (rc)
        return rc;
    lab_ns_name(l.t->name, node, ns);
    lab_close(&l);
    if ((rc = lab_ns_enter(ns)) != 0)
        return cli_fail("namespace %s: %s", ns, strerror(-rc));
    execvp(argv[at], argv + at);
    return cli_fail("%s: %s", argv[at], strerror(errno));
}

static int open_router(struct lab *l, int argc, char **argv, const char *what, char node[64])
{
    if (argc != 2)
        return cli_usage("lab", "lab %s NODE", what);
    int rc = need_root(what);
    if (rc == 0)
        rc = open_node(l, argv[1], node);
    if (rc == 0 && topology_node(l->t, node)->kind != TOPO_TAPIR) {
        rc = cli_fail("%s is no router", node);
        lab_close(l);
    }
    return rc;
}

static int do_kill(int argc, char **argv)
{
    struct lab l;
    char node[64];
    int rc = open_router(&l, argc, argv, "kill", node);
    if (rc)
        return rc;
    if (!lab_router_kill(&l, node))
        rc = cli_fail("router %s is not running", node);
    lab_close(&l);
    return rc;
}

static int do_start(int argc, char **argv)
{
    struct lab l;
    char node[64], err[600];
    int rc = open_router(&l, argc, argv, "start", node);
    if (rc)
        return rc;
    if (lab_router_pid(&l, node))
        rc = cli_fail("router %s is running already", node);
    else if (lab_router_spawn(&l, node, err, sizeof err) != 0 || lab_router_wait(&l, node, 30000, err, sizeof err) != 0)
        rc = cli_fail("%s", err);
    lab_close(&l);
    return rc;
}

static int do_keys(int argc, char **argv)
{
    struct lab l;
    char node[64], name[200], err[400];
    struct strbuf out = {0};
    int rc = open_router(&l, argc, argv, "keys", node);
    if (rc)
        return rc;
    snprintf(name, sizeof name, "%s/%s", l.t->name, node);
    lab_close(&l);
    if (ctl_request(name, "keys", strbuf_sink, &out, err, sizeof err) != 0)
        rc = cli_fail("%s", err);
    else
        fputs(out.s ? out.s : "", stdout);
    strbuf_free(&out);
    return rc;
}

/* ---- links ---- */

/* NODE[:IFNAME] of some running lab. ifname NULL if there is none. */
static int open_link_word(struct lab *l, const char *word, char node[64], const char **ifname)
{
    char name[128];
    const char *colon = strchr(word, ':');
    snprintf(name, sizeof name, "%.*s", colon ? (int)(colon - word) : 127, word);
    *ifname = colon ? colon + 1 : NULL;
    return open_node(l, name, node);
}

static int do_fault(int argc, char **argv)
{
    struct lab l;
    char node[64], reason[600];
    const char *ifname;
    if (argc < 3)
        return cli_usage(
            "lab",
            "lab fault BRIDGE[:PORT]|NODE:IFNAME loss P%%|delay MS|reorder P%%|dup P%%|corrupt P%%|cut|oneway|clear");
    int rc = need_root("fault");
    if (rc == 0)
        rc = open_link_word(&l, argv[1], node, &ifname);
    if (rc)
        return rc;
    struct strbuf line = {0};
    if (topology_node(l.t, node)->kind != TOPO_BRIDGE) {
        const struct topo_end *other = NULL;
        if (!ifname || !topology_end(l.t, node, ifname, &other))
            rc = cli_fail("lab %s has no link %s", l.t->name, argv[1]);
        else if (l.t->nodes[other->node].kind != TOPO_BRIDGE)
            rc = cli_fail("%s is a cable: faults are set on the links of a switch", argv[1]);
        else
            strbuf_add(&line, "fault %s:%s", l.t->nodes[other->node].name, other->ifname);
    } else {
        strbuf_add(&line, "fault %s%s%s", node, ifname ? ":" : "", ifname ? ifname : "");
    }
    for (int k = 2; k < argc; k++)
        strbuf_add(&line, " %s", argv[k]);
    if (rc == 0) {
        struct scenario_backend b;
        struct lab_backend *lb = lab_backend_new(&l, &b, false);
        struct scenario *sc = scenario_new(&b);
        b.say = NULL;
        if (!scenario_line(sc, line.s, reason, sizeof reason))
            rc = cli_fail("%s", reason);
        scenario_free(sc);
        lab_backend_free(lb);
    }
    strbuf_free(&line);
    lab_close(&l);
    return rc;
}

static int do_attach(int argc, char **argv)
{
    struct lab l;
    char node[64], ns[128], err[400], commands[900];
    if (argc != 4)
        return cli_usage("lab", "lab attach BRIDGE NETNS IFNAME");
    int rc = need_root("attach");
    if (rc == 0)
        rc = open_node(&l, argv[1], node);
    if (rc)
        return rc;
    lab_ns_name(l.t->name, node, ns);
    if (topology_node(l.t, node)->kind != TOPO_BRIDGE)
        rc = cli_fail("%s is no bridge", node);
    else if (!lab_ns_exists(argv[2]))
        rc = cli_fail("there is no namespace %s: ip netns add %s", argv[2], argv[2]);
    else if (strlen(argv[3]) > 15 || !isalnum((unsigned char)argv[3][0]) || strpbrk(argv[3], " /\n"))
        rc = cli_fail("%s cannot be a device name", argv[3]);
    if (rc == 0) {
        char port[16];
        snprintf(port, sizeof port, "f%d", (int)getpid() % 1000000);
        snprintf(commands, sizeof commands, "link add %s netns %s type veth peer name %s netns %s\n", port, ns, argv[3],
                 argv[2]);
        int bad = lab_ip_batch(NULL, commands, err, sizeof err);
        snprintf(commands, sizeof commands, "link set %s master switch\nlink set %s up\n", port, port);
        if (!bad)
            bad = lab_ip_batch(ns, commands, err, sizeof err);
        snprintf(commands, sizeof commands, "link set %s up\n", argv[3]);
        if (bad || lab_ip_batch(argv[2], commands, err, sizeof err) != 0)
            rc = cli_fail("%s", err);
    }
    lab_close(&l);
    return rc;
}

static int do_capture(int argc, char **argv)
{
    struct lab l;
    char node[64];
    const char *ifname;
    if (argc != 3)
        return cli_usage("lab", "lab capture BRIDGE:PORT|NODE:IFNAME FILE");
    int rc = need_root("capture");
    if (rc == 0)
        rc = open_link_word(&l, argv[1], node, &ifname);
    if (rc)
        return rc;
    rc = ifname ? lab_capture(&l, node, ifname, argv[2]) : cli_usage("lab", "say which port: %s:1", node);
    lab_close(&l);
    return rc;
}

int cmd_lab(int argc, char **argv)
{
    static const struct {
        const char *name;
        int (*run)(int argc, char **argv);
    } table[] = {{"up", do_up},     {"down", do_down},   {"status", do_status}, {"wait", do_wait},
                 {"run", do_run},   {"exec", do_exec},   {"kill", do_kill},     {"start", do_start},
                 {"keys", do_keys}, {"fault", do_fault}, {"attach", do_attach}, {"capture", do_capture}};
    for (size_t k = 0; argc > 1 && k < sizeof table / sizeof *table; k++)
        if (strcmp(argv[1], table[k].name) == 0)
            return table[k].run(argc - 1, argv + 1);
    if (argc > 1)
        return cli_usage("lab", "there is no `lab %.40s`", argv[1]);
    return cli_usage("lab", "say what: up, down, status, wait, run, exec, kill, start, fault, attach, capture or keys");
}
