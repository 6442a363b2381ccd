/* libFuzzer target: the HSRP version 1 decoder on any bytes; what it accepts is encoded again, and its digest found. */
#include "modules/hsrp/hsrp_wire.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hsrp_packet p, q;
    uint8_t version, out[HSRP_WIRE_MAX];
    enum hsrp_decode_result r = hsrp_wire_decode(data, size, &p, &version);
    if (!hsrp_wire_error(r) || (r != HSRP_OK) != (hsrp_wire_drop_reason(r) != NULL))
        abort();
    if (r != HSRP_OK)
        return 0;
    size_t n = hsrp_wire_encode(&p, out, sizeof out);
    if (n == 0 || n > size)
        abort();
    if (hsrp_wire_decode(out, n, &q, &version) != HSRP_OK || q.opcode != p.opcode || q.state != p.state ||
        q.group != p.group || q.adv_state != p.adv_state || !addr_equal(&q.vip, &p.vip) || q.has_md5 != p.has_md5)
        abort();
    if (p.opcode != HSRP_ADVERTISE && memcmp(out, data, n) != 0)
        abort();
    if (p.has_md5 && memcmp(data + hsrp_wire_digest_at(&p, data, size), p.md5.digest, HSRP_DIGEST_LEN) != 0)
        abort();
    return 0;
}
