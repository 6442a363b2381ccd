/* Codec of the synchronisation protocol; see redundancy_wire.h for the layout and who calls it. */
#include "modules/redundancy/redundancy_wire.h"
#include <string.h>

void redundancy_record_begin(struct builder *b, uint8_t type, uint16_t flags, uint32_t epoch, uint32_t seq)
{
    builder_u32(b, REDUNDANCY_MAGIC);
    builder_u8(b, REDUNDANCY_VERSION);
    builder_u8(b, type);
    builder_u16(b, flags);
    builder_u32(b, epoch);
    builder_u32(b, seq);
    builder_u32(b, 0);
}

void redundancy_record_end(struct builder *b)
{
    if (builder_ok(b))
        builder_patch_u32(b, 16, (uint32_t)(b->len - REDUNDANCY_HEADER));
}

size_t redundancy_tlv_begin(struct builder *b, uint16_t type)
{
    builder_u16(b, type);
    size_t mark = builder_mark(b);
    builder_u16(b, 0);
    return mark;
}

void redundancy_tlv_end(struct builder *b, size_t mark)
{
    if (!builder_ok(b))
        return;
    size_t len = b->len - mark - 2;
    if (len > 0xffff)
        b->error = true;
    else
        builder_patch_u16(b, mark, (uint16_t)len);
}

void redundancy_tlv_text(struct builder *b, uint16_t type, const char *text)
{
    size_t mark = redundancy_tlv_begin(b, type);
    builder_bytes(b, text, strlen(text));
    redundancy_tlv_end(b, mark);
}

void redundancy_tlv_u32(struct builder *b, uint16_t type, uint32_t v)
{
    size_t mark = redundancy_tlv_begin(b, type);
    builder_u32(b, v);
    redundancy_tlv_end(b, mark);
}

bool redundancy_header_read(struct cursor *c, struct redundancy_header *h)
{
    uint32_t magic = cursor_u32(c);
    h->version = cursor_u8(c);
    h->type = cursor_u8(c);
    h->flags = cursor_u16(c);
    h->epoch = cursor_u32(c);
    h->seq = cursor_u32(c);
    h->len = cursor_u32(c);
    return cursor_ok(c) && magic == REDUNDANCY_MAGIC && h->len == cursor_left(c) && h->len <= 2 * REDUNDANCY_RECORD_MAX;
}

bool redundancy_tlv_next(struct cursor *c, uint16_t *type, struct cursor *value)
{
    if (!cursor_left(c) || !cursor_ok(c))
        return false;
    *type = cursor_u16(c);
    uint16_t len = cursor_u16(c);
    *value = cursor_sub(c, len);
    return cursor_ok(c);
}

/* Text from the peer ends up on a console: control characters do not pass. */
static void text_read(struct cursor *v, char *buf, size_t cap)
{
    size_t n = cursor_left(v);
    const uint8_t *p = cursor_take(v, n);
    if (n > cap - 1)
        n = cap - 1;
    for (size_t i = 0; p && i < n; i++)
        buf[i] = p[i] >= 0x20 && p[i] < 0x7f ? (char)p[i] : '?';
    buf[p ? n : 0] = 0;
}

static void config_read(struct cursor *v, void (*entry)(void *ctx, const struct redundancy_config_hash *h), void *ctx)
{
    struct redundancy_config_hash h;
    h.hash = cursor_u32(v);
    uint8_t n = cursor_u8(v);
    struct cursor kind = cursor_sub(v, n);
    text_read(&kind, h.kind, sizeof h.kind);
    text_read(v, h.name, sizeof h.name);
    if (cursor_ok(v) && entry)
        entry(ctx, &h);
}

