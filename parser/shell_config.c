/* The exec commands that show, save and load the configuration (grammar/exec.gram; ios-cli 9.3, 9.4). Called by exec.c
 * through the tables. */
#include "boilerplate_cmd.h"
#include "exec_cmd.h"
#include "parser/archive.h"
#include "parser/session_int.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NVRAM_SIZE = 155640 }; /* what `Using N out of …` names; no limit here */

static struct cfg_node *find_interface(struct cfg *cfg, const char *name)
{
    for (unsigned i = 0; i < cfg->root.n; i++) {
        struct cfg_node *n = cfg->root.child[i];
        size_t len = strlen(name);
        if (!n->negated && !strncmp(n->line, "interface ", 10) && !strncmp(n->line + 10, name, len) &&
            (!n->line[10 + len] || n->line[10 + len] == ' '))
            return n;
    }
    return NULL;
}

/* `show running-config section RE` is what `| section RE` leaves of it. */
static int show_section(struct cmd *c, const char *re)
{
    struct strbuf line = {0}, b = {0}, why = {0}, kept = {0};
    struct pipe *p;
    enum pipe_kind kind;
    size_t fail;
    strbuf_add(&line, "| section %s", re);
    if (pipe_parse(c->session, line.s, 0, false, &p, &kind, &fail, &why) == MATCH_OK && p) {
        cfg_text(c->session->cfg, 0, &b);
        pipe_write(p, b.s, b.len, strbuf_sink, &kept);
        pipe_finish(p, strbuf_sink, &kept);
        pipe_free(p);
    }
    int rc = why.len ? cmd_error(c, "%.*s", (int)why.len - 1, why.s) : CMD_OK;
    strbuf_free(&line);
    strbuf_free(&b);
    strbuf_free(&why);
    return rc == CMD_OK ? cmd_print(c, &kept) : rc;
}

/* There is no routing protocol: the word is known, so that it is incomplete by itself, and nothing follows. */
int shell_cmd_router(struct cmd *c, struct args_router_odr *a)
{
    (void)a;
    return cmd_error(c, "%% Routing protocols are not supported; use ip route");
}

/* `show running-config linenum` */
static void number_lines(struct strbuf *b)
{
    struct strbuf out = {0};
    unsigned n = 0;
    for (char *s = b->s; s && *s;) {
        size_t len = strcspn(s, "\n");
        strbuf_add(&out, "%4u : %.*s\n", ++n, (int)len, s);
        s += len + (s[len] == '\n');
    }
    strbuf_free(b);
    *b = out;
}

/* What IOS writes around a configuration. */
static void frame(struct strbuf *config)
{
    struct strbuf b = {0};
    strbuf_add(&b, "Building configuration...\n\nCurrent configuration : %zu bytes\n", config->len);
    strbuf_write(&b, config->s, config->len);
    strbuf_write(&b, "\n", 1);
    strbuf_free(config);
    *config = b;
}

int shell_print_config(struct cmd *c, struct strbuf *config)
{
    frame(config);
    return cmd_print(c, config);
}

struct running {
    struct cfg_writer *writer;
    bool linenum;
};

static bool running_make(struct cmd *c, void *arg, struct strbuf *text)
{
    struct running *x = arg;
    if (!cfg_writer_run(x->writer, c, text))
        return false;
    if (x->linenum)
        number_lines(text);
    frame(text);
    return true;
}

static void running_end(void *arg)
{
    struct running *x = arg;
    cfg_writer_free(x->writer);
    free(x);
}

int shell_cmd_show_running(struct cmd *c, struct args_show_running_config *a)
{
    struct cfg *cfg = c->session->cfg;
    struct strbuf b = {0};
    if (a->kw_section)
        return show_section(c, a->section);
    if (a->kw_interface) {
        struct cfg_node *n = find_interface(cfg, a->interface.text);
        if (!n)
            return cmd_error(c, "%% Interface %s does not exist", a->interface.text);
        strbuf_add(&b, "!\n");
        cfg_text_block(cfg, n, 0, &b);
        strbuf_add(&b, "end\n");
        return shell_print_config(c, &b);
    }
    struct running *x = calloc(1, sizeof *x);
    if (x)
        *x = (struct running){cfg_writer_new(cfg, a->kw_all ? CFG_ALL : 0), a->kw_linenum};
    if (!x || !x->writer) {
        free(x);
        return cmd_error(c, "%% Out of memory");
    }
    return cmd_print_made(c, running_make, running_end, x);
}

