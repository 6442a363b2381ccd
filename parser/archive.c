/* The archive of configurations (`archive`, archive config, show archive) and what lists files: dir, show file systems.
 * An archived configuration is a file of flash: named after `path` and a number. Called through the tables, and by
 * write memory. */
#include "parser/archive.h"
#include "modules/core/wall.h"
#include "objects_cmd.h"
#include "parser/cfg_replace.h"
#include "parser/files.h"
#include "parser/session_int.h"
#include "platform_cmd.h"
#include "shows_cmd.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char IMAGE_NAME[] = "tapir-0.1.bin";
enum { ARCHIVE_MAX = 14, ARCHIVE_DEFAULT = 10, IMAGE_BYTES = 31970280, NVRAM_BYTES = 262136 };

static const struct cfg_node *archive_line(const struct cfg *cfg, const char *name)
{
    const struct cfg_node *block = cfg_find(&cfg->root, "archive");
    for (unsigned i = 0; block && i < block->n; i++)
        if (!strcmp(block->child[i]->cmd->name, name))
            return block->child[i];
    return NULL;
}

struct archive {
    char base[FILES_NAME_MAX + 1]; /* the files' name without number */
    unsigned number[FILES_MAX], n, max;
};

static void collect(void *arg, const char *name, size_t len)
{
    struct archive *a = arg;
    size_t base = strlen(a->base);
    (void)len;
    if (strncmp(name, a->base, base) != 0 || name[base] != '-' || a->n == FILES_MAX)
        return;
    char *end;
    unsigned long v = strtoul(name + base + 1, &end, 10);
    if (*end || !name[base + 1] || v > 1000000)
        return;
    unsigned at = a->n++;
    for (; at > 0 && a->number[at - 1] > v; at--)
        a->number[at] = a->number[at - 1];
    a->number[at] = (unsigned)v;
}

/* 0; -ENOENT: there is no path; -EINVAL: it is not one of this box. */
static int archive_read(struct cfg *cfg, struct archive *a)
{
    const struct cfg_node *path = archive_line(cfg, "archive-path"), *max = archive_line(cfg, "archive-maximum");
    memset(a, 0, sizeof *a);
    a->max = max ? ((const struct args_archive_maximum *)max->args)->count : ARCHIVE_DEFAULT;
    if (!path)
        return -ENOENT;
    struct strbuf b = {0};
    for (const char *s = ((const struct args_archive_path *)path->args)->path; *s; s++) {
        if (*s == '$' && s[1] == 'h') {
            strbuf_add(&b, "%s", cfg->router->hostname);
            s++;
        } else if (*s == '$' && s[1] == 't') { /* the number tells them apart */
            s++;
        } else {
            strbuf_write(&b, s, 1);
        }
    }
    struct file_ref f;
    bool ours = b.s && file_parse(b.s, &f) && f.kind == FILE_FLASH;
    strbuf_free(&b);
    if (!ours || strlen(f.name) > FILES_NAME_MAX - 8)
        return -EINVAL;
    snprintf(a->base, sizeof a->base, "%s", f.name[0] ? f.name : "archive");
    file_list(cfg, collect, a);
    return 0;
}

int archive_save(struct cfg *cfg, char shown[96])
{
    struct archive a;
    struct file_ref f;
    struct strbuf text = {0};
    int rc = archive_read(cfg, &a);
    if (rc)
        return rc;
    char url[96];
    snprintf(url, sizeof url, "flash:%s-%u", a.base, a.n ? a.number[a.n - 1] + 1 : 1);
    if (!file_parse(url, &f))
        return -EINVAL;
    cfg_text(cfg, 0, &text);
    rc = file_write(cfg, &f, text.s, text.len, false);
    strbuf_free(&text);
    if (shown)
        snprintf(shown, 96, "%s", url);
    for (unsigned i = 0; !rc && a.n + 1 > a.max && i < a.n + 1 - a.max; i++) {
        char old[96];
        snprintf(old, sizeof old, "flash:%s-%u", a.base, a.number[i]);
        if (file_parse(old, &f))
            file_remove(cfg, &f);
    }
    return rc;
}

void archive_write_memory(struct cfg *cfg)
{
    if (archive_line(cfg, "archive-write-memory"))
        archive_save(cfg, NULL);
}

bool archive_enabled(struct cfg *cfg)
{
    return archive_line(cfg, "archive-path") != NULL;
}

int shell_cmd_archive_config(struct cmd *c, struct args_archive_config *a)
{
    (void)a;
    int rc = archive_save(c->session->cfg, NULL);
    if (rc == -ENOENT)
        return cmd_error(c, "%% No archive path is configured: archive, path flash:NAME");
    return rc ? cmd_error(c, "%% The archive cannot be written: %s", file_error(rc)) : CMD_OK;
}

