/* The checked reader of received bytes and the builder of sent ones. Every wire codec goes through these; both
 * carry a sticky error, so that a codec checks once at its end. */
#include "modules/core/cursor.h"
#include <string.h>

struct cursor cursor_make(const void *data, size_t len)
{
    const uint8_t *p = data;
    return (struct cursor){.p = p, .end = p ? p + len : p, .error = p == NULL && len != 0};
}

size_t cursor_left(const struct cursor *c)
{
    return c->error ? 0 : (size_t)(c->end - c->p);
}

const uint8_t *cursor_take(struct cursor *c, size_t len)
{
    if (c->error || (size_t)(c->end - c->p) < len) {
        c->error = true;
        return NULL;
    }
    const uint8_t *at = c->p;
    c->p += len;
    return at;
}

static uint64_t cursor_number(struct cursor *c, size_t len)
{
    const uint8_t *p = cursor_take(c, len);
    uint64_t v = 0;
    for (size_t i = 0; p && i < len; i++)
        v = v << 8 | p[i];
    return v;
}

uint8_t cursor_u8(struct cursor *c)
{
    return (uint8_t)cursor_number(c, 1);
}
uint16_t cursor_u16(struct cursor *c)
{
    return (uint16_t)cursor_number(c, 2);
}
uint32_t cursor_u32(struct cursor *c)
{
    return (uint32_t)cursor_number(c, 4);
}
uint64_t cursor_u64(struct cursor *c)
{
    return cursor_number(c, 8);
}

void cursor_bytes(struct cursor *c, void *dst, size_t len)
{
    const uint8_t *p = cursor_take(c, len);
    if (p && len)
        memcpy(dst, p, len);
    else if (len)
        memset(dst, 0, len);
}

struct cursor cursor_sub(struct cursor *c, size_t len)
{
    const uint8_t *p = cursor_take(c, len);
    return p ? (struct cursor){.p = p, .end = p + len} : (struct cursor){.error = true};
}

void cursor_skip(struct cursor *c, size_t len)
{
    (void)cursor_take(c, len);
}

bool cursor_ok(const struct cursor *c)
{
    return !c->error;
}

struct builder builder_make(void *data, size_t cap)
{
    return (struct builder){.data = data, .cap = cap};
}

static uint8_t *builder_room(struct builder *b, size_t len)
{
    if (b->error || b->cap - b->len < len) {
        b->error = true;
        return NULL;
    }
    uint8_t *at = b->data + b->len;
    b->len += len;
    return at;
}

static void builder_number(struct builder *b, uint64_t v, size_t len)
{
    uint8_t *p = builder_room(b, len);
    for (size_t i = 0; p && i < len; i++)
        p[i] = (uint8_t)(v >> 8 * (len - 1 - i));
}

void builder_u8(struct builder *b, uint8_t v)
{
    builder_number(b, v, 1);
}
void builder_u16(struct builder *b, uint16_t v)
{
    builder_number(b, v, 2);
}
void builder_u32(struct builder *b, uint32_t v)
{
    builder_number(b, v, 4);
}
void builder_u64(struct builder *b, uint64_t v)
{
    builder_number(b, v, 8);
}

void builder_bytes(struct builder *b, const void *src, size_t len)
{
    if (!len)
        return;
    uint8_t *p = builder_room(b, len);
    if (p)
        memcpy(p, src, len);
}

void builder_zero(struct builder *b, size_t len)
{
    uint8_t *p = builder_room(b, len);
    if (p && len)
        memset(p, 0, len);
}

size_t builder_mark(struct builder *b)
{
    return b->len;
}

static void builder_patch(struct builder *b, size_t at, uint64_t v, size_t len)
{
    if (b->error || at > b->len || b->len - at < len) {
        b->error = true;
        return;
    }
    for (size_t i = 0; i < len; i++)
        b->data[at + i] = (uint8_t)(v >> 8 * (len - 1 - i));
}

void builder_patch_u16(struct builder *b, size_t at, uint16_t v)
{
    builder_patch(b, at, v, 2);
}
void builder_patch_u32(struct builder *b, size_t at, uint32_t v)
{
    builder_patch(b, at, v, 4);
}

bool builder_ok(const struct builder *b)
{
    return !b->error;
}
