/* What the router knows about its SSH line: the host key, `ip ssh`. The protocol itself is the door's (cli/ssh.c). */
#include "modules/crypto/crypto.h"
#include "modules/line/line_int.h"
#include <stdlib.h>
#include <string.h>

static const struct line_ssh_settings ssh_defaults = {.version = 0, .timeout_s = 120, .retries = 3, .dh_min = 1024};

void line_ssh_init(struct lines *l)
{
    l->ssh = ssh_defaults;
}

void line_ssh_fini(struct lines *l)
{
    if (l->key)
        crypto_wipe(l->key, strlen(l->key));
    free(l->key);
}

void line_ssh_start(struct lines *l)
{
    (void)l;
}

const struct line_ssh_settings *line_ssh(struct router *r)
{
    return &lines_of(r)->ssh;
}

const char *line_ssh_key(struct router *r, unsigned *generation)
{
    const struct lines *l = lines_of(r);
    *generation = l->key_generation;
    return l->key;
}

void line_set_keygen(struct router *r, const struct line_keygen *g)
{
    lines_of(r)->keygen = *g;
}
