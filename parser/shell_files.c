/* The exec commands on files: copy, more, delete (grammar/exec.gram; ios-cli 9.4). Called by exec.c through the tables.
 */
#include "exec_cmd.h"
#include "parser/files.h"
#include "parser/session_int.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int shell_cmd_more(struct cmd *c, struct args_exec_more *a)
{
    struct file_ref f;
    char *text = NULL;
    size_t len = 0;
    if (!file_parse(a->file, &f))
        return cmd_error(c, "%%Error opening %s (Invalid argument)", a->file);
    int rc = file_read(c->session->cfg, &f, &text, &len);
    if (rc)
        return cmd_error(c, "%%Error opening %s (%s)", f.shown, file_error(rc));
    struct strbuf b = {0};
    strbuf_write(&b, text, len);
    if (len && text[len - 1] != '\n')
        strbuf_write(&b, "\n", 1);
    free(text);
    return cmd_print(c, &b);
}

/* ---- questions keep what they are about in the session ---- */

struct transfer {
    struct file_ref from, to;
};

static struct transfer *transfer_new(struct session *s)
{
    free(s->transfer);
    s->transfer = calloc(1, sizeof *s->transfer);
    if (!s->transfer)
        abort();
    return s->transfer;
}

static bool yes(const char *text) /* [confirm]: RETURN or y */
{
    return text && (!*text || *text == 'y' || *text == 'Y');
}

static int delete_now(struct cmd *c, const char *text, void *arg)
{
    (void)arg;
    struct file_ref *f = &c->session->transfer->from;
    if (!yes(text)) {
        if (text)
            out_text(c->out, "Delete of %s aborted!\n", f->shown);
        return CMD_OK;
    }
    int rc = file_remove(c->session->cfg, f);
    return rc ? cmd_error(c, "%%Error deleting %s (%s)", f->shown, file_error(rc)) : CMD_OK;
}

static int delete_sure(struct cmd *c, const char *text, void *arg)
{
    (void)arg;
    struct file_ref *f = &c->session->transfer->from;
    if (!text)
        return CMD_OK;
    if (*text && (!file_parse(text, f) || f->kind != FILE_FLASH))
        return cmd_error(c, "%%Error deleting %s (Invalid argument)", text);
    struct strbuf q = {0};
    strbuf_add(&q, "Delete %s? [confirm]", f->shown);
    int rc = cmd_ask(c, q.s, true, delete_now, NULL);
    strbuf_free(&q);
    return rc;
}

int shell_cmd_delete(struct cmd *c, struct args_exec_delete *a)
{
    struct transfer *t = transfer_new(c->session);
    if (!file_parse(a->file, &t->from) || t->from.kind == FILE_RUNNING)
        return cmd_error(c, "%%Error deleting %s (Invalid argument)", a->file);
    if (!file_exists(c->session->cfg, &t->from))
        return cmd_error(c, "%%Error deleting %s (No such file or directory)", t->from.shown);
    if (a->kw_force)
        return delete_now(c, "", NULL);
    struct strbuf q = {0};
    strbuf_add(&q, "Delete filename [%s]? ", t->from.name);
    int rc = cmd_ask(c, q.s, true, delete_sure, NULL);
    strbuf_free(&q);
    return rc;
}

/* ---- copy ---- */

void shell_copied(struct cmd *c, size_t len, nstime since)
{
    unsigned ms = (unsigned)((loop_now_fresh(c->router->loop) - since) / NS_PER_MS) + 1;
    out_text(c->out, "%zu bytes copied in %u.%03u secs (%zu bytes/sec)\n", len, ms / 1000, ms % 1000, len * 1000 / ms);
}

static int copy_now(struct cmd *c)
{
    struct transfer *t = c->session->transfer;
    struct cfg *cfg = c->session->cfg;
    char *text = NULL;
    size_t len = 0;
    nstime since = loop_now_fresh(c->router->loop);
    if (t->to.kind == FILE_STARTUP && t->from.kind == FILE_RUNNING)
        return shell_save(c);
    if (t->to.kind == FILE_RUNNING && t->from.kind == FILE_STARTUP)
        return shell_merge_startup(c, true);
    int rc = file_read(cfg, &t->from, &text, &len);
    if (rc)
        return cmd_error(c, "%%Error opening %s (%s)", t->from.shown, file_error(rc));
    if (t->to.kind == FILE_RUNNING) {
        shell_merge(c, text);
    } else if (t->to.kind == FILE_STARTUP) {
        rc = c->router->storage->ops->write(c->router->storage->ctx, "startup-config", text, len);
    } else {
        rc = file_write(cfg, &t->to, text, len, false);
    }
    free(text);
    if (rc)
        return cmd_error(c, "%%Error writing %s (%s)", t->to.shown, file_error(rc));
    shell_copied(c, len, since);
    return CMD_OK;
}

