/* RSA keys: made, kept in the storage beside startup-config, removed, shown (`crypto key …`). The host's side makes
 * them in a thread, so that no modulus holds up the loop; while booting they are made at once. */
#include "modules/core/log.h"
#include "modules/core/wall.h"
#include "modules/crypto/crypto.h"
#include "modules/line/line_int.h"
#include "ssh_cmd.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEY_FILE "rsa-keys"
enum { MODULUS_DEFAULT = 1024, MODULUS_MIN = 768 };

struct keygen_job {
    struct lines *l;
    struct cmd_job *cmd; /* NULL: the session does not wait any more */
    char label[200];
    unsigned bits;
    nstime started;
};

static void key_free(struct rsa_key *k)
{
    if (k->pem)
        crypto_wipe(k->pem, strlen(k->pem));
    free(k->pem);
    free(k);
}

void line_keys_free(struct lines *l)
{
    if (l->job && l->keygen.cancel)
        l->keygen.cancel(l->keygen.ctx, l->job);
    free(l->job);
    for (struct rsa_key *k; (k = l->keys);) {
        l->keys = k->next;
        key_free(k);
    }
}

/* A line `key NAME DATE` in front of each PEM block. */
static int save(struct lines *l)
{
    struct strbuf b = {0};
    int rc;
    for (const struct rsa_key *k = l->keys; k; k = k->next)
        strbuf_add(&b, "key %s %lld\n%s", k->label, (long long)(k->made / NS_PER_S), k->pem);
    if (b.s)
        rc = l->r->storage->ops->write(l->r->storage->ctx, KEY_FILE, b.s, b.len);
    else
        rc = l->r->storage->ops->remove(l->r->storage->ctx, KEY_FILE);
    if (b.s)
        crypto_wipe(b.s, b.cap);
    strbuf_free(&b);
    return rc;
}

/* The new key takes the place of the one of the same name, in front of the others. */
static bool put(struct lines *l, const char *label, char *pem, nstime made)
{
    struct rsa_key **pp = &l->keys;
    while (*pp && strcmp((*pp)->label, label))
        pp = &(*pp)->next;
    struct rsa_key *k = *pp;
    if (k) {
        *pp = k->next;
        key_free(k);
        l->n_keys--;
    }
    k = l->n_keys < RSA_KEYS_MAX ? calloc(1, sizeof *k) : NULL;
    if (!k) {
        crypto_wipe(pem, strlen(pem));
        free(pem);
        return false;
    }
    snprintf(k->label, sizeof k->label, "%s", label);
    k->pem = pem;
    k->made = made;
    k->next = l->keys;
    l->keys = k;
    l->n_keys++;
    l->key_generation++;
    return true;
}

void line_keys_load(struct lines *l)
{
    char *text = NULL;
    size_t len = 0;
    if (!l->r->storage || l->r->storage->ops->read(l->r->storage->ctx, KEY_FILE, &text, &len) != 0)
        return;
    struct rsa_key *last = NULL;
    for (char *p = text; p && !strncmp(p, "key ", 4) && l->n_keys < RSA_KEYS_MAX;) {
        char label[200];
        long long made;
        char *pem = strchr(p, '\n'), *next = pem ? strstr(pem, "\nkey ") : NULL;
        if (!pem || sscanf(p, "key %199s %lld", label, &made) != 2)
            break;
        struct rsa_key *k = calloc(1, sizeof *k);
        if (!k)
            break;
        snprintf(k->label, sizeof k->label, "%s", label);
        k->pem = strndup(pem + 1, next ? (size_t)(next - pem) : strlen(pem + 1));
        k->made = (nstime)made * NS_PER_S;
        if (last)
            last->next = k;
        else
            l->keys = k;
        last = k;
        l->n_keys++;
        p = next ? next + 1 : NULL;
    }
    crypto_wipe(text, len);
    free(text);
}

/* ---- crypto key generate rsa ---- */

