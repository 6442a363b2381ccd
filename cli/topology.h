/* A lab file: YAML in the shape containerlab users know (CONTRACT 2), checked as a whole before anything is
 * built. Read by `tapir lab` and `tapir sim`.
 *
 * Beyond containerlab: `startup-config` may be a list of files, read one after the other; an entry may be
 * `{file: F, unless: VAR}`, left out while the environment variable VAR is set and not empty; `keys: true`. */
#ifndef TAPIR_CLI_TOPOLOGY_H
#define TAPIR_CLI_TOPOLOGY_H
#include <stdbool.h>
#include <stddef.h>

enum topo_kind { TOPO_TAPIR, TOPO_LINUX, TOPO_BRIDGE };
struct topo_node {
    char name[64];
    enum topo_kind kind;
    char *config; /* all startup-config files as one text; NULL: none */
    char **exec;  /* shell lines */
    unsigned n_exec;
    int line;
};
struct topo_end {
    unsigned node;   /* index into nodes */
    char ifname[40]; /* as written; canonical for routers */
    char device[16]; /* the Linux device: tap name, p1, eth1 */
};
struct topo_link {
    struct topo_end end[2];
    int line;
};
struct topology {
    char name[33];
    char path[512], dir[512];
    bool keys;
    struct topo_node *nodes;
    unsigned n_nodes;
    struct topo_link *links;
    unsigned n_links;
};
/* dir_or_file: a lab file, or a directory with exactly one *.clab.yml. NULL: one line in err says what is wrong. */
struct topology *topology_read(const char *dir_or_file, char *err, size_t errlen);
void topology_free(struct topology *t);
const struct topo_node *topology_node(const struct topology *t, const char *name);
/* The link end NODE:IFNAME, NULL if there is none; *other gets the far end. */
const struct topo_end *topology_end(const struct topology *t, const char *node, const char *ifname,
                                    const struct topo_end **other);
/* A file's whole text, malloc'd, NUL-terminated; NULL with errno. */
char *topology_file_text(const char *path);
#endif
