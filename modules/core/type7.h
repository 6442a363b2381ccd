/* Type 7 passwords as they stand in configurations: obscured against a glance, nothing more. Called by the modules
 * whose lines carry keys (HSRP, key chains). */
#ifndef TAPIR_CORE_TYPE7_H
#define TAPIR_CORE_TYPE7_H
#include <stdbool.h>
#include <stddef.h>
#define TYPE7_CLEAR_MAX 126
/* Two decimal digits of offset, then two hex digits an octet. false: malformed, or longer than cap - 1. */
bool type7_decode(const char *text, char *clear, size_t cap);
/* seed 0..15 chooses the offset. false: too long for cap (2 + 2 * length + 1). */
bool type7_encode(const char *clear, unsigned seed, char *text, size_t cap);
#endif
