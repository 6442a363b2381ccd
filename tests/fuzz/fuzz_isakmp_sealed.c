/* libFuzzer target: any payload bytes in quick mode and informational exchanges, rightly hashed and encrypted, and any
 * bytes as a synchronised IKE SA. First byte: which; second: type of the first payload. */
#include "tests/unit/lib_ike.h"
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct ike_rig rig;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!rig.r) {
        ike_rig_open(&rig);
        ike_rig_establish(&rig);
    }
    if (size < 2)
        return 0;
    if (data[0] % 3 == 2) {
        struct sync_key key = {.len = 16};
        struct cursor c = cursor_make(data + 2, size - 2);
        memset(key.b, data[1], 16);
        ike_sync_sa.apply(rig.r, &key, &c, 0);
        ike_sync_sa.remove(rig.r, &key, 0, 0);
    } else {
        ike_rig_feed_sealed(&rig, data[0] % 3 == 0, data[1], data + 2, size - 2);
    }
    loop_run(rig.loop, loop_now(rig.loop) + NS_PER_MS);
    return 0;
}
