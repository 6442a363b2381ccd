/* Lab files read with libyaml: nodes, links, startup configurations; every mistake is one line with file and line.
 * Called by `tapir lab` and `tapir sim`. */
#include "cli/topology.h"
#include "modules/core/ifname.h"
#include "modules/core/out.h"
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <yaml.h>

#define TOPO_MAX_NODES 200
#define TOPO_MAX_LINKS 600

struct reader {
    yaml_document_t doc;
    struct topology *t;
    char *err;
    size_t errlen;
};

static bool bad(struct reader *r, const yaml_node_t *n, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
static bool bad(struct reader *r, const yaml_node_t *n, const char *fmt, ...)
{
    va_list ap;
    int at = n ? snprintf(r->err, r->errlen, "%s:%zu: ", r->t->path, n->start_mark.line + 1)
               : snprintf(r->err, r->errlen, "%s: ", r->t->path);
    va_start(ap, fmt);
    if (at > 0 && (size_t)at < r->errlen)
        vsnprintf(r->err + at, r->errlen - (size_t)at, fmt, ap);
    va_end(ap);
    return false;
}

static yaml_node_t *child(struct reader *r, const yaml_node_t *map, const char *key)
{
    if (!map || map->type != YAML_MAPPING_NODE)
        return NULL;
    for (yaml_node_pair_t *p = map->data.mapping.pairs.start; p < map->data.mapping.pairs.top; p++) {
        yaml_node_t *k = yaml_document_get_node(&r->doc, p->key);
        if (k && k->type == YAML_SCALAR_NODE && strcmp((char *)k->data.scalar.value, key) == 0)
            return yaml_document_get_node(&r->doc, p->value);
    }
    return NULL;
}

static const char *scalar(const yaml_node_t *n)
{
    return n && n->type == YAML_SCALAR_NODE ? (const char *)n->data.scalar.value : NULL;
}

static bool name_ok(const char *s, size_t max)
{
    if (!s || !*s || strlen(s) > max || !isalnum((unsigned char)s[0]))
        return false;
    for (; *s; s++)
        if (!isalnum((unsigned char)*s) && !strchr("-_.", *s))
            return false;
    return true;
}

char *topology_file_text(const char *path)
{
    struct strbuf b = {0};
    char buf[8192];
    size_t n;
    struct stat st;
    FILE *f = fopen(path, "re");
    if (!f)
        return NULL;
    if (fstat(fileno(f), &st) == 0 && S_ISDIR(st.st_mode)) {
        fclose(f);
        errno = EISDIR;
        return NULL;
    }
    while ((n = fread(buf, 1, sizeof buf, f)) > 0)
        strbuf_write(&b, buf, n);
    fclose(f);
    return b.s ? b.s : strdup("");
}

/* ---- startup-config ---- */

static bool config_file(struct reader *r, const yaml_node_t *at, const char *node, const char *file, struct strbuf *out)
{
    char path[1100];
    if (*file == '/')
        snprintf(path, sizeof path, "%s", file);
    else
        snprintf(path, sizeof path, "%s/%s", r->t->dir, file);
    char *text = topology_file_text(path);
    if (!text)
        return bad(r, at, "node %s: cannot read startup-config %s: %s", node, path, strerror(errno));
    for (const char *p = text; *p;) { /* `end` closes a saved configuration: another file may follow */
        size_t len = strcspn(p, "\n");
        if (!(len >= 3 && strncmp(p, "end", 3) == 0 && strspn(p + 3, " \r") == len - 3)) {
            strbuf_write(out, p, len);
            strbuf_write(out, "\n", 1);
        }
        p += len + (p[len] == '\n');
    }
    free(text);
    return true;
}

static bool read_config(struct reader *r, struct topo_node *node, yaml_node_t *v)
{
    struct strbuf text = {0};
    if (!v)
        return true;
    if (node->kind != TOPO_TAPIR)
        return bad(r, v, "node %s: only a node of kind tapir has a startup-config", node->name);
    if (v->type == YAML_SCALAR_NODE) {
        if (!config_file(r, v, node->name, scalar(v), &text)) {
            strbuf_free(&text);
            return false;
        }
    } else if (v->type == YAML_SEQUENCE_NODE) {
        for (yaml_node_item_t *i = v->data.sequence.items.start; i < v->data.sequence.items.top; i++) {
            yaml_node_t *item = yaml_document_get_node(&r->doc, *i);
            const char *unless = scalar(child(r, item, "unless"));
            const char *file = item->type == YAML_MAPPING_NODE ? scalar(child(r, item, "file")) : scalar(item);
            const char *set = unless ? getenv(unless) : NULL;
            if (set && *set)
                continue;
            if (!file || !config_file(r, item, node->name, file, &text)) {
                strbuf_free(&text);
                return file ? false : bad(r, item, "node %s: startup-config wants a file name", node->name);
            }
        }
    } else {
        return bad(r, v, "node %s: startup-config is a file or a list of files", node->name);
    }
    node->config = text.s ? text.s : strdup("");
    return true;
}

static bool read_exec(struct reader *r, struct topo_node *node, yaml_node_t *v)
{
    if (!v)
        return true;
    if (v->type != YAML_SEQUENCE_NODE)
        return bad(r, v, "node %s: exec is a list of commands", node->name);
    size_t n = (size_t)(v->data.sequence.items.top - v->data.sequence.items.start);
    node->exec = calloc(n + 1, sizeof *node->exec);
    for (yaml_node_item_t *i = v->data.sequence.items.start; i < v->data.sequence.items.top; i++) {
        const char *line = scalar(yaml_document_get_node(&r->doc, *i));
        if (!line)
            return bad(r, v, "node %s: an exec entry is not a text", node->name);
        node->exec[node->n_exec++] = strdup(line);
    }
    return true;
}

/* ---- nodes ---- */

static bool read_node(struct reader *r, const yaml_node_t *key, yaml_node_t *v, const char *default_kind)
{
    struct topology *t = r->t;
    const char *name = scalar(key), *kind = scalar(child(r, v, "kind"));
    if (!name_ok(name, 24))
        return bad(r, key, "node name \"%s\": letters, digits, - _ . and at most 24 of them", name ? name : "");
    if (topology_node(t, name))
        return bad(r, key, "node %s is there twice", name);
    if (t->n_nodes == TOPO_MAX_NODES)
        return bad(r, key, "more than %d nodes", TOPO_MAX_NODES);
    struct topo_node *n = &t->nodes[t->n_nodes++];
    snprintf(n->name, sizeof n->name, "%s", name);
    n->line = (int)key->start_mark.line + 1;
    if (!kind)
        kind = default_kind;
    if (!kind)
        return bad(r, key, "node %s has no kind (tapir, linux or bridge)", name);
    if (strcmp(kind, "tapir") == 0)
        n->kind = TOPO_TAPIR;
    else if (strcmp(kind, "linux") == 0)
        n->kind = TOPO_LINUX;
    else if (strcmp(kind, "bridge") == 0)
        n->kind = TOPO_BRIDGE;
    else
        return bad(r, child(r, v, "kind"), "node %s: unknown kind \"%s\" (tapir, linux or bridge)", name, kind);
    return read_config(r, n, child(r, v, "startup-config")) && read_exec(r, n, child(r, v, "exec"));
}

static bool read_nodes(struct reader *r, yaml_node_t *topo)
{
    yaml_node_t *nodes = child(r, topo, "nodes");
    const char *kind = scalar(child(r, child(r, topo, "defaults"), "kind"));
    if (!nodes || nodes->type != YAML_MAPPING_NODE)
        return bad(r, nodes ? nodes : topo, "topology.nodes is missing");
    for (yaml_node_pair_t *p = nodes->data.mapping.pairs.start; p < nodes->data.mapping.pairs.top; p++)
        if (!read_node(r, yaml_document_get_node(&r->doc, p->key), yaml_document_get_node(&r->doc, p->value), kind))
            return false;
    return true;
}

/* ---- links ---- */

static bool read_end(struct reader *r, const yaml_node_t *v, struct topo_end *e)
{
    struct topology *t = r->t;
    char node[64], ifname[64];
    const char *text = scalar(v), *colon = text ? strchr(text, ':') : NULL;
    if (!colon || colon == text || !colon[1] || strlen(text) >= sizeof node)
        return bad(r, v, "link endpoint \"%s\" is not NODE:INTERFACE", text ? text : "");
    snprintf(node, sizeof node, "%.*s", (int)(colon - text), text);
    snprintf(ifname, sizeof ifname, "%s", colon + 1);
    const struct topo_node *n = topology_node(t, node);
    if (!n)
        return bad(r, v, "link endpoint %s: there is no node %s in this lab", text, node);
    e->node = (unsigned)(n - t->nodes);
    if (n->kind == TOPO_TAPIR) {
        if (ifname_parse(ifname, e->ifname) != strlen(ifname))
            return bad(r, v, "link endpoint %s: \"%s\" is not an interface of a router (GigabitEthernet0/3)", text,
                       ifname);
        ifname_tap(e->ifname, e->device);
    } else {
        bool number = n->kind == TOPO_BRIDGE && isdigit((unsigned char)ifname[0]);
        if (!name_ok(ifname, number ? 14 : 15))
            return bad(r, v, "link endpoint %s: \"%s\" cannot be a device name", text, ifname);
        snprintf(e->ifname, sizeof e->ifname, "%.39s", ifname);
        snprintf(e->device, sizeof e->device, "%s%.14s", number ? "p" : "", ifname);
    }
    const struct topo_end *taken = topology_end(t, node, e->ifname, NULL);
    if (taken && taken != e)
        return bad(r, v, "link endpoint %s is used twice", text);
    return true;
}

static bool read_links(struct reader *r, yaml_node_t *topo)
{
    yaml_node_t *links = child(r, topo, "links");
    if (!links)
        return true;
    if (links->type != YAML_SEQUENCE_NODE)
        return bad(r, links, "topology.links is a list");
    for (yaml_node_item_t *i = links->data.sequence.items.start; i < links->data.sequence.items.top; i++) {
        yaml_node_t *link = yaml_document_get_node(&r->doc, *i), *ends = child(r, link, "endpoints");
        if (!ends || ends->type != YAML_SEQUENCE_NODE ||
            ends->data.sequence.items.top - ends->data.sequence.items.start != 2)
            return bad(r, link, "a link wants endpoints: [\"NODE:INTERFACE\", \"NODE:INTERFACE\"]");
        if (r->t->n_links == TOPO_MAX_LINKS)
            return bad(r, link, "more than %d links", TOPO_MAX_LINKS);
        struct topo_link *l = &r->t->links[r->t->n_links];
        l->line = (int)link->start_mark.line + 1;
        for (int k = 0; k < 2; k++)
            if (!read_end(r, yaml_document_get_node(&r->doc, ends->data.sequence.items.start[k]), &l->end[k]))
                return false;
        if (l->end[0].node == l->end[1].node)
            return bad(r, link, "a link from node %s to itself", r->t->nodes[l->end[0].node].name);
        r->t->n_links++;
    }
    return true;
}

/* ---- the file ---- */

static bool find_file(struct topology *t, const char *given, char *err, size_t errlen)
{
    struct stat st;
    char found[512] = "";
    unsigned n = 0;
    if (stat(given, &st) != 0) {
        snprintf(err, errlen, "%s: %s", given, strerror(errno));
        return false;
    }
    if (!S_ISDIR(st.st_mode)) {
        const char *slash = strrchr(given, '/');
        snprintf(t->path, sizeof t->path, "%s", given);
        snprintf(t->dir, sizeof t->dir, "%.*s", slash ? (int)(slash - given) : 1, slash ? given : ".");
        return true;
    }
    DIR *d = opendir(given);
    for (struct dirent *e; d && (e = readdir(d));) {
        size_t len = strlen(e->d_name);
        if (len > 9 && strcmp(e->d_name + len - 9, ".clab.yml") == 0) {
            snprintf(found, sizeof found, "%s", e->d_name);
            n++;
        }
    }
    if (d)
        closedir(d);
    if (n != 1) {
        snprintf(err, errlen, n ? "%s: %u files *.clab.yml there: name one" : "%s: no file *.clab.yml there", given, n);
        return false;
    }
    size_t len = strlen(given);
    snprintf(t->dir, sizeof t->dir, "%.*s", (int)(len > 1 && given[len - 1] == '/' ? len - 1 : len), given);
    snprintf(t->path, sizeof t->path, "%.250s/%.250s", t->dir, found);
    return true;
}

static bool read_all(struct reader *r)
{
    struct topology *t = r->t;
    yaml_node_t *root = yaml_document_get_root_node(&r->doc);
    yaml_node_t *topo = child(r, root, "topology"), *name = child(r, root, "name");
    const char *keys = scalar(child(r, root, "keys"));
    if (!root || root->type != YAML_MAPPING_NODE)
        return bad(r, NULL, "not a lab file (a mapping with name and topology)");
    if (!name_ok(scalar(name), 32))
        return bad(r, name ? name : root, "the lab has no usable name (letters, digits, - _ . and at most 32 of them)");
    if (!topo)
        return bad(r, root, "topology is missing");
    snprintf(t->name, sizeof t->name, "%s", scalar(name));
    t->keys = keys && strcmp(keys, "true") == 0;
    t->nodes = calloc(TOPO_MAX_NODES, sizeof *t->nodes);
    t->links = calloc(TOPO_MAX_LINKS, sizeof *t->links);
    return read_nodes(r, topo) && read_links(r, topo);
}

struct topology *topology_read(const char *dir_or_file, char *err, size_t errlen)
{
    struct topology *t = calloc(1, sizeof *t);
    struct reader r = {.t = t, .err = err, .errlen = errlen};
    yaml_parser_t parser;
    bool ok = false;
    if (!t || !find_file(t, dir_or_file, err, errlen)) {
        free(t);
        return NULL;
    }
    FILE *f = fopen(t->path, "re");
    if (!f) {
        snprintf(err, errlen, "%s: %s", t->path, strerror(errno));
        free(t);
        return NULL;
    }
    yaml_parser_initialize(&parser);
    yaml_parser_set_input_file(&parser, f);
    if (!yaml_parser_load(&parser, &r.doc)) {
        snprintf(err, errlen, "%s:%zu: %s", t->path, parser.problem_mark.line + 1,
                 parser.problem ? parser.problem : "not YAML");
    } else {
        ok = read_all(&r);
        yaml_document_delete(&r.doc);
    }
    yaml_parser_delete(&parser);
    fclose(f);
    if (!ok) {
        topology_free(t);
        return NULL;
    }
    return t;
}

void topology_free(struct topology *t)
{
    if (!t)
        return;
    for (unsigned k = 0; k < t->n_nodes; k++) {
        free(t->nodes[k].config);
        for (unsigned e = 0; e < t->nodes[k].n_exec; e++)
            free(t->nodes[k].exec[e]);
        free(t->nodes[k].exec);
    }
    free(t->nodes);
    free(t->links);
    free(t);
}

const struct topo_node *topology_node(const struct topology *t, const char *name)
{
    for (unsigned k = 0; k < t->n_nodes; k++)
        if (strcmp(t->nodes[k].name, name) == 0)
            return &t->nodes[k];
    return NULL;
}

const struct topo_end *topology_end(const struct topology *t, const char *node, const char *ifname,
                                    const struct topo_end **other)
{
    char canonical[40];
    const struct topo_node *n = topology_node(t, node);
    if (!n || (n->kind == TOPO_TAPIR && !ifname_parse(ifname, canonical)))
        return NULL;
    for (unsigned k = 0; k < t->n_links; k++)
        for (int e = 0; e < 2; e++) {
            const struct topo_end *end = &t->links[k].end[e];
            if (&t->nodes[end->node] != n || strcmp(end->ifname, n->kind == TOPO_TAPIR ? canonical : ifname) != 0)
                continue;
            if (other)
                *other = &t->links[k].end[!e];
            return end;
        }
    return NULL;
}