static int store(struct lines *l, struct out *o, const char *label, char *pem, unsigned bits, nstime took)
{
    if (!pem)
        return out_text(o, "[FAILED]\n"), CMD_ERROR;
    if (!put(l, label, pem, router_wall(l->r)))
        return out_text(o, "%% No more than %d key pairs\n", RSA_KEYS_MAX), CMD_ERROR;
    int rc = save(l);
    out_text(o, "[OK] (elapsed time was %lld seconds)\n\n", (long long)(took / NS_PER_S));
    if (rc)
        out_text(o, "%% The keys could not be saved: they are lost at a reload\n");
    if (bits >= MODULUS_MIN)
        log_syslog(l->r, 0, "SSH", 5, "ENABLED", "SSH %s has been enabled", l->ssh.version == 2 ? "2.0" : "1.99");
    return CMD_OK;
}

static void made(void *arg, char *pem)
{
    struct keygen_job *j = arg;
    struct lines *l = j->l;
    struct strbuf nobody = {0};
    struct out *o = j->cmd ? cmd_job_out(j->cmd) : out_new_text(strbuf_sink, &nobody);
    l->job = NULL;
    int rc = store(l, o, j->label, pem, j->bits, loop_now(l->r->loop) - j->started);
    if (j->cmd) {
        cmd_job_finish(j->cmd, rc);
    } else {
        out_free(o);
        strbuf_free(&nobody);
    }
    free(j);
}

static void gave_up(void *arg)
{
    struct keygen_job *j = arg;
    j->cmd = NULL; /* the key is made all the same */
}

static int generate(struct cmd *c, const char *label, unsigned bits)
{
    struct lines *l = lines_cmd(c);
    out_text(c->out,
             "%% The key modulus size is %u bits\n%% Generating %u bit RSA keys, keys will be non-exportable...\n",
             bits, bits);
    if (!l->keygen.start || !c->session)
        return store(l, c->out, label, crypto_rsa_new(bits), bits, 0);
    struct keygen_job *j = l->job ? NULL : calloc(1, sizeof *j);
    if (!j)
        return cmd_error(c, "%% Another key is being generated: wait for it");
    *j = (struct keygen_job){.l = l, .bits = bits, .started = loop_now(l->r->loop)};
    snprintf(j->label, sizeof j->label, "%s", label);
    if (!l->keygen.start(l->keygen.ctx, bits, made, j)) {
        free(j);
        return cmd_error(c, "%% The key cannot be generated now");
    }
    l->job = j;
    j->cmd = cmd_suspend(c, gave_up, j);
    return CMD_PENDING;
}

static int modulus_answer(struct cmd *c, const char *text, void *arg)
{
    (void)arg;
    struct lines *l = lines_cmd(c);
    char *end, label[200];
    unsigned long bits = text && *text ? strtoul(text, &end, 10) : MODULUS_DEFAULT;
    if (!text)
        return CMD_OK;
    if (*text && (*end || bits < 360 || bits > 4096))
        return cmd_error(c, "%% A decimal number between 360 and 4096.");
    snprintf(label, sizeof label, "%.63s.%.127s", l->r->hostname, l->domain);
    return generate(c, l->scratch.len ? l->scratch.s : label, bits < 512 ? 512 : (unsigned)bits);
}

static int begin(struct cmd *c, const char *label, unsigned bits)
{
    struct lines *l = lines_cmd(c);
    char name[200];
    if (!label && (!l->r->hostname[0] || !strcmp(l->r->hostname, "Router")))
        return cmd_error(c, "%% Please define a hostname other than Router.");
    if (!label && !l->domain[0])
        return cmd_error(c, "%% Please define a domain-name first.");
    snprintf(name, sizeof name, "%.63s%s%.127s", label ? label : l->r->hostname, label ? "" : ".",
             label ? "" : l->domain);
    bool again = false;
    for (const struct rsa_key *k = l->keys; k; k = k->next)
        again |= !strcmp(k->label, name);
    if (again && !c->session)
        return CMD_OK; /* a line of startup-config: the key is kept */
    if (again)
        out_text(c->out, "%% You already have RSA keys defined named %s.\n%% They will be replaced.\n\n", name);
    else
        out_text(c->out, "The name for the keys will be: %s\n\n", name);
    if (bits)
        return generate(c, name, bits < 512 ? 512 : bits);
    out_text(c->out, "Choose the size of the key modulus in the range of 360 to 4096 for your\n"
                     "  General Purpose Keys. Choosing a key modulus greater than 512 may take\n  a few minutes.\n\n");
    l->scratch.len = 0;
    strbuf_write(&l->scratch, name, strlen(name));
    return cmd_ask(c, "How many bits in the modulus [1024]: ", true, modulus_answer, NULL);
}

