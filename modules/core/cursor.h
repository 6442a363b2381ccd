/* The one checked way to read received bytes and the one way to write them. Both have a sticky
 * error: after the first overrun every read gives zeros and every write is dropped, and the caller
 * checks once at the end. Big endian. */
#ifndef TAPIR_CORE_CURSOR_H
#define TAPIR_CORE_CURSOR_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cursor {
    const uint8_t *p, *end;
    bool error;
};
struct cursor cursor_make(const void *data, size_t len);
size_t cursor_left(const struct cursor *c);
uint8_t cursor_u8(struct cursor *c);
uint16_t cursor_u16(struct cursor *c);
uint32_t cursor_u32(struct cursor *c);
uint64_t cursor_u64(struct cursor *c);
void cursor_bytes(struct cursor *c, void *dst, size_t len); /* zeros on error */
const uint8_t *cursor_take(struct cursor *c, size_t len);   /* NULL on error; borrows */
struct cursor cursor_sub(struct cursor *c, size_t len);     /* a cursor over the next len bytes */
void cursor_skip(struct cursor *c, size_t len);
bool cursor_ok(const struct cursor *c);

/* Writes into memory of the caller. len never passes cap; error says that something did not fit. */
struct builder {
    uint8_t *data;
    size_t len, cap;
    bool error;
};
struct builder builder_make(void *data, size_t cap);
void builder_u8(struct builder *b, uint8_t v);
void builder_u16(struct builder *b, uint16_t v);
void builder_u32(struct builder *b, uint32_t v);
void builder_u64(struct builder *b, uint64_t v);
void builder_bytes(struct builder *b, const void *src, size_t len);
void builder_zero(struct builder *b, size_t len);
size_t builder_mark(struct builder *b); /* current offset */
void builder_patch_u16(struct builder *b, size_t at, uint16_t v);
void builder_patch_u32(struct builder *b, size_t at, uint32_t v);
bool builder_ok(const struct builder *b);
#endif
