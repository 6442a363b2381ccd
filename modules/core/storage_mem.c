/* Small files in memory, with a power cut on demand before any elementary step of a write. Used by `tapir sim`, by
 * routers without --state, and by the test of I7. */
#include "modules/core/storage.h"
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MEM_FILES 64

struct mem_file {
    char name[104];
    char *data;
    size_t len;
};
struct storage_mem {
    struct mem_file files[MEM_FILES];
    int steps; /* left before the cut; < 0: no cut */
};

static bool step(struct storage_mem *m)
{
    if (m->steps < 0)
        return true;
    if (m->steps == 0)
        return false;
    m->steps--;
    return true;
}

static struct mem_file *mem_find(struct storage_mem *m, const char *name)
{
    for (unsigned i = 0; i < MEM_FILES; i++)
        if (m->files[i].data && !strcmp(m->files[i].name, name))
            return &m->files[i];
    return NULL;
}

static int mem_read(void *ctx, const char *name, char **data, size_t *len)
{
    struct storage_mem *m = ctx;
    if (!step(m))
        return -EIO;
    struct mem_file *f = mem_find(m, name);
    if (!f)
        return -ENOENT;
    char *copy = malloc(f->len + 1);
    if (!copy)
        return -ENOMEM;
    memcpy(copy, f->data, f->len + 1);
    *data = copy;
    *len = f->len;
    return 0;
}

/* The steps of storage_dir.c: temporary file, its bytes, its fsync, the rename, the directory's fsync. The rename is
 * the only one that changes what a reader finds. */
static int mem_write(void *ctx, const char *name, const char *data, size_t len)
{
    struct storage_mem *m = ctx;
    for (int i = 0; i < 3; i++)
        if (!step(m))
            return -EIO;
    char *copy = malloc(len + 1);
    if (!copy)
        return -ENOMEM;
    memcpy(copy, data, len);
    copy[len] = '\0';
    struct mem_file *f = mem_find(m, name);
    for (unsigned i = 0; i < MEM_FILES && !f; i++)
        if (!m->files[i].data)
            f = &m->files[i];
    if (!f || strlen(name) >= sizeof f->name || !step(m)) {
        free(copy);
        return f && strlen(name) < sizeof f->name ? -EIO : -ENOSPC;
    }
    snprintf(f->name, sizeof f->name, "%s", name);
    free(f->data);
    f->data = copy;
    f->len = len;
    return step(m) ? 0 : -EIO;
}

static int mem_remove(void *ctx, const char *name)
{
    struct storage_mem *m = ctx;
    struct mem_file *f = mem_find(m, name);
    if (!step(m))
        return -EIO;
    if (!f)
        return -ENOENT;
    free(f->data);
    f->data = NULL;
    return step(m) ? 0 : -EIO;
}

static void mem_free(void *ctx)
{
    struct storage_mem *m = ctx;
    for (unsigned i = 0; i < MEM_FILES; i++) {
        if (m->files[i].data)
            explicit_bzero(m->files[i].data, m->files[i].len); /* private keys live here too */
        free(m->files[i].data);
    }
    free(m);
}

static void mem_list(void *ctx, void (*each)(void *arg, const char *name, size_t len), void *arg)
{
    struct storage_mem *m = ctx;
    for (unsigned i = 0; i < MEM_FILES; i++)
        if (m->files[i].data)
            each(arg, m->files[i].name, m->files[i].len);
}

static const struct storage_ops mem_ops = {mem_read, mem_write, mem_remove, mem_free, mem_list};

int storage_open_memory(struct storage *s)
{
    struct storage_mem *m = calloc(1, sizeof *m);
    if (!m)
        return -ENOMEM;
    m->steps = -1;
    s->ops = &mem_ops;
    s->ctx = m;
    return 0;
}

void storage_memory_cut(struct storage *s, int steps)
{
    if (s->ops == &mem_ops)
        ((struct storage_mem *)s->ctx)->steps = steps;
}
