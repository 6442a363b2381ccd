/* Handlers of the configuration lines, debug and clear (grammar/redundancy.gram). A scheme typed on a running router is
 * pending until the next reload (reference 2.2 rule 1). Called by the parser. */
#include "modules/redundancy/redundancy_int.h"
#include "redundancy_cmd.h"
#include <stdio.h>
#include <string.h>

const struct debug_flag redundancy_debug_flags[REDUNDANCY_DEBUG_FLAGS] = {
    [REDUNDANCY_DEBUG_EHSA] = {"Redundancy Facility", "RF EHSA debugging is on"},
    [REDUNDANCY_DEBUG_ERRORS] = {"Redundancy Facility", "RF errors debugging is on"},
    [REDUNDANCY_DEBUG_FSM] = {"Redundancy Facility", "RF FSM debugging is on"},
    [REDUNDANCY_DEBUG_KPA] = {"Redundancy Facility", "RF keep alive debugging is on"},
    [REDUNDANCY_DEBUG_MSG] = {"Redundancy Facility", "RF messaging debugging is on"},
    [REDUNDANCY_DEBUG_PROGRESSION] = {"Redundancy Facility", "RF progression debugging is on"},
    [REDUNDANCY_DEBUG_STATUS] = {"Redundancy Facility", "RF status debugging is on"},
    [REDUNDANCY_DEBUG_TIMER] = {"Redundancy Facility", "RF timer debugging is on"},
};

const char *redundancy_pending(const struct redundancy *rd)
{
    return strcmp(rd->typed, rd->scheme) ? rd->typed : NULL;
}

int redundancy_cmd_inter_device(struct cmd *c, struct args_redundancy_inter_device *a)
{
    (void)a;
    redundancy_of(c->router)->block = c->op == CMD_SET;
    return CMD_OK;
}

int redundancy_cmd_scheme(struct cmd *c, struct args_redundancy_scheme *a)
{
    struct redundancy *rd = redundancy_of(c->router);
    if (c->op == CMD_UNSET) {
        rd->typed[0] = 0;
        return CMD_OK;
    }
    snprintf(rd->typed, sizeof rd->typed, "%s", a->group);
    if (c->booting && c->router->from_startup) {
        memcpy(rd->scheme, rd->typed, sizeof rd->scheme);
        ha_state_set(c->router, HA_STANDBY, 0); /* until the facility says otherwise */
    } else if (redundancy_pending(rd) && role_get(c->router, rd->typed)->state != ROLE_ACTIVE) {
        /* IOS prints this behind a `% `; the line is stored here, so it is no error (reference 2.2). */
        cmd_note(c, "Standby scheme configuration cannot be processed now group %s is not in active state", rd->typed);
    }
    return CMD_OK;
}

int redundancy_cmd_security(struct cmd *c, struct args_redundancy_security *a)
{
    if (c->op == CMD_UNSET)
        return CMD_OK;
    return cmd_error(c, "%% IPsec protection of the association is not available, profile %s is not used", a->profile);
}

int redundancy_cmd_impair(struct cmd *c, struct args_redundancy_impair *a)
{
    struct redundancy *rd = redundancy_of(c->router);
    bool set = c->op == CMD_SET;
    if (a->kw_platform)
        snprintf(rd->impair_platform, sizeof rd->impair_platform, "%s", set && a->platform ? a->platform : "");
    if (a->kw_version)
        snprintf(rd->impair_version, sizeof rd->impair_version, "%s", set && a->version ? a->version : "");
    return CMD_OK;
}

int redundancy_cmd_clear(struct cmd *c, struct args_clear_redundancy *a)
{
    struct redundancy *rd = redundancy_of(c->router);
    if (a->kw_counters)
        memset(&rd->count, 0, sizeof rd->count);
    if (a->kw_history)
        rd->history_n = rd->history_first = 0;
    return CMD_OK;
}

int redundancy_cmd_debug(struct cmd *c, struct args_debug_redundancy *a)
{
    bool on = c->op != CMD_UNSET;
    const bool want[REDUNDANCY_DEBUG_FLAGS] = {
        [REDUNDANCY_DEBUG_EHSA] = a->kw_ehsa,     [REDUNDANCY_DEBUG_ERRORS] = a->kw_errors,
        [REDUNDANCY_DEBUG_FSM] = a->kw_fsm,       [REDUNDANCY_DEBUG_KPA] = a->kw_kpa,
        [REDUNDANCY_DEBUG_MSG] = a->kw_msg,       [REDUNDANCY_DEBUG_PROGRESSION] = a->kw_progression,
        [REDUNDANCY_DEBUG_STATUS] = a->kw_status, [REDUNDANCY_DEBUG_TIMER] = a->kw_timer,
    };
    for (unsigned i = 0; i < REDUNDANCY_DEBUG_FLAGS; i++) {
        if (!want[i] && !a->kw_all)
            continue;
        log_debug_set(c->router, &redundancy_module, i, on);
        int len = (int)strlen(redundancy_debug_flags[i].on_text) - 2; /* "... is on" -> "... is off" */
        out_text(c->out, "%.*s%s\n", len, redundancy_debug_flags[i].on_text, on ? "on" : "off");
    }
    return CMD_OK;
}
