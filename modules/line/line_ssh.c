/* What the router knows about its SSH lines: `ip ssh`, the domain name, show ip ssh, show ssh. The protocol itself is
 * the door's (cli/ssh.c), the keys are line_key.c. */
#include "boilerplate_cmd.h"
#include "modules/line/line_int.h"
#include "ssh_cmd.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct line_ssh_settings ssh_defaults = {.version = 0,
                                                      .methods =
                                                          LINE_AUTH_PUBKEY | LINE_AUTH_KEYBOARD | LINE_AUTH_PASSWORD,
                                                      .timeout_s = 120,
                                                      .retries = 3,
                                                      .dh_min = 1024};

void line_ssh_init(struct lines *l)
{
    l->ssh = ssh_defaults;
    line_keys_load(l);
}

void line_ssh_fini(struct lines *l)
{
    line_keys_free(l);
    line_pubkeys_free(l);
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

void line_set_dialer(struct router *r, const struct line_dialer *d)
{
    lines_of(r)->dialer = *d;
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
    if (c->op == CMD_SET && a->version == 1 && c->session)
        cmd_note(c, "%% Version 1 is not spoken here: clients of version 2 are served");
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
    if (a->kw_source_interface)
        snprintf(lines_cmd(c)->ssh_source, sizeof lines_cmd(c)->ssh_source, "%s", set ? a->interface.text : "");
    if (a->kw_dh)
        s->dh_min = set ? a->dh : ssh_defaults.dh_min;
    return CMD_OK;
}

/* Names that the doors' library knows; others are stored, and left out of what is offered. */
static const char *const known[LINE_SSH_ALGORITHMS] = {
    [LINE_SSH_CIPHERS] =
        " aes128-gcm@openssh.com aes256-gcm@openssh.com chacha20-poly1305@openssh.com aes128-ctr aes192-ctr "
        "aes256-ctr aes128-cbc aes192-cbc aes256-cbc 3des-cbc ",
    [LINE_SSH_MACS] = " hmac-sha1 hmac-sha1-etm@openssh.com hmac-sha2-256 hmac-sha2-256-etm@openssh.com hmac-sha2-512 "
                      "hmac-sha2-512-etm@openssh.com ",
    [LINE_SSH_KEX] = " curve25519-sha256 curve25519-sha256@libssh.org ecdh-sha2-nistp256 ecdh-sha2-nistp384 "
                     "ecdh-sha2-nistp521 diffie-hellman-group1-sha1 diffie-hellman-group14-sha1 "
                     "diffie-hellman-group14-sha256 diffie-hellman-group16-sha512 diffie-hellman-group18-sha512 "
                     "diffie-hellman-group-exchange-sha256 ",
    [LINE_SSH_HOSTKEYS] = " ssh-rsa rsa-sha2-256 rsa-sha2-512 ",
    [LINE_SSH_PUBKEYS] = " ssh-rsa rsa-sha2-256 rsa-sha2-512 ssh-ed25519 ecdsa-sha2-nistp256 ecdsa-sha2-nistp384 "
                         "ecdsa-sha2-nistp521 "};

/* Calls each with every word of text; false ends it. */
static bool each_word(const char *text, bool (*each)(void *arg, const char *word), void *arg)
{
    char word[80];
    while (*(text += strspn(text, " "))) {
        size_t n = strcspn(text, " ");
        snprintf(word, sizeof word, "%.*s", (int)n, text);
        text += n;
        if (!each(arg, word))
            return false;
    }
    return true;
}

struct algorithms {
    struct cmd *c;
    enum line_ssh_algorithm kind;
    char *out;
    size_t size;
};

static bool add_algorithm(void *arg, const char *word)
{
    struct algorithms *x = arg;
    char padded[84];
    size_t n = strlen(x->out);
    snprintf(padded, sizeof padded, " %s ", word);
    if (!strstr(known[x->kind], padded))
        cmd_note(x->c, "%% %s is stored: there is no such algorithm here", word);
    else if (snprintf(x->out + n, x->size - n, "%s%s", n ? "," : "", word) >= (int)(x->size - n))
        x->out[n] = '\0'; /* all of them fit once */
    return true;
}

int line_cmd_ssh_algorithm(struct cmd *c, struct args_ip_ssh_algorithm *a)
{
    const bool is[LINE_SSH_ALGORITHMS] = {a->kw_encryption, a->kw_mac, a->kw_kex, a->kw_hostkey, a->kw_publickey};
    const char *const text[LINE_SSH_ALGORITHMS] = {a->encryption, a->mac, a->kex, a->hostkey, a->publickey};
    for (unsigned i = 0; i < LINE_SSH_ALGORITHMS; i++) {
        char *out = lines_cmd(c)->ssh.algorithms[a->kw_client][i];
        if (!is[i])
            continue;
        out[0] = '\0';
        struct algorithms x = {c, i, out, sizeof lines_cmd(c)->ssh.algorithms[0][0]};
        if (c->op == CMD_SET)
            each_word(text[i], add_algorithm, &x);
    }
    return CMD_OK;
}

static bool add_method(void *arg, const char *word)
{
    unsigned m = !strcmp(word, "publickey")  ? LINE_AUTH_PUBKEY
                 : !strcmp(word, "keyboard") ? LINE_AUTH_KEYBOARD
                 : !strcmp(word, "password") ? LINE_AUTH_PASSWORD
                                             : 0;
    *(unsigned *)arg |= m;
    return m;
}

int line_cmd_ssh_authentication(struct cmd *c, struct args_ip_ssh_authentication *a)
{
    unsigned methods = 0;
    if (c->op == CMD_SET && !each_word(a->methods, add_method, &methods))
        return cmd_error(c, "%% Methods are publickey, keyboard and password");
    lines_cmd(c)->ssh.methods = c->op == CMD_SET ? methods : ssh_defaults.methods;
    return CMD_OK;
}

int line_cmd_domain(struct cmd *c, struct args_ip_domain_name *a)
{
    struct lines *l = lines_cmd(c);
    snprintf(l->domain, sizeof l->domain, "%s", c->op == CMD_SET ? a->name : "");
    a->kw_old = false; /* `domain-name` is the old spelling */
    a->kw_domain = a->kw_word_name = true;
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
    out_text(c->out, "Authentication methods:%s%s%s\n", l->ssh.methods & LINE_AUTH_PUBKEY ? "publickey" : "",
             l->ssh.methods & LINE_AUTH_KEYBOARD ? &",keyboard-interactive"[!(l->ssh.methods & LINE_AUTH_PUBKEY)] : "",
             l->ssh.methods & LINE_AUTH_PASSWORD ? &",password"[!(l->ssh.methods & ~(unsigned)LINE_AUTH_PASSWORD)]
                                                 : "");
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
