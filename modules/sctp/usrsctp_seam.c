/* The symbols that the usrsctp library takes from this program instead of the system: gettimeofday, read_random,
 * init_random, finish_random (DESIGN 1). The library binds to them interposably, so defining them here puts its clock
 * and its random bytes behind the router's seams; without that no run could be repeated. Called by the library, and
 * gettimeofday by whoever else lives in the process: those get the host's clock. */
#include "modules/sctp/usrsctp_stack.h"
#include <string.h>
#include <sys/time.h>
#include <time.h>

void init_random(void);
void finish_random(void);
void read_random(void *buf, size_t size);

int gettimeofday(struct timeval *restrict tv, void *restrict tz)
{
    int64_t ns;
    if (!usrsctp_stack_time(&ns)) {
        struct timespec ts;
        clock_gettime(CLOCK_REALTIME, &ts);
        ns = (int64_t)ts.tv_sec * NS_PER_S + ts.tv_nsec;
    }
    tv->tv_sec = ns / NS_PER_S;
    tv->tv_usec = ns % NS_PER_S / NS_PER_US;
    if (tz)
        memset(tz, 0, sizeof(struct timezone));
    return 0;
}

void init_random(void)
{
}

void finish_random(void)
{
}

void read_random(void *buf, size_t size)
{
    if (!usrsctp_stack_random(buf, size))
        memset(buf, 0, size);
}
