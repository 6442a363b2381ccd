/* The user's files (see files.h). A file NAME of flash: is stored as `flash.NAME`. */
#include "parser/files.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char STORED[] = "flash.";

static bool name_ok(const char *s)
{
    size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.+");
    return !s[n] && n <= FILES_NAME_MAX && s[0] != '.';
}

bool file_parse(const char *url, struct file_ref *f)
{
    static const char *const flash[] = {"flash:", "flash0:", "disk0:", "bootflash:", "slot0:"};
    memset(f, 0, sizeof *f);
    const char *colon = strchr(url, ':'), *name = colon ? colon + 1 : url;
    size_t n = (size_t)(name - url);
    bool is_flash = !colon, is_nvram = n == 6 && !strncasecmp(url, "nvram:", n),
         is_system = n == 7 && !strncasecmp(url, "system:", n);
    for (unsigned i = 0; i < sizeof flash / sizeof *flash; i++)
        is_flash = is_flash || (n == strlen(flash[i]) && !strncasecmp(url, flash[i], n));
    name += *name == '/';
    if ((is_nvram || !colon) && !strcasecmp(name, "startup-config")) {
        f->kind = FILE_STARTUP;
        snprintf(f->shown, sizeof f->shown, "nvram:/startup-config");
    } else if ((is_system || !colon) && !strcasecmp(name, "running-config")) {
        f->kind = FILE_RUNNING;
        snprintf(f->shown, sizeof f->shown, "system:/running-config");
    } else if (is_flash && name_ok(name)) {
        f->kind = FILE_FLASH;
        snprintf(f->shown, sizeof f->shown, "%.*s/%s", colon ? (int)n : 6, colon ? url : "flash:", name);
    } else {
        return false;
    }
    snprintf(f->name, sizeof f->name, "%s", name);
    return true;
}

static void stored_name(const struct file_ref *f, char buf[96])
{
    snprintf(buf, 96, "%s%s", STORED, f->name);
}

int file_read(struct cfg *cfg, const struct file_ref *f, char **data, size_t *len)
{
    struct storage *s = cfg->router->storage;
    char name[96];
    if (f->kind == FILE_STARTUP)
        return cfg_startup_read(cfg, data, len);
    if (f->kind == FILE_RUNNING) {
        struct strbuf b = {0};
        cfg_text(cfg, 0, &b);
        *data = b.s;
        *len = b.len;
        return b.s ? 0 : -ENOMEM;
    }
    if (!f->name[0])
        return -ENOENT;
    stored_name(f, name);
    return s->ops->read(s->ctx, name, data, len);
}

bool file_exists(struct cfg *cfg, const struct file_ref *f)
{
    char *data = NULL;
    size_t len;
    int rc = file_read(cfg, f, &data, &len);
    free(data);
    return rc == 0;
}

struct room {
    unsigned files;
    size_t bytes;
};

static void count(void *arg, const char *name, size_t len)
{
    struct room *r = arg;
    (void)name;
    r->files++;
    r->bytes += len;
}

int file_write(struct cfg *cfg, const struct file_ref *f, const char *data, size_t len, bool append)
{
    struct storage *s = cfg->router->storage;
    struct room room = {0, 0};
    char name[96], *old = NULL;
    size_t had = 0;
    if (f->kind != FILE_FLASH)
        return -EROFS;
    if (!f->name[0])
        return -EINVAL;
    stored_name(f, name);
    bool there = s->ops->read(s->ctx, name, &old, &had) == 0;
    file_list(cfg, count, &room);
    if ((!there && room.files >= FILES_MAX) || len > FILE_BYTES || (append && had + len > FILE_BYTES) ||
        room.bytes + len > FILES_BYTES) {
        free(old);
        return -ENOSPC;
    }
    struct strbuf whole = {0};
    if (append && there)
        strbuf_write(&whole, old, had);
    strbuf_write(&whole, data, len);
    free(old);
    int rc = s->ops->write(s->ctx, name, whole.s, whole.len);
    strbuf_free(&whole);
    return rc;
}

int file_remove(struct cfg *cfg, const struct file_ref *f)
{
    struct storage *s = cfg->router->storage;
    char name[96];
    if (f->kind == FILE_STARTUP)
        return cfg_startup_erase(cfg);
    if (f->kind == FILE_RUNNING)
        return -EROFS;
    stored_name(f, name);
    return f->name[0] ? s->ops->remove(s->ctx, name) : -EINVAL;
}

/* ---- the list, by name ---- */

struct listing {
    struct listed {
        char name[FILES_NAME_MAX + 1];
        size_t len;
    } file[FILES_MAX * 2];
    unsigned n;
};

static void listed(void *arg, const char *name, size_t len)
{
    struct listing *l = arg;
    const char *own = name + sizeof STORED - 1;
    if (strncmp(name, STORED, sizeof STORED - 1) != 0 || !name_ok(own) || l->n == FILES_MAX * 2)
        return;
    snprintf(l->file[l->n].name, sizeof l->file[0].name, "%s", own);
    l->file[l->n++].len = len;
}

static int by_name(const void *a, const void *b)
{
    const struct listed *x = a, *y = b;
    return strcmp(x->name, y->name);
}

void file_list(struct cfg *cfg, void (*each)(void *arg, const char *name, size_t len), void *arg)
{
    struct storage *s = cfg->router->storage;
    struct listing *l = calloc(1, sizeof *l);
    if (!l)
        return;
    if (s->ops->list)
        s->ops->list(s->ctx, listed, l);
    qsort(l->file, l->n, sizeof *l->file, by_name);
    for (unsigned i = 0; i < l->n; i++)
        each(arg, l->file[i].name, l->file[i].len);
    free(l);
}

const char *file_error(int rc)
{
    switch (-rc) {
    case ENOENT:
        return "No such file or directory";
    case ENOSPC:
        return "No space left on device";
    case EROFS:
        return "Read-only file system";
    case EINVAL:
        return "Invalid argument";
    default:
        return strerror(-rc);
    }
}
