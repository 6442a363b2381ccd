/* Entry point: picks the subcommand. Everything a user can type at `tapir` is in the table below; each subcommand
 * lives in its own file. */
#include "cli/cli.h"
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(int argc, char **argv);

struct subcommand {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *usage, *brief, *help;
};

static const struct subcommand *subcommands(void)
{
    static const struct subcommand table[] = {
        {"router", cmd_router,
         "tapir router NAME [-c CONFIG] [-i IFNAME=TAP]... [--state DIR] [--no-offload]\n"
         "                    [--telnet PORT] [--ssh PORT] [--mirror] [--lab-keys] [--boot-time S]",
         "run one router in the foreground",
         "Runs one router in the network namespace it is started in, with a tap for each\n"
         "configured interface: GigabitEthernet0/3 is gi0-3, Ethernet1/1 is et1-1. Prints\n"
         "`NAME ready` when the configuration is loaded. SIGTERM is a power cut.\n"
         "\n"
         "  -c CONFIG        what startup-config holds if the state directory has none\n"
         "  -i IFNAME=TAP    another tap name; an existing tap is taken over\n"
         "  --state DIR      keeps startup-config (`write memory`) and keys\n"
         "  --no-offload     wire-size frames on the taps\n"
         "  --telnet PORT    the vty lines by telnet on 127.0.0.1\n"
         "  --ssh PORT       the vty lines by SSH on 127.0.0.1\n"
         "  --mirror         lends the router's addresses to this namespace's TCP stack: the vty\n"
         "                   lines answer there, programs speak from them. One router a namespace;\n"
         "                   labs do so by themselves\n"
         "  --lab-keys       lets `tapir lab keys` print session keys for tshark\n"
         "  --boot-time S    seconds a reload takes (default 2)\n"},
        {"console", cmd_console, "tapir console NAME", "the console of a running router",
         "Connects to the router NAME, or to a node of a running lab (NODE or LAB/NODE). `?`\n"
         "and TAB work as on IOS; Ctrl-Z ends configuration; Ctrl-C stops a running command;\n"
         "`exit` leaves. If standard input is not a terminal, every line of it is typed and\n"
         "the whole transcript printed.\n"},
        {"exec", cmd_exec, "tapir exec NAME 'COMMAND' ['COMMAND'...]", "run exec commands on a running router",
         "Runs the commands at privilege 15, one after the other, and prints their output\n"
         "alone. Status 1 if any was rejected.\n"},
        {"paste", cmd_paste, "tapir paste NAME FILE|- [--repair]", "type a configuration into a running router",
         "Enters configuration mode and types the file. Prints each rejected line with the\n"
         "router's answer below, and a count at the end. Status 1 if any was rejected.\n"
         "\n"
         "  --repair         first heals a listing that a PDF has wrapped\n"},
        {"lab", cmd_lab, "tapir lab up|down|status|wait|run|exec|kill|start|fault|attach|capture|keys ...",
         "a topology of routers, hosts and switches in namespaces",
         "  tapir lab up DIR|FILE            brings the topology up (root)\n"
         "  tapir lab down [LAB]             takes it down\n"
         "  tapir lab status [LAB] [--json]  shows it\n"
         "  tapir lab wait [LAB] [--timeout S]\n"
         "                                   waits until it has converged\n"
         "  tapir lab run FILE [LAB]         runs a scenario\n"
         "  tapir lab exec NODE -- PROGRAM…  runs a program in the node's namespace\n"
         "  tapir lab kill|start NODE        kill -9 of a router; its power-on\n"
         "  tapir lab fault LINK …           loss P%|delay MS|reorder P%|dup P%|corrupt P%|cut|oneway|clear\n"
         "  tapir lab attach BRIDGE NETNS IFNAME\n"
         "                                   plugs a foreign peer into a switch\n"
         "  tapir lab capture BRIDGE:PORT|NODE:IFNAME FILE\n"
         "                                   writes pcap until it is ended\n"
         "  tapir lab keys NODE              tshark arguments that open its IKE and ESP\n"},
        {"sim", cmd_sim, "tapir sim DIR|FILE [--script F] [--seed N] [--until T] [--capture DIR]",
         "the same lab in one process on simulated time",
         "Runs the topology's routers in this process on simulated time; the transcript goes\n"
         "to standard output and is the same for the same seed. Needs no privilege.\n"
         "\n"
         "  --script F       a scenario\n"
         "  --seed N         another run of chance\n"
         "  --until T        simulated seconds, or 1h30m (default: the script's end, or 10 minutes)\n"
         "  --capture DIR    a pcap for each switch\n"},
        {0}};
    return table;
}

static const struct subcommand *subcommand_find(const char *name)
{
    for (const struct subcommand *s = subcommands(); s->name; s++)
        if (!strcmp(s->name, name))
            return s;
    return NULL;
}

static int help_all(FILE *to)
{
    fprintf(to, "Tapir: a free router with an IOS-like command line.\n\n");
    for (const struct subcommand *s = subcommands(); s->name; s++)
        fprintf(to, "  tapir %-8s %s\n", s->name, s->brief);
    fprintf(to, "\n`tapir help SUBCOMMAND` says more; `tapir --version` prints the version.\n");
    return to == stdout ? 0 : 2;
}

static int help_one(const char *name)
{
    const struct subcommand *s = subcommand_find(name);
    if (!s) {
        fprintf(stderr, "tapir: there is no subcommand %.40s; `tapir help` lists them\n", name);
        return 2;
    }
    printf("usage: %s\n\n%s", s->usage, s->help);
    return 0;
}

int main(int argc, char **argv)
{
    signal(SIGPIPE, SIG_IGN);
    if (argc < 2) {
        fprintf(stderr, "tapir: say what to do: `tapir help` lists the subcommands\n");
        return 2;
    }
    const char *sub = argv[1];
    if (!strcmp(sub, "help") || !strcmp(sub, "--help") || !strcmp(sub, "-h")) {
        int status = argc > 2 ? help_one(argv[2]) : help_all(stdout);
        return fflush(stdout) ? 1 : status;
    }
    if (!strcmp(sub, "--version") || !strcmp(sub, "version")) {
        printf("tapir %s\n", TAPIR_VERSION);
        return 0;
    }
    const struct subcommand *s = subcommand_find(sub);
    if (!s)
        return help_one(sub);
    for (int i = 2; i < argc && strcmp(argv[i], "--"); i++) {
        if (!strcmp(argv[i], "--help"))
            return help_one(sub);
        if (!strcmp(argv[i], "--version")) {
            printf("tapir %s\n", TAPIR_VERSION);
            return 0;
        }
    }
    if (!s->run)
        return cli_fail("this build has no `%s`: it was linked without its source file", sub);
    return s->run(argc - 1, argv + 1);
}
