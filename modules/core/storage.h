/* The storage seam: small named files (startup-config, private keys). A write is whole or not at all. */
#ifndef TAPIR_CORE_STORAGE_H
#define TAPIR_CORE_STORAGE_H
#include <stddef.h>
struct storage_ops {
    /* 0 and *data (malloc'd, NUL-terminated, caller frees) / *len; -ENOENT; other -errno. */
    int (*read)(void *ctx, const char *name, char **data, size_t *len);
    int (*write)(void *ctx, const char *name, const char *data, size_t len); /* 0 or -errno */
    int (*remove)(void *ctx, const char *name);
    void (*free)(void *ctx);
    /* Every file, in no order. */
    void (*list)(void *ctx, void (*each)(void *arg, const char *name, size_t len), void *arg);
};
struct storage {
    const struct storage_ops *ops;
    void *ctx;
};
/* Directory: temporary file, fsync, rename, fsync of the directory; flock against a second process.
 * dir NULL: memory only. Returns 0, or -errno (-EBUSY: locked). */
int storage_open_dir(struct storage *s, const char *dir);
/* Memory with a power cut: after `steps` more elementary steps every operation fails with -EIO and the
 * content is what a disk would hold (old or new, whole). steps < 0: never. */
int storage_open_memory(struct storage *s);
void storage_memory_cut(struct storage *s, int steps);
void storage_close(struct storage *s);
#endif