int shell_cmd_show_archive(struct cmd *c, struct args_show_archive *a)
{
    struct archive v;
    struct out *o = c->out;
    (void)a;
    int rc = archive_read(c->session->cfg, &v);
    out_object(o, NULL);
    out_bool(o, "enabled", rc == 0);
    if (rc) {
        out_text(o, " Archive feature not enabled\n");
        out_end(o);
        return CMD_OK;
    }
    out_text(o, "The maximum archive configurations allowed is %u.\n", v.max);
    out_text(o, "There are currently %u archive configurations saved.\n", v.n);
    out_text(o, "The next archive file will be named flash:%s-%u\n Archive #  Name\n", v.base,
             v.n ? v.number[v.n - 1] + 1 : 1);
    out_int(o, "maximum", v.max);
    out_fmt(o, "next", "flash:%s-%u", v.base, v.n ? v.number[v.n - 1] + 1 : 1);
    out_array(o, "saved");
    for (unsigned i = 0; i < ARCHIVE_MAX || i < v.n; i++) {
        if (i >= v.n) {
            out_text(o, "   %-8u\n", i + 1);
            continue;
        }
        out_text(o, "   %-8u flash:%s-%u%s\n", i + 1, v.base, v.number[i], i + 1 == v.n ? " <- Most Recent" : "");
        out_fmt(o, NULL, "flash:%s-%u", v.base, v.number[i]);
    }
    out_end(o);
    out_end(o);
    return CMD_OK;
}

/* A configuration by name, or of this box when NULL. malloc'd; NULL: the answer was printed. */
static char *config_of(struct cmd *c, const char *url)
{
    struct file_ref f;
    char *text = NULL;
    size_t len = 0;
    if (!file_parse(url, &f) || (f.kind == FILE_FLASH && !f.name[0])) {
        cmd_error(c, "%%Error opening %s (Invalid argument)", url);
        return NULL;
    }
    int rc = file_read(c->session->cfg, &f, &text, &len);
    if (rc) {
        cmd_error(c, "%%Error opening %s (%s)", f.shown, file_error(rc));
        return NULL;
    }
    return text;
}

int shell_cmd_show_archive_diff(struct cmd *c, struct args_show_archive_differences *a)
{
    char *from = config_of(c, a->has_first ? a->first : "nvram:startup-config");
    char *to = from ? config_of(c, a->has_second ? a->second : "system:running-config") : NULL;
    if (!to) {
        free(from);
        return CMD_ERROR;
    }
    struct strbuf b = {0};
    out_text(c->out, "!Contextual Config Diffs:\n");
    if (cfg_text_diff(from, to, &b))
        out_write(c->out, b.s, b.len);
    else
        out_text(c->out, "!No changes were found\n");
    out_text(c->out, "\n");
    strbuf_free(&b);
    free(from);
    free(to);
    return CMD_OK;
}

int shell_cmd_show_archive_incremental(struct cmd *c, struct args_show_archive_incremental *a)
{
    char *from = config_of(c, "system:running-config"), *to = from ? config_of(c, a->file) : NULL;
    struct strbuf b = {0};
    if (to) {
        bool any = cfg_text_more(from, to, a->kw_ignorecase, &b);
        out_text(c->out, "!List of Commands:\n");
        out_write(c->out, b.s ? b.s : "", b.len);
        out_text(c->out, any ? "end\n\n" : "end\n!No changes were found\n\n");
    }
    int rc = to ? CMD_OK : CMD_ERROR;
    strbuf_free(&b);
    free(from);
    free(to);
    return rc;
}

/* ---- dir, show file systems ---- */

struct listing {
    struct cmd *c;
    unsigned n;
    size_t used;
    char date[40];
};

static void list_one(void *arg, const char *name, size_t len)
{
    struct listing *l = arg;
    out_text(l->c->out, "%5u  -rw-  %10zu  %s  %s\n", ++l->n, len, l->date, name);
    out_object(l->c->out, NULL);
    out_str(l->c->out, "name", name);
    out_int(l->c->out, "size", (int64_t)len);
    out_end(l->c->out);
    l->used += len;
}

/* Storage keeps no dates: every file carries that of the start. */
static void list_date(struct listing *l)
{
    struct civil d = wall_civil(router_wall(l->c->router) - router_uptime(l->c->router));
    snprintf(l->date, sizeof l->date, "%s %d %d %02d:%02d:%02d +00:00", wall_month(d.month), d.day, d.year, d.hour,
             d.minute, d.second);
}

static void list_begin(struct listing *l, struct cmd *c, const char *name)
{
    *l = (struct listing){.c = c};
    list_date(l);
    out_text(c->out, "Directory of %s/\n\n", name);
    out_object(c->out, NULL);
    out_str(c->out, "file_system", name);
    out_array(c->out, "files");
}

static void list_end(struct listing *l, size_t total)
{
    size_t left = l->used < total ? total - l->used : 0;
    if (!l->n)
        out_text(l->c->out, "No files in directory\n");
    out_end(l->c->out);
    out_int(l->c->out, "bytes_total", (int64_t)total);
    out_int(l->c->out, "bytes_free", (int64_t)left);
    out_end(l->c->out);
    out_text(l->c->out, "\n%zu bytes total (%zu bytes free)\n", total, left);
}

