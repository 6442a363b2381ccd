/* The configuration as a whole: reading a text into the tree, startup-config through the storage seam, "is it saved".
 * Called by the boot, by copy and write, and by the doors (session.h). */
#include "parser/configure.h"
#include "parser/session.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STARTUP "startup-config"

int cfg_startup_read(struct cfg *cfg, char **text, size_t *len)
{
    struct storage *s = cfg->router->storage;
    if (!s || !s->ops || !s->ops->read)
        return -ENOENT;
    int rc = s->ops->read(s->ctx, STARTUP, text, len);
    if (!rc && !*len) { /* an empty file is none */
        free(*text);
        *text = NULL;
        return -ENOENT;
    }
    return rc;
}

int cfg_startup_write(struct cfg *cfg, const char *by)
{
    struct storage *s = cfg->router->storage;
    nstime at = cfg->saved_at;
    char old_by[sizeof cfg->saved_by];
    memcpy(old_by, cfg->saved_by, sizeof old_by);
    if (!s || !s->ops || !s->ops->write)
        return -ENODEV;
    cfg->saved_at = router_wall(cfg->router);
    snprintf(cfg->saved_by, sizeof cfg->saved_by, "%s", by && *by ? by : "console");
    struct strbuf b = {0};
    cfg_text(cfg, 0, &b);
    int rc = s->ops->write(s->ctx, STARTUP, b.s, b.len);
    strbuf_free(&b);
    if (rc) { /* the old startup-config is untouched: so is its date */
        cfg->saved_at = at;
        memcpy(cfg->saved_by, old_by, sizeof old_by);
        return rc;
    }
    cfg->dirty = false;
    return 0;
}

int cfg_startup_erase(struct cfg *cfg)
{
    struct storage *s = cfg->router->storage;
    if (!s || !s->ops || !s->ops->remove)
        return -ENODEV;
    int rc = s->ops->remove(s->ctx, STARTUP);
    if (rc && rc != -ENOENT)
        return rc;
    cfg->dirty = true;
    cfg->saved_at = 0;
    free(cfg->saved_line);
    cfg->saved_line = NULL;
    return 0;
}

int config_save(struct router *r)
{
    return cfg_startup_write(cfg_get(r), "console");
}

/* The text from its first line that is no comment. */
static const char *body_of(const char *text)
{
    while (*text == '!' || *text == '\n' || *text == '\r') {
        const char *nl = strchr(text, '\n');
        if (!nl)
            break;
        text = nl + 1;
    }
    return text;
}

bool config_is_saved(struct router *r)
{
    struct cfg *cfg = cfg_get(r);
    if (!cfg->dirty)
        return true;
    char *text = NULL;
    size_t len = 0;
    if (cfg_startup_read(cfg, &text, &len))
        return false;
    struct strbuf b = {0};
    cfg_text(cfg, CFG_BODY, &b);
    bool same = !strcmp(body_of(text), body_of(b.s));
    strbuf_free(&b);
    free(text);
    return same;
}

static void remember_saved_line(struct cfg *cfg, const char *line)
{
    if (strncmp(line, "! NVRAM config last updated at ", 31) != 0)
        return;
    free(cfg->saved_line);
    cfg->saved_line = strdup(line);
}

static bool comment_or_blank(const char *s)
{
    while (*s == ' ' || *s == '\t')
        s++;
    return !*s || *s == '!';
}

/* One line of a file: true if it was accepted. The answer, if any, is in *answer. */
static bool load_line(struct place *p, struct cfg *cfg, const char *line, bool booting, struct strbuf *answer)
{
    struct verdict v = {MATCH_OK, 0, false};
    struct cmd c = {.router = cfg->router, .booting = booting};
    c.out = out_new_text(strbuf_sink, answer);
    enum line_result r = configure_line(p, &cfg->matcher, &c, "console", line, strlen(line), &v);
    if (r == LINE_REFUSED)
        verdict_text(&v, line, 0, answer);
    if (r == LINE_LEFT)
        place_enter(p, cfg);
    out_free(c.out);
    return r == LINE_OK || r == LINE_LEFT || r == LINE_PENDING || r == LINE_HELP;
}

/* The same, unless it is a comment or stands below a refused line. */
static bool type_line(struct place *p, struct cfg *cfg, struct stray *stray, const char *line, bool booting,
                      struct strbuf *answer)
{
    bool text = place_wants_text(p);
    if (!text && comment_or_blank(line)) {
        stray_comment(stray, line);
        return true;
    }
    if (!text && stray_line(stray, line)) {
        stray_answer(cfg, line, answer);
        return false;
    }
    bool ok = load_line(p, cfg, line, booting, answer); /* `router X` opens a block on IOS, whatever stood above it */
    stray_done(stray, line, !ok, !strncmp(line, "router ", 7));
    return ok;
}

unsigned config_load(struct router *r, const char *text, bool booting,
                     void (*bad)(void *ctx, unsigned lineno, const char *line, const char *answer), void *ctx)
{
    struct cfg *cfg = cfg_get(r);
    struct place p = {0};
    struct stray stray = {0};
    unsigned rejected = 0, lineno = 0;
    nstime changed_at = cfg->changed_at;
    place_enter(&p, cfg);
    while (*text) {
        size_t n = strcspn(text, "\r\n");
        char *line = line_clean(text, n);
        text += n;
        if (*text == '\r' && text[1] == '\n')
            text++;
        if (*text)
            text++;
        lineno++;
        if (booting)
            remember_saved_line(cfg, line);
        if (!strcmp(line, "end") && !place_wants_text(&p)) {
            free(line);
            break;
        }
        struct strbuf answer = {0};
        if (!type_line(&p, cfg, &stray, line, booting, &answer)) {
            rejected++;
            if (bad)
                bad(ctx, lineno, line, answer.s ? answer.s : "");
        }
        strbuf_free(&answer);
        free(line);
    }
    place_leave(&p);
    if (booting) {
        cfg->changed_at = changed_at;
        cfg->dirty = false;
    }
    return rejected;
}
