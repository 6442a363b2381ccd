/* Trustpoints: names and what show prints of them. There is no enrolment yet, so no trustpoint has a certificate and
 * IKE learns so by pki_has_certificate(). Called by the parser and by IKE. */
#include "modules/pki/pki.h"
#include "modules/core/out.h"
#include "modules/core/router.h"
#include "modules/net/netif.h"
#include "pki_cmd.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TRUSTPOINTS_MAX 256
struct trustpoint {
    char name[64], url[256], subject[256];
};
struct pki {
    struct trustpoint *tp;
    unsigned n;
};

static struct pki *pki_of(struct router *r)
{
    return module_state(r, &pki_module);
}

bool pki_has_certificate(struct router *r)
{
    (void)r;
    return false;
}

unsigned pki_trustpoint_count(struct router *r)
{
    struct pki *p = pki_of(r);
    return p ? p->n : 0;
}

static struct trustpoint *find(struct pki *p, const char *name)
{
    for (unsigned i = 0; i < p->n; i++)
        if (strcmp(p->tp[i].name, name) == 0)
            return &p->tp[i];
    return NULL;
}

static struct trustpoint *of_block(struct cmd *c)
{
    const struct args_crypto_pki_trustpoint *b = CMD_BLOCK(c, crypto_pki_trustpoint, "crypto-pki-trustpoint");
    return b ? find(pki_of(c->router), b->name) : NULL;
}

int pki_cmd_trustpoint(struct cmd *c, struct args_crypto_pki_trustpoint *a)
{
    struct pki *p = pki_of(c->router);
    struct trustpoint *t = find(p, a->name);
    if (c->op == CMD_UNSET) {
        if (t) {
            size_t at = (size_t)(t - p->tp);
            memmove(t, t + 1, (p->n - at - 1) * sizeof *t);
            p->n--;
        }
        return CMD_OK;
    }
    if (t)
        return CMD_OK;
    if (p->n == TRUSTPOINTS_MAX)
        return cmd_error(c, "%% Too many trustpoints (%u)", TRUSTPOINTS_MAX);
    struct trustpoint *more = realloc(p->tp, (p->n + 1) * sizeof *more);
    if (!more)
        return cmd_error(c, "%% Out of memory");
    p->tp = more;
    memset(&more[p->n], 0, sizeof *more);
    snprintf(more[p->n++].name, sizeof more->name, "%s", a->name);
    return CMD_OK;
}

int pki_cmd_enrollment(struct cmd *c, struct args_pki_enrollment *a)
{
    struct trustpoint *t = of_block(c);
    if (t)
        snprintf(t->url, sizeof t->url, "%s", c->op != CMD_UNSET && a->has_url ? a->url : "");
    return CMD_OK;
}

int pki_cmd_subject_name(struct cmd *c, struct args_pki_subject_name *a)
{
    struct trustpoint *t = of_block(c);
    if (t)
        snprintf(t->subject, sizeof t->subject, "%s", c->op != CMD_UNSET && a->has_name ? a->name : "");
    return CMD_OK;
}

/* Reference 7.6: the paper names BVI1, which its spoke does not have; the line is kept and says what is missing. */
int pki_cmd_source_interface(struct cmd *c, struct args_pki_source_interface *a)
{
    if (c->op != CMD_UNSET && !netif_find(c->router, a->ifname.text))
        cmd_note(c, "Interface %s does not exist; it is used when it does", a->ifname.text);
    return CMD_OK;
}

/* http://host -> http://host:80/cgi-bin, as SCEP will ask */
static void show_url(struct out *o, const char *url)
{
    const char *host = strstr(url, "://");
    if (!*url)
        return;
    if (!host) {
        out_text(o, "    SCEP URL: %s\n", url);
        out_str(o, "scep_url", url);
        return;
    }
    host += 3;
    size_t n = strcspn(host, "/");
    bool port = memchr(host, ':', n) != NULL;
    out_fmt(o, "scep_url", "%.*s%s%s", (int)(host - url + (ptrdiff_t)n), url, port ? "" : ":80",
            host[n] && host[n + 1] ? host + n : "/cgi-bin");
    out_text(o, "    SCEP URL: %.*s%s%s\n", (int)(host - url + (ptrdiff_t)n), url, port ? "" : ":80",
             host[n] && host[n + 1] ? host + n : "/cgi-bin");
}

int pki_cmd_show_trustpoints(struct cmd *c, struct args_show_crypto_pki_trustpoints *a)
{
    struct pki *p = pki_of(c->router);
    out_array(c->out, NULL);
    for (unsigned i = 0; i < p->n; i++) {
        const struct trustpoint *t = &p->tp[i];
        if (a->has_name && strcmp(a->name, t->name) != 0)
            continue;
        out_object(c->out, NULL);
        out_str(c->out, "trustpoint", t->name);
        out_str(c->out, "subject_name", t->subject);
        out_null(c->out, "certificate");
        out_bool(c->out, "keys_generated", false);
        out_bool(c->out, "ca_authenticated", false);
        if (a->kw_status) {
            out_text(c->out,
                     "Trustpoint %s:\n  Issuing CA certificate not configured.\n  State:\n"
                     "    Keys generated ............. No\n    Issuing CA authenticated ....... No\n"
                     "    Certificate request(s) ..... None\n",
                     t->name);
        } else {
            out_text(c->out, "Trustpoint %s:\n", t->name);
            out_text(c->out, "    Subject Name: \n");
            if (t->subject[0])
                out_text(c->out, "    %s\n", t->subject);
            out_text(c->out, "    Certificate not configured: no certificate has been enrolled.\n");
            show_url(c->out, t->url);
        }
        out_text(c->out, "\n");
        out_end(c->out);
    }
    out_end(c->out);
    return CMD_OK;
}

int pki_cmd_show_certificates(struct cmd *c, struct args_show_crypto_pki_certificates *a)
{
    (void)a;
    out_array(c->out, NULL);
    out_end(c->out);
    return CMD_OK; /* none: IOS prints nothing */
}

static int pki_init(struct router *r, void **state)
{
    (void)r;
    *state = calloc(1, sizeof(struct pki));
    return *state ? 0 : 12; /* ENOMEM */
}

static void pki_fini(struct router *r, void *state)
{
    struct pki *p = state;
    (void)r;
    free(p->tp);
    free(p);
}

const struct module pki_module = {.name = "pki", .process = "Crypto PKI", .init = pki_init, .fini = pki_fini};
