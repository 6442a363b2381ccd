/* What the router knows about its SSH lines: `ip ssh`, the domain name, show ip ssh, show ssh. The protocol itself is
 * the door's (cli/ssh.c), the keys are line_key.c. */
#include "boilerplate_cmd.h"
#include "modules/line/line_int.h"
#include "ssh_cmd.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct line_ssh_settings ssh_defaults = {.version = 0, .timeout_s = 120, .retries = 3, .dh_min = 1024};

void line_ssh_init(struct lines *l)
{
    l->ssh = ssh_defaults;
    line_keys_load(l);
}

void line_ssh_fini(struct lines *l)
{
    line_keys_free(l);
}

const struct line_ssh_settings *line_ssh(struct router *r)
{
    return &lines_of(r)->ssh;
}

const char *line_ssh_key(struct router *r, unsigned *generation)
{
    const struct lines *l = lines_of(r);
    *generation = l->key_generation;
    return l->keys ? l->keys->pem : NULL;
}

void line_set_keygen(struct router *r, const struct line_keygen *g)
{
    lines_of(r)->keygen = *g;
}

int line_cmd_ssh_version(struct cmd *c, struct args_ip_ssh_version *a)
{
    struct lines *l = lines_cmd(c);
    l->ssh.version = c->op == CMD_SET ? a->version : 0;
    if (c->op == CMD_SET && c->session && !l->keys)
        cmd_note(c, "Please create RSA keys to enable SSH (and of atleast 768 bits for SSH v2).");
    return CMD_OK;
}

int line_cmd_ssh_other(struct cmd *c, struct args_ip_ssh_other *a)
{
    struct line_ssh_settings *s = &lines_cmd(c)->ssh;
    bool set = c->op == CMD_SET;
    if (a->kw_time_out)
        s->timeout_s = set ? a->seconds : ssh_defaults.timeout_s;
    if (a->kw_authentication_retries)
        s->retries = set ? a->retries : ssh_defaults.retries;
    if (a->kw_dh)
        s->dh_min = set ? a->dh : ssh_defaults.dh_min;
    return CMD_OK;
}

int line_cmd_domain(struct cmd *c, struct args_ip_domain_name *a)
{
    struct lines *l = lines_cmd(c);
    snprintf(l->domain, sizeof l->domain, "%s", c->op == CMD_SET ? a->name : "");
    return CMD_OK;
}

int line_cmd_domain_old(struct cmd *c, struct args_ip_domain_name_old *a)
{
    struct lines *l = lines_cmd(c);
    snprintf(l->domain, sizeof l->domain, "%s", c->op == CMD_SET ? a->name : "");
    return CMD_OK;
}

int line_cmd_show_ip_ssh(struct cmd *c, struct args_show_ip_ssh *a)
{
    (void)a;
    const struct lines *l = lines_cmd(c);
    const char *version = l->ssh.version == 2 ? "2.0" : l->ssh.version == 1 ? "1.5" : "1.99";
    out_text(c->out, "SSH %s - version %s\n", l->keys ? "Enabled" : "Disabled", version);
    if (!l->keys)
        out_text(c->out, "%%Please create RSA keys to enable SSH (and of atleast 768 bits for SSH v2).\n");
    out_text(c->out,
             "Authentication timeout: %u secs; Authentication retries: %u\n"
             "Minimum expected Diffie Hellman key size : %u bits\n",
             l->ssh.timeout_s, l->ssh.retries, l->ssh.dh_min);
    out_object(c->out, NULL);
    out_bool(c->out, "enabled", l->keys != NULL);
    out_str(c->out, "version", version);
    out_int(c->out, "timeout_ms", (int64_t)l->ssh.timeout_s * 1000);
    out_int(c->out, "retries", l->ssh.retries);
    out_end(c->out);
    return CMD_OK;
}

int line_cmd_show_ssh(struct cmd *c, struct args_show_ssh *a)
{
    (void)a;
    const struct lines *l = lines_cmd(c);
    bool any = false;
    out_object(c->out, NULL);
    out_array(c->out, "connections");
    for (const struct line_use *u = l->uses; u; u = u->next) {
        if (u->peer.service != LINE_SSH)
            continue;
        if (!any)
            out_text(c->out, "Connection Version Mode Encryption  Hmac         State                 Username\n");
        any = true;
        for (int out = 0; out < 2; out++)
            out_text(c->out, "%-10u 2.0     %-4s %-11s %-12s %-21s %s\n", u->number, out ? "OUT" : "IN",
                     out ? u->cipher_out : u->cipher_in, out ? u->mac_out : u->mac_in, "Session started", u->user);
        out_object(c->out, NULL);
        out_int(c->out, "connection", u->number);
        out_str(c->out, "version", "2.0");
        out_str(c->out, "encryption", u->cipher_in);
        out_str(c->out, "hmac", u->mac_in);
        out_str(c->out, "state", "Session started");
        out_str(c->out, "user", u->user);
        out_end(c->out);
    }
    out_end(c->out);
    out_end(c->out);
    if (!any)
        out_text(c->out, "%%No SSHv2 server connections running.\n");
    out_text(c->out, "%%No SSHv1 server connections running.\n");
    return CMD_OK;
}
