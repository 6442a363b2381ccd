/* libFuzzer target: a message of the synchronisation protocol as it comes from SCTP, through header, control and object
 * decoders. */
#include "modules/redundancy/redundancy_wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void entry(void *ctx, const struct redundancy_config_hash *h)
{
    *(uint32_t *)ctx += h->hash + (uint8_t)h->kind[0] + (uint8_t)h->name[0];
}

static bool object(void *ctx, struct redundancy_object *o)
{
    uint16_t type;
    struct cursor v;
    *(uint32_t *)ctx += o->key.b[o->key.len - 1] + o->version;
    while (redundancy_tlv_next(&o->body, &type, &v))
        *(uint32_t *)ctx += type;
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cursor c = cursor_make(data, size), again;
    struct redundancy_header h;
    struct redundancy_control o;
    uint32_t sum = 0;
    if (!redundancy_header_read(&c, &h)) { /* the body alone, else most inputs end here */
        c = cursor_make(data, size);
        h.type = size ? data[0] : 0;
    }
    again = c;
    redundancy_control_read(&c, &o, entry, &sum);
    redundancy_objects_read(&again, object, &sum);
    return 0;
}