int line_cmd_key_generate(struct cmd *c, struct args_crypto_key_generate *a)
{
    return begin(c, a->has_label ? a->label : NULL, a->has_modulus ? a->modulus : 0);
}

int line_cmd_key_generate_first(struct cmd *c, struct args_crypto_key_generate_modulus_first *a)
{
    return begin(c, a->has_label ? a->label : NULL, a->modulus);
}

static int zeroize_answer(struct cmd *c, const char *text, void *arg)
{
    (void)arg;
    struct lines *l = lines_cmd(c);
    if (!text || (c->interactive && (text[0] | 0x20) != 'y'))
        return CMD_OK;
    for (struct rsa_key **pp = &l->keys; *pp;) {
        struct rsa_key *k = *pp;
        if (l->scratch.len && strcmp(k->label, l->scratch.s)) {
            pp = &k->next;
            continue;
        }
        *pp = k->next;
        key_free(k);
        l->n_keys--;
    }
    l->key_generation++;
    int rc = save(l);
    if (!l->keys)
        log_syslog(l->r, 0, "SSH", 5, "DISABLED", "SSH %s has been disabled", l->ssh.version == 2 ? "2.0" : "1.99");
    return rc ? cmd_error(c, "%% The keys could not be removed from the storage") : CMD_OK;
}

int line_cmd_key_zeroize(struct cmd *c, struct args_crypto_key_zeroize *a)
{
    struct lines *l = lines_cmd(c);
    if (!l->keys)
        return cmd_error(c, "%% No Signature RSA Keys found in configuration."), CMD_OK;
    out_text(c->out, "%% %s will be removed.\n%% All router certs issued using these keys will also be removed.\n",
             a->has_label ? "These keys" : "All RSA keys");
    l->scratch.len = 0;
    if (a->has_label)
        strbuf_write(&l->scratch, a->label, strlen(a->label));
    return cmd_ask(c, "Do you really want to remove these keys? [yes/no]: ", true, zeroize_answer, NULL);
}

/* ---- show crypto key mypubkey rsa ---- */

int line_cmd_show_keys(struct cmd *c, struct args_show_crypto_key_mypubkey *a)
{
    (void)a;
    out_object(c->out, NULL);
    out_array(c->out, "keys");
    for (const struct rsa_key *k = lines_cmd(c)->keys; k; k = k->next) {
        struct civil t = wall_civil(k->made);
        size_t len = 0;
        uint8_t *der = crypto_rsa_public(k->pem, &len);
        out_text(c->out,
                 "%% Key pair was generated at: %02d:%02d:%02d UTC %s %d %d\nKey name: %s\nKey type: RSA KEYS\n"
                 " Storage Device: private-config\n Usage: General Purpose Key\n Key is not exportable.\n Key Data:",
                 t.hour, t.minute, t.second, wall_month(t.month), t.day, t.year, k->label);
        for (size_t i = 0; der && i < len; i++)
            out_text(c->out, "%s%02X", i % 32 == 0 ? "\n  " : i % 4 == 0 ? " " : "", der[i]);
        out_text(c->out, "\n");
        out_object(c->out, NULL);
        out_str(c->out, "name", k->label);
        out_int(c->out, "modulus", crypto_rsa_bits(k->pem));
        out_end(c->out);
        free(der);
    }
    out_end(c->out);
    out_end(c->out);
    return CMD_OK;
}
