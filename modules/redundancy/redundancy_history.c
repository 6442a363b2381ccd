/* show redundancy history and switchover history: what happened to the facility, in the words of IOS's event log.
 * Written by redundancy.c and redundancy_session.c. */
#include "modules/redundancy/redundancy_int.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void redundancy_note(struct redundancy *rd, const char *fmt, ...)
{
    unsigned at = (rd->history_first + rd->history_n) % REDUNDANCY_HISTORY;
    va_list ap;
    if (rd->history_n < REDUNDANCY_HISTORY)
        rd->history_n++;
    else
        rd->history_first = (rd->history_first + 1) % REDUNDANCY_HISTORY;
    rd->history[at].at = router_uptime(rd->router);
    va_start(ap, fmt);
    vsnprintf(rd->history[at].text, sizeof rd->history[at].text, fmt, ap);
    va_end(ap);
}

void redundancy_note_switchover(struct redundancy *rd, const char *reason)
{
    if (rd->n_switchovers == REDUNDANCY_SWITCHOVERS) {
        memmove(rd->switchovers, rd->switchovers + 1, sizeof rd->switchovers - sizeof rd->switchovers[0]);
        rd->n_switchovers--;
    }
    rd->switchovers[rd->n_switchovers++] = (struct redundancy_switchover){router_wall(rd->router), reason, rd->term};
    rd->switchover_reason = reason;
}
