/* Small files in a directory: a write goes to a temporary file, to the disk, and only then takes the old one's
 * place, so that a power cut leaves the old or the new text, whole (I7). Opened by `tapir router --state`. */
#include "modules/core/storage.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define STORAGE_MAX_FILE (16 * 1024 * 1024)

struct storage_dir {
    int dir, lock;
};

static bool name_ok(const char *name)
{
    return *name && *name != '.' && !strchr(name, '/') && strlen(name) < 100;
}

static int dir_read(void *ctx, const char *name, char **data, size_t *len)
{
    struct storage_dir *d = ctx;
    if (!name_ok(name))
        return -EINVAL;
    int fd = openat(d->dir, name, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    struct stat st;
    int rc = fstat(fd, &st) ? -errno : !S_ISREG(st.st_mode) ? -EINVAL : st.st_size > STORAGE_MAX_FILE ? -EFBIG : 0;
    size_t n = 0, cap = rc ? 0 : (size_t)st.st_size;
    char *s = rc ? NULL : malloc(cap + 1);
    if (!rc && !s)
        rc = -ENOMEM;
    while (!rc && n < cap) {
        ssize_t got = read(fd, s + n, cap - n);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            rc = -errno;
        if (got <= 0)
            break;
        n += (size_t)got;
    }
    close(fd);
    if (rc) {
        free(s);
        return rc;
    }
    s[n] = '\0';
    *data = s;
    *len = n;
    return 0;
}

static int write_all(int fd, const char *data, size_t len)
{
    while (len) {
        ssize_t n = write(fd, data, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n < 0 ? -errno : -EIO;
        data += n;
        len -= (size_t)n;
    }
    return 0;
}

static int dir_write(void *ctx, const char *name, const char *data, size_t len)
{
    struct storage_dir *d = ctx;
    char tmp[128];
    if (!name_ok(name))
        return -EINVAL;
    snprintf(tmp, sizeof tmp, ".%s.new", name);
    int fd = openat(d->dir, tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0)
        return -errno;
    int rc = write_all(fd, data, len);
    if (!rc && fsync(fd))
        rc = -errno;
    if (close(fd) && !rc)
        rc = -errno;
    if (!rc && renameat(d->dir, tmp, d->dir, name))
        rc = -errno;
    if (rc) {
        unlinkat(d->dir, tmp, 0);
        return rc;
    }
    return fsync(d->dir) ? -errno : 0;
}

static int dir_remove(void *ctx, const char *name)
{
    struct storage_dir *d = ctx;
    if (!name_ok(name))
        return -EINVAL;
    if (unlinkat(d->dir, name, 0))
        return -errno;
    return fsync(d->dir) ? -errno : 0;
}

static void dir_free(void *ctx)
{
    struct storage_dir *d = ctx;
    close(d->lock);
    close(d->dir);
    free(d);
}

static void dir_list(void *ctx, void (*each)(void *arg, const char *name, size_t len), void *arg)
{
    struct storage_dir *d = ctx;
    int fd = openat(d->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    struct stat st;
    if (!dir && fd >= 0)
        close(fd);
    for (struct dirent *e; dir && (e = readdir(dir));)
        if (name_ok(e->d_name) && !fstatat(d->dir, e->d_name, &st, AT_SYMLINK_NOFOLLOW) && S_ISREG(st.st_mode))
            each(arg, e->d_name, (size_t)st.st_size);
    if (dir)
        closedir(dir);
}

static const struct storage_ops dir_ops = {dir_read, dir_write, dir_remove, dir_free, dir_list};

int storage_open_dir(struct storage *s, const char *dir)
{
    if (!dir)
        return storage_open_memory(s);
    struct storage_dir *d = calloc(1, sizeof *d);
    if (!d)
        return -ENOMEM;
    int rc = 0;
    if (mkdir(dir, 0700) && errno != EEXIST)
        rc = -errno;
    d->dir = rc ? -1 : open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (!rc && d->dir < 0)
        rc = -errno;
    d->lock = rc ? -1 : openat(d->dir, "lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (!rc && d->lock < 0)
        rc = -errno;
    /* The kernel lets go of the lock with the process: one left by a killed router is taken over. */
    if (!rc && flock(d->lock, LOCK_EX | LOCK_NB))
        rc = errno == EWOULDBLOCK ? -EBUSY : -errno;
    if (rc) {
        if (d->lock >= 0)
            close(d->lock);
        if (d->dir >= 0)
            close(d->dir);
        free(d);
        return rc;
    }
    s->ops = &dir_ops;
    s->ctx = d;
    return 0;
}

void storage_close(struct storage *s)
{
    if (s->ops)
        s->ops->free(s->ctx);
    *s = (struct storage){0};
}
