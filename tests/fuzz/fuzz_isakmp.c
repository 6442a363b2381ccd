/* libFuzzer target: any bytes as an ISAKMP message to a responder, with the DH queue and timers running on. */
#include "tests/unit/lib_ike.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct ike_rig rig;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!rig.r)
        ike_rig_open(&rig);
    ike_rig_feed(&rig, data, size);
    loop_run(rig.loop, loop_now(rig.loop) + NS_PER_MS);
    return 0;
}
