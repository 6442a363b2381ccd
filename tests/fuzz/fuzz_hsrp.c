/* libFuzzer target: the HSRP decoder on any bytes; what it accepts is encoded again. */
#include "modules/hsrp/hsrp_wire.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hsrp_packet p, q;
    uint8_t version, out[64];
    if (hsrp_wire_decode(data, size, &p, &version) != HSRP_OK)
        return 0;
    size_t n = hsrp_wire_encode(&p, out, sizeof out);
    if (n == 0 || n > size)
        abort();
    if (hsrp_wire_decode(out, n, &q, &version) != HSRP_OK || q.opcode != p.opcode || q.state != p.state ||
        q.group != p.group || q.adv_state != p.adv_state || !addr_equal(&q.vip, &p.vip))
        abort();
    return 0;
}
