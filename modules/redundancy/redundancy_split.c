/* Names a split: the scheme group's role and the role of a stateful crypto map's group differ on this router, so that
 * the SAs are where the packets are not. Nothing here heals it: HSRP does not move a group at equal priority, and the
 * facility follows its scheme group alone (reference 7.8). The log says it once, `show redundancy inter-device` as long
 * as it lasts. Called by redundancy.c and redundancy_show.c. */
#include "modules/redundancy/redundancy_int.h"
#include <stdio.h>
#include <string.h>

#define SPLIT_TICK NS_PER_S
#define SPLIT_COLLECT_TICKS 10 /* maps come and go by configuration only */

static struct redundancy_split_group *find(struct redundancy_split *sp, const char *name)
{
    for (unsigned i = 0; i < sp->n; i++)
        if (!strcmp(sp->group[i].name, name))
            return &sp->group[i];
    return NULL;
}

static void collect(void *ctx, const char *kind, const char *name, const char *text)
{
    struct redundancy *rd = ctx;
    struct redundancy_split *sp = &rd->groups;
    (void)text;
    if (strcmp(kind, "stateful group") != 0 || !strcmp(name, rd->scheme))
        return;
    struct redundancy_split_group *g = find(sp, name);
    if (!g && sp->n < REDUNDANCY_GROUPS) {
        g = &sp->group[sp->n++];
        *g = (struct redundancy_split_group){.bound = true};
        snprintf(g->name, sizeof g->name, "%s", name);
    } else if (g) {
        g->bound = true;
    }
}

static void collect_all(struct redundancy *rd)
{
    struct redundancy_split *sp = &rd->groups;
    for (unsigned i = 0; i < sp->n; i++)
        sp->group[i].bound = false;
    sync_config_lines(rd->router, collect, rd);
    for (unsigned i = 0; i < sp->n;) {
        if (sp->group[i].bound)
            i++;
        else
            sp->group[i] = sp->group[--sp->n];
    }
}

/* Listen and Speak are on their way to something: they neither make a split nor heal one. */
static bool undecided(const struct role_info *i)
{
    return i->state == ROLE_LISTEN || i->state == ROLE_SPEAK;
}

static bool apart(const struct role_info *scheme, const struct role_info *group)
{
    return scheme->state != ROLE_ABSENT && group->state != ROLE_ABSENT &&
           (scheme->state == ROLE_ACTIVE) != (group->state == ROLE_ACTIVE);
}

/* The group belongs where the SAs are active. Only towards a unit that says ACTIVE over the association, and only if a
 * standby router is heard on the group's own interface: a peer whose interface is dead gets nothing. */
static void hand_over(struct redundancy *rd, const struct redundancy_split_group *g, const struct role_info *scheme,
                      const struct role_info *group)
{
    if (group->state != ROLE_ACTIVE || scheme->state != ROLE_STANDBY || rd->peer_state != RF_ACTIVE ||
        !role_yield(rd->router, g->name, group->cause))
        return;
    log_syslog(rd->router, 0, "REDUNDANCY", LOG_NOTICE_, "GROUP_HANDOVER", "Group %s handed over to the active unit",
               g->name);
}

static void check(struct redundancy *rd, struct redundancy_split_group *g)
{
    struct router *r = rd->router;
    const struct role_info *scheme = role_get(r, rd->scheme), *group = role_get(r, g->name);
    nstime now = loop_now(r->loop), hold = scheme->hold > group->hold ? scheme->hold : group->hold;
    bool is = apart(scheme, group);
    if (undecided(scheme) || undecided(group))
        return;
    if (is != g->apart) {
        g->apart = is;
        g->since = now;
    }
    if (is && g->told)
        hand_over(rd, g, scheme, group);
    if (is == g->told || now - g->since < (hold > SPLIT_TICK ? hold : SPLIT_TICK))
        return; /* groups that move one after the other are no split */
    g->told = is;
    if (is) {
        log_syslog(
            r, group->cause, "REDUNDANCY", LOG_WARNING_, "GROUP_SPLIT",
            "Groups are split: scheme group %s is %s and group %s of a stateful crypto map is %s on this router; "
            "its SAs cannot follow the packets",
            rd->scheme, role_state_name(scheme->state), g->name, role_state_name(group->state));
        redundancy_note(rd, "group split: %s = %s, %s = %s", rd->scheme, role_state_name(scheme->state), g->name,
                        role_state_name(group->state));
    } else {
        log_syslog(r, group->cause, "REDUNDANCY", LOG_NOTICE_, "GROUP_TOGETHER",
                   "Groups are together again: scheme group %s is %s, group %s is %s", rd->scheme,
                   role_state_name(scheme->state), g->name, role_state_name(group->state));
        redundancy_note(rd, "group split healed: %s = %s, %s = %s", rd->scheme, role_state_name(scheme->state), g->name,
                        role_state_name(group->state));
    }
}

static void tick(void *arg)
{
    struct redundancy *rd = arg;
    if (rd->groups.ticks++ % SPLIT_COLLECT_TICKS == 0)
        collect_all(rd);
    for (unsigned i = 0; i < rd->groups.n; i++)
        check(rd, &rd->groups.group[i]);
    timer_start(&rd->groups.timer, SPLIT_TICK);
}

void redundancy_split_init(struct redundancy *rd)
{
    timer_init(&rd->groups.timer, rd->router->loop, tick, rd);
}

void redundancy_split_start(struct redundancy *rd)
{
    timer_start(&rd->groups.timer, SPLIT_TICK);
}

void redundancy_split_fini(struct redundancy *rd)
{
    timer_stop(&rd->groups.timer);
}

void redundancy_split_show(const struct redundancy *rd, struct out *o)
{
    out_array(o, "split_groups");
    for (unsigned i = 0; i < rd->groups.n; i++) {
        const struct redundancy_split_group *g = &rd->groups.group[i];
        nstime since = loop_now(rd->router->loop) - g->since;
        char text[DURATION_STRLEN];
        if (!g->told)
            continue;
        const char *state = role_state_name(role_get(rd->router, g->name)->state);
        out_text(o, "  Split: scheme group %s is %s, stateful group %s is %s (for %s)\n", rd->scheme,
                 role_state_name(role_get(rd->router, rd->scheme)->state), g->name, state,
                 duration_format(since, text));
        out_object(o, NULL);
        out_str(o, "group", g->name);
        out_str(o, "state", state);
        out_int(o, "since_ms", since / NS_PER_MS);
        out_end(o);
    }
    out_end(o);
}
