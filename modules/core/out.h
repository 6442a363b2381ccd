/* Command output. A show handler describes the same data twice in one pass: text lines in IOS's
 * layout, and named values for `| json`. In text mode the JSON calls do nothing and the other way
 * round, so a handler calls both unconditionally. Names are snake_case (CONTRACT 5). */
#ifndef TAPIR_CORE_OUT_H
#define TAPIR_CORE_OUT_H
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct out;
typedef void (*out_sink)(void *arg, const char *text, size_t len);

struct out *out_new_text(out_sink sink, void *arg);
/* Collects {"command": command, "data": …}; delivered to the sink by out_finish(). */
struct out *out_new_json(const char *command, out_sink sink, void *arg);
void out_finish(struct out *o);
void out_free(struct out *o); /* finishes first */
bool out_is_json(const struct out *o);
bool out_has_json(const struct out *o); /* any JSON value was given: else `| json` is refused */

void out_text(struct out *o, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void out_vtext(struct out *o, const char *fmt, va_list ap);
void out_write(struct out *o, const char *text, size_t len);

/* JSON side. key NULL inside an array. */
void out_object(struct out *o, const char *key);
void out_array(struct out *o, const char *key);
void out_end(struct out *o); /* closes the innermost object or array */
void out_str(struct out *o, const char *key, const char *value);
void out_int(struct out *o, const char *key, int64_t value);
void out_bool(struct out *o, const char *key, bool value);
/* The key is a label of the text layout ("comm link up"): made snake_case. */
void out_key_int(struct out *o, const char *label, int64_t value);
void out_null(struct out *o, const char *key);
void out_fmt(struct out *o, const char *key, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
struct addr;
void out_addr(struct out *o, const char *key, const struct addr *a);

/* A string that grows; used where text is built before it is known where it goes. */
struct strbuf {
    char *s; /* NUL terminated once non-empty, NULL when nothing was added */
    size_t len, cap;
};
void strbuf_add(struct strbuf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void strbuf_vadd(struct strbuf *b, const char *fmt, va_list ap);
void strbuf_write(struct strbuf *b, const char *s, size_t len);
/* Text that somebody else typed, on its way to a screen: what a terminal would act on (C0, C1, broken UTF-8) is written
 * as \xNN; \n stays. */
void strbuf_safe(struct strbuf *b, const char *s);
void strbuf_free(struct strbuf *b);
void strbuf_sink(void *strbuf, const char *text, size_t len); /* an out_sink */

/* IOS durations: hh:mm:ss below a day, then 1d02h, 3d18h, 1w0d, 10w3d, 1y47w. */
#define DURATION_STRLEN 24
const char *duration_format(int64_t ns, char buf[DURATION_STRLEN]);
#endif
