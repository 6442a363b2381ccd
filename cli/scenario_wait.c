/* What the routers say about themselves, asked through exec: convergence (CONTRACT 2), who is active, the hold time.
 * Called by the scenario statements, `lab wait` and `make run`. */
#include "cli/scenario.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_GROUPS 256

struct group { /* one HSRP group of the lab: number and virtual address */
    char key[64], where[128];
    unsigned speakers, active, standby;
};
struct groups {
    struct group g[MAX_GROUPS];
    unsigned n;
};

static struct group *group_get(struct groups *gs, const char *key)
{
    for (unsigned k = 0; k < gs->n; k++)
        if (strcmp(gs->g[k].key, key) == 0)
            return &gs->g[k];
    if (gs->n == MAX_GROUPS)
        return NULL;
    struct group *g = &gs->g[gs->n++];
    memset(g, 0, sizeof *g);
    snprintf(g->key, sizeof g->key, "%s", key);
    return g;
}

static bool says(const struct scenario_backend *b, const char *node, const char *command, const char *what)
{
    int status = 0;
    char *text = b->exec(b->ctx, node, command, &status);
    bool yes = text && strstr(text, what);
    free(text);
    return yes;
}

static bool interface_down(const struct scenario_backend *b, const char *node, const char *shortname)
{
    char cmd[80];
    snprintf(cmd, sizeof cmd, "show interfaces %s", shortname);
    return says(b, node, cmd, "line protocol is down");
}

/* Rows of `show standby brief`: Interface Grp Pri [P] State Active Standby Virtual-IP. */
static void read_groups(const struct scenario_backend *b, const char *node, struct groups *gs, struct strbuf *missing)
{
    int status = 0;
    char *text = b->exec(b->ctx, node, "show standby brief", &status), *save = NULL;
    for (char *l = strtok_r(text ? text : (char[1]){0}, "\n", &save); l; l = strtok_r(NULL, "\n", &save)) {
        char ifn[32], word[6][32], key[64];
        unsigned grp, pri;
        int n = sscanf(l, "%31s %u %u %31s %31s %31s %31s %31s", ifn, &grp, &pri, word[0], word[1], word[2], word[3],
                       word[4]);
        if (n < 7)
            continue;
        unsigned at = strcmp(word[0], "P") == 0;
        const char *state = word[at], *vip = word[at + 3];
        if (n < 7 + (int)at)
            continue;
        snprintf(key, sizeof key, "group %u (%.31s)", grp, vip);
        struct group *g = group_get(gs, key);
        if (!g)
            continue;
        size_t used = strlen(g->where);
        snprintf(g->where + used, sizeof g->where - used, "%s%s %s", used ? ", " : "", node, state);
        if (strcmp(state, "Init") == 0 || strcmp(state, "Disabled") == 0) {
            if (strcmp(state, "Init") == 0 && !interface_down(b, node, ifn))
                strbuf_add(missing, "%s: %s of %s is still Init (standby delay)\n", node, key, ifn);
            continue;
        }
        g->speakers++;
        g->active += strcmp(state, "Active") == 0;
        g->standby += strcmp(state, "Standby") == 0;
    }
    free(text);
}

static int number_at(const char *text)
{
    return (int)strtol(text, NULL, 10);
}

static void check_redundancy(const struct scenario_backend *b, const char *node, struct strbuf *missing)
{
    if (!says(b, node, "show running-config | include redundancy inter-device", "redundancy inter-device"))
        return;
    int status = 0;
    char *text = b->exec(b->ctx, node, "show redundancy states", &status);
    const char *mine = text ? strstr(text, "my state = ") : NULL, *peer = text ? strstr(text, "peer state = ") : NULL;
    int my = mine ? number_at(mine + 11) : -1, other = peer ? number_at(peer + 13) : -1;
    if (!((my == 13 && other == 8) || (my == 8)))
        strbuf_add(missing, "%s: redundancy says my state = %.*s, peer state = %.*s\n", node,
                   mine ? (int)strcspn(mine + 11, "\n") : 1, mine ? mine + 11 : "?",
                   peer ? (int)strcspn(peer + 13, "\n") : 1, peer ? peer + 13 : "?");
    free(text);
}

bool scenario_converged(const struct scenario_backend *b, struct strbuf *missing)
{
    struct groups *gs = calloc(1, sizeof *gs);
    size_t before = missing->len;
    for (unsigned k = 0; gs && k < b->topology->n_nodes; k++) {
        const struct topo_node *n = &b->topology->nodes[k];
        if (n->kind != TOPO_TAPIR)
            continue;
        if (!b->running(b->ctx, n->name)) {
            strbuf_add(missing, "%s: not running\n", n->name);
            continue;
        }
        read_groups(b, n->name, gs, missing);
        check_redundancy(b, n->name, missing);
    }
    for (unsigned k = 0; gs && k < gs->n; k++) {
        const struct group *g = &gs->g[k];
        if (g->active != 1)
            strbuf_add(missing, "%s: %s Active (%s)\n", g->key, g->active ? "more than one" : "nobody is", g->where);
        else if (g->speakers > 1 && g->standby != 1)
            strbuf_add(missing, "%s: %s Standby (%s)\n", g->key, g->standby ? "more than one" : "nobody is", g->where);
    }
    free(gs);
    return missing->len == before;
}

const char *scenario_role_node(const struct scenario_backend *b, const char *word)
{
    const struct topo_node *named = topology_node(b->topology, word);
    bool active = strcmp(word, "active") == 0, standby = strcmp(word, "standby") == 0;
    if (named)
        return named->name;
    for (int pass = 0; (active || standby) && pass < 2; pass++) /* redundancy first, then plain HSRP */
        for (unsigned k = 0; k < b->topology->n_nodes; k++) {
            const struct topo_node *n = &b->topology->nodes[k];
            if (n->kind != TOPO_TAPIR || !b->running(b->ctx, n->name))
                continue;
            /* A router without HSRP is ACTIVE for itself (the spoke): never the pair's active. */
            if (says(b, n->name, "show standby", active ? "State is Active" : "State is Standby") &&
                (pass == 1 || says(b, n->name, "show redundancy states", active ? "my state = 13" : "my state = 8")))
                return n->name;
        }
    return NULL;
}

nstime scenario_hold(const struct scenario_backend *b)
{
    nstime hold = 0;
    for (unsigned k = 0; k < b->topology->n_nodes; k++) {
        const struct topo_node *n = &b->topology->nodes[k];
        int status = 0;
        if (n->kind != TOPO_TAPIR || !b->running(b->ctx, n->name))
            continue;
        char *text = b->exec(b->ctx, n->name, "show standby", &status);
        for (const char *p = text; p && (p = strstr(p, "hold time ")); p += 10) {
            char unit[8];
            unsigned v;
            if (sscanf(p + 10, "%u %7s", &v, unit) == 2) {
                nstime h = (nstime)v * (strncmp(unit, "msec", 4) == 0 ? NS_PER_MS : NS_PER_S);
                hold = h > hold ? h : hold;
            }
        }
        free(text);
    }
    return hold;
}