static void dir_nvram(struct cmd *c)
{
    struct listing l;
    char *text;
    size_t len;
    list_begin(&l, c, "nvram:");
    if (!cfg_startup_read(c->session->cfg, &text, &len)) {
        list_one(&l, "startup-config", len);
        free(text);
    }
    list_end(&l, NVRAM_BYTES);
}

/* show flash: another layout of dir. */
static void flash_one(void *arg, const char *name, size_t len)
{
    struct listing *l = arg;
    out_text(l->c->out, "%-3u %10zu %s %s\n", ++l->n, len, l->date, name);
    out_object(l->c->out, NULL);
    out_str(l->c->out, "name", name);
    out_int(l->c->out, "size", (int64_t)len);
    out_end(l->c->out);
    l->used += len;
}

int shell_cmd_show_flash(struct cmd *c, struct args_show_flash *a)
{
    struct listing l = {.c = c};
    (void)a;
    list_date(&l);
    out_text(c->out, "-#- --length-- -----date/time------ path\n");
    out_array(c->out, "files");
    flash_one(&l, IMAGE_NAME, IMAGE_BYTES);
    file_list(c->session->cfg, flash_one, &l);
    out_end(c->out);
    size_t left = l.used < FILES_BYTES ? FILES_BYTES - l.used : 0;
    out_text(c->out, "\n%zu bytes available (%zu bytes used)\n", left, l.used);
    out_int(c->out, "bytes_available", (int64_t)left);
    out_int(c->out, "bytes_used", (int64_t)l.used);
    return CMD_OK;
}

int shell_cmd_dir(struct cmd *c, struct args_exec_dir *a)
{
    struct listing l;
    struct file_ref f;
    struct cfg *cfg = c->session->cfg;
    char *text;
    size_t len;
    const char *url = a->has_of ? a->of : a->has_url && a->url[0] != '/' ? a->url : "flash:";
    if (a->has_url && a->url[0] == '/' && strcmp(a->url, "/all") != 0 && strcmp(a->url, "/recursive") != 0)
        return cmd_error(c, "%%Error opening %s (Invalid argument)", a->url);
    if (!strcmp(url, "all-filesystems")) {
        dir_nvram(c);
        out_text(c->out, "\n");
        url = "flash:";
    }
    if (!strcmp(url, "nvram:") || !strcmp(url, "nvram:/")) {
        dir_nvram(c);
        return CMD_OK;
    }
    if (!file_parse(url, &f) || f.kind != FILE_FLASH)
        return cmd_error(c, "%%Error opening %s (No such device)", url);
    if (f.name[0] && !file_exists(cfg, &f))
        return cmd_error(c, "%%Error opening %s (No such file or directory)", f.shown);
    list_begin(&l, c, "flash:");
    if (!f.name[0]) {
        list_one(&l, IMAGE_NAME, IMAGE_BYTES);
        file_list(cfg, list_one, &l);
    } else if (!file_read(cfg, &f, &text, &len)) {
        list_one(&l, f.name, len);
        free(text);
    }
    list_end(&l, FILES_BYTES);
    return CMD_OK;
}

static void add_up(void *arg, const char *name, size_t len)
{
    (void)name;
    *(size_t *)arg += len;
}

static void file_system_values(struct out *o, const char *prefix, const char *type, size_t size, size_t left)
{
    out_object(o, NULL);
    out_str(o, "prefix", prefix);
    out_str(o, "type", type);
    out_str(o, "flags", "rw");
    out_int(o, "size_bytes", (int64_t)size);
    out_int(o, "free_bytes", (int64_t)left);
    out_end(o);
}

static void file_system(struct out *o, const char *prefix, const char *type, size_t size, size_t used, bool here)
{
    size_t left = used < size ? size - used : 0;
    out_text(o, "%c%13zu%14zu%10s     rw   %s\n", here ? '*' : ' ', size, left, type, prefix);
    file_system_values(o, prefix, type, size, left);
}

int shell_cmd_show_file_systems(struct cmd *c, struct args_show_file_systems *a)
{
    size_t flash = IMAGE_BYTES, nvram = 0;
    char *text;
    (void)a;
    file_list(c->session->cfg, add_up, &flash);
    if (!cfg_startup_read(c->session->cfg, &text, &nvram))
        free(text);
    out_text(c->out, "File Systems:\n\n       Size(b)       Free(b)      Type  Flags  Prefixes\n");
    out_text(c->out, "             -             -    opaque     rw   system:\n");
    out_array(c->out, NULL);
    file_system_values(c->out, "system:", "opaque", 0, 0);
    file_system(c->out, "nvram:", "nvram", NVRAM_BYTES, nvram, false);
    file_system(c->out, "flash:", "disk", FILES_BYTES, flash, true);
    out_end(c->out);
    return CMD_OK;
}