static int show_startup(struct cmd *c)
{
    char *text = NULL;
    size_t len = 0;
    int rc = cfg_startup_read(c->session->cfg, &text, &len);
    if (rc == -ENOENT) {
        out_text(c->out, "startup-config is not present\n");
        return CMD_OK;
    }
    if (rc)
        return cmd_error(c, "%% Error reading startup-config: %s", strerror(-rc));
    struct strbuf b = {0};
    strbuf_add(&b, "Using %zu out of %d bytes\n", len, NVRAM_SIZE);
    strbuf_write(&b, text, len);
    if (len && text[len - 1] != '\n')
        strbuf_write(&b, "\n", 1);
    free(text);
    return cmd_print(c, &b);
}

int shell_cmd_show_startup(struct cmd *c, struct args_show_startup_config *a)
{
    (void)a;
    return show_startup(c);
}

int shell_cmd_show_configuration(struct cmd *c, struct args_show_configuration *a)
{
    (void)a;
    return show_startup(c);
}

int shell_save(struct cmd *c)
{
    out_text(c->out, "Building configuration...\n");
    int rc = cfg_startup_write(c->session->cfg, c->session->line_name);
    if (rc)
        return cmd_error(c, "%% Error writing startup-config: %s; the old one is kept", strerror(-rc));
    archive_write_memory(c->session->cfg);
    out_text(c->out, "[OK]\n");
    return CMD_OK;
}

static int erase_answer(struct cmd *c, const char *text, void *arg)
{
    (void)arg;
    if (!text || (*text && *text != 'y' && *text != 'Y'))
        return CMD_OK;
    int rc = cfg_startup_erase(c->session->cfg);
    if (rc)
        return cmd_error(c, "%% Error erasing nvram: %s", strerror(-rc));
    out_text(c->out, "[OK]\nErase of nvram: complete\n");
    log_syslog(c->router, 0, "SYS", 7, "NV_BLOCK_INIT", "Initialized the geometry of nvram");
    return CMD_OK;
}

static int erase(struct cmd *c)
{
    return cmd_ask(c, "Erasing the nvram filesystem will remove all configuration files! Continue? [confirm]", true,
                   erase_answer, NULL);
}

int shell_cmd_erase(struct cmd *c, struct args_exec_erase *a)
{
    (void)a;
    return erase(c);
}

int shell_cmd_write(struct cmd *c, struct args_exec_write *a)
{
    if (a->kw_erase)
        return erase(c);
    if (a->kw_terminal) {
        struct args_show_running_config none;
        memset(&none, 0, sizeof none);
        return shell_cmd_show_running(c, &none);
    }
    return shell_save(c);
}

static void load_bad(void *ctx, unsigned lineno, const char *line, const char *answer)
{
    struct cmd *c = ctx;
    struct strbuf b = {0};
    (void)lineno;
    strbuf_safe(&b, line);
    out_text(c->out, "%s\n%s", b.s ? b.s : "", answer);
    strbuf_free(&b);
}

void shell_merge(struct cmd *c, const char *text)
{
    config_load(c->router, text, false, load_bad, c);
    session_left_config(c->session);
}

int shell_merge_startup(struct cmd *c, bool report)
{
    char *text = NULL;
    size_t len = 0;
    nstime since = loop_now_fresh(c->router->loop);
    int rc = cfg_startup_read(c->session->cfg, &text, &len);
    if (rc == -ENOENT)
        return cmd_error(c, "%%Error opening nvram:/startup-config (No such file or directory)");
    if (rc)
        return cmd_error(c, "%% Error reading startup-config: %s", strerror(-rc));
    shell_merge(c, text);
    if (report)
        shell_copied(c, len, since);
    free(text);
    return CMD_OK;
}