static int copy_over(struct cmd *c, const char *text, void *arg)
{
    (void)arg;
    return yes(text) ? copy_now(c) : CMD_OK;
}

static int copy_named(struct cmd *c, const char *text, void *arg)
{
    (void)arg;
    struct transfer *t = c->session->transfer;
    struct file_ref other;
    if (!text)
        return CMD_OK;
    if (*text && (!file_parse(text, &other) || (other.kind != t->to.kind && t->to.kind != FILE_FLASH)))
        return cmd_error(c, "%%Error opening %s (Invalid argument)", text);
    if (*text)
        t->to = other;
    if (t->to.kind != FILE_FLASH || !file_exists(c->session->cfg, &t->to))
        return copy_now(c);
    out_text(c->out, "%%Warning:There is a file already existing with this name\n");
    return cmd_ask(c, "Do you want to over write? [confirm]", true, copy_over, NULL);
}

int shell_cmd_copy(struct cmd *c, struct args_exec_copy *a)
{
    struct transfer *t = transfer_new(c->session);
    const char *from = a->kw_run_from ? "running-config" : a->kw_start_from ? "startup-config" : a->from;
    const char *to = a->kw_run_to ? "running-config" : a->kw_start_to ? "startup-config" : a->to;
    const char *bad = !file_parse(from, &t->from) ? from : !file_parse(to, &t->to) ? to : NULL;
    if (bad)
        return cmd_error(c, "%%Error opening %s (Invalid argument)", bad);
    if (t->from.kind == FILE_FLASH && !file_exists(c->session->cfg, &t->from))
        return cmd_error(c, "%%Error opening %s (No such file or directory)", t->from.shown);
    if (!t->to.name[0]) { /* only the file system: the name of what is copied */
        char url[96];
        const char *name = t->from.kind == FILE_RUNNING ? "running-config" : t->from.name;
        struct file_ref same;
        snprintf(url, sizeof url, "flash:%s", name);
        if (file_parse(url, &same))
            t->to = same;
    }
    struct strbuf q = {0};
    strbuf_add(&q, "Destination filename [%s]? ", t->to.name);
    int rc = cmd_ask(c, q.s, true, copy_named, NULL);
    strbuf_free(&q);
    return rc;
}

/* ---- rename ---- */

static int rename_named(struct cmd *c, const char *text, void *arg)
{
    (void)arg;
    struct transfer *t = c->session->transfer;
    struct cfg *cfg = c->session->cfg;
    char *data = NULL;
    size_t len = 0;
    if (!text)
        return CMD_OK;
    if (*text && (!file_parse(text, &t->to) || t->to.kind != FILE_FLASH))
        return cmd_error(c, "%%Error renaming %s (Invalid argument)", text);
    if (file_exists(cfg, &t->to))
        return cmd_error(c, "%%Error renaming %s (File exists)", t->to.shown);
    int rc = file_read(cfg, &t->from, &data, &len);
    if (!rc)
        rc = file_write(cfg, &t->to, data, len, false);
    if (!rc)
        rc = file_remove(cfg, &t->from);
    free(data);
    return rc ? cmd_error(c, "%%Error renaming %s (%s)", t->from.shown, file_error(rc)) : CMD_OK;
}

int shell_cmd_rename(struct cmd *c, struct args_exec_rename *a)
{
    struct transfer *t = transfer_new(c->session);
    const char *bad = !file_parse(a->from, &t->from) || t->from.kind != FILE_FLASH || !t->from.name[0] ? a->from
                      : !file_parse(a->to, &t->to) || t->to.kind != FILE_FLASH || !t->to.name[0]       ? a->to
                                                                                                       : NULL;
    if (bad)
        return cmd_error(c, "%%Error renaming %s (Invalid argument)", bad);
    if (!file_exists(c->session->cfg, &t->from))
        return cmd_error(c, "%%Error renaming %s (No such file or directory)", t->from.shown);
    struct strbuf q = {0};
    strbuf_add(&q, "Destination filename [%s]? ", t->to.name);
    int rc = cmd_ask(c, q.s, true, rename_named, NULL);
    strbuf_free(&q);
    return rc;
}
