/* `tapir lab capture`: writes pcap of one device of a lab until it is ended by a signal. Called by lab.c. */
#include "cli/cli.h"
#include "cli/lab.h"
#include <pcap.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

static volatile sig_atomic_t ended;
static pcap_t *capturing;

/* A quiet link wakes nobody: the wait itself has to be ended. */
static void on_end(int sig)
{
    ended = sig;
    pcap_breakloop(capturing);
}

/* A super-packet whole, with its link header and a VLAN tag. */
enum { SNAP_LONGEST = 14 + 4 + 65535, BUFFER = 32 << 20 };

static void write_frame(u_char *dump, const struct pcap_pkthdr *h, const u_char *frame)
{
    pcap_dump(dump, h, frame);
    pcap_dump_flush((pcap_dumper_t *)dump);
}

int lab_capture(struct lab *l, const char *node, const char *ifname, const char *file)
{
    char ns[128], err[PCAP_ERRBUF_SIZE] = "";
    const struct topo_end *e = topology_end(l->t, node, ifname, NULL);
    struct sigaction sa = {.sa_handler = on_end};
    if (!e)
        return cli_fail("lab %s has no %s:%s", l->t->name, node, ifname);
    lab_ns_name(l->t->name, node, ns);
    if (lab_ns_enter(ns) != 0)
        return cli_fail("namespace %s cannot be entered: sudo?", ns);
    pcap_t *p = pcap_create(e->device, err);
    if (!p)
        return cli_fail("%s: %s", e->device, err);
    pcap_set_snaplen(p, SNAP_LONGEST);
    pcap_set_buffer_size(p, BUFFER); /* a slot of it holds one frame, whatever its size */
    pcap_set_promisc(p, 1);
    pcap_set_immediate_mode(p, 1);
    pcap_set_timeout(p, 100);
    if (pcap_activate(p) < 0) {
        int rc = cli_fail("%s: %s", e->device, pcap_geterr(p));
        pcap_close(p);
        return rc;
    }
    pcap_dumper_t *dump = pcap_dump_open(p, file);
    if (!dump) {
        int rc = cli_fail("%s", pcap_geterr(p));
        pcap_close(p);
        return rc;
    }
    pcap_dump_flush(dump);
    capturing = p;
    sigaction(SIGINT, &sa, NULL);
    sigaction(SIGTERM, &sa, NULL);
    sigaction(SIGHUP, &sa, NULL);
    while (!ended && pcap_dispatch(p, 64, write_frame, (u_char *)dump) >= 0)
        ;
    pcap_dump_close(dump);
    pcap_close(p);
    return 0;
}
