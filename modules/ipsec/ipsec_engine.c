/* The crypto engine as a user sees it: which library packets go through, its choice, what each SA has carried
 * (reference 5.5). Called by the parser. */
#include "ipsec_cmd.h"
#include "modules/ipsec/ipsec_internal.h"
#include <string.h>

/* `crypto engine software openssl | ipsec-mb`: for comparisons, or around a fault. Without it the faster one is taken.
 */
int ipsec_cmd_engine(struct cmd *c, struct args_crypto_engine_software *a)
{
    struct ipsec *st = ipsec_of(c->router);
    enum esp_engine e = c->op == CMD_SET && a->kw_openssl    ? ESP_ENGINE_OPENSSL
                        : c->op == CMD_SET && a->kw_ipsec_mb ? ESP_ENGINE_IPSEC_MB
                                                             : ESP_ENGINE_AUTO;
    if (esp_worker_choose(st->esp, e) == 0)
        return CMD_OK;
    esp_worker_choose(st->esp, ESP_ENGINE_AUTO); /* the line may have come from another machine: it stays */
    if (!c->booting)
        cmd_note(c, "%% IPsec-MB is not available on this machine: OpenSSL is used.");
    return CMD_OK;
}

static const char *engine_alg(const struct sa *s, char buf[32])
{
    static const char *const auth[] = {[HASH_NONE] = "",          [HASH_MD5] = "+MD5",       [HASH_SHA1] = "+SHA",
                                       [HASH_SHA256] = "+SHA256", [HASH_SHA384] = "+SHA384", [HASH_SHA512] = "+SHA512"};
    const struct ipsec_transform *t = &s->p.prop.transforms[0];
    struct strbuf b = {0};
    const char *aes = t->cipher == CIPHER_AES_GCM ? "AES-GCM" : "AES";
    if (cipher_sized(t->cipher) && t->key_bits != 128)
        strbuf_add(&b, "%s%u%s", aes, t->key_bits, auth[t->auth]);
    else
        strbuf_add(&b, "%s%s",
                   cipher_sized(t->cipher)    ? aes
                   : t->cipher == CIPHER_3DES ? "3DES"
                   : t->cipher == CIPHER_DES  ? "DES"
                                              : "NULL",
                   auth[t->auth]);
    memset(buf, 0, 32);
    if (b.s != NULL)
        memcpy(buf, b.s, b.len < 31 ? b.len : 31);
    strbuf_free(&b);
    return buf;
}

static void show_connections(struct ipsec *st, struct out *o)
{
    char alg[32], ip[ADDR_STRLEN];
    out_text(o,
             "Crypto Engine Connections\n\n   ID  Type    Algorithm           Encrypt  Decrypt LastSeqN IP-Address\n");
    out_array(o, NULL);
    for (struct sa *s = st->first; s != NULL; s = s->next)
        for (unsigned in = 0; in < 2; in++) {
            unsigned id = 2000 + (in != 0 ? s->conn_in : s->conn_out);
            unsigned long long enc = in != 0 ? 0 : s->out_packets, dec = in != 0 ? s->in_packets : 0;
            uint32_t last = in != 0 ? s->win.top : 0;
            engine_alg(s, alg);
            addr_format(&s->p.prop.local, ip);
            out_text(o, "%5u  %-7s %-19s %7llu %8llu %8u %s\n", id, "IPsec", alg, enc, dec, last, ip);
            out_object(o, NULL);
            out_int(o, "id", id);
            out_str(o, "type", "IPsec");
            out_str(o, "algorithm", alg);
            out_int(o, "encrypt", (int64_t)enc);
            out_int(o, "decrypt", (int64_t)dec);
            out_int(o, "last_seqn", last);
            out_addr(o, "ip_address", &s->p.prop.local);
            out_end(o);
        }
    out_end(o);
}

int ipsec_cmd_show_engine(struct cmd *c, struct args_show_crypto_engine *a)
{
    static const char *const choice[] = {
        [ESP_ENGINE_AUTO] = "automatic", [ESP_ENGINE_OPENSSL] = "openssl", [ESP_ENGINE_IPSEC_MB] = "ipsec-mb"};
    struct ipsec *st = ipsec_of(c->router);
    struct out *o = c->out;
    struct esp_worker_view v;
    if (a->kw_connections) {
        show_connections(st, o);
        return CMD_OK;
    }
    esp_worker_view(st->esp, &v);
    out_text(o, "\n        crypto engine name:  Tapir software crypto, %s\n        crypto engine type:  software\n",
             v.engine);
    out_text(o, "       crypto engine state:  installed\n     crypto engine in slot:  N/A\n");
    if (a->kw_configuration)
        out_text(o, "            implementation:  %s\n      packets with OpenSSL:  %llu\n", choice[v.chosen],
                 (unsigned long long)v.openssl);
    if (a->kw_configuration && v.multi_buffer)
        out_text(o, "     packets with IPsec-MB:  %llu\n", (unsigned long long)v.ipsec_mb);
    if (a->kw_configuration && !v.multi_buffer)
        out_text(o, "       multi-buffer engine:  not available\n");
    out_text(o, "\n");
    out_object(o, NULL);
    out_str(o, "name", v.engine);
    out_str(o, "type", "software");
    out_str(o, "state", "installed");
    out_str(o, "implementation", choice[v.chosen]);
    out_bool(o, "ipsec_mb_available", v.multi_buffer);
    out_int(o, "packets_openssl", (int64_t)v.openssl);
    out_int(o, "packets_ipsec_mb", (int64_t)v.ipsec_mb);
    out_end(o);
    return CMD_OK;
}

int ipsec_cmd_show_eli(struct cmd *c, struct args_show_crypto_eli *a)
{
    struct ipsec *st = ipsec_of(c->router);
    (void)a;
    out_text(c->out,
             "Hardware Encryption : INACTIVE\n Number of hardware crypto engines = 0\n\n"
             " CryptoEngine Software Crypto Engine details: state = Active\n"
             " Capability    : IPPCP, DES, 3DES, AES, RSA\n\n IPSec-Session : %5u active, %5u max, 0 failed\n",
             2 * st->n_sas, 2 * IPSEC_SAS_MAX);
    out_object(c->out, NULL);
    out_int(c->out, "sessions", 2 * (int64_t)st->n_sas);
    out_int(c->out, "sessions_max", 2 * (int64_t)IPSEC_SAS_MAX);
    out_end(c->out);
    return CMD_OK;
}
