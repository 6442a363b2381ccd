/* Refuses what cannot be right: unknown modes, missing handlers, ambiguous grammar. Called by gramc's main after every
 * command was expanded. */
#include "parser/gramc.h"
#include <stdlib.h>
#include <string.h>

/* `mode *`: every mode but exec. */
static void all_modes(struct gram *g, struct command *c)
{
    if (c->n_mode != 1 || strcmp(c->mode[0], "*") != 0)
        return;
    c->n_mode = 0;
    for (unsigned i = 0; i < g->n_mode; i++)
        if (strcmp(g->mode[i].name, "exec") != 0)
            c->mode[c->n_mode++] = g->mode[i].name;
}

static void check_command(struct gram *g, const struct command *c)
{
    if (!c->n_mode)
        gramc_error(g, c->src.at, "command %s: no mode", c->src.name);
    for (unsigned i = 0; i < c->n_mode; i++)
        if (gramc_mode_find(g, c->mode[i]) < 0)
            gramc_error(g, c->src.at, "command %s: unknown mode '%s'", c->src.name, c->mode[i]);
    if (c->opens && gramc_mode_find(g, c->opens) < 0)
        gramc_error(g, c->src.at, "command %s opens unknown mode '%s'", c->src.name, c->opens);
    if (c->opens_sub && gramc_mode_find(g, c->opens_sub) < 0)
        gramc_error(g, c->src.at, "command %s opens unknown mode '%s'", c->src.name, c->opens_sub);
    if (!c->handler && !(c->flags & F_NOEFFECT))
        gramc_error(g, c->src.at, "command %s: no handler (or noeffect)", c->src.name);
    if (c->handler && (c->flags & F_NOEFFECT))
        gramc_error(g, c->src.at, "command %s: noeffect and a handler", c->src.name);
    if (c->tells && c->handler)
        gramc_error(g, c->src.at, "command %s: tells belongs to noeffect; a handler speaks for itself", c->src.name);
    bool words = true;
    for (unsigned i = 0; c->flat && c->n_key == 1 && i < c->n_member; i++)
        words = words && (strcmp(c->member[i].name, c->key[0]) != 0 || c->member[i].type == T_WORD);
    if (c->flat && (!c->opens || c->n_key != 1 || !words))
        gramc_error(g, c->src.at, "command %s: numbered belongs to a block with one key, a word", c->src.name);
    for (unsigned i = 0; i < c->n_adopts; i++) {
        bool found = false;
        for (unsigned k = 0; k < g->n_cmd; k++)
            found = found || !strcmp(g->cmd[k]->src.name, c->adopts[i]);
        if (!found)
            gramc_error(g, c->src.at, "command %s adopts unknown command '%s'", c->src.name, c->adopts[i]);
    }
}

static void check_mode(struct gram *g, const struct mode *m)
{
    if (!m->prompt || !m->title || !m->exit)
        gramc_error(g, m->at, "mode %s: prompt, title and exit are wanted", m->name);
    if (m->parent && gramc_mode_find(g, m->parent) < 0)
        gramc_error(g, m->at, "mode %s: unknown parent '%s'", m->name, m->parent);
    if (!m->parent && strcmp(m->name, "exec") != 0 && strcmp(m->name, "config") != 0)
        gramc_error(g, m->at, "mode %s: no parent", m->name);
}

void gramc_check(struct gram *g)
{
    for (unsigned i = 0; i < g->n_mode; i++)
        check_mode(g, &g->mode[i]);
    for (unsigned i = 0; i < g->n_cmd; i++) {
        all_modes(g, g->cmd[i]);
        check_command(g, g->cmd[i]);
    }
}
