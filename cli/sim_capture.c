/* `tapir sim --capture DIR`: one pcap file per switch, with simulated time stamps. Cables have one too. */
#include "cli/sim.h"
#include <errno.h>
#include <pcap.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct capture_file {
    char name[64];
    pcap_dumper_t *dump;
    struct capture_file *next;
};
struct sim_capture {
    struct sim *sim;
    char dir[512];
    pcap_t *dead;
    struct capture_file *files;
    bool broken;
};

static struct capture_file *capture_file(struct sim_capture *c, const char *sw)
{
    char path[700];
    for (struct capture_file *f = c->files; f; f = f->next)
        if (strcmp(f->name, sw) == 0)
            return f;
    struct capture_file *f = calloc(1, sizeof *f);
    if (!f)
        return NULL;
    snprintf(f->name, sizeof f->name, "%s", sw);
    snprintf(path, sizeof path, "%s/%s.pcap", c->dir, sw);
    for (char *p = path + strlen(c->dir) + 1; *p; p++) /* cables are named after interfaces */
        if (*p == '/' || *p == ':')
            *p = '-';
    f->dump = pcap_dump_open(c->dead, path);
    if (!f->dump && !c->broken) {
        c->broken = true;
        fprintf(stderr, "tapir: %s: %s\n", path, pcap_geterr(c->dead));
    }
    f->next = c->files;
    c->files = f;
    return f;
}

static void capture_frame(void *arg, const char *sw, nstime at, const uint8_t *frame, size_t len)
{
    struct sim_capture *c = arg;
    struct capture_file *f = capture_file(c, sw);
    nstime wall = at - world_now(c->sim->world) + loop_wall(world_loop(c->sim->world));
    struct pcap_pkthdr h = {
        .ts = {.tv_sec = wall / NS_PER_S, .tv_usec = wall % NS_PER_S}, /* ns: see sim_capture_open */
        .caplen = (bpf_u_int32)len,
        .len = (bpf_u_int32)len};
    if (f && f->dump)
        pcap_dump((u_char *)f->dump, &h, frame);
}

struct sim_capture *sim_capture_open(struct sim *s, const char *dir, char *err, size_t errlen)
{
    struct sim_capture *c = calloc(1, sizeof *c);
    if (!c || (mkdir(dir, 0777) != 0 && errno != EEXIST)) {
        snprintf(err, errlen, "%s: %s", dir, strerror(errno));
        free(c);
        return NULL;
    }
    c->sim = s;
    snprintf(c->dir, sizeof c->dir, "%s", dir);
    c->dead = pcap_open_dead_with_tstamp_precision(DLT_EN10MB, 65535, PCAP_TSTAMP_PRECISION_NANO);
    for (unsigned k = 0; c->dead && k < s->topology->n_nodes; k++) /* an empty file for a silent switch */
        if (s->topology->nodes[k].kind == TOPO_BRIDGE)
            capture_file(c, s->topology->nodes[k].name);
    world_sniff(s->world, capture_frame, c);
    return c;
}

void sim_capture_close(struct sim_capture *c)
{
    if (!c)
        return;
    for (struct capture_file *f = c->files, *next; f; f = next) {
        next = f->next;
        if (f->dump)
            pcap_dump_close(f->dump);
        free(f);
    }
    if (c->dead)
        pcap_close(c->dead);
    free(c);
}