static void control_tlv(uint16_t type, struct cursor *v, struct redundancy_control *o)
{
    switch (type) {
    case REDUNDANCY_TLV_PROTO:
        o->has_proto = true;
        o->proto_min = cursor_u8(v);
        o->proto_max = cursor_u8(v);
        break;
    case REDUNDANCY_TLV_SOFTWARE:
        text_read(v, o->software, sizeof o->software);
        break;
    case REDUNDANCY_TLV_PLATFORM:
        text_read(v, o->platform, sizeof o->platform);
        break;
    case REDUNDANCY_TLV_NAME:
        text_read(v, o->name, sizeof o->name);
        break;
    case REDUNDANCY_TLV_REASON:
        text_read(v, o->reason, sizeof o->reason);
        break;
    case REDUNDANCY_TLV_STATE:
        o->has_state = true;
        o->rf_state = cursor_u8(v);
        o->group_state = cursor_u8(v);
        o->term = cursor_u32(v);
        break;
    case REDUNDANCY_TLV_GROUP:
        o->has_group = true;
        o->priority = cursor_u16(v);
        o->address = addr_v4(cursor_u32(v));
        text_read(v, o->group, sizeof o->group);
        break;
    case REDUNDANCY_TLV_ECHO:
        o->has_echo = true;
        o->echo = cursor_u32(v);
        break;
    case REDUNDANCY_TLV_APPLIED:
        o->has_applied = true;
        o->applied = cursor_u32(v);
        break;
    case REDUNDANCY_TLV_ACCEPT:
        o->has_accept = true;
        o->accept = cursor_u8(v) == 1;
        break;
    case REDUNDANCY_TLV_ALIVE:
        o->queue = cursor_u32(v);
        o->alive_ms = cursor_u64(v);
        break;
    case REDUNDANCY_TLV_SNAP:
        o->has_snap = true;
        o->generation = cursor_u32(v);
        o->objects = cursor_u32(v);
        o->has_digest = cursor_u8(v) == 1;
        o->digest = cursor_u64(v);
        break;
    default:
        if (type & REDUNDANCY_CRITICAL)
            v->error = true;
    }
}

bool redundancy_control_read(struct cursor *c, struct redundancy_control *out,
                             void (*entry)(void *ctx, const struct redundancy_config_hash *h), void *ctx)
{
    uint16_t type;
    struct cursor v;
    unsigned entries = 0;
    memset(out, 0, sizeof *out);
    while (redundancy_tlv_next(c, &type, &v)) {
        if (type != REDUNDANCY_TLV_CONFIG)
            control_tlv(type, &v, out);
        else if (++entries <= REDUNDANCY_CONFIG_MAX)
            config_read(&v, entry, ctx);
        if (!cursor_ok(&v))
            return false;
    }
    return cursor_ok(c);
}

static bool object_read(struct cursor *v, struct redundancy_object *o)
{
    o->key.len = cursor_u8(v);
    if (!o->key.len || o->key.len > SYNC_KEY_MAX)
        return false;
    cursor_bytes(v, o->key.b, o->key.len);
    if (o->tomb)
        o->reason = cursor_u8(v);
    else
        o->version = cursor_u32(v);
    o->body = *v;
    return cursor_ok(v);
}

bool redundancy_objects_read(struct cursor *c, bool (*fn)(void *ctx, struct redundancy_object *o), void *ctx)
{
    uint16_t type;
    struct cursor v;
    while (redundancy_tlv_next(c, &type, &v)) {
        struct redundancy_object o;
        memset(&o, 0, sizeof o);
        if (type != REDUNDANCY_TLV_OBJECT && type != REDUNDANCY_TLV_TOMB) {
            if (type & REDUNDANCY_CRITICAL)
                return false;
            continue;
        }
        o.tomb = type == REDUNDANCY_TLV_TOMB;
        if (!object_read(&v, &o))
            return false;
        if (!fn(ctx, &o))
            return true;
    }
    return cursor_ok(c);
}

uint32_t redundancy_hash32(const char *text)
{
    uint32_t h = 2166136261u;
    for (; *text; text++)
        h = (h ^ (uint8_t)*text) * 16777619u;
    return h;
}

uint64_t redundancy_digest_share(uint8_t type, const struct sync_key *key, uint32_t version)
{
    uint64_t h = 14695981039346656037u;
    uint8_t tail[5] = {type, (uint8_t)(version >> 24), (uint8_t)(version >> 16), (uint8_t)(version >> 8),
                       (uint8_t)version};
    for (unsigned i = 0; i < key->len; i++)
        h = (h ^ key->b[i]) * 1099511628211u;
    for (unsigned i = 0; i < sizeof tail; i++)
        h = (h ^ tail[i]) * 1099511628211u;
    h ^= h >> 29; /* shares are summed: spread the low bits */
    h *= 0xbf58476d1ce4e5b9u;
    return h ^ h >> 32;
}
