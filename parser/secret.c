/* `enable secret` and `username … secret`: type 5 (MD5 crypt) is stored and shown, clear text is hashed at once
 * (ios-cli 9.1). Called through the tables and by `enable`. */
#include "boilerplate_cmd.h"
#include "parser/session_int.h"
#include <crypt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool hash(struct router *r, const char *clear, char out[64])
{
    static const char digits[] = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    uint8_t raw[4];
    char salt[16] = "$1$....$";
    rng_bytes(r, RNG_JITTER, raw, sizeof raw);
    for (unsigned i = 0; i < 4; i++)
        salt[3 + i] = digits[raw[i] & 63];
    struct crypt_data *data = calloc(1, sizeof *data);
    if (!data)
        abort();
    const char *h = crypt_r(clear, salt, data);
    bool ok = h && !strncmp(h, "$1$", 3);
    if (ok)
        snprintf(out, 64, "%s", h);
    explicit_bzero(data, sizeof *data);
    free(data);
    return ok;
}

/* Hashes clear text into the tree's scratch space: it must live until the line is stored. NULL: cannot. */
static const char *stored_form(struct router *r, const char *clear)
{
    struct cfg *cfg = cfg_get(r);
    return hash(r, clear, cfg->scratch) ? cfg->scratch : NULL;
}

int secret_cmd_enable(struct cmd *c, struct args_enable_secret *a)
{
    if (c->op == CMD_UNSET || a->kw_5)
        return CMD_OK;
    const char *h = stored_form(c->router, a->clear);
    if (!h)
        return cmd_error(c, "%% The secret cannot be hashed here");
    /* What is left in the arguments is stored: the hash, never the clear text. */
    a->kw_0 = a->has_clear = false;
    a->kw_5 = a->has_hash = true;
    a->hash = h;
    return CMD_OK;
}

int secret_cmd_username(struct cmd *c, struct args_username *a)
{
    if (c->op == CMD_UNSET || !a->kw_secret || a->kw_5)
        return CMD_OK;
    const char *h = stored_form(c->router, a->clear);
    if (!h)
        return cmd_error(c, "%% The secret cannot be hashed here");
    a->kw_0 = a->has_clear = false;
    a->kw_5 = a->has_hash = true;
    a->hash = h;
    return CMD_OK;
}

static const struct args_enable_secret *find(const struct cfg *cfg)
{
    for (unsigned i = 0; i < cfg->root.n; i++)
        if (!strcmp(cfg->root.child[i]->cmd->name, "enable-secret"))
            return cfg->root.child[i]->args;
    return NULL;
}

bool secret_is_set(const struct cfg *cfg)
{
    return find(cfg) != NULL;
}

bool secret_matches(const struct cfg *cfg, const char *text)
{
    const struct args_enable_secret *a = find(cfg);
    if (!a || !a->hash)
        return false;
    struct crypt_data *data = calloc(1, sizeof *data);
    if (!data)
        abort();
    const char *h = crypt_r(text, a->hash, data);
    bool same = h && !strcmp(h, a->hash);
    explicit_bzero(data, sizeof *data);
    free(data);
    return same;
}
