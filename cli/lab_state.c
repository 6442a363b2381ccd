/* The state file of a running lab: its topology as it was brought up, in plain lines. Called by every lab subcommand.
 */
#include "cli/control.h"
#include "cli/lab.h"
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const kinds[] = {"tapir", "linux", "bridge"};

int lab_state_write(const struct lab *l)
{
    char path[400];
    mkdir(ctl_run_dir(), 0755);
    if (mkdir(l->dir, 0755) != 0)
        return -errno;
    snprintf(path, sizeof path, "%s/lab.state", l->dir);
    FILE *f = fopen(path, "we");
    if (!f)
        return -errno;
    fprintf(f, "name %s\nkeys %d\npath %s\n", l->t->name, l->t->keys, l->t->path);
    for (unsigned k = 0; k < l->t->n_nodes; k++)
        fprintf(f, "node %s %s\n", l->t->nodes[k].name, kinds[l->t->nodes[k].kind]);
    for (unsigned k = 0; k < l->t->n_links; k++) {
        const struct topo_end *a = &l->t->links[k].end[0], *b = &l->t->links[k].end[1];
        fprintf(f, "link %u %s %s %u %s %s\n", a->node, a->ifname, a->device, b->node, b->ifname, b->device);
    }
    return fclose(f) == 0 ? 0 : -errno;
}

static struct topology *state_read(const char *dir)
{
    char path[600], line[900], kind[16];
    snprintf(path, sizeof path, "%s/lab.state", dir);
    FILE *f = fopen(path, "re");
    struct topology *t = f ? calloc(1, sizeof *t) : NULL;
    if (!t) {
        if (f)
            fclose(f);
        return NULL;
    }
    t->nodes = calloc(200, sizeof *t->nodes);
    t->links = calloc(600, sizeof *t->links);
    while (fgets(line, sizeof line, f)) {
        struct topo_node *n = &t->nodes[t->n_nodes];
        struct topo_end *a = t->links[t->n_links].end, *b = a + 1;
        int keys;
        if (sscanf(line, "name %32s", t->name) == 1 || sscanf(line, "path %511[^\n]", t->path) == 1)
            continue;
        if (sscanf(line, "keys %d", &keys) == 1)
            t->keys = keys;
        else if (t->n_nodes < 199 && sscanf(line, "node %63s %15s", n->name, kind) == 2) {
            n->kind = strcmp(kind, "tapir") == 0 ? TOPO_TAPIR : strcmp(kind, "linux") == 0 ? TOPO_LINUX : TOPO_BRIDGE;
            t->n_nodes++;
        } else if (t->n_links < 599 &&
                   sscanf(line, "link %u %39s %15s %u %39s %15s", &a->node, a->ifname, a->device, &b->node, b->ifname,
                          b->device) == 6 &&
                   a->node < t->n_nodes && b->node < t->n_nodes)
            t->n_links++;
    }
    fclose(f);
    if (!t->name[0]) {
        topology_free(t);
        return NULL;
    }
    return t;
}

static bool open_dir(struct lab *l, const char *name)
{
    snprintf(l->dir, sizeof l->dir, "%.240s/%.48s", ctl_run_dir(), name);
    l->t = strchr(name, '/') ? NULL : state_read(l->dir);
    return l->t != NULL;
}

bool lab_open(struct lab *l, const char *name, char *err, size_t errlen)
{
    char found[64] = "";
    unsigned n = 0;
    memset(l, 0, sizeof *l);
    if (name) {
        if (open_dir(l, name))
            return true;
        snprintf(err, errlen, "no lab %s is running", name);
        return false;
    }
    DIR *d = opendir(ctl_run_dir());
    for (struct dirent *e; d && (e = readdir(d));) {
        struct lab probe = {0};
        if (e->d_name[0] != '.' && open_dir(&probe, e->d_name)) {
            snprintf(found, sizeof found, "%.63s", e->d_name);
            n++;
            lab_close(&probe);
        }
    }
    if (d)
        closedir(d);
    if (n == 1)
        return open_dir(l, found);
    snprintf(err, errlen, n ? "%u labs are running: say which" : "no lab is running: tapir lab up DIR", n);
    return false;
}

bool lab_open_node(struct lab *l, const char *word, char node[64], char *err, size_t errlen)
{
    const char *slash = strchr(word, '/');
    char lab[64];
    unsigned n = 0;
    memset(l, 0, sizeof *l);
    if (slash) {
        snprintf(lab, sizeof lab, "%.*s", (int)(slash - word), word);
        snprintf(node, 64, "%.63s", slash + 1);
        if (!lab_open(l, lab, err, errlen))
            return false;
        if (topology_node(l->t, node))
            return true;
        snprintf(err, errlen, "lab %s has no node %s", lab, node);
        lab_close(l);
        return false;
    }
    snprintf(node, 64, "%.63s", word);
    DIR *d = opendir(ctl_run_dir());
    for (struct dirent *e; d && (e = readdir(d));) {
        struct lab probe = {0};
        if (e->d_name[0] == '.' || !open_dir(&probe, e->d_name))
            continue;
        if (topology_node(probe.t, node) && ++n == 1)
            *l = probe;
        else
            lab_close(&probe);
    }
    if (d)
        closedir(d);
    if (n == 1)
        return true;
    if (n > 1)
        lab_close(l);
    if (n)
        snprintf(err, errlen, "%u labs have a node %s: say LAB/%s", n, node, node);
    else
        snprintf(err, errlen, "no running lab has a node %s", node);
    return false;
}

void lab_close(struct lab *l)
{
    topology_free(l->t);
    l->t = NULL;
}

void lab_path(const struct lab *l, const char *node, const char *suffix, char *buf, size_t len)
{
    snprintf(buf, len, "%s/%s%s", l->dir, node, suffix);
}

static void mark_path(const struct lab *l, const char *node, const char *device, char buf[600])
{
    snprintf(buf, 600, "%s/%s.%s.down", l->dir, node, device);
}

void lab_mark(const struct lab *l, const char *node, const char *device, bool set)
{
    char path[600];
    mark_path(l, node, device, path);
    if (!set) {
        unlink(path);
        return;
    }
    FILE *f = fopen(path, "we");
    if (f)
        fclose(f);
}

bool lab_marked(const struct lab *l, const char *node, const char *device)
{
    char path[600];
    mark_path(l, node, device, path);
    return access(path, F_OK) == 0;
}

static void remove_tree(const char *path, int depth)
{
    DIR *d = opendir(path);
    for (struct dirent *e; d && (e = readdir(d));) {
        char child[900];
        struct stat st;
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
            continue;
        snprintf(child, sizeof child, "%.600s/%.250s", path, e->d_name);
        if (depth < 4 && lstat(child, &st) == 0 && S_ISDIR(st.st_mode))
            remove_tree(child, depth + 1);
        else
            unlink(child);
    }
    if (d)
        closedir(d);
    rmdir(path);
}

void lab_state_remove(const struct lab *l)
{
    remove_tree(l->dir, 0);
}
