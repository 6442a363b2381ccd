/* Counters with one writer and any number of readers: the data plane adds, the control plane shows. A relaxed load and
 * store compile to a plain add, without a bus lock. Used by whatever the data plane counts. */
#ifndef TAPIR_CORE_STAT_H
#define TAPIR_CORE_STAT_H
#include <stdatomic.h>
#include <stdint.h>

typedef _Atomic(uint64_t) stat64;
typedef _Atomic(uint32_t) stat32;
#define STAT_GET(p) atomic_load_explicit((p), memory_order_relaxed)
#define STAT_SET(p, v) atomic_store_explicit((p), (v), memory_order_relaxed)
#define STAT_ADD(p, v) STAT_SET((p), STAT_GET(p) + (v))
#endif
