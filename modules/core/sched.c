/* How the kernel schedules the control thread. Called once by `tapir router` when a thread of its own carries the
 * frames: then the control thread runs rarely and briefly, and what it must not be is late. */
#include "modules/core/sched.h"
#include "modules/core/meter.h"
#include <sched.h>
#include <sys/resource.h>

enum { CONTROL_PRIORITY = 10 };

void sched_control_thread(struct loop *loop)
{
    /* Threads and processes made later start as plain ones again: neither the data plane nor the worker may inherit it.
     */
    struct sched_param fifo = {.sched_priority = CONTROL_PRIORITY}, plain = {0};
    if (sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &fifo) == 0) {
        meter_scheduling_set(loop, "SCHED_FIFO 10");
        return;
    }
    if (setpriority(PRIO_PROCESS, 0, -20) == 0) {
        sched_setscheduler(0, SCHED_OTHER | SCHED_RESET_ON_FORK, &plain);
        meter_scheduling_set(loop, "nice -20");
        return;
    }
    meter_scheduling_set(loop, "plain");
}
